"""What several families of checks use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from comgmt_audit import Evidence, Finding, Reference, cannot_tell, require
from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.certificates import Unseen
from comgmt_audit.facts.x509 import CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION, Certificate

NEWER = "Scan with a version of comgmt-audit that knows the value."
ACCESS_CURE = "Grant Policy.Read.All (application) to the scanner, and record again."
MDM_GROUPS = "Grant Policy.Read.All and Group.Read.All (delegated) to the scanner, and record again."


def learn(title: str, path: str) -> Reference:
    """A page of Microsoft Learn, such as ``learn("Set the MDM authority", "intune/…")``."""
    return Reference(title, f"https://learn.microsoft.com/en-us/{path}")


_USAGES = {SERVER_AUTHENTICATION: "Server Authentication", CLIENT_AUTHENTICATION: "Client Authentication"}


def usage(oid: str) -> str:
    """An extended key usage as the tabs of a template show it; one without a name there stays a number."""
    return f"{_USAGES.get(oid, 'usage')} ({oid})"


def lifetime(certificate: Certificate) -> tuple[tuple[str, dt.datetime], ...]:
    """Since when and until when a certificate is valid."""
    return ("since", certificate.not_before), ("until", certificate.not_after)


def unavailable(subject: str, error: FactUnavailable) -> Finding:
    """Say of one subject that its evidence could not be had; the check goes on with the others."""
    return cannot_tell(subject, error.why, cure=error.cure, evidence=Evidence(error.observation))


def unseen(items: Iterable[Unseen]) -> Iterator[Finding]:
    """Say of everything that could not be seen why, and what brings it."""
    for item in items:
        yield cannot_tell(item.label, item.why, cure=item.cure, evidence=_places(item))


def missing(items: Iterable[Unseen], what: str = "the file") -> Iterator[Finding]:
    """The same, where being there is the claim itself: what is known not to exist fails."""
    for item in items:
        if item.absent:
            yield require(item.label, False, expected=what, actual=item.why, evidence=_places(item))
        else:
            yield from unseen([item])


def _places(item: Unseen) -> tuple[Evidence, ...]:
    return (item.evidence,) if item.evidence.observation else ()
