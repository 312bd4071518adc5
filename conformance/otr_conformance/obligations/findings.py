"""What real implementations do otherwise, and the cases in which that is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otr_conformance.peers.registry import PEERS
from otr_model.documents import BadDocument, parse_toml
from otr_reference.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["findings"]


def findings(protocol: str) -> Mapping[str, tuple[str, ...]]:
    """The findings about peers, each with its verdict and the cases of a protocol that show it.

    Raises:
        Malformed: if a file of expectations is none.
    """
    found: dict[str, list[str]] = {}
    for peer in PEERS.values():
        try:
            tables = parse_toml(peer.expectations.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, BadDocument) as error:
            raise Malformed(field=peer.expectations.name, reason=str(error)) from error
        for name, table in tables.items():
            for verdict, case in _cases(table):
                if case.startswith(f"{protocol}.case:"):
                    found.setdefault(f"{name}: {verdict}", []).append(case)
    return {name: tuple(cases) for name, cases in found.items()}


def _cases(table: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever stands in a file
    """The cases of a finding, each with the verdict that is expected of it."""
    for each in table if isinstance(table, list) else [table]:
        yield from ((str(each.get("verdict")), str(case)) for case in each.get("cases", ()))
