"""The cloud management gateway (CMG) as the site knows it. Protects every client on the internet."""

from __future__ import annotations

from comgmt_audit import (
    Baseline,
    Design,
    Evidence,
    Family,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.certificates import GATEWAY, CloudCertificates, ManagementCertificates
from comgmt_audit.facts.cloud_services import Gateways
from comgmt_audit.facts.site import Sites

from ._cloud_service import (
    CONSOLE,
    as_declared,
    certificate_as_filed,
    deployed_as,
    exists,
    in_cloud,
    instances,
    managed_with,
    name_fits,
    named_as_declared,
    ready,
)
from ._scope import classic
from ._shared import learn

family = Family(code="CMG", title="Cloud management gateway", stage=Stage.AZURE_SERVICES)

STEP = "Create the CMG"
CMG = "intune/configmgr/core/clients/manage/cmg/"
SETUP = learn("Set up a CMG", CMG + "setup-cloud-management-gateway")
MODIFY = learn("Modify a CMG", CMG + "modify-cloud-management-gateway")
PLAN = learn("Plan for the CMG", CMG + "plan-cloud-management-gateway")
CERTIFICATE = learn("CMG server authentication certificate", CMG + "server-auth-cert")


@check("CMG010", severity=Severity.CRITICAL, covers=["S15"], step=STEP, refs=[SETUP])
def gateway_exists(gateways: Gateways, design: Design) -> Findings:
    """The declared cloud management gateway exists at the site.

    Why: It is the only way by which clients on the internet reach the site.
    Remedy: In the console, open Administration > Cloud Services > Cloud Management Gateway, and choose Create Cloud
    Management Gateway; or correct `gateway.service_name` and `gateway.deployment_name` in comgmt.toml.
    """
    yield from exists("CMG", gateways.declared(design.gateway), design.gateway, gateways)


@check("CMG020", severity=Severity.CRITICAL, covers=["S100"], step=STEP, after=["CMG010"], refs=[SETUP])
def gateway_is_ready(gateways: Gateways, design: Design) -> Findings:
    """The cloud management gateway is Ready.

    Why: In any other state it answers nobody.
    Remedy: In the console, open Administration > Cloud Services > Cloud Management Gateway, choose the CMG and Start
    Service where it is stopped. Where it is stuck in provisioning, read CloudMgr.log on the server of the service
    connection point.
    """
    yield from ready(gateways.declared(design.gateway))


@check("CMG030", severity=Severity.HIGH, covers=["S100"], step=STEP, after=["CMG010"], refs=[PLAN])
def gateway_is_at_the_top_tier_site(gateways: Gateways, sites: Sites, design: Design) -> Findings:
    """The cloud management gateway belongs to the top-tier site.

    Why: Only the top-tier site (the central administration site, else the primary one) can create and keep a CMG.
    Remedy: Delete the CMG, and create it again in a console that is connected to the top-tier site (Administration >
    Cloud Services > Cloud Management Gateway > Create Cloud Management Gateway).
    """
    top = [site.code for site in sites if site.is_top]
    known = {site.code.casefold() for site in sites}
    for gateway in gateways.declared(design.gateway):
        if not gateway.site or gateway.site.casefold() not in known:
            yield cannot_tell(gateway, f"its site {gateway.site or '(none)'} was not read", cure=CONSOLE)
        else:
            at_top = gateway.site.casefold() in {code.casefold() for code in top}
            yield require(gateway, at_top, expected=top, actual=gateway.site, evidence=gateway.at("SiteCode"))


@check("CMG040", severity=Severity.HIGH, covers=["S89"], step=STEP, after=["CMG010"], refs=[CERTIFICATE])
def gateway_is_in_the_declared_cloud(gateways: Gateways, design: Design, baseline: Baseline) -> Findings:
    """The cloud management gateway is in the Azure environment of the design.

    Why: Tenant, subscription and gateway must be of the same cloud; clients of another are refused.
    Remedy: The environment of a CMG cannot be changed: delete it, and create it again with the right Azure environment;
    or correct `rollout.cloud` in comgmt.toml.
    """
    yield from in_cloud(gateways.declared(design.gateway), design, baseline)


@check("CMG050", severity=Severity.CRITICAL, covers=["S90"], step=STEP, after=["CMG010"], refs=[PLAN])
def gateway_deployment_is_supported(gateways: Gateways, design: Design, baseline: Baseline) -> Findings:
    """The deployment model of the cloud management gateway is still supported.

    Why: Microsoft retired the cloud service (classic): it gets no fixes, and Azure switches it off.
    Remedy: In the console (Administration > Cloud Services > Cloud Management Gateway), choose Convert to turn the CMG
    into a virtual machine scale set (from version 2107). One whose service name is under cloudapp.net cannot be
    converted: create a new one beside it, move the clients, then delete the old one.
    """
    yield from deployed_as(gateways.declared(design.gateway), baseline.deployments)


@check("CMG060", severity=Severity.MEDIUM, covers=["S90"], step=STEP, after=["CMG010", "CMG050"], refs=[MODIFY])
def gateway_deployment_is_as_declared(gateways: Gateways, design: Design) -> Findings:
    """The deployment model of the cloud management gateway is the declared one.

    Why: Names, certificates and the management certificate follow from it; checks of the wrong kind mislead.
    Remedy: Correct `gateway.deployment` in comgmt.toml, or deploy the CMG again with the wanted model.
    """
    models = (design.gateway.deployment,)
    yield from deployed_as(gateways.declared(design.gateway), models)


@check("CMG070", severity=Severity.HIGH, covers=["S91"], step=STEP, after=["CMG010"], refs=[SETUP])
def gateway_subscription_is_as_declared(gateways: Gateways, design: Design) -> Findings:
    """The cloud management gateway runs in the declared subscription.

    Why: It is billed there, and the rights of the administrators are those of that subscription.
    Remedy: Correct `rollout.subscription_id` in comgmt.toml, or create the CMG again in the right subscription.
    """
    declared, key = design.rollout.subscription_id, "rollout.subscription_id"
    services = gateways.declared(design.gateway)
    yield from as_declared(services, declared, "SubscriptionID", lambda service: service.subscription_id, key)


@check("CMG080", severity=Severity.LOW, covers=["S92"], step=STEP, after=["CMG010"], refs=[SETUP])
def gateway_region_is_as_declared(gateways: Gateways, design: Design) -> Findings:
    """The cloud management gateway runs in the declared region.

    Why: The region decides where data flows, what it costs, and, for a scale set, what the deployment name is.
    Remedy: Correct `gateway.region` in comgmt.toml, or create the CMG again in the right region.
    """
    services = gateways.declared(design.gateway)
    yield from as_declared(services, design.gateway.region, "Region", lambda service: service.region, "gateway.region")


@check("CMG090", severity=Severity.HIGH, covers=["S93"], step=STEP, after=["CMG010"], refs=[MODIFY])
def gateway_certificate_is_the_filed_one(
    gateways: Gateways, certificates: CloudCertificates, design: Design
) -> Findings:
    """The certificate at the cloud management gateway is the one in the declared file.

    Why: With another certificate, what was checked of the file says nothing of what clients are shown; after a renewal,
    the new certificate was not uploaded yet.
    Remedy: In the console, open the properties of the CMG, tab Settings, and choose the certificate file; or correct
    `gateway.certificate_file` in comgmt.toml.
    """
    services = gateways.declared(design.gateway)
    yield from certificate_as_filed(services, certificates, GATEWAY)


@check("CMG100", severity=Severity.HIGH, covers=["S94"], step=STEP, after=["CMG010"], refs=[CERTIFICATE])
def gateway_names_are_as_declared(gateways: Gateways, design: Design) -> Findings:
    """Service name and deployment name of the cloud management gateway are the declared ones.

    Why: Clients are told the service name, the certificate carries it, and DNS leads it to the deployment name: one
    letter of difference cuts them off.
    Remedy: Correct `gateway.service_name` and `gateway.deployment_name` in comgmt.toml, or create the CMG again with
    the right certificate; neither name can be changed afterwards.
    """
    yield from named_as_declared(gateways.declared(design.gateway), design.gateway)


@check("CMG110", severity=Severity.CRITICAL, covers=["S95"], step=STEP, after=["CMG010"], refs=[PLAN])
def gateway_has_an_instance(gateways: Gateways, design: Design) -> Findings:
    """The cloud management gateway has at least one virtual machine.

    Why: Without a virtual machine there is nothing that answers.
    Remedy: In the console, open the properties of the CMG, tab Settings, and raise VM instance.
    """
    yield from instances(gateways.declared(design.gateway), 1)


@check("CMG120", severity=Severity.ADVICE, covers=["S95"], step=STEP, after=["CMG110"], refs=[PLAN])
def gateway_has_two_instances(gateways: Gateways, design: Design) -> Findings:
    """The cloud management gateway has two or more virtual machines.

    Why: Azure restarts a virtual machine for maintenance; with a second one, clients do not notice.
    Remedy: In the console, open the properties of the CMG, tab Settings, and set VM instance to 2; it doubles the cost.
    """
    yield from instances(gateways.declared(design.gateway), 2)


@check(
    "CMG130",
    severity=Severity.HIGH,
    step="Verify a unique FQDN for the CMG cloudapp.net",
    refs=[learn("Supported configurations for CMG", CMG + "supported-configurations")],
)
def gateway_name_is_allowed(design: Design) -> Findings:
    """The declared name of the cloud management gateway in Azure can be created.

    Why: Azure takes 3 to 24 letters, digits and single hyphens, beginning with a letter; the wizard refuses any other
    name, after the certificate was bought.
    Remedy: Choose another name, and correct `gateway.deployment_name` in comgmt.toml. Letters and digits only are
    safest: the name becomes that of a storage account as well.
    """
    name = design.gateway.deployment_name.strip()
    if not name:
        raise NotApplicable("the design does not say gateway.deployment_name")
    yield require(
        f"deployment name {name}",
        name_fits(name),
        expected="3 to 24 letters, digits or single hyphens, a letter first",
        actual=name.partition(".")[0],
        evidence=Evidence("comgmt.toml", "gateway.deployment_name", name),
    )


@check("CMG140", severity=Severity.HIGH, covers=["S92"], step=STEP, applies=classic, after=["CMG010"], refs=[MODIFY])
def gateway_uses_the_management_certificate(
    gateways: Gateways, certificates: ManagementCertificates, design: Design
) -> Findings:
    """A classic cloud management gateway is managed with the declared management certificate.

    Why: The site reaches a classic service with this certificate only; with another one than the uploaded, it can
    neither start nor watch the service.
    Remedy: In the console, open Administration > Cloud Services > Azure, and choose the right .pfx in the properties of
    the subscription; or correct `management_certificate` in comgmt.toml.
    """
    yield from managed_with(gateways.declared(design.gateway), certificates)
