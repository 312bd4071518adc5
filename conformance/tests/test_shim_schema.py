"""The three descriptions of the protocol agree: the vocabulary, the JSON Schema and the prose."""

import contextlib
import json
import re
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_conformance.shim.errors import ShimFault
from otr_conformance.shim.lines import parse_object, read_answer, read_request
from otr_conformance.shim.protocol import (
    EVENTS,
    MINIMAL_PROFILE,
    REQUESTS,
    Capability,
    Do,
    ErrorWord,
    Field,
    spoken_fields,
)
from otr_conformance.shim.schema import json_schema, render
from otr_conformance.verdict import Verdict

DOCS = Path(__file__).parents[2] / "docs"
PROSE = (DOCS / "shim-protocol.md").read_text("utf-8")
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def section(title: str) -> str:
    return PROSE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def table(title: str, *heads: str) -> list[list[str]]:
    """The rows of the table of a section that has these heads, as cells."""
    body = section(title).partition(f"| {' | '.join(heads)} |\n")[2].partition("\n\n")[0]
    assert body
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in body.splitlines()[1:]]


def words(cell: str) -> list[str]:
    return re.findall(r"`([a-z0-9-]+)`", cell)


def names(wanted: Iterable[Field], *, optional: bool) -> list[str]:
    return [spoken.name for spoken in wanted if spoken.optional is optional]


# ---- the schema


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_file_is_what_is_generated() -> None:
    assert (DOCS / "shim-protocol.schema.json").read_text("utf-8") == render()


EXAMPLES = [
    json.loads(line)
    for line in re.sub(r"\n {7,}", " ", PROSE).splitlines()
    for mark, _, line in [line.strip().partition(" ")]
    if mark in {"<", ">"}
]


@pytest.mark.parametrize("example", EXAMPLES, ids=[str(n) for n in range(len(EXAMPLES))])
def test_the_examples_of_the_prose_have_the_form_of_lines(example: dict[str, Any]) -> None:
    for name, octets in (("key", 20), ("fingerprint", 20), ("wire", 20), ("sym-h", 57)):
        if name in example and "..." in example[name]:
            example[name] = b64encode(bytes(octets)).decode()

    VALIDATOR.validate(example)


VALUES: st.SearchStrategy[object] = (
    st.integers(-2, 5)
    | st.sampled_from([255, 256, 2**31, 2**32, 2**63 - 1])
    | st.sampled_from(["", "v3", "v2 v3", "smp", "a b", "AAAA", "AA==", "AB==", "AAA=", "A", "ü"])
    | st.sampled_from(["first", "sent", "asked", "setup", "2 3", "plaintext", "expect1", "refused"])
    | st.sampled_from(["v3 v4", "identity", "standalone", "idle", "queued", "clock otrv4-clock"])
    | st.sampled_from([8, 20, 21, 32, 55, 56, 57, 64]).map(lambda n: b64encode(bytes(n)).decode())
    | st.booleans()
    | st.none()
    | st.just([])
)


def accepted(line: bytes, do: Do) -> bool:
    with contextlib.suppress(ShimFault):
        read_answer(line, 1, do)
        return True
    return False


def valid(definition: str, instance: object) -> bool:
    schema = json_schema() | {"anyOf": [{"$ref": f"#/$defs/{definition}"}]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(instance))


@given(st.sampled_from(sorted(EVENTS)), st.data())
def test_the_schema_accepts_the_events_that_the_suite_accepts(
    word: str, data: st.DataObject
) -> None:
    wanted = [spoken.name for _, spoken in spoken_fields(EVENTS[word])]
    fields = data.draw(st.dictionaries(st.sampled_from([*wanted, "x-note", "other"]), VALUES))
    instance = {"re": 1, "event": word} | fields

    assert valid(f"event-{word}", instance) is accepted(json.dumps(instance).encode(), Do.POLL)


@given(st.sampled_from([Do.HELLO, Do.NEW, Do.STATE, Do.RESET]), st.data())
def test_the_schema_accepts_the_final_lines_that_the_suite_accepts(
    do: Do, data: st.DataObject
) -> None:
    wanted = [spoken.name for _, spoken in spoken_fields(REQUESTS[do].final)]
    fields = data.draw(st.dictionaries(st.sampled_from([*wanted, "x-note", "other"]), VALUES))
    instance = {"re": 1, "end": "ok"} | fields
    name = "other" if do is Do.RESET else do.word

    assert valid(f"final-{name}", instance) is accepted(json.dumps(instance).encode(), do)


@given(st.sampled_from(Do), st.data())
def test_the_schema_accepts_the_requests_that_a_shim_accepts(do: Do, data: st.DataObject) -> None:
    wanted = [spoken.name for spoken in REQUESTS[do].fields]
    fields = data.draw(st.dictionaries(st.sampled_from([*wanted, "x-note", "other"]), VALUES))
    instance = {"id": 1, "do": do.word} | fields
    read = False

    with contextlib.suppress(ShimFault):
        read_request(parse_object(json.dumps(instance).encode()))
        read = True

    assert valid(f"request-{do}", instance) is read


# ---- the prose


def test_the_prose_lists_every_request_with_its_fields_and_its_capability() -> None:
    listed = table("What can be asked", "`do`", "fields", "capability", "meaning")

    assert [words(row[0]) for row in listed] == [[do.word] for do in Do]
    for request, row in zip(REQUESTS.values(), listed, strict=True):
        required, _, optional = row[1].partition("optionally")
        assert words(required) == names(request.fields, optional=False)
        assert words(optional) == names(request.fields, optional=True)
        asked_for = [] if request.capability is None else [request.capability.word]
        assert words(row[2].partition("(")[0]) == asked_for


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("What can be asked", [s for request in REQUESTS.values() for s in request.fields]),
        (
            "What the final line says",
            [s for request in REQUESTS.values() for _, s in spoken_fields(request.final)],
        ),
        ("What is reported", [s for form in EVENTS.values() for _, s in spoken_fields(form)]),
    ],
)
def test_the_prose_lists_every_field_with_its_type_and_its_words(
    title: str, wanted: list[Field]
) -> None:
    listed: dict[str, str] = {}
    for cell, types, _ in table(title, "field", "type", "what it is"):
        several = types.split(", ") if "," in types else [types] * len(words(cell))
        listed |= dict(zip(words(cell), several, strict=True))

    assert listed == {spoken.name: spoken.kind.word for spoken in wanted}
    for spoken in wanted:
        for member in spoken.words or ():
            place = "Capabilities" if spoken.words is Capability else title
            assert f"`{member.word}`" in section(place)


def test_the_prose_lists_every_event_with_its_fields() -> None:
    rows = table("What is reported", "`event`", "fields", "meaning")
    listed = {words(row[0])[0]: row[1] for row in rows}

    assert list(listed) == list(EVENTS)
    for word, form in EVENTS.items():
        cell = listed["secure"] if listed[word] == "as `secure`" else listed[word]
        required, _, optional = cell.partition("optionally")
        if "where there is one" in cell:
            required, _, optional = cell.partition("and")
        wanted = [spoken for _, spoken in spoken_fields(form)]
        assert words(required) == names(wanted, optional=False)
        assert words(optional) == names(wanted, optional=True)


def test_the_prose_lists_what_final_lines_say() -> None:
    rows = table("What the final line says", "`do`", 'fields of `"end": "ok"`')
    said = {do.word: spoken_fields(request.final) for do, request in REQUESTS.items()}

    assert {words(row[0])[0]: set(words(row[1])) for row in rows} == {
        do: {spoken.name for _, spoken in final} for do, final in said.items() if final
    }


def test_the_prose_lists_the_capabilities_and_the_errors() -> None:
    errors = [words(row[0])[0] for row in table("Requests and answers", "`error`", "when")]

    assert errors == [error.word for error in ErrorWord]
    assert words(section("Capabilities")) == [capability.word for capability in Capability]


def test_the_prose_lists_the_minimal_profile() -> None:
    asked, _, reported = section("The minimal profile").partition("events")

    assert set(words(asked)) == {do.word for do in MINIMAL_PROFILE}
    assert set(words(reported)) <= set(EVENTS)


def test_the_prose_says_which_answers_have_no_events() -> None:
    sentence = section("What is reported").partition("have no event lines")[0]

    named = words(sentence.partition("answers to")[2])

    assert named == [do.word for do in Do if not REQUESTS[do].eventful]


def test_the_verdicts_of_the_prose_are_verdicts() -> None:
    for *_, verdict in table("What the suite does when a shim misbehaves", "what", "verdict"):
        assert words(verdict)[0] in {known.word for known in Verdict}
