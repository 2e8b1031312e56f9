"""Signing in to Microsoft Entra ID with azure-identity (the extra ``live``), and what a token says of itself.

A token is kept in memory, sent in one header, and never shown. Nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import functools
import logging
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from comgmt_audit.connections import Cloud
from comgmt_audit.errors import ComgmtError, DesignError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import late
from comgmt_audit.sources.http import Client, ReadError, Token, trust
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.secrets import resolve

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

EARLY = 300
"""Seconds before its end from which a token is no longer used: azure-identity renews then."""

CERTIFICATE_PASSWORD = "env:AZURE_CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105 -- where it is, not what it is
_SILENCE = logging.NullHandler()
_USER_METHODS = frozenset({"device-code", "browser"})
_EXCHANGE = {
    "login.microsoftonline.us": "api://AzureADTokenExchangeUSGov",
    "login.chinacloudapi.cn": "api://AzureADTokenExchangeChina",
}
"""The audience of a token that Entra ID takes for another one, by the sign-in host (workload identity federation)."""
_EXCHANGE_PUBLIC = "api://AzureADTokenExchange"

_CURES = {
    "AADSTS7000215": "The client secret is not that of the application: use its value, not its id.",
    "AADSTS7000222": "The client secret has expired: make a new one in the app registration.",
    "AADSTS700027": "Upload the certificate to the app registration.",
    "AADSTS7000112": "The application is disabled in the tenant: enable its enterprise application.",
    "AADSTS700016": "The tenant has no such application: check connect.cloud.client_id and tenant_id.",
    "AADSTS700213": "Add a federated credential to the app registration that fits this issuer and subject.",
    "AADSTS90002": "There is no such tenant in this cloud: check connect.cloud.tenant_id and rollout.cloud.",
    "AADSTS50076": "The account needs multi-factor authentication: sign in with device-code or browser.",
    "AADSTS53003": "Conditional Access blocks the sign-in: exclude the scanner, or scan from an allowed place.",
    "AADSTS65001": "Nobody has consented to the application: grant admin consent to its permissions.",
}
"""By error code (Microsoft Entra: authentication and authorisation error codes)."""


class Credential(Protocol):
    """What azure-identity's credentials have in common."""

    def get_token(self, *scopes: str, claims: str | None = None, enable_cae: bool = False) -> AccessToken:
        """A token for the scopes."""


class Identity(Struct, frozen=True, kw_only=True):
    """What a token says of itself; read, not verified: the service does that.

    ``delegated``: does a user stand behind it? ``None``: the token cannot be read.
    """

    tenant: str = ""
    object: str = ""
    application: str = ""
    name: str = ""
    permissions: frozenset[str] | None = None
    delegated: bool | None = None

    @property
    def label(self) -> str:
        """Who it is, for a person."""
        kind = {True: "user ", False: "application ", None: ""}[self.delegated]
        return kind + (self.name or self.application or self.object or "unknown")


class _Claims(Struct, frozen=True):
    tid: str = ""
    oid: str = ""
    appid: str = ""
    azp: str = ""
    upn: str = ""
    preferred_username: str = ""
    app_displayname: str = ""
    roles: tuple[str, ...] = ()
    scp: str | None = None


def identity(token: str) -> Identity:
    """Tenant, application, user and permissions in an access token (Microsoft identity platform: access tokens)."""
    parts = token.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = msgspec.json.decode(payload, type=_Claims)
    except (IndexError, ValueError, binascii.Error, msgspec.DecodeError):
        return Identity()
    delegated = claims.scp is not None
    return Identity(
        tenant=claims.tid,
        object=claims.oid,
        application=claims.appid or claims.azp,
        name=(claims.upn or claims.preferred_username) if delegated else claims.app_displayname,
        permissions=frozenset((claims.scp or "").split()) if delegated else frozenset(claims.roles),
        delegated=delegated,
    )


class SignIn:
    """Tokens for several APIs from one credential; :meth:`token` gives the source of them for one scope."""

    def __init__(
        self, make: Callable[[], Credential], *, renewable: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._make = make
        self._renewable = renewable
        self._clock = clock
        self._credential: Credential | None = None
        self._tokens: dict[str, AccessToken] = {}
        # One at a time: two sources must not ask the same person twice.
        self._lock = threading.Lock()

    def token(self, scope: str) -> Token:
        """What gives tokens for *scope*."""

        async def token(*, claims: str | None = None, refused: str = "") -> str:
            known = self._tokens.get(scope)
            if known and not claims and not refused and self._lasts(known):
                return known.token  # thousands of requests, and none needs a thread
            return await asyncio.to_thread(self._get, scope, claims, refused)

        return token

    def _get(self, scope: str, claims: str | None, refused: str) -> str:
        with self._lock:
            known = self._tokens.get(scope)
            valid = known is not None and self._lasts(known)
            if known and valid and not claims and known.token != refused:
                return known.token
            if refused and valid and self._renewable:
                self._credential = None  # azure-identity would give the very token again that the service refused
            found = self._ask(scope, claims)
            self._tokens[scope] = found
            return found.token

    def _lasts(self, token: AccessToken) -> bool:
        return token.expires_on - self._clock() > EARLY

    def _ask(self, scope: str, claims: str | None) -> AccessToken:
        try:
            self._credential = self._credential or self._make()
        except ComgmtError as error:
            raise ReadError(Absence(reason=Reason.REFUSED, detail=error.message, cure=error.hint)) from None
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        try:
            return self._credential.get_token(scope, claims=claims, enable_cae=True)
        except ClientAuthenticationError as error:
            raise ReadError(_refused(error.message or "")) from None
        except ComgmtError as error:
            raise ReadError(Absence(reason=Reason.REFUSED, detail=error.message, cure=error.hint)) from None
        except (AzureError, OSError, ValueError) as error:
            raise ReadError(_unreachable(str(error))) from None


def _refused(message: str) -> Absence:
    text = quoted(message.partition("\n")[0], 300)
    cure = next((cure for code, cure in _CURES.items() if f"{code}:" in message), "")
    return Absence(
        reason=Reason.REFUSED,
        detail=f"sign-in failed: {text}",
        cure=cure or "See the sign-in in the Entra admin centre under Monitoring > Sign-in logs.",
    )


def _unreachable(message: str) -> Absence:
    return Absence(
        reason=Reason.UNREACHABLE,
        detail=f"sign-in was not possible: {quoted(message.partition(chr(10))[0], 300)}",
        cure="Let the scanner reach the sign-in address (connect.cloud.authority): firewall, proxy, clock.",
    )


@functools.lru_cache(maxsize=4)
def sign_in(cloud: Cloud, authority: str) -> SignIn:
    """The way of signing in that comgmt.toml names; the same object for all sources, so that a user is asked once.

    :raises ComgmtError: where azure-identity is not installed, or what the way needs is not there.
    """
    make = functools.partial(credential, cloud, authority)
    return SignIn(make, renewable=cloud.sign_in not in _USER_METHODS)


def credential(cloud: Cloud, authority: str) -> Credential:
    """A credential of azure-identity for the way of signing in. Raises ComgmtError."""
    try:
        late.load("requests", "azure.identity")
    except ImportError:
        raise ComgmtError("Signing in needs azure-identity.", "pip install 'comgmt-audit[live]'") from None
    # The library's own warnings quote the server without end; what matters of them is in our errors.
    logging.getLogger("azure.identity").addHandler(_SILENCE)
    makers: dict[str, Callable[[Cloud, dict[str, Any]], Credential]] = {
        "environment": _environment,
        "client-secret": _client_secret,
        "certificate": _certificate,
        "managed-identity": _managed_identity,
        "workload-identity": _workload_identity,
        "azure-cli": _azure_cli,
        "device-code": _device_code,
        "browser": _browser,
    }
    options: dict[str, Any] = {
        "authority": authority,
        "transport": _transport(trust(cloud.ca_file, "connect.cloud.ca_file")),
        # Only the addresses that Microsoft lists can be looked up there; another one is the administrator's word.
        "disable_instance_discovery": bool(cloud.authority),
    }
    return makers[cloud.sign_in](cloud, options)


def _transport(context: ssl.SSLContext) -> Any:
    """azure-identity's own HTTP, trusting what the reads trust."""
    import requests
    from azure.core.pipeline.transport import RequestsTransport
    from requests.adapters import HTTPAdapter

    class Trusting(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:
            super().init_poolmanager(*args, **more, ssl_context=context)

        def proxy_manager_for(self, proxy: Any, **more: Any) -> Any:
            return super().proxy_manager_for(proxy, **more, ssl_context=context)

    session = requests.Session()
    session.mount("https://", Trusting())
    return RequestsTransport(session=session, session_owner=False)


def _tenant(cloud: Cloud) -> str:
    return _named(cloud.tenant_id, "tenant_id", "AZURE_TENANT_ID")


def _client(cloud: Cloud) -> str:
    return _named(cloud.client_id, "client_id", "AZURE_CLIENT_ID")


def _named(value: str, key: str, variable: str) -> str:
    found = value or os.environ.get(variable, "")
    if not found:
        raise DesignError(f"comgmt.toml: connect.cloud.{key} is empty, and {variable} is not set.", "Set one of them.")
    return found


def _environment(cloud: Cloud, options: dict[str, Any]) -> Credential:
    """By the variables that are set, in azure-identity's order: secret, certificate, federated token."""
    if os.environ.get("AZURE_CLIENT_SECRET"):
        return _client_secret(msgspec.structs.replace(cloud, secret="env:AZURE_CLIENT_SECRET"), options)  # noqa: S106 -- a name
    if os.environ.get("AZURE_CLIENT_CERTIFICATE_PATH"):
        return _certificate(msgspec.structs.replace(cloud, certificate=""), options)
    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        return _workload_identity(cloud, options)
    raise DesignError(
        "The environment does not say how to sign in: none of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and "
        "AZURE_FEDERATED_TOKEN_FILE is set.",
        "Set one of them with AZURE_TENANT_ID and AZURE_CLIENT_ID, or name another way in connect.cloud.sign_in.",
    )


def _client_secret(cloud: Cloud, options: dict[str, Any]) -> Credential:
    from azure.identity import ClientSecretCredential

    secret = resolve(cloud.secret, "connect.cloud.secret")
    return ClientSecretCredential(_tenant(cloud), _client(cloud), secret, **options)


def _certificate(cloud: Cloud, options: dict[str, Any]) -> Credential:
    from azure.identity import CertificateCredential

    path = _named(cloud.certificate, "certificate", "AZURE_CLIENT_CERTIFICATE_PATH")
    default = cloud.certificate_password == CERTIFICATE_PASSWORD
    password = None
    if not default or os.environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD"):
        password = resolve(cloud.certificate_password, "connect.cloud.certificate_password")
    try:
        return CertificateCredential(_tenant(cloud), _client(cloud), path, password=password, **options)
    except (OSError, ValueError):
        # The library's message may quote the file.
        raise DesignError(
            f"comgmt.toml: connect.cloud.certificate: {path} cannot be used.",
            "Name a PEM or PFX file that holds the certificate and its key, and where its password is.",
        ) from None


def _managed_identity(cloud: Cloud, _: dict[str, Any]) -> Credential:
    from azure.identity import ManagedIdentityCredential

    # The identity of the machine is asked over a link-local address: no authority, no TLS.
    return ManagedIdentityCredential(client_id=cloud.client_id or os.environ.get("AZURE_CLIENT_ID") or None)


def _workload_identity(cloud: Cloud, options: dict[str, Any]) -> Credential:
    """Federation: Kubernetes' token file, GitHub Actions, or Azure Pipelines, by what the environment has."""
    from azure.identity import AzurePipelinesCredential, ClientAssertionCredential, WorkloadIdentityCredential

    tenant, client = _tenant(cloud), _client(cloud)
    if path := os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        return WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=path, **options)
    if os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        audience = _EXCHANGE.get(urlsplit(options["authority"]).hostname or "", _EXCHANGE_PUBLIC)
        return ClientAssertionCredential(tenant, client, lambda: asyncio.run(_github_token(audience)), **options)
    if os.environ.get("SYSTEM_OIDCREQUESTURI"):
        return AzurePipelinesCredential(
            tenant_id=tenant,
            client_id=client,
            service_connection_id=_named("", "sign_in", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
            system_access_token=resolve("env:SYSTEM_ACCESSTOKEN", "connect.cloud.sign_in"),
            **options,
        )
    raise DesignError(
        "comgmt.toml: connect.cloud.sign_in is workload-identity, and the environment has no federated token.",
        "Kubernetes: AZURE_FEDERATED_TOKEN_FILE. GitHub Actions: permissions: id-token: write. Azure Pipelines: an "
        "AzureCLI task with SYSTEM_ACCESSTOKEN.",
    )


async def _github_token(audience: str) -> str:
    """The workflow's own token (GitHub: OpenID Connect reference)."""
    url = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"]
    bearer = resolve("env:ACTIONS_ID_TOKEN_REQUEST_TOKEN", "connect.cloud.sign_in")
    async with Client([url], headers={"Authorization": f"Bearer {bearer}"}) as client:
        reply = await client.get(f"{url}&audience={audience}")
    return reply.json(_GitHub).value


class _GitHub(Struct, frozen=True):
    value: str


def _azure_cli(cloud: Cloud, _: dict[str, Any]) -> Credential:
    from azure.identity import AzureCliCredential

    # `az cloud set` says which authority; the tenant is the one of `az login` where none is named.
    return AzureCliCredential(tenant_id=cloud.tenant_id or os.environ.get("AZURE_TENANT_ID", ""))


def _device_code(cloud: Cloud, options: dict[str, Any]) -> Credential:
    from azure.identity import DeviceCodeCredential

    def prompt(address: str, code: str, _: object) -> None:
        sys.stderr.write(f"To sign in, open {address} and enter the code {code}.\n")

    return DeviceCodeCredential(_client(cloud), tenant_id=_tenant(cloud), prompt_callback=prompt, **options)


def _browser(cloud: Cloud, options: dict[str, Any]) -> Credential:
    from azure.identity import InteractiveBrowserCredential

    return InteractiveBrowserCredential(client_id=_client(cloud), tenant_id=_tenant(cloud), **options)
