"""Moves of a tester that no derived case needs: several TLVs in a message, tags that lie, faults.

What of these there is, each protocol says; here is what they have in common.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from otr_conformance.play.stage import Stuck

from .network import NEAR, some_to, taken_from, written
from .vocabulary import Family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from otr_conformance.derive.plan import Moves
    from otr_conformance.play.stage import AnyStage

    from .network import Altering

__all__ = ["failing", "inside", "sending"]


def sending(
    moves: Moves[Any],
    private: Callable[[Any], object],
    tlvs: Mapping[str, Callable[[Any], object]],
    first: Iterable[str],
) -> None:
    """Declare that the tester sends TLVs: each without a text, with one, and behind some others.

    Only who deviates in nothing sends them with a text. A TLV that fails a check of its own makes
    no text wrong, and the plaintext oracle cannot know which of the two a deviation is in.

    Args:
        moves: where.
        private: whether the tester can send any, on a stage.
        tlvs: what makes each, by what it is, in words.
        first: those behind which another can stand.
    """
    for name, tlv in tlvs.items():
        moves.add(f"tester sends {name} alone", partial(_sends, private, (tlv,)), when=private)
        with_text = partial(_sends, private, (tlv,), text="with it")
        sound = partial(_soundly, private)
        moves.add(f"tester sends a text and {name}", with_text, when=sound)
    for before in first:
        for name, tlv in tlvs.items():
            both = partial(_sends, private, (tlvs[before], tlv))
            moves.add(f"tester sends {before} and then {name}", both, when=private)


def _soundly(private: Callable[[Any], object], stage: AnyStage) -> bool:
    """Whether the tester can send any, and deviates in nothing."""
    tester: Any = stage.tester
    sound = getattr(tester, "sound", stage.lab.suite)
    return bool(private(stage)) and tester.endpoint.suite is sound


def _sends(
    private: Callable[[Any], object],
    tlvs: tuple[Callable[[Any], object], ...],
    stage: Any,  # noqa: ANN401 - of a protocol
    *,
    text: str = "",
) -> None:
    if not private(stage):
        message = "the tester has no keys to send under"
        raise Stuck(message)
    stage.tester_sends(*(tlv(stage) for tlv in tlvs), text=text)


def failing(moves: Moves[Any], checks: Iterable[str], becomes: Callable[[Any, str], None]) -> None:
    """Declare that whatever the tester makes fails a check from now on.

    Args:
        moves: where.
        checks: the labels of the checks.
        becomes: makes the tester on a stage somebody whose messages fail the check of a label.
    """
    for label in checks:
        play = partial(_becomes, becomes, label)
        moves.add(f"tester becomes one whose {label} fails", play)


def _becomes(becomes: Callable[[Any, str], None], label: str, stage: AnyStage) -> None:
    stage.log.append(f"whatever the tester makes fails {label} from now on")
    becomes(stage, label)


def inside(
    alterings: Mapping[str, Altering],
    named: Iterable[str],
    pieces: Callable[[Any, Any], list[Any]],
) -> Iterator[Family]:
    """Messages that are altered and then cut: the pieces are right, and what is inside is not.

    Args:
        alterings: how a message can be altered, by name.
        named: those that are meant.
        pieces: the fragments of a message of the tester's, on a stage; one: it is too short.
    """
    for what in named:
        play = partial(_inside, what, alterings[what], pieces)
        yield Family(f"with {what}, in pieces, to target", play, NEAR, some_to("target"))


def _inside(
    what: str,
    alter: Altering,
    pieces: Callable[[Any, Any], list[Any]],
    stage: AnyStage,
    number: int,
) -> None:
    wire = taken_from(stage, "target", number)
    suite: Any = stage.lab.suite
    altered = alter(suite, stage.decode(wire))
    made = [] if altered is None else pieces(stage, written(suite, altered))
    if len(made) <= 1:
        message = f"{stage.kind(wire)} has no {what}, or is too short to be cut"
        raise Stuck(message)
    stage.all_reach(made, f"{stage.kind(wire)} with {what}, in pieces,")
