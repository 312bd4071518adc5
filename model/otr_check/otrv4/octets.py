"""Strings of bytes without the bytes: how long they are, and what becomes of changed ones.

As in version 3 (`otr_check.otrv3.octets`), terms must agree with bytes on two facts:

- Length. It says whether there is a text, whether a message must go in fragments, in how many, and
  whether what is stored stays within its bound. Lengths here are those of the encodings. Everything
  but two things has a fixed one: a DH key is taken to be as long as the modulus, as all but one in
  256 are, and a DSA key is of the usual size.
- The cipher is malleable. Where the end of a ciphertext is changed, its start still decrypts to
  what it did, and the end to something else: the last TLV of a content, or the end of the text.

A value whose bytes are changed into bytes that nobody chose is taken not to be in its group: of
random points one in eight is, of random DH values one in two.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from otr_check.exponents import ONE, ZERO, Polynomial
from otr_check.otrv3 import octets as older
from otr_check.otrv3.operators import Op as Old
from otr_check.terms import Operator, Term
from otr_model.otrv4 import layouts
from otr_model.otrv4.groups4 import MODP_3072
from otr_model.otrv4.usages import Usage
from otr_reference import dh3072, ed448
from otr_reference.errors import Malformed
from otr_reference.otrv4.messages import (
    ClientProfile,
    Content,
    DataFields,
    Disconnected,
    EncodedMessage,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    MalformedTlv,
    Padding,
    Plaintext,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
    Tlv,
    UnknownTlv,
)
from otr_reference.otrv4.wire import client_profile, decode_content, encode_content

from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_check.terms import TermPool
    from otr_model.kernel.layout import Field, Layout
    from otr_reference.sorts import (
        EddsaSignature,
        Octets,
        Point,
        PublicKey,
        Response,
        Signature,
        Sort,
    )

__all__ = [
    "ProfileFields",
    "altered",
    "body_of",
    "element",
    "in_terms",
    "open_content",
    "point",
    "profile_of",
    "profile_written",
    "record_width",
    "refuse_unfit",
    "sealed_content",
    "size_of",
    "text",
    "width",
]

_Record = TypeVar(
    "_Record",
    bound=EncodedMessage
    | Fragment
    | Plaintext
    | TaggedPlaintext
    | ErrorMessage
    | DataFields
    | ClientProfile
    | Tlv,
)

_SCALAR: Final = ed448.SCALAR_OCTETS
_KEY: Final = 64
_WIDTHS: Final[dict[Operator, int]] = {
    Op.HASH: 32,
    Op.MAC: layouts.Type.MAC.spec.size,
    Op.EDDSA: ed448.SIGNATURE_OCTETS,
    Op.WEAK: ed448.SIGNATURE_OCTETS,
    Op.SIGMA: 6 * _SCALAR,
    Op.CHALLENGE: _SCALAR,
    Op.RESPONSE: _SCALAR,
    Old.SIGNATURE: layouts.Type.CLIENT_SIG.spec.size,
}
_LONGEST_VALUE: Final = 0xFFFF
_LARGEST_USE: Final = 0xFFFFFFFF

_POINTS: Final = {
    *("public_key", "forging_key", "x", "y", "first_ecdh", "ecdh"),
    *("g2a", "g3a", "g2b", "g3b", "pa", "qa", "pb", "qb", "ra", "rb"),
}
_ELEMENTS: Final = {"a", "b", "first_dh", "dh"}
_COVERED: Final = tuple(
    field for field in layouts.DATA.fields if field.name not in {"authenticator", "old_mac_keys"}
)
_SMP_LAYOUTS: Final[Mapping[type, Layout]] = {
    Smp1: layouts.SMP_1,
    Smp2: layouts.SMP_2,
    Smp3: layouts.SMP_3,
    Smp4: layouts.SMP_4,
}


# Making them.


def text(pool: TermPool, value: bytes) -> Term:
    """Octets that are known in full; the same term as over version 3."""
    return older.text(pool, value)


def element(pool: TermPool, number: int) -> Term:
    """The DH value that is a given number.

    Powers of two are what they are, g3 being 2. Of any other number nobody knows the logarithm; one
    that is not in the group has none.

    Args:
        pool: Where the term is made.
        number: Zero or more.
    """
    if 1 <= number < MODP_3072.modulus and number.bit_count() == 1:
        exponent = Polynomial((((), number.bit_length() - 1),))
    else:
        kind = Op.LOG if dh3072.in_group(number) else Op.INVALID
        exponent = Polynomial.atom(pool.make(kind, number))
    return pool.make(Op.ELEMENT, exponent)


def point(pool: TermPool, octets: bytes) -> Term:
    """The point that 57 given bytes are, if they are one.

    G is what it is, and so are the points of small order. Of any other nobody knows the logarithm;
    one that is not in the group, or cannot be decoded, has none.

    Args:
        pool: Where the term is made.
        octets: Any bytes.
    """
    known = _known_points().get(octets)
    if known is not None:
        exponent, part = known
        return pool.make(Op.POINT, exponent, *((part,) if part else ()))
    kind = Op.LOG if ed448.is_valid(octets) else Op.INVALID
    return pool.make(Op.POINT, Polynomial.atom(pool.make(kind, octets)))


@cache
def _known_points() -> Mapping[bytes, tuple[Polynomial, int]]:
    """G and the points of small order, as they are encoded: the exponent, and the part of T."""
    fourth = ed448.decode(bytes(ed448.POINT_OCTETS))  # y = 0
    small = [ed448.IDENTITY]
    while len(small) < 4:  # noqa: PLR2004 - the cofactor
        small.append(small[-1] + fourth)
    known = {member.encode(): (ZERO, part) for part, member in enumerate(small)}
    return known | {ed448.BASE.encode(): (ONE, 0)}


def in_terms(pool: TermPool, record: _Record) -> _Record:
    """A message, or TLV, that RealSuite's codec read from bytes, with terms in place of values.

    Args:
        pool: Where the terms are made.
        record: The message or TLV.
    """
    values: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name in _ELEMENTS and value is not None:
            values[field.name] = element(pool, value)
        elif isinstance(value, bytes):
            make = point if field.name in _POINTS else text
            values[field.name] = make(pool, value)
        elif isinstance(value, DataFields | ClientProfile):
            values[field.name] = in_terms(pool, value)
        elif isinstance(value, tuple):
            values[field.name] = tuple(text(pool, part) for part in value)
    return replace(record, **values)


# Profiles.


@dataclass(frozen=True, slots=True)
class ProfileFields:
    """What the body of a Client Profile says, in the order of the fields' types."""

    owner_tag: int
    public_key: Point
    forging_key: Point
    versions: frozenset[int]
    expiration: int
    dsa_key: PublicKey | None = None
    transitional: Signature | None = None


_PROFILE_FIELDS: Final = tuple(
    (option.layout.fields[0], option.layout.fields[1]) for option in layouts.PROFILE_FIELDS.values()
)
_DIGITS: Final = frozenset(range(1, 10))
_EXPIRATION: Final = 1 << 63
_TAG: Final = 1 << 32


def refuse_unfit(owner_tag: int, expiration: int) -> None:
    """See to it that a profile can hold what it is given.

    Raises:
        Malformed: it cannot.
    """
    if not 0 <= owner_tag < _TAG:
        raise Malformed(field="Instance tag", reason="does not fit")
    if not -_EXPIRATION <= expiration < _EXPIRATION:
        raise Malformed(field="Expiration", reason="does not fit")


def body_of(pool: TermPool, said: ProfileFields) -> Term:
    """What the signature of a Client Profile is over.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    refuse_unfit(said.owner_tag, said.expiration)
    if not said.versions <= _DIGITS:
        raise Malformed(field="Version string", reason="does not fit")
    return pool.make(Op.PROFILE, said)


def profile_of(pool: TermPool, body: Term, signature: EddsaSignature) -> ClientProfile:
    """The profile of a body: nothing but the body says what is in it.

    Raises:
        Malformed: it is no body, or cannot be read.
    """
    match body.op, body.args:
        case Op.PROFILE, (ProfileFields() as said,):
            pass
        case Old.TEXT, (bytes() as known,):
            read = in_terms(pool, client_profile(known, bytes(ed448.SIGNATURE_OCTETS)))
            return replace(read, signature=signature)
        case _:
            raise Malformed(field="Fields", reason="are not those of a profile")
    covered = replace(said, transitional=None)
    transition = None if said.transitional is None else pool.make(Op.TRANSITION, covered)
    return ClientProfile(
        **{field.name: getattr(said, field.name) for field in fields(said)},
        body=cast("Octets", body),
        transitional_body=cast("Octets | None", transition),
        signature=signature,
    )


def profile_written(pool: TermPool, profile: ClientProfile) -> ClientProfile:
    """A profile as whoever receives it finds it, which is what its body says.

    Raises:
        Malformed: as `profile_of`.
    """
    return profile_of(pool, _term(profile.body), profile.signature)


def _profile_width(said: ProfileFields) -> int:
    """How long the body of a profile is: the number of fields, and each with its type."""
    size = layouts.CLIENT_PROFILE.fields[0].prefix
    for kind, field in _PROFILE_FIELDS:
        value = getattr(said, field.name)
        if value is not None:
            size += (kind.exact or 0) + size_of(field, value)
    return size


# How long they are.


def width(octets: Term) -> int:
    """How many bytes a string, a point or a number has.

    Args:
        octets: Any term that stands for public bytes, for a point or for a number.
    """
    match octets.op, octets.args:
        case Op.ENC, (_, Content() as content):
            size = _content_width(content)
        case (Op.DEC, (_, Term() as like)) | (Op.ALTERED, (Term() as like, *_)):
            size = width(like) or 1
        case Op.KDF, (name, *_):
            size = name.size if isinstance(name, Usage) else _KEY
        case Op.BODY, (DataFields() as covered,):
            size = record_width(_COVERED, covered)
        case Op.PROFILE, (ProfileFields() as said,):
            size = _profile_width(said)
        case Op.ELEMENT, (Polynomial() as exponent,):
            size = _number_width(exponent)
        case Op.POINT, (Polynomial() as exponent, *_):
            size = _point_width(exponent)
        case Old.CONCAT, parts:
            size = sum(map(width, cast("tuple[Term, ...]", parts)))
        case op, _ if op in _WIDTHS:
            size = _WIDTHS[op]
        case _:
            size = older.width(octets)
    return size


def size_of(field: Field, value: object) -> int:
    """How many bytes a field has, its length in front included.

    Args:
        field: The field, in a layout.
        value: What it holds; of a field of fixed size it does not matter. None: nothing.
    """
    if field.exact is not None:
        return field.exact
    match value:
        case None:
            size = 0
        case ClientProfile(body=body, signature=signature):
            size = width(_term(body)) + width(_term(signature))
        case tuple() | frozenset():
            size = sum(width(part) if isinstance(part, Term) else 1 for part in value)
        case _:
            size = width(cast("Term", value))
    return field.prefix + size


def record_width(laid_out: Iterable[Field], record: object) -> int:
    """Length of fields of a layout, with the values that a record has under their names."""
    return sum(size_of(field, getattr(record, field.name, None)) for field in laid_out)


def _number_width(exponent: Polynomial) -> int:
    """How long g3 to a power is as a number."""
    bits = 1
    match exponent.terms:
        case ():
            pass
        case (((), int() as power),) if 0 < power < MODP_3072.modulus.bit_length():
            bits = power + 1
        case (((Term(op=Op.LOG | Op.INVALID, args=(int() as number,)),), 1),):
            bits = number.bit_length()
        case _:
            bits = MODP_3072.modulus.bit_length()
    return (bits + 7) // 8


def _point_width(exponent: Polynomial) -> int:
    """How long a point is: bytes that are no point can have any length."""
    match exponent.terms:
        case (((Term(op=Op.INVALID, args=(bytes() as known,)),), 1),):
            return len(known)
        case _:
            return ed448.POINT_OCTETS


def _content_width(content: Content) -> int:
    size = width(_term(content.text))
    if content.tlvs:
        header = sum(field.prefix or field.exact or 0 for field in layouts.TLV.fields)
        size += 1 + sum(header + _value_width(tlv) for tlv in content.tlvs)
    return size


def _value_width(tlv: Tlv) -> int:
    match tlv:
        case Padding(size):
            return size
        case Smp1() | Smp2() | Smp3() | Smp4():
            return record_width(_SMP_LAYOUTS[type(tlv)].fields, tlv)
        case ExtraKeyUse():
            return record_width(layouts.EXTRA_KEY.fields, tlv)
        case UnknownTlv():
            return width(_term(tlv.value))
        case Disconnected() | SmpAbort() | MalformedTlv():
            return 0


# Encrypting contents.


def sealed_content(pool: TermPool, key: Term, content: Content) -> Term:
    """A content, encrypted. Of no bytes the ciphertext has none.

    Raises:
        Malformed: the text has a NUL in it, or a TLV cannot be written.
    """
    match _term(content.text).args:
        case (b"",) if not content.tlvs:
            return _term(content.text)
        case (bytes() as known,) if 0 in known:
            raise Malformed(field="Human-readable message", reason="has a NUL in it")
        case _:
            pass
    for tlv in content.tlvs:
        _refuse_unwritable(tlv)
    if any(isinstance(tlv, UnknownTlv) for tlv in content.tlvs):
        content = Content(content.text, tuple(_taken_apart(pool, tlv) for tlv in content.tlvs))
    return pool.make(Op.ENC, key, content)


def _refuse_unwritable(tlv: Tlv) -> None:
    """See to it that a TLV can be written.

    Raises:
        Malformed: it cannot.
    """
    if isinstance(tlv, MalformedTlv):
        raise Malformed(field="TLV", reason="is only ever received")
    if isinstance(tlv, ExtraKeyUse) and not 0 <= tlv.use <= _LARGEST_USE:
        raise Malformed(field="Use", reason="does not fit")
    if isinstance(tlv, UnknownTlv) and not 0 <= tlv.kind <= _LONGEST_VALUE:
        raise Malformed(field="Type", reason="does not fit")
    if not 0 <= _value_width(tlv) <= _LONGEST_VALUE:
        raise Malformed(field="Value", reason=f"is not 0 to {_LONGEST_VALUE} bytes long")


def open_content(pool: TermPool, key: Term, sealed: Term) -> Content:
    """A content, decrypted; what is no content under this key is a strange text."""
    content = _opened(pool, key, sealed)
    if content is not None:
        return content
    if sealed.op is not Old.TEXT or sealed.args[0]:
        sealed = pool.make(Op.DEC, key, sealed)
    return Content(cast("Octets", sealed))


def _opened(pool: TermPool, key: Term, sealed: Term) -> Content | None:
    """What is inside a ciphertext; None under another key."""
    match sealed.op, sealed.args:
        case Op.ENC, (actual, Content() as content) if actual is key:
            return content
        case Op.ALTERED, (Term() as inner, *tail):
            opened = _opened(pool, key, inner)
            return None if opened is None else _altered_content(pool, opened, tail)
        case _:
            return None


def _taken_apart(pool: TermPool, tlv: Tlv) -> Tlv:
    """What a record that was written by its number is to whoever receives it."""
    if not isinstance(tlv, UnknownTlv) or _term(tlv.value).op is not Old.TEXT:
        return tlv
    value = cast("Octets", _term(tlv.value).args[0])
    nothing = cast("Octets", b"")
    written = encode_content(Content(nothing, (UnknownTlv(tlv.kind, value),)))
    return in_terms(pool, decode_content(written).tlvs[0])


# Changing them.


def altered(pool: TermPool, value: Term, tail: Term | None = None) -> Term:
    """A value whose end was changed.

    Args:
        pool: Where the term is made.
        value: A string, a point or a number.
        tail: The value of the same length whose end it has now; None: the last bit was flipped, so
            that doing it twice does nothing.
    """
    match value.op, value.args:
        case Op.BODY, (DataFields() as body,) if width(_term(body.encrypted)):
            encrypted = altered(pool, _term(body.encrypted), tail)
            changed = pool.make(Op.BODY, replace(body, encrypted=cast("Octets", encrypted)))
        case Op.POINT | Op.ELEMENT, (Polynomial() as exponent, *_):
            changed = _altered_group_value(pool, value, exponent, tail)
        case _ if tail is not None:
            changed = pool.make(Op.ALTERED, value, tail)
        case Old.TEXT, (bytes() as known,):
            changed = text(pool, _flipped(known))
        case Op.PROFILE, (ProfileFields() as said,):
            changed = pool.make(Op.PROFILE, _altered_profile(pool, said))
        case Old.CONCAT, (*parts, Term() as last):
            changed = pool.make(Old.CONCAT, *parts, altered(pool, last))
        case Op.ALTERED, (Term() as changed,):
            pass
        case _:
            changed = pool.make(Op.ALTERED, value)
    return changed


def _flipped(known: bytes) -> bytes:
    """The last bit flipped; of no bytes one is made."""
    return known[:-1] + bytes((known[-1] ^ 1,)) if known else bytes(1)


def _altered_profile(pool: TermPool, said: ProfileFields) -> ProfileFields:
    """A profile's fields whose last one has another end."""
    if said.transitional is not None:
        changed = altered(pool, _term(said.transitional))
        return replace(said, transitional=cast("Signature", changed))
    if said.dsa_key is not None:
        return replace(said, dsa_key=cast("PublicKey", altered(pool, _term(said.dsa_key))))
    return replace(said, expiration=said.expiration ^ 1)


def _altered_group_value(
    pool: TermPool, value: Term, exponent: Polynomial, tail: Term | None
) -> Term:
    """A point or a DH value with another end, whose exponent nobody knows."""
    match exponent.terms:
        case (((Term(op=Op.ALTERED, args=(Term() as before,)),), 1),) if tail is None:
            return before
        case _:
            changed = pool.make(Op.ALTERED, value, *(() if tail is None else (tail,)))
            return pool.make(value.op, Polynomial.atom(changed))


def _altered_content(pool: TermPool, content: Content, tail: Iterable[object]) -> Content:
    """What a ciphertext decrypts to whose end was changed."""
    ends = cast("list[Term]", list(tail))

    def end_of(value: object) -> Term:
        return altered(pool, cast("Term", value), *ends)

    match content:
        case Content(_, (*before, last)):
            return replace(content, tlvs=(*before, _altered_tlv(last, end_of)))
        case Content(said):
            changed = end_of(said)
            match changed.op, changed.args:
                case Old.TEXT, (bytes() as known,):
                    read = decode_content(known)
                    known_text = text(pool, cast("bytes", read.text))
                    tlvs = tuple(in_terms(pool, tlv) for tlv in read.tlvs)
                    return Content(cast("Octets", known_text), tlvs)
                case _:
                    return Content(cast("Octets", changed))


def _altered_tlv(tlv: Tlv, end_of: Callable[[object], Term]) -> Tlv:
    """The last TLV of a content whose end was changed."""
    if not isinstance(tlv, MalformedTlv) and not _value_width(tlv):
        # The end is that of the length, which was 0 and is not any more.
        return _cut_off()
    match tlv:
        case Smp1():
            tlv = replace(tlv, d3=cast("Response", end_of(tlv.d3)))
        case Smp2():
            tlv = replace(tlv, d6=cast("Response", end_of(tlv.d6)))
        case Smp3() | Smp4():
            tlv = replace(tlv, d7=cast("Response", end_of(tlv.d7)))
        case ExtraKeyUse(use, data) if not width(_term(data)):
            tlv = ExtraKeyUse(use ^ 1, data)
        case ExtraKeyUse(use, data):
            tlv = ExtraKeyUse(use, cast("Octets", end_of(data)))
        case UnknownTlv(kind, value):
            tlv = UnknownTlv(kind, cast("Octets", end_of(value)))
        case Padding() | Disconnected() | SmpAbort() | MalformedTlv():
            pass  # nothing that anybody looks at
    return tlv


@cache
def _cut_off() -> Tlv:
    """A record that says that it has a value, and has none."""
    kind, length = layouts.TLV.fields
    return decode_content(bytes(1 + (kind.exact or 0) + length.prefix - 1) + b"\x01").tlvs[0]


def _term(value: Sort) -> Term:
    return cast("Term", value)
