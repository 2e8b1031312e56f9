"""What the site knows of Entra ID: onboarded tenants, its applications, and the Azure services (AdminService).

Classes ``SMS_AAD_Tenant_Ex``, ``SMS_AAD_Application_Ex`` and ``SMS_Azure_CloudService`` (reference ``configmgr``
section 5). Which application is the server's and which the client's is in no documented column; an App ID URI shows a
server application, its absence proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.facts.admin_service import Scalar, column, integer, may_be_empty, refuse_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

TENANTS = "site/SMS_AAD_Tenant_Ex"
APPLICATIONS = "site/SMS_AAD_Application_Ex"
SERVICES = "site/SMS_Azure_CloudService"

CLOUD_ATTACH = 5
"""``ServiceType`` of the service that cloud attach makes; the only value that a source names (reference, section 5)."""


class _RawTenant(Struct, frozen=True, rename="pascal"):
    id: Scalar = field(name="ID", default=None)
    tenant_id: str | None = field(name="TenantID", default=None)
    name: str | None = None


class ConfigMgrTenant(Struct, frozen=True, kw_only=True):
    """A tenant onboarded at the site. ``key`` is the site's own number for it; ``id`` the GUID in lower case."""

    key: int | None
    id: str
    name: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Name and GUID."""
        return f"onboarded tenant {self.name} ({self.id})"


class ConfigMgrTenants(Struct, frozen=True, kw_only=True):
    """The tenants that the site is onboarded to; an empty list is known to be empty.

    ``complete``: the recorder's account sees every row, so what is not listed does not exist.
    """

    needs: ClassVar[tuple[str, ...]] = (TENANTS,)
    tenants: tuple[ConfigMgrTenant, ...]
    complete: bool

    def __iter__(self) -> Iterator[ConfigMgrTenant]:
        return iter(self.tenants)

    @classmethod
    def read(cls, environment: Environment) -> ConfigMgrTenants:
        """All rows. Raises FactUnavailable, also where the list is empty and the account may not see it all."""
        found = tuple(
            ConfigMgrTenant(
                key=integer(raw.id, column(row, "ID")),
                id=text(raw.tenant_id).casefold(),
                name=raw.name or text(raw.tenant_id),
                evidence=column(row, "TenantID"),
            )
            for row, raw in rows(environment, TENANTS, _RawTenant)
        )
        refuse_empty(environment, TENANTS, found, "onboarded tenants")
        return cls(tenants=found, complete=may_be_empty(environment, TENANTS))


class _RawApplication(Struct, frozen=True, rename="pascal"):
    id: Scalar = field(name="ID", default=None)
    client_id: str | None = field(name="ClientID", default=None)
    name: str | None = None
    tenant_id: Scalar = field(name="TenantID", default=None)
    identifier_uri: str | None = None


class ConfigMgrApp(Struct, frozen=True, kw_only=True):
    """An Entra application that the site knows.

    ``client_id`` and ``tenant_id`` are GUIDs in lower case; ``identifier_uri`` is ``""`` where the site has none.
    ``tenant_id`` is ``None`` where its tenant's row is missing. ``key`` is the site's own number for the application.
    """

    key: int | None
    client_id: str
    name: str
    identifier_uri: str
    tenant_id: str | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Name and client id."""
        return f"application {self.name} ({self.client_id})"


class ConfigMgrApps(Struct, frozen=True, kw_only=True):
    """The Entra applications of the site; an empty list is known to be empty; ``complete`` as for the tenants."""

    needs: ClassVar[tuple[str, ...]] = (APPLICATIONS, TENANTS)
    apps: tuple[ConfigMgrApp, ...]
    complete: bool

    def __iter__(self) -> Iterator[ConfigMgrApp]:
        return iter(self.apps)

    @property
    def with_uri(self) -> tuple[ConfigMgrApp, ...]:
        """The applications with an App ID URI: server applications."""
        return tuple(app for app in self.apps if app.identifier_uri)

    @property
    def without_uri(self) -> tuple[ConfigMgrApp, ...]:
        """The applications of which the site knows no App ID URI: as a rule the client applications."""
        return tuple(app for app in self.apps if not app.identifier_uri)

    @classmethod
    def read(cls, environment: Environment) -> ConfigMgrApps:
        """All rows. The column ``TenantID`` is the number of the tenant's row, not the GUID: it is resolved here."""
        tenants = {tenant.key: tenant.id for tenant in environment.fact(ConfigMgrTenants) if tenant.key is not None}
        found = []
        for row, raw in rows(environment, APPLICATIONS, _RawApplication):
            key = integer(raw.tenant_id, column(row, "TenantID"))
            client_id = text(raw.client_id).casefold()
            found.append(
                ConfigMgrApp(
                    key=integer(raw.id, column(row, "ID")),
                    client_id=client_id,
                    name=raw.name or client_id,
                    identifier_uri=text(raw.identifier_uri),
                    tenant_id=tenants.get(key) if key is not None else None,
                    evidence=column(row, "ClientID"),
                )
            )
        refuse_empty(environment, APPLICATIONS, found, "Entra applications")
        return cls(apps=tuple(found), complete=may_be_empty(environment, APPLICATIONS))


class _RawService(Struct, frozen=True, rename="pascal"):
    id: Scalar = field(name="ID", default=None)
    name: str | None = None
    service_type: Scalar = None


class AzureService(Struct, frozen=True, kw_only=True):
    """A service of the node Azure Services. ``type`` is ``None`` where the site does not say."""

    name: str
    type: int | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name in the console."""
        return f"Azure service {self.name}"

    @property
    def is_cloud_attach(self) -> bool:
        """Made by cloud attach, not by the wizard for Cloud Management."""
        return self.type == CLOUD_ATTACH


class AzureServices(Struct, frozen=True, kw_only=True):
    """The services of the node Azure Services; an empty list is known to be empty."""

    needs: ClassVar[tuple[str, ...]] = (SERVICES,)
    services: tuple[AzureService, ...]

    def __iter__(self) -> Iterator[AzureService]:
        return iter(self.services)

    @classmethod
    def read(cls, environment: Environment) -> AzureServices:
        """All rows."""
        found = tuple(
            AzureService(
                name=raw.name or f"number {text(raw.id)}",
                type=integer(raw.service_type, column(row, "ServiceType")),
                evidence=row,
            )
            for row, raw in rows(environment, SERVICES, _RawService)
        )
        refuse_empty(environment, SERVICES, found, "Azure services")
        return cls(services=found)
