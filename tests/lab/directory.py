"""Contoso's directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit.recording import RecordingWriter

if TYPE_CHECKING:
    from tests.lab.estate import Estate


class Directory(Struct, frozen=True, kw_only=True):
    """Healthy by default."""


def record(estate: Estate, writer: RecordingWriter) -> None:
    """Write what is seen of it."""
