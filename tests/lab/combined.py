"""Several defects of the catalogue in one estate: what each changes of the healthy one, applied one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from msgspec import Struct

from tests.lab.defects import CATALOGUE
from tests.lab.estate import Estate, contoso, contoso_2018

BASES = {"current": contoso, "tutorial-2018": contoso_2018}
"""The healthy estates, by the name of their baseline."""

Path = tuple[str, ...]
Changes = dict[Path, Any]
_ABSENT = object()
"""In place of a key of a table that a defect takes away."""


class ConflictError(ValueError):
    """Defects that cannot be had together; the message says which, and where they meet."""


def estate(names: Iterable[str], base: str = "") -> Estate:
    """The healthy estate of *base* (empty: that of the first defect, or ``current``) with these defects.

    Raises ConflictError for an unknown name, a defect of another base, and two that change the same thing in two ways.
    """
    known = {defect.name: defect for defect in CATALOGUE}
    names = tuple(dict.fromkeys(names))
    if unknown := [name for name in names if name not in known]:
        raise ConflictError(f"no such defect: {', '.join(unknown)}; the catalogue is in docs/coverage.md")
    broken = {name: known[name].estate() for name in names}
    base = base or next((str(one.design["baseline"]) for one in broken.values()), "current")
    healthy = BASES[base]()
    changes: Changes = {}
    by: dict[Path, str] = {}
    for name, one in broken.items():
        if one.design["baseline"] != base:
            raise ConflictError(f"{name} is a defect of the estate {one.design['baseline']}, not of {base}")
        for path, value in _differences(healthy, one, ()):
            _refuse_conflict(changes, by, path, value, name)
            changes[path], by[path] = value, name
    return cast("Estate", _applied(healthy, changes))


def _refuse_conflict(changes: Changes, by: dict[Path, str], path: Path, value: Any, name: str) -> None:
    for other, given in changes.items():
        short, long = sorted((path, other), key=len)
        if long[: len(short)] == short and not (path == other and given == value):
            raise ConflictError(f"{by[other]} and {name} both change {'.'.join(short)}: take one of them")


def _differences(healthy: Any, broken: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    """The innermost parts that differ: fields of structs and keys of tables; everything else is one value."""
    if isinstance(healthy, Struct) and type(healthy) is type(broken):
        for name in healthy.__struct_fields__:
            yield from _differences(getattr(healthy, name), getattr(broken, name), (*at, name))
    elif isinstance(healthy, dict) and isinstance(broken, dict):
        for name in {**healthy, **broken}:
            yield from _differences(healthy.get(name, _ABSENT), broken.get(name, _ABSENT), (*at, name))
    elif healthy != broken:
        yield at, broken


def _applied(healthy: Any, changes: Changes) -> Any:
    if () in changes:
        return changes[()]
    inner: dict[str, Changes] = {}
    for path, value in changes.items():
        inner.setdefault(path[0], {})[path[1:]] = value
    if isinstance(healthy, dict):
        found = {**healthy, **{name: _applied(healthy.get(name), more) for name, more in inner.items()}}
        return {name: value for name, value in found.items() if value is not _ABSENT}
    changed = {name: _applied(getattr(healthy, name), more) for name, more in inner.items()}
    return type(healthy)(**{name: getattr(healthy, name) for name in healthy.__struct_fields__} | changed)
