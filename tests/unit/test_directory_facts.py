"""Odd and hostile answers of a directory: read, or unreadable with the place, never a traceback or a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comgmt_audit import baselines
from comgmt_audit.design import Design
from comgmt_audit.errors import FactUnavailable, Refused, Unreadable
from comgmt_audit.facts import Environment
from comgmt_audit.facts.directory import (
    Accounts,
    Computers,
    Domains,
    EnrollmentServices,
    Groups,
    OwnAuthorities,
    ServiceConnectionPoint,
    dns_name,
)
from comgmt_audit.facts.templates import CertificateTemplates
from comgmt_audit.recording import Recording, RecordingWriter
from tests.lab import pki
from tests.lab.estate import contoso
from tests.lab.names import NOW

Reader = Callable[[dict[str, list[object]], type], Any]
TEMPLATE = {"dn": "CN=T,DC=x", "cn": "T"}
GROUP = {"dn": "CN=A,DC=x", "sAMAccountName": "A", "objectSid": "S-1-5-21-1-2-3-1000"}


@pytest.fixture
def answers(tmp_path: Path) -> Reader:
    """A fact that is read from these answers alone, by the name of the observation."""
    counter = iter(range(100))

    def read(lists: dict[str, list[object]], type: type) -> Any:
        target = tmp_path / str(next(counter))
        with RecordingWriter(target, recorded_at=NOW, design=Design()) as writer:
            for name, objects in lists.items():
                writer.lines(f"directory/{name}", objects, source="directory", request="search")
        return Environment(Recording.load(target), Design(), baselines.load("current")).fact(type)

    return read


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("domains", Domains),
        ("certificate-templates", CertificateTemplates),
        ("groups", Groups),
        ("computers", Computers),
        ("accounts", Accounts),
    ],
)
def test_an_empty_list_that_no_forest_has_is_no_knowledge(answers, name, fact):
    with pytest.raises(Refused, match="no forest is without"):
        answers({name: []}, fact)


@pytest.mark.parametrize(
    "dn", ["CN=WebServer2,CN=Certificate Templates,DC=x", "cn=webserver2", r"CN=Web\ Server2,DC=x"]
)
def test_a_template_that_may_not_be_read_is_there_by_its_name(answers, dn):
    found = answers({"certificate-templates": [{"dn": dn}, TEMPLATE]}, CertificateTemplates)
    with pytest.raises(Refused, match="the template Web Server 2 is there"):
        found.named("Web Server 2")
    assert found.named("Another") == ()
    assert [one.name for one in found.named("T")] == ["T"]


@pytest.mark.parametrize("dn", ["", "OU=x", r"CN=a\,b,DC=x", "CN="])
def test_any_name_of_a_hidden_template_is_read(answers, dn):
    found = answers({"certificate-templates": [{"dn": dn}]}, CertificateTemplates)
    assert len(found.hidden) == 1
    assert found.hidden[0] == ("a,b" if "," in dn else "" if dn == "CN=" else dn)


def test_no_enterprise_ca_is_knowledge_only_beside_templates_that_are_shown(answers):
    with pytest.raises(Refused):
        answers({"enrollment-services": [], "certificate-templates": [{"dn": "CN=T"}]}, EnrollmentServices)


def test_no_enterprise_ca_is_knowledge_only_beside_templates(answers):
    beside = answers({"enrollment-services": [], "certificate-templates": [TEMPLATE]}, EnrollmentServices)
    assert beside.services == ()
    with pytest.raises(Refused):
        answers({"enrollment-services": [], "certificate-templates": []}, EnrollmentServices)


@pytest.mark.parametrize(
    ("name", "broken", "fact"),
    [
        (
            "certificate-templates",
            {"dn": "CN=T", "cn": "T", "nTSecurityDescriptor": "not base64!"},
            CertificateTemplates,
        ),
        ("certificate-templates", {"dn": "CN=T", "cn": "T", "msPKI-Private-Key-Flag": "16"}, CertificateTemplates),
        ("groups", {**GROUP, "member": "CN=one"}, Groups),
        ("groups", {"dn": "CN=x"}, Groups),
        ("computers", [], Computers),
        ("accounts", {"dn": None, "sAMAccountName": "x"}, Accounts),
        ("domains", {"dn": "DC=x"}, Domains),
    ],
)
def test_another_shape_is_unreadable_and_names_the_line(answers, name, broken, fact):
    with pytest.raises(Unreadable, match="line 1"):
        answers({name: [broken]}, fact)


def test_a_ca_certificate_that_is_none_is_unreadable(answers):
    services = [{"cn": "CA", "cACertificate": [b"junk"]}]
    lists = {"enrollment-services": services, "certification-authorities": [], "aia": []}
    with pytest.raises(FactUnavailable, match="certificate 1"):
        answers(lists, OwnAuthorities)


def test_a_single_zero_byte_stands_for_no_certificate(answers):
    services = [{"cn": "CA", "cACertificate": [b"\x00"]}]
    found = answers({"enrollment-services": services, "certification-authorities": [], "aia": []}, OwnAuthorities)
    assert found.all == ()


def test_the_current_key_of_an_issuing_ca_is_the_newest(answers):
    estate = contoso()
    older, newer = pki.der(estate, "issuing"), pki.der(estate, "issuing-2")
    issues = {"cn": "CA", "cACertificate": [older, newer], "certificateTemplates": ["ConfigMgrCloudWebServer"]}
    stale = {"cn": "Gone", "cACertificate": [pki.der(estate, "public-issuing")], "certificateTemplates": []}
    lists = {"enrollment-services": [issues, stale], "certification-authorities": [], "aia": []}
    found = answers(lists, OwnAuthorities)
    assert [one.der for one in found.issuing] == [newer]
    assert {one.der for one in found.others} == {older, pki.der(estate, "public-issuing")}


def test_flags_are_unsigned(answers):
    raw = {**TEMPLATE, "msPKI-Certificate-Name-Flag": -2113929216}
    (template,) = answers({"certificate-templates": [raw]}, CertificateTemplates)
    assert template.name_flags == 0x82000000
    assert template.subject_in_request is False


def test_providers_stand_by_priority_and_without_a_number_last(answers):
    raw = {**TEMPLATE, "pKIDefaultCSPs": ["10,Ten", "bare", "2,Two", "1,One, Inc", "9" * 5000 + ",Huge"]}
    (template,) = answers({"certificate-templates": [raw]}, CertificateTemplates)
    assert template.providers == ("One, Inc", "Two", "bare", "Huge", "Ten")


@pytest.mark.parametrize(
    ("octets", "days"),
    [
        ("0080720E5DC2FDFF", 730),
        ("004039872EE1FEFF", 365),
        ("0080A60AFFDEFFFF", 42),
        ("00401EA4E865FAFF", 1825),
        ("0000000000000000", None),
        ("0100000000000000", None),
        ("00", None),
    ],
)
def test_validity_is_a_negative_count_of_100_nanoseconds(answers, octets, days):
    raw = {**TEMPLATE, "pKIExpirationPeriod": bytes.fromhex(octets)}
    (template,) = answers({"certificate-templates": [raw]}, CertificateTemplates)
    assert template.validity == (None if days is None else dt.timedelta(days=days))


def test_the_longest_validity_does_not_overflow(answers):
    raw = {**TEMPLATE, "pKIExpirationPeriod": b"\x00" * 7 + b"\x80"}
    (template,) = answers({"certificate-templates": [raw]}, CertificateTemplates)
    assert template.validity.days > 10_000_000


@pytest.mark.parametrize(
    ("version", "flags", "is_cng"),
    [(1, 0, False), (2, 0x04060010, False), (3, 0x100, True), (4, 0x100, False), (4, 0, True), (4, None, None)],
)
def test_who_makes_the_key(answers, version, flags, is_cng):
    raw = {**TEMPLATE, "msPKI-Template-Schema-Version": version, "msPKI-Private-Key-Flag": flags}
    (template,) = answers({"certificate-templates": [raw]}, CertificateTemplates)
    assert template.is_cng is is_cng


def test_an_object_without_attributes_claims_nothing(answers):
    (template,) = answers({"certificate-templates": [TEMPLATE]}, CertificateTemplates)
    assert template.schema_version == 1
    unknown = (template.exportable, template.compatibility, template.subject_in_request, template.waits_for_approval)
    assert unknown == (None, None, None, None)
    assert template.access(frozenset(), None) is None


def test_a_display_name_goes_before_another_templates_common_name(answers):
    lists = {"certificate-templates": [{**TEMPLATE, "cn": "Web"}, {**TEMPLATE, "cn": "X", "displayName": "web"}]}
    templates = answers(lists, CertificateTemplates)
    assert [template.name for template in templates.named("WEB")] == ["X"]
    assert [template.name for template in templates.named("x")] == ["X"]


def test_groups_that_hold_each_other_end_the_search(answers):
    first = {**GROUP, "member": ["CN=B,DC=x", "CN=A,DC=x"]}
    second = {"dn": "CN=B,DC=x", "sAMAccountName": "B", "objectSid": "S-1-5-21-1-2-3-1001", "member": ["cn=a,dc=X"]}
    groups = answers({"groups": [first, second]}, Groups)
    assert groups.token("S-1-5-21-1-2-3-1001") == {
        "S-1-5-21-1-2-3-1000",
        "S-1-5-21-1-2-3-1001",
        "S-1-1-0",
        "S-1-5-11",
    }


@pytest.mark.parametrize(
    ("text", "version"),
    [("10.0 (17763)", (10, 0)), ("6.1", (6, 1)), ("", None), ("unknown", None), ("9" * 5000 + ".1", None)],
)
def test_versions_of_windows(answers, text, version):
    raw = {"dn": "CN=C", "sAMAccountName": "C$", "dNSHostName": "C.x", "operatingSystemVersion": text}
    assert answers({"computers": [raw]}, Computers).on("c.X.").system_version == version


def test_a_domain_is_found_by_labels(answers):
    parent = {"dn": "DC=contoso,DC=com", "sid": "S-1-5-21-1-2-3", "forestRoot": True}
    child = {"dn": "DC=corp,DC=contoso,DC=com", "sid": "S-1-5-21-1-2-4"}
    domains = answers({"domains": [parent, child]}, Domains)
    assert domains.of_host("CM01.corp.contoso.com").name == "corp.contoso.com"
    assert domains.of_host("cm01.notcorp.contoso.com").name == "contoso.com"
    assert domains.of_host("cm01.evilcontoso.com") is None
    assert domains.of_host("") is None
    assert domains.root.name == "contoso.com"


def test_the_dns_name_of_a_distinguished_name():
    assert dns_name("CN=Smith\\,DC=no,OU=x,DC=Corp,DC=contoso,DC=com") == "corp.contoso.com"


def test_keywords_that_say_nothing_are_no_tenant(read):
    point = read(contoso(directory__keywords=("azureADId", "x:y", ":", "azureADName:")), ServiceConnectionPoint)
    assert (point.exists, point.tenant_ids, point.tenant_names) == (True, (), ())
