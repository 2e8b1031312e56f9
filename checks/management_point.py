"""Management points and CMG connection points. Protects internet clients: the CMG answers nothing by itself."""

from __future__ import annotations

from comgmt_audit import Design, Family, Findings, NotApplicable, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.site import CommunicationSecurity
from comgmt_audit.facts.site_roles import PROXY_CONNECTOR, ComponentStates, ConnectionPoints, ManagementPoints

from ._listed import listed, looked_at
from ._scope import https_management_point, pki_clients_under_enhanced_http
from ._shared import learn

family = Family(code="MPT", title="Management point", stage=Stage.CLIENTS)

ROLE_CURE = (
    "Look at the role's properties in the console (Administration > Site Configuration > Servers and Site System "
    "Roles); the site's answer left this property out."
)
SETUP = learn("Set up a CMG", "intune/configmgr/core/clients/manage/cmg/setup-cloud-management-gateway")
AUTHENTICATION = learn(
    "Configure client authentication for CMG", "intune/configmgr/core/clients/manage/cmg/configure-authentication"
)


@check(
    "MPT010",
    severity=Severity.HIGH,
    step="Configure the management point and clients to use the CMG",
    refs=[SETUP],
)
def declared_management_point_exists(points: ManagementPoints, design: Design) -> Findings:
    """The declared server is a management point.

    Why: Everything said of the CMG's management point is about this server; a wrong name means that nothing was looked
    at.
    Remedy: Correct `site.management_point` in comgmt.toml, or add the role in the console: Administration > Site
    Configuration > Servers and Site System Roles > Add Site System Roles > Management point.
    """
    if not design.site.management_point:
        raise NotApplicable("the design names no management point")
    servers = [point.server for point in points]
    subject = f"management point {design.site.management_point}"
    seen = looked_at(points)
    yield listed(subject, design.site.management_point, servers, complete=points.complete, evidence=seen)


@check(
    "MPT020",
    severity=Severity.CRITICAL,
    covers=["S09"],
    step="Prerequisites: on-premises infrastructure",
    refs=[AUTHENTICATION],
    after=["SIT030"],
)
def primary_site_takes_https(points: ManagementPoints, security: CommunicationSecurity) -> Findings:
    """Every primary site has a management point that can take HTTPS.

    Why: The CMG's traffic ends at such a management point; without one no internet client is served.
    Remedy: Give the management point a web server certificate and choose HTTPS in its properties, or switch on Enhanced
    HTTP under Sites > Properties > Communication Security.
    """
    for site in security:
        own = [point for point in points if point.site.casefold() == site.site.casefold()]
        if not own and not points.complete:
            yield cannot_tell(site, "no management point of it is listed", cure=ROLE_CURE)
        elif any(point.is_https for point in own) or (own and (site.enhanced_http or site.https_only)):
            yield require(site, True)
        elif own and (site.mask is None or any(point.is_https is None for point in own)):
            yield cannot_tell(site, "the site does not say how it communicates", cure=ROLE_CURE)
        else:
            protocols = [f"{point.server}: {point.protocol}" for point in own]
            yield require(site, False, expected="HTTPS, or HTTP with Enhanced HTTP", actual=protocols or "none")


@check(
    "MPT030",
    severity=Severity.CRITICAL,
    covers=["S108"],
    step="Create the CMG connection point",
    applies=https_management_point,
    after=["MPT010"],
    refs=[SETUP],
)
def management_point_is_https(points: ManagementPoints, design: Design) -> Findings:
    """The management point that serves the CMG is set to HTTPS.

    Why: With PKI certificates, clients and the connection point speak HTTPS with it only; set to HTTP it refuses them,
    and the box for CMG traffic cannot even be ticked.
    Remedy: In the console, open Administration > Site Configuration > Servers and Site System Roles, choose the server,
    open the properties of Management point, and select HTTPS. Use Enhanced HTTP instead only if the design says so.
    """
    for point in points.serving(design.site.management_point):
        if point.is_https is None:
            yield cannot_tell(point, "the site does not say which protocol it takes", cure=ROLE_CURE)
        else:
            yield require(point, point.is_https, expected="HTTPS", actual=f"client connections: {point.protocol}")


@check(
    "MPT040",
    severity=Severity.CRITICAL,
    covers=["S109"],
    step="Create the CMG connection point",
    after=["MPT010", "SIT030"],
    refs=[SETUP],
)
def management_point_allows_gateway_traffic(points: ManagementPoints, design: Design) -> Findings:
    """The management point allows cloud management gateway traffic.

    Why: The CMG forwards to management points with this box ticked only; without one, every request ends at the CMG.
    Remedy: In the properties of Management point, tab General, select Allow Configuration Manager cloud management
    gateway traffic. If it is greyed out, the management point is HTTP without Enhanced HTTP: mend that first.
    """
    for point in points.serving(design.site.management_point):
        if point.allows_gateway is None:
            yield cannot_tell(point, "the site does not say whether CMG traffic is allowed", cure=ROLE_CURE)
        else:
            yield require(point, point.allows_gateway, expected="the box is ticked", actual="the box is clear")


@check(
    "MPT050",
    severity=Severity.HIGH,
    covers=["S110"],
    step="Create the CMG connection point",
    after=["MPT010"],
    refs=[SETUP],
)
def management_point_serves_both_networks(points: ManagementPoints, design: Design) -> Findings:
    """Clients on the intranet and on the internet both find a management point.

    Why: A management point for intranet connections only turns away what comes through the CMG. One for the internet
    only is in order where another management point of the site serves the intranet.
    Remedy: In the properties of Management point, tab General, choose Allow intranet and Internet connections.
    """
    for point in points.serving(design.site.management_point):
        intranet = [other.intranet for other in points if other.site == point.site]
        inside = True if any(intranet) else None if None in intranet else False
        if point.internet is None or inside is None:
            yield cannot_tell(point, "the site does not say which connections it takes", cure=ROLE_CURE)
        else:
            actual = f"intranet {_word(point.intranet)}, Internet {_word(point.internet)}"
            yield require(point, bool(point.internet and inside), expected="intranet and Internet", actual=actual)


def _word(flag: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[flag]


@check(
    "MPT060",
    severity=Severity.HIGH,
    step="Create the CMG connection point",
    applies=pki_clients_under_enhanced_http,
    after=["MPT010"],
    refs=[AUTHENTICATION],
)
def pki_clients_find_https(points: ManagementPoints, design: Design) -> Findings:
    """Internet clients with nothing but a PKI certificate find an HTTPS management point.

    Why: A management point under Enhanced HTTP takes internet clients by Entra ID or by a token of the site; a client
    that has only a PKI certificate is refused there.
    Remedy: Set the management point to HTTPS, or let internet clients identify themselves by Entra ID or token and say
    so: `clients.authentication` in comgmt.toml.
    """
    for point in points.serving(design.site.management_point):
        if point.is_https is None:
            yield cannot_tell(point, "the site does not say which protocol it takes", cure=ROLE_CURE)
        else:
            yield require(point, point.is_https, expected="HTTPS", actual=f"client connections: {point.protocol}")


@check(
    "MPT070",
    severity=Severity.CRITICAL,
    covers=["S111"],
    step="Create the CMG connection point",
    refs=[SETUP],
    after=["CMG010"],
)
def connection_point_is_installed(points: ConnectionPoints, design: Design) -> Findings:
    """A CMG connection point is installed, on the declared server.

    Why: It holds the connection from the site to the CMG open; without it the CMG reaches no management point.
    Remedy: In the console, open Administration > Site Configuration > Servers and Site System Roles, choose the server,
    and add the role Cloud management gateway connection point.
    """
    servers = [point.server for point in points]
    if design.site.connection_point:
        subject = f"CMG connection point {design.site.connection_point}"
        seen = looked_at(points)
        yield listed(subject, design.site.connection_point, servers, complete=points.complete, evidence=seen)
    else:
        yield require("CMG connection point", bool(servers), expected="at least one server", actual="none")


@check(
    "MPT080",
    severity=Severity.HIGH,
    covers=["S112"],
    step="Create the CMG connection point",
    after=["MPT070"],
    refs=[
        learn("Monitor the CMG", "intune/configmgr/core/clients/manage/cmg/monitor-clients-cloud-management-gateway")
    ],
)
def connection_point_runs(points: ConnectionPoints, components: ComponentStates) -> Findings:
    """The component of every CMG connection point runs, and reports no trouble.

    Why: A stopped or failing SMS_CLOUD_PROXYCONNECTOR is a cut line between CMG and site. That it runs does not prove
    that it is linked to the right CMG: the site says that nowhere in a documented form, so look at the connection point
    in the node Cloud Management Gateway.
    Remedy: See Monitoring > System Status > Component Status in the console, and SMS_Cloud_ProxyConnector.log on the
    server; see whether it reaches the CMG on port 443, and whether its
    client authentication certificate (HTTPS management point) is there and not revoked.
    """
    states = {state.server.casefold(): state for state in components.of(PROXY_CONNECTOR)}
    for point in points:
        state = states.get(point.server.casefold())
        if state is None or not state.state or not state.status:
            why = f"the site has no status of {PROXY_CONNECTOR} for it"
            yield cannot_tell(point, why, cure="Look at Monitoring > System Status > Component Status in the console.")
            continue
        # A warning threshold is passed by a single error message, and does not tell a cut line from a hiccup.
        mild = Severity.LOW if state.state == "started" and state.status == "yellow" else None
        yield require(
            state,
            (state.state, state.status) == ("started", "green"),
            expected="started, green",
            actual=f"{state.state}, {state.status}",
            severity=mild,
        )
