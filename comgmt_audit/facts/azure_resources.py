"""What of the CMG is in the Azure subscription, and which names Azure would still give (Azure Resource Manager).

A list shows what the scanner's roles allow, and does not say that it leaves something out. Only a role that reads the
whole subscription makes "not listed" mean "not there": ``complete``.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from comgmt_audit.design import dns_name
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
KEY_VAULT = "Microsoft.KeyVault/vaults"
STORAGE = "Microsoft.Storage/storageAccounts"
ADDRESS = "Microsoft.Network/publicIPAddresses"
CLASSIC = "Microsoft.ClassicCompute/domainNames"

KINDS = {
    SCALE_SET.lower(): "scale set",
    KEY_VAULT.lower(): "key vault",
    STORAGE.lower(): "storage account",
    ADDRESS.lower(): "public address",
    CLASSIC.lower(): "cloud service (classic)",
}
"""What an administrator calls them, by type in lower case: Azure compares types without regard to case."""

RESOURCES = "arm/resources"
ADDRESSES = "arm/public-addresses"
ROLES = "arm/role-assignments"
NAMES = "arm/name-availability"

_READS_ALL = frozenset(
    {
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    }
)
"""Reader, Contributor and Owner (Azure: built-in roles)."""


class Resource(Struct, frozen=True, kw_only=True):
    """A resource; ``type`` in lower case, other text as Azure writes it; ``""`` where it does not say.

    ``size`` is the SKU's name, such as Standard_A2_v2; ``fqdn`` the name in DNS of a public address.
    """

    type: str
    name: str
    group: str
    location: str
    state: str
    size: str
    fqdn: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its kind and name."""
        return f"{KINDS.get(self.type, self.type)} {self.name}"


class _Sku(Struct, frozen=True):
    name: str | None = None


class _Dns(Struct, frozen=True):
    fqdn: str | None = None


class _Properties(Struct, frozen=True, rename="camel"):
    provisioning_state: str | None = None
    dns_settings: _Dns | None = None


class _Resource(Struct, frozen=True, rename="camel"):
    id: str
    name: str
    type: str = ADDRESS
    location: str | None = None
    provisioning_state: str | None = None
    sku: _Sku | None = None
    properties: _Properties | None = None


class _Assignment(Struct, frozen=True, rename="camel"):
    role_definition_id: str = ""
    scope: str = ""


class _Role(Struct, frozen=True):
    properties: _Assignment


class _Listed(Struct, frozen=True, kw_only=True):
    """Resources; ``complete``: the scanner may read the whole subscription, so what is not listed is not there."""

    found: tuple[Resource, ...]
    complete: bool


class AzureResources(_Listed, frozen=True, kw_only=True):
    """The resources that bear the CMG's name, and every cloud service (classic) of the subscription."""

    needs: ClassVar[tuple[str, ...]] = (RESOURCES, ROLES)

    def named(self, type: str, name: str) -> Resource | None:
        """The one of that type and name, which Azure compares without regard to case."""
        wanted = (type.lower(), name.lower())
        return next((one for one in self.found if (one.type, one.name.lower()) == wanted), None)

    @classmethod
    def read(cls, environment: Environment) -> AzureResources:
        """The resources. Raises FactUnavailable."""
        return cls(found=_resources(environment, RESOURCES), complete=_sees_all(environment))


class PublicAddresses(_Listed, frozen=True, kw_only=True):
    """The public addresses of the subscription that have a name in DNS."""

    needs: ClassVar[tuple[str, ...]] = (ADDRESSES, ROLES)

    def of(self, fqdn: str) -> Resource | None:
        """The one with that name in DNS."""
        wanted = dns_name(fqdn)
        return next((one for one in self.found if wanted and dns_name(one.fqdn) == wanted), None)

    @classmethod
    def read(cls, environment: Environment) -> PublicAddresses:
        """The addresses. Raises FactUnavailable. One whose name was not answered may be the one that is looked for."""
        found = _resources(environment, ADDRESSES)
        return cls(found=found, complete=_sees_all(environment) and all(one.fqdn for one in found))


class _Name(Struct, frozen=True):
    type: str
    name: str
    available: bool | None = None
    reason: str | None = None


class AzureName(Struct, frozen=True, kw_only=True):
    """A name, and whether Azure would give it for a resource of that type; ``None``: it does not say."""

    type: str
    name: str
    available: bool | None
    reason: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """The kind of resource, and the name."""
        return f"{KINDS.get(self.type, self.type)} {self.name}"


class AzureNames(Struct, frozen=True, kw_only=True):
    """What Azure says of the names that the CMG will take; asked before the roll-out only."""

    needs: ClassVar[tuple[str, ...]] = (NAMES,)
    names: tuple[AzureName, ...]

    @classmethod
    def read(cls, environment: Environment) -> AzureNames:
        """The names. Raises FactUnavailable."""
        return cls(
            names=tuple(
                AzureName(
                    type=raw.type.lower(),
                    name=raw.name,
                    available=raw.available,
                    reason=raw.reason or "",
                    evidence=Evidence(NAMES, f"line {line}/available", str(raw.available)),
                )
                for line, raw in environment.recording.lines(NAMES, _Name)
            )
        )


def _resources(environment: Environment, observation: str) -> tuple[Resource, ...]:
    return tuple(
        _resource(Evidence(observation, f"line {line}"), raw)
        for line, raw in environment.recording.lines(observation, _Resource)
    )


def _resource(evidence: Evidence, raw: _Resource) -> Resource:
    properties = raw.properties or _Properties()
    return Resource(
        type=raw.type.lower(),
        name=raw.name,
        group=_group(raw.id),
        location=raw.location or "",
        state=raw.provisioning_state or properties.provisioning_state or "",
        size=(raw.sku and raw.sku.name) or "",
        fqdn=(properties.dns_settings and properties.dns_settings.fqdn) or "",
        evidence=evidence,
    )


def _group(id: str) -> str:
    """The resource group in a resource's id (``/subscriptions/…/resourceGroups/NAME/providers/…``)."""
    parts = id.split("/")
    places = [number for number, part in enumerate(parts[:-1]) if part.lower() == "resourcegroups"]
    return parts[places[0] + 1] if places else ""


def _sees_all(environment: Environment) -> bool:
    """Is a role that reads everything assigned to the scanner, on the subscription or above it?

    What assigns less, or another role, shows an unknown part.
    """
    try:
        roles = [raw.properties for _, raw in environment.recording.lines(ROLES, _Role)]
    except FactUnavailable:
        return False
    subscription = f"/subscriptions/{environment.design.rollout.subscription_id}".lower()
    above = "/providers/microsoft.management/managementgroups/"
    return any(
        role.role_definition_id.rpartition("/")[2].lower() in _READS_ALL
        and (role.scope.lower() in {"/", subscription} or role.scope.lower().startswith(above))
        for role in roles
    )
