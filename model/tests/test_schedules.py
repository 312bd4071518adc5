"""Key schedules as data: the graph that they are, and what is refused when one is declared."""

from __future__ import annotations

import json

import pytest

from otr_model.groups import MODP_1536
from otr_model.kernel.schedule import (
    Digest,
    Encoded,
    EndByte,
    Given,
    Hash,
    Integer,
    Part,
    Power,
    Schedule,
    Value,
)
from otr_model.kernel.table import IllFormed
from otr_model.otrv3 import layouts
from otr_model.otrv3.schedules import AKE_KEYS, DATA_KEYS, SCHEDULES, SECBYTES, SMP_SECRET

X = Value("x", "x", "an exponent", Given())
Y = Value("y", "y", "an element", Given())
POWER = Value("s", "s", "a shared secret", Power(MODP_1536, Y, X))
ENCODED = Value("secbytes", "secbytes", "its encoding", Encoded(layouts.SECBYTES, (POWER,)))
BYTE = Value("byte", "sendbyte", "one byte", EndByte(X, Y, 0x01, 0x02))
HASH = Value("hash", "h", "a hash", Hash(Digest.SHA256, (0xFF, BYTE, ENCODED)))
FIRST = Value("first", "k", "its start", Part(HASH, 0, 16))
SECOND = Value("second", "k'", "its end", Part(HASH, 16, 16))
NUMBER = Value("number", "n", "a number", Integer(SECOND))
ALL = (X, Y, POWER, ENCODED, BYTE, HASH, FIRST, SECOND, NUMBER)


def schedule(values: tuple[Value, ...], results: tuple[Value, ...] = ()) -> Schedule:
    """A schedule for a test."""
    return Schedule("test", "small", "Small", ("A section",), "once", values, results)


def test_a_schedule_reads_as_a_graph() -> None:
    small = schedule(ALL, (FIRST, NUMBER))

    assert small.givens == (X, Y)
    assert small.edges == (
        (Y, POWER, "base"),
        (X, POWER, "exponent"),
        (POWER, ENCODED, "MPI s"),
        (X, BYTE, "compared"),
        (Y, BYTE, "compared"),
        (BYTE, HASH, "SHA-256 of 0xff, sendbyte, secbytes"),
        (ENCODED, HASH, "SHA-256 of 0xff, sendbyte, secbytes"),
        (HASH, FIRST, "first 128 bits"),
        (HASH, SECOND, "bits 128 to 255"),
        (SECOND, NUMBER, "as a number"),
    )
    assert [value.made.text for value in ALL] == [
        "",
        "",
        "y to the power of x",
        "secbytes(s)",
        "0x01 if x > y, otherwise 0x02",
        "SHA-256(0xff, sendbyte, secbytes)",
        "first 128 bits of h",
        "bits 128 to 255 of h",
        "k' as a big-endian number",
    ]
    assert [value.made.size for value in ALL] == [None, None, None, None, 1, 32, 16, 16, None]


def test_a_schedule_is_written_as_json() -> None:
    document = schedule((X, Y, BYTE), (BYTE,)).document()

    assert json.loads(json.dumps(document)) == {
        "id": "test.schedule:small",
        "title": "Small",
        "sections": ["A section"],
        "about": "once",
        "values": [
            {"id": "test.schedule:small.x", "title": "x", "about": "an exponent"},
            {"id": "test.schedule:small.y", "title": "y", "about": "an element"},
            {
                "id": "test.schedule:small.byte",
                "title": "sendbyte",
                "about": "one byte",
                "made": "0x01 if x > y, otherwise 0x02",
                "from": ["test.schedule:small.x", "test.schedule:small.y"],
                "size": 1,
            },
        ],
        "results": ["test.schedule:small.byte"],
    }


@pytest.mark.parametrize(
    ("values", "results", "fault"),
    [
        ((X, Y, X), (), "test.schedule:small.x: two values share the name"),
        ((X, POWER, Y), (), "test.schedule:small.s: y does not stand in front of it"),
        (
            (X, Value("y", "y", "another of that name", Given()), POWER),
            (),
            "test.schedule:small.s: y does not stand in front of it",
        ),
        ((X, Y), (POWER,), "test.schedule:small.s: is a result, and not one of the values"),
        (
            (X, Y, Value("pair", "pair", "one too many", Encoded(layouts.SECBYTES, (X, Y)))),
            (),
            "otrv3.layout:secbytes: has 1 fields to fill, not 2",
        ),
    ],
)
def test_a_schedule_that_cannot_be_computed_is_refused(
    values: tuple[Value, ...], results: tuple[Value, ...], fault: str
) -> None:
    with pytest.raises(IllFormed) as caught:
        schedule(values, results)

    assert str(caught.value) == fault


def test_the_schedules_of_otrv3_compute_what_the_text_lists() -> None:
    assert [s.id for s in SCHEDULES] == [
        "otrv3.schedule:ake",
        "otrv3.schedule:data",
        "otrv3.schedule:smp",
    ]
    assert {v.title: v.made.size for v in AKE_KEYS.results} == {
        "ssid": 8,
        "c": 16,
        "c'": 16,
        "m1": 32,
        "m2": 32,
        "m1'": 32,
        "m2'": 32,
    }
    assert {v.title: v.made.size for v in DATA_KEYS.results} == {
        "sending AES key": 16,
        "sending MAC key": 20,
        "receiving AES key": 16,
        "receiving MAC key": 20,
        "extra symmetric key": 32,
    }
    assert [v.title for v in SMP_SECRET.results] == ["x or y"]


def test_no_two_values_of_a_schedule_are_made_alike() -> None:
    for one in (AKE_KEYS, DATA_KEYS):
        made = [value.made.text for value in one.values if value.made.text]
        assert len(set(made)) == len(made)
    # What is hashed after a byte is told apart by it, between the schedules too.
    prefixes = [
        value.made.pieces[0]
        for one in (AKE_KEYS, DATA_KEYS)
        for value in one.values
        if isinstance(value.made, Hash) and value.made.pieces[-1] is SECBYTES
    ]
    assert len(set(prefixes)) == len(prefixes)
