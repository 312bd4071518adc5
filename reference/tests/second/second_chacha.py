"""ChaCha20 as in RFC 8439 section 2, with the text's parameters of "Data Message Format"."""

import struct

NONCE = bytes(12)


def _rotate(word: int, count: int) -> int:
    """Rotate a 32-bit word to the left."""
    return (word << count | word >> (32 - count)) & 0xFFFFFFFF


def quarter_round(state: list[int], a: int, b: int, c: int, d: int) -> None:
    """One quarter round on four words of the state (RFC 8439 sections 2.1 and 2.2)."""
    for first, second, third, count in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[first] = (state[first] + state[second]) & 0xFFFFFFFF
        state[third] = _rotate(state[third] ^ state[first], count)


def block(key: bytes, counter: int, nonce: bytes) -> bytes:
    """One block of key stream (RFC 8439 section 2.3)."""
    initial = [
        0x61707865,
        0x3320646E,
        0x79622D32,
        0x6B206574,
        *struct.unpack("<8L", key),
        counter,
        *struct.unpack("<3L", nonce),
    ]
    state = list(initial)
    for _ in range(10):
        quarter_round(state, 0, 4, 8, 12)
        quarter_round(state, 1, 5, 9, 13)
        quarter_round(state, 2, 6, 10, 14)
        quarter_round(state, 3, 7, 11, 15)
        quarter_round(state, 0, 5, 10, 15)
        quarter_round(state, 1, 6, 11, 12)
        quarter_round(state, 2, 7, 8, 13)
        quarter_round(state, 3, 4, 9, 14)
    words = ((one + two) & 0xFFFFFFFF for one, two in zip(state, initial, strict=True))
    return struct.pack("<16L", *words)


def chacha20(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt (RFC 8439 section 2.4)."""
    output = bytearray()
    for start in range(0, len(data), 64):
        stream = block(key, counter + start // 64, nonce)
        output += bytes(x ^ y for x, y in zip(data[start : start + 64], stream, strict=False))
    return bytes(output)


def encrypt(mk_enc: bytes, message: bytes) -> bytes:
    """Encrypt or decrypt under the first 32 octets of MKenc, nonce 0, first block 0.

    "When you send a Data Message".
    """
    return chacha20(mk_enc[:32], 0, NONCE, message)
