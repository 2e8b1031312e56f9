"""The state of a log: its newest known line, through all its files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from comgmt_audit import baselines
from comgmt_audit.design import Design
from comgmt_audit.errors import NotRecorded
from comgmt_audit.facts import Environment
from comgmt_audit.facts.log_states import LogState, base_name
from comgmt_audit.facts.logs import CloudManagerLogs, CoManagementLogs, DiscoveryLogs
from comgmt_audit.recording import Absence, Reason, Recording, RecordingWriter
from tests.lab.logs import PUBLISHED, server_line
from tests.lab.names import NOW, days

NAME = "sms_azuread_discovery_agent"
SECRET = "AADSTS7000222: The provided client secret keys are expired."
CYCLE = "Retrieving AAD discovery settings from database..."


def lines(*entries: tuple[float, str]) -> str:
    return "".join(server_line(hours, message, "PART") for hours, message in entries)


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., Environment]:
    """An environment of which only these log files were seen, by name; all of one server."""

    def seen(files, baseline="current", registry=None, **about):
        target = tmp_path / "recording"
        with RecordingWriter(target, recorded_at=NOW, design=Design()) as writer:
            for name, text in files.items():
                rest = {"source": "log", "request": name, "about": about}
                if isinstance(text, Reason):
                    writer.absent(f"log/cm01/{name}", Absence(reason=text, detail="so it is"), **rest)
                else:
                    writer.text(f"log/cm01/{name}", text, **rest)
            rest = {"source": "host", "request": "registry values"}
            if registry == "refused":
                writer.absent("host/cm01/registry", Absence(reason=Reason.REFUSED, detail="so it is"), **rest)
            elif registry is not None:
                writer.json("host/cm01/registry", registry, **rest)
        return Environment(Recording.load(target), Design(), baselines.load(baseline))

    return seen


@pytest.fixture
def state(environment: Callable[..., Environment]) -> Callable[..., LogState]:
    """The state of the one discovery log."""

    def only(files, **rest):
        (found,) = environment(files, **rest).fact(DiscoveryLogs)
        return found

    return only


def test_the_newest_line_is_the_state(state):
    found = state({f"{NAME}.log": lines((9, PUBLISHED), (8, SECRET), (7, PUBLISHED), (6, CYCLE))})
    assert found.latest is found.success
    assert (found.success.count, found.success.time) == (2, NOW - dt.timedelta(hours=7))
    assert (found.failure.matched, found.failure.evidence.pointer) == ("AADSTS7000222", "line 2")
    assert found.span == (NOW - dt.timedelta(hours=9), NOW - dt.timedelta(hours=6))


def test_older_files_come_first(state):
    found = state(
        {
            f"{NAME}.log": lines((5, CYCLE)),
            f"{NAME}.lo_": lines((20, SECRET)),
            f"{NAME}-20261122-060000.log": lines((48, PUBLISHED)),
            f"{NAME}-20261121-060000.log": lines((72, SECRET)),
        }
    )
    assert found.latest.matched == "AADSTS7000222"
    assert found.failure.time == NOW - dt.timedelta(hours=20)
    assert found.first == days(-3)


def test_a_log_without_known_lines_has_no_state(state):
    found = state({f"{NAME}.log": lines((5, "something"), (4, "something else"))})
    assert (found.latest, found.hits, found.first) == (None, {}, NOW - dt.timedelta(hours=5))


def test_a_record_that_is_cut_off_decides_nothing(state):
    found = state({f"{NAME}.log": lines((5, PUBLISHED)) + SECRET})
    assert found.latest is found.success


def test_a_log_without_offsets_has_order_but_no_times(state):
    text = lines((5, SECRET), (4, PUBLISHED)).replace("-60>", ">")
    found = state({f"{NAME}.log": text})
    assert (found.latest.matched, found.latest.time, found.span) == (PUBLISHED, None, (None, None))


def test_text_without_frames_is_matched_line_by_line(state):
    found = state({f"{NAME}.log": f"{SECRET}\r\n{PUBLISHED}\r\n"})
    assert (found.latest.matched, found.latest.time) == (PUBLISHED, None)


def test_a_baseline_with_a_line_of_its_own_is_obeyed(state):
    found = state(
        {f"{NAME}.log": lines((5, "Successfully published UDX for Microsoft Entra users"))}, baseline="tutorial-2018"
    )
    assert found.success is None


def test_a_roll_over_that_never_came_is_no_gap(state):
    found = state({f"{NAME}.log": lines((5, PUBLISHED)), f"{NAME}.lo_": Reason.ABSENT})
    assert (found.gaps, found.why) == ((), "")


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.UNREACHABLE, Reason.UNREADABLE, Reason.ABSENT])
def test_where_the_log_itself_was_not_read_its_state_is_unknown(state, reason):
    """The roll-over says success; what came after it is in the file that was refused."""
    found = state({f"{NAME}.log": reason, f"{NAME}-20261121-060000.log": lines((72, PUBLISHED))})
    assert bool(found.why) is (reason is not Reason.ABSENT)


def test_a_roll_over_alone_does_not_tell_the_state(state):
    found = state({f"{NAME}.lo_": lines((5, PUBLISHED))})
    assert "not the log itself" in found.why


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.UNREACHABLE, Reason.UNREADABLE])
def test_a_file_that_was_not_read_is_a_gap(state, reason):
    found = state({f"{NAME}.log": lines((5, PUBLISHED)), f"{NAME}.lo_": reason})
    assert found.gaps == (f"log/cm01/{NAME}.lo_",)


def test_what_the_recorder_says_of_a_file_is_kept(state):
    found = state({f"{NAME}.log": lines((5, PUBLISHED))}, complete=False)
    assert found.gaps == (f"log/cm01/{NAME}.log",)


TRACING = "HKLM\\SOFTWARE\\Microsoft\\SMS\\Tracing\\SMS_AZUREAD_DISCOVERY_AGENT"


@pytest.mark.parametrize(
    ("registry", "level", "only_warnings"),
    [
        ({TRACING: {"LoggingLevel": 3}}, 3, True),
        ({TRACING.upper(): {"LOGGINGLEVEL": 2}}, 2, True),
        ({TRACING: {"LoggingLevel": 0}}, 0, False),
        ({TRACING: {"LoggingLevel": "3"}}, None, False),
        ({TRACING: {"MaxFileSize": 3}}, None, False),
        ({"HKLM\\SOFTWARE\\Microsoft\\CCM\\Logging\\@Global": {"LogLevel": 3}}, None, False),
        ({}, None, False),
        ("refused", None, False),
        ([1], None, False),
        (None, None, False),
    ],
)
def test_the_logging_level_is_of_the_computers_registry(state, registry, level, only_warnings):
    found = state({f"{NAME}.log": lines((5, PUBLISHED))}, registry=registry)
    assert (found.level, found.only_warnings, found.writes_ordinary_lines) == (level, only_warnings, True)


def test_of_two_values_for_one_log_the_one_that_writes_less_counts(environment):
    registry = {
        TRACING.replace("AZUREAD_DISCOVERY_AGENT", "CLOUD_SERVICES_MANAGER"): {"LoggingLevel": 1},
        "HKLM\\SOFTWARE\\Microsoft\\SMS\\COMPONENTS\\SMS_CLOUD_SERVICES_MANAGER": {"Logging level": 2},
    }
    (found,) = environment({"cloudmgr.log": ""}, registry=registry).fact(CloudManagerLogs)
    assert found.level == 2


def test_a_log_of_which_nothing_was_read_says_why(state):
    found = state({f"{NAME}.log": Reason.REFUSED})
    assert "so it is" in found.why
    assert found.cure


def test_without_the_log_the_fact_cannot_be_had(environment):
    with pytest.raises(NotRecorded, match="no SMS_AZUREAD_DISCOVERY_AGENT"):
        environment({"other.log": ""}).fact(DiscoveryLogs)


def test_a_sample_of_clients_may_be_empty(environment):
    assert list(environment({"other.log": ""}).fact(CoManagementLogs)) == []


@pytest.mark.parametrize(
    ("file", "log"),
    [
        ("cloudmgr.log", "cloudmgr"),
        ("cloudmgr.lo_", "cloudmgr"),
        ("cloudmgr-20261124-060000.log", "cloudmgr"),
        ("cmg-contosocmg-proxyservice_in_0-cmgservice.log", "cmgservice"),
        ("mpcontrol", "mpcontrol"),
        (".log", ".log"),
    ],
)
def test_files_belong_to_logs(file, log):
    assert base_name(file) == log
