"""The machines of the tables: what the reference does in each setting.

They are learned of the reference over symbolic terms, and checked with words that no machine of up
to `EXTRA` states more could answer alike, and many random ones. That takes minutes for all of them,
so they are shipped, as ``machines/SETTING.json`` in the folder of the protocol; `otrspec learn
--tables` writes the files. A machine of a file is never just believed: where tables, inputs or
mappers have changed since, it is used only if the reference still answers as it says to the words
that show every edge of it. Otherwise it is learned anew, and kept in the user's cache.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from otr_model.documents import BadDocument, parse_json
from otr_reference.errors import Malformed

from .cache import Cache
from .machine import Machine
from .system import ReferenceSystem
from .wish import Algorithm, Wish, silent

if TYPE_CHECKING:
    from .alphabet import AnyLearning, AnySetting
    from .machine import Word
    from .wish import Watch

__all__ = [
    "EXTRA",
    "Made",
    "known_machine",
    "make",
    "path_of",
    "refuted",
    "shipped",
    "user_cache",
]

EXTRA: Final = 1
"""How many states more than its machine the reference may have, for the machine to be proved."""
_CHECKS: Final = 2000
"""Random words beside that."""


@dataclass(frozen=True, slots=True)
class Made:
    """A machine of the tables.

    Attributes:
        machine: the machine.
        stamp: of the tables and inputs that it was learned with.
        checked: how many words did not refute it.
    """

    machine: Machine
    stamp: str
    checked: int

    def to_json(self) -> str:
        """The text of a file."""
        return self.machine.to_json(stamp=self.stamp, checked=self.checked, extra=EXTRA)


def user_cache() -> Path:
    """Where what can be made again is kept for this user."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return root / "otrspec"


def path_of(learning: AnyLearning, setting: AnySetting) -> Path:
    """Where the file of a setting is."""
    return Path(__file__).parents[1] / learning.protocol / "machines" / f"{setting.name}.json"


def make(
    learning: AnyLearning, setting: AnySetting, *, pause: int = 0, watch: Watch = silent
) -> Made:
    """Learn the machine of the tables in a setting.

    Args:
        learning: of the protocol.
        setting: what is learned.
        pause: seconds that pass before the target is asked for another key exchange.
        watch: is told how it goes.
    """
    from .learner import learn  # noqa: PLC0415 - it needs AALpy, which is an extra

    system = ReferenceSystem(learning, setting, pause=pause)
    wish = Wish(Algorithm.LSHARP, checks=_CHECKS, extra=EXTRA)
    with Cache() as cache:
        learned = learn(system, setting.inputs, cache, wish, watch=watch)
    return Made(learned.machine, _stamp(learning, setting, pause), learned.checked)


def _stamp(learning: AnyLearning, setting: AnySetting, pause: int) -> str:
    stamp = learning.stamp(setting, setting.inputs)
    return f"{stamp} {pause}" if pause else stamp


def shipped(learning: AnyLearning, setting: AnySetting) -> Made | None:
    """The machine that is in a file; None where there is no file.

    Raises:
        Malformed: if the file has none.
    """
    path = path_of(learning, setting)
    return _read(path) if path.exists() else None


def _read(path: Path) -> Made:
    """The machine of a file.

    Raises:
        Malformed: if it has none.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found: Any = parse_json(text)
        machine = Machine.from_json(text)
        return Made(machine, str(found["stamp"]), int(found["checked"]))
    except (OSError, UnicodeDecodeError, BadDocument, LookupError, TypeError, ValueError) as error:
        raise Malformed(field=path.name, reason=str(error)) from error


def refuted(machine: Machine, system: ReferenceSystem) -> Word | None:
    """A word that shows an edge of a machine, and that a system answers otherwise; None: none."""
    for word in machine.tests():
        system.begin()
        for place, (name, answer) in enumerate(zip(word, machine.run(word), strict=True)):
            if system.take(name) != answer:
                return word[: place + 1]
    return None


def known_machine(
    learning: AnyLearning, setting: AnySetting, *, pause: int = 0, watch: Watch = silent
) -> Machine:
    """The machine of the tables with the inputs of a setting: of a file, or made now.

    Args:
        learning: of the protocol.
        setting: perhaps with some of its inputs only.
        pause: seconds that pass before the target is asked for another key exchange.
        watch: is told how it goes, where it is made.

    Raises:
        Malformed: if the file has none.
    """
    stamp = _stamp(learning, setting, pause)
    there = _shipped_for(learning, setting, pause)
    if there is not None and there.stamp == stamp:
        return there.machine
    path = _kept(setting, stamp)
    if path.exists():
        with contextlib.suppress(Malformed):
            return _read(path).machine
    if there is not None and refuted(there.machine, ReferenceSystem(learning, setting)) is None:
        made = replace(there, stamp=stamp)
    else:
        made = make(learning, setting, pause=pause, watch=watch)
    _keep(path, made)
    return made.machine


def _shipped_for(learning: AnyLearning, setting: AnySetting, pause: int) -> Made | None:
    """The machine of a file, with some of its inputs only, where it is up to date or could be."""
    whole = learning.settings.get(setting.name)
    there = shipped(learning, whole) if whole is not None and not pause else None
    if whole is None or there is None or not set(setting.inputs) <= set(there.machine.inputs):
        return None
    current = there.stamp == _stamp(learning, whole, 0)
    machine = there.machine
    if machine.inputs != setting.inputs:
        machine = machine.restricted(setting.inputs)
    return Made(machine, _stamp(learning, setting, 0) if current else "", there.checked)


def _kept(setting: AnySetting, stamp: str) -> Path:
    """Where the machine of a setting is kept for this user."""
    name = f"{setting.name}-{sha256(f'{stamp} {EXTRA}'.encode()).hexdigest()[:24]}.json"
    return user_cache() / "machines" / name


def _keep(path: Path, made: Made) -> None:
    with contextlib.suppress(OSError):  # it is kept to save time, and for nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(made.to_json(), encoding="utf-8")
        beside.replace(path)
