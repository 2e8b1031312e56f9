"""Access tokens of the lab's tenant: JWTs as Entra ID's, but signed by the lab (HS256, RFC 7515 and 7519).

Claims as in *Access token claims reference* of the Microsoft identity platform: ``roles`` lists application
permissions, ``scp`` delegated ones, ``tid`` is the tenant, ``uti`` the token's own id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import time
from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Struct

from tests.lab.estate import Estate

GRAPH = "https://graph.microsoft.com"
ARM = "https://management.azure.com"
APPLICATION = "5ca77e60-0000-4000-8000-000000000001"
"""The scanner's own application in Contoso."""
IDENTITY = "5ca77e60-0000-4000-8000-000000000002"
"""The scanner's service principal, or the user who is signed in."""

ROLES = (
    "Application.Read.All",
    "Device.Read.All",
    "DeviceManagementApps.Read.All",
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.Read.All",
    "Directory.Read.All",
    "GroupMember.Read.All",
    "LicenseAssignment.Read.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "RoleManagement.Read.Directory",
    "User.Read.All",
)
"""Every application permission that the recorder needs (``graph.md``, A7)."""
SCOPES = (*ROLES, "OnPremDirectorySynchronization.Read.All")
"""The same for somebody who is signed in."""

_NO_TOKEN = "CompactToken parsing failed with error code: 80049217"
_SECRET = b"the lab signs, Entra does not"
_numbers = itertools.count(1)


class Claims(Struct, frozen=True, kw_only=True):
    """What a token says of who asks. ``claims`` is the claims challenge that it was asked for with (lab only)."""

    aud: str
    tid: str
    exp: int
    uti: str
    oid: str = IDENTITY
    roles: tuple[str, ...] = ()
    scp: str = ""
    claims: str = ""

    @property
    def delegated(self) -> bool:
        """Is somebody signed in? Otherwise an application asks for itself."""
        return bool(self.scp)

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions of Graph in it."""
        return frozenset(self.scp.split() if self.delegated else self.roles)


class BadToken(Exception):  # noqa: N818 -- it is the token that is bad
    """A token that the service does not accept, in Graph's words."""


def token(
    estate: Estate,
    roles: Collection[str] | None = None,
    scp: Collection[str] = (),
    lifetime: float = 3600,
    audience: str = GRAPH,
    tenant_id: str = "",
    claims: str = "",
) -> str:
    """An access token for *audience*: an application's with *roles* (``None``: all), or with *scp* a signed-in user's.

    *lifetime* in seconds; negative: it has ended. No two tokens are the same.
    """
    return issue(
        tenant_id or estate.names.tenant_id, ROLES if roles is None else roles, scp, lifetime, audience, claims
    )


def issue(
    tenant_id: str,
    roles: Collection[str],
    scp: Collection[str],
    lifetime: float,
    audience: str,
    claims: str = "",
    user: str = "",
) -> str:
    """As :func:`token`, of any tenant; *user* is who has signed in."""
    now = int(time.time())
    payload: dict[str, Any] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": min(now, int(now + lifetime)),
        "nbf": min(now, int(now + lifetime)),
        "exp": int(now + lifetime),
        "appid": APPLICATION,
        "oid": IDENTITY,
        "tid": tenant_id,
        "uti": f"lab-{next(_numbers)}-{time.monotonic_ns()}",
        "ver": "1.0",
        "claims": claims,
        **({"scp": " ".join(scp), "upn": user} if scp else {"roles": list(roles)}),
    }
    signed = f"{_part(msgspec.json.encode({'typ': 'JWT', 'alg': 'HS256'}))}.{_part(msgspec.json.encode(payload))}"
    return f"{signed}.{_part(_signature(signed))}"


def read(header: str, tenant_id: str, audiences: Collection[str]) -> Claims:
    """The claims of an ``Authorization`` header. Raises BadToken."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise BadToken("Access token is empty.")
    claims = _claims(text.strip())
    if claims.aud.rstrip("/") not in audiences:
        raise BadToken("Access token validation failure. Invalid audience.")
    if claims.tid != tenant_id:
        raise BadToken("Access token validation failure. Invalid issuer.")
    if claims.exp <= time.time():
        raise BadToken("Access token has expired or is not yet valid.")
    return claims


def _claims(text: str) -> Claims:
    signed, _, signature = text.rpartition(".")
    if signed.count(".") != 1:
        raise BadToken(_NO_TOKEN)
    try:
        if not hmac.compare_digest(_bytes(signature), _signature(signed)):
            raise BadToken("Access token validation failure. Invalid signature.")
        return msgspec.json.decode(_bytes(signed.partition(".")[2]), type=Claims)
    except (binascii.Error, ValueError) as error:
        raise BadToken(_NO_TOKEN) from error


def _signature(signed: str) -> bytes:
    return hmac.digest(_SECRET, signed.encode(), hashlib.sha256)


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


class TokenRequest(Struct, frozen=True, kw_only=True):
    """How a credential was asked for a token."""

    scopes: tuple[str, ...]
    claims: str | None = None
    tenant_id: str | None = None
    enable_cae: bool = False


class LabCredential:
    """A credential as azure-identity's, which signs in at the lab; ``requests`` says how it was asked.

    The audience is the scope's, without ``/.default``. For Resource Manager a token needs no permission in it. Once it
    was asked with the claims of a challenge, later tokens satisfy that challenge as well, as those of a cache do.
    """

    def __init__(
        self,
        estate: Estate,
        roles: Collection[str] | None = None,
        scp: Collection[str] = (),
        lifetime: float = 3600,
        tenant_id: str = "",
    ) -> None:
        self.requests: list[TokenRequest] = []
        self._claims = ""
        self._tenant_id = tenant_id or estate.names.tenant_id
        self._roles, self._scp, self._lifetime = ROLES if roles is None else roles, scp, lifetime

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **_: Any,
    ) -> Any:
        """An ``azure.core.credentials.AccessToken``, new at each call. Raises ImportError without azure-core."""
        from azure.core.credentials import AccessToken

        self.requests.append(TokenRequest(scopes=scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae))
        audience = scopes[0].removesuffix("/.default")
        self._claims = claims or self._claims
        found = issue(self._tenant_id, self._roles, self._scp, self._lifetime, audience, self._claims)
        return AccessToken(found, int(time.time() + self._lifetime))

    def close(self) -> None:
        """As azure-identity's: nothing is held open."""
