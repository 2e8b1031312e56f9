"""What servers say, and what becomes of it: errors, secrets in text, shapes, order, and counts of policies."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import httpx
import msgspec
import pytest

from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import graph_workloads, odata, redaction
from comgmt_audit.sources import spool as spool_module
from comgmt_audit.sources.graph_pages import Graph
from comgmt_audit.sources.http import Client
from comgmt_audit.sources.shape import kept, shape
from comgmt_audit.sources.spool import Spool

CANARY = "CANARY-7f3a9c"
INTUNE = (
    '{\r\n  "_version": 3,\r\n  "Message": "Application is not authorized to perform this operation.'
    " Application must have one of the following scopes: DeviceManagementServiceConfiguration.Read.All,"
    " DeviceManagementManagedDevices.ReadWrite.All - Operation ID (for customer support): 00000000-0000-0000-0000-0 -"
    ' Activity ID: 0f4a - Url: https://fef.example/x?api-version=2026-01-01",\r\n  "CustomApiErrorPhrase": ""\r\n}'
)


def body(code: str = "", message: str = "") -> bytes:
    return msgspec.json.encode({"error": {"code": code, "message": message}})


def absence(status: int, content: bytes, cure: str = "Grant X.", **headers: str) -> Absence:
    return odata.absence(status, headers, odata.error(content), cure)


def test_intunes_error_inside_a_string():
    found = odata.error(body("Forbidden", INTUNE))
    assert found.scopes == ("DeviceManagementServiceConfig.Read.All",)
    assert found.text.startswith("Forbidden: Application is not authorized to perform this operation.")


@pytest.mark.parametrize("message", ["{no JSON", '{"Message": 1}', "{}", '["x"]', ""])
def test_a_message_that_only_looks_like_intunes_stays_as_it_is(message):
    assert odata.error(body("Forbidden", message)).message == message


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"code": 5}}', b"\xff", b"[" * 9999]
)
def test_what_is_no_error_document_says_nothing(content):
    found = odata.error(content)
    assert (found.text, found.scopes) == ("", ())


@pytest.mark.parametrize(
    ("status", "content", "reason", "cure"),
    [
        (401, body("InvalidAuthenticationToken", "Access token is empty."), Reason.REFUSED, "Sign in again"),
        (401, body("Unauthorized"), Reason.REFUSED, "Grant X."),
        (403, body("Authorization_RequestDenied", "Insufficient privileges"), Reason.REFUSED, "Grant X."),
        (
            403,
            body("Forbidden", INTUNE),
            Reason.REFUSED,
            "Grant DeviceManagementServiceConfig.Read.All to the scanner.",
        ),
        (400, body("BadRequest", "Request not applicable to target tenant."), Reason.REFUSED, "Intune is not set up"),
        (
            403,
            body("x", "Neither tenant is B2C or tenant doesn't have premium license"),
            Reason.REFUSED,
            "The tenant needs",
        ),
        (400, body("BadRequest", "Resource not found for the segment 'x'."), Reason.UNREADABLE, "Look at what"),
        (404, body("ResourceNotFound"), Reason.ABSENT, "Grant X."),
        (410, b"", Reason.ABSENT, "Grant X."),
        (407, b"", Reason.UNREACHABLE, "Let the scanner through the proxy"),
        (429, b"", Reason.UNREACHABLE, "The service throttles"),
        (500, b"", Reason.UNREACHABLE, "The service is in trouble"),
        (502, b"<html>Bad Gateway</html>", Reason.UNREACHABLE, "The service is in trouble"),
        (418, b"", Reason.UNREADABLE, "Look at what"),
    ],
)
def test_what_a_status_means(status, content, reason, cure):
    found = absence(status, content)
    assert (found.reason, found.status) == (reason, status)
    assert found.cure.startswith(cure)
    assert found.detail.startswith(f"HTTP {status}")


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}.{CANARY}",
        f"negotiate {CANARY}==",
        "token eyJ0eXAiOiJKV1QifQ.eyJDQU5BUlktN2YzYTljIjoxfQ.CANARY-7f3a9c",
        f"client_secret={CANARY}&x=1",
        f'{{"access_token":"{CANARY}"}}',
        f"https://x.blob.example/c?sv=1&sig={CANARY}%3D",
        f"Set-Cookie: session={CANARY}; Path=/",
        f"/regtoken:{CANARY} CCMHOSTNAME=x",
        f'/RegToken:"{CANARY} and more"',
        f"password: {CANARY}",
    ],
)
def test_secrets_in_text_are_not_shown(text):
    assert CANARY not in redaction.quoted(text)


KEY = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Authorization: Bearer {CANARY}.{CANARY}", "Authorization: Bearer ***"),
        (f"ask client_secret={CANARY}&x=1\r\nnext", "ask client_secret=***&x=1\r\nnext"),
        (f"GET /c?sv=1&sig={CANARY}%3D HTTP/1.1", "GET /c?sv=1&sig=*** HTTP/1.1"),
        (f'ccmsetup /regtoken:{CANARY} "x"', 'ccmsetup /regtoken:*** "x"'),
        (f"a\n{KEY.format(CANARY)}\nb", "a\n-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\nb"),
        (KEY.format(CANARY)[:70], "-----BEGIN RSA PRIVATE KEY-----***"),
        (f"Set-Cookie: x={CANARY}\nnext", "Set-Cookie: ***\nnext"),
    ],
)
def test_secrets_in_evidence_are_taken_out_and_nothing_else(text, left):
    assert redaction.evidence(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Negotiate authentication is used; Basic authentication is off\r\n",
        "Certificate with signature algorithm sha256\ttab\x0bvertical\u2028separator\n\n",
        "The password has expired.",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ],
)
def test_evidence_without_secrets_stays_as_it_is(text):
    assert redaction.evidence(text) == text


def test_text_stays_on_a_line_and_is_cut():
    assert redaction.quoted("a\r\n\x1b[31mb\u202ec") == "a [31mb c"
    assert redaction.quoted("x" * 500, 10) == "x" * 9 + "…"


def test_a_command_line_keeps_all_but_the_token():
    line = f'CCMSETUPCMD="/mp:x /regtoken:{CANARY} SMSSITECODE=PS1"'
    assert redaction.command_line(line) == 'CCMSETUPCMD="/mp:x /regtoken:*** SMSSITECODE=PS1"'


# Shapes


def test_a_shape_keeps_what_it_names_to_any_depth():
    wanted = shape("id, a(b,c(d)),@odata.type")
    row = {"id": 1, "a": [{"b": 2, "c": {"d": 3, "x": CANARY}, "y": CANARY}], "@odata.type": "#t", "z": CANARY}
    assert kept(row, wanted) == {"id": 1, "a": [{"b": 2, "c": {"d": 3}}], "@odata.type": "#t"}


def test_what_is_not_there_is_not_invented_and_null_stays_null():
    assert kept({"a": None}, shape("id,a(b)")) == {"a": None}
    assert kept({"a": "text"}, shape("a(b)")) == {"a": "text"}


# Order


def test_lines_leave_by_their_keys_and_once():
    with Spool() as spool:
        spool.add([("b", b"2\n"), ("a", b"1\n")])
        spool.add([("c", b"3\n"), ("a", b"1, changed\n")])
        assert list(spool) == [b"1, changed\n", b"2\n", b"3\n"]
        assert spool.count == 4


def test_what_no_longer_fits_in_memory_is_merged_from_files(monkeypatch):
    monkeypatch.setattr(spool_module, "RUN", 100)
    keys = [f"{number * 7919 % 1000:04d}" for number in range(1000)]
    with Spool() as spool:
        for start in range(0, 1000, 10):
            spool.add((key, f'"first {key}"\n'.encode()) for key in keys[start : start + 10])
        spool.add([("0500", b'"again"\n')])
        lines = list(spool)
    assert lines == [b'"again"\n' if key == "0500" else f'"first {key}"\n'.encode() for key in sorted(keys)]


def test_a_key_may_have_a_line_end():
    with Spool() as spool:
        spool.add([("b\nc", b"2\n"), ("b", b"1\n")])
        assert list(spool) == [b"1\n", b"2\n"]


# Workloads

GROUP: dict[str, Any] = {
    "assignments": [{"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"}}]
}
EXCLUDED = {"assignments": [{"target": {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget"}}]}
COLLECTION = {
    "assignments": [{"target": {"@odata.type": "#microsoft.graph.configurationManagerCollectionAssignmentTarget"}}]
}


def policy(kind: str, assigned: dict[str, Any] = GROUP, **more: Any) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": "x", **assigned, **more}


def catalogue(family: str = "none", platforms: str = "windows10", assigned: dict[str, Any] = GROUP) -> dict[str, Any]:
    return {"id": "x", "platforms": platforms, "templateReference": {"templateFamily": family}, **assigned}


def workloads(
    lists: dict[str, Any] | None = None, *, delegated: bool | None = False, refused: Collection[str] = ()
) -> dict[str, int | None]:
    def answer(request: httpx.Request) -> httpx.Response:
        (name,) = [name for name, path in graph_workloads.LISTS.items() if path.partition("?")[0] == request.url.path]
        if name in refused:
            return httpx.Response(403, json={"error": {"code": "Forbidden", "message": "no"}})
        return httpx.Response(200, json={"value": (lists or {}).get(name, [])})

    async def run() -> Any:
        async with Client(["https://graph.microsoft.com"], transport=httpx.MockTransport(answer)) as client:
            return await graph_workloads.read(
                Graph(client, "https://graph.microsoft.com"), delegated, lambda right: f"Grant {right.name}."
            )

    rows, error = asyncio.run(run())
    assert bool(error) == bool(refused)
    return {row["workload"]: row["assigned"] for row in rows}


NOTHING = dict.fromkeys(graph_workloads.WORKLOADS, 0)


def test_nothing_assigned_is_zero_for_who_sees_everything():
    assert workloads() == NOTHING


def test_nothing_seen_by_a_user_is_unknown():
    assert workloads(delegated=True) == dict.fromkeys(NOTHING)
    assert workloads(delegated=None) == dict.fromkeys(NOTHING)


@pytest.mark.parametrize(
    ("list", "row", "workload"),
    [
        ("compliance", policy("windows10CompliancePolicy"), "compliance"),
        ("profiles", policy("windows10GeneralConfiguration"), "device-configuration"),
        ("profiles", policy("windowsUpdateForBusinessConfiguration"), "windows-update"),
        ("profiles", policy("windows10EndpointProtectionConfiguration"), "endpoint-protection"),
        ("catalogue", catalogue("endpointSecurityAntivirus"), "endpoint-protection"),
        ("administrative", policy("groupPolicyConfiguration"), "device-configuration"),
        ("updates", policy("windowsFeatureUpdateProfile"), "windows-update"),
        ("apps", policy("winGetApp"), "client-apps"),
        ("apps", policy("officeSuiteApp"), "office"),
    ],
)
def test_what_belongs_to_a_workload(list, row, workload):
    assert workloads({list: [row]}) == NOTHING | {workload: 1}


@pytest.mark.parametrize(
    ("list", "row"),
    [
        ("compliance", policy("iosCompliancePolicy")),
        ("compliance", policy("windows10CompliancePolicy", {"assignments": []})),
        ("compliance", policy("windows10CompliancePolicy", {})),
        ("compliance", policy("windows10CompliancePolicy", EXCLUDED)),
        ("compliance", policy("windows10CompliancePolicy", {"assignments": [None, {"target": "x"}]})),
        ("catalogue", catalogue("endpointSecurityAntivirus", assigned=COLLECTION)),
        ("catalogue", catalogue(platforms="macOS")),
        ("apps", policy("iosStoreApp")),
        ("apps", policy("windowsMobileMSI", fileName="ccmsetup.msi")),
    ],
)
def test_what_does_not(list, row):
    assert workloads({list: [row]}) == NOTHING


def test_what_may_be_of_any_workload_makes_nothing_unknown():
    settings = workloads({"catalogue": [catalogue()]})
    assert settings == NOTHING | {"device-configuration": 1, "windows-update": None, "endpoint-protection": None}
    custom = workloads({"profiles": [policy("windows10CustomConfiguration")]})
    assert custom == NOTHING | {"device-configuration": 1, "windows-update": None, "endpoint-protection": None}
    intents = workloads({"intents": [{"id": "x", "isAssigned": True}]})
    assert intents == NOTHING | {"device-configuration": None, "windows-update": None, "endpoint-protection": None}
    assert workloads({"apps": [policy("win32LobApp")]}) == NOTHING | {"client-apps": 1, "office": None}


def test_a_list_that_is_refused_leaves_its_workloads_out():
    assert set(workloads(refused={"profiles"})) == {"client-apps", "compliance", "office"}
    assert workloads(refused=set(graph_workloads.LISTS)) == {}
