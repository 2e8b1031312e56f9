"""Certificates as facts: read right for every public root, and never a traceback for a hostile one."""

from __future__ import annotations

import base64
import contextlib
import warnings
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.errors import Unreadable
from comgmt_audit.facts.x509 import Certificate, bmp_text, certificate, certificates, covers, path, signed_by, under
from tests.lab import pki
from tests.lab.estate import contoso

ESTATE = contoso()
GATEWAY = pki.der(ESTATE, "gateway")


def lab(role: str, estate=ESTATE) -> Certificate:
    return certificate(pki.der(estate, role), "test")


@pytest.fixture(scope="module")
def roots() -> list[tuple[Certificate, x509.Certificate]]:
    content = Path(certifi.where()).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(zip(certificates(content, "certifi"), x509.load_pem_x509_certificates(content), strict=True))


def test_every_root_of_the_public_list_is_a_valid_self_signed_ca(roots):
    assert len(roots) > 100
    for ours, _ in roots:
        assert (ours.is_ca, ours.self_signed) == (True, True), ours.label
        assert ours.not_before < ours.not_after
        assert path(ours, [other for other, _ in roots]) == (ours,)


def test_every_root_says_what_cryptography_says(roots):
    for ours, theirs in roots:
        key = theirs.public_key()
        kind = "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC"
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        assert (ours.key_type, ours.key_bits) == (kind, key.key_size)
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert ours.der == theirs.public_bytes(Encoding.DER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a serial of zero
            assert ours.serial == f"{theirs.serial_number:X}"
        assert len(ours.fingerprint) == 64
        assert len(ours.thumbprint) == 40


def test_a_certificate_says_all_that_it_carries():
    client = lab("client")
    assert client.subject == (("CN", "PC001.corp.contoso.com"),)
    assert client.issuer_text == "CN=Contoso Issuing CA 1,DC=corp,DC=contoso,DC=com"
    assert client.dns_names == client.names == ("PC001.corp.contoso.com",)
    assert client.usages == ("1.3.6.1.5.5.7.3.2",)
    assert client.key_usage == ("digital_signature", "key_encipherment")
    assert client.template == ESTATE.names.client_template_oid
    assert client.crl_urls[0].startswith("ldap:///CN=Contoso%20Issuing%20CA%201,CN=CA01,CN=CDP,")
    assert client.crl_urls[1] == "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl"
    assert client.issuer_urls[1].endswith("/CertEnroll/CA01.corp.contoso.com_Contoso%20Issuing%20CA%201.crt")
    assert (client.is_ca, client.self_signed, client.signature_hash) == (False, False, "sha256")
    assert client.authority_id == lab("issuing").subject_id != ""
    assert client.thumbprint == pki.thumbprint(ESTATE, "client")


def test_a_path_is_found_in_any_order_and_proved_by_signatures():
    pool = [lab(role) for role in ("root", "public-root", "issuing-2", "issuing", "client")]
    assert [link.common_name for link in path(lab("client"), pool)] == [
        "PC001.corp.contoso.com",
        "Contoso Issuing CA 1",
        "Contoso Root CA",
    ]
    assert signed_by(lab("client"), lab("issuing"))
    assert not signed_by(lab("client"), lab("issuing-2"))


def test_among_issuers_of_one_name_the_one_that_signed_is_taken():
    renewed = contoso(certificates__issuing__key="rsa-2048")
    pool = [lab("issuing", renewed), lab("root"), lab("issuing")]
    assert path(lab("client"), pool)[1] == lab("issuing")


def test_a_leaf_that_is_named_like_a_ca_signs_nothing():
    pool = [lab("issuing", contoso(certificates__issuing__authority=False)), lab("root")]
    assert path(lab("client"), pool) == (lab("client"),)


def test_sha1_signatures_are_verified_though_weak():
    old = contoso(certificates__issuing__signature_hash="sha1", certificates__root__signature_hash="sha1")
    assert lab("root", old).self_signed
    assert len(path(lab("client", old), [lab("issuing", old), lab("root", old)])) == 3


def test_cross_certified_authorities_end():
    """Two CAs that certify each other: no path to a root, and no endless search."""
    one = contoso(certificates__issuing__issuer="issuing-2")
    other = contoso(certificates__issuing_2__issuer="issuing")
    pool = [lab("issuing", one), lab("issuing-2", other)]
    assert len(path(lab("client", one), pool)) == 3


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("cmg.contoso.com", "CMG.contoso.com", True),
        ("cmg.contoso.com.", "cmg.contoso.com", True),
        ("*.contoso.com", "cmg.contoso.com", True),
        ("*.contoso.com", "a.cmg.contoso.com", False),
        ("*.contoso.com", "contoso.com", False),
        ("*.com", "contoso.com", False),
        ("*", "contoso", False),
        ("c*.contoso.com", "cmg.contoso.com", False),
        ("cmg.contoso.com", "cmg.contoso.com.evil.example", False),
        ("cmg.contoso.com", "", False),
        ("", "", False),
        ("*.contoso.com", ".contoso.com", False),
    ],
)
def test_names_are_compared_label_by_label(pattern, name, expected):
    assert covers(pattern, name) is expected


@pytest.mark.parametrize(
    ("name", "suffix", "expected"),
    [
        ("x.cloudapp.net", "cloudapp.net", True),
        ("X.CloudApp.NET.", "cloudapp.net", True),
        ("x.evilcloudapp.net", "cloudapp.net", False),
        ("cloudapp.net", "cloudapp.net", False),
        ("x.cloudapp.net.contoso.com", "cloudapp.net", False),
        (".cloudapp.net", "cloudapp.net", False),
    ],
)
def test_a_suffix_is_whole_labels(name, suffix, expected):
    assert under(name, suffix) is expected


def test_damaged_base64_names_the_block():
    good = pki.pem(ESTATE, "root")
    bad = "-----BEGIN CERTIFICATE-----\n*not base64*\n-----END CERTIFICATE-----\n"
    with pytest.raises(Unreadable, match="certificate 2 cannot be read: its Base64 is damaged"):
        certificates((good + bad).encode(), "test")


def test_text_without_certificates_has_none():
    assert certificates(b"<html>Not found</html>", "test") == ()


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", GATEWAY[:-1], b"A" * 500])
def test_what_is_no_certificate_is_unreadable(der):
    with pytest.raises(Unreadable, match="certificate 1 cannot be read"):
        certificate(der, "test")


def test_an_extension_that_is_there_twice_is_unreadable():
    usage = bytes.fromhex("30130603551d25040c300a06082b06010505070301")
    assert GATEWAY.count(usage) == 1
    subject_id = GATEWAY.index(bytes.fromhex("301d0603551d0e"))
    twice = GATEWAY[:subject_id] + GATEWAY[subject_id:].replace(
        bytes.fromhex("0603551d25"), bytes.fromhex("0603551d0e")
    )
    with pytest.raises(Unreadable):
        certificate(twice, "test")


@given(place=st.integers(0, len(GATEWAY) - 1), value=st.integers(0, 255))
def test_any_changed_byte_is_read_or_unreadable(place, value):
    changed = bytearray(GATEWAY)
    changed[place] = value
    with contextlib.suppress(Unreadable):
        certificate(bytes(changed), "test")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_unreadable(content):
    block = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(content) + b"\n-----END CERTIFICATE-----\n"
    with pytest.raises(Unreadable):
        certificates(block, "test")


@pytest.mark.parametrize(
    ("der", "text"),
    [
        (b"\x1e\x12" + "WebServer".encode("utf-16-be"), "WebServer"),
        (b"\x0c\x03abc", None),
        (b"\x1e\x05ab", None),
        (b"", None),
    ],
)
def test_template_names_are_bmp_strings(der, text):
    assert bmp_text(der) == text
