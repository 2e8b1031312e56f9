"""Who works at the pilot's devices, followed from the site to Entra ID by the security identifier."""

from __future__ import annotations

import pytest

from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.pilot_users import PilotUsers
from tests.lab.estate import Estate, contoso
from tests.lab.people import user_sid
from tests.lab.site_clients import Device


def accounts(pilot: PilotUsers) -> list[tuple[str, str]]:
    return [(user.account, user.name) for user in pilot]


def used_by(*accounts: str) -> Estate:
    names = ("", "PC002", "PC003")
    return contoso(site__devices=tuple(Device(number=n, name=names[n], user=one) for n, one in enumerate(accounts)))


def test_each_primary_user_is_the_user_of_entra_with_the_same_identifier(read):
    pilot = read(contoso(), PilotUsers)
    assert accounts(pilot) == [("CONTOSO\\adele", "adele@contoso.com"), ("CONTOSO\\bob", "bob@contoso.com")]
    sides = [place.observation for place in next(iter(pilot)).sides]
    assert sides == ["site/SMS_UserMachineRelationship", "site/SMS_R_User", "graph/users"]


def test_who_has_several_devices_is_one_user(read):
    pilot = read(used_by("bob", "BOB"), PilotUsers)
    assert [(user.account, user.devices) for user in pilot] == [("CONTOSO\\bob", ("PC001", "PC002"))]


def test_the_name_plays_no_part(read):
    renamed = contoso(people__overrides={"adele": {"userPrincipalName": "a.vance@contoso.com"}})
    assert accounts(read(renamed, PilotUsers))[0] == ("CONTOSO\\adele", "a.vance@contoso.com")


def test_an_identifier_in_another_case_is_the_same(read):
    sid = user_sid(contoso(), 0).lower()
    found = read(contoso(people__overrides={"adele": {"onPremisesSecurityIdentifier": sid}}), PilotUsers)
    assert accounts(found)[0] == ("CONTOSO\\adele", "adele@contoso.com")


def test_an_account_that_is_not_discovered_has_no_identifier(read):
    adele = next(iter(read(contoso(site__undiscovered=("adele",)), PilotUsers)))
    assert (adele.sid, adele.id, len(adele.sides)) == ("", "", 1)


def test_users_of_devices_outside_the_pilot_do_not_matter(read):
    """The site lists every relationship; only the pilot's members are meant."""
    estate = contoso(site__devices=(Device(),), site__others=(Device(number=7, name="PC900", user="mallory"),))
    assert accounts(read(estate, PilotUsers)) == [("CONTOSO\\adele", "adele@contoso.com")]


def test_a_relationship_that_is_over_does_not_matter(read):
    estate = contoso(site__devices=(Device(), Device(number=1, name="PC002", user="bob", user_active="0")))
    assert accounts(read(estate, PilotUsers)) == [("CONTOSO\\adele", "adele@contoso.com")]


def test_without_any_identifier_nobody_is_compared(read):
    """As in a recording of an older version, or of a tenant that is not synchronised."""
    nobody = {"onPremisesSecurityIdentifier": None}
    estate = contoso(
        people__users=2, people__overrides={"adele": nobody, "bob": nobody}, people__guests=(), people__leavers=()
    )
    with pytest.raises(FactUnavailable, match="no user was answered with onPremisesSecurityIdentifier"):
        read(estate, PilotUsers)


def test_no_relationship_is_knowledge_only_to_who_sees_everything(read):
    assert accounts(read(used_by("", ""), PilotUsers)) == []
    with pytest.raises(FactUnavailable, match="may have hidden"):
        read(used_by("", "").with_(site__full_access=False), PilotUsers)
