"""Where a message was rejected, as far as can be told from what is seen.

A check, or a row that refuses, belongs to a point (`Point`): the encoding, the version, the
instance tags, and so on. Which point it was, nobody can see; what is seen is what follows. So the
case is played with the reference once more for each other point, and at the message that is refused
something arrives in its place that the tables refuse at that point. The points at which everything
would look as it did are those that cannot be told apart. Text for people is never read; the typed
warnings of the shim protocol are.

    a Data Message with a wrong authenticator   warning unreadable, an Error Message
    the same for another instance               nothing
    the same with a broken encoding             nothing, or an Error Message

All checks of one validity are answered by one row, and what follows is the same whichever failed.
They are told apart by what else a case does: the message that is right is accepted afterwards, so
that a counter was not used up, and keys were not replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from otr_model.kernel.composition import checks_of
from otr_model.kernel.vocabulary import Point, Validity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from otr_model.kernel.composition import AnyRow, Composition
    from otr_model.kernel.vocabulary import Check
    from otr_model.trace import Fired

    from .stage import Arrival

__all__ = ["ELSEWHERE", "WARNINGS", "Points", "Rejection", "points_of", "rejections"]

ELSEWHERE: Final = (Point.ENCODING, Point.VERSION, Point.INSTANCE, Point.STATE)
"""The points that something can be made wrong at in place of what is refused; see
`Stage.wrong_at`. What a state or a policy makes a receiver ignore is as if it had not arrived."""

WARNINGS: Final[Mapping[str, frozenset[Point]]] = {
    "warning malformed": frozenset({Point.ENCODING, Point.INSTANCE, Point.VERSION, Point.RANGE}),
    "warning other-instance": frozenset({Point.INSTANCE}),
    "warning unreadable": frozenset(Point)
    - {Point.ENCODING, Point.VERSION, Point.INSTANCE, Point.POLICY},
}
"""What a typed warning says of the point, where there is one."""

_INSTANCE: Final = ("illegal-sender", "illegal-receiver", "other-instance", "no-instance")
_ENCODING: Final = ("is-malformed", "illegal", "malformed")
_POLICY: Final = ("not-allowed", "untrusted", "online-only", "not-welcome")
_STATE: Final = ("without-first", "out-of-order")
_EXCHANGE: Final = (
    *("dh-commit", "dh-key", "reveal-signature", "signature"),
    *("identity", "auth-r", "auth-i", "non-interactive-auth"),
)
_SMP: Final = {f"smp-{n}": f"expect{n}" for n in (1, 2, 3, 4)}
_PRIVATE: Final = "encrypted"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that reached the target and was refused.

    Attributes:
        arrival: its number among what reached the target.
        step: the number of the observation.
        row: the row that refuses it.
        check: the label of the check that failed; "" if the row refuses by itself.
        point: where that is.
    """

    arrival: int
    step: int
    row: str
    check: str
    point: Point


@dataclass(frozen=True)
class Points:
    """Where the checks and rows of tables refuse.

    Attributes:
        checks: each check, by its label.
        rows: the point of each row that refuses by itself.
        alike: for each check, the points of all checks that are answered by the same row.
    """

    checks: Mapping[str, Check]
    rows: Mapping[str, Point]
    alike: Mapping[str, frozenset[Point]]


@lru_cache
def points_of(*compositions: Composition) -> Points:
    """Where the checks and rows of some tables refuse; of checks with one label, the first."""
    checks: dict[str, Check] = {}
    alike: dict[str, frozenset[Point]] = {}
    rows: dict[str, Point] = {}
    for composition in compositions:
        for check in composition.checks:
            checks.setdefault(check.label, check)
        for condition in composition.conditions:
            if not isinstance(condition.spec, Validity):
                continue
            together = frozenset(check.spec.point for check in checks_of(condition))
            for check in checks_of(condition):
                alike[check.label] = alike.get(check.label, frozenset()) | together
        for row in composition.rows():
            point = _point(row)
            if point is not None:
                rows[row.id] = point
    return Points(checks, rows, alike)


def _point(row: AnyRow) -> Point | None:
    """Where a row refuses by itself; None if it does not."""
    name, event, state = row.name.rpartition(".")[2], row.on.label, row.at.label
    found = None
    if name in _INSTANCE:
        found = Point.INSTANCE
    elif name in _ENCODING or (event == "smp-broken" and name != "not-private"):
        found = Point.ENCODING
    elif name == "is-other-version" or (event == "other-version" and row.ignores):
        found = Point.VERSION
    elif event in _EXCHANGE and row.ignores and name in _POLICY:
        found = Point.POLICY
    elif _in_wrong_state(row, name, event, state):
        found = Point.STATE
    return found


def _in_wrong_state(row: AnyRow, name: str, event: str, state: str) -> bool:
    """Whether a row refuses what is right in another state."""
    if event in _EXCHANGE:
        return row.ignores and "valid" not in name
    if event == "data":
        return not row.raises and not state.startswith(_PRIVATE)
    if event in _SMP:
        return state != _SMP[event]
    return name in _STATE


def rejections(
    arrivals: Sequence[Arrival], fired: Sequence[Fired], points: Points
) -> Iterator[Rejection]:
    """What was refused, in order; of one arrival, the last that refuses it."""
    for number, arrival in enumerate(arrivals):
        found = None
        for taken in fired[arrival.begin : arrival.end]:
            point = points.rows.get(taken.row)
            if taken.failed in points.checks:
                point = points.checks[taken.failed].spec.point
            if point is not None:
                found = Rejection(number, arrival.step, taken.row, taken.failed, point)
        if found is not None:
            yield found
