"""CSV: one row a finding, read again by a reader of CSV, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from comgmt_audit.model import Scan
from reports import scan_csv
from tests import scans


def rows(scan: Scan) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(scan_csv.render(scan).removeprefix("\ufeff"))))


def test_the_form_stays(snapshot: SnapshotAssertion) -> None:
    assert scan_csv.render(scans.every_outcome()) == snapshot


def test_every_check_and_every_finding_has_its_row() -> None:
    found = [(row["check"], row["subject"], row["outcome"]) for row in rows(scans.every_outcome())]
    assert found == [
        ("TEN010", "Contoso", "fail"),
        ("TEN020", "", "pass"),
        ("CRT010", "ConfigMgrCloudMGServer.pfx", "fail"),
        ("CRT010", "ConfigMgrCloudDPServer.pfx", "not assessed"),
        ("CRT020", "", "not applicable"),
        ("DNS010", "dns/outside/enterpriseenrollment.contoso.com", "not assessed"),
        ("ENR010", "", "not assessed"),
        ("CLI010", "", "error"),
    ]


def test_a_hostile_environment_breaks_no_row_and_starts_no_formula() -> None:
    found = rows(scans.hostile())
    expected = sum(max(len(result.findings), 1) for result in scans.hostile().results)
    assert len(found) == expected
    for row in found:
        assert set(row) == set(scan_csv.COLUMNS)
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "|", "%", "\t", "\r"))
            assert "\n" not in cell


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "|calc", "%0A=1"]
)
def test_no_cell_begins_like_a_formula(cell: str) -> None:
    assert scan_csv.safe(cell).startswith(("'", "\\"))  # a control character is made visible


@given(st.text())
def test_any_cell_is_one_line_without_control_characters(cell: str) -> None:
    shown = scan_csv.safe(cell)
    assert len(shown.splitlines()) <= 1
    assert not shown.startswith(("=", "+", "-", "@"))


def test_it_is_written_with_a_byte_order_mark_and_line_ends_of_csv(tmp_path: Path) -> None:
    scan_csv.write(scans.every_outcome(), tmp_path / "report.csv")
    data = (tmp_path / "report.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfcheck,title,")
    assert data.count(b"\r\n") == data.count(b"\n") == 9
