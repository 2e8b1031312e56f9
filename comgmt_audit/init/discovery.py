"""What a recording says of the design: the facts that the checks read, as answers with the place where each was seen.

A first look is a recording as any other, made by the same sources; nothing here reads a system by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from comgmt_audit import baselines
from comgmt_audit.connections import Connections
from comgmt_audit.design import Design
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.azure_services import ConfigMgrTenants
from comgmt_audit.facts.cloud_services import (
    CLASSIC_SUFFIXES,
    SCALE_SET_SUFFIXES,
    CloudService,
    DistributionPoints,
    Gateways,
    has_suffix,
)
from comgmt_audit.facts.co_management import CoManagement
from comgmt_audit.facts.directory import Domains, EnrollmentServices, ServiceConnectionPoint
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.site import CommunicationSecurity, Site, Sites
from comgmt_audit.facts.site_roles import ConnectionPoints, ManagementPoints
from comgmt_audit.facts.tenant import Tenant
from comgmt_audit.model import Evidence
from comgmt_audit.recording import Recording

FACTS: tuple[Any, ...] = (
    Tenant,
    ServiceConnectionPoint,
    ConfigMgrTenants,
    Domains,
    EnrollmentServices,
    Sites,
    CommunicationSecurity,
    ManagementPoints,
    ConnectionPoints,
    Gateways,
    DistributionPoints,
    CoManagement,
)
"""What a first look asks for."""
_SYSTEMS = {
    "graph": "Microsoft Graph",
    "directory": "Active Directory",
    "site": "the AdminService",
}


class Seen(Struct, frozen=True):
    """A value, and where it was seen."""

    value: Any
    place: str


class Discovery(Struct, frozen=True, kw_only=True):
    """What a look has shown: values by key; words by key, such as why there is no value; and what has no key."""

    found: dict[str, Seen] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


_Finding = tuple[str, Any, Evidence] | dict[str, str] | str
"""A key, its value and the place; words about keys; or words about what has no key."""


async def record(
    declared: Design, connect: Connections, folder: Path, clock: Callable[[], dt.datetime], timeout: float
) -> Path:
    """A first look: what the facts need, of the systems that say what is meant. Returns the recording, in *folder*."""
    from comgmt_audit import recorder

    return await recorder.record(
        declared,
        connect,
        folder / "look",
        wanted=recorder.Needs(frozenset(need for fact in FACTS for need in fact.needs)),
        clock=clock,
        progress=lambda *_: None,
        timeout=timeout,
        read=recorder.sources(connect, {"cloud", "directory", "admin_service"}),
    )


def look(path: Path) -> Discovery:
    """What the recording at *path* says. Raises ComgmtError where it is none."""
    recording = Recording.load(path)
    try:
        environment = Environment(recording, Design(), baselines.load("current"))
        return _discover(environment)
    finally:
        recording.close()


def _discover(environment: Environment) -> Discovery:
    seen = Discovery()
    for keys, finder in _FINDERS:
        try:
            findings = list(finder(environment))
        except FactUnavailable as error:
            why = f"Not seen: {error.why}. {error.cure}".strip()
            seen.notes.update((key, why) for key in keys if key not in seen.found and key not in seen.notes)
            continue
        for finding in findings:
            _take(seen, finding)
    return seen


def _take(seen: Discovery, finding: _Finding) -> None:
    if isinstance(finding, str):
        seen.remarks.append(finding)
    elif isinstance(finding, dict):
        seen.notes.update(finding)
    else:
        key, value, evidence = finding
        place = f"{_SYSTEMS[evidence.observation.partition('/')[0]]} ({evidence.observation})"
        if key not in seen.found:
            seen.found[key] = Seen(value, place)
            seen.notes.pop(key, None)
        elif seen.found[key].value != value:
            seen.notes[key] = f"Otherwise in {place}: {value}"


def _tenant(environment: Environment) -> Iterator[_Finding]:
    tenant = environment.fact(Tenant)
    yield "name", tenant.name, tenant.evidence
    yield "rollout.tenant_id", tenant.id.casefold(), tenant.evidence
    own = [domain.name for domain in tenant.domains if not domain.name.endswith(".onmicrosoft.com")]
    yield {"dns.enrolment_domains": f"The tenant's own domains: {', '.join(own) or 'none'}"}


def _connection_point(environment: Environment) -> Iterator[_Finding]:
    point = environment.fact(ServiceConnectionPoint)
    for id in point.tenant_ids if len(point.tenant_ids) == 1 else ():
        yield "rollout.tenant_id", id, point.evidence


def _onboarded(environment: Environment) -> Iterator[_Finding]:
    tenants = environment.fact(ConfigMgrTenants).tenants
    if len(tenants) == 1:
        yield "rollout.tenant_id", tenants[0].id, tenants[0].evidence
    elif tenants:
        yield f"The site is onboarded to several tenants: {', '.join(one.id for one in tenants)}"


def _domains(environment: Environment) -> Iterator[_Finding]:
    domains = environment.fact(Domains)
    yield "rollout.on_premises_domain", True, domains.domains[0].evidence
    root = f", forest root {domains.root.name}" if domains.root else ""
    yield f"Domains of the forest: {', '.join(domain.name for domain in domains)}{root}"


def _authorities(environment: Environment) -> Iterator[_Finding]:
    services = environment.fact(EnrollmentServices)
    yield f"Enterprise CAs: {', '.join(f'{one.name} on {one.host}' for one in services) or 'none'}"


def _primary(environment: Environment) -> Site:
    """The primary site. Raises FactUnavailable where there are several."""
    primary = [site for site in environment.fact(Sites) if site.is_primary]
    if len(primary) != 1:
        names = ", ".join(f"{site.code} on {site.server}" for site in primary) or "none"
        raise FactUnavailable(f"there is not one primary site: {names}", "Write the one that is meant.")
    return primary[0]


def _site(environment: Environment) -> Iterator[_Finding]:
    site = _primary(environment)
    yield "site.code", site.code, site.evidence
    yield "site.server", site.server, site.evidence


def _communication(environment: Environment) -> Iterator[_Finding]:
    """https where the site, or the management point that the CMG leads to, takes nothing else."""
    points = environment.fact(ManagementPoints).serving("")
    security = environment.fact(CommunicationSecurity).of(_primary(environment).code)
    if points and all(point.is_https for point in points):
        yield "site.communication", "https", points[0].evidence
    elif security and security.https_only:
        yield "site.communication", "https", security.evidence
    elif security and security.enhanced_http:
        yield "site.communication", "enhanced-http", security.evidence
    else:
        why = "neither is the management point on HTTPS nor is Enhanced HTTP known to be on"
        raise FactUnavailable(why, "Write which of the two is meant.")


def _management_point(environment: Environment) -> Iterator[_Finding]:
    points = [point for point in environment.fact(ManagementPoints) if point.allows_gateway]
    point = _only([one.server for one in points], "management point that takes the CMG's traffic")
    yield "site.management_point", point, points[0].evidence


def _cloud_connection(environment: Environment) -> Iterator[_Finding]:
    points = environment.fact(ConnectionPoints).points
    yield "site.connection_point", _only([one.server for one in points], "CMG connection point"), points[0].evidence


def _gateway(environment: Environment) -> Iterator[_Finding]:
    services = environment.fact(Gateways).services
    _only([one.service_name or one.name for one in services], "cloud management gateway")
    service = services[0]
    yield from _service("gateway", service)
    if service.deployment:
        yield "gateway.deployment", service.deployment, service.evidence
    if service.service_name:
        azure = has_suffix(service.service_name, SCALE_SET_SUFFIXES + CLASSIC_SUFFIXES)
        yield "gateway.custom_domain", not azure, service.evidence
    if service.subscription_id:
        yield "rollout.subscription_id", service.subscription_id.casefold(), service.evidence


def _distribution_point(environment: Environment) -> Iterator[_Finding]:
    services = environment.fact(DistributionPoints).services
    if not services:
        yield "The site has no separate cloud distribution point."
        return
    _only([one.service_name or one.name for one in services], "cloud distribution point")
    yield "distribution_point.wanted", True, services[0].evidence
    yield from _service("distribution_point", services[0])


def _service(section: str, service: CloudService) -> Iterator[_Finding]:
    values = {
        "service_name": service.service_name,
        "deployment_name": service.deployment_name,
        "region": service.region,
    }
    yield from ((f"{section}.{key}", value, service.evidence) for key, value in values.items() if value)


def _co_management(environment: Environment) -> Iterator[_Finding]:
    found = environment.fact(CoManagement)
    if found.enabled is not None:
        yield "rollout.enabled", found.enabled, found.evidence
    if found.enrolment in {"all", "pilot"}:
        yield "rollout.automatic_enrolment", found.enrolment, found.evidence
    if len(found.enrolment_collections) == 1:
        yield "clients.pilot_collection", found.enrolment_collections[0], found.evidence


def _only(names: list[str], what: str) -> str:
    """The one there is. Raises FactUnavailable where there are none or several."""
    if len(names) != 1:
        raise FactUnavailable(f"there is not one {what}: {', '.join(names) or 'none'}", "Write the one that is meant.")
    return names[0]


_OF_GATEWAY = ("service_name", "deployment_name", "region", "deployment", "custom_domain")
_FINDERS: tuple[tuple[tuple[str, ...], Callable[[Environment], Iterator[_Finding]]], ...] = (
    (("name", "rollout.tenant_id", "dns.enrolment_domains"), _tenant),
    (("rollout.tenant_id",), _connection_point),
    (("rollout.tenant_id",), _onboarded),
    (("rollout.on_premises_domain",), _domains),
    ((), _authorities),
    (("site.code", "site.server"), _site),
    (("site.communication",), _communication),
    (("site.management_point",), _management_point),
    (("site.connection_point",), _cloud_connection),
    (("rollout.subscription_id", *(f"gateway.{key}" for key in _OF_GATEWAY)), _gateway),
    (("distribution_point.wanted",), _distribution_point),
    (("rollout.enabled", "rollout.automatic_enrolment", "clients.pilot_collection"), _co_management),
)
"""What each finder may say, the most certain first: a later one that says otherwise becomes a note."""
