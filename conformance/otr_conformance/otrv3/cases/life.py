"""The life of a conversation: from its start by query, by tag or by both sides, to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import case
from otr_conformance.otrv3.scenes import (
    LONG_AGO,
    OTHER_SECRET,
    SECRET,
    private,
    private_by_target,
    sent_by_tester,
    smp_again,
    talk,
)
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv3.stage import Stage

    Play = Callable[[Stage], None]

SMALL = 200
"""Bytes of a fragment."""
LONG_TEXT = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. " * 12
UMLAUTS = "Grüße aus Köln — 你好 🙂"
VERSIONS: tuple[tuple[int, str], ...] = ((3, ""), (2, "-v2"))


# Beginnings.


def started_by_tester(stage: Stage) -> None:
    """Becomes private after a Query Message, and both sides read each other."""
    stage.tester_starts()
    stage.settle()
    stage.target_says("hello")
    stage.settle()
    stage.tester_says("hello yourself")
    stage.settle()


def started_by_tag(stage: Stage) -> None:
    """Becomes private when the peer answers its whitespace tag."""
    stage.target_says("hello, do you have OTR?")
    stage.settle()
    talk(stage)


def started_by_their_tag(stage: Stage) -> None:
    """Becomes private when it answers the peer's whitespace tag."""
    stage.tester_says("hello, do you have OTR?")
    stage.settle()
    talk(stage)


def started_by_typing(stage: Stage) -> None:
    """Becomes private when its user types and encryption is required, and sends the text then."""
    stage.target_says("for your eyes only")
    stage.settle()
    talk(stage)


def _started_by_both(*, higher: bool) -> Play:
    """Both sides send a Query Message, and then both a D-H Commit Message."""

    def play(stage: Stage) -> None:
        stage.target_starts()
        stage.tester_starts()
        stage.to_target_delivers()
        stage.tester_commits(higher=higher)
        stage.to_tester_loses()
        stage.settle()
        talk(stage)

    play.__doc__ = f"""Becomes private when both sides send a D-H Commit Message at once, and
    {"the tester's" if higher else "its own"} hash is the higher one."""
    return play


# Middles.


def bursts_both_at_once(stage: Stage) -> None:
    """Reads and is read when both sides send several messages in a row at once."""
    private(stage)
    for turn in range(4):
        for number in range(3):
            stage.tester_says(f"tester {turn}.{number}")
            stage.target_says(f"target {turn}.{number}")
        stage.settle()


def texts(stage: Stage) -> None:
    """Carries long texts, texts of one letter, and letters beyond ASCII, as they are."""
    private(stage)
    for text in (UMLAUTS, LONG_TEXT, "x", "<b>bold</b> & so on", "two\nlines", "?OTR"):
        talk(stage, text, text)


def extra_key(stage: Stage) -> None:
    """Agrees with the peer on the extra symmetric key, whoever asks for it."""
    private(stage)
    stage.target_uses_extra_key(0x46494C45, "a file from the target")
    stage.settle()
    stage.tester_uses_extra_key(0x46494C45, "a file from the tester")
    stage.settle()
    talk(stage)


def smp(stage: Stage) -> None:
    """Compares secrets several times in one conversation, in both roles."""
    private(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    stage.tester_answers_smp(SECRET)
    stage.settle()
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_answers_smp(OTHER_SECRET)
    stage.settle()
    talk(stage)
    smp_again(stage)


def smp_aborted(stage: Stage) -> None:
    """Gives SMP up when either user aborts it, and begins it again."""
    private(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    stage.tester_aborts_smp()
    stage.settle()
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_aborts_smp()
    stage.settle()
    smp_again(stage)
    talk(stage)


def smp_restarted(stage: Stage) -> None:
    """Begins SMP again when the peer does so before the first run is over."""
    private(stage)
    stage.tester_begins_smp(OTHER_SECRET)
    stage.settle()
    stage.tester_begins_smp(SECRET)
    stage.settle()
    stage.target_answers_smp(SECRET)
    stage.settle()


def refreshed(stage: Stage) -> None:
    """Goes on after the conversation was refreshed, whoever asked for it."""
    private(stage)
    talk(stage)
    private(stage)
    talk(stage)
    private_by_target(stage)
    talk(stage)


def heartbeats(stage: Stage) -> None:
    """Shows nothing for heartbeats, and sends one after long silence."""
    private(stage)
    talk(stage)
    stage.wait(LONG_AGO)
    stage.tester_says("are you there?")
    stage.settle()
    talk(stage)


def errors(stage: Stage) -> None:
    """Reports a message that it cannot read, and goes on after the conversation was refreshed."""
    private(stage)
    lost = sent_by_tester(stage, "lost with the keys")
    private(stage)
    stage.reaches_target(lost)
    stage.settle()
    private(stage)
    talk(stage)


# Ends.


def ended_by_target(stage: Stage) -> None:
    """Ends the conversation, sends what follows in the clear, and begins another one."""
    private(stage)
    talk(stage)
    stage.target_ends()
    stage.settle()
    stage.target_says("in the clear")
    stage.settle()
    private_by_target(stage)
    talk(stage)


def ended_by_tester(stage: Stage) -> None:
    """Says that the peer has ended the conversation, and sends nothing until its user did, too."""
    private(stage)
    talk(stage)
    stage.tester_ends()
    stage.settle()
    stage.target_says("not in the clear")
    stage.settle()
    stage.target_ends()
    stage.target_says("in the clear")
    stage.settle()


def restarted_in_between(stage: Stage) -> None:
    """Sends what a peer that has lost all its keys could not read again once that is possible."""
    private(stage)
    talk(stage)
    stage.tester_forgets()
    stage.target_says("who are you?")
    stage.settle()
    private(stage)
    talk(stage)


def in_fragments(stage: Stage) -> None:
    """Sends and takes everything in small pieces: the AKE, long texts, SMP and the end."""
    private_by_target(stage)
    talk(stage, LONG_TEXT, LONG_TEXT)
    talk(stage, LONG_TEXT, LONG_TEXT)
    smp_again(stage)
    stage.target_begins_smp(SECRET)
    stage.settle()
    stage.tester_answers_smp(SECRET)
    stage.settle()
    stage.tester_ends()
    stage.settle()
    private(stage)
    talk(stage)


PLAYS: tuple[tuple[str, Play, set[str]], ...] = (
    ("started-by-tester", started_by_tester, set()),
    ("started-by-both.tester-higher", _started_by_both(higher=True), set()),
    ("started-by-both.target-higher", _started_by_both(higher=False), set()),
    ("bursts-both-at-once", bursts_both_at_once, set()),
    ("texts", texts, set()),
    ("extra-key", extra_key, {"extra-key"}),
    ("smp", smp, {"smp"}),
    ("smp-aborted", smp_aborted, {"smp"}),
    ("smp-restarted", smp_restarted, {"smp"}),
    ("refreshed", refreshed, set()),
    ("heartbeats", heartbeats, {"clock"}),
    ("errors", errors, set()),
    ("ended-by-target", ended_by_target, set()),
    ("ended-by-tester", ended_by_tester, set()),
    ("restarted-in-between", restarted_in_between, set()),
)


@case("life.refreshed-at-once")
def refreshed_at_once(stage: Stage) -> None:
    """Answers a Query Message that comes right after an exchange as any other."""
    stage.at_once()
    private(stage)
    private(stage)
    talk(stage)


def _lives() -> None:
    for version, suffix in VERSIONS:
        allowed = {"allow_v2": version == 2, "allow_v3": version == 3}  # noqa: PLR2004 - versions
        policy = Policy(**allowed)
        tagging = Policy(**allowed, send_whitespace_tag=True)
        starting = Policy(**allowed, whitespace_start_ake=True)
        strict = Policy(**allowed, require_encryption=True)
        for name, play, needs in PLAYS:
            case(
                f"life.{name}{suffix}", target=policy, tester=policy, needs=needs, version=version
            )(play)
        for name, play, target, tester in (
            ("started-by-tag", started_by_tag, tagging, starting),
            ("started-by-their-tag", started_by_their_tag, starting, tagging),
            ("started-by-typing", started_by_typing, strict, policy),
        ):
            case(
                f"life.{name}{suffix}",
                target=target,
                tester=tester,
                needs={"policy"} if target is not policy else set(),
                version=version,
            )(play)
        for name, max_size, tester_size in (
            ("fragments-from-target", SMALL, 0),
            ("fragments-from-tester", 0, SMALL),
            ("fragments", SMALL, SMALL),
        ):
            case(
                f"life.{name}{suffix}",
                target=policy,
                tester=policy,
                max_size=max_size,
                tester_size=tester_size,
                needs={"smp"},
                version=version,
            )(in_fragments)


_lives()
