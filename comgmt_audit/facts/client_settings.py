"""Client settings: what devices are told about cloud services, and by which settings (AdminService).

Classes ``SMS_ClientSettings`` (item reads, for ``AgentConfigurations`` is lazy) and ``SMS_ClientSettingsAssignment``;
the default settings from ``Get-CMClientSetting -Id 0 -Setting Cloud``, for no class of the provider is known to hold
them (reference ``configmgr`` section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, TypeAlias

from msgspec import Struct, field

from comgmt_audit.facts.admin_service import Scalar, boolean, column, integer, may_be_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

SETTINGS = "site/SMS_ClientSettings"
ASSIGNMENTS = "site/SMS_ClientSettingsAssignment"
DEFAULTS = "site/default-client-settings"

CLOUD_AGENT = 22
"""``AgentID`` of the group Cloud Services (class SMS_CloudAgentConfig)."""

_DEVICE = 1
"""``SMS_ClientSettings.Type``: 1 device, 2 user (SDK)."""


class CloudOptions(Struct, frozen=True, kw_only=True):
    """The group Cloud Services; ``None`` where a setting is not there."""

    distribution_point: bool | None = None
    gateway: bool | None = None
    join: bool | None = None


Option: TypeAlias = Callable[[CloudOptions], bool | None]
"""Picks one setting of the group."""


class _RawAgent(Struct, frozen=True):
    agent_id: Scalar = field(name="AgentID", default=None)
    distribution_point: Scalar = field(name="AllowCloudDP", default=None)
    gateway: Scalar = field(name="AllowCMG", default=None)
    join: Scalar = field(name="AutoAADJoin", default=None)


class _RawSettings(Struct, frozen=True, rename="pascal"):
    settings_id: Scalar = field(name="SettingsID", default=None)
    name: str | None = None
    priority: Scalar = None
    type: Scalar = None
    agent_configurations: tuple[_RawAgent, ...] | None = None


class _RawAssignment(Struct, frozen=True):
    settings_id: Scalar = field(name="ClientSettingsID", default=None)
    collection_id: str | None = field(name="CollectionID", default=None)


class Settings(Struct, frozen=True, kw_only=True):
    """Custom device settings, or the default ones (``priority`` ``None``, no collections: they reach every client).

    The lowest ``priority`` wins. ``options`` is ``None`` where the settings do not touch the group Cloud Services;
    ``readable`` is false where the site left the groups out (a list read does).
    """

    name: str
    priority: int | None
    options: CloudOptions | None
    readable: bool
    collections: tuple[str, ...]
    evidence: Evidence

    @property
    def label(self) -> str:
        """Their name in the console."""
        return f"client settings {self.name}"

    @property
    def is_default(self) -> bool:
        """The Default Client Settings."""
        return self.priority is None


class ClientSettings(Struct, frozen=True, kw_only=True):
    """All device settings, strongest first; ``default`` is ``None`` where it was not recorded.

    ``complete``: the recorder's account sees all custom settings, so what is not listed does not exist.
    """

    needs: ClassVar[tuple[str, ...]] = (SETTINGS, ASSIGNMENTS, DEFAULTS)
    custom: tuple[Settings, ...]
    default: Settings | None
    complete: bool

    def __iter__(self) -> Iterator[Settings]:
        return iter(self.custom)

    def named(self, name: str) -> Settings | None:
        """The custom settings of that name."""
        return next((settings for settings in self.custom if settings.name.casefold() == name.casefold()), None)

    def deciding(self, option: Option, meant: Settings | None) -> Settings | None:
        """The settings that decide an option for the devices of *meant* (``None``: of any custom settings).

        The strongest that reach one of the same collections and set the option; then the default settings. Settings
        whose groups were left out may set it, so they are returned as well. ``None``: the default is not recorded.
        """
        for settings in self.custom:
            reached = set(settings.collections) & set(meant.collections) if meant else settings.collections
            if not reached and settings is not meant:
                continue
            if not settings.readable or (settings.options and option(settings.options) is not None):
                return settings
        return self.default

    @classmethod
    def read(cls, environment: Environment) -> ClientSettings:
        """Custom device settings with their collections, and the default settings where they were recorded."""
        collections: dict[int | None, list[str]] = {}
        for row, raw in rows(environment, ASSIGNMENTS, _RawAssignment):
            key = integer(raw.settings_id, column(row, "ClientSettingsID"))
            collections.setdefault(key, []).append(text(raw.collection_id))
        found = []
        for row, item in rows(environment, SETTINGS, _RawSettings):
            number = integer(item.settings_id, column(row, "SettingsID"))
            if integer(item.type, column(row, "Type")) == _DEVICE and number:
                found.append(_custom(row, item, tuple(sorted(collections.get(number, ())))))
        complete = may_be_empty(environment, SETTINGS) and may_be_empty(environment, ASSIGNMENTS)
        strongest_first = tuple(sorted(found, key=lambda settings: (settings.priority or 0, settings.name)))
        return cls(custom=strongest_first, default=_default(environment), complete=complete)


def _custom(row: Evidence, raw: _RawSettings, collections: tuple[str, ...]) -> Settings:
    options, evidence = None, row
    for number, agent in enumerate(raw.agent_configurations or ()):
        place = column(row, f"AgentConfigurations/{number}")
        if integer(agent.agent_id, column(place, "AgentID")) == CLOUD_AGENT:
            options, evidence = _options(place, agent), place
    return Settings(
        name=text(raw.name),
        priority=integer(raw.priority, column(row, "Priority")) or 0,
        options=options,
        readable=bool(raw.agent_configurations),
        collections=collections,
        evidence=evidence,
    )


def _default(environment: Environment) -> Settings | None:
    """The default settings; they are optional, so their absence for whatever reason is just ``None``."""
    recording = environment.recording
    if not recording.has(DEFAULTS) or recording.observation(DEFAULTS).answer is None:
        return None
    place = Evidence(DEFAULTS)
    options = _options(place, recording.json(DEFAULTS, _RawAgent))
    return Settings(
        name="Default Client Settings", priority=None, options=options, readable=True, collections=(), evidence=place
    )


def _options(place: Evidence, raw: _RawAgent) -> CloudOptions:
    return CloudOptions(
        distribution_point=boolean(raw.distribution_point, column(place, "AllowCloudDP")),
        gateway=boolean(raw.gateway, column(place, "AllowCMG")),
        join=boolean(raw.join, column(place, "AutoAADJoin")),
    )
