"""The flaws of history as findings: pages, drawn runs, and what catches which variant.

Everything is printed from the flaws in `otr_model` and from what runs have left behind in the
checkout:

| module | has |
|---|---|
| `past` | the flaws and cures of each protocol, and where the files of a flaw are |
| `record` | what a run leaves behind, as JSON |
| `finding` | makes the runs: explores, replays, plays the cases |
| `cases` | which case of the suite notices a faulty target |
| `pages` | a page for each flaw, and their index |
| `watched` | the variants that matter for security, and why some violate nothing |
| `caught` | makes the runs of those variants, and prints the table of what catches them |

To make the runs again, after a scenario or the tables have changed:

    python -m otr_conformance.history            # the flaws
    python -m otr_conformance.history --caught   # and every variant; this takes long
"""

from __future__ import annotations

from .pages import rendered, stale

__all__ = ["rendered", "stale"]
