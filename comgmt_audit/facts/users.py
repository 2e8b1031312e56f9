"""The users of the tenant and their licences (Microsoft Graph ``users``).

A tenant has a hundred thousand of them, so a user is small: no times, and users with the same licences share one value.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import ClassVar, TypeAlias

from msgspec import Struct

from comgmt_audit.errors import Refused
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.licences import Assignment, Licence, Licences
from comgmt_audit.model import Evidence


class _User(Struct, frozen=True, gc=False, rename="camel"):
    id: str
    user_principal_name: str | None = None
    account_enabled: bool | None = None
    user_type: str | None = None
    usage_location: str | None = None
    on_premises_sync_enabled: bool | None = None
    assigned_licenses: tuple[Licence, ...] | None = None
    license_assignment_states: tuple[Assignment, ...] | None = None


class User(Struct, frozen=True, gc=False):
    """A user. ``enabled`` and ``guest``: ``None`` where Graph did not say; ``location``: ``""`` where none is set.

    ``synchronised``: comes from the directory; ``None`` also for who was made in the cloud (Graph: user).
    """

    line: int
    id: str
    name: str
    enabled: bool | None
    guest: bool | None
    location: str
    licences: Licences
    synchronised: bool | None = None

    @property
    def label(self) -> str:
        """The user principal name."""
        return self.name

    @property
    def evidence(self) -> Evidence:
        """The user's line."""
        return Evidence("graph/users", f"line {self.line}")


class Users(Struct, frozen=True, kw_only=True):
    """All users, in the order of their ids."""

    needs: ClassVar[tuple[str, ...]] = ("graph/users",)
    users: tuple[User, ...]

    def __iter__(self) -> Iterator[User]:
        return iter(self.users)

    @property
    def in_scope(self) -> Iterator[User]:
        """Those who may need licences: neither known to be disabled nor known to be a guest."""
        return (user for user in self.users if user.enabled is not False and user.guest is not True)

    @classmethod
    def read(cls, environment: Environment) -> Users:
        """All users. Raises FactUnavailable, also where the permission only shows the basic properties, as nulls."""
        share = _Sharing()
        found = [
            User(
                line,
                raw.id,
                raw.user_principal_name or raw.id,
                raw.account_enabled,
                None if raw.user_type is None else raw.user_type == "Guest",
                sys.intern(raw.usage_location or ""),
                share.licences(raw.assigned_licenses, raw.license_assignment_states),
                raw.on_premises_sync_enabled,
            )
            for line, raw in environment.recording.lines("graph/users", _User)
        ]
        if all(user.enabled is None for user in found):
            raise Refused(
                "GET /users answered no user with accountEnabled: the permission is too thin",
                "Grant User.Read.All to the scanner; User.ReadBasic.All shows neither state nor licences.",
                "graph/users",
            )
        return cls(users=tuple(found))


_Key: TypeAlias = "tuple[tuple[Licence, ...] | None, tuple[Assignment, ...] | None]"


class _Sharing:
    """Gives users with equal licences the same value: memory and judging cost by the combination, not by the user."""

    def __init__(self) -> None:
        self._known: dict[_Key, Licences] = {}

    def licences(self, held: tuple[Licence, ...] | None, rows: tuple[Assignment, ...] | None) -> Licences:
        """The shared value, with ids in lower case."""
        key = (held, rows)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Licences(
                held=None if held is None else tuple(_lower(licence) for licence in held),
                assignments=None
                if rows is None
                else tuple(Assignment(row.sku_id.lower(), row.state, row.error, row.assigned_by_group) for row in rows),
            )
        return found


def _lower(licence: Licence) -> Licence:
    return Licence(licence.sku_id.lower(), tuple(plan.lower() for plan in licence.disabled_plans))
