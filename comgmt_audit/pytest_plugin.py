"""The second door: the same checks as test items, so that every pytest reporter works.

``pytest --comgmt=RECORDING`` judges a recording (or the one that a comgmt.toml names) instead of collecting the
current folder. Non-compliance is a failure, *not assessed* and *error* are errors (raised in set-up), *not applicable*
is a skip. Every pytest run imports this module where comgmt-audit is installed, so it imports nothing heavy by itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from comgmt_audit.facts import Environment
    from comgmt_audit.inputs import Pack
    from comgmt_audit.model import Check, CheckResult, Finding, ObservationNote, Severity

_SHOWN_FINDINGS = 20
"""Findings of one check that its failure text shows; the rest is counted."""
_MARKER = re.compile(r"[\w.+-]+")
"""What ``-m`` can name."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The four options; their values stay strings, so that pytest-xdist can send them to its workers."""
    group = parser.getgroup("comgmt-audit", "readiness for Configuration Manager + Intune co-management")
    group.addoption("--comgmt", metavar="RECORDING", help="Judge this recording (folder, .zip) or comgmt.toml.")
    group.addoption("--comgmt-checks", metavar="DIR", action="append", default=[], help="A folder of your own checks.")
    group.addoption("--comgmt-select", metavar="EXPR", default="", help="Only these checks, as in comgmt-audit scan.")
    group.addoption(
        "--comgmt-fail-on",
        metavar="SEVERITY",
        default="medium",
        choices=["advice", "low", "medium", "high", "critical"],
        help="Lesser failures are shown, and do not fail the run (default: medium).",
    )


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Neither configure pytest from a recording nor let it write there.

    Written as ``--comgmt RECORDING``, the path passes for a test path while pytest looks for its configuration and its
    root folder (it knows no plugin's options yet), so both may be the recording's. ``--comgmt=RECORDING`` does not.
    """
    given = early_config.known_args_namespace
    if not given.comgmt:
        return
    if early_config.inipath and early_config.inipath.resolve().is_relative_to(Path(given.comgmt).resolve()):
        raise pytest.UsageError(f"{early_config.inipath}: lies in the recording; write --comgmt=RECORDING, with `=`.")
    if early_config.inipath is None and not given.rootdir and not given.file_or_dir:
        # What pytest does by itself where no path is named; it has no public way to say so.
        early_config._rootpath = early_config.invocation_params.dir


def pytest_configure(config: pytest.Config) -> None:
    """Open the recording, and collect the check files in place of the current directory."""
    if not config.getoption("comgmt"):
        return
    from comgmt_audit.errors import ComgmtError

    try:
        audit = _open(config)
    except ComgmtError as error:
        raise pytest.UsageError(str(error).encode("unicode_escape").decode().replace("\\n", "\n")) from None
    config.pluginmanager.register(audit, "comgmt-audit session")
    for word in sorted({word for check in audit.checks for word in _markers(check)}):
        config.addinivalue_line("markers", f"{word}: a family, stage, severity or statement of comgmt-audit")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []
    named = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
    config.args += [str(file) for file in audit.files if named.isdisjoint({file, *file.parents})]


def _open(config: pytest.Config) -> Audit:
    """What the options name. Raises ComgmtError."""
    from comgmt_audit.inputs import load_packs, open_environment
    from comgmt_audit.model import Severity
    from comgmt_audit.selection import select

    packs = load_packs(Path(folder) for folder in config.getoption("comgmt_checks"))
    chosen = select([check for pack in packs for check in pack.checks], config.getoption("comgmt_select"))
    environment = open_environment(Path(config.getoption("comgmt")))
    return Audit(environment, chosen, packs, Severity(config.getoption("comgmt_fail_on")))


class Audit:
    """One session: the environment, each check's outcome once it is asked for, and how grave the failures were."""

    def __init__(
        self, environment: Environment, checks: tuple[Check, ...], packs: tuple[Pack, ...], fail_on: Severity
    ) -> None:
        from comgmt_audit.engine import Evaluation

        self.environment = environment
        self.evaluation = Evaluation(checks, environment)
        self.checks = checks
        self.packs = packs
        self.fail_on = fail_on
        self.files: dict[Path, list[Check]] = {}
        for check in checks:
            self.files.setdefault(Path(check.function.__code__.co_filename).resolve(), []).append(check)
        self._lesser = 0

    @functools.cached_property
    def observations(self) -> dict[str, ObservationNote]:
        """What was asked of each source, for the failure texts: worked out once, and only where something fails."""
        from comgmt_audit.engine import notes

        return notes(self.environment)

    def pytest_report_header(self) -> list[str]:
        """What is judged, and whose checks were loaded: they are code that runs here."""
        recorded = self.environment.now.strftime("%Y-%m-%d %H:%M %Z")
        design = self.environment.design
        return [
            f"comgmt-audit: {design.name!r}, recorded {recorded}, baseline {self.environment.baseline.name!r}",
            *(f"comgmt-audit: {len(pack.checks)} checks of {pack.name} from {pack.folder}" for pack in self.packs[1:]),
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """A file of checks is collected here and by nobody else: it is no test module."""
        others = yield
        checks = self.files.get(file_path.resolve())
        if not checks:
            return others
        name = f"{checks[0].pack}/{file_path.name}"  # the same wherever it is installed: CI compares names
        return [CheckFile.from_parent(parent, path=file_path, nodeid=name, audit=self, checks=checks)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the failures that are too mild to fail the run."""
        from comgmt_audit.model import Severity

        properties = dict(report.user_properties)
        if report.failed and report.when == "call" and properties.get("id") in self.evaluation.checks:
            self._lesser += Severity(str(properties["severity"])).rank < self.fail_on.rank

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the run succeed where nothing failed but what is milder than ``--comgmt-fail-on``."""
        failed = session.exitstatus == pytest.ExitCode.TESTS_FAILED
        if failed and self._lesser == session.testsfailed and not session.shouldfail:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many failures do not count."""
        if self._lesser:
            terminalreporter.write_line(
                f"comgmt-audit: {self._lesser} failed below severity {self.fail_on.value}: advice, no obstacle."
            )

    def pytest_unconfigure(self) -> None:
        """Let go of the recording."""
        self.environment.recording.close()


class CheckFile(pytest.File):
    """A file of checks."""

    def __init__(self, *, audit: Audit, checks: list[Check], **rest: Any) -> None:
        super().__init__(**rest)
        self.audit = audit
        self.checks = checks

    def collect(self) -> Iterator[CheckItem]:
        """Those that are selected, in the order of the file."""
        for check in self.checks:
            yield CheckItem.from_parent(self, name=check.id, audit=self.audit, check=check)


class CheckItem(pytest.Item):
    """A check, judged in set-up, where a crash or missing evidence is an error to pytest; a failure is the call's."""

    def __init__(self, *, audit: Audit, check: Check, **rest: Any) -> None:
        super().__init__(**rest)
        self.audit = audit
        self.check = check
        words = re.findall(r"\w[\w.-]*", f"{check.title} {check.family.title}")
        self.extra_keyword_matches.update({check.name, *check.tags, *words})
        for word in _markers(check):
            self.add_marker(getattr(pytest.mark, word))

    def setup(self) -> None:
        """Judge; skip what does not apply, and fail, which is an error here, where nothing is known."""
        from comgmt_audit.model import Outcome

        result = self.audit.evaluation.result(self.check.id)
        self.user_properties += _properties(result)
        if result.outcome is Outcome.NOT_APPLICABLE:
            pytest.skip(_printed(result.reason))
        if result.outcome in {Outcome.NOT_ASSESSED, Outcome.ERROR}:
            pytest.fail(_explanation(result, self.audit.observations), pytrace=False)

    def runtest(self) -> None:
        """Fail where the environment does not comply."""
        from comgmt_audit.model import Outcome

        result = self.audit.evaluation.result(self.check.id)
        if result.outcome is Outcome.FAIL:
            pytest.fail(_explanation(result, self.audit.observations), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the check stands, and its claim."""
        return self.path, self.check.function.__code__.co_firstlineno - 1, f"{self.check.id} {self.check.title}"


def _markers(check: Check) -> list[str]:
    words = [check.family.code, check.family.stage.value, check.severity.value, *check.covers]
    return [word for word in words if _MARKER.fullmatch(word)]


def _properties(result: CheckResult) -> list[tuple[str, object]]:
    """What ``--junitxml`` and other reporters show beside the outcome; the severity is that of the gravest failure."""
    check = result.check
    return [
        ("id", check.id),
        ("severity", result.severity.value),
        ("stage", check.stage.value),
        ("outcome", result.outcome.value),
        *(("statement", statement) for statement in check.covers),
    ]


def _printed(text: str) -> str:
    """Text that pytest prints, and a CI service reads: no line of it moves a cursor or is a command."""
    from comgmt_audit import packs

    printed: Callable[[str], str] = packs.report("_shared").printed
    return "\n".join(map(printed, text.split("\n")))


def _explanation(result: CheckResult, observations: dict[str, ObservationNote]) -> str:
    """The failure text, in the words of the other reports."""
    return _printed("\n".join(_explained(result, observations)))


def _explained(result: CheckResult, observations: dict[str, ObservationNote]) -> Iterator[str]:
    from comgmt_audit import packs

    words = packs.report("_shared")
    yield f"{result.check.id} ({result.severity.value}) {result.outcome.value}: {words.printable(result.check.title)}"
    if result.reason:
        yield f"why not: {words.printable(result.reason)}"
    if result.cure:
        yield f"cure: {words.prose(result.cure)}"
    findings = [finding for finding in result.findings if finding.actual != result.reason]
    for finding in findings[:_SHOWN_FINDINGS]:
        yield from _finding(finding, words, observations)
    if len(findings) > _SHOWN_FINDINGS:
        yield f"... and {len(findings) - _SHOWN_FINDINGS:,} more"
    if not result.reason:
        yield f"remedy: {words.prose(result.check.remedy)}"
    if result.traceback:
        yield words.printable(result.traceback, lines=True)


def _finding(finding: Finding, words: Any, observations: dict[str, ObservationNote]) -> Iterator[str]:
    yield f"- {words.printable(finding.subject)}"
    if expected := words.expectation(finding):
        yield f"    expected: {expected}"
    yield f"    actual: {words.phrase(finding.actual)}"
    for evidence in finding.evidence:
        yield f"    evidence: {words.place(evidence, observations)}"
    if finding.advice:
        yield f"    advice: {words.prose(finding.advice)}"
