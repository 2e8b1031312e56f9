"""JSON: the verdict first, everything in it, and read again as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import Scan
from reports import scan_json
from tests import scans


def test_the_first_line_has_the_verdict_and_the_counts() -> None:
    first = scan_json.render(scans.every_outcome()).splitlines()[0]
    assert json.loads(first.rstrip(",") + "}") == {
        "verdict": "not ready",
        "counts": {"pass": 1, "fail": 2, "not applicable": 1, "not assessed": 2, "error": 1},
    }


def test_the_form_stays(snapshot: SnapshotAssertion) -> None:
    assert scan_json.render(scans.every_outcome()) == snapshot


@pytest.mark.parametrize("scan", [scans.every_outcome(), scans.scan(), scans.many(30, 3)])
def test_a_scan_is_read_again_as_it_was(scan: Scan, tmp_path: Path) -> None:
    scan_json.write(scan, tmp_path / "scan.json")
    assert scan_json.load((tmp_path / "scan.json").read_bytes()) == scan


def test_the_format_is_always_stated() -> None:
    assert json.loads(scan_json.render(scans.scan()))["format"] == 1


def test_hostile_strings_are_kept_as_they_are_except_what_json_cannot_hold() -> None:
    loaded = scan_json.load(scan_json.render(scans.hostile()).encode())
    subjects = [result.findings[0].subject for result in loaded.results if result.findings]
    kept = [harm.encode("utf-8", "backslashreplace").decode() for harm in scans.HOSTILE]
    assert subjects == [*kept, scans.GIANT]


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"verdict": "ready"}'])
def test_what_is_no_scan_is_refused(data: bytes) -> None:
    with pytest.raises(ComgmtError, match="not the JSON report of a scan"):
        scan_json.load(data)


def test_another_format_is_refused() -> None:
    data = scan_json.render(scans.scan()).replace('"format": 1', '"format": 99')
    with pytest.raises(ComgmtError, match="format 99"):
        scan_json.load(data.encode())
