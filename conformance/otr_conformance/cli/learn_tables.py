"""`otrspec learn --tables`: write the machines of the tables into the checkout."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from otr_conformance.learn.known import EXTRA, make, path_of, refuted, shipped
from otr_conformance.learn.study import settings
from otr_conformance.learn.system import ReferenceSystem
from otr_conformance.verdict import ExitCode
from otr_reference.errors import Malformed

from .misuse import Misuse, write_file
from .screen import DIM, NAME, WRONG, Screen, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otr_conformance.learn.alphabet import AnyLearning, AnySetting
    from otr_conformance.learn.known import Made
    from otr_conformance.learn.wish import Figures

__all__ = ["tables"]


def tables(
    names: Sequence[str], told: Callable[[str, Figures, int], None], *, check: bool, json: bool
) -> ExitCode:
    """Learn the machine of the tables in each setting, or see whether the files have it.

    Args:
        names: of the settings.
        told: is told how it goes.
        check: nothing is written: the reference is asked the words that show every edge.
        json: for programs.

    Raises:
        Misuse: if a file cannot be written.
    """
    known = settings()
    found: list[dict[str, str | int | float]] = []
    out = Screen()
    for name in names:
        learning, setting = known[name]
        begun = time.process_time()
        if check:
            wrong, made = _compared(learning, setting)
        else:
            wrong, made = "", make(learning, setting, watch=partial(told, name))
            _write(learning, setting, made)
        found.append(
            {
                "setting": name,
                "states": made.machine.size if made else 0,
                "checked": made.checked if made else 0,
                "extra": EXTRA,
                "because": wrong,
                "processor": round(time.process_time() - begun, 3),
            }
        )
        if not json:
            _show(out, found[-1])
    status = ExitCode.UNEXPECTED if any(each["because"] for each in found) else ExitCode.EXPECTED
    if json:
        write_json(found)
    return status


def _write(learning: AnyLearning, setting: AnySetting, made: Made) -> None:
    path = path_of(learning, setting)
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        message = f"{path.parent}: {error.strerror}"
        raise Misuse(message) from error
    write_file(path, made.to_json().encode())


def _compared(learning: AnyLearning, setting: AnySetting) -> tuple[str, Made | None]:
    """What is wrong with a file, and what is in it."""
    try:
        made = shipped(learning, setting)
    except Malformed as error:
        return str(error), None
    if made is None:
        return "there is no file", None
    if made.machine.inputs != setting.inputs:
        return "the file has other inputs", made
    word = refuted(made.machine, ReferenceSystem(learning, setting))
    return f"the tables answer {'; '.join(word)} otherwise" if word else "", made


def _show(out: Screen, found: dict[str, str | int | float]) -> None:
    out.line(
        (str(found["setting"]), NAME),
        f"  {found['states']} states, ",
        (f"checked with {found['checked']:,} words, {found['processor']:.0f} s", DIM),
    )
    if found["because"]:
        out.line((f"{found['because']}: run otrspec learn --tables", WRONG), indent=2)
