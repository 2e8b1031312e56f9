"""The Azure subscription and its resource providers (Azure Resource Manager)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

SCALE_SET_PROVIDERS = ("Microsoft.Compute", "Microsoft.KeyVault", "Microsoft.Network", "Microsoft.Storage")
"""What a CMG on a virtual machine scale set needs registered (Configuration Manager: configure Entra ID for a CMG)."""


class _Policies(Struct, frozen=True, rename="camel"):
    spending_limit: str | None = None
    quota_id: str | None = None


class _Subscription(Struct, frozen=True, rename="camel"):
    subscription_id: str
    state: str
    display_name: str | None = None
    tenant_id: str | None = None
    subscription_policies: _Policies | None = None


class Subscription(Struct, frozen=True, kw_only=True):
    """The subscription; ids in lower case; ``state`` is Enabled, Warned, PastDue, Disabled or Deleted."""

    needs: ClassVar[tuple[str, ...]] = ("arm/subscription",)
    id: str
    name: str
    state: str
    tenant_id: str | None
    spending_limit: str | None

    @property
    def label(self) -> str:
        """Name and id."""
        return f"subscription {self.name} ({self.id})"

    @property
    def evidence(self) -> Evidence:
        """The subscription, as Azure answered."""
        return Evidence("arm/subscription", "/state", self.state)

    @classmethod
    def read(cls, environment: Environment) -> Subscription:
        """The subscription. Raises FactUnavailable; Azure's 404 may hide one that the account may not read."""
        raw = environment.recording.json("arm/subscription", _Subscription)
        return cls(
            id=raw.subscription_id.lower(),
            name=raw.display_name or raw.subscription_id,
            state=raw.state,
            tenant_id=raw.tenant_id.lower() if raw.tenant_id else None,
            spending_limit=raw.subscription_policies.spending_limit if raw.subscription_policies else None,
        )


class _Provider(Struct, frozen=True, rename="camel"):
    namespace: str
    registration_state: str | None = None


class Provider(Struct, frozen=True, kw_only=True):
    """A resource provider; ``state`` is Registered, NotRegistered, Registering and so on; ``None`` is unknown."""

    line: int
    namespace: str
    state: str | None

    @property
    def label(self) -> str:
        """Its namespace."""
        return f"resource provider {self.namespace}"

    @property
    def evidence(self) -> Evidence:
        """Its line."""
        return Evidence("arm/providers", f"line {self.line}/registrationState", self.state or "")


class Providers(Struct, frozen=True, kw_only=True):
    """The resource providers that were asked for, by namespace in lower case."""

    needs: ClassVar[tuple[str, ...]] = ("arm/providers",)
    by_namespace: dict[str, Provider]

    @classmethod
    def read(cls, environment: Environment) -> Providers:
        """The providers. Raises FactUnavailable."""
        lines = environment.recording.lines("arm/providers", _Provider)
        return cls(
            by_namespace={
                raw.namespace.lower(): Provider(line=line, namespace=raw.namespace, state=raw.registration_state)
                for line, raw in lines
            }
        )
