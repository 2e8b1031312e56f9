"""A recorder that is killed leaves the whole recording, or none under its name; and is not in the next one's way."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from comgmt_audit import design
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab.names import NOW

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
USERS = [{"id": f"{number:08}", "name": "x" * 40} for number in range(2000)]


def write(target: Path, ready: int | None = None) -> None:
    with RecordingWriter(target, recorded_at=NOW, design=design.from_mapping({"name": "Contoso"}, "test")) as writer:
        if ready is not None:
            os.write(ready, b"!")
        for number in range(10):
            writer.json(f"graph/part-{number}", {"number": number}, source="graph", request="GET", at=NOW)
        writer.lines("graph/users", USERS, source="graph", request="GET", at=NOW)


@pytest.mark.parametrize("ending", ["", ".zip"])
def test_killed_in_the_midst_of_writing_100_times_it_is_whole_or_not_there(tmp_path: Path, ending: str):
    started = time.monotonic()
    write(tmp_path / f"first{ending}")
    usual = time.monotonic() - started
    chance = random.Random(20261125)
    for round in range(100):
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            try:
                write(tmp_path / f"{round}{ending}", writer)
            finally:
                os._exit(0)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        if round % 20:
            time.sleep(usual * 10 ** (-2 * chance.random()))
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    found = [target for round in range(100) if (target := tmp_path / f"{round}{ending}").exists()]
    assert 5 <= len(found) < 100  # some were let finish, others were killed before the end
    for target in found:
        recording = Recording.load(target)
        assert len(list(recording.lines("graph/users", dict))) == len(USERS)
        assert all(recording.json(f"graph/part-{number}", dict) == {"number": number} for number in range(10))
        recording.close()


def test_a_name_that_a_killed_recorder_wanted_is_free(tmp_path: Path):
    (tmp_path / ".contoso.abcd1234").mkdir()
    (tmp_path / ".contoso.abcd1234" / "manifest.json").write_text("torn")
    write(tmp_path / "contoso")
    Recording.load(tmp_path / "contoso").close()
