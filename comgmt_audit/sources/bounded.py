"""What the library for WinRM lacks: answers that are too large are given up, and a thread that hangs is left behind.

requests reads a body to its end, however long that takes, and there is no way to end a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from requests.adapters import BaseAdapter
from requests.exceptions import ContentDecodingError
from requests.models import PreparedRequest, Response

T = TypeVar("T")

MAX_ANSWER = 8 * 1024**2
"""Bytes of one answer: WS-Management's are of 500 KB at most, as Windows is set up (MaxEnvelopeSizekb)."""


class BoundedAdapter(BaseAdapter):
    """An adapter of requests whose answers end with ContentDecodingError, a RequestException, beyond MAX_ANSWER."""

    def __init__(self, adapter: BaseAdapter) -> None:
        super().__init__()
        self._adapter = adapter

    def send(self, request: PreparedRequest, *rest: Any, **more: Any) -> Response:
        """The answer; its body is read later, by this stream."""
        response = self._adapter.send(request, *rest, **more)
        # By weak reference: in a circle with itself, its socket would stay open until garbage is collected.
        response.raw.stream = functools.partial(_bounded, weakref.ref(response.raw))
        return response

    def close(self) -> None:
        """Close what is below."""
        self._adapter.close()


def _bounded(raw: Callable[[], Any], *rest: Any, **more: Any) -> Iterator[bytes]:
    body, size = raw(), 0
    for chunk in type(body).stream(body, *rest, **more):
        size += len(chunk)
        if size > MAX_ANSWER:
            raise ContentDecodingError(f"the answer is longer than {MAX_ANSWER // 1024**2} MB")
        yield chunk


async def in_thread(function: Callable[[], T], seconds: float) -> T:
    """What a blocking function returns, in a thread that does not keep the process from ending.

    Raises TimeoutError after *seconds*: the thread is then left to itself.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(how: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(lambda: None if done.done() else how())

    def work() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 -- raised again where it is awaited
            failure = error
            settle(lambda: done.set_exception(failure))
        else:
            settle(lambda: done.set_result(result))

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wait_for(done, seconds)
