"""The collect script run by WinRM: a real ticket, real WS-Management, and all that can be in its way."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit.connections import Connections, Hosts, Web
from comgmt_audit.recording import Recording
from comgmt_audit.sources import collect, hosts
from comgmt_audit.sources import winrm as source
from tests.lab.estate import contoso
from tests.lab.servers import active_directory, winrm
from tests.lab.servers.winrm import Address
from tests.sources.files_session import probed, recorded

MISSING = winrm.missing() or active_directory.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
SERVER = contoso().names.site_server
PARTS = {f"host/{SERVER.lower()}/{part}" for part in ("certificates", "gpresult", "dsregcmd", "registry", "key-files")}


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[active_directory.Address]:
    folder = tmp_path_factory.mktemp("dc")
    with active_directory.running(contoso(), folder, services=(f"WSMAN/{SERVER}",)) as found:
        yield found


@pytest.fixture(scope="module")
def computer(domain: active_directory.Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The site server behind WinRM over HTTP."""
    folder = tmp_path_factory.mktemp("winrm")
    keytab = domain.export_keytab(f"WSMAN/{SERVER}", folder / "keytab")
    with winrm.running(contoso(), SERVER, folder, keytab=keytab) as at:
        yield at


@pytest.fixture(autouse=True)
def ticket(domain: active_directory.Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in domain.sign_in(tmp_path / "tickets").items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def well(computer: Address) -> Address:
    computer.behave("well")
    return computer


def connections(at: Address, **more: Any) -> Connections:
    wanted: dict[str, Any] = {"winrm": True, "names": (SERVER,), "ssl": at.tls, "timeout": 60}
    return Connections(hosts=Hosts(**(wanted | more)), web=Web(addresses=at.addresses))


def read(at: Address, folder: Path, **more: Any) -> Recording:
    return recorded(folder / "recording", hosts, connections=connections(at, **more))


def reason(recording: Recording) -> tuple[str, str, str]:
    found = {one.id: one.absence for one in recording.manifest.observations if one.absence}
    assert set(found) == PARTS
    ((why, detail, cure),) = {(one.reason.value, one.detail, one.cure) for one in found.values()}
    return why, detail, cure


def test_what_the_script_prints_comes_through_encrypted(well, tmp_path):
    recording = read(well, tmp_path)
    assert {one.id for one in recording.manifest.observations if one.answer} == {
        f"host/{SERVER.lower()}/certificates",
        f"host/{SERVER.lower()}/gpresult",
        f"host/{SERVER.lower()}/key-files",
        "site/trusted-root-list",
    }
    assert "ConfigMgr IIS Servers" in recording.text(f"host/{SERVER.lower()}/gpresult")


def test_what_dsregcmd_says_is_marked_as_another_users(domain, tmp_path):
    client = contoso().names.client
    keytab = domain.export_keytab(f"WSMAN/{SERVER}", tmp_path / "keytab")
    with winrm.running(contoso(), client, tmp_path, keytab=keytab) as at:
        # Its ticket is made out to the server: a client would have a service principal of its own.
        place = {f"{SERVER.lower()}:5985": f"{at.endpoint.host}:{at.endpoint.port}"}
        stated = Connections(hosts=connections(at).hosts, web=Web(addresses=place))
        recording = recorded(tmp_path / "recording", hosts, connections=stated)
    assert recording.answered(f"host/{SERVER.lower()}/dsregcmd").about == {"collected": "winrm"}


def test_nothing_but_the_script_is_run_and_the_shell_is_closed(well, tmp_path):
    before = len(well.requests)
    read(well, tmp_path)
    asked = well.requests[before:]
    assert [line for line in asked if " " in line] == [
        f"Command {hashlib.sha256(collect.SCRIPT.read_bytes()).hexdigest()}"
    ]
    assert asked[0] == "Create"
    assert asked[-1] == "Delete"
    assert {line.partition(" ")[0] for line in asked} <= {"Create", "Receive", "Command", "Send", "Signal", "Delete"}


@pytest.mark.parametrize(
    ("mode", "why", "detail", "cure"),
    [
        ("denied", "refused", "access is denied", "administrator of that computer"),
        ("constrained", "refused", "LanguageMode=ConstrainedLanguage", "Application control"),
        ("jea", "refused", "syntax is not supported", "JEA"),
        ("busy", "unreachable", "HTTP status 503", "winrm quickconfig"),
        ("error page", "unreadable", "answers what is not WinRM", "winrm quickconfig"),
        ("nonsense", "unreadable", "answers what is not WinRM", "winrm quickconfig"),
    ],
)
def test_what_is_in_the_way_is_told_with_its_cure(computer, tmp_path, mode, why, detail, cure):
    computer.behave(mode)
    found = reason(read(computer, tmp_path))
    assert found[0] == why
    assert detail in found[1]
    assert cure in found[2]


def test_a_script_that_does_not_end_is_ended_there_as_well(computer, tmp_path):
    computer.behave("slow")
    found = reason(read(computer, tmp_path, timeout=1))
    assert found[:2] == ("unreachable", "the collect script did not end in time")
    assert "Signal" in computer.requests
    assert computer.requests[-1] == "Delete"


def test_output_without_end_is_not_kept(computer, tmp_path, monkeypatch):
    monkeypatch.setattr(collect, "MAX_SIZE", 100_000)
    computer.behave("endless")
    assert "more than a collection" in reason(read(computer, tmp_path))[1]


def test_whoever_waits_no_longer_gets_the_thread_back(computer):
    computer.behave("slow")
    ended = threading.Event()
    place = computer.endpoint
    at = source.Target(
        host=SERVER.lower(), server=place.host, port=place.port, ssl=False, ca_file="", user="", password=""
    )
    threading.Timer(1, ended.set).start()
    started = time.monotonic()
    assert "did not end in time" in str(source.run(at, 60, ended))
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_answer_is_an_absence_or_an_answer(computer, tmp_path, seed):
    computer.behave(f"damaged by {seed}")
    recording = read(computer, tmp_path)
    assert {one.id for one in recording.manifest.observations} & PARTS


def test_without_a_ticket_it_is_refused_with_what_to_do(well, tmp_path, monkeypatch):
    monkeypatch.setenv("KRB5CCNAME", str(tmp_path / "empty"))
    found = reason(read(well, tmp_path))
    assert found[0] == "refused"
    assert "Kerberos failed" in found[1]
    assert "kinit" in found[2]


def test_with_an_account_and_its_password(well, domain, tmp_path, monkeypatch):
    monkeypatch.setenv("KRB5CCNAME", str(tmp_path / "empty"))
    monkeypatch.setenv("READER", domain.password)
    user = domain.reader.replace(domain.domain, domain.realm)
    recording = read(well, tmp_path, user=user, password="env:READER")
    assert recording.text(f"host/{SERVER.lower()}/gpresult")
    monkeypatch.setenv("READER", "CANARY-wrong")
    again = recorded(tmp_path / "again", hosts, connections=connections(well, user=user, password="env:READER"))
    found = reason(again)
    assert found[0] == "refused"
    assert "Kerberos failed" in found[1]
    assert "CANARY" not in str(again.manifest)


def test_a_password_that_cannot_be_had_says_so(well, tmp_path):
    assert "NOT_SET_ANYWHERE" in reason(read(well, tmp_path, password="env:NOT_SET_ANYWHERE"))[1]


def test_a_computer_that_is_off(well, tmp_path):
    off = Connections(hosts=connections(well).hosts, web=Web(addresses={f"{SERVER.lower()}:5985": "127.0.0.1:1"}))
    found = reason(recorded(tmp_path / "off", hosts, connections=off))
    assert found[0] == "unreachable"
    assert "winrm quickconfig" in found[2]


def test_doctor_opens_a_shell_and_runs_nothing(well, tmp_path):
    before = len(well.requests)
    (probe,) = probed(hosts, connections=connections(well))
    assert (probe.answers, probe.detail) == (True, f"{SERVER.lower()} by WinRM")
    assert "Command" not in " ".join(well.requests[before:])
    well.behave("denied")
    (probe,) = probed(hosts, connections=connections(well))
    assert not probe.answers
    assert "access is denied" in probe.detail


def test_over_tls_with_the_root_that_is_named(domain, tmp_path):
    keytab = domain.export_keytab(f"WSMAN/{SERVER}", tmp_path / "keytab")
    with winrm.running(contoso(), SERVER, tmp_path, keytab=keytab, tls=True) as at:
        recording = recorded(tmp_path / "good", hosts, connections=connections(at, ca_file=str(at.ca_file)))
        untrusted = recorded(tmp_path / "untrusted", hosts, connections=connections(at))
    assert recording.text(f"host/{SERVER.lower()}/gpresult")
    found = reason(untrusted)
    assert found[0] == "unreachable"
    assert "ca_file" in found[2]
