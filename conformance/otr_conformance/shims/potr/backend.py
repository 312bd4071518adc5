"""What potr takes from PyCrypto, made of `cryptography` and `gmpy2`.

potr was written for PyCrypto, which is no longer built. `install` puts modules of its names in
front of potr, with exactly what potr uses of them: AES in counter mode with a counter that is
called, SHA-1, SHA-256, HMAC, DSA over a number, random numbers. potr's own code, also that around
these, runs unchanged. Nothing here is shared with the reference.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from gmpy2 import gmpy2  # the extension module itself: mypy cannot follow the package's `import *`

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Drawn", "install", "power"]

MODE_CTR: Final = 6
BLOCK: Final = 16


def power(base: int, exponent: int, modulus: int) -> int:
    """Python's `pow` of three numbers, faster."""
    return int(gmpy2.powmod(base, exponent, modulus))


class CounterMode:
    """AES whose counter is a function: each call gives the next block."""

    def __init__(self, key: bytes, counter: Callable[[], bytes]) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - counter mode, by hand
        self._counter = counter

    def encrypt(self, text: bytes) -> bytes:
        """Encrypt from a fresh block on."""
        blocks = b"".join(self._counter() for _ in range(0, len(text), BLOCK))
        stream = self._cipher.encryptor().update(blocks)
        return bytes(one ^ other for one, other in zip(text, stream, strict=False))

    decrypt = encrypt


def new_cipher(key: bytes, mode: int, *, counter: Callable[[], bytes]) -> CounterMode:
    """`AES.new`.

    Raises:
        ValueError: another mode, or a key of a wrong length.
    """
    if mode != MODE_CTR:
        message = "only counter mode is here"
        raise ValueError(message)
    return CounterMode(key, counter)


@dataclass(frozen=True, slots=True)
class Key:
    """A DSA key; `x` is 0 in a public one."""

    y: int
    g: int
    p: int
    q: int
    x: int = 0

    @property
    def key(self) -> Key:
        """The numbers, where PyCrypto has them."""
        return self

    def publickey(self) -> Key:
        """The public part."""
        return Key(self.y, self.g, self.p, self.q)

    def sign(self, message: bytes, nonce: int) -> tuple[int, int]:
        """Sign octets, taken for a number."""
        number = int.from_bytes(message, "big")
        r = power(self.g, nonce, self.p) % self.q
        inverse = pow(nonce, -1, self.q)
        return r, inverse * (number + self.x * r) % self.q

    def verify(self, message: bytes, signature: tuple[int, int]) -> bool:
        """Whether a signature is right."""
        r, s = signature
        if not (0 < r < self.q and 0 < s < self.q):
            return False
        number = int.from_bytes(message, "big")
        inverse = pow(s, -1, self.q)
        one = power(self.g, number * inverse % self.q, self.p)
        other = power(self.y, r * inverse % self.q, self.p)
        return bool(one * other % self.p % self.q == r)


def construct(numbers: tuple[int, ...]) -> Key:
    """`DSA.construct`: y, g, p, q, and x of a private key."""
    return Key(*numbers)


def generate(bits: int) -> Key:
    """`DSA.generate`."""
    made = dsa.generate_private_key(bits).private_numbers()
    public = made.public_numbers
    domain = public.parameter_numbers
    return Key(public.y, domain.g, domain.p, domain.q, made.x)


def new_hmac(key: bytes, *, msg: bytes, digestmod: ModuleType) -> hmac.HMAC:
    """`HMAC.new`; the hash is one of the modules that are made here."""
    return hmac.new(key, msg, digestmod.new)


@dataclass(slots=True)
class Drawn:
    """Random numbers, made of the seed and of whom they are drawn for: the same each time.

    A conversation goes the same way then. Nothing that potr encrypts here is secret.
    """

    _seed: int = 0
    _from: str = ""
    _begun: int = 0
    _blocks: int = 0

    def reset(self, seed: int) -> None:
        """Everything begins anew, with a seed."""
        self._seed, self._from, self._begun, self._blocks = seed, "", 0, 0

    def begin(self, who: str) -> None:
        """What is drawn from now on is for somebody else."""
        self._begun += 1
        self._from, self._blocks = f"{self._seed} {who} {self._begun}", 0

    def getrandbits(self, bits: int) -> int:
        """A random number of so many bits, or fewer."""
        octets = b""
        while len(octets) * 8 < bits:
            octets += hashlib.sha256(f"{self._from} {self._blocks}".encode()).digest()
            self._blocks += 1
        return int.from_bytes(octets, "big") >> (len(octets) * 8 - bits)

    def randrange(self, start: int, stop: int) -> int:
        """A random number, `start` included, `stop` not."""
        size = stop - start
        while (drawn := self.getrandbits(size.bit_length())) >= size:
            pass
        return start + drawn


def install(drawn: Drawn) -> None:
    """Make `import Crypto` find what is here.

    Args:
        drawn: where random numbers come from.
    """
    sha1 = _module("Crypto.Hash.SHA", new=lambda data=b"": hashlib.sha1(data))  # noqa: S324 - OTR's
    sha256 = _module("Crypto.Hash.SHA256", new=hashlib.sha256)
    mac = _module("Crypto.Hash.HMAC", new=new_hmac)
    aes = _module("Crypto.Cipher.AES", new=new_cipher, MODE_CTR=MODE_CTR)
    random = _module(
        "Crypto.Random.random", getrandbits=drawn.getrandbits, randrange=drawn.randrange
    )
    signing = _module("Crypto.PublicKey.DSA", construct=construct, generate=generate)
    _module(
        "Crypto",
        Hash=_module("Crypto.Hash", SHA=sha1, SHA256=sha256, HMAC=mac),
        Cipher=_module("Crypto.Cipher", AES=aes),
        Random=_module("Crypto.Random", random=random),
        PublicKey=_module("Crypto.PublicKey", DSA=signing),
    )


def _module(name: str, **content: object) -> ModuleType:
    """A module, where `import` looks first."""
    made = ModuleType(name)
    vars(made).update(content)
    sys.modules[name] = made
    return made
