"""``comgmt-audit init --discover`` against all of Contoso as real servers: it finds the design."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from comgmt_audit import design
from tests.lab import live
from tests.lab.estate import contoso

MISSING = live.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")


def test_a_look_at_the_lab_shows_its_design_and_doctor_accepts_it(tmp_path):
    """The directory by Kerberos, the AdminService and Graph: given the connections only, the design is found."""
    estate = contoso()
    (tmp_path / "estate").mkdir()
    with live.running(estate, tmp_path / "estate") as at:
        environment = {**os.environ, **at.environment}
        raw = at.comgmt_toml.read_text("utf-8")
        start = re.search(r"(?m)^\[connect", raw)
        assert start
        (tmp_path / "connect.toml").write_text(raw[start.start() :], encoding="utf-8")
        place = tmp_path / "comgmt.toml"
        words = ["init", place, "--yes", "--discover", "--answers", tmp_path / "connect.toml"]
        words += ["--set", f"connect.admin_service.provider={estate.names.site_server}"]
        done = _process(words, environment)
        assert done.returncode == 0, done.stderr
        found, meant = design.load(place), design.from_mapping(estate.design, "the lab")
        assert (found.name, found.site.code) == (meant.name, meant.site.code)
        assert found.site.server.casefold() == meant.site.server.casefold()
        assert found.site.management_point.casefold() == meant.site.management_point.casefold()
        assert found.site.communication == meant.site.communication
        assert found.rollout.tenant_id == meant.rollout.tenant_id
        assert found.rollout.subscription_id == meant.rollout.subscription_id
        assert found.gateway.service_name == meant.gateway.service_name
        text = place.read_text("utf-8")
        for one in ("Active Directory (directory/domains)", "the AdminService (site/SMS_Site)", "Microsoft Graph (gr"):
            assert f"Seen in {one}" in text
        assert "Not seen" not in text
        doctor = _process(["doctor", place, "--select", "TEN,SIT,DIR,SUB"], environment)
        assert "directory: answers as" in doctor.stdout, doctor.stdout + doctor.stderr
        assert "arm: answers as" in doctor.stdout
        with_from = tmp_path / "again.toml"
        kept = _process(
            ["record", place, "-o", tmp_path / "look", "--select", "TEN,SIT,CMG,DIR,COM,MPT,CDP"], environment
        )
        assert kept.returncode in {0, 3}, kept.stderr
        again = _process(["init", with_from, "--from", tmp_path / "look"], environment)
        assert again.returncode == 0, again.stderr
        assert design.load(with_from).site == found.site


def _process(words: list[object], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "comgmt_audit", *map(str, words)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=150, stdin=subprocess.DEVNULL
    )
