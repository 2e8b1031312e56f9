"""What is installed: one top-level name, with our checks, reports, baselines and environments inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this source tree, built by hatchling, offline."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


def test_the_only_top_level_name_is_comgmt_audit(wheel):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"comgmt_audit"}


@pytest.mark.parametrize(
    "file",
    [
        "_checks/tenant.py",
        "_checks/_scope.py",
        "_reports/page.py",
        "_reports/templates/page.html",
        "_reports/templates/page.js",
        "baselines/current.toml",
        "baselines/tutorial-2018.toml",
        "demo/ready.zip",
        "demo/not-ready.zip",
        "log_catalogue/cloudmgr.toml",
        "schemas/scan.schema.json",
        "py.typed",
    ],
)
def test_it_holds_what_a_scan_needs(wheel, file):
    assert f"comgmt_audit/{file}" in zipfile.ZipFile(wheel).namelist()


def test_it_holds_nothing_of_the_workshop(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".pem")) or "/tests/" in name]


def test_installed_away_from_the_source_tree_it_scans(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    zipfile.ZipFile(wheel).extractall(site)
    (Path(site) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [python, "-P", "-m", "comgmt_audit"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    listed = subprocess.run(
        [*command, "list"], cwd=tmp_path, check=True, capture_output=True, text=True, env=environment
    ).stdout
    assert len(listed.splitlines()) > 200
    where = subprocess.run(
        [python, "-P", "-c", "import comgmt_audit; print(comgmt_audit.__file__)"],
        cwd=tmp_path, check=True, capture_output=True, text=True, env=environment,
    ).stdout  # fmt: skip
    assert str(tmp_path) in where
    ended = subprocess.run(
        [*command, "scan", "--demo", "--html", "r.html"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        env=environment,
    )
    assert ended.returncode == 1
    assert (tmp_path / "r.html").stat().st_size > 100_000


def test_pip_installs_the_command_and_the_plugin_of_pytest(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}

    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)), cwd=tmp_path, check=False, capture_output=True, text=True, env=environment
        )

    pip = run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert pip.returncode == 0, pip.stderr
    (site,) = (tmp_path / "venv").rglob("site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert run(programs / "comgmt-audit", "--version").stdout.startswith("comgmt-audit ")
    demo = site / "comgmt_audit" / "demo" / "ready.zip"
    judged = run(python, "-m", "pytest", f"--comgmt={demo}", "-m", "TEN")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "comgmt-audit/tenant.py" in judged.stdout
