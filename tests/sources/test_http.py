"""The read-only transport and the patient client."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from comgmt_audit.errors import DesignError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import http
from comgmt_audit.sources.http import Client, ReadError, ReadOnlyTransport, RefusedRequest
from comgmt_audit.version import __version__
from tests.lab import pki
from tests.lab.estate import contoso

ROOT = "https://graph.microsoft.com"
CANARY = "CANARY-7f3a9c"
T = TypeVar("T")
Answers: TypeAlias = Callable[[httpx.Request], httpx.Response]


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Server:
    """Answers one after the other, the last one for ever; keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def response(status: int = 200, body: Any = None, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={} if body is None else body, headers=names)


def ask(server: Answers, act: Callable[[Client], Awaitable[T]], *, time: Time | None = None, **options: Any) -> T:
    """What *act* gives with a client of the server."""
    time = time or Time()

    async def run() -> T:
        more: dict[str, Any] = {
            "transport": httpx.MockTransport(server),
            "clock": time,
            "sleep": time.sleep,
            "jitter": lambda: 0.5,
        }
        async with Client([ROOT], **(more | options)) as client:
            return await act(client)

    return asyncio.run(run())


def get(server: Answers, url: str = f"{ROOT}/v1.0/users", **options: Any) -> http.Reply:
    return ask(server, lambda client: client.get(url), **options)


def failure(server: Answers, url: str = f"{ROOT}/v1.0/users", **options: Any) -> Absence:
    with pytest.raises(ReadError) as caught:
        get(server, url, **options)
    return caught.value.absence


# What may be sent


def send(
    method: str,
    url: str,
    *,
    origins: Iterable[str] = (ROOT,),
    content: bytes | None = None,
    headers: Any = None,
    **options: Any,
) -> list[httpx.Request]:
    """What becomes of a request that goes to the transport itself, past all that a client would say."""
    server = Server(response())
    transport = ReadOnlyTransport(httpx.MockTransport(server), origins, **options)
    asyncio.run(transport.handle_async_request(httpx.Request(method, url, content=content, headers=headers)))
    return server.requests


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reads_are_sent(method):
    (request,) = send(method, f"{ROOT}/v1.0/users?$top=999")
    assert str(request.url) == f"{ROOT}/v1.0/users?$top=999"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "MERGE"])
def test_other_methods_are_not(method):
    with pytest.raises(RefusedRequest, match="no documented read"):
        send(method, f"{ROOT}/v1.0/users")


@pytest.mark.parametrize("path", ["/v1.0/$batch/", "/v1.0/users/$batch", "/v2.0/$batch", "/v1.0/%24batch/x", "/$batch"])
def test_a_post_goes_to_the_documented_addresses_only(path):
    with pytest.raises(RefusedRequest, match="no documented read"):
        send("POST", ROOT + path, content=batch({"method": "GET", "url": "/users"}))


def batch(*requests: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"requests": [{"id": str(n), **request} for n, request in enumerate(requests)]})


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_a_batch_of_reads_is_sent(version):
    reads = [{"method": "GET", "url": "/users", "headers": {"ConsistencyLevel": "eventual"}}] * 20
    assert send("POST", f"{ROOT}/{version}/$batch", content=batch(*reads))


@pytest.mark.parametrize(
    "body",
    [
        batch(),
        batch(*[{"method": "GET", "url": "/users"}] * 21),
        batch({"method": "GET", "url": "/users"}, {"method": "DELETE", "url": "/users/1"}),
        batch({"method": "get", "url": "/users"}),
        batch({"method": "GET", "url": "/users", "body": {}}),
        batch({"method": "GET", "url": "https://elsewhere.example/users"}),
        batch({"method": "GET", "url": "//elsewhere.example/users"}),
        batch({"method": "GET", "url": "users"}),
        batch({"method": "GET", "url": "/$batch"}),
        batch({"method": "GET", "url": "/users", "headers": {"X-HTTP-Method": "DELETE"}}),
        batch({"method": "GET", "url": 1}),
        batch({"url": "/users"}),
        b'{"requests": {}}',
        b'{"requests": [1]}',
        b'{"request": []}',
        b"[]",
        b"no JSON",
        b"",
    ],
)
def test_a_batch_that_holds_anything_else_is_not(body):
    with pytest.raises(RefusedRequest, match="no documented read"):
        send("POST", f"{ROOT}/v1.0/$batch", content=body)


NAMES = "/subscriptions/3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11/providers/Microsoft.{}/checkNameAvailability"
ASKED = b'{"name":"contosocmg","type":"Microsoft.KeyVault/vaults"}'


@pytest.mark.parametrize("provider", ["KeyVault", "Storage"])
def test_asking_whether_a_name_is_free_is_a_read(provider):
    assert send("POST", ROOT + NAMES.format(provider) + "?api-version=2022-07-01", content=ASKED)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (NAMES.format("Compute"), ASKED),
        (NAMES.format("KeyVault") + "/x", ASKED),
        (NAMES.format("KeyVault").replace("checkNameAvailability", "vaults/x/purge"), ASKED),
        (NAMES.format("Storage").replace("checkNameAvailability", "storageAccounts/x/listKeys"), ASKED),
        (NAMES.format("KeyVault").replace("3b9c2f52-6d3d-4b0c-9c31-0c5f3d2a7e11", "a/../b"), ASKED),
        (NAMES.format("KeyVault"), b""),
        (NAMES.format("KeyVault"), b"[]"),
        (NAMES.format("KeyVault"), b'{"name":"contosocmg","type":"Microsoft.Compute/virtualMachines"}'),
        (NAMES.format("KeyVault"), ASKED[:-1] + b',"properties":{}}'),
        (NAMES.format("KeyVault"), b'{"name":{"a":1},"type":"Microsoft.KeyVault/vaults"}'),
    ],
)
def test_any_other_post_to_azure_is_not(path, body):
    with pytest.raises(RefusedRequest):
        send("POST", ROOT + path, content=body)


RESPONDER = "http://ocsp.northwindtrust.example"
QUESTION = (
    ocsp.OCSPRequestBuilder()
    .add_certificate(pki.certificate(contoso(), "gateway"), pki.certificate(contoso(), "public-issuing"), hashes.SHA1())
    .build()
    .public_bytes(Encoding.DER)
)
KIND = {"Content-Type": "application/ocsp-request"}


def question(url: str = RESPONDER, body: bytes = QUESTION, kind: dict[str, str] = KIND, *, plain: bool = True) -> Any:
    return send("POST", url, origins=(url,), content=body, headers=kind, plain=plain)


@pytest.mark.parametrize("path", ["", "/", "/ocsp", "/a/b?c=d"])
def test_asking_a_responder_about_a_certificate_is_a_read(path):
    assert question(RESPONDER + path)


@pytest.mark.parametrize(
    "change",
    [
        {"plain": False},
        {"url": ROOT},
        {"url": f"{ROOT}/v1.0/$batch"},
        {"kind": {}},
        {"kind": {"Content-Type": "application/json"}},
        {"kind": {"Content-Type": "application/ocsp-request; charset=x"}},
        {"body": b""},
        {"body": b"{}"},
        {"body": QUESTION[:-1]},
        {"body": QUESTION + b"x"},
        {"body": bytes(3000)},
        {"body": batch({"method": "GET", "url": "/users"})},
        {"kind": KIND | {"X-HTTP-Method": "DELETE"}},
    ],
)
def test_any_other_post_to_a_responder_is_not(change):
    with pytest.raises(RefusedRequest):
        question(**change)


def test_what_graph_and_azure_take_is_no_read_over_plain_http():
    with pytest.raises(RefusedRequest, match="no documented read"):
        question(
            f"{RESPONDER}/v1.0/$batch", batch({"method": "GET", "url": "/users"}), {"Content-Type": "application/json"}
        )


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_other_method_goes_where_a_post_may(method):
    with pytest.raises(RefusedRequest):
        send(method, ROOT + NAMES.format("KeyVault"), content=ASKED)


@pytest.mark.parametrize("name", ["X-HTTP-Method", "x-http-method-override", "X-Method-Override"])
def test_a_header_that_means_another_method_is_refused(name):
    with pytest.raises(RefusedRequest, match="names another method"):
        send("GET", f"{ROOT}/v1.0/users", headers={name: "DELETE"})


def test_a_read_has_no_body():
    with pytest.raises(RefusedRequest, match="has a body"):
        send("GET", f"{ROOT}/v1.0/users", content=b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.microsoft.com.evil.example/v1.0/users",
        "https://evil.example/v1.0/users",
        "https://graph.microsoft.com:8443/v1.0/users",
        "http://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com@evil.example/v1.0/users",
    ],
)
def test_other_hosts_ports_and_schemes_are_refused(url):
    with pytest.raises(RefusedRequest, match=r"is none of https://graph\.microsoft\.com:443"):
        send("GET", url)


def test_a_user_name_in_the_address_is_refused():
    with pytest.raises(RefusedRequest, match="holds a user name"):
        send("GET", f"https://somebody:{CANARY}@graph.microsoft.com/v1.0/users")


def test_the_port_may_be_said_and_the_host_in_any_case():
    assert send("GET", "https://GRAPH.microsoft.com:443/v1.0/users")


@pytest.mark.parametrize(("url", "plain"), [("http://127.0.0.9:8080", False), ("http://pki.contoso.com", True)])
def test_http_is_for_loopback_and_for_what_is_signed(url, plain):
    assert send("GET", f"{url}/list.crl", origins=[url], plain=plain)


@pytest.mark.parametrize("url", ["http://pki.contoso.com", "http://127.0.0.1.evil.example", "ftp://pki.contoso.com"])
def test_http_elsewhere_is_refused(url):
    with pytest.raises(RefusedRequest, match="is not https"):
        send("GET", f"{url}/list.crl", origins=[url])


def test_a_name_may_be_reached_at_another_address_and_stays_the_name():
    (request,) = send("GET", f"{ROOT}/v1.0/users", addresses={"graph.microsoft.com:443": "127.0.0.1:8443"})
    assert (request.url.host, request.url.port) == ("127.0.0.1", 8443)
    assert request.headers["host"] == "graph.microsoft.com"
    assert request.extensions["sni_hostname"] == "graph.microsoft.com"


def test_witnesses_see_every_request_that_leaves(monkeypatch):
    seen = []
    monkeypatch.setattr(http, "witnesses", [lambda *what: seen.append(what)])
    send("GET", f"{ROOT}/v1.0/users")
    with pytest.raises(RefusedRequest):
        send("DELETE", f"{ROOT}/v1.0/users")
    assert seen == [("GET", f"{ROOT}/v1.0/users")]


def test_a_client_says_that_nothing_was_sent():
    server = Server(response())
    absence = failure(server, "https://evil.example/v1.0/users")
    assert absence.reason is Reason.UNREADABLE
    assert "nothing was sent there" in absence.detail
    assert server.requests == []


def test_an_address_that_is_none():
    assert failure(Server(response()), "https://[").reason is Reason.UNREADABLE


def test_it_says_who_it_is():
    server = Server(response())
    get(server)
    assert server.requests[0].headers["user-agent"] == f"comgmt-audit/{__version__}"


# Waiting


@pytest.mark.parametrize("status", [429, 503, 504])
def test_it_waits_as_long_as_it_is_told(status):
    time = Time()
    server = Server(response(status, Retry_After="2.128"), response(body={"a": 1}))
    assert get(server, time=time).json(dict) == {"a": 1}
    assert time.slept == [2.128]


def test_it_waits_until_a_date_by_the_servers_own_clock():
    time = Time()
    date = {"Date": "Tue, 24 Nov 2026 06:00:00 GMT", "Retry_After": "Tue, 24 Nov 2026 06:00:07 GMT"}
    get(Server(response(429, **date), response()), time=time)
    assert time.slept == [7]


@pytest.mark.parametrize("text", ["Tue, 24 Nov 2020 06:00:00 GMT", "-5", "0"])
def test_a_time_that_is_over_is_no_wait(text):
    time = Time()
    get(Server(response(429, Retry_After=text), response()), time=time)
    assert time.slept == [0]


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "Tue, 99 Nov 2026 06:00:00 GMT"])
def test_without_a_time_it_waits_longer_each_time(text):
    time = Time()
    get(Server(*[response(429, Retry_After=text)] * 4, response()), time=time)
    assert time.slept == [1.5, 3, 6, 12]


def test_its_own_waiting_has_a_bound():
    time = Time()
    absence = failure(Server(response(503)), time=time, budget=10_000)
    assert max(time.slept) == 60
    assert len(time.slept) == 9
    assert absence.reason is Reason.UNREACHABLE
    assert absence.status == 503


def test_a_wait_that_is_longer_than_the_budget_is_not_begun():
    time = Time()
    absence = failure(Server(response(429, Retry_After="301")), time=time)
    assert time.slept == []
    assert absence.reason is Reason.UNREACHABLE
    assert "throttles" in absence.cure


@pytest.mark.parametrize("status", [400, 403, 404, 500, 502])
def test_other_answers_are_final(status):
    server = Server(response(status))
    failure(server)
    assert len(server.requests) == 1


# Connections


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.ConnectTimeout("late"),
        httpx.WriteError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_is_tried_again(error):
    time = Time()
    assert get(Server(error, error, response(body=[])), time=time).json(list) == []
    assert time.slept == [1.5, 3]


def test_a_connection_that_stays_broken_is_unreachable():
    server = Server(httpx.ConnectError("All connection attempts failed"))
    absence = failure(server)
    assert len(server.requests) == 3
    assert absence.reason is Reason.UNREACHABLE
    assert absence.detail == "graph.microsoft.com: All connection attempts failed (3 attempts)"
    assert absence.cure.startswith("Let the scanner reach graph.microsoft.com")


def test_a_certificate_that_is_not_trusted_is_not_tried_again():
    text = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
    server = Server(httpx.ConnectError(text))
    absence = failure(server)
    assert len(server.requests) == 1
    assert "self-signed certificate" in absence.detail
    assert "ca_file" in absence.cure


def test_an_answer_that_never_ends_is_bounded_by_the_budget():
    async def stuck(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    async def run() -> None:
        async with Client([ROOT], transport=httpx.MockTransport(stuck), budget=0.05) as client:
            await client.get(f"{ROOT}/v1.0/users")

    with pytest.raises(ReadError, match="timed out"):
        asyncio.run(run())


def test_cancelling_is_no_answer():
    async def stuck(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    async def run() -> None:
        async with Client([ROOT], transport=httpx.MockTransport(stuck)) as client:
            task = asyncio.ensure_future(client.get(f"{ROOT}/v1.0/users"))
            await asyncio.sleep(0)
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


# Tokens


class Tokens:
    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str]] = []

    async def __call__(self, *, claims: str | None = None, refused: str = "") -> str:
        self.asked.append((claims, refused))
        return f"{CANARY}-{len(self.asked)}"


def unauthorised(**headers: str) -> httpx.Response:
    body = {"error": {"code": "InvalidAuthenticationToken", "message": f"Access token has expired: Bearer {CANARY}"}}
    return response(401, body, **headers)


def test_a_token_that_ran_out_is_renewed_once():
    tokens, server = Tokens(), Server(unauthorised(), response())
    get(server, token=tokens)
    assert tokens.asked == [(None, ""), (None, f"{CANARY}-1")]
    assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {CANARY}-{n}" for n in (1, 2)]


def test_a_claims_challenge_is_answered():
    claims = '{"access_token":{"nbf":{"essential":true}}}'
    encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ"  # without its padding
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{encoded}"'
    tokens = Tokens()
    get(Server(unauthorised(WWW_Authenticate=challenge), response()), token=tokens)
    assert tokens.asked == [(None, ""), (claims, f"{CANARY}-1")]


def test_who_stays_unauthorised_is_refused_and_his_token_not_shown():
    tokens, server = Tokens(), Server(unauthorised())
    absence = failure(server, token=tokens)
    assert len(server.requests) == 2
    assert absence.reason is Reason.REFUSED
    assert absence.cure == "Sign in again: the token was not accepted."
    assert CANARY not in str(absence)


def test_a_token_goes_to_pinned_hosts_only():
    tokens, server = Tokens(), Server(response())
    failure(server, "https://evil.example/", token=tokens)
    assert server.requests == []


# Answers


def test_an_answer_that_is_too_large_is_not_read_on():
    absence = failure(Server(httpx.Response(200, content=b"x" * 2000)), limit=1000)
    assert absence.reason is Reason.UNREADABLE
    assert "larger than 1000 bytes" in absence.detail


def test_an_answer_that_unpacks_to_too_much_is_not_read_on():
    packed = gzip.compress(bytes(10_000_000))
    absence = failure(
        Server(httpx.Response(200, content=packed, headers={"content-encoding": "gzip"})), limit=1_000_000
    )
    assert "larger than" in absence.detail


def test_an_answer_that_cannot_be_unpacked():
    def broken(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))

    absence = failure(broken)
    assert absence.reason is Reason.UNREADABLE
    assert "cannot be unpacked" in absence.detail


@pytest.mark.parametrize("content", [b"<html>Sign in</html>", b'{"value": [', b"[1]", b"\xff", b""])
def test_what_is_not_the_documented_json_is_unreadable(content):
    reply = get(Server(httpx.Response(200, content=content, headers={"content-type": "text/html"})))
    with pytest.raises(ReadError, match="HTTP 200") as caught:
        reply.json(dict)
    assert caught.value.absence.reason is Reason.UNREADABLE
    assert "proxy or sign-in page" in caught.value.absence.cure


def test_redirects_are_not_followed():
    server = Server(response(302, Location="https://evil.example/login"))
    absence = failure(server)
    assert len(server.requests) == 1
    assert absence.reason is Reason.UNREADABLE
    assert "https://evil.example/login" in absence.cure


def test_a_reply_does_not_show_its_body():
    assert CANARY not in repr(get(Server(response(body={"secret": CANARY}))))


def test_nothing_of_header_or_body_comes_into_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    get(Server(response(body={"x": CANARY}, Set_Cookie=f"a={CANARY}")), token=Tokens())
    assert CANARY not in caplog.text


# The way there


def test_the_environments_proxy_is_used_and_no_proxy_counts(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.contoso.com:3128")
    monkeypatch.setenv("no_proxy", "graph.microsoft.us")
    found = {url: http._proxy(url) for url in (ROOT, "https://graph.microsoft.us", "https://127.0.0.1:8443")}
    assert found == {
        ROOT: "http://proxy.contoso.com:3128",
        "https://graph.microsoft.us": None,
        "https://127.0.0.1:8443": None,
    }


def test_a_proxy_of_another_kind_is_said(monkeypatch):
    monkeypatch.setenv("https_proxy", "gopher://proxy.contoso.com")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(DesignError, match="is of a kind that is not supported"):
        Client([ROOT])


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none_is_named_with_its_key(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DesignError, match=r"comgmt.toml: connect\.cloud\.ca_file: .*ca\.pem cannot be used"):
        http.trust(str(path), "connect.cloud.ca_file")


def test_certificates_are_verified():
    context = http.trust()
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.cert_store_stats()["x509_ca"] > 50
