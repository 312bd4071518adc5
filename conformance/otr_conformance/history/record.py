"""What runs leave behind: figures and outcomes that pages are printed from, as JSON.

A search takes seconds, and a page has to be printed in milliseconds. So whoever makes the runs
writes down what came of them, and a test makes some of them again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from otr_model.documents import BadDocument, parse_json
from otr_model.kernel.export import canonical
from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from otr_model.kernel.export import Json

__all__ = ["BadRecord", "Case", "Plain", "Run", "read", "write"]


class BadRecord(OtrSpecError):
    """A file of runs that cannot be read, or is none; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Plain:
    """What a search gave without the flaw.

    Attributes:
        states: joint states that were reached.
        depth: steps of the longest way, from the beginning.
        complete: nothing was left out but what the scenario leaves out.
        violated: the properties that were violated.
    """

    states: int
    depth: int
    complete: bool
    violated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What noticed that a target was faulty.

    Attributes:
        id: of the case.
        verdict: what it was given.
        because: what differed, in a sentence.
        ambiguity: the hole of the text, where the target reads it the other way.
    """

    id: str
    verdict: str
    because: str
    ambiguity: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """What the runs about one flaw gave.

    Attributes:
        states: joint states that were reached until the property was violated.
        steps: the length of the shortest run.
        differs: how the same run over bytes differs; "" if it does not.
        drawn: how often keys were drawn, over bytes, until comparisons of hashes came out alike.
        plain: what the search gave without the flaw; None where it was not made.
        case: what notices a target with the flaw; None if nothing does.
    """

    states: int = 0
    steps: int = 0
    differs: str = ""
    drawn: int = 0
    plain: Plain | None = None
    case: Case | None = None


def write(runs: Mapping[str, Run]) -> str:
    """Runs as text, by the id of the flaw."""
    return canonical({name: _written(asdict(run)) for name, run in runs.items()})


def _written(given: object) -> Json:
    """What a record has, without what is not there."""
    match given:
        case dict():
            return {name: _written(each) for name, each in given.items() if each is not None}
        case tuple() | list():
            return [_written(each) for each in given]
        case bool() | int() | str():
            return given
        case _:
            message = f"a record has no {type(given).__name__}"
            raise BadRecord(message)


def read(path: Path) -> dict[str, Run]:
    """Runs, by the id of the flaw; none where there is no file.

    Raises:
        BadRecord: if the file cannot be read, or is none.
    """
    if not path.is_file():
        return {}
    try:
        document: Any = parse_json(path.read_text(encoding="utf-8"))
        return {name: _run(each) for name, each in document.items()}
    except (BadDocument, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        message = f"{path}: is no record of runs: {error}"
        raise BadRecord(message) from error


def _run(given: dict[str, Any]) -> Run:
    plain, case = given.pop("plain", None), given.pop("case", None)
    return Run(
        **given,
        plain=None if plain is None else Plain(**{**plain, "violated": tuple(plain["violated"])}),
        case=None if case is None else Case(**case),
    )
