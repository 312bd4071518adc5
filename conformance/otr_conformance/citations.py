"""Which clauses a case is evidence for.

A clause cites what implements it: rows, the conditions and effects in them, checks, cases. The
tables predict which rows the target of a case takes, and which checks fail there. A case *touches*
a clause if the clause cites the case itself, a row that its target takes, a word of such a row, or
a check that fails there.

A clause counts where a text has it that is about the version that is spoken. Layouts and key
schedules are part of every case, and of none in particular: what is cited of those touches no case.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from otr_conformance.protocols import of_id, protocol
from otr_model.clauses import answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from otr_conformance.play.case import AnyCase
    from otr_conformance.protocols import Protocol
    from otr_conformance.suite import AnySuite
    from otr_model.clauses import Clause, Registry
    from otr_model.kernel.composition import AnyRow
    from otr_model.trace import Fired

__all__ = [
    "Citations",
    "Cited",
    "citations",
    "clauses_of",
    "ids_of_row",
    "ordered",
    "rows_of",
    "touched",
]

_ANY: Final = "*"
_SAMPLE: Final = 64
"""Cases that stand for all of a protocol, at least, where the question is what is usual."""


class Cited(NamedTuple):
    """A clause, and how far the citation reaches that leads to it.

    Attributes:
        clause: its public id, as in "otrv3.clause:receiving-dh-commit.awaiting-dhkey.ours-higher".
        reach: how many rows, checks or cases that citation means: the fewer, the more is said.
    """

    clause: str
    reach: int


class Citations:
    """What the clauses of a protocol's texts cite of its rows, checks and cases.

    Attributes:
        clauses: each clause with its text, by public id, in the order of the texts.
        rows: the clauses that a row answers for, by its id.
        checks: the same for a check, by its label.
        cases: the same for a case, by its id.
    """

    def __init__(self, whose: Protocol) -> None:
        model, cases = whose.model, whose.suite.cases
        name = model.composition.name
        self.clauses: dict[str, tuple[Registry, Clause]] = {
            f"{registry.name}.clause:{clause.id}": (registry, clause)
            for registry, clause in model.clauses()
        }
        self._own = next(iter(whose.versions.values()))
        ids = {clause: i for i, (_, clause) in self.clauses.items()}
        self._about: defaultdict[int, set[str]] = defaultdict(set)
        for registry in model.registries:
            self._about[whose.versions[registry.name]].update(ids[each] for each in registry)
        known = _Known(
            [
                *((i, row.id) for row in model.composition.rows() for i in ids_of_row(name, row)),
                *((f"{name}.check:{c.label}", c.label) for c in model.composition.checks),
                *((i, i) for i in cases),
            ]
        )
        citing: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for i, (_, stated) in self.clauses.items():
            for citation in stated.cites:
                things = known.meant(citation)
                for thing in things:
                    citing[thing][i] = min(len(things), citing[thing].get(i, len(things)))
        found = {thing: tuple(map(Cited, n, n.values())) for thing, n in citing.items()}
        rows = {row.id for row in model.composition.rows()}
        self.rows: Mapping[str, tuple[Cited, ...]] = {i: n for i, n in found.items() if i in rows}
        self.cases: Mapping[str, tuple[Cited, ...]] = {i: n for i, n in found.items() if i in cases}
        self.checks: Mapping[str, tuple[Cited, ...]] = {
            i: n for i, n in found.items() if i not in rows and i not in cases
        }

    def about(self, version: int) -> AbstractSet[str]:
        """The clauses of the texts about a version; where there are none, of the protocol's own."""
        return self._about[version if version in self._about else self._own]


class _Known:
    """What can be cited: ids, each with the row, check or case that it belongs to."""

    def __init__(self, ids: Iterable[tuple[str, str]]) -> None:
        self._by_beginning: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for known, thing in ids:
            self._by_beginning[_beginning(known)].append((known, thing))
        self._meant: dict[str, tuple[str, ...]] = {}

    def meant(self, citation: str) -> tuple[str, ...]:
        """The rows, checks and cases that a citation means."""
        if citation not in self._meant:
            beginning = _beginning(citation)
            pairs = self._by_beginning.get(beginning, [])
            if _ANY in beginning:
                pairs = [pair for each in self._by_beginning.values() for pair in each]
            found = dict.fromkeys(thing for known, thing in pairs if answers(known, citation))
            self._meant[citation] = tuple(found)
        return self._meant[citation]


def _beginning(known: str) -> str:
    """The part of an id that says what kind of thing it is, such as "otrv3.ake"."""
    return known.partition(":")[0]


def ids_of_row(name: str, row: AnyRow) -> list[str]:
    """The ids of a row, of what it asks and does, and of its ambiguity.

    Args:
        name: of the composition.
        row: one of its rows.
    """
    return [
        row.id,
        *(f"{name}.condition:{condition.label}" for condition in row.when.atoms()),
        *(f"{name}.effect:{effect.label}" for effect in row.do),
        *([row.ambiguity.id] if row.ambiguity else []),
    ]


@cache
def citations(whose: Protocol) -> Citations:
    """What the clauses of a protocol cite; made when it is first asked for."""
    return Citations(whose)


@lru_cache(maxsize=1 << 16)
def clauses_of(case: AnyCase) -> tuple[str, ...]:
    """The public ids of the clauses that a case touches, the most telling first; see `ordered`."""
    return ordered(case, touched(case, rows_of(case)))


def rows_of(case: AnyCase) -> tuple[Fired, ...]:
    """The rows that the tables predict for the target of a case."""
    suite = protocol(case.id.partition(".")[0]).suite
    lab = suite.grader.predicting(case, _terms(suite))
    return suite.grader.predict(case, lab).fired


@cache
def _terms(suite: AnySuite) -> Any:  # noqa: ANN401 - the lab of any protocol
    """A lab for cases that are otherwise predicted over bytes: the rows are the same."""
    return suite.terms()


def touched(case: AnyCase, fired: Iterable[Fired]) -> dict[str, int]:
    """The clauses that a case touches by rows of its target.

    Args:
        case: the case; clauses that cite it come as well.
        fired: rows that the target takes.

    Returns:
        Public ids, each with the least reach of a citation that leads to it.
    """
    found: dict[str, int] = {}
    for each in dict.fromkeys(fired):
        whose = of_id(each.row)
        if whose is not None:
            known = citations(whose)
            about = known.about(case.version)
            _add(found, known.rows.get(each.row, ()), about)
            _add(found, known.checks.get(each.failed, ()), about)
    whose = of_id(case.id)
    if whose is not None:
        known = citations(whose)
        _add(found, known.cases.get(case.id, ()), known.about(case.version))
    return found


def _add(found: dict[str, int], cited: Iterable[Cited], about: AbstractSet[str]) -> None:
    """Note clauses with the least reach."""
    for clause, reach in cited:
        if clause in about:
            found[clause] = min(reach, found.get(clause, reach))


def ordered(case: AnyCase, found: Mapping[str, int]) -> tuple[str, ...]:
    """Clauses in an order in which those come first that tell a case from others.

    Every case begins with what leads to its point, and most end with a conversation. So a clause
    that few cases touch comes first, and of such clauses one that cites a single row, not a table.
    """
    usual = _usual(protocol(case.id.partition(".")[0]))
    return tuple(sorted(found, key=lambda clause: (usual[clause], found[clause])))


@cache
def _usual(whose: Protocol) -> Counter[str]:
    """How many cases touch each clause, of some that stand for all that were written."""
    cases = tuple(case for case in whose.suite.cases.values() if not case.derived)
    some = cases[:: max(1, len(cases) // _SAMPLE)]
    return Counter(clause for case in some for clause in touched(case, rows_of(case)))
