"""Contoso's PKI: the certificate of each role, made of the estate's names and its part ``certificates``.

The own CA looks as Active Directory Certificate Services makes it (template, CDP with LDAP and HTTP, CA version); the
public one as a commercial CA does. Keys are fixed files, signatures PKCS#1 v1.5, serials a hash of the role, dates
relative to the recording: the same estate gives the same bytes. What was built is kept, for a signature costs about a
millisecond and there are hundreds of recordings in a test run.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from tests.lab.names import Names, days

if TYPE_CHECKING:
    from tests.lab.certificates import Issued, RevocationList
    from tests.lab.estate import Estate

ROLES = (
    "root",
    "issuing",
    "issuing-2",
    "public-root",
    "public-issuing",
    "gateway",
    "distribution-point",
    "management-point",
    "mp-client",
    "site-client",
    "client",
    "management",
    "ocsp-responder",
)
"""Every certificate that Contoso has."""

PUBLIC_BASE = "http://crl.northwindtrust.example"
RESPONDER = "http://ocsp.northwindtrust.example"
"""The OCSP responder of the public CA; the own CA has none."""
_KEYS = Path(__file__).parent / "keys"
_SUBJECT = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
}
_USAGES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
}
_HASHES: dict[str, hashes.SHA256 | hashes.SHA384] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384()}
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")
"""RFC 8017, appendix C: the object identifiers in DER."""
_NEXT_PUBLISH = x509.ObjectIdentifier("1.3.6.1.4.1.311.21.4")
_CA_VERSION = x509.ObjectIdentifier("1.3.6.1.4.1.311.21.1")
_OTHERS = 2**127
"""The first serial number of those that are of no interest: Windows CAs' numbers have 19 octets, all different."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(estate: Estate, role: str) -> x509.Certificate:
    """The certificate of a role."""
    return _build(_plan(estate, role))


def chain(estate: Estate, role: str) -> list[x509.Certificate]:
    """The certificate of a role and every issuer up to the self-signed root."""
    plans = [_plan(estate, role)]
    while (issuer := plans[-1].issuer) is not None:
        plans.append(issuer)
    return [_build(plan) for plan in plans]


def issuers(estate: Estate, role: str) -> tuple[str, ...]:
    """The roles of the CAs above a role, up to the root."""
    above = issued(estate, role).issuer
    return () if above == role else (above, *issuers(estate, above))


def crl(estate: Estate, wanted: RevocationList) -> str:
    """A revocation list of one of the CAs, in PEM."""
    serials = tuple((certificate(estate, role).serial_number, reason) for role, reason in wanted.revoked)
    return _revocation_list(_plan(estate, wanted.issuer), wanted, estate.names, serials, estate.days_later)


def crl_der(estate: Estate, wanted: RevocationList) -> bytes:
    """The same in DER."""
    return x509.load_pem_x509_crl(crl(estate, wanted).encode()).public_bytes(Encoding.DER)


def key(role: str) -> PrivateKey:
    """The private key of a role, or one of the keys for defects such as ``rsa-1024``."""
    return _key(role)


def thumbprint(estate: Estate, role: str) -> str:
    """SHA-1 of the certificate in upper-case hex, as Windows shows it."""
    return hashlib.sha1(der(estate, role)).hexdigest().upper()


def fingerprint(estate: Estate, role: str) -> str:
    """SHA-256 of the certificate in upper-case hex."""
    return hashlib.sha256(der(estate, role)).hexdigest().upper()


def der(estate: Estate, role: str) -> bytes:
    """The certificate of a role in DER."""
    return certificate(estate, role).public_bytes(Encoding.DER)


def pem(estate: Estate, role: str) -> str:
    """The certificate of a role in PEM."""
    return certificate(estate, role).public_bytes(Encoding.PEM).decode("ascii")


def issued(estate: Estate, role: str) -> Issued:
    """What the estate says of a role's certificate."""
    found: Issued = getattr(estate.certificates, role.replace("-", "_"))
    return found


def common_name(names: Names, role: str) -> str:
    """The common name that a role's certificate has in healthy Contoso."""
    return {
        "root": names.root_ca_name,
        "issuing": names.ca_name,
        "issuing-2": "Contoso Issuing CA 2",
        "public-root": "Northwind Trust Root R1",
        "public-issuing": "Northwind Trust TLS CA 1",
        "gateway": names.gateway_service,
        "distribution-point": names.distribution_service or "cdp.contoso.com",
        "management-point": names.management_point,
        "mp-client": names.management_point,
        "site-client": names.site_server,
        "client": names.client,
        "management": "AzureManagementCert",
        "ocsp-responder": "Northwind Trust OCSP 7",
    }[role]


def crl_url(names: Names, role: str, *, delta: bool = False) -> str:
    """Where the CA of that role publishes its base or delta CRL over HTTP: ``+`` before the suffix, blanks as %20."""
    base = PUBLIC_BASE if role.startswith("public") else names.crl_base
    return f"{base}/{quote(common_name(names, role))}{'+' if delta else ''}.crl"


def crl_directory_url(names: Names, role: str, *, delta: bool = False) -> str:
    """Where the own CA of that role publishes its base or delta CRL in the directory."""
    host = names.ca_server.partition(".")[0]
    attribute = "deltaRevocationList" if delta else "certificateRevocationList"
    query = f"{attribute}?base?objectClass=cRLDistributionPoint"
    return _directory_url(names, role, f"CN={host},CN=CDP", query)


def issuer_url(names: Names, role: str) -> str:
    """Where the CA of that role publishes its own certificate over HTTP."""
    return _issuer_urls(names, role)[-1]


def issuer_directory_url(names: Names, role: str) -> str:
    """Where the own CA of that role publishes its own certificate in the directory."""
    return _directory_url(names, role, "CN=AIA", "cACertificate?base?objectClass=certificationAuthority")


class _Plan(Struct, frozen=True, kw_only=True):
    """A certificate with nothing left open: two equal plans are the same certificate."""

    role: str
    issuer: _Plan | None
    subject: tuple[tuple[str, str], ...]
    common_name: str
    dns_names: tuple[str, ...]
    key: str
    signing_key: str
    days_before: float
    days_after: float
    usages: tuple[str, ...]
    authority: bool
    signature_hash: str
    template_oid: str
    crl_urls: tuple[str, ...]
    issuer_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]


def _plan(estate: Estate, role: str) -> _Plan:
    wanted, names = issued(estate, role), estate.names
    issuer = None if wanted.issuer == role else _plan(estate, wanted.issuer)
    own_ca = issuer is not None and not issuer.role.startswith("public")
    name = wanted.common_name or common_name(names, role)
    dns_names = (() if wanted.authority else (name,)) if wanted.dns_names is None else wanted.dns_names
    template = wanted.template_oid or (_template_oid(names, wanted.usages) if own_ca and not wanted.authority else "")
    urls = _default_crl_urls(names, issuer.role) if issuer else ()
    return _Plan(
        role=role,
        issuer=issuer,
        subject=wanted.subject or _default_subject(names, role),
        common_name=name,
        dns_names=dns_names,
        key=wanted.key or role,
        signing_key=wanted.signing_key or (issuer.key if issuer else wanted.key or role),
        days_before=wanted.days_before,
        days_after=wanted.days_after,
        usages=wanted.usages,
        authority=wanted.authority,
        signature_hash=wanted.signature_hash,
        template_oid="" if template == "none" else template,
        crl_urls=urls if wanted.crl_urls is None else wanted.crl_urls,
        issuer_urls=_issuer_urls(names, issuer.role) if issuer else (),
        ocsp_urls=_default_ocsp_urls(wanted, issuer) if wanted.ocsp_urls is None else wanted.ocsp_urls,
    )


def _default_ocsp_urls(wanted: Issued, issuer: _Plan | None) -> tuple[str, ...]:
    """A public CA names its responder in what it issues, and in the responder's own certificate not (no check)."""
    public = issuer is not None and issuer.role == "public-issuing"
    return (RESPONDER,) if public and "OCSPSigning" not in wanted.usages else ()


def _default_subject(names: Names, role: str) -> tuple[tuple[str, str], ...]:
    """An enterprise CA carries its domain; a public CA its company; the rest nothing but the common name."""
    if role.startswith("issuing"):
        return tuple(("DC", label) for label in reversed(names.ad_domain.split(".")))
    return (("C", "US"), ("O", "Northwind Trust")) if role.startswith("public") else ()


def _template_oid(names: Names, usages: tuple[str, ...]) -> str:
    return names.client_template_oid if "clientAuth" in usages else names.web_template_oid


def _directory_url(names: Names, role: str, container: str, query: str) -> str:
    """As AD CS writes it: an empty host means whatever domain controller is near."""
    domain = ",".join(f"DC={label}" for label in names.ad_domain.split("."))
    place = f"CN=Public Key Services,CN=Services,CN=Configuration,{domain}"
    return f"ldap:///CN={quote(common_name(names, role))},{container},{quote(place, safe='=,')}?{query}"


def _default_crl_urls(names: Names, role: str) -> tuple[str, ...]:
    if role.startswith("public"):
        return (crl_url(names, role),)
    return (crl_directory_url(names, role), crl_url(names, role))


def _issuer_urls(names: Names, role: str) -> tuple[str, ...]:
    if role.startswith("public"):
        return (f"{PUBLIC_BASE}/{quote(common_name(names, role))}.crt",)
    url = f"{names.crl_base}/{names.ca_server}_{quote(common_name(names, role))}.crt"
    # A root that is offline knows no directory: its administrator writes the address of a web server, and no other.
    return (url,) if role == "root" else (issuer_directory_url(names, role), url)


@functools.cache
def _key(name: str) -> PrivateKey:
    """Validating a key takes a tenth of a second; these were validated when they were made."""
    loaded = load_pem_private_key((_KEYS / f"{name}.pem").read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return loaded


@functools.lru_cache(maxsize=4096)
def _build(plan: _Plan) -> x509.Certificate:
    signer = _key(plan.signing_key)
    public = _key(plan.key).public_key()
    issuing_key = _key(plan.issuer.key if plan.issuer else plan.key).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(plan))
        .issuer_name(_name(plan.issuer or plan))
        .public_key(public)
        .serial_number(int.from_bytes(hashlib.sha256(plan.role.encode()).digest()[:16], "big") >> 1 | 1)
        .not_valid_before(days(-plan.days_before))
        .not_valid_after(days(plan.days_after))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    for extension, critical in _extensions(plan):
        builder = builder.add_extension(extension, critical)
    if plan.issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key)
        builder = builder.add_extension(identifier, critical=False)
    if plan.signature_hash == "sha1":
        return _signed_with_sha1(builder.sign(signer, hashes.SHA256()), signer)
    return builder.sign(signer, _HASHES[plan.signature_hash])


def _signed_with_sha1(signed: x509.Certificate, signer: PrivateKey) -> x509.Certificate:
    """The same certificate with an RSA SHA-1 signature, which `cryptography` reads and refuses to make.

    The two algorithm identifiers differ in their last byte only, so no length changes.
    """
    assert isinstance(signer, rsa.RSAPrivateKey)
    body = signed.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    signature = signer.sign(body, padding.PKCS1v15(), hashes.SHA1())
    whole = signed.public_bytes(Encoding.DER)
    whole = whole.replace(signed.tbs_certificate_bytes, body).replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    return x509.load_der_x509_certificate(whole.replace(signed.signature, signature))


def _extensions(plan: _Plan) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if plan.authority:
        found.append((x509.BasicConstraints(ca=True, path_length=None if plan.issuer is None else 0), True))
        found.append((_key_usage(signs_certificates=True), True))
        found.append((x509.UnrecognizedExtension(_CA_VERSION, b"\x02\x01\x00"), False))
    else:
        found.append((_key_usage(signs_certificates=False), True))
    if plan.usages:
        found.append((x509.ExtendedKeyUsage([_USAGES[usage] for usage in plan.usages]), False))
    if plan.dns_names:
        found.append((x509.SubjectAlternativeName([x509.DNSName(name) for name in plan.dns_names]), False))
    if plan.template_oid:
        found.append((x509.MSCertificateTemplate(x509.ObjectIdentifier(plan.template_oid), 100, 3), False))
    if plan.crl_urls:
        found.append((x509.CRLDistributionPoints([_point(plan.crl_urls)]), False))
    if "OCSPSigning" in plan.usages:
        found.append((x509.OCSPNoCheck(), False))
    if plan.issuer_urls:
        methods = [(AuthorityInformationAccessOID.OCSP, url) for url in plan.ocsp_urls]
        methods += [(AuthorityInformationAccessOID.CA_ISSUERS, url) for url in plan.issuer_urls]
        access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in methods]
        found.append((x509.AuthorityInformationAccess(access), False))
    return found


def _name(plan: _Plan) -> x509.Name:
    attributes = [x509.NameAttribute(_SUBJECT[kind], value) for kind, value in plan.subject]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, plan.common_name)])


def _point(urls: tuple[str, ...]) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(url) for url in urls], None, None, None)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


@functools.lru_cache(maxsize=4096)
def _revocation_list(
    issuer: _Plan, wanted: RevocationList, names: Names, revoked: tuple[tuple[int, str], ...], later: float
) -> str:
    authority = _key(issuer.key)
    url = crl_url(names, wanted.issuer, delta=True)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    builder = (
        x509.CertificateRevocationListBuilder(revoked_certificates=[*_entries(revoked, wanted.others_revoked)])
        .issuer_name(_name(issuer))
        .last_update(days(later - wanted.days_before))
        .next_update(days(later + wanted.days_after))
        .add_extension(identifier, critical=False)
        .add_extension(x509.CRLNumber(wanted.number), critical=False)
        .add_extension(x509.UnrecognizedExtension(_CA_VERSION, b"\x02\x01\x00"), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(_NEXT_PUBLISH, _utc_time(days(later + wanted.publish_after))), critical=False
        )
    )
    if wanted.base_number is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(wanted.base_number), critical=True)
    if wanted.freshest:
        urls = (crl_directory_url(names, wanted.issuer, delta=True),) if wanted.freshest_in_directory else (url,)
        builder = builder.add_extension(x509.FreshestCRL([_point(urls)]), critical=False)
    if wanted.scope:
        builder = builder.add_extension(_distribution_point(wanted.scope), critical=True)
    signed = builder.sign(_key(wanted.signing_key or issuer.key), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode("ascii")


def _entries(revoked: tuple[tuple[int, str], ...], others: int) -> Iterator[x509.RevokedCertificate]:
    """All at once: a builder copies its list for each one that is added."""
    for serial, reason in (*revoked, *((_OTHERS + number, "superseded") for number in range(others))):
        yield (
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(days(-3))
            .add_extension(x509.CRLReason(x509.ReasonFlags(reason)), critical=False)
            .build()
        )


def _distribution_point(scope: tuple[str, ...]) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs="user certificates" in scope,
        only_contains_ca_certs="CA certificates" in scope,
        only_some_reasons=frozenset([x509.ReasonFlags.key_compromise]) if "reasons" in scope else None,
        indirect_crl="indirect" in scope,
        only_contains_attribute_certs="attribute certificates" in scope,
    )


def _utc_time(time: dt.datetime) -> bytes:
    text = time.strftime("%y%m%d%H%M%SZ").encode("ascii")
    return bytes([0x17, len(text)]) + text
