"""The recipes for servers of continuous integration do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from otr_conformance.cli import main
from otr_conformance.reports.recipes import RECIPES, recipe

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


@pytest.mark.slow
def test_the_script_writes_reports_and_compares_them(tmp_path: Path) -> None:
    """With a venv that is there already, and an otrspec that runs one case."""
    tools = tmp_path / "out" / "venv" / "bin"
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
    written = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert written == {"report.json", "junit.xml", "report.html", "badge.svg"}

    (tmp_path / "out" / "report.json").rename(tmp_path / "before.json")
    (tmp_path / "otrspec-expected.toml").write_text(
        '[no-otr]\nverdict = "fail"\nbecause = "speaks no OTR"\n'
        'cases = ["otrv3.case:life.started-by-tester"]\n'
    )
    second = run(PREVIOUS=str(tmp_path / "before.json"))
    assert second.returncode == 0, second.stderr
    assert "Nothing got worse; 1 case as before." in second.stdout
