"""Whether a mutant can be told from the reference at all: by following both beside each other.

What the suite does not compare is not seen here either: warnings about what is discarded, refusals,
how SMP goes on. `UNCOMPARED` lists those effects; a test holds it to what the suite does.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from otr_check.bisimulation import (
    OTRV3_MESSAGES,
    OTRV4_MESSAGES,
    Equivalent,
    InternalOnly,
    Judge,
    follow,
)
from otr_conformance.protocols import protocol

from .fates import Fate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_check.bisimulation import Verdict
    from otr_model.kernel.composition import Assumption
    from otr_model.kernel.variant import Variant

__all__ = ["UNCOMPARED", "judge_of", "proved"]

UNCOMPARED: Final[Mapping[str, tuple[str, ...]]] = {
    "otrv3": (
        *("WARN_MALFORMED", "WARN_OTHER_INSTANCE", "TELL_INSECURE", "TELL_RESENT", "TELL_REFUSED"),
        *("TELL_SMP_PROGRESS", "TELL_SMP_ABORTED", "TELL_SMP_ERROR"),
    ),
    "otrv4": (
        *("WARN_MALFORMED", "WARN_OTHER_INSTANCE", "TELL_INSECURE", "TELL_RESENT", "TELL_REFUSED"),
        *("TELL_SMP_PROGRESS", "TELL_SMP_ABORTED", "TELL_SMP_ERROR"),
        *("WARN_ROLLBACK", "TELL_QUEUED", "TELL_EXPIRED", "TELL_ENSEMBLE_REFUSED"),
        "TELL_PREKEY_USED",
    ),
}
"""The effects that the suite does not compare, by protocol."""
_STEPS: Final = {"otrv3": "Otrv3Step", "otrv4": "Otrv4Step"}
_MESSAGES: Final[Mapping[str, tuple[Assumption, ...]]] = {
    "otrv3": OTRV3_MESSAGES,
    "otrv4": OTRV4_MESSAGES,
}


def judge_of(name: str) -> Judge | None:
    """What compares variants of a protocol's tables with them; None where nothing does."""
    if name not in _STEPS:
        return None
    composition = protocol(name).suite.trial.composition
    step = getattr(import_module(f"otr_reference.{name}.step"), _STEPS[name])
    unseen = frozenset(composition.effects[effect] for effect in UNCOMPARED[name])
    return Judge(follow(composition, step, unseen=unseen, given=_MESSAGES[name]))


def proved(judge: Judge, variant: Variant) -> tuple[Fate | None, str]:
    """The fate that is proved of a variant, and how; None, and the reason, where nothing is."""
    verdict: Verdict = judge.judge(variant)
    match verdict:
        case Equivalent(_, reached):
            return Fate.EQUIVALENT, f"the same data after every input ({reached} places)"
        case InternalOnly(_, places, differ):
            return Fate.INTERNAL, f"may differ: {', '.join(sorted(differ))} ({places} places)"
        case _:
            return None, _why(verdict)


def _why(verdict: Verdict) -> str:
    """Why nothing is proved."""
    because = getattr(verdict, "because", "")
    if because:
        return f"{because}"
    difference = getattr(verdict, "difference", None)
    inputs = getattr(verdict, "inputs", ())
    rows = ", ".join(row for each in inputs for row in each.right[-1:])
    return f"in the abstraction {getattr(difference, 'how', '')} after {len(inputs)} inputs: {rows}"
