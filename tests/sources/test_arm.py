"""Azure Resource Manager, read from the lab's server."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import design as designs
from comgmt_audit.connections import Cloud, Connections
from comgmt_audit.recording import Reason, RecordingWriter
from comgmt_audit.sources import arm, http, sign_in
from comgmt_audit.sources.session import Session
from tests.lab import azure_resources
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW, Names
from tests.lab.servers import cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import SCOPES
from tests.sources.cloud_session import Runs, absences, changed, observations, only, outcomes

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

NAMES = Names()
SUBSCRIPTION = ("SUB010", "SUB020", "SUB030", "SUB040", "SUB050")
RESOURCES = ("AZR020", "AZR030", "AZR040", "AZR050", "AZR060", "AZR070", "AZR080")
ALWAYS = {"arm/subscription", "arm/providers", "arm/resources", "arm/public-addresses", "arm/role-assignments"}
TO_COME = contoso(
    design__rollout__enabled=False,
    azure__resources__listed=(),
    azure__resources__addresses=(),
)
"""Before the roll-out: nothing of the CMG is there."""
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
        live = run(at, arm, wanted=only("arm/subscription", "arm/providers"))
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
    assert changed(live, record(contoso(), tmp_path / "lab")) == dict.fromkeys(
        (*SUBSCRIPTION, *RESOURCES), "not assessed"
    )


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


@pytest.mark.parametrize(
    ("roles", "granted", "missing"),
    [
        (((azure_resources.READER, ""),), {"Reader"}, set()),
        ((("8E3AF657-A8FF-443C-A75C-2FE8C4BCB635", "/"),), {"Owner"}, set()),
        ((), set(), {"Reader"}),
        ((("21090545-7ca7-4776-b22c-e363652d74d2", ""),), set(), {"Reader"}),
        (((azure_resources.READER, f"/subscriptions/{NAMES.subscription_id}/resourceGroups/x"),), set(), {"Reader"}),
    ],
    ids=["reader", "owner above", "none", "another role", "a part"],
)
def test_doctor_says_whether_the_role_reads_the_whole_subscription(run, tmp_path, roles, granted, missing):
    with served(tmp_path, estate=contoso(azure__resources__roles=roles)) as at:
        found = run.probe(at, arm)
    assert found.granted == granted
    assert set(found.missing or ()) == missing


def test_doctor_does_not_guess_roles_that_cannot_be_read(run, tmp_path):
    with served(tmp_path, Fault(kind="truncated", path="roleAssignments", times=None)) as at:
        found = run.probe(at, arm)
    assert found.answers
    assert (found.granted, found.missing) == (None, None)


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
    assert set(absences(live)) == ALWAYS
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
    assert set(absences(tmp_path / "recording")) == ALWAYS


# The CMG's resources and names


def rows(live: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (live / "arm" / f"{name}.jsonl").read_text().splitlines()]


def test_only_what_bears_the_name_of_the_gateway_is_kept(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, arm)
    assert {row["name"] for row in rows(live, "resources")} == {"contosocmg"}
    assert all(row["provisioningState"] == "Succeeded" for row in rows(live, "resources"))
    assert [row["properties"]["dnsSettings"]["fqdn"] for row in rows(live, "public-addresses")] == [
        NAMES.gateway_deployment
    ]
    assert "web-shop" not in "".join(path.read_text() for path in live.rglob("arm/*"))


def test_no_name_is_asked_for_once_co_management_is_on(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, arm)
        assert not [one for one in at.requests if "availability" in one.address.lower()]
    assert "arm/name-availability" not in observations(live)


@pytest.mark.parametrize("taken", [(), (azure_resources.KEY_VAULT,)], ids=["free", "taken"])
def test_names_are_asked_for_before_the_roll_out(run, tmp_path, taken):
    estate = TO_COME.with_(azure__resources__taken=taken)
    with served(tmp_path, estate=estate, scp=SCOPES) as at:
        live = run(at)
        posts = [one for one in at.requests if one.method == "POST" and one.root == "arm"]
        assert all(one.read for one in at.requests)
    assert len(posts) == 2
    assert (
        observations(live)["arm/name-availability"]
        == observations(record(estate, tmp_path / "lab"))["arm/name-availability"]
    )
    assert outcomes(live)["AZR010"] == ("fail" if taken else "pass")


def test_a_storage_account_is_not_asked_for_where_no_content_is_served(run, tmp_path):
    with served(tmp_path, estate=TO_COME.with_(design__gateway__serves_content="off")) as at:
        live = run(at, arm)
        assert not [one for one in at.requests if "Storage/check" in one.address]
    assert [row["type"] for row in rows(live, "name-availability")] == [
        azure_resources.ADDRESS,
        azure_resources.KEY_VAULT,
    ]


def test_without_a_deployment_name_no_name_is_asked_for(run, tmp_path):
    with served(tmp_path, estate=TO_COME.with_(design__gateway__deployment_name=""), scp=SCOPES) as at:
        live = run(at)
        assert not [one for one in at.requests if "availability" in one.address.lower()]
    absence = observations(live)["arm/name-availability"].absence
    assert absence is not None
    assert "gateway.deployment_name" in absence.cure
    assert outcomes(live)["AZR010"] == "not assessed"


def test_a_name_check_that_says_nothing_leaves_the_names_unread(run, tmp_path):
    estate = TO_COME.with_(azure__resources__unsaid=(azure_resources.STORAGE,))
    with served(tmp_path, estate=estate, scp=SCOPES) as at:
        live = run(at)
    assert absences(live)["arm/name-availability"].startswith("unreadable: HTTP 200: the answer is not as documented")
    assert outcomes(live)["AZR010"] == "not assessed"


def test_a_role_on_a_part_of_the_subscription_proves_nothing_absent(run, tmp_path):
    part = f"/subscriptions/{NAMES.subscription_id}/resourceGroups/rg-other"
    estate = contoso(
        azure__resources__listed=(),
        azure__resources__addresses=(),
        azure__resources__roles=((azure_resources.READER, part),),
    )
    with served(tmp_path, estate=estate, scp=SCOPES) as at:
        live = run(at)
    assert absences(live) == {}
    found = changed(live, record(contoso(), tmp_path / "lab"))
    assert found == dict.fromkeys(RESOURCES, "not assessed")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(kind="foreign-host", path="/resources"), "unreadable: https://127."),
        (Fault(kind="looping", path="/resources", times=None), "unreadable: the list does not end"),
        (Fault(kind="truncated", path="/resources", times=None), "unreadable: HTTP 200"),
        (Fault(kind="reset", path="/resources", times=None), "unreachable: 127."),
        (Fault(kind="unavailable", path="/resources", times=None, seconds=0.001), "unreachable: HTTP 503"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_resources_that_cannot_be_read_to_their_end_are_an_absence(run, tmp_path, fault, why):
    with served(tmp_path, fault, scp=SCOPES) as at:
        live = run(at)
        assert not [one for one in at.requests if one.root == "foreign"]
    (found,) = absences(live).items()
    assert found[0] == "arm/resources"
    assert found[1].startswith(why)
    lost = set(changed(live, record(contoso(), tmp_path / "lab")).values())
    assert lost == {"not assessed"}


def test_an_empty_page_is_not_the_end(run, tmp_path):
    with served(tmp_path, Fault(kind="empty-page", path="/resources")) as at:
        live = run(at, arm)
        assert any("empty-page" in one.faults for one in at.requests)
    assert len(rows(live, "resources")) == 3


@pytest.mark.parametrize(
    ("path", "field", "value", "lost"),
    [
        ("publicIPAddresses", "properties", ["x"], {"AZR020": "not assessed"}),
        ("publicIPAddresses", "properties", None, {"AZR020": "not assessed"}),
        ("publicIPAddresses", "id", 7, {"AZR020": "not assessed"}),
        ("/resources", "name", None, {"AZR030": "not assessed"}),
        ("/resources", "type", ["x"], {"AZR030": "not assessed"}),
        ("roleAssignments", "properties", "x", {"AZR080": "not assessed"}),
    ],
)
def test_an_answer_of_another_shape_is_never_a_defect_and_never_passes(run, tmp_path, path, field, value, lost):
    with served(tmp_path, Fault(kind="altered", path=path, field=field, value=value, times=None), scp=SCOPES) as at:
        found = outcomes(run(at))
    assert "error" not in found.values()
    assert {id: found[id] for id in lost} == lost


def test_pages_that_are_no_lists_are_unreadable(run, tmp_path):
    with served(tmp_path, Fault(kind="truncated", path="publicIPAddresses", times=None), scp=SCOPES) as at:
        live = run(at)
    assert absences(live)["arm/public-addresses"].startswith("unreadable: ")
    assert outcomes(live)["AZR020"] == "not assessed"
