"""An encrypted file for what lasts: accounts with their keys, fingerprints, instance tags.

The file is ours; no specification covers it. Numbers are unsigned and big-endian:

    magic           16 octets   "otrspec keys" and four zero octets
    version          1 octet    1
    operations       4 octets   passes of Argon2id
    memory           8 octets   octets of memory that Argon2id fills, a multiple of 1024
    salt            16 octets
    nonce           24 octets   drawn anew for every save
    ciphertext                  XSalsa20-Poly1305 (NaCl's secretbox), 16 octets longer than the text
    checksum        32 octets   SHA-256 of everything before it

    key  = Argon2id(passphrase, salt, operations, memory), 32 octets
    text = three files in libotr's forms (see `libotr_files`): private keys, fingerprints, instance
           tags, each after its length in 4 octets

The checksum keeps no secret and stops no attacker. It tells a damaged file from a wrong passphrase,
which is what its owner wants to know. Once it holds, whatever does not decrypt is
`WrongPassphrase`; that includes a file altered on purpose, since without the key the two cannot be
told apart. Every field of the header is fixed, or goes into the key, or is covered by the
secretbox, and so none can be altered without notice. What a file may ask of the machine that opens
it is bounded before anything is derived.

This is the one module of otr_reference that touches files; the protocol never calls it.

What it cannot promise. Python copies octets and integers as it likes and cannot wipe them: the
passphrase, the derived key and the private keys stay in memory until their places are used again,
and may reach swap space or a core dump. The length of the file tells roughly how many entries it
holds. Two processes that save the same file do not damage it, but only the later save stays. On a
file system that keeps old versions, a changed passphrase does not lock those.
"""

from __future__ import annotations

import os
import tempfile
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import nacl.exceptions
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random

from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.keys.libotr_files import (
    Account,
    InstanceTag,
    KnownFingerprint,
    read_fingerprints,
    read_instance_tags,
    read_private_keys,
    write_fingerprints,
    write_instance_tags,
    write_private_keys,
)

__all__ = [
    "FILE_LIMIT",
    "INTERACTIVE",
    "MEMORY_LIMIT",
    "MODERATE",
    "OPERATIONS_LIMIT",
    "Contents",
    "Cost",
    "KeyStore",
    "WrongPassphrase",
]

FILE_LIMIT: Final = 16 << 20
"""The longest file that is read or written, in octets: some ten thousand accounts."""

OPERATIONS_LIMIT: Final = 16
"""The most passes that a file may ask for."""

MEMORY_LIMIT: Final = 1 << 30
"""The most memory that a file may ask for, in octets."""

_MAGIC: Final = b"otrspec keys".ljust(16, b"\0")
_VERSION: Final = b"\x01"
_OPERATIONS_OCTETS: Final = 4
_MEMORY_OCTETS: Final = 8
_MEMORY_UNIT: Final = 1024
_LENGTH_OCTETS: Final = 4
_CHECKSUM_OCTETS: Final = 32


class WrongPassphrase(OtrSpecError):
    """The passphrase does not open the key store, or the store was altered on purpose."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes to derive the key once, and so to try one passphrase.

    Attributes:
        operations: Passes over the memory, from 1 to `OPERATIONS_LIMIT`.
        memory: Octets, a multiple of 1024 from 8192 to `MEMORY_LIMIT`.
    """

    operations: int
    memory: int

    def check(self) -> None:
        """Refuse a cost that libsodium cannot pay, or that nobody should be made to pay.

        Raises:
            Malformed: A figure is out of range (field "operations" or "memory").
        """
        if not argon2id.OPSLIMIT_MIN <= self.operations <= OPERATIONS_LIMIT:
            raise Malformed(field="operations", reason=f"is not from 1 to {OPERATIONS_LIMIT}")
        if not argon2id.MEMLIMIT_MIN <= self.memory <= MEMORY_LIMIT or self.memory % _MEMORY_UNIT:
            reason = f"is not a multiple of 1024 from {argon2id.MEMLIMIT_MIN} to {MEMORY_LIMIT}"
            raise Malformed(field="memory", reason=reason)


INTERACTIVE: Final = Cost(argon2id.OPSLIMIT_INTERACTIVE, argon2id.MEMLIMIT_INTERACTIVE)
"""libsodium's figures for somebody who waits: 2 passes over 64 MiB."""

MODERATE: Final = Cost(argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
"""libsodium's figures for keys at rest: 3 passes over 256 MiB, below a second."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a key store holds, in the order in which it was put there."""

    accounts: tuple[Account, ...] = ()
    fingerprints: tuple[KnownFingerprint, ...] = ()
    instance_tags: tuple[InstanceTag, ...] = ()


class KeyStore:
    """An open key store: change its contents by assignment, then save.

    Attributes:
        contents: What the next save writes.
    """

    contents: Contents

    def __init__(self, path: Path, contents: Contents, cost: Cost, salt: bytes, key: bytes) -> None:
        """Use `create` or `open` instead."""
        self.contents = contents
        self._path = path
        self._cost = cost
        self._salt = salt
        self._box = SecretBox(key)

    @classmethod
    def create(cls, path: str | os.PathLike[str], passphrase: str, cost: Cost = MODERATE) -> Self:
        """Make an empty key store at a place where nothing is.

        Args:
            path: Where.
            passphrase: One code point or more. It is normalised (NFC), so that it does not matter
                which keyboard composed it.
            cost: What it shall take to try a passphrase.

        Raises:
            FileExistsError: Something is there already; it is left as it was.
            Malformed: The passphrase is empty or not Unicode text, or the cost is out of range.
            OSError: The file cannot be written.
        """
        place = Path(path).resolve()
        salt = random(argon2id.SALTBYTES)
        store = cls(place, Contents(), cost, salt, _derive(passphrase, salt, cost))
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # the place is ours
        try:
            store.save()
        except BaseException:
            place.unlink()
            raise
        return store

    @classmethod
    def open(cls, path: str | os.PathLike[str], passphrase: str) -> Self:
        """Open a key store.

        Raises:
            WrongPassphrase: The passphrase is not the one it was saved with.
            Malformed: The file is damaged or is no key store; the field says where. Or the
                passphrase is empty or not Unicode text.
            OSError: The file cannot be read.
        """
        place = Path(path).resolve()
        with place.open("rb") as file:
            data = file.read(FILE_LIMIT + 1)
        if len(data) > FILE_LIMIT:
            raise Malformed(field="key store", reason=f"is longer than {FILE_LIMIT} octets")
        reader = _Reader(data)
        if reader.take(len(_MAGIC), "magic") != _MAGIC:
            raise Malformed(field="magic", reason="is not that of a key store")
        if reader.take(len(_VERSION), "version") != _VERSION:
            raise Malformed(field="version", reason="is not 1")
        operations = reader.number(_OPERATIONS_OCTETS, "operations")
        cost = Cost(operations, reader.number(_MEMORY_OCTETS, "memory"))
        salt = reader.take(argon2id.SALTBYTES, "salt")
        nonce = reader.take(SecretBox.NONCE_SIZE, "nonce")
        ciphertext = reader.take(
            max(SecretBox.MACBYTES, reader.left - _CHECKSUM_OCTETS), "ciphertext"
        )
        if reader.take(_CHECKSUM_OCTETS, "checksum") != sha256(data[:-_CHECKSUM_OCTETS]).digest():
            raise Malformed(field="checksum", reason="does not match; the file is damaged")
        key = _derive(passphrase, salt, cost)
        try:
            text = SecretBox(key).decrypt(ciphertext, nonce)
        except nacl.exceptions.CryptoError:
            message = "the passphrase does not open the key store"
            raise WrongPassphrase(message) from None
        return cls(place, _read_text(text), cost, salt, key)

    def save(self) -> None:
        """Put the contents in the place of the file, whole or not at all.

        Whoever reads the file meanwhile finds the old one or the new one, and so does whoever
        reads it after a crash. Only its owner may read or write it.

        Raises:
            Malformed: The contents hold what the files of libotr cannot, or too much of it, or a
                key that does not pass its check. The file is left as it was.
            OSError: The file cannot be written, and is left as it was; or it has been written, but
                its directory cannot be made durable.
        """
        text = _write_text(self.contents)
        nonce = random(SecretBox.NONCE_SIZE)
        covered = b"".join(
            (
                _MAGIC,
                _VERSION,
                self._cost.operations.to_bytes(_OPERATIONS_OCTETS, "big"),
                self._cost.memory.to_bytes(_MEMORY_OCTETS, "big"),
                self._salt,
                nonce,
                self._box.encrypt(text, nonce).ciphertext,
            )
        )
        data = covered + sha256(covered).digest()
        if len(data) > FILE_LIMIT:
            raise Malformed(field="key store", reason=f"is longer than {FILE_LIMIT} octets")
        _replace(self._path, data)

    def change_passphrase(self, passphrase: str, cost: Cost = MODERATE) -> None:
        """Save under another passphrase, with another salt.

        Raises:
            Malformed: As `create` and `save`; the store keeps its passphrase.
            OSError: As `save`; the store keeps its passphrase, to be used at the next save.
        """
        before = self._cost, self._salt, self._box
        salt = random(argon2id.SALTBYTES)
        self._cost, self._salt, self._box = cost, salt, SecretBox(_derive(passphrase, salt, cost))
        try:
            self.save()
        except BaseException:
            self._cost, self._salt, self._box = before
            raise


class _Reader:
    """Takes fields off the front of some octets."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    @property
    def left(self) -> int:
        """Count the octets that were not taken."""
        return len(self._data) - self._place

    def take(self, length: int, name: str) -> bytes:
        """Take a field of a known length.

        Raises:
            Malformed: It is cut short.
        """
        if self.left < length:
            raise Malformed(field=name, reason="is cut short")
        start, self._place = self._place, self._place + length
        return self._data[start : self._place]

    def number(self, length: int, name: str) -> int:
        """Take a number of a known length."""
        return int.from_bytes(self.take(length, name), "big")


def _derive(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """Derive the key from a passphrase."""
    cost.check()
    if not passphrase:
        raise Malformed(field="passphrase", reason="is empty")
    try:
        octets = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:
        raise Malformed(field="passphrase", reason="holds half of a surrogate pair") from None
    try:
        return argon2id.kdf(SecretBox.KEY_SIZE, octets, salt, cost.operations, cost.memory)
    except nacl.exceptions.RuntimeError:
        raise Malformed(field="memory", reason="is more than this machine has to give") from None


def _write_text(contents: Contents) -> bytes:
    """Write the three files, and make sure that they can be read again."""
    files = (
        write_private_keys(contents.accounts),
        write_fingerprints(contents.fingerprints),
        write_instance_tags(contents.instance_tags),
    )
    text = b"".join(len(file).to_bytes(_LENGTH_OCTETS, "big") + file for file in files)
    _read_text(text)
    return text


def _read_text(text: bytes) -> Contents:
    """Read the three files."""
    reader = _Reader(text)
    names = ("private keys", "fingerprints", "instance tags")
    keys, fingerprints, tags = (
        reader.take(reader.number(_LENGTH_OCTETS, name), name) for name in names
    )
    if reader.left:
        raise Malformed(field="text", reason="holds more than three files")
    return Contents(
        read_private_keys(keys), read_fingerprints(fingerprints), read_instance_tags(tags)
    )


def _replace(path: Path, data: bytes) -> None:
    """Put data in the place of a file, durably, whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
