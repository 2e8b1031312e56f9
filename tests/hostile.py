"""Scans whose every text means harm, made by walking the types of the model: a field that is added later is in them."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from comgmt_audit.model import DriftReport, News, Scan
from tests import scans

HARMS: dict[str, str] = {
    **{f"scans-{number:02}": harm for number, harm in enumerate(scans.HOSTILE)},
    "handler": "' onload=window.hurt=1 \" onmouseover=window.hurt=1 ",
    "svg": "<svg/onload=window.hurt=1><style>*{background:url(https://evil.example)}</style>",
    "template": "</textarea></title></style><img src=x onerror=window.hurt=1>",
    "entity": "&#60;script&#62;window.hurt=1&#60;/script&#62;",
    "c0": "".join(map(chr, range(32))),
    "c1": "".join(map(chr, range(0x7F, 0xA0))),
    "direction": "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff\u200b",
    "surrogates": "\ud800 \udfff \udc00\ud800",
    "plus": "+1+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "tab": "\t=1",
    "return": "\r=1",
    "proto": "__proto__",
    "island": "data",
    "table": "| x | y |\n|--|--|\n| 1 | 2 |",
    "heading": "\n# heading\n\n- list\n\n```\nfence",
    "links": "[a](javascript:alert(1)) ![i](https://evil.example/i.png) <https://evil.example> https://evil.example",
    "mention": "@everyone #12 GH-7 user/repo#1",
    "cdata": "]]><![CDATA[ ]]> <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]> &e;",
    "ansi": "\x1b[2J\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\x9b31m",
    "github": "::error file=a::b",
    "github-line": "x\n::set-output name=a::b\n  ::add-mask::x%0A::stop-commands::y",
    "azure": "x ##vso[task.setvariable variable=a]b ##[error]c",
    "page": 'https://evil.example/\ud800\u202e\x9b<b>" onclick=window.hurt=1 [x](y) | `',
    "address": "javascript:window.hurt=1",
    "long": "long " * 4_000,
    "unbroken": "x" * 20_000,
}
"""What is tried in every field, by a name for the tests."""

_DAY = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
S = TypeVar("S", bound=Struct)


def scan(harm: str) -> Scan:
    """A scan with *harm* in every text of the model, as value and as key, and every member of every enumeration."""
    return _made(Scan, harm)


def drift(harm: str) -> DriftReport:
    """The same of what has changed."""
    return _made(DriftReport, harm)


def news(harm: str) -> News:
    """The same of what people are told."""
    return _made(News, harm)


def _made(type: type[S], harm: str) -> S:
    """The one of a type's alternatives that has the most in it."""
    return next(iter(_structs(type, harm)))


def texts(value: Any) -> Iterator[str]:
    """Every text in a struct, as value and as key."""
    if isinstance(value, str) and not isinstance(value, Enum):
        yield value
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (*texts(key), *texts(item))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _alternatives(hint: Any, harm: str) -> list[Any]:
    """Values of a type that differ in the enumerations in them."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        found = [value for one in inner for value in _alternatives(one, harm) if value is not None]
        texts = [value for value in found if isinstance(value, str | tuple)]
        return [*(texts or found), *([None] if type(None) in inner else [])]
    if origin is tuple:
        return [tuple(value for value in _alternatives(inner[0], harm) if value is not None)]
    if origin is dict:
        return [{harm: _alternatives(inner[1], harm)[0]}]
    if origin is Literal:
        return list(inner)
    if hint is Any:
        return [{harm: [harm, harm]}]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return list(_structs(hint, harm))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    plain: dict[Any, list[Any]] = {
        str: [harm],
        int: [7],
        float: [7.5],
        bool: [True, False],
        dt.datetime: [_DAY, _DAY + dt.timedelta(days=40)],
        dt.date: [_DAY.date()],
        type(None): [None],
    }
    return plain[hint]


def _structs(type: type[S], harm: str) -> Iterator[S]:
    """As many as the longest of its fields has alternatives, and each alternative at least once."""
    fields = {name: _alternatives(hint, harm) for name, hint in get_type_hints(type).items() if not _fixed(type, name)}
    for number in range(max(map(len, fields.values()), default=1)):
        yield type(**{name: values[number % len(values)] for name, values in fields.items()})


def _fixed(type: type[Struct], name: str) -> bool:
    """The format's number: of another one nothing can be read."""
    return type is Scan and name == "format"
