"""Which properties of a service's objects are kept, written as OData writes a selection: ``id,web(redirectUris)``.

What is not named never comes into a recording, whatever a service sends: secrets, pictures, and what it invents next.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

Shape: TypeAlias = "dict[str, Shape | None]"
"""Properties that are kept; ``None``: with everything in them."""

_WORD = re.compile(r"[(),]|[^(),\s]+")


def shape(text: str) -> Shape:
    """The shape that *text* describes."""
    found: Shape = {}
    opened = [found]
    name = ""
    for word in _WORD.findall(text):
        if word == "(":
            inner: Shape = {}
            opened[-1][name] = inner
            opened.append(inner)
        elif word == ")":
            opened.pop()
        elif word != ",":
            name = word
            opened[-1][name] = None
    return found


def kept(value: Any, wanted: Shape | None) -> Any:
    """What of *value* is kept. A list is taken as its objects; what should be an object and is none stays as it is."""
    if wanted is None:
        return value
    if isinstance(value, list):
        return [kept(item, wanted) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: value[name] if inner is None else kept(value[name], inner)
        for name, inner in wanted.items()
        if name in value
    }
