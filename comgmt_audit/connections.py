"""Where and how to connect: the tables ``[connect.…]`` of comgmt.toml.

They say nothing of what is meant, so they never go into a recording. Secrets have no place here: a password or client
secret comes from the environment, a file, or the system's keyring, and the key here only says which.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from comgmt_audit import tables


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of comgmt.toml; a key that it does not know is an error."""


class Cloud(Table, frozen=True, kw_only=True):
    """Microsoft Graph and Azure Resource Manager."""

    use: Annotated[bool, Meta(description="false: do not read Microsoft Graph and Azure.")] = True
    sign_in: Annotated[
        Literal[
            "environment",
            "client-secret",
            "certificate",
            "managed-identity",
            "workload-identity",
            "azure-cli",
            "device-code",
            "browser",
        ],
        Meta(description="How to sign in; environment: by the standard AZURE_* variables."),
    ] = "environment"
    tenant_id: Annotated[str, Meta(description="The tenant to sign in to; empty: AZURE_TENANT_ID.")] = ""
    client_id: Annotated[str, Meta(description="The application to sign in as; empty: AZURE_CLIENT_ID.")] = ""
    certificate: Annotated[
        str,
        Meta(description="File with the application's certificate and key (PEM or PFX); empty: the AZURE_ variable."),
    ] = ""
    certificate_password: Annotated[
        str, Meta(description="Where the certificate file's password is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = "env:AZURE_CLIENT_CERTIFICATE_PASSWORD"  # noqa: S105 -- where it is, not what it is
    secret: Annotated[
        str,
        Meta(description="Where the secret is: env:NAME, file:PATH or keyring:SERVICE/USER; never the secret itself."),
    ] = "env:AZURE_CLIENT_SECRET"  # noqa: S105 -- where it is, not what it is
    graph_root: Annotated[str, Meta(description="Graph's address where it is not that of the declared cloud.")] = ""
    arm_root: Annotated[str, Meta(description="Resource Manager's address where it is not the cloud's.")] = ""
    authority: Annotated[str, Meta(description="The sign-in address where it is not the cloud's.")] = ""
    ca_file: Annotated[str, Meta(description="PEM file of a CA to trust beside the system's (TLS inspection).")] = ""


class AdminService(Table, frozen=True, kw_only=True):
    """The AdminService of the Configuration Manager site."""

    use: Annotated[bool, Meta(description="false: do not read the site.")] = True
    provider: Annotated[str, Meta(description="FQDN of the SMS Provider; empty: site.server of the design.")] = ""
    authentication: Annotated[
        Literal["kerberos", "ntlm", "bearer"],
        Meta(description="kerberos (the default), ntlm (refused from 2509 on), or bearer: a token, through a CMG."),
    ] = "kerberos"
    user: Annotated[str, Meta(description="Account (user@REALM); empty: the one that is signed in.")] = ""
    password: Annotated[
        str, Meta(description="Where its password is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = ""
    ca_file: Annotated[
        str, Meta(description="PEM file of the root that issued the provider's certificate (often SMS Issuing).")
    ] = ""
    root: Annotated[str, Meta(description="The service's address where it is not https://PROVIDER/AdminService.")] = ""


class Ldap(Table, frozen=True, kw_only=True):
    """Active Directory."""

    use: Annotated[bool, Meta(description="false: do not read the directory.")] = True
    server: Annotated[str, Meta(description="ldaps://DC or ldap://DC (StartTLS or sealed); empty: no directory.")] = ""
    authentication: Annotated[
        Literal["kerberos", "simple"], Meta(description="kerberos (sealed), or simple bind over TLS.")
    ] = "kerberos"
    user: Annotated[str, Meta(description="Account (user@domain); empty: the one that is signed in.")] = ""
    password: Annotated[
        str, Meta(description="Where its password is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = ""
    servers: Annotated[
        dict[str, str],
        Meta(description="DNS name of another domain of the forest to ldaps://DC of it; others are found in DNS."),
    ] = {}
    ca_file: Annotated[str, Meta(description="PEM file of the root that issued the DC's certificate.")] = ""


class Files(Table, frozen=True, kw_only=True):
    """Files that the administrator names: certificates, collected host evidence, what the console shows, logs."""

    certificates: Annotated[tuple[str, ...], Meta(description="Certificate files, or folders of them.")] = ()
    certificate_password: Annotated[
        str, Meta(description="Where the password of the .pfx files is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = ""
    certificate_passwords: Annotated[
        dict[str, str],
        Meta(description="File name to where its password is, for .pfx files whose password is another."),
    ] = {}
    hosts: Annotated[
        tuple[str, ...], Meta(description="Output of the collect script, or folders SERVER/ with command outputs.")
    ] = ()
    trusted_roots: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="The site's list of trusted roots: mobileclient.tcf, or the roots' .cer files; [] where the "
            "list is empty. Without the key: what the collect script brings of the site server."
        ),
    ] = None
    gateway_certificates: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="The .cer files of the CA certificates that the CMG's properties show as uploaded; [] where "
            "they show none. Without the key: nobody looked."
        ),
    ] = None
    management_certificates: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Of a classic subscription: .cer files of its management certificates, or texts with one "
            "thumbprint a line; [] where the portal shows none. Without the key: nobody looked."
        ),
    ] = None
    default_client_settings: Annotated[
        str, Meta(description="What Get-CMClientSetting -Id 0 -Setting Cloud says, as JSON.")
    ] = ""
    logs: Annotated[
        dict[str, str], Meta(description="Server name to its log folder: a local path or \\\\SERVER\\SHARE\\Logs.")
    ] = {}
    log_user: Annotated[str, Meta(description="Account for UNC paths; empty: the one that is signed in.")] = ""
    log_password: Annotated[
        str, Meta(description="Where its password is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = ""


class Hosts(Table, frozen=True, kw_only=True):
    """Windows computers that are asked themselves, where no file tells what is wanted of them."""

    here: Annotated[
        bool, Meta(description="false: do not run the collect script here, where this computer is one of them.")
    ] = True
    winrm: Annotated[bool, Meta(description="true: run the collect script on the others by WinRM (Kerberos).")] = False
    names: Annotated[
        tuple[str, ...],
        Meta(description="FQDNs of the computers; empty: the servers and the sample clients that the design names."),
    ] = ()
    user: Annotated[str, Meta(description="Account (user@REALM); empty: the one that is signed in.")] = ""
    password: Annotated[
        str, Meta(description="Where its password is: env:NAME, file:PATH or keyring:SERVICE/USER.")
    ] = ""
    ssl: Annotated[
        bool, Meta(description="true: HTTPS (5986); false: HTTP (5985), each message encrypted by Kerberos.")
    ] = True
    ca_file: Annotated[str, Meta(description="PEM file of the root that issued the computers' certificates.")] = ""
    timeout: Annotated[int, Meta(ge=1, description="Seconds that one computer may take.")] = 180


class Web(Table, frozen=True, kw_only=True):
    """CRLs, issuers and OCSP, TLS endpoints, DNS: read over the network from where the scanner runs."""

    use: Annotated[
        bool, Meta(description="false: ask no resolver and no OCSP responder, fetch no CRL, open no TLS connection.")
    ] = True
    vantage: Annotated[
        Literal["inside", "outside"], Meta(description="Where the scanner runs: CRLs fetched here count for there.")
    ] = "inside"
    addresses: Annotated[
        dict[str, str], Meta(description="host:port to address:port, where a name must be reached another way.")
    ] = {}


class Notify(Table, frozen=True, kw_only=True):
    """Who is told when something has changed (``scan --history --notify``)."""

    targets: Annotated[
        tuple[str, ...],
        Meta(description="Where the addresses of Apprise are: each env:NAME, file:PATH or keyring:SERVICE/USER."),
    ] = ()
    days: Annotated[
        tuple[Annotated[int, Meta(ge=0)], ...],
        Meta(description="So many days before a certificate, secret, version or waiver ends it is told."),
    ] = (90, 60, 30, 14, 7, 1, 0)
    template: Annotated[str, Meta(description="File with a Jinja2 template of the message; empty: the usual one.")] = ""


class Connections(Table, frozen=True, kw_only=True):
    """All of ``[connect]``."""

    cloud: Cloud = field(default_factory=Cloud)
    admin_service: AdminService = field(default_factory=AdminService)
    directory: Ldap = field(default_factory=Ldap)
    files: Files = field(default_factory=Files)
    hosts: Hosts = field(default_factory=Hosts)
    web: Web = field(default_factory=Web)
    notify: Notify = field(default_factory=Notify)


def load(path: Path) -> Connections:
    """What comgmt.toml says of connections, its paths as seen from the file. Raises DesignError, naming the key."""
    raw = tables.read(path).get(tables.CONNECT, {})
    return beside(tables.convert(raw, Connections, str(path), tables.CONNECT), path.parent)


def beside(stated: Connections, folder: Path) -> Connections:
    """The connections with their paths as seen from *folder*."""
    return replace(
        stated,
        **{name: _beside(getattr(stated, name), folder) for name in Connections.__struct_fields__},
    )


def _beside(table: Table, folder: Path) -> Table:
    """The table with its paths as seen from *folder*."""
    changes: dict[str, object] = {}
    for name in table.__struct_fields__:
        value = getattr(table, name)
        if isinstance(value, str) and value.startswith("file:"):
            changes[name] = _secret(value, folder)
        elif name in {"ca_file", "certificate"}:
            changes[name] = _path(value, folder)
        elif name in {
            "certificates",
            "hosts",
            "trusted_roots",
            "gateway_certificates",
            "management_certificates",
        }:  # of [connect.files]
            changes[name] = None if value is None else tuple(_path(one, folder) for one in value)
        elif name == "targets":
            changes[name] = tuple(_secret(one, folder) for one in value)
        elif name in {"default_client_settings", "template"}:
            changes[name] = _path(value, folder)
        elif name == "logs":
            changes[name] = {server: _path(one, folder) for server, one in value.items()}
        elif name == "certificate_passwords":
            changes[name] = {file: _secret(one, folder) for file, one in value.items()}
    return replace(table, **changes)


def _secret(reference: str, folder: Path) -> str:
    kind, separator, place = reference.partition(":")
    return f"file:{_path(place, folder)}" if kind == "file" and separator else reference


def _path(name: str, folder: Path) -> str:
    return str(folder / name) if name and not name.startswith("\\\\") else name
