"""Boundaries: what is at the very edge of what a comparison lets pass, or just beyond it.

Sizes and times that the text leaves to implementations are asked for as recommendations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import Level, case
from otr_conformance.otrv3.moves import talk
from otr_conformance.otrv3.scenes import private
from otr_conformance.otrv3.stage import TESTER_TAG
from otr_reference.otrv3.deviations import LARGEST
from otr_reference.otrv3.messages import DhKey, Fragment, Header
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_conformance.otrv3.case import Play
    from otr_conformance.otrv3.stage import Stage

SMALLEST_TAG = 0x100
MINUTE = 60
"""Seconds between heartbeats, and for which a text is recent."""
MOST_STORED = 2**20
"""Bytes of fragments that are stored, at most."""
QUERY = "?OTRv3?"
REQUIRING = Policy(allow_v2=False, require_encryption=True)


@case("boundary.sender-smallest-tag")
def sender_smallest_tag(stage: Stage) -> None:
    """Talks to an instance whose tag is the smallest that is legal, 0x100."""
    stage.tester_at(SMALLEST_TAG)
    private(stage)
    talk(stage)


def _to_receiver(tag: int) -> Play:
    def play(stage: Stage) -> None:
        stage.arrives(QUERY)
        key = DhKey(Header(3, TESTER_TAG, tag), stage.lab.suite.outside())
        stage.sends(key, f"a D-H Key Message for the instance {tag:#x}")
        stage.settle()
        talk(stage)

    return play


for _tag, _about in (
    (
        1,
        """Discards a message for an instance whose tag is 1, which is illegal, and goes on with
        the exchange.""",
    ),
    (
        SMALLEST_TAG,
        """Discards a message for another instance whose tag is the smallest that is
        legal, 0x100, and goes on with the exchange.""",
    ),
):
    _play = _to_receiver(_tag)
    _play.__doc__ = _about
    case(f"boundary.receiver-tag-{_tag:x}")(_play)


@case("boundary.dh-key-of-version-2", target=Policy(), tester=Policy(), version=2)
def dh_key_of_version_2(stage: Stage) -> None:
    """Discards a D-H Key Message of version 2, having sent a D-H Commit Message of version 3."""
    stage.arrives(QUERY)
    key = DhKey(Header(2, 0, 0), stage.lab.suite.outside())
    stage.sends(key, "a D-H Key Message of version 2")
    stage.settle()
    talk(stage)


# Key ids.


@case("boundary.last-keyid-but-one")
def last_keyid_but_one(stage: Stage) -> None:
    """Reads messages under the last D-H key of the peer's that can have a successor."""
    stage.tester_counts_from(LARGEST - 2)
    private(stage)
    for text in ("one", "two"):
        stage.tester_says(text)
        stage.settle()
        stage.target_says(f"{text} read")
        stage.settle()


# What is stored of a fragmented message.


def _piece(stage: Stage, k: int, n: int, size: int) -> None:
    text = stage.lab.text("x" * size)
    stage.sends(Fragment(Header(3, TESTER_TAG, 0), k, n, text), f"fragment {k} of {n}")


def _pieces(*sizes: int) -> Play:
    def play(stage: Stage) -> None:
        for number, size in enumerate(sizes, 1):
            _piece(stage, number, len(sizes) + 1, size)
        stage.sends(
            Fragment(Header(3, TESTER_TAG, 0), len(sizes) + 1, len(sizes) + 1, stage.lab.text("y")),
            "the last fragment",
        )
        private(stage)

    return play


for _name, _sizes, _about in (
    ("as-much", (MOST_STORED // 2, MOST_STORED // 2 - 1), "as much as it is willing to"),
    ("too-much", (MOST_STORED // 2, MOST_STORED // 2 + 1), "more than it is willing to"),
    ("one-as-large", (MOST_STORED,), "a fragment as large as all that it is willing to"),
):
    _play = _pieces(*_sizes)
    _play.__doc__ = f"""Asked to store {_about}, behaves as before: the conversation that follows
        becomes private."""
    case(f"boundary.stores-{_name}", level=Level.SHOULD, largest=sum(_sizes) + 1)(_play)


# Times.


def _silent_for(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        private(stage)
        talk(stage)
        stage.wait(seconds)
        stage.tester_says("still listening?")
        stage.settle()
        talk(stage)

    return play


def _stored_for(seconds: int) -> Play:
    def play(stage: Stage) -> None:
        stage.target_says("for your eyes only")
        stage.wait(seconds)
        stage.settle()
        talk(stage)

    return play


for _seconds in (MINUTE - 1, MINUTE, MINUTE + 1):
    _play = _silent_for(_seconds)
    _play.__doc__ = f"""Answers a Data Message with a heartbeat if it has sent nothing for a minute:
        here for {_seconds} seconds."""
    case(f"boundary.heartbeat-after-{_seconds}", needs={"clock"}, level=Level.SHOULD)(_play)
    _play = _stored_for(_seconds)
    _play.__doc__ = f"""Sends a text that waited for a private conversation if it is not older than
        a minute: here it is {_seconds} seconds old."""
    case(
        f"boundary.stored-for-{_seconds}",
        target=REQUIRING,
        needs={"policy", "clock"},
        level=Level.SHOULD,
    )(_play)
