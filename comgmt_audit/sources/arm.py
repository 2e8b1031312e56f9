"""Azure Resource Manager: the subscription, its resource providers, and what of the CMG is there.

``docs/recording/arm.md`` describes each observation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager

import msgspec

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import arm_resources
from comgmt_audit.sources.arm_resources import GRANT, Read, Row, together
from comgmt_audit.sources.clouds import addresses
from comgmt_audit.sources.http import Client, ReadError, trust
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreadable
from comgmt_audit.sources.shape import kept, shape
from comgmt_audit.sources.sign_in import Identity, identity, sign_in

NAME = "arm"

READER = Permission(
    name="Reader",
    kind="azure-role",
    why="the subscription, its resource providers, and the resources of the CMG",
    alternatives=("Contributor", "Owner"),
    ids={"azure-role": "acdd72a7-3385-48ef-bd42-f606fba81ae7"},
)
"""The least built-in role (Azure: built-in roles)."""

PERMISSIONS = dict.fromkeys(
    (
        *("arm/subscription", "arm/providers", "arm/resources", "arm/public-addresses", "arm/role-assignments"),
        *("arm/name-availability", "arm/management-certificates"),
    ),
    (READER,),
)

NAMESPACES = ("Microsoft.Compute", "Microsoft.KeyVault", "Microsoft.Network", "Microsoft.Storage")
"""What a CMG on a scale set needs (Configuration Manager: configure Microsoft Entra ID for CMG). All providers together
are megabytes, these are asked one by one."""

_SUBSCRIPTION_VERSION = "2022-12-01"
_PROVIDERS_VERSION = "2021-04-01"
"""Versions of the API that are old enough for US Government and China, which lag behind."""

_SUBSCRIPTION = shape(
    "id,subscriptionId,displayName,tenantId,state,authorizationSource,"
    "subscriptionPolicies(locationPlacementId,quotaId,spendingLimit)"
)
_PROVIDER = shape("id,namespace,registrationPolicy,registrationState")
_READS_ALL = {
    READER.ids["azure-role"]: "Reader",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
}
"""Built-in roles that read everything, by id (Azure: built-in roles)."""
_PART = {READER.name: f"{GRANT} Without it Azure shows a part of the subscription only, and nothing is called absent."}
_UNDECLARED = unreadable(
    "comgmt.toml declares no deployment name of a scale set",
    "Set gateway.deployment_name in comgmt.toml, such as contosocmg.westeurope.cloudapp.azure.com.",
)
_RETIRED = Absence(
    reason=Reason.ABSENT,
    detail="Microsoft has retired the service management API of classic deployments; it was not asked",
    cure="Look in the Azure portal under Subscriptions > Management certificates, while it is still there.",
)


class _Run:
    """One recording of a subscription: what is wanted of it, each with its request."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.subscription = session.design.rollout.subscription_id
        self.requests = {id: request for id, (request, _) in self._reads("").items() if session.wanted(id)}

    def _reads(self, me: str) -> dict[str, tuple[str, Read]]:
        """How each observation is read; *me*: the scanner's own object id."""
        gateway = self.session.design.gateway
        label, region = gateway.scale_set_name
        types = (arm_resources.KEY_VAULT, *((arm_resources.STORAGE,) if gateway.serves_content != "off" else ()))
        found = {
            "arm/subscription": (f"GET {self._at('', _SUBSCRIPTION_VERSION)}", self._subscription),
            "arm/providers": (f"GET {self._at('/providers/{namespace}', _PROVIDERS_VERSION)}", self._providers),
            "arm/resources": arm_resources.resources(self.subscription, label),
            "arm/public-addresses": arm_resources.addresses(self.subscription),
            "arm/role-assignments": arm_resources.own_roles(self.subscription, me),
        }
        if gateway.deployment == "scale-set" and not self.session.design.rollout.enabled:
            # Afterwards the names are taken by ourselves.
            found["arm/name-availability"] = arm_resources.names(self.subscription, label, region, types)
        return found

    def _at(self, path: str, version: str) -> str:
        return f"/subscriptions/{self.subscription}{path}?api-version={version}"

    def retired(self) -> None:
        """The certificates of classic deployments: nobody can be asked any more; an administrator may hand them in."""
        id = "arm/management-certificates"
        if self.session.connections.files.management_certificates is not None:
            return
        if self.session.wanted(id) and self.session.design.gateway.deployment == "classic":
            request = f"GET https://management.core.windows.net/{self.subscription}/certificates"
            self.session.writer.absent(id, _RETIRED, source=NAME, request=request, at=self.session.clock())

    async def all(self, client: Client, root: str, who: Identity) -> None:
        """Every wanted answer, or why there is none."""
        wanted = {id: read for id, (_, read) in self._reads(who.object).items() if id in self.requests}
        if "arm/name-availability" in wanted and not self.session.design.gateway.scale_set_name[0]:
            self.absent(["arm/name-availability"], _UNDECLARED)
            del wanted["arm/name-availability"]
        await asyncio.gather(*(self._kept(id, read(client, root)) for id, read in wanted.items()))

    async def _kept(self, id: str, answer: Awaitable[list[Row]]) -> None:
        try:
            rows = await answer
        except ReadError as error:
            # Azure also says "not found" of what the account may not see.
            absence = error.absence
            self.absent([id], msgspec.structs.replace(absence, cure=absence.cure or GRANT))
            return
        rest = {"source": NAME, "request": self.requests[id], "at": self.session.clock()}
        if id == "arm/subscription":
            self.session.writer.json(id, rows[0], **rest)
        else:
            self.session.writer.lines(id, rows, **rest)
        self.session.progress(NAME, id.partition("/")[2], len(rows))

    def absent(self, ids: Iterable[str], absence: Absence) -> None:
        """Keep why there is no answer."""
        for id in ids:
            self.session.writer.absent(id, absence, source=NAME, request=self.requests[id], at=self.session.clock())

    async def _subscription(self, client: Client, root: str) -> list[Row]:
        return [kept((await self.subscription_as_is(client, root)), _SUBSCRIPTION)]

    async def subscription_as_is(self, client: Client, root: str) -> Row:
        """The subscription. Raises ReadError."""
        return (await client.get(root + self._at("", _SUBSCRIPTION_VERSION), cure=GRANT)).json(Row)

    async def _providers(self, client: Client, root: str) -> list[Row]:
        urls = [root + self._at(f"/providers/{name}", _PROVIDERS_VERSION) for name in NAMESPACES]
        replies = await together(*(client.get(url, cure=GRANT) for url in urls))
        return [kept(reply.json(Row), _PROVIDER) for reply in replies]


async def record(session: Session) -> None:
    """Keep every wanted answer of Azure, or why there is none."""
    run = _Run(session)
    run.retired()
    if not run.requests:
        return
    if not run.subscription:
        why = unreadable("comgmt.toml names no subscription", "Set rollout.subscription_id in comgmt.toml.")
        run.absent(run.requests, why)
        return
    try:
        async with _signed_in(session) as (client, root, who):
            await run.all(client, root, who)
    except ReadError as error:
        run.absent(run.requests, error.absence)
    except ComgmtError as error:
        run.absent(run.requests, refused(error.message, error.hint))


async def probe(session: Session) -> Iterable[Probe]:
    """Who we are in Azure, and whether we may read the subscription, and all of it."""
    run = _Run(session)
    if not run.subscription:
        return [Probe(source=NAME, answers=False, detail="no subscription", cure="Set rollout.subscription_id.")]
    try:
        async with _signed_in(session) as (client, root, who):
            hidden = await _visible(run, client, root)
            roles = None if hidden else await _whole(run.subscription, client, root, who)
    except ReadError as error:
        return [Probe(source=NAME, answers=False, detail=error.absence.detail, cure=error.absence.cure)]
    except ComgmtError as error:
        return [Probe(source=NAME, answers=False, detail=error.message, cure=error.hint)]
    return [
        Probe(
            source=NAME,
            answers=True,
            detail=hidden.detail if hidden else f"subscription {run.subscription}",
            identity=who.label,
            granted=frozenset() if hidden else roles,
            missing={READER.name: hidden.cure} if hidden else _lacking(roles),
        )
    ]


def _lacking(roles: frozenset[str] | None) -> dict[str, str] | None:
    """What is missing to who has these roles, and the cure; ``None``: they are not known."""
    if roles is None:
        return None
    return {} if roles else _PART


async def _whole(subscription: str, client: Client, root: str, who: Identity) -> frozenset[str] | None:
    """The roles of ours that read all of the subscription; ``None``: Azure does not say which roles we have."""
    try:
        rows = await arm_resources.own_roles(subscription, who.object)[1](client, root)
    except ReadError:
        return None
    assigned = [row["properties"] for row in rows if isinstance(row.get("properties"), dict)]
    whole = [one for one in assigned if "/resourcegroups/" not in str(one.get("scope")).lower()]
    found = {_READS_ALL.get(str(one.get("roleDefinitionId")).rpartition("/")[2].lower()) for one in whole}
    return frozenset(name for name in found if name)


async def _visible(run: _Run, client: Client, root: str) -> Absence | None:
    """Nothing, where the subscription can be read; else why not. Azure answers 404 for what we may not see, too."""
    try:
        await run.subscription_as_is(client, root)
    except ReadError as error:
        if error.absence.reason in {Reason.REFUSED, Reason.ABSENT}:
            return msgspec.structs.replace(error.absence, cure=error.absence.cure or GRANT)
        raise
    return None


@asynccontextmanager
async def _signed_in(session: Session) -> AsyncIterator[tuple[Client, str, Identity]]:
    """A client for Azure, its root, and who we are there. Raises ReadError or ComgmtError."""
    connection = session.connections.cloud
    cloud = addresses(session.design.rollout.cloud, connection)
    token = sign_in(connection, cloud.authority).token(cloud.arm_scope)
    who = identity(await token())
    tls = trust(connection.ca_file, "connect.cloud.ca_file")
    async with Client([cloud.arm], token=token, tls=tls, timeout=session.timeout) as client:
        yield client, cloud.arm, who
