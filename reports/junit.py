"""JUnit XML: one suite a check, one case a failing or unjudged subject, exactly one outcome a case.

Follows the rules of ``junit-10.xsd`` of Jenkins' xUnit plugin. Suite and case names, which CI systems compare from run
to run, hold nothing that changes by itself; the verdict and the counts stand in the name of the root element.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from junit_xml import TestCase, TestSuite

from comgmt_audit.model import CheckResult, Finding, Outcome, Scan

from ._shared import expectation, headline, phrase, place, printable, prose, reason, subjects, waiver, write_text


def render(scan: Scan) -> str:
    """The scan as JUnit XML. The first line holds the verdict and the counts."""
    suites = [_suite(result, scan) for result in scan.results]
    totals = {key: str(sum(int(suite.get(key, 0)) for suite in suites)) for key in ("tests", "failures", "errors")}
    root = ET.Element("testsuites", {"name": headline(scan), **totals, "time": "0"})
    root.extend(suites)
    ET.indent(root, space=" ")
    return f'<?xml version="1.0" encoding="UTF-8"?>{ET.tostring(root, encoding="unicode")}\n'


def write(scan: Scan, path: Path) -> None:
    """Write the report to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


def _suite(result: CheckResult, scan: Scan) -> ET.Element:
    check = result.check
    properties = {
        "id": printable(check.id),
        "severity": result.severity.value,
        "stage": check.stage.value,
        "statements": printable(", ".join(check.covers)),
        "outcome": result.outcome.value,
        "subjects": subjects(result),
        "step": printable(check.step),
    }
    element: ET.Element = TestSuite(
        printable(f"{check.id} {check.title}"),
        list(_cases(result, scan)),
        # junit-10.xsd knows no zone here, and readers take it for UTC.
        timestamp=scan.recorded_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        properties={name: value for name, value in properties.items() if value},
    ).build_xml_doc()
    del element.attrib["disabled"]  # not in junit-10.xsd
    return element


def _cases(result: CheckResult, scan: Scan) -> Iterator[TestCase]:
    if result.outcome is Outcome.FAIL and result.findings:
        names: set[str] = set()
        for finding in result.findings:
            case = _case(result, _unique(finding, names))
            _state_finding(case, finding, result, scan)
            yield case
        return
    case = _case(result)
    _state_result(case, result, scan)
    yield case


def _case(result: CheckResult, subject: str = "") -> TestCase:
    check = result.check
    title = printable(check.title)
    classname = printable(f"comgmt_audit.{check.family}.{check.id}")
    return TestCase(f"{title} [{subject}]" if subject else title, classname=classname)


def _unique(finding: Finding, names: set[str]) -> str:
    """The subject's name; one that was there already gets a number."""
    subject = printable(finding.subject)
    name, number = subject, 1
    while name in names:
        number += 1
        name = f"{subject} #{number}"
    names.add(name)
    return name


def _state_finding(case: TestCase, finding: Finding, result: CheckResult, scan: Scan) -> None:
    output = _body(finding, result, scan)
    if finding.waived:
        case.add_skipped_info(waiver(finding), output)
    elif finding.outcome is Outcome.FAIL:
        severity = (finding.severity or result.check.severity).value
        expected = expectation(finding)
        message = f"expected: {expected}; actual: {phrase(finding.actual)}" if expected else phrase(finding.actual)
        case.add_failure_info(message, output, severity)
    else:
        case.add_error_info(phrase(finding.actual), output, Outcome.NOT_ASSESSED.value)


def _state_result(case: TestCase, result: CheckResult, scan: Scan) -> None:
    message = reason(result) or result.outcome.value
    details = [printable(result.cure), *(_finding_text(finding, scan) for finding in result.findings)]
    output = "\n\n".join(part for part in [*details, printable(result.traceback, lines=True)] if part)
    if result.outcome is Outcome.FAIL:
        case.add_failure_info(message, output, result.severity.value)
    elif result.outcome is Outcome.NOT_APPLICABLE:
        case.add_skipped_info(message)
    elif result.outcome is not Outcome.PASS:
        case.add_error_info(message, output, result.outcome.value)


def _body(finding: Finding, result: CheckResult, scan: Scan) -> str:
    check = result.check
    parts = {"why": prose(check.why), "remedy": prose(check.remedy), "tutorial": printable(check.step)}
    return "\n".join([_finding_text(finding, scan), *(f"{name}: {text}" for name, text in parts.items() if text)])


def _finding_text(finding: Finding, scan: Scan) -> str:
    rows = [
        ("subject", printable(finding.subject)),
        ("expected", expectation(finding)),
        ("actual", phrase(finding.actual)),
        *(("evidence", place(evidence, scan.observations)) for evidence in finding.evidence),
        ("advice", printable(finding.advice)),
        ("waiver", waiver(finding)),
    ]
    return "\n".join(f"{name}: {text}" for name, text in rows if text)
