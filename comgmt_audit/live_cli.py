"""The commands that read live systems: ``record``, ``doctor`` and ``permissions``. Imported when one of them runs."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from comgmt_audit import connections, design, recorder
from comgmt_audit.errors import ComgmtError
from comgmt_audit.inputs import own_lines
from comgmt_audit.model import Check
from comgmt_audit.recorder import Clock, Needs, Progress
from comgmt_audit.recording import Recording, RecordingWriter
from comgmt_audit.sources.session import Permission, Probe, Session, Source

COMPLETE = 0
INCOMPLETE = 3
"""Exit codes of ``record`` and ``doctor``: all is there, or something is missing."""

_GRAPH = "00000003-0000-0000-c000-000000000000"
"""Microsoft Graph's application id, the same in every tenant (Microsoft Graph permissions reference)."""
_TYPES = {"application": "Role", "delegated": "Scope"}
"""What an app registration calls the two kinds (Microsoft Graph: resourceAccess resource type)."""


def record(
    toml: Path,
    target: Path,
    checks: Sequence[Check],
    *,
    timeout: float,
    clock: Clock,
    quiet: bool,
    resume: Path | None = None,
    outside: Path | None = None,
) -> str:
    """Record what the checks need; says what is missing, or nothing. Raises ComgmtError and KeyboardInterrupt."""
    declared = design.load(toml)
    own_logs = frozenset(line.log for line in own_lines(toml, declared))
    with _progress(quiet) as progress:
        asyncio.run(
            recorder.record(
                declared,
                connections.load(toml),
                target,
                wanted=Needs.of(checks),
                clock=clock,
                progress=progress,
                timeout=timeout,
                resume=resume,
                outside=outside,
                own_logs=own_logs,
            )
        )
    recording = Recording.load(target)
    recording.close()
    return recording.manifest.partial


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """A line for each source, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[what]}"))
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
        rows: dict[str, TaskID] = {}

        def show(source: str, what: str, count: int) -> None:
            if source not in rows:
                rows[source] = bars.add_task(source, total=None, what="")
            bars.update(rows[source], what=f"{what}: {count}")

        yield show


def doctor(toml: Path, checks: Sequence[Check], clock: Clock) -> tuple[int, list[str]]:
    """Which sources answer, as whom, what is missing and what it costs: the exit code, and the lines to print."""
    stated = connections.load(toml)
    read = recorder.sources(stated)
    needs = Needs.of(checks)
    asked = [source for source in read if recorder.permissions(source, needs)]
    probes = asyncio.run(_probes(_session(toml, stated, needs, clock), asked))
    lines: list[str] = []
    for source, probe in probes:
        lines += findings(source, probe, checks)
    whole = all(probe.answers and not probe.missing for _, probe in probes)
    return COMPLETE if whole else INCOMPLETE, lines


def _session(toml: Path, stated: connections.Connections, needs: Needs, clock: Clock) -> Session:
    declared = design.load(toml)
    return Session(
        design=declared,
        connections=stated,
        writer=RecordingWriter(toml, recorded_at=clock(), design=declared),  # never entered: a probe writes nothing
        wanted=needs,
        progress=lambda *_: None,
        clock=clock,
        own_logs=frozenset(line.log for line in own_lines(toml, declared)),
    )


async def _probes(session: Session, read: Iterable[Source]) -> list[tuple[Source, Probe]]:
    async def ask(source: Source) -> list[tuple[Source, Probe]]:
        try:
            return [(source, probe) for probe in await source.probe(session)]
        except Exception as error:  # noqa: BLE001 -- a defect of one source must not hide what the others say
            what = f"a defect of comgmt-audit: {type(error).__name__}"
            return [(source, Probe(source=source.NAME, answers=False, detail=what, cure="Please report it."))]

    return [found for several in await asyncio.gather(*map(ask, read)) for found in several]


def findings(source: Source, probe: Probe, checks: Sequence[Check]) -> Iterator[str]:
    """The lines on one source: does it answer, as whom, with which rights, and what each missing one costs."""
    state = "answers" if probe.answers else "does not answer"
    who = f" as {probe.identity}" if probe.identity else ""
    yield f"{probe.source}: {state}{who}" + (f" ({probe.detail})" if probe.detail else "")
    if probe.granted:
        yield f"  has: {', '.join(sorted(probe.granted))}"
    if not probe.answers:
        yield from _costs(source.PERMISSIONS, checks, probe.cure)
    for name, cure in sorted((probe.missing or {}).items()):
        yield f"  missing: {name}"
        lost = [id for id, rights in source.PERMISSIONS.items() if any(right.label == name for right in rights)]
        yield from _costs(lost, checks, cure)


def _costs(lost: Iterable[str], checks: Sequence[Check], cure: str) -> Iterator[str]:
    """What cannot be judged without these observations, and what to do."""
    lost = tuple(lost)
    costs = sorted(check.id for check in checks if _reads(check, lost))
    if costs:
        yield f"  not assessed without it: {', '.join(costs)}"
    if cure:
        yield f"  cure: {cure}"


def _reads(check: Check, lost: Iterable[str]) -> bool:
    needs = Needs.of([check])
    return any(needs(id) for id in lost)


def permissions(checks: Sequence[Check], form: str) -> str:
    """The least-privileged rights that the checks need: ``table``, ``az`` commands, or a ``manifest``."""
    needs = Needs.of(checks)
    rights: dict[tuple[str, str, str], list[Permission]] = {}
    for source in recorder.sources(connections.Connections()):
        for several in recorder.permissions(source, needs).values():
            for right in several:
                rights.setdefault((source.NAME, right.kind, right.name), []).append(right)
    if form == "table":
        return _table(rights)
    granted = {
        (right.ids[right.kind], _TYPES[right.kind])
        for (source, _, _), (right, *_) in rights.items()
        if source == "graph" and right.ids.get(right.kind)
    }
    if form == "az":
        roles = sorted(name for _, kind, name in rights if kind == "azure-role")
        return _commands(granted, roles)
    if not granted:
        raise ComgmtError("These checks need no permission of Microsoft Graph.", "See --as table.")
    import json

    access = [{"id": id, "type": kind} for id, kind in sorted(granted)]
    return json.dumps([{"resourceAppId": _GRAPH, "resourceAccess": access}], indent=2)


def _commands(granted: Iterable[tuple[str, str]], roles: Iterable[str]) -> str:
    """What an administrator runs: permissions of Graph with admin consent, and roles on the subscription."""
    words = " ".join(f"{id}={kind}" for id, kind in sorted(granted))
    lines = [
        *([f'az ad app permission add --id "$APP_ID" --api {_GRAPH} --api-permissions {words}'] if words else []),
        *(['az ad app permission admin-consent --id "$APP_ID"'] if words else []),
        *(
            f'az role assignment create --assignee "$APP_ID" --role {role} --scope "/subscriptions/$SUBSCRIPTION_ID"'
            for role in roles
        ),
    ]
    if not lines:
        raise ComgmtError("These checks need no permission in Entra ID or Azure.", "See --as table.")
    return "\n".join(lines)


def _table(rights: dict[tuple[str, str, str], list[Permission]]) -> str:
    rows = [
        (source, kind, name, "; ".join(dict.fromkeys(right.why for right in several)))
        for (source, kind, name), several in sorted(rights.items())
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip()
        for row in rows
    )
