"""JSON: the whole scan for machines, and the form in which a scan is kept and read again.

The first line states the verdict and the counts; ``comgmt_audit/schemas/scan.schema.json`` describes the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from comgmt_audit.errors import ComgmtError
from comgmt_audit.model import SCAN_FORMAT, Scan

from ._shared import write_text


def render(scan: Scan) -> str:
    """The scan as JSON, indented, one value a line, so that git shows what changed."""
    head = msgspec.json.encode(
        {"verdict": scan.verdict, "counts": {outcome.value: count for outcome, count in scan.counts.items()}}
    ).decode()
    # format is a default of Scan, and the struct omits defaults: a reader must find it all the same.
    body = msgspec.json.format(encode(scan), indent=1).decode()
    return f'{head[:-1]},\n "format": {scan.format},\n{body.removeprefix("{").lstrip(chr(10))}\n'


def write(scan: Scan, path: Path) -> None:
    """Write the report to *path*. Raises ComgmtError where that cannot be done."""
    write_text(path, [render(scan)])


def load(data: bytes) -> Scan:
    """The scan that a JSON report holds. Raises ComgmtError where it is none, or one of another format."""
    try:
        scan = msgspec.json.decode(data, type=Scan)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ComgmtError(f"This is not the JSON report of a scan: {error}.") from None
    if scan.format != SCAN_FORMAT:
        raise ComgmtError(
            f"The scan has format {scan.format}; this version reads format {SCAN_FORMAT}.",
            "Scan again, or use the version that wrote it.",
        )
    return scan


def encode(value: msgspec.Struct) -> bytes:
    """JSON of a value of the model, whatever is in its texts."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8; it is rare, so only then is everything looked through
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value)))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
