"""Changed messages of a real conversation, for any target behind a shim.

An episode is drawn from the seed of the campaign and its number:

1. The target and our reference talk until they are at a *scene*: nothing happened yet, the AKE is
   half done, the conversation is private, SMP is underway, or the conversation has ended.
2. A few messages are changed and given to the target. Most are what the reference sent or would
   send now, changed as it crosses the network: text, base64, fields. Others are changed inside,
   before they are encrypted or get their MAC; see `bending`.
3. Afterwards the target must still talk: perhaps only once both have begun anew.

What must not happen is in `KINDS`. The target's process has a limit of memory, and of address space
where it can live with one; if it dies, a new one is started, and the campaign goes on.
"""

from __future__ import annotations

import re
import shlex
import sys
import time
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Final

from otr_conformance.documents import read_toml
from otr_conformance.shim.client import ShimProcess, resident
from otr_conformance.shim.errors import (
    ShimCrash,
    ShimError,
    ShimGrown,
    ShimHang,
    ShimRefused,
)
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import MessageEvent, WireEvent
from otr_conformance.shim.vocabulary import Capability
from otr_model.otrv3.words import Msg
from otr_reference.errors import Malformed, OtrSpecError
from otr_reference.otrv3.chat import Chat
from otr_reference.otrv3.session import Policy

from .bending import BendingSuite, Inside
from .corpus import kept
from .decoder import Form
from .finds import BadFind, Find
from .mutate import Mutator
from .registry import decoder
from .shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from otr_conformance.shim.protocol import AnyEvent
    from otr_conformance.targets import Target
    from otr_reference.keys.dsa import DsaPrivate
    from otr_reference.otrv3.chat import Heard

__all__ = ["KINDS", "SCENES", "Foreign", "Known", "Limits", "NotForThis", "read_known", "replayed"]

KINDS: Final[Mapping[str, str]] = {
    "crash": "its process ended",
    "hang": "it gave no answer within the time limit",
    "grown": "it took more memory than it is given",
    "shown": "it showed a text as private that nobody sent",
    "leaked": "it sent a text as it is that was typed in a private conversation",
    "dumb": "it does not talk any more, not even when both have begun anew",
    "fault": "its shim does not keep to the protocol",
}
"""What must not happen."""

SCENES: Final = (
    "begin",
    "asked",
    "committed",
    "answered",
    "private",
    "smp-asked",
    "smp-begun",
    "ended",
)
"""How far a conversation goes before it is disturbed."""

_OUR_TAG, _THEIR_TAG = 0x1001, 0x2002
_MESSAGES: Final = 6
_ROUNDS: Final = 64
_ALIKE: Final = 3
_SETTLED: Final = 40
"""Episodes after which the memory of a target is looked at for the first time."""
_TIMES: Final = 4
_SLACK: Final = 64 << 20
_TRIES: Final = 60


class NotForThis(OtrSpecError):
    """A target that speaks neither version 2 nor version 3."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a target is given.

    Attributes:
        seconds: for each answer.
        memory: octets that its process and its children may hold.
        space: octets of address space of its process; 0: any number. Some programs reserve far more
            than they use, and cannot start with less.
    """

    seconds: float = 10.0
    memory: int = 1 << 30
    space: int = 0


# --- What is known ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """Something that is known of a target, and explained.

    Attributes:
        kind: one of `KINDS`.
        says: a part of what a find says.
        finding: the page that explains it.
    """

    kind: str
    says: str
    finding: str


def read_known(path: Path) -> dict[str, tuple[Known, ...]]:
    """Read a file of what is known: tables by the names of targets.

    Raises:
        Malformed: the file cannot be read, or is none.
    """
    found = read_toml(path)
    return {name: tuple(_known(name, entries)) for name, entries in found.items()}


def _known(name: str, entries: object) -> Iterator[Known]:
    """The entries of a target.

    Raises:
        Malformed: one is none.
    """
    for entry in entries if isinstance(entries, list) else [entries]:
        if not isinstance(entry, dict) or set(entry) != {"kind", "says", "finding"}:
            raise Malformed(field=name, reason="an entry has kind, says and finding")
        if entry["kind"] not in list(KINDS) or not all(isinstance(v, str) for v in entry.values()):
            raise Malformed(field=f"{name}: kind", reason=f"is not one of {', '.join(KINDS)}")
        yield Known(**entry)


# --- A conversation ---------------------------------------------------------------------------


class _Chat(Chat):
    """Our side, whose suite can be bent."""

    suite: BendingSuite

    def __init__(self, key: DsaPrivate, policy: Policy, seed: bytes, size: int) -> None:
        self.suite = BendingSuite()
        super().__init__(key, policy, tag=_OUR_TAG, max_size=size, clock=lambda: 1000, seed=seed)


@cache
def _keys() -> tuple[DsaPrivate, DsaPrivate]:
    """Long-term keys of the two, always the same."""
    from otr_conformance.vectors.otrv3.material import dsa_key  # noqa: PLC0415 - heavy

    return dsa_key("alice"), dsa_key("bob")


class _Wrong(OtrSpecError):
    """Something that must not happen has happened.

    Attributes:
        says: what, in words.
        kind: one of `KINDS`.
    """

    def __init__(self, says: str, kind: str) -> None:
        super().__init__(says, kind)
        self.says = says
        self.kind = kind


@dataclass(slots=True)
class _Talk:
    """A target and our reference, who talk.

    Attributes:
        shim: the target.
        version: 2 or 3.
        ours: what our user typed in private, and what changed contents said.
        theirs: what the target's user typed in private.
        shown: what the target has shown as private.
        sent: messages that our side has sent.
        lenient: our side sends what it should not, so that anything may be shown.
    """

    shim: ShimProcess
    version: int
    preset: bool
    tagged: bool
    seed: str
    size: int = 0
    chat: _Chat = field(init=False)
    chats: int = 0
    ours: set[bytes] = field(default_factory=set)
    theirs: set[bytes] = field(default_factory=set)
    shown: list[bytes] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    lenient: bool = False
    texts: int = 0

    def begin(self) -> None:
        """Make an endpoint of each."""
        self.shim.reset()
        self.anew()
        self.shim.new(
            "bob",
            account="bob",
            peer="alice",
            policy=f"v{self.version}",
            tag=_THEIR_TAG if self.tagged else None,
            key=write_preset_key(_keys()[1]) if self.preset else None,
        )

    def anew(self) -> None:
        """Our side begins anew, as if its program had been started again."""
        policy = Policy(allow_v2=self.version == 2, allow_v3=self.version == 3)  # noqa: PLR2004 - which
        self.chats += 1
        seed = f"otrspec bytes {self.seed} {self.chats}".encode().ljust(32, b".")
        self.chat = _Chat(_keys()[0], policy, seed, self.size)

    def text(self) -> bytes:
        """A text that nothing else spells."""
        self.texts += 1
        return f"quoth {self.seed} {self.texts}".encode()

    # What the target is asked.

    def asked(self, ask: Callable[[], object]) -> list[bytes]:
        """Ask the target; give what it sends, and look at what it shows.

        Raises:
            _Wrong: something is shown or sent that must not be.
            ShimError: the shim did not answer.
        """
        try:
            answer = ask()
        except ShimRefused as refused:
            events: Sequence[AnyEvent] = refused.events
        else:
            events = getattr(answer, "events", ())
        wires = []
        for event in events:
            if isinstance(event, MessageEvent) and event.secure:
                self._look_at_shown(event.text)
            elif isinstance(event, WireEvent):
                self._look_at_sent(event.wire)
                wires.append(event.wire)
        return wires

    def _look_at_shown(self, text: bytes) -> None:
        self.shown.append(text)
        if text not in self.ours and not self.lenient:
            says = f"it showed {text[:80]!r} as private, which nobody sent"
            raise _Wrong(says, "shown")

    def _look_at_sent(self, wire: bytes) -> None:
        for secret in self.theirs:
            if secret in wire or secret in _decoded(wire):
                says = f"it sent {secret[:80]!r} as it is, which was typed in private"
                raise _Wrong(says, "leaked")

    # What our side does.

    def said(self, heard: Heard) -> list[bytes]:
        """What our side sends, and what it was told."""
        for notice in heard.notices:
            text = getattr(notice, "text", None)
            if text is not None and getattr(notice, "secure", False):
                self.heard.append(self.chat.suite.to_bytes(text))
        self.sent += heard.wires
        return list(heard.wires)

    def settle(self, wires: Iterable[bytes], limit: int = _ROUNDS) -> None:
        """Deliver everything in both directions, until nobody has more to say."""
        waiting = [*wires]
        for _ in range(limit):
            if not waiting:
                return
            wire = waiting.pop(0)
            for answer in self.asked(lambda wire=wire: self.shim.receive("bob", wire)):  # type: ignore[misc] # bound now
                waiting += self.said(self.chat.receive(answer))

    def inject(self, wire: bytes) -> None:
        """Give the target a message that is wrong, and let both go on from there."""
        answers = self.asked(lambda: self.shim.receive("bob", wire))
        for answer in answers[:_MESSAGES]:
            self.settle(self.said(self.chat.receive(answer)), _MESSAGES)

    def start(self) -> None:
        """Our user asks for a private conversation."""
        self.settle(self.said(self.chat.start()))

    def say(self) -> bytes:
        """Our user types something; give the text."""
        text = self.text()
        self.ours.add(text)
        self.settle(self.said(self.chat.send(text)))
        return text

    def hear(self) -> bytes:
        """The target's user types something in private; give the text."""
        text = self.text()
        self.theirs.add(text)
        for wire in self.asked(lambda: self.shim.send("bob", text)):
            self.settle(self.said(self.chat.receive(wire)))
        return text

    def talks(self) -> bool:
        """Whether each reads what the other says."""
        said = self.say()
        if said not in self.shown:
            return False
        return self.hear() in self.heard

    def finish(self) -> None:
        """See that each still reads the other, at the latest when both have begun anew.

        Raises:
            _Wrong: they do not.
            ShimError: the shim did not answer.
        """
        if self._private() and self.talks():
            return
        for begin in (self.anew, self._both_begin_anew):
            begin()
            self.start()
            if self._private() and self.talks():
                return
        says = "it reads nothing more, not even in a new conversation"
        raise _Wrong(says, "dumb")

    def _both_begin_anew(self) -> None:
        for wire in self.asked(lambda: self.shim.end("bob")):
            self.settle(self.said(self.chat.receive(wire)))
        self.anew()

    def _private(self) -> bool:
        """Whether our side takes the conversation to be private."""
        conversation = self.chat.conversation
        session = conversation.members.get(conversation.best)
        return session is not None and session.message is Msg.ENCRYPTED

    # Scenes.

    def reach(self, scene: str) -> None:
        """Talk until the scene is reached."""
        {
            "begin": lambda: None,
            "asked": self._asked,
            "committed": self._committed,
            "answered": self._answered,
            "private": self._private_talk,
            "smp-asked": self._smp_asked,
            "smp-begun": self._smp_begun,
            "ended": self._ended,
        }[scene]()

    def _asked(self) -> None:
        """The target has been asked, and its answer waits."""
        self.settle(self.said(self.chat.start()), 1)

    def _committed(self) -> None:
        """As far as the D-H Key Message."""
        self.settle(self.said(self.chat.start()), 2)

    def _answered(self) -> None:
        """As far as the Signature Message."""
        self.settle(self.said(self.chat.start()), 3)

    def _private_talk(self) -> None:
        """Each has read what the other said.

        Raises:
            _Unfit: they have not.
        """
        self.start()
        if not self.talks():
            raise _Unfit

    def _smp_asked(self) -> None:
        """The target's user is asked for the secret."""
        self._private_talk()
        self.settle(self.said(self.chat.start_smp(b"the tower", b"where?")))

    def _smp_begun(self) -> None:
        """The target's user has begun, and ours has answered."""
        self._private_talk()
        for wire in self.asked(lambda: self.shim.smp_start("bob", b"the tower")):
            self.said(self.chat.receive(wire))

    def _ended(self) -> None:
        """Our user has ended the conversation."""
        self._private_talk()
        self.settle(self.said(self.chat.end()))


class _Unfit(OtrSpecError):
    """The two did not get to talk at all, before anything was changed."""


def _decoded(wire: bytes) -> bytes:
    """What the base64 of a message stands for; nothing if there is none."""
    start, end = wire.find(b"?OTR:"), wire.rfind(b".")
    try:
        return b64decode(wire[start + 5 : end]) if 0 <= start < end else b""
    except ValueError:
        return b""


# --- Episodes ---------------------------------------------------------------------------------


class Foreign:
    """A campaign against a target.

    Args:
        target: which.
        seed: what everything is drawn from.
        limits: what it is given.
        known: what is known of it.
        tries: how often a message is sent to make it smaller, at most; each may end the process.

    Attributes:
        episodes: how many were played.
        messages: how many changed messages it was given.
        finds: what must not have happened, and did.
        explained: how often something happened that is known, by the page that explains it.
        seconds: how long the campaign took.
    """

    def __init__(
        self,
        target: Target,
        seed: int = 0,
        limits: Limits | None = None,
        known: Iterable[Known] = (),
        tries: int = _TRIES,
    ) -> None:
        self._tries: Final = tries
        self.target: Final = target
        self.seed: Final = seed
        self.limits: Final = limits or Limits()
        self.known: Final = tuple(known)
        self.episodes = 0
        self.messages = 0
        self.seconds = 0.0
        self.finds: list[Find] = []
        self.explained: Counter[str] = Counter()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._shim: ShimProcess | None = None
        self._versions: list[int] = []
        self._capabilities: frozenset[Capability] = frozenset()
        self._played_here = 0
        self._baseline = 0

    # The process.

    def _open(self) -> ShimProcess:
        """The target's process; a new one if there is none that lives.

        Raises:
            ShimError: it cannot be started.
            NotForThis: it speaks neither version 2 nor version 3.
        """
        if self._shim is not None and self._shim.alive:
            return self._shim
        shim = ShimProcess(self._command(), timeout=self.limits.seconds, memory=self.limits.memory)
        shim.open()
        hello = shim.hello()
        self._versions = sorted(hello.versions & {2, 3})
        self._capabilities = frozenset(hello.capabilities)
        if not self._versions:
            message = f"{self.target.name} speaks neither version 2 nor version 3 of OTR"
            raise NotForThis(message)
        self._shim, self._played_here, self._baseline = shim, 0, 0
        return shim

    def _command(self) -> tuple[str, ...]:
        command = self.target.command or _REFERENCE
        if not self.limits.space:
            return command
        limit = str(self.limits.space >> 10)
        return ("/bin/sh", "-c", 'ulimit -v "$1" && shift && exec "$@"', "sh", limit, *command)

    def close(self) -> None:
        """End the target's process."""
        if self._shim is not None:
            self._shim.close()
            self._shim = None

    # The campaign.

    def run(
        self,
        seconds: float,
        episodes: int = 0,
        tell: Callable[[Foreign], None] = lambda _campaign: None,
    ) -> None:
        """Play episodes until the time is up or there were enough.

        Raises:
            ShimError: the target cannot be started.
            NotForThis: it speaks neither version 2 nor version 3.
        """
        began = time.monotonic()
        number = 0
        try:
            while True:
                self.seconds = time.monotonic() - began
                if (seconds and self.seconds >= seconds) or (episodes and number >= episodes):
                    return
                self._open()
                find = self.play(number)
                if find is not None:
                    self._keep(find)
                number += 1
                self.episodes = number
                tell(self)
        finally:
            self.seconds = time.monotonic() - began
            self.close()

    def play(self, number: int, *, disturbed: bool = True) -> Find | None:
        """Play one episode; give what must not have happened, if something did.

        A target that does not talk in the end is only to blame for it if it does where nothing was
        changed: two can fail to begin anew for other reasons.

        Args:
            number: of the episode.
            disturbed: whether the target is given messages that are wrong.
        """
        rng = Random(f"{self.seed} episode {number}")  # noqa: S311 - to be the same again
        scene = SCENES[int(rng.random() * len(SCENES))]
        talk = self._talk(rng, number)
        given: list[bytes] = []
        try:
            talk.begin()
            talk.reach(scene)
            for _ in range(1 + int(rng.random() * _MESSAGES) if disturbed else 0):
                self._disturb(talk, rng, given)
            talk.finish()
            self._look_at_memory()
        except _Unfit:
            return None
        except (_Wrong, ShimError) as error:
            find = self._found(error, talk, scene, number, given)
            if disturbed and find.kind == "dumb" and self.play(number, disturbed=False) is not None:
                return None
            return find
        return None

    def _talk(self, rng: Random, number: int) -> _Talk:
        """A conversation of an episode."""
        shim = self._open()
        version = self._versions[number % len(self._versions)]
        return _Talk(
            shim,
            version,
            Capability.PRESET_KEY in self._capabilities,
            Capability.TAG in self._capabilities and version == 3,  # noqa: PLR2004 - it has tags
            f"{self.seed}.{number}",
            (0, 0, 0, 260)[int(rng.random() * 4)],
        )

    def _disturb(self, talk: _Talk, rng: Random, given: list[bytes]) -> None:
        """Give the target a message that is wrong."""
        if rng.random() < 0.35:  # noqa: PLR2004 - a third is changed inside
            wires = _bent(talk, rng)
            talk.lenient = True
        else:
            wires = [_changed(talk, rng)]
        for wire in wires[:_MESSAGES]:
            given.append(wire)
            self.messages += 1
            talk.inject(wire)
        talk.lenient = False

    def _look_at_memory(self) -> None:
        """See that the target does not grow from episode to episode.

        Raises:
            _Wrong: it does.
        """
        if self._shim is None:
            return
        self._played_here += 1
        held = resident(self._shim.pid)
        if self._played_here == _SETTLED:
            self._baseline = held
        if self._baseline and held > _TIMES * self._baseline + _SLACK:
            says = f"it holds {held >> 20} MiB, and held {self._baseline >> 20} MiB at first"
            self.close()
            raise _Wrong(says, "grown")

    def _found(
        self, error: _Wrong | ShimError, talk: _Talk, scene: str, number: int, given: list[bytes]
    ) -> Find:
        """What happened, as a find."""
        kind = error.kind if isinstance(error, _Wrong) else _kind(error)
        says = error.says if isinstance(error, _Wrong) else _said(error)
        before = (
            f"version {talk.version}",
            f"scene {scene}",
            f"seed {self.seed}",
            f"episode {number}",
        )
        return Find(_named(self.target), kind, says, given[-1] if given else b"", before)

    def _keep(self, find: Find) -> None:
        """Count a find; make it small, and keep it, unless it is known or there are enough."""
        for known in self.known:
            if known.kind == find.kind and known.says in find.says:
                self.explained[known.finding] += 1
                return
        key = find.kind, re.sub(r"0x[0-9a-f]+|\d+", "#", find.says)
        self._seen[key] += 1
        if self._seen[key] > (1 if find.kind in {"dumb", "shown"} else _ALIKE):
            return
        self.finds.append(self._small(find))

    def _small(self, find: Find) -> Find:
        """The smallest message that does the same by itself, in the same scene."""
        if find.kind in {"dumb", "shown", "leaked"} or not find.data:
            return find
        tries = [self._tries if find.kind != "hang" else 6]

        def breaks(data: bytes) -> bool:
            tries[0] -= 1
            return tries[0] >= 0 and self.alone(find, data) == find.kind

        if not breaks(find.data):
            return find
        data = shrunk(find.data, breaks, self._tries)
        return Find(find.what, find.kind, find.says, data, (*find.before, "alone"))

    def alone(self, find: Find, data: bytes) -> str:
        """What comes of one message in the scene of a find: its kind; "" if nothing does."""
        numbers = _numbers(find)
        scene = next(each.removeprefix("scene ") for each in find.before if "scene " in each)
        try:
            shim = self._open()
            talk = _Talk(
                shim,
                numbers["version"],
                Capability.PRESET_KEY in self._capabilities,
                Capability.TAG in self._capabilities and numbers["version"] == 3,  # noqa: PLR2004 - it has tags
                "alone",
            )
            talk.lenient = True
            talk.begin()
            talk.reach(scene)
            talk.inject(data)
        except _Unfit:
            return ""
        except _Wrong as wrong:
            return wrong.kind
        except ShimError as error:
            return _kind(error)
        return ""


def _named(target: Target) -> str:
    """What a user calls a target: a command is called by all its words."""
    command = target.command or ()
    return shlex.join(command) if target.name in command else target.name


_REFERENCE: Final = (sys.executable, "-m", "otr_conformance.shims.reference")


def _numbers(find: Find) -> dict[str, int]:
    """The numbers that a find has of its episode.

    Raises:
        BadFind: it has none.
    """
    found = {}
    for each in find.before:
        name, _, value = each.partition(" ")
        if re.fullmatch(r"-?\d{1,18}", value):
            found[name] = int(value)
    scenes = [each for each in find.before if each.removeprefix("scene ") in SCENES]
    if not {"version", "seed", "episode"} <= found.keys() or not scenes:
        raise BadFind(find.what, "has no version, scene, seed and episode")
    return found


def _kind(error: ShimError) -> str:
    """What kind of thing an error of a shim is."""
    match error:
        case ShimGrown():
            return "grown"
        case ShimCrash():
            return "crash"
        case ShimHang():
            return "hang"
        case _:
            return "fault"


_TELLING: Final = ("panic", "fatal", "Error", "error:", "Assertion", "Sanitizer", "overflow")


def _said(error: ShimError) -> str:
    """What an error says, with the most telling line that the process wrote for people."""
    lines = [line.strip() for line in error.stderr.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in _TELLING)]
    said = (telling or lines)[:1]
    return ": ".join((str(error), *(line[:200] for line in said)))


# --- Messages that are wrong ------------------------------------------------------------------


@cache
def _mutator() -> Mutator:
    """What changes texts of OTR."""
    return Mutator(Form.MESSAGE, kept(decoder("otrv3.wire")))


@cache
def _inner(inside: Inside) -> Mutator:
    """What changes a layer inside."""
    content = decoder("otrv3.content")
    if inside is Inside.CONTENT:
        return Mutator(Form.CONTENT, kept(content))
    return Mutator(Form.BINARY, kept(decoder("otrv3.identity")))


def _act(talk: _Talk, rng: Random) -> Heard:
    """Something that our user does now."""
    chat = talk.chat
    text = talk.text()
    talk.ours.add(text)
    actions: tuple[Callable[[], Heard], ...] = (
        lambda: chat.send(text),
        lambda: chat.send(text),
        lambda: chat.start_smp(b"the tower"),
        lambda: chat.start_smp(b"the tower", b"where?"),
        lambda: chat.answer_smp(b"the tower"),
        lambda: chat.use_extra_key(1, b"for a file"),
        chat.abort_smp,
        chat.heartbeat,
        chat.end,
        chat.start,
    )
    return actions[int(rng.random() * len(actions))]()


def _changed(talk: _Talk, rng: Random) -> bytes:
    """A message that our side has sent or would send, changed as it crosses the network."""
    draw = rng.random()
    if draw < 0.1:  # noqa: PLR2004 - now and then one of nobody's
        return _mutator().mutant(rng)
    if draw < 0.6 or not talk.sent:  # noqa: PLR2004 - half are new
        talk.said(_act(talk, rng))
    if not talk.sent:
        return _mutator().mutant(rng)
    base = talk.sent[-1] if rng.random() < 0.6 else talk.sent[int(rng.random() * len(talk.sent))]  # noqa: PLR2004 - mostly the last
    return _mutator().mutant_of(base, rng)


def _bent(talk: _Talk, rng: Random) -> list[bytes]:
    """Messages that are changed inside, and have a MAC that verifies."""
    suite = talk.chat.suite
    suite.inside = tuple(Inside)[int(rng.random() * len(Inside))]
    mutator = _inner(suite.inside)
    suite.bend = lambda data: mutator.mutant_of(data, rng)
    try:
        if suite.inside is not Inside.IDENTITY:
            return talk.said(_act(talk, rng))
        return _identity(talk)
    finally:
        suite.bend = None


def _identity(talk: _Talk) -> list[bytes]:
    """Our side's part of an AKE, up to the message that has its identity in it."""
    waiting = talk.said(talk.chat.start())
    for _ in range(_MESSAGES):
        if not waiting:
            return []
        wire = waiting.pop(0)
        if wire.startswith((b"?OTR:AAMR", b"?OTR:AAMS", b"?OTR:AAIR", b"?OTR:AAIS")):
            return [wire]
        for answer in talk.asked(lambda wire=wire: talk.shim.receive("bob", wire)):  # type: ignore[misc] # bound now
            waiting += talk.said(talk.chat.receive(answer))
    return []


# --- Replays ----------------------------------------------------------------------------------


def replayed(find: Find, target: Target, limits: Limits) -> str:
    """Play the episode of a find again: what comes of it, as its kind; "" if nothing does.

    Raises:
        BadFind: it is no find of a target.
        ShimError: the target cannot be started.
    """
    numbers = _numbers(find)
    campaign = Foreign(target, numbers["seed"], limits)
    try:
        if "alone" in find.before:
            return campaign.alone(find, find.data)
        again = campaign.play(numbers["episode"])
        return "" if again is None else again.kind
    finally:
        campaign.close()
