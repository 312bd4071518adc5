"""The D-H Commit that went to all instances, and the master session that keeps it.

Once an instance has answered it, and the D-H key in it is forgotten there, it is forgotten in the
master too; nothing else of the master's is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.moves import (
    FORGERIES,
    comes_to_rest,
    declare,
    forged_commit,
    sends_forged,
    talk,
)
from otr_conformance.otrv3.stage import THIRD_TAG
from otr_reference.otrv3.messages import DhKey, Header
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage

BOTH = Policy()
UNTAGGED = Header(2, 0, 0)


def _nothing(_stage: Stage) -> None:
    """AUTHSTATE_NONE."""


def _unanswered(stage: Stage) -> None:
    """AUTHSTATE_AWAITING_DHKEY, in version 3; the D-H Commit is on its way."""
    stage.arrives("?OTRv3?")


def _awaits_dh_key(stage: Stage) -> None:
    """AUTHSTATE_AWAITING_DHKEY, in version 2; the D-H Commit is lost."""
    stage.arrives("?OTRv2?")
    stage.to_tester_loses()


def _awaits_reveal_signature(stage: Stage) -> None:
    """AUTHSTATE_AWAITING_REVEALSIG, in version 2; the D-H Key is lost."""
    stage.sends(forged_commit(stage, UNTAGGED), "a D-H Commit Message of nobody's")
    stage.to_tester_loses()


def _awaits_signature(stage: Stage) -> None:
    """AUTHSTATE_AWAITING_SIG, in version 2; the Reveal Signature is lost."""
    _awaits_dh_key(stage)
    sends_forged(stage, "D-H Key", 2)
    stage.to_tester_loses()


def _rotates(stage: Stage) -> None:
    """Both users type; what was on its way waits meanwhile."""
    waiting = list(stage.to_tester)
    stage.to_tester.clear()
    talk(stage)
    talk(stage)
    stage.to_tester.extend(waiting)


def _shows(stage: Stage, *, ties: bool = False) -> None:
    """In which state the master is; `ties`: a D-H Commit would meet another, with any outcome."""
    stage.settle()
    other = stage.lab.suite.fresh_pair(stage.lab.seed("somebody"), 1).public
    stage.sends(DhKey(UNTAGGED, other), "a D-H Key Message of somebody else's")
    sends_forged(stage, "D-H Key", 2)
    if not ties:
        stage.sends(forged_commit(stage, UNTAGGED), "a D-H Commit Message of nobody's")
    for kind in FORGERIES:
        sends_forged(stage, kind, 2)


def _play(reach: Callable[[Stage], None]) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        comes_to_rest(stage, 3)
        talk(stage)
        reach(stage)
        _rotates(stage)
        _shows(stage, ties=reach in {_unanswered, _awaits_dh_key})

    return play


for _name, _state, _reach in (
    ("rest", "no exchange of version 2 is in progress", _nothing),
    ("unanswered", "its D-H Commit to all instances has not been answered", _unanswered),
    ("dh-key", "it awaits a D-H Key Message of version 2", _awaits_dh_key),
    ("reveal-signature", "it awaits a Reveal Signature of version 2", _awaits_reveal_signature),
    ("signature", "it awaits a Signature Message of version 2", _awaits_signature),
):
    declare(
        f"master.rotation-beside-{_name}",
        f"Replaces D-H keys of a private conversation while {_state}, which goes on as it was.",
        _play(_reach),
        target=BOTH,
        tester=BOTH,
    )


def _answered(stage: Stage) -> None:
    """A D-H Commit that was answered, whose key is replaced, is answered by another client."""
    stage.arrives("?OTRv3?")
    stage.settle()
    talk(stage)
    talk(stage)
    stage.tester_at(THIRD_TAG)
    sends_forged(stage, "D-H Key", 3)
    _shows(stage)


def _over(stage: Stage) -> None:
    """The conversation ends before its first key is replaced."""
    stage.arrives("?OTRv3?")
    stage.settle()
    stage.target_ends()
    stage.settle()
    stage.tester_at(THIRD_TAG)
    sends_forged(stage, "D-H Key", 3)
    _shows(stage)


declare(
    "master.commit-forgotten-with-its-key",
    "Forgets its D-H Commit to all instances when the D-H key of the AKE is replaced: a D-H Key "
    "Message of another client comes too late.",
    _answered,
    target=BOTH,
    tester=BOTH,
)
declare(
    "master.commit-forgotten-at-the-end",
    "Forgets its D-H Commit to all instances when the conversation that it began ends.",
    _over,
    target=BOTH,
    tester=BOTH,
)
