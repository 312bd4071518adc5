"""`otrspec table`, `diagram`, `clauses` and `export`: the protocol, for people and for programs."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance import ids
from otr_conformance.cli import clauses as command
from otr_conformance.cli import main
from otr_conformance.otrv3.recordings import RECORDINGS, record
from otr_diagrams import render
from otr_model.clauses import Clause, Level, PinnedText, Registry, digest
from otr_model.kernel.export import canonical, export, schema
from otr_model.kernel.pages import transitions
from otr_model.otrv3.clauses import V2, V3
from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.schedules import SCHEDULES
from otr_model.trace import Arrow

if TYPE_CHECKING:
    from pathlib import Path

ROW = "otrv3.ake:dh-commit.awaiting-dhkey.allowed.ours-higher"


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON that a command writes."""
    assert main([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that misuse is answered with."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


# --- Tables ----------------------------------------------------------------------------------


def test_every_table_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = answer(capsys, "table")
    assert [each["name"] for each in listed] == [table.name for table in OTRV3.tables]
    assert sum(each["rows"] for each in listed) == len(OTRV3.rows())

    assert main(["table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["states", "rows", "table", "decides"]
    assert [line.split()[2] for line in lines[1:]] == [table.name for table in OTRV3.tables]


def test_a_table_is_shown_at_a_glance_and_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "ake"]) == 0

    lines = capsys.readouterr().out.splitlines()
    glance = next(line for line in lines if line.startswith("DH_COMMIT "))
    assert len(glance.split("  ")) > 4  # the event, and its rows in four states
    (number,) = (
        each.number
        for each in transitions(OTRV3.table("ake"))
        if ROW in {row.id for row in each.rows}
    )
    assert str(number) in glance.split()
    row = lines.index(f"{number:3}  AWAITING_DHKEY")
    assert lines[row + 1 : row + 3] == [
        "     when  ALLOWED and OURS_HIGHER",
        "     do    SEND_DH_COMMIT",
    ]


def test_each_table_has_all_its_rows_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    for table in OTRV3.tables:
        as_json = answer(capsys, "table", table.name)
        assert [row["id"] for row in as_json["rows"]] == [row.id for row in table.rows]
        assert main(["table", table.machine, "--markdown"]) == 0
        page = capsys.readouterr().out
        assert f"# {table.name}\n" in page
        assert all(f"`{row.id}`" in page for row in table.rows)
        assert main(["table", table.machine]) == 0
        text = capsys.readouterr().out
        assert all(f"{event.name}  " in text for event in table.events)


def test_a_row_is_explained_to_the_last_word(capsys: pytest.CaptureFixture[str]) -> None:
    row = OTRV3.row(ROW)
    assert main(["table", "--row", ROW]) == 0
    text = " ".join(capsys.readouterr().out.split())
    words = (row.at, row.on, *row.when.atoms(), *row.do)
    assert all(f"{word.name} {word.meaning}" in text for word in words)
    assert "receiving-dh-commit.awaiting-dhkey.ours-higher" in text
    assert "otrv3.case:ake.v3-both-begin-and-target-is-higher" in text

    found = answer(capsys, "table", "ake", "--row", ROW)
    assert found["goto"] == found["at"] == "AWAITING_DHKEY"
    assert "receiving-dh-commit.awaiting-dhkey.ours-higher" in found["clauses"]
    assert "otrv3.case:ake.v3-both-begin-and-target-is-higher" in found["cases"]


def test_the_ambiguity_of_a_row_is_explained_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    row = next(row for row in OTRV3.rows() if row.ambiguity)
    assert row.ambiguity is not None

    assert main(["table", "--row", row.id]) == 0

    text = " ".join(capsys.readouterr().out.split())
    hole = row.ambiguity
    for said in (hole.id, hole.literal.says, hole.ours.says, hole.because):
        assert " ".join(said.split()) in text


def test_tables_and_rows_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean ake" in complaint(capsys, "table", "akee")
    assert "there is no row 'x'" in complaint(capsys, "table", "--row", "x")
    assert "is a row of otrv3.ake" in complaint(capsys, "table", "smp", "--row", ROW)


# --- Diagrams --------------------------------------------------------------------------------


def test_every_picture_can_be_drawn_as_its_list_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = answer(capsys, "diagram")
    names = {each["name"] for each in listed}
    assert {"machines", "state-ake", "layout-data", "text-query", "schedule-ake"} <= names
    assert {f"sequence-{name}" for name in RECORDINGS.named} <= names
    for each in listed:
        for form in set(each["formats"]) - {"png"}:
            target = tmp_path / "picture"
            arguments = ["diagram", each["name"], "--format", form, "-o", str(target)]
            if form == "svg" and "dot" in each["formats"] and each["name"] != "state-ake":
                continue  # one picture by the renderer is enough
            assert main(arguments) == 0
            assert target.stat().st_size > 100
            if form == "svg":
                assert "<svg" in target.read_text()


def test_the_name_of_the_file_says_the_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dot, mermaid = tmp_path / "ake.dot", tmp_path / "ake.mmd"
    assert main(["diagram", "state-ake", "-o", str(dot)]) == 0
    assert main(["diagram", "state-ake", "-o", str(mermaid)]) == 0
    assert capsys.readouterr().out == ""

    assert dot.read_text().startswith("digraph")
    assert mermaid.read_text().startswith("stateDiagram-v2")
    assert "nothing is drawn as .pdf" in complaint(
        capsys, "diagram", "state-ake", "-o", str(tmp_path / "ake.pdf")
    )


def test_without_a_renderer_there_is_mermaid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nothing(_dot: str, _form: str) -> bytes:
        message = "no renderer"
        raise render.NoRenderer(message)

    monkeypatch.setattr(render, "_render", nothing)

    assert main(["diagram", "state-ake"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("stateDiagram-v2")
    assert "otrspec[draw]" in err
    asked = complaint(capsys, "diagram", "state-ake", "--format", "svg")
    assert asked == "otrspec: no renderer; --format dot or mermaid does without\n"


def test_pictures_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean state-ake" in complaint(capsys, "diagram", "state-aka")
    as_png = complaint(capsys, "diagram", "layout-data", "--format", "png")
    assert "is not drawn as png, but as svg" in as_png
    nowhere = str(tmp_path / "none" / "x.svg")
    assert nowhere in complaint(capsys, "diagram", "layout-data", "-o", nowhere)


def test_recordings_are_real_conversations_and_always_the_same() -> None:
    for name in RECORDINGS.named:
        assert record(name) == record(name)

    labels = [step.label for step in record("ake").steps if isinstance(step, Arrow)]
    assert labels == [
        "Query Message ?OTRv3?",
        "D-H Commit Message",
        "D-H Key Message",
        "Reveal Signature Message",
        "Signature Message",
        "Data Message",
    ]


# --- Clauses ---------------------------------------------------------------------------------

NOWHERE = PinnedText("nobody/nothing", "0" * 40, "bees.html", sha256(b"").hexdigest())
HTML = "<h1>Bees</h1><p>Bees fly. Bees must hum.</p>"


def bees(*cites: str, argued: str = "") -> Registry:
    """A registry of one sentence of two."""
    clause = Clause("bees.fly", "Bees", 1, digest("Bees fly"), Level.MUST, "they do", cites, argued)
    return Registry("otrv3", NOWHERE, (clause,))


def test_clauses_are_listed_by_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(answer(capsys, "clauses")) == len(V3)
    assert len(answer(capsys, "clauses", "--protocol", "otrv2")) == len(V2)
    listed = answer(capsys, "clauses", "--section", "policies")
    assert {each["section"] for each in listed} == {"Policies"}

    assert main(["clauses", "--section", "policies"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Policies\n")
    assert all(each["id"] in out for each in listed)

    assert "no section of otrv3" in complaint(capsys, "clauses", "--section", "beekeeping")


def test_a_clause_that_nothing_answers_for_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for cites, argued, idle, dangling in (
        ((), "", True, False),
        (("otrv3.ake:dh-commit",), "", False, False),
        ((), "a motive", False, False),
        (("otrv3.ake:no-such-row",), "", True, True),
        (("otrv3.ake:no-such-row",), "a motive", False, True),
    ):
        registry = bees(*cites, argued=argued)
        monkeypatch.setattr(command, "REGISTRIES", {"otrv3": registry})

        status = main(["clauses", "--uncited", "--json"])

        found = json.loads(capsys.readouterr().out)
        assert status == found["exit"] == int(idle or dangling)
        assert [each["id"] for each in found["uncited"]] == ["bees.fly"] * idle
        cited = [each["citation"] for each in found["unresolved"]]
        assert cited == ["otrv3.ake:no-such-row"] * dangling
        assert main(["clauses", "--uncited"]) == status
        assert ("bees.fly" in capsys.readouterr().out) == (idle or dangling)


def test_every_clause_is_answered_for_by_id_or_argument(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["clauses", "--uncited", "--json"])

    found = json.loads(capsys.readouterr().out)
    unresolved = {each["citation"] for each in found["unresolved"]}
    known = ids.collect()
    assert not unresolved & set(known)
    assert status == int(bool(found["uncited"] or unresolved))


def test_a_copy_of_the_text_is_compared_sentence_by_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "REGISTRIES", {"otrv3": bees(argued="nature")})
    copy = tmp_path / "bees.html"

    copy.write_text(HTML.replace(" Bees must hum.", ""))
    assert main(["clauses", "--protocol", "otrv3", "--against", str(copy)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "1 sentences, 0 of them without a clause" in out

    copy.write_text(HTML)
    arguments = ["clauses", "--protocol", "otrv3", "--against", str(copy)]
    assert main(arguments) == 1
    assert "Bees must hum." in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["text"] for each in found["missing"]] == ["Bees must hum."]
    assert found["stale"] == []
    assert found["pinned"] is False
    assert main([*arguments, "--section", "wasps"]) == 0


def test_a_file_that_is_no_copy_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "bees.html"
    assert str(copy) in complaint(capsys, "clauses", "--against", str(copy))
    copy.write_text(HTML)
    assert "is it the HTML text?" in complaint(capsys, "clauses", "--against", str(copy))


# --- The model -------------------------------------------------------------------------------


def test_the_model_is_exported_as_the_kernel_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = canonical(export(OTRV3, LAYOUTS, TEXTS, SCHEDULES))
    target = tmp_path / "model.json"

    assert main(["export"]) == 0
    assert capsys.readouterr().out == model
    assert main(["export", "-o", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert target.read_text() == model
    assert main(["export", "--schema"]) == 0
    assert capsys.readouterr().out == canonical(schema())
    refused = complaint(capsys, "export", "--protocol", "otrv2")
    assert "those of otrv3 hold it too" in refused
