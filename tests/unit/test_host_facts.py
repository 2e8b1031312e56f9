"""Evidence of hosts: odd and hostile files leave one host unknown, and the others as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comgmt_audit.errors import FactUnavailable, NotRecorded, Unreadable
from comgmt_audit.facts import certutil, dsregcmd, gpresult
from comgmt_audit.facts.hosts import (
    PERSONAL,
    TRUSTED_ROOTS,
    GroupPolicyResults,
    HostCertificates,
    HostRegistry,
    JoinStates,
)
from comgmt_audit.facts.x509 import CLIENT_AUTHENTICATION
from tests.lab.certificates import Issued
from tests.lab.certutil import END, HEAD, block
from tests.lab.estate import contoso
from tests.lab.hosts import Host, Stored
from tests.lab.names import NOW

CM01, MP01, PC001 = "CM01.corp.contoso.com", "MP01.corp.contoso.com", "PC001.corp.contoso.com"
SAMPLES = os.environ.get("COMGMT_SAMPLES", "")


def test_a_host_is_found_without_regard_to_case(read):
    stores = read(contoso(), HostCertificates)
    assert [stored.names for stored in stores.of(CM01.upper()).store(PERSONAL)] == [(CM01,)]


def test_a_host_that_was_not_collected_is_not_recorded(read):
    with pytest.raises(NotRecorded, match="has no certificate stores of SRV9"):
        read(contoso(), HostCertificates).of("SRV9")
    with pytest.raises(NotRecorded, match="does not name"):
        read(contoso(), GroupPolicyResults).of("")


def test_an_empty_store_is_empty_and_a_missing_one_is_unknown(read):
    stores = read(contoso(hosts__site_server=Host(roots=None)), HostCertificates).of(CM01)
    assert stores.store(PERSONAL) == ()
    with pytest.raises(NotRecorded, match="store Root"):
        stores.store(TRUSTED_ROOTS)


def test_one_hosts_broken_evidence_leaves_the_others(read):
    broken = contoso(hosts__site_server__personal=(Stored(role="site-client", thumbprint="00" * 20),))
    stores = read(broken, HostCertificates)
    with pytest.raises(Unreadable, match="thumbprint"):
        stores.of(CM01)
    assert stores.of(MP01).store(PERSONAL)


@pytest.mark.parametrize(
    ("stored", "usable"),
    [
        (Stored(role="client"), True),
        (Stored(role="client", has_key=False), False),
        (Stored(role="client", has_key=None), None),
        (Stored(role="client", with_pem=False), None),
        (Stored(role="client", with_pem=False, has_key=False), False),
        (Stored(role="gateway"), False),
        (Stored(role="gateway", has_key=None), False),
    ],
    ids=str,
)
def test_what_is_known_of_its_use(read, stored, usable):
    (found,) = read(contoso(hosts__client__personal=(stored,)), HostCertificates).of(PC001).store(PERSONAL)
    assert found.serves(CLIENT_AUTHENTICATION, NOW) is usable


def test_a_certificate_of_tomorrow_does_not_serve(read):
    estate = contoso(certificates__client=Issued(days_before=-1, usages=("clientAuth",)))
    (found,) = read(estate, HostCertificates).of(PC001).store(PERSONAL)
    assert found.serves(CLIENT_AUTHENTICATION, NOW) is False


def test_a_listing_of_another_store_is_unreadable(read):
    other = HEAD.replace("My", "Root") + block() + END
    with pytest.raises(Unreadable, match="lists the store root, and not My"):
        read(contoso(hosts__site_server__listing=other), HostCertificates).of(CM01)


def test_of_several_stores_the_personal_one_is_taken(read):
    both = HEAD + block() + 'Root "Roots"\n' + block(number=1) + END
    (found,) = read(contoso(hosts__site_server__listing=both), HostCertificates).of(CM01).store("My")
    assert found.evidence.pointer == "line 2"


def test_a_listing_without_an_end_is_unreadable(read):
    with pytest.raises(FactUnavailable, match="broke off"):
        read(contoso(hosts__site_server__listing='My "Personal"\n'), HostCertificates).of(CM01)


def test_an_empty_output_of_each_command_is_unreadable(read):
    estate = contoso(hosts__site_server__gpresult="", hosts__joined__text="")
    with pytest.raises(Unreadable, match="gpresult of cm01"):
        read(estate, GroupPolicyResults).of(CM01)
    with pytest.raises(Unreadable, match="dsregcmd of pc001"):
        read(estate, JoinStates).of(PC001)


def test_registry_keys_and_names_have_no_case(read):
    registry = read(contoso(hosts__client__registry={"HKLM\\Software\\X": {"Value": 1}}), HostRegistry).of(PC001)
    assert registry.value("hklm\\SOFTWARE\\x", "VALUE") == 1
    assert registry.value("HKLM\\SOFTWARE\\x", "other") is None
    assert registry.value("HKLM\\SOFTWARE\\y", "Value") is None


def sample(name: str) -> str:
    """A public sample as the recorder hands it over: text, whatever its encoding was."""
    content = (Path(SAMPLES) / name).read_bytes()
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="replace")


needs_samples = pytest.mark.skipif(not SAMPLES, reason="COMGMT_SAMPLES names no folder of public samples")


@pytest.mark.samples
@needs_samples
def test_a_real_gpresult():
    policy = gpresult.parse(sample("gpresult_r_inlanefreight_ws01.txt"))
    assert policy.has("This Organization")
    assert not policy.has("Domain Admins")


@pytest.mark.samples
@needs_samples
@pytest.mark.parametrize(
    "name",
    [
        "gpresult_z_unelevated_user_only_2008.txt",
        "gpresult_x_unelevated_user_only.utf16le.xml",
        "gpresult_x_unelevated_user_only.utf8.xml",
    ],
)
def test_a_real_gpresult_that_did_not_run_elevated(name):
    with pytest.raises(gpresult.NotCollected, match="elevated"):
        gpresult.parse(sample(name))


@pytest.mark.samples
@needs_samples
def test_a_real_dsregcmd():
    state = dsregcmd.parse(sample("dsregcmd_status_entradocs_hybrid_composite.txt"))
    assert state.hybrid_joined is True
    assert state.tenant_name == "HybridADFS"
    assert state.device_authentication == "SUCCESS"
    assert str(state.mdm_url).startswith("https://enrollment.manage-beta.microsoft.com/")


@pytest.mark.samples
@needs_samples
def test_a_real_listing():
    found = certutil.parse(sample("certutil_store_user_whfb_ddmmyyyy_and_nonexportable.txt"))
    assert [(one.has_key, one.exportable) for one in found] == [(True, False), (True, True)]
    with pytest.raises(certutil.NotListing, match="broke off"):
        certutil.parse(sample("certutil_store_my_htb.txt"))
