"""Contoso's certificates: what each one says, which files hold them, and the revocation lists that are published."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from msgspec import Struct

from comgmt_audit.recording import Absence, Reason, RecordingWriter
from tests.lab import pki

if TYPE_CHECKING:
    from tests.lab.estate import Estate

SCHANNEL = "Microsoft RSA SChannel Cryptographic Provider"
"""The legacy CSP that the Web Server template asks for."""


class Issued(Struct, frozen=True, kw_only=True):
    """One certificate. Empty values are filled from the estate's names and the role."""

    issuer: str = "issuing"
    """The role of the CA that signs it; its own role: self-signed."""
    common_name: str = ""
    dns_names: tuple[str, ...] | None = None
    """The DNS names of the SAN; ``None``: the common name; empty: no SAN."""
    subject: tuple[tuple[str, str], ...] = ()
    """More of the subject, such as ``("O", "Contoso Ltd")``: C, ST, L, O, OU, DC."""
    key: str = ""
    """The file in ``keys/``; empty: that of the role."""
    days_before: float = 100
    days_after: float = 265
    usages: tuple[str, ...] = ()
    """``serverAuth``, ``clientAuth``; empty: no EKU extension."""
    authority: bool = False
    signature_hash: str = "sha256"
    signing_key: str = ""
    """The key that really signs it, where that is not the issuer's: a forged link of the chain."""
    template_oid: str = ""
    """Empty: that of the role; ``none``: no template extension."""
    crl_urls: tuple[str, ...] | None = None
    """``None``: as the issuing CA is configured."""
    ocsp_urls: tuple[str, ...] | None = None
    """The same, for the responders."""


class Pfx(Struct, frozen=True, kw_only=True):
    """A .pfx as Windows exports it: TripleDES-SHA1 unless told otherwise (Export-PfxCertificate)."""

    role: str
    folder: str = "C:\\Certs"
    """On the site server."""
    read_from: str = ""
    """Where the recorder read it; empty: there."""
    container: str = "pkcs12"
    provider: str | None = SCHANNEL
    key_spec: str | None = "exchange"
    key_encryption: str = "PBE-SHA1-3DES"
    certificate_encryption: str = "PBE-SHA1-3DES"
    mac: str = "SHA-1"
    key_container: str = "te-4a534157-c8f1-4724-8db6-ed12f25c2a9b"
    friendly_name: str | None = None
    machine_key_set: bool = True
    path: tuple[str, ...] | None = None
    """Roles whose certificates are in it; ``None``: the whole path to the root."""
    has_key: bool = True
    key_matches: bool = True
    protected: bool = True
    opened: bool | None = True
    """Was the recorder given the right password?"""


class Cer(Struct, frozen=True, kw_only=True):
    """A .cer file."""

    role: str
    folder: str = "C:\\Certs"
    encoding: str = "DER"
    has_key: bool = False


class RevocationList(Struct, frozen=True, kw_only=True):
    """A revocation list, and where it can be fetched. Days are counted from the recording."""

    issuer: str
    place: str = ""
    """The role of the CA at whose address it lies, with a ``+`` for that of the delta; empty: where it belongs."""
    number: int
    base_number: int | None = None
    days_before: float
    days_after: float
    publish_after: float
    """When the CA publishes the next one."""
    revoked: tuple[tuple[str, str], ...] = ()
    others_revoked: int = 0
    """How many certificates that are no longer of interest are revoked as well."""
    """Roles whose certificates are on it, each with the reason (RFC 5280, section 5.3.1, in the words of OpenSSL)."""
    freshest: bool = False
    """It names its delta list."""
    freshest_in_directory: bool = False
    """That name leads to the directory, and not to the web server."""
    signing_key: str = ""
    scope: tuple[str, ...] = ()
    """What its IDP limits it to, in the words of :class:`comgmt_audit.facts.revocation.Crl`."""
    text: str = ""
    """What comes in place of the list, such as the page of a captive portal."""
    inside: int = 200
    outside: int = 200
    """HTTP status by vantage."""


class IssuerFile(Struct, frozen=True, kw_only=True):
    """What lies where a CA publishes its own certificate over HTTP."""

    roles: tuple[str, ...]
    """Whose certificates; several: a bundle (PKCS#7)."""
    encoding: str = "DER"
    text: str = ""
    """What comes in place of a certificate."""
    inside: int = 200
    outside: int = 200
    """HTTP status by vantage."""


class Certificates(Struct, frozen=True, kw_only=True):
    """Healthy by default; fields are the roles of :mod:`tests.lab.pki` with underscores."""

    root: Issued = Issued(issuer="root", authority=True, days_before=2000, days_after=5000)
    issuing: Issued = Issued(issuer="root", authority=True, days_before=1500, days_after=2000)
    issuing_2: Issued = Issued(issuer="root", authority=True, days_before=1200, days_after=2300)
    public_root: Issued = Issued(issuer="public-root", authority=True, days_before=3000, days_after=6000)
    public_issuing: Issued = Issued(issuer="public-root", authority=True, days_before=1000, days_after=2500)
    gateway: Issued = Issued(
        issuer="public-issuing",
        subject=(("C", "DE"), ("ST", "Bavaria"), ("L", "Munich"), ("O", "Contoso Ltd")),
        days_before=30,
        days_after=165,
        usages=("serverAuth",),
    )
    distribution_point: Issued = Issued(usages=("serverAuth",))
    management_point: Issued = Issued(days_before=200, days_after=530, usages=("serverAuth",))
    mp_client: Issued = Issued(usages=("clientAuth",))
    site_client: Issued = Issued(usages=("clientAuth",))
    client: Issued = Issued(usages=("clientAuth",))
    management: Issued = Issued(issuer="management", dns_names=(), usages=("serverAuth",))
    ocsp_responder: Issued = Issued(
        issuer="public-issuing", dns_names=(), crl_urls=(), usages=("OCSPSigning",), days_before=5, days_after=39
    )
    gateway_pfx: Pfx = Pfx(role="gateway")
    distribution_point_pfx: Pfx = Pfx(role="distribution-point")
    management_pfx: Pfx = Pfx(role="management", friendly_name="AzureManagementCert")
    management_cer: Cer = Cer(role="management")
    root_cer: Cer = Cer(role="root")
    issuing_cer: Cer = Cer(role="issuing")
    uploaded: tuple[str, ...] = ("root", "issuing")
    """Roles whose certificates were uploaded to the CMG."""
    root_crl: RevocationList = RevocationList(
        issuer="root", number=12, days_before=40, days_after=140.5, publish_after=140
    )
    issuing_crl: RevocationList = RevocationList(
        issuer="issuing", number=407, days_before=2, days_after=5.5, publish_after=5, freshest=True
    )
    issuing_delta: RevocationList = RevocationList(
        issuer="issuing", number=409, base_number=407, days_before=0.4, days_after=1.1, publish_after=0.6
    )
    root_ldap: RevocationList | None = RevocationList(
        issuer="root", number=12, days_before=40, days_after=140.5, publish_after=140
    )
    issuing_ldap: RevocationList | None = RevocationList(
        issuer="issuing", number=407, days_before=2, days_after=5.5, publish_after=5, freshest=True
    )
    issuing_delta_ldap: RevocationList | None = RevocationList(
        issuer="issuing", number=409, base_number=407, days_before=0.4, days_after=1.1, publish_after=0.6
    )
    """The own CAs' lists as they lie in the directory; ``None``: there is none."""
    public_root_crl: RevocationList = RevocationList(
        issuer="public-root", number=31, days_before=20, days_after=160, publish_after=150
    )
    public_issuing_crl: RevocationList = RevocationList(
        issuer="public-issuing", number=9014, days_before=1, days_after=6, publish_after=3
    )

    root_crt: IssuerFile = IssuerFile(roles=("root",))
    issuing_crt: IssuerFile = IssuerFile(roles=("issuing",))
    public_root_crt: IssuerFile = IssuerFile(roles=("public-root",))
    public_issuing_crt: IssuerFile = IssuerFile(roles=("public-issuing",))

    @property
    def issuer_files(self) -> dict[str, IssuerFile]:
        """What lies where the CAs publish their own certificates, by their roles."""
        own = {"root": self.root_crt, "issuing": self.issuing_crt}
        public = {"public-root": self.public_root_crt, "public-issuing": self.public_issuing_crt}
        return own | (public if self.has_public else {})

    @property
    def has_public(self) -> bool:
        """Does a cloud service have its certificate from the public CA?"""
        return self.gateway.issuer.startswith("public") or self.distribution_point.issuer.startswith("public")

    @property
    def lists(self) -> tuple[RevocationList, ...]:
        """The revocation lists that some certificate names."""
        own = (self.root_crl, self.issuing_crl, self.issuing_delta)
        return (*own, *((self.public_root_crl, self.public_issuing_crl) if self.has_public else ()))


TUTORIAL = Certificates(
    gateway=Issued(usages=("serverAuth",)),
    root_crl=RevocationList(issuer="root", number=12, days_before=40, days_after=140.5, publish_after=140, outside=404),
)
"""As the tutorial issues them: the gateway's certificate comes from the own CA and names nothing but the service, and
the revocation lists stay inside.
"""


UPLOADED = "{}.cer"
"""How the administrator calls the file of a certificate that was uploaded to the CMG, by its role."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write the files that the design names, what was uploaded to the CMG, and the revocation lists."""
    part = estate.certificates
    for name, file in files(estate).items():
        _file(estate, writer, name, file)
    writer.pem(
        "site/gateway-certificates",
        [pki.pem(estate, role) for role in part.uploaded],
        source="site-files",
        request=f"files {', '.join(UPLOADED.format(role) for role in part.uploaded)}".rstrip(),
    )
    _lists(estate, writer)
    _issuer_files(estate, writer)


def files(estate: Estate) -> dict[str, Pfx | Cer]:
    """The certificate files that the design names, by file name."""
    part, design = estate.certificates, estate.design
    found: dict[str, Pfx | Cer] = {
        "ConfigMgrCloudMGServer.pfx": part.gateway_pfx,
        "TrustedRootCert.cer": part.root_cer,
        "ContosoIssuingCA1.cer": part.issuing_cer,
    }
    if design.get("distribution_point", {}).get("wanted"):
        found["ConfigMgrCloudDPServer.pfx"] = part.distribution_point_pfx
    if design["gateway"].get("deployment") == "classic":
        found |= {"AzureManagementCert.pfx": part.management_pfx, "AzureManagementCert.cer": part.management_cer}
    return found


def pfx_about(estate: Estate, name: str, file: Pfx) -> dict[str, Any]:
    """What the source says of this PFX (size and digest are made up: a real one is salted)."""
    held = pfx_roles(estate, file) if file.opened else ()
    content = b"".join(pki.der(estate, role) for role in held)
    opened = bool(file.opened)
    return {
        **_about(name, file, content),
        "container": file.container,
        "encoding": "DER",
        "mac": file.mac,
        "certificate_encryption": file.certificate_encryption,
        "key_encryption": file.key_encryption if file.has_key else None,
        "key_provider": file.provider if file.has_key else None,
        "key_container": file.key_container if file.has_key else None,
        "machine_key_set": file.machine_key_set if file.has_key else None,
        "opened": file.opened,
        "protected": file.protected,
        "has_private_key": file.has_key if opened else file.has_key or None,
        "key_matches": file.key_matches if opened and file.has_key else None,
        "key_spec": file.key_spec if opened and file.has_key else None,
        "friendly_name": file.friendly_name if opened else None,
        "certificates": len(held),
    }


def pfx_roles(estate: Estate, file: Pfx) -> tuple[str, ...]:
    """The roles whose certificates are in the file."""
    return (file.role, *pki.issuers(estate, file.role)) if file.path is None else file.path


def _about(name: str, file: Pfx | Cer, content: bytes) -> dict[str, Any]:
    return {
        "file": name,
        "path": f"{(file.read_from if isinstance(file, Pfx) else '') or file.folder}\\{name}",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _file(estate: Estate, writer: RecordingWriter, name: str, file: Pfx | Cer) -> None:
    if isinstance(file, Pfx):
        about = pfx_about(estate, name, file)
        roles = pfx_roles(estate, file) if file.opened else ()
    else:
        roles = (file.role,)
        about = {
            **_about(name, file, pki.der(estate, file.role)),
            "container": "certificate",
            "encoding": file.encoding,
            "has_private_key": file.has_key,
            "certificates": 1,
        }
    writer.pem(
        f"certificate-file/{name.lower()}",
        [pki.pem(estate, role) for role in roles],
        source="certificate-files",
        request=f"file {name}",
        about=about,
    )


def sent(wanted: RevocationList, content: str) -> bytes:
    """What the web server sends: DER, or the page that comes in place of the list."""
    return wanted.text.encode() or x509.load_pem_x509_crl(content.encode()).public_bytes(Encoding.DER)


def _lists(estate: Estate, writer: RecordingWriter) -> None:
    part = estate.certificates
    for wanted in part.lists:
        place = wanted.place or wanted.issuer + ("+" if wanted.base_number is not None else "")
        url = pki.crl_url(estate.names, place.rstrip("+"), delta=place.endswith("+"))
        content = wanted.text or pki.crl(estate, wanted)
        for vantage, status in (("inside", wanted.inside), ("outside", wanted.outside)):
            id, rest = f"crl/{vantage}/{url}", {"source": "crl", "request": f"GET {url}"}
            about = {"vantage": vantage, "url": url, "status": status}
            if status == 200:
                writer.pem(id, [content], about={**about, "bytes": len(sent(wanted, content))}, **rest)
            else:
                absence = Absence(reason=Reason.ABSENT, detail=f"HTTP {status}", status=status)
                writer.absent(id, absence, about=about, **rest)


def published(estate: Estate, file: IssuerFile) -> bytes:
    """What the web server sends of it."""
    if file.text:
        return file.text.encode()
    encoding = Encoding.PEM if file.encoding == "PEM" else Encoding.DER
    found = [pki.certificate(estate, role) for role in file.roles]
    return found[0].public_bytes(encoding) if len(found) == 1 else pkcs7.serialize_certificates(found, encoding)


def _issuer_files(estate: Estate, writer: RecordingWriter) -> None:
    for role, file in estate.certificates.issuer_files.items():
        url, content = pki.issuer_url(estate.names, role), published(estate, file)
        for vantage, status in (("inside", file.inside), ("outside", file.outside)):
            id, rest = f"aia/{vantage}/{url}", {"source": "aia", "request": f"GET {url}"}
            about: dict[str, Any] = {"vantage": vantage, "url": url, "status": status}
            if status != 200:
                reason = Reason.ABSENT if status in {404, 410} else Reason.UNREACHABLE
                writer.absent(id, Absence(reason=reason, detail=f"HTTP {status}", status=status), about=about, **rest)
                continue
            container = "other" if file.text else "certificate" if len(file.roles) == 1 else "pkcs7"
            roles = () if file.text else sorted(file.roles, key=lambda role: pki.der(estate, role))
            about |= {"bytes": len(content), "container": container}
            writer.pem(id, [pki.pem(estate, role) for role in roles], about=about, **rest)
