"""How far a server's clock is ahead of this computer's, as its own answers tell: nothing further is asked.

Each source keeps it beside what it reads, as ``<source>/clock``. Both times are real ones, never the session's.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from typing import Any

from comgmt_audit.sources.session import Session, unreadable

_GENERALIZED = re.compile(r"(\d{14})(?:\.\d+)?Z")


def now() -> dt.datetime:
    """This computer's clock."""
    return dt.datetime.now(dt.UTC)


def from_header(date: str) -> dt.datetime | None:
    """The header ``Date`` of an answer (RFC 9110, section 6.6.1); ``None`` where it is none."""
    try:
        told = email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    return told.astimezone(dt.UTC) if told.tzinfo else None


def from_directory(time: bytes) -> dt.datetime | None:
    """``currentTime`` of a domain controller ([MS-ADTS] 3.1.1.3.2.6), such as ``20261124060000.0Z``."""
    found = _GENERALIZED.fullmatch(time.decode("ascii", errors="replace"))
    try:
        return dt.datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC) if found else None
    except ValueError:
        return None


def answer(server: str, clocks: tuple[dt.datetime, dt.datetime]) -> dict[str, Any]:
    """What is kept: the server, and the whole seconds by which its clock is ahead of the computer that records."""
    told, here = clocks
    return {"server": server.lower(), "ahead": round((told - here).total_seconds())}


def keep(session: Session, source: str, server: str, clocks: tuple[dt.datetime, dt.datetime] | None) -> None:
    """Keep what a server's answers told of its clock, or that they told nothing."""
    id = f"{source}/clock"
    how: dict[str, Any] = {"source": source, "request": f"the time of {server}", "at": session.clock()}
    if clocks is None:
        cure = "Look at what answers in its place."
        session.writer.absent(id, unreadable(f"no answer of {server} said what time it is", cure), **how)
    else:
        session.writer.json(id, answer(server, clocks), **how)
