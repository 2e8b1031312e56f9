"""What there is to say of a check, said once: ``comgmt-audit explain`` prints it, the catalogue site shows it.

A check's text is its docstring; what it reads, needs and compares is found in its facts and its source, never written
down a second time.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

from comgmt_audit import baselines, rights
from comgmt_audit.baselines import Baseline
from comgmt_audit.model import Check, CheckText, Outcome

_LABELS = {"name", "title", "sources"}
"""Fields of a baseline that expect nothing."""
_LONGEST = 300
"""Characters of a value; a longer one is a list that nobody reads in full here."""


class Expected(Struct, frozen=True, kw_only=True):
    """A value of the baselines that a check compares with: its meaning, and by baseline what it is and who says so."""

    key: str
    meaning: str
    values: dict[str, str]
    sources: dict[str, str]

    @property
    def differs(self) -> bool:
        """Do the baselines expect different things?"""
        return len(set(self.values.values())) > 1

    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """(baseline, value, document that asks for it); one row where all expect the same."""
        rows = tuple((name, value, self.sources[name]) for name, value in self.values.items())
        return rows if self.differs else (("every baseline", *rows[0][1:]),)


class Explanation(Struct, frozen=True, kw_only=True):
    """All that there is to say of one check."""

    text: CheckText
    applies: str
    reads: tuple[str, ...]
    rights: tuple[str, ...]
    empty: str
    expected: tuple[Expected, ...]

    def rows(self) -> dict[str, str]:
        """What it is and needs: label and value; what does not apply is left out."""
        text = self.text
        rows = {
            "Severity": text.severity.value,
            "Stage": text.stage.value,
            "Family": f"{text.family}, {text.family_title}",
            "Statements": ", ".join(text.covers),
            "Tutorial": text.step,
            "Applies where": self.applies or "always",
            "Reads": ", ".join(self.reads),
            "Needs": "; ".join(self.rights),
            "Waits for": ", ".join(text.after),
            "If none is there": f"{Outcome.NOT_APPLICABLE.value}: {self.empty}" if self.empty else "",
            "Tags": ", ".join(text.tags),
            "Pack": text.pack,
        }
        return {label: value for label, value in rows.items() if value}


def explain(check: Check) -> Explanation:
    """The explanation of a check, whoever wrote it."""
    needs = dict.fromkeys(need for fact in check.facts.values() for need in getattr(fact, "needs", ()))
    needed = dict.fromkeys(f"{name} ({kind})" for need in needs for name, kind in rights.needed(need))
    return Explanation(
        text=CheckText.of(check),
        applies=(check.applies.__doc__ or "").strip() if check.applies else "",
        reads=tuple(needs),
        rights=tuple(needed),
        empty=check.empty,
        expected=tuple(_expected(check)),
    )


def _expected(check: Check) -> Iterator[Expected]:
    """What the check reads of a baseline, in the baseline's order."""
    used = set(_used(check))
    if not used:
        return
    shipped = [baselines.load(name) for name in baselines.names()]
    hints = get_type_hints(Baseline, include_extras=True)
    for key in Baseline.__struct_fields__:
        if key in used:
            yield Expected(
                key=key,
                meaning=" ".join(str(note.description) for note in hints[key].__metadata__ if isinstance(note, Meta)),
                values={one.name: _shown(getattr(one, key)) for one in shipped},
                sources={one.name: one.sources[key].document for one in shipped},
            )


def _shown(value: Any) -> str:
    text = msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _used(check: Check) -> Iterator[str]:
    """The baseline's fields that the check reads: in its function, its predicate, and what these call of its pack."""
    waiting: list[Callable[..., Any]] = [check.function, *([check.applies] if check.applies else [])]
    seen: set[Callable[..., Any]] = set()
    while waiting:
        function = inspect.unwrap(waiting.pop())
        if function in seen or not isinstance(function, FunctionType):
            continue
        seen.add(function)
        tree = _tree(function)
        yield from _fields(tree)
        called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        package = function.__module__.rpartition(".")[0]
        for name in called & function.__globals__.keys():
            found = function.__globals__[name]
            if isinstance(found, FunctionType) and found.__module__.startswith(package):
                waiting.append(found)


def _tree(function: FunctionType) -> ast.AST:
    """The function in the syntax of its file: the source of a lambda alone is none, where it begins within a line."""
    begins = function.__code__.co_firstlineno
    for node in ast.walk(_file(function.__code__.co_filename)):
        decorators = getattr(node, "decorator_list", None) or [node]
        if isinstance(node, ast.FunctionDef | ast.Lambda) and begins in {node.lineno, decorators[0].lineno}:
            return node
    return ast.Module(body=[], type_ignores=[])  # made by something else than a file: it reads no baseline of ours


@functools.cache
def _file(name: str) -> ast.Module:
    return ast.parse(Path(name).read_text(encoding="utf-8-sig"))


def _fields(tree: ast.AST) -> Iterator[str]:
    """``baseline.FIELD``, wherever it stands; a baseline goes by that name throughout (a test holds us to it)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "baseline":
            yield from {node.attr} & (set(Baseline.__struct_fields__) - _LABELS)
