"""Deriving the cases of a protocol: search, choose, shorten, identify."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from otr_conformance.citations import citations
from otr_conformance.obligations.contexts import policies_of
from otr_conformance.play.case import Level
from otr_conformance.protocols import protocol
from otr_model.clauses import Level as ClauseLevel

from .choice import Chosen, read, spare
from .identify import identify
from .record import Derived, Entry, digest
from .search import Found, pairs_of, search
from .shorten import last_pairs, shorten
from .steady import steady
from .vary import Varied, by_row, under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.grade import AnyGrader
    from otr_conformance.protocols import Protocol

    from .plan import AnyPlan, Script
    from .search import Pair

__all__ = ["PATIENCE", "chosen_anew", "covered", "derive", "vary"]

PATIENCE = 1500
"""Stages without a pair that is new, after which a search ends."""
_CHUNK = 8


def covered(grader: AnyGrader, cases: Iterable[AnyCase]) -> dict[Pair, str]:
    """The pairs of rows that targets take in cases, each with the first such case.

    Args:
        grader: plays them.
        cases: the cases.
    """
    found: dict[Pair, str] = {}
    terms = grader.terms()
    for case in cases:
        for pair in pairs_of(tuple(each.row for each in grader.predict(case, terms).fired)):
            found.setdefault(pair, case.id)
    return found


def derive(name: str, jobs: int, told: Callable[[str], None], patience: int = PATIENCE) -> Derived:
    """Derive the cases of a protocol anew.

    Args:
        name: of the protocol.
        jobs: how many processes work on it.
        told: told what is being done, in a line.
        patience: see `search`.
    """
    plan = protocol(name).plan
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        searches: dict[str, tuple[int, int]] = {}
        scripts: dict[Pair, Script] = {}
        for found in pool.map(partial(_search, name, patience), plan.parts):
            told(f"{name} {found.part}: {len(found.pairs)} pairs in {found.looked} stages")
            searches[found.part] = (found.looked, len(found.pairs))
            for pair, script in found.pairs.items():
                if pair not in scripts or _simpler(plan, script, scripts[pair]):
                    scripts[pair] = script
        written = covered(
            plan.grader, (c for c in protocol(name).suite.cases.values() if not c.derived)
        )
        missing = {pair: script for pair, script in scripts.items() if pair not in written}
        told(f"{name}: {len(scripts)} pairs; {len(missing)} are in no case that somebody wrote")
        short = dict(
            zip(
                missing,
                pool.map(partial(_shortened, name), missing.items(), chunksize=_CHUNK),
                strict=True,
            )
        )
        told(f"{name}: scripts are as short as they get")
        chosen = choose(short)
        told(f"{name}: {len(chosen)} scripts show them")
        entries = tuple(pool.map(partial(_entry, name), chosen.items(), chunksize=_CHUNK))
    pairs = _in_order(plan, {*scripts, *written})
    place = {pair: number for number, pair in enumerate(pairs)}
    in_order = tuple(sorted(entries, key=lambda entry: place[entry.pair]))
    return Derived(name, digest(plan.composition), searches, pairs, in_order)


def vary(name: str) -> tuple[Varied, ...]:
    """Cases under policies under which no case takes some row yet.

    It is asked in a process of its own, which has read the scripts that were derived last.

    Args:
        name: of the protocol.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_varied, name).result()


def _varied(name: str) -> tuple[Varied, ...]:
    from otr_conformance.obligations import Kind, account  # noqa: PLC0415 - it reads what is written here

    whose = protocol(name)
    open_ = {each.what for each in account(name).open() if each.kind is Kind.POLICY}
    cases = by_row(whose.plan, whose.suite.cases.values())
    found: list[Varied] = []
    for row, policies in policies_of(whose.plan.composition).items():
        for values in policies.possible:
            if policies.text(row, values) in open_:
                given = dict(zip(policies.names, values, strict=True))
                varied = under(whose.plan, cases.get(row, ()), row, given)
                found += [] if varied is None else [varied]
    return tuple(found)


def chosen_anew(name: str) -> Chosen:
    """Which cases others make spare, of all that there are now.

    It is asked in a process of its own, like `vary`.

    Args:
        name: of the protocol.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_chosen, name).result()


def _chosen(name: str) -> Chosen:
    from otr_conformance.obligations import account, arrivals_of  # noqa: PLC0415 - as for `_varied`

    cases = protocol(name).suite.cases
    before = tuple(cases.left_out)
    cases.update(cases.left_out)
    ledger = account(name)
    last_first = list(cases.values())[::-1]
    derived = (case.id for case in last_first if case.derived)
    order = dict.fromkeys((*before, *derived, *(case.id for case in last_first)))
    left_out = spare(ledger.met, ledger.asks, order)
    return Chosen(
        tuple(sorted(cases[each].name for each in left_out)),
        arrivals_of(name),
        read(name).faults,
    )


def _simpler(plan: AnyPlan, one: Script, other: Script) -> bool:
    """Whether a script asks for less than another one."""

    def cost(script: Script) -> tuple[int, int]:
        needs = plan.parts[script.part].needs.union(*(plan.moves[m].needs for m in script.moves))
        return len(needs), len(script.moves)

    return cost(one) < cost(other)


def choose(short: Mapping[Pair, tuple[Script, frozenset[Pair]]]) -> dict[Pair, _Choice]:
    """Scripts that together show all pairs in their last moves, each with a pair of its own."""
    chosen: dict[Pair, _Choice] = {}
    left = dict.fromkeys(short)
    shown = Counter(pair for _, pairs in short.values() for pair in pairs)
    for pair in sorted(short, key=lambda pair: (shown[pair], len(short[pair][0].moves))):
        if pair in left:
            script, pairs = short[pair]
            also = tuple(other for other in left if other in pairs and other != pair)
            chosen[pair] = (script, also)
            for each in (pair, *also):
                del left[each]
    return chosen


_Choice = tuple["Script", "tuple[Pair, ...]"]


def _search(name: str, patience: int, part: str) -> Found:
    return search(protocol(name).plan, part, patience)


def _shortened(name: str, found: tuple[Pair, Script]) -> tuple[Script, frozenset[Pair]]:
    plan = protocol(name).plan
    pair, script = found
    short = shorten(plan, script, pair)
    if steady(plan, short):
        script = short
    return script, last_pairs(plan, script)


def _entry(name: str, chosen: tuple[Pair, _Choice]) -> Entry:
    pair, (script, also) = chosen
    probe = identify(protocol(name).plan, script)
    level = level_of(protocol(name), pair[1])
    return Entry(pair, script, probe.moves, also, probe.told, probe.untold, level)


def level_of(whose: Protocol, row: str) -> Level:
    """How strongly the text asks for a row: as the clauses do that say most about it."""
    known = citations(whose)
    cited = known.rows.get(row, ())
    least = min((each.reach for each in cited), default=0)
    levels = {known.clauses[each.clause][1].level for each in cited if each.reach == least}
    binding = levels & {ClauseLevel.MUST, ClauseLevel.SHOULD, ClauseLevel.MAY, ClauseLevel.DEFINES}
    weak = binding and binding <= {ClauseLevel.SHOULD, ClauseLevel.MAY}
    return Level.SHOULD if weak else Level.MUST


def _in_order(plan: AnyPlan, pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """By the first row, then by the second, as the tables have them."""
    place = {row.id: number for number, row in enumerate(plan.composition.rows())}
    own = (pair for pair in pairs if place.keys() >= set(pair))
    return tuple(sorted(own, key=lambda pair: (place[pair[0]], place[pair[1]])))
