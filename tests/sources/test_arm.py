"""Azure Resource Manager, read from the lab's server."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import design as designs
from comgmt_audit.connections import Cloud, Connections
from comgmt_audit.recording import Reason, RecordingWriter
from comgmt_audit.sources import arm, http, sign_in
from comgmt_audit.sources.session import Session
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW, Names
from tests.lab.servers import cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import SCOPES
from tests.sources.cloud_session import Runs, absences, changed, observations

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

NAMES = Names()
SUBSCRIPTION = ("SUB010", "SUB020", "SUB030", "SUB040", "SUB050")
MISSING = cloud.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    return Runs(tmp_path, monkeypatch)


def served(
    tmp_path: Path, *faults: Fault, estate: Estate | None = None, **more: Any
) -> AbstractContextManager[cloud.Address]:
    folder = tmp_path / "server"
    folder.mkdir()
    return cloud.running(estate or contoso(), folder, faults=faults, **more)


def test_providers_are_asked_one_by_one_with_their_version(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, arm)
        asked = [one.address for one in at.requests]
    base = f"/subscriptions/{NAMES.subscription_id}"
    names = ("Compute", "KeyVault", "Network", "Storage")
    assert sorted(asked) == sorted(
        [
            f"{base}?api-version=2022-12-01",
            *(f"{base}/providers/Microsoft.{name}?api-version=2021-04-01" for name in names),
        ]
    )
    assert absences(live) == {}
    lines = (live / "arm/providers.jsonl").read_text().splitlines()
    assert [line.partition('"namespace":"')[2].partition('"')[0] for line in lines] == [f"Microsoft.{n}" for n in names]


def test_no_role_is_refused_with_the_role_as_the_cure(run, tmp_path):
    with served(tmp_path, azure_role=False, scp=SCOPES) as at:
        live = run(at)
    absence = observations(live)["arm/subscription"].absence
    assert absence is not None
    assert (absence.reason, absence.status) == (Reason.REFUSED, 403)
    assert "AuthorizationFailed" in absence.detail
    assert absence.cure.startswith("Assign the role Reader on the subscription")
    assert changed(live, record(contoso(), tmp_path / "lab")) == dict.fromkeys(SUBSCRIPTION, "not assessed")


def test_a_subscription_that_is_not_found_may_be_one_that_is_not_shown(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, arm, subscription_id="00000000-0000-4000-8000-000000000000")
    absence = observations(live)["arm/subscription"].absence
    assert absence is not None
    assert (absence.reason, absence.status) == (Reason.ABSENT, 404)
    assert absence.cure.startswith("Assign the role Reader")


@pytest.mark.parametrize("kind", ["throttled", "unavailable", "reset", "expired", "challenged"])
def test_what_passes_by_leaves_no_gap(run, tmp_path, kind):
    with served(tmp_path, Fault(kind=kind, times=2 if kind != "expired" else 1, seconds=0.01)) as at:
        live = run(at, arm)
        assert any(kind in one.faults for one in at.requests)
    assert absences(live) == {}


def test_one_provider_that_does_not_answer_makes_the_list_an_absence(run, tmp_path):
    fault = Fault(kind="unavailable", path="Microsoft.KeyVault", times=None, seconds=0.001)
    with served(tmp_path, fault, scp=SCOPES) as at:
        live = run(at)
    assert set(absences(live)) == {"arm/providers"}
    assert changed(live, record(contoso(), tmp_path / "lab")) == {"SUB030": "not assessed"}


def test_the_certificates_of_classic_deployments_are_never_asked_for(run, tmp_path):
    with served(tmp_path, estate=contoso_2018()) as at:
        live = run(at, arm)
        assert not [one for one in at.requests if "certificates" in one.address]
    absence = observations(live)["arm/management-certificates"].absence
    assert absence is not None
    assert "retired" in absence.detail
    assert "Subscriptions > Management certificates" in absence.cure


def test_a_scale_set_has_none(run, tmp_path):
    with served(tmp_path) as at:
        assert "arm/management-certificates" not in observations(run(at, arm))


@pytest.mark.parametrize(("role", "missing"), [(True, set()), (False, {"Reader"})])
def test_doctor_says_whether_the_role_is_there(run, tmp_path, role, missing):
    with served(tmp_path, azure_role=role) as at:
        found = run.probe(at, arm)
    assert found.answers
    assert found.missing is not None
    assert set(found.missing) == missing
    assert all(found.missing.values())


def test_doctor_says_that_nobody_answers(run, tmp_path):
    with served(tmp_path, Fault(kind="reset", times=None)) as at:
        found = run.probe(at, arm)
    assert not found.answers
    assert found.cure.startswith("Let the scanner reach 127.")


def test_without_a_subscription_nothing_is_asked(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, arm, subscription_id="")
        found = run.probe(at, arm, subscription_id="")
        assert at.requests == []
    assert set(absences(live)) == {"arm/subscription", "arm/providers"}
    assert not found.answers
    assert found.cure == "Set rollout.subscription_id."


def test_who_cannot_sign_in_is_told_why(tmp_path, monkeypatch):
    sign_in.sign_in.cache_clear()
    monkeypatch.delenv("AZURE_CLIENT_SECRET", raising=False)
    declared = designs.from_mapping(contoso().design, "the test's design")
    with RecordingWriter(tmp_path / "recording", recorded_at=NOW, design=declared) as writer:
        run = Session(
            design=declared,
            connections=Connections(cloud=Cloud(sign_in="client-secret")),
            writer=writer,
            wanted=lambda _: True,
            progress=lambda *_: None,
            clock=lambda: NOW,
        )
        asyncio.run(arm.record(run))
        (found,) = asyncio.run(arm.probe(run))
    assert "AZURE_CLIENT_SECRET is not set" in found.detail
    assert set(absences(tmp_path / "recording")) == {"arm/subscription", "arm/providers"}
