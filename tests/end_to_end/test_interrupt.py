"""Ctrl-C in the middle of ``record`` on a terminal: progress was shown, the recording is valid, and is gone on with."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comgmt_audit import cli
from comgmt_audit.recording import Observation, Recording
from tests.end_to_end.test_live_cli import comgmt_toml
from tests.lab.estate import contoso
from tests.lab.names import NOW
from tests.lab.servers import cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import ARM

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")
pty = pytest.importorskip("pty", reason="a terminal is made by pty, which Windows lacks")

MISSING = cloud.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
ESTATE = contoso(people__users=2500)
COMMAND = """
import sys, time
from types import SimpleNamespace
from comgmt_audit import cli
from comgmt_audit.sources import sign_in
root, graph, arm, *arguments = sys.argv[1:]
def get_token(*scopes, **_):
    token = graph if scopes[0].startswith(root) else arm
    return SimpleNamespace(token=token, expires_on=time.time() + 3600)
sign_in.credential = lambda *_: SimpleNamespace(get_token=get_token)
sys.exit(cli.main(arguments))
"""
"""The command, with the lab's tokens in azure-identity's place."""


def started(at: cloud.Address, terminal: int, *arguments: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp())), "TERM": "xterm", "COLUMNS": "100"}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, at.graph_root, at.token(), at.token(audience=ARM), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        env=environment,
    )


def shown(master: int, until: bytes, seconds: float) -> bytes:
    """What the terminal shows, to the word or to its end."""
    text, end = b"", time.monotonic() + seconds
    while until not in text and time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        text += part
    return text


def observations(path: Path) -> tuple[str, dict[str, Observation]]:
    recording = Recording.load(path)
    found = {one.id: one for one in recording.manifest.observations}
    partial = recording.manifest.partial
    recording.close()
    return partial, found


def test_ctrl_c_leaves_a_recording_that_is_gone_on_with(tmp_path):
    first, second, whole = (tmp_path / name for name in ("first", "second", "whole"))
    folder = tmp_path / "slow"
    folder.mkdir()
    slow = Fault(kind="slow", path=r"/v1\.0/users\?.*skiptoken", times=None, seconds=60)
    with cloud.running(ESTATE, folder, faults=[slow]) as at:
        master, terminal = pty.openpty()
        toml = comgmt_toml(folder, at)
        process = started(at, terminal, "record", toml, "-o", first, "--select", "TEN,SUB,LIC,APP")
        os.close(terminal)
        text = shown(master, b"users: ", 30)
        assert b"users: " in text, text
        assert b"graph" in text
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        text = shown(master, b"--resume", 20)
        assert process.wait(20) == cli.INTERRUPTED, text
        assert time.monotonic() - began < 15
        assert b"--resume" in text
        os.close(master)
        if process.stdout:
            process.stdout.close()
    partial, found = observations(first)
    assert "graph" in partial
    absence = found["graph/users"].absence
    assert absence is not None
    assert "interrupted" in absence.detail
    assert found["arm/subscription"].answer, "what was there already is kept"

    folder = tmp_path / "quick"
    folder.mkdir()
    with cloud.running(ESTATE, folder) as at:
        toml = comgmt_toml(folder, at)
        for target, more in ((second, ("--resume", first)), (whole, ())):
            arguments = ("record", toml, "-o", target, "--select", "TEN,SUB,LIC,APP", *more)
            process = started(at, subprocess.DEVNULL, *arguments)
            assert process.wait(60) == 0
            if process.stdout:
                process.stdout.close()
            if target == second:
                asked = [one.address for one in at.requests if one.root == "arm"]
                assert not asked, "what was answered is not asked again"
    assert observations(second) == observations(whole)
