"""Libraries that are imported late, by one thread at a time.

Two threads that import libraries with a common part at once may each be given half of it: Python breaks the deadlock of
their import locks in that way, and the import then fails.
"""

from __future__ import annotations

import importlib
import threading

_ONE_AT_A_TIME = threading.Lock()


def load(*names: str) -> None:
    """Import these modules. Raises ImportError."""
    with _ONE_AT_A_TIME:
        for name in names:
            importlib.import_module(name)
