"""Forged transcripts of version 4: who can make them, and that nobody can tell.

Alice and Bob are honest clients with all of their secrets. A forger gets what the test says, and
public values. What he makes is played to honest endpoints of theirs, and judged by a third party.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.otrv3.endpoint import BadConfig
from otr_reference.otrv4 import forge, wire
from otr_reference.otrv4.chat import Client
from otr_reference.otrv4.commands import Receive, SendText, StartDake, StartOffline
from otr_reference.otrv4.endpoint import Endpoint
from otr_reference.otrv4.forge import (
    CannotForge,
    DakeSecrets,
    FalseEnsemble,
    Forgery,
    Setting,
    Side,
    false_prekey_ensemble,
    forge_dake,
    forge_offline,
    forge_transcript,
    impersonate_initiator,
    impersonate_responder,
    modify,
    parse,
    read_and_forge,
    remac,
    session_keys,
    show_mac_key,
)
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    Content,
    DataMessage,
    Disconnected,
    Identity,
    NonInteractiveAuth,
    PrekeyEnsemble,
)
from otr_reference.otrv4.notices import EnsembleRefused, Secured, Send, Shown
from otr_reference.otrv4.real import RealSuite
from otr_reference.otrv4.session import Config, OwnPrekeyProfile, Policy
from otr_reference.otrv4.suite import PhiSide, Transcript

if TYPE_CHECKING:
    from otr_reference.otrv4.chat import Chat, Heard
    from otr_reference.otrv4.commands import Input
    from otr_reference.otrv4.messages import ClientProfile, Message, PrekeyProfile
    from otr_reference.otrv4.session import OwnPrekey
    from otr_reference.sorts import Octets

SUITE: Final = RealSuite()
NOW: Final = 1_700_000_000
A, FA, B, FB, MALLORY = (bytes((n,)) * 57 for n in range(1, 6))
SIDES: Final = (Side.INITIATOR, Side.RESPONDER)
SAID: Final = (
    (Side.INITIATOR, b"Did you take it?"),
    (Side.RESPONDER, "Yes, I did. \u2014 A.".encode()),
    (Side.RESPONDER, b"I am sorry"),
    (Side.INITIATOR, b"Give it back"),
    (Side.RESPONDER, b"Never"),
    (Side.INITIATOR, b"Then I shall tell"),
    (Side.RESPONDER, b"Nobody will believe you"),
)
ONLY_V4: Final = Policy(allow_v3=False)


def client(sym_h: bytes, forging: bytes, tag: int) -> Client:
    return Client(sym_h, forging=forging, tag=tag, clock=lambda: NOW, seed=b"client" + sym_h)


ALICE, BOB = client(A, FA, 0x1001), client(B, FB, 0x2002)
PROFILES: Final = {
    Side.INITIATOR: BOB.account.profiles[0],
    Side.RESPONDER: ALICE.account.profiles[0],
}
BOBS, ALICES = PROFILES[Side.INITIATOR], PROFILES[Side.RESPONDER]
KEYS: Final = {Side.INITIATOR: BOB.account.keys, Side.RESPONDER: ALICE.account.keys}
(ENSEMBLE,) = BOB.make_ensembles(1)
SETTING: Final = Setting(
    NOW, b"seed of a forgery, 32 bytes long", "bob@a.example", "alice@b.example"
)


# Honest witnesses.


class Honest:
    """An honest endpoint with its own secrets, and the draws of one that was forged."""

    def __init__(
        self,
        side: Side,
        setting: Setting,
        prekeys: dict[int, OwnPrekey] | None = None,
        prekey_profiles: tuple[OwnPrekeyProfile, ...] = (),
    ) -> None:
        config = Config(
            KEYS[side],
            (PROFILES[side],),
            SUITE.seed(side.value.encode() + b"\0" + setting.seed),
            PROFILES[side].owner_tag,
            prekey_profiles,
            prekeys or {},
            our_name=setting.name(side),
            their_name=setting.name(side.other),
            allow_v3=False,
        )
        self.endpoint = Endpoint(SUITE, config)
        self.conversation = self.endpoint.begin()
        self.notices: list[object] = []

    def step(self, given_: Input) -> tuple[bytes, ...]:
        """Take one input, which nothing is wrong with."""
        stepped = self.endpoint.step(self.conversation, given_, NOW)
        assert not [fired for fired in stepped.trace if fired.failed]
        self.conversation = stepped.conversation
        self.notices += [o for o in stepped.outputs if not isinstance(o, Send)]
        return tuple(SUITE.to_bytes(o.wire) for o in stepped.outputs if isinstance(o, Send))

    @property
    def shown(self) -> list[bytes]:
        """The texts that arrived encrypted."""
        return [SUITE.to_bytes(n.text) for n in self.notices if isinstance(n, Shown) and n.secure]


def played_to(honest: Honest, side: Side, forgery: Forgery, start: Input | None) -> None:
    """Let an honest endpoint live through a forged transcript on one side of it.

    Asserts:
        It accepts every message of the other side's, and sends what it is said to have sent, but
        for ring signatures, which have other random values.
    """
    own = list(honest.step(start)) if start is not None else []
    for line in forgery.transcript:
        if line.sender is side.other:
            own += honest.step(Receive(SUITE.wire(line.wire)))
            continue
        if line.text is not None:
            own += honest.step(SendText(SUITE.octets(line.text)))
        assert unsigned(own.pop(0)) == unsigned(line.wire)
    assert own == []
    assert honest.shown == [text for who, text in SAID if who is side.other]
    (secured,) = (n for n in honest.notices if isinstance(n, Secured))
    assert secured.fingerprint == SUITE.fingerprint(PROFILES[side.other])
    assert SUITE.to_bytes(secured.ssid) == forgery.keys(side).ssid


def unsigned(text: bytes) -> Message:
    """A message without its ring signature."""
    message = wire.decode(text)
    if isinstance(message, AuthR | AuthI | NonInteractiveAuth):
        return replace(message, sigma=SUITE.garble_sigma(b"\0" * 342))  # type: ignore[arg-type] # any
    return message


def judged(wires: list[bytes], setting: Setting, prekeys: PrekeyEnsemble | None = None) -> None:
    """Verify what anybody can verify of a transcript: profiles, and ring signatures over t."""
    first, second, third = (wire.decode(each) for each in wires[:3])
    names = setting.name(Side.INITIATOR), setting.name(Side.RESPONDER)
    if isinstance(first, NonInteractiveAuth):
        assert prekeys is not None
        theirs, prekey = prekeys.client_profile, prekeys.message
        phi = SUITE.phi(
            PhiSide(first.header.sender, first.first_ecdh, first.first_dh, names[1]),
            PhiSide(first.header.receiver, None, None, names[0]),
        )
        t = Transcript(theirs, first.profile, prekey.y, first.x, prekey.b, first.a, phi)
        bound = SUITE.non_interactive_bound(t, prekeys.prekey_profile.shared_prekey)
        ring = (theirs.forging_key, first.profile.public_key, prekey.y)
        assert all(SUITE.profile_signed(each) for each in (theirs, first.profile))
        assert SUITE.prekey_profile_signed(theirs, prekeys.prekey_profile)
        assert SUITE.ring_verified(ring, first.sigma, bound)
        assert not SUITE.ring_verified(ring, SUITE.garble_sigma(first.sigma), bound)
        return
    assert isinstance(first, Identity)
    assert isinstance(second, AuthR)
    assert isinstance(third, AuthI)
    phi = SUITE.phi(
        PhiSide(first.header.sender, first.first_ecdh, first.first_dh, names[0]),
        PhiSide(second.header.sender, second.first_ecdh, second.first_dh, names[1]),
    )
    t = Transcript(first.profile, second.profile, first.y, second.x, first.b, second.a, phi)
    bob, alice = first.profile, second.profile
    auth_r, auth_i = SUITE.auth_r_bound(t), SUITE.auth_i_bound(t)
    assert all(SUITE.profile_signed(each) for each in (bob, alice))
    ring = (bob.forging_key, alice.public_key, first.y)
    assert SUITE.ring_verified(ring, second.sigma, auth_r)
    assert not SUITE.ring_verified(ring, SUITE.garble_sigma(second.sigma), auth_r)
    ring = (bob.public_key, alice.forging_key, second.x)
    assert SUITE.ring_verified(ring, third.sigma, auth_i)
    assert not SUITE.ring_verified(ring, SUITE.garble_sigma(third.sigma), auth_i)


def conversation(start: str = "interactive") -> tuple[list[bytes], Chat, Chat]:
    """An honest conversation of what `SAID` says, and the chats of Bob and Alice after it."""
    bob, alice = BOB.chat(ONLY_V4), ALICE.chat(ONLY_V4)
    chats = {Side.INITIATOR: bob, Side.RESPONDER: alice}
    wires: list[bytes] = []

    def deliver(side: Side, heard: Heard) -> None:
        for each in heard.wires:
            wires.append(each)
            deliver(side.other, chats[side.other].receive(each))

    if start == "interactive":
        deliver(Side.INITIATOR, bob.start_dake())
    else:
        (ensemble,) = BOB.make_ensembles(1)
        deliver(Side.RESPONDER, alice.start_offline(ensemble))
    for side, text in SAID:
        deliver(side, chats[side].send(text))
    return wires, bob, alice


def shape(wires: list[bytes]) -> list[tuple[str, int]]:
    return [(type(wire.decode(each)).__name__, len(each)) for each in wires]


def wires_of(forgery: Forgery) -> list[bytes]:
    return [line.wire for line in forgery.transcript]


# "Forge DAKE and Session Keys", "Forge Entire Transcript".


@pytest.mark.parametrize("secret", [A, FA, B, FB, None], ids=["Ha", "Fa", "Hb", "Fb", "none"])
def test_a_forged_conversation_is_as_good_as_an_honest_one(secret: bytes | None) -> None:
    """Whoever forges it: either participant, who holds a forging key, or anybody."""
    forgery = forge_transcript(secret, BOBS, ALICES, SAID, SETTING)

    played_to(Honest(Side.INITIATOR, SETTING), Side.INITIATOR, forgery, StartDake())
    played_to(Honest(Side.RESPONDER, SETTING), Side.RESPONDER, forgery, None)
    judged(wires_of(forgery), SETTING)
    assert [(line.sender, line.text) for line in forgery.transcript if line.text] == list(SAID)
    assert shape(wires_of(forgery)) == shape(conversation()[0])


def test_honest_conversations_pass_the_same_judge() -> None:
    nameless = Setting(NOW)
    judged(conversation()[0], nameless)
    with pytest.raises(AssertionError):
        judged(conversation()[0], SETTING)
    with pytest.raises(AssertionError):
        judged([*conversation()[0][:1], *conversation()[0][1:]], nameless)  # of two conversations


def test_a_dake_alone_can_be_forged_and_gone_on_with() -> None:
    forgery = forge_dake(A, BOBS, ALICES, SETTING)
    kinds = [type(wire.decode(line.wire)) for line in forgery.transcript]
    assert kinds == [Identity, AuthR, AuthI]

    bob, alice = (forgery.keys(side) for side in SIDES)
    assert bob.ssid == alice.ssid
    assert len(bob.ssid) == 8
    assert bob.receiving == alice.sending is not None
    assert alice.receiving is None

    forgery.say(Side.RESPONDER, b"first")
    assert alice.sending is not None
    assert read_and_forge(alice.sending, forgery.transcript[-1].wire).text == b"first"
    for side, text in SAID:
        forgery.say(side, text)
    assert len(forgery.transcript) == 3 + 1 + len(SAID)


def test_the_same_setting_gives_the_same_forgery() -> None:
    first, again = (forge_transcript(A, BOBS, ALICES, SAID, SETTING) for _ in range(2))
    assert first.transcript == again.transcript
    other = forge_transcript(A, BOBS, ALICES, SAID, replace(SETTING, seed=b"another" * 5))
    assert {line.wire for line in first.transcript}.isdisjoint(
        line.wire for line in other.transcript
    )
    assert Setting(NOW).seed != Setting(NOW).seed


def test_a_forged_conversation_ends_and_has_revealed_the_mac_key_of_every_text() -> None:
    forgery = forge_transcript(None, BOBS, ALICES, SAID, SETTING)
    forgery.end(Side.INITIATOR)

    ended = wire.decode(forgery.transcript[-1].wire)
    assert isinstance(ended, DataMessage)
    assert ended.old_mac_keys
    revealed = {
        SUITE.to_bytes(key) for line in forgery.transcript for key in revealed_by(line.wire)
    }
    assert len(revealed) == len(SAID)
    for line in (line for line in forgery.transcript if line.text):
        assert any(remac(line.wire, key) == line.wire for key in revealed)
    with pytest.raises(CannotForge, match="no private conversation"):
        forgery.say(Side.RESPONDER, b"wait")
    with pytest.raises(CannotForge, match="no private conversation"):
        forgery.say(Side.INITIATOR, b"wait")


def revealed_by(text: bytes) -> tuple[Octets, ...]:
    message = wire.decode(text)
    return message.old_mac_keys if isinstance(message, DataMessage) else ()


def test_a_dake_that_nobody_would_accept_is_not_forged() -> None:
    with pytest.raises(CannotForge, match="has not expired"):
        forge_dake(None, BOBS, ALICES, Setting(BOBS.expiration))
    with pytest.raises(CannotForge, match="Client Profile Signature"):
        forge_dake(None, falsified(BOBS), ALICES, SETTING)
    with pytest.raises(CannotForge, match="Client Profile Signature"):
        forge_dake(None, BOBS, falsified(ALICES), SETTING)
    with pytest.raises(CannotForge, match="no key in either"):
        forge_dake(MALLORY, BOBS, ALICES, SETTING)
    with pytest.raises(Malformed):
        forge_dake(b"short", BOBS, ALICES, SETTING)
    with pytest.raises(Malformed, match="NUL"):
        forge_dake(None, BOBS, ALICES, SETTING).say(Side.INITIATOR, b"a\0b")


def falsified(profile: ClientProfile) -> ClientProfile:
    return replace(profile, signature=SUITE.garble_signature(profile.signature))


def test_a_transcript_of_last_year_is_forged_with_the_profiles_of_last_year() -> None:
    assert forge_dake(None, BOBS, ALICES, Setting(NOW - 365 * 86400)).transcript


# Non-interactive DAKEs.


def witness(prekey: OwnPrekey, profile: OwnPrekeyProfile) -> Honest:
    """Bob, who has all secrets of a prekey ensemble."""
    prekeys = {prekey.message.identifier: prekey}
    return Honest(Side.INITIATOR, SETTING, prekeys, (profile,))


def own_prekey(ensemble: PrekeyEnsemble) -> OwnPrekey:
    return BOB.account.prekeys[ensemble.message.identifier]


@pytest.mark.parametrize("secret", [A, FB], ids=["Ha", "Fb"])
def test_who_has_a_published_ensemble_forges_the_whole_conversation(secret: bytes) -> None:
    """Bob's answers too, without any secret of the ensemble."""
    forgery = forge_transcript(secret, ENSEMBLE, ALICES, SAID, SETTING)

    bob = witness(own_prekey(ENSEMBLE), BOB.account.prekey_profiles[0])
    played_to(bob, Side.INITIATOR, forgery, None)
    alice = Honest(Side.RESPONDER, SETTING)
    played_to(alice, Side.RESPONDER, forgery, StartOffline(ENSEMBLE))
    judged(wires_of(forgery), SETTING, ENSEMBLE)
    assert shape(wires_of(forgery)) == shape(conversation("offline")[0])


@pytest.mark.parametrize("secret", [None, A, B, FA, FB], ids=["none", "Ha", "Hb", "Fa", "Fb"])
def test_whoever_makes_a_false_prekey_message_signs_with_it(secret: bytes | None) -> None:
    """For that, the prekey profile may be one that Bob has published."""
    published = BOB.account.prekey_profiles[0]
    false = false_prekey_ensemble(None, BOBS, SETTING, prekey_profile=published.profile)
    assert false.shared_prekey is None

    forgery = forge_transcript(secret, false, ALICES, SAID, SETTING)

    judged(wires_of(forgery), SETTING, false.ensemble)
    alice = Honest(Side.RESPONDER, SETTING)
    played_to(alice, Side.RESPONDER, forgery, StartOffline(false.ensemble))
    # If Bob had made the prekey message, he would accept it: the Auth MAC is right as well.
    played_to(witness(false.prekey, published), Side.INITIATOR, forgery, None)


def test_bob_makes_false_ensembles_and_reads_what_is_sent_to_them() -> None:
    false = false_prekey_ensemble(B, BOBS, SETTING)
    alice = ALICE.chat(ONLY_V4)

    heard = alice.start_offline(false.ensemble)

    assert not [n for n in heard.notices if isinstance(n, EnsembleRefused)]
    (auth,) = heard.wires
    keys = session_keys(replace(false.secrets, sym_h=B), auth)
    assert keys.receiving is not None
    (data,) = alice.send(b"are you there?").wires
    assert read_and_forge(keys.receiving, data).text == b"are you there?"

    forgery = forge_transcript(B, false, ALICES, SAID, SETTING)
    assert false.shared_prekey is not None
    profile = OwnPrekeyProfile(false.ensemble.prekey_profile, false.shared_prekey)
    played_to(witness(false.prekey, profile), Side.INITIATOR, forgery, None)


def test_a_false_ensemble_can_be_kept_in_bytes() -> None:
    published = BOB.account.prekey_profiles[0].profile
    for false in (
        false_prekey_ensemble(B, BOBS, SETTING),
        false_prekey_ensemble(None, BOBS, SETTING, prekey_profile=published),
    ):
        assert FalseEnsemble.kept(false.ensemble, false.secrets) == false
        with pytest.raises(Malformed, match="ecdh: is not the secret"):
            FalseEnsemble.kept(false.ensemble, replace(false.secrets, ecdh=b"\4" * 57))
        with pytest.raises(Malformed, match="dh: is not the secret"):
            FalseEnsemble.kept(false.ensemble, replace(false.secrets, dh=b"\4" * 80))
        with pytest.raises(Malformed, match="shared_prekey: is not the secret"):
            FalseEnsemble.kept(false.ensemble, replace(false.secrets, shared_prekey=b"\4" * 57))


def test_who_does_not_have_bobs_secrets_cannot_read_what_is_sent_to_a_false_ensemble() -> None:
    published = BOB.account.prekey_profiles[0].profile
    false = false_prekey_ensemble(None, BOBS, SETTING, prekey_profile=published)
    (auth,) = ALICE.chat(ONLY_V4).start_offline(false.ensemble).wires
    with pytest.raises(CannotForge, match="shared prekey's secret"):
        session_keys(false.secrets, auth)


@pytest.mark.parametrize(
    ("secret", "profile", "complaint"),
    [
        (None, None, "takes sym_h"),
        (B, BOB.account.prekey_profiles[0].profile, "takes sym_h"),
        (A, None, "this is another"),
        (FB, None, "this is another"),
    ],
)
def test_a_false_ensemble_takes_bobs_long_term_secret_or_his_prekey_profile(
    secret: bytes | None, profile: PrekeyProfile | None, complaint: str
) -> None:
    with pytest.raises(CannotForge, match=complaint):
        false_prekey_ensemble(secret, BOBS, SETTING, prekey_profile=profile)


def test_a_false_ensemble_is_not_made_of_what_has_expired() -> None:
    late = Setting(BOBS.expiration)
    with pytest.raises(CannotForge, match="expired"):
        false_prekey_ensemble(B, BOBS, late)
    prekeys = BOB.account.prekey_profiles[0].profile
    renewed = SUITE.client_profile(
        BOB.account.keys, BOB.tag, frozenset({4}), NOW + 10**7, SUITE.seed(b"")
    )
    with pytest.raises(CannotForge, match="expired"):
        false_prekey_ensemble(None, renewed, Setting(prekeys.expiration), prekey_profile=prekeys)


def test_without_a_secret_in_the_ring_no_non_interactive_dake_is_forged() -> None:
    for secret in (None, B, FA):
        with pytest.raises(CannotForge, match="none of the three"):
            forge_offline(secret, ENSEMBLE, ALICES, SETTING)
    with pytest.raises(CannotForge, match="has not expired"):
        forge_offline(A, ENSEMBLE, ALICES, Setting(BOBS.expiration))
    signature = SUITE.garble_signature(ENSEMBLE.prekey_profile.signature)
    wrong = replace(ENSEMBLE, prekey_profile=replace(ENSEMBLE.prekey_profile, signature=signature))
    with pytest.raises(CannotForge, match="signature of the prekey profile"):
        forge_offline(A, wrong, ALICES, SETTING)


# "Impersonate Initiator or Responder".


def secured_with(heard: Heard, somebody: Client) -> None:
    (secured,) = (n for n in heard.notices if isinstance(n, Secured))
    assert SUITE.to_bytes(secured.fingerprint) == somebody.fingerprint


def test_who_has_bobs_forging_secret_is_alice_to_him() -> None:
    bob = BOB.chat(ONLY_V4)
    (identity,) = bob.start_dake().wires

    mask = impersonate_responder(FB, ALICES, identity, Setting(NOW))

    heard = bob.receive(*mask.sent)
    secured_with(heard, ALICE)
    with pytest.raises(CannotForge, match="no private conversation"):
        mask.say(b"too early")
    mask.receive(*heard.wires)
    (shown,) = bob.receive(*mask.say(b"it was me").wires).notices
    assert shown == Shown(SUITE.octets(b"it was me"), secure=True, instance=ALICE.tag)
    (shown,) = mask.receive(*bob.send(b"I knew it").wires).notices
    assert shown == Shown(SUITE.octets(b"I knew it"), secure=True, instance=BOB.tag)
    mask.end()
    assert not mask.private


def test_who_has_bobs_forging_secret_is_alice_to_his_prekeys() -> None:
    bob = BOB.chat(ONLY_V4)
    (ensemble,) = BOB.make_ensembles(1)

    mask = impersonate_responder(FB, ALICES, ensemble, Setting(NOW))

    secured_with(bob.receive(*mask.sent), ALICE)
    (shown,) = bob.receive(*mask.say(b"it was me").wires).notices
    assert isinstance(shown, Shown)


def test_who_has_alices_forging_secret_is_bob_to_her() -> None:
    alice = ALICE.chat(ONLY_V4)
    mask = impersonate_initiator(FA, BOBS, Setting(NOW))

    (auth_r,) = alice.receive(*mask.sent).wires
    (auth_i,) = mask.receive(auth_r).wires

    secured_with(alice.receive(auth_i), BOB)
    (shown,) = alice.receive(*mask.say(b"it was me").wires).notices
    assert isinstance(shown, Shown)


def test_a_long_term_secret_impersonates_nobody_to_its_owner() -> None:
    """So the forging keys mitigate key compromise impersonation: section "KCI Attacks"."""
    (identity,) = BOB.chat(ONLY_V4).start_dake().wires
    for to in (identity, ENSEMBLE):
        with pytest.raises(CannotForge, match="its forging key is"):
            impersonate_responder(B, ALICES, to, Setting(NOW))
        for secret in (FA, MALLORY):
            with pytest.raises(CannotForge, match="of the three keys"):
                impersonate_responder(secret, ALICES, to, Setting(NOW))

    for secret in (A, FB, MALLORY):
        mask = impersonate_initiator(secret, BOBS, Setting(NOW))
        (auth_r,) = ALICE.chat(ONLY_V4).receive(*mask.sent).wires
        with pytest.raises(CannotForge, match="none of the three"):
            mask.receive(auth_r)


def test_ones_own_secret_makes_an_honest_dake() -> None:
    bob = BOB.chat(ONLY_V4)
    (identity,) = bob.start_dake().wires
    mask = impersonate_responder(A, ALICES, identity, Setting(NOW))
    secured_with(bob.receive(*mask.sent), ALICE)


def test_what_nobody_honest_would_answer_is_not_answered() -> None:
    (identity,) = BOB.chat(ONLY_V4).start_dake().wires
    with pytest.raises(CannotForge, match="has not expired"):
        impersonate_responder(FB, ALICES, identity, Setting(BOBS.expiration))
    with pytest.raises(CannotForge, match="Identity message of version 4; it is: Plaintext"):
        impersonate_responder(FB, ALICES, b"hello", Setting(NOW))
    with pytest.raises(Malformed):
        impersonate_responder(FB, ALICES, b"?OTR:AAQ1.", Setting(NOW))
    expired = replace(ENSEMBLE, client_profile=falsified(BOBS))
    with pytest.raises(CannotForge, match="Client Profile Signature"):
        impersonate_responder(FB, ALICES, expired, Setting(NOW))
    mask = impersonate_initiator(FA, BOBS, Setting(NOW))
    with pytest.raises(CannotForge, match="no private conversation"):
        mask.say(b"too early")
    with pytest.raises(CannotForge, match="no private conversation"):
        mask.end()
    with pytest.raises(CannotForge, match="no key of one"):
        _ = mask.keys


# Session keys.


def octets(number: int, size: int = 0, order: str = "big") -> bytes:
    length = size or (number.bit_length() + 7) // 8
    return number.to_bytes(length, "little" if order == "little" else "big")


def drawn(seed: bytes, places: tuple[int, int, int, int]) -> DakeSecrets:
    """The secrets of a DAKE, by the numbers of the draws of an endpoint."""
    ecdh, dh, first_ecdh, first_dh = places
    s = SUITE.seed(seed)
    scalars = (SUITE.fresh_ecdh(s, place).secret for place in (ecdh, first_ecdh))
    exponents = (SUITE.fresh_dh(s, place).secret for place in (dh, first_dh))
    y, first_y = (octets(SUITE.to_int(scalar), 57, "little") for scalar in scalars)
    b, first_b = (octets(SUITE.to_int(exponent)) for exponent in exponents)
    return DakeSecrets(y, b, first_y, first_b)


def ssid_of(chat: Chat) -> bytes:
    ssid = chat.conversation.current.ssid
    assert ssid is not None
    return SUITE.to_bytes(ssid)


def test_either_sides_secrets_give_the_keys_of_an_interactive_dake() -> None:
    bob = BOB.chat(ONLY_V4, seed=b"bob's seed, long enough for one.")
    alice = ALICE.chat(ONLY_V4, seed=b"alice's seed, long enough for it")
    (identity,) = bob.start_dake().wires
    (auth_r,) = alice.receive(identity).wires
    (auth_i,) = bob.receive(auth_r).wires
    alice.receive(auth_i)
    (data,) = alice.send(b"hello").wires
    bobs = drawn(b"bob's seed, long enough for one.", (1, 2, 3, 4))
    alices = drawn(b"alice's seed, long enough for it", (1, 2, 3, 4))

    ours, theirs = session_keys(alices, identity), session_keys(bobs, auth_r)

    assert (ours.ssid, ours.k, ours.root) == (theirs.ssid, theirs.k, theirs.root)
    assert ssid_of(bob) == ours.ssid
    assert ours.sending == theirs.receiving is not None
    assert ours.receiving is theirs.sending is None
    assert read_and_forge(ours.sending or b"", data).text == b"hello"
    some = session_keys(DakeSecrets(bobs.ecdh, bobs.dh), auth_r)
    assert some == forge.SessionKeys(ours.ssid, ours.k)


def test_either_sides_secrets_give_the_keys_of_a_non_interactive_dake() -> None:
    false = false_prekey_ensemble(B, BOBS, SETTING)
    alice = ALICE.chat(ONLY_V4, seed=b"alice's seed, long enough for it")
    (auth,) = alice.start_offline(false.ensemble).wires
    (data,) = alice.send(b"hello").wires
    alices = drawn(b"alice's seed, long enough for it", (1, 2, 3, 4))

    ours = session_keys(alices, false.ensemble)
    theirs = session_keys(replace(false.secrets, sym_h=B), auth)

    assert replace(ours, sending=None, receiving=ours.sending) == theirs
    assert ssid_of(alice) == ours.ssid
    assert read_and_forge(ours.sending or b"", data).text == b"hello"


def test_keys_come_of_dake_messages_and_sound_secrets_only() -> None:
    wires, _, _ = conversation()
    sound = drawn(b"any seed that is as long as this", (1, 2, 3, 4))
    with pytest.raises(CannotForge, match="it is: Auth-I Message"):
        session_keys(sound, wires[2])
    for wrong in (
        replace(sound, ecdh=bytes(57)),
        replace(sound, ecdh=sound.ecdh[:-1]),
        replace(sound, dh=b""),
        replace(sound, dh=bytes(80)),
        replace(sound, dh=b"\1" * 385),
        replace(sound, first_ecdh=b""),
        replace(sound, first_dh=b"\0"),
    ):
        with pytest.raises(Malformed):
            session_keys(wrong, wires[0])
    identity = wire.decode(wires[0])
    assert isinstance(identity, Identity)
    outside, one = SUITE.outside_point(), SUITE.outside_element()
    for bad in (
        replace(identity, y=outside),
        replace(identity, b=one),
        replace(identity, first_ecdh=outside),
        replace(identity, first_dh=one),
    ):
        with pytest.raises(Malformed, match="not in the group"):
            session_keys(sound, wire.encode(bad))
    shared = replace(ENSEMBLE.prekey_profile, shared_prekey=outside)
    with pytest.raises(Malformed, match="not in the group"):
        session_keys(sound, replace(ENSEMBLE, prekey_profile=shared))


# Single messages.


def test_a_revealed_mac_key_changes_what_was_guessed() -> None:
    """With nothing but what the network carried."""
    wires, _, _ = conversation()
    asked = wires[3]
    revealed = [SUITE.to_bytes(key) for each in wires for key in revealed_by(each)]
    (key,) = (k for k in revealed if remac(asked, k) == asked)

    forged = modify(asked, 4, b"you take", b"I borrow", key)

    assert len(forged) == len(asked)
    old, new = wire.decode(asked), wire.decode(forged)
    assert isinstance(old, DataMessage)
    assert isinstance(new, DataMessage)
    assert replace(new.fields, encrypted=old.fields.encrypted) == old.fields
    assert new.old_mac_keys == old.old_mac_keys
    assert modify(forged, 4, b"I borrow", b"you take", key) == asked
    with pytest.raises(CannotForge, match="does not verify"):
        modify(asked, 4, b"you", b"we.", bytes(64))
    with pytest.raises(CannotForge, match="only as many"):
        modify(asked, 4, b"you", b"they", key)
    for offset in (-1, 14, 10**9):
        with pytest.raises(CannotForge, match="not within"):
            modify(asked, offset, b"you", b"one", key)


def test_a_modified_message_is_accepted_by_its_receiver() -> None:
    """By one who has not received the original: the forger holds the key before it is revealed."""
    forgery = forge_dake(None, BOBS, ALICES, SETTING)
    chain = forgery.keys(Side.RESPONDER).sending
    assert chain is not None
    bob = Honest(Side.INITIATOR, SETTING)
    bob.step(StartDake())
    for line in forgery.transcript:
        if line.sender is Side.RESPONDER:
            bob.step(Receive(SUITE.wire(line.wire)))
    forgery.say(Side.RESPONDER, b"hi Bob")
    mac_key = SUITE.to_bytes(SUITE.message_keys(SUITE.key(SUITE.octets(chain))).mac)

    changed = modify(forgery.transcript[-1].wire, 0, b"hi", b"yo", mac_key)
    bob.step(Receive(SUITE.wire(changed)))

    assert bob.shown == [b"yo Bob"]


TEXTS: Final = st.binary(max_size=60).filter(lambda text: b"\0" not in text)
FORGERY: Final = forge_dake(None, BOBS, ALICES, SETTING)
CHAIN: Final = FORGERY.keys(Side.RESPONDER).sending or b""
for _number in range(3):
    FORGERY.say(Side.RESPONDER, b"message %d" % _number)
DATA: Final = [line.wire for line in FORGERY.transcript[3:]]


@given(st.integers(0, 2), TEXTS)
@settings(max_examples=40)
def test_who_has_a_chain_key_reads_and_forges_what_follows(number: int, text: bytes) -> None:
    made = read_and_forge(CHAIN, DATA[number], text, at=0)

    assert made.content == Content(SUITE.octets(b"message %d" % number))
    assert made.forged is not None
    assert read_and_forge(CHAIN, made.forged, at=0).text == text
    old, new = wire.decode(DATA[number]), wire.decode(made.forged)
    assert isinstance(old, DataMessage)
    assert isinstance(new, DataMessage)
    assert replace(new.fields, encrypted=old.fields.encrypted) == old.fields
    assert read_and_forge(CHAIN, DATA[0]) == read_and_forge(CHAIN, DATA[0], at=0)


def test_a_message_is_forged_under_a_key_that_it_does_not_have() -> None:
    other = bytes(64)
    made = read_and_forge(other, DATA[1], b"I owe you a house")
    assert made.content is None
    assert made.text is None
    assert made.forged is not None
    assert read_and_forge(other, made.forged).text == b"I owe you a house"
    assert read_and_forge(CHAIN, DATA[1]).text is None  # it is for message 0


def test_tlvs_are_read_and_not_forged() -> None:
    forgery = forge_dake(None, BOBS, ALICES, SETTING)
    forgery.end(Side.RESPONDER)

    made = read_and_forge(CHAIN, forgery.transcript[-1].wire, b"go on")

    assert made.content == Content(SUITE.octets(b""), (Disconnected(),))
    assert made.forged is not None
    assert read_and_forge(CHAIN, made.forged).content == Content(SUITE.octets(b"go on"))


def test_a_chain_key_leads_to_later_messages_only() -> None:
    for at in (3, -70000, 1 << 40):
        with pytest.raises(CannotForge, match="does not lead"):
            read_and_forge(CHAIN, DATA[2], at=at)
    message = wire.decode(DATA[0])
    assert isinstance(message, DataMessage)
    far = replace(message, fields=replace(message.fields, message_id=0xFFFFFFFF))
    with pytest.raises(CannotForge, match="does not lead"):
        read_and_forge(CHAIN, wire.encode(far), at=0)
    with pytest.raises(Malformed, match="NUL"):
        read_and_forge(CHAIN, DATA[0], b"a\0b")


@given(st.binary(min_size=64, max_size=64))
def test_the_mac_key_of_a_message_key_is_that_of_honest_messages(chain: bytes) -> None:
    keys = SUITE.message_keys(SUITE.key(SUITE.octets(chain)))
    assert show_mac_key(SUITE.to_bytes(keys.encryption)) == SUITE.to_bytes(keys.mac)


@given(st.binary(min_size=64, max_size=64))
@settings(max_examples=20)
def test_a_message_gets_another_authenticator(key: bytes) -> None:
    made = remac(DATA[0], key)
    old, new = wire.decode(DATA[0]), wire.decode(made)
    assert isinstance(old, DataMessage)
    assert isinstance(new, DataMessage)
    mac = SUITE.data_mac(SUITE.key(SUITE.octets(key)), SUITE.data_body(old.fields))
    assert new == replace(old, authenticator=mac)
    assert remac(made, key) == made


def test_parse_names_every_field() -> None:
    for text in (*DATA, FORGERY.transcript[0].wire):
        found = parse(text)
        assert found.fault is None
        assert "".join(row.raw for row in found.rows) == text.hex()
    assert parse(DATA[0]).title == "Data Message"


@pytest.mark.parametrize("size", [0, 32, 63, 65])
def test_keys_have_64_bytes(size: int) -> None:
    key = bytes(size)
    with pytest.raises(Malformed, match="MKenc: is not 64"):
        show_mac_key(key)
    with pytest.raises(Malformed, match="MKmac: is not 64"):
        remac(DATA[0], key)
    with pytest.raises(Malformed, match="MKmac: is not 64"):
        modify(DATA[0], 0, b"", b"", key)
    with pytest.raises(Malformed, match="chain key: is not 64"):
        read_and_forge(key, DATA[0])


NO_DATA: Final = [
    (b"hello", "it is: Plaintext"),
    (b"?OTRv4?", "it is: Query Message"),
    (FORGERY.transcript[0].wire, "it is: Identity Message"),
    (b"?OTR:AAMD.", "it is: "),
]


@pytest.mark.parametrize(("text", "complaint"), NO_DATA)
def test_what_is_no_data_message_is_refused(text: bytes, complaint: str) -> None:
    key = bytes(64)
    with pytest.raises(CannotForge, match=complaint):
        remac(text, key)
    with pytest.raises(CannotForge, match=complaint):
        modify(text, 0, b"", b"", key)
    with pytest.raises(CannotForge, match=complaint):
        read_and_forge(key, text)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda b: b"?OTR:" + b + b"."))
def test_whatever_is_given_nothing_but_typed_errors_come_of_it(text: bytes) -> None:
    key = bytes(64)
    for attempt in (
        lambda: remac(text, key),
        lambda: modify(text, 0, b"", b"", key),
        lambda: read_and_forge(key, text),
        lambda: impersonate_responder(FB, ALICES, text, SETTING),
        lambda: session_keys(DakeSecrets(b"\1" * 57, b"\1"), text),
    ):
        with pytest.raises(OtrSpecError):
            attempt()


def test_even_with_oneself_a_conversation_can_be_forged() -> None:
    forgery = forge_transcript(B, BOBS, BOBS, SAID, SETTING)
    judged(wires_of(forgery), SETTING)
    assert shape(wires_of(forgery)) == shape(conversation()[0])


def test_a_profile_that_no_endpoint_can_have_is_refused() -> None:
    with pytest.raises(BadConfig, match="not a valid instance tag"):
        forge_dake(None, BOBS, replace(ALICES, owner_tag=1), SETTING)
