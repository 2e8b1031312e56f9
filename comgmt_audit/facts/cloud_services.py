"""The site's cloud services in Azure: cloud management gateways and cloud distribution points (AdminService).

Class ``SMS_AzureService`` (reference ``configmgr`` sections 3.1 and 4), with named columns only: the others hold keys.
The site has a column ``DeploymentModel``, but its numbers are documented nowhere; the suffix of the deployment name
tells a scale set from a cloud service (classic).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit import design as designs
from comgmt_audit.facts.admin_service import Scalar, column, integer, may_be_empty, refuse_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

SERVICES = "site/SMS_AzureService"

GATEWAY = "CloudProxyService"
DISTRIBUTION_POINT = "CloudDistributionPoint"
"""``ServiceType`` (SDK, SMS_AzureService; set up a CMG, 2017)."""

STATES = {
    0: "Ready",
    1: "Provisioning",
    4: "Deployment starting",
    5: "Stopping",
    6: "Stopped",
    99: "Deleting",
}
"""``State``, from scripts that show it (reference ``configmgr`` 3.1); other numbers exist and are unknown."""

SCALE_SET_SUFFIXES = ("cloudapp.azure.com", "usgovcloudapi.net")
CLASSIC_SUFFIXES = ("cloudapp.net", "usgovcloudapp.net")
"""Suffixes of deployment names by model (CMG server authentication certificate; modify a CMG)."""


class _RawService(Struct, frozen=True, rename="pascal"):
    service_type: str | None = None
    site_code: str | None = None
    name: str | None = None
    fqdn: str | None = None
    service_name: str | None = field(name="ServiceCName", default=None)
    region: str | None = None
    resource_group: str | None = field(name="AffinityGroup", default=None)
    number_of_instances: Scalar = None
    state: Scalar = None
    service_thumbprint: str | None = None
    management_thumbprint: str | None = None
    subscription_id: str | None = field(name="SubscriptionID", default=None)


class CloudService(Struct, frozen=True, kw_only=True):
    """A CMG or CDP as the site knows it. Text is ``""`` and numbers are ``None`` where the site does not say.

    ``service_name`` is what clients use and the certificate carries; ``deployment_name`` its name in Azure. Thumbprints
    are SHA-1 in upper-case hex.
    """

    type: str
    site: str
    name: str
    deployment_name: str
    service_name: str
    region: str
    resource_group: str
    subscription_id: str
    instances: int | None
    state: int | None
    thumbprint: str
    management_thumbprint: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its kind and service name."""
        kind = "CMG" if self.type == GATEWAY else "CDP"
        return f"{kind} {self.service_name or self.name or self.deployment_name}"

    @property
    def state_name(self) -> str:
        """The state as the console shows it; ``""`` where the number is known to nobody."""
        return STATES.get(self.state, "") if self.state is not None else ""

    @property
    def deployment(self) -> str:
        """``scale-set`` or ``classic``, by the suffix of the deployment name; ``""`` where it is neither."""
        if has_suffix(self.deployment_name, SCALE_SET_SUFFIXES):
            return "scale-set"
        return "classic" if has_suffix(self.deployment_name, CLASSIC_SUFFIXES) else ""

    def at(self, column_name: str) -> Evidence:
        """The place of one of its columns."""
        return column(self.evidence, column_name)


def has_suffix(name: str, suffixes: tuple[str, ...]) -> bool:
    """Is the DNS name under one of the suffixes, whole labels compared?"""
    return any(name.casefold().rstrip(".").endswith("." + suffix) for suffix in suffixes)


class _Services(Struct, frozen=True, kw_only=True):
    """Cloud services of one type; an empty list is known to be empty.

    ``complete``: the recorder's account sees every one, so what is not listed does not exist.
    """

    services: tuple[CloudService, ...]
    complete: bool

    def __iter__(self) -> Iterator[CloudService]:
        return iter(self.services)

    def declared(self, meant: designs.CloudService) -> tuple[CloudService, ...]:
        """Those that the design means: of its service or deployment name; all where it names neither."""
        wanted = {name.casefold() for name in (meant.service_name, meant.deployment_name) if name}
        if not wanted:
            return self.services
        return tuple(
            service
            for service in self.services
            if wanted & {service.service_name.casefold(), service.deployment_name.casefold()}
        )


class Gateways(_Services, frozen=True, kw_only=True):
    """The cloud management gateways of the hierarchy."""

    needs: ClassVar[tuple[str, ...]] = (SERVICES,)

    @classmethod
    def read(cls, environment: Environment) -> Gateways:
        """All rows of that type."""
        found = _read(environment, GATEWAY)
        refuse_empty(environment, SERVICES, found, "cloud management gateway")
        return cls(services=found, complete=may_be_empty(environment, SERVICES))


class DistributionPoints(_Services, frozen=True, kw_only=True):
    """The cloud distribution points of the hierarchy."""

    needs: ClassVar[tuple[str, ...]] = (SERVICES,)

    @classmethod
    def read(cls, environment: Environment) -> DistributionPoints:
        """All rows of that type."""
        found = _read(environment, DISTRIBUTION_POINT)
        refuse_empty(environment, SERVICES, found, "cloud distribution point")
        return cls(services=found, complete=may_be_empty(environment, SERVICES))


def _read(environment: Environment, type: str) -> tuple[CloudService, ...]:
    return tuple(
        _service(row, raw)
        for row, raw in rows(environment, SERVICES, _RawService)
        if text(raw.service_type).casefold() == type.casefold()
    )


def _service(row: Evidence, raw: _RawService) -> CloudService:
    return CloudService(
        type=GATEWAY if text(raw.service_type).casefold() == GATEWAY.casefold() else DISTRIBUTION_POINT,
        site=text(raw.site_code),
        name=text(raw.name),
        deployment_name=text(raw.fqdn),
        service_name=text(raw.service_name),
        region=text(raw.region),
        resource_group=text(raw.resource_group),
        subscription_id=text(raw.subscription_id).casefold(),
        instances=integer(raw.number_of_instances, column(row, "NumberOfInstances")),
        state=integer(raw.state, column(row, "State")),
        thumbprint=text(raw.service_thumbprint).replace(" ", "").upper(),
        management_thumbprint=text(raw.management_thumbprint).replace(" ", "").upper(),
        evidence=row,
    )
