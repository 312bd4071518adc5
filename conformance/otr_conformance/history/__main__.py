"""`python -m otr_conformance.history`: make the runs that the pages are printed from."""

from __future__ import annotations

import argparse
import sys

from otr_conformance.cli.generate import project

from . import caught, finding


def main() -> None:
    """Make them.

    Raises:
        SystemExit: after wrong usage.
    """
    parser = argparse.ArgumentParser("python -m otr_conformance.history", description=__doc__)
    parser.add_argument("names", nargs="*", help="flaws, as otrv3-version-rollback; none: all")
    parser.add_argument("--searches", action="store_true", help="do not play the cases again")
    parser.add_argument(
        "--caught",
        choices=("searches", "proofs", "cases"),
        help="make runs of every variant that matters, whose id has all these names",
    )
    given = parser.parse_args()
    if given.caught:
        caught.refresh(project(), given.caught, given.names, _tell)
        return
    play = not given.searches
    finding.refresh(project(), given.names, _tell, play=play)


def _tell(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - for people who wait


if __name__ == "__main__":
    main()
