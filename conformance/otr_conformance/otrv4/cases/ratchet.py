"""The double ratchet of OTRv4: which keys protect a Data Message, in whatever order they arrive.

Sections "Key Management", "Data Exchange" and "Deletion of Stored Message Keys". What the target
does depends on its part in the DAKE, which decides who holds which keys at first; so the families
here are played in each of the four roles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from otr_conformance.otrv4.case import Level, case
from otr_conformance.otrv4.scenes import (
    QUERY,
    ROLES,
    private,
    private_as_responder,
    talk,
)
from otr_conformance.play.stage import Stuck
from otr_reference.otrv4.messages import DataMessage, Identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import DataFields
    from otr_reference.sorts import Wire

    Scene = Callable[[Stage], None]

T = TypeVar("T")
OFFLINE = {"retriever", "publisher"}
"""The roles of the DAKE that is not interactive."""
FAR = 100
"""Messages that are lost, where many are: fewer than anybody's bound."""
BOUND = 1000
"""The bound on skipped message keys that the text names as an example."""
STORED = 2 * BOUND
"""Our bound on those that are kept in all."""


def needs_of(role: str) -> set[str]:
    """What a target needs that is to play a role."""
    return {"otrv4-offline"} if role in OFFLINE else set()


def held_back(stage: Stage) -> Wire:
    """What the tester has sent last, which does not arrive by itself.

    Raises:
        Stuck: if it has sent nothing, because the target has not done its part.
    """
    if not stage.to_target:
        message = "the tester has sent nothing"
        raise Stuck(message)
    return stage.to_target.pop()


def said(stage: Stage, text: str) -> Wire:
    """The tester says something in private; it is held back; raises as `held_back`."""
    stage.tester_says(text)
    return held_back(stage)


def several(stage: Stage, count: int, words: str = "number") -> list[Wire]:
    """The tester says so much; it is held back; raises as `held_back`."""
    return [said(stage, f"{words} {number}") for number in range(1, count + 1)]


def taken_apart(stage: Stage, wire: Wire, kind: type[T]) -> T:
    """A message of the tester's.

    Raises:
        Stuck: if it is of another kind, because the target has not done its part.
    """
    message = stage.decode(wire)
    if not isinstance(message, kind):
        reason = f"the tester has sent {stage.kind_of(message)}"
        raise Stuck(reason)
    return message


def deliver(stage: Stage, *wires: Wire) -> None:
    """Messages reach the target in this order."""
    for wire in wires:
        stage.reaches_target(wire)


def answered(stage: Stage, text: str) -> None:
    """The target's user says something, and the tester's user reads it: a ratchet is over."""
    stage.target_says(text)
    stage.settle()


def sends_edited(
    stage: Stage, wire: Wire, edit: Callable[[DataFields], DataFields], what: str
) -> None:
    """A Data Message of the tester's with other fields, whose authenticator stays as it is."""
    message = taken_apart(stage, wire, DataMessage)
    stage.sends(replace(message, fields=edit(message.fields)), what)


def refreshed(stage: Stage) -> None:
    """The private conversation gets new keys; the target sends the Identity message."""
    stage.arrives(QUERY)
    stage.settle()


def refreshed_as_responder(stage: Stage) -> None:
    """As before; the tester sends the Identity message."""
    stage.tester_takes(QUERY)
    stage.settle()


# In each role.


def listening(stage: Stage) -> None:
    """Only the tester's user speaks."""
    one, two, three = several(stage, 3)
    deliver(stage, one, three, two)


def duplicates(stage: Stage) -> None:
    """Messages arrive twice, in their ratchet and after it."""
    one, two, three = several(stage, 3)
    deliver(stage, one, one, three, three, two, two, one)
    answered(stage, "yes")
    (four,) = several(stage, 1, "then")
    deliver(stage, four, four, one, two, three)
    answered(stage, "yes, yes")
    talk(stage)
    deliver(stage, four, one)
    talk(stage)


FAMILIES: tuple[tuple[str, Scene, str], ...] = (
    ("listening", listening, "Reads the peer's first Data Messages without having sent any"),
    (
        "duplicates",
        duplicates,
        """Reads no Data Message twice, and discards those that come again, in their ratchet and
        after it""",
    ),
)


def _in_each_role() -> None:
    for name, happens, about in FAMILIES:
        for role, scene in ROLES.items():

            def play(stage: Stage, scene: Scene = scene, happens: Scene = happens) -> None:
                scene(stage)
                happens(stage)

            play.__doc__ = f"""{about}, as the {role} of the DAKE."""
            case(f"ratchet.{name}.{role}", needs=needs_of(role))(play)


_in_each_role()


# One ratchet, and the next.


@case("ratchet.lost-messages")
def lost_messages(stage: Stage) -> None:
    """Goes on with what arrives when messages are lost in both directions.

    Its messages say how many there were in its last ratchet.
    """
    private(stage)
    for number in range(6):
        stage.tester_says(f"tester {number}")
        stage.tester_says(f"tester {number} again")
        if number % 3 == 1:
            stage.to_target_loses()
        stage.settle()
        stage.target_says(f"target {number}")
        stage.target_says(f"target {number} again")
        stage.to_tester_loses(number % 2)
        stage.settle()


@case("ratchet.many-lost")
def many_lost(stage: Stage) -> None:
    """Reads a Data Message after a hundred that were lost, and those of them that arrive after all.

    Some were lost in its own ratchet, others before that began.
    """
    private(stage)
    wires = several(stage, FAR)
    deliver(stage, wires[-1])
    more = several(stage, FAR, "more")
    deliver(stage, more[0])
    answered(stage, "much was lost")
    stage.tester_says("so it seems")
    stage.settle()
    deliver(stage, wires[0], more[-1], wires[-2], more[1])
    talk(stage)


@case("ratchet.early-duplicate")
def early_duplicate(stage: Stage) -> None:
    """Reads Data Messages that overtook the Auth-I message, each once, although one came twice."""
    stage.tester_starts_dake()
    stage.to_target_delivers()
    stage.to_tester_delivers()
    one, two = several(stage, 2)
    deliver(stage, one, one, two)
    stage.settle()
    talk(stage)


# What nobody's keys are for.


def _too_far() -> None:
    for role, scene in ROLES.items():

        def play(stage: Stage, scene: Scene = scene) -> None:
            scene(stage)
            talk(stage)
            talk(stage)
            wire = said(stage, "as it was sent")
            largest = 0xFFFFFFFF
            for number in (BOUND + 1, largest):
                sends_edited(
                    stage,
                    wire,
                    lambda f, number=number: replace(f, message_id=number),  # type: ignore[misc]  # mypy wants a type for number
                    f"message {number:#x} of the next ratchet",
                )
            sends_edited(
                stage, wire, lambda f: replace(f, pn=largest), "the next ratchet, after too many"
            )
            stage.reaches_target(wire)
            for number in (BOUND + 2, largest):
                sends_edited(
                    stage,
                    wire,
                    lambda f, number=number: replace(f, message_id=number),  # type: ignore[misc]  # mypy wants a type for number
                    f"message {number:#x} of the same ratchet",
                )
            stage.settle()
            talk(stage)

        play.__doc__ = f"""Refuses a message of nobody's that claims that very many messages were
        lost, in the current ratchet, in the next, or before it, as the {role} of the DAKE."""
        case(f"ratchet.too-far.{role}", needs=needs_of(role))(play)


_too_far()


@case("ratchet.first-key-of-initiator")
def first_key_of_initiator(stage: Stage) -> None:
    """Refuses, as the responder, a message under the first key of the initiator.

    The initiator never uses it to send.
    """
    stage.tester_starts_dake()
    wire = held_back(stage)
    identity = taken_apart(stage, wire, Identity)
    stage.reaches_target(wire)
    stage.settle()
    wire = said(stage, "as it was sent")
    ecdh, dh = identity.first_ecdh, identity.first_dh
    sends_edited(stage, wire, lambda f: replace(f, ecdh=ecdh, dh=dh), "a message under another key")
    stage.reaches_target(wire)
    talk(stage)


@case("ratchet.key-of-prekey-message", needs={"otrv4-offline"})
def key_of_prekey_message(stage: Stage) -> None:
    """Refuses, as the retriever, a message under the key of the prekey message.

    The owner of that never uses it to send.
    """
    ensemble = stage.tester.ensemble()
    stage.target_starts_offline(ensemble)
    stage.settle()
    wire = said(stage, "as it was sent")
    y = ensemble.message.y
    sends_edited(stage, wire, lambda f: replace(f, ecdh=y), "a message under another key")
    stage.reaches_target(wire)
    talk(stage)


# Skipped message keys.


def _one_skipped(stage: Stage) -> Wire:
    """A Data Message whose key is stored, and which has not arrived."""
    private(stage)
    talk(stage)
    skipped, after = several(stage, 2)
    deliver(stage, after)
    return skipped


@case("ratchet.skipped-forged")
def skipped_forged(stage: Stage) -> None:
    """Refuses a message of nobody's with the numbers of one that was skipped."""
    wire = _one_skipped(stage)
    sends_edited(
        stage, wire, lambda f: replace(f, flags=f.flags ^ 0x80), "the skipped message with a flag"
    )
    stage.settle()
    talk(stage)


@case("ratchet.beyond-bound", level=Level.SHOULD)
def beyond_bound(stage: Stage) -> None:
    """Refuses a message if more than a thousand before it were lost, in one ratchet."""
    private(stage)
    wires = several(stage, BOUND + 2)
    deliver(stage, wires[-1], wires[-2], wires[-1])
    stage.settle()
    talk(stage)


@case("ratchet.beyond-bound-in-all", level=Level.SHOULD)
def beyond_bound_in_all(stage: Stage) -> None:
    """Refuses a message if more message keys than it is willing to store would be stored in all."""
    private(stage)
    for _ in range(STORED // BOUND):
        wires = several(stage, BOUND)
        deliver(stage, wires[-1])
        answered(stage, "much was lost")
    wires = several(stage, 4)
    deliver(stage, wires[-1])
    deliver(stage, *wires)
    stage.settle()
    talk(stage)


# A DAKE replaces the keys.


def _late() -> None:
    scenes: dict[str, tuple[Scene, Scene]] = {
        "initiator": (private_as_responder, refreshed),
        "responder": (private, refreshed_as_responder),
    }
    for role, (scene, refresh) in scenes.items():

        def play(stage: Stage, scene: Scene = scene, refresh: Scene = refresh) -> None:
            scene(stage)
            for _ in range(3):
                talk(stage)
            skipped, read, late = several(stage, 3, "of before")
            deliver(stage, read)
            refresh(stage)
            deliver(stage, skipped, read, late)
            stage.settle()
            for _ in range(3):
                talk(stage)

        play.__doc__ = f"""Uses the keys of the latest DAKE, and none from before it, when it was
        the {role} of that."""
        case(f"ratchet.refreshed.{role}")(play)


_late()


@case("ratchet.refreshed.publisher", needs={"otrv4-offline"})
def refreshed_publisher(stage: Stage) -> None:
    """Uses the keys of the latest DAKE, and none from before it, when it was the publisher.

    The tester has lost what it remembered, so that nothing ends the conversation before.
    """
    private(stage)
    for _ in range(3):
        talk(stage)
    late = said(stage, "of before")
    stage.tester_forgets()
    stage.tester_starts_offline()
    stage.settle()
    deliver(stage, late)
    stage.settle()
    for _ in range(3):
        talk(stage)


@case("ratchet.forgotten-at-the-end")
def forgotten_at_the_end(stage: Stage) -> None:
    """Begins with new keys after its user has ended a conversation; old ones are of no use."""
    private(stage)
    talk(stage)
    skipped, read, late = several(stage, 3, "of before")
    deliver(stage, read)
    stage.target_ends()
    stage.settle()
    private(stage)
    deliver(stage, skipped, late)
    stage.settle()
    talk(stage)


@case("ratchet.forgotten-when-finished")
def forgotten_when_finished(stage: Stage) -> None:
    """Forgets every key when the peer ends a conversation.

    None is of use in the next one, and no MAC key of the one before is revealed there.
    """
    stage.looks_back = True
    private(stage)
    talk(stage)
    skipped, read, late = several(stage, 3, "of before")
    deliver(stage, read)
    stage.tester_ends()
    stage.settle()
    private(stage)
    deliver(stage, skipped, late)
    stage.settle()
    talk(stage)
    talk(stage)


def _awaits_auth_i(stage: Stage) -> None:
    """The target waits for an Auth-I message, which is the first that is on its way to it."""
    stage.tester_forgets()
    stage.tester_starts_dake()
    stage.to_target_delivers()
    while stage.to_tester:
        stage.to_tester_delivers()


@case("ratchet.first-after-another-dake")
def first_after_another_dake(stage: Stage) -> None:
    """Keeps what overtakes an Auth-I message, also where the ratchets that it replaces are further.

    To the letter a Data Message is compared with the ratchets of the conversation that is private,
    and one of the first is discarded.
    """
    private(stage)
    for _ in range(3):
        talk(stage)
    _awaits_auth_i(stage)
    stage.tester_says("first of all")
    stage.to_target_delivers(1)
    stage.target_says("where am I?")
    stage.settle()
    talk(stage)
