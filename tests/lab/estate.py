"""Contoso: one typed description of a whole environment, healthy by default, from which every recording is filled.

A defect is one named change: ``contoso().with_(tenant__mdm_authority="sccm")``. Two healthy estates exist:
:func:`contoso` (today: scale-set CMG, public certificate for it, HTTPS management point, PKI clients, pilot) and
:func:`contoso_2018` (the tutorial: classic CMG and CDP with own certificates under cloudapp.net).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from comgmt_audit import design as designs
from comgmt_audit.recording import Absence, Reason, RecordingWriter
from tests.lab import (
    azure,
    azure_resources,
    certificates,
    clocks,
    conditional_access,
    directory,
    dns,
    entra_apps,
    entra_devices,
    hosts,
    intune,
    logs,
    ocsp,
    people,
    pki,
    site,
    tenant,
    tls,
)
from tests.lab.names import Names, days


class Estate(Struct, frozen=True, kw_only=True):
    """All of Contoso. Parts are frozen; :meth:`with_` gives a changed copy."""

    design: dict[str, Any]
    names: Names = field(default_factory=Names)
    tenant: tenant.Tenant = field(default_factory=tenant.Tenant)
    people: people.People = field(default_factory=people.People)
    entra_apps: entra_apps.EntraApps = field(default_factory=entra_apps.EntraApps)
    entra_devices: entra_devices.EntraDevices = field(default_factory=entra_devices.EntraDevices)
    intune: intune.Intune = field(default_factory=intune.Intune)
    azure: azure.Azure = field(default_factory=azure.Azure)
    site: site.Site = field(default_factory=site.Site)
    directory: directory.Directory = field(default_factory=directory.Directory)
    hosts: hosts.Hosts = field(default_factory=hosts.Hosts)
    certificates: certificates.Certificates = field(default_factory=certificates.Certificates)
    dns: dns.Dns = field(default_factory=dns.Dns)
    logs: logs.Logs = field(default_factory=logs.Logs)
    tls: tls.Tls = field(default_factory=tls.Tls)
    ocsp: ocsp.Ocsp = field(default_factory=ocsp.Ocsp)
    clocks: clocks.Clocks = field(default_factory=clocks.Clocks)
    absences: dict[str, Absence | None] = field(default_factory=dict)
    partial: str = ""
    days_later: float = 0
    """After NOW it is looked at; what the systems do by themselves (logs, CRLs, synchronisation) has gone on."""

    @property
    def at(self) -> dt.datetime:
        """When it is looked at."""
        return days(self.days_later)

    def with_(self, **changes: Any) -> Estate:
        """The same estate with one thing changed; ``part__field=value`` reaches into a part, to any depth."""
        changed = self
        for path, value in changes.items():
            changed = _replaced(changed, path.split("__"), value)
        return changed

    def refusing(self, observation: str, detail: str = "HTTP 403: Insufficient privileges", cure: str = "") -> Estate:
        """The same estate whose source refuses to answer this request."""
        return self._absent(observation, Absence(reason=Reason.REFUSED, detail=detail, cure=cure, status=403))

    def unreachable(self, observation: str, detail: str = "timed out after 30 s") -> Estate:
        """The same estate whose source does not answer this request."""
        return self._absent(observation, Absence(reason=Reason.UNREACHABLE, detail=detail))

    def unrecorded(self, observation: str) -> Estate:
        """The same estate, of which this was not asked."""
        return self._absent(observation, None)

    def _absent(self, observation: str, absence: Absence | None) -> Estate:
        return msgspec.structs.replace(self, absences={**self.absences, observation: absence})


def _replaced(struct: Any, path: list[str], value: Any) -> Any:
    head, *rest = path
    if isinstance(struct, dict):
        return {**struct, head: _replaced(struct[head], rest, value) if rest else value}
    if not hasattr(struct, head):
        raise AttributeError(f"{type(struct).__name__} has no {head!r}: {', '.join(struct.__struct_fields__)}")
    return msgspec.structs.replace(struct, **{head: _replaced(getattr(struct, head), rest, value) if rest else value})


RECORDERS: tuple[Callable[[Estate, RecordingWriter], None], ...] = (
    tenant.record,
    conditional_access.record,
    people.record,
    entra_apps.record,
    entra_devices.record,
    intune.record,
    azure.record,
    site.record,
    directory.record,
    hosts.record,
    certificates.record,
    dns.record,
    logs.record,
    tls.record,
    ocsp.record,
    clocks.record,
)
"""What fills a recording, part by part."""


class _LabWriter(RecordingWriter):
    """A writer that leaves out, or replaces by their absence, the observations that a defect takes away."""

    def __init__(self, target: Path, estate: Estate) -> None:
        design = designs.from_mapping(estate.design, "the lab's design")
        super().__init__(target, recorded_at=estate.at, design=design, partial=estate.partial)
        self._absences = estate.absences
        self.used: set[str] = set()

    def _add(self, id: str, **rest: Any) -> None:
        if id in self._absences:
            self.used.add(id)
            absence = self._absences[id]
            if absence is None:
                return
            rest = {"source": rest["source"], "request": rest["request"], "absence": absence}
        super()._add(id, **rest)


def record(estate: Estate, target: Path) -> Path:
    """Write the estate's recording to *target*, a folder or .zip that does not exist yet."""
    with _LabWriter(target, estate) as writer:
        for recorder in RECORDERS:
            recorder(estate, writer)
        unknown = set(estate.absences) - writer.used
        if unknown:
            raise KeyError(f"the estate takes away what it never records: {', '.join(sorted(unknown))}")
    return target


def contoso(**changes: Any) -> Estate:
    """Contoso of today, ready for co-management."""
    names = Names()
    design = {
        "name": "Contoso",
        "baseline": "current",
        "rollout": {"tenant_id": names.tenant_id, "subscription_id": names.subscription_id, "enabled": True},
        "site": {
            "code": names.site_code,
            "server": names.site_server,
            "management_point": names.management_point,
            "connection_point": names.management_point,
            "cloud_role_server": names.site_server,
        },
        "clients": {
            "settings": names.client_settings,
            "pilot_collection": names.pilot_collection,
            "samples": [names.client],
        },
        "gateway": {
            "service_name": names.gateway_service,
            "deployment_name": names.gateway_deployment,
            "region": names.region,
            "certificate_file": "ConfigMgrCloudMGServer.pfx",
            "verify_client_revocation": "on",
        },
        "names": {"domain_admin": names.domain_admin},
        "dns": {
            "inside": [names.inside_resolver],
            "outside": [names.outside_resolver],
            "enrolment_domains": [names.domain],
        },
    }
    estate = Estate(design=design, names=names)
    # No list of public CAs knows the lab's public root, so the design declares it.
    return estate.with_(
        design__pki={"public_roots": [pki.fingerprint(estate, "public-root")]},
        design__names__root_files=["TrustedRootCert.cer", "ContosoIssuingCA1.cer"],
    ).with_(**changes)


def contoso_2018(**changes: Any) -> Estate:
    """Contoso as the tutorial leaves it: own certificates under cloudapp.net, classic CMG and CDP."""
    names = Names(
        gateway_service="testintunecmg.cloudapp.net",
        gateway_deployment="testintunecmg.cloudapp.net",
        gateway_name="testintunecmg",
        distribution_service="testintunecdp.cloudapp.net",
        distribution_deployment="testintunecdp.cloudapp.net",
        gateway_alias="testintunecmg.contoso.com",
        distribution_alias="testintunecdp.contoso.com",
    )
    estate = msgspec.structs.replace(contoso(), names=names, certificates=certificates.TUTORIAL)
    # The lists of the own CA stay inside, so clients must not look for them: without the bit 0x20.
    estate = estate.with_(
        site__security_mask=448,
        directory__web=directory.WEB_OF_CLOUD_SERVICES,
        azure__resources=azure_resources.CLASSIC_SERVICES,
    )
    return estate.with_(
        design__name="Contoso 2018",
        design__baseline="tutorial-2018",
        design__pki={"cloud_certificates": "own"},
        design__gateway={
            "deployment": "classic",
            "custom_domain": False,
            "service_name": names.gateway_service,
            "alias": names.gateway_alias,
            "deployment_name": names.gateway_deployment,
            "region": names.region,
            "certificate_file": "ConfigMgrCloudMGServer.pfx",
            "verify_client_revocation": "off",
        },
        design__distribution_point={
            "wanted": True,
            "service_name": names.distribution_service,
            "alias": names.distribution_alias,
            "deployment_name": names.distribution_deployment,
            "region": names.region,
            "certificate_file": "ConfigMgrCloudDPServer.pfx",
        },
        **changes,
    )
