"""Contoso's Azure subscription, as Azure Resource Manager shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from comgmt_audit.recording import RecordingWriter
from tests.lab import azure_resources, pki

if TYPE_CHECKING:
    from tests.lab.estate import Estate


class Azure(Struct, frozen=True, kw_only=True):
    """Healthy by default. Ids: empty means Contoso's own."""

    subscription_id: str = ""
    tenant_id: str | None = ""
    state: str = "Enabled"
    spending_limit: str | None = "Off"
    providers: tuple[tuple[str, str | None], ...] = (
        ("Microsoft.Compute", "Registered"),
        ("Microsoft.KeyVault", "Registered"),
        ("Microsoft.Network", "Registered"),
        ("Microsoft.Storage", "Registered"),
    )
    """Namespace and registration state."""
    resources: azure_resources.Resources = field(default_factory=azure_resources.Resources)
    management_certificates: tuple[str, ...] = ("",)
    """Thumbprints that are uploaded to the subscription; empty: Contoso's. Recorded for classic deployments only."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what Azure answers about the subscription."""
    azure, names = estate.azure, estate.names
    id = azure.subscription_id or names.subscription_id
    policies = {
        "locationPlacementId": "Public_2014-09-01",
        "quotaId": "EnterpriseAgreement_2014-09-01",
        "spendingLimit": azure.spending_limit,
    }
    writer.json(
        "arm/subscription",
        {
            "id": f"/subscriptions/{id}",
            "subscriptionId": id,
            "displayName": "Contoso Prod",
            "tenantId": names.tenant_id if azure.tenant_id == "" else azure.tenant_id,
            "state": azure.state,
            "authorizationSource": "RoleBased",
            "subscriptionPolicies": policies,
        },
        source="arm",
        request=f"GET /subscriptions/{names.subscription_id}?api-version=2022-12-01",
    )
    writer.lines(
        "arm/providers",
        [
            {
                "id": f"/subscriptions/{id}/providers/{namespace}",
                "namespace": namespace,
                "registrationPolicy": "RegistrationRequired",
                "registrationState": state,
            }
            for namespace, state in azure.providers
        ],
        source="arm",
        request=f"GET /subscriptions/{names.subscription_id}/providers/{{namespace}}?api-version=2021-04-01",
    )
    azure_resources.record(estate, writer)
    if estate.design["gateway"].get("deployment") == "classic":
        writer.lines(
            "arm/management-certificates",
            [{"thumbprint": own or pki.thumbprint(estate, "management")} for own in azure.management_certificates],
            source="arm",
            request=f"GET https://management.core.windows.net/{names.subscription_id}/certificates",
        )
