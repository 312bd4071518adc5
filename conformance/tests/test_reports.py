"""Reports of `otrspec conform`: as data, as JSON, JUnit XML, a badge, a page."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import sys
import zlib
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from rich.console import Console

from otr_conformance.cli import main
from otr_conformance.cli.live import Far, left
from otr_conformance.play.grade import Result
from otr_conformance.protocols import PROTOCOLS
from otr_conformance.reports.badge import badge, said
from otr_conformance.reports.document import FORMAT_VERSION, BadReport, read, write
from otr_conformance.reports.gather import Judged
from otr_conformance.reports.gather import outcome as outcome_of
from otr_conformance.reports.junit import junit
from otr_conformance.reports.page import page
from otr_conformance.reports.report import Outcome, Report, share
from otr_conformance.reports.schema import schema
from otr_conformance.reports.steps import differing, ended, steps_of
from otr_conformance.runner import Run
from otr_conformance.verdict import Verdict

MINIATURES = Path(__file__).parent / "miniatures"
LIFE = "otrv3.case:life.started-by-tester"
CASES = PROTOCOLS["otrv3"].suite.cases
HOSTILE = "@DATA@</script><script>alert(1)</script>\x1b[31m\x00\u202e & \"'"


@pytest.fixture(autouse=True)
def _children_find_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of a target that speaks no OTR."""
    path = tmp_path_factory.mktemp("reports") / "full.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        run = ["conform", miniature("full"), "--case", f"{LIFE}*", "--report", str(path)]
        assert main(run) == 1
    return read(path.name, path.read_bytes())


def miniature(name: str) -> str:
    return shlex.join([sys.executable, str(MINIATURES / f"{name}.py")])


def report(*outcomes: Outcome, **changed: Any) -> Report:
    """A report of these cases."""
    plain = Report(
        suite="0",
        made="2026-01-31T12:00:00Z",
        target="mine",
        name="mine",
        version="1",
        speaks=(3,),
        capabilities=("clock",),
        seconds=1.5,
        dialects={},
        texts=(),
        sentences=(),
        outcomes=outcomes,
    )
    return replace(plain, **changed)


def outcome(name: str, verdict: Verdict = Verdict.PASS, **changed: Any) -> Outcome:
    """A case of the topic "topic"."""
    good = verdict in {Verdict.PASS, Verdict.NOTE, Verdict.UNSUPPORTED}
    plain = Outcome(f"otrv3.case:topic.{name}", "Does it.", verdict, good, "must", 3)
    return replace(plain, **changed)


EACH = [outcome(verdict.word, verdict, because=f"because of {verdict}") for verdict in Verdict]
LACKING = [
    outcome("a", Verdict.UNSUPPORTED, lacks=("clock", "tag")),
    outcome("b", Verdict.UNSUPPORTED, lacks=("clock",)),
    outcome("c", Verdict.UNSUPPORTED, because="a message does not fit"),
    outcome("d"),
]


# --- As data ---------------------------------------------------------------------------------


def test_what_is_unsupported_is_counted_by_capability() -> None:
    found = report(*LACKING)

    assert [(each.what, each.cases, each.alone) for each in found.lacking] == [
        ("clock", 2, 1),
        ("tag", 1, 0),
        ("a message does not fit", 1, 1),
    ]
    assert found.unsupported_share == 0.75
    assert found.asked == 1


def test_cases_are_grouped_by_cause_and_surprises_come_first() -> None:
    found = report(
        outcome("a", Verdict.FAIL, because="x: the target sent no Y", expected=True, cause="known"),
        outcome("b", Verdict.FAIL, because="x: the target sent no Y", expected=True, cause="known"),
        outcome("c", Verdict.FAIL, because="z: the target sent no Y"),
        outcome("d"),
        outcome("e", Verdict.NOTE, ambiguity="otrv3.ambiguity:n"),
    )

    assert [(g.expected, g.why, len(g.outcomes)) for g in found.groups()] == [
        (False, "the target sent no Y", 1),
        (True, "known", 2),
        (True, "reads otrv3.ambiguity:n to the letter", 1),
    ]


@pytest.mark.parametrize(
    ("count", "total", "shown"),
    [(0, 0, "0"), (0, 9, "0"), (1, 900, "< 1"), (1, 2, "50"), (899, 900, "> 99"), (9, 9, "100")],
)
def test_a_share_is_never_shown_as_nothing_or_everything_unless_it_is(
    count: int, total: int, shown: str
) -> None:
    assert share(count, total) == shown


def test_the_time_that_is_left_is_guessed_once_there_is_reason_to() -> None:
    assert left(1, 100, 1.0) == ""
    assert left(50, 100, 10.0) == "10 s left"
    assert left(10, 100, 60.0) == "9 min left"
    assert left(100, 100, 60.0) == ""


def test_the_display_of_a_run_has_verdicts_so_far_and_what_is_run_now() -> None:
    far = Far("mine", 10)
    for verdict in (Verdict.PASS, Verdict.PASS, Verdict.FAIL):
        far.seen(["ake.one", "ake.two"], verdict, expected=verdict is Verdict.PASS)
    screen = Console(width=80, file=StringIO(), force_terminal=False)
    with screen.capture() as captured:
        screen.print(far)

    above, below = (line for line in captured.get().splitlines() if line.strip())
    assert above.startswith("mine ")
    assert "3/10" in above
    assert below.strip() == "2 pass  1 fail  1 unexpected  ake.one ake.two"


# --- The step that differs -------------------------------------------------------------------


def test_a_log_is_steps_with_what_came_of_them() -> None:
    steps = steps_of(["one", "  a", "  b", "two", "three", "  c"])

    assert [(step.says, step.lines) for step in steps] == [
        ("one", ("a", "b")),
        ("two", ()),
        ("three", ("c",)),
    ]


def test_the_step_that_differs_is_found_with_what_was_predicted_and_its_clauses() -> None:
    case = PROTOCOLS["otrv3"].suite.cases[LIFE]
    log = ["the tester's user starts", "  tester -> target: Query offering 3"]
    log += ["everything is delivered", "  target's user: message open ?OTRv3?"]
    found = differing(case, log, "everything is delivered: the target sent no D-H Commit v3")

    assert found.number == 2
    assert found.predicted[0] == "target -> tester: D-H Commit v3"
    assert "target's user: secure v3" in found.predicted  # without what randomness decides
    assert "otrv3.clause:receiving-query.version-3" in found.clauses


def test_of_steps_with_one_name_that_one_is_found_in_which_something_differs() -> None:
    case = PROTOCOLS["otrv3"].suite.cases[LIFE]
    predicted = PROTOCOLS["otrv3"].suite.grader.predict(case, PROTOCOLS["otrv3"].suite.terms())
    last = max(n for n, line in enumerate(predicted.log) if line == "everything is delivered")
    log = predicted.log[: last + 1]
    found = differing(case, log, "everything is delivered: the target's user was told no message")

    assert found.number == len(steps_of(log))
    assert found.predicted == ("target's user: message private hello yourself",)


def test_values_that_disagree_are_found_where_they_were_told() -> None:
    case = PROTOCOLS["otrv3"].suite.cases["otrv3.case:life.extra-key-v2"]
    log = PROTOCOLS["otrv3"].suite.grader.predict(case, PROTOCOLS["otrv3"].suite.terms()).log
    said = "extra-key 0x46494c45 a file from the tester"
    assert any(line.startswith(f"  target's user: {said}") for line in log)
    because = f"everything is delivered: the target's user was told no {said} agreeing"
    found = differing(case, log, because)

    assert f"target's user: {said}" in found.predicted
    assert found.clauses


def test_the_clauses_are_those_of_the_first_thing_that_is_missing() -> None:
    case = PROTOCOLS["otrv3"].suite.cases["otrv3.case:ake.v3-both-begin-and-target-is-higher"]
    log = PROTOCOLS["otrv3"].suite.grader.predict(case, PROTOCOLS["otrv3"].suite.terms()).log
    at = next(n for n, line in enumerate(log) if line == "  target -> tester: D-H Commit v3 again")
    because = "everything is delivered: the target sent no D-H Commit v3 again"
    resent = differing(case, [*log[:at], *log[at + 1 :]], because)
    last = differing(case, log[: at + 2], because)

    assert resent.number == last.number
    assert resent.clauses[0] == "otrv3.clause:receiving-dh-commit.awaiting-dhkey.ours-higher"
    assert resent.clauses[0] not in last.clauses  # that was sent again; what comes next was not


def test_a_log_of_something_else_has_no_such_step() -> None:
    case = PROTOCOLS["otrv3"].suite.cases[LIFE]

    assert differing(case, ["Traceback"], "it stumbled").number in {0, 1}
    assert differing(case, [], "it stumbled").number == 0


# --- As JSON ---------------------------------------------------------------------------------


def test_a_report_of_a_run_has_everything_that_is_needed_to_look_into_it(failing: Report) -> None:
    (first, second) = failing.outcomes

    assert (first.case, first.verdict) == (LIFE, Verdict.FAIL)
    assert not first.expected
    assert first.about.startswith("Becomes private")
    assert "otrv3.clause:receiving-query.version-3" in first.at_step
    assert set(first.at_step) <= set(first.clauses)
    assert first.log[0] == "the tester's user starts"
    assert first.step == 2
    assert first.replay == f"otrspec conform {shlex.quote(miniature('full'))} --case {LIFE} --trace"
    assert second.version == 2
    assert {text.name for text in failing.texts} == {"otrv3", "otrv2"}
    assert all(re.fullmatch("[0-9a-f]{64}", text.sha256) for text in failing.texts)
    assert {each.id for each in failing.sentences} >= set(first.clauses)


def test_the_schema_describes_what_is_written(failing: Report) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())

    for each in (failing, report(*EACH), report(*LACKING), report()):
        jsonschema.validate(json.loads(write(each)), schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": "otrspec-report", "format_version": 1}, schema())


def test_what_is_written_is_read_again(failing: Report) -> None:
    flaky = outcome("f", Verdict.FAIL, repetitions={Verdict.FAIL: 1, Verdict.PASS: 2})
    for each in (failing, report(*EACH, *LACKING, flaky, farewells=("exit status 1",))):
        again = read("x", write(each).encode())
        assert write(again) == write(each)
        assert again.status is each.status


def test_each_case_is_on_a_line_of_its_own(failing: Report) -> None:
    lines = [line for line in write(failing).splitlines() if line.startswith('    {"case"')]

    assert len(lines) == len(failing.outcomes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "it is no JSON"),
        ("<xml/>", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "it is no JSON"),
        ("[]", "is no report of otrspec"),
        ('{"a": 1}', "is no report of otrspec"),
        ('{"results": [], "counts": {}}', "is no report of otrspec, but what --json writes"),
        ('{"format": "otrspec-report"}', "format_version: is missing"),
        ('{"format": "otrspec-report", "format_version": true}', "format_version: is not what"),
        ('{"format": "otrspec-report", "format_version": 0}', "there is no format 0"),
        ('{"format": "otrspec-report", "format_version": 1}', "clauses: is missing"),
        (
            f'{{"format": "otrspec-report", "format_version": {FORMAT_VERSION + 1}}}',
            f"format {FORMAT_VERSION + 1}, and this otrspec reads up to {FORMAT_VERSION}: update",
        ),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(content: str, says: str) -> None:
    with pytest.raises(BadReport) as refused:
        read("some.json", content.encode("latin-1"))

    assert str(refused.value).startswith("some.json: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_report_that_was_cut_off_is_told_from_other_things(failing: Report) -> None:
    text = write(failing).encode()
    for at in range(10, len(text) - 2, len(text) // 40):
        with pytest.raises(BadReport, match="it ends in the middle"):
            read("cut.json", text[:at].rstrip(b"}"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "good"}, "results[0].verdict: 'good' is no verdict"),
        ({"case": 3}, "results[0].case: is not what it should be"),
        ({"expected": "yes"}, "results[0].expected: is not what it should be"),
        ({"clauses": [99_999]}, "results[0].clauses: there is no such clause"),
        ({"log": [1]}, "results[0].log: is not what it should be"),
        ({"case": f"{LIFE}-v2"}, "has a result already"),
        ({"repetitions": {"maybe": 1}}, "results[0].repetitions: 'maybe' is no verdict"),
    ],
)
def test_a_field_that_is_wrong_is_named(failing: Report, change: dict[str, Any], says: str) -> None:
    document = json.loads(write(failing))
    document["results"][0].update(change)

    with pytest.raises(BadReport) as refused:
        read("x.json", json.dumps(document).encode())
    assert says in str(refused.value)


# --- As JUnit XML ----------------------------------------------------------------------------


def test_junit_counts_what_servers_count() -> None:
    known = outcome("known", Verdict.FAIL, expected=True, cause="it is like that", finding="x-y")
    mended = outcome("mended", Verdict.PASS, expected=False, expectation=Verdict.FAIL)
    root = ET.fromstring(junit(report(*EACH, known, mended)))  # noqa: S314 - our own

    (suite,) = root
    assert suite.get("name") == "otrv3.topic"
    for element in (root, suite):
        assert {n: element.get(n) for n in ("tests", "failures", "errors", "skipped")} == {
            "tests": "9",
            "failures": "4",  # fail, hang, crash, and what passes although it should not
            "errors": "1",  # harness-error
            "skipped": "2",  # unsupported, and the failure that is known
        }
    found = {case.get("name"): [each.tag for each in case] for case in suite.iter("testcase")}
    assert found == {
        "pass": [],
        "note": ["system-out"],
        "fail": ["failure"],
        "unsupported": ["skipped"],
        "harness-error": ["error"],
        "hang": ["failure"],
        "crash": ["failure"],
        "known": ["skipped"],
        "mended": ["failure"],
    }
    skipped = {case.get("name"): each.get("message") for case in suite for each in case}
    assert skipped["known"] == "fail, as expected: it is like that (x-y)"
    assert skipped["unsupported"] == "unsupported: because of unsupported"
    assert skipped["mended"] == "fail was expected"


def test_junit_has_versions_and_how_to_replay(failing: Report) -> None:
    root = ET.fromstring(junit(failing))  # noqa: S314 - our own
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    failure = next(root.iter("failure"))

    assert properties["otrspec"] == failing.suite
    assert properties["implementation"] == failing.name
    assert failing.texts[0].sha256 in (properties["text.otrv3"] or "")
    assert failure.text is not None
    assert f"--case {LIFE} --trace" in failure.text
    assert "the tables predict:\n  target -> tester: D-H Commit v3" in failure.text


def test_junit_is_xml_whatever_a_target_says() -> None:
    each = outcome("x", Verdict.FAIL, because=HOSTILE + "\ud800", log=(HOSTILE,))
    text = junit(report(each, name=HOSTILE))
    root = ET.fromstring(text)  # noqa: S314 - our own

    message = next(root.iter("failure")).get("message")
    assert message is not None
    assert message.startswith("@DATA@</script><script>alert(1)</script>\\x1b[31m\\x00")
    assert text.encode()  # no half of a character is left


# --- As a badge ------------------------------------------------------------------------------


def test_a_badge_says_how_much_is_unsupported() -> None:
    assert said(report(*LACKING)) == ("OTRv3", "1/4, 75 % unsupported")
    assert said(report(outcome("a"))) == ("OTRv3", "1/1")
    assert said(report(outcome("a"), available=9)) == ("OTRv3", "1/1 of 9")
    assert said(report(outcome("a", Verdict.FAIL))) == ("OTRv3", "0/1, 1 unexpected")


def test_the_colour_of_a_badge_tells_the_result() -> None:
    known = outcome("a", Verdict.FAIL, expected=True)
    pictures = [
        badge(report(outcome("a"))),
        badge(report(outcome("a"), outcome("b"), replace(known, case="otrv3.case:topic.c"))),
        badge(report(*LACKING)),
        badge(report(outcome("a", Verdict.FAIL))),
    ]
    fills = [re.findall('<rect x="[0-9]+".*?fill="(#[0-9a-f]{6})"', each) for each in pictures]

    assert all(len(fill) == 1 for fill in fills)
    assert len({fill[0] for fill in fills}) == 4


def test_a_badge_is_well_formed_whatever_a_target_calls_itself() -> None:
    root = ET.fromstring(badge(report(outcome("a"), name='a "b" <c> & d')))  # noqa: S314 - our own

    assert root.get("aria-label") == 'a "b" <c> & d 1: OTRv3 1/1'


# --- As a page -------------------------------------------------------------------------------


class _Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for n, v in attrs if n in {"href", "src", "action", "srcset"}]
        self.handlers += [n for n, _ in attrs if n.startswith("on")]


def data_of(made: str) -> dict[str, Any]:
    """What the script of a page is given."""
    packed = re.search('id="data">([^<]*)</script>', made)
    assert packed is not None
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    return data


def test_a_page_stands_alone(failing: Report) -> None:
    made = page([failing])
    elements = _Elements()
    elements.feed(made)

    assert elements.addresses == []
    assert elements.handlers == []
    assert "default-src 'none'" in made
    assert elements.tags.count("script") == 2
    assert "@" not in re.sub("(?s)<script.*|<style.*?</style>", "", made).replace("@media", "")
    (script,) = re.findall("(?s)<script>(.*?)</script>", made)
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in made
    assert "innerHTML" not in script


# Cases that could not be played to their end.

CUT_SHORT = (
    "the tester's user starts",
    "  tester -> target: Query offering 3",
    "everything is delivered",
    "  target -> tester: D-H Commit v3",
    "  tester -> target: D-H Key v3",
    'request: {"id": 4, "do": "receive", "endpoint": "target", "wire": "P09UUg=="}',
    "standard error:",
    "  segmentation fault",
)
"""What was seen of a target that ended amid the AKE, and what is known of its end."""


def test_a_case_ends_in_the_last_step_that_was_begun() -> None:
    found = ended(CASES[LIFE], CUT_SHORT)

    assert found.number == 2
    assert "target -> tester: Reveal Signature v3" in found.predicted
    assert found.clauses == ()


def test_a_case_that_was_not_begun_ends_in_no_step() -> None:
    assert ended(CASES[LIFE], ("request: {}", "standard error:", "  no such file")).number == 0


@pytest.mark.parametrize("verdict", [Verdict.CRASH, Verdict.HANG, Verdict.HARNESS_ERROR])
def test_what_was_said_until_the_end_is_in_the_page(verdict: Verdict) -> None:
    result = Result(LIFE, verdict, "in answer to receive: it ended", log=CUT_SHORT)
    drawn = outcome_of(Judged(Run(CASES[LIFE], result, 0.5), expected=False))
    drawn = replace(drawn, clauses=())
    (shown,) = data_of(page([report(drawn)]))["outcomes"][0]

    assert shown["step"] == 2
    assert shown["log"] == list(CUT_SHORT)
    assert "target's user: secure v3" in shown["predicted"]
    assert "at" not in shown


def test_lines_that_are_repeated_stand_once_in_a_report() -> None:
    log = ("the tester's user starts", *["  tester -> target: fragment v3"] * 350, "  the rest")
    result = Result(LIFE, Verdict.CRASH, "it ended", log=log)

    kept = outcome_of(Judged(Run(CASES[LIFE], result, 0.5), expected=False)).log

    assert kept == (log[0], "  tester -> target: fragment v3 (350 times)", "  the rest")


def test_a_page_says_first_how_much_is_unsupported() -> None:
    made = page([report(*LACKING)])

    assert made.index("75 % unsupported") < made.index("<table")
    assert "3 of 4 cases are beyond what it offers" in made
    assert "<th>clock<td>2<td>1" in made


def test_nothing_of_a_target_becomes_markup() -> None:
    each = outcome("x", Verdict.FAIL, because=HOSTILE, log=(HOSTILE,), predicted=(HOSTILE,), step=1)
    made = page([report(each, name=HOSTILE, version=HOSTILE, target=HOSTILE, farewells=(HOSTILE,))])
    elements = _Elements()
    elements.feed(made)

    assert elements.tags.count("script") == 2
    assert "\x1b" not in made
    assert "alert(1)</script>" not in made
    assert data_of(made)["outcomes"][0][0]["log"] == [HOSTILE]


def test_a_page_of_several_reports_has_every_case_and_clause_of_any(failing: Report) -> None:
    passing = replace(failing.outcomes[0], verdict=Verdict.PASS, expected=True, log=(), step=0)
    other = replace(failing, name="other", outcomes=(passing,))
    data = data_of(page([failing, other]))

    assert [label for label, _, _ in data["reports"]] == [failing.label, other.label]
    assert [case[0] for case in data["cases"]] == [each.case for each in failing.outcomes]
    assert data["outcomes"][1] == [1, 0]  # passed; not run
    assert data["outcomes"][0][0]["step"] == 2
    assert [clause[0] for clause in data["clauses"]] == [each.id for each in failing.sentences]


def test_the_clauses_of_a_case_are_bits(failing: Report) -> None:
    data = data_of(page([failing]))
    digits = data["sets"][data["cases"][0][5]]
    bits = {
        4 * at + bit for at, d in enumerate(digits) for bit in range(4) if int(d, 16) >> bit & 1
    }

    assert {data["clauses"][bit][0] for bit in bits} == set(failing.outcomes[0].clauses)


def test_thousands_of_cases_fit_on_a_page(failing: Report) -> None:
    cases = failing.outcomes * 2500
    many = replace(
        failing,
        outcomes=tuple(replace(each, case=f"{each.case}.{n}") for n, each in enumerate(cases)),
    )

    assert len(page([many])) < 2_000_000


# --- The commands ----------------------------------------------------------------------------


def test_conform_writes_each_report_that_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"report": "r.json", "html": "r.html", "junit": "r.xml", "badge": "r.svg"}
    files = {option: tmp_path / name for option, name in names.items()}
    options = [word for option, file in files.items() for word in (f"--{option}", str(file))]
    assert main(["conform", "reference", "--case", LIFE, *options]) == 0

    assert all(file.stat().st_size for file in files.values())
    assert sorted(capsys.readouterr().err.splitlines()) == sorted(
        f"{file}: written" for file in files.values()
    )
    found = read("r.json", files["report"].read_bytes())
    assert [each.verdict for each in found.outcomes] == [Verdict.PASS]
    assert found.outcomes[0].clauses
    assert found.speaks == (2, 3, 4)
    assert found.partial
    assert found.available == sum(each.version == 3 for each in CASES.values())
    assert f"Of the {found.available} cases of the suite, 1 were run." in page([found])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--html", "no-such-folder/x.html"), "there is no folder no-such-folder"),
        (("--html", "."), ".: is a folder"),
        (("--html", "x", "--junit", "x"), "two reports cannot be one file"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_run(
    arguments: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["conform", "reference", "--case", LIFE, *arguments]) == 2

    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert says in err


def test_report_shows_what_was_written(
    failing: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(write(failing))
    other.write_text(write(report(*LACKING)))
    assert main(["report", str(one), str(other)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["fail", LIFE]
    assert "75 % unsupported: 3 of 4 cases are beyond what the target offers." in lines
    assert ["2", "1", "clock"] in [line.split() for line in lines]
    assert lines[-1].startswith("Of the 1 case that it supports, every verdict is as expected; ")

    assert main(["report", str(one), str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["unsupported_share"] for each in found] == [0, 0.75]

    together = tmp_path / "both.html"
    assert main(["report", str(one), str(other), "--html", str(together)]) == 0
    assert len(data_of(together.read_text())["reports"]) == 2
    assert capsys.readouterr().out == ""

    assert main(["report", str(one), str(other), "--junit", str(tmp_path / "x.xml")]) == 2
    assert "--junit and --badge are about one report" in capsys.readouterr().err


def test_failures_of_one_cause_are_one_group_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    because = "everything is delivered: the target sent no Data v3"
    many = [outcome(f"case-{n}", Verdict.FAIL, because=because) for n in range(5)]
    file.write_text(write(report(*many)))
    assert main(["report", str(file)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(maxsplit=1) == [
        "fail",
        "5 cases, unexpected: the target sent no Data v3",
    ]
    assert lines[4].strip() == "and 2 more, which --all shows"
    assert lines[-1] == "5 verdicts are not as expected."


def test_a_target_that_supports_nothing_does_not_look_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text(write(report(*LACKING[:3])))
    assert main(["report", str(file)]) == 0

    out = capsys.readouterr().out
    assert "100 % unsupported" in out
    assert out.splitlines()[-1].startswith("Nothing was asked of the target")
