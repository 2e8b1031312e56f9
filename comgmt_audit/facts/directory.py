"""Active Directory as an ordinary account reads it over LDAP: domains, CAs, groups, computers, accounts (``pki`` 1).

Everything here is readable by any authenticated account; where a list is empty that never is in a real forest, the
account saw nothing, and nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar, TypeVar

from msgspec import Struct, field, structs

from comgmt_audit.errors import Refused
from comgmt_audit.facts import security_descriptor as sd
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.x509 import Certificate, certificate, path, signed_by, under
from comgmt_audit.model import Evidence

DOMAINS = "directory/domains"
ENROLLMENT_SERVICES = "directory/enrollment-services"
TEMPLATES = "directory/certificate-templates"
ROOTS = "directory/certification-authorities"
INTERMEDIATES = "directory/aia"
GROUPS = "directory/groups"
COMPUTERS = "directory/computers"
ACCOUNTS = "directory/accounts"
CONNECTION_POINT = "directory/service-connection-point"

ACCOUNT_DISABLED = 0x2
"""``userAccountControl``: ADS_UF_ACCOUNTDISABLE ([MS-ADTS] 2.2.16)."""

Raw = TypeVar("Raw")


def rows(environment: Environment, id: str, type: type[Raw]) -> Iterator[tuple[Evidence, Raw]]:
    """The objects of a search with the place of each. Raises FactUnavailable where there is no answer."""
    for number, raw in environment.recording.lines(id, type):
        yield Evidence(id, f"line {number}"), raw


def refuse_empty(found: object, id: str, what: str) -> None:
    """Raise Refused where a search found nothing that every forest has: the account was not shown it."""
    if not found:
        raise Refused(
            f"the directory showed no {what}, and no forest is without",
            "Record again with an account of the domain that may read it (any authenticated account may by default).",
            id,
        )


def dns_name(dn: str) -> str:
    """The DNS name of the domain that a distinguished name ends in: ``…,DC=corp,DC=contoso,DC=com``."""
    return ".".join(part[3:] for part in re.split(r"(?<!\\),", dn) if part[:3].casefold() == "dc=").casefold()


class _RawDomain(Struct, frozen=True, rename="camel"):
    dn: str
    sid: str
    netbios: str = ""
    forest_root: bool = False


class Domain(Struct, frozen=True, kw_only=True):
    """A domain of the forest; ``sid`` is the one that its groups' SIDs begin with."""

    dn: str
    netbios: str
    sid: str
    forest_root: bool
    evidence: Evidence

    @property
    def name(self) -> str:
        """Its DNS name in lower case."""
        return dns_name(self.dn)

    @property
    def label(self) -> str:
        """Its DNS name."""
        return f"domain {self.name}"

    def group(self, rid: int) -> str:
        """The SID of one of its well-known groups, such as 512, Domain Admins."""
        return f"{self.sid}-{rid}"


class Domains(Struct, frozen=True, kw_only=True):
    """The domains of the forest that was read."""

    needs: ClassVar[tuple[str, ...]] = (DOMAINS,)
    domains: tuple[Domain, ...]

    def __iter__(self) -> Iterator[Domain]:
        return iter(self.domains)

    @property
    def root(self) -> Domain | None:
        """The forest root domain, in which Enterprise Admins live; ``None`` where it was not recorded."""
        return next((domain for domain in self.domains if domain.forest_root), None)

    def of_host(self, fqdn: str) -> Domain | None:
        """The domain by whose name the host's ends; ``None`` where there is none, as with disjoint names."""
        fitting = [domain for domain in self.domains if under(fqdn, domain.name)]
        return max(fitting, key=lambda domain: len(domain.name), default=None)

    @classmethod
    def read(cls, environment: Environment) -> Domains:
        """All domains of the forest."""
        found = tuple(
            Domain(dn=raw.dn, netbios=raw.netbios, sid=raw.sid, forest_root=raw.forest_root, evidence=place)
            for place, raw in rows(environment, DOMAINS, _RawDomain)
        )
        refuse_empty(found, DOMAINS, "domain")
        return cls(domains=found)


class _RawAuthority(Struct, frozen=True):
    cn: str
    host: str = field(name="dNSHostName", default="")
    templates: tuple[str, ...] = field(name="certificateTemplates", default=())
    certificates: tuple[bytes, ...] = field(name="cACertificate", default=())


def _present(certificates: Iterable[bytes]) -> tuple[bytes, ...]:
    """Without the single zero byte that stands for *none* in these mandatory attributes (``pki`` 1.1)."""
    return tuple(certificate for certificate in certificates if len(certificate) > 1)


class EnrollmentService(Struct, frozen=True, kw_only=True):
    """An enterprise CA as the forest publishes it. ``certificates`` are DER, the current and those of earlier keys."""

    name: str
    host: str
    templates: frozenset[str]
    certificates: tuple[bytes, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """The CA's name."""
        return f"CA {self.name}"

    def issues(self, template: str) -> bool:
        """Is the template of that common name published on it?"""
        return template.casefold() in self.templates


class EnrollmentServices(Struct, frozen=True, kw_only=True):
    """The enterprise CAs of the forest; an empty list is known to be empty."""

    needs: ClassVar[tuple[str, ...]] = (ENROLLMENT_SERVICES, TEMPLATES)
    services: tuple[EnrollmentService, ...]

    @property
    def evidence(self) -> Evidence:
        """The whole search."""
        return Evidence(ENROLLMENT_SERVICES)

    def __iter__(self) -> Iterator[EnrollmentService]:
        return iter(self.services)

    def issuing(self, templates: Iterable[str]) -> tuple[EnrollmentService, ...]:
        """Those that issue one of the templates; where none does, all: which one will is then not known."""
        wanted = tuple(templates)
        chosen = tuple(service for service in self.services if any(service.issues(name) for name in wanted))
        return chosen or self.services

    @classmethod
    def read(cls, environment: Environment) -> EnrollmentServices:
        """All objects. An empty list counts only where the neighbouring container showed its templates."""
        found = tuple(
            EnrollmentService(
                name=raw.cn,
                host=raw.host,
                templates=frozenset(name.casefold() for name in raw.templates),
                certificates=_present(raw.certificates),
                evidence=place,
            )
            for place, raw in rows(environment, ENROLLMENT_SERVICES, _RawAuthority)
        )
        if not found:
            shown = any("cn" in raw for _, raw in rows(environment, TEMPLATES, dict))
            refuse_empty(shown, TEMPLATES, "certificate template or enterprise CA")
        return cls(services=found)


class OwnAuthorities(Struct, frozen=True, kw_only=True):
    """The organisation's CA certificates, as the forest publishes them.

    ``issuing``: the current certificate of each CA that issues this roll-out's templates; ``others``: those of its
    earlier keys, and of CAs that do not issue them or are long gone; ``roots``: what every computer of the forest is
    made to trust (Certification Authorities); ``intermediates``: from AIA.
    """

    needs: ClassVar[tuple[str, ...]] = (*EnrollmentServices.needs, ROOTS, INTERMEDIATES)
    issuing: tuple[Certificate, ...]
    others: tuple[Certificate, ...]
    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...]

    @property
    def all(self) -> tuple[Certificate, ...]:
        """Every certificate that can be a link of a chain."""
        return (*self.issuing, *self.others, *self.intermediates, *self.roots)

    def issued(self, certificate: Certificate) -> bool:
        """Did one of the enterprise CAs sign it, with its current key or an earlier one?"""
        return any(signed_by(certificate, authority) for authority in (*self.issuing, *self.others))

    def anchored(self, authority: Certificate, anchors: Iterable[Certificate]) -> bool:
        """Does a chain lead from the CA to one of the anchors? No other root counts on the way."""
        trusted = tuple(anchors)
        way = path(authority, (*self.issuing, *self.others, *self.intermediates, *trusted))
        return way[-1].self_signed and way[-1].der in {anchor.der for anchor in trusted}

    @classmethod
    def read(cls, environment: Environment) -> OwnAuthorities:
        """All CA certificates. Raises Unreadable where one of them is no certificate."""
        names, services = environment.design.names, environment.fact(EnrollmentServices)
        chosen = services.issuing((names.web_template, names.client_template))
        issuing: list[Certificate] = []
        others: list[Certificate] = []
        for service in services:
            found = _certificates(service.certificates, service.evidence)
            found.sort(key=lambda one: one.not_before, reverse=True)
            current = 1 if service in chosen else 0
            issuing += found[:current]
            others += found[current:]
        roots, intermediates = (
            tuple(
                certificate
                for place, raw in rows(environment, container, _RawAuthority)
                for certificate in _certificates(_present(raw.certificates), place)
            )
            for container in (ROOTS, INTERMEDIATES)
        )
        return cls(
            issuing=tuple(issuing),
            others=tuple(others),
            roots=roots,
            intermediates=intermediates,
        )


def _certificates(values: Iterable[bytes], place: Evidence) -> list[Certificate]:
    found = []
    for number, value in enumerate(values):
        seen = Evidence(place.observation, f"{place.pointer}/cACertificate/{number}")
        read = certificate(value, place.observation, number + 1)
        found.append(
            structs.replace(read, evidence=seen, label=f"CA certificate {read.common_name or read.thumbprint}")
        )
    return found


class _RawGroup(Struct, frozen=True):
    dn: str
    name: str = field(name="sAMAccountName")
    sid: str = field(name="objectSid")
    members: tuple[str, ...] = field(name="member", default=())


class Group(Struct, frozen=True, kw_only=True):
    """A security group and its direct members (distinguished names)."""

    dn: str
    name: str
    sid: str
    members: tuple[str, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name."""
        return f"group {self.name}"


class Principal(Struct, frozen=True, kw_only=True):
    """A computer or user: what decides which groups it is in."""

    dn: str
    sid: str
    member_of: tuple[str, ...]
    primary_group: int | None

    @property
    def primary_group_sid(self) -> str:
        """The group that ``member`` and ``memberOf`` never show, such as Domain Computers; empty: unknown."""
        return f"{self.sid.rpartition('-')[0]}-{self.primary_group}" if self.sid and self.primary_group else ""


class Groups(Struct, frozen=True, kw_only=True):
    """Groups, closed under membership: every group that a recorded group, computer or account is in is there too."""

    needs: ClassVar[tuple[str, ...]] = (GROUPS,)
    groups: tuple[Group, ...]
    by_member: dict[str, tuple[Group, ...]]

    def named(self, name: str) -> Group | None:
        """The group of that account name, without regard to case."""
        return next((group for group in self.groups if group.name.casefold() == name.casefold()), None)

    def with_sid(self, sid: str) -> Group | None:
        """The group of that SID."""
        return next((group for group in self.groups if group.sid == sid), None)

    def of(self, principal: Principal) -> tuple[Group, ...]:
        """Every group that the principal is in: directly, by its primary group, and by nesting."""
        listed = {dn.casefold() for dn in principal.member_of}
        direct = [group for group in self.groups if group.dn.casefold() in listed]
        direct += self.by_member.get(principal.dn.casefold(), ())
        primary = self.with_sid(principal.primary_group_sid)
        return self._closure([*direct, *([primary] if primary else [])])

    def token(self, *sids: str) -> frozenset[str]:
        """The SIDs that a member of these groups carries: themselves, what they are in, and what everybody has."""
        start = [group for group in self.groups if group.sid in sids]
        nested = (group.sid for group in self._closure(start))
        return frozenset((*sids, *nested, sd.EVERYONE, sd.AUTHENTICATED_USERS))

    def _closure(self, start: Iterable[Group]) -> tuple[Group, ...]:
        found: dict[str, Group] = {}
        waiting = list(start)
        while waiting:
            group = waiting.pop()
            if group.dn not in found:
                found[group.dn] = group
                waiting.extend(self.by_member.get(group.dn.casefold(), ()))
        return tuple(found.values())

    @classmethod
    def read(cls, environment: Environment) -> Groups:
        """All recorded groups. Domain Admins are among them in every domain, so an empty list is no knowledge."""
        found = tuple(
            Group(dn=raw.dn, name=raw.name, sid=raw.sid, members=raw.members, evidence=place)
            for place, raw in rows(environment, GROUPS, _RawGroup)
        )
        refuse_empty(found, GROUPS, "group")
        by_member: dict[str, list[Group]] = {}
        for group in found:
            for member in group.members:
                by_member.setdefault(member.casefold(), []).append(group)
        return cls(groups=found, by_member={dn: tuple(groups) for dn, groups in by_member.items()})


class _RawComputer(Struct, frozen=True):
    dn: str
    account: str = field(name="sAMAccountName")
    host: str = field(name="dNSHostName", default="")
    sid: str = field(name="objectSid", default="")
    primary_group: int | None = field(name="primaryGroupID", default=None)
    system: str = field(name="operatingSystem", default="")
    system_version: str = field(name="operatingSystemVersion", default="")
    member_of: tuple[str, ...] = field(name="memberOf", default=())
    user_certificates: int | None = field(name="userCertificateCount", default=None)


class Computer(Principal, frozen=True, kw_only=True):
    """A computer account. ``system_version`` is (major, minor), ``None`` where the directory does not say.

    ``user_certificates`` counts the values of ``userCertificate``, which hybrid join writes; ``None``: not read.
    """

    account: str
    host: str
    system: str
    system_version: tuple[int, int] | None
    user_certificates: int | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its DNS name, or its account name where it has none."""
        return f"computer {self.host.casefold() or self.account}"


class Computers(Struct, frozen=True, kw_only=True):
    """The computer accounts of the forest."""

    needs: ClassVar[tuple[str, ...]] = (COMPUTERS,)
    by_host: dict[str, Computer]

    def on(self, host: str) -> Computer | None:
        """The account of the computer with that DNS name."""
        return self.by_host.get(host.casefold().rstrip("."))

    @classmethod
    def read(cls, environment: Environment) -> Computers:
        """All computers; every domain has a domain controller, so an empty list is no knowledge."""
        found = {
            raw.host.casefold(): Computer(
                dn=raw.dn,
                sid=raw.sid,
                member_of=raw.member_of,
                primary_group=raw.primary_group,
                account=raw.account,
                host=raw.host,
                system=raw.system,
                system_version=_version(raw.system_version),
                user_certificates=raw.user_certificates,
                evidence=place,
            )
            for place, raw in rows(environment, COMPUTERS, _RawComputer)
        }
        refuse_empty(found, COMPUTERS, "computer")
        return cls(by_host=found)


def _version(text: str) -> tuple[int, int] | None:
    """``10.0 (17763)`` as (10, 0): compared as numbers, for as text 10.0 comes before 6.1 (``pki`` 1.9)."""
    found = re.match(r"\s*(\d{1,4})\.(\d{1,4})", text)
    return (int(found[1]), int(found[2])) if found else None


class _RawAccount(Struct, frozen=True):
    dn: str
    name: str = field(name="sAMAccountName")
    control: int | None = field(name="userAccountControl", default=None)
    sid: str = field(name="objectSid", default="")
    primary_group: int | None = field(name="primaryGroupID", default=None)
    member_of: tuple[str, ...] = field(name="memberOf", default=())


class Account(Principal, frozen=True, kw_only=True):
    """A user account; ``enabled`` is ``None`` where ``userAccountControl`` was not shown."""

    name: str
    enabled: bool | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its account name."""
        return f"account {self.name}"


class Accounts(Struct, frozen=True, kw_only=True):
    """The accounts that the design names, and each domain's built-in administrator."""

    needs: ClassVar[tuple[str, ...]] = (ACCOUNTS,)
    accounts: tuple[Account, ...]

    def named(self, name: str) -> Account | None:
        """The account of that name, without regard to case."""
        return next((account for account in self.accounts if account.name.casefold() == name.casefold()), None)

    @classmethod
    def read(cls, environment: Environment) -> Accounts:
        """All recorded accounts. The built-in administrator (RID 500) always exists, so an empty list says nothing."""
        found = tuple(
            Account(
                dn=raw.dn,
                sid=raw.sid,
                member_of=raw.member_of,
                primary_group=raw.primary_group,
                name=raw.name,
                enabled=None if raw.control is None else not raw.control & ACCOUNT_DISABLED,
                evidence=place,
            )
            for place, raw in rows(environment, ACCOUNTS, _RawAccount)
        )
        refuse_empty(found, ACCOUNTS, "account")
        return cls(accounts=found)


class _RawConnectionPoint(Struct, frozen=True):
    keywords: tuple[str, ...] = ()


class ServiceConnectionPoint(Struct, frozen=True, kw_only=True):
    """Where the forest says to which Entra tenant its computers belong; ``exists`` is false where there is none.

    Keywords ``azureADName:contoso.com`` and ``azureADId:<GUID>`` (``field`` F03); empty: not said.
    """

    needs: ClassVar[tuple[str, ...]] = (CONNECTION_POINT,)
    exists: bool
    tenant_ids: tuple[str, ...]
    tenant_names: tuple[str, ...]

    @property
    def label(self) -> str:
        """What Entra Connect calls it."""
        return "service connection point of the forest"

    @property
    def evidence(self) -> Evidence:
        """The keywords."""
        return Evidence(CONNECTION_POINT, "/keywords" if self.exists else "")

    @classmethod
    def read(cls, environment: Environment) -> ServiceConnectionPoint:
        """The object's keywords; a directory that says there is no such object is knowledge."""
        if environment.recording.is_absent(CONNECTION_POINT):
            return cls(exists=False, tenant_ids=(), tenant_names=())
        keywords = environment.recording.json(CONNECTION_POINT, _RawConnectionPoint).keywords
        return cls(
            exists=True,
            tenant_ids=_values(keywords, "azureadid"),
            tenant_names=_values(keywords, "azureadname"),
        )


def _values(keywords: Iterable[str], key: str) -> tuple[str, ...]:
    pairs = (keyword.partition(":") for keyword in keywords)
    values = (value.strip().casefold() for name, _, value in pairs if name.strip().casefold() == key)
    return tuple(value for value in values if value)
