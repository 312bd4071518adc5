"""Targets that meet again and again, whatever happens to them, and whose fault it is what differs.

A difference shows at one of them, and may be another's fault: if Bob cannot read a text, Alice may
have encrypted it badly. So each target that is suspected plays the script once more with the
reference in all other places, which does nothing wrong. Who differs there as well is at fault. If
nobody does, they play once more: either they fail only together, or not every time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.interop.rules import rules_of
from otr_conformance.protocols import protocol
from otr_conformance.shim.client import MEMORY, ShimProcess
from otr_conformance.shim.errors import ShimError, ShimRefused
from otr_conformance.shim.vocabulary import Capability
from otr_model import __version__
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

from .finds import plain
from .known import WHENS
from .loop import Trouble
from .seat import PATIENCE, Absent, sentence_of
from .together import Company, Deviates, Fallen, Together
from .together_cast import IN_PROCESS, THIRD, fuzzing_of, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otr_conformance.derive.plan import Script
    from otr_conformance.interop.rules import AnyRules, Seat
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyParty
    from otr_conformance.shim.protocol import Hello
    from otr_conformance.targets import Target
    from otr_model.kernel.variant import Variant

    from .together_cast import Gathering
    from .vocabulary import Fuzzing

__all__ = ["ALWAYS", "SOMETIMES", "TOGETHER", "Blame", "Chair", "Group"]

ALWAYS: Final = ""
TOGETHER, SOMETIMES = WHENS
_FAULTS: Final = 3
"""How often in a row a shim may fail to start, before it is given up."""
_TIRED: Final = 200
"""Plays after which terms are forgotten: they are kept for as long as a lab."""
_OPINIONS: Final = 3
"""How often somebody who is suspected plays with references: random numbers may decide."""
_MORE: Final = 9
"""How often the one who did it plays once more, before another is blamed for something else."""
_FOUR: Final = "otrv4"


@dataclass
class Chair:
    """A target, wherever it sits.

    Attributes:
        target: as a user names it; its command is None for the reference in this process.
        variant: what is wrong with the reference.
        timeout: seconds that a shim may take for one answer.
        hello: what a shim says of itself; None for the reference.
    """

    target: Target
    variant: Variant = NONE
    timeout: float = 5.0
    hello: Hello | None = None
    _shim: ShimProcess | None = None
    _faults: int = 0

    @property
    def is_reference(self) -> bool:
        """Whether it is the reference in this process, with nothing wrong."""
        return self.target.command is None and self.variant is NONE

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

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    def party(self, rules: AnyRules, lab: Lab, seat: Seat) -> AnyParty:
        """A fresh endpoint on a seat.

        Raises:
            ShimError: as the shim does.
            Absent: if it does not start any more.
        """
        if self.target.command is None:
            return rules.reference(lab, seat, self.variant)
        if self._shim is None or not self._shim.alive:
            self._start()
        assert self._shim is not None  # noqa: S101 - it was just started
        assert self.hello is not None  # noqa: S101 - as above
        self._shim.allow(PATIENCE * self.timeout)
        self._shim.reset()
        return rules.behind_shim(seat, self._shim, self.hello)

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

    def can(self, word: str) -> bool:
        """Whether it has a capability."""
        if self.hello is None:
            return True
        return word != IN_PROCESS and word in {each.word for each in self.hello.capabilities}

    def speaks(self, versions: frozenset[int]) -> bool:
        """Whether it speaks so many versions."""
        return self.hello is None or versions <= {int(each) for each in self.hello.versions}

    def settle(self, error: OtrSpecError) -> None:
        """After trouble: a shim that is not in order any more is ended."""
        if isinstance(error, ShimError) and not isinstance(error, ShimRefused):
            self.close()


@dataclass(frozen=True, slots=True)
class Blame:
    """Whose fault something is.

    Attributes:
        who: by name.
        because: what differs, as a sentence about that one, "the target", and its peer.
        rows: the rows that the tables take there; none where it shows at its peer.
        before: the rows that they took before, in order.
        when: `ALWAYS`, `TOGETHER` or `SOMETIMES`.
    """

    who: str
    because: str
    rows: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    when: str = ALWAYS


@dataclass
class Group:
    """Targets that meet.

    Attributes:
        name: of the protocol.
        chairs: the targets, Alice's first.
        octets: everybody plays over bytes; so it is anyway where somebody is behind a shim.
        compared: what they do is held against the tables.
        listening: promises are kept an eye on.
        inside: where nothing is compared, references are looked into.
        readings: the tables are read so for some, by name.
        excused: patterns of what the promises may say of some, by name: it is passed over.
        ends: rows of some behind which nothing is compared, by name.
    """

    name: str
    chairs: tuple[Chair, ...]
    octets: bool = False
    compared: bool = True
    listening: bool = True
    inside: bool = True
    readings: Mapping[str, Variant] = field(default_factory=dict)
    excused: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ends: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    _terms: Any = None
    _met: int = 0
    _substitutes: frozenset[str] = frozenset()
    _draw: int = 0
    _blames: dict[tuple[object, ...], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = names_of(len(self.chairs))
        self.fuzzing: Fuzzing = fuzzing_of(self.name, len(self.chairs))
        self.rules: AnyRules = rules_of(4 if self.name == _FOUR else 3)
        self.by_name = dict(zip(self.names, self.chairs, strict=True))

    def open(self) -> None:
        """Start all.

        Raises:
            ShimError: if one does not start.
        """
        for chair in self.chairs:
            chair.open()

    def close(self) -> None:
        """End all."""
        for chair in self.chairs:
            chair.close()

    @property
    def over_bytes(self) -> bool:
        """Whether somebody needs real cryptography."""
        return self.octets or any(chair.target.command is not None for chair in self.chairs)

    @property
    def predictable(self) -> bool:
        """They are the tables themselves: there is nothing to compare with."""
        plain = all(chair.is_reference for chair in self.chairs) and not self.readings
        return not self.compared or (plain and not self.over_bytes)

    def able(self, part: str) -> bool:
        """Whether all are capable of what somebody needs who plays."""
        who = self.fuzzing.read_part(part)
        seats: Mapping[str, Seat] = who.cast.seats
        spoken = all(self.by_name[name].speaks(seat.versions) for name, seat in seats.items())
        return spoken and all(map(self.can, who.needs))

    def can(self, word: str) -> bool:
        """Whether somebody has a capability: "alice:smp"."""
        name, _, capability = word.partition(":")
        return self.by_name[name].can(capability)

    @property
    def lacking(self) -> str:
        """Why they cannot meet at all, in a sentence; "" if they can."""
        for chair in self.chairs:
            for needed in self.rules.needs:
                if not chair.can(needed.word):
                    return f"{chair.target.name} lacks the capability {needed.word}"
            if len(self.chairs) > 2 and not chair.can(Capability.CLOCK.word):  # noqa: PLR2004 - see `settle`
                return f"{chair.target.name} lacks the capability clock, which three need"
        if not any(self.able(part) for part in self.fuzzing.plan.parts):
            return f"no version of {self.name} that all speak"
        return ""

    @property
    def label(self) -> tuple[str, str]:
        """What they call themselves, and nothing more."""
        return " with ".join(" ".join(chair.label) for chair in self.chairs), ""

    @property
    def moves(self) -> tuple[str, ...]:
        """The names of the moves that all are capable of, and that are worth drawing."""
        vocabulary = self.fuzzing.vocabulary
        return tuple(name for name in vocabulary if all(map(self.can, vocabulary[name].needs)))

    # Playing.

    def begin(self, part: str) -> Together:
        """A play of which nothing has happened yet.

        Raises:
            UnknownPart: if there is nobody of that name.
            Fallen: if a target cannot be made.
            Absent: if one does not start any more.
        """
        ends = {who: each for who, each in self.ends.items() if who not in self._substitutes}
        play = Together(self.fuzzing, part, self._made, self.can, ends=ends, inside=self.inside)
        play.excused = self.excused
        return play

    def _made(self, gathering: Gathering) -> tuple[Company, Company]:
        terms = self._lab
        lab = self.rules.real if self.over_bytes else terms
        alone = self.predictable and not self._substitutes
        company = Company(
            self.rules,
            lab,
            gathering,
            lambda name, lab, seat: self._party(gathering, name, lab, seat),
            pauses=self.pauses,
            listening=self.listening,
        )
        if alone:
            return company, company
        twin = Company(
            self.rules,
            terms,
            gathering,
            lambda name, lab, seat: self.rules.reference(
                lab, seat, self._predicted(gathering, name)
            ),
            pauses=self.pauses,
            listening=False,
        )
        return company, twin

    @property
    def pauses(self) -> dict[str, int]:
        """How long each has to be left alone before another key exchange."""
        return {name: chair.target.pause for name, chair in self.by_name.items()}

    @property
    def _lab(self) -> Lab:
        """The terms; new ones from time to time."""
        if self._terms is None or self._met >= _TIRED:
            self._terms, self._met = protocol(self.name).suite.terms(), 0
        self._met += 1
        self._terms.suite.choices.clear()
        lab: Lab = self._terms
        return lab

    def _party(self, gathering: Gathering, name: str, lab: Lab, seat: Seat) -> AnyParty:
        deviation = self._deviation(gathering, name)
        if deviation is not None:
            return self.rules.reference(lab, seat, deviation)
        if name in self._substitutes:
            return self.rules.reference(lab, replace(seat, draw=self._draw))
        return self.by_name[name].party(self.rules, lab, seat)

    def _predicted(self, gathering: Gathering, name: str) -> Variant:
        """How the tables are read for somebody."""
        read = NONE if name in self._substitutes else self.readings.get(name, NONE)
        return self._deviation(gathering, name) or read

    def _deviation(self, gathering: Gathering, name: str) -> Variant | None:
        """How somebody deviates who is meant to."""
        wrong = name == THIRD and gathering.variant is not NONE
        return gathering.variant if wrong else None

    def replay(
        self,
        script: Script,
        readings: Mapping[str, Variant] | None = None,
        excused: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Trouble | None:
        """Play a script from the beginning: what was wrong, if anything was.

        Moves that cannot be played are left out.

        Args:
            script: what happens.
            readings: how the tables are read; None: as everywhere.
            excused: what the promises may say; None: as everywhere.

        Raises:
            Absent: if a target does not start any more.
        """
        before = self.readings, self.excused
        self.readings = self.readings if readings is None else readings
        self.excused = self.excused if excused is None else excused
        played: list[str] = []
        try:
            play = self.begin(script.part)
            for name in script.moves:
                if play.cut:
                    break
                if play.can(name):
                    played = [*play.script, name]
                    play.play(name)
        except Absent:
            raise
        except OtrSpecError as error:
            self.settle(error)
            return Trouble(type(script)(script.part, tuple(played)), error)
        finally:
            self.readings, self.excused = before
        return None

    def settle(self, error: OtrSpecError) -> None:
        """After trouble: a shim that is not in order any more is ended."""
        if isinstance(error, Fallen):
            self.by_name[error.who].settle(error.error)

    # Whose fault it is.

    def blame(self, trouble: Trouble) -> Blame:
        """Whose fault trouble is.

        Raises:
            Absent: if a target does not start any more.
        """
        error = trouble.error
        if isinstance(error, Fallen):
            return Blame(error.who, sentence_of(error.error))
        if not isinstance(error, Deviates):
            return Blame(self.names[0], sentence_of(error))
        looks = (error.who, error.rows, plain(error.because), *map(hash, self.readings.values()))
        found = self._blames.get(looks)
        if found is None:
            found = self._blames[looks] = self._found(error, trouble.script)
        return _blamed(error, *found)

    def blame_on(self, who: str, trouble: Trouble) -> Blame:
        """The same trouble as somebody else's fault."""
        error = trouble.error
        return _blamed(error, who, ALWAYS) if isinstance(error, Deviates) else self.blame(trouble)

    @property
    def suspects(self) -> list[str]:
        """Those who are not the reference with nothing wrong."""
        return [name for name, chair in self.by_name.items() if not chair.is_reference]

    def _found(self, error: Deviates, script: Script) -> tuple[str, str]:
        """Who is at fault, and when it shows."""
        suspects = self.suspects
        if not suspects or (error.own and error.who in suspects):
            return error.who, ALWAYS
        if len(suspects) == 1:
            return suspects[0], ALWAYS
        guilty = {name: at for name in suspects if (at := self._alone(name, error, script))}
        if error.who in suspects and all(otherwise for otherwise, _ in guilty.values()):
            at = self._alone(error.who, error, script, range(_OPINIONS, _OPINIONS + _MORE))
            if at:
                guilty[error.who] = at
        if guilty:
            soonest = min(guilty.values())
            first = [name for name, at in guilty.items() if at == soonest]
            return (error.who if error.who in first else first[0]), ALWAYS
        again = self.replay(script)
        when = TOGETHER if again is not None else SOMETIMES
        return (error.who if error.who in suspects else suspects[0]), when

    def _alone(
        self, who: str, error: Deviates, script: Script, draws: range = range(_OPINIONS)
    ) -> tuple[bool, int] | tuple[()]:
        """Whether one differs with references opposite: in another way, and at which move.

        The same comes before anything else; nothing: it does not differ. The references draw other
        random numbers each time: it may be these that decide.
        """
        self._substitutes = frozenset(self.names) - {who}
        found: list[tuple[bool, int]] = []
        try:
            for self._draw in draws:
                trouble = self.replay(script)
                if trouble is None or not isinstance(trouble.error, Deviates | Fallen):
                    continue
                found.append((_looks(trouble.error) != _looks(error), len(trouble.script.moves)))
                if not found[-1][0]:
                    break
        finally:
            self._substitutes, self._draw = frozenset(), 0
        return min(found, default=())


def _looks(error: OtrSpecError) -> tuple[str, str]:
    """In whose view something is seen, and what, but for values."""
    return getattr(error, "who", ""), plain(str(error))


def _blamed(error: Deviates, who: str, when: str) -> Blame:
    """What differs, as somebody's fault: what it did, or what it made its peer do."""
    before = error.taken.get(who, ())
    if error.who == who:
        return Blame(who, error.because, error.rows, before, when)
    if error.oracle:  # it is looked for when a move is over
        before = (*before, *error.known.get(who, ()))
    step, colon, says = error.because.partition(": ")
    says = (says if colon else step).replace("the target", "the tester")
    return Blame(who, f"{step}{colon}{says}" if colon else says, (), before, when)
