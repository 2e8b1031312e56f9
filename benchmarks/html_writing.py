"""The HTML page: how large it is, how long it takes to write, and Prowler's HTML writer on as many findings.

``COMGMT_PROWLER`` names the Python of a virtual environment in which Prowler is installed (``python -m venv prowler``,
``prowler/bin/pip install prowler``): it pins its dependencies, so it gets one of its own. Without it, ours is held
against what Prowler 5.46.0 cost: :data:`MEASURED`. ``python -m benchmarks.html_writing`` runs it alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import Table, inside

FINDINGS = 10_000
EMPTY_LIMIT = 0.3
"""MB of a page without any finding."""
LIMIT = 6
"""MB of a page with so many findings, however many checks they are spread over."""
SECONDS = 1
FASTER, SMALLER = 10, 2
"""By how much Prowler's writer must be slower, and its page larger."""
MEASURED = {"cpu": 5.0, "size": 13.3}
"""CPU seconds and MB of Prowler 5.46.0 for 10,000 findings of one check, without its summary of the account."""

_OURS = """
import pathlib, sys, time
from reports import page
from tests import scans
path, findings, checks = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
scan = scans.many(findings, checks) if checks else scans.scan()
page.render(scans.scan())  # the template is compiled once an installation
start = time.process_time()
page.write(scan, path)
figures = {"cpu": time.process_time() - start, "size": path.stat().st_size / 1e6}
"""

_PROWLER = """
import json, os, pathlib, sys, time
from types import SimpleNamespace
import prowler.lib.check.models as models
from prowler.lib.outputs.common import Status
from prowler.lib.outputs.finding import Finding
from prowler.lib.outputs.html.html import HTML
path, number = sys.argv[1], int(sys.argv[2])
services = pathlib.Path(models.__file__).parents[2] / "providers" / "m365" / "services" / "entra"
metadata = models.CheckMetadata.parse_file(sorted(services.glob("*/*.metadata.json"))[0])
findings = [
    Finding.construct(
        status=Status.FAIL, muted=False, metadata=metadata, region="global", resource_tags={},
        resource_uid=f"user{index:06}@contoso.com", compliance={"CIS": ["1.1.1"]},
        status_extended="The user has no licence that contains Intune.",
    )
    for index in range(number)
]
stats = dict.fromkeys(
    ("total_pass", "total_fail", "resources_count", "findings_count", "total_muted_pass", "total_muted_fail"), number
)
start = time.process_time()
HTML(findings, file_path=path).batch_write_data_to_file(SimpleNamespace(type="m365"), stats)
figures = {"cpu": time.process_time() - start, "size": os.path.getsize(path) / 1e6}
print(json.dumps({**figures, "rows": pathlib.Path(path).read_text().count("<tr class")}))
"""


def html_writing(table: Table, folder: Path) -> None:
    """Size and CPU of the page, from nothing to ten thousand findings."""
    empty = inside(_OURS, str(folder / "empty.html"), "0", "0")
    table.add("HTML page without a finding", empty["size"], EMPTY_LIMIT, "MB")
    for checks in (1, 200):
        runs = [inside(_OURS, str(folder / "page.html"), str(FINDINGS), str(checks)) for _ in range(3)]
        ours = min(runs, key=lambda run: run["cpu"])
        claim = f"HTML page of {FINDINGS:,} findings of {checks} check{'s' if checks > 1 else ''}"
        table.add(claim, ours["cpu"], SECONDS, "s CPU")
        table.add(f"{claim}, size", ours["size"], LIMIT, "MB")
        peer, named = _peer(folder)
        note = f"{named}: {peer['cpu']:.1f} s, {peer['size']:.1f} MB"
        table.add(f"{claim}, beside Prowler", ours["cpu"], peer["cpu"] / FASTER, "s CPU", note)
        table.add(f"{claim}, size beside Prowler", ours["size"], peer["size"] / SMALLER, "MB", note)


def _peer(folder: Path) -> tuple[dict[str, float], str]:
    """What Prowler costs, and whether that was measured now."""
    python = os.environ.get("COMGMT_PROWLER")
    if not python:
        return MEASURED, "Prowler, measured before"
    path = folder / "prowler.html"
    path.unlink(missing_ok=True)  # it appends
    command = [python, "-c", _PROWLER, str(path), str(FINDINGS)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    if found["rows"] != FINDINGS:
        raise RuntimeError(f"Prowler did not write every finding: {found}")
    return found, "Prowler"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        html_writing(Table(), Path(name))
