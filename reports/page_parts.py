"""What stands beside the checks on the HTML page: what ends, what the logs say, and with which rights it was read.

Each function gives what one template of ``templates/`` shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from comgmt_audit.model import Event, Expiry, Right, Scan

from ._shared import counted, moment, place_parts, printable

HORIZONS = (30, 60, 90)
"""Days ahead by which what ends is grouped."""

SHOWN_ROWS = 200
"""Rows of one table; the JSON report has all."""

LONGEST_NAME = 300
"""Characters of a name."""

LONGEST_PLACE = 80
"""Characters of a request, which the page has elsewhere as a whole."""

_RIGHTS = {
    "application": "permission in Entra ID",
    "delegated": "permission in Entra ID, of a signed-in user",
    "azure-role": "role in Azure",
    "configmgr-role": "role in Configuration Manager",
    "directory": "right in Active Directory",
    "network": "way through the network",
    "host": "right on a computer or file",
}
_KINDS = {"success": ("pass", "green"), "failure": ("fail", "red"), "pending": ("unknown", "amber")}
_WIDTH = 100
"""Units of a bar in the timeline."""


def ends(scan: Scan) -> list[dict[str, Any]]:
    """What has ended, what ends within each horizon, what ends later, and what is renewed by itself."""
    titles = [
        "Has ended",
        *(f"Within {days} days" for days in HORIZONS),
        "Later",
        "Renewed by a service before it ends",
    ]
    groups: dict[str, list[Expiry]] = {title: [] for title in titles}
    for expiry in scan.expiries:
        groups[titles[_horizon(expiry, scan.recorded_at)]].append(expiry)
    return [
        {
            "title": title,
            "soon": index <= len(HORIZONS),
            "css": ("red", "red", "amber")[index] if index < 3 else "grey",
            "rows": [_end(expiry, scan) for expiry in groups[title][:SHOWN_ROWS]],
            "number": f"{len(groups[title]):,}",
            "more": _more(groups[title]),
        }
        for index, title in enumerate(titles)
        if groups[title]
    ]


def _horizon(expiry: Expiry, now: dt.datetime) -> int:
    """The group of what ends: 0 has ended, then one for each horizon, later, renewed by itself."""
    if expiry.at <= now:
        return 0
    if expiry.is_renewed:
        return len(HORIZONS) + 2
    left = expiry.at - now
    return next((i for i, days in enumerate(HORIZONS, 1) if left <= dt.timedelta(days=days)), len(HORIZONS) + 1)


def _end(expiry: Expiry, scan: Scan) -> dict[str, Any]:
    days = (expiry.at - scan.recorded_at).days
    # A time that ended an hour ago is -1 days by Python's floor.
    left = f"in {counted(days, 'day')}" if days >= 0 else f"{counted(-days - 1, 'day')} ago"
    return {
        "day": f"{expiry.at.astimezone(dt.UTC):%Y-%m-%d}",
        "left": {"in 0 days": "within a day", "0 days ago": "within the last day"}.get(left, left),
        "kind": printable(expiry.kind),
        "subject": printable(expiry.subject, limit=LONGEST_NAME),
        "seen": [_shortened(place_parts(one, scan.observations)[0]) for one in expiry.evidence],
    }


def _shortened(request: str) -> str:
    return request if len(request) <= LONGEST_PLACE else f"{request[:LONGEST_PLACE]}…"


def timeline(scan: Scan) -> dict[str, Any]:
    """What the logs say, the newest first, each line with a bar from its first to its last time."""
    timed = [time for event in scan.events for time in (event.first, event.last) if time]
    start, end = min(timed, default=scan.recorded_at), max(timed, default=scan.recorded_at)
    newest = scan.events[::-1]
    return {
        "rows": [_event(event, start, end) for event in newest[:SHOWN_ROWS]],
        "more": _more(newest),
        "start": moment(start),
        "end": moment(end),
        "width": _WIDTH,
    }


def _event(event: Event, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    icon, css = _KINDS.get(event.kind, ("none", "grey"))
    first, last = event.first or event.last, event.last or event.first
    bar = (_part(first, start, end), _part(last, start, end)) if first and last else None
    return {
        "log": printable(event.log, limit=LONGEST_NAME),
        "kind": printable(event.kind, limit=LONGEST_NAME),
        "icon": icon,
        "css": css,
        "meaning": printable(event.meaning),
        "count": counted(event.count, "time"),
        "first": moment(first) if first and event.count > 1 and first != last else "",
        "last": moment(last) if last else "no time",
        # Two units at least, so that a single line can be seen.
        "bar": {"x": f"{bar[0]:.1f}", "width": f"{max(bar[1] - bar[0], 0) + 2:.1f}"} if bar else None,
    }


def _part(time: dt.datetime, start: dt.datetime, end: dt.datetime) -> float:
    """Where a time stands in a bar; room is left at its end for a single line."""
    whole = (end - start).total_seconds()
    return (time - start).total_seconds() / whole * (_WIDTH - 2) if whole else 0.0


def rights(scan: Scan) -> list[dict[str, Any]]:
    """The rights that the sources needed; what was refused comes first."""
    ranked = sorted(scan.rights, key=lambda right: (not right.refused, right.source, right.name))
    return [_right(right) for right in ranked[:SHOWN_ROWS]]


def _right(right: Right) -> dict[str, Any]:
    refused = ", ".join(printable(id, limit=LONGEST_NAME) for id in right.refused[:5])
    more = f" and {len(right.refused) - 5:,} more" if len(right.refused) > 5 else ""
    if right.refused:
        state, css, icon = "lacking", "amber", "unknown"
    else:
        state, css, icon = ("used", "green", "pass") if right.answered else ("not used", "grey", "none")
    return {
        "source": printable(right.source, limit=LONGEST_NAME),
        "name": printable(right.name, limit=LONGEST_NAME),
        "kind": _RIGHTS.get(right.kind, printable(right.kind, limit=LONGEST_NAME)),
        "state": state,
        "css": css,
        "icon": icon,
        "answered": counted(right.answered, "request"),
        "refused": f"{refused}{more}",
    }


def _more(rows: Iterable[Any]) -> str:
    more = len(list(rows)) - SHOWN_ROWS
    return f"{more:,} more are in the JSON report." if more > 0 else ""
