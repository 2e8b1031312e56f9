"""The site, read from the lab's AdminService: with a real ticket, and with all that can be in its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import design as designs
from comgmt_audit.connections import AdminService, Connections, Web
from comgmt_audit.recording import Observation, Reason, Recording, RecordingWriter
from comgmt_audit.sources import admin_service as source
from comgmt_audit.sources import http
from comgmt_audit.sources.session import Probe, Session
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.names import NOW
from tests.lab.servers import active_directory, admin_service
from tests.lab.servers.admin_service import CANARY, Address
from tests.lab.servers.faulty import Failure

MISSING = admin_service.missing()
NO_DOMAIN = active_directory.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TOKEN = "a-token-of-the-lab"
USER = "scanner@CORP.CONTOSO.COM"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("LAB_TOKEN", TOKEN)


def probed(at: Address, target: Path) -> Probe:
    declared = designs.from_mapping(contoso().design, "the test's design")
    connection = AdminService(authentication="bearer", password="env:LAB_TOKEN", user=USER, ca_file=str(at.ca_file))
    session = Session(
        design=declared,
        connections=Connections(admin_service=connection, web=Web(addresses=at.addresses)),
        writer=RecordingWriter(target / "probe", recorded_at=NOW, design=declared),
        wanted=lambda _: True,
        progress=lambda *_: None,
        clock=lambda: NOW,
    )
    (found,) = asyncio.run(source.probe(session))
    return found


def read(at: Address, target: Path, estate: Estate | None = None, **connection: Any) -> dict[str, Observation]:
    wanted = {"authentication": "bearer", "password": "env:LAB_TOKEN", "user": USER, "ca_file": str(at.ca_file)}
    declared = designs.from_mapping((estate or contoso()).design, "the test's design")
    connections = Connections(admin_service=AdminService(**{**wanted, **connection}), web=Web(addresses=at.addresses))
    with RecordingWriter(target, recorded_at=NOW, design=declared) as writer:
        session = Session(
            design=declared,
            connections=connections,
            writer=writer,
            wanted=lambda _: True,
            progress=lambda *_: None,
            clock=lambda: NOW,
        )
        asyncio.run(source.record(session))
    return observations(target)


def observations(path: Path) -> dict[str, Observation]:
    recording = Recording.load(path)
    found = {one.id: one for one in recording.manifest.observations if one.id.startswith("site/SMS_")}
    recording.close()
    return found


def plain(value: Any) -> Any:
    """Without what OData adds, and without what a list of administrators leaves empty."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        skipped = ("@odata", "__")
        return {
            name: plain(one)
            for name, one in value.items()
            if not name.startswith(skipped) and (name, one) != ("Permissions", None)
        }
    return value


def rows(folder: Path, one: Observation) -> list[Any]:
    assert one.answer is not None, one.absence
    return [plain(json.loads(line)) for line in (folder / one.answer.file).read_bytes().splitlines()]


def folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[active_directory.Address]:
    with active_directory.running(contoso(), tmp_path_factory.mktemp("dc")) as found:
        yield found


def test_a_service_that_stays_out_of_order_is_waited_for_once(tmp_path):
    out_of_order = [Failure(kind="503", probability=1.0)]
    with admin_service.running(contoso(), folder(tmp_path / "server"), bearer=TOKEN, failures=out_of_order) as at:
        found = read(at, tmp_path / "live")
        asked = {line.partition("?")[0] for line in at.requests}
    assert asked == {"503 /AdminService/wmi/$metadata"}
    reasons = {(one.absence.reason, one.absence.status) for one in found.values() if one.absence}
    assert reasons == {(Reason.UNREACHABLE, 503)}
    assert not any(one.answer for one in found.values())


@pytest.mark.skipif(bool(NO_DOMAIN), reason=NO_DOMAIN or "all is there")
def test_with_a_real_ticket_and_the_channel_bound(domain, tmp_path, monkeypatch):
    keytab = domain.export_keytab(f"HTTP/{contoso().names.site_server}", tmp_path / "keytab")
    for name, value in domain.sign_in(tmp_path / "tickets").items():
        monkeypatch.setenv(name, value)
    with admin_service.running(contoso(), folder(tmp_path / "server"), keytab=keytab) as at:
        found = read(at, tmp_path / "live", authentication="kerberos", user="", password="")
        monkeypatch.setattr("comgmt_audit.sources.negotiate.channel_binding", lambda _: None)
        unbound = read(at, tmp_path / "unbound", authentication="kerberos", user="", password="")
        ntlm = read(at, tmp_path / "ntlm", authentication="ntlm", user="CONTOSO\\scanner")
    assert not [one.absence for one in found.values() if one.absence]
    assert found["site/SMS_Site"].about == {"full_access": True}
    for refused, word in ((unbound, "SPN HTTP/FQDN"), (ntlm, "authentication to kerberos")):
        assert {one.absence.reason for one in refused.values() if one.absence} == {Reason.REFUSED}
        assert word in str(refused["site/SMS_Site"].absence)


@pytest.mark.parametrize("estate", [contoso(), contoso_2018()], ids=["today", "2018"])
def test_both_ways_give_the_same_rows(tmp_path, estate):
    lab = observations(record(estate, tmp_path / "lab"))
    with admin_service.running(estate, folder(tmp_path / "server"), bearer=TOKEN) as at:
        live = read(at, tmp_path / "live", estate)
    assert live.keys() == lab.keys()
    for id, one in lab.items():
        assert rows(tmp_path / "live", live[id]) == rows(tmp_path / "lab", one), id
        assert live[id].about == one.about
        assert live[id].request.startswith(one.request.partition("?")[0])


def test_no_secret_is_asked_for_nor_kept(tmp_path):
    with admin_service.running(contoso(), folder(tmp_path / "server"), bearer=TOKEN) as at:
        read(at, tmp_path / "live")
        asked = "\n".join(at.requests)
    never = [
        "SecretKey",
        "SecretKeyForSCP",
        "ServiceCertificate",
        "SerializedServiceCertificate",
        "ManagementCertificate",
        "ProxyCertificateConfig",
        "SMS_SCI_Reserved",
        "SMS_SCI_SCProperty",
        "GlobalAccount",
        "SMS_Certificate",
    ]
    assert not [name for name in never if name in asked]
    lists = [line for line in asked.splitlines() if "$metadata" not in line and "(" not in line.partition("?")[0]]
    assert lists
    assert all("$select=" in line for line in lists)
    assert not [path for path in (tmp_path / "live").rglob("*") if path.is_file() and CANARY in path.read_text()]


def test_denied_is_refused_and_an_unknown_class_is_absent(tmp_path):
    estate = contoso().refusing("site/SMS_AzureService").with_(site__members_recorded=False)
    with admin_service.running(estate, folder(tmp_path / "server"), bearer=TOKEN) as at:
        live = read(at, tmp_path / "live")
    denied, unknown = live["site/SMS_AzureService"].absence, live["site/SMS_FullCollectionMembership"].absence
    assert denied is not None
    assert (denied.reason, denied.status) == (Reason.REFUSED, 404)
    assert "Access denied" in denied.detail
    assert "Read-only Analyst" in denied.cure
    assert unknown is not None
    assert unknown.reason is Reason.ABSENT
    assert {id for id, one in live.items() if one.absence} == {
        "site/SMS_AzureService",
        "site/SMS_FullCollectionMembership",
    }


def test_rows_that_are_hidden_are_not_vouched_for(tmp_path):
    with admin_service.running(contoso(), folder(tmp_path / "server"), bearer=TOKEN, empty=True) as at:
        live = read(at, tmp_path / "live")
    assert not [one.absence for one in live.values() if one.absence]
    assert all(one.about == {} for one in live.values())


def test_numbers_that_come_as_text_stay_text(tmp_path):
    with admin_service.running(contoso(), folder(tmp_path / "server"), bearer=TOKEN, text=True) as at:
        live = read(at, tmp_path / "live")
    assert rows(tmp_path / "live", live["site/SMS_Site"])[0]["BuildNumber"] == "9141"


@pytest.mark.parametrize(
    ("connection", "reason", "cure"),
    [
        ({"ca_file": ""}, Reason.UNREACHABLE, "connect.admin_service.ca_file"),
        ({"password": ""}, Reason.REFUSED, "where the token is"),
        ({"root": "https://127.0.0.1:9/AdminService"}, Reason.UNREACHABLE, "TCP 443"),
        ({"password": "env:LAB_OTHER"}, Reason.REFUSED, "new user token"),
    ],
    ids=["untrusted", "no token", "unreachable", "wrong token"],
)
def test_what_is_in_the_way_is_named_with_its_cure(tmp_path, monkeypatch, connection, reason, cure):
    monkeypatch.setenv("LAB_OTHER", "another-token")
    with admin_service.running(contoso(), folder(tmp_path / "server"), bearer=TOKEN) as at:
        live = read(at, tmp_path / "live", **connection)
    assert {one.absence.reason for one in live.values() if one.absence} == {reason}
    assert all(one.absence and cure in one.absence.cure for one in live.values())


def test_without_a_ticket_the_cure_is_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path / 'none'}")
    with admin_service.running(contoso(), folder(tmp_path / "server")) as at:
        live = read(at, tmp_path / "live", authentication="kerberos", user="", password="")
    assert {one.absence.reason for one in live.values() if one.absence} == {Reason.REFUSED}
    assert all(one.absence and one.absence.cure.startswith("Get a ticket (kinit") for one in live.values())


def test_doctor_names_the_role_that_is_missing(tmp_path):
    for empty, missing in ((False, set()), (True, {"Read-only Analyst"})):
        with admin_service.running(contoso(), folder(tmp_path / f"server-{empty}"), bearer=TOKEN, empty=empty) as at:
            found = probed(at, tmp_path)
        assert found.answers
        assert found.missing is not None
        assert (found.identity, set(found.missing)) == (USER, missing)
        assert all(found.missing.values())


@pytest.mark.parametrize(
    ("account", "logon_name", "same"),
    [
        (USER, "CONTOSO\\Scanner", True),
        ("contoso\\scanner", "CONTOSO\\scanner", True),
        ("scanner@FABRIKAM.COM", "CONTOSO\\scanner", False),
        ("", "CONTOSO\\scanner", False),
    ],
)
def test_an_account_is_known_by_name_and_domain(account, logon_name, same):
    assert source.is_account(account, logon_name) is same
