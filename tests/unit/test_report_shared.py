"""The words and the order that all reports share."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

import pytest

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import CheckResult, Evidence, Outcome, Severity, Stage, Value
from reports import _shared
from tests import scans


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not set"),
        (True, "yes"),
        (False, "no"),
        (2048, "2048"),
        (0.5, "0.5"),
        ("", "(empty)"),
        ("intune", "intune"),
        ((), "none"),
        ((2048, 4096), "2048, 4096"),
        ((("a", "b"), ("c",)), "a, b; c"),
        (("at most", 5), "at most 5"),
        (("since", "2026-01-31T12:00:00Z"), "since 2026-01-31 12:00 UTC"),
        ("2026-01-31T12:00:00Z", "2026-01-31 12:00 UTC"),
        ("2026-01-31T12:00:59Z", "2026-01-31 12:00:59 UTC"),
        ("2026-01-31", "2026-01-31"),
        (tuple(range(33)), ", ".join(map(str, range(30))) + ", and 3 more"),
    ],
)
def test_values_are_put_in_words(value: Value, words: str) -> None:
    assert _shared.phrase(value) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("nul\x00", r"nul\x00"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\ud800", r"\ud800"),
        ("\uffff", r"\uffff"),
        ("مرحبا", "مرحبا"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("no\xa0break", "no\xa0break"),
    ],
)
def test_characters_that_are_not_seen_are_made_visible(text: str, shown: str) -> None:
    assert _shared.printable(text) == shown


def test_lines_may_stay_lines() -> None:
    assert _shared.printable("a\r\nb\x07", lines=True) == "a\nb\\x07"


def test_a_text_that_nobody_can_read_is_cut_and_its_length_said() -> None:
    assert _shared.printable("x" * 5000, limit=10) == "xxxxxxxxxx … (5,000 characters)"


def test_prose_loses_the_line_breaks_of_the_source_but_keeps_lists_and_paragraphs() -> None:
    assert _shared.prose("Open the\nconsole:\n- one\n  more\n- two\n\nThen\nwait.") == (
        "Open the console:\n- one more\n- two\n\nThen wait."
    )


def test_the_first_line_has_the_verdict_and_all_five_counts() -> None:
    line = "NOT READY: 1 pass, 2 fail, 1 not applicable, 2 not assessed, 1 error"
    assert _shared.headline(scans.every_outcome()) == line


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([], "Nothing was judged."),
        (
            [(Outcome.PASS, Severity.HIGH)],
            "Every check that applies has passed.",
        ),
        (
            [(Outcome.PASS, Severity.HIGH), (Outcome.FAIL, Severity.LOW)],
            "Nothing stands in the way; 1 check below severity high did not pass.",
        ),
        (
            [(Outcome.PASS, Severity.HIGH), (Outcome.ERROR, Severity.LOW)],
            "Nothing that was judged stands in the way, but 1 check could not be judged.",
        ),
        (
            [(Outcome.FAIL, Severity.HIGH)],
            "1 failed check stands in the way of the roll-out (severity high or above).",
        ),
        (
            [(Outcome.FAIL, Severity.HIGH), (Outcome.FAIL, Severity.LOW)],
            "1 of 2 failed checks stands in the way of the roll-out (severity high or above).",
        ),
    ],
)
def test_the_verdict_is_explained(results: list[tuple[Outcome, Severity]], sentence: str) -> None:
    made = [
        CheckResult(check=scans.text(f"TEN{i:03}", severity=severity), outcome=outcome)
        for i, (outcome, severity) in enumerate(results)
    ]
    assert _shared.explanation(scans.scan(made)) == sentence


def test_failures_are_ordered_by_severity_then_id_within_their_stage() -> None:
    made = [
        CheckResult(check=scans.text(id, severity=severity, stage=stage), outcome=Outcome.FAIL)
        for id, severity, stage in [
            ("DNS010", Severity.CRITICAL, Stage.DNS),
            ("TEN030", Severity.LOW, Stage.TENANT),
            ("TEN020", Severity.HIGH, Stage.TENANT),
            ("TEN010", Severity.HIGH, Stage.TENANT),
        ]
    ]
    order = [result.check.id for view in _shared.stages(scans.scan(made)) for result in view.failed]
    assert order == ["TEN010", "TEN020", "TEN030", "DNS010"]


def test_a_finding_may_be_graver_than_its_check() -> None:
    grave = scans.finding(severity=Severity.CRITICAL)
    made = [
        CheckResult(
            check=scans.text("TEN010", severity=Severity.HIGH), outcome=Outcome.FAIL, findings=(scans.finding(),)
        ),
        CheckResult(check=scans.text("TEN020", severity=Severity.LOW), outcome=Outcome.FAIL, findings=(grave,)),
    ]
    assert [result.check.id for result in _shared.stages(scans.scan(made))[0].failed] == ["TEN020", "TEN010"]


def test_each_stage_says_whether_it_may_go_ahead() -> None:
    states = {view.stage.value: (view.state.value, view.waits_for) for view in _shared.stages(scans.every_outcome())}
    assert states == {
        "tenant": ("no-go", ()),
        "on-premises": ("nothing to judge", ()),
        "pki": ("go with advice", ()),
        "azure-services": ("nothing to judge", ()),
        "dns": ("cannot tell", ()),
        "clients": ("cannot tell", ()),
        "co-management": ("nothing to judge", ()),
        "enrolment": ("cannot tell", ("TEN010",)),
    }


def test_a_stage_in_which_all_pass_is_a_go() -> None:
    made = scans.scan([CheckResult(check=scans.text(), outcome=Outcome.PASS, passed=1)])
    assert _shared.stages(made)[0].state is _shared.StageState.GO


def test_evidence_names_the_request_the_field_and_what_stood_there() -> None:
    evidence = Evidence("certificates/gateway", "certificate 2", "CN=x")
    assert _shared.place(evidence, scans.OBSERVATIONS) == "ConfigMgrCloudMGServer.pfx → certificate 2: “CN=x”"


def test_evidence_of_an_unknown_observation_keeps_its_id() -> None:
    assert _shared.place(Evidence("graph/gone"), {}) == "graph/gone"


def test_the_first_subject_that_could_not_be_judged_says_why() -> None:
    unseen = scans.finding("collection Pilot", outcome=Outcome.NOT_ASSESSED, actual="the list may be cut short")
    result = CheckResult(
        check=scans.text(),
        outcome=Outcome.NOT_ASSESSED,
        reason="1 of 2 subjects could not be judged",
        findings=(unseen,),
    )
    assert _shared.reason(result) == (
        "1 of 2 subjects could not be judged: collection Pilot: the list may be cut short"
    )


def test_times_are_shown_in_utc() -> None:
    east = dt.datetime(2026, 1, 1, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert _shared.moment(east) == "2025-12-31 23:30 UTC"


def test_a_report_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")
    _shared.write_text(path, ["new ", "é"])
    assert path.read_bytes() == "new é".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ComgmtError, match="no such folder") as caught:
        _shared.write_text(tmp_path / "none" / "report.html", ["x"])
    assert caught.value.hint == f"Make the folder {tmp_path / 'none'} first."


def test_a_folder_in_the_file_s_place_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ComgmtError, match="cannot be written"):
        _shared.write_text(tmp_path / "report.html", ["x"])
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="everything may be written here"
)
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ComgmtError, match="cannot be written"):
            _shared.write_text(tmp_path / "report.html", ["x"])
    finally:
        tmp_path.chmod(0o700)


def test_a_report_that_breaks_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        _shared.write_text(path, ["half", "\ud800"])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::x", ": :error::x"),
        ("   ::set-env name=a::b", "   : :set-env name=a::b"),
        ("CN=a::b", "CN=a::b"),
        ("x ##vso[task.complete]", "x # #vso[task.complete]"),
        ("##[error]x", "# #[error]x"),
        ("## heading", "## heading"),
        ("a\n::b", "a\n: :b"),
    ],
)
def test_what_a_ci_service_would_obey_is_shown(line, shown):
    from comgmt_audit.runner_commands import defused

    assert defused(line) == shown
