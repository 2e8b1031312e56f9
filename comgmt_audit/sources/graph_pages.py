"""Reading Microsoft Graph: one object, a list page by page, and many small requests in one ``$batch``."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from msgspec import Raw, Struct, field

from comgmt_audit.recording import Absence, Reason
from comgmt_audit.sources import odata
from comgmt_audit.sources.http import MAX_ATTEMPTS, MAX_BATCH, WAIT, Client, ReadError, decoded, origin, retry_after
from comgmt_audit.sources.redaction import quoted

Row: TypeAlias = dict[str, Any]

MAX_PAGES = 20_000
"""Pages of one list: twenty million objects; more is a list that does not end."""

SLICE = 50
"""Rows that are decoded and kept at a time: a millisecond or two, then the connections have their turn."""

EVENTUAL = {"ConsistencyLevel": "eventual"}
"""What advanced queries on directory objects need; it is not in the link to the next page (Microsoft Graph: paging)."""


def objects(value: Any) -> list[Row]:
    """The objects in what should be a list of them: a service may send anything."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class _Page(Struct, frozen=True):
    """One page of a list; it may be empty and still have a next one (Microsoft Graph: paging)."""

    value: list[Raw]
    """Not decoded: the next page can be asked for before that."""
    next: str | None = field(name="@odata.nextLink", default=None)


class _Item(Struct, frozen=True, kw_only=True):
    id: str
    status: int
    headers: dict[str, str] = {}
    body: Raw = Raw(b"null")


class _Batch(Struct, frozen=True):
    responses: list[_Item]


class Graph:
    """Microsoft Graph at *root*, through a client that is pinned to it."""

    def __init__(self, client: Client, root: str) -> None:
        self._client = client
        self._root = root

    @property
    def host(self) -> str:
        """The name of the server."""
        return urlsplit(self._root).hostname or ""

    @property
    def clocks(self) -> tuple[dt.datetime, dt.datetime] | None:
        """What Graph's clock and ours said at its first answer."""
        return self._client.clocks

    async def get(self, path: str, cure: str = "") -> Row:
        """One object, or the envelope of a list. Raises ReadError."""
        return (await self._client.get(self._root + path, cure=cure)).json(Row)

    @asynccontextmanager
    async def pages(
        self, path: str, *, headers: Mapping[str, str] | None = None, cure: str = "", first: Raw | None = None
    ) -> AsyncIterator[AsyncIterator[list[Row]]]:
        """The rows of a list, some at a time; the next page is on its way while one is worked on.

        *first* is the first page where it is there already. Iterating raises ReadError where a page cannot be had: a
        list is whole or none.
        """
        coming: asyncio.Task[_Page] | None = None

        async def pages() -> AsyncIterator[list[Row]]:
            nonlocal coming
            body = first or (await self._client.get(self._root + path, headers=headers, cure=cure)).body
            page = decoded(body, _Page)
            seen: set[int] = set()
            while True:
                if page.next is not None:
                    self._follow(page.next, seen)
                    coming = asyncio.create_task(self._next(page.next, headers, cure))
                for start in range(0, len(page.value), SLICE):
                    await asyncio.sleep(0)
                    yield [decoded(row, Row) for row in page.value[start : start + SLICE]]
                if page.next is None or coming is None:
                    return
                page = await coming

        try:
            yield pages()
        finally:
            if coming:
                coming.cancel()
                await asyncio.wait([coming])
                # Looked at, so that asyncio does not complain: who left has an error of his own.
                _ = coming.cancelled() or coming.exception()

    def _follow(self, link: str, seen: set[int]) -> None:
        """May we go on there? A link to another host would take our token to it."""
        if origin(link) != origin(self._root):
            raise _broken_list(f"its next page is at another host ({quoted(link, 80)}), where the token must not go")
        if hash(link) in seen:
            raise _broken_list("its next page is one that was read already: the list does not end")
        if len(seen) >= MAX_PAGES:
            raise _broken_list(f"it has more than {MAX_PAGES} pages")
        seen.add(hash(link))

    async def _next(self, link: str, headers: Mapping[str, str] | None, cure: str) -> _Page:
        try:
            return (await self._client.get(link, headers=headers, cure=cure)).json(_Page)
        except ReadError as error:
            absence = error.absence
            # The list exists, we have seen a part of it: that the rest is not found is no knowledge.
            reason = Reason.UNREACHABLE if absence.reason is Reason.ABSENT else absence.reason
            raise ReadError(
                Absence(
                    reason=reason,
                    detail=f"a further page of the list: {absence.detail}",
                    cure=absence.cure or "Record again: the list was not read to its end.",
                    status=absence.status,
                ),
                error.error,
            ) from None

    async def batch(
        self, paths: Iterable[str], *, headers: Mapping[str, str] | None = None, cure: str = ""
    ) -> dict[str, Raw | ReadError]:
        """What stands at each of *paths* (``/v1.0/…``), or why nothing does; twenty requests at a time."""
        found: dict[str, Raw | ReadError] = {}
        waiting = list(dict.fromkeys(paths))
        for start in range(0, len(waiting), MAX_BATCH):
            found |= await self._some(waiting[start : start + MAX_BATCH], headers, cure)
        return found

    async def _some(self, paths: list[str], headers: Mapping[str, str] | None, cure: str) -> dict[str, Raw | ReadError]:
        found: dict[str, Raw | ReadError] = {}
        patience = self._client.patience()
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                items = await self._once(paths, headers)
            except ReadError as error:
                return found | dict.fromkeys(paths, error)
            again = [path for path in paths if path in items and items[path].status in WAIT]
            pause = max((_pause(items[path], patience.own(attempt)) for path in again), default=0.0)
            if attempt == MAX_ATTEMPTS or not patience.allows(pause):
                again = []
            found |= {path: _outcome(items.get(path), cure) for path in paths if path not in again}
            if not again:
                break
            # Each item has its own status: those that are throttled are asked again, the others are not.
            await patience.wait(pause)
            paths = again
        return found

    async def _once(self, paths: list[str], headers: Mapping[str, str] | None) -> dict[str, _Item]:
        version = "/" + paths[0].split("/", 2)[1]
        requests = [
            {
                "id": str(number),
                "method": "GET",
                "url": path.removeprefix(version).replace(" ", "%20"),
                **({"headers": dict(headers)} if headers else {}),
            }
            for number, path in enumerate(paths, 1)
        ]
        reply = await self._client.post(f"{self._root}{version}/$batch", {"requests": requests})
        items = {item.id: item for item in reply.json(_Batch).responses}
        return {path: items[str(number)] for number, path in enumerate(paths, 1) if str(number) in items}


def _pause(item: _Item, own: float) -> float:
    names = {name.lower(): value for name, value in item.headers.items()}
    given = retry_after(names)
    return own if given is None else given


def _outcome(item: _Item | None, cure: str) -> Raw | ReadError:
    if item is None:
        return _broken_list("the batch has no answer to it")
    if 200 <= item.status < 300:
        return item.body
    stated = odata.error(item.body)
    return ReadError(odata.absence(item.status, item.headers, stated, cure), stated)


def _broken_list(detail: str) -> ReadError:
    cure = "Record again; if it stays so, see who answers in place of the service."
    return ReadError(Absence(reason=Reason.UNREADABLE, detail=detail, cure=cure))
