"""Invariants of composed tables, by induction: what is proved, what refutes the rest."""

from __future__ import annotations

from dataclasses import replace
from enum import unique
from typing import TYPE_CHECKING, Final

import pytest

from otr_check.induction.checking import NoClaims, UnknownClaim, check_claims, claims_of
from otr_check.induction.claims import (
    Action,
    Claims,
    Ghost,
    Grows,
    Invariant,
    Kept,
    Possible,
    Prepared,
    awaited,
    change,
    held,
    instead,
    pending,
    places_of,
    queued,
)
from otr_check.induction.prover import prove_claims, prove_with_rows
from otr_check.induction.queues import IDLE, Item, Queues, Role, Unruly
from otr_check.induction.search import look
from otr_check.induction.system import System
from otr_model.kernel.composition import Composition, Family, Parameter
from otr_model.kernel.expr import BoolVar, Choice, Declare, InState, Number, Scope, Truth
from otr_model.kernel.table import Raise, Table, at, ignored, on, table, to
from otr_model.kernel.variant import EditRow, Variant, apply
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import (
    Checking,
    Condition,
    Datum,
    Defined,
    Effect,
    Event,
    Opaque,
    Origin,
    Point,
    Signal,
    Slot,
    Validity,
    action,
)
from otr_model.kernel.words import Word
from otr_model.otrv3.protocol import OTRV3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_check.induction.claims import Claim
    from otr_check.induction.results import Result
    from otr_model.kernel.expr import Variable

# A house with rooms: each has a door, which rings a bell, and a lamp that is lit by the bell. The
# hall is the room with key 0.

TRUE: Final = Truth(value=True)


@unique
class Ev(Event):
    """What happens."""

    KNOCK = Signal("somebody knocks at a room", Origin.RECEIVED)
    LEAVE = Signal("somebody leaves a room", Origin.USER)
    RING = Signal("the bell rings in a room")
    LIGHT = Signal("the lamp is to be lit")
    DARK = Signal("the lamp is to go out")
    HALL = Signal("the hall hears of it")


@unique
class Door(Word):
    """A door."""

    SHUT = "it is shut"
    OPEN = "it is open"


@unique
class Lamp(Word):
    """A lamp."""

    OUT = "it is dark"
    LIT = "it is lit"


@unique
class Ready(Word):
    """No state at all."""

    READY = "ready"


member, shared, message, house = map(
    Declare, (Scope.MEMBER, Scope.SHARED, Scope.MESSAGE, Scope.ENDPOINT)
)
THEIR_TAG = member.integer("their_tag", "the room's number")
GUESTS = member.integer("guests", "how many are in the room")
WATTS = member.integer("watts", "what the lamp takes")
KNOCKS = shared.integer("knocks", "how often anybody knocked")
ROOM = message.integer("sender_tag", "the room at which somebody knocks")
HOUR = message.integer("now", "the hour")
MOST = house.integer("most", "guests of one room, at most")
SOME = house.integer("some", "any number")


@unique
class Check(CheckBase):
    """A check."""

    FACE = Checking("the face is known", Point.SIGNATURE)


@unique
class Cond(Condition):
    """What is asked."""

    SPACE = Defined("there is space", GUESTS < MOST)
    LAST = Defined("one guest is there", GUESTS.equals(1))
    SOMEBODY = Defined("somebody is there", GUESTS > 0)
    WELCOME = Validity("the guest is welcome", (Check.FACE,))
    LATE = Opaque("it is late")


@unique
class Thing(Datum):
    """What a room holds."""

    COAT = Slot("a coat")


@unique
class Do(Effect):
    """What is done."""

    COUNT = action("count", sets={KNOCKS: KNOCKS + 1})
    ENTER = action("let somebody in", writes=(Thing.COAT,), sets={GUESTS: GUESTS + 1})
    GO = action("let somebody out", needs=(Thing.COAT,), sets={GUESTS: GUESTS - 1})
    EMPTY = action("take the coats away", forgets=(Thing.COAT,))
    SWITCH = action("switch the lamp on", sets={WATTS: Number(40)})
    DIM = action("switch the lamp off", sets={WATTS: Choice(WATTS > 0, Number(0), WATTS)})


BELLS: Table[Ready, Ev, Cond, Do] = table(
    "house.bells",
    "Which room a knock is for.",
    Ready,
    Ready.READY,
    on(Ev.KNOCK, "Bells", at(Ready.READY, do=(Do.COUNT,), raises=(to(ROOM, Ev.RING),))),
)
DOOR: Table[Door, Ev, Cond, Do] = table(
    "house.door",
    "Who is in a room.",
    Door,
    Door.SHUT,
    on(
        Ev.RING,
        "Doors",
        at(
            tuple(Door),
            Cond.SPACE & Cond.WELCOME,
            do=(Do.ENTER,),
            goto=Door.OPEN,
            raises=(Ev.LIGHT, to(0, Ev.HALL)),
        ),
        ignored(~Cond.SPACE | ~Cond.WELCOME, name="refused"),
    ),
    on(
        Ev.LEAVE,
        "Doors",
        at(
            Door.OPEN,
            Cond.LAST,
            do=(Do.GO, Do.EMPTY),
            goto=Door.SHUT,
            raises=(Ev.DARK,),
        ),
        at(Door.OPEN, ~Cond.LAST & Cond.SOMEBODY, do=(Do.GO,)),
        ignored(~Cond.LAST & ~Cond.SOMEBODY, Door.OPEN),
        ignored(states=Door.SHUT),
    ),
    on(Ev.HALL, "Doors", ignored(Cond.LATE), ignored(~Cond.LATE)),
)
LAMP: Table[Lamp, Ev, Cond, Do] = table(
    "house.lamp",
    "Whether there is light.",
    Lamp,
    Lamp.OUT,
    on(Ev.LIGHT, "Lamps", at(tuple(Lamp), do=(Do.SWITCH,), goto=Lamp.LIT)),
    on(Ev.DARK, "Lamps", at(tuple(Lamp), do=(Do.DIM,), goto=Lamp.OUT)),
)
HOUSE: Final = Composition(
    "house",
    "A house with rooms.",
    (BELLS, DOOR, LAMP),
    Family(
        "room",
        "its number",
        (DOOR.name, LAMP.name),
        limit="rooms",
        retires=InState("door", (Door.SHUT,)) & ~THEIR_TAG.equals(0),
    ),
    Ev,
    Cond,
    Check,
    Do,
    Thing,
    (THEIR_TAG, GUESTS, WATTS, KNOCKS, ROOM, HOUR, MOST),
    (Parameter("rooms", 9, "rooms"),),
)
HOUSE.validate()

OPEN, LIT = InState("door", (Door.OPEN,)), InState("lamp", (Lamp.LIT,))
SETTING: Final[Mapping[Variable, int | bool]] = {MOST: 2, SOME: 1}


def claims(*made: Claim, ghosts: tuple[Ghost, ...] = (), **others: object) -> Claims:
    return replace(
        Claims("house", ghosts, (), made, settings=(SETTING,)),
        **others,  # type: ignore[arg-type] # the fields of claims
    )


def outcome(claim: Claim, *lemmas: Claim, composition: Composition = HOUSE) -> Result:
    """What becomes of a claim, with others to help."""
    found = prove_claims(System(composition, claims(claim, *lemmas)))
    return next(result for result in found if result.claim is claim)


def edited(*edits: EditRow) -> Composition:
    return apply(HOUSE, Variant("edited", "", edits)).composition


GUEST = Invariant("house.invariant:guest", "", (), OPEN, GUESTS > 0)
NOBODY = Invariant("house.invariant:nobody", "", (), ~OPEN, GUESTS.equals(0))
COATS = Invariant("house.invariant:coats", "", (), OPEN, held(Thing.COAT))
LIGHT = Invariant("house.invariant:light", "", (), OPEN & ~pending(Ev.LIGHT), LIT)
DARK = Invariant("house.invariant:dark", "", (), pending(Ev.DARK), ~OPEN)
LIT_BY = Invariant("house.invariant:lit-by", "", (), pending(Ev.LIGHT), OPEN)


# --- Proofs -----------------------------------------------------------------------------------


def test_what_every_row_keeps_is_proved() -> None:
    found = outcome(NOBODY, GUEST)

    assert found.proved
    assert (found.k, found.failure) == (1, None)


def test_a_claim_that_does_not_follow_names_the_row_and_shows_the_valuation() -> None:
    wrong = Invariant("house.invariant:one", "", (), OPEN, GUESTS <= 1)
    found = outcome(wrong)

    assert not found.proved
    assert found.failure is not None
    assert found.failure.row.startswith("house.door:ring.")
    assert dict(found.failure.values)["member.guests"] == "1"
    assert "the observed member" in found.failure.text


def test_what_fails_at_the_beginning_is_no_invariant() -> None:
    found = outcome(Invariant("house.invariant:lit", "", (), TRUE, LIT))

    assert found.failure is not None
    assert found.failure.row == "the beginning"


def test_a_proof_names_the_claims_that_it_needs_and_loses_those_that_fail() -> None:
    light = outcome(LIGHT, DARK, LIT_BY)
    assert light.proved
    assert light.lemmas == (DARK.id,)

    alone = outcome(LIGHT)
    assert not alone.proved

    wrong = Invariant("house.invariant:dark", "", (), pending(Ev.DARK), GUESTS.equals(7))
    assert not outcome(LIGHT, wrong).proved


def test_an_event_that_waits_is_waited_for_by_one_room_only() -> None:
    """The room that is observed need not be the one at whose door somebody knocked."""
    rings = Invariant("house.invariant:rings", "", (), pending(Ev.LIGHT), KNOCKS > 0)
    assert not outcome(rings).proved  # a lemma is missing: who rings has knocked
    knocked = Invariant("house.invariant:knocked", "", (), pending(Ev.RING), KNOCKS > 0)
    assert outcome(rings, knocked).proved


def test_the_order_and_the_number_of_what_waits_are_known() -> None:
    once = Invariant("house.invariant:once", "", (), TRUE, awaited(Ev.LIGHT) <= 1)
    order = Invariant("house.invariant:order", "", (), TRUE, ~queued(Ev.HALL, Ev.LIGHT))
    other = Invariant("house.invariant:other", "", (), TRUE, ~queued(Ev.LIGHT, Ev.HALL))

    assert outcome(once).proved
    assert outcome(order).proved
    assert not outcome(other).proved  # in the hall, where both are for one room


def test_a_room_that_is_retired_is_as_if_nothing_had_happened() -> None:
    lamp = Invariant("house.invariant:lamp", "", (), LIT, KNOCKS > 0)
    knocked = Invariant(
        "house.invariant:knocked", "", (), pending(Ev.RING) | pending(Ev.LIGHT), KNOCKS > 0
    )
    assert outcome(lamp, knocked).proved

    came = BoolVar("came", Scope.MEMBER, "somebody was in the room")
    says = Invariant("house.invariant:came", "", (), OPEN, came)
    after = Invariant("house.invariant:after", "", (), came, GUESTS >= 0)
    ever = Grows("house.invariant:ever", "", (), (Choice(came, Number(1), Number(0)),))
    made = change({came: True}, effects=(Do.ENTER,))
    system = System(HOUSE, claims(says, after, ever, ghosts=(Ghost(came),), changes=(made,)))
    assert all(result.proved for result in prove_claims(system)[:1])
    assert system.survivors == set()


def test_actions_are_claimed_of_the_moment_before_them() -> None:
    out = Action("house.invariant:out", "", (), (Do.GO,), GUESTS > 0)
    welcome = Action("house.invariant:welcome", "", (), (Do.ENTER,), Cond.WELCOME & Cond.SPACE)
    raised = Action("house.invariant:raised", "", (), (), Cond.LAST & ~Cond.LATE, raises=(Ev.DARK,))
    elsewhere = Action("house.invariant:elsewhere", "", (), (Do.GO,), ~TRUE, on=(Ev.RING,))

    assert outcome(out).proved
    assert outcome(welcome).proved
    assert not outcome(raised).proved
    assert outcome(elsewhere).proved


def test_what_is_refused_changes_nothing() -> None:
    refused = Kept("house.invariant:refused", "", (), (Ev.RING,), ~Cond.WELCOME)
    ignores = Kept("house.invariant:ignores", "", ())
    everything = Kept("house.invariant:all", "", (), (Ev.LEAVE,))

    assert outcome(refused).proved
    assert outcome(ignores).proved
    assert not outcome(everything).proved
    let_in = edited(EditRow("house.door:ring.shut.refused", do=(Do.ENTER,)))
    assert not outcome(refused, composition=let_in).proved


def test_effects_have_what_they_need() -> None:
    prepared = Prepared("house.invariant:prepared", "", ())

    assert outcome(prepared, COATS).proved
    assert not outcome(prepared).proved


def test_what_grows_is_compared_place_by_place() -> None:
    knocks = Grows("house.invariant:knocks", "", (), (KNOCKS, GUESTS))
    guests = Grows("house.invariant:guests", "", (), (GUESTS,))

    assert not outcome(knocks).proved  # a guest goes, and nobody has knocked
    assert not outcome(guests).proved
    assert outcome(Grows("house.invariant:ever", "", (), (KNOCKS,))).proved


def test_what_is_possible_is_shown_by_a_row() -> None:
    crowd = Possible("house.invariant:crowd", "", (), (Do.ENTER,), MOST > 9)
    none = Possible("house.invariant:none", "", (), (Do.ENTER,), MOST < 0)

    found = outcome(crowd)
    assert found.proved
    assert found.witness is not None
    assert found.witness.rows[0].row.startswith("house.door:ring.")
    assert not outcome(none).proved


def test_rows_that_nothing_leads_to_are_named() -> None:
    system = System(HOUSE, claims(GUEST, NOBODY))
    _, untaken = prove_with_rows(system)

    assert untaken == ("house.door:leave.open.not-last.not-somebody",)


# --- Queues -----------------------------------------------------------------------------------


def test_every_content_of_the_queue_is_found() -> None:
    queues = Queues(HOUSE)
    ring, light = Item(Ev.RING, Role.GUEST), Item(Ev.LIGHT, Role.GUEST)
    hall, dark = Item(Ev.HALL, Role.MASTER), Item(Ev.DARK, Role.GUEST)

    assert set(queues.all) == {IDLE, (ring,), (light, hall), (hall,), (dark,)}
    assert [queues.all[n] for _, found in queues.headed(Ev.LIGHT) for n in found] == [(light, hall)]


def test_a_queue_that_grows_for_ever_is_refused() -> None:
    growing = edited(EditRow("house.lamp:light.out", raises=(Raise(Ev.LIGHT), Raise(Ev.LIGHT))))
    with pytest.raises(Unruly, match="no bound"):
        Queues(growing)


# --- Examples and counterexamples -------------------------------------------------------------


def test_an_example_leads_from_the_beginning_to_where_a_claim_says_something() -> None:
    system = System(HOUSE, claims(LIGHT, COATS))
    found = look(system, (LIGHT, COATS)).found

    trail = found[LIGHT.id]
    assert [taken.row for taken in trail.rows] == [
        "house.bells:knock.ready",
        "house.door:ring.shut.space.welcome",
        "house.lamp:light.out",
    ]
    assert [taken.outside for taken in trail.rows] == [True, False, False]
    assert "member.door = OPEN" in trail.text


def test_what_does_not_hold_is_refuted_by_the_rows_that_lead_there() -> None:
    alone = Invariant("house.invariant:alone", "", (), OPEN, GUESTS <= 1)
    leaves = Action("house.invariant:leaves", "", (), (Do.GO,), Cond.LAST & Cond.SPACE)
    never = Kept("house.invariant:never", "", (), (Ev.LEAVE,))
    wanted = (alone, leaves, never)
    found = look(System(HOUSE, claims(*wanted)), (), wanted)

    assert not found.open
    trail = found.refuted[alone.id]
    assert sum(taken.outside for taken in trail.rows) == 2
    assert ("member.guests", "2") in trail.values
    assert found.refuted[never.id].rows[-1].row == "house.door:leave.open.last"


def test_what_holds_is_not_refuted() -> None:
    wanted = (GUEST, NOBODY, COATS, LIGHT)
    found = look(System(HOUSE, claims(*wanted)), (), wanted)

    assert found.refuted == {}


def test_a_missing_datum_is_refuted() -> None:
    prepared = Prepared("house.invariant:prepared", "", ())
    taken = edited(EditRow("house.lamp:light.out", do=(Do.SWITCH, Do.EMPTY)))
    found = look(System(taken, claims(prepared)), (), (prepared,))

    assert found.refuted[prepared.id].rows[-1].row == "house.door:leave.open.last"


# --- Expressions ------------------------------------------------------------------------------


def test_variables_are_replaced_and_places_found_throughout() -> None:
    asked = (Choice(OPEN, GUESTS + 1, Number(2)) < MOST) & ~KNOCKS.equals(GUESTS)
    other = instead(asked, {GUESTS: SOME})

    assert places_of(asked) == {"member.door", "member.guests", "config.most", "shared.knocks"}
    assert places_of(other) == {"member.door", "config.some", "config.most", "shared.knocks"}


def test_a_protocol_without_claims_and_a_claim_that_is_not_there_are_refused() -> None:
    with pytest.raises(NoClaims, match="nothing is claimed of house"):
        claims_of("house")
    with pytest.raises(UnknownClaim, match="there are: no-clear-text"):
        check_claims(OTRV3, names=("nothing",))
