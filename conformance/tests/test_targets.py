"""What a target is called."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from otr_conformance.targets import UnknownTarget, find

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("interpreter", ["python3", "/usr/bin/python3.11", "node", "sh"])
def test_a_shim_that_an_interpreter_runs_has_the_name_of_its_file(
    interpreter: str, tmp_path: Path
) -> None:
    one, other = tmp_path / "one.shim", tmp_path / "other.shim"
    one.touch()
    other.touch()

    found = [find(shlex.join([interpreter, "-u", str(each), str(one)])) for each in (one, other)]

    assert [each.name for each in found] == [str(one), str(other)]
    assert found[1].command == (interpreter, "-u", str(other), str(one))
    assert found[1].asked == shlex.quote(shlex.join(found[1].command))


def test_any_other_command_has_the_name_of_its_first_word(tmp_path: Path) -> None:
    settings = tmp_path / "settings"
    settings.touch()

    assert find(shlex.join(["./my-shim", str(settings)])).name == "./my-shim"
    assert find("python3 -m my_shim").name == "python3"
    assert find(f"python3 {'x' * 5000}").name == "python3"


def test_no_command_is_no_target() -> None:
    with pytest.raises(UnknownTarget, match="the target is empty"):
        find(" ")
