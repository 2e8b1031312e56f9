"""The Azure services of the site. Protects the roll-out: without tenant and apps the site knows no user of Entra ID."""

from __future__ import annotations

from comgmt_audit import Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE
from comgmt_audit.facts.azure_services import AzureServices, ConfigMgrApp, ConfigMgrApps, ConfigMgrTenants
from comgmt_audit.facts.site_roles import USER_DISCOVERY, ComponentStates

from ._listed import listed, looked_at
from ._shared import learn

family = Family(code="AZS", title="Azure services", stage=Stage.AZURE_SERVICES)

STEP = "Enable Azure cloud services in Configuration Manager"
LOG_CURE = "Read SMS_AZUREAD_DISCOVERY_AGENT.log on the site server; Monitoring > Component Status shows the component."
APPS_CURE = "Set apps.server_app_id and apps.client_app_id in comgmt.toml: the client ids that Entra ID shows."
WIZARD = learn("Configure Azure services", "intune/configmgr/core/servers/deploy/configure/azure-services-wizard")


@check("AZS010", severity=Severity.CRITICAL, covers=["S14", "S73"], step=STEP, refs=[WIZARD])
def cloud_management_is_configured(services: AzureServices) -> Findings:
    """A Cloud Management service is configured at the site.

    Why: It holds the tenant and the applications by which the site discovers users and clients get Entra tokens. The
    number by which the site marks it is not documented, so any Azure service but cloud attach counts here; AZS040 asks
    for its two applications.
    Remedy: In the console, open Administration > Cloud Services > Azure Services, choose Configure Azure Services, and
    complete the wizard for Cloud Management.
    """
    found = [service for service in services if not service.is_cloud_attach]
    if not found and tuple(services):
        yield cannot_tell(
            "Cloud Management",
            "only a service of cloud attach is listed",
            cure="See whether Administration > Cloud Services > Azure Services shows Cloud Management.",
            evidence=[service.evidence for service in services],
        )
        return
    yield require(
        "Cloud Management", bool(found), expected="an Azure service Cloud Management", actual="no Azure service"
    )


@check("AZS020", severity=Severity.CRITICAL, covers=["S79"], step=STEP, refs=[WIZARD])
def tenant_is_onboarded(tenants: ConfigMgrTenants, design: Design) -> Findings:
    """The site is onboarded to the tenant of the design.

    Why: The CMG gives application data to devices of an onboarded tenant only; devices of another never get a token.
    Remedy: In the console, open Administration > Cloud Services > Azure Services, and run Configure Azure Services for
    Cloud Management with an account of the right tenant; or correct `rollout.tenant_id` in comgmt.toml.
    """
    ids = [tenant.id for tenant in tenants]
    if design.rollout.tenant_id:
        subject = f"tenant {design.rollout.tenant_id}"
        seen = looked_at(tenants)
        yield listed(subject, design.rollout.tenant_id, ids, complete=tenants.complete, evidence=seen)
    else:
        yield require("onboarded tenant", bool(ids), expected="a tenant", actual="none")


@check(
    "AZS030",
    severity=Severity.MEDIUM,
    step=STEP,
    after=["AZS020"],
    refs=[learn("Co-management prerequisites", "intune/configmgr/comanage/overview")],
)
def one_tenant_is_onboarded(tenants: ConfigMgrTenants) -> Findings:
    """The site is onboarded to one tenant only.

    Why: A site co-manages devices with a single tenant; devices of a second one are discovered, yet never enrolled.
    Remedy: In Administration > Cloud Services > Azure Active Directory Tenants, delete the tenant that is not used,
    after the Azure services that belong to it.
    """
    ids = [tenant.id for tenant in tenants]
    places = [tenant.evidence for tenant in tenants]
    if len(set(ids)) < 2 and not tenants.complete:
        why = "a second one may be hidden from the scanner's account"
        yield cannot_tell("onboarded tenants", why, cure=FULL_ACCESS_CURE, evidence=places)
    else:
        yield require("onboarded tenants", len(set(ids)) == 1, expected="one", actual=ids, evidence=places)


@check("AZS040", severity=Severity.CRITICAL, covers=["S79"], step=STEP, after=["AZS020"], refs=[WIZARD])
def both_apps_are_known(apps: ConfigMgrApps, design: Design) -> Findings:
    """The site knows the server app and the client app of the tenant.

    Why: The site reads Entra ID as the server app, and clients ask for tokens as the client app; with one of them
    missing, discovery or sign-in fails.
    Remedy: In Administration > Cloud Services > Azure Services, open the properties of Cloud Management, and create or
    import the missing application on the tab Applications.
    """
    declared = [design.apps.server_app_id, design.apps.client_app_id]
    tenant = design.rollout.tenant_id.casefold()
    own = [app for app in apps if not tenant or app.tenant_id in (tenant, None)]
    if all(declared):
        ids = [app.client_id for app in own]
        for kind, id in zip(("server app", "client app"), declared, strict=True):
            yield listed(f"{kind} {id}", id, ids, complete=apps.complete, evidence=looked_at(apps))
    else:
        yield _one_of_each(own, complete=apps.complete)


def _one_of_each(apps: list[ConfigMgrApp], *, complete: bool) -> Finding:
    """Judge by number, and by the App ID URI, which only a server app has: no column says which app is which."""
    subject, places = "server app and client app", [app.evidence for app in apps]
    with_uri = sum(bool(app.identifier_uri) for app in apps)
    if len(apps) < 2 and not complete:
        why = "applications may be hidden from the scanner's account"
        return cannot_tell(subject, why, cure=FULL_ACCESS_CURE, evidence=places)
    if len(apps) >= 2 and with_uri in (0, len(apps)):
        why = "the site does not say which application is the server's and which the client's"
        return cannot_tell(subject, why, cure=APPS_CURE, evidence=places)
    ids = [app.client_id for app in apps]
    return require(
        subject,
        len(apps) >= 2,
        expected="a server app and a client app",
        actual=ids or "no application",
        evidence=places,
    )


@check(
    "AZS050",
    severity=Severity.HIGH,
    covers=["S77"],
    step=STEP,
    after=["AZS010"],
    refs=[
        learn("Entra user discovery", "intune/configmgr/core/servers/deploy/configure/about-discovery-methods"),
    ],
)
def user_discovery_runs(components: ComponentStates) -> Findings:
    """The discovery of Entra users runs.

    Why: A user whom the site has not discovered in Entra ID cannot identify a device to it over the internet. That the
    component runs does not prove that a discovery succeeded: its log does, and another check reads that.
    Remedy: In Administration > Cloud Services > Azure Services, open the properties of Cloud Management, tab Discovery,
    and select Enable Azure Active Directory User Discovery; then read SMS_AZUREAD_DISCOVERY_AGENT.log.
    """
    states = components.of(USER_DISCOVERY)
    if not states:
        why = f"the site has no status of {USER_DISCOVERY}"
        yield cannot_tell(USER_DISCOVERY, why, cure=LOG_CURE)
    for state in states:
        if not state.state or not state.status:
            yield cannot_tell(state, "the site does not say its state", cure=LOG_CURE)
            continue
        if state.state == "stopped" and state.starts != "autostart":
            yield cannot_tell(state, "it is not started automatically: stopped says nothing", cure=LOG_CURE)
            continue
        holds = state.state == "started" and state.status != "red"
        yield require(state, holds, expected="started, not red", actual=f"{state.state}, {state.status}")
