"""The encoding of OTRv1: a query, a Key Exchange Message, a Data Message; anything else is text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from otr_model.otrv1 import layouts
from otr_model.otrv3.layouts import ENVELOPE
from otr_reference.arith import Number
from otr_reference.codec import Codec, TextCodec
from otr_reference.errors import Malformed
from otr_reference.keys import dsa

from .messages import DataMessage, KeyExchange, MalformedMessage, Plaintext, Query

if TYPE_CHECKING:
    from otr_reference.codec import Reading
    from otr_reference.sorts import Element, Mac, Octets, PublicKey, Signature

    from .messages import Message

__all__ = ["decode", "encode", "key_exchange_body"]

_KEY_EXCHANGE: Final = Codec(layouts.KEY_EXCHANGE)
_DATA: Final = Codec(layouts.DATA)
_ENVELOPE: Final = TextCodec(ENVELOPE)
_TYPE_AT: Final = 2
_REPLIES: Final = (0x00, 0x01)


def key_exchange_body(reply: int, public: bytes, keyid: int, y: int) -> bytes:
    """What the signature of a Key Exchange Message is over: everything before it.

    Raises:
        Malformed: a field cannot hold what it is given.
    """
    key = dsa.decode_public(public)
    values = {"reply": int(reply), "p": key.p, "q": key.q, "g": key.g, "e": key.y}
    return _KEY_EXCHANGE.write({**values, "keyid": keyid, "y": y}, until="signature")


def encode(message: Message) -> bytes:
    """Write a message as the network carries it.

    Raises:
        Malformed: a field cannot hold what it is given, or the message is a `MalformedMessage`.
    """
    match message:
        case Plaintext(text):
            return cast("bytes", text)
        case Query():
            return layouts.QUERY
        case KeyExchange():
            body = key_exchange_body(
                message.reply,
                cast("bytes", message.public),
                message.keyid,
                cast("int", message.y),
            )
            return _ENVELOPE.write({"binary": body + cast("bytes", message.signature)})
        case DataMessage():
            values: dict[str, int | bytes] = {
                "counter": message.counter,
                "encrypted": cast("bytes", message.encrypted),
                "mac": cast("bytes", message.mac),
            }
            return _ENVELOPE.write({"binary": _DATA.write(values)})
        case MalformedMessage():
            raise Malformed(field="message", reason="is only ever received")


def decode(text: bytes) -> Message:
    """Take apart what the network carried. Total."""
    if layouts.QUERY in text:
        return Query()
    start = text.find(layouts.MARKER)
    if start < 0:
        return Plaintext(cast("Octets", text))
    enveloped = _ENVELOPE.read(text, start)
    if enveloped.fault is not None:
        return _malformed(enveloped.fault)
    binary = cast("bytes", enveloped.values["binary"])
    is_data = binary[_TYPE_AT : _TYPE_AT + 1] == bytes((layouts.DATA.of(1)[1].value or 0,))
    reading = (_DATA if is_data else _KEY_EXCHANGE).read(binary, whole=True)
    if reading.fault is not None:
        return _malformed(reading.fault)
    return _data(reading) if is_data else _key_exchange(reading)


def _data(reading: Reading) -> DataMessage:
    counter, encrypted, mac = (reading.values[name] for name in ("counter", "encrypted", "mac"))
    return DataMessage(cast("int", counter), cast("Octets", encrypted), cast("Mac", mac))


def _key_exchange(reading: Reading) -> KeyExchange | MalformedMessage:
    values = reading.values
    p, q, g, e, reply, y = (
        cast("int", values[name]) for name in ("p", "q", "g", "e", "reply", "y")
    )
    if reply not in _REPLIES:
        return MalformedMessage("Reply", "is neither 0x00 nor 0x01")
    public = dsa.encode_public(dsa.DsaPublic(p, q, g, e))
    try:
        dsa.decode_public(public)
    except Malformed as fault:
        return _malformed(fault)
    return KeyExchange(
        bool(reply),
        cast("PublicKey", public),
        cast("int", values["keyid"]),
        cast("Element", Number(y)),
        cast("Signature", values["signature"]),
    )


def _malformed(fault: Malformed) -> MalformedMessage:
    return MalformedMessage(fault.field, fault.reason)
