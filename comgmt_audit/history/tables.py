"""The tables of the history. What changes here needs a step in ``migrations/versions``."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

VERSION = "0001"
"""The newest step of ``migrations/versions``."""

METADATA = MetaData()

SCANS = Table(
    "scans",
    METADATA,
    Column("id", Integer, primary_key=True),
    # Scans of one environment with the same expectations and the same selection are comparable.
    Column("environment", Text, nullable=False),
    Column("baseline", Text, nullable=False),
    Column("selection", Text, nullable=False),
    # ISO 8601 in UTC: SQLite knows no times, and as text they sort as they should in both databases.
    Column("recorded_at", String(32), nullable=False),
    Column("tool", Text, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("passed", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the scan as JSON, packed with zlib
    UniqueConstraint("environment", "baseline", "selection", "recorded_at", name="scans_once"),
)

TRACES = Table(
    "traces",
    METADATA,
    Column("scan", Integer, ForeignKey("scans.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", String(32), primary_key=True),
    Column("check_id", Text, nullable=False),
    Column("since", String(32), nullable=False),
    Column("states", Text, nullable=False),
)
