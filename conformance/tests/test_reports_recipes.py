"""The recipes for servers of continuous integration do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from otr_conformance.cli import main
from otr_conformance.reports.recipes import RECIPES, recipe
from otr_conformance.shims.recipes import RECIPES as SHIMS
from otr_conformance.shims.recipes import contents

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
MINIATURES = Path(__file__).parent / "miniatures"
PROGRAM = "import sys; from otr_conformance.cli import main; sys.exit(main())"


def test_every_recipe_ships() -> None:
    assert all(recipe(name) for name in RECIPES)
    with pytest.raises(KeyError):
        recipe("../page.py")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_uses_only_options_that_there_are(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in recipe(name).splitlines() if not line.lstrip().startswith("#")]
    text = " ".join(lines)
    assert "otrspec conform" in text
    assert main(["conform", "--help"]) == 0

    known = capsys.readouterr().out
    used = set(re.findall(r"(?<![\w-])--[a-z-]+", text)) - {"--quiet"}
    assert used == {"--expect", "--report", "--junit", "--html", "--badge"}
    assert all(f"{option} " in known for option in used)


def _instructions() -> Iterator[tuple[str, str]]:
    """Every text that tells somebody who has no otrspec how to get it."""
    for name in RECIPES:
        yield name, recipe(name)
    for name, shim in SHIMS.items():
        yield f"README of a shim in {name}", contents(shim)["README.md"].decode()
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        yield page.name, page.read_text(encoding="utf-8")


INSTRUCTIONS = dict(_instructions())


@pytest.mark.parametrize(("name", "text"), INSTRUCTIONS.items(), ids=INSTRUCTIONS)
def test_nobody_is_told_to_install_what_has_our_name_in_an_index(name: str, text: str) -> None:
    installed = re.findall(r"pip3? install(?: -\S+)* ([^\n`#]*)", text)
    whole = {word.strip("\"'") for words in installed for word in words.split()}

    assert "otrspec" not in whole, name
    assert not re.search(r"OTRSPEC(: |=)(\$\{OTRSPEC:-)?otrspec\b", text), name


def test_the_script_installs_nothing_that_it_was_not_told_to(tmp_path: Path) -> None:
    script = tmp_path / "ci.sh"
    script.write_text(recipe("ci.sh"))
    unset = {name: value for name, value in os.environ.items() if name != "OTRSPEC"}
    ended = subprocess.run(  # noqa: S603 - our own script
        ["/bin/sh", str(script)],
        cwd=tmp_path,
        env=unset,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert "OTRSPEC: is what pip installs" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ci.sh"]


@pytest.mark.slow
def test_the_script_writes_reports_and_compares_them(tmp_path: Path) -> None:
    """With a venv that is there already, and an otrspec that runs one case."""
    tools = tmp_path / "venv" / "bin"
    tools.mkdir(parents=True)
    command = shlex.join([sys.executable, "-c", PROGRAM])
    otrspec = '#!/bin/sh\n[ "$1" = conform ] && set -- "$@" --case life.started-by-tester\n'
    (tools / "otrspec").write_text(f'{otrspec}exec {command} "$@"\n')
    (tools / "pip").write_text("#!/bin/sh\nexit 0\n")
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "python3").write_text("#!/bin/sh\nexit 0\n")  # makes no venv
    for program in (*tools.iterdir(), fake / "python3"):
        program.chmod(0o755)
    shim = shlex.join([sys.executable, str(MINIATURES / "full.py")])
    script = tmp_path / "ci.sh"
    script.write_text(recipe("ci.sh"))

    def run(**settings: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PATH": f"{fake}{os.pathsep}{os.environ['PATH']}",
            "SHIM": shim,
            "OUT": "out",
            "VENV": "venv",
            "OTRSPEC": "nothing, since pip is not what it seems",
            **settings,
        }
        return subprocess.run(  # noqa: S603 - our own script
            ["/bin/sh", str(script)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    first = run()
    assert first.returncode == 1, first.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"report.json", "junit.xml", "report.html", "badge.svg"}

    (tmp_path / "out" / "report.json").rename(tmp_path / "before.json")
    (tmp_path / "otrspec-expected.toml").write_text(
        '[no-otr]\nverdict = "fail"\nbecause = "speaks no OTR"\n'
        'cases = ["otrv3.case:life.started-by-tester"]\n'
    )
    second = run(PREVIOUS=str(tmp_path / "before.json"))
    assert second.returncode == 0, second.stderr
    assert "Nothing got worse; 1 case as before." in second.stdout
