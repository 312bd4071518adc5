"""Control expressions: plain data, what they mention, and what they become under a reading."""

from __future__ import annotations

import copy
from enum import unique
from types import SimpleNamespace

import pytest

from otr_model.kernel.expr import (
    BoolVar,
    Choice,
    Comparison,
    Conjunction,
    Declare,
    Disjunction,
    InState,
    Int,
    IntVar,
    Number,
    Scope,
    Truth,
    Value,
    enum_of,
    lift_value,
)
from otr_model.kernel.readings import PAGE, PROMELA, PYTHON
from otr_model.kernel.words import Word, about_of

member, shared = Declare(Scope.MEMBER), Declare(Scope.SHARED)
message, config = Declare(Scope.MESSAGE), Declare(Scope.ENDPOINT)

KEYID = member.integer("keyid", "serial number of the key", initial=1)
HELD = member.flag("held", "the key is held", initial=True)
SEEN = member.array("seen", "last counter, by age of either key", 2, 3)
BEST = shared.integer("best", "which session is used")
COUNTER = message.integer("counter", "the message's counter")
URGENT = message.flag("urgent", "the message is urgent")
LIMIT = config.integer("limit", "how many keys there may be")


@unique
class Door(Word):
    """States of a machine."""

    OPEN = "one can walk through"
    SHUT_AND_LOCKED = "one cannot"


def step(**member_values: object) -> SimpleNamespace:
    """A running step, as far as a reading looks at one."""
    values: dict[str, object] = {cell.name: 10 * i + j for (i, j), cell in SEEN.cells()}
    values |= {"keyid": 4, "held": True, "door": Door.OPEN} | member_values
    return SimpleNamespace(
        member=SimpleNamespace(**values),
        master=SimpleNamespace(door=Door.SHUT_AND_LOCKED),
        shared=SimpleNamespace(best=0x200),
        facts=SimpleNamespace(counter=7, urgent=False),
        config=SimpleNamespace(limit=5),
    )


# Words.


def test_a_word_knows_its_label_and_its_meaning() -> None:
    assert Door.SHUT_AND_LOCKED.label == "shut-and-locked"
    assert Door.OPEN.meaning == "one can walk through"
    assert about_of(SimpleNamespace(about="from a record")) == "from a record"
    assert about_of(3) == "3"


def test_words_are_hashed_by_identity_and_stay_single_when_copied() -> None:
    assert hash(Door.OPEN) == object.__hash__(Door.OPEN)
    assert copy.deepcopy(Door.OPEN) is Door.OPEN
    assert {Door.OPEN: 1, Door.SHUT_AND_LOCKED: 2}[Door("one cannot")] == 2


def test_two_words_with_one_text_are_refused() -> None:
    with pytest.raises(ValueError, match="SHUT -> OPEN"):

        @unique
        class _Twice(Word):
            OPEN = "one can walk through"
            SHUT = "one can walk through"


# Expressions as data.


def test_expressions_are_compared_by_structure() -> None:
    assert KEYID + Number(1) == KEYID + 1
    assert KEYID + 1 != KEYID - 1
    assert hash((KEYID < 3) & HELD) == hash((KEYID < 3) & HELD)
    assert isinstance(KEYID.equals(KEYID), Comparison)
    assert (KEYID > COUNTER) == (COUNTER < KEYID)
    assert (KEYID >= COUNTER) == (COUNTER <= KEYID)


def test_a_variable_is_its_name_and_scope_whatever_is_said_about_it() -> None:
    assert member.integer("keyid", "said otherwise", initial=1) == KEYID
    others: list[object] = [
        shared.integer("keyid", KEYID.about, initial=1),
        member.integer("keyid", KEYID.about, initial=2),
        member.flag("keyid", KEYID.about, initial=True),
        member.integer("keyid_0", KEYID.about, initial=1),
    ]
    assert len({KEYID, *others}) == 5


def test_an_expression_lists_the_variables_that_it_mentions() -> None:
    cells = {cell for _, cell in SEEN.cells()}

    assert Choice(HELD, KEYID - BEST, Number(1)).variables() == {HELD, KEYID, BEST}
    assert (~(URGENT | HELD) & (COUNTER + 1 <= LIMIT)).variables() == {URGENT, HELD, COUNTER, LIMIT}
    assert SEEN[KEYID, 0].variables() == cells | {KEYID}
    assert InState("door", (Door.OPEN,)).variables() == set()
    assert Conjunction(()).variables() == Disjunction(()).variables() == set()
    assert Truth(value=True).variables() == Number(1).variables() == set()


@pytest.mark.parametrize(
    ("value", "lifted"),
    [(1, Number(1)), (True, Truth(value=True)), (False, Truth(value=False)), (HELD, HELD)],
)
def test_a_plain_value_becomes_an_expression_of_its_own_type(value: Value, lifted: Value) -> None:
    # Number(1) and Truth(True) would compare equal if one were taken for the other.
    made = lift_value(value)

    assert made == lifted
    assert type(made) is type(lifted)


def test_an_enum_is_found_from_its_states() -> None:
    assert enum_of((Door.SHUT_AND_LOCKED,)) is Door


# Arrays.


def test_the_elements_of_an_array_are_variables_in_order() -> None:
    names = {where: cell.name for where, cell in SEEN.cells()}

    assert names == {
        (0, 0): "seen_0_0",
        (0, 1): "seen_0_1",
        (0, 2): "seen_0_2",
        (1, 0): "seen_1_0",
        (1, 1): "seen_1_1",
        (1, 2): "seen_1_2",
    }
    assert SEEN.cell(1, 2) == IntVar("seen_1_2", Scope.MEMBER, SEEN.about)


@pytest.mark.parametrize("at", [(2, 0), (0, 3), (-1, 0), (0,), (0, 0, 0)])
def test_there_is_no_variable_outside_the_shape(at: tuple[int, ...]) -> None:
    with pytest.raises(IndexError):
        SEEN.cell(*at)


def test_an_element_is_looked_up_by_computed_indices_and_is_0_outside_the_shape() -> None:
    here = SEEN[KEYID - 3, LIMIT - 3].read(PYTHON)

    assert here(step()) == 12
    assert here(step(keyid=3)) == 2
    assert here(step(keyid=5)) == 0
    assert here(step(keyid=2)) == 0


def test_storing_replaces_one_element_and_leaves_the_others() -> None:
    updates = {
        variable.name: value.read(PYTHON)
        for variable, value in SEEN.storing((KEYID - 3, 2), COUNTER + 1).items()
    }

    def after(keyid: int) -> dict[str, int]:
        return {name: value(step(keyid=keyid)) for name, value in updates.items()}

    before = {"seen_0_0": 0, "seen_0_1": 1, "seen_0_2": 2}
    before |= {"seen_1_0": 10, "seen_1_1": 11, "seen_1_2": 12}
    assert after(4) == before | {"seen_1_2": 8}
    assert after(3) == before | {"seen_0_2": 8}
    assert after(9) == before


# Readings.


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (Number(3), 3),
        (KEYID + COUNTER - 1, 10),
        (Choice(HELD, KEYID, COUNTER), 4),
        (Choice(URGENT, KEYID, COUNTER), 7),
        (BEST, 0x200),
        (Truth(value=False), False),
        (HELD & ~URGENT, True),
        (URGENT | ~HELD, False),
        (Conjunction(()), True),
        (Disjunction(()), False),
        (KEYID.equals(4), True),
        (KEYID < 4, False),
        (KEYID <= 4, True),
        (KEYID > 3, True),
        (KEYID >= LIMIT, False),
        (InState("door", (Door.OPEN,)), True),
        (InState("door", (Door.OPEN,), "master"), False),
        (InState("door", (Door.OPEN, Door.SHUT_AND_LOCKED), "master"), True),
        (InState("door", ()), False),
    ],
)
def test_python_computes_an_expression(expression: Int, value: int) -> None:
    assert expression.read(PYTHON)(step()) == value


def test_python_looks_no_further_than_it_must() -> None:
    missing = BoolVar("missing", Scope.MEMBER, "not an attribute of the step")

    assert (~HELD & missing).read(PYTHON)(step()) is False
    assert (HELD | missing).read(PYTHON)(step()) is True
    with pytest.raises(AttributeError, match="missing"):
        (HELD & missing).read(PYTHON)(step())


@pytest.mark.parametrize(
    ("expression", "page", "promela"),
    [
        (Number(0xFF), "255", "255"),
        (Number(0x100), "0x100", "256"),
        (KEYID + 1, "keyid + 1", "(member.keyid + 1)"),
        (KEYID - COUNTER, "keyid − msg.counter", "(member.keyid - facts.counter)"),  # noqa: RUF001 - as pages have it
        (
            Choice(HELD, KEYID, Number(0)),
            "(keyid if held, else 0)",
            "(member.held -> member.keyid : 0)",
        ),
        (
            SEEN[KEYID, 1],
            "seen[keyid, 1]",
            (
                "(member.keyid >= 0 && member.keyid < 2 && 1 >= 0 && 1 < 3"
                " -> member.seen[(member.keyid)*3+(1)] : 0)"
            ),
        ),
        (BEST.equals(LIMIT), "best = limit", "(shared.best == config.limit)"),
        (KEYID < 3, "keyid < 3", "(member.keyid < 3)"),
        (KEYID <= 3, "keyid ≤ 3", "(member.keyid <= 3)"),
        (HELD & ~URGENT, "held and not (msg.urgent)", "(member.held && !(facts.urgent))"),
        (HELD | URGENT, "(held or msg.urgent)", "(member.held || facts.urgent)"),
        (Truth(value=True), "yes", "true"),
        (Truth(value=False), "no", "false"),
        (Conjunction(()), "always", "true"),
        (Disjunction(()), "never", "false"),
        (InState("door", (Door.OPEN,)), "door in OPEN", "((member.door == OPEN))"),
        (
            InState("door", tuple(Door), "master"),
            "master's door in OPEN/SHUT_AND_LOCKED",
            "((master.door == OPEN) || (master.door == SHUT_AND_LOCKED))",
        ),
    ],
)
def test_pages_and_promela_print_an_expression(expression: Int, page: str, promela: str) -> None:
    assert expression.read(PAGE) == page
    assert expression.read(PROMELA) == promela
