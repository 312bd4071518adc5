"""What can happen to an endpoint of OTRv3 on a hostile network; see `otr_conformance.fuzz`."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from functools import lru_cache, partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otr_conformance.derive.plan import Moves, Part
from otr_conformance.fuzz.drawn import DEVIANT, SIZES, Words, drawing
from otr_conformance.fuzz.edges import OURS, edges, pieces, values_of
from otr_conformance.fuzz.network import altering, carrying, cutting, writable
from otr_conformance.fuzz.uncommon import inside
from otr_conformance.fuzz.vocabulary import UNFORGED, Family, Fuzzing, Vocabulary
from otr_conformance.play.stage import Stuck
from otr_model.otrv3.conditions import Check
from otr_model.otrv3.words import Event, Msg
from otr_reference.otrv3.deviations import DEVIATIONS
from otr_reference.otrv3.messages import (
    DataMessage,
    DhCommit,
    DhKey,
    Disconnected,
    ExtraKeyUse,
    Fragment,
    Header,
    MalformedMessage,
    Padding,
    RevealSignature,
    SignatureMessage,
    SmpAbort,
    UnknownTlv,
)
from otr_reference.otrv3.session import Policy

from .cases.negative_ake import falsifying
from .kept import accepted, unbelieved, unkept
from .oracle import Oracle, Taken
from .plan import MOVES, PARTS, PLAN
from .stage import TESTER_TAG, THIRD_TAG, Cast, ReferenceParty
from .uncommon import BEYOND, INSIDE, UNCOMMON

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping
    from random import Random

    from otr_conformance.fuzz.network import Altering
    from otr_conformance.play.stage import AnyParty
    from otr_model.kernel.words import Word
    from otr_reference.otrv3.commands import Command, Receive
    from otr_reference.otrv3.endpoint import Stepped
    from otr_reference.otrv3.messages import Message, Tlv
    from otr_reference.otrv3.session import Conversation
    from otr_reference.otrv3.suite import Suite
    from otr_reference.sorts import Key, Octets, Wire

    from .stage import Stage

__all__ = ["FUZZING"]

PIECE: Final = 150
"""Bytes of a fragment that the network makes: every encoded message takes several."""
NOBODY: Final = 0x4004
"""The tag of an instance that there is not."""
IGNORE_UNREADABLE: Final = 1
_SMALLEST: Final = values_of(PLAN.composition)["smallest_tag"]

K = TypeVar("K")


# Altering what is inside.


def _value(kind: type[K], name: str, change: Callable[[Suite, Any], object]) -> Altering:
    """Another value in messages of one kind."""

    def altered(suite: Suite, message: Message) -> Message | None:
        if not isinstance(message, kind):
            return None
        values: dict[str, Any] = {name: change(suite, getattr(message, name))}
        other: Any = replace(message, **values)
        return other  # type: ignore[no-any-return] # a message of the same kind

    return altered


def _field(name: str, change: Callable[[Suite, Any], object]) -> Altering:
    """Another field in a Data Message, and the same authenticator."""

    def altered(suite: Suite, message: Message) -> Message | None:
        if not isinstance(message, DataMessage):
            return None
        values: dict[str, Any] = {name: change(suite, getattr(message.fields, name))}
        changed = replace(message.fields, **values)
        return replace(message, fields=changed, authenticated=suite.data_body(changed))

    return altered


def _tag(name: str, tag: int | Callable[[int], int]) -> Altering:
    """Another instance tag."""

    def other_than(header: Header) -> Header:
        values: dict[str, Any] = {name: tag(getattr(header, name)) if callable(tag) else tag}
        return replace(header, **values)

    def altered(suite: Suite, message: Any) -> Message | None:  # noqa: ANN401 - any message
        if isinstance(message, DataMessage):
            changed = other_than(message.fields.header)
            if changed.version != 3:  # noqa: PLR2004 - the version that has tags
                return None
            return _field("header", lambda _suite, _header: changed)(suite, message)  # type: ignore[no-any-return] # as above
        header: Header | None = getattr(message, "header", None)
        if header is None or header.version != 3 or isinstance(message, MalformedMessage):  # noqa: PLR2004 - see above
            return None
        other: Message = replace(message, header=other_than(header))
        return other

    return altered


def _fragment(name: str, change: Callable[[Fragment], int]) -> Altering:
    """Another number in a fragment."""

    def altered(_suite: Suite, message: Message) -> Message | None:
        if not isinstance(message, Fragment):
            return None
        values: dict[str, Any] = {name: change(message)}
        return replace(message, **values)

    return altered


ALTERINGS: Final[Mapping[str, Altering]] = {
    "another sender": _tag("sender", NOBODY),
    "another of the tester's clients as its sender": _tag("sender", THIRD_TAG),
    "a sender's tag that is too small": _tag("sender", _SMALLEST - 1),
    "the smallest sender's tag": _tag("sender", _SMALLEST),
    "another receiver": _tag("receiver", NOBODY),
    "a third client as its receiver": _tag("receiver", THIRD_TAG),
    "no receiver": _tag("receiver", 0),
    "a receiver's tag that is too small": _tag("receiver", _SMALLEST - 1),
    "the smallest receiver's tag": _tag("receiver", _SMALLEST),
    "the receiver's tag one lower": _tag("receiver", lambda tag: tag - 1),
    "the receiver's tag one higher": _tag("receiver", lambda tag: tag + 1),
    "another hash": _value(DhCommit, "hashed_gx", lambda suite, x: suite.garble(x)),
    "another encrypted g^x": _value(DhCommit, "encrypted_gx", lambda suite, x: suite.garble(x)),
    "g^y out of range": _value(DhKey, "gy", lambda suite, _: suite.outside()),
    "another revealed key": _value(
        RevealSignature, "revealed_key", lambda suite, x: suite.garble(x)
    ),
    "another encrypted signature": _value(
        RevealSignature, "encrypted_signature", lambda suite, x: suite.garble(x)
    ),
    "another MAC of the signature": _value(
        RevealSignature, "mac", lambda suite, x: suite.garble_mac(x)
    ),
    "another encrypted signature in answer": _value(
        SignatureMessage, "encrypted_signature", lambda suite, x: suite.garble(x)
    ),
    "another MAC of the signature in answer": _value(
        SignatureMessage, "mac", lambda suite, x: suite.garble_mac(x)
    ),
    "another MAC": _value(DataMessage, "mac", lambda suite, x: suite.garble_mac(x)),
    "no revealed MAC keys": _value(DataMessage, "revealed", lambda suite, _: suite.literal("")),
    "another flag": _field("flags", lambda _, flags: flags ^ IGNORE_UNREADABLE),
    "a flag that is not defined": _field("flags", lambda _, flags: flags ^ 0x80),
    "a higher counter": _field("counter", lambda _, counter: counter + 1),
    "the counter 0": _field("counter", lambda _suite, _counter: 0),
    "a higher key id": _field("sender_keyid", lambda _, keyid: keyid + 1),
    "the key id 0": _field("sender_keyid", lambda _suite, _keyid: 0),
    "a higher key id of the receiver": _field("recipient_keyid", lambda _, keyid: keyid + 1),
    "the key id 0 of the receiver": _field("recipient_keyid", lambda _suite, _keyid: 0),
    "a next key out of range": _field("next_dh", lambda suite, _: suite.outside()),
    "another ciphertext": _field("encrypted", lambda suite, x: suite.garble(x)),
    "a higher number of its piece": _fragment("k", lambda fragment: fragment.k + 1),
    "the piece number 0": _fragment("k", lambda _: 0),
    "one piece more": _fragment("n", lambda fragment: fragment.n + 1),
    "one piece less": _fragment("n", lambda fragment: fragment.n - 1),
}
"""How a message can be altered by somebody who knows no keys; None where it is not of the kind."""


def _pieces(stage: Stage, wire: Wire) -> list[Wire]:
    """The fragments that the tester's client would send of a message."""
    message = stage.decode(wire)
    if isinstance(message, Fragment):
        return [wire]
    body = message.fields if isinstance(message, DataMessage) else message
    header: Header | None = getattr(body, "header", None)
    version = 3 if header is None else header.version
    tag = stage.tester.endpoint.config.our_tag
    return list(stage.lab.suite.split(wire, tag, stage.target_tag, version, PIECE))


# Forging with what was made public.


def _forgeable(stage: Stage) -> bool:
    return bool(stage.forgeable)


def _forge(alter: Altering, stage: Stage, number: int) -> None:
    """A Data Message whose MAC key is public reaches the target altered, with a MAC that fits."""
    known = stage.forgeable
    if not known:
        raise Stuck(UNFORGED)
    old, key = known[-1 - number % len(known)]
    suite = stage.lab.suite
    with writable():
        wire = suite.encode(_under(suite, key, alter(suite, old)))
    stage.reaches(wire, "a Data Message under a public key")


def _under(suite: Suite, key: Key, message: DataMessage) -> DataMessage:
    return replace(message, mac=suite.data_mac(key, message.authenticated))


_FORGED: Final[Mapping[str, Altering]] = {
    "as it was": lambda _suite, message: message,
    "with another ciphertext": ALTERINGS["another ciphertext"],
    "with a higher counter": ALTERINGS["a higher counter"],
    "with a higher key id": ALTERINGS["a higher key id"],
}


# What else users, the tester and the network do.

_MOVES: Final[Moves[Stage]] = Moves()


def _users() -> None:
    """Texts that look like something else."""
    for who in ("target", "tester"):
        for what, text in (
            ("a Query", "?OTRv3?"),
            ("a tagged text", "said \t  \t\t\t\t \t \t \t    \t\t  \t\t"),
            ("an Error", "?OTR Error: no"),
            ("a text with a Query in it", "good day ?OTRv3?"),
            ("a long text", "word " * 100),
        ):
            _MOVES.add(f"{who} types {what}", methodcaller(f"{who}_says", text))
    _MOVES.add("target types nothing", methodcaller("target_says", ""), when=_target_private)
    _MOVES.add("tester types nothing", methodcaller("tester_says", ""), when=_private)


def _tester() -> None:
    """What no user can ask for."""
    for what, tlvs in _TLVS.items():
        play = partial(_sends, tlvs)
        _MOVES.add(f"tester sends {what}", play, when=_private)
    _MOVES.add("tester sends to be ignored", _sends_ignorable, when=_private)
    _MOVES.add("the tester's other client", methodcaller("tester_at", THIRD_TAG))
    _MOVES.add("the tester's first client", methodcaller("tester_at", TESTER_TAG))
    _MOVES.add("tester forgets", methodcaller("tester_forgets"))
    _MOVES.add("tester behaves", methodcaller("tester_behaves"))
    _MOVES.add("tester becomes mallory", methodcaller("tester_becomes", "mallory"))
    _MOVES.add("tester becomes itself", methodcaller("tester_becomes", "tester"))


_TLVS: Final[Mapping[str, Callable[[Stage], tuple[Tlv, ...]]]] = {
    "padding": lambda _: (Padding(7),),
    "an unknown TLV": lambda stage: (UnknownTlv(0x4242, _text(stage)),),
    "an SMP Abort and a text": lambda _: (SmpAbort(),),
    "a use of the extra key": lambda stage: (ExtraKeyUse(1, _text(stage)),),
    "two TLVs": lambda _: (Padding(0), SmpAbort()),
    "a TLV after the end": lambda _: (Disconnected(), Padding(1)),
}


def _text(stage: Stage) -> Octets:
    return stage.lab.text("x")


def _target_private(stage: Stage) -> bool:
    """Whether what the target's user types is encrypted: in the clear, nothing is no message."""
    target = stage.target
    return isinstance(target, ReferenceParty) and (
        target.conversation.current.message is Msg.ENCRYPTED
    )


def _private(stage: Stage) -> bool:
    return stage.tester.conversation.current.message is Msg.ENCRYPTED


def _sends(tlvs: Callable[[Stage], tuple[Tlv, ...]], stage: Stage) -> None:
    if not _private(stage):
        message = "the tester has no keys to send under"
        raise Stuck(message)
    stage.tester_sends(*tlvs(stage), text="with it")


def _sends_ignorable(stage: Stage) -> None:
    if not _private(stage):
        message = "the tester has no keys to send under"
        raise Stuck(message)
    stage.tester_sends(text="for those who can read it", flags=IGNORE_UNREADABLE)


def _edges() -> None:
    """What is at the edge of what the tables allow."""
    _MOVES.update(edges(PLAN.composition, "clock"))
    _MOVES.update(pieces(PLAN.composition, _piece))
    nearly = values_of(PLAN.composition)["largest_keyid"] - 2
    counts = methodcaller("tester_counts_from", nearly)
    _MOVES.add("tester counts its keys from nearly the last", counts, needs=OURS)


def _piece(stage: Stage, number: int, of: int, inside: Octets) -> Wire:
    """A fragment from the tester's instance to any."""
    fragment = Fragment(Header(3, TESTER_TAG, 0), number, of, inside)
    return stage.tester.endpoint.suite.encode(fragment)


def _somebody() -> None:
    """More of what anybody can make up."""
    for name, text in (
        ("a Query for 4", "?OTRv4?"),
        ("a Query for 1 and 2", "?OTR?v2?"),
        ("a code that is none", "?OTR:garbage"),
        ("a Query in one piece", "?OTR|00001001|00000000,00001,00001,?OTRv3?,"),
        ("a v2 Query in one piece", "?OTR,1,1,?OTRv2?,"),
        ("a first v2 fragment", "?OTR,1,2,?OTR:AAM,"),
        ("a second v2 fragment", "?OTR,2,2,DABB.,"),
        ("a v2 fragment of none", "?OTR,0,0,?OTR:AAM,"),
    ):
        _MOVES.add(name, methodcaller("arrives", text))


def _clock() -> None:
    for seconds in (1, 61):
        _MOVES.add(f"{seconds} s pass", methodcaller("wait", seconds), needs="clock")


_users()
_somebody()
_tester()
_MOVES.update(UNCOMMON)
_edges()
_clock()

_FAMILIES: Final = {
    family.name: family
    for family in (
        *carrying(),
        *cutting(_pieces),
        *altering(ALTERINGS),
        *inside(ALTERINGS, INSIDE, _pieces),
        *(
            Family(f"forged {how}, to target", partial(_forge, alter), 3, _forgeable)
            for how, alter in _FORGED.items()
        ),
    )
}


# Who plays.

_POLICIES: Final = tuple(field.name for field in fields_of(Policy))
_CHECKS: Final = {check.label: check for check in DEVIATIONS if isinstance(check, Check)}
_VERSIONS: Final = ("allow_v2", "allow_v3")


def _part(words: Words) -> Part[Cast]:
    """Who plays, of what was drawn."""
    words.only(("target", "tester", "size", "tester-size", "falsify"))
    target, tester = (Policy(**words.policy(who, _POLICIES)) for who in ("target", "tester"))
    cast = Cast(
        target,
        tester,
        max_size=words.number("size"),
        tester_size=words.number("tester-size"),
    )
    if words.get("falsify"):
        cast = replace(cast, variant=falsifying(words.one("falsify", _CHECKS)))
    version = 3 if target.allow_v3 or not target.allow_v2 else 2
    needs = {"policy"} | ({"fragment"} if cast.max_size else set())
    return Part(cast, version, frozenset(needs))


def _draw(random: Random) -> str:
    """Words that say who plays."""
    words = Words()
    words.draw_policy(random, "target", _POLICIES, _VERSIONS)
    words.draw_policy(random, "tester", _POLICIES, _VERSIONS)
    words.draw_sizes(random, SIZES)
    if random.random() < DEVIANT:
        words.set("falsify", random.choice(sorted(_CHECKS)))
    return str(words)


def _offered(stage: Stage, wires: tuple[Wire, ...]) -> tuple[Octets, ...]:
    """The hashes of g^x in what one side sent at once."""
    suite = stage.lab.suite
    stored: Octets | None = None
    found: list[Octets] = []
    for wire in wires:
        message = suite.decode(wire)
        if isinstance(message, Fragment):
            stored = suite.join(None if message.k == 1 else stored, message)
            message = suite.decode(suite.joined(stored)) if message.k == message.n else message
        if isinstance(message, DhCommit):
            found.append(message.hashed_gx)
    return tuple(found)


def _as_it_is(cast: Cast) -> bool:
    """OTR is disabled on one side."""
    return not all(policy.allow_v2 or policy.allow_v3 for policy in (cast.target, cast.tester))


def _place(_stage: Stage, message: DataMessage, session: str) -> Hashable:
    """The pair of keys, in the session with a client of the tester's, and the counter.

    The tester's key is told by its number, which begins anew with each exchange of keys.
    """
    fields = message.fields
    return session, fields.header.receiver, fields.next_dh, fields.recipient_keyid, fields.counter


def _kept(party: AnyParty) -> Iterator[str]:
    """What the reference keeps and should not, and what it did that the tables do not have."""
    if not isinstance(party, ReferenceParty):
        return
    for tag, session in party.conversation.members.items():
        for what in (*unkept(session), *accepted(party.sound, session)):
            yield f"in the session with {tag:#x}, {what}"


@lru_cache(maxsize=4)
def _oracle(suite: Suite) -> Oracle:
    """What judges; it is the same for all who play over the same suite."""
    return Oracle(suite)


def _judged(party: AnyParty, objections: list[str]) -> None:
    """From now on every step of the reference is judged by the tables alone."""
    if not isinstance(party, ReferenceParty):
        return
    oracle, config = _oracle(party.lab.suite), party.endpoint.config

    def judge(
        before: Conversation, given: Command | Receive, stepped: Stepped, now: int, to: int | None
    ) -> None:
        objections.extend(oracle.judge(Taken(before, given, stepped, config, now, to)))
        objections.extend(unbelieved(before, stepped))

    party.judge = judge


_USERS: Final[Mapping[Word, tuple[str, ...]]] = {
    Event.USER_START: ("target starts",),
    Event.USER_SEND: ("target types", "target types a tagged text", "target types a long text"),
    Event.USER_END: ("target ends",),
    Event.USER_HEARTBEAT: ("target asks for a heartbeat",),
    Event.USER_EXTRA_KEY: ("target uses the extra key",),
    Event.USER_SMP_START: ("target begins SMP", "target asks with SMP"),
    Event.USER_SMP_ANSWER: ("target answers SMP", "target answers SMP wrongly"),
    Event.USER_SMP_ABORT: ("target aborts SMP",),
}

_READ, _DRAWN = drawing(PARTS, _part, _draw)

FUZZING: Final = Fuzzing(
    plan=PLAN,
    vocabulary=Vocabulary({**MOVES, **_MOVES}, _FAMILIES),
    users=_USERS,
    read_part=_READ,
    draw_part=_DRAWN,
    offered=_offered,
    as_it_is=_as_it_is,
    under=_place,
    kept=_kept,
    judged=_judged,
    beyond=BEYOND,
)
