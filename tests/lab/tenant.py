"""Contoso's tenant, as Microsoft Graph shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter
from tests.lab.names import days

if TYPE_CHECKING:
    from tests.lab.estate import Estate


class Tenant(Struct, frozen=True, kw_only=True):
    """Healthy by default."""

    mdm_authority: str | None = "intune"
    synchronised: bool | None = True
    last_sync_hours_ago: float = 0.5
    access_policies: tuple[dict[str, Any], ...] | None = None
    """Conditional Access; ``None``: healthy ones."""
    domain_type: str = "Managed"
    """Of Contoso's own domain: Managed or Federated."""
    more_domains: tuple[str, ...] = ()
    """Verified domains beside Contoso's own two."""
    visible: bool = True
    """Is the permission enough for more than id, name and domains? Otherwise Graph answers nulls."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Graph answers about the tenant."""
    tenant, names = estate.tenant, estate.names
    organization = {
        "id": names.tenant_id,
        "displayName": names.company,
        "tenantType": "AAD",
        "countryLetterCode": "DE",
        "createdDateTime": "2019-04-02T08:11:30Z" if tenant.visible else None,
        "onPremisesSyncEnabled": tenant.synchronised if tenant.visible else None,
        "onPremisesLastSyncDateTime": days(estate.days_later - tenant.last_sync_hours_ago / 24)
        if tenant.synchronised
        else None,
        "verifiedDomains": [
            {
                "name": names.initial_domain,
                "type": "Managed",
                "isDefault": False,
                "isInitial": True,
                "capabilities": "Email, OfficeCommunicationsOnline",
            },
            {
                "name": names.domain,
                "type": tenant.domain_type,
                "isDefault": True,
                "isInitial": False,
                "capabilities": "Email, Intune",
            },
            *(
                {"name": name, "type": "Managed", "isDefault": False, "isInitial": False, "capabilities": "Email"}
                for name in tenant.more_domains
            ),
        ],
    }
    writer.json(
        "graph/organization",
        {"value": [organization]},
        source="graph",
        request="GET /v1.0/organization?$select=id,displayName,tenantType,countryLetterCode,createdDateTime,"
        "onPremisesSyncEnabled,onPremisesLastSyncDateTime,verifiedDomains",
    )
    writer.json(
        "graph/mdm-authority",
        {"id": names.tenant_id, "mobileDeviceManagementAuthority": tenant.mdm_authority},
        source="graph",
        request=f"GET /v1.0/organization/{names.tenant_id}?$select=mobileDeviceManagementAuthority",
    )
