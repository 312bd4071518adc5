"""Verdicts and exit codes."""

import itertools

import pytest

from otr_conformance.verdict import GOOD, ExitCode, Verdict, exit_code


def test_the_words_are_the_seven_of_the_reports() -> None:
    assert [verdict.value for verdict in Verdict] == [
        "pass",
        "note",
        "fail",
        "unsupported",
        "harness-error",
        "hang",
        "crash",
    ]


def test_a_verdict_is_found_by_its_word_and_says_what_it_means() -> None:
    for verdict in Verdict:
        assert Verdict(verdict.word) is verdict
        assert str(verdict) == verdict.word
        assert verdict.meaning
    with pytest.raises(ValueError, match="perhaps"):
        Verdict("perhaps")


def test_what_speaks_against_nobody_is_good() -> None:
    assert {Verdict.PASS, Verdict.NOTE, Verdict.UNSUPPORTED} == GOOD


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert [code.value for code in ExitCode] == [0, 1, 2, 3]


def test_what_was_expected_decides_and_not_what_was_seen() -> None:
    assert exit_code([(verdict, True) for verdict in Verdict]) == ExitCode.EXPECTED
    assert exit_code([(Verdict.PASS, False)]) == ExitCode.UNEXPECTED
    assert exit_code([(Verdict.HARNESS_ERROR, False)]) == ExitCode.HARNESS_ERROR
    assert exit_code([]) == ExitCode.EXPECTED


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_a_harness_error_outweighs_the_rest_in_any_order(order: tuple[int, ...]) -> None:
    run = [(Verdict.HARNESS_ERROR, False), (Verdict.FAIL, False), (Verdict.PASS, True)]

    assert exit_code(run[place] for place in order) == ExitCode.HARNESS_ERROR


def test_a_harness_error_that_was_expected_outweighs_nothing() -> None:
    run = [(Verdict.HARNESS_ERROR, True), (Verdict.HANG, False)]

    assert exit_code(run) == ExitCode.UNEXPECTED
