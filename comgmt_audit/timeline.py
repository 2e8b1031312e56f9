"""What the logs say, in the order of time: each known line with how often, when first and when last it was written.

Only the logs that the checks of this scan have read. Lines without weight (``noise`` in the catalogue) are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from comgmt_audit.facts.environment import Environment
from comgmt_audit.facts.logs import Logs
from comgmt_audit.log_catalogue import Kind
from comgmt_audit.model import Event


def events(environment: Environment) -> tuple[Event, ...]:
    """Every known line that says success, failure or pending, by its last time; those without a time come first."""
    early = dt.datetime.min.replace(tzinfo=dt.UTC)
    return tuple(sorted(_all(environment), key=lambda event: (event.last or early, event.log, event.meaning)))


def _all(environment: Environment) -> Iterator[Event]:
    for state in (state for logs in environment.seen(Logs) for state in logs):
        for hit in state.hits.values():
            if hit.entry.kind is not Kind.NOISE:
                yield Event(
                    log=state.label,
                    kind=hit.entry.kind.value,
                    meaning=hit.entry.meaning,
                    count=hit.count,
                    first=hit.first,
                    last=hit.time,
                    evidence=(hit.evidence,),
                )
