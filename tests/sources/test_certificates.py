"""The named certificate files come into the recording; what cannot be read says why."""

from __future__ import annotations

import shutil

import pytest

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


def test_what_nobody_wants_is_not_read(folder, tmp_path):
    recording = recorded(tmp_path / "r", certificates, wanted=lambda _: False, certificates=(str(folder),))
    assert recording.ids("") == []


def test_the_probe_says_what_is_missing(folder, tmp_path):
    (there,) = probed(certificates, certificates=(str(folder),))
    assert (there.answers, there.detail) == (True, "1 certificate file")
    (gone,) = probed(certificates, certificates=(str(tmp_path / "gone"),))
    assert not gone.answers
    assert probed(certificates) == []
