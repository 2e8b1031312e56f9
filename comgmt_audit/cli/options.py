"""Options that several commands have, and what they stand for: reports, packs of checks, the checks that are chosen."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.cli.console import say
from comgmt_audit.errors import HistoryError
from comgmt_audit.model import Check, Gate, Severity

if TYPE_CHECKING:
    from comgmt_audit.history.store import Store
    from comgmt_audit.inputs import Pack


class _FailOn(click.Choice[str]):
    """What stands in the way: a severity, and words of ``Gate``, joined by commas."""

    name = "fail-on"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        words = [super(_FailOn, self).convert(word.strip(), param, ctx) for word in value.split(",")]
        if sum(word in set(Severity) for word in words) > 1:
            self.fail(f"{value!r} names two severities; the lesser one includes the graver.", param, ctx)
        return ",".join(words)


FAIL_ON = _FailOn([*(severity.value for severity in Severity), *(gate.value for gate in Gate)], case_sensitive=False)
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path)
CHECKS = click.option(
    "--checks", multiple=True, type=FOLDER, metavar="DIR", help="A folder of your own checks; repeatable."
)
TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="What is not read live within it is recorded as not reached.",
)


def _no_input(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 -- click's signature
    """``--history RECORDING`` was meant as ``--history`` and a recording."""
    if (
        value
        and "://" not in value
        and (Path(value).suffix.lower() in {".toml", ".zip", ".json"} or Path(value).is_dir())
    ):
        raise click.UsageError(f"{value}: is no history. Write --history=FILE, or --history after the other arguments.")
    return value


HISTORY = click.option(
    "--history",
    is_flag=False,
    flag_value="",
    callback=_no_input,
    envvar="COMGMT_AUDIT_HISTORY",
    metavar="[FILE|ADDRESS]",
    help="Where scans are kept, to see what changes; without a value, in the user's data folder.",
)
REPORTS = {
    "html": ("page", "Write the report as one HTML page."),
    "junit": ("junit", "Write the report as JUnit XML, for CI."),
    "json": ("scan_json", "Write the whole scan as JSON."),
    "markdown": ("markdown", "Write the report as Markdown, for a job summary or a pull request."),
    "csv": ("scan_csv", "Write the findings as CSV, for a spreadsheet."),
    "sarif": ("sarif", "Write the findings as SARIF 2.1.0, for code scanning."),
    "ics": ("expiry_calendar", "Write what ends, and when, as a calendar."),
}
"""The options that write a report: the module of ``reports``, and the help."""


def report_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of ``REPORTS``."""
    for name, (_, text) in reversed(REPORTS.items()):
        command = click.option(f"--{name}", type=FILE, help=text)(command)
    return command


def packs_of(folders: Sequence[Path], *, announce: bool = False) -> tuple[Pack, ...]:
    """All packs. Checks are code that runs here, so it is said whose is loaded."""
    from comgmt_audit.inputs import load_packs

    packs = load_packs(folders)
    for pack in packs[1:] if announce else ():
        say(f"Loaded {len(pack.checks)} checks of {pack.name} from {pack.folder}", err=True)
    return packs


def chosen(folders: Sequence[Path], select: str) -> tuple[Check, ...]:
    """The checks of all packs that ``--select`` takes."""
    from comgmt_audit import selection

    return selection.select([check for pack in packs_of(folders) for check in pack.checks], select)


@contextlib.contextmanager
def past(place: str | None) -> Iterator[Store | None]:
    """The history that ``--history`` names, held for this run; nothing, where it was not given."""
    if place is None:
        yield None
        return
    with _watching():
        from comgmt_audit.history import lock, store
    with lock.locked(place), store.opened(place) as opened:
        yield opened


@contextlib.contextmanager
def existing(place: str) -> Iterator[Store]:
    """The history that is there, to be read."""
    with _watching():
        from comgmt_audit.history import store
    with store.opened(place, existing=True) as opened:
        yield opened


@contextlib.contextmanager
def _watching() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise HistoryError(f"The history needs {error.name}.", "pip install 'comgmt-audit[watch]'") from None
