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
            for finding, case in _cases(name, table):
                if case.startswith(f"{protocol}.case:"):
                    found.setdefault(finding, []).append(case)
    return {name: tuple(cases) for name, cases in found.items()}


def _cases(name: str, table: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever stands in a file
    """The cases of an entry, each with its finding and the verdict that is expected of it.

    An entry is about a finding and has cases, or is about a case and may have a finding.
    """
    for each in table if isinstance(table, list) else [table]:
        finding = f"{each.get('finding', name)}: {each.get('verdict')}"
        yield from ((finding, str(case)) for case in each.get("cases", (name,)))
