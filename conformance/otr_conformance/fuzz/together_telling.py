"""A script of several as people read it: a sequence that can be drawn, and a story line by line."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.targets import IN_PROCESS, Target
from otr_model.trace import Arrow, Note, Sequence
from otr_reference.errors import OtrSpecError

from .together import TALKS_TO
from .together_group import Chair, Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.interop.meeting import View
    from otr_conformance.play.stage import Reaction

    from .finds import Find
    from .together import Together

__all__ = ["references", "sequence_of", "story_of"]

REACHES: Final = " reaches "


def references(protocol: str, number: int) -> Group:
    """So many references over terms that meet: what they do is what the tables do."""
    chairs = tuple(Chair(Target(IN_PROCESS, None)) for _ in range(number))
    return Group(protocol, chairs, listening=False)


def story_of(find: Find) -> tuple[str, ...]:
    """What happens in the script of a find as the tables have it, line by line."""
    play = _begun(find)
    _played(play, find)
    return tuple(play.log)


def sequence_of(find: Find, title: str) -> Sequence:
    """What happens in the script of a find, as the tables have it.

    Raises:
        UnknownPart: if there is nobody who plays.
        UnknownMove: if there is no such move.
    """
    play = _begun(find)
    steps: list[Arrow | Note] = []
    for view in play.twin.views.values():
        party: Any = view.target
        party.command = partial(_asked, steps, view, party.command)
        party.receive = partial(_received, steps, view, party.receive)
    _played(play, find, steps)
    return Sequence(title, tuple(play.twin.views), tuple(steps))


def _begun(find: Find) -> Together:
    return references(find.protocol, len(find.together)).begin(find.script.part)


def _played(play: Together, find: Find, steps: list[Arrow | Note] | None = None) -> None:
    """Play a find; it ends where the tables cannot go on."""
    with suppress(OtrSpecError):
        for name in find.script.moves:
            if play.can(name):
                play.play(name)
    if play.cut and steps is not None:
        steps.append(Note(next(iter(play.twin.views)), play.cut))


def _asked(
    steps: list[Arrow | Note], view: View, ask: Callable[[Any], Reaction], command: object
) -> Reaction:
    steps.append(Note(view.name, view.seen.step.removeprefix("the target's ")))
    return _told(steps, view, ask(command))


def _received(
    steps: list[Arrow | Note], view: View, receive: Callable[[Any], Reaction], wire: object
) -> Reaction:
    says, reaches, _ = view.seen.step.partition(REACHES)
    label = says if reaches else view.kind(wire)  # type: ignore[arg-type] # whatever it is
    reaction = receive(wire)
    steps.append(Arrow(TALKS_TO[view.name], view.name, label, reaction.trace))
    return _told(steps, view, reaction)


def _told(steps: list[Arrow | Note], view: View, reaction: Reaction) -> Reaction:
    for report in reaction.reports:
        said = report.what if report.what in {"secure", "still-secure"} else str(report)
        steps.append(Note(view.name, said))
    return reaction
