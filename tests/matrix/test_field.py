"""The failures from the field (tests/lab/field.toml) are all there, and the catalogue proves what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import coverage, field
from tests.lab.defects import CATALOGUE

ROOT = Path(__file__).parents[2]
DEFECTS = {defect.name: defect for defect in CATALOGUE}
UNUSED = (1, 8, 12, 16, 29, 37, 39, 43, 49, 61, 69, 70, 80, 99, 103)
"""Numbers that the list does not have: cases that were merged into others."""
EVERY = {**field.field().cases, **{f"trap {number}": trap for number, trap in field.field().traps.items()}}
each = pytest.mark.parametrize("case", EVERY.values(), ids=EVERY)


def test_every_case_is_there():
    assert list(field.field().cases) == [f"F{number:02}" for number in range(1, 116) if number not in UNUSED]
    assert list(field.field().traps) == [str(number) for number in range(1, 16)]


@each
def test_a_case_is_shown_or_says_why_not(case):
    shown = bool(case.checks or case.open)
    assert shown == bool(case.defects)
    assert [shown or bool(case.healthy), bool(case.without)].count(True) == 1
    assert case.what.endswith(".")


@each
def test_what_shows_a_case_is_proved_by_a_defect_that_is_its_state(case):
    outcomes = [DEFECTS[name].outcomes for name in case.defects]
    for outcome, checks in (("fail", case.checks), ("not assessed", case.open)):
        for check in checks:
            assert outcome in {of.get(check) for of in outcomes}, f"{check}: no defect of these makes it {outcome}"
    for name, of in zip(case.defects, outcomes, strict=True):
        assert of.keys() & {*case.checks, *case.open}, f"{name} changes none of these checks"


@each
def test_what_is_in_order_fails_nothing(case):
    for proof in case.healthy:
        file, _, test = proof.partition("::")
        if test:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")
        else:
            assert set(DEFECTS[proof].outcomes.values()) <= {"pass", "not applicable"}


def test_the_page_of_limits_is_current():
    page = field.LIMITS.read_text(encoding="utf-8")
    assert page == field.with_unseen(page), "run python -m tests.lab.coverage"


def test_every_check_that_a_reason_names_exists():
    known = {check.id for check in coverage.pack()}
    reasons = " ".join(case.without for case in EVERY.values())
    named = {word.strip("().,;") for word in reasons.split() if word.strip("().,;")[3:].isdigit()}
    assert {name for name in named if name.isupper()} <= known
