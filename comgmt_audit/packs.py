"""Packs: folders of check files, ours and the user's, loaded the same way.

Loading only collects what ``@check`` marked; nothing is registered at import, so a second load is a second value.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from comgmt_audit.authoring import MARK, Declared, Scope, documentation
from comgmt_audit.baselines import Baseline
from comgmt_audit.design import Design
from comgmt_audit.errors import PackError
from comgmt_audit.model import Check, Family, Severity

_HERE = Path(__file__).parent
_ID = re.compile(r"[A-Z]{3}[0-9]{3}")


def folder(name: str) -> Path:
    """Our own ``checks`` or ``reports`` folder: inside the package when installed, beside it in a source tree."""
    inside = _HERE / f"_{name}"
    return inside if inside.is_dir() else _HERE.parent / name


def builtin() -> tuple[Check, ...]:
    """Our pack of checks."""
    return load(folder("checks"), "comgmt-audit")


def load(directory: Path, name: str) -> tuple[Check, ...]:
    """All checks of a folder. Raises PackError naming the file and the function that is wrong."""
    if not directory.is_dir():
        raise PackError(f"{directory}: is not a folder of checks.")
    files = sorted(path for path in directory.glob("*.py") if not path.name.startswith("_"))
    if not files:
        raise PackError(f"{directory}: has no check files (*.py).")
    package = mount(directory, "comgmt_audit_pack_" + re.sub(r"\W", "_", name))
    checks = [check for path in files for check in _collect(module(package, path.stem), path, name)]
    return tuple(checks)


def combine(packs: Iterable[Sequence[Check]]) -> tuple[Check, ...]:
    """Several packs as one. Raises PackError for an id that is used twice or a prerequisite that does not exist."""
    checks: dict[str, Check] = {}
    for check in (check for pack in packs for check in pack):
        if other := checks.get(check.id):
            raise PackError(
                f"{check.id} is defined twice: {check.name} in pack {check.pack}, {other.name} in pack {other.pack}.",
                "Give your check an id with letters of its own.",
            )
        checks[check.id] = check
    for check in checks.values():
        if unknown := [id for id in check.after if id not in checks]:
            raise PackError(f"{check.id} waits for {', '.join(unknown)}, which no pack defines.")
    return tuple(checks.values())


def mount(directory: Path, package: str) -> str:
    """Make a folder importable as a package of that name, without touching ``sys.path``; returns the name."""
    spec = importlib.machinery.ModuleSpec(package, None, is_package=True)
    spec.submodule_search_locations = [str(directory)]
    sys.modules[package] = importlib.util.module_from_spec(spec)
    for loaded in [name for name in sys.modules if name.startswith(package + ".")]:
        del sys.modules[loaded]
    return package


def module(package: str, name: str) -> ModuleType:
    """A module of a mounted package. Raises PackError with the author's own error."""
    try:
        return importlib.import_module(f"{package}.{name}")
    except (Exception, SystemExit) as error:
        where = sys.modules[package].__spec__
        places = list(where.submodule_search_locations or []) if where else []
        raise PackError(f"{Path(*places[:1]) / name}.py cannot be loaded: {type(error).__name__}: {error}") from error


def report(name: str) -> ModuleType:
    """A module of our reports, such as ``page``; the folder is mounted as a pack is, once."""
    package = "comgmt_audit_reports"
    return module(package if package in sys.modules else mount(folder("reports"), package), name)


def _collect(loaded: ModuleType, path: Path, pack: str) -> Iterable[Check]:
    functions = [f for _, f in inspect.getmembers(loaded, inspect.isfunction) if hasattr(f, MARK)]
    own = sorted((f for f in functions if f.__module__ == loaded.__name__), key=lambda f: f.__code__.co_firstlineno)
    if not own:
        return
    family = getattr(loaded, "family", None)
    if not isinstance(family, Family):
        raise PackError(f"{path}: has checks but no `family = Family(...)`.")
    for function in own:
        declared: Declared = getattr(function, MARK)
        try:
            title, why, remedy = documentation(function)
            facts = _facts(function)
        except (ValueError, NameError, TypeError, AttributeError) as error:
            raise PackError(f"{path}: {function.__name__} ({declared.id}): {error}.") from None
        if not _ID.fullmatch(str(declared.id)):
            raise PackError(
                f"{path}: {function.__name__} has the id {declared.id!r}.",
                "An id is three capital letters, those of the family, and three digits: CRT010.",
            )
        if declared.id[:3] != family.code:
            raise PackError(f"{path}: {declared.id} does not belong to the family {family.code}.")
        if not isinstance(declared.severity, Severity):
            raise PackError(f"{path}: {declared.id} has the severity {declared.severity!r}; write Severity.HIGH.")
        yield Check(
            id=declared.id,
            title=title,
            why=why,
            remedy=remedy,
            family=family,
            severity=declared.severity,
            covers=declared.covers,
            refs=declared.refs,
            tags=declared.tags,
            step=declared.step,
            after=declared.after,
            name=function.__name__,
            pack=pack,
            empty=declared.empty,
            function=function,
            applies=_scope(declared.applies),
            facts=facts,
        )


def _scope(applies: Scope | None) -> Callable[[Design, Baseline], str | None] | None:
    """The predicate with both parameters; most read the design only."""
    if applies is None or applies.__code__.co_argcount > 1:
        return typing.cast("Callable[[Design, Baseline], str | None] | None", applies)
    on_design = typing.cast("Callable[[Design], str | None]", applies)
    return functools.wraps(on_design)(lambda design, _baseline: on_design(design))


def _annotations(function: FunctionType) -> dict[str, Any]:
    """The annotations as objects. Nearly all are plain names; looking them up spares evaluating a thousand strings."""
    known = function.__globals__
    found = {name: known.get(text, text) for name, text in function.__annotations__.items()}
    if any(isinstance(value, str) for value in found.values()):
        return inspect.get_annotations(function, eval_str=True)
    return found


def _facts(function: FunctionType) -> dict[str, type]:
    code = function.__code__
    hints = _annotations(function)
    if code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        raise ValueError("it takes * or **, and a parameter must be annotated with a fact")
    facts = {}
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        fact = hints.get(name)
        if not isinstance(fact, type) or not (fact in (Design, Baseline) or hasattr(fact, "read")):
            raise ValueError(f"parameter {name!r} is not annotated with a fact")
        facts[name] = fact
    return facts
