"""Sequences of fragments of versions 2 and 3, and what comes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otr_conformance.vectors.assemblies import PIECES, orders, repeats
from otr_conformance.vectors.kinds import Flag, Group

from .material import ALICE, BOB, TAGS
from .operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fragments"]

_WHOLE: Final = "?OTR Error: "


def fragments() -> tuple[Group, ...]:
    """Sequences of both formats, and of both together."""
    return (_group("fragments.v3", _three), _group("fragments.v2", _two), _tags(), _mixed())


def _three(
    k: object, n: object, piece: str = "", *, sender: int = TAGS[ALICE], receiver: int = TAGS[BOB]
) -> str:
    """A fragment of version 3."""
    return f"?OTR|{sender:08x}|{receiver:08x},{k},{n},{piece or _piece(k)},"


def _two(k: object, n: object, piece: str = "") -> str:
    """A fragment of version 2."""
    return f"?OTR,{k},{n},{piece or _piece(k)},"


def _piece(k: object) -> str:
    """What is in a piece."""
    place = int(str(k))
    return PIECES[place - 1] if 0 < place <= len(PIECES) else "more"


def _texts(base: Group, name: str, about: str, flag: Flag, texts: list[str]) -> None:
    """Add a sequence."""
    base.valid(name, about, flag, {"texts": texts})


def _new(name: str, texts: list[str]) -> Group:
    return Group(
        name,
        OPERATIONS["assemble"],
        "three pieces in their order",
        "Fragmentation",
        {"our tag": TAGS[BOB], "texts": texts},
        ("otrv3.fragment",),
    )


def _group(name: str, cut: Callable[..., str]) -> Group:
    """What both formats have alike."""
    group = _new(name, [cut(k, 3) for k in (1, 2, 3)])
    for sequence in (*orders(cut), *repeats(cut)):
        _texts(group, *sequence)
    one = f"{_WHOLE}all"
    b1, b2 = f"{_WHOLE}b", "c"
    for what, about, flag, texts in (
        ("only", "one piece of one", Flag.NORMAL, [cut(1, 1, one)]),
        ("only.again", "one piece of one, twice", Flag.REPLAY, [cut(1, 1, one)] * 2),
        (
            "only.between",
            "a whole one between two pieces discards what was stored",
            Flag.SEQUENCE,
            [cut(1, 2), cut(1, 1, one), cut(2, 2)],
        ),
        (
            "zeros",
            "numbers with zeros in front",
            Flag.TEXT_FORM,
            [cut("00001", "00002"), cut("00002", "00002")],
        ),
        (
            "zeros.mixed",
            "some numbers with zeros in front",
            Flag.TEXT_FORM,
            [cut("1", "2"), cut("00002", "00002")],
        ),
        (
            "begins-anew",
            "a first piece in the middle begins anew",
            Flag.SEQUENCE,
            [cut(1, 2), cut(1, 2, b1), cut(2, 2, b2)],
        ),
        (
            "begins-anew.late",
            "a first piece after two of three begins anew",
            Flag.SEQUENCE,
            [cut(1, 3), cut(2, 3), cut(1, 2, b1), cut(2, 2, b2)],
        ),
        (
            "gap.then-whole",
            "after a gap, the whole again",
            Flag.SEQUENCE,
            [cut(1, 3), cut(3, 3), cut(1, 3), cut(2, 3), cut(3, 3)],
        ),
        (
            "total.grows",
            "the total changes from 2 to 3",
            Flag.SEQUENCE,
            [cut(1, 2), cut(2, 3), cut(3, 3)],
        ),
        ("total.shrinks", "the total changes from 3 to 2", Flag.SEQUENCE, [cut(1, 3), cut(2, 2)]),
        (
            "total.returns",
            "the total changes, and back",
            Flag.SEQUENCE,
            [cut(1, 3), cut(2, 4), cut(2, 3), cut(3, 3)],
        ),
        ("illegal.k-zero", "k = 0 is ignored", Flag.BOUNDARY, [cut(1, 2), cut(0, 2), cut(2, 2)]),
        ("illegal.n-zero", "n = 0 is ignored", Flag.BOUNDARY, [cut(1, 2), cut(1, 0), cut(2, 2)]),
        (
            "illegal.both-zero",
            "k = n = 0 is ignored",
            Flag.BOUNDARY,
            [cut(1, 2), cut(0, 0), cut(2, 2)],
        ),
        ("illegal.k-above-n", "k > n is ignored", Flag.BOUNDARY, [cut(1, 2), cut(3, 2), cut(2, 2)]),
        ("illegal.alone", "k > n, and nothing is stored", Flag.BOUNDARY, [cut(2, 1, one)]),
        (
            "illegal.zero-alone",
            "k = 0 of 1, and nothing is stored",
            Flag.BOUNDARY,
            [cut(0, 1, one)],
        ),
        (
            "without-first",
            "it begins with piece 2",
            Flag.SEQUENCE,
            [cut(2, 2), cut(1, 2), cut(2, 2)],
        ),
        ("largest", "the last of 65535, and nothing is stored", Flag.BOUNDARY, [cut(65535, 65535)]),
        ("largest.first", "the first of 65535", Flag.BOUNDARY, [cut(1, 65535), cut(2, 2)]),
        (
            "two-messages",
            "two messages one after the other",
            Flag.NORMAL,
            [cut(1, 2), cut(2, 2), cut(1, 2, b1), cut(2, 2, b2)],
        ),
        (
            "interleaved",
            "two messages whose pieces alternate: only one can be stored",
            Flag.SEQUENCE,
            [cut(1, 2), cut(1, 2, b1), cut(2, 2), cut(2, 2, b2)],
        ),
        (
            "one-character",
            "pieces of one character",
            Flag.SIZE,
            [cut(k, 13, c) for k, c in enumerate(f"{_WHOLE}x", 1)],
        ),
    ):
        _texts(group, what, about, flag, texts)
    between = "Hello", f"{_WHOLE}other"
    ambiguity = "" if cut is _two else "otrv3.ambiguity:fragment-stores"
    for what, text in zip(("text-between", "error-between"), between, strict=True):
        about = f"what is not divided comes between two pieces: {text}"
        texts = [cut(1, 2), text, cut(2, 2)]
        group.valid(what, about, Flag.SEQUENCE, {"texts": texts}, ambiguity=ambiguity)
    return group


def _tags() -> Group:
    """Whose fragments they are."""
    group = _new("fragments.tags", [_three(k, 3) for k in (1, 2, 3)])
    ours, theirs = TAGS[BOB], TAGS[ALICE]
    other = theirs + 1

    def both(sender: int = theirs, receiver: int = ours) -> list[str]:
        return [_three(k, 2, sender=sender, receiver=receiver) for k in (1, 2)]

    for what, about, flag, texts in (
        ("receiver-zero", "for any client", Flag.BOUNDARY, both(receiver=0)),
        ("receiver-other", "for another client", Flag.OTHER_OWNER, both(receiver=ours + 1)),
        ("receiver-below", "the receiver's tag is 0xff", Flag.BOUNDARY, both(receiver=0xFF)),
        ("receiver-one", "the receiver's tag is 1", Flag.BOUNDARY, both(receiver=1)),
        ("sender-below", "the sender's tag is 0xff", Flag.BOUNDARY, both(sender=0xFF)),
        ("sender-zero", "the sender's tag is 0", Flag.BOUNDARY, both(sender=0)),
        ("sender-smallest", "the sender's tag is the smallest", Flag.BOUNDARY, both(sender=0x100)),
        (
            "sender-largest",
            "the sender's tag is the largest",
            Flag.BOUNDARY,
            both(sender=0xFFFFFFFF),
        ),
        (
            "second.other-receiver",
            "the second piece is for another client",
            Flag.OTHER_OWNER,
            [_three(1, 2), _three(2, 2, receiver=ours + 1)],
        ),
        (
            "first.other-receiver",
            "the first piece is for another client",
            Flag.OTHER_OWNER,
            [_three(1, 2, receiver=ours + 1), _three(2, 2)],
        ),
        (
            "between.other-receiver",
            "a piece for another client between two of ours",
            Flag.OTHER_OWNER,
            [_three(1, 2), _three(2, 2, receiver=ours + 1), _three(2, 2)],
        ),
        (
            "between.sender-below",
            "a piece with an illegal tag between two",
            Flag.BOUNDARY,
            [_three(1, 2), _three(2, 2, sender=0xFF), _three(2, 2)],
        ),
        (
            "upper-case",
            "tags in capitals",
            Flag.TEXT_FORM,
            [f"?OTR|{theirs:08X}|{ours:08X},1,1,?OTR Error: a,"],
        ),
        (
            "short",
            "tags without zeros in front",
            Flag.TEXT_FORM,
            [f"?OTR|{theirs:x}|{ours:x},1,1,?OTR Error: a,"],
        ),
    ):
        _texts(group, what, about, flag, texts)
    for what, about, texts in (
        (
            "second.other-sender",
            "the second piece is from another client",
            [_three(1, 2), _three(2, 2, sender=other)],
        ),
        (
            "interleaved.senders",
            "pieces from two clients alternate",
            [
                _three(1, 2),
                _three(1, 2, "?OTR Error: b", sender=other),
                _three(2, 2),
                _three(2, 2, "c", sender=other),
            ],
        ),
    ):
        group.valid(
            what,
            about,
            Flag.OTHER_OWNER,
            {"texts": texts},
            ambiguity="otrv3.ambiguity:fragment-stores",
        )
    return group


def _mixed() -> Group:
    """Fragments of both formats, and what cannot be read."""
    group = _new("fragments.mixed", [_three(1, 2), _three(2, 2)])
    _texts(
        group,
        "same-format",
        "both pieces in the format of version 3",
        Flag.NORMAL,
        [_three(1, 2), _three(2, 2)],
    )
    for what, about, texts in (
        ("second-of-v2", "the second piece in the format of version 2", [_three(1, 2), _two(2, 2)]),
        ("second-of-v3", "the second piece in the format of version 3", [_two(1, 2), _three(2, 2)]),
        (
            "alternating",
            "two messages in two formats alternate",
            [_three(1, 2), _two(1, 2, "?OTR Error: b"), _three(2, 2), _two(2, 2, "c")],
        ),
    ):
        group.valid(
            what,
            about,
            Flag.SEQUENCE,
            {"texts": texts},
            ambiguity="otrv3.ambiguity:fragment-stores",
        )
    head = f"?OTR|{TAGS[ALICE]:08x}|{TAGS[BOB]:08x},"
    for what, about, broken in (
        ("no-comma", "a piece without its last comma", f"{head}2,2,more"),
        ("empty", "a piece that is empty", f"{head}2,2,,"),
        ("no-number", "a piece whose number is no number", f"{head}x,2,more,"),
        ("too-large", "a piece whose number is too large", f"{head}65536,65536,more,"),
    ):
        group.valid(
            f"malformed.{what}",
            f"{about} stands between two",
            Flag.TEXT_FORM,
            {"texts": [_three(1, 2), broken, _three(2, 2)]},
            ambiguity="otrv3.ambiguity:fragment-stores",
        )
    group.valid(
        "nested",
        "what is assembled is a fragment itself",
        Flag.SEQUENCE,
        {"texts": [_three(1, 2, head + "1;1;x"), _three(2, 2, "x")]},
        ambiguity="otrv3.ambiguity:nested-fragment",
    )
    return group
