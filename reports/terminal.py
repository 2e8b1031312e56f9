"""Terminal: the verdict, what to do next, and what was not looked at, as text.

The same lines in the same order go to a terminal (coloured and wrapped by rich) and to a pipe (plain, unwrapped, and
without the cost of importing rich).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.model import CheckResult, Finding, Outcome, Scan, Severity, Verdict

from ._shared import (
    StageState,
    StageView,
    blocked,
    counted,
    expectation,
    explanation,
    headline,
    moment,
    phrase,
    place,
    printable,
    printed,
    prose,
    reason,
    stages,
    subjects,
    waiver,
    write_text,
)

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_FINDINGS = 5
"""Findings of one check that are shown without ``--verbose``."""

_VERDICT_STYLES = {Verdict.READY: "bold green", Verdict.NOT_READY: "bold red", Verdict.CANNOT_TELL: "bold yellow"}
_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.ADVICE: "dim",
}
_STATE_STYLES = {
    StageState.GO: "green",
    StageState.WAIVERS: "green",
    StageState.ADVICE: "green",
    StageState.CANNOT_TELL: "yellow",
    StageState.NO_GO: "red",
    StageState.NOTHING: "dim",
}


class Line(Struct, frozen=True):
    """One line: how far it is indented, and its pieces, each with a style of rich's."""

    indent: int
    pieces: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The line as plain text."""
        return (" " * self.indent + "".join(text for text, _ in self.pieces)).rstrip()


def show(scan: Scan, console: Console, *, verbose: bool = False) -> None:
    """Print the scan on a terminal; nothing in it is read as markup."""
    from rich.padding import Padding
    from rich.text import Text

    for line in _printed(scan, verbose):
        text = Text.assemble(*line.pieces)
        console.print(Padding(text, (0, 0, 0, line.indent)) if text else "", highlight=False)


def render(scan: Scan, *, verbose: bool = False) -> str:
    """The same lines as plain text, unwrapped."""
    return "".join(f"{line.text}\n" for line in _printed(scan, verbose))


def write(scan: Scan, path: Path) -> None:
    """Write the plain text, with everything in it, to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan, verbose=True)])


def _printed(scan: Scan, verbose: bool) -> Iterator[Line]:
    """The lines, whatever brought what is in them: also ids and names, which a scan of somebody else's may hold."""
    for line in _lines(scan, verbose):
        yield Line(line.indent, tuple((printed(text), style) for text, style in line.pieces))


def _lines(scan: Scan, verbose: bool) -> Iterator[Line]:
    views = stages(scan)
    yield _line(0, headline(scan), _VERDICT_STYLES[scan.verdict])
    yield _line(0, explanation(scan))
    yield _line(0, _origin(scan), "dim")
    if scan.history:
        from ._history import summary

        yield _line(0, summary(scan))
    for warning in _warnings(scan):
        yield _line(0, warning, "yellow")
    yield from _overview(views)
    yield from _to_do(scan, views, verbose)
    yield from _waived(views, verbose)
    yield from _unknown(scan, views, verbose)
    if verbose:
        yield from _settled(views)
    if scan.gating:
        gating = {result.check.id for result in scan.gating}
        first = next(result for view in views for result in view.failed if result.check.id in gating)
        yield _line(0)
        yield _line(0, f"Begin with {first.check.id}: {printable(first.check.title)}", "bold")


def _line(indent: int, text: str = "", style: str = "") -> Line:
    return Line(indent, ((text, style),) if text else ())


def _labelled(indent: int, label: str, text: str) -> Iterator[Line]:
    """A label and its text; further lines of the text stand below its first."""
    first, *rest = text.split("\n")
    yield Line(indent, ((f"{label}: ", "dim"), (first, "")))
    for line in rest:
        yield _line(indent + 2, line.strip())


def _origin(scan: Scan) -> str:
    parts = [
        printable(scan.environment),
        f"recorded {moment(scan.recorded_at)}",
        f"baseline {printable(scan.baseline)}",
        f"source {printable(scan.source)}" if scan.source else "",
        f"comgmt-audit {printable(scan.tool)}",
    ]
    return " · ".join(part for part in parts if part)


def _warnings(scan: Scan) -> Iterator[str]:
    if scan.partial:
        yield f"The recording is not whole: {printable(scan.partial)}"
    if scan.selection:
        yield f"Only some checks were asked for: --select {printable(scan.selection)}"


def _overview(views: tuple[StageView, ...]) -> Iterator[Line]:
    yield _line(0)
    yield _line(0, "Stages", "bold")
    for view in views:
        counts = [f"{count} {outcome.value}" for outcome in Outcome if (count := view.count(outcome))]
        if view.waits_for:
            counts.append(f"waits for {', '.join(view.waits_for)}")
        yield Line(
            2,
            (
                (f"{view.title:15}", ""),
                (f"{view.state.value:17}", _STATE_STYLES[view.state]),
                (", ".join(counts), "dim"),
            ),
        )


def _to_do(scan: Scan, views: tuple[StageView, ...], verbose: bool) -> Iterator[Line]:
    waiting = blocked(scan)
    yield _line(0)
    yield _line(0, "What to do next", "bold")
    if not scan.failed:
        yield _line(2, "Nothing fails that is not waived." if scan.waived else "Nothing fails.")
    for view in views:
        for result in view.failed:
            yield _line(0)
            yield _heading(view, result)
            yield from _findings(result, scan, verbose)
            if verbose:
                yield from _labelled(4, "why", prose(result.check.why))
            yield from _labelled(4, "remedy", prose(result.check.remedy))
            if result.check.step:
                yield from _labelled(4, "tutorial", printable(result.check.step))
            if ids := waiting.get(result.check.id):
                yield from _labelled(4, "waiting for this", ", ".join(ids))
            if verbose:
                yield from _sources(result)


def _heading(view: StageView, result: CheckResult) -> Line:
    return Line(
        2,
        (
            (f"{view.title} · ", "dim"),
            (result.check.id, "bold"),
            (" ", ""),
            (result.severity.value, _SEVERITY_STYLES[result.severity]),
            (f" {printable(result.check.title)}", "bold"),
            (f" ({subjects(result)})", "dim"),
        ),
    )


def _findings(result: CheckResult, scan: Scan, verbose: bool) -> Iterator[Line]:
    shown = result.findings if verbose else result.findings[:SHOWN_FINDINGS]
    for finding in shown:
        yield from _finding(finding, result, scan)
    if len(shown) < len(result.findings):
        yield _line(4, f"and {len(result.findings) - len(shown):,} more (--verbose shows all)", "dim")


def _finding(finding: Finding, result: CheckResult, scan: Scan) -> Iterator[Line]:
    differs = finding.severity and finding.severity is not result.check.severity
    severity = f" ({finding.severity.value})" if finding.severity and differs else ""
    yield Line(4, (("• ", "dim"), (f"{printable(finding.subject)}{severity}", "")))
    if expected := expectation(finding):
        yield from _labelled(6, "expected", expected)
    yield from _labelled(6, "actual" if finding.outcome is Outcome.FAIL else "cannot tell", phrase(finding.actual))
    for evidence in finding.evidence:
        yield from _labelled(6, "evidence", place(evidence, scan.observations))
    if finding.advice:
        yield from _labelled(6, "advice", prose(finding.advice))
    if accepted := waiver(finding):
        yield from _labelled(6, "waiver", accepted)


def _sources(result: CheckResult) -> Iterator[Line]:
    if result.check.covers:
        yield from _labelled(4, "statements", ", ".join(result.check.covers))
    for reference in result.check.refs:
        yield from _labelled(4, "see", f"{printable(reference.title)}, {printable(reference.url)}")


def _waived(views: tuple[StageView, ...], verbose: bool) -> Iterator[Line]:
    if not any(view.waived for view in views):
        return
    yield _line(0)
    yield _line(0, "Waived", "bold")
    for of, result in ((view, result) for view in views for result in view.waived):
        yield _heading(of, result)
        shown = result.findings if verbose else result.findings[:SHOWN_FINDINGS]
        for finding in shown:
            yield from _labelled(4, f"• {printable(finding.subject)}", waiver(finding) or phrase(finding.actual))
        if len(shown) < len(result.findings):
            yield _line(4, f"and {len(result.findings) - len(shown):,} more (--verbose shows all)", "dim")


def _unknown(scan: Scan, views: tuple[StageView, ...], verbose: bool) -> Iterator[Line]:
    if not any(view.unknown for view in views):
        return
    yield _line(0)
    yield _line(0, "What was not looked at", "bold")
    for view in views:
        for result in view.unknown:
            yield Line(
                2,
                (
                    (f"{view.title} · ", "dim"),
                    (result.check.id, "bold"),
                    (f" {printable(result.check.title)}", ""),
                    (f" ({result.outcome.value})", "dim"),
                ),
            )
            yield from _labelled(4, "why not", reason(result))
            if result.cure and not result.blocked_by:
                yield from _labelled(4, "cure", prose(result.cure))
            if verbose:
                yield from _findings(result, scan, verbose)
                if result.traceback:
                    yield from _labelled(4, "traceback", printable(result.traceback.rstrip(), lines=True))


def _settled(views: tuple[StageView, ...]) -> Iterator[Line]:
    for outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        found = [(view, result) for view in views for result in view.settled if result.outcome is outcome]
        if not found:
            continue
        yield _line(0)
        yield _line(0, outcome.value.capitalize(), "bold")
        for view, result in found:
            detail = reason(result) or counted(result.passed, "subject")
            yield Line(
                2,
                (
                    (f"{view.title} · ", "dim"),
                    (result.check.id, "bold"),
                    (f" {printable(result.check.title)}", ""),
                    (f" ({detail})", "dim"),
                ),
            )
