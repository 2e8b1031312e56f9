"""The two Entra applications of Configuration Manager. Protects discovery, the CMG and sign-in of internet clients."""

from __future__ import annotations

from comgmt_audit import (
    Design,
    Evidence,
    Family,
    Finding,
    Findings,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts import Now
from comgmt_audit.facts.azure_services import ConfigMgrApps
from comgmt_audit.facts.conditional_access import ConditionalAccess
from comgmt_audit.facts.entra_apps import (
    BROKER,
    GRAPH_APP_ID,
    READ_DIRECTORY,
    Applications,
    ClientApp,
    DelegatedGrants,
    GraphRoles,
    Registration,
    ServerApp,
    ServicePrincipals,
    same_uri,
)
from comgmt_audit.facts.tenant import Tenant

from ._scope import scale_set
from ._shared import ACCESS_CURE, NEWER, learn

family = Family(code="APP", title="Entra applications", stage=Stage.AZURE_SERVICES)

_STEP = "Enable Azure cloud services in Configuration Manager"
_REGISTER = learn(
    "Manually register Microsoft Entra apps for the CMG",
    "intune/configmgr/core/clients/manage/cmg/manually-register-azure-ad-apps",
)
_WIZARD = learn("Configure Azure services", "intune/configmgr/core/servers/deploy/configure/azure-services-wizard")
_SETUP = learn("Set up a CMG", "intune/configmgr/core/clients/manage/cmg/setup-cloud-management-gateway")
_LOCALHOST = "http://localhost"
_ELSEWHERE = "Look in the tenant in which the application is registered; this one only has its service principal."


@check("APP010", severity=Severity.CRITICAL, covers=["S74"], step=_STEP, refs=[_REGISTER, _WIZARD], after=["TEN020"])
def server_app_exists(server: ServerApp) -> Findings:
    """The server application is in the tenant.

    Why: Discovery, the CMG and the clients' tokens all go through it; the site cannot sign in without it.
    Remedy: In the Configuration Manager console, open Administration > Cloud Services > Azure Services, and create or
    import the server app in Configure Azure Services; an app that was deleted can be restored for 30 days (Entra admin
    centre > App registrations > Deleted applications).
    """
    yield _exists(server.registration)


@check("APP020", severity=Severity.CRITICAL, covers=["S76"], step=_STEP, refs=[_REGISTER, _WIZARD], after=["TEN020"])
def client_app_exists(client: ClientApp) -> Findings:
    """The client application is in the tenant.

    Why: Clients on the internet and console users sign in through it.
    Remedy: In the Configuration Manager console, open Administration > Cloud Services > Azure Services, and create or
    import the client app in Configure Azure Services.
    """
    yield _exists(client.registration)


def _exists(found: Registration) -> Finding:
    expected = f"client id {found.app_id}, as {found.source} says"
    return require(found, bool(found.application or found.principal), expected=expected, actual="not in the tenant")


@check("APP030", severity=Severity.HIGH, covers=["S75"], step=_STEP, refs=[_REGISTER], after=["APP010"])
def server_app_has_an_app_id_uri(server: ServerApp) -> Findings:
    """The server application has an App ID URI.

    Why: Clients ask for a token for this URI (AADRESOURCEURI); without it they get none.
    Remedy: In the Entra admin centre, open App registrations > the server app > Expose an API, and set the Application
    ID URI, such as `api://<tenant id>/ConfigMgrService`.
    """
    app = server.registration.application
    if app is None:
        yield cannot_tell(server.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
        return
    yield require(app, bool(app.uris), expected="an Application ID URI", actual="none")


@check("APP040", severity=Severity.HIGH, covers=["S75"], step=_STEP, refs=[_WIZARD], after=["APP030"])
def app_id_uri_is_unique(server: ServerApp, applications: Applications) -> Findings:
    """No other application of the tenant has the server application's App ID URI.

    Why: With a second site or an old attempt in the tenant, tokens are issued for the wrong application.
    Remedy: In the Entra admin centre, open App registrations > the other app > Expose an API, and give it another
    Application ID URI, or delete it where nothing uses it.
    """
    app = server.registration.application
    if app is None:
        yield cannot_tell(server.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
        return
    for uri in app.uris:
        others = [other for other in applications.using(uri) if other.app_id != app.app_id]
        evidence = [app.evidence, *(other.evidence for other in others)]
        actual = [other.label for other in others]
        yield require(f"App ID URI {uri}", not others, expected=app.label, actual=actual, evidence=evidence)


@check(
    "APP050",
    severity=Severity.ADVICE,
    covers=["S75"],
    tags=["beyond"],
    step=_STEP,
    refs=[_REGISTER],
    after=["APP030"],
)
def app_id_uri_is_of_a_verified_domain(server: ServerApp, tenant: Tenant) -> Findings:
    """The App ID URI has the form that Microsoft recommends: api://, or a verified domain.

    Why: The old `https://ConfigMgrService` still works, but cannot be entered any more since October 2021, and stands
    in the way of user tokens through the CMG.
    Remedy: In the Entra admin centre, open App registrations > the server app > Expose an API, and choose
    `api://<tenant id>/ConfigMgrService`; then update the application settings in the Configuration Manager console.
    """
    app = server.registration.application
    if app is None:
        yield cannot_tell(server.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
        return
    domains = tuple(domain.name.casefold() for domain in tenant.domains)
    good = [uri for uri in app.uris if _recommended(uri, domains)]
    yield require(app, bool(good), expected=("api://…", "https://<verified domain>/…"), actual=app.uris)


def _recommended(uri: str, domains: tuple[str, ...]) -> bool:
    scheme, _, rest = uri.casefold().partition("://")
    host = rest.partition("/")[0]
    return scheme == "api" or any(host == domain or host.endswith("." + domain) for domain in domains)


@check("APP060", severity=Severity.HIGH, covers=["S76"], step=_STEP, refs=[_REGISTER], after=["APP020"])
def client_app_has_the_brokers_redirect(client: ClientApp) -> Findings:
    """The client application has the redirect URI of the Windows token broker.

    Why: Windows signs users in through its broker; without this URI the sign-in is refused (AADSTS50011).
    Remedy: In the Entra admin centre, open App registrations > the client app > Authentication > Add a platform >
    Mobile and desktop applications, and enter `ms-appx-web://Microsoft.AAD.BrokerPlugin/<client id of the client
    app>`.
    """
    app = client.registration.application
    if app is None:
        yield cannot_tell(client.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
        return
    yield require(app, app.has_broker_redirect, expected=BROKER + app.app_id, actual=app.redirects or "none")


@check("APP070", severity=Severity.HIGH, covers=["S78"], step=_STEP, refs=[_REGISTER], after=["APP010", "APP020"])
def applications_can_sign_in(server: ServerApp, client: ClientApp) -> Findings:
    """Both applications have a service principal that is enabled for sign-in.

    Why: Without a service principal nothing can be granted to an application, and a disabled one gets no token.
    Remedy: In the Entra admin centre, open Enterprise applications > the app > Properties and set Enabled for users to
    sign in to Yes; where it is missing, grant admin consent under App registrations > the app > API permissions.
    """
    for found in (server.registration, client.registration):
        if found.principal and found.principal.enabled is None:
            cure = "Grant Application.Read.All to the scanner, and record again."
            yield cannot_tell(found, "accountEnabled was not answered", cure=cure, evidence=found.principal.evidence)
            continue
        actual = "disabled" if found.principal else "no service principal"
        evidence = found.principal.evidence if found.principal else Evidence("graph/service-principals")
        holds = bool(found.principal and found.principal.enabled)
        yield require(found, holds, expected="enabled", actual=actual, evidence=evidence)


@check("APP080", severity=Severity.HIGH, covers=["S78"], step=_STEP, refs=[_REGISTER], after=["APP070"])
def client_app_may_call_the_server_app(server: ServerApp, client: ClientApp, grants: DelegatedGrants) -> Findings:
    """An administrator has consented, for all users, to the client application calling the server application.

    Why: The tutorial grants the server app twice and never this one; without it users are asked, or refused, at
    sign-in.
    Remedy: In the Entra admin centre, open App registrations > the client app > API permissions, add the server app's
    delegated permission user_impersonation, and choose Grant admin consent.
    """
    resource, caller = server.registration.principal, client.registration.principal
    scopes = grants.scopes(caller.id, resource.id) if resource and caller else frozenset()
    place = Evidence("graph/oauth2-permission-grants")
    holds = "user_impersonation" in scopes
    actual = scopes or "no consent for all users"
    yield require(client.registration, holds, expected="user_impersonation", actual=actual, evidence=place)


@check("APP090", severity=Severity.HIGH, covers=["S78"], step=_STEP, refs=[_REGISTER, _WIZARD], after=["APP070"])
def server_app_may_read_the_directory(server: ServerApp, principals: ServicePrincipals, roles: GraphRoles) -> Findings:
    """An administrator has consented to the server application reading the directory in Microsoft Graph.

    Why: User discovery reads the directory as this application; without consent it finds nobody.
    Remedy: In the Entra admin centre, open App registrations > the server app > API permissions, add the application
    permission Directory.Read.All of Microsoft Graph, and choose Grant admin consent.
    """
    if GRAPH_APP_ID not in principals.by_app:
        cure = "Grant Application.Read.All to the scanner, and record all service principals."
        yield cannot_tell(server.registration, "the list of service principals lacks Microsoft Graph", cure=cure)
        return
    principal = server.registration.principal
    granted = roles.of(principal.id) if principal else frozenset()
    place = Evidence("graph/app-role-assignments")
    holds = bool(granted & READ_DIRECTORY.keys())
    actual = granted or "no application permission of Microsoft Graph"
    yield require(server.registration, holds, expected="Directory.Read.All", actual=actual, evidence=place)


@check(
    "APP100",
    severity=Severity.HIGH,
    covers=["S78"],
    tags=["expiry", "beyond"],
    step=_STEP,
    refs=[_WIZARD],
    after=["APP010"],
)
def server_app_secret_lasts(server: ServerApp, design: Design, now: Now) -> Findings:
    """The server application has a secret that lasts beyond the warning horizon.

    Why: When the secret ends, the site can no longer sign in, and the connected Azure services stop. The console gives
    no warning for applications that were imported.
    Remedy: In the Configuration Manager console, open Administration > Cloud Services > Microsoft Entra tenants,
    choose the tenant and the server app, and Renew secret key.
    """
    app = server.registration.application
    if app is None:
        yield cannot_tell(server.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
        return
    last = max((secret.ends for secret in app.secrets), default=None)
    horizon = now.in_days(design.horizons.secret_days)
    expired = last is None or last <= now.time
    yield require(
        app,
        last is not None and last > horizon,
        expected=("beyond", horizon),
        actual="no secret" if last is None else last,
        severity=Severity.CRITICAL if expired else None,
    )


@check("APP110", severity=Severity.HIGH, covers=["S79"], step=_STEP, refs=[_WIZARD])
def applications_of_the_site_are_those_in_entra(
    apps: ConfigMgrApps, applications: Applications, principals: ServicePrincipals, tenant: Tenant
) -> Findings:
    """The applications that the site shows under this tenant are in Entra ID, with the same App ID URI.

    Why: A site that keeps the ids of deleted or replaced applications signs in with what no longer exists.
    Remedy: In the Configuration Manager console, open Administration > Cloud Services > Azure Services, and import the
    applications that are really in the tenant; remove the service of applications that are gone.
    """
    for app in apps:
        if app.tenant_id not in {tenant.id.lower(), None}:
            continue  # the application belongs to another onboarded tenant, which was not read
        found = applications.by_id.get(app.client_id)
        if found is None:
            holds = app.client_id in principals.by_app
            place = [app.evidence, Evidence("graph/applications")]
            yield require(app, holds, expected="in the tenant", actual="not in the tenant", evidence=place)
            continue
        known = {same_uri(uri) for uri in found.uris}
        same = not app.identifier_uri or same_uri(app.identifier_uri) in known
        place = [app.evidence, found.evidence]
        yield require(app, same, expected=app.identifier_uri, actual=found.uris, evidence=place)


@check("APP120", severity=Severity.HIGH, covers=["S79"], step=_STEP, refs=[_WIZARD])
def declared_applications_are_those_of_the_site(apps: ConfigMgrApps, server: ServerApp, client: ClientApp) -> Findings:
    """The site uses this server application and this client application.

    Why: Consent, secret and redirect of an application that the site does not use help nobody.
    Remedy: In the Configuration Manager console, look under Administration > Cloud Services > Microsoft Entra tenants
    which applications the site has, and import the right ones, or correct [apps] in comgmt.toml.
    """
    at_site = {app.client_id: app for app in apps}
    place = [app.evidence for app in apps]
    for found in (server.registration, client.registration):
        if found.app_id not in at_site and not apps.complete:
            cure = "Give the scanner's account the role Read-only Analyst over all instances, and record again."
            yield cannot_tell(found, "the site may have hidden applications from this account", cure=cure)
            continue
        holds = found.app_id in at_site
        yield require(found, holds, expected=found.app_id, actual=at_site.keys(), evidence=place)


@check(
    "APP130",
    severity=Severity.MEDIUM,
    tags=["beyond"],
    step=_STEP,
    refs=[_REGISTER, _SETUP],
    after=["APP010"],
    applies=scale_set,
)
def server_app_has_the_redirect_of_2309(server: ServerApp) -> Findings:
    """The server application has the redirect URI http://localhost, which version 2309 and later ask for.

    Why: The CMG wizard signs in through the site's own server app since 2309; an app from before is told "Your server
    Application needs to be updated", and no CMG can be created or changed.
    Remedy: In the Configuration Manager console, open Administration > Cloud Services > Microsoft Entra tenants, choose
    the server app, and Update application settings; or add the Web redirect URI `http://localhost` in the Entra admin
    centre under App registrations > the server app > Authentication.
    """
    app = server.registration.application
    if app is None:
        yield cannot_tell(server.registration, "the application is registered in another tenant", cure=_ELSEWHERE)
    elif app.web_redirects is None:
        yield cannot_tell(app, "its redirect URIs were not answered", cure="Record again, with Application.Read.All.")
    else:
        holds = _LOCALHOST in {uri.casefold().rstrip("/") for uri in app.web_redirects}
        yield require(app, holds, expected=_LOCALHOST, actual=app.web_redirects or "none")


@check(
    "APP140",
    severity=Severity.LOW,
    tags=["beyond"],
    refs=[_WIZARD],
    after=["APP010"],
    empty="no Conditional Access policy for all applications is switched on",
)
def access_policies_spare_the_server_app(access: ConditionalAccess, server: ServerApp) -> Findings:
    """Conditional Access policies for all applications exclude the server application.

    Why: Configuration Manager cannot answer what such a policy asks for, and loses its connection to Azure.
    Remedy: In the Entra admin centre, open Protection > Conditional Access > the policy > Target resources > Exclude,
    and add the server app.
    """
    for policy in access:
        if policy.switched_off:
            continue
        if not policy.legible:
            yield cannot_tell(policy, "its conditions were not answered", cure=ACCESS_CURE)
        elif policy.means_all_applications and policy.modern and policy.controls:
            spared = server.registration.app_id in policy.excluded
            if not spared and policy.state != "enabled":
                yield cannot_tell(policy, f"its state is {policy.state or 'not told'}", cure=NEWER)
                continue
            yield require(policy, spared, expected=f"{server.registration.app_id} excluded", actual=policy.excluded)
