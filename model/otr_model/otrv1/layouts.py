"""The layouts of OTRv1 that its exchange needs.

The Key Exchange Message is laid out as the description of version 1 has it. The Data Message is
less than that of version 1: D-H keys are not rotated here, and so it has no key ids, no next D-H
key and no old MAC keys.
"""

from __future__ import annotations

from typing import Final

from otr_model.kernel.layout import Field, Layout
from otr_model.otrv3.layouts import Type

PROTOCOL: Final = "otrv1"
VERSION: Final = 1
QUERY: Final = b"?OTR?"
"""What a Query Message contains."""

MARKER: Final = b"?OTR:"
"""What an encoded message begins with."""


def _message(name: str, kind: int, title: str, about: str, *fields: Field) -> Layout:
    header = (
        Field("version", "Protocol version", Type.SHORT, "1", value=VERSION),
        Field("type", "Message type", Type.BYTE, title, value=kind),
    )
    return Layout(PROTOCOL, name, title, title, about, (*header, *fields), (VERSION,))


KEY_EXCHANGE: Final = _message(
    "key-exchange",
    0x0A,
    "OTR Key Exchange",
    "shows the sender's public key and D-H key",
    Field("reply", "Reply", Type.BYTE, "0x01 if it answers a Key Exchange Message, else 0x00"),
    Field("p", "DSA p", Type.MPI, "of the public key"),
    Field("q", "DSA q", Type.MPI, "of the public key"),
    Field("g", "DSA g", Type.MPI, "of the public key"),
    Field("e", "DSA e", Type.MPI, "of the public key; elsewhere it is called y"),
    Field("keyid", "Sender keyid", Type.INT, "the number of the D-H key, greater than 0"),
    Field("y", "DH y", Type.MPI, "the D-H key"),
    Field("signature", "Signature", Type.SIG, "of the SHA-1 hash of everything before it"),
)

DATA: Final = _message(
    "data",
    0x03,
    "OTR Data",
    "carries a text",
    Field("counter", "Top half of counter init", Type.CTR, "not 0, and higher than before"),
    Field("encrypted", "Encrypted message", Type.DATA, "the text, in AES128-CTR"),
    Field("mac", "SHA1-HMAC", Type.MAC, "of everything before it"),
)
