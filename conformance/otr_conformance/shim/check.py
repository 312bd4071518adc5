"""Tell a shim's author what is wrong with the shim: `otrspec shim check CMD`.

The check walks through the conversation that every case builds on, step by step, with two
endpoints of the shim itself, alice and bob, whose messages it only carries. It needs no OTR of its
own, and it does not grade the implementation: what it expects is what any implementation does when
nobody attacks it. Each thing that is not so becomes a `Finding`, with a hint how to mend it. A shim
that speaks version 4 and an older one is walked through twice.

It goes on after a refusal or a surprise. It stops where the conversation with the shim broke, since
the process is gone then.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from otr_conformance.shim.client import TIMEOUT, ShimProcess
from otr_conformance.shim.errors import (
    FaultKind,
    ShimAbsent,
    ShimCrash,
    ShimError,
    ShimFault,
    ShimGrown,
    ShimHang,
    ShimRefused,
)
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    Answer,
    AnyEvent,
    Capability,
    ErrorWord,
    Event,
    ExtraKeyEvent,
    FinishedEvent,
    Hello,
    Made,
    MessageEvent,
    MsgState,
    OtrMode,
    PolicyWord,
    PrekeyUsedEvent,
    SecureEvent,
    Side,
    SmpEvent,
    Stage,
    StartBy,
    WireEvent,
)
from otr_conformance.verdict import Verdict
from otr_model.otrv4.usages import Usage
from otr_reference import ed448
from otr_reference.errors import Malformed
from otr_reference.keys import dsa
from otr_reference.otrv4.kdf import hwc
from otr_reference.otrv4.wire import decode_client_profile, decode_ensemble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from otr_conformance.shim.fields import Scalar
    from otr_conformance.shim.protocol import PublishedEnsemble

__all__ = ["HINTS", "PATIENCE", "Finding", "check_shim"]

PATIENCE: Final = 2.0
"""The silence after which what is expected will not come, in seconds, if none is given."""

_ALICE: Final = "alice"
_BOB: Final = "bob"
_PEERS: Final = {_ALICE: _BOB, _BOB: _ALICE}
_TAGS: Final = {_ALICE: 0x1234, _BOB: 0xFEDCBA98}
_FRAGMENT: Final = 200
_TEXT: Final = "Grüße, <b>Bob</b> & all".encode()
_SECRET: Final = b"\xc3\xa4 secret"
_QUESTION: Final = b"Where did we meet, and when?"
_USE: Final = 7
_LONG_TEXT: Final = b"all work and no play " * 50
_PAUSE: Final = 0.01
_MESSAGES_LIMIT: Final = 500
_NOW: Final = 1_000_000
_SEED_OCTETS: Final = 57
_VERSIONS: Final = {PolicyWord.V2: 2, PolicyWord.V3: 3, PolicyWord.V4: 4}
_FINGERPRINT_OCTETS: Final = {False: 20, True: 56}  # by whether it is of version 4
_EXTRA_KEY_OCTETS: Final = {False: 32, True: 64}
_STDERR_LINES: Final = 20
_SHOWN: Final = 40

_E = TypeVar("_E", bound=Event)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a shim.

    Attributes:
        step: What was being tried.
        expected: What the protocol asks for.
        seen: What came.
        hint: How to mend it.
        verdict: What cases that come across it will be graded.
        asked: The beginning of the request's line; "" where it was not one request.
        stderr: The end of what the shim wrote to standard error; "" where it is not of interest.
    """

    step: str
    expected: str
    seen: str
    hint: str
    verdict: Verdict = Verdict.HARNESS_ERROR
    asked: str = ""
    stderr: str = ""

    def __str__(self) -> str:
        lines = [
            f"{self.step}",
            f"  expected: {self.expected}",
            f"  seen:     {self.seen}",
            f"  hint:     {self.hint}",
        ]
        if self.asked:
            lines.append(f"  request:  {self.asked}")
        if self.stderr.strip():
            lines.append("  standard error:")
            lines.extend(
                f"    {line}" for line in self.stderr.strip().splitlines()[-_STDERR_LINES:]
            )
        return "\n".join(lines)


_FIELDS_HINT: Final = "docs/shim-protocol.md lists the fields of every line, and their types"

HINTS: Final = {
    FaultKind.NOT_JSON: (
        "write one JSON object a line and nothing else to standard output; what the implementation "
        "prints belongs to standard error"
    ),
    FaultKind.NOT_FLAT: (
        "make every value a string or an integer: octets are base64, a truth value is 0 or 1, and "
        "what is absent is left out"
    ),
    FaultKind.TWICE: "write each field once",
    FaultKind.MISSING: _FIELDS_HINT,
    FaultKind.WRONG_TYPE: _FIELDS_HINT,
    FaultKind.OUT_OF_RANGE: _FIELDS_HINT,
    FaultKind.NOT_BASE64: (
        "encode octets with the alphabet that has + and /, with padding and without line breaks"
    ),
    FaultKind.UNKNOWN_WORD: "words are written in lower case with hyphens, lists with one space",
    FaultKind.UNKNOWN_FIELD: "give a field of your own a name that begins with x-, or leave it out",
    FaultKind.WRONG_NUMBER: (
        "repeat the request's id as re in every line of its answer, and answer in order"
    ),
    FaultKind.TOO_LONG: "end each line with a newline, and keep to 1,048,576 bytes",
    FaultKind.TOO_MUCH: "look for a loop: no request causes so many events",
    FaultKind.OUTSIDE: (
        "end each answer with one final line and write nothing after it; what comes later belongs "
        "to the answer of the next poll"
    ),
    FaultKind.NO_EVENTS: (
        "nothing happens at an endpoint because of this request; report what did in the answer of "
        "its next poll"
    ),
    FaultKind.CLOSED: "keep standard output open until the process exits",
    FaultKind.CHANGED: "say the same in hello whenever the shim is started",
}
"""How to mend each fault."""

_REFUSAL_HINTS: Final = {
    ErrorWord.UNSUPPORTED: (
        "carry the request out: it is in the minimal profile, or hello declared the capability"
    ),
    ErrorWord.BAD_REQUEST: "the request is in order: look at how the shim reads its fields",
    ErrorWord.NO_ENDPOINT: "keep each endpoint under its name from new until forget or reset",
    ErrorWord.REFUSED: "the implementation returned an error: look at how the shim calls it",
    ErrorWord.INTERNAL: "look at what the shim wrote to standard error",
}


def check_shim(
    command: Sequence[str],
    *,
    timeout: float = TIMEOUT,
    patience: float = PATIENCE,
    told: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Run a shim through every request of its capabilities.

    Args:
        command: The program and its arguments.
        timeout: The time limit of each request, in seconds.
        patience: The silence of an implementation that works in the background after which what is
            expected will not come, in seconds.
        told: Called with the name of each step as it begins.

    Returns:
        What is wrong, in the order in which it was found; nothing if the shim is fit for use.
    """
    check = _Check(ShimProcess(command, timeout=timeout), patience, told)
    check.run()
    if not check.findings:
        check.run_again(ShimProcess(command, timeout=timeout))
    return check.findings


class _Broken(Exception):
    """The conversation with the shim broke; the finding has been made."""


@dataclass(frozen=True, slots=True)
class _Keys:
    """Long-term keys that `new` is given, and the fingerprint that they have."""

    fingerprint: bytes
    dsa: bytes | None = None
    sym_h: bytes | None = None
    forging: bytes | None = None


def _keys_3() -> _Keys:
    private = dsa.generate()
    return _Keys(dsa.fingerprint(private.public), dsa=write_preset_key(private))


def _keys_4() -> _Keys:
    sym_h = secrets.token_bytes(_SEED_OCTETS)
    forging = ed448.keypair(secrets.token_bytes(_SEED_OCTETS)).public.encode()
    public = ed448.keypair(sym_h).public.encode()
    return _Keys(hwc(Usage.FINGERPRINT, public, forging), sym_h=sym_h, forging=forging)


class _Check:
    """The walk, and what was found on the way."""

    def __init__(
        self, shim: ShimProcess, patience: float, told: Callable[[str], None] | None
    ) -> None:
        self.findings: list[Finding] = []
        self._shim = shim
        self._patience = patience
        self._told = told
        self._step = "the command"
        self._said: Hello | None = None
        self._capabilities: tuple[Capability, ...] = ()
        self._policies: list[PolicyWord] = []
        self._policy: PolicyWord | None = None
        self._made: dict[str, Made] = {}
        self._seen: dict[str, list[AnyEvent]] = {}
        self._under_way: deque[tuple[str, bytes]] = deque()

    def run(self) -> None:
        """Walk through all steps; what is wrong is in `findings` afterwards."""
        try:
            with self._shim:
                self._walk()
        except ShimAbsent as absent:
            hint = "give the program and its arguments; is it installed, and executable?"
            self._find("a program that can be started", absent.reason, hint)
        except _Broken:
            pass

    def run_again(self, shim: ShimProcess) -> None:
        """See that another process of the same shim says the same, and ends with its input."""
        self._shim = shim
        with contextlib.suppress(_Broken), shim:
            self._try("hello, started again", self._hello_again)
            self._try("the end of standard input", shim.leave)

    def _walk(self) -> None:
        self._try("hello", self._hello)
        self._try("a request that is not in the protocol", self._unknown_request)
        self._try("a request without one of its fields", self._incomplete_request)
        self._try("an endpoint that was not made", self._unknown_endpoint)
        for policy in self._policies:
            self._policy = policy
            self._walk_in_one_version()
        self._policy = None
        self._try("bye", self._shim.bye)

    @property
    def _four(self) -> bool:
        """Whether version 4 is being walked through."""
        return self._policy is PolicyWord.V4

    def _allowed(self) -> str:
        """The words of every policy."""
        words = [self._policy, PolicyWord.IDENTITY_START_DAKE] if self._four else [self._policy]
        return _words(words)

    def _walk_in_one_version(self) -> None:
        self._made.clear()
        self._try("new", self._new)
        if self._ready():
            self._try("a name in use", self._name_in_use)
            self._try("reset", self._reset)
        if self._ready():
            self._converse()
        if self._four and self._ready():
            self._begin_otherwise()
        if self._ready():
            self._try("forget", self._forget)

    def _begin_otherwise(self) -> None:
        """The other ways in which a conversation of version 4 can begin."""
        for name, capability, step in (
            ("start by query", Capability.OTRV4_DAKE, partial(self._start_by, StartBy.QUERY)),
            ("start by identity", Capability.OTRV4_DAKE, partial(self._start_by, StartBy.IDENTITY)),
            ("mode standalone", Capability.OTRV4_MODE, partial(self._mode, OtrMode.STANDALONE)),
            (
                "mode interactive-only",
                Capability.OTRV4_MODE,
                partial(self._mode, OtrMode.INTERACTIVE_ONLY),
            ),
            ("trusted", Capability.OTRV4_TRUSTED, self._trusted),
            ("profile, known-profile", Capability.OTRV4_KNOWN_PROFILE, self._known_profile),
            ("ensemble, offline", Capability.OTRV4_OFFLINE, self._offline),
        ):
            if capability in self._capabilities:
                self._try(name, step)

    def _converse(self) -> None:
        self._try("a text outside a private conversation", self._plain_text)
        self._try("start", self._start)
        if self._private():
            self._try("texts in a private conversation", self._texts)
            for name, capability, step in (
                ("to", Capability.INSTANCES, self._to),
                ("smp-start, smp-answer", Capability.SMP, self._smp),
                ("smp-start with a question", Capability.SMP_QUESTION, self._smp_question),
                ("SMP with different secrets", Capability.SMP, self._smp_different),
                ("smp-abort", Capability.SMP, self._smp_abort),
                ("extra-key", Capability.EXTRA_KEY, self._extra_key),
                ("heartbeat", Capability.HEARTBEAT, self._heartbeat),
                ("clock", Capability.CLOCK, self._clock),
            ):
                if capability in self._capabilities:
                    self._try(name, step)
            self._try("end", self._end)
            if Capability.FRAGMENT in self._capabilities:
                self._try("fragment", self._fragment)

    # ---- the steps

    def _hello(self) -> None:
        hello = self._said = self._shim.hello()
        self._capabilities = hello.capabilities
        older = [p for p in (PolicyWord.V3, PolicyWord.V2) if _VERSIONS[p] in hello.versions]
        newer = [p for p in (PolicyWord.V4,) if _VERSIONS[p] in hello.versions]
        self._policies = [*older[:1], *newer]
        if not self._policies:
            hint = "name the versions of OTR that it speaks in protocols; cases exist for these"
            self._find("2, 3 or 4 in protocols", _words(hello.protocols), hint)
        for part, whole, hint in (
            (Capability.SMP_QUESTION, Capability.SMP, "smp-question is about a field of smp-start"),
            (Capability.OTRV4_CLOCK, Capability.CLOCK, "otrv4-clock is about what clock causes"),
        ):
            if part in hello.capabilities and whole not in hello.capabilities:
                seen = _words(hello.capabilities)
                self._find(f"{whole} beside {part}", seen, f"{hint}: declare both")

    def _hello_again(self) -> None:
        if self._shim.hello() != self._said:
            seen = "something else"
            self._find("the same as when it was started before", seen, HINTS[FaultKind.CHANGED])

    def _unknown_request(self) -> None:
        self._refused({"do": "no-such-request"}, ErrorWord.UNSUPPORTED, ErrorWord.BAD_REQUEST)

    def _incomplete_request(self) -> None:
        self._refused({"do": "receive", "endpoint": _ALICE}, ErrorWord.BAD_REQUEST)

    def _unknown_endpoint(self) -> None:
        self._refused({"do": "poll", "endpoint": "nobody"}, ErrorWord.NO_ENDPOINT)

    def _new(self) -> None:
        self._make()
        fingerprints = {made.fingerprint for made in self._made.values()}
        if len(fingerprints) < len(self._made):
            hint = "make a long-term key for each account"
            self._find("two accounts with different fingerprints", "the same fingerprint", hint)
        if Capability.STATE in self._capabilities:
            self._expect_state(_ALICE, MsgState.PLAINTEXT)
        for name in _PEERS:
            self._absorb(name, self._shim.poll(name))
            if self._of(name, WireEvent):
                hint = "report only what was caused: nothing has happened yet"
                self._find(f"nothing in the answer to the first poll of {name}", "a wire", hint)

    def _make(self, fragment: int | None = None, mode: OtrMode | None = None) -> None:
        """Make alice and bob anew."""
        self._clear()
        for name in _PEERS:
            self._make_one(name, fragment=fragment, mode=mode)

    def _clear(self) -> None:
        self._shim.reset()
        self._made.clear()
        self._under_way.clear()
        for name in _PEERS:
            self._seen[name] = []

    def _make_one(  # noqa: PLR0913 - one keyword for each thing that some step gives
        self,
        name: str,
        *,
        fragment: int | None = None,
        mode: OtrMode | None = None,
        trusted: bytes | None = None,
        known_profile: bytes | None = None,
        more: str = "",
    ) -> None:
        """Make alice or bob; `more`: further words of the policy."""
        can = self._capabilities
        keys = None
        if Capability.PRESET_KEY in can:
            keys = _keys_4() if self._four else _keys_3()
        tag = _TAGS[name] if Capability.TAG in can else None
        self._made[name] = self._shim.new(
            name,
            account=name,
            peer=_PEERS[name],
            policy=f"{self._allowed()} {more}".rstrip(),
            tag=tag,
            key=None if keys is None else keys.dsa,
            fragment=fragment,
            mode=mode,
            sym_h=None if keys is None else keys.sym_h,
            forging=None if keys is None else keys.forging,
            now=_NOW if self._four and Capability.CLOCK in can else None,
            trusted=trusted,
            known_profile=known_profile,
        )
        self._check_made(name, tag, keys)

    def _check_made(self, name: str, tag: int | None, keys: _Keys | None) -> None:
        made = self._made[name]
        if tag is not None and made.tag != tag:
            hint = "use the tag that new gives, or do not declare the capability tag"
            self._find(f"the instance tag {tag} at {name}", f"{made.tag}", hint)
        wanted = _FINGERPRINT_OCTETS[self._four]
        if len(made.fingerprint) != wanted:
            hint = "fingerprint is that of the key of the latest version that the policy allows"
            seen = f"{len(made.fingerprint)} bytes"
            self._find(f"a fingerprint of {wanted} bytes at {name}", seen, hint)
        elif keys is not None and made.fingerprint != keys.fingerprint:
            hint = (
                "use the key that new gives; for DSA, the fingerprint is the SHA-1 of the PUBKEY "
                "without the two bytes of its type; for version 4, the hash of the long-term key "
                "and the forging key"
            )
            expected = f"the fingerprint of the key that was given, at {name}"
            self._find(expected, "another", hint)

    def _name_in_use(self) -> None:
        policy = self._allowed()
        again = partial(self._shim.new, _ALICE, account=_ALICE, peer=_BOB, policy=policy)
        self._expect_refusal(again, "new with a name in use", ErrorWord.BAD_REQUEST)

    def _plain_text(self) -> None:
        self._do(_ALICE, self._shim.send(_ALICE, _TEXT), until=lambda: self._shown(_BOB, _TEXT))
        if not self._shown(_BOB, _TEXT) and Capability.POLICY in self._capabilities:
            self._find_text(_BOB, "was not protected (secure: 0)")
        for message in self._of(_BOB, MessageEvent):
            if message.secure:
                hint = "secure says whether the text was protected on its way"
                self._find("a message with secure: 0", "secure: 1", hint)

    def _start(self) -> None:
        self._forget_seen()
        self._do(_ALICE, self._shim.start(_ALICE), until=self._private)
        self._expect_private(
            "start sends a query message or whatever begins the AKE; receive hands every message "
            "to the implementation, and each message that it sends becomes a wire event; its sign "
            "that the conversation is private becomes secure"
        )

    def _expect_private(self, hint: str, *, interactive: bool = True) -> None:
        """Expect that both became private, and that what is reported of it is right."""
        for name, peer in _PEERS.items():
            for event in self._of(name, SecureEvent)[:1]:
                self._check_secure(name, event, self._made[peer])
                if event.interactive not in {None, interactive}:
                    how = "interactive says whether the DAKE had three messages: 1, or one: 0"
                    expected = f"interactive: {interactive:d} at {name}"
                    self._find(expected, f"interactive: {event.interactive:d}", how)
            if not self._of(name, SecureEvent):
                self._find(f"secure at {name}", self._summary(name), hint)
        alice, bob = (self._of(name, SecureEvent) for name in (_ALICE, _BOB))
        if alice and bob:
            self._check_both(alice[0], bob[0])

    def _check_secure(self, name: str, event: SecureEvent, theirs: Made) -> None:
        if event.fingerprint != theirs.fingerprint:
            hint = "report the peer's fingerprint, not our own"
            seen = event.fingerprint.hex()
            self._find(f"{theirs.fingerprint.hex()} as fingerprint at {name}", seen, hint)
        allowed = 0 if self._policy is None else _VERSIONS[self._policy]
        if event.version != allowed:
            hint = "allow only the versions in policy, and report the one in use"
            self._find(f"version {allowed} at {name}", f"version {event.version}", hint)
        if event.peer_tag is not None and theirs.tag is not None and event.peer_tag != theirs.tag:
            hint = "report the peer's instance tag, not our own"
            self._find(f"peer-tag {theirs.tag} at {name}", f"{event.peer_tag}", hint)
        if Capability.STATE in self._capabilities:
            self._expect_state(name, MsgState.ENCRYPTED)

    def _check_both(self, alice: SecureEvent, bob: SecureEvent) -> None:
        if alice.ssid != bob.ssid:
            hint = "report the 8 bytes of the secure session id as they are"
            self._find("one ssid for both", f"{alice.ssid.hex()} and {bob.ssid.hex()}", hint)
        if alice.bold is not None and alice.bold is bob.bold:
            hint = (
                "the two users see different halves in bold; leave bold out where it is not known"
            )
            self._find("different halves in bold", f"{alice.bold} twice", hint)

    def _texts(self) -> None:
        for name, peer in _PEERS.items():
            self._forget_seen()
            answer = self._shim.send(name, _TEXT)
            if any(_TEXT in wire for wire in answer.wires):
                hint = "what goes to the wire is what the implementation made of the text"
                self._find("a wire without the text in it", "the text itself", hint)
            self._do(name, answer, until=partial(self._shown, peer, _TEXT))
            self._expect_private_text(peer)

    def _to(self) -> None:
        tag = self._made[_BOB].tag
        if tag is None:
            hint = "name the tag of an endpoint that has one in the final line of new"
            self._find("a tag in the final line of new", "no tag", hint)
            return
        self._forget_seen()
        answer = self._shim.send(_ALICE, _TEXT, to=tag)
        self._do(_ALICE, answer, until=lambda: self._shown(_BOB, _TEXT))
        self._expect_private_text(_BOB)

    def _smp(self) -> None:
        self._run_smp(_SECRET, None)
        self._expect_stage(_ALICE, Stage.SUCCESS)
        self._expect_stage(_BOB, Stage.SUCCESS)

    def _smp_question(self) -> None:
        if Capability.SMP not in self._capabilities:
            return
        asked = self._run_smp(_SECRET, _QUESTION)
        if asked is not None and asked.question != _QUESTION:
            hint = "report the question, byte for byte, with the stage asked"
            self._find(f"the question {_QUESTION!r}", repr(asked.question), hint)
        self._expect_stage(_ALICE, Stage.SUCCESS)

    def _smp_different(self) -> None:
        self._run_smp(b"another", None)
        for name in _PEERS:
            if any(event.stage is Stage.SUCCESS for event in self._of(name, SmpEvent)):
                hint = "hand the secrets of smp-start and smp-answer to the implementation"
                self._find(f"no success at {name}: the secrets differ", "success", hint)

    def _run_smp(self, answered: bytes, question: bytes | None) -> SmpEvent | None:
        """Let alice ask and bob answer; returns what bob was asked."""
        self._forget_seen()
        answer = self._shim.smp_start(_ALICE, _SECRET, question=question)
        self._do(_ALICE, answer, until=lambda: self._at(_BOB, Stage.ASKED) is not None)
        asked = self._expect_stage(_BOB, Stage.ASKED)
        if asked is not None:
            answer = self._shim.smp_answer(_BOB, answered)
            self._do(_BOB, answer, until=lambda: all(map(self._smp_over, _PEERS)))
        return asked

    def _smp_over(self, name: str) -> bool:
        over = (Stage.SUCCESS, Stage.FAILURE, Stage.ABORTED, Stage.ERROR)
        return any(event.stage in over for event in self._of(name, SmpEvent))

    def _smp_abort(self) -> None:
        self._forget_seen()
        answer = self._shim.smp_start(_ALICE, _SECRET)
        self._do(_ALICE, answer, until=lambda: self._at(_BOB, Stage.ASKED) is not None)
        answer = self._shim.smp_abort(_ALICE)
        self._do(_ALICE, answer, until=lambda: self._at(_BOB, Stage.ABORTED) is not None)
        self._expect_stage(_BOB, Stage.ABORTED)

    def _extra_key(self) -> None:
        self._forget_seen()
        answer = self._shim.extra_key(_ALICE, _USE, b"data")
        self._do(_ALICE, answer, until=lambda: bool(self._of(_BOB, ExtraKeyEvent)))
        keys = set()
        for name, side in ((_ALICE, Side.SENT), (_BOB, Side.RECEIVED)):
            events = self._of(name, ExtraKeyEvent)
            keys |= {event.key for event in events}
            if [(event.side, event.use, event.data) for event in events] != [(side, _USE, b"data")]:
                hint = "report the key at both ends, with the use and the data of the request"
                expected = f"one extra-key at {name}: {side}, use {_USE}, data {b'data'!r}"
                self._find(expected, self._summary(name), hint)
        wanted = _EXTRA_KEY_OCTETS[self._four]
        hint = "report the key of the conversation, 32 bytes; in version 4 the message's, 64 bytes"
        if len(keys) > 1:
            self._find("one key for both", "different keys", hint)
        elif any(len(key) != wanted for key in keys):
            self._find(f"a key of {wanted} bytes", "another length", hint)

    def _heartbeat(self) -> None:
        self._forget_seen()
        answer = self._shim.heartbeat(_ALICE)
        if not answer.wires:
            hint = "have the implementation send a data message without text"
            self._find("a wire", "none", hint)
        self._do(_ALICE, answer, until=lambda: True)
        if self._of(_BOB, MessageEvent):
            hint = "a heartbeat is not shown: report no message for it"
            self._find("no message at bob", self._summary(_BOB), hint)

    def _clock(self) -> None:
        self._shim.clock(1)
        for name in _PEERS:
            self._absorb(name, self._shim.poll(name))

    def _end(self) -> None:
        self._forget_seen()
        answer = self._shim.end(_ALICE)
        self._do(_ALICE, answer, until=lambda: bool(self._of(_BOB, FinishedEvent)))
        if not self._of(_BOB, FinishedEvent):
            hint = "end tells the peer, whose implementation tells its user: that becomes finished"
            self._find("finished at bob", self._summary(_BOB), hint)
        elif Capability.STATE in self._capabilities:
            self._expect_state(_ALICE, MsgState.PLAINTEXT)
            self._expect_state(_BOB, MsgState.FINISHED)

    def _fragment(self) -> None:
        self._make(fragment=_FRAGMENT)
        query = self._shim.start(_ALICE)
        self._do(_ALICE, query, until=self._private)
        if not self._private():
            hint = "the implementation puts fragments together again: hand it each as it is"
            self._find("secure at both, as without fragments", self._summary(_BOB), hint)
            return
        answer = self._shim.send(_ALICE, _LONG_TEXT)
        self._do(_ALICE, answer, until=lambda: self._shown(_BOB, _LONG_TEXT))
        self._expect_private_text(_BOB, _LONG_TEXT)
        # A query is no encoded message: it may be long.
        wires = [event.wire for name in _PEERS for event in self._of(name, WireEvent)]
        longest = max((len(wire) for wire in wires if wire not in query.wires), default=0)
        if longest > _FRAGMENT:
            hint = "let the implementation split what is longer than fragment, headers counted"
            self._find(f"no wire longer than {_FRAGMENT} bytes", f"one of {longest}", hint)

    def _start_by(self, by: StartBy) -> None:
        self._make()
        self._do(_ALICE, self._shim.start(_ALICE, by=by), until=self._private)
        self._expect_private(f"start with by: {by} begins a DAKE, as the word says")

    def _mode(self, mode: OtrMode) -> None:
        self._make(mode=mode)
        self._do(_ALICE, self._shim.start(_ALICE), until=self._private)
        self._expect_private("start begins a DAKE in every mode, with an Identity message in this")

    def _trusted(self) -> None:
        self._clear()
        self._make_one(_BOB)
        more = "require-authenticated" if Capability.POLICY in self._capabilities else ""
        self._make_one(_ALICE, trusted=self._made[_BOB].fingerprint, more=more)
        self._do(_ALICE, self._shim.start(_ALICE), until=self._private)
        self._expect_private("a fingerprint in trusted is one that the user has verified")

    def _known_profile(self) -> None:
        self._clear()
        self._make_one(_BOB)
        given = self._shim.profile(_BOB).profile
        self._expect_decodes("client profile", lambda: decode_client_profile(given))
        self._make_one(_ALICE, known_profile=given)
        self._do(_ALICE, self._shim.start(_ALICE), until=self._private)
        self._expect_private("known-profile is a profile that the peer has published")

    def _offline(self) -> None:
        self._make()
        given = self._shim.ensemble(_BOB)
        identifier = self._expect_ensembles(given, self._shim.ensemble(_BOB))
        self._do(_ALICE, self._shim.offline(_ALICE, given), until=self._private)
        hint = (
            "offline answers the prekey ensemble with a Non-Interactive-Auth message; whoever "
            "published the ensemble is private when that has come"
        )
        self._expect_private(hint, interactive=False)
        used = [event.identifier for event in self._of(_BOB, PrekeyUsedEvent)]
        if used and used != [identifier]:
            hint = "prekey-used names the prekey message of ours that was used"
            self._find(f"prekey-used {identifier} at bob", _words(used), hint)
        if self._private():
            self._texts()

    def _expect_ensembles(self, *given: PublishedEnsemble) -> int | None:
        """Expect prekey ensembles that differ; the identifier of the first prekey message."""
        if len({each.prekey_message for each in given}) < len(given):
            hint = "each prekey message is given out once: make another for each request"
            self._find("another prekey message in each ensemble", "the same twice", hint)
        decoded = [
            self._expect_decodes(
                "prekey ensemble",
                partial(
                    decode_ensemble, each.client_profile, each.prekey_profile, each.prekey_message
                ),
            )
            for each in given
        ]
        return None if decoded[0] is None else decoded[0].message.identifier

    def _expect_decodes(self, what: str, decode: Callable[[], _T]) -> _T | None:
        try:
            return decode()
        except Malformed as fault:
            hint = "each part is encoded as in the specification, once in base64 for the line"
            self._find(f"a {what} that can be decoded", str(fault), hint)
            return None

    def _forget(self) -> None:
        try:
            self._shim.forget(_ALICE)
        except ShimRefused as refusal:
            if refusal.error is not ErrorWord.UNSUPPORTED:
                raise
        else:
            self._refused({"do": "poll", "endpoint": _ALICE}, ErrorWord.NO_ENDPOINT)

    def _reset(self) -> None:
        self._shim.reset()
        for name in _PEERS:
            self._refused({"do": "poll", "endpoint": name}, ErrorWord.NO_ENDPOINT)
        self._make()

    # ---- carrying messages

    def _do(self, name: str, answer: Answer, until: Callable[[], bool]) -> None:
        """Carry what an endpoint sent, and what comes of it, until both are quiet.

        An implementation that works in the background is asked again until what is expected is
        there, or nothing has come for a while.
        """
        self._absorb(name, answer)
        carried = 0
        last = time.monotonic()
        while True:
            while self._under_way:
                to, wire = self._under_way.popleft()
                self._absorb(to, self._shim.receive(to, wire))
                last = time.monotonic()
                carried += 1
                if carried > _MESSAGES_LIMIT:
                    hint = "look for messages that answer each other without end"
                    self._find("silence in the end", f"more than {carried} messages", hint)
                    self._under_way.clear()
                    return
            for polled in _PEERS:
                self._absorb(polled, self._shim.poll(polled))
            if not self._under_way:
                if until() or time.monotonic() - last > self._patience:
                    return
                time.sleep(_PAUSE)

    def _absorb(self, name: str, answer: Answer) -> None:
        self._seen[name].extend(answer.events)
        self._under_way.extend((_PEERS[name], wire) for wire in answer.wires)

    def _forget_seen(self) -> None:
        self._under_way.clear()
        for events in self._seen.values():
            events.clear()

    def _of(self, name: str, form: type[_E]) -> list[_E]:
        return [event for event in self._seen[name] if isinstance(event, form)]

    def _ready(self) -> bool:
        """Whether both endpoints were made."""
        return len(self._made) == len(_PEERS)

    def _private(self) -> bool:
        return all(self._of(name, SecureEvent) for name in _PEERS)

    def _shown(self, name: str, text: bytes) -> bool:
        return any(message.text == text for message in self._of(name, MessageEvent))

    def _at(self, name: str, stage: Stage) -> SmpEvent | None:
        return next((event for event in self._of(name, SmpEvent) if event.stage is stage), None)

    def _summary(self, name: str) -> str:
        """What was reported at an endpoint, in short."""
        events = [event.event for event in self._seen[name][:_SHOWN]]
        return ", ".join(events) if events else "no event"

    # ---- what is expected

    def _expect_private_text(self, name: str, text: bytes = _TEXT) -> None:
        if not self._shown(name, text):
            self._find_text(name, "was protected (secure: 1)", text)
        elif not all(message.secure for message in self._of(name, MessageEvent)):
            hint = "secure says whether the text was protected on its way"
            self._find(f"a message with secure: 1 at {name}", "secure: 0", hint)

    def _find_text(self, name: str, how: str, text: bytes = _TEXT) -> None:
        hint = "texts are octets: hand them on as they are, in both directions"
        shown = [message.text[:_SHOWN] for message in self._of(name, MessageEvent)]
        seen = f"{shown[:_SHOWN]}" if shown else self._summary(name)
        self._find(f"a message at {name} with {text[:_SHOWN]!r} that {how}", seen, hint)

    def _expect_stage(self, name: str, stage: Stage) -> SmpEvent | None:
        event = self._at(name, stage)
        if event is None:
            hint = "report what the implementation tells its user about SMP as smp events"
            seen = ", ".join(str(e.stage) for e in self._of(name, SmpEvent)) or self._summary(name)
            self._find(f"smp {stage} at {name}", seen, hint)
        return event

    def _expect_state(self, name: str, msgstate: MsgState) -> None:
        state = self._shim.state(name)
        if state.msgstate is not msgstate:
            hint = "state reports the message state of the conversation with the peer"
            self._find(f"msgstate {msgstate} at {name}", str(state.msgstate), hint)

    def _refused(self, request: Mapping[str, Scalar], *words: ErrorWord) -> None:
        """Ask what has to be refused."""
        self._expect_refusal(
            partial(self._shim.request_anyway, request), json.dumps(request), *words
        )

    def _expect_refusal(self, ask: Callable[[], object], what: str, *words: ErrorWord) -> None:
        expected = f"end: error with {' or '.join(map(str, words))}, for {what}"
        hint = "answer what cannot be carried out with an error line, and go on"
        try:
            ask()
        except ShimRefused as refusal:
            if refusal.error not in words:
                self._find(expected, f"{refusal.error}: {refusal.detail}", hint, refusal)
        else:
            self._find(expected, "end: ok", hint)

    def _try(self, step: str, work: Callable[[], None]) -> None:
        """Make one step; raises `_Broken` if the conversation broke."""
        self._step = f"{step}, version 4" if self._four else step
        if self._told is not None:
            self._told(self._step)
        try:
            work()
        except ShimRefused as refusal:
            hint = _REFUSAL_HINTS[refusal.error]
            self._find("end: ok", str(refusal), hint, refusal)
        except ShimError as error:
            self._find("an answer", str(error), _hint(error), error)
            raise _Broken from error

    def _find(self, expected: str, seen: str, hint: str, error: ShimError | None = None) -> None:
        """Make a finding; the same surprise in a later step is none."""
        if error is None:
            finding = Finding(self._step, expected, seen, hint)
            if any((f.expected, f.seen) == (expected, seen) for f in self.findings):
                return
        else:
            line = error.line if isinstance(error, ShimFault) else ""
            seen = f"{seen} in the line {line}" if line else seen
            finding = Finding(
                self._step, expected, seen, hint, error.verdict, error.asked, error.stderr
            )
        self.findings.append(finding)


def _hint(error: ShimError) -> str:
    if isinstance(error, ShimFault):
        return HINTS[error.kind]
    if isinstance(error, ShimCrash):
        return "what it wrote to standard error may say why; exit only after bye"
    if isinstance(error, ShimGrown):
        return "look for a loop, and for what is kept and never given back"
    if isinstance(error, ShimHang) and error.do is None:
        return "exit when reading standard input says that it has ended"
    if isinstance(error, ShimHang):
        return "flush standard output after each final line, and wait for nothing but the next line"
    return "the suite itself is at fault: report this"


def _words(words: Sequence[object]) -> str:
    return " ".join(map(str, words)) or "nothing"
