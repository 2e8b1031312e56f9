"""Bytes of a Windows text file as text: byte order mark, UTF-16 without one, UTF-8, and an ANSI code page for the rest.

The order is that of ``reference`` logs, section 1.6. Decoding never fails: a log is evidence even where a byte of it is
damaged, and one file may hold UTF-8 and ANSI lines of different writers.
"""

from __future__ import annotations

import codecs
import re

from msgspec import Struct

ANSI = "cp1252"
"""The code page of Western Windows, where the user names no other."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SAMPLE = 64 * 1024
_MARK = "\ufeff"
_STRAY = re.compile("[\udc80-\udcff]+")


class Text(Struct, frozen=True):
    """A file's text without byte order marks and NUL padding, and the encoding that was found."""

    text: str
    encoding: str


def decode(data: bytes, code_page: str = ANSI) -> Text:
    """The text of *data*. Raises LookupError where *code_page* is no encoding that Python knows."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, code_page)
    return _decode(data, _sniffed(data[:_SAMPLE]) or "utf-8", code_page)


def _decode(data: bytes, encoding: str, code_page: str) -> Text:
    if encoding == "utf-8":
        text, encoding = _utf8(data, code_page)
    else:
        text = data.decode(encoding, errors="replace")
    return Text(text.replace("\0", "").replace(_MARK, ""), encoding)


def _sniffed(sample: bytes) -> str | None:
    """UTF-16 without a mark: of Western text nearly every second byte is NUL, and of the others nearly none."""
    half = len(sample) // 2
    if half < 2:
        return None
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return None


def _utf8(data: bytes, code_page: str) -> tuple[str, str]:
    """UTF-8; bytes that are none are read by the code page, and then the encoding's name says so."""
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="surrogateescape")
    stray = _STRAY.sub(lambda run: _ansi(run[0], code_page), text)
    return stray, code_page if _STRAY.sub("", text).isascii() else f"utf-8 and {code_page}"


def _ansi(run: str, code_page: str) -> str:
    return run.encode("utf-8", errors="surrogateescape").decode(code_page, errors="replace")
