"""Deviating senders: for every check, a suite whose messages fail that check.

A tester that falsifies a check is the reference with one operation or two of its suite replaced;
nothing in the tables or in the steps branches on it. Everything else about the message stays right,
so that a receiver without the check accepts it.

What the flaws of `otr_model.otrv3.history` override is made the same way.

Over either suite the same: only operations of `Suite` are used.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from otr_model.otrv3.conditions import Check
from otr_reference.derive import Deviation, NotFalsifiable, derived, deviated, falsifying
from otr_reference.errors import OtrSpecError
from otr_reference.sorts import Key

from .bugs import IN_STEPS, SUITES
from .messages import (
    AkeKeys,
    Commitment,
    Content,
    DataFields,
    DataKeys,
    DataMessage,
    DhKey,
    DhPair,
    Header,
    Identity,
    Message,
    RevealSignature,
    SigmaKeys,
    SignatureMessage,
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
        Mac,
        Octets,
        PublicKey,
        Scalar,
        Seed,
        Signature,
        SigningKey,
        Wire,
    )

    from .suite import Suite

__all__ = [
    "DEVIATIONS",
    "LARGEST",
    "OVERRIDES",
    "UNKNOWN",
    "Deviation",
    "NotFalsifiable",
    "UnknownOverride",
    "counting_from",
    "derived",
    "deviating",
    "overriding",
]

S = TypeVar("S", bound="Suite")
M = TypeVar("M")
LARGEST = 0xFFFFFFFF
UNKNOWN = 2
"""How far beyond the known key ids an unknown one is."""


def deviating(suite: S, checks: frozenset[AnyCheck]) -> S:
    """A suite like the given one, whose messages fail the checks.

    Raises:
        NotFalsifiable: if there is a check that no deviation is known for.
    """
    return falsifying(suite, checks, DEVIATIONS)


class UnknownOverride(OtrSpecError):
    """A variant overrides an operation in a way that is not known."""


def overriding(suite: S, overrides: Mapping[str, str]) -> S:
    """A suite like the given one, in which operations differ as a variant says.

    Args:
        suite: the original; it is not changed.
        overrides: how each operation differs, as the edits `Override` of a variant say; none: the
            original is given back. What is done otherwise in a step is left to the endpoint.

    Raises:
        UnknownOverride: if an operation is overridden in a way that `OVERRIDES` does not have.
    """
    for named in overrides.items():
        if named in IN_STEPS:
            continue
        if named not in OVERRIDES:
            message = f"no operation {named[0]} is known that is {named[1]}"
            raise UnknownOverride(message)
        suite = deviated(suite, OVERRIDES[named])
    return suite


def _sending(kind: type[M], edit: Callable[[Suite, M], M]) -> Deviation:
    """What is sent differs, in messages of one kind."""

    def encode(suite: Suite, message: Message) -> Wire:
        return suite.encode(edit(suite, message) if isinstance(message, kind) else message)  # type: ignore[arg-type]  # M is one of Message

    return lambda suite: derived(suite, encode=encode)


def _data(edit: Callable[[Suite, DataFields], DataFields]) -> Deviation:
    """The authenticated part of Data Messages differs, with a right authenticator."""

    def data_body(suite: Suite, fields: DataFields) -> Octets:
        return suite.data_body(edit(suite, fields))

    def encode(suite: Suite, message: Message) -> Wire:
        if isinstance(message, DataMessage):
            message = replace(message, fields=edit(suite, message.fields))
        return suite.encode(message)

    return lambda suite: derived(suite, data_body=data_body, encode=encode)


def _counter_zero(suite: S) -> S:
    """Data Messages with a counter of 0, right in everything else."""

    def seal(base: Suite, key: Key, _counter: int, content: Content) -> Octets:
        return base.seal(key, 0, content)

    changed: S = _data(lambda _, fields: replace(fields, counter=0))(suite)
    return derived(changed, seal=seal)


def _tlv(kind: type[M], edit: Callable[[Suite, M], M]) -> Deviation:
    """The TLVs of one kind differ."""

    def seal(suite: Suite, key: Key, counter: int, content: Content) -> Octets:
        tlvs: tuple[Tlv, ...] = tuple(
            edit(suite, tlv) if isinstance(tlv, kind) else tlv  # type: ignore[misc]  # M is one of Tlv
            for tlv in content.tlvs
        )
        return suite.seal(key, counter, replace(content, tlvs=tlvs))

    return lambda suite: derived(suite, seal=seal)


@dataclass
class _Draws:
    """The draws that were exponents of SMP, in order."""

    drawn: dict[int, None] = field(default_factory=dict)


def _zero_exponent(which: int) -> Deviation:
    """The exponent that is drawn as number `which` by one SMP message is 0.

    Everything made from it is consistent: its power is 1, and the proofs hold.
    """

    def deviation(suite: S) -> S:
        draws = _Draws()

        def fresh_exponent(base: Suite, seed: Seed, draw: int) -> Scalar:
            draws.drawn.setdefault(draw)
            if list(draws.drawn).index(draw) == which:
                return base.zero()
            return base.fresh_exponent(seed, draw)

        return derived(suite, draws, fresh_exponent=fresh_exponent)

    return deviation


def _committed_outside(suite: S) -> S:
    """g^x = 1, committed to, and used in everything that follows: s = 1."""

    def fresh_pair(base: Suite, seed: Seed, draw: int) -> DhPair:
        return DhPair(base.fresh_pair(seed, draw).secret, base.outside())

    def ake_keys(base: Suite, secret: Scalar, _theirs: Element) -> AkeKeys:
        return base.ake_keys(secret, base.outside())

    return derived(suite, fresh_pair=fresh_pair, ake_keys=ake_keys)


def _keyid_zero(suite: S) -> S:
    """Keyid = 0 in X and in M, as sent. What is received is verified as it should be."""
    with_zero: dict[Octets, Octets] = {}

    def signed_value(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, m1: Key, first: Element, second: Element, public: PublicKey, keyid: int
    ) -> Octets:
        value = base.signed_value(m1, first, second, public, keyid)
        with_zero[value] = base.signed_value(m1, first, second, public, 0)
        return value

    def sign(base: Suite, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        return base.sign(signing, with_zero.get(value, value), seed, draw)

    def seal_identity(base: Suite, c: Key, identity: Identity) -> Octets:
        return base.seal_identity(c, replace(identity, keyid=0))

    return derived(suite, signed_value=signed_value, sign=sign, seal_identity=seal_identity)


def _keyid_largest(suite: S) -> S:
    """The key id that has no successor, in X, in M and in every Data Message."""

    def signed_value(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, m1: Key, first: Element, second: Element, public: PublicKey, keyid: int
    ) -> Octets:
        value = base.signed_value(m1, first, second, public, keyid)
        largest[value] = base.signed_value(m1, first, second, public, LARGEST)
        return value

    def sign(base: Suite, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        return base.sign(signing, largest.get(value, value), seed, draw)

    def seal_identity(base: Suite, c: Key, identity: Identity) -> Octets:
        return base.seal_identity(c, replace(identity, keyid=LARGEST))

    largest: dict[Octets, Octets] = {}
    changed: S = _data(lambda _, fields: replace(fields, sender_keyid=LARGEST))(suite)
    return derived(changed, signed_value=signed_value, sign=sign, seal_identity=seal_identity)


def counting_from(suite: S, first: int) -> S:
    """A participant whose D-H keys are numbered from another number than 1; legal where it fits.

    Args:
        suite: the suite.
        first: the key id of the first D-H key.
    """
    shift = first - 1

    def signed_value(  # noqa: PLR0913, PLR0917 - the suite, and the operation's arguments
        base: Suite, m1: Key, one: Element, other: Element, public: PublicKey, keyid: int
    ) -> Octets:
        shifted[base.signed_value(m1, one, other, public, keyid)] = (m1, one, other, public, keyid)
        return base.signed_value(m1, one, other, public, keyid)

    def sign(base: Suite, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        if value in shifted:
            m1, one, other, public, keyid = shifted[value]
            value = base.signed_value(m1, one, other, public, keyid + shift)
        return base.sign(signing, value, seed, draw)

    def seal_identity(base: Suite, c: Key, identity: Identity) -> Octets:
        return base.seal_identity(c, replace(identity, keyid=identity.keyid + shift))

    def decode(base: Suite, wire: Wire) -> Message:
        message = base.decode(wire)
        if isinstance(message, DataMessage):
            fields = message.fields
            own = replace(fields, recipient_keyid=fields.recipient_keyid - shift)
            return replace(message, fields=own)
        return message

    shifted: dict[Octets, tuple[Key, Element, Element, PublicKey, int]] = {}
    changed: S = _data(lambda _, f: replace(f, sender_keyid=f.sender_keyid + shift))(suite)
    return derived(
        changed, signed_value=signed_value, sign=sign, seal_identity=seal_identity, decode=decode
    )


def _false_identity(suite: S) -> S:
    """What c decrypts is no identity; the MAC is right."""
    return derived(suite, seal_identity=lambda base, c, _identity: base.false_identity(c))


def _signed_otherwise(suite: S) -> S:
    """A right signature of another value."""

    def sign(base: Suite, signing: SigningKey, value: Octets, seed: Seed, draw: int) -> Signature:
        return base.sign(signing, base.garble(value), seed, draw)

    return derived(suite, sign=sign)


def _false_commitment(suite: S) -> S:
    """A right hash, of what is no MPI."""
    return derived(suite, commit=lambda base, r, _gx: base.false_commitment(r))


def _other_hash(suite: S) -> S:
    """A hash of something else."""

    def commit(base: Suite, r: Key, gx: Element) -> Commitment:
        right = base.commit(r, gx)
        return Commitment(right.encrypted, base.garble(right.hashed))

    return derived(suite, commit=commit)


def _with_mac(suite: Suite, message: M) -> M:
    """A message whose MAC is another one."""
    changed: Any = message
    return replace(changed, mac=suite.garble_mac(changed.mac))  # type: ignore[no-any-return]  # the same class


def _element(field: str) -> Callable[[Suite, Any], Any]:
    """A group element that is 1."""
    return lambda suite, value: replace(value, **{field: suite.outside()})


def _unreduced(field: str) -> Callable[[Suite, Any], Any]:
    """A group element with the modulus added: all that is computed from it is as it should be."""
    return lambda suite, value: replace(value, **{field: suite.unreduced(getattr(value, field))})


def _response(field: str) -> Callable[[Suite, Any], Any]:
    """A proof's response that is another one."""
    return lambda suite, value: replace(
        value, **{field: suite.garble_response(getattr(value, field))}
    )


DEVIATIONS: dict[AnyCheck, Deviation] = {
    Check.DH_KEY_VERSION: _sending(DhKey, lambda _, m: replace(m, header=Header(2, 0, 0))),
    Check.GY_RANGE: _sending(DhKey, _element("gy")),
    Check.COMMITMENT_MATCHES: _other_hash,
    Check.COMMITMENT_OPENS: _false_commitment,
    Check.GX_RANGE: _committed_outside,
    Check.REVEAL_MAC: _sending(RevealSignature, _with_mac),
    Check.REVEAL_IDENTITY: _false_identity,
    Check.REVEAL_KEYID: _keyid_zero,
    Check.REVEAL_SIGNED: _signed_otherwise,
    Check.SIGNATURE_MAC: _sending(SignatureMessage, _with_mac),
    Check.SIGNATURE_IDENTITY: _false_identity,
    Check.SIGNATURE_KEYID: _keyid_zero,
    Check.SIGNATURE_SIGNED: _signed_otherwise,
    Check.OUR_KEY_KNOWN: _data(
        lambda _, f: replace(f, recipient_keyid=f.recipient_keyid + UNKNOWN)
    ),
    Check.THEIR_KEY_KNOWN: _data(lambda _, f: replace(f, sender_keyid=f.sender_keyid + UNKNOWN)),
    Check.KEY_HAS_SUCCESSOR: _keyid_largest,
    Check.DATA_MAC: _sending(DataMessage, _with_mac),
    Check.DATA_COUNTER: _counter_zero,
    Check.NEXT_DH_RANGE: _data(_element("next_dh")),
    # The SMP messages. With an exponent of 0 the proofs hold. Where no exponent makes one value 1
    # and no other (b3 = 0 makes Pb = 1 as well), the modulus is added to it.
    Check.G2A_RANGE: _zero_exponent(0),
    Check.G3A_RANGE: _zero_exponent(1),
    Check.G2A_PROOF: _tlv(Smp1, _response("d2")),
    Check.G3A_PROOF: _tlv(Smp1, _response("d3")),
    Check.G2B_RANGE: _zero_exponent(0),
    Check.G3B_RANGE: _tlv(Smp2, _unreduced("g3b")),
    Check.PB_RANGE: _zero_exponent(2),
    Check.QB_RANGE: _tlv(Smp2, _unreduced("qb")),
    Check.G2B_PROOF: _tlv(Smp2, _response("d2")),
    Check.G3B_PROOF: _tlv(Smp2, _response("d3")),
    Check.PB_QB_PROOF: _tlv(Smp2, _response("d5")),
    Check.PA_RANGE: _zero_exponent(2),
    Check.QA_RANGE: _tlv(Smp3, _unreduced("qa")),
    Check.RA_RANGE: _tlv(Smp3, _unreduced("ra")),
    Check.PA_QA_PROOF: _tlv(Smp3, _response("d5")),
    Check.RA_PROOF: _tlv(Smp3, _response("d7")),
    Check.RB_RANGE: _tlv(Smp4, _unreduced("rb")),
    Check.RB_PROOF: _tlv(Smp4, _response("d7")),
}
"""For each check, what makes a suite whose messages fail it."""


# What variants override.


def _identity_keys(secret: Callable[[SigmaKeys, SigmaKeys], SigmaKeys]) -> Deviation:
    """Of the keys that protect an identity, those that `secret` does not keep are public.

    `secret` is given the keys as they should be, and those that everybody knows: made from s = 1.
    """

    def ake_keys(base: Suite, ours: Scalar, theirs: Element) -> AkeKeys:
        right = base.ake_keys(ours, theirs)
        public = base.ake_keys(base.zero(), base.generator())
        return AkeKeys(
            right.ssid,
            secret(right.reveal, public.reveal),
            secret(right.signature, public.signature),
        )

    return lambda suite: derived(suite, ake_keys=ake_keys)


@dataclass(frozen=True, slots=True)
class _Both(Key):
    """The MAC keys of both directions, where the receiving one is expected."""

    receiving: Key
    sending: Key


def _both_directions(suite: S) -> S:
    """With each receiving MAC key, the sending one of the same D-H keys is revealed."""

    def data_keys(base: Suite, ours: DhPair, theirs: Element) -> DataKeys:
        keys = base.data_keys(ours, theirs)
        return replace(keys, receiving_mac=_Both(keys.receiving_mac, keys.sending_mac))

    def data_mac(base: Suite, key: Key, body: Octets) -> Mac:
        return base.data_mac(key.receiving if isinstance(key, _Both) else key, body)

    def old_mac_keys(base: Suite, keys: tuple[Key, ...]) -> Octets:
        both = ((k.receiving, k.sending) if isinstance(k, _Both) else (k,) for k in keys)
        return base.old_mac_keys(tuple(key for pair in both for key in pair))

    return derived(suite, data_keys=data_keys, data_mac=data_mac, old_mac_keys=old_mac_keys)


OVERRIDES: dict[tuple[str, str], Deviation] = {
    ("ake_keys", "identity-keys-public"): _identity_keys(lambda _right, public: public),
    ("ake_keys", "mac-key-secret"): _identity_keys(
        lambda right, public: replace(public, m2=right.m2)
    ),
    ("ake_keys", "signed-key-secret"): _identity_keys(
        lambda right, public: replace(public, m1=right.m1)
    ),
    ("old_mac_keys", "both-directions"): _both_directions,
    **SUITES,
}
"""For each way in which a variant overrides an operation, what makes such a suite."""
