"""``comgmt-audit report``."""

from __future__ import annotations

from pathlib import Path

import click

from comgmt_audit.cli.console import USAGE
from comgmt_audit.cli.options import FILE, report_options
from comgmt_audit.cli.output import read_scan, show, wanted, write


@click.command(epilog="Exit codes: 0 written, 2 usage, a file that holds no scan, or a report that cannot be written.")
@click.argument("file", metavar="SCAN.json", type=FILE)
@report_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Print what passed as well, and all findings.")
def report(file: Path, quiet: bool, verbose: bool, **files: Path | None) -> int:
    """Render a scan again that `scan --json` wrote, without scanning."""
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    reports = wanted(files)
    result = read_scan(file)
    written = write(result, reports, quiet)
    if not quiet:
        show(result, verbose)
    return 0 if written else USAGE
