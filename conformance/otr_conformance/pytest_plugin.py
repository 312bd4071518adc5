"""A plugin for pytest: each case of the suite is a test of whoever writes an implementation of OTR.

    pytest --otrspec-target 'python3 my_shim.py' --otrspec-cases 'ake.*'

Without `--otrspec-target` it does nothing, and loads nothing but itself. With it the cases stand
behind the other tests; `-m otrspec` runs them alone, and `-k`, `--lf`, `-x` and `-n` work as with
any other test. What the target does not support is skipped, a note passes, and what a file of
expectations says that the target fails is an expected failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _pytest._code.code import ExceptionInfo, TerminalRepr
    from _pytest.terminal import TerminalReporter

    from otr_conformance.play.case import AnyCase
    from otr_conformance.play.grade import Result

__all__ = ["pytest_addoption", "pytest_configure"]

_VERDICT: Final = "otrspec.verdict"
_FOLDER: Final = "otrspec"
_NAMES: Final = ("cases", "protocol", "expect", "dialect", "timeout")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("otrspec", "conformance of an implementation of OTR")
    group.addoption(
        "--otrspec-target",
        metavar="TARGET",
        help="test this, as `otrspec conform TARGET` does: the command of a shim, or a peer",
    )
    group.addoption(
        "--otrspec-cases",
        metavar="GLOB",
        action="append",
        help="only these cases: an id, or a pattern; repeatable",
    )
    group.addoption(
        "--otrspec-protocol", metavar="NAME", help="only the cases of this protocol, such as otrv4"
    )
    group.addoption("--otrspec-expect", metavar="FILE", help="how the target is known to deviate")
    group.addoption(
        "--otrspec-dialect",
        metavar="NAME",
        action="append",
        help="what the target is known to do otherwise: see `otrspec cases dialects`; repeatable",
    )
    group.addoption(
        "--otrspec-timeout",
        metavar="SECONDS",
        type=float,
        help="how long one answer of the target may take",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part, if there is a target.

    Raises:
        pytest.UsageError: if what was asked for cannot be.
    """
    config.addinivalue_line("markers", "otrspec: a case of the conformance suite otrspec")
    target = config.getoption("--otrspec-target")
    if target is not None:
        config.pluginmanager.register(_Plugin(config, target), "otrspec-cases")
        return
    for name in _NAMES:
        if config.getoption(f"--otrspec-{name}") is not None:
            message = f"--otrspec-{name} is about a target: give --otrspec-target"
            raise pytest.UsageError(message)


class _Plugin:
    """The cases of one target as tests."""

    def __init__(self, config: pytest.Config, given: str) -> None:
        from otr_reference.errors import OtrSpecError  # noqa: PLC0415 - only if there is a target

        self.given = given
        self._config = config
        try:
            self._prepare()
        except OtrSpecError as error:
            raise pytest.UsageError(str(error)) from error

    def _prepare(self) -> None:
        """Find target, cases and expectations; nothing is started yet."""
        from pathlib import Path  # noqa: PLC0415 - as above

        from otr_conformance import expectations, runner, targets  # noqa: PLC0415 - as above
        from otr_conformance.cli.choice import Selection, choose  # noqa: PLC0415 - as above
        from otr_conformance.protocols import PROTOCOLS, TEXTS  # noqa: PLC0415 - as above

        option = self._config.getoption
        name, version = option("--otrspec-protocol") or "", 0
        if name in TEXTS:
            owner = TEXTS[name]
            name, version = owner.name, owner.versions[name] if len(owner.versions) > 1 else 0
        elif name:
            message = f"there is no protocol {name!r}, but {', '.join(TEXTS)}"
            raise pytest.UsageError(message)
        self.cases = choose(Selection(name, version, tuple(option("--otrspec-cases") or ())))
        dialects = option("--otrspec-dialect") or []
        timeout = option("--otrspec-timeout") or runner.TIMEOUT
        target = targets.find(self.given)
        path = option("--otrspec-expect")
        file = Path(path) if path else target.expectations
        every = (i for each in PROTOCOLS.values() for i in each.suite.cases)
        self.known = expectations.read(file, every) if file else expectations.NONE
        self.options = [word for each in dialects for word in ("--dialect", each)]
        self.options += ["--expect", path] if path else []
        self._runner = runner.Runner(target, timeout, dialects)
        self._open = False
        self.broken = ""

    # What pytest calls.

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Put the cases behind the other tests, before anybody selects among them."""
        folder = _Cases.from_parent(session, name=_FOLDER, nodeid=_FOLDER, plugin=self)
        hook = session.ihook
        hook.pytest_collectstart(collector=folder)
        report = hook.pytest_make_collect_report(collector=folder)
        hook.pytest_collectreport(report=report)
        items.extend(report.result)

    def pytest_sessionfinish(self) -> None:
        """End the target."""
        if self._open:
            self._runner.close()
            self._open = False

    def pytest_report_header(self) -> str:
        """What is tested."""
        from otr_model import __version__  # noqa: PLC0415 - as above

        return f"otrspec {__version__}: {self.given}, {len(self.cases)} cases"

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """How much of the suite the target does not support: a green run does not say so."""
        from otr_conformance.reports.report import share  # noqa: PLC0415 - as above

        seen = [
            dict(report.user_properties).get(_VERDICT)
            for reports in terminalreporter.stats.values()
            for report in reports
            if getattr(report, "when", "") == "call"
        ]
        total = sum(verdict is not None for verdict in seen)
        if total:
            missing = seen.count("unsupported")
            notes = seen.count("note")
            terminalreporter.write_line(
                f"otrspec: {self.given}: {missing} of {total} cases unsupported "
                f"({share(missing, total)} %), {notes} noted"
            )

    # What the tests ask for.

    def run(self, case: AnyCase) -> Result:
        """Run one case; the target is started when it is first needed.

        Raises:
            ShimError: if it does not start.
        """
        if not self._open:
            self._runner.open()
            self._open = True
        return self._runner.run_case(case)


class _Cases(pytest.Collector):
    """The cases, as a folder of tests."""

    def __init__(self, *, plugin: _Plugin, **given: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**given)
        self.plugin = plugin
        self.add_marker(pytest.mark.otrspec)

    def collect(self) -> Iterable[pytest.Item]:
        """Each case as a test, in the order of the suite."""
        return [
            _Case.from_parent(self, name=case.id, case=case, plugin=self.plugin)
            for case in self.plugin.cases
        ]


class Unexpected(Exception):
    """A verdict that is not the expected one; the text is all that there is to read."""


class _Case(pytest.Item):
    """One case."""

    def __init__(self, *, case: AnyCase, plugin: _Plugin, **given: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(**given)
        self.case = case
        self.plugin = plugin

    def reportinfo(self) -> tuple[str, None, str]:
        """Where it stands, and its title, in which pytest leaves dots as they are."""
        return _FOLDER, None, f"{_FOLDER} {self.name}"

    def runtest(self) -> None:
        """Run it.

        Raises:
            Unexpected: if the verdict is not the expected one.
        """
        from otr_conformance.shim.errors import ShimError  # noqa: PLC0415 - only if it is run
        from otr_conformance.verdict import GOOD, Verdict  # noqa: PLC0415 - as above

        try:
            result = self.plugin.run(self.case)
        except ShimError as error:
            self.session.shouldstop = f"otrspec: {self.plugin.given}: {error}"
            message = f"{self.plugin.given} does not start: {error}"
            raise Unexpected(message) from error
        self.user_properties.append((_VERDICT, result.verdict.word))
        if result.because:
            self.user_properties.append(("otrspec.because", result.because))
        entry = self.plugin.known.entries.get(self.case.id)
        if not self.plugin.known.expected(self.case.id, result.verdict):
            raise Unexpected(self._story(result))
        if result.verdict is Verdict.UNSUPPORTED:
            pytest.skip(f"unsupported: {result.because}")
        if result.verdict not in GOOD:
            finding = f" ({entry.finding})" if entry and entry.finding else ""
            pytest.xfail(f"{result.verdict}: {entry.because if entry else ''}{finding}")
        if result.verdict is Verdict.NOTE:
            self.add_report_section("call", "otrspec", f"note: {result.because}\n")

    def _story(self, result: Result) -> str:
        """What to read where a verdict is not the expected one."""
        from otr_conformance.reports.gather import replay_of  # noqa: PLC0415 - as above

        entry = self.plugin.known.entries.get(self.case.id)
        known = f"{entry.verdict} was expected: {entry.because}" if entry else ""
        if entry and entry.unreviewed:
            known = f"{entry.verdict} is proposed; nobody has reviewed that"
        because = f"{result.verdict}: {result.because}" if result.because else result.verdict.word
        lines = [
            because,
            *([known] if known else []),
            self.case.about,
            *(f"    {line}" for line in result.log),
            "",
            f"replay: {replay_of(self.plugin.given, self.case.id, self.plugin.options)}",
        ]
        return "\n".join(lines)

    def repr_failure(
        self,
        excinfo: ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401 - pytest's
    ) -> str | TerminalRepr:
        """The text of a surprise; whatever else goes wrong is shown as it is."""
        if isinstance(excinfo.value, Unexpected):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)
