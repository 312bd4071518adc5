"""How what arrives is taken in: fragments, instance tags, several clients of the peer, kinds.

Whether a message was taken in shows in what the target does with it: where nothing else does, it is
a D-H Commit Message, which is answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv3.case import Level, case
from otr_conformance.otrv3.moves import (
    ONLY,
    QUERIES,
    awaits_reveal_signature,
    comes_to_rest,
    declare,
    forged,
    forged_commit,
    header,
    sends_forged,
    talk,
)
from otr_conformance.otrv3.stage import NAMES, TESTER_TAG, THIRD_TAG
from otr_model.otrv3.words import Auth
from otr_reference.otrv3.messages import (
    DataMessage,
    DhCommit,
    DhKey,
    Fragment,
    Header,
    RevealSignature,
    SignatureMessage,
)
from otr_reference.otrv3.session import Policy

if TYPE_CHECKING:
    from otr_conformance.otrv3.case import Play
    from otr_conformance.otrv3.stage import Stage
    from otr_reference.otrv3.messages import EncodedMessage
    from otr_reference.sorts import Wire

VERSIONS = (3, 2)
ILLEGAL_TAG = 0xFF
SIZES = {DhCommit: 160, RevealSignature: 300}
"""Bytes of a fragment, so that a message of this kind takes three."""
LONG, LONG_SIZE = 70_000, 300
"""Characters of a text, more than 64 KiB, and bytes of a fragment, so that there are 350 or so."""

# Section "Fragmentation": what is put together, and what is forgotten.


def _fragments(
    stage: Stage, message: EncodedMessage, sender: int | None = None, receiver: int | None = None
) -> tuple[Wire, Wire, Wire]:
    """A message in three fragments, with its own tags unless others are given."""
    suite = stage.lab.suite
    head = message.fields.header if isinstance(message, DataMessage) else message.header
    first, second, third = suite.split(
        suite.encode(message),
        head.sender if sender is None else sender,
        head.receiver if receiver is None else receiver,
        head.version,
        SIZES[type(message)],
    )
    return first, second, third


def _taken(stage: Stage) -> EncodedMessage:
    """The oldest message on its way to the target, which does not arrive."""
    message = stage.decode(stage.to_target.pop(0))
    if not isinstance(message, DhCommit | RevealSignature):
        raise TypeError(message)
    return message


def _commit(stage: Stage, version: int) -> tuple[Wire, Wire, Wire]:
    """A new D-H Commit of the tester's, in three fragments."""
    stage.tester_takes(QUERIES[version])
    return _fragments(stage, _taken(stage))


def _piece(stage: Stage, version: int, k: int, n: int, text: str) -> None:
    """A fragment with a text in it reaches the target."""
    head = Header(version, TESTER_TAG if version == 3 else 0, 0)  # noqa: PLR2004 - it has tags
    about = f"fragment {k} of {n} with {text[:8]!r}"
    stage.sends(Fragment(head, k, n, stage.lab.text(text)), about)


def _arrive(stage: Stage, *wires: Wire) -> None:
    for wire in wires:
        stage.reaches_target(wire)


def _in_order(version: int) -> Play:
    def play(stage: Stage) -> None:
        _arrive(stage, *_commit(stage, version))
        stage.settle()
        talk(stage)

    return play


def _repeated(version: int) -> Play:
    def play(stage: Stage) -> None:
        first, second, third = _commit(stage, version)
        _arrive(stage, first, second, second, third)
        _arrive(stage, first, first, second, third)
        stage.settle()
        talk(stage)

    return play


def _replaced(version: int) -> Play:
    def play(stage: Stage) -> None:
        one, two, _ = _commit(stage, version)
        first, second, third = _commit(stage, version)
        _arrive(stage, one, two, first, second, third)
        stage.settle()
        talk(stage)

    return play


def _another_count(version: int) -> Play:
    def play(stage: Stage) -> None:
        first, second, third = _commit(stage, version)
        _arrive(stage, first)
        _piece(stage, version, 2, 4, "other")
        _arrive(stage, second, third)
        _piece(stage, version, 1, 3, "?OTR")
        _piece(stage, version, 2, 2, f"v{version}?")
        _piece(stage, version, 1, 2, "?OT")
        _piece(stage, version, 2, 3, "Rv")
        _piece(stage, version, 3, 3, f"{version}?")

    return play


def _leap(version: int) -> Play:
    def play(stage: Stage) -> None:
        _piece(stage, version, 1, 3, "?OTR")
        _piece(stage, version, 3, 3, f"v{version}?")
        _piece(stage, version, 1, 2, "?OTR")
        _piece(stage, version, 3, 3, f"v{version}?")
        _piece(stage, version, 2, 3, "?OTR")
        _piece(stage, version, 3, 3, f"v{version}?")

    return play


def _illegal_between(version: int) -> Play:
    def play(stage: Stage) -> None:
        first, second, third = _commit(stage, version)
        for k, n in ((0, 3), (1, 0), (0, 0), (4, 3)):
            _piece(stage, version, k, n, "illegal")
        _arrive(stage, first)
        for k, n in ((0, 3), (2, 0), (0, 0), (4, 3)):
            _piece(stage, version, k, n, "illegal")
        _arrive(stage, second, third)
        stage.settle()
        talk(stage)

    return play


def _whole_between(version: int) -> Play:
    def play(stage: Stage) -> None:
        first, second, third = _commit(stage, version)
        _arrive(stage, first, second)
        message = forged_commit(stage, header(stage, version))
        stage.sends(replace(message, header=_open_header(stage, version)), "a whole D-H Commit")
        stage.to_tester.clear()
        _arrive(stage, third)

    return play


def _open_header(stage: Stage, version: int) -> Header:
    """The header of a D-H Commit Message for no instance in particular."""
    return replace(header(stage, version), receiver=0)


def _only(version: int) -> Play:
    def play(stage: Stage) -> None:
        first, second, third = _commit(stage, version)
        _piece(stage, version, 1, 1, QUERIES[version])
        stage.to_tester.clear()
        stage.tester_forgets()
        _arrive(stage, first, second)
        _piece(stage, version, 1, 1, QUERIES[version])
        _arrive(stage, third)
        stage.settle()
        talk(stage)

    return play


for _version in VERSIONS:
    for _name, _play, _about in (
        (
            "in-order",
            _in_order(_version),
            "Puts fragments that arrive in order together, and takes the message up.",
        ),
        (
            "repeated",
            _repeated(_version),
            """Forgets what is stored when a fragment other than the first comes twice; begins anew
            when the first does.""",
        ),
        (
            "replaced",
            _replaced(_version),
            "Forgets what is stored when the first fragment of another message arrives.",
        ),
        (
            "another-count",
            _another_count(_version),
            """Forgets what is stored when a fragment of another number of fragments arrives, be it
            more or less, also where both would make sense together.""",
        ),
        (
            "leap",
            _leap(_version),
            "Takes nothing up that lacks a fragment, also where what is left would make sense.",
        ),
        (
            "illegal-between",
            _illegal_between(_version),
            """Discards fragments with k = 0, n = 0 or k > n, and goes on with what is stored.""",
        ),
        (
            "whole-between",
            _whole_between(_version),
            """Takes up a message that is no fragment, and forgets what is stored: the last fragment
            is worthless.""",
        ),
        (
            "only-one",
            _only(_version),
            """Takes up a message in one fragment, and forgets what was stored before: the last
            fragment of that is worthless.""",
        ),
    ):
        declare(f"receiving.v{_version}-fragments-{_name}", _about, _play, version=_version)


@case("receiving.fragments-of-reveal-signature")
def fragments_of_reveal_signature(stage: Stage) -> None:
    """Puts the fragments of a message for its own instance together."""
    awaits_reveal_signature(stage, 3)
    stage.to_tester_delivers()
    _arrive(stage, *_fragments(stage, _taken(stage)))
    stage.settle()
    talk(stage)


@case("receiving.fragments-both-ways", max_size=200, tester_size=120)
def fragments_both_ways(stage: Stage) -> None:
    """Sends messages in fragments where the network demands it, and takes up such messages."""
    stage.arrives("?OTRv3?")
    stage.settle()
    talk(stage)


@case("receiving.fragments-fill-pieces-v3", max_size=270)
def fragments_fill_pieces_v3(stage: Stage) -> None:
    """Sends a message whose length is a multiple of the piece's in as many pieces, none empty.

    A Reveal Signature Message of version 3 has 702 characters: three times 234, with 36 around it.
    """
    stage.arrives("?OTRv3?")
    stage.settle()
    talk(stage)


@case(
    "receiving.fragments-fill-pieces-v2",
    target=Policy(allow_v3=False),
    tester=Policy(allow_v3=False),
    max_size=248,
    version=2,
)
def fragments_fill_pieces_v2(stage: Stage) -> None:
    """Sends a message whose length is a multiple of the piece's in as many pieces, none empty.

    A Reveal Signature Message of version 2 has 690 characters: three times 230, with 18 around it.
    """
    stage.arrives("?OTRv2?")
    stage.settle()
    talk(stage)


def _long(version: int) -> Play:
    def play(stage: Stage) -> None:
        text = stage.acts.say(stage.lab.text("x" * LONG))
        stage.arrives(QUERIES[version])
        stage.settle()
        stage.tester_does(f"the tester's user types {LONG} characters", text)
        stage.settle()
        stage.target_does(f"the target's user types {LONG} characters", text)
        stage.settle()
        talk(stage)

    return play


for _version in VERSIONS:
    _play = _long(_version)
    _play.__doc__ = f"""Puts a text of {LONG} characters together that comes in more fragments than
        one byte counts, and sends one in as many."""
    case(
        f"receiving.fragments-of-long-text-v{_version}",
        target=ONLY[_version],
        tester=ONLY[_version],
        version=_version,
        max_size=LONG_SIZE,
        tester_size=LONG_SIZE,
    )(_play)


@case("receiving.fragment-numbers-of-17-bits", level=Level.SHOULD)
def fragment_numbers_of_17_bits(stage: Stage) -> None:
    """Does not take the fragment 65537 of 65538 for the first of two: numbers have 16 bits."""
    stage.arrives("?OTR|1001|0,65537,65538,?OT,")
    stage.arrives("?OTR|1001|0,2,2,Rv3?,")


@case("receiving.fragments-short-numbers")
def fragments_short_numbers(stage: Stage) -> None:
    """Takes up a Query Message in fragments whose numbers have no leading zeros."""
    stage.arrives("?OTR|1001|0,1,3,?O,")
    stage.arrives("?OTR|1001|0,2,3,TR,")
    stage.arrives("?OTR|1001|0,3,3,v3?,")


@case("receiving.fragments-capital-digits")
def fragments_capital_digits(stage: Stage) -> None:
    """Reads instance tags in hexadecimal digits of either case."""
    stage.arrives("?OTR|0000ABCD|00000000,00001,00002,?OTR,")
    stage.arrives("?OTR|0000abcd|00000000,00002,00002,v3?,")


@case("receiving.fragments-of-text-v3")
def fragments_of_text_v3(stage: Stage) -> None:
    """Shows a plaintext that came in fragments of version 3, once it is complete."""
    _piece(stage, 3, 1, 2, "good ")
    _piece(stage, 3, 2, 2, "morning")


@case("receiving.fragments-of-text-v2", target=Policy(), tester=Policy())
def fragments_of_text_v2(stage: Stage) -> None:
    """Shows a plaintext that came in fragments of version 2, once it is complete."""
    _piece(stage, 2, 1, 2, "good ")
    _piece(stage, 2, 2, 2, "morning")


@case("receiving.fragments-forgotten-on-text", target=Policy(), tester=Policy())
def fragments_forgotten_on_text(stage: Stage) -> None:
    """Forgets a part of a message when a plaintext arrives, and shows the plaintext."""
    _piece(stage, 2, 1, 2, "?OTR")
    stage.arrives("good morning")
    _piece(stage, 2, 2, 2, "v3?")


@case("receiving.fragments-kept-amid-text", level=Level.SHOULD)
def fragments_kept_amid_text(stage: Stage) -> None:
    """Keeps the part of a message from an instance when a text of no instance arrives."""
    _piece(stage, 3, 1, 2, "?OTR")
    stage.arrives("good morning")
    _piece(stage, 3, 2, 2, "v3?")


@case("receiving.fragments-beyond-bound")
def fragments_beyond_bound(stage: Stage) -> None:
    """Stores no more of a message than it is willing to, and does not go on with what remains."""
    _piece(stage, 3, 1, 3, "x" * 600_000)
    _piece(stage, 3, 2, 3, "x" * 600_000)
    _piece(stage, 3, 2, 3, "?OTR")
    _piece(stage, 3, 3, 3, "v3?")


@case("receiving.first-fragment-beyond-bound", level=Level.SHOULD, largest=2**20 + 1)
def first_fragment_beyond_bound(stage: Stage) -> None:
    """Does not store a fragment that is larger than all that it is willing to store."""
    _piece(stage, 3, 1, 2, "x" * (2**20 + 1))
    _piece(stage, 3, 2, 2, "?OTRv3?")


@case("receiving.first-fragment-beyond-bound-replaces", largest=2**20 + 1)
def first_fragment_beyond_bound_replaces(stage: Stage) -> None:
    """Forgets what is stored when the first fragment of another message is too large to store."""
    _piece(stage, 3, 1, 2, "?OTR")
    _piece(stage, 3, 1, 4, "x" * (2**20 + 1))
    _piece(stage, 3, 2, 2, "v3?")


# Section "Instance Tags": whom a message is from and for.

TAGS = {
    "sender-zero": ("0 as the sender's tag", {"sender": 0}),
    "illegal-sender": ("an illegal sender's tag", {"sender": ILLEGAL_TAG}),
    "illegal-receiver": ("an illegal receiver's tag", {"receiver": ILLEGAL_TAG}),
    "other-instance": ("another instance's tag as the receiver's", {"receiver": THIRD_TAG}),
    "no-instance": ("0 as the receiver's tag", {"receiver": 0}),
}


def _next_is(kind: type[EncodedMessage], stage: Stage) -> None:
    """Go on until the next message for the target is of a kind."""
    if kind is DhCommit:
        stage.tester_takes(QUERIES[3])
    elif kind is DhKey:
        stage.arrives(QUERIES[3])
        stage.to_tester_delivers()
    elif kind is RevealSignature:
        awaits_reveal_signature(stage, 3)
        stage.to_tester_delivers()
    elif kind is SignatureMessage:
        stage.arrives(QUERIES[3])
        for _ in range(2):
            stage.to_tester_delivers()
            if stage.to_target and not isinstance(stage.decode(stage.to_target[0]), kind):
                stage.to_target_delivers()
    else:
        comes_to_rest(stage, 3)
        stage.tester_says("first")


def _retagged(stage: Stage, wire: Wire, tags: dict[str, int]) -> EncodedMessage | None:
    """A message with other tags; the authenticator of a Data Message stays as it is."""
    message = stage.decode(wire)
    match message:
        case DataMessage():
            fields = replace(message.fields, header=replace(message.fields.header, **tags))
            return replace(message, fields=fields, authenticated=stage.lab.suite.data_body(fields))
        case DhCommit() | DhKey() | RevealSignature() | SignatureMessage():
            return replace(message, header=replace(message.header, **tags))
        case _:
            return None


def _mistagged(kind: type[EncodedMessage], about: str, tags: dict[str, int]) -> Play:
    def play(stage: Stage) -> None:
        _next_is(kind, stage)
        wrong = _retagged(stage, stage.to_target[0], tags)
        if wrong is not None:
            stage.sends(wrong, f"the same with {about}")
        stage.settle()
        talk(stage)

    return play


KINDS: dict[str, type[EncodedMessage]] = {
    "dh-commit": DhCommit,
    "dh-key": DhKey,
    "reveal-signature": RevealSignature,
    "signature": SignatureMessage,
    "data": DataMessage,
}
for _slug, _kind in KINDS.items():
    for _name, (_about, _tags) in TAGS.items():
        if _kind is DhCommit and _name == "no-instance":
            continue
        declare(
            f"receiving.{_slug}-{_name}",
            f"""Discards a {NAMES[_kind]} Message with {_about}, although all else about it is
            right; the right one that follows is accepted.""",
            _mistagged(_kind, _about, _tags),
        )


def _mistagged_inside(kind: type[EncodedMessage], tags: dict[str, int]) -> Play:
    def play(stage: Stage) -> None:
        _next_is(kind, stage)
        wrong = _retagged(stage, stage.to_target[0], tags)
        if isinstance(wrong, DhCommit | RevealSignature):
            _arrive(stage, *_fragments(stage, wrong, TESTER_TAG, 0))
        stage.settle()
        talk(stage)

    return play


for _slug, _kind in (("dh-commit", DhCommit), ("reveal-signature", RevealSignature)):
    for _name, (_about, _tags) in TAGS.items():
        if _kind is DhCommit and _name == "no-instance":
            continue
        declare(
            f"receiving.{_slug}-inside-fragments-{_name}",
            f"""Discards a {NAMES[_kind]} Message with {_about} that came in fragments with the
            right tags; the right one that follows is accepted.""",
            _mistagged_inside(_kind, _tags),
        )


def _inside_not_allowed(stage: Stage, message: EncodedMessage) -> None:
    """A message of version 3 in fragments, before an exchange of version 2."""
    _arrive(stage, *_fragments(stage, message, TESTER_TAG, 0))
    stage.tester_takes(QUERIES[2])
    stage.settle()
    talk(stage)


for _name, _tags in (("not-allowed", {}), ("not-allowed-to-nobody", {"receiver": 0})):

    def _play(stage: Stage, tags: dict[str, int] = _tags) -> None:
        head = replace(header(stage, 3), **tags)
        _inside_not_allowed(stage, forged(stage, "Reveal Signature", head))

    declare(
        f"receiving.reveal-signature-inside-fragments-{_name}",
        """Discards a Reveal Signature Message of version 3 that came in fragments, where only
        version 2 is allowed, which then succeeds.""",
        _play,
        version=2,
        needs={"tag"},
    )


def _fragment_mistagged(tags: dict[str, int]) -> Play:
    def play(stage: Stage) -> None:
        awaits_reveal_signature(stage, 3)
        stage.to_tester_delivers()
        right = _taken(stage)
        first, second, third = _fragments(stage, right)
        stray = Fragment(replace(header(stage, 3), **tags), 2, 3, stage.lab.text("stray"))
        _arrive(stage, first)
        stage.sends(stray, "a stray fragment")
        _arrive(stage, second, third)
        stage.settle()
        talk(stage)

    return play


for _name in ("sender-zero", "illegal-sender", "illegal-receiver", "other-instance"):
    _about, _tags = TAGS[_name]
    declare(
        f"receiving.fragment-{_name}",
        f"""Discards a fragment with {_about}, and goes on with what is stored.""",
        _fragment_mistagged(_tags),
    )


# Several clients of the peer's.


def _at(stage: Stage, tag: int, text: str) -> None:
    """The tester's user types at one of the clients."""
    stage.tester_at(tag)
    stage.tester_says(text)
    stage.to_target_delivers()


@case("receiving.second-client-answers-late")
def second_client_answers_late(stage: Stage) -> None:
    """Finishes an AKE with a client that answers when the conversation with another is private."""
    stage.arrives(QUERIES[3])
    commit = stage.to_tester[0]
    stage.settle()
    stage.tester_says("here")
    stage.settle()
    stage.tester_at(THIRD_TAG)
    stage.to_tester.append(commit)
    stage.settle()
    _at(stage, THIRD_TAG, "and there")
    _at(stage, TESTER_TAG, "here again")


@case("receiving.other-client-disturbs")
def other_client_disturbs(stage: Stage) -> None:
    """Goes on with an AKE while another client sends messages that fit nothing."""
    awaits_reveal_signature(stage, 3)
    stage.tester_at(THIRD_TAG)
    for kind in ("D-H Key", "Reveal Signature", "Signature"):
        sends_forged(stage, kind, 3)
    stage.tester_at(TESTER_TAG)
    stage.settle()
    talk(stage)


@case("receiving.two-clients-fragment", level=Level.SHOULD)
def two_clients_fragment(stage: Stage) -> None:
    """Keeps the fragments that two clients send at the same time apart."""
    here = _commit(stage, 3)
    stage.tester_at(THIRD_TAG)
    there = _commit(stage, 3)
    for pair in zip(here, there, strict=True):
        _arrive(stage, *pair)
    stage.to_tester_delivers(1)
    stage.tester_at(TESTER_TAG)
    stage.settle()
    stage.tester_says("hello")
    stage.settle()


CLIENTS = range(0x4000, 0x4000 + 100)
"""As many as are kept apart."""


@case("receiving.private-client-stays")
def private_client_stays(stage: Stage) -> None:
    """Keeps a private conversation, however many clients begin an AKE."""
    comes_to_rest(stage, 3)
    for tag in CLIENTS:
        commit = forged_commit(stage, Header(3, tag, 0))
        stage.sends(commit, f"a D-H Commit from {tag:#x}")
    stage.to_tester.clear()
    talk(stage)


@case("receiving.no-room", level=Level.SHOULD)
def no_room(stage: Stage) -> None:
    """Does not answer yet another client when it talks with many in private."""
    for tag in CLIENTS:
        stage.tester_at(tag)
        comes_to_rest(stage, 3)
    stage.tester_at(THIRD_TAG)
    stage.tester_takes(QUERIES[3])
    commit = stage.to_target[0]
    stage.to_target_delivers()
    message = stage.decode(commit)
    if isinstance(message, DhCommit):
        _arrive(stage, *_fragments(stage, message, CLIENTS[0]))
    stage.settle()


# What kind of message it is.

MALFORMED = {
    "no-end": "?OTR:AAMCAAAQAQAAAAA",
    "no-base64": "?OTR:*.",
    "empty": "?OTR:.",
    "header-cut-off": "?OTR:AAMC.",
    "unknown-type": "?OTR:AAMFAAAQAQAAAAA=.",
    "commit-cut-off": "?OTR:AAMCAAAQAQAAAAAAAADE.",
    "key-with-rest": "?OTR:AAMKAAAQAQAAAAAAAAABAgA=.",
    "v2-key-with-zero": "?OTR:AAIKAAAAAgAC.",
    "fragment-without-end": "?OTR|00001001|00000000,00001,00002,?OTR",
    "fragment-without-numbers": "?OTR|00001001|00000000,x,y,?OTR,",
}


def _malformed(text: str, state: Auth) -> Play:
    def play(stage: Stage) -> None:
        if state is Auth.NONE:
            comes_to_rest(stage, 3)
            stage.arrives(text)
            talk(stage)
        else:
            awaits_reveal_signature(stage, 3)
            stage.arrives(text)
            stage.settle()
            talk(stage)

    return play


for _name, _text in MALFORMED.items():
    for _state, _where in (
        (Auth.NONE, "the private conversation"),
        (Auth.AWAITING_REVEALSIG, "the AKE"),
    ):
        declare(
            f"receiving.malformed-{_name}-in-{_state.label}",
            f"""Discards {_text!r}, which is malformed; {_where} goes on.""",
            _malformed(_text, _state),
        )


@case(
    "receiving.malformed-then-tagged",
    target=Policy(allow_v2=False, send_whitespace_tag=True),
    needs={"policy"},
)
def malformed_then_tagged(stage: Stage) -> None:
    """Attaches the whitespace tag to a text after something malformed, which was no plaintext."""
    stage.arrives("?OTR:AAMD.")
    stage.target_says("good day")
    stage.settle()
    stage.target_says("good day again")
    stage.settle()
