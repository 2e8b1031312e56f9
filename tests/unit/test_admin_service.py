"""What the AdminService gives: numbers and booleans in every spelling, and lists that may be cut short."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from comgmt_audit.errors import Refused, Unreadable
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE, boolean, column, integer, text
from comgmt_audit.facts.cloud_services import Gateways
from comgmt_audit.facts.site import Administrators, CommunicationSecurity, Sites, TrustedRoot
from comgmt_audit.facts.x509 import Certificate
from comgmt_audit.model import Evidence

PLACE = Evidence("site/SMS_Site", "line 3/BuildNumber")


@pytest.mark.parametrize(
    ("value", "number"),
    [(9141, 9141), ("9141", 9141), (" 9141 ", 9141), ("-1", -1), (True, 1), (9141.0, 9141), (0, 0), ("0", 0)],
)
def test_numbers_come_in_every_spelling(value, number):
    assert integer(value, PLACE) == number


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_unknown_and_never_zero_or_no(value):
    assert integer(value, PLACE) is None
    assert boolean(value, PLACE) is None


@pytest.mark.parametrize("value", ["nine", "0x10", 1.5, "1" * 5000, "٣", "1 2"])
def test_what_is_no_number_names_the_place(value):
    with pytest.raises(Unreadable, match=r"site/SMS_Site, line 3/BuildNumber") as raised:
        integer(value, PLACE)
    assert raised.value.observation == "site/SMS_Site"
    assert len(raised.value.why) < 200


@pytest.mark.parametrize(
    ("flag", "spellings"), [(True, (True, 1, "1", "True", "true ", 1.0)), (False, (False, 0, 0.0, "0", "False"))]
)
def test_booleans_come_in_every_spelling(flag, spellings):
    assert [boolean(value, PLACE) for value in spellings] == [flag] * len(spellings)


@pytest.mark.parametrize("value", ["yes", 2, -1, "01", 0.5, 10**30])
def test_what_is_neither_yes_nor_no_names_the_place(value):
    with pytest.raises(Unreadable, match="is not yes or no"):
        boolean(value, PLACE)


def test_keys_that_come_as_numbers_are_text():
    assert [text(value) for value in (72057594037928100, " PS1 ", None)] == ["72057594037928100", "PS1", ""]


def test_a_column_has_a_place_in_its_row():
    assert column(Evidence("site/SMS_Site", "line 3"), "Type") == Evidence("site/SMS_Site", "line 3/Type")


def test_an_empty_list_is_knowledge_only_where_the_recorder_vouches_for_it(observed):
    about = {"full_access": True}
    assert tuple(observed({"site/SMS_AzureService": []}, about=about).fact(Gateways)) == ()
    for thin in ({}, {"full_access": False}, {"full_access": "yes"}):
        with pytest.raises(Refused) as raised:
            observed({"site/SMS_AzureService": []}, about=thin).fact(Gateways)
        assert raised.value.cure == FULL_ACCESS_CURE


@pytest.mark.parametrize(("id", "fact"), [("site/SMS_Site", Sites), ("site/SMS_Admin", Administrators)])
def test_what_every_site_has_is_never_known_to_be_missing(observed, id, fact):
    with pytest.raises(Refused):
        observed({id: []}, about={"full_access": True}).fact(fact)


def test_a_row_without_its_columns_is_unknown_and_not_an_error(observed):
    (site,) = observed({"site/SMS_Site": [{"__LAZYPROPERTIES": [], "@odata.etag": "FC1"}]}).fact(Sites)
    assert (site.code, site.build, site.kind, site.is_primary) == ("", None, "", True)


def test_the_build_comes_from_the_version_where_its_column_is_null(observed):
    (site,) = observed({"site/SMS_Site": [{"SiteCode": "PS1", "Version": "5.00.9141.1000"}]}).fact(Sites)
    assert site.build == 9141


@pytest.mark.parametrize("row", [{"SiteCode": 5}, {"Version": ["5"]}, {"Type": "primary"}, {"BuildNumber": {}}])
def test_odd_rows_are_unreadable(observed, row):
    with pytest.raises(Unreadable):
        observed({"site/SMS_Site": [row]}).fact(Sites)


def test_the_communication_of_a_central_administration_site_is_not_read(observed):
    rows = [
        {"SiteCode": "CAS", "Type": 4, "Version": "5.00.9141.1000"},
        {"SiteCode": "PS1", "Type": "2", "ReportingSiteCode": "CAS"},
        {"SiteCode": "SEC", "Type": 1, "ReportingSiteCode": "PS1"},
    ]
    component = {
        "ComponentName": "SMS_SITE_COMPONENT_MANAGER",
        "Props": [{"PropertyName": "IISSSLState", "Value": 480}],
    }
    components = [{**component, "SiteCode": "CAS"}, {**component, "SiteCode": "ps1"}]
    environment = observed({"site/SMS_Site": rows, "site/SMS_SCI_Component": components})
    (security,) = environment.fact(CommunicationSecurity)
    assert (security.site, security.mask) == ("ps1", 480)
    assert security.evidence == Evidence("site/SMS_SCI_Component", "line 2/Props/0/Value")
    assert [site.is_top for site in environment.fact(Sites)] == [True, False, False]


@pytest.mark.parametrize("props", [None, [], [{"PropertyName": "iissslstate", "Value": 480}]])
def test_a_component_without_the_property_is_unknown(observed, props):
    component = {"ComponentName": "SMS_SITE_COMPONENT_MANAGER", "SiteCode": "PS1", "Props": props}
    rows = {"site/SMS_Site": [{"SiteCode": "PS1", "Type": 2}], "site/SMS_SCI_Component": [component]}
    (security,) = observed(rows).fact(CommunicationSecurity)
    assert (security.mask, security.enhanced_http, security.uses_pki_certificates) == (None, None, None)


@pytest.mark.parametrize(
    ("mask", "https_only", "crl", "pki", "enhanced"),
    [
        (31, True, False, True, False),
        (63, True, True, True, False),
        (192, False, False, False, False),
        (224, False, True, False, False),
        (448, False, False, True, False),
        (480, False, True, True, False),
        (1216, False, False, False, True),
        (1248, False, True, False, True),
        (1472, False, False, True, True),
        (1504, False, True, True, True),
    ],
)
def test_every_known_mask_says_what_the_table_says(observed, mask, https_only, crl, pki, enhanced):
    # The table of reference configmgr 2.2.
    component = {
        "ComponentName": "SMS_SITE_COMPONENT_MANAGER",
        "SiteCode": "PS1",
        "Props": [{"PropertyName": "IISSSLState", "Value": str(mask)}],
    }
    rows = {"site/SMS_Site": [{"SiteCode": "PS1", "Type": 2}], "site/SMS_SCI_Component": [component]}
    (security,) = observed(rows).fact(CommunicationSecurity)
    seen = (security.https_only, security.checks_revocation, security.uses_pki_certificates, security.enhanced_http)
    assert seen == (https_only, crl, pki, enhanced)


@pytest.mark.parametrize(
    ("columns", "full"),
    [
        ({"RoleNames": ["Full Administrator"], "CategoryNames": ["All"]}, True),
        ({"RoleNames": ["Full Administrator"], "CategoryNames": ["Default"]}, False),
        ({"RoleNames": ["Asset Manager"], "CategoryNames": ["All"]}, False),
        ({"RoleNames": ["Hauptadministrator"], "CategoryNames": ["Alle"]}, None),
        ({"RoleNames": None, "CategoryNames": None}, None),
        (
            {"RoleNames": ["Hauptadministrator"], "Permissions": [{"RoleID": "SMS0001R", "CategoryID": "SMS00ALL"}]},
            True,
        ),
        ({"Permissions": [{"RoleID": "SMS0001R", "CategoryID": "SMS00UNA"}]}, False),
        (
            {
                "Permissions": [
                    {"RoleID": "SMS0001R", "CategoryID": "SMS00UNA"},
                    {"RoleID": "SMS0002R", "CategoryID": "SMS00ALL"},
                ]
            },
            False,
        ),
    ],
)
def test_full_administrators_are_known_by_id_or_by_english_name(observed, columns, full):
    (administrator,) = observed({"site/SMS_Admin": [{"LogonName": "X", **columns}]}).fact(Administrators)
    assert administrator.full is full


def test_deleted_administrators_do_not_count(observed):
    rows = [{"LogonName": "gone", "IsDeleted": True}, {"LogonName": "here", "IsDeleted": "False"}]
    with pytest.raises(Unreadable):
        observed({"site/SMS_Admin": [{"LogonName": "odd", "IsDeleted": "perhaps"}]}).fact(Administrators)
    assert [user.name for user in observed({"site/SMS_Admin": rows}).fact(Administrators)] == ["here"]


ROOT = SimpleNamespace(
    thumbprint="AA", subject=(("CN", "Contoso Root CA"), ("OU", "Servers"), ("O", "Contoso, Ltd"), ("ST", "Bavaria"))
)


@pytest.mark.parametrize(
    ("subject", "thumbprint", "same"),
    [
        ("", "AA", True),
        ("CN=Contoso Root CA", "BB", False),
        ("CN=Contoso Root CA", "", True),
        ("CN=Contoso Root CA; OU=Servers; O=Contoso, Ltd; S=Bavaria", "", True),
        ("cn=contoso root ca, ou=servers, o=Contoso, Ltd", "", True),
        (r"CN=Contoso Root CA,O=Contoso\, Ltd", "", True),
        ("O=Contoso, Ltd; CN=Contoso Root CA", "", True),
        ("CN=Contoso Root CA; OU=PKI", "", False),
        ("CN=Contoso Root CA 2", "", False),
        ("O=xCN=Contoso Root CA", "", False),
        ("S=Bavaria", "", False),
        ("CN=", "", False),
        ("", "", False),
    ],
)
def test_a_trusted_root_is_known_by_thumbprint_else_by_its_attributes(subject, thumbprint, same):
    root = TrustedRoot(subject=subject, thumbprint=thumbprint, evidence=PLACE)
    assert root.is_root(cast("Certificate", ROOT)) is same
