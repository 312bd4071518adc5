"""The key schedules of OTR versions 2 and 3: what is computed from a Diffie-Hellman secret.

The keys of the AKE and those of data messages (section "Computing AES keys, MAC keys, and the
secure session id"), the extra symmetric key beside the latter (section "Extra symmetric key", in
version 3 only), and the secret that SMP compares (section "Secret information"). The two functions
of the text are written out: h1(b) is SHA-1, h2(b) is SHA-256, of the byte b and then secbytes.

The sizes of what is drawn at random stand here too.
"""

from __future__ import annotations

from typing import Final

from otr_model.groups import MODP_1536
from otr_model.kernel.schedule import (
    Digest,
    Encoded,
    EndByte,
    Given,
    Hash,
    Integer,
    Part,
    Power,
    Schedule,
    Value,
)

from . import layouts

GROUP: Final = MODP_1536
"""Every Diffie-Hellman exponentiation, and all of SMP, is done in it."""

MODULUS: Final = GROUP.modulus
"""p of the text."""

COMMIT_KEY_BITS: Final = 128
"""Size of r, the key of a D-H Commit Message."""

DH_EXPONENT_BITS: Final = 320
"""Least size of a D-H private key."""

SMP_EXPONENT_BITS: Final = 1536
"""Size of a random exponent of SMP."""


# --- The shared secret ------------------------------------------------------------------------

OUR_SECRET: Final = Value("x", "x", "our D-H private key", Given())
OUR_DH: Final = Value("gx", "gx", "our D-H public key", Given())
THEIR_DH: Final = Value("gy", "gy", "their D-H public key", Given())
S: Final = Value("s", "s", "the D-H shared secret", Power(GROUP, THEIR_DH, OUR_SECRET))
SECBYTES: Final = Value(
    "secbytes", "secbytes", "what every key is made of", Encoded(layouts.SECBYTES, (S,))
)


def _h1(first: Value) -> Hash:
    """The text's h1 of one byte."""
    return Hash(Digest.SHA1, (first, SECBYTES))


def _h2(first: int) -> Hash:
    """The text's h2 of one byte."""
    return Hash(Digest.SHA256, (first, SECBYTES))


# --- The AKE ----------------------------------------------------------------------------------

H2_00: Final = Value("h2-00", "h2(0x00)", "holds ssid", _h2(0x00))
H2_01: Final = Value("h2-01", "h2(0x01)", "holds c and c'", _h2(0x01))
SSID: Final = Value("ssid", "ssid", "the secure session id", Part(H2_00, 0, 8))
C: Final = Value("c", "c", "encrypts X in a Reveal Signature Message", Part(H2_01, 0, 16))
C_PRIME: Final = Value("c-prime", "c'", "encrypts X in a Signature Message", Part(H2_01, 16, 16))
M1: Final = Value("m1", "m1", "makes M in a Reveal Signature Message", _h2(0x02))
M2: Final = Value("m2", "m2", "authenticates a Reveal Signature Message", _h2(0x03))
M1_PRIME: Final = Value("m1-prime", "m1'", "makes M in a Signature Message", _h2(0x04))
M2_PRIME: Final = Value("m2-prime", "m2'", "authenticates a Signature Message", _h2(0x05))

AKE_KEYS: Final = Schedule(
    layouts.PROTOCOL,
    "ake",
    "Keys of the AKE",
    ("Computing AES keys, MAC keys, and the secure session id",),
    "once in an AKE, from the two D-H keys that it exchanges",
    values=(
        OUR_SECRET,
        THEIR_DH,
        S,
        SECBYTES,
        H2_00,
        SSID,
        H2_01,
        C,
        C_PRIME,
        M1,
        M2,
        M1_PRIME,
        M2_PRIME,
    ),
    results=(SSID, C, C_PRIME, M1, M2, M1_PRIME, M2_PRIME),
)


# --- Data messages ----------------------------------------------------------------------------

SENDBYTE: Final = Value(
    "sendbyte", "sendbyte", "stands for our direction", EndByte(OUR_DH, THEIR_DH, 0x01, 0x02)
)
RECVBYTE: Final = Value(
    "recvbyte", "recvbyte", "stands for their direction", EndByte(OUR_DH, THEIR_DH, 0x02, 0x01)
)
H1_SEND: Final = Value("h1-send", "h1(sendbyte)", "holds the sending AES key", _h1(SENDBYTE))
H1_RECV: Final = Value("h1-recv", "h1(recvbyte)", "holds the receiving AES key", _h1(RECVBYTE))
SENDING_AES_KEY: Final = Value(
    "sending-aes-key", "sending AES key", "encrypts what we send", Part(H1_SEND, 0, 16)
)
SENDING_MAC_KEY: Final = Value(
    "sending-mac-key",
    "sending MAC key",
    "authenticates what we send",
    Hash(Digest.SHA1, (SENDING_AES_KEY,)),
)
RECEIVING_AES_KEY: Final = Value(
    "receiving-aes-key", "receiving AES key", "decrypts what we receive", Part(H1_RECV, 0, 16)
)
RECEIVING_MAC_KEY: Final = Value(
    "receiving-mac-key",
    "receiving MAC key",
    "verifies what we receive; it is revealed later",
    Hash(Digest.SHA1, (RECEIVING_AES_KEY,)),
)
EXTRA_KEY: Final = Value(
    "extra-key", "extra symmetric key", "is for the application; in version 3 only", _h2(0xFF)
)

DATA_KEYS: Final = Schedule(
    layouts.PROTOCOL,
    "data",
    "Keys of data messages",
    ("Computing AES keys, MAC keys, and the secure session id", "Extra symmetric key"),
    "for each pair of one of our D-H keys and one of theirs that a Data Message names",
    values=(
        OUR_SECRET,
        OUR_DH,
        THEIR_DH,
        S,
        SECBYTES,
        SENDBYTE,
        H1_SEND,
        SENDING_AES_KEY,
        SENDING_MAC_KEY,
        RECVBYTE,
        H1_RECV,
        RECEIVING_AES_KEY,
        RECEIVING_MAC_KEY,
        EXTRA_KEY,
    ),
    results=(
        SENDING_AES_KEY,
        SENDING_MAC_KEY,
        RECEIVING_AES_KEY,
        RECEIVING_MAC_KEY,
        EXTRA_KEY,
    ),
)


# --- SMP --------------------------------------------------------------------------------------

INITIATOR: Final = Value("initiator", "initiator fingerprint", "of who began SMP", Given())
RESPONDER: Final = Value("responder", "responder fingerprint", "of who did not", Given())
SESSION_ID: Final = Value("ssid", "ssid", "the secure session id, from the AKE", Given())
USER_SECRET: Final = Value("secret", "user-specified secret", "what the user typed", Given())
SECRET_INFORMATION: Final = Value(
    "information",
    "secret information",
    "ties what the user typed to the conversation",
    Encoded(layouts.SMP_SECRET, (INITIATOR, RESPONDER, SESSION_ID, USER_SECRET)),
)
SECRET_DIGEST: Final = Value(
    "digest", "digest", "holds x or y", Hash(Digest.SHA256, (SECRET_INFORMATION,))
)
COMPARED: Final = Value("compared", "x or y", "what SMP compares", Integer(SECRET_DIGEST))

SMP_SECRET: Final = Schedule(
    layouts.PROTOCOL,
    "smp",
    "Secret of SMP",
    ("Secret information",),
    "on each side, once the user has typed the secret",
    values=(
        INITIATOR,
        RESPONDER,
        SESSION_ID,
        USER_SECRET,
        SECRET_INFORMATION,
        SECRET_DIGEST,
        COMPARED,
    ),
    results=(COMPARED,),
)

SCHEDULES: Final = (AKE_KEYS, DATA_KEYS, SMP_SECRET)
"""Every schedule."""
