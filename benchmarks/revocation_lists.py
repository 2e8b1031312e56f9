"""A revocation list with a hundred thousand entries, judged by every check of the family, beside pkilint's linter.

pkilint holds a list to RFC 5280; we ask whether it will do for clients and the CMG. Both must read and see all of it.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from benchmarks.measure import Table, inside, run
from tests.lab import pki
from tests.lab.estate import contoso, record

ENTRIES = 100_000
FASTER = 50
MEMORY = 80
"""MB, of the whole process."""

_JUDGE = """
import sys, time, pathlib
from comgmt_audit import baselines, packs
from comgmt_audit.engine import Evaluation
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Recording
from comgmt_audit.selection import select
checks = select(packs.builtin(), "CRL")
start = time.process_time()
recording = Recording.load(pathlib.Path(sys.argv[1]))
evaluation = Evaluation(checks, Environment(recording, recording.design, baselines.load("current")))
results = {check.id: evaluation.result(check.id) for check in checks}
figures = {
    "cpu": time.process_time() - start,
    "revoked": sum(one.outcome == "fail" for one in results["CRL120"].findings),
    "others": sum(one.outcome == "fail" for id, one in results.items() if id != "CRL120"),
}
"""


def revocation_lists(table: Table, folder: Path) -> None:
    """A client's certificate is on the list, among all the others."""
    estate = contoso(
        certificates__issuing_crl__others_revoked=ENTRIES - 1,
        certificates__issuing_crl__revoked=(("client", "keyCompromise"),),
    )
    recording = record(estate, folder / "long-list")
    figures = [inside(_JUDGE, str(recording)) for _ in range(3)]
    best = min(figures, key=lambda one: one["cpu"])
    if (best["revoked"], best["others"]) != (1, 0):
        raise RuntimeError(f"the list was not read rightly: {best}")
    path = folder / "long.crl"
    path.write_text(pki.crl(estate, estate.certificates.issuing_crl), "ascii")
    limit, note = _peer(path)
    table.add(f"{ENTRIES:,} entries of a revocation list judged", best["cpu"], limit, "s CPU", note)
    table.add(f"{ENTRIES:,} entries, memory", max(one["memory"] for one in figures), MEMORY, "MB")


def _peer(path: Path) -> tuple[float, str]:
    """What the linter takes, divided by how much faster we claim to be."""
    if importlib.util.find_spec("pkilint") is None:
        raise RuntimeError("pkilint is not installed: pip install 'comgmt-audit[benchmarks]'")
    words = [
        "-m",
        "pkilint.bin.lint_crl",
        "lint",
        "--type",
        "CRL",
        "--profile",
        "PKIX",
        "--severity",
        "FATAL",
        str(path),
    ]
    cost = run([sys.executable, *words], accept=range(256))
    return cost.cpu / FASTER, f"pkilint {cost.cpu:.1f} s, {cost.memory:.0f} MB"
