"""Flaws as records: what contradicts itself is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from otr_model.kernel.history import PROPERTIES, BadFlaw, Flaw, Origin, by_name
from otr_model.kernel.variant import NONE, DropRow, Variant

ROLLBACK = Flaw(
    id="otrv3.flaw:rollback",
    about="versions are offered without authentication",
    origin=Origin.DESIGN,
    year=2006,
    source="somebody",
    there="version 2",
    fixed="",
    variant=NONE,
    violates="version",
    attacker="edits the offer",
    user="converses in an older version",
)
BROKEN = Variant("history broken", "a row is missing", (DropRow("otrv3.smp:smp-2.expect1"),))


def test_a_flaw_without_a_cure_stands() -> None:
    assert ROLLBACK.stands
    assert not replace(ROLLBACK, fixed="version 5", variant=BROKEN).stands
    assert ROLLBACK.name == "rollback"


def test_a_flaw_violates_a_property_that_is_known() -> None:
    assert ROLLBACK.violates in PROPERTIES
    with pytest.raises(BadFlaw, match="rollback: good manners is no property"):
        replace(ROLLBACK, violates="good manners")


def test_what_stands_has_no_edits_and_what_was_put_right_has_some() -> None:
    with pytest.raises(BadFlaw, match="what stands needs no edits"):
        replace(ROLLBACK, variant=BROKEN)
    with pytest.raises(BadFlaw, match="what stands needs no edits"):
        replace(ROLLBACK, fixed="version 5")


def test_flaws_have_names_of_their_own() -> None:
    assert by_name([ROLLBACK]) == {"rollback": ROLLBACK}
    with pytest.raises(BadFlaw, match="rollback is the name of two flaws"):
        by_name([ROLLBACK, ROLLBACK])
