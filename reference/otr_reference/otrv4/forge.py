"""Forging transcripts of OTRv4: what makes every transcript deniable.

    forgery = forge_dake(sym_h, initiator, responder, Setting(now))
    forgery.say(Side.RESPONDER, b"I never said this")
    forgery.transcript

Sections "Forging Transcripts", "KCI Attacks" and "Modify an Encrypted Data Message". The text wants
forgeries made by the functions of honest conversations, and they are: what is forged comes out of
`Endpoint`, the codecs of `wire` and the operations of `RealSuite`. The forger has two honest
endpoints, or one, and a suite that differs in two things. It signs with whichever secret in the
ring it knows; and where it plays both sides, it knows on either what was computed on the other.

| operation | takes | gives |
|---|---|---|
| `parse` | any text | its fields |
| `modify` | a MAC key, and a guess of what is said | the Data Message with another text there |
| `read_and_forge` | a chain key | what a Data Message says; another one in its place |
| `show_mac_key` | a message key, MKenc | MKmac |
| `remac` | a MAC key | the Data Message with another authenticator |
| `session_keys` | one side's ephemeral secrets of a DAKE | the keys that it gives |
| `forge_dake` | two client profiles | an interactive DAKE, and what follows it |
| `false_prekey_ensemble` | the initiator's client profile | a prekey ensemble |
| `forge_offline` | a prekey ensemble, a client profile | a non-interactive DAKE, and more |
| `forge_transcript` | the same, and who says what | a whole conversation |
| `impersonate_responder`, `impersonate_initiator` | one secret | one side of a live DAKE |

**Who can sign what.** Three secrets make each ring signature, and nobody can tell which did:

| message | from | ring | made by who knows the secret of |
|---|---|---|---|
| Auth-R | the responder, Alice | F_b, H_a, Y | Bob's forging key, Alice's key, or Y |
| Auth-I | the initiator, Bob | H_b, F_a, X | Bob's key, Alice's forging key, or X |
| Non-Interactive-Auth | the responder, Alice | F_b, H_a, Y | the same as of Auth-R |

- Who plays both sides knows Y and X. Two public client profiles are enough to forge an interactive
  transcript between their owners: the participant's long-term secret, which the text asks for, is
  one way to sign, and not needed.
- Who plays one side against somebody honest knows neither. To impersonate Alice to Bob takes Bob's
  *forging* secret, where Bob has kept it, and not his long-term secret, which the text names: since
  there are forging keys, that is not in the ring. So it is with the secrets of Alice.
- The initiator of a non-interactive DAKE signs nothing, but nobody else can compute the keys: that
  takes y, b, the secret of the shared prekey, and sk_hb. The text rules this impersonation out.

Keys are bytes here, because whoever forges has them from somewhere else. Profiles and ensembles are
the records of `messages`, which `wire` reads from bytes.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from typing import TYPE_CHECKING, Final

from otr_model.otrv4 import layouts
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.usages import Usage
from otr_model.otrv4.words import Msg
from otr_reference.dh3072 import ELEMENT_OCTETS, public_key
from otr_reference.ed448 import SCALAR_OCTETS
from otr_reference.errors import Malformed
from otr_reference.otrv3.forge import CannotForge, replaced

from . import commands
from .account import Account
from .chat import Heard
from .dissect import Dissection, dissect
from .endpoint import Endpoint
from .kdf import kdf
from .messages import (
    AuthR,
    Content,
    DataMessage,
    Identity,
    MalformedMessage,
    NonInteractiveAuth,
    PrekeyEnsemble,
)
from .notices import Send
from .real import RealSuite
from .session import Config, OwnPrekey, OwnPrekeyProfile
from .suite import DhPair, EcdhPair

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_reference.sorts import (
        Element,
        Exponent,
        Key,
        Octets,
        Point,
        RingSignature,
        Scalar,
        Seed,
    )

    from .commands import Input
    from .messages import ClientProfile, DataFields, Message, PrekeyProfile
    from .notices import Notice
    from .session import Session
    from .suite import LongTerm, Offline, Ring

__all__ = [
    "CannotForge",
    "DakeSecrets",
    "Dissection",
    "FalseEnsemble",
    "Forgery",
    "Line",
    "Mask",
    "ReadAndForged",
    "SessionKeys",
    "Setting",
    "Side",
    "false_prekey_ensemble",
    "forge_dake",
    "forge_offline",
    "forge_transcript",
    "impersonate_initiator",
    "impersonate_responder",
    "modify",
    "parse",
    "read_and_forge",
    "remac",
    "session_keys",
    "show_mac_key",
]

_SUITE: Final = RealSuite()
_KEY_OCTETS: Final = layouts.MAC_KEY_SIZE  # of chain keys and message keys as well
_FURTHEST: Final = 1 << 16
"""How many chain keys are derived, one from the other, to get to a message's."""
_SEED_OCTETS: Final = 32
_NOBODY: Final = bytes(SCALAR_OCTETS)
"""What stands for a long-term secret that the forger does not have."""
_FAILS: Final = {"": ""} | {check.label: check.spec.about for check in Check}
"""Checks in words, by what a trace calls them."""


# --- Section "Forging Transcripts": single messages -------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadAndForged:
    """What `read_and_forge` makes of a Data Message.

    Attributes:
        content: what it says; None if its authenticator does not verify under the key.
        forged: the Data Message in its place; None if none is wanted.
    """

    content: Content | None
    forged: bytes | None

    @property
    def text(self) -> bytes | None:
        """The text that a person sees, without TLVs; None as `content`."""
        return None if self.content is None else _SUITE.to_bytes(self.content.text)


def parse(text: bytes) -> Dissection:
    """Take a text apart and name its fields: "Parse". Total; versions 2 and 3 as well."""
    return dissect(text)


def modify(message: bytes, offset: int, old: bytes, new: bytes, mac_key: bytes) -> bytes:
    """Change a text that is known, or guessed, in a Data Message that cannot be read.

    Section "Modify an Encrypted Data Message". Its pseudocode computes the authenticator of the
    encrypted message alone; here it is of all that an authenticator covers. And it stops where the
    encrypted message ends; here a text that reaches beyond it is refused, as a wrong guess.

    Args:
        message: the Data Message.
        offset: where the text begins in what is encrypted, in bytes from its start.
        old: what is there.
        new: what is to be there, as many bytes.
        mac_key: the message's MKmac, 64 bytes, once it has been revealed.

    Raises:
        Malformed: the key has another length, or the message cannot be taken apart.
        CannotForge: it is no Data Message, its authenticator does not verify under the key, the
            texts differ in length, or they do not lie within what is encrypted.
    """
    key, data = _key(mac_key, "MKmac"), _data_message(message)
    if not _authentic(data, key):
        text = "the message's authenticator does not verify under this MAC key"
        raise CannotForge(text)
    encrypted = replaced(_SUITE.to_bytes(data.fields.encrypted), offset, old, new)
    return _with(data, key, replace(data.fields, encrypted=_SUITE.octets(encrypted)))


def read_and_forge(
    chain_key: bytes, message: bytes, new_text: bytes | None = None, *, at: int | None = None
) -> ReadAndForged:
    """Decrypt a Data Message, and put another text into its place: "Read and Forge Data Message".

    The other message has every field of this one but what is encrypted, the authenticator, and the
    TLVs, of which it has none. It is made under any key: then it is one that was never sent.

    Args:
        chain_key: a chain key of the message's ratchet, 64 bytes.
        message: the Data Message.
        new_text: in UTF-8; None to read only.
        at: the id of the message that the chain key is for, not above that of this one; None: this
            one's.

    Raises:
        Malformed: the key has another length, the text contains a NUL, or the message cannot be
            taken apart.
        CannotForge: it is no Data Message, or the chain key is for a later one, or for one that is
            more than 65536 messages earlier.
    """
    key, data = _key(chain_key, "chain key"), _data_message(message)
    number = data.fields.message_id
    steps = 0 if at is None else number - at
    if not 0 <= steps <= _FURTHEST:
        text = f"a chain key for message {at} does not lead to that of message {number}"
        raise CannotForge(text)
    for _ in range(steps):
        key = _SUITE.next_chain_key(key)
    keys = _SUITE.message_keys(key)
    content = forged = None
    if _authentic(data, keys.mac):
        content = _SUITE.open(keys.encryption, data.fields.encrypted)
    if new_text is not None:
        encrypted = _SUITE.seal(keys.encryption, Content(_SUITE.octets(new_text)))
        forged = _with(data, keys.mac, replace(data.fields, encrypted=encrypted))
    return ReadAndForged(content, forged)


def show_mac_key(message_key: bytes) -> bytes:
    """Compute MKmac, 64 bytes, of MKenc: "Show MAC Key".

    Raises:
        Malformed: the message key is not 64 bytes long (field "MKenc").
    """
    _key(message_key, "MKenc")
    return kdf(Usage.MAC_KEY, message_key)


def remac(message: bytes, mac_key: bytes) -> bytes:
    """Give a Data Message the authenticator that it has under a key: "ReMAC Message".

    Args:
        message: the Data Message, whatever its authenticator is. Nothing else of it changes.
        mac_key: MKmac, 64 bytes.

    Raises:
        Malformed: the key has another length, or the message cannot be taken apart.
        CannotForge: it is no Data Message.
    """
    key, data = _key(mac_key, "MKmac"), _data_message(message)
    return _with(data, key, data.fields)


def _authentic(data: DataMessage, mac_key: Key) -> bool:
    mac = _SUITE.data_mac(mac_key, _SUITE.data_body(data.fields))
    return _SUITE.same(mac, data.authenticator)


def _with(data: DataMessage, mac_key: Key, fields: DataFields) -> bytes:
    """A Data Message with other fields, under a MAC key."""
    mac = _SUITE.data_mac(mac_key, _SUITE.data_body(fields))
    return _SUITE.to_bytes(_SUITE.encode(replace(data, fields=fields, authenticator=mac)))


def _read(text: bytes) -> Message:
    """The message in a text.

    Raises:
        Malformed: it cannot be taken apart.
    """
    message = _SUITE.decode(_SUITE.wire(text))
    if isinstance(message, MalformedMessage):
        raise Malformed(field=message.field, reason=message.reason)
    return message


def _wrong_kind(wanted: str, text: bytes) -> CannotForge:
    return CannotForge(f"this takes {wanted} of version 4; it is: {dissect(text).title}")


def _data_message(text: bytes) -> DataMessage:
    """The Data Message in a text."""
    message = _read(text)
    if not isinstance(message, DataMessage):
        wanted = "a Data Message"
        raise _wrong_kind(wanted, text)
    return message


def _key(value: bytes, name: str) -> Key:
    """Bytes as a key."""
    if len(value) != _KEY_OCTETS:
        raise Malformed(field=name, reason=f"is not {_KEY_OCTETS} bytes long")
    return _SUITE.key(_SUITE.octets(value))


# --- "Forge DAKE and Session Keys": keys ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DakeSecrets:
    """What one side of a DAKE keeps to itself.

    Attributes:
        ecdh: the secret of its ephemeral ECDH key (x or y): a SCALAR, 57 bytes, little-endian.
        dh: the secret of its ephemeral DH key (a or b), unsigned big-endian.
        first_ecdh: the same of our_ecdh_first; None if it is not known, or there is none.
        first_dh: the same of our_dh_first.
        shared_prekey: the secret of the shared prekey, as `ecdh`; of who published it.
        sym_h: 57 bytes that the long-term key is made of; of who published a prekey ensemble.
    """

    ecdh: bytes
    dh: bytes
    first_ecdh: bytes | None = None
    first_dh: bytes | None = None
    shared_prekey: bytes | None = None
    sym_h: bytes | None = None


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Keys of a session; None for what is not known, or is no more.

    Attributes:
        ssid: the secure session id, 8 bytes.
        k: the mixed shared secret of the DAKE, 64 bytes.
        root: curr_root_key, 64 bytes.
        sending: chain_key_s of the next message to be sent, 64 bytes.
        receiving: chain_key_r of the next message to be received, 64 bytes.
    """

    ssid: bytes
    k: bytes | None = None
    root: bytes | None = None
    sending: bytes | None = None
    receiving: bytes | None = None


def session_keys(ours: DakeSecrets, theirs: bytes | PrekeyEnsemble) -> SessionKeys:
    """Compute what a DAKE gives, from one side's secrets and what the other side made public.

    Of an interactive DAKE come K and the SSID; with the first keys also the root key and the chain
    key of the first ratchet, in which the responder sends. Of a non-interactive one come all four,
    on either side.

    Args:
        ours: the secrets. On the side that publishes they take `shared_prekey` and `sym_h`.
        theirs: the other side's Identity, Auth-R or Non-Interactive-Auth message; or the prekey
            ensemble.

    Raises:
        Malformed: the message cannot be taken apart, one of its keys is not in its group, or a
            secret is zero or has another length.
        CannotForge: it is another message, or a secret is missing.
    """
    if isinstance(theirs, PrekeyEnsemble):
        return _retrieved(ours, theirs)
    match message := _read(theirs):
        case Identity(y=ecdh, b=dh) | AuthR(x=ecdh, a=dh):
            return _interactive(ours, message, ecdh, dh)
        case NonInteractiveAuth():
            return _published(ours, message)
        case _:
            wanted = "an Identity, Auth-R or Non-Interactive-Auth message"
            raise _wrong_kind(wanted, theirs)


def _interactive(
    ours: DakeSecrets, theirs: Identity | AuthR, ecdh: Point, dh: Element
) -> SessionKeys:
    """Section "Interactive DAKE Overview"."""
    suite = _SUITE
    _members(theirs, ecdh=ecdh, dh=dh)
    mixed = suite.mixed(_scalar(ours.ecdh, "ecdh"), ecdh, _exponent(ours.dh, "dh"), dh)
    ssid, k = suite.to_bytes(mixed.ssid), suite.to_bytes(mixed.k)
    if ours.first_ecdh is None or ours.first_dh is None:
        return SessionKeys(ssid, k)
    _members(theirs, ecdh=theirs.first_ecdh, dh=theirs.first_dh)
    brace = suite.third_brace_key(_exponent(ours.first_dh, "first_dh"), theirs.first_dh)
    scalar = _scalar(ours.first_ecdh, "first_ecdh")
    begun = suite.ratchet(suite.first_root(mixed.k), scalar, theirs.first_ecdh, brace)
    root, chain = suite.to_bytes(begun.root), suite.to_bytes(begun.chain)
    if isinstance(theirs, Identity):
        return SessionKeys(ssid, k, root, sending=chain)
    return SessionKeys(ssid, k, root, receiving=chain)


def _retrieved(ours: DakeSecrets, theirs: PrekeyEnsemble) -> SessionKeys:
    """Section "Non-Interactive DAKE Overview", Alice."""
    prekey, shared = theirs.message, theirs.prekey_profile.shared_prekey
    _members(prekey, ecdh=prekey.y, dh=prekey.b)
    for point in (shared, theirs.client_profile.public_key):
        _members(theirs, ecdh=point)
    scalar, exponent = _scalar(ours.ecdh, "ecdh"), _exponent(ours.dh, "dh")
    key = theirs.client_profile.public_key
    offline = _SUITE.mixed_by_retriever(scalar, exponent, prekey.y, prekey.b, shared, key)
    keys = _begun_offline(offline)
    return replace(keys, sending=keys.receiving, receiving=None)


def _published(ours: DakeSecrets, theirs: NonInteractiveAuth) -> SessionKeys:
    """Section "Non-Interactive DAKE Overview", Bob."""
    if ours.shared_prekey is None or ours.sym_h is None:
        message = "who published an ensemble needs the shared prekey's secret and sym_h as well"
        raise CannotForge(message)
    _members(theirs, ecdh=theirs.x, dh=theirs.a)
    return _begun_offline(
        _SUITE.mixed_by_publisher(
            _scalar(ours.ecdh, "ecdh"),
            _exponent(ours.dh, "dh"),
            _scalar(ours.shared_prekey, "shared_prekey"),
            _SUITE.long_term(ours.sym_h).secret,
            theirs.x,
            theirs.a,
        )
    )


def _begun_offline(offline: Offline) -> SessionKeys:
    """What a non-interactive DAKE gives, on the side that receives first."""
    mixed, begun = offline.mixed, _SUITE.offline_chain(offline.mixed.k)
    parts = (mixed.ssid, mixed.k, begun.root)
    ssid, k, root = (_SUITE.to_bytes(part) for part in parts)
    return SessionKeys(ssid, k, root, receiving=_SUITE.to_bytes(begun.chain))


def _members(of: object, *, ecdh: Point | None = None, dh: Element | None = None) -> None:
    """Check what comes from the network: section "Generating Shared Secrets" relies on it."""
    name = type(of).__name__
    if ecdh is not None and not _SUITE.in_group(ecdh):
        raise Malformed(field=name, reason="has an ECDH key that is not in the group")
    if dh is not None and not _SUITE.in_dh_group(dh):
        raise Malformed(field=name, reason="has a DH key that is not in the group")


def _scalar(value: bytes, name: str) -> Scalar:
    """A secret scalar, pruned or not."""
    if len(value) != SCALAR_OCTETS or not any(value):
        raise Malformed(field=name, reason=f"is not {SCALAR_OCTETS} bytes long, or is zero")
    return _SUITE.scalar(int.from_bytes(value, "little"))


def _exponent(value: bytes, name: str) -> Exponent:
    """A secret exponent."""
    if len(value) > ELEMENT_OCTETS or not any(value):
        raise Malformed(field=name, reason=f"is longer than {ELEMENT_OCTETS} bytes, or zero")
    return _SUITE.exponent(int.from_bytes(value, "big"))


# --- Who forges: what he knows, and the endpoints in his hands --------------------------------


@unique
class Side(Enum):
    """The sides of a DAKE, as section "Forging Transcripts" calls them."""

    INITIATOR = "initiator"
    """Bob: sends the Identity message, or has published the prekey ensemble."""

    RESPONDER = "responder"
    """Alice: sends the Auth-R or the Non-Interactive-Auth message."""

    @property
    def other(self) -> Side:
        """The other side."""
        return Side.RESPONDER if self is Side.INITIATOR else Side.INITIATOR


@dataclass(frozen=True, slots=True)
class Setting:
    """When a forgery plays, and what it is made of besides keys.

    Attributes:
        now: the time, in seconds since the start of 1970, UTC. It is in no message; profiles must
            not have expired by then, and a transcript may as well be of last year.
        seed: 32 random bytes or more that serve nothing else; the same give the same forgery.
        initiator: what the application states about the initiator in phi, such as a bare JID.
        responder: the same about the responder.
    """

    now: int
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(_SEED_OCTETS), repr=False)
    initiator: str | None = None
    responder: str | None = None

    def name(self, side: Side) -> Octets | None:
        """What is stated about a side."""
        name = self.initiator if side is Side.INITIATOR else self.responder
        return None if name is None else _SUITE.literal(name)


class _Knowing(RealSuite):
    """RealSuite in a forger's hands: it knows every secret that it was given, or has drawn.

    Unlike others it has a state, and so is for one forgery.
    """

    def __init__(self, *given: LongTerm | EcdhPair) -> None:
        self._secrets: dict[Point, Scalar] = {pair.public: pair.secret for pair in given}
        self._shared: dict[Point, Offline] = {}

    def fresh_ecdh(self, seed: Seed, draw: int) -> EcdhPair:
        """Keep what is drawn."""
        pair = super().fresh_ecdh(seed, draw)
        self._secrets[pair.public] = pair.secret
        return pair

    def ring_sign(
        self,
        ring: Ring,
        secret: Scalar,  # noqa: ARG002 - the endpoint's own, which is nobody's
        value: Octets,
        seed: Seed,
        draw: int,
    ) -> RingSignature:
        """Sign with the first secret that is known: what was given comes before what was drawn.

        Raises:
            CannotForge: none is.
        """
        known = next((s for key, s in self._secrets.items() if key in ring), None)
        if known is None:
            message = "of none of the three keys in the ring is the secret known"
            raise CannotForge(message)
        return super().ring_sign(ring, known, value, seed, draw)

    def mixed_by_retriever(  # noqa: PLR0913, PLR0917 - x, a, Y, B, D_b, H_b
        self,
        x: Scalar,
        a: Exponent,
        y: Point,
        b: Element,
        shared_prekey: Point,
        their_key: Point,
    ) -> Offline:
        """Keep it for the other side, by X."""
        offline = super().mixed_by_retriever(x, a, y, b, shared_prekey, their_key)
        self._shared[self.scale(self.generator(), x)] = offline
        return offline

    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - y, b, d_b, sk_hb, X, A
        self,
        y: Scalar,  # noqa: ARG002 - nobody knows it
        b: Exponent,  # noqa: ARG002 - nobody knows it
        shared_prekey: Scalar,  # noqa: ARG002 - nobody knows it
        our_key: Scalar,  # noqa: ARG002 - nobody knows it
        x: Point,
        a: Element,  # noqa: ARG002 - it belongs to X
    ) -> Offline:
        """What the other side has computed: both have the same."""
        return self._shared[x]


class Mask:
    """An honest endpoint under somebody's client profile, and perhaps without that one's secrets.

    Made by the functions of this module. Any of its methods may raise CannotForge, where a ring
    signature is called for and no secret in the ring is known.

    Attributes:
        sent: every message that it has sent.
        refused: the check that failed last, in words; "" if none did.
    """

    def __init__(self, suite: RealSuite, config: Config, now: int) -> None:
        self._endpoint = Endpoint(suite, config)
        self._conversation = self._endpoint.begin()
        self._now = now
        self.sent: tuple[bytes, ...] = ()
        self.refused = ""

    @property
    def private(self) -> bool:
        """Whether there is a private conversation."""
        return self._session.message is Msg.ENCRYPTED_MESSAGES

    @property
    def keys(self) -> SessionKeys:
        """The keys of the private conversation as they are now: "Forge DAKE and Session Keys".

        Raises:
            CannotForge: there is none.
        """
        chain, ssid = self._session.chain, self._session.ssid
        if chain is None or ssid is None:
            message = "there is no private conversation, and no key of one"
            raise CannotForge(message)
        root, sending, receiving = (
            None if key is None else _SUITE.to_bytes(key)
            for key in (chain.root, chain.sending, chain.receiving)
        )
        return SessionKeys(_SUITE.to_bytes(ssid), None, root, sending, receiving)

    def receive(self, wire: bytes) -> Heard:
        """A message arrived."""
        return self._step(commands.Receive(_SUITE.wire(wire)))

    def start(self) -> Heard:
        """Begin an interactive DAKE: an Identity message."""
        return self._step(commands.StartDake())

    def start_offline(self, ensemble: PrekeyEnsemble) -> Heard:
        """Begin and end a non-interactive DAKE: a Non-Interactive-Auth message."""
        return self._step(commands.StartOffline(ensemble))

    def say(self, text: bytes) -> Heard:
        """Send a text.

        Args:
            text: in UTF-8.

        Raises:
            Malformed: it contains a NUL.
            CannotForge: there is no private conversation, so that it would go out as it is.
        """
        return self._speak(commands.SendText(_SUITE.octets(text)))

    def end(self) -> Heard:
        """End the private conversation: a message with TLV 1.

        Raises:
            CannotForge: there is none.
        """
        return self._speak(commands.End())

    def _speak(self, given: Input) -> Heard:
        if not self.private:
            message = "there is no private conversation to say this in"
            raise CannotForge(message)
        return self._step(given)

    @property
    def _session(self) -> Session:
        return self._conversation.current

    def _step(self, given: Input) -> Heard:
        stepped = self._endpoint.step(self._conversation, given, self._now)
        self._conversation = stepped.conversation
        wires: list[bytes] = []
        notices: list[Notice] = []
        for output in stepped.outputs:
            if isinstance(output, Send):
                wires.append(_SUITE.to_bytes(output.wire))
            else:
                notices.append(output)
        self.sent += tuple(wires)
        failed = next((fired.failed for fired in stepped.trace if fired.failed), "")
        self.refused = _FAILS[failed]
        return Heard(tuple(wires), tuple(notices), stepped.trace)


@dataclass(frozen=True, slots=True)
class Line:
    """A message of a forged transcript.

    Attributes:
        sender: whose it is.
        wire: the message.
        text: the text in it that was asked for; None in messages of a DAKE and without a text.
    """

    sender: Side
    wire: bytes
    text: bytes | None = None


class Forgery:
    """A conversation both sides of which are played by one person.

    Args:
        initiator: plays one side.
        responder: plays the other.
        begins: who sends first.
        begun: what that one sends.

    Attributes:
        transcript: every message, in order.

    Raises:
        CannotForge: somebody honest would refuse the DAKE.
    """

    def __init__(self, initiator: Mask, responder: Mask, begins: Side, begun: Heard) -> None:
        self._masks = {Side.INITIATOR: initiator, Side.RESPONDER: responder}
        self.transcript: tuple[Line, ...] = ()
        self._deliver(begins, begun)
        if not all(mask.private for mask in self._masks.values()):
            why = initiator.refused or responder.refused
            message = f"nobody would accept this DAKE; the check that fails: {why}"
            raise CannotForge(message)

    def keys(self, side: Side) -> SessionKeys:
        """The keys of one side as they are now."""
        return self._masks[side].keys

    def say(self, side: Side, text: bytes) -> None:
        """One side sends a text, and the other one receives it.

        Raises:
            Malformed: it contains a NUL.
            CannotForge: the conversation is over.
        """
        self._deliver(side, self._masks[side].say(text), text)

    def end(self, side: Side) -> None:
        """One side ends the conversation; MAC keys that are left are revealed.

        Raises:
            CannotForge: it is over.
        """
        self._deliver(side, self._masks[side].end())

    def _deliver(self, side: Side, heard: Heard, text: bytes | None = None) -> None:
        """Let messages arrive, and what is answered to them."""
        under_way = deque((side, wire, text) for wire in heard.wires)
        while under_way:
            sender, wire, said = under_way.popleft()
            self.transcript += (Line(sender, wire, said),)
            answers = self._masks[sender.other].receive(wire).wires
            under_way.extend((sender.other, answer, None) for answer in answers)


# --- "Forge DAKE and Session Keys", "False Prekey Ensemble", "Forge Entire Transcript" --------


def forge_dake(
    secret: bytes | None, initiator: ClientProfile, responder: ClientProfile, setting: Setting
) -> Forgery:
    """Forge an interactive DAKE between the owners of two client profiles: "Forge DAKE ...".

    Args:
        secret: 57 bytes that a long-term key or forging key in one of the profiles is made of: it
            signs wherever it can, and ephemeral secrets sign the rest. None: they sign everything,
            which verifies just as well.
        initiator: the client profile of Bob.
        responder: the client profile of Alice.
        setting: when it plays.

    Returns:
        The conversation after the DAKE, to be gone on with.

    Raises:
        Malformed: the secret has another length.
        CannotForge: the secret belongs to neither profile, or a profile is not valid then.
    """
    owned = _owned(secret, initiator, responder)
    suite = _Knowing(*owned)
    profiles = {Side.INITIATOR: initiator, Side.RESPONDER: responder}
    bob, alice = (_mask(suite, owned, side, profiles[side], setting) for side in Side)
    return Forgery(bob, alice, Side.INITIATOR, bob.start())


@dataclass(frozen=True, slots=True)
class FalseEnsemble:
    """A prekey ensemble, and the secrets of it.

    Attributes:
        ensemble: what is published, or handed to one who asks.
        prekey: the prekey message with y and b.
        shared_prekey: the shared prekey; None if the prekey profile is one that was published, so
            that nobody but its owner can compute what a DAKE with it gives.
    """

    ensemble: PrekeyEnsemble
    prekey: OwnPrekey
    shared_prekey: EcdhPair | None

    @classmethod
    def kept(cls, ensemble: PrekeyEnsemble, kept: DakeSecrets) -> FalseEnsemble:
        """Put one together again, of its `ensemble` and `secrets`.

        Raises:
            Malformed: a secret is not that of a key in the ensemble, or is none.
        """
        prekey, published = ensemble.message, ensemble.prekey_profile.shared_prekey
        ecdh = _kept_pair(kept.ecdh, "ecdh", prekey.y)
        exponent = _exponent(kept.dh, "dh")
        if not _SUITE.same(_SUITE.element(public_key(_SUITE.to_int(exponent))), prekey.b):
            raise Malformed(field="dh", reason="is not the secret of the ensemble's key")
        shared = kept.shared_prekey
        pair = None if shared is None else _kept_pair(shared, "shared_prekey", published)
        return cls(ensemble, OwnPrekey(prekey, ecdh, DhPair(exponent, prekey.b)), pair)

    @property
    def secrets(self) -> DakeSecrets:
        """The secrets as `session_keys` takes them; `sym_h` is for its owner to add."""
        shared, ecdh, dh = self.shared_prekey, self.prekey.ecdh, self.prekey.dh
        exponent = _SUITE.to_int(dh.secret)
        return DakeSecrets(
            _octets_of(ecdh.secret),
            exponent.to_bytes((exponent.bit_length() + 7) // 8, "big"),
            shared_prekey=None if shared is None else _octets_of(shared.secret),
        )


def _kept_pair(value: bytes, name: str, public: Point) -> EcdhPair:
    """A key pair, of a secret that was kept."""
    secret = _scalar(value, name)
    if not _SUITE.same(_SUITE.scale(_SUITE.generator(), secret), public):
        raise Malformed(field=name, reason="is not the secret of the ensemble's key")
    return EcdhPair(secret, public)


def _octets_of(scalar: Scalar) -> bytes:
    return _SUITE.to_int(scalar).to_bytes(SCALAR_OCTETS, "little")


def false_prekey_ensemble(
    secret: bytes | None,
    initiator: ClientProfile,
    setting: Setting,
    *,
    prekey_profile: PrekeyProfile | None = None,
) -> FalseEnsemble:
    """Make a prekey ensemble of the initiator's: "False Prekey Ensemble".

    It is as valid as those that the initiator published, and is made in the same way. With the
    secret its maker goes through the DAKE of whoever uses it, as section "Prekey Server Forged
    Conversations" needs it. Without, the prekey profile has to be a published one. Prekey messages
    are not signed, so that the ensemble is valid all the same; its maker can forge a transcript
    with it, but cannot read what others send to it.

    Args:
        secret: sym_h of the initiator's long-term key, 57 bytes; None with a `prekey_profile`.
        initiator: the client profile.
        setting: when it is made; the prekey profile is valid for a week from then.
        prekey_profile: a prekey profile of the initiator's.

    Raises:
        Malformed: the secret has another length.
        CannotForge: there is neither or both of secret and prekey profile; the secret is not that
            of the client profile's long-term key; or a profile has expired.
    """
    if (secret is None) == (prekey_profile is None):
        message = "a false ensemble takes sym_h, or else a prekey profile that was published"
        raise CannotForge(message)
    dates = [profile.expiration for profile in (initiator, prekey_profile) if profile is not None]
    if min(dates) <= setting.now:
        message = "nobody would accept this ensemble: a profile has expired"
        raise CannotForge(message)
    keys = _SUITE.long_term(_NOBODY if secret is None else secret)
    if secret is not None and not _SUITE.same(keys.public, initiator.public_key):
        message = "a prekey profile is signed with sym_h of the long-term key, and this is another"
        raise CannotForge(message)
    account = Account(_SUITE, keys, initiator.owner_tag, _seed(setting, "ensemble"), renewal=0)
    account.profiles = (initiator,)
    if prekey_profile is not None:
        nobodys = EcdhPair(_SUITE.zero(), prekey_profile.shared_prekey)
        account.prekey_profiles = (OwnPrekeyProfile(prekey_profile, nobodys),)
    (ensemble,) = account.make_ensembles(setting.now, 1)
    shared = account.prekey_profiles[0].shared_prekey if prekey_profile is None else None
    return FalseEnsemble(ensemble, account.prekeys[ensemble.message.identifier], shared)


def forge_offline(
    secret: bytes | None,
    initiator: PrekeyEnsemble | FalseEnsemble,
    responder: ClientProfile,
    setting: Setting,
) -> Forgery:
    """Forge a non-interactive DAKE with a prekey ensemble: "Forge DAKE and Session Keys".

    The initiator's side is played without the secrets of the ensemble: what they would give, the
    responder's side computes as well, and all that the initiator sends later takes new keys only.

    Args:
        secret: 57 bytes that the responder's long-term key, or the initiator's forging key, is made
            of. None: the ensemble is a false one, and y signs.
        initiator: a prekey ensemble that the initiator published, or a false one.
        responder: the client profile of who sends the Non-Interactive-Auth message.
        setting: when it plays.

    Returns:
        The conversation after the DAKE, to be gone on with.

    Raises:
        Malformed: the secret has another length.
        CannotForge: the secret belongs to neither profile, no secret in the ring is known, or the
            ensemble or the profile is not valid then.
    """
    false = initiator if isinstance(initiator, FalseEnsemble) else None
    ensemble = initiator.ensemble if isinstance(initiator, FalseEnsemble) else initiator
    owned = _owned(secret, ensemble.client_profile, responder)
    suite = _Knowing(*owned, *(() if false is None else (false.prekey.ecdh,)))
    bob = _mask(suite, owned, Side.INITIATOR, ensemble.client_profile, setting, ensemble)
    alice = _mask(suite, owned, Side.RESPONDER, responder, setting)
    return Forgery(bob, alice, Side.RESPONDER, alice.start_offline(ensemble))


def forge_transcript(
    secret: bytes | None,
    initiator: ClientProfile | PrekeyEnsemble | FalseEnsemble,
    responder: ClientProfile,
    said: Iterable[tuple[Side, bytes]],
    setting: Setting,
) -> Forgery:
    """Forge a whole conversation: "Forge Entire Transcript".

    A DAKE, and after it Data Messages, whose ratchets go on and whose MAC keys are revealed as in
    any other conversation.

    Args:
        secret: as in `forge_dake` or `forge_offline`.
        initiator: the client profile of Bob; or a prekey ensemble, for a non-interactive DAKE.
        responder: the client profile of Alice.
        said: who says what, in order; texts are in UTF-8.
        setting: when it plays.

    Returns:
        The conversation, to be gone on with.

    Raises:
        Malformed: the secret has another length, or a text contains a NUL.
        CannotForge: as in `forge_dake` and `forge_offline`.
    """
    if isinstance(initiator, PrekeyEnsemble | FalseEnsemble):
        forgery = forge_offline(secret, initiator, responder, setting)
    else:
        forgery = forge_dake(secret, initiator, responder, setting)
    for side, text in said:
        forgery.say(side, text)
    return forgery


# --- "Impersonate Initiator or Responder" -----------------------------------------------------


def impersonate_responder(
    secret: bytes, responder: ClientProfile, to: bytes | PrekeyEnsemble, setting: Setting
) -> Mask:
    """Answer somebody in another's name: "Impersonate Initiator or Responder".

    The initiator is honest, and will believe to talk to the responder.

    Args:
        secret: 57 bytes that the *initiator's* forging key is made of. (Those of the responder's
            own key do as well; but then nobody is impersonated.)
        responder: the client profile of who is impersonated.
        to: the initiator's Identity message, or a prekey ensemble.
        setting: when it happens.

    Returns:
        The responder's side; what it has sent is the Auth-R or Non-Interactive-Auth message.

    Raises:
        Malformed: the secret has another length, or the message cannot be taken apart.
        CannotForge: the secret is not in the ring; `to` is no Identity message; or it, the ensemble
            or the profile is not acceptable.
    """
    if isinstance(to, PrekeyEnsemble):
        initiator, y = to.client_profile, to.message.y
    else:
        identity = _read(to)
        if not isinstance(identity, Identity):
            wanted = "an Identity message"
            raise _wrong_kind(wanted, to)
        initiator, y = identity.profile, identity.y
    keys = _SUITE.long_term(secret)
    ring = (initiator.forging_key, responder.public_key, y)
    if keys.public not in ring:
        message = "of the three keys in the ring the secret has to be that of one"
        if _SUITE.same(keys.public, initiator.public_key):
            message += "; the initiator's long-term key is none, its forging key is"
        raise CannotForge(message)
    mask = _mask(_Knowing(keys), (keys,), Side.RESPONDER, responder, setting)
    if isinstance(to, PrekeyEnsemble):
        mask.start_offline(to)
    else:
        mask.receive(to)
    if not mask.sent:
        message = f"nobody honest would answer this; the check that fails: {mask.refused}"
        raise CannotForge(message)
    return mask


def impersonate_initiator(secret: bytes, initiator: ClientProfile, setting: Setting) -> Mask:
    """Begin a conversation in another's name: "Impersonate Initiator or Responder".

    The responder is honest, and will believe to talk to the initiator. Only an interactive DAKE can
    be begun so: who answers for a prekey ensemble needs its secrets.

    Args:
        secret: 57 bytes that the *responder's* forging key is made of. (As for
            `impersonate_responder`, those of the initiator's own key do as well.)
        initiator: the client profile of who is impersonated.
        setting: when it happens.

    Returns:
        The initiator's side, which has sent an Identity message. Its `receive` raises CannotForge
        for an Auth-R message of somebody whose forging key has another secret.

    Raises:
        Malformed: the secret has another length.
    """
    keys = _SUITE.long_term(secret)
    mask = _mask(_Knowing(keys), (keys,), Side.INITIATOR, initiator, setting)
    mask.start()
    return mask


def _owned(
    secret: bytes | None, initiator: ClientProfile, responder: ClientProfile
) -> tuple[LongTerm, ...]:
    """The long-term keys of a secret, if there is one.

    Raises:
        CannotForge: they are in neither profile.
    """
    if secret is None:
        return ()
    keys = _SUITE.long_term(secret)
    theirs = {key for each in (initiator, responder) for key in (each.public_key, each.forging_key)}
    if keys.public not in theirs:
        message = "the secret is that of no key in either client profile"
        raise CannotForge(message)
    return (keys,)


def _mask(  # noqa: PLR0913, PLR0917 - what an endpoint is given
    suite: RealSuite,
    owned: tuple[LongTerm, ...],
    side: Side,
    profile: ClientProfile,
    setting: Setting,
    ensemble: PrekeyEnsemble | None = None,
) -> Mask:
    """An endpoint under a client profile, at whose place it signs with what `suite` knows."""
    config = Config(
        owned[0] if owned else _SUITE.long_term(_NOBODY),
        (profile,),
        _seed(setting, side.value),
        profile.owner_tag,
        our_name=setting.name(side),
        their_name=setting.name(side.other),
        allow_v3=False,
    )
    if ensemble is not None:  # with no secret in it: `_Knowing` computes without
        prekey, shared = ensemble.message, ensemble.prekey_profile
        ecdh, dh = EcdhPair(_SUITE.zero(), prekey.y), DhPair(_SUITE.exponent(1), prekey.b)
        config.prekeys = {prekey.identifier: OwnPrekey(prekey, ecdh, dh)}
        nobodys = EcdhPair(_SUITE.zero(), shared.shared_prekey)
        config.prekey_profiles = (OwnPrekeyProfile(shared, nobodys),)
    return Mask(suite, config, setting.now)


def _seed(setting: Setting, use: str) -> Seed:
    """A seed for one use."""
    return _SUITE.seed(use.encode() + b"\0" + setting.seed)
