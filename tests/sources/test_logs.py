"""Logs come from folders and shares as they lie there, also while they grow; trouble is an absence with a cure."""

from __future__ import annotations

import contextlib

import pytest

from comgmt_audit.connections import Connections, Files, Web
from comgmt_audit.facts import logs as facts
from comgmt_audit.sources import logs
from tests.lab.estate import contoso, record
from tests.lab.servers import smb
from tests.sources.files_session import absences, probed, recorded

SERVER = "CM01.corp.contoso.com"
PREFIX = "log/cm01.corp.contoso.com/"
LINE = "Größe  $$<SMS_CLOUD_SERVICES_MANAGER><11-24-2026 06:00:00.000-60><thread=7892 (0x1ED4)>\r\n"
EXPECTED = [PREFIX + name for name in ("cloudmgr.log", "mpcontrol.log", "sms_azuread_discovery_agent.log")]


@pytest.fixture
def folder(tmp_path):
    """An empty folder of logs."""
    place = tmp_path / "Logs"
    place.mkdir()
    return place


def _read(tmp_path, folder, **more):
    return recorded(tmp_path / "recording", logs, logs={SERVER: str(folder)}, **more)


def test_the_logs_are_those_that_facts_rest_on():
    rested_on = {fact.log for fact in vars(facts).values() if isinstance(getattr(fact, "log", None), str)}
    assert rested_on == set(logs.LOGS)


def test_names_count_without_case_and_others_are_left(folder, tmp_path):
    for name in ("CLOUDMGR.LOG", "CloudMgr.lo_", "cloudmgr-20261124-060000.log", "smsexec.log", "cloudmgr.log.bak"):
        (folder / name).write_text(LINE, encoding="utf-8", newline="")
    recording = _read(tmp_path, folder)
    assert recording.ids("") == [
        PREFIX + name for name in ("cloudmgr-20261124-060000.log", "cloudmgr.lo_", "cloudmgr.log")
    ]
    observation = recording.answered(PREFIX + "cloudmgr.log")
    assert observation.request == f"CLOUDMGR.LOG of {SERVER}"
    assert observation.about == {
        "path": str(folder / "CLOUDMGR.LOG"),
        "encoding": "utf-8",
        "size": len(LINE.encode()),
        "complete": True,
    }


def test_a_log_that_own_lines_name_is_recorded_too(folder, tmp_path):
    for name in ("CLOUDMGR.LOG", "Contoso Agent.log", "Contoso Agent.lo_", "smsexec.log"):
        (folder / name).write_text(LINE, encoding="utf-8", newline="")
    recording = _read(tmp_path, folder, own_logs=frozenset({"contoso agent"}))
    names = ("cloudmgr.log", "contoso agent.lo_", "contoso agent.log")
    assert sorted(recording.ids("")) == [PREFIX + name for name in names]
    assert recording.text(PREFIX + "contoso agent.log") == LINE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "cp1252"])
def test_text_is_decoded_and_a_torn_tail_stays(folder, tmp_path, encoding):
    text = LINE * 20 + LINE[:30]
    (folder / "mpcontrol.log").write_bytes(text.encode(encoding))
    assert _read(tmp_path, folder).text(PREFIX + "mpcontrol.log") == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("limit", [1000, 1001, 1003])
def test_of_a_large_log_the_newest_part_is_kept(folder, tmp_path, monkeypatch, encoding, limit):
    monkeypatch.setattr(logs, "LIMIT", limit)
    data = (LINE * 100).encode(encoding)
    (folder / "mpcontrol.log").write_bytes(data)
    text, about = logs.read(logs.LocalFolder(str(folder)), "mpcontrol.log", limit)
    assert (LINE * 100).endswith(text)
    assert limit - 2 * len(LINE.encode(encoding)) < len(text.encode(encoding)) <= limit
    assert (about["complete"], about["size"], about["encoding"]) == (False, len(data), encoding)


def test_a_folder_that_is_not_there_stands_for_the_logs_of_that_server(tmp_path):
    recording = _read(tmp_path, tmp_path / "gone")
    assert sorted(absences(recording)) == EXPECTED
    assert {reason for reason, _ in absences(recording).values()} == {"unreachable"}
    (probe,) = probed(logs, logs={SERVER: str(tmp_path / "gone")})
    assert not probe.answers
    assert "connect.files.logs" in probe.cure


def test_one_file_that_is_refused_leaves_the_others(folder, tmp_path, monkeypatch):
    for name in ("CloudMgr.log", "mpcontrol.log"):
        (folder / name).write_text(LINE, encoding="utf-8")
    newest = logs.LocalFolder.newest

    def refuse(self, name, limit):
        if name == "mpcontrol.log":
            raise PermissionError(13, "Permission denied")
        return newest(self, name, limit)

    monkeypatch.setattr(logs.LocalFolder, "newest", refuse)
    recording = _read(tmp_path, folder)
    assert {id: reason for id, (reason, _) in absences(recording).items()} == {PREFIX + "mpcontrol.log": "refused"}
    assert recording.text(PREFIX + "cloudmgr.log")


def _share(address, password="env:LAB_LOG_PASSWORD", folder="Logs"):
    """How the lab's share is reached: under its Windows name, at the lab's port."""
    return Connections(
        files=Files(
            logs={SERVER: f"\\\\CM01\\{address.share}\\{folder}"},
            log_user=f"{address.domain}\\{address.user}",
            log_password=password,
        ),
        web=Web(addresses={"CM01:445": f"{address.endpoint.host}:{address.endpoint.port}"}),
    )


@pytest.mark.skipif(bool(smb.missing()), reason=smb.missing() or "all is there")
def test_a_share_gives_what_the_recording_of_the_lab_holds(tmp_path, monkeypatch):
    pytest.importorskip("smbclient", reason="the extra live is not installed")
    monkeypatch.setenv("LAB_LOG_PASSWORD", smb.PASSWORD)
    monkeypatch.setenv("WRONG", "wrong")
    estate = contoso()
    (tmp_path / "smb").mkdir()
    with smb.running(estate, tmp_path / "smb") as address:
        recording = recorded(tmp_path / "live", logs, connections=_share(address))
        (probe,) = probed(logs, _share(address))
        refused = recorded(tmp_path / "refused", logs, connections=_share(address, "env:WRONG"))
        lost = recorded(tmp_path / "lost", logs, connections=_share(address, folder="None"))
    unreachable = recorded(tmp_path / "unreachable", logs, connections=_share(address))
    with contextlib.closing(type(recording).load(record(estate, tmp_path / "lab"))) as lab:
        ids = lab.ids(PREFIX)
        assert recording.ids("") == ids
        assert {id: recording.text(id) for id in ids} == {id: lab.text(id) for id in ids}
        assert [recording.answered(id).request for id in ids] == [lab.answered(id).request for id in ids]
    assert probe.answers
    assert probe.detail.startswith(f"{len(ids)} log files")
    for one, reason in ((refused, "refused"), (lost, "unreachable"), (unreachable, "unreachable")):
        assert {id: found for id, (found, _) in absences(one).items()} == dict.fromkeys(EXPECTED, reason)
