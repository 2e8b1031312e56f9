"""Records of Configuration Manager logs, in every form that CMTrace reads (``reference`` logs, section 1).

- client and .NET form: ``<![LOG[message]LOG]!><time="14:03:12.345+240" date="11-23-2026" component="…" …>``
- site server form: ``message  $$<COMPONENT><11-23-2026 14:03:12.345+240><thread=7892 (0x1ED4)>``
- its ancestors of SMS 1 and 2, with the name of a time zone, or none
- plain text, such as CMTrace's clipboard: every line is a message without a time

A record is found by its trailer, and its start is sought backwards: a search from the front is quadratic on torn logs.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

OPENER = "<![LOG["
ROLLED_OVER = "<MAXIMUM LOG FILE SIZE REACHED - FILE RENAMED>"
"""The line without a frame that ends a rolled-over server log."""

_LONGEST = 1024 * 1024
"""Characters without the end of a record after which the reader gives up waiting for one."""

_TRAILER = re.compile(
    r'\]LOG\]!><time="([^"\r\n]*)" date="([^"\r\n]*)" component="([^"\r\n]*)" context="([^"\r\n]*)"'
    r' type="([^"\r\n]*)"(?: thread="([^"\r\n]*)")?(?: file="([^"\r\n]*)")?>'
    r"|\$\$<([^<>\r\n]*)><([^<>\r\n]*)><thread=([^<>\r\n]*)>"
)
_TRAILER_STARTS = ("]LOG]!><", "$$<")
_MOST_TRIES = 64
"""So many places that look like a trailer and are none are passed over when one is sought backwards."""
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(.*)")
_DATE = re.compile(r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})")
_OLD_STAMP = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{1,2}) ([0-9:.]+) ([0-9]{4})~?(?: (.*))?")
_BIAS = re.compile(r"[+-][0-9]{1,4}")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DELIMITER = r"[ \t\r\n\[\]('~_=>]"
"""What stands before a word in a log. Quotes and colons are left out: the frames of the records are full of them."""
_FRAMES = {
    'log]!><time="': r'[^<>"\r\n]*" date="[^<>\r\n]*()(?=>)',
    "$$<": r"[^<>\r\n]*><[^<>\r\n]*><thread=[^<>\r\n]*()(?=>)",
}
"""How frames begin behind a delimiter, in lower case, and what follows: they are passed over, being most of a log.
Their last character stays: the next record's first word may follow it at once."""
_BEFORE_CODES = frozenset('":')
"""So an error code right after one of those is looked for by itself."""
_ASCII_LOWER = {ord(letter): letter.lower() for letter in string.ascii_uppercase}
_LARGEST_BIAS = 16 * 60
"""Minutes; no zone is further from UTC than 14 hours, and a larger number is no bias."""


class Record(Struct, frozen=True, kw_only=True):
    """One entry of a log. ``line`` counts from 1.

    ``time`` is in UTC, and ``None`` where the log does not say the offset; ``local`` is the clock of the machine that
    wrote it. ``type`` is 0 to 3, a hint and no verdict: failures are written as 1. ``torn``: a part of it is missing.
    """

    message: str
    line: int
    time: dt.datetime | None = None
    local: dt.datetime | None = None
    component: str = ""
    type: int | None = None
    thread: str = ""
    file: str = ""
    torn: bool = False


class Span(Struct, frozen=True):
    """The first and the last record with a time; ``None`` where no record has one."""

    first: Record | None = None
    last: Record | None = None


def records(blocks: Iterable[str]) -> Iterator[Record]:
    """Every record of a log that comes in pieces, cut anywhere. Memory is flat, cost is linear."""
    for piece in _pieces(blocks):
        yield from piece.records()


def visit(blocks: Iterable[str], literals: Sequence[str], see: Callable[[Record], None]) -> Span:
    """Show *see* each record that holds one of the *literals*, and what is torn before it; without literals, all.

    A literal is lower-case, is found in any case, and starts a word (after a blank, ``[ ] ( ' ~ _ = >``).
    The rest of the log is searched, not parsed: that is what makes a gigabyte affordable. Returns the first and the
    last record with a time, so that the covered span is known.
    """
    first: Record | None = None
    last: _Piece | None = None
    for piece in _pieces(blocks):
        for record in piece.near(literals) if literals else piece.records():
            see(record)
        if piece.has_trailer:
            first = first or next((record for record in piece.records() if record.local), None)
            last = piece
    timed = [record for record in last.records() if record.local] if last else []
    return Span(first, timed[-1] if timed else first)


class _Piece:
    """A part of a log that ends where a record ends (or the log does). ``framed``: records came before or in it."""

    __slots__ = ("framed", "has_trailer", "line", "text")

    def __init__(self, text: str, line: int, framed: bool) -> None:
        self.text = text
        self.line = line
        self.has_trailer = next(_backwards(text, 0, len(text)), None) is not None
        self.framed = framed or self.has_trailer

    def records(self) -> Iterator[Record]:
        """All records."""
        lines = _Lines(self.text, self.line)
        end = 0
        for trailer in _TRAILER.finditer(self.text):
            yield from _record(lines, end, trailer)
            end = trailer.end()
        yield from _tail(lines, end, self.framed)

    def near(self, literals: Sequence[str]) -> Iterator[Record]:
        """The records that hold one of the literals."""
        lines = _Lines(self.text, self.line)
        end = 0
        for hit in _hits(self.text, literals):
            if hit < end:
                continue
            before = next(_backwards(self.text, end, hit), None)
            start = before.end() if before else end
            trailer = _TRAILER.search(self.text, hit)
            if trailer is None:
                yield from _tail(lines, start, self.framed)
                return
            yield from _record(lines, start, trailer)
            end = trailer.end()


class _Lines:
    """Line numbers of rising places in a text, each stretch of which is counted once."""

    __slots__ = ("_number", "_place", "text")

    def __init__(self, text: str, number: int) -> None:
        self.text = text
        self._place = 0
        self._number = number

    def number(self, place: int) -> int:
        """The line of *place*, which must not lie before the last one asked for."""
        self._number += self.text.count("\n", self._place, place)
        self._place = place
        return self._number


def _pieces(blocks: Iterable[str]) -> Iterator[_Piece]:
    rest, line, framed = "", 1, False
    for block in blocks:
        text = rest + block
        trailer = next(_backwards(text, 0, len(text)), None)
        end = trailer.end() if trailer else 0
        if not trailer and len(text) > _LONGEST:
            end = text.rfind("\n") + 1 or len(text)
        if end:
            piece = _Piece(text[:end], line, framed)
            framed = piece.framed
            yield piece
            line += text.count("\n", 0, end)
        rest = text[end:]
    if rest:
        yield _Piece(rest, line, framed)


def _backwards(text: str, low: int, high: int) -> Iterator[re.Match[str]]:
    """The trailers between two places, the last one first; what only looks like one is not followed for ever."""
    places = {start: text.rfind(start, low, high) for start in _TRAILER_STARTS}
    for _ in range(_MOST_TRIES):
        start = max(places, key=places.__getitem__)
        if places[start] < 0:
            return
        if found := _TRAILER.match(text, places[start]):
            yield found
        places[start] = text.rfind(start, low, places[start])


def _hits(text: str, literals: Sequence[str]) -> list[int]:
    """Where the literals stand, in order."""
    lower = text.lower()
    if len(lower) != len(text):  # a capital dotted I becomes two characters, and every place after it would be wrong
        lower = text.translate(_ASCII_LOWER)
    # The line break before the text is for a literal at its very start; it makes the delimiter's place the literal's.
    words = _word_starts(tuple(literals)).finditer("\n" + lower)
    hits = [found.start() for found in words if not found.lastindex]
    if any(literal.startswith("0x") for literal in literals):
        hits += _quoted_codes(lower)
    return sorted(hits)


def _quoted_codes(text: str) -> Iterator[int]:
    """Where a quote or colon stands before a code: one search for the code finds both."""
    at = text.find("0x", 1)
    while at > 0:
        if text[at - 1] in _BEFORE_CODES:
            yield at - 1
        at = text.find("0x", at + 2)


@functools.lru_cache
def _word_starts(literals: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all literals, as a tree of their letters: a hundred searches in turn take three times as long.

    It looks at the starts of words only, for a tree is slow where it is tried at every letter. What is no literal, but
    the frame of a record, has a group.
    """
    tree: dict[str, Any] = {}
    for word, rest in (*((literal, "") for literal in literals), *_FRAMES.items()):
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = rest
    return re.compile(_DELIMITER + _branches(tree))


def _branches(tree: dict[str, Any]) -> str:
    if "" in tree:
        return str(tree[""])
    parts = [re.escape(letter) + _branches(rest) for letter, rest in sorted(tree.items())]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _record(lines: _Lines, start: int, trailer: re.Match[str]) -> Iterator[Record]:
    """The record that ends with *trailer*; before it, what is left of one that was torn."""
    text = lines.text
    if trailer[8] is not None:
        yield _server_record(lines, _content(text, start, trailer.start()), trailer)
        return
    opener = text.rfind(OPENER, start, trailer.start())
    content = _content(text, start, trailer.start() if opener < 0 else opener)
    if opener > content:
        left = text[content:opener].strip()
        yield Record(message=left.removeprefix(OPENER), line=lines.number(content), torn=True)
    begin = content if opener < 0 else opener + len(OPENER)
    time, local = _moment(trailer[2], trailer[1])
    yield Record(
        message=text[begin : trailer.start()],
        line=lines.number(begin),
        time=time,
        local=local,
        component=trailer[3],
        type=int(trailer[5]) if re.fullmatch("[0-9]", trailer[5]) else None,
        thread=trailer[6] or "",
        file=trailer[7] or "",
        torn=opener < 0,
    )


def _server_record(lines: _Lines, start: int, trailer: re.Match[str]) -> Record:
    stamp = trailer[9]
    date, _, clock = stamp.partition(" ")
    time, local = _moment(date, clock) if _DATE.fullmatch(date) else _old_moment(stamp)
    return Record(
        message=_unescaped(lines.text[start : trailer.start()]),
        line=lines.number(start),
        time=time,
        local=local,
        component=trailer[8],
        thread=trailer[10].partition(" ")[0],
    )


def _tail(lines: _Lines, start: int, framed: bool) -> Iterator[Record]:
    """What comes after the last trailer: a torn record, or, where the log has no records at all, lines of text."""
    text = lines.text
    start = _content(text, start, len(text))
    rest = text[start:].strip()
    if not rest:
        return
    if framed or OPENER in rest:
        yield Record(message=rest.removeprefix(OPENER), line=lines.number(start), torn=True)
        return
    for number, line in enumerate(io.StringIO(rest), lines.number(start)):  # one at a time: there may be millions
        if line.strip():
            yield Record(message=line.strip(), line=number)


def _content(text: str, start: int, end: int) -> int:
    """The place of the first character of interest from *start*: not blank, not the mark of a roll-over."""
    while start < end:
        if text[start].isspace():
            start += 1
        elif text.startswith(ROLLED_OVER, start):
            start += len(ROLLED_OVER)
        else:
            break
    return start


def _unescaped(message: str) -> str:
    """A server message in clear: ``~~`` is a line break, one ``~`` at either end is none; ``PROGRA~1`` stays."""
    return message.strip().replace("~~", "\n").strip().removeprefix("~").removesuffix("~").strip()


_Moment: TypeAlias = tuple[dt.datetime | None, dt.datetime | None]


def _moment(date: str, clock: str) -> _Moment:
    """Time in UTC and local time. Windows writes the bias that *added* to local time gives UTC."""
    day, time = _DATE.fullmatch(date), _TIME.fullmatch(clock)
    if not day or not time:
        return None, None
    return _in_utc(int(day[3]), int(day[1]), int(day[2]), time, time[5])


def _old_moment(stamp: str) -> _Moment:
    """The stamps of SMS 1 and 2: a zone by name says nothing certain, but for UTC itself."""
    found = _OLD_STAMP.fullmatch(stamp)
    time = _TIME.fullmatch(found[3]) if found else None
    if not found or not time or found[1] not in _MONTHS:
        return None, None
    bias = "+0" if found[5] == "Coordinated Universal Time" else ""
    return _in_utc(int(found[4]), _MONTHS[found[1]], int(found[2]), time, bias)


def _in_utc(year: int, month: int, day: int, time: re.Match[str], bias: str) -> _Moment:
    fraction = int((time[4] or "")[:6].ljust(6, "0"))
    try:
        clock = dt.datetime(year, month, day, int(time[1]), int(time[2]), int(time[3]), fraction, dt.UTC)
        if not _BIAS.fullmatch(bias) or abs(int(bias)) > _LARGEST_BIAS:
            return None, clock.replace(tzinfo=None)
        return clock + dt.timedelta(minutes=int(bias)), clock.replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None, None
