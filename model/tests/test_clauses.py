"""Clauses: reading a text, hashing its sentences, and comparing it with a registry.

The texts here are made up. No sentence of a specification stands in this project.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from hashlib import sha256
from itertools import groupby
from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_model import clauses
from otr_model.clauses import (
    Clause,
    Level,
    PinnedText,
    Registry,
    RegistryError,
    answers,
    citing,
    digest,
    normalise,
    sections,
    uncited,
    unresolved,
)
from otr_model.otrv3.clauses import V2, V3

if TYPE_CHECKING:
    from collections.abc import Iterable

NOWHERE = PinnedText("nobody/nothing", "0" * 40, "bees.html", sha256(b"").hexdigest())

BEES = """<!DOCTYPE html><html><head><title>Bees</title><style>h1 { color: gold }</style></head>
<body><h1>Keeping bees</h1>
<p>Bees are insects. They
live in <em>hives</em>!</p>
<h2>Tools</h2>
<p>You need these:</p>
<ul><li>A veil</li><li>A smoker. Light it first.</li></ul>
<p>Nothing else.</p>
<h2>Seasons</h2>
<dl><dt>Spring</dt><dd>Feed them. Count them.</dd>
<dt>Winter</dt><dd>Leave them alone.</dd></dl>
</body></html>"""


def read(html: str) -> list[tuple[tuple[str, ...], str]]:
    """The sentences of a text without headings, each with its context."""
    (section,) = sections(html)
    return [(sentence.context, sentence.text) for sentence in section.sentences]


def texts(html: str) -> list[str]:
    """The sentences of a text without headings."""
    return [text for _, text in read(html)]


def registry_of(html: str, **changes: object) -> Registry:
    """A registry that has every sentence of a text, with changes to each clause."""
    fields = {"level": Level.INFORMS, "about": "something about bees", "argued": "not OTR"}
    return Registry(
        "bees",
        NOWHERE,
        tuple(
            Clause(
                id=f"bees.s{number}.n{sentence.ordinal}",
                section=section.title,
                ordinal=sentence.ordinal,
                digest=sentence.digest,
                **{**fields, **changes},  # type: ignore[arg-type] # the fields vary by test
            )
            for number, section in enumerate(sections(html))
            for sentence in section.sentences
        ),
    )


# Sections and sentences.


def test_a_text_is_read_as_headings_and_numbered_sentences() -> None:
    keeping, tools, seasons = sections(BEES)

    assert [s.title for s in (keeping, tools, seasons)] == ["Keeping bees", "Tools", "Seasons"]
    assert [(s.ordinal, s.text) for s in keeping.sentences] == [
        (1, "Bees are insects."),
        (2, "They live in hives!"),
    ]
    assert [(s.ordinal, s.context, s.text) for s in tools.sentences] == [
        (1, (), "You need these:"),
        (2, ("You need these:",), "A veil"),
        (3, ("You need these:",), "A smoker."),
        (4, ("You need these:",), "Light it first."),
        (5, (), "Nothing else."),
    ]
    assert [(s.ordinal, s.context, s.text) for s in seasons.sentences] == [
        (1, ("Spring",), "Feed them."),
        (2, ("Spring",), "Count them."),
        (3, ("Winter",), "Leave them alone."),
    ]
    assert {s.section for s in seasons.sentences} == {"Seasons"}


def test_text_in_front_of_the_first_heading_is_a_section_without_a_title() -> None:
    first, second = sections("Hello. <h1>Bees</h1>Buzz.")

    assert (first.title, [s.text for s in first.sentences]) == ("", ["Hello."])
    assert (second.title, [s.text for s in second.sentences]) == ("Bees", ["Buzz."])
    assert sections("") == []


def test_a_heading_that_is_used_twice_is_told_apart_by_the_one_above_it() -> None:
    html = "<h1>Bees</h1><h2>Food</h2>a<h1>Wasps</h1><h2>FOOD</h2>b<h2>Food</h2>c<h2>Nests</h2>d"

    assert [s.title for s in sections(html)] == [
        "Bees",
        "Bees / Food",
        "Wasps",
        "Wasps / FOOD",
        "Wasps / Food",
        "Nests",
    ]
    assert [s.title for s in sections("<h1>A</h1><h1>A</h1>")] == ["A", "A (2)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three! four.", ["One.", "Two?", "Three! four."]),
        ("Set it. our_bees is a name.", ["Set it.", "our_bees is a name."]),
        (
            "Small ones, i.e. drones, e.g. Otto, stay.",
            ["Small ones, i.e. drones, e.g. Otto, stay."],
        ),
        (
            "Wax, honey, etc. are sold. Wax etc. We keep.",
            ["Wax, honey, etc. are sold.", "Wax etc.", "We keep."],
        ),
        ('It starts with "?". The "?" is a sign.', ['It starts with "?".', 'The "?" is a sign.']),
        ('Say "stop." Then go. (Go now.) Rest.', ['Say "stop."', "Then go.", "(Go now.)", "Rest."]),
        ("It is 1.5 metres. [Or 2.]", ["It is 1.5 metres.", "[Or 2.]"]),
        ("no end", ["no end"]),
    ],
)
def test_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert texts(f"<p>{text}</p>") == expected


def test_blocks_and_breaks_divide_and_inline_markup_does_not() -> None:
    assert texts("a<br>b<br/>c") == ["a", "b", "c"]
    assert texts("<div>a</div>b<table><tr><td>c<td>d</table>") == ["a", "b", "c", "d"]
    assert texts("a <b>b</b> <i>c</i><a href='>'>d</a>") == ["a b cd"]
    assert texts("<pre>A line. B\n  line.</pre> After.") == ["A line. B line.", "After."]
    assert texts("a<!-- > not -- this -->b<!DOCTYPE x><?php ?>c") == ["abc"]
    assert texts("a<script>if (1 < 2) no();</SCRIPT >b") == ["ab"]


def test_references_subscripts_and_superscripts_have_one_form() -> None:
    assert texts("2 &lt;= x &#60; y &amp; z") == ["2 <= x < y & z"]
    assert texts("g<sub>1</sub><sup>a<sub>2</sub></sup>") == ["g_{1}^{a_{2}}"]
    assert texts("x<sup>2<p>y</sup>z</p>") == ["x^{2}", "yz"]
    assert texts(f"a&#{'9' * 5000};b") == ["a\N{REPLACEMENT CHARACTER}b"]


# Terms and leads.


def test_nested_lists_do_not_glue_parent_and_child() -> None:
    html = "<ul><li>Bees<ul><li>Queen</li><li>Drone</ul>fly</li><li>Wasps</ul>"

    assert read(html) == [((), "Bees"), ((), "Queen"), ((), "Drone"), ((), "fly"), ((), "Wasps")]


def test_an_item_that_only_introduces_a_list_is_a_term() -> None:
    html = "<ol><li>If it rains:<ul><li>Wait.</li><li>Wait more.</li></ul></li><li>Go.</li></ol>"

    assert read(html) == [
        (("If it rains:",), "Wait."),
        (("If it rains:",), "Wait more."),
        ((), "Go."),
    ]


def test_an_item_that_says_more_keeps_its_lead_in_as_a_sentence() -> None:
    html = "<ul><li>Look up. If it rains:<ul><li>Wait.</li></ul></li></ul>"

    assert read(html) == [((), "Look up."), ((), "If it rains:"), (("If it rains:",), "Wait.")]


def test_an_item_may_introduce_a_paragraph() -> None:
    html = "<ul><li>Send this:<p>A word.</p>or this, without a bow:<p>Another.</p></li></ul>"

    assert read(html) == [
        (("Send this:",), "A word."),
        ((), "or this, without a bow:"),
        (("or this, without a bow:",), "Another."),
    ]


def test_a_lead_in_holds_for_one_block() -> None:
    assert read("<p>For example:</p><pre>x</pre><pre>y</pre>") == [
        ((), "For example:"),
        (("For example:",), "x"),
        ((), "y"),
    ]
    assert read("<dl><dd>Check: <ol><li>one</ol> Make: <ol><li>two</ol> Done.</dl>") == [
        ((), "Check:"),
        (("Check:",), "one"),
        ((), "Make:"),
        (("Make:",), "two"),
        ((), "Done."),
    ]


def test_definitions_stand_under_their_term_all_the_way_down() -> None:
    html = """<dl><dt>In spring:</dt><dd>Feed. Then:<ul><li>count</li></ul>
        <dl><dt>If few:</dt><dd>Worry.</dd></dl></dd></dl>"""

    assert read(html) == [
        (("In spring:",), "Feed."),
        (("In spring:",), "Then:"),
        (("In spring:", "Then:"), "count"),
        (("In spring:", "If few:"), "Worry."),
    ]


def test_a_term_under_which_nothing_stands_is_a_sentence() -> None:
    assert read("<dl><dt>Queen</dt><dt>Drone. Lazy.</dt><dt>Bee</dt><dd>Busy.</dd><dt></dl>") == [
        ((), "Queen"),
        ((), "Drone. Lazy."),
        (("Bee",), "Busy."),
    ]
    assert read("<dl><dt>Queen</dt><dd> </dd></dl>") == [((), "Queen")]
    assert read("<ul><li>Bees:<ul></ul></li></ul>") == [((), "Bees:")]


def test_what_stands_after_a_term_without_being_a_definition_stands_under_it() -> None:
    assert read("<dl><dt>Bee</dt><ul><li>busy</ul>early</dl>") == [
        (("Bee",), "busy"),
        (("Bee",), "early"),
    ]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a<p>b", ["a", "b"]),
        ("<li>a<li>b", ["a", "b"]),
        ("<dd>a<dt>b", ["a", "b"]),
        ("</ul></li></p>a</dl>b", ["a", "b"]),
        ("<ul><li>a</dd></ol>b</ul>", ["a", "b"]),
        ("<ul><li>Bee /li>\n</ul>", ["Bee /li>"]),
        ("a < b <", ["a < b <"]),
        ("<h1>", []),
        ("a<p", ["a"]),
        ('a<p title="<b>', ["a"]),
        ("a<p it's>b", ["a", "b"]),
        ("a<!-- b", ["a"]),
        ("a<style>b", ["a"]),
        ("a<![CDATA[b]]>c</>d", ["acd"]),
    ],
)
def test_malformed_markup_is_read_all_the_same(html: str, expected: list[str]) -> None:
    assert [sentence.text for part in sections(html) for sentence in part.sentences] == expected


MARKUP = [
    f"<{slash}{tag}>"
    for tag in ("p", "pre", "ul", "ol", "dl", "li", "dt", "dd", "h1", "h2", "br", "b", "sup", "div")
    for slash in ("", "/")
]


@given(st.lists(st.sampled_from([*MARKUP, "WORD", "WORD:", "WORD."])))
def test_no_word_is_lost_and_none_is_spoken_twice(pieces: list[str]) -> None:
    html = " ".join(piece.replace("WORD", f"W{n}x") for n, piece in enumerate(pieces))
    words = set(re.findall(r"W\d+x", html))

    parts = sections(html)

    def words_of(some: Iterable[str]) -> list[str]:
        return re.findall(r"W\d+x", " ".join(some))

    spoken = Counter(words_of(s.text for part in parts for s in part.sentences))
    titled = set(words_of(part.title for part in parts))
    under = set(words_of(text for part in parts for s in part.sentences for text in s.context))
    assert set(spoken) | titled | under == words
    assert not titled & (set(spoken) | under)
    assert set(spoken.values()) <= {1}
    for part in parts:
        assert [s.ordinal for s in part.sentences] == list(range(1, len(part.sentences) + 1))


@given(st.text(alphabet="<>/!-?&#;='\" :.apulidth123[]\n", max_size=80) | st.text(max_size=80))
def test_any_string_has_sections(text: str) -> None:
    for part in sections(text):
        for sentence in part.sentences:
            assert any(c.isalnum() for c in sentence.text)
            assert sentence.digest == digest(
                sentence.text, sentence.lead.digest if sentence.lead else ""
            )


@pytest.mark.parametrize(
    "piece",
    [
        "<!--",
        "</a",
        "<a",
        "<a b='",
        "<p =  ",
        "&#",
        "<ul><li>a:",
        "<dl><dt>a<dd>",
        "<h1>",
        "a. ",
        ".)",
        "<sup>",
    ],
)
def test_reading_takes_linear_time_and_no_stack(piece: str) -> None:
    text = piece * 20_000

    before = process_time()
    sections(text)

    assert process_time() - before < 10  # quadratic time would be minutes


# Normalising and hashing.


def test_layout_case_and_final_punctuation_do_not_count() -> None:
    left, right = "\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}"
    first = f"  The\tbee's {left}hive{right} \n is FULL.  "

    assert normalise(first) == 'the bee\'s "hive" is full'
    assert digest(first) == digest('The bee\N{RIGHT SINGLE QUOTATION MARK}s "hive" is full;')
    assert digest(first) == sha256(b'the bee\'s "hive" is full').hexdigest()[:16]


def test_a_prime_counts() -> None:
    assert digest("Use m2'.") != digest("Use m2.")


@given(st.text())
def test_normalising_is_done_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.lists(st.text(string.ascii_letters + string.digits, min_size=1)), st.data())
def test_normalising_forgets_how_words_are_laid_out(words: list[str], data: st.DataObject) -> None:
    blanks = st.text(" \t\n\r", min_size=1)
    laid_out = "".join(data.draw(blanks) + word for word in words) + data.draw(blanks)

    assert normalise(laid_out.upper()) == normalise(" ".join(words))


@given(st.text(), st.text())
def test_sentences_that_differ_after_normalising_have_different_digests(a: str, b: str) -> None:
    assert (digest(a) == digest(b)) == (normalise(a) == normalise(b))
    assert re.fullmatch("[0-9a-f]{16}", digest(a))
    assert digest(a, digest(b)) != digest(a)


def test_the_same_words_under_another_condition_are_another_sentence() -> None:
    def digests(condition: str) -> list[str]:
        ignore = "</dt><dd>Ignore it.</dd>"
        html = f"<dl><dt>{condition}{ignore}<dt>Otherwise:{ignore}</dl>"
        (section,) = sections(html)
        return [sentence.digest for sentence in section.sentences]

    rain, otherwise = digests("If it rains:")
    snow, still = digests("If it snows:")

    assert len({rain, snow, otherwise}) == 3
    assert still == otherwise


# Clauses and registries.


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("id", "Bees", "id"),
        ("id", "bees..fly", "id"),
        ("digest", "0123", "digest"),
        ("ordinal", 0, "ordinals"),
        ("about", " ", "no paraphrase"),
        ("about", "bee " * 13, "too long"),
        ("cites", ("a table",), "no id"),
        ("argued", "", "idle"),
    ],
)
def test_a_malformed_clause_is_refused(field: str, value: object, complaint: str) -> None:
    fields: dict[str, object] = {
        "id": "bees.fly",
        "section": "Bees",
        "ordinal": 1,
        "digest": "0123456789abcdef",
        "level": Level.INFORMS,
        "about": "bees fly",
        "argued": "not OTR",
    }
    Clause(**fields)  # type: ignore[arg-type] # well-formed as it stands

    with pytest.raises(RegistryError, match=complaint):
        Clause(**{**fields, field: value})  # type: ignore[arg-type] # the point of the test


def test_a_section_numbers_its_clauses_and_completes_their_ids() -> None:
    first, second = clauses.in_section(
        "Bees",
        "bees",
        clauses.must("fly", "0" * 16, "bees fly", "otrv3.ake:wing", argued="in summer"),
        clauses.informs("rest", "1" * 16, "bees rest", "nobody sees it"),
    )
    (tenth,) = clauses.within_section(
        "Bees", "bees", {10: clauses.may("hum", "2" * 16, "bees may hum")}
    )

    assert first == Clause(
        "bees.fly", "Bees", 1, "0" * 16, Level.MUST, "bees fly", ("otrv3.ake:wing",), "in summer"
    )
    assert (second.id, second.ordinal, second.level) == ("bees.rest", 2, Level.INFORMS)
    assert (second.cites, second.argued) == ((), "nobody sees it")
    assert (tenth.id, tenth.ordinal, tenth.level) == ("bees.hum", 10, Level.MAY)
    assert clauses.should("a", "0" * 16, "b").level is Level.SHOULD
    assert clauses.defines("a", "0" * 16, "b").level is Level.DEFINES


def test_a_registry_refuses_two_clauses_of_one_id_or_one_sentence() -> None:
    first, *_ = registry_of("<p>Bees fly.</p>")
    same_sentence = Clause("bees.other", "", 1, first.digest, Level.MUST, "bees fly")
    same_id = Clause(first.id, "", 2, "0" * 16, Level.MUST, "bees fly")

    for second in (same_sentence, same_id):
        with pytest.raises(RegistryError, match="declared twice"):
            Registry("bees", NOWHERE, (first, second))

    same_words = Clause("bees.again", "", 2, first.digest, Level.MUST, "bees fly")
    assert len(Registry("bees", NOWHERE, (first, same_words))) == 2


def test_a_registry_lends_its_clauses_to_another_text() -> None:
    bees = registry_of("<p>Bees fly. Bees hum.</p>")
    fly, hum = bees

    assert bees.without(frozenset({hum.id})) == (fly,)
    with pytest.raises(RegistryError, match=re.escape("no such clauses: bees.swim")):
        bees.without(frozenset({"bees.swim"}))


def test_a_pinned_text_knows_its_copies() -> None:
    assert NOWHERE.is_copy(b"")
    assert not NOWHERE.is_copy(b" ")


# What answers for a clause.


def test_a_clause_is_uncited_if_it_neither_cites_nor_argues() -> None:
    bare = {"level": Level.MUST, "argued": ""}

    assert len(uncited(registry_of("<p>Bees fly.</p>", **bare))) == 1
    assert uncited(registry_of("<p>Bees fly.</p>", **bare, cites=("bees.wing",))) == []
    assert uncited(registry_of("<p>Bees fly.</p>", level=Level.MUST, argued="no wind")) == []


@pytest.mark.parametrize(
    ("citation", "answered"),
    [
        ("otrv3.ake:dh-key.none.allowed", True),
        ("otrv3.ake:dh-key.none", True),
        ("otrv3.ake:dh-key", True),
        ("otrv3.ake", True),
        ("otrv3.ake:*.none", True),
        ("otrv3.ake:dh-key.*.allowed", True),
        ("otrv3.ake:dh-key.no", False),
        ("otrv3.ake:dh", False),
        ("otrv3.smp", False),
        ("otrv3.ake:*.*.not-allowed", False),
        ("otrv3.ake:dh-key.none.allowed.more", False),
    ],
)
def test_a_citation_means_an_id_or_the_beginning_of_ids(citation: str, *, answered: bool) -> None:
    assert answers("otrv3.ake:dh-key.none.allowed", citation) is answered


def test_citations_are_followed_both_ways() -> None:
    bees = registry_of(
        "<p>Bees fly.</p>", level=Level.MUST, cites=("bees.wing:left", "bees.wing:right")
    )
    (clause,) = bees

    assert citing(bees, "bees.wing:left.up") == [clause]
    assert citing(bees, "bees.leg:left") == []
    assert unresolved(bees, ["bees.wing:left.up", "bees.leg:left"]) == [(clause, "bees.wing:right")]
    assert unresolved(bees, ["bees.wing:left", "bees.wing:right"]) == []


# Comparing with a text.


def test_a_text_and_its_own_registry_do_not_differ() -> None:
    difference = clauses.against(registry_of(BEES), BEES)

    assert difference == clauses.Difference((), (), ())
    assert not difference


def test_a_reworded_sentence_is_missing_and_its_clause_stale() -> None:
    registry = registry_of(BEES)

    difference = clauses.against(registry, BEES.replace("Count them", "Name them"))

    assert [(s.section, s.ordinal, s.context, s.text) for s in difference.missing] == [
        ("Seasons", 2, ("Spring",), "Name them.")
    ]
    assert [(c.section, c.ordinal) for c in difference.stale] == [("Seasons", 2)]
    assert difference.moved == ()
    assert difference


def test_rewording_a_condition_touches_all_that_stands_under_it_and_no_more() -> None:
    difference = clauses.against(registry_of(BEES), BEES.replace("Spring", "April"))

    assert [s.text for s in difference.missing] == ["Feed them.", "Count them."]
    assert [c.ordinal for c in difference.stale] == [1, 2]


def test_a_sentence_that_changes_its_place_has_moved() -> None:
    registry = registry_of("<p>Bees fly. Bees hum.</p>")
    fly, hum = registry

    difference = clauses.against(registry, "<p>Bees hum. Bees fly. Bees dance.</p>")

    assert difference.moved == ((hum, 1), (fly, 2))
    assert [s.text for s in difference.missing] == ["Bees dance."]
    assert difference.stale == ()
    assert not clauses.against(registry, "<p>Bees hum. Bees fly.</p>")


def test_each_occurrence_of_a_sentence_needs_a_clause() -> None:
    registry = registry_of("<p>Bees fly.</p>")

    difference = clauses.against(registry, "<p>Bees fly. Bees fly.</p>")

    assert [s.ordinal for s in difference.missing] == [2]
    assert difference.stale == ()


# The registries of OTR.


def test_the_registry_of_version_3_numbers_every_section_without_a_gap() -> None:
    assert len(V3) == 703
    for title, members in groupby(V3, key=lambda clause: clause.section):
        ordinals = [clause.ordinal for clause in members]
        assert ordinals == list(range(1, len(ordinals) + 1)), title
    assert len({c.section for c in V3}) == len(list(groupby(V3, key=lambda c: c.section)))


def test_the_registry_of_version_2_shares_most_clauses_and_names_its_own() -> None:
    own = [clause for clause in V2 if clause.id.startswith("v2.")]

    assert (len(V2), len(own)) == (676, 89)
    assert set(V2) - set(own) < set(V3)
    assert not {(c.section, c.digest) for c in own} & {(c.section, c.digest) for c in V3}


@pytest.mark.parametrize("registry", [V3, V2], ids=lambda registry: registry.name)
def test_a_registry_of_otr_is_well_formed(registry: Registry) -> None:
    ids = Counter(clause.id for clause in registry)
    places = Counter((clause.section, clause.digest) for clause in registry)

    assert {n for counted in (ids, places) for n in counted.values()} == {1}
    assert uncited(registry) == []
    for clause in registry:
        assert len(clause.about.split()) <= 12, clause.id
        assert clause.argued or clause.level is not Level.INFORMS, clause.id
        assert digest(clause.about) != clause.digest, "a paraphrase, not the sentence"
        assert len(clause.cites) == len(set(clause.cites)), clause.id


def test_a_reason_that_names_a_clause_names_one_that_exists() -> None:
    known = {clause.id for registry in (V3, V2) for clause in registry}
    named = {
        name
        for registry in (V3, V2)
        for clause in registry
        for name in re.findall(r"(?:repeats|contradicts|see) ([a-z0-9.-]+[a-z0-9])", clause.argued)
        if "." in name
    }

    assert "data-message.flags.ignore-unreadable" in named
    assert named <= known
