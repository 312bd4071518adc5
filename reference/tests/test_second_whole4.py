"""Whole conversations of OTRv4, computed by the reference and a second time from the text.

Clients and chats run the tables; the second computation knows none. Both are given the same
secrets: what the reference draws from its seeds is drawn here once more, by the number of the draw.
The second computation hashes and prunes every random scalar, as the text does, and so does the
suite in the dialect `LITERAL`: then every message of both is the same, octet by octet. In our own
reading random scalars are uniform: then each side of the reference talks to the other side of the
second computation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import shake_256
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest
import second_dake as dake
import second_ed448 as ed448
import second_encoding as enc
import second_smp as smp
from second_ratchet import Ratchet
from second_ring import RingRandom

from otr_model.otrv4.words import Msg
from otr_reference.otrv4 import wire as formats
from otr_reference.otrv4.chat import SUITE, Client
from otr_reference.otrv4.dialects import dialect
from otr_reference.otrv4.notices import (
    Expired,
    ExtraKey,
    Insecure,
    PeerFinished,
    PrekeyUsed,
    Secured,
    Shown,
    SmpStage,
    SmpStaged,
)
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from second_ratchet import Received, Sent

    from otr_reference.otrv4.chat import Heard
    from otr_reference.otrv4.messages import PrekeyEnsemble
    from otr_reference.otrv4.real import RealSuite
    from otr_reference.otrv4.session import Session

LITERAL: Final[RealSuite] = dialect(SUITE, {"ring_randoms": "pruned", "smp_randoms": "pruned"})
NOW: Final = 1_700_000_000
WEEK: Final = 604800
POLICY: Final = Policy(allow_v3=False)
NAMES: Final = ("alice@example.org", "bob@example.org")
PHI: Final = dake.Context(NAMES)
TAGS: Final = (0x101, 0xFFFFFF01)
SECRET, QUESTION = b"correct horse", b"which animal?"


def drawn(seed: bytes, draw: int, size: int) -> bytes:
    """What a seed gives at one draw."""
    numbers = (number.to_bytes(8, "big") for number in (draw, size, len(seed)))
    return shake_256(b"".join((b"otrspec OTRv4 draw 1", *numbers, seed))).digest(size)


def sent_as(octets: bytes) -> bytes:
    """A message of the second computation as the network carries it."""
    return enc.encode_message(octets).encode()


def octets_of(wire: bytes) -> bytes:
    """A message of the network as the second computation takes it."""
    return enc.decode_message(wire.decode())


class Clock:
    """The time that both clients see."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        """Tell it."""
        return self.now


@dataclass(frozen=True)
class Secrets:
    """What both computations are given for one participant.

    Attributes:
        number: which of the two it is.
    """

    number: int

    @property
    def name(self) -> str:
        """Its address."""
        return NAMES[self.number]

    @property
    def tag(self) -> int:
        """Its instance tag."""
        return TAGS[self.number]

    @property
    def kept(self) -> bytes:
        """What the randomness of its account comes from."""
        return f"the account of {self.name}".encode()

    @property
    def seed(self) -> bytes:
        """What the randomness of its conversation comes from."""
        return f"the conversation of {self.name}".encode()

    def long_term(self, key: str) -> bytes:
        """The 57 bytes that H or F is made of."""
        return shake_256(f"{key} of {self.name}".encode()).digest(57)

    def ecdh(self, draw: int) -> bytes:
        """The seed of the ECDH key, or of a scalar, of a draw."""
        return drawn(self.seed, draw, 57)

    def dh(self, draw: int) -> int:
        """The exponent of a draw."""
        return int.from_bytes(drawn(self.seed, draw, 80), "big")

    def ring(self, draw: int) -> RingRandom:
        """The random values of a ring signature of a draw."""
        values = drawn(self.seed, draw, 9 * 57)
        return RingRandom(*(values[at : at + 57] for at in range(0, 9 * 57, 57)))


@cache
def party(secrets: Secrets) -> dake.Party:
    """What the second computation makes of the long-term secrets."""
    sym_h = secrets.long_term("H")
    point = ed448.generate(secrets.long_term("F")).public
    public = ed448.generate(sym_h).public
    fields = enc.ClientProfileFields(secrets.tag, public, point, b"4", NOW + WEEK)
    profile = enc.create_client_profile(sym_h, fields)
    return dake.Party(sym_h, point, profile, secrets.tag)


ALICE, BOB = Secrets(0), Secrets(1)


class Person:
    """A participant: our client and chat, and its secrets."""

    def __init__(self, secrets: Secrets, suite: RealSuite, clock: Clock) -> None:
        self.secrets = secrets
        self.tag = secrets.tag
        self.client = Client(
            secrets.long_term("H"),
            forging=secrets.long_term("F"),
            tag=secrets.tag,
            clock=clock,
            seed=secrets.kept,
            lifetime=WEEK,
        )
        assert self.client.client_profile == party(secrets).client_profile
        theirs = NAMES[1 - secrets.number]
        self.chat = self.client.chat(
            POLICY, our_name=secrets.name, their_name=theirs, seed=secrets.seed
        )
        self.chat.endpoint.suite = suite

    @property
    def session(self) -> Session:
        """Our session with the other side."""
        return self.chat.conversation.current

    @property
    def draws(self) -> int:
        """How many draws our chat has made."""
        return self.chat.conversation.draws

    def begun(self, start: dake.RatchetStart, their_tag: int) -> Ratchet:
        """The ratchet of the second computation."""
        return Ratchet(start, self.tag, their_tag)


def people(suite: RealSuite) -> tuple[Person, Person, Clock]:
    """Alice, Bob, and their time."""
    clock = Clock()
    return Person(ALICE, suite, clock), Person(BOB, suite, clock), clock


def the_only(heard: Heard) -> bytes:
    """The one message that was sent."""
    (wire,) = heard.wires
    return wire


def secured(heard: Heard) -> Secured:
    """The news that a conversation is private, which comes last."""
    notice = heard.notices[-1]
    assert isinstance(notice, Secured)
    return notice


# The DAKEs, both sides of the second computation at once.


@cache
def interactive() -> dake.InteractiveDake:
    """The interactive DAKE of two who have drawn nothing before; Bob begins."""
    initiator = dake.InitiatorSecrets(
        BOB.ecdh(1), BOB.dh(2), BOB.ecdh(3), BOB.dh(4), BOB.ecdh(6), BOB.dh(7), BOB.ring(5)
    )
    responder = dake.ResponderSecrets(
        ALICE.ecdh(1), ALICE.dh(2), ALICE.ecdh(3), ALICE.dh(4), ALICE.ring(5)
    )
    return dake.interactive_dake(party(BOB), initiator, party(ALICE), responder, PHI)


@cache
def offline() -> tuple[dake.PrekeySecrets, dake.NonInteractiveDake]:
    """The non-interactive DAKE of two who have drawn nothing before; Bob has published."""
    sym_d = drawn(BOB.kept, 1, 57)
    shared = ed448.generate(sym_d).public
    secrets = dake.PrekeySecrets(
        y=drawn(BOB.kept, 3, 57),
        b=int.from_bytes(drawn(BOB.kept, 4, 80), "big"),
        sym_d=sym_d,
        prekey_profile=enc.create_prekey_profile(BOB.long_term("H"), BOB.tag, NOW + WEEK, shared),
        identifier=int.from_bytes(drawn(BOB.kept, 2, 4), "big"),
    )
    responder = dake.ResponderSecrets(
        ALICE.ecdh(1), ALICE.dh(2), ALICE.ecdh(3), ALICE.dh(4), ALICE.ring(5)
    )
    return secrets, dake.non_interactive_dake(party(BOB), secrets, party(ALICE), responder, PHI)


def published(bob: Person) -> PrekeyEnsemble:
    """The first ensemble of our Bob, which is that of the second."""
    (ensemble,) = bob.client.make_ensembles(1)
    _, second = offline()
    assert second.ensemble == (
        formats.encode_client_profile(ensemble.client_profile),
        formats.encode_prekey_profile(ensemble.prekey_profile),
        formats.encode_prekey_message(ensemble.message),
    )
    return ensemble


# Both computations side by side.


@dataclass
class Pair:
    """A participant in both computations."""

    ours: Person
    second: Ratchet
    waiting: list[bytes] = field(default_factory=list)
    ratchets: int = 0

    def fresh(self, draws: int) -> dict[str, Any]:
        """The secrets of the ratchet that a message begins, if it begins one after those draws."""
        if not self.second.needs_new_ecdh:
            return {}
        self.ratchets += 1
        if not self.second.needs_new_dh:
            return {"new_ecdh_seed": self.ours.secrets.ecdh(draws + 1)}
        return {
            "new_dh_secret": self.ours.secrets.dh(draws + 1),
            "new_ecdh_seed": self.ours.secrets.ecdh(draws + 2),
        }

    def says(
        self, do: Callable[[], Heard], text: bytes, *tlvs: enc.Tlv, flags: int = 0, used: int = 0
    ) -> tuple[Heard, Sent]:
        """Both make the same message.

        Args:
            do: what our user does.
            text: what it says.
            tlvs: what else it says.
            flags: with which flags.
            used: how many draws come before those of the ratchet.
        """
        draws = self.ours.draws
        heard = do()
        sent = self.second.encrypt(text, tlvs, flags, **self.fresh(draws + used))
        assert heard.wires == (sent_as(sent.data_message),)
        return heard, sent

    def hears(self, wire: bytes) -> tuple[Heard, Received]:
        """Both take a message, and keep the same of it."""
        heard = self.ours.chat.receive(wire)
        received = self.second.decrypt(octets_of(wire))
        shown = [n.text for n in heard.notices if isinstance(n, Shown)]
        assert shown == ([received.plaintext] if received.plaintext else [])
        self.compare()
        return heard, received

    def compare(self) -> None:
        """The keys that both hold are the same, and so are the counters."""
        session, second = self.ours.session, self.second
        chain = session.chain
        assert chain is not None
        assert (chain.root, chain.brace) == (second.root_key, second.brace_key)
        assert (chain.their_ecdh, chain.their_dh) == (second.their_ecdh, second.their_dh)
        assert chain.receiving == second.chain_key_r
        assert chain.sending == second.chain_key_s
        assert {place: keys.encryption for place, keys in chain.skipped.items()} == {
            place: kept.mk_enc for place, kept in second.skipped_MKenc.items()
        }
        assert list(session.old_mac_keys or ()) == second.mac_keys_to_reveal
        assert (session.i, session.j, session.k) == (second.i, second.j, second.k)
        assert session.max_remote_i_seen == second.max_remote_i_seen


def begin_online() -> tuple[Pair, Pair, Clock]:
    """Both computations of an interactive DAKE."""
    alice, bob, clock = people(LITERAL)
    second = interactive()
    identity = the_only(bob.chat.start_dake())
    assert identity == sent_as(second.identity)
    auth_r = the_only(alice.chat.receive(identity))
    assert auth_r == sent_as(second.auth_r)
    told = bob.chat.receive(auth_r)
    assert the_only(told) == sent_as(second.auth_i)
    for heard in (told, alice.chat.receive(the_only(told))):
        assert secured(heard).ssid == second.ssid
    return (
        Pair(alice, alice.begun(second.alice, bob.tag)),
        Pair(bob, bob.begun(second.bob, alice.tag)),
        clock,
    )


def begin_offline() -> tuple[Pair, Pair, Clock]:
    """Both computations of a non-interactive DAKE."""
    alice, bob, clock = people(LITERAL)
    ensemble, (secrets, second) = published(bob), offline()
    told = alice.chat.start_offline(ensemble)
    assert the_only(told) == sent_as(second.non_interactive_auth)
    taken = bob.chat.receive(the_only(told))
    assert taken.notices[0] == PrekeyUsed(secrets.identifier, alice.tag)
    for heard in (told, taken):
        assert secured(heard).ssid == second.ssid
    return (
        Pair(alice, alice.begun(second.alice, bob.tag)),
        Pair(bob, bob.begun(second.bob, alice.tag)),
        clock,
    )


STARTS: Final = pytest.mark.parametrize("begin", [begin_online, begin_offline])


@pytest.mark.slow
@STARTS
def test_every_message_of_both_computations_is_the_same(
    begin: Callable[[], tuple[Pair, Pair, Clock]],
) -> None:
    alice, bob, clock = begin()
    for pair in (alice, bob):
        pair.compare()
    for turn in range(14):
        speaker, hearer = (alice, bob) if turn % 2 == 0 else (bob, alice)
        wires = []
        for number in range(3):
            text = f"{turn} {number}: été".encode()
            heard, _ = speaker.says(partial(speaker.ours.chat.send, text), text)
            wires.append(the_only(heard))
        if turn % 3 == 0:  # the first of them comes when the next ratchet has begun
            hearer.waiting.append(wires.pop(0))
        elif hearer.waiting:
            wires.append(hearer.waiting.pop())
        if turn in {9, 10}:  # the last but one of them never comes
            wires.pop(-2)
        for wire in wires[::-1]:
            hearer.hears(wire)
    assert alice.ratchets + bob.ratchets >= 12

    # The extra symmetric key.
    tlv = enc.Tlv(enc.TLV_EXTRA_SYMMETRIC_KEY, b"\0\0\0\x07" + b"a file")
    heard, sent = alice.says(
        lambda: alice.ours.chat.use_extra_key(7, b"a file"), b"", tlv, flags=enc.IGNORE_UNREADABLE
    )
    taken, received = bob.hears(the_only(heard))
    for told in (heard, taken):
        notice = told.notices[0]
        assert isinstance(notice, ExtraKey)
        assert notice.key == sent.keys.extra_symm_key == received.extra_symm_key

    # The end: Alice's last word has every MAC key, those of messages that never came included.
    heard, _ = bob.says(lambda: bob.ours.chat.send(b"bye"), b"bye")
    alice.hears(the_only(heard))
    assert [len(pair.second.skipped_MKenc) for pair in (alice, bob)] == [1, 2]
    clock.now += 2 * WEEK
    draws = alice.ours.draws
    heard = alice.ours.chat.tick()
    last = alice.second.expire(**alice.fresh(draws))
    assert heard.wires == (sent_as(last.data_message),)
    assert heard.notices == (Expired(bob.ours.tag),)
    assert len(last.old_mac_keys) == 2
    assert bob.ours.chat.receive(the_only(heard)).notices == (PeerFinished(alice.ours.tag),)


@pytest.mark.slow
@STARTS
@pytest.mark.parametrize("typed", [SECRET, b"another"], ids=["same", "other"])
def test_smp_of_both_computations_is_the_same(
    begin: Callable[[], tuple[Pair, Pair, Clock]], typed: bytes
) -> None:
    alice, bob, _ = begin()
    heard, _ = alice.says(lambda: alice.ours.chat.send(b"hello"), b"hello")
    bob.hears(the_only(heard))
    prints = alice.ours.client.fingerprint, bob.ours.client.fingerprint
    ssid = alice.ours.session.ssid
    assert ssid is not None
    x, y = (smp.smp_secret(*prints, SUITE.to_bytes(ssid), word) for word in (SECRET, typed))

    def values(pair: Pair, *numbers: int) -> tuple[bytes, ...]:
        """Random values, by the number of the draw from now on."""
        draws = pair.ours.draws
        return tuple(pair.ours.secrets.ecdh(draws + number) for number in numbers)

    first = smp.smp_1(QUESTION, x, smp.Random1(*values(alice, 1, 2, 3, 4)))
    heard, _ = alice.says(
        lambda: alice.ours.chat.start_smp(SECRET, QUESTION),
        b"",
        enc.Tlv(2, first.value),
        flags=enc.IGNORE_UNREADABLE,
        used=4,
    )
    taken, _ = bob.hears(the_only(heard))
    assert taken.notices == (SmpStaged(SmpStage.ASKED, SUITE.octets(QUESTION), alice.ours.tag),)
    second = smp.smp_2(first.value, y, smp.Random2(*values(bob, 1, 2, 4, 5, 3, 6, 7)))
    heard, _ = bob.says(
        lambda: bob.ours.chat.answer_smp(typed),
        b"",
        enc.Tlv(3, second.value),
        flags=enc.IGNORE_UNREADABLE,
        used=7,
    )

    def answers(pair: Pair, wire: bytes, tlv: enc.Tlv, used: int) -> Heard:
        """A message that our side answers by itself."""
        received = pair.second.decrypt(octets_of(wire))
        assert received.from_skipped is False
        return pair.says(
            lambda: pair.ours.chat.receive(wire), b"", tlv, flags=enc.IGNORE_UNREADABLE, used=used
        )[0]

    third = smp.smp_3(first, second.value, smp.Random3(*values(alice, 1, 2, 3, 4)))
    heard = answers(alice, the_only(heard), enc.Tlv(4, third.value), 4)
    fourth = smp.smp_4(second, third.value, *values(bob, 1))
    heard = answers(bob, the_only(heard), enc.Tlv(5, fourth.value), 1)
    ended = SmpStage.SUCCESS if typed == SECRET else SmpStage.FAILURE
    assert heard.notices == (SmpStaged(ended, None, alice.ours.tag),)
    taken, _ = alice.hears(the_only(heard))
    assert taken.notices == (SmpStaged(ended, None, bob.ours.tag),)
    fifth = smp.smp_5(third, fourth.value)
    assert fourth.equal == fifth.equal == (typed == SECRET)


# Each side of ours with the other side of theirs.


@dataclass
class Mixed:
    """Our chat on one side, the second computation on the other."""

    ours: Person
    theirs: Person
    second: Ratchet
    ssid: bytes
    seeds: Iterator[int] = field(default_factory=count)

    def they_say(self, text: bytes, *tlvs: enc.Tlv) -> Heard:
        """The second computation sends; ours hears."""
        fresh: dict[str, Any] = {}
        if self.second.needs_new_ecdh:
            fresh["new_ecdh_seed"] = self.random()
        if self.second.needs_new_dh:
            fresh["new_dh_secret"] = int.from_bytes(self.random(), "big")
        sent = self.second.encrypt(text, tlvs, **fresh)
        return self.ours.chat.receive(sent_as(sent.data_message))

    def random(self) -> bytes:
        """57 bytes that nobody has seen."""
        return drawn(b"theirs", next(self.seeds), 57)

    def they_hear(self, heard: Heard) -> Received:
        """Ours has sent; the second computation hears."""
        return self.second.decrypt(octets_of(the_only(heard)))


def our_alice_online() -> Mixed:
    """Our Alice answers the Identity message of the second Bob."""
    alice, bob, _ = people(SUITE)
    second = interactive()
    auth_r = the_only(alice.chat.receive(sent_as(second.identity)))
    assert auth_r != sent_as(second.auth_r)
    dake.verify_auth_r(second.identity, octets_of(auth_r), NOW, PHI)
    told = secured(alice.chat.receive(sent_as(second.auth_i)))
    assert (told.ssid, told.bold_first) == (second.ssid, True)
    return Mixed(alice, bob, bob.begun(second.bob, alice.tag), second.ssid)


def our_bob_online() -> Mixed:
    """The second Alice answers the Identity message of our Bob."""
    alice, bob, _ = people(SUITE)
    second = interactive()
    identity = the_only(bob.chat.start_dake())
    assert identity == sent_as(second.identity)
    heard = bob.chat.receive(sent_as(second.auth_r))
    auth_i = octets_of(the_only(heard))
    assert auth_i != second.auth_i
    dake.verify_auth_i(second.identity, second.auth_r, auth_i, PHI)
    assert (secured(heard).ssid, secured(heard).bold_first) == (second.ssid, False)
    return Mixed(bob, alice, alice.begun(second.alice, bob.tag), second.ssid)


def our_alice_offline() -> Mixed:
    """Our Alice begins with an ensemble of the second Bob."""
    alice, bob, _ = people(SUITE)
    ensemble, (_, second) = published(bob), offline()
    heard = alice.chat.start_offline(ensemble)
    auth = octets_of(the_only(heard))
    assert auth != second.non_interactive_auth
    dake.verify_non_interactive_auth(second.ensemble, auth, second.auth_mac_k, NOW, PHI)
    assert (secured(heard).ssid, secured(heard).bold_first) == (second.ssid, True)
    return Mixed(alice, bob, bob.begun(second.bob, alice.tag), second.ssid)


def our_bob_offline() -> Mixed:
    """The second Alice begins with an ensemble of our Bob."""
    alice, bob, _ = people(SUITE)
    published(bob)
    _, second = offline()
    heard = bob.chat.receive(sent_as(second.non_interactive_auth))
    assert (secured(heard).ssid, secured(heard).bold_first) == (second.ssid, False)
    return Mixed(bob, alice, alice.begun(second.alice, bob.tag), second.ssid)


MIXED: Final = pytest.mark.parametrize(
    "meet", [our_alice_online, our_bob_online, our_alice_offline, our_bob_offline]
)


@pytest.mark.slow
@MIXED
def test_either_side_of_ours_talks_to_the_other_side_of_theirs(meet: Callable[[], Mixed]) -> None:
    talk = meet()
    if talk.second.our_ecdh is None:  # a publisher hears first
        assert talk.they_hear(talk.ours.chat.send(b"first")).plaintext == b"first"
    for turn in range(8):
        text = b"theirs %d" % turn
        (shown,) = talk.they_say(text).notices
        assert isinstance(shown, Shown)
        assert (SUITE.to_bytes(shown.text), shown.secure) == (text, True)
        late = talk.ours.chat.send(b"late %d" % turn)
        assert talk.they_hear(talk.ours.chat.send(b"ours %d" % turn)).plaintext == b"ours %d" % turn
        assert talk.they_hear(late).from_skipped
    assert talk.second.i > 14
    received = talk.they_hear(talk.ours.chat.end())
    assert received.tlvs == (enc.Tlv(enc.TLV_DISCONNECTED, b""),)


@MIXED
@pytest.mark.parametrize(
    ("we_begin", "typed"), [(True, SECRET), (False, b"another")], ids=["ours", "theirs"]
)
def test_smp_between_ours_and_theirs(
    meet: Callable[[], Mixed], *, we_begin: bool, typed: bytes
) -> None:
    talk = meet()
    talk.they_hear(talk.ours.chat.send(b"hello"))
    chat, random = talk.ours.chat, talk.random
    sides = (talk.ours, talk.theirs) if we_begin else (talk.theirs, talk.ours)
    prints = [side.client.fingerprint for side in sides]
    theirs = smp.smp_secret(*prints, talk.ssid, typed)
    ended = SmpStage.SUCCESS if typed == SECRET else SmpStage.FAILURE
    if we_begin:
        (first,) = talk.they_hear(chat.start_smp(SECRET, QUESTION)).tlvs
        assert smp.decode_message_1(first.value).question == QUESTION
        step_2 = smp.smp_2(first.value, theirs, smp.Random2(*(random() for _ in range(7))))
        (third,) = talk.they_hear(talk.they_say(b"", enc.Tlv(3, step_2.value))).tlvs
        step_4 = smp.smp_4(step_2, third.value, random())
        equal, heard = step_4.equal, talk.they_say(b"", enc.Tlv(5, step_4.value))
    else:
        step_1 = smp.smp_1(QUESTION, theirs, smp.Random1(*(random() for _ in range(4))))
        (asked,) = talk.they_say(b"", enc.Tlv(2, step_1.value)).notices
        assert asked == SmpStaged(SmpStage.ASKED, SUITE.octets(QUESTION), talk.theirs.tag)
        (second,) = talk.they_hear(chat.answer_smp(SECRET)).tlvs
        step_3 = smp.smp_3(step_1, second.value, smp.Random3(*(random() for _ in range(4))))
        heard = talk.they_say(b"", enc.Tlv(4, step_3.value))
        (fourth,) = talk.they_hear(heard).tlvs
        equal = smp.smp_5(step_3, fourth.value).equal
    assert equal == (typed == SECRET)
    assert heard.notices == (SmpStaged(ended, None, talk.theirs.tag),)


@MIXED
def test_theirs_end_the_conversation(meet: Callable[[], Mixed]) -> None:
    talk = meet()
    talk.they_hear(talk.ours.chat.send(b"hello"))
    heard = talk.they_say(b"bye", enc.Tlv(enc.TLV_DISCONNECTED, b""))
    assert [type(notice) for notice in heard.notices] == [Shown, PeerFinished]
    assert talk.ours.session.message is Msg.FINISHED
    assert [type(notice) for notice in talk.ours.chat.end().notices] == [Insecure]
    assert talk.ours.session.message is Msg.START
