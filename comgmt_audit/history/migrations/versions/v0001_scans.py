"""Scans, and what became of each failure from scan to scan."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables. They stand here once more: a step stays as it was, whatever ``tables.py`` becomes."""
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("environment", "baseline", "selection")),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("passed", "failed", "waived", "unknown")),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("environment", "baseline", "selection", "recorded_at", name="scans_once"),
    )
    op.create_table(
        "traces",
        sa.Column("scan", sa.Integer, sa.ForeignKey("scans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("fingerprint", sa.String(32), primary_key=True),
        sa.Column("check_id", sa.Text, nullable=False),
        sa.Column("since", sa.String(32), nullable=False),
        sa.Column("states", sa.Text, nullable=False),
    )
