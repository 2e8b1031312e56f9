"""All of Contoso as real servers at once, and the folder with the comgmt.toml that leads a live scan to them."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from comgmt_audit import design as designs
from comgmt_audit.recording import RecordingWriter
from tests.lab import certificates, hosts, logs, pki, real_files
from tests.lab.certificates import Cer, Pfx
from tests.lab.estate import Estate
from tests.lab.names import NOW
from tests.lab.servers import active_directory, admin_service, bind, cloud, entra, faulty, ocsp, smb, web
from tests.lab.servers.cloud_faults import Fault
from tests.lab.servers.faulty import Failure
from tests.lab.servers.process import Endpoint

T = TypeVar("T")
PFX_PASSWORD = "Opens-the-lab-1"
SECRET_VARIABLES = {
    "LAB_SECRET": entra.SECRET,
    "LAB_LOG_PASSWORD": smb.PASSWORD,
    "LAB_PFX_PASSWORD": PFX_PASSWORD,
}
"""What comgmt.toml names as ``env:…``; the passwords of a lab are no secrets."""


_PUBLISHERS = ("root", "issuing", "public-root", "public-issuing")
"""The CAs whose certificates say where a revocation list is."""


class Servers(Struct, frozen=True, kw_only=True):
    """Where every server is."""

    directory: active_directory.Address
    site: admin_service.Address
    sign_in: entra.Address
    cloud: cloud.Address
    dns: bind.Address
    web: web.Address
    share: smb.Address
    ocsp: ocsp.Address

    def addresses(self, vantage: str = "inside") -> dict[str, str]:
        """For ``connect.web.addresses``: every name of the estate, reached on this machine as from that vantage."""
        publisher: Endpoint = getattr(self.web, vantage)
        names = self.cloud.estate.names
        found = {
            f"{names.inside_resolver}:53": self.dns.inside,
            f"{names.outside_resolver}:53": self.dns.outside,
            # Of the public CA nothing is published, which is then said at once: no question leaves this machine.
            **{f"{urlsplit(pki.crl_url(names, role)).netloc}:80": publisher for role in _PUBLISHERS},
            f"{urlsplit(pki.RESPONDER).netloc}:80": self.ocsp.endpoint,
            f"{names.gateway_service}:443": self.web.gateway,
            f"{names.distribution_service}:443": self.web.distribution_point,
            f"{names.management_point.lower()}:443": self.web.management_point,
            f"{names.site_server.partition('.')[0]}:445": self.share.endpoint,
        }
        return {
            name: _at(endpoint) for name, endpoint in found.items() if not name.startswith(":")
        } | self.site.addresses


class Live(Struct, frozen=True, kw_only=True):
    """A running estate."""

    estate: Estate
    servers: Servers
    comgmt_toml: Path
    outside_toml: Path
    """The same for a computer on the internet: revocation lists lie on the servers that it reaches."""
    environment: dict[str, str]
    """What the shell of a scan must have set."""


def missing() -> str:
    """Why the estate cannot run here, or nothing where it can."""
    found = [module.missing() for module in (active_directory, admin_service, cloud, bind, web, smb, real_files)]
    return "; ".join(dict.fromkeys(why for why in found if why))


@contextlib.contextmanager
def running(
    estate: Estate,
    folder: Path,
    *,
    faults: Collection[Fault] = (),
    failures: Mapping[str, Collection[Failure]] = MappingProxyType({}),
    sign_in: str = "client-secret",
) -> Iterator[Live]:
    """Every server of the estate, started side by side, until the block is left; all files are in *folder*.

    *faults* are those of the cloud, *failures* of ``adminservice``, ``web`` and ``dns``.
    *sign_in* is that of comgmt.toml: an application by ``client-secret``, or a user by ``device-code``.
    """
    with ExitStack() as stack:
        servers = _failing(_started(estate, folder, faults, failures, stack), failures, stack)
        evidence = _evidence(estate, _new(folder / "collected"))
        environment = servers.directory.sign_in(folder / "tickets") | SECRET_VARIABLES
        # The lab's certificates, logs and times are dated by the recording's clock, and so must the scan be.
        environment["SOURCE_DATE_EPOCH"] = str(int(NOW.timestamp()))
        tomls = {"inside": folder / "comgmt.toml", "outside": folder / "outside.toml"}
        connect = _connect(servers, evidence, folder)
        connect["cloud"] |= {"sign_in": sign_in}
        for vantage, toml in tomls.items():
            web = {"web": {"addresses": servers.addresses(vantage)}}
            toml.write_text(comgmt_toml(estate.design | {"connect": connect | web}), encoding="utf-8")
        yield Live(
            estate=estate,
            servers=servers,
            comgmt_toml=tomls["inside"],
            outside_toml=tomls["outside"],
            environment=environment,
        )


def _failing(servers: Servers, failures: Mapping[str, Collection[Failure]], stack: ExitStack) -> Servers:
    """The servers behind what goes wrong on the way to them."""

    def through(endpoint: Endpoint, name: str, *, http: bool = False) -> Endpoint:
        return stack.enter_context(faulty.connections(endpoint, failures.get(name, ()), http=http))

    def resolver(endpoint: Endpoint) -> Endpoint:
        return stack.enter_context(faulty.resolver(endpoint, failures.get("dns", ())))

    published = ("inside", "outside")
    responder = through(servers.ocsp.endpoint, "web", http=True)
    web_endpoints = {
        name: through(getattr(servers.web, name), "web", http=name in published)
        for name in servers.web.__struct_fields__
    }
    return replace(
        servers,
        site=replace(servers.site, endpoint=through(servers.site.endpoint, "adminservice")),
        web=replace(servers.web, **web_endpoints),
        ocsp=replace(servers.ocsp, endpoint=responder),
        dns=replace(servers.dns, inside=resolver(servers.dns.inside), outside=resolver(servers.dns.outside)),
    )


def _started(
    estate: Estate,
    folder: Path,
    faults: Collection[Fault],
    failures: Mapping[str, Collection[Failure]],
    stack: ExitStack,
) -> Servers:
    """All servers; where one does not come up, those that did are stopped by the stack before the error is raised."""
    places = {name: _new(folder / name) for name in Servers.__struct_fields__}

    def site_after_directory() -> tuple[active_directory.Address, admin_service.Address]:
        directory = stack.enter_context(active_directory.running(estate, places["directory"]))
        keytab = directory.export_keytab(f"HTTP/{estate.names.site_server}", places["site"] / "keytab")
        own = failures.get("adminservice", ())
        site = stack.enter_context(admin_service.running(estate, places["site"], keytab=keytab, failures=own))
        return directory, site

    def entered(server: AbstractContextManager[T]) -> Callable[[], T]:
        return lambda: stack.enter_context(server)

    content = designs.from_mapping(estate.design, "the lab's design").distribution_point.wanted
    web_servers = web.running(
        estate,
        places["web"],
        gateway=web.of(estate, "gateway"),
        management_point=web.of(estate, "management_point"),
        distribution_point=web.of(estate, "distribution_point") if content else None,
    )
    # Leaving this block, by an error or Ctrl-C as well, waits until every server is up or not: the stack then knows all
    # that there is to stop.
    with ThreadPoolExecutor(max_workers=6) as pool:
        both = pool.submit(site_after_directory)
        others: dict[str, Future[Any]] = {
            "sign_in": pool.submit(entered(entra.running(estate, places["sign_in"]))),
            "cloud": pool.submit(entered(cloud.running(estate, places["cloud"], faults=faults))),
            "dns": pool.submit(entered(bind.running(estate, places["dns"]))),
            "web": pool.submit(entered(web_servers)),
            "share": pool.submit(entered(smb.running(estate, places["share"]))),
            "ocsp": pool.submit(entered(ocsp.running(estate))),
        }
        directory, site = both.result()
        found = {name: future.result() for name, future in others.items()}
    return Servers(directory=directory, site=site, **found)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _at(endpoint: Endpoint) -> str:
    return f"{endpoint.host}:{endpoint.port}"


# The evidence that an administrator collects


class _Kept:
    """Takes the logs that the estate records: server, name, content."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []

    def text(self, _: str, content: str, *, request: str, **__: Any) -> None:
        name, _, server = request.partition(" of ")
        self.texts.append((server, name, content))


def _evidence(estate: Estate, folder: Path) -> dict[str, Any]:
    """Host evidence, logs, certificate files and those of the CMG, and what ``[connect.files]`` says of them."""
    files = _new(folder / "certificates")
    _certificate_files(estate, files)
    computers = _new(folder / "hosts")
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    for host, content in hosts.collections(estate, hashes).items():
        (computers / f"{host}.json").write_bytes(content)
    uploaded = _new(folder / "gateway")
    roles = estate.certificates.uploaded
    for role in roles:
        (uploaded / certificates.UPLOADED.format(role)).write_bytes(pki.der(estate, role))
    return {
        **_management_certificates(estate, folder / "management.txt"),
        "gateway_certificates": [str(uploaded / certificates.UPLOADED.format(role)) for role in roles],
        "hosts": [str(computers)],
        "certificates": [str(files)],
        "certificate_password": "env:LAB_PFX_PASSWORD",
        "logs": _log_folders(estate, _new(folder / "logs")),
    }


def _management_certificates(estate: Estate, file: Path) -> dict[str, list[str]]:
    """What the portal of a classic subscription shows."""
    if estate.design["gateway"].get("deployment") != "classic":
        return {}
    thumbprints = [one or pki.thumbprint(estate, "management") for one in estate.azure.management_certificates]
    file.write_text("\n".join(thumbprints), encoding="utf-8")
    return {"management_certificates": [str(file)]}


def _log_folders(estate: Estate, folder: Path) -> dict[str, str]:
    """The logs of every computer but the site server, whose share has its own."""
    kept = _Kept()
    logs.record(estate, cast("RecordingWriter", kept))
    found = {}
    for server, name, content in kept.texts:
        if server != estate.names.site_server:
            place = folder / server
            place.mkdir(exist_ok=True)
            (place / name).write_bytes(content.encode())
            found[server] = str(place)
    return found


def _certificate_files(estate: Estate, folder: Path) -> None:
    for name, file in certificates.files(estate).items():
        if isinstance(file, Pfx):
            real_files.pfx(estate, name, file, PFX_PASSWORD, folder)
        else:
            _cer(estate, name, file, folder)
    for scratch in ("leaf.pem", "chain.pem"):
        (folder / scratch).unlink(missing_ok=True)


def _cer(estate: Estate, name: str, file: Cer, folder: Path) -> None:
    pem = file.encoding == "PEM"
    (folder / name).write_bytes(pki.pem(estate, file.role).encode() if pem else pki.der(estate, file.role))


# comgmt.toml


def _connect(servers: Servers, evidence: dict[str, Any], folder: Path) -> dict[str, dict[str, Any]]:
    names, share = servers.cloud.estate.names, servers.share
    trusted = folder / "cloud-ca.pem"
    trusted.write_bytes(b"".join(one.ca_file.read_bytes() for one in (servers.cloud, servers.sign_in)))
    site_logs = f"\\\\{names.site_server.partition('.')[0]}\\{share.share}\\Logs"
    return {
        "cloud": {
            "tenant_id": servers.sign_in.tenant_id,
            "client_id": servers.sign_in.client_id,
            "secret": "env:LAB_SECRET",
            "authority": servers.sign_in.authority,
            "graph_root": servers.cloud.graph_root,
            "arm_root": servers.cloud.arm_root,
            "ca_file": str(trusted),
        },
        "admin_service": {"ca_file": str(servers.site.ca_file)},
        "directory": {"server": servers.directory.ldap, "authentication": "kerberos"},
        "files": {
            **evidence,
            "logs": {names.site_server: site_logs, **evidence["logs"]},
            "log_user": f"{share.domain}\\{share.user}",
            "log_password": "env:LAB_LOG_PASSWORD",
        },
    }


def comgmt_toml(tables: dict[str, Any]) -> str:
    """What ``tomllib`` reads again as these tables."""
    sections = {name: value for name, value in tables.items() if isinstance(value, dict)}
    sections |= {f"connect.{name}": keys for name, keys in sections.pop("connect").items()}
    lines = toml_keys({name: value for name, value in tables.items() if not isinstance(value, dict)})
    for name, keys in sections.items():
        lines += ["", f"[{name}]", *toml_keys(keys)]
    return "\n".join([*lines, ""])


def toml_keys(table: dict[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in table.items()]


def _value(value: Any) -> str:
    """A JSON string, number, truth value or list is TOML as well; a table is not."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_value(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
