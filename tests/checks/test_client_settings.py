"""Client settings: each case changes one thing in healthy Contoso."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab.estate import Estate, contoso
from tests.lab.site_clients import Settings

OPTIONS = {"distribution_point": "CLS020", "join": "CLS030", "gateway": "CLS040"}
ALL = ("CLS020", "CLS030", "CLS040")


def settings(**changes: Any) -> Estate:
    """Contoso with these custom settings only."""
    return contoso(site__settings=(Settings(**changes),))


@pytest.mark.parametrize(("option", "id"), OPTIONS.items())
@pytest.mark.parametrize("value", [False, 0, "0", "False"])
def test_a_setting_that_is_off_fails_in_every_spelling(changed, option, id, value):
    assert changed(settings(**{option: value})) == {id: "fail"}


@pytest.mark.parametrize("value", [1, "1", "True", "true"])
def test_a_setting_that_is_on_passes_in_every_spelling(changed, value):
    assert changed(settings(**dict.fromkeys(OPTIONS, value))) == {}


def test_settings_of_another_name_fail_and_block_the_rest(changed):
    expected = {"CLS010": "fail", **dict.fromkeys((*ALL, "CLS050"), "blocked")}
    assert changed(settings(name="Workstations")) == expected


def test_settings_for_users_are_none_for_devices(changed):
    assert changed(settings(type=2))["CLS010"] == "fail"


def test_settings_that_thin_rights_hide_are_not_assessed(judge):
    results = judge(contoso(site__settings=(), site__full_access=False))
    ids = ("CLS010", *ALL, "CLS050")
    assert {id: results[id].outcome.value for id in ids} == dict.fromkeys(ids, "not assessed")


def test_groups_that_a_list_read_left_out_are_not_assessed(changed):
    assert changed(settings(groups_read=False)) == dict.fromkeys(ALL, "not assessed")


def test_without_the_group_the_default_settings_decide(judge):
    estate = settings(cloud_group=False)
    assert {judge(estate)[id].outcome.value for id in ALL} == {"not assessed"}
    defaults = {"AllowCloudDP": "True", "AllowCMG": "True", "AutoAADJoin": "False"}
    results = judge(estate.with_(site__default_settings=defaults))
    assert {id: results[id].outcome.value for id in ALL} == {"CLS020": "pass", "CLS030": "fail", "CLS040": "pass"}


def test_stronger_settings_on_the_same_collection_win(changed):
    stronger = Settings(name="Kiosks", priority=1, gateway=False)
    estate = contoso(site__settings=(Settings(priority=2), stronger))
    assert changed(estate) == {"CLS040": "fail"}


def test_a_number_as_text_is_a_priority(changed):
    weaker = Settings(name="Kiosks", priority="10", gateway=False)
    assert changed(contoso(site__settings=(Settings(priority="9"), weaker))) == {}


def test_stronger_settings_on_another_collection_do_not_matter(changed):
    other = Settings(name="Kiosks", priority=1, gateway=False, collections=("PS100099",))
    assert changed(contoso(site__settings=(Settings(priority=2), other))) == {}


def test_settings_that_are_not_deployed_fail(changed):
    # F115: the devices never register, without any error.
    assert changed(settings(collections=())) == {"CLS050": "fail"}


def test_settings_on_an_empty_collection_fail(changed):
    assert changed(settings(collections=("PS100099",))) == {"CLS050": "fail"}


def test_one_collection_with_members_is_enough(changed):
    assert changed(settings(collections=("PS100099", "SMS00001"))) == {}


def test_a_collection_that_was_not_read_is_not_assessed(changed):
    assert changed(settings(collections=("PS100777",))) == {"CLS050": "not assessed"}


def test_any_settings_will_do_where_none_are_declared(judge):
    results = judge(settings(name="Workstations").with_(design__clients__settings=""))
    assert {results[id].outcome.value for id in (*ALL, "CLS050")} == {"pass"}
    assert results["CLS010"].outcome == "not applicable"


def test_without_custom_settings_the_default_reaches_everybody(judge):
    estate = contoso(site__settings=(), design__clients__settings="")
    assert {judge(estate)[id].outcome.value for id in ALL} == {"not assessed"}
    on = estate.with_(site__default_settings=dict.fromkeys(("AllowCloudDP", "AllowCMG", "AutoAADJoin"), 1))
    results = judge(on)
    assert {results[id].outcome.value for id in ALL} == {"pass"}
    assert results["CLS050"].outcome == "not applicable"


@pytest.mark.parametrize(
    ("observation", "ids"),
    [
        ("site/SMS_ClientSettings", ("CLS010", *ALL, "CLS050")),
        ("site/SMS_ClientSettingsAssignment", ("CLS010", *ALL, "CLS050")),
    ],
)
def test_refused_requests_are_not_assessed(changed, observation, ids):
    assert changed(contoso().refusing(observation)) == dict.fromkeys(ids, "not assessed")
