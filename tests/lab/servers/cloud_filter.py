"""The part of OData's ``$filter`` that the lab's Graph evaluates (OData URL conventions 4.01, section 5.1.1).

Comparisons by ``eq`` with a literal, ``isof``, ``and``, ``or`` (``and`` binds tighter). Nothing else is understood, and
what is not understood is refused: a filter that is ignored would be a wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from tests.lab.servers.cloud_protocol import Refusal

Row: TypeAlias = dict[str, Any]
Predicate: TypeAlias = Callable[[Row], bool]

_TOKEN = re.compile(r"\s*(?:(?P<word>[A-Za-z_][\w.]*)|(?P<text>'(?:[^']|'')*')|(?P<sign>[()])|(?P<rest>\S[^\s()']*))")
_CONSTANTS = {"true": True, "false": False, "null": None}


def predicate(text: str, properties: Collection[str], resource: str) -> Predicate:
    """The filter as a function of a row; *properties* are those of *resource* that may stand in it.

    Raises Refusal (400 ``Request_UnsupportedQuery``) for everything else.
    """
    reader = _Reader(text, properties, resource)
    found = reader.either()
    if reader.tokens:
        raise reader.refusal()
    return found


class _Reader:
    """Takes the words of a filter one after the other."""

    def __init__(self, text: str, properties: Collection[str], resource: str) -> None:
        self.text, self.properties, self.resource = text, properties, resource
        self.tokens = [match.group().strip() for match in _TOKEN.finditer(text)]

    def either(self) -> Predicate:
        """Terms with ``or`` between them."""
        terms = [self._all()]
        while self._skip("or"):
            terms.append(self._all())
        return lambda row: any(term(row) for term in terms)

    def refusal(self, property: str = "") -> Refusal:
        """Says that this cannot be asked."""
        if property:
            message = f"Unsupported or invalid query filter clause specified for property '{property}' of resource"
            return Refusal(400, "Request_UnsupportedQuery", f"{message} '{self.resource}'.")
        return Refusal(400, "Request_UnsupportedQuery", f"Unsupported Query: {self.text}")

    def _all(self) -> Predicate:
        terms = [self._one()]
        while self._skip("and"):
            terms.append(self._one())
        return lambda row: all(term(row) for term in terms)

    def _one(self) -> Predicate:
        if self._skip("isof"):
            return self._type()
        name = self._next()
        if name not in self.properties:
            raise self.refusal(name)
        if not self._skip("eq"):
            raise self.refusal(name)
        value = self._literal(name)
        return lambda row: bool(row.get(name) == value)

    def _type(self) -> Predicate:
        opened, name, closed = self._next(), self._next(), self._next()
        if (opened, closed) != ("(", ")") or "@odata.type" not in self.properties:
            raise self.refusal()
        wanted = f"#{name.strip(chr(39))}"
        return lambda row: bool(row.get("@odata.type") == wanted)

    def _literal(self, name: str) -> str | bool | None:
        value = self._next()
        if value.startswith("'"):
            return value[1:-1].replace("''", "'")
        if value not in _CONSTANTS:
            raise self.refusal(name)
        return _CONSTANTS[value]

    def _skip(self, word: str) -> bool:
        if self.tokens and self.tokens[0] == word:
            del self.tokens[0]
            return True
        return False

    def _next(self) -> str:
        if not self.tokens:
            raise self.refusal()
        return self.tokens.pop(0)
