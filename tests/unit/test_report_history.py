"""What the reports say of earlier scans: changes, ages, the trend."""

from __future__ import annotations

import base64
import datetime as dt
import re
import sys
from typing import Any

import pytest
from lxml import etree
from msgspec.structs import replace

from comgmt_audit.model import Change, CheckResult, Drift, Drifted, History, Outcome, Point, Scan, Severity, Verdict
from reports import junit, markdown, page, sarif, scan_csv, scan_json, terminal
from tests.scans import RECORDED, finding, scan, text

DAY = dt.timedelta(days=1)


def change(kind: Change, subject: str, **rest: Any) -> Drifted:
    return Drifted(change=kind, check="LIC040", subject=subject, severity=Severity.HIGH, **rest)


def point(day: int, failed: int) -> Point:
    return Point(at=RECORDED + day * DAY, verdict=Verdict.NOT_READY, passed=9, failed=failed, waived=1, unknown=2)


def watched(*changes: Drifted, points: int = 5, findings: tuple[str, ...] = ("adele", "bob")) -> Scan:
    result = CheckResult(
        check=text("LIC040", severity=Severity.HIGH),
        outcome=Outcome.FAIL,
        findings=tuple(finding(one) for one in findings),
    )
    drift = Drift(before=RECORDED - DAY, after=RECORDED, changes=changes)
    history = History(points=tuple(point(day - points + 1, day % 3) for day in range(points)), drift=drift)
    return replace(scan([result]), history=history)


CHANGES = (
    change(Change.NEW, "adele", after="none"),
    change(Change.FIXED, "carol", before="none"),
    change(Change.STILL_FAILING, "bob", after="none", since=RECORDED - 14 * DAY, flapping=True),
)


def picture(html: str) -> bytes:
    (address,) = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', html)
    return base64.b64decode(address)


def test_the_page_says_what_changed_and_how_old_each_failure_is():
    html = page.render(watched(*CHANGES))
    assert "1 new, 1 fixed, 1 still failing." in html
    assert "New since the last scan." in html
    assert f"Fails since {RECORDED - 14 * DAY:%Y-%m-%d} (14 days). It comes and goes." in html
    assert "carol" in html


def test_the_age_of_a_finding_that_the_script_shows_is_there_too():
    names = tuple(f"user{number:03}" for number in range(120))
    old = change(Change.STILL_FAILING, names[-1], after="none", since=RECORDED - 3 * DAY)
    assert "(3 days)" in page.render(watched(old, findings=names))


@pytest.mark.parametrize("report", [terminal, markdown])
def test_one_line_of_it_stands_in_the_text(report: Any):
    assert "1 new, 1 fixed, 1 still failing." in report.render(watched(*CHANGES))


def test_nothing_is_said_without_a_history():
    alone = replace(watched(), history=None)
    assert "What has changed" not in page.render(alone)
    assert "Since " not in terminal.render(alone)


def test_the_first_scan_has_no_trend():
    first = replace(watched(), history=History(points=(point(0, 1),)))
    html = page.render(first)
    assert "The first scan of this history." in html
    assert "<img" not in html


def test_the_trend_is_a_still_picture():
    pytest.importorskip("pygal", reason="not installed: pygal (extra watch)")
    svg = picture(page.render(watched(*CHANGES)))
    root = etree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<!--" not in svg
    assert b"<script" not in svg
    assert set(re.findall(rb"https?://[^\"' )<]+", svg)) <= {
        b"http://www.w3.org/2000/svg",
        b"http://www.w3.org/1999/xlink",
    }
    assert "PluginImportFixer" not in str(sys.meta_path)
    assert svg == picture(page.render(watched(*CHANGES)))


@pytest.mark.parametrize("points", [2, 90])
def test_checks_are_counted_in_whole_numbers(points: int):
    pytest.importorskip("pygal", reason="not installed: pygal (extra watch)")
    root = etree.fromstring(picture(page.render(watched(points=points))))
    numbers = [node.text for node in root.iter("{*}text") if node.text and re.fullmatch(r"[\d.]+", node.text)]
    assert numbers
    assert all("." not in number for number in numbers)


def test_the_numbers_are_there_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygal", None)
    html = page.render(watched(*CHANGES))
    assert "<img" not in html
    assert html.count("<tr><td>2026-") >= 5


def test_hostile_names_in_the_history_are_text():
    evil = '<script>alert(1)</script>"\u202e\x00'
    html = page.render(watched(change(Change.FIXED, evil, before=evil)))
    assert "<script>alert" not in html
    assert "\u202e" not in html
    for report in (terminal, markdown, junit, sarif, scan_csv, scan_json):
        report.render(watched(change(Change.NEW, evil, after=evil), findings=(evil,)))
