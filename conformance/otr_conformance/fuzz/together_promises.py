"""What must hold among several who talk, whatever the tables say.

Nothing here is compared with a prediction. What is looked at is what passes on the network, what
users type, and what they are told, so that implementations and references are judged alike:

- what was typed in a private conversation, after its end, or where encryption is required is
  legible in nothing that is sent;
- a text that is shown as private was typed by somebody whom the reader's user was told of, for
  the reader, and is shown no more often than it was sent;
- two ends of one conversation have been told of each other, read out different halves of the
  secure session id, and there is no third end;
- SMP tells the truth;
- a message is no larger than the network takes;
- no two Data Messages are under one key with one counter, no MAC key is made public twice, or while
  it protects what its owner sends (`.promises`).

What those do who deviate, or show a key that is not theirs, is not judged; what they make others do
is. What a reference in this process keeps and believes is looked at as well (`Fuzzing.kept`,
`Fuzzing.judged`).
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, auto, unique
from typing import TYPE_CHECKING, Any, Final

from otr_check.terms import Term
from otr_conformance.interop.meeting import SECURE
from otr_conformance.play.labs import ByteLab
from otr_conformance.play.watch import LEAST
from otr_conformance.shim.vocabulary import PolicyWord

from .promises import Promises

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from otr_conformance.interop.meeting import View
    from otr_conformance.interop.wires import Identity
    from otr_conformance.play.labs import Lab
    from otr_conformance.play.stage import AnyStage, Reaction, Report
    from otr_reference.sorts import Wire

    from .together_cast import Gathering
    from .vocabulary import Fuzzing

__all__ = ["Ledger", "legible"]

OPENING: Final = b"?OTR:"
ENCODED: Final = (b"?OTR:", b"?OTR,", b"?OTR|")
OPEN: Final = frozenset({"WIRE", "PIECE", "CONCAT", "BODY", "ALTERED"})
"""Terms whose parts anybody can read."""
ENDS: Final = 2
"""How many ends a conversation has."""


@unique
class _State(Enum):
    """Where a user believes to be with somebody."""

    PRIVATE = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class _Typed:
    """A text that somebody typed.

    Attributes:
        by: who.
        private: it must not be legible on the network.
        meant_for: the fingerprints that it may be shown to; None: anybody's.
    """

    by: str
    private: bool
    meant_for: frozenset[bytes] | None


@dataclass
class _User:
    """What a user was told, and did.

    Attributes:
        identity: of the endpoint.
        with_whom: where the user believes to be, by the other side's fingerprint.
        unsure: it cannot be told with whom anything has ended.
        met: how many fingerprints were looked at.
        session: the secure session id that was told last, and which half of it is bold.
        secrets: those given for SMP since a private conversation began, the last one last.
        shown: how often each text was shown as private.
        again: how often texts were sent once more.
    """

    identity: Identity
    with_whom: dict[bytes, _State] = field(default_factory=dict)
    unsure: bool = False
    met: int = 0
    session: tuple[str, str] = ("", "")
    secrets: list[str] = field(default_factory=list)
    shown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    again: int = 0


class Ledger:
    """Everything that was typed, sent and told in one play, and what must hold of it.

    Args:
        lab: the suite at work.
        gathering: who meets.
        identities: what each says of itself.

    Attributes:
        texts: what was typed.
        common: texts that were typed several times.
        under: the secure session id that somebody was told last when each Data Message was sent, by
            name; "" among three, where it may be another one's.
        broken: in whose view something is wrong, what it is, in a sentence, and whether that is the
            one who did it: what somebody is shown may be another's fault.
    """

    def __init__(self, lab: Lab, gathering: Gathering, identities: Mapping[str, Identity]) -> None:
        self.lab = lab
        self.gathering = gathering
        self.users = {name: _User(identity) for name, identity in identities.items()}
        self.texts: dict[str, _Typed] = {}
        self.common: set[str] = set()
        self._given: object = None
        self.under: dict[str, list[str]] = {name: [] for name in identities}
        self.broken: list[tuple[str, str, bool]] = []

    def asked(self, who: str, command: object) -> None:
        """A user asks for something: perhaps types, or gives a secret for SMP."""
        self._given = getattr(command, "secret", None)
        text = getattr(command, "text", None)
        if text is None:
            return
        readable = self.lab.readable(text)
        if readable in self.texts:  # what several may have typed tells nothing
            self.common.add(readable)
        user, seat = self.users[who], self.gathering.seats[who]
        private = bool(user.with_whom) and not user.unsure
        meant = frozenset(user.with_whom) if private else None
        required = PolicyWord.REQUIRE_ENCRYPTION in seat.policy
        self.texts[readable] = _Typed(who, private or required, meant)

    def passed(self, who: str, reaction: Reaction, sent: int = 0) -> None:
        """An endpoint did something.

        Args:
            who: by name.
            reaction: what it did.
            sent: how many Data Messages it has sent so far.
        """
        honest = who in self.gathering.honest
        user = self.users[who]
        before = user.session[0]
        if self._given is not None and reaction.wires:
            user.secrets.append(repr(self._given))
        self._given = None
        for wire in reaction.wires if honest else ():
            self._of_wire(who, wire)
        for report in reaction.reports:
            self._told(user, report)
            if honest:
                self.broken += ((who, says, False) for says in self._of_report(who, user, report))
        agreed = any(report.what in SECURE for report in reaction.reports)
        ssid = user.session[0] if agreed else before
        under = self.under[who]
        under += [ssid if len(self.users) == ENDS else ""] * (sent - len(under))
        self._of_ends()

    def whole(self, who: str, wire: Wire) -> None:
        """A message that went out in fragments, put together."""
        if who in self.gathering.honest:
            self._in_the_clear(who, wire)

    # What is sent.

    def _of_wire(self, who: str, wire: Wire) -> None:
        most = self.gathering.seats[who].largest
        if most and isinstance(self.lab, ByteLab):
            octets = self.lab.from_network(wire)
            if octets.startswith(ENCODED) and len(octets) > most:
                says = f"the target sent {len(octets)} bytes where {most} are allowed"
                self.broken.append((who, says, True))
        self._in_the_clear(who, wire)

    def _in_the_clear(self, who: str, wire: Wire) -> None:
        secret = [
            text
            for text, typed in self.texts.items()
            if typed.private and typed.by == who and len(text) >= LEAST and text not in self.common
        ]
        if not secret:
            return
        seen = legible(self.lab, wire).decode("utf-8", "replace")
        for text in secret:
            if text in seen:
                says = f"the target sent {text!r} legibly, which was typed in private"
                self.broken.append((who, says, True))

    # What users are told.

    def _told(self, user: _User, report: Report) -> None:
        """What a user knows from now on."""
        if report.what in SECURE:
            _, ssid, bold = report.detail.split(" ")
            user.session = ssid, bold
            user.unsure = False
            new = user.identity.met[user.met :]
            user.met = len(user.identity.met)
            for fingerprint in new:
                user.with_whom[fingerprint] = _State.PRIVATE
        elif report.what == "finished" or (report.what, report.detail) == ("warning", "expired"):
            self._ended(user)
        elif report.what == "insecure":
            user.unsure = len(user.with_whom) > 1
            user.with_whom.clear()
            user.session = "", ""
        elif report.what == "resent":
            user.again += 1

    def _ended(self, user: _User) -> None:
        if len(user.with_whom) > 1:
            user.unsure = True
        for fingerprint in user.with_whom:
            user.with_whom[fingerprint] = _State.ENDED
        user.session = "", ""

    def _of_report(self, who: str, user: _User, report: Report) -> Iterator[str]:
        how, _, text = report.detail.partition(" ")
        if report.what == "message" and how == "private":
            yield from self._of_text(who, user, text)
        elif report.what == "smp":
            yield from self._of_smp(who, user, report.detail)

    def _of_text(self, who: str, user: _User, text: str) -> Iterator[str]:
        """What is wrong with a text that is shown as private."""
        shown = f"the target's user was shown {text!r} as private"
        marked = (each for each in self.texts if each and text.endswith(f" {each}"))
        known = text if text in self.texts else max(marked, key=len, default=None)
        if known is None:
            if text:
                yield f"{shown}, which nobody typed"
            return
        if known in self.common:
            return
        typed = self.texts[known]
        author = self.users[typed.by]
        if typed.by == who:
            yield f"{shown}, who typed it"
        elif author.identity.fingerprint not in user.identity.met:
            yield f"{shown}, of somebody whom the target's user was not told of"
        elif typed.meant_for is not None and user.identity.fingerprint not in typed.meant_for:
            yield f"{shown}, which was typed for another key"
        user.shown[known] += 1
        if user.shown[known] > 1 + author.again:
            yield f"{shown}, once more than it was sent"

    def _of_smp(self, who: str, user: _User, detail: str) -> Iterator[str]:
        ours = user.secrets
        theirs = {s for name, other in self.users.items() if name != who for s in other.secrets}
        if (
            detail == "success"
            and not {*ours[-1:]} & theirs
            and not (len(self.users) > ENDS and {*ours} & theirs)
        ):
            yield "the target's user was told of equal secrets, wrongly"
        fair = self.gathering.honest >= self.users.keys()
        if detail == "failure" and fair and theirs and theirs | {*ours} == {*ours[-1:]}:
            yield "the target's user was told of different secrets, wrongly"

    # What two ends agree on.

    def _of_ends(self) -> None:
        ends: dict[str, list[str]] = defaultdict(list)
        for name, user in self.users.items():
            if user.session[0] and name in self.gathering.honest:
                ends[user.session[0]].append(name)
        for names in ends.values():
            if len(names) > ENDS:
                self._object(names, "three have one secure session id")
            elif len(names) == ENDS:
                self._agreeing(names)

    def _agreeing(self, names: list[str]) -> None:
        one, other = (self.users[name] for name in names)
        if one.session == other.session and "unknown" not in one.session[1]:
            self._object(names, "both sides read out the same half of one secure session id first")
        if (
            one.identity.fingerprint not in other.with_whom
            or other.identity.fingerprint not in one.with_whom
        ):
            self._object(names, "two have one secure session id, and were not told of each other")

    def _object(self, names: list[str], says: str) -> None:
        if (names[0], says, False) not in self.broken:
            self.broken.append((names[0], says, False))


@dataclass
class Side(Promises):
    """The promises of one who talks to others: SMP and ends are the ledger's.

    Nobody of ours is at the other end, whose keys could be looked at, and those of two exchanges
    may have one id. So keys are told apart by the exchange as well: its secure session id is made
    of the two keys that it agreed on.

    Attributes:
        ssids: the secure session id that was told last when each Data Message was sent.
    """

    ssids: list[str] = field(default_factory=list)

    def _broken(self, move: str, stage: AnyStage) -> Iterator[str]:  # noqa: ARG002 - as there
        new = stage.observations[self.looked :]
        self.looked = len(stage.observations)
        for observation in new:
            yield from self._of_keys(observation)
        yield from self._of_counters(stage)
        if self.inside:
            yield from self.objections
            yield from self.fuzzing.kept(stage.target)

    def _under(self, stage: AnyStage, data: object, number: int) -> Hashable:
        return super()._under(stage, data, number), *self.ssids[number : number + 1]

    def _session(self, stage: AnyStage, number: int) -> str:  # noqa: ARG002 - as of one alone
        return ""  # for all protocols alike it stands beside the key


def sides(
    fuzzing: Fuzzing, views: Mapping[str, View], ledger: Ledger, *, inside: bool
) -> dict[str, Side]:
    """The promises of those who deviate in nothing; `inside`: they can be looked into."""
    found: dict[str, Side] = {}
    for name, view in views.items():
        if name in ledger.gathering.honest:
            found[name] = Side.of(fuzzing, view, fair=True, inside=inside)
            found[name].ssids = ledger.under[name]
    return found


# ---- What anybody can read.


def legible(lab: Lab, wire: Wire) -> bytes:
    """What anybody can read in a message on the network."""
    if not isinstance(lab, ByteLab):
        return b" ".join(_texts(wire))
    octets = lab.from_network(wire)
    start = octets.find(OPENING)
    if start < 0:
        return octets
    try:
        return octets + base64.b64decode(octets[start + len(OPENING) :].rstrip(b"."))
    except binascii.Error:
        return octets


def _texts(value: Any) -> Iterator[bytes]:  # noqa: ANN401 - whatever a term is made of
    """Texts in a term that are neither encrypted nor hashed."""
    if isinstance(value, Term):
        if value.op.name == "TEXT":
            yield value.args[0]  # type: ignore[misc] # of such a term, bytes
        elif value.op.name in OPEN:
            for part in value.args:
                yield from _texts(part)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _texts(getattr(value, each.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from _texts(part)
