"""A target that is played with again and again, whatever happens to it.

A target behind a shim is one process for many plays. A play that makes it crash, hang or answer
nonsense costs that process: the next play gets a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from otr_conformance.shim.client import MEMORY, ShimProcess
from otr_conformance.shim.errors import ShimError, ShimRefused
from otr_conformance.verdict import Verdict
from otr_model import __version__
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

from .duel import Contestant, Crashed, Differs, Duel, behind_shim, mutant
from .duel import real as real_target
from .loop import Trouble

if TYPE_CHECKING:
    from otr_conformance.derive.plan import Script
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target
    from otr_model.kernel.variant import Variant

    from .vocabulary import Fuzzing

__all__ = ["PATIENCE", "Absent", "Seat", "sentence_of", "verdict_of"]

PATIENCE: Final = 60
"""How many times as long as one answer the answers of one play together may take."""
_FAULTS: Final = 3
"""How often in a row a shim may fail to start, before it is given up."""


class Absent(OtrSpecError):
    """The target does not start any more."""


@dataclass
class Seat:
    """A target.

    Attributes:
        fuzzing: what a protocol states.
        target: as a user names it; its command is None for the reference in this process.
        octets: the reference plays over bytes.
        variant: what is wrong with the reference.
        timeout: seconds that a shim may take for one answer.
        reading: how the tables are read.
        excused: what the oracle and the promises say, as patterns, and is known of the target.
        ends: rows behind which nothing is compared.
        hello: what a shim says of itself; None for the reference.
        watched: the plaintext oracle watches.
    """

    fuzzing: Fuzzing
    target: Target
    octets: bool = False
    variant: Variant = NONE
    timeout: float = 5.0
    reading: Variant = NONE
    excused: tuple[str, ...] = ()
    ends: tuple[tuple[str, ...], ...] = ()
    hello: Hello | None = None
    watched: bool = True
    _shim: ShimProcess | None = None
    _contestant: Contestant | None = None
    _faults: int = 0

    @property
    def label(self) -> tuple[str, str]:
        """What it calls itself, and its version."""
        if self.hello is None:
            return "reference", __version__
        return self.hello.name, self.hello.version

    def open(self) -> None:
        """Start it.

        Raises:
            ShimError: if a shim does not start, or cannot say what it is.
        """
        if self.target.command is None:
            made = real_target(self.fuzzing) if self.octets else None
            self._contestant = (
                made
                if made is not None and self.variant is NONE
                else mutant(self.fuzzing, self.variant, octets=self.octets)
            )
            return
        self.close()
        shim = ShimProcess(self.target.command, timeout=self.timeout, memory=MEMORY)
        shim.open()
        self._shim = shim
        try:
            self.hello = shim.hello()
        except ShimError:
            self.close()
            raise
        self._contestant = behind_shim(self.fuzzing, shim, self.hello)

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    def begin(self, part: str) -> Duel:
        """A play of which nothing has happened yet.

        Raises:
            UnknownPart: if there is nobody of that name.
            ShimError: as the shim does.
            Crashed: if the target cannot be made.
            Absent: if it does not start any more.
        """
        if self._contestant is None or (self._shim is not None and not self._shim.alive):
            self._start()
        assert self._contestant is not None  # noqa: S101 - it was just opened
        if self._shim is not None:
            self._shim.allow(PATIENCE * self.timeout)
        duel = Duel(
            self.fuzzing, part, self._contestant, reading=self.reading, watched=self.watched
        )
        duel.excused, duel.ends = self.excused, self.ends
        if self.target.pause:
            for stage in (duel.stage, duel.twin):
                stage.pauses(self.target.pause)
        return duel

    def _start(self) -> None:
        try:
            self.open()
        except ShimError as error:
            self._faults += 1
            if self._faults >= _FAULTS:
                message = f"{self.target.name} does not start any more: {error}"
                raise Absent(message) from error
            raise
        self._faults = 0

    def able(self, part: str) -> bool:
        """Whether the target offers what somebody needs who plays."""
        who = self.fuzzing.read_part(part)
        if self.hello is None:
            return True
        spoken = {int(version) for version in self.hello.versions}
        words = {each.word for each in self.hello.capabilities}
        return {who.version, *who.cast.versions} <= spoken and who.needs <= words

    @property
    def moves(self) -> tuple[str, ...]:
        """The names of the moves that the target is capable of, and that are worth drawing."""
        vocabulary = self.fuzzing.vocabulary
        if self.hello is None:
            return tuple(vocabulary)
        words = {each.word for each in self.hello.capabilities}
        return tuple(name for name in vocabulary if vocabulary[name].needs <= words)

    def replay(
        self,
        script: Script,
        reading: Variant | None = None,
        excused: tuple[str, ...] | None = None,
    ) -> Trouble | None:
        """Play a script from the beginning: what was wrong, if anything was.

        Moves that cannot be played are left out.

        Args:
            script: what happens.
            reading: how the tables are read; None: as everywhere.
            excused: what the oracle and the promises may say; None: as everywhere.

        Raises:
            Absent: if the target does not start any more.
        """
        before = self.reading, self.excused
        self.reading = self.reading if reading is None else reading
        self.excused = self.excused if excused is None else excused
        played: list[str] = []
        try:
            duel = self.begin(script.part)
            for name in script.moves:
                if duel.cut:
                    break
                if duel.can(name):
                    played = [*duel.script, name]
                    duel.play(name)
        except Absent:
            raise
        except OtrSpecError as error:
            self.settle(error)
            return Trouble(type(script)(script.part, tuple(played)), error)
        finally:
            self.reading, self.excused = before
        return None

    def settle(self, error: OtrSpecError) -> None:
        """After trouble: a shim that is not in order any more is ended."""
        if isinstance(error, ShimError) and not isinstance(error, ShimRefused):
            self.close()
            if self.target.command is not None:
                self._contestant = None


def verdict_of(error: OtrSpecError) -> Verdict:
    """What trouble means."""
    if isinstance(error, Differs):
        return Verdict.FAIL
    if isinstance(error, ShimError):
        return error.verdict
    return Verdict.CRASH if isinstance(error, Crashed) else Verdict.HARNESS_ERROR


def sentence_of(error: OtrSpecError) -> str:
    """Trouble in a sentence."""
    if isinstance(error, ShimError):
        asked = f"in answer to {error.do}: " if error.do is not None else ""
        return f"{asked}{error}"
    return str(error)
