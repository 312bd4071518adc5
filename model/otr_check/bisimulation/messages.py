"""What is assumed of every message: which kinds of message have a version in their header.

`assess` in `otr_reference` gives what has a header the version that it says, and everything else 0;
what says another version than those that are handled is of the kind OTHER_VERSION.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_model.kernel.composition import Assumption
from otr_model.kernel.expr import Disjunction
from otr_model.otrv3 import variables as v3
from otr_model.otrv3.words import Kind as Kind3
from otr_model.otrv4 import variables as v4
from otr_model.otrv4.words import Kind as Kind4

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_model.kernel.expr import Bool, IntVar

__all__ = ["OTRV3_MESSAGES", "OTRV4_MESSAGES"]


def _among(variable: IntVar, values: Iterable[int]) -> Bool:
    return Disjunction(tuple(variable.equals(value) for value in values))


_HEADED_3: Final = (
    Kind3.FRAGMENT,
    Kind3.DH_COMMIT,
    Kind3.DH_KEY,
    Kind3.REVEAL_SIGNATURE,
    Kind3.SIGNATURE,
    Kind3.DATA,
)
_HEADED_4: Final = (
    Kind4.FRAGMENT,
    Kind4.IDENTITY,
    Kind4.AUTH_R,
    Kind4.AUTH_I,
    Kind4.NON_INTERACTIVE_AUTH,
    Kind4.DATA,
)
_OPEN_3: Final = tuple(k for k in Kind3 if k not in {*_HEADED_3, Kind3.MALFORMED})
_OPEN_4: Final = tuple(k for k in Kind4 if k not in {*_HEADED_4, Kind4.MALFORMED})


def _assumed(
    kind: IntVar,
    version: IntVar,
    headed: Iterable[int],
    bare: Iterable[int],
    versions: tuple[int, ...],
) -> tuple[Assumption, ...]:
    names = " or ".join(map(str, versions))
    return (
        Assumption(
            f"what has a header and is handled is of version {names}",
            ~_among(kind, headed) | _among(version, versions),
        ),
        Assumption("what has no header has no version", ~_among(kind, bare) | version.equals(0)),
    )


OTRV3_MESSAGES: Final = _assumed(
    v3.KIND, v3.VERSION, [k.number for k in _HEADED_3], [k.number for k in _OPEN_3], (2, 3)
)
OTRV4_MESSAGES: Final = _assumed(
    v4.KIND, v4.VERSION, [k.number for k in _HEADED_4], [k.number for k in _OPEN_4], (4,)
)
