"""Encoding of OTRv1: what is written is read, and what is not well-formed is said to be so."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from typing import cast

import pytest

from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv1 import wire
from otr_reference.otrv1.messages import (
    DataMessage,
    KeyExchange,
    MalformedMessage,
    Message,
    Plaintext,
    Query,
)


@cache
def public() -> bytes:
    """Somebody's public key."""
    return dsa.encode_public(dsa.generate().public)


def key_exchange(**fields: object) -> KeyExchange:
    """A Key Exchange Message; its signature is not one."""
    made: dict[str, object] = {
        "reply": False,
        "public": public(),
        "keyid": 1,
        "y": 5,
        "signature": bytes(range(40)),
    }
    return KeyExchange(**{**made, **fields})  # type: ignore[arg-type]  # sorts are bytes here


def data_message() -> DataMessage:
    """A Data Message; its MAC is not one."""
    fields = {"counter": 7, "encrypted": b"?", "mac": bytes(20)}
    return DataMessage(**fields)  # type: ignore[arg-type]  # sorts are bytes here


def plaintext(text: bytes) -> Plaintext:
    """A text."""
    return Plaintext(text)  # type: ignore[arg-type]  # sorts are bytes here


@pytest.mark.parametrize(
    "message",
    [plaintext(b"hello"), Query(), key_exchange(), key_exchange(reply=True), data_message()],
    ids=lambda message: type(message).__name__,
)
def test_what_is_written_is_read(message: Message) -> None:
    assert wire.decode(wire.encode(message)) == message


def test_a_query_may_stand_anywhere_in_a_text() -> None:
    assert wire.decode(b"hello ?OTR? hello") == Query()


def test_the_signature_is_over_everything_before_it() -> None:
    message = key_exchange(reply=True)

    body = wire.key_exchange_body(1, public(), 1, 5)

    assert wire.encode(message) == b"?OTR:" + b64encode(body + bytes(range(40))) + b"."
    assert body[:4] == b"\x00\x01\x0a\x01"


def enveloped(binary: bytes) -> bytes:
    """An encoded message."""
    return b"?OTR:" + b64encode(binary) + b"."


BODY = b"\x00\x01\x0a"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"?OTR:????.", "Binary form"),
        (enveloped(b"\x00\x01"), "Message type"),
        (enveloped(b"\x00\x02\x0a\x00"), "Protocol version"),
        (enveloped(b"\x00\x01\x0b\x00"), "Message type"),
        (enveloped(b"\x00\x01\x03"), "Top half of counter init"),
        (enveloped(BODY + b"\x00\x00\x00\x00\x01\x02"), "DSA q"),
    ],
)
def test_what_cannot_be_taken_apart_says_where(text: bytes, field: str) -> None:
    message = wire.decode(text)

    assert isinstance(message, MalformedMessage)
    assert message.field == field


def test_a_reply_is_one_or_none() -> None:
    right = wire.key_exchange_body(0, public(), 1, 5) + bytes(40)

    message = wire.decode(enveloped(right[:3] + b"\x02" + right[4:]))

    assert message == MalformedMessage("Reply", "is neither 0x00 nor 0x01")


def test_a_public_key_has_a_q_of_20_bytes() -> None:
    key = dsa.decode_public(public())
    odd = dsa.encode_public(dsa.DsaPublic(key.p, 7, key.g, key.y))
    numbers = odd[2:] + b"\x00\x00\x00\x01" + b"\x00\x00\x00\x01\x05" + bytes(40)

    message = wire.decode(enveloped(BODY + b"\x00" + numbers))

    assert isinstance(message, MalformedMessage)
    assert message.field == "q"


def test_what_is_malformed_is_not_written() -> None:
    with pytest.raises(Malformed, match="is only ever received"):
        wire.encode(MalformedMessage("Reply", "is neither 0x00 nor 0x01"))
    with pytest.raises(Malformed, match="PUBKEY"):
        wire.encode(key_exchange(public=cast("object", public() + b"\x00")))
