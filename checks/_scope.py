"""When a check applies: each function reads the design, and returns why not, or ``None`` where it does."""

from __future__ import annotations

from comgmt_audit import Design


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


def pki_clients(design: Design) -> str | None:
    """Clients authenticate with PKI certificates."""
    return None if design.clients.authentication == "pki" else "clients do not authenticate with PKI certificates"


def pilot(design: Design) -> str | None:
    """Automatic enrolment is for a pilot collection."""
    return None if design.rollout.automatic_enrolment == "pilot" else "automatic enrolment is for all devices"


def enabled(design: Design) -> str | None:
    """Co-management is switched on."""
    return None if design.rollout.enabled else "the design says that co-management is not switched on yet"
