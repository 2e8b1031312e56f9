"""Waived failures in every report: shown, never counted, never gone."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree as ET

import msgspec
import pytest

from comgmt_audit import packs
from tests.scans import waived

REPORTS = ("terminal", "markdown", "junit", "scan_csv", "sarif", "page", "scan_json")


@pytest.mark.parametrize("name", REPORTS)
def test_reason_and_owner_stand_in_every_report(name):
    rendered = packs.report(name).render(waived())
    for word in ("TEN010", "moves in May", "Pat", "CHG-17", "2026-05-31", "old hardware"):
        assert word in rendered, word


@pytest.mark.parametrize("name", REPORTS)
def test_an_expired_waiver_says_so(name):
    assert "expired" in packs.report(name).render(waived())


def test_counts_and_stage():
    from reports import _shared

    scan = waived()
    assert _shared.headline(scan).startswith("NOT READY: 0 pass, 3 fail (1 waived)")
    (tenant, *_) = _shared.stages(scan)
    assert ([r.check.id for r in tenant.failed], [r.check.id for r in tenant.waived]) == (
        ["TEN020", "TEN030"],
        ["TEN010"],
    )
    assert tenant.state is _shared.StageState.NO_GO
    alone = msgspec.structs.replace(scan, results=scan.results[:1])
    assert _shared.stages(alone)[0].state is _shared.StageState.WAIVERS
    assert "waived" in _shared.explanation(alone)


def test_junit_skips_them_with_the_message():
    root = ET.fromstring(packs.report("junit").render(waived()))
    cases = {case.get("name"): case for case in root.iter("testcase")}
    skipped = cases["Users may enrol. [a]"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "waived by Pat until 2026-05-31: the merger's tenant moves in May (CHG-17)"
    assert cases["Users may enrol. [b]"].find("failure") is not None
    assert cases["Devices may join. [c]"].find("failure") is not None
    assert (root.get("failures"), root.get("tests")) == ("2", "4")


def test_sarif_suppresses_them():
    results = msgspec.json.decode(packs.report("sarif").render(waived()))["runs"][0]["results"]
    suppressed = {
        one["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: "suppressions" in one for one in results
    }
    assert suppressed == {"Contoso": True, "a": True, "b": False, "c": False}


def test_csv_has_a_column_for_them():
    rows = list(csv.DictReader(io.StringIO(packs.report("scan_csv").render(waived()).lstrip("\ufeff"))))
    assert [row["waiver"].partition(" ")[0] for row in rows] == ["waived", "waived", "", "the"]
