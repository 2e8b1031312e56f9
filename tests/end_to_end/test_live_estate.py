"""The command line against all of Contoso as real servers: a live scan says what that of its recording says."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import dns.message
import msgspec
import pytest
from msgspec import Struct

from comgmt_audit.recording import Recording
from tests.lab import combined, judging, live
from tests.lab.defects import CATALOGUE
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.servers.faulty import Failure

MISSING = live.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "all is there")
pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

USER_ONLY = {"ENR010", "ENR020", "ENR030", "ENR040", "ENR050", "ENR060", "USR020", "USR030"}
"""What Graph tells a signed-in user only: not assessed where the scanner is an application."""
DEFECTS = (
    "tenant-mdm-authority-is-configuration-manager",  # Graph
    "entra-apps-secret-ends-soon",  # Graph
    "azure-resources-scale-set-failed",  # Azure Resource Manager
    "site-without-pki-certificates",  # AdminService
    "gateway-with-one-instance",  # AdminService
    "directory-ca-on-windows-server-2008",  # directory
    "hosts-client-key-exportable",  # host evidence
    "logs-management-point-answers-403",  # logs
    "certificates-cmg-for-client-authentication-only",  # certificate files
    "dns-enrolment-domain-forgotten",  # DNS
    "revocation-list-overdue",  # revocation lists
    "tls-cmg-without-issuing-ca",  # TLS
)
"""One of each source at least; each changes one outcome, and none another's."""


class Scanned(Struct, frozen=True, kw_only=True):
    """What one scan said: its exit code, its results by check, and what was judged."""

    code: int
    results: dict[str, Any]
    source: Path
    said: str


def command(at: live.Live, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command line, in a process of its own, with the environment that the lab prints."""
    return subprocess.run(
        [sys.executable, "-m", "comgmt_audit", *map(str, arguments)],
        env={**os.environ, **at.environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def command_of_a_user(at: live.Live, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The same, which asks for a code to be entered: its user does so on the page that it names."""
    words = [sys.executable, "-m", "comgmt_audit", *map(str, arguments)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env={**os.environ, **at.environment}, **pipes) as process:
        try:
            assert process.stderr
            # A library that is imported at the same time may have said something before.
            lines = iter(process.stderr.readline, "")
            prompts = (re.search(r"open (https://\S+) and enter the code (\w+)", line) for line in lines)
            found = next(filter(None, prompts), None)
            assert found, "nobody asked for a code"
            assert found[1] == f"{at.servers.sign_in.authority}/devicelogin"
            assert at.servers.sign_in.enter(found[2], "wrong") == 401
            assert at.servers.sign_in.enter(found[2]) == 200
            out, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def scanned(at: live.Live, folder: Path, source: Path, *more: str | Path, signs_in: bool = False) -> Scanned:
    run = command_of_a_user if signs_in else command
    done = run(at, "scan", source, "--json", folder / "scan.json", *more)
    assert (folder / "scan.json").exists(), done.stderr
    results = {one["check"]["id"]: one for one in msgspec.json.decode((folder / "scan.json").read_bytes())["results"]}
    return Scanned(code=done.returncode, results=results, source=source, said=done.stdout + done.stderr)


def scan_live(estate: Estate, folder: Path, sign_in: str = "client-secret") -> tuple[Scanned, Scanned, Scanned]:
    """A live scan of the estate from inside, the scan of what it kept, and that with what is seen from outside.

    The last two are made after the servers have gone.
    """
    (folder / "estate").mkdir(parents=True)
    with live.running(estate, folder / "estate", sign_in=sign_in) as at:
        keep = ("--keep", folder / "inside")
        first = scanned(at, folder, at.comgmt_toml, *keep, signs_in=sign_in == "device-code")
        done = command(at, "record", at.outside_toml, "-o", folder / "kept", "--outside", folder / "inside")
        assert done.returncode == 0, done.stderr
    for name in ("again", "whole"):
        (folder / name).mkdir()
    again = scanned(at, folder / "again", folder / "inside")
    return first, again, scanned(at, folder / "whole", folder / "kept")


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scanned, Scanned, Scanned]:
    return scan_live(contoso(), tmp_path_factory.mktemp("healthy"), "device-code")


def test_every_outcome_is_that_of_the_estates_own_recording(healthy, tmp_path):
    *_, scan = healthy
    expected = {id: one.outcome.value for id, one in judging.results(record(contoso(), tmp_path / "lab")).items()}
    found = {id: one["outcome"] for id, one in scan.results.items()}
    assert {id for id, outcome in found.items() if outcome == "not assessed"} == set(), scan.said
    assert found == expected
    assert scan.code == 0


def test_every_outcome_of_the_tutorials_estate_is_that_of_its_own_recording(tmp_path):
    *_, scan = scan_live(contoso_2018(), tmp_path, "device-code")
    expected = {id: one.outcome.value for id, one in judging.results(record(contoso_2018(), tmp_path / "lab")).items()}
    assert {id: one["outcome"] for id, one in scan.results.items()} == expected, scan.said
    assert scan.code == 0


def test_the_scan_of_what_was_kept_says_the_same_subject_by_subject(healthy):
    first, again, _ = healthy
    assert first.results == again.results
    assert again.code == first.code


def test_the_view_from_outside_adds_what_nobody_sees_inside_and_nothing_else(healthy):
    inside, _, whole = healthy
    changed = {id for id, one in whole.results.items() if one["outcome"] != inside.results[id]["outcome"]}
    assert changed == {"CRL050"}
    assert inside.results["CRL050"]["outcome"] == "not assessed"
    assert "record --outside" in inside.results["CRL050"]["cure"]


def test_defects_of_every_source_are_seen_through_the_servers(tmp_path):
    declared = {one.name: one for one in CATALOGUE}
    *_, scan = scan_live(combined.estate(DEFECTS), tmp_path)
    expected = {id: outcome for name in DEFECTS for id, outcome in declared[name].outcomes.items()}
    assert {id for id, one in scan.results.items() if one["outcome"] == "fail"} == set(expected), scan.said
    assert set(expected.values()) == {"fail"}
    assert {id for id, one in scan.results.items() if one["outcome"] == "not assessed"} == USER_ONLY
    assert scan.code == 1


FAILING = {
    "adminservice": ("truncated", "reset"),
    "web": ("503", "cut"),
    "dns": ("servfail", "timeout"),
}


@pytest.mark.parametrize("number", range(2))
def test_a_server_that_fails_leaves_its_checks_unassessed_and_makes_none_fail(tmp_path, number):
    """All three at once, always, each in one way; whatever passes is what no such server tells."""
    failures = {server: [Failure(kind=kinds[number], probability=1.0)] for server, kinds in FAILING.items()}
    (tmp_path / "estate").mkdir()
    with live.running(contoso(), tmp_path / "estate", failures=failures) as at:
        scan = scanned(at, tmp_path, at.comgmt_toml)
    outcomes = {id: one["outcome"] for id, one in scan.results.items()}
    assert {id for id, outcome in outcomes.items() if outcome in {"fail", "error"}} == set(), scan.said
    # A status of HTTP is no answer of a TLS server, which is then as it was.
    unseen = (
        "SIT010",
        "CMG020",
        "AIA010",
        "AIA040",
        "DNS010",
        *(("TLS010",) if FAILING["web"][number] != "503" else ()),
    )
    for check in unseen:
        assert outcomes[check] == "not assessed", check
    assert outcomes["TEN010"] == outcomes["DIR010"] == "pass"
    assert scan.code == 3


def test_a_template_that_the_scanner_may_not_read_is_hidden_and_not_absent(tmp_path):
    *_, scan = scan_live(contoso(directory__web__hidden=True), tmp_path)
    assert scan.results["TPL010"]["outcome"] == "not assessed"
    assert "is there, and the directory shows nothing of it" in scan.results["TPL010"]["reason"]
    (defect,) = (one for one in CATALOGUE if one.name == "templates-web-hidden-from-the-scanner")
    assert {id for id, one in scan.results.items() if one["outcome"] == "not assessed"} == {
        *USER_ONLY,
        *defect.outcomes,
    }


SALTED = "host/cm01.corp.contoso.com/key-files"
"""It holds the hash of a PFX."""
OF_THE_PLACE = {
    ".cer": {"path"},
    ".pfx": {"path", "sha256", "size", "friendly_name"},
    ".log": {"path"},
    ".lo_": {"path"},
}
"""What is said about a file that depends on where it was read, or on who wrote it: openssl salts a PFX, and names its
certificate as it names the key's container."""


def answers(path: Path) -> dict[str, tuple[str, dict[str, Any], bytes]]:
    """Request, what was said about the answer, and its content, by the observation's id."""
    recording = Recording.load(path)
    try:
        return {id: _answer(recording, id) for id in recording.ids("") if recording.observation(id).answer}
    finally:
        recording.close()


def _answer(recording: Recording, id: str) -> tuple[str, dict[str, Any], bytes]:
    one = recording.observation(id)
    own = OF_THE_PLACE.get(id[-4:], set())
    content = b"".join(recording.chunks(id))
    request = one.request
    if id.startswith("dns/"):
        content = _said(content)
    if id.startswith("site/SMS_"):
        request = request.partition("?")[0].partition("(")[0]  # the estate does not say which columns are asked for
    return request, {name: value for name, value in one.about.items() if name not in own}, content


def _said(lines: bytes) -> bytes:
    """Answers of DNS without what differs from server to server: order, compression, flags and additional sections."""
    found = []
    for line in map(msgspec.json.decode, lines.splitlines()):
        message = dns.message.from_wire(base64.b64decode(line["wire"]))
        found.append((line["query"], message.rcode(), sorted(str(one) for one in message.answer)))
    return repr(found).encode()


def test_both_ways_give_the_same_files(healthy, tmp_path):
    *_, scan = healthy
    found, lab = answers(scan.source), answers(record(contoso(), tmp_path / "lab"))
    assert set(found) == set(lab)
    differing = {id for id, one in found.items() if one != lab[id] and not id.endswith("/clock")}
    assert differing == {SALTED}
