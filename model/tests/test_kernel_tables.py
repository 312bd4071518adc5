"""Tables: how rows are written, what they become, and what is refused with the rows named."""

from __future__ import annotations

from dataclasses import replace
from enum import unique

import pytest

from otr_model.kernel.ambiguity import Ambiguity, Kind, Reading
from otr_model.kernel.expr import Number
from otr_model.kernel.guard import ALWAYS, Exclusive, Guard
from otr_model.kernel.table import (
    Cells,
    Group,
    IllFormed,
    Raise,
    Table,
    at,
    ignored,
    on,
    otherwise,
    table,
    to,
)
from otr_model.kernel.vocabulary import Condition, Effect, Opaque, Origin, Signal, action
from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.words import Word


@unique
class Door(Word):
    """Whether one gets in."""

    SHUT = "one cannot walk through"
    OPEN = "one can walk through"


@unique
class Event(EventBase):
    """What happens at the door."""

    PUSH = Signal("somebody pushes", Origin.RECEIVED)
    TURN_KEY = Signal("the owner turns the key", Origin.USER)
    RANG = Signal("the bell rang")


@unique
class Cond(Condition):
    """What is asked."""

    LOCKED = Opaque("the lock is turned")
    HEAVY = Opaque("the push is a heavy one")
    LIGHT = Opaque("the push is a light one")


@unique
class Do(Effect):
    """What is done."""

    SWING = action("the door swings")
    RING = action("the bell rings")


LOCKED, HEAVY, LIGHT = Cond.LOCKED, Cond.HEAVY, Cond.LIGHT
PUSHES = Exclusive((HEAVY, LIGHT))
HOLE = Ambiguity("door.hole", "?", Kind.SILENT, Reading("one"), Reading("other"), "so")

DoorTable = Table[Door, Event, Cond, Do]
DoorGroup = Group[Door, Event, Cond, Do]


def door(*groups: DoorGroup, exclusives: tuple[Exclusive, ...] = ()) -> DoorTable:
    """A table of the door."""
    return table("house.door", "Who gets in.", Door, Door.SHUT, *groups, exclusives=exclusives)


PUSHED: DoorGroup = on(
    Event.PUSH,
    "Pushing",
    at(
        Door.SHUT,
        ~LOCKED & HEAVY,
        do=(Do.SWING, Do.RING),
        goto=Door.OPEN,
        raises=(Event.RANG, to(7, Event.RANG)),
        ambiguity=HOLE,
    ),
    at(Door.SHUT, LOCKED, do=(Do.RING,)),
    otherwise(),
)


# What rows become.


def test_a_table_is_its_rows_state_by_state() -> None:
    made = door(PUSHED, on(Event.RANG, "Bells", ignored()))

    assert [row.id for row in made.rows] == [
        "house.door:push.shut.not-locked.heavy",
        "house.door:push.shut.locked",
        "house.door:push.shut.otherwise",
        "house.door:push.open.otherwise",
        "house.door:rang.shut",
        "house.door:rang.open",
    ]
    assert made.events == (Event.PUSH, Event.RANG)
    assert made.machine == "door"
    assert made.cell(Door.SHUT, Event.PUSH) == made.rows[:3]
    assert made.cell(Door.OPEN, Event.TURN_KEY) == ()


def test_a_row_keeps_everything_that_was_written() -> None:
    opened, rung, *_ = door(PUSHED).rows

    assert (opened.at, opened.on, opened.goto) == (Door.SHUT, Event.PUSH, Door.OPEN)
    assert opened.when.text == "not LOCKED and HEAVY"
    assert opened.do == (Do.SWING, Do.RING)
    assert opened.raises == (Raise(Event.RANG), Raise(Event.RANG, Number(7)))
    assert opened.section == "Pushing"
    assert opened.ambiguity is HOLE
    assert not opened.ignores
    # No state to go to means to stay, and a row with an effect ignores nothing.
    assert rung.goto is Door.SHUT
    assert rung.raises == ()
    assert not rung.ignores


def test_otherwise_is_the_complement_of_the_other_rows_of_its_cell() -> None:
    made = door(PUSHED)
    shut, still_open = made.rows[2:]

    assert shut.when.text == "not (not LOCKED and HEAVY or LOCKED)"
    assert still_open.when == ALWAYS
    assert shut.ignores
    assert still_open.ignores
    assert shut.goto is Door.SHUT
    assert still_open.goto is Door.OPEN


def test_one_row_may_stand_for_several_states_and_carry_a_name_of_its_own() -> None:
    made = door(
        on(
            Event.TURN_KEY,
            "Keys",
            at(tuple(Door), LOCKED, do=(Do.RING,), goto=Door.SHUT, name="unlock"),
            otherwise((Door.SHUT,), do=(Do.SWING,), name="lock"),
            ignored(~LOCKED, Door.OPEN, name="too-late"),
        )
    )

    assert {row.id: row.ignores for row in made.rows} == {
        "house.door:turn-key.shut.unlock": False,
        "house.door:turn-key.shut.lock": False,
        "house.door:turn-key.open.unlock": False,
        "house.door:turn-key.open.too-late": True,
    }


def test_the_row_that_applies_is_picked() -> None:
    made = door(PUSHED)

    def picked(state: Door, *holding: Cond) -> str:
        row = made.pick(state, Event.PUSH, lambda condition: condition in holding)
        return "" if row is None else row.id.rpartition(".push.")[2]

    assert picked(Door.SHUT, LOCKED, HEAVY) == "house.door:push.shut.locked"
    assert picked(Door.SHUT, HEAVY) == "house.door:push.shut.not-locked.heavy"
    assert picked(Door.SHUT) == "house.door:push.shut.otherwise"
    assert picked(Door.OPEN, LOCKED) == "house.door:push.open.otherwise"


def test_no_row_is_picked_only_where_a_variant_lacks_it() -> None:
    made = door(PUSHED)
    without = made.with_rows(row for row in made.rows if row.name != "locked")

    assert made.pick(Door.SHUT, Event.PUSH, lambda _: True) == made.rows[1]
    assert without.pick(Door.SHUT, Event.PUSH, lambda _: True) is None
    assert without.pick(Door.OPEN, Event.TURN_KEY, lambda _: True) is None
    assert len(made.rows) == len(without.rows) + 1


# What is refused.

OPEN_IGNORES: Cells[Door, Event, Cond, Do] = ignored(ALWAYS, Door.OPEN)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        pytest.param(
            on(Event.PUSH, "", at(Door.SHUT, LOCKED), at(Door.SHUT, HEAVY), OPEN_IGNORES),
            "house.door: PUSH in SHUT: no row holds when nothing holds: "
            "house.door:push.shut.locked, house.door:push.shut.heavy",
            id="gap",
        ),
        pytest.param(
            on(Event.PUSH, "", at(Door.SHUT), at(Door.SHUT, LOCKED), OPEN_IGNORES),
            "house.door: PUSH in SHUT: more than one row holds when LOCKED holds: "
            "house.door:push.shut, house.door:push.shut.locked",
            id="overlap",
        ),
        pytest.param(
            on(
                Event.PUSH,
                "",
                at(Door.SHUT, LOCKED & HEAVY),
                at(Door.SHUT, HEAVY & LIGHT),
                at(Door.SHUT, ~LOCKED & ~(HEAVY & LIGHT)),
                at(Door.SHUT, LOCKED & ~HEAVY),
                OPEN_IGNORES,
            ),
            "house.door: PUSH in SHUT: more than one row holds when LOCKED, HEAVY, LIGHT holds: "
            "house.door:push.shut.locked.heavy, house.door:push.shut.heavy.light",
            id="overlap-of-two-among-four",
        ),
        pytest.param(
            on(Event.PUSH, "", at(Door.SHUT, LOCKED), at(Door.SHUT, ~LOCKED)),
            "house.door: PUSH in OPEN: no row",
            id="empty-cell",
        ),
        pytest.param(
            on(Event.PUSH, "", at(Door.SHUT, LOCKED), ignored(LOCKED), OPEN_IGNORES),
            "house.door:push.shut.locked: two rows have this id",
            id="same-guard-twice",
        ),
        pytest.param(
            on(
                Event.PUSH,
                "",
                at(Door.SHUT, LOCKED, name="same"),
                at(Door.SHUT, ~LOCKED, name="same"),
                OPEN_IGNORES,
            ),
            "house.door:push.shut.same: two rows have this id",
            id="same-name-twice",
        ),
    ],
)
def test_an_ill_formed_table_is_refused_with_its_rows_named(group: DoorGroup, message: str) -> None:
    with pytest.raises(IllFormed) as caught:
        door(group)

    assert str(caught.value) == message


def test_declared_exclusions_decide_what_is_an_overlap_and_what_a_gap() -> None:
    three: DoorGroup = on(
        Event.PUSH, "", at(tuple(Door), HEAVY), at(tuple(Door), LIGHT), ignored(~HEAVY & ~LIGHT)
    )
    two: DoorGroup = on(Event.PUSH, "", at(tuple(Door), HEAVY), at(tuple(Door), LIGHT))

    with pytest.raises(IllFormed, match="more than one row holds when HEAVY, LIGHT holds"):
        door(three)
    assert len(door(three, exclusives=(PUSHES,)).rows) == 6
    with pytest.raises(IllFormed, match="no row holds when nothing holds"):
        door(two, exclusives=(PUSHES,))
    complete = replace(PUSHES, complete=True)
    assert len(door(two, exclusives=(complete,)).rows) == 4


def test_a_variant_of_a_table_is_validated_only_when_asked() -> None:
    made = door(PUSHED)
    wider = made.with_rows(replace(row, when=Guard.of(HEAVY)) for row in made.rows)

    with pytest.raises(IllFormed, match=r"house.door: PUSH in SHUT: no row holds when nothing"):
        wider.validate()
    made.validate()
