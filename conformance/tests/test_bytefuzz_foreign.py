"""Changed messages for targets: what must not happen is seen, and the campaign goes on."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from otr_conformance.bytefuzz import finds, foreign
from otr_conformance.bytefuzz.bending import BendingSuite, Inside
from otr_conformance.bytefuzz.finds import BadFind, Find
from otr_conformance.bytefuzz.foreign import Foreign, Known, Limits, read_known
from otr_conformance.cli import main
from otr_conformance.targets import Target
from otr_reference.errors import Malformed
from otr_reference.otrv3.messages import Content

if TYPE_CHECKING:
    from typing import Any

REFERENCE: Final = Target("reference", None)
MINIATURES: Final = Path(__file__).with_name("miniatures")


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@pytest.mark.parametrize("inside", list(Inside))
def test_what_is_bent_inside_is_sealed_as_if_it_were_right(inside: Inside) -> None:
    honest, suite = BendingSuite(), BendingSuite()
    suite.inside = inside
    suite.bend = lambda data: data + b"more"
    key: Any = bytes(16)
    said = Content(suite.octets(b"a text"))
    sealed = suite.seal(key, 1, said)
    opened = honest.open(key, 1, sealed)
    expected = b"a textmore" if inside is Inside.CONTENT else b"a text"
    assert honest.to_bytes(opened.text) == expected


def faulty(fault: str) -> Target:
    """A target with a fault."""
    command = (sys.executable, str(MINIATURES / "byte_faulty.py"), fault)
    return Target(command[0], command)


def until(campaign: Foreign, kind: str) -> Find:
    """Play episodes until something of a kind is found."""
    for number in range(40):
        find = campaign.play(number)
        if find is not None:
            assert find.kind == kind, find.says
            return find
    pytest.fail(f"nothing in {campaign.messages} messages")


@pytest.mark.slow
def test_a_target_without_a_fault_withstands_changed_messages() -> None:
    campaign = Foreign(faulty("none"), seed=3)
    campaign.run(0, 5)
    assert campaign.episodes == 5
    assert campaign.messages > 0
    assert campaign.finds == []


@pytest.mark.slow
def test_a_crash_is_made_small_replays_and_does_not_end_the_campaign() -> None:
    campaign = Foreign(faulty("crash"), seed=1, tries=6)
    try:
        find = until(campaign, "crash")
        assert "panic: index out of range" in find.says
        assert find.what == shlex.join(campaign.target.command or ())
        campaign._keep(find)
        assert "alone" in campaign.finds[0].before
        assert len(campaign.finds[0].data) < len(find.data)
        assert campaign.play(0) is None or campaign.messages, "a new process was started"
    finally:
        campaign.close()
    assert foreign.replayed(campaign.finds[0], campaign.target, Limits()) == "crash"
    honest = foreign.replayed(campaign.finds[0], faulty("none"), Limits())
    assert honest == ""

    again = Foreign(campaign.target, known=[Known("crash", "index out of range", "a-page")])
    again._keep(find)
    assert (again.finds, again.explained["a-page"]) == ([], 1)


@pytest.mark.slow
def test_a_text_that_nobody_sent_is_noticed() -> None:
    campaign = Foreign(faulty("shows"), seed=1)
    try:
        assert b"nobody wrote this" in until(campaign, "shown").says.encode()
    finally:
        campaign.close()


@pytest.mark.slow
def test_a_target_that_does_not_talk_any_more_is_noticed() -> None:
    campaign = Foreign(faulty("sulks"), seed=1)
    try:
        find = until(campaign, "dumb")
        number = int(find.before[3].removeprefix("episode "))
        assert campaign.play(number, disturbed=False) is None
    finally:
        campaign.close()


def test_what_is_known_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[mine]]\nkind = "crash"\nsays = "a"\nfinding = "page"\n')
    assert read_known(file) == {"mine": (Known("crash", "a", "page"),)}
    for text in ("mine = 1", '[mine]\nkind = "crash"', '[mine]\nkind="x"\nsays="a"\nfinding="b"'):
        file.write_text(text)
        with pytest.raises(Malformed, match="mine"):
            read_known(file)


def test_a_find_of_a_decoder_is_none_of_a_target() -> None:
    with pytest.raises(BadFind, match="episode"):
        foreign.replayed(Find("x", "crash", "y", b"", ("scene begin",)), REFERENCE, Limits())


@pytest.mark.slow
def test_the_command_is_about_a_target_and_replays_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = shlex.join(faulty("none").command or ())
    assert main(["fuzz-bytes", command, "--inputs", "2", "--seed", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["conversations"], document["finds"]) == (2, [])

    told = ("version 3", "scene begin", "seed 1", "episode 0", "alone")
    crashing = shlex.join(faulty("crash").command or ())
    find = Find(crashing, "crash", "panic", b"\0", told)
    (tmp_path / "find.json").write_text(finds.write(find))
    assert main(["fuzz-bytes", "--replay", str(tmp_path / "find.json")]) == 1
    assert "its process ended" in capsys.readouterr().out


def test_a_target_that_cannot_be_started_says_nothing_of_the_implementation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["fuzz-bytes", "/does/not/exist", "--time", "1s"]) == 3
    assert "/does/not/exist" in capsys.readouterr().err
