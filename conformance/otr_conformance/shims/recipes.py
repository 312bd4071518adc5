"""Shims to begin with: what `otrspec shim new` writes, language by language.

A recipe lists files that ship beside this module, under the names that they have in the new
directory, and the commands that build and check what comes of them. The README that goes with them
is written here. What is written runs as it is, around a toy that speaks no OTR: whoever replaces
the toy begins with something that works.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RECIPES", "Recipe", "contents"]

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Recipe:
    """A shim to begin with.

    Attributes:
        language: its name on the command line.
        title: its name for people.
        needs: what has to be there to build and run it.
        files: the names of the files in the new directory, and where each comes from; the first is
            the one to edit.
        toy: which of them stand in for an implementation, and can go later.
        build: the command that builds it, run in its directory; "" where nothing has to be built.
        command: the command that runs it there.
        setup: what a machine of a CI service has to do before it builds, in YAML.
        clean: how memory errors can be looked for, in a sentence; "" if that is no question.
    """

    language: str
    title: str
    needs: str
    files: Mapping[str, str]
    toy: tuple[str, ...]
    build: str
    command: str
    setup: str
    clean: str = ""

    @property
    def own(self) -> str:
        """The file to edit."""
        return next(iter(self.files))


_GO: Final = "otrshim/"

RECIPES: Final[Mapping[str, Recipe]] = {
    each.language: each
    for each in (
        Recipe(
            "python",
            "Python",
            "Python 3.11 with `otrspec`, whose helper it imports",
            {"shim.py": "template_python.py"},
            (),
            "",
            "python3 shim.py",
            "",
        ),
        Recipe(
            "c",
            "C",
            "a C11 compiler, make, POSIX",
            {
                "shim.c": "c/template.c",
                **{
                    name: f"c/{name}"
                    for name in (
                        *("toy.h", "toy.c", "otrshim.h", "otrshim.c", "json.h", "json.c"),
                        "Makefile",
                    )
                },
            },
            ("toy.h", "toy.c"),
            "make",
            "./shim",
            "",
            "`make clean && make SANITIZE=1` has memory errors looked for: what is found is a "
            "`crash`.",
        ),
        Recipe(
            "go",
            "Go",
            "Go 1.19 or later",
            {
                "shim.go": "go/template.go",
                "toy.go": "go/toy.go",
                "go.mod": "go/go.mod",
                **{
                    f"{_GO}{name}": f"go/{_GO}{name}"
                    for name in ("lines.go", "otrshim.go", "reporter.go", "requests.go")
                },
            },
            ("toy.go",),
            "go build -o shim .",
            "./shim",
            "      - uses: actions/setup-go@v5\n        with: {go-version: stable}\n",
        ),
        Recipe(
            "javascript",
            "JavaScript",
            "Node 18 or later",
            {
                "shim.mjs": "javascript/template.mjs",
                "toy.mjs": "javascript/toy.mjs",
                "json_helper.mjs": "javascript/json_helper.mjs",
            },
            ("toy.mjs",),
            "",
            "node shim.mjs",
            "      - uses: actions/setup-node@v4\n        with: {node-version: 20}\n",
        ),
    )
}
"""Every recipe, by its language."""

_README: Final = """\
# A shim in {title}

It lets `otrspec` drive an implementation of OTR: the suite writes requests to its standard input,
and reads answers from its standard output. As it stands, it holds a toy, which speaks no OTR, so
that you begin with something that runs. It needs {needs}.

## {count} commands

{build}    otrspec shim check {command}
    otrspec conform {target}

{steps}

While the toy is in place, `conform` reports many failures. That is as it should be.

## What to do

1. `{own}` says `replace` where your implementation goes. It has one function for each request,
   and one for each thing that the implementation may report.{toy}
2. `otrspec shim check` finds what is wrong with the shim, before the implementation is judged.
3. `otrspec conform {target} --case 'life.*' --trace` begins with whole conversations.
4. Declare what else your implementation can do, one capability at a time: each makes more cases
   run. `otrspec cases` says what each needs.
5. When what is left are known deviations, keep them: `--propose otrspec-expected.toml` writes them
   down, and with `--expect otrspec-expected.toml` they are expected, once you have reviewed each.
{clean}
The chapter "How to test yours" of the handbook (docs/testing-yours.md) goes through this step by
step; docs/shim-protocol.md says what every request and event means, docs/reports.md how to read and
keep reports.

## In CI

For GitHub Actions; other services need the same commands. `OTRSPEC` is what pip installs: an
address of git with a commit, or the path of a checkout. otrspec is in no package index: whatever
has its name there is not it.

    name: otrspec
    on: [push, pull_request]
    jobs:
      conform:
        runs-on: ubuntu-latest
        env: {{OTRSPEC: "git+ADDRESS@COMMIT"}}
        steps:
          - uses: actions/checkout@v4
          - uses: actions/setup-python@v5
            with: {{python-version: "3.11"}}
{setup}          - run: pip install "$OTRSPEC"
{build_step}          - run: otrspec shim check {command}
          - run: otrspec conform {target} --junit report.xml --html report.html
          - uses: actions/upload-artifact@v4
            if: always()
            with: {{name: otrspec, path: "report.*"}}
"""


def contents(recipe: Recipe) -> dict[str, bytes]:
    """What is written, by the names of the files in the new directory.

    The first is the one to edit, the last the README.
    """
    found = {name: (_HERE / source).read_bytes() for name, source in recipe.files.items()}
    return {**found, "README.md": _readme(recipe).encode()}


def _readme(recipe: Recipe) -> str:
    quoted = f"'{recipe.command}'" if " " in recipe.command else recipe.command
    toy = " and ".join(f"`{name}`" for name in recipe.toy)
    toy = f" Remove {toy} when nothing refers to it any more." if toy else ""
    steps = "The first builds it, the second looks for faults of the shim, the third tests."
    if not recipe.build:
        steps = (
            "There is nothing to build. The first looks for faults of the shim, the second tests."
        )
    return _README.format(
        count="Three" if recipe.build else "Two",
        title=recipe.title,
        needs=recipe.needs,
        build=f"    {recipe.build}\n" if recipe.build else "",
        build_step=f"          - run: {recipe.build}\n" if recipe.build else "",
        command=recipe.command,
        target=quoted,
        steps=steps,
        own=recipe.own,
        toy=toy,
        clean=f"\n{recipe.clean}\n" if recipe.clean else "",
        setup="".join(f"    {line}\n" for line in recipe.setup.splitlines()),
    )
