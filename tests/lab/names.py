"""The names and ids that Contoso's systems share; each part of the estate takes them from here."""

from __future__ import annotations

import datetime as dt

from msgspec import Struct

NOW = dt.datetime(2026, 11, 24, 6, 0, tzinfo=dt.UTC)
"""When every recording of the lab is made."""


def days(number: float) -> dt.datetime:
    """That many days after the recording; negative: before."""
    return NOW + dt.timedelta(days=number)


class Names(Struct, frozen=True, kw_only=True):
    """What Contoso calls its things."""

    company: str = "Contoso"
    tenant_id: str = "72f988bf-0000-4000-8000-2d7cd011db00"
    initial_domain: str = "contoso.onmicrosoft.com"
    domain: str = "contoso.com"
    ad_domain: str = "corp.contoso.com"
    netbios: str = "CONTOSO"
    domain_sid: str = "S-1-5-21-1004336348-1177238915-682003330"
    subscription_id: str = "3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11"
    resource_group: str = "rg-contoso-cmg"
    site_code: str = "PS1"
    site_server: str = "CM01.corp.contoso.com"
    management_point: str = "MP01.corp.contoso.com"
    ca_server: str = "CA01.corp.contoso.com"
    client: str = "PC001.corp.contoso.com"
    ca_name: str = "Contoso Issuing CA 1"
    root_ca_name: str = "Contoso Root CA"
    region: str = "West Europe"
    gateway_service: str = "cmg.contoso.com"
    gateway_deployment: str = "contosocmg.westeurope.cloudapp.azure.com"
    gateway_name: str = "CONTOSOCMG"
    gateway_alias: str = ""
    distribution_alias: str = ""
    distribution_service: str = ""
    distribution_deployment: str = ""
    management_point_role_id: str = "72057594037928100"
    server_app_id: str = "7078946d-fc1c-43b7-8dee-dd6e6b00d783"
    client_app_id: str = "7506ee10-f7ec-415a-b415-cd3d58790d97"
    server_app_object_id: str = "44444444-0000-4000-8000-000000000001"
    client_app_object_id: str = "55555555-0000-4000-8000-000000000001"
    server_principal_id: str = "44444444-0000-4000-8000-000000000002"
    client_principal_id: str = "55555555-0000-4000-8000-000000000002"
    graph_principal_id: str = "66666666-0000-4000-8000-000000000001"
    pilot_group_id: str = "33333333-0000-4000-8000-000000000010"
    bootstrap_group_id: str = "33333333-0000-4000-8000-000000000020"
    licence_group_id: str = "33333333-0000-4000-8000-000000000001"
    pilot_collection_id: str = "PS100021"
    pilot_collection: str = "Co-management pilot"
    client_settings: str = "Co-mgmt device settings"
    client_settings_id: int = 16777220
    iis_group: str = "ConfigMgr IIS Servers"
    web_template: str = "ConfigMgrCloudWebServer"
    client_template: str = "ConfigMgrWorkstationAuth"
    web_template_oid: str = "1.3.6.1.4.1.311.21.8.11034890.834619.12601478.16236816.7255827.176.15028949.8462353"
    client_template_oid: str = "1.3.6.1.4.1.311.21.8.11034890.834619.12601478.16236816.7255827.176.15028949.8462354"
    domain_admin: str = "cmadmin"
    inside_resolver: str = "10.0.0.10"
    outside_resolver: str = "1.1.1.1"
    crl_base: str = "http://pki.contoso.com/CertEnroll"

    @property
    def app_id_uri(self) -> str:
        """The App ID URI of the server app, in the form that is recommended today."""
        return f"api://{self.tenant_id}/ConfigMgrService"
