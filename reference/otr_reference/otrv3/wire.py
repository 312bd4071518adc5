"""From bytes to messages and back: framing, encoding, and what is inside ciphertexts.

This module is a part of RealSuite: a cast between a sort and its value happens in `real` and here,
and nowhere else. What a message is made of stands in `otr_model.otrv3.layouts`; here stand the
questions that no layout answers: which of the formats a text is in, and which record a layout
fills.

Which format a text is in:

1. The marker of a fragment, of version 3 before that of version 2, decides wherever it stands.
2. Otherwise the first place decides where an encoded message, an error message or a query begins.
   What stands in front of it, and behind the end of an encoded message or a query, is not looked
   at: networks and clients wrap texts up.
3. Otherwise a whitespace tag decides, wherever it stands.
4. Otherwise it is a plaintext.

Once the marker of a fragment or of an encoded message has decided, a fault behind it makes a
`MalformedMessage`, never a plaintext.

Where the specification leaves a choice to the reader, this one is strict: base-64 is that of RFC
4648 without line breaks, MPIs are minimal, and nothing follows the last field.

Every `decode` is total, and linear in time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from otr_model.otrv3 import layouts
from otr_reference.codec import Codec, Part, TextCodec, TextPart, Value, marked
from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.keys import dsa

from .messages import (
    Content,
    DataFields,
    DataMessage,
    DhCommit,
    DhKey,
    Disconnected,
    ErrorMessage,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    MalformedMessage,
    MalformedTlv,
    OtherVersion,
    Padding,
    Plaintext,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    TaggedPlaintext,
    UnknownTlv,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from otr_model.kernel.layout import Field, Layout, Piece
    from otr_reference.sorts import Mac, Octets, Public, PublicKey, Signature

    from .messages import EncodedMessage, Message, Tlv

__all__ = [
    "CUT_OFF",
    "Located",
    "Oversized",
    "data",
    "data_body",
    "decode",
    "decode_content",
    "decode_identity",
    "decode_mpi",
    "encode",
    "encode_content",
    "encode_identity",
    "header_codec",
    "locate",
    "message_codec",
    "mpi",
    "split",
]


class Oversized(OtrSpecError):
    """A message cannot be cut into fragments of the size that is asked for."""


# --- Sorts and their values -------------------------------------------------------------------


def _sort(value: bytes) -> Octets:
    """Bytes as the sort."""
    return cast("Octets", value)


def _bytes(value: Public) -> bytes:
    """The bytes behind a sort."""
    return cast("bytes", value)


def _held(record: object, parts: Iterable[Field | Piece]) -> dict[str, Value]:
    """What a record holds for the fields of a layout, which have the names of its attributes."""
    return {
        part.name: cast("Value", getattr(record, part.name))
        for part in parts
        if hasattr(record, part.name)
    }


# --- Reading a layout as far as it goes -------------------------------------------------------


class _Reading(NamedTuple):
    """What could be read in front of the first fault, and the fault.

    `ends` are the places after each field.
    """

    values: dict[str, Value]
    ends: dict[str, int]
    fault: Malformed | None

    def number(self, name: str) -> int:
        """A number that was read; 0 if the layout of the version does not have it."""
        return cast("int", self.values.get(name, 0))

    def bytes(self, name: str) -> bytes:
        """Bytes that were read; none if an optional field is not there."""
        return cast("bytes", self.values.get(name, b""))


def _read(parts: Iterable[Part | TextPart]) -> _Reading:
    """Read as far as it goes."""
    values: dict[str, Value] = {}
    ends: dict[str, int] = {}
    try:
        for part in parts:
            values[part.name] = part.value
            ends[part.name] = part.end
    except Malformed as fault:
        return _Reading(values, ends, fault)
    return _Reading(values, ends, None)


# --- Which format -----------------------------------------------------------------------------

_FRAGMENTS: Final = {3: TextCodec(layouts.FRAGMENT_V3), 2: TextCodec(layouts.FRAGMENT_V2)}
_ENVELOPE: Final = TextCodec(layouts.ENVELOPE)
_ERROR: Final = TextCodec(layouts.ERROR)
_QUERY: Final = TextCodec(layouts.QUERY)
_TAG: Final = TextCodec(layouts.WHITESPACE_TAG)
_QUERY_STARTS: Final = tuple(layouts.MARKER + piece.start for piece in layouts.QUERY.pieces)


@dataclass(frozen=True, slots=True)
class Located:
    """Where OTR begins in a text.

    Attributes:
        codec: reads the format.
        start: the place of its prefix.
    """

    codec: TextCodec
    start: int


def locate(text: bytes) -> Located | None:
    """Find where OTR begins in a text; None in a plaintext without a tag."""
    for codec in _FRAGMENTS.values():
        start = text.find(codec.format.prefix)
        if start >= 0:
            return Located(codec, start)
    start = text.find(layouts.MARKER)
    while start >= 0:
        for codec in (_ENVELOPE, _ERROR):
            if text.startswith(codec.format.prefix, start):
                return Located(codec, start)
        if text.startswith(_QUERY_STARTS, start) and _read(_QUERY.parts(text, start)).values:
            return Located(_QUERY, start)
        start = text.find(layouts.MARKER, start + 1)
    start = text.find(_TAG.format.prefix)
    while start >= 0:
        if _read(_TAG.parts(text, start)).values:
            return Located(_TAG, start)
        start = text.find(_TAG.format.prefix, start + 1)
    return None


# --- Texts ------------------------------------------------------------------------------------


def decode(wire: bytes, *, minimal_mpi: bool = True) -> Message:
    """Take apart what the network carried.

    Args:
        wire: a text, whatever its encoding.
        minimal_mpi: whether MPIs with leading zero bytes are refused, as the section "Data types"
            asks for. libotr accepts them.
    """
    located = locate(wire)
    if located is None:
        return Plaintext(_sort(wire))
    codec = located.codec
    reading = _read(codec.parts(wire, located.start))
    for version, fragments in _FRAGMENTS.items():
        if codec is fragments:
            return _decode_fragment(version, reading)
    if codec is not _ENVELOPE:
        return _decode_unencoded(wire, located, reading)
    if reading.fault is not None:
        return _malformed(reading.fault, None)
    return _decode_binary(reading.bytes("binary"), minimal_mpi=minimal_mpi)


def _decode_unencoded(
    wire: bytes, located: Located, reading: _Reading
) -> Query | ErrorMessage | TaggedPlaintext:
    """A message of the section "Unencoded messages", which was read without a fault."""
    if located.codec is _QUERY:
        return Query(_offered(reading))
    if located.codec is _ERROR:
        return ErrorMessage(_sort(reading.bytes("text")))
    text = wire[: located.start] + wire[reading.ends["versions"] :]
    return TaggedPlaintext(_sort(text), marked(_VERSION_TAGS, reading.bytes("versions")))


def encode(message: Message) -> bytes:
    """Write a message as the network carries it.

    A plaintext is written as it is: one with a marker in it will be taken for something else.

    Raises:
        Malformed: a field cannot hold what it is given; or the message is one that is only ever
            received, an `OtherVersion` or a `MalformedMessage`.
    """
    match message:
        case Plaintext(text=text):
            return _bytes(text)
        case TaggedPlaintext(text=text, versions=versions):
            return _bytes(text) + _TAG.write({"versions": _marks(versions)})
        case ErrorMessage(text=text):
            return _ERROR.write({"blank": b"", "text": _bytes(text)})
        case Query(versions=versions):
            return _QUERY.write(_offer(versions))
        case Fragment(header=header):
            codec = _FRAGMENTS[_checked(header.version)]
            pieces = codec.format.pieces
            return codec.write(_held(header, pieces) | _held(message, pieces))
        case OtherVersion() | MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")
        case _:
            return _ENVELOPE.write({"binary": _encode_binary(message)})


def _checked(version: int) -> int:
    """A version that messages can be written in.

    Raises:
        Malformed: it is another.
    """
    if version not in layouts.VERSIONS:
        raise Malformed(field="Protocol version", reason="is not 2 or 3")
    return version


def _malformed(fault: Malformed, header: Header | None) -> MalformedMessage:
    """A fault as a message."""
    return MalformedMessage(fault.field, fault.reason, header)


# Section "OTR Query Messages". Version 1 has a sign of its own; in the list of the others its
# digit means nothing.

_LISTED: Final = {b"%d" % version: version for version in range(2, 10)}


def _offered(reading: _Reading) -> frozenset[int]:
    """The versions that a query offers."""
    others = reading.bytes("others")
    listed = {version for digit, version in _LISTED.items() if digit in others}
    return frozenset(listed | {1} if "one" in reading.values else listed)


def _offer(versions: frozenset[int]) -> dict[str, Value]:
    """The pieces of a query. One that offers nothing still has a list, which is empty."""
    if not versions <= {1, *_LISTED.values()}:
        raise Malformed(field="versions", reason="are not of one digit")
    others = b"".join(digit for digit, version in _LISTED.items() if version in versions)
    pieces: dict[str, Value] = {}
    if 1 in versions:
        pieces["one"] = b""
    if others or not pieces:
        pieces["others"] = others
    return pieces


# Section "Tagged plaintext messages".

_VERSION_TAGS: Final = layouts.WHITESPACE_TAG.pieces[0]


def _marks(versions: frozenset[int]) -> bytes:
    """The marks of a whitespace tag."""
    marks = dict(_VERSION_TAGS.marks)
    if not versions or not versions <= marks.keys():
        raise Malformed(field="versions", reason="have no whitespace tag")
    return b"".join(mark for version, mark in marks.items() if version in versions)


# --- Section "Fragmentation" ------------------------------------------------------------------


def _decode_fragment(version: int, reading: _Reading) -> Fragment | MalformedMessage:
    """A fragment; whether k and n make sense is not for us to say."""
    header = Header(version, reading.number("sender"), reading.number("receiver"))
    if reading.fault is not None:
        known = version == 2 or "receiver" in reading.values  # noqa: PLR2004 - it has no tags
        return _malformed(reading.fault, header if known else None)
    piece = _sort(reading.bytes("piece"))
    return Fragment(header, reading.number("k"), reading.number("n"), piece)


def split(wire: bytes, sender: int, receiver: int, version: int, size: int) -> tuple[bytes, ...]:
    """Cut an encoded message into as few fragments as the size allows.

    All numbers are written with leading zeros, so that fragments differ in their pieces only.

    Args:
        wire: the message.
        sender: our instance tag; not written in version 2.
        receiver: the other side's instance tag, or 0; not written in version 2.
        version: 2 or 3.
        size: of a fragment at most, in bytes; 0: there is no limit.

    Returns:
        The fragments, or the message itself where it fits.

    Raises:
        Oversized: a fragment of that size carries nothing, more than 65535 are needed, or the
            message has a comma in it, at which a receiver would cut it off.
        Malformed: the version is another, or a tag is out of range.
    """
    if not size or len(wire) <= size:
        return (wire,)
    codec = _FRAGMENTS[_checked(version)]
    values: dict[str, Value] = {"sender": sender, "receiver": receiver, "k": 1, "n": 1}
    room = size - len(codec.write(values | {"piece": b"-"})) + 1
    if room < 1:
        message = f"a fragment of {size} bytes carries nothing"
        raise Oversized(message)
    count = -(-len(wire) // room)
    if count > layouts.FRAGMENTS_MOST:
        message = f"more than {layouts.FRAGMENTS_MOST} fragments are needed"
        raise Oversized(message)
    if b"," in wire:
        message = "a message with a comma cannot be fragmented"
        raise Oversized(message)
    pieces = (wire[start : start + room] for start in range(0, len(wire), room))
    return tuple(
        codec.write(values | {"k": k, "n": count, "piece": piece})
        for k, piece in enumerate(pieces, 1)
    )


# --- Section "Encoded messages" ---------------------------------------------------------------

_LAYOUTS: Final[Mapping[type, Layout]] = {
    DhCommit: layouts.DH_COMMIT,
    DhKey: layouts.DH_KEY,
    RevealSignature: layouts.REVEAL_SIGNATURE,
    SignatureMessage: layouts.SIGNATURE,
    DataMessage: layouts.DATA,
}

_RECORDS: Final[Mapping[str, Callable[..., EncodedMessage]]] = {
    layout.name: record for record, layout in _LAYOUTS.items()
}

_HEADERS: Final = {version: Codec(layouts.HEADER, version) for version in layouts.VERSIONS}
_READERS: Final = {
    (version, kind): Codec(layout, version)
    for version in layouts.VERSIONS
    for kind, layout in layouts.ENCODED.items()
}
_WRITERS: Final = {
    (version, record): Codec(layout, version)
    for version in layouts.VERSIONS
    for record, layout in _LAYOUTS.items()
}
_DATA: Final = {version: Codec(layouts.DATA, version) for version in layouts.VERSIONS}
_DATA_FIELDS: Final[Callable[..., DataFields]] = DataFields
_IN_HEADER: Final = {field.name for field in layouts.HEADER.fields}


def header_codec(binary: bytes) -> Codec:
    """What reads the header of an encoded message: of its version, or of any other the start."""
    version = _read(_HEADERS[2].parts(binary)).number("version")
    return _HEADERS.get(version, _HEADERS[2])


def message_codec(binary: bytes) -> Codec | None:
    """What reads an encoded message; None if there is no message of its version and type."""
    head = _read(_HEADERS[2].parts(binary))
    return _READERS.get((head.number("version"), head.number("type")))


def _decode_binary(binary: bytes, *, minimal_mpi: bool) -> Message:
    """An encoded message, or what is wrong with it."""
    head = _read(header_codec(binary).parts(binary))
    version = head.number("version")
    if "version" in head.values and version not in layouts.VERSIONS:
        return OtherVersion(version)
    if head.fault is not None:
        return _malformed(head.fault, None)
    header = Header(version, head.number("sender"), head.number("receiver"))
    codec = message_codec(binary)
    if codec is None:
        return MalformedMessage("Message type", "is that of no message", header)
    reading = _read(codec.whole(binary, minimal=minimal_mpi))
    if reading.fault is not None:
        return _malformed(reading.fault, header)
    return _message(codec.layout, header, reading, binary)


def _message(layout: Layout, header: Header, reading: _Reading, binary: bytes) -> EncodedMessage:
    """The record of a message that was read without a fault."""
    values = {name: value for name, value in reading.values.items() if name not in _IN_HEADER}
    if layout is not layouts.DATA:
        return _RECORDS[layout.name](header=header, **values)
    return DataMessage(
        mac=cast("Mac", values.pop("mac")),
        revealed=cast("Octets", values.pop("revealed")),
        fields=_DATA_FIELDS(header=header, **values),
        authenticated=_sort(binary[: reading.ends["encrypted"]]),
    )


def _encode_binary(message: EncodedMessage) -> bytes:
    """The bytes of an encoded message."""
    if isinstance(message, DataMessage):
        codec = _DATA[_checked(message.fields.header.version)]
        tail = _held(message, layouts.DATA.fields)
        return _bytes(message.authenticated) + codec.write(tail, since="mac")
    version = _checked(message.header.version)
    codec = _WRITERS[version, type(message)]
    fields = codec.layout.fields
    return codec.write(_held(message.header, fields) | _held(message, fields))


def data_body(fields: DataFields) -> bytes:
    """What the authenticator covers: from the protocol version to the encrypted message.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    codec = _DATA[_checked(fields.header.version)]
    values = _held(fields.header, layouts.DATA.fields) | _held(fields, layouts.DATA.fields)
    return codec.write(values, until="mac")


# --- Sections "D-H Commit Message" to "Signature Message": what is inside ---------------------

_GX_MPI: Final = Codec(layouts.GX_MPI)
_IDENTITY: Final = Codec(layouts.IDENTITY)


def mpi(number: int) -> bytes:
    """Write an MPI.

    Args:
        number: zero or more.
    """
    return _GX_MPI.write({"gx": number})


def decode_mpi(value: bytes, *, minimal_mpi: bool = True) -> int | None:
    """Read what is to be one MPI; None if it is anything else."""
    reading = _read(_GX_MPI.whole(value, minimal=minimal_mpi))
    return None if reading.fault is not None else reading.number("gx")


def data(value: bytes) -> bytes:
    """Write a DATA: four bytes of length in front."""
    return len(value).to_bytes(4, "big") + value


def encode_identity(identity: Identity) -> bytes:
    """Write X.

    Raises:
        Malformed: the key id is out of range, or the signature is not 40 bytes long.
    """
    return _IDENTITY.write(_held(identity, layouts.IDENTITY.fields))


def decode_identity(value: bytes) -> Identity | None:
    """Read X; None if it is anything but a public key that can be used, an INT and a signature."""
    reading = _read(_IDENTITY.whole(value))
    if reading.fault is not None:
        return None
    try:
        dsa.decode_public(reading.bytes("public"))
    except Malformed:
        return None
    return Identity(
        public=cast("PublicKey", reading.bytes("public")),
        keyid=reading.number("keyid"),
        signature=cast("Signature", reading.bytes("signature")),
    )


# --- Section "Data Message": what is inside ---------------------------------------------------

_CONTENT: Final = Codec(layouts.CONTENT)
_TLV: Final = Codec(layouts.TLV)
_TLVS: Final = {kind: Codec(layout) for kind, layout in layouts.TLVS.items()}

_TLV_RECORDS: Final[Mapping[int, Callable[..., Tlv]]] = {
    2: Smp1,
    3: Smp2,
    4: Smp3,
    5: Smp4,
    7: Smp1,
    8: ExtraKeyUse,
}
"""Records with the fields of their layouts, by the type of the TLV."""

_TLV_KINDS: Final[Mapping[type, int]] = {
    Padding: 0,
    Disconnected: 1,
    Smp1: 2,
    Smp2: 3,
    Smp3: 4,
    Smp4: 5,
    SmpAbort: 6,
    ExtraKeyUse: 8,
}
_SMP_1Q: Final = 7
_LONGEST_VALUE: Final = 0xFFFF

CUT_OFF: Final = -1
"""The type of a TLV record that is cut off, and so may have none."""


def encode_content(content: Content) -> bytes:
    """Write a text and its TLVs. Without TLVs, no NUL is written.

    Raises:
        Malformed: the text has a NUL in it, behind which it would be taken for TLVs; a TLV cannot
            hold what it is given; or one is only ever received, a `MalformedTlv`.
    """
    values: dict[str, Value] = {"text": _bytes(content.text)}
    if content.tlvs:
        values["tlvs"] = b"".join(map(_encode_tlv, content.tlvs))
    return _CONTENT.write(values)


def decode_content(value: bytes) -> Content:
    """Read a text and its TLVs. A TLV that is malformed does not keep others from being read."""
    reading = _read(_CONTENT.parts(value))
    return Content(_sort(reading.bytes("text")), tuple(_decode_tlvs(reading.bytes("tlvs"))))


def _decode_tlvs(records: bytes) -> Iterator[Tlv]:
    """Read one record after the other. Nothing can be read behind one that is cut off."""
    place = 0
    while place < len(records):
        reading = _read(_TLV.parts(records, place))
        if reading.fault is not None:
            yield MalformedTlv(CUT_OFF, reading.fault.field, reading.fault.reason)
            return
        yield _decode_tlv(reading.number("kind"), reading.bytes("value"))
        place = reading.ends["value"]


def _decode_tlv(kind: int, value: bytes) -> Tlv:
    """Read what a TLV holds."""
    codec = _TLVS.get(kind)
    if codec is None:
        return UnknownTlv(kind, _sort(value))
    reading = _read(codec.whole(value))
    if reading.fault is not None:
        return MalformedTlv(kind, reading.fault.field, reading.fault.reason)
    if codec.layout is layouts.PADDING:
        return Padding(len(value))
    if codec.layout is layouts.DISCONNECTED:
        return Disconnected()
    if codec.layout is layouts.SMP_ABORT:
        return SmpAbort()
    values = {name: held for name, held in reading.values.items() if name != "count"}
    return _TLV_RECORDS[kind](**values)


def _encode_tlv(tlv: Tlv) -> bytes:
    """Write a TLV."""
    if isinstance(tlv, MalformedTlv):
        raise Malformed(field="TLV", reason="is only ever received")
    if isinstance(tlv, UnknownTlv):
        return _TLV.write({"kind": tlv.kind, "value": _bytes(tlv.value)})
    kind = _TLV_KINDS[type(tlv)]
    if isinstance(tlv, Smp1) and tlv.question is not None:
        kind = _SMP_1Q
    codec = _TLVS[kind]
    held = _held(tlv, codec.layout.fields)
    if isinstance(tlv, Padding):
        if not 0 <= tlv.size <= _LONGEST_VALUE:
            raise Malformed(field="Value", reason=f"is not 0 to {_LONGEST_VALUE} bytes long")
        held["padding"] = bytes(tlv.size)
    return _TLV.write({"kind": kind, "value": codec.write(held)})
