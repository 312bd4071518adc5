"""`otrspec fuzz-bytes`: octets that nobody meant, for decoders of ours and for targets."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otr_conformance.bytefuzz import campaign, corpus, coverage, finds, growth
from otr_conformance.bytefuzz.campaign import Campaign, Plan
from otr_conformance.bytefuzz.examine import Trouble
from otr_conformance.bytefuzz.foreign import KINDS, Foreign, Limits, read_known, replayed
from otr_conformance.bytefuzz.registry import chosen, decoder, decoders
from otr_conformance.folders import look
from otr_conformance.shim.errors import ShimError
from otr_conformance.targets import find
from otr_conformance.verdict import ExitCode

from .misuse import Misuse, read_file, write_file
from .screen import DIM, GOOD, HEAD, NAME, WRONG, Screen, grid, progress, spans, tell, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from otr_conformance.bytefuzz.campaign import Figures
    from otr_conformance.bytefuzz.decoder import Decoder
    from otr_conformance.bytefuzz.finds import Find

    from .screen import Json

__all__ = [
    "Asked",
    "fuzz",
    "fuzz_target",
    "growing",
    "guided",
    "is_target",
    "keep",
    "listing",
    "replay",
    "seconds_of",
]

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_MICRO: Final = 1_000_000
_SHOWN: Final = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a campaign.

    Attributes:
        what: decoders, by their names or how those begin; none: all. Or one target.
        seconds: how long it may take; 0: any time.
        inputs: how many there are to be; 0: any number.
        seed: what they are drawn from.
        jobs: processes.
        folder: where finds are kept, and what is needed to go on; None: nowhere.
    """

    what: tuple[str, ...]
    seconds: float = 0.0
    inputs: int = 0
    seed: int = 0
    jobs: int = 1
    folder: Path | None = None


def seconds_of(duration: str) -> float:
    """The seconds of "90", "90s", "1.5m" or "2h"; 0 of "".

    Raises:
        Misuse: it is none of these.
    """
    if not duration:
        return 0.0
    found = _DURATION.fullmatch(duration.strip())
    if not found:
        message = f"--time: {duration!r} is no time, such as 90s, 10m or 2h"
        raise Misuse(message)
    return float(found[1]) * _UNITS[found[2]]


def is_target(what: Sequence[str]) -> bool:
    """Whether one name is given, and it is that of no decoder."""
    if len(what) != 1:
        return False
    return not any(name == what[0] or name.startswith(f"{what[0]}.") for name in decoders())


def listing(what: Sequence[str], *, json: bool) -> ExitCode:
    """List decoders: what each is called, what it stands for, and how many inputs are kept.

    Raises:
        UnknownDecoder: there is none of a name.
    """
    found = chosen(what)
    if json:
        write_json(
            [
                {
                    "decoder": each.name,
                    "form": each.form.value,
                    "covers": list(each.covers),
                    "kept": len(corpus.kept(each)),
                }
                for each in found
            ]
        )
        return ExitCode.EXPECTED
    out = Screen()
    table = grid("decoder", "kept", "stands for")
    for each in found:
        kept = str(len(corpus.kept(each)))
        table.add_row(spans((each.name, NAME)), spans(kept), spans((each.about, DIM)))
    out.show(table)
    return ExitCode.EXPECTED


def keep(what: Sequence[str]) -> ExitCode:
    """Make the kept inputs of decoders, and write their files.

    Raises:
        UnknownDecoder: there is none of a name.
        Misuse: a file cannot be written.
    """
    out = Screen()
    found = chosen(what)
    with progress("keeping", len(found)) as step:
        for each in found:
            step(each.name)
            inputs = corpus.grown(each)
            write_file(corpus.path(each), corpus.written(inputs).encode("ascii"))
            octets = sum(map(len, inputs))
            out.line((each.name, NAME), f": {len(inputs)} inputs, {octets:,} octets")
    return ExitCode.EXPECTED


def growing(what: Sequence[str], *, json: bool) -> ExitCode:
    """Show how work and time grow where inputs do.

    Returns:
        1 if the work of a decoder grows faster than its inputs.

    Raises:
        UnknownDecoder: there is none of a name.
    """
    found = chosen(what)
    rows = []
    with progress("measuring", len(found)) as step:
        for each in found:
            step(each.name)
            rows.append(growth.measured(each))
    steep = [row for row in rows if row.steep]
    status = ExitCode.UNEXPECTED if steep else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "decoders": [
                    {
                        "decoder": row.decoder,
                        "work": round(row.work, 3),
                        "time": round(row.time, 3),
                        "octets": row.octets,
                        "piece": row.piece.hex(),
                        "steep": row.steep,
                    }
                    for row in rows
                ],
            }
        )
        return status
    out = Screen()
    table = grid("work", "time", "octets", "decoder", "what was repeated", right=3)
    for row in rows:
        style = WRONG if row.steep else NAME
        table.add_row(
            spans(f"{row.work:.2f}"),
            spans(f"{row.time:.2f}"),
            spans(f"{row.octets:,}"),
            spans((row.decoder, style)),
            spans((repr(row.piece[:_SHOWN])[1:], DIM)),
        )
    out.show(table)
    out.line()
    out.line(
        "Exponents of the input's size, of the input that grows fastest: 1 is linear. Times depend "
        "on the machine, and decide nothing."
    )
    return status


# --- Campaigns --------------------------------------------------------------------------------


def fuzz(asked: Asked, *, json: bool) -> ExitCode:
    """Give decoders mutants until the time is up or there were enough.

    Returns:
        0 if every promise was kept, 1 if one was broken.

    Raises:
        UnknownDecoder: there is none of a name.
        BadState: what is in the folder cannot be gone on with.
        Misuse: nothing says how long it should take, or the folder cannot be written.
    """
    if not asked.seconds and not asked.inputs:
        message = "say how long: --time 60s, or --inputs 100000"
        raise Misuse(message)
    names = tuple(each.name for each in chosen(asked.what))
    plan = Plan(names, asked.seconds, asked.inputs, asked.seed, asked.jobs)
    look(asked.folder)
    status = ExitCode.EXPECTED
    try:
        made = Campaign(plan, asked.folder)
    except OSError as error:
        message = f"{asked.folder}: {error.strerror}"
        raise Misuse(message) from error
    try:
        with progress("fuzzing") as step:
            made.run(_teller(step))
    except OSError as error:  # what was found until then is said all the same
        tell(f"otrspec: {asked.folder}: {error.strerror}: the campaign ends here")
        status = ExitCode.MISUSE
    status = ExitCode.UNEXPECTED if made.finds else status
    if json:
        write_json(_document(made, asked, status))
        return status
    _show(Screen(), made, asked)
    return status


def _teller(step: Callable[[str], None]) -> Callable[[Campaign], None]:
    """What shows how far a campaign is."""
    began = time.monotonic()

    def told(made: Campaign) -> None:
        seconds = time.monotonic() - began
        step(f"{made.inputs:,} inputs, {seconds:.0f} s, {len(made.finds)} finds")

    return told


def _show(out: Screen, made: Campaign, asked: Asked) -> None:
    table = grid("inputs", "a second", "read", "slowest", "finds", "decoder", right=5)
    for name in made.plan.decoders:
        each = made.figures[name]
        found = sum(each.finds.values())
        table.add_row(
            spans(f"{each.inputs:,}"),
            spans(f"{each.per_second:,.0f}"),
            spans(f"{each.read / each.inputs:.0%}" if each.inputs else ""),
            spans(_slowest(each)),
            spans((f"{found:,}", WRONG) if found else ""),
            spans((name, NAME)),
        )
    out.show(table)
    out.line()
    total = f"{made.inputs:,} inputs for {len(made.plan.decoders)} decoders"
    out.line((total, HEAD), f", in {made.seconds:.0f} s of this run, with --seed {asked.seed}")
    if not made.finds:
        out.line(("every promise was kept", GOOD))
        return
    for found_one in made.finds:
        _show_find(out, found_one, asked.folder)


def _slowest(each: Figures) -> str:
    seconds, octets = each.slowest
    return f"{seconds * _MICRO:,.0f} us for {octets:,}" if octets else ""


def _show_find(out: Screen, each: Find, folder: Path | None) -> None:
    out.line()
    out.whole((f"{each.what}: {each.kind}", WRONG))
    out.line(each.says, indent=2, hang=2)
    out.whole((f"  {len(each.data)} octets: {each.data[:_SHOWN].hex(' ')}", DIM))
    if folder is not None:
        out.whole(f"  otrspec fuzz-bytes --replay {folder / each.name}")


def _document(made: Campaign, asked: Asked, status: ExitCode) -> Json:
    return {
        "exit": int(status),
        "seconds": round(made.seconds, 3),
        "seed": asked.seed,
        "inputs": made.inputs,
        "decoders": [
            {
                "decoder": name,
                "inputs": each.inputs,
                "read": each.read,
                "octets": each.octets,
                "seconds": round(each.seconds, 3),
                "slowest_seconds": each.slowest[0],
                "slowest_octets": each.slowest[1],
                "broken": sum(each.finds.values()),
            }
            for name, each in made.figures.items()
        ],
        "finds": [_find_document(each, asked.folder) for each in made.finds],
    }


def _find_document(each: Find, folder: Path | None) -> Json:
    return {
        "what": each.what,
        "kind": each.kind,
        "says": each.says,
        "data": each.data.hex(),
        "file": "" if folder is None else str(folder / each.name),
    }


# --- Targets ----------------------------------------------------------------------------------

_GIGABYTE: Final = 1 << 30
_SPACES: Final = {"libotr": 4 * _GIGABYTE, "otr3": 8 * _GIGABYTE, "potr": 4 * _GIGABYTE}
"""The address space of peers that can live with a limit of it; others have only one of memory."""


def _limits(target: str) -> Limits:
    return Limits(space=_SPACES.get(target, 0))


def fuzz_target(asked: Asked, known: Path | None, *, json: bool) -> ExitCode:
    """Give a target changed messages of real conversations.

    Returns:
        0 if nothing happened that must not, or nothing that is not known; 1 if something did; 3 if
        the target cannot be started.

    Raises:
        UnknownTarget: it is not there.
        NotForThis: it speaks neither version 2 nor version 3.
        Malformed: the file of what is known cannot be read.
        Misuse: nothing says how long it should take, or the folder cannot be written.
    """
    if not asked.seconds and not asked.inputs:
        message = "say how long: --time 60s, or --inputs 1000 conversations"
        raise Misuse(message)
    target = find(asked.what[0])
    look(asked.folder)
    of_it = read_known(known).get(target.name, ()) if known is not None else ()
    made = Foreign(target, asked.seed, _limits(target.name), of_it)
    with progress("fuzzing") as step:

        def told(so_far: Foreign) -> None:
            step(f"{so_far.messages:,} messages, {len(so_far.finds)} finds")

        try:
            made.run(asked.seconds, asked.inputs, told)
        except ShimError as error:
            tell(f"otrspec: {target.name}: {error}")
            return ExitCode.HARNESS_ERROR
    if asked.folder is not None:
        _write_finds(asked.folder, made.finds)
    status = ExitCode.UNEXPECTED if made.finds else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "target": target.name,
                "seconds": round(made.seconds, 3),
                "seed": asked.seed,
                "conversations": made.episodes,
                "messages": made.messages,
                "explained": dict(made.explained),
                "finds": [_find_document(each, asked.folder) for each in made.finds],
            }
        )
        return status
    _show_target(Screen(), made, asked)
    return status


def _write_finds(folder: Path, several: Iterable[Find]) -> None:
    """Write finds. Where that fails it is said; they are shown all the same."""
    for each in several:
        path = folder / each.name
        try:
            write_file(path, finds.write(each).encode("ascii"))
        except Misuse as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # what stands there is no find
            tell(f"otrspec: {error}: a find could not be written")


def _show_target(out: Screen, made: Foreign, asked: Asked) -> None:
    out.line(
        (f"{made.messages:,} messages", HEAD),
        f" in {made.episodes:,} conversations with {made.target.name}, in {made.seconds:.0f} s, "
        f"with --seed {asked.seed}",
    )
    for finding, count in made.explained.items():
        out.line((f"{count:,} times what is known: {finding}", DIM))
    if not made.finds:
        out.line(("nothing happened that must not", GOOD))
    for each in made.finds:
        _show_find(out, each, asked.folder)
        where = ", ".join(each.before)
        out.line((f"{KINDS[each.kind]}; {where}", DIM), indent=2, hang=2)


# --- Guided by what is reached ----------------------------------------------------------------


def guided(asked: Asked) -> ExitCode:
    """Run atheris on one decoder.

    Returns:
        0 if every promise was kept, 1 if one was broken.

    Raises:
        UnknownDecoder: there is none of that name.
        NoAtheris: atheris is not installed.
        Misuse: not one decoder is named, or the folder cannot be written.
    """
    if len(asked.what) != 1 or asked.what[0] not in decoders():
        message = "--guided takes the name of one decoder; otrspec fuzz-bytes --list has them"
        raise Misuse(message)
    found = decoder(asked.what[0])
    folder = asked.folder or Path("guided")
    look(folder)
    try:
        came = coverage.run(found, folder, asked.seconds, asked.inputs, asked.seed)
    except OSError as error:
        message = f"{folder}: {error.strerror}"
        raise Misuse(message) from error
    out = Screen()
    out.line((found.name, NAME), f": {came.inputs:,} inputs, {came.edges:,} edges reached")
    out.line(f"{came.kept:,} inputs that reach something are in {came.folder}")
    for each in came.finds:
        _show_find(out, each, folder)
    if not came.finds:
        out.line(("every promise was kept", GOOD))
    return ExitCode.UNEXPECTED if came.finds else ExitCode.EXPECTED


# --- Replays ----------------------------------------------------------------------------------


def replay(file: Path, *, json: bool) -> ExitCode:
    """Read the input of a find again, and say what becomes of it.

    Returns:
        1 if it still breaks a promise, 0 if not.

    Raises:
        BadFind: the file is no find.
        UnknownDecoder: there is no such decoder any more.
        Misuse: the file cannot be read.
    """
    saved = finds.read(str(file), read_file(file))
    if saved.before:
        return _replayed_target(saved, json=json)
    return _replayed(saved, decoder(saved.what), json=json)


def _replayed_target(saved: Find, *, json: bool) -> ExitCode:
    """Play the episode of a find again, with its target."""
    try:
        kind = replayed(saved, find(saved.what), _limits(saved.what))
    except ShimError as error:
        tell(f"otrspec: {saved.what}: {error}")
        return ExitCode.HARNESS_ERROR
    status = ExitCode.UNEXPECTED if kind else ExitCode.EXPECTED
    says = KINDS.get(kind, "nothing that must not happen")
    if json:
        write_json({"exit": int(status), "what": saved.what, "kind": kind, "says": says})
        return status
    out = Screen()
    out.line((saved.what, NAME), f", {', '.join(saved.before)}")
    out.line((f"{kind}: {says}", WRONG) if kind else (says, GOOD))
    return status


def _replayed(saved: Find, found: Decoder, *, json: bool) -> ExitCode:
    fate = campaign.fate_of(found, saved.data, measured=True)
    broken = isinstance(fate, Trouble)
    status = ExitCode.UNEXPECTED if broken else ExitCode.EXPECTED
    kind = fate.kind if isinstance(fate, Trouble) else ""
    says = fate.says if isinstance(fate, Trouble) else fate.value
    if json:
        write_json({"exit": int(status), "what": saved.what, "kind": kind, "says": says})
        return status
    out = Screen()
    out.line((saved.what, NAME), f", {len(saved.data)} octets")
    out.line((f"{kind}: {says}", WRONG) if broken else (f"keeps its promises: {says}", GOOD))
    if broken and kind != saved.kind:
        tell(f"otrspec: the file says {saved.kind}, and it is {kind} now")
    return status
