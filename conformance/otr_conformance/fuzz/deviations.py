"""What a target is known to do otherwise, as edits of the tables.

A deviation that can be said in the words of the tables is read into them: the tables then predict
what the target does, a play goes on behind it, and whatever else differs is found there. An edit is
one of

    { rows = "otrv3.message:data.*", without = ["SEND_ERROR"] }   effects and events left out
    { rows = "otrv3.ake:dh-key.*", also = ["SEND_ERROR"] }        effects added at the end
    { rows = "otrv3.message:data.finished.*", do = [] }           other effects
    { rows = "otrv3.ake:signature.*", goto = "NONE" }             another state
    { rows = "otrv3.message:user-end.*", raises = [] }            other events
    { rows = "otrv3.ake:A", like = "otrv3.ake:B" }                what another row does
    { check = "NEXT_DH_RANGE" }                                   a check that is not made
    { condition = "HEARTBEAT_DUE", holds = false }                a condition that is settled
    { condition = "COMMIT_OUTSTANDING", only = ["IS_DH_KEY"] }    one that holds only with others
    { policy = "whitespace_start_ake", holds = true }             a policy, whatever users chose

where `rows` is a pattern, and several of the first may be said of the same rows. Words are those of
the tables. Events that a row raises go to the member of a family that the row belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Final

from otr_model.kernel.expr import Truth
from otr_model.kernel.table import Raise
from otr_model.kernel.variant import (
    BadVariant,
    DropRow,
    Edit,
    EditRow,
    Redefine,
    SetPolicy,
    SkipCheck,
    Variant,
)
from otr_model.kernel.vocabulary import Defined

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from otr_model.kernel.composition import AnyRow, Composition

__all__ = ["Change", "Deviation", "applied"]

WORDS: Final = frozenset({"check", "condition", "policy"})
"""What is settled for the whole of a protocol."""
PARTS: Final = frozenset({"without", "also", "do", "raises"})
"""What is said of rows, as lists of words."""
NAMES: Final = frozenset({"goto", "like"})
"""What is said of rows, as one word."""


@dataclass(frozen=True, slots=True)
class Change:
    """One edit.

    Attributes:
        protocol: the name of the protocol that it is about.
        rows: a pattern of rows; "" where it is about no row.
        parts: what differs in them, by the words above.
        kind: "check", "condition" or "policy", where it is about no row.
        name: of the check, the condition or the policy.
        holds: what the condition or the policy is settled to.
        only: conditions that have to hold as well, where it is not settled.
    """

    protocol: str
    rows: str = ""
    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kind: str = ""
    name: str = ""
    holds: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deviation:
    """What a target is known to do otherwise.

    Attributes:
        finding: the page under docs/findings.
        because: the cause, for people.
        changes: the tables as the target has them.
        objections: patterns of what the plaintext oracle or a promise says of that.
    """

    finding: str
    because: str
    changes: tuple[Change, ...] = ()
    objections: tuple[str, ...] = ()

    def of(self, protocol: str) -> bool:
        """Whether it says anything about a protocol."""
        about = any(change.protocol == protocol for change in self.changes)
        return about or not self.changes

    def concerns(self, rows: Collection[str]) -> bool:
        """Whether a play in which the tables take these rows could be another one."""
        return any(
            not change.rows or any(fnmatchcase(row, change.rows) for row in rows)
            for change in self.changes
        )


def applied(
    composition: Composition, base: Iterable[Variant], several: Iterable[Deviation]
) -> Variant:
    """The tables under variants, and then as a target has them.

    Raises:
        BadVariant: if two variants are about one row, or there is no such row, word or state.
    """
    base, several = tuple(base), tuple(several)
    before = {row.id: row for row in composition.rows()}
    rows: dict[str, AnyRow | None] = dict(before)
    others: list[Edit] = []
    for edit in (edit for variant in base for edit in variant.edits):
        if isinstance(edit, EditRow | DropRow):
            _edit(rows, before, edit)
        else:
            others.append(edit)
    for change in (c for d in several for c in d.changes if c.protocol == composition.name):
        if change.rows:
            _change(composition, rows, change)
        else:
            others.append(_settled(composition, change))
    edits = [_difference(before[name], row) for name, row in rows.items()]
    name = ", ".join((*(each.name for each in base), *(each.finding for each in several)))
    return Variant(name, name, (*(edit for edit in edits if edit is not None), *others))


def _edit(
    rows: dict[str, AnyRow | None], before: Mapping[str, AnyRow], edit: EditRow | DropRow
) -> None:
    """Edit a row that nothing has edited before.

    Raises:
        BadVariant: if something has.
    """
    row = rows.get(edit.row)
    if row is None or row is not before[edit.row]:
        message = f"{edit.row} is edited twice"
        raise BadVariant(message)
    if isinstance(edit, DropRow):
        rows[edit.row] = None
        return
    parts = {part: getattr(edit, part) for part in ("when", "do", "goto", "raises")}
    rows[edit.row] = replace(row, **{k: value for k, value in parts.items() if value is not None})


def _change(composition: Composition, rows: dict[str, AnyRow | None], change: Change) -> None:
    """Change the rows that a pattern fits.

    Raises:
        BadVariant: if there is none, or it says something that there is not.
    """
    found = [name for name in rows if fnmatchcase(name, change.rows)]
    if not found:
        message = f"there is no row {change.rows}"
        raise BadVariant(message)
    for name in found:
        row = rows[name]
        for part, words in change.parts:
            row = None if row is None else _part(composition, rows, row, part, words)
        rows[name] = row


def _part(
    composition: Composition,
    rows: Mapping[str, AnyRow | None],
    row: AnyRow,
    part: str,
    words: tuple[str, ...],
) -> AnyRow:
    """A row that differs in one part."""
    match part:
        case "without":
            raises = tuple(each for each in row.raises if each.event.name not in words)
            return replace(row, do=tuple(e for e in row.do if e.name not in words), raises=raises)
        case "also":
            return replace(row, do=(*row.do, *_named(composition.effects, words)))
        case "do":
            return replace(row, do=_named(composition.effects, words))
        case "raises":
            return replace(
                row, raises=tuple(Raise(each) for each in _named(composition.events, words))
            )
        case "goto":
            return replace(row, goto=_named(type(row.at), words)[0])
        case _:
            other = rows.get(words[0])
            if other is None or other.table != row.table:
                message = f"there is no row {words[0]} in {row.table}"
                raise BadVariant(message)
            goto = row.at if other.goto is other.at else other.goto
            return replace(row, do=other.do, goto=goto, raises=other.raises)


def _named(vocabulary: Any, words: tuple[str, ...]) -> tuple[Any, ...]:  # noqa: ANN401 - an enum
    """Members of a vocabulary.

    Raises:
        BadVariant: if there is no such member.
    """
    try:
        return tuple(vocabulary[word] for word in words)
    except KeyError as error:
        message = f"there is no {error.args[0]} in {vocabulary.__name__}"
        raise BadVariant(message) from error


def _settled(composition: Composition, change: Change) -> Edit:
    """A check that is not made; a condition or a policy that is settled."""
    if change.kind == "policy":
        return SetPolicy(change.name, change.holds)
    if change.kind == "check":
        return SkipCheck(_named(composition.checks, (change.name,))[0])
    condition = _named(composition.conditions, (change.name,))[0]
    if not change.only:
        return Redefine(condition, Truth(change.holds))
    several = (condition, *_named(composition.conditions, change.only))
    if not all(isinstance(each.spec, Defined) for each in several):
        message = f"one of {change.name} and {', '.join(change.only)} is not defined by variables"
        raise BadVariant(message)
    return Redefine(condition, reduce(and_, (each.spec.expr for each in several)))


def _difference(before: AnyRow, row: AnyRow | None) -> Edit | None:
    """The edit that makes one row of another; None where nothing differs."""
    if row is None:
        return DropRow(before.id)
    if row is before:
        return None
    when = None if row.when is before.when else row.when
    return EditRow(before.id, when, row.do, row.goto, row.raises)
