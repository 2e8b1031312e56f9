"""Two runs with one history do not overlap: the second one ends at once and says so."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from comgmt_audit.errors import HistoryError
from comgmt_audit.history.store import default_file


@contextlib.contextmanager
def locked(place: str) -> Iterator[None]:
    """Hold the history at *place* for this run. The operating system lets go of it, however the run ends.

    A database that machines share is held on this machine only: its transactions keep several writers apart.

    :raises HistoryError: where another run holds it, or no lock can be made.
    """
    from filelock import FileLock, Timeout

    file = _file(place)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"{file.parent}: cannot be made: {error.strerror}.", "Name another --history.") from None
    try:
        with FileLock(file, blocking=False):
            yield
    except Timeout:
        raise HistoryError(
            f"Another run with this history is under way: it holds {file}.", "Wait for it, or end it."
        ) from None
    except OSError as error:
        if error.filename and Path(error.filename) == file:
            raise HistoryError(f"{file}: cannot be made: {error.strerror}.", "Name another --history.") from None
        raise


def _file(place: str) -> Path:
    if "://" in place:  # the address may hold a password: it is not named
        name = hashlib.blake2b(place.encode(), digest_size=8).hexdigest()
        return default_file().parent / f"{name}.lock"
    file = Path(place) if place else default_file()
    return file.with_name(f"{file.name}.lock")
