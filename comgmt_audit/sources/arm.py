"""Azure Resource Manager: the subscription and its resource providers (``docs/recording/arm.md``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from comgmt_audit.errors import ComgmtError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources.clouds import addresses
from comgmt_audit.sources.http import Client, ReadError, trust
from comgmt_audit.sources.session import Permission, Probe, Session, refused, unreadable
from comgmt_audit.sources.shape import kept, shape
from comgmt_audit.sources.sign_in import Identity, identity, sign_in

NAME = "arm"

READER = Permission(
    name="Reader",
    kind="azure-role",
    why="the subscription and its resource providers",
    alternatives=("Contributor", "Owner"),
    ids={"azure-role": "acdd72a7-3385-48ef-bd42-f606fba81ae7"},
)
"""The least built-in role (Azure: built-in roles)."""

PERMISSIONS = dict.fromkeys(("arm/subscription", "arm/providers", "arm/management-certificates"), (READER,))

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
_GRANT = "Assign the role Reader on the subscription to the scanner (portal: Subscriptions > Access control)."
_RETIRED = Absence(
    reason=Reason.ABSENT,
    detail="Microsoft has retired the service management API of classic deployments; it was not asked",
    cure="Look in the Azure portal under Subscriptions > Management certificates, while it is still there.",
)


class _Run:
    """One recording of a subscription."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.subscription = session.design.rollout.subscription_id
        self.requests = {
            "arm/subscription": f"/subscriptions/{self.subscription}?api-version={_SUBSCRIPTION_VERSION}",
            "arm/providers": f"/subscriptions/{self.subscription}/providers/{{namespace}}"
            f"?api-version={_PROVIDERS_VERSION}",
        }
        self.wanted = [id for id in self.requests if session.wanted(id)]

    def retired(self) -> None:
        """The certificates of classic deployments: nobody can be asked any more."""
        id = "arm/management-certificates"
        if self.session.wanted(id) and self.session.design.gateway.deployment == "classic":
            request = f"GET https://management.core.windows.net/{self.subscription}/certificates"
            self.session.writer.absent(id, _RETIRED, source=NAME, request=request, at=self.session.clock())

    async def all(self, client: Client, root: str) -> None:
        """Every wanted answer, or why there is none."""
        asked = {"arm/subscription": self._subscription, "arm/providers": self._providers}
        await asyncio.gather(*(self._kept(id, asked[id](client, root)) for id in self.wanted))

    async def _kept(self, id: str, answer: Any) -> None:
        try:
            rows: list[dict[str, Any]] = await answer
        except ReadError as error:
            # Azure also says "not found" of what the account may not see.
            absence = error.absence
            self.absent([id], msgspec.structs.replace(absence, cure=absence.cure or _GRANT))
            return
        rest = {"source": NAME, "request": f"GET {self.requests[id]}", "at": self.session.clock()}
        if id == "arm/subscription":
            self.session.writer.json(id, rows[0], **rest)
        else:
            self.session.writer.lines(id, rows, **rest)
        self.session.progress(NAME, id.partition("/")[2], len(rows))

    def absent(self, ids: Iterable[str], absence: Absence) -> None:
        """Keep why there is no answer."""
        for id in ids:
            request = f"GET {self.requests[id]}"
            self.session.writer.absent(id, absence, source=NAME, request=request, at=self.session.clock())

    async def _subscription(self, client: Client, root: str) -> list[dict[str, Any]]:
        reply = await client.get(root + self.requests["arm/subscription"], cure=_GRANT)
        return [kept(reply.json(dict[str, Any]), _SUBSCRIPTION)]

    async def _providers(self, client: Client, root: str) -> list[dict[str, Any]]:
        path = root + self.requests["arm/providers"]
        replies = await asyncio.gather(
            *(client.get(path.replace("{namespace}", name), cure=_GRANT) for name in NAMESPACES)
        )
        return [kept(reply.json(dict[str, Any]), _PROVIDER) for reply in replies]


async def record(session: Session) -> None:
    """Keep every wanted answer of Azure, or why there is none."""
    run = _Run(session)
    run.retired()
    if not run.wanted:
        return
    if not run.subscription:
        run.absent(
            run.wanted, unreadable("comgmt.toml names no subscription", "Set rollout.subscription_id in comgmt.toml.")
        )
        return
    try:
        async with _signed_in(session) as (client, root, _):
            await run.all(client, root)
    except ReadError as error:
        run.absent(run.wanted, error.absence)
    except ComgmtError as error:
        run.absent(run.wanted, refused(error.message, error.hint))


async def probe(session: Session) -> Iterable[Probe]:
    """Who we are in Azure, and whether we may read the subscription."""
    run = _Run(session)
    if not run.subscription:
        return [Probe(source=NAME, answers=False, detail="no subscription", cure="Set rollout.subscription_id.")]
    try:
        async with _signed_in(session) as (client, root, who):
            found = await _visible(run, client, root)
    except ReadError as error:
        return [Probe(source=NAME, answers=False, detail=error.absence.detail, cure=error.absence.cure)]
    except ComgmtError as error:
        return [Probe(source=NAME, answers=False, detail=error.message, cure=error.hint)]
    return [
        Probe(
            source=NAME,
            answers=True,
            detail=found.detail if found else f"subscription {run.subscription}",
            identity=who.label,
            granted=frozenset() if found else frozenset({READER.name}),
            missing={READER.name: found.cure} if found else {},
        )
    ]


async def _visible(run: _Run, client: Client, root: str) -> Absence | None:
    """Nothing, where the subscription can be read; else why not. Azure answers 404 for what we may not see, too."""
    try:
        await client.get(root + run.requests["arm/subscription"], cure=_GRANT)
    except ReadError as error:
        if error.absence.reason in {Reason.REFUSED, Reason.ABSENT}:
            return msgspec.structs.replace(error.absence, cure=error.absence.cure or _GRANT)
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
