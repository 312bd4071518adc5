"""Campaigns: the same each time, gone on with, and not ended by what they find."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from otr_conformance.bytefuzz import campaign, finds, growth, registry
from otr_conformance.bytefuzz.campaign import BLOCK, BadState, Block, Campaign, Plan
from otr_conformance.bytefuzz.decoder import Decoder, Form
from otr_conformance.bytefuzz.finds import BadFind, Find
from otr_conformance.cli import main
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b'{"format": "otrspec-find", "version": 1, "what": "a", "kind": "b", "says": "c"'
QUICK = ("otrv3.mpi", "keys.scalar", "keys.dsa")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts a decoder into the registry that is wrong in the way that is asked for."""
    every = dict(registry.decoders())
    monkeypatch.setattr(registry, "decoders", lambda: every)
    campaign._mutator.cache_clear()

    def put(read: Any, **more: Any) -> str:
        every["toy"] = Decoder("toy", (), Form.BINARY, read, lambda: [b"some bytes"], **more)
        return "toy"

    yield put
    campaign._mutator.cache_clear()


# --- Blocks and campaigns ---------------------------------------------------------------------


def test_a_block_is_the_same_each_time() -> None:
    block = Block("otrv3.mpi", 3, seed=5)
    assert list(campaign.mutants(block)) == list(campaign.mutants(block))
    assert list(campaign.mutants(block)) != list(campaign.mutants(Block("otrv3.mpi", 4, seed=5)))
    done = campaign.play(block)
    assert (done.inputs, done.troubles) == (BLOCK, ())
    assert 0 < done.read <= BLOCK


def test_a_campaign_gives_every_decoder_its_share_and_goes_on_where_it_was(tmp_path: Path) -> None:
    made = Campaign(Plan(QUICK, inputs=6 * BLOCK), tmp_path)
    made.run()
    assert made.inputs == 6 * BLOCK
    assert all(each.inputs for each in made.figures.values())
    assert made.finds == []

    again = Campaign(Plan(QUICK, inputs=8 * BLOCK), tmp_path)
    assert again.inputs == 6 * BLOCK
    again.run()
    assert again.inputs == 8 * BLOCK
    with pytest.raises(BadState, match="--seed 0"):
        Campaign(Plan(QUICK, inputs=1, seed=1), tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"format": "otrspec-fuzz-bytes"}', b"\xff", b"[" * 100_000],
)
def test_a_damaged_state_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(BadState, match=r"state\.json: "):
        Campaign(Plan(QUICK), tmp_path)


def test_figures_of_the_wrong_form_are_named() -> None:
    good = json.loads(campaign.write_state(1, {"a": campaign.Figures()}))
    for name in ("blocks", "seconds", "slowest", "finds"):
        bad = json.loads(json.dumps(good))
        bad["decoders"]["a"][name] = "many"
        with pytest.raises(BadState, match="has no figures"):
            campaign.read_state("state.json", json.dumps(bad).encode())


def test_what_breaks_a_promise_is_made_small_and_kept(broken: Any, tmp_path: Path) -> None:
    def read(data: bytes) -> bytes:
        if b"y" not in data:
            raise Malformed(field="y", reason="is missing")
        return data[: 10 // (data[0] - ord("s"))] if data[0] == ord("s") else data

    made = Campaign(Plan((broken(read),), inputs=BLOCK), tmp_path)
    made.run()
    assert [find.kind for find in made.finds] == ["error"]
    find = made.finds[0]
    assert find.data == b"sy"
    assert "ZeroDivisionError" in find.says
    saved = finds.read(find.name, (tmp_path / find.name).read_bytes())
    assert saved == find


def test_an_input_that_ends_the_process_is_found_and_the_campaign_goes_on(
    broken: Any, tmp_path: Path
) -> None:
    home = os.getpid()

    def read(data: bytes) -> bytes:
        if data.startswith(b"some") and len(data) == 7 and os.getpid() != home:
            os._exit(3)
        return data

    made = Campaign(Plan((broken(read), "otrv3.mpi"), inputs=3 * BLOCK), tmp_path)
    made.run()
    crashes = [find for find in made.finds if find.kind == "crash"]
    assert crashes
    assert all(find.data.startswith(b"some") and len(find.data) == 7 for find in crashes)
    assert made.figures["otrv3.mpi"].inputs


def test_an_input_that_takes_for_ever_is_stopped(
    broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "PATIENCE", 0.1)
    name = broken(lambda _data: time.sleep(5))
    fate = campaign.fate_of(registry.decoders()[name], b"x", measured=False)
    assert getattr(fate, "kind", "") == "hang"


# --- Growth -----------------------------------------------------------------------------------


def test_growth_tells_linear_from_quadratic(broken: Any) -> None:
    def linear(data: bytes) -> int:
        return sum(1 for _ in data)

    def quadratic(data: bytes) -> int:
        return sum(1 for _ in data[::64] for _ in data[::64])

    def steepest() -> float:
        found = registry.decoders()["toy"]
        return max(growth._growth_of_work(found, parts) for parts in growth.repeated(found, 0, 2))

    broken(linear)
    assert steepest() < growth.STEEP
    broken(quadratic)
    assert steepest() > 1.7


@pytest.mark.parametrize("name", ["otrv3.wire", "otrv4.content", "keys.sexp", "shim.object"])
def test_work_does_not_grow_faster_than_inputs(name: str) -> None:
    decoder = registry.decoder(name)
    for parts in growth.repeated(decoder, pieces=4):
        assert growth._growth_of_work(decoder, parts) <= growth.STEEP, parts[1]


# --- Finds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"format": "otrspec-find"}',
        b'{"format": "otrspec-find", "version": 2}',
        HEAD + b"}",
        HEAD + b', "data": "no base64!"}',
        HEAD + b', "data": "", "before": [1]}',
    ],
)
def test_a_file_that_is_no_find_is_named(content: bytes) -> None:
    with pytest.raises(BadFind, match=r"^find\.json: "):
        finds.read("find.json", content)


# --- The command ------------------------------------------------------------------------------


def test_the_command_shows_figures_and_keeps_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["fuzz-bytes", "otrv3.mpi", "otrv1", "--inputs", "1000", "--folder", str(tmp_path)]
    assert main([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inputs"] == 1000
    assert {each["decoder"] for each in document["decoders"]} == {"otrv3.mpi", "otrv1.wire"}
    assert document["finds"] == []
    assert main(asked) == 0
    assert "every promise was kept" in capsys.readouterr().out


def test_a_find_is_replayed_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "find.json"
    file.write_text(finds.write(Find("otrv3.mpi", "error", "was mended", b"\0\0")))
    assert main(["fuzz-bytes", "--replay", str(file)]) == 0
    assert "keeps its promises" in capsys.readouterr().out
    file.write_text(finds.write(Find("otrv5.mpi", "error", "is gone", b"\0\0")))
    assert main(["fuzz-bytes", "--replay", str(file)]) == 2
    assert "fuzz-bytes --list" in capsys.readouterr().err
    file.write_text("no find")
    assert main(["fuzz-bytes", "--replay", str(file), "--json"]) == 2


def test_what_cannot_be_carried_out_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for asked in (
        ["fuzz-bytes"],
        ["fuzz-bytes", "--time", "soon"],
        ["fuzz-bytes", "libotr"],
        ["fuzz-bytes", "otrv3", "otrv4", "--guided", "--time", "1s"],
        ["fuzz-bytes", "--replay", str(tmp_path / "none.json")],
    ):
        assert main(asked) == 2, asked
        err = capsys.readouterr().err
        assert err.count("\n") == 1, err


def test_decoders_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz-bytes", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {each["decoder"] for each in listed} == set(registry.decoders())
    assert all(each["kept"] for each in listed)
    assert main(["fuzz-bytes", "keys", "--list"]) == 0
    assert "otr_reference.keys.sexp.read" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is an extra")
def test_atheris_follows_what_inputs_reach(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    asked = ["fuzz-bytes", "otrv3.mpi", "--guided", "--inputs", "500", "--folder", str(tmp_path)]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "500 inputs" in out
    assert "every promise was kept" in out
    assert list((tmp_path / "inputs").iterdir())


def test_without_atheris_a_line_says_how_to_have_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    asked = ["fuzz-bytes", "otrv3.mpi", "--guided", "--time", "1s", "--folder", str(tmp_path)]
    assert main(asked) == 2
    assert "pip install 'otrspec[fuzz-bytes]'" in capsys.readouterr().err
