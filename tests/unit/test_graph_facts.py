"""Hostile and odd answers of Graph and Azure: read, or unreadable with the place, never a traceback or a guess."""

from __future__ import annotations

import pytest

from comgmt_audit.errors import FactUnavailable
from comgmt_audit.facts.devices import ManagedDevices
from comgmt_audit.facts.directory_roles import GlobalAdministrators
from comgmt_audit.facts.enrolment import EnrolmentRestrictions, MdmPolicies
from comgmt_audit.facts.entra_apps import Applications, ClientApp, ServerApp
from comgmt_audit.facts.groups import Groups
from comgmt_audit.facts.intune_apps import ClientDeliveries
from comgmt_audit.facts.subscription import Providers, Subscription
from tests.lab.entra_apps import application
from tests.lab.estate import contoso
from tests.lab.intune import Scope, device
from tests.lab.people import principal

NAMES = contoso().names
OTHER = "aaaaaaaa-0000-4000-8000-000000000004"
NO_SITE = "site/SMS_AAD_Application_Ex"


def test_times_of_secrets_are_cut_to_the_second(read):
    apps = read(contoso(entra_apps__secrets=("9999-12-31T23:59:59.9999999Z",)), Applications)
    assert apps.by_id[NAMES.server_app_id].secrets[0].ends.year == 9999


def test_an_application_without_what_was_selected_is_unreadable(read):
    with pytest.raises(FactUnavailable, match="line 3"):
        read(contoso(entra_apps__others=({"id": "1", "appId": "2"},)), Applications)


def test_the_design_names_the_application_before_anybody_else(read):
    found = read(contoso(design__apps={"server_app_id": OTHER.upper()}), ServerApp).registration
    assert (found.app_id, found.source, found.application) == (OTHER, "the design", None)


def test_the_site_names_it_next(read):
    assert read(contoso(), ServerApp).registration.source == "the site"
    assert read(contoso(), ClientApp).registration.source == "the site"


def test_the_shape_names_it_where_the_site_is_silent(read):
    estate = contoso().unrecorded(NO_SITE)
    assert read(estate, ServerApp).registration.app_id == NAMES.server_app_id
    found = read(estate, ClientApp).registration
    assert (found.app_id, found.source) == (NAMES.client_app_id, "its shape")


def test_two_applications_of_the_same_shape_are_not_guessed_between(read):
    twin = application(OTHER, "Second", uris=("https://ConfigMgrService",))
    with pytest.raises(FactUnavailable, match=OTHER) as caught:
        read(contoso(entra_apps__others=(twin,)).unrecorded(NO_SITE), ServerApp)
    assert "apps.server_app_id" in caught.value.cure


def test_a_scope_that_nobody_documents_is_unreadable(read):
    with pytest.raises(FactUnavailable, match="unknownFutureValue"):
        read(contoso(intune__mdm=Scope(applies_to="unknownFutureValue")), MdmPolicies)


def test_a_group_whose_members_are_refused_does_not_stop_the_others(read):
    groups = read(contoso().refusing(f"graph/group-members/{NAMES.pilot_group_id}"), Groups)
    assert groups[NAMES.pilot_group_id].users is None
    assert "403" in groups[NAMES.pilot_group_id].why
    assert len(groups[NAMES.bootstrap_group_id].enabled_users) == 2


def test_a_group_that_nobody_asked_for_is_unknown(read):
    group = read(contoso(), Groups)[OTHER]
    assert (group.users, group.devices, group.label) == (None, None, f"group {OTHER}")
    assert group.cure


def test_members_of_unknown_state_are_neither_enabled_nor_complete(read):
    estate = contoso(people__overrides={"bob": {"accountEnabled": None}})
    group = read(estate, Groups)[NAMES.bootstrap_group_id]
    assert [member.name for member in group.enabled_users] == ["adele@contoso.com"]
    assert [member.name for member in group.doubtful_users] == ["bob@contoso.com"]
    assert not group.complete


def test_a_principal_that_was_not_expanded_is_of_unknown_kind(read):
    unknown = {"@odata.type": None, "id": OTHER}
    (holder,) = read(contoso(people__administrators=(unknown,)), GlobalAdministrators)
    assert (holder.kind, holder.enabled, holder.name) == ("", None, OTHER)


def test_kinds_of_principals(read):
    holders = read(
        contoso(people__administrators=(principal("user", "a@b"), principal("group", "g"))), GlobalAdministrators
    )
    assert [holder.kind for holder in holders] == ["user", "group"]


def test_only_the_default_restriction_is_taken(read):
    (restriction,) = read(contoso(intune__windows_blocked=None), EnrolmentRestrictions)
    assert restriction.windows_blocked is None


def test_an_app_that_has_nothing_to_do_with_it_is_left_out(read):
    assert [delivery.kind for delivery in read(contoso(), ClientDeliveries)] == ["msi"]


def test_assignments_to_targets_that_nobody_knows_are_left_out(read):
    (delivery,) = read(contoso(intune__assignments=(("required", "somethingNew", ""),)), ClientDeliveries)
    assert delivery.required == ()


def test_an_assignment_to_a_group_without_an_id_is_unreadable(read):
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget"}
    broken = {"assignments": [{"intent": "required", "target": target}]}
    with pytest.raises(FactUnavailable, match="line 1"):
        read(contoso(intune__app_properties=broken), ClientDeliveries)


@pytest.mark.parametrize(
    ("agent", "known"),
    [
        ("configurationManagerClientMdm", "configurationManagerClientMdm"),
        ("mdm", "mdm"),
        ("somethingNew", ""),
        ("", ""),
    ],
)
def test_an_agent_of_a_new_name_is_unknown(read, agent, known):
    (found,) = read(contoso(intune__devices=(device("PC", 1, agent),)), ManagedDevices)
    assert found.agent == known


def test_a_device_list_without_rows_is_no_knowledge(read):
    with pytest.raises(FactUnavailable, match="no device"):
        read(contoso(intune__devices=()), ManagedDevices)


def test_ids_of_azure_are_compared_in_lower_case(read):
    found = read(contoso(azure__subscription_id=NAMES.subscription_id.upper()), Subscription)
    assert found.id == NAMES.subscription_id


def test_a_provider_without_a_state_is_unknown(read):
    providers = read(contoso(azure__providers=(("microsoft.KEYVAULT", None),)), Providers)
    assert providers.by_namespace["microsoft.keyvault"].state is None
