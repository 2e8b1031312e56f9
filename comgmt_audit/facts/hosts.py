"""Evidence that was collected on Windows computers: certificate stores, Group Policy results, join state, registry.

The design names the computers that matter. Each fact answers for one host at a time and raises where that host's
evidence is missing, so that the others are still judged.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Self, TypeVar

from msgspec import Struct, field, structs

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts import certutil, dsregcmd, gpresult
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.x509 import Certificate, certificates
from comgmt_audit.model import Evidence

T = TypeVar("T")

COLLECT = (
    "Run the script of `comgmt-audit collect-script` on that computer, elevated, and name its file in "
    "connect.files.hosts; or let record run it by WinRM (connect.hosts.winrm)."
)
PERSONAL, TRUSTED_ROOTS, INTERMEDIATES = "My", "Root", "CA"
"""Names of certificate stores of the local computer."""


class StoredCertificate(Struct, frozen=True, kw_only=True):
    """A certificate in a store of the local computer.

    ``certificate`` is ``None`` where only a text listing was collected; ``has_key`` and ``exportable`` are ``None``
    where the collector could not tell, for one because it did not run elevated. ``thumbprint`` is upper-case SHA-1.
    """

    host: str
    store: str
    thumbprint: str
    subject: str
    friendly_name: str
    provider: str
    has_key: bool | None
    exportable: bool | None
    certificate: Certificate | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its subject (or first name) and thumbprint, and the computer."""
        name = self.friendly_name or self.subject or next(iter(self.names), "")
        return f"{name or 'certificate'} ({self.thumbprint[:8]}) on {self.host}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it can serve; of a text listing, the common names only."""
        if self.certificate:
            return self.certificate.names
        return tuple(found.strip() for found in re.findall(r"(?:^|,\s*)CN=([^,]+)", self.subject))

    def serves(self, usage: str, now: dt.datetime) -> bool | None:
        """Can this computer use it so today: usage, validity and private key? ``None``: something is not known."""
        certificate = self.certificate
        if self.has_key is False:
            return False
        if certificate is None:
            return None
        if not certificate.allows(usage) or not certificate.not_before <= now <= certificate.not_after:
            return False
        return self.has_key


class CertificateStores(Struct, frozen=True, kw_only=True):
    """The certificate stores of one computer; a store that was not collected is not among them."""

    host: str
    stores: dict[str, tuple[StoredCertificate, ...]]
    evidence: Evidence

    @property
    def label(self) -> str:
        """The computer's name."""
        return self.host

    def store(self, name: str) -> tuple[StoredCertificate, ...]:
        """The certificates of a store. Raises NotRecorded where it was not collected."""
        if name not in self.stores:
            raise NotRecorded(f"the store {name} of {self.host} was not collected", COLLECT, self.evidence.observation)
        return self.stores[name]

    def readable(self, name: str) -> tuple[Certificate, ...]:
        """Those of a store whose bytes were collected, for chains and trust. Raises NotRecorded."""
        return tuple(stored.certificate for stored in self.store(name) if stored.certificate)


class Hosts(Struct, frozen=True):
    """What was collected, by computer in lower case; a failure in place of what could not be read."""

    needs: ClassVar[tuple[str, ...]] = ("host/",)
    found: dict[str, Any]

    def _of(self, host: str, what: str) -> Any:
        if not host:
            raise NotRecorded(
                f"the design does not name the computer whose {what} would show it",
                "Name the site's servers in comgmt.toml, section [site].",
            )
        found = self.found.get(host.casefold())
        if found is None:
            raise NotRecorded(f"the recording has no {what} of {host}", COLLECT, f"host/{host.casefold()}")
        if isinstance(found, FactUnavailable):
            raise found
        return found


class HostCertificates(Hosts, frozen=True):
    """The certificate stores of the computers whose evidence was collected."""

    def of(self, host: str) -> CertificateStores:
        """The stores of one computer. Raises FactUnavailable."""
        stores: CertificateStores = self._of(host, "certificate stores")
        return stores

    @property
    def every(self) -> tuple[CertificateStores, ...]:
        """The stores of every computer that could be read."""
        return tuple(stores for stores in self.found.values() if isinstance(stores, CertificateStores))

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """What the collector wrote; where it did not run, what ``certutil -store My`` listed."""
        listings = collected(environment, "certutil-my", _from_listing)
        return cls(listings | collected(environment, "certificates", _from_collector))


class GroupPolicyResults(Hosts, frozen=True):
    """The groups that the computers' logon tokens hold."""

    def of(self, host: str) -> gpresult.ComputerPolicy:
        """Those of one computer. Raises FactUnavailable."""
        policy: gpresult.ComputerPolicy = self._of(host, "gpresult output")
        return policy

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The output of gpresult, text or XML."""
        return cls(collected(environment, "gpresult", _policy))


class JoinStates(Hosts, frozen=True):
    """How the computers are joined to the domain and to Entra ID."""

    def of(self, host: str) -> dsregcmd.JoinState:
        """The state of one computer. Raises FactUnavailable."""
        state: dsregcmd.JoinState = self._of(host, "dsregcmd output")
        return state

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """The output of dsregcmd."""
        return cls(collected(environment, "dsregcmd", _join_state))


class Registry(Struct, frozen=True):
    """Values of one computer's registry, by key and name in lower case; only the keys that the collector reads."""

    keys: dict[str, dict[str, int | str]]

    def value(self, key: str, name: str) -> int | str | None:
        """A value such as ``HKLM\\SOFTWARE\\Policies\\…``; ``None`` where it was not there."""
        return self.keys.get(key.casefold(), {}).get(name.casefold())


class HostRegistry(Hosts, frozen=True):
    """The registry values of the computers whose evidence was collected."""

    def of(self, host: str) -> Registry:
        """Those of one computer. Raises FactUnavailable."""
        registry: Registry = self._of(host, "registry values")
        return registry

    @classmethod
    def read(cls, environment: Environment) -> Self:
        """What the collector wrote."""
        return cls(collected(environment, "registry", _registry))


def place(host: str, what: str, pointer: str = "") -> Evidence:
    """Where a computer's evidence lies in the recording."""
    return Evidence(f"host/{host.casefold()}/{what}", pointer)


def collected(environment: Environment, what: str, read: Callable[[Environment, str], T]) -> dict[str, Any]:
    """One kind of evidence of every computer: what was read, or the failure that stands for it."""
    found: dict[str, Any] = {}
    for id in environment.recording.ids("host/"):
        if id.endswith(f"/{what}"):
            try:
                found[host_of(id)] = read(environment, id)
            except FactUnavailable as error:
                found[host_of(id)] = error
    return found


def host_of(id: str) -> str:
    """The computer of an observation ``host/<computer>/<what>``."""
    return id.split("/")[1].casefold()


def _policy(environment: Environment, id: str) -> gpresult.ComputerPolicy:
    try:
        return gpresult.parse(environment.recording.text(id))
    except gpresult.NotCollected as error:
        raise Unreadable(f"gpresult of {host_of(id)}: {error}", gpresult.CURE, id) from None


def _join_state(environment: Environment, id: str) -> dsregcmd.JoinState:
    try:
        state = dsregcmd.parse(environment.recording.text(id))
    except dsregcmd.NotJoinStatus as error:
        cure = "On that computer run `dsregcmd /status > dsregcmd.txt`, and record again."
        raise Unreadable(f"dsregcmd of {host_of(id)}: {error}", cure, id) from None
    remote = environment.recording.answered(id).about.get("collected") == "winrm"
    return structs.replace(state, by_user=not remote)


def _registry(environment: Environment, id: str) -> Registry:
    raw = environment.recording.json(id, dict[str, dict[str, int | str]])
    return Registry(
        {key.casefold(): {name.casefold(): value for name, value in values.items()} for key, values in raw.items()}
    )


class _RawStored(Struct, frozen=True, rename="camel"):
    thumbprint: str
    subject: str = ""
    friendly_name: str | None = None
    provider: str | None = None
    has_private_key: bool | None = None
    exportable: bool | None = None
    pem: str = ""


class _RawStore(Struct, frozen=True):
    store: str
    certificates: tuple[_RawStored, ...]


class _RawStores(Struct, frozen=True):
    stores: tuple[_RawStore, ...] = field(default=())


def _from_collector(environment: Environment, id: str) -> CertificateStores:
    raw = environment.recording.json(id, _RawStores)
    host = host_of(id)
    return CertificateStores(
        host=host,
        stores={store.store: tuple(_stored(store, number, id, host)) for number, store in enumerate(raw.stores)},
        evidence=Evidence(id),
    )


def _stored(store: _RawStore, store_number: int, id: str, host: str) -> Iterator[StoredCertificate]:
    for number, raw in enumerate(store.certificates):
        seen = Evidence(id, f"/stores/{store_number}/certificates/{number}")
        yield StoredCertificate(
            host=host,
            store=store.store,
            thumbprint=raw.thumbprint.upper(),
            subject=raw.subject,
            friendly_name=raw.friendly_name or "",
            provider=raw.provider or "",
            has_key=raw.has_private_key,
            exportable=raw.exportable,
            certificate=_certificate(raw, seen, host),
            evidence=seen,
        )


def _certificate(raw: _RawStored, seen: Evidence, host: str) -> Certificate | None:
    found = certificates(raw.pem.encode(), seen.observation)
    if not found:
        return None
    if len(found) > 1 or found[0].thumbprint != raw.thumbprint.upper():
        raise Unreadable(
            f"{seen.pointer}: the certificate is not the one whose thumbprint stands beside it",
            "Collect the evidence of that computer again.",
            seen.observation,
        )
    return structs.replace(found[0], evidence=seen, label=f"{found[0].label} on {host}")


def _from_listing(environment: Environment, id: str) -> CertificateStores:
    """The personal store as text: no usages, and dates in a format that depends on the language."""
    try:
        listed = certutil.parse(environment.recording.text(id))
    except certutil.NotListing as error:
        cure = "On that computer, elevated, run `certutil -store My > certutil-my.txt`, and record again."
        raise Unreadable(f"certutil of {host_of(id)}: {error}", cure, id) from None
    others = {one.store for one in listed} - {"", PERSONAL.lower()}
    listed = tuple(one for one in listed if one.store not in others)
    if others and not listed:
        raise Unreadable(
            f"certutil of {host_of(id)}: it lists the store {', '.join(sorted(others))}, and not {PERSONAL}",
            COLLECT,
            id,
        )
    host = host_of(id)
    return CertificateStores(host=host, stores={PERSONAL: tuple(_of_listing(listed, id, host))}, evidence=Evidence(id))


def _of_listing(listed: Iterable[certutil.Listed], id: str, host: str) -> Iterator[StoredCertificate]:
    for one in listed:
        yield StoredCertificate(
            host=host,
            store=PERSONAL,
            thumbprint=one.thumbprint,
            subject=one.subject,
            friendly_name="",
            provider=one.provider,
            has_key=one.has_key,
            exportable=one.exportable,
            certificate=None,
            evidence=Evidence(id, f"line {one.line}"),
        )
