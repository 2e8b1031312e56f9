"""What OCSP responders say of the certificates in use, and whether it counts (RFC 6960; ``docs/recording/ocsp.md``)."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import functools
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.in_use import CertificatesInUse
from comgmt_audit.facts.revocation import is_web
from comgmt_audit.facts.x509 import Certificate, certificate, signed_by
from comgmt_audit.model import Evidence

if TYPE_CHECKING:
    from cryptography.x509 import ocsp

NEED = "ocsp/"
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
"""The extended key usage of a responder that a CA has named (RFC 6960, section 4.2.2.2): *any use* does not do."""

_MOST = 20
"""Answers and certificates in one response that are looked at: real ones have one."""
_REFUSALS = {
    "MALFORMED_REQUEST": "malformed request",
    "INTERNAL_ERROR": "internal error",
    "TRY_LATER": "try later",
    "SIG_REQUIRED": "signature required",
    "UNAUTHORIZED": "unauthorized",
}
"""What a responder says in place of an answer (RFC 6960, section 4.2.1), by the names of ``cryptography``."""


class OcspAnswer(Struct, frozen=True, kw_only=True):
    """What one responder, asked from one vantage, says of a certificate. Times are UTC.

    ``refusal``: in place of an answer, such as ``unauthorized``. ``status``: ``good``, ``revoked`` or ``unknown``;
    empty: it says nothing of this certificate. ``signer``: whose key signed, the issuer or whom it named; ``None``:
    nobody who may, and ``unsigned`` says why. ``unseen``: why nothing came.
    """

    certificate: Certificate
    issuer: Certificate
    url: str
    vantage: str
    evidence: Evidence
    asked: dt.datetime | None = None
    refusal: str = ""
    status: str = ""
    revoked: dt.datetime | None = None
    this_update: dt.datetime | None = None
    next_update: dt.datetime | None = None
    signer: Certificate | None = None
    unsigned: str = ""
    unseen: Unseen | None = None

    @property
    def label(self) -> str:
        """The certificate, the responder and the vantage."""
        return f"{self.certificate.common_name or self.certificate.label} at {self.url} ({self.vantage})"

    @property
    def answered(self) -> bool:
        """Came more than a refusal?"""
        return self.unseen is None and not self.refusal

    @property
    def gone(self) -> bool:
        """Does the server say that no responder is there?"""
        return self.unseen is not None and self.unseen.absent


class OcspAnswers(Struct, frozen=True, kw_only=True):
    """The answers of every responder that a certificate in use names over HTTP."""

    needs: ClassVar[tuple[str, ...]] = (*CertificatesInUse.needs, NEED)
    answers: tuple[OcspAnswer, ...]
    unseen: tuple[Unseen, ...]

    def __iter__(self) -> Iterator[OcspAnswer]:
        return iter(self.answers)

    @classmethod
    def read(cls, environment: Environment) -> OcspAnswers:
        """All of them; never raises, for each answer is judged by itself."""
        used = environment.fact(CertificatesInUse)
        linked = {child.der for child, _ in used.links}
        orphans = (one for one in used.issued if one.der not in linked and any(map(is_web, one.ocsp_urls)))
        return cls(
            answers=tuple(
                _answer(environment, used, child, issuer, url)
                for child, issuer in used.links
                for url in filter(is_web, dict.fromkeys(child.ocsp_urls))
            ),
            unseen=(*used.unseen, *map(_orphan, orphans)),
        )


def _orphan(one: Certificate) -> Unseen:
    return Unseen(
        label=f"OCSP of {one.label}",
        evidence=one.evidence,
        why=f"the certificate of {one.issuer_text} was not seen, without which nobody can ask about what it issued",
        cure="Export the certificate file with its whole path, or publish the CA in the forest with `certutil "
        "-dspublish`. Then record again.",
    )


def _answer(
    environment: Environment, used: CertificatesInUse, child: Certificate, issuer: Certificate, url: str
) -> OcspAnswer:
    named = functools.partial(_id, child, url)
    vantage = used.vantage(environment, child, named)
    id = named(vantage)
    known: dict[str, Any] = {"certificate": child, "issuer": issuer, "url": url, "vantage": vantage}
    known["evidence"] = Evidence(id)
    try:
        if not environment.recording.has(id):
            cure = "Record the source ocsp (connect.web) with the certificates that name the responder."
            raise NotRecorded(f"the responder was not asked from {vantage}", cure, id)
        content, asked = environment.recording.pem(id), environment.recording.observation(id).at
        return OcspAnswer(**known, asked=asked, **_said(content, id, child, issuer, asked))
    except FactUnavailable as error:
        label = f"{child.common_name or child.label} at {url} ({vantage})"
        return OcspAnswer(**known, unseen=Unseen.of(label, error, environment))


def _id(child: Certificate, url: str, vantage: str) -> str:
    return f"{NEED}{vantage}/{child.thumbprint}/{url}"


def _said(pem: bytes, id: str, child: Certificate, issuer: Certificate, asked: dt.datetime) -> dict[str, Any]:
    """The fields of an answer. Raises Unreadable."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import ocsp

    _, _, rest = pem.partition(b"-----BEGIN OCSP RESPONSE-----")
    text, _, _ = rest.partition(b"-----END OCSP RESPONSE-----")
    try:
        # Everything is parsed when it is asked for, so any of these can be what is refused.
        response = ocsp.load_der_ocsp_response(base64.b64decode(b"".join(text.split()), validate=True))
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return {"refusal": _REFUSALS[response.response_status.name]}
        signer, unsigned = _signer(response, id, issuer, asked)
        return {"signer": signer, "unsigned": unsigned, **_about(response, child, issuer)}
    except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, binascii.Error):
        raise Unreadable("what came is no OCSP answer", "Ask the responder with `certutil -url`.", id) from None


def _about(response: ocsp.OCSPResponse, child: Certificate, issuer: Certificate) -> dict[str, Any]:
    """What the response says of this very certificate; nothing where it speaks of others."""
    from cryptography import x509
    from cryptography.x509 import ocsp

    pair = x509.load_der_x509_certificate(child.der), x509.load_der_x509_certificate(issuer.der)
    for one in islice(response.responses, _MOST):
        own = ocsp.OCSPRequestBuilder().add_certificate(*pair, one.hash_algorithm).build()
        same = own.serial_number == one.serial_number and own.issuer_name_hash == one.issuer_name_hash
        if same and own.issuer_key_hash == one.issuer_key_hash:
            return {
                "status": one.certificate_status.name.lower(),
                "revoked": one.revocation_time_utc,
                "this_update": one.this_update_utc,
                "next_update": one.next_update_utc,
            }
    return {}


def _signer(
    response: ocsp.OCSPResponse, id: str, issuer: Certificate, asked: dt.datetime
) -> tuple[Certificate | None, str]:
    """Whose key signed, if the issuer allows that (RFC 6960, section 4.2.2.2); otherwise why it does not count."""
    from cryptography.hazmat.primitives.serialization import Encoding

    if _verifies(response, issuer):
        return issuer, ""
    for number, parsed in enumerate(islice(response.certificates, _MOST), 1):
        one = certificate(parsed.public_bytes(Encoding.DER), id, number)
        if not _verifies(response, one):
            continue
        name = one.label
        if not signed_by(one, issuer):
            return None, f"{name} signed it, which {issuer.label} has not issued"
        if OCSP_SIGNING not in (one.usages or ()):
            return None, f"{name} signed it, whose certificate is not for OCSP Signing ({OCSP_SIGNING})"
        if not one.not_before <= asked <= one.not_after:
            return None, f"{name} signed it, valid from {one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d} only"
        return one, ""
    return None, f"neither {issuer.label} nor a responder that it named signed it"


def _verifies(response: ocsp.OCSPResponse, signer: Certificate) -> bool:
    """Does the key verify the response's signature?"""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if not signer.key_hash:
        return False  # of an algorithm that is not known
    key: Any = x509.load_der_x509_certificate(signer.der).public_key()
    for parameters in _parameters(response, key):
        try:
            key.verify(response.signature, response.tbs_response_bytes, *parameters)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
            continue
        return True
    return False


def _parameters(response: ocsp.OCSPResponse, key: object) -> list[tuple[Any, ...]]:
    """What a key of that kind needs to verify. Of RSA with PSS it is not shown which hash, so that each is tried."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.x509.oid import SignatureAlgorithmOID

    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        known = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
        return [(padding.PSS(padding.MGF1(one), padding.PSS.AUTO), one) for one in known]
    try:
        digest = response.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return []
    if isinstance(key, rsa.RSAPublicKey):
        return [(padding.PKCS1v15(), digest)]
    if isinstance(key, ec.EllipticCurvePublicKey):
        return [(ec.ECDSA(digest),)] if digest else []  # an algorithm without one is none of this key
    return [()]
