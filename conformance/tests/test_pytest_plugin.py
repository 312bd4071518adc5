"""The plugin for pytest: what the cases are as tests of somebody else's repository."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from otr_conformance import runner
from otr_conformance.cli import choice
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.reports import gather

pytest_plugins = ["pytester"]

MINIATURES = Path(__file__).parent / "miniatures"
LIFE = "otrv3.case:life.started-by-tester"
PLUGIN = (
    *("-p", "no:otrspec"),  # as which the installed distribution has it
    *("-p", "otr_conformance.pytest_plugin", "-p", "no:randomly", "-W", "error"),
)
KEPT = (runner, choice, gather, [each.suite for each in PROTOCOLS.values()])
"""Imported before the runs within this process, so that those need not do it again."""


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


def miniature(name: str) -> str:
    return shlex.join([sys.executable, str(MINIATURES / f"{name}.py")])


def test_without_a_target_it_does_nothing_and_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_own():
            ours = {name for name in sys.modules if name.startswith("otr_")}
            assert ours == {"otr_conformance", "otr_conformance.pytest_plugin"}
        """
    )
    result = pytester.runpytest_subprocess(*PLUGIN, "--strict-markers", "-m", "not otrspec")

    result.assert_outcomes(passed=1)
    assert "otrspec" not in result.stdout.str()


def test_each_case_is_a_test_behind_the_own_ones(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_own(): pass")
    asked = ("--otrspec-target", "reference", "--otrspec-cases", "life.started-by-tester*")
    result = pytester.runpytest_inprocess(*PLUGIN, *asked, "-v")

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "otrspec *: reference, 2 cases",
            "*::test_own PASSED*",
            f"otrspec::{LIFE} PASSED*",
            "otrspec: reference: 0 of 2 cases unsupported (0 %), 0 noted",
        ]
    )


def test_cases_are_selected_as_tests_are(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_own(): pass")
    asked = ("--otrspec-target", "reference", "--otrspec-cases", "life.started-by-tester*")
    result = pytester.runpytest_inprocess(
        *PLUGIN, *asked, "--strict-markers", "-m", "otrspec", "-k", "tester and not v2"
    )

    result.assert_outcomes(passed=1, deselected=2)
    result.stdout.fnmatch_lines(["collected 3 items / 2 deselected / 1 selected"])


def test_a_failure_says_what_differs_and_how_to_replay_it(pytester: pytest.Pytester) -> None:
    target = miniature("full")
    result = pytester.runpytest_inprocess(
        *PLUGIN, "--otrspec-target", target, "--otrspec-cases", LIFE, "-m", "otrspec"
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "fail: everything is delivered: the target sent no D-H Commit v3*",
            "Becomes private after a Query Message, and both sides read each other.",
            "    the tester's user starts",
            "      tester -> target: Query offering 3",
            f"replay: otrspec conform {shlex.quote(target)} --case {LIFE} --trace",
        ]
    )


def test_expected_failures_unsupported_cases_and_surprises_are_kept_apart(
    pytester: pytest.Pytester,
) -> None:
    expected = pytester.makefile(
        ".toml",
        expected=f'[no-otr]\nverdict = "fail"\nbecause = "speaks no OTR"\ncases = ["{LIFE}"]\n',
    )
    asked = ("--otrspec-cases", "life.started-by-tester*", "--otrspec-expect", str(expected))
    failing = pytester.runpytest_inprocess(
        *PLUGIN, "--otrspec-target", miniature("segfault"), *asked, "-rs"
    )
    failing.assert_outcomes(failed=1, skipped=1)  # a crash is not the failure that was expected
    failing.stdout.fnmatch_lines(
        [
            "crash: *",
            "fail was expected: speaks no OTR",
            "*1 of 2 cases unsupported (50 %)*",
            "*unsupported: does not speak version 2*",
        ]
    )
    known = pytester.runpytest_inprocess(
        *PLUGIN, "--otrspec-target", miniature("full"), *asked, "-k", "not v2", "-rx"
    )
    known.assert_outcomes(xfailed=1, deselected=1)
    known.stdout.fnmatch_lines(["XFAIL *fail: speaks no OTR (no-otr)*"])
    mended = pytester.runpytest_inprocess(
        *PLUGIN, "--otrspec-target", "reference", *asked, "-k", "not v2"
    )
    mended.assert_outcomes(failed=1, deselected=1)
    mended.stdout.fnmatch_lines(["pass", "fail was expected: speaks no OTR"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--otrspec-cases", "x"), "--otrspec-cases is about a target: give --otrspec-target"),
        (("--otrspec-target", ""), "the target is empty"),
        (("--otrspec-target", "reference", "--otrspec-cases", "zzz"), "there is no case 'zzz'"),
        (("--otrspec-target", "reference", "--otrspec-protocol", "x"), "there is no protocol 'x'"),
        (("--otrspec-target", "reference", "--otrspec-protocol", "x"), "otrv2"),
        (
            ("--otrspec-target", "reference", "--otrspec-expect", "none.toml"),
            "ERROR: none.toml: No such file or directory\n",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_a_usage_error(
    arguments: tuple[str, ...], says: str, pytester: pytest.Pytester
) -> None:
    result = pytester.runpytest_inprocess(*PLUGIN, *arguments)

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    assert says in result.stderr.str()


def test_a_target_that_does_not_start_ends_the_run(pytester: pytest.Pytester) -> None:
    asked = ("--otrspec-target", "no-such-program", "--otrspec-cases", "life.started-by-t*")
    result = pytester.runpytest_inprocess(*PLUGIN, *asked)

    result.assert_outcomes(failed=1)
    assert "no-such-program does not start" in result.stdout.str()


@pytest.mark.slow
def test_workers_of_xdist_share_the_cases(pytester: pytest.Pytester) -> None:
    asked = ("--otrspec-target", "reference", "--otrspec-cases", f"{LIFE}*")
    result = pytester.runpytest_subprocess(*PLUGIN, "-n", "2", *asked)

    result.assert_outcomes(passed=2)
    assert "otrspec: reference: 0 of 2 cases unsupported" in result.stdout.str()
