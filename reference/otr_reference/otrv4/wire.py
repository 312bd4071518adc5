"""From bytes to messages and back: framing, encoding, profiles, and what is inside ciphertexts.

This module is a part of the suite on bytes: a cast between a sort and its value happens there and
here, and nowhere else. What a message is made of stands in `otr_model.otrv4.layouts`; here stand
the questions that no layout answers: which of the formats a text is in, and which record a layout
fills. Points, scalars and ring signatures are the bytes that were received; nothing is asked of
them but their size.

Which format a text is in:

1. An error message begins with its marker: in any other place the marker means nothing.
2. Otherwise the marker of a fragment decides wherever it stands. Versions 3 and 4 share it: one
   bar in front of the first comma makes a fragment of version 3. Then that of version 2 decides.
3. Otherwise the first place decides where an encoded message or a query begins. What stands in
   front of it, and behind its end, is not looked at: networks and clients wrap texts up.
4. Otherwise a whitespace tag decides, wherever it stands.
5. Otherwise it is a plaintext.

What is of another version becomes an `OtherVersion`, with the text as it came. Once the marker of a
fragment or of an encoded message has decided, a fault behind it makes a `MalformedMessage`, never a
plaintext.

Where the specification leaves a choice to the reader, this one is strict: base-64 is that of RFC
4648 without line breaks, MPIs are minimal, and nothing follows the last field.

Every `decode` is total, and linear in time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from otr_model.otrv3 import layouts as layouts_v3
from otr_model.otrv4 import layouts
from otr_reference.codec import Codec, Reading, SequenceCodec, TextCodec, Value, marked
from otr_reference.errors import Malformed
from otr_reference.otrv3.wire import Oversized

from .messages import (
    AuthI,
    AuthR,
    ClientProfile,
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
    PrekeyEnsemble,
    PrekeyMessage,
    PrekeyProfile,
    Query,
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
    from otr_reference.sorts import (
        EddsaSignature,
        Octets,
        Point,
        Public,
        PublicKey,
        Signature,
        Wire,
    )

    from .messages import EncodedMessage, Message, Tlv

__all__ = [
    "CUT_OFF",
    "Located",
    "Oversized",
    "client_profile",
    "data_body",
    "decode",
    "decode_client_profile",
    "decode_content",
    "decode_ensemble",
    "decode_prekey_message",
    "decode_prekey_profile",
    "encode",
    "encode_client_profile",
    "encode_content",
    "encode_prekey_message",
    "encode_prekey_profile",
    "header_codec",
    "locate",
    "message_codec",
    "prekey_profile",
    "split",
    "transitional_body",
    "write_client_profile_body",
    "write_prekey_profile_body",
]


# --- Sorts and their values -------------------------------------------------------------------


def _sort(value: bytes) -> Octets:
    """Bytes as the sort."""
    return cast("Octets", value)


def _bytes(value: Public) -> bytes:
    """The bytes behind a sort."""
    return cast("bytes", value)


def _value(held: object) -> Value:
    """What a field holds, of what a record holds; None is a number of no bytes."""
    match held:
        case ClientProfile():
            return encode_client_profile(held)
        case tuple():
            return b"".join(held)
        case None:
            return 0
        case _:
            return cast("Value", held)


def _held(record: object, parts: Iterable[Field | Piece]) -> dict[str, Value]:
    """What a record holds for the fields of a layout, which have the names of its attributes."""
    return {
        part.name: _value(getattr(record, part.name))
        for part in parts
        if hasattr(record, part.name)
    }


# --- Reading a layout as far as it goes -------------------------------------------------------


def _number(reading: Reading, name: str) -> int:
    """A number that was read; 0 if it was not."""
    return cast("int", reading.values.get(name, 0))


def _taken(reading: Reading, name: str) -> bytes:
    """Bytes that were read; none if an optional field is not there."""
    return cast("bytes", reading.values.get(name, b""))


def _tags(reading: Reading) -> Header:
    """The instance tags; 0 for what was not read."""
    return Header(_number(reading, "sender"), _number(reading, "receiver"))


def _header(reading: Reading) -> Header | None:
    """The instance tags, if both were read."""
    return _tags(reading) if "receiver" in reading.values else None


def _malformed(fault: Malformed, header: Header | None) -> MalformedMessage:
    """A fault as a message."""
    return MalformedMessage(fault.field, fault.reason, header)


# --- Which format -----------------------------------------------------------------------------

_FRAGMENT: Final = TextCodec(layouts.FRAGMENT)
_ENVELOPE: Final = TextCodec(layouts.ENVELOPE)
_ERROR: Final = TextCodec(layouts.ERROR)
_QUERY: Final = TextCodec(layouts.QUERY)
_TAG: Final = TextCodec(layouts.WHITESPACE_TAG)
_QUERY_STARTS: Final = tuple(layouts.MARKER + piece.start for piece in layouts.QUERY.pieces)

_V2: Final = 2
_V3: Final = 3
_OTHER_FRAGMENTS: Final = {
    _V3: TextCodec(layouts_v3.FRAGMENT_V3),
    _V2: TextCodec(layouts_v3.FRAGMENT_V2),
}


@dataclass(frozen=True, slots=True)
class Located:
    """Where OTR begins in a text.

    Attributes:
        codec: reads the format.
        start: the place of its prefix.
        version: that of a fragment of another version; else 4, whatever is in it.
    """

    codec: TextCodec
    start: int
    version: int = layouts.VERSION


def locate(text: bytes) -> Located | None:
    """Find where OTR begins in a text; None in a plaintext without a tag."""
    if text.startswith(layouts.ERROR.prefix):
        return Located(_ERROR, 0)
    return _locate_fragment(text) or _locate_marker(text) or _locate_tag(text)


def _locate_fragment(text: bytes) -> Located | None:
    """Find a fragment of any version."""
    start = text.find(layouts.FRAGMENT.prefix)
    if start >= 0:
        first = start + len(layouts.FRAGMENT.prefix)
        comma = text.find(b",", first)
        if comma >= 0 and text.count(b"|", first, comma) == 1:
            return Located(_OTHER_FRAGMENTS[_V3], start, _V3)
        return Located(_FRAGMENT, start)
    start = text.find(layouts_v3.FRAGMENT_V2.prefix)
    return None if start < 0 else Located(_OTHER_FRAGMENTS[_V2], start, _V2)


def _locate_marker(text: bytes) -> Located | None:
    """Find an encoded message or a query."""
    start = text.find(layouts.MARKER)
    while start >= 0:
        if text.startswith(layouts.ENVELOPE.prefix, start):
            return Located(_ENVELOPE, start)
        if text.startswith(_QUERY_STARTS, start) and _QUERY.read(text, start).values:
            return Located(_QUERY, start)
        start = text.find(layouts.MARKER, start + 1)
    return None


def _locate_tag(text: bytes) -> Located | None:
    """Find a whitespace tag."""
    start = text.find(layouts.WHITESPACE_TAG.prefix)
    while start >= 0:
        if _TAG.read(text, start).values:
            return Located(_TAG, start)
        start = text.find(layouts.WHITESPACE_TAG.prefix, start + 1)
    return None


# --- Texts ------------------------------------------------------------------------------------


def decode(wire: bytes) -> Message:
    """Take apart what the network carried.

    Args:
        wire: a text, whatever its encoding.
    """
    located = locate(wire)
    if located is None:
        return Plaintext(_sort(wire))
    codec = located.codec
    reading = codec.read(wire, located.start)
    if located.version != layouts.VERSION:
        header = _header(reading) if located.version == _V3 else None
        return OtherVersion(located.version, cast("Wire", wire), header)
    if codec is _FRAGMENT:
        return _decode_fragment(reading)
    if codec is not _ENVELOPE:
        return _decode_unencoded(wire, located, reading)
    if reading.fault is not None:
        return _malformed(reading.fault, None)
    return _decode_binary(_taken(reading, "binary"), wire)


def _decode_unencoded(
    wire: bytes, located: Located, reading: Reading
) -> Query | ErrorMessage | TaggedPlaintext:
    """A query, an error message or a tagged plaintext, which was read without a fault."""
    if located.codec is _QUERY:
        return Query(_offered(reading))
    if located.codec is _ERROR:
        code = _number(reading, "code") if "code" in reading.values else None
        return ErrorMessage(code, _sort(_taken(reading, "text")))
    text = wire[: located.start] + wire[reading.end :]
    return TaggedPlaintext(_sort(text), marked(_VERSION_TAGS, _taken(reading, "versions")))


def encode(message: Message) -> bytes:
    """Write a message as the network carries it.

    A plaintext is written as it is: one with a marker in it will be taken for something else. So is
    the text of an error message: one that begins with a code will be taken for having one. So is a
    Client Profile.

    Raises:
        Malformed: a field cannot hold what it is given; or the message is one that is only ever
            received, an `OtherVersion` or a `MalformedMessage`.
    """
    match message:
        case Plaintext(text=text):
            return _bytes(text)
        case TaggedPlaintext(text=text, versions=versions):
            return _bytes(text) + _TAG.write({"versions": _marks(versions)})
        case ErrorMessage(code=code, text=text):
            coded: dict[str, Value] = {} if code is None else {"code": code}
            return _ERROR.write({"blank": b"", **coded, "text": _bytes(text)})
        case Query(versions=versions):
            return _QUERY.write(_offer(versions))
        case Fragment(header=header):
            pieces = layouts.FRAGMENT.pieces
            return _FRAGMENT.write(_held(header, pieces) | _held(message, pieces))
        case OtherVersion() | MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")
        case _:
            return _ENVELOPE.write({"binary": _encode_binary(message)})


# Section "Query Messages". Version 1 has a sign of its own, as version 3 describes it; in the list
# of the others its digit means nothing.

_DIGITS: Final = {b"%d" % version: version for version in range(1, 10)}
_ONE: Final = 1


def _digits(listed: bytes) -> frozenset[int]:
    """The versions in a list; what is not a digit stands for none that is known."""
    return frozenset(version for digit, version in _DIGITS.items() if digit in listed)


def _offered(reading: Reading) -> frozenset[int]:
    """The versions that a query offers."""
    listed = _digits(_taken(reading, "others")) - {_ONE}
    return listed | {_ONE} if "one" in reading.values else listed


def _offer(versions: frozenset[int]) -> dict[str, Value]:
    """The pieces of a query. One that offers nothing still has a list, which is empty."""
    pieces: dict[str, Value] = {}
    if _ONE in versions:
        pieces["one"] = b""
    others = _listed(versions - {_ONE})
    if others or not pieces:
        pieces["others"] = others
    return pieces


def _listed(versions: frozenset[int]) -> bytes:
    """The digits of versions, the lowest first.

    Raises:
        Malformed: a version does not have one digit.
    """
    if not versions <= set(_DIGITS.values()):
        raise Malformed(field="versions", reason="are not of one digit")
    return b"".join(digit for digit, version in _DIGITS.items() if version in versions)


# Section "Whitespace Tags".

_VERSION_TAGS: Final = layouts.WHITESPACE_TAG.pieces[0]


def _marks(versions: frozenset[int]) -> bytes:
    """The marks of a whitespace tag."""
    marks = dict(_VERSION_TAGS.marks)
    if not versions or not versions <= marks.keys():
        raise Malformed(field="versions", reason="have no whitespace tag")
    return b"".join(mark for version, mark in marks.items() if version in versions)


# --- Section "Fragmentation" ------------------------------------------------------------------


def _decode_fragment(reading: Reading) -> Fragment | MalformedMessage:
    """A fragment; whether its index and total make sense is not for us to say."""
    if reading.fault is not None:
        return _malformed(reading.fault, _header(reading))
    return Fragment(
        _tags(reading),
        _number(reading, "identifier"),
        _number(reading, "index"),
        _number(reading, "total"),
        _sort(_taken(reading, "piece")),
    )


def split(wire: bytes, identifier: int, sender: int, receiver: int, size: int) -> tuple[bytes, ...]:
    """Cut an encoded message into as few fragments as the size allows.

    All numbers are written with leading zeros, so that fragments differ in their pieces only.

    Args:
        wire: the message.
        identifier: a number of 4 bytes that no other message in flight has.
        sender: our instance tag.
        receiver: the other side's instance tag, or 0.
        size: of a fragment at most, in bytes; 0: there is no limit.

    Returns:
        The fragments, or the message itself where it fits.

    Raises:
        Oversized: a fragment of that size carries nothing, more than 65535 are needed, or the
            message has a comma in it, at which a receiver would cut it off.
        Malformed: the identifier or a tag is out of range.
    """
    if not size or len(wire) <= size:
        return (wire,)
    values: dict[str, Value] = {
        "identifier": identifier,
        "sender": sender,
        "receiver": receiver,
        "index": 1,
        "total": 1,
    }
    room = size - len(_FRAGMENT.write(values | {"piece": b"-"})) + 1
    if room < 1:
        message = f"a fragment of {size} bytes carries nothing"
        raise Oversized(message)
    total = -(-len(wire) // room)
    if total > layouts.FRAGMENTS_MOST:
        message = f"more than {layouts.FRAGMENTS_MOST} fragments are needed"
        raise Oversized(message)
    if b"," in wire:
        message = "a message with a comma cannot be fragmented"
        raise Oversized(message)
    pieces = (wire[start : start + room] for start in range(0, len(wire), room))
    return tuple(
        _FRAGMENT.write(values | {"index": index, "total": total, "piece": piece})
        for index, piece in enumerate(pieces, 1)
    )


# --- Encoded messages -------------------------------------------------------------------------

_LAYOUTS: Final[Mapping[type, Layout]] = {
    Identity: layouts.IDENTITY,
    AuthR: layouts.AUTH_R,
    AuthI: layouts.AUTH_I,
    NonInteractiveAuth: layouts.NON_INTERACTIVE_AUTH,
    PrekeyMessage: layouts.PREKEY,
    DataMessage: layouts.DATA,
}

_RECORDS: Final[Mapping[str, Callable[..., EncodedMessage]]] = {
    layout.name: record for record, layout in _LAYOUTS.items()
}

_HEADER: Final = Codec(layouts.HEADER)
_READERS: Final = {kind: Codec(layout) for kind, layout in layouts.ENCODED.items()}
_STARTS: Final = {
    codec.write({}, until=codec.layout.fields[2].name): codec for codec in _READERS.values()
}
"""What reads an encoded message, by its first bytes: the version and the type."""
_START_OCTETS: Final = len(next(iter(_STARTS)))
_WRITERS: Final = {record: Codec(layout) for record, layout in _LAYOUTS.items()}
_PREKEY: Final = _WRITERS[PrekeyMessage]
_DATA: Final = _WRITERS[DataMessage]
_IN_HEADER: Final = {field.name for field in layouts.HEADER.fields}


def header_codec() -> Codec:
    """What reads the header of an encoded message, but not of a Prekey Message."""
    return _HEADER


def message_codec(binary: bytes) -> Codec | None:
    """What reads an encoded message; None if it is of another version, or of no known type."""
    head = _HEADER.read(binary)
    if _number(head, "version") != layouts.VERSION or "type" not in head.values:
        return None
    return _READERS.get(_number(head, "type"))


def _decode_binary(binary: bytes, wire: bytes) -> Message:
    """An encoded message, or what is wrong with it."""
    known = _STARTS.get(binary[:_START_OCTETS])
    if known is not None:
        return _decode_whole(known, binary)
    head = _HEADER.read(binary)
    version = _number(head, "version")
    if "version" in head.values and version != layouts.VERSION:
        theirs = _header(head) if version == _V3 else None
        return OtherVersion(version, cast("Wire", wire), theirs)
    if head.fault is not None:
        return _malformed(head.fault, None)
    return MalformedMessage("Message type", "is that of no message", _tags(head))


def _decode_whole(codec: Codec, binary: bytes) -> Message:
    """An encoded message of a known type, or what is wrong with it."""
    reading = codec.read(binary, whole=True)
    header = None if codec.layout is layouts.PREKEY else _header(reading)
    if reading.fault is not None:
        return _malformed(reading.fault, header)
    return _message(codec.layout, header, reading)


def _message(layout: Layout, header: Header | None, reading: Reading) -> EncodedMessage:
    """The record of a message that was read without a fault."""
    if layout is layouts.DATA and header is not None:
        return _data_message(header, reading)
    values: dict[str, object] = {
        name: value for name, value in reading.values.items() if name not in _IN_HEADER
    }
    if header is not None:
        values["header"] = header
    if "profile" in values:
        values["profile"] = decode_client_profile(_taken(reading, "profile"))
    return _RECORDS[layout.name](**values)


def _data_message(header: Header, reading: Reading) -> DataMessage:
    """A Data Message, which has a record in its record."""
    values = cast("dict[str, Any]", reading.values)
    revealed, size = _taken(reading, "old_mac_keys"), layouts.MAC_KEY_SIZE
    fields = DataFields(
        header,
        values["flags"],
        values["pn"],
        values["ratchet_id"],
        values["message_id"],
        values["ecdh"],
        values["dh"] or None,
        values["encrypted"],
    )
    keys = tuple(_sort(revealed[at : at + size]) for at in range(0, len(revealed), size))
    return DataMessage(fields, values["authenticator"], keys)


def _encode_binary(message: EncodedMessage) -> bytes:
    """The bytes of an encoded message."""
    if isinstance(message, DataMessage):
        tail: dict[str, Value] = {
            "authenticator": _bytes(message.authenticator),
            "old_mac_keys": b"".join(map(_bytes, message.old_mac_keys)),
        }
        return data_body(message.fields) + _DATA.write(tail, since="authenticator")
    codec = _WRITERS[type(message)]
    fields = codec.layout.fields
    if isinstance(message, PrekeyMessage):
        return codec.write(_held(message, fields))
    return codec.write(_held(message.header, fields) | _held(message, fields))


def data_body(fields: DataFields) -> bytes:
    """What the authenticator covers: from the protocol version to the encrypted message.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    values: dict[str, Value] = {
        "sender": fields.header.sender,
        "receiver": fields.header.receiver,
        "flags": fields.flags,
        "pn": fields.pn,
        "ratchet_id": fields.ratchet_id,
        "message_id": fields.message_id,
        "ecdh": _bytes(fields.ecdh),
        "dh": 0 if fields.dh is None else cast("int", fields.dh),
        "encrypted": _bytes(fields.encrypted),
    }
    return _DATA.write(values, until="authenticator")


# --- Section "Client Profile" -----------------------------------------------------------------

_CLIENT_PROFILE: Final = Codec(layouts.CLIENT_PROFILE)
_PROFILE_FIELDS: Final = SequenceCodec(layouts.CLIENT_PROFILE.fields[0])
_PUBLIC_KEY: Final = Codec(layouts.ED448_PUBKEY)
_FORGING_KEY: Final = Codec(layouts.ED448_FORGING_KEY)


def write_client_profile_body(  # noqa: PLR0913 - the fields of a profile, all by name
    *,
    owner_tag: int,
    public_key: bytes,
    forging_key: bytes,
    versions: frozenset[int],
    expiration: int,
    dsa_key: bytes | None = None,
    transitional: bytes | None = None,
) -> bytes:
    """Write what the signature of a Client Profile is over, fields in the order of their types.

    Args:
        owner_tag: the client's instance tag.
        public_key: H, 57 bytes.
        forging_key: F, 57 bytes.
        versions: of one digit each.
        expiration: seconds from the start of 1970, UTC.
        dsa_key: a PUBKEY of version 3.
        transitional: a DSA signature, 40 bytes.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    values: dict[str, Value] = {
        "owner_tag": owner_tag,
        "public_key": _PUBLIC_KEY.write({"point": public_key}),
        "forging_key": _FORGING_KEY.write({"point": forging_key}),
        "versions": _listed(versions),
        "expiration": expiration,
    }
    if dsa_key is not None:
        values["dsa_key"] = dsa_key
    if transitional is not None:
        values["transitional"] = transitional
    return _PROFILE_FIELDS.write(values)


def transitional_body(body: bytes) -> bytes:
    """What a transitional signature is over, of the body of a profile with or without it.

    Those are all fields but the signature itself, with their types, in the order in which they
    stand; the number of fields is not among them, because it counts the signature.

    Raises:
        Malformed: as `client_profile`.
    """
    return b"".join(
        body[record.start : record.end]
        for record in _PROFILE_FIELDS.records(body)
        if record.parts[0].value != layouts.TRANSITIONAL
    )


def client_profile(body: bytes, signature: bytes) -> ClientProfile:
    """The profile of a body.

    Raises:
        Malformed: the body or the signature has the wrong size; a field is there twice, missing, of
            no known type, or cannot be read.
    """
    return decode_client_profile(
        body + _CLIENT_PROFILE.write({"signature": signature}, since="signature")
    )


def decode_client_profile(value: bytes) -> ClientProfile:
    """Read a Client Profile.

    Raises:
        Malformed: as `client_profile`.
    """
    parts = {part.name: part for part in _CLIENT_PROFILE.whole(value)}
    body = value[: parts["body"].end]
    fields = {part.name: part for record in _PROFILE_FIELDS.records(body) for part in record.parts}
    held = {name: part.value for name, part in fields.items()}
    transitional = held.get("transitional")
    return ClientProfile(
        owner_tag=cast("int", held["owner_tag"]),
        public_key=_point(_PUBLIC_KEY, held["public_key"]),
        forging_key=_point(_FORGING_KEY, held["forging_key"]),
        versions=_digits(cast("bytes", held["versions"])),
        expiration=cast("int", held["expiration"]),
        dsa_key=cast("PublicKey | None", held.get("dsa_key")),
        transitional=cast("Signature | None", transitional),
        body=_sort(body),
        transitional_body=None if transitional is None else _sort(transitional_body(body)),
        signature=cast("EddsaSignature", parts["signature"].value),
    )


def _point(codec: Codec, key: Value) -> Point:
    """The point in a key, behind its type."""
    return cast("Point", _taken(codec.read(cast("bytes", key)), "point"))


def encode_client_profile(profile: ClientProfile) -> bytes:
    """Write a Client Profile: its body as it is, and the signature.

    Raises:
        Malformed: the signature is not 114 bytes long, or the body is too long.
    """
    return _CLIENT_PROFILE.write(
        {"body": _bytes(profile.body), "signature": _bytes(profile.signature)}
    )


# --- Section "Prekey Profile" -----------------------------------------------------------------

_PREKEY_PROFILE: Final = Codec(layouts.PREKEY_PROFILE)
_SHARED_PREKEY: Final = Codec(layouts.ED448_SHARED_PREKEY)


def write_prekey_profile_body(*, owner_tag: int, expiration: int, shared_prekey: bytes) -> bytes:
    """Write what the signature of a Prekey Profile is over.

    Args:
        owner_tag: the client's instance tag.
        expiration: seconds from the start of 1970, UTC.
        shared_prekey: D, 57 bytes.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    values: dict[str, Value] = {
        "owner_tag": owner_tag,
        "expiration": expiration,
        "shared_prekey": _SHARED_PREKEY.write({"point": shared_prekey}),
    }
    return _PREKEY_PROFILE.write(values, until="signature")


def prekey_profile(body: bytes, signature: bytes) -> PrekeyProfile:
    """The profile of a body.

    Raises:
        Malformed: the body or the signature has the wrong size, or the key the wrong type.
    """
    return decode_prekey_profile(
        body + _PREKEY_PROFILE.write({"signature": signature}, since="signature")
    )


def decode_prekey_profile(value: bytes) -> PrekeyProfile:
    """Read a Prekey Profile.

    Raises:
        Malformed: as `prekey_profile`.
    """
    parts = {part.name: part for part in _PREKEY_PROFILE.whole(value)}
    return PrekeyProfile(
        owner_tag=cast("int", parts["owner_tag"].value),
        expiration=cast("int", parts["expiration"].value),
        shared_prekey=_point(_SHARED_PREKEY, parts["shared_prekey"].value),
        body=_sort(value[: parts["shared_prekey"].end]),
        signature=cast("EddsaSignature", parts["signature"].value),
    )


def encode_prekey_profile(profile: PrekeyProfile) -> bytes:
    """Write a Prekey Profile: its body as it is, and the signature.

    Raises:
        Malformed: the signature is not 114 bytes long.
    """
    signature = {"signature": _bytes(profile.signature)}
    return _bytes(profile.body) + _PREKEY_PROFILE.write(signature, since="signature")


# --- Section "Prekey Message" -----------------------------------------------------------------


def encode_prekey_message(message: PrekeyMessage) -> bytes:
    """Write a Prekey Message as a server keeps it: its bytes, not in base-64.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    return _encode_binary(message)


def decode_prekey_message(binary: bytes) -> PrekeyMessage:
    """Read a Prekey Message as a server keeps it.

    Raises:
        Malformed: it is anything else.
    """
    reading = _PREKEY.read(binary, whole=True)
    if reading.fault is not None:
        raise reading.fault
    return cast("PrekeyMessage", _message(layouts.PREKEY, None, reading))


def decode_ensemble(profile: bytes, prekeys: bytes, message: bytes) -> PrekeyEnsemble:
    """Read the parts of a Prekey Ensemble.

    Args:
        profile: a Client Profile.
        prekeys: a Prekey Profile.
        message: a Prekey Message, not in base-64.

    Raises:
        Malformed: one of them is anything else.
    """
    return PrekeyEnsemble(
        decode_client_profile(profile),
        decode_prekey_profile(prekeys),
        decode_prekey_message(message),
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
    7: ExtraKeyUse,
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
    ExtraKeyUse: 7,
}
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
    reading = _CONTENT.read(value)
    return Content(_sort(_taken(reading, "text")), tuple(_decode_tlvs(_taken(reading, "tlvs"))))


def _decode_tlvs(records: bytes) -> Iterator[Tlv]:
    """Read one record after the other. Nothing can be read behind one that is cut off."""
    place = 0
    while place < len(records):
        reading = _TLV.read(records, place)
        if reading.fault is not None:
            yield MalformedTlv(CUT_OFF, reading.fault.field, reading.fault.reason)
            return
        yield _decode_tlv(_number(reading, "kind"), _taken(reading, "value"))
        place = reading.end


def _decode_tlv(kind: int, value: bytes) -> Tlv:
    """Read what a TLV holds."""
    codec = _TLVS.get(kind)
    if codec is None:
        return UnknownTlv(kind, _sort(value))
    reading = codec.read(value, whole=True)
    if reading.fault is not None:
        return MalformedTlv(kind, reading.fault.field, reading.fault.reason)
    if codec.layout is layouts.PADDING:
        return Padding(len(value))
    if codec.layout is layouts.DISCONNECTED:
        return Disconnected()
    if codec.layout is layouts.SMP_ABORT:
        return SmpAbort()
    values: dict[str, object] = {**reading.values}
    if codec.layout is layouts.SMP_1:
        values["question"] = values["question"] or None
    return _TLV_RECORDS[kind](**values)


def _encode_tlv(tlv: Tlv) -> bytes:
    """Write a TLV."""
    if isinstance(tlv, MalformedTlv):
        raise Malformed(field="TLV", reason="is only ever received")
    if isinstance(tlv, UnknownTlv):
        return _TLV.write({"kind": tlv.kind, "value": _bytes(tlv.value)})
    kind = _TLV_KINDS[type(tlv)]
    codec = _TLVS[kind]
    held = _held(tlv, codec.layout.fields)
    if isinstance(tlv, Smp1) and tlv.question is None:
        held["question"] = b""
    if isinstance(tlv, Padding):
        if not 0 <= tlv.size <= _LONGEST_VALUE:
            raise Malformed(field="Value", reason=f"is not 0 to {_LONGEST_VALUE} bytes long")
        held["padding"] = bytes(tlv.size)
    return _TLV.write({"kind": kind, "value": codec.write(held)})
