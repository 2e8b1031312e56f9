"""JUnit: valid by the rules of Jenkins, one outcome a case, and the same names in every run."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import CheckResult, Outcome, Scan
from reports import junit
from tests import scans

# The rules of junit-10.xsd of Jenkins' xUnit plugin as far as they concern us, and stricter where this project promises
# more: at most one outcome a case, whole numbers, a time without fraction.
RULES = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="result" mixed="true">
    <xs:attribute name="type" type="xs:string" use="required"/>
    <xs:attribute name="message" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="property">
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="value" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:complexType name="properties">
    <xs:sequence><xs:element name="property" type="property" maxOccurs="unbounded"/></xs:sequence>
  </xs:complexType>
  <xs:complexType name="testcase">
    <xs:choice minOccurs="0">
      <xs:element name="failure" type="result"/>
      <xs:element name="error" type="result"/>
      <xs:element name="skipped" type="result"/>
    </xs:choice>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="classname" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:simpleType name="moment">
    <xs:restriction base="xs:string">
      <xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"/>
    </xs:restriction>
  </xs:simpleType>
  <xs:complexType name="testsuite">
    <xs:sequence>
      <xs:element name="properties" type="properties"/>
      <xs:element name="testcase" type="testcase" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="tests" type="xs:positiveInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
    <xs:attribute name="time" type="xs:decimal"/>
    <xs:attribute name="timestamp" type="moment" use="required"/>
  </xs:complexType>
  <xs:element name="testsuites">
    <xs:complexType>
      <xs:sequence><xs:element name="testsuite" type="testsuite" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="time" type="xs:decimal"/>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""
SCANS = {
    "every outcome": scans.every_outcome(),
    "empty": scans.scan(),
    "hostile": scans.hostile(),
    "many": scans.many(500),
}


def tree(scan: Scan) -> etree._Element:
    return etree.fromstring(junit.render(scan).encode(), etree.XMLParser(huge_tree=True))


def cases(scan: Scan) -> dict[str, str]:
    """The outcome of every case, by class and name; fails where a name is there twice."""
    found = {}
    for case in tree(scan).iter("testcase"):
        key = f"{case.get('classname')} {case.get('name')}"
        assert key not in found
        found[key] = case[0].tag if len(case) else "passed"
    return found


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_every_report_follows_the_rules(scan: Scan) -> None:
    schema = etree.XMLSchema(etree.fromstring(RULES))
    assert schema.validate(tree(scan)), schema.error_log


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_the_totals_are_those_of_the_cases(scan: Scan) -> None:
    root = tree(scan)
    for element in [root, *root]:
        inner = list(element.iter("testcase"))
        counted = {
            "tests": len(inner),
            "failures": sum(case.find("failure") is not None for case in inner),
            "errors": sum(case.find("error") is not None for case in inner),
        }
        assert {name: int(element.get(name, "-1")) for name in counted} == counted


def test_the_text_stays(snapshot: SnapshotAssertion) -> None:
    assert junit.render(scans.every_outcome()) == snapshot


def test_each_outcome_has_its_element() -> None:
    authority, keys = "The MDM authority is Intune.", "The key of every cloud certificate is long enough."
    assert cases(scans.every_outcome()) == {
        f"comgmt_audit.TEN.TEN010 {authority} [Contoso]": "failure",
        "comgmt_audit.TEN.TEN020 Users may enrol.": "passed",
        f"comgmt_audit.CRT.CRT010 {keys} [ConfigMgrCloudMGServer.pfx]": "failure",
        f"comgmt_audit.CRT.CRT010 {keys} [ConfigMgrCloudDPServer.pfx]": "error",
        "comgmt_audit.CRT.CRT020 No own certificate is used.": "skipped",
        "comgmt_audit.DNS.DNS010 The enrolment name leads to Intune.": "error",
        "comgmt_audit.ENR.ENR010 Pilot devices are enrolled.": "error",
        "comgmt_audit.CLI.CLI010 Clients use the gateway.": "error",
    }


def test_the_type_tells_not_assessed_from_error() -> None:
    types = [error.get("type") for error in tree(scans.every_outcome()).iter("error")]
    assert types == ["not assessed", "not assessed", "not assessed", "error"]


def test_a_suite_says_which_check_it_is() -> None:
    suite = tree(scans.every_outcome())[2]
    assert suite.get("name") == "CRT010 The key of every cloud certificate is long enough."
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties == {
        "id": "CRT010",
        "severity": "medium",
        "stage": "pki",
        "statements": "S31, S32",
        "outcome": "fail",
        "subjects": "1 failed, 1 could not be judged, 1 passed",
        "step": "Prerequisites: on-premises infrastructure",
    }


def test_the_first_line_has_the_verdict_and_the_counts() -> None:
    first = junit.render(scans.every_outcome()).splitlines()[0]
    assert 'name="NOT READY: 1 pass, 2 fail, 1 not applicable, 2 not assessed, 1 error"' in first


def test_names_do_not_change_from_run_to_run() -> None:
    before = scans.every_outcome()
    later = msgspec.structs.replace(
        before, recorded_at=before.recorded_at + dt.timedelta(days=1), tool="9.9", source="other.zip"
    )
    assert cases(before) == cases(later)


def test_subjects_of_one_name_are_numbered_apart() -> None:
    findings = tuple(scans.finding(name) for name in ("a", "a", "a #2", "a"))
    scan = scans.scan([CheckResult(check=scans.text(title="T."), outcome=Outcome.FAIL, findings=findings)])
    names = [case.get("name") for case in tree(scan).iter("testcase")]
    assert names == ["T. [a]", "T. [a #2]", "T. [a #2 #2]", "T. [a #3]"]


def test_a_failure_without_findings_is_still_a_failure() -> None:
    assert list(cases(scans.scan([CheckResult(check=scans.text(), outcome=Outcome.FAIL)])).values()) == ["failure"]


def test_control_characters_are_shown_instead_of_breaking_the_xml() -> None:
    names = [case.get("name", "") for case in tree(scans.hostile()).iter("testcase")]
    assert any(r"nul\x00 bell\x07 escape\x1b[31mred" in name for name in names)
    assert any(r"line one\nline two\r\n\ttab\u2028separator" in name for name in names)


def test_times_are_utc_without_fraction() -> None:
    east = scans.RECORDED.astimezone(dt.timezone(dt.timedelta(hours=9)))
    root = tree(msgspec.structs.replace(scans.every_outcome(), recorded_at=east))
    assert root[0].get("timestamp") == "2026-03-02T08:00:41"


def test_what_it_writes_is_what_it_renders(tmp_path: Path) -> None:
    junit.write(scans.every_outcome(), tmp_path / "junit.xml")
    assert (tmp_path / "junit.xml").read_text("utf-8") == junit.render(scans.every_outcome())
