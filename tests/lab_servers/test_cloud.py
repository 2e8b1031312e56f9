"""The lab's Graph and Resource Manager answer as documented, over real TLS, with the objects of the recording."""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from comgmt_audit.recording import Form, Recording
from tests.lab.defects import CATALOGUE
from tests.lab.estate import Estate, contoso, contoso_2018, record
from tests.lab.people import user_id
from tests.lab.servers import cloud, cloud_tokens
from tests.lab.servers.cloud import Address
from tests.lab.servers.cloud_faults import CHALLENGE, Bucket, Fault
from tests.lab.servers.cloud_objects import objects

pytestmark = pytest.mark.skipif(bool(cloud.missing()), reason=cloud.missing() or "all is there")

USERS = "/v1.0/users?$select=id,userPrincipalName&$top=999"
DEVICES = "/v1.0/deviceManagement/managedDevices"
SKUS = "/v1.0/subscribedSkus"
MDM = "/beta/policies/mobileDeviceManagementPolicies"
PILOTS = f"/v1.0/groups/{contoso().names.pilot_group_id}/transitiveMembers"
SUBSCRIPTION = f"/subscriptions/{contoso().names.subscription_id}"
EVENTUAL = {"ConsistencyLevel": "eventual"}


class Asking:
    """Asks a cloud, as an application with every permission unless another token is named."""

    def __init__(self, address: Address, client: httpx.Client) -> None:
        self.address, self.client = address, client

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """The answer of Graph (or of Resource Manager, for its paths); *path* may be a link."""
        arm = path.startswith(("/subscriptions", self.address.arm_root))
        root = "" if path.startswith("https:") else self.address.arm_root if arm else self.address.graph_root
        if token is None:
            token = self.address.token(audience=cloud_tokens.ARM if arm else cloud_tokens.GRAPH)
        authorisation = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get(root + path, headers={**authorisation, **headers})

    def rows(self, path: str, token: str | None = None, **headers: str) -> list[dict[str, Any]]:
        """A list, whole."""
        found, link = [], path
        while link:
            page = good(self.get(link, token, **headers))
            found += page["value"]
            link = page.get("@odata.nextLink") or page.get("nextLink") or ""
        return found

    def batch(self, *urls: str, version: str = "v1.0", method: str = "GET") -> httpx.Response:
        """The answer to a ``$batch``."""
        requests = [{"id": str(number), "method": method, "url": url} for number, url in enumerate(urls, 1)]
        authorisation = {"Authorization": f"Bearer {self.address.token()}"}
        url = f"{self.address.graph_root}/{version}/$batch"
        return self.client.post(url, json={"requests": requests}, headers=authorisation)


@contextlib.contextmanager
def asking(estate: Estate, folder: Path, **options: Any) -> Iterator[Asking]:
    with cloud.running(estate, folder, **options) as address:
        context = ssl.create_default_context(cafile=address.ca_file)
        with httpx.Client(verify=context, trust_env=False, timeout=10) as client:
            yield Asking(address, client)
    assert (folder / f"{Path(sys.executable).name}.log").read_text() == ""


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> Iterator[Asking]:
    """Healthy Contoso without faults; nothing that is asked of it changes anything."""
    with asking(contoso(), tmp_path_factory.mktemp("cloud")) as found:
        yield found


def good(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message."""
    found = answer.json()["error"]
    return answer.status_code, found["code"], found["message"]


# The objects of the estate, by the requests of docs/recording.


@pytest.mark.parametrize(
    "estate",
    [
        contoso(),
        contoso_2018(),
        contoso(
            intune__policy="CCMSETUPCMD=...",
            intune__enrolment=None,
            people__users=1200,
            people__bootstrap_devices=("PC-1", "PC-2"),
            tenant__visible=False,
        ),
    ],
    ids=["healthy", "healthy 2018", "large, with a policy, seen through thin permissions"],
)
def test_the_requests_of_the_recorder_bring_the_objects_of_the_recording(estate, tmp_path):
    with asking(estate, tmp_path) as found, contextlib.closing(recording(estate, tmp_path)) as expected:
        followed = 0
        for observation in expected.manifest.observations:
            request = observation.request.removeprefix("GET ")
            derived = " (" in request or "core.windows.net" in request or observation.id == "graph/clock"
            if observation.source not in {"graph", "arm"} or derived:
                continue
            followed += 1
            assert observation.answer
            if observation.answer.form is Form.LINES:
                rows = [row for _, row in expected.lines(observation.id, dict)]
                assert by_id(answered(found, request, rows)) == by_id(rows), observation.id
            else:
                document = good(found.get(request))
                document.pop("@odata.context", None)
                assert document == expected.json(observation.id, dict), observation.id
        assert all(seen.read for seen in found.address.requests)
    assert followed >= 20


def answered(found: Asking, request: str, recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a request brings, without what a recorder must not keep."""
    if "{namespace}" in request:
        return [good(found.get(request.replace("{namespace}", row["namespace"]))) for row in recorded]
    request = request.replace("{own object id}", cloud_tokens.IDENTITY)
    delegated = found.address.token(scp=["Policy.Read.All"]) if "ManagementPolicies" in request else None
    rows = found.rows(request, delegated, **(EVENTUAL if "$count=true" in request else {}))
    for row in rows:
        for secret in row.get("passwordCredentials", []):
            assert [secret.pop(name) for name in ("hint", "secretText", "customKeyIdentifier")] == ["q8~", None, None]
    if "roleAssignments?$filter=atScope" in request:
        return [{"properties": row["properties"]} for row in rows]
    if "publicIPAddresses" in request:
        return [row for row in rows if "dnsSettings" in row["properties"]]
    return rows


def recording(estate: Estate, folder: Path) -> Recording:
    return Recording.load(record(estate, folder / "recording"))


def by_id(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row.get("id")))


@pytest.mark.parametrize("defect", CATALOGUE, ids=lambda defect: defect.name)
def test_every_defect_has_a_cloud(defect):
    assert objects(defect.estate()).sets["users"]


def test_workloads_have_as_many_assigned_policies_as_the_site_says(healthy):
    rows = healthy.rows("/beta/deviceManagement/deviceCompliancePolicies?$expand=assignments")
    assert sum(bool(row["assignments"]) for row in rows) == contoso().site.intune_policies["compliance"]
    assert len(rows) == 4


# Tokens.


def test_only_tokens_of_this_tenant_for_this_service_that_have_not_ended_count(healthy):
    token = healthy.address.token
    refused = {
        "Access token is empty.": "",
        "CompactToken parsing failed with error code: 80049217": "no-token",
        "Access token validation failure. Invalid signature.": token()[:-4] + "AAAA",
        "Access token validation failure. Invalid audience.": token(audience=cloud_tokens.ARM),
        "Access token validation failure. Invalid issuer.": token(tenant_id="0" * 8),
        "Access token has expired or is not yet valid.": token(lifetime=-1),
    }
    for message, bad in refused.items():
        answer = healthy.get(SKUS, bad)
        assert error(answer) == (401, "InvalidAuthenticationToken", message)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert "claims=" not in answer.headers["WWW-Authenticate"]


@pytest.mark.skipif(importlib.util.find_spec("azure") is None, reason="not installed: azure-core (Python package)")
def test_the_credential_gets_tokens_as_azure_identity_does(healthy):
    credential = healthy.address.credential(lifetime=600)
    for scope, path in ((cloud_tokens.GRAPH, SKUS), (healthy.address.graph_root, SKUS), (cloud_tokens.ARM, "")):
        token = credential.get_token(f"{scope}/.default", enable_cae=True)
        assert token.expires_on - time.time() == pytest.approx(600, abs=5)
        good(healthy.get(path or f"{SUBSCRIPTION}?api-version=2022-12-01", token.token))
    assert [request.enable_cae for request in credential.requests] == [True] * 3
    assert len({credential.get_token(cloud_tokens.GRAPH).token for _ in range(3)}) == 3


def test_a_claims_challenge_wants_a_token_that_was_asked_for_with_its_claims(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="challenged", path="users", after=1)]) as found:
        good(found.get(USERS))
        answer = found.get(USERS)
        challenge = answer.headers["WWW-Authenticate"]
        assert answer.status_code == 401
        assert 'error="insufficient_claims"' in challenge
        claims = base64.b64decode(challenge.partition('claims="')[2].rstrip('"')).decode()
        assert json.loads(claims) == json.loads(CHALLENGE)
        assert found.get(SKUS).status_code == 401
        good(found.get(SKUS, found.address.token(claims=claims)))


def test_a_token_that_ends_in_the_middle_of_paging_can_be_renewed(tmp_path):
    estate = contoso(people__users=250)
    with asking(estate, tmp_path, faults=[Fault(kind="expired", path=r"skiptoken")]) as found:
        old = found.address.token()
        link = good(found.get("/v1.0/users", old))["@odata.nextLink"]
        assert error(found.get(link, old))[:2] == (401, "InvalidAuthenticationToken")
        assert error(found.get(SKUS, old))[:2] == (401, "InvalidAuthenticationToken")
        assert len(good(found.get(link))["value"]) == 100


# Permissions.


@pytest.mark.parametrize(
    ("path", "enough"),
    [
        (SKUS, "LicenseAssignment.Read.All"),
        (SKUS, "Organization.Read.All"),
        (USERS, "User.Read.All"),
        ("/v1.0/groups", "GroupMember.Read.All"),
        ("/v1.0/roleManagement/directory/roleAssignments", "RoleManagement.Read.Directory"),
        ("/v1.0/applications", "Application.Read.All"),
        ("/v1.0/servicePrincipals", "Application.Read.All"),
        ("/v1.0/oauth2PermissionGrants", "Directory.Read.All"),
        ("/v1.0/organization", "Organization.Read.All"),
    ],
)
def test_the_directory_refuses_without_the_permission(path, enough, healthy):
    good(healthy.get(path, healthy.address.token(roles=[enough])))
    answer = healthy.get(path, healthy.address.token(roles=["Device.Read.All"]))
    assert error(answer) == (
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )
    assert answer.json()["error"]["innerError"].keys() == {"date", "request-id", "client-request-id"}


@pytest.mark.parametrize(
    ("path", "enough"),
    [
        (DEVICES, "DeviceManagementManagedDevices.Read.All"),
        ("/v1.0/deviceAppManagement/mobileApps", "DeviceManagementApps.Read.All"),
        ("/beta/deviceManagement/deviceEnrollmentConfigurations", "DeviceManagementServiceConfig.Read.All"),
        ("/beta/deviceManagement/intents", "DeviceManagementConfiguration.Read.All"),
        (
            f"/v1.0/organization/{contoso().names.tenant_id}?$select=mobileDeviceManagementAuthority",
            "DeviceManagementServiceConfig.Read.All",
        ),
    ],
)
def test_intune_refuses_with_a_document_in_a_string(path, enough, healthy):
    good(healthy.get(path, healthy.address.token(roles=[enough])))
    status, code, message = error(healthy.get(path, healthy.address.token(roles=["Directory.Read.All"])))
    assert (status, code) == (403, "Forbidden")
    inner = json.loads(message)["Message"]
    assert enough in inner.partition("one of the following scopes: ")[2].partition(" - Operation ID")[0]


@pytest.mark.parametrize("path", [MDM, MDM.replace("Device", "App"), "/v1.0/directory/onPremisesSynchronization"])
def test_some_things_are_told_to_a_signed_in_user_only(path, healthy):
    assert error(healthy.get(path))[:2] == (403, "Authorization_RequestDenied")
    user = healthy.address.token(scp=cloud_tokens.SCOPES)
    assert len(good(healthy.get(path, user))["value"]) > 0
    assert healthy.get(path, healthy.address.token(scp=["User.Read.All"])).status_code == 403


def test_too_thin_a_permission_shows_nulls(healthy):
    thin = healthy.address.token(scp=["User.Read"])
    (row,) = good(healthy.get("/v1.0/organization", thin))["value"]
    assert {name for name, value in row.items() if value is not None} == {"id", "displayName", "verifiedDomains"}
    assert "createdDateTime" in row
    members = healthy.address.token(roles=["GroupMember.Read.All"])
    path = f"{PILOTS}/microsoft.graph.user?$select=id,accountEnabled&$count=true"
    rows = good(healthy.get(path, members, **EVENTUAL))["value"]
    assert {(row["id"] is None, row["accountEnabled"]) for row in rows} == {(False, None)}
    assert {row["accountEnabled"] for row in good(healthy.get(path, **EVENTUAL))["value"]} == {True}


def test_a_tenant_without_intune_says_so(tmp_path):
    with asking(contoso(), tmp_path, intune=False) as found:
        expected = (400, "BadRequest", "Request not applicable to target tenant.")
        assert error(found.get(DEVICES)) == expected
        tenant = contoso().names.tenant_id
        assert error(found.get(f"/v1.0/organization/{tenant}?$select=mobileDeviceManagementAuthority")) == expected
        good(found.get(f"/v1.0/organization/{tenant}"))


# Versions, and what can be asked.


def test_v1_has_neither_the_scopes_nor_the_settings_policy(tmp_path):
    path = "deviceManagement/deviceEnrollmentConfigurations"
    with asking(contoso(intune__policy="CCMSETUPCMD=..."), tmp_path, scp=cloud_tokens.SCOPES) as found:
        assert found.get(MDM.replace("beta", "v1.0")).status_code == 400
        types = {
            version: {row["@odata.type"] for row in found.rows(f"/{version}/{path}")} for version in ("v1.0", "beta")
        }
        assert error(found.get("/v2.0/users")) == (400, "BadRequest", "Invalid version: v2.0.")
    assert types["beta"] - types["v1.0"] == {"#microsoft.graph.deviceComanagementAuthorityConfiguration"}


def test_a_user_without_select_has_the_default_properties(healthy):
    row = good(healthy.get("/v1.0/users"))["value"][0]
    assert {"id", "userPrincipalName", "mail", "businessPhones"} < row.keys()
    assert row.keys().isdisjoint({"accountEnabled", "userType", "assignedLicenses", "licenseAssignmentStates"})


def test_the_authority_comes_only_from_intunes_view(healthy):
    tenant = contoso().names.tenant_id
    for path in ("/v1.0/organization", f"/v1.0/organization/{tenant}"):
        assert "mobileDeviceManagementAuthority" not in healthy.get(path).text
    authority = good(healthy.get(f"/v1.0/organization/{tenant}?$select=mobileDeviceManagementAuthority"))
    assert authority["@odata.context"].endswith("#organization/" + f"{tenant}(mobileDeviceManagementAuthority)/$entity")
    assert (authority["id"], authority["mobileDeviceManagementAuthority"]) == (tenant, "intune")


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            "$select=id,shoeSize",
            "BadRequest",
            "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'.",
        ),
        ("$top=1000", "Request_UnsupportedQuery", "Must be between 1 and 999 inclusive."),
        ("$top=0", "Request_UnsupportedQuery", "Must be between 1 and 999 inclusive."),
        ("$filter=accountEnabled ne true", "Request_UnsupportedQuery", "for property 'accountEnabled'"),
        ("$filter=startswith(displayName,'a')", "Request_UnsupportedQuery", "for property 'startswith'"),
        ("$filter=mail eq 'a'", "Request_UnsupportedQuery", "for property 'mail' of resource 'user'"),
        ("$filter=accountEnabled eq true userType", "Request_UnsupportedQuery", "Unsupported Query"),
        ("$filter=accountEnabled eq", "Request_UnsupportedQuery", "Unsupported Query"),
        ('$search="displayName:a"', "Request_UnsupportedQuery", "$search"),
        ("$orderby=displayName", "Request_UnsupportedQuery", "$orderby"),
        ("$expand=manager", "BadRequest", "Could not find a property named 'manager'"),
        ("$skip=10", "Request_BadRequest", "'$skip' is not supported by the service."),
        ("$skiptoken=abc", "BadRequest", "page token"),
    ],
)
def test_what_cannot_be_asked_is_refused(query, code, message, healthy):
    status, found, text = error(healthy.get(f"/v1.0/users?{query}"))
    assert (status, found) == (400, code)
    assert message in text


def test_subscribed_skus_take_select_and_nothing_else(healthy):
    assert good(healthy.get(f"{SKUS}?$select=skuId"))["value"][0].keys() == {"skuId"}
    for query in ("$filter=appliesTo eq 'User'", "$top=5"):
        assert error(healthy.get(f"{SKUS}?{query}"))[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize(
    ("filter", "count"),
    [
        ("accountEnabled eq true", 26),
        ("accountEnabled eq true and userType eq 'Member'", 25),
        ("userType eq 'Guest' or userPrincipalName eq 'bob@contoso.com'", 2),
        ("userType eq 'Guest' and accountEnabled eq false or displayName eq 'it''s'", 0),
        ("usageLocation eq null", 2),
    ],
)
def test_filters_select_rows(filter, count, healthy):
    assert len(good(healthy.get(f"/v1.0/users?$filter={filter}"))["value"]) == count
    encoded = httpx.QueryParams({"$filter": filter})
    assert len(good(healthy.get(f"/v1.0/users?{encoded}"))["value"]) == count


def test_isof_selects_types_and_expand_brings_assignments(healthy):
    path = "/v1.0/deviceAppManagement/mobileApps"
    rows = good(healthy.get(f"{path}?$filter=isof('microsoft.graph.windowsMobileMSI')&$expand=assignments"))["value"]
    assert [(row["displayName"], len(row["assignments"])) for row in rows] == [("ConfigMgr Client Setup Bootstrap", 1)]
    assert "assignments" not in good(healthy.get(f"{path}/{rows[0]['id']}"))
    assert error(healthy.get(f"{path}?$filter=isAssigned eq true"))[0] == 400
    assert error(healthy.get(f"{path}?$select=commandLine"))[:2] == (400, "BadRequest")


def test_expanded_groups_have_the_properties_that_were_selected(healthy):
    user = healthy.address.token(scp=["Policy.Read.All"])
    rows = good(healthy.get(f"{MDM}?$expand=includedGroups($select=id)", user))["value"]
    assert sorted(len(row["includedGroups"]) for row in rows) == [0, 1]
    assert [group.keys() for row in rows for group in row["includedGroups"]] == [{"id"}]
    assert "includedGroups" not in good(healthy.get(MDM, user))["value"][0]


def test_objects_are_found_by_id_name_and_application(healthy):
    names = contoso().names
    for path in (
        f"/v1.0/users/{user_id(0)}",
        "/v1.0/users/adele@contoso.com",
        f"/v1.0/applications(appId='{names.server_app_id}')",
        f"/v1.0/servicePrincipals(appId='{names.server_app_id}')",
    ):
        assert good(healthy.get(path))["@odata.context"].endswith("/$entity")
    for path in ("/v1.0/users/nobody", "/v1.0/applications(appId='none')", "/v1.0/groups/none/members"):
        assert error(healthy.get(path))[:2] == (404, "Request_ResourceNotFound")
    assert error(healthy.get("/v1.0/shoes"))[:2] == (400, "BadRequest")


def test_msgraph_sdk_may_send_two_slashes(healthy):
    assert good(healthy.get("/v1.0//organization"))["value"][0]["id"] == contoso().names.tenant_id


def test_counting_needs_the_consistency_level(healthy):
    assert error(healthy.get("/v1.0/users/$count")) == (400, "Request_BadRequest", "$count is not currently supported.")
    answer = healthy.get("/v1.0/users/$count?$filter=userType eq 'Guest'", **EVENTUAL)
    assert (answer.headers["Content-Type"].partition(";")[0], answer.text) == ("text/plain", "1")
    assert "@odata.count" not in good(healthy.get(f"{USERS}&$count=true"))
    assert good(healthy.get(f"{USERS}&$count=true", **EVENTUAL))["@odata.count"] == 27
    assert good(healthy.get(DEVICES))["@odata.count"] == 3


def test_a_cast_is_an_advanced_query(healthy):
    path = f"{PILOTS}/microsoft.graph.user?$select=id&$count=true"
    assert error(healthy.get(path))[:2] == (400, "Request_UnsupportedQuery")
    assert error(healthy.get(path.replace("&$count=true", ""), **EVENTUAL))[:2] == (400, "Request_UnsupportedQuery")
    assert good(healthy.get(path, **EVENTUAL))["@odata.count"] == 5
    assert {row["@odata.type"] for row in good(healthy.get(PILOTS))["value"]} == {"#microsoft.graph.user"}


# Paging.


def test_pages_are_linked_by_opaque_tokens_and_the_header_must_come_again(tmp_path):
    estate = contoso(people__users=2000)
    with asking(estate, tmp_path) as found:
        assert len(good(found.get("/v1.0/users"))["value"]) == 100
        first = good(found.get(f"{USERS}&$count=true", **EVENTUAL))
        second = good(found.get(first["@odata.nextLink"], **EVENTUAL))
        third = good(found.get(second["@odata.nextLink"]))
    assert "$select=id,userPrincipalName&$top=999" in first["@odata.nextLink"]
    assert "1998" not in second["@odata.nextLink"]
    assert [len(page["value"]) for page in (first, second, third)] == [999, 999, 4]
    assert [page.get("@odata.count") for page in (first, second, third)] == [2002, None, None]
    assert "@odata.nextLink" not in third
    ids = [row["id"] for page in (first, second, third) for row in page["value"]]
    assert len(set(ids)) == 2002
    assert ids != sorted(ids)


def test_a_cast_wants_its_header_on_every_page(healthy):
    first = good(healthy.get(f"{PILOTS}/microsoft.graph.user?$top=2&$count=true", **EVENTUAL))
    assert error(healthy.get(first["@odata.nextLink"]))[:2] == (400, "Request_UnsupportedQuery")
    assert len(good(healthy.get(first["@odata.nextLink"], **EVENTUAL))["value"]) == 2


def test_intune_pages_by_a_thousand_and_answers_skip_with_an_empty_page(tmp_path):
    from tests.lab.intune import device

    estate = contoso(intune__devices=tuple(device(f"PC-{number}", number) for number in range(1001)))
    with asking(estate, tmp_path) as found:
        first = good(found.get(DEVICES))
        assert (len(first["value"]), first["@odata.count"]) == (1000, 1001)
        assert len(found.rows(f"{DEVICES}?$top=5000")) == 1001
        assert good(found.get(f"{DEVICES}?$skip=10"))["value"] == []


# Batches.


def test_a_batch_answers_each_request_and_not_in_their_order(healthy):
    answer = healthy.batch("/subscribedSkus", "/users/$count", "/users?$top=1000", "/users/$count?x=1", "/$batch")
    responses = good(answer)["responses"]
    assert [item["id"] for item in responses] == ["5", "4", "3", "2", "1"]
    by_number = {item["id"]: item for item in responses}
    assert [by_number[id]["status"] for id in "12345"] == [200, 400, 400, 400, 400]
    assert len(by_number["1"]["body"]["value"]) == 2
    batch, *items = healthy.address.requests[-6:]
    assert (batch.method, batch.read, batch.in_batch) == ("POST", True, False)
    assert [(item.method, item.read, item.in_batch, item.status) for item in items][:2] == [
        ("GET", True, True, 200),
        ("GET", True, True, 400),
    ]


def test_a_batch_counts_as_text_and_uses_its_own_version(healthy):
    requests = [{"id": "a", "method": "GET", "url": "/users/$count", "headers": EVENTUAL}]
    headers = {"Authorization": f"Bearer {healthy.address.token()}"}
    url = f"{healthy.address.graph_root}/v1.0/$batch"
    (item,) = good(healthy.client.post(url, json={"requests": requests}, headers=headers))["responses"]
    assert (item["status"], item["body"]) == (200, "27")
    path = "/deviceManagement/intents"
    assert [good(healthy.batch(path, version=version))["responses"][0]["status"] for version in ("v1.0", "beta")] == [
        400,
        200,
    ]


def test_more_than_twenty_requests_are_no_batch(healthy):
    assert error(healthy.batch(*[SKUS] * 21))[:2] == (400, "BadRequest")
    assert error(healthy.batch())[:2] == (400, "BadRequest")
    assert len(good(healthy.batch(*["/subscribedSkus"] * 20))["responses"]) == 20


def test_one_request_of_a_batch_can_be_throttled(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="throttled", path="groups", seconds=2.128)]) as found:
        responses = {item["id"]: item for item in good(found.batch("/groups", "/subscribedSkus"))["responses"]}
    assert responses["1"]["status"] == 429
    assert responses["1"]["headers"]["Retry-After"] == "2.128"
    assert responses["1"]["body"]["error"]["code"] == "TooManyRequests"
    assert responses["2"]["status"] == 200


# Whoever writes is seen.


def test_every_other_method_is_refused_and_seen(tmp_path):
    with asking(contoso(), tmp_path) as found:
        headers = {"Authorization": f"Bearer {found.address.token()}"}
        for method in ("POST", "PATCH", "DELETE"):
            assert (
                found.client.request(method, f"{found.address.graph_root}/v1.0/users", headers=headers).status_code
                == 405
            )
        assert good(found.batch("/users", method="DELETE"))["responses"][0]["status"] == 405
        assert [seen.read for seen in found.address.requests] == [False, False, False, True, False]


# Throttling.


def test_the_directory_has_a_bucket_of_units_and_says_how_long_to_wait(tmp_path):
    with asking(contoso(), tmp_path, bucket=Bucket(units=10, seconds=100)) as found:
        costs = [found.get(path).headers["x-ms-resource-unit"] for path in (SKUS, f"{SKUS}?$select=id", USERS)]
        assert costs == ["3", "2", "1"]
        assert 0.85 <= float(found.get(SKUS).headers["x-ms-throttle-limit-percentage"]) <= 0.9
        answer = found.get(SKUS)
        assert error(answer) == (429, "TooManyRequests", "Please retry again later.")
        wait = answer.headers["Retry-After"]
        assert "." in wait
        assert 0 < float(wait) <= 30
        good(found.get(DEVICES))


def test_conditional_access_does_not_say_how_long_to_wait(healthy):
    answers = [healthy.get("/v1.0/identity/conditionalAccess/policies") for _ in range(2)]
    assert answers[1].status_code == 429
    assert "Retry-After" not in answers[1].headers


# Faults.


def test_a_storm_of_429_ends(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="throttled", path="users", times=3, seconds=None)]) as found:
        good(found.get(SKUS))
        answers = [found.get(USERS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 200]
    assert "Retry-After" not in answers[0].headers


def test_chance_has_a_seed(tmp_path):
    fault = Fault(kind="unavailable", times=None, probability=0.5, seconds=0.5)
    seen = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with asking(contoso(), tmp_path / name, faults=[fault], seed=7) as found:
            answers = [found.get(SKUS) for _ in range(12)]
        seen.append([answer.status_code for answer in answers])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 503}
    assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 503} == {"0.500"}


def test_a_connection_is_reset_or_cut(tmp_path):
    faults = [Fault(kind="reset", path="users"), Fault(kind="cut", path="subscribedSkus")]
    with asking(contoso(), tmp_path, faults=faults) as found:
        with pytest.raises(httpx.TransportError):
            found.get(USERS)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            found.get(SKUS)
        good(found.get(USERS))
        good(found.get(SKUS))
        assert [seen.status for seen in found.address.requests] == [0, 200, 200, 200]


def test_a_reset_is_one_of_tcp(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="reset")]) as found:
        url = httpx.URL(found.address.graph_root)
        context = ssl.create_default_context(cafile=found.address.ca_file)
        connection = socket.create_connection((url.host, url.port or 0), timeout=10)
        with (
            context.wrap_socket(connection, server_hostname=url.host) as secured,
            socket.socket(fileno=os.dup(secured.fileno())) as plain,
        ):
            plain.settimeout(10)
            secured.sendall(f"GET / HTTP/1.1\r\nHost: {url.host}\r\n\r\n".encode())
            with pytest.raises(ConnectionResetError):
                drain(plain)


def drain(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass


def test_json_is_truncated_in_a_whole_message(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="truncated", path="users")]) as found:
        answer = found.get(USERS)
        assert answer.status_code == 200
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(answer.content)
        good(found.get(USERS))


def test_slow_answers_come_later_and_slowness_adds_up(tmp_path):
    slow = Fault(kind="slow", times=None, seconds=0.1)
    with asking(contoso(), tmp_path, faults=[slow, slow]) as found:
        begin = time.monotonic()
        good(found.get(SKUS))
        assert time.monotonic() - begin >= 0.2


def test_an_empty_page_leads_on_to_the_page_that_was_to_come(tmp_path):
    fault = Fault(kind="empty-page", path=r"/v1.0/users|/providers\?", times=None, probability=0.6)
    with asking(contoso(people__users=450), tmp_path, faults=[fault]) as found:
        assert len({row["id"] for row in found.rows("/v1.0/users")}) == 452
        assert len(found.rows(f"{SUBSCRIPTION}/providers?api-version=2021-04-01")) == 4
        assert len({seen.address for seen in found.address.requests}) == len(found.address.requests) > 7
        assert any(seen.faults == ("empty-page",) for seen in found.address.requests)


def test_a_foreign_host_would_see_the_token(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="foreign-host", path="users", times=1)]) as found:
        link = good(found.get(USERS))["@odata.nextLink"]
        assert link.startswith(found.address.foreign_root)
        assert good(found.get(link))["value"] == []
        seen = found.address.requests[-1]
    assert (seen.root, seen.authorised) == ("foreign", True)


def test_a_link_can_lead_to_itself(tmp_path):
    with asking(contoso(), tmp_path, faults=[Fault(kind="looping", path="users", times=None)]) as found:
        link = good(found.get(USERS))["@odata.nextLink"]
        assert link == found.address.graph_root + USERS
        assert good(found.get(link))["@odata.nextLink"] == link


def test_properties_have_unknown_values_or_are_not_there(tmp_path):
    faults = [
        Fault(kind="altered", path="managedDevices", field="managementAgent", value="intuneAosp"),
        Fault(kind="altered", path=r"mobileApps\?", field="commandLine", value=msgspec.UNSET),
    ]
    with asking(contoso(), tmp_path, faults=faults) as found:
        assert {row["managementAgent"] for row in good(found.get(DEVICES))["value"]} == {"intuneAosp"}
        filter = "$filter=isof('microsoft.graph.windowsMobileMSI')"
        (app,) = good(found.get(f"/v1.0/deviceAppManagement/mobileApps?{filter}"))["value"]
        assert "commandLine" not in app
        assert "commandLine" in good(found.get(f"/v1.0/deviceAppManagement/mobileApps/{app['id']}"))


# Azure Resource Manager.


def test_the_version_of_the_api_comes_first(healthy):
    for token in ("", None):
        assert error(healthy.get(SUBSCRIPTION, token)) == (
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    assert error(healthy.get(f"{SUBSCRIPTION}?api-version=1999-01-01"))[:2] == (400, "InvalidApiVersionParameter")


def test_resource_manager_wants_a_token_of_its_own(healthy):
    path = f"{SUBSCRIPTION}?api-version=2022-12-01"
    for token in ("", healthy.address.token(), healthy.address.token(audience=cloud_tokens.ARM, lifetime=-1)):
        assert error(healthy.get(path, token))[:2] == (401, "InvalidAuthenticationToken")
    assert "innerError" not in healthy.get(path, "").json()["error"]


def test_links_of_resource_manager_have_no_prefix(healthy):
    page = good(healthy.get(f"{SUBSCRIPTION}/providers?api-version=2021-04-01"))
    assert page.keys() == {"value", "nextLink"}
    assert good(healthy.get(page["nextLink"])).keys() == {"value"}


def test_an_account_without_role_sees_an_empty_list_and_is_refused_by_name(tmp_path):
    with asking(contoso(), tmp_path, azure_role=False) as found:
        assert good(found.get("/subscriptions?api-version=2022-12-01"))["value"] == []
        status, code, message = error(found.get(f"{SUBSCRIPTION}?api-version=2022-12-01"))
        assert (status, code) == (403, "AuthorizationFailed")
        assert "does not have authorization to perform action 'Microsoft.Resources/subscriptions/read'" in message


def test_what_is_not_there_is_not_found(healthy):
    other = f"{SUBSCRIPTION[:-1]}0"
    assert error(healthy.get(f"{other}?api-version=2022-12-01"))[:2] == (404, "SubscriptionNotFound")
    path = f"{SUBSCRIPTION}/providers/Microsoft.Shoes?api-version=2021-04-01"
    assert error(healthy.get(path))[:2] == (404, "InvalidResourceNamespace")
    assert len(good(healthy.get("/subscriptions?api-version=2022-12-01"))["value"]) == 1


# The server itself.


def test_nothing_is_left_when_the_block_is_left(tmp_path):
    with asking(contoso(), tmp_path) as found:
        good(found.get(SKUS))
        url = found.address.graph_root
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, verify=ssl.create_default_context(cafile=found.address.ca_file), trust_env=False)


@pytest.mark.parametrize("root", ["graph", "arm"])
def test_the_lab_itself_complains_of_a_write_by_the_product(tmp_path, root):
    """Whoever leaves the block is told; what a test sends does not count."""

    def delete(agent: str, folder: Path) -> None:
        folder.mkdir()
        with asking(contoso(), folder) as found:
            url = f"{getattr(found.address, f'{root}_root')}/v1.0/users/1?api-version=2022-12-01"
            found.client.delete(url, headers={"User-Agent": agent})

    delete("a test", tmp_path / "test")
    with pytest.raises(AssertionError, match=r"DELETE /v1\.0/users/1"):
        delete("comgmt-audit/0.1.0", tmp_path / "product")
