"""HTML: one self-contained page that leads with what to do next, works offline, and runs nothing but its own script.

Nothing of a scan becomes markup: the template escapes everything, findings beyond the first of a check travel as JSON
that the page's script shows as text, and the Content-Security-Policy allows only that script, by its hash.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from comgmt_audit.model import (
    CheckResult,
    Evidence,
    Finding,
    Outcome,
    Reference,
    Scan,
    Severity,
    Verdict,
    fingerprint,
)

from . import _picture, page_parts
from ._shared import (
    STAGE_TITLES,
    StageState,
    StageView,
    blocked,
    counted,
    expectation,
    explanation,
    headline,
    moment,
    phrase,
    place_parts,
    printable,
    prose,
    reason,
    shown_id,
    stages,
    subjects,
    waiver,
    write_text,
)

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.bccache import Bucket

SHOWN_FINDINGS = 50
"""Findings of one check that stand in the page itself; the script shows the rest."""

SHOWN_ROWS = 2_000
"""Findings of all checks that stand in the page itself; once they do, :data:`FEWEST` of each further check."""

FEWEST = 5
"""Findings of a check that stand in the page itself however many there are of others."""

LONGEST_PIECE = 25_000
"""Characters of anything that the page shows; a traceback has 20,000 at most."""

LONGEST_REQUEST = 140
"""Characters of a request that stand beside a finding."""

_TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = {
    Outcome.PASS: "green",
    Outcome.FAIL: "red",
    Outcome.NOT_APPLICABLE: "grey",
    Outcome.NOT_ASSESSED: "amber",
    Outcome.ERROR: "amber",
    Verdict.READY: "green",
    Verdict.NOT_READY: "red",
    Verdict.CANNOT_TELL: "amber",
    StageState.GO: "green",
    StageState.WAIVERS: "green",
    StageState.ADVICE: "green",
    StageState.CANNOT_TELL: "amber",
    StageState.NO_GO: "red",
    StageState.NOTHING: "grey",
}
_ICONS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.NOT_APPLICABLE: "none",
    Outcome.NOT_ASSESSED: "unknown",
    Outcome.ERROR: "error",
    Verdict.READY: "pass",
    Verdict.NOT_READY: "fail",
    Verdict.CANNOT_TELL: "unknown",
    StageState.GO: "pass",
    StageState.WAIVERS: "pass",
    StageState.ADVICE: "pass",
    StageState.CANNOT_TELL: "unknown",
    StageState.NO_GO: "fail",
    StageState.NOTHING: "none",
}


_CODE = re.compile("`([^`\n]+)`")


def render(scan: Scan) -> str:
    """The page. Its first line holds the verdict and the counts."""
    style, script = (Markup(_asset(name)) for name in ("page.css", "page.js"))  # noqa: S704 -- our own files
    rest = _Rest()
    view = _view(scan, rest)
    return _template().render(
        view, style=style, style_hash=_hash(style), script=script, script_hash=_hash(script), data=_island(scan, rest)
    )


def write(scan: Scan, path: Path) -> None:
    """Write the page to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


class _Rest:
    """The findings that are not in the page itself: rows of numbers that point into one list of strings."""

    def __init__(self) -> None:
        self.rows: dict[str, list[list[int]]] = {}
        self.room = SHOWN_ROWS
        """How many more findings may stand in the page itself."""
        self.ages: dict[tuple[str, str], str] = {}
        """Since when a subject of a check fails, where a history says it."""
        self._numbers: dict[str, int] = {}

    @property
    def strings(self) -> list[str]:
        return list(self._numbers)

    def add(self, id: str, finding: dict[str, Any]) -> None:
        """Keep one finding of check *id*; page.js (``drawRow``) reads the same order."""
        places = [text for place in finding["places"] for text in place]
        unknown = "unknown" if finding["unknown"] else ""
        fields = [finding["anchor"], finding["subject"], unknown, finding["severity"]]
        texts = [*fields, finding["expected"], finding["actual"], finding["advice"], *places]
        self.rows.setdefault(id, []).append([self._numbers.setdefault(text, len(self._numbers)) for text in texts])


@functools.cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


class _Compiled(BytecodeCache):
    """Keeps the compiled template in ``__pycache__`` beside it, as Python keeps modules: compiling costs as much as
    everything else that the page does. Where nothing can be written there, each run compiles."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what an earlier run of the same Python and jinja2 left."""
        with contextlib.suppress(OSError), self._file(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Leave it for the next run, whole or not at all."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            file = self._file(bucket)
            file.parent.mkdir(exist_ok=True)
            new = file.with_suffix(f".{os.getpid()}.tmp")
            new.write_bytes(bucket.bytecode_to_string())
            new.replace(file)

    def _file(self, bucket: Bucket) -> Path:
        return _TEMPLATES / "__pycache__" / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"


@functools.cache
def _template() -> Template:
    environment = Environment(
        bytecode_cache=_Compiled(),
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_finalized,
    )
    return environment.get_template("page.html")


def _finalized(value: Any) -> Any:
    """Whatever the template shows; a control character or a giant that some field brought ends here."""
    return printable(value, lines=True, limit=LONGEST_PIECE) if type(value) is str else value


def _hash(text: str) -> str:
    """A source of a Content-Security-Policy that allows just this text (CSP Level 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _view(scan: Scan, rest: _Rest) -> dict[str, Any]:
    """What the template shows."""
    views = stages(scan)
    history = _history(scan, rest)
    waiting = blocked(scan)
    requests = [_request(scan, id) for id in scan.observations]
    return {
        "title": f"{headline(scan)} · {printable(scan.environment)}",
        "verdict": {
            "css": _COLOURS[scan.verdict],
            "icon": _ICONS[scan.verdict],
            "word": scan.verdict.value.capitalize(),
        },
        "environment": printable(scan.environment),
        "explanation": explanation(scan),
        "counts": [_count(outcome, number) for outcome, number in scan.counts.items()],
        "meta": _meta(scan),
        "warnings": _warnings(scan),
        "severities": [severity.value for severity in Severity],
        "stages": [_stage(view, waiting, scan, rest) for view in views],
        "todo": any(view.failed for view in views),
        "waived": any(view.waived for view in views),
        "judged": bool(scan.results),
        "settled": any(view.settled for view in views),
        "unknown": any(view.unknown for view in views),
        "cures": _cures(views),
        "requests": requests,
        "absent": [request for request in requests if request["absence"]],
        "history": history,
        "families": _families(scan),
        "picture": _picture.picture(scan),
        "ends": page_parts.ends(scan),
        "timeline": page_parts.timeline(scan),
        "rights": page_parts.rights(scan),
        "design": _design(scan.design),
        "versions": _versions(scan),
        "tool": scan.tool,
    }


def _history(scan: Scan, rest: _Rest) -> dict[str, Any]:
    """What has changed since the last scan; the findings get their ages. Most scans have no history: imported late."""
    if not scan.history:
        return {}
    from . import _history as module

    rest.ages = module.ages(scan)
    return module.view(scan)


def _families(scan: Scan) -> list[tuple[str, str]]:
    """Codes and titles, in the order of the titles."""
    found = {shown_id(result.check.family): printable(result.check.family_title, limit=100) for result in scan.results}
    return sorted(found.items(), key=lambda family: family[1])


def _count(outcome: Outcome, number: int) -> dict[str, Any]:
    name = outcome.value
    return {
        "name": name,
        "param": name.replace(" ", "+"),
        "number": f"{number:,}",
        "css": _COLOURS[outcome] if number else "grey",
    }


def _meta(scan: Scan) -> list[tuple[str, str]]:
    rows = [
        ("Recorded", moment(scan.recorded_at)),
        ("Baseline", scan.baseline),
        ("Source", scan.source),
    ]
    return [(name, printable(value)) for name, value in rows if value]


def _warnings(scan: Scan) -> list[str]:
    warnings = []
    if scan.partial:
        warnings.append(f"The recording is not whole: {printable(scan.partial)}")
    if scan.selection:
        warnings.append(f"Only some checks were asked for (--select {printable(scan.selection)}).")
    return warnings


def _stage(view: StageView, waiting: dict[str, tuple[str, ...]], scan: Scan, rest: _Rest) -> dict[str, Any]:
    unknown = len(view.unknown)
    details = [
        f"{len(view.failed)} to mend" if view.failed else "",
        f"{len(view.waived)} waived" if view.waived else "",
        f"{unknown} not looked at" if unknown else "",
        f"{view.count(Outcome.PASS)} in order" if view.count(Outcome.PASS) else "",
        f"waits for {', '.join(view.waits_for)}" if view.waits_for else "",
    ]
    return {
        "key": view.stage.value,
        "title": view.title,
        "state": view.state.value.capitalize(),
        "css": _COLOURS[view.state],
        "icon": _ICONS[view.state],
        "details": [detail for detail in details if detail],
        "failed": [_check(result, waiting, scan, rest) for result in view.failed],
        "waived": [_check(result, waiting, scan, rest) for result in view.waived],
        "unknown": [_check(result, waiting, scan, rest) for result in view.unknown],
        "settled": [_check(result, waiting, scan, rest) for result in view.settled],
    }


def _cures(views: tuple[StageView, ...]) -> list[dict[str, Any]]:
    """What lets more than one check be judged, the most useful first."""
    cures: dict[str, list[str]] = {}
    for result in (result for view in views for result in view.unknown):
        if result.cure and not result.blocked_by and result.outcome is Outcome.NOT_ASSESSED:
            cures.setdefault(result.cure, []).append(shown_id(result.check.id))
    ranked = sorted(((cure, ids) for cure, ids in cures.items() if len(ids) > 1), key=lambda item: -len(item[1]))
    return [{"cure": _markup(cure), "ids": ids, "number": counted(len(ids), "check")} for cure, ids in ranked]


def _check(result: CheckResult, waiting: dict[str, tuple[str, ...]], scan: Scan, rest: _Rest) -> dict[str, Any]:
    check = result.check
    shown, more = _findings(result, scan, rest)
    return {
        "id": shown_id(check.id),
        "title": printable(check.title),
        "outcome": result.outcome.value,
        "badge": "blocked" if result.blocked_by else "waived" if result.waived else result.outcome.value,
        "icon": _ICONS[result.outcome],
        "severity": result.severity.value,
        "why": _markup(check.why),
        "remedy": _markup(check.remedy),
        "step": printable(check.step),
        "refs": [_reference(reference) for reference in check.refs],
        "covers": printable(", ".join(check.covers)),
        "tags": printable(", ".join(check.tags)),
        "pack": printable(check.pack),
        "waiting": tuple(map(shown_id, waiting.get(check.id, ()))),
        "subjects": subjects(result),
        "reason": reason(result),
        "cure": _markup(result.cure),
        "blocked_by": tuple(map(shown_id, result.blocked_by)),
        "findings": shown,
        "more": more,
        "passed": counted(result.passed, "subject") if result.passed else "",
        "seen": _seen(result),
        "traceback": printable(result.traceback.rstrip(), lines=True, limit=20_000),
    }


def _findings(result: CheckResult, scan: Scan, rest: _Rest) -> tuple[list[dict[str, Any]], int]:
    """The findings that stand in the page, and how many more there are; those go to *rest*."""
    shown: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    most = min(SHOWN_FINDINGS, max(FEWEST, rest.room))
    rest.room -= min(most, len(result.findings))
    for number, finding in enumerate(result.findings):
        view = _finding(finding, result, scan, seen)
        if age := rest.ages.get((result.check.id, finding.subject)):
            view["advice"] = "\n".join(text for text in (view["advice"], age) if text)
        if number < most:
            shown.append(view)
        else:
            rest.add(shown_id(result.check.id), view)
    return shown, len(result.findings) - len(shown)


def _finding(finding: Finding, result: CheckResult, scan: Scan, seen: dict[str, int]) -> dict[str, Any]:
    anchor = _anchor(result.check.id, finding.subject)
    seen[anchor] = seen.get(anchor, 0) + 1
    differs = finding.severity and finding.severity is not result.check.severity
    return {
        "anchor": anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor]}",
        "subject": printable(finding.subject),
        "unknown": finding.outcome is not Outcome.FAIL,
        "severity": finding.severity.value if finding.severity and differs else "",
        "expected": expectation(finding),
        "actual": phrase(finding.actual),
        "advice": "\n".join(text for text in (prose(finding.advice), waiver(finding)) if text),
        "places": [_place(evidence, scan) for evidence in finding.evidence],
    }


def _place(evidence: Evidence, scan: Scan) -> tuple[str, str, str]:
    """A piece of evidence; a request that lists many columns is cut, for the appendix has all of it."""
    request, field, excerpt = place_parts(evidence, scan.observations)
    return request if len(request) <= LONGEST_REQUEST else f"{request[:LONGEST_REQUEST]}…", field, excerpt


def _anchor(id: str, subject: str) -> str:
    """A link to a finding that stays the same while others come and go."""
    return f"{shown_id(id)}.{fingerprint(id, subject)[:10]}"


def _seen(result: CheckResult) -> str:
    names = ", ".join(printable(name, limit=200) for name in result.passed_subjects)
    more = result.passed - len(result.passed_subjects)
    return f"{names} and {more:,} more" if names and more > 0 else names


def _markup(text: str) -> Markup:
    """Prose, escaped, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(prose(text)))))  # noqa: S704 -- escaped just before


def _reference(reference: Reference) -> dict[str, Any]:
    safe = reference.url.startswith(("https://", "http://"))
    return {"title": printable(reference.title), "url": printable(reference.url), "safe": safe}


def _request(scan: Scan, id: str) -> dict[str, str]:
    note = scan.observations[id]
    texts = {"source": note.source, "request": note.request, "file": note.file, "absence": note.absence}
    return {name: printable(text) for name, text in texts.items()} | {"at": moment(note.at)}


def _design(design: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for section, value in design.items():
        if isinstance(value, dict):
            rows += [(printable(section), printable(key), _plainly(item)) for key, item in value.items()]
        else:
            rows.append(("", printable(section), _plainly(value)))
    return rows


def _plainly(value: Any) -> str:
    if isinstance(value, list | tuple):
        return phrase(tuple(_plainly(item) for item in value))
    return phrase(value) if value is None or isinstance(value, str | int | float) else printable(str(value))


def _versions(scan: Scan) -> list[tuple[str, str]]:
    return [
        ("comgmt-audit", printable(scan.tool)),
        ("Packs of checks", ", ".join(printable(pack) for pack in scan.packs) or "not stated"),
        ("Baseline", printable(scan.baseline)),
        ("Severity that stands in the way", f"{scan.fail_on.value} and above"),
        ("Selection", printable(scan.selection) or "all checks"),
        ("Recorded", moment(scan.recorded_at)),
        ("Judged", moment(scan.started_at)),
        ("Recorded by", f"comgmt-audit {printable(scan.recorded_by)}" if scan.recorded_by else "not stated"),
        ("Format of the recording", str(scan.recording_format or "not stated")),
        ("Format of the scan", str(scan.format)),
    ]


def _island(scan: Scan, rest: _Rest) -> Markup:
    """The data of the page's script. No character in it can end the element or begin a tag."""
    data = {
        "environment": printable(scan.environment),
        "recorded": moment(scan.recorded_at),
        "stages": {stage.value: title for stage, title in STAGE_TITLES.items()},
        "strings": rest.strings,
        "rows": rest.rows,
    }
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 -- escaped just before
