"""What there is to say of a check: what it reads of a baseline is found in its source, and nothing is missed."""

from __future__ import annotations

import msgspec
import pytest

from comgmt_audit import baselines, packs
from comgmt_audit.baselines import Baseline
from comgmt_audit.engine import Evaluation
from comgmt_audit.explanation import explain
from comgmt_audit.facts import Environment
from comgmt_audit.recording import Recording
from tests.lab.estate import contoso, contoso_2018, record

CHECKS = packs.combine([packs.builtin()])
READ: set[str] = set()


class _Watched(Baseline, frozen=True, kw_only=True):
    """A baseline that remembers which of its values were asked for."""

    def __getattribute__(self, name: str) -> object:
        if name in Baseline.__struct_fields__:
            READ.add(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize("estate", [contoso, contoso_2018], ids=["current", "tutorial-2018"])
def test_what_a_check_reads_of_the_baseline_is_said(tmp_path, estate):
    recording = Recording.load(record(estate(), tmp_path / "recording"))
    loaded = baselines.load(recording.design.baseline)
    watched = _Watched(**{name: getattr(loaded, name) for name in Baseline.__struct_fields__})
    environment = Environment(recording, recording.design, watched)
    whole = Evaluation(CHECKS, environment)
    for check in CHECKS:
        whole.result(check.id)  # so that all facts are there, and what they read counts for no check
    seen = {}
    for check in CHECKS:
        READ.clear()
        Evaluation([check], environment).result(check.id)
        seen[check.id] = READ - {"name", "title", "sources"}
    recording.close()
    said = {check.id: {expected.key for expected in explain(check).expected} for check in CHECKS}
    assert {id: read - said[id] for id, read in seen.items() if read - said[id]} == {}
    assert sum(bool(read) for read in seen.values()) > 20


def test_a_value_that_differs_is_said_of_each_baseline_with_the_document_that_asks_for_it():
    (expected,) = explain(next(check for check in CHECKS if check.id == "CRT110")).expected
    assert expected.key == "key_providers"
    assert expected.differs
    documents = {name: baselines.load(name).sources["key_providers"].document for name in baselines.names()}
    assert {name: document for name, _, document in expected.rows()} == documents
    assert dict(zip(baselines.names(), ("[]", '["Microsoft RSA SChannel Cryptographic Provider"]'), strict=True)) == {
        name: value for name, value, _ in expected.rows()
    }


def test_a_value_that_is_the_same_everywhere_is_said_once():
    (expected,) = explain(next(check for check in CHECKS if check.id == "CRT090")).expected
    assert [(name, value) for name, value, _ in expected.rows()] == [("every baseline", "[2048, 4096]")]


def test_a_long_value_is_cut():
    (expected,) = explain(next(check for check in CHECKS if check.id == "SIT010")).expected
    assert expected.key == "builds"
    assert len(expected.values["current"]) < 320
    assert expected.values["current"].endswith(" …")


def test_every_check_says_which_rights_its_facts_need():
    without = {check.id for check in CHECKS if explain(check).reads and not explain(check).rights}
    assert without == set()
    assert (
        "DeviceManagementServiceConfig.Read.All (application)"
        in explain(next(check for check in CHECKS if check.id == "TEN010")).rights
    )


def test_a_row_that_says_nothing_is_left_out():
    check = msgspec.structs.replace(CHECKS[0], covers=(), step="", tags=(), after=(), empty="")
    assert not {"Statements", "Tutorial", "Tags", "Waits for", "If none is there"} & explain(check).rows().keys()


def test_a_check_of_ones_own_may_decide_by_a_lambda_within_a_line(tmp_path):
    (tmp_path / "own.py").write_text(
        "from comgmt_audit import Family, Findings, Severity, Stage, check, require\n"
        "from comgmt_audit.baselines import Baseline\n"
        "family = Family(code='OWN', title='Own', stage=Stage.TENANT)\n"
        "@check('OWN010', severity=Severity.LOW, applies=lambda design, baseline: (None\n"
        "    if baseline.key_bits else 'no'), step='x')\n"
        "def own(baseline: Baseline) -> Findings:\n"
        "    '''A thing is so.\n\n    Why: It is.\n    Remedy: Make it.\n    '''\n"
        "    yield require('x', baseline.setup_length > 3)\n",
        encoding="utf-8",
    )
    (check,) = packs.load(tmp_path, "own")
    assert [expected.key for expected in explain(check).expected] == ["key_bits", "setup_length"]
