"""``python -m tests.lab.embed``: make the embedded environments of ``scan --demo`` again.

``tests/end_to_end/test_demo.py`` says when they are stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.lab.estate import Estate, contoso, record

FOLDER = Path(__file__).parents[2] / "comgmt_audit" / "demo"
USERS = 2000


def ready() -> Estate:
    """Contoso, ready for co-management."""
    return contoso(people__users=USERS)


def write(folder: Path) -> list[Path]:
    """Write both environments into a folder; returns their paths."""
    paths = []
    for name, estate in {"ready": ready(), "not-ready": not_ready()}.items():
        path = folder / f"{name}.zip"
        path.unlink(missing_ok=True)
        paths.append(record(estate, path))
    return paths


if __name__ == "__main__":
    for made in write(FOLDER):
        sys.stdout.write(f"{made.name}: {made.stat().st_size} bytes\n")
