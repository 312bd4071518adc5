"""`otrspec export`: the model as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from otr_conformance.verdict import ExitCode
from otr_model.kernel import export as kernel
from otr_model.otrv3.layouts import LAYOUTS, TEXTS
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.schedules import SCHEDULES

from .misuse import Misuse, write_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["export"]


def export(protocol: str, output: Path | None, *, schema: bool) -> ExitCode:
    """Write the model, or the schema of it.

    Raises:
        Misuse: if the protocol has no tables of its own, or the file cannot be written.
    """
    if protocol != OTRV3.name:
        message = f"{protocol} has no tables of its own: those of {OTRV3.name} hold it too"
        raise Misuse(message)
    document = kernel.schema() if schema else kernel.export(OTRV3, LAYOUTS, TEXTS, SCHEDULES)
    text = kernel.canonical(document)
    if output is None:
        sys.stdout.write(text)
    else:
        write_file(output, text.encode())
    return ExitCode.EXPECTED
