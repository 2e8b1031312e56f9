"""The Markdown of the catalogue: a page for each check, one for each family, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from comgmt_audit.explanation import Explanation, explain
from comgmt_audit.model import Check, Family, Finding, Outcome, Severity, Stage
from reports._shared import STAGE_TITLES, counted, expectation, phrase, place
from reports.markdown import code, text
from tests.lab import coverage
from tests.lab.catalogue import examples
from tests.lab.catalogue.examples import Example

SHOWN_FINDINGS = 3
"""Subjects of an example; a reader wants to know what one looks like."""
_STATEMENTS = {id: said for section in coverage.SECTIONS.values() for id, said in section.items()}


def families() -> dict[Family, list[Check]]:
    """Our checks by family, in the order of the roll-out."""
    checks = sorted(coverage.pack(), key=lambda check: (check.family.stage.rank, check.id))
    return {family: [check for check in checks if check.family == family] for family in {c.family: 0 for c in checks}}


def pages(example: Callable[[str], Example] = examples.of) -> Iterator[tuple[str, str]]:
    """(path, Markdown) of every page of the catalogue."""
    yield "checks/index.md", "\n".join(_all()) + "\n"
    yield "checks/tags.md", "\n".join(_tagged()) + "\n"
    for family, checks in families().items():
        yield f"checks/{family.code}/index.md", "\n".join(_family(family, checks)) + "\n"
        for check in checks:
            yield path_of(check), "\n".join(_check(check, example(check.id))) + "\n"


def path_of(check: Check) -> str:
    """Where the page of a check lies."""
    return f"checks/{check.family.code}/{check.id}.md"


def _all() -> Iterator[str]:
    yield f"# All checks\n\n{counted(len(coverage.pack()), 'check')}, in the order of the roll-out;"
    yield "`comgmt-audit list` and `comgmt-audit explain ID` print the same.\n"
    yield "[By severity, stage and subject](tags.md)"
    stage = ""
    for family, checks in families().items():
        if stage != (title := STAGE_TITLES[family.stage]):
            yield f"\n## {title}\n"
            stage = title
        yield f"\n### {family.code}: {text(family.title)}\n"
        yield from _list(checks, above=True)


def tags(check: Check) -> tuple[str, ...]:
    """By what the site's search filters: severity, stage, the check's own tags, and whether the baselines differ."""
    differs = any(expected.differs for expected in explain(check).expected)
    own = (*check.tags, *(["differs-by-baseline"] if differs else []))
    return tuple(dict.fromkeys((check.severity.value, check.family.stage.value, *own)))


def _tagged() -> Iterator[str]:
    yield "# By severity, stage and subject\n\nThe site's search filters by the same words."
    checks = [check for members in families().values() for check in members]
    own = sorted({tag for check in checks for tag in tags(check)} - set(Severity) - set(Stage))
    for tag in (*(severity.value for severity in reversed(Severity)), *(stage.value for stage in Stage), *own):
        yield f"\n## {tag}\n"
        yield from _list([check for check in checks if tag in tags(check)], above=True)


def _family(family: Family, checks: Sequence[Check]) -> Iterator[str]:
    yield f"# {family.code}: {text(family.title)}\n"
    yield f"{counted(len(checks), 'check')} of the stage *{STAGE_TITLES[family.stage]}*.\n"
    yield from _list(checks, above=False)


def _list(checks: Sequence[Check], *, above: bool) -> Iterator[str]:
    """A table of checks; *above*: as seen from the folder above the families'."""
    yield from _table("Check", "Claim", "Severity")
    for check in checks:
        link = f"{check.family.code}/{check.id}.md" if above else f"{check.id}.md"
        yield _row(f"[{check.id}]({link})", text(check.title), check.severity.value)


def _check(check: Check, example: Example) -> Iterator[str]:
    said = explain(check)
    yield "---\ntags:"
    yield from (f"  - {tag}" for tag in tags(check))
    yield "---"
    yield f"# {check.id}: {text(check.title)}\n"
    yield from _table("Check", check.id)
    for label, value in said.rows().items():
        yield _row(label, _prerequisites(check) if label == "Waits for" else text(value))
    yield f"\n## Why\n\n{text(check.why)}"
    yield f"\n## Remedy\n\n{text(check.remedy)}"
    yield from _example(check, example)
    yield from _expected(said)
    yield from _sources(said)


def _prerequisites(check: Check) -> str:
    others = {other.id: other for other in coverage.pack()}
    return ", ".join(f"[{id}](../{others[id].family.code}/{id}.md)" for id in check.after)


def _example(check: Check, example: Example) -> Iterator[str]:
    yield "\n## Example\n"
    if why := coverage.NEVER_FAIL.get(check.id):
        yield f"This check never fails. {why}\n"
    outcome = Outcome.NOT_ASSESSED if check.id in coverage.NEVER_FAIL else Outcome.FAIL
    findings = [finding for finding in example.result.findings if finding.outcome is outcome]
    yield f"{text(example.defect.story)} On such an environment the check says:\n"
    kind = "failure" if outcome is Outcome.FAIL else "question"
    yield f'!!! {kind} "{check.id}: {example.result.outcome.value}, {example.result.severity.value}"'
    for finding in findings[:SHOWN_FINDINGS]:
        yield ""
        yield f"    **{code(finding.subject)}**\n"
        yield from (f"    - {label}: {value}" for label, value in _parts(finding, example))
    if len(findings) > SHOWN_FINDINGS:
        yield f"\n    and {len(findings) - SHOWN_FINDINGS:,} more"
    yield f"\nThe lab raises it with `python -m tests.lab.serve --defect {example.defect.name}`."


def _parts(finding: Finding, example: Example) -> Iterator[tuple[str, str]]:
    if expected := expectation(finding):
        yield "Expected", code(expected)
    yield "Actual", code(phrase(finding.actual))
    for evidence in finding.evidence[:1]:
        yield "Seen in", code(place(evidence, example.observations))
    if finding.advice:
        yield "Advice", text(finding.advice)


def _expected(said: Explanation) -> Iterator[str]:
    for number, expected in enumerate(said.expected):
        if number == 0:
            yield "\n## Expected, by baseline"
        yield f"\n{code(expected.key)}: {text(expected.meaning)}\n"
        yield from _table("Baseline", "Value", "Asked for by")
        for baseline, value, document in expected.rows():
            yield _row(baseline, code(value), text(document))


def _sources(said: Explanation) -> Iterator[str]:
    check = said.text
    if check.covers:
        yield "\n## Statements\n"
        yield from _table("Statement", "Must hold")
        yield from (_row(id, text(_STATEMENTS[id])) for id in check.covers)
    if check.refs:
        yield "\n## See\n"
        yield from (f"- [{text(reference.title)}](<{reference.url}>)" for reference in check.refs)


def _table(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield "|" + "---|" * len(titles)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
