"""The people who work at the pilot's devices, from the site to Entra ID.

The site knows a device's primary user (``SMS_UserMachineRelationship``) by account, and each account's security
identifier (``SMS_R_User``); Entra ID keeps that identifier of whoever was synchronised (Graph: user,
``onPremisesSecurityIdentifier``). So the two are joined by a key, not by names that look alike (Configuration Manager
SDK: both classes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.errors import NotRecorded
from comgmt_audit.facts import admin_service
from comgmt_audit.facts.co_management import ASSIGNMENTS, MEMBERS, POLICIES
from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.joined_devices import meant
from comgmt_audit.model import Evidence

AFFINITY = "site/SMS_UserMachineRelationship"
DISCOVERED = "site/SMS_R_User"
USERS = "graph/users"


class _RawRelationship(Struct, frozen=True, rename="pascal"):
    resource_name: str | None = None
    unique_user_name: str | None = None
    is_active: admin_service.Scalar = None


class _RawDiscovered(Struct, frozen=True):
    account: str | None = field(name="UniqueUserName", default=None)
    sid: str | None = field(name="SID", default=None)


class _RawUser(Struct, frozen=True, gc=False, rename="camel"):
    # Not selected in recordings of older versions; null for who is in the cloud only.
    id: str
    user_principal_name: str | None = None
    account_enabled: bool | None = None
    on_premises_security_identifier: str | None = None


class PilotUser(Struct, frozen=True, kw_only=True):
    """A primary user. ``sid`` is empty where the site has not discovered the account, ``id`` where Entra ID has nobody
    with that identifier. ``sides`` are all places that tell of the user: the relationship, the account, the person.
    """

    account: str
    devices: tuple[str, ...]
    sid: str
    id: str
    name: str
    enabled: bool | None
    sides: tuple[Evidence, ...]

    @property
    def label(self) -> str:
        """The account."""
        return f"user {self.account}"

    @property
    def evidence(self) -> Evidence:
        """The relationship of the user and a device."""
        return self.sides[0]


class PilotUsers(Struct, frozen=True, kw_only=True):
    """The primary users of the devices for which automatic enrolment is meant, in the order of their accounts."""

    needs: ClassVar[tuple[str, ...]] = (AFFINITY, DISCOVERED, USERS, MEMBERS, POLICIES, ASSIGNMENTS)
    users: tuple[PilotUser, ...]

    def __iter__(self) -> Iterator[PilotUser]:
        return iter(self.users)

    @classmethod
    def read(cls, environment: Environment) -> PilotUsers:
        """All of them; none where the site keeps no affinity of users and devices. Raises FactUnavailable."""
        devices = _devices_by_account(environment)
        sids = _sids(environment, set(devices)) if devices else {}
        people = _people(environment, {sid for sid, _ in sids.values()}) if sids else {}
        return cls(users=tuple(_user(devices[key], sids.get(key), people) for key in sorted(devices)))


class _Owned(Struct):
    account: str
    devices: list[str]
    evidence: Evidence


_Entra = tuple[str, str, bool | None, Evidence]
"""Id, user principal name, is it enabled, where it stands."""


def _user(owned: _Owned, found: tuple[str, Evidence] | None, people: dict[str, _Entra]) -> PilotUser:
    sid, discovered = found or ("", None)
    id, name, enabled, person = people.get(sid, ("", "", None, None))
    return PilotUser(
        account=owned.account,
        devices=tuple(sorted(owned.devices)),
        sid=sid,
        id=id,
        name=name,
        enabled=enabled,
        sides=tuple(place for place in (owned.evidence, discovered, person) if place),
    )


def _devices_by_account(environment: Environment) -> dict[str, _Owned]:
    names = meant(environment)
    found: dict[str, _Owned] = {}
    rows = list(admin_service.rows(environment, AFFINITY, _RawRelationship))
    admin_service.refuse_empty(environment, AFFINITY, rows, "primary user of a device")
    for place, raw in rows:
        device, account = admin_service.text(raw.resource_name), admin_service.text(raw.unique_user_name)
        active = admin_service.boolean(raw.is_active, admin_service.column(place, "IsActive"))
        if account and active is not False and (names is None or device.casefold() in names):
            owned = found.setdefault(account.casefold(), _Owned(account, [], place))
            owned.devices.append(device)
    return found


def _sids(environment: Environment, accounts: set[str]) -> dict[str, tuple[str, Evidence]]:
    """Of each account that the site has discovered, the security identifier and where it stands."""
    rows = admin_service.rows(environment, DISCOVERED, _RawDiscovered)
    return {
        account: (admin_service.text(raw.sid).upper(), place)
        for place, raw in rows
        if raw.sid and (account := admin_service.text(raw.account).casefold()) in accounts
    }


def _people(environment: Environment, sids: set[str]) -> dict[str, _Entra]:
    """Who of Entra ID has one of these identifiers. Raises NotRecorded where the answer shows nobody's."""
    found: dict[str, _Entra] = {}
    shown = False
    for number, raw in environment.recording.lines(USERS, _RawUser):
        sid = (raw.on_premises_security_identifier or "").upper()
        shown = shown or bool(sid)
        if sid in sids:
            name = raw.user_principal_name or raw.id
            found[sid] = (raw.id, name, raw.account_enabled, Evidence(USERS, f"line {number}"))
    if not shown:
        raise NotRecorded(
            "no user was answered with onPremisesSecurityIdentifier, so nobody can be compared with the site's users",
            "Record again with this version and User.Read.All; if the tenant is not synchronised, mend that first.",
            USERS,
        )
    return found
