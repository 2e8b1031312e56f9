"""Devices as the directory and Entra ID know them, and which of them the pilot means (hybrid join, device by device).

Computers come from LDAP, devices from Graph (reference ``graph`` section 9), the pilot's members from the site.
They are matched by name: no two of the three share an id that is documented.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.errors import FactUnavailable, NotRecorded, Refused
from comgmt_audit.facts import admin_service, directory
from comgmt_audit.facts.co_management import ASSIGNMENTS, MEMBERS, POLICIES, CoManagement
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

DEVICES = "graph/devices"
COMPUTERS = "directory/client-computers"
HYBRID, JOINED, REGISTERED = "ServerAd", "AzureAd", "Workplace"
"""``trustType``: hybrid joined, joined to Entra ID only, registered only; null while pending (Graph: device)."""


class _RawDevice(Struct, frozen=True, rename="camel"):
    # What was selected and did not come was not shown to us: then nothing is known of the device.
    display_name: str | None
    trust_type: str | None
    account_enabled: bool | None
    is_managed: bool | None = None


class EntraDevice(Struct, frozen=True, kw_only=True):
    """A device object of the tenant; ``trust`` is empty while it has not joined yet."""

    name: str
    trust: str
    enabled: bool | None
    managed: bool | None
    evidence: Evidence


class EntraDevices(Struct, frozen=True, kw_only=True):
    """The Windows devices of the tenant, by name: one name may have several."""

    needs: ClassVar[tuple[str, ...]] = (DEVICES,)
    by_name: dict[str, tuple[EntraDevice, ...]]

    def named(self, name: str) -> tuple[EntraDevice, ...]:
        """All devices of that name."""
        return self.by_name.get(name.casefold(), ())

    @classmethod
    def read(cls, environment: Environment) -> EntraDevices:
        """All of them; that there is none may be true before a roll-out."""
        found: dict[str, list[EntraDevice]] = {}
        for number, raw in environment.recording.lines(DEVICES, _RawDevice):
            if raw.display_name:
                device = EntraDevice(
                    name=raw.display_name,
                    trust=raw.trust_type or "",
                    enabled=raw.account_enabled,
                    managed=raw.is_managed,
                    evidence=Evidence(DEVICES, f"line {number}"),
                )
                found.setdefault(raw.display_name.casefold(), []).append(device)
        return cls(by_name={name: tuple(devices) for name, devices in found.items()})


class _RawComputer(Struct, frozen=True):
    account: str = field(name="sAMAccountName", default="")
    certificate: bool | None = field(name="hasUserCertificate", default=None)


class ClientComputer(Struct, frozen=True, kw_only=True):
    """A domain-joined Windows client; ``certificate``: has it the one with which it joins (None: may not be read)?"""

    name: str
    certificate: bool | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Its name."""
        return f"computer {self.name}"


class ClientComputers(Struct, frozen=True, kw_only=True):
    """The enabled Windows 10 and 11 clients of the forest, by name."""

    needs: ClassVar[tuple[str, ...]] = (COMPUTERS,)
    by_name: dict[str, ClientComputer]

    @classmethod
    def read(cls, environment: Environment) -> ClientComputers:
        """All of them. Raises Refused where there is none: nobody rolls out co-management for clients without one."""
        found = {}
        for place, raw in directory.rows(environment, COMPUTERS, _RawComputer):
            name = raw.account.rstrip("$")
            found[name.casefold()] = ClientComputer(name=name, certificate=raw.certificate, evidence=place)
        if not found:
            raise Refused(
                "the directory showed no enabled Windows 10 or 11 computer",
                "Record again with an account that may read the computers of the domain.",
                COMPUTERS,
            )
        return cls(by_name=found)


class PilotComputers(Struct, frozen=True, kw_only=True):
    """The domain-joined clients for which automatic enrolment is meant: the pilot's members, or all clients; before the
    site has a pilot, the sample clients of the design.
    """

    needs: ClassVar[tuple[str, ...]] = (COMPUTERS, MEMBERS, POLICIES, ASSIGNMENTS)
    computers: tuple[ClientComputer, ...]

    def __iter__(self) -> Iterator[ClientComputer]:
        return iter(self.computers)

    @classmethod
    def read(cls, environment: Environment) -> PilotComputers:
        """Whoever is no computer of the domain is left out: it cannot be hybrid joined."""
        known = environment.fact(ClientComputers).by_name
        names = meant(environment)
        if names is None:
            return cls(computers=tuple(known.values()))
        if not names:
            raise NotRecorded(
                "it is not known which devices automatic enrolment is meant for",
                "Set the pilot collection in the co-management properties and put devices into it; or name a few"
                " clients in comgmt.toml, [clients] samples.",
                MEMBERS,
            )
        return cls(computers=tuple(known[name] for name in sorted(names & known.keys())))


def meant(environment: Environment) -> set[str] | None:
    """The names, in lower case, of the devices for which automatic enrolment is meant; ``None`` where all are."""
    samples = {host.partition(".")[0].casefold() for host in environment.design.clients.samples}
    try:
        co_management = environment.fact(CoManagement)
        if co_management.enrolment == "all":
            return None
        pilot = set(co_management.enrolment_collections)
        members = {
            admin_service.text(raw.name).casefold()
            for _, raw in admin_service.rows(environment, MEMBERS, _RawMember)
            if admin_service.text(raw.collection) in pilot
        }
    except FactUnavailable:
        return samples
    return members or samples


class _RawMember(Struct, frozen=True):
    name: str | None = field(name="Name", default=None)
    collection: str | None = field(name="CollectionID", default=None)
