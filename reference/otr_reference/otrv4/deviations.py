"""Deviating senders: for every check, a suite whose messages fail that check.

A tester that falsifies a check is the reference with a few operations of its suite replaced;
nothing in the tables or in the steps branches on it. No check that is made earlier fails, and
everything else about the message stays right, so that a receiver without the check accepts it.
What follows a message that should have been refused may fail elsewhere.

What is in a profile is changed when the profile is made, by `client_profile` and `prekey_profile`:
a tester's profiles and prekeys have to come from its deviating suite. Keys of a DAKE are changed
wherever the other side sees them: in messages, in what is signed, in the ring, in phi; the secrets
behind them stay as they are. So do keys of Data Messages.

Where a key has to fall out of the group and the secrets that are made of it have to stay the same,
a point of order 2 is added to it: private keys are multiples of 4, and do not notice. Challenges of
proofs are not, so that those proofs are drawn again until they hold for both points. P of SMP is
compared as it is, and so is made the identity, by an exponent of 0.

What the flaws of `otr_model.otrv4.history` override, as no dialect does, is made the same way.

Over either suite the same: only operations of `Suite` are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from otr_model.otrv4.conditions import Check
from otr_reference.derive import Deviation, NotFalsifiable, derived, deviated, falsifying

from .bugs import SUITES
from .messages import (
    AuthI,
    AuthR,
    ClientProfile,
    Content,
    DataFields,
    DataMessage,
    Identity,
    Message,
    NonInteractiveAuth,
    PrekeyProfile,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    Tlv,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_model.kernel.vocabulary import Check as AnyCheck
    from otr_reference.sorts import (
        Element,
        Exponent,
        Key,
        Octets,
        Point,
        RingSignature,
        Scalar,
        Seed,
        Wire,
    )

    from .suite import (
        CoordinatesProof,
        DhPair,
        EcdhPair,
        LongTerm,
        Mixed,
        Offline,
        PhiSide,
        Proof,
        Ring,
        Suite,
        Transcript,
    )

__all__ = ["DEVIATIONS", "OVERRIDES", "NotFalsifiable", "derived", "deviating", "overriding"]

S = TypeVar("S", bound="Suite")
M = TypeVar("M")
P = TypeVar("P")

LARGEST = 0xFFFFFFFF
LONG_AGO = 0
"""When profiles that are not fresh expired."""
TRIES = 64
"""How often a proof is drawn that has to hold for two points: it does every second time."""
R4 = 3
"""As which of the exponents r4 is drawn, on either side: after a2 and a3, or b2 and b3."""
APART = 1 << 32
"""What lies between the numbers of those draws: more than an endpoint makes."""


def deviating(suite: S, checks: frozenset[AnyCheck]) -> S:
    """A suite like the given one, whose messages fail the checks.

    Raises:
        NotFalsifiable: if there is a check that no deviation is known for.
    """
    return falsifying(suite, checks, DEVIATIONS)


def overriding(suite: S, overrides: Mapping[str, str]) -> S:
    """A suite like the given one, in which operations differ as a variant says.

    Args:
        suite: the original; it is not changed.
        overrides: how each operation differs, as the edits `Override` of a variant say. Those that
            `OVERRIDES` does not have are left to others: they are dialects.
    """
    for named in overrides.items():
        if named in OVERRIDES:
            suite = deviated(suite, OVERRIDES[named])
    return suite


# --- Messages and profiles as they are sent ---------------------------------------------------


def _sending(kind: type[M], edit: Callable[[Suite, M], M]) -> Deviation:
    """What is sent differs, in messages of one kind."""

    def encode(suite: Suite, message: Message) -> Wire:
        return suite.encode(edit(suite, message) if isinstance(message, kind) else message)  # type: ignore[arg-type]  # M is one of Message

    return lambda suite: derived(suite, encode=encode)


def _sigma(suite: Suite, message: M) -> M:
    """A message whose ring signature is another one."""
    changed: Any = message
    return replace(changed, sigma=suite.garble_sigma(changed.sigma))  # type: ignore[no-any-return]  # the same class


@dataclass(frozen=True, slots=True)
class _Making:
    """What a client profile is made of."""

    keys: LongTerm
    owner_tag: int
    versions: frozenset[int]
    expiration: int


def _profile(
    of: Callable[[Suite, _Making], _Making] = lambda _, making: making,
    edit: Callable[[Suite, ClientProfile], ClientProfile] = lambda _, profile: profile,
) -> Deviation:
    """Client profiles are made of something else, or edited when they are made."""

    def client_profile(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        suite: Suite,
        keys: LongTerm,
        owner_tag: int,
        versions: frozenset[int],
        expiration: int,
        seed: Seed,
    ) -> ClientProfile:
        making = of(suite, _Making(keys, owner_tag, versions, expiration))
        made = suite.client_profile(
            making.keys, making.owner_tag, making.versions, making.expiration, seed
        )
        return edit(suite, made)

    return lambda suite: derived(suite, client_profile=client_profile)


def _other_dsa_key(suite: Suite, making: _Making) -> _Making:
    """The DSA key is not the one that signs."""
    garble: Any = suite.garble  # of whatever is public: a key is bytes, too
    public = making.keys.dsa_public
    other = None if public is None else garble(public)
    return replace(making, keys=replace(making.keys, dsa_public=other))


def _twisted_forging_key(suite: Suite, making: _Making) -> _Making:
    """F is not in the group."""
    return replace(making, keys=replace(making.keys, forging=suite.twisted(making.keys.forging)))


@dataclass
class _Profiles:
    """The client profiles that were made, in order."""

    made: list[ClientProfile] = field(default_factory=list)


def _weak_key(suite: S) -> S:
    """H is of small order: whatever it signs, anybody could have signed, with 0 as its secret."""
    profiles = _Profiles()

    def client_profile(base: Suite, *arguments: Any) -> ClientProfile:  # noqa: ANN401 - those of the operation
        profiles.made.append(base.under_weak_key(base.client_profile(*arguments)))
        return profiles.made[-1]

    def prekey_profile(base: Suite, *arguments: Any) -> PrekeyProfile:  # noqa: ANN401 - those of the operation
        right = base.prekey_profile(*arguments)
        made = profiles.made
        return replace(right, signature=made[-1].signature) if made else right

    def ring_sign(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        ours = {profile.public_key for profile in profiles.made}
        known = base.zero() if ours.intersection(ring) else secret
        return base.ring_sign(ring, known, value, seed, draw)

    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, y: Scalar, b: Exponent, d: Scalar, our_key: Scalar, x: Point, a: Element
    ) -> Offline:
        return base.mixed_by_publisher(y, b, d, base.zero() if profiles.made else our_key, x, a)

    return derived(
        suite,
        profiles,
        client_profile=client_profile,
        prekey_profile=prekey_profile,
        ring_sign=ring_sign,
        mixed_by_publisher=mixed_by_publisher,
    )


# --- Prekey ensembles -------------------------------------------------------------------------


def _prekeys(
    edit: Callable[[Suite, PrekeyProfile], PrekeyProfile] = lambda _, profile: profile,
    *,
    another_owner: bool = False,
    expired: bool = False,
) -> Deviation:
    """Prekey profiles are made of something else, or edited when they are made."""

    def prekey_profile(
        suite: Suite, keys: LongTerm, owner_tag: int, shared_prekey: Point, expiration: int
    ) -> PrekeyProfile:
        owner = _another_tag(owner_tag) if another_owner else owner_tag
        until = LONG_AGO if expired else expiration
        return edit(suite, suite.prekey_profile(keys, owner, shared_prekey, until))

    return lambda suite: derived(suite, prekey_profile=prekey_profile)


def _another_tag(tag: int) -> int:
    """An instance tag that is as valid."""
    return tag - 1 if tag == LARGEST else tag + 1


def _shared_prekey_outside(suite: S) -> S:
    """D is not in the group."""
    shown: dict[Point, Point] = {}

    def prekey_profile(
        base: Suite, keys: LongTerm, owner_tag: int, shared_prekey: Point, expiration: int
    ) -> PrekeyProfile:
        shown[shared_prekey] = base.twisted(shared_prekey)
        return base.prekey_profile(keys, owner_tag, shown[shared_prekey], expiration)

    def non_interactive_bound(base: Suite, script: Transcript, shared_prekey: Point) -> Octets:
        return base.non_interactive_bound(script, shown.get(shared_prekey, shared_prekey))

    return derived(
        suite, prekey_profile=prekey_profile, non_interactive_bound=non_interactive_bound
    )


@dataclass
class _Prekeys:
    """Which draws the keys of prekey messages are: those after their identifier.

    An account's seed, which signs client profiles as well, serves no conversation.
    """

    seeds: list[Seed] = field(default_factory=list)
    identifier: int | None = None

    def client_profile(self, base: Suite, *arguments: Any) -> ClientProfile:  # noqa: ANN401 - those of the operation
        """The seed is an account's."""
        self.seeds.append(arguments[-1])
        return base.client_profile(*arguments)

    def fresh_identifier(self, base: Suite, seed: Seed, draw: int) -> int:
        """A prekey message begins."""
        if self.knows(seed):
            self.identifier = draw
        return base.fresh_identifier(seed, draw)

    def knows(self, seed: Seed) -> bool:
        """Whether a seed is an account's."""
        return any(seed is known for known in self.seeds)


def _prekey_ecdh_outside(suite: S) -> S:
    """Y of a prekey message is not in the group."""
    prekeys = _Prekeys()

    def fresh_ecdh(base: Suite, seed: Seed, draw: int) -> EcdhPair:
        pair = base.fresh_ecdh(seed, draw)
        if prekeys.knows(seed) and draw - 1 == prekeys.identifier:
            return replace(pair, public=base.twisted(pair.public))
        return pair

    return derived(
        suite,
        prekeys,
        client_profile=prekeys.client_profile,
        fresh_identifier=prekeys.fresh_identifier,
        fresh_ecdh=fresh_ecdh,
    )


def _prekey_dh_outside(suite: S) -> S:
    """B of a prekey message is not in the group, and k_dh is 1."""
    prekeys = _Prekeys()

    def fresh_dh(base: Suite, seed: Seed, draw: int) -> DhPair:
        pair = base.fresh_dh(seed, draw)
        return replace(pair, public=base.outside_element()) if prekeys.knows(seed) else pair

    def mixed_by_publisher(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, y: Scalar, b: Exponent, d: Scalar, our_key: Scalar, x: Point, _a: Element
    ) -> Offline:
        return base.mixed_by_publisher(y, b, d, our_key, x, base.outside_element())

    return derived(
        suite,
        client_profile=prekeys.client_profile,
        fresh_dh=fresh_dh,
        mixed_by_publisher=mixed_by_publisher,
    )


# --- The keys of a DAKE -----------------------------------------------------------------------


@dataclass
class _Shown:
    """An ephemeral key of ours is another one, wherever the other side sees it.

    Attributes:
        names: what it is called in each message, and in the transcript: `y` and `x`, or `b` and
            `a`.
        change: what is seen in its place.
        own: our public keys.
        followed: by what a DAKE signs, what is seen in the place of which key.
    """

    names: dict[type, str]
    change: Callable[[Suite, Any], Any]
    own: set[Any] = field(default_factory=set)
    followed: dict[Octets, dict[Any, Any]] = field(default_factory=dict)

    def fresh_ecdh(self, base: Suite, seed: Seed, draw: int) -> EcdhPair:
        """It is ours."""
        pair = base.fresh_ecdh(seed, draw)
        self.own.add(pair.public)
        return pair

    def fresh_dh(self, base: Suite, seed: Seed, draw: int) -> DhPair:
        """It is ours."""
        pair = base.fresh_dh(seed, draw)
        self.own.add(pair.public)
        return pair

    def encode(self, base: Suite, message: Message) -> Wire:
        """Seen in messages."""
        name = self.names.get(type(message))
        if name is not None:
            changed: Any = message
            message = replace(changed, **{name: self.change(base, getattr(message, name))})
        return base.encode(message)

    def bound(self, operation: str, *kinds: type) -> Callable[..., Octets]:
        """Seen in what is signed, under the names that it has in these messages."""

        def replaced(base: Suite, script: Transcript, *rest: Point) -> Octets:
            names = {self.names[kind] for kind in kinds}
            ours = {n: getattr(script, n) for n in names if getattr(script, n) in self.own}
            shown = {n: self.change(base, value) for n, value in ours.items()}
            value: Octets = getattr(base, operation)(replace(script, **shown), *rest)
            self.followed[value] = {ours[n]: shown[n] for n in ours}
            return value

        return replaced

    def ring_of(self, ring: Ring, value: Octets) -> Ring:
        """Seen in the ring that signs something."""
        seen = self.followed.get(value, {})
        a1, a2, a3 = (seen.get(key, key) for key in ring)
        return a1, a2, a3

    def ring_sign(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        self, base: Suite, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        """Seen in the ring."""
        return base.ring_sign(self.ring_of(ring, value), secret, value, seed, draw)

    def ring_verified(self, base: Suite, ring: Ring, sigma: RingSignature, value: Octets) -> bool:
        """Seen in the ring."""
        return base.ring_verified(self.ring_of(ring, value), sigma, value)

    def hashed_b(self, base: Suite, b: Element) -> Octets:
        """Seen in the tie-break."""
        ours = self.names[Identity] == "b" and b in self.own
        return base.hashed_b(self.change(base, b) if ours else b)


def _shown_in_dake(names: dict[type, str], change: Callable[[Suite, Any], Any]) -> Deviation:
    """An ephemeral key of ours is another one, wherever the other side sees it."""

    def deviation(suite: S) -> S:
        shown = _Shown(names, change)
        return derived(
            suite,
            fresh_ecdh=shown.fresh_ecdh,
            fresh_dh=shown.fresh_dh,
            encode=shown.encode,
            auth_r_bound=shown.bound("auth_r_bound", Identity, AuthR),
            auth_i_bound=shown.bound("auth_i_bound", Identity, AuthR),
            non_interactive_bound=shown.bound("non_interactive_bound", NonInteractiveAuth),
            ring_sign=shown.ring_sign,
            ring_verified=shown.ring_verified,
            hashed_b=shown.hashed_b,
        )

    return deviation


def _ecdh_outside(suite: S) -> S:
    """Y or X is of small order, and K_ecdh the identity."""

    def mixed(base: Suite, ecdh: Scalar, _theirs: Point, dh: Exponent, their_dh: Element) -> Mixed:
        return base.mixed(ecdh, base.outside_point(), dh, their_dh)

    def mixed_by_retriever(base: Suite, x: Scalar, a: Exponent, *theirs: Any) -> Offline:  # noqa: ANN401 - Y, B, D_b, H_b
        outside = base.outside_point()
        return base.mixed_by_retriever(x, a, outside, theirs[1], outside, outside)

    names = {Identity: "y", AuthR: "x", NonInteractiveAuth: "x"}
    changed: S = _shown_in_dake(names, lambda base, _: base.outside_point())(suite)
    return derived(changed, mixed=mixed, mixed_by_retriever=mixed_by_retriever)


def _dh_outside(suite: S) -> S:
    """B or A is 1, and so is k_dh."""

    def mixed(base: Suite, ecdh: Scalar, theirs: Point, dh: Exponent, _their_dh: Element) -> Mixed:
        return base.mixed(ecdh, theirs, dh, base.outside_element())

    def mixed_by_retriever(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, x: Scalar, a: Exponent, y: Point, _b: Element, d: Point, h: Point
    ) -> Offline:
        return base.mixed_by_retriever(x, a, y, base.outside_element(), d, h)

    names = {Identity: "b", AuthR: "a", NonInteractiveAuth: "a"}
    changed: S = _shown_in_dake(names, lambda base, _: base.outside_element())(suite)
    return derived(changed, mixed=mixed, mixed_by_retriever=mixed_by_retriever)


@dataclass
class _Ratchet:
    """Our own ephemeral keys, and which of them a message of a DAKE has announced.

    Attributes:
        ecdh: the seed and the draw of each ECDH key.
        dh: DH key pairs.
        first_ecdh: ECDH keys that a DAKE announced for the ratchet.
        first_dh: secrets of DH keys that a DAKE announced for it.
    """

    ecdh: dict[Point, tuple[Seed, int]] = field(default_factory=dict)
    dh: list[DhPair] = field(default_factory=list)
    first_ecdh: set[Point] = field(default_factory=set)
    first_dh: list[Exponent] = field(default_factory=list)

    def fresh_ecdh(self, base: Suite, seed: Seed, draw: int) -> EcdhPair:
        """It is ours."""
        pair = base.fresh_ecdh(seed, draw)
        self.ecdh[pair.public] = seed, draw
        return pair

    def fresh_dh(self, base: Suite, seed: Seed, draw: int) -> DhPair:
        """It is ours."""
        pair = base.fresh_dh(seed, draw)
        self.dh.append(pair)
        return pair

    def announce(self, message: Message) -> None:
        """A message of ours announces first keys."""
        if isinstance(message, Identity | AuthR | NonInteractiveAuth):
            self.first_ecdh.add(message.first_ecdh)
            self.first_dh += [pair.secret for pair in self.dh if pair.public == message.first_dh]

    def announced(self, secret: Exponent) -> bool:
        """Whether a DAKE announced the DH key of a secret."""
        return any(secret is known for known in self.first_dh)


def _first(name: str, change: Callable[[Suite, Any], Any]) -> Deviation:
    """A first key of ours is another one, in messages of a DAKE and in phi.

    Args:
        name: the name of the key in messages: first_ecdh or first_dh.
        change: what is seen in its place.
    """
    short = name.removeprefix("first_")

    def deviation(suite: S) -> S:
        ours = _Ratchet()

        def encode(base: Suite, message: Message) -> Wire:
            ours.announce(message)
            if isinstance(message, Identity | AuthR | NonInteractiveAuth):
                message = replace(message, **{name: change(base, getattr(message, name))})
            return base.encode(message)

        def seen(base: Suite, side: PhiSide) -> PhiSide:
            if side.ecdh not in ours.ecdh:
                return side
            return replace(side, **{short: change(base, getattr(side, short))})

        def phi(base: Suite, sender: PhiSide, receiver: PhiSide) -> Octets:
            return base.phi(seen(base, sender), seen(base, receiver))

        def third_brace_key(base: Suite, secret: Exponent, theirs: Element) -> Key:
            if short == "dh" and ours.announced(secret):
                theirs = base.outside_element()
            return base.third_brace_key(secret, theirs)

        return derived(
            suite,
            ours,
            fresh_ecdh=ours.fresh_ecdh,
            fresh_dh=ours.fresh_dh,
            encode=encode,
            phi=phi,
            third_brace_key=third_brace_key,
        )

    return deviation


# --- Data Messages ----------------------------------------------------------------------------


def _data(
    edit: Callable[[Suite, DataFields, _Ratchet], DataFields], *, dh_is_one: bool = False
) -> Deviation:
    """The authenticated part of our Data Messages differs, with a right authenticator.

    Args:
        edit: what differs.
        dh_is_one: every DH key of ours but that of the DAKE is 1, and so is what is made of it.
    """

    def deviation(suite: S) -> S:
        ours = _Ratchet()

        def seen(base: Suite, fields: DataFields) -> DataFields:
            return edit(base, fields, ours) if fields.ecdh in ours.ecdh else fields

        def data_body(base: Suite, fields: DataFields) -> Octets:
            return base.data_body(seen(base, fields))

        def encode(base: Suite, message: Message) -> Wire:
            ours.announce(message)
            if isinstance(message, DataMessage):
                message = replace(message, fields=seen(base, message.fields))
            return base.encode(message)

        def third_brace_key(base: Suite, secret: Exponent, theirs: Element) -> Key:
            if dh_is_one and not ours.announced(secret):
                theirs = base.outside_element()
            return base.third_brace_key(secret, theirs)

        return derived(
            suite,
            ours,
            fresh_ecdh=ours.fresh_ecdh,
            fresh_dh=ours.fresh_dh,
            data_body=data_body,
            encode=encode,
            third_brace_key=third_brace_key,
        )

    return deviation


def _ecdh_of_data_outside(suite: Suite, fields: DataFields, ours: _Ratchet) -> DataFields:
    """The ECDH key is not in the group, unless the other side has it from the DAKE."""
    if fields.ecdh in ours.first_ecdh:
        return fields
    return replace(fields, ecdh=suite.twisted(fields.ecdh))


def _dh_not_due(suite: Suite, fields: DataFields, ours: _Ratchet) -> DataFields:
    """There is a DH key where none is due; or there is none, where the other side has it."""
    if fields.dh is None:
        return replace(fields, dh=suite.fresh_dh(*ours.ecdh[fields.ecdh]).public)
    return replace(fields, dh=None) if fields.ecdh in ours.first_ecdh else fields


def _dh_of_data_outside(suite: Suite, fields: DataFields, _ours: _Ratchet) -> DataFields:
    """The DH key, where there is one, is 1, and so is k_dh."""
    return fields if fields.dh is None else replace(fields, dh=suite.outside_element())


# --- SMP --------------------------------------------------------------------------------------


def _tlv(kind: type[M], edit: Callable[[Suite, M], M]) -> Deviation:
    """The TLVs of one kind differ."""

    def seal(suite: Suite, key: Key, content: Content) -> Octets:
        tlvs: tuple[Tlv, ...] = tuple(
            edit(suite, tlv) if isinstance(tlv, kind) else tlv  # type: ignore[misc]  # M is one of Tlv
            for tlv in content.tlvs
        )
        return suite.seal(key, replace(content, tlvs=tlvs))

    return lambda suite: derived(suite, seal=seal)


def _response(name: str) -> Callable[[Suite, Any], Any]:
    """A proof's response that is another one."""
    return lambda suite, value: replace(
        value, **{name: suite.garble_response(getattr(value, name))}
    )


@dataclass
class _SinceSecret:
    """What happened since the secret of SMP was computed.

    Attributes:
        drawn: the exponents that were drawn.
        proved: the steps in which something was proved.
    """

    drawn: list[int] = field(default_factory=list)
    proved: list[int] = field(default_factory=list)


def _zero_r4(*, we_began: bool) -> Deviation:
    """R4 is 0, on the side that began SMP or on the other: P is the identity, Q is G2 * secret.

    It is the third exponent that is drawn after the secret is computed. Only the side that began
    has proved something before it.
    """

    def deviation(suite: S) -> S:
        since = _SinceSecret()

        def smp_secret(base: Suite, *values: Any) -> Scalar:  # noqa: ANN401 - those of the operation
            since.drawn.clear()
            since.proved.clear()
            return base.smp_secret(*values)

        def prove_exponent(
            base: Suite, step: int, exponent: Scalar, seed: Seed, draw: int
        ) -> Proof:
            since.proved.append(step)
            return base.prove_exponent(step, exponent, seed, draw)

        def fresh_scalar(base: Suite, seed: Seed, draw: int) -> Scalar:
            since.drawn.append(draw)
            if len(since.drawn) == R4 and bool(since.proved) == we_began:
                return base.zero()
            return base.fresh_scalar(seed, draw)

        return derived(
            suite,
            since,
            smp_secret=smp_secret,
            prove_exponent=prove_exponent,
            fresh_scalar=fresh_scalar,
        )

    return deviation


def _until(make: Callable[[int], P], holds: Callable[[P], bool], draw: int) -> P:
    """A proof for which something more holds."""
    proof = make(draw)
    for further in range(1, TRIES):
        if holds(proof):
            break
        proof = make(draw + further * APART)
    return proof


def _exponent_holds_twisted(at: int) -> Callable[..., Proof]:
    """The proof of an exponent, which holds for its twisted multiple of G, too."""

    def prove_exponent(base: Suite, step: int, exponent: Scalar, seed: Seed, draw: int) -> Proof:
        if step != at:
            return base.prove_exponent(step, exponent, seed, draw)
        power = base.twisted(base.scale(base.generator(), exponent))
        return _until(
            lambda number: base.prove_exponent(step, exponent, seed, number),
            lambda proof: base.exponent_proved(step, power, proof),
            draw,
        )

    return prove_exponent


def _coordinates_hold_twisted(at: int) -> Callable[..., CoordinatesProof]:
    """The proof of P and Q, which holds for the twisted Q, too."""

    def prove_coordinates(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite,
        step: int,
        g2: Point,
        g3: Point,
        exponent: Scalar,
        secret: Scalar,
        seed: Seed,
        draw: int,
    ) -> CoordinatesProof:
        if step != at:
            return base.prove_coordinates(step, g2, g3, exponent, secret, seed, draw)
        blinded = base.scale(base.generator(), exponent)
        p, q = base.scale(g3, exponent), base.plus(blinded, base.scale(g2, secret))
        return _until(
            lambda number: base.prove_coordinates(step, g2, g3, exponent, secret, seed, number),
            lambda proof: base.coordinates_proved(step, g2, g3, p, base.twisted(q), proof),
            draw,
        )

    return prove_coordinates


def _equal_holds_twisted(at: int, which: str) -> Callable[..., Proof]:
    """The proof of equal exponents, which holds with one of its points twisted, too."""

    def prove_equal_exponents(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, step: int, point: Point, exponent: Scalar, seed: Seed, draw: int
    ) -> Proof:
        if step != at:
            return base.prove_equal_exponents(step, point, exponent, seed, draw)
        seen = {
            "base": point,
            "power": base.scale(base.generator(), exponent),
            "r": base.scale(point, exponent),
        }
        seen[which] = base.twisted(seen[which])
        return _until(
            lambda number: base.prove_equal_exponents(step, point, exponent, seed, number),
            lambda proof: base.equal_exponents_proved(
                step, seen["base"], seen["power"], seen["r"], proof
            ),
            draw,
        )

    return prove_equal_exponents


def _trusting(at: int) -> Callable[..., bool]:
    """Whatever the peer proves of its R: what it proves with may be what we have spoilt."""

    def equal_exponents_proved(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, step: int, point: Point, power: Point, r: Point, proof: Proof
    ) -> bool:
        return step == at or base.equal_exponents_proved(step, point, power, r, proof)

    return equal_exponents_proved


def _twisted(kind: type[Tlv], name: str, **operations: Callable[..., Any]) -> Deviation:
    """A point of an SMP message is not in the group, and every proof holds."""

    def edit(suite: Suite, value: Any) -> Any:  # noqa: ANN401 - one of Tlv
        return replace(value, **{name: suite.twisted(getattr(value, name))})

    return lambda suite: derived(_tlv(kind, edit)(suite), **operations)


DEVIATIONS: dict[AnyCheck, Deviation] = {
    Check.PROFILE_SIGNED: _profile(
        edit=lambda suite, p: replace(p, signature=suite.garble_signature(p.signature))
    ),
    Check.PROFILE_OWNER: _profile(lambda _, m: replace(m, owner_tag=_another_tag(m.owner_tag))),
    Check.PROFILE_FRESH: _profile(lambda _, m: replace(m, expiration=LONG_AGO)),
    Check.PROFILE_VERSIONS: _profile(lambda _, m: replace(m, versions=frozenset({3}))),
    Check.PROFILE_KEY: _weak_key,
    Check.PROFILE_FORGING_KEY: _profile(_twisted_forging_key),
    Check.PROFILE_TRANSITION: _profile(_other_dsa_key),
    Check.ECDH_POINT: _ecdh_outside,
    Check.DH_MEMBER: _dh_outside,
    Check.FIRST_ECDH_POINT: _first("first_ecdh", lambda suite, point: suite.twisted(point)),
    Check.FIRST_DH_MEMBER: _first("first_dh", lambda suite, _: suite.outside_element()),
    Check.AUTH_R_SIGMA: _sending(AuthR, _sigma),
    Check.AUTH_I_SIGMA: _sending(AuthI, _sigma),
    Check.PREKEY_KNOWN: _sending(
        NonInteractiveAuth, lambda _, m: replace(m, prekey_id=LARGEST - m.prekey_id)
    ),
    Check.NON_INTERACTIVE_SIGMA: _sending(NonInteractiveAuth, _sigma),
    Check.AUTH_MAC: _sending(
        NonInteractiveAuth, lambda suite, m: replace(m, auth_mac=suite.garble_mac(m.auth_mac))
    ),
    Check.ENSEMBLE_OWNERS: _prekeys(another_owner=True),
    Check.PREKEY_PROFILE_SIGNED: _prekeys(
        lambda suite, p: replace(p, signature=suite.garble_signature(p.signature))
    ),
    Check.PREKEY_PROFILE_FRESH: _prekeys(expired=True),
    Check.SHARED_PREKEY_POINT: _shared_prekey_outside,
    Check.PREKEY_ECDH_POINT: _prekey_ecdh_outside,
    Check.PREKEY_DH_MEMBER: _prekey_dh_outside,
    Check.DATA_ECDH_POINT: _data(_ecdh_of_data_outside),
    Check.DATA_DH_DUE: _data(_dh_not_due),
    Check.DATA_DH_MEMBER: _data(_dh_of_data_outside, dh_is_one=True),
    Check.DATA_MAC: _sending(
        DataMessage,
        lambda suite, m: replace(m, authenticator=suite.garble_mac(m.authenticator)),
    ),
    Check.G2A_POINT: _twisted(Smp1, "g2a", prove_exponent=_exponent_holds_twisted(1)),
    Check.G3A_POINT: _twisted(
        Smp1,
        "g3a",
        prove_exponent=_exponent_holds_twisted(2),
        prove_equal_exponents=_equal_holds_twisted(7, "power"),
    ),
    Check.G2A_PROOF: _tlv(Smp1, _response("d2")),
    Check.G3A_PROOF: _tlv(Smp1, _response("d3")),
    Check.G2B_POINT: _twisted(Smp2, "g2b", prove_exponent=_exponent_holds_twisted(3)),
    Check.G3B_POINT: _twisted(
        Smp2,
        "g3b",
        prove_exponent=_exponent_holds_twisted(4),
        prove_equal_exponents=_equal_holds_twisted(8, "power"),
    ),
    Check.PB_POINT: _zero_r4(we_began=False),
    Check.QB_POINT: _twisted(
        Smp2,
        "qb",
        prove_coordinates=_coordinates_hold_twisted(5),
        prove_equal_exponents=_equal_holds_twisted(8, "base"),
        equal_exponents_proved=_trusting(7),
    ),
    Check.G2B_PROOF: _tlv(Smp2, _response("d2")),
    Check.G3B_PROOF: _tlv(Smp2, _response("d3")),
    Check.PB_QB_PROOF: _tlv(Smp2, _response("d5")),
    Check.PA_POINT: _zero_r4(we_began=True),
    Check.QA_POINT: _twisted(
        Smp3,
        "qa",
        prove_coordinates=_coordinates_hold_twisted(6),
        prove_equal_exponents=_equal_holds_twisted(7, "base"),
        equal_exponents_proved=_trusting(8),
    ),
    Check.RA_POINT: _twisted(Smp3, "ra", prove_equal_exponents=_equal_holds_twisted(7, "r")),
    Check.PA_QA_PROOF: _tlv(Smp3, _response("d5")),
    Check.RA_PROOF: _tlv(Smp3, _response("d7")),
    Check.RB_POINT: _twisted(Smp4, "rb", prove_equal_exponents=_equal_holds_twisted(8, "r")),
    Check.RB_PROOF: _tlv(Smp4, _response("d7")),
}
"""For each check, what makes a suite whose messages fail it."""


# --- What variants override -------------------------------------------------------------------


def _own_key_repeated(suite: S) -> S:
    """A ring whose keys repeat is signed, and verified, as one whose keys do not.

    In the place of a key that was there before stands that key and as many times G: who knows the
    secret of the one knows that of the other, and nobody else does.
    """

    def apart(base: Suite, ring: Ring) -> Ring:
        keys: list[Point] = []
        for each in ring:
            key = each
            while any(base.same(key, before) for before in keys):
                key = base.plus(key, base.generator())
            keys.append(key)
        first, second, third = keys
        return first, second, third

    def ring_sign(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, ring: Ring, secret: Scalar, value: Octets, seed: Seed, draw: int
    ) -> RingSignature:
        return base.ring_sign(apart(base, ring), secret, value, seed, draw)

    def ring_verified(base: Suite, ring: Ring, sigma: RingSignature, value: Octets) -> bool:
        return base.ring_verified(apart(base, ring), sigma, value)

    return derived(suite, ring_sign=ring_sign, ring_verified=ring_verified)


OVERRIDES: dict[tuple[str, str], Deviation] = {
    ("ring_sign", "own-key-repeated"): _own_key_repeated,
    **SUITES,
}
"""For each way in which a variant overrides an operation, what makes such a suite."""
