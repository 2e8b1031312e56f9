"""The command line: it parses, calls, prints and ends the process. Commands import what is heavy when they run."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Sequence

import click

from comgmt_audit.cli.console import (
    COMPLETE,
    DEFECT,
    INTERRUPTED,
    PIPE_CLOSED,
    PROGRAM,
    USAGE,
    forgive_encodings,
    say,
)
from comgmt_audit.errors import ComgmtError
from comgmt_audit.version import __version__

COMMANDS = {
    "init": "init",
    "scan": "scan",
    "report": "report",
    "drift": "drift",
    "schedule": "schedule",
    "record": "live",
    "doctor": "live",
    "permissions": "live",
    "list": "catalogue",
    "explain": "catalogue",
    "inspect": "evidence",
    "collect-script": "evidence",
    "completion": "completion",
}
"""Each command, in the order of the help, and the module here that holds it; imported when it is called."""

__all__ = ["COMPLETE", "DEFECT", "INTERRUPTED", "PIPE_CLOSED", "PROGRAM", "USAGE", "cli", "main"]


class _Commands(click.Group):
    """The commands, each imported when it is asked for: most runs need one."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"comgmt_audit.cli.{COMMANDS[name]}")
        found: click.Command = getattr(module, name.replace("-", "_") + "_" * (name == "list"))
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (table in ``docs/cli.md``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A short run makes many objects and drops few: looking for cycles after every 700 costs a twentieth of it.
    gc.set_threshold(50_000)
    forgive_encodings()
    try:
        code = _run(given)
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered must not be flushed once more at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return PIPE_CLOSED
        say(f"Error: {error}", err=True)
        return USAGE
    if arguments is None:
        # The process ends. Python would look for cycles among all that it holds, to free what the system frees anyway:
        # a seventh of a short run. What is to be done at exit is still done.
        gc.freeze()
    return code


def _run(arguments: list[str]) -> int:
    if instruction := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, PROGRAM, COMPLETE, instruction)
    try:
        # Not click's main(): it ends with 1, our "not ready", where a pipe is closed.
        with cli.make_context(PROGRAM, arguments) as context:
            return cli.invoke(context) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        wrong: click.Context | None = getattr(error, "ctx", None)
        if wrong is not None:
            say(f"{wrong.get_usage()}\nTry '{wrong.command_path} --help'.\n", err=True)
        say(f"Error: {error.format_message()}", err=True)
        return USAGE
    except ComgmtError as error:
        say(f"Error: {error}", err=True)
        return USAGE
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 -- the last place that can say something useful
        _explain_defect(error, arguments)
        return DEFECT


def _explain_defect(error: Exception, arguments: list[str]) -> None:
    from comgmt_audit.sources.redaction import evidence

    if "--verbose" in arguments or "-v" in arguments or os.environ.get("COMGMT_DEBUG"):
        import traceback

        say(evidence("".join(traceback.format_exception(error))), err=True)
    say(f"Error: a defect of comgmt-audit: {type(error).__name__}: {evidence(str(error))}", err=True)
    say("Please report it. --verbose (or COMGMT_DEBUG=1) shows where it happened. There is no verdict.", err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
def cli() -> None:
    """Is this environment ready for co-management with PKI, and if not, what must be done?

    Reads only; changes nothing.
    """
