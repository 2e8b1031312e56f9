"""The site, through its AdminService (``docs/recording/site.md``, ``docs/sources/admin_service.md``).

Every list is asked for by the names of its columns, so that key material never leaves the server; of what comes, the
same names are kept, so that nothing else reaches a recording.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import IO, Any
from urllib.parse import quote

import httpx
import msgspec
from msgspec import Struct

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Form, Reason
from comgmt_audit.sources import clocks
from comgmt_audit.sources.http import WAIT, Client, ReadError, Reply, trust
from comgmt_audit.sources.negotiate import NegotiateAuth, signed_in
from comgmt_audit.sources.secrets import resolve
from comgmt_audit.sources.session import Permission, Probe, Session, absent, refused, unreadable
from comgmt_audit.sources.shape import Shape, kept, shape

NAME = "site"

ANALYST = Permission(
    name="Read-only Analyst",
    kind="configmgr-role",
    why="all classes, over all instances (security scope All, All Systems, All Users and User Groups)",
    alternatives=("Full Administrator",),
    ids={"configmgr-role": "SMS0002R"},
)
CLOCK = f"{NAME}/clock"
PERMISSIONS = {"site/": (ANALYST,), CLOCK: ()}

AT_ONCE = 4
"""Requests side by side; NTLM belongs to its connection, so there it is one."""
MAX_LIST = 256 * 1024**2
"""Bytes of one answer: the service documents no paging, and a list of devices may be long."""

_FULL_COLLECTIONS = frozenset({"all systems", "all users and user groups"})
_FULL_ROLES = frozenset({"read-only analyst", "full administrator"})
_GRANT = (
    "Give the scanner's account the role Read-only Analyst over all instances (console: Administration > Security > "
    "Administrative Users), and let the local group SMS Admins of the SMS Provider read its WMI namespaces."
)
_PROPERTIES = frozenset(
    {
        "AllowProxyTraffic",
        "MPInternetFacing",
        "MPIntranetFacing",
        "UseSiteDatabase",
        "IISSSLState",
        "Certificate Store",
        "Select First Certificate",
    }
)
"""Names within ``Props`` that are kept: other rows of a site control file hold accounts and what belongs to them."""

Row = dict[str, Any]
_ENCODER = msgspec.json.Encoder(order="sorted")


class Listing(Struct, frozen=True, kw_only=True):
    """A class: its columns, of which rows, and by which key each row is read again for what a list leaves empty."""

    name: str
    columns: str
    filter: str = ""
    key: str = ""

    @property
    def id(self) -> str:
        """The observation."""
        return f"{NAME}/{self.name}"

    @property
    def shape(self) -> Shape:
        """What is kept of a row."""
        return shape(self.columns)


SITE = Listing(
    name="SMS_Site",
    columns="BuildNumber,InstallDir,Mode,ReportingSiteCode,RequestedStatus,ServerName,SiteCode,SiteName,Status,Type,Version",
)
ADMIN = Listing(
    name="SMS_Admin", columns="LogonName,RoleNames,CategoryNames,CollectionNames,IsGroup,IsDeleted,AccountType"
)
COLLECTION = Listing(name="SMS_Collection", columns="CollectionID,Name,MemberCount")
MEMBERS = Listing(name="SMS_FullCollectionMembership", columns="ResourceID,Name,CollectionID")
_PROPS = "Props(ItemType,PropertyName,Value,Value1,Value2)"
LISTINGS = (
    Listing(
        name="SMS_SCI_SysResUse",
        columns="FileType,ItemName,ItemType,NALPath,NetworkOSPath,PropLists(PropertyListName),"
        f"{_PROPS},RoleCount,RoleName,SiteCode,SslState,Type",
    ),
    Listing(
        name="SMS_SCI_Component",
        columns=f"ComponentName,FileType,Flag,ItemName,ItemType,Name,SiteCode,PropLists(PropertyListName),{_PROPS}",
        filter="ComponentName eq 'SMS_SITE_COMPONENT_MANAGER'",
    ),
    Listing(
        name="SMS_ComponentSummarizer",
        columns="ComponentName,Errors,Infos,LastContacted,MachineName,SiteCode,State,Status,TallyInterval,Type,Warnings",
        filter="TallyInterval eq '0001128000100008'",
    ),
    Listing(
        name="SMS_AzureService",
        columns="AzureServiceID,ServiceType,SiteCode,Name,Fqdn,ServiceCName,Region,AffinityGroup,NumberOfInstances,State,"
        "StatusDetails,ServiceThumbprint,ManagementThumbprint,SubscriptionID",
    ),
    Listing(name="SMS_AAD_Tenant_Ex", columns="ID,Name,TenantID"),
    Listing(name="SMS_AAD_Application_Ex", columns="ID,ClientID,Name,TenantID,IdentifierUri,LastUpdateTime"),
    Listing(name="SMS_Azure_CloudService", columns="ID,Name,ServiceType,AssociatedAADWebApplications"),
    Listing(
        name="SMS_ClientSettings",
        columns="AgentConfigurations(AgentID,AllowCloudDP,AllowCMG,AutoAADJoin),AssignmentCount,Enabled,FeatureType,Name,"
        "Priority,SettingsID,Type",
        key="SettingsID",
    ),
    Listing(name="SMS_ClientSettingsAssignment", columns="ClientSettingsID,CollectionID,CollectionName,CreationTime"),
    Listing(
        name="SMS_ConfigurationPolicy",
        columns="CI_ID,IsAssigned,IsEnabled,LocalizedDisplayName,SDMPackageXML",
        filter="startswith(LocalizedDisplayName,'CoMgmtSettings') eq true",
        key="CI_ID",
    ),
    Listing(name="SMS_ConfigurationPolicyAssignment", columns="AssignmentID,AssignedCIs,TargetCollectionID"),
    Listing(
        name="SMS_Client_ComanagementState",
        columns="Authority,ComgmtPolicyPresent,EnrollmentErrorDetail,EnrollmentStatusCode,HybridAADJoined,MDMEnrolled,"
        "MDMProvisioned,MachineId,ResourceID",
    ),
    Listing(name="SMS_UserMachineRelationship", columns="IsActive,ResourceID,ResourceName,UniqueUserName"),
    Listing(name="SMS_R_User", columns="ResourceID,SID,UniqueUserName"),
)
"""What is asked; SITE, ADMIN and COLLECTION are asked as well, and MEMBERS where the pilot is known."""

_ALL = (SITE, ADMIN, COLLECTION, MEMBERS, *LISTINGS)


class _Site:
    """The AdminService, asked by class."""

    def __init__(self, client: Client, root: str, provider: str, one_by_one: bool, protocol: str) -> None:
        self._client, self._root, self._protocol = client, root, protocol
        self.host = provider
        self.shown = f"https://{provider}/AdminService"
        self._room = asyncio.Semaphore(1 if one_by_one else AT_ONCE)
        self.columns: dict[str, frozenset[str]] | None = None
        """The columns of each class, as ``$metadata`` says; ``None``: it did not say."""

    @property
    def clocks(self) -> tuple[dt.datetime, dt.datetime] | None:
        """What the SMS Provider's clock and ours said at its first answer."""
        return self._client.clocks

    async def describe(self) -> None:
        """Read ``$metadata`` once: a column that an older site lacks must not be asked for.

        Raises ReadError where nobody answers or is let in, and where the service stayed out of order all the time that
        one request may take: every other one would take as long.
        """
        wanted = frozenset(listing.name for listing in _ALL)
        try:
            body = (await self._get("/wmi/$metadata")).body
        except ReadError as error:
            if error.absence.status in {None, 401, *WAIT}:
                raise
            return
        self.columns = await asyncio.to_thread(columns, body, wanted)

    def path(self, listing: Listing) -> str:
        """The request for a list."""
        names = list(listing.shape)
        if self.columns and (known := self.columns.get(listing.name)):
            names = [name for name in names if name in known]
        chosen = [name for name in names if not listing.key or name in {listing.key, "LocalizedDisplayName", "Name"}]
        parts = [f"$filter={listing.filter}"] if listing.filter else []
        return f"/wmi/{listing.name}?" + "&".join([*parts, f"$select={','.join(chosen)}"])

    def request(self, listing: Listing) -> str:
        """What the recording says of it: the list, or the items."""
        path = f"/wmi/{listing.name}(<{listing.key}>)" if listing.key else self.path(listing)
        return f"GET {self.shown}{path}"

    async def rows(self, listing: Listing) -> AsyncIterator[list[Row]]:
        """The rows, page by page or item by item. Raises ReadError."""
        address = self.path(listing)
        seen: set[str] = set()
        while address:
            if address in seen:
                raise ReadError(unreadable("the next page is one that was read before", "Look at what answers there."))
            seen.add(address)
            answer = (await self._asked(listing, address)).json(Row)
            found = _objects(answer)
            if listing.key:
                found = [await self._item(listing, row) for row in found]
            yield [_clean(kept(row, listing.shape)) for row in found]
            address = str(answer.get("@odata.nextLink") or "")
            if address and not address.startswith("https://"):  # relative to the request (OData JSON 4.01, 4.5.5)
                address = f"/wmi/{address.lstrip('/')}"

    async def _item(self, listing: Listing, row: Row) -> Row:
        key = row.get(listing.key)
        if not isinstance(key, int | str) or not re.fullmatch(r"\d{1,20}", str(key)):
            raise ReadError(unreadable(f"a row of {listing.name} has no {listing.key}", "Look at what answers there."))
        answer = (await self._asked(listing, f"/wmi/{listing.name}({key})")).json(Row)
        if "value" not in answer:
            return answer
        found = _objects(answer)
        if len(found) != 1:
            detail = f"{listing.name}({key}) is {len(found)} objects"
            raise ReadError(unreadable(detail, "Record again: it may have been deleted while it was read."))
        return found[0]

    async def _asked(self, listing: Listing, address: str) -> Reply:
        try:
            return await self._get(address)
        except ReadError as error:
            if error.absence.status == 404 and self.columns and listing.name not in self.columns:
                raise ReadError(absent(f"the site's $metadata has no class {listing.name}", 404)) from None
            raise

    async def _get(self, address: str) -> Reply:
        url = address if address.startswith("https://") else self._root + quote(address, safe="/$=&?(),'")
        async with self._room:
            try:
                return await self._client.get(url)
            except ReadError as error:
                raise ReadError(_explained(error, self._protocol), error.error) from None


def columns(metadata: bytes, wanted: frozenset[str]) -> dict[str, frozenset[str]] | None:
    """The properties of each *wanted* class (OData CSDL 4.01, section 6), those of base types too.

    ``None`` where it is not CSDL.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    found: dict[str, tuple[str, frozenset[str]]] = {}
    try:
        for _, element in iterparse(io.BytesIO(metadata)):
            if element.tag.rpartition("}")[2] == "EntityType":
                base = element.get("BaseType", "").rpartition(".")[2]
                names = frozenset(child.get("Name", "") for child in element if child.tag.endswith("Property"))
                found[element.get("Name", "")] = (base, names)
                element.clear()
    except (ParseError, DefusedXmlException):
        return None
    return {name: _inherited(found, name) for name in wanted if name in found} or None


def _inherited(types: dict[str, tuple[str, frozenset[str]]], name: str) -> frozenset[str]:
    names: set[str] = set()
    seen: set[str] = set()
    while name in types and name not in seen:
        seen.add(name)
        name, own = types[name]
        names |= own
    return frozenset(names)


def _objects(answer: Row) -> list[Row]:
    rows = answer.get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadError(unreadable("the answer is no list of objects", "See what answers in the AdminService's place."))
    return rows


def _clean(row: Row) -> Row:
    """Only the known rows of embedded properties: their values may be anything."""
    if isinstance(row.get("Props"), list):
        known = (one for one in row["Props"] if isinstance(one, dict))
        row = {**row, "Props": [one for one in known if one.get("PropertyName") in _PROPERTIES]}
    return {**row, "PropLists": []} if row.get("PropLists") else row


def _explained(error: ReadError, protocol: str) -> Absence:
    """What a failure means here. 404 is never absence: the service answers so to an account without rights, too."""
    found = error.absence
    replaced = msgspec.structs.replace
    if found.status == 401:
        return replaced(found, reason=Reason.REFUSED, cure=_UNAUTHENTICATED[protocol])
    if found.status == 403:
        return replaced(found, reason=Reason.REFUSED, cure=_GRANT)
    if found.status == 404:
        unclear = f"{_GRANT} The service says 404 to an account without rights, and where there is no such thing."
        denied = "access denied" in error.error.message.casefold()
        return replaced(found, reason=Reason.REFUSED, cure=_GRANT if denied else unclear)
    if "TLS certificate" in found.detail:
        return replaced(found, cure=_UNTRUSTED)
    if found.reason is Reason.UNREACHABLE and found.status is None:
        cure = f"{found.cure} The AdminService is behind TCP 443 of the SMS Provider; NO_PROXY must name it."
        return replaced(found, cure=cure)
    return found


_UNAUTHENTICATED = {
    "kerberos": "Use the provider's FQDN (no address, no short name) with the SPN HTTP/FQDN, a domain account, and a "
    "clock within five minutes; the SMS Provider's authentication level must allow a password.",
    "ntlm": "Set connect.admin_service.authentication to kerberos: from version 2509 on the AdminService refuses NTLM.",
    "bearer": "Get a new user token for the site's server application: this one was not accepted.",
}
_UNTRUSTED = (
    "Export the root that issued the SMS Provider's certificate (often SMS Issuing) as PEM, name it as "
    "connect.admin_service.ca_file, and use the FQDN that is in the certificate."
)


def has_full_access(account: str, site_code: str, sites: Iterable[Row], administrators: Iterable[Row]) -> bool:
    """Does the account see every row? ``docs/recording/site.md``, section ``about.full_access``.

    Membership in groups cannot be read here, so the account itself must be listed. Built-in roles are known by their
    English names.
    """
    listed = {str(row.get("SiteCode", "")).casefold() for row in sites}
    if not listed or (site_code and site_code.casefold() not in listed):
        return False
    own = [row for row in administrators if is_account(account, str(row.get("LogonName", "")))]
    return len(own) == 1 and _sees_everything(own[0])


def is_account(account: str, logon_name: str) -> bool:
    """Is the account (``user@REALM`` or ``DOMAIN\\user``) the one that the site calls ``DOMAIN\\user``?

    A realm does not tell the domain's NetBIOS name; by convention it is one of its labels.
    """
    domain, separator, name = logon_name.casefold().partition("\\")
    user, at, realm = account.casefold().rpartition("@")
    if not at:
        return bool(separator) and account.casefold() == logon_name.casefold()
    return bool(separator) and user == name and domain in realm.split(".")


def _sees_everything(row: Row) -> bool:
    def names(column: str) -> frozenset[str]:
        found = row.get(column)
        return frozenset(str(name).casefold() for name in found) if isinstance(found, list) else frozenset()

    deleted = str(row.get("IsDeleted", False)).casefold() not in {"false", "0", "none"}
    group = str(row.get("IsGroup", False)).casefold() not in {"false", "0", "none"}
    return (
        not deleted
        and not group
        and not names("RoleNames").isdisjoint(_FULL_ROLES)
        and "all" in names("CategoryNames")
        and names("CollectionNames") >= _FULL_COLLECTIONS
    )


class _Run:
    """One recording of the site."""

    def __init__(self, session: Session, site: _Site, account: str) -> None:
        self.session, self.site, self.account = session, site, account
        self.about: dict[str, Any] = {}

    async def all(self) -> None:
        """Every wanted answer, or why there is none."""
        await self.site.describe()
        if self.session.wanted(CLOCK):
            clocks.keep(self.session, NAME, self.site.host, self.site.clocks)
        first = await asyncio.gather(self._rows(SITE), self._rows(ADMIN))
        code = self.session.design.site.code
        if not any(isinstance(rows, Absence) for rows in first):
            sites, administrators = (rows for rows in first if isinstance(rows, list))
            self.about = {"full_access": True} if has_full_access(self.account, code, sites, administrators) else {}
        for listing, rows in zip((SITE, ADMIN), first, strict=True):
            if self.session.wanted(listing.id):
                self._keep(listing, rows)
        wanted = (listing for listing in LISTINGS if self.session.wanted(listing.id))
        await asyncio.gather(self._collections(), *map(self._recorded, wanted))

    async def _collections(self) -> None:
        """The collections, and who is in the pilot."""
        if not any(self.session.wanted(one.id) for one in (COLLECTION, MEMBERS)):
            return
        found = await self._rows(COLLECTION)
        if self.session.wanted(COLLECTION.id):
            self._keep(COLLECTION, found)
        if not self.session.wanted(MEMBERS.id):
            return
        if isinstance(found, Absence):
            self._keep(MEMBERS, found)
            return
        pilot = self.session.design.clients.pilot_collection
        ids = [row.get("CollectionID") for row in found if pilot and row.get("Name") == pilot]
        if len(ids) == 1 and isinstance(ids[0], str) and re.fullmatch(r"[A-Za-z0-9]{8}", ids[0]):
            await self._recorded(msgspec.structs.replace(MEMBERS, filter=f"CollectionID eq '{ids[0]}'"))

    async def _rows(self, listing: Listing) -> list[Row] | Absence:
        try:
            return [row async for page in self.site.rows(listing) for row in page]
        except ReadError as error:
            return error.absence

    async def _recorded(self, listing: Listing) -> None:
        """A list that may be long: it goes through a file."""
        with tempfile.SpooledTemporaryFile(max_size=4 * 1024**2) as spool:
            count = 0
            try:
                async for page in self.site.rows(listing):
                    count += _write(spool, page)
                    self.session.progress(NAME, listing.name, count)
            except ReadError as error:
                self._keep(listing, error.absence)
                return
            spool.seek(0)
            self.session.writer.stream(listing.id, Form.LINES, spool, **self._rest(listing), about=self.about)

    def _keep(self, listing: Listing, found: list[Row] | Absence) -> None:
        writer = self.session.writer
        if isinstance(found, Absence):
            writer.absent(listing.id, found, **self._rest(listing))
        else:
            self.session.progress(NAME, listing.name, len(found))
            writer.lines(listing.id, found, **self._rest(listing), about=self.about)

    def _rest(self, listing: Listing) -> dict[str, Any]:
        return {"source": NAME, "request": self.site.request(listing), "at": self.session.clock()}


def _write(spool: IO[bytes], rows: list[Row]) -> int:
    spool.writelines(_ENCODER.encode(row) + b"\n" for row in rows)
    return len(rows)


async def record(session: Session) -> None:
    """Keep every wanted answer of the site, or why there is none."""
    if not any(session.wanted(id) for id in (CLOCK, *(listing.id for listing in _ALL))):
        return
    try:
        async with _connected(session) as (site, account):
            await _Run(session, site, account).all()
    except ReadError as error:
        _nothing(session, error.absence)
    except ComgmtError as error:
        _nothing(session, refused(error.message, error.hint))


def _nothing(session: Session, absence: Absence) -> None:
    """Nobody answers, or nobody can be signed in: that is why nothing of it was read."""
    server = session.connections.admin_service.provider or session.design.site.server
    for listing in _ALL:
        if session.wanted(listing.id):
            request = f"GET https://{server}/AdminService/wmi/{listing.name}"
            session.writer.absent(listing.id, absence, source=NAME, request=request, at=session.clock())
    if session.wanted(CLOCK):
        session.writer.absent(CLOCK, absence, source=NAME, request=f"the time of {server}", at=session.clock())


async def probe(session: Session) -> Iterable[Probe]:
    """Who we are at the site, and whether we see all of it."""
    try:
        async with _connected(session) as (site, account):
            await site.describe()
            sites, administrators = [
                [row async for page in site.rows(listing) for row in page] for listing in (SITE, ADMIN)
            ]
    except ReadError as error:
        return [Probe(source=NAME, answers=False, detail=error.absence.detail, cure=error.absence.cure)]
    except ComgmtError as error:
        return [Probe(source=NAME, answers=False, detail=error.message, cure=error.hint)]
    full = has_full_access(account, session.design.site.code, sites, administrators)
    return [
        Probe(
            source=NAME,
            answers=True,
            detail="sites " + ", ".join(str(row.get("SiteCode")) for row in sites) if sites else "no site is shown",
            identity=account,
            granted=frozenset({ANALYST.name}) if full else frozenset(),
            missing={} if full else {ANALYST.name: _GRANT},
        )
    ]


@asynccontextmanager
async def _connected(session: Session) -> AsyncIterator[tuple[_Site, str]]:
    """The AdminService, and the account that reads. Raises ReadError or ComgmtError."""
    connection = session.connections.admin_service
    provider = connection.provider or session.design.site.server
    root = (connection.root or f"https://{provider}/AdminService").rstrip("/")
    if not provider and not connection.root:
        cure = "Set site.server, or connect.admin_service.provider, in comgmt.toml."
        raise ReadError(unreadable("comgmt.toml names no SMS Provider", cure))
    password = resolve(connection.password, "connect.admin_service.password") if connection.password else ""
    protocol = connection.authentication
    auth: httpx.Auth | None = None
    headers: dict[str, str] = {}
    account = connection.user
    if protocol == "bearer":
        if not password:
            cure = "Set connect.admin_service.password to where the token is: env:NAME or file:PATH."
            raise ReadError(refused("no bearer token is given", cure))
        headers["Authorization"] = f"Bearer {password}"
    else:
        host = httpx.URL(root).host
        auth = NegotiateAuth(host, user=connection.user, password=password, protocol=protocol)
        account = account or await asyncio.to_thread(signed_in)
    async with Client(
        [root],
        auth=auth,
        headers=headers,
        tls=trust(connection.ca_file, "connect.admin_service.ca_file"),
        timeout=session.timeout,
        limit=MAX_LIST,
        addresses=session.connections.web.addresses,
    ) as client:
        yield _Site(client, root, provider or httpx.URL(root).host, protocol == "ntlm", protocol), account
