"""ChaCha20 as RFC 8439 has it: 256 bits of key, 96 of nonce, 32 of block counter.

OTRv4 (section "Data Message") sets nonce and counter to zero, since every key encrypts one message
only. A stream cipher has no integrity: whoever guesses the plaintext can replace it, which OTR
wants, and the authenticator beside it is what keeps outsiders from doing so.

The cipher itself runs in constant time. Python copies the key, and wipes nothing.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from otr_reference.errors import Malformed

__all__ = ["KEY_OCTETS", "NONCE", "cipher"]

KEY_OCTETS: Final = 32
"""Length of a key."""

NONCE: Final = bytes(12)
"""NONCE of the section "Data Types"."""

_COUNTER_OCTETS: Final = 4


def cipher(key: bytes, data: bytes, *, nonce: bytes = NONCE, counter: int = 0) -> bytes:
    """Encrypt or decrypt, which is the same.

    Args:
        key: 32 octets: of MKenc, the first half.
        data: Any octets.
        nonce: 12 octets.
        counter: The number of the first block, from 0 to 2^32 - 1.

    Returns:
        As many octets as `data` has.

    Raises:
        Malformed: The key or the nonce has another length (fields "key" and "nonce"), or the
            counter is out of range.
    """
    if len(key) != KEY_OCTETS:
        raise Malformed(field="key", reason=f"is not {KEY_OCTETS} octets long")
    if len(nonce) != len(NONCE):
        raise Malformed(field="nonce", reason=f"is not {len(NONCE)} octets long")
    if not 0 <= counter < 1 << 8 * _COUNTER_OCTETS:
        raise Malformed(field="counter", reason="does not fit into 32 bits")
    start = counter.to_bytes(_COUNTER_OCTETS, "little") + nonce
    return Cipher(algorithms.ChaCha20(key, start), mode=None).encryptor().update(data)
