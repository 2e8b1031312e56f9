"""JUnit as others read it: junitparser for pipelines, junit2html for people. (Jenkins' rules: test_report_junit.py.)"""

from __future__ import annotations

import collections
from pathlib import Path

import junit2htmlreport.runner
import junitparser
import pytest

from comgmt_audit.model import CheckResult, Gate, Outcome, Scan, Waiver
from reports import junit
from tests import scans


def waived() -> Scan:
    result = CheckResult(
        check=scans.text("LIC040"),
        outcome=Outcome.FAIL,
        findings=(scans.finding("adele@contoso.com", waiver=Waiver(reason="leaves in April", owner="Pat")),),
    )
    return scans.scan([result], gate=(Gate.NEW,))


SCANS = {
    "every outcome": scans.every_outcome(),
    "waived": waived(),
    "empty": scans.scan(),
    "hostile": scans.hostile(),
    "many": scans.many(500),
}
everything = pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)


def states(suites: junitparser.JUnitXml) -> collections.Counter[str]:
    found: collections.Counter[str] = collections.Counter()
    for suite in suites:
        for case in suite:
            kinds = {type(result) for result in case.result}
            found[kinds.pop().__name__ if kinds else "passed"] += 1
            assert not kinds
    return found


@everything
def test_junitparser_reads_every_state(scan: Scan, tmp_path: Path):
    junit.write(scan, tmp_path / "report.xml")
    suites = junitparser.JUnitXml.fromfile(str(tmp_path / "report.xml"))
    found = states(suites)
    assert (suites.tests, suites.failures, suites.errors) == (found.total(), found["Failure"], found["Error"])
    suites.update_statistics()
    assert (suites.failures, suites.errors, suites.skipped) == (found["Failure"], found["Error"], found["Skipped"])


def test_each_state_is_there():
    text = junit.render(scans.every_outcome())
    assert set(states(junitparser.JUnitXml.fromstring(text.encode()))) == {"passed", "Failure", "Error", "Skipped"}


def test_what_is_waived_is_skipped_with_its_reason():
    suites = junitparser.JUnitXml.fromstring(junit.render(waived()).encode())
    (case,) = (case for suite in suites for case in suite)
    (result,) = case.result
    assert isinstance(result, junitparser.Skipped)
    assert "leaves in April" in result.message


def test_two_runs_are_one_report_afterwards():
    """As pipelines merge the files of several environments."""
    one, other = (junitparser.JUnitXml.fromstring(junit.render(scan).encode()) for scan in (waived(), scans.many(3)))
    both = one + other
    assert both.tests == one.tests + other.tests


@everything
def test_junit2html_makes_a_page_of_it(scan: Scan, tmp_path: Path):
    junit.write(scan, tmp_path / "report.xml")
    junit2htmlreport.runner.run([str(tmp_path / "report.xml"), str(tmp_path / "report.html")])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for result in scan.results:
        assert result.check.id in page
    assert "<script>alert" not in page
