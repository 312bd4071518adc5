"""What can be learned of a target that speaks OTRv3; see `otr_conformance.learn`.

The tester takes Data Messages and Signature Messages at once, so that it can read what the target
says. It keeps the target's latest D-H Commit, D-H Key or Reveal Signature Message, and answers it
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
from otr_model.otrv3.conditions import Cond
from otr_model.otrv3.protocol import OTRV3
from otr_model.otrv3.words import Auth, Event, Kind, Msg, Smp, TlvKind
from otr_reference.otrv3 import commands, messages
from otr_reference.otrv3.deviations import DEVIATIONS, deviating
from otr_reference.otrv3.messages import (
    DataMessage,
    DhCommit,
    DhKey,
    Message,
    Query,
    RevealSignature,
    SignatureMessage,
)
from otr_reference.otrv3.session import Policy

from .case import V2_ONLY, V3_ONLY
from .labs import RealLab
from .moves import sends_forged
from .plan import TAGGED, TAGGED_2
from .scenes import LONG_AGO, stray
from .stage import Cast, ReferenceParty, Stage
from .suite import SUITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_model.kernel.vocabulary import Check
    from otr_reference.sorts import Wire

__all__ = ["INPUTS", "LEARNING", "LEFT_OUT", "SETTINGS", "Mapper"]


class Mapper(UsualMapper[Stage]):
    """Plays inputs on a stage of OTRv3.

    Attributes:
        commit: the target's D-H Commit that the latest D-H Key Message answered.
        key: the D-H Key Message that the tester sent last.
        rivals: the target's D-H Commits so far.
        settled: the conversation has been private; the exchanges after that are the tester's own,
            which keeps machines small.
    """

    words = Vocabulary(messages, commands, Msg.ENCRYPTED, deviating, stray)

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.commit: Wire | None = None
        self.key: Wire | None = None
        self.rivals: list[Wire] = []
        self.settled = False

    def reads(self) -> None:
        """The tester reads what came."""
        super().reads()
        self.settled = self.settled or self.private

    def keeps(self, message: Message, wire: Wire) -> bool | None:
        """Whether the tester keeps a message until it is answered; None: it does not look at it."""
        if isinstance(message, DhCommit):
            self.rivals.append(wire)
        match message:
            case DhCommit() | DhKey() | RevealSignature():
                return True
            case SignatureMessage() | DataMessage():
                return False
            case _:
                return None

    def reaches(self, wire: Wire, kind: type, what: str) -> None:
        """A message of a kind reaches the target."""
        self.key = wire if kind is DhKey else self.key
        super().reaches(wire, kind, what)

    def offers(self, text: str) -> None:
        """What begins an exchange arrives; the exchange before is not answered any more."""
        self.held = self.commit = None
        self.arrives(text)

    # The key exchange.

    def commits(self, version: int, *, higher: bool) -> None:
        """A D-H Commit Message, whose hash compares as it is wanted with the target's."""
        stage, name = self.stage, "D-H Commit Message"
        if higher and not self.holds(DhCommit):
            self.nothing("D-H Commit Message that could have the higher hash")
            return
        if self.rivals:
            self._commits_beside(higher=higher)
            wire = stage.to_target.pop()
            stage.to_target.clear()
            stage.reaches(wire, f"a {name} with the {'higher' if higher else 'lower'} hash")
            return
        query = self._sound.encode(Query(frozenset({version})))
        self.out(stage.tester.receive(query), DhCommit, f"a {name}")

    def _commits_beside(self, *, higher: bool) -> None:
        """The tester's D-H Commit is on its way, with a hash that compares so with the target's."""
        stage = self.stage
        stage.to_tester[:] = [self._extreme(highest=higher)]
        stage.tester_commits(higher=higher)
        stage.to_tester.clear()

    def _extreme(self, *, highest: bool) -> Wire:
        """The D-H Commit of the target's that has the highest or lowest hash; of terms, the latest.

        Nobody knows which of them a target still compares with.
        """
        lab = self.stage.lab
        if not isinstance(lab, RealLab):
            return self.rivals[-1]

        def hashed(wire: Wire) -> bytes:
            message = self.stage.decode(wire)
            assert isinstance(message, DhCommit)  # noqa: S101 - nothing else is among them
            return lab.suite.to_bytes(message.hashed_gx)

        ordered = sorted(self.rivals, key=hashed)
        return ordered[-1 if highest else 0]

    def answers_commit(self, check: Check | None = None, *, second: bool = False) -> None:
        """A D-H Key Message in answer to the target's D-H Commit; perhaps another one."""
        given = self.commit if second else self.held
        wanted = RevealSignature if second else DhCommit
        if given is None or self.settled or not self.holds(wanted):
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
        if self.key is None or self.settled or not self.holds(RevealSignature):
            self.nothing("D-H Key Message that was answered")
        else:
            self.stage.reaches(self.key, "the D-H Key Message again")

    def _dh_key(self, commit: Wire, check: Check | None) -> None:
        tester = self.stage.tester
        conversation = tester.conversation.clone()
        for key, member in conversation.members.items():
            conversation.members[key] = rested = member.clone()
            rested.ake = Auth.NONE
        tester.conversation = conversation
        if check is not None:
            self.falsify(check)
        if not self.out(tester.receive(commit), DhKey, "a D-H Key Message"):
            self.unsent("D-H Key Message")

    def reveals(self, check: Check | None = None) -> None:
        """A Reveal Signature Message in answer to the target's D-H Key."""
        held = self.held
        if held is None or not self.holds(DhKey):
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
        if held is None or not self.holds(RevealSignature):
            self.nothing("Signature Message")
            return
        with self.trying():
            if check is not None:
                self.falsify(check)
            self._answers(held, SignatureMessage)
            after = self.stage.tester.conversation
        if self.told_private():
            self.stage.tester.conversation = after
            self.held = self.commit = None

    def _answers(self, given: Wire, kind: type) -> bool:
        name = f"a {kind.__name__}"
        if self.out(self.stage.tester.receive(given), kind, name):
            return True
        self.unsent(name)
        return False

    def stranger(self, kind: str, version: int) -> None:
        """A message of the key exchange of nobody's, right in form."""
        sends_forged(self.stage, kind, version)

    def exchanges(self, version: int) -> None:
        """The conversation becomes private, in one go; the tester offers it."""
        stage = self.stage
        if self.rivals:
            self._commits_beside(higher=True)
        else:
            query = self._sound.encode(Query(frozenset({version})))
            stage.absorb_tester(stage.tester.receive(query))
        self.settles()
        self.commit = None


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
    (Cond.DH_KEY_VALID, "D-H Key", "answers_commit", ()),
    (Cond.REVEAL_VALID, "Reveal Signature", "reveals", ()),
    (Cond.SIGNATURE_VALID, "Signature", "signs", ()),
    (Cond.DATA_VALID, "Data", "text", ()),
    (Cond.SMP_1_VALID, "SMP 1", "begins_smp", ()),
    (Cond.SMP_2_VALID, "SMP 2", "answers_smp", (SECRET,)),
    (Cond.SMP_3_VALID, "SMP 3", "goes_on", (3,)),
    (Cond.SMP_4_VALID, "SMP 4", "goes_on", (4,)),
)


def _falsified() -> None:
    for condition, name, method, args in _FALSIFIED:
        check = falsified_check(condition, DEVIATIONS)
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
