"""Choosing checks: ``--select CRT,S81,high,!CRT012``.

Words are joined by commas: a check is taken when any plain word fits and no word with ``!`` does. A word is an id
(``CRT010``, ``CRT0*``), a family (``CRT``), a statement (``S31``), a stage (``pki``), a tag, or a severity
(``high`` means high and above).
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from comgmt_audit.errors import SelectionError
from comgmt_audit.model import Check, Severity


def select(checks: Sequence[Check], expression: str) -> tuple[Check, ...]:
    """The checks that an expression chooses, in their own order. Raises SelectionError for a word that fits nothing."""
    words = [word.strip() for word in expression.split(",") if word.strip()]
    if not words:
        return tuple(checks)
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:].strip() for word in words if word.startswith("!")]
    for word in [*wanted, *unwanted]:
        if not any(_fits(check, word) for check in checks):
            raise SelectionError(f"--select: {word!r} fits no check.", _suggestion(checks, word))
    chosen = tuple(
        check
        for check in checks
        if (not wanted or any(_fits(check, word) for word in wanted))
        and not any(_fits(check, word) for word in unwanted)
    )
    if not chosen:
        raise SelectionError(f"--select {expression}: leaves no check at all.")
    return chosen


def words_of(check: Check) -> tuple[str, ...]:
    """Every word by which a check can be chosen, apart from globs and lesser severities."""
    return (
        check.id,
        check.family.code,
        check.family.stage.value,
        check.severity.value,
        *check.covers,
        *check.tags,
    )


def _fits(check: Check, word: str) -> bool:
    lower = word.casefold()
    if lower in {severity.value for severity in Severity}:
        return check.severity.rank >= Severity(lower).rank
    if "*" in word or "?" in word:
        return fnmatchcase(check.id.casefold(), lower)
    return lower in {name.casefold() for name in words_of(check)}


def _suggestion(checks: Sequence[Check], word: str) -> str:
    import difflib  # slow to import, and needed only where a word fits nothing

    known = {name.casefold(): name for check in checks for name in words_of(check)}
    close = difflib.get_close_matches(word.casefold(), known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {', '.join(known[name] for name in close)}?"
    return "Words are ids, families, statements, stages, tags or severities; `comgmt-audit list` shows them."
