"""Real logs of others: counts, offsets, torn records and known lines are what their index says."""

from __future__ import annotations

import collections
import datetime as dt

import pytest

from comgmt_audit import log_catalogue
from comgmt_audit.facts.log_records import Record, records
from comgmt_audit.log_catalogue import Entry, Kind

pytestmark = pytest.mark.samples

FRAMED = {
    # name: (encoding, whole records, torn records, records with UTC, records with local time)
    "bgbserver_component_start.lo_": ("utf-8", 20, 0, 20, 20),
    "bgbserver_mp_settings_certs.lo_": ("utf-8", 3, 0, 3, 3),
    "bgbserver_push_task_delivered.log": ("utf-8", 5, 0, 5, 5),
    "bgbserver_rotation_boundary.lo_": ("utf-8", 4, 0, 4, 4),
    "bgbserver_rotation_boundary.log": ("utf-8", 4, 0, 4, 4),
    "ccmnotificationagent_push_received.log": ("utf-8", 1, 0, 1, 1),
    "ccmsetup_exit_lines.log": ("utf-8", 4, 0, 4, 4),
    "cmtraceopen_ccm_clean_basic.log": ("utf-8", 3, 0, 0, 3),
    "cmtraceopen_ccm_malformed_broken_timestamp.log": ("utf-8", 4, 0, 0, 2),
    "cmtraceopen_ccm_malformed_truncated.log": ("utf-8", 2, 1, 0, 2),
    "cmtraceopen_demo_AppEnforce.log": ("utf-8", 23, 0, 23, 23),
    "cmtraceopen_simple_clean_basic.log": ("utf-8", 3, 0, 3, 3),
    "configmgrsetup_component_with_spaces.log": ("utf-8", 5, 0, 5, 5),
    "datatransferservice_winhttp.log": ("utf-8", 1, 0, 1, 1),
    "kbarchive_sms1_legacy_simple.log": ("utf-8", 6, 0, 0, 6),
    "kbarchive_sms2_legacy_simple.log": ("utf-8", 4, 0, 0, 4),
    "markusbux_adminservice.log": ("utf-8", 6, 0, 0, 6),
    "markusbux_colleval_server.log": ("utf-8", 15, 0, 15, 15),
    "markusbux_serviceconnector_genericdownloadworker.log": ("utf-8", 8, 0, 0, 8),
    "markusbux_truncated_in_attributes.log": ("utf-8", 0, 1, 0, 0),
    "pkgxfermgr_server_errors.log": ("utf-8", 7, 0, 7, 7),
    "psadt_v4_install.log": ("utf-8", 42, 0, 42, 42),
    "reddit_jimbocalvo_ccmsetup.log": ("utf-8", 195, 0, 195, 195),
    "smsprov_server.log": ("utf-8", 3, 0, 3, 3),
}

TEXT = {
    # name: (encoding, messages)
    "atkinson_ccmsetup_cmg_unauthorized.txt": ("utf-8", 4),
    "blog_azuread_discovery_agent_ocr.txt": ("utf-8", 7),
    "cmtraceopen_utf16le_companyportal_Log_1.log": ("utf-16-le", 2),
    "codaamok_ccmmessaging_87d00231.txt": ("utf-8", 7),
    "msdocs_aad_auth_workflow.txt": ("utf-8", 14),
    "msdocs_ccmsetup_cmtrace_clipboard_export.txt": ("utf-8", 8),
    "msdocs_cloudmgr_misc.txt": ("utf-8", 3),
    "msdocs_cloudmgr_publicip_error.txt": ("utf-8", 8),
    "msdocs_cmg401_invalid_token.txt": ("utf-8", 7),
    "msdocs_comanagementhandler_workloads.txt": ("utf-8", 9),
    "msdocs_mdm_events_75_76.txt": ("utf-8", 5),
    "msdocs_sms_cloud_proxyconnector.txt": ("utf-8", 27),
    "notes_comanagementhandler_autoenroll_flow.txt": ("utf-8", 15),
    "plaso_sav_utf16le.txt": ("utf-16-le", 9),
}

MDM_EVENTS = "microsoft-windows-devicemanagement-enterprise-diagnostics-provider"


@pytest.fixture
def parsed(sample):
    """The records of a sample."""
    return lambda name: list(records([sample(name).text]))


@pytest.mark.parametrize("name", FRAMED)
def test_a_framed_log_has_the_records_that_its_index_names(sample, name):
    found = sample(name)
    whole = list(records([found.text]))
    torn = sum(record.torn for record in whole)
    in_utc, local = sum(r.time is not None for r in whole), sum(r.local is not None for r in whole)
    assert (found.encoding, len(whole) - torn, torn, in_utc, local) == FRAMED[name]


@pytest.mark.parametrize("name", TEXT)
def test_text_without_frames_has_one_message_a_line(sample, name):
    found = sample(name)
    whole = list(records([found.text]))
    assert (found.encoding, len(whole)) == TEXT[name]
    assert not any(record.torn or record.local for record in whole)


@pytest.mark.parametrize("name", [*FRAMED, *TEXT])
def test_where_a_sample_is_cut_does_not_matter(sample, name):
    text = sample(name).text
    assert list(records(text[at : at + 97] for at in range(0, len(text), 97))) == list(records([text]))


def test_types_and_lines_of_a_real_setup_log(parsed):
    found = parsed("reddit_jimbocalvo_ccmsetup.log")
    assert collections.Counter(record.type for record in found) == {1: 125, 0: 49, 2: 12, 3: 9}
    assert sum("\n" in record.message for record in found) == 4
    assert not any("\ufeff" in record.message for record in found)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("bgbserver_component_start.lo_", dt.datetime(2026, 9, 23, 16, 33, 53, 1000, dt.UTC)),  # +240
        ("markusbux_colleval_server.log", dt.datetime(2022, 11, 30, 0, 3, 34, 174000, dt.UTC)),  # -60
        ("smsprov_server.log", dt.datetime(2013, 7, 4, 7, 38, 6, 559000, dt.UTC)),  # -120
        ("ccmsetup_exit_lines.log", dt.datetime(2017, 12, 18, 21, 32, 38, 560000, dt.UTC)),  # +360
        ("configmgrsetup_component_with_spaces.log", dt.datetime(2016, 8, 22, 11, 15, 1, 917000, dt.UTC)),  # +420
    ],
)
def test_the_bias_of_a_real_log_leads_to_utc(parsed, name, first):
    assert parsed(name)[0].time == first


def test_components_with_blanks_and_dots(parsed):
    assert parsed("configmgrsetup_component_with_spaces.log")[0].component == "Configuration Manager Setup"
    assert parsed("markusbux_adminservice.log")[0].component == "Microsoft.ConfigurationManager.AdminService"


def test_two_records_share_a_line(sample):
    text = sample("markusbux_adminservice.log").text
    starts = [record.line for record in records([text])]
    assert [line for line in starts if not text.split("\n")[line - 1].startswith("<![LOG[")] == [7]


def known(log: str, found: list[Record]) -> list[Entry]:
    """The known lines of a log, in the order in which they were written."""
    entries = log_catalogue.log(log).entries
    hits = (next((entry for entry in entries if entry.search(record.message)), None) for record in found)
    return [entry for entry in hits if entry]


@pytest.mark.parametrize(
    ("name", "log", "last"),
    [
        ("msdocs_comanagementhandler_workloads.txt", "comanagementhandler", "comanagement-enrolled"),
        ("notes_comanagementhandler_autoenroll_flow.txt", "comanagementhandler", "comanagement-enrolled"),
        ("msdocs_sms_cloud_proxyconnector.txt", "sms_cloud_proxyconnector", "connector-answered"),
        ("msdocs_cloudmgr_misc.txt", "cloudmgr", "cloudmgr-role-starting"),
        ("blog_azuread_discovery_agent_ocr.txt", "sms_azuread_discovery_agent", "discovery-sync-completed"),
        ("reddit_jimbocalvo_ccmsetup.log", "ccmsetup", "setup-failed"),
        ("atkinson_ccmsetup_cmg_unauthorized.txt", "ccmsetup", "http-unauthorized"),
        ("codaamok_ccmmessaging_87d00231.txt", "ccmmessaging", "http-post-failed"),
        ("msdocs_cmg401_invalid_token.txt", "ccm_sts", "sts-token-expired"),
        ("msdocs_aad_auth_workflow.txt", "ccm_sts", "sts-token-returned"),
        ("datatransferservice_winhttp.log", "datatransferservice", "transfer-dav-failed"),
        ("ccmnotificationagent_push_received.log", "ccmnotificationagent", "notification-task-received"),
        ("bgbserver_rotation_boundary.log", "bgbserver", "notification-clients-online"),
        ("markusbux_adminservice.log", "adminservice", "adminservice-request"),
        ("kbarchive_sms2_legacy_simple.log", "sitecomp", "sitecomp-bootstrap-aborted"),
        ("msdocs_mdm_events_75_76.txt", MDM_EVENTS, "mdm-not-configured"),
    ],
)
def test_the_newest_state_of_a_sample(parsed, name, log, last):
    states = [entry for entry in known(log, parsed(name)) if entry.kind is not Kind.NOISE]
    assert states[-1].id == last


def test_the_setup_of_a_real_log_failed_after_a_first_process_had_ended_well(parsed):
    ids = [entry.id for entry in known("ccmsetup", parsed("reddit_jimbocalvo_ccmsetup.log"))]
    assert ids.index("setup-succeeded") < ids.index("setup-failed")


def test_the_noise_of_the_public_address_begins_with_its_own_line(parsed):
    entries = known("cloudmgr", parsed("msdocs_cloudmgr_publicip_error.txt"))
    assert entries[0].id == "cloudmgr-public-ip"
    assert {entry.excused_by for entry in entries if entry.kind is Kind.FAILURE} == {"cloudmgr-public-ip"}
