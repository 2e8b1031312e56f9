"""What the OCSP responders of Contoso's CAs say (RFC 6960): signed, dated by the recording, the same to the byte.

The public CA has named a responder, whose certificate comes along; the own CAs sign for themselves.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from msgspec import Struct

from comgmt_audit import design as designs
from comgmt_audit.recording import Absence, Reason, RecordingWriter
from comgmt_audit.sources import responders
from tests.lab import pki
from tests.lab.names import days

if TYPE_CHECKING:
    from tests.lab.estate import Estate

_STATUSES = {
    "good": ocsp.OCSPCertStatus.GOOD,
    "revoked": ocsp.OCSPCertStatus.REVOKED,
    "unknown": ocsp.OCSPCertStatus.UNKNOWN,
}
_REFUSALS = {
    "malformed request": ocsp.OCSPResponseStatus.MALFORMED_REQUEST,
    "internal error": ocsp.OCSPResponseStatus.INTERNAL_ERROR,
    "try later": ocsp.OCSPResponseStatus.TRY_LATER,
    "signature required": ocsp.OCSPResponseStatus.SIG_REQUIRED,
    "unauthorized": ocsp.OCSPResponseStatus.UNAUTHORIZED,
}
REVOKED_DAYS_AGO = 3


class Ocsp(Struct, frozen=True, kw_only=True):
    """How the public CA's responder answers. Days are counted from the recording."""

    statuses: dict[str, str] = {}
    """``good``, ``revoked`` or ``unknown``, by role; whom it does not name is good."""
    refusal: str = ""
    """What it says in place of an answer, such as ``try later``."""
    signer: str = "ocsp-responder"
    """The role whose key signs."""
    sent: tuple[str, ...] = ("ocsp-responder",)
    """The roles whose certificates come along."""
    of: str = ""
    """The role of which it speaks, whoever was asked about; empty: of that one."""
    days_before: float = 0.1
    days_after: float | None = 0.9
    status: int = 200
    """Of HTTP."""


class Question(Struct, frozen=True, kw_only=True):
    """A request about one certificate."""

    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    algorithm: hashes.HashAlgorithm
    nonce: x509.OCSPNonce | None = None

    @classmethod
    def about(cls, estate: Estate, role: str, algorithm: hashes.HashAlgorithm | None = None) -> Question:
        """The one that is asked about a role's certificate."""
        issuer = pki.issuers(estate, role)[0]
        pair = pki.certificate(estate, role), pki.certificate(estate, issuer)
        return cls.of(ocsp.OCSPRequestBuilder().add_certificate(*pair, algorithm or hashes.SHA1()).build())

    @classmethod
    def of(cls, request: ocsp.OCSPRequest) -> Question:
        """What a request asks."""
        nonces = [one.value for one in request.extensions if isinstance(one.value, x509.OCSPNonce)]
        return cls(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial=request.serial_number,
            algorithm=request.hash_algorithm,
            nonce=nonces[0] if nonces else None,
        )


def refused(refusal: str) -> bytes:
    """A response without an answer."""
    return ocsp.OCSPResponseBuilder.build_unsuccessful(_REFUSALS[refusal]).public_bytes(Encoding.DER)


def answer(estate: Estate, question: Question, authority: str, status: str) -> bytes:
    """The DER of the response for a CA."""
    own = estate.ocsp if authority == "public-issuing" else Ocsp(signer=authority, sent=())
    if own.refusal:
        return refused(own.refusal)
    if own.of:
        question = Question.about(estate, own.of, question.algorithm)
    revoked = status == "revoked"
    later = estate.days_later
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=question.issuer_name_hash,
            issuer_key_hash=question.issuer_key_hash,
            serial_number=question.serial,
            algorithm=question.algorithm,
            cert_status=_STATUSES[status],
            this_update=days(later - own.days_before),
            next_update=None if own.days_after is None else days(later + own.days_after),
            revocation_time=days(-REVOKED_DAYS_AGO) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, pki.certificate(estate, own.signer))
    )
    if own.sent:
        builder = builder.certificates([pki.certificate(estate, role) for role in own.sent])
    if question.nonce:
        builder = builder.add_extension(question.nonce, critical=False)
    key = pki.key(pki.issued(estate, own.signer).key or own.signer)
    assert isinstance(key, rsa.RSAPrivateKey)
    return _produced(builder.sign(key, hashes.SHA256()), days(later - own.days_before), key)


def _produced(signed: ocsp.OCSPResponse, at: dt.datetime, key: rsa.RSAPrivateKey) -> bytes:
    """The same response as if it had been made then: `cryptography` dates it by the clock."""
    body = signed.tbs_response_bytes
    dated = body.replace(_generalized(signed.produced_at_utc), _generalized(at), 1)
    signature = key.sign(dated, padding.PKCS1v15(), hashes.SHA256())
    return signed.public_bytes(Encoding.DER).replace(body, dated).replace(signed.signature, signature)


def _generalized(time: dt.datetime) -> bytes:
    return b"\x18\x0f" + time.strftime("%Y%m%d%H%M%SZ").encode("ascii")


def urls(estate: Estate, role: str) -> list[str]:
    """The responders that a role's certificate names."""
    for extension in pki.certificate(estate, role).extensions:
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            access = (one for one in extension.value if one.access_method == AuthorityInformationAccessOID.OCSP)
            return [str(one.access_location.value) for one in access]
    return []


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Ask the responders of the cloud services' certificates, from both vantages."""
    wanted = designs.from_mapping(estate.design, "the lab's design").distribution_point.wanted
    for role in ("gateway", "distribution-point") if wanted else ("gateway",):
        for url in urls(estate, role):
            for vantage in ("inside", "outside"):
                _record(estate, writer, role, url, vantage)


def _record(estate: Estate, writer: RecordingWriter, role: str, url: str, vantage: str) -> None:
    serial = f"{pki.certificate(estate, role).serial_number:X}"
    about: dict[str, Any] = {"vantage": vantage, "url": url, "serial": serial, "status": estate.ocsp.status}
    id = f"ocsp/{vantage}/{pki.thumbprint(estate, role)}/{url}"
    rest = {"source": "ocsp", "request": f"POST {url} (OCSP, serial {serial})"}
    if (status := estate.ocsp.status) != 200:
        reason = Reason.ABSENT if status in {404, 410} else Reason.UNREACHABLE
        writer.absent(id, Absence(reason=reason, detail=f"HTTP {status}", status=status), about=about, **rest)
        return
    der = _for_role(estate, role)
    writer.pem(id, [responders.block(der).decode("ascii")], about=about | {"bytes": len(der)}, **rest)


def _for_role(estate: Estate, role: str) -> bytes:
    authority = pki.issuers(estate, role)[0]
    return answer(estate, Question.about(estate, role), authority, estate.ocsp.statuses.get(role, "good"))
