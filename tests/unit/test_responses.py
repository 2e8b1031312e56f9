"""OCSP answers as facts: whatever came is read or refused, and nothing counts that nobody vouches for."""

from __future__ import annotations

import base64
import contextlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.ocsp import load_der_ocsp_response
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ
from pyasn1_modules import rfc2560

from comgmt_audit.errors import Unreadable
from comgmt_audit.facts.responses import _said
from comgmt_audit.facts.x509 import certificate
from comgmt_audit.sources.responders import block
from tests.lab import ocsp, pki
from tests.lab.estate import Estate, contoso
from tests.lab.names import NOW, days

CHILD, ISSUER = (certificate(pki.der(contoso(), role), "x") for role in ("gateway", "public-issuing"))


def response(estate: Estate, status: str = "good", asked: str = "gateway") -> bytes:
    return ocsp.answer(estate, ocsp.Question.about(estate, asked), "public-issuing", status)


def read(der: bytes):
    return _said(block(der), "ocsp/inside/x", CHILD, ISSUER, NOW)


GOOD = response(contoso())


def test_an_answer_says_all_that_it_carries():
    found = read(GOOD)
    assert (found["status"], found["revoked"]) == ("good", None)
    assert (found["this_update"], found["next_update"]) == (days(-0.1), days(0.9))
    assert (found["signer"].common_name, found["unsigned"]) == ("Northwind Trust OCSP 7", "")
    assert read(response(contoso(), "revoked"))["revoked"] == days(-ocsp.REVOKED_DAYS_AGO)


def test_the_issuer_itself_may_sign():
    assert read(response(contoso(ocsp__signer="public-issuing", ocsp__sent=())))["signer"] == ISSUER


@pytest.mark.parametrize(
    ("estate", "why"),
    [
        (contoso(ocsp__signer="client", ocsp__sent=("client",)), "which Northwind Trust TLS CA 1 has not issued"),
        (contoso(ocsp__signer="gateway", ocsp__sent=("gateway",)), "is not for OCSP Signing"),
        (contoso(certificates__ocsp_responder__days_after=-1), "valid from"),
        (contoso(ocsp__sent=()), "neither Northwind Trust TLS CA 1 nor a responder that it named signed it"),
    ],
)
def test_who_signed_without_leave_is_named(estate, why):
    found = read(response(estate))
    assert found["signer"] is None
    assert why in found["unsigned"]


def resigned(identifier: str, signature: bytes) -> bytes:
    """The same answer with another signature over it."""
    response, _ = decoder.decode(GOOD, asn1Spec=rfc2560.OCSPResponse())
    basic, _ = decoder.decode(response["responseBytes"]["response"], asn1Spec=rfc2560.BasicOCSPResponse())
    algorithm = basic["signatureAlgorithm"].clone()
    algorithm["algorithm"] = identifier
    basic["signatureAlgorithm"] = algorithm
    basic["signature"] = univ.BitString(hexValue=signature.hex())
    response["responseBytes"]["response"] = encoder.encode(basic)
    return bytes(encoder.encode(response))


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA512()], ids=["SHA-256", "SHA-512"])
def test_a_signature_with_pss_counts(digest):
    key, body = pki.key("ocsp-responder"), load_der_ocsp_response(GOOD).tbs_response_bytes
    assert isinstance(key, rsa.RSAPrivateKey)
    pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
    assert read(resigned("1.2.840.113549.1.1.10", key.sign(body, pss, digest)))["signer"]
    assert read(resigned("1.2.840.113549.1.1.10", key.sign(body + b"x", pss, digest)))["signer"] is None
    assert read(resigned("1.2.840.113549.1.1.10", key.sign(body, padding.PKCS1v15(), digest)))["signer"] is None


@pytest.mark.parametrize(
    "identifier", ["1.2.3.4", "1.2.840.10045.4.3.2", "1.3.101.112"], ids=["unknown", "EC", "Ed25519"]
)
def test_a_signature_of_another_algorithm_does_not_count(identifier):
    assert read(resigned(identifier, b"x" * 256))["signer"] is None


def test_an_answer_about_another_certificate_says_nothing_of_this_one():
    assert "status" not in read(response(contoso(), asked="ocsp-responder"))
    assert "status" not in read(ocsp.answer(contoso(), ocsp.Question.about(contoso(), "client"), "issuing", "good"))


@pytest.mark.parametrize(
    "name", ["unauthorized", "try later", "internal error", "malformed request", "signature required"]
)
def test_a_refusal_is_named(name):
    assert read(ocsp.refused(name)) == {"refusal": name}


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN OCSP RESPONSE-----", block(b""), block(b"<html>"), b"\xff" * 50])
def test_what_is_no_answer_is_unreadable(pem):
    with pytest.raises(Unreadable):
        _said(pem, "ocsp/inside/x", CHILD, ISSUER, NOW)


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_damaged_answer_is_refused_or_does_not_count_or_is_the_same(position, change):
    damaged = bytearray(GOOD)
    damaged[position] ^= change
    try:
        found = read(bytes(damaged))
    except Unreadable:
        return
    counts = found.get("signer") is not None and found.get("status") == "good"
    # The signature covers the answer and not what stands around it, such as the certificates that come along.
    assert not counts or (found["this_update"], found["next_update"]) == (days(-0.1), days(0.9))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content):
    pem = b"-----BEGIN OCSP RESPONSE-----\n" + base64.b64encode(content) + b"\n-----END OCSP RESPONSE-----\n"
    with contextlib.suppress(Unreadable):
        assert set(_said(pem, "x", CHILD, ISSUER, NOW)) <= {"refusal"}
