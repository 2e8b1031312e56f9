"""Which rights a recording was made with, as far as its observations tell: what each let us read, what was refused."""

from __future__ import annotations

from collections.abc import Iterable

from comgmt_audit.model import Right
from comgmt_audit.recording import Observation, Reason
from comgmt_audit.recording.needed import RIGHTS, needed

__all__ = ["RIGHTS", "needed", "rights"]


def rights(observations: Iterable[Observation]) -> tuple[Right, ...]:
    """Each right that an observation needs, by source: how many requests it answered, and which were refused."""
    answered: dict[tuple[str, str, str], int] = {}
    refused: dict[tuple[str, str, str], list[str]] = {}
    for observation in observations:
        source = observation.id.partition("/")[0]
        absence = observation.absence
        for name, kind in needed(observation.id):
            key = (source, name, kind)
            # That there is no such thing is an answer as well.
            known = absence is None or absence.reason is Reason.ABSENT
            answered[key] = answered.get(key, 0) + known
            if absence and absence.reason is Reason.REFUSED:
                refused.setdefault(key, []).append(observation.id)
    return tuple(
        Right(source=key[0], name=key[1], kind=key[2], answered=count, refused=tuple(refused.get(key, ())))
        for key, count in sorted(answered.items())
    )
