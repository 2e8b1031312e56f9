"""``comgmt-audit inspect`` and ``collect-script``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.cli.console import USAGE, say
from comgmt_audit.cli.options import FILE

if TYPE_CHECKING:
    from comgmt_audit.log_catalogue.own import OwnEntry


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="As JSON: one list, an object for each file.")
@click.option(
    "--log-lines",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Log lines of your own, as [logs] catalogues of comgmt.toml names them; repeatable.",
)
@click.option(
    "--password",
    "references",
    multiple=True,
    metavar="WHERE",
    help="Where a PFX password is: env:NAME, file:PATH, keyring:SERVICE/USER, or ask; repeatable, each is tried.",
)
def inspect(files: tuple[Path, ...], as_json: bool, references: tuple[str, ...], log_lines: tuple[Path, ...]) -> int:
    """Show what an evidence file says: certificate, CRL, log, command output, Graph or AdminService answer.

    Ends with 2 where a file is not recognised or cannot be read.
    """
    from comgmt_audit import inspect_file

    own = _own_lines(log_lines)
    passwords = [_password(reference) for reference in references]
    found = [inspect_file.inspect(file, passwords, own) for file in files]
    if as_json:
        import msgspec

        say(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        say("\n\n".join("\n".join(inspect_file.table(seen)) for seen in found))
    return 0 if all(seen.kind for seen in found) else USAGE


def _own_lines(files: tuple[Path, ...]) -> Sequence[OwnEntry]:
    if not files:
        return ()
    from comgmt_audit.log_catalogue import own

    return own.load(files)


def _password(reference: str) -> str:
    """A password that is never an argument itself: arguments show in the list of processes."""
    if reference == "ask":
        asked: str = click.prompt("Password of the PFX", hide_input=True, default="", show_default=False, err=True)
        return asked
    from comgmt_audit.sources import secrets

    return secrets.resolve(reference, "--password")


@click.command("collect-script")
def collect_script() -> None:
    """Print the PowerShell script that collects evidence on a Windows computer; it reads only.

    Its file, named like the computer, goes into connect.files.hosts of comgmt.toml.
    """
    say((Path(__file__).parent.parent / "collect.ps1").read_text(encoding="utf-8").rstrip("\n"))
