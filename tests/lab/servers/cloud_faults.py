"""What goes wrong with a cloud service, on demand: by address, and a number of times or by chance.

The same faults give the same answers for the same requests: chance has a seed, and counts are of requests.
"""

from __future__ import annotations

import base64
import random
import re
import time
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from tests.lab.servers.cloud_protocol import Answer, Asked, Refusal, position, query, skip_token
from tests.lab.servers.cloud_tokens import Claims

Kind: TypeAlias = Literal[
    "slow",
    "reset",
    "cut",
    "throttled",
    "unavailable",
    "expired",
    "challenged",
    "truncated",
    "empty-page",
    "foreign-host",
    "looping",
    "altered",
]
OF_CONNECTION = frozenset({"slow", "reset", "cut"})
"""Faults of the connection; a request within a ``$batch`` has none of its own."""

CHALLENGE = '{"access_token":{"nbf":{"essential":true,"value":"1795500000"}}}'
"""The claims that a token must be asked for with, after a challenge (Entra: Claims challenges, claims requests)."""
AUTHORIZATION_URI = "https://login.microsoftonline.com/common/oauth2/authorize"


class Fault(Struct, frozen=True, kw_only=True):
    """One thing that goes wrong.

    =================  ============================================================================================
    ``slow``           the answer comes *seconds* later
    ``reset``          TCP RST in place of an answer (Python's ``ssl`` shows it as an end of file)
    ``cut``            the connection is closed in the middle of the answer's body
    ``throttled``      429 with ``Retry-After`` of *seconds*, fractions and all; ``None``: without that header
    ``unavailable``    503, the same way
    ``expired``        401: from now on this token is not accepted any more; a new one is
    ``challenged``     401 with a claims challenge: from now on every token must have been asked for with its claims
    ``truncated``      200 with half of the JSON, as a whole HTTP message
    ``empty-page``     a page without objects, and a link to the page that should have come
    ``foreign-host``   a page whose link to the next one leads to another host
    ``looping``        a page whose link leads to itself
    ``altered``        *field* of every object is *value*; ``msgspec.UNSET``: it is not there
    =================  ============================================================================================

    *path* is a regular expression that is searched in path and query of the address (``/v1.0/users\\?``). The first
    *after* requests that match are spared; then it happens *times* times (``None``: always), each with *probability*.
    """

    kind: Kind
    path: str = ""
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    seconds: float | None = 0.05
    field: str = ""
    value: Any = "somethingNew"


class Faults:
    """The faults of a running service, and what became of them."""

    def __init__(self, faults: tuple[Fault, ...], seed: int, foreign_root: str) -> None:
        self._faults = [(fault, re.compile(fault.path)) for fault in faults]
        self._seen = [0] * len(faults)
        self._done = [0] * len(faults)
        self._random = random.Random(seed)
        self._foreign_root = foreign_root
        self._ended: set[str] = set()
        self._challenging = False

    def due(self, address: str, *, inner: bool = False) -> list[Fault]:
        """What happens to this request: slowness adds up, and of all else the first one happens."""
        found = []
        for number, (fault, path) in enumerate(self._faults):
            if inner and fault.kind in OF_CONNECTION:
                continue
            if path.search(address) and self._happens(number, fault):
                found.append(fault)
                if fault.kind != "slow":
                    break
        return found

    def _happens(self, number: int, fault: Fault) -> bool:
        self._seen[number] += 1
        if self._seen[number] <= fault.after or (fault.times is not None and self._done[number] >= fault.times):
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self._done[number] += 1
        return True

    def before(self, faults: list[Fault], claims: Claims) -> None:
        """Raises Refusal where a fault takes the place of the answer, or the token does not count any more."""
        for fault in faults:
            if fault.kind in {"throttled", "unavailable"}:
                raise too_many(fault.seconds) if fault.kind == "throttled" else _unavailable(fault.seconds)
            if fault.kind == "expired":
                self._ended.add(claims.uti)
            if fault.kind == "challenged":
                self._challenging = True
        if claims.uti in self._ended:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
        if self._challenging and claims.claims != CHALLENGE:
            raise _challenge()

    def after(self, faults: list[Fault], asked: Asked, answer: Answer) -> Answer:
        """The answer as the faults leave it. Errors are left alone."""
        for fault in faults:
            change = self._changes().get(fault.kind)
            if change and answer.status == 200:
                answer = msgspec.structs.replace(answer, body=change(fault, asked, answer.body))
        return answer

    def _changes(self) -> dict[str, Callable[[Fault, Asked, bytes], bytes]]:
        return {
            "truncated": lambda _, __, body: body[: len(body) // 2],
            "empty-page": self._empty,
            "foreign-host": self._foreign,
            "looping": self._looping,
            "altered": self._altered,
        }

    def _empty(self, _: Fault, asked: Asked, body: bytes) -> bytes:
        page, link = _page(body)
        at = position(asked.options["$skiptoken"]) if "$skiptoken" in asked.options else 0
        options = dict(asked.options) | {"$skiptoken": skip_token(at, nonce=sum(self._done))}
        return msgspec.json.encode(page | {"value": [], link: f"{asked.root}{asked.path}?{query(options)}"})

    def _foreign(self, _: Fault, asked: Asked, body: bytes) -> bytes:
        page, link = _page(body)
        options = dict(asked.options) | {"$skiptoken": skip_token(1)}
        return msgspec.json.encode(page | {link: f"{self._foreign_root}{asked.path}?{query(options)}"})

    def _looping(self, _: Fault, asked: Asked, body: bytes) -> bytes:
        page, link = _page(body)
        return msgspec.json.encode(page | {link: asked.root + asked.address})

    def _altered(self, fault: Fault, _: Asked, body: bytes) -> bytes:
        document = msgspec.json.decode(body)
        rows = document["value"] if isinstance(document.get("value"), list) else [document]
        for row in rows:
            if fault.value is msgspec.UNSET:
                row.pop(fault.field, None)
            else:
                row[fault.field] = fault.value
        return msgspec.json.encode(document)


def _page(body: bytes) -> tuple[dict[str, Any], str]:
    """A page, and what its link to the next one is called."""
    page = msgspec.json.decode(body)
    return page, "@odata.nextLink" if "@odata.context" in page else "nextLink"


def too_many(seconds: float | None) -> Refusal:
    """Throttled (Microsoft Graph throttling guidance; the header may be a fraction, or not there at all)."""
    headers = {} if seconds is None else {"Retry-After": f"{seconds:.3f}"}
    return Refusal(429, "TooManyRequests", "Please retry again later.", headers)


def _unavailable(seconds: float | None) -> Refusal:
    headers = {} if seconds is None else {"Retry-After": f"{seconds:.3f}"}
    return Refusal(
        503, "ServiceUnavailable", "The service is temporarily unavailable. Please try again later.", headers
    )


def _challenge() -> Refusal:
    claims = base64.b64encode(CHALLENGE.encode()).decode()
    challenge = (
        f'Bearer realm="", authorization_uri="{AUTHORIZATION_URI}", error="insufficient_claims", claims="{claims}"'
    )
    message = "Continuous access evaluation resulted in challenge with result: InteractionRequired"
    return Refusal(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})


class Bucket(Struct, frozen=True, kw_only=True):
    """*units* at once, refilled within *seconds* (Microsoft Graph service-specific throttling limits, token bucket)."""

    units: float = 8000
    seconds: float = 10


class Meter:
    """A bucket in use. Raises Refusal (429) when it is empty, with the time until there is enough in it."""

    def __init__(self, bucket: Bucket, *, hint: bool = True) -> None:
        self._bucket, self._hint = bucket, hint
        self._left, self._at = bucket.units, time.monotonic()

    def take(self, units: float) -> float:
        """Take *units*; what share of the bucket is in use then."""
        now, rate = time.monotonic(), self._bucket.units / self._bucket.seconds
        self._left = min(self._bucket.units, self._left + (now - self._at) * rate)
        self._at = now
        if self._left < units:
            raise too_many((units - self._left) / rate if self._hint else None)
        self._left -= units
        return 1 - self._left / self._bucket.units
