"""``comgmt-audit list`` and ``explain``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comgmt_audit.cli.console import say
from comgmt_audit.cli.options import CHECKS, packs_of
from comgmt_audit.errors import SelectionError

if TYPE_CHECKING:
    from comgmt_audit.explanation import Explanation


@click.command("list")
@click.option("--select", default="", metavar="EXPR", help="Only these checks, as in scan.")
@CHECKS
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the whole documentation.")
def list_(select: str, checks: tuple[Path, ...], as_json: bool) -> None:
    """List the checks, in the order of the roll-out."""
    from comgmt_audit import selection
    from comgmt_audit.model import CheckText

    chosen = selection.select([check for pack in packs_of(checks) for check in pack.checks], select)
    chosen = tuple(sorted(chosen, key=lambda check: (check.family.stage.rank, check.id)))
    if as_json:
        import msgspec

        texts = msgspec.json.encode([CheckText.of(check) for check in chosen])
        say(msgspec.json.format(texts, indent=1).decode())
        return
    for check in chosen:
        say(f"{check.id}  {check.severity.value:8}  {check.family.stage.value:14}  {check.title}")


def _complete_id(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 -- click's signature
    ids = [check.id for pack in packs_of(()) for check in pack.checks]
    return [id for id in ids if id.startswith(incomplete.upper())]


@click.command()
@click.argument("id", shell_complete=_complete_id)
@CHECKS
def explain(id: str, checks: tuple[Path, ...]) -> None:
    """Explain one check: what it claims, why, what mends it, and what it reads."""
    known = {check.id: check for pack in packs_of(checks) for check in pack.checks}
    if id.upper() not in known:
        import difflib

        close = difflib.get_close_matches(id.upper(), known, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "`comgmt-audit list` shows all checks."
        raise SelectionError(f"There is no check {id!r}.", hint)
    from comgmt_audit import explanation

    say("\n".join(_lines(explanation.explain(known[id.upper()]))))


def _lines(said: Explanation) -> Iterator[str]:
    text = said.text
    yield f"{text.id}  {text.title}\n"
    for name, value in said.rows().items():
        yield f"{name + ':':18}{value}"
    for name, paragraph in {"Why": text.why, "Remedy": text.remedy}.items():
        yield f"\n{name}:"
        yield from (f"  {line}".rstrip() for line in paragraph.splitlines())
    if said.expected:
        yield "\nExpected, by baseline:"
    for expected in said.expected:
        yield f"  {expected.key}: {expected.meaning}"
        yield from (f"    {baseline}: {value} ({document})" for baseline, value, document in expected.rows())
    if text.refs:
        yield "\nSee:"
        yield from (f"  {reference.title}: {reference.url}" for reference in text.refs)
