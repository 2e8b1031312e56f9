"""Evaluating checks: facts by type and only when needed, five outcomes, prerequisites before dependants."""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath

import msgspec

from comgmt_audit.errors import FactUnavailable, NotApplicable, PackError
from comgmt_audit.expiries import expiries
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import (
    Check,
    CheckResult,
    CheckText,
    Evidence,
    Finding,
    Gate,
    ObservationNote,
    Outcome,
    Scan,
    Severity,
)
from comgmt_audit.rights import rights
from comgmt_audit.timeline import events
from comgmt_audit.version import __version__

SHOWN_PLACES = 3
"""So many observations are named for a finding that has no place of its own, such as of what is nowhere."""

SHOWN_PASSES = 20
"""So many passing subjects are named in a result; the rest is counted."""


class Evaluation:
    """The outcomes of a set of checks over one environment, each worked out once and when first asked for."""

    def __init__(self, checks: Sequence[Check], environment: Environment) -> None:
        self.checks = {check.id: check for check in checks}
        self.environment = environment
        self._results: dict[str, CheckResult] = {}
        _refuse_cycles(self.checks)

    def result(self, id: str) -> CheckResult:
        """The outcome of one check; its prerequisites are evaluated first."""
        if id not in self._results:
            self._results[id] = self._evaluate(self.checks[id])
        return self._results[id]

    def _evaluate(self, check: Check) -> CheckResult:
        text = CheckText.of(check)
        try:
            why_not = check.applies(self.environment.design, self.environment.baseline) if check.applies else None
            if why_not:
                return CheckResult(check=text, outcome=Outcome.NOT_APPLICABLE, reason=why_not)
            if blockers := self._blockers(check):
                return CheckResult(
                    check=text,
                    outcome=Outcome.NOT_ASSESSED,
                    reason=f"blocked by {', '.join(blockers)}",
                    cure=f"Mend {', '.join(blockers)} first; this can only be judged afterwards.",
                    blocked_by=blockers,
                )
            facts: dict[str, object] = {name: self.environment.fact(type) for name, type in check.facts.items()}
            return _conclude(check, text, check.function(**facts), lambda: self._looked_through(check))
        except NotApplicable as error:
            return CheckResult(check=text, outcome=Outcome.NOT_APPLICABLE, reason=error.why)
        except FactUnavailable as error:
            return _not_assessed(text, error)
        except Exception as error:  # noqa: BLE001 -- the one place where a check's crash becomes its own outcome
            return CheckResult(
                check=text,
                outcome=Outcome.ERROR,
                reason=f"the check itself failed: {type(error).__name__}: {error}",
                cure="Please report this as a defect of the check; the other checks are not affected.",
                traceback="".join(traceback.format_exception(error)),
            )

    def _looked_through(self, check: Check) -> tuple[Evidence, ...]:
        """The observations in which a check looks: where something was not found in, if nothing closer can be said."""
        recording = self.environment.recording
        needs = dict.fromkeys(need for fact in check.facts.values() for need in getattr(fact, "needs", ()))
        ids = [id for need in needs for id in (recording.ids(need) if need.endswith("/") else [need])]
        return tuple(Evidence(id) for id in ids if recording.has(id))[:SHOWN_PLACES]

    def _blockers(self, check: Check) -> tuple[str, ...]:
        """The root causes among the prerequisites: those that failed, or what blocked them in turn."""
        found: dict[str, None] = {}
        for id in check.after:
            if id in self.checks:
                result = self.result(id)
                roots = result.blocked_by or ((id,) if result.outcome is Outcome.FAIL else ())
                found.update(dict.fromkeys(roots))
        return tuple(found)


def scan(
    checks: Sequence[Check],
    environment: Environment,
    *,
    started_at: dt.datetime,
    fail_on: Severity,
    gate: Iterable[Gate] = (),
    selection: str = "",
    packs: Iterable[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Scan:
    """Judge the environment. *progress* is told each check's id before it runs."""
    evaluation = Evaluation(checks, environment)
    results = []
    for check in sorted(checks, key=lambda c: (c.family.stage.rank, c.id)):
        progress(check.id)
        results.append(evaluation.result(check.id))
    recording = environment.recording
    return Scan(
        tool=__version__,
        environment=environment.design.name,
        baseline=environment.baseline.name,
        recorded_at=environment.now,
        started_at=started_at,
        fail_on=fail_on,
        gate=tuple(gate),
        # The name only: a report is handed on, and where its maker keeps things is nobody's business.
        source=PurePath(recording.name).name,
        recorded_by=recording.manifest.tool,
        recording_format=recording.manifest.format,
        selection=selection,
        partial=recording.manifest.partial,
        packs=tuple(packs),
        design=msgspec.to_builtins(environment.design),
        results=tuple(results),
        observations=notes(environment),
        expiries=expiries(environment),
        events=events(environment),
        rights=rights(recording.manifest.observations),
    )


def _conclude(
    check: Check, text: CheckText, findings: Iterable[Finding], looked_through: Callable[[], tuple[Evidence, ...]]
) -> CheckResult:
    """The outcome of a check from its findings; passing subjects are counted, the others kept."""
    passed = 0
    names: list[str] = []
    kept: list[Finding] = []
    failed = False
    for finding in findings:
        if finding.outcome is Outcome.PASS:
            passed += 1
            if passed <= SHOWN_PASSES:
                names.append(finding.subject)
        else:
            kept.append(finding if finding.evidence else msgspec.structs.replace(finding, evidence=looked_through()))
            failed = failed or finding.outcome is Outcome.FAIL
    outcome, reason, cure = Outcome.PASS, "", ""
    if failed:
        outcome = Outcome.FAIL
    elif kept:
        outcome = Outcome.NOT_ASSESSED
        reason = f"{len(kept)} of {len(kept) + passed} subjects could not be judged"
        cure = kept[0].advice
    elif not passed and check.empty:
        outcome, reason = Outcome.NOT_APPLICABLE, check.empty
    elif not passed:
        outcome = Outcome.NOT_ASSESSED
        reason = "nothing was there to be judged, and it is not known whether that is in order"
        cure = "See whether the recording holds what this check is about."
    return CheckResult(
        check=text,
        outcome=outcome,
        reason=reason,
        cure=cure,
        findings=tuple(kept),
        passed=passed,
        passed_subjects=tuple(names),
    )


def _not_assessed(text: CheckText, error: FactUnavailable) -> CheckResult:
    findings: tuple[Finding, ...] = ()
    if error.observation:
        findings = (
            Finding(
                subject=error.observation,
                outcome=Outcome.NOT_ASSESSED,
                actual=error.why,
                evidence=(Evidence(error.observation),),
                advice=error.cure,
            ),
        )
    return CheckResult(check=text, outcome=Outcome.NOT_ASSESSED, reason=error.why, cure=error.cure, findings=findings)


def notes(environment: Environment) -> dict[str, ObservationNote]:
    """What was asked of each source, and what became of it: the observations as reports show them."""
    noted = {}
    for observation in environment.recording.manifest.observations:
        absence = observation.absence
        noted[observation.id] = ObservationNote(
            source=observation.source,
            request=observation.request,
            at=observation.at,
            file=observation.answer.file if observation.answer else "",
            absence=f"{absence.reason.value}: {absence.detail}" if absence else "",
        )
    return noted


def _refuse_cycles(checks: dict[str, Check]) -> None:
    done: set[str] = set()

    def visit(id: str, path: tuple[str, ...]) -> None:
        if id in path:
            raise PackError(f"The prerequisites go round in a circle: {' → '.join([*path, id])}.")
        if id in done or id not in checks:
            return
        for before in checks[id].after:
            visit(before, (*path, id))
        done.add(id)

    for id in checks:
        visit(id, ())
