"""Compositions and variants: what is refused, what an edit changes, and what mutants there are."""

from __future__ import annotations

from dataclasses import replace
from enum import unique
from typing import Any

import pytest

from otr_model.kernel.composition import (
    AnyTable,
    Composition,
    Family,
    Parameter,
    checks_of,
    states_of,
)
from otr_model.kernel.expr import Declare, Scope, Truth
from otr_model.kernel.guard import ALWAYS, Guard
from otr_model.kernel.table import IllFormed, Raise, Table, at, on, otherwise, table
from otr_model.kernel.variant import (
    NONE,
    BadVariant,
    DropRow,
    Edit,
    EditRow,
    Falsify,
    Override,
    SetParameter,
    SkipCheck,
    Variant,
    apply,
    mutants,
)
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import (
    Checking,
    Condition,
    Datum,
    Defined,
    Effect,
    Observer,
    Opaque,
    Origin,
    Point,
    Signal,
    Slot,
    Validity,
    action,
)
from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.words import Word

visit = Declare(Scope.MEMBER)
RINGS = visit.integer("rings", "how often the bell rang")
STRANGER = visit.flag("stranger", "never declared")
SEEN = visit.array("seen", "faces", 2)
PATIENCE = Declare(Scope.ENDPOINT).integer("patience", "how many rings are borne")


@unique
class Door(Word):
    """Whether one gets in."""

    SHUT = "one cannot walk through"
    OPEN = "one can walk through"
    AJAR = "one can look through"


@unique
class Bell(Word):
    """A machine that merely decides."""

    READY = "it can be rung"


@unique
class Event(EventBase):
    """What happens at the door."""

    PUSH = Signal("somebody pushes", Origin.RECEIVED)
    RANG = Signal("the bell rang")


@unique
class Check(CheckBase):
    """What is looked at."""

    FACE = Checking("the face is known", Point.SIGNATURE)
    PASS = Checking("the pass can be read", Point.ENCODING, structural=True)


@unique
class Cond(Condition):
    """What is asked."""

    WELCOME = Validity("everything about the visitor is in order", (Check.PASS, Check.FACE))
    ANNOYED = Defined("it rang too often", RINGS > PATIENCE)


@unique
class Data(Datum):
    """What is kept."""

    GUEST_BOOK = Slot("who came", secret=True)


@unique
class Do(Effect):
    """What is done."""

    RING = action("ring", sets={RINGS: RINGS + 1}, seen=Observer.USER)
    NOTE = action("note the visitor", writes=(Data.GUEST_BOOK,))
    CALM = action("forget how often it rang", sets={RINGS: 0})


DOOR: Table[Door, Event, Cond, Do] = table(
    "house.door",
    "Who gets in.",
    Door,
    Door.SHUT,
    on(
        Event.PUSH,
        "Pushing",
        at(Door.SHUT, Cond.WELCOME, do=(Do.NOTE,), goto=Door.OPEN, raises=(Event.RANG,)),
        otherwise(),
    ),
)
BELL: Table[Bell, Event, Cond, Do] = table(
    "house.bell",
    "Who hears of it.",
    Bell,
    Bell.READY,
    on(
        Event.RANG,
        "Bells",
        at(Bell.READY, Cond.ANNOYED, do=(Do.CALM,)),
        at(Bell.READY, ~Cond.ANNOYED, do=(Do.RING,)),
    ),
)
HOUSE = Composition(
    "house",
    "Visitors.",
    (DOOR, BELL),
    Family("visit", "the visitor", ("house.bell",), "visits", Truth(value=True)),
    Event,
    Cond,
    Check,
    Do,
    Data,
    (RINGS, SEEN),
    (Parameter("patience", 3, "rings"), Parameter("visits", 2, "visitors at a time")),
)


# Compositions.


def test_a_composition_finds_its_tables_rows_and_variables() -> None:
    HOUSE.validate()

    assert HOUSE.table("house.bell") is BELL
    assert HOUSE.table("bell") is BELL
    assert HOUSE.row("house.bell:rang.ready.annoyed") is BELL.rows[0]
    assert HOUSE.rows() == DOOR.rows + BELL.rows
    assert HOUSE.handler == {Event.PUSH: DOOR, Event.RANG: BELL}
    assert [v.name for v in HOUSE.flat_variables()] == ["rings", "seen_0", "seen_1"]
    assert states_of(DOOR) == (Door.SHUT, Door.OPEN, Door.AJAR)
    assert checks_of(Cond.WELCOME) == (Check.PASS, Check.FACE)
    assert checks_of(Cond.ANNOYED) == ()


def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(KeyError, match=r"house\.window"):
        HOUSE.table("house.window")
    with pytest.raises(KeyError, match=r"house\.bell:rang"):
        HOUSE.row("house.bell:rang")


def test_effects_say_what_is_bare_and_data_where_it_is_kept() -> None:
    assert Do.CALM.spec.bare
    assert not Do.RING.spec.bare
    assert not Do.NOTE.spec.bare
    assert Data.GUEST_BOOK.slot == "guest_book"
    assert Data.GUEST_BOOK.spec.secret
    assert Event.PUSH.origin is Origin.RECEIVED
    assert Event.RANG.origin is Origin.RAISED


def test_two_tables_cannot_handle_one_event() -> None:
    other = replace(BELL, name="house.gong")

    with pytest.raises(IllFormed) as caught:
        HOUSE.with_tables((DOOR, BELL, other))

    assert str(caught.value) == "RANG is handled by house.bell and house.gong"


def edited(row_id: str, **parts: Any) -> Composition:
    """The house with one row edited, whatever the edit leads to."""
    return apply(HOUSE, Variant("edited", edits=(EditRow(row_id, **parts),))).composition


@unique
class MoreEvents(EventBase):
    """Events that no table handles."""

    FIRE = Signal("there is smoke", Origin.RECEIVED)
    ALARM = Signal("people are warned")


@unique
class MoreConditions(Condition):
    """A condition that no row asks for."""

    DARK = Opaque("it is dark")


@unique
class MoreChecks(CheckBase):
    """A check that no condition makes."""

    VOICE = Checking("the voice is known", Point.SIGNATURE)


@unique
class MoreEffects(Effect):
    """An effect that no row has."""

    SLAM = action("slam the door")


@unique
class StrangeEffects(Effect):
    """Effects on variables that are not declared."""

    SET_UNKNOWN = action("set what is not declared", sets={STRANGER: True})
    SET_FROM_UNKNOWN = action("use what is not declared", sets={RINGS: PATIENCE})


@unique
class StrangeConditions(Condition):
    """A condition on a variable that is not declared."""

    IS_STRANGER = Defined("asks for what is not declared", STRANGER)


@unique
class StrangeChecks(CheckBase):
    """A check of a variable that is not declared."""

    NO_STRANGER = Checking("checks what is not declared", Point.POLICY, ~STRANGER)


@unique
class NoChecks(CheckBase):
    """No checks at all."""


@unique
class OnStrangers(Condition):
    """A validity that makes the strange check."""

    WELCOME = Validity("makes the check", (StrangeChecks.NO_STRANGER,))


WELCOMED, ANNOYED = "house.door:push.shut.welcome", "house.bell:rang.ready.annoyed"


@pytest.mark.parametrize(
    ("composition", "message"),
    [
        pytest.param(
            HOUSE.with_tables((DOOR,)),
            f"{WELCOMED} raises RANG, which no table handles",
            id="raised-and-not-handled",
        ),
        pytest.param(
            edited(WELCOMED, raises=(Raise(Event.PUSH),)),
            f"{WELCOMED} raises PUSH, which comes from outside",
            id="raised-from-inside",
        ),
        pytest.param(
            edited(WELCOMED, when=Guard.of(Cond.ANNOYED)),
            "house.door: PUSH in SHUT: no row holds when WELCOME holds: "
            f"{WELCOMED}, house.door:push.shut.otherwise",
            id="ill-formed-table",
        ),
        pytest.param(
            replace(HOUSE, events=MoreEvents),
            "no table handles FIRE",
            id="not-handled",
        ),
        pytest.param(
            edited(WELCOMED, raises=()),
            "no row raises RANG",
            id="not-raised",
        ),
        pytest.param(
            replace(HOUSE, effects=MoreEffects),
            "no row has the effect SLAM",
            id="effect-not-used",
        ),
        pytest.param(
            replace(HOUSE, conditions=MoreConditions),
            "no row asks for DARK",
            id="condition-not-asked",
        ),
        pytest.param(
            replace(HOUSE, checks=MoreChecks),
            "no condition makes the check VOICE",
            id="check-not-made",
        ),
        pytest.param(
            replace(HOUSE, variables=(SEEN,)),
            "RING mentions rings, which is not declared",
            id="variable-not-declared",
        ),
        pytest.param(
            replace(HOUSE, parameters=HOUSE.parameters[1:]),
            "ANNOYED mentions patience, which is not declared",
            id="parameter-not-declared",
        ),
    ],
)
def test_an_ill_formed_composition_is_refused_with_the_fault_named(
    composition: Composition, message: str
) -> None:
    with pytest.raises(IllFormed) as caught:
        composition.validate()

    assert str(caught.value) == message


def one_cell(when: Guard, do: tuple[Effect, ...]) -> AnyTable:
    """A table that asks and does."""
    group: Any = on(Event.PUSH, "", at(Door.SHUT, when, do=do, raises=(Event.RANG,)), otherwise())
    made: AnyTable = table("house.door", "", Door, Door.SHUT, group)
    return made


@pytest.mark.parametrize(
    ("words", "when", "do", "message"),
    [
        (
            {"effects": StrangeEffects},
            Guard.of(Cond.WELCOME),
            tuple(StrangeEffects),
            "SET_UNKNOWN mentions stranger, which is not declared",
        ),
        (
            {"conditions": StrangeConditions, "checks": NoChecks},
            Guard.of(StrangeConditions.IS_STRANGER),
            (Do.NOTE,),
            "IS_STRANGER mentions stranger, which is not declared",
        ),
        (
            {"conditions": OnStrangers, "checks": StrangeChecks},
            Guard.of(OnStrangers.WELCOME),
            (Do.NOTE,),
            "NO_STRANGER mentions stranger, which is not declared",
        ),
    ],
)
def test_whatever_mentions_a_variable_needs_it_declared(
    words: dict[str, Any], when: Guard, do: tuple[Effect, ...], message: str
) -> None:
    strange = replace(HOUSE, tables=(one_cell(when, do), BELL), **words)

    with pytest.raises(IllFormed) as caught:
        strange.validate()

    assert str(caught.value) == message


# Variants.


def test_no_edit_leaves_the_composition_as_it_is() -> None:
    applied = apply(HOUSE)

    assert applied.composition is HOUSE
    assert applied.skipped == applied.falsified == frozenset()
    assert applied.parameters == {"patience": 3, "visits": 2}
    assert applied.overrides == {}
    assert NONE.name == ""


def test_a_dropped_row_is_gone_and_only_there() -> None:
    dropped = apply(HOUSE, Variant("v", edits=(DropRow(WELCOMED),))).composition

    assert [WELCOMED, *(row.id for row in dropped.rows())] == [row.id for row in HOUSE.rows()]
    assert dropped.table("door").pick(Door.SHUT, Event.PUSH, lambda _: True) is None
    assert HOUSE.table("door").pick(Door.SHUT, Event.PUSH, lambda _: True) == DOOR.rows[0]


def test_an_edited_row_differs_in_the_parts_that_are_given() -> None:
    before = HOUSE.row(WELCOMED)

    assert edited(WELCOMED).row(WELCOMED) == before
    assert edited(WELCOMED, goto=Door.AJAR).row(WELCOMED) == replace(before, goto=Door.AJAR)
    assert edited(WELCOMED, do=()).row(WELCOMED) == replace(before, do=())
    assert edited(WELCOMED, when=ALWAYS).row(WELCOMED) == replace(before, when=ALWAYS)
    assert edited(WELCOMED, raises=()).row(WELCOMED) == replace(before, raises=())
    # The index that rows are picked from is that of the edited rows.
    wider = edited(WELCOMED, when=ALWAYS).table("door")
    picked = wider.pick(Door.SHUT, Event.PUSH, lambda _: False)
    assert picked is not None
    assert picked.id == WELCOMED


def test_checks_parameters_and_operations_are_edited_beside_the_rows() -> None:
    applied = apply(
        HOUSE,
        Variant(
            "v",
            edits=(
                SkipCheck(Check.FACE),
                Falsify(Check.PASS),
                SetParameter("visits", 1),
                Override("open_sesame", "always"),
            ),
        ),
    )

    assert applied.composition is HOUSE
    assert applied.skipped == {Check.FACE}
    assert applied.falsified == {Check.PASS}
    assert applied.parameters == {"patience": 3, "visits": 1}
    assert applied.overrides == {"open_sesame": "always"}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (DropRow("house.door:push.ceiling"), "there is no row house.door:push.ceiling"),
        (EditRow("house.door:push.ceiling"), "there is no row house.door:push.ceiling"),
        (SkipCheck(Check.PASS), "PASS is structural and cannot be skipped"),
        (SetParameter("height", 2), "there is no parameter height"),
    ],
)
def test_an_edit_of_what_is_not_there_is_refused(edit: Edit, message: str) -> None:
    with pytest.raises(BadVariant) as caught:
        apply(HOUSE, Variant("v", edits=(edit,)))

    assert str(caught.value) == message


def test_variants_are_joined_with_their_names_and_edits() -> None:
    one = Variant("one", "this", (DropRow(WELCOMED),))
    other = Variant("other", "that", (SkipCheck(Check.FACE),))

    assert one | other == Variant("one + other", "this; that", one.edits + other.edits)
    assert one | NONE == one
    assert NONE | one == one


def test_the_mutants_drop_each_row_that_does_something_and_lead_each_row_elsewhere() -> None:
    assert [mutant.name for mutant in mutants(HOUSE)] == [
        f"drop {WELCOMED}",
        f"retarget {WELCOMED} SHUT",
        f"retarget {WELCOMED} AJAR",
        # Dropping a row that ignores changes nothing that anybody could notice.
        "retarget house.door:push.shut.otherwise OPEN",
        "retarget house.door:push.shut.otherwise AJAR",
        "retarget house.door:push.open.otherwise SHUT",
        "retarget house.door:push.open.otherwise AJAR",
        "retarget house.door:push.ajar.otherwise SHUT",
        "retarget house.door:push.ajar.otherwise OPEN",
        # The bell has one state, and nowhere else to go.
        f"drop {ANNOYED}",
        "drop house.bell:rang.ready.not-annoyed",
    ]


def test_every_mutant_differs_from_the_original_in_one_row() -> None:
    original = {row.id: row for row in HOUSE.rows()}
    for mutant in mutants(HOUSE):
        changed = {row.id: row for row in apply(HOUSE, mutant).composition.rows()}
        differing = [i for i, row in original.items() if changed.get(i) != row]
        assert len(differing) == 1, mutant.name


def test_mutants_can_be_limited_to_some_rows() -> None:
    kept = mutants(HOUSE, lambda row: row.table == "house.bell")

    assert [mutant.edits for mutant in kept] == [
        (DropRow(ANNOYED),),
        (DropRow("house.bell:rang.ready.not-annoyed"),),
    ]
