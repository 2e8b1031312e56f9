"""``comgmt-audit init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from comgmt_audit.cli.console import clock, is_terminal, say
from comgmt_audit.cli.options import FILE, FOLDER
from comgmt_audit.errors import ComgmtError

if TYPE_CHECKING:
    from comgmt_audit.init.answers import Answers
    from comgmt_audit.init.discovery import Discovery
    from comgmt_audit.init.questions import Question


@click.command(
    epilog="""\b
Exit codes:
    0  written
    2  usage, an answer that cannot be meant, nobody there to answer, or a file that is there already
  130  interrupted; nothing is written
"""
)
@click.argument("target", metavar="[comgmt.toml]", default="comgmt.toml", type=FILE)
@click.option("--discover", is_flag=True, help="Look at the directory, the site and the tenant first, and propose.")
@click.option("--from", "recording", type=FOLDER, metavar="RECORDING", help="Propose what a recording shows.")
@click.option("--domain", default="", metavar="NAME", help="Find a domain controller of this domain in DNS.")
@click.option(
    "--set", "words", multiple=True, metavar="KEY=VALUE", help="An answer, such as site.code=PS1; repeatable."
)
@click.option("--answers", type=FILE, metavar="FILE", help="Answers, in a file of the form of comgmt.toml.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing: what was not answered is as seen, or at its default.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=120, show_default=True, metavar="SECONDS", help="For --discover."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(
    target: Path,
    discover: bool,
    recording: Path | None,
    domain: str,
    words: tuple[str, ...],
    answers: Path | None,
    yes: bool,
    timeout: float,
    force: bool,
) -> None:
    """Write a commented comgmt.toml: from your answers, and from a first look at what is there."""
    asks = not yes and is_terminal()
    if discover and recording:
        raise click.UsageError("--discover and --from exclude each other: look at live systems, or at a recording.")
    if not (asks or yes or words or answers or recording):
        raise click.UsageError(
            "This is no terminal, so nobody can be asked. Say --yes, --set KEY=VALUE or --answers FILE."
        )
    if target.exists() and not force:
        raise ComgmtError(f"{target}: is there already.", "Name another file, or say --force.")
    if not target.parent.is_dir():
        raise ComgmtError(f"{target}: there is no folder {target.parent}.", "Make it first.")
    from comgmt_audit.init import discovery, file
    from comgmt_audit.init.answers import checked, of_file, of_words

    given: Answers = (of_file(answers) if answers else {}) | dict(map(of_words, words))
    if domain:
        given.setdefault("connect.directory.server", f"ldap://{_controller(domain)}")
    seen = discovery.Discovery()
    if asks and discover:
        _ask(given, seen, connecting=True)
    if discover:
        seen = _look(given, target.parent, timeout)
    elif recording:
        seen = discovery.look(recording)
    if asks:
        _ask(given, seen)
    checked(given, "the answers")
    file.write(target, file.text(given, seen), force=force)
    say(f"Wrote {target}; next: comgmt-audit doctor {target}", err=True)


def _controller(domain: str) -> str:
    from comgmt_audit.sources.directory import controllers
    from comgmt_audit.sources.ldap import DirectoryError

    try:
        found = controllers(domain, timeout=10)
    except DirectoryError as error:
        raise ComgmtError(f"--domain {domain}: {error.absence.detail}.", error.absence.cure) from None
    if not found:
        raise ComgmtError(f"--domain {domain}: DNS names no domain controller.", "Set connect.directory.server.")
    return found[0]


def _look(given: Answers, folder: Path, timeout: float) -> Discovery:
    """What the live systems say, by a recording that is thrown away; paths are as seen from *folder*."""
    import asyncio
    import tempfile

    from comgmt_audit import connections
    from comgmt_audit.init import discovery
    from comgmt_audit.init.answers import checked

    declared, connect = checked(given, "the answers")
    say("Looking at the directory, the site and the tenant ...", err=True)
    connect = connections.beside(connect, folder)
    with tempfile.TemporaryDirectory() as place:
        seen = discovery.look(asyncio.run(discovery.record(declared, connect, Path(place), clock, timeout)))
    say(f"Seen: {', '.join(seen.found) or 'nothing'}", err=True)
    for note in dict.fromkeys(seen.notes.values()):
        say(f"  {note}", err=True)
    return seen


def _ask(given: Answers, seen: Discovery, *, connecting: bool = False) -> None:
    """Ask whatever was not answered; the default is what was seen, else what comgmt.toml has by default."""
    from comgmt_audit.init.answers import all_keys
    from comgmt_audit.init.questions import QUESTIONS

    for question in QUESTIONS:
        known = {key: shown.value for key, shown in seen.found.items()} | given
        if question.key in given or (connecting and not question.connects) or not question.when(known):
            continue
        default = known.get(question.key, all_keys()[question.key].default)
        given[question.key] = _answer(question, default, seen)


def _answer(question: Question, default: Any, seen: Discovery) -> Any:
    from comgmt_audit.init.answers import all_keys
    from comgmt_audit.init.file import printable

    key = all_keys()[question.key]
    say(f"\n{key.meaning}\n{question.why}")
    if question.key in seen.found:
        say(f"Seen in {seen.found[question.key].place}.")
    elif question.key in seen.notes:
        say(seen.notes[question.key])
    if key.type is bool:
        return click.confirm(question.key, default=default)

    def parsed(text: str) -> Any:
        try:
            return question.parsed(text)
        except ComgmtError as error:
            raise click.BadParameter(str(error)) from None

    if key.choices:
        say(f"One of: {', '.join(key.choices)}.")
    # The default may be what a directory says: click would print it as it is, with whatever moves the cursor.
    shown = f"{question.key} [{printable(str(default))}]" if default else question.key
    return click.prompt(shown, default=default, value_proc=parsed, show_default=False)
