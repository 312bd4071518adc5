"""What reads keys: points and scalars, public keys, the files of libotr, the key store."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from otr_conformance.bytefuzz.decoder import BASE_MEMORY, Bounds, Decoder, Form
from otr_conformance.shim.keys import read_preset_key, write_preset_key
from otr_reference import ed448, keys
from otr_reference.keys import dsa, sexp
from otr_reference.keys.keystore import FILE_LIMIT, Contents, Cost, KeyStore

from .vectors import taken

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["COST", "COVERED", "DECODERS", "PASSPHRASE", "STORE_HEADER", "at_file", "box"]

PASSPHRASE: Final = "a passphrase of the fuzzer's"  # noqa: S105 - of stores that are made here
COST: Final = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
"""What the key stores of the fuzzer take to open: as little as can be."""

_SALT: Final = bytes(16)
STORE_HEADER: Final = 16 + 1 + 4 + 8 + 16
"""Octets of a key store in front of its nonce."""
COVERED: Final = 32
"""Octets of the checksum at the end of a key store."""


@cache
def _scratch() -> Path:
    """A file of this process's own, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    place = str(memory) if os.access(memory, os.W_OK) else None
    folder = tempfile.TemporaryDirectory(prefix="otrspec-bytes-", dir=place)
    _KEPT.append(folder)
    return Path(folder.name) / "input"


_KEPT: Final[list[tempfile.TemporaryDirectory[str]]] = []
"""Folders that are removed when the process ends."""


def at_file(data: bytes, name: str = "input") -> Path:
    """A file that has these octets; the next call with that name takes its place.

    Args:
        data: what is in it.
        name: of the file, in a folder of this process's own; it may have folders in it.
    """
    path = _scratch().with_name(name) if "/" not in name else _scratch().parent / name
    try:
        path.write_bytes(data)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return path


def _keys() -> Iterator[dsa.DsaPrivate]:
    """Long-term keys, always the same."""
    from otr_conformance.vectors.otrv3.material import dsa_key  # noqa: PLC0415 - for seeds alone

    yield from (dsa_key("alice"), dsa_key("bob"))


def _accounts() -> tuple[keys.Account, ...]:
    names = ("alice@example.org", 'ö "quoted" \\')
    return tuple(keys.Account(n, "prpl-jabber", k) for n, k in zip(names, _keys(), strict=True))


_KNOWN: Final = (
    keys.KnownFingerprint("bob", "alice@example.org", "prpl-jabber", bytes(range(20)), "smp"),
    keys.KnownFingerprint("eve", "alice@example.org", "prpl-jabber", bytes(20), ""),
)
_TAGS: Final = (
    keys.InstanceTag("alice@example.org", "prpl-jabber", 0x100),
    keys.InstanceTag("alice@example.org", "irc", 0xFFFFFFFF),
)


def box() -> SecretBox:
    """What seals the key stores of the fuzzer."""
    return SecretBox(_key())


@cache
def _key() -> bytes:
    octets = PASSPHRASE.encode()
    return argon2id.kdf(SecretBox.KEY_SIZE, octets, _SALT, COST.operations, COST.memory)


def _stores() -> Iterator[bytes]:
    """Key stores: empty, and with something of everything."""
    files = (
        (b"(privkeys\n)\n", b"", b""),
        (
            keys.write_private_keys(_accounts()[:1]),
            keys.write_fingerprints(_KNOWN),
            keys.write_instance_tags(_TAGS),
        ),
    )
    for three in files:
        text = b"".join(len(file).to_bytes(4, "big") + file for file in three)
        head = b"otrspec keys".ljust(16, b"\0") + b"\x01"
        head += COST.operations.to_bytes(4, "big") + COST.memory.to_bytes(8, "big") + _SALT
        nonce = bytes(SecretBox.NONCE_SIZE)
        covered = head + nonce + box().encrypt(text, nonce).ciphertext
        yield covered + sha256(covered).digest()


def _store(data: bytes) -> object:
    return KeyStore.open(at_file(data), PASSPHRASE).contents


def _writes_store(value: object) -> bytes:
    """The private keys of a store, in their form; the rest has decoders of its own."""
    contents = cast("Contents", value)
    three = (
        keys.write_private_keys(contents.accounts),
        keys.write_fingerprints(contents.fingerprints),
        keys.write_instance_tags(contents.instance_tags),
    )
    text = b"".join(len(file).to_bytes(4, "big") + file for file in three)
    head = b"otrspec keys".ljust(16, b"\0") + b"\x01"
    head += COST.operations.to_bytes(4, "big") + COST.memory.to_bytes(8, "big") + _SALT
    nonce = bytes(SecretBox.NONCE_SIZE)
    covered = head + nonce + box().encrypt(text, nonce).ciphertext
    return covered + sha256(covered).digest()


def _sexps() -> Iterator[bytes]:
    yield keys.write_private_keys(_accounts())
    yield from (
        b"(a)",
        b'(a "b\\n\\x41\\101" #00 FF# |AAAA| 3:a b)',
        b'(a 3"abc" 2#4142# 3|QUJD|)',
        b"(" * 16 + b")" * 16,
        b"(privkeys (account (name x)(protocol y)))",
        b'(privkeys "a\\\r\nb")',
    )


def _writes_sexp(value: object) -> bytes:
    return sexp.write(cast("sexp.Expression", value))


def _writes_private(value: object) -> bytes:
    return keys.write_private_keys(cast("tuple[keys.Account, ...]", value))


def _writes_fingerprints(value: object) -> bytes:
    """Write fingerprints; of a trust with blanks in it libotr keeps less."""
    return keys.write_fingerprints(cast("tuple[keys.KnownFingerprint, ...]", value))


def _writes_tags(value: object) -> bytes:
    return keys.write_instance_tags(cast("tuple[keys.InstanceTag, ...]", value))


def _public_anywhere(data: bytes) -> object:
    """A key behind one octet, with whatever else behind it."""
    return dsa.read_public(data, 1 if data else 0)


def _presets() -> Iterator[bytes]:
    yield from map(write_preset_key, _keys())


def _points() -> Iterator[bytes]:
    yield from taken("otrv4", "groups", "point", "point")


def _scalars() -> Iterator[bytes]:
    yield from taken("otrv4", "groups", "scalar", "scalar")


def _point(data: bytes) -> object:
    """Read a point, as if it were the first time."""
    return ed448.decode.__wrapped__(data)


def _strict(data: bytes) -> object:
    return ed448.decode_scalar_strict(data)


def _writes_scalar(value: object) -> bytes:
    return ed448.encode_scalar(cast("int", value))


def _writes_public(value: object) -> bytes:
    return dsa.encode_public(cast("dsa.DsaPublic", value))


def _always(_data: bytes, _value: object) -> bool:
    """An encoding of which every value has one."""
    return True


_KEYS: Final = "otr_reference.keys."

DECODERS: Final = (
    Decoder(
        "keys.point",
        ("otr_reference.ed448.decode",),
        Form.BINARY,
        _point,
        _points,
        write=lambda value: cast("ed448.Point", value).encode(),
        canonical=_always,
    ),
    Decoder(
        "keys.scalar",
        ("otr_reference.ed448.decode_scalar",),
        Form.BINARY,
        ed448.decode_scalar,
        _scalars,
        write=_writes_scalar,
    ),
    Decoder(
        "keys.scalar.strict",
        ("otr_reference.ed448.decode_scalar_strict",),
        Form.BINARY,
        _strict,
        _scalars,
        write=_writes_scalar,
        canonical=_always,
    ),
    Decoder(
        "keys.dsa",
        (f"{_KEYS}dsa.decode_public",),
        Form.BINARY,
        dsa.decode_public,
        lambda: islice(taken("otrv3", "long-term-keys", "public key"), 24),
        write=_writes_public,
        canonical=_always,
    ),
    Decoder(
        "keys.dsa.inside",
        (f"{_KEYS}dsa.read_public",),
        Form.BINARY,
        _public_anywhere,
        lambda: (
            b"x" + k + b"behind" for k in islice(taken("otrv3", "long-term-keys", "public key"), 8)
        ),
    ),
    Decoder(
        "keys.preset",
        ("otr_conformance.shim.keys.read_preset_key",),
        Form.BINARY,
        read_preset_key,
        _presets,
        write=lambda value: write_preset_key(cast("dsa.DsaPrivate", value)),
        canonical=_always,
    ),
    Decoder(
        "keys.sexp",
        (f"{_KEYS}sexp.read",),
        Form.SEXP,
        sexp.read,
        _sexps,
        write=_writes_sexp,
    ),
    Decoder(
        "keys.private-keys",
        (f"{_KEYS}libotr_files.read_private_keys",),
        Form.SEXP,
        keys.read_private_keys,
        lambda: (keys.write_private_keys(_accounts()[:1]), *_sexps()),
        write=_writes_private,
    ),
    Decoder(
        "keys.fingerprints",
        (f"{_KEYS}libotr_files.read_fingerprints",),
        Form.LINES,
        keys.read_fingerprints,
        lambda: (keys.write_fingerprints(_KNOWN), keys.write_fingerprints(_KNOWN[:1])),
        write=_writes_fingerprints,
    ),
    Decoder(
        "keys.instance-tags",
        (f"{_KEYS}libotr_files.read_instance_tags",),
        Form.LINES,
        keys.read_instance_tags,
        lambda: (keys.write_instance_tags(_TAGS), keys.write_instance_tags(())),
        write=_writes_tags,
    ),
    Decoder(
        "keys.store",
        (f"{_KEYS}keystore.KeyStore.open",),
        Form.STORE,
        _store,
        _stores,
        write=_writes_store,
        bounds=Bounds(work=256, base_memory=FILE_LIMIT + BASE_MEMORY),
    ),
)
"""Every decoder of keys."""
