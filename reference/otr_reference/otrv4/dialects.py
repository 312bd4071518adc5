"""Dialects: what implementations compute or write otherwise than we read the text.

Each names an operation, or a value that several compute, and how it differs. A dialect is a suite
of bytes with a method replaced, as a deviating sender is; a tester speaks that of its target. Over
terms nothing differs, because both sides do the same.

What is said about implementations was read in 2026, in otr4j at 10cdeff2 and libotr-ng at c307676a.
Neither is our peer: both stopped at other versions of the text.
"""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from otr_model.otrv4 import layouts
from otr_model.otrv4.usages import Usage
from otr_reference.codec import Codec, SequenceCodec
from otr_reference.derive import Deviation, derived
from otr_reference.dh3072 import encode_k_dh
from otr_reference.ed448 import ORDER, POINT_OCTETS, SIGNATURE_OCTETS, hash_and_prune
from otr_reference.errors import Malformed, OtrSpecError

from . import wire as codec
from .kdf import hwc
from .messages import AuthR, Identity, NonInteractiveAuth
from .real import RealSuite, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from otr_model.kernel.layout import Field, Layout
    from otr_reference.sorts import Octets, Wire

    from .messages import Content, Message
    from .suite import PhiSide

__all__ = ["DIALECTS", "Dialect", "UnknownDialect", "dialect"]

S = TypeVar("S")


class UnknownDialect(OtrSpecError):
    """There is no dialect of that name."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One thing that is done otherwise.

    Attributes:
        operation: what differs.
        how: how it differs.
        about: both in a sentence.
        source: where it comes from.
        speak: makes a suite of a suite on bytes.
    """

    operation: str
    how: str
    about: str
    source: str
    speak: Deviation


def dialect(suite: S, overrides: Mapping[str, str]) -> S:
    """A suite that speaks a dialect.

    What deviates has to be made of what speaks: of a suite in which an operation is replaced, the
    original goes on doing its part as before.

    Args:
        suite: the original; it is not changed.
        overrides: how each operation differs, as the edits `Override` of a variant say.

    Raises:
        UnknownDialect: if an operation, or how it differs, is not one of `DIALECTS`.
    """
    for named in overrides.items():
        if named not in DIALECTS:
            known = ", ".join(f"{operation}: {how}" for operation, how in DIALECTS)
            message = f"{': '.join(named)} is no dialect; there are {known}"
            raise UnknownDialect(message)
    for named, spoken in DIALECTS.items():
        if named in overrides.items() and isinstance(suite, RealSuite):
            suite = spoken.speak(suite)
    return suite


# --- Values -----------------------------------------------------------------------------------


def _phi(suite: RealSuite) -> RealSuite:
    """What the sender contributes comes first."""

    def order_of_phi(
        _suite: RealSuite, sender: PhiSide, receiver: PhiSide
    ) -> tuple[PhiSide, PhiSide, *tuple[Octets, ...]]:
        names = (side.name for side in (sender, receiver) if side.name is not None)
        return sender, receiver, *names

    return derived(suite, order_of_phi=order_of_phi)


def _secret(suite: RealSuite) -> RealSuite:
    """64 bytes of hash, modulo q."""

    def secret_scalar(_suite: RealSuite, information: bytes) -> int:
        hashed = hwc(Usage.SMP_SECRET, information, size=_LONG_HASH)
        return int.from_bytes(hashed, "little") % ORDER

    return derived(suite, secret_scalar=secret_scalar)


_LONG_HASH: Final = 64


def _pruned(operation: str) -> Callable[[RealSuite], RealSuite]:
    """Random scalars are hashed and pruned."""
    return lambda suite: derived(suite, **{operation: lambda _, value: hash_and_prune(value)})


# --- Key types, most significant byte first ---------------------------------------------------


def _big_endian(field: Field) -> Field:
    """A field with the types of keys in it the other way round."""
    kind = layouts.Type.SHORT if field.type is layouts.Type.KEY_TYPE else field.type
    inside = None if field.inside is None else _big_endian_layout(field.inside)
    options = tuple(
        replace(option, layout=_big_endian_layout(option.layout)) for option in field.options
    )
    return replace(field, type=kind, inside=inside, options=options)


def _big_endian_layout(layout: Layout) -> Layout:
    """A layout of such fields."""
    return replace(layout, fields=tuple(map(_big_endian, layout.fields)))


_FIELDS: Final = layouts.CLIENT_PROFILE.fields[0]
_LITTLE: Final = SequenceCodec(_FIELDS)
_BIG: Final = SequenceCodec(_big_endian(_FIELDS))
_KEYS: Final = {"public_key", "forging_key"}

_HEADER_OCTETS: Final = layouts.HEADER.least()
_VERSION_4: Final = layouts.VERSION.to_bytes(2, "big")
_KIND_AT: Final = len(_VERSION_4)
_WITH_PROFILE: Final = (layouts.IDENTITY, layouts.AUTH_R, layouts.NON_INTERACTIVE_AUTH)
_WITH_SIGMA: Final = (layouts.AUTH_R, layouts.AUTH_I, layouts.NON_INTERACTIVE_AUTH)
_BEFORE_PREKEY: Final = layouts.Type.INT.spec.size + layouts.Type.PREKEY_PROF_EXP.spec.size


def _swapped(data: bytes, start: int, written_as: SequenceCodec) -> bytes:
    """The fields of a client profile, among other bytes, with the types of keys turned round.

    Raises:
        Malformed: they cannot be read.
    """
    changed = bytearray(data)
    for record in written_as.records(data, start):
        for part in record.parts:
            if part.name in _KEYS:
                changed[part.start : part.start + 2] = data[part.start : part.start + 2][::-1]
    return bytes(changed)


def _kind(binary: bytes) -> Layout | None:
    """Which message of version 4 the bytes are, by their type."""
    if binary[:_KIND_AT] != _VERSION_4:
        return None
    return layouts.ENCODED.get(int.from_bytes(binary[_KIND_AT : _KIND_AT + 1], "big"))


def _rewritten(text: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A text with the message in it changed; as it is, where there is none, or no change to it."""
    located = codec.locate(text)
    if located is None or located.codec.format is not layouts.ENVELOPE:
        return text
    try:
        (part,) = located.codec.parts(text, located.start)
        changed = change(part.value if isinstance(part.value, bytes) else b"")
    except Malformed:
        return text
    return text[: part.start] + b2a_base64(changed, newline=False) + text[part.end :]


def _key_types(suite: RealSuite) -> RealSuite:
    """Profiles are read in our order and kept in theirs, as everything that is signed is."""

    def profile_body(_suite: RealSuite, body: bytes) -> bytes:
        return _swapped(body, 0, _LITTLE)

    def prekey_profile_body(_suite: RealSuite, body: bytes) -> bytes:
        at = _BEFORE_PREKEY
        return body[:at] + body[at : at + 2][::-1] + body[at + 2 :]

    def in_our_order(binary: bytes) -> bytes:
        if _kind(binary) not in _WITH_PROFILE:
            return binary
        try:
            return _swapped(binary, _HEADER_OCTETS, _BIG)
        except Malformed:
            # What is in our order, and not in theirs: turned round, it cannot be read in ours.
            return _swapped(binary, _HEADER_OCTETS, _LITTLE)

    def decode(base: RealSuite, wire: Wire) -> Message:
        message = base.decode(base.wire(_rewritten(base.to_bytes(wire), in_our_order)))
        if not isinstance(message, Identity | AuthR | NonInteractiveAuth):
            return message
        profile = written(message.profile, lambda body: _swapped(body, 0, _LITTLE))
        return replace(message, profile=profile)

    return derived(
        suite,
        profile_body=profile_body,
        prekey_profile_body=prekey_profile_body,
        decode=decode,
    )


# --- Scalars of 56 bytes ----------------------------------------------------------------------

_SHORT, _LONG = 56, 57
_SCALARS: Final = len(layouts.RING_SIG.fields)
_LENGTH: Final = layouts.Type.MPI.spec.size
_TLV: Final = Codec(layouts.TLV)
_SMP: Final = {
    kind: layout
    for kind, layout in layouts.TLVS.items()
    if any(field.type is layouts.Type.SCALAR for field in layout.fields)
}


def _resized(scalar: bytes, size: int) -> bytes:
    """A scalar of so many bytes; the last of 57 is 0."""
    return scalar[:size].ljust(size, b"\0")


def _sigma_at(binary: bytes) -> int:
    """The place of a message's ring signature.

    Raises:
        Malformed: what is in front of it cannot be read.
    """
    if _kind(binary) is layouts.AUTH_I:
        return _HEADER_OCTETS
    try:
        end = max(record.end for record in _LITTLE.records(binary, _HEADER_OCTETS))
    except Malformed:
        end = max(record.end for record in _BIG.records(binary, _HEADER_OCTETS))
    place = end + SIGNATURE_OCTETS + POINT_OCTETS
    return place + _LENGTH + int.from_bytes(binary[place : place + _LENGTH], "big")


def _sigma_resized(have: int, want: int) -> Callable[[bytes], bytes]:
    """Messages whose ring signatures have scalars of another size."""

    def change(binary: bytes) -> bytes:
        if _kind(binary) not in _WITH_SIGMA:
            return binary
        start = _sigma_at(binary)
        end = start + _SCALARS * have
        if len(binary) < end:
            return binary
        scalars = (binary[at : at + have] for at in range(start, end, have))
        return binary[:start] + b"".join(_resized(s, want) for s in scalars) + binary[end:]

    return change


def _value_resized(value: bytes, layout: Layout, have: int, want: int) -> bytes:
    """The value of a TLV of SMP; as it is, where it ends too early."""
    made, place = b"", 0
    for field in layout.fields:
        if field.type is layouts.Type.SCALAR:
            size = have
        elif field.type is layouts.Type.DATA:
            size = _LENGTH + int.from_bytes(value[place : place + _LENGTH], "big")
        else:
            size = field.type.spec.size
        piece = value[place : place + size]
        if len(piece) < size:
            return value
        made += _resized(piece, want) if field.type is layouts.Type.SCALAR else piece
        place += size
    return made + value[place:]


def _records_resized(records: bytes, have: int, want: int) -> Iterator[bytes]:
    """TLV records, one after the other; as they are, behind one that cannot be read."""
    place = 0
    while place < len(records):
        try:
            kind, value = _TLV.parts(records, place)
        except Malformed:
            yield records[place:]
            return
        layout = _SMP.get(int(kind.value)) if not isinstance(kind.value, bytes) else None
        held = value.value if isinstance(value.value, bytes) else b""
        if layout is not None:
            held = _value_resized(held, layout, have, want)
        yield _TLV.write({"kind": kind.value, "value": held})
        place = value.end


def _content_resized(octets: bytes, have: int, want: int) -> bytes:
    """What a Data Message says, with scalars of another size in its TLVs."""
    text, nul, records = octets.partition(b"\0")
    return text + nul + b"".join(_records_resized(records, have, want))


def _scalars(suite: RealSuite) -> RealSuite:
    """Ring signatures and SMP messages have shorter scalars on the wire, and nowhere else."""

    def encode(base: RealSuite, message: Message) -> Wire:
        text = base.to_bytes(base.encode(message))
        return base.wire(_rewritten(text, _sigma_resized(_LONG, _SHORT)))

    def decode(base: RealSuite, wire: Wire) -> Message:
        text = base.to_bytes(wire)
        return base.decode(base.wire(_rewritten(text, _sigma_resized(_SHORT, _LONG))))

    def content_octets(base: RealSuite, content: Content) -> bytes:
        return _content_resized(base.content_octets(content), _LONG, _SHORT)

    def content_of(base: RealSuite, octets: bytes) -> Content:
        return base.content_of(_content_resized(octets, _SHORT, _LONG))

    return derived(
        suite,
        encode=encode,
        decode=decode,
        content_octets=content_octets,
        content_of=content_of,
    )


# --- All of them ------------------------------------------------------------------------------

DIALECTS: Final[Mapping[tuple[str, str], Dialect]] = {
    (each.operation, each.how): each
    for each in (
        Dialect(
            "phi",
            "sender-receiver",
            "phi has what the sender contributes first, then what the receiver does, unsorted",
            'section "Shared Session State", its example; otr4j',
            _phi,
        ),
        Dialect(
            "smp_secret",
            "64-unpruned",
            "the secret of SMP is 64 bytes of hash modulo q, which are not pruned",
            "otr4j, and libotr-ng under another usage and without the length of what was typed",
            _secret,
        ),
        Dialect(
            "k_dh",
            "minimal",
            "k_dh is hashed without leading zero bytes",
            "otr4j, libotr-ng",
            lambda suite: derived(suite, shared_octets=lambda _, k_dh: encode_k_dh(k_dh)),
        ),
        Dialect(
            "ring_randoms",
            "pruned",
            "the random scalars of a ring signature are hashed and pruned, which names the signer",
            'section "Ring Signature Authentication"',
            _pruned("ring_scalar"),
        ),
        Dialect(
            "smp_randoms",
            "pruned",
            "the random scalars that blind a proof of SMP are hashed and pruned",
            'section "Considerations while working with elliptic curve parameters"; otr4j',
            _pruned("proof_scalar"),
        ),
        Dialect(
            "key_types",
            "big-endian",
            "the types of keys in profiles are written with the most significant byte first; "
            "profiles that do not come in a message have to be read by other means",
            "otr4j, libotr-ng",
            _key_types,
        ),
        Dialect(
            "scalars",
            "56-bytes",
            "a SCALAR has 56 bytes on the wire",
            "the decision record on encoding (011), before the text had 57; libotr-ng",
            _scalars,
        ),
    )
}
"""Every dialect, by what differs and how."""
