"""What the console and the site server show, handed in as files: real certificates, and texts as Windows has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comgmt_audit.sources import site_files
from comgmt_audit.sources.site_files import (
    DEFAULT_SETTINGS,
    GATEWAY_CERTIFICATES,
    MANAGEMENT_CERTIFICATES,
    TRUSTED_ROOTS,
)
from tests.lab import pki
from tests.lab.estate import contoso
from tests.sources.files_session import absences, probed, recorded

TCF = """[SMSClientProperties]
SMSSiteCode=PS1
SMSPublicRootKey=0602000000A40000525341310008000001000100
CertificateIssuers=CN=Contoso Root CA; OU=Servers; O=Contoso, Ltd; C=US | CN=Litware Corporate Root CA; O=Litware, Inc.
"""
ISSUERS = ["CN=Contoso Root CA; OU=Servers; O=Contoso, Ltd; C=US", "CN=Litware Corporate Root CA; O=Litware, Inc."]
SETTINGS = {"AllowCloudDP": "True", "AllowCMG": "True", "AutoAADJoin": "False"}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "collected"
    place.mkdir()
    for role in ("root", "issuing"):
        (place / f"{role}.cer").write_bytes(pki.der(contoso(), role))
    (place / "mobileclient.tcf").write_text(TCF, encoding="utf-8")
    (place / "cloud.json").write_text(json.dumps(SETTINGS | {"Secret": "x"}), encoding="utf-16")
    return place


def read(tmp_path, **files):
    """The recording of these files, each by its name in the folder."""
    at = tmp_path / "collected"
    stated: dict[str, Any] = {
        key: str(at / value) if isinstance(value, str) else tuple(str(at / one) for one in value)
        for key, value in files.items()
    }
    return recorded(tmp_path / "recording", site_files, **stated)


def rows(recording):
    return [row for _, row in recording.lines(TRUSTED_ROOTS, dict)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_trusted_roots_are_those_of_mobileclient_tcf_and_nothing_else_of_it_is_kept(folder, tmp_path, encoding):
    (folder / "mobileclient.tcf").write_text(TCF.replace("\n", "\r\n"), encoding=encoding)
    recording = read(tmp_path, trusted_roots=["mobileclient.tcf"])
    assert [row["Subject"] for row in rows(recording)] == ISSUERS
    assert b"0602" not in b"".join(recording.chunks(TRUSTED_ROOTS))


def test_certificates_of_the_roots_tell_their_thumbprints(folder, tmp_path):
    recording = read(tmp_path, trusted_roots=["root.cer", "root.cer"])
    assert rows(recording) == [{"Subject": "CN=Contoso Root CA", "Thumbprint": pki.thumbprint(contoso(), "root")}]


def test_an_empty_list_is_said_to_be_empty(folder, tmp_path):
    recording = read(tmp_path, trusted_roots=[], gateway_certificates=[])
    assert rows(recording) == []
    assert recording.pem(GATEWAY_CERTIFICATES) == b""


def test_what_was_uploaded_is_kept_as_it_is_and_once(folder, tmp_path):
    recording = read(tmp_path, gateway_certificates=["root.cer", "issuing.cer", "root.cer"])
    expected = [pki.pem(contoso(), role) for role in ("root", "issuing")]
    assert recording.pem(GATEWAY_CERTIFICATES).decode() == "".join(expected)
    assert recording.observation(GATEWAY_CERTIFICATES).request == "files root.cer, issuing.cer, root.cer"


def test_a_folder_gives_its_certificate_files(folder, tmp_path):
    pem = read(tmp_path, gateway_certificates=["."]).pem(GATEWAY_CERTIFICATES)
    assert pem.count(b"BEGIN CERTIFICATE") == 2


def test_of_the_default_settings_only_the_known_ones_are_kept(folder, tmp_path):
    recording = read(tmp_path, default_client_settings="cloud.json")
    assert recording.json(DEFAULT_SETTINGS, dict) == SETTINGS


@pytest.mark.parametrize("text", ["{0}\n", "{0}\r\n\r\n{0}", " " + ":".join(["{0}"])])
def test_management_certificates_are_files_or_thumbprints(folder, tmp_path, text):
    known = pki.thumbprint(contoso(), "root")
    (folder / "list.txt").write_text(text.format(known.lower()), encoding="utf-8")
    recording = read(tmp_path, management_certificates=["root.cer", "list.txt"])
    found = [row["thumbprint"] for _, row in recording.lines(MANAGEMENT_CERTIFICATES, dict)]
    assert set(found) == {known}
    assert len(found) == 1 + text.count("{0}")


def test_what_nobody_handed_in_says_what_to_do(tmp_path):
    recording = read(tmp_path)
    ids = (TRUSTED_ROOTS, GATEWAY_CERTIFICATES, DEFAULT_SETTINGS)
    assert absences(recording) == dict.fromkeys(ids, ("unreachable", "nobody has handed it in"))
    absence = recording.observation(GATEWAY_CERTIFICATES).absence
    assert absence
    assert "connect.files.gateway_certificates" in absence.cure


@pytest.mark.parametrize(
    ("key", "name", "content", "why"),
    [
        ("trusted_roots", "a.tcf", b"SMSSiteCode=PS1", "a.tcf: has no attribute CertificateIssuers."),
        ("trusted_roots", "a.tcf", TCF.encode() * 2, "a.tcf: has several attributes CertificateIssuers."),
        ("trusted_roots", "a.tcf", b"x" * (1024**2 + 1), "a.tcf: is larger than 1048576 bytes."),
        ("trusted_roots", "a.tcf", None, "a.tcf: No such file or directory"),
        ("trusted_roots", "a.cer", b"no", "a.cer"),
        ("gateway_certificates", "a.cer", b"no", "a.cer"),
        ("gateway_certificates", "a.cer", None, "a.cer: cannot be read: No such file or directory."),
        ("gateway_certificates", "empty", "folder", "empty: there is no certificate file in it."),
        ("management_certificates", "a.txt", b"AA", "a.txt: not every line is a SHA-1 thumbprint"),
        ("management_certificates", "a.txt", None, "a.txt: No such file or directory"),
        ("default_client_settings", "a.json", b"[]", "a.json: is no JSON object with AllowCMG"),
        ("default_client_settings", "a.json", b"{", "a.json: is no JSON object with AllowCMG"),
        ("default_client_settings", "a.json", b'{"AllowCMG": {}}', "a.json: is no JSON object with AllowCMG"),
        ("default_client_settings", "a.json", b"[" * 20_000, "a.json: is no JSON object with AllowCMG"),
        ("default_client_settings", "a.json", None, "a.json: No such file or directory"),
    ],
)
def test_what_cannot_be_read_names_the_file(folder, tmp_path, key, name, content, why):
    if content == "folder":
        (folder / name).mkdir()
    elif content is not None:
        (folder / name).write_bytes(content)
    one = name if key == "default_client_settings" else [name]
    recording = read(tmp_path, **{key: one})
    ((reason, detail),) = [found for found in absences(recording).values() if found[0] == "unreadable"]
    assert reason == "unreadable"
    assert why in detail
    stated: Any = str(folder / name) if isinstance(one, str) else (str(folder / name),)
    (probe,) = probed(site_files, None, **{key: stated})
    assert not probe.answers
    assert why in probe.detail
    assert probe.cure


def test_doctor_says_what_is_there(folder):
    found = probed(site_files, gateway_certificates=(str(folder),), default_client_settings=str(folder / "cloud.json"))
    assert [(probe.answers, probe.detail) for probe in found] == [
        (True, "site/gateway-certificates: 2"),
        (True, "site/default-client-settings: 3"),
    ]
    assert probed(site_files) == []


def test_a_file_with_a_private_key_is_refused(folder, tmp_path, monkeypatch):
    from comgmt_audit.sources import certificate_files

    read_file = certificate_files.read

    def with_key(path):
        found = read_file(path)
        return certificate_files.CertificateFile(
            certificates=found.certificates, about=found.about | {"container": "pkcs12"}
        )

    monkeypatch.setattr(certificate_files, "read", with_key)
    assert absences(read(tmp_path, gateway_certificates=["root.cer"]))[GATEWAY_CERTIFICATES] == (
        "unreadable",
        "root.cer: holds a private key.",
    )
