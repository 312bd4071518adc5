"""The non-interactive DAKE: the target begins a conversation, or finds that one has begun.

Sections "Offline Conversation Initialization", "Sending a Data Message to an offline participant"
and "Receiving a Non-Interactive-Auth Message". What is wrong in one thing is in `negative_dake`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V4_ONLY, case
from otr_conformance.otrv4.scenes import (
    QUERY,
    finished,
    hold_everything,
    private_as_publisher,
    private_as_responder,
    private_as_retriever,
    sent_by_tester,
    talk,
)
from otr_conformance.otrv4.stage import THIRD_TAG
from otr_model.otrv4.words import Dake, Mode, Msg
from otr_reference.otrv4.messages import NonInteractiveAuth
from otr_reference.otrv4.session import Policy

from .dake import (
    IDENTITY,
    IN_STATE,
    NON_INTERACTIVE_AUTH,
    REACH,
    STANDING,
    STRANGER,
    TRUSTED_ONLY,
    declare,
    goes_on,
    sends_forged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.case import Play
    from otr_conformance.otrv4.stage import Stage
    from otr_reference.sorts import Wire

OFFLINE = frozenset({"otrv4-offline"})
INTERACTIVE = Policy(allow_v3=False, require_interactive=True)
"""A profile is valid for a week; what it was used for before is accepted for another day."""


def fresh_start(stage: Stage) -> None:
    """The tester begins a conversation offline, and knows of none before."""
    stage.tester_forgets()
    stage.tester_starts_offline()


def sent_offline(stage: Stage) -> Wire:
    """A Non-Interactive-Auth message of the tester's, which is held back."""
    stage.tester_starts_offline()
    return stage.to_target.pop()


def sends_as(stage: Stage, name: str) -> None:
    """Somebody at the tester's instance tag begins a conversation offline; the tester does not."""
    before = stage.tester.conversation
    stage.tester_becomes(name)
    stage.tester_forgets()
    wire = sent_offline(stage)
    stage.tester_becomes("tester")
    stage.tester.conversation = before
    stage.reaches_target(wire)


def leads_to(stage: Stage, state: Dake, standing: Msg) -> None:
    """The DAKE stands at a state, beside a message state."""
    if standing is not Msg.START or state is Dake.IDLE:
        STANDING[standing](stage)
    REACH[state](stage)


def shows_rest(stage: Stage) -> None:
    """An Identity message to all is answered, as it is not in WAITING_AUTH_I; a DAKE succeeds."""
    stage.tester_takes(QUERY)
    stage.settle()
    talk(stage, "once more", "gladly")


def _then_talk(begin: Callable[[Stage], None]) -> Play:
    def play(stage: Stage) -> None:
        begin(stage)
        talk(stage)

    return play


# The target is the one who begins: the retriever of a prekey ensemble.


def _begins_in(state: Dake, standing: Msg) -> Play:
    def play(stage: Stage) -> None:
        leads_to(stage, state, standing)
        hold_everything(stage)
        if standing is Msg.START:
            stage.tester_forgets()
        stage.target_starts_offline()
        stage.settle()
        talk(stage)
        shows_rest(stage)

    return play


for _state in Dake:
    declare(
        f"offline.begins-in-{_state.label}",
        f"""Sends a Non-Interactive-Auth message when its user starts a conversation from a prekey
        ensemble in {_state.name}, and is in IDLE after that: no interactive DAKE goes on.""",
        _begins_in(_state, Msg.START),
        needs=OFFLINE,
    )
for _standing in (Msg.ENCRYPTED_MESSAGES, Msg.FINISHED):
    declare(
        f"offline.begins-in-{_standing.label}",
        f"""Sends a Non-Interactive-Auth message when its user starts a conversation from a prekey
        ensemble {IN_STATE[_standing]}; what is private is ended first, with a TLV of type 1.""",
        _begins_in(Dake.IDLE, _standing),
        needs=OFFLINE,
    )


@case(
    "offline.nobody-interrupts-a-dake",
    target=V4_ONLY,
    tester=V4_ONLY,
    mode=Mode.STANDALONE,
    needs={"otrv4-mode"},
)
def nobody_interrupts_a_dake(stage: Stage) -> None:
    """Goes on with a DAKE that it began after the peer had ended the conversation.

    An Identity message of nobody's is not valid, a Non-Interactive-Auth message is ignored, since
    the state is FINISHED, and what was said in the conversation before cannot be read any more.
    """
    private_as_responder(stage)
    late = sent_by_tester(stage, "late")
    stage.tester_ends()
    stage.settle()
    stage.target_starts()
    sends_forged(stage, IDENTITY)
    sends_forged(stage, NON_INTERACTIVE_AUTH)
    stage.reaches_target(late)
    stage.settle()
    talk(stage)


@case("offline.begins-beside-another-dake", needs=OFFLINE)
def begins_beside_another_dake(stage: Stage) -> None:
    """Begins a conversation from a prekey ensemble while it waits for another instance of the peer.

    With the one the conversation was ended by the peer; the other has begun a DAKE.
    """
    finished(stage)
    first = stage.tester.account.tag
    stage.tester_at(THIRD_TAG)
    stage.tester_starts_dake()
    stage.to_target_delivers()
    hold_everything(stage)
    stage.tester_at(first)
    stage.target_starts_offline()
    stage.settle()
    talk(stage)


@case("offline.begins-with-two-instances", needs=OFFLINE)
def begins_with_two_instances(stage: Stage) -> None:
    """Keeps conversations apart that begin from the prekey ensembles of two instances.

    Both were started by its user.
    """
    private_as_retriever(stage)
    first = stage.tester.account.tag
    stage.tester_at(THIRD_TAG)
    stage.target_starts_offline()
    stage.settle()
    talk(stage)
    stage.tester_at(first)
    stage.tester_says("from the first")
    stage.settle()


# The target is the one who finds it: the publisher.


@case(
    "offline.accepts-what-waited",
    target=replace(V4_ONLY, require_encryption=True),
    needs={"otrv4-offline", "policy"},
)
def accepts_what_waited(stage: Stage) -> None:
    """Sends a text that waited once a Non-Interactive-Auth message has arrived.

    It waited for a private conversation.
    """
    stage.target_says("not in the clear")
    hold_everything(stage)
    stage.tester_starts_offline()
    stage.settle()
    talk(stage)


def _accepts_in(state: Dake, standing: Msg) -> Play:
    def play(stage: Stage) -> None:
        leads_to(stage, state, standing)
        hold_everything(stage)
        fresh_start(stage)
        stage.settle()
        talk(stage)
        shows_rest(stage)

    return play


for _state in Dake:
    declare(
        f"offline.accepts-in-{_state.label}",
        f"""Accepts a Non-Interactive-Auth message in {_state.name}, and is in IDLE after that: no
        interactive DAKE goes on.""",
        _accepts_in(_state, Msg.START),
        needs=OFFLINE,
    )
    declare(
        f"offline.accepts-beside-private-in-{_state.label}",
        f"""Accepts a Non-Interactive-Auth message in {_state.name} beside a private conversation,
        whose keys it replaces.""",
        _accepts_in(_state, Msg.ENCRYPTED_MESSAGES),
        needs=OFFLINE,
    )


def _ignored_when_finished_in(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        finished(stage)
        REACH[state](stage)
        stage.arrives("somebody else speaks")
        before = stage.tester.conversation
        stage.tester_forgets()
        wire = sent_offline(stage)
        stage.tester.conversation = before
        stage.reaches_target(wire)
        if state is Dake.IDLE:
            stage.tester_takes(QUERY)
        stage.settle()
        talk(stage)

    return play


for _state in Dake:
    declare(
        f"offline.ignored-when-finished-in-{_state.label}",
        f"""Ignores a Non-Interactive-Auth message in {_state.name} after the peer has ended the
        conversation, and stays there: what belongs there still succeeds.""",
        _ignored_when_finished_in(_state),
        needs=OFFLINE,
    )

# Prekey messages are for one use.


@case("offline.replayed-later", needs=OFFLINE)
def replayed_later(stage: Stage) -> None:
    """Ignores a Non-Interactive-Auth message that comes again when its conversation is over.

    Its prekey message is used up.
    """
    wire = sent_offline(stage)
    stage.reaches_target(wire)
    talk(stage)
    stage.target_ends()
    stage.settle()
    stage.target_says("in the clear")
    stage.reaches_target(wire)
    goes_on(stage, Dake.IDLE)


@case("offline.forged-copy", needs=OFFLINE)
def forged_copy(stage: Stage) -> None:
    """Refuses a Non-Interactive-Auth message that somebody has changed.

    The prekey message that it names is not used up: the message as it was sent is accepted.
    """
    wire = sent_offline(stage)
    message = stage.decode(wire)
    if isinstance(message, NonInteractiveAuth):
        garbled = replace(message, auth_mac=stage.lab.suite.garble_mac(message.auth_mac))
        stage.sends(garbled, "a changed copy")
    stage.reaches_target(wire)
    talk(stage)


# Trust: OTRNG_REQUIRE_AUTHENTICATED.


def _untrusted_in(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        leads_to(stage, state, Msg.START)
        sends_as(stage, STRANGER)
        goes_on(stage, state)

    return play


for _name, _does, _not, _of, _begin in (
    (
        *("begins", "Starts a conversation from", "Refuses"),
        *("the prekey ensemble", private_as_retriever),
    ),
    ("accepts", "Accepts", "Ignores", "the Non-Interactive-Auth message", private_as_publisher),
):
    declare(
        f"offline.trusted-{_name}",
        f"""{_does} {_of} of somebody whose fingerprint its user has verified where
        OTRNG_REQUIRE_AUTHENTICATED is set, and becomes private.""",
        _then_talk(_begin),
        target=TRUSTED_ONLY,
        trusts=True,
        needs={"otrv4-offline", "policy", "otrv4-trusted"},
    )
    declare(
        f"offline.untrusted-{_name}",
        f"""{_not} {_of} of somebody whose fingerprint its user has not verified where
        OTRNG_REQUIRE_AUTHENTICATED is set.""",
        _then_talk(_begin),
        target=TRUSTED_ONLY,
        needs={"otrv4-offline", "policy"},
    )
for _state in Dake:
    declare(
        f"offline.untrusted-in-{_state.label}",
        f"""Ignores the Non-Interactive-Auth message of somebody whose fingerprint its user has not
        verified in {_state.name}, where OTRNG_REQUIRE_AUTHENTICATED is set, and stays there: what
        belongs there still succeeds.""",
        _untrusted_in(_state),
        target=TRUSTED_ONLY,
        trusts=True,
        needs={"otrv4-offline", "policy", "otrv4-trusted"},
    )

# OTRNG_REQUIRE_INTERACTIVE, and the modes.


def _online_only_in(state: Dake) -> Play:
    def play(stage: Stage) -> None:
        leads_to(stage, state, Msg.START)
        sends_as(stage, "tester")
        goes_on(stage, state)

    return play


for _state in Dake:
    declare(
        f"offline.require-interactive-in-{_state.label}",
        f"""Ignores a Non-Interactive-Auth message in {_state.name} where OTRNG_REQUIRE_INTERACTIVE
        is set, and stays there: what belongs there still succeeds.""",
        _online_only_in(_state),
        target=INTERACTIVE,
        needs={"otrv4-offline", "policy"},
    )


@case("offline.interactive-only", mode=Mode.INTERACTIVE_ONLY, needs={"otrv4-mode", "tag"})
def interactive_only(stage: Stage) -> None:
    """Ignores a Non-Interactive-Auth message in the mode interactive-only.

    It becomes private by an interactive DAKE.
    """
    sends_forged(stage, NON_INTERACTIVE_AUTH)
    stage.target_starts()
    stage.settle()
    talk(stage)


for _name, _role, _begin in (
    ("begins", "Begins", private_as_retriever),
    ("accepts", "Accepts", private_as_publisher),
):
    declare(
        f"offline.standalone-{_name}",
        f"""{_role} a conversation by a Non-Interactive-Auth message in the mode standalone.""",
        _then_talk(_begin),
        mode=Mode.STANDALONE,
        needs={"otrv4-offline", "otrv4-mode"},
    )
