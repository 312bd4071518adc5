"""What a faultless message does in a state, under policies: a row of the model's tables.

A row without effects is a refusal: of the policies where they do not allow the message, else of the
state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from otr_model.kernel.vocabulary import Point

from .kinds import Flag, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_model.kernel.table import Row, Table
    from otr_model.kernel.vocabulary import Condition
    from otr_model.kernel.words import Word

    from .kinds import Group, Value, Values
    from .taken import Taken

__all__ = ["Machine", "add", "reaction"]


@dataclass(frozen=True, slots=True)
class Machine:
    """A table, and what the values of a vector mean in it.

    Attributes:
        table: the table.
        event: what arrives.
        truths: the conditions that the rows ask, of the values.
        allowed: whether the policies allow the message.
        open: the ambiguities whose readings tell other states or other messages apart, and when.
    """

    table: Table[Any, Any, Any, Any]
    event: Word
    truths: Callable[[Taken], Mapping[Condition, bool]]
    allowed: Callable[[Taken], bool]
    open: Mapping[str, Callable[[Taken], bool]] = field(default_factory=dict)

    def row(self, taken: Taken) -> Row[Any, Any, Any, Any]:
        """The row that is taken."""
        state = next(each for each in self.table.states if each.label == taken.text("state"))
        truths = self.truths(taken)
        rows = self.table.cell(state, self.event)
        return next(row for row in rows if row.when.holds(truths.__getitem__))


def reaction(machine: Machine, taken: Taken) -> dict[str, Value]:
    """What a message does: the next state, and what is sent.

    Raises:
        Refused: it does nothing.
    """
    row = machine.row(taken)
    if not row.do and not row.raises and row.goto is row.at:
        raise Refused(Point.STATE if machine.allowed(taken) else Point.POLICY)
    sends = [_sent(each.label) for each in row.do if _sent(each.label)]
    return {"state": row.goto.label, "sends": sends}


def _sent(effect: str) -> str:
    """The message that an effect sends; "": none."""
    for start in ("resend-", "send-", "put-"):
        if effect.startswith(start):
            return effect.removeprefix(start)
    return ""


def add(group: Group, machine: Machine, name: str, about: str, taken: Taken) -> None:
    """Add what a message does, as the table says.

    Raises:
        Disagreement: if there is a vector of that name, or one that takes the same.
    """
    takes: Values = {n: v for n, v in taken.values.items() if group.takes.get(n) != v}
    row = machine.row(taken)
    hole = "" if row.ambiguity is None else row.ambiguity.id
    ambiguity = hole if machine.open.get(hole, _never)(taken) else ""
    outcome = group.answer(takes)
    if isinstance(outcome, Refused):
        fails, rows = outcome.point, (row.id,)
        group.fault(name, about, Flag.SEQUENCE, fails, takes, ambiguity=ambiguity, answers=rows)
    else:
        group.valid(name, about, Flag.SEQUENCE, takes, ambiguity=ambiguity)


def _never(_: Taken) -> bool:
    """Nothing is open."""
    return False
