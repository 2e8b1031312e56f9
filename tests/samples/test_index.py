"""Every public sample is read by some test, by name: one that is added to the folder cannot be passed over."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.samples


@pytest.fixture
def index(sample):
    """The names that the index lists."""
    rows = csv.DictReader(sample("index.tsv").text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["file"] for row in rows}


def test_the_index_names_every_file(index):
    there = {path.name for path in Path(os.environ["COMGMT_SAMPLES"]).iterdir()}
    assert there - {"README.md", "index.tsv"} == index
    assert len(index) > 40


def test_every_sample_is_named_by_a_test(index):
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert sorted(name for name in index if f'"{name}"' not in tests) == []
