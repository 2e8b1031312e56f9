"""Clocks of the servers. Protects sign-in between them, which is good for some minutes only."""

from __future__ import annotations

from comgmt_audit import Family, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts.clocks import GRAPH, Clocks

from ._shared import learn, unavailable

family = Family(code="CLK", title="Clocks", stage=Stage.ON_PREMISES)

_TOLERANCE = 300
"""Seconds. Windows' default for Kerberos (Microsoft: Maximum tolerance for computer clock synchronization); tokens of
Entra ID are given as long by Microsoft's libraries."""
_KERBEROS = learn(
    "Maximum tolerance for computer clock synchronization",
    "previous-versions/windows/it-pro/windows-10/security/threat-protection/security-policy-settings/"
    "maximum-tolerance-for-computer-clock-synchronization",
)


@check("CLK010", severity=Severity.HIGH, refs=[_KERBEROS], tags=["beyond"])
def clocks_agree(clocks: Clocks) -> Findings:
    """The clocks of the servers, and of the computer that recorded, agree within five minutes.

    Why: Beyond that Kerberos refuses every sign-in, and a token or certificate seems expired, or not valid yet, though
    it is in order; what a scan says of dates is as wrong as the clock it went by.
    Remedy: On the server run `w32tm /query /status`, set the right source of time on the domain controller with the
    role PDC emulator (`w32tm /config`), then run `w32tm /resync` there and on the server.
    """
    reference, *others = clocks
    expected = f"at most 5 minutes from the {reference.label}"
    for clock in others:
        apart, sides = clock.ahead - reference.ahead, (clock.evidence, reference.evidence)
        yield require(clock, abs(apart) <= _TOLERANCE, expected=expected, actual=_said(apart), evidence=sides)
    if reference.kind == GRAPH:
        holds = abs(reference.ahead) <= _TOLERANCE
        yield require(
            "computer that recorded",
            holds,
            expected=expected,
            actual=_said(-reference.ahead),
            evidence=reference.evidence,
        )
    elif not others:
        cure = "Record with the directory, the AdminService and Microsoft Graph together."
        yield cannot_tell(reference, "there is no other clock to compare it with", cure=cure)
    for kind, error in clocks.untold:
        yield unavailable(f"clock of {kind}", error)


def _said(seconds: int) -> str:
    minutes, rest = divmod(abs(seconds), 60)
    return f"{minutes} min {rest} s {'ahead' if seconds > 0 else 'behind'}"
