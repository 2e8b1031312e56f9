"""HTML: what the page says, that it is whole in itself, and that nothing in a scan becomes markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import CheckResult, Outcome, Reference, Scan, Severity
from reports import page
from tests import scans

FINDING = r"[A-Z]{3}\d{3}\.[0-9a-f]{10}(-\d+)?"


def document(scan: Scan) -> html.HtmlElement:
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    return html.document_fromstring(page.render(scan).encode(), parser=parser)


def words(element: etree._Element) -> str:
    spaced = " ".join(" ".join(str(text) for text in element.itertext()).split())
    return re.sub(r" ([.,:;)])", r"\1", spaced)


def card(root: html.HtmlElement, id: str) -> html.HtmlElement:
    return root.get_element_by_id(id)


def section(root: html.HtmlElement, id: str) -> list[str]:
    return [str(part.get("id")) for part in root.get_element_by_id(id).iter("details") if part.get("id")]


def island(scan: Scan) -> dict[str, Any]:
    text = document(scan).get_element_by_id("data").text
    loaded: dict[str, Any] = json.loads(text or "")
    return loaded


def test_the_first_line_has_the_verdict_and_the_counts() -> None:
    first = page.render(scans.every_outcome()).splitlines()[0]
    assert "NOT READY: 1 pass, 2 fail, 1 not applicable, 2 not assessed, 1 error" in first


def test_the_body_stays(snapshot: SnapshotAssertion) -> None:
    text = page.render(scans.every_outcome())
    for tag in ("style", "script"):
        text = re.sub(f"<{tag}>.*?</{tag}>", f"<{tag}>…</{tag}>", text, flags=re.DOTALL)
    assert re.sub(r"sha256-[\w+/=]+", "…", text) == snapshot


def test_the_verdict_is_said_in_words() -> None:
    root = document(scans.every_outcome())
    header = root.find(".//header")
    assert header is not None
    assert words(header).startswith(
        "Not ready Contoso: 1 of 2 failed checks stands in the way of the roll-out (severity high or above). "
        "1 pass 2 fail 1 not applicable 2 not assessed 1 error"
    )


def test_every_check_is_there_once_in_the_section_where_it_belongs() -> None:
    root = document(scans.every_outcome())
    assert section(root, "to-do") == ["TEN010", "CRT010"]
    assert section(root, "not-looked-at") == ["DNS010", "CLI010", "ENR010"]
    assert section(root, "in-order") == ["TEN020", "CRT020"]


def test_a_failed_check_says_everything_that_is_needed_to_mend_it() -> None:
    said = words(card(document(scans.every_outcome()), "TEN010"))
    for needed in [
        "Do this In the Microsoft Intune admin centre, open Tenant administration > Tenant status and choose",
        "Contoso",
        "intune",
        "sccm",
        "GET https://graph.microsoft.com/v1.0/organization?$select=id,mobileDeviceManagementAuthority → "
        "/value/0/mobileDeviceManagementAuthority",
        "Why it matters Devices enrol with whatever authority",
        "Tutorial step Prerequisites: on-premises infrastructure",
        "Waiting for this ENR010",
        "Statements S08",
    ]:
        assert needed in said


def test_what_was_not_looked_at_says_why_and_what_cures_it() -> None:
    root = document(scans.every_outcome())
    said = words(root.get_element_by_id("not-looked-at"))
    assert "the resolver 8.8.8.8 did not answer" in said
    assert "To cure it: Let this machine reach 8.8.8.8 on UDP and TCP port 53." in said
    assert "Blocked by TEN010." in said
    assert "CNAME enterpriseenrollment.contoso.com at 8.8.8.8 unreachable: timed out after 30 s" in said
    assert "KeyError: 'value'" in said


def test_one_cure_for_several_checks_is_said_first() -> None:
    made = [
        CheckResult(check=scans.text(f"TEN{i:03}"), outcome=Outcome.NOT_ASSESSED, reason="403", cure="Grant `X.Read`.")
        for i in (10, 20)
    ]
    plan = document(scans.scan(made)).find_class("cures")[0]
    assert words(plan) == "Grant X.Read. lets 2 checks be judged: TEN010, TEN020"


def test_an_incomplete_scan_says_so() -> None:
    root = document(scans.scan(partial="stopped by Ctrl+C", selection="CRT,!CRT010"))
    assert [words(warning) for warning in root.find_class("warning")] == [
        "The recording is not whole: stopped by Ctrl+C",
        "Only some checks were asked for (--select CRT,!CRT010).",
    ]


def test_the_appendix_has_requests_design_and_versions() -> None:
    said = words(document(scans.every_outcome()).get_element_by_id("appendix"))
    for needed in [
        "ConfigMgrCloudMGServer.pfx",
        "certificates/gateway.pem",
        "site code PS1",
        "comgmt-audit 0.1.0",
        "inside 10.0.0.10",
    ]:
        assert needed in said


def test_links_between_checks_lead_somewhere() -> None:
    root = document(scans.every_outcome())
    ids = {str(element.get("id")) for element in root.iter() if element.get("id")}
    inner = [str(a.get("href"))[1:] for a in root.iter("a") if str(a.get("href")).startswith("#")]
    assert {link for link in inner if not link.startswith("?")} <= ids


def test_links_to_findings_are_unique_and_survive_other_findings() -> None:
    def anchors(*subjects: str) -> list[str]:
        findings = tuple(scans.finding(subject) for subject in subjects)
        root = document(scans.scan([CheckResult(check=scans.text(), outcome=Outcome.FAIL, findings=findings)]))
        return [str(row.get("id")) for row in root.iter("tr") if row.get("id")]

    adele, alex, again = anchors("adele", "alex", "alex")
    assert [adele] == anchors("adele")
    assert re.fullmatch(FINDING, adele)
    assert again == f"{alex}-2"


def test_a_finding_that_could_not_be_told_is_no_failure() -> None:
    rows = [row for row in card(document(scans.every_outcome()), "CRT010").iter("tr") if row.get("id")]
    assert [row.get("class") for row in rows] == [None, "unknown"]


def test_a_finding_whose_severity_differs_says_so() -> None:
    findings = (scans.finding("a", severity=Severity.LOW), scans.finding("b"))
    root = document(scans.scan([CheckResult(check=scans.text(), outcome=Outcome.FAIL, findings=findings)]))
    rows = [row for row in root.iter("tr") if row.get("id")]
    assert [len(row.find_class("severity")) for row in rows] == [1, 0]


def test_findings_beyond_the_first_travel_as_data() -> None:
    scan = scans.many(page.SHOWN_FINDINGS + 2)
    data = island(scan)
    strings = data["strings"]
    rows = data["rows"]["BIG000"]
    assert len(rows) == 2
    assert [strings[number] for number in rows[0]][1:7] == [
        f"user{page.SHOWN_FINDINGS:06}@contoso.com",
        "",
        "",
        "one of the service plans INTUNE_A, AAD_PREMIUM",
        "EXCHANGE_S_FOUNDATION, TEAMS1",
        "Assign a licence that contains Intune.",
    ]
    assert "2 more findings" in words(card(document(scan), "BIG000"))


@pytest.mark.parametrize(
    "scan", [scans.every_outcome(), scans.hostile(), scans.many(200)], ids=["all", "hostile", "many"]
)
def test_nothing_of_a_scan_becomes_markup(scan: Scan) -> None:
    root = document(scan)
    expected = {str(element.tag) for element in document(scans.every_outcome()).iter() if isinstance(element.tag, str)}
    tags = [str(element.tag) for element in root.iter() if isinstance(element.tag, str)]
    assert set(tags) <= expected | {"pre", "p", "button"}
    assert tags.count("script") == 2
    assert not root.xpath("//comment()")
    names = {str(name) for element in root.iter() if isinstance(element.tag, str) for name in element.attrib}
    assert not {name for name in names if name.startswith("on")}
    assert names.isdisjoint({"src", "style", "srcdoc", "action", "formaction"})


def test_only_web_addresses_become_links() -> None:
    links = (
        "https://learn.microsoft.com/x",
        "http://contoso.com",
        "javascript:alert(1)",
        "data:text/html,x",
        " https://x",
    )
    references = tuple(Reference(f"to {link}", link) for link in links)
    root = document(scans.scan([CheckResult(check=scans.text(refs=references), outcome=Outcome.PASS, passed=1)]))
    outside = [a.get("href") for a in root.iter("a") if not str(a.get("href")).startswith("#")]
    assert outside == ["https://learn.microsoft.com/x", "http://contoso.com"]
    assert "to javascript:alert(1) (javascript:alert(1))" in words(card(root, "TEN010"))


def test_the_data_cannot_end_its_element() -> None:
    text = document(scans.hostile()).get_element_by_id("data").text or ""
    assert not set("<>&\u2028\u2029") & set(text)


def test_control_and_direction_characters_are_visible() -> None:
    text = page.render(scans.hostile())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert r"CN=\u202egnp.exe\u202c,O=\u2066x" in text


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    root = document(scans.hostile())

    def digest(text: str | None) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256((text or '').encode()).digest()).decode()}'"

    style, script = root.find(".//style"), root.findall(".//script")[-1]
    assert style is not None
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == [
        f"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src {digest(style.text)}; "
        f"script-src {digest(script.text)}"
    ]


def test_the_page_needs_nothing_from_outside() -> None:
    root = document(scans.every_outcome())
    assert [link.get("href") for link in root.iter("link")] == ["data:,"]
    style = root.find(".//style")
    assert style is not None
    assert not re.search(r"url\((?!#)|@import|https?:", style.text or "")


@pytest.mark.parametrize("checks", [1, 100])
def test_ten_thousand_findings_stay_below_six_megabytes(checks: int) -> None:
    assert len(page.render(scans.many(10_000, checks)).encode()) < 6_000_000


def test_an_empty_scan_is_small_and_says_that_nothing_was_judged() -> None:
    text = page.render(scans.scan())
    assert len(text.encode()) < 300_000
    assert "Nothing was judged." in text
    assert "Nothing fails." not in text


def test_a_ready_scan_has_nothing_to_do() -> None:
    root = document(scans.scan([CheckResult(check=scans.text(), outcome=Outcome.PASS, passed=1)]))
    assert words(root.get_element_by_id("to-do")).startswith("What to do next Nothing fails. What rests on what")


def test_a_giant_value_is_cut() -> None:
    assert "(1,000,000 characters)" in page.render(scans.hostile())


def test_what_it_writes_is_what_it_renders(tmp_path: Path) -> None:
    page.write(scans.every_outcome(), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == page.render(scans.every_outcome())
