"""Entra groups and who is in them, nested members included (Microsoft Graph ``groups`` and ``transitiveMembers``)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from comgmt_audit.errors import FactUnavailable, NotRecorded
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

USERS = "graph/group-members/"
DEVICES = "graph/group-devices/"


class _Group(Struct, frozen=True, rename="camel"):
    id: str
    display_name: str | None = None


class _Member(Struct, frozen=True, gc=False, rename="camel"):
    id: str
    user_principal_name: str | None = None
    display_name: str | None = None
    account_enabled: bool | None = None


class Member(Struct, frozen=True, gc=False):
    """A user or device in a group; ``enabled`` is ``None`` where Graph did not say."""

    id: str
    name: str
    enabled: bool | None


class Group(Struct, frozen=True, kw_only=True):
    """A group and its members.

    ``users`` and ``devices`` are ``None`` where they could not be had: ``why`` and ``cure`` then say so.
    """

    id: str
    name: str
    users: tuple[Member, ...] | None
    devices: tuple[Member, ...] | None
    why: str = ""
    cure: str = ""

    @property
    def label(self) -> str:
        """Name and id."""
        return f"group {self.name} ({self.id})" if self.name != self.id else f"group {self.id}"

    @property
    def evidence(self) -> Evidence:
        """The list of its user members."""
        return Evidence(USERS + self.id)

    @property
    def enabled_users(self) -> tuple[Member, ...]:
        """The users in it that are known to be enabled."""
        return tuple(member for member in self.users or () if member.enabled)

    @property
    def doubtful_users(self) -> tuple[Member, ...]:
        """The users in it of whom Graph does not say whether they are enabled: permissions that are too thin."""
        return tuple(member for member in self.users or () if member.enabled is None)

    @property
    def active(self) -> frozenset[str]:
        """The ids of the users and devices in it that are known to be enabled."""
        return frozenset(member.id for member in (*(self.users or ()), *(self.devices or ())) if member.enabled)

    @property
    def complete(self) -> bool:
        """Are all its users and devices known, and whether they are enabled?"""
        if self.users is None or self.devices is None:
            return False
        return all(member.enabled is not None for member in (*self.users, *self.devices))


class Groups(Struct, frozen=True, kw_only=True):
    """The groups that the recording tells of. A group whose members are missing does not stop the others."""

    needs: ClassVar[tuple[str, ...]] = ("graph/groups", USERS, DEVICES)
    by_id: dict[str, Group]

    def __getitem__(self, id: str) -> Group:
        known = self.by_id.get(id.lower())
        if known:
            return known
        why = f"the recording has no members of group {id}"
        return Group(id=id, name=id, users=None, devices=None, why=why, cure=_RECORD)

    @classmethod
    def read(cls, environment: Environment) -> Groups:
        """All groups whose members were asked for; the list of names may be missing, ids then stand for names."""
        names = _names(environment)
        recording = environment.recording
        ids = {id.rpartition("/")[2] for prefix in (USERS, DEVICES) for id in recording.ids(prefix)}
        return cls(by_id={id: _group(environment, id, names.get(id, id)) for id in sorted(ids)})


_RECORD = "Record the environment again with the source 'graph' included (permission GroupMember.Read.All)."


def _names(environment: Environment) -> dict[str, str]:
    try:
        groups = [group for _, group in environment.recording.lines("graph/groups", _Group)]
    except FactUnavailable:
        return {}  # names only make findings easier to read
    return {group.id.lower(): group.display_name or group.id for group in groups}


def _group(environment: Environment, id: str, name: str) -> Group:
    members: list[tuple[Member, ...] | None] = []
    why, cure = "", ""
    for prefix in (DEVICES, USERS):
        try:
            members.append(_members(environment, prefix + id))
        except FactUnavailable as error:
            members.append(None)
            why, cure = error.why, error.cure or _RECORD
    devices, users = members
    return Group(id=id, name=name, users=users, devices=devices, why=why, cure=cure)


def _members(environment: Environment, observation: str) -> tuple[Member, ...]:
    if not environment.recording.has(observation):
        raise NotRecorded(f"the recording has no observation {observation!r}", _RECORD, observation)
    return tuple(
        Member(raw.id, raw.user_principal_name or raw.display_name or raw.id, raw.account_enabled)
        for _, raw in environment.recording.lines(observation, _Member)
    )
