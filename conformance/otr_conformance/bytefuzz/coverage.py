"""The same promises under atheris, which follows what inputs reach.

Atheris (a fuzzer for Python by Google, licence Apache-2.0) is an extra: `pip install
otrspec[fuzz-bytes]`. It instruments our functions for good and ends its process when it is done, so
that it needs one of its own, which runs this module:

    python -m otr_conformance.bytefuzz.coverage DECODER FOLDER [options of libFuzzer]

Inputs come from `mutate`, which knows what they are made of, and from libFuzzer in turn. What
reaches something new is kept in FOLDER/inputs, and the next run begins with it. A promise that is
broken ends the process; its input becomes a find, and another process goes on.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FunctionType
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .decoder import Decoder
    from .finds import Find

__all__ = ["Came", "NoAtheris", "run"]

_READERS: Final = (
    "otr_reference.codec",
    "otr_reference.keys.sexp",
    "otr_reference.keys.dsa",
    "otr_reference.keys.libotr_files",
    "otr_reference.keys.keystore",
    "otr_reference.otrv1.wire",
    "otr_reference.otrv3.wire",
    "otr_reference.otrv3.dissect",
    "otr_reference.otrv4.wire",
    "otr_reference.otrv4.dissect",
    "otr_conformance.shim.fields",
    "otr_conformance.shim.lines",
    "otr_conformance.expectations",
    "otr_conformance.ids",
    "otr_conformance.interop.known",
    "otr_conformance.reports.document",
    "otr_check.explore.saving",
    "otr_check.explore.scenario",
    "otr_check.explore.witness",
    "otr_diagrams.sequence_json",
    "otr_model.clauses",
    "otr_model.documents",
)
"""What is instrumented: the modules that read, and not the tables that they are made of."""
_MOST: Final = 16
"""How many finds end a run."""
_INPUTS = re.compile(r"(?:stat::number_of_executed_units:\s*|Done )(\d+)")
_EDGES = re.compile(r"cov: (\d+)")


class NoAtheris(OtrSpecError):
    """Atheris is not installed; the message says how it is."""


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a run.

    Attributes:
        inputs: how many there were.
        edges: how many edges of our sources were reached.
        kept: how many inputs are kept that reach something.
        folder: where.
        finds: what broke a promise.
    """

    inputs: int
    edges: int
    kept: int
    folder: Path
    finds: tuple[Find, ...]


def run(decoder: Decoder, folder: Path, seconds: float, inputs: int, seed: int) -> Came:
    """Run atheris on a decoder until the time is up or there were enough inputs.

    Args:
        decoder: which.
        folder: where inputs and finds are kept.
        seconds: how long it may take; 0: any time.
        inputs: how many there are to be; 0: any number.
        seed: what inputs are drawn from.

    Raises:
        NoAtheris: it is not installed.
        OSError: the folder cannot be written.
    """
    from . import corpus, finds  # noqa: PLC0415 - heavy

    if importlib.util.find_spec("atheris") is None:
        message = "--guided needs atheris: pip install 'otrspec[fuzz-bytes]'"
        raise NoAtheris(message)
    kept = folder / "inputs"
    kept.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(corpus.kept(decoder)):
        (kept / f"kept-{number}").write_bytes(data)
    began, done, edges = time.monotonic(), 0, 0
    found: list[Find] = []
    while len(found) < _MOST:
        left = seconds - (time.monotonic() - began)
        if (seconds and left < 1) or (inputs and done >= inputs):
            break
        limits = [f"-max_total_time={int(left)}"] if seconds else []
        limits += [f"-runs={inputs - done}"] if inputs else []
        said, broken = _process(decoder, folder, [*limits, f"-seed={seed + len(found) + 1}"])
        done += max(map(int, _INPUTS.findall(said)), default=0)
        edges = max([edges, *map(int, _EDGES.findall(said))])
        if broken is None:
            break
        find = _find_of(decoder, broken)
        if find is not None and find not in found:
            found.append(find)
            (folder / find.name).write_text(finds.write(find), encoding="ascii")
    return Came(done, edges, len(list(kept.iterdir())), kept, tuple(found))


def _process(decoder: Decoder, folder: Path, options: list[str]) -> tuple[str, bytes | None]:
    """Run one process: what it said, and the input that broke a promise."""
    artifact = folder / "broken"
    artifact.unlink(missing_ok=True)
    command = (
        *(sys.executable, "-m", __name__, decoder.name, str(folder)),
        *(f"-exact_artifact_path={artifact}", f"-max_len={min(decoder.longest, 1 << 16)}"),
        *("-rss_limit_mb=4096", "-timeout=30", "-print_final_stats=1", *options),
    )
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own module
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    if not done.returncode:
        return said, None
    if not artifact.exists():
        raise NoAtheris(said.strip().rpartition("\n")[2][:300])
    return said, artifact.read_bytes()


def _find_of(decoder: Decoder, data: bytes) -> Find | None:
    """What an input breaks, made small; None if it breaks nothing when it is read again."""
    from .campaign import fate_of  # noqa: PLC0415 - as above
    from .examine import Trouble  # noqa: PLC0415 - as above
    from .finds import Find  # noqa: PLC0415 - as above
    from .shrink import shrunk  # noqa: PLC0415 - as above

    fate = fate_of(decoder, data, measured=False)
    if not isinstance(fate, Trouble):
        return None
    signature = fate.signature

    def breaks(candidate: bytes) -> bool:
        again = fate_of(decoder, candidate, measured=False)
        return isinstance(again, Trouble) and again.signature == signature

    small = shrunk(data, breaks)
    fate = fate_of(decoder, small, measured=False)
    return Find(decoder.name, fate.kind, fate.says, small) if isinstance(fate, Trouble) else None


def _functions(name: str) -> Iterator[FunctionType]:
    """The functions and methods of a module."""
    for value in vars(importlib.import_module(name)).values():
        held = vars(value).values() if isinstance(value, type) else (value,)
        for each in held:
            if isinstance(each, FunctionType) and each.__module__ == name:
                yield each


# --- The process ------------------------------------------------------------------------------


def _serve(name: str, folder: str, options: list[str]) -> None:
    """Fuzz a decoder: does not return."""
    import atheris  # noqa: PLC0415 - only here

    for module in _READERS:  # the codec first: its readers are made where it is used
        for function in _functions(module):
            atheris.instrument_func(function)
    from . import corpus, examine, mutate, registry  # noqa: PLC0415 - heavy

    decoder = registry.decoder(name)
    mutator = mutate.Mutator(decoder.form, corpus.kept(decoder) or (b"",), decoder.longest)

    def change(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)  # noqa: S311 - nothing secret is drawn
        if rng.random() < 0.3:  # noqa: PLR2004 - libFuzzer knows what is compared
            changed: bytes = atheris.Mutate(data, most)
            return changed
        return mutator.mutant_of(data, rng)[:most]

    def one(data: bytes) -> None:
        fate = examine.examine(decoder, data)
        if isinstance(fate, examine.Trouble):
            raise AssertionError(fate.says)  # noqa: TRY004 - a promise, not a type

    inputs = str(Path(folder) / "inputs")
    atheris.Setup([sys.argv[0], *options, inputs], one, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2], sys.argv[3:])
