"""Moves at the edges of what the tables allow, read off their parameters.

Chance does not come upon the second in which a session expires, nor upon the smallest instance tag
that is legal. The tables say what these are. Times are waited for in full, and but for a second; as
many texts are typed as may wait. What the text leaves open only the reference is asked for.
"""

from __future__ import annotations

from functools import lru_cache, partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.derive.plan import Moves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otr_conformance.play.stage import AnyStage
    from otr_model.kernel.composition import Composition
    from otr_reference.sorts import Wire

__all__ = ["OURS", "edges", "pieces", "values_of"]

_TIMES: Final = ("_interval", "_lifetime")
"""How the names of parameters end that are seconds."""
OURS: Final = "bounds"
"""What a target needs that is asked for a figure which the text leaves open: no shim offers it."""


def values_of(composition: Composition) -> Mapping[str, int]:
    """The value of each parameter, by its name."""
    return {each.name: each.value for each in composition.parameters}


def edges(composition: Composition, clock: str) -> Moves[Any]:
    """Moves at the edges of times, of numbers of texts, of instance tags and of error codes.

    Args:
        composition: the tables.
        clock: the capability that a target needs so that time can pass.
    """
    moves: Moves[Any] = Moves()
    values = values_of(composition)
    for seconds in sorted({n for name, n in values.items() if name.endswith(_TIMES)}):
        for much in (seconds - 1, seconds):
            name = f"{much} seconds pass"
            moves.add(name, methodcaller("wait", much), needs=f"{clock} {OURS}")
    smallest = values["smallest_tag"]
    moves.add("the tester's client with the smallest tag", methodcaller("tester_at", smallest))
    texts = values.get("max_queued", 0)
    if texts:
        moves.add(f"target types {texts} texts", partial(_types, texts), needs=OURS)
    for code in range(1, values.get("last_error_code", -1) + 2):
        error = f"?OTR Error: ERROR_{code}: no"
        moves.add(f"an Error of code {code}", methodcaller("arrives", error))
    return moves


def _types(texts: int, stage: AnyStage) -> None:
    for number in range(texts):
        stage.target_says(f"text {number}")


def pieces(composition: Composition, piece: Callable[[Any, int, int, Any], Wire]) -> Moves[Any]:
    """Pieces of a message that are as large as may be stored, or larger, or numbered wrongly.

    Args:
        composition: the tables.
        piece: on a stage, a fragment of somebody's to everybody: which of how many, and what is in
            it.
    """
    moves: Moves[Any] = Moves()
    stored = values_of(composition)["max_stored"]
    for name, size in (
        ("as large as can be stored", stored),
        ("too large to be stored", stored + 1),
        ("half as large as can be stored", stored // 2),
    ):
        for number in (1, 2):
            what = f"piece {number} of 3, {name}"
            moves.add(what, partial(_sends, piece, (number, 3), size, what), needs=OURS)
    for number, of in ((3, 3), (0, 3), (4, 3), (0, 0)):
        what = f"piece {number} of {of}"
        moves.add(what, partial(_sends, piece, (number, of), 1, what), needs=OURS)
    return moves


def _sends(
    piece: Callable[[Any, int, int, Any], Wire],
    place: tuple[int, int],
    size: int,
    what: str,
    stage: Any,  # noqa: ANN401 - of a protocol
) -> None:
    inside = stage.lab.text(_long(size))
    stage.reaches(piece(stage, *place, inside), what)


@lru_cache(maxsize=8)
def _long(size: int) -> str:
    """A text of so many letters, which is kept: terms refer to it."""
    return "x" * size
