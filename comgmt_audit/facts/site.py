"""The Configuration Manager sites, how they talk to clients, their administrators and trusted roots (AdminService).

Classes ``SMS_Site``, ``SMS_SCI_Component`` and ``SMS_Admin``, and the site's trusted root list (reference
``configmgr`` sections 1, 2.2, 2.3 and 8).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.facts.admin_service import Scalar, boolean, column, integer, may_be_empty, refuse_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.x509 import Certificate
from comgmt_audit.model import Evidence

SITES = "site/SMS_Site"
COMPONENTS = "site/SMS_SCI_Component"
ADMINISTRATORS = "site/SMS_Admin"
TRUSTED_ROOTS = "site/trusted-root-list"

_ATTRIBUTE = re.compile(r"(?:^|[,;])\s*([A-Za-z]+)\s*=\s*(.*?)\s*(?=[,;]\s*[A-Za-z]+\s*=|$)", re.DOTALL)
"""One attribute of a subject; ``CertificateIssuers`` separates them with commas or semicolons, and escapes neither."""
_COMPARED = frozenset({"CN", "OU", "O", "L", "C", "DC"})
"""Kinds of attributes that everybody writes alike: of others (S, ST; E) Windows has its own names."""

_KINDS = {1: "secondary", 2: "primary", 4: "central administration"}
"""``SMS_Site.Type`` (SDK, SMS_Site server WMI class)."""

HTTPS_ONLY = 0x001
CHECKS_CRL = 0x020
PKI_CERTIFICATES = 0x100
ENHANCED_HTTP = 0x400
"""Bits of ``IISSSLState`` (reference ``configmgr`` 2.2, derived from the table of ConfigMgrCBDsc)."""

FULL_ADMINISTRATOR = frozenset({"SMS0001R", "Full Administrator"})
ALL_SCOPES = frozenset({"SMS00ALL", "All"})
"""Id and English name of the role and of the scope (reference ``configmgr`` section 8)."""

ENGLISH_ROLES = frozenset(
    {
        "Full Administrator",
        "Read-only Analyst",
        "Remote Tools Operator",
        "Asset Manager",
        "Compliance Settings Manager",
        "Application Deployment Manager",
        "Application Author",
        "Application Administrator",
        "Operating System Deployment Manager",
        "Infrastructure Administrator",
        "Software Update Manager",
        "Operations Administrator",
        "Security Administrator",
        "Endpoint Protection Manager",
        "Company Resource Access Manager",
    }
)
"""The built-in roles by their English names: another name may be a custom role or a translation."""


class _RawSite(Struct, frozen=True, rename="pascal"):
    site_code: str | None = None
    site_name: str | None = None
    server_name: str | None = None
    version: str | None = None
    build_number: Scalar = None
    reporting_site_code: str | None = None
    type: Scalar = None


class Site(Struct, frozen=True, kw_only=True):
    """A site. ``build`` is the third part of its version, ``parent`` the code of the site above it (``""``: none)."""

    code: str
    server: str
    version: str
    build: int | None
    parent: str
    kind: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its site code."""
        return f"site {self.code}"

    @property
    def is_primary(self) -> bool:
        """Clients are assigned to it (a site of unknown kind counts as one)."""
        return self.kind in ("", "primary")

    @property
    def is_top(self) -> bool:
        """No site stands above it."""
        return not self.parent


class Sites(Struct, frozen=True, kw_only=True):
    """The sites of the hierarchy; at least one. ``complete``: the recorder's account sees every one."""

    needs: ClassVar[tuple[str, ...]] = (SITES,)
    sites: tuple[Site, ...]
    complete: bool

    def __iter__(self) -> Iterator[Site]:
        return iter(self.sites)

    @classmethod
    def read(cls, environment: Environment) -> Sites:
        """All rows; that there is none is never the truth, for the AdminService belongs to a site."""
        found = tuple(_site(row, raw) for row, raw in rows(environment, SITES, _RawSite))
        refuse_empty(environment, SITES, found, "site", never=True)
        return cls(sites=found, complete=may_be_empty(environment, SITES))


def _site(row: Evidence, raw: _RawSite) -> Site:
    build = integer(raw.build_number, column(row, "BuildNumber"))
    parts = text(raw.version).split(".")
    if build is None and len(parts) > 2:
        build = integer(parts[2], column(row, "Version"))
    return Site(
        code=text(raw.site_code),
        server=text(raw.server_name),
        version=text(raw.version),
        build=build,
        parent=text(raw.reporting_site_code),
        kind=_KINDS.get(integer(raw.type, column(row, "Type")) or 0, ""),
        evidence=row,
    )


class _RawProperty(Struct, frozen=True, rename="pascal"):
    property_name: str | None = None
    value: Scalar = None


class _RawComponent(Struct, frozen=True, rename="pascal"):
    component_name: str | None = None
    site_code: str | None = None
    props: tuple[_RawProperty, ...] | None = None


class SiteSecurity(Struct, frozen=True, kw_only=True):
    """A primary site's communication security: ``IISSSLState``, a bit mask; ``None`` where it is 0 or not there.

    Its bits are read one by one; two settings can be on together. Microsoft documents none of them, and 0 contradicts
    them, so it is unknown.
    """

    site: str
    mask: int | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """The site's tab in the console."""
        return f"site {self.site}, communication security"

    @property
    def https_only(self) -> bool | None:
        """Site systems take HTTPS only."""
        return self._has(HTTPS_ONLY)

    @property
    def enhanced_http(self) -> bool | None:
        """Site systems without a PKI certificate use one that the site issues."""
        return self._has(ENHANCED_HTTP)

    @property
    def uses_pki_certificates(self) -> bool | None:
        """Clients use a PKI certificate where they have one; HTTPS only implies it."""
        return self._has(PKI_CERTIFICATES | HTTPS_ONLY)

    @property
    def checks_revocation(self) -> bool | None:
        """Clients check the certificate revocation list for site systems."""
        return self._has(CHECKS_CRL)

    def _has(self, bits: int) -> bool | None:
        return None if self.mask is None else bool(self.mask & bits)


class CommunicationSecurity(Struct, frozen=True, kw_only=True):
    """The communication security of every primary site (on a central administration site it means something else)."""

    needs: ClassVar[tuple[str, ...]] = (COMPONENTS, SITES)
    sites: tuple[SiteSecurity, ...]

    def __iter__(self) -> Iterator[SiteSecurity]:
        return iter(self.sites)

    def of(self, code: str) -> SiteSecurity | None:
        """That of one site."""
        return next((site for site in self.sites if site.site.casefold() == code.casefold()), None)

    @classmethod
    def read(cls, environment: Environment) -> CommunicationSecurity:
        """One entry a primary site, also where its component is not listed: then nothing is known of it."""
        seen = {}
        for row, raw in rows(environment, COMPONENTS, _RawComponent):
            if text(raw.component_name) == "SMS_SITE_COMPONENT_MANAGER":
                seen[text(raw.site_code).casefold()] = _security(row, raw)
        primary = [site.code for site in environment.fact(Sites) if site.is_primary]
        unknown = Evidence(COMPONENTS)
        return cls(
            sites=tuple(
                seen.get(code.casefold(), SiteSecurity(site=code, mask=None, evidence=unknown)) for code in primary
            )
        )


def _security(row: Evidence, raw: _RawComponent) -> SiteSecurity:
    mask, place = None, column(row, "Props")
    for number, prop in enumerate(raw.props or ()):
        if prop.property_name == "IISSSLState":
            place = column(row, f"Props/{number}/Value")
            mask = integer(prop.value, place)
    known = mask if mask is not None and mask > 0 else None
    return SiteSecurity(site=text(raw.site_code), mask=known, evidence=place)


class _RawPermission(Struct, frozen=True, rename="pascal"):
    role_id: str | None = field(name="RoleID", default=None)
    category_id: str | None = field(name="CategoryID", default=None)


class _RawAdministrator(Struct, frozen=True, rename="pascal"):
    logon_name: str | None = None
    is_deleted: Scalar = None
    role_names: tuple[str, ...] | None = None
    category_names: tuple[str, ...] | None = None
    permissions: tuple[_RawPermission, ...] | None = None


class Administrator(Struct, frozen=True, kw_only=True):
    """An administrative user or group; members of a group are not listed by the site.

    ``full``: Full Administrator over all scopes. ``None`` where a name could be a translation and no id was recorded.
    """

    name: str
    full: bool | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """The account."""
        return f"administrator {self.name}"


class Administrators(Struct, frozen=True, kw_only=True):
    """The administrative users of the hierarchy; at least one."""

    needs: ClassVar[tuple[str, ...]] = (ADMINISTRATORS,)
    users: tuple[Administrator, ...]
    complete: bool

    def __iter__(self) -> Iterator[Administrator]:
        return iter(self.users)

    @classmethod
    def read(cls, environment: Environment) -> Administrators:
        """All rows but deleted ones; a site without any administrator does not exist."""
        found = tuple(
            Administrator(name=text(raw.logon_name), full=_is_full(raw), evidence=row)
            for row, raw in rows(environment, ADMINISTRATORS, _RawAdministrator)
            if not boolean(raw.is_deleted, column(row, "IsDeleted"))
        )
        refuse_empty(environment, ADMINISTRATORS, found, "administrative user", never=True)
        return cls(users=found, complete=may_be_empty(environment, ADMINISTRATORS))


def _is_full(raw: _RawAdministrator) -> bool | None:
    """By id where the item was read (``Permissions`` is lazy), else by name, which may be translated."""
    if raw.permissions:
        return any(p.role_id in FULL_ADMINISTRATOR and p.category_id in ALL_SCOPES for p in raw.permissions)
    roles, scopes = set(raw.role_names or ()), set(raw.category_names or ())
    if roles & FULL_ADMINISTRATOR and scopes & ALL_SCOPES:
        return True
    return False if roles and scopes and (roles <= ENGLISH_ROLES) else None


class _RawRoot(Struct, frozen=True, rename="pascal"):
    subject: str | None = None
    thumbprint: str | None = None


class TrustedRoot(Struct, frozen=True, kw_only=True):
    """A root that the site trusts for client certificates; either of subject and thumbprint may be ``""``.

    ``thumbprint`` is SHA-1 in upper-case hex without blanks.
    """

    subject: str
    thumbprint: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its subject, else its thumbprint."""
        return f"trusted root {self.subject or self.thumbprint}"

    def is_root(self, root: Certificate) -> bool:
        """Is it that certificate? By thumbprint where it was recorded, else by its subject's attributes, as clients do.

        (About client installation properties, CCMCERTISSUERS: a match for subject attributes in the root certificate.)
        """
        if self.thumbprint:
            return self.thumbprint == root.thumbprint
        listed = {(kind.upper(), _plain(value)) for kind, value in _ATTRIBUTE.findall(self.subject)}
        compared = {(kind, value) for kind, value in listed if kind in _COMPARED}
        return bool(compared) and compared <= {(kind, _plain(value)) for kind, value in root.subject}


def _plain(value: str) -> str:
    return value.replace("\\", "").strip('" ').casefold()


class TrustedRoots(Struct, frozen=True, kw_only=True):
    """The site's list of trusted root certification authorities.

    No class of the provider is known to hold it: it is the attribute ``CertificateIssuers`` of the site server's
    ``mobileclient.tcf`` (about client installation properties), or what ``Get-CMTrustedRootCertificate`` answers.
    """

    needs: ClassVar[tuple[str, ...]] = (TRUSTED_ROOTS,)
    roots: tuple[TrustedRoot, ...]

    def __iter__(self) -> Iterator[TrustedRoot]:
        return iter(self.roots)

    @classmethod
    def read(cls, environment: Environment) -> TrustedRoots:
        """All roots; the list comes from the site server itself, so an empty one is really empty."""
        return cls(
            roots=tuple(
                TrustedRoot(
                    subject=text(raw.subject),
                    thumbprint=text(raw.thumbprint).replace(" ", "").replace(":", "").upper(),
                    evidence=row,
                )
                for row, raw in rows(environment, TRUSTED_ROOTS, _RawRoot)
            )
        )
