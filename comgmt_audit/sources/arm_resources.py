"""What Azure Resource Manager is asked of the CMG: its resources, its names, and which roles the scanner has.

Each function gives the rows of one observation (``docs/recording/arm.md``), and raises ReadError.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

from msgspec import Raw, Struct, field

from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources.http import Client, ReadError, decoded
from comgmt_audit.sources.shape import kept, shape

T = TypeVar("T")
Row: TypeAlias = dict[str, Any]
Read: TypeAlias = Callable[[Client, str], Awaitable[list[Row]]]
"""Reads rows through a client from the root of Azure."""

GRANT = "Assign the role Reader on the subscription to the scanner (portal: Subscriptions > Access control)."
MAX_PAGES = 1000

CLASSIC = "Microsoft.ClassicCompute/domainNames"
"""Cloud services (classic), as Resource Manager shows them."""
KEY_VAULT = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"
ADDRESS = "Microsoft.Network/publicIPAddresses"

_RESOURCES = "2021-04-01"
_NETWORK = "2020-11-01"
_ROLES = "2022-04-01"
_NAME_CHECKS = {KEY_VAULT: "2022-07-01", STORAGE: "2021-09-01"}
"""Versions of the API that are old enough for US Government and China, which lag behind."""

_RESOURCE = shape("id,name,type,location,provisioningState,sku(name,capacity)")
_ADDRESS = shape("id,name,location,properties(provisioningState,dnsSettings(domainNameLabel,fqdn))")
_ASSIGNMENT = shape("properties(roleDefinitionId,scope,principalType)")


class _Page(Struct, frozen=True):
    value: list[Raw]
    next: str | None = field(name="nextLink", default=None)


class _Label(Struct, frozen=True):
    available: bool


class _Name(Struct, frozen=True, rename="camel"):
    name_available: bool
    reason: str = ""


async def together(*reads: Awaitable[T]) -> list[T]:
    """The results of all; raises the first error, but not before all have ended: the client is closed after it."""
    found = await asyncio.gather(*reads, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return [one for one in found if not isinstance(one, BaseException)]


def resources(subscription: str, label: str) -> tuple[str, Read]:
    """The resources that bear the CMG's name, and all cloud services (classic) (Azure: Resources - List)."""
    filters = [f"name eq '{label}'"] if label else []
    filters.append(f"resourceType eq '{CLASSIC}'")
    paths = [
        f"/subscriptions/{subscription}/resources?$filter={text}&$expand=provisioningState&api-version={_RESOURCES}"
        for text in filters
    ]

    async def read(client: Client, root: str) -> list[Row]:
        lists = await together(*(_pages(client, root + path) for path in paths))
        # A cloud service of the CMG's name is in both.
        found = {str(row.get("id")).lower(): kept(row, _RESOURCE) for rows in lists for row in rows}
        return [found[id] for id in sorted(found)]

    return f"GET {paths[0]}" + (f" (and {filters[1]})" if label else ""), read


def addresses(subscription: str) -> tuple[str, Read]:
    """The public addresses that have a name in DNS (Azure: Public IP Addresses - List All)."""
    path = f"/subscriptions/{subscription}/providers/{ADDRESS}?api-version={_NETWORK}"

    async def read(client: Client, root: str) -> list[Row]:
        rows = [kept(row, _ADDRESS) for row in await _pages(client, root + path)]
        return sorted((row for row in rows if _may_be_named(row)), key=lambda row: str(row.get("id")).lower())

    return f"GET {path}", read


def own_roles(subscription: str, object: str) -> tuple[str, Read]:
    """The scanner's own roles on the subscription and above it, by groups too (Azure: list role assignments)."""
    path = (
        f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments"
        f"?$filter=atScope() and assignedTo('{{own object id}}')&api-version={_ROLES}"
    )

    async def read(client: Client, root: str) -> list[Row]:
        rows = await _pages(client, root + path.replace("{own object id}", object))
        return [kept(row, _ASSIGNMENT) for row in sorted(rows, key=lambda row: str(row.get("id")).lower())]

    return f"GET {path}", read


def names(subscription: str, label: str, region: str, types: tuple[str, ...]) -> tuple[str, Read]:
    """Whether Azure would give the CMG's name: as a DNS label in the region, and for each of *types* everywhere."""
    base = f"/subscriptions/{subscription}/providers"
    dns = (
        f"{base}/Microsoft.Network/locations/{region}/CheckDnsNameAvailability"
        f"?domainNameLabel={label}&api-version={_NETWORK}"
    )

    async def one(client: Client, root: str, type: str) -> Row:
        url = f"{root}{base}/{type.partition('/')[0]}/checkNameAvailability?api-version={_NAME_CHECKS[type]}"
        answer = (await client.post(url, {"name": label, "type": type}, cure=GRANT)).json(_Name)
        return {"type": type, "name": label, "available": answer.name_available, "reason": answer.reason}

    async def read(client: Client, root: str) -> list[Row]:
        answer = (await client.get(root + dns, cure=GRANT)).json(_Label)
        rest = await together(*(one(client, root, type) for type in types))
        return [{"type": ADDRESS, "name": label, "region": region, "available": answer.available}, *rest]

    return f"GET {dns} (and POST checkNameAvailability for {', '.join(types)})", read


def _may_be_named(address: Row) -> bool:
    """Has it a name in DNS? What is of another shape than documented is kept, for the fact to say so."""
    properties = address.get("properties")
    return not isinstance(properties, dict) or bool(properties.get("dnsSettings"))


async def _pages(client: Client, url: str | None) -> list[Row]:
    """A list to its end. A page may be empty and still have a next one; another host is refused by the client."""
    found: list[Row] = []
    seen: set[str] = set()
    while url:
        if url in seen or len(seen) >= MAX_PAGES:
            cure = "Record again; if it stays so, see who answers in place of the service."
            raise ReadError(Absence(reason=Reason.UNREADABLE, detail="the list does not end", cure=cure))
        seen.add(url)
        page = (await client.get(url, cure=GRANT)).json(_Page)
        found += [decoded(row, Row) for row in page.value]
        url = page.next
    return found
