"""Real output of gpresult, dsregcmd and certutil: what is told is read, and what is missing is said to be missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comgmt_audit.facts import certutil, dsregcmd, gpresult
from comgmt_audit.facts.log_records import records
from comgmt_audit.inspect_file import inspect
from comgmt_audit.text_encoding import decode

pytestmark = pytest.mark.samples


def test_the_groups_of_a_real_computer(sample):
    policy = gpresult.parse(sample("gpresult_r_inlanefreight_ws01.txt").text)
    assert len(policy.groups) == 8
    assert policy.has("System Mandatory Level")
    assert not policy.has("ConfigMgr IIS Servers")


@pytest.mark.parametrize(
    "name",
    [
        "gpresult_x_unelevated_user_only.utf16le.xml",
        "gpresult_x_unelevated_user_only.utf8.xml",
        "gpresult_z_unelevated_user_only_2008.txt",
    ],
)
def test_without_elevation_the_computer_is_not_collected(sample, name):
    text = sample(name).text
    with pytest.raises(gpresult.NotCollected, match="elevated"):
        gpresult.parse(text)


def test_the_join_of_a_hybrid_device(sample):
    state = dsregcmd.parse(sample("dsregcmd_status_entradocs_hybrid_composite.txt").text)
    assert state.hybrid_joined is True
    assert state.tenant_name == "HybridADFS"
    assert state.device_authentication == "SUCCESS"
    assert "aadrecoveryenabled" in state.lines  # its colon has no blank before it


def test_diagnostics_alone_are_no_join_status(sample):
    text = sample("dsregcmd_prejoin_discover_failure.txt").text
    with pytest.raises(dsregcmd.NotJoinStatus):
        dsregcmd.parse(text)


def test_a_listing_of_certutil(sample):
    hello, own = certutil.parse(sample("certutil_store_user_whfb_ddmmyyyy_and_nonexportable.txt").text)
    assert (hello.has_key, hello.exportable) == (True, False)
    assert own.provider == "Microsoft Strong Cryptographic Provider"
    assert (hello.store, own.store) == ("my", "trustedpeople")


@pytest.mark.parametrize("name", ["certutil_store_my_htb.txt", "certutil_dump_pfx_legacy_csp.txt"])
def test_a_listing_that_breaks_off_and_a_dump_are_refused(sample, name):
    text = sample(name).text
    with pytest.raises(certutil.NotListing):
        certutil.parse(text)


UNREAD_POLICY = "the computer's groups: it has no computer section: gpresult did not run elevated"

INSPECTED: dict[str, tuple[str, dict[str, object], str]] = {
    # name: (kind, some facts, how what is not read begins)
    "gpresult_r_inlanefreight_ws01.txt": ("gpresult", {}, ""),
    "gpresult_z_unelevated_user_only_2008.txt": ("gpresult", {}, UNREAD_POLICY),
    "gpresult_x_unelevated_user_only.utf16le.xml": ("gpresult", {}, UNREAD_POLICY),
    "gpresult_x_unelevated_user_only.utf8.xml": ("gpresult", {}, UNREAD_POLICY),
    "dsregcmd_status_entradocs_hybrid_composite.txt": (
        "dsregcmd /status",
        {
            "entra_joined": True,
            "domain_joined": True,
            "tenant_id": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "mdm_url": "https://enrollment.manage-beta.microsoft.com/EnrollmentServer/Discovery.svc",
        },
        "",
    ),
    "dsregcmd_prejoin_discover_failure.txt": ("dsregcmd /status", {}, "it has no section Device State"),
    "certutil_store_my_htb.txt": ("certutil output", {}, "it does not end as"),
    "certutil_dump_pfx_legacy_csp.txt": ("certutil output", {}, "it does not end as"),
    "certutil_store_user_whfb_ddmmyyyy_and_nonexportable.txt": (
        "certutil output",
        {
            "certificates": [
                "63C6CE5FC512933179D3C0A5E94ECBA98092F93D  CN=amanda.brady@contoso.com  key yes, exportable no",
                "47D27C80B9642882318F41FCA5A8FDA2C24675AC  CN=LEGION\\user  key yes, exportable yes",
            ]
        },
        "",
    ),
}


@pytest.mark.parametrize("name", INSPECTED)
def test_inspect_says_what_a_sample_is_and_what_it_tells(sample, name):
    kind, facts, unread = INSPECTED[name]
    assert sample(name).text
    found = inspect(Path(os.environ["COMGMT_SAMPLES"]) / name)
    assert found.kind == kind
    assert {key: found.facts[key] for key in facts} == facts
    assert bool(found.unread) == bool(unread)
    assert not found.unread or found.unread[0].startswith(unread)


def test_every_sample_is_decoded_and_parsed_without_error(sample):
    assert sample("README.md").text
    paths = sorted(path for path in Path(os.environ["COMGMT_SAMPLES"]).iterdir() if path.is_file())
    assert [path.name for path in paths if not list(records([decode(path.read_bytes()).text]))] == []
