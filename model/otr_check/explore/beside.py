"""Two variants side by side: what tells them apart, by a shortest run.

Two worlds go through the same run, step by step: in one, participants follow their own variant; in
the other, each follows the one that it is set against. What they are given corresponds: the
second message of Alice's in one world is the second message of Alice's in the other. As long as
nobody could tell the worlds apart by what is sent and shown, they are explored as one; where
somebody could, the run that leads there is a distinguishing sequence.

What an observer sees of a message is all of it but the values of random numbers, keys and what is
computed from them; of what is encrypted he sees the contents, since he may be the peer.

A sequence is a proof that two variants differ. That none is found within bounds is no proof that
they do not: `otr_check.bisimulation` has those.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from otr_check.terms import Term

from .party import Adaptor, Blind, Claim, Crash, Deed, Local, Outcome, Standing, Undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from otr_model.kernel.composition import Composition

    from .party import Opponent, Order
    from .scenario import Action, Scenario

__all__ = ["Beside", "Pair", "seen_of"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Pair:
    """A message of one world, and the one that corresponds to it in the other."""

    one: Term
    other: Term


class Beside(Adaptor):
    """The endpoints of two worlds.

    Args:
        scenario: what is explored.
        one: the endpoints of one world.
        other: the endpoints of the other.
    """

    composition: Composition  # type: ignore[misc] # whichever protocol's the two are of

    def __init__(self, scenario: Scenario, one: Adaptor, other: Adaptor) -> None:
        super().__init__(scenario)
        self.one = one
        self.other = other
        self.composition = one.composition

    def begin(self, who: int) -> object:
        """Both conversations in which nothing has happened."""
        return self.one.begin(who), self.other.begin(who)

    def key(self, conversation: Any) -> Hashable:  # noqa: ANN401 - a pair of any protocol's
        """Equal for pairs of equal conversations."""
        one, other = conversation
        return self.one.key(one), self.other.key(other)

    def receive(self, who: int, local: Local, wire: Term, now: int, order: Order) -> Outcome:
        """A message arrives in both worlds."""
        pair = cast("Pair", wire)
        here, there = _split(local)
        one = _going_on(lambda: self.one.receive(who, here, pair.one, now, order))
        other = _going_on(lambda: self.other.receive(who, there, pair.other, now, order))
        return _joined(one, other)

    def command(
        self, who: int, local: Local, action: Action, now: int, order: Order
    ) -> Outcome | None:
        """The user does the same in both worlds."""
        here, there = _split(local)
        one = _going_on(lambda: self.one.command(who, here, action, now, order))
        other = _going_on(lambda: self.other.command(who, there, action, now, order))
        if one is None or other is None:
            return None
        return _joined(one, other)

    def text(self, who: int, number: int) -> Term:
        """The same in both worlds."""
        return self.one.text(who, number)

    def sessions(self, local: Local) -> tuple[Standing, ...]:
        """Those of the first world."""
        return self.one.sessions(_split(local)[0])

    def label(self, wire: Term) -> str:
        """What it is in the first world."""
        return self.one.label(cast("Pair", wire).one)

    def highest(self) -> int:
        """That of the first world."""
        return self.one.highest()

    def attacker(self) -> Opponent:
        """Nobody: worlds with attackers would have to be told apart by what he can make."""
        return Blind()


def _going_on(step: Callable[[], R]) -> R:
    """What a step of one world gives.

    Raises:
        Crash: if the endpoint cannot go on, in whatever way: a variant may break in any.
    """
    try:
        return step()
    except (Undecided, Crash):
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise Crash(message) from error


def _split(local: Local) -> tuple[Local, Local]:
    """The local state in each world. What users were told is the same, or nobody asks any more."""
    one, other = local.conversation
    return Local(one, local.memory), Local(other, local.memory)


def _joined(one: Outcome, other: Outcome) -> Outcome:
    """What a step gives in both worlds, and whether an observer sees a difference."""
    difference = _difference(one, other)
    claims = one.claims
    if difference:
        claims = (*claims, Claim(Deed.DIFFERS, (difference,)))
    wires = tuple(Pair(*pair) for pair in zip(one.wires, other.wires, strict=False))
    return replace(
        one,
        conversation=(one.conversation, other.conversation),
        wires=cast("tuple[Term, ...]", wires),
        claims=claims,
    )


def _difference(one: Outcome, other: Outcome) -> str:
    """What an observer sees in one world and not in the other; "" if nothing."""
    if one.notices != other.notices:
        said = (", ".join(each.notices) or "nothing" for each in (one, other))
        return "the user is shown {} or {}".format(*said)
    if one.told != other.told:
        return "the user is told otherwise"
    if len(one.wires) != len(other.wires):
        return f"{len(one.wires)} messages are sent or {len(other.wires)}"
    for here, there in zip(one.wires, other.wires, strict=True):
        if here is not there and seen_of(here) != seen_of(there):
            return "a message is sent that is another one"
    return ""


def seen_of(value: Any) -> Hashable:  # noqa: ANN401 - whatever a message is made of
    """What an observer sees of a message: everything but what is random.

    Args:
        value: a term, a record, or a plain value.
    """
    if isinstance(value, Term):
        return _seen_of_term(value)
    if isinstance(value, tuple):
        return tuple(map(seen_of, value))
    if is_dataclass(value) and not isinstance(value, type):
        parts = (seen_of(getattr(value, field.name)) for field in fields(value))
        return type(value).__name__, *parts
    found: Hashable = value
    return found


_PLAIN = frozenset({"TEXT", "TYPED", "PUBLIC_KEY"})
_OPENED = frozenset({"ENC", "WIRE", "BODY", "CONCAT", "PIECE", "ALTERED"})


def _seen_of_term(term: Term) -> Hashable:
    name = term.op.name
    if name in _PLAIN:
        return term
    if name in _OPENED:
        first = 1 if name == "ENC" else 0
        return name, tuple(map(seen_of, term.args[first:]))
    return name
