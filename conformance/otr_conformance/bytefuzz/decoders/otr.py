"""What takes messages of OTR apart, from the text on the wire to the TLVs inside."""

from __future__ import annotations

from binascii import a2b_base64
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from otr_conformance.bytefuzz.decoder import Decoder, Form, Unwritable
from otr_conformance.otrv3.decoding import DECODER as DECODER3
from otr_conformance.otrv4.decoding import DECODER as DECODER4
from otr_reference.otrv1 import messages as messages1
from otr_reference.otrv1 import wire as wire1
from otr_reference.otrv3 import dissect as dissect3
from otr_reference.otrv3 import forge as forge3
from otr_reference.otrv3 import messages as messages3
from otr_reference.otrv3 import wire as wire3
from otr_reference.otrv3.real import RealSuite as RealSuite3
from otr_reference.otrv4 import dissect as dissect4
from otr_reference.otrv4 import forge as forge4
from otr_reference.otrv4 import messages as messages4
from otr_reference.otrv4 import ring
from otr_reference.otrv4 import wire as wire4
from otr_reference.otrv4.real import RealSuite as RealSuite4

from .vectors import enveloped, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.decoding import Decoder as Shown
    from otr_reference.sorts import Key, Octets

__all__ = ["DECODERS", "LENGTH_OCTETS", "pieces", "written_pieces"]

LENGTH_OCTETS: Final = 4

SUITE3: Final = RealSuite3()
SUITE4: Final = RealSuite4()
_AES_KEY: Final = bytes(range(16))
_CHAIN_KEY: Final = bytes(range(64))


# --- Inputs in several parts ------------------------------------------------------------------


def written_pieces(*parts: bytes) -> bytes:
    """Several inputs as one: each after its length, in four octets."""
    return b"".join(len(part).to_bytes(LENGTH_OCTETS, "big") + part for part in parts)


def pieces(data: bytes) -> Iterator[bytes]:
    """The inputs in one; a last one that is cut short is as long as it is."""
    place = 0
    while place < len(data):
        start = place + LENGTH_OCTETS
        place = start + int.from_bytes(data[place:start], "big")
        yield data[start:place]


# --- Seeds ------------------------------------------------------------------------------------


def _texts(protocol: str) -> Iterator[bytes]:
    """Texts of every form, encoded messages among them."""
    yield from taken(protocol, "texts", "text")
    yield from map(enveloped, taken(protocol, "messages", "message"))


def _texts1() -> Iterator[bytes]:
    """Messages of version 1."""
    yield from (b"?OTR?", b"Hello, ?OTR? said the other", b"no OTR in it")
    key = next(iter(taken("otrv3", "long-term-keys", "public key", "pubkey")))
    yield wire1.encode(
        messages1.KeyExchange(
            reply=True,
            public=cast("Any", key),
            keyid=1,
            y=SUITE3.element(1 << 1500),
            signature=cast("Any", bytes(40)),
        )
    )
    yield wire1.encode(
        messages1.DataMessage(1, cast("Any", b"what is encrypted"), cast("Any", bytes(20)))
    )


def _contents(protocol: str) -> Iterator[bytes]:
    yield from taken(protocol, "contents", "content")


def _fragments(protocol: str) -> Iterator[bytes]:
    """The fragments of several messages, in order and out of it."""
    from otr_conformance.vectors import made  # noqa: PLC0415 - heavy, and for seeds alone

    for group in made(protocol, "fragments"):
        sequences = [group.takes, *(vector.takes for vector in group.vectors[::4])]
        for values in sequences:
            texts = values.get("texts", ())
            if isinstance(texts, list):
                yield written_pieces(*(str(text).encode() for text in texts))


def _identities() -> Iterator[bytes]:
    """X, whole and cut."""
    keys = list(islice(taken("otrv3", "long-term-keys", "public key", "pubkey"), 6))
    yield from (key + bytes((0, 0, 0, 1)) + bytes(range(40)) for key in keys)


def _profiles(name: str, *groups: str) -> Callable[[], Iterator[bytes]]:
    return lambda: taken("otrv4", "profiles", name, *groups)


def _ensembles() -> Iterator[bytes]:
    names = ("client profile", "prekey profile", "prekey message")
    columns = (taken("otrv4", "profiles", name, "ensemble") for name in names)
    yield from (written_pieces(*parts) for parts in zip(*columns, strict=False))


def _signatures() -> Iterator[bytes]:
    yield from taken("otrv4", "dake", "sigma", "ring")


# --- Messages ---------------------------------------------------------------------------------


def _writes3(value: object) -> bytes:
    """Write a message of version 2 or 3."""
    message = cast("messages3.Message", value)
    if isinstance(message, messages3.OtherVersion | messages3.MalformedMessage):
        raise Unwritable
    if isinstance(message, messages3.TaggedPlaintext):
        _look_at_tagged(cast("bytes", message.text), message.versions, wire3.locate)
    return wire3.encode(message)


def _writes4(value: object) -> bytes:
    """Write a message of version 4."""
    message = cast("messages4.Message", value)
    if isinstance(message, messages4.OtherVersion | messages4.MalformedMessage):
        raise Unwritable
    if isinstance(message, messages4.TaggedPlaintext):
        _look_at_tagged(cast("bytes", message.text), message.versions, wire4.locate)
    return wire4.encode(message)


def _look_at_tagged(
    text: bytes, versions: frozenset[int], located: Callable[[bytes], object]
) -> None:
    """Leave out a tag that offers nothing that is known, and texts that take on another meaning.

    A text can have OTR in it once its tag is gone, or blanks that a tag behind it would join.

    Raises:
        Unwritable: it is one of those.
    """
    if not versions or located(text) is not None or text.endswith((b" ", b"\t")):
        raise Unwritable


def _bare(data: bytes) -> bool:
    """Whether an encoded message stands there, with nothing in front or behind."""
    return data.startswith(b"?OTR:") and data.find(b".") == len(data) - 1


def _canonical3(data: bytes, value: object) -> bool:
    """Whether a text has to be written as it was read: messages and plaintexts."""
    return isinstance(value, messages3.Plaintext) or (
        _bare(data) and isinstance(value, messages3.EncodedMessage)
    )


def _canonical4(data: bytes, value: object) -> bool:
    """As `_canonical3`."""
    return isinstance(value, messages4.Plaintext) or (
        _bare(data) and isinstance(value, messages4.EncodedMessage)
    )


def _writes1(value: object) -> bytes:
    """Write a message of version 1."""
    if isinstance(value, messages1.MalformedMessage):
        raise Unwritable
    return wire1.encode(cast("messages1.Message", value))


def _canonical1(data: bytes, value: object) -> bool:
    whole = messages1.KeyExchange | messages1.DataMessage
    return isinstance(value, messages1.Plaintext) or (_bare(data) and isinstance(value, whole))


def _lenient(data: bytes) -> object:
    """A text of version 3 where numbers may have zeros in front, as libotr reads them."""
    return wire3.decode(data, minimal_mpi=False)


# --- What is inside ---------------------------------------------------------------------------


def _writes_content3(value: object) -> bytes:
    content = cast("messages3.Content", value)
    if any(isinstance(tlv, messages3.MalformedTlv) for tlv in content.tlvs):
        raise Unwritable
    return wire3.encode_content(content)


def _writes_content4(value: object) -> bytes:
    content = cast("messages4.Content", value)
    if any(isinstance(tlv, messages4.MalformedTlv) for tlv in content.tlvs):
        raise Unwritable
    return wire4.encode_content(content)


def _writes_identity(value: object) -> bytes:
    if value is None:
        raise Unwritable
    return wire3.encode_identity(cast("messages3.Identity", value))


def _writes_mpi(value: object) -> bytes:
    if value is None:
        raise Unwritable
    return wire3.mpi(cast("int", value))


def _always(_data: bytes, _value: object) -> bool:
    """An encoding of which every value has one."""
    return True


def _combined(left: bytes, right: bytes) -> bytes:
    """Two strings of one length, XORed."""
    size = len(left)
    mixed = int.from_bytes(left, "big") ^ int.from_bytes(right[:size], "big")
    return mixed.to_bytes(size, "big")


_LONGEST_SEALED: Final = 1 << 14
_BLANK: Final = b"a" * _LONGEST_SEALED
_STREAM3: Final = _combined(
    _BLANK,
    SUITE3.to_bytes(
        SUITE3.seal(cast("Key", _AES_KEY), 1, messages3.Content(cast("Octets", _BLANK)))
    ),
)
_STREAM4: Final = _combined(
    _BLANK,
    SUITE4.to_bytes(
        SUITE4.seal(cast("Key", _CHAIN_KEY), messages4.Content(cast("Octets", _BLANK)))
    ),
)
"""What ciphers XOR with: an input is what is inside, and is sealed before it is opened."""


def _opened3(data: bytes) -> object:
    """What a ciphertext of version 3 holds, and what it holds as an identity."""
    sealed = cast("Octets", _combined(data[:_LONGEST_SEALED], _STREAM3))
    key = cast("Key", _AES_KEY)
    return SUITE3.open(key, 1, sealed), SUITE3.open_identity(key, sealed)


def _opened4(data: bytes) -> object:
    """What a ciphertext of version 4 holds."""
    sealed = cast("Octets", _combined(data[:_LONGEST_SEALED], _STREAM4))
    return SUITE4.open(cast("Key", _CHAIN_KEY), sealed)


# --- Forging ----------------------------------------------------------------------------------


def _forged3(data: bytes) -> object:
    return forge3.read_and_forge(_AES_KEY, data, b"another text")


def _forged4(data: bytes) -> object:
    return forge4.read_and_forge(_CHAIN_KEY, data, b"another text", at=None)


# --- Dissections ------------------------------------------------------------------------------


def _covered(value: object) -> bytes:
    """What the rows of a dissection hold, one after the other: all of the text."""
    return _of_rows(cast("dissect3.Dissection", value).rows)


def _of_rows(rows: tuple[dissect3.Row, ...]) -> bytes:
    """What rows hold; those inside one hold all of it, and its base64 aside.

    Raises:
        AssertionError: they have a gap, or what is inside a row is not what it holds.
    """
    held = []
    for row in rows:
        raw = bytes.fromhex(row.raw)
        if row.inside:
            inner = _of_rows(row.inside)
            if inner not in {raw, raw and _decoded(raw)}:
                message = f"{row.title}: what is inside is not what it holds"
                raise AssertionError(message)
        held.append(raw)
    return b"".join(held)


def _decoded(raw: bytes) -> bytes:
    """What base64 stands for; nothing if it is none."""
    try:
        return a2b_base64(raw)
    except ValueError:
        return b""


# --- Fragments --------------------------------------------------------------------------------


def _assembling(decoder: Shown) -> Callable[[bytes], object]:
    """Fragments, one after the other, as `otrspec decode` puts them together."""

    def read(data: bytes) -> object:
        texts = list(pieces(data))
        told = [(decoder.piece(text), decoder.claims(text), decoder.is_in(text)) for text in texts]
        return told, decoder.joined(texts)

    return read


# --- Profiles ---------------------------------------------------------------------------------


def _ensemble(data: bytes) -> object:
    parts = [*islice(pieces(data), 3)]
    return wire4.decode_ensemble(*parts, *([b""] * (3 - len(parts))))


def _writes_ensemble(value: object) -> bytes:
    ensemble = cast("messages4.PrekeyEnsemble", value)
    return written_pieces(
        wire4.encode_client_profile(ensemble.client_profile),
        wire4.encode_prekey_profile(ensemble.prekey_profile),
        wire4.encode_prekey_message(ensemble.message),
    )


_V3: Final = "otr_reference.otrv3."
_V4: Final = "otr_reference.otrv4."

DECODERS: Final = (
    Decoder(
        "otrv1.wire",
        ("otr_reference.otrv1.wire.decode",),
        Form.MESSAGE,
        wire1.decode,
        _texts1,
        errors=(),
        write=_writes1,
        canonical=_canonical1,
    ),
    Decoder(
        "otrv3.wire",
        (f"{_V3}wire.decode", f"{_V3}wire.locate", f"{_V3}real.RealSuite.decode"),
        Form.MESSAGE,
        wire3.decode,
        lambda: _texts("otrv3"),
        errors=(),
        write=_writes3,
        canonical=_canonical3,
    ),
    Decoder(
        "otrv3.wire.lenient",
        (f"{_V3}wire.decode",),
        Form.MESSAGE,
        _lenient,
        lambda: _texts("otrv3"),
        errors=(),
        write=_writes3,
    ),
    Decoder(
        "otrv3.content",
        (f"{_V3}wire.decode_content",),
        Form.CONTENT,
        wire3.decode_content,
        lambda: _contents("otrv3"),
        errors=(),
        write=_writes_content3,
    ),
    Decoder(
        "otrv3.sealed",
        (f"{_V3}real.RealSuite.open", f"{_V3}real.RealSuite.open_identity"),
        Form.CONTENT,
        _opened3,
        lambda: (*_contents("otrv3"), *_identities()),
        errors=(),
        longest=_LONGEST_SEALED,
    ),
    Decoder(
        "otrv3.identity",
        (f"{_V3}wire.decode_identity",),
        Form.BINARY,
        wire3.decode_identity,
        _identities,
        errors=(),
        write=_writes_identity,
        canonical=_always,
    ),
    Decoder(
        "otrv3.mpi",
        (f"{_V3}wire.decode_mpi",),
        Form.BINARY,
        wire3.decode_mpi,
        lambda: (wire3.mpi(1 << bits) for bits in (0, 7, 8, 1535, 4000)),
        errors=(),
        write=_writes_mpi,
        canonical=_always,
    ),
    Decoder(
        "otrv3.dissect",
        (f"{_V3}dissect.dissect", f"{_V3}forge.parse", "otr_conformance.decoding.Decoder.dissect"),
        Form.MESSAGE,
        dissect3.dissect,
        lambda: _texts("otrv3"),
        errors=(),
        write=_covered,
        canonical=_always,
    ),
    Decoder(
        "otrv3.forge",
        (f"{_V3}forge.read_and_forge",),
        Form.MESSAGE,
        _forged3,
        lambda: _texts("otrv3"),
    ),
    Decoder(
        "otrv3.fragments",
        (
            f"{_V3}real.RealSuite.join",
            f"{_V3}real.RealSuite.joined",
            "otr_conformance.decoding.Decoder.joined",
        ),
        Form.PIECES,
        _assembling(DECODER3),
        lambda: _fragments("otrv3"),
        errors=(),
    ),
    Decoder(
        "otrv4.wire",
        (f"{_V4}wire.decode", f"{_V4}wire.locate", f"{_V4}real.RealSuite.decode"),
        Form.MESSAGE,
        wire4.decode,
        lambda: (*_texts("otrv4"), *islice(_texts("otrv3"), 12)),
        errors=(),
        write=_writes4,
        canonical=_canonical4,
    ),
    Decoder(
        "otrv4.content",
        (f"{_V4}wire.decode_content",),
        Form.CONTENT,
        wire4.decode_content,
        lambda: _contents("otrv4"),
        errors=(),
        write=_writes_content4,
    ),
    Decoder(
        "otrv4.sealed",
        (f"{_V4}real.RealSuite.open",),
        Form.CONTENT,
        _opened4,
        lambda: _contents("otrv4"),
        errors=(),
        longest=_LONGEST_SEALED,
    ),
    Decoder(
        "otrv4.client-profile",
        (f"{_V4}wire.decode_client_profile",),
        Form.BINARY,
        wire4.decode_client_profile,
        _profiles("profile", "client-profile", "client-profile.dsa"),
        write=lambda value: wire4.encode_client_profile(cast("messages4.ClientProfile", value)),
        canonical=_always,
    ),
    Decoder(
        "otrv4.prekey-profile",
        (f"{_V4}wire.decode_prekey_profile",),
        Form.BINARY,
        wire4.decode_prekey_profile,
        _profiles("profile", "prekey-profile"),
        write=lambda value: wire4.encode_prekey_profile(cast("messages4.PrekeyProfile", value)),
        canonical=_always,
    ),
    Decoder(
        "otrv4.prekey-message",
        (f"{_V4}wire.decode_prekey_message",),
        Form.BINARY,
        wire4.decode_prekey_message,
        _profiles("prekey message", "ensemble"),
        write=lambda value: wire4.encode_prekey_message(cast("messages4.PrekeyMessage", value)),
        canonical=_always,
    ),
    Decoder(
        "otrv4.ensemble",
        (f"{_V4}wire.decode_ensemble",),
        Form.PIECES,
        _ensemble,
        _ensembles,
        write=_writes_ensemble,
    ),
    Decoder(
        "otrv4.ring-signature",
        (f"{_V4}ring.decode_signature",),
        Form.BINARY,
        ring.decode_signature,
        _signatures,
        write=lambda value: ring.encode_signature(cast("ring.RingSignature", value)),
    ),
    Decoder(
        "otrv4.dissect",
        (f"{_V4}dissect.dissect", f"{_V4}forge.parse"),
        Form.MESSAGE,
        dissect4.dissect,
        lambda: (*_texts("otrv4"), *islice(_texts("otrv3"), 12)),
        errors=(),
        write=_covered,
        canonical=_always,
    ),
    Decoder(
        "otrv4.forge",
        (f"{_V4}forge.read_and_forge",),
        Form.MESSAGE,
        _forged4,
        lambda: _texts("otrv4"),
    ),
    Decoder(
        "otrv4.fragments",
        (f"{_V4}real.RealSuite.join",),
        Form.PIECES,
        _assembling(DECODER4),
        lambda: _fragments("otrv4"),
        errors=(),
    ),
)
"""Every decoder of messages."""
