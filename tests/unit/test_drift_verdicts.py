"""Drift of verdicts: every way in which a failure can come, go, or be lost from sight."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from comgmt_audit.drift.verdicts import Fate, compare
from comgmt_audit.model import (
    Change,
    CheckResult,
    Drift,
    Evidence,
    Gate,
    Outcome,
    Scan,
    Severity,
    Verdict,
    Waiver,
    fingerprint,
)
from tests.scans import RECORDED, finding, scan, text

LATER = RECORDED + dt.timedelta(days=1)


def check(*subjects: str, unseen: tuple[str, ...] = (), **changes: object) -> CheckResult:
    outcome = Outcome.FAIL if subjects else Outcome.NOT_ASSESSED if unseen else Outcome.PASS
    fields: dict[str, object] = {
        "check": text("LIC040", severity=Severity.HIGH),
        "outcome": outcome,
        "findings": (
            *(finding(one) for one in subjects),
            *(finding(one, outcome=Outcome.NOT_ASSESSED, actual="refused") for one in unseen),
        ),
        "passed": 2,
    }
    return CheckResult(**(fields | changes))  # type: ignore[arg-type]


def at(time: dt.datetime, *results: CheckResult, **changes: object) -> Scan:
    return scan(results, recorded_at=time, **changes)


def drift(before: CheckResult, after: CheckResult, **fates: Fate) -> Drift:
    known = {fingerprint("LIC040", subject): fate for subject, fate in fates.items()}
    return compare(at(RECORDED, before), at(LATER, after), known)


def kinds(found: Drift) -> dict[str, str]:
    return {change.subject: change.change.value for change in found.changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (check("a"), check("a"), {"a": "still failing"}),
        (check("a"), check("a", "b"), {"a": "still failing", "b": "new"}),
        (check("a", "b"), check("b"), {"a": "fixed", "b": "still failing"}),
        (check("a"), check(), {"a": "fixed"}),
        (check(), check("a"), {"a": "new"}),
        (check(), check(), {}),
        (check("a"), check(unseen=("a",)), {"a": "unknown now"}),
        (check("a", "b"), check("b", unseen=("a",)), {"a": "unknown now", "b": "still failing"}),
        (check("a", "b"), check("b", unseen=("c",)), {"a": "fixed", "b": "still failing"}),
        # A request without an answer hides subjects that nobody can name.
        (check("a", "b"), check("b", unseen=("graph/mdm-authority",)), {"a": "unknown now", "b": "still failing"}),
        (check("a"), check(outcome=Outcome.NOT_ASSESSED, reason="blocked by X"), {"a": "unknown now"}),
        (check("a"), check(outcome=Outcome.ERROR, reason="KeyError"), {"a": "unknown now"}),
        (check("a"), check(outcome=Outcome.NOT_APPLICABLE, reason="no CMG"), {"a": "fixed"}),
        (check(unseen=("a",)), check("a"), {"a": "new"}),
        (check(unseen=("a",)), check(), {}),
    ],
)
def test_what_becomes_of_a_failure(before, after, expected):
    assert kinds(drift(before, after)) == expected


def test_a_graver_failure_is_worse_and_a_milder_one_is_still_there():
    mild, grave = (
        replace(check(), outcome=Outcome.FAIL, findings=(finding("a", severity=one),))
        for one in (Severity.LOW, Severity.CRITICAL)
    )
    assert kinds(drift(mild, grave)) == {"a": "worse"}
    assert kinds(drift(grave, mild)) == {"a": "still failing"}


def test_another_value_alone_is_no_news():
    one, other = (replace(check("a"), findings=(finding("a", actual=days),)) for days in (20, 19))
    (change,) = drift(one, other).changes
    assert (change.change, change.before, change.after) == (Change.STILL_FAILING, 20, 19)


def test_other_evidence_is_no_news():
    moved = replace(check("a"), findings=(finding("a", evidence=(Evidence("graph/mdm-authority", "/value/7"),)),))
    assert kinds(drift(check("a"), moved)) == {"a": "still failing"}


def test_what_was_unknown_and_failed_before_that_is_not_new():
    fate = Fate(since=RECORDED - dt.timedelta(days=9), failed_when_last_seen=True)
    (change,) = drift(check(unseen=("a",)), check("a"), a=fate).changes
    assert (change.change, change.since) == (Change.STILL_FAILING, fate.since)


def test_a_failure_whose_waiver_ended_is_new():
    waived = replace(check("a"), findings=(finding("a", waiver=Waiver(reason="x", expires=RECORDED.date())),))
    expired = replace(
        check("a"), findings=(finding("a", waiver=Waiver(reason="x", expires=RECORDED.date(), expired=True)),)
    )
    assert kinds(drift(waived, expired)) == {"a": "new"}
    assert kinds(drift(check("a"), waived)) == {"a": "still failing"}


def test_a_check_that_was_not_asked_for_is_not_compared():
    other = CheckResult(check=text("TEN010"), outcome=Outcome.FAIL, findings=(finding("t"),))
    before = at(RECORDED, check("a"), selection="LIC")
    after = at(LATER, other, selection="TEN")
    found = compare(before, after)
    assert found.changes == ()
    assert any("not judged any more: LIC040" in note for note in found.notes)


def test_a_check_that_a_later_version_brought_is_new():
    other = CheckResult(check=text("TEN010"), outcome=Outcome.FAIL, findings=(finding("t"),))
    found = compare(at(RECORDED, check("a")), at(LATER, check("a"), other, tool="9.0"))
    assert kinds(found) == {"t": "new", "a": "still failing"}
    assert "another tool: 0.1.0 before, 9.0 after" in found.notes


def test_order_is_news_first_and_the_gravest_of_it():
    low = CheckResult(check=text("AAA010", severity=Severity.LOW), outcome=Outcome.FAIL, findings=(finding("x"),))
    before = at(RECORDED, check("old"), replace(low, outcome=Outcome.PASS, findings=()))
    after = at(LATER, check("old", "fresh"), low)
    order = [change.subject for change in compare(before, after).changes]
    assert order == ["fresh", "x", "old"]


def test_only_what_is_new_stands_in_the_way_where_that_is_asked_for():
    from comgmt_audit.model import History

    before, after = at(RECORDED, check("a")), at(LATER, check("a"), gate=(Gate.NEW,))
    same = replace(after, history=History(points=(), drift=compare(before, after)))
    assert same.verdict is Verdict.READY
    more = at(LATER, check("a", "b"), gate=(Gate.NEW,))
    assert replace(more, history=History(points=(), drift=compare(before, more))).verdict is Verdict.NOT_READY
