"""Cases that are made of scripts, such as those of finds (`otrspec fuzz --replay FILE --case`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otr_conformance.play.case import Level
from otr_conformance.protocols import protocol

if TYPE_CHECKING:
    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.stage import AnyStage

__all__ = ["declare"]


def declare(name: str, case: str, about: str, *, part: str, moves: tuple[str, ...]) -> AnyCase:
    """Declare a case: a script of the fuzzer's.

    Args:
        name: of the protocol.
        case: what the case is called, without what all cases of the protocol begin with.
        about: its description.
        part: who plays, by name.
        moves: what happens, by name.

    Raises:
        DuplicateCase: if there is one with its id.
        UnknownPart: if there is nobody who plays.
        UnknownMove: if there is no such move.
    """
    suite, fuzzing = protocol(name).suite, protocol(name).fuzzing
    who = fuzzing.read_part(part)
    needs = who.needs.union(*(fuzzing.vocabulary[move].needs for move in moves))

    def play(stage: AnyStage) -> None:
        for each in moves:
            move = fuzzing.vocabulary[each]
            if move.when(stage):
                move.play(stage)

    play.__doc__ = about
    suite.cases.declare(case, play, who.cast, version=who.version, level=Level.MUST, needs=needs)
    return suite.cases[f"{suite.cases.prefix}{case}"]
