"""What the command line says and how it ends: exit codes, the clock, text without control characters."""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import sys

import click

from comgmt_audit.errors import ComgmtError
from comgmt_audit.runner_commands import defused

PROGRAM = "comgmt-audit"
COMPLETE = "_COMGMT_AUDIT_COMPLETE"
"""The environment variable by which a shell's completion script asks, as click names it."""
USAGE = 2
"""The exit code for usage, configuration, and input that is refused; those of a scan are ``model.EXIT_CODES``."""
DEFECT = 70
"""The exit code for a defect of comgmt-audit itself (``EX_SOFTWARE`` of BSD's sysexits.h)."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 + SIGINT."""
PIPE_CLOSED = 141
"""The exit code when the reader of our output went away: 128 + SIGPIPE. Never mistaken for a verdict."""
# C0 and C1 control characters apart from tab and line feed, and what reorders or hides text (Unicode, UAX 9).
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clock() -> dt.datetime:
    """The time of the scan (UTC); ``SOURCE_DATE_EPOCH`` (seconds since 1970) fixes it for reproducible reports."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return dt.datetime.now(dt.UTC)
    try:
        return dt.datetime.fromtimestamp(int(fixed), dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ComgmtError(f"SOURCE_DATE_EPOCH is {fixed!r}; it must be seconds since 1970.") from None


def is_terminal() -> bool:
    """Is somebody there who can be asked?"""
    return sys.stdin is not None and sys.stdin.isatty()


def say(text: str, *, err: bool = False) -> None:
    """Print, with control characters made visible: what we print may quote a hostile recording."""
    click.echo(defused(_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)), err=err)


def forgive_encodings() -> None:
    """Let no console that lacks a character end the command; it shows ``?`` instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
