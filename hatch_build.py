"""How the wheel is built: ``checks/`` and ``reports/`` travel inside the package.

A hook and not ``force-include``, for that would put dead copies beside an editable install, where pytest takes
``checks/site.py`` for the standard library's ``site``.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PacksInside(BuildHookInterface[Any]):
    """Puts our packs into the wheel, where ``comgmt_audit.packs.folder`` finds them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add them to a real wheel only."""
        if version == "standard":
            build_data["force_include"].update({"checks": "comgmt_audit/_checks", "reports": "comgmt_audit/_reports"})
