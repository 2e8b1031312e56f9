"""``python -m tests.lab.serve`` raises everything, and takes everything down however it is ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab import combined, live, serve
from tests.lab.combined import ConflictError
from tests.lab.defects import CATALOGUE
from tests.lab.estate import contoso

MISSING = live.missing()
lab = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
ROOT = Path(__file__).parents[2]


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.lab.serve", "--folder", str(folder), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def mentioning(folder: Path) -> list[str]:
    """The command lines, and working folders, of living processes that have to do with *folder*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            place = str((process / "cwd").readlink())
        except OSError:  # it ended while we looked
            continue
        if str(folder) in words or place.startswith(str(folder)):
            found.append(f"{process.name}: {words}")
    return found


def read_until(server: subprocess.Popen[str], end: str) -> str:
    assert server.stdout
    lines = []
    for line in server.stdout:
        lines.append(line)
        if end in line:
            return "".join(lines)
    raise AssertionError("".join(lines) + (server.stderr.read() if server.stderr else ""))


@lab
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_how_to_scan_and_goes_down_without_leftovers(tmp_path, how):
    folder = tmp_path / "estate"
    with started(folder) as server:
        said = read_until(server, "Ctrl-C here")
        assert len(mentioning(folder)) >= 6
        assert all(f"export {name}=" in said for name in ("KRB5_CONFIG", "KRB5CCNAME", "LAB_SECRET"))
        assert f"comgmt-audit scan {folder / 'comgmt.toml'}" in said
        server.send_signal(how)
        assert server.wait(timeout=20) == 0
        assert server.stderr
        assert server.stderr.read() == ""
    assert mentioning(folder) == []
    assert not folder.exists()


@lab
@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0])
def test_ended_while_it_starts_nothing_stays_either(tmp_path, seconds):
    folder = tmp_path / "estate"
    with started(folder) as server:
        time.sleep(seconds)
        server.terminate()
        server.communicate(timeout=30)
    assert mentioning(folder) == []
    assert not folder.exists()


@lab
def test_a_folder_that_is_there_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").write_text("kept")
    assert serve.main(["--folder", str(tmp_path)]) == serve.CANNOT
    assert "exists" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "kept"


@pytest.mark.parametrize(
    "fault", ["graph", "graph:429", "graph:429:0", "graph:429:2", "dns:429:0.2", "graph:no:0.2", "web:429:1"]
)
def test_a_fault_that_is_none_says_what_there_is(fault, capsys, monkeypatch):
    monkeypatch.setattr(live, "missing", lambda: "")
    assert serve.main(["--fault", fault]) == serve.CANNOT
    assert "expected SERVER:FAULT:RATE" in capsys.readouterr().err


def test_without_its_packages_it_says_which_are_missing(capsys, monkeypatch):
    monkeypatch.setattr(live, "missing", lambda: "not installed: named (Debian package bind9)")
    assert serve.main([]) == serve.CANNOT
    assert "Debian package bind9" in capsys.readouterr().err


AUTHORITY = "tenant-mdm-authority-is-configuration-manager"
UNKNOWN_AUTHORITY = "tenant-mdm-authority-unsaid"
UNSYNCHRONISED = "tenant-synchronisation-off"


def test_defects_of_one_estate_are_combined():
    found = combined.estate([AUTHORITY, UNSYNCHRONISED])
    assert found == contoso(tenant__mdm_authority="sccm", tenant__synchronised=False)


@pytest.mark.parametrize("defect", [one.name for one in CATALOGUE])
def test_one_defect_is_that_estate(defect):
    known = {one.name: one for one in CATALOGUE}
    assert combined.estate([defect]) == known[defect].estate()


def test_defects_that_change_the_same_thing_are_refused():
    with pytest.raises(ConflictError, match=r"both change tenant\.mdm_authority"):
        combined.estate([AUTHORITY, UNKNOWN_AUTHORITY])


def test_an_unknown_defect_and_one_of_another_estate_are_refused():
    with pytest.raises(ConflictError, match="no such defect: none"):
        combined.estate(["none"])
    with pytest.raises(ConflictError, match="of the estate current"):
        combined.estate([AUTHORITY], "tutorial-2018")
