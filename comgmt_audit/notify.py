"""Tell people what has changed since the last scan, by Apprise (the extra ``watch``): Teams, Slack, mail, a webhook.

Only changes are told. Whatever goes wrong here is said, and changes no verdict.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from comgmt_audit import connections, packs
from comgmt_audit.connections import Notify
from comgmt_audit.errors import ComgmtError, DesignError
from comgmt_audit.model import Change, Drifted, Expiry, News, Scan
from comgmt_audit.sources import secrets
from comgmt_audit.sources.redaction import quoted

_NEWS = (Change.NEW, Change.WORSE, Change.FIXED, Change.UNKNOWN_NOW)
_SECRET = 4
"""Characters from which on a part of an address is taken for a secret."""


class Target(Struct, frozen=True):
    """Where a message goes: the address holds secrets, *label* names it without them."""

    label: str
    address: str


def news(before: Scan | None, after: Scan, days: Sequence[int]) -> News | None:
    """What is worth telling, or nothing. *after* is the scan with its history; *days* are those before an end on which
    it is told.
    """
    drift = after.history.drift if after.history else None
    changes = tuple(change for change in (drift.of(*_NEWS) if drift else ()) if _is_news(change))
    expiring = tuple(_expiring(before, after, days)) if before else ()
    if before and not changes and not expiring and before.verdict is after.verdict:
        return None
    return News(scan=after, before=before.verdict if before else None, changes=changes, expiring=expiring)


def _is_news(change: Drifted) -> bool:
    return not change.waived


def _expiring(before: Scan, after: Scan, days: Sequence[int]) -> Iterator[Expiry]:
    """What has come closer to its end than one of the days since it was last seen."""
    known = {(one.kind, one.subject, one.at) for one in before.expiries}
    for one in after.expiries:
        if one.is_renewed:
            continue  # it comes close to its end every week; a check judges it
        now = _left(one, after)
        then = _left(one, before) if (one.kind, one.subject, one.at) in known else dt.timedelta.max
        if any(now <= dt.timedelta(days=day) < then for day in days):
            yield one


def _left(expiry: Expiry, scan: Scan) -> dt.timedelta:
    return expiry.at - scan.recorded_at


def targets(notify: Notify) -> tuple[Target, ...]:
    """The addresses, read and understood before anything is scanned. Raises ComgmtError, naming none of them."""
    apprise = _apprise()
    if not notify.targets:
        raise DesignError("comgmt.toml: connect.notify.targets names nobody to notify.", 'Example: ["env:TEAMS_URL"].')
    found = []
    for number, reference in enumerate(notify.targets, 1):
        address = secrets.resolve(reference, "connect.notify.targets")
        service = apprise.Apprise.instantiate(address)
        if service is None:
            raise DesignError(
                f"comgmt.toml: connect.notify.targets: number {number} ({reference}) leads to no address that Apprise"
                " knows.",
                "Its documentation lists the form of each service, such as msteams://… or mailtos://….",
            )
        found.append(Target(f"number {number} ({service.service_name}, {reference})", address))
    return tuple(found)


def template(notify: Notify) -> str:
    """The text of the user's template, or nothing where the usual one is meant. Raises DesignError."""
    if not notify.template:
        return ""
    try:
        return Path(notify.template).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DesignError(f"{notify.template}: the template cannot be read: {error}.") from None


class Plan(Struct, frozen=True, kw_only=True):
    """Who is to be told, by which template (the usual one where it is empty), and how long before something ends."""

    targets: tuple[Target, ...]
    template: str
    days: tuple[int, ...]


def plan(toml: Path) -> Plan:
    """What comgmt.toml says of it, found to be usable before anything is scanned. Raises ComgmtError."""
    notify = connections.load(toml).notify
    text = template(notify)
    packs.report("notification").check(text)
    return Plan(targets=targets(notify), template=text, days=notify.days)


def tell(before: Scan | None, after: Scan, plan: Plan) -> Iterator[str]:
    """Send what is worth telling, if anything is, to all of them; says what went wrong."""
    found = news(before, after, plan.days)
    if found is None:
        return
    try:
        title, body = packs.report("notification").render(found, plan.template)
    except ComgmtError as error:
        yield f"nobody was notified: {error}"
        return
    yield from send(title, body, plan.targets)


def send(title: str, body: str, to: Sequence[Target]) -> Iterator[str]:
    """Send a message in Markdown to all of them; says what went wrong."""
    apprise = _apprise()
    for target in to:
        with _Overheard() as said:
            service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="comgmt-audit", storage_mode="memory"))
            service.add(target.address)
            took = bool(service.notify(body=body, title=title, body_format="markdown"))
        if not took:
            yield f"{target.label} was not notified: {_without(target.address, said.text) or 'it did not say why'}"


class _Overheard(logging.Handler):
    """What Apprise says in its log; it returns only whether it worked."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self._said.append(record.getMessage())

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self._said)

    def __enter__(self) -> _Overheard:
        logger = logging.getLogger("apprise")
        self._propagated, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logger = logging.getLogger("apprise")
        logger.removeHandler(self)
        logger.propagate = self._propagated


def _without(address: str, text: str) -> str:
    """The text without what the address keeps secret: user, password, and tokens in path and query."""
    parts = re.split(r"[:@/?&=]+", address.partition("://")[2])
    host = urlsplit(address).hostname or ""
    for part in sorted({*parts, *map(unquote, parts)}, key=len, reverse=True):
        if len(part) >= _SECRET and part.casefold() != host:
            text = text.replace(part, "***")
    return quoted(text)


def _apprise() -> ModuleType:
    try:
        import apprise
    except ImportError:
        raise ComgmtError("Notifications need apprise.", "pip install 'comgmt-audit[watch]'") from None
    module: ModuleType = apprise
    return module
