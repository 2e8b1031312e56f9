"""The devices that Intune manages (Microsoft Graph ``deviceManagement/managedDevices``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import Refused
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

CO_MANAGED = frozenset({"configurationManagerClientMdm", "configurationManagerClientMdmEas"})
"""``managementAgent`` of a co-managed device; configurationManagerClient alone is tenant attach (Graph,
managementAgentType)."""


_AGENTS = CO_MANAGED | {
    *("eas", "mdm", "easMdm", "intuneClient", "easIntuneClient", "configurationManagerClient", "unknown", "jamf"),
    *("googleCloudDevicePolicyController", "microsoft365ManagedMdm", "msSense", "intuneAosp", "google"),
}
"""The members of managementAgentType, beta included; another one may well mean both."""


class _Device(Struct, frozen=True, gc=False, rename="camel"):
    id: str
    device_name: str | None = None
    management_agent: str | None = None
    device_enrollment_type: str | None = None
    operating_system: str | None = None


class ManagedDevice(Struct, frozen=True, gc=False):
    """A device in Intune; ``agent`` and ``enrolment`` are Graph's names.

    ``""`` is unknown: Graph does not say, or its word for the agent is one that no document explains.
    """

    line: int
    name: str
    agent: str
    enrolment: str
    windows: bool

    @property
    def label(self) -> str:
        """Its name."""
        return self.name

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence("graph/managed-devices", f"line {self.line}", f"{self.name}: {self.agent}")

    @property
    def co_managed(self) -> bool:
        """Do both Configuration Manager and Intune manage it?"""
        return self.agent in CO_MANAGED


class ManagedDevices(Struct, frozen=True, kw_only=True):
    """The devices that Intune lists; devices that are only tenant-attached are not in Graph's list."""

    needs: ClassVar[tuple[str, ...]] = ("graph/managed-devices",)
    devices: tuple[ManagedDevice, ...]

    def __iter__(self) -> Iterator[ManagedDevice]:
        return iter(self.devices)

    @property
    def label(self) -> str:
        """What they are together."""
        return "devices in Intune"

    @property
    def evidence(self) -> Evidence:
        """The whole list."""
        return Evidence("graph/managed-devices")

    @classmethod
    def read(cls, environment: Environment) -> ManagedDevices:
        """All devices. An empty list is no knowledge: Intune filters by the scope tags of a signed-in account."""
        found = tuple(
            ManagedDevice(
                line,
                raw.device_name or raw.id,
                sys.intern(raw.management_agent or "") if raw.management_agent in _AGENTS else "",
                sys.intern(raw.device_enrollment_type or ""),
                (raw.operating_system or "").casefold() == "windows",
            )
            for line, raw in environment.recording.lines("graph/managed-devices", _Device)
        )
        if not found:
            raise Refused(
                "GET /deviceManagement/managedDevices listed no device at all",
                "Let the scanner sign in as an application with DeviceManagementManagedDevices.Read.All; a signed-in "
                "account only sees the devices of its scope tags.",
                "graph/managed-devices",
            )
        return cls(devices=found)
