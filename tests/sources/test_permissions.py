"""A scanner that lacks one permission of Graph: doctor names it and what it costs, and nothing unread passes."""

from __future__ import annotations

import pytest

from comgmt_audit import live_cli, packs
from comgmt_audit.sources import graph, http
from comgmt_audit.sources.session import Permission
from tests.lab.estate import contoso, record
from tests.lab.servers import cloud
from tests.lab.servers.cloud_tokens import ROLES
from tests.sources.cloud_session import Runs, changed

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

MISSING = cloud.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

COSTS = "  not assessed without it: "
RIGHTS = {right.label: right for rights in graph.PERMISSIONS.values() for right in rights}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    return Runs(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    return record(contoso(), tmp_path_factory.mktemp("healthy") / "recording")


def without(right: Permission) -> tuple[str, ...]:
    """Every permission but this one, and those that stand for it."""
    return tuple(role for role in ROLES if role not in {right.name, *right.alternatives})


@pytest.mark.parametrize("name", sorted(RIGHTS))
def test_what_a_missing_permission_costs_is_what_doctor_says(run, tmp_path, healthy, name):
    folder = tmp_path / "server"
    folder.mkdir()
    with cloud.running(contoso(), folder, scp=without(RIGHTS[name])) as at:
        probe = run.probe(at, graph)
        live = run(at)
    lines = list(live_cli.findings(graph, probe, packs.builtin()))
    at_name = lines.index(f"  missing: {name}")
    assert lines[at_name + 1].startswith(COSTS)
    assert lines[at_name + 2].startswith("  cure: ")
    assert RIGHTS[name].name in lines[at_name + 2]
    lost = changed(live, healthy)
    assert lost, "a permission that changes nothing is not needed"
    assert set(lost.values()) <= {"not assessed", "blocked"}
    # Wider rights that stand for it are missing as well, and cost their own.
    assert set(lost) <= {id for line in lines if line.startswith(COSTS) for id in line.partition(": ")[2].split(", ")}
