"""Long-term keys as the request `new` carries them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_conformance.shim.keys import read_preset_key, write_preset_key
from otr_reference.errors import Malformed
from otr_reference.keys.dsa import DsaPrivate, DsaPublic, encode_public

PUBLIC = DsaPublic(p=0xB10B, q=2**159 + 1, g=4, y=0x80)


@given(st.integers(0, 2**160))
def test_a_key_is_read_as_it_was_written(x: int) -> None:
    key = read_preset_key(write_preset_key(DsaPrivate(PUBLIC, x)))

    assert key.public == PUBLIC
    assert key.x == x


def test_the_private_value_follows_the_public_key() -> None:
    written = write_preset_key(DsaPrivate(PUBLIC, 0x1234))

    assert written == encode_public(PUBLIC) + bytes((0, 0, 0, 2, 0x12, 0x34))


@pytest.mark.parametrize(
    "tail",
    [b"", b"\0\0\0", b"\0\0\0\x02\x12", b"\0\0\0\x01\x12\x34", b"\0\0\0\x02\0\x34"],
    ids=["absent", "no length", "too short", "too long", "leading zero"],
)
def test_a_private_value_that_is_no_mpi_is_malformed(tail: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_preset_key(encode_public(PUBLIC) + tail)

    assert caught.value.field == "x"


@given(st.binary(max_size=80))
def test_reading_is_total(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_preset_key(data)
