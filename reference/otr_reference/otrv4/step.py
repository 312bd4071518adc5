"""One step of an OTRv4 endpoint: what the rows ask, and what their effects do.

Method names are the words of the vocabulary (`otr_model.otrv4`): `ask_NAME` answers a condition,
`check_NAME` makes a check, `do_NAME` performs an effect. Which of them happens when is in the
tables. What several of them need is computed once, when it is first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from otr_model.otrv3.words import Msg as Msg3
from otr_model.otrv4.words import Dake, Kind, Mode, Msg, Role, TlvKind
from otr_reference.engine import Step, Unprepared
from otr_reference.otrv3 import commands as three

from . import notices
from .commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    Receive,
    SendText,
    StartOffline,
    StartSmp,
    UseExtraKey,
)
from .messages import (
    AuthI,
    AuthR,
    Content,
    DataFields,
    DataMessage,
    Disconnected,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    NonInteractiveAuth,
    OtherVersion,
    Padding,
    Plaintext,
    PrekeyMessage,
    Query,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
    UnknownTlv,
)
from .notices import Alert, SmpStage
from .session import (
    Agreed,
    Chain,
    Config,
    Conversation,
    FragmentAssembly,
    OurKeys,
    Outgoing,
    Pieces,
    Queued,
    Session,
    SmpBases,
    SmpExponents,
    SmpPoints,
    TheirKeys,
)
from .suite import CoordinatesProof, DhPair, EcdhPair, PhiSide, Proof, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_reference.sorts import Key, Octets, Passphrase, Point, RingSignature, Scalar, Wire

    from .commands import Input
    from .messages import ClientProfile, Message, PrekeyEnsemble, Tlv
    from .session import OwnPrekey, OwnPrekeyProfile
    from .suite import MessageKeys, Mixed, Offline, Suite

T = TypeVar("T")
V3, V4 = 3, 4
IGNORE_UNREADABLE = 0x01
EVERY = 3
"""Every so many ratchets there is a new DH key."""
UNREADABLE_TEXT = "Unreadable message"
NOT_PRIVATE_TEXT = "Not in private state message"
SMP_TYPES = frozenset({2, 3, 4, 5})

KIND_OF: dict[type, Kind] = {
    Fragment: Kind.FRAGMENT,
    Plaintext: Kind.PLAINTEXT,
    TaggedPlaintext: Kind.TAGGED,
    Query: Kind.QUERY,
    ErrorMessage: Kind.ERROR,
    Identity: Kind.IDENTITY,
    AuthR: Kind.AUTH_R,
    AuthI: Kind.AUTH_I,
    NonInteractiveAuth: Kind.NON_INTERACTIVE_AUTH,
    DataMessage: Kind.DATA,
    PrekeyMessage: Kind.PREKEY,
    OtherVersion: Kind.OTHER_VERSION,
    MalformedMessage: Kind.MALFORMED,
}
TLV_KIND_OF: dict[type, TlvKind] = {
    Padding: TlvKind.PADDING,
    Disconnected: TlvKind.DISCONNECTED,
    Smp1: TlvKind.SMP_1,
    Smp2: TlvKind.SMP_2,
    Smp3: TlvKind.SMP_3,
    Smp4: TlvKind.SMP_4,
    SmpAbort: TlvKind.SMP_ABORT,
    ExtraKeyUse: TlvKind.EXTRA_KEY,
    UnknownTlv: TlvKind.UNKNOWN,
    MalformedTlv: TlvKind.MALFORMED,
}
AT_HAND = ("content", "opening", "same_ratchet", "agreed_offline")
NUMBER = {word: word.number for kinds in (Kind, TlvKind) for word in kinds}


def present(value: T | None) -> T:
    """A value that the tables promise to be there.

    Raises:
        Unprepared: if it is not, under a variant that breaks the promise.
    """
    if value is None:
        message = "a value is missing that the row relies on"
        raise Unprepared(message)
    return value


@dataclass(slots=True)
class Facts:
    """What is known about the message or command at hand; names as in the declared variables."""

    now: int
    kind: int = -1
    version: int = 0
    sender_tag: int = 0
    receiver_tag: int = 0
    offers_3: bool = False
    offers_4: bool = False
    error_code: int = 0
    owner_tag: int = 0
    expiration: int = 0
    prekey_owner_tag: int = 0
    prekey_expiration: int = 0
    previous_count: int = 0
    ratchet_id: int = 0
    message_id: int = 0
    has_dh: bool = False
    ignore_unreadable: bool = False
    assembly: int = 0
    index: int = 0
    total: int = 0
    piece_size: int = 0
    tlv_kind: int = 0


def assess(message: Message, now: int, suite: Suite) -> Facts:
    """The facts about a message, all but what only decryption tells."""
    facts = Facts(now, NUMBER[KIND_OF[type(message)]])
    header: Header | None = None
    match message:
        case DataMessage():
            fields = message.fields
            header = fields.header
            facts.previous_count = fields.pn
            facts.ratchet_id = fields.ratchet_id
            facts.message_id = fields.message_id
            facts.has_dh = fields.dh is not None
            facts.ignore_unreadable = bool(fields.flags & IGNORE_UNREADABLE)
        case Identity() | AuthR() | NonInteractiveAuth():
            header = message.header
            facts.owner_tag = message.profile.owner_tag
            facts.expiration = message.profile.expiration
        case AuthI():
            header = message.header
        case Fragment():
            header = message.header
            facts.assembly = (header.sender << 32) | message.identifier
            facts.index, facts.total = message.index, message.total
            facts.piece_size = suite.size(message.piece)
        case Query() | TaggedPlaintext():
            facts.offers_3 = V3 in message.versions
            facts.offers_4 = V4 in message.versions
        case ErrorMessage():
            facts.error_code = message.code or 0
        case MalformedMessage():
            header = message.header
        case Plaintext() | PrekeyMessage() | OtherVersion():
            pass
    if header is not None:
        facts.version = V4
        facts.sender_tag, facts.receiver_tag = header.sender, header.receiver
    return facts


def assess_ensemble(ensemble: PrekeyEnsemble, now: int) -> Facts:
    """The facts about a prekey ensemble: its sender is the owner of the prekey message."""
    facts = Facts(now)
    facts.sender_tag = ensemble.message.owner_tag
    facts.owner_tag = ensemble.client_profile.owner_tag
    facts.expiration = ensemble.client_profile.expiration
    facts.prekey_owner_tag = ensemble.prekey_profile.owner_tag
    facts.prekey_expiration = ensemble.prekey_profile.expiration
    return facts


@dataclass(frozen=True, slots=True)
class Opening:
    """How the Data Message at hand is opened, and what the keys will be if that succeeds.

    Attributes:
        keys: its keys.
        after: root key, brace key, the peer's ephemeral keys and receiving chain afterwards.
        left: chain keys of messages of the last ratchet that have not arrived, with their ids.
        gap: the same of the message's own ratchet.
        forgets: the skipped message key that is used up.
    """

    keys: MessageKeys
    after: Chain
    left: tuple[tuple[int, Key], ...] = ()
    gap: tuple[tuple[int, Key], ...] = ()
    forgets: tuple[Point, int] | None = None


@dataclass(frozen=True, slots=True)
class OfflineMatch:
    """Which of our profiles a Non-Interactive-Auth message was made with, and what it gives."""

    signed: bool
    value: Octets
    offline: Offline
    prekey: OwnPrekey


class Otrv4Step(Step[Conversation, Session]):
    """A run on a conversation."""

    facts: Facts
    config: Config
    message: Message

    def __init__(
        self, conversation: Conversation, suite: Suite, config: Config, given: Input, now: int
    ) -> None:
        super().__init__(conversation, Session)
        self.suite = suite
        self.config = config
        self.given = given
        self.outputs: list[notices.Output] = []
        self.has_room: Callable[[int], bool] = lambda _key: True
        match given:
            case Receive(wire):
                self.wire: Wire = wire
                self.take(suite.decode(wire), now)
            case StartOffline(ensemble):
                self.facts = assess_ensemble(ensemble, now)
            case _:
                self.facts = Facts(now)

    def spawn_in(self, slot: str, key: int) -> FragmentAssembly:  # noqa: ARG002 - the one further family
        """Make the assembly of a fragmented message."""
        return FragmentAssembly()

    def take(self, message: Message, now: int) -> None:
        """Begin to handle a message: nothing is known but what it says by itself."""
        self.message = message
        self.facts = assess(message, now, self.suite)
        self.tlv_at = 0
        self.extra_keys: list[Key] = []
        held = self.__dict__
        for name in AT_HAND:
            if name in held:
                del held[name]

    # What goes out.

    def tell(self, notice: notices.Notice) -> None:
        """A typed event for the user interface; it says which instance of the peer it is about."""
        self.outputs.append(replace(notice, instance=self.key) if self.key else notice)

    def transmit(self, message: Message) -> None:
        """A message that is not encoded, for the network."""
        self.outputs.append(notices.Send(self.suite.encode(message)))

    def transmit_encoded(self, message: Message) -> None:
        """An encoded message for the network, in fragments where it is too large."""
        wire = self.suite.encode(message)
        size = self.config.max_size
        if not size:
            self.outputs.append(notices.Send(wire))
            return
        identifier = self.suite.fresh_identifier(self.config.seed, self.draw())
        for piece in self.suite.split(wire, identifier, self.config.our_tag, self.key, size):
            self.outputs.append(notices.Send(piece))

    @property
    def header(self) -> Header:
        """The header of what we send in this session."""
        return Header(self.config.our_tag, self.key)

    def draw(self) -> int:
        """The number of the next draw."""
        self.shared.draws += 1
        return self.shared.draws

    def fresh_ecdh(self) -> EcdhPair:
        """A new ECDH key pair."""
        return self.suite.fresh_ecdh(self.config.seed, self.draw())

    def fresh_dh(self) -> DhPair:
        """A new DH key pair."""
        return self.suite.fresh_dh(self.config.seed, self.draw())

    def ring_sign(self, ring: tuple[Point, Point, Point], value: Octets) -> RingSignature:
        """A ring signature with our long-term key."""
        secret, seed = self.config.keys.secret, self.config.seed
        return self.suite.ring_sign(ring, secret, value, seed, self.draw())

    # What only the conversation as a whole, or the application, can answer.

    def ask_room(self) -> bool:
        """Asked of the engine, which knows the bound: of whoever sent the message at hand."""
        return self.has_room(self.facts.sender_tag)

    def ask_private_3(self) -> bool:
        """Whether the conversation of version 3 is private, or was ended by its peer."""
        older = self.shared.version_3
        return older is not None and older.current.message is not Msg3.PLAINTEXT

    def ask_waiting(self) -> bool:
        """Whether a DAKE is in progress with any instance, or with none in particular."""
        return any(member.dake is not Dake.IDLE for member in self.shared.members.values())

    def ask_rollback(self) -> bool:
        """Section "Client Profile": what a published profile says of the peer."""
        known = self.config.known_profile
        return known is not None and V4 in known.versions and known.expiration > self.facts.now

    def ask_trusted(self) -> bool:
        """Client recommendations: OTRNG_REQUIRE_AUTHENTICATED."""
        fingerprint = self.suite.fingerprint(self.profile_at_hand)
        return any(self.suite.same(fingerprint, known) for known in self.config.trusted)

    @property
    def profile_at_hand(self) -> ClientProfile:
        """The client profile of the DAKE message or prekey ensemble at hand."""
        if isinstance(self.given, StartOffline):
            return self.given.ensemble.client_profile
        message = self.message
        if isinstance(message, Identity | AuthR | NonInteractiveAuth):
            return message.profile
        return present(None)

    # Section "Validating a Client Profile".

    def check_profile_signed(self) -> bool:
        """The Client Profile Signature."""
        return self.suite.profile_signed(self.profile_at_hand)

    def check_profile_versions(self) -> bool:
        """Versions contains "4"."""
        return V4 in self.profile_at_hand.versions

    def check_profile_key(self) -> bool:
        """H."""
        return self.suite.in_group(self.profile_at_hand.public_key)

    def check_profile_forging_key(self) -> bool:
        """F."""
        return self.suite.in_group(self.profile_at_hand.forging_key)

    def check_profile_transition(self) -> bool:
        """The Transitional Signature: see the ambiguity transition-optional."""
        if self.config.mode != Mode.COMPATIBLE.number or self.profile_at_hand.dsa_key is None:
            return True
        return self.suite.transition_signed(self.profile_at_hand)

    # Sections "Identity Message" to "Auth-I Message".

    @property
    def _ephemeral(self) -> TheirKeys:
        """The ephemeral keys of the DAKE message at hand."""
        message = self.message
        match message:
            case Identity():
                ecdh, dh = message.y, message.b
            case AuthR() | NonInteractiveAuth():
                ecdh, dh = message.x, message.a
            case _:
                return present(None)
        return TheirKeys(message.profile, ecdh, dh, message.first_ecdh, message.first_dh)

    def check_ecdh_point(self) -> bool:
        """Y or X."""
        return self.suite.in_group(self._ephemeral.ecdh)

    def check_dh_member(self) -> bool:
        """B or A."""
        return self.suite.in_dh_group(self._ephemeral.dh)

    def check_first_ecdh_point(self) -> bool:
        """our_ecdh_first.public."""
        return self.suite.in_group(self._ephemeral.first_ecdh)

    def check_first_dh_member(self) -> bool:
        """our_dh_first.public."""
        return self.suite.in_dh_group(self._ephemeral.first_dh)

    def _our_side(self, ours: OurKeys) -> PhiSide:
        config = self.config
        return PhiSide(
            config.our_tag, ours.first_ecdh.public, ours.first_dh.public, config.our_name
        )

    def _their_side(self, theirs: TheirKeys) -> PhiSide:
        name = self.config.their_name
        return PhiSide(self.key, theirs.first_ecdh, theirs.first_dh, name)

    def _as_initiator(self, ours: OurKeys, theirs: TheirKeys, *, sending: bool) -> Transcript:
        """What the DAKE authenticates, on the side that sent the Identity message."""
        sides = self._our_side(ours), self._their_side(theirs)
        phi = self.suite.phi(*(sides if sending else sides[::-1]))
        profiles = ours.profile, theirs.profile
        return Transcript(*profiles, ours.ecdh, theirs.ecdh, ours.dh, theirs.dh, phi)

    def _as_responder(self, ours: OurKeys, theirs: TheirKeys, *, sending: bool) -> Transcript:
        """The same, on the side that sent the Auth-R message."""
        sides = self._our_side(ours), self._their_side(theirs)
        phi = self.suite.phi(*(sides if sending else sides[::-1]))
        profiles = theirs.profile, ours.profile
        return Transcript(*profiles, theirs.ecdh, ours.ecdh, theirs.dh, ours.dh, phi)

    def check_auth_r_sigma(self) -> bool:
        """RVrf({F_b, H_a, Y}, sigma, t)."""
        script = self._as_initiator(present(self.member.our_keys), self._ephemeral, sending=False)
        ring = (script.bob.forging_key, script.alice.public_key, script.y)
        return self.suite.ring_verified(ring, self.of(AuthR).sigma, self.suite.auth_r_bound(script))

    def check_auth_i_sigma(self) -> bool:
        """RVrf({H_b, F_a, X}, sigma, t)."""
        member = self.member
        ours, theirs = present(member.our_keys), present(member.their_keys)
        script = self._as_responder(ours, theirs, sending=False)
        ring = (script.bob.public_key, script.alice.forging_key, script.x)
        return self.suite.ring_verified(ring, self.of(AuthI).sigma, self.suite.auth_i_bound(script))

    def ask_ours_higher(self) -> bool:
        """The tie-break: our hashed B against theirs."""
        suite = self.suite
        ours = suite.hashed_b(present(self.member.our_keys).dh)
        return suite.higher(ours, suite.hashed_b(self.of(Identity).b))

    def ask_repeated(self) -> bool:
        """Whether the keys and the profile are those that we have answered."""
        same, now, before = self.suite.same, self._ephemeral, present(self.member.their_keys)
        return (
            same(now.ecdh, before.ecdh)
            and same(now.dh, before.dh)
            and same(now.first_ecdh, before.first_ecdh)
            and same(now.first_dh, before.first_dh)
            and same(now.profile.body, before.profile.body)
            and same(now.profile.signature, before.profile.signature)
        )

    def do_new_identity(self) -> None:
        """Section "Identity Message"."""
        ecdh, dh = self.fresh_ecdh(), self.fresh_dh()
        self.own().our_keys = OurKeys(
            self.config.profiles[0],
            ecdh.public,
            dh.public,
            (ecdh.secret, dh.secret),
            self.fresh_ecdh(),
            self.fresh_dh(),
        )

    def do_send_identity(self) -> None:
        """Section "Identity Message"."""
        ours = present(self.member.our_keys)
        self.transmit_encoded(
            Identity(
                self.header,
                ours.profile,
                ours.ecdh,
                ours.dh,
                ours.first_ecdh.public,
                ours.first_dh.public,
            )
        )

    def do_adopt_offer(self) -> None:
        """The master's y, b and first keys."""
        self.own().our_keys = self.master.our_keys

    def do_answer_identity(self) -> None:
        """Sections "Auth-R Message" and "Interactive DAKE Overview"."""
        member, suite, theirs = self.own(), self.suite, self._ephemeral
        ecdh, dh = self.fresh_ecdh(), self.fresh_dh()
        member.their_keys = theirs
        member.our_keys = OurKeys(
            self.config.profiles[0],
            ecdh.public,
            dh.public,
            None,
            self.fresh_ecdh(),
            self.fresh_dh(),
        )
        member.mixed = suite.mixed(ecdh.secret, theirs.ecdh, dh.secret, theirs.dh)

    def do_send_auth_r(self) -> None:
        """Section "Auth-R Message"."""
        member, suite = self.member, self.suite
        ours, theirs = present(member.our_keys), present(member.their_keys)
        script = self._as_responder(ours, theirs, sending=True)
        ring = (script.bob.forging_key, script.alice.public_key, script.y)
        self.transmit_encoded(
            AuthR(
                self.header,
                ours.profile,
                ours.ecdh,
                ours.dh,
                self.ring_sign(ring, suite.auth_r_bound(script)),
                ours.first_ecdh.public,
                ours.first_dh.public,
            )
        )

    def do_accept_auth_r(self) -> None:
        """Section "Interactive DAKE Overview"."""
        member, theirs = self.own(), self._ephemeral
        ours = present(member.our_keys)
        y, b = present(ours.secrets)
        member.their_keys = theirs
        self._agree(member, self.suite.mixed(y, theirs.ecdh, b, theirs.dh))

    def do_send_auth_i(self) -> None:
        """Section "Auth-I Message"."""
        member, suite = self.member, self.suite
        ours, theirs = present(member.our_keys), present(member.their_keys)
        script = self._as_initiator(ours, theirs, sending=True)
        ring = (script.bob.public_key, script.alice.forging_key, script.x)
        sigma = self.ring_sign(ring, suite.auth_i_bound(script))
        self.transmit_encoded(AuthI(self.header, sigma))

    def do_accept_auth_i(self) -> None:
        """Section "Receiving an Auth-I Message"."""
        member = self.own()
        self._agree(member, present(member.mixed))

    def _agree(self, member: Session, mixed: Mixed) -> None:
        """What an interactive DAKE leaves to the ratchet."""
        ours, theirs = present(member.our_keys), present(member.their_keys)
        member.mixed = mixed
        member.identity = theirs.profile
        member.agreed = Agreed(
            mixed.k,
            mixed.brace,
            ours.first_ecdh,
            ours.first_dh,
            theirs.first_ecdh,
            theirs.first_dh,
        )

    # Sections "Offline Conversation Initialization" and "Validating Prekey Ensembles".

    @property
    def _ensemble(self) -> PrekeyEnsemble:
        return self.asked(StartOffline).ensemble

    def check_prekey_profile_signed(self) -> bool:
        """The signature of the prekey profile."""
        ensemble = self._ensemble
        return self.suite.prekey_profile_signed(ensemble.client_profile, ensemble.prekey_profile)

    def check_shared_prekey_point(self) -> bool:
        """D."""
        return self.suite.in_group(self._ensemble.prekey_profile.shared_prekey)

    def check_prekey_ecdh_point(self) -> bool:
        """Y."""
        return self.suite.in_group(self._ensemble.message.y)

    def check_prekey_dh_member(self) -> bool:
        """B."""
        return self.suite.in_dh_group(self._ensemble.message.b)

    def do_send_non_interactive_auth(self) -> None:
        """Section "Non-Interactive-Auth Message", and what the overview computes of it."""
        suite, config, ensemble = self.suite, self.config, self._ensemble
        theirs, message = ensemble.client_profile, ensemble.message
        shared_prekey = ensemble.prekey_profile.shared_prekey
        x, a = self.fresh_ecdh(), self.fresh_dh()
        first_ecdh, first_dh = self.fresh_ecdh(), self.fresh_dh()
        offline = suite.mixed_by_retriever(
            x.secret, a.secret, message.y, message.b, shared_prekey, theirs.public_key
        )
        ours = config.profiles[0]
        phi = suite.phi(
            PhiSide(config.our_tag, first_ecdh.public, first_dh.public, config.our_name),
            PhiSide(self.key, None, None, config.their_name),
        )
        script = Transcript(theirs, ours, message.y, x.public, message.b, a.public, phi)
        bound = suite.non_interactive_bound(script, shared_prekey)
        ring = (theirs.forging_key, ours.public_key, message.y)
        self.transmit_encoded(
            NonInteractiveAuth(
                self.header,
                ours,
                x.public,
                a.public,
                self.ring_sign(ring, bound),
                message.identifier,
                suite.auth_mac(offline.mac_key, bound),
                first_ecdh.public,
                first_dh.public,
            )
        )
        member, mixed = self.own(), offline.mixed
        member.mixed, member.identity = mixed, theirs
        member.agreed = Agreed(mixed.k, mixed.brace, first_ecdh, first_dh, message.y, message.b)

    def check_prekey_known(self) -> bool:
        """The prekey message is ours, and was never used."""
        identifier = self.of(NonInteractiveAuth).prekey_id
        used = self.shared.used_prekeys or ()
        return (
            identifier in self.config.prekeys
            and identifier not in used
            and bool(self._own_profiles)
            and bool(self._own_prekey_profiles)
        )

    @property
    def _own_profiles(self) -> tuple[ClientProfile, ...]:
        """Our client profiles that may have been used for what arrives now."""
        oldest = self.facts.now - self.config.extra_validity
        return tuple(p for p in self.config.profiles if p.expiration > oldest)

    @property
    def _own_prekey_profiles(self) -> tuple[OwnPrekeyProfile, ...]:
        """The same of our prekey profiles."""
        oldest = self.facts.now - self.config.extra_validity
        return tuple(p for p in self.config.prekey_profiles if p.profile.expiration > oldest)

    @cached_property
    def agreed_offline(self) -> OfflineMatch:
        """The values of the Non-Interactive-Auth message at hand, with the profiles that fit it.

        Where its signature fits none of them, with the current ones.
        """
        suite, config, message = self.suite, self.config, self.of(NonInteractiveAuth)
        prekey = present(config.prekeys.get(message.prekey_id))
        phi = suite.phi(
            PhiSide(self.key, message.first_ecdh, message.first_dh, config.their_name),
            PhiSide(config.our_tag, None, None, config.our_name),
        )
        tried: list[tuple[bool, Octets, OwnPrekeyProfile]] = []
        for ours in self._own_profiles:
            y, b = prekey.ecdh.public, prekey.dh.public
            script = Transcript(ours, message.profile, y, message.x, b, message.a, phi)
            ring = (ours.forging_key, message.profile.public_key, y)
            for held in self._own_prekey_profiles:
                bound = suite.non_interactive_bound(script, held.shared_prekey.public)
                signed = suite.ring_verified(ring, message.sigma, bound)
                tried.append((signed, bound, held))
                if signed:
                    break
            if tried and tried[-1][0]:
                break
        signed, bound, held = next((t for t in tried if t[0]), present(next(iter(tried), None)))
        offline = suite.mixed_by_publisher(
            prekey.ecdh.secret,
            prekey.dh.secret,
            held.shared_prekey.secret,
            config.keys.secret,
            message.x,
            message.a,
        )
        return OfflineMatch(signed, bound, offline, prekey)

    def check_non_interactive_sigma(self) -> bool:
        """RVrf({F_b, H_a, Y}, sigma, t), with one of our client profiles."""
        return self.agreed_offline.signed

    def check_auth_mac(self) -> bool:
        """The Auth MAC."""
        match, suite = self.agreed_offline, self.suite
        mac = suite.auth_mac(match.offline.mac_key, match.value)
        return suite.same(mac, self.of(NonInteractiveAuth).auth_mac)

    def do_accept_non_interactive_auth(self) -> None:
        """Section "Non-Interactive DAKE Overview"."""
        message, match, member = self.of(NonInteractiveAuth), self.agreed_offline, self.own()
        mixed = match.offline.mixed
        member.mixed, member.identity = mixed, message.profile
        member.agreed = Agreed(
            mixed.k, mixed.brace, None, None, message.first_ecdh, message.first_dh
        )
        used = self.shared.used_prekeys or frozenset()
        self.shared.used_prekeys = used | {message.prekey_id}

    def do_tell_prekey_used(self) -> None:
        """Section "Prekey Message": its values are for one use."""
        self.tell(notices.PrekeyUsed(self.of(NonInteractiveAuth).prekey_id))

    def do_tell_ensemble_refused(self) -> None:
        """Section "Validating Prekey Ensembles"."""
        because = "" if self.failed is None else self.failed.label
        self.tell(notices.EnsembleRefused(because))

    # Becoming private.

    def ask_same_peer(self) -> bool:
        """Whether the DAKE authenticated the fingerprint that the conversation is with."""
        member, fingerprint = self.member, self.suite.fingerprint
        return self.suite.same(
            fingerprint(present(member.peer)), fingerprint(present(member.identity))
        )

    def do_enter_private(self) -> None:
        """Section "Protocol States"."""
        member = self.own()
        member.peer = present(member.identity)
        member.ssid = present(member.mixed).ssid

    def do_tell_secure(self) -> None:
        """Section "Secure Session ID"."""
        self._tell_secured(refreshed=False)

    def do_tell_still_secure(self) -> None:
        """As the previous."""
        self._tell_secured(refreshed=True)

    def _tell_secured(self, *, refreshed: bool) -> None:
        member, peer = self.member, present(self.member.peer)
        self.tell(
            notices.Secured(
                peer,
                self.suite.fingerprint(peer),
                present(member.ssid),
                member.role in BOLD_FIRST,
                member.role in INTERACTIVE,
                self.key,
                refreshed,
            )
        )

    # The double ratchet: sections "Interactive DAKE Overview" and "Key Management".

    def _begin(self, chain: Chain) -> None:
        """The ratchet begins; MAC keys of skipped messages of the last one are to be revealed."""
        member = self.own()
        if member.chain is not None:
            self._to_reveal(member, *(keys.mac for keys in member.chain.skipped.values()))
        member.chain = chain

    @staticmethod
    def _to_reveal(member: Session, *keys: Key) -> None:
        if keys:
            member.old_mac_keys = (member.old_mac_keys or ()) + keys

    def do_begin_as_initiator(self) -> None:
        """Section "Interactive DAKE Overview"."""
        agreed, suite = present(self.member.agreed), self.suite
        first, first_dh = present(agreed.our_ecdh), present(agreed.our_dh)
        brace = suite.third_brace_key(first_dh.secret, agreed.their_dh)
        root = suite.first_root(agreed.k)
        receiving = suite.ratchet(root, first.secret, agreed.their_ecdh, brace)
        ecdh, dh = self.fresh_ecdh(), self.fresh_dh()
        brace = suite.third_brace_key(dh.secret, agreed.their_dh)
        sending = suite.ratchet(receiving.root, ecdh.secret, agreed.their_ecdh, brace)
        theirs = agreed.their_ecdh, agreed.their_dh
        self._begin(Chain(sending.root, brace, *theirs, ecdh, dh, sending.chain, receiving.chain))

    def do_begin_as_responder(self) -> None:
        """Section "Interactive DAKE Overview"."""
        agreed, suite = present(self.member.agreed), self.suite
        first, first_dh = present(agreed.our_ecdh), present(agreed.our_dh)
        brace = suite.third_brace_key(first_dh.secret, agreed.their_dh)
        root = suite.first_root(agreed.k)
        sending = suite.ratchet(root, first.secret, agreed.their_ecdh, brace)
        theirs = agreed.their_ecdh, agreed.their_dh
        self._begin(Chain(sending.root, brace, *theirs, first, first_dh, sending.chain))

    def do_begin_as_retriever(self) -> None:
        """Section "Non-Interactive DAKE Overview"."""
        agreed = present(self.member.agreed)
        begun = self.suite.offline_chain(agreed.k)
        ours, theirs = (agreed.our_ecdh, agreed.our_dh), (agreed.their_ecdh, agreed.their_dh)
        self._begin(Chain(begun.root, agreed.brace, *theirs, *ours, begun.chain))

    def do_begin_as_publisher(self) -> None:
        """Section "Non-Interactive DAKE Overview"."""
        agreed = present(self.member.agreed)
        begun = self.suite.offline_chain(agreed.k)
        theirs = agreed.their_ecdh, agreed.their_dh
        self._begin(Chain(begun.root, agreed.brace, *theirs, receiving=begun.chain))

    def do_rotate(self) -> None:
        """Section "Rotating ECDH Keys and Brace Key as sender"."""
        chain = present(self.member.chain)
        self._rotate(chain, self.suite.next_brace_key(chain.brace), chain.our_dh)

    def do_rotate_with_dh(self) -> None:
        """As the previous, in every third ratchet."""
        chain, dh = present(self.member.chain), self.fresh_dh()
        self._rotate(chain, self.suite.third_brace_key(dh.secret, chain.their_dh), dh)

    def _rotate(self, chain: Chain, brace: Key, dh: DhPair | None) -> None:
        ecdh = self.fresh_ecdh()
        begun = self.suite.ratchet(chain.root, ecdh.secret, chain.their_ecdh, brace)
        self.own().chain = replace(
            chain, root=begun.root, brace=brace, our_ecdh=ecdh, our_dh=dh, sending=begun.chain
        )

    def do_reveal(self) -> None:
        """Section "Revealing MAC Keys"."""
        member = self.own()
        if member.old_mac_keys:
            member.revealed = (member.revealed or ()) + member.old_mac_keys

    def do_send_data(self) -> None:
        """Section "When you send a Data Message"."""
        member, suite = self.own(), self.suite
        outgoing, *rest = present(member.outbox)
        member.outbox = tuple(rest) or None
        chain = present(member.chain)
        sending, ecdh = present(chain.sending), present(chain.our_ecdh)
        keys = suite.message_keys(sending)
        third = member.sending_id % EVERY == 0
        fields = DataFields(
            self.header,
            outgoing.flags,
            member.pn,
            member.sending_id,
            member.j - 1,
            ecdh.public,
            present(chain.our_dh).public if third else None,
            suite.seal(keys.encryption, outgoing.content),
        )
        mac = suite.data_mac(keys.mac, suite.data_body(fields))
        revealed = tuple(suite.reveal(key) for key in member.revealed or ())
        member.chain = chain.with_sending(suite.next_chain_key(sending))
        self.transmit_encoded(DataMessage(fields, mac, revealed))
        use = outgoing.use
        if use is not None:
            derived = suite.next_extra_key(keys.extra, 0, use.use)
            self.tell(notices.ExtraKey(keys.extra, derived, use.use, use.data, sent=True))

    # Section "When you receive a Data Message".

    @property
    def _where(self) -> tuple[Point, int]:
        """Under which key and number the Data Message at hand was sent."""
        fields = self.of(DataMessage).fields
        return fields.ecdh, fields.message_id

    def ask_key_skipped(self) -> bool:
        """Whether the message key was stored."""
        chain = self.member.chain
        return chain is not None and self._where in chain.skipped

    def ask_same_ratchet(self) -> bool:
        """Whether it is of the peer's current ratchet."""
        return self.same_ratchet

    @cached_property
    def same_ratchet(self) -> bool:
        """Whether the Data Message at hand is of the ratchet that was current when it came."""
        chain = self.member.chain
        return chain is not None and self.suite.same(chain.their_ecdh, self._where[0])

    @cached_property
    def opening(self) -> Opening:
        """How the Data Message at hand is opened. Nothing is changed by that."""
        chain, where = present(self.member.chain), self._where
        keys = chain.skipped.get(where)
        if keys is not None:
            return Opening(keys, chain, forgets=where)
        message_id = where[1]
        if self.same_ratchet:
            gap, last = self._advanced(chain.receiving, chain.receiving_at, message_id)
            after = self._following(chain, present(last), message_id)
            return Opening(self.suite.message_keys(present(last)), after, gap=gap)
        return self._opening_of_next(chain, where[0], message_id)

    def _opening_of_next(self, chain: Chain, ecdh: Point, message_id: int) -> Opening:
        """The Data Message at hand begins a new ratchet."""
        suite, fields = self.suite, self.of(DataMessage).fields
        left: tuple[tuple[int, Key], ...] = ()
        if chain.receiving is not None:
            left, _ = self._advanced(chain.receiving, chain.receiving_at, fields.pn)
        our_dh, their_dh = chain.our_dh, chain.their_dh
        if fields.ratchet_id % EVERY == 0:
            their_dh = present(fields.dh)
            brace = suite.third_brace_key(present(our_dh).secret, their_dh)
            our_dh = None
        else:
            brace = suite.next_brace_key(chain.brace)
        begun = suite.ratchet(chain.root, present(chain.our_ecdh).secret, ecdh, brace)
        gap, last = self._advanced(begun.chain, 0, message_id)
        next_chain = replace(
            chain,
            root=begun.root,
            brace=brace,
            their_ecdh=ecdh,
            their_dh=their_dh,
            our_ecdh=None,
            our_dh=our_dh,
            sending=None,
        )
        after = self._following(next_chain, present(last), message_id)
        return Opening(suite.message_keys(present(last)), after, left, gap)

    def _advanced(
        self, chain_key: Key | None, at: int, until: int
    ) -> tuple[tuple[tuple[int, Key], ...], Key | None]:
        """The chain keys from one message to another, and that of the other."""
        passed: list[tuple[int, Key]] = []
        for number in range(at, until):
            passed.append((number, present(chain_key)))
            chain_key = self.suite.next_chain_key(present(chain_key))
        return tuple(passed), chain_key

    def _following(self, chain: Chain, last: Key, message_id: int) -> Chain:
        """The receiving chain after a message."""
        return chain.with_receiving(self.suite.next_chain_key(last), message_id + 1)

    @cached_property
    def content(self) -> Content:
        """What the Data Message at hand says. From here on its first TLV is at hand."""
        encrypted = self.of(DataMessage).fields.encrypted
        content = self.suite.open(self.opening.keys.encryption, encrypted)
        self._look_at(content.tlvs)
        return content

    def check_data_ecdh_point(self) -> bool:
        """Section "Receiving a Data Message"."""
        return self.suite.in_group(self._where[0])

    def check_data_dh_member(self) -> bool:
        """Section "Receiving a Data Message"."""
        dh = self.of(DataMessage).fields.dh
        return dh is None or self.suite.in_dh_group(dh)

    def check_data_mac(self) -> bool:
        """Section "Data Message Format": the authenticator."""
        message, suite = self.of(DataMessage), self.suite
        mac = suite.data_mac(self.opening.keys.mac, suite.data_body(message.fields))
        return suite.same(mac, message.authenticator)

    def ask_has_text(self) -> bool:
        """Section "Data Exchange": a message with an empty human-readable part is a heartbeat."""
        return not self.suite.empty(self.content.text)

    def do_take_skipped(self) -> None:
        """Section "When you receive a Data Message"."""
        opening, member = self.opening, self.own()
        chain = present(member.chain)
        skipped = {k: v for k, v in chain.skipped.items() if k != opening.forgets}
        member.chain = replace(chain, skipped=skipped)
        self._to_reveal(member, opening.keys.mac)

    def do_take_same(self) -> None:
        """Section "When you receive a Data Message"."""
        self._take()

    def do_take_next(self) -> None:
        """Section "Rotating ECDH Keys and Brace Key as receiver"."""
        self._take()

    def do_take_next_with_dh(self) -> None:
        """As the previous, in every third ratchet."""
        self._take()

    def _take(self) -> None:
        opening, member, keys_of = self.opening, self.own(), self.suite.message_keys
        before, after = present(member.chain), opening.after
        if opening.left or opening.gap:
            skipped = dict(after.skipped)
            for number, chain_key in opening.left:
                skipped[before.their_ecdh, number] = keys_of(chain_key)
            for number, chain_key in opening.gap:
                skipped[after.their_ecdh, number] = keys_of(chain_key)
            after = replace(after, skipped=skipped)
        member.chain = after
        self._to_reveal(member, opening.keys.mac)

    def do_drop_skipped(self) -> None:
        """Section "Deletion of Stored Message Keys"."""
        member = self.own()
        chain = present(member.chain)
        self._to_reveal(member, *(keys.mac for keys in chain.skipped.values()))
        member.chain = replace(chain, skipped={})

    # What the user sends.

    def put(self, content: Content, flags: int = 0, use: ExtraKeyUse | None = None) -> None:
        """A content is to be sent."""
        member = self.own()
        member.outbox = (*(member.outbox or ()), Outgoing(content, flags, use))

    def put_tlv(self, tlv: Tlv, use: ExtraKeyUse | None = None) -> None:
        """A TLV without a text is to be sent."""
        self.put(Content(self.suite.literal(""), (tlv,)), IGNORE_UNREADABLE, use)

    def do_put_text(self) -> None:
        """Section "Sending a Data Message"."""
        self.put(Content(self.asked(SendText).text))

    def do_queue_text(self) -> None:
        """Section "Sending a Data Message"."""
        member, shared = self.member, self.shared
        peer = member.peer if member.message is not Msg.START else None
        meant_for = None if peer is None else self.suite.fingerprint(peer)
        text = Queued(self.asked(SendText).text, meant_for)
        shared.queue = (*(shared.queue or ()), text)

    def ask_for_this_peer(self) -> bool:
        """Whether the next text that waits may go to the peer of the conversation."""
        meant_for = present(self.shared.queue)[0].meant_for
        if meant_for is None:
            return True
        peer = self.member.peer if self.member.message is not Msg.START else None
        return peer is not None and self.suite.same(meant_for, self.suite.fingerprint(peer))

    def do_put_queued(self) -> None:
        """Section "Receiving an Auth-I Message"."""
        first, *rest = present(self.shared.queue)
        self.shared.queue = tuple(rest) or None
        self.put(Content(first.text))

    def do_tell_resent(self) -> None:
        """The user sees that what waited went out."""
        self.tell(notices.Resent(present(self.member.outbox)[-1].content.text))

    def do_put_disconnect(self) -> None:
        """Section "User requests to end an OTRv4 Conversation"."""
        self.put_tlv(Disconnected())

    def do_put_heartbeat(self) -> None:
        """Section "Data Exchange"."""
        self.put(Content(self.suite.literal("")), IGNORE_UNREADABLE)

    def do_put_extra_key(self) -> None:
        """Section "Extra Symmetric Key"."""
        asked = self.asked(UseExtraKey)
        use = ExtraKeyUse(asked.use, asked.data)
        self.put_tlv(use, use)

    def do_tell_extra_key(self) -> None:
        """Section "Extra Symmetric Key"."""
        tlv = self.tlv_of(ExtraKeyUse)
        key = self.opening.keys.extra
        derived = None
        if len(self.extra_keys) < self.config.max_extra_keys:
            previous = self.extra_keys[-1] if self.extra_keys else key
            derived = self.suite.next_extra_key(previous, self.tlv_at, tlv.use)
            self.extra_keys.append(derived)
        self.tell(notices.ExtraKey(key, derived, tlv.use, tlv.data, sent=False))

    # Texts that are not encoded.

    @property
    def versions(self) -> frozenset[int]:
        """The versions that the policy allows."""
        allowed = {V3: self.config.allow_v3, V4: self.config.allow_v4}
        return frozenset(version for version, yes in allowed.items() if yes)

    def do_send_plaintext(self) -> None:
        """Section "Protocol States"."""
        self.transmit(Plaintext(self.asked(SendText).text))

    def do_send_tagged(self) -> None:
        """Section "Whitespace Tags"."""
        self.transmit(TaggedPlaintext(self.asked(SendText).text, self.versions))

    def do_send_query(self) -> None:
        """Section "Query Messages"."""
        self.transmit(Query(self.versions))

    def do_send_error_1(self) -> None:
        """Section "OTR Error Messages"."""
        self.transmit(ErrorMessage(1, self.suite.literal(UNREADABLE_TEXT)))

    def do_send_error_2(self) -> None:
        """Section "OTR Error Messages"."""
        self.transmit(ErrorMessage(2, self.suite.literal(NOT_PRIVATE_TEXT)))

    def do_show_raw(self) -> None:
        """It is the application's to show."""
        if isinstance(self.given, Receive):
            self.tell(notices.Unprocessed(self.wire))

    def do_show_plaintext(self) -> None:
        """Section "Receiving plaintext with(out) the whitespace tag"."""
        message = self.message
        if isinstance(message, Plaintext | TaggedPlaintext):
            self.tell(notices.Shown(message.text, secure=False))

    def do_show_text(self) -> None:
        """Section "Receiving a Data Message"."""
        self.tell(notices.Shown(self.content.text, secure=True))

    def do_show_error(self) -> None:
        """Section "Receiving an Error Message"."""
        self.tell(notices.ErrorShown(self.of(ErrorMessage).text))

    def do_warn_unencrypted(self) -> None:
        """Section "Receiving plaintext without the whitespace tag"."""
        self.tell(notices.Warned(Alert.UNENCRYPTED))

    def do_warn_unreadable(self) -> None:
        """Section "Receiving a Data Message"."""
        self.tell(notices.Warned(Alert.UNREADABLE))

    def do_warn_malformed(self) -> None:
        """Ours: the text does not say."""
        self.tell(notices.Warned(Alert.MALFORMED))

    def do_warn_other_instance(self) -> None:
        """Section "Protocol Events": the optional warning."""
        self.tell(notices.Warned(Alert.OTHER_INSTANCE))

    def do_warn_rollback(self) -> None:
        """Section "Client Profile"."""
        self.tell(notices.Warned(Alert.ROLLBACK))

    def do_tell_finished(self) -> None:
        """Section "TLV Record Types", type 1."""
        self.tell(notices.PeerFinished())

    def do_tell_expired(self) -> None:
        """Section "Session Expiration"."""
        self.tell(notices.Expired())

    def do_tell_insecure(self) -> None:
        """Section "User requests to end an OTRv4 Conversation"."""
        self.tell(notices.Insecure())

    def do_tell_queued(self) -> None:
        """Section "Sending a Data Message"."""
        self.tell(notices.Queued())

    def do_tell_not_sent(self) -> None:
        """Section "Sending a Data Message"."""
        self.tell(notices.NotSent())

    def do_tell_refused(self) -> None:
        """What was asked for is not possible now."""
        self.tell(notices.Refused())

    # Version 3.

    def do_handle_3(self) -> None:
        """OTRv3 handles the message or command at hand, by its own tables."""
        given = self.given
        match given:
            case Receive():
                message = self.message
                wire = message.wire if isinstance(message, OtherVersion) else self.wire
                self._step_3(three.Receive(wire))
            case SendText(text):
                self._step_3(three.SendText(text))
            case End():
                self._step_3(three.End())
            case Heartbeat():
                self._step_3(three.Heartbeat())
            case UseExtraKey(use, data):
                self._step_3(three.UseExtraKey(use, data))
            case StartSmp(secret, question):
                self._step_3(three.StartSmp(secret, question))
            case AnswerSmp(secret):
                self._step_3(three.AnswerSmp(secret))
            case AbortSmp():
                self._step_3(three.AbortSmp())
            case _:
                present(None)

    def do_send_queued_3(self) -> None:
        """OTRv3 sends the oldest text that waits; the user sees that it went out."""
        first, *rest = present(self.shared.queue)
        self.shared.queue = tuple(rest) or None
        self._step_3(three.SendText(first.text))
        self.tell(notices.Resent(first.text))

    def do_end_3(self) -> None:
        """OTRv3 ends its private conversation."""
        self._step_3(three.End())

    def _step_3(self, given: three.Input) -> None:
        endpoint = present(self.config.version_3)
        before = self.shared.version_3 or endpoint.begin()
        stepped = endpoint.step(before, given, self.facts.now)
        self.shared.version_3 = stepped.conversation
        self.outputs.extend(stepped.outputs)
        self.trace.extend(stepped.trace)

    # Data Messages before their DAKE: section "Receiving a Data Message".

    def do_keep_early(self) -> None:
        """The message waits."""
        member = self.own()
        member.early_messages = (*(member.early_messages or ()), self.of(DataMessage))

    def do_take_early(self) -> None:
        """The oldest that waits is at hand."""
        member = self.own()
        first, *rest = present(member.early_messages)
        member.early_messages = tuple(rest) or None
        self.take(first, self.facts.now)

    # Fragments: section "Receiving Fragments".

    @property
    def _assembly(self) -> FragmentAssembly:
        """The assembly at hand."""
        return self.shared.assemblies[self.key]

    def ask_piece_held(self) -> bool:
        """Whether there is a piece at this index."""
        pieces = self._assembly.pieces
        return pieces is not None and pieces.has(self.facts.index)

    def do_hold_piece(self) -> None:
        """The piece is put at its index."""
        self.own()
        assembly, fragment = self._assembly, self.of(Fragment)
        before = assembly.pieces or Pieces()
        assembly.pieces = before.put(fragment.index, self.suite.piece(fragment))

    def do_reassemble(self) -> None:
        """All pieces in their order are the received message."""
        self.own()
        assembly = self._assembly
        wire = self.suite.join(present(assembly.pieces).in_order())
        assembly.pieces = None
        self.wire = wire
        self.take(self.suite.decode(wire), self.facts.now)

    # TLVs: section "TLV Record Types".

    @property
    def tlv(self) -> Tlv | None:
        """The TLV at hand."""
        tlvs = self.content.tlvs
        return tlvs[self.tlv_at] if self.tlv_at < len(tlvs) else None

    def do_advance_tlv(self) -> None:
        """The next TLV is at hand."""
        self.tlv_at += 1
        self._look_at(self.content.tlvs)

    def _look_at(self, tlvs: tuple[Tlv, ...]) -> None:
        kind = TlvKind.NONE
        if self.tlv_at < min(len(tlvs), self.config.max_tlvs):
            tlv = tlvs[self.tlv_at]
            kind = TLV_KIND_OF[type(tlv)]
            if isinstance(tlv, MalformedTlv) and tlv.kind in SMP_TYPES:
                kind = TlvKind.SMP_MALFORMED
        self.facts.tlv_kind = NUMBER[kind]

    # SMP: section "The SMP State Machine". Exponents and bases are named as there.

    def _in_group(self, point: Point) -> bool:
        return self.suite.in_group(point)

    def _exponent_proved(self, step: int, power: Point, proof: Proof) -> bool:
        return self.suite.exponent_proved(step, power, proof)

    def check_g2a_point(self) -> bool:
        """Message 1."""
        return self._in_group(self.tlv_of(Smp1).g2a)

    def check_g3a_point(self) -> bool:
        """Message 1."""
        return self._in_group(self.tlv_of(Smp1).g3a)

    def check_g2a_proof(self) -> bool:
        """Message 1."""
        m = self.tlv_of(Smp1)
        return self._exponent_proved(1, m.g2a, Proof(m.c2, m.d2))

    def check_g3a_proof(self) -> bool:
        """Message 1."""
        m = self.tlv_of(Smp1)
        return self._exponent_proved(2, m.g3a, Proof(m.c3, m.d3))

    def check_g2b_point(self) -> bool:
        """Message 2."""
        return self._in_group(self.tlv_of(Smp2).g2b)

    def check_g3b_point(self) -> bool:
        """Message 2."""
        return self._in_group(self.tlv_of(Smp2).g3b)

    def check_pb_point(self) -> bool:
        """Message 2."""
        return self._in_group(self.tlv_of(Smp2).pb)

    def check_qb_point(self) -> bool:
        """Message 2."""
        return self._in_group(self.tlv_of(Smp2).qb)

    def check_g2b_proof(self) -> bool:
        """Message 2."""
        m = self.tlv_of(Smp2)
        return self._exponent_proved(3, m.g2b, Proof(m.c2, m.d2))

    def check_g3b_proof(self) -> bool:
        """Message 2."""
        m = self.tlv_of(Smp2)
        return self._exponent_proved(4, m.g3b, Proof(m.c3, m.d3))

    def check_pb_qb_proof(self) -> bool:
        """Message 2."""
        m, bases = self.tlv_of(Smp2), self.smp_bases_at_hand
        proof = CoordinatesProof(m.cp, m.d5, m.d6)
        return self.suite.coordinates_proved(5, bases.g2, bases.g3, m.pb, m.qb, proof)

    def check_pa_point(self) -> bool:
        """Message 3."""
        return self._in_group(self.tlv_of(Smp3).pa)

    def check_qa_point(self) -> bool:
        """Message 3."""
        return self._in_group(self.tlv_of(Smp3).qa)

    def check_ra_point(self) -> bool:
        """Message 3."""
        return self._in_group(self.tlv_of(Smp3).ra)

    def check_pa_qa_proof(self) -> bool:
        """Message 3."""
        m, bases = self.tlv_of(Smp3), present(self.member.smp_bases)
        proof = CoordinatesProof(m.cp, m.d5, m.d6)
        return self.suite.coordinates_proved(6, bases.g2, bases.g3, m.pa, m.qa, proof)

    def check_ra_proof(self) -> bool:
        """Message 3."""
        m, bases = self.tlv_of(Smp3), present(self.member.smp_bases)
        return self.suite.equal_exponents_proved(
            7, self.differences.q, bases.g3_peer, m.ra, Proof(m.cr, m.d7)
        )

    def check_rb_point(self) -> bool:
        """Message 4."""
        return self._in_group(self.tlv_of(Smp4).rb)

    def check_rb_proof(self) -> bool:
        """Message 4."""
        m, bases = self.tlv_of(Smp4), present(self.member.smp_bases)
        return self.suite.equal_exponents_proved(
            8, self.differences.q, bases.g3_peer, m.rb, Proof(m.cr, m.d7)
        )

    @property
    def smp_bases_at_hand(self) -> SmpBases:
        """G2 and G3 on the side that began, from SMP message 2."""
        m, exponents = self.tlv_of(Smp2), present(self.member.smp_exponents)
        return SmpBases(
            self.suite.scale(m.g2b, present(exponents.second)),
            self.suite.scale(m.g3b, exponents.third),
            m.g3b,
        )

    @property
    def differences(self) -> SmpPoints:
        """Pa - Pb and Qa - Qb."""
        points, tlv = present(self.member.smp_points), self.tlv
        if isinstance(tlv, Smp3):
            minus = self.suite.minus
            return SmpPoints(minus(tlv.pa, points.p), minus(tlv.qa, points.q))
        return points

    def ask_equal(self) -> bool:
        """Whether Rab = Pa - Pb."""
        tlv = self.tlv
        r = tlv.ra if isinstance(tlv, Smp3) else self.tlv_of(Smp4).rb
        rab = self.suite.scale(r, present(self.member.smp_exponents).third)
        return self.suite.same(rab, self.differences.p)

    def smp_secret(self, passphrase: Passphrase, *, we_began: bool) -> Scalar:
        """X or y: section "Secret Information"."""
        member, fingerprint = self.member, self.suite.fingerprint
        ours = fingerprint(self.config.profiles[0])
        theirs = fingerprint(present(member.peer))
        initiator, responder = (ours, theirs) if we_began else (theirs, ours)
        return self.suite.smp_secret(initiator, responder, present(member.ssid), passphrase)

    def fresh_exponent(self) -> Scalar:
        """A random exponent."""
        return self.suite.fresh_scalar(self.config.seed, self.draw())

    def prove_exponent(self, step: int, exponent: Scalar) -> Proof:
        """A proof of knowledge of an exponent of G."""
        return self.suite.prove_exponent(step, exponent, self.config.seed, self.draw())

    def prove_coordinates(
        self, step: int, bases: SmpBases, exponent: Scalar, secret: Scalar
    ) -> CoordinatesProof:
        """A proof that P and Q were made as prescribed."""
        first, _second = self.draw(), self.draw()
        return self.suite.prove_coordinates(
            step, bases.g2, bases.g3, exponent, secret, self.config.seed, first
        )

    def points(self, bases: SmpBases, exponent: Scalar, secret: Scalar) -> SmpPoints:
        """P = G3 * exponent and Q = G * exponent + G2 * secret."""
        suite = self.suite
        blinded = suite.scale(suite.generator(), exponent)
        return SmpPoints(
            suite.scale(bases.g3, exponent),
            suite.plus(blinded, suite.scale(bases.g2, secret)),
        )

    def do_put_smp_1(self) -> None:
        """Section "User requests to begin SMP"."""
        asked, suite = self.asked(StartSmp), self.suite
        member, g = self.own(), suite.generator()
        member.smp_secret = self.smp_secret(asked.secret, we_began=True)
        a2, a3 = self.fresh_exponent(), self.fresh_exponent()
        member.smp_exponents = SmpExponents(third=a3, second=a2)
        second, third = self.prove_exponent(1, a2), self.prove_exponent(2, a3)
        g2a, g3a = suite.scale(g, a2), suite.scale(g, a3)
        self.put_tlv(Smp1(asked.question, g2a, second.c, second.d, g3a, third.c, third.d))

    def do_keep_smp_1(self) -> None:
        """Section "Receiving a SMP Message 1"."""
        self.own().smp_1_received = self.tlv_of(Smp1)

    def do_put_smp_2(self) -> None:
        """Section "Receiving a SMP Message 1"."""
        suite, member = self.suite, self.own()
        first, g = present(member.smp_1_received), suite.generator()
        y = self.smp_secret(self.asked(AnswerSmp).secret, we_began=False)
        b2, b3, r4 = self.fresh_exponent(), self.fresh_exponent(), self.fresh_exponent()
        second, third = self.prove_exponent(3, b2), self.prove_exponent(4, b3)
        bases = SmpBases(suite.scale(first.g2a, b2), suite.scale(first.g3a, b3), first.g3a)
        points = self.points(bases, r4, y)
        proof = self.prove_coordinates(5, bases, r4, y)
        member.smp_exponents = SmpExponents(third=b3)
        member.smp_bases, member.smp_points = bases, points
        self.put_tlv(
            Smp2(
                suite.scale(g, b2),
                second.c,
                second.d,
                suite.scale(g, b3),
                third.c,
                third.d,
                points.p,
                points.q,
                proof.c,
                proof.d5,
                proof.d6,
            )
        )

    def do_put_smp_3(self) -> None:
        """Section "Receiving a SMP Message 2"."""
        suite, member, m = self.suite, self.own(), self.tlv_of(Smp2)
        x, a3 = present(member.smp_secret), present(member.smp_exponents).third
        bases, r4 = self.smp_bases_at_hand, self.fresh_exponent()
        ours = self.points(bases, r4, x)
        proof = self.prove_coordinates(6, bases, r4, x)
        differences = SmpPoints(suite.minus(ours.p, m.pb), suite.minus(ours.q, m.qb))
        ra = suite.scale(differences.q, a3)
        equal = suite.prove_equal_exponents(7, differences.q, a3, self.config.seed, self.draw())
        member.smp_bases, member.smp_points = bases, differences
        self.put_tlv(Smp3(ours.p, ours.q, proof.c, proof.d5, proof.d6, ra, equal.c, equal.d))

    def do_put_smp_4(self) -> None:
        """Section "Receiving a SMP Message 3"."""
        suite, b3 = self.suite, present(self.member.smp_exponents).third
        base = self.differences.q
        rb = suite.scale(base, b3)
        equal = suite.prove_equal_exponents(8, base, b3, self.config.seed, self.draw())
        self.put_tlv(Smp4(rb, equal.c, equal.d))

    def do_put_smp_abort(self) -> None:
        """Section "User requests to abort SMP"."""
        self.put_tlv(SmpAbort())

    def do_tell_smp_asked(self) -> None:
        """The user is asked for the secret."""
        self.tell(notices.SmpStaged(SmpStage.ASKED, self.tlv_of(Smp1).question))

    def do_tell_smp_progress(self) -> None:
        """SMP goes on."""
        self.tell(notices.SmpStaged(SmpStage.PROGRESS))

    def do_tell_smp_success(self) -> None:
        """The secrets are equal."""
        self.tell(notices.SmpStaged(SmpStage.SUCCESS))

    def do_tell_smp_failure(self) -> None:
        """The secrets differ."""
        self.tell(notices.SmpStaged(SmpStage.FAILURE))

    def do_tell_smp_aborted(self) -> None:
        """SMP was aborted."""
        self.tell(notices.SmpStaged(SmpStage.ABORTED))

    def do_tell_smp_error(self) -> None:
        """A message of the peer was refused."""
        self.tell(notices.SmpStaged(SmpStage.ERROR))

    # What is at hand, typed.

    def of(self, kind: type[T]) -> T:
        """The message at hand, which the row says is of this kind.

        Raises:
            Unprepared: if it is not, under a variant.
        """
        return present(self.message if isinstance(self.message, kind) else None)

    def tlv_of(self, kind: type[T]) -> T:
        """The TLV at hand, which the row says is of this kind; raises as `of`."""
        tlv = self.tlv
        return present(tlv if isinstance(tlv, kind) else None)

    def asked(self, kind: type[T]) -> T:
        """The command at hand, which the row says is of this kind; raises as `of`."""
        return present(self.given if isinstance(self.given, kind) else None)


BOLD_FIRST = frozenset({Role.RESPONDER.number, Role.RETRIEVER.number})
"""Who reads out the first half of the SSID: the sender of Auth-R or Non-Interactive-Auth."""
INTERACTIVE = frozenset({Role.INITIATOR.number, Role.RESPONDER.number})
