"""The matrix: every defect of the catalogue changes exactly the outcomes that it declares."""

from __future__ import annotations

import pytest

from comgmt_audit import packs
from comgmt_audit.model import Outcome
from tests.lab import coverage, judging
from tests.lab.defects import CATALOGUE


@pytest.mark.parametrize("defect", CATALOGUE, ids=lambda defect: defect.name)
def test_a_defect_changes_what_it_declares(judge, healthy, defect):
    estate = defect.estate()
    results = judge(estate)
    before = healthy[estate.design["baseline"]]
    assert judging.differences(before, results) == defect.outcomes
    declared = defect.changes()
    if declared:
        assert set(judging.changes(before, results, estate.absences)) == declared
    for id, subjects in defect.subjects.items():
        assert {f.subject for f in results[id].findings if f.outcome is Outcome.FAIL} == subjects


def test_names_are_unique():
    names = [defect.name for defect in CATALOGUE]
    assert len(names) == len(set(names))


WITHOUT_DEFECT = {"S02", "S03", "S07", "S80"}
"""Statements whose defects are in tests/checks only. To be shortened, never to grow: both ways fail below."""


def test_every_statement_but_the_listed_has_a_check_that_a_defect_makes_fail():
    failing = set().union(*(defect.failing() for defect in CATALOGUE))
    proven = {statement for check in packs.builtin() if check.id in failing for statement in check.covers}
    assert set(coverage.STATEMENTS) - proven == WITHOUT_DEFECT


def test_the_page_of_coverage_is_current():
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page(), "run python -m tests.lab.coverage"
