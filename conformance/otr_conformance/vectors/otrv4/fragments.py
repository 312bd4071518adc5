"""Sequences of fragments of version 4, and what comes of each."""

from __future__ import annotations

from typing import Final

from otr_conformance.vectors.assemblies import PIECES, orders, repeats
from otr_conformance.vectors.kinds import Flag, Group

from .material import ALICE, BOB, TAGS
from .operations import ERROR, OPERATIONS

__all__ = ["fragments"]

_ID: Final = 0x3C5B5F03
_OTHER: Final = 0x3C5B5F04


def fragments() -> tuple[Group, ...]:
    """Sequences of fragments."""
    return (_orders(), _messages(), _tags())


def _cut(  # noqa: PLR0913 - the fields of a fragment
    index: object,
    total: object,
    piece: str = "",
    *,
    identifier: int = _ID,
    sender: int = TAGS[ALICE],
    receiver: int = TAGS[BOB],
) -> str:
    """A fragment."""
    place = int(str(index))
    inside = piece or (PIECES[place - 1] if 0 < place <= len(PIECES) else "more")
    return f"?OTR|{identifier:08x}|{sender:08x}|{receiver:08x},{index},{total},{inside},"


def _new(name: str) -> Group:
    return Group(
        name,
        OPERATIONS["assemble"],
        "three pieces in their order",
        "Receiving Fragments",
        {"our tag": TAGS[BOB], "texts": [_cut(k, 3) for k in (1, 2, 3)]},
        ("otrv4.fragment",),
    )


def _orders() -> Group:
    group = _new("fragments.order")
    for name, about, flag, texts in (*orders(_cut), *repeats(_cut)):
        group.valid(name, about, flag, {"texts": texts})
    return group


def _messages() -> Group:
    """Totals, identifiers, and what comes between."""
    group = _new("fragments.messages")
    one, b1 = f"{ERROR}all", f"{ERROR}b"
    for name, about, flag, texts in (
        ("three", "three pieces in their order", Flag.NORMAL, [_cut(k, 3) for k in (1, 2, 3)]),
        ("only", "one piece of one", Flag.NORMAL, [_cut(1, 1, one)]),
        ("only.again", "one piece of one, twice", Flag.REPLAY, [_cut(1, 1, one)] * 2),
        (
            "zeros",
            "numbers with zeros in front",
            Flag.TEXT_FORM,
            [_cut("00001", "00002"), _cut("00002", "00002")],
        ),
        (
            "zeros.mixed",
            "some numbers with zeros in front",
            Flag.TEXT_FORM,
            [_cut("1", "2"), _cut("00002", "00002")],
        ),
        (
            "total.grows",
            "the total changes from 2 to 3: all is discarded",
            Flag.SEQUENCE,
            [_cut(1, 2), _cut(2, 3), _cut(3, 3)],
        ),
        (
            "total.shrinks",
            "the total changes from 3 to 2: all is discarded",
            Flag.SEQUENCE,
            [_cut(1, 3), _cut(2, 2), _cut(1, 2)],
        ),
        (
            "total.to-one",
            "the total changes from 2 to 1: all is discarded",
            Flag.SEQUENCE,
            [_cut(1, 2), _cut(1, 1, one)],
        ),
        (
            "total.anew",
            "after another total, the whole again",
            Flag.SEQUENCE,
            [_cut(1, 2), _cut(1, 3), _cut(1, 2), _cut(2, 2)],
        ),
        (
            "again.other-text",
            "a piece comes again with another text: the first counts",
            Flag.REPLAY,
            [_cut(1, 2), _cut(1, 2, b1), _cut(2, 2)],
        ),
        (
            "two.interleaved",
            "two messages whose pieces alternate",
            Flag.SEQUENCE,
            [
                _cut(1, 2),
                _cut(1, 2, b1, identifier=_OTHER),
                _cut(2, 2),
                _cut(2, 2, "c", identifier=_OTHER),
            ],
        ),
        (
            "two.nested",
            "a whole message between the pieces of another",
            Flag.SEQUENCE,
            [
                _cut(1, 2),
                _cut(1, 2, b1, identifier=_OTHER),
                _cut(2, 2, "c", identifier=_OTHER),
                _cut(2, 2),
            ],
        ),
        (
            "two.one-identifier",
            "two messages of one identifier, one after the other",
            Flag.REPLAY,
            [_cut(1, 2), _cut(2, 2), _cut(1, 2, b1), _cut(2, 2, "c")],
        ),
        (
            "identifier.other",
            "the second piece has another identifier",
            Flag.SEQUENCE,
            [_cut(1, 2), _cut(2, 2, identifier=_OTHER)],
        ),
        (
            "identifier.zero",
            "the identifier is 0",
            Flag.BOUNDARY,
            [_cut(1, 2, identifier=0), _cut(2, 2, identifier=0)],
        ),
        (
            "identifier.largest",
            "the largest identifier",
            Flag.BOUNDARY,
            [_cut(k, 2, identifier=0xFFFFFFFF) for k in (1, 2)],
        ),
        (
            "text-between",
            "an ordinary text between two pieces",
            Flag.SEQUENCE,
            [_cut(1, 2), "Hello", _cut(2, 2)],
        ),
        (
            "error-between",
            "a message that is not divided, between two pieces",
            Flag.SEQUENCE,
            [_cut(1, 2), f"{ERROR}other", _cut(2, 2)],
        ),
        (
            "illegal.index-zero",
            "index 0 is ignored",
            Flag.BOUNDARY,
            [_cut(1, 2), _cut(0, 2), _cut(2, 2)],
        ),
        (
            "illegal.total-zero",
            "total 0 is ignored",
            Flag.BOUNDARY,
            [_cut(1, 2), _cut(1, 0), _cut(2, 2)],
        ),
        (
            "illegal.both-zero",
            "index and total 0 are ignored",
            Flag.BOUNDARY,
            [_cut(1, 2), _cut(0, 0), _cut(2, 2)],
        ),
        (
            "illegal.index-above",
            "an index above the total is ignored",
            Flag.BOUNDARY,
            [_cut(1, 2), _cut(3, 2), _cut(2, 2)],
        ),
        ("illegal.alone", "an index above the total, alone", Flag.BOUNDARY, [_cut(2, 1, one)]),
        (
            "malformed.no-comma",
            "a piece without its last comma between two",
            Flag.TEXT_FORM,
            [_cut(1, 2), _cut(2, 2)[:-1], _cut(2, 2)],
        ),
        (
            "malformed.empty",
            "an empty piece between two",
            Flag.TEXT_FORM,
            [_cut(1, 2), _cut(2, 2).replace("; two", ""), _cut(2, 2)],
        ),
        (
            "malformed.too-large",
            "a number that is too large between two",
            Flag.TEXT_FORM,
            [_cut(1, 2), _cut(65536, 65536, "x"), _cut(2, 2)],
        ),
        ("largest", "the last of 65535, alone", Flag.BOUNDARY, [_cut(65535, 65535)]),
        (
            "version-3-between",
            "a fragment of version 3 between two",
            Flag.SEQUENCE,
            [_cut(1, 2), f"?OTR|{TAGS[ALICE]:x}|{TAGS[BOB]:x},2,2,x,", _cut(2, 2)],
        ),
        (
            "one-character",
            "pieces of one character",
            Flag.SIZE,
            [_cut(k, len(b1), c) for k, c in enumerate(b1, 1)],
        ),
        (
            "one-character.reversed",
            "pieces of one character, the last one first",
            Flag.SIZE,
            [_cut(k, len(b1), b1[k - 1]) for k in range(len(b1), 0, -1)],
        ),
        (
            "nested",
            "what is assembled is a fragment itself",
            Flag.SEQUENCE,
            [_cut(1, 2, f"?OTR|1|{TAGS[ALICE]:x}|{TAGS[BOB]:x}"), _cut(2, 2, "1")],
        ),
    ):
        group.valid(name, about, flag, {"texts": texts})
    return group


def _tags() -> Group:
    """Whose fragments they are."""
    group = _new("fragments.tags")
    ours, theirs = TAGS[BOB], TAGS[ALICE]
    for name, about, sender, receiver in (
        ("ours", "from Alice's client to ours", theirs, ours),
        ("receiver-zero", "for any client", theirs, 0),
        ("receiver-other", "for another client", theirs, ours + 1),
        ("receiver-below", "the receiver's tag is 0xff", theirs, 0xFF),
        ("receiver-one", "the receiver's tag is 1", theirs, 1),
        ("sender-zero", "the sender's tag is 0", 0, ours),
        ("sender-below", "the sender's tag is 0xff", 0xFF, ours),
        ("sender-smallest", "the sender's tag is the smallest", 0x100, ours),
        ("sender-largest", "the sender's tag is the largest", 0xFFFFFFFF, ours),
    ):
        texts = [_cut(k, 2, sender=sender, receiver=receiver) for k in (1, 2)]
        group.valid(name, about, Flag.OTHER_OWNER, {"texts": texts})
    for name, about, sender, receiver in (
        ("second.other-receiver", "the second piece is for another client", theirs, ours + 1),
        ("second.sender-below", "the second piece has an illegal tag", 0xFF, ours),
    ):
        texts = [_cut(1, 2), _cut(2, 2, sender=sender, receiver=receiver), _cut(2, 2)]
        group.valid(name, about, Flag.OTHER_OWNER, {"texts": texts})
    group.valid(
        "second.other-sender",
        "the second piece is from another client, with the same identifier",
        Flag.OTHER_OWNER,
        {"texts": [_cut(1, 2), _cut(2, 2, sender=theirs + 1), _cut(2, 2)]},
        ambiguity="otrv4.ambiguity:fragment-sender",
    )
    return group
