"""`otrspec derive`: derive cases from the tables anew, or see whether they are up to date."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.derive import choice, record
from otr_conformance.derive.deriving import chosen_anew, vary
from otr_conformance.derive.deriving import derive as derived_anew
from otr_conformance.folders import look
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import ExitCode

from .misuse import write_file
from .screen import GOOD, WRONG, Screen, tell, write_json

if TYPE_CHECKING:
    from otr_conformance.derive.record import Derived

    from .screen import Json

__all__ = ["derive"]


def derive(names: tuple[str, ...], jobs: int, *, check: bool, json: bool) -> ExitCode:
    """Run the command.

    Args:
        names: of the protocols.
        jobs: how many processes work on it; 0: one for each core.
        check: only see whether the files are older than the tables.
        json: for programs.

    Raises:
        Malformed: if a file is not what it should be.
        Misuse: if a file cannot be written.
        BadFolder: if that can be told beforehand.
    """
    workers = jobs or os.cpu_count() or 1
    current: dict[str, bool] = {}
    found: list[Derived] = []
    for name in () if check else names:
        look(record.path(name).parent)
    for name in names:
        if not check:
            made = derived_anew(name, workers, tell)
            write_file(record.path(name), record.write(made).encode())
            made = replace(made, policies=vary(name))
            tell(f"{name}: {len(made.policies)} cases under other policies")
            write_file(record.path(name), record.write(made).encode())
            chosen = chosen_anew(name)
            tell(f"{name}: {len(chosen.left_out)} cases are spare, and left out")
            write_file(choice.path(name), choice.write(chosen).encode())
        found.append(record.read(name))
        current[name] = found[-1].tables == record.digest(PROTOCOLS[name].plan.composition)
    status = ExitCode.EXPECTED if all(current.values()) else ExitCode.UNEXPECTED
    if json:
        write_json([_document(each, current=current[each.protocol]) for each in found])
        return status
    out = Screen()
    for each in found:
        told = sum(len(entry.told) for entry in each.scripts)
        states = told + sum(len(entry.untold) for entry in each.scripts)
        out.line(
            f"{each.protocol}: {len(each.pairs):,} pairs of rows, {len(each.scripts):,} cases; "
            f"their probes tell {told:,} of {states:,} other states apart"
        )
        if not current[each.protocol]:
            out.line((f"the tables are newer: run otrspec derive {each.protocol}", WRONG))
    if check and status is ExitCode.EXPECTED:
        out.line(("the cases are those of the tables", GOOD))
    return status


def _document(derived: Derived, *, current: bool) -> Json:
    return {
        "protocol": derived.protocol,
        "current": current,
        "pairs": len(derived.pairs),
        "cases": len(derived.scripts),
        "told": sum(len(entry.told) for entry in derived.scripts),
        "untold": sum(len(entry.untold) for entry in derived.scripts),
    }
