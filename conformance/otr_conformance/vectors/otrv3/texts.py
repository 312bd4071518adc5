"""Texts: queries, whitespace tags, error messages, encoded messages, fragments and plaintext."""

from __future__ import annotations

from itertools import combinations
from typing import Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point

from .operations import OPERATIONS

__all__ = ["texts"]

_READ: Final = OPERATIONS["read-text"]
_START: Final = " \t  \t\t\t\t \t \t \t  "
_MARKS: Final = {1: " \t \t  \t ", 2: "  \t\t  \t ", 3: "  \t\t  \t\t"}
_UNKNOWN: Final = "  \t\t \t  "


def texts() -> tuple[Group, ...]:
    """Every form of text."""
    return (
        _queries(),
        _tags(),
        _errors(),
        _encoded(),
        _fragments_3(),
        _fragments_2(),
        _plaintexts(),
    )


def _group(name: str, about: str, section: str, text: str, form: str) -> Group:
    return Group(name, _READ, about, section, {"text": text}, (f"otrv3.text:{form}",))


def _queries() -> Group:
    group = _group("query", "?OTRv23?", "OTR Query Messages", "?OTRv23?", "query")
    group.valid("v23", "versions 2 and 3")
    for name, about, text in (
        ("v2", "version 2 alone", "?OTRv2?"),
        ("v3", "version 3 alone", "?OTRv3?"),
        ("v1", "version 1 alone has a sign of its own", "?OTR?"),
        ("v1-and-2", "versions 1 and 2", "?OTR?v2?"),
        ("v1-2-3", "versions 1, 2 and 3", "?OTR?v23?"),
        ("v1-twice", "version 1 by its sign, and an empty list", "?OTR?v?"),
        ("nothing", "an empty list offers nothing", "?OTRv?"),
        ("reversed", "the order in the list means nothing", "?OTRv32?"),
        ("twice", "a version is listed twice", "?OTRv33?"),
        ("unknown", "an unknown version beside known ones", "?OTRv24x?"),
        ("letters", "identifiers that nobody knows", "?OTRvabcXYZ?"),
        ("digit-1", "the digit 1 in the list is no version", "?OTRv1?"),
        ("digit-1-and-3", "the digit 1 in the list, beside 3", "?OTRv13?"),
        ("then-text", "a text for people follows", "?OTRv23? Somebody has asked for OTR."),
        ("then-html", "HTML follows without a blank", "?OTRv3?<br>Somebody"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("text-before", "a text stands in front", "Hello ?OTRv23?"),
        ("html-before", "a client wraps it up", "<html>?OTRv2?</html>"),
        ("second-place", "an unfinished query stands in front of one", "?OTRv2 ?OTRv3?"),
    ):
        group.valid(
            name, about, Flag.TEXT_FORM, {"text": text}, ambiguity="otrv3.ambiguity:unknown-marker"
        )
    return group


def _tags() -> Group:
    group = _group(
        "whitespace-tag",
        "a text and the tag of versions 2 and 3",
        "Tagged plaintext messages",
        f"Hello{_START}{_MARKS[2]}{_MARKS[3]}",
        "whitespace-tag",
    )
    group.valid("v2-v3", "versions 2 and 3")
    for size in (1, 2, 3):
        for versions in combinations(_MARKS, size):
            if versions != (2, 3):
                name = "-".join(f"v{v}" for v in versions)
                tag = _START + "".join(_MARKS[v] for v in versions)
                group.valid(name, f"versions {versions}", Flag.NORMAL, {"text": f"Hello{tag}"})
    both = _MARKS[2] + _MARKS[3]
    for name, about, text in (
        ("order", "the marks are in another order", f"Hello{_START}{_MARKS[3]}{_MARKS[2]}"),
        ("twice", "a mark is there twice", f"Hello{_START}{_MARKS[3]}{_MARKS[3]}"),
        (
            "unknown",
            "a mark that nobody knows stands between",
            f"{_START}{_MARKS[2]}{_UNKNOWN}{_MARKS[3]}",
        ),
        ("unknown-alone", "only a mark that nobody knows", f"Hello{_START}{_UNKNOWN}"),
        ("in-front", "the tag stands in front of the text", f"{_START}{both}Hello"),
        ("in-the-middle", "the tag stands in the middle", f"Good{_START}{both} day"),
        ("alone", "the tag is all there is", _START + both),
        (
            "partial-mark",
            "seven blanks and tabs follow the marks",
            f"{_START}{both}{_UNKNOWN[:7]}x",
        ),
        (
            "start-cut-short",
            "the tag's start lacks its last character: plaintext",
            f"Hi{_START[:-1]}x",
        ),
        ("start-alone", "no mark follows the start: plaintext", f"Hi{_START}x"),
        ("mark-cut-short", "the only mark is cut short: plaintext", f"Hi{_START}{_MARKS[3][:7]}x"),
        ("one-blank-more", "one blank in front of the start", f"Hi {_START}{_MARKS[3]}x"),
        (
            "tab-for-blank",
            "the start begins with a tab: plaintext",
            f"Hi\t{_START[1:]}{_MARKS[3]}x",
        ),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group


def _errors() -> Group:
    group = _group("error", "an error", "OTR Error Messages", "?OTR Error: It broke.", "error")
    group.valid("plain", "a blank behind the colon")
    for name, about, text in (
        ("no-blank", "no blank behind the colon", "?OTR Error:It broke."),
        ("two-blanks", "the second blank is part of the text", "?OTR Error:  It broke."),
        ("empty", "nothing behind the colon", "?OTR Error:"),
        ("blank-alone", "only a blank behind the colon", "?OTR Error: "),
        ("with-a-query", "a query in the text is part of it", "?OTR Error: try ?OTRv3?"),
        ("latin", "octets above 127", "?OTR Error: r\xe9sum\xe9"),
        ("nul", "a NUL in the text", "?OTR Error: a\0b"),
        ("line-break", "a line break in the text", "?OTR Error: a\r\nb"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("lower-case", "not in its case: plaintext", "?otr error: It broke."),
        ("no-colon", "no colon: plaintext", "?OTR Error It broke."),
        ("error-lower-case", "Error in lower case: plaintext", "?OTR error: It broke."),
    ):
        group.valid(
            name, about, Flag.TEXT_FORM, {"text": text}, ambiguity="otrv3.ambiguity:unknown-marker"
        )
    for name, about, text in (
        ("text-before", "a text stands in front", "Oh: ?OTR Error: It broke."),
        ("quotes-a-fragment", "it quotes a fragment", "?OTR Error: no ?OTR,1,2,abc,"),
    ):
        group.valid(
            name, about, Flag.TEXT_FORM, {"text": text}, ambiguity="otrv3.ambiguity:markers"
        )
    return group


def _encoded() -> Group:
    group = _group(
        "encoded",
        "a message of three octets, which is none that is known",
        "Encoded messages",
        "?OTR:AAMC.",
        "encoded",
    )
    group.valid("three-octets", "no padding is needed")
    for name, about, text in (
        ("four-octets", "two signs of padding", "?OTR:AAMCAA==."),
        ("five-octets", "one sign of padding", "?OTR:AAMCAAA=."),
        ("all-signs", "plus and slash", "?OTR:+/+/."),
        ("no-octets", "there is nothing inside", "?OTR:."),
        ("text-behind", "a text stands behind", "?OTR:AAMC. Hello"),
        ("two", "a second message stands behind", "?OTR:AAMC.?OTR:AAMD."),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    group.valid(
        "text-before",
        "a text stands in front",
        Flag.TEXT_FORM,
        {"text": "Hello ?OTR:AAMC."},
        ambiguity="otrv3.ambiguity:markers",
    )
    for name, about, text in (
        ("no-dot", "the full stop is missing", "?OTR:AAMC"),
        ("nothing", "nothing behind the marker", "?OTR:"),
        ("comma-for-dot", "a comma in place of the full stop", "?OTR:AAMC,"),
        ("one-sign", "one sign cannot hold an octet", "?OTR:A."),
        ("two-signs", "two signs and no padding", "?OTR:AA."),
        ("three-signs", "three signs and no padding", "?OTR:AAM."),
        ("five-signs", "one sign too many", "?OTR:AAMCA."),
        ("six-signs", "four octets without padding", "?OTR:AAMCAA."),
        ("padding-missing", "one of two signs of padding is missing", "?OTR:AAMCAA=."),
        ("padding-too-long", "one sign of padding too many", "?OTR:AAMCAAA==."),
        ("padding-alone", "nothing but padding", "?OTR:====."),
        ("padding-behind-whole", "padding where none belongs", "?OTR:AAMC=."),
        ("padding-inside", "padding, and more behind it", "?OTR:AA==AAMC."),
        ("stray-bits", "bits that no octet has are set", "?OTR:AAMCAB==."),
        ("stray-bits-one", "the same with one sign of padding", "?OTR:AAMCAAB=."),
        ("blank-inside", "a blank inside", "?OTR:AA MC."),
        ("line-break", "a line break inside", "?OTR:AA\nMC."),
        ("carriage-return", "a line break of two characters", "?OTR:AA\r\nMC."),
        ("blank-in-front", "a blank in front", "?OTR: AAMC."),
        ("blank-behind", "a blank behind", "?OTR:AAMC ."),
        ("url-alphabet", "the alphabet for URLs", "?OTR:-_-_."),
        ("nul-inside", "a NUL inside", "?OTR:AA\0MC."),
        ("not-ascii", "an octet above 127 inside", "?OTR:AA\xe9C."),
        ("star-inside", "a foreign character inside", "?OTR:AA*MC."),
    ):
        group.fault(
            name,
            about,
            Flag.TEXT_FORM,
            Point.ENCODING,
            {"text": text},
            ambiguity="otrv3.ambiguity:base64",
        )
    return group


def _numbers(group: Group, head: str) -> None:
    """Faults of k, n and the piece, which versions 2 and 3 have alike."""
    group.valid("first", "piece 1 of 3")
    for name, about, tail in (
        ("only", "one piece of one", "1,1,abc,"),
        ("zeros", "numbers with zeros in front", "00001,00003,abc,"),
        ("most", "the largest numbers", "65535,65535,abc,"),
        ("k-zero", "k is 0: the form is legal, the number is not", "0,3,abc,"),
        ("n-zero", "n is 0: the form is legal, the number is not", "1,0,abc,"),
        ("k-above-n", "k is above n: the form is legal, the number is not", "4,3,abc,"),
        ("behind", "a text stands behind", "1,3,abc, and more"),
        ("colon", "a piece that looks like a message", "1,3,?OTR:AAMC.,"),
    ):
        group.valid(name, about, Flag.BOUNDARY, {"text": head + tail})
    for name, about, tail in (
        ("k-too-large", "k does not fit into two octets", "65536,65536,abc,"),
        ("n-too-large", "n does not fit into two octets", "1,65536,abc,"),
        ("k-missing", "k is empty", ",3,abc,"),
        ("n-missing", "n is empty", "1,,abc,"),
        ("k-negative", "k has a sign", "-1,3,abc,"),
        ("k-plus", "k has a plus sign", "+1,3,abc,"),
        ("k-hexadecimal", "k is not decimal", "a,3,abc,"),
        ("k-blank", "a blank in front of k", " 1,3,abc,"),
        ("k-fraction", "k is no integer", "1.0,3,abc,"),
        ("six-digits", "k has six digits", "000001,3,abc,"),
        ("n-negative", "n has a sign", "1,-3,abc,"),
        ("n-letters", "n is no number", "1,x,abc,"),
        ("piece-empty", "the piece is empty", "1,3,,"),
        ("no-comma", "the last comma is missing", "1,3,abc"),
        ("no-piece", "it ends behind n", "1,3,"),
        ("no-n", "it ends behind k", "1,"),
        ("nothing", "nothing behind the head", ""),
        ("semicolons", "semicolons in place of commas", "1;3;abc;"),
    ):
        group.fault(name, about, Flag.TEXT_FORM, Point.ENCODING, {"text": head + tail})


def _fragments_3() -> Group:
    head = "?OTR|5a73a599|27e31597,"
    group = _group(
        "fragment.v3", "piece 1 of 3", "Fragmentation", f"{head}1,3,?OTR:AAM,", "fragment-v3"
    )
    _numbers(group, head)
    for name, about, text in (
        ("short-tags", "tags without zeros in front", "?OTR|100|101,1,3,abc,"),
        ("upper-case", "tags in capitals", "?OTR|5A73A599|27E31597,1,3,abc,"),
        ("receiver-zero", "the receiver's tag is 0", "?OTR|5a73a599|0,1,3,abc,"),
        ("largest-tags", "the largest tags", "?OTR|ffffffff|ffffffff,1,3,abc,"),
        ("tag-below", "the sender's tag is too small: the form is legal", "?OTR|ff|101,1,3,abc,"),
        ("text-before", "a text stands in front", "<p>?OTR|100|101,1,3,abc,"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("sender-missing", "the sender's tag is empty", "?OTR||101,1,3,abc,"),
        ("receiver-missing", "the receiver's tag is empty", "?OTR|100|,1,3,abc,"),
        ("nine-digits", "the sender's tag has nine digits", "?OTR|100000000|101,1,3,abc,"),
        ("nine-digits-receiver", "the receiver's tag has nine", "?OTR|100|000000101,1,3,abc,"),
        ("prefix-0x", "the sender's tag begins with 0x", "?OTR|0x100|101,1,3,abc,"),
        ("tag-letters", "the sender's tag is no number", "?OTR|10g|101,1,3,abc,"),
        ("tag-negative", "the receiver's tag has a sign", "?OTR|100|-101,1,3,abc,"),
        ("one-tag", "there is one tag", "?OTR|100,1,3,abc,"),
        ("tag-blank", "a blank in a tag", "?OTR|1 00|101,1,3,abc,"),
    ):
        group.fault(name, about, Flag.TEXT_FORM, Point.ENCODING, {"text": text})
    return group


def _fragments_2() -> Group:
    group = _group("fragment.v2", "piece 1 of 3", "Fragmentation", "?OTR,1,3,abc,", "fragment-v2")
    _numbers(group, "?OTR,")
    group.valid(
        "text-before", "a text stands in front", Flag.TEXT_FORM, {"text": "<p>?OTR,1,3,abc,"}
    )
    return group


def _plaintexts() -> Group:
    group = Group("plaintext", _READ, "a text", "Unencoded messages", {"text": "Hello"})
    group.valid("hello", "an ordinary text")
    for name, about, text in (
        ("empty", "no text at all", ""),
        ("blanks", "blanks and tabs that are no tag", " \t \t  \t "),
        ("latin", "octets above 127", "r\xe9sum\xe9"),
        ("nul", "a NUL inside", "a\0b"),
        ("question", "question marks", "???"),
        ("lower-case", "the marker in lower case", "?otrv2?"),
        ("marker-apart", "a blank in the marker", "? OTRv2?"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("marker", "the marker alone", "?OTR"),
        ("marker-text", "the marker in a sentence", "What is ?OTR about"),
        ("unfinished-query", "a query without its last question mark", "?OTRv23"),
        ("query-blank", "a blank in the list", "?OTRv2 3?"),
        ("query-sign", "a sign in the list", "?OTRv2-3?"),
        ("query-case", "a capital V", "?OTRV2?"),
    ):
        group.valid(
            name, about, Flag.TEXT_FORM, {"text": text}, ambiguity="otrv3.ambiguity:unknown-marker"
        )
    return group
