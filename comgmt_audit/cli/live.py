"""``comgmt-audit record``, ``doctor`` and ``permissions``."""

from __future__ import annotations

from pathlib import Path

import click

from comgmt_audit.cli.console import clock, say
from comgmt_audit.cli.options import CHECKS, FILE, FOLDER, TIMEOUT, chosen


@click.command(
    epilog="""\b
Exit codes:
    0  everything was asked
    2  usage or configuration
    3  the recording is partial: it says what is missing
  130  interrupted; the recording is there, and partial
"""
)
@click.argument("source", metavar="[comgmt.toml]", default="comgmt.toml", type=FILE)
@click.option("--output", "-o", "target", required=True, type=FOLDER, metavar="TARGET", help="New folder or .zip.")
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@CHECKS
@TIMEOUT
@click.option("--resume", type=FOLDER, metavar="RECORDING", help="Take over a partial recording's answers.")
@click.option(
    "--outside",
    type=FOLDER,
    metavar="RECORDING",
    help="Take over a recording made inside; add what is seen from here, on the internet.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def record(
    source: Path,
    target: Path,
    select: str,
    checks: tuple[Path, ...],
    timeout: float,
    resume: Path | None,
    outside: Path | None,
    quiet: bool,
) -> int:
    """Read the live systems into a recording, without judging it."""
    from comgmt_audit import live_cli

    if resume and outside:
        raise click.UsageError("--resume and --outside exclude each other: finish the recording inside first.")
    ways = {"resume": resume, "outside": outside}
    needed = chosen(checks, select)
    try:
        partial = live_cli.record(source, target, needed, timeout=timeout, clock=clock, quiet=quiet, **ways)
    except KeyboardInterrupt:
        if target.exists():
            say(f"Wrote {target}, which is partial; go on with --resume {target}", err=True)
        raise
    if partial:
        say(f"The recording is partial: {partial}", err=True)
    if not quiet:
        say(f"Wrote {target}", err=True)
    return live_cli.INCOMPLETE if partial else live_cli.COMPLETE


@click.command(epilog="Exit codes: 0 all is there, 2 usage or configuration, 3 something is missing.")
@click.argument("source", metavar="[comgmt.toml]", default="comgmt.toml", type=FILE)
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@CHECKS
def doctor(source: Path, select: str, checks: tuple[Path, ...]) -> int:
    """Say which sources answer, as whom, which rights are missing, and which checks that costs."""
    from comgmt_audit import live_cli

    code, lines = live_cli.doctor(source, chosen(checks, select), clock)
    say("\n".join(lines))
    return code


@click.command()
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@CHECKS
@click.option("--as", "form", type=click.Choice(["table", "az", "manifest"]), default="table", show_default=True)
def permissions(select: str, checks: tuple[Path, ...], form: str) -> None:
    """Print the least rights that the checks need: a table, az commands, or an app registration's manifest."""
    from comgmt_audit import live_cli

    say(live_cli.permissions(chosen(checks, select), form))
