"""Several targets that talk on a hostile network, and beside them as many references over terms.

    play = Together(fuzzing, "v3", group)
    play.play("alice starts")
    play.play("to bob 0")

Every move is played by both, as in `.duel`. Each endpoint is the target of a view of its own
(`otr_conformance.interop.meeting.View`), so that what is seen of it is compared with the prediction
of the tables as for any target, and promises are kept an eye on (`.together_promises`). What
differs raises `Deviates`, which says whose view it was seen in. Whose fault it is, is for whoever
plays to find out (`.together_group`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from otr_conformance.interop.meeting import ALICE, BOB
from otr_conformance.play.compare import Comparing
from otr_conformance.play.stage import STORM, Storm, Stuck
from otr_conformance.shim.errors import ShimError
from otr_reference.errors import OtrSpecError

from .duel import ANOTHER, KNOWN, MORE, UNSEEN, Crashed, Differs, raw
from .finds import fits, plain
from .together_cast import THIRD
from .together_promises import Ledger, sides

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from otr_conformance.derive.plan import Move
    from otr_conformance.interop.meeting import View
    from otr_conformance.interop.rules import AnyRules, Seat
    from otr_conformance.interop.wires import Identity
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyParty, Observation, Reaction
    from otr_model.trace import Fired
    from otr_reference.sorts import Wire

    from .together_cast import Gathering
    from .vocabulary import Fuzzing

__all__ = ["PEERS_OF", "Company", "Deviates", "Fallen", "Made", "Together"]

PATIENT: Final = 4
"""How many times as many deliveries three may need, before they are taken never to come to rest."""
PEERS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    ALICE: (BOB, THIRD),
    BOB: (ALICE,),
    THIRD: (ALICE,),
}
"""Whom it reaches what somebody sends: both of Bob's clients hear Alice."""
NO_ENDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {}
NO_PAUSES: Final[Mapping[str, int]] = {}
TALKS_TO: Final[Mapping[str, str]] = {ALICE: BOB, BOB: ALICE, THIRD: ALICE}


class Deviates(Differs):
    """What one endpoint did, or was made to do, is not what the tables do.

    Attributes:
        who: in whose view it was seen.
        known: the rows that the tables took last, for each of them.
        taken: the rows that they took before these, for each.
        own: whoever it was seen of did it, and nobody made it do so.
    """

    def __init__(
        self, who: str, because: str, known: Mapping[str, tuple[str, ...]], *, oracle: bool
    ) -> None:
        super().__init__(because, known.get(who, ()), oracle=oracle)
        self.who = who
        self.known = known
        self.taken: Mapping[str, tuple[str, ...]] = {}
        self.own = False


class Fallen(OtrSpecError):
    """A target is at an end, or at fault: `error` says how."""

    def __init__(self, who: str, error: OtrSpecError) -> None:
        super().__init__(str(error))
        self.who = who
        self.error = error


@dataclass(frozen=True, slots=True)
class Made:
    """A party, and who it says that it is."""

    party: AnyParty
    identity: Identity


def _guarded(who: str, party: Any) -> Any:  # noqa: ANN401 - of the protocol
    """The same party; its errors say whose they are from now on."""
    for name in ("command", "receive", "wait"):
        setattr(party, name, partial(_tried, who, getattr(party, name)))
    return party


def _tried(who: str, ask: Callable[[Any], Reaction], given: object) -> Reaction:
    """Ask a party.

    Raises:
        Stuck: as a party does that cannot be asked for it.
        Fallen: it is at an end, or at fault.
    """
    try:
        return ask(given)
    except Stuck:
        raise
    except ShimError as error:
        raise Fallen(who, error) from error
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise Fallen(who, Crashed(message)) from error


class _Ear:
    """Where a stage has its plaintext oracle: tells the ledger what users ask for."""

    def __init__(self, who: str, ledger: Ledger) -> None:
        self.who, self.ledger = who, ledger
        self.step = ""

    def asked(self, command: object) -> None:
        """The user asks for something."""
        self.ledger.asked(self.who, command)

    def arrived(self, _wire: object, _message: object) -> None:
        """What arrives is of no interest."""

    def reported(self, _reports: object) -> None:
        """The ledger is told by the company."""

    def sent(self, _message: object) -> None:
        """As above."""


class Company:
    """Those who talk, and what is on its way to each.

    Args:
        rules: of the protocol.
        lab: the suite at work.
        gathering: who meets.
        make: makes the party for a seat.
        pauses: seconds that pass before one is asked for another key exchange, by name.
        listening: promises are kept an eye on.

    Attributes:
        views: what is seen of each, by name; `to_target` of each is what is on its way there.
        ledger: what must hold among them; None: nobody looks.
        passed: everything that anybody sent at once, and what reached anybody, in order.
        order: of every observation, in whose view it was made.
        pieces: in how many pieces went what somebody sent, by name and number of the observation.
        log: everything in order, for people.

    Raises:
        Fallen: if one cannot be made.
    """

    def __init__(  # noqa: PLR0913 - everything that can differ from the start
        self,
        rules: AnyRules,
        lab: Lab,
        gathering: Gathering,
        make: Callable[[str, Lab, Seat], AnyParty],
        *,
        pauses: Mapping[str, int] = NO_PAUSES,
        listening: bool = True,
    ) -> None:
        self.pauses = pauses
        self.lab, self.gathering = lab, gathering
        self.log: list[str] = []
        self.passed: list[tuple[Wire, ...]] = []
        self.order: list[str] = []
        self.pieces: dict[tuple[str, int], int] = {}
        self.texts = 0
        parties: dict[str, Any] = {}
        for name, seat in gathering.seats.items():
            try:
                parties[name] = _guarded(name, make(name, lab, seat))
            except (ShimError, Crashed) as error:
                raise Fallen(name, error) from error
        identities = {name: party.identity for name, party in parties.items()}
        self.parties: Mapping[str, Any] = parties
        self.views: dict[str, View] = rules.views(lab, parties, TALKS_TO)
        self.ledger = Ledger(lab, gathering, identities) if listening else None
        counting = itertools.count()
        for name, view in self.views.items():
            self._seated(view, name, rules, counting)

    def _seated(self, view: Any, name: str, rules: AnyRules, counting: Iterator[int]) -> None:  # noqa: ANN401 - of the protocol
        view.count, view.listener, view.passed = counting, self._heard, self.passed
        view.waiter = self._waits
        if self.pauses.get(name):
            view.pauses(self.pauses[name])
        view.target_tag = self.gathering.seats[name].own_tag
        view.tester = self._opposite(TALKS_TO[name], rules)
        if self.ledger is not None:
            view.watch = _Ear(name, self.ledger)

    def _opposite(self, name: str, rules: AnyRules) -> Any:  # noqa: ANN401 - of the protocol
        """What moves ask about whoever is opposite: the reference on the same seat, if need be."""
        party = self.parties[name]
        if hasattr(party, "endpoint"):
            return party
        shown: Any = rules.reference(self.lab, self.gathering.seats[name])
        shown.ensemble = getattr(party, "ensemble", None)
        return shown

    # What happens.

    def types(self, who: str) -> None:
        """A user types something that nobody has typed before."""
        self.texts += 1
        text = f"{self.texts:04} of {who}'s"
        self.acts(who, lambda view: view.target_says(text))

    def loses(self, who: str) -> None:
        """Everything that is on its way to somebody is lost."""
        self.log.append(f"everything to {who} is lost")
        self.views[who].to_target.clear()

    def turns(self, who: str, to: str) -> None:
        """What a user asks for is meant for somebody's session from now on; "": any."""
        self.log.append(f"{who} turns to {to or 'whichever is preferred'}")
        self.parties[who].addressed = self.gathering.seats[to].own_tag if to else None

    def settle(self) -> None:
        """Everything is delivered, to each in turn the oldest, until nothing is on its way.

        Among three a second passes in each round: two clients of one user can make each other's
        messages unreadable for as long as texts are recent enough to be sent again.

        Raises:
            Storm: there is no end to it.
        """
        delivered, most = 0, STORM * (PATIENT if THIRD in self.views else 1)
        self.log.append("everything is delivered")
        while self.busy:
            for view in self.views.values():
                if view.to_target:
                    view.to_target_delivers()
                    self.order.append(view.name)
                    delivered += 1
            if delivered > most:
                message = f"after {most} deliveries there is no end to them"
                raise Storm(message)
            if THIRD in self.views:
                self.wait(1)

    def wait(self, seconds: int) -> None:
        """Time passes for everybody."""
        for view in self.views.values():
            with view.seeing(f"{seconds} seconds pass"):
                view.idles(seconds)
            self.order.append(view.name)

    def _waits(self, who: View, seconds: int) -> None:
        """Time passes for everybody else, before one is asked for another key exchange."""
        for view in self.views.values():
            if view is not who:
                with view.seeing(f"{seconds} seconds pass"):
                    view.idles(seconds)
                self.order.append(view.name)

    def acts(self, who: str, play: Callable[[Any], None]) -> None:
        """Something happens to one of them alone.

        Raises:
            Stuck: it cannot.
        """
        view = self.views[who]
        before = len(view.observations)
        try:
            play(view)
        finally:
            self.order += [who] * (len(view.observations) - before)

    @property
    def busy(self) -> bool:
        """Whether anything is on its way."""
        return any(view.to_target for view in self.views.values())

    def _heard(self, view: View) -> None:
        """One of them has done something: what it sent is on its way, and everybody takes note."""
        wires, view.to_tester = view.to_tester, []
        messages, view.messages = view.messages, []
        self.pieces[view.name, len(view.observations) - 1] = len(wires)
        for name in PEERS_OF[view.name]:
            if name in self.views:
                peer = self.views[name]
                peer.to_target.extend(wires)
                peer.hears_of(view.last.reports)
        self.log += (_named(line, view.name) for line in view.log)
        view.log.clear()
        if self.ledger is not None:
            self.ledger.passed(view.name, view.last, len(view.own))
            if len(messages) != len(wires):
                suite: Any = self.lab.suite
                for message in messages:
                    self.ledger.whole(view.name, suite.encode(message))

    # What was seen.

    def place(self, standing: Callable[[Any], Hashable]) -> Hashable:
        """Where all stand, as far as it decides what can happen next; they are references."""
        return tuple(
            (standing(view), tuple(map(view.kind, view.to_target))) for view in self.views.values()
        )

    def since(self, begin: int) -> Iterator[tuple[str, Observation, tuple[str, ...]]]:
        """What was observed, from a place in the order on: in whose view, what, and its rows."""
        places = Counter(self.order[:begin])
        for name in self.order[begin:]:
            view, place = self.views[name], places[name]
            first = view.marks[place - 1] if place else 0
            rows = tuple(each.row for each in view.fired[first : view.marks[place]])
            yield name, view.observations[place], rows
            places[name] += 1

    def fired(self) -> dict[str, int]:
        """How many rows each has taken."""
        return {name: len(view.fired) for name, view in self.views.items()}


def _named(line: str, who: str) -> str:
    """A line of a stage's log, with names."""
    peer = TALKS_TO[who]
    for stands, name in (
        ("target's user", f"{who}'s user"),
        ("the target", who),
        ("target -> tester", f"{who} -> {peer}"),
        ("the tester", peer),
    ):
        line = line.replace(stands, name)
    return line.replace(f"the {who}'s", f"{who}'s")


@dataclass
class _End:
    """Rows of somebody's behind which nothing is compared.

    Attributes:
        who: by name.
        patterns: of the rows, in order.
        reached: how many were taken.
    """

    who: str
    patterns: tuple[str, ...]
    reached: int = 0
    _members: set[int] = field(default_factory=set)

    def taken(self, fired: list[Fired]) -> bool:
        """Whether, after these rows, all were taken."""
        words = list(self._words(fired))
        for at in range(len(words)):
            if self.reached < len(self.patterns):
                self.reached += fits(self.patterns[self.reached], words, at)
        return self.reached == len(self.patterns)

    def _words(self, fired: list[Fired]) -> Iterator[str]:
        """The rows, and where another instance takes part."""
        for each in fired:
            yield each.row
            if each.member and each.member not in self._members:
                self._members.add(each.member)
                if len(self._members) > 1:
                    yield ANOTHER


class Together:
    """One play.

    Args:
        fuzzing: what the protocol states for so many.
        part: who plays, by name.
        made: of a gathering, those who play, and those who predict: the same where the tables
            themselves play.
        able: what they can do, as words with names: "alice:smp".
        ends: patterns of rows, by name; nothing is compared once some have been taken in order.
        inside: where the tables themselves play, they are looked into.

    Attributes:
        company: those who play.
        twin: those who predict.
        script: the names of the moves that were played.
        excused: patterns of what the promises may say, by name: it is passed over.
        cut: why nothing more can be compared; "" while it can.
        taken: the rows that the tables took in the last move, for each.

    Raises:
        UnknownPart: if nobody of that name plays.
        Fallen: if a target cannot be made.
    """

    def __init__(  # noqa: PLR0913 - what a group knows of those who play
        self,
        fuzzing: Fuzzing,
        part: str,
        made: Callable[[Gathering], tuple[Company, Company]],
        able: Callable[[str], bool],
        *,
        ends: Mapping[str, tuple[tuple[str, ...], ...]] = NO_ENDS,
        inside: bool = True,
    ) -> None:
        self.fuzzing, self.part = fuzzing, part
        self._ends = [_End(who, each) for who, several in ends.items() for each in several]
        gathering: Gathering = fuzzing.read_part(part).cast
        self.company, self.twin = made(gathering)
        self.script: list[str] = []
        self.cut = ""
        self.taken: dict[str, tuple[str, ...]] = {}
        self.excused: Mapping[str, tuple[str, ...]] = {}
        self._rows: dict[str, tuple[str, ...]] = {}
        self._before: Mapping[str, int] = {}
        self._earlier: dict[str, tuple[str, ...]] = {}
        self._able = able
        self._heard: list[tuple[list[Any], int]] = [([], 0), ([], 0)]
        compared = fuzzing.plan.grader.compared
        self._comparing = {name: Comparing(compared) for name in gathering.seats}
        alone = self.company is self.twin
        ledger = self.company.ledger
        self._sides = (
            {}
            if ledger is None
            else sides(fuzzing, self.company.views, ledger, inside=inside and alone)
        )
        terms: Any = self.twin.lab.suite
        terms.ask = _first if self.company.lab is self.twin.lab else self._ask

    @property
    def log(self) -> list[str]:
        """What happened, for people."""
        return self.company.log

    def can(self, name: str) -> bool:
        """Whether a move is worth trying now."""
        move = self.fuzzing.vocabulary[name]
        return all(map(self._able, move.needs)) and bool(move.when(self.twin))

    def play(self, name: str) -> bool:
        """Play a move; False if it cannot be played: nothing has happened then.

        Raises:
            Deviates: one does not do what the tables do, or breaks a promise.
            Fallen: a target is at an end, or at fault.
            UnknownMove: there is no such move.
        """
        move = self.fuzzing.vocabulary[name]
        twin, company = self.twin, self.company
        foreseen, seen = len(twin.order), len(company.order)
        fired = self._before = twin.fired()
        self._earlier = {}
        stuck = _played(move, company)
        alone = stuck if twin is company else _played(move, twin)
        if stuck and alone and len(twin.order) == foreseen:
            return False
        self.script.append(name)
        self.taken = {
            who: tuple(each.row for each in view.fired[fired[who] :])
            for who, view in twin.views.items()
        }
        for end in self._ends:
            if end.taken(twin.views[end.who].fired[fired[end.who] :]):
                self.cut = self.cut or KNOWN
        if twin is not company and not self.cut:
            self._compare(foreseen, seen)
            self._stopped(stuck, alone)
        if self.cut != KNOWN:
            self._promises(name)
        if twin is company and isinstance(stuck, Storm):
            raise self._deviates(ALICE, str(stuck), oracle=True)
        if stuck or alone:
            self.cut = self.cut or str(alone or stuck)
        elif self._astray:
            self.cut = self.cut or MORE
        return True

    # What is asked.

    def _compare(self, foreseen: int, seen: int) -> None:
        """Hold what was observed of each against what the tables predict, in order.

        Raises:
            Deviates: for the first of them whom something differs for.
        """
        pairs = zip(self.twin.since(foreseen), self.company.since(seen), strict=False)
        places = Counter(self.twin.order[:foreseen])
        for number, ((name, want, rows), (other, got, _)) in enumerate(pairs):
            if name != other:  # something was let pass before, so that the order is another one
                self.cut = MORE
                return
            self._rows[name] = tuple(dict.fromkeys(rows))
            says = self._comparing[name].next(*self._comparable(want, got))
            if says:
                sentence = f"{_named(want.step, name)}: {says}"
                own = says.startswith("the target revealed") and "before" in says
                error = self._deviates(name, sentence, own=own)
                error.reached = number
                raise error
            self._earlier[name] = (*self._earlier.get(name, ()), *rows)
            if want.wires != got.wires or self._cut_otherwise((name, places[name])):
                self.cut = MORE
                return
            places[name] += 1

    def _cut_otherwise(self, place: tuple[str, int]) -> bool:
        """Whether what was sent went in another number of pieces than is predicted."""
        return self.company.pieces.get(place, 0) != self.twin.pieces.get(place, 0)

    def _comparable(self, want: Observation, got: Observation) -> tuple[Observation, Observation]:
        """Two observations, without octets, and among three without what depends on key ids."""
        if self.company.lab is not self.twin.lab:
            want, got = raw(want), raw(got)
        if THIRD not in self.company.views:
            return want, got
        return replace(want, addressed=()), replace(got, addressed=())

    def _stopped(self, stuck: Stuck | None, alone: Stuck | None) -> None:
        """Where only one of the two could go on, something was let pass that mattered after all.

        Raises:
            Deviates: they never come to rest, and the tables do.
        """
        if isinstance(stuck, Storm) and alone is None:
            raise self._deviates(ALICE, str(stuck))
        if (stuck is None) is not (alone is None):
            self.cut = self.cut or str(stuck or alone)

    def _promises(self, name: str) -> None:
        """See that nothing has happened that must not.

        Raises:
            Deviates: if something has.
        """
        ledger = self.company.ledger
        broken = [] if ledger is None else ledger.broken
        for who, side in self._sides.items():
            broken += ((who, s, True) for s in side.all_broken(name, self.company.views[who]))
        for who, says, own in broken:
            if not any(fnmatchcase(plain(says), each) for each in self.excused.get(who, ())):
                raise self._deviates(who, says, oracle=True, own=own)
        broken.clear()

    def _deviates(
        self, who: str, says: str, *, oracle: bool = False, own: bool = False
    ) -> Deviates:
        if oracle:
            self._rows.update({n: tuple(dict.fromkeys(rows)) for n, rows in self.taken.items()})
            self._earlier = {}
        error = Deviates(who, says, dict(self._rows), oracle=oracle)
        error.own = own
        error.taken = {
            name: (
                *(each.row for each in view.fired[: self._before[name]]),
                *self._earlier.get(name, ()),
            )
            for name, view in self.twin.views.items()
        }
        error.before = error.taken[who]
        error.amount = max(self._comparing[who].amount, 1)
        return error

    @property
    def _astray(self) -> bool:
        """Whether other messages have been sent than in the prediction."""
        ours, theirs = self.company, self.twin
        return len(ours.passed) != len(theirs.passed) or any(
            len(view.to_target) != len(theirs.views[name].to_target)
            for name, view in ours.views.items()
        )

    # How hashes compare.

    def _ask(self, higher: Any, lower: Any) -> bool:  # noqa: ANN401 - terms
        """How two hashes compare among those who play, which are compared here as terms."""
        played, terms = (self._offers(n, c) for n, c in enumerate((self.company, self.twin)))
        places = [_place(terms, each) for each in (higher, lower)]
        if any(place >= len(played) for place in places) or places[0] == places[1]:
            self.cut = UNSEEN
            return True
        suite: Any = self.company.lab.suite
        return bool(suite.higher(*(played[place] for place in places)))

    def _offers(self, which: int, company: Company) -> list[Any]:
        """The hashes that have passed, each once, in the order in which they did."""
        found, looked = self._heard[which]
        view: Any = company.views[ALICE]
        suite: Any = company.lab.suite
        for wires in company.passed[looked:]:
            for offer in self.fuzzing.offered(view, wires):
                if not any(suite.same(offer, known) for known in found):
                    found.append(offer)
        self._heard[which] = found, len(company.passed)
        return found


def _played(move: Move[Any], company: Company) -> Stuck | None:
    """Play a move; why it cannot be played, or None if it can.

    Raises:
        Fallen: if a target is at an end, or at fault.
    """
    try:
        move.play(company)
    except Stuck as reason:
        return reason
    except Fallen:
        raise
    except OtrSpecError as reason:  # the network cannot make such a message
        return Stuck(str(reason))
    return None


def _first(_higher: object, _lower: object) -> bool:
    """The first: those who play have the same terms as those who predict."""
    return True


def _place(terms: list[Any], wanted: object) -> int:
    """Where a hash is; that which has not passed yet is the next."""
    return next((n for n, known in enumerate(terms) if known is wanted), len(terms))
