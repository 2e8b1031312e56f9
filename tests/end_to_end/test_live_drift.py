"""Two live recordings of all of Contoso, an hour apart: nothing has changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.end_to_end.test_live_estate import command
from tests.lab import live
from tests.lab.estate import Estate, contoso

MISSING = live.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

HOUR = 60 * 60
VOLATILE = ("log/", "crl/", "directory/revocation-lists", "ocsp/", "graph/clock", "site/clock", "directory/clock")
"""Observations that comgmt_audit/drift/volatile.toml does not compare."""


def recorded(estate: Estate, folder: Path, *names: str) -> list[Path]:
    """The environment recorded once for each name, each an hour later than the one before."""
    (folder / "estate").mkdir(parents=True)
    with live.running(estate, folder / "estate") as at:
        first = int(at.environment["SOURCE_DATE_EPOCH"])
        for hours, name in enumerate(names):
            at.environment["SOURCE_DATE_EPOCH"] = str(first + hours * HOUR)
            done = command(at, "record", at.comgmt_toml, "-o", folder / name)
            assert done.returncode == 0, done.stderr
        drift = command(at, "drift", folder / names[0], folder / names[-1], "--json", folder / "drift.json")
        assert drift.returncode == 0, drift.stdout
    return [folder / name for name in names]


def contents(recording: Path) -> dict[str, bytes]:
    files = (path for path in recording.rglob("*") if path.is_file())
    return {path.relative_to(recording).as_posix(): path.read_bytes() for path in files}


def manifest(recording: Path) -> Any:
    """Without times, the seal over them, and what volatile observations hold."""
    found = msgspec.json.decode((recording / "manifest.json").read_bytes())
    observations = [
        {key: value for key, value in one.items() if key != "at" and not (key == "answer" and is_volatile(one["id"]))}
        for one in found["observations"]
    ]
    return {key: value for key, value in found.items() if key not in {"recorded_at", "seal"}} | {
        "observations": observations
    }


def is_volatile(id: str) -> bool:
    return id.startswith(VOLATILE)


def test_an_unchanged_environment_is_recorded_to_the_same_bytes_and_has_not_drifted(tmp_path):
    before, after = recorded(contoso(), tmp_path, "before", "after")
    one, other = contents(before), contents(after)
    assert one.keys() == other.keys()
    ids = {
        observation.get("answer", {}).get("file"): observation["id"]
        for observation in msgspec.json.decode(one["manifest.json"])["observations"]
    }
    changed = {name for name in one if one[name] != other[name]} - {"manifest.json"}
    assert {ids[name] for name in changed if not is_volatile(ids[name])} == set()
    assert manifest(before) == manifest(after)
    times = re.findall(rb'"(?:recorded_)?at": "([0-9-]+)T', one["manifest.json"])
    assert len(times) > 20
    assert set(times) == {b"2026-11-24"}
    drift = msgspec.json.decode((tmp_path / "drift.json").read_bytes())
    assert drift["values"] == []
    assert drift["verdicts"].get("changes", []) == []
    assert drift.get("unseen", []) == []
