"""The key schedules of OTRv3 as data: each value, what it is made from, and how.

Three schedules: the keys of the AKE and the keys of the data messages (section "Computing AES
keys, MAC keys, and the secure session id", with "Extra symmetric key"), and the secret that SMP
compares (section "Secret information"). The specification's two hash functions are written out:
h1(b) is SHA-1 and h2(b) is SHA-256, both of the byte b and then secbytes.

A schedule lists its values in an order in which they can be computed. The reference computes them
by walking the list; diagrams and pages are printed from the same list, so that no byte constant
stands anywhere else. The group, and the sizes of what is drawn at random, stand here too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import unique
from typing import Final

from otr_model.kernel.words import Word

# Section "Encoded messages": the group of RFC 3526 with a modulus of 1536 bits.

MODULUS: Final = int(
    "FFFFFFFF FFFFFFFF C90FDAA2 2168C234 C4C6628B 80DC1CD1"
    "29024E08 8A67CC74 020BBEA6 3B139B22 514A0879 8E3404DD"
    "EF9519B3 CD3A431B 302B0A6D F25F1437 4FE1356D 6D51C245"
    "E485B576 625E7EC6 F44C42E9 A637ED6B 0BFF5CB6 F406B7ED"
    "EE386BFB 5A899FA5 AE9F2411 7C4B1FE6 49286651 ECE45B3D"
    "C2007CB8 A163BF05 98DA4836 1C55D39A 69163FA8 FD24CF5F"
    "83655D23 DCA3AD96 1C62F356 208552BB 9ED52907 7096966D"
    "670C354E 4ABC9804 F1746C08 CA237327 FFFFFFFF FFFFFFFF".replace(" ", ""),
    16,
)
"""p, the prime that every Diffie-Hellman exponentiation is done modulo."""

GENERATOR: Final = 2
"""g, and g1 of SMP."""

ORDER: Final = (MODULUS - 1) // 2
"""q, the order of the generator: what the responses of zero-knowledge proofs are reduced modulo."""

COMMIT_KEY_BITS: Final = 128
"""Size of r, the key of a D-H Commit Message."""

DH_EXPONENT_BITS: Final = 320
"""Least size of a D-H private key."""

SMP_EXPONENT_BITS: Final = 1536
"""Size of a random exponent of SMP."""


@unique
class Digest(Word):
    """A hash function."""

    SHA1 = "SHA-1"
    SHA256 = "SHA-256"

    @property
    def octets(self) -> int:
        """Length of its output."""
        match self:
            case Digest.SHA1:
                return 20
            case Digest.SHA256:
                return 32


class Making(ABC):
    """Base of the operations: how a value is made."""

    __slots__ = ()

    @property
    @abstractmethod
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The values that it takes, in order, each with what an arrow from it should say."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The operation in a few words or symbols; "" where nothing is computed."""

    @property
    def octets(self) -> int | None:
        """Length of the result; None for a number, and where it varies."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """One value of a schedule, a node of its graph. Two are equal only if they are the same one.

    Attributes:
        name: the specification's name or symbol.
        about: what it is, or what it is for.
        made: how it comes about.
    """

    name: str
    about: str
    made: Operation


@dataclass(frozen=True, slots=True, eq=False)
class Given(Making):
    """Comes from outside the schedule."""

    size: int | None = None

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """None."""
        return ()

    @property
    def text(self) -> str:
        """Empty."""
        return ""

    @property
    def octets(self) -> int | None:
        """As declared."""
        return self.size


@dataclass(frozen=True, slots=True, eq=False)
class Power(Making):
    """A number: base ** exponent modulo p."""

    base: Value
    exponent: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """Base and exponent."""
        return ((self.base, "base"), (self.exponent, "exponent"))

    @property
    def text(self) -> str:
        """As a power."""
        return f"{self.base.name} ** {self.exponent.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Mpi(Making):
    """Octets: a number as an MPI of minimum length."""

    number: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The number."""
        return ((self.number, "as an MPI"),)

    @property
    def text(self) -> str:
        """As a function."""
        return f"MPI({self.number.name})"


@dataclass(frozen=True, slots=True, eq=False)
class EndByte(Making):
    """One byte, by whether we are the "high" end: whether our number is greater than theirs."""

    ours: Value
    theirs: Value
    high: int
    low: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The two numbers that are compared."""
        return ((self.ours, "compared"), (self.theirs, "compared"))

    @property
    def text(self) -> str:
        """Both cases."""
        condition = f"{self.ours.name} > {self.theirs.name}"
        return f"{_byte(self.high)} if {condition}, otherwise {_byte(self.low)}"

    @property
    def octets(self) -> int:
        """One."""
        return 1


@dataclass(frozen=True, slots=True, eq=False)
class Hash(Making):
    """Octets: the hash of the concatenated pieces; an integer stands for that byte."""

    digest: Digest
    pieces: tuple[int | Value, ...]

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The pieces that are not constants; a constant first byte is named with each."""
        first = self.pieces[0]
        prefix = f" after {_byte(first)}" if isinstance(first, int) else ""
        says = f"{self.digest.value}{prefix}"
        return tuple((piece, says) for piece in self.pieces if isinstance(piece, Value))

    @property
    def text(self) -> str:
        """As a function."""
        names = (_byte(piece) if isinstance(piece, int) else piece.name for piece in self.pieces)
        return f"{self.digest.value}({', '.join(names)})"

    @property
    def octets(self) -> int:
        """The digest's."""
        return self.digest.octets


@dataclass(frozen=True, slots=True, eq=False)
class Part(Making):
    """Octets: a stretch of others, from octet `start`, `size` octets long."""

    whole: Value
    start: int
    size: int

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The whole."""
        return ((self.whole, self._stretch),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self._stretch} of {self.whole.name}"

    @property
    def octets(self) -> int:
        """As declared."""
        return self.size

    @property
    def _stretch(self) -> str:
        if self.start == 0:
            return f"first {8 * self.size} bits"
        return f"bits {8 * self.start} to {8 * (self.start + self.size) - 1}"


@dataclass(frozen=True, slots=True, eq=False)
class Integer(Making):
    """A number: octets as a big-endian integer."""

    whole: Value

    @property
    def sources(self) -> tuple[tuple[Value, str], ...]:
        """The octets."""
        return ((self.whole, "as an integer"),)

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.whole.name} as a big-endian integer"


Operation = Given | Power | Mpi | EndByte | Hash | Part | Integer
"""All of them, so that a type checker can tell whether a reader handles each."""


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """A key schedule.

    Attributes:
        name: what it computes, in lower case.
        sections: where the specification decides it.
        about: when it runs.
        values: everything in it, each after what it is made from.
        results: those of the values that are kept.
    """

    name: str
    sections: tuple[str, ...]
    about: str
    values: tuple[Value, ...]
    results: tuple[Value, ...]

    @property
    def givens(self) -> tuple[Value, ...]:
        """The values that come from outside."""
        return tuple(value for value in self.values if isinstance(value.made, Given))

    @property
    def edges(self) -> tuple[tuple[Value, Value, str], ...]:
        """The arrows of its graph: from, to, what it says."""
        return tuple(
            (source, value, says) for value in self.values for source, says in value.made.sources
        )


def _byte(value: int) -> str:
    """A byte as the specification writes it."""
    return f"0x{value:02x}"


# What both exchanges start from.

OUR_SECRET: Final = Value("x", "our D-H private key", Given())
OUR_DH: Final = Value("g^x", "our D-H public key", Given())
THEIR_DH: Final = Value("g^y", "their D-H public key", Given())
_S: Final = Value("s", "the D-H shared secret", Power(THEIR_DH, OUR_SECRET))
_SECBYTES: Final = Value("secbytes", "the shared secret in octets", Mpi(_S))

# The AKE: seven values.

_H2_00: Final = Value("h2(0x00)", "holds ssid", Hash(Digest.SHA256, (0x00, _SECBYTES)))
_H2_01: Final = Value("h2(0x01)", "holds c and c'", Hash(Digest.SHA256, (0x01, _SECBYTES)))
SSID: Final = Value("ssid", "the secure session id", Part(_H2_00, 0, 8))
C: Final = Value("c", "encrypts X in a Reveal Signature Message", Part(_H2_01, 0, 16))
C_PRIME: Final = Value("c'", "encrypts X in a Signature Message", Part(_H2_01, 16, 16))
M1: Final = Value(
    "m1",
    "makes the M that is signed in a Reveal Signature Message",
    Hash(Digest.SHA256, (0x02, _SECBYTES)),
)
M2: Final = Value(
    "m2", "authenticates a Reveal Signature Message", Hash(Digest.SHA256, (0x03, _SECBYTES))
)
M1_PRIME: Final = Value(
    "m1'",
    "makes the M that is signed in a Signature Message",
    Hash(Digest.SHA256, (0x04, _SECBYTES)),
)
M2_PRIME: Final = Value(
    "m2'", "authenticates a Signature Message", Hash(Digest.SHA256, (0x05, _SECBYTES))
)

AKE_KEYS: Final = Schedule(
    name="keys of the AKE",
    sections=("Computing AES keys, MAC keys, and the secure session id",),
    about="once in an AKE, from the D-H keys that the AKE exchanges",
    values=(
        OUR_SECRET,
        THEIR_DH,
        _S,
        _SECBYTES,
        _H2_00,
        SSID,
        _H2_01,
        C,
        C_PRIME,
        M1,
        M2,
        M1_PRIME,
        M2_PRIME,
    ),
    results=(SSID, C, C_PRIME, M1, M2, M1_PRIME, M2_PRIME),
)

# Data messages: four values, and the extra symmetric key.

_SENDBYTE: Final = Value(
    "sendbyte", "tells the two directions apart", EndByte(OUR_DH, THEIR_DH, high=0x01, low=0x02)
)
_RECVBYTE: Final = Value(
    "recvbyte", "tells the two directions apart", EndByte(OUR_DH, THEIR_DH, high=0x02, low=0x01)
)
_H1_SEND: Final = Value(
    "h1(sendbyte)", "holds the sending AES key", Hash(Digest.SHA1, (_SENDBYTE, _SECBYTES))
)
_H1_RECV: Final = Value(
    "h1(recvbyte)", "holds the receiving AES key", Hash(Digest.SHA1, (_RECVBYTE, _SECBYTES))
)
SENDING_AES_KEY: Final = Value("sending AES key", "encrypts what we send", Part(_H1_SEND, 0, 16))
SENDING_MAC_KEY: Final = Value(
    "sending MAC key", "authenticates what we send", Hash(Digest.SHA1, (SENDING_AES_KEY,))
)
RECEIVING_AES_KEY: Final = Value(
    "receiving AES key", "decrypts what we receive", Part(_H1_RECV, 0, 16)
)
RECEIVING_MAC_KEY: Final = Value(
    "receiving MAC key", "verifies what we receive", Hash(Digest.SHA1, (RECEIVING_AES_KEY,))
)
EXTRA_KEY: Final = Value(
    "extra symmetric key",
    "left to the application (version 3 only)",
    Hash(Digest.SHA256, (0xFF, _SECBYTES)),
)

DATA_KEYS: Final = Schedule(
    name="keys of data messages",
    sections=("Computing AES keys, MAC keys, and the secure session id", "Extra symmetric key"),
    about="for each pair of one of our D-H keys and one of theirs that a Data Message names",
    values=(
        OUR_SECRET,
        OUR_DH,
        THEIR_DH,
        _S,
        _SECBYTES,
        _SENDBYTE,
        _H1_SEND,
        SENDING_AES_KEY,
        SENDING_MAC_KEY,
        _RECVBYTE,
        _H1_RECV,
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

# SMP: what is compared.

INITIATOR_FINGERPRINT: Final = Value(
    "initiator fingerprint", "of the key of who began SMP", Given(20)
)
RESPONDER_FINGERPRINT: Final = Value(
    "responder fingerprint", "of the key of who did not", Given(20)
)
SMP_SSID: Final = Value("ssid", "the secure session id, from the keys of the AKE", Given(8))
USER_SECRET: Final = Value("user-specified secret", "what the user typed", Given())
_SMP_DIGEST: Final = Value(
    "digest",
    "binds what the user typed to the conversation",
    Hash(
        Digest.SHA256,
        (0x01, INITIATOR_FINGERPRINT, RESPONDER_FINGERPRINT, SMP_SSID, USER_SECRET),
    ),
)
SMP_SECRET_INTEGER: Final = Value("x or y", "what SMP compares", Integer(_SMP_DIGEST))

SMP_SECRET: Final = Schedule(
    name="secret of SMP",
    sections=("Secret information",),
    about="on each side, when the user has typed the secret",
    values=(
        INITIATOR_FINGERPRINT,
        RESPONDER_FINGERPRINT,
        SMP_SSID,
        USER_SECRET,
        _SMP_DIGEST,
        SMP_SECRET_INTEGER,
    ),
    results=(SMP_SECRET_INTEGER,),
)

SCHEDULES: Final = (AKE_KEYS, DATA_KEYS, SMP_SECRET)
"""All of them."""
