"""A target behind a shim, as a party on the stage."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, Final, TypeVar

from otr_conformance.shim.errors import ShimRefused
from otr_conformance.shim.protocol import (
    AnyEvent,
    ErrorEvent,
    ExtraKeyEvent,
    FinishedEvent,
    HeartbeatEvent,
    InsecureEvent,
    MessageEvent,
    PrekeyUsedEvent,
    ResentEvent,
    SecureEvent,
    SmpEvent,
    StillSecureEvent,
    WarningEvent,
    WireEvent,
)
from otr_conformance.shim.vocabulary import Bold, ErrorWord

from .stage import Party, Reaction, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from otr_conformance.shim.client import ShimProcess
    from otr_conformance.shim.protocol import Answer
    from otr_reference.sorts import Wire

    from .labs import Lab

__all__ = ["ENDPOINT", "ShimParty", "detail_of"]

ENDPOINT: Final = "target"
"""The name of the endpoint that plays the target."""

K_contra = TypeVar("K_contra", contravariant=True)


class ShimParty(Party[K_contra]):
    """One endpoint of a shim. It needs real cryptography: values leave the process.

    A protocol makes the endpoint, and says which request a command is.

    Raises (every method):
        ShimError: as the client does; the error says which verdict it means.
    """

    def __init__(self, lab: Lab, shim: ShimProcess) -> None:
        self.lab = lab
        self.shim = shim

    @abstractmethod
    def ask(self, command: K_contra) -> Answer:
        """The request that a command is."""

    def command(self, command: K_contra) -> Reaction:
        """One request; if the implementation refuses it, the user is told so."""
        try:
            return self._reaction(self.ask(command).events)
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

    def _reaction(self, events: Iterable[AnyEvent]) -> Reaction:
        wires: list[Wire] = []
        reports: list[Report] = []
        for event in events:
            if isinstance(event, WireEvent):
                wires.append(self.lab.to_network(event.wire))
            else:
                reports.append(Report(event.event, detail_of(event)))
        return Reaction(tuple(wires), tuple(reports))


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


@singledispatch
def detail_of(event: AnyEvent) -> str:
    """What has to be equal in an event: as the protocol's `report_of` says it of the reference's.

    Raises:
        TypeError: if it is no event that a user is told of.
    """
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
@detail_of.register(PrekeyUsedEvent)
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
