"""`otrspec check`, `bench`, `generate`, `peer`, `shim`: what keeps project and shims right."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otr_check.proofs import Fault, Finding
from otr_conformance import ids
from otr_conformance.cli import generate as printing
from otr_conformance.cli import main
from otr_conformance.otrv3 import bench
from otr_conformance.peers import InstalledPeer, PeerUnavailable, Progress, libotr
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.shim import schema
from otr_model.otrv3.protocol import OTRV3
from otr_reference.keys import dsa

MINIATURES = Path(__file__).parent / "miniatures"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def answer(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """The JSON that a command writes."""
    assert main([*arguments, "--json"]) == status
    found = json.loads(capsys.readouterr().out)
    if isinstance(found, dict) and "exit" in found:
        assert found["exit"] == status
    return found


# --- Proofs ----------------------------------------------------------------------------------


def test_the_tables_are_proved(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, 0, "check", "--tables")
    tables = [table for each in PROTOCOLS.values() for table in each.model.composition.tables]
    assert [each["subject"] for each in found["tables"]] == [table.name for table in tables]
    assert all(each["total"] and each["deterministic"] for each in found["tables"])
    assert all(each["dead_rows"] == 0 for each in found["tables"])
    assert found["assumptions"]

    assert main(["check", "ake"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[3:] == ["proved", "proved", "none", "otrv3.ake"]


def test_a_proof_that_fails_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs = importlib.import_module("otr_conformance.cli.proofs")
    proved = proofs.prove_table(OTRV3, OTRV3.table("ake"))
    finding = Finding(Fault.GAP, "otrv3.ake: SHARE in NONE", ("otrv3.ake:share.none.x",))
    monkeypatch.setattr(proofs, "prove_table", lambda *_: replace(proved, findings=(finding,)))

    found = answer(capsys, 1, "check", "ake")
    assert (found["tables"][0]["total"], found["tables"][0]["deterministic"]) == (False, True)
    assert main(["check", "ake"]) == 1
    out = capsys.readouterr().out
    assert "1 gap" in out
    assert "otrv3.ake: SHARE in NONE: no row holds" in out


def test_without_z3_the_proofs_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)  # as if it were not installed
    for name in ("otr_check.smt", "otr_check.solver", "otr_conformance.cli.proofs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr("otr_check.smt", raising=False)
    monkeypatch.delattr("otr_conformance.cli.proofs", raising=False)

    assert main(["check"]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "otrspec: the proofs need z3, which is not installed: pip install 'otrspec[check]'\n"
    )


# --- Speed -----------------------------------------------------------------------------------


def test_the_reference_does_what_is_measured() -> None:
    spent = bench.run_ours(dsa.generate(), dsa.generate(), fragment=200)

    assert tuple(spent) == bench.PHASES
    assert all(seconds > 0 for seconds in spent.values())
    assert len(bench.TEXT) == 64


@pytest.mark.libotr
def test_both_sides_are_measured_in_turn(capsys: pytest.CaptureFixture[str]) -> None:
    if libotr.locate() is None:
        pytest.skip("libotr is not installed: otrspec peer install libotr")

    found = answer(capsys, 0, "bench", "otrv3", "--runs", "1")

    for phase in (*bench.PHASES, "total"):
        figures = found[phase]
        assert figures["ratio"] == pytest.approx(figures["ours"] / figures["libotr"], rel=0.01)
    assert found["total"]["ours"] == pytest.approx(
        sum(found[phase]["ours"] for phase in bench.PHASES), rel=0.01
    )


def test_without_libotr_only_ours_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libotr, "locate", lambda: None)

    found = answer(capsys, 0, "bench", "--runs", "1")
    assert found["libotr"] == ""
    assert set(found["total"]) == {"ours"}
    assert main(["bench", "--runs", "1"]) == 0
    assert "otrspec peer install libotr" in " ".join(capsys.readouterr().out.split())


def test_medians_are_over_runs_that_alternate(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    ours = iter((1.0, 9.0, 2.0))

    def run_ours(*_keys: object, fragment: int) -> dict[str, float]:
        order.append(f"ours {fragment}")
        return dict.fromkeys(bench.PHASES, next(ours))

    def measure(*, fragment: int, repeats: int, protocol: int) -> libotr.Measurement:
        order.append(f"libotr {fragment}")
        assert repeats == 1
        one = (4.0,)
        return libotr.Measurement("4.1.1", protocol, fragment, 100, 10, one, one, one, one)

    monkeypatch.setattr(bench, "run_ours", run_ours)
    monkeypatch.setattr(libotr, "measure", measure)
    monkeypatch.setattr(libotr, "locate", lambda: Path("shim"))

    found = bench.compare(3, 200, lambda _run: None)

    assert order == ["libotr 200", "ours 200"] * 3
    assert [(p.name, p.ours, p.libotr, p.ratio) for p in found.phases] == [
        *((name, 2.0, 4.0, 0.5) for name in bench.PHASES),
        ("total", 8.0, 16.0, 0.5),
    ]


def test_fragments_too_small_to_send_are_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--fragment", "10"]) == 2

    assert "64 bytes and more" in capsys.readouterr().err


# --- Generated files -------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with nothing in it, where what takes long to print is short.

    Whether all of it is as it would be printed, `otrspec generate --check` tells CI.
    """
    page = Path("docs", "generated", "page.md")
    monkeypatch.setattr(printing.grading, "rendered", lambda: [(page, "graded\n")])
    monkeypatch.setattr(printing.checks, "rendered", lambda: [("otrv3/ake.json", "{}\n")])
    monkeypatch.setattr(printing.vectors, "rendered", lambda: {"smp.json": "{}\n"})
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_generated_files_are_written_once_and_watched(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = answer(capsys, 1, "generate", "--check")
    assert "ids.lock: is missing" in before["drift"]
    assert not (checkout / "ids.lock").exists()

    written = answer(capsys, 0, "generate")["written"]
    assert {"ids.lock", "docs/shim-protocol.schema.json"} <= set(written)
    assert {"docs/generated/page.md", "docs/generated/vectors/otrv3/ake.json"} <= set(written)
    assert "docs/generated/otrv4/vectors/smp.json" in written
    assert "diagrams/generated/otrv3/sequence-ake.txt" in written
    assert all((checkout / name).is_file() for name in written)
    assert (checkout / "docs/shim-protocol.schema.json").read_text() == schema.render()

    assert answer(capsys, 0, "generate")["written"] == []
    assert main(["generate", "--check"]) == 0
    assert capsys.readouterr().out == "nothing has drifted\n"

    (checkout / "docs/shim-protocol.schema.json").write_text("{}\n")
    assert main(["generate", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "docs/shim-protocol.schema.json: is not what it should be"


def test_an_id_that_vanishes_is_reported_until_somebody_decides(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate"]) == 0
    ledger = checkout / "ids.lock"
    row = OTRV3.rows()[0].id
    ledger.write_text(
        ledger.read_text().replace(f'"{row}" = "active"', '"otrv3.ake:gone" = "active"')
    )
    capsys.readouterr()

    found = answer(capsys, 1, "generate")
    assert found["written"] == ["ids.lock"]  # the row is entered, and nothing is taken away
    gone = "otrv3.ake:gone: is gone; retire it, or make it an alias of its successor"
    assert found["ids"] == [gone]
    assert main(["generate", "--check"]) == 1
    assert f"ids.lock: {gone}" in capsys.readouterr().out

    decided = ledger.read_text().replace(
        '"otrv3.ake:gone" = "active"', f'"otrv3.ake:gone" = "alias of {row}"'
    )
    ledger.write_text(decided)
    assert main(["generate", "--check"]) == 0


def test_a_ledger_that_is_none_is_misuse(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "ids.lock").write_text("[row]\nx = 1\n")

    assert main(["generate", "--check"]) == 2

    assert "ids.lock: x: is neither active, retired nor an alias" in capsys.readouterr().err


# --- Ids -------------------------------------------------------------------------------------


def test_everything_that_can_be_cited_has_an_id() -> None:
    known = ids.collect()

    assert set(known.values()) == set(ids.KINDS)
    for named in (
        *("otrv3.ake", "otrv3.check:data-mac", "otrv3.condition:ours-higher", "otrv3.datum:ring"),
        *("otrv3.effect:send-dh-commit", "otrv3.variable:allow_v3", "otrv3.variable:smallest_tag"),
        *("otrv3.constant:modulus", "otrv3.constant:group", "otrv3.type:mpi", "otrv3.text:query"),
        *("otrv3.layout:data.next_dh", "otrv3.schedule:ake.ssid", "otrv3.event:dh-commit"),
        *("otrv3.text:fragment-v3.k", "otrv3.ambiguity:next-dh", "otrv3.clause:outline.network"),
        *("otrv4.dake", "otrv4.constant:ed448", "otrv4-standalone.clause:standalone.name"),
    ):
        assert named in known, named
    assert "otrv3.constant:type-checking" not in known
    assert all(row.id in known for row in OTRV3.rows())


def test_a_ledger_is_read_as_it_was_written() -> None:
    ledger = ids.extended({"row": {"old": ids.RETIRED, "older": "alias of new"}}, {"new": "row"})

    text = ids.write(ledger)

    assert ids.read(text) == {kind: entries for kind, entries in ledger.items() if entries}
    assert ids.write(ids.read(text)) == text
    assert text.index('"new"') < text.index('"old"') < text.index('"older"')


@pytest.mark.parametrize(
    ("status", "existing", "fault"),
    [
        ("active", {"x": "row"}, ""),
        ("active", {}, "x: is gone; retire it, or make it an alias of its successor"),
        ("active", {"x": "case"}, "x: was the id of a row, and is now that of a case"),
        ("retired", {}, ""),
        ("retired", {"x": "row"}, "x: is retired, and yet in use"),
        ("alias of y", {"y": "row"}, ""),
        ("alias of z", {"y": "row"}, "x: is an alias of z, which is not active"),
    ],
)
def test_faults_of_the_ledger(status: str, existing: dict[str, str], fault: str) -> None:
    ledger = ids.extended({"row": {"x": status}}, {"y": "row"} if "y" in existing else {})

    assert ids.faults(ledger, existing) == ([fault] if fault else [])


# --- Peers and shims -------------------------------------------------------------------------


def test_peers_are_listed_with_where_they_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(libotr, "locate", lambda: None)
    assert main(["peer", "list"]) == 0
    assert "not installed: otrspec peer install libotr" in capsys.readouterr().out

    monkeypatch.setattr(libotr, "locate", lambda: Path("somewhere/shim"))
    found = answer(capsys, 0, "peer", "list")[0]
    assert (found["name"], found["installed"], found["shim"]) == ("libotr", True, "somewhere/shim")


def test_installing_tells_its_steps_and_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(progress: Progress) -> InstalledPeer:
        progress("compiling")
        return InstalledPeer("libotr", "4.1.1", ("shim",))

    monkeypatch.setattr(libotr, "install", install)

    assert main(["peer", "install", "libotr"]) == 0

    out, err = capsys.readouterr()
    assert out == "libotr 4.1.1 is ready: otrspec conform libotr\n"
    assert err == "compiling\n"


def test_a_peer_that_cannot_be_had_says_why_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install(_progress: Progress) -> InstalledPeer:
        message = "a C compiler missing; run as root: apt-get install -y gcc"
        raise PeerUnavailable(message)

    monkeypatch.setattr(libotr, "install", install)

    for name, says in (("libotr", "a C compiler missing"), ("pidgin", "there is no peer 'pidgin'")):
        assert main(["peer", "install", name]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert says in err
        assert err.count("\n") == 1


def test_a_shim_that_is_fit_for_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shim", "check", "reference-shim"]) == 0

    out = capsys.readouterr().out
    assert out == "Nothing is wrong with the shim.\nNext: otrspec conform reference-shim\n"


def test_what_is_wrong_with_a_shim_comes_with_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, str(MINIATURES / "garbage.py")]

    assert main(["shim", "check", *command]) == 1

    lines = capsys.readouterr().out.splitlines()
    hint = next(line for line in lines if line.startswith("  hint"))
    assert "write one JSON object a line" in hint
    assert "wrong with" in lines[-2]
    assert lines[-1].split() == command
    assert main(["shim", "check", "--json", *command]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["command"] == command
    assert found["findings"][0]["verdict"] == "harness-error"


def test_options_behind_the_command_are_the_shims_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "shim.py"
    script.write_text("import sys\nsys.stderr.write(' '.join(sys.argv[1:]))\n")

    assert main(["shim", "check", sys.executable, str(script), "--json", "--loud"]) == 1

    assert "--json --loud" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("no-such-program", "there is no such program"),
        ("reference", "reference-shim is the same behind one"),
    ],
)
def test_what_is_no_shim_is_misuse(
    command: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["shim", "check", command]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
