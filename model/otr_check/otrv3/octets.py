"""Strings of bytes without the bytes: how long they are, and what becomes of changed ones.

What crosses the network is bytes, and bytes can be cut, put one after the other, and changed, by
anybody. Two facts about them decide what an endpoint does, and so terms must agree with bytes on
both:

- Length. It says whether there is a text, whether a message must go in fragments, in how many, and
  whether what is stored stays within its bound. Lengths here are those of the encodings, of keys of
  the usual size (1024 bits); a number is taken to be as long as the modulus, as all but one in 256
  are.
- The cipher is malleable. Where the end of a ciphertext is changed, its start still decrypts to
  what it did, and the end to something else. What stands at the end is the signature of an
  identity, the last TLV of a content, or the low bits of g^x.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from otr_check.exponents import Polynomial
from otr_check.terms import Operator, Term
from otr_model.kernel.layout import Kind
from otr_model.otrv3 import layouts
from otr_model.otrv3.schedules import MODULUS
from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import (
    Content,
    DataFields,
    Disconnected,
    ExtraKeyUse,
    Identity,
    MalformedTlv,
    Message,
    Padding,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    Tlv,
    UnknownTlv,
)
from otr_reference.otrv3.wire import decode_content, encode_content

from .operators import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from otr_check.terms import TermPool
    from otr_model.kernel.layout import Field
    from otr_reference.sorts import Octets, Response, Signature, Sort

__all__ = [
    "altered",
    "concatenated",
    "element",
    "in_terms",
    "open_content",
    "plaintext",
    "sealed_content",
    "size_of",
    "text",
    "width",
]

_Record = TypeVar("_Record", bound=Message | DataFields | Tlv)

_GROUP: Final = 192
_HASH: Final = 32

_WIDTHS: Final[dict[Operator, int]] = {
    Op.NONCE: 16,
    Op.HASH: _HASH,
    Op.MAC: _HASH,
    Op.PUBLIC_KEY: 422,
    Op.CHALLENGE: _HASH,
    Op.RESPONSE: _GROUP,
}
_DERIVED_WIDTHS: Final = {"ssid": 8, "mk": 20}
_DERIVED_WIDTH: Final = 16
_TLV_HEADER: Final = 4
_USE: Final = 4

_ELEMENTS: Final = {"gy", "next_dh", "g2a", "g3a", "g2b", "g3b", "pa", "qa", "pb", "qb", "ra", "rb"}
_PROOFS: Final = {"c2", "d2", "c3", "d3", "cp", "d5", "d6", "cr", "d7"}
_COVERED: Final = frozenset(field.name for field in layouts.DATA.fields) - {"mac", "revealed"}
_SMP_LAYOUTS: Final = {
    Smp1: layouts.SMP_1,
    Smp2: layouts.SMP_2,
    Smp3: layouts.SMP_3,
    Smp4: layouts.SMP_4,
}


# Making them.


def text(pool: TermPool, value: bytes) -> Term:
    """Octets that are known in full."""
    return pool.make(Op.TEXT, value)


def element(pool: TermPool, number: int) -> Term:
    """The element that is a given number.

    Powers of two are what they are, g being 2. Of any other number in range nobody knows the
    logarithm.

    Args:
        pool: Where the term is made.
        number: Zero or more.
    """
    if 1 <= number < MODULUS - 1 and number.bit_count() == 1:
        exponent = Polynomial((((), number.bit_length() - 1),))
    elif 1 < number < MODULUS - 1:
        exponent = Polynomial.atom(pool.make(Op.LOG, number))
    else:
        exponent = Polynomial.atom(pool.make(Op.INVALID, number))
    return pool.make(Op.ELEMENT, exponent)


def in_terms(pool: TermPool, record: _Record) -> _Record:
    """A message, or TLV, that RealSuite's codec read from bytes, with terms in place of values.

    Args:
        pool: Where the terms are made.
        record: The message or TLV. `authenticated` of a Data Message is left to the caller.
    """
    values: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, bytes):
            values[field.name] = text(pool, value)
        elif isinstance(value, DataFields):
            values[field.name] = in_terms(pool, value)
        elif field.name in _ELEMENTS:
            values[field.name] = element(pool, value)
        elif field.name in _PROOFS:
            values[field.name] = text(pool, value.to_bytes((value.bit_length() + 7) // 8, "big"))
    return replace(record, **values)


def concatenated(pool: TermPool, parts: tuple[Term, ...]) -> Term:
    """Octets one after the other, in normal form: equal strings are one term.

    Args:
        pool: Where the term is made.
        parts: Octets, any number of them.

    Returns:
        A text where all are texts; the piece of a message where all are pieces of it that follow
        one another.
    """
    flat: list[Term] = []
    for part in parts:
        for atom in part.args if part.op is Op.CONCAT else (part,):
            _append(pool, flat, cast("Term", atom))
    if len(flat) == 1:
        return flat[0]
    return pool.make(Op.CONCAT, *flat) if flat else text(pool, b"")


def _append(pool: TermPool, flat: list[Term], part: Term) -> None:
    """Add octets to others; what belongs together is joined."""
    if part.op is Op.TEXT and not part.args[0]:
        return
    if flat:
        last = flat[-1]
        match (last.op, last.args), (part.op, part.args):
            case (Op.TEXT, (bytes() as left,)), (Op.TEXT, (bytes() as right,)):
                flat[-1] = text(pool, left + right)
                return
            case (Op.PIECE, (wire, start, end)), (Op.PIECE, (same, then, stop)):
                if wire is same and end == then:
                    flat[-1] = pool.make(Op.PIECE, wire, start, stop)
                    return
            case _:
                pass
    flat.append(part)


# How long they are.


def width(octets: Term) -> int:
    """How many bytes a string, or a number, has.

    Args:
        octets: Any term that stands for public bytes or for a number.
    """
    match octets.op, octets.args:
        case Op.TEXT, (bytes() as value,):
            size = len(value)
        case Op.ENC, (_, _, plain):
            size = _plain_width(plain)
        case (Op.DEC, (*_, Term() as like)) | (Op.ALTERED, (Term() as like, *_)):
            size = width(like) or 1
        case Op.CONCAT, parts:
            size = sum(map(width, cast("tuple[Term, ...]", parts)))
        case Op.PIECE, (_, int() as start, int() as end):
            size = end - start
        case Op.BODY, (DataFields() as body,):
            size = _body_width(body)
        case Op.KDF, (str() as name, *_):
            size = _DERIVED_WIDTHS.get(name, _DERIVED_WIDTH)
        case Op.ELEMENT, (Polynomial() as exponent, *added):
            size = _GROUP + 1 if added else _number_width(exponent)
        case op, _:
            size = _WIDTHS[op]
    return size


def size_of(field: Field, value: object) -> int:
    """How many bytes a field has, its length in front and the NUL behind included.

    Args:
        field: The field, in a layout.
        value: The term that it holds; of a field of fixed size it does not matter.
    """
    if field.exact is not None:
        return field.exact
    end = 1 if field.type.spec.kind is Kind.TERMINATED else 0
    return field.prefix + width(cast("Term", value)) + end


def _number_width(exponent: Polynomial) -> int:
    """How long g to a power is as a number."""
    if not exponent:
        return 1
    match exponent.terms:
        case (((), int() as bits),) if 0 < bits < 8 * _GROUP:
            return bits // 8 + 1
        case _:
            return _GROUP


def _plain_width(plain: object) -> int:
    match plain:
        case Identity():
            return _record_width(layouts.IDENTITY.fields, plain)
        case Content():
            return width(_term(plain.text)) + bool(plain.tlvs) + sum(map(_tlv_width, plain.tlvs))
        case Term(op=Op.ELEMENT):
            return sum(size_of(field, plain) for field in layouts.GX_MPI.fields)
        case _:
            return width(cast("Term", plain))


def _body_width(body: DataFields) -> int:
    covered = (field for field in layouts.DATA.of(body.header.version) if field.name in _COVERED)
    return _record_width(covered, body)


def _record_width(laid_out: Iterable[Field], record: object) -> int:
    """Length of fields of a layout, with the values that a record has under their names."""
    return sum(size_of(field, getattr(record, field.name, None)) for field in laid_out)


def _tlv_width(tlv: Tlv) -> int:
    return _TLV_HEADER + _value_width(tlv)


def _value_width(tlv: Tlv) -> int:
    match tlv:
        case Padding(size):
            return size
        case Smp1() if tlv.question is not None:
            return _record_width(layouts.SMP_1Q.fields, tlv)
        case Smp1() | Smp2() | Smp3() | Smp4():
            return _record_width(_SMP_LAYOUTS[type(tlv)].fields, tlv)
        case ExtraKeyUse():
            return _USE + width(_term(tlv.data))
        case UnknownTlv():
            return width(_term(tlv.value))
        case Disconnected() | SmpAbort() | MalformedTlv():
            return 0


# Encrypting contents.


def sealed_content(pool: TermPool, key: Term, counter: int, content: Content) -> Term:
    """A content, encrypted. Of no bytes the ciphertext has none.

    Raises:
        Malformed: the text has a NUL in it, or a TLV is one that is only ever received.
    """
    match _term(content.text).args:
        case (b"",) if not content.tlvs:
            return _term(content.text)
        case (bytes() as known,) if 0 in known:
            raise Malformed(field="Human-readable message", reason="has a NUL in it")
        case _:
            pass
    if any(isinstance(tlv, MalformedTlv) for tlv in content.tlvs):
        raise Malformed(field="Value", reason="is one that is only ever received")
    if any(isinstance(tlv, UnknownTlv) for tlv in content.tlvs):
        content = Content(content.text, tuple(_taken_apart(pool, tlv) for tlv in content.tlvs))
    return pool.make(Op.ENC, key, counter, content)


def open_content(pool: TermPool, key: Term, counter: int, sealed: Term) -> Content:
    """A content, decrypted; what is no content under this key and counter is a strange text."""
    plain = plaintext(pool, key, counter, sealed)
    if isinstance(plain, Content):
        return plain
    if sealed.op is not Op.TEXT or sealed.args[0]:
        sealed = pool.make(Op.DEC, key, counter, sealed)
    return Content(cast("Octets", sealed))


def plaintext(pool: TermPool, key: Term, counter: int, sealed: Term) -> object:
    """What is inside a ciphertext.

    Args:
        pool: Where terms are made.
        key: The key; if it is not the one of the ciphertext, nothing is inside.
        counter: The counter; the same holds for it.
        sealed: The ciphertext, or any octets.

    Returns:
        An element, an `Identity`, a `Content`, or octets that are none of these; None under another
        key.
    """
    match sealed.op, sealed.args:
        case Op.ENC, (actual, at, plain) if actual is key and at == counter:
            return plain
        case Op.ALTERED, (Term() as inner, *tail):
            plain = plaintext(pool, key, counter, inner)
            return None if plain is None else _altered_plain(pool, plain, cast("list[Term]", tail))
        case _:
            return None


def _taken_apart(pool: TermPool, tlv: Tlv) -> Tlv:
    """What a record that was written by its number is to whoever receives it."""
    if not isinstance(tlv, UnknownTlv) or _term(tlv.value).op is not Op.TEXT:
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
        value: A string, or a number.
        tail: The value of the same length whose end it has now; None: the last bit was flipped, so
            that doing it twice does nothing.
    """
    match value.op, value.args:
        case Op.TEXT, (bytes() as known,) if tail is None:
            return text(pool, known[:-1] + bytes((known[-1] ^ 1,)) if known else bytes(1))
        case Op.BODY, (DataFields() as body,) if width(_term(body.encrypted)):
            encrypted = altered(pool, _term(body.encrypted), tail)
            return pool.make(Op.BODY, replace(body, encrypted=cast("Octets", encrypted)))
        case Op.CONCAT, (*parts, Term() as last) if tail is None:
            return pool.make(Op.CONCAT, *parts, altered(pool, last))
        case Op.ELEMENT, (Polynomial() as exponent,):
            return _altered_element(pool, value, exponent, tail)
        case Op.ALTERED, (Term() as before,) if tail is None:
            return before
        case _:
            return pool.make(Op.ALTERED, value, *(() if tail is None else (tail,)))


def _altered_element(pool: TermPool, value: Term, exponent: Polynomial, tail: Term | None) -> Term:
    match exponent.terms:
        case () if tail is None:
            return element(pool, 0)
        case (((), int() as bits),) if tail is None and 0 < bits < 8 * _GROUP:
            return element(pool, 1 << bits ^ 1)
        case (((Term(op=Op.ALTERED, args=(Term() as before,)),), 1),) if tail is None:
            return before
        case _:
            changed = pool.make(Op.ALTERED, value, *(() if tail is None else (tail,)))
            return pool.make(Op.ELEMENT, Polynomial.atom(changed))


def _altered_plain(pool: TermPool, plain: object, tail: list[Term]) -> object:
    """What a ciphertext decrypts to whose end was changed."""

    def end_of(value: object) -> Term:
        return altered(pool, cast("Term", value), *tail)

    match plain:
        case Identity():
            return replace(plain, signature=cast("Signature", end_of(plain.signature)))
        case Content(_, (*before, last)):
            return replace(plain, tlvs=(*before, _altered_tlv(last, end_of)))
        case Content():
            return replace(plain, text=cast("Octets", end_of(plain.text)))
        case _:
            return end_of(plain)


def _altered_tlv(tlv: Tlv, end_of: Callable[[object], Term]) -> Tlv:
    """The last TLV of a content whose end was changed."""
    if not isinstance(tlv, MalformedTlv) and not _value_width(tlv):
        # The end is that of the length, which was 0 and is not any more.
        return MalformedTlv(-1, "length", "is more than what is left")
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


def _term(value: Sort) -> Term:
    return cast("Term", value)
