"""The shim check of version 4: correct shims pass, and each flaw is found and explained."""

import ast
import os
import sys
from pathlib import Path

import pytest

from otr_conformance.shim.check import Finding, check_shim
from otr_conformance.verdict import Verdict

MINIATURES = Path(__file__).parent / "miniatures"

STEPS = [
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
]
OTHERWISE = [
    "start by query",
    "start by identity",
    "mode standalone",
    "mode interactive-only",
    "trusted",
    "profile, known-profile",
    "ensemble, offline",
]

# Flaws, the step in which they are found, and what is then expected and seen, in part.
FLAWS = [
    ("clock_without_clock", "hello", "clock beside otrv4-clock", "otrv4-clock tag"),
    ("short_fingerprint", "new, version 4", "a fingerprint of 56 bytes at alice", "20 bytes"),
    ("ignores_sym_h", "new, version 4", "the fingerprint of the key that was given", "another"),
    ("no_modes", "mode standalone, version 4", "end: ok", "unsupported"),
    ("older_version", "start, version 4", "version 4 at alice", "version 3"),
    ("never_interactive", "start, version 4", "interactive: 1 at bob", "interactive: 0"),
    (
        "always_interactive",
        "ensemble, offline, version 4",
        "interactive: 0 at alice",
        "interactive: 1",
    ),
    ("short_extra_key", "extra-key, version 4", "a key of 64 bytes", "another length"),
    ("never_by_query", "start by query, version 4", "secure at alice", "no event"),
    ("never_by_identity", "start by identity, version 4", "secure at bob", "no event"),
    ("distrusts", "trusted, version 4", "secure at alice", "wire"),
    ("unknown_to_itself", "profile, known-profile, version 4", "secure at alice", "wire"),
    (
        "twice_in_base64",
        "profile, known-profile, version 4",
        "a client profile that can be decoded",
        "",
    ),
    ("swapped_profiles", "ensemble, offline, version 4", "a prekey ensemble that can be", ""),
    ("one_ensemble", "ensemble, offline, version 4", "another prekey message", "the same twice"),
    ("other_prekey", "ensemble, offline, version 4", "prekey-used", "7"),
    ("never_offline", "ensemble, offline, version 4", "secure at bob", "no event"),
]


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def check(name: str, *arguments: str, steps: list[str] | None = None) -> list[Finding]:
    # All miniatures answer at once: nothing comes of waiting.
    told = None if steps is None else steps.append
    command = [sys.executable, str(MINIATURES / f"{name}.py"), *arguments]
    return check_shim(command, patience=0.02, told=told)


def test_a_shim_of_two_versions_is_walked_through_twice() -> None:
    steps: list[str] = []

    assert check("full4", steps=steps) == []

    four = [f"{step}, version 4" for step in (*STEPS, *OTHERWISE, "forget")]
    assert steps[4:-3] == [*STEPS, "forget", *four]
    assert steps[0] == "hello"
    assert steps[-3:] == ["bye", "hello, started again", "the end of standard input"]


@pytest.mark.parametrize(("flaw", "step", "expected", "seen"), FLAWS, ids=[f[0] for f in FLAWS])
def test_a_flaw_of_version_4_is_found_where_it_shows(
    flaw: str, step: str, expected: str, seen: str
) -> None:
    findings = check("flawed4", flaw)

    found = [f for f in findings if f.step == step and expected in f.expected and seen in f.seen]
    assert found
    assert found[0].hint
    # The flaw comes to light in this step, or has been noticed before as what it is.
    assert findings.index(found[0]) <= 2


def test_every_flaw_of_version_4_is_tried() -> None:
    tree = ast.parse((MINIATURES / "flawed4.py").read_text())
    flaws = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and ast.unparse(node.args) == "ask: Ask, request: Line"
    }

    assert flaws == {flaw for flaw, *_ in FLAWS}


def test_a_mode_that_was_declared_and_is_not_there_is_unsupported() -> None:
    findings = check("flawed4", "no_modes")

    assert {finding.verdict for finding in findings} == {Verdict.UNSUPPORTED}
    assert '"mode": "standalone"' in findings[0].asked
