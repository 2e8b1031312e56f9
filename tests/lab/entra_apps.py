"""Contoso's Entra applications of Configuration Manager, as Microsoft Graph shows them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter
from tests.lab.names import days

if TYPE_CHECKING:
    from tests.lab.estate import Estate

READ_DIRECTORY = "7ab1d382-f21e-4acd-a863-ba3e13f7da61"
"""Directory.Read.All, application permission of Microsoft Graph."""


class EntraApps(Struct, frozen=True, kw_only=True):
    """Healthy by default. ``None`` for a URI or redirect: the one that the names give."""

    server: bool = True
    server_principal: bool | None = True
    """Enabled, disabled, or (``None``) not there."""
    client: bool = True
    client_principal: bool | None = True
    uris: tuple[str, ...] | None = None
    redirects: tuple[str, ...] | None = None
    web_redirects: tuple[str, ...] | None = ("http://localhost",)
    """Redirect URIs of the server app; ``None``: not answered."""
    secrets: tuple[float | str, ...] = (300.0,)
    """Days until each ends, or the text that Graph sends."""
    grants: tuple[tuple[str, str], ...] = (("AllPrincipals", " user_impersonation"),)
    """Consent type and scope of the client's grants for the server; live answers begin with a blank."""
    roles: tuple[str, ...] = (READ_DIRECTORY,)
    others: tuple[dict[str, Any], ...] = ()
    """More applications."""
    graph_principal: bool = True


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about applications and consent."""
    writer.lines(
        "graph/applications",
        [*_applications(estate), *estate.entra_apps.others],
        source="graph",
        request="GET /v1.0/applications?$select=id,appId,displayName,identifierUris,passwordCredentials,web,"
        "publicClient,api,requiredResourceAccess,signInAudience&$top=999",
    )
    writer.lines(
        "graph/service-principals",
        _principals(estate),
        source="graph",
        request="GET /v1.0/servicePrincipals?$select=id,appId,displayName,accountEnabled,servicePrincipalType&$top=999",
    )
    names, apps = estate.names, estate.entra_apps
    writer.lines(
        "graph/oauth2-permission-grants",
        [
            {
                "id": f"b1f2c3d4-{number}",
                "clientId": names.client_principal_id,
                "consentType": consent,
                "principalId": None if consent == "AllPrincipals" else "22222222-0000-4000-8000-000000000001",
                "resourceId": names.server_principal_id,
                "scope": scope,
            }
            for number, (consent, scope) in enumerate(apps.grants)
        ],
        source="graph",
        request="GET /v1.0/oauth2PermissionGrants?$filter=consentType eq 'AllPrincipals'",
    )
    writer.lines(
        "graph/app-role-assignments",
        [
            {
                "id": f"c2d3e4f5-{number}",
                "appRoleId": role,
                "createdDateTime": "2024-01-10T09:05:00Z",
                "principalId": names.server_principal_id,
                "principalType": "ServicePrincipal",
                "principalDisplayName": "ConfigMgr Server App",
                "resourceId": names.graph_principal_id,
                "resourceDisplayName": "Microsoft Graph",
            }
            for number, role in enumerate(apps.roles)
        ],
        source="graph",
        request="GET /v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo",
    )


def _applications(estate: Estate) -> list[dict[str, Any]]:
    names, apps = estate.names, estate.entra_apps
    redirects = apps.redirects
    if redirects is None:
        redirects = (f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{names.client_app_id}",)
    server = application(
        names.server_app_id,
        "ConfigMgr Server App",
        uris=(names.app_id_uri,) if apps.uris is None else apps.uris,
        web=apps.web_redirects,
        secrets=tuple(_end(secret) for secret in apps.secrets),
        asks="00000003-0000-0000-c000-000000000000",
    )
    client = application(names.client_app_id, "ConfigMgr Client App", redirects=redirects, asks=names.server_app_id)
    return ([server] if apps.server else []) + ([client] if apps.client else [])


def _end(secret: float | str) -> str:
    return secret if isinstance(secret, str) else days(secret).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def application(
    app_id: str,
    name: str,
    *,
    uris: tuple[str, ...] = (),
    web: tuple[str, ...] | None = (),
    redirects: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    asks: str = "",
) -> dict[str, Any]:
    """A row of applications; *secrets* are the times at which they end."""
    return {
        "id": f"4{app_id[1:]}",
        "appId": app_id,
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "identifierUris": list(uris),
        "passwordCredentials": [
            {
                "keyId": f"44444444-0000-4000-8000-{number:012d}",
                "displayName": "ConfigMgr",
                "startDateTime": "2026-01-20T09:00:00Z",
                "endDateTime": end,
            }
            for number, end in enumerate(secrets)
        ],
        **({} if web is None else {"web": {"redirectUris": list(web)}}),
        "publicClient": {"redirectUris": list(redirects)},
        "api": {"oauth2PermissionScopes": []},
        "requiredResourceAccess": [{"resourceAppId": asks, "resourceAccess": []}] if asks else [],
    }


def _principals(estate: Estate) -> list[dict[str, Any]]:
    names, apps = estate.names, estate.entra_apps
    known = {
        names.server_principal_id: (names.server_app_id, "ConfigMgr Server App", apps.server_principal),
        names.client_principal_id: (names.client_app_id, "ConfigMgr Client App", apps.client_principal),
        names.graph_principal_id: (
            "00000003-0000-0000-c000-000000000000",
            "Microsoft Graph",
            True if apps.graph_principal else None,
        ),
    }
    return [
        {
            "id": id,
            "appId": app_id,
            "displayName": name,
            "accountEnabled": enabled,
            "servicePrincipalType": "Application",
        }
        for id, (app_id, name, enabled) in known.items()
        if enabled is not None
    ]
