"""Whether a script depends on chance: on how hashes compare that a target has drawn itself.

With the reference as the target, `Plan.take` sees that. But a target may be right in another way:
it reads an ambiguity to the letter, and answers what is malformed with an Error Message. From there
the conversation may go on otherwise, to hashes that nothing has settled. Such a script is of no
use: a target would be told right or wrong by what it happened to draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otr_conformance.play.stage import Stuck
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .plan import AnyPlan, Script

__all__ = ["steady"]


def steady(plan: AnyPlan, script: Script, probe: tuple[str, ...] = ()) -> bool:
    """Whether no target that is right in some way compares hashes that nothing has settled.

    Args:
        plan: what can happen.
        script: who does what.
        probe: the moves behind it; those for which nothing is on its way are left out.
    """
    grader = plan.grader
    return not any(
        _hangs(plan, script, probe, grader.reference_target(variant))
        for variant in grader.literal.values()
    )


def _hangs(
    plan: AnyPlan,
    script: Script,
    probe: tuple[str, ...],
    target: Callable[[Any, Any], Any],
) -> bool:
    """Whether a target compares hashes that nothing has settled."""
    plan.choices.clear()
    stage = plan.grader.set_stage(plan.lab, plan.parts[script.part].cast, target)
    for at, name in enumerate((*script.moves, *probe)):
        move = plan.moves[name]
        if at >= len(script.moves) and not move.when(stage):
            continue
        settled = len(plan.choices)
        try:
            move.play(stage)
        except (Stuck, OtrSpecError):
            return False  # from here on it is another conversation, which the case does not grade
        if not move.decides and len(plan.choices) > settled:
            return True
    return False
