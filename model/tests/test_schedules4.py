"""The key schedules of OTRv4 as data, and the operations that they need."""

from __future__ import annotations

import json

import pytest

from otr_model.kernel.schedule import (
    Chosen,
    Given,
    Hash,
    Multiple,
    Octets,
    Pruned,
    Schedule,
    Shake,
    Usage,
    Value,
)
from otr_model.kernel.table import IllFormed
from otr_model.otrv4 import schedules as s
from otr_model.otrv4.ambiguities import AMBIGUITIES, EXTRA_KEYS, K_DH
from otr_model.otrv4.groups4 import ED448
from otr_model.otrv4.usages import PREFIX
from otr_model.otrv4.usages import Usage as Usages

SCALAR = Value("scalar", "a", "a scalar", Given())
POINT = Value("point", "B", "a point", Given(57))
ANY = Value("any", "any", "octets of any size", Given())
LEFT = Value("left", "left", "a number", Given())
RIGHT = Value("right", "right", "a number", Given())
SHARED = Value("shared", "K", "a shared point", Multiple(ED448, SCALAR, POINT))
PUBLIC = Value("public", "A", "a public key", Multiple(ED448, SCALAR))
KEY = Value(
    "key",
    "key",
    "a key",
    Shake((0xFF, SHARED, ANY), 32, "KDF", b"OTRv4", Usage("usage_test", 0x2A)),
)
BARE = Value("bare", "bare", "a hash", Shake((KEY,), 114))
NUMBER = Value("number", "n", "a scalar", Pruned(BARE, 2, 447))
WRITTEN = Value("written", "w", "a number", Octets(NUMBER, 60))
LOWER = Value("lower", "lower", "the lower number", Chosen(LEFT, RIGHT, LEFT, RIGHT))
CHOSEN = Value("chosen", "chosen", "a point", Chosen(LEFT, RIGHT, SHARED, PUBLIC))
ALL = (
    SCALAR,
    POINT,
    ANY,
    LEFT,
    RIGHT,
    SHARED,
    PUBLIC,
    KEY,
    BARE,
    NUMBER,
    WRITTEN,
    LOWER,
    CHOSEN,
)


def small(
    values: tuple[Value, ...],
    results: tuple[Value, ...] = (),
    replaces: tuple[tuple[Value, Value], ...] = (),
) -> Schedule:
    """A schedule for a test."""
    return Schedule("test", "small", "Small", ("A section",), "once", values, results, replaces)


# --- Operations -------------------------------------------------------------------------------


def test_operations_read_as_the_text_writes_them() -> None:
    assert [value.made.text for value in ALL[5:]] == [
        "B * a",
        "G * a",
        "KDF(usage_test = 0x2a || 0xff || K || any, 32)",
        "SHAKE-256(key, 114)",
        "bare, pruned, as a little-endian number",
        "n as 60 bytes, big-endian",
        "left if left < right, otherwise right",
        "K if left < right, otherwise A",
    ]
    sizes = [value.made.size for value in ALL]
    assert sizes == [None, 57, None, None, None, 57, 57, 32, 114, None, 60, None, 57]


def test_operations_are_a_graph_and_json() -> None:
    schedule = small(ALL, (NUMBER,))

    assert [(a.name, b.name) for a, b, _ in schedule.edges] == [
        ("point", "shared"),
        ("scalar", "shared"),
        ("scalar", "public"),
        ("shared", "key"),
        ("any", "key"),
        ("key", "bare"),
        ("bare", "number"),
        ("number", "written"),
        ("left", "lower"),
        ("right", "lower"),
        ("left", "chosen"),
        ("right", "chosen"),
        ("shared", "chosen"),
        ("public", "chosen"),
    ]
    document = schedule.document()
    values = document["values"]
    assert isinstance(values, list)
    assert json.loads(json.dumps(values[1])) == {
        "id": "test.schedule:small.point",
        "title": "B",
        "about": "a point",
        "size": 57,
    }


def test_what_is_hashed_starts_with_prefix_and_usage() -> None:
    assert isinstance(KEY.made, Shake)
    assert isinstance(BARE.made, Shake)
    assert KEY.made.start == b"OTRv4\x2a"
    assert BARE.made.start == b""


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (Shake((ANY, POINT), 8), "any varies in size, and is not last"),
        (Shake((POINT, ANY), 8), ""),
        (Shake((ANY,), 8), ""),
    ],
)
def test_only_the_last_of_what_is_hashed_may_vary_in_size(made: Shake, fault: str) -> None:
    values = (POINT, ANY, Value("hash", "h", "a hash", made))

    if not fault:
        small(values)
        return
    with pytest.raises(IllFormed) as caught:
        small(values)
    assert str(caught.value) == f"test.schedule:small.hash: {fault}"


OLD = Value("old", "key", "the key so far", Given(32))
NEW = Value("new", "key", "the next key", Shake((OLD,), 32))
LONG = Value("long", "key", "a longer key", Shake((OLD,), 64))
OTHER = Value("other", "key", "another key", Shake((NEW,), 32))


@pytest.mark.parametrize(
    ("results", "replaces", "fault"),
    [
        ((NEW,), ((NEW, OLD),), ""),
        ((), ((NEW, OLD),), "new: cannot take the place of old"),
        ((LONG,), ((LONG, OLD),), "long: cannot take the place of old"),
        ((NEW, OTHER), ((OTHER, NEW),), "other: cannot take the place of new"),
        ((NEW, OTHER), ((NEW, OLD), (OTHER, OLD)), "new: cannot take the place of old"),
    ],
)
def test_a_chain_goes_on_with_a_result_in_the_place_of_what_was_given(
    results: tuple[Value, ...], replaces: tuple[tuple[Value, Value], ...], fault: str
) -> None:
    values = (OLD, NEW, LONG, OTHER)

    if not fault:
        assert small(values, results, replaces).replaces == replaces
        return
    with pytest.raises(IllFormed) as caught:
        small(values, results, replaces)
    assert str(caught.value) == f"test.schedule:small.{fault}"


# --- OTRv4 ------------------------------------------------------------------------------------


def test_the_schedules_of_otrv4_compute_what_the_text_lists() -> None:
    kept = {
        schedule.name: {value.title: value.made.size for value in schedule.results}
        for schedule in s.SCHEDULES
    }

    assert kept == {
        "keypair": {"sk": None, "H or D": 57},
        "fingerprint": {"fingerprint": 56},
        "phi": {"phi": None},
        "t-auth-r": {"t": None},
        "t-auth-i": {"t": None},
        "dake": {"SSID": 8, "prev_root_key": 64},
        "phi-offline": {"phi": None},
        "t-non-interactive-auth": {"t": None, "Auth MAC": 64},
        "offline": {
            "brace_key": 32,
            "auth_mac_k": 64,
            "SSID": 8,
            "curr_root_key": 64,
            "chain_key": 64,
        },
        "third-ratchet": {"brace_key": 32, "curr_root_key": 64, "chain_key": 64},
        "ratchet": {"brace_key": 32, "curr_root_key": 64, "chain_key": 64},
        "message": {
            "next chain_key": 64,
            "MKmac": 64,
            "Authenticator": 64,
            "extra_symm_key": 64,
        },
        "extra": {"extra_sym_key_n+1": 64},
        "smp-secret": {"x or y": None},
    }
    assert len({schedule.id for schedule in s.SCHEDULES}) == len(s.SCHEDULES)


def test_chains_go_on() -> None:
    chains = {
        schedule.name: [(new.name, old.name) for new, old in schedule.replaces]
        for schedule in s.SCHEDULES
        if schedule.replaces
    }

    assert chains == {
        "third-ratchet": [("curr-root-key", "prev-root-key")],
        "ratchet": [("brace-key", "prev-brace-key"), ("curr-root-key", "prev-root-key")],
        "message": [("next-chain-key", "chain-key")],
        "extra": [("next", "previous")],
    }


def shaken() -> list[Shake]:
    """Everything of OTRv4 that is hashed, once."""
    found = {value: None for schedule in s.SCHEDULES for value in schedule.values}
    return [value.made for value in found if isinstance(value.made, Shake)]


def test_every_usage_but_that_of_ring_signatures_is_used_with_its_size_and_function() -> None:
    uses = {
        (made.usage.byte, made.length, made.function) for made in shaken() if made.usage is not None
    }

    assert uses == {
        (usage.byte, usage.size, usage.function.name)
        for usage in Usages
        if usage is not Usages.AUTH
    }
    titles = {made.usage.title for made in shaken() if made.usage is not None}
    assert {"usage_SSID", "usage_auth_MAC_key", "usage_SMP_secret", "usage_root_key"} <= titles
    assert len(titles) == len(Usages) - 1


def test_everything_is_hashed_under_the_prefix_but_what_rfc_8032_hashes() -> None:
    assert {made.prefix for made in shaken()} == {PREFIX, b""}
    assert [made.text for made in shaken() if not made.prefix] == ["SHAKE-256(sym_key, 114)"]
    assert [made.text for made in shaken() if made.prefix and made.usage is None] == [
        "KDF(index || context || extra_sym_key_n, 64)"
    ]
    assert not any(
        isinstance(value.made, Hash) for schedule in s.SCHEDULES for value in schedule.values
    )


def test_nothing_of_a_schedule_is_made_twice() -> None:
    for schedule in s.SCHEDULES:
        made = [value.made.text for value in schedule.values if value.made.text]
        assert len(set(made)) == len(made), schedule.id


def test_pruning_clears_and_sets_the_bits_of_the_text() -> None:
    for value in (s.SECRET_SCALAR, s.COMPARED):
        assert isinstance(value.made, Pruned)
        # Two bits of the first byte, eight of the last; the highest of the second to last is set.
        assert (value.made.low, value.made.top) == (2, 8 * 55 + 7)


def test_readings_are_cited_where_a_value_depends_on_them() -> None:
    cited = {
        value.ambiguity.id.rpartition(":")[2]: value.name
        for schedule in s.SCHEDULES
        for value in schedule.values
        if value.ambiguity is not None
    }

    assert cited == {
        "fingerprint-bytes": "keys",
        "phi-order": "phi",
        "t-encoding": "t",
        "all-zero": "k-ecdh",
        "k-dh": "k-dh",
        "phi-non-interactive": "phi",
        "usage-of-phi": "phi-hash",
        "brace-key-kept": "brace-key",
        "extra-keys": "next",
        "smp-secret-bytes": "digest",
    }
    assert s.K_DH.ambiguity is K_DH
    assert s.NEXT_EXTRA_KEY.ambiguity is EXTRA_KEYS
    assert {
        value.ambiguity
        for schedule in s.SCHEDULES
        for value in schedule.values
        if value.ambiguity is not None
    } <= {*AMBIGUITIES}
