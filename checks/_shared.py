"""What several families of checks use."""

from __future__ import annotations

from comgmt_audit import Reference


def learn(title: str, path: str) -> Reference:
    """A page of Microsoft Learn, such as ``learn("Set the MDM authority", "intune/…")``."""
    return Reference(title, f"https://learn.microsoft.com/en-us/{path}")
