"""Who holds Global Administrator (Microsoft Graph ``roleManagement/directory/roleAssignments``, active assignments)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""The role's template id, the same in every tenant (Graph, rbacApplication: list roleAssignments)."""


class _Principal(Struct, frozen=True, rename="camel"):
    type: str | None = field(name="@odata.type", default=None)
    display_name: str | None = None
    user_principal_name: str | None = None
    account_enabled: bool | None = None


class _Assignment(Struct, frozen=True, rename="camel"):
    principal_id: str
    role_definition_id: str
    directory_scope_id: str | None = None
    principal: _Principal | None = None


class Holder(Struct, frozen=True, kw_only=True):
    """Somebody or something that holds the role for the whole tenant.

    ``kind``: user, group, servicePrincipal, or ``""`` where Graph does not say. ``enabled``: ``None`` is unknown.
    """

    line: int
    id: str
    name: str
    kind: str
    enabled: bool | None

    @property
    def label(self) -> str:
        """Its name."""
        return self.name

    @property
    def evidence(self) -> Evidence:
        """The assignment."""
        return Evidence("graph/global-administrators", f"line {self.line}", self.name)


class GlobalAdministrators(Struct, frozen=True, kw_only=True):
    """The active holders; who may only activate the role (Privileged Identity Management) is not among them."""

    needs: ClassVar[tuple[str, ...]] = ("graph/global-administrators",)
    holders: tuple[Holder, ...]

    def __iter__(self) -> Iterator[Holder]:
        return iter(self.holders)

    @property
    def label(self) -> str:
        """The role."""
        return "role Global Administrator"

    @property
    def evidence(self) -> Evidence:
        """The list of assignments."""
        return Evidence("graph/global-administrators")

    @classmethod
    def read(cls, environment: Environment) -> GlobalAdministrators:
        """The holders with the scope of the tenant; the list is whole. Raises FactUnavailable."""
        lines = environment.recording.lines("graph/global-administrators", _Assignment)
        return cls(
            holders=tuple(
                _holder(line, raw)
                for line, raw in lines
                if raw.role_definition_id.lower() == GLOBAL_ADMINISTRATOR and raw.directory_scope_id in {"/", None}
            )
        )


def _holder(line: int, raw: _Assignment) -> Holder:
    principal = raw.principal or _Principal()
    return Holder(
        line=line,
        id=raw.principal_id,
        name=principal.user_principal_name or principal.display_name or raw.principal_id,
        kind=(principal.type or "").rpartition(".")[2],
        enabled=principal.account_enabled,
    )
