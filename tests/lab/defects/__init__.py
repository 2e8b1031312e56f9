"""The catalogue of defects: what can be wrong with Contoso, one named change each, and exactly what the scan must say.

A module of this folder holds the defects of one family of checks. The matrix (tests/matrix) compares each
declaration with a scan; docs/coverage.md is generated from both.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.lab.defects.defect import Defect

CATALOGUE: tuple[Defect, ...] = tuple(
    defect
    for module in iter_modules(__path__)
    if module.name not in {"defect", "thin_rights"}
    for defect in import_module(f"{__name__}.{module.name}").DEFECTS
)
"""All defects, by the name of their module and in its order."""
