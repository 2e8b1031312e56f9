"""LDAP to one domain controller: bind and search, and nothing else; encrypted always, with the server verified.

A password leaves this machine only inside TLS (``ldaps://``, or ``ldap://`` after StartTLS) or not at all (Kerberos).
The library is bonsai (the extra ``live``): OpenLDAP's or Windows' own client below it, Kerberos with sealing, and the
control for security descriptors. It is imported late, and wrapped so that only a search can be asked of it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import os
import re
import select
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from comgmt_audit.errors import DesignError
from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import clocks
from comgmt_audit.sources.redaction import quoted
from comgmt_audit.sources.session import absent, refused, unreachable, unreadable

if TYPE_CHECKING:
    from bonsai import LDAPClient
    from bonsai.ldapconnection import BaseLDAPConnection

OWNER_GROUP_DACL = 7
"""LDAP_SERVER_SD_FLAGS_OID: all of a security descriptor but its SACL, which only auditors may read. Without the
control an ordinary account gets no descriptor at all, and no error ([MS-ADTS] 3.1.1.3.4.1.11)."""
PAGE = 500
"""Objects in one page; a domain controller gives 1,000 at most (MaxPageSize, [MS-ADTS] 3.1.1.3.4.6)."""
SEALED = 56
"""The least security strength factor that encrypts: cyrus-sasl counts 1 for integrity alone."""
ROOT = ("namingContexts", "configurationNamingContext", "rootDomainNamingContext", "tokenGroups", "currentTime")
"""What is asked of a domain controller itself."""
_GLANCE = 0.05
"""Seconds after which an answer is looked for, whatever the socket says."""
CAN_SEAL = os.name != "nt"
"""bonsai cannot tell Windows' own LDAP client to seal, so there Kerberos goes through TLS as well."""
_PORTS = {"ldaps": 636, "ldap": 389}
_START_TLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""An extended request with the name of StartTLS (RFC 4511, sections 4.12 and 4.14)."""

MISSING = Absence(
    reason=Reason.REFUSED,
    detail="reading the directory needs the package bonsai, which is not installed",
    cure="pip install 'comgmt-audit[live]'. Where that must compile it (Linux), install on Debian first: apt install "
    "gcc python3-dev libldap-dev libsasl2-dev libkrb5-dev libsasl2-modules-gssapi-mit",
)

_SUBCODES = {
    "525": ("there is no such account", "Write connect.directory.user as user@domain."),
    "52e": ("the password is wrong", "Check connect.directory.user and password."),
    "530": ("the account may not sign in at this time", "Let it sign in now, or use another account."),
    "531": ("the account may not sign in from this computer", "Let it sign in from here, or use another account."),
    "532": ("the password has expired", "Set a new password for the account."),
    "533": ("the account is disabled", "Enable the account, or use another one."),
    "701": ("the account has expired", "Extend the account, or use another one."),
    "773": ("the password must be changed first", "Sign in once with the account and change its password."),
    "775": ("the account is locked out", "Unlock it, and look who tries a wrong password."),
}
"""Windows' error in hex after ``data`` in what a domain controller says to a failed bind ([MS-ERREF] 2.2)."""

_KERBEROS = {
    "No Kerberos credentials available": (
        "nobody is signed in here with Kerberos",
        "Sign in (kinit user@REALM), or set connect.directory.user and password.",
    ),
    "No credentials": (
        "nobody is signed in here with Kerberos",
        "Sign in (kinit user@REALM), or set connect.directory.user and password.",
    ),
    "Server not found in Kerberos database": (
        "Kerberos knows no such server",
        "Name the domain controller in connect.directory.server by its full DNS name, not by an alias or address.",
    ),
    "Cannot contact any KDC": ("no Kerberos server answers", "Let this machine reach a domain controller on port 88."),
    "Cannot find KDC": (
        "the Kerberos servers of the domain are not known here",
        "Let this machine resolve the domain's SRV records, or name a KDC in krb5.conf.",
    ),
    "Clock skew": ("the clocks differ too much", "Set this machine's clock by the domain's."),
    "Preauthentication failed": ("the password is wrong", "Check connect.directory.user and password."),
    "not found in Kerberos database": ("there is no such account", "Write connect.directory.user as user@domain."),
    "No worthy mechs found": (
        "the Kerberos module of SASL is not installed",
        "apt install libsasl2-modules-gssapi-mit, or use connect.directory.authentication simple.",
    ),
}
"""What Kerberos libraries say (MIT krb5 1.20: krb5_err.et, kdc error messages), what it means, and the cure."""

_ENCRYPT = "Use ldaps://DC, or ldap://DC with simple (StartTLS) or with kerberos (sealed)."
_READER = "Use an account of the forest; any may read what is asked for by default."
_NO_TLS = "Give the domain controller a certificate for server authentication, or use kerberos with ldap://DC."
_REACH = "Let this machine reach the domain controller on port {port}: name, route, firewall."
_TRUST = (
    "Set connect.directory.ca_file to the root of the domain controller's certificate, and use a name that is in it."
)


class DirectoryError(Exception):
    """No usable answer of the directory: ``absence`` is what a recording keeps of that."""

    def __init__(self, absence: Absence) -> None:
        super().__init__(absence.detail)
        self.absence = absence


class Login(Struct, frozen=True, kw_only=True):
    """How to bind. ``kerberos`` without a password: whoever is signed in. ``timeout`` in seconds, for one answer."""

    authentication: str
    user: str = ""
    password: str = ""
    ca_file: str = ""
    timeout: float = 30.0

    def __repr__(self) -> str:
        return f"Login({self.authentication}, user={self.user!r})"


class Found(Struct, frozen=True):
    """One object of an answer: its distinguished name, and values by attribute name in lower case."""

    dn: str
    values: dict[str, list[bytes]]


class Directory:
    """A bound connection to one domain controller. It can search, and nothing else."""

    def __init__(self, client: LDAPClient, connection: Connection, host: str, timeout: float) -> None:
        self.host = host
        self._client = client
        self._connection = connection
        self._timeout = timeout
        self._partitions: tuple[str, ...] = ()
        self._silent: DirectoryError | None = None
        self.root = self._read_root()

    def _read_root(self) -> dict[str, list[bytes]]:
        """What the domain controller says of itself, and of us (rootDSE, [MS-ADTS] 3.1.1.3.2)."""
        found = self._search("", 0, "(objectClass=*)", ROOT)
        self._read_at = clocks.now()
        if len(found) != 1:
            raise DirectoryError(unreadable(f"{self.host} does not say what it holds", "Name a domain controller."))
        partitions = found[0].values.get("namingcontexts", ())
        self._partitions = tuple(value.decode("utf-8", errors="replace").casefold() for value in partitions)
        return found[0].values

    @property
    def clocks(self) -> tuple[dt.datetime, dt.datetime] | None:
        """What the domain controller's clock and ours said when we came (rootDSE, [MS-ADTS] 3.1.1.3.2.6)."""
        told = clocks.from_directory(b"".join(self.root.get("currenttime", ())[:1]))
        return (told, self._read_at) if told else None

    def holds(self, dn: str) -> bool:
        """Is the object in one of the partitions of this domain controller?"""
        return any(f",{dn.casefold()}".endswith(f",{partition}") for partition in self._partitions)

    def at(self, dn: str, attributes: Iterable[str]) -> Found:
        """One object. Raises DirectoryError: ``absent`` where there is none, or none that we may see."""
        found = self.search(dn, "(objectClass=*)", attributes, scope="base")
        if not found:
            raise DirectoryError(absent("noSuchObject"))
        return found[0]

    def search(
        self, base: str, where: str, attributes: Iterable[str], *, scope: str = "subtree", sids: bool = False
    ) -> list[Found]:
        """All objects below *base* that fit the filter, page by page, with these attributes.

        :param scope: ``base``, ``one`` (its children) or ``subtree``.
        :param sids: distinguished names come with SIDs (LDAP_SERVER_EXTENDED_DN_OID, [MS-ADTS] 3.1.1.3.4.1.5).
        :raises DirectoryError: also where *base* is in no partition of this domain controller: the library passes over
            the referral that it would answer, and an empty list would look like knowledge.
        """
        if not self.holds(base):
            detail = f"{self.host} does not hold {base} and refers to another domain controller"
            raise DirectoryError(unreachable(detail, "Name a domain controller of that domain."))
        self._client.set_extended_dn(0 if sids else None)
        return self._search(base, {"base": 0, "one": 1, "subtree": 2}[scope], where, attributes)

    def _search(self, base: str, scope: int, where: str, attributes: Iterable[str]) -> list[Found]:
        wanted = list(attributes)
        self._client.set_raw_attributes(wanted)
        if self._silent:
            raise self._silent
        try:
            with _explained(self.host):
                pages = self._connection.paged_search(base, scope, where, wanted, timeout=self._timeout, page_size=PAGE)
                found = [_found(entry) for entry in pages]
                while (number := pages.acquire_next_page()) is not None:
                    pages = self._connection.answer(number, self._timeout)
                    found += [_found(entry) for entry in pages]
        except DirectoryError as error:
            if error.absence.reason is Reason.UNREACHABLE:
                self._silent = error  # nobody waits for it a second time
            raise
        return found


class Connection(Protocol):
    """What is used of the library's connection."""

    def paged_search(
        self, base: str, scope: int, filter_exp: str, attrlist: list[str], *, timeout: float, page_size: int
    ) -> Any:
        """The first page."""

    def answer(self, number: int, timeout: float) -> Any:
        """A further one."""

    def close(self) -> None:
        """The end."""


def _found(entry: Mapping[str, Any]) -> Found:
    values = {name.casefold(): list(value) for name, value in entry.items() if name.casefold() != "dn"}
    return Found(str(entry["dn"]), values)


@contextlib.contextmanager
def connected(url: str, login: Login) -> Iterator[Directory]:
    """Bind to a domain controller, ``ldaps://HOST`` or ``ldap://HOST``, until the block is left.

    :raises DirectoryError: where it cannot be reached, is not trusted, or refuses us.
    :raises DesignError: where comgmt.toml does not say enough, or asks for what would show a password.
    """
    scheme, host, port = address(url)
    _complete(login)
    sealed = login.authentication == "kerberos" and scheme == "ldap" and CAN_SEAL
    start_tls = scheme == "ldap" and not sealed
    client = _client(f"{scheme}://{_bracketed(host)}:{port}", login, sealed=sealed, start_tls=start_tls)
    reach(host, port, login, start_tls=start_tls, tls=not sealed)
    with _explained(host, login):
        connection = client.connect(is_async=True, timeout=login.timeout)
    with contextlib.closing(connection):
        yield Directory(client, connection, host, login.timeout)


def address(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of ``ldaps://DC`` or ``ldap://DC``. Raises DesignError where it is neither."""
    try:
        parts = urlsplit(url if "://" in url else f"ldaps://{url}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        shown = url.rpartition("@")[2]  # what stands before it may be a password
        raise DesignError(f"connect.directory.server is not an address of a domain controller: {shown}", _ENCRYPT)
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _complete(login: Login) -> None:
    """A simple bind without a password is an anonymous one that succeeds (RFC 4513, section 5.1.2)."""
    if login.authentication == "simple" and not (login.user and login.password):
        raise DesignError(
            "a simple bind needs an account and its password",
            "Set connect.directory.user and connect.directory.password.",
        )


def _client(url: str, login: Login, *, sealed: bool, start_tls: bool) -> LDAPClient:
    try:
        import bonsai
    except ImportError:
        raise DirectoryError(MISSING) from None
    client = bonsai.LDAPClient(url, tls=start_tls)
    client.set_async_connection_class(_waiting_connection())
    client.set_cert_policy("demand")
    if login.ca_file:
        client.set_ca_cert(login.ca_file)
    client.set_sd_flags(OWNER_GROUP_DACL)
    client.set_auto_page_acquire(False)
    if login.authentication == "simple":
        client.set_credentials("SIMPLE", login.user, login.password)
        return client
    # Sealing or TLS: a domain controller refuses both at once ([MS-ADTS] 5.1.2.2), and we go without neither.
    client.set_sasl_security_properties(min_ssf=SEALED if sealed else 0, max_ssf=None if sealed else 0)
    name, _, realm = login.user.partition("@")
    if login.password:
        client.set_credentials("GSSAPI", name, login.password, realm.upper() or None)
    else:
        client.set_credentials("GSSAPI")
    return client


@functools.cache
def _waiting_connection() -> type[BaseLDAPConnection]:
    """A connection that waits for each answer, and no longer than it may.

    bonsai's own blocking one ends the process where a page of a search comes too late (1.5.5: the timeout branch of
    ``LDAPConnection_Result`` takes the search for a modification).
    """
    import bonsai
    from bonsai.ldapconnection import BaseLDAPConnection

    class Waiting(BaseLDAPConnection):
        def __init__(self, client: LDAPClient) -> None:
            super().__init__(client, is_async=True)

        def _evaluate(self, msg_id: int, timeout: float | None = None) -> Any:
            return self.answer(msg_id, timeout or 0)

        def answer(self, number: int, timeout: float) -> Any:
            deadline = time.monotonic() + timeout
            while (result := self.get_result(number)) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise bonsai.TimeoutError(f"no answer within {timeout:g} s")
                # TLS may hold decrypted bytes of which the socket knows nothing, so it is not trusted for long.
                select.select([self.fileno()], [], [], min(left, _GLANCE))
            return result

    return Waiting


def reach(host: str, port: int, login: Login, *, start_tls: bool, tls: bool) -> None:
    """Try the way to the server, before anything is said about who we are.

    The LDAP library says of every broken connection that it cannot contact the server, and waits for ever for a TLS
    handshake; this says which step fails, and ends in time. The library verifies the certificate by itself again.

    :raises DirectoryError: it does not answer, offers no StartTLS, or shows a certificate that is not trusted.
    :raises DesignError: the CA file cannot be used.
    """
    context = _trust(login.ca_file) if tls else None
    place, cure = f"{host}:{port}", _REACH.format(port=port)
    try:
        with socket.create_connection((host, port), login.timeout) as connection:
            if context:
                _try_tls(connection, context, host, start_tls=start_tls)
    except TimeoutError:
        raise DirectoryError(unreachable(f"{place} does not answer within {login.timeout:g} s", cure)) from None
    except OSError as error:
        raise DirectoryError(unreachable(f"{place} cannot be reached: {error.strerror or error}", cure)) from None


def _try_tls(connection: socket.socket, context: ssl.SSLContext, host: str, *, start_tls: bool) -> None:
    try:
        if start_tls:
            _start_tls(connection, host)
        context.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        detail = f"the certificate of {host} is not trusted: {error.verify_message}"
        raise DirectoryError(unreachable(detail, _TRUST)) from None
    except (ssl.SSLError, ConnectionError) as error:
        detail = f"{host} does not speak TLS, and no password is sent without: {error.strerror or error}"
        raise DirectoryError(unreachable(detail, _NO_TLS)) from None


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise DesignError(
            f"connect.directory.ca_file: {ca_file} cannot be used: {error.strerror or error}",
            "Name a file of certificates in PEM.",
        ) from None
    # Roots of AD CS lack what Python 3.13 demands by default beyond RFC 5280's path validation.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _start_tls(connection: socket.socket, host: str) -> None:
    """Ask for TLS: the answer's result code is an ENUMERATED, 0 for success (RFC 4511, section 4.1.9)."""
    connection.sendall(_START_TLS)
    result = re.search(rb"\x0a\x01(.)", connection.recv(4096), re.DOTALL)
    if not result or result[1] != b"\x00":
        detail = f"{host} offers no StartTLS, and no password is sent without TLS"
        raise DirectoryError(unreachable(detail, _NO_TLS))


@contextlib.contextmanager
def _explained(host: str, login: Login | None = None) -> Iterator[None]:
    """Turn the library's errors into ours."""
    import bonsai

    try:
        yield
    except bonsai.LDAPError as error:
        raise DirectoryError(explain(error, host, login)) from None


def explain(error: Exception, host: str, login: Login | None = None) -> Absence:
    """Why the directory did not answer, by the result code (RFC 4511, appendix A; below zero: OpenLDAP's own)."""
    code = getattr(error, "code", 0)
    said = quoted(str(error.args[0]) if error.args else type(error).__name__)
    kerberos = next((meaning for sign, meaning in _KERBEROS.items() if sign in said), None)
    if kerberos:
        return refused(f"{host}: {kerberos[0]} ({said})", kerberos[1])
    if code == 49:
        return _not_admitted(said, host, login)
    status = code if code > 0 else None
    if code == 8:
        return refused(f"{host} asks for encryption or signing (strongerAuthRequired): {said}", _ENCRYPT, status)
    if code == 32:
        return absent("noSuchObject")
    if code in {4, 11}:
        limits = "Raise the limits of the account or of the domain controller's query policy (MaxPageSize)."
        return refused(f"{host} gave part of the answer only (sizeLimitExceeded): {said}", limits, status)
    if code == 10:
        return unreachable(f"{host} refers to another domain controller: {said}", "Name that one.", status)
    if code in {50, 53}:
        return refused(f"{host} refuses: {said}", _READER, status)
    if code in {3, 51, 52, 85, 81} or code < 0:
        return unreachable(f"{host}: {said}", "Try again, or name another domain controller.", status)
    return unreadable(f"{host}: {said} (LDAP result {code})", "Please report it.", status)


def _not_admitted(said: str, host: str, login: Login | None) -> Absence:
    found = re.search(r"data ([0-9a-f]{3,})\b", said)
    why, cure = _SUBCODES.get(found[1] if found else "", (said, "Check connect.directory.user and password."))
    if "80090346" in said:
        why = "it asks for channel binding (LdapEnforceChannelBinding), which this bind does not carry"
        cure = "Use ldap://DC with kerberos, which is sealed instead."
    who = f" as {login.user}" if login and login.user else ""
    return refused(f"{host} does not let us in{who}: {why}", cure, 49)


def text(value: bytes) -> str:
    """A value as text. Raises ValueError where it is not UTF-8, as all text in LDAP is (RFC 4517)."""
    return value.decode("utf-8")


def escaped(value: str | bytes) -> str:
    """A value as it stands in a filter (RFC 4515, section 3)."""
    if isinstance(value, bytes):
        return "".join(f"\\{byte:02x}" for byte in value)
    return re.sub(r"[\\*()\x00]", lambda found: f"\\{ord(found[0]):02x}", value)
