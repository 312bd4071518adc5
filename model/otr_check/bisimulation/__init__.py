"""Bisimulation of variants of tables, over what is seen of an endpoint: `docs/equivalence.md`.

    original = follow(OTRV3, Otrv3Step, given=OTRV3_MESSAGES)
    Judge(original).judge(variant)

A verdict is `Equivalent` or `InternalOnly`, which are proofs, `Candidate`, a shortest sequence of
inputs after which something else may be seen, or `Undecided`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otr_model.kernel.variant import apply

from .explore import Difference, Original
from .judge import (
    Candidate,
    Equivalent,
    Input,
    InternalOnly,
    Judge,
    Undecided,
    Verdict,
    row_pairs,
)
from .messages import OTRV3_MESSAGES, OTRV4_MESSAGES
from .reads import Unreadable
from .world import Tables, World

if TYPE_CHECKING:
    from otr_model.kernel.composition import Assumption, Composition
    from otr_model.kernel.vocabulary import Effect
    from otr_reference.engine import Step

__all__ = [
    "OTRV3_MESSAGES",
    "OTRV4_MESSAGES",
    "Candidate",
    "Difference",
    "Equivalent",
    "Input",
    "InternalOnly",
    "Judge",
    "Original",
    "Undecided",
    "Unreadable",
    "Verdict",
    "follow",
    "row_pairs",
]


def follow(
    composition: Composition,
    step: type[Step[Any, Any]],
    *,
    unseen: frozenset[Effect] = frozenset(),
    given: tuple[Assumption, ...] = (),
) -> Original:
    """Follow a composition by itself: what variants are compared with.

    Args:
        composition: its tables.
        step: the class that runs them; its source is read.
        unseen: effects that do not count as observable, whatever they declare.
        given: what is assumed of every message, as expressions on its variables.

    Raises:
        Unreadable: if the source of the step cannot be followed.
    """
    world = World(composition, step)
    return Original(world, Tables(apply(composition)), unseen, given)
