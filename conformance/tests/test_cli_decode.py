"""`otrspec decode`: any OTR message, field by field."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_conformance.cli import main
from otr_conformance.cli.screen import plain
from otr_reference.keys import dsa
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "D-H Commit Message  otrv3.layout:dh-commit"


@pytest.fixture(autouse=True)
def _page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def commit(max_size: int = 0) -> list[str]:
    """A D-H Commit Message, or its fragments."""
    chat = Chat(dsa.generate(), Policy(allow_v2=False), tag=0x1234ABCD, max_size=max_size)
    return [wire.decode() for wire in chat.receive(b"?OTRv3?").wires]


def answer(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """The JSON of a run."""
    assert main(["decode", "--json", *arguments]) == status
    found = json.loads(capsys.readouterr().out)
    assert found["exit"] == status
    return found["messages"]


def test_a_message_is_shown_field_by_field(capsys: pytest.CaptureFixture[str]) -> None:
    (message,) = commit()

    assert main(["decode", message]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == COMMIT
    inside = lines.index("Inside Binary form")
    shown = [line.split() for line in lines[inside + 2 :]]
    assert shown[0] == ["0", "Protocol", "version", "SHORT", "0003", "3"]
    assert shown[2] == ["3", "Sender", "Instance", "tag", "INT", "1234abcd", "0x1234abcd"]
    assert shown[4][-2:] == ["196", "bytes"]
    assert shown[4][-3].endswith("…")


def test_full_shows_every_byte(capsys: pytest.CaptureFixture[str]) -> None:
    (message,) = commit()
    (found,) = answer(capsys, 0, message)
    gx = next(row for row in found["rows"] if row["id"].endswith("encrypted_gx"))
    assert len(gx["hex"]) == 2 * gx["length"] == 400

    assert main(["decode", "--full", message]) == 0

    shown = "".join(capsys.readouterr().out.split())
    assert "…" not in shown
    assert gx["hex"][:64] in shown.replace("196bytes", "")


def test_rows_cover_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    (message,) = commit()
    (found,) = answer(capsys, 0, message)

    outer = [row for row in found["rows"] if row["depth"] == 0]
    inner = [row for row in found["rows"] if row["depth"] == 1]
    assert bytes.fromhex("".join(row["hex"] for row in outer)).decode() == message
    assert found["size"] == len(message)
    ends = [row["offset"] + row["length"] for row in inner]
    assert [row["offset"] for row in inner] == [0, *ends[:-1]]


def test_a_message_comes_from_an_argument_a_file_or_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (message,) = commit()
    file = tmp_path / "message.txt"
    file.write_text(message + "\n")
    expected = answer(capsys, 0, message)

    assert answer(capsys, 0, str(file)) == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(message.encode() + b"\r\n")))
    assert answer(capsys, 0, "-") == expected


def test_fragments_are_put_together_in_any_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fragments = commit(max_size=150)
    assert len(fragments) == 3
    file = tmp_path / "fragments.txt"
    file.write_text("\n".join(fragments))

    for given_ in ((str(file),), fragments, fragments[::-1]):
        (found,) = answer(capsys, 0, *given_)
        assert (found["id"], found["fragments"], found["lacking"]) == (
            "otrv3.layout:dh-commit",
            3,
            [],
        )

    assert main(["decode", *fragments]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [COMMIT, "put together from 3 fragments"]


def test_fragments_that_are_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    fragments = commit(max_size=150)

    (found,) = answer(capsys, 0, fragments[0], fragments[2])

    assert found["id"] == "otrv3.text:fragment-v3"
    assert found["lacking"] == [2]
    assert main(["decode", fragments[0], fragments[2]]) == 0
    assert "fragment 1, 3 of 3" in capsys.readouterr().out


def test_fragments_of_different_messages_stay_apart(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = commit(max_size=150), commit(max_size=150)

    found = answer(capsys, 0, *first, *second)

    assert [each["id"] for each in found] == ["otrv3.layout:dh-commit"] * 2
    assert found[0]["rows"] != found[1]["rows"]


def test_a_malformed_message_is_shown_up_to_its_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "?OTR:AAMC."]) == 1
    out = capsys.readouterr().out
    assert out.startswith(COMMIT)
    assert out.endswith(
        "malformed: Sender Instance tag is cut short, at byte 3 of the binary form\n"
    )

    (found,) = answer(capsys, 1, "?OTR:AAMC.")
    assert found["malformed"] is True
    assert found["fault"] == {
        "field": "Sender Instance tag",
        "reason": "is cut short",
        "offset": 3,
        "binary": True,
    }


def test_what_is_neither_a_message_nor_a_file_is_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for given_, says in (
        ("no-such-file", "'no-such-file' is neither an OTR message nor a file"),
        (str(tmp_path), "Is a directory"),
    ):
        assert main(["decode", given_]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert says in err
        assert err.count("\n") == 1


def test_a_message_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "?OTR Error: \x1b]0;gotcha\x07 \x9b31m \u202e"]) == 0

    out = capsys.readouterr().out
    assert "\\x1b]0;gotcha\\x07" in out
    assert out.replace("\n", "").isprintable()


@given(st.text())
def test_nothing_that_is_shown_drives_a_terminal(text: str) -> None:
    shown = plain(text)

    assert shown.replace("\n", "").isprintable()
    if text.isprintable():
        assert shown == text
    else:
        assert shown != text or "\n" in text


@given(st.binary(max_size=300))
def test_whatever_comes_in_there_is_an_answer(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        written = io.StringIO()
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"?OTR" + content)))
        patch.setattr(sys, "stdout", written)
        status = main(["decode", "-", "--json"])

    found = json.loads(written.getvalue())
    assert status == found["exit"] == int(any(each["malformed"] for each in found["messages"]))
