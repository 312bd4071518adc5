"""The target on one stage, and beside it the reference over symbolic terms on another, in lockstep.

    duel = Duel(FUZZING, "v3", real(FUZZING))
    duel.play("target starts")
    duel.play("to tester 0")

Every move is played on both. What is observed of the target has to be what the tables predict, as
far as the suite compares it (`otr_conformance.play.compare`), and the plaintext oracle watches
(`otr_conformance.play.watch`), and so do the promises that hold whatever the tables say
(`.promises`). Whatever differs raises `Differs`.

Two hashes of a target's own and of the tester's compare as they happen to: the terms are told how,
by what passed at the same place on the target's stage.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.play.compare import Comparing
from otr_conformance.play.stage import UNLUCKY, Storm, Stuck
from otr_conformance.protocols import protocol
from otr_conformance.shim.errors import ShimError
from otr_model.kernel.variant import NONE
from otr_reference.errors import OtrSpecError

from .finds import fits, plain
from .promises import Promises
from .vocabulary import UNFORGED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.derive.plan import Move
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyParty, AnyStage, Observation
    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Hello
    from otr_model.kernel.variant import Variant

    from .vocabulary import Fuzzing

__all__ = [
    "Contestant",
    "Crashed",
    "Differs",
    "Duel",
    "behind_shim",
    "mutant",
    "raw",
    "real",
    "reference",
    "unread",
]

TIRED: Final = 200
"""Duels after which terms are forgotten: they are kept for as long as a lab."""
ANOTHER: Final = "(another-instance)"
"""What stands among the rows, in what `Duel.ends` looks at, where another instance takes part."""
WHOLE: Final = 1 << 20
"""More observations than any move has: what the oracle sees, it sees when a move is over."""
KNOWN: Final = "what the target does now is known, and not compared"
MORE: Final = "the target has sent more than the tables have, which is let pass"
_ENCODED: Final = re.compile(r"message open (\?OTR[:|,]|Wire\()")
_SAID: Final = re.compile(r"message open \?OTR(?:\?(?:v[^?\s]*\?)?|v[^?\s]*\?| Error:)")
"""What is shown of a Query or an Error Message that is not understood, but for free words in it."""
_AS_IT_IS: Final = ("message open ?OTR", "message open Wire(")
_OPEN: Final = "message open "
_CONCAT: Final = "message open Concat("
_MIXED: Final = "message open (pieces of several messages)"
"""How a text is called that was put together of pieces which do not belong together."""
_SHOWN: Final = "message open (what arrived, as it is)"
"""How a message of OTR is called that is shown to the user as a text, over bytes and terms."""
UNSEEN: Final = "two hashes are compared that nobody saw"


class Differs(OtrSpecError):
    """The target did not do what the tables do.

    Attributes:
        because: what differs, in a sentence.
        rows: the rows that the tables take there.
        oracle: the plaintext oracle objects, whatever the tables do.
        before: the rows that the tables took before, in order.
        reached: how many observations of the last move were as they should be.
        amount: how many things differ.
    """

    def __init__(self, because: str, rows: tuple[str, ...] = (), *, oracle: bool = False) -> None:
        super().__init__(because)
        self.because = because
        self.rows = rows
        self.oracle = oracle
        self.before: tuple[str, ...] = ()
        self.reached = WHOLE if oracle else 0
        self.amount = 1


class Crashed(OtrSpecError):
    """A target within this process ended with an error that is not one of ours."""


class Contestant(ABC):
    """A target that can be seated again and again.

    Attributes:
        fuzzing: the protocol.
        capabilities: the words of what it can do; None: everything.
    """

    capabilities: frozenset[str] | None = None

    def __init__(self, fuzzing: Fuzzing) -> None:
        self.fuzzing = fuzzing
        self.suite = protocol(fuzzing.plan.protocol).suite
        self._terms: Any = None
        self._seated = 0

    @property
    def terms(self) -> Any:  # noqa: ANN401 - the protocol's lab of terms
        """The terms in which it is predicted; new ones from time to time."""
        if self._terms is None or self._seated >= TIRED:
            self._terms, self._seated = self.suite.terms(), 0
        self._seated += 1
        return self._terms

    @abstractmethod
    def lab(self, terms: Lab) -> Lab:
        """Where it is played, given the lab in which it is predicted."""

    @abstractmethod
    def party(self, lab: Lab, cast: Any) -> AnyParty:  # noqa: ANN401 - of the protocol
        """A fresh endpoint."""

    @property
    def predictable(self) -> bool:
        """It is the tables themselves: there is nothing to compare with."""
        return False


class _Reference(Contestant):
    """The reference, perhaps under a variant, in this process."""

    def __init__(self, fuzzing: Fuzzing, variant: Variant, real_lab: Lab | None) -> None:
        super().__init__(fuzzing)
        self.variant = variant
        self._real = real_lab
        self._make = fuzzing.plan.grader.reference_target(variant)

    def lab(self, terms: Lab) -> Lab:
        return terms if self._real is None else self._real

    def party(self, lab: Lab, cast: Any) -> AnyParty:  # noqa: ANN401 - of the protocol
        return self._make(lab, cast)

    @property
    def predictable(self) -> bool:
        return self._real is None and self.variant is NONE


class _BehindShim(Contestant):
    """A target behind a shim; each duel begins with a reset."""

    def __init__(self, fuzzing: Fuzzing, shim: ShimProcess, hello: Hello) -> None:
        super().__init__(fuzzing)
        self.shim, self.hello = shim, hello
        self._real: Lab = self.suite.real()
        self.capabilities = frozenset(each.word for each in hello.capabilities)

    def lab(self, terms: Lab) -> Lab:  # noqa: ARG002 - values leave the process
        return self._real

    def party(self, lab: Any, cast: Any) -> AnyParty:  # noqa: ANN401 - of the protocol
        self.shim.reset()
        return self.suite.shim_party(lab, cast, self.shim, self.hello)


def reference(fuzzing: Fuzzing) -> Contestant:
    """The reference over terms: what it does is what the tables do."""
    return _Reference(fuzzing, NONE, None)


def mutant(fuzzing: Fuzzing, variant: Variant, *, octets: bool = False) -> Contestant:
    """The reference under a variant, over terms or over bytes."""
    lab = protocol(fuzzing.plan.protocol).suite.real() if octets else None
    return _Reference(fuzzing, variant, lab)


def real(fuzzing: Fuzzing) -> Contestant:
    """The reference over bytes."""
    return mutant(fuzzing, NONE, octets=True)


def behind_shim(fuzzing: Fuzzing, shim: ShimProcess, hello: Hello) -> Contestant:
    """The target of a shim that is at work."""
    return _BehindShim(fuzzing, shim, hello)


class Duel:
    """One play.

    Args:
        fuzzing: the protocol.
        part: who plays, by name.
        target: whom it is about.
        reading: the tables are read so.
        watched: the plaintext oracle watches.

    Attributes:
        stage: on which the target plays.
        twin: on which the tables predict; the same, where the target is the tables.
        script: the names of the moves that were played.
        cut: why nothing more can be compared; "" while it can.
        promises: what must hold whatever the tables say.
        excused: patterns of what the oracle and the promises may say: it is passed over.
        ends: patterns of rows; nothing is compared once some have been taken in their order.

    Raises:
        UnknownPart: if nobody of that name plays.
        ShimError: as the target's shim does.
        Crashed: if the target cannot even be made.
    """

    def __init__(
        self,
        fuzzing: Fuzzing,
        part: str,
        target: Contestant,
        *,
        reading: Variant = NONE,
        watched: bool = True,
    ) -> None:
        self.fuzzing, self.target = fuzzing, target
        self.excused: tuple[str, ...] = ()
        self.ends: tuple[tuple[str, ...], ...] = ()
        self._ended: list[int] = []
        self._members: set[object] = set()
        grader, cast = fuzzing.plan.grader, fuzzing.read_part(part).cast
        self.part = part
        terms = target.terms
        lab = target.lab(terms)
        predicting = lab if fuzzing.as_it_is(cast) else terms
        self._apart = predicting is not lab
        terms.suite.choices.clear()
        terms.suite.ask = self._ask if lab is not terms else _first
        self.stage: AnyStage = self._guarded(lambda: grader.set_stage(lab, cast, target.party))
        self.twin: AnyStage = self.stage
        if not target.predictable or reading is not NONE:
            self.twin = grader.set_stage(predicting, cast, grader.reference_target(reading))
        if watched and grader.watch is not None:
            self.stage.watched(grader.watch(lab, cast))
        self.script: list[str] = []
        self.cut = ""
        self.promises = Promises.of(
            fuzzing, self.stage, fair=not cast.variant.edits, inside=target.predictable
        )
        self._comparing = Comparing(grader.compared)
        self._heard: list[tuple[list[Any], int]] = [([], 0), ([], 0)]
        self._able = target.capabilities

    @property
    def rows(self) -> list[str]:
        """The rows that the tables took in the target's place, in order."""
        return [fired.row for fired in self.twin.fired]

    @property
    def log(self) -> list[str]:
        """What happened, for people."""
        return self.stage.log

    def can(self, name: str) -> bool:
        """Whether a move is worth trying now."""
        move = self.fuzzing.vocabulary[name]
        if self._able is not None and not self._able.issuperset(move.needs):
            return False
        return bool(move.when(self.twin))

    def play(self, name: str) -> bool:
        """Play a move; False if it cannot be played: nothing has happened then.

        Raises:
            Differs: the target does not do what the tables do, or the plaintext oracle objects.
            Crashed: the target ends with another error than ours; it is within this process.
            ShimError: the target's shim is at an end, or at fault.
            UnknownMove: there is no such move.
        """
        move = self.fuzzing.vocabulary[name]
        before, fired = len(self.twin.observations), len(self.twin.fired)
        seen = len(self.stage.observations)
        stuck = self._guarded(lambda: _played(move, self.stage))
        alone = stuck if self.twin is self.stage else _played(move, self.twin)
        if str(stuck) in {UNLUCKY, UNFORGED} - {str(alone)}:
            self.cut = f"{stuck}: nothing is said about the target"
        if stuck and alone and len(self.twin.observations) == before:
            return False
        self.script.append(name)
        rows = tuple(dict.fromkeys(each.row for each in self.twin.fired[fired:]))
        self._end(fired)
        try:
            if not self.cut:
                self._compare(before, seen, stuck, alone, rows)
            if self.cut != KNOWN:
                self._oracle(rows, stuck)
        except Differs as error:
            error.before = tuple(each.row for each in self.twin.fired[:fired])
            error.amount = max(self._comparing.amount, 1)
            raise
        if stuck or alone:
            self.cut = self.cut or str(alone or stuck)
        elif self._astray:
            self.cut = self.cut or MORE
        return True

    def _words(self, fired: int) -> Iterator[str]:
        """The rows that were taken, and where another instance of the peer's takes part."""
        for each in self.twin.fired[fired:]:
            yield each.row
            if each.member and each.member not in self._members:
                self._members.add(each.member)
                if len(self._members) > 1:
                    yield ANOTHER

    def _end(self, fired: int) -> None:
        """See whether rows were taken behind which nothing is compared."""
        if self.cut or not self.ends:
            return
        rows = list(self._words(fired))
        self._ended += [0] * (len(self.ends) - len(self._ended))
        for at in range(len(rows)):
            for number, patterns in enumerate(self.ends):
                known = self._ended[number]
                self._ended[number] += known < len(patterns) and fits(patterns[known], rows, at)
        if any(at == len(ends) for at, ends in zip(self._ended, self.ends, strict=True)):
            self.cut = KNOWN

    def _compare(
        self,
        before: int,
        seen: int,
        stuck: Stuck | None,
        alone: Stuck | None,
        rows: tuple[str, ...],
    ) -> None:
        """Hold what was observed against what the tables predict."""
        if self.twin is self.stage:
            return
        wanted, found = self.twin.observations[before:], self.stage.observations[seen:]
        for number, (want, got) in enumerate(zip(wanted, found, strict=False)):
            both = alike(raw(want), raw(got)) if self._apart else (unread(want), unread(got))
            because = self._comparing.next(*both)
            if because:
                error = Differs(f"{want.step}: {because}", rows)
                error.reached = number
                raise error
        if (stuck is None) is not (alone is None) or len(wanted) != len(found):
            message = str(stuck or f"the tables cannot go on: {alone}")
            raise Differs(message, rows)

    def _oracle(self, rows: tuple[str, ...], stuck: Stuck | None) -> None:
        """What must not be, whatever the tables predict."""
        watch = self.stage.watch
        sentences = [each.sentence for each in watch.violations] if watch is not None else []
        sentences += self.promises.all_broken(self.script[-1], self.stage)
        for sentence in sentences:
            if not any(fnmatchcase(plain(sentence), each) for each in self.excused):
                raise Differs(sentence, rows, oracle=True)
        if self.target.predictable and isinstance(stuck, Storm):
            raise Differs(str(stuck), rows, oracle=True)

    @property
    def _astray(self) -> bool:
        """Whether other messages are on their way than in the prediction."""
        ours, theirs = self.stage, self.twin
        return (
            len(ours.to_target) != len(theirs.to_target)
            or len(ours.to_tester) != len(theirs.to_tester)
            or len(ours.passed) != len(theirs.passed)
        )

    def _guarded(self, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is asked for
        """Whatever else than our own errors a target within this process raises is its crash."""
        try:
            return ask()
        except OtrSpecError as error:
            if isinstance(error, ShimError) or isinstance(self.target, _BehindShim):
                raise
            raise Crashed(str(error)) from error
        except Exception as error:
            if isinstance(self.target, _BehindShim):
                raise
            message = f"{type(error).__name__}: {error}"
            raise Crashed(message) from error

    # How hashes compare.

    def _ask(self, higher: Any, lower: Any) -> bool:  # noqa: ANN401 - terms
        """How two hashes compare on the target's stage, which are compared here as terms."""
        real_, terms = (self._offers(n, s) for n, s in enumerate((self.stage, self.twin)))
        places = [_place(terms, each) for each in (higher, lower)]
        if any(place >= len(real_) for place in places) or places[0] == places[1]:
            self.cut = UNSEEN
            return True
        suite: Any = self.stage.lab.suite
        return bool(suite.higher(*(real_[place] for place in places)))

    def _offers(self, which: int, stage: AnyStage) -> list[Any]:
        """The hashes that have passed on a stage, each once, in the order in which they did."""
        found, looked = self._heard[which]
        for wires in stage.passed[looked:]:
            for offer in self.fuzzing.offered(stage, wires):
                if not any(stage.lab.suite.same(offer, known) for known in found):  # type: ignore[attr-defined] # every suite of a protocol has it
                    found.append(offer)
        self._heard[which] = found, len(stage.passed)
        return found


def _played(move: Move[Any], stage: AnyStage) -> Stuck | None:
    """Play a move; why it cannot be played, or None if it can."""
    try:
        move.play(stage)
    except Stuck as reason:
        return reason
    return None


def raw(seen: Observation) -> Observation:
    """An observation in which messages of OTR that are shown as they are have no octets."""
    reports = _readable(seen.reports)
    return unread(seen if reports is seen.reports else replace(seen, reports=reports))


def unread(seen: Observation) -> Observation:
    """The same of what the peer's user was shown: those octets are up to whoever sent them."""
    peer = _readable(seen.peer)
    return seen if peer is seen.peer else replace(seen, peer=peer)


def _readable(reports: tuple[str, ...]) -> tuple[str, ...]:
    """Reports without the octets of encoded messages, and free words of Queries and Errors.

    Encoded messages count once: one may be in more pieces over bytes than over terms.
    """
    if not any(report.startswith(_AS_IT_IS) for report in reports):
        return reports
    told = tuple(_said(report) for report in reports if not _ENCODED.match(report))
    return told if len(told) == len(reports) else (_SHOWN, *told)


def _said(report: str) -> str:
    """What a Query or an Error Message says that is shown as it is; any other report whole."""
    found = _SAID.match(report)
    return found[0] if found else report


def alike(want: Observation, got: Observation) -> tuple[Observation, Observation]:
    """Two observations in which texts that were put together of pieces of others are called alike.

    Over terms they cannot be read; that as many are shown is still compared.
    """
    mixed = sum(report.startswith(_CONCAT) for report in want.reports)
    if not mixed:
        return want, got
    told = tuple(_MIXED if report.startswith(_CONCAT) else report for report in want.reports)
    seen: list[str] = []
    for report in got.reports:
        other = report.startswith(_OPEN) and report not in told
        seen.append(_MIXED if other and seen.count(_MIXED) < mixed else report)
    return replace(want, reports=told), replace(got, reports=tuple(seen))


def _first(_higher: object, _lower: object) -> bool:
    """The first, in the target's world as in the prediction: both have the same terms."""
    return True


def _place(terms: list[Any], wanted: object) -> int:
    """Where a hash is; that which has not passed yet is the next."""
    return next((n for n, known in enumerate(terms) if known is wanted), len(terms))
