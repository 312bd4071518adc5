"""What can be learned of a target that speaks OTRv3; see `otr_conformance.learn`.

The tester takes Data Messages and Signature Messages at once, so that it can read what the target
says. It keeps the target's latest D-H Commit, D-H Key or Reveal Signature Message, and answers it
when the word says so. What is falsified leaves the tester as it was.
"""

from __future__ import annotations

from contextlib import contextmanager
from operator import methodcaller
from typing import TYPE_CHECKING, Final, cast

from otr_conformance.learn.alphabet import Inputs, Learning, Setting, digest_of
from otr_conformance.learn.mapper import Mapper as AnyMapper
from otr_model.kernel.vocabulary import Point, Validity
from otr_model.otrv3.conditions import Cond
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Auth, Event, Kind, Msg, Smp, TlvKind
from otr_reference.otrv3.commands import (
    AbortSmp,
    AnswerSmp,
    Command,
    End,
    SendText,
    StartSmp,
    UseExtraKey,
)
from otr_reference.otrv3.deviations import DEVIATIONS, derived, deviating
from otr_reference.otrv3.messages import (
    Content,
    DataMessage,
    DhCommit,
    DhKey,
    Padding,
    Query,
    RevealSignature,
    SignatureMessage,
    Smp1,
    Smp2,
    Smp3,
    Smp4,
    SmpAbort,
    UnknownTlv,
)
from otr_reference.otrv3.session import Policy

from .case import V2_ONLY, V3_ONLY
from .moves import sends_forged
from .plan import TAGGED, TAGGED_2
from .scenes import LONG_AGO, OTHER_SECRET, SECRET, stray
from .stage import Cast, ReferenceParty, Stage
from .suite import SUITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from otr_conformance.play.stage import Reaction
    from otr_model.kernel.vocabulary import Check
    from otr_reference.otrv3.messages import Tlv
    from otr_reference.otrv3.session import Conversation
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Key, Octets, Wire

__all__ = ["INPUTS", "LEARNING", "LEFT_OUT", "SETTINGS", "Mapper"]

_UNKNOWN_TYPE: Final = 0x1234
_PRIVATE: Final = ("secure", "still-secure")


class Mapper(AnyMapper[Stage]):
    """Plays inputs on a stage of OTRv3.

    Attributes:
        held: the target's latest message of a key exchange that the tester has not used up.
        commit: the target's D-H Commit that the latest D-H Key Message answered.
        smp: the SMP messages that the tester has ready, as answers to the target's.
        key: the D-H Key Message that the tester sent last.
        data: the Data Message that reached the target last.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.held: Wire | None = None
        self.commit: Wire | None = None
        self.smp: dict[type, Tlv] = {}
        self.key: Wire | None = None
        self.data: Wire | None = None
        self._sealed: list[Content] = []
        self._sound = derived(stage.tester.endpoint.suite, seal=self._seal)
        stage.tester.sound = stage.tester.endpoint.suite = self._sound

    def _seal(self, suite: Suite, key: Key, counter: int, content: Content) -> Octets:
        self._sealed.append(content)
        return suite.seal(key, counter, content)

    # What the tester reads.

    def reads(self) -> None:
        """The tester reads Data Messages and Signature Messages, and keeps others."""
        stage = self.stage
        wires, stage.to_tester[:] = list(stage.to_tester), []
        self._sealed.clear()
        with stage.seeing("the tester reads what came"):
            for wire in wires:
                self._takes(wire)
        stage.to_target.clear()
        for tlv in (tlv for content in self._sealed for tlv in content.tlvs):
            if isinstance(tlv, Smp3 | Smp4):
                self.smp[type(tlv)] = tlv

    def _takes(self, wire: Wire) -> None:
        match self.stage.decode(wire):
            case DhCommit() | DhKey() | RevealSignature():
                self.held = wire
            case SignatureMessage() | DataMessage():
                self.stage.absorb_tester(self.stage.tester.receive(wire))
            case _:
                pass

    # What reaches the target.

    def _out(self, reaction: Reaction, kind: type, what: str) -> bool:
        """The message of a kind that the tester sends reaches the target, if there is one."""
        stage = self.stage
        stage.absorb_tester(reaction)
        stage.to_target.clear()
        for wire in reaction.wires:
            if isinstance(stage.decode(wire), kind):
                self.key = wire if kind is DhKey else self.key
                self.data = wire if kind is DataMessage else self.data
                stage.reaches(wire, what)
                return True
        return False

    @contextmanager
    def trying(self) -> Iterator[Conversation]:
        """What the tester does is undone in the end, but for how often it drew."""
        tester = self.stage.tester
        before, suite = tester.conversation, tester.endpoint.suite
        try:
            yield before
        finally:
            draws = tester.conversation.draws
            tester.endpoint.suite = suite
            tester.conversation = before
            self.stage.tester_draws_from(draws)

    def falsify(self, check: Check) -> None:
        """From now on the tester's messages fail a check."""
        self.stage.tester.endpoint.suite = deviating(self._sound, frozenset({check}))

    @property
    def private(self) -> bool:
        """Whether the tester has keys to protect data with."""
        return self.stage.tester.conversation.current.message is Msg.ENCRYPTED

    # Users and the network.

    def user(self, move: Callable[[Stage], None]) -> None:
        """The target's user does something."""
        move(self.stage)

    def offers(self, text: str) -> None:
        """What begins an exchange arrives; the exchange before is not answered any more."""
        self.held = self.commit = None
        self.arrives(text)

    def arrives(self, text: str) -> None:
        """Something arrives from whoever is on the network."""
        self.stage.arrives(text)

    # The key exchange.

    def commits(self, version: int, *, higher: bool) -> None:
        """A D-H Commit Message, whose hash compares as it is wanted with the target's."""
        stage, name = self.stage, "D-H Commit Message"
        rival = self.held is not None and isinstance(stage.decode(self.held), DhCommit)
        if higher and not rival:
            self.nothing("D-H Commit Message that could have the higher hash")
            return
        if rival and self.held is not None:
            stage.to_tester[:] = [self.held]
            stage.tester_commits(higher=higher)
            stage.to_tester.clear()
            wire = stage.to_target.pop()
            stage.to_target.clear()
            stage.reaches(wire, f"a {name} with the {'higher' if higher else 'lower'} hash")
            return
        query = self._sound.encode(Query(frozenset({version})))
        self._out(stage.tester.receive(query), DhCommit, f"a {name}")

    def answers_commit(self, check: Check | None = None, *, second: bool = False) -> None:
        """A D-H Key Message in answer to the target's D-H Commit; perhaps another one."""
        given = self.commit if second else self.held
        wanted = RevealSignature if second else DhCommit
        if given is None or self.held is None or not self._is(self.held, wanted):
            self.nothing("D-H Key Message")
            return
        if check is not None or second:
            with self.trying():
                self._dh_key(given, check)
            return
        self.commit = given
        self._dh_key(given, None)

    def key_again(self) -> None:
        """The D-H Key Message that the target has answered reaches it again."""
        if self.key is None or self.held is None or not self._is(self.held, RevealSignature):
            self.nothing("D-H Key Message that was answered")
        else:
            self.stage.reaches(self.key, "the D-H Key Message again")

    def _is(self, wire: Wire, kind: type) -> bool:
        return isinstance(self.stage.decode(wire), kind)

    def _dh_key(self, commit: Wire, check: Check | None) -> None:
        tester = self.stage.tester
        conversation = tester.conversation.clone()
        for key, member in conversation.members.items():
            conversation.members[key] = rested = member.clone()
            rested.ake = Auth.NONE
        tester.conversation = conversation
        if check is not None:
            self.falsify(check)
        if not self._out(tester.receive(commit), DhKey, "a D-H Key Message"):
            self.unsent("D-H Key Message")

    def reveals(self, check: Check | None = None) -> None:
        """A Reveal Signature Message in answer to the target's D-H Key."""
        held = self.held
        if held is None or not self._is(held, DhKey):
            self.nothing("Reveal Signature Message")
        elif check is not None:
            with self.trying():
                self.falsify(check)
                self._answers(held, RevealSignature)
        elif self._answers(held, RevealSignature):
            self.held = None

    def signs(self, check: Check | None = None) -> None:
        """A Signature Message in answer to the target's Reveal Signature.

        The tester is private from then on if the target says that it is.
        """
        held = self.held
        if held is None or not self._is(held, RevealSignature):
            self.nothing("Signature Message")
            return
        with self.trying():
            if check is not None:
                self.falsify(check)
            self._answers(held, SignatureMessage)
            after = self.stage.tester.conversation
        if self._told_private():
            self.stage.tester.conversation = after
            self.held = self.commit = None

    def _told_private(self) -> bool:
        return any(r.startswith(_PRIVATE) for r in self.stage.observations[-1].reports)

    def _answers(self, given: Wire, kind: type) -> bool:
        name = f"a {kind.__name__}"
        if self._out(self.stage.tester.receive(given), kind, name):
            return True
        self.unsent(name)
        return False

    def stranger(self, kind: str, version: int) -> None:
        """A message of the key exchange of nobody's, right in form."""
        sends_forged(self.stage, kind, version)

    def exchanges(self, version: int) -> None:
        """The conversation becomes private, in one go; the tester offers it."""
        stage = self.stage
        query = self._sound.encode(Query(frozenset({version})))
        stage.absorb_tester(stage.tester.receive(query))
        stage.settle()
        self.smp.clear()
        self.held = self.commit = self.data = None

    # Data.

    def says(self, content: Content | Command, check: Check | None = None) -> None:
        """A Data Message."""
        if not self.private:
            self.nothing("Data Message")
        elif check is None:
            self._data(content)
        else:
            with self.trying():
                self.falsify(check)
                self._data(content)

    def _data(self, content: Content | Command) -> None:
        tester = self.stage.tester
        if isinstance(content, Content):
            reaction = tester.send(content, 0, cut_off=False)
        else:
            reaction = tester.command(content)
        if not self._out(reaction, DataMessage, "a Data Message"):
            self.unsent("Data Message")

    def text(self, check: Check | None = None) -> None:
        """A text."""
        self.says(SendText(self.stage.lab.text("good morning")), check)

    def data_again(self) -> None:
        """The Data Message that reached the target last reaches it again."""
        if self.data is None:
            self.nothing("Data Message that reached it before")
        else:
            self.stage.reaches(self.data, "the Data Message again")

    def tlv(self, tlv: Tlv) -> None:
        """A TLV without a text."""
        self.says(Content(self.stage.lab.text(""), (tlv,)))

    def unknown_tlv(self) -> None:
        """A TLV of a type that is not defined."""
        self.tlv(UnknownTlv(_UNKNOWN_TYPE, self.stage.lab.text("x")))

    def cut_off(self) -> None:
        """A TLV that is cut off."""
        if not self.private:
            self.nothing("Data Message")
            return
        content = Content(self.stage.lab.text(""), (Padding(0),))
        self._out(self.stage.tester.send(content, 0, cut_off=True), DataMessage, "a Data Message")

    def extra_key(self) -> None:
        """The TLV that uses the extra symmetric key."""
        self.says(UseExtraKey(1, self.stage.lab.text("x")))

    # SMP.

    def begins_smp(self, check: Check | None = None) -> None:
        """SMP message 1 of a new run of the tester's."""
        if not self.private:
            self.nothing("SMP message 1")
            return
        if check is None:
            self._forgets_smp()
            self._begins()
            return
        with self.trying():
            self._forgets_smp()
            self.falsify(check)
            self._begins()

    def _begins(self) -> None:
        secret = self.stage.lab.passphrase(SECRET)
        self._data(StartSmp(secret, None))

    def _forgets_smp(self) -> None:
        """The tester's own run is over; the target is not told."""
        self.smp.clear()
        self.stage.absorb_tester(self.stage.tester.command(AbortSmp()))
        self.stage.to_target.clear()

    def answers_smp(self, secret: str, check: Check | None = None) -> None:
        """SMP message 2 in answer to the target's message 1; one of no run, where there is none."""
        tester = self.stage.tester
        if not self.private:
            self.nothing("SMP message 2")
        elif not tester.conversation.current.smp_asked:
            self.stray(2)
        elif check is None:
            self._data(AnswerSmp(self.stage.lab.passphrase(secret)))
        else:
            with self.trying():
                self.falsify(check)
                self._data(AnswerSmp(self.stage.lab.passphrase(secret)))

    def goes_on(self, number: int, check: Check | None = None) -> None:
        """SMP message 3 or 4 in answer to the target's; one of no run, where there is none."""
        tlv = self.smp.get(_SMP[number])
        if tlv is None or not self.private:
            self.stray(number)
            return
        if check is None:
            del self.smp[_SMP[number]]
        self.says(Content(self.stage.lab.text(""), (tlv,)), check)

    def stray(self, number: int) -> None:
        """An SMP message of no run, right in form."""
        if self.private:
            self.tlv(stray(self.stage, number))
        else:
            self.nothing(f"SMP message {number}")

    def aborts_smp(self) -> None:
        """The TLV that aborts SMP, whatever the tester is in."""
        if self.private:
            self._forgets_smp()
            self.tlv(SmpAbort())
        else:
            self.nothing("SMP Abort")


_SMP: Final[dict[int, type]] = {1: Smp1, 2: Smp2, 3: Smp3, 4: Smp4}

INPUTS: Final[Inputs[Mapper]] = Inputs()


# What the target's user does: one input for each event that a user causes.

_DEEDS: Final[dict[Event, tuple[tuple[str, Callable[[Stage], None], str], ...]]] = {
    Event.USER_START: (("user starts", methodcaller("target_starts"), ""),),
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
            INPUTS.add(name, methodcaller("user", move), event.name, needs=needs)


# What arrives: one input for each kind of message, and for each kind of TLV.

_TAGS: Final = {3: TAGGED, 2: TAGGED_2}


def _messages(version: int) -> None:
    """The messages that have a version, or offer one."""
    for kind, name, play in (
        (Kind.QUERY, "Query", methodcaller("offers", f"?OTRv{version}?")),
        (Kind.TAGGED, "tagged text", methodcaller("offers", _TAGS[version])),
        (Kind.DH_COMMIT, "D-H Commit", methodcaller("commits", version, higher=False)),
        (Kind.DH_COMMIT, "D-H Commit, higher", methodcaller("commits", version, higher=True)),
        (
            Kind.REVEAL_SIGNATURE,
            "Reveal Signature of nobody",
            methodcaller("stranger", "Reveal Signature", version),
        ),
        (Kind.SIGNATURE, "Signature of nobody", methodcaller("stranger", "Signature", version)),
    ):
        INPUTS.add(f"{name} v{version}", play, kind.name)
    exchange = (Kind.DH_COMMIT, Kind.DH_KEY, Kind.REVEAL_SIGNATURE, Kind.SIGNATURE)
    stands_for = tuple(kind.name for kind in exchange)
    INPUTS.add(f"exchange v{version}", methodcaller("exchanges", version), *stands_for)


def _whole() -> None:
    for kind, name, play in (
        (Kind.ERROR, "Error", methodcaller("offers", "?OTR Error: no")),
        (Kind.PLAINTEXT, "text", methodcaller("arrives", "good day")),
        (Kind.MALFORMED, "garbage", methodcaller("arrives", "?OTR:AAMD.")),
        (Kind.OTHER_VERSION, "another version", methodcaller("arrives", "?OTR:AAEK.")),
        (Kind.DH_KEY, "D-H Key", methodcaller("answers_commit")),
        (Kind.DH_KEY, "second D-H Key", methodcaller("answers_commit", second=True)),
        (Kind.DH_KEY, "D-H Key again", methodcaller("key_again")),
        (Kind.REVEAL_SIGNATURE, "Reveal Signature", methodcaller("reveals")),
        (Kind.SIGNATURE, "Signature", methodcaller("signs")),
        (Kind.DATA, "Data", methodcaller("text")),
        (Kind.DATA, "Data again", methodcaller("data_again")),
    ):
        INPUTS.add(name, play, kind.name)


def _tlvs() -> None:
    for kind, name, play in (
        (TlvKind.PADDING, "padding", methodcaller("tlv", Padding(1))),
        (TlvKind.DISCONNECTED, "Disconnected", methodcaller("says", End())),
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
    (Cond.DH_KEY_VALID, "D-H Key", "answers_commit", ()),
    (Cond.REVEAL_VALID, "Reveal Signature", "reveals", ()),
    (Cond.SIGNATURE_VALID, "Signature", "signs", ()),
    (Cond.DATA_VALID, "Data", "text", ()),
    (Cond.SMP_1_VALID, "SMP 1", "begins_smp", ()),
    (Cond.SMP_2_VALID, "SMP 2", "answers_smp", (SECRET,)),
    (Cond.SMP_3_VALID, "SMP 3", "goes_on", (3,)),
    (Cond.SMP_4_VALID, "SMP 4", "goes_on", (4,)),
)


def _falsified_check(condition: Cond) -> Check:
    """The check of a validity that is falsified: the authenticator, or else the last."""
    spec = cast("Validity", condition.spec)
    checks = [check for check in spec.checks if check in DEVIATIONS and not check.spec.structural]
    return next((c for c in checks if c.spec.point is Point.MAC), checks[-1])


def _falsified() -> None:
    for condition, name, method, args in _FALSIFIED:
        check = _falsified_check(condition)
        play = methodcaller(method, *args, check=check)
        INPUTS.add(f"{name}, falsified", play, condition.name, check.name)


_users()
_whole()
for _version in (3, 2):
    _messages(_version)
_tlvs()
_falsified()
INPUTS.add(
    "time passes", lambda mapper: mapper.stage.wait(LONG_AGO), "HEARTBEAT_DUE", needs="clock"
)

LEFT_OUT: Final = {
    Kind.FRAGMENT.name: "what is put together counts, and is there whole",
    TlvKind.NONE.name: "the end of the TLVs is in every Data Message",
    TlvKind.SMP_MALFORMED.name: "cases and vectors have each way in which a TLV can be malformed",
}
"""What of the tables no input stands for, each with the reason."""


# What is learned at a time.


def _exchange(version: int) -> tuple[str, ...]:
    return (
        *("user starts", "user types", "user ends"),
        *(f"Query v{version}", f"D-H Commit v{version}", f"D-H Commit, higher v{version}"),
        *("D-H Key", "Reveal Signature", "Signature"),
        *("D-H Key again", "second D-H Key", "Data", "Disconnected"),
        *(f"Reveal Signature of nobody v{version}", f"Signature of nobody v{version}"),
        *("D-H Key, falsified", "Reveal Signature, falsified", "Signature, falsified"),
        *("text", "garbage"),
    )


def _smp(version: int) -> tuple[str, ...]:
    return (
        *(f"exchange v{version}", "user ends", "Disconnected"),
        *("user begins SMP", "user answers SMP", "user answers SMP wrongly", "user aborts SMP"),
        *("SMP 1", "SMP 2", "SMP 2, unequal", "SMP 3", "SMP 4", "SMP Abort"),
        *("SMP 1, falsified", "SMP 2, falsified", "SMP 3, falsified", "SMP 4, falsified"),
        "Data",
    )


def _data(version: int) -> tuple[str, ...]:
    return (
        *(f"exchange v{version}", "user types", "user ends", "heartbeat", "user uses extra key"),
        *("Data", "Data, falsified", "Data again", "padding", "Disconnected", "extra key"),
        *("unknown TLV", "TLV that is cut off", "another version", "garbage", "time passes"),
    )


def _texts(version: int) -> tuple[str, ...]:
    return (
        *("user starts", "user types", "user ends", f"exchange v{version}"),
        *(f"Query v{version}", f"tagged text v{version}", "text", "Error", "Disconnected"),
        *("D-H Key", "Signature"),
    )


_TAGGING: Final = Policy(allow_v2=False, send_whitespace_tag=True, whitespace_start_ake=True)
_EAGER: Final = Policy(
    allow_v2=False, require_encryption=True, whitespace_start_ake=True, error_start_ake=True
)
_POLICY: Final = frozenset({"policy"})
_ONLY: Final = {3: V3_ONLY, 2: V2_ONLY}
_WORDS: Final = {
    "exchange": (
        "the key exchange, message by message, and what a conversation goes through",
        _exchange,
    ),
    "smp": ("SMP in a private conversation, and what ends it", _smp),
    "data": ("what is read in a private conversation, and what is answered", _data),
}

SETTINGS: Final = {
    each.name: each
    for each in (
        *(
            Setting(
                f"v{version}-{word}",
                about,
                Cast(_ONLY[version], _ONLY[version]),
                version,
                inputs(version),
            )
            for version in (3, 2)
            for word, (about, inputs) in _WORDS.items()
        ),
        Setting(
            "v3-tagging",
            "texts and offers, where whitespace tags are sent and answered",
            Cast(_TAGGING, V3_ONLY),
            3,
            _texts(3),
            _POLICY,
        ),
        Setting(
            "v3-required",
            "texts and offers, where encryption is required, and tags and errors are answered",
            Cast(_EAGER, V3_ONLY),
            3,
            _texts(3),
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
    auth = next(
        (m.ake for m in reversed(conversation.members.values()) if m.ake is not Auth.NONE),
        Auth.NONE,
    )
    parts = [session.message.name]
    if auth is not Auth.NONE:
        parts.append(auth.name)
    if session.smp is not Smp.EXPECT1:
        parts.append(session.smp.name)
    elif session.smp_asked:
        parts.append("asked")
    return " ".join(parts)


LEARNING: Final = Learning(
    protocol="otrv3",
    suite=SUITE,
    inputs=INPUTS,
    settings=SETTINGS,
    mapper=Mapper,
    standing=standing,
    left_out=LEFT_OUT,
    digest=digest_of(OTRV3, __file__),
)
"""What can be learned of a target that speaks OTRv3."""
