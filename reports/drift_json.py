"""Drift as JSON, for machines (``comgmt_audit/schemas/drift.schema.json``)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from comgmt_audit.model import DriftReport

from ._shared import write_text
from .scan_json import encode


def render(report: DriftReport) -> str:
    """One JSON document, one value a line."""
    return msgspec.json.format(encode(report), indent=1).decode() + "\n"


def write(report: DriftReport, path: Path) -> None:
    """Write it to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(report)])
