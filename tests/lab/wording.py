"""Rules for what a finding says: an administrator acts on it without reading the code (CONTRIBUTING, "Wording").

Each rule is a pattern or a question with the fault that it names; ``tests/matrix/test_wording.py`` holds every check,
and every finding that the catalogue of defects brings, against them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from comgmt_audit.model import Check, CheckResult, Finding, Outcome
from reports._shared import phrase

LONGEST_LINE = 700
"""Characters of an expected or actual value that a reader still takes in."""

LONGEST_PROSE = 600
"""Characters of a remedy, a reason or a cure."""

LEAKS = re.compile(
    r"(?<!is )(?<!to )\bNone\b(?! \(nobody\))|\bTrue\b|\bFalse\b"
    r"|\{'|\('|\['|<object|<class|dict\(|datetime\.|Struct\(|\\x[0-9a-f]{2}"
)
"""What Python writes of a value that nobody phrased. (A scope that *is None*, or is set *to None*, is a portal's.)"""

UNFILLED = re.compile(r"\{[a-z_.]*\}|%[sd]\b|\$\{|\[\[|<[A-Z]\w+>")
ENDS_BADLY = re.compile(r"[.!?,;:]{2,}$|\s$|[,;:]$")
CODES = re.compile(r"(?:0x[0-9a-f]+|-?\d+|\d+(?:\.\d+){3,})(?:, (?:0x[0-9a-f]+|-?\d+|\d+(?:\.\d+){3,}))*", re.I)
"""A bare number, flag or object identifier, alone or in a list: it means nothing without a word."""

ONE_OF_MANY = re.compile(r"\b1 (?:users|times|members|devices|days|accounts|checks|files|certificates)\b")
WAY = re.compile(
    r"\w > \w"  # a path of a console
    r"|`[^`]+`"  # a command, a key of comgmt.toml or a value to type
    r"|\b\w+(?:-\w+)+\.exe\b|\b(?:certlm|certsrv|gpmc|dsa)\.msc\b"
    r"|\btab [A-Z]\w+|\bproperties of\b|\bIn the (?:template|client settings)\b"
    r"|comgmt\.toml"
)
"""Where to click or what to type."""

IMPERATIVE = re.compile(
    r"\b(?:Add|Administration|Assign|Buy|Change|Choose|Clear|Compare|Complete|Copy|Correct|Create|Delete|Duplicate|Edit|"
    r"Enable|Enrol|Export|Fill|Give|Grant|Have|Hand|Import|Install|Leave|Let|Look|Make|Mend|Move|Name|Open|Order|Publish|"
    r"Put|Raise|Read|Record|Remove|Renew|Request|Restart|Run|Scan|See|Select|Serve|Set|Sign|Start|Switch|Take|Tick|Turn|"
    r"Update|Upload|Use|Wait|Waive|Ask|Collect|Exclude|Move|Open|Point|Repeat|Close|Buy|Wait|Right-click|Unlock|Answer)\b",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9A-F]{32,}|\d+", re.I)

Rule = tuple[str, Callable[[Finding], bool]]

_EVERY: tuple[Rule, ...] = (
    ("its subject is empty or a bare id", lambda f: not f.subject.strip() or bool(IDENTIFIER.fullmatch(f.subject))),
    ("it names no evidence", lambda f: not f.evidence),
    ("it leaks a value of Python", lambda f: bool(LEAKS.search(_said(f)))),
    ("it has a place that nobody filled", lambda f: bool(UNFILLED.search(_said(f)))),
    ("it counts one of many", lambda f: bool(ONE_OF_MANY.search(_said(f)))),
    ("its advice does not end as a sentence", lambda f: bool(f.advice) and not _is_sentence(f.advice)),
    ("its advice is too long", lambda f: len(f.advice) > LONGEST_PROSE),
    ("a value of it is too long", lambda f: max(len(phrase(f.expected)), len(phrase(f.actual))) > LONGEST_LINE),
    ("a value ends badly", lambda f: any(ENDS_BADLY.search(phrase(v)) for v in (f.expected, f.actual))),
)
_FAILED: tuple[Rule, ...] = (
    ("it says not what was expected", lambda f: f.expected is None or not phrase(f.expected).strip()),
    ("it says not what was found", lambda f: f.actual is None or not phrase(f.actual).strip("() ")),
    ("it found what it expected", lambda f: phrase(f.expected) == phrase(f.actual)),
    ("a value is a bare number or code", lambda f: any(CODES.fullmatch(phrase(v)) for v in (f.expected, f.actual))),
)
_UNJUDGED: tuple[Rule, ...] = (
    ("it says not why", lambda f: not isinstance(f.actual, str) or len(f.actual) < 10),
    ("it names no cure", lambda f: len(f.advice) < 20 or not IMPERATIVE.search(f.advice)),
)


def of_finding(finding: Finding) -> Iterator[str]:
    """The faults in what a finding says."""
    rules = _FAILED if finding.outcome is Outcome.FAIL else _UNJUDGED
    yield from (fault for fault, found in (*_EVERY, *rules) if found(finding))


def of_result(result: CheckResult) -> Iterator[tuple[str, str, str]]:
    """(check, subject, fault) of everything that failed or could not be judged."""
    for finding in result.findings:
        yield from ((result.check.id, finding.subject, fault) for fault in of_finding(finding))
    if result.outcome is Outcome.NOT_ASSESSED and not (result.reason and _is_sentence(result.cure)):
        yield result.check.id, "", "it is not assessed and names no reason or no cure"
    if result.outcome is Outcome.ERROR:
        yield result.check.id, "", "the check itself failed"


def of_check(check: Check) -> Iterator[str]:
    """The faults in what a check says, whatever it finds."""
    if not (IMPERATIVE.search(check.remedy) and WAY.search(check.remedy)):
        yield "its remedy says not where to click or what to type"
    for name, text in (("remedy", check.remedy), ("reason", check.why)):
        if not _is_sentence(text):
            yield f"its {name} does not end as a sentence"
        if len(text) > LONGEST_PROSE:
            yield f"its {name} is too long"
        if LEAKS.search(text) or UNFILLED.search(text):
            yield f"its {name} has a place that nobody filled"
    if not any(reference.url.startswith("https://learn.microsoft.com/") for reference in check.refs):
        yield "it names no page of Microsoft Learn"
    if not check.covers and "beyond" not in check.tags and not check.step:
        yield "it names neither a statement nor a step"


_REQUEST = re.compile(r"^(?:GET|POST|SEARCH) ")
"""A request that was refused is quoted as it was sent, braces, quotation marks and all."""


def _said(finding: Finding) -> str:
    actual = phrase(finding.actual)
    return "\n".join(
        (finding.subject, phrase(finding.expected), "" if _REQUEST.match(actual) else actual, finding.advice)
    )


def _is_sentence(text: str) -> bool:
    return (
        bool(re.search(r"[.!?)`]$", text))
        and not ENDS_BADLY.search(text)
        and text[:1] not in "abcdefghijklmnopqrstuvwxyz"
    )
