"""``comgmt-audit scan``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.cli.console import USAGE, clock, say
from comgmt_audit.cli.options import CHECKS, FAIL_ON, FILE, FOLDER, HISTORY, TIMEOUT, packs_of, past, report_options
from comgmt_audit.cli.output import show, wanted, write
from comgmt_audit.model import EXIT_CODES, Gate, Scan, Severity

if TYPE_CHECKING:
    from comgmt_audit.inputs import Pack
    from comgmt_audit.notify import Plan
    from comgmt_audit.pardons import Pardons

_EXIT_CODES = """\b
Exit codes:
    0  ready
    1  not ready: a check fails at or above --fail-on
    2  usage, configuration, or a recording that cannot be used
    3  cannot tell: nothing grave fails, but something was not assessed
   70  a defect of comgmt-audit
  130  interrupted
  141  the reader of the output went away
"""


@click.command(epilog=_EXIT_CODES)
@click.argument("source", metavar="[RECORDING|comgmt.toml]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--demo",
    is_flag=False,
    flag_value="not-ready",
    metavar="[not-ready|ready]",
    type=click.Choice(["not-ready", "ready"]),
    help="Judge an example environment that comes along, instead of yours.",
)
@report_options
@click.option("--select", default="", metavar="EXPR", help="Only these checks: ids, families, S31, stages, tags; !not.")
@click.option(
    "--fail-on",
    type=FAIL_ON,
    default=Severity.MEDIUM.value,
    show_default=True,
    metavar="WORDS",
    help="A severity (lesser failures are advice), and new, unknown, expired-waiver; joined by commas.",
)
@click.option("--baseline", default="", metavar="NAME|FILE", help="Expect this instead of what the design names.")
@CHECKS
@click.option("--keep", type=FOLDER, metavar="TARGET", help="Keep what was read live (folder or .zip).")
@click.option("--waivers", type=FILE, help="Failures that are accepted; by default waivers.toml beside comgmt.toml.")
@click.option("--accepted", type=FILE, help="What --accept-current wrote; by default accepted.json beside comgmt.toml.")
@click.option(
    "--accept-current", is_flag=True, help="Accept what fails now, so that only what is new stands in the way."
)
@HISTORY
@click.option("--notify", is_flag=True, help="Tell whom connect.notify names what has changed; needs --history.")
@TIMEOUT
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Print what passed as well, and all findings.")
def scan(
    source: Path | None,
    demo: str | None,
    select: str,
    fail_on: str,
    baseline: str,
    checks: tuple[Path, ...],
    keep: Path | None,
    waivers: Path | None,
    accepted: Path | None,
    accept_current: bool,
    history: str | None,
    notify: bool,
    timeout: float,
    quiet: bool,
    verbose: bool,
    **files: Path | None,
) -> int:
    """Judge a recording (a folder or .zip), the one that a comgmt.toml names, or what is read live by it.

    A comgmt.toml without the key `recording` is read live. Without an argument, ./comgmt.toml is read.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    reports = wanted(files)
    place = _source(source, demo)
    packs = packs_of(checks, announce=not quiet)
    known = {check.id for pack in packs for check in pack.checks}
    pardons = _pardons(place, waivers, accepted, accept_current, known)
    plan = _plan(place, history, notify)
    with past(history) as earlier:
        with _recorded(place, packs, select, keep, timeout, quiet) as recorded, _progress(quiet) as progress:
            result = _judge(place, recorded, baseline, select, fail_on, packs, progress)
        result, wrong = _pardoned(result, pardons, quiet)
        if earlier:
            before, result = earlier.before(result), earlier.followed(result)
            earlier.add(result)
            _tell(before, result, plan)
    written = write(result, reports, quiet)
    if not quiet:
        show(result, verbose)
    for error in wrong:
        say(f"Error: {error}", err=True)
    return EXIT_CODES[result.verdict] if written and not wrong else USAGE


def _plan(source: Path, history: str | None, notify: bool) -> Plan | None:
    """Whom to tell what has changed, found out before anything is scanned."""
    if not notify:
        return None
    if history is None or source.suffix.lower() != ".toml":
        raise click.UsageError(
            "--notify needs --history, and a comgmt.toml that says in [connect.notify] whom to tell."
        )
    from comgmt_audit import notify as module

    return module.plan(source)


def _tell(before: Scan | None, result: Scan, plan: Plan | None) -> None:
    """Whoever cannot be told is named, and changes no verdict."""
    if plan:
        from comgmt_audit import notify as module

        for problem in module.tell(before, result, plan):
            say(f"Error: {problem}", err=True)


def _pardons(
    source: Path, waivers: Path | None, accepted: Path | None, accept_current: bool, known: Collection[str]
) -> Pardons | None:
    """What is accepted, read before anything is judged; nothing, where no file says it (and nothing is imported)."""
    beside = source.parent if source.suffix.lower() == ".toml" else None
    ours = waivers or _there(beside, "waivers.toml")
    place = accepted or (beside / "accepted.json" if beside and accept_current else _there(beside, "accepted.json"))
    if accept_current and not place:
        raise click.UsageError("--accept-current needs --accepted FILE where the source is no comgmt.toml.")
    if not (ours or place):
        return None
    from comgmt_audit import pardons

    return pardons.load(ours, place, known, write=accept_current)


def _there(folder: Path | None, name: str) -> Path | None:
    return folder / name if folder and (folder / name).is_file() else None


def _pardoned(scan: Scan, pardons: Pardons | None, quiet: bool) -> tuple[Scan, tuple[str, ...]]:
    """The scan with what is accepted marked, and what is wrong with the waivers."""
    if not pardons:
        return scan, ()
    from comgmt_audit import pardons as module

    marked, wrong, said = module.apply(scan, pardons)
    for line in said if not quiet else ():
        say(line, err=True)
    return marked, wrong


def _source(source: Path | None, demo: str | None) -> Path:
    if demo:
        if source:
            raise click.UsageError("Name a recording or --demo, not both.")
        return Path(__file__).parent.parent / "demo" / f"{demo}.zip"
    if source:
        return source
    if Path("comgmt.toml").is_file():
        return Path("comgmt.toml")
    raise click.UsageError("Name a recording (folder or .zip) or a comgmt.toml, or try --demo.")


@contextlib.contextmanager
def _recorded(
    source: Path, packs: Sequence[Pack], select: str, keep: Path | None, timeout: float, quiet: bool
) -> Iterator[Path | None]:
    """What a comgmt.toml without ``recording`` describes, read live; nothing, where there is a recording."""
    if source.suffix.lower() == ".toml":
        from comgmt_audit import design

        live = not design.load(source).recording
    else:
        live = False
    if not live:
        if keep:
            raise click.UsageError("--keep is for what is read live: a comgmt.toml without the key `recording`.")
        yield None
        return
    import tempfile

    from comgmt_audit import live_cli, selection

    chosen = selection.select([check for pack in packs for check in pack.checks], select)
    with tempfile.TemporaryDirectory(prefix="comgmt-audit-") as folder:
        target = keep or Path(folder) / "recording"
        partial = live_cli.record(source, target, chosen, timeout=timeout, clock=clock, quiet=quiet)
        if partial:
            say(f"The recording is partial: {partial}", err=True)
        if keep and not quiet:
            say(f"Kept {keep}", err=True)
        yield target


def _judge(
    source: Path,
    recorded: Path | None,
    baseline: str,
    select: str,
    fail_on: str,
    packs: Sequence[Pack],
    progress: Callable[[str], None],
) -> Scan:
    from comgmt_audit import engine, selection
    from comgmt_audit.inputs import open_environment

    chosen = selection.select([check for pack in packs for check in pack.checks], select)
    started_at = clock()
    environment = open_environment(source, baseline, recorded)
    words = fail_on.split(",")
    level = next((word for word in words if word in set(Severity)), Severity.MEDIUM.value)
    try:
        return engine.scan(
            chosen,
            environment,
            started_at=started_at,
            fail_on=Severity(level),
            gate=[Gate(word) for word in words if word in set(Gate)],
            selection=select,
            packs=[pack.name for pack in packs],
            progress=progress,
        )
    finally:
        environment.recording.close()


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal only; gone when it is done. Takes the id of the check that runs next."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Reading the recording") as status:
        yield lambda id: status.update(f"Judging {id}")
