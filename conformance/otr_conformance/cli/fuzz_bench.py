"""`otrspec fuzz --bench`: how many moves a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.fuzz.measure import EMPTY, HYPOTHESIS, paces
from otr_conformance.peers.registry import PEERS
from otr_conformance.protocols import protocol
from otr_conformance.verdict import ExitCode

from .screen import DIM, HEAD, Screen, grid, progress, spans, write_json

if TYPE_CHECKING:
    from .fuzz import Asked

__all__ = ["bench"]

SHARE: Final = 0.4
"""The share of Hypothesis' own speed that is to be left with endpoints and oracle."""
_LEAST: Final = 0.2
_SPOKEN: Final = 3


def bench(asked: Asked) -> ExitCode:
    """Measure every way to play, for as long as was asked for all together.

    Returns:
        0 if Hypothesis is fast enough with endpoints and oracle, 1 if it is not.
    """
    older = min(protocol(asked.protocol).versions.values()) <= _SPOKEN
    shims = [name for name, peer in PEERS.items() if older and peer.module.locate() is not None]
    each = max(asked.seconds / (8 + len(shims)), _LEAST)
    found = []
    with progress("measuring", 8 + len(shims)) as step:
        for pace in paces(asked.protocol, each, shims, asked.seed):
            step(pace.what)
            found.append(pace)
    rates = {pace.what: pace.rate for pace in found}
    share = rates[HYPOTHESIS] / rates[EMPTY] if rates[EMPTY] else 0.0
    status = ExitCode.EXPECTED if share >= SHARE else ExitCode.UNEXPECTED
    if asked.json:
        write_json(
            {
                "protocol": asked.protocol,
                "exit": int(status),
                "share": round(share, 3),
                "paces": [
                    {
                        "what": pace.what,
                        "steps": pace.steps,
                        "seconds": round(pace.seconds, 3),
                        "processor": pace.processor,
                        "rate": round(pace.rate, 1),
                    }
                    for pace in found
                ],
            }
        )
        return status
    out = Screen()
    table = grid("moves/s", "moves", "seconds", "", "what", right=3)
    for pace in found:
        kind = "processor" if pace.processor else "clock"
        figures = (f"{pace.rate:,.0f}", f"{pace.steps:,}", f"{pace.seconds:.1f}")
        table.add_row(*map(spans, figures), spans((kind, DIM)), spans((pace.what, HEAD)))
    out.show(table)
    out.line()
    out.line(
        f"With endpoints and oracle Hypothesis keeps {share:.2f} of its speed; {SHARE} is asked."
    )
    return status
