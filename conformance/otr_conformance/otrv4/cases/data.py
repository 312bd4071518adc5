"""Data Messages of OTRv4: what they say, and which MAC keys they make public.

Sections "Data Message Format" and "Revealing MAC Keys". Whether a MAC key was revealed is seen by
whether anybody could now forge a message that the tester sent (`Observation.revealed`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import case
from otr_conformance.otrv4.cases.ratchet import said
from otr_conformance.otrv4.scenes import ROLES, private, talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage

    Scene = Callable[[Stage], None]

IGNORE_UNREADABLE, UNDEFINED_FLAG = 0x01, 0x40
LONG = 20_000
"""Characters of a long text."""
TEXTS: tuple[str, ...] = (
    "<b>bold</b> & \N{GREEK SMALL LETTER OMEGA}",
    "two\nlines",
    "?OTRv4?",
    "?OTR Error: ERROR_1: this is no error",
    "?OTR:AAQD.",
    "x" * LONG,
)


@case("data.texts")
def texts(stage: Stage) -> None:
    """Shows and sends texts as they are typed, whatever they look like, and however long."""
    private(stage)
    for text in TEXTS:
        stage.tester_says(text)
        stage.settle()
        stage.target_says(text)
        stage.settle()


@case("data.flags")
def flags(stage: Stage) -> None:
    """Reads a Data Message whatever its flags are: they tell what to do when it cannot be read."""
    private(stage)
    for flag in (IGNORE_UNREADABLE, UNDEFINED_FLAG, IGNORE_UNREADABLE | UNDEFINED_FLAG):
        stage.tester_sends(text=f"flags {flag:#04x}", flags=flag)
        stage.settle()
    talk(stage)


# Revealing MAC keys.


def _burst(stage: Stage) -> None:
    """The tester talks alone for a while, then the target, then the tester again."""
    for text in ("one", "two", "three"):
        stage.tester_says(text)
        stage.settle()
    for text in ("four", "five", "six"):
        stage.target_says(text)
        stage.settle()
    for text in ("seven", "eight"):
        stage.tester_says(text)
        stage.settle()
    talk(stage)


def _revealing() -> None:
    for role, scene in ROLES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            _burst(stage)

        play.__doc__ = f"""Reveals the MAC keys of all messages that it has accepted in the first
        Data Message of its next ratchet, and in no other, as the {role} of the DAKE."""
        offline = {"otrv4-offline"} if role in {"retriever", "publisher"} else set()
        case(f"data.reveals.{role}", needs=offline)(play)


_revealing()


@case("data.reveals-in-heartbeat", needs={"heartbeat"})
def reveals_in_heartbeat(stage: Stage) -> None:
    """Reveals MAC keys in the first Data Message of a ratchet, also where that is a heartbeat."""
    private(stage)
    talk(stage)
    stage.tester_says("say nothing")
    stage.settle()
    stage.target_heartbeat()
    stage.settle()
    stage.target_says("I do")
    stage.settle()


@case("data.reveals-at-the-end")
def reveals_at_the_end(stage: Stage) -> None:
    """Reveals what was to be revealed in the Data Message that ends the conversation.

    The text asks for that where a session expires. To its letter, a user who ends a conversation
    makes no MAC key public, and its last messages could never have been forged.
    """
    private(stage)
    talk(stage)
    late = said(stage, "late")
    stage.tester_says("one")
    stage.settle()
    stage.target_says("the key of that is public")
    stage.settle()
    stage.reaches_target(late)
    stage.target_ends()
    stage.settle()
