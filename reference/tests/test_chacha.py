"""ChaCha20 against RFC 8439, and against libsodium by way of its authenticated cipher."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_aead_chacha20poly1305_ietf_KEYBYTES,
)

from otr_reference.chacha import KEY_OCTETS, NONCE, cipher
from otr_reference.errors import Malformed

KEYS = st.binary(min_size=KEY_OCTETS, max_size=KEY_OCTETS)
BLOCK = 64


def test_the_keystream_of_the_rfc() -> None:
    """RFC 8439, appendix A.1, vector 1: all zero, as OTRv4 has nonce and counter."""
    assert cipher(bytes(32), bytes(BLOCK)) == bytes.fromhex(
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
        "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    )


def test_the_encryption_of_the_rfc() -> None:
    """RFC 8439, appendix A.2, vector 3."""
    key = bytes.fromhex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0")
    nonce = bytes.fromhex("000000000000000000000002")
    text = (
        b"'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\n"
        b"All mimsy were the borogoves,\nAnd the mome raths outgrabe."
    )
    assert cipher(key, text, nonce=nonce, counter=42) == bytes.fromhex(
        "62e6347f95ed87a45ffae7426f27a1df5fb69110044c0d73118effa95b01e5cf166d3df2d721caf9"
        "b21e5fb14c616871fd84c54f9d65b283196c7fe4f60553ebf39c6402c42234e32a356b3e764312a6"
        "1a5532055716ead6962568f87d3f3f7704c6a8d1bcd1bf4d50d6154b6da731b187b58dfd728afa36"
        "757a797ac188d1"
    )


@given(KEYS, st.binary(max_size=300), st.binary(min_size=12, max_size=12))
def test_libsodium_encrypts_the_same_from_the_second_block_on(
    key: bytes, text: bytes, nonce: bytes
) -> None:
    """The AEAD spends block 0 on the key of its MAC, and encrypts from block 1."""
    assert crypto_aead_chacha20poly1305_ietf_KEYBYTES == KEY_OCTETS
    sealed = crypto_aead_chacha20poly1305_ietf_encrypt(text, None, nonce, key)
    assert cipher(key, text, nonce=nonce, counter=1) == sealed[: len(text)]
    assert cipher(key, bytes(BLOCK) + text, nonce=nonce)[BLOCK:] == sealed[: len(text)]


@given(KEYS, st.binary(max_size=300))
def test_decrypting_is_encrypting_again(key: bytes, text: bytes) -> None:
    sealed = cipher(key, text)
    assert len(sealed) == len(text)
    assert cipher(key, sealed) == text
    assert cipher(key, text, nonce=NONCE, counter=0) == sealed


@pytest.mark.parametrize(
    ("key", "nonce", "counter", "field"),
    [
        (31, 12, 0, "key"),
        (33, 12, 0, "key"),
        (64, 12, 0, "key"),  # MKenc as a whole
        (32, 8, 0, "nonce"),
        (32, 16, 0, "nonce"),
        (32, 12, -1, "counter"),
        (32, 12, 1 << 32, "counter"),
    ],
)
def test_what_does_not_fit_is_refused(key: int, nonce: int, counter: int, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        cipher(bytes(key), b"text", nonce=bytes(nonce), counter=counter)
    assert caught.value.field == field
