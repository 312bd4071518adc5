"""What can be learned of a target that speaks OTRv4; see `otr_conformance.learn`.

The tester takes Data Messages, Auth-I and Non-Interactive-Auth messages at once, so that it can
read what the target says. It keeps the target's latest Identity or Auth-R message, and answers it
when the word says so. What is falsified leaves the tester as it was.
"""

from __future__ import annotations

from operator import methodcaller
from typing import TYPE_CHECKING, Final

from otr_conformance.learn.alphabet import Inputs, Learning, Setting, digest_of
from otr_conformance.learn.usual import (
    OTHER_SECRET,
    SECRET,
    UsualMapper,
    Vocabulary,
    falsified_check,
)
from otr_model.otrv4.conditions import Cond
from otr_model.otrv4.protocol import OTRV4
from otr_model.otrv4.words import Dake, Event, Kind, Msg, Smp, TlvKind
from otr_reference.otrv4 import commands, messages
from otr_reference.otrv4.commands import StartDake, StartOffline
from otr_reference.otrv4.deviations import DEVIATIONS, deviating
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    DataMessage,
    Identity,
    Message,
    NonInteractiveAuth,
)

from .case import V4_ONLY
from .cases.dake import AUTH_I, AUTH_R, sends_forged
from .plan import EAGER, TAGGED, TAGGING
from .scenes import LONG_AGO, QUERY, stray
from .stage import Cast, ReferenceParty, Stage
from .suite import SUITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.kernel.vocabulary import Check
    from otr_reference.sorts import Wire

__all__ = ["INPUTS", "LEARNING", "LEFT_OUT", "SETTINGS", "Mapper"]


class Mapper(UsualMapper[Stage]):
    """Plays inputs on a stage of OTRv4.

    Attributes:
        rival: the target's latest Identity message, which it may still compare with.
    """

    words = Vocabulary(messages, commands, Msg.ENCRYPTED_MESSAGES, deviating, stray)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.rival: Wire | None = None

    def keeps(self, message: Message, wire: Wire) -> bool | None:
        """Whether the tester keeps a message until it is answered; None: it does not look at it."""
        if isinstance(message, Identity):
            self.rival = wire
        match message:
            case Identity() | AuthR():
                return True
            case AuthI() | NonInteractiveAuth() | DataMessage():
                return False
            case _:
                return None

    def reads(self) -> None:
        """The tester reads; when it learns that the conversation is over, its user ends it, too."""
        super().reads()
        tester = self.stage.tester
        if tester.conversation.current.message is Msg.FINISHED:
            self.stage.absorb_tester(tester.command(commands.End()))
            self.stage.to_target.clear()

    def offers(self, text: str) -> None:
        """What begins an exchange arrives; the exchange before is not answered any more."""
        self.held = None
        self.arrives(text)

    # The interactive DAKE.

    def _rests(self) -> None:
        """The tester's own DAKE is over."""
        tester = self.stage.tester
        conversation = tester.conversation.clone()
        for key, member in conversation.members.items():
            conversation.members[key] = rested = member.clone()
            rested.dake = Dake.IDLE
        tester.conversation = conversation

    def identifies(self, *, higher: bool) -> None:
        """An Identity message, whose hash compares as it is wanted with the target's."""
        stage = self.stage
        if higher and not self.holds(Identity):
            self.nothing("Identity message that could have the higher hash")
        elif self.rival is not None:
            self._offers_beside(self.rival, higher=higher)
            wire = stage.to_target.pop()
            stage.to_target.clear()
            how = "higher" if higher else "lower"
            stage.reaches(wire, f"an Identity message with the {how} hash")
        else:
            self._rests()
            reaction = stage.tester.command(StartDake())
            if not self.out(reaction, Identity, "an Identity message"):
                self.unsent("Identity message")

    def _offers_beside(self, rival: Wire, *, higher: bool) -> None:
        """The tester's Identity message is on its way, with a hash that compares so."""
        if not self.holds(Identity):
            self._rests()
        self.stage.to_tester[:] = [rival]
        self.stage.tester_offers(higher=higher)
        self.stage.to_tester.clear()

    def answers_identity(self, check: Check | None = None) -> None:
        """An Auth-R message in answer to the target's Identity message."""
        held = self.held
        if held is None or not self.holds(Identity):
            self.nothing("Auth-R message")
        elif check is None:
            self._rests()
            self._answers(held, AuthR)
        else:
            with self.trying():
                self._rests()
                self.falsify(check)
                self._answers(held, AuthR)

    def answers_auth_r(self, check: Check | None = None) -> None:
        """An Auth-I message in answer to the target's Auth-R message.

        The tester is private from then on if the target says that it is.
        """
        held = self.held
        if held is None or not self.holds(AuthR):
            self.nothing("Auth-I message")
            return
        with self.trying():
            if check is not None:
                self.falsify(check)
            self._answers(held, AuthI)
            after = self.stage.tester.conversation
        if self.told_private():
            self.stage.tester.conversation = after
            self.held = None

    def _answers(self, given: Wire, kind: type) -> None:
        name = f"a {kind.__name__}"
        if not self.out(self.stage.tester.receive(given), kind, name):
            self.unsent(name)

    def stranger(self, kind: str) -> None:
        """A message of the DAKE of nobody's, right in form."""
        sends_forged(self.stage, kind)

    def exchanges(self) -> None:
        """The conversation becomes private, in one go; the tester offers it."""
        stage = self.stage
        if self.rival is not None:
            self._offers_beside(self.rival, higher=False)
        else:
            self._rests()
            stage.absorb_tester(stage.tester.command(StartDake()))
        self.settles()

    # The non-interactive DAKE.

    def starts_offline(self, check: Check | None = None) -> None:
        """A Non-Interactive-Auth message, made from a new prekey ensemble of the target's.

        The tester is private from then on if the target says that it is.
        """
        stage = self.stage
        ensemble = stage.target_ensemble()
        with self.trying():
            if check is not None:
                self.falsify(check)
            reaction = stage.tester.command(StartOffline(ensemble))
            if not self.out(reaction, NonInteractiveAuth, "a Non-Interactive-Auth message"):
                self.unsent("Non-Interactive-Auth message")
            after = stage.tester.conversation
        if self.told_private():
            stage.tester.conversation = after
            self.held = None


INPUTS: Final[Inputs[Mapper]] = Inputs()


# What the target's user does: one input for each event that a user causes.

_DEEDS: Final[dict[Event, tuple[tuple[str, Callable[[Stage], None], str], ...]]] = {
    Event.USER_START: (("user starts", methodcaller("target_starts"), ""),),
    Event.USER_START_DAKE: (
        ("user starts DAKE", methodcaller("target_starts_dake"), "otrv4-dake"),
    ),
    Event.USER_START_OFFLINE: (
        ("user starts offline", methodcaller("target_starts_offline"), "otrv4-offline"),
    ),
    Event.USER_SEND: (("user types", methodcaller("target_says", "hello"), ""),),
    Event.USER_END: (("user ends", methodcaller("target_ends"), ""),),
    Event.USER_HEARTBEAT: (("heartbeat", methodcaller("target_heartbeat"), "heartbeat"),),
    Event.USER_EXTRA_KEY: (
        ("user uses extra key", methodcaller("target_uses_extra_key", 1, "x"), "extra-key"),
    ),
    Event.USER_SMP_START: (("user begins SMP", methodcaller("target_begins_smp", SECRET), "smp"),),
    Event.USER_SMP_ANSWER: (
        ("user answers SMP", methodcaller("target_answers_smp", SECRET), "smp"),
        ("user answers SMP wrongly", methodcaller("target_answers_smp", OTHER_SECRET), "smp"),
    ),
    Event.USER_SMP_ABORT: (("user aborts SMP", methodcaller("target_aborts_smp"), "smp"),),
}


def _users() -> None:
    for event, deeds in _DEEDS.items():
        for name, move, needs in deeds:
            # Names of inputs are a protocol's own, so that a word says which it is of.
            INPUTS.add(name, methodcaller("user", move), event.name, needs=needs)


# What arrives: one input for each kind of message, and for each kind of TLV.


def _messages() -> None:
    for kind, name, play, needs in (
        (Kind.QUERY, "Query v4", methodcaller("offers", QUERY), ""),
        (Kind.TAGGED, "tagged text v4", methodcaller("offers", TAGGED), ""),
        (Kind.ERROR, "Error", methodcaller("offers", "?OTR Error: ERROR_2: no"), ""),
        (Kind.PLAINTEXT, "text", methodcaller("arrives", "good day"), ""),
        (Kind.MALFORMED, "garbage", methodcaller("arrives", "?OTR:AAQD."), ""),
        (Kind.OTHER_VERSION, "another version", methodcaller("arrives", "?OTR:AAEK."), ""),
        (Kind.IDENTITY, "Identity", methodcaller("identifies", higher=False), ""),
        (Kind.IDENTITY, "Identity, higher", methodcaller("identifies", higher=True), ""),
        (Kind.AUTH_R, "Auth-R", methodcaller("answers_identity"), ""),
        (Kind.AUTH_R, "Auth-R of nobody", methodcaller("stranger", AUTH_R), ""),
        (Kind.AUTH_I, "Auth-I", methodcaller("answers_auth_r"), ""),
        (Kind.AUTH_I, "Auth-I of nobody", methodcaller("stranger", AUTH_I), ""),
        (
            Kind.NON_INTERACTIVE_AUTH,
            "Non-Interactive-Auth",
            methodcaller("starts_offline"),
            "otrv4-offline",
        ),
        (Kind.DATA, "Data", methodcaller("text"), ""),
        (Kind.DATA, "Data again", methodcaller("data_again"), ""),
    ):
        INPUTS.add(name, play, kind.name, needs=needs)
    exchange = (Kind.IDENTITY, Kind.AUTH_R, Kind.AUTH_I)
    INPUTS.add("exchange v4", methodcaller("exchanges"), *(kind.name for kind in exchange))


def _tlvs() -> None:
    for kind, name, play in (
        (TlvKind.PADDING, "padding", methodcaller("padding")),
        (TlvKind.DISCONNECTED, "Disconnected", methodcaller("ends")),
        (TlvKind.SMP_1, "SMP 1", methodcaller("begins_smp")),
        (TlvKind.SMP_2, "SMP 2", methodcaller("answers_smp", SECRET)),
        (TlvKind.SMP_2, "SMP 2, unequal", methodcaller("answers_smp", OTHER_SECRET)),
        (TlvKind.SMP_3, "SMP 3", methodcaller("goes_on", 3)),
        (TlvKind.SMP_4, "SMP 4", methodcaller("goes_on", 4)),
        (TlvKind.SMP_ABORT, "SMP Abort", methodcaller("aborts_smp")),
        (TlvKind.EXTRA_KEY, "extra key", methodcaller("extra_key")),
        (TlvKind.UNKNOWN, "unknown TLV", methodcaller("unknown_tlv")),
        (TlvKind.MALFORMED, "TLV that is cut off", methodcaller("cut_off")),
    ):
        INPUTS.add(name, play, kind.name)


# What is falsified: one check of each validity, the authenticator where there is one.

_FALSIFIED: Final = (
    (Cond.AUTH_R_VALID, "Auth-R", "answers_identity", (), ""),
    (Cond.AUTH_I_VALID, "Auth-I", "answers_auth_r", (), ""),
    (
        *(Cond.NON_INTERACTIVE_VALID, "Non-Interactive-Auth", "starts_offline"),
        *((), "otrv4-offline"),
    ),
    (Cond.DATA_VALID, "Data", "text", (), ""),
    (Cond.SMP_1_VALID, "SMP 1", "begins_smp", (), ""),
    (Cond.SMP_2_VALID, "SMP 2", "answers_smp", (SECRET,), ""),
    (Cond.SMP_3_VALID, "SMP 3", "goes_on", (3,), ""),
    (Cond.SMP_4_VALID, "SMP 4", "goes_on", (4,), ""),
)


def _falsified() -> None:
    for condition, name, method, args, needs in _FALSIFIED:
        check = falsified_check(condition, DEVIATIONS)
        play = methodcaller(method, *args, check=check)
        INPUTS.add(f"{name}, falsified", play, condition.name, check.name, needs=needs)


_users()
_messages()
_tlvs()
_falsified()
INPUTS.add(
    "time passes",
    lambda mapper: mapper.stage.wait(LONG_AGO),
    *(Event.CLOCK.name, Event.ASSEMBLY_CLOCK.name),
    needs="otrv4-clock",
)

LEFT_OUT: Final = {
    Kind.FRAGMENT.name: "what is put together counts, and is there whole",
    Kind.PREKEY.name: "it has no place in a conversation, and a case sends one",
    TlvKind.NONE.name: "the end of the TLVs is in every Data Message",
    TlvKind.SMP_MALFORMED.name: "cases and vectors have each way in which a TLV can be malformed",
    Cond.IDENTITY_VALID.name: "its checks are those of the profile and of the keys, as of Auth-R",
    Cond.ENSEMBLE_VALID.name: "the target's user is given an ensemble; nobody sends it",
}
"""What of the tables no input stands for, each with the reason."""


# What is learned at a time.

_POLICY: Final = frozenset({"policy"})
_TEXTS: Final = (
    *("user starts", "user types", "user ends", "exchange v4", "Query v4", "tagged text v4"),
    *("text", "Error", "Disconnected", "Auth-R"),
)

SETTINGS: Final = {
    each.name: each
    for each in (
        Setting(
            "v4-dake",
            "the interactive DAKE, message by message, and what a conversation goes through",
            Cast(V4_ONLY, V4_ONLY),
            4,
            (
                *("user starts DAKE", "user types", "user ends", "Query v4", "Identity"),
                *("Identity, higher", "Auth-R", "Auth-R, falsified", "Auth-R of nobody", "Auth-I"),
                *("Auth-I, falsified", "Auth-I of nobody", "Data", "Disconnected", "text"),
                "garbage",
            ),
        ),
        Setting(
            "v4-offline",
            "conversations that begin with somebody who is offline, on either side",
            Cast(V4_ONLY, V4_ONLY),
            4,
            (
                *("user starts", "user starts offline", "user types", "user ends"),
                *("Non-Interactive-Auth", "Non-Interactive-Auth, falsified", "exchange v4"),
                *("Data", "Disconnected", "text", "another version"),
            ),
        ),
        Setting(
            "v4-smp",
            "SMP in a private conversation, and what ends it",
            Cast(V4_ONLY, V4_ONLY),
            4,
            (
                *("exchange v4", "user ends", "Disconnected", "user begins SMP"),
                *("user answers SMP", "user answers SMP wrongly", "user aborts SMP"),
                *("SMP 1", "SMP 2", "SMP 2, unequal", "SMP 3", "SMP 4", "SMP Abort"),
                *("SMP 1, falsified", "SMP 2, falsified", "SMP 3, falsified"),
                *("SMP 4, falsified", "Data"),
            ),
        ),
        Setting(
            "v4-data",
            "what is read in a private conversation, and what is answered",
            Cast(V4_ONLY, V4_ONLY),
            4,
            (
                *("exchange v4", "user types", "user ends", "heartbeat", "user uses extra key"),
                *("Data", "Data, falsified", "Data again", "padding", "Disconnected"),
                *("extra key", "unknown TLV", "TLV that is cut off", "time passes"),
            ),
        ),
        Setting(
            "v4-tagging",
            "texts and offers, where whitespace tags are sent and answered",
            Cast(TAGGING, V4_ONLY),
            4,
            _TEXTS,
            _POLICY,
        ),
        Setting(
            "v4-required",
            "texts and offers, where encryption is required, and tags and errors are answered",
            Cast(EAGER, V4_ONLY),
            4,
            _TEXTS,
            _POLICY,
        ),
    )
}
"""What is learned at a time, by name."""


def standing(stage: Stage) -> str:
    """The states of the machines of the target's that have left their first state, in words."""
    target = stage.target
    assert isinstance(target, ReferenceParty)  # noqa: S101 - only the reference has states to name
    conversation = target.conversation
    session = conversation.current
    waits = (member.dake for member in reversed(conversation.members.values()))
    dake = next((each for each in waits if each is not Dake.IDLE), Dake.IDLE)
    parts = [session.message.name]
    if dake is not Dake.IDLE:
        parts.append(dake.name)
    if session.smp is not Smp.EXPECT1:
        parts.append(session.smp.name)
    elif session.smp_asked:
        parts.append("asked")
    return " ".join(parts)


LEARNING: Final = Learning(
    protocol="otrv4",
    suite=SUITE,
    inputs=INPUTS,
    settings=SETTINGS,
    mapper=Mapper,
    standing=standing,
    left_out=LEFT_OUT,
    digest=digest_of(OTRV4, __file__),
)
"""What can be learned of a target that speaks OTRv4."""
