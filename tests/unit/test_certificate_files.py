"""Certificate files: real ones that OpenSSL wrote, and everything that is none."""

from __future__ import annotations

import base64
import subprocess
import warnings
from pathlib import Path

import certifi
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyasn1.codec.der import decoder, encoder
from pyasn1_modules import rfc7292

from comgmt_audit.design import Design
from comgmt_audit.errors import EvidenceError
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources import certificate_files
from comgmt_audit.sources.pkcs12 import structure
from tests.lab import pki, real_files
from tests.lab.certificates import SCHANNEL, pfx_about
from tests.lab.estate import contoso, contoso_2018
from tests.lab.names import NOW

KEYS = Path(pki.__file__).parent / "keys"
PASSWORD = "Canary-7f3a-Ünï"
ESTATE = contoso(
    certificates__gateway_pfx__friendly_name="ConfigMgrCloudMGServer",
    certificates__gateway_pfx__key_container="ConfigMgrCloudMGServer",
)
FILE = "ConfigMgrCloudMGServer.pfx"
AES, LEGACY, TRIPLE_DES = "PBES2/AES-256-CBC/HMAC-SHA-256", "PBE-SHA1-RC2-40", "PBE-SHA1-3DES"
WINDOWS = ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "SHA1"]
NAMED = ["-CSP", SCHANNEL, "-LMK", "-keyex", "-name", "ConfigMgrCloudMGServer"]

needs_openssl = pytest.mark.skipif(bool(real_files.missing()), reason=real_files.missing())


@pytest.fixture
def export(tmp_path):
    """Write a PFX with the openssl command, and return its path."""

    def run(*options, password=PASSWORD, role="gateway", key="gateway", chain=True, estate=ESTATE, name=FILE):
        leaf, issuers = tmp_path / "leaf.pem", tmp_path / "issuers.pem"
        leaf.write_text(pki.pem(estate, role))
        issuers.write_text("".join(pki.pem(estate, above) for above in pki.issuers(estate, role)))
        command = ["openssl", "pkcs12", "-export", "-in", leaf, "-passout", f"pass:{password}", "-out", tmp_path / name]
        command += ["-nokeys"] if key is None else ["-inkey", KEYS / f"{key}.pem"]
        command += ["-certfile", issuers] if chain else []
        subprocess.run([*command, *options], check=True, capture_output=True)
        return tmp_path / name

    return run


def made(password: bytes | None = b"x", key="gateway") -> bytes:
    """A PFX without the openssl command."""
    issuers = [pki.certificate(ESTATE, role) for role in pki.issuers(ESTATE, "gateway")]
    encryption: KeySerializationEncryption = NoEncryption()
    if password:
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1)
        encryption = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).build(password)
    return pkcs12.serialize_key_and_certificates(
        b"n", pki.key(key), pki.certificate(ESTATE, "gateway"), issuers, encryption
    )


def written(tmp_path: Path, content: bytes | str, name: str = "file.cer") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.openssl
@needs_openssl
def test_the_lab_records_what_the_source_reads_of_a_real_file(export):
    """Both ways give the same: what the tests rest on is what a user's file gives."""
    read = certificate_files.read(export(*NAMED, *WINDOWS), PASSWORD)
    expected = pfx_about(ESTATE, FILE, ESTATE.certificates.gateway_pfx)
    salted = {"path", "size", "sha256"}
    assert {key: value for key, value in read.about.items() if key not in salted} == {
        key: value for key, value in expected.items() if key not in salted
    }
    assert read.about.keys() == expected.keys()
    assert "".join(read.certificates) == "".join(
        pki.pem(ESTATE, r) for r in ("gateway", *pki.issuers(ESTATE, "gateway"))
    )


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize(
    ("options", "key_encryption", "certificate_encryption", "mac"),
    [
        ([], AES, AES, "SHA-256"),
        (["-legacy"], TRIPLE_DES, LEGACY, "SHA-1"),
        (WINDOWS, TRIPLE_DES, TRIPLE_DES, "SHA-1"),
        (["-keypbe", "AES-128-CBC", "-macalg", "SHA512"], AES.replace("256-CBC", "128-CBC"), AES, "SHA-512"),
        (["-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40", "-legacy"], LEGACY, LEGACY, "SHA-1"),
        (["-keypbe", "NONE", "-certpbe", "NONE"], "none", "none", "SHA-256"),
        (["-nomac"], AES, "none", "none"),
    ],
    ids=["aes", "legacy", "windows", "aes-128", "rc2", "clear", "no mac"],
)
def test_every_encryption_is_named_and_opened(export, options, key_encryption, certificate_encryption, mac):
    path = export(*NAMED, *options)
    about = certificate_files.read(path, PASSWORD).about
    assert (about["key_encryption"], about["certificate_encryption"], about["mac"]) == (
        key_encryption,
        certificate_encryption,
        mac,
    )
    assert (about["opened"], about["has_private_key"], about["key_matches"]) == (True, True, True)
    assert about["certificates"] == 3
    assert about["key_provider"] == SCHANNEL


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize("password", [None, "wrong"])
@pytest.mark.parametrize("options", [[], ["-legacy"], WINDOWS], ids=["aes", "legacy", "windows"])
def test_without_the_password_the_clear_part_is_read(export, options, password):
    about = certificate_files.read(export(*NAMED, *options), password).about
    assert about["opened"] is (None if password is None else False)
    assert (about["has_private_key"], about["key_matches"], about["certificates"]) == (True, None, 0)
    assert (about["key_provider"], about["machine_key_set"], about["protected"]) == (SCHANNEL, True, True)


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize(
    ("options", "key_spec"), [(["-keyex"], "exchange"), (["-keysig"], "signature"), ([], None)], ids=["ex", "sig", "-"]
)
@pytest.mark.parametrize("encryption", [[], WINDOWS], ids=["aes", "3des"])
def test_the_purpose_of_the_key_is_inside_it(export, options, key_spec, encryption):
    assert certificate_files.read(export(*options, *encryption), PASSWORD).about["key_spec"] == key_spec


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize("password", [None, "", "anything"])
def test_an_empty_password_protects_nothing(export, password):
    about = certificate_files.read(export(password=""), password).about
    assert (about["protected"], about["opened"], about["certificates"]) == (False, True, 3)


@pytest.mark.openssl
@needs_openssl
def test_a_pfx_without_a_key_shows_so_only_with_the_password(export):
    path = export(key=None)
    assert certificate_files.read(path, PASSWORD).about["has_private_key"] is False
    assert certificate_files.read(path).about["has_private_key"] is None


@pytest.mark.openssl
@needs_openssl
def test_a_management_certificate_has_its_friendly_name(export):
    estate = contoso_2018()
    path = export("-name", "AzureManagementCert", role="management", key="management", chain=False, estate=estate)
    about = certificate_files.read(path, PASSWORD).about
    assert (about["friendly_name"], about["certificates"], about["key_provider"]) == ("AzureManagementCert", 1, None)


def test_the_key_of_another_certificate_does_not_match(tmp_path):
    """OpenSSL refuses to write such a file, so it is put together from two."""
    about = certificate_files.read(written(tmp_path, _mismatched()), "x").about
    assert (about["has_private_key"], about["key_matches"]) == (True, False)


def _mismatched() -> bytes:
    issuers = [pki.certificate(ESTATE, role) for role in ("gateway", "public-issuing")]
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1)
    encryption = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).build(b"x")
    return pkcs12.serialize_key_and_certificates(b"n", pki.key("rsa-2048"), None, issuers, encryption)


@pytest.mark.openssl
@needs_openssl
@pytest.mark.parametrize("password", [PASSWORD, "Canary-wrong"])
@pytest.mark.parametrize("options", [[], WINDOWS, ["-keypbe", "NONE", "-certpbe", "NONE"]])
def test_neither_password_nor_key_leave_the_source(export, tmp_path, password, options):
    path = export(*NAMED, *options)
    read = certificate_files.read(path, password)
    seen = repr(read) + msgspec.json.encode(read.about).decode() + repr(structure(path.read_bytes(), FILE))
    with RecordingWriter(tmp_path / "recording", recorded_at=NOW, design=Design()) as writer:
        certificate_files.observe(writer, [path], {FILE: password})
    for file in (tmp_path / "recording").rglob("*.*"):
        seen += file.read_text()
    key = pki.key("gateway").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert "Canary" not in seen
    # The private exponent begins some 300 bytes in; what stands before it is in the certificate as well.
    assert base64.b64encode(key)[560:620].decode() not in seen.replace("\n", "")
    assert repr(key[420:436])[2:-1] not in seen


@pytest.mark.parametrize(
    ("content", "container", "encoding"),
    [
        (pki.der(ESTATE, "root"), "certificate", "DER"),
        (pki.pem(ESTATE, "root"), "certificate", "PEM"),
        (base64.encodebytes(pki.der(ESTATE, "root")), "certificate", "PEM"),
        (pki.pem(ESTATE, "root").encode("utf-16"), "certificate", "PEM"),
        (
            "\ufeffBag Attributes\n    friendlyName: x\n" + pki.pem(ESTATE, "root").replace("\n", "\r\n"),
            "certificate",
            "PEM",
        ),
        (pki.pem(ESTATE, "root") + pki.pem(ESTATE, "issuing"), "certificates", "PEM"),
        (pkcs7.serialize_certificates([pki.certificate(ESTATE, "root")], Encoding.DER), "pkcs7", "DER"),
        (pkcs7.serialize_certificates([pki.certificate(ESTATE, "root")], Encoding.PEM), "certificate", "PEM"),
    ],
    ids=["der", "pem", "bare base64", "utf-16", "bom and comments", "two", "p7b", "p7b in pem"],
)
def test_a_public_file_is_known_by_its_content(tmp_path, content, container, encoding):
    read = certificate_files.read(written(tmp_path, content))
    assert (read.about["container"], read.about["encoding"], read.about["has_private_key"]) == (
        container,
        encoding,
        False,
    )
    assert read.certificates[0] == pki.pem(ESTATE, "root")


def test_of_a_pem_file_with_a_key_only_the_certificate_is_kept(tmp_path):
    key = (KEYS / "gateway.pem").read_text()
    read = certificate_files.read(written(tmp_path, key + pki.pem(ESTATE, "gateway")))
    assert read.about["has_private_key"] is True
    assert read.certificates == (pki.pem(ESTATE, "gateway"),)
    assert key.splitlines()[5] not in repr(read)


def test_all_public_roots_are_read(tmp_path):
    read = certificate_files.read(Path(certifi.where()))
    assert len(read.certificates) == read.about["certificates"] > 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"MZ\x90\x00", "neither a certificate nor a PFX"),
        (b"<html>", "neither a certificate nor a PFX"),
        (b"\x00\x00\x00\x00CERT", "neither a certificate nor a PFX"),
        (pki.der(ESTATE, "root")[:-10], "cut off: 10 bytes are missing"),
        (made()[:-100], "cut off: 100 bytes are missing"),
        (pki.pem(ESTATE, "root")[:300], "the file is cut off"),
        (pki.der(ESTATE, "root") + b"\x00", "not an X.509 certificate, or it is damaged"),
        (b"\x30\x03\x02\x01\x03", "damaged inside"),
        (b"\x30\x0a\x02\x01\x03\x30\x05\x06\x03\x2a\x03\x04", "damaged inside"),
        ((KEYS / "gateway.pem").read_bytes(), "holds a private key and no certificate"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "holds x509 crl and no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not an X.509 certificate"),
        (b"-----BEGIN PKCS7-----\nMAAA\n-----END PKCS7-----\n", "begins like a .p7b"),
    ],
)
def test_what_is_no_certificate_file_says_why(tmp_path, content, message):
    with pytest.raises(EvidenceError, match=message):
        certificate_files.read(written(tmp_path, content))


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(certificate_files, "MAX_SIZE", 100)
    with pytest.raises(EvidenceError, match="larger than 100 bytes"):
        certificate_files.read(written(tmp_path, pki.der(ESTATE, "root")))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(EvidenceError, match="No such file"):
        certificate_files.read(tmp_path / "gone.cer")
    with pytest.raises(EvidenceError, match="cannot be read"):
        certificate_files.read(tmp_path)


def test_a_file_that_asks_for_hours_of_key_derivation_is_refused(tmp_path):
    """The count of rounds is under the control of whoever wrote the file."""
    pfx, _ = decoder.decode(made(), asn1Spec=rfc7292.PFX())
    pfx["macData"]["iterations"] = 2**31 - 1
    with pytest.raises(EvidenceError, match="rounds of key derivation"):
        certificate_files.read(written(tmp_path, encoder.encode(pfx), "hostile.pfx"), "x")


@pytest.mark.openssl
@needs_openssl
def test_without_certificate_privacy_the_certificates_need_no_password(export):
    read = certificate_files.read(export("-certpbe", "NONE"))
    assert (read.about["opened"], read.about["certificate_encryption"], read.about["key_matches"]) == (
        None,
        "none",
        None,
    )
    assert read.certificates == tuple(pki.pem(ESTATE, r) for r in ("gateway", *pki.issuers(ESTATE, "gateway")))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(place=st.integers(0, 2**16), value=st.integers(0, 255))
def test_any_changed_byte_of_a_pfx_is_read_or_named(tmp_path, place, value):
    content = bytearray(made())
    content[place % len(content)] = value
    try:
        read = certificate_files.read(written(tmp_path, bytes(content), "x.pfx"), "x")
    except EvidenceError as error:
        assert "x.pfx" in error.message
    else:
        assert all(x509.load_pem_x509_certificate(block.encode()) for block in read.certificates)


def _public():
    root, client = (x509.load_der_x509_certificate(pki.der(ESTATE, role)) for role in ("root", "client"))
    return (
        pki.der(ESTATE, "root"),
        pki.pem(ESTATE, "client").encode(),
        pkcs7.serialize_certificates([client, root], Encoding.DER),
        pkcs12.serialize_key_and_certificates(b"", pki.key("client"), client, [root], NoEncryption()),
    )


PUBLIC = _public()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(
    content=st.sampled_from(PUBLIC), places=st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 7)), min_size=1)
)
def test_any_turned_bit_of_a_file_is_read_or_named(tmp_path, content, places):
    changed = bytearray(content)
    for place, bit in places[:3]:
        changed[place % len(changed)] ^= 1 << bit
    try:
        read = certificate_files.read(written(tmp_path, bytes(changed), "x.cer"))
    except EvidenceError as error:
        assert "x.cer" in error.message
    else:
        for block in read.certificates:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a serial of zero or less is read, and warned about
                found = x509.load_pem_x509_certificate(block.encode())
            assert found.subject is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (bytes.fromhex("a003020102"), bytes.fromhex("a00302010a")),  # version 11: no error of the family ValueError
        (b"Contoso", b"\xffontoso"),  # a name that is no UTF-8, and is parsed when it is asked for
    ],
)
@pytest.mark.parametrize("content", PUBLIC, ids=["der", "pem", "p7b", "pfx"])
def test_what_is_parsed_late_is_refused_early(tmp_path, content, old, new):
    if content.startswith(b"-----"):
        pem = x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER).replace(old, new)
        changed = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(pem) + b"-----END CERTIFICATE-----\n"
    else:
        changed = content.replace(old, new)
    assert changed != content
    with pytest.raises(EvidenceError, match=r"^x\.cer: "):
        certificate_files.read(written(tmp_path, changed, "x.cer"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_that_begin_like_a_pfx_are_named(tmp_path, content):
    with pytest.raises(EvidenceError):
        certificate_files.read(written(tmp_path, b"\x30\x80\x02\x01\x03" + content, "x.pfx"), "x")


def test_observations_are_named_by_file_in_lower_case_and_say_why_one_is_missing(tmp_path):
    files = [written(tmp_path, made(), "Service.PFX"), written(tmp_path, b"MZ", "Broken.cer")]
    told: list[str] = []
    with RecordingWriter(tmp_path / "recording", recorded_at=NOW, design=Design()) as writer:
        certificate_files.observe(writer, files, {"service.pfx": "x"}, told.append)
    recording = Recording.load(tmp_path / "recording")
    assert recording.ids("certificate-file/") == ["certificate-file/broken.cer", "certificate-file/service.pfx"]
    assert recording.observation("certificate-file/service.pfx").about["opened"] is True
    absence = recording.observation("certificate-file/broken.cer").absence
    assert absence is not None
    assert "neither a certificate nor a PFX" in absence.detail
    assert told == ["Broken.cer", "Service.PFX"]
    recording.close()


def test_two_files_of_one_name_are_refused(tmp_path):
    (tmp_path / "other").mkdir()
    files = [written(tmp_path, made(), "a.pfx"), written(tmp_path / "other", made(), "A.pfx")]
    with (
        pytest.raises(EvidenceError, match="have the same name"),
        RecordingWriter(tmp_path / "recording", recorded_at=NOW, design=Design()) as writer,
    ):
        certificate_files.observe(writer, files, {})
