"""Microsoft Graph: tenant, users, groups, applications, consent, and Intune (``docs/recording/graph.md``).

Requests go by our own read-only client and not by msgraph-sdk: ``docs/sources/graph.md`` has the measurements.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Raw

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Form, Reason
from comgmt_audit.sources import clocks, graph_workloads, redaction
from comgmt_audit.sources.clouds import addresses
from comgmt_audit.sources.graph_lists import (
    APPS,
    AUTHORITY,
    AUTHORITY_KEPT,
    CLOCK,
    LISTINGS,
    ORGANIZATION,
    ORGANIZATION_KEPT,
    ORGANIZATION_PATH,
    PERMISSIONS,
    Listing,
    authority_path,
    installs_client,
    members,
    targets,
)
from comgmt_audit.sources.graph_pages import EVENTUAL, Graph, Row, objects
from comgmt_audit.sources.http import Client, ReadError, decoded, trust
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreadable
from comgmt_audit.sources.shape import kept
from comgmt_audit.sources.sign_in import Identity, identity, sign_in
from comgmt_audit.sources.spool import Spool

__all__ = ["NAME", "PERMISSIONS", "probe", "record"]

NAME = "graph"

AT_ONCE = 6
"""Lists that are read side by side: enough that the longest one decides how long it takes, and far below what is
throttled, 3,500 units in ten seconds for the smallest tenant (Microsoft Graph: throttling limits)."""

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ENCODER = msgspec.json.Encoder(order="sorted")
_AS_USER = "Sign in as a user (device-code or browser) with Policy.Read.All."
_USER_ONLY = "this interface answers a signed-in user only, and the scanner is signed in as an application"


class _Run:
    """One recording of Graph: what answered, where it goes, and which groups it named."""

    def __init__(self, session: Session, graph: Graph, who: Identity) -> None:
        self.session = session
        self.graph = graph
        self.who = who
        self.groups: set[str] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    def absent(self, id: str, request: str, absence: Absence) -> None:
        """Keep why there is no answer."""
        self.session.writer.absent(id, absence, source=NAME, request=request, at=self.session.clock())

    async def organization(self) -> None:
        """The tenant, and Intune's view of it."""
        wanted = self.session.wanted
        tenant = self.who.tenant or self.session.design.rollout.tenant_id
        if wanted("graph/organization"):
            answer = await self._document("graph/organization", ORGANIZATION_PATH, ORGANIZATION, _organizations)
            rows = answer["value"] if answer else []
            tenant = str(rows[0].get("id") or tenant) if len(rows) == 1 else tenant
        if wanted("graph/mdm-authority"):
            path = authority_path(tenant or "{id}")
            if not _GUID.fullmatch(tenant.lower()):
                absence = unreadable("the tenant's id is not known", "Set rollout.tenant_id in comgmt.toml.")
                self.absent("graph/mdm-authority", f"GET {path}", absence)
                return
            await self._document("graph/mdm-authority", path, AUTHORITY, _authority)

    async def _document(self, id: str, path: str, permission: Permission, taken: Callable[[Row], Row]) -> Row | None:
        try:
            async with self._room:
                answer = taken(await self.graph.get(path, self._cure(permission)))
        except ReadError as error:
            self.absent(id, f"GET {path}", error.absence)
            return None
        self.session.progress(NAME, id.partition("/")[2], 1)
        self.session.writer.json(id, answer, source=NAME, request=f"GET {path}", at=self.session.clock())
        return answer

    async def listing(self, listing: Listing, first: Raw | ReadError | None = None) -> None:
        """A list, from its first page to its last, or why it is not there. *first* is there already, from a batch."""
        if listing.delegated_only and self.who.delegated is False:
            self.absent(listing.id, listing.request, refused(_USER_ONLY, _AS_USER))
            return
        with Spool() as spool:
            try:
                if isinstance(first, ReadError):
                    raise first
                async with self._room:
                    await self._fill(spool, listing, first)
            except ReadError as error:
                self.absent(listing.id, listing.request, error.absence)
                return
            rest = {"source": NAME, "request": listing.request, "at": self.session.clock()}
            self.session.writer.stream(listing.id, Form.LINES, spool, **rest)

    async def _fill(self, spool: Spool, listing: Listing, first: Raw | None) -> None:
        cure = self._cure(*listing.permissions)
        headers = EVENTUAL if "$count=true" in listing.path else None
        async with self.graph.pages(listing.path, headers=headers, cure=cure, first=first) as pages:
            async for rows in pages:
                await self._keep(spool, listing, rows, cure)

    async def _keep(self, spool: Spool, listing: Listing, rows: list[Row], cure: str) -> None:
        found = [kept(row, listing.kept) for row in rows]
        if listing is APPS:
            found = await self._whole_apps(found, cure)
        self.groups.update(group for row in found for group in _groups(listing.id, row))
        spool.add(_line(row) for row in found)
        self.session.progress(NAME, listing.id.partition("/")[2], spool.count)

    async def _whole_apps(self, rows: list[Row], cure: str) -> list[Row]:
        """The apps with what only an item has: a list may leave out the command line of what may be the client's."""
        items = await self.graph.batch((_app_path(row) for row in rows if _is_thin(row)), cure=cure)
        whole: list[Row] = []
        for row in rows:
            item = items.get(_app_path(row))
            if item is None:
                whole.append(row)
            elif not isinstance(item, ReadError):
                whole.append(dict(kept(decoded(item, Row), APPS.kept)) | _known(row))
            elif item.absence.reason is not Reason.ABSENT:  # absent: it was deleted while the list was read
                raise item
        return whole

    async def members(self) -> None:
        """Who is in the groups that lists named: the first pages in batches, the others one by one."""
        groups = sorted(group for group in self.groups if _GUID.fullmatch(group))
        wanted = [one for group in groups for one in members(group) if self.session.wanted(one.id)]
        found = await self.graph.batch((one.path for one in wanted), headers=EVENTUAL)
        await asyncio.gather(*(self.listing(one, self._first(found[one.path], one)) for one in wanted))

    def _first(self, answer: Raw | ReadError, listing: Listing) -> Raw | ReadError:
        """The first page of a list, as a batch gave it; a batch has one cure for all that is refused in it."""
        if isinstance(answer, ReadError) and not answer.absence.cure:
            cure = self._cure(*listing.permissions)
            return ReadError(msgspec.structs.replace(answer.absence, cure=cure), answer.error)
        return answer

    def _cure(self, *rights: Permission) -> str:
        """What to do where one of these rights is missing: for those that the token lacks, if it shows that."""
        lacking = [right for right in rights if not _has(self.who, right)]
        return " ".join(_grant(right, self.who) for right in lacking or rights)

    async def workloads(self) -> None:
        """How much of each workload is assigned in Intune."""
        id, request = graph_workloads.ID, graph_workloads.REQUEST
        async with self._room:
            rows, error = await graph_workloads.read(self.graph, self.who.delegated, self._cure)
        if error and not rows:
            self.absent(id, request, error.absence)
            return
        self.session.writer.lines(id, rows, source=NAME, request=request, at=self.session.clock())

    async def tenant(self) -> None:
        """The tenant, and the time there: early, for what comes late is lost where the time is up."""
        await self.organization()
        await self.clock()

    async def clock(self) -> None:
        """What time it is there, which the answers have told already."""
        if self.session.wanted(CLOCK):
            if self.graph.clocks is None:
                await _answers(self.graph)
            clocks.keep(self.session, NAME, self.graph.host, self.graph.clocks)


async def record(session: Session) -> None:
    """Keep every wanted answer of Graph, or why there is none."""
    try:
        async with _signed_in(session) as (graph, who):
            run = _Run(session, graph, who)
            wanted = [run.listing(listing) for listing in LISTINGS if session.wanted(listing.id)]
            if session.wanted(graph_workloads.ID):
                wanted.append(run.workloads())
            await asyncio.gather(run.tenant(), *wanted)
            await run.members()
    except ReadError as error:
        _nothing(session, error.absence)
    except ComgmtError as error:
        _nothing(session, refused(error.message, error.hint))


def _nothing(session: Session, absence: Absence) -> None:
    """Nobody could be signed in: that is why nothing of it was read."""
    asked = {
        "graph/organization": f"GET {ORGANIZATION_PATH}",
        "graph/mdm-authority": f"GET {authority_path('{id}')}",
        graph_workloads.ID: graph_workloads.REQUEST,
        CLOCK: "the time of Microsoft Graph",
        **{listing.id: listing.request for listing in LISTINGS},
    }
    for id, request in asked.items():
        if session.wanted(id):
            session.writer.absent(id, absence, source=NAME, request=request, at=session.clock())


async def probe(session: Session) -> Iterable[Probe]:
    """Who we are in Graph, and which permissions the wanted observations lack."""
    try:
        async with _signed_in(session) as (graph, who):
            needed = [right for id, rights in PERMISSIONS.items() if session.wanted(id) for right in rights]
            lacking = {right.label: right for right in needed if not _has(who, right)}
            await _answers(graph)
    except ReadError as error:
        return [_silent(error.absence)]
    except ComgmtError as error:
        return [_silent(refused(error.message, error.hint))]
    return [
        Probe(
            source=NAME,
            answers=True,
            detail=f"tenant {who.tenant}" if who.tenant else "",
            identity=who.label,
            granted=who.permissions,
            missing=None if who.permissions is None else {name: _grant(right, who) for name, right in lacking.items()},
        )
    ]


async def _answers(graph: Graph) -> None:
    """Raises ReadError where Graph does not answer; that it refuses one thing is an answer, too."""
    try:
        await graph.get("/v1.0/organization?$select=id")
    except ReadError as error:
        if error.absence.status != 403:
            raise


def _silent(absence: Absence) -> Probe:
    return Probe(source=NAME, answers=False, detail=absence.detail, cure=absence.cure)


def _has(who: Identity, right: Permission) -> bool:
    """Is the right in the token? One for a user is worth nothing to an application."""
    if right.kind == "delegated" and who.delegated is False:
        return False
    return who.permissions is None or not who.permissions.isdisjoint({right.name, *right.alternatives})


def _grant(right: Permission, who: Identity) -> str:
    """What to do where the right is missing: a signed-in user needs the delegated permission of the same name."""
    if right.kind == "delegated":
        return _AS_USER
    kind = "delegated" if who.delegated else right.kind
    return f"Grant the {kind} permission {right.name} to the scanner, with admin consent."


@asynccontextmanager
async def _signed_in(session: Session) -> AsyncIterator[tuple[Graph, Identity]]:
    """Graph, and who we are there. Raises ReadError or ComgmtError where nobody can be signed in."""
    connection = session.connections.cloud
    cloud = addresses(session.design.rollout.cloud, connection)
    token = sign_in(connection, cloud.authority).token(cloud.graph_scope)
    who = identity(await token())
    tls = trust(connection.ca_file, "connect.cloud.ca_file")
    async with Client([cloud.graph], token=token, tls=tls, timeout=session.timeout) as client:
        yield Graph(client, cloud.graph), who


def _organizations(answer: Row) -> Row:
    """The envelope, so that the number of tenants shows, with what is kept of each."""
    rows = answer.get("value")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadError(unreadable("the answer is no list of tenants", "Look at what answers there."))
    return {"value": kept(rows, ORGANIZATION_KEPT)}


def _authority(answer: Row) -> Row:
    """The flat form; Intune's own pages wrap it into ``value``."""
    inner = answer.get("value")
    return dict(kept(inner if isinstance(inner, dict) else answer, AUTHORITY_KEPT))


def _line(row: Row) -> tuple[str, bytes]:
    """A row's key and its line. Every object of these lists has an id (Microsoft Graph: entity)."""
    id = row.get("id")
    if not isinstance(id, str):
        raise ReadError(unreadable("an object of the list has no id", "Look at what answers there."))
    line = _ENCODER.encode(row)
    if b"/regtoken:" in line.lower():
        line = _ENCODER.encode(_without_tokens(row))
    return id, line + b"\n"


def _without_tokens(value: Any) -> Any:
    if isinstance(value, str):
        return redaction.command_line(value)
    if isinstance(value, list):
        return [_without_tokens(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_tokens(item) for name, item in value.items()}
    return value


_COMMANDS = {"#microsoft.graph.windowsMobileMSI": "commandLine", "#microsoft.graph.win32LobApp": "installCommandLine"}


def _is_thin(app: Row) -> bool:
    """May it be the client's, and does the list leave out what tells?"""
    command = _COMMANDS.get(str(app.get("@odata.type")))
    return command is not None and any(app.get(name) is None for name in (command, "fileName", "assignments"))


def _known(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _app_path(app: Row) -> str:
    return f"/v1.0/deviceAppManagement/mobileApps/{quote(str(app.get('id')))}?$expand=assignments"


def _groups(id: str, row: Row) -> Iterable[str]:
    """The groups whose members matter, by the list that names them, in lower case."""
    kind = str(row.get("@odata.type", "")).rpartition(".")[2]
    found: Iterable[Any] = ()
    if id in {"graph/mdm-policies", "graph/mam-policies"}:
        found = objects(row.get("includedGroups")) if row.get("appliesTo") == "selected" else ()
    elif (id == APPS.id and installs_client(row)) or kind == "deviceComanagementAuthorityConfiguration":
        # Those to whom it is assigned, and those that are excluded.
        found = ({"id": target.get("groupId")} for target in targets(row))
    elif id == "graph/global-administrators":
        found = (one for one in objects([row.get("principal")]) if str(one.get("@odata.type", "")).endswith(".group"))
    ids = (one.get("id") for one in found)
    return (group.lower() for group in ids if isinstance(group, str))
