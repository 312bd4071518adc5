"""Cases that a named bug or a mutant asked for: nothing else in the suite noticed it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import case
from otr_conformance.otrv3.scenes import private, private_by_target, talk
from otr_conformance.otrv3.stage import THIRD_TAG
from otr_reference.otrv3.messages import DhCommit

if TYPE_CHECKING:
    from otr_conformance.otrv3.stage import Stage


@case("strength.keys-end-with-the-conversation")
def keys_end_with_the_conversation(stage: Stage) -> None:
    """Takes nothing of a conversation that it ended into the next: no MAC key of it comes later."""
    stage.looks_back = True
    private(stage)
    talk(stage)
    stage.tester_says("the last word")
    stage.settle()
    stage.target_ends()
    stage.settle()
    private(stage)
    talk(stage)
    talk(stage)


@case("strength.keys-end-with-the-peer")
def keys_end_with_the_peer(stage: Stage) -> None:
    """Takes nothing of a conversation that its peer ended into the next, either."""
    stage.looks_back = True
    private(stage)
    talk(stage)
    stage.tester_ends()
    stage.settle()
    private(stage)
    talk(stage)
    talk(stage)


@case("strength.no-heartbeat-so-soon")
def no_heartbeat_so_soon(stage: Stage) -> None:
    """Does not answer a Data Message with a heartbeat where it has just sent a message itself.

    Another client of the tester's is there when something comes back, and would say so.
    """
    private(stage)
    talk(stage)
    stage.tester_says("no answer, please")
    stage.to_target_delivers()
    stage.tester_at(THIRD_TAG)
    stage.settle()


@case("strength.revealed-key-begins-with-zeros")
def revealed_key_begins_with_zeros(stage: Stage) -> None:
    """Takes the key that a Reveal Signature Message reveals with the zeros that it begins with."""
    stage.tester_draws_zeros()
    private_by_target(stage)
    talk(stage)


@case("strength.tags-next-to-ours")
def tags_next_to_ours(stage: Stage) -> None:
    """Discards a D-H Commit Message for the instance whose tag is one less, or one more, than its.

    All else about it is right; the right one that follows is answered.
    """
    private(stage)
    stage.tester_takes("?OTRv3?")
    message = stage.decode(stage.to_target[0])
    for beside in (-1, 1):
        if isinstance(message, DhCommit):
            header = replace(message.header, receiver=stage.target_tag + beside)
            stage.sends(replace(message, header=header), "the same for the instance beside it")
    stage.settle()
