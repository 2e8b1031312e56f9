"""Waivers and what was accepted as it stood: what is marked, what counts again, and what is refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from comgmt_audit import accepted, pardons, waivers
from comgmt_audit.errors import ComgmtError, WaiverError
from comgmt_audit.model import CheckResult, Gate, Outcome, Scan, Severity, Verdict
from tests.scans import finding, scan, text

CHECKS = {"TEN010", "CRT010", "LIC040"}
GOOD = """
[[waiver]]
check = "LIC040"
subject = "adele@contoso.com"
reason = "leaves in April"
owner = "Pat (service desk)"
ticket = "CHG-17"
expires = 2026-03-31
"""


def failing(*subjects: str, **changes: object) -> CheckResult:
    return CheckResult(
        check=text("LIC040", severity=Severity.HIGH),
        outcome=Outcome.FAIL,
        findings=tuple(finding(subject) for subject in subjects),
        passed=2,
        **changes,  # type: ignore[arg-type]
    )


def applied(tmp_path: Path, content: str, *results: CheckResult, **changes: object) -> tuple[Scan, tuple[str, ...]]:
    path = tmp_path / "waivers.toml"
    path.write_text(content, encoding="utf-8")
    return waivers.apply(scan(results, **changes), waivers.load(path, CHECKS))


def test_a_waived_failure_stands_in_nobodys_way_and_does_not_vanish(tmp_path):
    found, wrong = applied(tmp_path, GOOD, failing("adele@contoso.com"))
    (result,) = found.results
    assert wrong == ()
    assert (result.outcome, result.waived, found.verdict) == (Outcome.FAIL, True, Verdict.READY)
    waiver = result.findings[0].waiver
    assert waiver is not None
    assert (waiver.owner, waiver.ticket, waiver.expires) == ("Pat (service desk)", "CHG-17", dt.date(2026, 3, 31))


def test_another_subject_of_the_check_still_counts(tmp_path):
    found, _ = applied(tmp_path, GOOD, failing("adele@contoso.com", "alex@contoso.com"))
    assert [one.counts for one in found.results[0].findings] == [False, True]
    assert found.verdict is Verdict.NOT_READY


@pytest.mark.parametrize(("day", "verdict"), [(31, Verdict.READY), (30, Verdict.NOT_READY)])
def test_a_waiver_ends_after_its_last_day(tmp_path, day, verdict):
    until = GOOD.replace("2026-03-31", f"2026-03-{day}")
    recorded = dt.datetime(2026, 3, 31, 23, 59, tzinfo=dt.UTC)
    found, _ = applied(tmp_path, until, failing("adele@contoso.com"), recorded_at=recorded)
    assert found.verdict is verdict
    waiver = found.results[0].findings[0].waiver
    assert waiver is not None
    assert waiver.expired is (verdict is Verdict.NOT_READY)


def test_of_two_waivers_the_longer_one_holds(tmp_path):
    two = GOOD + GOOD.replace("2026-03-31", "2026-01-31")
    found, wrong = applied(tmp_path, two, failing("adele@contoso.com"))
    assert (found.verdict, wrong) == (Verdict.READY, ())


@pytest.mark.parametrize("pattern", ["ADELE@*", "adele@contoso.co?", "adele@contoso.com"])
def test_subjects_are_patterns_without_case(tmp_path, pattern):
    found, _ = applied(tmp_path, GOOD.replace("adele@contoso.com", pattern), failing("Adele@Contoso.com"))
    assert found.results[0].waived


def test_a_subject_with_brackets_is_meant_as_it_stands(tmp_path):
    odd = "CN=[old]"
    found, _ = applied(tmp_path, GOOD.replace("adele@contoso.com", odd), failing(odd))
    assert found.results[0].waived


def test_a_waiver_that_accepts_nothing_is_named_by_its_line(tmp_path):
    _, wrong = applied(tmp_path, GOOD, failing("alex@contoso.com"))
    assert len(wrong) == 1
    assert "waivers.toml: line 2: the waiver of LIC040 for 'adele@contoso.com' accepts nothing" in wrong[0]


@pytest.mark.parametrize(
    "result",
    [
        CheckResult(check=text("LIC040"), outcome=Outcome.NOT_ASSESSED, reason="refused"),
        failing("alex@contoso.com"),
    ],
)
def test_it_may_be_needed_still_where_not_everything_was_seen(tmp_path, result):
    unseen = finding("graph/users", outcome=Outcome.NOT_ASSESSED)
    blind = replace(result, findings=(*result.findings, unseen))
    assert applied(tmp_path, GOOD, blind)[1] == ()


def test_a_check_that_was_not_selected_says_nothing_of_a_waiver(tmp_path):
    assert applied(tmp_path, GOOD)[1] == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD.replace("LIC040", "LIC04O"), "line 2: there is no check 'LIC04O'"),
        (GOOD.replace("adele@contoso.com", "*"), "line 2: the subject '*' takes in everything"),
        (GOOD.replace("adele@contoso.com", "?*"), "takes in everything"),
        (GOOD + GOOD.replace('owner = "Pat (service desk)"\n', ""), "line 10: The waiver lacks the field `owner`"),
        (GOOD.replace('reason = "leaves in April"', 'reason = ""'), "line 2: "),
        (GOOD.replace("2026-03-31", '"soon"'), "line 2: "),
        (GOOD + "until = 2027-01-01\n", "unknown field `until`"),
        ("[waivers]\n", "no key or section 'waivers'"),
        ("waiver = 3\n", "no list of tables"),
        ("[[waiver]\n", "is not TOML"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, content, said):
    path = tmp_path / "waivers.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ComgmtError, match=r"waivers\.toml") as caught:
        waivers.load(path, CHECKS)
    assert said in str(caught.value)


def test_broad_says_that_all_are_meant(tmp_path):
    every = GOOD.replace("adele@contoso.com", "*") + "broad = true\n"
    found, _ = applied(tmp_path, every, failing("a", "b"))
    assert found.results[0].waived


def test_a_header_in_a_long_text_names_no_wrong_line(tmp_path):
    odd = GOOD.replace('"leaves in April"', '"""\n[[waiver]]\n"""').replace("LIC040", "NONE10")
    path = tmp_path / "waivers.toml"
    path.write_text(odd, encoding="utf-8")
    with pytest.raises(WaiverError, match="waiver 1: there is no check"):
        waivers.load(path, CHECKS)


def test_only_new_failures_count_after_accepting(tmp_path):
    place = tmp_path / "accepted.json"
    first = scan([failing("adele@contoso.com")])
    marked, _, said = pardons.apply(first, pardons.load(None, place, CHECKS, write=True))
    assert marked.verdict is Verdict.READY
    assert "1 failures are accepted" in said[0]
    later = scan([failing("adele@contoso.com", "alex@contoso.com")])
    marked, _, said = pardons.apply(later, pardons.load(None, place, CHECKS, write=False))
    assert [one.counts for one in marked.results[0].findings] == [False, True]
    assert (marked.verdict, said) == (Verdict.NOT_READY, ())


def test_what_was_accepted_and_no_longer_fails_is_reported_and_kept_until_it_is_written_anew(tmp_path):
    old = accepted.of(scan([failing("adele@contoso.com")]))
    _, stale = accepted.apply(scan([failing("alex@contoso.com")]), old)
    assert stale == ("LIC040, adele@contoso.com: was accepted on 2026-03-02 and no longer fails",)
    assert accepted.of(scan([failing("alex@contoso.com")]), old).failures[0].subject == "alex@contoso.com"


def test_what_could_not_be_seen_stays_accepted(tmp_path):
    old = accepted.of(scan([failing("adele@contoso.com")]))
    blind = scan([CheckResult(check=text("LIC040"), outcome=Outcome.NOT_ASSESSED, reason="refused")])
    assert accepted.apply(blind, old)[1] == ()
    assert accepted.of(blind, old) == old


def test_what_was_accepted_before_keeps_its_day():
    old = accepted.of(scan([failing("adele@contoso.com")]))
    later = scan([failing("adele@contoso.com")], recorded_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC))
    assert accepted.of(later, old) == old


def test_an_expired_waiver_is_not_mended_by_accepting(tmp_path):
    expired = GOOD.replace("2026-03-31", "2026-02-01")
    found, _ = applied(tmp_path, expired, failing("adele@contoso.com"))
    assert accepted.of(found).failures == ()
    everything = accepted.of(scan([failing("adele@contoso.com")]))
    assert accepted.apply(found, everything)[0].verdict is Verdict.NOT_READY


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"format": 9, "environment": "", "failures": []}', b"\xff"])
def test_a_broken_file_of_what_was_accepted_is_refused(tmp_path, content):
    path = tmp_path / "accepted.json"
    path.write_bytes(content)
    with pytest.raises(WaiverError, match=r"accepted\.json"):
        accepted.load(path)


def test_the_file_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(WaiverError, match="cannot be written"):
        accepted.write(accepted.of(scan()), tmp_path / "no" / "accepted.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("gate", "result", "verdict"),
    [
        ((), CheckResult(check=text(), outcome=Outcome.NOT_ASSESSED), Verdict.CANNOT_TELL),
        ((Gate.UNKNOWN,), CheckResult(check=text(), outcome=Outcome.NOT_ASSESSED), Verdict.NOT_READY),
        ((Gate.UNKNOWN,), CheckResult(check=text(), outcome=Outcome.ERROR), Verdict.NOT_READY),
        ((Gate.NEW,), failing("a"), Verdict.NOT_READY),  # nothing to compare with: all of it counts
    ],
)
def test_gates(gate, result, verdict):
    assert scan([result], gate=gate).verdict is verdict


@pytest.mark.parametrize(("gate", "verdict"), [((), Verdict.READY), ((Gate.EXPIRED_WAIVER,), Verdict.NOT_READY)])
def test_an_expired_waiver_can_stop_what_is_harmless(tmp_path, gate, verdict):
    low = replace(failing("adele@contoso.com"), check=text("LIC040", severity=Severity.LOW))
    found, _ = applied(tmp_path, GOOD.replace("2026-03-31", "2026-02-01"), low, gate=gate)
    assert found.verdict is verdict
