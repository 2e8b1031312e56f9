"""What a scan is made of: the recording, the design and the baseline that the user named, and the packs of checks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from comgmt_audit import baselines, design, packs
from comgmt_audit.errors import BaselineError, ComgmtError, DesignError
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Check
from comgmt_audit.recording import Recording

if TYPE_CHECKING:
    from comgmt_audit.design import Design
    from comgmt_audit.log_catalogue.own import OwnEntry


class Pack(Struct, frozen=True):
    """A loaded folder of checks; *name* is what reports call it."""

    name: str
    folder: Path
    checks: tuple[Check, ...]


def load_packs(folders: Iterable[Path]) -> tuple[Pack, ...]:
    """Our pack and the user's. Raises PackError for a file that is wrong, or an id that is used twice."""
    loaded = [Pack("comgmt-audit", packs.folder("checks"), packs.builtin())]
    for folder in folders:
        place = folder.resolve()
        taken = {pack.name for pack in loaded}
        name = str(place) if place.name in taken else place.name
        loaded.append(Pack(name, place, packs.load(place, name)))
    packs.combine(pack.checks for pack in loaded)
    return tuple(loaded)


def open_environment(source: Path, baseline: str = "", recorded: Path | None = None) -> Environment:
    """A recording (folder or .zip), or the one that a comgmt.toml names, ready to be judged.

    *recorded* is the one that was just made for a comgmt.toml that names none. *baseline* overrules
    the design's. The caller closes ``environment.recording``. Raises ComgmtError.
    """
    if source.suffix.lower() == ".toml":
        return _declared(source, baseline, recorded)
    recording = Recording.load(source)
    try:
        return Environment(recording, recording.design, baselines.load(baseline or _shipped_baseline(recording)))
    except ComgmtError:
        recording.close()
        raise


def _declared(source: Path, baseline: str, recorded: Path | None) -> Environment:
    """The recording that comgmt.toml names, judged by the design of comgmt.toml; its paths are relative to it."""
    declared = design.load(source)
    if not (recorded or declared.recording):
        raise DesignError(
            f"{source}: names no recording.",
            'Make one with `comgmt-audit record`, and add `recording = "FOLDER or .zip"` to the top of the file.',
        )
    own = declared.baseline in baselines.names()
    expected = baselines.load(baseline or (declared.baseline if own else str(source.parent / declared.baseline)))
    lines = own_lines(source, declared)
    return Environment(Recording.load(recorded or source.parent / declared.recording), declared, expected, lines)


def own_lines(source: Path, declared: Design) -> tuple[OwnEntry, ...]:
    """The log lines of the files that comgmt.toml names. Raises DesignError."""
    if not declared.logs.catalogues:
        return ()
    from comgmt_audit.log_catalogue import own

    return own.load(source.parent / name for name in declared.logs.catalogues)


def _shipped_baseline(recording: Recording) -> str:
    """The baseline that a recording asks for; never a path, for a recording that came by mail must open no file."""
    name = recording.design.baseline
    if name not in baselines.names():
        raise BaselineError(
            f"{recording.name}: was made for the baseline file {name!r}, which does not travel with it.",
            "Name the file with --baseline, or judge by one of ours: " + ", ".join(baselines.names()) + ".",
        )
    return name
