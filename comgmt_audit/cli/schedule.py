"""``comgmt-audit schedule``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path, PurePath
from urllib.parse import urlsplit

import click

from comgmt_audit.cli.console import PROGRAM, say
from comgmt_audit.cli.options import FAIL_ON, FILE, FOLDER
from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import Severity

_ON_THIS_COMPUTER = {"cron", "systemd", "windows-task"}
_HELP = {
    "cron": "A crontab.",
    "systemd": "A service and a timer of systemd.",
    "windows-task": "A task of Windows' Task Scheduler.",
    "github": "A workflow of GitHub Actions.",
    "azure-pipelines": "A pipeline of Azure DevOps.",
    "gitlab": "A pipeline of GitLab.",
}


def _forms(command: Callable[..., None]) -> Callable[..., None]:
    for name, text in reversed(_HELP.items()):
        command = click.option(f"--{name}", "form", flag_value=name, help=text)(command)
    return command


@click.command(epilog="Exit codes: 0 written, 2 usage, or a file that is there already or cannot be written.")
@click.argument("source", metavar="[comgmt.toml]", default="comgmt.toml", type=FILE)
@_forms
@click.option("--at", default="06:00", show_default=True, metavar="HH:MM", help="When, each day; CI services: in UTC.")
@click.option("--reports", type=FOLDER, default="reports", show_default=True, help="The folder for the reports.")
@click.option(
    "--history", default="", metavar="FILE|ADDRESS", help="Where scans are kept; by default, the usual place."
)
@click.option("--notify", is_flag=True, help="Tell whom connect.notify names what has changed.")
@click.option("--fail-on", type=FAIL_ON, default=Severity.MEDIUM.value, show_default=True, metavar="WORDS")
@click.option("--timeout", type=click.IntRange(min=1), default=900, show_default=True, metavar="SECONDS")
@click.option("--output", "-o", type=FOLDER, metavar="FOLDER", help="Write there instead of printing.")
@click.option("--force", is_flag=True, help="Write over what is there.")
def schedule(
    source: Path,
    form: str | None,
    at: str,
    reports: Path,
    history: str,
    notify: bool,
    fail_on: str,
    timeout: int,
    output: Path | None,
    force: bool,
) -> None:
    """Write the file by which a scheduler scans each day, with history. You install it: its first lines say how."""
    from comgmt_audit import schedules

    if form is None:
        raise click.UsageError(f"Say for what: one of {', '.join(f'--{name}' for name in _HELP)}.")
    here = form in _ON_THIS_COMPUTER
    if not here and any(place.is_absolute() for place in (source, reports)):
        raise click.UsageError(f"--{form}: name the files as seen from the repository, not from the root.")
    hour, minute = _time(at)
    job = schedules.Job(
        program=_program() if here else (PROGRAM,),
        toml=_place(source, here),
        reports=_place(reports, here),
        hour=hour,
        minute=minute,
        timeout=timeout,
        fail_on=fail_on,
        history=_history(history, here),
        notify=notify,
        separator=os.sep if here else "/",
    )
    files = schedules.files(form, job)
    if output is None:
        for name, text in files.items():
            say(f"# {name}" if len(files) > 1 else text.rstrip("\n"))
            if len(files) > 1:
                say(text)
        return
    _write(output, files, schedules.ENCODINGS, force)
    if here and not reports.is_dir():
        say(f"Make the folder {reports.resolve()} before the first run.", err=True)


def _time(text: str) -> tuple[int, int]:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(hour) < 24 and int(minute) < 60):
        raise click.UsageError(f"--at {text}: write a time such as 06:00.")
    return int(hour), int(minute)


def _program() -> tuple[str, ...]:
    """How this very installation is called."""
    script = shutil.which(PROGRAM, path=str(Path(sys.executable).parent))
    return (script,) if script else (sys.executable, "-m", "comgmt_audit")


def _place(path: Path, here: bool) -> str:
    return str(path.resolve()) if here else PurePath(path).as_posix()


def _history(place: str, here: bool) -> str:
    """An empty one is the usual place of whoever runs it; a CI service's computer forgets that."""
    if "://" in place and urlsplit(place).password:
        raise click.UsageError(
            "--history: a file that others read is no place for a password; PGPASSWORD or .pgpass is."
        )
    if here:
        return place if not place or "://" in place else str(Path(place).resolve())
    return place or ".comgmt-audit/history.sqlite"


def _write(folder: Path, files: dict[str, str], encodings: dict[str, str], force: bool) -> None:
    there = [folder / name for name in files if (folder / name).exists()]
    if there and not force:
        raise ComgmtError(f"{there[0]}: is there already.", "Name another folder with --output, or say --force.")
    for name, text in files.items():
        target = folder / name
        partial = folder / f".{name}.partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(text, encoding=encodings.get(name, "utf-8"), newline="\n")
            partial.replace(target)
        except OSError as error:
            raise ComgmtError(f"{target}: cannot be written: {error.strerror}.") from None
        finally:
            partial.unlink(missing_ok=True)
        say(f"Wrote {target}", err=True)
