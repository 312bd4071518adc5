"""The clauses of OTRv4, and reading the Markdown that their texts are written in.

The texts here are made up. No sentence of a specification stands in this project: where copies of
the pinned texts are at hand, in the directory that OTRSPEC_TEXTS names, the registries are compared
with them too.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from functools import cache
from itertools import groupby
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otr_model.clauses import (
    Clause,
    Level,
    PinnedText,
    Registry,
    against,
    answers,
    digest,
    markdown,
    uncited,
    unresolved,
)
from otr_model.groups import Group
from otr_model.otrv3.clauses import V3
from otr_model.otrv4 import groups4, layouts, schedules
from otr_model.otrv4.clauses import (
    COMPATIBLE,
    INTERACTIVE_ONLY,
    RECOMMENDATIONS,
    REGISTRIES,
    STANDALONE,
    V4,
)
from otr_model.otrv4.protocol import OTRV4

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [registry.name for registry in REGISTRIES]
LEDGER = Path(__file__).parents[2] / "ids.lock"

BEES = """# Keeping bees

```
Draft
```

Bees are insects. They
live in *hives*!

## Tools

You need these:

- A `veil`
* A [smoker](#smoker). Light it first.

Nothing else, says [\\[1\\]](https://example.org/a).

## Seasons ##

1. If it is spring:
   1. Feed them.
   2. Count
      them.

      By hand.

2. If it is winter:

   * Leave them alone.
"""


def read(text: str) -> list[tuple[tuple[str, ...], str]]:
    """The sentences of a text without headings, each with its context."""
    (section,) = markdown(text)
    return [(sentence.context, sentence.text) for sentence in section.sentences]


def fenced(*lines: str) -> list[tuple[tuple[str, ...], str]]:
    """The sentences of a fenced block."""
    return read("\n".join(["```", *lines, "```"]))


# Markdown: sections and sentences.


def test_markdown_is_read_as_headings_and_numbered_sentences() -> None:
    keeping, tools, seasons = markdown(BEES)

    assert [s.title for s in (keeping, tools, seasons)] == ["Keeping bees", "Tools", "Seasons"]
    assert [(s.ordinal, s.text) for s in keeping.sentences] == [
        (1, "Draft"),
        (2, "Bees are insects."),
        (3, "They live in *hives*!"),
    ]
    need = "You need these:"
    assert [(s.ordinal, s.context, s.text) for s in tools.sentences] == [
        (1, (), need),
        (2, (need,), "A veil"),
        (3, (need,), "A smoker."),
        (4, (need,), "Light it first."),
        (5, (), "Nothing else, says [1]."),
    ]
    assert [(s.context, s.text) for s in seasons.sentences] == [
        (("If it is spring:",), "Feed them."),
        (("If it is spring:",), "Count them."),
        (("If it is spring:",), "By hand."),
        (("If it is winter:",), "Leave them alone."),
    ]
    assert all(
        s.digest == digest(s.text, s.lead.digest if s.lead else "")
        for part in (keeping, tools, seasons)
        for s in part.sentences
    )


def test_sections_of_one_title_are_told_apart_as_in_html() -> None:
    text = "# Bees\n## Food\na\n# Wasps\n## Food\nb"

    assert [part.title for part in markdown(text)] == [
        "Bees",
        "Bees / Food",
        "Wasps",
        "Wasps / Food",
    ]


def test_a_link_within_the_page_that_is_an_item_is_no_sentence() -> None:
    text = "1. [Bees](#bees)\n   1. [Food](#food)\n1. [Wasps](wasps.md)\n1. See [bees](#bees)"

    assert read(text) == [((), "Wasps"), ((), "See bees")]
    assert read("[Bees](#bees)") == [((), "Bees")]


def test_what_is_indented_less_ends_a_list() -> None:
    text = "- a:\n  - b\n\n  c\n\nd\n    - e\n- f"

    assert read(text) == [(("a:",), "b"), ((), "c"), ((), "d"), ((), "e"), ((), "f")]


def test_a_lead_in_holds_for_one_block_of_markdown() -> None:
    text = "Either:\n\n1. a\n1. b\n\nor:\n\n1. c\n\nd"

    assert read(text) == [
        ((), "Either:"),
        (("Either:",), "a"),
        (("Either:",), "b"),
        ((), "or:"),
        (("or:",), "c"),
        ((), "d"),
    ]


# Markdown: fenced blocks.


def test_lines_of_a_fenced_block_stand_under_what_they_are_indented_below() -> None:
    found = fenced(
        "Bee (ANIMAL)",
        "  Legs (INT)",
        "    There are six. None is spare.",
        "  Wings",
        "",
        "Wasp (ANIMAL)",
        "  See above",
    )

    legs = ("Bee (ANIMAL)", "Legs (INT)")
    assert found == [
        (legs, "There are six."),
        (legs, "None is spare."),
        (("Bee (ANIMAL)",), "Wings"),
        (("Wasp (ANIMAL)",), "See above"),
    ]


def test_a_fenced_block_stands_under_the_sentence_that_introduces_it() -> None:
    text = (
        "A bee is:\n\n```\nbee = wings\n\n  all legs\n```\n\n- Or:\n\n  ```\n  six\n  ```\n- more"
    )

    assert read(text) == [
        ((), "A bee is:"),
        (("A bee is:", "bee = wings"), "all legs"),
        (("Or:",), "six"),
        ((), "more"),
    ]


def test_a_line_that_was_full_goes_on_in_the_next() -> None:
    full = "The bees of this hive are to be counted in the morning, before any of them"
    short = "The bees of this hive are to be counted"

    assert fenced(full, "flies") == [((), f"{full} flies")]
    assert fenced(short, "by hand") == [((), short), ((), "by hand")]
    assert fenced(f"  {full}", "flies") == [((), full), ((), "flies")]
    assert fenced(full, "sum = bees + wasps") == [((), full), ((), "sum = bees + wasps")]
    assert fenced(full, "return bees") == [((), full), ((), "return bees")]


def test_brackets_items_and_figures_hold_lines_together() -> None:
    assert fenced("bees = sum(one,", "three)", "wasps") == [
        ((), "bees = sum(one, three)"),
        ((), "wasps"),
    ]
    assert fenced("1. Count", "   them.", "2. Rest.", "* Sleep") == [
        ((), "Count them."),
        ((), "Rest."),
        ((), "Sleep"),
    ]
    assert fenced("0A0B0C0D 00000001", "00000002", "end") == [
        ((), "0A0B0C0D 00000001 00000002"),
        ((), "end"),
    ]


def test_a_block_with_an_arrow_is_a_picture() -> None:
    assert fenced("Alice        Bob", "  -- honey -->", "one. Two.") == [
        ((), "Alice Bob -- honey --> one. Two."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```\na", ["a"]),
        ("```\n```\n", []),
        ("```\n\n```a", []),
        ("#", []),
        ("#a", ["#a"]),
        ("- \n-", []),
        ("[a](b", ["[a](b"]),
        ("[a\nb](#c) d", ["a b d"]),
        ("~~~\n  x\n y\nz\n~~~", ["x", "y", "z"]),
        ("a  \r\n\tb", ["a b"]),
    ],
)
def test_malformed_markdown_is_read_all_the_same(text: str, expected: list[str]) -> None:
    assert [sentence.text for part in markdown(text) for sentence in part.sentences] == expected


LINES = [
    f"{indent}{mark}{word}"
    for indent in ("", "  ", "    ")
    for mark in ("", "- ", "1. ")
    for word in ("WORD", "WORD:", "WORD.")
]


@given(st.lists(st.sampled_from([*LINES, *LINES, "", "```", "  ```", "# WORD", "## WORD"])))
def test_no_word_of_markdown_is_lost_and_none_is_spoken_twice(pieces: list[str]) -> None:
    text = "\n".join(piece.replace("WORD", f"W{n}x") for n, piece in enumerate(pieces))

    parts = markdown(text)

    spoken = Counter(re.findall(r"W\d+x", " ".join(s.text for p in parts for s in p.sentences)))
    others = [part.title for part in parts]
    others += [lead for part in parts for s in part.sentences for lead in s.context]
    assert set(re.findall(r"W\d+x", " ".join(others))) | set(spoken) == set(
        re.findall(r"W\d+x", text)
    )
    assert set(spoken.values()) <= {1}
    for part in parts:
        assert [s.ordinal for s in part.sentences] == list(range(1, len(part.sentences) + 1))


@given(st.text(alphabet="#-*1. `~[]()\\:\n\tab\r", max_size=80) | st.text(max_size=80))
def test_any_string_is_markdown(text: str) -> None:
    for part in markdown(text):
        for sentence in part.sentences:
            assert any(c.isalnum() for c in sentence.text)


@pytest.mark.parametrize(
    "piece",
    ["# ", "- a:\n", "[", "[a", "[a](", "\\[", "```\n", "a. ", "1. ", "(", "`", "a\n", "  a:\n"],
)
def test_markdown_takes_linear_time(piece: str) -> None:
    for text in (piece * 5_000, "```\n" + piece * 5_000):
        before = process_time()
        markdown(text)

        assert process_time() - before < 10  # quadratic time would be minutes


def test_deep_lists_need_no_stack() -> None:
    depth = 2_000
    nested = "\n".join(" " * n + "- a:" for n in range(depth))

    for text in (nested, f"```\n{nested}\n```"):
        (section,) = markdown(text)
        assert sum(len(s.context) + 1 for s in section.sentences) == depth


def test_the_name_of_a_file_says_how_it_is_read() -> None:
    text = "# Bees\n\n- <b>hum</b>"

    as_markdown = PinnedText("nobody/nothing", "0" * 40, "docs/bees.md", "").read(text)
    as_html = PinnedText("nobody/nothing", "0" * 40, "docs/bees.html", "").read(text)

    assert [(s.title, [x.text for x in s.sentences]) for s in as_markdown] == [
        ("Bees", ["<b>hum</b>"])
    ]
    assert [(s.title, [x.text for x in s.sentences]) for s in as_html] == [
        ("", ["# Bees - hum"]),
    ]


def test_a_registry_is_compared_with_markdown() -> None:
    clauses = tuple(
        Clause(
            id=f"bees.s{number}.n{sentence.ordinal}",
            section=section.title,
            ordinal=sentence.ordinal,
            digest=sentence.digest,
            level=Level.INFORMS,
            about="something about bees",
            argued="not OTR",
        )
        for number, section in enumerate(markdown(BEES))
        for sentence in section.sentences
    )
    registry = Registry("bees", PinnedText("nobody/nothing", "0" * 40, "bees.md", ""), clauses)

    assert not against(registry, BEES)
    found = against(registry, BEES.replace("Feed", "Warm"))
    assert [(s.section, s.text) for s in found.missing] == [("Seasons", "Warm them.")]
    assert [clause.ordinal for clause in found.stale] == [1]


# The registries of OTRv4.


@cache
def known() -> tuple[str, ...]:
    """What a clause of OTRv4 can cite."""
    return tuple(_known())


def _known() -> Iterator[str]:
    name = OTRV4.name
    yield from (table.name for table in OTRV4.tables)
    yield from (row.id for row in OTRV4.rows())
    for kind, words in (
        ("event", OTRV4.events),
        ("condition", OTRV4.conditions),
        ("check", OTRV4.checks),
        ("effect", OTRV4.effects),
        ("datum", OTRV4.data),
    ):
        yield from (f"{name}.{kind}:{word.label}" for word in words)
    variables = (*OTRV4.variables, *OTRV4.parameters)
    yield from (f"{name}.variable:{variable.name}" for variable in variables)
    yield from (hole.id for hole in OTRV4.ambiguities)
    for layout in layouts.LAYOUTS:
        yield layout.id
        yield from (layout.field_id(field) for field in layout.fields)
    for text in layouts.TEXTS:
        yield text.id
        yield from (text.piece_id(piece) for piece in text.pieces)
    yield from (f"{name}.type:{kind.label}" for kind in layouts.Type)
    for schedule in schedules.SCHEDULES:
        yield from (schedule.value_id(value) for value in schedule.values)
    for module in (layouts, groups4):
        for constant, value in vars(module).items():
            if constant.isupper() and isinstance(value, int | Group | groups4.Curve):
                yield f"{name}.constant:{constant.lower().replace('_', '-')}"
    published = tomllib.loads(LEDGER.read_text("utf-8"))
    yield from (case for case, fate in published["case"].items() if fate == "active")


def cited() -> set[str]:
    """Every citation, but those of the whole protocol."""
    return {c for registry in REGISTRIES for clause in registry for c in clause.cites}


def test_the_registries_have_a_clause_for_every_sentence_of_their_texts() -> None:
    assert {registry.name: len(registry) for registry in REGISTRIES} == {
        "otrv4": 2431,
        "otrv4-compatible": 28,
        "otrv4-standalone": 187,
        "otrv4-interactive-only": 20,
        "otrv4-recommendations": 23,
    }
    assert (V4, COMPATIBLE, STANDALONE, INTERACTIVE_ONLY, RECOMMENDATIONS) == REGISTRIES
    for registry in REGISTRIES:
        sections = [clause.section for clause in registry]
        assert len(set(sections)) == len(list(groupby(sections)))
        for title, members in groupby(registry, key=lambda clause: clause.section):
            ordinals = [clause.ordinal for clause in members]
            assert ordinals == list(range(1, len(ordinals) + 1)), title


@pytest.mark.parametrize("registry", REGISTRIES, ids=NAMES)
def test_a_registry_of_otrv4_is_well_formed(registry: Registry) -> None:
    assert uncited(registry) == []
    for clause in registry:
        assert len(clause.about.split()) <= 12, clause.id
        assert clause.argued or clause.level is not Level.INFORMS, clause.id
        assert digest(clause.about) != clause.digest, "a paraphrase, not the sentence"
        assert len(clause.cites) == len(set(clause.cites)), clause.id


def test_no_two_clauses_of_otrv4_share_an_id() -> None:
    ids = Counter(clause.id for registry in REGISTRIES for clause in registry)

    assert set(ids.values()) == {1}


@pytest.mark.parametrize("registry", REGISTRIES, ids=NAMES)
def test_whatever_answers_for_a_clause_of_otrv4_exists(registry: Registry) -> None:
    assert unresolved(registry, known()) == []


def test_a_clause_that_is_named_in_a_reason_exists() -> None:
    ours = {clause.id for registry in REGISTRIES for clause in registry}
    theirs = {clause.id for clause in V3}
    named = [
        (name, "version 3:" in clause.argued)
        for registry in REGISTRIES
        for clause in registry
        for name in re.findall(r"\b[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+", clause.argued)
    ]

    assert ("receiving-dh-commit.none", True) in named
    assert ("profile-validating.versions", False) in named
    for name, older in named:
        assert name in (theirs if older else ours), name


def test_every_check_layout_and_open_question_is_there_for_some_sentence() -> None:
    citations = cited()

    def answered(kind: str) -> set[str]:
        prefix = f"{OTRV4.name}.{kind}:"
        mine = [each for each in known() if each.startswith(prefix)]
        return {each for each in mine if any(answers(each, c) for c in citations)}

    assert answered("check") == {f"otrv4.check:{check.label}" for check in OTRV4.checks}
    assert answered("ambiguity") == {hole.id for hole in OTRV4.ambiguities}
    fields = answered("layout")
    for layout in layouts.LAYOUTS:
        assert fields & {layout.id, *map(layout.field_id, layout.fields)}, layout.id
    for text in layouts.TEXTS:
        assert text.id in answered("text")


def test_rows_that_no_sentence_asks_for_only_ignore() -> None:
    citations = cited()
    idle = [row for row in OTRV4.rows() if not any(answers(row.id, c) for c in citations)]

    assert [row.id for row in idle if row.do] == []
    assert len(idle) < 20


# Against the texts.


@pytest.mark.parametrize("registry", REGISTRIES, ids=NAMES)
def test_the_pinned_texts_and_the_registries_do_not_differ(registry: Registry) -> None:
    texts = os.environ.get("OTRSPEC_TEXTS")
    if not texts:
        pytest.skip("OTRSPEC_TEXTS names no directory with copies of the texts")
    contents = [path.read_bytes() for path in sorted(Path(texts).glob("*.md"))]
    copies = [content for content in contents if registry.text.is_copy(content)]
    if not copies:
        pytest.skip(f"there is no copy of {registry.text.path}")

    found = against(registry, copies[0].decode())

    assert (found.missing, found.stale, found.moved) == ((), (), ())
