"""The Entra applications of Configuration Manager: registrations, service principals and consent (Microsoft Graph).

Which application is the server's and which the client's is said, in this order, by the declared design, by the site,
and by the shape that Microsoft documents (Configuration Manager: manually register Microsoft Entra apps for the CMG).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts.azure_services import APPLICATIONS as SITE_APPLICATIONS
from comgmt_audit.facts.azure_services import TENANTS as SITE_TENANTS
from comgmt_audit.facts.azure_services import ConfigMgrApp, ConfigMgrApps
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph itself, in every tenant."""

READ_DIRECTORY = {
    "7ab1d382-f21e-4acd-a863-ba3e13f7da61": "Directory.Read.All",
    "19dbc75e-c2e2-444c-a770-ec69d8559fc7": "Directory.ReadWrite.All",
}
"""Application roles of Microsoft Graph with which users can be discovered: the one asked for, and the one above it."""

BROKER = "ms-appx-web://microsoft.aad.brokerplugin/"
"""How the redirect URI of the client app begins, in lower case; the client id follows."""


class _Secret(Struct, frozen=True, rename="camel"):
    key_id: str | None = None
    display_name: str | None = None
    end_date_time: str | None = None


class _Redirects(Struct, frozen=True, rename="camel"):
    redirect_uris: tuple[str, ...] = ()


class _Required(Struct, frozen=True, rename="camel"):
    resource_app_id: str | None = None


class _Application(Struct, frozen=True, rename="camel"):
    id: str
    app_id: str
    identifier_uris: tuple[str, ...]  # no default: what was not selected must not look like an empty list
    password_credentials: tuple[_Secret, ...]
    public_client: _Redirects | None
    required_resource_access: tuple[_Required, ...]
    display_name: str | None = None
    web: _Redirects | None = None


class Secret(Struct, frozen=True, kw_only=True):
    """A client secret, without its value; ``ends`` in UTC."""

    name: str
    ends: dt.datetime


class Application(Struct, frozen=True, kw_only=True):
    """An application registered in this tenant. Ids are in lower case."""

    line: int
    app_id: str
    name: str
    uris: tuple[str, ...]
    redirects: tuple[str, ...]
    """Redirect URIs for mobile and desktop applications (public client)."""
    web_redirects: tuple[str, ...] | None
    """Redirect URIs of the platform Web; ``None`` where they were not answered."""
    secrets: tuple[Secret, ...]
    asks: frozenset[str]
    """Application ids of the resources for which it asks permissions."""

    @property
    def label(self) -> str:
        """Name and client id."""
        return f"application {self.name} ({self.app_id})"

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence("graph/applications", f"line {self.line}", self.name)

    @property
    def has_broker_redirect(self) -> bool:
        """Is the redirect URI of the token broker there, with its own id?"""
        return any(uri.lower() == BROKER + self.app_id for uri in self.redirects)


class Applications(Struct, frozen=True, kw_only=True):
    """All applications registered in the tenant; the list is whole."""

    needs: ClassVar[tuple[str, ...]] = ("graph/applications",)
    by_id: dict[str, Application]

    def using(self, uri: str) -> tuple[Application, ...]:
        """The applications with that App ID URI; neither case nor a slash at the end makes a difference."""
        return tuple(app for app in self.by_id.values() if same_uri(uri) in {same_uri(own) for own in app.uris})

    @classmethod
    def read(cls, environment: Environment) -> Applications:
        """All applications. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/applications", _Application)
        apps = [_application(line, raw) for line, raw in lines]
        return cls(by_id={app.app_id: app for app in apps})


def same_uri(uri: str) -> str:
    """An App ID URI in the form in which two are compared."""
    return uri.casefold().rstrip("/")


def _application(line: int, raw: _Application) -> Application:
    return Application(
        line=line,
        app_id=raw.app_id.lower(),
        name=raw.display_name or raw.app_id,
        uris=raw.identifier_uris,
        redirects=raw.public_client.redirect_uris if raw.public_client else (),
        web_redirects=raw.web.redirect_uris if raw.web else None,
        secrets=tuple(
            Secret(name=secret.display_name or secret.key_id or "unnamed", ends=_time(secret.end_date_time, line))
            for secret in raw.password_credentials
        ),
        asks=frozenset(item.resource_app_id.lower() for item in raw.required_resource_access if item.resource_app_id),
    )


def _time(text: str | None, line: int) -> dt.datetime:
    """A time of Graph, cut to the second: it also sends 9999-12-31T23:59:59.9999999Z for "never"."""
    try:
        return dt.datetime.fromisoformat(f"{(text or '')[:19]}Z")  # strptime costs more to import than all of this
    except ValueError:
        why = f"line {line}: a secret ends at {text!r}, which is no time"
        raise Unreadable(why, "Look at the recorded answer.", "graph/applications") from None


class _Principal(Struct, frozen=True, rename="camel"):
    id: str
    app_id: str
    display_name: str | None = None
    account_enabled: bool | None = None


class ServicePrincipal(Struct, frozen=True, kw_only=True):
    """An application's standing in this tenant: without it nothing can be granted. Ids are in lower case."""

    line: int
    id: str
    app_id: str
    name: str
    enabled: bool | None

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence("graph/service-principals", f"line {self.line}", self.name)


class ServicePrincipals(Struct, frozen=True, kw_only=True):
    """All service principals of the tenant, by client id; the list is whole."""

    needs: ClassVar[tuple[str, ...]] = ("graph/service-principals",)
    by_app: dict[str, ServicePrincipal]

    @classmethod
    def read(cls, environment: Environment) -> ServicePrincipals:
        """All service principals. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/service-principals", _Principal)
        found = [
            ServicePrincipal(
                line=line,
                id=raw.id.lower(),
                app_id=raw.app_id.lower(),
                name=raw.display_name or raw.app_id,
                enabled=raw.account_enabled,
            )
            for line, raw in lines
        ]
        return cls(by_app={principal.app_id: principal for principal in found})


class _Grant(Struct, frozen=True, rename="camel"):
    client_id: str
    resource_id: str
    consent_type: str
    scope: str | None = None


class Grant(Struct, frozen=True, kw_only=True):
    """Delegated permissions granted to a client for a resource (service principals), for all users or for one."""

    client_id: str
    resource_id: str
    for_all: bool
    scopes: frozenset[str]


class DelegatedGrants(Struct, frozen=True, kw_only=True):
    """The delegated permissions that administrators granted for all users; the list is whole."""

    needs: ClassVar[tuple[str, ...]] = ("graph/oauth2-permission-grants",)
    grants: tuple[Grant, ...]

    def scopes(self, client: str, resource: str) -> frozenset[str]:
        """What an administrator granted *client* for *resource* (ids of service principals)."""
        found = (g.scopes for g in self.grants if g.for_all and (g.client_id, g.resource_id) == (client, resource))
        return frozenset().union(*found)

    @classmethod
    def read(cls, environment: Environment) -> DelegatedGrants:
        """All grants. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/oauth2-permission-grants", _Grant)
        return cls(
            grants=tuple(
                Grant(
                    client_id=raw.client_id.lower(),
                    resource_id=raw.resource_id.lower(),
                    for_all=raw.consent_type == "AllPrincipals",
                    scopes=frozenset((raw.scope or "").split()),
                )
                for _, raw in lines
            )
        )


class _RoleAssignment(Struct, frozen=True, rename="camel"):
    principal_id: str
    resource_id: str
    app_role_id: str


class GraphRoles(Struct, frozen=True, kw_only=True):
    """The application permissions of Microsoft Graph that were granted, as (principal, role) ids; the list is whole."""

    needs: ClassVar[tuple[str, ...]] = ("graph/app-role-assignments",)
    granted: frozenset[tuple[str, str]]

    def of(self, principal: str) -> frozenset[str]:
        """The role ids that a service principal has."""
        return frozenset(role for holder, role in self.granted if holder == principal)

    @classmethod
    def read(cls, environment: Environment) -> GraphRoles:
        """All assignments. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/app-role-assignments", _RoleAssignment)
        return cls(granted=frozenset((raw.principal_id.lower(), raw.app_role_id.lower()) for _, raw in lines))


class Registration(Struct, frozen=True, kw_only=True):
    """One of the two applications of Configuration Manager, as the tenant has it.

    ``app_id`` is what was looked for, and ``source`` says who names it: the design, the site, or the documented shape.
    """

    role: str
    app_id: str
    source: str
    application: Application | None
    principal: ServicePrincipal | None

    @property
    def label(self) -> str:
        """Role and client id."""
        return f"{self.role} app {self.app_id}"

    @property
    def evidence(self) -> Evidence:
        """The application, or else its service principal, or else the list in which it is not."""
        if self.application:
            return self.application.evidence
        return self.principal.evidence if self.principal else Evidence("graph/applications")


class ServerApp(Struct, frozen=True, kw_only=True):
    """The server (web) application."""

    needs: ClassVar[tuple[str, ...]] = (
        "graph/applications",
        "graph/service-principals",
        SITE_APPLICATIONS,
        SITE_TENANTS,
    )
    registration: Registration

    @classmethod
    def read(cls, environment: Environment) -> ServerApp:
        """Found by the design, the site's applications with a URI, or the URI that the wizard proposes."""
        apps = environment.fact(Applications).by_id.values()
        shaped = [app.app_id for app in apps if any(_proposed(uri) for uri in app.uris)]
        declared = environment.design.apps.server_app_id
        return cls(registration=_registration(environment, "server", declared, _at_site(environment, True), shaped))


class ClientApp(Struct, frozen=True, kw_only=True):
    """The client (native) application."""

    needs: ClassVar[tuple[str, ...]] = ServerApp.needs
    registration: Registration

    @classmethod
    def read(cls, environment: Environment) -> ClientApp:
        """Found by the design, the site's applications without a URI, or the broker's redirect and what it asks for."""
        server = environment.fact(ServerApp).registration.app_id
        apps = environment.fact(Applications).by_id.values()
        shaped = [app.app_id for app in apps if app.has_broker_redirect and server in app.asks]
        declared = environment.design.apps.client_app_id
        return cls(registration=_registration(environment, "client", declared, _at_site(environment, False), shaped))


def _proposed(uri: str) -> bool:
    """Does the URI end as the wizard proposes: ``https://ConfigMgrService``, ``api://<tenant>/ConfigMgrService``?"""
    return same_uri(uri).endswith("/configmgrservice")


def _at_site(environment: Environment, with_uri: bool) -> list[str]:
    """Client ids that the site has; none where it was not recorded."""
    try:
        apps: Iterable[ConfigMgrApp] = environment.fact(ConfigMgrApps)
    except FactUnavailable:
        return []
    return [app.client_id for app in apps if bool(app.identifier_uri) is with_uri]


def _registration(
    environment: Environment, role: str, declared: str, at_site: list[str], shaped: list[str]
) -> Registration:
    both = [id for id in at_site if id in shaped]
    named = [declared.lower()] if declared else []
    choices = (("the design", named), ("the site", at_site), ("the site", both), ("its shape", shaped))
    for source, ids in choices:
        if len(ids) == 1 and not (source == "its shape" and at_site):
            return Registration(
                role=role,
                app_id=ids[0],
                source=source,
                application=environment.fact(Applications).by_id.get(ids[0]),
                principal=environment.fact(ServicePrincipals).by_app.get(ids[0]),
            )
    possible = sorted({*at_site, *shaped})
    raise NotRecorded(
        f"which application is Configuration Manager's {role} app is not known: "
        + (f"it may be {', '.join(possible)}" if possible else "neither the site nor the tenant shows one"),
        f"Set apps.{role}_app_id in comgmt.toml to its client id (Administration > Cloud Services > Microsoft Entra "
        "tenants in the Configuration Manager console), or record the site as well.",
        "graph/applications",
    )
