"""S-expressions: every spelling is read, libgcrypt's is written, the rest is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otr_reference.errors import Malformed
from otr_reference.keys import sexp

EXPRESSIONS = st.recursive(
    st.binary(max_size=12) | st.sampled_from([b"dsa", b"p", b"\0\xff", b"'\"\\", b""]),
    lambda inner: st.lists(inner, max_size=5).map(tuple),
    max_leaves=20,
)
LISTS = st.lists(EXPRESSIONS, max_size=5).map(tuple)


@pytest.mark.parametrize(
    ("text", "atom"),
    [
        (b"dsa", b"dsa"),
        (b"-./_:*+=09", b"-./_:*+=09"),
        (b'""', b""),
        (b'"a b"', b"a b"),
        (b'"\xe9\0\n"', b"\xe9\0\n"),
        (rb'"\b\t\v\n\f\r\"\'\\"', b"\b\t\v\n\f\r\"'\\"),
        (rb'"\x00\xfF\101\400"', b"\x00\xff\x41\x00"),
        (b'"a\\\nb\\\rc\\\r\nd\\\n\re"', b"abcde"),
        (b'"(\\x41)"', b"(A)"),
        (b"##", b""),
        (b"#00C1a4#", b"\x00\xc1\xa4"),
        (b"# 0 0\tC\n1\x0b\x0c\r#", b"\x00\xc1"),
        (b"||", b""),
        (b"|AMGk|", b"\x00\xc1\xa4"),
        (b"|AME=|", b"\x00\xc1"),
        (b'3:a"(', b'a"('),
        (b'3"a\\x62c"', b"abc"),
        (b"2#00C1#", b"\x00\xc1"),
        (b"3|AMGk|", b"\x00\xc1\xa4"),
    ],
)
def test_every_spelling_of_a_string_is_read(text: bytes, atom: bytes) -> None:
    assert sexp.read(b"(" + text + b")") == (atom,)


def test_lists_nest_and_white_space_separates() -> None:
    text = b' \t\n\x0b\x0c\r( a(b()c) #00#d"e"f 1:g2:hi\n) \n'
    assert sexp.read(text) == (
        b"a", (b"b", (), b"c"), b"\0", b"d", b"e", b"f", b"g", b"hi",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b"", 0, "there is no list"),
        (b" \n", 2, "there is no list"),
        (b"dsa", 0, "one list is expected, and nothing else"),
        (b")", 0, "one list is expected, and nothing else"),
        (b"(a)(b)", 3, "one list is expected, and nothing else"),
        (b"(a) b", 4, "one list is expected, and nothing else"),
        (b"(a)\0", 3, "one list is expected, and nothing else"),
        (b"(a (b)", 6, "a list is not closed"),
        (b"(" * 17, 16, "lists are nested more than 16 deep"),
        (b'(a "b)', 3, "no complete string stands here"),
        (rb'("\q")', 1, "no complete string stands here"),
        (rb'("\18")', 1, "no complete string stands here"),
        (rb'("\x1")', 1, "no complete string stands here"),
        (b"(#00)", 1, "no complete string stands here"),
        (b"(#0g#)", 1, "no complete string stands here"),
        (b"(|AA==)", 1, "no complete string stands here"),
        (b"(|A A=|)", 1, "no complete string stands here"),
        (b"([hint]a)", 1, "no complete string stands here"),
        (b"({KGEp})", 1, "no complete string stands here"),
        (b"(\xe9)", 1, "no complete string stands here"),
        (b"(1a)", 1, "no complete string stands here"),
        (b"(0:)", 1, "no complete string stands here"),
        (b"(03:abc)", 1, "no complete string stands here"),
        (b"(123456:a)", 1, "no complete string stands here"),
        (b"(#000#)", 1, "the hex digits do not come in pairs"),
        (b"(|A|)", 1, "the base 64 is not well formed"),
        (b"(|AA|)", 1, "the base 64 is not well formed"),
        (b"(|AA=A|)", 1, "the base 64 is not well formed"),
        (b"(9:abc)", 1, "the string is not as long as it says"),
        (b'(4"abc")', 1, "the string is not as long as it says"),
        (b"(99999:" + bytes(99999) + b")", 1, "the string is longer than 65535 octets"),
        (b"(" + b"a" * 65536 + b")", 1, "the string is longer than 65535 octets"),
    ],
)
def test_what_is_no_expression_is_refused_at_its_place(
    text: bytes, place: int, reason: str
) -> None:
    with pytest.raises(Malformed) as caught:
        sexp.read(text)
    assert (caught.value.field, caught.value.reason) == ("S-expression", f"octet {place}: {reason}")


def test_the_deepest_list_and_the_longest_string_are_read() -> None:
    assert sexp.read(b"(" * 16 + b")" * 16) != ()
    longest = b"a" * 65535
    assert sexp.read(b"(" + longest + b")") == (longest,)


@pytest.mark.parametrize(
    ("opening", "body"),
    [
        (b'"', b"a"),
        (b'"', b"\\\\"),
        (b"#", b"0"),
        (b"|", b"A"),
        (b"", b"a"),
        (b"", b"9"),
        (b"", b" "),
        (b"", b"()"),
        (b"", b"##"),
        (b"", b'"" #'),
    ],
)
def test_much_without_an_end_is_refused_in_time(opening: bytes, body: bytes) -> None:
    # Were any of these read in quadratic time, this test would take hours.
    with pytest.raises(Malformed):
        sexp.read(b"(" + opening + body * 200_000)


@pytest.mark.parametrize(
    ("atom", "text"),
    [
        (b"dsa", b"dsa"),
        (b"-./_:*+=", b"-./_:*+="),
        (b"", b'""'),
        (b"1024", b'"1024"'),
        (b"alice@example.org", b'"alice@example.org"'),
        (b"a\b\t\v\n\f\r\"'\\", rb'"a\b\t\v\n\f\r\"' + rb"\'" + rb'\\"'),
        (b"J\xfc", b'"J\xfc"'),
        (b"J\xc3\x9c", b"#4AC39C#"),
        (b"\xe9", b"#E9#"),
        (b"a\0", b"#6100#"),
        (b"a\x7f", b"#617F#"),
    ],
)
def test_a_string_is_written_as_libgcrypt_does(atom: bytes, text: bytes) -> None:
    assert sexp.write((atom,)) == b"(" + text + b")\n"


def test_lists_are_laid_out_as_libgcrypt_does() -> None:
    assert sexp.write(()) == b"()\n"
    assert sexp.write((b"a", (b"b", ()), b"c", b"d")) == b"(a \n (b \n  ()\n  )\n c d)\n"


def test_a_string_that_cannot_be_read_is_not_written() -> None:
    with pytest.raises(Malformed) as caught:
        sexp.write((b"a" * 65536,))
    assert caught.value.field == "S-expression"


@given(LISTS)
def test_what_is_written_is_read_back(expression: sexp.Expression) -> None:
    assert sexp.read(sexp.write(expression)) == expression


@given(st.lists(st.sampled_from(list(b'()#|"\\:[]x0123456789AFabt= \r\n\0\xff')), max_size=40))
@settings(max_examples=300)
def test_reading_is_total_and_what_it_accepts_has_a_written_form(octets: list[int]) -> None:
    try:
        expression = sexp.read(b"(" + bytes(octets))
    except Malformed:
        return
    assert sexp.read(sexp.write(expression)) == expression
