"""Effects do what they declare, and nothing else: every case is played under a watchful engine."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.otrv3.grade import play
from otr_conformance.otrv3.labs import TermLab
from otr_conformance.otrv3.stage import reference_target
from otr_conformance.protocols import protocol
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
of_member, of_shared = attrgetter(*MEMBER_SLOTS), attrgetter(*SHARED_SLOTS)
CASES = protocol("otrv3").suite.cases
LAB = TermLab()


def declared(effect: Effect, scope: Scope) -> set[str]:
    """The attributes of a scope that an effect may change."""
    spec = effect.spec
    data = {d.slot for d in (*spec.writes, *spec.forgets) if d.spec.scope is scope}
    return data | {variable.name for variable in spec.sets if variable.scope is scope}


def changed(
    slots: tuple[str, ...], before: tuple[object, ...], after: tuple[object, ...]
) -> set[str]:
    values = zip(slots, before, after, strict=True)
    return {slot for slot, old, new in values if old is not new}


SEEN: dict[Effect, int] = {}


@pytest.fixture(autouse=True, scope="module")
def watchful() -> Iterator[None]:
    """The engine, comparing what every effect changed with what it declares."""
    perform = Engine._perform

    def watched(step: Any, move: Any, effect: Any) -> None:
        word = effect.word
        member, shared = of_member(step.member), of_shared(step.shared)
        told = len(step.outputs)
        perform(step, move, effect)
        SEEN[word] = SEEN.get(word, 0) + 1
        where = f"{move.id}: {word.name}"
        wrong = changed(MEMBER_SLOTS, member, of_member(step.member)) - declared(word, Scope.MEMBER)
        assert not wrong, f"{where} changes {wrong} of the session, and does not declare it"
        wrong = changed(SHARED_SLOTS, shared, of_shared(step.shared)) - declared(word, Scope.SHARED)
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


@pytest.mark.slow
@pytest.mark.parametrize("area", sorted({case.name.partition(".")[0] for case in CASES.values()}))
def test_effects_change_what_they_declare(area: str) -> None:
    for case in CASES.values():
        if case.name.startswith(f"{area}."):
            played = play(case, LAB, reference_target())
            assert not played.stuck, case.id
            assert played.observations, case.id


def test_every_effect_is_seen() -> None:
    for case in CASES.values():
        if not set(Do) - set(SEEN):
            break
        play(case, LAB, reference_target())
    assert set(Do) - set(SEEN) == set()
