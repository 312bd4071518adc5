"""The flaws and the cures of each protocol, and where the files of a flaw are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_check.explore.scenario import PROTOCOLS, scenario_of, shipped

if TYPE_CHECKING:
    from otr_check.explore.scenario import Scenario
    from otr_model.kernel.history import Flaw
    from otr_model.kernel.variant import Variant

__all__ = [
    "PAGES",
    "PICTURES",
    "RUNS",
    "WITNESSES",
    "History",
    "Past",
    "histories",
    "pasts",
]

PAGES: Final = Path("docs", "findings", "history")
"""The pages, from the root of the project."""
WITNESSES: Final = Path("docs", "findings", "witnesses")
PICTURES: Final = Path("diagrams", "generated", "findings")
RUNS: Final = PAGES / "runs.json"
"""What the runs of the flaws gave."""
_VERSIONS: Final = {name: name.removeprefix("otrv") for name in PROTOCOLS}


@dataclass(frozen=True, slots=True)
class Past:
    """A flaw, and where what belongs to it is.

    Attributes:
        protocol: in whose tables it is.
        flaw: the flaw.
    """

    protocol: str
    flaw: Flaw

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.protocol}-{self.flaw.name}"

    @property
    def scenario_name(self) -> str:
        """Of the scenario in which it is looked for."""
        return f"{self.protocol}-flaw-{self.flaw.name}"

    @property
    def scenario(self) -> Scenario | None:
        """That scenario; None where none ships.

        Raises:
            BadScenario: if it is none.
        """
        text = shipped().get(self.scenario_name)
        return None if text is None else scenario_of(text)

    @property
    def page(self) -> Path:
        """The page, from the root of the project."""
        return PAGES / f"{self.name}.md"

    @property
    def witness(self) -> Path:
        """The file of the shortest run, from the root of the project."""
        return WITNESSES / f"{self.name}.json"

    @property
    def picture(self) -> Path:
        """The drawing of that run, from the root of the project."""
        return PICTURES / f"{self.name}.svg"


@dataclass(frozen=True, slots=True)
class History:
    """What one protocol has behind it.

    Attributes:
        protocol: which.
        flaws: its flaws, in the order of the tables.
        cures: what cures the misbinding of identities, each by itself.
    """

    protocol: str
    flaws: tuple[Past, ...]
    cures: tuple[Variant, ...]

    @property
    def title(self) -> str:
        """The version in words."""
        return f"OTR version {_VERSIONS[self.protocol]}"


def histories() -> tuple[History, ...]:
    """Every protocol that has flaws, in the order of versions."""
    found: list[History] = []
    for protocol in PROTOCOLS:
        module = import_module(f"otr_model.{protocol}.history")
        flaws = tuple(Past(protocol, flaw) for flaw in module.FLAWS)
        found.append(History(protocol, flaws, getattr(module, "CURES", ())))
    return tuple(found)


def pasts() -> tuple[Past, ...]:
    """Every flaw of every protocol."""
    return tuple(past for history in histories() for past in history.flaws)
