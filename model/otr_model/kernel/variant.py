"""Variants: one mechanism for everything that differs.

A variant is a named list of edits. The literal reading of a text where ours is hardened, the
historical flaws, the dialects of implementations in the wild, the mutants that measure the suite
and the deviation of a tester in a negative case are all variants. Nothing else may branch on one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import Enum

    from .composition import AnyRow, AnyTable, Composition
    from .guard import Guard
    from .table import Raise
    from .vocabulary import Check, Effect


class BadVariant(Exception):
    """An edit that names a row, check, parameter or operation which does not exist."""


@dataclass(frozen=True, slots=True)
class DropRow:
    """The row is gone: its event does nothing where it would have held."""

    row: str


@dataclass(frozen=True, slots=True)
class EditRow:
    """The row differs in the parts that are given."""

    row: str
    when: Guard | None = None
    do: tuple[Effect, ...] | None = None
    goto: Word | None = None
    raises: tuple[Raise[Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class SkipCheck:
    """A faulty receiver: the check is not made."""

    check: Check


@dataclass(frozen=True, slots=True)
class Falsify:
    """A faulty sender: what it sends fails this check, and no other that is made before it."""

    check: Check


@dataclass(frozen=True, slots=True)
class SetParameter:
    """A declared parameter has another value."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Override:
    """One operation of the suite differs; `how` names the replacement."""

    operation: str
    how: str


Edit = DropRow | EditRow | SkipCheck | Falsify | SetParameter | Override


@dataclass(frozen=True, slots=True)
class Variant:
    """A named list of edits.

    Attributes:
        name: public; "" for no variant at all.
        about: what differs, in a sentence.
        edits: the differences.
    """

    name: str
    about: str = ""
    edits: tuple[Edit, ...] = ()

    def __or__(self, other: Variant) -> Variant:
        """Both lists of edits."""
        names = " + ".join(n for n in (self.name, other.name) if n)
        return Variant(
            names, "; ".join(filter(None, (self.about, other.about))), self.edits + other.edits
        )


NONE = Variant("")


@dataclass(frozen=True)
class Applied:
    """A composition under a variant: what an engine needs to run it."""

    composition: Composition
    skipped: frozenset[Check] = frozenset()
    falsified: frozenset[Check] = frozenset()
    parameters: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)


def apply(composition: Composition, variant: Variant = NONE) -> Applied:
    """The composition with the edits made.

    Raises:
        BadVariant: if an edit names something which does not exist, edits a row that another edit
            edits, or skips a structural check.
    """
    edits: dict[str, DropRow | EditRow] = {}
    skipped: set[Check] = set()
    falsified: set[Check] = set()
    parameters = {p.name: p.value for p in composition.parameters}
    overrides: dict[str, str] = {}
    rows = {row.id for row in composition.rows()}
    for edit in variant.edits:
        _refuse(edit, composition, rows)
        if isinstance(edit, DropRow | EditRow) and edit.row in edits:
            message = f"{edit.row} is edited twice"
            raise BadVariant(message)
        match edit:
            case DropRow(row) | EditRow(row):
                edits[row] = edit
            case SkipCheck(check):
                skipped.add(check)
            case Falsify(check):
                falsified.add(check)
            case SetParameter(name, value):
                parameters[name] = value
            case Override(operation, how):
                overrides[operation] = how
    edited = composition if not edits else _edited(composition, edits)
    return Applied(edited, frozenset(skipped), frozenset(falsified), parameters, overrides)


def _refuse(edit: Edit, composition: Composition, rows: set[str]) -> None:
    """Refuse an edit of what is not there, or of what cannot be edited."""
    reason = ""
    match edit:
        case DropRow(row) | EditRow(row) if row not in rows:
            reason = f"there is no row {row}"
        case SkipCheck(check) | Falsify(check) if check not in set(composition.checks):
            reason = f"{check.name} is no check of {composition.name}"
        case SkipCheck(check) if check.spec.structural:
            reason = f"{check.name} is structural and cannot be skipped"
        case SetParameter(name) if name not in {p.name for p in composition.parameters}:
            reason = f"there is no parameter {name}"
        case _:
            pass
    if reason:
        raise BadVariant(reason)


def _edited(composition: Composition, edits: Mapping[str, DropRow | EditRow]) -> Composition:
    tables: list[AnyTable] = []
    for table in composition.tables:
        rows = [_edit(row, edits.get(row.id)) for row in table.rows]
        tables.append(table.with_rows(row for row in rows if row is not None))
    return composition.with_tables(tables)


def _edit(row: AnyRow, edit: DropRow | EditRow | None) -> AnyRow | None:
    if edit is None:
        return row
    if isinstance(edit, DropRow):
        return None
    return replace(
        row,
        when=row.when if edit.when is None else edit.when,
        do=row.do if edit.do is None else edit.do,
        goto=row.goto if edit.goto is None else edit.goto,
        raises=row.raises if edit.raises is None else edit.raises,
    )


def mutants(
    composition: Composition, keep: Callable[[AnyRow], bool] = lambda _: True
) -> tuple[Variant, ...]:
    """Every row dropped, and every row led to every other state: in the order of the tables."""
    found: list[Variant] = []
    for row in composition.rows():
        if not keep(row):
            continue
        if not row.ignores:
            found.append(Variant(f"drop {row.id}", "a row is missing", (DropRow(row.id),)))
        states: type[Enum] = type(row.at)
        found.extend(
            Variant(
                f"retarget {row.id} {state.name}",
                "a row leads to another state",
                (EditRow(row.id, goto=state),),
            )
            for state in states
            if state is not row.goto and isinstance(state, Word)
        )
    return tuple(found)
