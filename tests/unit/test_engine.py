"""The engine: five outcomes, prerequisites before dependants, facts once and only when needed."""

from __future__ import annotations

import datetime as dt

import pytest

from comgmt_audit import NotApplicable, Outcome, Severity, Stage, cannot_tell, engine, require
from comgmt_audit.baselines import Baseline
from comgmt_audit.design import Design
from comgmt_audit.engine import SHOWN_PASSES, Evaluation
from comgmt_audit.errors import PackError, Refused
from comgmt_audit.facts import Now
from comgmt_audit.model import EXIT_CODES, Verdict
from tests.unit.checks_by_hand import a_check, a_fact, environment
from tests.unit.recordings import TIME

STARTED = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


@pytest.fixture
def estate(tmp_path):
    made = environment(tmp_path / "r", name="Small")
    yield made
    made.recording.close()


def passes():
    yield require("a", True)


def fails():
    yield require("a", False, expected=1, actual=2)


def sees_nothing():
    yield from ()


def cannot():
    yield cannot_tell("a", "no evidence", cure="bring it")


def crashes():
    yield require("a", True)
    raise ZeroDivisionError("by nought")


def refused():
    raise Refused("HTTP 403", "Grant it.", "graph/x")


def does_not_apply():
    raise NotApplicable("there is none")
    yield


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        (passes, Outcome.PASS),
        (fails, Outcome.FAIL),
        (does_not_apply, Outcome.NOT_APPLICABLE),
        (refused, Outcome.NOT_ASSESSED),
        (cannot, Outcome.NOT_ASSESSED),
        (sees_nothing, Outcome.NOT_ASSESSED),
        (crashes, Outcome.ERROR),
    ],
)
def test_the_five_outcomes(estate, function, outcome):
    assert Evaluation([a_check("AAA010", function)], estate).result("AAA010").outcome is outcome


def test_nothing_seen_is_never_a_pass_and_says_so(estate):
    result = Evaluation([a_check("AAA010", sees_nothing)], estate).result("AAA010")
    assert "nothing was there to be judged" in result.reason
    assert result.cure


def test_an_empty_scope_that_is_known_to_be_in_order_does_not_apply(estate):
    result = Evaluation([a_check("AAA010", sees_nothing, empty="no such things")], estate).result("AAA010")
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "no such things")


def test_the_scope_is_empty_only_where_there_was_no_subject(estate):
    for function, outcome in ((passes, Outcome.PASS), (fails, Outcome.FAIL), (cannot, Outcome.NOT_ASSESSED)):
        result = Evaluation([a_check("AAA010", function, empty="no such things")], estate).result("AAA010")
        assert result.outcome is outcome


def test_a_missing_fact_carries_why_cure_and_the_observation(estate):
    result = Evaluation([a_check("AAA010", refused)], estate).result("AAA010")
    assert (result.reason, result.cure) == ("HTTP 403", "Grant it.")
    (finding,) = result.findings
    assert (finding.subject, finding.evidence[0].observation) == ("graph/x", "graph/x")


def mixed(*outcomes: bool | None):
    def mixture():
        for number, holds in enumerate(outcomes):
            yield cannot_tell(str(number), "why", cure="cure") if holds is None else require(str(number), holds)

    return mixture


@pytest.mark.parametrize(
    ("outcomes", "expected", "kept", "passed"),
    [
        ((True, None), Outcome.NOT_ASSESSED, ["1"], 1),
        ((True, None, False), Outcome.FAIL, ["1", "2"], 1),
        ((None, None), Outcome.NOT_ASSESSED, ["0", "1"], 0),
        ((True, False), Outcome.FAIL, ["1"], 1),
        ((True, True), Outcome.PASS, [], 2),
    ],
)
def test_one_subject_of_which_nothing_is_known_keeps_the_check_from_passing(estate, outcomes, expected, kept, passed):
    result = Evaluation([a_check("AAA010", mixed(*outcomes))], estate).result("AAA010")
    assert (result.outcome, [f.subject for f in result.findings], result.passed) == (expected, kept, passed)


def test_how_many_could_not_be_judged_is_said(estate):
    result = Evaluation([a_check("AAA010", mixed(True, None, None))], estate).result("AAA010")
    assert (result.reason, result.cure) == ("2 of 3 subjects could not be judged", "cure")


def test_passing_subjects_are_counted_and_the_first_are_named(estate):
    result = Evaluation([a_check("AAA010", mixed(*[True] * 1000))], estate).result("AAA010")
    assert result.passed == 1000
    assert result.passed_subjects == tuple(str(number) for number in range(SHOWN_PASSES))


def test_the_gravest_failed_finding_gives_the_severity(estate):
    def graver():
        yield require("a", False, severity=Severity.LOW)
        yield require("b", False, severity=Severity.CRITICAL)
        yield require("c", True, severity=Severity.CRITICAL)

    def milder():
        yield require("a", False, severity=Severity.LOW)
        yield cannot_tell("b", "why", cure="cure")

    evaluation = Evaluation([a_check("AAA010", graver), a_check("AAA020", milder), a_check("AAA030", passes)], estate)
    assert [evaluation.result(id).severity for id in ("AAA010", "AAA020", "AAA030")] == [
        Severity.CRITICAL,
        Severity.LOW,
        Severity.HIGH,
    ]


# Crashes


def test_a_crash_is_an_outcome_of_its_own_with_a_traceback_and_hurts_no_other(estate):
    evaluation = Evaluation([a_check("AAA010", crashes), a_check("AAA020", passes)], estate)
    result = evaluation.result("AAA010")
    assert result.reason == "the check itself failed: ZeroDivisionError: by nought"
    assert "in crashes" in result.traceback
    assert evaluation.result("AAA020").outcome is Outcome.PASS


def returns_nothing():
    return None


def yields_text():
    yield "a"


@pytest.mark.parametrize("function", [returns_nothing, yields_text])
def test_a_check_that_yields_no_findings_is_an_error(estate, function):
    assert Evaluation([a_check("AAA010", function)], estate).result("AAA010").outcome is Outcome.ERROR


def test_a_crash_of_the_scope_is_an_error_too(estate):
    check = a_check("AAA010", passes, applies=lambda design, baseline: design.nonsense)
    assert Evaluation([check], estate).result("AAA010").outcome is Outcome.ERROR


def test_ctrl_c_is_not_taken_for_a_crash(estate):
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Evaluation([a_check("AAA010", interrupted)], estate).result("AAA010")


# Scope


def test_a_check_that_does_not_apply_says_why_and_reads_no_facts(estate):
    fact = a_fact(lambda environment: 1)
    check = a_check(
        "AAA010", lambda fact: passes(), applies=lambda design, baseline: f"not for {design.name}", facts={"fact": fact}
    )
    result = Evaluation([check], estate).result("AAA010")
    assert (result.outcome, result.reason) == (Outcome.NOT_APPLICABLE, "not for Small")
    assert fact.reads == 0


def test_a_scope_that_holds_lets_the_check_run(estate):
    check = a_check("AAA010", fails, applies=lambda design, baseline: None)
    assert Evaluation([check], estate).result("AAA010").outcome is Outcome.FAIL


# Prerequisites


def blocked(estate, *checks):
    evaluation = Evaluation(checks, estate)
    return {check.id: evaluation.result(check.id).blocked_by for check in checks}


def test_a_failed_prerequisite_blocks_and_is_named(estate):
    result = Evaluation([a_check("AAA010", fails), a_check("AAA020", passes, after=("AAA010",))], estate).result(
        "AAA020"
    )
    assert (result.outcome, result.blocked_by) == (Outcome.NOT_ASSESSED, ("AAA010",))
    assert result.reason == "blocked by AAA010"
    assert "Mend AAA010 first" in result.cure


def test_what_blocks_over_several_steps_is_the_root(estate):
    chain = [
        a_check("AAA010", fails),
        a_check("AAA020", passes, after=("AAA010",)),
        a_check("AAA030", fails),
        a_check("AAA040", passes, after=("AAA020", "AAA030", "AAA010")),
    ]
    assert blocked(estate, *chain)["AAA040"] == ("AAA010", "AAA030")


@pytest.mark.parametrize("before", [passes, does_not_apply, refused, crashes, cannot])
def test_only_a_failure_blocks(estate, before):
    checks = [a_check("AAA010", before), a_check("AAA020", fails, after=("AAA010",))]
    assert Evaluation(checks, estate).result("AAA020").outcome is Outcome.FAIL


def test_a_prerequisite_that_was_not_selected_does_not_block(estate):
    assert blocked(estate, a_check("AAA020", passes, after=("AAA010",)))["AAA020"] == ()


def test_a_check_that_does_not_apply_is_not_blocked(estate):
    checks = [
        a_check("AAA010", fails),
        a_check("AAA020", passes, after=("AAA010",), applies=lambda design, baseline: "no"),
    ]
    assert Evaluation(checks, estate).result("AAA020").outcome is Outcome.NOT_APPLICABLE


def test_a_blocked_check_reads_no_facts(estate):
    fact = a_fact(lambda environment: 1)
    dependant = a_check("AAA020", lambda fact: passes(), after=("AAA010",), facts={"fact": fact})
    assert blocked(estate, a_check("AAA010", fails), dependant)["AAA020"]
    assert fact.reads == 0


@pytest.mark.parametrize("circle", [("AAA010",), ("AAA010", "AAA020"), ("AAA010", "AAA020", "AAA030")])
def test_prerequisites_in_a_circle_are_refused_and_shown(estate, circle):
    checks = [a_check(id, passes, after=(before,)) for id, before in zip(circle, circle[1:] + circle[:1], strict=True)]
    with pytest.raises(PackError, match=" → ".join([*circle, "AAA010"])):
        Evaluation(checks, estate)


# Facts


def test_a_fact_is_asked_once_for_all_checks(estate):
    fact = a_fact(lambda environment: "value")
    checks = [a_check(f"AAA0{n}0", lambda fact: passes(), facts={"fact": fact}) for n in range(1, 4)]
    evaluation = Evaluation(checks, estate)
    assert {evaluation.result(check.id).outcome for check in checks} == {Outcome.PASS}
    assert fact.reads == 1


@pytest.mark.parametrize(
    ("error", "outcome"), [(Refused("no", "cure"), Outcome.NOT_ASSESSED), (ZeroDivisionError(), Outcome.ERROR)]
)
def test_a_fact_that_cannot_be_had_is_asked_once_as_well(estate, error, outcome):
    def read(environment):
        raise error

    fact = a_fact(read)
    checks = [a_check(f"AAA0{n}0", lambda fact: passes(), facts={"fact": fact}) for n in range(1, 4)]
    evaluation = Evaluation(checks, estate)
    results = [evaluation.result(check.id) for check in checks]
    assert {result.outcome for result in results} == {outcome}
    assert fact.reads == 1
    assert len(results[1].traceback) == len(results[2].traceback), "it must not grow from check to check"


def test_only_the_facts_of_the_selected_checks_are_read(estate):
    wanted, unwanted = a_fact(lambda environment: 1), a_fact(lambda environment: 1)
    evaluation = Evaluation(
        [
            a_check("AAA010", lambda fact: passes(), facts={"fact": wanted}),
            a_check("AAA020", lambda fact: passes(), facts={"fact": unwanted}),
        ],
        estate,
    )
    evaluation.result("AAA010")
    assert (wanted.reads, unwanted.reads) == (1, 0)


def test_design_baseline_and_now_come_from_the_environment(estate):
    def check(design, baseline, now):
        assert isinstance(baseline, Baseline)
        yield require(design.name, now.time == TIME and now.in_days(1) == TIME + dt.timedelta(days=1))

    facts = {"design": Design, "baseline": Baseline, "now": Now}
    result = Evaluation([a_check("AAA010", check, facts=facts)], estate).result("AAA010")
    assert result.passed_subjects == ("Small",)


def test_a_check_is_evaluated_once(estate):
    runs = []

    def counted():
        runs.append(1)
        yield require("a", True)

    evaluation = Evaluation([a_check("AAA010", counted), a_check("AAA020", passes, after=("AAA010",))], estate)
    for id in ("AAA020", "AAA010", "AAA010"):
        evaluation.result(id)
    assert len(runs) == 1


# Scans


def scan(estate, *checks, fail_on=Severity.MEDIUM, **rest):
    return engine.scan(checks, estate, started_at=STARTED, fail_on=fail_on, **rest)


def test_results_come_in_the_order_of_the_rollout(estate):
    told: list[str] = []
    found = scan(
        estate,
        a_check("ZZZ010", passes, stage=Stage.TENANT),
        a_check("AAA020", passes, stage=Stage.PKI),
        a_check("AAA010", passes, stage=Stage.PKI),
        progress=told.append,
    )
    assert [result.check.id for result in found.results] == ["ZZZ010", "AAA010", "AAA020"] == told


def test_a_scan_says_what_it_is_of(estate):
    found = scan(estate, a_check("AAA010", passes), selection="AAA", packs=["by hand"])
    assert (found.environment, found.baseline, found.recorded_at, found.started_at) == (
        "Small",
        "current",
        TIME,
        STARTED,
    )
    assert (found.selection, found.packs, found.source) == ("AAA", ("by hand",), "r")
    assert found.design["name"] == "Small"
    assert found.observations["graph/x"].file == "graph/x.json"
    assert found.observations["arm/refused"].absence == "refused: it was refused"


LESSER = {"severity": Severity.LOW}


@pytest.mark.parametrize(
    ("checks", "verdict", "code"),
    [
        ([passes], Verdict.READY, 0),
        ([passes, does_not_apply], Verdict.READY, 0),
        ([passes, (fails, LESSER)], Verdict.READY, 0),
        ([(fails, LESSER)], Verdict.READY, 0),
        ([passes, fails], Verdict.NOT_READY, 1),
        ([fails, refused, crashes], Verdict.NOT_READY, 1),
        ([passes, refused], Verdict.CANNOT_TELL, 3),
        ([passes, crashes], Verdict.CANNOT_TELL, 3),
        ([passes, sees_nothing], Verdict.CANNOT_TELL, 3),
        ([(fails, LESSER), cannot], Verdict.CANNOT_TELL, 3),
        ([does_not_apply], Verdict.CANNOT_TELL, 3),
        ([], Verdict.CANNOT_TELL, 3),
    ],
)
def test_verdict_and_exit_code(estate, checks, verdict, code):
    made = []
    for number, entry in enumerate(checks):
        function, rest = entry if isinstance(entry, tuple) else (entry, {})
        made.append(a_check(f"AAA{number:03}", function, **rest))
    found = scan(estate, *made)
    assert (found.verdict, EXIT_CODES[found.verdict]) == (verdict, code)
    assert sum(found.counts.values()) == len(checks)


@pytest.mark.parametrize(("fail_on", "gating"), [(Severity.CRITICAL, 0), (Severity.HIGH, 1), (Severity.ADVICE, 1)])
def test_the_threshold_decides_what_gates(estate, fail_on, gating):
    assert len(scan(estate, a_check("AAA010", fails), fail_on=fail_on).gating) == gating
