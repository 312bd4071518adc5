"""What can happen to an endpoint of OTRv4 on a hostile network; see `otr_conformance.fuzz`."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, TypeVar

from otr_conformance.derive.plan import Moves, Part
from otr_conformance.fuzz.drawn import DEVIANT, SIZES, Words, drawing
from otr_conformance.fuzz.edges import edges, pieces, values_of
from otr_conformance.fuzz.network import altering, carrying, cutting, writable
from otr_conformance.fuzz.uncommon import inside
from otr_conformance.fuzz.vocabulary import UNFORGED, Family, Fuzzing, Vocabulary
from otr_conformance.play.stage import Stuck
from otr_model.otrv4.conditions import Check
from otr_model.otrv4.words import Event, Mode, Msg
from otr_reference.otrv3.messages import DhCommit
from otr_reference.otrv4.deviations import DEVIATIONS
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    DataMessage,
    Disconnected,
    ExtraKeyUse,
    Fragment,
    Header,
    Identity,
    NonInteractiveAuth,
    OtherVersion,
    Padding,
    SmpAbort,
    UnknownTlv,
)
from otr_reference.otrv4.session import Policy

from .cases.negative_dake import falsifying
from .kept import unkept
from .plan import MOVES, PARTS, PLAN
from .stage import TESTER_TAG, THIRD_TAG, Cast, ReferenceParty
from .uncommon import BEYOND, INSIDE, UNCOMMON

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping
    from random import Random

    from otr_conformance.fuzz.network import Altering
    from otr_conformance.play.stage import AnyParty
    from otr_model.kernel.words import Word
    from otr_reference.otrv4.messages import ClientProfile, Message, Tlv
    from otr_reference.otrv4.suite import Suite
    from otr_reference.sorts import Key, Octets, Wire

    from .stage import Stage

__all__ = ["FUZZING"]

PIECE: Final = 300
"""Bytes of a fragment that the network makes: every encoded message takes several."""
IDENTIFIER: Final = 0xFACE
"""The identifier of the first message that the network cuts; counted on from there."""
NOBODY: Final = 0x4004
"""The tag of an instance that there is not."""
IGNORE_UNREADABLE: Final = 1
_SMALLEST: Final = values_of(PLAN.composition)["smallest_tag"]
DAKE: Final = (Identity, AuthR, AuthI, NonInteractiveAuth)

K = TypeVar("K")


# Altering what is inside.


def _value(
    kinds: type[K] | tuple[type[K], ...], name: str, change: Callable[[Suite, Any], object]
) -> Altering:
    """Another value in messages of some kinds."""

    def altered(suite: Suite, message: Message) -> Message | None:
        if not isinstance(message, kinds):
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
        return replace(message, fields=replace(message.fields, **values))

    return altered


def _tag(name: str, tag: int | Callable[[int], int]) -> Altering:
    """Another instance tag."""

    def other_than(header: Header) -> Header:
        values: dict[str, Any] = {name: tag(getattr(header, name)) if callable(tag) else tag}
        return replace(header, **values)

    def altered(suite: Suite, message: Any) -> Message | None:  # noqa: ANN401 - any message
        if isinstance(message, DataMessage):
            changed = other_than(message.fields.header)
            return _field("header", lambda _suite, _header: changed)(suite, message)  # type: ignore[no-any-return] # as above
        if not isinstance(message, (*DAKE, Fragment)):
            return None
        header: Header = message.header
        other: Message = replace(message, header=other_than(header))
        return other

    return altered


def _profile(name: str, change: Callable[[Suite, ClientProfile], object]) -> Altering:
    """Another value in the client profile, under the same signature."""

    def changed(suite: Suite, profile: ClientProfile) -> ClientProfile:
        values: dict[str, Any] = {name: change(suite, profile)}
        return replace(profile, **values)

    return _value((Identity, AuthR, NonInteractiveAuth), "profile", changed)


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
    "another signature of its profile": _profile(
        "signature", lambda suite, profile: suite.garble_signature(profile.signature)
    ),
    "an ephemeral key Y off the group": _value(
        Identity, "y", lambda suite, _: suite.outside_point()
    ),
    "an ephemeral key B off the group": _value(
        Identity, "b", lambda suite, _: suite.outside_element()
    ),
    "an ephemeral key X off the group": _value(
        (AuthR, NonInteractiveAuth), "x", lambda suite, _: suite.outside_point()
    ),
    "an ephemeral key A off the group": _value(
        (AuthR, NonInteractiveAuth), "a", lambda suite, _: suite.outside_element()
    ),
    "a first ECDH key off the group": _value(
        (Identity, AuthR, NonInteractiveAuth), "first_ecdh", lambda suite, _: suite.outside_point()
    ),
    "a first DH key off the group": _value(
        (Identity, AuthR, NonInteractiveAuth), "first_dh", lambda suite, _: suite.outside_element()
    ),
    "another sigma": _value(
        (AuthR, AuthI, NonInteractiveAuth), "sigma", lambda suite, x: suite.garble_sigma(x)
    ),
    "another Auth MAC": _value(
        NonInteractiveAuth, "auth_mac", lambda suite, x: suite.garble_mac(x)
    ),
    "another prekey id": _value(NonInteractiveAuth, "prekey_id", lambda _, number: number ^ 1),
    "another MAC": _value(DataMessage, "authenticator", lambda suite, x: suite.garble_mac(x)),
    "no revealed MAC keys": _value(DataMessage, "old_mac_keys", lambda _suite, _keys: ()),
    "another flag": _field("flags", lambda _, flags: flags ^ IGNORE_UNREADABLE),
    "a flag that is not defined": _field("flags", lambda _, flags: flags ^ 0x80),
    "a higher number of messages before": _field("pn", lambda _, number: number + 1),
    "a higher ratchet id": _field("ratchet_id", lambda _, number: number + 1),
    "a far higher ratchet id": _field("ratchet_id", lambda _, number: number + 3),
    "a higher message id": _field("message_id", lambda _, number: number + 1),
    "a far higher message id": _field("message_id", lambda _, number: number + 5000),
    "the message id 0": _field("message_id", lambda _suite, _number: 0),
    "an ECDH key off the group": _field("ecdh", lambda suite, _: suite.outside_point()),
    "no DH key": _field("dh", lambda _suite, _dh: None),
    "a DH key off the group": _field("dh", lambda suite, _: suite.outside_element()),
    "another ciphertext": _field("encrypted", lambda suite, x: suite.garble(x)),
    "a higher number of its piece": _fragment("index", lambda fragment: fragment.index + 1),
    "the piece number 0": _fragment("index", lambda _: 0),
    "one piece more": _fragment("total", lambda fragment: fragment.total + 1),
    "one piece less": _fragment("total", lambda fragment: fragment.total - 1),
    "another identifier": _fragment("identifier", lambda fragment: fragment.identifier ^ 1),
}
"""How a message can be altered by somebody who knows no keys; None where it is not of the kind."""


def _pieces(stage: Stage, wire: Wire) -> list[Wire]:
    """The fragments that the tester's client could send of a message.

    No two messages on their way have one identifier.
    """
    message = stage.decode(wire)
    if isinstance(message, Fragment | OtherVersion):
        return [wire]
    tag = stage.tester.endpoint.config.our_tag
    place = next((n for n, other in enumerate(stage.to_target) if other is wire), 0)
    identifier = IDENTIFIER + (len(stage.passed) << 8) + place
    return list(stage.lab.suite.split(wire, identifier, tag, stage.target_tag, PIECE))


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
    return replace(message, authenticator=suite.data_mac(key, suite.data_body(message.fields)))


_FORGED: Final[Mapping[str, Altering]] = {
    "as it was": lambda _suite, message: message,
    "with another ciphertext": ALTERINGS["another ciphertext"],
    "with a higher message id": ALTERINGS["a higher message id"],
    "with a higher ratchet id": ALTERINGS["a higher ratchet id"],
}


# What else users, the tester and the network do.

_MOVES: Final[Moves[Stage]] = Moves()


def _users() -> None:
    """Texts that look like something else."""
    for who in ("target", "tester"):
        for what, text in (
            ("a Query", "?OTRv4?"),
            ("a tagged text", "said \t  \t\t\t\t \t \t \t    \t\t \t  "),
            ("an Error", "?OTR Error: ERROR_1: no"),
            ("a long text", "word " * 200),
        ):
            _MOVES.add(f"{who} types {what}", methodcaller(f"{who}_says", text))
    _MOVES.add("target types eight texts", _types_several)
    _MOVES.add("target types nothing", methodcaller("target_says", ""), when=_target_private)
    _MOVES.add("tester types nothing", methodcaller("tester_says", ""), when=_private)


def _types_several(stage: Stage) -> None:
    """As many texts as it takes for some to wait still when those before them have been sent."""
    for number in range(8):
        stage.target_says(f"text {number}")


def _tester() -> None:
    """What no user can ask for."""
    for what, tlvs in _TLVS.items():
        play = partial(_sends, tlvs)
        _MOVES.add(f"tester sends {what}", play, when=_private)
    _MOVES.add("tester sends to be ignored", _sends_ignorable, when=_private)
    _MOVES.add("the tester's other client", methodcaller("tester_at", THIRD_TAG))
    _MOVES.add("the tester's first client", methodcaller("tester_at", TESTER_TAG))
    _MOVES.add("tester forgets", methodcaller("tester_forgets"))
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
        target.conversation.current.message is Msg.ENCRYPTED_MESSAGES
    )


def _private(stage: Stage) -> bool:
    return stage.tester.conversation.current.message is Msg.ENCRYPTED_MESSAGES


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
    _MOVES.update(edges(PLAN.composition, "otrv4-clock"))
    _MOVES.update(pieces(PLAN.composition, _piece))


def _piece(stage: Stage, number: int, of: int, inside: Octets) -> Wire:
    """A fragment from the tester's instance to any."""
    fragment = Fragment(Header(TESTER_TAG, 0), IDENTIFIER, number, of, inside)
    return stage.tester.endpoint.suite.encode(fragment)


def _clock() -> None:
    for name, seconds in (("1 s passes", 1), ("61 s pass", 61)):
        _MOVES.add(name, methodcaller("wait", seconds), needs="otrv4-clock")


_users()
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
_VERSIONS: Final = ("allow_v3", "allow_v4")
_MODES: Final = {mode.label: mode for mode in Mode}
_KNOWING: Final = {"": False, "yes": True}
_SAID: Final = (*("target", "tester", "size", "tester-size", "falsify", "mode", "knows", "trusts"),)


def _part(words: Words) -> Part[Cast]:
    """Who plays, of what was drawn."""
    words.only(_SAID)
    target, tester = (Policy(**words.policy(who, _POLICIES)) for who in ("target", "tester"))
    cast = Cast(
        target,
        tester,
        mode=words.one("mode", _MODES) if words.get("mode") else Mode.COMPATIBLE,
        max_size=words.number("size"),
        tester_size=words.number("tester-size"),
        knows=words.one("knows", _KNOWING),
        trusts=words.one("trusts", _KNOWING),
    )
    if words.get("falsify"):
        cast = replace(cast, variant=falsifying(words.one("falsify", _CHECKS)))
    needs = {"policy"}
    for word, wanted in (
        ("fragment", cast.max_size),
        ("otrv4-mode", cast.mode is not Mode.COMPATIBLE),
        ("otrv4-known-profile", cast.knows),
        ("otrv4-trusted", cast.trusts),
    ):
        needs |= {word} if wanted else set()
    return Part(cast, 4, frozenset(needs))


def _draw(random: Random) -> str:
    """Words that say who plays."""
    words = Words()
    words.draw_policy(random, "target", _POLICIES, _VERSIONS)
    words.draw_policy(random, "tester", _POLICIES, _VERSIONS)
    words.draw_sizes(random, tuple(3 * size for size in SIZES))
    mode = random.choice(tuple(_MODES.values()))
    if mode is not Mode.COMPATIBLE and random.random() < DEVIANT:
        words.set("mode", mode.label)
    for name in ("knows", "trusts"):
        if random.random() < DEVIANT:
            words.set(name, "yes")
    if random.random() < DEVIANT:
        words.set("falsify", random.choice(sorted(_CHECKS)))
    return str(words)


def _offered(stage: Stage, wires: tuple[Wire, ...]) -> tuple[Octets, ...]:
    """The hashes of B, and those of g^x in version 3, in what one side sent at once."""
    suite, older = stage.lab.suite, stage.lab.suite_3
    pieces: dict[int, Octets] = {}
    found: list[Octets] = []
    for wire in wires:
        message = suite.decode(wire)
        if isinstance(message, Fragment):
            pieces[message.index] = suite.piece(message)
            if len(pieces) < message.total:
                continue
            message = suite.decode(suite.join(tuple(pieces[n] for n in sorted(pieces))))
            pieces.clear()
        if isinstance(message, Identity):
            found.append(suite.hashed_b(message.b))
        elif isinstance(message, OtherVersion):
            inside = older.decode(message.wire)
            found += [inside.hashed_gx] if isinstance(inside, DhCommit) else []
    return tuple(found)


def _as_it_is(cast: Cast) -> bool:
    """OTR is disabled on one side, or what is not of OTRv4 is passed on."""
    allowed = (policy.allow_v3 or policy.allow_v4 for policy in (cast.target, cast.tester))
    return cast.mode is not Mode.COMPATIBLE or not all(allowed)


def _place(_stage: Stage, message: DataMessage, _session: str) -> Hashable:
    """The ECDH key of the sender's that the chain began with, and the number in it."""
    return message.fields.header.receiver, message.fields.ecdh, message.fields.message_id


def _beside(party: AnyParty) -> Hashable:
    """The message state of version 3, for whom some text waits, and what came too early."""
    if not isinstance(party, ReferenceParty):
        return None
    conversation = party.conversation
    older, current = conversation.version_3, conversation.current
    waits = next((each.meant_for is not None for each in conversation.queue or ()), None)
    return None if older is None else older.current.message, waits, min(current.early, _EARLY)


def _kept(party: AnyParty) -> Iterator[str]:
    """What the reference keeps and should not, and what it did that the tables do not have."""
    if not isinstance(party, ReferenceParty):
        return
    for tag, session in party.conversation.members.items():
        for what in unkept(session):
            yield f"in the session with {tag:#x}, {what}"


def _judged(_party: AnyParty, _objections: list[str]) -> None:
    """Nothing reads the tables of version 4 a second time."""


_EARLY: Final = 2
"""Data Messages that came too early, from which on their number says nothing more."""
_USERS: Final[Mapping[Word, tuple[str, ...]]] = {
    Event.USER_START: ("target starts",),
    Event.USER_START_DAKE: ("target starts dake",),
    Event.USER_START_OFFLINE: ("target starts offline",),
    Event.USER_SEND: ("target types", "target types a tagged text", "target types a long text"),
    Event.USER_END: ("target ends",),
    Event.USER_HEARTBEAT: ("target asks for a heartbeat",),
    Event.USER_EXTRA_KEY: ("target uses the extra key",),
    Event.USER_SMP_START: ("target begins SMP", "target asks with SMP"),
    Event.USER_SMP_ANSWER: ("target answers SMP", "target answers SMP wrongly"),
    Event.USER_SMP_ABORT: ("target aborts SMP",),
    Event.CLOCK: ("some time passes", "two weeks pass"),
    Event.ASSEMBLY_CLOCK: ("61 s pass", "time passes"),
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
    beside=_beside,
    beyond=BEYOND,
)
