"""Single vectors as documents: their format, what they cover, and how they are made and shown."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from otr_conformance import vectors
from otr_conformance.cli import single_vectors
from otr_conformance.cli import vectors as command
from otr_conformance.cli.misuse import Misuse
from otr_conformance.vectors.kinds import (
    Disagreement,
    Flag,
    Group,
    Operation,
    Refused,
    applied,
    changes,
    plain,
)
from otr_conformance.vectors.taken import Taken
from otr_model.kernel.export import canonical
from otr_model.kernel.vocabulary import Point
from otr_model.otrv3 import layouts as layouts3
from otr_model.otrv3.clauses import V3
from otr_model.otrv3.conditions import Check as Check3
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv4 import layouts as layouts4
from otr_model.otrv4.clauses import V4
from otr_model.otrv4.conditions import Check as Check4
from otr_model.otrv4.protocol import OTRV4

Document = dict[str, Any]

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "generated" / "vectors"
SCHEMA = ROOT / "docs" / "schema" / "otrspec-checks.schema.json"
HANDBOOK = ROOT / "docs" / "vectors.md"
NAMES = [(protocol, name) for protocol, names in vectors.ABOUT.items() for name in names]
CHECKS = {"otrv3": Check3, "otrv4": Check4}
CLAUSES = {"otrv3": V3, "otrv4": V4}
HOLES = {"otrv3": OTRV3.ambiguities, "otrv4": OTRV4.ambiguities}
LAYOUTS = {
    "otrv3": (*layouts3.ENCODED.values(), *layouts3.TLVS.values()),
    "otrv4": (*layouts4.ENCODED.values(), *layouts4.TLVS.values()),
}
ELSEWHERE = {"padding", "disconnected", "smp-abort"}
"""TLVs that hold nothing to be taken apart; they are in the group "tlv"."""


@cache
def published(protocol: str, name: str) -> Document:
    """A document as it is checked in."""
    path = FOLDER / protocol / f"{name}.json"
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found


def groups(protocol: str) -> list[Document]:
    """Every group of a protocol."""
    return [
        group for name in vectors.ABOUT[protocol] for group in published(protocol, name)["groups"]
    ]


def every(protocol: str) -> list[Document]:
    """Every vector of a protocol."""
    return [vector for group in groups(protocol) for vector in group["vectors"]]


# --- The files ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_files_are_what_is_written() -> None:
    files = dict(vectors.rendered())
    there = {
        str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*.*")
    }
    assert there == files
    assert list(files) == [*(f"{protocol}/{name}.json" for protocol, name in NAMES), "README.md"]
    assert sum(map(len, files.values())) < 4_000_000


def test_the_schema_is_the_one_that_is_published() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == canonical(vectors.schema())
    Draft202012Validator.check_schema(vectors.schema())


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "name"), NAMES)
def test_a_document_is_as_the_schema_says(protocol: str, name: str) -> None:
    validator = Draft202012Validator(vectors.schema())
    document = copy.deepcopy(published(protocol, name))
    for group in document["groups"]:
        group["vectors"] = group["vectors"][::3]  # all are written alike
    assert [error.message for error in validator.iter_errors(document)] == []


def spoiled(how: str) -> Document:
    """A document that is wrong in one place."""
    document = copy.deepcopy(published("otrv3", "ake"))
    vector = document["groups"][1]["vectors"][-1]
    match how:
        case "another format":
            document["format"] = 2
        case "no verdict":
            del vector["verdict"]
        case "a verdict that nobody knows":
            vector["verdict"] = "maybe"
        case "a place that nobody knows":
            vector["fails"] = "nowhere"
        case "accepted and refused":
            vector["gives"] = {}
        case "neither accepted nor refused":
            del vector["fails"]
        case "a flag that nobody knows":
            vector["flags"] = ["odd"]
        case "no group in the id":
            vector["id"] = "range"
        case "a field that nobody knows":
            vector["note"] = "odd"
        case _:
            raise AssertionError(how)
    return document


@pytest.mark.parametrize(
    "how",
    [
        "another format",
        "no verdict",
        "a verdict that nobody knows",
        "a place that nobody knows",
        "accepted and refused",
        "neither accepted nor refused",
        "a flag that nobody knows",
        "no group in the id",
        "a field that nobody knows",
    ],
)
def test_the_schema_refuses(how: str) -> None:
    assert not Draft202012Validator(vectors.schema()).is_valid(spoiled(how))


@pytest.mark.slow
def test_the_lines_in_the_handbook_find_every_value() -> None:
    (code,) = re.findall("```py\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - the handbook's own lines
    for protocol, name in NAMES:
        full = vectors.document(protocol, name, full=True)
        read = [
            (takes, vector["id"]) for _, takes, vector in found["single"](published(protocol, name))
        ]
        said = [
            (vector["takes"], vector["id"])
            for group in json.loads(json.dumps(full))["groups"]
            for vector in group["vectors"]
        ]
        assert read == said


def test_the_handbook_describes_every_field_and_every_place() -> None:
    page = HANDBOOK.read_text(encoding="utf-8").partition("## Conversations")[0]
    described = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    kinds = vectors.schema()["$defs"]
    assert isinstance(kinds, dict)
    for kind in ("group", "vector"):
        known = kinds[kind]
        assert isinstance(known, dict)
        properties = known["properties"]
        assert isinstance(properties, dict)
        assert set(properties) <= described
    used = {
        vector["fails"] for protocol in CHECKS for vector in every(protocol) if "fails" in vector
    }
    assert used <= described


# --- What they cover ------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", CHECKS)
def test_ids_are_unique_and_no_two_vectors_of_a_group_take_the_same(protocol: str) -> None:
    ids = [vector["id"] for vector in every(protocol)]
    assert len(set(ids)) == len(ids)
    for group in groups(protocol):
        taken = [json.dumps(vector.get("takes", {}), sort_keys=True) for vector in group["vectors"]]
        assert len(set(taken)) == len(taken), group["id"]
        assert all(vector["id"].startswith(f"{group['id']}:") for vector in group["vectors"])


@pytest.mark.parametrize("protocol", CHECKS)
def test_every_check_of_the_model_is_failed_where_the_model_says(protocol: str) -> None:
    known = {f"{protocol}.check:{check.label}": check.spec.point for check in CHECKS[protocol]}
    found = {vector["check"]: vector["fails"] for vector in every(protocol) if "check" in vector}
    assert found == {name: point.label for name, point in known.items()}


@pytest.mark.parametrize("protocol", CHECKS)
def test_every_message_and_every_tlv_has_a_group_of_its_own(protocol: str) -> None:
    wanted = {layout.name for layout in LAYOUTS[protocol]} - ELSEWHERE
    there = {re.sub(r"^tlv\.|\.v[23]$", "", group["id"]) for group in groups(protocol)}
    assert wanted <= there


@pytest.mark.parametrize("protocol", CHECKS)
def test_what_vectors_refer_to_exists(protocol: str) -> None:
    clauses = {clause.id for clause in CLAUSES[protocol]}
    holes = {hole.id for hole in HOLES[protocol]}
    for group in groups(protocol):
        assert set(group.get("clauses", ())) <= clauses
    for vector in every(protocol):
        assert set(vector.get("clauses", ())) <= clauses
        assert vector.get("ambiguity", next(iter(holes))) in holes
        assert (vector["verdict"] == "acceptable") == ("ambiguity" in vector)
        assert ("fails" in vector) or vector["verdict"] != "invalid"


@pytest.mark.parametrize("protocol", CHECKS)
def test_sections_are_those_of_the_specification(protocol: str) -> None:
    sections = {clause.section.rpartition(" / ")[2] for clause in CLAUSES[protocol]}
    assert {group["section"] for group in groups(protocol)} <= sections


@pytest.mark.slow
@pytest.mark.parametrize(("protocol", "name"), NAMES)
def test_the_example_of_every_group_is_accepted(protocol: str, name: str) -> None:
    for group in vectors.made(protocol, name):
        assert not isinstance(group.answer({}), Refused), group.name


def test_there_are_thousands_of_faults_and_the_page_counts_them() -> None:
    refused = sum("fails" in vector for protocol in CHECKS for vector in every(protocol))
    total = sum(len(every(protocol)) for protocol in CHECKS)
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert refused > 3500
    number = sum(len(groups(protocol)) for protocol in CHECKS)
    assert f"Together {total} vectors in {number} groups. {refused} of them are faults" in page


# --- How they are made ----------------------------------------------------------------------------


def double(values: Taken) -> dict[str, Any]:
    """An operation that doubles small numbers."""
    if values.number("number") > 9:
        raise Refused(Point.RANGE, "number")
    return {"number": 2 * values.number("number")}


@pytest.fixture
def group() -> Group:
    """A group about it."""
    operation = Operation("double", "doubles", {}, {}, lambda values: double(Taken(values)))
    return Group("numbers", operation, "a number", "Numbers", {"number": 4})


def test_a_vector_is_made_with_what_the_reference_gives(group: Group) -> None:
    group.valid("four", "it is 4")
    group.fault("ten", "it is 10", Flag.BOUNDARY, Point.RANGE, {"number": 10})
    four, ten = group.vectors
    assert (four.gives, four.fails) == ({"number": 8}, None)
    assert (ten.gives, ten.fails, ten.field) == ({}, Point.RANGE, "number")


def test_a_vector_that_the_reference_contradicts_is_refused(group: Group) -> None:
    group.valid("four", "it is 4")
    with pytest.raises(Disagreement, match="numbers:ten: the reference refuses it"):
        group.valid("ten", "it is 10", Flag.BOUNDARY, {"number": 10})
    with pytest.raises(Disagreement, match="numbers:nine: the reference accepts it"):
        group.fault("nine", "it is 9", Flag.BOUNDARY, Point.RANGE, {"number": 9})
    with pytest.raises(Disagreement, match="numbers:ten: the reference refuses it elsewhere"):
        group.fault("ten", "it is 10", Flag.BOUNDARY, Point.MAC, {"number": 10})
    with pytest.raises(Disagreement, match="numbers:ten: the reference refuses it elsewhere"):
        group.fault("ten", "it", Flag.BOUNDARY, Point.RANGE, {"number": 10}, field="other")
    with pytest.raises(Disagreement, match="there are two of that name"):
        group.valid("four", "it is 3", Flag.NORMAL, {"number": 3})
    with pytest.raises(Disagreement, match="numbers:again: the same as four"):
        group.valid("again", "it is 4", Flag.NORMAL, {"number": 4})


@pytest.mark.parametrize(
    ("old", "new", "edits"),
    [
        ("00112233", "00112233", []),
        ("00112233", "00ff2233", [[1, 1, "ff"]]),
        ("0011223344556677", "ff112233445566ff", [[0, 1, "ff"], [7, 1, "ff"]]),
        ("0011223344", "ff11ff3344", [[0, 3, "ff11ff"]]),
        ("00112233", "0011", [[2, 2, ""]]),
        ("00112233", "001199992233", [[2, 0, "9999"]]),
        ("0000", "000000", [[2, 0, "00"]]),
        ("", "01", [[0, 0, "01"]]),
    ],
)
def test_changes_lead_from_one_value_to_another(old: str, new: str, edits: list[list[Any]]) -> None:
    made = changes(bytes.fromhex(old), bytes.fromhex(new))
    assert made == edits
    assert applied(bytes.fromhex(old), made) == bytes.fromhex(new)


def test_values_are_written_as_json() -> None:
    values = {"octets": b"\x01\xff", "number": 1, "yes": True, "list": [b"\0", "text"]}
    written = {"octets": "01ff", "number": 1, "yes": True, "list": ["00", "text"]}
    assert plain(values) == written
    assert plain([2**53 - 1, 2**53, -(2**63)]) == [2**53 - 1, str(2**53), str(-(2**63))]
    with pytest.raises(TypeError, match="number is no bytes"):
        Taken(values).octets("number")


def test_a_document_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        vectors.document("otrv3", "poems")


# --- The command ----------------------------------------------------------------------------------


def test_the_command_lists_single_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.listing("otrv3", json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in found] == [f"otrv3/{name}" for name in vectors.ABOUT["otrv3"]]
    assert {each["kind"] for each in found} == {"single"}


def test_the_command_writes_documents_groups_and_vectors(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.show("otrv3/ake", "", full=False, json=True) == 0
    assert json.loads(capsys.readouterr().out) == published("otrv3", "ake")
    assert command.show("otrv3/commitment", "", full=False, json=True) == 0
    group = json.loads(capsys.readouterr().out)
    assert group in published("otrv3", "ake")["groups"]
    assert command.show("otrv3/commitment:gx.zero", "", full=False, json=True) == 0
    vector = json.loads(capsys.readouterr().out)
    assert vector["operation"] == "open-commitment"
    assert vector["takes"].keys() == group["takes"].keys()
    assert vector["takes"]["revealed key"] == group["takes"]["revealed key"]


def test_the_command_shows_documents_groups_and_vectors(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("otrv3/ake", "otrv3/commitment"):
        assert single_vectors.show(name, full=False, json=False) == 0
        out = capsys.readouterr().out
        assert re.search("^  gx.zero +invalid +range +gx is 0$", out, re.MULTILINE)
    assert single_vectors.show("otrv3/commitment:gx.zero", full=True, json=False) == 0
    out = capsys.readouterr().out
    assert "invalid: it has to be refused\n" in out
    assert re.search("^  check +otrv3.check:gx-range$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("otrv9/ake", "there are no vectors of 'otrv9'"),
        ("otrv3/comitment", "there is no document or group of otrv3 'comitment'; did you mean"),
        ("otrv3/commitment:gx.zeo", "there is no vector 'commitment:gx.zeo'; did you mean"),
    ],
)
def test_the_command_says_what_is_not_there(name: str, complaint: str) -> None:
    with pytest.raises(Misuse, match=complaint):
        single_vectors.show(name, full=False, json=False)
