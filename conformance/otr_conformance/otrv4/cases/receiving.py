"""How what arrives is taken in, in OTRv4: fragments, instance tags, several clients, kinds.

Sections "Fragmentation", "Instance Tags" and "Protocol Events". Whether a message was taken in
shows in what the target does with it: the text of a Data Message is shown, an Identity message is
answered.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otr_conformance.otrv4.case import V3_ONLY, Level, case
from otr_conformance.otrv4.cases.ratchet import held_back, said, taken_apart
from otr_conformance.otrv4.scenes import (
    LONG_AGO,
    QUERY,
    hold_everything,
    private,
    talk,
    waits_for_auth_i,
)
from otr_conformance.otrv4.stage import TESTER_TAG, THIRD_TAG
from otr_conformance.play.stage import Stuck
from otr_model.otrv4.words import Mode
from otr_reference.otrv4.messages import (
    AuthI,
    AuthR,
    DataMessage,
    Fragment,
    Header,
    Identity,
    NonInteractiveAuth,
)
from otr_reference.otrv4.session import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from otr_conformance.otrv4.stage import Stage
    from otr_reference.otrv4.messages import Message
    from otr_reference.sorts import Wire

    Scene = Callable[[Stage], None]
    Encoded = Identity | AuthR | AuthI | NonInteractiveAuth | DataMessage

ILLEGAL_TAG = 0xFF
PIECES = 3
"""Fragments of a message, unless it is said otherwise."""
SIZES = range(120, 4000, 40)
"""Bytes of a fragment, among which there is one for every number of pieces that is asked for."""
NAME, OTHER_NAME = 0x10FA, 0xDEADBEEF
"""Identifiers of fragmented messages."""
SHORTLY = 10
STORED = 0x100000
"""Our bound on the bytes of a fragmented message."""
LARGE = 600_000
"""Bytes of which our bound allows once so many, and not twice."""
ASSEMBLIES = 20
"""Our bound on fragmented messages that are put together at once."""

# Section "Fragmentation": what is put together, and what is forgotten.


def in_pieces(  # noqa: PLR0913 - one keyword for each thing that fragments say
    stage: Stage,
    wire: Wire,
    name: int = NAME,
    *,
    count: int = PIECES,
    sender: int = TESTER_TAG,
    receiver: int | None = None,
) -> list[Wire]:
    """A message in so many fragments, for the target's instance unless it is said otherwise.

    Raises:
        Stuck: if that is not possible, as the message is too short.
    """
    suite = stage.lab.suite
    to = stage.target_tag if receiver is None else receiver
    for size in SIZES:
        pieces = suite.split(wire, name, sender, to, size)
        if len(pieces) == count:
            return list(pieces)
    message = "the message cannot be sent in so many fragments"
    raise Stuck(message)


def said_in_pieces(stage: Stage, text: str, name: int = NAME) -> list[Wire]:
    """The tester says something; it is held back, and comes in fragments."""
    return in_pieces(stage, said(stage, text), name)


def edited(stage: Stage, wire: Wire, **changes: int) -> Fragment:
    """A fragment with other numbers."""
    return replace(taken_apart(stage, wire, Fragment), **changes)  # type: ignore[arg-type]  # its numbers


def arrive(stage: Stage, *wires: Wire) -> None:
    """Messages reach the target in this order."""
    for wire in wires:
        stage.reaches_target(wire)


def piece(stage: Stage, index: int, total: int, text: str, name: int = NAME) -> None:
    """A fragment with a text in it reaches the target, for no instance in particular."""
    head = Header(TESTER_TAG, 0)
    about = f"fragment {index} of {total} with {text[:12]!r}"
    stage.sends(Fragment(head, name, index, total, stage.lab.text(text)), about)


@case("receiving.fragments-interleaved")
def fragments_interleaved(stage: Stage) -> None:
    """Keeps the fragments of several messages apart by their identifiers.

    Whole messages between them do not matter.
    """
    private(stage)
    one = said_in_pieces(stage, "one", NAME)
    two = said_in_pieces(stage, "two", OTHER_NAME)
    three = said(stage, "three, whole")
    arrive(stage, one[0], two[2], two[0], three, one[2])
    stage.arrives("in the clear")
    arrive(stage, two[1], one[1])
    talk(stage)


@case("receiving.fragments-again")
def fragments_again(stage: Stage) -> None:
    """Rejects a fragment at whose place it has one, be it the same or another."""
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    other = said_in_pieces(stage, "not that")[1]
    arrive(stage, first, first, second, first, other, second, third)
    talk(stage)


@case("receiving.fragments-of-another-number")
def fragments_of_another_number(stage: Stage) -> None:
    """Forgets the fragments of a message when one comes that says another total.

    It begins anew with the next one.
    """
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    arrive(stage, first)
    stage.sends(edited(stage, second, total=PIECES + 1), "the second of four fragments")
    arrive(stage, second, third, first)
    talk(stage)
    first, last = in_pieces(stage, said(stage, "in two pieces"), OTHER_NAME, count=2)
    stage.sends(edited(stage, first, total=PIECES), "the first of three fragments")
    arrive(stage, last)
    talk(stage)


@case("receiving.fragments-illegal")
def fragments_illegal(stage: Stage) -> None:
    """Discards fragments with index 0, total 0, or an index above the total.

    It goes on with those that it has.
    """
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    illegal = ((0, PIECES), (1, 0), (0, 0), (PIECES + 1, PIECES))
    for index, total in illegal:
        stage.sends(edited(stage, first, index=index, total=total), f"fragment {index} of {total}")
    arrive(stage, first, second)
    for index, total in illegal:
        stage.sends(edited(stage, third, index=index, total=total), f"fragment {index} of {total}")
    arrive(stage, third)
    talk(stage)


@case("receiving.fragments-name-again")
def fragments_name_again(stage: Stage) -> None:
    """Takes up another message under the identifier of one that is complete.

    The one before may have come in several fragments, or in one.
    """
    private(stage)
    for text in ("one", "two"):
        arrive(stage, *said_in_pieces(stage, text))
    for text in ("good morning", "good evening"):
        piece(stage, 1, 1, text)
    arrive(stage, *said_in_pieces(stage, "three"))
    talk(stage)


@case("receiving.fragments-of-text")
def fragments_of_text(stage: Stage) -> None:
    """Shows a plaintext that came in fragments once it is complete."""
    piece(stage, 2, 2, "morning")
    piece(stage, 1, 2, "good ")


@case("receiving.fragments-of-identity")
def fragments_of_identity(stage: Stage) -> None:
    """Takes up an Identity message that came in fragments for no instance in particular."""
    stage.tester_starts_dake()
    first, second, third = in_pieces(stage, held_back(stage), receiver=0)
    arrive(stage, third, first, second)
    stage.settle()
    talk(stage)


@case("receiving.fragments-spelling")
def fragments_spelling(stage: Stage) -> None:
    """Reads the numbers of a fragment with leading zeros or without, in digits of either case."""
    stage.arrives("?OTR|ab|1001|0,1,2,?OTR,")
    stage.arrives("?OTR|000000AB|00001001|00000000,00002,00002,v4?,")


@case("receiving.fragments-both-ways", max_size=200, tester_size=150)
def fragments_both_ways(stage: Stage) -> None:
    """Sends messages in fragments where the network demands it, and takes up such messages."""
    private(stage)
    talk(stage)


@case("receiving.fragments-of-two-senders", level=Level.SHOULD)
def fragments_of_two_senders(stage: Stage) -> None:
    """Keeps the fragments of two clients apart that have chosen the same identifier.

    To the letter of the text the identifier decides alone, and either spoils the other's message.
    """
    private(stage)
    pieces = said_in_pieces(stage, "in pieces")
    stage.tester_at(THIRD_TAG)
    stage.tester_starts_dake()
    others = in_pieces(stage, held_back(stage), sender=THIRD_TAG, receiver=0)
    for pair in zip(pieces, others, strict=True):
        arrive(stage, *pair)
    hold_everything(stage)
    stage.tester_at(TESTER_TAG)
    talk(stage)


# What is held of fragmented messages, and for how long.


@case("receiving.fragments-in-time", needs={"otrv4-clock"})
def fragments_in_time(stage: Stage) -> None:
    """Waits for the fragments that are missing, for some seconds at least."""
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    arrive(stage, third)
    stage.wait(SHORTLY)
    arrive(stage, first, second)
    talk(stage)


@case("receiving.fragments-sent-anew", needs={"otrv4-clock"})
def fragments_sent_anew(stage: Stage) -> None:
    """Takes up a message whose fragments come anew after a part of them has waited for long."""
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    arrive(stage, second)
    stage.wait(LONG_AGO)
    arrive(stage, first, second, third)
    stage.settle()
    talk(stage)


@case("receiving.fragments-too-late", needs={"otrv4-clock"}, level=Level.SHOULD)
def fragments_too_late(stage: Stage) -> None:
    """Discards fragments when those that are missing do not come for long.

    The text has a timer for that, and leaves it to the implementation.
    """
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    arrive(stage, first, second)
    stage.wait(LONG_AGO)
    arrive(stage, third)
    stage.settle()
    talk(stage)


@case("receiving.fragments-beyond-bound", level=Level.SHOULD)
def fragments_beyond_bound(stage: Stage) -> None:
    """Holds no more of a message than it is willing to, and forgets that message."""
    piece(stage, 1, 3, "x" * LARGE)
    piece(stage, 2, 3, "x" * LARGE)
    piece(stage, 2, 3, "?OTR")
    piece(stage, 3, 3, "v4?")
    piece(stage, 1, 3, " ")


@case("receiving.first-fragment-beyond-bound", level=Level.SHOULD, largest=STORED + 1)
def first_fragment_beyond_bound(stage: Stage) -> None:
    """Holds no fragment that is larger than all that it is willing to hold."""
    piece(stage, 1, 2, "x" * (STORED + 1))
    piece(stage, 2, 2, "v4?")
    piece(stage, 1, 2, "?OTR")


@case("receiving.fragments-of-too-many", level=Level.SHOULD)
def fragments_of_too_many(stage: Stage) -> None:
    """Forgets the oldest of many messages whose fragments are incomplete."""
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    arrive(stage, first, second)
    for number in range(1, ASSEMBLIES + 2):
        piece(stage, 1, 2, f"message {number}", NAME + number)
    arrive(stage, third)
    piece(stage, 2, 2, " is complete", NAME + ASSEMBLIES + 1)
    talk(stage)


# Section "Instance Tags": whom a message is from and for.

TAGS: dict[str, dict[str, int]] = {
    "0 as the sender's tag": {"sender": 0},
    "an illegal sender's tag": {"sender": ILLEGAL_TAG},
    "an illegal receiver's tag": {"receiver": ILLEGAL_TAG},
    "another instance's tag as the receiver's": {"receiver": THIRD_TAG},
    "0 as the receiver's tag": {"receiver": 0},
}
FOR_NO_INSTANCE = "0 as the receiver's tag"


def retagged(message: Message, tags: dict[str, int]) -> Encoded:
    """A message with other tags; an authenticator stays as it is.

    Raises:
        Stuck: if the message is none of those that a case waits for.
    """
    match message:
        case DataMessage(fields):
            head = replace(fields.header, **tags)
            return replace(message, fields=replace(fields, header=head))
        case Identity(head) | AuthR(head) | AuthI(head) | NonInteractiveAuth(head):
            return replace(message, header=replace(head, **tags))
        case _:
            reason = f"{type(message).__name__} is not what was to be sent"
            raise Stuck(reason)


def until_identity(stage: Stage) -> None:
    """The next message for the target is an Identity message."""
    stage.tester_starts_dake()


def until_auth_r(stage: Stage) -> None:
    """... an Auth-R message."""
    stage.arrives(QUERY)
    stage.to_tester_delivers()


def until_auth_i(stage: Stage) -> None:
    """... an Auth-I message."""
    waits_for_auth_i(stage)
    stage.to_tester_delivers()


def until_non_interactive_auth(stage: Stage) -> None:
    """... a Non-Interactive-Auth message."""
    stage.tester_starts_offline()


def until_data(stage: Stage) -> None:
    """... a Data Message."""
    private(stage)
    stage.tester_says("first")


KINDS: dict[str, tuple[str, Scene, set[str]]] = {
    "identity": ("an Identity message", until_identity, set()),
    "auth-r": ("an Auth-R message", until_auth_r, set()),
    "auth-i": ("an Auth-I message", until_auth_i, set()),
    "non-interactive-auth": (
        "a Non-Interactive-Auth message",
        until_non_interactive_auth,
        {"otrv4-offline"},
    ),
    "data": ("a Data Message", until_data, set()),
}


def _wrong_tags(kind: str) -> dict[str, dict[str, int]]:
    """Tags that are wrong for a kind of message: an Identity message may be for any instance."""
    anybody = kind == "identity"
    return {about: tags for about, tags in TAGS.items() if not anybody or about != FOR_NO_INSTANCE}


def _mistagged() -> None:
    for kind, (what, until, needs) in KINDS.items():

        def play(stage: Stage, until: Scene = until, kind: str = kind) -> None:
            until(stage)
            wire = held_back(stage)
            right = stage.decode(wire)
            for about, tags in _wrong_tags(kind).items():
                stage.sends(retagged(right, tags), f"the same with {about}")
            stage.reaches_target(wire)
            stage.settle()
            talk(stage)

        play.__doc__ = f"""Discards {what} whose instance tags are illegal, or whose receiver is
        another instance{"" if kind == "identity" else " or none"}; the right one that follows is
        accepted."""
        case(f"receiving.tags-of-{kind}", needs=needs)(play)
    for kind in ("identity", "data"):
        what, until, needs = KINDS[kind]

        def inside(stage: Stage, until: Scene = until, kind: str = kind) -> None:
            until(stage)
            wire = held_back(stage)
            right = stage.decode(wire)
            for name, tags in enumerate(_wrong_tags(kind).values(), NAME):
                wrong = stage.lab.suite.encode(retagged(right, tags))
                arrive(stage, *in_pieces(stage, wrong, name))
            stage.reaches_target(wire)
            stage.settle()
            talk(stage)

        inside.__doc__ = f"""Discards {what} whose instance tags are wrong, although it came in
        fragments whose tags were right; the right one that follows is accepted."""
        case(f"receiving.tags-of-{kind}-in-fragments", needs=needs)(inside)


_mistagged()


@case("receiving.tags-of-fragments")
def tags_of_fragments(stage: Stage) -> None:
    """Discards fragments whose instance tags are illegal, or whose receiver is another instance.

    It goes on with those that it has.
    """
    private(stage)
    first, second, third = said_in_pieces(stage, "in pieces")
    stray = edited(stage, second)
    arrive(stage, first)
    for about, tags in TAGS.items():
        if about != FOR_NO_INSTANCE:
            wrong = replace(stray, header=replace(stray.header, **tags), total=PIECES + 1)
            stage.sends(wrong, f"a stray fragment with {about}")
    arrive(stage, second, third)
    talk(stage)


# Several clients of the peer's.


def at(stage: Stage, tag: int, text: str) -> None:
    """The tester's user types at one of the clients."""
    stage.tester_at(tag)
    stage.tester_says(text)
    stage.to_target_delivers()


CLIENTS = range(0x4000, 0x4000 + 100)
"""As many as are kept apart."""


def identities(stage: Stage) -> None:
    """So many clients that nobody knows send an Identity message."""
    stage.tester_starts_dake()
    identity = stage.decode(held_back(stage))
    for tag in CLIENTS:
        stage.sends(retagged(identity, {"sender": tag}), f"an Identity message from {tag:#x}")
    hold_everything(stage)


@case("receiving.private-client-stays")
def private_client_stays(stage: Stage) -> None:
    """Keeps a private conversation, however many clients there seem to be."""
    private(stage)
    stage.tester_at(THIRD_TAG)
    identities(stage)
    stage.tester_at(TESTER_TAG)
    talk(stage)


@case("receiving.no-room", level=Level.SHOULD)
def no_room(stage: Stage) -> None:
    """Does not answer yet another client when it talks with many in private."""
    for tag in CLIENTS:
        stage.tester_at(tag)
        stage.tester_starts_dake()
        stage.settle()
    stage.tester_at(THIRD_TAG)
    stage.tester_starts_dake()
    identity = held_back(stage)
    pieces = in_pieces(stage, identity, sender=CLIENTS[0], receiver=0)
    arrive(stage, identity, *pieces)
    stage.tester_at(CLIENTS[0])
    talk(stage)


# What kind of message it is.

MALFORMED_MESSAGES = (
    "?OTR:AAQDAAAQAQAAAAA",
    "?OTR:*.",
    "?OTR:.",
    "?OTR:AAQD.",
    "?OTR:AAQFAAAQAQAAAAA=.",
    "?OTR:AAQ1AAAQAQAAAAAAAAAB.",
    "?OTR:AAQ3AAAQAQAAIAIA.",
    "?OTR:AAQDAAAQAQAAIAIAAAAA.",
)
MALFORMED_FRAGMENTS = (
    "?OTR|10fa|1001|0,1,2,?OTR",
    "?OTR|10fa|1001|0,x,y,?OTR,",
    "?OTR|10fa|1001|0,1,2,,",
    "?OTR|1000010fa|1001|0,1,2,?OTR,",
    "?OTR|10fa|1001|0,1,65536,?OTR,",
    "?OTR|10fa|1001|0|0,1,2,?OTR,",
)


def _malformed() -> None:
    for name, texts in (("messages", MALFORMED_MESSAGES), ("fragments", MALFORMED_FRAGMENTS)):

        def in_conversation(stage: Stage, texts: tuple[str, ...] = texts) -> None:
            private(stage)
            for text in texts:
                stage.arrives(text)
            talk(stage)

        def in_dake(stage: Stage, texts: tuple[str, ...] = texts) -> None:
            waits_for_auth_i(stage)
            for text in texts:
                stage.arrives(text)
            stage.settle()
            talk(stage)

        in_conversation.__doc__ = f"""Discards {name} that are malformed; the private conversation
        goes on."""
        in_dake.__doc__ = f"""Discards {name} that are malformed; the DAKE goes on."""
        case(f"receiving.malformed-{name}")(in_conversation)
        case(f"receiving.malformed-{name}-in-dake")(in_dake)


_malformed()


@case("receiving.texts")
def texts(stage: Stage) -> None:
    """Tells plaintexts, Error Messages, Query Messages and whitespace tags apart."""
    for text in (
        "good morning",
        *("?OT", "OTR?", "?OTR", "? OTRv4?", " \t \t ", "not ?OTRv at all"),
        "?OTR Error: ERROR_1: somebody could not read it",
        "?OTRv9?",
        "tagged for version 4 \t  \t\t\t\t \t \t \t    \t\t \t  ",
    ):
        stage.arrives(text)
    stage.arrives("it begins with ?OTRv4? and goes on")
    stage.settle()
    talk(stage)


@case("receiving.prekey-message")
def prekey_message(stage: Stage) -> None:
    """Ignores a prekey message in a conversation, where it has no place."""
    ensemble = stage.tester.ensemble()
    stage.sends(ensemble.message, "a prekey message")
    private(stage)
    stage.sends(ensemble.message, "a prekey message")
    talk(stage)


@case("receiving.other-versions")
def other_versions(stage: Stage) -> None:
    """Ignores messages of versions that its policy does not allow.

    So it does in a private conversation of version 4, too.
    """
    older = ("?OTR:AAMCAAAQAQAAAAA=.", "?OTR|00001001|00000000,00001,00002,?OTR,", "?OTR:AAIK.")
    for text in older:
        stage.arrives(text)
    private(stage)
    for text in older:
        stage.arrives(text)
    talk(stage)


@case("receiving.version-3", target=Policy(), tester=V3_ONLY)
def version_3(stage: Stage) -> None:
    """Takes messages of version 3 up where its policy allows that version."""
    private(stage)
    talk(stage)


@case(
    "receiving.in-standalone-mode",
    mode=Mode.STANDALONE,
    needs={"otrv4-mode", "otrv4-dake"},
    level=Level.SHOULD,
)
def in_standalone_mode(stage: Stage) -> None:
    """Leaves plaintexts and Query Messages alone in the standalone mode, whole or in fragments.

    The text has no event for them. What is no message of version 4 is shown as it came.
    """
    for text in ("good morning", QUERY):
        stage.arrives(text)
    piece(stage, 1, 2, "good ")
    piece(stage, 2, 2, "morning")
    stage.target_starts_dake()
    stage.settle()
    stage.arrives("in the clear")
    talk(stage)


@case("receiving.disabled", target=Policy(allow_v3=False, allow_v4=False))
def disabled(stage: Stage) -> None:
    """Shows what arrives as it is where its policy allows no version."""
    for text in ("good morning", QUERY, "?OTR|10fa|1001|0,1,1,?OTRv4?,"):
        stage.arrives(text)
    stage.tester_starts()
    stage.settle()
