"""The lab's AdminService answers as the real one is documented to, secrets included."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.lab.estate import contoso
from tests.lab.servers import admin_service
from tests.lab.servers.admin_service import CANARY, Address
from tests.lab.servers.process import accepts

MISSING = admin_service.missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)
TOKEN = "a-token-of-the-lab"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    estate = contoso().refusing("site/SMS_Collection")
    with admin_service.running(estate, tmp_path_factory.mktemp("site"), bearer=TOKEN) as found:
        yield found


def get(at: Address, path: str, **headers: str) -> httpx.Response:
    tls = ssl.create_default_context(cafile=str(at.ca_file))
    return httpx.get(
        f"{at.root}/wmi/{path}", headers={"Authorization": f"Bearer {TOKEN}"} | headers, verify=tls, trust_env=False
    )


def first(response: httpx.Response) -> dict[str, Any]:
    row: dict[str, Any] = response.json()["value"][0]
    return row


def test_its_own_root_is_needed(service):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{service.root}/wmi/SMS_Site", trust_env=False)


@pytest.mark.parametrize("authorization", ["", "Bearer another", "Negotiate TlRMTVNTUAABAAAA", "Basic eDp5"])
def test_nobody_is_known_by_anything_else(service, authorization):
    assert get(service, "SMS_Site", Authorization=authorization).status_code == 401


def test_who_does_not_choose_columns_gets_secrets(service):
    assert first(get(service, "SMS_AAD_Application_Ex"))["SecretKey"] == CANARY
    chosen = first(get(service, "SMS_AAD_Application_Ex?$select=ID,ClientID"))
    assert set(chosen) == {"ID", "ClientID", "__LAZYPROPERTIES"}


def test_lazy_columns_come_with_the_item(service):
    listed = first(get(service, "SMS_ClientSettings"))
    assert listed["AgentConfigurations"] is None
    assert listed["__LAZYPROPERTIES"] == ["AgentConfigurations"]
    assert get(service, f"SMS_ClientSettings({listed['SettingsID']})").json()["AgentConfigurations"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("SMS_Collection", "Access denied  WMI QUERY: "),
        ("SMS_Nothing", "Resource not found for the segment."),
        ("SMS_ClientSettings(1)", "No object with that key."),
    ],
)
def test_every_refusal_is_a_404(service, path, message):
    response = get(service, path)
    assert response.status_code == 404
    assert response.json() == {"error": {"code": "404", "message": message}}


def test_filters_in_use(service):
    assert len(get(service, "SMS_SCI_SysResUse?$filter=RoleName eq 'SMS Management Point'").json()["value"]) == 1
    found = get(
        service, "SMS_ConfigurationPolicy?$filter=startswith(LocalizedDisplayName,'CoMgmtSettingsPilot') eq true"
    )
    assert len(found.json()["value"]) == 2


def test_metadata_names_every_column(service):
    text = get(service, "$metadata").text
    assert '<EntityType Name="SMS_AzureService">' in text
    assert 'Name="SerializedServiceCertificate"' in text


def test_nothing_stays_behind(tmp_path):
    with admin_service.running(contoso(), tmp_path) as at:
        assert accepts(at.endpoint)
    assert not accepts(at.endpoint)
