"""The share gives its logs to whoever may read them, also while they grow."""

from __future__ import annotations

import contextlib
import subprocess

import msgspec
import pytest

from comgmt_audit.recording import Recording
from tests.lab.estate import contoso, record
from tests.lab.servers import process, smb

pytestmark = pytest.mark.skipif(bool(smb.missing()), reason=smb.missing() or "all is there")

LINE = "Co-management is off.  $$<SMS_EXECUTIVE><11-24-2026 06:00:00.000+000><thread=7892 (0x1ED4)>\r\n"
LOGS = {"smsexec.log": LINE.encode(), "CloudMgr.log": ("﻿" + LINE).encode("utf-16-le")}
MUCH = LINE.encode() * 40_000
"""Four megabytes: more than the pipe and the client hold, so the file is still being read when it grows."""


def _run(address: smb.Address, commands: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(address.client(commands), capture_output=True, timeout=20)


def _read(address: smb.Address, name: str) -> bytes:
    done = _run(address, f"get Logs\\{name} -")
    assert done.returncode == 0, done
    return done.stdout


@pytest.mark.parametrize("guest", [True, False], ids=["guest", "user"])
def test_given_logs_come_byte_by_byte(guest, tmp_path):
    with smb.running(contoso(), tmp_path, logs=LOGS, guest=guest) as address:
        assert address.share == "SMS_PS1"
        assert {name: _read(address, name) for name in LOGS} == LOGS


def test_the_share_holds_what_the_recording_holds_of_the_site_server(tmp_path):
    current = ((2.0, "Resource Manager - Creating"), (1.0, "Größe: 3 KB"))
    estate = contoso(logs__cloud_manager__current=current, logs__cloud_manager__rolled=((300.0, "older"),))
    with contextlib.closing(Recording.load(record(estate, tmp_path / "recording-of-all"))) as recording:
        prefix = "log/cm01.corp.contoso.com/"
        expected = {id.removeprefix(prefix): recording.text(id).encode() for id in recording.ids(prefix)}
    with smb.running(estate, tmp_path) as address:
        assert {file.name.lower() for file in address.logs.iterdir()} == set(expected)
        assert {name: _read(address, name) for name in expected} == expected
    assert {"cloudmgr.log", "cloudmgr.lo_", "sms_azuread_discovery_agent.log"} < set(expected)


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"user": "stranger"}, {"user": ""}])
def test_nobody_else_gets_in(change, tmp_path):
    with smb.running(contoso(), tmp_path, logs=LOGS) as address:
        done = _run(msgspec.structs.replace(address, **change), "ls Logs\\*")
    assert done.returncode == 1
    assert b"NT_STATUS_LOGON_FAILURE" in done.stdout or b"NT_STATUS_ACCESS_DENIED" in done.stdout


def test_the_share_cannot_be_written(tmp_path):
    with smb.running(contoso(), tmp_path, logs=LOGS) as address:
        done = _run(address, "rm Logs\\smsexec.log")
        assert b"NT_STATUS_MEDIA_WRITE_PROTECTED" in done.stdout or b"NT_STATUS_ACCESS_DENIED" in done.stdout
        assert _read(address, "smsexec.log") == LOGS["smsexec.log"]


def test_a_log_can_be_read_while_it_grows(tmp_path):
    with (
        smb.running(contoso(), tmp_path, logs={"smsexec.log": MUCH}) as address,
        (address.logs / "smsexec.log").open("ab", buffering=0) as log,
        subprocess.Popen(
            address.client("get Logs\\smsexec.log -"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as client,
    ):
        assert client.stdout
        begun = client.stdout.read(len(LINE))
        log.write(LINE.encode())
        whole = begun + client.stdout.read()
        assert client.wait() == 0
        assert len(whole) >= len(MUCH)
        assert (MUCH + LINE.encode()).startswith(whole)
        assert _read(address, "smsexec.log") == MUCH + LINE.encode()


def test_nothing_is_left_behind(tmp_path):
    with smb.running(contoso(), tmp_path, logs=LOGS) as address:
        assert process.accepts(address.endpoint)
    assert not process.accepts(address.endpoint)


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(smb, "_configuration", lambda *_: "[global]\n  server role = no such role\n")
    with pytest.raises(process.ServerError, match="no such role"), smb.running(contoso(), tmp_path, guest=True):
        pass
