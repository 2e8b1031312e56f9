"""Signing in: each way makes azure-identity's credential for it, and no token or secret is ever shown."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import functools
import importlib.util
import json
import logging
import sys
import threading
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest

from comgmt_audit.connections import Cloud
from comgmt_audit.errors import ComgmtError, DesignError
from comgmt_audit.recording import Reason
from comgmt_audit.sources import clouds, sign_in
from comgmt_audit.sources.http import Client, ReadError, Token, trust
from comgmt_audit.sources.sign_in import Identity, SignIn, identity

NEEDS_AZURE = pytest.mark.skipif(importlib.util.find_spec("azure") is None, reason="not installed: azure-identity")
TENANT = "72f988bf-0000-4000-8000-2d7cd011db00"
CLIENT = "5ca77e60-0000-4000-8000-000000000001"
AUTHORITY = "https://login.microsoftonline.com"
CANARY = "CANARY-7f3a9c"


def jwt(**claims: Any) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "x"}, claims)
    ]
    return ".".join([*parts, "signature"])


# What a token says


def test_an_applications_token():
    token = jwt(tid=TENANT, oid="o", appid=CLIENT, app_displayname="Scanner", roles=["User.Read.All", "X"])
    assert identity(token) == Identity(
        tenant=TENANT,
        object="o",
        application=CLIENT,
        name="Scanner",
        permissions=frozenset({"User.Read.All", "X"}),
        delegated=False,
    )
    assert identity(token).label == "application Scanner"


def test_a_users_token():
    found = identity(
        jwt(tid=TENANT, appid=CLIENT, upn="judy@contoso.com", scp="User.Read Policy.Read.All", roles=["ignored"])
    )
    assert found.delegated is True
    assert found.permissions == frozenset({"User.Read", "Policy.Read.All"})
    assert found.label == "user judy@contoso.com"


def test_an_application_without_any_permission_is_one():
    found = identity(jwt(tid=TENANT, azp=CLIENT))
    assert (found.delegated, found.permissions) == (False, frozenset())
    assert found.label == f"application {CLIENT}"


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.bm8ganNvbg.c", jwt(tid=1), "ä.ä.ä", f"x.{'A' * 5}.y"])
def test_a_token_that_cannot_be_read_says_nothing(token):
    assert identity(token) == Identity()
    assert identity(token).label == "unknown"


# Getting tokens


class Credential:
    def __init__(self, error: Exception | None = None, lasts: int = 3600) -> None:
        self.asked: list[tuple[tuple[str, ...], str | None, bool]] = []
        self.error = error
        self.lasts = lasts

    def get_token(self, *scopes: str, claims: str | None = None, enable_cae: bool = False) -> Any:
        self.asked.append((scopes, claims, enable_cae))
        if self.error:
            raise self.error
        return SimpleNamespace(token=f"{CANARY}-{id(self) % 1000}-{len(self.asked)}", expires_on=1000 + self.lasts)


def signed_in(*credentials: Credential, renewable: bool = True, now: float = 1000.0) -> SignIn:
    made = iter(credentials)
    return SignIn(lambda: next(made), renewable=renewable, clock=lambda: now)


def ask(token: Token, **more: Any) -> str:
    return asyncio.run(token(**more))


@NEEDS_AZURE
def test_a_token_is_asked_for_once_and_kept():
    credential = Credential()
    token = signed_in(credential).token("https://graph.microsoft.com/.default")
    assert ask(token) == ask(token)
    assert credential.asked == [(("https://graph.microsoft.com/.default",), None, True)]


@NEEDS_AZURE
def test_each_scope_has_its_token_of_the_same_credential():
    credential = Credential()
    both = signed_in(credential)
    assert ask(both.token("a")) != ask(both.token("b"))
    assert len(credential.asked) == 2


@NEEDS_AZURE
def test_a_token_that_ends_soon_is_not_used():
    credential = Credential(lasts=299)
    token = signed_in(credential).token("a")
    assert ask(token) != ask(token)


@NEEDS_AZURE
def test_a_claims_challenge_goes_to_the_credential():
    credential = Credential()
    token = signed_in(credential).token("a")
    ask(token)
    ask(token, claims='{"x":1}')
    assert [claims for _, claims, _ in credential.asked] == [None, '{"x":1}']


@NEEDS_AZURE
def test_a_refused_token_is_renewed_by_a_new_credential_and_only_once():
    first, second = Credential(), Credential()
    token = signed_in(first, second).token("a")
    old = ask(token)
    new = ask(token, refused=old)
    assert new != old
    assert ask(token, refused=old) == new  # another request of the same time was refused, too
    assert (len(first.asked), len(second.asked)) == (1, 1)


@NEEDS_AZURE
def test_a_user_is_not_asked_again_for_a_refused_token():
    credential = Credential()
    token = signed_in(credential, renewable=False).token("a")
    ask(token, refused=ask(token))
    assert len(credential.asked) == 2


@NEEDS_AZURE
def test_two_sources_do_not_ask_a_user_twice():
    inside = threading.Semaphore(1)

    class Asks(Credential):
        def get_token(self, *scopes: str, **more: Any) -> Any:
            assert inside.acquire(blocking=False), "two questions at once"
            try:
                return super().get_token(*scopes, **more)
            finally:
                inside.release()

    both = signed_in(Asks())

    async def run() -> None:
        await asyncio.gather(*(both.token(scope)() for scope in "abcabc"))

    asyncio.run(run())


@NEEDS_AZURE
@pytest.mark.parametrize(
    ("message", "cure"),
    [
        ("AADSTS7000222: The provided client secret keys are expired.", "The client secret has expired"),
        ("AADSTS700016: Application with identifier 'x' was not found", "The tenant has no such application"),
        ("AADSTS53003: Access has been blocked by Conditional Access policies.", "Conditional Access blocks"),
        ("AADSTS99999: Something new.", "See the sign-in in the Entra admin centre"),
    ],
)
def test_a_refused_sign_in_says_what_to_do(message, cure):
    from azure.core.exceptions import ClientAuthenticationError

    error = ClientAuthenticationError(f"{message} Trace ID: 1\nclient_secret={CANARY}")
    with pytest.raises(ReadError) as caught:
        ask(signed_in(Credential(error)).token("a"))
    absence = caught.value.absence
    assert absence.reason is Reason.REFUSED
    assert absence.detail.startswith(f"sign-in failed: {message}")
    assert absence.cure.startswith(cure)
    assert CANARY not in str(absence)


@NEEDS_AZURE
def test_a_sign_in_address_that_cannot_be_reached():
    from azure.core.exceptions import ServiceRequestError

    with pytest.raises(ReadError) as caught:
        ask(signed_in(Credential(ServiceRequestError("Name or service not known"))).token("a"))
    assert caught.value.absence.reason is Reason.UNREACHABLE
    assert "Name or service not known" in caught.value.absence.detail


# The ways


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in (
        *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"),
        *("AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL"),
        *("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"),
        "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def pfx(tmp_path):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "scanner")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "scanner.pfx"
    protection = BestAvailableEncryption(CANARY.encode())
    path.write_bytes(serialize_key_and_certificates(b"x", key, certificate, None, protection))
    return path


def made(connection: Cloud) -> Any:
    return sign_in.credential(connection, AUTHORITY)


def kind(connection: Cloud) -> str:
    return type(made(connection)).__name__


IDS: dict[str, Any] = {"tenant_id": TENANT, "client_id": CLIENT}


@NEEDS_AZURE
@pytest.mark.parametrize(
    ("way", "variables", "expected"),
    [
        ("client-secret", {"AZURE_CLIENT_SECRET": CANARY}, "ClientSecretCredential"),
        ("environment", {"AZURE_CLIENT_SECRET": CANARY}, "ClientSecretCredential"),
        ("environment", {"AZURE_FEDERATED_TOKEN_FILE": "/var/token"}, "WorkloadIdentityCredential"),
        ("workload-identity", {"AZURE_FEDERATED_TOKEN_FILE": "/var/token"}, "WorkloadIdentityCredential"),
        ("workload-identity", {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x.example/?a=b"}, "ClientAssertionCredential"),
        (
            "workload-identity",
            {
                "SYSTEM_OIDCREQUESTURI": "https://x.example",
                "SYSTEM_ACCESSTOKEN": CANARY,
                "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": "c",
            },
            "AzurePipelinesCredential",
        ),
        ("managed-identity", {}, "ManagedIdentityCredential"),
        ("azure-cli", {}, "AzureCliCredential"),
        ("device-code", {}, "DeviceCodeCredential"),
        ("browser", {}, "InteractiveBrowserCredential"),
    ],
)
def test_each_way_has_its_credential(monkeypatch, way, variables, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert kind(Cloud(sign_in=way, **IDS)) == expected


@NEEDS_AZURE
@pytest.mark.parametrize("way", ["certificate", "environment"])
def test_a_certificate_with_its_password(monkeypatch, pfx, way):
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(pfx))
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PASSWORD", CANARY)
    assert kind(Cloud(sign_in=way, **IDS)) == "CertificateCredential"


@NEEDS_AZURE
@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_certificate_that_cannot_be_opened_is_named(monkeypatch, pfx, password):
    if password:
        monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PASSWORD", password)
    with pytest.raises(DesignError, match=r"connect\.cloud\.certificate: .*scanner\.pfx cannot be used"):
        made(Cloud(sign_in="certificate", certificate=str(pfx), **IDS))


@NEEDS_AZURE
def test_a_password_that_is_asked_for_must_be_there(pfx):
    table = Cloud(sign_in="certificate", certificate=str(pfx), certificate_password="env:NOT_SET", **IDS)
    with pytest.raises(DesignError, match=r"connect\.cloud\.certificate_password: the environment variable NOT_SET"):
        made(table)


@NEEDS_AZURE
@pytest.mark.parametrize(
    ("connection", "message"),
    [
        (Cloud(sign_in="client-secret", **IDS), "AZURE_CLIENT_SECRET is not set"),
        (
            Cloud(sign_in="device-code", client_id=CLIENT),
            "connect.cloud.tenant_id is empty, and AZURE_TENANT_ID is not set",
        ),
        (
            Cloud(sign_in="browser", tenant_id=TENANT),
            "connect.cloud.client_id is empty, and AZURE_CLIENT_ID is not set",
        ),
        (Cloud(sign_in="certificate", **IDS), "connect.cloud.certificate is empty"),
        (Cloud(sign_in="environment"), "The environment does not say how to sign in"),
        (Cloud(sign_in="workload-identity", **IDS), "the environment has no federated token"),
    ],
    ids=lambda value: value.sign_in if isinstance(value, Cloud) else "",
)
def test_what_is_missing_is_named(connection, message):
    with pytest.raises(DesignError) as caught:
        made(connection)
    assert message in caught.value.message
    assert caught.value.hint


@NEEDS_AZURE
def test_what_is_missing_is_a_refusal_for_who_records(monkeypatch):
    sign_in.sign_in.cache_clear()
    token = sign_in.sign_in(Cloud(sign_in="client-secret", **IDS), AUTHORITY).token("a")
    with pytest.raises(ReadError, match="AZURE_CLIENT_SECRET is not set"):
        ask(token)


def test_without_azure_identity_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(ComgmtError) as caught:
        made(Cloud())
    assert caught.value.hint == "pip install 'comgmt-audit[live]'"


def test_all_sources_share_one_sign_in():
    sign_in.sign_in.cache_clear()
    table = Cloud(sign_in="device-code", **IDS)
    assert sign_in.sign_in(table, AUTHORITY) is sign_in.sign_in(msgspec.structs.replace(table), AUTHORITY)


@NEEDS_AZURE
def test_the_ca_file_is_trusted_for_signing_in_as_well(tmp_path):
    with pytest.raises(DesignError, match=r"connect\.cloud\.ca_file"):
        made(Cloud(sign_in="device-code", ca_file=str(tmp_path / "none.pem"), **IDS))
    adapter = sign_in._transport(trust()).session.get_adapter("https://login.microsoftonline.com")
    assert "ssl_context" in adapter.poolmanager.connection_pool_kw


@NEEDS_AZURE
def test_the_device_code_is_shown_to_the_person(capsys):
    credential = made(Cloud(sign_in="device-code", **IDS))
    credential._prompt_callback("https://microsoft.com/devicelogin", "ABCD", None)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "To sign in, open https://microsoft.com/devicelogin and enter the code ABCD.\n"


@NEEDS_AZURE
@pytest.mark.parametrize(
    ("name", "audience"),
    [
        ("public", "api://AzureADTokenExchange"),
        ("us-government", "api://AzureADTokenExchangeUSGov"),
        ("china", "api://AzureADTokenExchangeChina"),
    ],
)
def test_github_gives_its_token_for_the_audience_of_the_cloud(monkeypatch, name, audience):
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, str(request.url), request.headers["authorization"]))
        return httpx.Response(200, json={"value": "assertion", "count": 1})

    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.actions.example/x?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", CANARY)
    monkeypatch.setattr(sign_in, "Client", functools.partial(Client, transport=httpx.MockTransport(answer)))
    authority = clouds.addresses(name, Cloud()).authority
    found: Any = sign_in.credential(Cloud(sign_in="workload-identity", **IDS), authority)
    assert found._func() == "assertion"  # what azure-identity calls for each assertion
    url = f"https://token.actions.example/x?api-version=2.0&audience={audience}"
    assert asked == [("GET", url, f"Bearer {CANARY}")]


@NEEDS_AZURE
def test_no_secret_in_log_or_repr(monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CANARY)
    table = Cloud(sign_in="client-secret", **IDS)
    assert CANARY not in repr(table)
    assert CANARY not in repr(made(table))
    token = signed_in(Credential())
    ask(token.token("a"))
    assert CANARY not in repr(token)
    assert CANARY not in caplog.text


# Clouds


@pytest.mark.parametrize(
    ("name", "graph", "arm"),
    [
        ("public", "https://graph.microsoft.com/.default", "https://management.azure.com/.default"),
        ("us-government", "https://graph.microsoft.us/.default", "https://management.core.usgovcloudapi.net/.default"),
        ("china", "https://microsoftgraph.chinacloudapi.cn/.default", "https://management.chinacloudapi.cn/.default"),
    ],
)
def test_scopes_of_the_clouds(name, graph, arm):
    cloud = clouds.addresses(name, Cloud())
    assert (cloud.graph_scope, cloud.arm_scope) == (graph, arm)


def test_an_address_of_comgmt_toml_goes_before_the_clouds():
    table = Cloud(graph_root="https://dod-graph.microsoft.us/", authority="https://login.example", arm_root="https://a")
    cloud = clouds.addresses("us-government", table)
    assert (cloud.graph, cloud.authority, cloud.arm) == (
        "https://dod-graph.microsoft.us",
        "https://login.example",
        "https://a",
    )
    assert cloud.graph_scope == "https://dod-graph.microsoft.us/.default"
