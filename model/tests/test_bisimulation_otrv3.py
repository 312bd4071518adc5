"""Bisimulation of OTRv3, held against the reference: what is proved equal is never told apart.

A participant under a variant stands beside one under none. Both receive the same messages and the
same commands, at random, from a partner and a network that loses, repeats and reorders; what they
show must be the same.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import TYPE_CHECKING

import pytest

from otr_check.bisimulation import (
    OTRV3_MESSAGES,
    Candidate,
    Equivalent,
    InternalOnly,
    Judge,
    Verdict,
    follow,
    row_pairs,
)
from otr_check.otrv3.suite import TermSuite
from otr_check.terms import TermPool
from otr_model.kernel.expr import Bool
from otr_model.kernel.readings import PythonReading
from otr_model.kernel.variant import NONE, Override, Variant, mutants
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.variants import LITERAL
from otr_model.otrv3.words import Auth, Msg
from otr_reference.otrv3 import notices
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv3.endpoint import Endpoint
from otr_reference.otrv3.session import Config
from otr_reference.otrv3.step import Otrv3Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_reference.otrv3.commands import Input
    from otr_reference.otrv3.messages import Message
    from otr_reference.sorts import Octets, Wire

pytestmark = pytest.mark.slow


@cache
def judge() -> Judge:
    return Judge(follow(OTRV3, Otrv3Step, given=OTRV3_MESSAGES))


@cache
def verdict(name: str) -> Verdict:
    return judge().judge(BY_NAME[name])


BY_NAME = {variant.name: variant for variant in mutants(OTRV3)}


class OrderedSuite(TermSuite):
    """Terms whose hashes have an order: that of their being made."""

    def higher(self, ours: Octets, theirs: Octets) -> bool:
        """By the text of the term."""
        return repr(ours) > repr(theirs)


POLICIES: tuple[dict[str, bool], ...] = (
    {},
    {"allow_v3": False},
    {"allow_v2": False},
    {"whitespace_start_ake": True, "send_whitespace_tag": True},
    {"require_encryption": True, "error_start_ake": True},
    {"allow_v2": False, "allow_v3": False},
)
RAW = (b"?OTRv23?", b"?OTR:AAMD.", b"?OTR,1,2,aa,", b"?OTR,2,2,bb,", b"plain")


class Twins:
    """A participant under a variant beside one under none, and their partner."""

    def __init__(self, variant: Variant, policy: dict[str, bool]) -> None:
        self.suite = OrderedSuite(pool=TermPool())
        self.partner = self._endpoint("alice", 0x101, NONE, {})
        self.twins = [self._endpoint("bob", 0x202, v, policy) for v in (NONE, variant)]
        self.of_partner = Endpoint.begin()
        self.of_twins = [Endpoint.begin(), Endpoint.begin()]
        self.to_partner: list[Wire] = []
        self.to_twins: list[Wire] = []

    def _endpoint(self, name: str, tag: int, variant: Variant, policy: dict[str, bool]) -> Endpoint:
        suite = self.suite
        signing = suite.signing_key(name)
        config = Config(
            signing, suite.public_key(signing), suite.seed(name.encode()), tag, **policy
        )
        return Endpoint(suite, config, variant)

    def partner_takes(self, given: Input, now: int) -> None:
        """The partner takes an input."""
        stepped = self.partner.step(self.of_partner, given, now)
        self.of_partner = stepped.conversation
        self.to_twins += [o.wire for o in stepped.outputs if isinstance(o, notices.Send)]

    def twins_take(self, given: Input, now: int) -> tuple[object, object]:
        """Both take the same input: what they show."""
        shown = []
        for number, (endpoint, before) in enumerate(zip(self.twins, self.of_twins, strict=True)):
            stepped = endpoint.step(before, given, now)
            self.of_twins[number] = stepped.conversation
            shown.append(stepped.outputs)
        self.to_partner += [o.wire for o in shown[0] if isinstance(o, notices.Send)]
        return shown[0], shown[1]

    def command(self, random: Random) -> Input:
        """What a user may ask for."""
        text = self.suite.octets(random.choice((b"hello", b"howdy", b"")))
        secret = self.suite.passphrase(b"secret")
        commands: tuple[Input, ...] = (
            *(Start(), SendText(text), SendText(text), StartSmp(secret), AnswerSmp(secret)),
            *(Heartbeat(), UseExtraKey(7, text), AbortSmp(), End()),
        )
        return random.choice(commands)


def taken(queue: list[Wire], random: Random) -> Wire:
    """A message from a queue, mostly the first; now and then it stays there, too."""
    place = 0 if random.random() < 0.8 else random.randrange(len(queue))
    return queue[place] if random.random() < 0.1 else queue.pop(place)


def differences(variant: Variant, seed: int, moves: int = 60) -> Iterator[object]:
    """What is not the same, in a run at random."""
    random = Random(seed)  # noqa: S311 - a script, no secret
    twins = Twins(variant, POLICIES[seed % len(POLICIES)])
    for now in range(0, 5 * moves, 5):
        what = random.random()
        if twins.to_twins and what < 0.45:
            given: Input = Receive(taken(twins.to_twins, random))
        elif twins.to_partner and what < 0.75:
            twins.partner_takes(Receive(taken(twins.to_partner, random)), now)
            continue
        elif what < 0.85:
            twins.partner_takes(twins.command(random), now)
            continue
        elif what < 0.9:
            given = Receive(twins.suite.wire(random.choice(RAW)))
        else:
            given = twins.command(random)
        one, other = twins.twins_take(given, now)
        if one != other:
            yield given, one, other


FIRED = "otrv3.ake:signature.awaiting-sig.allowed.signature-valid"


def proved_quickly() -> list[Variant]:
    """Mutants of rows that are proved never to be taken, and two that differ inside."""
    original = judge().original
    fired = {row for paths in original.paths.values() for p in paths for row in p.step.left}
    assert FIRED in fired
    never = [v for v in BY_NAME.values() if not any(f" {row}" in f" {v.name}" for row in fired)]
    inside = ("drop otrv3.fragment:arrived.empty.first-too-large",)
    return [*never, *(BY_NAME[name] for name in inside)]


def test_what_is_proved_equal_is_never_told_apart_at_random() -> None:
    proved = [v for v in proved_quickly() if not isinstance(verdict(v.name), Candidate)]

    assert len(proved) > 100
    for number, variant in enumerate(proved[::4]):
        assert not list(differences(variant, number)), variant.name


def test_runs_at_random_do_tell_some_variants_apart() -> None:
    told = BY_NAME[f"drop {FIRED}"]

    assert any(list(differences(told, seed)) for seed in range(0, 12, 6))


NOTICED = (
    "drop otrv3.ake:query-offer.none.offers-3",
    "drop otrv3.ake:dh-commit.none.allowed",
    "retarget otrv3.ake:dh-commit.none.allowed AWAITING_SIG",
    "drop otrv3.ake:dh-key.awaiting-dhkey.allowed.dh-key-valid",
    f"drop {FIRED}",
    f"retarget {FIRED} AWAITING_SIG",
    "retarget otrv3.message:disconnected.encrypted PLAINTEXT",
    "drop otrv3.message:user-send.encrypted",
    "drop otrv3.keys:data-taken.held.acknowledges.advances",
    "retarget otrv3.smp:smp-2.expect2.private.smp-2-valid EXPECT1",
    "drop otrv3.fragment:arrived.collecting.last",
    "drop otrv3.tlv:tlv-done.ready",
)
"""Faults that a case of the suite notices."""


@pytest.mark.parametrize("name", NOTICED)
def test_what_a_case_notices_is_never_proved_equal(name: str) -> None:
    found = verdict(name)

    assert isinstance(found, Candidate)
    assert 1 <= len(found.inputs) <= 6


def test_what_is_assumed_of_messages_holds_of_those_that_are_exchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading = PythonReading()
    holds = [a.holds.read(reading) for a in OTRV3_MESSAGES if isinstance(a.holds, Bool)]
    take, looked = Otrv3Step.take, set()

    def watched(step: Otrv3Step, message: Message, now: int) -> None:
        take(step, message, now)
        assert all(each(step) for each in holds)
        looked.add(step.facts.kind)

    monkeypatch.setattr(Otrv3Step, "take", watched)
    for seed in range(12):
        assert not list(differences(NONE, seed))

    assert len(looked) >= 9


def test_the_literal_readings_of_the_tables_can_be_told_from_ours() -> None:
    told = {
        name.rpartition(":")[2]: isinstance(judge().judge(variant), Candidate)
        for name, variant in LITERAL.items()
        if not any(isinstance(edit, Override) for edit in variant.edits)
    }

    assert all(told.values()), told


def test_reveal_signature_states_are_told_apart() -> None:
    """Joint states that differ in authstate alone, everything else being the same."""
    world = judge().world
    role = world.roles[1]
    at = [table.machine for table in role.tables].index("ake")

    def with_auth(state: Auth) -> tuple[object, ...]:
        return (*role.initial[:at], state, *role.initial[at + 1 :])

    found = judge().tell_apart(role, with_auth(Auth.NONE), with_auth(Auth.AWAITING_SIG))  # type: ignore[arg-type]
    assert isinstance(found, Candidate)
    assert len(found.inputs) == 1


def test_pairs_of_rows_begin_with_a_message_that_arrives() -> None:
    pairs = row_pairs(judge().original)
    received, share = "otrv3.instances:received.ready.opening", "otrv3.ake:share.none"

    assert any(a == received and b.startswith(share) for a, b in pairs)
    assert len(pairs) > 1000
    longest = max(len(inputs) for inputs in pairs.values())
    assert longest < 12


def test_constants_are_known_where_a_conversation_is_not_private() -> None:
    original = judge().original
    message = [table.machine for table in original.world.roles[1].tables].index("message")
    idle = [
        settled.constants
        for place, settled in original.settled.items()
        if place.is_idle and place.left[message] is not Msg.ENCRYPTED
    ]

    assert idle
    assert all(constants.get("member.smp_asked") is False for constants in idle)
    assert all(constants.get("member.ring", "") is None for constants in idle)


def test_what_others_see_of_a_session_is_known() -> None:
    world = judge().world

    assert world.seen_of_master >= {"machine.ake", "member.commitment"}
    assert world.seen_of_others == {"machine.message", "member.their_tag"}


def test_verdicts_say_what_was_looked_at() -> None:
    never = verdict("retarget otrv3.keys:data-taken.empty HELD")
    inside = verdict("drop otrv3.fragment:arrived.empty.first-too-large")

    assert never == Equivalent(never.variant, 0)
    assert isinstance(inside, InternalOnly)
    assert inside.differ <= {"others", "member.fragments"} | {
        f"member.stored_{name}" for name in ("k", "n", "size")
    }
