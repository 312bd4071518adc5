"""What the suite and the command line need of a protocol's model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from otr_model.clauses import Clause, Registry
    from otr_model.kernel.composition import Composition
    from otr_model.kernel.layout import DataType, Layout, TextFormat
    from otr_model.kernel.schedule import Schedule

__all__ = ["Model"]


@dataclass(frozen=True)
class Model:
    """A protocol as data.

    Attributes:
        composition: its tables and vocabularies.
        layouts: its messages in bytes.
        texts: its messages in characters.
        schedules: its key schedules.
        types: its data types.
        modules: where its constants are: public names in capitals, integers and groups.
        registries: the clauses of its texts, that of the protocol itself first.
    """

    composition: Composition
    layouts: tuple[Layout, ...]
    texts: tuple[TextFormat, ...]
    schedules: tuple[Schedule, ...]
    types: Iterable[DataType]
    modules: tuple[ModuleType, ...]
    registries: tuple[Registry, ...]

    def clauses(self) -> Iterator[tuple[Registry, Clause]]:
        """Every clause once, with the first registry that has it."""
        shared: set[Clause] = set()
        for registry in self.registries:
            yield from ((registry, clause) for clause in registry if clause not in shared)
            shared.update(registry)
