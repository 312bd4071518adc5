"""The codecs that are compiled from layouts and text formats: each layout of each protocol.

The first octet of an input says which layout or format; it is counted around.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

from otr_conformance.bytefuzz.decoder import Decoder, Form
from otr_model.kernel.layout import Kind
from otr_model.otrv1 import layouts as layouts1
from otr_model.otrv3 import layouts as layouts3
from otr_model.otrv4 import layouts as layouts4
from otr_reference.codec import Codec, Reading, SequenceCodec, TextCodec

from .vectors import taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from otr_model.kernel.layout import Layout
    from otr_reference.codec import Value

__all__ = ["DECODERS", "codecs", "text_codecs"]


@cache
def codecs() -> tuple[Codec, ...]:
    """A codec for each layout, in each version that it has."""
    every: tuple[Layout, ...] = (
        layouts1.KEY_EXCHANGE,
        layouts1.DATA,
        *layouts3.LAYOUTS,
        *layouts4.LAYOUTS,
    )
    return tuple(Codec(layout, version) for layout in every for version in layout.versions)


@cache
def text_codecs() -> tuple[TextCodec, ...]:
    """A codec for each text format."""
    return tuple(map(TextCodec, (*layouts3.TEXTS, *layouts4.TEXTS)))


@cache
def _sequences() -> tuple[SequenceCodec, ...]:
    """A codec for each sequence in a layout."""
    return tuple(
        SequenceCodec(field)
        for codec in codecs()
        for field in codec.layout.fields
        if field.type.spec.kind is Kind.SEQUENCE
    )


Found = tuple[int, "Mapping[str, Value]"]


def _place(data: bytes, count: int) -> int:
    return data[0] % count if data else 0


def _fields(data: bytes) -> object:
    """Read by a layout, in both ways of a codec: they have to agree.

    Raises:
        Malformed: it cannot be read.
        AssertionError: the ways do not agree.
    """
    place = _place(data, len(codecs()))
    codec, rest = codecs()[place], data[1:]
    quick: Reading = codec.read(rest, whole=True)
    try:
        slow = {part.name: part.value for part in codec.whole(rest)}
    except Exception as error:
        if repr(error) != repr(quick.fault):
            message = f"{codec.layout.id}: {error!r} and {quick.fault!r}"
            raise AssertionError(message) from None
        raise
    if quick.fault is not None or slow != quick.values:
        message = f"{codec.layout.id}: {slow} and {quick}"
        raise AssertionError(message)
    for _ in codec.parts(rest, minimal=False):
        pass
    return place, slow


def _writes_fields(value: object) -> bytes:
    place, values = cast("Found", value)
    return bytes((place,)) + codecs()[place].write(values)


def _canonical_fields(data: bytes, value: object) -> bool:
    """All octets, but for the first, of which several mean one layout."""
    place, _ = cast("Found", value)
    return bool(data) and data[0] == place


def _pieces(data: bytes) -> object:
    """Read by a text format, in both ways: they have to agree.

    Raises:
        Malformed: it cannot be read.
        AssertionError: the ways do not agree.
    """
    place = _place(data, len(text_codecs()))
    codec = text_codecs()[place]
    text = codec.format.prefix + data[1:]
    quick = codec.read(text)
    slow: dict[str, Value] = {}
    try:
        for part in codec.parts(text):
            slow[part.name] = part.value
    except Exception as error:
        if repr(error) != repr(quick.fault):
            message = f"{codec.format.id}: {error!r} and {quick.fault!r}"
            raise AssertionError(message) from None
        raise
    if quick.fault is not None or slow != quick.values:
        message = f"{codec.format.id}: {slow} and {quick}"
        raise AssertionError(message)
    return place, slow


def _writes_pieces(value: object) -> bytes:
    place, values = cast("Found", value)
    codec = text_codecs()[place]
    return bytes((place,)) + codec.write(values)[len(codec.format.prefix) :]


def _records(data: bytes) -> object:
    """Read a sequence of records.

    Raises:
        Malformed: it cannot be read.
    """
    codec = _sequences()[_place(data, len(_sequences()))]
    return [
        (record.layout.id, record.start, record.end, [part.value for part in record.parts])
        for record in codec.records(data[1:])
    ]


# --- Seeds ------------------------------------------------------------------------------------


def _encoded() -> Iterator[bytes]:
    """Whatever there are vectors of, by the layout that it is of."""
    found: list[bytes] = []
    for protocol in ("otrv3", "otrv4"):
        for document, name in (("messages", "message"), ("contents", "content")):
            found += islice(taken(protocol, document, name), 40)
    for name in ("profile", "prekey profile", "client profile"):
        found += islice(taken("otrv4", "profiles", name), 4)
    found += islice(taken("otrv3", "long-term-keys", "public key"), 2)
    for place, codec in enumerate(codecs()):
        fits = [each for each in found if codec.read(each, whole=True).fault is None]
        yield from (bytes((place,)) + each for each in (fits or found)[:3])
        yield bytes((place,))


def _spelled() -> Iterator[bytes]:
    for place, codec in enumerate(text_codecs()):
        prefix = codec.format.prefix
        for protocol in ("otrv3", "otrv4"):
            found = [t for t in taken(protocol, "texts", "text") if t.startswith(prefix)]
            yield from (bytes((place,)) + each[len(prefix) :] for each in found[:6])


def _bodies() -> Iterator[bytes]:
    yield from (b"\0" + each[:-114] for each in islice(taken("otrv4", "profiles", "profile"), 8))


_CODEC: Final = "otr_reference.codec."

DECODERS: Final = (
    Decoder(
        "codec.layouts",
        (f"{_CODEC}Codec.read", f"{_CODEC}Codec.parts", f"{_CODEC}Codec.whole"),
        Form.BINARY,
        _fields,
        _encoded,
        write=_writes_fields,
        canonical=_canonical_fields,
    ),
    Decoder(
        "codec.texts",
        (f"{_CODEC}TextCodec.read", f"{_CODEC}TextCodec.parts"),
        Form.MESSAGE,
        _pieces,
        _spelled,
        write=_writes_pieces,
    ),
    Decoder(
        "codec.sequences",
        (f"{_CODEC}SequenceCodec.records", f"{_CODEC}SequenceCodec.codec"),
        Form.BINARY,
        _records,
        _bodies,
    ),
)
"""The codecs."""
