"""The state of a conversation: what is kept for each correspondent and for each of its instances.

Attribute names are those of the declared variables, of the data (in lower case) and of the machines
of `otr_model.otrv4`. All values are immutable; a step works on copies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from otr_model.otrv4.words import Assembly, Dake, Mode, Msg, Ratchet, Ready, Role, Smp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_reference.otrv3.endpoint import Endpoint as Endpoint3
    from otr_reference.otrv3.session import Conversation as Conversation3
    from otr_reference.sorts import Element, Exponent, Key, Octets, Point, Scalar, Seed

    from .messages import (
        ClientProfile,
        Content,
        DataMessage,
        ExtraKeyUse,
        PrekeyMessage,
        PrekeyProfile,
        Smp1,
    )
    from .suite import DhPair, EcdhPair, LongTerm, MessageKeys, Mixed


@dataclass(frozen=True, slots=True)
class Policy:
    """Client recommendations, section "OTRv4 policies advice"."""

    allow_v3: bool = True
    allow_v4: bool = True
    require_encryption: bool = False
    send_whitespace_tag: bool = False
    whitespace_start_dake: bool = False
    error_start_dake: bool = False
    require_interactive: bool = False
    identity_start_dake: bool = True
    require_authenticated: bool = False


@dataclass(frozen=True, slots=True)
class OwnPrekey:
    """A prekey message that we published, with its secrets."""

    message: PrekeyMessage
    ecdh: EcdhPair
    dh: DhPair


@dataclass(frozen=True, slots=True)
class OwnPrekeyProfile:
    """A prekey profile that we published, with its secret."""

    profile: PrekeyProfile
    shared_prekey: EcdhPair


@dataclass(slots=True)
class Config:
    """What an endpoint is given: never part of the state that a step changes.

    Attributes:
        keys: the long-term keys.
        profiles: our client profiles, the current one first, then expired ones that are used for
            what was sent before.
        seed: what all randomness comes from; never use one seed for two conversations.
        our_tag: our instance tag, at least 0x100, as in the profiles.
        prekey_profiles: our prekey profiles, the current one first.
        prekeys: our prekey messages by their identifiers.
        our_name: what the application states about us in phi, such as a bare JID.
        their_name: the same about the peer.
        trusted: fingerprints that the user has verified.
        known_profile: a client profile of the peer's that was published.
        version_3: the endpoint of OTRv3; None where version 3 is not spoken.
        mode: 0 OTRv3-compatible, 1 standalone, 2 interactive-only.
        max_size: the largest message that the network carries, in bytes; 0: no limit.
        allow_v3, ...: the policies.
        smallest_tag, ...: the parameters of the model.
    """

    keys: LongTerm
    profiles: tuple[ClientProfile, ...]
    seed: Seed
    our_tag: int
    prekey_profiles: tuple[OwnPrekeyProfile, ...] = ()
    prekeys: Mapping[int, OwnPrekey] = field(default_factory=dict)
    our_name: Octets | None = None
    their_name: Octets | None = None
    trusted: tuple[Octets, ...] = ()
    known_profile: ClientProfile | None = None
    version_3: Endpoint3 | None = None
    mode: int = Mode.COMPATIBLE.number
    max_size: int = 0
    allow_v3: bool = True
    allow_v4: bool = True
    require_encryption: bool = False
    send_whitespace_tag: bool = False
    whitespace_start_dake: bool = False
    error_start_dake: bool = False
    require_interactive: bool = False
    identity_start_dake: bool = True
    require_authenticated: bool = False
    smallest_tag: int = 0x100
    last_error_code: int = 3
    heartbeat_interval: int = 60
    queue_lifetime: int = 3600
    max_queued: int = 100
    dake_lifetime: int = 600
    session_lifetime: int = 1209600
    max_skip: int = 1000
    max_stored_keys: int = 2000
    keys_lifetime: int = 604800
    max_early: int = 100
    max_tlvs: int = 64
    max_extra_keys: int = 10
    max_stored: int = 0x100000
    assembly_lifetime: int = 600
    max_assemblies: int = 20
    max_instances: int = 100
    extra_validity: int = 86400


@dataclass(frozen=True, slots=True)
class OurKeys:
    """Our ephemeral keys of a DAKE.

    Attributes:
        profile: the client profile that we sent.
        ecdh: Y or X.
        dh: B or A.
        secrets: y and b; None on the side that sends the Auth-R message, which needs x and a once.
        first_ecdh: our_ecdh_first.
        first_dh: our_dh_first.
    """

    profile: ClientProfile
    ecdh: Point
    dh: Element
    secrets: tuple[Scalar, Exponent] | None
    first_ecdh: EcdhPair
    first_dh: DhPair


@dataclass(frozen=True, slots=True)
class TheirKeys:
    """The peer's ephemeral keys of a DAKE, and the client profile that came with them."""

    profile: ClientProfile
    ecdh: Point
    dh: Element
    first_ecdh: Point
    first_dh: Element


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the ratchet begins with: K, its brace key, and the first keys of both sides.

    `our_ecdh` and `our_dh` are None on the side that published a prekey ensemble.
    """

    k: Key
    brace: Key
    our_ecdh: EcdhPair | None
    our_dh: DhPair | None
    their_ecdh: Point
    their_dh: Element


@dataclass(frozen=True, slots=True)
class Chain:
    """Section "Key Management": the keys of the double ratchet.

    Attributes:
        root: curr_root_key.
        brace: brace_key.
        their_ecdh: their_ecdh.
        their_dh: their_dh.
        our_ecdh: our_ecdh; None once its secret is used up.
        our_dh: our_dh; None likewise.
        sending: chain_key_s[j]; None until there is one.
        receiving: chain_key_r[k]; None until there is one.
        receiving_at: k.
        skipped: skipped_MKenc, by public ECDH key and message id, oldest first.
    """

    root: Key
    brace: Key
    their_ecdh: Point
    their_dh: Element
    our_ecdh: EcdhPair | None = None
    our_dh: DhPair | None = None
    sending: Key | None = None
    receiving: Key | None = None
    receiving_at: int = 0
    skipped: Mapping[tuple[Point, int], MessageKeys] = field(default_factory=dict)

    def with_sending(self, key: Key) -> Chain:
        """The same with another sending chain key; of every message one is made."""
        return Chain(
            self.root,
            self.brace,
            self.their_ecdh,
            self.their_dh,
            self.our_ecdh,
            self.our_dh,
            key,
            self.receiving,
            self.receiving_at,
            self.skipped,
        )

    def with_receiving(self, key: Key, at: int) -> Chain:
        """The same with another receiving chain key, for the message of a number."""
        return Chain(
            self.root,
            self.brace,
            self.their_ecdh,
            self.their_dh,
            self.our_ecdh,
            self.our_dh,
            self.sending,
            key,
            at,
            self.skipped,
        )


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A content that is to be sent; `use` where the user is to have its extra symmetric key."""

    content: Content
    flags: int = 0
    use: ExtraKeyUse | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A text that waits to be sent, and the fingerprint that it was typed for, if any."""

    text: Octets
    meant_for: Octets | None


PIECES_TOGETHER = 256
"""How many pieces are copied at most when one is added."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a fragmented message.

    Attributes:
        held: a bit for each index.
        runs: indices and pieces in the order of their arrival, so many in each run.
    """

    held: int = 0
    runs: tuple[tuple[tuple[int, Octets], ...], ...] = ()

    def has(self, index: int) -> bool:
        """Whether there is a piece at an index."""
        return bool(self.held >> index & 1)

    def put(self, index: int, piece: Octets) -> Pieces:
        """These and one more, at an index that has none. What it costs is bounded."""
        last = self.runs[-1] if self.runs else ()
        full = len(last) == PIECES_TOGETHER
        before, run = (self.runs, ()) if full else (self.runs[:-1], last)
        return Pieces(self.held | 1 << index, (*before, (*run, (index, piece))))

    def in_order(self) -> tuple[Octets, ...]:
        """All pieces by index."""
        found = dict(pair for run in self.runs for pair in run)
        return tuple(found[index] for index in sorted(found))


@dataclass(frozen=True, slots=True)
class SmpExponents:
    """a2 and a3 of the side that began SMP; b3 (and no second) of the other."""

    third: Scalar
    second: Scalar | None = None


@dataclass(frozen=True, slots=True)
class SmpBases:
    """G2, G3, and the peer's G3a or G3b."""

    g2: Point
    g3: Point
    g3_peer: Point


@dataclass(frozen=True, slots=True)
class SmpPoints:
    """Pb and Qb on the side that answers; Pa - Pb and Qa - Qb on the side that began."""

    p: Point
    q: Point


class Session:
    """One session: with one instance of the peer, or the master session."""

    __slots__ = (
        "adopted",
        "agreed",
        "chain",
        "dake",
        "dake_at",
        "early",
        "early_messages",
        "fresh_at",
        "i",
        "identity",
        "j",
        "k",
        "last_sent",
        "max_remote_i_seen",
        "message",
        "mixed",
        "old_mac_keys",
        "our_keys",
        "outbox",
        "peer",
        "pn",
        "ratchet",
        "receive",
        "receives",
        "revealed",
        "role",
        "rotates",
        "sending_id",
        "skipped",
        "skipped_at",
        "smp",
        "smp_1_received",
        "smp_asked",
        "smp_bases",
        "smp_exponents",
        "smp_points",
        "smp_secret",
        "ssid",
        "their_keys",
        "their_tag",
        "timed",
        "tlv",
        "unrevealed",
        "version",
    )

    def __init__(self, their_tag: int = 0) -> None:
        # Machines.
        self.receive = Ready.READY
        self.version = Ready.READY
        self.dake = Dake.IDLE
        self.message = Msg.START
        self.ratchet = Ratchet.EMPTY
        self.tlv = Ready.READY
        self.smp = Smp.EXPECT1
        # Variables.
        self.their_tag = their_tag
        self.adopted = 0
        self.dake_at = 0
        self.role = Role.NONE.number
        self.last_sent = 0
        self.i = self.j = self.k = self.pn = 0
        self.max_remote_i_seen = -1
        self.sending_id = 0
        self.receives = False
        self.rotates = False
        self.skipped = 0
        self.skipped_at = 0
        self.unrevealed = 0
        self.timed = False
        self.fresh_at = 0
        self.early = 0
        self.smp_asked = False
        # Data.
        self.our_keys: OurKeys | None = None
        self.their_keys: TheirKeys | None = None
        self.mixed: Mixed | None = None
        self.agreed: Agreed | None = None
        self.identity: ClientProfile | None = None
        self.peer: ClientProfile | None = None
        self.ssid: Octets | None = None
        self.chain: Chain | None = None
        self.old_mac_keys: tuple[Key, ...] | None = None
        self.revealed: tuple[Key, ...] | None = None
        self.outbox: tuple[Outgoing, ...] | None = None
        self.early_messages: tuple[DataMessage, ...] | None = None
        self.smp_1_received: Smp1 | None = None
        self.smp_exponents: SmpExponents | None = None
        self.smp_secret: Scalar | None = None
        self.smp_bases: SmpBases | None = None
        self.smp_points: SmpPoints | None = None

    def clone(self) -> Session:
        """A shallow copy. It is written out, since every step makes one: that is far faster."""
        copy = object.__new__(Session)
        copy.adopted = self.adopted
        copy.agreed = self.agreed
        copy.chain = self.chain
        copy.dake = self.dake
        copy.dake_at = self.dake_at
        copy.early = self.early
        copy.early_messages = self.early_messages
        copy.fresh_at = self.fresh_at
        copy.i = self.i
        copy.identity = self.identity
        copy.j = self.j
        copy.k = self.k
        copy.last_sent = self.last_sent
        copy.max_remote_i_seen = self.max_remote_i_seen
        copy.message = self.message
        copy.mixed = self.mixed
        copy.old_mac_keys = self.old_mac_keys
        copy.our_keys = self.our_keys
        copy.outbox = self.outbox
        copy.peer = self.peer
        copy.pn = self.pn
        copy.ratchet = self.ratchet
        copy.receive = self.receive
        copy.receives = self.receives
        copy.revealed = self.revealed
        copy.role = self.role
        copy.rotates = self.rotates
        copy.sending_id = self.sending_id
        copy.skipped = self.skipped
        copy.skipped_at = self.skipped_at
        copy.smp = self.smp
        copy.smp_1_received = self.smp_1_received
        copy.smp_asked = self.smp_asked
        copy.smp_bases = self.smp_bases
        copy.smp_exponents = self.smp_exponents
        copy.smp_points = self.smp_points
        copy.smp_secret = self.smp_secret
        copy.ssid = self.ssid
        copy.their_keys = self.their_keys
        copy.their_tag = self.their_tag
        copy.timed = self.timed
        copy.tlv = self.tlv
        copy.unrevealed = self.unrevealed
        copy.version = self.version
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the session is, in a fixed order: equal exactly for equal sessions."""
        return tuple(getattr(self, slot) for slot in _SLOTS)


_SLOTS = Session.__slots__


class FragmentAssembly:
    """The pieces of one fragmented message."""

    __slots__ = ("fragment", "held_count", "held_since", "held_size", "held_total", "pieces")

    def __init__(self) -> None:
        self.fragment = Assembly.EMPTY
        self.held_total = 0
        self.held_count = 0
        self.held_size = 0
        self.held_since = 0
        self.pieces: Pieces | None = None

    def clone(self) -> FragmentAssembly:
        """A shallow copy."""
        copy = object.__new__(FragmentAssembly)
        for slot in FragmentAssembly.__slots__:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the assembly is: equal exactly for equal assemblies."""
        return tuple(getattr(self, slot) for slot in FragmentAssembly.__slots__)


class Conversation:
    """The conversation with one correspondent.

    Attributes:
        members: the sessions by the peer's instance tag, least recently used first; 0: the master.
        assemblies: fragmented messages by sender and identifier, least recently used first.
        instances: the state of the machine that says which session a message is for.
        best: the session that what the user types goes to.
        draws: how many times randomness was drawn.
    """

    __slots__ = (
        "answered",
        "assemblies",
        "best",
        "draws",
        "engaged",
        "instances",
        "invited",
        "members",
        "offers",
        "plaintext_seen",
        "queue",
        "queued",
        "queued_at",
        "used_prekeys",
        "version_3",
    )

    def __init__(self) -> None:
        self.members: dict[int, Session] = {0: Session()}
        self.assemblies: dict[int, FragmentAssembly] = {}
        self.instances = Ready.READY
        self.answered = 0
        self.best = 0
        self.draws = 0
        self.engaged = 0
        self.invited = False
        self.offers = 0
        self.plaintext_seen = False
        self.queued = 0
        self.queued_at = 0
        self.queue: tuple[Queued, ...] | None = None
        self.used_prekeys: frozenset[int] | None = None
        self.version_3: Conversation3 | None = None

    def clone(self) -> Conversation:
        """A copy with dictionaries of its own; what is in them is shared until it is written."""
        copy = object.__new__(Conversation)
        for slot in _SHARED_SLOTS:
            setattr(copy, slot, getattr(self, slot))
        copy.members = dict(self.members)
        copy.assemblies = dict(self.assemblies)
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the conversation is: equal exactly for equal conversations."""
        three = self.version_3
        return (
            *(getattr(self, slot) for slot in _SHARED_SLOTS if slot != "version_3"),
            None if three is None else three.values(),
            tuple((key, member.values()) for key, member in self.members.items()),
            tuple((key, held.values()) for key, held in self.assemblies.items()),
        )

    @property
    def current(self) -> Session:
        """The session that what the user types goes to."""
        return self.members[self.best]


_SHARED_SLOTS = tuple(
    slot for slot in Conversation.__slots__ if slot not in {"members", "assemblies"}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands, for people and for comparisons: states and control only."""

    dake: Dake
    message: Msg
    ratchet: Ratchet
    smp: Smp
    control: tuple[int, ...] = field(default=())


def standing(session: Session) -> Standing:
    """The control part of a session, which is the same over every suite."""
    control = tuple(
        int(value)
        for value in (getattr(session, slot) for slot in _SLOTS)
        if isinstance(value, int)
    )
    return Standing(session.dake, session.message, session.ratchet, session.smp, control)
