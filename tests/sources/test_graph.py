"""Microsoft Graph, read from the lab's server; each documented trap of ``graph.md`` with the server behaving so."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comgmt_audit import design as designs
from comgmt_audit import packs
from comgmt_audit.connections import Cloud, Connections
from comgmt_audit.recording import Reason, Recording, RecordingWriter
from comgmt_audit.sources import arm, graph, http, sign_in
from comgmt_audit.sources.session import Probe, Session
from tests.lab import people
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.intune import Scope
from tests.lab.names import NOW, Names
from tests.lab.servers import cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import ROLES, SCOPES
from tests.sources.cloud_session import Runs, absences, changed, observations, only, session

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

NAMES = Names()
MISSING = cloud.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
USERS = r"/v1\.0/users\?"
BOOTSTRAP = ("BOO010", "BOO020", "BOO030", "BOO040", "BOO050", "BOO060", "BOO070", "BOO080")


def not_assessed(*checks: str) -> dict[str, str]:
    """These checks know nothing; all others are as they were."""
    return dict.fromkeys(checks, "not assessed")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    return Runs(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """The recording that the lab writes of itself: what a signed-in user would see."""
    return record(contoso(), tmp_path_factory.mktemp("healthy") / "recording")


@contextmanager
def served(tmp_path: Path, *faults: Fault, estate: Estate | None = None, **more: Any) -> Iterator[cloud.Address]:
    folder = tmp_path / "server"
    folder.mkdir()
    with cloud.running(estate or contoso(), folder, faults=faults, scp=more.pop("scp", SCOPES), **more) as at:
        yield at
        seen = at.requests
    assert seen, "nobody asked"
    assert all(one.read for one in seen), "every request is a read"
    assert not [one for one in seen if one.root == "foreign"], "nothing goes to another host"


@pytest.mark.parametrize("estate", [contoso(), contoso_2018()], ids=["current", "tutorial-2018"])
def test_both_ways_give_the_same_files(run, tmp_path, estate):
    with served(tmp_path, estate=estate) as at:
        live = run(at)
    lab = record(estate, tmp_path / "lab")
    expected = observations(lab)
    found = observations(live)
    found.pop("arm/management-certificates", None)
    expected.pop("arm/management-certificates", None)
    assert found == expected  # ids, requests, times, forms, sizes and checksums


def test_graph_says_what_time_it_is(run, tmp_path):
    with served(tmp_path) as at:
        told = json.loads((run(at, graph) / "graph/clock.json").read_text())
    assert abs(told["ahead"]) <= 2  # it runs on this machine
    assert told["server"].startswith("127.")


def test_two_recordings_of_an_unchanged_tenant_are_the_same(run, tmp_path):
    with served(tmp_path, estate=contoso(people__users=2500)) as at:
        first, second = run(at, graph), run(at, graph)
    assert observations(first) == observations(second)
    rows = [json.loads(line)["id"] for line in (first / "graph/users.jsonl").read_text().splitlines()]
    assert len(rows) == 2502
    assert rows == sorted(rows)


def test_an_application_is_not_told_the_scopes_and_does_not_ask(run, tmp_path, healthy):
    with served(tmp_path, scp=()) as at:
        live = run(at)
        assert not [one for one in at.requests if "ManagementPolicies" in one.address]
    found = observations(live)
    for id in ("graph/mdm-policies", "graph/mam-policies"):
        absence = found[id].absence
        assert absence is not None
        assert absence.reason is Reason.REFUSED
        assert absence.cure == "Sign in as a user (device-code or browser) with Policy.Read.All."
    assert set(absences(live)) == {"graph/mdm-policies", "graph/mam-policies"}
    scopes = ("ENR010", "ENR020", "ENR030", "ENR040", "ENR050", "ENR060", "USR020", "USR030")
    assert changed(live, healthy) == not_assessed(*scopes)


# Paging


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="empty-page", path=USERS),
        Fault(kind="throttled", path=USERS, times=3, seconds=0.02),
        Fault(kind="throttled", path=USERS, times=2, seconds=None),
        Fault(kind="unavailable", path=USERS, times=2, seconds=0.01),
        Fault(kind="reset", path=USERS, times=2, after=1),
        Fault(kind="cut", path=USERS, after=1),
        Fault(kind="expired", path=USERS, after=1),
        Fault(kind="challenged", path=USERS, after=1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.seconds}",
)
def test_what_passes_by_leaves_the_list_whole(run, tmp_path, fault):
    with served(tmp_path, fault, estate=contoso(people__users=2500)) as at:
        live = run(at, graph)
        assert any(fault.kind in one.faults for one in at.requests)
    assert absences(live) == {}
    assert len((live / "graph/users.jsonl").read_bytes().splitlines()) == 2502


def test_a_storm_of_429_on_everything_is_waited_out(run, tmp_path, healthy):
    storm = Fault(kind="throttled", times=None, probability=0.5, seconds=0.01)
    with served(tmp_path, storm) as at:
        live = run(at)
        assert sum("throttled" in one.faults for one in at.requests) > 10
    assert absences(live) == {}
    assert changed(live, healthy) == {}


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault(kind="throttled", path=USERS, times=None, after=1, seconds=0.001), "unreachable: a further page"),
        (Fault(kind="unavailable", path=USERS, times=None, seconds=0.001), "unreachable: HTTP 503"),
        (Fault(kind="reset", path=USERS, times=None, after=1), "unreachable: a further page of the list: 127."),
        (Fault(kind="cut", path=USERS, times=None), "unreachable: 127."),
        (Fault(kind="truncated", path=USERS, times=None, after=2), "unreadable: a further page"),
        (Fault(kind="foreign-host", path=USERS), "unreadable: its next page is at another host"),
        (Fault(kind="looping", path=USERS, times=None), "unreadable: its next page is one that was read already"),
        (
            Fault(kind="altered", path=USERS, field="id", value=msgspec.UNSET),
            "unreadable: an object of the list has no id",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_a_list_with_a_missing_page_is_an_absence(run, tmp_path, fault, why):
    with served(tmp_path, fault, estate=contoso(people__users=2500)) as at:
        live = run(at)
    (found,) = absences(live).items()
    assert found[0] == "graph/users"
    assert found[1].startswith(why)
    lab = record(contoso(people__users=2500), tmp_path / "lab")
    assert changed(live, lab) == not_assessed(
        "LIC040", "LIC060", "LIC070", "DNS100", "USR010", "USR020", "USR030", "USR040"
    )


def test_consistency_level_goes_with_every_page_of_members(run, tmp_path):
    estate = contoso(intune__mdm=Scope(groups=(NAMES.pilot_group_id,)))
    with served(tmp_path, Fault(kind="empty-page", path="transitiveMembers"), estate=estate) as at:
        live = run(at, graph)
        asked = [one for one in at.requests if "transitiveMembers" in one.address]
    assert len(asked) > 4
    assert all(one.eventual for one in asked)
    assert absences(live) == {}


def test_conditional_access_that_says_nothing_of_waiting_is_waited_for(run, tmp_path):
    """One request a second for the whole tenant, and no Retry-After: our own pauses get longer until it answers."""
    wanted = only("graph/conditional-access-policies")
    with served(tmp_path) as at:
        found = [run(at, graph, wanted=wanted) for _ in range(2)]
        assert any(one.status == 429 for one in at.requests)
    assert [absences(live) for live in found] == [{}, {}]
    assert observations(found[0]) == observations(found[1])


# Permissions


def test_a_missing_permission_is_refused_with_its_name_as_the_cure(run, tmp_path, healthy):
    roles = [
        role
        for role in ROLES
        if role not in {"DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All"}
    ]
    with served(tmp_path, scp=roles) as at:
        live = run(at)
    found = observations(live)
    devices = found["graph/managed-devices"].absence
    assert devices is not None
    assert devices.reason is Reason.REFUSED
    assert devices.status == 403
    # Intune says it in a JSON document inside a string, and names its permission to write as well.
    assert (
        devices.cure
        == "Grant DeviceManagementConfiguration.Read.All or DeviceManagementManagedDevices.Read.All to the scanner."
    )
    assert set(absences(live)) == {"graph/managed-devices"}
    workloads = [json.loads(line) for line in (live / "graph/workload-policies.jsonl").read_text().splitlines()]
    assert {row["workload"] for row in workloads} == {"client-apps", "office"}
    assert changed(live, healthy) == not_assessed("COM050", "ENR080", "ENR090")


@pytest.mark.parametrize("kind", ["application", "delegated"])
def test_a_directory_permission_that_is_missing_is_named(run, tmp_path, kind):
    """Of the kind that would help: a signed-in user is not helped by an application's."""
    roles = [role for role in ROLES if role not in {"Application.Read.All", "Directory.Read.All"}]
    with served(tmp_path, scp=roles if kind == "delegated" else (), roles=roles) as at:
        live = run(at, graph)
    found = observations(live)
    for id, name in {
        "graph/applications": "Application.Read.All",
        "graph/service-principals": "Application.Read.All",
        "graph/app-role-assignments": "Application.Read.All",
        "graph/oauth2-permission-grants": "Directory.Read.All",
    }.items():
        absence = found[id].absence
        assert absence is not None
        assert absence.reason is Reason.REFUSED
        assert absence.cure == f"Grant the {kind} permission {name} to the scanner, with admin consent."


def test_thin_permissions_that_come_as_nulls_are_kept_and_not_believed(run, tmp_path, healthy):
    thin = {"Organization.Read.All", "LicenseAssignment.Read.All", "Directory.Read.All"}
    with served(tmp_path, scp=[role for role in ROLES if role not in thin]) as at:
        live = run(at)
    assert json.loads((live / "graph/organization.json").read_text())["value"][0]["createdDateTime"] is None
    assert changed(live, healthy) == not_assessed(
        *("TEN020", "TEN030", "TEN040", "SUB040", "HYB020", "HYB040", "HYB070", "APP050", "APP080", "APP110"),
        *("LIC010", "LIC020", "LIC030", "LIC040", "LIC060", "LIC070", "DNS100", "DEV010", "USR030", "USR040"),
    )


def test_a_tenant_without_intune_is_refused_and_told_so(run, tmp_path, healthy):
    with served(tmp_path, intune=False) as at:
        live = run(at)
    found = observations(live)
    absence = found["graph/mdm-authority"].absence
    assert absence is not None
    assert absence.reason is Reason.REFUSED
    assert absence.detail == "HTTP 400: BadRequest: Request not applicable to target tenant."
    assert absence.cure.startswith("Intune is not set up in this tenant")
    assert set(absences(live)) == {
        "graph/mdm-authority",
        "graph/enrolment-configurations",
        "graph/mobile-apps",
        "graph/managed-devices",
        "graph/workload-policies",
    }
    assert changed(live, healthy) == not_assessed(
        *BOOTSTRAP, "COM050", "ENR060", "ENR070", "ENR080", "ENR090", "TEN010"
    )


def test_an_unknown_member_of_an_enumeration_stays_as_it_is(run, tmp_path):
    fault = Fault(kind="altered", path="managedDevices", field="managementAgent", value="somethingNew")
    with served(tmp_path, fault) as at:
        live = run(at, graph)
    rows = [json.loads(line) for line in (live / "graph/managed-devices.jsonl").read_text().splitlines()]
    assert {row["managementAgent"] for row in rows} == {"somethingNew"}


def test_an_authority_that_is_wrapped_into_value_is_the_same(run, tmp_path):
    fault = Fault(
        kind="altered",
        path="mobileDeviceManagementAuthority",
        field="value",
        value={"id": NAMES.tenant_id, "mobileDeviceManagementAuthority": "intune"},
    )
    with served(tmp_path, fault) as at:
        live = run(at, graph)
    found = json.loads((live / "graph/mdm-authority.json").read_text())
    assert found == {"id": NAMES.tenant_id, "mobileDeviceManagementAuthority": "intune"}


# Batches


def test_an_app_of_which_the_list_leaves_out_the_command_line_is_asked_again(run, tmp_path, healthy):
    fault = Fault(kind="altered", path=r"mobileApps\?\$filter", field="commandLine", value=msgspec.UNSET)
    with served(tmp_path, fault) as at:
        live = run(at)
        assert [one for one in at.requests if one.in_batch and "/mobileApps/ffffffff" in one.address]
    assert changed(live, healthy) == {}
    assert (live / "graph/mobile-apps.jsonl").read_bytes() == (healthy / "graph/mobile-apps.jsonl").read_bytes()


def test_an_app_that_cannot_be_asked_again_makes_the_list_an_absence(run, tmp_path, healthy):
    thin = Fault(kind="altered", path=r"mobileApps\?\$filter", field="commandLine", value=msgspec.UNSET)
    busy = Fault(kind="unavailable", path="mobileApps/ffffffff", times=None, seconds=0.001)
    with served(tmp_path, thin, busy) as at:
        live = run(at)
    assert absences(live)["graph/mobile-apps"].startswith("unreachable: HTTP 503")
    assert changed(live, healthy) == not_assessed(*BOOTSTRAP, "ENR060")


def test_only_the_throttled_items_of_a_batch_are_asked_again(run, tmp_path, healthy):
    fault = Fault(kind="throttled", path=f"{NAMES.pilot_group_id}/.*user", times=2, seconds=0.01)
    with served(tmp_path, fault) as at:
        live = run(at)
        items = [one for one in at.requests if one.in_batch]
    assert changed(live, healthy) == {}
    times = {one.address: sum(other.address == one.address for other in items) for one in items}
    assert sorted(times.values()) == [1, 1, 1, 3]


def test_members_that_cannot_be_had_do_not_stop_the_others(run, tmp_path, healthy):
    fault = Fault(kind="truncated", path=f"{NAMES.pilot_group_id}/.*user", times=None)
    with served(tmp_path, fault) as at:
        live = run(at)
    assert set(absences(live)) == {f"graph/group-members/{NAMES.pilot_group_id}"}
    assert changed(live, healthy) == not_assessed("ENR020", "ENR060", "USR020", "USR030")


# Which groups are asked


def test_groups_are_those_of_scopes_assignments_exclusions_and_administrators(run, tmp_path):
    excluded, nobody = NAMES.licence_group_id, "33333333-0000-4000-8000-000000000077"
    estate = contoso(
        intune__mam=Scope(groups=(excluded,)),
        intune__assignments=(("required", "group", ""), ("required", "exclusion", excluded)),
        people__administrators=(people.principal("group", "Tier 0", id=nobody),),
    )
    with served(tmp_path, estate=estate) as at:
        live = run(at, graph)
    asked = {id.rpartition("/")[2] for id in observations(live) if id.startswith("graph/group-")}
    assert asked == {NAMES.pilot_group_id, NAMES.bootstrap_group_id, excluded, nobody}
    # A group that is gone is absent, which is no empty group.
    assert absences(live)[f"graph/group-members/{nobody}"].startswith("absent: HTTP 404")


def test_a_scope_for_all_asks_no_groups(run, tmp_path):
    estate = contoso(intune__mdm=Scope(applies_to="all", groups=("",)), intune__app=False)
    with served(tmp_path, estate=estate) as at:
        live = run(at, graph)
    assert not [id for id in observations(live) if id.startswith("graph/group-")]


def test_only_what_is_wanted_is_asked(run, tmp_path):
    with served(tmp_path) as at:
        live = run(at, graph, wanted=only("graph/users"))
        assert {one.address.partition("?")[0] for one in at.requests} == {"/v1.0/users"}
    assert set(observations(live)) == {"graph/users"}


# Secrets

CANARY = "CANARY-7f3a9c"


def test_secrets_of_applications_are_not_kept(run, tmp_path):
    hidden = dict.fromkeys(("secretText", "hint", "customKeyIdentifier"), CANARY)
    value = {**hidden, "keyId": "k", "endDateTime": "2027-01-01T00:00:00Z"}
    fault = Fault(kind="altered", path="applications", field="passwordCredentials", value=[value])
    with served(tmp_path, fault) as at:
        live = run(at, graph)
    text = (live / "graph/applications.jsonl").read_text()
    assert '"keyId":"k"' in text
    assert CANARY not in text


def test_no_token_and_nothing_unasked_reaches_recording_or_log(run, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    token = f'CCMSETUPCMD="/regtoken:{CANARY} CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/1 SMSSITECODE=PS1"'
    faults = (
        Fault(kind="altered", path="mobileApps", field="commandLine", value=token, times=None),
        Fault(kind="altered", path="", field="secretText", value=CANARY, times=None),
    )
    with served(tmp_path, *faults) as at:
        live = run(at)
        bearer = at.token()[:20]
    files = [path for path in live.rglob("*") if path.is_file() and path.parts[-2] in {"graph", "arm", live.name}]
    assert len(files) > 15
    for path in files:
        text = path.read_text()
        assert CANARY not in text, path
        assert bearer not in text
    assert "/regtoken:***" in (live / "graph/mobile-apps.jsonl").read_text()
    assert CANARY not in caplog.text
    assert bearer not in caplog.text


# Doctor


def test_doctor_names_the_missing_permission(run, tmp_path):
    roles = [role for role in ROLES if role not in {"Application.Read.All", "Directory.Read.All"}]
    with served(tmp_path, scp=(), roles=roles) as at:
        found = run.probe(at, graph)
    assert found.answers
    assert found.identity == "application 5ca77e60-0000-4000-8000-000000000001"
    assert found.granted == frozenset(roles)
    assert found.missing == {
        **{
            name: f"Grant the application permission {name} to the scanner, with admin consent."
            for name in ("Application.Read.All", "Directory.Read.All")
        },
        "Policy.Read.All (delegated)": "Sign in as a user (device-code or browser) with Policy.Read.All.",
    }


def test_doctor_asks_only_for_what_is_wanted(run, tmp_path):
    with served(tmp_path, scp=(), roles=["Organization.Read.All"]) as at:
        found = run.probe(at, graph, wanted=only("graph/subscribed-skus", "graph/organization"))
    assert found.missing == {}
    assert found.cure == ""


def test_who_may_read_next_to_nothing_is_still_answered(run, tmp_path):
    with served(tmp_path, scp=(), roles=["Device.Read.All"]) as at:
        found = run.probe(at, graph)
    assert found.answers
    assert found.granted == frozenset({"Device.Read.All"})
    assert found.missing is not None
    assert "Organization.Read.All" in found.missing
    assert "Device.Read.All" not in found.missing


def test_every_observation_of_the_cloud_that_a_fact_needs_has_its_right():
    facts = {fact for one in packs.builtin() for fact in one.facts.values()}
    needed = {id for fact in facts for id in getattr(fact, "needs", ()) if id.startswith(("graph/", "arm/"))}
    assert needed == {*graph.PERMISSIONS, *arm.PERMISSIONS}


def test_every_permission_has_the_ids_that_consent_is_given_by():
    for right in (right for rights in graph.PERMISSIONS.values() for right in rights):
        assert set(right.ids) == {"application", "delegated"}
        assert all(str(uuid.UUID(id)) == id for id in right.ids.values())
        assert not {name for name in (right.name, *right.alternatives) if "Read" not in name}


def test_a_user_has_every_permission_by_his_scopes(run, tmp_path):
    with served(tmp_path) as at:
        found = run.probe(at, graph)
    assert found.identity.startswith("user ")
    assert found.missing == {}


def test_doctor_says_that_nobody_answers(run, tmp_path):
    with served(tmp_path, Fault(kind="reset", times=None)) as at:
        found = run.probe(at, graph)
    assert not found.answers
    assert found.detail.startswith("127.")
    assert found.cure.startswith("Let the scanner reach 127.")


# Signing in


def without_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: Cloud) -> tuple[Path, Probe]:
    sign_in.sign_in.cache_clear()
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "recording"
    declared = designs.from_mapping(contoso().design, "the test's design")
    with RecordingWriter(path, recorded_at=NOW, design=declared) as writer:
        run = Session(
            design=declared,
            connections=Connections(cloud=connection),
            writer=writer,
            wanted=lambda _: True,
            progress=lambda *_: None,
            clock=lambda: NOW,
        )
        asyncio.run(graph.record(run))
        (found,) = asyncio.run(graph.probe(run))
    return path, found


@pytest.mark.parametrize(
    ("connection", "detail"),
    [
        (Cloud(sign_in="client-secret"), "AZURE_CLIENT_SECRET is not set"),
        (Cloud(ca_file="/nowhere.pem"), "connect.cloud.ca_file"),
    ],
)
def test_who_cannot_sign_in_reads_nothing_and_is_told_why(tmp_path, monkeypatch, connection, detail):
    path, found = without_sign_in(tmp_path, monkeypatch, connection)
    recorded = observations(path)
    fixed = {id for id in graph.PERMISSIONS if not id.endswith("/")}
    assert set(recorded) | {"graph/clock"} == fixed
    assert all(one.absence and one.absence.reason is Reason.REFUSED for one in recorded.values())
    assert not found.answers
    if "AZURE" in detail:
        assert detail in found.detail


def test_a_certificate_that_is_not_trusted_is_not_tried_again(run, tmp_path):
    with served(tmp_path) as at:
        run.sign_in(at)
        writer = RecordingWriter(tmp_path / "r", recorded_at=NOW, design=designs.from_mapping(at.estate.design, "x"))
        untrusting = session(at, writer)
        cloud_table = msgspec.structs.replace(untrusting.connections.cloud, ca_file="")
        untrusting = msgspec.structs.replace(untrusting, connections=Connections(cloud=cloud_table))
        (found,) = asyncio.run(graph.probe(untrusting))
        run(at, graph, wanted=only("graph/users"))
    assert found.detail.startswith("the TLS certificate of 127.")
    assert "ca_file" in found.cure


def test_progress_counts_the_users(run, tmp_path):
    told = []
    with served(tmp_path, estate=contoso(people__users=2500)) as at:
        run(at, graph, wanted=only("graph/users"), progress=lambda *what: told.append(what))
    counts = [count for source, what, count in told if (source, what) == ("graph", "users")]
    assert len(counts) == len(told) > 40
    assert counts == sorted(counts)
    assert counts[-1] == 2502


def test_cancelling_stops_at_once_and_leaves_nothing_running(run, tmp_path):
    async def cancelled(run_: Session) -> None:
        task = asyncio.ensure_future(graph.record(run_))
        while not told:
            assert not task.done(), "it ended before it could be cancelled"
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    told: list[tuple[str, str, int]] = []
    slow = Fault(kind="slow", path=USERS, after=1, times=None, seconds=5)
    with served(tmp_path, slow, estate=contoso(people__users=2500)) as at:
        run.sign_in(at)
        declared = designs.from_mapping(at.estate.design, "the test's design")
        with RecordingWriter(tmp_path / "part", recorded_at=NOW, design=declared, partial="graph/users") as writer:
            wanted = only("graph/users")
            asyncio.run(cancelled(session(at, writer, wanted=wanted, progress=lambda *what: told.append(what))))
    assert observations(tmp_path / "part") == {}


def test_the_recording_can_be_read_back(run, tmp_path):
    with served(tmp_path) as at:
        recording = Recording.load(run(at))
    assert recording.json("graph/organization", dict)["value"][0]["id"] == NAMES.tenant_id
    recording.close()
