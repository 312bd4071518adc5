"""Choosing among the cases: what others meet as well is left out.

Each derived case was needed when it was derived, and a family of written ones asks the same in each
state, version or policy. But others may meet what a case meets, and ask a target for no more
(`otr_conformance.obligations`). Such cases are left out, one after the other, until each that is
left is needed: first those that were left out before, then derived ones, then written ones.

What is chosen stands in `chosen.json` in the folder of a protocol: `left_out`, the names of cases
that are left out; `arrivals`, for each row, and each check that fails there, the kinds of messages
on which some case takes it; and `faults`, mutants (`otr_conformance.mutate`) and flaws of history
(`otr_conformance.history`) that few cases notice, each with these. `otrspec derive` writes it;
faults are measured, and kept.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

__all__ = ["Chosen", "asked_least", "path", "read", "spare", "write"]

Met = TypeVar("Met", bound="Hashable")
"""Whatever stands for an obligation."""
_FILE = "chosen.json"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen for a protocol.

    Attributes:
        left_out: the names of cases that are left out, in alphabetical order.
        arrivals: for each row the kinds of messages on which it is taken; for each row and check
            those on which it is taken because the check fails.
        faults: mutants and flaws of history that few cases notice, each with the names of these.
    """

    left_out: tuple[str, ...] = ()
    arrivals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def path(protocol: str) -> Path:
    """Where the file of a protocol is."""
    return Path(__file__).parents[1] / protocol / _FILE


def read(protocol: str) -> Chosen:
    """What was chosen for a protocol; nothing where it has no file.

    Raises:
        Malformed: if it is not what `write` writes.
    """
    file = path(protocol)
    if not file.exists():
        return Chosen()
    try:
        found: Any = parse_json(file.read_text(encoding="utf-8"))
        return Chosen(
            tuple(found["left_out"]),
            {row: tuple(kinds) for row, kinds in found["arrivals"].items()},
            {name: tuple(cases) for name, cases in found["faults"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadDocument) as error:
        raise Malformed(field=file.name, reason=str(error)) from error


def write(chosen: Chosen) -> str:
    """The text of the file: one entry on a line."""
    parts = {
        "left_out": _lines(json.dumps(name) for name in chosen.left_out),
        "arrivals": _lines(_entries(chosen.arrivals)),
        "faults": _lines(_entries(chosen.faults)),
    }
    return (
        f'{{\n"left_out": [\n{parts["left_out"]}\n],\n"arrivals": {{\n{parts["arrivals"]}\n}},\n'
        f'"faults": {{\n{parts["faults"]}\n}}\n}}\n'
    )


def _entries(found: Mapping[str, Sequence[str]]) -> Iterable[str]:
    return (f"{json.dumps(name)}: {json.dumps(list(each))}" for name, each in found.items())


def _lines(lines: Iterable[str]) -> str:
    return ",\n".join(lines)


def asked_least(cases: Iterable[str], asks: Mapping[str, frozenset[str]]) -> list[frozenset[str]]:
    """What a target has to offer at least for one of some cases to be for it.

    Args:
        cases: the cases.
        asks: what each asks a target for.
    """
    every = {asks[case] for case in cases}
    return [one for one in every if not any(other < one for other in every)]


def spare(
    met: Mapping[Met, Sequence[str]],
    asks: Mapping[str, frozenset[str]],
    order: Iterable[str],
) -> set[str]:
    """Cases without which every obligation is still met, also for targets that can do little.

    Args:
        met: the cases that meet each obligation.
        asks: what each case asks a target for.
        order: the cases that may be left out, those first that are missed least.
    """
    needed: dict[str, list[tuple[Met, frozenset[str]]]] = {}
    left: Counter[tuple[Met, frozenset[str]]] = Counter()
    for obligation, cases in met.items():
        for least in asked_least(cases, asks):
            for case in cases:
                if asks[case] == least:
                    needed.setdefault(case, []).append((obligation, least))
                    left[obligation, least] += 1
    found: set[str] = set()
    for case in order:
        own = needed.get(case, ())
        if all(left[each] > 1 for each in own):
            found.add(case)
            left.subtract(own)
    return found
