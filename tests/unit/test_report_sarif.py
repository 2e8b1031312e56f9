"""SARIF: valid against the OASIS schema (named by COMGMT_SARIF_SCHEMA), and nothing unread is a pass or a failure."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import Scan
from reports import sarif
from tests import scans


def run(scan: Scan) -> dict[str, Any]:
    log = json.loads(sarif.render(scan))
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    found: dict[str, Any] = only
    return found


def test_the_form_stays(snapshot: SnapshotAssertion) -> None:
    assert sarif.render(scans.every_outcome()) == snapshot


@pytest.mark.parametrize(
    "scan", [scans.scan(), scans.every_outcome(), scans.hostile()], ids=["none", "every", "hostile"]
)
def test_it_fits_the_schema_of_oasis(scan: Scan) -> None:
    path = os.environ.get("COMGMT_SARIF_SCHEMA")
    if not path:
        pytest.skip("COMGMT_SARIF_SCHEMA does not name OASIS' sarif-schema-2.1.0.json")
    validator = jsonschema.Draft7Validator(json.loads(Path(path).read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(json.loads(sarif.render(scan)))] == []


def test_failed_is_fail_and_what_could_not_be_told_is_open() -> None:
    found = [(one["ruleId"], one["kind"], one["level"]) for one in run(scans.every_outcome())["results"]]
    assert found == [
        ("TEN010", "fail", "error"),
        ("CRT010", "fail", "warning"),
        ("CRT010", "open", "none"),
        ("DNS010", "open", "none"),
        ("ENR010", "open", "none"),
    ]


def test_every_result_points_to_its_rule() -> None:
    found = run(scans.every_outcome())
    rules = found["tool"]["driver"]["rules"]
    assert [rules[one["ruleIndex"]]["id"] for one in found["results"]] == [one["ruleId"] for one in found["results"]]


def test_a_check_that_broke_down_makes_the_run_unsuccessful() -> None:
    (invocation,) = run(scans.every_outcome())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "CLI010" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    assert run(scans.scan())["invocations"][0]["executionSuccessful"] is True


def test_fingerprints_stay_from_scan_to_scan_and_differ_by_subject() -> None:
    first, second = (run(scans.many(50))["results"] for _ in range(2))
    prints = [one["partialFingerprints"]["comgmtAudit/v1"] for one in first]
    assert prints == [one["partialFingerprints"]["comgmtAudit/v1"] for one in second]
    assert len(set(prints)) == 50


def test_what_github_refuses_is_left_out_and_said() -> None:
    found = run(scans.many(25_100))
    assert len(found["results"]) == sarif.MOST_RESULTS
    (note,) = found["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("100 results of the least severity were left out")


def test_addresses_of_files_are_addresses_whatever_the_recording_names() -> None:
    for one in run(scans.hostile())["results"]:
        uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert not set(uri) & set(' <>"\\^`{|}:')


def test_it_is_written_whole(tmp_path: Path) -> None:
    sarif.write(scans.every_outcome(), tmp_path / "report.sarif")
    assert (tmp_path / "report.sarif").read_text(encoding="utf-8") == sarif.render(scans.every_outcome())
