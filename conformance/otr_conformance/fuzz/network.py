"""What a hostile network does in every protocol, over bytes and over terms alike.

Everything is on its way to one of the two sides (`Stage.to_target`, `Stage.to_tester`), or has
passed before (`Stage.passed`). What is inside of messages is the protocol's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from otr_conformance.derive.usual import on_their_way
from otr_conformance.play.stage import AnyStage, NoSuchMessage, Stuck
from otr_model.kernel.vocabulary import Point
from otr_reference.errors import Malformed

from .vocabulary import Family

if TYPE_CHECKING:
    from otr_reference.sorts import Wire

__all__ = [
    "FAR",
    "NEAR",
    "Altering",
    "altering",
    "carrying",
    "cutting",
    "reaches_tester",
    "some_to",
    "taken_from",
    "writable",
    "written",
]

Altering = Callable[[Any, Any], Any]
"""Makes of a suite and a message another message; None where it is not of the kind."""

NEAR, FAR = 3, 8
"""How many of the messages on their way, and of those that have passed, are worth drawing."""
LEAST = 3
"""Pieces of a message that is cut: bytes and terms of one message may take different numbers."""
_CUTS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    "in pieces": lambda pieces: pieces,
    "in pieces, the last first": lambda pieces: [*pieces[-1:], *pieces[:-1]],
    "in pieces, without the first": lambda pieces: pieces[1:],
    "in pieces, without the second": lambda pieces: [*pieces[:1], *pieces[2:]],
    "in pieces, without the last": lambda pieces: pieces[:-1],
    "in pieces, the first twice": lambda pieces: [*pieces[:1], *pieces],
    "in pieces, the last twice": lambda pieces: [*pieces, *pieces[-1:]],
    "in pieces, twice": lambda pieces: [*pieces, *pieces],
}
"""How a message can be cut."""


def some_to(to: str) -> Callable[[AnyStage], bool]:
    """Whether anything is on its way to a side."""
    return partial(on_their_way, to=to)


def _at(stage: AnyStage, to: str, number: int) -> int:
    """The place of a message among those on their way.

    Raises:
        Stuck: if there is none.
    """
    wires = stage.to_target if to == "target" else stage.to_tester
    if not wires:
        message = f"nothing is on its way to the {to}"
        raise Stuck(message)
    return number % len(wires)


def taken_from(stage: AnyStage, to: str, number: int) -> Wire:
    """One of the messages on their way to a side, which stays there.

    Raises:
        Stuck: if there is none.
    """
    wires = stage.to_target if to == "target" else stage.to_tester
    return wires[_at(stage, to, number)]


def reaches_tester(stage: AnyStage, wire: Wire, what: str) -> None:
    """Something reaches the tester that nobody has sent, or that was sent before."""
    with stage.seeing(f"{what} reaches the tester"):
        stage.absorb_tester(stage.tester.receive(wire))


def carrying() -> Iterator[Family]:
    """What a network does that only carries: deliver, repeat, lose, reorder, replay."""
    for to in ("target", "tester"):
        for name, how, clears in (
            (f"to {to}", _delivers, True),
            (f"kept to {to}", _keeps, False),
            (f"lost to {to}", _loses, True),
        ):
            yield Family(name, partial(how, to), NEAR, some_to(to), clears=clears)
        yield Family(f"again to {to}", partial(_repeats, to), FAR, _passed)


def _delivers(to: str, stage: AnyStage, number: int) -> None:
    getattr(stage, f"to_{to}_delivers")(_at(stage, to, number))


def _keeps(to: str, stage: AnyStage, number: int) -> None:
    getattr(stage, f"to_{to}_delivers")(_at(stage, to, number), keep=True)


def _loses(to: str, stage: AnyStage, number: int) -> None:
    getattr(stage, f"to_{to}_loses")(_at(stage, to, number))


def _passed(stage: AnyStage) -> bool:
    return bool(stage.passed)


def _repeats(to: str, stage: AnyStage, number: int) -> None:
    """Something that passed before arrives again, the last being number 0: also at its sender."""
    wires = [wire for sent in stage.passed[-FAR:] for wire in sent]
    if not wires:
        message = "nothing has passed so far"
        raise Stuck(message)
    wire = wires[-1 - number % len(wires)]
    what = f"once more, {stage.kind(wire)}"
    if to == "target":
        stage.reaches(wire, what)
    else:
        reaches_tester(stage, wire, what)


def cutting(pieces: Callable[[Any, Any], list[Any]]) -> Iterator[Family]:
    """Messages that reach the target in pieces, right and wrong.

    Args:
        pieces: the fragments of a message of the tester's, on a stage; one: it is too short.
    """
    for name, cut in _CUTS.items():
        play = partial(_cut, pieces, name, cut)
        yield Family(f"{name}, to target", play, NEAR, some_to("target"), clears=True)
    play = partial(_mixed, pieces)
    yield Family("in pieces with the next, to target", play, NEAR, _two, clears=True)


def _two(stage: AnyStage) -> bool:
    return on_their_way(stage, to="target", least=2)


def _in_pieces(pieces: Callable[[Any, Any], list[Any]], stage: AnyStage, place: int) -> list[Any]:
    made = pieces(stage, stage.to_target[place])
    if len(made) < LEAST:
        message = "the message is too short to be cut"
        raise Stuck(message)
    return made


def _cut(
    pieces: Callable[[Any, Any], list[Any]],
    name: str,
    cut: Callable[[list[Any]], list[Any]],
    stage: AnyStage,
    number: int,
) -> None:
    place = _at(stage, "target", number)
    made = cut(_in_pieces(pieces, stage, place))
    stage.all_reach(made, f"{stage.kind(stage.to_target.pop(place))}, {name},")


def _mixed(pieces: Callable[[Any, Any], list[Any]], stage: AnyStage, number: int) -> None:
    if len(stage.to_target) < 2:  # noqa: PLR2004 - it takes two
        message = "there are no two messages on their way to the target"
        raise Stuck(message)
    place = number % (len(stage.to_target) - 1)
    one, other = (_in_pieces(pieces, stage, place + next_) for next_ in (0, 1))
    longest = max(len(one), len(other))
    made = [each[n] for n in range(longest) for each in (one, other) if n < len(each)]
    del stage.to_target[place : place + 2]
    stage.all_reach(made, "two messages in pieces, one of each in turn,")


def altering(alterings: Mapping[str, Altering]) -> Iterator[Family]:
    """Messages that reach the target altered, and stay on their way.

    Args:
        alterings: how a message can be altered, by name.
    """
    for point in (Point.ENCODING, Point.VERSION, Point.INSTANCE):
        play = partial(_wrong, point)
        name = f"wrong in its {point.label}, to target"
        yield Family(name, play, NEAR, some_to("target"))
    for what, alter in alterings.items():
        play = partial(_altered, what, alter)
        yield Family(f"with {what}, to target", play, NEAR, some_to("target"))


def _wrong(point: Point, stage: AnyStage, number: int) -> None:
    wire = taken_from(stage, "target", number)
    try:
        wrong = stage.wrong_at(point, wire)
    except NoSuchMessage as reason:
        raise Stuck(str(reason)) from reason
    if wrong is not None:
        stage.reaches(wrong, f"{stage.kind(wire)}, wrong in its {point.label},")


def _altered(what: str, alter: Altering, stage: AnyStage, number: int) -> None:
    wire = taken_from(stage, "target", number)
    suite: Any = stage.lab.suite
    plain = stage.decode(wire)
    with writable():
        altered = alter(suite, plain)
    if altered is None:
        message = f"{stage.kind(wire)} has no {what}"
        raise Stuck(message)
    stage.reaches(written(suite, altered), f"{stage.kind(wire)} with {what}")


def written(suite: Any, message: object) -> Wire:  # noqa: ANN401 - of a protocol
    """A message as it goes to the network.

    Raises:
        Stuck: if there is no such message: a number in it is too large, or less than nothing.
    """
    with writable():
        wire: Wire = suite.encode(message)
    return wire


@contextmanager
def writable() -> Iterator[None]:
    """A message that cannot be written is a move that cannot be played.

    Raises:
        Stuck: if there is no such message: a number in it is too large, or less than nothing.
    """
    try:
        yield
    except Malformed as error:
        raise Stuck(str(error)) from error
