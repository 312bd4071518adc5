"""The suite of a protocol: its cases, and what runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from otr_conformance.play.case import Cast
from otr_conformance.play.labs import ByteLab, Lab
from otr_conformance.play.stage import AnyParty, AnyStage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.play.case import Cases
    from otr_conformance.play.grade import Grader
    from otr_conformance.play.strength import Trial
    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Hello
    from otr_model.kernel.variant import Variant

__all__ = ["AnySuite", "Suite"]

L = TypeVar("L", bound=Lab)
R = TypeVar("R", bound=ByteLab)
C = TypeVar("C", bound=Cast)
S = TypeVar("S", bound=AnyStage)


@dataclass(frozen=True, eq=False)
class Suite(Generic[L, R, C, S]):
    """The cases of a protocol, and what runs them.

    Attributes:
        cases: all of them, by id, in the order of declaration.
        grader: plays and grades them.
        trial: tries them on faulty targets.
        real: makes a lab of real cryptography.
        terms: makes a lab of symbolic terms.
        shim_party: makes the endpoint of a shim that plays the target.
        unreachable: the rows that no case fires, each with the reason.
        equivalent: the faults that no case can notice, by the name of the variant, likewise.
        impossible: further obligations that nothing can meet, by patterns of what they say,
            likewise.
        dialects: what a target may declare to do otherwise, by name; the lab speaks it then.
    """

    cases: Cases[C, S]
    grader: Grader[L, C, S]
    trial: Trial[L, C, S]
    real: Callable[[], R]
    terms: Callable[[], L]
    shim_party: Callable[[R, C, ShimProcess, Hello], AnyParty]
    unreachable: Mapping[str, str]
    equivalent: Mapping[str, str]
    impossible: Mapping[str, str] = field(default_factory=dict)
    dialects: Mapping[str, Variant] = field(default_factory=dict)


AnySuite = Suite[Any, Any, Any, Any]
