"""Contoso's domain controller as a real Samba AD DC, filled from ``estate.directory``.

An empty domain takes five seconds to provision, so that is done once and kept as an archive; each use unpacks it into
the caller's folder, writes the estate's objects into its database, and starts it on a loopback address of its own
(a directory's ports are fixed: 389, 636 and 88). Clients know it by that address: no name has to resolve.

The archive lies in ``$XDG_CACHE_HOME/comgmt-audit-lab`` (``~/.cache``), named by Samba's version and by what it was
provisioned with; it may be removed at any time.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import functools
import hashlib
import ipaddress
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import Struct

from tests.lab import pki
from tests.lab import security_descriptor as sd
from tests.lab.directory import (
    NO_CERTIFICATE,
    Domain,
    base_dn,
    clients,
    connection_point_dn,
    domain_dn,
    keywords,
    searches,
    services_dn,
)
from tests.lab.estate import Estate
from tests.lab.names import Names
from tests.lab.servers import process
from tests.lab.servers.process import Endpoint, ServerError, accepts, loopback_address

READER = "scanner"
READER_PASSWORD = "Reads-and-nothing-else-1"
"""An account that is in no group but Domain Users."""
ADMINISTRATOR_PASSWORD = "Administers-the-lab-1"
HOST = "dc01"

_PYTHON = "/usr/bin/python3"
"""Samba's Python modules belong to the system's interpreter."""
_SCRIPT = Path(__file__).with_name("samba_directory.py")
_READER_RID = 1701
_FIRST_FREE_RID = 3000
"""Samba numbers what it makes itself from here, far from the estate's."""
_NORMAL_ACCOUNT, _WORKSTATION = 0x200, 0x1000
"""``userAccountControl`` ([MS-ADTS] 2.2.16)."""
_GLOBAL_GROUP = -0x7FFFFFFE
"""``groupType``: a security group of global scope ([MS-ADTS] 2.2.12)."""
_USER_ACCOUNT_CONTROL = UUID("bf967a68-0de6-11d0-a285-00aa003049e2")
"""``schemaIDGUID`` of the attribute ([MS-ADA3] 2.342)."""
_AUTHENTICATED_USERS = "S-1-5-11"
_READ_PROPERTY = 0x10
_UNREADABLE_DESCRIPTOR = {"nTSecurityDescriptor": sd.descriptor([sd.ace(_AUTHENTICATED_USERS, 0x94)], protected=True)}
"""Read all properties, and not the descriptor (READ_CONTROL, [MS-ADTS] 5.1.3.2): it is simply missing in the answer."""
_HIDDEN_DESCRIPTOR = {"nTSecurityDescriptor": sd.descriptor([sd.ace("S-1-5-32-544", 0x94)], protected=True)}
"""Read for administrators alone: of the object the reader is shown its name."""
_PACKAGES = {
    "samba": "samba-ad-dc",
    "samba-tool": "samba",
    "kinit": "krb5-user",
}
_PROVISIONED = "/usr/share/samba/setup/provision.ldif"
_CONFIGURATION = """[global]
  netbios name = {host}
  realm = {realm}
  workgroup = {netbios}
  server role = active directory domain controller
  server services = ldap, kdc
  interfaces = {address}/8
  bind interfaces only = yes
  disable netbios = yes
  load printers = no
  ldap server require strong auth = yes
  tls enabled = {tls}
  tls certfile = dc.pem
  tls keyfile = dc.key
  tls cafile =
  private dir = {folder}/private
  state directory = {folder}/state
  cache directory = {folder}/cache
  lock directory = {folder}/lock
  pid directory = {folder}/lock
  ncalrpc dir = {folder}/ncalrpc
  binddns dir = {folder}/bind-dns
[sysvol]
  path = {folder}/state/sysvol
  read only = no
[netlogon]
  path = {folder}/state/sysvol/{domain}/scripts
  read only = no
"""
"""A server is given relative paths: the names of its Unix sockets must be short, and the folder may lie deep."""


class Address(Struct, frozen=True, kw_only=True):
    """A running domain controller, and who may bind to it."""

    host: str
    domain: str
    folder: Path
    ca_file: Path
    """The root of the certificate that it shows (LDAPS, StartTLS) for the names ``dns_name`` and ``host``."""
    krb5_conf: Path
    """For ``KRB5_CONFIG``: the realm with this KDC; service principals are ``ldap/<host>``, nothing is resolved."""
    reader: str
    password: str
    administrator: str
    administrator_password: str

    @property
    def realm(self) -> str:
        """The Kerberos realm."""
        return self.domain.upper()

    @property
    def dns_name(self) -> str:
        """What the domain controller calls itself."""
        return f"{HOST}.{self.domain}"

    @property
    def ldap(self) -> str:
        """The address for StartTLS, and for Kerberos with sealing."""
        return f"ldap://{self.host}"

    @property
    def ldaps(self) -> str:
        """The address for LDAP over TLS."""
        return f"ldaps://{self.host}"

    def export_keytab(self, principal: str, file: Path) -> Path:
        """Write the keys of a service principal such as ``HTTP/cm01.corp.contoso.com`` to a keytab.

        It must be the principal of an account: see *services* of :func:`running`.
        """
        _samba_python(self.folder, "keytab", f"{principal}@{self.realm}", str(file.absolute()))
        return file

    def sign_in(self, cache: Path, user: str = "", password: str = "") -> dict[str, str]:
        """Get a ticket as *user* (the reader) into a credential cache; returns the environment that uses it."""
        environment = {"KRB5_CONFIG": str(self.krb5_conf), "KRB5CCNAME": f"FILE:{cache}"}
        principal = user or self.reader.replace(f"@{self.domain}", f"@{self.realm}")
        _run(
            [process.program("kinit"), principal],
            cache.parent,
            input=f"{password or self.password}\n",
            environment=environment,
        )
        return environment


def missing() -> str:
    """Why no domain controller can run here, or nothing where one can."""
    if why := process.missing_programs(_PACKAGES):
        return why
    if not Path(_PROVISIONED).is_file():
        return "not installed: Samba's schema (Debian package samba-ad-provision)"
    if subprocess.run([_PYTHON, "-c", "import samba"], capture_output=True, check=False).returncode:
        return "not installed: Samba's Python modules (Debian package python3-samba)"
    return "" if _ports_are_free() else "the ports 389 and 88 of a directory can be opened by root only"


def _ports_are_free() -> bool:
    try:
        socket.create_server((loopback_address(), 389)).close()
    except PermissionError:
        return False
    return True


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    services: Iterable[str] = (),
    reader: str = "",
    tls: bool = True,
    host: str = "",
) -> Iterator[Address]:
    """The estate's domain controller, until the block is left.

    :param services: service principals such as ``HTTP/127.0.0.1`` that the site server's account shall have beside
        ``HTTP/<its name>``.
    :param reader: the reader's principal name, where another domain's name shall stand in it.
    :param tls: without it neither LDAPS nor StartTLS are offered.
    :param host: its address; one of its own where none is given.
    :raises ValueError: for an object that no real directory can hold.
    """
    names, host = estate.names, host or loopback_address()
    _unpack(names, folder)
    address = Address(
        host=host,
        domain=names.ad_domain,
        folder=folder,
        ca_file=folder / "ca.pem",
        krb5_conf=folder / "krb5.conf",
        reader=reader or f"{READER}@{names.ad_domain}",
        password=READER_PASSWORD,
        administrator=f"Administrator@{names.ad_domain}",
        administrator_password=ADMINISTRATOR_PASSWORD,
    )
    (folder / "smb.conf").write_text(_configuration(names, host, tls=tls), encoding="utf-8")
    address.krb5_conf.write_text(_kerberos(address), encoding="utf-8")
    _certify(address)
    (folder / "entries.json").write_text(json.dumps(_database_changes(estate, address, services)), encoding="utf-8")
    _samba_python(folder, "load", "entries.json")
    command = [process.program("samba"), "-s", "smb.conf", "-F", "--no-process-group", "-M", "single", "--debug-stdout"]
    ports = [389, 88, *([636] if tls else [])]
    with process.running(command, ready=lambda: _is_ready(host, ports), folder=folder):
        yield address


def _is_ready(host: str, ports: Iterable[int]) -> bool:
    """Samba opens a port when what is behind it can answer."""
    return all(accepts(Endpoint(host, port)) for port in ports)


def _configuration(names: Names, host: str, *, tls: bool, folder: Path = Path()) -> str:
    return _CONFIGURATION.format(
        folder=folder,
        host=HOST.upper(),
        realm=names.ad_domain.upper(),
        domain=names.ad_domain,
        netbios=names.netbios,
        address=host,
        tls="yes" if tls else "no",
    )


def _kerberos(address: Address) -> str:
    return f"""[libdefaults]
  default_realm = {address.realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
[realms]
  {address.realm} = {{
    kdc = {address.host}
  }}
[domain_realm]
  .{address.domain} = {address.realm}
  {address.domain} = {address.realm}
"""


# The archive of the empty domain


def _unpack(names: Names, folder: Path) -> None:
    _run(["tar", "-xzf", str(_archive(names))], folder)


def _archive(names: Names) -> Path:
    """The empty domain, provisioned now if nobody has yet; two at once wait for each other."""
    import fcntl  # which Windows lacks, as it lacks Samba

    arguments = [
        f"--realm={names.ad_domain.upper()}",
        f"--domain={names.netbios}",
        f"--domain-sid={names.domain_sid}",
        f"--host-name={HOST}",
        "--host-ip=127.0.0.1",
        "--server-role=dc",
        "--dns-backend=NONE",
        f"--next-rid={_FIRST_FREE_RID}",
        f"--adminpass={ADMINISTRATOR_PASSWORD}",
    ]
    inputs = "\n".join([_version(), _CONFIGURATION, *arguments])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "comgmt-audit-lab"
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{names.ad_domain}-{hashlib.sha256(inputs.encode()).hexdigest()[:16]}.tar.gz"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _provision(names, arguments, target)
    return target


@functools.cache
def _version() -> str:
    return _run([process.program("samba"), "--version"], Path.cwd())


def _provision(names: Names, arguments: list[str], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="comgmt-audit-lab-") as name:
        folder = Path(name)
        configuration = _configuration(names, "127.0.0.1", tls=False, folder=folder)
        (folder / "smb.conf").write_text(configuration, encoding="utf-8")
        for part in ("private", "state", "cache", "lock", "ncalrpc", "bind-dns"):
            (folder / part).mkdir()
        _run(
            [process.program("samba-tool"), "domain", "provision", f"--configfile={folder}/smb.conf", *arguments],
            folder,
        )
        unfinished = target.with_suffix(f".{os.getpid()}")
        _run(["tar", "-czf", str(unfinished), "."], folder)
        unfinished.replace(target)


def _samba_python(folder: Path, *arguments: str) -> None:
    _run([_PYTHON, str(_SCRIPT), *arguments], folder)


def _run(command: list[str], folder: Path, input: str = "", environment: dict[str, str] | None = None) -> str:
    """The output of a command. Raises ServerError with the end of what it said where it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        input=input,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(
            f"{' '.join(command[:3])} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
        )
    return done.stdout


# What the estate puts into it

Entry = tuple[str, dict[str, list[Any]]]
"""A distinguished name and the attributes of its object: text, numbers, or bytes."""


def _database_changes(estate: Estate, address: Address, services: Iterable[str]) -> dict[str, list[Any]]:
    if not estate.directory.forest_root:
        raise ValueError("a Samba domain is the root of its own forest")
    if any(template.descriptor for template in (estate.directory.web, estate.directory.client)):
        raise ValueError("a domain controller keeps well-formed security descriptors only")
    found = {name: search.objects for name, search in searches(estate).items()}
    changes = {
        "add": [*_principals(estate, found, address.reader), *_services(estate, found)],
        "extend": [*_memberships(estate, found), *_service_principals(estate, address.host, services)],
        "replace": [
            (entry["dn"], {"primaryGroupID": [entry["primaryGroupID"]]})
            for entry in (*found["computers"], *found["accounts"])
            if entry["primaryGroupID"] != _default_primary_group(entry)
        ],
    }
    return {
        kind: [
            (dn, {name: [_encoded(value) for value in values] for name, values in entry.items()}) for dn, entry in list
        ]
        for kind, list in changes.items()
    }


def _encoded(value: str | int | bytes) -> str:
    return base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode("ascii")


def _attributes(entry: dict[str, Any], kind: str, *without: str) -> dict[str, list[Any]]:
    """The recorded object as LDAP has it: every attribute with a list of values."""
    values = {name: value if isinstance(value, list) else [value] for name, value in entry.items()}
    if "objectSid" in entry:
        values["objectSid"] = [sd.sid(entry["objectSid"])]
    return {"objectClass": [kind], **{name: value for name, value in values.items() if name not in ("dn", *without)}}


def _principals(estate: Estate, found: dict[str, list[dict[str, Any]]], reader: str) -> Iterator[Entry]:
    """Computers, accounts and groups that an empty domain lacks."""
    names = estate.names
    yield f"OU=Servers,{base_dn(names)}", {"objectClass": ["organizationalUnit"]}
    known = {entry["dn"] for entry in found["computers"]}
    more = [entry for entry in clients(estate) if entry["dn"] not in known]
    for entry in (*found["computers"], *more):
        attributes = _attributes(entry, "computer", "userCertificateCount", "primaryGroupID")
        certificates = [pki.der(estate, role) for role in pki.ROLES[: entry.get("userCertificateCount", 0)]]
        attributes |= {"userCertificate": certificates} if certificates else {}
        password = _password(ADMINISTRATOR_PASSWORD)
        yield entry["dn"], {**attributes, "userAccountControl": [_WORKSTATION], "unicodePwd": [password]}
    for entry in found["accounts"]:
        if _is_new(entry):
            principal = f"{entry['sAMAccountName']}@{names.ad_domain}"
            yield entry["dn"], _account(_attributes(entry, "user", "primaryGroupID"), principal, ADMINISTRATOR_PASSWORD)
    own = {"sAMAccountName": READER, "objectSid": f"{names.domain_sid}-{_READER_RID}", "userAccountControl": 0x200}
    yield f"CN={READER},CN=Users,{base_dn(names)}", _account(_attributes(own, "user"), reader, READER_PASSWORD)
    for entry in found["groups"]:
        if _is_new(entry):
            yield entry["dn"], {**_attributes(entry, "group", "member"), "groupType": [_GLOBAL_GROUP]}


def _is_new(entry: dict[str, Any]) -> bool:
    """What every domain has is numbered below 1000, and so is what stands in the container Builtin."""
    return int(entry["objectSid"].rpartition("-")[2]) >= 1000


def _default_primary_group(entry: dict[str, Any]) -> int:
    return 515 if entry["sAMAccountName"].endswith("$") else 513


def _account(attributes: dict[str, list[Any]], principal: str, password: str) -> dict[str, list[Any]]:
    """Where the estate's reader is not shown ``userAccountControl``, an entry of its own forbids it."""
    attributes = {**attributes, "userPrincipalName": [principal], "unicodePwd": [_password(password)]}
    if "userAccountControl" in attributes:
        return attributes
    hidden = sd.ace(_AUTHENTICATED_USERS, _READ_PROPERTY, _USER_ACCOUNT_CONTROL, deny=True)
    descriptor = sd.descriptor([hidden, sd.ace(_AUTHENTICATED_USERS, sd.READ)], protected=True)
    return {**attributes, "userAccountControl": [_NORMAL_ACCOUNT], "nTSecurityDescriptor": [descriptor]}


def _password(text: str) -> bytes:
    """As ``unicodePwd`` takes it: in quotation marks, UTF-16 ([MS-ADTS] 3.1.1.3.1.5)."""
    return f'"{text}"'.encode("utf-16-le")


def _memberships(estate: Estate, found: dict[str, list[dict[str, Any]]]) -> Iterator[Entry]:
    """Members of the estate's own groups, and the named domain admin; a primary group must list its member at first."""
    own = {entry["dn"] for kind in ("computers", "accounts", "groups") for entry in found[kind] if _is_new(entry)}
    known = {dn.casefold() for dn in own}
    for entry in found["groups"]:
        members = [dn for dn in entry["member"] if dn.casefold() in known]
        if members and (_is_new(entry) or entry["sAMAccountName"] == "Domain Admins"):
            yield entry["dn"], {"member": members}
    for entry in (*found["computers"], *found["accounts"]):
        if entry["primaryGroupID"] != _default_primary_group(entry):
            yield f"<SID={estate.names.domain_sid}-{entry['primaryGroupID']}>", {"member": [entry["dn"]]}


def _service_principals(estate: Estate, host: str, services: Iterable[str]) -> Iterator[Entry]:
    """Of the domain controller: also by its address, so that Kerberos needs no name; of the site server: HTTP."""
    names = estate.names
    own = [f"ldap/{host}", f"HOST/{host}", f"ldap/{HOST}.{names.ad_domain}"]
    yield f"CN={HOST.upper()},OU=Domain Controllers,{base_dn(names)}", {"servicePrincipalName": own}
    short = names.site_server.partition(".")[0]
    principals = [f"HTTP/{names.site_server}", *services]
    yield f"CN={short},OU=Servers,{base_dn(names)}", {"servicePrincipalName": principals}


def _services(estate: Estate, found: dict[str, list[dict[str, Any]]]) -> Iterator[Entry]:
    """What AD CS and Entra Connect keep in the configuration partition."""
    names = estate.names
    for entry in found["certificate-templates"]:
        shown = _UNREADABLE_DESCRIPTOR | entry if "cn" in entry else _HIDDEN_DESCRIPTOR | entry
        yield entry["dn"], _attributes(shown, "pKICertificateTemplate")
    for entry in found["enrollment-services"]:
        yield entry["dn"], _attributes(entry, "pKIEnrollmentService")
    for entry in (*found["certification-authorities"], *found["aia"]):
        yield entry["dn"], _authority(entry["cACertificate"])
    yield f"CN=NTAuthCertificates,{services_dn(names)}", _authority([pki.der(estate, "issuing")])
    host = f"CN={names.ca_server.partition('.')[0]},CN=CDP,{services_dn(names)}"
    yield host, {"objectClass": ["container"]}
    for entry in found["revocation-lists"]:
        yield entry["dn"], _attributes(entry, "cRLDistributionPoint")
    for domain in estate.directory.other_domains:
        dn = f"CN={domain.name.split('.')[0].upper()},CN=Partitions,CN=Configuration,{base_dn(names)}"
        yield dn, _cross_reference(domain)
    if estate.directory.connection_point_exists:
        dn = connection_point_dn(names)
        yield dn.partition(",")[2], {"objectClass": ["container"]}
        yield dn, {"objectClass": ["serviceConnectionPoint"], "keywords": keywords(estate)}


def _authority(certificates: list[bytes]) -> dict[str, list[Any]]:
    """The class makes lists mandatory, so AD CS writes a zero byte where there is none."""
    empty = {"authorityRevocationList": [NO_CERTIFICATE], "certificateRevocationList": [NO_CERTIFICATE]}
    return {"objectClass": ["certificationAuthority"], "cACertificate": certificates, **empty}


def _cross_reference(domain: Domain) -> dict[str, list[Any]]:
    """A domain of the forest, by name ([MS-ADTS] 6.1.1.2.1.1.3); what is in it lies on its own domain controllers."""
    return {
        "objectClass": ["crossRef"],
        "nCName": [f"<SID={domain.sid}>;{domain_dn(domain.name)}"],
        "dnsRoot": [domain.name],
        "nETBIOSName": [domain.name.split(".")[0].upper()],
        "systemFlags": [3],
    }


# The certificate of the domain controller


def _certify(address: Address) -> None:
    """A root and a certificate under it. They are not of the estate, whose dates are those of its recording."""
    folder = address.folder / "private"  # where Samba looks for them
    root_key, key = pki.key("root"), pki.key("management-point")
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso Domain Controllers")])
    alternative = [x509.DNSName(address.dns_name), x509.IPAddress(ipaddress.ip_address(address.host))]
    builder = x509.CertificateBuilder(
        issuer_name=root_name,
        serial_number=1,
        not_valid_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        not_valid_after=dt.datetime(2049, 1, 1, tzinfo=dt.UTC),
    ).add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
    root = (
        builder.subject_name(root_name)
        .public_key(root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    own = (
        builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address.dns_name)]))
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    address.ca_file.write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "dc.pem").write_bytes(own.public_bytes(Encoding.PEM))
    secret = folder / "dc.key"
    secret.touch(mode=0o600)
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
