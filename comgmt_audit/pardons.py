"""What is accepted in one run: waivers.toml and accepted.json, read before the scan and applied after it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from comgmt_audit import accepted, waivers
from comgmt_audit.model import Scan


class Pardons(Struct, frozen=True, kw_only=True):
    """What was accepted before, and where what fails now is to be written, if it is."""

    waivers: waivers.Waivers = waivers.Waivers()
    accepted: accepted.Accepted | None = None
    target: Path | None = None


def load(ours: Path | None, place: Path | None, checks: Collection[str], *, write: bool) -> Pardons:
    """Read both files; *place* need not be there where it is to be written. Raises WaiverError."""
    return Pardons(
        waivers=waivers.load(ours, checks) if ours else waivers.Waivers(),
        accepted=accepted.load(place) if place and (place.exists() or not write) else None,
        target=place if write else None,
    )


def apply(scan: Scan, pardons: Pardons) -> tuple[Scan, tuple[str, ...], tuple[str, ...]]:
    """The scan with its accepted failures marked, what is wrong with the waivers, and what else is to be said.

    Raises WaiverError where what fails now cannot be written.
    """
    marked, wrong = waivers.apply(scan, pardons.waivers)
    said: list[str] = []
    before = pardons.accepted
    if pardons.target:
        now = accepted.of(marked, before)
        accepted.write(now, pardons.target)
        said.append(f"Wrote {pardons.target}: {len(now.failures):,} failures are accepted as they stand.")
        before = now
    if before:
        marked, stale = accepted.apply(marked, before)
        said += [f"{line}: `--accept-current` forgets it." for line in stale]
    return marked, wrong, tuple(said)
