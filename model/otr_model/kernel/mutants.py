"""Mutants: every way in which one thing in the tables of a protocol can be wrong.

    for mutant in every(OTRV3):
        mutant.kind, mutant.name, mutant.about, mutant.variant

A mutant is a variant with one edit, and a kind. Its name says what is edited, and is public: the
same tables give the same names, in the same order. No two mutants have the same edit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import unique
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .composition import checks_of
from .expr import (
    Bool,
    BoolVar,
    Compare,
    Comparison,
    Conjunction,
    Disjunction,
    Int,
    IntVar,
    Negation,
    Number,
    Truth,
)
from .readings import PageReading
from .variant import (
    Assign,
    DropRow,
    Edit,
    EditRow,
    Redefine,
    SetParameter,
    SetPolicy,
    SkipCheck,
    Variant,
    mutants,
    policies_of,
)
from .vocabulary import Defined, Observer
from .words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .composition import AnyRow, Composition
    from .vocabulary import Check, Condition, Effect

__all__ = ["Kind", "Mutant", "every", "named"]


@unique
class Kind(Word):
    """In which way something is wrong."""

    DROP = "a row is missing"
    RETARGET = "a row leads to another state"
    OMIT = "a row leaves out one of its effects"
    SWAP = "a row does two of its effects in the other order"
    MUTE = "a row does not raise one of its events"
    DISORDER = "a row raises two of its events in the other order"
    SKIP = "a check is not made"
    ANSWER = "a question has always the same answer"
    BOUNDARY = "a comparison is off by one"
    PART = "a part of a condition or check is not asked, or the wrong way round"
    UPDATE = "a variable is not updated, or to the wrong value"
    PARAMETER = "a size, window, time or range is another one"
    POLICY = "a policy counts as set, or as not set, whatever was chosen"
    BUG = "a bug that implementations have, or could have"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing that is wrong.

    Attributes:
        kind: in which way.
        variant: the tables with it.
    """

    kind: Kind
    variant: Variant

    @property
    def name(self) -> str:
        """Public, and unique among the mutants of a protocol."""
        return self.variant.name

    @property
    def about(self) -> str:
        """What is wrong, in a sentence."""
        return self.variant.about


def every(composition: Composition, bugs: Iterable[Variant] = ()) -> tuple[Mutant, ...]:
    """Every mutant of a protocol, by kind, in the order of the tables.

    Args:
        composition: its tables.
        bugs: what is wrong by name; kept even where another mutant is the same.
    """
    found: list[Mutant] = []
    known: set[tuple[Edit, ...]] = set()
    for mutant in _from_tables(composition):
        if mutant.variant.edits not in known:
            known.add(mutant.variant.edits)
            found.append(mutant)
    return (*found, *(Mutant(Kind.BUG, bug) for bug in bugs))


def named(composition: Composition, name: str) -> Variant | None:
    """The mutant of a name that the tables give; None if there is none."""
    return next((m.variant for m in _from_tables(composition) if m.name == name), None)


def _from_tables(composition: Composition) -> Iterator[Mutant]:
    for variant in mutants(composition):
        dropped = isinstance(variant.edits[0], DropRow)
        yield Mutant(Kind.DROP if dropped else Kind.RETARGET, variant)
    for row in composition.rows():
        yield from _of_effects(row)
        yield from _of_raises(row)
    for check in composition.checks:
        if not check.spec.structural:
            variant = Variant(f"skip {check.label}", "a check is not made", (SkipCheck(check),))
            yield Mutant(Kind.SKIP, variant)
    yield from _of_conditions(composition)
    for effect in composition.effects:
        yield from _of_updates(effect)
    yield from _of_parameters(composition)
    for name in policies_of(composition):
        for value in (True, False):
            says = "set" if value else "not set"
            variant = Variant(
                f"policy {name} {says}", f"{name} counts as {says}", (SetPolicy(name, value),)
            )
            yield Mutant(Kind.POLICY, variant)


# --- Rows -------------------------------------------------------------------------------------


def _of_effects(row: AnyRow) -> Iterator[Mutant]:
    """Each effect left out, and each two neighbours the other way round where that matters."""
    for at, effect in enumerate(row.do):
        rest = (*row.do[:at], *row.do[at + 1 :])
        if not rest and row.goto is row.at and not row.raises:
            continue  # that is the row being missing
        again = f"#{row.do[:at].count(effect) + 1}" if row.do.count(effect) > 1 else ""
        yield Mutant(
            Kind.OMIT,
            Variant(
                f"omit {effect.label}{again} {row.id}",
                f"does not: {effect.meaning}",
                (EditRow(row.id, do=rest),),
            ),
        )
    for at, (first, second) in enumerate(pairwise(row.do)):
        if first is not second and _depend(first, second):
            swapped = (*row.do[:at], second, first, *row.do[at + 2 :])
            yield Mutant(
                Kind.SWAP,
                Variant(
                    f"swap {first.label} {second.label} {row.id}",
                    f"{second.label} comes before {first.label}",
                    (EditRow(row.id, do=swapped),),
                ),
            )


def _depend(first: Effect, second: Effect) -> bool:
    """Whether it can matter which of two effects comes first.

    It can if one makes what the other one needs, reads or makes, or if one observer sees both.
    """
    one, other = first.spec, second.spec
    if one.seen is other.seen is not Observer.NOBODY:
        return True
    makes = [{*spec.writes, *spec.forgets, *spec.sets} for spec in (one, other)]
    uses = [
        {*spec.needs, *(v for value in spec.sets.values() for v in value.variables())}
        for spec in (one, other)
    ]
    return bool(makes[0] & (uses[1] | makes[1]) or makes[1] & uses[0])


def _of_raises(row: AnyRow) -> Iterator[Mutant]:
    """Each event not raised, and each two neighbours the other way round."""
    raises = row.raises
    for at, raised in enumerate(raises):
        rest = (*raises[:at], *raises[at + 1 :])
        if not rest and row.goto is row.at and not row.do:
            continue  # that is the row being missing
        again = f"#{raises[:at].count(raised) + 1}" if raises.count(raised) > 1 else ""
        yield Mutant(
            Kind.MUTE,
            Variant(
                f"mute {raised.event.label}{again} {row.id}",
                f"does not raise {raised.event.name}",
                (EditRow(row.id, raises=rest),),
            ),
        )
    for at, (first, second) in enumerate(pairwise(raises)):
        if first != second:
            yield Mutant(
                Kind.DISORDER,
                Variant(
                    f"disorder {first.event.label} {second.event.label} {row.id}",
                    f"{second.event.name} comes before {first.event.name}",
                    (EditRow(row.id, raises=(*raises[:at], second, first, *raises[at + 2 :])),),
                ),
            )


# --- Conditions, checks and updates -----------------------------------------------------------


def _of_conditions(composition: Composition) -> Iterator[Mutant]:
    """Conditions and checks that are declared by an expression; and any that is not asked."""
    listed = {c for group in composition.exclusives for c in group.conditions if _is_kind(c)}
    for condition in composition.conditions:
        if condition in listed:
            continue
        decoded = any(check.spec.structural for check in checks_of(condition))
        for value in (False,) if decoded else (True, False):
            word = "always" if value else "never"
            yield Mutant(
                Kind.ANSWER,
                Variant(
                    f"{word} {condition.label}",
                    f"{'takes' if value else 'never takes'} it that {condition.meaning}",
                    (Redefine(condition, Truth(value)),),
                ),
            )
        if isinstance(condition.spec, Defined):
            yield from _of_expression(condition, condition.spec.expr)
    for check in composition.checks:
        if check.spec.expr is not None:
            yield from _of_expression(check, check.spec.expr)


def _is_kind(condition: Condition) -> bool:
    """Whether a condition only says which value an enumeration has."""
    match condition.spec:
        case Defined(_, Comparison(Compare.EQUAL, IntVar(name=name), Number())):
            return name in {"kind", "tlv_kind", "role"}
        case _:
            return False


def _of_expression(word: Condition | Check, expr: Bool) -> Iterator[Mutant]:
    """Every comparison off by one, every part left out."""
    for kind, makes in ((Kind.BOUNDARY, _boundaries), (Kind.PART, _parts)):
        number = 0
        for part, put in places(expr):
            for other in makes(part):
                number += 1
                yield Mutant(
                    kind,
                    Variant(
                        f"{kind.label} {word.label} {number}",
                        f"{_says(part)} reads {_says(other)}",
                        (Redefine(word, put(other)),),
                    ),
                )


def places(expression: Any) -> Iterator[tuple[Any, Callable[[Any], Any]]]:  # noqa: ANN401 - integers and truth values alike
    """Every part of an expression, itself first, with what puts something else in its place."""
    yield expression, lambda other: other
    if not is_dataclass(expression):
        return
    for each in fields(expression):
        held = getattr(expression, each.name)
        if isinstance(held, Int | Bool):
            yield from _inside(expression, each.name, held, lambda other: other)
        elif isinstance(held, tuple):
            for at, part in enumerate(held):
                if isinstance(part, Int | Bool):
                    yield from _inside(expression, each.name, part, _item(held, at))


def _item(held: tuple[Any, ...], at: int) -> Callable[[Any], Any]:
    return lambda other: (*held[:at], other, *held[at + 1 :])


def _inside(
    expression: Any,  # noqa: ANN401 - see places
    name: str,
    part: Int | Bool,
    around: Callable[[Any], Any],
) -> Iterator[tuple[Any, Callable[[Any], Any]]]:
    for inner, put in places(part):

        def back(other: Any, put: Callable[[Any], Any] = put) -> Any:  # noqa: ANN401 - see places
            return replace(expression, **{name: around(put(other))})

        yield inner, back


def _boundaries(part: object) -> Iterator[Bool]:
    """A comparison, off by one."""
    if not isinstance(part, Comparison):
        return
    left, right = part.left, part.right
    match part.how:
        case Compare.LESS:
            yield Comparison(Compare.AT_MOST, left, right)
            yield Comparison(Compare.LESS, left + 1, right)
        case Compare.AT_MOST:
            yield Comparison(Compare.LESS, left, right)
            yield Comparison(Compare.AT_MOST, left, right + 1)
        case Compare.EQUAL:
            yield Comparison(Compare.EQUAL, left, right + 1)
            yield Comparison(Compare.EQUAL, left + 1, right)
            yield Comparison(Compare.AT_MOST, left, right)
            yield Comparison(Compare.AT_MOST, right, left)


def _parts(part: object) -> Iterator[Bool]:
    """A condition with one of its parts left out."""
    match part:
        case Conjunction(parts) | Disjunction(parts):
            for at in range(len(parts)):
                rest = (*parts[:at], *parts[at + 1 :])
                yield rest[0] if len(rest) == 1 else type(part)(rest)
        case Negation(inner):
            yield inner
        case BoolVar():
            yield Negation(part)
        case _:
            pass


def _of_updates(effect: Effect) -> Iterator[Mutant]:
    """Each variable that an effect sets: left alone, one more, one less, the other way round."""
    for variable, value in effect.spec.sets.items():
        if value == variable:
            continue
        others: list[tuple[str, Int | Bool | None]] = [("kept", None)]
        if isinstance(value, Int):
            others += [("+1", value + 1), ("-1", value - 1)]
        else:
            others.append(("reversed", Negation(value)))
        for how, other in others:
            says = "keeps its value" if other is None else f"becomes {_says(other)}"
            yield Mutant(
                Kind.UPDATE,
                Variant(
                    f"update {effect.label} {variable.name} {how}",
                    f"{variable.name} {says}",
                    (Assign(effect, variable, other),),
                ),
            )


def _of_parameters(composition: Composition) -> Iterator[Mutant]:
    """Each parameter one less, one more, half, and double."""
    for parameter in composition.parameters:
        value = parameter.value
        for other in dict.fromkeys((value - 1, value + 1, value // 2, value * 2)):
            if other not in {value, 0}:
                yield Mutant(
                    Kind.PARAMETER,
                    Variant(
                        f"parameter {parameter.name} {other}",
                        f"{parameter.about}: {other} in place of {value}",
                        (SetParameter(parameter.name, other),),
                    ),
                )


def _says(expression: Any) -> str:  # noqa: ANN401 - an integer or a truth value
    text: str = expression.read(PageReading())
    return text
