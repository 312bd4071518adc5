"""Bisimulation on a small protocol: what is proved equal, what is a candidate, and why.

A door with a bell: it opens to whoever shows a pass that holds, counts who comes in, and rings.
"""

from __future__ import annotations

from enum import unique
from functools import cache

import pytest

from otr_check.bisimulation import (
    Candidate,
    Equivalent,
    InternalOnly,
    Judge,
    Undecided,
    Unreadable,
    Verdict,
    follow,
    row_pairs,
)
from otr_model.kernel.composition import Composition, Family, Parameter
from otr_model.kernel.expr import Declare, InState, Scope, Truth
from otr_model.kernel.guard import ALWAYS
from otr_model.kernel.table import Table, at, ignored, on, table, to
from otr_model.kernel.variant import (
    NONE,
    DropRow,
    EditRow,
    Override,
    SetParameter,
    SkipCheck,
    Variant,
    mutants,
)
from otr_model.kernel.vocabulary import (
    Check,
    Checking,
    Condition,
    Datum,
    Defined,
    Effect,
    Event,
    Observer,
    Opaque,
    Origin,
    Point,
    Signal,
    Slot,
    Validity,
    action,
)
from otr_model.kernel.words import Word
from otr_reference.engine import Step

member, shared = Declare(Scope.MEMBER), Declare(Scope.SHARED)
message, config = Declare(Scope.MESSAGE), Declare(Scope.ENDPOINT)
THEIR_TAG = member.integer("their_tag", "whose door")
GUESTS = member.integer("guests", "how many came in")
SHUT_BEFORE = member.flag("shut_before", "it was shut before")
LAST = shared.integer("last", "the door that opened last")
SENDER = message.integer("sender", "who comes")
LIMIT = config.integer("limit", "how many may come in")


@unique
class Door(Word):
    """The door."""

    SHUT = "nobody comes in"
    OPEN = "whoever comes, comes in"
    BARRED = "it was open, and is shut for good"


@unique
class Hall(Word):
    """The hall, of which there is one."""

    READY = "ready"


@unique
class Happens(Event):
    """What happens."""

    COMES = Signal("somebody comes", Origin.RECEIVED)
    KNOCKS = Signal("there is a knock at this door")
    RINGS = Signal("the bell at this door is to ring")
    AGAIN = Signal("the bell rings again")
    SHUTS = Signal("the owner shuts the door", Origin.USER)
    LOOKS = Signal("the owner looks", Origin.USER)


@unique
class Made(Check):
    """Checks of a pass."""

    SIGNED = Checking("it is signed", Point.SIGNATURE)
    CURRENT = Checking("it is current", Point.EXPIRATION)


@unique
class Cond(Condition):
    """Conditions."""

    PASS_VALID = Validity("the pass holds", (Made.SIGNED, Made.CURRENT))
    FULL = Defined("as many are in as may be", GUESTS >= LIMIT)
    MORE = Opaque("the bell has not rung enough", Scope.MESSAGE)
    EMPTY = Defined("nobody is in", GUESTS.equals(0))
    WAS_SHUT = Defined("it was shut before", SHUT_BEFORE)
    OPEN_ELSEWHERE = Defined("the main door is open", InState("door", (Door.OPEN,), "master"))


@unique
class Thing(Datum):
    """Data."""

    LIST = Slot("who is in")
    KEY = Slot("the key of the door")


@unique
class Do(Effect):
    """Effects."""

    GREET = action("greet", seen=Observer.USER)
    WRITE = action("write down who comes", writes=(Thing.LIST,), sets={GUESTS: GUESTS + 1})
    READ = action("read out who is in", needs=(Thing.LIST,), seen=Observer.USER)
    BURN = action("burn the list", forgets=(Thing.LIST,), sets={GUESTS: 0})
    CUT = action("have a key cut", writes=(Thing.KEY,))
    RING = action("ring", seen=Observer.WIRE)
    NOTE = action("note that it was shut", sets={SHUT_BEFORE: True})
    SIGH = action("sigh", seen=Observer.USER)


HALL: Table[Hall, Happens, Cond, Do] = table(
    "house.hall",
    "Which door somebody comes to.",
    Hall,
    Hall.READY,
    on(Happens.COMES, "Hall", at(Hall.READY, raises=(to(SENDER, Happens.KNOCKS),))),
)
DOOR: Table[Door, Happens, Cond, Do] = table(
    "house.door",
    "Who comes in.",
    Door,
    Door.SHUT,
    on(
        Happens.KNOCKS,
        "Door",
        at(
            Door.SHUT,
            Cond.PASS_VALID,
            do=(Do.CUT, Do.WRITE, Do.GREET),
            goto=Door.OPEN,
            raises=(Happens.RINGS,),
            name="valid",
        ),
        ignored(~Cond.PASS_VALID, Door.SHUT, name="refused"),
        at(Door.OPEN, ~Cond.FULL, do=(Do.WRITE, Do.GREET), name="room"),
        at(Door.OPEN, Cond.FULL, do=(Do.SIGH,), name="full"),
        ignored(ALWAYS, Door.BARRED, name="barred"),
    ),
    on(
        Happens.RINGS,
        "Door",
        at(Door.OPEN, Cond.MORE, do=(Do.RING,), raises=(Happens.AGAIN,), name="more"),
        at(Door.OPEN, ~Cond.MORE, do=(Do.RING,), name="enough"),
        ignored(states=(Door.SHUT, Door.BARRED)),
    ),
    on(Happens.AGAIN, "Door", at(tuple(Door), raises=(Happens.RINGS,))),
    on(
        Happens.SHUTS,
        "Door",
        at(Door.OPEN, do=(Do.BURN, Do.NOTE), goto=Door.BARRED),
        ignored(states=(Door.SHUT, Door.BARRED)),
    ),
    on(
        Happens.LOOKS,
        "Door",
        at(Door.SHUT, Cond.EMPTY, name="empty"),
        at(Door.SHUT, ~Cond.EMPTY, do=(Do.SIGH,), name="not-empty"),
        at(Door.OPEN, Cond.OPEN_ELSEWHERE, do=(Do.READ,), name="both"),
        at(Door.OPEN, ~Cond.OPEN_ELSEWHERE, do=(Do.READ, Do.SIGH), name="alone"),
        at(Door.BARRED, Cond.WAS_SHUT, name="noted"),
        at(Door.BARRED, ~Cond.WAS_SHUT, do=(Do.SIGH,), name="not-noted"),
    ),
)
HOUSE = Composition(
    "house",
    "Doors of a house, the main one among them.",
    (HALL, DOOR),
    Family("door", "a number", (DOOR.name,), "doors", Truth(value=False)),
    Happens,
    Cond,
    Made,
    Do,
    Thing,
    (THEIR_TAG, GUESTS, SHUT_BEFORE, LAST, SENDER),
    (Parameter("limit", 3, LIMIT.about), Parameter("doors", 9, "doors at most")),
)
HOUSE.validate()


class HouseStep(Step):  # type: ignore[type-arg]
    """What the rows of the house do."""

    def tell(self, text: str) -> None:
        """Somebody hears it."""
        self.outputs.append(text)

    def ask_more(self) -> bool:
        """Of the message alone."""
        return bool(self.message)

    def check_signed(self) -> bool:
        """As the previous."""
        return bool(self.message)

    def check_current(self) -> bool:
        """As the previous."""
        return bool(self.message)

    def do_greet(self) -> None:
        """Nothing is looked at."""
        self.tell("welcome")

    def do_write(self) -> None:
        """The list grows."""
        member = self.own()
        member.list = (*(member.list or ()), self.message)

    def do_read(self) -> None:
        """The list is read."""
        self.tell(present(self.member.list))

    def do_cut(self) -> None:
        """Nobody ever looks at the key."""
        self.own().key = self.message

    def do_ring(self) -> None:
        """Nothing is looked at."""
        self.tell("ring")

    def do_sigh(self) -> None:
        """Nothing is looked at."""
        self.tell("sigh")


def present(value: object) -> str:
    """What the tables promise."""
    return str(value)


@cache
def judge() -> Judge:
    return Judge(follow(HOUSE, HouseStep))


def verdict(*edits: DropRow | EditRow | SkipCheck | SetParameter | Override) -> Verdict:
    return judge().judge(Variant("edited", "", tuple(edits)))


def sequence(found: Verdict) -> list[str]:
    """The events of a candidate."""
    assert isinstance(found, Candidate)
    return [f"{step.role} {step.event}" for step in found.inputs]


def test_no_variant_at_all_is_equivalent() -> None:
    assert judge().judge(NONE) == Equivalent("", 0)


def test_a_row_that_is_never_taken_may_be_gone() -> None:
    """The count is 0 wherever the door is shut: constants are known at every place."""
    assert isinstance(verdict(DropRow("house.door:looks.shut.not-empty")), Equivalent)
    assert isinstance(verdict(DropRow("house.door:looks.barred.not-noted")), Equivalent)


def test_a_row_that_does_nothing_may_be_gone() -> None:
    found = verdict(DropRow("house.door:looks.shut.empty"))

    assert isinstance(found, Equivalent)
    assert found.reached > 0


def test_what_nobody_looks_at_is_internal() -> None:
    row = "house.door:knocks.shut.valid"
    found = verdict(EditRow(row, do=(Do.WRITE, Do.GREET)))

    assert isinstance(found, InternalOnly)
    assert found.differ == {"member.key"}


def test_an_effect_that_is_seen_is_missed_at_once() -> None:
    found = verdict(EditRow("house.door:knocks.shut.valid", do=(Do.CUT, Do.WRITE)))

    assert len(sequence(found)) == 1
    assert isinstance(found, Candidate)
    assert found.difference.left[0] == "GREET"
    assert not found.guessed
    assert (Cond.PASS_VALID, True) in found.inputs[0].conditions


def test_an_effect_that_is_missed_later_takes_a_second_input() -> None:
    """The guest is not counted, and so another may come in; or there is no list to read."""
    found = verdict(EditRow("house.door:knocks.shut.valid", do=(Do.CUT, Do.GREET)))

    assert isinstance(found, Candidate)
    assert len(found.inputs) == 2
    assert found.inputs[0].event == "COMES"


def test_a_row_that_leads_elsewhere_is_told_by_what_comes_then() -> None:
    found = verdict(EditRow("house.door:shuts.open", goto=Door.SHUT))

    assert sequence(found)[1].endswith("SHUTS")
    assert len(sequence(found)) == 3


def test_a_check_that_is_not_made_lets_somebody_in() -> None:
    found = verdict(SkipCheck(Made.SIGNED))

    assert isinstance(found, Candidate)
    assert len(found.inputs) == 1
    assert (Cond.PASS_VALID, False) in found.inputs[0].conditions
    assert found.inputs[0].right[-1] == "house.door:knocks.shut.valid"


def test_another_limit_is_told_by_who_is_sent_away() -> None:
    found = verdict(SetParameter("limit", 2))

    assert isinstance(found, Candidate)
    assert found.guessed
    assert [step.event for step in found.inputs] == ["COMES", "COMES"]


def test_a_parameter_that_nothing_asks_for_is_not_told() -> None:
    assert not isinstance(verdict(SetParameter("doors", 8)), Candidate | Undecided)


def test_what_others_see_of_a_member_is_known() -> None:
    assert judge().world.seen_of_master == {"machine.door"}
    assert judge().world.seen_of_others == frozenset()


def test_a_bell_that_rings_as_long_as_one_likes_is_followed() -> None:
    """A run that goes round in circles is cut there, and goes on as the same input."""
    found = verdict(EditRow("house.door:rings.open.enough", do=()))
    assert len(sequence(found)) == 1

    assert isinstance(verdict(EditRow("house.door:again.shut", raises=())), Equivalent)


def test_a_variant_of_values_is_not_decided() -> None:
    assert isinstance(verdict(Override("ring", "softly")), Undecided)


def test_effects_that_are_not_to_count_do_not() -> None:
    quiet = Judge(follow(HOUSE, HouseStep, unseen=frozenset({Do.SIGH})))
    row = EditRow("house.door:knocks.open.full", do=())

    assert isinstance(verdict(row), Candidate)
    assert isinstance(quiet.judge(Variant("quiet", "", (row,))), Equivalent)


def test_states_are_told_apart_by_a_shortest_sequence() -> None:
    member_of = judge().world.roles[1]
    shut, open_, barred = ((state, Hall.READY) for state in (Door.SHUT, Door.OPEN, Door.BARRED))

    assert len(sequence(judge().tell_apart(member_of, shut, open_))) == 1
    assert len(sequence(judge().tell_apart(member_of, open_, barred))) == 1
    assert isinstance(judge().tell_apart(member_of, shut, shut), Equivalent)


def test_pairs_of_rows_have_a_shortest_way() -> None:
    pairs = row_pairs(judge().original)
    opens, rings = "house.door:knocks.shut.valid", "house.door:rings.open.enough"

    assert [step.event for step in pairs[opens, rings]] == ["COMES"]
    assert [step.event for step in pairs[rings, "house.door:shuts.open"]] == ["COMES", "SHUTS"]
    assert ("house.door:shuts.open", opens) not in pairs


def test_every_mutant_has_a_verdict_and_candidates_are_short() -> None:
    found = [judge().judge(variant) for variant in mutants(HOUSE)]

    assert not any(isinstance(v, Undecided) for v in found)
    lengths = {len(v.inputs) for v in found if isinstance(v, Candidate)}
    assert {1, 2, 3} <= lengths <= {1, 2, 3, 4}


class Sly(HouseStep):
    """Looks at what it cannot be followed to."""

    def do_greet(self) -> None:
        """By a name that is computed."""
        self.tell(getattr(self.member, "li" + "st"))


class Generous(HouseStep):
    """Hands the member out."""

    def do_greet(self) -> None:
        """To a function that is not read."""
        self.tell(present(self.member))


@pytest.mark.parametrize("step", [Sly, Generous])
def test_code_that_cannot_be_followed_is_refused(step: type[HouseStep]) -> None:
    with pytest.raises(Unreadable):
        follow(HOUSE, step)


def test_how_many_members_there_may_be_is_told_by_who_is_gone() -> None:
    """Nothing asks for the number; but of two members one would be gone, if any could be."""
    found = verdict(SetParameter("doors", 8))

    assert isinstance(found, InternalOnly)
    assert "others" in found.differ
