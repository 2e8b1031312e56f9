"""The matrix: every defect of the catalogue changes exactly what it declares, and no check can be left out."""

from __future__ import annotations

import msgspec
import pytest

from comgmt_audit import Findings, require
from comgmt_audit.model import Check
from tests.lab import coverage, judging
from tests.lab.defects import CATALOGUE
from tests.lab.estate import record

ids = pytest.mark.parametrize("defect", CATALOGUE, ids=lambda defect: defect.name)


@ids
def test_a_defect_changes_what_it_declares(judge, healthy, defect):
    estate = defect.estate()
    results = judge(estate)
    before = healthy[estate.design["baseline"]]
    assert judging.differences(before, results) == defect.outcomes
    assert set(judging.changes(before, results, estate.absences)) == defect.changes()


def test_names_are_unique():
    names = [defect.name for defect in CATALOGUE]
    assert len(names) == len(set(names))


def test_every_check_is_made_to_fail_by_a_defect():
    """So turning any one check off makes the matrix red."""
    assert [check.id for check in coverage.pack() if not coverage.proving(check.id)] == []


def test_every_statement_has_a_check():
    covered = {statement for check in coverage.pack() for statement in check.covers}
    assert covered == set(coverage.STATEMENTS)


def _blind() -> Findings:
    yield require("whatever", True)


def _without(check: Check) -> tuple[Check, ...]:
    """Our pack, with this check replaced by one that passes whatever it is shown."""
    blind = msgspec.structs.replace(check, function=_blind, facts={}, after=(), applies=None)
    return tuple(blind if one.id == check.id else one for one in judging.pack())


@pytest.mark.parametrize("family", dict.fromkeys(check.family for check in coverage.pack()), ids=lambda one: one.code)
def test_a_check_that_always_passes_makes_the_matrix_red(healthy, tmp_path, family):
    check = next(one for one in judging.pack() if one.family == family)
    estate = coverage.proving(check.id)[0].estate()
    results = judging.results(record(estate, tmp_path / "recording"), _without(check))
    assert results[check.id].outcome == "pass"
    assert judging.differences(healthy[estate.design["baseline"]], results) != coverage.proving(check.id)[0].outcomes


def test_the_page_of_coverage_is_current():
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page(), "run python -m tests.lab.coverage"
