"""Effects do what they declare, and nothing else: every case is played under a watchful engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import otr_conformance.otrv3.cases  # noqa: F401 - importing declares the cases
from otr_conformance.otrv3.case import CASES, Case
from otr_conformance.otrv3.grade import play
from otr_conformance.otrv3.labs import TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_model.kernel.expr import Scope
from otr_model.kernel.vocabulary import Effect, Observer
from otr_model.otrv3.effects import Do
from otr_reference.engine import Engine
from otr_reference.otrv3 import notices
from otr_reference.otrv3.session import Conversation, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBER_SLOTS = Session.__slots__
SHARED_SLOTS = tuple(s for s in Conversation.__slots__ if s not in {"members", "draws"})


def declared(effect: Effect, scope: Scope) -> set[str]:
    """The attributes of a scope that an effect may change."""
    spec = effect.spec
    data = {d.slot for d in (*spec.writes, *spec.forgets) if d.spec.scope is scope}
    return data | {variable.name for variable in spec.sets if variable.scope is scope}


def snapshot(owner: object, slots: tuple[str, ...]) -> dict[str, object]:
    return {slot: getattr(owner, slot) for slot in slots}


def changed(before: dict[str, object], after: dict[str, object]) -> set[str]:
    return {slot for slot in before if before[slot] is not after[slot]}


SEEN: dict[Effect, int] = {}


@pytest.fixture(autouse=True, scope="module")
def watchful() -> Iterator[None]:
    """The engine, comparing what every effect changed with what it declares."""
    perform = Engine._perform

    def watched(step: Any, move: Any, effect: Any) -> None:
        word = effect.word
        member = snapshot(step.member, MEMBER_SLOTS)
        shared = snapshot(step.shared, SHARED_SLOTS)
        told = len(step.outputs)
        perform(step, move, effect)
        SEEN[word] = SEEN.get(word, 0) + 1
        where = f"{move.id}: {word.name}"
        wrong = changed(member, snapshot(step.member, MEMBER_SLOTS)) - declared(word, Scope.MEMBER)
        assert not wrong, f"{where} changes {wrong} of the session, and does not declare it"
        wrong = changed(shared, snapshot(step.shared, SHARED_SLOTS)) - declared(word, Scope.SHARED)
        assert not wrong, f"{where} changes {wrong} of the conversation, and does not declare it"
        for datum in word.spec.forgets:
            owner = step.shared if datum.spec.scope is Scope.SHARED else step.member
            assert getattr(owner, datum.slot) is None, f"{where} does not forget {datum.name}"
        sends = [isinstance(o, notices.Send) for o in step.outputs[told:]]
        match word.spec.seen:
            case Observer.NOBODY:
                assert not sends, f"{where} is observable, and declared internal"
            case Observer.WIRE:
                assert any(sends), f"{where} sends nothing"
            case Observer.USER:
                assert sends, f"{where} tells the user nothing"
                assert not any(sends), f"{where} sends a message"

    Engine._perform = staticmethod(watched)  # type: ignore[method-assign]
    yield
    Engine._perform = staticmethod(perform)  # type: ignore[method-assign]


@pytest.mark.parametrize("case", list(CASES.values()), ids=list(CASES))
def test_effects_change_what_they_declare(case: Case) -> None:
    played = play(case, TermLab(), reference_target())
    assert not played.stuck
    assert played.observations


def test_every_effect_is_seen() -> None:
    lab = TermLab()
    for case in CASES.values():
        play(case, lab, reference_target())
    assert set(Do) - set(SEEN) == set()
