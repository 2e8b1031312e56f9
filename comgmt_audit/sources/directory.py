"""Active Directory over LDAP: domains, templates and CAs of the forest, and the groups, computers and accounts we name.

What is asked for is in the tables below; ``docs/recording/directory.md`` shows what comes of it. Any account of the
forest may read it by default. An attribute that we may not read is simply not in the answer, and so not in the
recording; what cannot be asked at all becomes an absence.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from comgmt_audit.design import Design
from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import clocks, ldap
from comgmt_audit.sources.ldap import DirectoryError, Found, Login, escaped, text
from comgmt_audit.sources.secrets import resolve
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreachable, unreadable

NAME = "directory"
T = TypeVar("T")
Ordered = TypeVar("Ordered", str, bytes)

_ACCOUNT = Permission(
    name="an account of the forest",
    kind="directory",
    why="Authenticated Users may read all of it by default; no membership is needed.",
    alternatives=("Domain Users",),
)
_DESCRIPTORS = Permission(
    name="Read on the certificate templates",
    kind="directory",
    why="Who may enrol stands in their security descriptors; Authenticated Users have Read unless it was taken away.",
)
PERMISSIONS = {"directory/": (_ACCOUNT,), "directory/certificate-templates": (_ACCOUNT, _DESCRIPTORS)}
"""Rights by observation."""


def _sid(value: bytes) -> str:
    """``S-1-5-21-…`` ([MS-DTYP] 2.4.2). Raises ValueError where the bytes are none."""
    if len(value) < 8 or value[0] != 1 or len(value) != 8 + 4 * value[1]:
        raise ValueError("not a security identifier")
    parts = [int.from_bytes(value[at : at + 4], "little") for at in range(8, len(value), 4)]
    return "-".join(["S-1", str(int.from_bytes(value[2:8], "big")), *map(str, parts)])


def _one(read: Callable[[bytes], T]) -> Callable[[list[bytes]], T]:
    return lambda values: read(values[0])


def _sorted(read: Callable[[bytes], Ordered]) -> Callable[[list[bytes]], list[Ordered]]:
    """LDAP knows no order of values, and another domain controller may answer in another one."""
    return lambda values: sorted(read(value) for value in values)


_TEXT, _NUMBER, _BYTES, _SID = _one(text), _one(int), _one(bytes), _one(_sid)
_TEXTS, _ALL_BYTES = _sorted(text), _sorted(bytes)
Shape = Mapping[str, Callable[[list[bytes]], Any]]
"""The attributes that are asked for, each with what it becomes. Nothing else is ever read."""

_CLASS = "objectClass"
_TEMPLATE: Shape = {
    "cn": _TEXT,
    "displayName": _TEXT,
    "flags": _NUMBER,
    "revision": _NUMBER,
    "msPKI-Template-Schema-Version": _NUMBER,
    "msPKI-Template-Minor-Revision": _NUMBER,
    "msPKI-Private-Key-Flag": _NUMBER,
    "msPKI-Certificate-Name-Flag": _NUMBER,
    "msPKI-Enrollment-Flag": _NUMBER,
    "msPKI-Minimal-Key-Size": _NUMBER,
    "msPKI-RA-Signature": _NUMBER,
    "msPKI-Cert-Template-OID": _TEXT,
    "msPKI-Certificate-Application-Policy": _TEXTS,
    "msPKI-RA-Application-Policies": _TEXTS,
    "pKIExtendedKeyUsage": _TEXTS,
    "pKIDefaultCSPs": _TEXTS,
    "pKIExpirationPeriod": _BYTES,
    "nTSecurityDescriptor": _BYTES,
}
_ENROLLMENT_SERVICE: Shape = {
    "cn": _TEXT,
    "displayName": _TEXT,
    "dNSHostName": _TEXT,
    "cACertificate": _ALL_BYTES,
    "cACertificateDN": _TEXT,
    "certificateTemplates": _TEXTS,
    "flags": _NUMBER,
}
_AUTHORITY: Shape = {"cn": _TEXT, "cACertificate": _ALL_BYTES}
_REVOCATION_LIST: Shape = {"certificateRevocationList": _BYTES, "deltaRevocationList": _BYTES}
_CROSS_REFERENCE: Shape = {"nCName": _TEXT, "nETBIOSName": _TEXT, "dnsRoot": _TEXT}
_GROUP: Shape = {"sAMAccountName": _TEXT, "objectSid": _SID}
_COMPUTER: Shape = {
    "sAMAccountName": _TEXT,
    "dNSHostName": _TEXT,
    "objectSid": _SID,
    "primaryGroupID": _NUMBER,
    "operatingSystem": _TEXT,
    "operatingSystemVersion": _TEXT,
    "userCertificate": len,
}
_CLIENT: Shape = {"sAMAccountName": _TEXT}
_USER: Shape = {
    "sAMAccountName": _TEXT,
    "objectSid": _SID,
    "primaryGroupID": _NUMBER,
    "userAccountControl": _NUMBER,
}
_CONNECTION_POINT: Shape = {"keywords": _TEXTS}
SHAPES: tuple[Shape, ...] = (
    _TEMPLATE,
    _ENROLLMENT_SERVICE,
    _AUTHORITY,
    _REVOCATION_LIST,
    _CROSS_REFERENCE,
    _GROUP,
    _COMPUTER,
    _CLIENT,
    _USER,
    _CONNECTION_POINT,
)

_DOMAIN = "(systemFlags:1.2.840.113556.1.4.803:=3)"
"""A crossRef of a domain: FLAG_CR_NTDS_NC and FLAG_CR_NTDS_DOMAIN ([MS-ADTS] 2.2.9)."""
_ADMINISTRATOR, _DOMAIN_ADMINS, _DOMAIN_USERS, _DOMAIN_COMPUTERS, _ENTERPRISE_ADMINS = 500, 512, 513, 515, 519
"""Relative ids of what every domain has, 519 in the forest root only ([MS-DTYP] 2.4.2.4)."""
_PUBLIC_KEY_SERVICES = "CN=Public Key Services,CN=Services"
_CONNECTION_POINT_NAME = "CN=62a0ff2e-97b9-4513-943f-0d221bd30080,CN=Device Registration Configuration,CN=Services"
"""The same in every forest (Microsoft Entra: configure hybrid join manually)."""
_LARGEST_LIST = 8 * 1024**2
"""Bytes of a revocation list that are kept: two of them fit a line of a recording; those of own CAs have thousands."""
_TRIED = 3
"""Domain controllers of a domain that are tried."""

Objects = list[dict[str, Any]]


class Domain(Struct, frozen=True, kw_only=True):
    """A domain of the forest; ``dns_name`` in lower case."""

    dn: str
    dns_name: str
    netbios: str
    sid: str
    forest_root: bool


class Answer(Struct, frozen=True, kw_only=True):
    """What is kept of a search, and what there is to say about it."""

    objects: Objects
    about: dict[str, Any] = {}


class Forest:
    """The forest through the domain controller that comgmt.toml names, and one of each other domain.

    What is asked more than once is kept. Everything raises DirectoryError where it cannot be had.
    """

    def __init__(self, session: Session) -> None:
        self.design = session.design
        self._settings = session.connections.directory
        self._login = _login(session)
        self._connections = ExitStack()
        self._of_domain: dict[str, ldap.Directory | DirectoryError] = {}
        self.directory = self._connect(self._settings.server)
        self.configuration = self._root("configurationNamingContext")

    def _connect(self, url: str) -> ldap.Directory:
        return self._connections.enter_context(ldap.connected(url, self._login))

    def close(self) -> None:
        """End all connections. Never while another thread may still search; a forest that nobody has ends them too."""
        self._connections.close()

    def _root(self, name: str) -> str:
        values = self.directory.root.get(name.casefold())
        if not values:
            detail = f"{self.directory.host} does not say its {name}: it is no domain controller"
            raise DirectoryError(unreadable(detail, "Name a domain controller in connect.directory.server."))
        return values[0].decode("utf-8", errors="replace")

    @cached_property
    def domains(self) -> tuple[Domain, ...]:
        """All domains of the forest."""
        partitions, root = f"CN=Partitions,{self.configuration}", self._root("rootDomainNamingContext").casefold()
        found = self.directory.search(partitions, _DOMAIN, _CROSS_REFERENCE, scope="one", sids=True)
        return tuple(_domain(shaped(raw, _CROSS_REFERENCE), root) for raw in found)

    def controller(self, domain: Domain) -> ldap.Directory:
        """A domain controller of that domain."""
        if self.directory.holds(domain.dn):
            return self.directory
        if domain.dns_name not in self._of_domain:
            try:
                self._of_domain[domain.dns_name] = self._nearest(domain)
            except DirectoryError as error:
                self._of_domain[domain.dns_name] = _elsewhere(domain, error.absence)
        found = self._of_domain[domain.dns_name]
        if isinstance(found, DirectoryError):
            raise found
        return found

    def _nearest(self, domain: Domain) -> ldap.Directory:
        """The one that comgmt.toml names for the domain; else the first of those in DNS that lets us in."""
        named = {name.casefold(): server for name, server in self._settings.servers.items()}.get(domain.dns_name)
        if named:
            return self._connect(named)
        scheme = ldap.address(self._settings.server)[0]
        last = DirectoryError(unreachable("DNS names no domain controller", ""))
        for host in controllers(domain.dns_name, self._login.timeout):
            try:
                return self._connect(f"{scheme}://{host}")
            except DirectoryError as error:
                last = error
        raise last

    def within(self, domain: Domain, where: str, shape: Shape) -> Objects:
        """What the domain has that fits the filter."""
        return [shaped(raw, shape) for raw in self.controller(domain).search(domain.dn, where, shape)]

    def below(self, container: str, kind: str, shape: Shape) -> Objects:
        """The objects of one class in a container of Public Key Services, which every forest has."""
        base = f"CN={container},{_PUBLIC_KEY_SERVICES},{self.configuration}"
        try:
            found = self.directory.search(base, f"(objectClass={kind})", shape, scope="one")
        except DirectoryError as error:
            raise _hidden(base) if error.absence.reason is Reason.ABSENT else error from None
        return [shaped(raw, shape) for raw in found]

    def templates(self) -> Objects:
        """The certificate templates; of those that the account may not read, the name alone.

        A filter is never true of an attribute that may not be read, except *objectClass=**, which is true of every
        child of a container whose contents may be listed ([MS-ADTS] 3.1.1.3.1.3.1): so hidden is not taken for absent.
        """
        base = f"CN=Certificate Templates,{_PUBLIC_KEY_SERVICES},{self.configuration}"
        try:
            found = self.directory.search(base, "(objectClass=*)", (*_TEMPLATE, _CLASS), scope="one")
        except DirectoryError as error:
            raise _hidden(base) if error.absence.reason is Reason.ABSENT else error from None
        classes = ((raw, {one.lower() for one in raw.values.get(_CLASS.lower(), [])}) for raw in found)
        return [shaped(raw, _TEMPLATE) for raw, names in classes if not names or b"pkicertificatetemplate" in names]

    def revocation_lists(self) -> Answer:
        """The lists that CAs publish in the forest, one object a CA, below one container a computer of a CA."""
        base = f"CN=CDP,{_PUBLIC_KEY_SERVICES},{self.configuration}"
        try:
            found = self.directory.search(base, "(objectClass=cRLDistributionPoint)", _REVOCATION_LIST)
        except DirectoryError as error:
            raise _hidden(base) if error.absence.reason is Reason.ABSENT else error from None
        objects = [shaped(raw, _REVOCATION_LIST) for raw in found]
        large = [(one, name) for one in objects for name in _REVOCATION_LIST if len(one.get(name, b"")) > _LARGEST_LIST]
        about: dict[str, Any] = {"container": base}
        for one, name in large:
            del one[name]
            about.setdefault("too_large", []).append(f"{name} of {one['dn']}")
        return Answer(objects=objects, about=about)

    @cached_property
    def services(self) -> Objects:
        """The enterprise CAs."""
        return self.below("Enrollment Services", "pKIEnrollmentService", _ENROLLMENT_SERVICE)

    @cached_property
    def computers(self) -> Answer:
        """The servers and clients that the design names, and those of the CAs, from every domain that can be read.

        A computer that is missing proves nothing to any check, so a domain that cannot be read is only mentioned.
        """
        hosts = _hosts(self.design, self.services)
        if not hosts:
            cure = "Set site.server and clients.samples in comgmt.toml."
            raise DirectoryError(unreadable("comgmt.toml names no server and no client", cure))
        names = "".join(f"(dNSHostName={escaped(host)})" for host in hosts)
        found: Objects = []
        unread: dict[str, str] = {}
        for domain in self.domains:
            try:
                found += self.within(domain, f"(&(objectCategory=computer)(|{names}))", _COMPUTER)
            except DirectoryError as error:
                if len(self.domains) == 1:
                    raise
                unread[domain.dns_name] = error.absence.detail
        for computer in found:
            computer["userCertificateCount"] = computer.pop("userCertificate", 0)
        return Answer(objects=found, about={"unread": unread} if unread else {})

    def client_computers(self) -> Answer:
        """The enabled Windows 10 and 11 clients of every domain that can be read, and whether each has the certificate
        with which it joins: the certificates themselves would be megabytes.

        Neither a filter nor its negation is true of an attribute that may not be read ([MS-ADTS] 3.1.1.3.1.3.1): then
        nothing is said of it.
        """
        found: Objects = []
        unread: dict[str, str] = {}
        for domain in self.domains:
            try:
                holders = {one["dn"] for one in self.within(domain, _clients("(userCertificate=*)"), _CLIENT)}
                others = {one["dn"] for one in self.within(domain, _clients("(!(userCertificate=*))"), _CLIENT)}
                for computer in self.within(domain, _clients(), _CLIENT):
                    known = computer["dn"] in holders or computer["dn"] in others
                    found.append(computer | ({"hasUserCertificate": computer["dn"] in holders} if known else {}))
            except DirectoryError as error:
                if len(self.domains) == 1:
                    raise
                unread[domain.dns_name] = error.absence.detail
        return Answer(objects=found, about={"unread": unread} if unread else {})

    @cached_property
    def accounts(self) -> Objects:
        """Each domain's built-in administrator, and the account that the design names."""
        admin = self.design.names.domain_admin
        found: Objects = []
        for domain in self.domains:
            names = _is(domain, _ADMINISTRATOR) + (f"(sAMAccountName={escaped(admin)})" if admin else "")
            found += self.within(domain, f"(&(objectCategory=person)(|{names}))", _USER)
        return found

    @cached_property
    def groups(self) -> Objects:
        """The groups that matter, and every group that one of them, or a recorded computer or account, is in.

        ``member`` holds the recorded members only: that is what rights come from. A forest's groups are asked in every
        domain, because a group stands in its own domain whatever domain its members are of.
        """
        principals = [*self.computers.objects, *self.accounts]
        primary = {found["primaryGroupID"] for found in principals if "primaryGroupID" in found}
        known: dict[str, dict[str, Any]] = {}
        for domain in self.domains:
            rids = {_DOMAIN_ADMINS, _DOMAIN_USERS, _DOMAIN_COMPUTERS, *primary}
            rids |= {_ENTERPRISE_ADMINS} if domain.forest_root else set()
            names = "".join(_is(domain, rid) for rid in sorted(rids))
            names += f"(sAMAccountName={escaped(self.design.names.iis_group)})"
            for group in self.within(domain, f"(&(objectCategory=group)(|{names}))", _GROUP):
                known[group["dn"]] = {**group, "member": []}
        waiting = [*known, *(found["dn"] for found in principals)]
        while waiting:
            member = waiting.pop()
            for domain in self.domains:
                where = f"(&(objectCategory=group)(member={escaped(member)}))"
                for group in self.within(domain, where, _GROUP):
                    if group["dn"] not in known:
                        known[group["dn"]] = {**group, "member": []}
                        waiting.append(group["dn"])
                    known[group["dn"]]["member"].append(member)
        for group in known.values():
            group["member"].sort()
        return list(known.values())

    def connection_point(self) -> dict[str, Any]:
        """The service connection point; reason ``absent`` only where we would see one."""
        try:
            found = self.directory.at(f"{_CONNECTION_POINT_NAME},{self.configuration}", _CONNECTION_POINT)
        except DirectoryError as error:
            if error.absence.reason is Reason.ABSENT:
                self._must_see(f"CN=Services,{self.configuration}")
            raise
        return {"keywords": [], **shaped(found, _CONNECTION_POINT)}

    def _must_see(self, container: str) -> None:
        try:
            self.directory.at(container, ("cn",))
        except DirectoryError as error:
            raise _hidden(container) if error.absence.reason is Reason.ABSENT else error from None

    def clock(self) -> dict[str, Any]:
        """What time it is at the domain controller."""
        host, told = self.directory.host, self.directory.clocks
        if told is None:
            raise DirectoryError(unreadable(f"{host} does not say what time it is", "Name a domain controller."))
        return clocks.answer(host, told)

    def who(self) -> str:
        """The account that is bound: a domain controller says its SID first among those of the token (rootDSE)."""
        token = self.directory.root.get("tokengroups", [])[:1]
        for domain in self.domains if token else ():
            if domain.sid == self._domain_of(token[0]):
                found = self.within(domain, f"(objectSid={escaped(token[0])})", {"sAMAccountName": _TEXT})
                names = (entry["sAMAccountName"] for entry in found if "sAMAccountName" in entry)
                return next((f"{domain.netbios}\\{name}" for name in names), self._login.user)
        return self._login.user

    @staticmethod
    def _domain_of(sid: bytes) -> str:
        try:
            return _sid(sid).rpartition("-")[0]
        except ValueError:
            return ""


def _login(session: Session) -> Login:
    settings = session.connections.directory
    return Login(
        authentication=settings.authentication,
        user=settings.user,
        password=resolve(settings.password, "connect.directory.password") if settings.password else "",
        ca_file=settings.ca_file,
        timeout=session.timeout,
    )


def shaped(found: Found, shape: Shape) -> dict[str, Any]:
    """An object as it is recorded. Raises DirectoryError where an attribute is not what the schema says."""
    shown = {"dn": found.dn}
    for name, read in shape.items():
        values = found.values.get(name.casefold())
        if values:
            try:
                shown[name] = read(values)
            except ValueError as error:
                detail = f"{found.dn}: {name} is not what the schema says ({error})"
                raise DirectoryError(unreadable(detail, "Look at the object, and mend or remove it.")) from None
    return shown


def _domain(reference: dict[str, Any], root: str) -> Domain:
    """The domain of a crossRef; the extended form of its name brings the SID, for the domain may lie elsewhere."""
    name = reference.get("nCName", "")
    dn = name.rpartition(">;")[2]
    found = re.search(r"<SID=((?:[0-9a-f]{2})+)>;", name, re.IGNORECASE)
    try:
        sid = _sid(bytes.fromhex(found[1] if found else ""))
    except ValueError:
        cure = "Use an account that may read the configuration partition."
        detail = f"the directory does not say the SID of the domain {dn or reference['dn']}"
        raise DirectoryError(unreadable(detail, cure)) from None
    return Domain(
        dn=dn,
        dns_name=str(reference.get("dnsRoot", "")).casefold(),
        netbios=reference.get("nETBIOSName", ""),
        sid=sid,
        forest_root=dn.casefold() == root,
    )


def _hosts(design: Design, services: Objects) -> list[str]:
    site = design.site
    named = [site.server, site.management_point, site.connection_point, site.cloud_role_server, *design.clients.samples]
    named += [service.get("dNSHostName", "") for service in services]
    return sorted({host.casefold().rstrip(".") for host in named if host})


def _is(domain: Domain, rid: int) -> str:
    """The filter for what has that relative id in the domain."""
    authority, *parts = (int(part) for part in f"{domain.sid}-{rid}".split("-")[2:])
    numbers = b"".join(part.to_bytes(4, "little") for part in parts)
    return f"(objectSid={escaped(bytes((1, len(parts))) + authority.to_bytes(6, 'big') + numbers)})"


def controllers(domain: str, timeout: float) -> list[str]:
    """The domain controllers of a domain by its SRV records, the preferred first ([MS-ADTS] 6.3.2.3)."""
    import dns.exception
    import dns.resolver

    try:
        answer = dns.resolver.resolve(f"_ldap._tcp.dc._msdcs.{domain}", "SRV", lifetime=timeout)
    except dns.exception.DNSException as error:
        detail = f"DNS names no domain controller: {type(error).__name__}"
        raise DirectoryError(unreachable(detail, "Let this machine ask the domain's DNS servers.")) from None
    ordered = sorted(answer, key=lambda record: (record.priority, -record.weight, record.target))
    return [record.target.to_text(omit_final_dot=True) for record in ordered[:_TRIED]]


def _elsewhere(domain: Domain, absence: Absence) -> DirectoryError:
    return DirectoryError(
        msgspec.structs.replace(
            absence,
            detail=f"the domain {domain.dns_name} cannot be read: {absence.detail}",
            cure=f"Name one of its domain controllers in connect.directory.servers. {absence.cure}".strip(),
        )
    )


def _hidden(dn: str) -> DirectoryError:
    """What may not be seen is answered as if it were not there ([MS-ADTS] 3.1.1.3.1.3.1); these always are."""
    cure = "Use an account that may read the configuration partition; any account of the forest may by default."
    return DirectoryError(refused(f"the directory does not show {dn} to this account", cure))


def _clients(more: str = "") -> str:
    """Enabled computers (ADS_UF_ACCOUNTDISABLE is 2) with Windows 10 or 11; servers are named Windows Server."""
    enabled = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
    return f"(&(objectCategory=computer)(operatingSystem=Windows 1*){enabled}{more})"


class _Search(Struct, frozen=True, kw_only=True):
    """An observation: what it is asked with, as the recording says it, and how it is read."""

    request: str
    read: Callable[[Forest], Answer]


def _domains(forest: Forest) -> Answer:
    found = forest.domains
    return Answer(
        objects=[
            {"dn": domain.dn, "netbios": domain.netbios, "sid": domain.sid, "forestRoot": domain.forest_root}
            for domain in found
        ]
    )


def _container(container: str, kind: str, shape: Shape) -> Callable[[Forest], Answer]:
    return lambda forest: Answer(objects=forest.below(container, kind, shape))


SEARCHES: dict[str, _Search] = {
    "clock": _Search(request="rootDSE (currentTime)", read=lambda forest: Answer(objects=[forest.clock()])),
    "domains": _Search(request="CN=Partitions (crossRef)", read=_domains),
    "certificate-templates": _Search(
        request="CN=Certificate Templates, one level, SD flags 7",
        read=lambda forest: Answer(objects=forest.templates()),
    ),
    "enrollment-services": _Search(
        request="CN=Enrollment Services", read=lambda forest: Answer(objects=forest.services)
    ),
    "certification-authorities": _Search(
        request="CN=Certification Authorities",
        read=_container("Certification Authorities", "certificationAuthority", _AUTHORITY),
    ),
    "aia": _Search(request="CN=AIA", read=_container("AIA", "certificationAuthority", _AUTHORITY)),
    "revocation-lists": _Search(
        request="CN=CDP, subtree (cRLDistributionPoint)", read=lambda forest: forest.revocation_lists()
    ),
    "computers": _Search(request="(&(objectCategory=computer)(dNSHostName=…))", read=lambda forest: forest.computers),
    "client-computers": _Search(
        request="(&(objectCategory=computer)(operatingSystem=Windows 1*)), enabled, and which have a userCertificate",
        read=lambda forest: forest.client_computers(),
    ),
    "accounts": _Search(
        request="(&(objectCategory=person)(sAMAccountName=…))",
        read=lambda forest: Answer(objects=forest.accounts),
    ),
    "groups": _Search(
        request="(objectCategory=group), closed under membership",
        read=lambda forest: Answer(objects=forest.groups),
    ),
    "service-connection-point": _Search(
        request=f"{_CONNECTION_POINT_NAME.partition(',')[0]}, base",
        read=lambda forest: Answer(objects=[forest.connection_point()]),
    ),
}
"""By the name of the observation."""
_SINGLE = frozenset({"service-connection-point", "clock"})
"""Observations of one object."""


async def record(session: Session) -> None:
    """Keep every wanted answer of the directory, or why there is none."""
    settings = session.connections.directory
    wanted = [name for name in SEARCHES if session.wanted(f"{NAME}/{name}")]
    if not (settings.use and settings.server and wanted):
        return
    try:
        forest = await asyncio.to_thread(Forest, session)
    except DirectoryError as error:
        _absent(session, wanted, error.absence)
        return
    except ComgmtError as error:
        _absent(session, wanted, refused(error.message, error.hint))
        return
    for name in wanted:
        try:
            answer = await asyncio.to_thread(SEARCHES[name].read, forest)
        except DirectoryError as error:
            _absent(session, [name], error.absence)
        except ComgmtError as error:
            _absent(session, [name], refused(error.message, error.hint))
        else:
            _keep(session, name, answer)
    # Not after a cancellation, which ends the waiting and not the thread that still searches.
    await asyncio.to_thread(forest.close)


def _keep(session: Session, name: str, answer: Answer) -> None:
    rest = {**_rest(session, name), "about": answer.about}
    if name in _SINGLE:
        session.writer.json(f"{NAME}/{name}", answer.objects[0], **rest)
    else:
        ordered = sorted(answer.objects, key=lambda found: found["dn"].casefold())
        session.writer.lines(f"{NAME}/{name}", ordered, **rest)
    session.progress(NAME, name, len(answer.objects))


def _absent(session: Session, names: Iterable[str], absence: Absence) -> None:
    for name in names:
        session.writer.absent(f"{NAME}/{name}", absence, **_rest(session, name))


def _rest(session: Session, name: str) -> dict[str, Any]:
    return {"source": NAME, "request": f"LDAP search {SEARCHES[name].request}", "at": session.clock()}


async def probe(session: Session) -> Iterable[Probe]:
    """Who we are in the forest, and whether we are shown who may do what with a template."""
    settings = session.connections.directory
    if not (settings.use and settings.server):
        return [Probe(source=NAME, answers=False, detail="no directory", cure="Set connect.directory.server.")]
    try:
        return [await asyncio.to_thread(_probed, session)]
    except DirectoryError as error:
        return [Probe(source=NAME, answers=False, detail=error.absence.detail, cure=error.absence.cure)]
    except ComgmtError as error:
        return [Probe(source=NAME, answers=False, detail=error.message, cure=error.hint)]


def _probed(session: Session) -> Probe:
    with closing(Forest(session)) as forest:
        return _seen(forest)


def _seen(forest: Forest) -> Probe:
    templates = forest.templates()
    hidden = sorted(template["dn"] for template in templates if "nTSecurityDescriptor" not in template)
    rights = {_ACCOUNT.name} | (set() if hidden or not templates else {_DESCRIPTORS.name})
    return Probe(
        source=NAME,
        answers=True,
        detail=f"{forest.directory.host}, {len(forest.domains)} domain(s), {len(templates)} certificate template(s)",
        identity=forest.who(),
        granted=frozenset(rights),
        missing={_DESCRIPTORS.name: f"Give the account Read on: {', '.join(hidden)}."} if hidden else {},
    )
