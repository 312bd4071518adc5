"""Clauses: which sentence of which text says so, without the sentence.

A specification is a text that we may read but do not carry. A `Clause` points into it: the
heading, the number of the sentence under that heading, and a hash of the sentence as `normalise`
leaves it. A `Registry` holds one clause for every sentence of one pinned text, each with a level
(does it bind?), a paraphrase of our own, and either what implements it or why nothing can. Two
questions follow: `uncited` (which clauses nobody answers for) and `against` (which sentences of a
fetched copy have no clause, and which clauses have no sentence).

What counts as a sentence is fixed by `sections`, which reads HTML, and by `markdown`:

- A paragraph, an item, a definition or a line that ends in a break is divided at full stops,
  question and exclamation marks. Preformatted text is one sentence.
- A *term* is no sentence of its own: a `dt` in front of its `dd`, and an item that does nothing
  but introduce the list inside it ("If it is the first one:"). It becomes the *lead* of whatever
  stands under it.
- Any other sentence that ends in a colon is a sentence, and also the lead of the block after it.
- A term under which nothing stands is a sentence.

Markdown is read into the same parts, with three rules of its own:

- In a fenced block, lines are sentences, and stand under the line that they are indented below; the
  next line goes on with a sentence where its first word did not fit and it is no assignment, where
  a bracket is open, in the rest of a numbered or marked item, and in a run of hexadecimal figures.
- A fenced block with an arrow in it is a picture: one sentence.
- A list item that is nothing but a link within the page is navigation, and no sentence.

Leads chain, and the hash of a sentence takes in the hash of its lead: "ignore the message" under
another condition is another clause, and a clause goes stale when its condition is reworded.

The readers are total. They take any string, in linear time, and raise nothing. That is why HTML
has its own scanner: `html.parser` raises on some malformed declarations and on long character
references, and is quadratic in unclosed tags.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "Clause",
    "Difference",
    "Draft",
    "Lead",
    "Level",
    "PinnedText",
    "Registry",
    "RegistryError",
    "Section",
    "Sentence",
    "against",
    "answers",
    "citing",
    "defines",
    "digest",
    "in_section",
    "informs",
    "markdown",
    "may",
    "must",
    "normalise",
    "sections",
    "should",
    "uncited",
    "unresolved",
    "within_section",
]

DIGEST_LENGTH = 16
"""Hexadecimal digits of a digest: 64 bits, enough to tell the sentences of a text apart."""

WORDS_AT_MOST = 12
"""Words of a paraphrase. More would be a copy."""


# --- Sentences --------------------------------------------------------------------------------


QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})  # noqa: RUF001 - what it unifies


def normalise(sentence: str) -> str:
    r"""The sentence as it is hashed.

    Lower case, runs of white space as one blank, straight quotes, and no sentence punctuation at
    either end. Brackets and quotes stay: m2' and m2 are different keys.

    >>> normalise("  Ignore the\n message. ")
    'ignore the message'
    """
    return " ".join(sentence.lower().translate(QUOTES).split()).strip(" .,;:!?")


def digest(sentence: str, lead: str = "") -> str:
    """The first 16 hexadecimal digits of SHA-256 over the normalised sentence.

    Args:
        sentence: the sentence, in any layout.
        lead: the digest of the term or sentence that it stands under; empty if there is none.
    """
    text = f"{lead}\n{normalise(sentence)}" if lead else normalise(sentence)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]


@dataclass(frozen=True, slots=True)
class Lead:
    """A term, or a sentence that ends in a colon: the context of what stands under it."""

    text: str
    digest: str
    under: Lead | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, text: str, under: Lead | None) -> Lead:
        """A lead below another one, or below a heading."""
        return cls(text, digest(text, under.digest if under else ""), under)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text that somebody fetched. Never stored.

    Attributes:
        section: the title of its section (see `Section`).
        ordinal: its number in the section, from 1.
        text: the sentence, white space collapsed, subscripts as _{i} and superscripts as ^{x}.
        digest: its hash, which takes in the hash of its lead.
        lead: what it stands under, if anything.
    """

    section: str
    ordinal: int
    text: str
    digest: str
    lead: Lead | None = field(default=None, repr=False, compare=False)

    @property
    def context(self) -> tuple[str, ...]:
        """The texts of its leads, the outermost first."""
        leads: deque[str] = deque()
        lead = self.lead
        while lead is not None:
            leads.appendleft(lead.text)
            lead = lead.under
        return tuple(leads)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the sentences between it and the next heading.

    The title is the heading's text. Where a text uses a heading twice, each of them is preceded by
    the heading that it stands under and " / ", and numbered if that does not tell them apart.
    Sentences in front of the first heading form a section without a title.
    """

    title: str
    sentences: tuple[Sentence, ...]


# --- Reading HTML -----------------------------------------------------------------------------


HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
LISTS = frozenset({"ul", "ol", "dl", "menu", "dir"})
ITEMS = frozenset({"li", "dt", "dd"})
PARAGRAPHS = frozenset({"p", "pre"})
SCRIPTS = {"sub": "_{", "sup": "^{"}
SKIPPED = {tag: re.compile(f"</{tag}", re.IGNORECASE) for tag in ("title", "style", "script")}
INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "big", "cite", "code", "del", "dfn", "em", "font"),
        *("i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike"),
        *("strong", "tt", "u", "var", "wbr", "html", "head", "body"),
    }
)
"""Tags that do not end a sentence. Whatever is not known is taken for a block."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_STOP = re.compile(r">|=\s*+([\"'])")
_LONG_REFERENCE = re.compile(r"&#[0-9]{8,};?")
_END = re.compile(r"[.?!](?P<closers>[)\]\"']*) (?=(?P<after>.))")
_ABBREVIATIONS = ("i.e", "e.g")


@unique
class _Token(Enum):
    TEXT = "text"
    OPEN = "open"
    CLOSE = "close"


def _after_tag(html: str, at: int) -> int:
    """Where the tag whose name ends at `at` is over, taking quoted attributes into account."""
    while stop := _STOP.search(html, at):
        at = stop.end()
        if stop[0] == ">":
            return at
        at = _after(html, stop[1], at)
    return len(html)


def _after(html: str, mark: str, at: int) -> int:
    """Just behind the next `mark`, or the end of the text."""
    found = html.find(mark, at)
    return len(html) if found < 0 else found + len(mark)


def _tokens(html: str) -> Iterator[tuple[_Token, str]]:
    """Text, opening and closing tags; comments, declarations and skipped elements left out."""
    at = 0
    while at < len(html):
        angle = html.find("<", at)
        text = html[at:angle] if angle >= 0 else html[at:]
        if text:
            yield _Token.TEXT, unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text))
        if angle < 0:
            return
        closing = html.startswith("/", angle + 1)
        name = _NAME.match(html, angle + 1 + closing)
        if name:
            tag = name[0].lower()
            at = _after_tag(html, name.end())
            if closing or tag not in SKIPPED:
                yield (_Token.CLOSE if closing else _Token.OPEN), tag
            else:
                end = SKIPPED[tag].search(html, at)
                at = _after(html, ">", end.end()) if end else len(html)
        elif html.startswith("<!--", angle):
            at = _after(html, "-->", angle + 4)
        elif html.startswith(("<!", "<?", "</"), angle):
            at = _after(html, ">", angle)
        else:
            yield _Token.TEXT, "<"
            at = angle + 1


def _split(text: str) -> Iterator[str]:
    """Divide a block of text, white space collapsed, into sentences.

    A full stop, question or exclamation mark and a blank end a sentence, unless a small letter
    follows and the mark is quoted, bracketed or no full stop ("the byte "?" is sent"). Names such
    as msgstate may begin a sentence, so a small letter alone does not keep it together; "i.e." and
    "e.g." do, and so does "etc." before a small letter.
    """
    start = 0
    for end in _END.finditer(text):
        before = text[max(start, end.start() - 3) : end.start()].lower()
        if before in _ABBREVIATIONS:
            continue
        if end["after"].islower() and (
            end["closers"] or text[end.start()] != "." or before == "etc"
        ):
            continue
        yield text[start : end.end() - 1]
        start = end.end()
    yield text[start:]


@dataclass(slots=True)
class _Term:
    """A term that is a sentence after all, if nothing comes to stand under it.

    Attributes:
        lead: the term.
        sentences: how many sentences the section had when it was read.
    """

    lead: Lead
    sentences: int


@dataclass(slots=True)
class _Frame:
    """An open list, item or term.

    Attributes:
        tag: its HTML tag.
        lead: what it stands under.
        sentences: how many sentences the section had when it was opened.
        term: of a list, the `dt` that was read last.
        owed: of a list, the lead-in that it was opened under, where that is a term.
    """

    tag: str
    lead: Lead | None
    sentences: int
    term: _Term | None = None
    owed: _Term | None = None

    @property
    def inner(self) -> Lead | None:
        """What its content stands under."""
        return self.term.lead if self.term else self.lead


@dataclass(slots=True)
class _Part:
    """A section being read."""

    level: int
    title: str
    parent: str
    sentences: list[Sentence] = field(default_factory=list)


class _Reader:
    """Turns tokens into sections, whatever their nesting.

    Attributes:
        parts: the sections so far; the last one is being read.
        above: the headings that the current one stands under, itself last.
        heading: the level of the heading whose title is being read, or 0.
        text: the pieces of the block that is being read.
        scripts: how many subscripts and superscripts are open in it.
        frames: the open lists, items and terms, the innermost last.
        block: what the open paragraph stands under, where a sentence introduces it.
        owed: that sentence, where it is a term.
        pending: the sentence with a colon that has just ended, until a block takes it as its lead.
        preformatted: whether the block is preformatted.
    """

    def __init__(self) -> None:
        self.parts = [_Part(0, "", "")]
        self.above: list[_Part] = []
        self.heading = 0
        self.text: list[str] = []
        self.scripts = 0
        self.frames: list[_Frame] = []
        self.block: Lead | None = None
        self.owed: _Term | None = None
        self.pending: Lead | None = None
        self.preformatted = False

    # Sentences.

    def count(self) -> int:
        """How many sentences the section has."""
        return len(self.parts[-1].sentences)

    def lead(self) -> Lead | None:
        """What a sentence here stands under."""
        return self.block or (self.frames[-1].inner if self.frames else None)

    def emit(self, text: str, lead: Lead | None) -> None:
        """Add a sentence; one without a letter or figure is layout and is left out."""
        if any(c.isalnum() for c in text):
            hashed = digest(text, lead.digest if lead else "")
            self.parts[-1].sentences.append(Sentence("", self.count() + 1, text, hashed, lead))

    def settle(self, term: _Term | None) -> None:
        """Make a term a sentence if nothing has come to stand under it."""
        if term and term.sentences == self.count():
            self.emit(term.lead.text, term.lead.under)

    def take(self) -> str:
        """Take the text collected so far, white space collapsed, scripts closed."""
        self.text.append("}" * self.scripts)
        self.scripts = 0
        text = " ".join("".join(self.text).split())
        self.text.clear()
        return text

    def flush(self) -> None:
        """End a block of text."""
        if self.heading:
            self.end_heading()
        elif self.frames and self.frames[-1].tag == "dt":
            self.text.append(" ")  # a term is one piece, whatever stands in it
        elif text := self.take():
            lead = self.lead()
            sentences = [text] if self.preformatted else list(_split(text))
            for sentence in sentences:
                self.emit(sentence, lead)
            last = sentences[-1]
            self.pending = Lead.of(last, lead) if last.endswith(":") else None

    def introduce(self) -> tuple[Lead | None, _Term | None]:
        """End a block of text in front of a list or paragraph, and find what introduces that.

        Returns:
            Its lead, and the same as a term if it is one: the first and only sentence of an item.
        """
        item = self.frames[-1] if self.frames else None
        if item and item.tag == "li" and item.sentences == self.count() and not self.block:
            text = self.take()
            if text.endswith(":") and len(list(_split(text))) == 1:
                lead = Lead.of(text, item.lead)
                return lead, _Term(lead, self.count())
            self.text.append(text)
        self.end_block()
        introduced, self.pending = self.pending, None
        return introduced or self.lead(), None

    # Structure.

    def end_heading(self) -> None:
        """Begin the section whose title has been read."""
        level, self.heading = self.heading, 0
        title = self.take()
        while self.above and self.above[-1].level >= level:
            self.above.pop()
        part = _Part(level, title, self.above[-1].title if self.above else "")
        self.above.append(part)
        self.parts.append(part)

    def end_block(self) -> None:
        """End a block of text, and the paragraph that it may be in."""
        self.flush()
        self.settle(self.owed)
        self.block = self.owed = None
        self.preformatted = False

    def pop(self) -> None:
        """Close the innermost list, item or term."""
        self.end_block()
        frame = self.frames.pop()
        if frame.tag != "dt":
            self.settle(frame.term)
            self.settle(frame.owed)
        elif text := self.take():
            around = self.frames[-1]
            around.term = _Term(Lead.of(text, around.lead), self.count())

    def open_list(self, tag: str) -> None:
        """Open a list."""
        if self.frames and self.frames[-1].tag == "dt":
            self.pop()
        lead, owed = self.introduce()
        self.frames.append(_Frame(tag, lead, self.count(), owed=owed))

    def open_item(self, tag: str) -> None:
        """Open an item, a term or a definition in the innermost list, or in a new one."""
        while self.frames and self.frames[-1].tag not in LISTS:
            self.pop()
        if not self.frames:
            self.open_list("ul" if tag == "li" else "dl")
        self.end_block()
        self.pending = None
        around = self.frames[-1]
        if tag != "dd":
            self.settle(around.term)
            around.term = None
        self.frames.append(_Frame(tag, around.inner, self.count()))

    def open_paragraph(self, tag: str) -> None:
        """Open a paragraph or preformatted text."""
        lead, owed = self.introduce()
        if not (self.frames and self.frames[-1].tag == "dt"):
            self.block, self.owed = lead, owed
            self.preformatted = tag == "pre"

    def open(self, tag: str) -> None:
        """Take an opening tag."""
        if tag in INLINE:
            return
        if tag in SCRIPTS:
            self.text.append(SCRIPTS[tag])
            self.scripts += 1
        elif tag in HEADINGS:
            while self.frames:
                self.pop()
            self.end_block()
            self.pending = None
            self.heading = int(tag[1])
        elif tag == "br" and self.heading:
            self.text.append(" ")
        elif tag == "br":
            self.flush()
        elif tag in LISTS:
            self.open_list(tag)
        elif tag in ITEMS:
            self.open_item(tag)
        elif tag in PARAGRAPHS:
            self.open_paragraph(tag)
        else:
            self.end_block()

    def close(self, tag: str) -> None:
        """Take a closing tag. One that closes nothing ends the block of text."""
        if tag in INLINE:
            return
        if tag in SCRIPTS:
            if self.scripts:
                self.text.append("}")
                self.scripts -= 1
        elif tag in LISTS:
            while self.frames and self.frames[-1].tag not in LISTS:
                self.pop()
            if self.frames:
                self.pop()
            else:
                self.end_block()
        elif tag in ITEMS and self.frames and self.frames[-1].tag == tag:
            self.pop()
        else:
            self.end_block()

    def finish(self) -> list[_Part]:
        """Close everything, and return the sections."""
        while self.frames:
            self.pop()
        self.end_block()
        return self.parts if self.parts[0].sentences else self.parts[1:]


def _titles(parts: list[_Part]) -> Iterator[str]:
    """A title for each section (see `Section`)."""
    plain = Counter(normalise(part.title) for part in parts)
    seen: Counter[str] = Counter()
    for part in parts:
        title = part.title
        if part.parent and plain[normalise(title)] > 1:
            title = f"{part.parent} / {title}"
        seen[title] += 1
        yield title if seen[title] == 1 else f"{title} ({seen[title]})"


def sections(html: str) -> list[Section]:
    """The headings and sentences of an HTML text, in its order.

    Total: any string has sections, read in linear time. Text outside the markup's rules is read
    the way browsers do, near enough for a hash to be stable.
    """
    reader = _Reader()
    for token, value in _tokens(html):
        if token is _Token.TEXT:
            reader.text.append(value)
        elif token is _Token.OPEN:
            reader.open(value)
        else:
            reader.close(value)
    return _titled(reader.finish())


def _titled(parts: list[_Part]) -> list[Section]:
    """The sections under their titles."""
    return [
        Section(title, tuple(replace(sentence, section=title) for sentence in part.sentences))
        for title, part in zip(_titles(parts), parts, strict=True)
    ]


# --- Reading Markdown -------------------------------------------------------------------------


WIDTH = 72
"""Columns that every text fills. Where a word would have fitted, the break before it is meant."""

_MARK = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)]) +(?=\S)")
_ATX = re.compile(r" {0,3}(#{1,6})(?: +|$)")
_FENCE = re.compile(r" *(```|~~~)")
_LINK = re.compile(r"!?\[((?:\\.|[^\[\]\\]){0,500})\]\(([^\s()]{0,500})\)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ARROW = re.compile(r"-->|<--")
_STATEMENT = re.compile(r" *(?:return\b|[^=.:(]{1,60} = )")
_FIGURES = re.compile(r"(?:[0-9A-F]{8} )*[0-9A-F]{8}")


def _inline(text: str) -> str:
    """The words of a piece of Markdown: no targets of links, no emphasis, no marks of code."""
    return _ESCAPE.sub(r"\1", _LINK.sub(r"\1", text).replace("`", "").replace("**", ""))


def _is_navigation(text: str) -> bool:
    link = _LINK.fullmatch(text.strip())
    return link is not None and link[2].startswith("#")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@dataclass(slots=True)
class _Entry:
    """A line of a fenced block, with the lines that go on with it.

    Attributes:
        indent: its blanks in front.
        hangs: the blanks in front of a line that goes on with an item; -1 if it is no item.
        pieces: its lines.
        open: how many brackets are open.
    """

    indent: int
    hangs: int
    pieces: list[str]
    open: int = 0

    @classmethod
    def of(cls, line: str) -> _Entry:
        """An entry that begins with a line."""
        indent = _indent(line)
        mark = _MARK.match(line, indent)
        start = mark.end() if mark else indent
        entry = cls(indent, start if mark else -1, [])
        entry.add(line[start:])
        return entry

    def add(self, piece: str) -> None:
        """Go on with a line."""
        self.pieces.append(piece)
        self.open = max(0, self.open + sum(map(piece.count, "([")) - sum(map(piece.count, ")]")))

    def goes_on(self, last: str, line: str) -> bool:
        """Whether a line belongs to it, behind its last one."""
        indent = _indent(line)
        if indent < self.indent or _MARK.match(line, indent):
            return False
        word = line.split(maxsplit=1)[0]
        return (
            self.open > 0
            or indent == self.hangs
            or (len(last) + 1 + len(word) > WIDTH and not _STATEMENT.match(line))
            or bool(_FIGURES.fullmatch(last.strip()) and _FIGURES.fullmatch(line.strip()))
        )

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.pieces)

    @property
    def is_term(self) -> bool:
        """Whether it is one for what is indented below it: a single sentence without an end."""
        return not self.text.endswith(".") and len(list(_split(self.text))) == 1


class _Markdown:
    """Turns lines into what `_Reader` takes.

    Attributes:
        reader: it.
        lists: the blanks in front of the items of the open lists, the innermost last.
        lines: the lines of the paragraph that is being read.
        gap: whether the next line begins a paragraph.
    """

    def __init__(self) -> None:
        self.reader = _Reader()
        self.lists: list[int] = []
        self.lines: list[str] = []
        self.gap = True

    def flush(self) -> None:
        """End a paragraph."""
        text = " ".join(self.lines)
        self.lines.clear()
        self.gap = True
        if not (self.lists and _is_navigation(text)):
            self.reader.text.append(_inline(text))

    def leave(self, indent: int) -> None:
        """Close the lists whose items do not reach so far in."""
        while self.lists and indent <= self.lists[-1]:
            self.lists.pop()
            self.reader.close("ul")

    def take(self, line: str) -> None:
        """Take a line outside of fenced blocks."""
        heading = _ATX.match(line)
        indent = _indent(line)
        mark = _MARK.match(line, indent)
        if not line.strip():
            self.flush()
        elif heading:
            self.flush()
            self.lists.clear()
            self.reader.open(f"h{len(heading[1])}")
            self.reader.text.append(_inline(line[heading.end() :].rstrip("# ")))
            self.reader.close(f"h{len(heading[1])}")
        elif mark:
            self.flush()
            self.leave(indent + 1 if indent in self.lists else indent)
            if not self.lists or indent > self.lists[-1]:
                self.lists.append(indent)
                self.reader.open("ul")
            self.reader.open("li")
            self.lines.append(line[mark.end() :])
            self.gap = False
        else:
            if self.gap:
                self.leave(indent)
                self.reader.open("p")
                self.gap = False
            self.lines.append(line.strip())

    def fenced(self, indent: int, lines: list[str]) -> None:
        """Take a fenced block."""
        self.flush()
        self.leave(indent)
        if any(map(_ARROW.search, lines)):
            self.reader.open("pre")
            self.reader.text.append(" ".join(lines))
            self.reader.close("pre")
        else:
            self.entries(_entries(lines))

    def entries(self, entries: list[_Entry]) -> None:
        """Take the entries of a fenced block as lists: an item, or a term and its definition."""
        if not entries:
            return
        reader = self.reader
        levels: list[tuple[int, tuple[str, ...]]] = [(entries[0].indent, ("ul",))]
        reader.open("ul")
        for entry, after in zip(entries, [*entries[1:], None], strict=True):
            while len(levels) > 1 and entry.indent < levels[-1][0]:
                for tag in levels.pop()[1]:
                    reader.close(tag)
            reader.open("li")
            deeper = after is not None and after.indent > max(entry.indent, levels[-1][0])
            around = ("ul", "dl") if deeper and entry.is_term else ("ul",)
            for tag in ("dl", "dt") if around[1:] else ():
                reader.open(tag)
            reader.text.append(entry.text)
            for tag in ("dd",) if around[1:] else ():
                reader.close("dt")
                reader.open(tag)
            if after is not None and deeper:
                reader.open("ul")
                levels.append((after.indent, around))
        for _, tags in reversed(levels):
            for tag in tags:
                reader.close(tag)


def _entries(lines: list[str]) -> list[_Entry]:
    """The lines of a fenced block, joined where one goes on with another."""
    entries: list[_Entry] = []
    last = ""
    for line in lines:
        if not line:
            pass
        elif last and entries[-1].goes_on(last, line):
            entries[-1].add(line.strip())
        else:
            entries.append(_Entry.of(line))
        last = line
    return entries


def markdown(text: str) -> list[Section]:
    """The headings and sentences of a Markdown text, in its order.

    Total: any string has sections, read in linear time. It knows what specifications use:
    headings, paragraphs, lists, links and fenced blocks. A tab is four blanks.
    """
    reader = _Markdown()
    block: list[str] | None = None
    indent = 0
    for line in text.expandtabs(4).splitlines():
        fence = _FENCE.match(line)
        if fence and block is None:
            block, indent = [], _indent(line)
        elif fence and block is not None:
            reader.fenced(indent, block)
            block = None
        elif block is not None:
            block.append(line.rstrip())
        else:
            reader.take(line)
    if block is not None:
        reader.fenced(indent, block)
    reader.flush()
    return _titled(reader.reader.finish())


# --- Clauses ----------------------------------------------------------------------------------


_ID = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_DIGEST = re.compile(rf"[0-9a-f]{{{DIGEST_LENGTH}}}")
_CITATION = re.compile(r"[a-z0-9]+\.[a-z]+(:[a-z0-9_*-]+(\.[a-z0-9_*-]+)*)?")
_COMPONENTS = re.compile(r"[.:]")


class RegistryError(ValueError):
    """A clause or registry is malformed. Raised on import of the module that declares it."""


@unique
class Level(Enum):
    """How a sentence binds."""

    MUST = "an implementation does this, or it does not speak the protocol"
    SHOULD = "an implementation does this unless it has a reason not to"
    MAY = "an implementation is free to do this"
    DEFINES = "fixes a format, a value, a name or an algorithm that others rely on"
    INFORMS = "explains, motivates or repeats; binds nobody"


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of a pinned text, by reference.

    Attributes:
        id: readable, stable and public, such as "receiving-dh-commit.awaiting-dhkey.ours-higher".
        section: the title of the section, as `sections` gives it.
        ordinal: the number of the sentence in that section, from 1.
        digest: the hash of the sentence under its lead (see `digest`).
        level: how it binds.
        about: what it is about, in at most twelve words of our own.
        cites: what implements it (see `answers`).
        argued: why nothing cites it, or why what cites it is not the whole of it.

    Raises:
        RegistryError: if a field is out of its form, or an informative clause argues nothing.
    """

    id: str
    section: str
    ordinal: int
    digest: str
    level: Level
    about: str
    cites: tuple[str, ...] = ()
    argued: str = ""

    def __post_init__(self) -> None:
        complaint = (
            (not _ID.fullmatch(self.id) and "its id is not lower case with dots and hyphens")
            or (not _DIGEST.fullmatch(self.digest) and "its digest is not 16 hexadecimal digits")
            or (self.ordinal < 1 and "ordinals begin at 1")
            or (not self.about.strip() and "it has no paraphrase")
            or (len(self.about.split()) > WORDS_AT_MOST and "its paraphrase is too long")
            or (not all(map(_CITATION.fullmatch, self.cites)) and "it cites what is no id")
            or (
                self.level is Level.INFORMS and not self.argued and "it does not say why it is idle"
            )
        )
        if complaint:
            message = f"clause {self.id!r}: {complaint}"
            raise RegistryError(message)


@dataclass(frozen=True, slots=True)
class PinnedText:
    """The text that a registry is about.

    Attributes:
        repository: where it is published, as owner/name.
        commit: the commit that is meant, 40 hexadecimal digits.
        path: the file in that commit.
        sha256: the hash of the file, so that a fetched copy can be told from another edition.
    """

    repository: str
    commit: str
    path: str
    sha256: str

    def is_copy(self, content: bytes) -> bool:
        """Whether these are the bytes of the pinned file."""
        return sha256(content).hexdigest() == self.sha256

    def read(self, copy: str) -> list[Section]:
        """The sections of a copy, of whatever edition: as Markdown or HTML, by the file's name."""
        return markdown(copy) if self.path.endswith(".md") else sections(copy)


@dataclass(frozen=True, slots=True)
class Registry:
    """The clauses of one text.

    Raises:
        RegistryError: if two clauses share an id, or stand for the same sentence. Where the same
            words stand twice under one lead, each time is a sentence.
    """

    name: str
    text: PinnedText
    clauses: tuple[Clause, ...]

    def __post_init__(self) -> None:
        ids = Counter(clause.id for clause in self.clauses)
        places = Counter(f"{c.section} {c.ordinal} {c.digest}" for c in self.clauses)
        twice = [name for counted in (ids, places) for name, n in counted.items() if n > 1]
        if twice:
            message = f"{self.name}: declared twice: {', '.join(twice)}"
            raise RegistryError(message)

    def __iter__(self) -> Iterator[Clause]:
        return iter(self.clauses)

    def __len__(self) -> int:
        return len(self.clauses)

    def without(self, ids: frozenset[str]) -> tuple[Clause, ...]:
        """The clauses except some, for a text that lacks those sentences.

        Raises:
            RegistryError: if there is no such clause.
        """
        unknown = ids - {clause.id for clause in self.clauses}
        if unknown:
            message = f"{self.name}: no such clauses: {', '.join(sorted(unknown))}"
            raise RegistryError(message)
        return tuple(clause for clause in self.clauses if clause.id not in ids)


def uncited(registry: Registry) -> list[Clause]:
    """The clauses that neither cite what implements them nor argue why nothing does."""
    return [clause for clause in registry if not clause.cites and not clause.argued]


def answers(known: str, citation: str) -> bool:
    """Whether something with a public id is among what a citation means.

    A citation is an id, or the beginning of ids: "otrv3.ake:dh-commit.none" means each row for that
    event in that state, and "otrv3.ake" the whole table. A "*" stands for any one part.

    Args:
        known: the id of a row, check, effect, field or the like.
        citation: what a clause cites.

    >>> answers("otrv3.ake:dh-commit.none.not-allowed", "otrv3.ake:dh-commit.*.not-allowed")
    True
    """
    parts = _COMPONENTS.split(known)
    cited = _COMPONENTS.split(citation)
    return len(cited) <= len(parts) and all(
        c in {"*", part} for c, part in zip(cited, parts, strict=False)
    )


def citing(registry: Registry, known: str) -> list[Clause]:
    """The clauses that something with a public id answers for: why it exists."""
    return [c for c in registry if any(answers(known, citation) for citation in c.cites)]


def unresolved(registry: Registry, ids: Iterable[str]) -> list[tuple[Clause, str]]:
    """Every citation that means nothing, with its clause.

    Args:
        registry: the clauses.
        ids: everything that can be cited.
    """
    everything = tuple(ids)
    wanted = {citation for clause in registry for citation in clause.cites}
    empty = {c for c in wanted if not any(answers(known, c) for known in everything)}
    return [(clause, c) for clause in registry for c in clause.cites if c in empty]


@dataclass(frozen=True, slots=True)
class Difference:
    """Between a registry and a text.

    Attributes:
        missing: the sentences that have no clause, in the order of the text.
        stale: the clauses whose sentence is not in the text, in the order of the registry.
        moved: clauses whose sentence has another number in its section, with that number.
    """

    missing: tuple[Sentence, ...]
    stale: tuple[Clause, ...]
    moved: tuple[tuple[Clause, int], ...]

    def __bool__(self) -> bool:
        """Whether a sentence or a clause is left over. Moving alone changes nothing."""
        return bool(self.missing or self.stale)


def against(registry: Registry, copy: str) -> Difference:
    """Compare a registry with a text.

    A sentence and a clause belong together if section and digest are equal. A sentence that stands
    several times under one lead takes as many clauses, in their order.

    Args:
        registry: the clauses.
        copy: what was fetched of the text, of whatever edition.
    """
    waiting: defaultdict[tuple[str, str], deque[Clause]] = defaultdict(deque)
    for clause in registry:
        waiting[clause.section, clause.digest].append(clause)
    missing = []
    moved = []
    matched = set()
    for section in registry.text.read(copy):
        for sentence in section.sentences:
            candidates = waiting[sentence.section, sentence.digest]
            if not candidates:
                missing.append(sentence)
                continue
            clause = candidates.popleft()
            matched.add(clause.id)
            if clause.ordinal != sentence.ordinal:
                moved.append((clause, sentence.ordinal))
    stale = tuple(clause for clause in registry if clause.id not in matched)
    return Difference(tuple(missing), stale, tuple(moved))


# --- Writing a registry -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A clause before its section gives it its full id and its number."""

    name: str
    digest: str
    level: Level
    about: str
    cites: tuple[str, ...] = ()
    argued: str = ""


def must(name: str, digest: str, about: str, *cites: str, argued: str = "") -> Draft:
    """A sentence that binds."""
    return Draft(name, digest, Level.MUST, about, cites, argued)


def should(name: str, digest: str, about: str, *cites: str, argued: str = "") -> Draft:
    """A sentence that binds unless there is a reason."""
    return Draft(name, digest, Level.SHOULD, about, cites, argued)


def may(name: str, digest: str, about: str, *cites: str, argued: str = "") -> Draft:
    """A sentence that permits."""
    return Draft(name, digest, Level.MAY, about, cites, argued)


def defines(name: str, digest: str, about: str, *cites: str, argued: str = "") -> Draft:
    """A sentence that fixes a format, a value, a name or an algorithm."""
    return Draft(name, digest, Level.DEFINES, about, cites, argued)


def informs(name: str, digest: str, about: str, argued: str) -> Draft:
    """A sentence that binds nobody, and why."""
    return Draft(name, digest, Level.INFORMS, about, (), argued)


def in_section(title: str, prefix: str, *drafts: Draft) -> tuple[Clause, ...]:
    """The clauses of a whole section: one draft for each sentence, in the order of the text.

    Args:
        title: the section, as `sections` gives it.
        prefix: what the ids begin with.
        drafts: the clauses.
    """
    return within_section(title, prefix, dict(enumerate(drafts, 1)))


def within_section(title: str, prefix: str, drafts: dict[int, Draft]) -> tuple[Clause, ...]:
    """The clauses of some sentences of a section, by their numbers."""
    return tuple(
        Clause(
            id=f"{prefix}.{draft.name}",
            section=title,
            ordinal=ordinal,
            digest=draft.digest,
            level=draft.level,
            about=draft.about,
            cites=draft.cites,
            argued=draft.argued,
        )
        for ordinal, draft in drafts.items()
    )
