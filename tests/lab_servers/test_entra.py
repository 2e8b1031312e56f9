"""The lab's sign-in: azure-identity signs in an application, and a user with a code, as at Entra ID."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import subprocess
import sys
import threading
from typing import Any

import httpx
import pytest

from comgmt_audit.connections import Cloud
from comgmt_audit.sources import sign_in
from tests.lab.estate import contoso
from tests.lab.live import toml_keys
from tests.lab.servers import cloud, cloud_tokens, entra

pytest.importorskip("azure.identity", reason="not installed: azure-identity (extra live)")
pytestmark = pytest.mark.skipif(bool(cloud.missing()), reason=cloud.missing() or "all is there")

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = f"{cloud_tokens.GRAPH}/.default"


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sign-in")
    with entra.running(contoso(), folder, scopes=("User.Read.All",)) as address:
        yield address


def signing_in(at: entra.Address, way: str) -> sign_in.SignIn:
    more: dict[str, Any] = {"tenant_id": at.tenant_id, "client_id": at.client_id, "ca_file": str(at.ca_file)}
    stated = Cloud(sign_in=way, secret="env:LAB_SECRET", authority=at.authority, **more)  # type: ignore[arg-type]
    return sign_in.sign_in(stated, at.authority)


def token(way: sign_in.SignIn, audience: str) -> str:
    return asyncio.run(way.token(f"{audience}/.default")())


class User:
    """Reads what is printed, and enters the code that it names; counts how often."""

    def __init__(self, at: entra.Address) -> None:
        self.at = at
        self.entered: list[int] = []

    def write(self, text: str) -> int:
        if found := re.search(r"enter the code (\w+)", text):
            # The code is entered after the device has asked at least once.
            threading.Timer(0.2, lambda: self.entered.append(self.at.enter(found[1]))).start()
        return len(text)

    def flush(self) -> None:
        return None


def test_a_user_enters_one_code_for_both_services(at, monkeypatch):
    user = User(at)
    monkeypatch.setattr("sys.stderr", user)
    way = signing_in(at, "device-code")
    for audience in (cloud_tokens.GRAPH, cloud_tokens.ARM):
        found = sign_in.identity(token(way, audience))
        assert (found.label, found.permissions) == ("user scanner@contoso.com", frozenset({"User.Read.All"}))
    assert user.entered == [200]


def test_an_application_signs_in_with_its_secret(at, monkeypatch):
    monkeypatch.setenv("LAB_SECRET", entra.SECRET)
    found = sign_in.identity(token(signing_in(at, "client-secret"), cloud_tokens.GRAPH))
    assert (found.delegated, found.permissions) == (False, frozenset(cloud_tokens.ROLES))


def test_what_azure_identity_says_of_a_failure_is_in_our_error_alone(at, tmp_path):
    """In a process of its own: pytest takes what a library logs, and so hides that it would be printed."""
    toml = tmp_path / "comgmt.toml"
    stated = {"sign_in": "client-secret", "tenant_id": at.tenant_id, "client_id": at.client_id}
    stated |= {"secret": "env:LAB_SECRET", "authority": at.authority, "ca_file": str(at.ca_file)}
    off = "".join(f"[connect.{table}]\nuse = false\n" for table in ("admin_service", "directory", "web"))
    toml.write_text("\n".join(["[connect.cloud]", *toml_keys(stated), off]), encoding="utf-8")
    words = [sys.executable, "-m", "comgmt_audit", "doctor", str(toml), "--select", "TEN010"]
    environment = {**os.environ, "LAB_SECRET": "another"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert "AADSTS7000215" in done.stdout
    assert done.stderr == ""


def post(at: entra.Address, path: str, **form: str) -> httpx.Response:
    trusted = ssl.create_default_context(cafile=str(at.ca_file))
    url = f"{at.authority}/{at.tenant_id}/oauth2/v2.0/{path}"
    return httpx.post(url, data={"client_id": at.client_id, **form}, verify=trusted, trust_env=False)


def test_a_code_must_be_entered_by_its_user_and_serves_once(at):
    given = post(at, "devicecode", scope=SCOPE).json()
    ask = {"grant_type": DEVICE_CODE, "device_code": given["device_code"]}
    assert post(at, "token", **ask).json()["error"] == "authorization_pending"
    assert at.enter(given["user_code"], "wrong") == 401
    assert at.enter("XXXXXXXXX") == 400
    assert post(at, "token", **ask).json()["error"] == "authorization_pending"
    assert at.enter(given["user_code"].lower()) == 200
    assert post(at, "token", **ask).status_code == 200
    assert post(at, "token", **ask).json()["error"] == "bad_verification_code"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "made up", "scope": SCOPE}, "invalid_grant"),
        ({"grant_type": DEVICE_CODE, "device_code": "made up"}, "bad_verification_code"),
        ({"grant_type": "password", "scope": SCOPE}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_secret": entra.SECRET, "scope": "User.Read"}, "invalid_scope"),
        ({"client_id": "another"}, "unauthorized_client"),
    ],
)
def test_what_entra_refuses_is_refused(at, form, error):
    found = post(at, "token", **form)
    assert found.status_code == 400
    assert found.json()["error"] == error
