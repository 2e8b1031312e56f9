"""Contoso's users, licences, groups and administrators, as Microsoft Graph shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate

INTUNE = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"
PREMIUM = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
PREMIUM_2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
BASIC_MOBILITY = "882e1d05-acd1-4ccb-8708-6ee03664b117"
"""Service plans: INTUNE_A, AAD_PREMIUM, AAD_PREMIUM_P2, INTUNE_O365."""

EMS = "efccb6f7-5641-4e0e-bd10-b4976e1bf68e"
OFFICE = "6fd2c87f-b296-42f0-b197-1e91e994b900"
"""SKUs: EMS (E3), ENTERPRISEPACK."""

# fmt: off
NAMES = [
    "adele", "bob", "carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy", "kim", "lee", "mallory",
    "nia", "oscar", "peggy", "quinn", "rupert", "sybil", "trent", "uma", "victor", "wendy", "xaver", "yara",
]
# fmt: on


def sku(
    name: str,
    id: str,
    plans: dict[str, str],
    *,
    units: int | None = 100,
    consumed: int | None = 40,
    status: str = "Enabled",
    provisioning: str = "Success",
    applies_to: str = "User",
    warning: int = 0,
) -> dict[str, Any]:
    """A row of subscribedSkus; *plans* is id to name."""
    return {
        "id": f"72f988bf-0000-4000-8000-2d7cd011db00_{id}",
        "skuId": id,
        "skuPartNumber": name,
        "appliesTo": applies_to,
        "capabilityStatus": status,
        "consumedUnits": consumed,
        "prepaidUnits": {"enabled": units, "suspended": 0, "warning": warning, "lockedOut": 0},
        "servicePlans": [
            {
                "servicePlanId": plan,
                "servicePlanName": plan_name,
                "provisioningStatus": provisioning,
                "appliesTo": "User",
            }
            for plan, plan_name in plans.items()
        ],
    }


def assigned(
    sku: str = EMS,
    *,
    group: str | None = None,
    off: tuple[str, ...] = (),
    state: str = "Active",
    error: str | None = "None",
    held: bool = True,
) -> dict[str, Any]:
    """What a user looks like who was assigned one licence: the two properties that tell of it."""
    row = {
        "skuId": sku,
        "disabledPlans": list(off),
        "assignedByGroup": group,
        "state": state,
        "error": error,
        "lastUpdatedDateTime": "2026-03-02T07:00:00Z",
    }
    return {
        "assignedLicenses": [{"skuId": sku, "disabledPlans": list(off)}] if held else [],
        "licenseAssignmentStates": [row],
    }


NOTHING: dict[str, Any] = {"assignedLicenses": [], "licenseAssignmentStates": []}

BUNDLE = sku("EMS", EMS, {INTUNE: "INTUNE_A", PREMIUM: "AAD_PREMIUM"})
OFFICE_E3 = sku("ENTERPRISEPACK", OFFICE, {BASIC_MOBILITY: "INTUNE_O365"}, provisioning="PendingActivation")


class People(Struct, frozen=True, kw_only=True):
    """Healthy by default: everybody has EMS E3, most by a group, each fourth directly.

    ``overrides`` replaces properties of named users (``{"bob": NOTHING}``); who is not among the first 25 names has a
    number (``adele25``). ``guests`` and ``leavers`` have no licence, and need none.
    """

    users: int = 25
    overrides: dict[str, dict[str, Any]] = {}
    skus: tuple[dict[str, Any], ...] = (BUNDLE, OFFICE_E3)
    guests: tuple[str, ...] = ("partner",)
    leavers: tuple[str, ...] = ("gone",)
    pilots: tuple[str, ...] = ("adele", "bob", "carol", "dave", "eve")
    bootstrap: tuple[str, ...] = ("adele", "bob")
    bootstrap_devices: tuple[str, ...] = ()
    administrators: tuple[dict[str, Any], ...] = ()
    """Principals of the role Global Administrator; empty: two of the users."""
    administrator_scope: str = "/"


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about people."""
    people, names = estate.people, estate.names
    writer.lines(
        "graph/subscribed-skus",
        _by_id(people.skus),
        source="graph",
        request="GET /v1.0/subscribedSkus?$select=id,skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,"
        "prepaidUnits,servicePlans",
    )
    writer.lines(
        "graph/users",
        _users(estate),
        source="graph",
        request="GET /v1.0/users?$select=id,userPrincipalName,accountEnabled,userType,usageLocation,"
        "onPremisesSyncEnabled,onPremisesSecurityIdentifier,assignedLicenses,licenseAssignmentStates&$top=999",
    )
    groups = {
        names.licence_group_id: "EMS users",
        names.pilot_group_id: "MDM pilot users",
        names.bootstrap_group_id: "ConfigMgr client by Intune",
    }
    writer.lines(
        "graph/groups",
        [{"id": id, "displayName": name, "securityEnabled": True, "groupTypes": []} for id, name in groups.items()],
        source="graph",
        request="GET /v1.0/groups?$select=id,displayName,securityEnabled,groupTypes&$top=999",
    )
    scopes = (estate.intune.mdm, estate.intune.mam)
    if any(names.licence_group_id in (scope.groups or ()) for scope in scopes):
        # Else nobody asks who is in it: each user says where his licences come from.
        _members(estate, writer, names.licence_group_id, (), ())
    _members(estate, writer, names.pilot_group_id, people.pilots, ())
    _members(estate, writer, names.bootstrap_group_id, people.bootstrap, people.bootstrap_devices)
    writer.lines(
        "graph/global-administrators",
        [_role(estate, number, principal) for number, principal in enumerate(_administrators(estate), 1)],
        source="graph",
        request="GET /v1.0/roleManagement/directory/roleAssignments"
        "?$filter=roleDefinitionId eq '62e90394-69f5-4237-9190-012177145e10'&$expand=principal",
    )


def _by_id(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row.get("id", "")))


def user_id(number: int) -> str:
    """The object id of the n-th user, from 0."""
    return f"22222222-0000-4000-8000-{number + 1:012d}"


def user_sid(estate: Estate, number: int) -> str:
    """The SID of the n-th user in the directory, from 0."""
    return f"{estate.names.domain_sid}-{2001 + number}"


def _name(number: int) -> str:
    name = NAMES[number % len(NAMES)]
    return name if number < len(NAMES) else f"{name}{number}"


def _users(estate: Estate) -> Iterator[dict[str, Any]]:
    people, names = estate.people, estate.names
    for number in range(people.users):
        name = _name(number)
        licence = assigned() if number % 4 == 3 else assigned(group=names.licence_group_id)
        yield _user(estate, number, f"{name}@{names.domain}", **licence) | people.overrides.get(name, {})
    for number, name in enumerate((*people.guests, *people.leavers), people.users):
        guest = name in people.guests
        upn = f"{name}_fabrikam.com#EXT#@{names.initial_domain}" if guest else f"{name}@{names.domain}"
        state = {"accountEnabled": guest, "userType": "Guest" if guest else "Member", "usageLocation": None}
        yield _user(estate, number, upn, **NOTHING) | state


def _user(estate: Estate, number: int, upn: str, **more: Any) -> dict[str, Any]:
    return {
        "id": user_id(number),
        "userPrincipalName": upn,
        "accountEnabled": True,
        "userType": "Member",
        "usageLocation": "DE",
        "onPremisesSyncEnabled": True,
        "onPremisesSecurityIdentifier": user_sid(estate, number),
        **more,
    }


def _members(
    estate: Estate, writer: RecordingWriter, id: str, members: tuple[str, ...], devices: tuple[str, ...]
) -> None:
    users = [
        {
            "id": user_id(NAMES.index(name)),
            "userPrincipalName": f"{name}@{estate.names.domain}",
            "accountEnabled": estate.people.overrides.get(name, {}).get("accountEnabled", True),
        }
        for name in members
    ]
    writer.lines(
        f"graph/group-members/{id}",
        users,
        source="graph",
        request=f"GET /v1.0/groups/{id}/transitiveMembers/microsoft.graph.user"
        "?$select=id,userPrincipalName,accountEnabled&$top=999&$count=true",
    )
    writer.lines(
        f"graph/group-devices/{id}",
        [
            {"id": f"99999999-1111-4000-8000-{number:012d}", "displayName": name, "accountEnabled": True}
            for number, name in enumerate(devices, 1)
        ],
        source="graph",
        request=f"GET /v1.0/groups/{id}/transitiveMembers/microsoft.graph.device"
        "?$select=id,displayName,accountEnabled&$top=999&$count=true",
    )


def principal(kind: str, name: str, *, enabled: bool | None = True, id: str = "") -> dict[str, Any]:
    """A holder of a role: *kind* is user, group or servicePrincipal."""
    known = {"accountEnabled": enabled} if kind != "group" else {}
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": id or f"22222222-0000-4000-9000-{sum(name.encode()):012d}",
        "displayName": name,
        **({"userPrincipalName": name} if kind == "user" else {}),
        **known,
    }


def _administrators(estate: Estate) -> tuple[dict[str, Any], ...]:
    names = estate.names
    return estate.people.administrators or (
        principal("user", f"judy@{names.domain}", id=user_id(9)),
        principal("user", f"breakglass@{names.initial_domain}"),
    )


def _role(estate: Estate, number: int, principal: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"lAPpYvVpN0KRkAEhdxReEAAAAAAAAAAAAAAAAAAAAAA-{number}",
        "principalId": principal["id"],
        "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10",
        "directoryScopeId": estate.people.administrator_scope,
        "principal": principal,
    }
