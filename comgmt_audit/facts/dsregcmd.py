"""How a device is joined, from ``dsregcmd /status`` (``logs`` 4.2; Microsoft: Troubleshoot devices with dsregcmd)."""

from __future__ import annotations

import re

from msgspec import Struct

_HEADING = re.compile(r"\|\s*([^|]+?)\s*\|")
_READ = {"device state", "device details", "tenant details"}
"""The sections that are read; in every output another one follows, User State first (the page above)."""
_YES_NO = {"yes": True, "no": False}


class JoinState(Struct, frozen=True, kw_only=True):
    """What a device says of its join; ``None`` and ``""`` where the output does not say it.

    ``mdm_url`` shows that the tenant has an MDM for the user who ran dsregcmd, not that the device is enrolled; where
    that was nobody who uses the device (``by_user`` is false), its absence says nothing. It is ``None`` where the
    output breaks off before another section follows. ``registered`` says that a work account of the user who ran
    dsregcmd is registered for the device.
    """

    entra_joined: bool | None
    domain_joined: bool | None
    tenant_id: str
    tenant_name: str
    mdm_url: str | None
    device_authentication: str
    registered: bool | None
    lines: dict[str, int]
    """Where each key stands: line numbers from 1."""
    by_user: bool = True

    @property
    def hybrid_joined(self) -> bool | None:
        """Joined to the domain and to Entra ID; ``None`` where one of them is not known and the other does not deny."""
        states = (self.entra_joined, self.domain_joined)
        if False in states:
            return False
        return None if None in states else True


class NotJoinStatus(ValueError):  # noqa: N818 -- what happened, in the words of the report
    """The text is not the output of ``dsregcmd /status``."""


def parse(text: str) -> JoinState:
    """The sections Device State, Device Details, Tenant Details and User State. Raises NotJoinStatus.

    A line is split at its first colon (values hold colons), a blank before it may be missing, and the same key can
    stand in several sections, so each is read from its own.
    """
    values: dict[tuple[str, str], tuple[str, int]] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.fullmatch(line.strip()):
            section = heading[1].casefold()
            continue
        key, colon, rest = line.partition(":")
        if colon:
            values.setdefault((section, key.strip().casefold()), (rest.strip(), number))
    if not any(title == "device state" for title, _ in values):
        raise NotJoinStatus("it has no section Device State, so it is not the output of `dsregcmd /status`")

    def value(section: str, key: str) -> str:
        return values.get((section, key), ("", 0))[0]

    return JoinState(
        entra_joined=_YES_NO.get(value("device state", "azureadjoined").casefold()),
        domain_joined=_YES_NO.get(value("device state", "domainjoined").casefold()),
        tenant_id=value("tenant details", "tenantid").casefold(),
        tenant_name=value("tenant details", "tenantname"),
        mdm_url=value("tenant details", "mdmurl") or ("" if section not in _READ else None),
        device_authentication=value("device details", "deviceauthstatus"),
        registered=_YES_NO.get(value("user state", "workplacejoined").casefold()),
        lines={key: number for (_, key), (_, number) in reversed(values.items())},
    )
