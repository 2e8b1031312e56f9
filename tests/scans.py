"""Scans built by hand, for the tests of reports: every outcome, every stage, and strings that mean harm."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from comgmt_audit.model import (
    CheckResult,
    CheckText,
    Event,
    Evidence,
    Expiry,
    Finding,
    ObservationNote,
    Outcome,
    Reference,
    Right,
    Scan,
    Severity,
    Stage,
    Waiver,
)

RECORDED = dt.datetime(2026, 3, 2, 8, 0, 41, 250_000, tzinfo=dt.UTC)

HOSTILE = (
    "<script>window.hurt = 1</script>",
    '"><img src=x onerror="window.hurt = 1">',
    "</script><script>window.hurt = 1</script>",
    "<!--<script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hurt=1",
    "CN=\u202egnp.exe\u202c,O=\u2066x",
    "nul\x00 bell\x07 escape\x1b[31mred\x1b]0;title\x07",
    "line one\nline two\r\n\ttab\u2028separator",
    "\ud800 lone surrogate \uffff",
    "=cmd|' /C calc'!A0",
    "[bold]rich[/bold] [link=https://example.com]x[/link] :smile:",
    "]]> & &amp; '\"",
    "`code` ``` **bold** [a](javascript:x)",
    "مرحبا بالعالم",
)

GIANT = "x" * 1_000_000
"""A value of a megabyte, as a broken log line or a hostile certificate may hold."""

OBSERVATIONS = {
    "graph/mdm-authority": ObservationNote(
        source="graph",
        request="GET https://graph.microsoft.com/v1.0/organization?$select=id,mobileDeviceManagementAuthority",
        at=RECORDED,
        file="graph/mdm-authority.json",
    ),
    "dns/outside/enterpriseenrollment.contoso.com": ObservationNote(
        source="dns",
        request="CNAME enterpriseenrollment.contoso.com at 8.8.8.8",
        at=RECORDED,
        absence="unreachable: timed out after 30 s",
    ),
    "certificates/gateway": ObservationNote(
        source="certificates", request="ConfigMgrCloudMGServer.pfx", at=RECORDED, file="certificates/gateway.pem"
    ),
}


def text(id: str = "TEN010", **changes: Any) -> CheckText:
    """What a report says of a check."""
    fields: dict[str, Any] = {
        "id": id,
        "title": "The MDM authority is Intune.",
        "why": "Devices enrol with whatever authority the tenant names; with any other value no device can be\n"
        "co-managed.",
        "remedy": "In the Microsoft Intune admin centre, open Tenant administration > Tenant status and choose\n"
        "Intune MDM Authority. A tenant that still shows `sccm` needs a support request.",
        "family": id[:3],
        "family_title": "Tenant",
        "stage": Stage.TENANT,
        "severity": Severity.CRITICAL,
        "covers": ("S08",),
        "refs": (Reference("Set the MDM authority", "https://learn.microsoft.com/en-us/intune/mdm-authority-set"),),
        "step": "Prerequisites: on-premises infrastructure",
        "pack": "comgmt-audit",
    }
    return CheckText(**(fields | changes))


def finding(subject: str = "Contoso", **changes: Any) -> Finding:
    """A subject that failed."""
    fields: dict[str, Any] = {
        "subject": subject,
        "outcome": Outcome.FAIL,
        "expected": "intune",
        "actual": "sccm",
        "evidence": (Evidence("graph/mdm-authority", "/value/0/mobileDeviceManagementAuthority", "sccm"),),
    }
    return Finding(**(fields | changes))


def scan(results: Iterable[CheckResult] = (), **changes: Any) -> Scan:
    """A scan of Contoso."""
    fields: dict[str, Any] = {
        "tool": "0.1.0",
        "environment": "Contoso",
        "baseline": "current",
        "recorded_at": RECORDED,
        "started_at": RECORDED + dt.timedelta(minutes=5),
        "fail_on": Severity.HIGH,
        "source": "contoso.zip",
        "packs": ("comgmt-audit 0.1.0",),
        "design": {"name": "Contoso", "site": {"code": "PS1", "server": ""}, "dns": {"inside": ["10.0.0.10"]}},
        "observations": OBSERVATIONS,
    }
    return Scan(**(fields | {"results": tuple(results)} | changes))


def expiry(days: float, subject: str, kind: str = "certificate", **changes: Any) -> Expiry:
    """Something that ends so many days after the recording."""
    return Expiry(at=RECORDED + dt.timedelta(days=days), kind=kind, subject=subject, **changes)


BESIDE: dict[str, Any] = {
    "recorded_by": "0.1.0",
    "recording_format": 1,
    "expiries": (
        expiry(-1, "Old Root CA", evidence=(Evidence("certificates/gateway", "certificate 2"),)),
        expiry(6, "Contoso Issuing CA 1", "revocation list", since=RECORDED - dt.timedelta(days=1)),
        expiry(12, "secret ConfigMgr of Server App", "application secret"),
        expiry(45, "CMG certificate", evidence=(Evidence("certificates/gateway", "certificate 1"),)),
        expiry(89, "TEN010 for Contoso, accepted by Pat", "waiver"),
        expiry(800, "version 2503, site PS1", "support"),
    ),
    "events": (
        Event(log="cloudmgr.log on cm01", kind="pending", meaning="The storage is being provided.", count=1),
        Event(
            log="mpcontrol.log on cm01",
            kind="failure",
            meaning="The management point answered the site's test with an error.",
            count=1,
            first=RECORDED - dt.timedelta(days=4),
            last=RECORDED - dt.timedelta(days=4),
        ),
        Event(
            log="mpcontrol.log on cm01",
            kind="success",
            meaning="The management point answered the site's test.",
            count=1_200,
            first=RECORDED - dt.timedelta(days=3),
            last=RECORDED - dt.timedelta(hours=1),
        ),
    ),
    "rights": (
        Right(source="graph", name="Organization.Read.All", kind="application", answered=1),
        Right(source="graph", name="Policy.Read.All", kind="delegated", refused=("graph/mdm-policies",)),
        Right(source="dns", name="UDP and TCP 53 to the resolvers", kind="network"),
    ),
}
"""What a scan has beside the checks."""


def every_outcome() -> Scan:
    """One check of each outcome, and of each kind of *not assessed*; and what stands beside the checks."""
    return scan(
        **BESIDE,
        results=[
            CheckResult(check=text(), outcome=Outcome.FAIL, findings=(finding(),)),
            CheckResult(
                check=text("TEN020", title="Users may enrol.", severity=Severity.LOW),
                outcome=Outcome.PASS,
                passed=25,
                passed_subjects=("adele@contoso.com", "alex@contoso.com"),
            ),
            CheckResult(
                check=text(
                    "CRT010",
                    title="The key of every cloud certificate is long enough.",
                    stage=Stage.PKI,
                    severity=Severity.MEDIUM,
                    covers=("S31", "S32"),
                ),
                outcome=Outcome.FAIL,
                passed=1,
                findings=(
                    finding(
                        "ConfigMgrCloudMGServer.pfx",
                        expected=(2048, 4096),
                        actual=1024,
                        evidence=(Evidence("certificates/gateway", "certificate 1"),),
                        advice="Request the certificate again with a key of 2048 bits.",
                    ),
                    finding(
                        "ConfigMgrCloudDPServer.pfx",
                        outcome=Outcome.NOT_ASSESSED,
                        expected=None,
                        actual="the file's password is not known",
                        evidence=(),
                        advice="Record it again with --pfx-password-file.",
                    ),
                ),
            ),
            CheckResult(
                check=text("CRT020", title="No own certificate is used.", stage=Stage.PKI),
                outcome=Outcome.NOT_APPLICABLE,
                reason="the design says that a public CA issues the cloud certificates",
            ),
            CheckResult(
                check=text("DNS010", title="The enrolment name leads to Intune.", stage=Stage.DNS),
                outcome=Outcome.NOT_ASSESSED,
                reason="the resolver 8.8.8.8 did not answer",
                cure="Let this machine reach 8.8.8.8 on UDP and TCP port 53.",
                findings=(
                    finding(
                        "dns/outside/enterpriseenrollment.contoso.com",
                        outcome=Outcome.NOT_ASSESSED,
                        expected=None,
                        actual="the resolver 8.8.8.8 did not answer",
                        evidence=(Evidence("dns/outside/enterpriseenrollment.contoso.com"),),
                        advice="Let this machine reach 8.8.8.8 on UDP and TCP port 53.",
                    ),
                ),
            ),
            CheckResult(
                check=text("ENR010", title="Pilot devices are enrolled.", stage=Stage.ENROLMENT, after=("TEN010",)),
                outcome=Outcome.NOT_ASSESSED,
                reason="blocked by TEN010",
                cure="Mend TEN010 first; this can only be judged afterwards.",
                blocked_by=("TEN010",),
            ),
            CheckResult(
                check=text("CLI010", title="Clients use the gateway.", stage=Stage.CLIENTS, severity=Severity.HIGH),
                outcome=Outcome.ERROR,
                reason="the check itself failed: KeyError: 'value'",
                cure="Please report this as a defect of the check; the other checks are not affected.",
                traceback="Traceback (most recent call last):\n  File \"clients.py\", line 3\nKeyError: 'value'\n",
            ),
        ],
    )


def hostile() -> Scan:
    """Every string that somebody else wrote is one that means harm."""
    results = []
    for number, harm in enumerate(HOSTILE):
        evil = text(
            f"EVL{number:02}0",
            title=harm,
            why=harm,
            remedy=harm,
            step=harm,
            refs=(Reference(harm, harm),),
            tags=(harm,),
            stage=tuple(Stage)[number % len(Stage)],
        )
        findings = (
            finding(
                harm, expected=harm, actual=(harm, (harm, harm)), evidence=(Evidence(harm, harm, harm),), advice=harm
            ),
            finding(harm, outcome=Outcome.NOT_ASSESSED, expected=None, actual=harm, advice=harm),
        )
        results += [
            CheckResult(check=evil, outcome=Outcome.FAIL, findings=findings * 60),
            CheckResult(
                check=text(f"EVN{number:02}0", title=harm),
                outcome=Outcome.ERROR,
                reason=harm,
                cure=harm,
                traceback=harm,
            ),
            CheckResult(check=text(f"EVP{number:02}0"), outcome=Outcome.PASS, passed=2, passed_subjects=(harm, harm)),
        ]
    results.append(
        CheckResult(
            check=text("GNT010"),
            outcome=Outcome.FAIL,
            reason=GIANT,
            findings=(finding(GIANT, actual=(GIANT,), advice=GIANT),),
        )
    )
    return scan(
        results,
        environment="".join(HOSTILE),
        baseline=HOSTILE[1],
        source=HOSTILE[2],
        partial=HOSTILE[7],
        selection=HOSTILE[0],
        packs=HOSTILE,
        design={HOSTILE[0]: {HOSTILE[1]: list(HOSTILE)}, HOSTILE[2]: None},
        observations={
            harm: ObservationNote(source=harm, request=harm, at=RECORDED, file=harm, absence=harm if i % 2 else "")
            for i, harm in enumerate(HOSTILE)
        },
    )


def many(findings: int, checks: int = 1) -> Scan:
    """A large scan: so many findings, spread over so many checks."""
    return scan(
        CheckResult(
            check=text(f"BIG{number:03}", title=f"Every user of group {number} has a licence."),
            outcome=Outcome.FAIL,
            findings=tuple(
                finding(
                    f"user{index:06}@contoso.com",
                    expected="one of the service plans INTUNE_A, AAD_PREMIUM",
                    actual=("EXCHANGE_S_FOUNDATION", f"TEAMS{index % 7}"),
                    evidence=(
                        Evidence(
                            "graph/mdm-authority", f"/value/{index}/assignedPlans", f'"servicePlanId": "{index:08}"'
                        ),
                    ),
                    advice="Assign a licence that contains Intune.",
                )
                for index in range(findings // checks)
            ),
        )
        for number in range(checks)
    )


def waived() -> Scan:
    """One check whose failure is waived, one of which one of two is, and one whose waiver has expired."""
    waiver = Waiver(
        reason="the merger's tenant moves in May", owner="Pat", ticket="CHG-17", expires=dt.date(2026, 5, 31)
    )
    old = Waiver(reason="old hardware", owner="Kim", expires=dt.date(2026, 2, 1), expired=True)
    return scan(
        [
            CheckResult(check=text("TEN010"), outcome=Outcome.FAIL, findings=(finding(waiver=waiver),)),
            CheckResult(
                check=text("TEN020", title="Users may enrol."),
                outcome=Outcome.FAIL,
                findings=(finding("a", waiver=waiver), finding("b")),
            ),
            CheckResult(
                check=text("TEN030", title="Devices may join."),
                outcome=Outcome.FAIL,
                findings=(finding("c", waiver=old),),
            ),
        ]
    )
