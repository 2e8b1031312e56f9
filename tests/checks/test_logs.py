"""Logs: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Judge
from tests.lab.estate import Estate, contoso, contoso_2018
from tests.lab.logs import ANSWERED, MP_ANSWERED, PUBLISHED, Log, Logs

DISCOVERY = "log/cm01.corp.contoso.com/sms_azuread_discovery_agent"
CYCLE = "Retrieving AAD discovery settings from database..."
COMPLETED = "AAD USER delta sync completed successfully at 4:12:00 AM."
SECRET = "AADSTS7000222: The provided client secret keys are expired."
HEALTHY = Logs()


def discovery(*current: tuple[float, str], **changes: Any) -> Estate:
    return contoso(logs__discovery=Log(current=current, **changes))


def finding(judge: Judge, estate: Estate, id: str) -> Any:
    return judge(estate)[id].findings[0]


@pytest.mark.parametrize(
    "line",
    [
        "Successfully published UDX for Microsoft Entra users",
        "Successfully published UDX for Microsoft Entra ID users",
        "SUCCESSFULLY published udx for azure active directory USERS",
        "~Successfully published UDX for Azure Active Directory users~~",
    ],
)
def test_every_spelling_of_the_line_counts(changed, line):
    assert changed(discovery((200, CYCLE), (20, line))) == {}


def test_the_tutorial_knew_one_spelling_only(changed):
    entra = Log(current=((200, CYCLE), (20, "Successfully published UDX for Microsoft Entra users"), (1, CYCLE)))
    assert changed(contoso_2018(logs__discovery=entra)) == {"LOG010": "fail", "LOG020": "not assessed"}


def test_a_line_in_the_roll_over_counts(changed):
    log = Log(rolled=((200, CYCLE), (30, PUBLISHED)), current=((1, CYCLE),))
    assert changed(contoso(logs__discovery=log)) == {}


def test_a_failure_after_the_success_undoes_it(changed, judge):
    estate = discovery((200, CYCLE), (20, PUBLISHED), (10, SECRET))
    assert changed(estate) == {"LOG010": "fail"}
    found = finding(judge, estate, "LOG010")
    assert found.actual[0] == "AADSTS7000222"
    assert "Renew Secret Key" in found.advice
    assert found.evidence[0].pointer == "line 3"


@pytest.mark.parametrize("healed", [PUBLISHED, COMPLETED])
def test_a_failure_before_a_later_success_has_healed(changed, healed):
    assert changed(discovery((200, CYCLE), (30, PUBLISHED), (20, SECRET), (10, healed))) == {}


def test_failures_without_any_success_fail_both(changed):
    failure = "Could not obtain application secret for tenant 72f988bf."
    assert changed(discovery((200, CYCLE), (10, failure))) == {"LOG010": "fail", "LOG020": "fail"}


def test_a_log_that_covers_the_horizon_without_the_line_fails_with_its_span(changed, judge):
    estate = discovery((200, CYCLE), (1, CYCLE))
    assert changed(estate) == {"LOG010": "fail", "LOG020": "not assessed"}
    assert "2026-11-15 22:00 to 2026-11-24 05:00 UTC" in finding(judge, estate, "LOG010").actual


def test_an_old_success_in_a_log_that_goes_on_fails(changed):
    assert changed(discovery((200, PUBLISHED), (1, CYCLE))) == {"LOG010": "fail"}


def test_how_recent_is_declared(changed):
    assert changed(discovery((200, PUBLISHED), (1, CYCLE)).with_(design__horizons={"log_days": 14})) == {}


@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        (((100, CYCLE), (1, CYCLE)), {}),  # covers less than the horizon
        (((400, CYCLE), (300, CYCLE)), {}),  # ends before the horizon begins
        (((200, CYCLE), (1, CYCLE)), {"complete": False}),
    ],
)
def test_a_line_that_could_not_be_seen_is_no_failure(changed, lines, changes):
    assert changed(discovery(*lines, **changes)) == {"LOG010": "not assessed", "LOG020": "not assessed"}


@pytest.mark.parametrize(
    ("lines", "changes"),
    [
        (((400, CYCLE), (300, PUBLISHED)), {}),
        (((200, PUBLISHED), (1, CYCLE)), {"complete": False}),
        (((200, PUBLISHED), (1, COMPLETED)), {}),  # runs complete; perhaps nothing changed
        (((200, CYCLE), (1, COMPLETED)), {}),
        (((200, CYCLE), (-100, PUBLISHED)), {}),  # a clock is wrong
    ],
)
def test_a_success_whose_age_proves_nothing_is_no_failure(changed, lines, changes):
    assert changed(discovery(*lines, **changes)) == {"LOG010": "not assessed"}


FAILED_403 = "Call to HttpSendRequestSync failed for port 443 with status code 403, text: Forbidden"
ENROLMENT_FAILED = "MDM enrollment failed with error code 0x8018002a"
TRACING = "HKLM\\SOFTWARE\\Microsoft\\SMS\\Tracing"
SITE, POINT, CLIENT = "hosts__site_server__registry", "hosts__management_point__registry", "hosts__client__registry"
LEVELS = {
    # check: (log of the lab, its lines, whose registry, which value holds the level)
    "LOG010": (
        "discovery",
        ((200, CYCLE), (1, CYCLE)),
        SITE,
        f"{TRACING}\\SMS_AZUREAD_DISCOVERY_AGENT",
        "LoggingLevel",
    ),
    "LOG020": (
        "discovery",
        ((200, CYCLE), (1, SECRET)),
        SITE,
        f"{TRACING}\\SMS_AZUREAD_DISCOVERY_AGENT",
        "LoggingLevel",
    ),
    "LOG040": (
        "connection_point",
        ((200, "Maintaining connections..."), (1, "ResponseHeader: HTTP/1.1 403 CMGConnector_Forbidden")),
        POINT,
        f"{TRACING}\\SMS_CLOUD_PROXYCONNECTOR",
        "LoggingLevel",
    ),
    "LOG050": ("management_point", ((9, FAILED_403),), SITE, f"{TRACING}\\SMS_MP_CONTROL_MANAGER", "LoggingLevel"),
    "LOG060": (
        "co_management",
        ((9, ENROLMENT_FAILED),),
        CLIENT,
        "HKLM\\SOFTWARE\\Microsoft\\CCM\\Logging\\@Global",
        "LogLevel",
    ),
}


@pytest.mark.parametrize("check", LEVELS)
@pytest.mark.parametrize(("level", "outcome"), [(0, "fail"), (1, "fail"), (2, "not assessed"), (3, "not assessed")])
def test_what_the_logging_level_leaves_out_is_no_failure(judge, check, level, outcome):
    log, lines, whose, key, name = LEVELS[check]
    found = finding(judge, contoso(**{f"logs__{log}": Log(current=lines), whose: {key: {name: level}}}), check)
    assert found.outcome == outcome
    assert ("logging level to 1" in found.advice) is (level > 1)
    assert (f"logging level {level} leaves out" in str(found.actual)) is (level > 1)


@pytest.mark.parametrize("level", [2, 3])
def test_an_old_success_proves_nothing_where_later_ones_are_not_written(changed, level):
    key = f"{TRACING}\\SMS_AZUREAD_DISCOVERY_AGENT"
    lines = Log(current=((200, PUBLISHED), (1, CYCLE)))
    estate = contoso(logs__discovery=lines, **{SITE: {key: {"LoggingLevel": level}}})
    assert changed(estate) == {"LOG010": "not assessed"}


def test_failures_are_written_at_every_level(changed):
    failed = "ERROR: TaskManager: Task [Deployment Maintenance for service X] has failed. Exception"
    key = f"{TRACING}\\SMS_CLOUD_SERVICES_MANAGER"
    lines = Log(current=((300, "start"), (20, failed), (1, "end")))
    assert changed(contoso(logs__cloud_manager=lines, **{SITE: {key: {"LoggingLevel": 3}}})) == {"LOG030": "fail"}


@pytest.mark.parametrize("line", ["", "a line that we do not know"])
def test_without_level_and_ordinary_line_a_success_may_have_been_left_out(changed, judge, line):
    estate = discovery((200, line or SECRET), (190, line or SECRET), (1, line or "the end"))
    assert changed(estate)["LOG020"] == "not assessed"
    assert "was not recorded" in finding(judge, estate, "LOG020" if not line else "LOG010").actual


def test_a_run_may_have_rolled_away_with_what_came_before_the_failure(changed):
    assert changed(discovery((20, CYCLE), (10, SECRET))) == {"LOG010": "fail", "LOG020": "not assessed"}


@pytest.mark.parametrize("suffix", [".log", ".lo_"])
def test_a_file_that_was_not_read_leaves_a_gap(changed, suffix):
    log = Log(rolled=((300, CYCLE), (200, CYCLE)), current=((160, CYCLE), (1, CYCLE)))
    estate = contoso(logs__discovery=log).refusing(DISCOVERY + suffix)
    assert changed(estate) == {"LOG010": "not assessed", "LOG020": "not assessed"}


@pytest.mark.parametrize("take_away", ["refusing", "unreachable", "unrecorded"])
def test_a_log_that_was_not_read_is_not_assessed(changed, take_away):
    estate = contoso(logs__discovery=Log(current=HEALTHY.discovery.current))
    assert changed(getattr(estate, take_away)(f"{DISCOVERY}.log")) == {
        "LOG010": "not assessed",
        "LOG020": "not assessed",
    }


def test_a_missing_log_is_named_with_its_place(judge):
    estate = contoso(logs__discovery=Log(current=HEALTHY.discovery.current)).unrecorded(f"{DISCOVERY}.log")
    result = judge(estate)["LOG010"]
    assert "SMS_AZUREAD_DISCOVERY_AGENT.log" in result.cure
    assert "Microsoft Configuration Manager" in result.cure


PUBLIC_IP = "Resource Manager - Creating Public IP Address X with deployment CreatePublicIPAddress7f3e~~"
TASK = "ERROR: TaskManager: Task [Deployment Maintenance for service X] has failed. Exception"


def cloud_manager(*current: tuple[float, str]) -> Estate:
    return contoso(logs__cloud_manager=Log(current=((300, "start"), *current, (1, "end"))))


def test_a_failed_task_fails(changed):
    assert changed(cloud_manager((20, TASK))) == {"LOG030": "fail"}


def test_the_noise_of_the_public_address_is_ignored(changed):
    assert changed(cloud_manager((20, PUBLIC_IP), (19.95, TASK))) == {}


def test_the_noise_excuses_no_later_failure(changed):
    assert changed(cloud_manager((20, PUBLIC_IP), (19, TASK))) == {"LOG030": "fail"}


def test_an_old_failure_of_a_task_is_history(changed):
    assert changed(cloud_manager((200, TASK))) == {}


def test_a_deployment_under_way_is_not_assessed(changed):
    estate = contoso(logs__cloud_manager=Log(current=((300, "start"), (0.1, "Waiting for check if container exists."))))
    assert changed(estate) == {"LOG030": "not assessed"}


def test_a_part_of_the_log_proves_no_absence_of_failures(changed):
    log = Log(current=((300, "start"), (1, "end")), complete=False)
    assert changed(contoso(logs__cloud_manager=log)) == {"LOG030": "not assessed"}


def test_a_success_in_the_roll_over_passes_nothing_where_the_log_itself_was_refused(changed):
    log = Log(rolled=((200, CYCLE), (30, PUBLISHED)), current=((1, CYCLE),))
    assert changed(contoso(logs__discovery=log).refusing(f"{DISCOVERY}.log")) == {
        "LOG010": "not assessed",
        "LOG020": "not assessed",
    }


def test_an_old_copy_of_the_log_says_nothing(changed):
    assert changed(contoso(logs__cloud_manager=Log(current=((400, "start"), (300, "end"))))) == {
        "LOG030": "not assessed"
    }


def connection(*current: tuple[float, str]) -> Estate:
    return contoso(logs__connection_point=Log(current=current))


@pytest.mark.parametrize(
    "line",
    [
        "ResponseHeader: HTTP/1.1 403 CMGConnector_Clientcertificaterequired~~",
        "ResponseHeader: HTTP/1.1 403 CMGConnector_Forbidden~~",
        "Web exception for message 1: System.Net.WebException: The remote server returned an error: (403) Forbidden.~~",
        "missing role certificate. reload in next cycle",
        "Filtered cert count with client auth: 0",
    ],
)
def test_a_connection_point_that_fails_last_fails(changed, line):
    assert changed(connection((3, ANSWERED), (2, line))) == {"LOG040": "fail"}
    assert changed(connection((3, line), (2, ANSWERED))) == {}


def test_the_first_stage_of_the_certificate_filter_tells_why(judge):
    counts = [
        "Filtered cert count with digital signature: 3",
        "Filtered cert count with allowed root CA: 0",
        "Filtered cert count with private key: 0",
        "Filtered cert count with client auth: 0",
    ]
    found = finding(judge, connection(*[(2, line) for line in counts]), "LOG040")
    assert found.actual[0] == "Filtered cert count with allowed root CA: 0"
    assert "Trusted Root" in found.advice


def test_an_earlier_stage_of_another_day_tells_nothing(judge):
    lines = [(50, "Filtered cert count with allowed root CA: 0"), (2, "Filtered cert count with client auth: 0")]
    assert finding(judge, connection(*lines), "LOG040").actual[0] == "Filtered cert count with client auth: 0"


@pytest.mark.parametrize(
    "lines", [((2, "Maintaining connections..."),), ((300, ANSWERED), (1, "Maintaining connections..."))]
)
def test_a_connection_point_that_nobody_used_is_not_assessed(changed, lines):
    assert changed(connection(*lines)) == {"LOG040": "not assessed"}


@pytest.mark.parametrize("status", ["403, text: Forbidden", "500, text: Internal Server Error"])
def test_a_management_point_that_answers_with_an_error_fails(changed, status):
    failed = f"Call to HttpSendRequestSync failed for port 443 with status code {status}"
    estate = contoso(logs__management_point=Log(current=((3, MP_ANSWERED), (2, failed))))
    assert changed(estate) == {"LOG050": "fail"}


def test_a_management_point_that_was_not_tested_is_not_assessed(changed):
    assert changed(contoso(logs__management_point=Log(current=((3, "start"),)))) == {"LOG050": "not assessed"}


def client(*current: tuple[float, str]) -> Estate:
    return contoso(logs__co_management=Log(current=current))


def test_a_client_that_waits_is_not_failed(changed):
    assert changed(client((2, "Queuing enrollment timer to fire at 11/25/2026"))) == {"LOG060": "not assessed"}


def test_a_client_that_is_not_enrolled_yet_is_not_passed(changed):
    """The line on the unchanged report is written by enrolled and other clients alike."""
    lines = ((2, "Device is not provisioned"), (1, "State ID and report detail hash are not changed."))
    assert changed(client(*lines)) == {"LOG060": "not assessed"}


@pytest.mark.parametrize(
    "line",
    [
        "MDM enrollment hasn't been configured yet on AAD, or the enrollment url isn't expected.",
        "MDM enrollment failed with error code 0x8018002a",
    ],
)
def test_the_last_state_of_a_client_wins(changed, line):
    assert changed(client((3, "Device is provisioned"), (2, line))) == {"LOG060": "fail"}
    assert changed(client((3, line), (2, "Device is provisioned"))) == {}


def test_a_sample_of_no_client_is_in_order(changed):
    id = "log/pc001.corp.contoso.com/comanagementhandler.log"
    assert changed(contoso().unrecorded(id)) == {"LOG060": "not applicable"}
    assert changed(contoso().refusing(id)) == {"LOG060": "not assessed"}


def test_clients_are_judged_once_co_management_is_on(judge):
    assert judge(contoso(design__rollout__enabled=False))["LOG060"].outcome == "not applicable"
