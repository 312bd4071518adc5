"""The shim check: nothing is wrong with correct shims, and each flaw is found and explained."""

import ast
import json
import os
import sys
from pathlib import Path

import pytest

from otr_conformance.shim.check import HINTS, Finding, check_shim
from otr_conformance.shim.errors import FaultKind
from otr_conformance.shims import template_python
from otr_conformance.verdict import Verdict

MINIATURES = Path(__file__).parent / "miniatures"

# Flaws, the step in which they are found, and what is then expected and seen, in part.
FLAWS = [
    ("own_fingerprint", "start", "as fingerprint at alice", ""),
    ("own_tag", "start", "peer-tag 4275878552 at alice", "4660"),
    ("own_ssid", "start", "one ssid for both", "616c696365202020 and 626f622020202020"),
    ("short_ssid", "start", "an answer", "ssid: has 7 bytes, but has to have 8"),
    ("other_version", "start", "version 3 at alice", "version 2"),
    ("same_bold", "start", "different halves in bold", "first twice"),
    ("never_secure", "start", "secure at bob", "wire"),
    ("always_protected", "a text outside a private conversation", "secure: 0", "secure: 1"),
    ("never_protected", "texts in a private conversation", "secure: 1 at bob", "secure: 0"),
    ("ascii_only", "a text outside a private conversation", "a message at bob", "Gr??e, <b>Bob"),
    ("in_the_clear", "texts in a private conversation", "a wire without the text in it", ""),
    ("echoes", "a text outside a private conversation", "silence in the end", "more than"),
    ("ignores_tag", "new", "the instance tag 4660 at alice", "2457"),
    ("ignores_key", "new", "the fingerprint of the key that was given, at bob", "another"),
    ("one_key", "new", "two accounts with different fingerprints", "the same"),
    ("replaces", "a name in use", "end: error with bad-request", "end: ok"),
    ("no_versions", "hello", "2, 3 or 4 in protocols", "nothing"),
    ("question_without_smp", "hello", "smp beside smp-question", "smp-question"),
    ("no_tag", "to", "a tag in the final line of new", "no tag"),
    ("early_wire", "new", "nothing in the answer to the first poll of alice", "a wire"),
    ("never_asked", "smp-start, smp-answer", "smp asked at bob", "no event"),
    ("never_aborted", "smp-abort", "smp aborted at bob", "asked"),
    ("always_succeeds", "SMP with different secrets", "no success at bob", "success"),
    ("other_question", "smp-start with a question", "Where did we meet", "b'\\x00\\x00\\x00'"),
    ("no_smp", "smp-start, smp-answer", "end: ok", "unsupported"),
    ("other_extra_key", "extra-key", "one key for both", "different keys"),
    ("no_extra_key", "extra-key", "one extra-key at bob: received, use 7", "no event"),
    ("shown_heartbeat", "heartbeat", "no message at bob", "message"),
    ("no_heartbeat", "heartbeat", "a wire", "none"),
    ("always_plaintext", "start", "msgstate encrypted at alice", "plaintext"),
    ("never_finished", "end", "finished at bob", "no event"),
    ("no_fragments", "fragment", "no wire longer than 200 bytes", "one of"),
    ("loses_parts", "fragment", "a message at bob with b'all work", "secure"),
    ("accepts_anything", "a request that is not in the protocol", "end: error with", "end: ok"),
    ("wrong_error", "an endpoint that was not made", "end: error with no-endpoint", "internal"),
    ("refuses_start", "start", "end: ok", "refused: not today"),
    ("forgets_nothing", "reset", "end: error with no-endpoint", "end: ok"),
    ("exits_at_start", "start", "an answer", "ended with status 1"),
]


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def miniature(name: str, *arguments: str) -> list[str]:
    return [sys.executable, str(MINIATURES / f"{name}.py"), *arguments]


def check(*command: str) -> list[Finding]:
    # All miniatures answer at once: nothing comes of waiting.
    return check_shim(command, patience=0.02)


def test_nothing_is_wrong_with_a_correct_shim_that_can_do_everything() -> None:
    steps: list[str] = []

    findings = check_shim(miniature("full"), told=steps.append)

    assert findings == []
    assert steps == [
        "hello",
        "a request that is not in the protocol",
        "a request without one of its fields",
        "an endpoint that was not made",
        "new",
        "a name in use",
        "reset",
        "a text outside a private conversation",
        "start",
        "texts in a private conversation",
        "to",
        "smp-start, smp-answer",
        "smp-start with a question",
        "SMP with different secrets",
        "smp-abort",
        "extra-key",
        "heartbeat",
        "clock",
        "end",
        "fragment",
        "forget",
        "bye",
        "hello, started again",
        "the end of standard input",
    ]


def test_nothing_is_wrong_with_the_template_and_it_is_minimal() -> None:
    steps: list[str] = []
    source = Path(template_python.__file__)

    findings = check_shim([sys.executable, str(source)], told=steps.append)

    assert findings == []
    assert steps[-6:-2] == ["texts in a private conversation", "end", "forget", "bye"]
    assert len(source.read_text().splitlines()) <= 80


def test_a_shim_need_not_forget_one_endpoint() -> None:
    assert check(*miniature("flawed", "no_forget")) == []


@pytest.mark.parametrize(("flaw", "step", "expected", "seen"), FLAWS, ids=[f[0] for f in FLAWS])
def test_a_flaw_is_found_where_it_shows(flaw: str, step: str, expected: str, seen: str) -> None:
    findings = check(*miniature("flawed", flaw))

    found = [f for f in findings if f.step == step and expected in f.expected and seen in f.seen]
    assert found
    assert found[0].hint
    # The flaw comes to light in this step, or has been noticed before as what it is.
    assert findings.index(found[0]) <= 2


def test_every_flaw_of_the_miniature_is_tried() -> None:
    tree = ast.parse((MINIATURES / "flawed.py").read_text())
    flaws = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.args) == "ask: Ask, request: Line"
    }

    assert flaws == {flaw for flaw, *_ in FLAWS} | {"no_forget"}


def test_a_declared_capability_that_is_not_there_is_unsupported() -> None:
    findings = check(*miniature("flawed", "no_smp"))

    assert {finding.verdict for finding in findings} == {Verdict.UNSUPPORTED}
    assert "smp-start" in findings[0].asked


def test_the_check_stops_where_the_conversation_broke() -> None:
    findings = check(*miniature("flawed", "exits_at_start"))

    assert [finding.verdict for finding in findings] == [Verdict.CRASH]
    assert findings[0].stderr == "this is not how it was meant\n"
    assert json.loads(findings[0].asked)["do"] == "start"


@pytest.mark.parametrize(
    ("name", "verdict", "seen"),
    [
        ("garbage", Verdict.HARNESS_ERROR, "line: is not JSON"),
        ("unknown_capability", Verdict.HARNESS_ERROR, "'telepathy'"),
        ("wrong_protocol", Verdict.HARNESS_ERROR, "protocol: is 2, but has to be from 1 to 1"),
        ("dies", Verdict.CRASH, "ended with status 1"),
        ("segfault", Verdict.CRASH, "signal SIGSEGV"),
        ("flood", Verdict.HARNESS_ERROR, "more than 10000 events"),
        ("endless_line", Verdict.HARNESS_ERROR, "line: is longer than 1048576 bytes"),
        ("wrong_re", Verdict.HARNESS_ERROR, "re: is"),
        ("two_finals", Verdict.HARNESS_ERROR, "not part of any answer"),
        ("nested", Verdict.HARNESS_ERROR, "wire: is an object"),
        ("fraction", Verdict.HARNESS_ERROR, "secure: is a fraction"),
        ("leaves_child", Verdict.CRASH, "ended with status 7"),
        ("regrets", Verdict.HARNESS_ERROR, "the answer to reset has no events"),
    ],
)
def test_a_shim_that_breaks_the_protocol_is_explained(
    name: str, verdict: Verdict, seen: str
) -> None:
    findings = check(*miniature(name))

    assert findings
    assert findings[-1].verdict is verdict
    assert seen in findings[-1].seen
    assert findings[-1].hint


def test_a_shim_that_never_answers_is_explained() -> None:
    findings = check_shim(miniature("late"), timeout=0.5)

    # Under load the interpreter may not even come to say hello: the finding is the same.
    assert [finding.verdict for finding in findings] == [Verdict.HANG]
    assert "flush standard output" in findings[0].hint


@pytest.mark.parametrize("command", [["/no/such/program"], [], ["a\0b"]])
def test_a_command_that_cannot_be_started_is_explained(command: list[str]) -> None:
    (finding,) = check_shim(command)

    assert finding.step == "the command"
    assert finding.verdict is Verdict.HARNESS_ERROR
    assert "installed" in finding.hint


@pytest.mark.parametrize("program", ["true", "cat", "yes"])
def test_programs_that_are_no_shims_are_explained(program: str) -> None:
    findings = check(program)

    assert [finding.step for finding in findings] == ["hello"]


def test_every_fault_has_a_hint() -> None:
    assert set(HINTS) == set(FaultKind)


def test_a_finding_is_readable() -> None:
    finding = Finding(
        "start",
        "an answer",
        "the shim ended with status 1",
        "look there",
        Verdict.CRASH,
        '{"id": 1}',
        "first\nlast\n",
    )

    assert str(finding).splitlines() == [
        "start",
        "  expected: an answer",
        "  seen:     the shim ended with status 1",
        "  hint:     look there",
        '  request:  {"id": 1}',
        "  standard error:",
        "    first",
        "    last",
    ]
