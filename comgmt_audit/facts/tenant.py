"""The Entra tenant and the Intune MDM authority, from Microsoft Graph (``reference`` section 1: organization)."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import Unreadable
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence


class VerifiedDomain(Struct, frozen=True, rename="camel"):
    """A domain that the tenant has proved to own; ``type`` is Managed or Federated."""

    name: str
    type: str | None = None
    is_default: bool = False
    is_initial: bool = False


class _Organization(Struct, frozen=True, rename="camel"):
    id: str
    display_name: str | None = None
    created_date_time: dt.datetime | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_last_sync_date_time: dt.datetime | None = None
    verified_domains: tuple[VerifiedDomain, ...] = ()


class _Organizations(Struct, frozen=True):
    value: tuple[_Organization, ...]


class Tenant(Struct, frozen=True, kw_only=True):
    """The tenant: id, verified domains, directory synchronisation.

    ``synchronised`` is ``None`` where the tenant was never synchronised; times are UTC.
    """

    needs: ClassVar[tuple[str, ...]] = ("graph/organization",)
    id: str
    name: str
    synchronised: bool | None
    last_sync: dt.datetime | None
    domains: tuple[VerifiedDomain, ...]

    @property
    def label(self) -> str:
        """The tenant's display name and id."""
        return f"tenant {self.name} ({self.id})"

    @property
    def evidence(self) -> Evidence:
        """The organization object."""
        return Evidence("graph/organization", "/value/0")

    @classmethod
    def read(cls, environment: Environment) -> Tenant:
        """The one organization. Too thin a permission brings nulls, so ``createdDateTime`` must be there."""
        answer = environment.recording.json("graph/organization", _Organizations)
        if len(answer.value) != 1:
            raise Unreadable(f"GET /organization listed {len(answer.value)} tenants", "", "graph/organization")
        raw = answer.value[0]
        if raw.created_date_time is None:
            raise Unreadable(
                "GET /organization answered with nulls: the permission is too thin to read the tenant",
                "Grant Organization.Read.All (application or delegated) to the scanner.",
                "graph/organization",
            )
        return cls(
            id=raw.id,
            name=raw.display_name or raw.id,
            synchronised=raw.on_premises_sync_enabled,
            last_sync=raw.on_premises_last_sync_date_time,
            domains=raw.verified_domains,
        )


class _Authority(Struct, frozen=True, rename="camel"):
    mobile_device_management_authority: str | None = None
    value: _Authority | None = None  # the reference pages print the object wrapped in "value"; both forms are read


class MdmAuthority(Struct, frozen=True, kw_only=True):
    """Who manages mobile devices: ``intune``, ``sccm`` (hybrid MDM, retired), ``office365``, ``unknown`` (not set)."""

    needs: ClassVar[tuple[str, ...]] = ("graph/mdm-authority",)
    value: str

    @property
    def label(self) -> str:
        """The setting's name."""
        return "MDM authority"

    @property
    def evidence(self) -> Evidence:
        """The property, as Intune answered."""
        return Evidence("graph/mdm-authority", "/mobileDeviceManagementAuthority")

    @classmethod
    def read(cls, environment: Environment) -> MdmAuthority:
        """The authority. Absent or null is not ``unknown``: the Intune view was not answered, so nothing is known."""
        raw = environment.recording.json("graph/mdm-authority", _Authority)
        raw = raw.value or raw
        if raw.mobile_device_management_authority is None:
            raise Unreadable(
                "Graph did not say mobileDeviceManagementAuthority of the organization",
                "Grant DeviceManagementServiceConfig.Read.All, and see that the tenant has an Intune licence.",
                "graph/mdm-authority",
            )
        return cls(value=raw.mobile_device_management_authority)
