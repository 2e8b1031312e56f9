"""Waivers, what is accepted, and gates, from arguments to exit code."""

from __future__ import annotations

import msgspec
import pytest

from comgmt_audit import cli
from tests.end_to_end.packs import pack
from tests.lab.estate import contoso, record

WAIVER = """
[[waiver]]
check = "OWN020"
subject = "the door"
reason = "painted in May"
owner = "Pat"
expires = 2099-01-01
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return record(contoso(), tmp_path_factory.mktemp("recordings") / "contoso")


@pytest.fixture
def scan(capsys, recording, tmp_path):
    own = pack(tmp_path / "house")

    def scan(select: str, *arguments: object) -> tuple[int, str, str]:
        given = ["scan", recording, "--checks", own, "--select", select, *arguments]
        return cli.main([str(argument) for argument in given]), *capsys.readouterr()

    return scan


def test_a_waived_failure_lets_the_run_succeed_and_stays_in_the_report(scan, tmp_path):
    (tmp_path / "w.toml").write_text(WAIVER)
    assert scan("OWN010,OWN020")[0] == 1
    code, out, _ = scan("OWN010,OWN020", "--waivers", tmp_path / "w.toml", "--json", tmp_path / "scan.json")
    assert code == 0
    assert out.startswith("READY: 1 pass, 1 fail (1 waived)")
    assert "waived by Pat until 2099-01-01: painted in May" in out
    assert b"painted in May" in (tmp_path / "scan.json").read_bytes()


def test_waivers_lie_beside_comgmt_toml(capsys, recording, tmp_path):
    place = msgspec.json.encode(str(recording)).decode()
    (tmp_path / "comgmt.toml").write_text(f'name = "Contoso"\nrecording = {place}\n')
    (tmp_path / "waivers.toml").write_text(WAIVER.replace("OWN020", "XXX020"))
    assert cli.main(["scan", str(tmp_path / "comgmt.toml")]) == 2
    assert "waivers.toml: line 2: there is no check 'XXX020'" in capsys.readouterr().err


def test_a_waiver_that_accepts_nothing_ends_with_2_after_the_report_was_written(scan, tmp_path):
    (tmp_path / "w.toml").write_text(WAIVER.replace("the door", "the gate"))
    code, out, err = scan("OWN020", "--waivers", tmp_path / "w.toml", "--json", tmp_path / "scan.json")
    assert code == 2
    assert "w.toml: line 2: the waiver of OWN020 for 'the gate' accepts nothing" in err
    assert out.startswith("NOT READY")
    assert (tmp_path / "scan.json").exists()


def test_what_fails_now_can_be_accepted(scan, tmp_path):
    place = tmp_path / "accepted.json"
    code, _, err = scan("OWN010,OWN020", "--accepted", place, "--accept-current")
    assert (code, "1 failures are accepted" in err) == (0, True)
    assert scan("OWN010,OWN020", "--accepted", place)[0] == 0
    code, _, err = scan("OWN010", "--accepted", place)
    assert (code, err.count("no longer fails")) == (0, 0)


def test_accepting_needs_a_place(scan):
    code, _, err = scan("OWN020", "--accept-current")
    assert (code, "--accepted FILE" in err) == (2, True)


@pytest.mark.parametrize(
    ("select", "fail_on", "code"),
    [
        ("OWN010,OWN040", "medium", 3),
        ("OWN010,OWN040", "medium,unknown", 1),
        ("OWN010,OWN040", "unknown", 1),
        ("OWN020", "new", 1),  # nothing to compare with
        ("OWN020", "critical,new", 0),
        ("OWN020", "low,high", 2),
        ("OWN020", "high,often", 2),
    ],
)
def test_words_of_fail_on(scan, select, fail_on, code):
    assert scan(select, "--fail-on", fail_on)[0] == code


def test_an_expired_waiver_can_be_a_gate(scan, tmp_path):
    (tmp_path / "w.toml").write_text(WAIVER.replace("2099", "2001"))
    code, out, _ = scan("OWN010,OWN020", "--waivers", tmp_path / "w.toml", "--fail-on", "critical")
    assert (code, "the waiver by Pat expired on 2001-01-01" in out) == (0, True)
    assert scan("OWN010,OWN020", "--waivers", tmp_path / "w.toml", "--fail-on", "critical,expired-waiver")[0] == 1
