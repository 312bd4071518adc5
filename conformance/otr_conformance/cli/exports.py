"""`otrspec export`: the model as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from otr_conformance.protocols import PROTOCOLS, TEXTS
from otr_conformance.verdict import ExitCode
from otr_model.kernel import export as kernel

from .misuse import Misuse, write_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["export"]


def export(text: str, output: Path | None, *, schema: bool) -> ExitCode:
    """Write the model, or the schema of it.

    Args:
        text: the name of a text.
        output: where it goes; None: standard output.
        schema: the schema instead.

    Raises:
        Misuse: if the text has no tables of its own, or the file cannot be written.
    """
    if text not in PROTOCOLS:
        message = f"{text} has no tables of its own: those of {TEXTS[text].name} hold it too"
        raise Misuse(message)
    if schema:
        document = kernel.schema()
    else:
        model = PROTOCOLS[text].model
        document = kernel.export(model.composition, model.layouts, model.texts, model.schedules)
    written = kernel.canonical(document)
    if output is None:
        sys.stdout.write(written)
    else:
        write_file(output, written.encode())
    return ExitCode.EXPECTED
