"""The client through Intune: each case changes one thing in healthy Contoso."""

from __future__ import annotations

import pytest

from tests.lab.estate import Estate, contoso, contoso_2018

NAMES = contoso().names
HOST = f"{NAMES.gateway_service}/CCM_Proxy_MutualAuth/{NAMES.management_point_role_id}"
GOOD = f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1"'
BOO = ("BOO010", "BOO020", "BOO030", "BOO040", "BOO050", "BOO060", "BOO070", "BOO080")
WIN32 = {
    "@odata.type": "#microsoft.graph.win32LobApp",
    "fileName": "ccmsetup.intunewin",
    "commandLine": None,
}


def line(text: str) -> Estate:
    """Contoso whose app has this command line."""
    return contoso(intune__command_line=text)


def test_existing_clients_need_no_app(changed):
    found = changed(contoso(intune__app=False))
    expected = dict.fromkeys(BOO, "not applicable") | {"ENR060": "not applicable"}
    del expected["BOO070"]
    assert found == expected


def test_where_devices_enrol_first_somebody_must_bring_the_client(changed, judge):
    found = judge(contoso(intune__app=False, design__rollout__path="intune-first"))
    assert found["BOO010"].outcome.value == "fail"
    assert found["BOO080"].blocked_by == ("BOO010",)


@pytest.mark.parametrize("text", [GOOD, GOOD[len('CCMSETUPCMD="') : -1]], ids=["wrapped", "bare"])
def test_the_policy_that_replaced_the_app_is_enough(changed, text):
    """Whether the policy takes the line with or without CCMSETUPCMD is not documented: both are read."""
    estate = contoso(intune__app=False, intune__policy=text, design__rollout__path="intune-first")
    found = {id: outcome for id, outcome in changed(estate).items() if id.startswith("BOO")}
    assert found == {"BOO020": "not applicable"}


def test_the_app_that_the_policy_replaced_is_a_leftover(changed):
    """Assigned to nobody: its old command line misleads no device."""
    leftover = {"assignments": [], "commandLine": "CCMSETUPCMD=old", "publishingState": "notPublished"}
    estate = contoso(intune__app_properties=leftover, intune__policy=GOOD)
    assert changed(estate) == {"BOO020": "not applicable"}


def test_a_policy_that_does_not_install_the_client_is_none(judge):
    estate = contoso(
        intune__app=False,
        intune__policy=GOOD,
        intune__policy_installs=False,
        design__rollout__path="intune-first",
    )
    assert judge(estate)["BOO010"].outcome.value == "fail"


@pytest.mark.parametrize("state", ["notPublished", "processing"])
def test_an_app_that_is_not_published_fails(changed, state):
    found = changed(contoso(intune__app_properties={"publishingState": state}))
    assert found == {"BOO010": "fail", "BOO080": "blocked"}


def test_a_publishing_state_that_was_not_answered_is_not_assessed(changed):
    assert changed(contoso(intune__app_properties={"publishingState": None})) == {"BOO010": "not assessed"}


@pytest.mark.parametrize("name", ["description", "publisher"])
@pytest.mark.parametrize("value", ["", "  ", None])
def test_an_app_without_its_particulars_is_advice(changed, judge, name, value):
    estate = contoso(intune__app_properties={name: value})
    assert changed(estate) == {"BOO020": "fail"}
    assert judge(estate)["BOO020"].severity.value == "advice"


@pytest.mark.parametrize(
    "text",
    [
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1',
        f"CCMSETUPCMD=CCMHOSTNAME={HOST} SMSSITECODE=PS1",
        f"CCMHOSTNAME={HOST} SMSSITECODE=PS1",
        f'CCMSETUPCMD="CCMHOSTNAME={HOST}" SMSSITECODE=PS1',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST}" SMSSiteCode="PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST}"',
        'CCMSETUPCMD="SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME=https://{HOST} SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME={NAMES.gateway_service} SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME={NAMES.gateway_service}/CCM_Proxy_MutualAuth/{NAMES.server_app_id} SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME={NAMES.gateway_service}/CCM_Proxy_ServerAuth/72057594037928100 SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME=<{HOST}> SMSSITECODE=PS1"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=AUTO"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=<PS1>"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE="',
    ],
)
def test_a_malformed_command_line_fails(changed, text):
    found = changed(line(text))
    assert found == {"BOO030": "fail", "BOO060": "blocked"}


@pytest.mark.parametrize(
    "text",
    [
        f'ccmsetupcmd="ccmhostname={HOST.upper()} SMSSiteCode=ps1"',
        f'CCMSETUPCMD = "CCMHOSTNAME={HOST}   SMSSITECODE=PS1 "',
        f'CCMSETUPCMD="/NoCRLCheck /mp:https://{HOST} CCMHOSTNAME={HOST} SMSSITECODE=PS1 CCMALLOWSILENTREBOOT"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1 CCMCERTISSUERS=""CN=Contoso Root CA; O=Contoso, Ltd"""',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1 PROVISIONTS=PS120001 UPGRADETOLATEST=1"',
        f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1" /qn REBOOT=ReallySuppress',
    ],
)
def test_good_command_lines(changed, text):
    """No AADTENANTID, digits instead of a GUID, any case, more properties: all in order."""
    assert changed(line(text)) == {}


def test_the_tutorial_asks_for_the_applications_as_well(changed):
    text = GOOD.replace(NAMES.gateway_service, contoso_2018().names.gateway_service)
    found = changed(contoso_2018(intune__command_line=text))
    assert found == {"BOO030": "fail", "BOO060": "blocked", "BOO070": "not applicable"}


def test_a_mistyped_property_is_named_with_what_was_meant(changed, judge):
    estate = line(f'CCMSETUPCMD="CCMHOSTNAME={HOST} SMSSITECODE=PS1 MANGEDINSTALLER=1"')
    assert changed(estate) == {"BOO040": "fail"}
    assert judge(estate)["BOO040"].findings[0].advice == "MANGEDINSTALLER: did you mean MANAGEDINSTALLER?"


def test_a_line_that_is_too_long_fails(changed):
    longest = GOOD[:-1] + " FSP=" + "x" * (1024 - len(GOOD) - len(" FSP=")) + '"'
    assert changed(line(longest)) == {}
    assert changed(line(longest[:-1] + 'x"')) == {"BOO050": "fail"}


def test_another_gateway_fails(changed):
    text = 'CCMSETUPCMD="CCMHOSTNAME=other.contoso.com/CCM_Proxy_MutualAuth/72057594037928100 SMSSITECODE=PS1"'
    assert changed(line(text)) == {"BOO060": "fail"}


def test_another_site_fails(changed):
    assert changed(line(GOOD.replace("PS1", "PS2"))) == {"BOO060": "fail"}


def test_an_undeclared_gateway_is_not_assessed(judge):
    assert judge(contoso(design__gateway__service_name=""))["BOO060"].outcome.value == "not assessed"


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        (f"AADCLIENTAPPID={NAMES.client_app_id.upper()}", "pass"),
        (f"AADRESOURCEURI={NAMES.app_id_uri.upper()}/", "pass"),
        (f"AADCLIENTAPPID={NAMES.server_app_id}", "fail"),
        ("AADRESOURCEURI=https://ConfigMgrService", "fail"),
    ],
)
def test_applications_in_the_line_are_those_of_the_site(judge, more, outcome):
    assert judge(line(f'{GOOD[:-1]} {more}"'))["BOO070"].outcome.value == outcome


def test_no_required_assignment_fails(changed):
    expected = {"BOO080": "fail", "ENR060": "not applicable"}
    assert changed(contoso(intune__assignments=())) == expected
    assert changed(contoso(intune__assignments=(("available", "group", ""),))) == expected


def test_an_empty_group_fails(changed):
    assert changed(contoso(people__bootstrap=())) == {"BOO080": "fail"}


def test_a_group_of_devices_is_somebody(changed):
    assert changed(contoso(people__bootstrap=(), people__bootstrap_devices=("PC-0001",))) == {}


@pytest.mark.parametrize("everybody", ["allDevices", "allLicensedUsers"])
def test_everybody_is_somebody(changed, everybody):
    found = changed(contoso(intune__assignments=(("required", everybody, ""),)))
    assert found == {"ENR060": "not applicable"}


def test_a_group_that_is_excluded_again_fails(changed):
    both = (("required", "group", ""), ("required", "exclusion", ""))
    assert changed(contoso(intune__assignments=both)) == {"BOO080": "fail"}


def test_members_that_are_all_excluded_fail(changed):
    """The bootstrap group's two users are in the pilot's group as well."""
    both = (("required", "group", ""), ("required", "exclusion", NAMES.pilot_group_id))
    assert changed(contoso(intune__assignments=both)) == {"BOO080": "fail"}


def test_an_exclusion_that_leaves_somebody_is_in_order(changed):
    both = (("required", "group", NAMES.pilot_group_id), ("required", "exclusion", NAMES.bootstrap_group_id))
    assert changed(contoso(intune__assignments=both)) == {}


def test_unknown_members_are_not_assessed(changed):
    unknown = "33333333-0000-4000-8000-000000000078"
    required = (("required", "group", unknown),)
    assert changed(contoso(intune__assignments=required)) == {"BOO080": "not assessed", "ENR060": "not assessed"}
    excluded = (("required", "group", ""), ("required", "exclusion", unknown))
    assert changed(contoso(intune__assignments=excluded)) == {"BOO080": "not assessed"}


def test_a_group_without_users_whose_devices_are_unknown_is_not_assessed(changed):
    estate = contoso(people__bootstrap=()).unrecorded(f"graph/group-devices/{NAMES.bootstrap_group_id}")
    assert changed(estate) == {"BOO080": "not assessed"}


def test_assignments_that_were_not_answered_are_not_assessed(changed):
    assert changed(contoso(intune__assignments=None)) == {"BOO080": "not assessed", "ENR060": "not applicable"}


@pytest.mark.parametrize(
    "properties",
    [
        {"setupFilePath": "ccmsetup.exe", "installCommandLine": f"ccmsetup.exe CCMHOSTNAME={HOST} SMSSITECODE=PS1"},
        {"setupFilePath": "ccmsetup.msi", "installCommandLine": f"msiexec /i ccmsetup.msi /qn {GOOD}"},
        {"setupFilePath": "run.cmd", "installCommandLine": f"run.cmd CCMHOSTNAME={HOST} SMSSITECODE=PS1"},
    ],
    ids=["exe", "msi", "by its line"],
)
def test_a_win32_app_is_an_app_as_well(changed, properties):
    assert changed(contoso(intune__app_properties=WIN32 | properties)) == {}


@pytest.mark.parametrize("absence", ["refusing", "unreachable", "unrecorded"])
@pytest.mark.parametrize("observation", ["graph/mobile-apps", "graph/enrolment-configurations"])
def test_without_apps_or_policies_nothing_is_said(changed, absence, observation):
    found = changed(getattr(contoso(), absence)(observation))
    expected = dict.fromkeys((*BOO, "ENR060"), "not assessed")
    if observation == "graph/enrolment-configurations":
        expected["ENR070"] = "not assessed"
    assert found == expected


def test_a_registration_token_never_shows(judge):
    estate = line('CCMSETUPCMD="/regtoken:eyJ0eXAiOiJKV1QiLCJhbGciOi CCMHOSTNAME=x SMSSITECODE=PS1"')
    result = judge(estate)["BOO030"]
    assert "eyJ0" not in str(result)
    assert "/regtoken:***" in str(result)
