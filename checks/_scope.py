"""When a check applies: each function reads the design (and maybe the baseline); returns why not, or ``None`` if so."""

from __future__ import annotations

from comgmt_audit import Baseline, Design


def on_premises_domain(design: Design) -> str | None:
    """There is an on-premises Active Directory."""
    return None if design.rollout.on_premises_domain else "the design has no on-premises domain"


def own_ca(design: Design) -> str | None:
    """The organisation's own CA issues some certificate that the roll-out needs."""
    return None if design.uses_own_ca else "no certificate of this design comes from an own CA"


def own_cloud_certificates(design: Design) -> str | None:
    """The cloud services' certificates come from the own CA."""
    return None if design.pki.cloud_certificates == "own" else "the cloud services' certificates come from a public CA"


def public_cloud_certificates(design: Design) -> str | None:
    """The cloud services' certificates come from a public CA."""
    return (
        None if design.pki.cloud_certificates == "public" else "the cloud services' certificates come from the own CA"
    )


def custom_domain(design: Design) -> str | None:
    """Clients reach the CMG by a name in the organisation's own domain."""
    return None if design.gateway.custom_domain else "the design uses no custom domain for the CMG"


def classic(design: Design) -> str | None:
    """The CMG is a cloud service (classic), with an Azure management certificate."""
    return None if design.gateway.deployment == "classic" else "the design deploys no classic cloud service"


def distribution_point(design: Design) -> str | None:
    """A separate cloud distribution point is part of the design."""
    return None if design.distribution_point.wanted else "the design has no separate cloud distribution point"


def https_management_point(design: Design) -> str | None:
    """Clients reach the management point with PKI certificates."""
    return None if design.site.communication == "https" else "the site uses Enhanced HTTP"


def enhanced_http(design: Design) -> str | None:
    """The site uses Enhanced HTTP."""
    return (
        None
        if design.site.communication == "enhanced-http"
        else "the management points use HTTPS with PKI certificates"
    )


def own_log_lines(design: Design) -> str | None:
    """comgmt.toml names log lines of the user's own."""
    return None if design.logs.catalogues else "comgmt.toml names no log lines of your own"


def pki_clients(design: Design) -> str | None:
    """Clients authenticate with PKI certificates."""
    return None if design.clients.authentication == "pki" else "clients do not authenticate with PKI certificates"


def pilot(design: Design) -> str | None:
    """Automatic enrolment is for a pilot collection."""
    return None if design.rollout.automatic_enrolment == "pilot" else "automatic enrolment is for all devices"


def enabled(design: Design) -> str | None:
    """Co-management is switched on."""
    return None if design.rollout.enabled else "the design says that co-management is not switched on yet"


def gateway_alias(design: Design) -> str | None:
    """A name in the organisation's own domain leads to the CMG."""
    return None if design.gateway.alias else custom_domain(design)


def both_resolvers(design: Design) -> str | None:
    """Resolvers are declared for clients inside and outside."""
    return None if design.dns.inside and design.dns.outside else "the design names resolvers for one view only"


def enrolment_domains(design: Design) -> str | None:
    """Enrolment CNAMEs are wanted for some UPN suffix."""
    return None if design.dns.enrolment_domains else "the design wants no enrolment CNAMEs"


def not_enabled(design: Design) -> str | None:
    """Co-management is not switched on yet."""
    return "the design says that co-management is switched on" if design.rollout.enabled else None


def web_template(design: Design) -> str | None:
    """The own CA issues web server certificates: for the cloud services, or for an HTTPS management point."""
    if design.pki.cloud_certificates == "own" or design.site.communication == "https":
        return None
    return "the own CA issues no web server certificate in this design"


def hybrid_join(design: Design) -> str | None:
    """Domain-joined clients enrol, so they must be joined to Entra ID as well."""
    if not design.rollout.on_premises_domain:
        return "the design has no on-premises domain"
    return None if design.rollout.path == "existing-clients" else "devices enrol before they get a client"


def domain_admin(design: Design) -> str | None:
    """The design names the domain admin who does the work."""
    return None if design.names.domain_admin else "the design names no domain admin"


def scale_set(design: Design) -> str | None:
    """The CMG runs on a virtual machine scale set."""
    return None if design.gateway.deployment == "scale-set" else "the design deploys a classic cloud service"


def scale_set_to_come(design: Design) -> str | None:
    """The CMG will run on a virtual machine scale set, and co-management is not switched on yet."""
    return scale_set(design) or not_enabled(design)


def scale_set_deployed(design: Design) -> str | None:
    """The CMG runs on a virtual machine scale set, and co-management is switched on."""
    return scale_set(design) or enabled(design)


def declared_tenant(design: Design) -> str | None:
    """The design names the tenant."""
    return None if design.rollout.tenant_id else "the design names no tenant id"


def declared_subscription(design: Design) -> str | None:
    """The design names the Azure subscription."""
    return None if design.rollout.subscription_id else "the design names no Azure subscription"


def cloud_only_devices(design: Design) -> str | None:
    """Devices that are joined to Entra ID only will need content over the internet."""
    return None if design.rollout.cloud_only_devices else "the design has no devices that are joined to Entra ID only"


def pki_clients_under_enhanced_http(design: Design) -> str | None:
    """Clients authenticate with PKI certificates although the site uses Enhanced HTTP."""
    return pki_clients(design) or enhanced_http(design)


def pki_clients_over_https(design: Design) -> str | None:
    """Clients bring PKI certificates to management points that take HTTPS."""
    return pki_clients(design) or https_management_point(design)


def web_template_of_2003(design: Design, baseline: Baseline) -> str | None:
    """There is a web template, and the baseline asks for the compatibility Windows Server 2003."""
    return web_template(design) or _templates_of_2003(baseline)


def client_template_of_2003(design: Design, baseline: Baseline) -> str | None:
    """There is a client template, and the baseline asks for the compatibility Windows Server 2003."""
    return pki_clients(design) or _templates_of_2003(baseline)


def _templates_of_2003(baseline: Baseline) -> str | None:
    return (
        None
        if baseline.templates_of_2003
        else "this baseline asks for a key that the site takes, not for a compatibility"
    )


def listed_providers(_: Design, baseline: Baseline) -> str | None:
    """The baseline lists the providers of keys."""
    return None if baseline.key_providers else "this baseline allows every provider of RSA keys"


def web_template_of_listed_providers(design: Design, baseline: Baseline) -> str | None:
    """There is a web template, and the baseline lists the providers of keys."""
    return web_template(design) or listed_providers(design, baseline)


def classic_service(design: Design) -> str | None:
    """The CMG or the CDP is a cloud service (classic)."""
    wanted = design.gateway.deployment == "classic" or design.distribution_point.wanted
    return None if wanted else "no classic cloud service is part of the design"


def users_need_premium(design: Design, baseline: Baseline) -> str | None:
    """On the declared path every user needs Entra ID P1 or P2."""
    path = design.rollout.path
    needed = path in baseline.premium_licence_paths
    return None if needed else f"on the path {path} users need no Entra ID Premium ({baseline.title})"


def users_need_intune(design: Design, baseline: Baseline) -> str | None:
    """On the declared path every user needs an Intune licence."""
    path = design.rollout.path
    needed = path in baseline.intune_licence_paths
    return None if needed else f"on the path {path} users need no Intune licence each ({baseline.title})"


def web_template_for_site_systems_only(design: Design) -> str | None:
    """The web template serves management points, and no cloud service."""
    if design.pki.cloud_certificates == "own":
        return "the cloud services' certificates come from the same template, and must be exportable"
    return https_management_point(design)
