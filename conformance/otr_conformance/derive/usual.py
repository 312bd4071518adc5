"""What users and the network can do in every protocol."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, TypeVar

from otr_conformance.play.stage import AnyStage

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from otr_model.kernel.composition import AnyTable
    from otr_model.kernel.words import Word

    from .plan import Moves

__all__ = ["ARRIVES", "kinds", "network", "on_their_way", "other_states", "users"]

S = TypeVar("S", bound=AnyStage)
ARRIVES = "everything arrives"
"""The move that delivers what is on its way, until nothing is."""
_SECRET, _OTHER = "the tower", "the bridge"
_DEEDS: tuple[tuple[str, str, tuple[object, ...], str], ...] = (
    ("starts", "starts", (), ""),
    ("ends", "ends", (), ""),
    ("begins SMP", "begins_smp", (_SECRET,), "smp"),
    ("asks with SMP", "begins_smp", (_SECRET, "where?"), "smp smp-question"),
    ("answers SMP", "answers_smp", (_SECRET,), "smp"),
    ("answers SMP wrongly", "answers_smp", (_OTHER,), "smp"),
    ("aborts SMP", "aborts_smp", (), "smp"),
    ("uses the extra key", "uses_extra_key", (1, "x"), "extra-key"),
    ("asks for a heartbeat", "heartbeat", (), "heartbeat"),
)
"""Deeds of users: in words, the method of the stage, its arguments, what it needs."""


def users(moves: Moves[S]) -> None:
    """Declare what users and applications do, on both sides; capabilities are the target's."""
    for who in ("target", "tester"):
        moves.add(f"{who} types", methodcaller(f"{who}_says", f"{who} types"))
        for name, method, args, needs in _DEEDS:
            play = methodcaller(f"{who}_{method}", *args)
            moves.add(f"{who} {name}", play, needs=needs if who == "target" else "")


def network(moves: Moves[S]) -> None:
    """Declare what the network does with what is on its way."""
    for to in ("target", "tester"):
        some = partial(on_their_way, to=to)
        more = partial(on_their_way, to=to, least=2)
        delivers = f"to_{to}_delivers"
        moves.add(f"to {to}", methodcaller(delivers), when=some, clears=True)
        moves.add(f"last to {to}", methodcaller(delivers, -1), when=more, clears=True)
        moves.add(f"repeated to {to}", methodcaller(delivers, keep=True), when=some)
        moves.add(f"lost to {to}", methodcaller(f"to_{to}_loses"), when=some, clears=True)
    moves.add(ARRIVES, methodcaller("settle"), when=_anything, clears=True)


def on_their_way(stage: AnyStage, *, to: str, least: int = 1) -> bool:
    """Whether so many messages are on their way to a side."""
    return len(stage.to_target if to == "target" else stage.to_tester) >= least


def _anything(stage: AnyStage) -> bool:
    return bool(stage.to_target or stage.to_tester)


def kinds(stage: AnyStage) -> Hashable:
    """The kinds of messages that are on their way."""
    return tuple(map(stage.kind, stage.to_target)), tuple(map(stage.kind, stage.to_tester))


def other_states(table: AnyTable, state: object) -> Iterator[tuple[str, Word]]:
    """The states of a machine but one, and what to call them."""
    return (
        (f"{table.machine} in {other.label}", other) for other in table.states if other is not state
    )
