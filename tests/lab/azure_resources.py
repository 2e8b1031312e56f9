"""What of Contoso's CMG is in Azure: resources, names in DNS, names that can be had, and the scanner's own roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from comgmt_audit.recording import RecordingWriter
    from tests.lab.estate import Estate

Row: TypeAlias = "dict[str, Any]"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
KEY_VAULT = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"
ADDRESS = "Microsoft.Network/publicIPAddresses"
CLASSIC = "Microsoft.ClassicCompute/domainNames"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


class Resource(Struct, frozen=True, kw_only=True):
    """A resource; an empty name or group is the CMG's. ``fqdn``: of public addresses."""

    type: str
    name: str = ""
    group: str = ""
    location: str | None = "westeurope"
    state: str | None = "Succeeded"
    size: str = ""
    fqdn: str = ""


class Resources(Struct, frozen=True, kw_only=True):
    """Healthy by default: what the wizard makes of a scale set that serves content."""

    listed: tuple[Resource, ...] = (
        Resource(type=SCALE_SET, size="Standard_A2_v2"),
        Resource(type=KEY_VAULT),
        Resource(type=STORAGE, size="Standard_LRS"),
    )
    addresses: tuple[Resource, ...] = (Resource(type=ADDRESS),)
    """The name in DNS of an address is the CMG's where none is given."""
    taken: tuple[str, ...] = ()
    """The types for which somebody else has the CMG's name."""
    unsaid: tuple[str, ...] = ()
    """The types for which Azure does not say whether the name is free."""
    roles: tuple[tuple[str, str], ...] = ((READER, ""),)
    """Role and scope of the scanner's own assignments; an empty scope is the subscription."""

    def without(self, type: str) -> tuple[Resource, ...]:
        """What is listed, but for that type."""
        return tuple(one for one in self.listed if one.type != type)

    def having(self, type: str, **changes: Any) -> tuple[Resource, ...]:
        """What is listed, with that type changed."""
        from msgspec.structs import replace

        return tuple(replace(one, **changes) if one.type == type else one for one in self.listed)


CLASSIC_SERVICES = Resources(
    listed=tuple(Resource(type=CLASSIC, name=name) for name in ("testintunecmg", "testintunecdp")), addresses=()
)
"""What the tutorial of 2018 makes: cloud services, with nothing beside them."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Azure answers of the CMG."""
    found, subscription = estate.azure.resources, f"/subscriptions/{estate.names.subscription_id}"
    label, region = _declared(estate)
    classic = f"resourceType eq '{CLASSIC}'"
    filters = ([f"name eq '{label}'"] if label else []) + [classic]
    path = f"GET {subscription}/resources?$filter={filters[0]}&$expand=provisioningState&api-version=2021-04-01"
    listed: list[Row] = [resource(estate, one) for one in found.listed]
    shown: list[Row] = [row for row in listed if row["type"] == CLASSIC or (label and row["name"] == label)]
    writer.lines(
        "arm/resources",
        sorted(shown, key=_id),
        source="arm",
        request=path + (f" (and {classic})" if label else ""),
    )
    addresses: list[Row] = [address(estate, one) for one in found.addresses]
    writer.lines(
        "arm/public-addresses",
        sorted(addresses, key=_id),
        source="arm",
        request=f"GET {subscription}/providers/{ADDRESS}?api-version=2020-11-01",
    )
    writer.lines(
        "arm/role-assignments",
        [{"properties": one["properties"]} for one in assignments(estate)],
        source="arm",
        request=f"GET {subscription}/providers/Microsoft.Authorization/roleAssignments"
        "?$filter=atScope() and assignedTo('{own object id}')&api-version=2022-04-01",
    )
    if estate.design["gateway"].get("deployment") == "classic" or estate.design["rollout"]["enabled"]:
        return
    types = [KEY_VAULT, *([STORAGE] if estate.design["gateway"].get("serves_content") != "off" else [])]
    rows = [{"type": type, "name": label, **availability(estate, type)} for type in types]
    writer.lines(
        "arm/name-availability",
        [{"type": ADDRESS, "name": label, "region": region, "available": free(estate, ADDRESS)}, *rows],
        source="arm",
        request=f"GET {subscription}/providers/Microsoft.Network/locations/{region}/CheckDnsNameAvailability"
        f"?domainNameLabel={label}&api-version=2020-11-01 (and POST checkNameAvailability for {', '.join(types)})",
    )


def _id(row: Any) -> str:
    return str(row["id"]).lower()


def _declared(estate: Estate) -> tuple[str, str]:
    """Label and region of the deployment name; nothing of a classic one."""
    name = str(estate.design["gateway"].get("deployment_name", "")).strip().removesuffix(".").lower()
    label, region, *parents = [*name.split("."), ""]
    return (label, region) if parents[:1] == ["cloudapp"] else ("", "")


def resource(estate: Estate, one: Resource) -> Row:
    """A resource as the list of all resources has it."""
    name = one.name or estate.names.gateway_deployment.partition(".")[0]
    row: Row = {
        "id": f"{_group(estate, one)}/providers/{one.type}/{name}",
        "name": name,
        "type": one.type,
        "location": one.location,
        "provisioningState": one.state,
    }
    return row | ({"sku": {"name": one.size, "capacity": 2}} if one.type == SCALE_SET else {})


def address(estate: Estate, one: Resource) -> Row:
    """A public address as its provider lists it."""
    fqdn = one.fqdn or estate.names.gateway_deployment
    name = one.name or f"{fqdn.partition('.')[0]}-ip"
    return {
        "id": f"{_group(estate, one)}/providers/{one.type}/{name}",
        "name": name,
        "location": one.location,
        "properties": {
            "provisioningState": one.state,
            "dnsSettings": {"domainNameLabel": fqdn.partition(".")[0], "fqdn": fqdn},
        },
    }


def _group(estate: Estate, one: Resource) -> str:
    return f"/subscriptions/{estate.names.subscription_id}/resourceGroups/{one.group or estate.names.resource_group}"


def assignments(estate: Estate) -> list[Row]:
    """The scanner's own roles."""
    subscription = f"/subscriptions/{estate.names.subscription_id}"
    return [
        {
            "id": f"{scope or subscription}/providers/Microsoft.Authorization/roleAssignments/{number}",
            "properties": {
                "roleDefinitionId": f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                "scope": scope or subscription,
                "principalType": "ServicePrincipal",
            },
        }
        for number, (role, scope) in enumerate(estate.azure.resources.roles)
    ]


def free(estate: Estate, type: str) -> bool | None:
    """Can the CMG's name be had for that type? Not where somebody has it, ourselves included."""
    found = estate.azure.resources
    if type in found.unsaid:
        return None
    ours = {one.type for one in (*found.listed, *found.addresses) if not one.name}
    return type not in ours and type not in found.taken


def availability(estate: Estate, type: str) -> Row:
    """The same, as it is kept of the name checks of key vaults and storage accounts."""
    available = free(estate, type)
    return {"available": available, "reason": "" if available else "AlreadyExists"}
