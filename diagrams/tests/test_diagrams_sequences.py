"""Sequences: drawn, written, and exchanged as JSON."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from otr_diagrams.sequence import sequence_mermaid, sequence_svg, sequence_text
from otr_diagrams.sequence_json import BadSequence, from_json, schema, to_json
from otr_model.otrv3.protocol import OTRV3
from otr_model.trace import Arrow, Fired, Note, Sequence

COMMIT = Fired("otrv3.ake:dh-commit.none.allowed", 0x1001)
IGNORED = Fired("otrv3.ake:dh-key.awaiting-dhkey.allowed.not-dh-key-valid", 0x2002, "GY_RANGE")
TALK = Sequence(
    "A talk",
    ("Alice", "Bob"),
    (
        Note("Bob", "begins"),
        Arrow("Bob", "Alice", "D-H Commit", (COMMIT,)),
        Arrow("Alice", "Bob", "D-H Key; #1", (IGNORED,)),
        Arrow("Alice", "Bob", "Text", lost=True),
    ),
)

texts = st.text(max_size=12)
fired = st.builds(Fired, texts, st.integers(0, 2**32), texts)
steps = st.one_of(
    st.builds(Note, texts, texts),
    st.builds(Arrow, texts, texts, texts, st.lists(fired, max_size=3).map(tuple), st.booleans()),
)
sequences = st.builds(
    Sequence,
    texts,
    st.lists(texts, max_size=4, unique=True).map(tuple),
    st.lists(steps, max_size=6).map(tuple),
)


# --- Drawing ----------------------------------------------------------------------------------


def test_plain_text_shows_who_says_what_and_what_becomes_of_it() -> None:
    assert sequence_text(TALK, OTRV3).splitlines() == [
        "A talk",
        "",
        "    Alice                                         Bob",
        "      |                                            |",
        "      |                                         begins",
        "      |                                            |",
        "      |<---------------- D-H Commit ---------------|",
        "      | ake (0x1001): NONE → AWAITING_REVEALSIG    |",
        "      |                                            |",
        "      |--------------- D-H Key; #1 --------------->|",
        "      |              ake (0x2002): GY_RANGE failed |",
        "      |                                            |",
        "      |--------------- Text (lost) ---------------x|",
        "      |                                            |",
    ]


def test_without_the_composition_it_shows_the_ids_of_rows() -> None:
    text = sequence_text(TALK)

    assert f"| {COMMIT.row} " in text
    assert f" {IGNORED.row}, GY_RANGE failed |" in text


def test_mermaid_says_the_same_without_what_means_something_to_it() -> None:
    assert sequence_mermaid(TALK, OTRV3).splitlines() == [
        "sequenceDiagram",
        "    participant p0 as Alice",
        "    participant p1 as Bob",
        "    Note over p1: begins",
        "    p1->>p0: D-H Commit",
        "    Note over p0: ake (0x1001): NONE → AWAITING_REVEALSIG",
        "    p0->>p1: D-H Key, no. 1",
        "    Note over p1: ake (0x2002): GY_RANGE failed",
        "    p0-xp1: Text (lost)",
    ]


def test_svg_says_the_same_and_names_the_rows() -> None:
    svg = sequence_svg(TALK, OTRV3)
    said = re.findall(r"(?:>|</title>)([^<>]+)</text>", svg)

    assert said == [
        "A talk",
        "begins",
        "D-H Commit",
        "ake (0x1001): NONE → AWAITING_REVEALSIG",
        "D-H Key; #1",
        "ake (0x2002): GY_RANGE failed",
        "Text",
        "lost",
        "Alice",
        "Bob",
    ]
    assert f"<title>{COMMIT.row}</title>" in svg
    assert svg == sequence_svg(TALK, OTRV3)


def test_who_does_not_take_part_is_not_drawn() -> None:
    stranger = Sequence("", ("Alice",), (Note("Eve", "listens"), Arrow("Eve", "Alice", "psst")))

    assert "psst" not in sequence_svg(stranger)
    assert sequence_mermaid(stranger) == "sequenceDiagram\n    participant p0 as Alice\n"
    assert "listens" not in sequence_text(stranger)


@given(sequences)
def test_any_sequence_can_be_drawn(sequence: Sequence) -> None:
    printable = "".join(sequence_text(sequence, OTRV3).split())
    assert printable == "" or sequence.participants or sequence.title
    sequence_mermaid(sequence, OTRV3)
    if json.dumps(to_json(sequence)).isascii() and "\\u00" not in json.dumps(to_json(sequence)):
        ET.fromstring(sequence_svg(sequence, OTRV3))  # noqa: S314 - written on this line


# --- JSON -------------------------------------------------------------------------------------


@given(sequences)
def test_json_loses_nothing_and_satisfies_its_schema(sequence: Sequence) -> None:
    text = to_json(sequence)

    assert from_json(text) == sequence
    Draft202012Validator(schema()).validate(json.loads(text))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_defaults_are_left_out() -> None:
    document = json.loads(to_json(TALK))

    assert document["steps"][0] == {"at": "Bob", "text": "begins"}
    assert document["steps"][1]["fired"] == [{"row": COMMIT.row, "member": 0x1001}]
    assert document["steps"][3] == {
        "sender": "Alice",
        "receiver": "Bob",
        "label": "Text",
        "lost": True,
    }


def _with_step(step: str) -> str:
    return f'{{"title": "", "participants": [], "steps": [{step}]}}'


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ("{", "not JSON"),
        ("[" * 100000, "not JSON"),
        ("[]", "the sequence is no object"),
        ('{"participants": [], "steps": []}', "the sequence has no title"),
        ('{"title": 1, "participants": [], "steps": []}', "title of the sequence is no text"),
        ('{"title": "", "participants": "A", "steps": []}', "participants of .* is no list"),
        ('{"title": "", "participants": [1], "steps": []}', "a participant is no text"),
        ('{"title": "", "participants": [], "steps": [], "x": 1}', "'x', which is not known"),
        ('{"title": "", "participants": [], "steps": [1]}', "step 1 is no object"),
        ('{"title": "", "participants": [], "steps": [{"at": "A"}]}', "step 1 has no text"),
        (
            _with_step('{"sender": "", "receiver": "", "label": "", "lost": 1}'),
            "lost of step 1 is not yes or no",
        ),
        (
            _with_step(
                '{"sender": "", "receiver": "", "label": "", '
                '"fired": [{"row": "", "member": true}]}'
            ),
            "member of a row of step 1 is no integer",
        ),
    ],
)
def test_what_is_no_sequence_is_refused_with_the_place(document: str, complaint: str) -> None:
    with pytest.raises(BadSequence, match=complaint):
        from_json(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["title", "participants", "steps", "at", "text", "sender", "receiver"])
            | st.sampled_from(["label", "lost", "fired", "row", "member", "failed"]),
            inner,
        )
    ),
)


@given(st.one_of(st.text(), json_values.map(json.dumps)))
def test_any_text_is_a_sequence_or_refused(text: Any) -> None:
    try:
        sequence = from_json(text)
    except BadSequence:
        return
    assert from_json(to_json(sequence)) == sequence
