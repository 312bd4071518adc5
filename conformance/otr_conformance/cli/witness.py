"""`otrspec witness`: a run that an exploration found, shown, drawn and replayed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from otr_check.explore.replay import replay, replay_real
from otr_check.explore.telling import drawn_with, itf_of, sequence_of
from otr_check.explore.witness import read_witness, to_json
from otr_conformance.play.witnesses import NoCase, Scripting, scripted
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.verdict import ExitCode
from otr_diagrams.sequence import sequence_svg

from .explore import show_steps
from .misuse import Misuse, write_file
from .screen import DIM, GOOD, HEAD, WRONG, Screen, progress, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from otr_check.explore.replay import Replayed
    from otr_check.explore.witness import Witness

__all__ = ["replayed", "show"]


def show(path: Path, form: str, target: str, output: Path | None) -> ExitCode:
    """Show a witness.

    Args:
        path: its file.
        form: "svg", "itf", "case" or "json"; "": text for people.
        target: who is the target of a case; "": whoever is found.
        output: where it goes; None: standard output.

    Raises:
        BadWitness: if the file is no witness.
        BadScenario: if its scenario asks for what is not there any more.
        Differs: if it cannot be replayed, where a form needs that.
        NoCase: if it cannot be played as a case.
        Misuse: if a file cannot be written, or text for people is to be.
    """
    found = read_witness(path)
    if form:
        made = _made(found, form, target)
        if output is None:
            sys.stdout.write(made)
        else:
            write_file(output, made.encode())
        return ExitCode.EXPECTED
    if output is not None:
        message = "--output is for --svg, --itf, --case and --json"
        raise Misuse(message)
    out = Screen()
    out.line((found.scenario.title, HEAD))
    for actor in found.scenario.actors:
        if actor.variant:
            out.line((f"{actor.name}: {actor.variant}", DIM))
    out.line((f"{found.property}: {found.says}", WRONG))
    show_steps(out, found)
    return ExitCode.EXPECTED


def _made(found: Witness, form: str, target: str) -> str:
    """A witness in a form for other programs."""
    match form:
        case "svg":
            return sequence_svg(sequence_of(found), drawn_with(found))
        case "itf":
            return itf_of(found)
        case "json":
            return to_json(found)
        case _:
            return scripted(_scripting(found.scenario.protocol), found, target).source


def _scripting(protocol: str) -> Scripting:
    """What is a protocol's own about cases that are made of witnesses.

    Raises:
        NoCase: if the suite has no cases of the protocol.
    """
    if protocol not in PROTOCOLS:
        message = f"the suite has no cases of {protocol}"
        raise NoCase(message)
    scripting: Scripting = import_module(f"otr_conformance.{protocol}.witnesses").SCRIPTING
    return scripting


def replayed(path: Path, *, terms: bool, real: bool, json: bool) -> ExitCode:
    """Replay a witness, and say whether everything comes again.

    Args:
        path: its file.
        terms: over symbolic terms.
        real: over real bytes.
        json: for programs.

    Raises:
        BadWitness: if the file is no witness.
        BadScenario: if its scenario asks for what is not there any more.
    """
    found = read_witness(path)
    results: dict[str, Replayed] = {}
    with progress("replaying") as step:
        if terms:
            step("over terms")
            results["terms"] = replay(found)
        if real:
            step("over bytes")
            results["bytes"] = replay_real(found)
    differs = any(each.differs for each in results.values())
    status = ExitCode.UNEXPECTED if differs else ExitCode.EXPECTED
    if json:
        write_json(
            {
                "exit": int(status),
                "property": found.property,
                "replays": [
                    {
                        "over": over,
                        "steps": len(each.steps),
                        "differs": each.differs,
                        "violated": each.violated,
                        "attempts": each.attempts,
                    }
                    for over, each in results.items()
                ],
            }
        )
        return status
    out = Screen()
    for over, each in results.items():
        if each.differs:
            out.line(f"over {over}: ", (each.differs, WRONG), hang=2)
        else:
            drawn = f"; keys were drawn {each.attempts} times" if each.attempts > 1 else ""
            out.line(
                f"over {over}: ",
                (f"all {len(each.steps)} steps come again; {each.violated}{drawn}", GOOD),
                hang=2,
            )
    return status
