"""A script as people and programs read it: a sequence that can be drawn, and a case in Python.

sequence_svg(sequence_of(fuzzing, script, title))
source_of(find)
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from otr_model.trace import Arrow, Note, Sequence
from otr_reference.errors import OtrSpecError

from .duel import Duel, reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.derive.plan import Script
    from otr_conformance.play.stage import AnyParty, AnyStage, Reaction
    from otr_reference.sorts import Wire

    from .finds import Find
    from .vocabulary import Fuzzing

__all__ = ["TARGET", "TESTER", "name_of", "sequence_of", "source_of", "story_of"]

TESTER, TARGET = "tester", "target"
_WIDTH: Final = 92
_REACHES: Final = " reaches the "


def sequence_of(fuzzing: Fuzzing, script: Script, title: str) -> Sequence:
    """What happens in a script, as the tables have it.

    Raises:
        UnknownPart: if there is nobody who plays.
        UnknownMove: if there is no such move.
    """
    duel = Duel(fuzzing, script.part, reference(fuzzing), watched=False)
    drawing = _Drawing(duel.stage)
    for name in script.moves:
        if not duel.can(name):
            continue
        drawing.listen()
        try:
            duel.play(name)
        except OtrSpecError as error:
            drawing.steps.append(Note(TARGET, str(error)))
            break
    return Sequence(title, (TESTER, TARGET), tuple(drawing.steps))


def story_of(fuzzing: Fuzzing, script: Script) -> tuple[str, ...]:
    """What happens in a script as the tables have it, line by line."""
    duel = Duel(fuzzing, script.part, reference(fuzzing), watched=False)
    with suppress(OtrSpecError):
        for name in script.moves:
            if duel.can(name):
                duel.play(name)
    return tuple(duel.log)


class _Drawing:
    """Listens to both sides of a stage."""

    def __init__(self, stage: AnyStage) -> None:
        self.stage = stage
        self.steps: list[Arrow | Note] = []
        self._heard: set[int] = set()

    def listen(self) -> None:
        """Listen to whoever plays now."""
        self._listen_to(self.stage.target, TARGET, TESTER)
        self._listen_to(self.stage.tester, TESTER, TARGET)

    def _listen_to(self, party: AnyParty, who: str, peer: str) -> None:
        if id(party) in self._heard:
            return
        self._heard.add(id(party))
        listening: Any = party
        listening.command = self._asked(party.command, who)
        listening.receive = self._received(party.receive, who, peer)

    def _asked(self, ask: Callable[[Any], Reaction], who: str) -> Callable[[Any], Reaction]:
        def asked(command: object) -> Reaction:
            self.steps.append(Note(who, self._step(f"the {who}'s ")))
            return self._told(who, ask(command))

        return asked

    def _received(
        self, receive: Callable[[Wire], Reaction], who: str, peer: str
    ) -> Callable[[Wire], Reaction]:
        def received(wire: Wire) -> Reaction:
            says = self._step("")
            label = says.partition(_REACHES)[0] if _REACHES in says else self.stage.kind(wire)
            reaction = receive(wire)
            self.steps.append(Arrow(peer, who, label, reaction.trace))
            return self._told(who, reaction)

        return received

    def _step(self, opening: str) -> str:
        """What the stage is doing, in words."""
        return self.stage.seen.step.removeprefix(opening)

    def _told(self, who: str, reaction: Reaction) -> Reaction:
        for report in reaction.reports:
            said = report.what if report.what in {"secure", "still-secure"} else str(report)
            self.steps.append(Note(who, said))
        return reaction


def name_of(find: Find) -> str:
    """What the case of a find is called, without what all cases of the protocol begin with."""
    return f"find.{find.id.partition('-')[2]}"


def source_of(find: Find) -> str:
    """A find as a case, in Python: a module that declares it."""
    about = _sentence(find)
    doc = [f"    {line}" for line in wrap(about, _WIDTH, break_on_hyphens=False)]
    moves = [f"        {json.dumps(name, ensure_ascii=False)}," for name in find.script.moves]
    lines = [
        f'"""A case that was found by otrspec fuzz, with {find.name} {find.version}."""',
        "",
        "from otr_conformance.fuzz.cases import declare",
        "",
        "declare(",
        f"    {json.dumps(find.protocol)},",
        f"    {json.dumps(name_of(find))},",
        '    """',
        *doc,
        '    """,',
        f"    part={json.dumps(find.script.part, ensure_ascii=False)},",
        "    moves=(",
        *moves,
        "    ),",
        ")",
        "",
    ]
    return "\n".join(lines)


def _sentence(find: Find) -> str:
    """What a conforming implementation does, and what the one did that was found."""
    said = re.sub(r'["\\]', "'", find.because)
    rows = ", ".join(find.rows) or "nothing"
    return f"Does what the tables say ({rows}). One that did not: {said}."
