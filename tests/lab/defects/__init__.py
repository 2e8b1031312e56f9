"""The catalogue of defects: what can be wrong with Contoso, one named change each, and exactly what the scan must say.

A module of this folder holds the defects of one family of checks. The matrix (tests/matrix) compares each
declaration with a scan; docs/coverage.md is generated from both.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.lab.defects.defect import Defect

BY_MODULE: dict[str, tuple[Defect, ...]] = {
    module.name: import_module(f"{__name__}.{module.name}").DEFECTS
    for module in iter_modules(__path__)
    if module.name not in {"defect", "thin_rights"}
}
"""The defects of each module, in its order."""

CATALOGUE: tuple[Defect, ...] = tuple(defect for defects in BY_MODULE.values() for defect in defects)
"""All defects, by the name of their module."""
