"""The declared design: what this environment means to be, as ``comgmt.toml`` says it.

Half of all wrong verdicts come from not knowing it, so every check reads its scope from here. Every key has a
default; the descriptions below are the documentation (``docs/configuration.md`` and the JSON Schema are made of them).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, field

from comgmt_audit import tables

Cloud: TypeAlias = Literal["public", "us-government", "china"]

Days: TypeAlias = Annotated[int, Meta(ge=0, le=36500)]


_SCALE_SET = re.compile(r"([a-z0-9-]+)\.([a-z0-9]+)\.cloudapp\.[a-z.]+")
"""``LABEL.REGION.cloudapp.azure.com`` (Configuration Manager: CMG server authentication certificate)."""


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of comgmt.toml; a key that it does not know is an error."""


class Rollout(Section, frozen=True, kw_only=True):
    """What is rolled out, where, and by which path."""

    cloud: Annotated[Cloud, Meta(description="The Microsoft cloud: public, us-government or china.")] = "public"
    path: Annotated[
        Literal["existing-clients", "intune-first"],
        Meta(
            description="existing-clients: ConfigMgr clients that enrol into Intune (users need Entra ID P1, no Intune "
            "licence each). intune-first: devices that enrol into Intune and then get the ConfigMgr client."
        ),
    ] = "existing-clients"
    automatic_enrolment: Annotated[
        Literal["pilot", "all"], Meta(description="Automatic enrolment into Intune for a pilot collection, or for all.")
    ] = "pilot"
    enabled: Annotated[
        bool, Meta(description="true once co-management is switched on: devices must then really be co-managed.")
    ] = False
    on_premises_domain: Annotated[
        bool, Meta(description="There is an on-premises Active Directory whose objects are synchronised to Entra ID.")
    ] = True
    tenant_id: Annotated[str, Meta(description="The Entra tenant's id (GUID); empty: whatever tenant is read.")] = ""
    subscription_id: Annotated[
        str, Meta(description="The Azure subscription that pays for the cloud services (GUID).")
    ] = ""
    cloud_only_devices: Annotated[
        bool,
        Meta(description="Devices that are joined to Entra ID only will need the ConfigMgr client over the internet."),
    ] = False


class Pki(Section, frozen=True, kw_only=True):
    """Who issues the certificates."""

    cloud_certificates: Annotated[
        Literal["public", "own"],
        Meta(description="Who issues the certificates of the CMG and the CDP: a public CA, or the organisation's own."),
    ] = "public"
    public_roots: Annotated[
        tuple[str, ...],
        Meta(description="SHA-256 fingerprints of roots that count as public beside those of Mozilla's list."),
    ] = ()
    certificate_folder: Annotated[
        str, Meta(description="The folder on the site server in which the wizards will look for the files.")
    ] = "C:\\Certs"


class Site(Section, frozen=True, kw_only=True):
    """The Configuration Manager site and its servers."""

    code: Annotated[str, Meta(description="The site code, three characters; empty: whatever site is read.")] = ""
    communication: Annotated[
        Literal["https", "enhanced-http"],
        Meta(description="How clients reach site systems: https (PKI certificates) or enhanced-http (1806 and later)."),
    ] = "https"
    server: Annotated[str, Meta(description="The primary site server's FQDN.")] = ""
    management_point: Annotated[str, Meta(description="FQDN of the management point that serves the CMG.")] = ""
    connection_point: Annotated[str, Meta(description="FQDN of the server with the CMG connection point.")] = ""
    cloud_role_server: Annotated[
        str, Meta(description="FQDN of the member server on which the cloud roles' certificates are requested.")
    ] = ""


class Clients(Section, frozen=True, kw_only=True):
    """The Configuration Manager clients."""

    authentication: Annotated[
        Literal["pki", "entra", "token"],
        Meta(description="How internet clients prove who they are: PKI certificate, Entra ID, or a site-issued token."),
    ] = "pki"
    settings: Annotated[
        str, Meta(description="Name of the custom client settings for co-management; empty: any custom or the default.")
    ] = ""
    pilot_collection: Annotated[
        str, Meta(description="Name or id of the pilot collection; empty: whatever is set.")
    ] = ""
    samples: Annotated[
        tuple[str, ...],
        Meta(description="FQDNs of a few domain-joined clients of the pilot, from which host evidence is collected."),
    ] = ()


class CloudService(Section, frozen=True, kw_only=True):
    """A cloud service of the site (CMG or CDP)."""

    service_name: Annotated[
        str, Meta(description="The name that clients use and that the certificate carries, such as cmg.contoso.com.")
    ] = ""
    deployment_name: Annotated[
        str,
        Meta(
            description="The name in Azure, such as contosocmg.westeurope.cloudapp.azure.com; empty: as the site says."
        ),
    ] = ""
    alias: Annotated[
        str,
        Meta(
            description="A name in your own domain whose CNAME leads to the service, where the certificate carries the "
            "service's name in Azure instead. Clients that connect by the alias see another name in the certificate."
        ),
    ] = ""
    region: Annotated[str, Meta(description="The Azure region as the console shows it, such as West Europe.")] = ""
    certificate_file: Annotated[
        str,
        Meta(description="File name of the .pfx that the wizard uploads; compared without regard to case or folder."),
    ] = ""

    @property
    def published_name(self) -> str:
        """The name that DNS leads to the service: the alias, else the service name; empty: none is declared."""
        return self.alias or self.service_name

    @property
    def scale_set_name(self) -> tuple[str, str]:
        """Label and region in the deployment name of a scale set, in lower case; two empty texts: it is none."""
        found = _SCALE_SET.fullmatch(dns_name(self.deployment_name))
        return (found[1], found[2]) if found else ("", "")


class Gateway(CloudService, frozen=True, kw_only=True):
    """The cloud management gateway (CMG)."""

    deployment: Annotated[
        Literal["scale-set", "classic"],
        Meta(
            description="scale-set: virtual machine scale set. classic: cloud service (classic), retired by Microsoft."
        ),
    ] = "scale-set"
    custom_domain: Annotated[
        bool, Meta(description="true: the service name is in your own domain, and a CNAME leads to Azure.")
    ] = True
    serves_content: Annotated[
        Literal["on", "off", "unknown"],
        Meta(
            description="The box Allow CMG to function as a cloud distribution point of the CMG, as the console shows "
            "it: no documented interface says it, so it is asked for here."
        ),
    ] = "unknown"
    verify_client_revocation: Annotated[
        Literal["on", "off", "unknown"],
        Meta(
            description="The box Verify Client Certificate Revocation of the CMG, as the console shows it: no "
            "documented interface says it, so it is asked for here."
        ),
    ] = "unknown"


class DistributionPoint(CloudService, frozen=True, kw_only=True):
    """The cloud distribution point (CDP), replaced by a content-enabled CMG."""

    wanted: Annotated[bool, Meta(description="true: a separate cloud distribution point is part of the design.")] = (
        False
    )


class ManagementCertificate(Section, frozen=True, kw_only=True):
    """The Azure management certificate; classic deployments only."""

    name: Annotated[str, Meta(description="Its agreed friendly name or subject.")] = "AzureManagementCert"
    pfx: Annotated[str, Meta(description="File name of the copy with the private key.")] = "AzureManagementCert.pfx"
    cer: Annotated[str, Meta(description="File name of the copy that is uploaded to Azure.")] = (
        "AzureManagementCert.cer"
    )


class Names(Section, frozen=True, kw_only=True):
    """The names that the organisation chose where the tutorial proposes one."""

    iis_group: Annotated[str, Meta(description="Group of the servers that may enrol the web server template.")] = (
        "ConfigMgr IIS Servers"
    )
    web_template: Annotated[str, Meta(description="Template of the cloud services' and the MP's web certificates.")] = (
        "ConfigMgrCloudWebServer"
    )
    client_template: Annotated[str, Meta(description="Template of the client authentication certificates.")] = (
        "ConfigMgrWorkstationAuth"
    )
    root_files: Annotated[
        tuple[str, ...], Meta(description="File names of the exported root and issuing CA certificates.")
    ] = ("TrustedRootCert.cer",)
    domain_admin: Annotated[
        str, Meta(description="sAMAccountName of the domain admin who does the work; empty: none.")
    ] = ""


class Apps(Section, frozen=True, kw_only=True):
    """The Entra applications of Configuration Manager."""

    server_app_id: Annotated[str, Meta(description="Client id of the server (web) app; empty: as the site says.")] = ""
    client_app_id: Annotated[
        str, Meta(description="Client id of the client (native) app; empty: as the site says.")
    ] = ""


class Dns(Section, frozen=True, kw_only=True):
    """Name resolution."""

    inside: Annotated[tuple[str, ...], Meta(description="Resolvers that clients on the intranet use (addresses).")] = ()
    outside: Annotated[
        tuple[str, ...], Meta(description="Resolvers that clients on the internet use (addresses).")
    ] = ()
    enrolment_domains: Annotated[
        tuple[str, ...], Meta(description="UPN suffixes for which the enrolment CNAMEs are wanted; empty: none.")
    ] = ()


class Logs(Section, frozen=True, kw_only=True):
    """Log lines of your own (log-lines.md)."""

    catalogues: Annotated[
        tuple[str, ...], Meta(description="TOML files with log lines of your own, relative to this file.")
    ] = ()


class Horizons(Section, frozen=True, kw_only=True):
    """How long before an end the scanner speaks up, and how old good news may be."""

    certificate_days: Annotated[Days, Meta(description="Days before a certificate ends.")] = 60
    secret_days: Annotated[Days, Meta(description="Days before an application secret ends.")] = 60
    support_days: Annotated[Days, Meta(description="Days before a ConfigMgr version leaves support.")] = 90
    log_days: Annotated[Days, Meta(description="Days for which a success line in a log counts.")] = 7
    sync_hours: Annotated[Days, Meta(description="Hours for which a directory synchronisation counts as recent.")] = 24


class Design(Section, frozen=True, kw_only=True):
    """All of comgmt.toml."""

    name: Annotated[str, Meta(description="What this environment is called in reports.")] = "unnamed environment"
    baseline: Annotated[
        str, Meta(description="current, tutorial-2018, or a baseline file of your own, relative to this one.")
    ] = "current"
    recording: Annotated[
        str,
        Meta(
            description="The recording (folder or .zip) to judge; relative to this file. Empty: the live systems are "
            "read, as [connect] says."
        ),
    ] = ""
    rollout: Rollout = field(default_factory=Rollout)
    pki: Pki = field(default_factory=Pki)
    site: Site = field(default_factory=Site)
    clients: Clients = field(default_factory=Clients)
    gateway: Gateway = field(default_factory=Gateway)
    distribution_point: DistributionPoint = field(default_factory=DistributionPoint)
    management_certificate: ManagementCertificate = field(default_factory=ManagementCertificate)
    names: Names = field(default_factory=Names)
    apps: Apps = field(default_factory=Apps)
    dns: Dns = field(default_factory=Dns)
    logs: Logs = field(default_factory=Logs)
    horizons: Horizons = field(default_factory=Horizons)

    @property
    def uses_own_ca(self) -> bool:
        """The organisation's own CA issues at least one kind of certificate that the roll-out needs."""
        return (
            self.pki.cloud_certificates == "own"
            or self.site.communication == "https"
            or self.clients.authentication == "pki"
        )

    @property
    def names_in_dns(self) -> tuple[str, ...]:
        """The names that every declared resolver is asked for: published names, names in Azure, enrolment names."""
        services = [self.gateway, *([self.distribution_point] if self.distribution_point.wanted else [])]
        names = [name for service in services for name in (service.published_name, service.deployment_name)]
        hosts = ("enterpriseenrollment", "enterpriseregistration")
        names += [f"{host}.{domain}" for domain in self.dns.enrolment_domains for host in hosts]
        return tuple(dict.fromkeys(dns_name(name) for name in names if name))

    @property
    def tls_names(self) -> dict[str, str]:
        """The names at which services answer TLS on port 443, by role; an empty one is not declared.

        For a cloud service the name that clients connect to. A management point under Enhanced HTTP is left out: what
        it serves comes from the site itself.
        """
        names = {"gateway": self.gateway.service_name}
        if self.distribution_point.wanted:
            names["distribution_point"] = self.distribution_point.service_name
        if self.site.communication == "https":
            names["management_point"] = self.site.management_point
        return {role: dns_name(name) for role, name in names.items()}


def dns_name(name: str) -> str:
    """A name as it is asked and compared: lower-case, IDNA-encoded, without the last dot."""
    name = name.strip().removesuffix(".")
    if name.isascii():
        return name.lower()
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.lower()  # no resolver can be asked for it, so no answer bears this name


def load(path: Path) -> Design:
    """Read comgmt.toml. Raises DesignError, naming file, key and the likely right one."""
    return from_mapping(tables.read(path), str(path))


def from_mapping(raw: dict[str, Any], where: str) -> Design:
    """The design that a mapping states, whatever it says of connections; *where* names the file in errors."""
    return tables.convert({key: raw[key] for key in raw if key != tables.CONNECT}, Design, where)
