"""What reads documents: of the suite, of explorations, of drawings, and copies of specifications.

They are read from files that somebody keeps, not from the network. What is not text is refused, as
what is no JSON or TOML is. Their inputs here are short, since nothing in a document is repeated
without end; `growth` looks at long ones.
"""

from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, cast

from otr_check.explore import saving, scenario, witness
from otr_check.explore.machine import Question
from otr_check.explore.written import written
from otr_conformance import expectations, ids
from otr_conformance.bytefuzz import campaign, finds, foreign
from otr_conformance.bytefuzz.decoder import Bounds, Decoder, Form, Unwritable
from otr_conformance.derive import record as derived
from otr_conformance.history import caught, record
from otr_conformance.interop import known
from otr_conformance.peers.registry import PEERS
from otr_conformance.reports import document as reports
from otr_conformance.reports.report import Outcome, Report, Sentence, Text
from otr_conformance.verdict import Verdict
from otr_diagrams import sequence_json
from otr_model import clauses
from otr_model.documents import BadDocument, parse_json, parse_toml
from otr_model.trace import Arrow, Fired, Note, Sequence
from otr_reference.errors import OtrSpecError

from .keys import at_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["DECODERS"]


_KEPT: Final = 1_500
"""Octets of a long file that serve as a seed, up to the end of a line."""

_CASES: Final = ("otrv3.case:a.one", "otrv3.case:a.two", "otrv3.case:b.three")


class NotText(OtrSpecError):
    """Octets that are no UTF-8, which is what `str` stands for here."""


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotText from None


def _of_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """A reader of a text, for octets."""
    return lambda data: read(_text(data))


def _of_file(read: Callable[[Path], object], name: str = "input") -> Callable[[bytes], object]:
    """A reader of a file, for what is in it."""
    return lambda data: read(at_file(data, name))


def _written_text(write: Callable[[Any], str]) -> Callable[[object], bytes]:
    return lambda value: write(value).encode("utf-8", "surrogatepass")


# --- Expectations, ledgers, records -----------------------------------------------------------


def _expectations() -> Iterator[bytes]:
    for name in PEERS:
        path = PEERS[name].expectations
        yield path.read_bytes()[:_KEPT].rpartition(b"\n[")[0] + b"\n" if path.exists() else b""
    yield (
        b'[one]\nverdict = "fail"\nbecause = "why"\ncases = ["otrv3.case:a.one"]\n'
        b'["otrv3.case:b.three"]\nverdict = "note"\nbecause = "else"\nclause = "otrv3.x"\n'
        b'[[two]]\nverdict = "hang"\nbecause = "late"\ncases = ["otrv3.case:a.two"]\n'
        b'replay = "otrv3.case:a.two --seed 1"\nunreviewed = true\n'
    )


def _read_expectations(data: bytes) -> object:
    """Read expectations, where every case that is named exists, so that reading goes on."""
    named = set(_CASES)
    try:
        waiting: list[object] = [parse_toml(data.decode("utf-8"))]
    except (UnicodeDecodeError, BadDocument):
        waiting = []
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            named.add(each)
        elif isinstance(each, dict | list):
            waiting += each
            waiting += each.values() if isinstance(each, dict) else ()
    return expectations.read(at_file(data), named)


def _writes_expectations(value: object) -> bytes:
    """Write expectations, if each has a finding: others are given one for people to look at."""
    found = cast("expectations.Expectations", value)
    for each in found.entries.values():
        shows = found.entries.get(each.replay.partition(" ")[0])
        if not each.finding or each.unreviewed or shows != each:
            raise Unwritable
    return expectations.write(found).encode()


def _known() -> Iterator[bytes]:
    yield known.FILE.read_bytes()
    yield b'[libotr]\nsmp = {because = "why", finding = "page"}\n'


def _ledgers() -> Iterator[bytes]:
    yield (
        b'[row]\n"otrv3.ake:a" = "active"\n"otrv3.ake:b" = "retired"\n\n'
        b'[case]\n"otrv3.case:c.d" = "alias of otrv3.case:e.f"\n'
    )
    yield ids.write(
        {kind: {f"x.{kind}:{n}": "active" for n in range(3)} for kind in ids.KINDS}
    ).encode()


def _derived() -> Iterator[bytes]:
    yield json.dumps(
        {
            "protocol": "otrv3",
            "tables": "00",
            "searches": {"pairs": [10, 2]},
            "pairs": {"otrv3.a:b": ["otrv3.c:d"]},
            "scripts": [
                {
                    "pair": ["otrv3.a:b", "otrv3.c:d"],
                    "part": "ake",
                    "moves": ["start", "deliver"],
                    "probe": ["says"],
                    "also": [["otrv3.e:f", "otrv3.g:h"]],
                    "told": ["a"],
                    "untold": [],
                    "level": "must",
                }
            ],
            "policies": [{"row": "otrv3.a:b", "policies": {"v2": True}, "base": "x"}],
        }
    ).encode()


def _read_derived(data: bytes) -> object:
    return derived.of_text(_text(data), "derived.json")


def _runs() -> Iterator[bytes]:
    yield record.write(
        {
            "otrv3.flaw": record.Run(
                states=3,
                steps=2,
                differs="so",
                drawn=1,
                plain=record.Plain(5, 2, complete=True, violated=("otrv3.property",)),
                case=record.Case("otrv3.case:a.b", "fail", "because"),
            ),
            "otrv4.flaw": record.Run(),
        }
    ).encode()


def _caught() -> Iterator[bytes]:
    yield json.dumps(
        {
            "otrv3.variant": {
                "searches": {
                    "tried": [
                        {"scenario": "a", "given": {"alice": "v"}, "states": 9, "complete": True}
                    ],
                    "violated": "secrecy",
                    "depth": 4,
                    "says": "so",
                },
                "proofs": {"claims": 3, "fails": ["x"]},
                "cases": None,
            },
            "otrv4.variant": {},
        }
    ).encode()


def _read_caught(data: bytes) -> object:
    path = at_file(data, str(caught.RECORD))
    for _ in caught.RECORD.parts:
        path = path.parent
    return caught.read(path)


# --- Reports ----------------------------------------------------------------------------------


def _reports() -> Iterator[bytes]:
    outcomes = (
        Outcome("otrv3.case:a.b", "Does it.", Verdict.PASS, expected=True, level="must", version=3),
        Outcome(
            "otrv3.case:a.c",
            "Does it too.",
            Verdict.FAIL,
            expected=False,
            level="should",
            version=2,
            because="step 2: not so",
            where=("mac",),
            clauses=("otrv3.clause:a",),
            at_step=("otrv3.clause:a",),
            expectation=Verdict.NOTE,
            log=("a line",),
            step=2,
            predicted=("nothing",),
            repetitions={Verdict.FAIL: 2},
        ),
    )
    yield reports.write(
        Report(
            suite="0",
            made="2026-01-31T12:00:00Z",
            target="mine",
            name="mine",
            version="1",
            speaks=(2, 3),
            capabilities=("clock",),
            seconds=1.5,
            dialects={"a": "b"},
            texts=(Text("otrv3", 3, "o/r", "0" * 40, "p", "0" * 64, 7),),
            sentences=(Sentence("otrv3.clause:a", "S", "must", "about"),),
            outcomes=outcomes,
        )
    ).encode()


# --- Explorations and drawings ----------------------------------------------------------------


def _scenarios() -> Iterator[bytes]:
    folder = resources.files("otr_check.explore") / "scenarios"
    every = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    yield from ((folder / name).read_bytes() for name in every[:: max(1, len(every) // 12)])


def _writes_scenario(value: object) -> bytes:
    return written(cast("scenario.Scenario", value)).encode()


def _witnesses() -> Iterator[bytes]:
    """A witness with a step of each kind."""
    first = next(_scenarios()).decode()
    steps = (
        witness.Step(witness.Kind(each.value), "alice", "start", "hello", 1, "query", "t", "d", 60)
        for each in witness.Kind
    )
    filled = (
        witness.Step(
            witness.Kind(each.value),
            higher=(True, False),
            fired=(Fired("otrv3.a:b", 2, "mac"),),
            sent=(witness.Sent(1, "query"),),
            shown=("a text",),
        )
        for each in list(witness.Kind)[:1]
    )
    found = witness.Witness(
        scenario.scenario_of(first), "otrv3.property:secrecy", "is known", (*steps, *filled)
    )
    yield witness.to_json(found).encode()


def _saves() -> Iterator[bytes]:
    saved = saving.Saved(
        "a scenario",
        {"steps": 3},
        [["x", 1]],
        [1, 2, 3, 4],
        [Question(1, 2, 3, 4, 5, 6), Question(0, 0, 0, 0, 0, 0)],
        [(1, 0), (300, 1)],
        [300],
    )
    path = at_file(b"", "saved")
    saving.write(path, saved)
    yield path.read_bytes()


def _sequences() -> Iterator[bytes]:
    talk = Sequence(
        "Hello",
        ("A", "B"),
        (
            Arrow("A", "B", "hello", (Fired("otrv3.a:b", 1, "mac"),)),
            Note("B", "a note"),
            Arrow("B", "A", "lost", lost=True),
        ),
    )
    yield sequence_json.to_json(talk).encode()


def _pages() -> Iterator[bytes]:
    yield (
        b"<html><head><title>T</title></head><body><h1>One</h1><p>A sentence. Another: "
        b"<ul><li>If so:<ul><li>Do it.</li></ul></li></ul><dl><dt>k<dd>v</dl>"
        b"<pre>code\n  more</pre><!-- c --><h2>Two</h2>&amp;&#65;<br>x</body></html>"
    )
    yield (
        b"# One\n\nA sentence. Another:\n\n- If so:\n  - Do it.\n- [nav](#one)\n\n"
        b"```\nMust be:\n  a = b (c\n  d)\n  0x00 0x01\n```\n\n```\nA --> B\n```\n\n"
        b"1. one\n2. two\n\n## Two\n\n<p>html &lt; in it</p>\n\n| a | b |\n|---|---|\n| c | d |\n"
    )


def _finds() -> Iterator[bytes]:
    yield finds.write(finds.Find("otrv3.wire", "error", "ValueError: no", b"?OTR:AAM=.")).encode()


def _states() -> Iterator[bytes]:
    figures = campaign.Figures(2, 1000, 10, 5000, 1.5, (0.25, 7), Counter({"error x": 3}))
    yield campaign.write_state(1, {"otrv3.wire": figures, "keys.sexp": campaign.Figures()}).encode()


def _writes_state(value: object) -> bytes:
    seed, figures = cast("tuple[int, dict[str, campaign.Figures]]", value)
    return campaign.write_state(seed, figures).encode()


_CHECK: Final = "otr_check.explore."
_SUITE: Final = "otr_conformance."
_JSON: Final = Bounds(work=256)
"""Of what looks at each value of a document."""

DECODERS: Final = (
    Decoder(
        "documents.json",
        ("otr_model.documents.parse_json",),
        Form.JSON,
        parse_json,
        lambda: (*_derived(), *_witnesses(), *_sequences()),
        errors=(BadDocument,),
        write=lambda value: json.dumps(value).encode(),
        bounds=_JSON,
    ),
    Decoder(
        "documents.toml",
        ("otr_model.documents.parse_toml",),
        Form.TOML,
        _of_text(parse_toml),
        lambda: (*_known(), *_ledgers(), *_scenarios()),
        errors=(BadDocument, NotText),
        bounds=_JSON,
    ),
    Decoder(
        "documents.campaign",
        (f"{_SUITE}bytefuzz.campaign.read_state",),
        Form.JSON,
        lambda data: campaign.read_state("state.json", data),
        _states,
        write=_writes_state,
        bounds=_JSON,
    ),
    Decoder(
        "documents.known-finds",
        (f"{_SUITE}bytefuzz.foreign.read_known",),
        Form.TOML,
        _of_file(foreign.read_known),
        lambda: (b'[[libotr]]\nkind = "crash"\nsays = "panic"\nfinding = "page"\n',),
        bounds=_JSON,
    ),
    Decoder(
        "documents.expectations",
        (f"{_SUITE}expectations.read",),
        Form.TOML,
        _read_expectations,
        _expectations,
        write=_writes_expectations,
        bounds=_JSON,
    ),
    Decoder(
        "documents.known",
        (f"{_SUITE}interop.known.read",),
        Form.TOML,
        _of_file(known.read),
        _known,
        bounds=_JSON,
    ),
    Decoder(
        "documents.ids",
        (f"{_SUITE}ids.read",),
        Form.TOML,
        _of_text(ids.read),
        _ledgers,
        bounds=_JSON,
    ),
    Decoder(
        "documents.derived",
        (f"{_SUITE}derive.record.of_text", f"{_SUITE}derive.record.read"),
        Form.JSON,
        _read_derived,
        _derived,
        bounds=_JSON,
    ),
    Decoder(
        "documents.runs",
        (f"{_SUITE}history.record.read",),
        Form.JSON,
        _of_file(record.read),
        _runs,
        bounds=_JSON,
    ),
    Decoder(
        "documents.caught",
        (f"{_SUITE}history.caught.read",),
        Form.JSON,
        _read_caught,
        _caught,
        bounds=_JSON,
    ),
    Decoder(
        "documents.report",
        (f"{_SUITE}reports.document.read", f"{_SUITE}cli.report.load"),
        Form.JSON,
        lambda data: reports.read("report.json", data),
        _reports,
        write=_written_text(reports.write),
        bounds=_JSON,
    ),
    Decoder(
        "documents.find",
        (f"{_SUITE}bytefuzz.finds.read",),
        Form.JSON,
        lambda data: finds.read("find.json", data),
        _finds,
        write=_written_text(finds.write),
        bounds=_JSON,
    ),
    Decoder(
        "documents.scenario",
        (f"{_CHECK}scenario.scenario_of", f"{_CHECK}scenario.read_scenario"),
        Form.TOML,
        _of_file(scenario.read_scenario),
        _scenarios,
        write=_writes_scenario,
        bounds=_JSON,
    ),
    Decoder(
        "documents.witness",
        (f"{_CHECK}witness.from_json", f"{_CHECK}witness.read_witness"),
        Form.JSON,
        _of_file(witness.read_witness),
        _witnesses,
        write=_written_text(witness.to_json),
        bounds=_JSON,
    ),
    Decoder(
        "documents.exploration",
        (f"{_CHECK}saving.read",),
        Form.SAVED,
        _of_file(saving.read),
        _saves,
        bounds=_JSON,
    ),
    Decoder(
        "documents.sequence",
        ("otr_diagrams.sequence_json.from_json",),
        Form.JSON,
        _of_text(sequence_json.from_json),
        _sequences,
        errors=(sequence_json.BadSequence, NotText),
        write=_written_text(sequence_json.to_json),
        bounds=_JSON,
    ),
    Decoder(
        "documents.html",
        ("otr_model.clauses.sections", "otr_model.clauses.PinnedText.read"),
        Form.PAGE,
        _of_text(clauses.sections),
        _pages,
        errors=(NotText,),
        bounds=_JSON,
    ),
    Decoder(
        "documents.markdown",
        ("otr_model.clauses.markdown",),
        Form.PAGE,
        _of_text(clauses.markdown),
        _pages,
        errors=(NotText,),
        bounds=_JSON,
    ),
)
"""Every decoder of documents."""
