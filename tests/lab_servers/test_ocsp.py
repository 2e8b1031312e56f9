"""The OCSP responder answers signed and to the point."""

from __future__ import annotations

import base64
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.lab import pki
from tests.lab.estate import contoso
from tests.lab.names import days
from tests.lab.ocsp import REVOKED_DAYS_AGO
from tests.lab.servers import ocsp as responder

pytestmark = pytest.mark.skipif(bool(responder.missing()), reason=responder.missing() or "all is there")

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def _request(subject: str, issuer: str, algorithm: hashes.HashAlgorithm | None = None) -> ocsp.OCSPRequestBuilder:
    estate = contoso()
    return ocsp.OCSPRequestBuilder().add_certificate(
        pki.certificate(estate, subject), pki.certificate(estate, issuer), algorithm or hashes.SHA1()
    )


def _post(address: responder.Address, body: bytes) -> ocsp.OCSPResponse:
    headers = {"Content-Type": "application/ocsp-request"}
    answer = httpx.post(address.url, content=body, headers=headers, trust_env=False)
    assert answer.headers["content-type"] == "application/ocsp-response"
    return ocsp.load_der_ocsp_response(answer.content)


def _ask(address: responder.Address, request: ocsp.OCSPRequestBuilder) -> ocsp.OCSPResponse:
    return _post(address, request.build().public_bytes(Encoding.DER))


@pytest.mark.parametrize(
    ("role", "issuer", "status"),
    [("client", "issuing", REVOKED), ("mp-client", "issuing", UNKNOWN), ("issuing", "root", GOOD)],
)
@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["SHA-1", "SHA-256"])
def test_each_certificate_has_the_status_it_was_given(role, issuer, status, algorithm):
    with responder.running(contoso(), {"client": "revoked", "mp-client": "unknown"}) as address:
        response = _ask(address, _request(role, issuer, algorithm))
    assert response.certificate_status is status
    assert response.serial_number == pki.certificate(contoso(), role).serial_number
    assert response.revocation_time_utc == (days(-REVOKED_DAYS_AGO) if status is REVOKED else None)
    assert response.this_update_utc < days(0) < (response.next_update_utc or days(0))


def test_the_issuer_signs():
    with responder.running(contoso()) as address:
        response = _ask(address, _request("client", "issuing"))
    key = pki.certificate(contoso(), "issuing").public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())


def test_the_nonce_comes_back():
    nonce = x509.OCSPNonce(b"0123456789abcdef")
    with responder.running(contoso()) as address:
        response = _ask(address, _request("client", "issuing").add_extension(nonce, critical=False))
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value == nonce


def test_it_answers_get_as_well():
    body = base64.b64encode(_request("client", "issuing").build().public_bytes(Encoding.DER)).decode()
    with responder.running(contoso()) as address:
        answer = httpx.get(f"{address.url}/{quote(body, safe='')}", trust_env=False)
    assert ocsp.load_der_ocsp_response(answer.content).certificate_status is GOOD


def test_a_serial_that_was_never_given_out_is_unknown():
    ours = _request("client", "issuing").build()
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        ours.issuer_name_hash, ours.issuer_key_hash, ours.serial_number + 1, ours.hash_algorithm
    )
    with responder.running(contoso()) as address:
        response = _ask(address, request)
    assert response.certificate_status is UNKNOWN


def test_for_another_ca_it_has_no_authority():
    with responder.running(contoso()) as address:
        response = _ask(address, _request("client", "client"))
    assert response.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


@pytest.mark.parametrize("body", [b"", b"<html>", b"\x30\x00"])
def test_what_is_no_request_is_malformed(body):
    with responder.running(contoso()) as address:
        assert _post(address, body).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_nothing_is_left_behind():
    with responder.running(contoso()) as address:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(address.url, trust_env=False)
