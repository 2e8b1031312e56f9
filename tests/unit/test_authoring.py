"""The words in which a check is written."""

from __future__ import annotations

import datetime as dt
from enum import Enum

import pytest

from comgmt_audit import Evidence, Outcome, Severity, cannot_tell, require
from comgmt_audit.authoring import documentation, plain

PLACE = Evidence("graph/x", "/value/0")


class Thing:
    label = "the thing"
    evidence = PLACE


def test_what_holds_passes_and_carries_nothing_but_its_name():
    finding = require(Thing(), True, expected=1, actual=1)
    assert (finding.subject, finding.outcome, finding.expected, finding.evidence) == (
        "the thing",
        Outcome.PASS,
        None,
        (),
    )


def test_what_does_not_hold_fails_with_values_and_its_place():
    finding = require(Thing(), False, expected={2, 1}, actual=None, advice="do it", severity=Severity.LOW)
    assert finding.outcome is Outcome.FAIL
    assert (finding.expected, finding.actual, finding.evidence) == ((1, 2), None, (PLACE,))
    assert (finding.advice, finding.severity) == ("do it", Severity.LOW)


def test_what_cannot_be_told_is_not_assessed_and_names_the_cure():
    finding = cannot_tell(Thing(), "nobody looked", cure="look")
    assert (finding.outcome, finding.actual, finding.advice) == (Outcome.NOT_ASSESSED, "nobody looked", "look")
    assert finding.evidence == (PLACE,)


@pytest.mark.parametrize(
    ("given", "evidence"), [(None, ()), (PLACE, (PLACE,)), ([PLACE, PLACE], (PLACE, PLACE)), ([], ())]
)
def test_a_subject_that_is_only_a_name_takes_the_evidence_that_is_given(given, evidence):
    assert require("name", False, evidence=given).evidence == evidence
    assert cannot_tell("name", "why", cure="cure", evidence=given).evidence == evidence


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        ("text", "text"),
        (Colour.RED, "red"),
        (Severity.HIGH, "high"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))), "2026-01-02T01:04:05Z"),
        (dt.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (dt.timedelta(days=3), "3 days"),
        (dt.timedelta(hours=30), "30.0 hours"),
        (b"\x01\xff", "01ff"),
        ({"b", "a"}, ("a", "b")),
        (["x", {2, 1}], ("x", (1, 2))),
        ((i for i in range(2)), (0, 1)),
        (Thing, str(Thing)),
    ],
)
def test_values_become_plain_data(value, expected):
    assert plain(value) == expected


def documented(text: str):
    def function() -> None: ...

    function.__doc__ = text
    return function


def test_the_docstring_is_title_why_and_remedy():
    text = "All is well.\n\n    Why: It breaks\n    otherwise.\n    Remedy: Open\n      the console.\n    "
    assert documentation(documented(text)) == ("All is well.", "It breaks\notherwise.", "Open\nthe console.")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "first line"),
        ("Why: x\nRemedy: y", "first line"),
        ("All is well.", "Why:"),
        ("All is well.\n\nRemedy: x", "Why:"),
        ("All is well.\n\nWhy: x", "Remedy:"),
        ("All is well.\n\nWhy:\nRemedy: x", "Why:"),
        ("All is well.\n\nWhy: x\nRemedy:  ", "Remedy:"),
    ],
)
def test_a_missing_part_of_the_docstring_is_named(text, missing):
    with pytest.raises(ValueError, match=f"no '{missing}'"):
        documentation(documented(text))
