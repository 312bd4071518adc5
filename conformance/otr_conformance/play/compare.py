"""Comparing what was seen with what the tables predict, and what is let pass.

What is compared, step by step:

- the kinds of messages that the target sent, in any order within a step;
- what the target told its user, of the reports that matter (`Compared`);
- what the tester's user was told on receiving what the target sent, and which checks failed there:
  all of it, since the tester is ours;
- which MAC keys the target made public: each of those with which it accepted messages, once, never
  early, and never one of its own messages;
- which keys its Data Messages are under: for which key of the tester's, and how many of its own it
  has offered so far.

A target may do otherwise and be right. What is let pass is listed here, each with its reason, and
nothing else is (`TOLERANCES`).
"""

from __future__ import annotations

import re
from collections import Counter
from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .stage import Observation

__all__ = ["TOLERANCES", "Compared", "Comparing", "Comparison", "Tolerance", "compare"]

NOT_SENT = "warning not-sent"
REFRESHED = "still-"
RESENT = "resent"
PRIVATE_TEXT = "message private "
MALFORMED, ERROR_SENT, ERROR_SHOWN = "warning malformed", "Error", "error"
AGAIN = " again"
_ENCODED: Final = re.compile(r"message open \?OTR[:|,].*", re.DOTALL)
_AS_IT_IS: Final = "message open (what arrived, as it is)"
"""How a sentence calls a message of OTR that is shown as a text: nobody reads its octets."""

Differences = tuple[list[str], list[str]]
"""What is missing, and what is there beyond what was predicted."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One thing that a target may do otherwise than the tables, and be right.

    Attributes:
        name: of the entry.
        accepts: what is let pass, and how far.
        because: the reason.
    """

    name: str
    accepts: str
    because: str


HEARTBEAT: Final = Tolerance(
    "heartbeat",
    "more Data Messages than predicted that tell the peer's user nothing; while there are more, it "
    "is not compared which keys are in use, and how early MAC keys are public",
    "when heartbeats are sent is left to the implementation, and they move the keys on",
)
RETRANSMISSION: Final = Tolerance(
    "retransmission",
    "a message of the key exchange once more, unchanged, beside itself or when time passes",
    "the network may deliver any message twice, and whoever receives it has to bear that",
)
ORDER: Final = Tolerance(
    "order",
    "the messages and reports of one step in another order",
    "what is independent has no order that anybody could rely on",
)
MALFORMED_ANSWER: Final = Tolerance(
    "malformed-answer",
    "an Error Message in answer to what the tables find malformed",
    "the text says in one place that it is answered, and in another that it is ignored",
)
NOT_SENT_SAID: Final = Tolerance(
    "not-sent",
    "that the user is told of a text that it was not sent, in a step in which it was not",
    "it is true, and what users are told of it is left to the implementation",
)
REFRESH: Final = Tolerance(
    "refreshed",
    "that the user is not told that the conversation was refreshed, or is told that it is new; or "
    "that a new one was refreshed",
    "the text does not ask that users are told, nor that the two are told apart",
)
OTHER_REPORTS: Final = Tolerance(
    "other-reports",
    "more or fewer of those reports to the user that not every implementation must make alike",
    "what else users are told is a matter of taste",
)
RESENT_MARK: Final = Tolerance(
    "resent-mark",
    "words in front of a text that is sent belatedly, because it was stored",
    "the text says that it is sent, and not that its reader could not be told that it is late",
)
REFUSED_KEYS: Final = Tolerance(
    "refused-mac-keys",
    "that MAC keys of messages which the target refused become public, or do not",
    "a key that verified nothing need not be made public, and nobody accepts anything under it",
)
UNUSED_KEYS: Final = Tolerance(
    "unused-mac-keys",
    "that keys become public which no message was under, as long as none is later, or do not",
    "keys that were used are asked for; when others are forgotten is left to the implementation",
)

TOLERANCES: Final = (
    ORDER,
    HEARTBEAT,
    RETRANSMISSION,
    MALFORMED_ANSWER,
    NOT_SENT_SAID,
    REFRESH,
    OTHER_REPORTS,
    RESENT_MARK,
    REFUSED_KEYS,
    UNUSED_KEYS,
)
"""All that is let pass. Besides, a target may read an ambiguity to the letter; that is a note."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What of a protocol's observations is compared.

    Attributes:
        heartbeats: the kinds of Data Messages, of which a target may send more than predicted.
        texts: how the kinds of messages begin that can carry a text.
        sources: for each tolerance that the protocol's text speaks of, the clause or ambiguity, by
            its public id. A target that makes use of an ambiguity gets a note.
        compared: the first words of reports that every implementation must make alike.
        compared_in_full: further such reports, whole.
        compared_openings: how further such reports begin.
    """

    heartbeats: tuple[str, ...]
    texts: tuple[str, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    compared: tuple[str, ...] = (
        *("message", "secure", "still-secure", "finished", "error", "extra-key"),
    )
    compared_in_full: tuple[str, ...] = ("warning unencrypted", "warning unreadable", NOT_SENT)
    compared_openings: tuple[str, ...] = ("smp asked", "smp success", "smp failure")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        because: the first difference that matters, in a sentence; "" if there is none.
        step: the number of the step in which it is; -1 where there is none.
        part: how much of that step is as expected, in the order in which it is compared.
        amount: how many things are missing or too many there.
        alternatives: what was let pass until then, by name, each once.
    """

    because: str = ""
    step: int = -1
    part: int = 0
    amount: int = 0
    alternatives: tuple[str, ...] = ()


def compare(
    compared: Compared, expected: Iterable[Observation], seen: Iterable[Observation]
) -> Comparison:
    """Compare observations, step by step, until the first difference that matters."""
    comparing = Comparing(compared)
    for number, (want, got) in enumerate(zip(expected, seen, strict=False)):
        because = comparing.next(want, got)
        if because:
            part = next(n for n, what in enumerate(_PARTS) if because.startswith(what))
            because = f"{want.step}: {because}"
            return Comparison(because, number, part, comparing.amount, tuple(comparing.used))
    return Comparison(alternatives=tuple(comparing.used))


class Comparing:
    """A comparison under way.

    Attributes:
        compared: what of observations is compared.
        used: the tolerances that were made use of.
        ahead: how many Data Messages the target has sent beyond those that were predicted.
        amount: how many things differed in the last step.
    """

    def __init__(self, compared: Compared) -> None:
        self.compared = compared
        self.used: dict[str, None] = {}
        self.ahead = 0
        self.amount = 0
        self._resent = False
        self._errors = 0
        self._wanted = _Keys()
        self._found = _Keys()
        self._refused: set[int] = set()

    def forked(self) -> Comparing:
        """A copy, which goes on by itself."""
        new = copy(self)
        vars(new).update(
            used=dict(self.used),
            _wanted=self._wanted.forked(),
            _found=self._found.forked(),
            _refused=set(self._refused),
        )
        return new

    @property
    def astray(self) -> bool:
        """Whether equal observations may differ in what came before."""
        return self.ahead != 0 or self._wanted != self._found

    def next(self, want: Observation, got: Observation) -> str:
        """One more step: what differs, in words; "" if nothing that matters."""
        if want == got and not self.astray:
            self.pass_over(want)
            return ""
        return self.step(want, got)

    def _use(self, tolerance: Tolerance) -> None:
        self.used[tolerance.name] = None

    def pass_over(self, both: Observation) -> None:
        """A step without any difference."""
        self._resent = self._resent or RESENT in both.reports
        self._refused.update(both.refused)
        self._wanted.add(both, self._refused)
        self._found.add(both, self._refused)

    def step(self, want: Observation, got: Observation) -> str:
        """One step: what differs, in words; "" if nothing that matters."""
        self._resent = self._resent or RESENT in want.reports
        self._refused.update(want.refused)
        self._wanted.add(want, self._refused)
        self._found.add(got, self._refused)
        for what, how in _PARTS.items():
            missing, extra = how(self, want, got)
            if missing or extra:
                self.amount = len(missing) + len(extra)
                return f"{what} {_sentence(missing, extra)}"
        return ""

    # What is compared.

    def wires(self, want: Observation, got: Observation) -> Differences:
        """The kinds of messages."""
        heartbeats = self.compared.heartbeats
        self.ahead += _count(got.wires, heartbeats) - _count(want.wires, heartbeats)
        missing, extra = _both(want.wires, got.wires)
        left = []
        for kind in extra:
            if kind in heartbeats:
                self._use(HEARTBEAT)
            elif kind == ERROR_SENT and MALFORMED in want.reports:
                self._errors += 1
                self._use(MALFORMED_ANSWER)
            elif kind.endswith(AGAIN) and (
                got.waited or {kind, kind.removesuffix(AGAIN)} & (set(want.wires) - set(missing))
            ):
                self._use(RETRANSMISSION)
            else:
                left.append(kind)
        return missing, left

    def reports(self, want: Observation, got: Observation) -> Differences:
        """What the target's user was told."""
        missing, extra = _both(self._matter(want.reports), self._matter(got.reports))
        refreshed = [r.removeprefix(REFRESHED) for r in want.reports if r.startswith(REFRESHED)]
        if refreshed and _both(want.reports, got.reports) != ([], []):
            before = len(missing)
            missing = [report for report in missing if report not in refreshed]
            if len(missing) < before or not _has(got.reports, REFRESHED):
                self._use(REFRESH)
        elif not refreshed and _has(got.reports, REFRESHED):
            self._use(REFRESH)
        if NOT_SENT in extra and not any(k.startswith(self.compared.texts) for k in got.wires):
            extra = [report for report in extra if report != NOT_SENT]
            self._use(NOT_SENT_SAID)
        if self._others(want.reports) != self._others(got.reports):
            self._use(OTHER_REPORTS)
        return missing, extra

    def peer(self, want: Observation, got: Observation) -> Differences:
        """What the tester's user was told."""
        missing, extra = _both(want.peer, got.peer)
        for report in list(missing) if self._resent else ():
            marked = next((found for found in extra if _marks(found, report)), None)
            if marked is not None:
                missing.remove(report)
                extra.remove(marked)
                self._use(RESENT_MARK)
        while ERROR_SHOWN in extra and self._errors:
            extra.remove(ERROR_SHOWN)
            self._errors -= 1
        return missing, extra

    def failed(self, want: Observation, got: Observation) -> Differences:
        """Which checks failed at the tester."""
        return _both(want.failed, got.failed)

    def revealed(self, want: Observation, got: Observation) -> Differences:  # noqa: ARG002 - as the others
        """Which MAC keys are public, until now."""
        wanted, found = self._wanted, self._found
        missing, extra = (
            [f"MAC key of the tester's Data Message {n}" for n in sorted(ours - theirs - refused)]
            for refused in (self._refused,)
            for ours, theirs in (
                (wanted.revealed, found.revealed),
                (found.revealed, wanted.revealed),
            )
        )
        if self.ahead > 0:
            missing, extra = [], []
        elif wanted.revealed != found.revealed and not missing and not extra:
            self._use(REFUSED_KEYS)
        extra += [
            f"MAC key of its own Data Message {n}" for n in sorted(found.exposed - wanted.exposed)
        ]
        if found.repeated > wanted.repeated:
            extra.append("a MAC key that it had revealed before")
        if found.strange != wanted.strange:
            self._use(UNUSED_KEYS)
        return missing, extra

    def keys(self, want: Observation, got: Observation) -> Differences:
        """Which keys its Data Messages are under, and how many it has offered."""
        if self.ahead > 0:
            return [], []
        missing = [key for key in want.addressed if key not in got.addressed]
        extra = [key for key in got.addressed if key not in want.addressed]
        if self._found.renewed < self._wanted.renewed:
            missing.append("new key of its own")
        if self._found.renewed > self._wanted.renewed:
            extra.append("a new key of its own")
        return missing, extra

    # Which reports matter.

    def _matter(self, reports: Iterable[str]) -> tuple[str, ...]:
        """The reports that are compared."""
        return tuple(r.removeprefix(REFRESHED) for r in reports if self._matters(r))

    def _others(self, reports: Iterable[str]) -> list[str]:
        return [report for report in reports if not self._matters(report)]

    def _matters(self, report: str) -> bool:
        compared = self.compared
        return (
            report.split(" ", 1)[0] in compared.compared
            or report in compared.compared_in_full
            or report.startswith(compared.compared_openings)
        )


_PARTS: Final[Mapping[str, Callable[[Comparing, Observation, Observation], Differences]]] = {
    "the target sent": Comparing.wires,
    "the target's user was told": Comparing.reports,
    "the tester's user was told": Comparing.peer,
    "the tester found wrong": Comparing.failed,
    "the target revealed": Comparing.revealed,
    "the target used": Comparing.keys,
}
"""What is compared of a step, in order, and how a sentence about it begins."""


@dataclass(slots=True)
class _Keys:
    """What has become of keys so far, on one side of the comparison.

    Attributes:
        revealed: the tester's messages whose MAC keys are public.
        exposed: the target's own, likewise.
        repeated: how many MAC keys were made public once more.
        strange: how many became public that fitted nothing.
        renewed: how many public keys the target has offered.
    """

    revealed: set[int] = field(default_factory=set)
    exposed: set[int] = field(default_factory=set)
    repeated: int = 0
    strange: int = 0
    renewed: int = 0

    def forked(self) -> _Keys:
        """A copy."""
        return replace(self, revealed=set(self.revealed), exposed=set(self.exposed))

    def add(self, step: Observation, refused: set[int]) -> None:  # noqa: ARG002 - see Comparing
        """One step on."""
        self.revealed.update(step.revealed)
        self.exposed.update(step.exposed)
        self.repeated += step.repeated
        self.strange += step.strange
        self.renewed += step.renewed


def _count(wires: Iterable[str], kinds: tuple[str, ...]) -> int:
    return sum(kind in kinds for kind in wires)


def _has(reports: Iterable[str], opening: str) -> bool:
    return any(report.startswith(opening) for report in reports)


def _both(want: Iterable[str], got: Iterable[str]) -> Differences:
    wanted, found = Counter(want), Counter(got)
    return sorted((wanted - found).elements()), sorted((found - wanted).elements())


def _marks(found: str, report: str) -> bool:
    """Whether both say that a private text was shown, the first with something in front of it."""
    texts = [said.removeprefix(PRIVATE_TEXT) for said in (found, report)]
    return texts[0] != found and texts[1] != report and texts[0].endswith(f" {texts[1]}")


def _sentence(missing: list[str], extra: list[str]) -> str:
    parts = []
    missing, extra = ([_ENCODED.sub(_AS_IT_IS, each) for each in said] for said in (missing, extra))
    if extra:
        parts.append(f"{', '.join(extra)}, which was not expected")
    if missing:
        parts.append(f"no {', no '.join(missing)}")
    return " and ".join(parts)
