"""The hashes of OTRv4: SHAKE-256 itself, its usages, and scalars made of it."""

from __future__ import annotations

from hashlib import shake_256

import pytest
from Crypto.Hash import SHAKE256
from hypothesis import given
from hypothesis import strategies as st

from otr_model.otrv4.usages import PREFIX, Function, Usage, Use
from otr_reference.ed448 import ORDER
from otr_reference.errors import Malformed
from otr_reference.otrv4.kdf import hash_to_scalar, hcmac, hwc, kdf, under_byte
from otr_reference.shake import shake256

VALUES = st.lists(st.binary(max_size=100), max_size=4)


@pytest.mark.parametrize(
    ("message", "output"),
    [
        ("", "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"),
        ("0f", "aabb07488ff9edd05d6a603b7791b60a16d45093608f1badc0c9cc9a9154f215"),
        (  # one octet less than the rate
            (
                "362f1eb00b37a9613b1ae82b90452579d42f8b1f9ede95f86badc6cdf04c9b79af08be4bc94d7cac"
                "136979026b92a2d44d2b642ea1431b47d75fce61367919f171486a007cc271d19de0d1c4c6a11c7a"
                "2251fe3aee0bb8938a7dd043d0eb0758a4768c95cc9f6f1703075839487879b47c29c10b2c3e5326"
                "ac8f363c65aa4ef76f1b8bd363eb60"
            ),
            "c6ce60c1852ea780ed845aac4ca6a30e09f5c0064c9675865178717cfeb1dc97",
        ),
        (  # the rate
            (
                "d8f12b97f81d47aebbfb7314ff04172cf2be71c3778e238bcccdeecb691fbd542b00e5b7b1a0abb5"
                "07f107f781fea700ea7e375fdea9e029754a0ea62216774bda3c59e8783d022360fe9625621c0d93"
                "e27f7bc03632942150716f019d048a752ccc0f93139c55df0f4aaa066a0550cf22e8c54e47d0475b"
                "a56b9842a392ffbc6bd98f1e4b64abd1"
            ),
            "e2e1c432dd07c2ee89a78f31211c92eeb5306c4fa4db93c4e5cd43080d6079e4",
        ),
        (  # more than one block of output
            "8d8001e2c096f1b88e7c9224a086efd4797fbf74a8033a2d422a2b6b8f6747e4",
            (
                "2e975f6a8a14f0704d51b13667d8195c219f71e6345696c49fa4b9d08e9225d3d39393425152c97e"
                "71dd24601c11abcfa0f12f53c680bd3ae757b8134a9c10d429615869217fdd5885c4db174985703a"
                "6d6de94a667eac3023443a8337ae1bc601b76d7d38ec3c34463105f0d3949d78e562a039e4469548"
                "b609395de5a4fd43c46ca9fd6ee29ada5efc07d84d553249450dab4a49c483ded250c9338f85cd93"
                "7ae66bb436f3b4026e859fda1ca571432f3bfc09e7c03ca4d183b741111ca0483d0edabc03feb23b"
                "17ee48e844ba2408d9dcfd0139d2e8c7310125aee801c61ab7900d1efc47c078281766f361c5e611"
                "1346235e1dc38325666c"
            ),
        ),
    ],
    ids=["no octet", "one octet", "135 octets", "136 octets", "250 octets of output"],
)
def test_shake256_is_that_of_fips_202(message: str, output: str) -> None:
    """Vectors of NIST's CAVP for byte-oriented implementations of FIPS 202."""
    expected = bytes.fromhex(output)
    assert shake256(bytes.fromhex(message), len(expected)) == expected


@given(st.binary(max_size=300), st.integers(min_value=0, max_value=300))
def test_pycryptodome_hashes_the_same(data: bytes, size: int) -> None:
    hashed = shake256(data, size)
    assert hashed == SHAKE256.new(data).read(size)
    assert len(hashed) == size
    assert shake256(data, size + 1)[:size] == hashed


# --- Usages ---------------------------------------------------------------------------------------


def test_the_usage_ids_are_all_bytes_from_0_to_1a() -> None:
    assert [usage.byte for usage in Usage] == list(range(0x1B))
    assert PREFIX == b"OTRv4"


def test_a_usage_says_what_it_is_for() -> None:
    for usage in Usage:
        use = usage.value
        assert isinstance(use, Use)
        assert (usage.byte, usage.size, usage.function) == (use.byte, use.size, use.function)
        assert usage.meaning == use.about
        assert use.section
    assert Usage.EXTRA_SYMM_KEY.label == "extra-symm-key"


def test_the_sizes_are_those_of_the_text() -> None:
    """Everything is 64 bytes, but for what is listed here."""
    assert {usage: usage.size for usage in Usage if usage.size != 64} == {
        Usage.FINGERPRINT: 56,
        Usage.THIRD_BRACE_KEY: 32,
        Usage.BRACE_KEY: 32,
        Usage.SSID: 8,
        Usage.SMP_SECRET: 57,
        Usage.AUTH: 57,
    }


def test_macs_are_two_and_hashes_are_what_is_signed_shown_or_compared() -> None:
    of = {function: {u for u in Usage if u.function is function} for function in Function}
    assert of[Function.HCMAC] == {Usage.AUTH_MAC, Usage.AUTHENTICATOR}
    assert of[Function.HWC] == {
        Usage.FINGERPRINT,
        Usage.SSID,
        Usage.AUTH_R_BOB_CLIENT_PROFILE,
        Usage.AUTH_R_ALICE_CLIENT_PROFILE,
        Usage.AUTH_R_PHI,
        Usage.AUTH_I_BOB_CLIENT_PROFILE,
        Usage.AUTH_I_ALICE_CLIENT_PROFILE,
        Usage.AUTH_I_PHI,
        Usage.NON_INT_AUTH_BOB_CLIENT_PROFILE,
        Usage.NON_INT_AUTH_ALICE_CLIENT_PROFILE,
        Usage.NON_INT_AUTH_PHI,
        Usage.SMP_SECRET,
        Usage.AUTH,
    }


# --- The three functions --------------------------------------------------------------------------

CALL = {Function.KDF: kdf, Function.HWC: hwc, Function.HCMAC: hcmac}


@given(st.sampled_from(list(Usage)), VALUES, st.integers(min_value=0, max_value=200))
def test_a_usage_hashes_prefix_byte_and_values(usage: Usage, values: list[bytes], n: int) -> None:
    whole = b"OTRv4" + bytes((usage.byte,)) + b"".join(values)
    call = CALL[usage.function]
    assert call(usage, *values, size=n) == shake_256(whole).digest(n)
    assert call(usage, *values) == shake_256(whole).digest(usage.size)
    assert under_byte(usage.byte, *values, size=n) == call(usage, *values, size=n)


@pytest.mark.parametrize("usage", list(Usage))
def test_a_usage_belongs_to_one_function(usage: Usage) -> None:
    for function, call in CALL.items():
        if function is usage.function:
            assert len(call(usage, b"value")) == usage.size
        else:
            with pytest.raises(Malformed) as caught:
                call(usage, b"value")
            assert (caught.value.field, caught.value.reason) == (
                "usage",
                f"is not one of {function.name}",
            )


def test_two_usages_of_the_same_values_have_nothing_in_common() -> None:
    outputs = {CALL[usage.function](usage, b"same", size=8) for usage in Usage}
    assert len(outputs) == len(Usage)


@pytest.mark.parametrize("byte", [-1, 256])
def test_what_is_no_byte_is_refused(byte: int) -> None:
    for refused in (lambda: under_byte(byte, size=1), lambda: hash_to_scalar(byte)):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "usage"


def test_a_negative_size_is_refused() -> None:
    for refused in (lambda: kdf(Usage.ROOT_KEY, size=-1), lambda: under_byte(1, size=-1)):
        with pytest.raises(Malformed) as caught:
            refused()
        assert caught.value.field == "size"


# --- HashToScalar ---------------------------------------------------------------------------------


@given(VALUES, st.integers(min_value=0, max_value=255))
def test_hash_to_scalar_is_57_bytes_little_endian_modulo_q(values: list[bytes], byte: int) -> None:
    hashed = shake_256(b"OTRv4" + bytes((byte,)) + b"".join(values)).digest(57)
    assert hash_to_scalar(byte, *values) == int.from_bytes(hashed, "little") % ORDER
    assert hash_to_scalar(Usage.AUTH, *values) == hash_to_scalar(0x1A, *values)


def test_the_proofs_of_smp_share_their_bytes_with_usages() -> None:
    """The text tells the proofs apart by 0x01 to 0x08, which are the ids of other uses as well."""
    shared = {usage for usage in Usage if 0x01 <= usage.byte <= 0x08}
    assert Usage.THIRD_BRACE_KEY in shared
    assert len(shared) == 8
    key = kdf(Usage.THIRD_BRACE_KEY, b"point", size=57)
    assert hash_to_scalar(0x01, b"point") == int.from_bytes(key, "little") % ORDER


def test_a_key_is_not_hashed_to_a_scalar() -> None:
    with pytest.raises(Malformed) as caught:
        hash_to_scalar(Usage.ROOT_KEY, b"")
    assert caught.value.reason == "is not one of HWC"
