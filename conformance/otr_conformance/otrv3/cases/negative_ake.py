"""Messages of the AKE that are wrong in one thing: one case for each check, in both versions.

The tester deviates so that what it sends fails one check and no other that is made before it. A
target that does not make the check becomes private, or answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import case
from otr_conformance.otrv3.moves import QUERIES, declare, talk
from otr_model.kernel.variant import Falsify, Variant
from otr_model.otrv3.conditions import Check
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_conformance.otrv3.case import Play
    from otr_conformance.otrv3.stage import Stage

BOTH = Policy()

TO_INITIATOR = (
    Check.GY_RANGE,
    Check.SIGNATURE_MAC,
    Check.SIGNATURE_IDENTITY,
    Check.SIGNATURE_KEYID,
    Check.SIGNATURE_SIGNED,
)
"""Checks of what answers the target's D-H Commit."""
TO_RESPONDER = (
    Check.COMMITMENT_MATCHES,
    Check.COMMITMENT_OPENS,
    Check.GX_RANGE,
    Check.REVEAL_MAC,
    Check.REVEAL_IDENTITY,
    Check.REVEAL_KEYID,
    Check.REVEAL_SIGNED,
)
"""Checks of what opens the tester's D-H Commit."""


def falsifying(check: Check) -> Variant:
    """The deviation that fails a check."""
    return Variant(f"falsify {check.label}", check.meaning, (Falsify(check),))


IN_THE_COMMIT = (Check.COMMITMENT_MATCHES, Check.COMMITMENT_OPENS, Check.GX_RANGE)
"""Checks that a D-H Commit fails already, though nobody can see it yet."""


def _says(stage: Stage) -> None:
    """What the target's user types goes out in the clear: nothing private began."""
    stage.target_says("hello")
    stage.settle()


def _goes_on(stage: Stage, version: int, *, right: bool) -> None:
    """What is answered wrongly is refused. The right answer is taken, and so is a new exchange."""
    before, asked = stage.tester.conversation, stage.to_tester[0]
    stage.to_tester_delivers()
    stage.settle()
    _says(stage)
    stage.tester_behaves()
    if right:
        stage.tester.conversation = before
        stage.to_tester.append(asked)
        stage.settle()
        stage.target_says("now nobody else can read it")
        stage.settle()
    stage.tester_forgets()
    stage.tester_takes(QUERIES[version])
    stage.settle()
    talk(stage)


def _target_commits(version: int, check: Check) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERIES[version])
        if check is not Check.GY_RANGE:
            stage.to_tester_delivers()
            stage.to_target_delivers()
        _goes_on(stage, version, right=True)

    return play


def _tester_commits(version: int, check: Check) -> Play:
    def play(stage: Stage) -> None:
        stage.tester_takes(QUERIES[version])
        stage.to_target_delivers()
        _goes_on(stage, version, right=check not in IN_THE_COMMIT)

    return play


for _checks, _kind, _play in (
    (TO_INITIATOR, "D-H Key or Signature", _target_commits),
    (TO_RESPONDER, "Reveal Signature", _tester_commits),
):
    for _check in _checks:
        for _version in (3, 2):
            declare(
                f"negative.v{_version}-{_check.label}",
                f"""Refuses a {_kind} Message for which this does not hold: {_check.meaning}. No
                private conversation begins, and the peer is not answered. The right message is
                accepted afterwards, and so is another exchange.""",
                _play(_version, _check),
                version=_version,
                variant=falsifying(_check),
            )


@case(
    f"negative.{Check.DH_KEY_VERSION.label}",
    target=BOTH,
    tester=BOTH,
    variant=falsifying(Check.DH_KEY_VERSION),
)
def dh_key_version(stage: Stage) -> None:
    """Refuses a D-H Key Message of version 2 in answer to its D-H Commit of version 3."""
    stage.arrives(QUERIES[3])
    stage.settle()
    _says(stage)
