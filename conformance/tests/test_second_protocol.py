"""A protocol is one record and one folder: here a small one, of a door and its bell.

Whoever pushes the door is let in, and the bell rings, unless it is locked. That is enough to show
that whatever goes through the registry takes a protocol as it is.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from dataclasses import dataclass
from enum import unique
from hashlib import sha256
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from otr_conformance import ids
from otr_conformance.bench import Bench, Comparison, medians
from otr_conformance.cli import benchmark, diagrams, exports, main, proofs, tables
from otr_conformance.cli import cases as cases_command
from otr_conformance.cli.choice import Selection, choose
from otr_conformance.cli.misuse import Misuse
from otr_conformance.decoding import Decoder, Piece
from otr_conformance.model import Model
from otr_conformance.play.case import Case, Cases
from otr_conformance.play.compare import Compared
from otr_conformance.play.grade import Grader
from otr_conformance.play.labs import ByteLab, Lab
from otr_conformance.play.recordings import ALICE, BOB, Recorder, Recording, Recordings
from otr_conformance.play.shim_party import ShimParty
from otr_conformance.play.stage import Acts, Party, Reaction, Report, Stage
from otr_conformance.play.strength import Trial, row_of
from otr_conformance.protocols import (
    DEFAULT,
    PROTOCOLS,
    TEXTS,
    Protocol,
    UnknownProtocol,
    of_id,
    protocol,
)
from otr_conformance.suite import Suite
from otr_conformance.verdict import Verdict
from otr_model.clauses import Clause, Level, PinnedText, Registry, digest
from otr_model.kernel.composition import Composition, Family, Parameter
from otr_model.kernel.expr import Truth
from otr_model.kernel.table import Table, at, ignored, on, table
from otr_model.kernel.variant import NONE, DropRow, Variant
from otr_model.kernel.vocabulary import Check as CheckBase
from otr_model.kernel.vocabulary import (
    Condition,
    Datum,
    Effect,
    Observer,
    Opaque,
    Origin,
    Signal,
    action,
)
from otr_model.kernel.vocabulary import Event as EventBase
from otr_model.kernel.words import Word
from otr_model.trace import Arrow, Fired

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otr_conformance.decoding import Dissection
    from otr_model.kernel.layout import DataType
    from otr_reference.sorts import Key, Octets, Passphrase, Seed, Wire

ROOT = Path(__file__).resolve().parents[2]
LIFE = "otrv3.case:life.started-by-tester"


# --- Its tables -------------------------------------------------------------------------------


@unique
class Door(Word):
    """Whether one gets in."""

    SHUT = "one cannot walk through"
    OPEN = "one can walk through"


@unique
class Bell(Word):
    """A machine that merely rings."""

    READY = "it can be rung"


@unique
class Event(EventBase):
    """What happens at the door."""

    PUSH = Signal("somebody pushes", Origin.RECEIVED)
    RANG = Signal("the bell was rung")


class Check(CheckBase):
    """Nothing is looked at more closely."""


@unique
class Cond(Condition):
    """What is asked."""

    UNLOCKED = Opaque("the door is not locked")


class Data(Datum):
    """Nothing is kept."""


@unique
class Do(Effect):
    """What is done."""

    RING = action("ring", seen=Observer.WIRE)


DOOR: Table[Door, Event, Cond, Do] = table(
    "house.door",
    "Who gets in.",
    Door,
    Door.SHUT,
    on(
        Event.PUSH,
        "Pushing",
        at(Door.SHUT, Cond.UNLOCKED, goto=Door.OPEN, raises=(Event.RANG,)),
        at(Door.OPEN, Cond.UNLOCKED, raises=(Event.RANG,)),
        ignored(~Cond.UNLOCKED),
    ),
)
BELL: Table[Bell, Event, Cond, Do] = table(
    "house.bell",
    "Who hears of it.",
    Bell,
    Bell.READY,
    on(Event.RANG, "Bells", at(Bell.READY, do=(Do.RING,))),
)
HOUSE = Composition(
    "house",
    "Visitors.",
    (DOOR, BELL),
    Family("visit", "the visitor", ("house.door", "house.bell"), "visits", Truth(value=True)),
    Event,
    Cond,
    Check,
    Do,
    Data,
    (),
    (Parameter("visits", 2, "visitors at a time"),),
)
LET_IN, LET_IN_AGAIN = (f"house.door:push.{state}.unlocked" for state in ("shut", "open"))
RUNG = BELL.rows[0].id
SENTENCE = Clause("doors.open", "Doors", 1, digest("Doors open"), Level.MUST, "they do", (LET_IN,))
NOWHERE = PinnedText("nobody/nothing", "0" * 40, "doors.html", sha256(b"").hexdigest())
MODEL = Model(
    HOUSE, (), (), (), cast("type[DataType]", ()), (), (Registry("house", NOWHERE, (SENTENCE,)),)
)


# --- Its suite --------------------------------------------------------------------------------


class Plain:
    """Cryptography that there is none of: every value is its bytes."""

    def literal(self, text: str) -> Octets:
        """A text."""
        return cast("Octets", text.encode())

    def seed(self, octets: bytes) -> Seed:
        """Nothing is drawn."""
        return cast("Seed", octets)

    def passphrase(self, octets: bytes) -> Passphrase:
        """Nobody has one."""
        return cast("Passphrase", octets)

    def wire(self, octets: bytes) -> Wire:
        """A message."""
        return cast("Wire", octets)

    def to_bytes(self, value: object) -> bytes:
        """The bytes."""
        return cast("bytes", value)


class HouseLab(ByteLab):
    """The lab of the house."""

    def __init__(self) -> None:
        self.suite = Plain()


@dataclass(frozen=True)
class HouseCast:
    """The door is locked, or not."""

    variant: Variant = NONE
    max_size: int = 0
    versions: tuple[int, ...] = (9,)


class Visitor(Party[str]):
    """A door, or somebody before one; some rows may be missing."""

    def __init__(self, lab: Lab, dropped: frozenset[str] = frozenset()) -> None:
        self.lab = lab
        self.dropped = dropped
        self.opened = False

    def command(self, command: str) -> Reaction:
        """Send what is asked for."""
        return Reaction((self.lab.wire(command),))

    def receive(self, wire: Wire) -> Reaction:
        """Be pushed, or hear the bell."""
        if self.lab.from_network(wire) != b"push":
            return Reaction(reports=(Report("message", "open it rings"),))
        row = LET_IN_AGAIN if self.opened else LET_IN
        if row in self.dropped:
            return Reaction()
        self.opened = True
        trace = (Fired(row), Fired(RUNG), Fired("hut.door:push.shut"))
        return Reaction((self.lab.wire("ding"),) if RUNG not in self.dropped else (), (), trace)

    def wait(self, seconds: int) -> Reaction:
        """Nothing happens by itself."""
        del seconds
        return Reaction()


@dataclass
class HouseStage(Stage[str, bytes, bytes]):
    """The stage of the house."""

    def decode(self, wire: Wire) -> bytes:
        """The bytes."""
        return self.lab.from_network(wire)

    def kind_of(self, message: bytes) -> str:
        """What it says."""
        return message.decode()

    def data_of(self, message: bytes) -> bytes | None:
        """Nothing is data."""
        del message
        return None

    def is_under(self, message: bytes, key: Key) -> bool:
        """There are no keys."""
        del message, key
        return False

    def keys_revealed(self, message: bytes) -> tuple[Key, ...]:
        """There are no keys."""
        del message
        return ()

    def whole(self, wire: Wire) -> bytes | None:
        """There are no fragments."""
        return self.decode(wire)


ACTS: Acts[str] = Acts(
    start=lambda: "push",
    say=lambda _: "hello",
    end=lambda: "leave",
    begin_smp=lambda _, __: "?",
    answer_smp=lambda _: "!",
    abort_smp=lambda: ".",
    use_extra_key=lambda _, __: "key",
    heartbeat=lambda: "knock",
)


def set_stage(
    lab: HouseLab, cast_: HouseCast, target: Callable[[HouseLab, HouseCast], Party[str]]
) -> HouseStage:
    return HouseStage(lab, Visitor(lab), target(lab, cast_), ACTS)


def reference_target(variant: Variant) -> Callable[[HouseLab, HouseCast], Party[str]]:
    dropped = frozenset(edit.row for edit in variant.edits if isinstance(edit, DropRow))
    return lambda lab, _cast: Visitor(lab, dropped)


CASES: Cases[HouseCast, HouseStage] = Cases("house")


def pushed(stage: HouseStage) -> None:
    """Rings when it is pushed."""
    stage.tester_starts()
    stage.settle()


def pushed_twice(stage: HouseStage) -> None:
    """Rings whenever it is pushed."""
    pushed(stage)
    pushed(stage)


CASES.declare("pushed", pushed, HouseCast(), version=9)
CASES.declare("pushed-twice", pushed_twice, HouseCast(), version=9)
FIRST, SECOND = CASES
GRADER: Grader[HouseLab, HouseCast, HouseStage] = Grader(
    set_stage, reference_target, HouseLab, {}, Compared((), ("hello",))
)
TRIAL: Trial[HouseLab, HouseCast, HouseStage] = Trial(HOUSE, GRADER, CASES)


class HouseShim(ShimParty[str]):
    """A house behind a shim."""

    def __init__(self, lab: HouseLab, cast_: HouseCast, shim: Any, hello: object) -> None:
        del cast_, hello
        super().__init__(lab, shim)

    def ask(self, command: str) -> Any:
        """Nothing else can be asked for."""
        del command
        return self.shim.start("target")


SUITE = Suite(CASES, GRADER, TRIAL, HouseLab, HouseLab, HouseShim, {}, {})


# --- What is drawn, decoded and measured ------------------------------------------------------


def _visit(recorder: Recorder) -> None:
    recorder.starts(ALICE)
    recorder.settle()


RECORDINGS = Recordings(
    {"visit": Recording("A visit", _visit)},
    lambda: set_stage(HouseLab(), HouseCast(), reference_target(NONE)),
    lambda stage, wire: str(stage.kind(wire)),
)


class HouseDecoder(Decoder):
    """Takes apart what begins with the name of the house; halves are put together."""

    marker = b"house:"

    def claims(self, text: bytes) -> bool:
        """By the marker."""
        return text.startswith(self.marker)

    def is_in(self, text: bytes) -> bool:
        """By the marker."""
        return self.marker in text

    def piece(self, text: bytes) -> Piece | None:
        """`house:1/2...` is the first half."""
        half = text.removeprefix(self.marker)
        return Piece("half", int(half[:1]), 2) if half[1:3] == b"/2" else None

    def joined(self, texts: Sequence[bytes]) -> bytes:
        """One half after the other."""
        return self.marker + b"".join(text[len(self.marker) + 3 :] for text in texts)

    def dissect(self, text: bytes) -> Dissection:
        """It has no fields."""
        title = text.removeprefix(self.marker).decode()
        return cast("Dissection", SimpleNamespace(id="", title=title, rows=(), fault=None))


def compare(runs: int, fragment: int, told: Callable[[str], None]) -> Comparison:
    told("1")
    return Comparison(runs, fragment, "", medians(("push",), [{"push": 2.0}], []))


BENCH = Bench({"push": "until it rings"}, {"pushes": 1}, 7, rival=False, compare=compare)

PARTS = {
    "model": ("MODEL", MODEL),
    "suite": ("SUITE", SUITE),
    "recordings": ("RECORDINGS", RECORDINGS),
    "decoding": ("DECODER", HouseDecoder()),
    "bench": ("BENCH", BENCH),
}
RECORD = Protocol("house", {"house": 9})


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house is a protocol, too."""
    monkeypatch.setenv("COLUMNS", "120")
    for module, (name, part) in PARTS.items():
        made = ModuleType(f"otr_conformance.house.{module}")
        setattr(made, name, part)
        monkeypatch.setitem(sys.modules, made.__name__, made)
    for registry in (PROTOCOLS, TEXTS):
        monkeypatch.setitem(cast("dict[str, Protocol]", registry), "house", RECORD)


def answer(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> Any:
    """The JSON that a command writes."""
    assert main([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


# --- The registry -----------------------------------------------------------------------------


def test_a_protocol_is_found_by_its_name_and_by_ids() -> None:
    assert protocol("otrv3") is PROTOCOLS["otrv3"] is DEFAULT
    assert of_id("otrv3.ake:dh-commit.none.allowed") is of_id("otrv2.clause:x") is DEFAULT
    assert of_id("ake") is of_id("ake.v3-*") is of_id("otrv9.case:x") is None

    with pytest.raises(UnknownProtocol, match="there is no protocol 'otrv9', but otrv3"):
        protocol("otrv9")


@pytest.mark.parametrize("each", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_protocol_is_whole(each: Protocol) -> None:
    model, suite = each.model, each.suite

    assert model.composition.name == each.name == next(iter(each.versions))
    assert [registry.name for registry in model.registries] == list(each.versions)
    assert {layout.protocol for layout in model.layouts} <= {each.name}
    assert {text.protocol for text in model.texts} <= {each.name}
    assert suite.cases.prefix == f"{each.name}.case:"
    assert suite.trial.cases is suite.cases
    assert suite.trial.grader is suite.grader
    assert set(suite.grader.literal) <= {hole.id for hole in model.composition.ambiguities}
    assert each.recordings.named
    assert each.bench.phases
    assert each.decoder.dissect(b"hello").fault is None


def test_a_part_that_is_something_else_is_a_fault_of_ours(
    registered: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del registered
    assert RECORD.bench is BENCH
    monkeypatch.setattr(sys.modules["otr_conformance.house.bench"], "BENCH", MODEL)

    with pytest.raises(TypeError, match="BENCH of house is a Model"):
        _ = RECORD.bench


# --- Commands ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("registered")
def test_cases_are_chosen_by_the_protocol_that_their_ids_begin_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def chosen(**given: Any) -> list[str]:
        return [case.id for case in choose(Selection(**given))]

    house = list(CASES)
    assert chosen(cases=("house.case:*",)) == chosen(protocol="house") == house
    assert chosen(cases=("house.case:pushed", "pushed-*")) == house
    assert chosen(cases=("house.case:pushed", LIFE)) == [house[0], LIFE]
    assert chosen(clauses=("house.clause:doors.*",)) == house
    assert chosen(protocol="house", clauses=("doors.open",), cases=("pushed",)) == house[:1]
    assert set(chosen()) == set(DEFAULT.suite.cases)
    with pytest.raises(Misuse, match=r"no case is all of that"):
        chosen(protocol="house", version=3)
    with pytest.raises(Misuse, match=r"there is no case 'pusht'; did you mean pushed"):
        chosen(protocol="house", cases=("pusht",))

    report = answer(capsys, 0, "conform", "reference", "--case", "house.case:*", "--case", LIFE)
    assert {each["case"]: each["verdict"] for each in report["results"]} == dict.fromkeys(
        (*house, LIFE), "pass"
    )
    assert [each["version"] for each in report["results"]] == [9, 9, 3]
    assert cases_command.show("pushed", "house", json=False) == 0
    assert "  house.bell:rang.ready" in capsys.readouterr().out.splitlines()
    assert answer(capsys, 0, "cases", "show", "house.case:pushed")["rows"][0]["row"] == LET_IN


@pytest.mark.usefixtures("registered")
def test_tables_are_shown_by_name_or_by_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, 0, "table", "house.door")["name"] == "house.door"
    assert tables.listing("house", json=True) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == ["house.door", "house.bell"]
    assert tables.show("bell", "house", markdown=True, json=False) == 0
    assert "# house.bell\n" in capsys.readouterr().out

    explained = answer(capsys, 0, "table", "--row", LET_IN)
    assert explained["clauses"] == ["doors.open"]
    assert explained["cases"] == list(CASES)
    assert tables.explain(LET_IN_AGAIN, "door", "house", json=True) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == [SECOND]
    assert exports.export("house", None, schema=False) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "house"


@pytest.mark.usefixtures("registered")
def test_tables_of_every_protocol_are_proved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, 0, "check", "house.door", "ake")
    assert [each["subject"] for each in found["tables"]] == ["house.door", "otrv3.ake"]
    assert proofs.check(proofs.Asked(whose="house"), json=True) == 0
    alone = json.loads(capsys.readouterr().out)
    assert [each["subject"] for each in alone["tables"]] == ["house.door", "house.bell"]

    monkeypatch.setattr(proofs, "PROTOCOLS", {"house": RECORD, "again": RECORD})
    both = answer(capsys, 0, "check", "--tables")
    assert both["tables"][0]["subject"] == both["tables"][2]["subject"] == "house.door"
    assert both["others"][0]["subject"] == f"house: {alone['others'][0]['subject']}"
    assert main(["check"]) == 0
    assert capsys.readouterr().out.splitlines().count("house") == 2


@pytest.mark.usefixtures("registered")
def test_messages_say_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    halves = ["house:1/2come ", "house:2/2in"]
    found = answer(capsys, 0, "decode", halves[1], "?OTRv3?", halves[0], "house:alone")
    assert [each["title"] for each in found["messages"]] == [
        "come in",
        "OTR Query Message",
        "alone",
    ]
    assert [each["fragments"] for each in found["messages"]] == [2, 0, 0]

    found = answer(capsys, 0, "decode", "?OTRv3? house:", "--protocol", "otrv3")
    assert found["messages"][0]["id"] == "otrv3.text:query"


@pytest.mark.usefixtures("registered")
def test_what_has_no_rival_is_measured_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.bench("house", 1, 0, json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["push"], found["total"], found["pushes"]) == ({"ours": 2.0}, {"ours": 2.0}, 1)
    assert benchmark.bench("house", 1, 0, json=False) == 0
    out = capsys.readouterr().out
    assert "until it rings" in out
    assert "libotr" not in out
    with pytest.raises(Misuse, match="--fragment 6: 0, or 7 bytes and more"):
        benchmark.bench("house", 1, 6, json=False)


@pytest.mark.usefixtures("registered")
def test_pictures_and_recordings_are_the_protocols_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert diagrams.listing("house", json=True) == 0
    names = [each["name"] for each in json.loads(capsys.readouterr().out)]
    assert names == ["machines", "state-door", "state-bell", "sequence-visit"]
    assert diagrams.draw("sequence-visit", "house", None, "mermaid", json=False) == 0
    assert "ding" in capsys.readouterr().out

    steps = RECORDINGS.record("visit").steps
    assert [(s.sender, s.label) for s in steps if isinstance(s, Arrow)] == [
        (ALICE, "push"),
        (BOB, "ding"),
    ]


@pytest.mark.usefixtures("registered")
def test_files_and_ids_of_every_protocol_are_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    for module in (ids, importlib.import_module("otr_conformance.cli.generate")):
        monkeypatch.setattr(module, "PROTOCOLS", {"house": RECORD})  # the others take a while

    written = answer(capsys, 0, "generate")["written"]

    assert {
        "ids.lock",
        "docs/generated/house/README.md",
        "docs/generated/house/door.md",
        "docs/generated/house/model.json",
        "diagrams/generated/house/visit.sequence.json",
        "diagrams/generated/house/sequence-visit.txt",
        "diagrams/generated/house/state-door.dot",
    } <= set(written)
    ledger = ids.read((tmp_path / "ids.lock").read_text())
    assert ledger["case"] == dict.fromkeys(CASES, "active")
    assert ledger["row"][LET_IN] == "active"
    assert ledger["clause"] == {"house.clause:doors.open": "active"}
    assert answer(capsys, 0, "generate", "--check")["drift"] == []


# --- What the cases are worth -----------------------------------------------------------------


def test_faults_are_noticed_by_whoever_fires_the_row() -> None:
    lab = HouseLab()
    fired = TRIAL.coverage(lab)
    assert list(fired) == [row.id for row in HOUSE.rows()]  # and none of the hut
    assert fired[LET_IN] == fired[RUNG] == tuple(CASES)
    assert fired[LET_IN_AGAIN] == (SECOND,)
    dropped = [v for v in TRIAL.faults() if any(isinstance(e, DropRow) for e in v.edits)]

    found = TRIAL.measure(lab, dropped, fired)

    assert {(noticed.variant, noticed.case) for noticed in found.noticed} == {
        (f"drop {LET_IN}", FIRST),
        (f"drop {LET_IN_AGAIN}", SECOND),
        (f"drop {RUNG}", FIRST),
    }
    assert "the target sent no ding" in found.noticed[0].because
    assert found.crashed == ()
    never = {v.name for v in dropped if row_of(v) not in {LET_IN, LET_IN_AGAIN, RUNG}}
    assert set(found.survived) == never
    case: Case[HouseCast, HouseStage] = CASES["house.case:pushed"]
    assert GRADER.grade(case, lab, reference_target(NONE)).verdict is Verdict.PASS
