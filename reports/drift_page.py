"""Drift as one HTML page, offline, with nothing that runs."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from comgmt_audit.model import Change, Drifted, DriftReport, ValueChange

from ._shared import moment, phrase, printable, shown_id, write_text
from .drift_text import TITLES, days, headline

_TEMPLATES = Path(__file__).parent / "templates"


def render(report: DriftReport) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (_TEMPLATES / "drift.css").read_text(encoding="utf-8").strip()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("drift.html").render(_view(report), style=style, style_hash=f"'sha256-{digest}'")


def write(report: DriftReport, path: Path) -> None:
    """Write the page to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(report)])


def _view(report: DriftReport) -> dict[str, Any]:
    drift = report.verdicts
    return {
        "headline": headline(report),
        "drifted": report.has_drifted,
        "environment": printable(report.environment),
        "before": moment(drift.before),
        "after": moment(drift.after),
        "notes": [printable(note) for note in drift.notes],
        "groups": [
            {"title": title, "css": kind.name.lower().replace("_", "-"), "rows": [_row(one, report) for one in changes]}
            for kind, title in TITLES.items()
            if (changes := drift.of(kind))
        ],
        "values": [_value(change) for change in report.values or ()],
        "values_compared": report.values is not None,
        "unseen": [printable(one) for one in report.unseen],
    }


def _row(change: Drifted, report: DriftReport) -> dict[str, str]:
    gone = change.change in {Change.FIXED, Change.UNKNOWN_NOW}
    return {
        "check": shown_id(change.check),
        "title": printable(report.titles.get(change.check, "")),
        "severity": change.severity.value,
        "subject": printable(change.subject),
        "before": phrase(change.before) if change.before is not None else "",
        "after": phrase(change.after) if change.after is not None else "" if gone else phrase(None),
        "age": days(change, report.verdicts),
        "marks": ", ".join(["comes and goes"] * change.flapping + ["waived"] * change.waived),
    }


def _value(change: ValueChange) -> dict[str, str]:
    names = ("kind", "observation", "object", "path", "before", "after")
    return {name: printable(getattr(change, name)) for name in names}
