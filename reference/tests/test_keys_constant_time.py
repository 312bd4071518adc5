"""Equality of secrets: equality, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otr_reference.constant_time import same


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_same_is_equality(a: bytes, b: bytes) -> None:
    assert same(a, b) == (a == b)
    assert same(a, bytes(a))


@given(st.binary(min_size=1, max_size=64), st.data())
def test_one_bit_is_enough_to_differ(a: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(min_value=0, max_value=8 * len(a) - 1))
    b = (int.from_bytes(a, "big") ^ 1 << bit).to_bytes(len(a), "big")
    assert not same(a, b)


def test_a_prefix_differs_and_nothing_equals_nothing() -> None:
    assert same(b"", b"")
    assert not same(b"", b"\0")
    assert not same(b"key", b"key\0")
