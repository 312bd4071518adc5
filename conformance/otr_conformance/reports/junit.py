"""A report as JUnit XML, which servers of continuous integration read.

There is a suite for each protocol and topic of cases, as in "otrv3.ake". A case that passed, or was
noted, passes. What is expected although nobody wants it, and what the target does not support, is
skipped, with the reason. Every other surprise is a failure; where the shim or the suite is at
fault, an error.

In a report of learning each difference is a test in the place of a case, and there is one test
more for each setting: that it was learned to its end. In one of fuzzing each find is a test, and
there is one more: that nothing kept the fuzzer from playing. So a run that finds nothing has tests,
too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from otr_conformance.verdict import GOOD, Verdict

from .kinds import ReportKind
from .report import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .report import Report

__all__ = ["junit"]

_KINDS: Final = ("failures", "errors", "skipped")
_FAILURE, _ERROR, _SKIPPED = "failure", "error", "skipped"
_PRIVATE: Final = 0xE000, 0xFFFD
_PLANES: Final = 0x10000


def junit(report: Report) -> str:
    """The report as XML."""
    topics: dict[str, list[Outcome]] = {}
    every = (*report.outcomes, *_others(report))
    for each in every:
        topics.setdefault(f"{each.protocol}.{each.name.partition('.')[0]}", []).append(each)
    kind = "" if report.kind is ReportKind.CONFORMANCE else f" {report.kind.command}"
    root = ET.Element("testsuites", {"name": f"otrspec{kind}: {_fit(report.label)}"})
    _count(root, every)
    for topic, outcomes in topics.items():
        suite = ET.SubElement(root, "testsuite", {"name": topic, "timestamp": report.made[:19]})
        _count(suite, outcomes)
        properties = ET.SubElement(suite, "properties")
        for name, value in _properties(report):
            ET.SubElement(properties, "property", {"name": name, "value": _fit(value)})
        for each in outcomes:
            _case(suite, topic, each)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _others(report: Report) -> Iterable[Outcome]:
    """What was tested beside what is listed, in a report that lists only what differs."""
    for each in report.learned:
        verdict = Verdict.PASS
        if each.stopped:
            verdict = Verdict.HARNESS_ERROR if each.faulty else Verdict.FAIL
        yield _other(f"learned.{each.setting}", each.about, verdict, each.stopped)
    for finding in report.outdated:
        why = "it explains nothing any more"
        yield _other(f"outdated.{finding}", "A finding explains something.", Verdict.FAIL, why)
    if report.played is not None:
        lost = report.played.lost
        verdict = Verdict.HARNESS_ERROR if lost else Verdict.PASS
        about = f"{report.played.moves} moves were played."
        yield _other(f"fuzzed.{report.played.protocol}", about, verdict, lost)


def _other(name: str, about: str, verdict: Verdict, because: str) -> Outcome:
    good = verdict is Verdict.PASS
    return Outcome(f"otrspec.case:{name}", about, verdict, good, "must", 0, because=because)


def _properties(report: Report) -> Iterable[tuple[str, str]]:
    """What was tested, with what."""
    yield "otrspec", report.suite
    yield "kind", report.kind.value
    yield "target", report.target
    yield "implementation", report.name
    yield "implementation.version", report.version
    yield "implementation.protocols", " ".join(map(str, report.speaks))
    yield "implementation.capabilities", " ".join(report.capabilities)
    if report.kind is ReportKind.CONFORMANCE:
        yield "cases.available", str(report.available)
        yield "unsupported.share", f"{report.unsupported_share:.4f}"
    for name in report.dialects:
        yield "dialect", name
    for text in report.texts:
        yield f"text.{text.name}", f"{text.repository}@{text.commit} sha256:{text.sha256}"


def _count(element: ET.Element, outcomes: Iterable[Outcome]) -> None:
    """State how many cases there are, and of which kind."""
    outcomes = tuple(outcomes)
    kinds = [_kind(each) for each in outcomes]
    element.set("tests", str(len(outcomes)))
    for name, kind in zip(_KINDS, (_FAILURE, _ERROR, _SKIPPED), strict=True):
        element.set(name, str(kinds.count(kind)))
    element.set("time", f"{sum(each.seconds for each in outcomes):.3f}")


def _kind(each: Outcome) -> str:
    """What a case is to such a server; "" for one that passed."""
    if each.verdict is Verdict.UNSUPPORTED and each.expected:
        return _SKIPPED
    if each.expected:
        return "" if each.verdict in GOOD else _SKIPPED
    return _ERROR if each.verdict is Verdict.HARNESS_ERROR else _FAILURE


def _case(suite: ET.Element, topic: str, each: Outcome) -> None:
    """One case."""
    name = each.name.partition(".")[2] or each.name
    seconds = f"{each.seconds:.3f}"
    case = ET.SubElement(suite, "testcase", {"classname": topic, "name": name, "time": seconds})
    kind = _kind(each)
    if kind == _SKIPPED:
        ET.SubElement(case, kind, {"message": _fit(_excuse(each))})
    elif kind:
        said = {"type": each.verdict.word, "message": _fit(_complaint(each))}
        ET.SubElement(case, kind, said).text = _fit("\n".join(_story(each)))
    if not kind and each.verdict is Verdict.NOTE:
        ET.SubElement(case, "system-out").text = _fit("\n".join(["note", *_story(each)]))


def _excuse(each: Outcome) -> str:
    """Why a case is skipped."""
    if each.verdict is Verdict.UNSUPPORTED:
        return f"unsupported: {each.because}"
    finding = f" ({each.finding})" if each.finding else ""
    return f"{each.verdict}, as expected: {each.cause or each.because}{finding}"


def _complaint(each: Outcome) -> str:
    """What was not expected, in a line."""
    because = each.because
    if each.flaky:
        because = ", ".join(f"{verdict} {n}" for verdict, n in each.repetitions.items())
        return f"flaky: {because}"
    if each.expectation is not None and each.expectation is not each.verdict:
        because = f"{each.expectation} was expected{': ' if because else ''}{because}"
    return because or each.verdict.word


def _story(each: Outcome) -> Iterable[str]:
    """What to read of a case."""
    yield each.about
    yield from (
        f"{label}: {text}"
        for label, text in (
            ("because", each.because),
            ("refused at", " or ".join(each.where)),
            ("ambiguity", each.ambiguity),
            ("clauses", ", ".join(each.at_step or each.clauses[:3])),
            ("replay", each.replay),
        )
        if text
    )
    for number, line in enumerate(each.log):
        yield ("" if number else "\n") + line
    if each.predicted:
        yield "\nin the step that differs, the tables predict:"
        yield from (f"  {line}" for line in each.predicted)


def _fit(text: str) -> str:
    """A text with only such characters as XML may have; others become escapes."""
    return "".join(
        c if _fits(c) else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text
    )


def _fits(character: str) -> bool:
    code = ord(character)
    return (
        character in "\t\n"
        or ord(" ") <= code < 0x7F  # noqa: PLR2004 - see the standard, "Characters"
        or 0xA0 <= code < 0xD800  # noqa: PLR2004 - as above
        or _PRIVATE[0] <= code <= _PRIVATE[1]
        or code >= _PLANES
    )
