"""Running Spin on the model of a scenario.

    with workplace() as place:
        spin = Spin(scenario, place)
        spin.safety().states, spin.liveness().holds

Spin writes a verifier in C, which the C compiler compiles; what it prints is read here, and the
trail of a counterexample becomes a sequence of inputs, which `otr_check.control.explore.replay`
takes.
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Final

from otr_reference.errors import OtrSpecError

from .local import OutOfBounds
from .promela import LIVENESS, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .abstraction import Scenario
    from .system import Input

__all__ = ["Effort", "NoCompiler", "NoSpin", "Spin", "SpinFailed", "Verdict", "workplace"]

NAME: Final = "model.pml"
LIMITS: Final = frozenset({"bounds", "capacity", "outside"})
"""What a model says where a scenario is larger than it declares; these are no properties."""

_STATES = re.compile(r"^\s*([\d.e+]+) states, stored", re.MULTILINE)
_TRANSITIONS = re.compile(r"^\s*([\d.e+]+) transitions", re.MULTILINE)
_DEPTH = re.compile(r"depth reached (\d+)")
_VECTOR = re.compile(r"State-vector (\d+) byte")
_ERRORS = re.compile(r"errors: (\d+)")
_INPUT = re.compile(r"INPUT ([\d ]+)$")
_BROKEN = re.compile(r"BROKEN (\S+)$")
_CUT: Final = ("max search depth too small", "Search not completed", "out of memory")


class NoSpin(OtrSpecError):
    """Spin is not installed."""

    def __init__(self) -> None:
        super().__init__("this needs Spin, which is not installed (Debian: apt install spin)")


class NoCompiler(OtrSpecError):
    """There is no C compiler to compile Spin's verifier with."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Spin's verifier needs a C compiler, and there is no {name}")


class SpinFailed(OtrSpecError):
    """Spin, the compiler or the verifier did not do what was asked; the message has its words."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the verifier tries.

    Attributes:
        compiler: the C compiler.
        optimise: its option; compiling takes longer than running where scenarios are small.
        hash_bits: the logarithm of the size of the table of states.
        depth: how deep the search may go; the verifier says so where that is too little.
        seconds: how long any of the programs may take.
    """

    compiler: str = "gcc"
    optimise: str = "-O1"
    hash_bits: int = 22
    depth: int = 2_000_000
    seconds: float = 3600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier found.

    Attributes:
        states: how many it stored; joint states, where nothing is claimed of runs.
        transitions: how many it took.
        depth: the longest path that it followed, in its own steps.
        vector: the size of a state, in bytes.
        complete: nothing was left out.
        holds: no counterexample was found.
        broken: the property that does not hold; "" where none was named.
        inputs: the way to the counterexample.
        cycle: what happens again and again in it; only for runs without end.
        seconds: how long it searched, without compiling.
    """

    states: int
    transitions: int
    depth: int
    vector: int
    complete: bool
    holds: bool
    broken: str
    inputs: tuple[Input, ...]
    cycle: tuple[Input, ...]
    seconds: float


@contextmanager
def workplace() -> Iterator[Path]:
    """A directory for Spin's files, which is gone afterwards."""
    with TemporaryDirectory(prefix="otrspec-spin-") as made:
        yield Path(made)


class Spin:
    """Spin's verifier of one scenario.

    Args:
        scenario: what is verified.
        place: a directory for the model, the verifier and its trails.
        effort: how hard it tries.

    Raises:
        NoSpin: if Spin is not installed.
        NoCompiler: if there is no C compiler.
        SpinFailed: if Spin refuses the model.
    """

    def __init__(self, scenario: Scenario, place: Path, effort: Effort = Effort()) -> None:
        if which("spin") is None:
            raise NoSpin
        if which(effort.compiler) is None:
            raise NoCompiler(effort.compiler)
        self.model = Model(scenario)
        self.place = place
        self.effort = effort
        (place / NAME).write_text(self.model.text, encoding="utf-8")
        self._run("spin", "-a", NAME)  # refuses a model that is no Promela

    def safety(self) -> Verdict:
        """Whether every property holds in every joint state, and how many of those there are.

        Raises:
            OutOfBounds: if a variable or a channel is too small.
            SpinFailed: if the verifier cannot be compiled or run.
        """
        self._run("spin", "-a", NAME)
        self._compile("safety", "-DSAFETY")
        return self._verify("safety")

    def liveness(self) -> Verdict:
        """Whether the endpoints converge in every fair run.

        Raises:
            OutOfBounds: if a variable or a channel is too small.
            SpinFailed: if the verifier cannot be compiled or run, or nothing is claimed.
        """
        if not self.model.scenario.converges:
            message = f"{self.model.scenario.name} does not claim that anything converges"
            raise SpinFailed(message)
        self._run("spin", f"-D{LIVENESS}", "-a", NAME)
        self._compile("liveness")
        return self._verify("liveness", "-a", "-f")

    def _compile(self, name: str, *options: str) -> None:
        effort = self.effort
        self._run(
            effort.compiler, effort.optimise, "-w", "-DNOREDUCE", *options, "-o", name, "pan.c"
        )

    def _verify(self, name: str, *options: str) -> Verdict:
        trail = self.place / f"{NAME}.trail"
        trail.unlink(missing_ok=True)
        effort = self.effort
        begun = perf_counter()
        said = self._run(f"./{name}", *options, f"-m{effort.depth}", f"-w{effort.hash_bits}")
        seconds = perf_counter() - begun
        errors = int(_figure(_ERRORS, said))
        inputs, cycle, broken = self._followed(name) if trail.exists() else ((), (), "")
        if broken in LIMITS:
            message = f"{self.model.scenario.name}: {broken}, after {len(inputs)} inputs"
            raise OutOfBounds(message)
        return Verdict(
            states=int(_figure(_STATES, said)),
            transitions=int(_figure(_TRANSITIONS, said)),
            depth=int(_figure(_DEPTH, said)),
            vector=int(_figure(_VECTOR, said)),
            complete=errors == 0 and not any(words in said for words in _CUT),
            holds=errors == 0,
            broken=broken,
            inputs=inputs,
            cycle=cycle,
            seconds=seconds,
        )

    def _followed(self, name: str) -> tuple[tuple[Input, ...], tuple[Input, ...], str]:
        """The trail of a counterexample as inputs: the way, the cycle, and what is broken."""
        inputs: list[Input] = []
        cycle: list[Input] | None = None
        broken = ""
        for line in self._run(f"./{name}", "-r", "-n").splitlines():
            if "START OF CYCLE" in line:
                cycle = []
            given, failed = _INPUT.search(line), _BROKEN.search(line)
            if given:
                numbers = tuple(map(int, given.group(1).split()))
                (inputs if cycle is None else cycle).append(self.model.given(numbers))
            if failed:
                broken = failed.group(1)
        return tuple(inputs), tuple(cycle or ()), broken

    def _run(self, *command: str) -> str:
        """Run a program in the place; what it says."""
        try:
            done = subprocess.run(  # noqa: S603 - fixed programs, and names that are ours
                command,
                cwd=self.place,
                capture_output=True,
                text=True,
                timeout=self.effort.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            message = f"{command[0]} took more than {self.effort.seconds} seconds"
            raise SpinFailed(message) from late
        said = done.stdout + done.stderr
        if done.returncode != 0 and not command[0].startswith("./"):
            words = next((line for line in said.splitlines() if "rror" in line), said[-200:])
            message = f"{command[0]}: {words.strip()}"
            raise SpinFailed(message)
        return said


def _figure(pattern: re.Pattern[str], said: str) -> float:
    """A figure that the verifier prints.

    Raises:
        SpinFailed: if it does not.
    """
    found = pattern.search(said)
    if found is None:
        message = f"the verifier said: {said.strip()[-200:] or 'nothing'}"
        raise SpinFailed(message)
    return float(found.group(1))
