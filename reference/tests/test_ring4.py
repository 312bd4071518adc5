"""Ring signatures: who can make one, who takes it, and what it tells about the signer.

`by_the_text` is RSig for a known place of the key, step by step as the text has it, with the curve
of the reference and nothing of its ring module.
"""

from __future__ import annotations

from hashlib import shake_256
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otr_reference.ed448 import (
    BASE,
    IDENTITY,
    ORDER,
    KeyPair,
    Point,
    decode,
    forging_key,
    hash_and_prune,
    hash_uniform,
    keypair,
)
from otr_reference.errors import Malformed
from otr_reference.otrv4.ring import (
    RANDOMS,
    SIGNATURE_OCTETS,
    Keys,
    RingSignature,
    challenge,
    decode_signature,
    encode_signature,
    sign,
    verify,
)
from otr_reference.shake import shake256

PLACES = st.integers(min_value=0, max_value=2)


def drawn(seed: int) -> tuple[bytes, ...]:
    """Make nine random values out of a number."""
    stream = shake256(b"randoms" + seed.to_bytes(4, "big"), 9 * 57)
    return tuple(stream[at : at + 57] for at in range(0, 9 * 57, 57))


PAIRS = tuple(keypair(shake256(bytes((n,)), 57)) for n in range(3))
KEYS: Keys = (PAIRS[0].public.encode(), PAIRS[1].public.encode(), PAIRS[2].public.encode())


def by_the_text(place: int, message: bytes, randoms: tuple[bytes, ...]) -> RingSignature:
    """RSig of the key at this place."""
    value = dict(zip(RANDOMS, (hash_and_prune(octets) for octets in randoms), strict=True))
    points = [decode(key) for key in KEYS]
    committed = [
        BASE * value[f"t{n}"] if n == place + 1 else BASE * value[f"r{n}"] + point * value[f"c{n}"]
        for n, point in enumerate(points, start=1)
    ]
    hashed = b"OTRv4\x1a" + BASE.encode() + ORDER.to_bytes(57, "little")
    for point in (*points, *committed):
        hashed += point.encode()
    c = int.from_bytes(shake_256(hashed + message).digest(57), "little")
    mine, (other, another) = place + 1, [n for n in (1, 2, 3) if n != place + 1]
    value[f"c{mine}"] = (c - value[f"c{other}"] - value[f"c{another}"]) % ORDER
    nonce, secret = value[f"t{mine}"], PAIRS[place].secret
    value[f"r{mine}"] = (nonce - value[f"c{mine}"] * secret) % ORDER
    return RingSignature(*(value[name] % ORDER for name in ("c1", "r1", "c2", "r2", "c3", "r3")))


@given(PLACES, st.binary(max_size=50), st.integers(min_value=0, max_value=1 << 20))
@settings(max_examples=30)
def test_each_of_three_signs_as_the_text_says(place: int, message: bytes, seed: int) -> None:
    randoms = drawn(seed)
    signature = sign(KEYS, PAIRS[place].secret, message, randoms)
    assert signature == by_the_text(place, message, randoms)
    assert signature == sign(KEYS, PAIRS[place].secret % ORDER, message, randoms)
    assert verify(KEYS, signature, message)
    assert not verify(KEYS, signature, message + b"\0")
    assert all(0 <= scalar < ORDER for scalar in signature)


@pytest.mark.parametrize("place", range(3))
def test_a_signature_with_uniform_scalars_is_one_too(place: int) -> None:
    signature = sign(KEYS, PAIRS[place].secret, b"m", drawn(1), hash_uniform)
    assert verify(KEYS, signature, b"m")
    assert signature != sign(KEYS, PAIRS[place].secret, b"m", drawn(1))


@given(
    PLACES,
    st.integers(min_value=0, max_value=5),
    st.integers(min_value=1, max_value=ORDER - 1),
)
@settings(max_examples=20)
def test_every_scalar_counts(place: int, changed: int, by: int) -> None:
    scalars = list(sign(KEYS, PAIRS[place].secret, b"m", drawn(2)))
    scalars[changed] = (scalars[changed] + by) % ORDER
    assert not verify(KEYS, RingSignature(*scalars), b"m")


def test_the_order_of_the_keys_counts() -> None:
    signature = sign(KEYS, PAIRS[0].secret, b"m", drawn(3))
    for a, b, c in permutations(KEYS):
        keys = (a, b, c)
        assert verify(keys, signature, b"m") == (keys == KEYS)


def test_a_key_without_a_private_half_may_be_in_the_ring() -> None:
    """As the forging key of most users is."""
    keys = (forging_key(b"nobody").encode(), KEYS[1], KEYS[2])
    assert verify(keys, sign(keys, PAIRS[1].secret, b"m", drawn(4)), b"m")


def test_two_others_may_be_the_same_key() -> None:
    keys = (KEYS[0], KEYS[0], KEYS[2])
    assert verify(keys, sign(keys, PAIRS[2].secret, b"m", drawn(5)), b"m")


@pytest.mark.parametrize(
    ("keys", "secret"),
    [
        (KEYS, 12345),
        (KEYS, 0),
        ((KEYS[0], KEYS[0], KEYS[2]), PAIRS[0].secret),
        ((KEYS[0], KEYS[1], KEYS[0]), PAIRS[0].secret),
        ((KEYS[2], KEYS[2], KEYS[2]), PAIRS[2].secret),
    ],
    ids=["a stranger", "zero", "twice", "twice again", "three times"],
)
def test_only_whoever_is_in_the_ring_once_signs(keys: Keys, secret: int) -> None:
    with pytest.raises(Malformed) as caught:
        sign(keys, secret, b"m", drawn(6))
    assert caught.value.field == "secret"
    assert caught.value.reason == "is not that of exactly one key"


def test_whichever_key_is_known_the_same_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same multiplications of the same points, all of them secret, and the same draws."""
    times = Point._times
    seen: list[tuple[Point, bool]] = []

    def watched(self: Point, scalar: int, *, public: bool) -> Point:
        seen.append((self, public))
        return times(self, scalar, public=public)

    class Watched:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def __getitem__(self, index: int) -> bytes:
            self.asked.append(index)
            return drawn(11)[index]

    monkeypatch.setattr(Point, "_times", watched)
    runs = []
    for pair in PAIRS:
        randoms = Watched()
        seen.clear()
        sign(KEYS, pair.secret, b"m", randoms)
        runs.append((tuple(seen), tuple(randoms.asked)))
    first, second, third = runs
    assert first == second == third
    points, asked = first
    assert points == tuple(
        (point, False) for point in (BASE, *(p for key in KEYS for p in (BASE, decode(key))))
    )
    assert asked == tuple(range(9))


NOT_KEYS = {
    "the identity": (IDENTITY.encode(), "is not of order q"),
    "order 2": (b"\xfe" + b"\xff" * 27 + b"\xfe" + b"\xff" * 27 + b"\0", "is not of order q"),
    "order 4": (bytes(57), "is not of order q"),
    "order 4q": ((BASE + decode(bytes(57))).encode(), "is not of order q"),
    "not on the curve": (b"\2" + bytes(56), "is not on the curve"),
    "short": (bytes(56), "is not 57 octets long"),
}


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("name", NOT_KEYS)
def test_a_ring_of_anything_else_than_keys_is_refused(name: str, place: int) -> None:
    bad, reason = NOT_KEYS[name]
    a, b, c = (bad if at == place else key for at, key in enumerate(KEYS))
    signature = sign(KEYS, PAIRS[0].secret, b"m", drawn(7))
    assert not verify((a, b, c), signature, b"m")
    with pytest.raises(Malformed) as caught:
        sign((a, b, c), PAIRS[(place + 1) % 3].secret, b"m", drawn(7))
    assert (caught.value.field, caught.value.reason) == (f"A{place + 1}", reason)


def test_without_the_check_of_order_a_key_could_be_in_the_ring_that_everybody_knows() -> None:
    """The identity has the private half 0: its signature needs no secret, and is refused."""
    keys = (IDENTITY.encode(), KEYS[1], KEYS[2])
    t, c2, c3, r2, r3 = (hash_uniform(octets) for octets in drawn(8)[:5])
    commitments = [
        (BASE * t).encode(),
        (BASE * r2 + PAIRS[1].public * c2).encode(),
        (BASE * r3 + PAIRS[2].public * c3).encode(),
    ]
    c1 = (challenge(keys, commitments, b"m") - c2 - c3) % ORDER
    forged = RingSignature(c1, t, c2, r2, c3, r3)
    assert challenge(keys, commitments, b"m") == (c1 + c2 + c3) % ORDER
    assert not verify(keys, forged, b"m")


# --- What a signature tells -----------------------------------------------------------------------


def suspect(signature: RingSignature) -> set[int]:
    """Guess who signed: a pair that does not leave 2 or 3 modulo 4 was not drawn and pruned."""
    pairs = (signature[0:2], signature[2:4], signature[4:6])
    return {place for place, pair in enumerate(pairs) if any(scalar % 4 < 2 for scalar in pair)}


def signed_by(pair: KeyPair, *, uniform: bool) -> list[RingSignature]:
    """Collect signatures that one key makes."""
    draw = hash_uniform if uniform else hash_and_prune
    return [sign(KEYS, pair.secret, b"m", drawn(n), draw) for n in range(24)]


@pytest.mark.parametrize("place", range(3))
def test_pruned_scalars_give_the_signer_away(place: int) -> None:
    """The text's own rule: most signatures name one key, and it is always the right one."""
    suspects = [suspect(signature) for signature in signed_by(PAIRS[place], uniform=False)]
    assert all(named <= {place} for named in suspects)
    assert sum(named == {place} for named in suspects) >= 12  # three in four are expected


@pytest.mark.parametrize("place", range(3))
def test_uniform_scalars_do_not(place: int) -> None:
    suspects = [suspect(signature) for signature in signed_by(PAIRS[place], uniform=True)]
    assert any(place not in named for named in suspects)
    assert any(named - {place} for named in suspects)


# --- On the wire ----------------------------------------------------------------------------------


@given(PLACES)
@example(0)
@settings(max_examples=5)
def test_a_signature_survives_the_wire(place: int) -> None:
    signature = sign(KEYS, PAIRS[place].secret, b"m", drawn(9))
    data = encode_signature(signature)
    assert len(data) == SIGNATURE_OCTETS == 342
    assert data == b"".join(scalar.to_bytes(57, "little") for scalar in signature)
    assert decode_signature(data) == signature


@given(st.binary(min_size=SIGNATURE_OCTETS, max_size=SIGNATURE_OCTETS))
@settings(max_examples=20)
def test_any_octets_of_the_right_length_are_read_and_refused(data: bytes) -> None:
    signature = decode_signature(data)
    assert all(0 <= scalar < ORDER for scalar in signature)
    assert not verify(KEYS, signature, b"m")


@pytest.mark.parametrize("length", [0, SIGNATURE_OCTETS - 1, SIGNATURE_OCTETS + 1])
def test_octets_of_another_length_are_not_a_signature(length: int) -> None:
    with pytest.raises(Malformed) as caught:
        decode_signature(bytes(length))
    assert caught.value.field == "RING-SIG"


def test_a_scalar_that_is_not_reduced_is_taken_all_the_same() -> None:
    """So that a signature can be rewritten into another one by anybody, as SCALAR's rule has it."""
    signature = sign(KEYS, PAIRS[0].secret, b"m", drawn(10))
    rewritten = signature._replace(r1=signature.r1 + ORDER)
    assert verify(KEYS, rewritten, b"m")
    assert encode_signature(rewritten) != encode_signature(signature)
    assert decode_signature(encode_signature(rewritten)) == signature
