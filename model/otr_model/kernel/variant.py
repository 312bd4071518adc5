"""Variants: one mechanism for everything that differs.

A variant is a named list of edits. The literal reading of a text where ours is hardened, the
historical flaws, the dialects of implementations in the wild, the mutants that measure the suite
and the deviation of a tester in a negative case are all variants. Nothing else may branch on one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .expr import BoolVar, Scope
from .words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import Enum

    from .composition import AnyRow, AnyTable, Composition
    from .expr import Bool, Int, Variable
    from .guard import Guard
    from .table import Raise
    from .vocabulary import Check, Condition, Effect


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


@dataclass(frozen=True, slots=True)
class Redefine:
    """A condition, or a check, is answered by another expression."""

    word: Condition | Check
    expr: Bool


@dataclass(frozen=True, slots=True)
class Assign:
    """An effect gives a variable another value than it declares; None: it leaves it alone."""

    effect: Effect
    variable: Variable
    value: Int | Bool | None


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """A policy is taken to be set, or not to be, whatever the user chose."""

    name: str
    value: bool


Edit = (
    DropRow
    | EditRow
    | SkipCheck
    | Falsify
    | SetParameter
    | Override
    | Redefine
    | Assign
    | SetPolicy
)


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
    definitions: Mapping[Condition | Check, Bool] = field(default_factory=dict)
    assignments: Mapping[tuple[Effect, Variable], Int | Bool | None] = field(default_factory=dict)
    policies: Mapping[str, bool] = field(default_factory=dict)

    def sets_of(self, effect: Effect) -> Mapping[Variable, Int | Bool]:
        """What an effect sets variables to."""
        declared = effect.spec.sets
        if not self.assignments:
            return declared
        values = {v: self.assignments.get((effect, v), value) for v, value in declared.items()}
        return {variable: value for variable, value in values.items() if value is not None}


def apply(composition: Composition, variant: Variant = NONE) -> Applied:
    """The composition with the edits made.

    Raises:
        BadVariant: if an edit names something which does not exist, edits a row that another edit
            edits, or skips a structural check.
    """
    edits: dict[str, DropRow | EditRow] = {}
    rows = {row.id for row in composition.rows()}
    every = variant.edits
    for edit in every:
        _refuse(edit, composition, rows)
        if isinstance(edit, DropRow | EditRow):
            if edit.row in edits:
                message = f"{edit.row} is edited twice"
                raise BadVariant(message)
            edits[edit.row] = edit
    return Applied(
        composition if not edits else _edited(composition, edits),
        frozenset(edit.check for edit in every if isinstance(edit, SkipCheck)),
        frozenset(edit.check for edit in every if isinstance(edit, Falsify)),
        {p.name: p.value for p in composition.parameters}
        | {edit.name: edit.value for edit in every if isinstance(edit, SetParameter)},
        {edit.operation: edit.how for edit in every if isinstance(edit, Override)},
        {edit.word: edit.expr for edit in every if isinstance(edit, Redefine)},
        {(e.effect, e.variable): e.value for e in every if isinstance(e, Assign)},
        {edit.name: edit.value for edit in every if isinstance(edit, SetPolicy)},
    )


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
        case Redefine() | Assign() | SetPolicy():
            reason = _unknown(edit, composition)
        case _:
            pass
    if reason:
        raise BadVariant(reason)


def _unknown(edit: Redefine | Assign | SetPolicy, composition: Composition) -> str:
    """Why an edit of an expression or of a policy is of what is not there; "" if it is there."""
    match edit:
        case Redefine(word) if word not in {*composition.conditions, *composition.checks}:
            return f"{word.name} is no condition and no check of {composition.name}"
        case Assign(effect, variable) if variable not in effect.spec.sets:
            return f"{effect.name} does not set {variable.name}"
        case SetPolicy(name) if name not in policies_of(composition):
            return f"there is no policy {name}"
        case _:
            return ""


def policies_of(composition: Composition) -> tuple[str, ...]:
    """The names of the policies of a protocol: what its users choose, yes or no."""
    return tuple(
        variable.name
        for variable in composition.flat_variables()
        if isinstance(variable, BoolVar) and variable.scope is Scope.ENDPOINT
    )


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
