"""HTTP for all sources: a transport that lets reads through and nothing else, and a client that knows how to wait.

What is not in the tables below cannot be sent, whatever a caller does: another method, another host, another scheme.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email.utils
import functools
import logging
import math
import random
import re
import ssl
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeVar

import httpx
import msgspec
from msgspec import Struct

from comgmt_audit.errors import DesignError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import clocks, odata
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.version import __version__

T = TypeVar("T")

USER_AGENT = f"comgmt-audit/{__version__}"
MAX_BODY = 64 * 1024**2
"""Bytes of one answer, unpacked: the largest documented page (999 users with all plans) has some 5 MB."""
MAX_ATTEMPTS = 10
MAX_BREAKS = 3
"""Attempts where the service throttles, and where the connection breaks."""
BUDGET = 300.0
"""Seconds that one request may take with all its waiting: Graph's own SDK gives up at 180 s of one wait."""
LONGEST_PAUSE = 60.0
FIRST_PAUSE = 1.0
"""Seconds of our own back-off: Conditional Access allows one request a second and says nothing of waiting."""
WAIT = frozenset({429, 503, 504})
"""The answers after which the same request is sent again (msgraph-sdk: RetryHandler)."""

MAX_BATCH = 20
"""Requests in one ``$batch`` (Microsoft Graph: JSON batching)."""

_LAST_PORT = 65535
_RANDOM = random.SystemRandom()
_READS = frozenset({"GET", "HEAD"})
_OVERRIDES = ("x-http-method", "x-http-method-override", "x-method-override")
"""Headers by which a server takes a request for another method (OData: X-HTTP-Method)."""

witnesses: list[Callable[[str, str], None]] = []
"""Are told method and address of each request that leaves; tests listen here."""


class RefusedRequest(Exception):  # noqa: N818 -- says what was done: the request was refused, and not sent
    """A request that may change something, or that would go to somebody else; it was not sent."""


class ReadError(Exception):
    """No usable answer: ``absence`` is what a recording keeps of that; ``error`` is what the server stated."""

    def __init__(self, absence: Absence, error: odata.Error | None = None) -> None:
        super().__init__(absence.detail)
        self.absence = absence
        self.error = error or odata.Error()


def _is_batch_of_reads(body: bytes) -> bool:
    """Does a ``$batch`` hold nothing but GET requests for relative addresses?"""
    try:
        requests = msgspec.json.decode(body)["requests"]
        return 0 < len(requests) <= MAX_BATCH and all(_is_read(request) for request in requests)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return False


def _is_read(request: dict[str, Any]) -> bool:
    names = {name.lower() for name in request.get("headers") or {}}
    target = request["url"]
    return (
        request["method"] == "GET"
        and "body" not in request
        and names.isdisjoint(_OVERRIDES)
        and isinstance(target, str)
        and target.startswith("/")
        and not target.startswith("//")
        and "$batch" not in target
    )


class _NameCheck(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    type: Literal["Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"]


def _is_name_check(body: bytes) -> bool:
    """Does it ask whether a name is free, and nothing else?"""
    try:
        msgspec.json.decode(body, type=_NameCheck)
    except msgspec.DecodeError:
        return False
    return True


OCSP_REQUEST = "application/ocsp-request"
"""What a question about a certificate is sent as (RFC 6960, appendix A.1)."""
_LONGEST_QUESTION = 2048
"""Bytes: one about one certificate has some 80."""


def _is_status_question(body: bytes) -> bool:
    """Does it ask an OCSP responder whether certificates are revoked, and nothing else?"""
    from cryptography.x509 import ocsp

    try:
        return len(body) <= _LONGEST_QUESTION and bool(ocsp.load_der_ocsp_request(body))
    except ValueError:
        return False


class ReadingPost(Struct, frozen=True):
    """A POST that reads: the path it goes to, what its body must be, and the document that says so.

    ``plain``: it is one of those that go over plain http; ``kind``: its Content-Type, empty where any will do.
    """

    path: re.Pattern[str]
    is_read: Callable[[bytes], bool]
    source: str
    plain: bool = False
    kind: str = ""


READING_POSTS = (
    ReadingPost(
        re.compile(r"/(v1\.0|beta)/\$batch"),
        _is_batch_of_reads,
        "Microsoft Graph, Combine multiple requests in one HTTP call using JSON batching",
    ),
    ReadingPost(
        re.compile(r"/subscriptions/[0-9A-Fa-f-]{36}/providers/Microsoft\.(KeyVault|Storage)/checkNameAvailability"),
        _is_name_check,
        "Azure resource provider operations: Microsoft.KeyVault/checkNameAvailability/read and"
        " Microsoft.Storage/checknameavailability/read, which the role Reader has",
    ),
    ReadingPost(
        re.compile(r".*", re.DOTALL),
        _is_status_question,
        "RFC 6960, appendix A.1: an OCSP request, which a responder answers and keeps nothing of",
        plain=True,
        kind=OCSP_REQUEST,
    ),
)
"""Every POST that may be sent."""


def origin(url: str | httpx.URL) -> str:
    """Scheme, host and port of *url*, as they are compared (``https://graph.microsoft.com:443``); empty: no address."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return ""
    port = parsed.port or {"https": 443, "http": 80}.get(parsed.scheme, 0)
    if port > _LAST_PORT or not parsed.host:
        return ""  # the library lets it through, and breaks off when it connects
    return f"{parsed.scheme}://{parsed.host.lower()}:{port}"


class ReadOnlyTransport(httpx.AsyncBaseTransport):
    """Sends reads to pinned origins through *inner*; raises RefusedRequest for everything else.

    :param origins: addresses of which scheme, host and port count.
    :param plain: may it be http? Only what carries its own signature comes so: CRLs and certificates (RFC 5280).
        Loopback is always allowed, no network sees it.
    :param addresses: ``host:port`` to ``address:port``, where a name must be reached another way; the name is still the
        one that the certificate must have.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        origins: Iterable[str],
        *,
        plain: bool = False,
        addresses: Mapping[str, str] | None = None,
    ) -> None:
        self._inner = inner
        self._origins = frozenset(map(origin, origins))
        self._plain = plain
        self._addresses = dict(addresses or {})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request, if it is a read."""
        body = await request.aread()
        self._check(request, body)
        for witness in witnesses:
            witness(request.method, str(request.url))
        self._redirect(request)
        return await self._inner.handle_async_request(request)

    def _check(self, request: httpx.Request, body: bytes) -> None:
        url = request.url
        where = origin(url)
        if where not in self._origins:
            raise RefusedRequest(f"{where} is none of {', '.join(sorted(self._origins))}: nothing was sent there")
        if url.scheme != "https" and not (self._plain and url.scheme == "http") and not _is_loopback(url.host):
            raise RefusedRequest(f"{where} is not https: nothing was sent there")
        if url.userinfo:
            raise RefusedRequest(f"the address for {where} holds a user name: nothing was sent there")
        if any(name in request.headers for name in _OVERRIDES):
            raise RefusedRequest(f"{request.method} {url.path} names another method in a header: it was not sent")
        if request.method in _READS:
            if body:
                raise RefusedRequest(f"{request.method} {url.path} has a body: it was not sent")
        elif request.method != "POST" or not self._is_documented(request, body):
            raise RefusedRequest(f"{request.method} {url.path} is no documented read: it was not sent")

    def _is_documented(self, request: httpx.Request, body: bytes) -> bool:
        plain, kind = self._plain and request.url.scheme == "http", request.headers.get("Content-Type", "")
        return any(
            post.plain is plain
            and post.path.fullmatch(request.url.path)
            and post.kind in {"", kind}
            and post.is_read(body)
            for post in READING_POSTS
        )

    def _redirect(self, request: httpx.Request) -> None:
        """Send it to another address, for the same name."""
        url = request.url
        name = origin(url).partition("://")[2]
        if target := self._addresses.get(name):
            host, _, port = target.rpartition(":")
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            request.url = url.copy_with(host=host.strip("[]"), port=int(port))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def trust(ca_file: str = "", key: str = "ca_file") -> ssl.SSLContext:
    """The system's roots, certifi's, and those of *ca_file*. Certificates are always verified.

    :raises DesignError: where the file cannot be used; *key* is how comgmt.toml names it.
    """
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(Path(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise DesignError(
                f"comgmt.toml: {key}: {ca_file} cannot be used: {error.strerror or error}.",
                "Name a PEM file with the certificate of the root.",
            ) from None
    return context


class Token(Protocol):
    """Gives the bearer token of an API. Raises ReadError where nobody can be signed in."""

    async def __call__(self, *, claims: str | None = None, refused: str = "") -> str:
        """A valid token; with the *claims* that the server wants, or another one than the one that it *refused*."""


class Reply(Struct, frozen=True, kw_only=True):
    """An answer. Names of headers are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Reply(status={self.status}, {len(self.body)} bytes)"

    def json(self, type: type[T]) -> T:
        """The body as JSON. Raises ReadError (unreadable): a proxy's page, or something undocumented."""
        return decoded(self.body, type, self.status)


def decoded(body: bytes | msgspec.Raw, type: type[T], status: int = 200) -> T:
    """JSON as *type*. Raises ReadError (unreadable) where it is none, or another one."""
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        absence = Absence(
            reason=Reason.UNREADABLE,
            detail=f"HTTP {status}: the answer is not as documented: {quoted(str(error))}",
            cure="See whether a proxy or sign-in page answers in place of the service.",
            status=status,
        )
        raise ReadError(absence) from None


class Patience:
    """How long one request may still take, with all its waiting; clock and sleep are the client's."""

    def __init__(
        self,
        budget: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._end = clock() + budget
        self._jitter = jitter
        self.wait = sleep

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self._end - self._clock())

    def allows(self, pause: float) -> bool:
        """Is there time for that pause?"""
        return pause <= self.left

    def own(self, attempt: int) -> float:
        """Our own pause, in seconds: doubled each time, with up to as much again, so that readers spread out."""
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (attempt - 1) * (1 + self._jitter()))


class Client:
    """Reads from pinned origins: waits when told to, tries again when a connection breaks, and never forever.

    Used as a context manager. *transport* replaces the network (tests). *token* is sent to the pinned origins only;
    *auth* is an httpx authentication instead of it (Negotiate). ``clock`` (seconds), ``sleep`` and ``jitter`` (0 to 1)
    are replaced in tests.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        token: Token | None = None,
        auth: httpx.Auth | None = None,
        tls: ssl.SSLContext | None = None,
        timeout: float = 30.0,
        budget: float = BUDGET,
        limit: int = MAX_BODY,
        plain: bool = False,
        addresses: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = _RANDOM.random,
    ) -> None:
        # httpcore writes the headers of answers, cookies among them, to its debug log.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        pinned = tuple(origins)
        network = _network(tls or trust()) if transport is None else lambda _: transport

        def reading(url: str) -> ReadOnlyTransport:
            return ReadOnlyTransport(network(url), pinned, plain=plain, addresses=addresses)

        # One pool an origin: a connection must never serve two names, for each has its certificate, and its proxy.
        self._client = httpx.AsyncClient(
            transport=reading(pinned[0]),
            mounts={url: reading(url) for url in pinned},
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )
        self._token = token
        self._auth = auth
        self._limit = limit
        self.clocks: tuple[dt.datetime, dt.datetime] | None = None
        """What the server's clock and ours said at the first answer with a date."""
        self.patience = functools.partial(Patience, budget, clock, sleep, jitter)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None, cure: str = "") -> Reply:
        """The answer to a GET. Raises ReadError where it is none; *cure* goes with a refusal."""
        return answered(await self.ask("GET", url, headers=headers), cure)

    async def post(self, url: str, body: object, *, cure: str = "") -> Reply:
        """The answer to one of READING_POSTS, with *body* as JSON. Raises ReadError."""
        content = msgspec.json.encode(body)
        reply = await self.ask("POST", url, headers={"Content-Type": "application/json"}, content=content)
        return answered(reply, cure)

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Reply:
        """The last answer, whatever its status, after all waiting. Raises ReadError where none came."""
        patience = self.patience()
        broken = signed = 0
        claims: str | None = None
        bearer = ""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(patience.left):
                    if self._token:
                        bearer = await self._token(claims=claims, refused=bearer if signed else "")
                    reply = await self._once(method, url, {**(headers or {}), **_authorisation(bearer)}, content)
            except (httpx.TransportError, TimeoutError) as error:
                broken += 1
                pause = patience.own(broken)
                if broken >= MAX_BREAKS or _is_untrusted(error) or not patience.allows(pause):
                    raise ReadError(_broken(url, error, broken)) from None
            else:
                challenge = _claims(reply)
                if reply.status == 401 and self._token and signed < (2 if challenge else 1):
                    # Expired in the middle, or the policy changed: Continuous Access Evaluation says so by claims.
                    signed, claims = signed + 1, challenge
                    continue
                given = retry_after(reply.headers)
                pause = patience.own(attempt) if given is None else given
                if reply.status not in WAIT or attempt == MAX_ATTEMPTS or not patience.allows(pause):
                    return reply
            await patience.wait(pause)
        return reply

    async def _once(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> Reply:
        try:
            request = self._client.build_request(method, url, headers=headers, content=content)
            response = await self._client.send(request, auth=self._auth, stream=True)
        except RefusedRequest as error:
            cure = "See who answers there: the service does not send elsewhere."
            raise ReadError(Absence(reason=Reason.UNREADABLE, detail=str(error), cure=cure)) from None
        except httpx.InvalidURL as error:
            cure = "Look at the addresses in comgmt.toml."
            raise ReadError(Absence(reason=Reason.UNREADABLE, detail=quoted(str(error)), cure=cure)) from None
        if self.clocks is None and (told := clocks.from_header(response.headers.get("date", ""))):
            self.clocks = (told, clocks.now())
        async with contextlib.aclosing(response):
            body = await self._body(response)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(url=url, status=response.status_code, headers=names, body=body)

    async def _body(self, response: httpx.Response) -> bytes:
        parts = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                parts += chunk
                if len(parts) > self._limit:
                    raise ReadError(_too_large(response.status_code, self._limit))
        except httpx.DecodingError as error:
            detail = f"the answer cannot be unpacked: {quoted(str(error))}"
            cure = "See whether a proxy changes what the service answers."
            raise ReadError(Absence(reason=Reason.UNREADABLE, detail=detail, cure=cure)) from None
        return bytes(parts)


def _authorisation(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}


def answered(reply: Reply, cure: str = "") -> Reply:
    """The reply, if it is an answer (200 to 299). Raises ReadError with what the server said."""
    if 200 <= reply.status < 300:
        return reply
    found = odata.error(reply.body)
    raise ReadError(odata.absence(reply.status, reply.headers, found, cure), found)


def _network(context: ssl.SSLContext) -> Callable[[str], httpx.AsyncBaseTransport]:
    """What opens connections, by the address that it is for."""

    def network(url: str) -> httpx.AsyncBaseTransport:
        try:
            return httpx.AsyncHTTPTransport(verify=context, proxy=_proxy(url), trust_env=False)
        except (ImportError, ValueError):
            raise DesignError(
                f"The proxy that the environment names for {httpx.URL(url).host} is of a kind that is not supported.",
                "Set HTTPS_PROXY to an address that begins with http://, or set NO_PROXY.",
            ) from None

    return network


def _proxy(url: str) -> str | None:
    """The proxy of the environment for *url* (HTTPS_PROXY, NO_PROXY, or the system's settings)."""
    parsed = httpx.URL(url)
    if _is_loopback(parsed.host) or urllib.request.proxy_bypass(parsed.host):
        return None
    proxy = urllib.request.getproxies().get(parsed.scheme)
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as the server says: a number (Graph's has a fraction) or a date (RFC 9110, section 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text, headers.get("date", ""))
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(text: str, date: str) -> float:
    """Seconds from the server's own *date* until *text*, both HTTP dates; NaN where *text* is none."""
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return math.nan
    try:
        now = email.utils.parsedate_to_datetime(date)
    except ValueError:
        now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    return (until.replace(tzinfo=until.tzinfo or dt.UTC) - now.replace(tzinfo=now.tzinfo or dt.UTC)).total_seconds()


_CHALLENGE = re.compile(r'\bclaims="([^"]+)"')


def _claims(reply: Reply) -> str | None:
    """The claims of a challenge, decoded (Microsoft Entra: claims challenges); ``None`` where there is none."""
    import base64
    import binascii

    found = _CHALLENGE.search(reply.headers.get("www-authenticate", ""))
    if reply.status != 401 or not found:
        return None
    text = found.group(1)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def _is_untrusted(error: BaseException) -> bool:
    """Was it the server's certificate? Then another attempt is the same."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _broken(url: str, error: BaseException, attempts: int) -> Absence:
    host = httpx.URL(url).host
    if _is_untrusted(error):
        reason = quoted(str(error).partition("CERTIFICATE_VERIFY_FAILED]")[2]) or "it is not trusted"
        return Absence(
            reason=Reason.UNREACHABLE,
            detail=f"the TLS certificate of {host} was not accepted: {reason}",
            cure="Name the CA of the server, or of the proxy that inspects TLS, as ca_file in comgmt.toml.",
        )
    kind = "timed out" if isinstance(error, TimeoutError | httpx.TimeoutException) else quoted(str(error))
    times = f" ({attempts} attempts)" if attempts > 1 else ""
    return Absence(
        reason=Reason.UNREACHABLE,
        detail=f"{host}: {kind or type(error).__name__}{times}",
        cure=f"Let the scanner reach {host}: name resolution, firewall, proxy (HTTPS_PROXY).",
    )


def _too_large(status: int, limit: int) -> Absence:
    return Absence(
        reason=Reason.UNREADABLE,
        detail=f"HTTP {status}: the answer is larger than {limit} bytes",
        cure="See who answers there: the service documents no such answer.",
        status=status,
    )
