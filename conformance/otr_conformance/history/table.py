"""The table of what catches which variant, as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from .caught import Caught, concerns_proofs, read
from .past import histories
from .reasons import NEITHER
from .watched import BOUND, Kind, watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .caught import Sought, Tried
    from .record import Case
    from .watched import Watched

__all__ = ["TABLE", "by_neither", "rendered_table", "unexplained"]

TABLE: Final = Path("docs", "generated", "caught.md")
_LEMMA: Final = "lemma-"
_MUTE: Final = "–"  # noqa: RUF001 - a dash for what was not asked

_INTRODUCTION: Final = f"""\
<!-- Printed from the variants and caught.json: otrspec generate. -->

# What catches which variant

The variants of the tables that matter for security: the flaws of history, the letter of the text
where ours is a hardened reading, every check that a receiver can skip, and what cures flaws. For
each: what notices it.

- **proof**: which invariants are no longer proved by induction over the rows of the variant
  (`otr_check.induction`). Induction reads rows, and checks of declared variables. What only
  cryptography can answer is open there, and what is proved holds whatever the answer is: nothing is
  asked about who skips such a check, or computes something else.
- **exploration**: which property is violated in a scenario that ships, and not in the same scenario
  without the variant; the length of the shortest run, and the scenario. Where nothing is: in how
  many searches, and how many joint states. A search ends after {BOUND:,} of them, except in the
  scenario of a flaw.
- **suite**: the first case that fails a target with the variant, or notes that it reads the text
  the other way.

The searches can be made again one by one. In brackets stands who is given which variant where it is
not everybody: one side skips a check, and the other one sends what fails it.

    otrspec explore SCENARIO --variant 'alice=skip DATA_MAC' --variant 'bob=skip DATA_MAC'

All of them, and then this page:

    python -m otr_conformance.history --caught searches
    python -m otr_conformance.history --caught proofs
    python -m otr_conformance.history --caught cases
    otrspec generate
"""


def rendered_table(root: Path) -> tuple[Path, str]:
    """The page: its path from the root, and its text.

    Args:
        root: of the checkout.

    Raises:
        BadRecord: if the record of runs is none.
    """
    record, every = read(root), watched()
    lines = [_INTRODUCTION, *_counted(every, record)]
    for history in histories():
        for kind in Kind:
            chosen = [w for w in every if w.protocol == history.protocol and w.kind is kind]
            if chosen:
                lines += _section(f"{history.title}: {_TITLES[kind]}", chosen, record)
    return TABLE, "\n".join(lines)


_TITLES: Final[Mapping[Kind, str]] = {
    Kind.FLAW: "flaws",
    Kind.LITERAL: "the letter of the text",
    Kind.SKIPPED: "checks that are skipped",
    Kind.CURE: "cures",
}


def by_neither(each: Watched, record: Mapping[str, Caught]) -> bool:
    """Whether neither a proof nor a search catches a variant."""
    known = record.get(each.id, Caught())
    sought = known.searches is not None and known.searches.violated
    return not (sought or (known.proofs is not None and known.proofs.fails))


def unexplained(root: Path) -> Iterator[str]:
    """Variants that neither catches and nobody says why, and reasons for what is caught.

    Args:
        root: of the checkout.

    Raises:
        BadRecord: if the record of runs is none.
    """
    record = read(root)
    names = set[str]()
    for each in watched():
        names.add(each.id)
        if each.kind is Kind.CURE:
            continue
        if by_neither(each, record):
            if each.id not in NEITHER:
                yield f"{each.id}: neither a proof nor a search catches it, and nothing says why"
        elif each.id in NEITHER:
            yield f"{each.id}: is caught, and there is a reason why it is not"
    yield from (f"{name}: is no variant that matters" for name in NEITHER if name not in names)


# --- Lines ------------------------------------------------------------------------------------


def _counted(every: Iterable[Watched], record: Mapping[str, Caught]) -> Iterator[str]:
    """How many are caught by what."""
    yield "| | variants | by proof | by exploration | by the suite | by neither of the first two |"
    yield "|---|---|---|---|---|---|"
    for history in histories():
        for kind in Kind:
            chosen = [w for w in every if w.protocol == history.protocol and w.kind is kind]
            if not chosen or kind is Kind.CURE:
                continue
            known = [record.get(each.id, Caught()) for each in chosen]
            figures = (
                len(chosen),
                sum(bool(k.proofs and k.proofs.fails) for k in known),
                sum(bool(k.searches and k.searches.violated) for k in known),
                sum(k.cases is not None for k in known),
                sum(by_neither(each, record) for each in chosen),
            )
            cells = (f"{history.title}: {_TITLES[kind]}", *map(str, figures))
            yield f"| {' | '.join(cells)} |"
    yield ""


def _section(title: str, chosen: list[Watched], record: Mapping[str, Caught]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if chosen[0].kind is Kind.CURE:
        yield from _cures(chosen, record)
        return
    yield "| variant | what differs | proof | exploration | suite |"
    yield "|---|---|---|---|---|"
    for each in chosen:
        known = record.get(each.id, Caught())
        cells = (
            _named(each),
            each.past.flaw.about if each.kind is Kind.FLAW and each.past else each.variant.about,
            _proved(each, known),
            _explored(known.searches),
            _noticed(known.cases),
        )
        yield f"| {' | '.join(map(_cell, cells))} |"
    yield ""
    missed = [each for each in chosen if by_neither(each, record)]
    if missed:
        yield "Neither proof nor exploration catches, and why:"
        yield ""
        for reason, names in _grouped(missed).items():
            yield f"- {', '.join(f'`{name}`' for name in names)}: {reason}"
        yield ""


def _grouped(missed: list[Watched]) -> dict[str, list[str]]:
    """Variants by the reason why nothing catches them."""
    found: dict[str, list[str]] = {}
    for each in missed:
        reason = NEITHER.get(each.id, "nobody has said why yet.")
        found.setdefault(reason, []).append(_short(each).rpartition(":")[2])
    return found


def _named(each: Watched) -> str:
    if each.past is None:
        return f"`{_short(each)}`"
    flaw, page = each.past.flaw.name, f"../findings/history/{each.past.page.name}"
    if each.kind is Kind.FLAW:
        return f"[{flaw}]({page})"
    return f"`{_short(each)}`, which is the flaw [{flaw}]({page})"


def _short(each: Watched) -> str:
    """The name without what all of its kind begin with."""
    return each.name.replace("skip ", "").removeprefix("literal ")


def _proved(each: Watched, known: Caught) -> str:
    if known.proofs is None:
        return "not asked yet" if concerns_proofs(each) else _MUTE
    if not known.proofs.fails:
        return f"all {known.proofs.claims} hold"
    names = [name.partition(":")[2] for name in known.proofs.fails]
    claims = [name for name in names if not name.startswith(_LEMMA)]
    lemmas = len(names) - len(claims)
    also = f", and {lemmas} lemma{'s' if lemmas > 1 else ''}" if claims and lemmas else ""
    return ", ".join(f"`{name}`" for name in claims or names) + also


def _explored(sought: Sought | None) -> str:
    if sought is None:
        return "not asked yet"
    if not sought.tried:
        return "no scenario"
    if sought.violated:
        last = sought.tried[-1]
        return f"**{sought.violated}**, {sought.depth} steps: {last.scenario}{_given(last)}"
    states = sum(tried.states for tried in sought.tried)
    count = len(sought.tried)
    searches = f"{count} searches" if count > 1 else "1 search"
    bounded = "" if all(tried.complete for tried in sought.tried) else ", not all complete"
    return f"nothing: {searches}, {states:,} joint states{bounded}"


def _given(tried: Tried) -> str:
    """Who is given what, where it is not everybody the same."""
    if len({variant for _, variant in tried.given}) < 2:  # noqa: PLR2004 - one for all
        return ""
    return f" ({', '.join(f'{who}: {variant}' for who, variant in tried.given)})"


def _noticed(case: Case | None) -> str:
    if case is None:
        return _MUTE
    word = {"fail": "fails", "note": "notes", "crash": "crashes"}.get(case.verdict, case.verdict)
    return f"{word}: {case.id.partition(':')[2]}"


def _cures(chosen: list[Watched], record: Mapping[str, Caught]) -> Iterator[str]:
    """What cures a flaw, and whether anything is violated then."""
    yield "| variant | what differs | cures | exploration |"
    yield "|---|---|---|---|"
    for each in chosen:
        known = record.get(each.id, Caught())
        cured = each.past.flaw.name if each.past else ""
        cells = (f"`{each.name}`", each.variant.about, cured, _explored(known.searches))
        yield f"| {' | '.join(map(_cell, cells))} |"
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
