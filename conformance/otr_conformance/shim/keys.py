"""Long-term keys as `new` takes them: the OTR PUBKEY, then the private value x as an MPI."""

from __future__ import annotations

from typing import Final

from otr_reference.errors import Malformed
from otr_reference.keys.dsa import DsaPrivate, encode_public, read_public

__all__ = ["read_preset_key", "write_preset_key"]

_LENGTH_OCTETS: Final = 4


def write_preset_key(private: DsaPrivate) -> bytes:
    """Write a long-term key for the field `key`."""
    x = private.x.to_bytes((private.x.bit_length() + 7) // 8, "big")
    return encode_public(private.public) + len(x).to_bytes(_LENGTH_OCTETS, "big") + x


def read_preset_key(data: bytes) -> DsaPrivate:
    """Read the field `key`; whether the halves belong together is not checked.

    Raises:
        Malformed: It is not a PUBKEY with an MPI, without leading zeros, after it.
    """
    public, place = read_public(data)
    x = data[place + _LENGTH_OCTETS :]
    if len(data) < place + _LENGTH_OCTETS or x[:1] == b"\0":
        raise Malformed(field="x", reason="is cut short or has leading zero octets")
    if int.from_bytes(data[place : place + _LENGTH_OCTETS], "big") != len(x):
        raise Malformed(field="x", reason="has another length than its MPI says")
    return DsaPrivate(public, int.from_bytes(x, "big"))
