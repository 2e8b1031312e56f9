"""The command line: it parses, calls, prints and ends the process. Commands import what is heavy when they run."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import io
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.errors import ComgmtError, SelectionError
from comgmt_audit.model import EXIT_CODES, Check, Gate, Outcome, Scan, Severity
from comgmt_audit.version import __version__

if TYPE_CHECKING:
    from comgmt_audit.inputs import Pack
    from comgmt_audit.pardons import Pardons

USAGE = 2
"""The exit code for usage, configuration, and input that is refused; those of a scan are ``model.EXIT_CODES``."""
DEFECT = 70
"""The exit code for a defect of comgmt-audit itself (``EX_SOFTWARE`` of BSD's sysexits.h)."""
INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it: 128 + SIGINT."""
PIPE_CLOSED = 141
"""The exit code when the reader of our output went away: 128 + SIGPIPE. Never mistaken for a verdict."""

_PROGRAM = "comgmt-audit"
_COMPLETE = "_COMGMT_AUDIT_COMPLETE"
"""The environment variable by which a shell's completion script asks, as click names it."""


class _FailOn(click.Choice[str]):
    """What stands in the way: a severity, and words of ``Gate``, joined by commas."""

    name = "fail-on"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        words = [super(_FailOn, self).convert(word.strip(), param, ctx) for word in value.split(",")]
        if sum(word in set(Severity) for word in words) > 1:
            self.fail(f"{value!r} names two severities; the lesser one includes the graver.", param, ctx)
        return ",".join(words)


_FAIL_ON = _FailOn([*(severity.value for severity in Severity), *(gate.value for gate in Gate)], case_sensitive=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path)
_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=900,
    show_default=True,
    metavar="SECONDS",
    help="What is not read live within it is recorded as not reached.",
)
_REPORTS = {
    "html": ("page", "Write the report as one HTML page."),
    "junit": ("junit", "Write the report as JUnit XML, for CI."),
    "json": ("scan_json", "Write the whole scan as JSON."),
    "markdown": ("markdown", "Write the report as Markdown, for a job summary or a pull request."),
    "csv": ("scan_csv", "Write the findings as CSV, for a spreadsheet."),
    "sarif": ("sarif", "Write the findings as SARIF 2.1.0, for code scanning."),
}
"""The options that write a report: the module of ``reports``, and the help."""
# C0 and C1 control characters apart from tab and line feed, and what reorders or hides text (Unicode, UAX 9).
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code (table in ``docs/cli.md``)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # A short run makes many objects and drops few: looking for cycles after every 700 costs a twentieth of it.
    gc.set_threshold(50_000)
    _forgive_encodings()
    try:
        code = _run(given)
        sys.stdout.flush()
    except OSError as error:
        # What is still buffered must not be flushed once more at exit.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return PIPE_CLOSED
        _say(f"Error: {error}", err=True)
        return USAGE
    return code


def clock() -> dt.datetime:
    """The time of the scan (UTC); ``SOURCE_DATE_EPOCH`` (seconds since 1970) fixes it for reproducible reports."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if fixed is None:
        return dt.datetime.now(dt.UTC)
    try:
        return dt.datetime.fromtimestamp(int(fixed), dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ComgmtError(f"SOURCE_DATE_EPOCH is {fixed!r}; it must be seconds since 1970.") from None


def _run(arguments: list[str]) -> int:
    if instruction := os.environ.get(_COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, _PROGRAM, _COMPLETE, instruction)
    try:
        # Not click's main(): it ends with 1, our "not ready", where a pipe is closed.
        with cli.make_context(_PROGRAM, arguments) as context:
            return cli.invoke(context) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("Interrupted.", err=True)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        wrong: click.Context | None = getattr(error, "ctx", None)
        if wrong is not None:
            _say(f"{wrong.get_usage()}\nTry '{wrong.command_path} --help'.\n", err=True)
        _say(f"Error: {error.format_message()}", err=True)
        return USAGE
    except ComgmtError as error:
        _say(f"Error: {error}", err=True)
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

        _say(evidence("".join(traceback.format_exception(error))), err=True)
    _say(f"Error: a defect of comgmt-audit: {type(error).__name__}: {evidence(str(error))}", err=True)
    _say("Please report it. --verbose (or COMGMT_DEBUG=1) shows where it happened. There is no verdict.", err=True)


def _forgive_encodings() -> None:
    """Let no console that lacks a character end the command; it shows ``?`` instead."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _say(text: str, *, err: bool = False) -> None:
    """Print, with control characters made visible: what we print may quote a hostile recording."""
    click.echo(_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text), err=err)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message=f"{_PROGRAM} %(version)s")
def cli() -> None:
    """Is this environment ready for co-management with PKI, and if not, what must be done?

    Reads only; changes nothing.
    """


def _report_options(command: Callable[..., int]) -> Callable[..., int]:
    for name, (_, text) in reversed(_REPORTS.items()):
        command = click.option(f"--{name}", type=_FILE, help=text)(command)
    return command


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


@cli.command(epilog=_EXIT_CODES)
@click.argument("source", metavar="[RECORDING|comgmt.toml]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--demo",
    is_flag=False,
    flag_value="not-ready",
    metavar="[not-ready|ready]",
    type=click.Choice(["not-ready", "ready"]),
    help="Judge an example environment that comes along, instead of yours.",
)
@_report_options
@click.option("--select", default="", metavar="EXPR", help="Only these checks: ids, families, S31, stages, tags; !not.")
@click.option(
    "--fail-on",
    type=_FAIL_ON,
    default=Severity.MEDIUM.value,
    show_default=True,
    metavar="WORDS",
    help="A severity (lesser failures are advice), and new, unknown, expired-waiver; joined by commas.",
)
@click.option("--baseline", default="", metavar="NAME|FILE", help="Expect this instead of what the design names.")
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
@click.option("--keep", type=_FOLDER, metavar="TARGET", help="Keep what was read live (folder or .zip).")
@click.option("--waivers", type=_FILE, help="Failures that are accepted; by default waivers.toml beside comgmt.toml.")
@click.option(
    "--accepted", type=_FILE, help="What --accept-current wrote; by default accepted.json beside comgmt.toml."
)
@click.option(
    "--accept-current", is_flag=True, help="Accept what fails now, so that only what is new stands in the way."
)
@_TIMEOUT
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
    reports = _wanted(files)
    place = _source(source, demo)
    packs = _packs(checks, announce=not quiet)
    known = {check.id for pack in packs for check in pack.checks}
    pardons = _pardons(place, waivers, accepted, accept_current, known)
    with _recorded(place, packs, select, keep, timeout, quiet) as recorded, _progress(quiet) as progress:
        result = _judge(place, recorded, baseline, select, fail_on, packs, progress)
    result, wrong = _pardoned(result, pardons, quiet)
    written = _write(result, reports, quiet)
    if not quiet:
        _show(result, verbose)
    for error in wrong:
        _say(f"Error: {error}", err=True)
    return EXIT_CODES[result.verdict] if written and not wrong else USAGE


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
        _say(line, err=True)
    return marked, wrong


def _wanted(files: dict[str, Path | None]) -> dict[str, Path]:
    """The reports that were asked for: module of ``reports``, and where it is to be written."""
    reports = {_REPORTS[name][0]: path for name, path in files.items() if path}
    if len({path.absolute() for path in reports.values()}) < len(reports):
        raise click.UsageError("Two reports cannot go to the same file.")
    return reports


def _source(source: Path | None, demo: str | None) -> Path:
    if demo:
        if source:
            raise click.UsageError("Name a recording or --demo, not both.")
        return Path(__file__).parent / "demo" / f"{demo}.zip"
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
            _say(f"The recording is partial: {partial}", err=True)
        if keep and not quiet:
            _say(f"Kept {keep}", err=True)
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


def _packs(folders: Sequence[Path], *, announce: bool = False) -> tuple[Pack, ...]:
    """All packs. Checks are code that runs here, so it is said whose is loaded."""
    from comgmt_audit.inputs import load_packs

    packs = load_packs(folders)
    for pack in packs[1:] if announce else ():
        _say(f"Loaded {len(pack.checks)} checks of {pack.name} from {pack.folder}", err=True)
    return packs


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show what is being done, on a terminal only; gone when it is done. Takes the id of the check that runs next."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("Reading the recording") as status:
        yield lambda id: status.update(f"Judging {id}")


def _write(scan: Scan, reports: dict[str, Path], quiet: bool) -> bool:
    """Write each report, also when another one cannot be written; says whether all were."""
    from comgmt_audit import packs

    complete = True
    for name, path in reports.items():
        try:
            packs.report(name).write(scan, path)
        except (ComgmtError, OSError) as error:
            _say(f"Error: {error}", err=True)
            complete = False
        else:
            if not quiet:
                _say(f"Wrote {path}", err=True)
    return complete


def _show(scan: Scan, verbose: bool) -> None:
    from comgmt_audit import packs

    terminal = packs.report("terminal")
    if sys.stdout.isatty():
        from rich.console import Console

        terminal.show(scan, Console(), verbose=verbose)
    else:
        click.echo(terminal.render(scan, verbose=verbose), nl=False)


@cli.command(epilog="Exit codes: 0 written, 2 usage, a file that holds no scan, or a report that cannot be written.")
@click.argument("file", metavar="SCAN.json", type=_FILE)
@_report_options
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
@click.option("--verbose", "-v", is_flag=True, help="Print what passed as well, and all findings.")
def report(file: Path, quiet: bool, verbose: bool, **files: Path | None) -> int:
    """Render a scan again that `scan --json` wrote, without scanning."""
    from comgmt_audit import packs

    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    reports = _wanted(files)
    try:
        result: Scan = packs.report("scan_json").load(file.read_bytes())
    except OSError as error:
        raise ComgmtError(f"{file}: it cannot be read: {error.strerror}.", "Name the JSON report of a scan.") from None
    except ComgmtError as error:
        raise ComgmtError(f"{file}: {error.message}", error.hint) from None
    written = _write(result, reports, quiet)
    if not quiet:
        _show(result, verbose)
    return 0 if written else USAGE


@cli.command("list")
@click.option("--select", default="", metavar="EXPR", help="Only these checks, as in scan.")
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the whole documentation.")
def list_(select: str, checks: tuple[Path, ...], as_json: bool) -> None:
    """List the checks, in the order of the roll-out."""
    from comgmt_audit import selection
    from comgmt_audit.model import CheckText

    chosen = selection.select([check for pack in _packs(checks) for check in pack.checks], select)
    chosen = tuple(sorted(chosen, key=lambda check: (check.family.stage.rank, check.id)))
    if as_json:
        import msgspec

        texts = msgspec.json.encode([CheckText.of(check) for check in chosen])
        _say(msgspec.json.format(texts, indent=1).decode())
        return
    for check in chosen:
        _say(f"{check.id}  {check.severity.value:8}  {check.family.stage.value:14}  {check.title}")


@cli.command(
    epilog="""\b
Exit codes:
    0  everything was asked
    2  usage or configuration
    3  the recording is partial: it says what is missing
  130  interrupted; the recording is there, and partial
"""
)
@click.argument("source", metavar="[comgmt.toml]", default="comgmt.toml", type=_FILE)
@click.option("--output", "-o", "target", required=True, type=_FOLDER, metavar="TARGET", help="New folder or .zip.")
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
@_TIMEOUT
@click.option("--resume", type=_FOLDER, metavar="RECORDING", help="Take over a partial recording's answers.")
@click.option(
    "--outside",
    type=_FOLDER,
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
    chosen = _chosen(checks, select)
    try:
        partial = live_cli.record(source, target, chosen, timeout=timeout, clock=clock, quiet=quiet, **ways)
    except KeyboardInterrupt:
        if target.exists():
            _say(f"Wrote {target}, which is partial; go on with --resume {target}", err=True)
        raise
    if partial:
        _say(f"The recording is partial: {partial}", err=True)
    if not quiet:
        _say(f"Wrote {target}", err=True)
    return live_cli.INCOMPLETE if partial else live_cli.COMPLETE


@cli.command(epilog="Exit codes: 0 all is there, 2 usage or configuration, 3 something is missing.")
@click.argument("source", metavar="[comgmt.toml]", default="comgmt.toml", type=_FILE)
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
def doctor(source: Path, select: str, checks: tuple[Path, ...]) -> int:
    """Say which sources answer, as whom, which rights are missing, and which checks that costs."""
    from comgmt_audit import live_cli

    code, lines = live_cli.doctor(source, _chosen(checks, select), clock)
    _say("\n".join(lines))
    return code


@cli.command()
@click.option("--select", default="", metavar="EXPR", help="Only what these checks need, as in scan.")
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
@click.option("--as", "form", type=click.Choice(["table", "az", "manifest"]), default="table", show_default=True)
def permissions(select: str, checks: tuple[Path, ...], form: str) -> None:
    """Print the least rights that the checks need: a table, az commands, or an app registration's manifest."""
    from comgmt_audit import live_cli

    _say(live_cli.permissions(_chosen(checks, select), form))


def _chosen(folders: Sequence[Path], select: str) -> tuple[Check, ...]:
    from comgmt_audit import selection

    return selection.select([check for pack in _packs(folders) for check in pack.checks], select)


def _complete_id(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 -- click's signature
    ids = [check.id for pack in _packs(()) for check in pack.checks]
    return [id for id in ids if id.startswith(incomplete.upper())]


@cli.command()
@click.argument("id", shell_complete=_complete_id)
@click.option("--checks", multiple=True, type=_FOLDER, metavar="DIR", help="A folder of your own checks; repeatable.")
def explain(id: str, checks: tuple[Path, ...]) -> None:
    """Explain one check: what it claims, why, what mends it, and what it reads."""
    known = {check.id: check for pack in _packs(checks) for check in pack.checks}
    if id.upper() not in known:
        import difflib

        close = difflib.get_close_matches(id.upper(), known, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "`comgmt-audit list` shows all checks."
        raise SelectionError(f"There is no check {id!r}.", hint)
    _say("\n".join(_explanation(known[id.upper()])))


def _explanation(check: Check) -> Iterator[str]:
    yield f"{check.id}  {check.title}\n"
    needs = {need: None for fact in check.facts.values() for need in getattr(fact, "needs", ())}
    rows = {
        "Severity": check.severity.value,
        "Stage": check.family.stage.value,
        "Family": f"{check.family.code}, {check.family.title}",
        "Statements": ", ".join(check.covers),
        "Tutorial": check.step,
        "Applies where": (check.applies.__doc__ or "").strip() if check.applies else "always",
        "Reads": ", ".join(needs),
        "Waits for": ", ".join(check.after),
        "If none is there": f"{Outcome.NOT_APPLICABLE.value}: {check.empty}" if check.empty else "",
        "Tags": ", ".join(check.tags),
        "Pack": check.pack,
    }
    for name, value in rows.items():
        if value:
            yield f"{name + ':':18}{value}"
    for name, text in {"Why": check.why, "Remedy": check.remedy}.items():
        yield f"\n{name}:"
        yield from (f"  {line}".rstrip() for line in text.splitlines())
    if check.refs:
        yield "\nSee:"
        yield from (f"  {reference.title}: {reference.url}" for reference in check.refs)


@cli.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="As JSON: one list, an object for each file.")
@click.option(
    "--password",
    "references",
    multiple=True,
    metavar="WHERE",
    help="Where a PFX password is: env:NAME, file:PATH, keyring:SERVICE/USER, or ask; repeatable, each is tried.",
)
def inspect(files: tuple[Path, ...], as_json: bool, references: tuple[str, ...]) -> int:
    """Show what an evidence file says: certificate, CRL, log, command output, Graph or AdminService answer.

    Ends with 2 where a file is not recognised or cannot be read.
    """
    from comgmt_audit import inspect_file

    passwords = [_password(reference) for reference in references]
    found = [inspect_file.inspect(file, passwords) for file in files]
    if as_json:
        import msgspec

        _say(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        _say("\n\n".join("\n".join(inspect_file.table(seen)) for seen in found))
    return 0 if all(seen.kind for seen in found) else USAGE


def _password(reference: str) -> str:
    """A password that is never an argument itself: arguments show in the list of processes."""
    if reference == "ask":
        asked: str = click.prompt("Password of the PFX", hide_input=True, default="", show_default=False, err=True)
        return asked
    from comgmt_audit.sources import secrets

    return secrets.resolve(reference, "--password")


@cli.command("collect-script")
def collect_script() -> None:
    """Print the PowerShell script that collects evidence on a Windows computer; it reads only.

    Its file, named like the computer, goes into connect.files.hosts of comgmt.toml.
    """
    _say((Path(__file__).parent / "collect.ps1").read_text(encoding="utf-8").rstrip("\n"))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes comgmt-audit in a shell.

    \b
    bash:  eval "$(comgmt-audit completion bash)"
    zsh:   eval "$(comgmt-audit completion zsh)"
    fish:  comgmt-audit completion fish | source
    """
    from click.shell_completion import ShellComplete, get_completion_class

    shells: type[ShellComplete] | None = get_completion_class(shell)
    if shells is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(shells(cli, {}, _PROGRAM, _COMPLETE).source())
