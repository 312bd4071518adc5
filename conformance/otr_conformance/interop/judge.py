"""Plays a script, predicts it, and finds out whose fault a difference is.

The prediction is the same script played by two references over symbolic terms, where nobody
deviates. Both sides are then compared with it, step by step, as the suite compares a target
(`otr_conformance.play.grade`). Where a side has sent heartbeats that the
tables do not have, both sides replace keys at other times than predicted, and key ids are not
compared from there on.

The first difference shows where something went wrong, not always who did it: if Bob cannot read a
message, Alice may have encrypted it badly. What the monitor finds by itself (`wires.py`) is its
sender's fault. For everything else the judge asks for a second opinion: each side plays the script
once more, with the reference opposite, which does nothing wrong. Who differs there is at fault, and
if both do, who differs at the same step. If neither does, the two play once more: either they fail
only together, or not every time. The side where it showed first is named, with a word about that.

Where the text is ambiguous, a side that follows the letter is noted, not failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from otr_conformance.play.case import Level
from otr_conformance.play.grade import Played
from otr_conformance.play.stage import Observation, Stuck
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.shim.errors import ShimError, ShimRefused
from otr_conformance.shim.vocabulary import ErrorWord
from otr_conformance.verdict import Verdict
from otr_model.clauses import answers, citing
from otr_model.kernel.variant import NONE, EditRow, Variant
from otr_model.kernel.vocabulary import Observer
from otr_reference.engine import Unprepared
from otr_reference.errors import OtrSpecError

from .meeting import ALICE, PEERS, Meeting, Redraw
from .rules import Seat, identity_of
from .wires import CITED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from otr_conformance.play.stage import AnyParty
    from otr_model.trace import Fired

    from .meeting import Moment
    from .rules import AnyRules
    from .scripts import Script

__all__ = ["SOMETIMES", "TOGETHER", "Judge", "Outcome", "Seated", "Violation"]

Seated: TypeAlias = "Callable[[AnyRules, Seat], AnyParty]"
"""Puts a fresh party of a target on a seat."""

OF_KEYS: Final = frozenset(
    {"revealed", "refused", "renewed", "addressed", "exposed", "repeated", "strange"}
)
"""What of an observation depends on which keys are in use."""
BY_MONITOR: Final = frozenset({"exposed", "repeated"})
"""What of an observation the monitor finds by itself."""
DRAWS: Final = 64
"""How often a script is begun until random numbers are as it wants them: each time they may be."""
TOGETHER: Final = "only with this peer"
SOMETIMES: Final = "not every time"
WORST: Final = (Verdict.HARNESS_ERROR, Verdict.CRASH, Verdict.HANG, Verdict.FAIL, Verdict.NOTE)


@dataclass(frozen=True, slots=True)
class Violation:
    """What one side did that it should not have done.

    Attributes:
        who: Alice or Bob.
        verdict: what that is.
        step: where in the script.
        says: what differs, in a sentence.
        check: the monitor's check that found it; "" if the tables did.
        row: what the tables do there; "" where that cannot be said.
        clauses: the sentences of the text that ask for it.
        ambiguity: the ambiguity that is read the other way.
        when: `TOGETHER` or `SOMETIMES`, where the side does no such thing with the reference.
    """

    who: str
    verdict: Verdict
    step: str
    says: str
    check: str = ""
    row: str = ""
    clauses: tuple[str, ...] = ()
    ambiguity: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a script.

    Attributes:
        verdict: the worst of the violations, or a pass.
        violations: what was done wrong, and by whom.
        because: why there is no verdict; "" otherwise.
        log: what happened, for people.
    """

    verdict: Verdict
    violations: tuple[Violation, ...] = ()
    because: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    """Something wrong.

    Attributes:
        step: where it was found.
        violation: what it is.
        at: the place of what shows it among all that both sides did.
    """

    step: int
    violation: Violation
    at: float = inf


@dataclass
class _Record:
    """A play: what was seen of each side."""

    played: dict[str, Played] = field(default_factory=dict)
    moments: dict[str, list[Moment]] = field(default_factory=dict)
    breaches: list[_Finding] = field(default_factory=list)
    stuck: str = ""
    log: tuple[str, ...] = ()


class Unlucky(OtrSpecError):
    """A script wants random numbers that never came."""


class _Fallen(Exception):
    """A side's shim is at an end, or says that it cannot do what it is asked for."""

    def __init__(self, who: str, error: ShimError) -> None:
        super().__init__(who, error)
        self.who = who
        self.error = error


class _Guarded:
    """A party whose errors say whose they are."""

    def __init__(self, who: str, party: AnyParty) -> None:
        self.who = who
        self.party = party

    def command(self, command: Any) -> Any:  # noqa: ANN401 - of the protocol
        return self._try(self.party.command, command)

    def receive(self, wire: Any) -> Any:  # noqa: ANN401 - of the suite
        return self._try(self.party.receive, wire)

    def wait(self, seconds: int) -> Any:  # noqa: ANN401 - as a party
        return self._try(self.party.wait, seconds)

    def _try(self, ask: Callable[[Any], Any], given: object) -> Any:  # noqa: ANN401 - as a party
        try:
            return ask(given)
        except ShimError as error:
            raise _Fallen(self.who, error) from error


@dataclass(frozen=True)
class Judge:
    """Judges one script, played by two targets.

    Attributes:
        rules: of the protocol.
        script: what is played.
        seats: of both.
        targets: what puts each on its seat; None: the reference.
    """

    rules: AnyRules
    script: Script
    seats: Mapping[str, Seat]
    targets: Mapping[str, Seated | None]

    def outcome(self) -> Outcome:
        """Play, and say what came of it."""
        try:
            seen = self._play(self.targets)
        except _Fallen as fallen:
            return _of_fallen(fallen)
        except Unlucky as unlucky:
            return Outcome(Verdict.HARNESS_ERROR, because=str(unlucky))
        found = list(
            {(e.violation.who, e.violation.check): e for e in seen.breaches[::-1]}.values()
        )
        differs = self._differences(seen)
        if differs:
            found += self._tried(differs, seen)
        if not found:
            return Outcome(Verdict.PASS, log=seen.log)
        in_order = sorted(found, key=lambda each: each.step)
        violations = tuple(dict.fromkeys(self._graded(each.violation) for each in in_order))
        verdict = min((each.verdict for each in violations), key=WORST.index)
        return Outcome(verdict, violations, log=seen.log)

    # Playing.

    def _play(self, targets: Mapping[str, Seated | None]) -> _Record:
        """Play with targets, and once more where random numbers are not as the script wants them.

        Raises:
            _Fallen: a shim is at an end.
            Unlucky: they never are.
        """
        for draw in range(DRAWS):
            try:
                return self._played_once(targets, draw)
            except Redraw:
                continue
        message = f"no random numbers were as wanted, {DRAWS} times"
        raise Unlucky(message)

    def _played_once(self, targets: Mapping[str, Seated | None], draw: int) -> _Record:
        rules, parties = self.rules, {}
        for name, given in self.seats.items():
            seat = replace(given, draw=draw)
            make = targets[name]
            try:
                party = rules.reference(rules.real, seat) if make is None else make(rules, seat)
            except ShimError as error:
                raise _Fallen(name, error) from error
            parties[name] = party
        watch = rules.watch({name: identity_of(party) for name, party in parties.items()})
        guarded: dict[str, Any] = {name: _Guarded(name, p) for name, p in parties.items()}
        meeting = Meeting(rules.real, rules.views(rules.real, guarded), watch)
        return _recorded(self.script, meeting)

    def _predicted(self, **variants: Variant) -> _Record:
        return _prediction(
            self.rules,
            self.script,
            tuple(self.seats.values()),
            tuple(sorted(variants.items(), key=lambda item: item[0])),
        )

    # Comparing.

    def _differences(self, seen: _Record, **variants: Variant) -> tuple[_Finding, ...]:
        """What differs from the tables in the first step in which anything does, in its order."""
        wanted = self._predicted(**variants)
        found = {name: _compared(self.rules, wanted, seen, name) for name in self.seats}
        first = min((where[0] for where in found.values() if where), default=-1)
        findings = (
            self._finding(name, *where, wanted, seen)
            for name, where in found.items()
            if where and where[0] == first
        )
        return tuple(sorted(findings, key=lambda each: each.at))

    def _finding(self, who: str, step: int, says: str, wanted: _Record, seen: _Record) -> _Finding:
        where, _, what = says.partition(": ")
        rows, at = _shown(wanted.moments[who], seen.moments[who], step)
        cited = _deciding(self.rules.name, rows)
        violation = Violation(
            who,
            Verdict.FAIL,
            where if what else "",
            what or says,
            row=cited,
            clauses=_clauses(self.rules.name, (cited,)),
        )
        return _Finding(step, violation, at)

    def _tried(self, found: tuple[_Finding, ...], seen: _Record) -> list[_Finding]:
        """Whose fault differences are: each side is held against the reference."""
        first = found[0]
        literal = self._literal(seen)
        if literal is not None:
            who, ambiguity = literal
            noted = _blamed(found, who)
            read = replace(noted.violation, verdict=Verdict.NOTE, ambiguity=ambiguity)
            return [replace(noted, violation=read)]
        suspects = [name for name, target in self.targets.items() if target is not None]
        if len(suspects) == 1:
            return [_blamed(found, suspects[0])]
        alone = {name: self._alone(name) for name in suspects}
        guilty = [name for name, step in alone.items() if step == first.step]
        guilty = guilty or [name for name, step in alone.items() if step is not None]
        if guilty:
            return [_blamed(found, name) for name in guilty]
        blamed = _blamed(found, first.violation.who)
        when = TOGETHER if self._again() else SOMETIMES
        return [replace(blamed, violation=replace(blamed.violation, when=when))]

    def _again(self) -> bool:
        """Whether the two differ from the tables once more."""
        try:
            return bool(self._differences(self._play(self.targets)))
        except (_Fallen, Unlucky):
            return True

    def _alone(self, who: str) -> int | None:
        """The step at which a side differs with the reference opposite; None if it does not."""
        targets = {name: self.targets[name] if name == who else None for name in PEERS}
        try:
            seen = self._play(targets)
        except _Fallen:
            return -1
        except Unlucky:
            return None
        found = self._differences(seen)
        return found[0].step if found else None

    def _literal(self, seen: _Record) -> tuple[str, str] | None:
        """A side and an ambiguity that explain every difference, if it reads that to the letter."""
        taken = {
            who: {fired.row for moment in moments for fired in moment.rows}
            for who, moments in self._predicted().moments.items()
        }
        for ambiguity, variant in self.rules.grader.literal.items():
            for who in self.seats:
                try:
                    if _concerns(variant, taken[who]) and not self._differences(
                        seen, **{who: variant}
                    ):
                        return who, ambiguity
                except Unprepared:  # the letter leads where nothing says how to go on
                    continue
        return None

    def _graded(self, violation: Violation) -> Violation:
        """A violation of what is only recommended is a note, unless it is seen on the wire."""
        if self.script.level is Level.SHOULD and not violation.check:
            return replace(violation, verdict=Verdict.NOTE)
        return violation


@lru_cache(maxsize=4096)
def _prediction(
    rules: AnyRules,
    script: Script,
    seats: tuple[Seat, ...],
    variants: tuple[tuple[str, Variant], ...],
) -> _Record:
    """What the tables say of a script."""
    lab = rules.grader.terms()
    deviant = dict(variants)
    parties = {
        seat.name: rules.reference(lab, seat, deviant.get(seat.name, NONE)) for seat in seats
    }
    return _recorded(script, Meeting(lab, rules.views(lab, parties)))


def _recorded(script: Script, meeting: Meeting) -> _Record:
    """Play a script to its end, or as far as it goes."""
    record = _Record()
    watch: Any = meeting.watcher
    if watch is not None:
        meeting.watcher = _Noting(watch, meeting, record)
    try:
        script.play(meeting)
    except Stuck as reason:
        record.stuck = str(reason)
    for name, view in meeting.views.items():
        record.played[name] = Played(tuple(view.observations), record.stuck, (), (), ())
        record.moments[name] = view.moments
    record.log = tuple(meeting.log)
    return record


class _Noting:
    """Keeps what the monitor finds, with the step at which it does."""

    def __init__(self, watch: Any, meeting: Meeting, record: _Record) -> None:  # noqa: ANN401 - of the protocol
        self.watch = watch
        self.meeting = meeting
        self.record = record
        self.typed = watch.typed

    def passed(self, who: str, reaction: Any, messages: list[Any]) -> None:  # noqa: ANN401 - as a watcher
        """Look, and keep."""
        self.watch.passed(who, reaction, messages)
        view = self.meeting.views[who]
        for breach in self.watch.breaches:
            says = f"it {breach.says}"
            self.meeting.log.append(f"  monitor: {who}: {breach.check}: {says}")
            cited = CITED.get(breach.check, ())
            name = type(self.watch).__name__
            clauses = _clauses("otrv4" if name.endswith("4") else "otrv3", cited)
            violation = Violation(
                breach.who,
                Verdict.FAIL,
                view.seen.step,
                says,
                check=breach.check,
                clauses=clauses,
            )
            self.record.breaches.append(_Finding(len(view.observations), violation))
        self.watch.breaches.clear()


def _of_fallen(fallen: _Fallen) -> Outcome:
    """What it means that a shim is at an end, or refuses."""
    error = fallen.error
    verdict = error.verdict
    if isinstance(error, ShimRefused) and error.error is ErrorWord.REFUSED:
        verdict = Verdict.FAIL
    if verdict is Verdict.UNSUPPORTED:
        return Outcome(verdict, because=f"{fallen.who}: {error}")
    return Outcome(verdict, (Violation(fallen.who, verdict, "", str(error)),))


# Comparing one side.


def _compared(rules: AnyRules, wanted: _Record, seen: _Record, who: str) -> tuple[int, str] | None:
    """The first step at which a side differs, and how."""
    want, got = wanted.played[who].observations, seen.played[who].observations
    ahead = _ahead(rules.data, wanted, seen)
    want, got = (
        _without(OF_KEYS, _without(BY_MONITOR, observations), ahead) for observations in (want, got)
    )
    for step in range(1, min(len(want), len(got)) + 1):
        says = rules.grader.difference(
            replace(wanted.played[who], observations=want[:step], stuck=""),
            replace(seen.played[who], observations=got[:step], stuck=""),
        )
        if says:
            return step - 1, says
    return (len(got), seen.stuck) if seen.stuck else None


def _ahead(data: tuple[str, ...], wanted: _Record, seen: _Record) -> int:
    """The first step at which a side has sent more Data Messages than predicted."""
    counts = dict.fromkeys(PEERS, 0)
    steps = min(len(each.played[ALICE].observations) for each in (wanted, seen))
    for step in range(steps):
        for who in PEERS:
            for sign, record in ((1, seen), (-1, wanted)):
                kinds = record.played[who].observations[step].wires
                counts[who] += sign * sum(kind in data for kind in kinds)
        if any(counts[who] for who in PEERS):
            return step
    return steps


def _without(
    names: Collection[str], observations: tuple[Observation, ...], beginning: int = 0
) -> tuple[Observation, ...]:
    """The same, with nothing in some attributes from a step on."""
    blank: dict[str, Any] = {
        each.name: each.default for each in fields(Observation) if each.name in names
    }
    rest = (replace(each, **blank) for each in observations[beginning:])
    return (*observations[:beginning], *rest)


def _blamed(found: tuple[_Finding, ...], who: str) -> _Finding:
    """What differs first, as one side's fault: what it did, or what it made its peer do."""
    first = found[0]
    says = _subject(first.violation.says, "it" if first.violation.who == who else "its peer")
    return replace(first, violation=replace(first.violation, who=who, says=says))


def _subject(says: str, who: str) -> str:
    """A sentence about a target, as one about a side or its peer."""
    whose = "its" if who == "it" else f"{who}'s"
    for stands, better in (
        ("the target's user was", f"{whose} user was"),
        ("the target ", f"{who} "),
        ("of the tester's Data", "of the other side's Data"),
        (" of the tester's with", " of the other side's with"),
    ):
        says = says.replace(stands, better)
    return says


def _concerns(variant: Variant, rows: Collection[str]) -> bool:
    """Whether somebody who takes only these rows could do otherwise under a variant."""
    return any(
        not isinstance(edit, EditRow) or edit.when is not None or edit.row in rows
        for edit in variant.edits
    )


# What the tables have there.


def _shown(want: list[Moment], got: list[Moment], step: int) -> tuple[tuple[Fired, ...], float]:
    """What shows first that a side did otherwise: what the tables do there, and its place."""
    here = [each for each in want if each.step == step]
    there = [each for each in got if each.step == step]
    for number in range(max(len(here), len(there))):
        predicted = here[number] if number < len(here) else None
        seen = there[number] if number < len(there) else None
        if predicted is None or seen is None:
            return predicted.rows if predicted else (), seen.at if seen else inf
        if (predicted.wires, predicted.reports) != (seen.wires, seen.reports):
            return predicted.rows, seen.at
    return (), inf


def _deciding(protocol: str, rows: tuple[Fired, ...]) -> str:
    """Of several rows in a chain, a check that failed, or the last that anybody can observe."""
    if not rows:
        return ""
    failed = next((fired.failed for fired in rows if fired.failed), "")
    if failed:
        return f"{protocol}.check:{failed}"
    composition = PROTOCOLS[protocol].model.composition
    for fired in reversed(rows):
        try:
            row = composition.row(fired.row)
        except KeyError:  # of version 3, within version 4
            continue
        if any(effect.spec.seen is not Observer.NOBODY for effect in row.do):
            return fired.row
    return rows[-1].row


@lru_cache(maxsize=1024)
def _clauses(protocol: str, cited: tuple[str, ...]) -> tuple[str, ...]:
    """The ids of the sentences that cite any of these most closely."""
    found: dict[str, int] = {}
    for registry in PROTOCOLS[protocol].model.registries:
        for name in filter(None, cited):
            for clause in citing(registry, name):
                close = max(len(re.split("[.:]", c)) for c in clause.cites if answers(name, c))
                found[clause.id] = max(found.get(clause.id, 0), close)
    closest = max(found.values(), default=0)
    return tuple(each for each, close in found.items() if close == closest)
