"""``scan --history`` and ``drift``, from arguments to exit code."""

from __future__ import annotations

import subprocess
import sys
import time

import jsonschema
import msgspec
import pytest

pytest.importorskip("sqlalchemy", reason="not installed: SQLAlchemy (extra watch)")

from comgmt_audit import cli
from comgmt_audit.schemas import schemas
from tests.lab.estate import contoso, record


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """The same environment on three days: in order, with two failures, with one of them."""
    folder = tmp_path_factory.mktemp("recordings")
    days = (
        contoso(),
        contoso(tenant__mdm_authority="sccm", azure__state="Disabled", days_later=1),
        contoso(tenant__mdm_authority="sccm", days_later=2),
    )
    return [record(estate, folder / f"{day}") for day, estate in enumerate(days)]


@pytest.fixture
def run(capsys):
    def run(*arguments: object) -> tuple[int, str, str]:
        return cli.main([str(argument) for argument in arguments]), *capsys.readouterr()

    return run


@pytest.fixture
def history(tmp_path):
    return f"--history={tmp_path / 'history.sqlite'}"


def test_two_recordings(run, recordings, tmp_path):
    places = {form: tmp_path / f"drift.{form}" for form in ("json", "html", "markdown")}
    code, out, err = run("drift", *recordings[:2], *(f"--{form}={place}" for form, place in places.items()))
    assert code == 1
    assert out.startswith("DRIFT: 2 new, ")
    assert 'changed graph/mdm-authority /mobileDeviceManagementAuthority: "intune" → "sccm"' in out
    assert err.count("Wrote") == 3
    document = msgspec.json.decode(places["json"].read_bytes())
    jsonschema.validate(document, msgspec.json.decode(schemas()["drift.schema.json"]))
    assert {one["check"] for one in document["verdicts"]["changes"]} >= {"TEN010"}


def test_an_unchanged_environment_ends_with_0(run, recordings):
    code, out, _ = run("drift", recordings[0], recordings[0])
    assert (code, out.splitlines()[0]) == (0, "NO DRIFT: 0 new, 0 changed values")


def test_what_was_mended_is_drift_but_no_failure(run, recordings):
    assert run("drift", recordings[1], recordings[2])[0] == 1
    assert run("drift", recordings[1], recordings[2], "--fail-on", "advice")[0] == 0
    assert run("drift", recordings[0], recordings[2], "--fail-on", "critical")[0] == 1


def test_what_was_not_compared_is_not_called_unchanged(run, recordings, tmp_path):
    thin = record(contoso(days_later=1).refusing("graph/mdm-authority"), tmp_path / "thin")
    code, out, _ = run("drift", recordings[0], thin, "--select", "TEN010")
    assert code == 3
    assert "graph/mdm-authority: refused in the later recording" in out


def test_two_scans_that_were_kept(run, recordings, tmp_path):
    kept = [tmp_path / f"{day}.json" for day in range(3)]
    for recording, place in zip(recordings, kept, strict=True):
        run("scan", recording, "--json", place, "--quiet")
    code, out, _ = run("drift", kept[1], kept[2])
    assert code == 1
    assert out.splitlines()[0].startswith("DRIFT: 0 new, ")
    assert "Fixed" in out


@pytest.mark.parametrize("arguments", [("a",), ("a", "b", "c")])
def test_one_or_three_are_no_pair(run, arguments):
    code, _, err = run("drift", *arguments)
    assert code == 2
    assert "Name two recordings or two scans, or none" in err


def test_a_scan_and_a_recording_are_no_pair(run, recordings, tmp_path):
    code, _, err = run("drift", recordings[0], tmp_path / "scan.json")
    assert code == 2
    assert "one of each cannot be compared" in err


def test_reports_do_not_share_a_file(run, recordings, tmp_path):
    place = tmp_path / "report"
    assert run("drift", *recordings[:2], "--html", place, "--json", place)[0] == 2
    assert not place.exists()


def test_the_history_remembers_since_when_a_failure_is_there(run, recordings, history, tmp_path):
    for recording in recordings:
        run("scan", recording, history, "--quiet")
    code, out, _ = run("drift", history, "--json", tmp_path / "drift.json")
    assert code == 1
    assert "TEN010 (critical) MDM authority; found: sccm; since 2026-11-25 (1 day)" in out


def test_a_scan_says_in_its_json_what_is_new(run, recordings, history, tmp_path):
    run("scan", recordings[0], history, "--quiet")
    run("scan", recordings[1], history, "--quiet", "--json", tmp_path / "scan.json")
    kept = msgspec.json.decode((tmp_path / "scan.json").read_bytes())["history"]
    assert [point["failed"] for point in kept["points"]][:1] == [0]
    assert {one["check"]: one["change"] for one in kept["drift"]["changes"]}["TEN010"] == "new"


def test_only_what_is_new_stands_in_the_way_where_that_is_asked_for(run, recordings, history):
    new = ("--fail-on", "medium,new", "--quiet")
    assert run("scan", recordings[1], history, *new)[0] == 1  # nothing to compare with: all of it counts
    assert run("scan", recordings[2], history, *new)[0] == 0


def test_the_environment_names_the_history(run, recordings, tmp_path, monkeypatch):
    place = tmp_path / "kept.sqlite"
    monkeypatch.setenv("COMGMT_AUDIT_HISTORY", str(place))
    assert run("scan", recordings[0], "--quiet")[0] == 0
    assert place.exists()


def test_without_a_value_it_is_in_the_users_data_folder(run, recordings, tmp_path, monkeypatch):
    from comgmt_audit.history import store

    monkeypatch.setattr(store, "default_file", lambda: tmp_path / "data" / "history.sqlite")
    monkeypatch.setattr("comgmt_audit.history.lock.default_file", lambda: tmp_path / "data" / "history.sqlite")
    assert run("scan", recordings[0], "--quiet", "--history")[0] == 0
    assert (tmp_path / "data" / "history.sqlite").exists()


def test_a_recording_is_not_taken_for_a_history(run, recordings):
    code, _, err = run("scan", "--history", recordings[0])
    assert code == 2
    assert "is no history. Write --history=FILE" in err


def test_looking_into_a_history_that_is_not_there_makes_none(run, history, tmp_path):
    code, _, err = run("drift", history)
    assert code == 2
    assert "there is no history" in err
    assert list(tmp_path.iterdir()) == []


def test_one_scan_has_nothing_to_be_compared_with(run, recordings, history):
    run("scan", recordings[0], history, "--quiet")
    code, _, err = run("drift", history)
    assert code == 2
    assert "no two scans" in err


HOLDER = """
import sys, time
from comgmt_audit.history.lock import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_runs_do_not_overlap_and_a_dead_one_holds_nothing(run, recordings, history):
    place = history.partition("=")[2]
    with subprocess.Popen([sys.executable, "-c", HOLDER, place], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        started = time.monotonic()
        code, out, err = run("scan", recordings[0], history)
        assert (code, out) == (2, "")
        assert "Another run with this history is under way" in err
        assert time.monotonic() - started < 30
        holder.kill()
    assert run("scan", recordings[0], history, "--quiet")[0] == 0
