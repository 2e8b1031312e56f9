"""``comgmt-audit drift``."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.cli.console import USAGE, clock
from comgmt_audit.cli.options import CHECKS, FILE, FOLDER, HISTORY, existing, packs_of
from comgmt_audit.cli.output import distinct, read_scan, write
from comgmt_audit.errors import HistoryError
from comgmt_audit.model import Change, Drift, DriftReport, Scan, Severity

if TYPE_CHECKING:
    from comgmt_audit.inputs import Pack

ANY = "any"
"""``--fail-on any``: every change stands in the way, a changed value and a failure that was mended as well."""
NONE, DRIFTED, CANNOT_TELL = 0, 1, 3
"""Exit codes of ``drift``."""
_REPORTS = {"html": "drift_page", "json": "drift_json", "markdown": "drift_text"}


@click.command(
    epilog="""\b
Exit codes:
    0  nothing has changed, or nothing at or above --fail-on
    1  something has changed
    2  usage, or something that cannot be compared
    3  cannot tell: nothing is seen to have changed, but something was not compared
"""
)
@click.argument("places", metavar="[BEFORE AFTER]", nargs=-1, type=FOLDER)
@click.option("--html", type=FILE, help="Write the drift as one HTML page.")
@click.option("--json", type=FILE, help="Write the drift as JSON.")
@click.option("--markdown", type=FILE, help="Write the drift as Markdown, for a message or a job summary.")
@click.option(
    "--fail-on",
    type=click.Choice([ANY, *(severity.value for severity in Severity)], case_sensitive=False),
    default=ANY,
    show_default=True,
    metavar="WORD",
    help="A severity: only failures that came, grew worse or are unknown now, at or above it.",
)
@click.option("--select", default="", metavar="EXPR", help="Of two recordings: only these checks, as in scan.")
@click.option("--baseline", default="", metavar="NAME|FILE", help="Of two recordings: expect this.")
@CHECKS
@HISTORY
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Print every change.")
def drift(
    places: tuple[Path, ...],
    fail_on: str,
    select: str,
    baseline: str,
    checks: tuple[Path, ...],
    history: str | None,
    quiet: bool,
    verbose: bool,
    **files: Path | None,
) -> int:
    """Say what has changed: between two recordings (values, and what the checks say), between two scans that
    `scan --json` wrote, or, without arguments, between the last two scans of the history.
    """
    from comgmt_audit import packs

    if len(places) not in {0, 2}:
        raise click.UsageError("Name two recordings or two scans, or none for the last two of the history.")
    reports = distinct({_REPORTS[name]: path for name, path in files.items() if path})
    report = _between(places, select, baseline, packs_of(checks)) if places else _last(history or "")
    written = write(report, reports, quiet)
    if not quiet:
        click.echo(packs.report("drift_text").render(report, verbose=verbose), nl=False)
    return _code(report, fail_on) if written else USAGE


def _last(place: str) -> DriftReport:
    with existing(place) as history:
        newest = next(iter(history.last(1)), None)
        followed = history.followed(newest).history if newest else None
    if not newest or not followed or not followed.drift:
        raise HistoryError(
            "The history holds no two scans that can be compared.", "Scan with --history, or name two recordings."
        )
    return _report(newest, followed.drift)


def _between(places: Sequence[Path], select: str, baseline: str, packs: Sequence[Pack]) -> DriftReport:
    before, after = places
    kept = [path.suffix.lower() == ".json" for path in places]
    if all(kept):
        return _of_scans(read_scan(before), read_scan(after))
    if any(kept):
        raise click.UsageError("Name two recordings, or two JSON reports: one of each cannot be compared.")
    return _of_recordings(before, after, select, baseline, packs)


def _of_scans(before: Scan, after: Scan) -> DriftReport:
    from comgmt_audit.drift import verdicts

    return _report(after, verdicts.compare(before, after))


def _of_recordings(before: Path, after: Path, select: str, baseline: str, packs: Sequence[Pack]) -> DriftReport:
    from comgmt_audit import engine, selection
    from comgmt_audit.drift import values
    from comgmt_audit.inputs import open_environment

    chosen = selection.select([check for pack in packs for check in pack.checks], select)
    with contextlib.ExitStack() as stack:
        environments = [open_environment(path, baseline) for path in (before, after)]
        for environment in environments:
            stack.callback(environment.recording.close)
        one, other = (
            engine.scan(chosen, environment, started_at=clock(), fail_on=Severity.MEDIUM, selection=select)
            for environment in environments
        )
        found = values.compare(*(environment.recording for environment in environments))
    report = _of_scans(one, other)
    return DriftReport(
        environment=report.environment,
        verdicts=report.verdicts,
        values=found.changes,
        unseen=found.unseen,
        titles=report.titles,
    )


def _report(scan: Scan, drift: Drift) -> DriftReport:
    named = {change.check for change in drift.changes}
    titles = {result.check.id: result.check.title for result in scan.results if result.check.id in named}
    return DriftReport(environment=scan.environment, verdicts=drift, titles=titles)


def _code(report: DriftReport, fail_on: str) -> int:
    if fail_on == ANY:
        stops = report.has_drifted
    else:
        worse = report.verdicts.of(Change.NEW, Change.WORSE, Change.UNKNOWN_NOW)
        stops = any(one.severity.rank >= Severity(fail_on).rank and not one.waived for one in worse)
    if stops:
        return DRIFTED
    return CANNOT_TELL if report.unseen else NONE
