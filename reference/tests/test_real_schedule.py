"""The key schedules of RealSuite, against the same computations written straight from the text.

The second computations use `pow`, hashlib and integers; nothing of the model's schedules.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import asdict
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otr_model.groups import MODP_1536
from otr_model.otrv3.schedules import (
    AKE_KEYS,
    DATA_KEYS,
    INITIATOR,
    OUR_DH,
    OUR_SECRET,
    RESPONDER,
    SESSION_ID,
    SMP_SECRET,
    THEIR_DH,
    USER_SECRET,
)
from otr_reference.arith import is_prime
from otr_reference.errors import Malformed
from otr_reference.keys import DsaPrivate, DsaPublic
from otr_reference.otrv3.messages import DataKeys, DhPair
from otr_reference.otrv3.real import RealSuite
from otr_reference.otrv3.schedule import compute

if TYPE_CHECKING:
    from otr_model.kernel.schedule import Schedule, Value

SUITE: Final = RealSuite()

P: Final = MODP_1536.modulus
SECRETS: Final = st.integers(1 << 319, (1 << 320) - 1)

# A group of DSA's shape, small enough to be quick: p has 256 bits, q has 160.
DSA_P: Final = 0xCD2CDAC1A979A05357FFB4DEC32F73FB8CC2D88A7427548B54A6B3986CFBB60B
DSA_Q: Final = 0xDEB561A4216363698B529B4A97B750923CEB4027
DSA_G: Final = 0x3F3C809CA33F08518FF82ECD81F32C5FF46250385ED19DDCF97A71862766ACD4

SESSKEYS: Final = shutil.which("otr_sesskeys")


def signing_key(x: int) -> DsaPrivate:
    """A long-term key in the small group."""
    return DsaPrivate(DsaPublic(DSA_P, DSA_Q, DSA_G, pow(DSA_G, x, DSA_P)), x)


def pair(x: int) -> DhPair:
    """A D-H key pair, its public half computed here."""
    return DhPair(secret=SUITE.scalar(x), public=SUITE.element(pow(2, x, P)))


def mpi(number: int) -> bytes:
    """Write an MPI."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return len(octets).to_bytes(4, "big") + octets


def h1(first: int, s: int) -> bytes:
    """The text's h1."""
    return sha1(bytes((first,)) + mpi(s), usedforsecurity=False).digest()


def h2(first: int, s: int) -> bytes:
    """The text's h2."""
    return sha256(bytes((first,)) + mpi(s)).digest()


def expected_ake_keys(s: int) -> dict[str, object]:
    """Section "Computing AES keys, MAC keys, and the secure session id"."""
    return {
        "ssid": h2(0, s)[:8],
        "reveal": {"c": h2(1, s)[:16], "m1": h2(2, s), "m2": h2(3, s)},
        "signature": {"c": h2(1, s)[16:], "m1": h2(4, s), "m2": h2(5, s)},
    }


def expected_data_keys(s: int, *, high: bool) -> dict[str, object]:
    """The same section, and "Extra symmetric key"."""
    sendbyte, recvbyte = (1, 2) if high else (2, 1)
    sending, receiving = h1(sendbyte, s)[:16], h1(recvbyte, s)[:16]
    return {
        "sending": sending,
        "sending_mac": sha1(sending, usedforsecurity=False).digest(),
        "receiving": receiving,
        "receiving_mac": sha1(receiving, usedforsecurity=False).digest(),
        "extra": h2(0xFF, s),
    }


def arctan_of_inverse(x: int, one: int) -> int:
    """Arctan(1 / x) in units of 1 / one, by its series."""
    total = term = one // x
    divisor, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // divisor)
        divisor, sign = divisor + 2, -sign
    return total


def test_the_group_is_that_of_rfc_3526() -> None:
    # The RFC gives the prime as 2^1536 - 2^1472 - 1 + 2^64 * (floor(2^1406 pi) + 741804); pi here
    # comes from Machin's formula, with 64 bits to spare.
    one = 1 << (1406 + 64)
    pi = 4 * (4 * arctan_of_inverse(5, one) - arctan_of_inverse(239, one))
    prime = 2**1536 - 2**1472 - 1 + 2**64 * ((pi >> 64) + 741804)

    assert MODP_1536.modulus == prime
    assert MODP_1536.size == 192
    assert is_prime(MODP_1536.modulus)
    assert is_prime(MODP_1536.order)
    assert pow(MODP_1536.generator, MODP_1536.order, prime) == 1


@given(SECRETS, SECRETS)
def test_both_sides_of_an_ake_compute_the_keys_of_the_text(x: int, y: int) -> None:
    bob, alice = pair(x), pair(y)

    bobs = asdict(SUITE.ake_keys(bob.secret, alice.public))
    alices = asdict(SUITE.ake_keys(alice.secret, bob.public))

    assert bobs == alices == expected_ake_keys(pow(2, x * y, P))


@given(SECRETS, SECRETS)
def test_both_ends_of_data_messages_compute_the_keys_of_the_text(x: int, y: int) -> None:
    assume(x != y)
    ours, theirs = pair(x), pair(y)
    high = pow(2, x, P) > pow(2, y, P)

    here = SUITE.data_keys(ours, theirs.public)
    there = SUITE.data_keys(theirs, ours.public)

    assert asdict(here) == expected_data_keys(pow(2, x * y, P), high=high)
    assert there == DataKeys(
        sending=here.receiving,
        sending_mac=here.receiving_mac,
        receiving=here.sending,
        receiving_mac=here.sending_mac,
        extra=here.extra,
    )


def test_equal_keys_make_both_ends_low_so_that_neither_reads_the_other() -> None:
    ours = pair(1 << 319)

    keys = SUITE.data_keys(ours, ours.public)

    assert asdict(keys) == expected_data_keys(pow(2, 1 << 638, P), high=False)
    assert SUITE.to_bytes(keys.sending) != SUITE.to_bytes(keys.receiving)


def test_a_shared_secret_with_a_leading_zero_byte_is_hashed_without_it() -> None:
    y = (1 << 319) + 1
    theirs = pow(2, y, P)
    s, x = theirs, 1
    while s.bit_length() > 8 * 191:
        s, x = s * theirs % P, x + 1

    keys = SUITE.ake_keys(SUITE.scalar(x), SUITE.element(theirs))

    assert len(mpi(s)) == 4 + 191
    assert s == pow(theirs, x, P)
    assert asdict(keys) == expected_ake_keys(s)


@pytest.mark.parametrize("theirs", [0, 1, P - 1, P, P + 2, 1 << 10_000])
def test_any_number_from_the_network_has_keys(theirs: int) -> None:
    x = (1 << 320) - 1
    s = pow(theirs, x, P)

    assert asdict(SUITE.ake_keys(SUITE.scalar(x), SUITE.element(theirs))) == expected_ake_keys(s)
    assert asdict(SUITE.data_keys(pair(x), SUITE.element(theirs))) == expected_data_keys(
        s, high=pow(2, x, P) > theirs
    )


@given(
    st.integers(1, DSA_Q - 1),
    st.integers(1, DSA_Q - 1),
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=64),
)
def test_the_secret_of_smp_is_that_of_the_text(a: int, b: int, ssid: bytes, typed: bytes) -> None:
    keys = [SUITE.signing_key(signing_key(x)) for x in (a, b)]
    initiator, responder = (SUITE.public_key(key) for key in keys)

    secret = SUITE.smp_secret(initiator, responder, SUITE.octets(ssid), SUITE.passphrase(typed))

    fingerprints = b"".join(
        sha1(
            mpi(DSA_P) + mpi(DSA_Q) + mpi(DSA_G) + mpi(pow(DSA_G, x, DSA_P)), usedforsecurity=False
        ).digest()
        for x in (a, b)
    )
    digest = sha256(b"\1" + fingerprints + ssid + typed).digest()
    assert SUITE.to_int(secret) == int.from_bytes(digest, "big")


@pytest.mark.parametrize(
    ("schedule", "numbers", "octets"),
    [
        (AKE_KEYS, {OUR_SECRET: 3, THEIR_DH: 5}, {}),
        (DATA_KEYS, {OUR_SECRET: 3, OUR_DH: 8, THEIR_DH: 5}, {}),
        (
            SMP_SECRET,
            {},
            {INITIATOR: bytes(20), RESPONDER: bytes(20), SESSION_ID: bytes(8), USER_SECRET: b""},
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_every_value_of_a_schedule_is_computed_and_has_its_declared_size(
    schedule: Schedule, numbers: dict[Value, int], octets: dict[Value, bytes]
) -> None:
    computed = compute(schedule, numbers, octets)

    assert {*computed.numbers, *computed.octets} == {*schedule.values}
    for value, found in computed.octets.items():
        assert value.made.size in {None, len(found)}


def test_a_value_that_its_layout_has_no_room_for_is_refused() -> None:
    short = {INITIATOR: bytes(19), RESPONDER: bytes(20), SESSION_ID: bytes(8), USER_SECRET: b""}

    with pytest.raises(Malformed, match="Initiator fingerprint: is not 20 bytes long"):
        compute(SMP_SECRET, {}, short)


@pytest.mark.libotr
@pytest.mark.skipif(SESSKEYS is None, reason="otr_sesskeys, of libotr's toolkit, is not installed")
@pytest.mark.parametrize(
    ("x", "y"), [((1 << 320) - 1, 1 << 319), (1 << 319, (1 << 320) - 1)], ids=("one", "other")
)
def test_libotrs_toolkit_computes_the_same_data_keys(x: int, y: int) -> None:
    theirs = pow(2, y, P)

    answer = subprocess.run(  # noqa: S603 - the tool that `which` found, on numbers of ours
        [str(SESSKEYS), f"{x:080x}", f"{theirs:0384x}"], check=True, capture_output=True, text=True
    ).stdout

    high = pow(2, x, P) > theirs
    keys = SUITE.data_keys(pair(x), SUITE.element(theirs))
    assert f"the {'high' if high else 'low'} end" in answer
    assert printed(answer) == {
        "Our public key": pow(2, x, P).to_bytes(192, "big"),
        "Session id": h1(0, pow(theirs, x, P)),
        "Sending   AES key": SUITE.to_bytes(keys.sending),
        "Sending   MAC key": SUITE.to_bytes(keys.sending_mac),
        "Receiving AES key": SUITE.to_bytes(keys.receiving),
        "Receiving MAC key": SUITE.to_bytes(keys.receiving_mac),
    }


def printed(answer: str) -> dict[str, bytes]:
    """What the tool printed: a title, a colon and hex digits, which can go on in further lines."""
    return {
        title.strip(): bytes.fromhex(digits)
        for title, digits in re.findall(r"^([\w ]+):((?:\s+[0-9a-f]+)+)\s*$", answer, re.MULTILINE)
    }
