"""What can wait to be handled: every content that the queue of raised events can have.

Machines talk by events that wait in one queue, first in first out, until an input has been dealt
with. Which events wait, in which order and for whom, is a finite matter if guards are ignored: from
each input, every row that handles the first event may be taken. The contents that are found so are
at least those that arise when tables run, and usually a few more.

For whom an event waits is one of a few roles, since a run concerns few members: the one that it was
given to or that a key led to, the master, each member there is, a member of a further family, or
nobody in particular, where a table has no family.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import TYPE_CHECKING, Final

from otr_model.kernel.expr import Int, Number
from otr_model.kernel.vocabulary import Event, Origin
from otr_model.kernel.words import Word
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_model.kernel.composition import AnyRow, Composition

__all__ = ["IDLE", "Item", "Queue", "Queues", "Role", "Unruly"]


class Unruly(OtrSpecError):
    """A composition whose queue has too many contents, or leads a run to two members by keys."""


@unique
class Role(Word):
    """For whom an event waits."""

    GUEST = "the member that the input is for, or that a key led to"
    MASTER = "the master"
    EVERYBODY = "each member that there is"
    ASSEMBLY = "a member of a further family"
    NOBODY = "no member in particular"


@dataclass(frozen=True, slots=True)
class Item:
    """An event that waits, and for whom."""

    event: Event
    role: Role


Queue = tuple[Item, ...]
"""What waits, the next first."""

IDLE: Final[Queue] = ()

MOST: Final = 20_000
"""Contents of the queue, at most."""
LONGEST: Final = 40
"""Events that wait at once, at most."""


class Queues:
    """The queues that can arise in a composition, whatever its guards say.

    Attributes:
        all: every one, the empty one first.

    Raises:
        Unruly: if there are too many, or if a run could concern two members by their keys.
    """

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self._rows: dict[Event, list[AnyRow]] = {}
        for row in composition.rows():
            self._rows.setdefault(row.on, []).append(row)
        self.all: list[Queue] = [IDLE]
        self._number: dict[Queue, int] = {IDLE: 0}
        self._heads: dict[Item, list[int]] = {}
        for event in composition.events:
            if event.origin is not Origin.RAISED:
                for row in self._rows.get(event, ()):
                    self._add(self.after(IDLE, Item(event, self.given_to(event)), row))
        done = 1
        while done < len(self.all):
            queue = self.all[done]
            self._heads.setdefault(queue[0], []).append(done)
            done += 1
            if queue[0].role is Role.EVERYBODY:
                self._add(queue[1:])
            for row in self._rows.get(queue[0].event, ()):
                self._add(self.after(queue, queue[0], row))

    def _add(self, queue: Queue) -> None:
        if queue in self._number:
            return
        if len(self.all) >= MOST or len(queue) > LONGEST:
            message = f"{self.composition.name}: the queue has no bound, as far as rows tell"
            raise Unruly(message)
        self._number[queue] = len(self.all)
        self.all.append(queue)

    def number(self, queue: Queue) -> int:
        """The place of a queue among all."""
        return self._number[queue]

    def headed(self, event: Event) -> Iterator[tuple[Item, list[int]]]:
        """The queues in which an event is next, by whom it is for."""
        for item, numbers in self._heads.items():
            if item.event is event:
                yield item, numbers

    def given_to(self, event: Event) -> Role:
        """Whom an event from outside is given to."""
        handler = self.composition.handler.get(event)
        family = None if handler is None else self.composition.family_of(handler.name)
        if family is None:
            return Role.NOBODY
        return Role.GUEST if family == self.composition.family else Role.ASSEMBLY

    def after(self, queue: Queue, head: Item, row: AnyRow) -> Queue:
        """The queue after a row was taken for its first event.

        Where everybody is to handle the event, it stays, since another member may be next.
        """
        rest = queue if head.role is Role.EVERYBODY else queue[1:]
        raised = [
            Item(each.event, self._role(each.event, each.to, head, every=each.every))
            for each in row.raises
        ]
        led = self.leads(row)
        if led is not None and any(item.role is Role.GUEST for item in rest):
            message = f"{row.id} leads to {led}, while events wait for another member"
            raise Unruly(message)
        return (*rest, *raised)

    def _role(self, event: Event, to: Int | None, head: Item, *, every: bool) -> Role:
        role = self.given_to(event)
        if role in {Role.NOBODY, Role.ASSEMBLY}:
            return role
        if every:
            return Role.EVERYBODY
        if to is None:
            return head.role
        return Role.MASTER if to == Number(0) else Role.GUEST

    def leads(self, row: AnyRow) -> Int | None:
        """The key of the member that a row leads to; None: to none but the master.

        Raises:
            Unruly: if there are two.
        """
        keys = dict.fromkeys(
            each.to
            for each in row.raises
            if each.to is not None
            and each.to != Number(0)
            and self.given_to(each.event) is Role.GUEST
        )
        if len(keys) > 1:
            message = f"{row.id} leads to two members"
            raise Unruly(message)
        return next(iter(keys), None)
