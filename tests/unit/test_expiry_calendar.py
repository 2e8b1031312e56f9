"""The calendar of what ends, as a real consumer reads it."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("icalendar", reason="not installed: icalendar (extra watch)")

import icalendar

from comgmt_audit import packs
from comgmt_audit.model import Expiry, Scan
from tests.scans import RECORDED, scan

DAY = dt.timedelta(days=1)


def of(*expiries: Expiry, environment: str = "Contoso") -> Scan:
    return scan([], expiries=expiries, environment=environment)


def read(given: Scan) -> list[icalendar.Component]:
    calendar = icalendar.Calendar.from_ical(packs.report("expiry_calendar").render(given))
    return list(calendar.walk("VEVENT"))


def certificate(subject: str = "cmg.contoso.com", days: int = 90) -> Expiry:
    return Expiry(at=RECORDED + days * DAY, kind="certificate", subject=subject)


def test_a_day_with_reminders():
    (event,) = read(of(certificate()))
    assert event.decoded("dtstart") == (RECORDED + 90 * DAY).date()
    assert str(event["summary"]) == "Certificate ends: cmg.contoso.com"
    assert [alarm.decoded("trigger") for alarm in event.walk("VALARM")] == [-30 * DAY, -7 * DAY]


def test_importing_it_again_moves_an_entry_and_doubles_none():
    before, after = (read(of(certificate(days=days)))[0] for days in (10, 400))
    assert before["uid"] == after["uid"]
    assert read(of(certificate(), environment="Fabrikam"))[0]["uid"] != before["uid"]


def test_a_list_that_its_ca_renews_is_left_out_and_an_offline_roots_is_not():
    weekly, yearly = (
        Expiry(at=RECORDED + 5 * DAY, kind="revocation list", subject=f"{life}.crl", since=RECORDED - life * DAY)
        for life in (3, 180)
    )
    assert [str(event["summary"]) for event in read(of(weekly, yearly))] == ["Revocation list ends: 180.crl"]


def test_no_end_is_an_empty_calendar():
    assert read(of()) == []


@pytest.mark.parametrize("subject", ["a\r\nEND:VEVENT\r\nBEGIN:VEVENT", "x" * 100_000, "\u202e\x00;,:\\n", "\ud800"])
def test_a_hostile_name_stays_a_name(subject):
    (event,) = read(of(certificate(subject)))
    assert len(event.walk("VALARM")) == 2
    assert set(event) == {"UID", "DTSTAMP", "DTSTART", "SUMMARY", "TRANSP", "DESCRIPTION"}


def test_the_same_scan_gives_the_same_bytes():
    assert packs.report("expiry_calendar").render(of(certificate())) == packs.report("expiry_calendar").render(
        of(certificate())
    )
