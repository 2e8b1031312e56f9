"""A scan on its way out: to the terminal, and to the files that were asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from comgmt_audit.cli.console import say
from comgmt_audit.cli.options import REPORTS
from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import DriftReport, Scan


def wanted(files: dict[str, Path | None]) -> dict[str, Path]:
    """The reports that were asked for: module of ``reports``, and where it is to be written."""
    return distinct({REPORTS[name][0]: path for name, path in files.items() if path})


def distinct(reports: dict[str, Path]) -> dict[str, Path]:
    """The same, or a usage error where two of them go to one file."""
    if len({path.absolute() for path in reports.values()}) < len(reports):
        raise click.UsageError("Two reports cannot go to the same file.")
    return reports


def write(scan: Scan | DriftReport, reports: dict[str, Path], quiet: bool) -> bool:
    """Write each report, also when another one cannot be written; says whether all were."""
    from comgmt_audit import packs

    complete = True
    for name, path in reports.items():
        try:
            packs.report(name).write(scan, path)
        except (ComgmtError, OSError) as error:
            say(f"Error: {error}", err=True)
            complete = False
        else:
            if not quiet:
                say(f"Wrote {path}", err=True)
    return complete


def show(scan: Scan, verbose: bool) -> None:
    """Print the report on the standard output; in colours on a terminal."""
    from comgmt_audit import packs

    terminal = packs.report("terminal")
    if sys.stdout.isatty():
        from rich.console import Console

        terminal.show(scan, Console(), verbose=verbose)
    else:
        click.echo(terminal.render(scan, verbose=verbose), nl=False)


def read_scan(file: Path) -> Scan:
    """A scan that ``scan --json`` wrote. Raises ComgmtError, naming the file."""
    from comgmt_audit import packs

    try:
        scan: Scan = packs.report("scan_json").load(file.read_bytes())
    except OSError as error:
        raise ComgmtError(f"{file}: it cannot be read: {error.strerror}.", "Name the JSON report of a scan.") from None
    except ComgmtError as error:
        raise ComgmtError(f"{file}: {error.message}", error.hint) from None
    return scan
