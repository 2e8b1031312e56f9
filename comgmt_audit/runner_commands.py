"""What a CI service obeys instead of showing it, where it reads along with what a command prints."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"^[ \t]*:(?=:)|#(?=#(?:\[|vso\[))", re.MULTILINE)
"""GitHub obeys what follows ``::`` at the start of a line (GitHub Docs, "Workflow commands") and after ``##[``, Azure
DevOps what follows ``##vso[`` (Azure DevOps, "Logging commands")."""


def defused(text: str) -> str:
    """*text* with a blank between the two signs of such a command, so that it is shown."""
    return _COMMAND.sub(r"\g<0> ", text) if "::" in text or "##" in text else text
