"""Client Profiles, Prekey Profiles and ensembles: what is signed is what was received."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, cast

import pytest
import second_encoding as second
from hypothesis import given
from hypothesis import strategies as st

from otr_model.otrv4 import layouts
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv4.messages import ClientProfile, PrekeyEnsemble, PrekeyProfile
from otr_reference.otrv4.wire import (
    client_profile,
    decode_client_profile,
    decode_ensemble,
    decode_prekey_message,
    decode_prekey_profile,
    encode_client_profile,
    encode_prekey_profile,
    prekey_profile,
    transitional_body,
    write_client_profile_body,
    write_prekey_profile_body,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_reference.sorts import EddsaSignature, Octets, Point, PublicKey, Signature

H: Final = b"H" * 57
F: Final = b"F" * 57
DSA: Final = dsa.encode_public(dsa.DsaPublic(p=2**1023 + 1, q=2**159 + 1, g=2, y=3))
SIGNATURE: Final = b"s" * 114
SIGNED: Final = b"r" * 20 + b"t" * 20

FIELDS: Final[dict[int, bytes]] = {
    1: b"\0\0\1\0",
    2: b"\x10\0" + H,
    3: b"\x12\0" + F,
    4: b"\0\0\0\2" + b"34",
    5: b"\0\0\0\0\x65\0\0\0",
    6: DSA,
    7: SIGNED,
}


def field(kind: int, value: bytes | None = None) -> bytes:
    """A field with its type."""
    return kind.to_bytes(2, "big") + (FIELDS[kind] if value is None else value)


def body(kinds: Iterable[int]) -> bytes:
    """The number of fields, and the fields."""
    listed = list(kinds)
    return len(listed).to_bytes(4, "big") + b"".join(map(field, listed))


def octets(value: bytes) -> Octets:
    return cast("Octets", value)


def plain(*values: object) -> tuple[object, ...]:
    """Values of sorts, to compare with bytes."""
    return values


def fault(value: bytes) -> str:
    """What is wrong with a Client Profile."""
    with pytest.raises(Malformed) as caught:
        decode_client_profile(value)
    return str(caught.value)


# --- Section "Client Profile Data Type" -------------------------------------------------------


def test_a_profile_is_laid_out_as_the_specification_says() -> None:
    written = body(range(1, 8)) + SIGNATURE

    profile = decode_client_profile(written)

    assert profile == ClientProfile(
        owner_tag=0x100,
        public_key=cast("Point", H),
        forging_key=cast("Point", F),
        versions=frozenset({3, 4}),
        expiration=0x65000000,
        dsa_key=cast("PublicKey", DSA),
        transitional=cast("Signature", SIGNED),
        body=octets(written[:-114]),
        transitional_body=octets(written[4 : -114 - 42]),
        signature=cast("EddsaSignature", SIGNATURE),
    )
    assert encode_client_profile(profile) == written
    assert client_profile(written[:-114], SIGNATURE) == profile


@pytest.mark.parametrize(
    "kinds", [(1, 2, 3, 4, 5), (5, 4, 3, 2, 1), (1, 2, 3, 4, 5, 6), (7, 1, 3, 5, 2, 4)]
)
def test_optional_fields_may_be_missing_and_any_order_is_kept(kinds: tuple[int, ...]) -> None:
    profile = decode_client_profile(body(kinds) + SIGNATURE)

    assert profile.owner_tag == 0x100
    assert plain(profile.public_key, profile.forging_key) == (H, F)
    assert (profile.dsa_key is None) == (6 not in kinds)
    assert (profile.transitional is None) == (7 not in kinds)
    assert profile.body == octets(body(kinds))
    unsigned = b"".join(field(kind) for kind in kinds if kind != 7)
    assert profile.transitional_body == (octets(unsigned) if 7 in kinds else None)
    assert transitional_body(body(kinds)) == unsigned


def test_every_order_is_another_body_of_the_same_profile() -> None:
    profiles = [
        decode_client_profile(body(kinds) + SIGNATURE) for kinds in permutations(range(1, 6))
    ]
    said = {
        (each.owner_tag, each.public_key, each.forging_key, each.versions, each.expiration)
        for each in profiles
    }
    assert len(said) == 1
    assert len({cast("bytes", each.body) for each in profiles}) == len(profiles) == 120


TAGS: Final = st.integers(0, 2**32 - 1)
POINTS: Final = st.binary(min_size=57, max_size=57)
DATES: Final = st.integers(-(2**63), 2**63 - 1)
WRITTEN: Final = st.fixed_dictionaries(
    {
        "owner_tag": TAGS,
        "public_key": POINTS,
        "forging_key": POINTS,
        "versions": st.frozensets(st.integers(1, 9)),
        "expiration": DATES,
        "dsa_key": st.none() | st.just(DSA),
        "transitional": st.none() | st.binary(min_size=40, max_size=40),
    }
)


@given(WRITTEN, st.binary(min_size=114, max_size=114))
def test_every_profile_is_read_as_it_was_written(said: dict[str, Any], signature: bytes) -> None:
    signed = write_client_profile_body(**said)
    profile = client_profile(signed, signature)
    assert {name: getattr(profile, name) for name in said} == said
    assert plain(profile.body, profile.signature) == (signed, signature)
    assert decode_client_profile(encode_client_profile(profile)) == profile

    string = "".join(map(str, sorted(said["versions"]))).encode()
    fields = second.ClientProfileFields(
        said["owner_tag"],
        said["public_key"],
        said["forging_key"],
        string,
        said["expiration"],
        said["dsa_key"],
        said["transitional"],
    )
    assert second.client_profile_signed(fields) == signed
    assert second.transitional_signed(fields) == transitional_body(signed)


@pytest.mark.parametrize(
    ("string", "versions"),
    [
        (b"", set()),
        (b"4", {4}),
        (b"34", {3, 4}),
        (b"43", {3, 4}),
        (b"4434", {3, 4}),
        (b"124", {1, 2, 4}),
        (b"4x\0\xff0", {4}),
        (b"45", {4, 5}),
    ],
)
def test_a_version_string_lists_versions_in_any_order(string: bytes, versions: set[int]) -> None:
    changed = body(range(1, 6)).replace(field(4), field(4, len(string).to_bytes(4, "big") + string))
    assert client_profile(changed, SIGNATURE).versions == versions


@pytest.mark.parametrize("date", [0, -1, 2**63 - 1, -(2**63), 1_700_000_000])
def test_an_expiration_has_a_sign(date: int) -> None:
    encoded = field(5, date.to_bytes(8, "big", signed=True))
    assert (
        client_profile(body(range(1, 6)).replace(field(5), encoded), SIGNATURE).expiration == date
    )


# --- What is not a Client Profile -------------------------------------------------------------

GOOD: Final = body(range(1, 8)) + SIGNATURE


@pytest.mark.parametrize("missing", range(1, 6))
def test_a_profile_without_a_required_field_is_malformed(missing: int) -> None:
    kinds = [kind for kind in range(1, 8) if kind != missing]
    title = layouts.PROFILE_FIELDS[missing].layout.title
    assert fault(body(kinds) + SIGNATURE) == f"{title}: is missing"


@pytest.mark.parametrize("twice", range(1, 8))
def test_a_profile_with_a_field_twice_is_malformed(twice: int) -> None:
    # The other fields are as many as can be, so that their number alone is no reason.
    dropped = next(kind for kind in (7, 6, 5) if kind != twice)
    kinds = [kind for kind in range(1, 8) if kind != dropped]
    title = layouts.PROFILE_FIELDS[twice].layout.title
    assert fault(body([*kinds, twice]) + SIGNATURE) == f"{title}: is there twice"
    assert fault(body([*kinds[:2], twice, twice, *kinds[3:]]) + SIGNATURE).endswith(
        "is there twice"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"\0\0\0\x06" + GOOD[4:], "Client Profile: is followed by other bytes"),
        (b"\0\0\0\x05" + GOOD[4:], "Client Profile: is followed by other bytes"),
        (b"\0\0\0\x04" + GOOD[4:], "Number of Fields: is not 5 to 7"),
        (b"\0\0\0\x08" + GOOD[4:], "Number of Fields: is not 5 to 7"),
        (b"\xff\xff\xff\xff" + GOOD[4:], "Number of Fields: is not 5 to 7"),
        (body(range(1, 6)).replace(b"\5", b"\6", 1) + SIGNATURE, "Field type: is that of no field"),
        (
            GOOD.replace(field(7), field(7).replace(b"\7", b"\x08")),
            "Field type: is that of no field",
        ),
        (GOOD.replace(field(7), b"\0\0" + SIGNED), "Field type: is that of no field"),
        (GOOD.replace(b"\x10\0H", b"\0\x10H"), "Pubkey type: is not 16"),
        (GOOD.replace(b"\x12\0F", b"\x10\0F"), "Pubkey type: is not 18"),
        (GOOD.replace(field(4), field(4, b"\xff\xff\xff\xff34")), "Version string: is cut short"),
        (GOOD.replace(field(6), field(6, b"\0\1" + DSA[2:])), "Pubkey type: is not 0"),
        (GOOD + b"\0", "Client Profile: is followed by other bytes"),
        (b"", "Number of Fields: is cut short"),
    ],
)
def test_the_fault_of_a_profile_is_named(value: bytes, expected: str) -> None:
    assert fault(value) == expected


def test_every_beginning_of_a_profile_is_malformed() -> None:
    for size in range(len(GOOD)):
        assert "cut short" in fault(GOOD[:size])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_overlooked(place: int, change: int) -> None:
    changed = bytearray(GOOD)
    changed[place] ^= change
    try:
        profile = decode_client_profile(bytes(changed))
    except Malformed:
        return
    assert encode_client_profile(profile) == changed
    assert profile != decode_client_profile(GOOD)


@given(st.binary(max_size=400))
def test_whatever_it_is_there_is_a_profile_or_a_fault(value: bytes) -> None:
    for data in (value, b"\0\0\0\5" + value, body(range(1, 6))[:-10] + value):
        try:
            profile = decode_client_profile(data)
        except Malformed:
            continue
        assert encode_client_profile(profile) == data


def key(p: int, q: int, g: int = 2, y: int = 3) -> bytes:
    return dsa.encode_public(dsa.DsaPublic(p, q, g, y))


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        (key(2**16384 - 1, 2**159 + 1), ""),
        (key(2**16384, 2**159 + 1), "p: is longer than 2052 bytes"),
        (key(2**1023 + 1, 2**151 + 1), "q: is not 20 bytes long"),
        (key(2**1023 + 1, 2**160), "q: is not 20 bytes long"),
        (key(2**1023 + 1, 2**159 + 1, g=2**16384), "g: is longer than 2052 bytes"),
        (key(2**1023 + 1, 2**159 + 1, y=2**16384), "y: is longer than 2052 bytes"),
        (DSA.replace(b"\0\0\0\1\3", b"\0\0\0\2\0\3"), "y: has leading zero bytes"),
    ],
)
def test_a_dsa_key_is_one_that_version_3_reads(public: bytes, expected: str) -> None:
    value = GOOD.replace(DSA, public)
    if expected:
        assert fault(value) == expected
        return
    assert plain(decode_client_profile(value).dsa_key) == (public,)
    assert dsa.encode_public(dsa.decode_public(public)) == public


def test_a_profile_has_a_largest_size() -> None:
    room = layouts.PROFILE_MOST - len(body(range(1, 8))) + 2

    def profile(size: int) -> bytes:
        return GOOD.replace(field(4), field(4, size.to_bytes(4, "big") + b"4" * size))

    assert decode_client_profile(profile(room)).versions == {4}
    assert fault(profile(room + 1)) == "Fields: is longer than 8192 bytes"
    with pytest.raises(Malformed, match="Fields: is longer than 8192 bytes"):
        client_profile(profile(room + 1)[:-114], SIGNATURE)


def test_a_body_and_a_signature_do_not_lend_each_other_bytes() -> None:
    for size in (0, 113, 115, 200):
        with pytest.raises(Malformed, match="Client Profile Signature: is not 114 bytes long"):
            client_profile(GOOD[:-size] if size else GOOD, b"s" * size)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"owner_tag": 2**32}, "Instance tag: is more than 4294967295"),
        ({"public_key": b"short"}, "H: is not 57 bytes long"),
        ({"forging_key": b"short"}, "F: is not 57 bytes long"),
        ({"versions": frozenset({10})}, "versions: are not of one digit"),
        ({"versions": frozenset({0})}, "versions: are not of one digit"),
        ({"expiration": 2**63}, "Expiration: is not -9223372036854775808 to 9223372036854775807"),
        ({"transitional": b"short"}, "DSA signature: is not 40 bytes long"),
    ],
)
def test_what_a_profile_cannot_hold_is_not_written(change: dict[str, Any], expected: str) -> None:
    said: dict[str, Any] = {
        "owner_tag": 256,
        "public_key": H,
        "forging_key": F,
        "versions": frozenset({4}),
        "expiration": 0,
    }
    with pytest.raises(Malformed) as caught:
        write_client_profile_body(**said | change)
    assert str(caught.value) == expected


# --- Section "Prekey Profile Data Type" -------------------------------------------------------

D: Final = b"D" * 57
PREKEYS: Final = b"\0\0\1\0" + b"\xff" * 8 + b"\x11\0" + D


def test_a_prekey_profile_is_laid_out_as_the_specification_says() -> None:
    profile = decode_prekey_profile(PREKEYS + SIGNATURE)
    assert profile == PrekeyProfile(
        256, -1, cast("Point", D), octets(PREKEYS), cast("EddsaSignature", SIGNATURE)
    )
    assert prekey_profile(PREKEYS, SIGNATURE) == profile
    assert encode_prekey_profile(profile) == PREKEYS + SIGNATURE


@given(TAGS, DATES, POINTS)
def test_every_prekey_profile_is_read_as_it_was_written(tag: int, date: int, point: bytes) -> None:
    signed = write_prekey_profile_body(owner_tag=tag, expiration=date, shared_prekey=point)
    assert signed == second.prekey_profile_signed(tag, date, point)
    profile = prekey_profile(signed, SIGNATURE)
    assert plain(profile.owner_tag, profile.expiration, profile.shared_prekey) == (tag, date, point)
    assert decode_prekey_profile(encode_prekey_profile(profile)) == profile


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (PREKEYS[:-1] + SIGNATURE[:-2], "Prekey Profile Signature: is cut short"),
        (PREKEYS + SIGNATURE + b"\0", "Prekey Profile: is followed by other bytes"),
        (PREKEYS.replace(b"\x11\0", b"\0\x11") + SIGNATURE, "Shared Prekey type: is not 17"),
        (PREKEYS.replace(b"\x11", b"\x10") + SIGNATURE, "Shared Prekey type: is not 17"),
        (b"", "Prekey Profile owner's instance tag: is cut short"),
    ],
)
def test_the_fault_of_a_prekey_profile_is_named(value: bytes, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode_prekey_profile(value)
    assert str(caught.value) == expected


def test_every_beginning_of_a_prekey_profile_is_malformed() -> None:
    whole = PREKEYS + SIGNATURE
    for size in range(len(whole)):
        with pytest.raises(Malformed, match="cut short"):
            decode_prekey_profile(whole[:size])
    with pytest.raises(Malformed, match="is not 114 bytes long"):
        prekey_profile(PREKEYS[:-1], SIGNATURE + b"s")


def test_an_ensemble_is_three_things_that_a_server_keeps() -> None:
    message = b"\0\4\x0f" + b"\1\2\3\4" + b"\0\0\1\0" + b"Y" * 57 + b"\0\0\0\1\x05"
    whole = PREKEYS + SIGNATURE

    ensemble = decode_ensemble(GOOD, whole, message)

    assert ensemble == PrekeyEnsemble(
        decode_client_profile(GOOD), decode_prekey_profile(whole), decode_prekey_message(message)
    )
    for parts in ((GOOD[1:], whole, message), (GOOD, GOOD, message), (GOOD, whole, GOOD)):
        with pytest.raises(Malformed):
            decode_ensemble(*parts)


# --- Cost -------------------------------------------------------------------------------------


class Counting(bytes):
    """Bytes that count how many of them are copied out."""

    copied = 0

    def __getitem__(self, at: SupportsIndex | slice) -> int | bytes:  # type: ignore[override]  # counts
        found = super().__getitem__(at)
        self.copied += len(found) if isinstance(found, bytes) else 1
        return found


@pytest.mark.parametrize("size", [0, 4000, 10**6])
def test_each_byte_of_a_profile_is_copied_a_few_times(size: int) -> None:
    value = Counting(GOOD.replace(field(4), field(4, size.to_bytes(4, "big") + b"4" * size)))
    try:
        decode_client_profile(value)
    except Malformed as refused:
        assert str(refused) == "Fields: is longer than 8192 bytes"  # noqa: PT017 - both are tried
    assert value.copied <= 10 * len(value)
