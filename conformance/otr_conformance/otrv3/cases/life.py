"""The life of a conversation: from its start by query, by tag or by both sides, to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import case

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import Stage


@case("life.started-by-target")
def started_by_target(stage: Stage) -> None:
    """Becomes private after its own Query Message, and both sides read each other."""
    stage.target_starts()
    stage.settle()
    stage.target_says("hello")
    stage.settle()
    stage.tester_says("hello yourself")
    stage.settle()


@case("life.started-by-tester")
def started_by_tester(stage: Stage) -> None:
    """Becomes private after a Query Message, and both sides read each other."""
    stage.tester_starts()
    stage.settle()
    stage.target_says("hello")
    stage.settle()
    stage.tester_says("hello yourself")
    stage.settle()
