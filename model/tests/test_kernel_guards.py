"""Guards: how they read in ids and on pages, what they ask, and which valuations there are."""

from __future__ import annotations

from enum import unique
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_model.kernel.guard import ALWAYS, Exclusive, Guard, none_of, places, valuations
from otr_model.kernel.vocabulary import Condition, Opaque

if TYPE_CHECKING:
    from collections.abc import Iterable


@unique
class Cond(Condition):
    """What a driver looks at."""

    RED = Opaque("the light is red")
    AMBER = Opaque("the light is amber")
    GREEN = Opaque("the light is green")
    JAM_AHEAD = Opaque("there is no room behind the crossing")


RED, AMBER, GREEN, JAM = Cond.RED, Cond.AMBER, Cond.GREEN, Cond.JAM_AHEAD
ALL = tuple(Cond)
GUARDS = st.recursive(
    st.sampled_from([ALWAYS, *map(Guard.of, ALL)]),
    lambda inner: st.one_of(
        inner.map(lambda g: ~g),
        st.tuples(inner, inner).map(lambda p: p[0] & p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] | p[1]),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("guard", "label", "text"),
    [
        (ALWAYS, "", "always"),
        (Guard.of(JAM), "jam-ahead", "JAM_AHEAD"),
        (~JAM, "not-jam-ahead", "not JAM_AHEAD"),
        (GREEN & ~JAM, "green.not-jam-ahead", "GREEN and not JAM_AHEAD"),
        (RED | AMBER, "red-or-amber", "RED or AMBER"),
        ((RED | AMBER) & JAM, "red-or-amber.jam-ahead", "(RED or AMBER) and JAM_AHEAD"),
        (~(RED | AMBER), "not(red-or-amber)", "not (RED or AMBER)"),
        (RED & AMBER & JAM, "red.amber.jam-ahead", "RED and AMBER and JAM_AHEAD"),
    ],
)
def test_a_guard_has_a_label_for_ids_and_a_text_for_pages(
    guard: Guard, label: str, text: str
) -> None:
    assert guard.label == label
    assert guard.text == text


def test_always_adds_nothing_to_a_conjunction() -> None:
    assert Guard.of(RED) == ALWAYS & RED
    assert ~RED == ALWAYS & ~RED


def test_the_atoms_of_a_guard_are_listed_once_in_order_of_appearance() -> None:
    assert ((GREEN & ~JAM) | (RED & GREEN)).atoms() == (GREEN, JAM, RED)
    assert ALWAYS.atoms() == ()


def test_a_guard_asks_from_left_to_right_and_only_as_far_as_needed() -> None:
    asked: list[Condition] = []

    def ask(condition: Condition) -> bool:
        asked.append(condition)
        return condition is GREEN

    assert (RED & JAM).holds(ask) is False
    assert asked == [RED]
    asked.clear()
    assert (GREEN | JAM).holds(ask) is True
    assert asked == [GREEN]
    asked.clear()
    assert (~RED & GREEN & ~JAM).holds(ask) is True
    assert asked == [RED, GREEN, JAM]


@given(GUARDS, GUARDS, st.fixed_dictionaries({c: st.booleans() for c in ALL}))
def test_a_guard_is_a_truth_function_and_settles_step_by_step(
    one: Guard, other: Guard, valuation: dict[Condition, bool]
) -> None:
    ask = valuation.__getitem__
    first, second = one.holds(ask), other.holds(ask)

    known: dict[Condition, bool] = {}
    settled = one.settle(known)
    while not isinstance(settled, bool):
        assert settled not in known
        known[settled] = valuation[settled]
        settled = one.settle(known)
    assert settled is first
    assert (one & other).holds(ask) is (first and second)
    assert (one | other).holds(ask) is (first or second)
    assert (~one).holds(ask) is not first
    assert none_of((one, other)).holds(ask) is not (first or second)


GROUPS = (
    (),
    (Exclusive((RED, AMBER, GREEN)),),
    (Exclusive((RED, AMBER, GREEN), complete=True),),
    (Exclusive((GREEN, JAM)), Exclusive((RED, AMBER))),
)


@given(GUARDS, st.permutations(ALL), st.sampled_from(GROUPS))
def test_where_a_guard_holds_is_found_for_all_valuations_at_once(
    guard: Guard, atoms: list[Condition], groups: tuple[Exclusive, ...]
) -> None:
    held, everywhere = places(atoms, groups)

    found = guard.where(held, everywhere)

    asked = [guard.holds(each.__getitem__) for each in valuations(atoms, groups)]
    assert [bool(found >> place & 1) for place in range(len(asked))] == asked
    assert everywhere == (1 << len(asked)) - 1


def test_where_no_guard_is_none_of_them_is_always() -> None:
    assert none_of(()) is ALWAYS


def holding(found: Iterable[dict[Condition, bool]]) -> list[set[str]]:
    """What holds in each valuation."""
    return [{c.name for c, value in valuation.items() if value} for valuation in found]


def test_independent_conditions_hold_in_every_combination() -> None:
    found = list(valuations((RED, JAM), ()))

    assert [tuple(v.values()) for v in found] == list(product((False, True), repeat=2))


def test_at_most_one_of_an_exclusive_group_holds() -> None:
    lights = Exclusive((RED, AMBER, GREEN))

    assert holding(valuations((RED, AMBER, GREEN), (lights,))) == [
        {"RED"},
        {"AMBER"},
        {"GREEN"},
        set(),
    ]
    assert holding(valuations((RED, JAM, GREEN), (lights,))) == [
        {"RED"},
        {"RED", "JAM_AHEAD"},
        {"GREEN"},
        {"GREEN", "JAM_AHEAD"},
        set(),
        {"JAM_AHEAD"},
    ]


def test_exactly_one_of_a_complete_group_holds_where_all_of_it_is_asked() -> None:
    lights = Exclusive((RED, AMBER, GREEN), complete=True)

    assert holding(valuations(ALL[:3], (lights,))) == [{"RED"}, {"AMBER"}, {"GREEN"}]
    # Where one is not asked, it may be that one which holds.
    assert holding(valuations((RED, AMBER), (lights,))) == [{"RED"}, {"AMBER"}, set()]
    # One condition alone excludes nothing.
    assert holding(valuations((RED,), (lights,))) == [set(), {"RED"}]


def test_a_condition_of_two_groups_never_loses_a_valuation() -> None:
    groups = (Exclusive((RED, GREEN)), Exclusive((GREEN, JAM), complete=True))
    found = holding(valuations((RED, GREEN, JAM), groups))

    for possible in ({"RED", "JAM_AHEAD"}, {"GREEN"}, {"JAM_AHEAD"}):
        assert possible in found
    assert not any({"RED", "GREEN"} <= one for one in found)
