"""Other people's public samples: read where COMGMT_SAMPLES names their folder, and never copied here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from comgmt_audit.text_encoding import Text, decode


@pytest.fixture
def sample() -> Callable[[str], Text]:
    """The decoded text of one sample; skips where there are no samples."""
    folder = os.environ.get("COMGMT_SAMPLES", "")
    if not folder:
        pytest.skip("COMGMT_SAMPLES does not name a folder of public samples")

    def read(name: str) -> Text:
        return decode((Path(folder) / name).read_bytes())

    return read
