"""Canaries in every answer and input of a live scan: none is in a recording, a report, on the terminal, or in a log."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from comgmt_audit import cli, live_cli, recorder
from comgmt_audit.recording import Recording
from comgmt_audit.sources import http, sign_in
from tests.lab.estate import contoso
from tests.lab.live import toml_keys
from tests.lab.names import NOW
from tests.lab.servers import admin_service, cloud
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.cloud_tokens import SCOPES

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")

MISSING = cloud.missing() or admin_service.missing()
lab = pytest.mark.skipif(bool(MISSING), reason=MISSING)

CANARY = "CANARY-7f3a9c-0d1e2f3a4b5c"
JWT = f"eyJ0eXAiOiJKV1QifQ.{CANARY}.{CANARY}"
SAS = f"https://contoso.blob.core.windows.net/x?sv=2024&sig={CANARY}%3D"
LEAKS = (
    f"client_secret={CANARY} and access_token: {CANARY}",
    f"Authorization: Bearer {CANARY}{CANARY}",
    JWT,
    SAS,
    f"ccmsetup /regtoken:{CANARY} /mp:x",
    f"Set-Cookie: session={CANARY}",
)
"""What others write into logs, outputs and errors."""
FORMATS = ("html", "junit", "json", "markdown", "csv", "sarif", "ics")
FIELDS = ("secretText", "key", "sasUrl", "password", "hint", "listKeys", "properties.secret")
"""Properties that nobody asked for; a service may send them with every object."""


@pytest.fixture
def toml(tmp_path, monkeypatch) -> Iterator[Path]:
    """A live estate, and the comgmt.toml that leads to it; the folder ``private`` holds what must stay there."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(NOW.timestamp())))
    monkeypatch.setenv("LAB_TOKEN", CANARY)
    monkeypatch.setenv("LAB_PASSWORD", CANARY)
    sign_in.sign_in.cache_clear()
    private, estate = tmp_path / "private", contoso()
    for name in ("cloud", "site", "certificates", "logs"):
        (private / name).mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (private / "certificates" / "leaked.pem").write_bytes(key)
    text = "\r\n".join((*LEAKS, key.decode()))
    (private / "logs" / "CloudMgr.log").write_text(text, encoding="utf-8")
    (private / "logs" / "SMS_AZUREAD_DISCOVERY_AGENT.log").write_text(text, encoding="utf-16")
    line = f'CCMSETUPCMD="/regtoken:{CANARY} CCMHOSTNAME=cmg.contoso.com/CCM_Proxy_MutualAuth/1 SMSSITECODE=PS1"'
    faults = [
        *(Fault(kind="altered", path="", field=name, value=CANARY, times=None) for name in FIELDS),
        Fault(kind="altered", path="mobileApps", field="commandLine", value=line, times=None),
    ]
    with (
        cloud.running(estate, private / "cloud", faults=faults, scp=SCOPES) as at,
        admin_service.running(estate, private / "site", bearer=CANARY) as site,
    ):
        monkeypatch.setattr(sign_in, "credential", lambda *_: at.credential())
        sections: dict[str, Any] = {name: value for name, value in estate.design.items() if isinstance(value, dict)}
        top = {name: value for name, value in estate.design.items() if name not in sections}
        sections["connect.cloud"] = {
            "graph_root": at.graph_root,
            "arm_root": at.arm_root,
            "ca_file": str(at.ca_file),
            "sign_in": "client-secret",
            "secret": "env:LAB_PASSWORD",
        }
        sections["connect.admin_service"] = {
            "authentication": "bearer",
            "password": "env:LAB_TOKEN",
            "root": site.root,
            "ca_file": str(site.ca_file),
        }
        sections["connect.directory"] = {"use": False}
        sections["connect.web"] = {"use": False}
        sections["connect.files"] = {
            "certificates": [str(private / "certificates")],
            "certificate_password": "env:LAB_PASSWORD",
        }
        sections["connect.files.logs"] = {estate.names.site_server: str(private / "logs")}
        lines = toml_keys(top)
        for name, keys in sections.items():
            lines += [f"[{name}]", *(f"{json.dumps(key)} = {_value(value)}" for key, value in keys.items())]
        path = tmp_path / "comgmt.toml"
        path.write_text("\n".join(lines), encoding="utf-8")
        yield path


def _value(value: Any) -> str:
    return json.dumps(value)


def held(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, but for those that are the inputs."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "private" not in path.relative_to(folder).parts
    }


def free_of_secrets(name: str, content: bytes) -> None:
    # A JWT begins with {"typ or {"alg, and a PKCS#8 key of this curve always alike.
    for word in (CANARY, "eyJ0eXAi", "eyJhbGci", "MIGHAgEAMBMGByqGSM49"):
        assert word.encode() not in content, f"{word} is in {name}"
        assert word.encode("utf-16-le") not in content, f"{word} is in {name}"


@lab
def test_no_secret_is_in_a_recording_a_report_the_terminal_or_a_log(toml, tmp_path, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    out = tmp_path / "out"
    out.mkdir()
    files = [word for name in FORMATS for word in (f"--{name}", str(out / f"report.{name}"))]
    code = cli.main(["scan", str(toml), "--keep", str(out / "kept"), "--verbose", *files])
    shown = capsys.readouterr()
    assert code in {1, 3}, shown.err
    found = held(out)
    assert {f"report.{name}" for name in FORMATS} <= set(found)
    recording = Recording.load(out / "kept")
    sources = {one.source for one in recording.manifest.observations if one.answer}
    texts = {one.id: recording.text(one.id) for one in recording.manifest.observations if one.id.startswith("log/")}
    recording.close()
    assert {"graph", "arm", "site", "log"} <= sources
    assert all("***" in text for text in texts.values())
    assert len(texts) == 2
    for name, content in found.items():
        free_of_secrets(name, content)
    free_of_secrets("the terminal", (shown.out + shown.err).encode())
    free_of_secrets("the log", caplog.text.encode())


@lab
def test_doctor_shows_no_secret(toml, capsys, caplog):
    caplog.set_level(logging.DEBUG)
    cli.main(["doctor", str(toml)])
    shown = capsys.readouterr()
    assert "graph: answers as" in shown.out
    free_of_secrets("the terminal", (shown.out + shown.err).encode())
    free_of_secrets("the log", caplog.text.encode())


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("source", recorder.SOURCES)
def test_a_defect_in_a_source_shows_no_secret(tmp_path, capsys, caplog, monkeypatch, source, leak):
    """Neither in the recording, which says that there was one, nor on the terminal."""

    async def broken(_: object) -> None:
        raise ValueError(f"cannot parse {leak}")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("COMGMT_DEBUG", "1")
    modules = {name: importlib.import_module(f"comgmt_audit.sources.{name}") for name in recorder.SOURCES}
    for name, module in modules.items():
        monkeypatch.setattr(module, "record", broken if name == source else _nothing)
    toml = tmp_path / "comgmt.toml"
    toml.write_text("", encoding="utf-8")
    code = cli.main(["record", str(toml), "-o", str(tmp_path / "out" / "r")])
    shown = capsys.readouterr()
    assert code == live_cli.INCOMPLETE, shown.err
    recording = Recording.load(tmp_path / "out" / "r")
    what = f"a defect of comgmt-audit in the source {modules[source].NAME}: ValueError"
    assert what in recording.manifest.partial
    recording.close()
    for name, content in held(tmp_path / "out").items():
        free_of_secrets(name, content)
    free_of_secrets("the terminal", (shown.out + shown.err).encode())
    free_of_secrets("the log", caplog.text.encode())


async def _nothing(_: object) -> None:
    """A source that finds nothing to do."""


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("debug", ["", "1"])
def test_a_defect_of_the_command_shows_no_secret(tmp_path, capsys, monkeypatch, leak, debug):
    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"cannot parse {leak}")

    monkeypatch.setattr(live_cli, "record", broken)
    monkeypatch.setenv("COMGMT_DEBUG", debug)
    toml = tmp_path / "comgmt.toml"
    toml.write_text("", encoding="utf-8")
    code = cli.main(["record", str(toml), "-o", str(tmp_path / "r")])
    shown = capsys.readouterr()
    assert code == cli.DEFECT
    assert "a defect of comgmt-audit: ValueError: cannot parse" in shown.err
    assert ("Traceback" in shown.err) is bool(debug)
    free_of_secrets("the terminal", (shown.out + shown.err).encode())
