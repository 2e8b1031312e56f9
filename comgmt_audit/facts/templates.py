"""Certificate templates as the forest keeps them ([MS-CRTD]; ``pki`` 1.2 to 1.7)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence, Set
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.errors import Refused
from comgmt_audit.facts import security_descriptor as sd
from comgmt_audit.facts.directory import TEMPLATES, refuse_empty, rows
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

EXPORTABLE_KEY = 0x10
USE_LEGACY_PROVIDER = 0x100
"""Bits of msPKI-Private-Key-Flag ([MS-CRTD] 2.27)."""
ENROLLEE_SUPPLIES_SUBJECT = 0x1
"""Bit of msPKI-Certificate-Name-Flag ([MS-CRTD] 2.28)."""
PEND_ALL_REQUESTS = 0x2
"""Bit of msPKI-Enrollment-Flag ([MS-CRTD] 2.26)."""
WINDOWS_2003 = frozenset({0, 1})
"""Compatibility nibbles of *Windows Server 2003* and *Windows XP*, and of a console that set none (``pki`` 1.3)."""

NO_DESCRIPTOR = "the directory did not show who may do what with it (nTSecurityDescriptor)"


class _RawTemplate(Struct, frozen=True):
    dn: str
    cn: str = ""
    display_name: str = field(name="displayName", default="")
    schema_version: int = field(name="msPKI-Template-Schema-Version", default=1)
    private_key_flag: int | None = field(name="msPKI-Private-Key-Flag", default=None)
    name_flag: int | None = field(name="msPKI-Certificate-Name-Flag", default=None)
    enrolment_flag: int | None = field(name="msPKI-Enrollment-Flag", default=None)
    minimal_key_size: int | None = field(name="msPKI-Minimal-Key-Size", default=None)
    signatures: int | None = field(name="msPKI-RA-Signature", default=None)
    oid: str = field(name="msPKI-Cert-Template-OID", default="")
    application_policies: tuple[str, ...] = field(name="msPKI-Certificate-Application-Policy", default=())
    extended_usages: tuple[str, ...] = field(name="pKIExtendedKeyUsage", default=())
    providers: tuple[str, ...] = field(name="pKIDefaultCSPs", default=())
    request_policies: tuple[str, ...] = field(name="msPKI-RA-Application-Policies", default=())
    expiration: bytes = field(name="pKIExpirationPeriod", default=b"")
    descriptor: bytes | None = field(name="nTSecurityDescriptor", default=None)


class CertificateTemplate(Struct, frozen=True, kw_only=True):
    """A template. Flags are unsigned and ``None`` where the directory did not show them.

    ``name`` is the common name, by which CAs list it; ``display_name`` what the console shows; ``usages`` are OIDs;
    ``providers`` stand in order of preference; ``algorithm`` is empty where the template does not name one.
    """

    name: str
    display_name: str
    oid: str
    schema_version: int
    private_key_flags: int | None
    name_flags: int | None
    enrolment_flags: int | None
    minimum_key_bits: int | None
    required_signatures: int | None
    usages: frozenset[str]
    providers: tuple[str, ...]
    algorithm: str
    validity: dt.timedelta | None
    descriptor: sd.SecurityDescriptor | None
    descriptor_problem: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its display name."""
        return f"template {self.display_name or self.name}"

    def place(self, attribute: str) -> Evidence:
        """Where one attribute was seen."""
        return Evidence(self.evidence.observation, f"{self.evidence.pointer}/{attribute}")

    @property
    def is_cng(self) -> bool | None:
        """Keys are made by a CNG key storage provider, not by a legacy CSP ([MS-WCCE] 3.1.2.4.2.2.2.2)."""
        if self.schema_version < 4:
            return self.schema_version == 3
        return None if self.private_key_flags is None else not self.private_key_flags & USE_LEGACY_PROVIDER

    @property
    def exportable(self) -> bool | None:
        """Private keys may be exported."""
        return None if self.private_key_flags is None else bool(self.private_key_flags & EXPORTABLE_KEY)

    @property
    def compatibility(self) -> tuple[int, int] | None:
        """The Compatibility tab as numbers: (certification authority, certificate recipient); 1 is 2003 and XP."""
        flags = self.private_key_flags
        return None if flags is None else ((flags >> 16) & 0xF, (flags >> 24) & 0xF)

    @property
    def subject_in_request(self) -> bool | None:
        """*Supply in the request*: whoever enrols chooses the subject."""
        return None if self.name_flags is None else bool(self.name_flags & ENROLLEE_SUPPLIES_SUBJECT)

    @property
    def waits_for_approval(self) -> bool | None:
        """A CA manager must approve each request, or somebody must sign it."""
        if self.enrolment_flags is None:
            return None
        return bool(self.enrolment_flags & PEND_ALL_REQUESTS) or bool(self.required_signatures)

    def access(self, token: Set[str], right: sd.Right) -> sd.Access | None:
        """What the DACL gives to a token (:meth:`Groups.token`); ``None`` where the DACL was not read."""
        return sd.access(self.descriptor, token, right) if self.descriptor else None


class CertificateTemplates(Struct, frozen=True, kw_only=True):
    """All templates of the forest; ``hidden``: the common names of those that the recorder's account may not read."""

    needs: ClassVar[tuple[str, ...]] = (TEMPLATES,)
    templates: tuple[CertificateTemplate, ...]
    hidden: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[CertificateTemplate]:
        return iter(self.templates)

    def named(self, name: str) -> tuple[CertificateTemplate, ...]:
        """Those with that display name; where there is none, the one with that common name (``pki`` 1.2).

        Raises Refused where there may be one that is hidden: of it only the common name is known, which the console
        makes of the display name, without blanks.
        """
        wanted = name.casefold()
        displayed = tuple(template for template in self.templates if template.display_name.casefold() == wanted)
        found = displayed or tuple(template for template in self.templates if template.name.casefold() == wanted)
        if not found and wanted.replace(" ", "") in {hidden.casefold().replace(" ", "") for hidden in self.hidden}:
            raise Refused(
                f"the template {name} is there, and the directory shows nothing of it to the recorder's account",
                "In the template, tab Security, give the account Read; Authenticated Users have it by default.",
                TEMPLATES,
            )
        return found

    @classmethod
    def read(cls, environment: Environment) -> CertificateTemplates:
        """All templates; the first enterprise CA brings some thirty, so an empty list is no knowledge."""
        found = tuple(rows(environment, TEMPLATES, _RawTemplate))
        refuse_empty(found, TEMPLATES, "certificate template where there is an enterprise CA")
        return cls(
            templates=tuple(_template(raw, place) for place, raw in found if raw.cn),
            hidden=tuple(_common_name(raw.dn) for _, raw in found if not raw.cn),
        )


def _common_name(dn: str) -> str:
    """The first part of a distinguished name, without its escapes (RFC 4514, section 2.4)."""
    first = re.match(r"\s*CN=((?:\\.|[^,\\])*)", dn, re.IGNORECASE)
    return re.sub(r"\\(.)", r"\1", first[1]) if first else dn


def _template(raw: _RawTemplate, place: Evidence) -> CertificateTemplate:
    descriptor, problem = _descriptor(raw.descriptor)
    return CertificateTemplate(
        name=raw.cn,
        display_name=raw.display_name,
        oid=raw.oid,
        schema_version=raw.schema_version,
        private_key_flags=_unsigned(raw.private_key_flag),
        name_flags=_unsigned(raw.name_flag),
        enrolment_flags=_unsigned(raw.enrolment_flag),
        minimum_key_bits=raw.minimal_key_size,
        required_signatures=raw.signatures,
        # Version 1 keeps usages in one attribute, later versions in the other, and usually both are equal.
        usages=frozenset((*raw.application_policies, *raw.extended_usages)),
        providers=_by_priority(raw.providers),
        algorithm=_algorithm(raw.request_policies),
        validity=_period(raw.expiration),
        descriptor=descriptor,
        descriptor_problem=problem,
        evidence=place,
    )


def _unsigned(flags: int | None) -> int | None:
    """LDAP answers 32 bits as a signed number: -2113929216 is 0x82000000."""
    return None if flags is None else flags & 0xFFFFFFFF


def _descriptor(data: bytes | None) -> tuple[sd.SecurityDescriptor | None, str]:
    if not data:
        return None, NO_DESCRIPTOR
    try:
        return sd.parse(data), ""
    except sd.DescriptorError as error:
        return None, f"its security descriptor cannot be read ({error})"


def _by_priority(providers: Sequence[str]) -> tuple[str, ...]:
    """``1,Microsoft RSA SChannel Cryptographic Provider``: the number is the priority, the order means nothing."""
    numbered = []
    for provider in providers:
        number, _, name = provider.partition(",")
        priority = int(number) if re.fullmatch(r"\s*[0-9]{1,9}\s*", number) else len(providers) + 1
        numbered.append((priority, name.strip() or number))
    return tuple(name for _, name in sorted(numbered, key=lambda item: item[0]))


def _algorithm(policies: Sequence[str]) -> str:
    """The asymmetric algorithm in the triplets ``Name`Type`Value``` that schema versions 3 and 4 keep here."""
    for policy in policies:
        parts = policy.split("`")
        triplets = zip(parts[0::3], parts[2::3], strict=False)
        for name, value in triplets:
            if name == "msPKI-Asymmetric-Algorithm":
                return value
    return ""


def _period(octets: bytes) -> dt.timedelta | None:
    """A little-endian signed count of 100 ns, negative by convention (``pki`` 1.2); ``None`` where it is none."""
    if len(octets) != 8:
        return None
    ticks = -int.from_bytes(octets, "little", signed=True)
    return dt.timedelta(microseconds=ticks // 10) if ticks > 0 else None
