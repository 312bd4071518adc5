"""Deviating senders of OTRv4: each fails its check, and a receiver without the check goes along.

A tester that deviates and a receiver talk, online or by a prekey ensemble, with either of them
beginning. What the receiver's rows say of checks is what is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest

from otr_model.kernel.variant import NONE, SkipCheck, Variant
from otr_model.otrv3.conditions import Check as Check3
from otr_model.otrv4.conditions import PROFILE, Check
from otr_reference.derive import NotFalsifiable
from otr_reference.keys.dsa import DsaPrivate, DsaPublic
from otr_reference.otrv4.account import Account
from otr_reference.otrv4.commands import (
    AnswerSmp,
    Receive,
    SendText,
    StartDake,
    StartOffline,
    StartSmp,
)
from otr_reference.otrv4.deviations import DEVIATIONS, deviating
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.messages import Identity
from otr_reference.otrv4.notices import Secured, Send, Shown, SmpStage, SmpStaged
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config
from otr_reference.shake import shake256

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.session import Conversation
    from otr_reference.sorts import Wire

SUITE: Final = RealSuite()
NOW: Final = 1_700_000_000
ROUNDS: Final = 5
TESTER, RECEIVER = 0x101, 0x202

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4
DSA_X: Final = DSA_Q // 3
DSA: Final = DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, DSA_X, DSA_P)), DSA_X)


@dataclass
class Party:
    """A client in a conversation, and what came of it."""

    suite: RealSuite
    account: Account
    endpoint: Endpoint
    conversation: Conversation
    failed: list[str] = field(default_factory=list)
    secured: int = 0
    shown: int = 0
    stages: list[SmpStage] = field(default_factory=list)

    def step(self, given: Input) -> list[Wire]:
        """Take an input; what is sent."""
        stepped = self.endpoint.step(self.conversation, given, NOW)
        self.conversation = stepped.conversation
        self.failed += [fired.failed for fired in stepped.trace if fired.failed]
        for output in stepped.outputs:
            self.secured += isinstance(output, Secured)
            self.shown += isinstance(output, Shown) and output.secure
            if isinstance(output, SmpStaged):
                self.stages.append(output.stage)
        return [output.wire for output in stepped.outputs if isinstance(output, Send)]


def party(name: str, tag: int, suite: RealSuite = SUITE, variant: Variant = NONE) -> Party:
    """A client whose profiles and prekeys, and all that it sends, are of a suite."""
    keys = SUITE.long_term(shake256(name.encode(), 57), dsa=DSA)
    seeds = [SUITE.seed(shake256(f"{name} {n}".encode(), 32)) for n in range(2)]
    both = frozenset({3, 4})
    right = SUITE.client_profile(keys, tag, both, NOW + 100_000, seeds[0])
    endpoint = Endpoint(SUITE, Config(keys, (right,), seeds[1], tag, allow_v3=False), variant)
    account = Account(suite, keys, tag, seeds[0], both)
    account.renew(NOW)
    endpoint.suite = suite
    made = Party(suite, account, endpoint, endpoint.begin())
    take_profiles(made)
    return made


def take_profiles(who: Party) -> None:
    """Give an endpoint what its account has."""
    config, account = who.endpoint.config, who.account
    config.profiles, config.prekey_profiles = account.profiles, account.prekey_profiles
    config.prekeys = account.prekeys


def settle(first: Party, second: Party, given: Input) -> None:
    """One of two takes an input, and both take what is sent until nothing is left."""
    under_way = [(second, wire) for wire in first.step(given)]
    for _ in range(50):
        if not under_way:
            return
        to, wire = under_way.pop(0)
        answerer = first if to is second else second
        under_way += [(answerer, sent) for sent in to.step(Receive(wire))]
    pytest.fail("it does not come to rest")


def talk(tester: Party, receiver: Party) -> None:
    """Each says something, several times."""
    for _ in range(ROUNDS):
        settle(tester, receiver, SendText(SUITE.octets(b"hello")))
        settle(receiver, tester, SendText(SUITE.octets(b"howdy")))


def compare(first: Party, second: Party) -> None:
    """They compare secrets, which are the same."""
    settle(first, second, StartSmp(SUITE.passphrase(b"secret")))
    settle(second, first, AnswerSmp(SUITE.passphrase(b"secret")))


def begins(tester: Party, receiver: Party) -> None:
    """The tester sends the Identity message."""
    settle(tester, receiver, StartDake())
    talk(tester, receiver)


def answers(tester: Party, receiver: Party) -> None:
    """The receiver sends the Identity message."""
    settle(receiver, tester, StartDake())
    talk(tester, receiver)


def offline(first: Party, second: Party) -> None:
    """The first sends a Non-Interactive-Auth message for an ensemble of the second's."""
    (ensemble,) = second.account.make_ensembles(NOW, 1)
    take_profiles(second)
    settle(first, second, StartOffline(ensemble))


def publishes(tester: Party, receiver: Party) -> None:
    """The tester publishes the ensemble."""
    offline(receiver, tester)
    talk(tester, receiver)


def retrieves(tester: Party, receiver: Party) -> None:
    """The receiver publishes the ensemble."""
    offline(tester, receiver)
    talk(tester, receiver)


def compares(tester: Party, receiver: Party) -> None:
    """SMP, begun by the tester and then by the receiver."""
    settle(tester, receiver, StartDake())
    compare(tester, receiver)
    compare(receiver, tester)


SCENES: Final = (begins, answers, publishes, retrieves)
SENT: Final = (begins, answers, retrieves)
PLACE: Final = {
    Check.PROFILE_OWNER: SENT,  # of an ensemble, ENSEMBLE_OWNERS is asked
    Check.ECDH_POINT: SENT,
    Check.DH_MEMBER: SENT,
    Check.FIRST_ECDH_POINT: SENT,
    Check.FIRST_DH_MEMBER: SENT,
    Check.AUTH_R_SIGMA: (answers,),
    Check.AUTH_I_SIGMA: (begins,),
    Check.PREKEY_KNOWN: (retrieves,),
    Check.NON_INTERACTIVE_SIGMA: (retrieves,),
    Check.AUTH_MAC: (retrieves,),
}


def where(check: Check) -> tuple[Callable[[Party, Party], None], ...]:
    """Where a check is made of what the tester sends."""
    if check in PLACE:
        return PLACE[check]
    if check in PROFILE or check.name.startswith("DATA"):
        return SCENES
    ensemble = check.name.startswith(("ENSEMBLE", "PREKEY", "SHARED"))
    return (publishes,) if ensemble else (compares,)


PLACES: Final = [(check, scene) for check in Check for scene in where(check)]
NAMES: Final = [f"{check.label}-{scene.__name__}" for check, scene in PLACES]


def test_there_is_a_deviation_for_every_check() -> None:
    assert set(DEVIATIONS) == set(Check)
    with pytest.raises(NotFalsifiable, match="there is no deviation that fails GY_RANGE"):
        deviating(SUITE, frozenset({Check3.GY_RANGE}))
    assert deviating(SUITE, frozenset()) is SUITE


@pytest.mark.parametrize("scene", [*SCENES, compares])
def test_nothing_fails_where_nobody_deviates(scene: Callable[[Party, Party], None]) -> None:
    tester, receiver = party("tester", TESTER), party("receiver", RECEIVER)

    scene(tester, receiver)

    assert not tester.failed + receiver.failed
    assert tester.secured == receiver.secured == 1
    assert tester.shown == receiver.shown == (0 if scene is compares else ROUNDS)
    succeeded = 2 if scene is compares else 0
    assert tester.stages.count(SmpStage.SUCCESS) == succeeded
    assert receiver.stages.count(SmpStage.SUCCESS) == succeeded


@pytest.mark.parametrize(("check", "scene"), PLACES, ids=NAMES)
def test_a_check_fails_and_no_other(check: Check, scene: Callable[[Party, Party], None]) -> None:
    tester = party("tester", TESTER, deviating(SUITE, frozenset({check})))
    receiver = party("receiver", RECEIVER)

    scene(tester, receiver)

    assert set(receiver.failed) == {check.label}
    assert not tester.failed
    data = check.name.startswith("DATA")
    assert receiver.secured == (data or scene is compares)
    assert receiver.shown < ROUNDS or not data
    assert receiver.stages.count(SmpStage.SUCCESS) < 2


GOES_ON: Final = {
    # A responder's, or retriever's, own first key is that of its first Data Message, which is not
    # what the DAKE has shown.
    (Check.FIRST_ECDH_POINT, answers): ROUNDS - 1,
    (Check.FIRST_ECDH_POINT, retrieves): ROUNDS - 1,
    (Check.PROFILE_FRESH, publishes): 0,
    (Check.PREKEY_PROFILE_FRESH, publishes): 0,
}
"""How many of the tester's texts are read, where it is not all of them."""
OWN: Final = {
    # The tester does not take what answers its own profile, which has expired.
    (Check.PROFILE_FRESH, publishes): {Check.PREKEY_KNOWN.label},
    (Check.PREKEY_PROFILE_FRESH, publishes): {Check.PREKEY_KNOWN.label},
}
"""What fails on the tester's side."""


@pytest.mark.parametrize(
    ("check", "scene"),
    [place for place in PLACES if not place[0].spec.structural],
    ids=[name for name, place in zip(NAMES, PLACES, strict=True) if not place[0].spec.structural],
)
def test_without_the_check_all_goes_well(
    check: Check, scene: Callable[[Party, Party], None]
) -> None:
    tester = party("tester", TESTER, deviating(SUITE, frozenset({check})))
    skipping = Variant("skipping", edits=(SkipCheck(check),))
    receiver = party("receiver", RECEIVER, variant=skipping)

    scene(tester, receiver)

    assert not receiver.failed
    assert set(tester.failed) == OWN.get((check, scene), set())
    assert receiver.secured == 1
    if scene is compares:
        assert tester.stages.count(SmpStage.SUCCESS) == 2
        assert receiver.stages.count(SmpStage.SUCCESS) == 2
    else:
        assert receiver.shown == GOES_ON.get((check, scene), ROUNDS)


def test_several_deviations_at_once() -> None:
    both = frozenset({Check.PROFILE_SIGNED, Check.FIRST_DH_MEMBER, Check.DH_MEMBER})
    tester = party("tester", TESTER, deviating(SUITE, both))
    skipping = Variant("skipping", edits=(SkipCheck(Check.PROFILE_SIGNED),))
    receiver = party("receiver", RECEIVER, variant=skipping)

    begins(tester, receiver)

    assert set(receiver.failed) == {Check.DH_MEMBER.label}
    skips = tuple(SkipCheck(check) for check in both)
    receiver = party("receiver", RECEIVER, variant=Variant("skipping", edits=skips))
    tester = party("tester", TESTER, deviating(SUITE, both))
    begins(tester, receiver)
    assert not receiver.failed
    assert receiver.shown == ROUNDS


def test_the_original_suite_is_as_it_was() -> None:
    deviant = deviating(SUITE, frozenset(Check))
    keys, seed = SUITE.long_term(bytes(57)), SUITE.seed(bytes(32))

    made = deviant.client_profile(keys, TESTER, frozenset({4}), NOW, seed)

    assert not SUITE.profile_signed(made)
    right = SUITE.client_profile(keys, TESTER, frozenset({4}), NOW, seed)
    assert SUITE.profile_signed(right)
    assert type(SUITE) is RealSuite
    assert isinstance(deviant, RealSuite)


def test_which_messages_differ() -> None:
    """A deviation in one kind of message leaves the others alone."""
    tester = party("tester", TESTER, deviating(SUITE, frozenset({Check.AUTH_R_SIGMA})))
    right = party("tester", TESTER)

    (sent,), (expected,) = tester.step(StartDake()), right.step(StartDake())

    assert isinstance(SUITE.decode(sent), Identity)
    assert sent == expected
