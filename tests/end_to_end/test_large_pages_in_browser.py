"""Pages of no, 150 and 10,000 findings in Chromium: offline and silent, searched, printed, accessible, on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from comgmt_audit.model import CheckResult, Outcome, Scan
from reports import page as report
from tests import scans
from tests.end_to_end.test_page_in_browser import AXE

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

Opener = Callable[..., "Page"]

SIZES: dict[str, Scan] = {
    "none": scans.scan([CheckResult(check=scans.text(), outcome=Outcome.PASS, passed=1, passed_subjects=("Contoso",))]),
    "150": scans.many(150, 10),
    "10,000 of one": scans.many(10_000),
    "10,000 of 200": scans.many(10_000, 200),
}
each = pytest.mark.parametrize("size", SIZES)


@each
def test_it_opens_and_finds(open_page: Opener, size: str) -> None:
    page = open_page(SIZES[size])
    status = page.locator(".filters [role=status]")
    total = len(SIZES[size].results)
    assert status.inner_text() == f"{total} of {total} checks shown"
    subjects = [finding.subject for result in SIZES[size].results for finding in result.findings]
    page.fill("#q", subjects[-1] if subjects else "no such thing")
    page.locator(".filters [role=status]:has-text('“')").wait_for()
    found = page.locator(".findings tbody tr:visible b").all_text_contents()
    assert set(found) == ({subjects[-1]} if subjects else set())
    page.keyboard.press("Escape")
    page.locator(f".filters [role=status]:text-is('{total} of {total} checks shown')").wait_for()
    assert page.locator(".check:visible").count() == total


@each
def test_all_findings_can_be_reached(open_page: Opener, size: str) -> None:
    page = open_page(SIZES[size])
    for result in [one for one in SIZES[size].results if len(one.findings) > report.FEWEST][-3:]:
        check = page.locator(f"#{result.check.id}")
        while (more := check.locator(".more button")).is_visible() and check.locator("tbody tr").count() < 1_000:
            more.click()
        assert check.locator("tbody tr").count() >= min(len(result.findings), 1_000)


@pytest.mark.parametrize(("size", "least", "most"), [("none", 1, 4), ("150", 5, 60), ("10,000 of one", 3, 60)])
def test_it_prints_on_a4(open_page: Opener, size: str, least: int, most: int) -> None:
    page = open_page(SIZES[size])
    pdf = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pdf.startswith(b"%PDF-")
    assert least <= pages <= most
    boxes = {tuple(float(side) for side in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf)}
    assert [(round(box[2] / 72 * 25.4), round(box[3] / 72 * 25.4)) for box in boxes] == [(210, 297)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["none", "150", "10,000 of one"])
def test_axe_finds_no_violation(open_page: Opener, size: str, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (COMGMT_AXE names its axe.min.js)")
    page = open_page(SIZES[size], color_scheme=scheme)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    found = [(violation["id"], [node["html"] for node in violation["nodes"]][:3]) for violation in violations]
    assert found == [], json.dumps(found, indent=1)


@each
def test_a_phone_scrolls_in_one_direction_only(open_page: Opener, size: str) -> None:
    page = open_page(SIZES[size], viewport={"width": 390, "height": 844}, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("visualViewport.width") == 390
