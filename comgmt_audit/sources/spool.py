"""Rows of a long list on their way into a recording: in no order they come, by id they leave, and memory stays flat."""

from __future__ import annotations

import heapq
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from types import TracebackType
from typing import IO, Self, TypeAlias

import msgspec

RUN = 4 * 1024**2
"""Bytes that are sorted in memory before they go to a file without a name; the files are merged in the end."""

_Line: TypeAlias = tuple[bytes, bytes]
_key = itemgetter(0)


class Spool:
    """Sorts lines by a key, on disk. A key that comes again (the list changed while it was read) replaces the first."""

    def __enter__(self) -> Self:
        self._files = ExitStack()
        self._runs: list[IO[bytes]] = []
        self._lines: list[_Line] = []
        self._size = 0
        self.count = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def add(self, lines: Iterable[tuple[str, bytes]]) -> None:
        """Keep lines, each with its key and its line end; ``count`` is how many came."""
        for key, line in lines:
            # As JSON, a key has no line end in it.
            self._lines.append((msgspec.json.encode(key) + b"\n", line))
            self._size += len(line)
            self.count += 1
        if self._size > RUN:
            self._write()

    def __iter__(self) -> Iterator[bytes]:
        self._lines.sort(key=_key)
        merged = heapq.merge(*map(_read, self._runs), self._lines, key=_key)
        for _, same in itertools.groupby(merged, _key):
            *_, (_, line) = same
            yield line

    def _write(self) -> None:
        self._lines.sort(key=_key)
        file = self._files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 -- the stack closes it
        file.writelines(itertools.chain.from_iterable(self._lines))
        self._runs.append(file)
        self._lines, self._size = [], 0


def _read(file: IO[bytes]) -> Iterator[_Line]:
    file.seek(0)
    for key in file:
        yield key, next(file)
