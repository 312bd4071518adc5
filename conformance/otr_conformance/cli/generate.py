"""`otrspec generate`: everything in the project that is printed from something else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import otr_conformance
from otr_check.explore import witness
from otr_conformance import grading, history, ids
from otr_conformance import vectors as checks
from otr_conformance.fuzz.finds import schema as find_schema
from otr_conformance.otrv4 import vectors
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.reports.schema import schema as report_schema
from otr_conformance.shim import schema
from otr_conformance.verdict import ExitCode
from otr_diagrams.generate import SEQUENCE, drift
from otr_diagrams.generate import generate as print_model
from otr_diagrams.render import Unrendered
from otr_diagrams.sequence_json import BadSequence, to_json
from otr_model.kernel.export import canonical

from .diagrams import printed
from .misuse import Misuse
from .screen import GOOD, WRONG, Screen, progress, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from otr_diagrams.generate import Printed

__all__ = ["generate", "project"]

LEDGER: Final = "ids.lock"
_SCHEMA: Final = Path("docs", "shim-protocol.schema.json")
_PICTURES: Final = Path("diagrams", "generated")
_VECTORS: Final = Path("docs", "generated", "otrv4", "vectors")
_CHECKS: Final = Path("docs", "generated", "vectors")
_CHECKS_SCHEMA: Final = Path("docs", "schema", "otrspec-checks.schema.json")
_VECTORS_SCHEMA: Final = Path("docs", "schema", "otrspec-vectors.schema.json")
_FIND_SCHEMA: Final = Path("docs", "schema", "otrspec-find.schema.json")
_REPORT_SCHEMA: Final = Path("docs", "schema", "otrspec-report.schema.json")
_WITNESS_SCHEMA: Final = Path("docs", "schema", "otrspec-witness.schema.json")


def project() -> Path:
    """The root of the checkout that this is part of, or that we are in.

    Raises:
        Misuse: if there is none.
    """
    here = Path.cwd()
    ours = Path(otr_conformance.__file__).resolve().parents[2]
    for folder in (here, *here.parents, ours):
        if _is_root(folder):
            return folder
    message = "generated files belong to a checkout of the project, and this is none"
    raise Misuse(message)


def _is_root(folder: Path) -> bool:
    try:
        found = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    named = found.get("project", {})
    return isinstance(named, dict) and named.get("name") == "otrspec"


def generate(*, check: bool, json: bool) -> ExitCode:
    """Write every generated file, or say which of them are not what they should be.

    Raises:
        Misuse: if this is no checkout, or a file cannot be read or written.
        Malformed: if the ledger of ids is none.
    """
    root = project()
    ledger, existing = _ledger(root), ids.collect()
    faults = ids.faults(ledger, existing)
    try:
        with progress("comparing" if check else "writing"):
            found = list(_drift(root, ledger)) if check else _write(root, ledger)
    except (OSError, BadSequence, Unrendered) as error:
        raise Misuse(str(error)) from error
    wrong = bool(faults or (check and found))
    status = ExitCode.UNEXPECTED if wrong else ExitCode.EXPECTED
    if json:
        written: list[str] = [] if check else found
        drifted: list[str] = found if check else []
        write_json({"exit": int(status), "written": written, "drift": drifted, "ids": list(faults)})
        return status
    out = Screen()
    for line in found:
        out.whole((line, WRONG if check else ""))
    for line in faults:
        out.whole((f"{LEDGER}: {line}", WRONG))
    if check:
        text = "run otrspec generate, and mend ids.lock by hand" if wrong else "nothing has drifted"
        out.line((text, WRONG if wrong else GOOD))
    elif not found:
        out.line("every file was up to date")
    return status


def _ledger(root: Path) -> ids.Ledger:
    """The ledger as it is; empty where there is none yet."""
    path = root / LEDGER
    return ids.read(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _own(root: Path, ledger: ids.Ledger) -> Iterator[tuple[Path, str]]:
    """The generated files that are not printed from the model alone."""
    yield root / LEDGER, ids.write(ids.extended(ledger, ids.collect()))
    yield root / _SCHEMA, schema.render()
    yield root / _VECTORS_SCHEMA, canonical(vectors.schema())
    yield root / _WITNESS_SCHEMA, canonical(witness.schema())
    yield root / _REPORT_SCHEMA, canonical(report_schema())
    yield root / _FIND_SCHEMA, canonical(find_schema())
    for name, text in vectors.rendered().items():
        yield root / _VECTORS / name, text
    yield root / _CHECKS_SCHEMA, canonical(checks.schema())
    for name, text in checks.rendered():
        yield root / _CHECKS / name, text
    for protocol in PROTOCOLS.values():
        for name in protocol.recordings.named:
            path = root / _PICTURES / protocol.name / f"{name}{SEQUENCE}"
            yield path, to_json(protocol.recordings.record(name))
    for path, text in history.rendered(root):
        yield root / path, text
    for path, text in grading.rendered():
        yield root / path, text


def _write(root: Path, ledger: ids.Ledger) -> list[str]:
    """Write what is not up to date.

    Returns:
        The files that were written, seen from the root.
    """
    written: list[Path] = []
    for path, text in _own(root, ledger):
        if _read(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return [str(path.relative_to(root)) for path in (*written, *print_model(root, _printed()))]


def _drift(root: Path, ledger: ids.Ledger) -> Iterator[str]:
    """What is not up to date, one line for each file."""
    for path, text in _own(root, ledger):
        there = _read(path)
        if there != text:
            how = "is missing" if there is None else "is not what it should be"
            yield f"{path.relative_to(root)}: {how}"
    yield from history.stale(root)
    yield from drift(root, _printed())


def _printed() -> tuple[Printed, ...]:
    """What is printed of each protocol."""
    return tuple(map(printed, PROTOCOLS.values()))


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
