"""The HTML page in Chromium: offline, silent, searchable, linkable, printable, accessible, and deaf to hostile data.

The accessibility test needs axe-core's ``axe.min.js``: ``COMGMT_AXE`` names it, or ``node_modules`` holds it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import pytest

from comgmt_audit.model import CheckResult, Outcome, Scan
from reports import page as report
from tests import scans

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("COMGMT_AXE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")

Opener = Callable[..., "Page"]


def shown(page: Page) -> list[str]:
    """The checks that can be seen."""
    found: list[str] = page.eval_on_selector_all(
        ".check", "all => all.filter(check => check.checkVisibility()).map(check => check.id)"
    )
    return found


def rows(page: Page) -> list[str]:
    """The subjects of the findings that can be seen."""
    found: list[str] = page.eval_on_selector_all(
        ".findings tbody tr",
        "all => all.filter(row => row.checkVisibility()).map(row => row.cells[0].firstChild.textContent)",
    )
    return found


def fragment(page: Page) -> str:
    return page.url.partition("#")[2]


def wait(page: Page, holds: Callable[[str], bool]) -> None:
    """Wait until the fragment of the address is so (the page's policy forbids Playwright's own wait_for_function)."""
    page.wait_for_url(lambda url: holds(unquote_plus(url.partition("#")[2])), wait_until="commit")


def search(page: Page, text: str) -> None:
    page.fill("#q", text)
    wait(page, lambda fragment: f"q={text}" in fragment)


def test_the_page_opens_offline_without_a_request_or_a_complaint(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    assert page.inner_text("h1") == "Not ready"
    assert shown(page) == ["TEN010", "CRT010", "DNS010", "CLI010", "ENR010", "TEN020", "CRT020"]


def test_the_page_reads_without_script(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), java_script_enabled=False)
    assert "Do this" in page.inner_text("#TEN010")
    assert "sccm" in page.inner_text("#TEN010")
    assert not page.is_visible(".filters")
    assert not page.is_visible(".actions >> nth=0")


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("TEN010", ["TEN010", "ENR010"]),
        ("mobiledevicemanagementauthority sccm", ["TEN010"]),
        ("ConfigMgrCloudMGServer", ["CRT010"]),
        ("port 53", ["DNS010"]),
        ("adele@contoso.com", ["TEN020"]),
        ("no such thing", []),
    ],
)
def test_search_reads_texts_findings_and_evidence(open_page: Opener, text: str, checks: list[str]) -> None:
    page = open_page(scans.every_outcome())
    search(page, text)
    assert shown(page) == checks
    assert page.inner_text("#shown").startswith(f"{len(checks)} of 7 checks shown")


def test_search_leaves_the_findings_that_fit(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    search(page, "ConfigMgrCloudDPServer")
    assert rows(page) == ["ConfigMgrCloudDPServer.pfx"]


def test_search_finds_what_is_not_drawn_yet(open_page: Opener) -> None:
    page = open_page(scans.many(10_000))
    assert len(rows(page)) == report.SHOWN_FINDINGS
    search(page, "user009876")
    assert rows(page) == ["user009876@contoso.com"]
    page.keyboard.press("Escape")
    wait(page, lambda fragment: "q=" not in fragment)
    assert len(rows(page)) == report.SHOWN_FINDINGS


@pytest.mark.parametrize(
    ("name", "value", "checks"),
    [
        ("outcome", "not assessed", ["DNS010", "ENR010"]),
        ("severity", "critical", ["TEN010", "DNS010", "ENR010", "CRT020"]),
        ("stage", "pki", ["CRT010", "CRT020"]),
    ],
)
def test_filters_are_kept_in_the_address(open_page: Opener, name: str, value: str, checks: list[str]) -> None:
    page = open_page(scans.every_outcome())
    page.select_option(f"#{name}", value)
    wait(page, lambda fragment: name in fragment)
    assert shown(page) == checks
    assert fragment(page) == f"?{name}={value.replace(' ', '+')}"
    page.reload()
    assert shown(page) == checks
    page.click("button[type=reset]")
    wait(page, lambda fragment: "?" not in fragment)
    assert len(shown(page)) == 7


def test_filters_and_search_work_together_from_the_address(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), "#?outcome=fail&q=2048")
    assert shown(page) == ["CRT010"]
    assert (page.input_value("#outcome"), page.input_value("#q")) == ("fail", "2048")


def test_counts_and_stages_filter(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    page.click(".counts a:has-text('error')")
    page.locator("#shown:has-text('error')").wait_for()
    assert shown(page) == ["CLI010"]
    page.click(".stages a:has-text('DNS')")
    page.locator("#shown:has-text('DNS')").wait_for()
    assert shown(page) == ["DNS010"]


def test_a_box_of_the_picture_leads_to_its_checks(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    page.click("#picture svg a[href='#?family=CRT']")
    page.locator("#shown:has-text('2 of 7')").wait_for()
    assert shown(page) == ["CRT010", "CRT020"]
    assert page.input_value("#family") == "CRT"
    assert not page.is_visible("#picture")


def test_the_picture_scrolls_in_its_own_box_on_a_phone_and_is_whole_on_paper(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), viewport={"width": 360, "height": 740}, is_mobile=True)
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)(document.querySelector('.sheet'))"
    )
    page.emulate_media(media="print")
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(document.querySelector('.sheet'))"
    )


def test_a_link_opens_the_check_that_it_names(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), "#TEN020")
    assert page.is_visible("#TEN020 .body")
    page.locator("#TEN020 summary:focus").wait_for()


def test_a_link_from_one_check_to_another_shows_it_in_spite_of_a_filter(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), "#?stage=enrolment")
    page.click("#ENR010 + .reason a")
    page.locator("#TEN010 .body").wait_for()
    assert fragment(page) == "TEN010"


def test_a_link_to_a_finding_shows_it_even_where_it_is_not_drawn_yet(open_page: Opener) -> None:
    subject = "user000321@contoso.com"
    name = report._anchor("BIG000", subject)
    page = open_page(scans.many(500), f"#{name}")
    row = page.locator(f"[id='{name}']")
    assert subject in row.inner_text()
    assert row.evaluate(
        "row => { const box = row.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight }"
    )


def test_more_findings_are_shown_on_demand(open_page: Opener) -> None:
    page = open_page(scans.many(300))
    page.click(".more button")
    assert len(rows(page)) == 250
    page.click(".more button")
    assert len(rows(page)) == 300
    assert not page.is_visible(".more")


def test_the_keyboard_is_enough(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('.check').id") == "CRT010"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('.check').id") == "TEN010"
    page.keyboard.press("Enter")
    assert not page.is_visible("#TEN010 .body")
    page.keyboard.press("e")
    assert page.locator(".check:not([open])").count() == 0


COPIED = "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text }}})"


def copied(page: Page, button: str) -> str:
    page.evaluate(COPIED)
    page.click(button)
    page.locator("button:has-text('Copied')").wait_for()
    text: str = page.evaluate("window.copied")
    return text


def test_a_check_is_copied_as_a_ticket(open_page: Opener) -> None:
    ticket = copied(open_page(scans.every_outcome()), "#CRT010 .ticket")
    assert ticket.splitlines() == [
        "## [CRT010] The key of every cloud certificate is long enough.",
        "",
        "Environment: `Contoso` · severity: medium · stage: PKI · recorded: 2026-03-02 08:00 UTC",
        "",
        "**Remedy:** In the Microsoft Intune admin centre, open Tenant administration \\> Tenant status and choose "
        "Intune MDM Authority. A tenant that still shows `sccm` needs a support request.",
        "",
        "**Why:** Devices enrol with whatever authority the tenant names; with any other value no device can be "
        "co-managed.",
        "",
        "- `ConfigMgrCloudMGServer.pfx`",
        "  - expected: `2048, 4096`",
        "  - actual: `1024`",
        "  - evidence: `ConfigMgrCloudMGServer.pfx → certificate 1`",
        "  - advice: Request the certificate again with a key of 2048 bits.",
        "- `ConfigMgrCloudDPServer.pfx`",
        "  - actual: `the file's password is not known`",
        "  - advice: Record it again with --pfx-password-file.",
        "",
        "- Tutorial step: Prerequisites: on-premises infrastructure",
        "- Read more: [Set the MDM authority](<https://learn.microsoft.com/en-us/intune/mdm-authority-set>)",
        "- Subjects: 1 failed, 1 could not be judged, 1 passed",
        "- Statements: S31, S32",
    ]


def test_a_hostile_value_does_not_leave_its_place_in_a_ticket(open_page: Opener) -> None:
    number = next(i for i, harm in enumerate(scans.HOSTILE) if "```" in harm)
    ticket = copied(open_page(scans.hostile()), f"#EVL{number:02}0 .ticket")
    assert "- ```` `code` ``` **bold** [a](javascript:x) ````" in ticket
    assert "## [EVL130]" in ticket
    assert r"\[a\](javascript:x)" in ticket.splitlines()[0]


def test_a_link_is_copied(open_page: Opener) -> None:
    page = open_page(scans.every_outcome())
    assert copied(page, "#TEN010 .link") == page.url.partition("#")[0] + "#TEN010"


def test_hostile_data_runs_nothing(open_page: Opener) -> None:
    page = open_page(scans.hostile())
    page.locator(".more button").first.click()
    search(page, "hurt")
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.scripts.length") == 2
    assert page.evaluate("document.images.length") == 0


@pytest.mark.parametrize(
    "id", ["__proto__", "constructor", "toString", "data", "q", "shown", "outcome", "to-do", "a b", "#"]
)
def test_a_name_that_means_something_to_the_page_is_a_name(open_page: Opener, id: str) -> None:
    """A scan that somebody else wrote may call a check what it likes; the page's own parts are found all the same."""
    subjects = [f"user{number:03}" for number in range(300)]
    evil = CheckResult(
        check=scans.text(id), outcome=Outcome.FAIL, findings=tuple(scans.finding(subject) for subject in subjects)
    )
    page = open_page(scans.scan([evil, *scans.every_outcome().results]))
    page.click(".more button")
    assert [subject for subject in rows(page) if subject in subjects] == subjects[:250]
    search(page, "user299")
    assert rows(page) == ["user299"]
    assert page.locator(".plan li:visible").count() == 1
    page.select_option(".filters select", "pass")
    wait(page, lambda fragment: "outcome=pass" in fragment)
    assert page.inner_text(".filters [role=status]").startswith("0 of 8 checks shown")


def test_the_policy_stops_a_script_that_got_in_all_the_same(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(report.render(scans.scan()).replace("</main>", "<script>window.hurt = 1</script></main>"), "utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.evaluate("window.hurt") is None
    context.close()


@pytest.mark.parametrize("scan", [scans.every_outcome(), scans.hostile()], ids=["all", "hostile"])
def test_a_phone_scrolls_in_one_direction_only(open_page: Opener, scan: Scan) -> None:
    page = open_page(scan, viewport={"width": 360, "height": 740}, is_mobile=True)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("visualViewport.width") == 360


def test_the_page_prints_on_a4_in_light_with_everything_open(open_page: Opener) -> None:
    page = open_page(scans.every_outcome(), color_scheme="dark")
    page.click("#TEN010 summary")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.is_visible("#TEN010 .body")
    assert page.is_visible("#appendix table >> nth=0")
    assert not page.is_visible(".actions >> nth=0")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in pdf
    page.emulate_media(media="screen")
    assert not page.is_visible("#TEN010 .body")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(open_page: Opener, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (COMGMT_AXE names its axe.min.js)")
    page = open_page(scans.every_outcome(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
    found = [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in violations]
    assert found == [], json.dumps(found, indent=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_changed_is_accessible_and_its_picture_is_drawn(open_page: Opener, scheme: str) -> None:
    from tests.unit.test_report_history import CHANGES, watched

    page = open_page(watched(*CHANGES), color_scheme=scheme)
    assert page.locator("#history tbody tr").first.inner_text().startswith("LIC040")
    picture = page.locator("#history img")
    if picture.count():  # pygal may not be there
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    if AXE.is_file():
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate("async () => (await axe.run()).violations.map(one => one.id)") == []
