"""Opening what somebody named as a file: a pipe would be waited for until somebody writes to it, a device for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: Path) -> BinaryIO:
    """The file's bytes, to be read. Raises OSError, naming the file, also where it is no plain file."""

    def opener(name: str, flags: int) -> int:
        # Not blocking: opening a pipe waits for a writer. It changes nothing of how a plain file is read (open(2)).
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    file = open(path, "rb", opener=opener)  # noqa: SIM115 -- Path.open has no opener; it is closed by the caller
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(errno.EINVAL, "is not a plain file", str(path))
