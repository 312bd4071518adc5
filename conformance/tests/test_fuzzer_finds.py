"""Finds as files: what stands in one, when two are the same, and what is no find."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from otr_conformance.derive.plan import Script
from otr_conformance.fuzz import known
from otr_conformance.fuzz.finds import BadFind, Find, Finds, plain, read, schema
from otr_conformance.verdict import Verdict
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from pathlib import Path

FIND = Find(
    "otrv3",
    Script("v3", ("target starts", "to tester 0")),
    "Data v3 reaches the target: the target sent no Data v3",
    ("otrv3.message:data.encrypted.valid",),
    Verdict.FAIL,
    "libotr",
    "libotr",
    "4.1.1",
    "0" * 64,
    7,
)


def test_a_find_is_read_as_it_was_written() -> None:
    text = FIND.write()

    assert read("find.json", text.encode()) == FIND
    assert text == read("find.json", text.encode()).write()


def test_what_is_written_is_what_the_schema_says() -> None:
    validator = Draft202012Validator(schema())

    validator.validate(json.loads(FIND.write()))
    assert not validator.is_valid({**json.loads(FIND.write()), "more": 1})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": "otrspec-report"}, "is no find of otrspec"),
        ({"format_version": 2}, "another format than 1"),
        ({"moves": "target starts"}, "moves: is no list of texts"),
        ({"moves": [1]}, "moves: is no list of texts"),
        ({"part": None}, "part: is missing"),
        ({"verdict": "bad"}, "verdict: 'bad' is none"),
        ({"seed": True}, "seed: is not what it should be"),
    ],
)
def test_what_is_no_find_is_refused_in_one_line(change: dict[str, object], complaint: str) -> None:
    document = {**json.loads(FIND.write()), **change}

    with pytest.raises(BadFind) as refused:
        read("find.json", json.dumps(document).encode())

    assert str(refused.value).startswith("find.json: ")
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_was_cut_off_is_no_find() -> None:
    with pytest.raises(BadFind, match="it is no JSON"):
        read("find.json", FIND.write().encode()[:40])


def test_values_and_texts_do_not_make_two_finds() -> None:
    said = "Data v3 reaches the target: the target's user was told message private 'a1', 0x1001"
    other = "a text reaches the target: the target's user was told message private 'b2', 0x2002"

    assert plain(said) == plain(other)
    assert replace(FIND, because=said).id == replace(FIND, because=other).id
    assert replace(FIND, rows=()).id != FIND.id


def test_the_same_find_is_kept_once_and_the_shorter_script_wins(tmp_path: Path) -> None:
    finds = Finds(tmp_path)
    short = replace(FIND, script=Script("v3", ("target starts",)))

    assert finds.add(FIND)
    assert finds.add(short)
    assert not finds.add(FIND)

    (file,) = tmp_path.glob("*.json")
    assert read(str(file), file.read_bytes()) == short
    assert finds.seen[FIND.id] == 3


def test_a_folder_goes_on_where_it_was_and_complains_of_what_it_cannot_read(
    tmp_path: Path,
) -> None:
    Finds(tmp_path).add(FIND)
    (tmp_path / "damaged.json").write_text("{")

    again = Finds(tmp_path)

    assert FIND in again
    assert len(again.complaints) == 1
    assert "damaged.json" in again.complaints[0]


def test_what_is_known_of_a_target_explains_a_find(tmp_path: Path) -> None:
    file = tmp_path / "libotr.finds.toml"
    file.write_text(
        "[libotr-says-nothing]\n"
        'because = "does not answer"\n'
        'finds = [{ rows = "otrv3.message:data.*", says = "the target sent no *" }]\n'
    )

    found = known.read(file)

    pattern = found.of(FIND)
    assert pattern is not None
    assert pattern.finding == "libotr-says-nothing"
    assert found.of(replace(FIND, because="x: the target sent Error")) is None
    assert found.of(replace(FIND, rows=("otrv3.ake:dh-key.none",))) is None


def test_what_is_known_may_be_so_only_where_somebody_plays(tmp_path: Path) -> None:
    file = tmp_path / "libotr.finds.toml"
    file.write_text("[a]\nbecause = 'b'\nfinds = [{ part = 'v2', says = 'the target sent *' }]\n")
    found = known.read(file)

    elsewhere = replace(FIND, script=replace(FIND.script, part="both"))
    there = replace(FIND, script=replace(FIND.script, part="v2"))

    assert found.of(there) is not None
    assert found.of(elsewhere) is None


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nbecause = 'b'\n",
        "[a]\nbecause = 'b'\nfinds = [{ protocol = 'otrv3' }]\n",
        "[a]\nbecause = 'b'\nfinds = [{ rows = 3 }]\n",
        "[a]\nbecause = 'b'\nfinds = [{ part = 'v2' }]\n",
        "[a]\nbecause = 'b'\nfinds = [{ part = 2, says = 'the target sent no *' }]\n",
        "[a]\nbecause = 'b'\nfinds = [{ says = '*', more = '' }]\n",
        "[a\n",
    ],
)
def test_a_file_that_would_explain_everything_or_nothing_is_refused(
    text: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.finds.toml"
    file.write_text(text)

    with pytest.raises(Malformed):
        known.read(file)
