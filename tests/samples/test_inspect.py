"""Every sample of the index, as ``inspect`` shows it: what it is, its records, and how often each known line is there.

The outputs of commands stand in ``test_windows_commands``. What is not recognised by design is named, with the reason.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from comgmt_audit.inspect_file import inspect, table
from tests.samples.test_windows_commands import INSPECTED

pytestmark = pytest.mark.samples

LOGS: dict[str, tuple[int, int, dict[str, int]]] = {
    # name: (records, torn records, known lines)
    "atkinson_ccmsetup_cmg_unauthorized.txt": (
        4,
        0,
        {"setup-token-refused": 2, "http-no-credential": 1, "http-unauthorized": 1},
    ),
    "bgbserver_component_start.lo_": (20, 0, {"notification-mode": 1}),
    "bgbserver_mp_settings_certs.lo_": (3, 0, {"notification-mode": 1}),
    "bgbserver_push_task_delivered.log": (5, 0, {}),
    "bgbserver_rotation_boundary.lo_": (4, 0, {"notification-clients-online": 1}),
    "bgbserver_rotation_boundary.log": (4, 0, {"notification-clients-online": 2}),
    "blog_azuread_discovery_agent_ocr.txt": (
        7,
        0,
        {
            "discovery-cycle-started": 1,
            "discovery-sync-started": 1,
            "discovery-graph-asked": 1,
            "discovery-sync-completed": 1,
            "discovery-next-run": 1,
        },
    ),
    "ccmnotificationagent_push_received.log": (1, 0, {"notification-task-received": 1}),
    "ccmsetup_exit_lines.log": (4, 0, {"setup-succeeded": 1, "setup-failed": 1, "setup-started": 1}),
    "cmtraceopen_ccm_clean_basic.log": (3, 0, {}),
    "cmtraceopen_ccm_malformed_broken_timestamp.log": (4, 0, {}),
    "cmtraceopen_ccm_malformed_truncated.log": (3, 1, {}),
    "cmtraceopen_demo_AppEnforce.log": (23, 0, {}),
    "cmtraceopen_simple_clean_basic.log": (3, 0, {}),
    "cmtraceopen_utf16le_companyportal_Log_1.log": (2, 0, {}),
    "codaamok_ccmmessaging_87d00231.txt": (
        7,
        0,
        {"http-bad-status": 1, "messaging-status-raised": 1, "messaging-failure-reported": 2, "http-post-failed": 2},
    ),
    "configmgrsetup_component_with_spaces.log": (5, 0, {}),
    "datatransferservice_winhttp.log": (1, 0, {"transfer-dav-failed": 1}),
    "kbarchive_sms1_legacy_simple.log": (6, 0, {}),
    "kbarchive_sms2_legacy_simple.log": (4, 0, {"sitecomp-file-list-wrong": 1, "sitecomp-bootstrap-aborted": 1}),
    "markusbux_adminservice.log": (6, 0, {"adminservice-request": 1, "adminservice-connection-dropped": 2}),
    "markusbux_colleval_server.log": (15, 0, {}),
    "markusbux_serviceconnector_genericdownloadworker.log": (8, 0, {}),
    "markusbux_truncated_in_attributes.log": (1, 1, {}),
    "msdocs_aad_auth_workflow.txt": (
        14,
        0,
        {
            "entra-token-asked": 2,
            "entra-token-received": 1,
            "setup-token-asked": 2,
            "gateway-all-answered": 1,
            "sts-token-validated": 1,
            "sts-token-returned": 1,
            "setup-token-received": 1,
            "setup-token-used": 1,
            "client-not-registered": 1,
            "client-registering": 1,
            "client-registered": 1,
        },
    ),
    "msdocs_ccmsetup_cmtrace_clipboard_export.txt": (
        8,
        0,
        {"http-no-client-certificate": 3, "notification-health-synced": 1},
    ),
    "msdocs_cloudmgr_misc.txt": (3, 0, {"cloudmgr-container-awaited": 1, "cloudmgr-role-starting": 2}),
    "msdocs_cloudmgr_publicip_error.txt": (
        8,
        0,
        {
            "cloudmgr-public-ip": 1,
            "cloudmgr-service-exception": 1,
            "cloudmgr-task-faulted": 1,
            "cloudmgr-task-failed": 1,
            "cloudmgr-task-retried": 1,
        },
    ),
    "msdocs_cmg401_invalid_token.txt": (
        7,
        0,
        {"http-bad-status": 1, "gateway-token-invalid": 1, "sts-token-expired": 2},
    ),
    "msdocs_comanagementhandler_workloads.txt": (
        9,
        0,
        {
            "comanagement-auto-enrol-on": 1,
            "comanagement-policy-arrived": 4,
            "comanagement-workloads": 2,
            "comanagement-report-unchanged": 1,
            "comanagement-enrolled": 1,
        },
    ),
    "msdocs_mdm_events_75_76.txt": (5, 0, {"mdm-not-configured": 1}),
    "msdocs_sms_cloud_proxyconnector.txt": (
        27,
        0,
        {
            "connector-web-exception-403": 1,
            "connector-certificates-counted": 3,
            "connector-heartbeat": 1,
            "connector-client-certificate-required": 2,
            "connector-chain-failed": 2,
            "connector-revocation-unknown": 4,
            "connector-certificate-rejected": 8,
            "connector-no-allowed-root": 1,
            "connector-no-client-authentication": 2,
            "connector-answered": 1,
            "connector-requests-counted": 1,
        },
    ),
    "notes_comanagementhandler_autoenroll_flow.txt": (
        15,
        0,
        {
            "comanagement-policy-arrived": 1,
            "comanagement-auto-enrol-off": 1,
            "comanagement-workloads": 4,
            "comanagement-queued": 1,
            "comanagement-no-url-yet": 1,
            "comanagement-not-yet": 4,
            "comanagement-trying": 2,
            "comanagement-enrolled": 1,
        },
    ),
    "pkgxfermgr_server_errors.log": (7, 0, {}),
    "psadt_v4_install.log": (42, 0, {}),
    "reddit_jimbocalvo_ccmsetup.log": (
        195,
        0,
        {
            "setup-started": 2,
            "setup-options": 6,
            "setup-succeeded": 1,
            "setup-url-refused": 1,
            "http-status": 4,
            "setup-namespace-missing": 6,
            "setup-failed": 1,
        },
    ),
    "smsprov_server.log": (3, 0, {}),
}

NOT_RECOGNISED = {
    "plaso_sav_utf16le.txt": "a log of a virus scanner: text without a frame, not called .log, with no known line",
}


def test_every_sample_of_the_index_is_here(sample):
    rows = csv.DictReader(sample("index.tsv").text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert {row["file"] for row in rows} == {*LOGS, *INSPECTED, *NOT_RECOGNISED}


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_shown_with_its_known_lines(sample, name):
    assert sample(name).text
    found = inspect(Path(os.environ["COMGMT_SAMPLES"]) / name)
    assert found.kind == "log"
    shown = {hit.id: hit.count for hit in found.hits}
    assert (found.facts["records"], found.facts["torn"], shown) == LOGS[name]
    assert [hit.line for hit in found.hits] == sorted(hit.line for hit in found.hits)
    assert list(table(found))


@pytest.mark.parametrize("name", NOT_RECOGNISED)
def test_what_is_no_evidence_says_so(sample, name):
    assert sample(name).text
    found = inspect(Path(os.environ["COMGMT_SAMPLES"]) / name)
    assert found.kind == ""
    assert found.unread == ("is no evidence that we know: neither a certificate, a log nor a command's output",)
