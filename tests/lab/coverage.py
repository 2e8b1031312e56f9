"""Writes docs/coverage.md: statement, what it asks, its checks, the defects that make them fail.

``python -m tests.lab.coverage`` regenerates the page.
"""

from __future__ import annotations

from pathlib import Path

from comgmt_audit import packs
from tests.lab.defects import CATALOGUE

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
STATEMENTS = tuple(f"S{number:02}" for number in range(1, 133))


def defects_of(check: str) -> list[str]:
    """The names of the defects that make this check fail."""
    return [defect.name for defect in CATALOGUE if check in defect.failing()]


def page() -> str:
    """The whole page."""
    lines = [
        "# Coverage",
        "",
        "Written by `python -m tests.lab.coverage`. The defects are proven by `tests/matrix/test_matrix.py`:",
        "each changes exactly the outcomes that it declares.",
        "",
        "| Statement | Asks | Checks | Defects that make one of them fail |",
        "|---|---|---|---|",
    ]
    for statement in STATEMENTS:
        checks = [check for check in packs.builtin() if statement in check.covers]
        asks = " ".join(check.title for check in checks).replace("|", "\\|")
        ids = ", ".join(check.id for check in checks)
        names = ", ".join(sorted({name for check in checks for name in defects_of(check.id)}))
        lines.append(f"| {statement} | {asks} | {ids or 'none'} | {names or 'none in the catalogue yet'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
