"""The flaws of history as Markdown: a page for each, an index, and the drawing of each run.

What stands on a page comes from the flaw, from its witness, which is replayed here over terms, and
from the record of runs. Nothing is searched for here.
"""

from __future__ import annotations

from dataclasses import dataclass
from os.path import relpath
from typing import TYPE_CHECKING, Final

from otr_check.explore.replay import replay
from otr_check.explore.telling import drawn_with, sequence_of, told
from otr_check.explore.witness import BadWitness, read_witness
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import Verdict
from otr_diagrams.sequence import sequence_svg
from otr_model.kernel.history import PROPERTIES as SENTENCES

from .past import PAGES, PICTURES, RUNS, WITNESSES, histories, pasts
from .record import Run, read
from .table import rendered_table
from .unnoticed import UNNOTICED, UNSEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from otr_check.explore.witness import Step, Witness
    from otr_model.kernel.history import Flaw

    from .past import History, Past
    from .record import Case, Plain

__all__ = ["rendered", "stale"]

NOTICE: Final = (
    "<!-- Printed from the flaws, their witnesses and runs.json: otrspec generate. -->\n"
)
AGAIN: Final = "python -m otr_conformance.history"


@dataclass(frozen=True, slots=True)
class _Page:
    """What one page is printed from.

    Attributes:
        past: the flaw.
        run: what its runs gave.
        witness: its shortest run; None where there is none.
    """

    past: Past
    run: Run
    witness: Witness | None

    @property
    def flaw(self) -> Flaw:
        """The flaw."""
        return self.past.flaw


# --- Files ------------------------------------------------------------------------------------


def rendered(root: Path) -> Iterator[tuple[Path, str]]:
    """Every page and picture: its path from the root, and its text.

    Args:
        root: of the checkout.

    Raises:
        BadRecord: if the record of runs is none.
    """
    runs = read(root / RUNS)
    pages = {
        past.flaw.id: _Page(past, runs.get(past.flaw.id, Run()), _witness(root, past)[0])
        for past in pasts()
    }
    yield PAGES / "README.md", _index(pages)
    for page in pages.values():
        yield page.past.page, "\n".join(_lines(page))
        if page.witness is not None:
            picture = sequence_svg(sequence_of(page.witness), drawn_with(page.witness))
            yield page.past.picture, picture
    yield rendered_table(root)


def stale(root: Path) -> Iterator[str]:
    """What of the runs is not what it should be, one line for each file.

    Where nothing was ever run, nothing is stale: the pages are printed without runs.

    Args:
        root: of the checkout.

    Raises:
        BadRecord: if the record of runs is none.
    """
    runs, known = read(root / RUNS), set[str]()
    if not runs:
        return
    for past in pasts():
        found, why = _witness(root, past)
        run = runs.get(past.flaw.id)
        if why:
            yield f"{past.witness}: {why}: run {AGAIN} {past.name}"
        elif run is None or run.steps != (len(found.steps) if found else 0):
            yield f"{RUNS}: says nothing of this {past.name}: run {AGAIN} {past.name}"
        known.update((past.page.name, past.witness.name, past.picture.name))
    for folder, pattern in ((PAGES, "*.md"), (WITNESSES, "*.json"), (PICTURES, "*.svg")):
        for path in sorted((root / folder).glob(pattern)):
            if path.name not in {*known, "README.md"}:
                yield f"{folder / path.name}: nothing makes this file any more"


def _witness(root: Path, past: Past) -> tuple[Witness | None, str]:
    """The witness of a flaw, and what is wrong with it; "" if nothing is."""
    path, scenario = root / past.witness, past.scenario
    if not path.is_file():
        return None, "" if scenario is None else "is missing"
    try:
        found = read_witness(path)
    except BadWitness as error:
        return None, str(error).removeprefix(f"{path}: ")
    if found.scenario != scenario:
        return None, f"is not of the scenario {past.scenario_name} as it is"
    differs = replay(found).differs
    return (None, differs) if differs else (found, "")


# --- The index --------------------------------------------------------------------------------

_INTRODUCTION: Final = f"""\
# The history of flaws

What was once wrong with OTR, or with somebody's reading of it, as variants of the tables. Almost
all are searched for over symbolic terms, with an attacker where they need one, and the shortest run
is replayed over real bytes. A flaw that was put right is gone when the variant is; one that stands
is in the tables as they are.

The runs are [files](../witnesses/), and what came of them stands in [runs.json](runs.json). After a
change of the tables or of a scenario, make them again, and then print these pages:

    {AGAIN}
    otrspec generate

What catches which variant of the tables is in [a table](../../generated/caught.md).

""".split("\n")


def _index(pages: Mapping[str, _Page]) -> str:
    lines = [NOTICE, *_INTRODUCTION]
    for history in histories():
        lines += _indexed(history, [pages[past.flaw.id] for past in history.flaws])
    return "\n".join(lines)


def _indexed(history: History, pages: Iterable[_Page]) -> Iterator[str]:
    yield f"## {history.title}"
    yield ""
    yield "| flaw | what is wrong | violates | steps | over bytes | put right | the suite |"
    yield "|---|---|---|---|---|---|---|"
    for page in pages:
        flaw, run = page.flaw, page.run
        cells = (
            f"[{flaw.name}]({page.past.page.name})",
            flaw.about,
            flaw.violates,
            str(run.steps) if page.witness else "by hand",
            _over_bytes(run) if page.witness else "by hand",
            "stands" if flaw.stands else flaw.fixed.partition(":")[0],
            _noticed_in_a_word(page),
        )
        yield f"| {' | '.join(map(_cell, cells))} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _over_bytes(run: Run) -> str:
    return "differs" if run.differs else "the same"


def _noticed_in_a_word(page: _Page) -> str:
    case = page.run.case
    if page.past.protocol not in PROTOCOLS:
        return "has no cases"
    if case is None:
        return "cannot notice" if page.flaw.stands else "does not notice"
    return {"fail": "fails it", "note": "notes it"}.get(case.verdict, case.verdict)


# --- A page -----------------------------------------------------------------------------------


def _lines(page: _Page) -> Iterator[str]:
    flaw = page.flaw
    yield NOTICE
    yield f"# {_sentence(flaw.about, '')}"
    yield ""
    yield f"`{flaw.id}`, {page.past.protocol.replace('otrv', 'OTR version ')}."
    yield ""
    yield from _facts(flaw)
    yield "## What happens"
    yield ""
    if flaw.attacker:
        yield f"An attacker {_sentence(flaw.attacker, '.', capital=False)}"
    else:
        yield "No attacker is needed."
    yield ""
    yield f"What the user suffers: {_sentence(flaw.user, '.', capital=False)}"
    yield ""
    if flaw.policies:
        wanted = ", ".join(f"`{name}` is {str(value).lower()}" for name, value in flaw.policies)
        yield f"It needs policies that differ from the defaults: {wanted}."
        yield ""
    yield from _shortest(page)
    yield from _put_right(page)
    yield from _suite(page)


def _facts(flaw: Flaw) -> Iterator[str]:
    """Where it comes from."""
    yield "| | |"
    yield "|---|---|"
    for name, value in (
        ("where it was", flaw.origin.meaning),
        ("there", flaw.there),
        ("source", f"{flaw.source} ({flaw.year})"),
        ("put right", flaw.fixed or "it stands"),
        ("violates", f"{flaw.violates}: {SENTENCES[flaw.violates]}"),
    ):
        yield f"| {name} | {_cell(value)} |"
    yield ""


def _shortest(page: _Page) -> Iterator[str]:
    """The shortest run, drawn and told."""
    past, run, witness = page.past, page.run, page.witness
    yield "## The shortest run"
    yield ""
    if witness is None:
        reason = UNSEARCHED.get(page.flaw.id, "No scenario looks for it.")
        yield f"{reason} It is played by hand, over bytes and over terms, in {_by_hand(past)}."
        yield ""
        return
    steps = len(witness.steps)
    says = _sentence(witness.says, ".", capital=False)
    yield (
        f"{steps} steps; none is shorter. The search reached {run.states:,} joint states. "
        f"The property `{witness.property}` is violated: {says}"
    )
    yield ""
    yield f"![{witness.scenario.title}]({_link(past.picture)})"
    yield ""
    yield from _told(witness)
    yield ""
    yield _replayed(run)
    yield ""
    yield "To find it again, to replay it over bytes, to draw it:"
    yield ""
    yield f"    otrspec explore {past.scenario_name}"
    yield f"    otrspec witness {past.witness} --real"
    yield f"    otrspec witness {past.witness} --svg -o run.svg"
    yield ""
    yield f"It is also played by hand, in {_by_hand(past)}."
    yield ""


def _told(witness: Witness) -> Iterator[str]:
    """The steps of a run; what an attacker makes, as a term, stands below its step."""
    for number, (step, each) in enumerate(zip(witness.steps, told(witness), strict=True), 1):
        happens, made = each.happens, _made(step)
        if made:
            happens = happens.replace(f": {step.made}", "")
        start = f"{number}. "
        yield f"{start}{happens}"
        yield from (f"{' ' * len(start)}- {line}" for line in (*made, *each.follows))


def _made(step: Step) -> tuple[str, ...]:
    return (f"the attacker makes `{step.made}`",) if step.made else ()


def _replayed(run: Run) -> str:
    """What a replay over bytes gave."""
    if run.differs:
        return f"Over real bytes it does not come out alike: {run.differs}."
    drawn = f" Keys were drawn {run.drawn} times until hashes compared alike." * (run.drawn > 1)
    return f"Over real bytes the same rows are taken, and users are shown the same.{drawn}"


def _put_right(page: _Page) -> Iterator[str]:
    """What the search gives without the flaw."""
    flaw, plain = page.flaw, page.run.plain
    yield "## Where it was put right"
    yield ""
    if flaw.stands:
        yield "Nowhere: it is in the tables as they are."
    elif flaw.historical:
        yield (
            f"{_sentence(flaw.fixed, '.')} These tables are those of the version that has it; "
            "what cures them is in [the table of variants](../../generated/caught.md)."
        )
    else:
        yield _sentence(flaw.fixed, ".")
        if plain is not None:
            yield ""
            yield _without(plain)
    yield ""


def _without(plain: Plain) -> str:
    """What the search of the same scenario gave."""
    if plain.violated:
        return (
            "Without the flaw the same scenario still violates "
            f"{', '.join(plain.violated)}, after {plain.depth} steps."
        )
    end = "that is all of them" if plain.complete else "that is not all of them"
    return (
        "Without the flaw the same scenario violates nothing: "
        f"{plain.states:,} joint states, up to {plain.depth} steps; {end}."
    )


def _suite(page: _Page) -> Iterator[str]:
    """What of the conformance suite notices a target that has it."""
    yield "## What notices it"
    yield ""
    yield from _notices(page)


def _notices(page: _Page) -> Iterator[str]:
    flaw, case = page.flaw, page.run.case
    if case is not None:
        yield from _noticing(page.past.protocol, case)
        return
    if flaw.stands:
        yield "No case can: whoever follows the text has it."
    elif page.past.protocol not in PROTOCOLS:
        yield "The suite has no cases of this version."
    else:
        yield f"No case of the suite does. {UNNOTICED.get(flaw.id, '')}".rstrip()
    yield ""


def _noticing(protocol: str, case: Case) -> Iterator[str]:
    name = case.id.partition(":")[2]
    if case.verdict == Verdict.NOTE.value and case.ambiguity:
        page = f"../../generated/{protocol}/ambiguities.md"
        yield (
            f"The case `{case.id}` passes with a note: a target with this flaw follows the letter "
            f"of the text (`{case.ambiguity}`, [ambiguities]({page})), and is not failed for it. "
            f"What differs: {_sentence(case.because, '.', capital=False)}"
        )
    else:
        word = {"fail": "fails", "crash": "ends in a crash for"}.get(case.verdict, "notes")
        yield (
            f"The case `{case.id}` {word} a target with this flaw: "
            f"{_sentence(case.because, '.', capital=False)}"
        )
    yield ""
    yield f"    otrspec conform TARGET --case {name} --trace"
    yield ""


def _by_hand(past: Past) -> str:
    """Where it is played by hand."""
    version = past.protocol.removeprefix("otrv")
    file = "test_otrv1.py" if version == "1" else f"test_history{version}.py"
    return f"[{file}](../../../model/tests/{file})"


def _link(path: Path) -> str:
    return relpath(path, PAGES)


def _sentence(text: str, end: str, *, capital: bool = True) -> str:
    """A text as a sentence."""
    start = text[:1].upper() if capital else text[:1]
    return f"{start}{text[1:]}{end if not text.endswith('.') else ''}"
