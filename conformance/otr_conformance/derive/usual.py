"""What users and the network can do in every protocol."""

from __future__ import annotations

from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, TypeVar

from otr_conformance.play.stage import AnyStage

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from otr_model.kernel.composition import AnyTable
    from otr_model.kernel.words import Word

    from .plan import Moves

__all__ = [
    "ARRIVES",
    "astray_by",
    "kinds",
    "network",
    "on_their_way",
    "other_states",
    "tester",
    "users",
]

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


def tester(
    moves: Moves[S],
    private: Callable[[S], object],
    tlvs: Mapping[str, Callable[[S], object]],
    empty: object,
) -> None:
    """Declare the TLVs that the tester sends and no user can ask for.

    Args:
        moves: where.
        private: whether the tester can send any.
        tlvs: what makes each, by what it is, in words.
        empty: one without a value, which is then sent as if it had one.
    """
    for name, tlv in tlvs.items():
        moves.add(f"tester sends {name}", partial(_sends, tlv=tlv), when=private)
    cut_off = methodcaller("tester_sends", empty, cut_off=True)
    moves.add("tester sends a TLV that is cut off", cut_off, when=private)


def _sends(stage: Any, *, tlv: Callable[[Any], object]) -> None:  # noqa: ANN401 - each protocol has its own
    stage.tester_sends(tlv(stage))


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


def astray_by(
    fork: Callable[[S], S],
) -> Callable[[S, AnyTable, int], Iterator[tuple[str, S]]]:
    """What makes copies of a stage with the target in each other state of a machine.

    Args:
        fork: copies a stage on which the reference is the target.
    """

    def astray(stage: S, table: AnyTable, member: int) -> Iterator[tuple[str, S]]:
        target: Any = stage.target
        session = target.conversation.members.get(member)
        if session is None or not hasattr(session, table.machine):
            return
        for words, state in other_states(table, getattr(session, table.machine)):
            other = fork(stage)
            conversation = target.conversation.clone()
            conversation.members[member] = wrong = session.clone()
            setattr(wrong, table.machine, state)
            party: Any = other.target
            party.conversation = conversation
            yield words, other

    return astray
