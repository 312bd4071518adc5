"""A target behind a shim, as a party on the stage."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING

from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.keys import write_preset_key
from otr_conformance.shim.protocol import (
    AnyEvent,
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    HeartbeatEvent,
    InsecureEvent,
    MessageEvent,
    ResentEvent,
    SecureEvent,
    SmpEvent,
    StillSecureEvent,
    WarningEvent,
    WireEvent,
)
from otr_conformance.shim.vocabulary import Bold, Capability, ErrorWord, PolicyWord
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    End,
    Heartbeat,
    SendText,
    Start,
    StartSmp,
    UseExtraKey,
)

from .labs import generated_key
from .stage import TARGET_TAG, Party, Reaction, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Answer, Hello
    from otr_reference.otrv3.commands import Command
    from otr_reference.otrv3.session import Policy
    from otr_reference.sorts import Wire

    from .labs import RealLab
    from .stage import Cast

ENDPOINT = "target"


class ShimParty(Party):
    """One endpoint of a shim. It needs real cryptography: values leave the process.

    Raises (every method):
        ShimError: as the client does; the error says which verdict it means.
    """

    def __init__(self, lab: RealLab, cast: Cast, shim: ShimProcess, hello: Hello) -> None:
        self.lab = lab
        self.shim = shim
        self.hello = hello
        can = set(hello.capabilities)
        shim.new(
            ENDPOINT,
            account="target",
            peer="tester",
            policy=policy_words(cast.target),
            tag=TARGET_TAG if Capability.TAG in can else None,
            key=write_preset_key(generated_key("target")) if Capability.PRESET_KEY in can else None,
            fragment=cast.max_size or None,
        )

    def command(self, command: Command) -> Reaction:
        """One request; if the implementation refuses it, the user is told so."""
        try:
            return self._reaction(self._ask(command).events)
        except ShimRefused as refusal:
            if refusal.error is not ErrorWord.REFUSED:
                raise
            reaction = self._reaction(refusal.events)
            return replace(reaction, reports=(*reaction.reports, Report("refused")))

    def receive(self, wire: Wire) -> Reaction:
        """One request, and what came of it in the background."""
        return self._reaction(self.shim.receive(ENDPOINT, self.lab.from_network(wire)).events)

    def wait(self, seconds: int) -> Reaction:
        """The shim's clock goes on, and what that causes is asked for."""
        self.shim.clock(seconds)
        return self._reaction(self.shim.poll(ENDPOINT).events)

    def _ask(self, command: Command) -> Answer:
        shim, out = self.shim, self.lab.suite.to_bytes
        match command:
            case Start():
                return shim.start(ENDPOINT)
            case SendText(text):
                return shim.send(ENDPOINT, out(text))
            case End():
                return shim.end(ENDPOINT)
            case Heartbeat():
                return shim.heartbeat(ENDPOINT)
            case UseExtraKey(use, data):
                return shim.extra_key(ENDPOINT, use, out(data))
            case _:
                return self._ask_smp(command)

    def _ask_smp(self, command: StartSmp | AnswerSmp | AbortSmp) -> Answer:
        shim, lab = self.shim, self.lab
        match command:
            case StartSmp(secret, question):
                asked = None if question is None else lab.suite.to_bytes(question)
                return shim.smp_start(ENDPOINT, lab.typed(secret), question=asked)
            case AnswerSmp(secret):
                return shim.smp_answer(ENDPOINT, lab.typed(secret))
            case AbortSmp():
                return shim.smp_abort(ENDPOINT)

    def _reaction(self, events: Iterable[AnyEvent]) -> Reaction:
        wires: list[Wire] = []
        reports: list[Report] = []
        for event in events:
            if isinstance(event, WireEvent):
                wires.append(self.lab.to_network(event.wire))
            else:
                reports.append(Report(event.event, detail_of(event)))
        return Reaction(tuple(wires), tuple(reports))


def policy_words(policy: Policy) -> list[PolicyWord]:
    """A policy in the words of the shim protocol."""
    words = {
        PolicyWord.V2: policy.allow_v2,
        PolicyWord.V3: policy.allow_v3,
        PolicyWord.REQUIRE_ENCRYPTION: policy.require_encryption,
        PolicyWord.SEND_WHITESPACE_TAG: policy.send_whitespace_tag,
        PolicyWord.WHITESPACE_START_AKE: policy.whitespace_start_ake,
        PolicyWord.ERROR_START_AKE: policy.error_start_ake,
    }
    return [word for word, yes in words.items() if yes]


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


@singledispatch
def detail_of(event: AnyEvent) -> str:
    """What has to be equal in an event: as `stage.report_of` says it of the reference's."""
    raise TypeError(event)


@detail_of.register
def _(event: MessageEvent) -> str:
    return f"{'private' if event.secure else 'open'} {_readable(event.text)}"


@detail_of.register
def _(event: WarningEvent) -> str:
    return event.about.word


@detail_of.register(ErrorEvent)
@detail_of.register(FinishedEvent)
@detail_of.register(InsecureEvent)
@detail_of.register(ResentEvent)
@detail_of.register(HeartbeatEvent)
def _(_event: AnyEvent) -> str:
    return ""


@detail_of.register(SecureEvent)
@detail_of.register(StillSecureEvent)
def _(event: SecureEvent) -> str:
    bold = "unknown" if event.bold is None else str(event.bold is Bold.FIRST)
    return f"v{event.version} {event.ssid.hex()} {bold}"


@detail_of.register
def _(event: SmpEvent) -> str:
    return event.stage.word + ("" if event.question is None else f" {_readable(event.question)}")


@detail_of.register
def _(event: ExtraKeyEvent) -> str:
    return f"{event.use:#x} {_readable(event.data)} {event.key.hex()}"
