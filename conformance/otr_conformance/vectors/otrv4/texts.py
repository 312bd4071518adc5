"""Texts: queries, whitespace tags, error messages, encoded messages, fragments and plaintext."""

from __future__ import annotations

from typing import Final

from otr_conformance.vectors.kinds import Flag, Group
from otr_model.kernel.vocabulary import Point

from .operations import OPERATIONS

__all__ = ["texts"]

_READ: Final = OPERATIONS["read-text"]
_START: Final = " \t  \t\t\t\t \t \t \t  "
_MARKS: Final = {3: "  \t\t  \t\t", 4: "  \t\t \t  "}
_UNKNOWN: Final = "  \t\t  \t "
_HEAD: Final = "?OTR|3c5b5f03|5a73a599|27e31597,"


def texts() -> tuple[Group, ...]:
    """Every form of text."""
    return (_queries(), _tags(), _errors(), _encoded(), _fragments(), _others(), _plaintexts())


def _group(name: str, about: str, section: str, text: str, form: str) -> Group:
    return Group(name, _READ, about, section, {"text": text}, (f"otrv4.text:{form}",))


def _queries() -> Group:
    group = _group("query", "?OTRv34?", "Query Messages", "?OTRv34?", "query")
    group.valid("v34", "versions 3 and 4")
    for name, about, text in (
        ("v4", "version 4 alone", "?OTRv4?"),
        ("v3", "version 3 alone", "?OTRv3?"),
        ("v2", "version 2, which clients of version 4 do not speak", "?OTRv2?"),
        ("v234", "versions 2, 3 and 4", "?OTRv234?"),
        ("v1-and-4", "version 1 by its sign, and version 4", "?OTR?v4?"),
        ("reversed", "the order in the list means nothing", "?OTRv43?"),
        ("twice", "a version is listed twice", "?OTRv44?"),
        ("unknown", "an unknown version beside known ones", "?OTRv45x?"),
        ("v45", "versions of two digits do not exist: 4 and 5", "?OTRv45?"),
        ("nothing", "an empty list offers nothing", "?OTRv?"),
        ("then-text", "a text for people follows", "?OTRv4? Somebody has asked for OTR."),
        ("text-before", "a text stands in front", "Hello ?OTRv4?"),
        ("draft", "what an early draft had: version 4, and text behind", "?OTRv4?,OTRv3?"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group


def _tags() -> Group:
    group = _group(
        "whitespace-tag",
        "a text and the tag of versions 3 and 4",
        "Whitespace Tags",
        f"Hello{_START}{_MARKS[3]}{_MARKS[4]}",
        "whitespace-tag",
    )
    group.valid("v3-v4", "versions 3 and 4")
    both = _MARKS[3] + _MARKS[4]
    for name, about, text in (
        ("v3", "version 3 alone", f"Hello{_START}{_MARKS[3]}"),
        ("v4", "version 4 alone", f"Hello{_START}{_MARKS[4]}"),
        ("order", "the marks are in another order", f"Hello{_START}{_MARKS[4]}{_MARKS[3]}"),
        ("twice", "a mark is there twice", f"Hello{_START}{_MARKS[4] * 2}"),
        ("v2", "the mark of version 2 means nothing here", f"Hello{_START}{_UNKNOWN}"),
        (
            "v2-between",
            "the mark of version 2 between",
            f"{_START}{_MARKS[3]}{_UNKNOWN}{_MARKS[4]}",
        ),
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
        ("mark-cut-short", "the only mark is cut short: plaintext", f"Hi{_START}{_MARKS[4][:7]}x"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group


def _errors() -> Group:
    group = _group(
        "error",
        "an error with a code",
        "OTR Error Messages",
        "?OTR Error: ERROR_1: It broke.",
        "error",
    )
    group.valid("code-1", "ERROR_1")
    for name, about, text in (
        ("code-2", "ERROR_2", "?OTR Error: ERROR_2: It broke."),
        ("code-3", "ERROR_3", "?OTR Error: ERROR_3: It broke."),
        ("code-4", "a code that nobody knows", "?OTR Error: ERROR_4: It broke."),
        ("code-12345", "a code of five digits", "?OTR Error: ERROR_12345: It broke."),
        ("code-zero", "ERROR_0 is no code, but text", "?OTR Error: ERROR_0: It broke."),
        ("code-01", "a zero in front makes it text", "?OTR Error: ERROR_01: It broke."),
        ("code-long", "six digits make it text", "?OTR Error: ERROR_123456: It broke."),
        ("code-letter", "a letter makes it text", "?OTR Error: ERROR_x: It broke."),
        (
            "code-no-blank",
            "no blank behind the colon makes it text",
            "?OTR Error: ERROR_1:It broke.",
        ),
        (
            "code-no-colon",
            "no colon behind the code makes it text",
            "?OTR Error: ERROR_1 It broke.",
        ),
        ("code-lower-case", "lower case makes it text", "?OTR Error: error_1: It broke."),
        ("code-alone", "a code and no text", "?OTR Error: ERROR_1: "),
        ("no-code", "no code", "?OTR Error: It broke."),
        ("no-blank", "no blank in front of the code", "?OTR Error:ERROR_1: It broke."),
        (
            "two-blanks",
            "two blanks in front of the code make it text",
            "?OTR Error:  ERROR_1: It broke.",
        ),
        ("empty", "nothing behind the colon", "?OTR Error:"),
        ("with-a-query", "a query in the text is part of it", "?OTR Error: ERROR_1: try ?OTRv4?"),
        (
            "with-a-fragment",
            "a fragment in the text is part of it",
            "?OTR Error: ERROR_1: ?OTR|1|100|101,1,1,x,",
        ),
        (
            "text-before",
            "in any other place it is no error: plaintext",
            "Oh: ?OTR Error: ERROR_1: It broke.",
        ),
        ("lower-case", "not in its case: plaintext", "?otr error: ERROR_1: It broke."),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group


def _encoded() -> Group:
    group = _group(
        "encoded",
        "a message of three octets, which is none",
        "Encoded Messages",
        "?OTR:AAQ1.",
        "encoded",
    )
    group.valid("three-octets", "no padding is needed")
    for name, about, text in (
        ("four-octets", "two signs of padding", "?OTR:AAQ1AA==."),
        ("five-octets", "one sign of padding", "?OTR:AAQ1AAA=."),
        ("all-signs", "plus and slash", "?OTR:+/+/."),
        ("no-octets", "there is nothing inside", "?OTR:."),
        ("text-behind", "a text stands behind", "?OTR:AAQ1. Hello"),
        ("text-before", "a text stands in front", "Hello ?OTR:AAQ1."),
        ("two", "a second message stands behind", "?OTR:AAQ1.?OTR:AAQ2."),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("no-dot", "the full stop is missing", "?OTR:AAQ1"),
        ("nothing", "nothing behind the marker", "?OTR:"),
        ("comma-for-dot", "a comma in place of the full stop", "?OTR:AAQ1,"),
        ("one-sign", "one sign cannot hold an octet", "?OTR:A."),
        ("two-signs", "two signs and no padding", "?OTR:AA."),
        ("three-signs", "three signs and no padding", "?OTR:AAQ."),
        ("five-signs", "one sign too many", "?OTR:AAQ1A."),
        ("padding-missing", "one of two signs of padding is missing", "?OTR:AAQ1AA=."),
        ("padding-too-long", "one sign of padding too many", "?OTR:AAQ1AAA==."),
        ("padding-alone", "nothing but padding", "?OTR:====."),
        ("padding-behind-whole", "padding where none belongs", "?OTR:AAQ1=."),
        ("padding-inside", "padding, and more behind it", "?OTR:AA==AAQ1."),
        ("stray-bits", "bits that no octet has are set", "?OTR:AAQ1AB==."),
        ("blank-inside", "a blank inside", "?OTR:AA Q1."),
        ("line-break", "a line break inside", "?OTR:AA\nQ1."),
        ("blank-behind", "a blank behind", "?OTR:AAQ1 ."),
        ("url-alphabet", "the alphabet for URLs", "?OTR:-_-_."),
        ("nul-inside", "a NUL inside", "?OTR:AA\0Q1."),
        ("star-inside", "a foreign character inside", "?OTR:AA*Q1."),
    ):
        group.fault(name, about, Flag.TEXT_FORM, Point.ENCODING, {"text": text})
    return group


def _fragments() -> Group:
    group = _group(
        "fragment", "piece 1 of 3", "Transmitting Fragments", f"{_HEAD}1,3,abc,", "fragment"
    )
    group.valid("first", "piece 1 of 3")
    for name, about, text in (
        ("only", "one piece of one", f"{_HEAD}1,1,abc,"),
        ("zeros", "numbers with zeros in front", f"{_HEAD}00001,00003,abc,"),
        ("most", "the largest numbers", f"{_HEAD}65535,65535,abc,"),
        ("index-zero", "the index is 0: the form is legal, the number is not", f"{_HEAD}0,3,abc,"),
        ("total-zero", "the total is 0: the form is legal, the number is not", f"{_HEAD}1,0,abc,"),
        ("index-above", "the index is above the total: the form is legal", f"{_HEAD}4,3,abc,"),
        ("behind", "a text stands behind", f"{_HEAD}1,3,abc, and more"),
        ("text-before", "a text stands in front", f"<p>{_HEAD}1,3,abc,"),
        ("colon", "a piece that looks like a message", f"{_HEAD}1,3,?OTR:AAQ1.,"),
        ("bar", "a piece with bars", f"{_HEAD}1,3,a|b|c,"),
        ("short", "numbers without zeros in front", "?OTR|1|100|101,1,3,abc,"),
        ("upper-case", "numbers in capitals", "?OTR|3C5B5F03|5A73A599|27E31597,1,3,abc,"),
        ("identifier-zero", "the identifier is 0", "?OTR|0|100|101,1,3,abc,"),
        ("largest", "the largest numbers of all", "?OTR|ffffffff|ffffffff|ffffffff,1,3,abc,"),
        ("receiver-zero", "the receiver's tag is 0", "?OTR|1|100|0,1,3,abc,"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    for name, about, text in (
        ("index-too-large", "the index does not fit into two octets", f"{_HEAD}65536,65536,abc,"),
        ("total-too-large", "the total does not fit into two octets", f"{_HEAD}1,65536,abc,"),
        ("index-missing", "the index is empty", f"{_HEAD},3,abc,"),
        ("total-missing", "the total is empty", f"{_HEAD}1,,abc,"),
        ("index-negative", "the index has a sign", f"{_HEAD}-1,3,abc,"),
        ("index-plus", "the index has a plus sign", f"{_HEAD}+1,3,abc,"),
        ("index-hexadecimal", "the index is not decimal", f"{_HEAD}a,3,abc,"),
        ("index-blank", "a blank in front of the index", f"{_HEAD} 1,3,abc,"),
        ("six-digits", "the index has six digits", f"{_HEAD}000001,3,abc,"),
        ("total-negative", "the total has a sign", f"{_HEAD}1,-3,abc,"),
        ("piece-empty", "the piece is empty", f"{_HEAD}1,3,,"),
        ("no-comma", "the last comma is missing", f"{_HEAD}1,3,abc"),
        ("no-piece", "it ends behind the total", f"{_HEAD}1,3,"),
        ("no-total", "it ends behind the index", f"{_HEAD}1,"),
        ("no-index", "it ends behind the tags", _HEAD),
        ("nothing", "nothing behind the marker", "?OTR|"),
        ("identifier-missing", "the identifier is empty", "?OTR||100|101,1,3,abc,"),
        ("sender-missing", "the sender's tag is empty", "?OTR|1||101,1,3,abc,"),
        ("receiver-missing", "the receiver's tag is empty", "?OTR|1|100|,1,3,abc,"),
        (
            "identifier-nine-digits",
            "the identifier has nine digits",
            "?OTR|000000001|100|101,1,3,abc,",
        ),
        ("sender-nine-digits", "the sender's tag has nine digits", "?OTR|1|000000100|101,1,3,abc,"),
        (
            "receiver-nine-digits",
            "the receiver's tag has nine digits",
            "?OTR|1|100|000000101,1,3,abc,",
        ),
        ("prefix-0x", "the identifier begins with 0x", "?OTR|0x1|100|101,1,3,abc,"),
        ("tag-letters", "the sender's tag is no number", "?OTR|1|10g|101,1,3,abc,"),
        ("no-tags", "there is only an identifier", "?OTR|1,1,3,abc,"),
        ("four-bars", "there is one number too many", "?OTR|1|100|101|102,1,3,abc,"),
    ):
        group.fault(name, about, Flag.TEXT_FORM, Point.ENCODING, {"text": text})
    return group


def _others() -> Group:
    """What belongs to versions 2 and 3, and is given to them as it is."""
    group = _group(
        "other-version",
        "a fragment of version 3",
        "Transmitting Fragments",
        "?OTR|100|101,1,3,abc,",
        "fragment",
    )
    group.valid("v3", "two tags are a fragment of version 3")
    for name, about, text in (
        ("v2", "no tags are a fragment of version 2", "?OTR,1,3,abc,"),
        ("v3.text-before", "a text stands in front", "<p>?OTR|100|101,1,3,abc,"),
        ("v3.malformed", "a malformed one is still of version 3", "?OTR|x|101,1,3,abc,"),
        ("v2.malformed", "a malformed one is still of version 2", "?OTR,x,3,abc,"),
        ("v3.bars-behind", "bars behind the first comma mean nothing", "?OTR|100|101,1,3,a|b|c,"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group


def _plaintexts() -> Group:
    group = Group("plaintext", _READ, "a text", "Whitespace Tags", {"text": "Hello"})
    group.valid("hello", "an ordinary text")
    for name, about, text in (
        ("empty", "no text at all", ""),
        ("latin", "octets above 127", "r\xe9sum\xe9"),
        ("nul", "a NUL inside", "a\0b"),
        ("marker", "the marker alone", "?OTR"),
        ("marker-text", "the marker in a sentence", "What is ?OTR about"),
        ("unfinished-query", "a query without its last question mark", "?OTRv34"),
        ("query-blank", "a blank in the list", "?OTRv3 4?"),
        ("query-case", "a capital V", "?OTRV4?"),
        ("lower-case", "the marker in lower case", "?otrv4?"),
    ):
        group.valid(name, about, Flag.TEXT_FORM, {"text": text})
    return group
