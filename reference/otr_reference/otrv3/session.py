"""The state of a conversation: what is kept for each correspondent and for each of its instances.

Attribute names are those of the declared variables, of the data (in lower case) and of the machines
of `otr_model.otrv3`. All values are immutable; a step works on copies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from otr_model.otrv3.words import Assembly, Auth, Keys, Msg, Ready, Smp

if TYPE_CHECKING:
    from otr_reference.sorts import Element, Key, Octets, PublicKey, Scalar, Seed, SigningKey

    from .messages import AkeKeys, Commitment, DataKeys, DhPair, Identity, RevealSignature, Smp1


@dataclass(frozen=True, slots=True)
class Policy:
    """Section "Policies". The defaults allow both versions and ask for nothing else."""

    allow_v2: bool = True
    allow_v3: bool = True
    require_encryption: bool = False
    send_whitespace_tag: bool = False
    whitespace_start_ake: bool = False
    error_start_ake: bool = False


@dataclass(slots=True)
class Config:
    """What an endpoint is given: never part of the state that a step changes.

    Attributes:
        signing: the long-term private key.
        public: its public part.
        seed: what all randomness comes from; never use one seed for two conversations.
        our_tag: our instance tag, at least 0x100.
        max_size: the largest message that the network carries, in bytes; 0: no limit.
        allow_v2, ...: the policies.
        smallest_tag, ...: the parameters of the model.
    """

    signing: SigningKey
    public: PublicKey
    seed: Seed
    our_tag: int
    max_size: int = 0
    allow_v2: bool = True
    allow_v3: bool = True
    require_encryption: bool = False
    send_whitespace_tag: bool = False
    whitespace_start_ake: bool = False
    error_start_ake: bool = False
    smallest_tag: int = 0x100
    heartbeat_interval: int = 60
    resend_interval: int = 60
    largest_keyid: int = 0xFFFFFFFE
    max_tlvs: int = 64
    max_stored: int = 0x100000
    max_instances: int = 100


def place(our_age: int, their_age: int) -> int:
    """Where the keys of a pair of D-H keys are kept; an age is 0 (most recent) or 1 (previous)."""
    return 2 * our_age + their_age


@dataclass(frozen=True, slots=True)
class Ring:
    """Section "Key Management": the D-H keys that protect data.

    Attributes:
        ours: our_dh[our_keyid].
        ours_previous: our_dh[our_keyid - 1].
        theirs: their_y[their_keyid].
        theirs_previous: their_y[their_keyid - 1], or None.
        derived: the keys computed from pairs of them, by `place`.
        used: the receiving MAC keys that verified a message, by `place`.
    """

    ours: DhPair
    ours_previous: DhPair
    theirs: Element
    theirs_previous: Element | None = None
    derived: tuple[DataKeys | None, ...] = (None,) * 4
    used: tuple[Key | None, ...] = (None,) * 4

    def with_derived(self, where: int, keys: DataKeys) -> Ring:
        """The same, with the keys of one pair remembered."""
        return replace(self, derived=_put(self.derived, where, keys))

    def with_used(self, where: int, keys: DataKeys) -> Ring:
        """The same, with the keys of one pair remembered, and its receiving MAC key as used."""
        return replace(
            self,
            derived=_put(self.derived, where, keys),
            used=_put(self.used, where, keys.receiving_mac),
        )

    def with_our_next(self, pair: DhPair) -> Ring:
        """Our previous key forgotten, a new one the most recent."""
        d, u = self.derived, self.used
        return Ring(
            pair,
            self.ours,
            self.theirs,
            self.theirs_previous,
            (None, None, d[0], d[1]),
            (None, None, u[0], u[1]),
        )

    def with_their_next(self, element: Element) -> Ring:
        """Their previous key forgotten, a new one the most recent."""
        d, u = self.derived, self.used
        return Ring(
            self.ours,
            self.ours_previous,
            element,
            self.theirs,
            (None, d[0], None, d[2]),
            (None, u[0], None, u[2]),
        )

    def used_at(self, *places: int) -> tuple[Key, ...]:
        """The receiving MAC keys at some places, where they were used."""
        return tuple(key for where in places if (key := self.used[where]) is not None)


T = TypeVar("T")


def _put(values: tuple[T | None, ...], where: int, value: T) -> tuple[T | None, ...]:
    return (*values[:where], value, *values[where + 1 :])


@dataclass(frozen=True, slots=True)
class SmpExponents:
    """a2 and a3 of the side that began SMP; b3 (and no second) of the other."""

    third: Scalar
    second: Scalar | None = None


@dataclass(frozen=True, slots=True)
class SmpBases:
    """g2, g3, and the peer's g3a or g3b."""

    g2: Element
    g3: Element
    g3_peer: Element


@dataclass(frozen=True, slots=True)
class SmpPoints:
    """Pb and Qb on the side that answers; Pa / Pb and Qa / Qb on the side that began."""

    p: Element
    q: Element


class Session:
    """One session: with one instance of the peer, or the master session."""

    __slots__ = (
        "adopted",
        "agreed_keyid",
        "ake",
        "ake_keys",
        "ake_version",
        "commitment",
        "fragment",
        "fragments",
        "gy",
        "identity",
        "initiated",
        "keys",
        "last_sent",
        "message",
        "old_mac_keys",
        "our_keyid",
        "pair",
        "peer",
        "r",
        "receive",
        "reveal",
        "ring",
        "seen_0_0",
        "seen_0_1",
        "seen_1_0",
        "seen_1_1",
        "sent",
        "session_version",
        "smp",
        "smp_1_received",
        "smp_asked",
        "smp_bases",
        "smp_exponents",
        "smp_points",
        "smp_secret",
        "ssid",
        "stored_k",
        "stored_n",
        "stored_size",
        "their_keyid",
        "their_previous",
        "their_tag",
        "tlv",
        "unrevealed",
        "used_0_0",
        "used_0_1",
        "used_1_0",
        "used_1_1",
    )

    def __init__(self, their_tag: int = 0) -> None:
        # Machines.
        self.fragment = Assembly.EMPTY
        self.receive = Ready.READY
        self.ake = Auth.NONE
        self.message = Msg.PLAINTEXT
        self.keys = Keys.EMPTY
        self.tlv = Ready.READY
        self.smp = Smp.EXPECT1
        # Variables.
        self.their_tag = their_tag
        self.adopted = 0
        self.ake_version = 0
        self.session_version = 0
        self.last_sent = 0
        self.agreed_keyid = 0
        self.our_keyid = 0
        self.their_keyid = 0
        self.their_previous = False
        self.sent = 0
        self.seen_0_0 = self.seen_0_1 = self.seen_1_0 = self.seen_1_1 = 0
        self.used_0_0 = self.used_0_1 = self.used_1_0 = self.used_1_1 = 0
        self.unrevealed = 0
        self.smp_asked = False
        self.stored_k = self.stored_n = self.stored_size = 0
        # Data.
        self.r: Key | None = None
        self.pair: DhPair | None = None
        self.commitment: Commitment | None = None
        self.gy: Element | None = None
        self.ake_keys: AkeKeys | None = None
        self.reveal: RevealSignature | None = None
        self.identity: Identity | None = None
        self.peer: PublicKey | None = None
        self.ssid: Octets | None = None
        self.initiated: bool | None = None
        self.ring: Ring | None = None
        self.old_mac_keys: tuple[Key, ...] | None = None
        self.fragments: Octets | None = None
        self.smp_1_received: Smp1 | None = None
        self.smp_exponents: SmpExponents | None = None
        self.smp_secret: Scalar | None = None
        self.smp_bases: SmpBases | None = None
        self.smp_points: SmpPoints | None = None

    def clone(self) -> Session:
        """A shallow copy."""
        copy = object.__new__(Session)
        for slot in _SLOTS:
            setattr(copy, slot, getattr(self, slot))
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the session is, in a fixed order: equal exactly for equal sessions."""
        return tuple(getattr(self, slot) for slot in _SLOTS)


_SLOTS = Session.__slots__


class Conversation:
    """The conversation with one correspondent.

    Attributes:
        members: the sessions by the peer's instance tag, least recently used first; 0: the master.
        instances: the state of the machine that says which session a message is for.
        best: the session that what the user types goes to.
        draws: how many times randomness was drawn.
    """

    __slots__ = (
        "answered",
        "best",
        "commits",
        "draws",
        "for_all",
        "instances",
        "members",
        "plaintext_seen",
        "stored",
        "stored_at",
        "stored_for",
        "stored_text",
    )

    def __init__(self) -> None:
        self.members: dict[int, Session] = {0: Session()}
        self.instances = Ready.READY
        self.answered = 0
        self.best = 0
        self.commits = 0
        self.draws = 0
        self.for_all = False
        self.plaintext_seen = False
        self.stored = 0
        self.stored_at = 0
        self.stored_text: Octets | None = None
        self.stored_for: PublicKey | None = None

    def clone(self) -> Conversation:
        """A copy with a dictionary of its own; the sessions are shared until they are written."""
        copy = object.__new__(Conversation)
        for slot in _SHARED_SLOTS:
            setattr(copy, slot, getattr(self, slot))
        copy.members = dict(self.members)
        return copy

    def values(self) -> tuple[object, ...]:
        """Everything that the conversation is: equal exactly for equal conversations."""
        return (
            *(getattr(self, slot) for slot in _SHARED_SLOTS),
            tuple((key, member.values()) for key, member in self.members.items()),
        )

    @property
    def current(self) -> Session:
        """The session that what the user types goes to."""
        return self.members[self.best]


_SHARED_SLOTS = tuple(slot for slot in Conversation.__slots__ if slot != "members")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands, for people and for comparisons: states and control only."""

    fragment: Assembly
    ake: Auth
    message: Msg
    keys: Keys
    smp: Smp
    control: tuple[int, ...] = field(default=())


def standing(session: Session) -> Standing:
    """The control part of a session, which is the same over every suite."""
    control = tuple(
        int(value)
        for value in (getattr(session, slot) for slot in _SLOTS)
        if isinstance(value, int)
    )
    return Standing(
        session.fragment, session.ake, session.message, session.keys, session.smp, control
    )
