"""The named certificate files come into the recording; what cannot be read says why."""

from __future__ import annotations

import shutil

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from comgmt_audit import connections
from comgmt_audit.sources import certificates
from tests.lab import pki
from tests.lab.estate import contoso
from tests.sources.files_session import absences, probed, recorded

PEM = pki.pem(contoso(), "root")


@pytest.fixture
def folder(tmp_path):
    """A root, and something that is none of our business."""
    place = tmp_path / "certs"
    place.mkdir()
    (place / "Root.cer").write_text(PEM, encoding="ascii")
    (place / "notes.txt").write_text("nothing", encoding="ascii")
    return place


def test_files_and_folders_are_read_by_name(folder, tmp_path):
    other = tmp_path / "Other.crt"
    shutil.copy(folder / "Root.cer", other)
    recording = recorded(tmp_path / "r", certificates, certificates=(str(folder), str(other)))
    assert recording.ids("") == ["certificate-file/other.crt", "certificate-file/root.cer"]
    assert recording.pem("certificate-file/root.cer").split() == PEM.encode().split()


def test_two_files_of_one_name_are_refused_and_the_rest_is_read(folder, tmp_path):
    (tmp_path / "ROOT.cer").write_text(PEM, encoding="ascii")
    shutil.copy(folder / "Root.cer", folder / "third.cer")
    recording = recorded(tmp_path / "r", certificates, certificates=(str(folder), str(tmp_path / "ROOT.cer")))
    (reason, detail) = absences(recording).pop("certificate-file/root.cer")
    assert reason == "unreadable"
    assert "have the same name" in detail
    assert recording.pem("certificate-file/third.cer")


def test_a_file_that_is_not_there_is_an_absence(tmp_path):
    recording = recorded(tmp_path / "r", certificates, certificates=(str(tmp_path / "gone.pfx"),))
    assert absences(recording)["certificate-file/gone.pfx"][0] == "unreadable"


def test_a_password_that_cannot_be_had_stands_for_the_sealed_files_only(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    (folder / "cmg.pfx").write_bytes(b"0")
    places, password = (str(folder),), "env:NO_SUCH_PASSWORD"
    recording = recorded(tmp_path / "r", certificates, certificates=places, certificate_password=password)
    found = absences(recording)
    assert list(found) == ["certificate-file/cmg.pfx"]
    assert "NO_SUCH_PASSWORD is not set" in found["certificate-file/cmg.pfx"][1]
    (probe,) = probed(certificates, certificates=places, certificate_password=password)
    assert not probe.answers
    assert probe.cure


@pytest.fixture
def two_pfx(tmp_path, monkeypatch):
    """Two sealed files with different passwords, and where those are."""
    content = (pki.der(contoso(), "site-client"), pki.key("site-client"))
    place = tmp_path / "pfx"
    place.mkdir()
    for name in ("One.pfx", "Two.p12"):
        monkeypatch.setenv(f"PASSWORD_OF_{name[:3].upper()}", f"CANARY-{name}")
        sealed = pkcs12.serialize_key_and_certificates(
            name.encode(), content[1], x509.load_der_x509_certificate(content[0]), None,
            BestAvailableEncryption(f"CANARY-{name}".encode()),
        )  # fmt: skip
        (place / name).write_bytes(sealed)
    return place


def test_each_file_may_have_its_own_password(two_pfx, tmp_path):
    recording = recorded(
        tmp_path / "r",
        certificates,
        certificates=(str(two_pfx),),
        certificate_password="env:PASSWORD_OF_ONE",
        certificate_passwords={"TWO.P12": "env:PASSWORD_OF_TWO"},
    )
    for name in ("one.pfx", "two.p12"):
        about = recording.answered(f"certificate-file/{name}").about
        assert (about["opened"], about["key_matches"]) == (True, True)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file())
    assert b"CANARY" not in kept
    assert b"PRIVATE KEY" not in kept


def test_a_password_that_cannot_be_had_costs_its_own_file_only(two_pfx, tmp_path):
    passwords = {"one.pfx": "env:PASSWORD_OF_ONE", "two.p12": "env:NOT_SET_ANYWHERE"}
    recording = recorded(tmp_path / "r", certificates, certificates=(str(two_pfx),), certificate_passwords=passwords)
    assert recording.answered("certificate-file/one.pfx").about["opened"] is True
    (detail,) = (detail for _, detail in absences(recording).values())
    assert 'connect.files.certificate_passwords."two.p12"' in detail
    (probe,) = probed(certificates, certificates=(str(two_pfx),), certificate_passwords=passwords)
    assert not probe.answers
    assert "NOT_SET_ANYWHERE" in probe.detail


def test_a_secret_in_place_of_its_place_is_not_repeated(two_pfx, tmp_path):
    passwords = {"one.pfx": "CANARY-One.pfx"}
    recording = recorded(tmp_path / "r", certificates, certificates=(str(two_pfx),), certificate_passwords=passwords)
    assert "CANARY" not in str(recording.manifest)


def test_a_password_for_a_file_that_is_not_there_is_told(two_pfx):
    named = {"tow.p12": "env:PASSWORD_OF_TWO"}
    (probe,) = probed(certificates, certificates=(str(two_pfx),), certificate_passwords=named)
    assert (probe.answers, probe.detail) == (False, "tow.p12: no such file is handed in")


def test_the_files_that_hold_passwords_lie_beside_comgmt_toml(tmp_path):
    toml = tmp_path / "comgmt.toml"
    toml.write_text('[connect.files]\ncertificate_passwords = {"a.pfx" = "file:secret", "b.pfx" = "env:B"}\n')
    passwords = connections.load(toml).files.certificate_passwords
    assert passwords == {"a.pfx": f"file:{tmp_path / 'secret'}", "b.pfx": "env:B"}


def test_what_nobody_wants_is_not_read(folder, tmp_path):
    recording = recorded(tmp_path / "r", certificates, wanted=lambda _: False, certificates=(str(folder),))
    assert recording.ids("") == []


def test_the_probe_says_what_is_missing(folder, tmp_path):
    (there,) = probed(certificates, certificates=(str(folder),))
    assert (there.answers, there.detail) == (True, "1 certificate file")
    (gone,) = probed(certificates, certificates=(str(tmp_path / "gone"),))
    assert not gone.answers
    assert probed(certificates) == []
