"""iCalendar (RFC 5545): one all-day entry on each day that something ends, with reminders; the extra ``watch``.

What a service renews by itself while it lives, such as a CA's weekly list, has no place in anybody's calendar.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import Expiry, Scan

from ._shared import place, printable, write_text

if TYPE_CHECKING:
    from icalendar import Event

REMINDERS = (30, 7)
"""Days before the end on which a calendar reminds of it."""


def render(scan: Scan) -> str:
    """The calendar. Importing it again moves what has moved: an entry keeps its UID while its kind and subject do."""
    try:
        from icalendar import Calendar
    except ImportError:
        raise ComgmtError("A calendar needs icalendar.", "pip install 'comgmt-audit[watch]'") from None
    calendar = Calendar()
    calendar.add("prodid", "-//comgmt-audit//expiries//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"What ends: {printable(scan.environment, limit=100)}")
    for expiry in (one for one in scan.expiries if not one.is_renewed):
        calendar.add_component(_event(expiry, scan))
    text: str = calendar.to_ical().decode("utf-8")
    return text


def write(scan: Scan, path: Path) -> None:
    """Write the calendar to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


def _event(expiry: Expiry, scan: Scan) -> Event:
    from icalendar import Alarm, Event

    event = Event()
    summary = f"{printable(expiry.kind.capitalize(), limit=200)} ends: {printable(expiry.subject, limit=200)}"
    event.add("uid", f"{_uid(expiry, scan)}@comgmt-audit")
    event.add("dtstamp", scan.started_at.astimezone(dt.UTC))
    event.add("dtstart", expiry.at.astimezone(dt.UTC).date())
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    seen = [f"Seen: {place(evidence, scan.observations)}" for evidence in expiry.evidence]
    event.add("description", "\n".join([f"{expiry.at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC", *seen]))
    for days in REMINDERS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", dt.timedelta(days=-days))
        event.add_component(alarm)
    return event


def _uid(expiry: Expiry, scan: Scan) -> str:
    name = f"{scan.environment}\0{expiry.kind}\0{expiry.subject}"
    return hashlib.blake2b(name.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()
