"""`otrspec fuzz --replay`: play finds again, draw them, and make cases of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.fuzz import known as knowledge
from otr_conformance.fuzz import together_telling
from otr_conformance.fuzz.duel import Differs
from otr_conformance.fuzz.finds import plain, read
from otr_conformance.fuzz.readings import Readings
from otr_conformance.fuzz.seat import Seat, sentence_of
from otr_conformance.fuzz.telling import sequence_of, source_of
from otr_conformance.fuzz.together_cast import fuzzing_of
from otr_conformance.fuzz.vocabulary import UnknownMove, UnknownPart
from otr_conformance.fuzz.worker import tables_of
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.shim.errors import ShimAbsent, ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import ExitCode
from otr_diagrams.sequence import sequence_svg, sequence_text

from . import fuzz_together
from .misuse import Misuse, read_file, write_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, tell, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from otr_conformance.fuzz.finds import Find
    from otr_conformance.fuzz.vocabulary import Fuzzing
    from otr_conformance.targets import Target
    from otr_model.trace import Sequence

    from .screen import Json

__all__ = ["Wanted", "run"]

_STYLES: Final = {"pass": GOOD, "fail": WRONG, "changed": WRONG, "stale": "yellow"}


@dataclass(frozen=True, slots=True)
class Replayed:
    """A find that was played again.

    Attributes:
        path: its file.
        find: the find.
        outcome: "pass": the target does what the tables do; "fail": it shows again; "changed":
            something else differs; "stale": it cannot be played any more.
        because: what differs now, or why it is stale.
        remark: what else has changed since.
    """

    path: Path
    find: Find
    outcome: str
    because: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done with finds.

    Attributes:
        paths: their files.
        names: the target, if they are to be played.
        case: they are written as cases.
        svg: the folder in which they are drawn.
        octets: the reference plays over bytes.
        json: for programs.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    case: bool = False
    svg: Path | None = None
    octets: bool = False
    json: bool = False


def run(wanted: Wanted, timeout: float) -> ExitCode:
    """Do it.

    Raises:
        BadFind: if a file is no find.
        Misuse: if a file cannot be read or written, there is none, or there is not one target.
        UnknownTarget: if there is no such target.
    """
    if not wanted.paths:
        message = "--case and --svg are about finds: name their files with --replay"
        raise Misuse(message)
    if wanted.svg is not None:
        _draw(wanted.paths, wanted.svg)
    if wanted.case:
        finds = _finds(wanted.paths)
        for path, each in finds:
            if each.together:
                message = f"{path}: several met, and a case has one target"
                raise Misuse(message)
        made = "\n\n".join(source_of(each) for _, each in finds)
        sys.stdout.write(made)
    if (wanted.case or wanted.svg is not None) and not wanted.names:
        return ExitCode.EXPECTED
    return _replay(wanted, timeout)


def _finds(paths: tuple[Path, ...]) -> list[tuple[Path, Find]]:
    return [(path, read(str(path), read_file(path))) for path in paths]


def _replay(wanted: Wanted, timeout: float) -> ExitCode:
    """Play finds again with a target, and say of each what comes of it."""
    finds = _finds(wanted.paths)
    if len(wanted.names) != 1 and not any(each.together for _, each in finds):
        message = "--replay needs one target: otrspec fuzz --replay FILE TARGET"
        raise Misuse(message)
    name = " ".join(wanted.names)
    targets = tuple(map(find, wanted.names))
    done: list[Replayed] = []
    for path, each in finds:
        try:
            done.append(_replayed(path, each, targets, timeout, octets=wanted.octets))
        except ShimAbsent as absent:
            message = f"{name}: does not start as a shim: {absent.reason}"
            raise Misuse(message) from absent
        except ShimError as error:
            tell(f"otrspec: {name}: {error}")
            return ExitCode.HARNESS_ERROR
    good = all(each.outcome == "pass" for each in done)
    status = ExitCode.EXPECTED if good else ExitCode.UNEXPECTED
    if wanted.json:
        write_json({"exit": int(status), "replays": [_document(each) for each in done]})
        return status
    out = Screen()
    for replayed in done:
        _show(out, replayed)
    return status


def _replayed(
    path: Path, each: Find, targets: tuple[Target, ...], timeout: float, *, octets: bool
) -> Replayed:
    """Play a find again.

    Raises:
        Misuse: if they are not so many as it was found with.
        ShimError: if a target does not start.
    """
    if each.protocol not in PROTOCOLS:
        return Replayed(path, each, "stale", f"there is no protocol {each.protocol!r}")
    fuzzing = _fuzzing(each)
    stale = _stale(fuzzing, each)
    if stale:
        return Replayed(path, each, "stale", stale)
    remarks = []
    if each.tables != tables_of(each.protocol):
        remarks.append("the tables have changed since it was found")
    if (each.together or (each.target,)) != tuple(target.name for target in targets):
        remarks.append(f"it was found with {' and '.join(each.together) or each.target}")
    remark = "; ".join(remarks)
    if each.together:
        shown = fuzz_together.replayed(each, targets, timeout, octets=octets)
        return Replayed(path, each, shown.outcome, shown.because, remark)
    if len(targets) != 1:
        message = f"{path}: was found with one target: name one"
        raise Misuse(message)
    return _played(each, targets[0], Replayed(path, each, "pass", "", remark), timeout, octets)


def _fuzzing(each: Find) -> Fuzzing:
    """What the protocol of a find states."""
    if each.together:
        return fuzzing_of(each.protocol, len(each.together))
    return PROTOCOLS[each.protocol].fuzzing


def _played(
    each: Find,
    target: Target,
    passed: Replayed,
    timeout: float,
    octets: bool,  # noqa: FBT001 - as it was asked for
) -> Replayed:
    """What comes of a find, with a target; `passed`: if nothing does.

    Raises:
        ShimError: if it does not start.
    """
    fuzzing, remark, path = PROTOCOLS[each.protocol].fuzzing, passed.remark, passed.path
    seat = Seat(fuzzing, target, octets, timeout=timeout)
    seat.open()
    try:
        if not seat.able(each.script.part) or not set(each.script.moves) <= _able(seat, each):
            return Replayed(path, each, "stale", "the target is not capable of it", remark)
        trouble = _begun(seat, each).replay(each.script)
        if trouble is None:
            return passed
        because = sentence_of(trouble.error)
        rows = trouble.error.rows if isinstance(trouble.error, Differs) else ()
        same = plain(because) == plain(each.because) and rows == each.rows
        if same and each.reading and _explained(seat, each):
            remark = "; ".join(filter(None, (remark, f"explained by {', '.join(each.reading)}")))
        return Replayed(path, each, "fail" if same else "changed", because, remark)
    finally:
        seat.close()


def _begun(seat: Seat, each: Find) -> Seat:
    """The tables are read as they were when it was found, as far as that is still known."""
    readings = _readings(seat)
    reading = readings.read(each.behind)
    if reading is not None:
        seat.reading, seat.excused = reading, readings.excused(each.behind)
    return seat


def _explained(seat: Seat, each: Find) -> bool:
    """Whether what explained it still does."""
    readings, names = _readings(seat), (*each.behind, *each.reading)
    reading = readings.read(names)
    return reading is not None and not seat.replay(each.script, reading, readings.excused(names))


def _readings(seat: Seat) -> Readings:
    """The ways in which the tables can be read for a target."""
    path = knowledge.file_of(seat.target)
    known = knowledge.NONE if path is None else knowledge.read(path)
    return Readings(seat.fuzzing, known.deviations)


def _able(seat: Seat, each: Find) -> set[str]:
    """The moves of a find that the target is capable of."""
    if seat.hello is None:
        return set(each.script.moves)
    words = {word.word for word in seat.hello.capabilities}
    vocabulary = seat.fuzzing.vocabulary
    return {name for name in each.script.moves if vocabulary[name].needs <= words}


def _stale(fuzzing: Fuzzing, each: Find) -> str:
    """Why a find cannot be played any more; "" if it can."""
    try:
        fuzzing.read_part(each.script.part)
        for name in each.script.moves:
            _ = fuzzing.vocabulary[name]
    except (UnknownMove, UnknownPart) as error:
        return str(error)
    return ""


def _show(out: Screen, each: Replayed) -> None:
    """For people: what came of it, and the sequence."""
    out.whole((f"{each.outcome:<9}", _STYLES[each.outcome]), (str(each.path), NAME))
    out.line((each.find.because, HEAD), indent=2, hang=2)
    if each.because and each.because != each.find.because:
        out.line(f"now: {each.because}", indent=2, hang=2)
    if each.remark:
        out.line((each.remark, DIM), indent=2, hang=2)
    if each.outcome == "stale":
        return
    sequence = _sequence(each.find, "As the tables have it:")
    composition = PROTOCOLS[each.find.protocol].fuzzing.plan.composition
    for line in sequence_text(sequence, composition).splitlines():
        out.whole(f"  {line}")
    who = "the targets" if each.find.together else "the target"
    out.line(f"  {who}: {each.because or 'the same'}", hang=4)


def _sequence(each: Find, title: str) -> Sequence:
    """What happens in a find, as the tables have it."""
    if each.together:
        return together_telling.sequence_of(each, title)
    return sequence_of(PROTOCOLS[each.protocol].fuzzing, each.script, title)


def _document(each: Replayed) -> Json:
    return {
        "file": str(each.path),
        "id": each.find.id,
        "outcome": each.outcome,
        "because": each.because,
        "remark": each.remark,
    }


def _draw(paths: tuple[Path, ...], folder: Path) -> None:
    """Draw finds as SVG, one file for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, each in _finds(paths):
        if each.protocol not in PROTOCOLS:
            message = f"{path}: there is no protocol {each.protocol!r}"
            raise Misuse(message)
        fuzzing = _fuzzing(each)
        stale = _stale(fuzzing, each)
        if stale:
            message = f"{path}: is stale: {stale}"
            raise Misuse(message)
        sequence = _sequence(each, each.because)
        drawn = folder / f"{each.id}.svg"
        write_file(drawn, sequence_svg(sequence, fuzzing.plan.composition).encode())
        tell(f"{drawn}: written")
