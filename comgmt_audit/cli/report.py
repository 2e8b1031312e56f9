"""``comgmt-audit report``."""

from __future__ import annotations

from pathlib import Path

import click

from comgmt_audit.cli.console import USAGE
from comgmt_audit.cli.options import FILE, report_options
from comgmt_audit.cli.output import show, wanted, write
from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import Scan


@click.command(epilog="Exit codes: 0 written, 2 usage, a file that holds no scan, or a report that cannot be written.")
@click.argument("file", metavar="SCAN.json", type=FILE)
@report_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Print what passed as well, and all findings.")
def report(file: Path, quiet: bool, verbose: bool, **files: Path | None) -> int:
    """Render a scan again that `scan --json` wrote, without scanning."""
    from comgmt_audit import packs

    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    reports = wanted(files)
    try:
        result: Scan = packs.report("scan_json").load(file.read_bytes())
    except OSError as error:
        raise ComgmtError(f"{file}: it cannot be read: {error.strerror}.", "Name the JSON report of a scan.") from None
    except ComgmtError as error:
        raise ComgmtError(f"{file}: {error.message}", error.hint) from None
    written = write(result, reports, quiet)
    if not quiet:
        show(result, verbose)
    return 0 if written else USAGE
