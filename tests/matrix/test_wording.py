"""What a finding says can be acted on without reading the code (CONTRIBUTING, "Wording")."""

from __future__ import annotations

import pytest

from comgmt_audit.model import CheckResult, Finding, Outcome
from tests import scans
from tests.lab import coverage, wording
from tests.lab.defects import CATALOGUE


@pytest.mark.parametrize("check", coverage.pack(), ids=lambda check: check.id)
def test_a_check_says_what_to_do_and_where_microsoft_says_so(check):
    assert list(wording.of_check(check)) == []


@pytest.mark.parametrize("defect", CATALOGUE, ids=lambda defect: defect.name)
def test_what_a_defect_brings_is_said_so_that_somebody_can_act(judge, defect):
    faults = [fault for result in judge(defect.estate()).values() for fault in wording.of_result(result)]
    assert faults == []


GOOD = scans.finding("MDM authority of Contoso", actual="sccm")
UNJUDGED = scans.finding(
    "user Adele",
    outcome=Outcome.NOT_ASSESSED,
    expected=None,
    actual="her licences were not answered",
    advice="Grant User.Read.All to the scanner, and record again.",
)


def _with(finding: Finding, **changes: object) -> Finding:
    from msgspec.structs import replace

    return replace(finding, **changes)


def test_the_rules_let_pass_what_is_said_well():
    assert [*wording.of_finding(GOOD), *wording.of_finding(UNJUDGED)] == []


@pytest.mark.parametrize(
    "bad",
    [
        _with(GOOD, subject=" "),
        _with(GOOD, subject="72f988bf-0000-4000-8000-2d7cd011db00"),
        _with(GOOD, subject="5860E8642BC280578A4E59548060E0066CC0FDC5"),
        _with(GOOD, evidence=()),
        _with(GOOD, expected=None),
        _with(GOOD, actual=None),
        _with(GOOD, actual="intune"),
        _with(GOOD, actual=32768),
        _with(GOOD, actual="1.3.6.1.5.5.7.3.2"),
        _with(GOOD, actual=("0x10", "0x20")),
        _with(GOOD, actual="Some ()  "),
        _with(GOOD, actual="private key: False"),
        _with(GOOD, actual="{'value': 1}"),
        _with(GOOD, actual="datetime.datetime(2026, 3, 2)"),
        _with(GOOD, actual="the site {code}"),
        _with(GOOD, actual="seen 1 times"),
        _with(GOOD, actual="x" * 1000),
        _with(GOOD, advice="open the console"),
        _with(GOOD, advice="Open the console.."),
        _with(UNJUDGED, actual=""),
        _with(UNJUDGED, advice=""),
        _with(UNJUDGED, advice="This is not known at all."),
    ],
)
def test_the_rules_find_what_is_said_badly(bad):
    assert list(wording.of_finding(bad)) != []


def test_a_result_that_is_not_assessed_names_the_cure_as_well():
    silent = CheckResult(check=scans.text(), outcome=Outcome.NOT_ASSESSED, reason="nothing was seen")
    assert list(wording.of_result(silent)) == [
        ("TEN010", "", "it is not assessed and names no reason or no cure"),
    ]
