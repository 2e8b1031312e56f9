"""X.509 certificates (RFC 5280) as facts: what one says, and which one signed which.

Certificates are evidence from elsewhere: whatever `cryptography` refuses is Unreadable, and no name, date or extension
is taken from a certificate whose parts do not parse.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from comgmt_audit.errors import Unreadable
from comgmt_audit.model import Evidence

if TYPE_CHECKING:
    from cryptography import x509

SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2"
ANY_USAGE = "2.5.29.37.0"
"""Extended key usages (RFC 5280, section 4.2.1.12)."""

_TEMPLATE_NAME = "1.3.6.1.4.1.311.20.2"
"""The name of a version 1 template, a BMPString (wincrypt.h: szOID_ENROLL_CERTTYPE_EXTENSION)."""

_MAX_PATH = 8
_MAX_LINKS = 200
"""Certificates of a path and signatures that are tried to find it: real paths have three, and hostile ones no end."""

_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate. Times are UTC, fingerprints upper-case hex; what it does not carry is empty or ``None``."""

    label: str
    evidence: Evidence
    der: bytes
    subject: tuple[tuple[str, str], ...]
    """Attributes in order: ``("CN", "cmg.contoso.com")``; a type without a short name by its object identifier."""
    subject_text: str
    issuer_text: str
    serial: str
    not_before: dt.datetime
    not_after: dt.datetime
    key_type: str | None
    """``RSA``, ``EC``, or another algorithm's name; ``None`` where the key cannot be read."""
    key_bits: int | None
    signature_hash: str | None
    """``sha256``; ``None`` where the algorithm names none (Ed25519) or is unknown."""
    dns_names: tuple[str, ...] = ()
    usages: tuple[str, ...] | None = None
    """Object identifiers of the extended key usage; ``None``: no such extension, so any use."""
    key_usage: tuple[str, ...] | None = None
    is_ca: bool = False
    self_signed: bool = False
    """It names itself as its issuer, and its own key verifies its signature."""
    crl_urls: tuple[str, ...] = ()
    delta_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    template: str | None = None
    """Object identifier (version 2 and later) or name (version 1) of the AD CS template."""
    subject_id: str = ""
    authority_id: str = ""
    key_hash: str = ""
    """SHA-256 of the public key (SubjectPublicKeyInfo)."""

    @property
    def common_names(self) -> tuple[str, ...]:
        """All common names of the subject."""
        return tuple(value for kind, value in self.subject if kind == "CN")

    @property
    def common_name(self) -> str | None:
        """The common name; the last one where there are several, for it is the most specific."""
        return self.common_names[-1] if self.common_names else None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it can serve: the DNS names, and the common name."""
        return tuple(dict.fromkeys([*self.dns_names, *self.common_names]))

    @property
    def thumbprint(self) -> str:
        """SHA-1, as Windows and Azure show it."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @property
    def fingerprint(self) -> str:
        """SHA-256."""
        return hashlib.sha256(self.der).hexdigest().upper()

    def allows(self, usage: str) -> bool:
        """May its key be used so? Without the extension, or with *any*, every use is allowed."""
        return self.usages is None or usage in self.usages or ANY_USAGE in self.usages


def certificates(pem: bytes, observation: str) -> tuple[Certificate, ...]:
    """All certificates of PEM text, in order. Raises Unreadable, naming the block that cannot be read."""
    return tuple(certificate(der, observation, number) for number, der in enumerate(ders(pem, observation), 1))


def ders(pem: bytes, observation: str) -> Iterator[bytes]:
    """The certificates of PEM text as DER, not yet parsed. Raises Unreadable, naming the block that is damaged."""
    import base64
    import binascii
    import re

    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.DOTALL)
    for number, block in enumerate(blocks, 1):
        try:
            yield base64.b64decode(b"".join(block.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _unreadable(observation, number, "its Base64 is damaged") from None


def certificate(der: bytes, observation: str, number: int = 1) -> Certificate:
    """The certificate in DER. Raises Unreadable where it, or one of its extensions, cannot be read."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    refusals = (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        x509.InvalidVersion,
    )
    try:
        with warnings.catch_warnings():
            # Old roots break RFC 5280 in ways that are warned about (a serial of zero, NULL parameters).
            warnings.simplefilter("ignore")
            seen = _view(der)
    except refusals as error:
        raise _unreadable(observation, number, str(error).partition("\n")[0]) from None
    return msgspec.structs.replace(seen, evidence=Evidence(observation, f"certificate {number}", seen.subject_text))


def signed_by(child: Certificate, issuer: Certificate) -> bool:
    """Does the issuer's key verify the child's signature? SHA-1 counts: whether that is strong is another question."""
    return bool(issuer.key_hash) and _signed_by(child.der, issuer.der)


@functools.lru_cache(maxsize=512)
def _signed_by(child: bytes, issuer: bytes) -> bool:
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in certificate()
        signed = x509.load_der_x509_certificate(child)
        key = x509.load_der_x509_certificate(issuer).public_key()
    return verifies(key, signed, signed.tbs_certificate_bytes)


def path(leaf: Certificate, pool: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """The certificate and its issuers, each link verified by its signature; complete where the last is self-signed.

    Among several ways (renewed or cross-certified CAs) the first complete one; without one, the longest.
    """
    issuers: dict[str, list[Certificate]] = {}
    for candidate in dict.fromkeys(pool):
        if candidate.is_ca:
            issuers.setdefault(_folded(candidate.subject_text), []).append(candidate)
    longest: tuple[Certificate, ...] = (leaf,)
    for way in _paths((leaf,), issuers, iter(range(_MAX_LINKS))):
        if way[-1].self_signed:
            return way
        longest = max(longest, way, key=len)
    return longest


def _paths(
    way: tuple[Certificate, ...], issuers: dict[str, list[Certificate]], tried: Iterator[int]
) -> Iterator[tuple[Certificate, ...]]:
    yield way
    if way[-1].self_signed or len(way) >= _MAX_PATH:
        return
    for issuer in issuers.get(_folded(way[-1].issuer_text), ()):
        if any(issuer.der == link.der for link in way) or next(tried, None) is None:
            continue
        if signed_by(way[-1], issuer):
            yield from _paths((*way, issuer), issuers, tried)


def covers(pattern: str, name: str) -> bool:
    """Does a name of a certificate cover a host name? Label by label, without regard to case (RFC 9525, section 6.3).

    A wildcard stands alone as the first label, and for exactly one label.
    """
    pattern_labels, labels = pattern.rstrip(".").casefold().split("."), name.rstrip(".").casefold().split(".")
    if len(pattern_labels) != len(labels) or not all(labels):
        return False
    if pattern_labels[0] == "*":
        return len(labels) > 2 and pattern_labels[1:] == labels[1:]
    return pattern_labels == labels


def under(name: str, suffix: str) -> bool:
    """Is the name below the domain? By labels: ``x.evilcloudapp.net`` is not below ``cloudapp.net``."""
    labels, domain = name.rstrip(".").casefold().split("."), suffix.strip(".").casefold().split(".")
    return len(labels) > len(domain) and labels[-len(domain) :] == domain and all(labels)


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _unreadable(observation: str, number: int, why: str) -> Unreadable:
    return Unreadable(
        f"certificate {number} cannot be read: {why}",
        "Look at it with `certutil -dump`; export it again, or have it issued anew.",
        observation,
    )


def verifies(key: Any, signed: x509.Certificate | x509.CertificateRevocationList, body: bytes) -> bool:
    """Does a public key verify a certificate's or a CRL's signature over its *body*?

    `cryptography` has methods for that, which refuse SHA-1; a root of 2006 still signs its issuing CA.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signed.signature, body, signed.signature_algorithm_parameters, signed.signature_hash_algorithm)  # type: ignore[arg-type]  # None fails
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed.signature, body, signed.signature_algorithm_parameters)  # type: ignore[arg-type]  # as above
        else:
            key.verify(signed.signature, body)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, AttributeError):
        return False
    return True


@functools.lru_cache(maxsize=512)
def _view(der: bytes) -> Certificate:
    """What it says, wherever it was seen: files, stores and what is served show the same certificates again."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    parsed = x509.load_der_x509_certificate(der)
    subject = tuple((attribute.rfc4514_attribute_name, _plain(attribute.value)) for attribute in parsed.subject)
    subject_text, issuer_text = parsed.subject.rfc4514_string(), parsed.issuer.rfc4514_string()
    key = _key(parsed)
    key_bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if key else b""
    self_issued = parsed.subject == parsed.issuer
    return Certificate(
        label=next((value for kind, value in reversed(subject) if kind == "CN"), subject_text)
        or "nameless certificate",
        evidence=Evidence(""),
        der=der,
        subject=subject,
        subject_text=subject_text,
        issuer_text=issuer_text,
        serial=f"{parsed.serial_number:X}",
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        key_type=_key_type(key),
        key_bits=getattr(key, "key_size", None),
        signature_hash=_hash_name(parsed),
        self_signed=self_issued and key is not None and verifies(key, parsed, parsed.tbs_certificate_bytes),
        key_hash=hashlib.sha256(key_bytes).hexdigest().upper() if key else "",
        **_extensions(parsed),
    )


def _plain(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.hex()


def _key(parsed: x509.Certificate) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None  # an algorithm or curve of which only the name is known; everything else can still be judged


def _key_type(key: Any) -> str | None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if key is None:
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA"
    return "EC" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__.removesuffix("PublicKey")


def _hash_name(parsed: x509.Certificate | x509.CertificateRevocationList) -> str | None:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm else None


def _extensions(parsed: x509.Certificate) -> dict[str, Any]:
    """The fields of Certificate that come from extensions; those that it does not carry are left to their defaults."""
    from cryptography import x509

    found: dict[str, Any] = {}
    for extension in parsed.extensions:
        value = extension.value
        match value:
            case x509.SubjectAlternativeName():
                found["dns_names"] = tuple(value.get_values_for_type(x509.DNSName))
            case x509.ExtendedKeyUsage():
                found["usages"] = tuple(usage.dotted_string for usage in value)
            case x509.KeyUsage():
                found["key_usage"] = tuple(name for name in _KEY_USAGES if getattr(value, name))
            case x509.BasicConstraints():
                found["is_ca"] = value.ca
            case x509.CRLDistributionPoints():
                found["crl_urls"] = urls(value)
            case x509.FreshestCRL():
                found["delta_urls"] = urls(value)
            case x509.AuthorityInformationAccess():
                found.update(_access(value))
            case x509.MSCertificateTemplate():
                found["template"] = value.template_id.dotted_string
            case x509.SubjectKeyIdentifier():
                found["subject_id"] = value.digest.hex().upper()
            case x509.AuthorityKeyIdentifier():
                found["authority_id"] = (value.key_identifier or b"").hex().upper()
            case x509.UnrecognizedExtension() if extension.oid.dotted_string == _TEMPLATE_NAME:
                found.setdefault("template", bmp_text(value.value))
            case _:
                continue
    return found


def urls(points: Iterable[x509.DistributionPoint]) -> tuple[str, ...]:
    """The URLs of distribution points in order, as they stand there (a ``+`` stays a ``+``)."""
    from cryptography import x509

    names = (name for point in points for name in point.full_name or ())
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _access(value: x509.AuthorityInformationAccess) -> dict[str, tuple[str, ...]]:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    fields = {
        "issuer_urls": AuthorityInformationAccessOID.CA_ISSUERS,
        "ocsp_urls": AuthorityInformationAccessOID.OCSP,
    }
    return {
        field: tuple(
            access.access_location.value
            for access in value
            if access.access_method == method and isinstance(access.access_location, x509.UniformResourceIdentifier)
        )
        for field, method in fields.items()
    }


def bmp_text(der: bytes) -> str | None:
    """A DER BMPString of fewer than 128 bytes, as template names are; ``None`` where it is something else."""
    if len(der) < 2 or der[0] != 0x1E or der[1] >= 0x80 or len(der) != 2 + der[1]:
        return None
    return der[2:].decode("utf-16-be", errors="replace")
