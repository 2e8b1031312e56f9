"""Roles, cloud services, tenants, client settings and co-management, as hostile or odd answers show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from comgmt_audit.errors import FactUnavailable, Refused, Unreadable
from comgmt_audit.facts import Environment
from comgmt_audit.facts.azure_services import AzureServices, ConfigMgrApps, ConfigMgrTenants
from comgmt_audit.facts.client_settings import ClientSettings, CloudOptions
from comgmt_audit.facts.cloud_services import DistributionPoints, Gateways, has_suffix
from comgmt_audit.facts.co_management import CoManagedDevices, CoManagement, IntunePolicies, policy_rules
from comgmt_audit.facts.site_collections import Collections
from comgmt_audit.facts.site_roles import ComponentStates, ConnectionPoints, ManagementPoints
from comgmt_audit.model import Evidence
from tests.lab.site_clients import policy_xml

Observed = Callable[..., Environment]

FULL = {"full_access": True}
PLACE = Evidence("site/SMS_ConfigurationPolicy", "line 1/SDMPackageXML")
GUID = "72f988bf-0000-4000-8000-2d7cd011db00"


def role(name: str, server: str, ssl_state: int = 0, **flags: object) -> dict[str, Any]:
    """A row of SMS_SCI_SysResUse."""
    props = [{"PropertyName": key, "Value": value} for key, value in flags.items()]
    return {
        "RoleName": name,
        "NetworkOSPath": f"\\\\{server}",
        "SiteCode": "PS1",
        "SslState": ssl_state,
        "Props": props,
    }


def rule(id: str, value: object) -> str:
    """A rule of a policy."""
    constant = f'<Operands><ConstantValue Value="{value}"/></Operands>'
    return f'<Rule><Annotation><DisplayName ResourceId="{id}"/></Annotation><Expression>{constant}</Expression></Rule>'


def policy(*rules: str) -> str:
    """A policy of these rules, without namespaces."""
    return f"<DesiredConfigurationDigest><Rules>{''.join(rules)}</Rules></DesiredConfigurationDigest>"


# Roles


def test_a_property_that_is_missing_is_unknown(observed):
    rows = {"site/SMS_SCI_SysResUse": [role("SMS Management Point", "MP01", AllowProxyTraffic="0")]}
    environment = observed(rows)
    (point,) = environment.fact(ManagementPoints)
    assert (point.server, point.is_https, point.allows_gateway, point.internet) == ("MP01", False, False, None)
    with pytest.raises(Refused):
        environment.fact(ConnectionPoints)


def test_the_ssl_state_of_a_property_is_not_that_of_the_role(observed):
    # Distribution points have a property of that name, with 63 for HTTPS.
    row = role("SMS Management Point", "MP01", 0, SslState=63)
    (point,) = observed({"site/SMS_SCI_SysResUse": [row]}).fact(ManagementPoints)
    assert point.protocol == "http"


def test_an_odd_flag_names_its_place(observed):
    row = role("SMS Management Point", "MP01", 0, MPInternetFacing="maybe")
    with pytest.raises(Unreadable, match=r"line 1/Props/0/Value: 'maybe' is not yes or no"):
        observed({"site/SMS_SCI_SysResUse": [row]}).fact(ManagementPoints)


def test_which_management_points_serve_the_gateway(observed):
    rows = [
        role("SMS Management Point", "MP01", 1, AllowProxyTraffic=1),
        role("SMS Management Point", "MP02", 1, AllowProxyTraffic=0),
    ]
    points = observed({"site/SMS_SCI_SysResUse": rows}).fact(ManagementPoints)
    assert [point.server for point in points.serving("")] == ["MP01"]
    assert [point.server for point in points.serving("mp02")] == ["MP02"]
    assert points.serving("MP03") == ()
    neither = observed({"site/SMS_SCI_SysResUse": rows[1:]}).fact(ManagementPoints)
    assert [point.server for point in neither.serving("")] == ["MP02"]


def test_of_several_intervals_the_one_since_midnight_is_read(observed):
    component = {"ComponentName": "SMS_X", "MachineName": "CM01", "State": 1}
    rows = [
        {**component, "TallyInterval": "0001128000080008", "Status": 2},
        {**component, "TallyInterval": "0001128000100008", "Status": "0"},
        {**component, "MachineName": "cm01", "TallyInterval": "0001128000200008", "Status": 1},
    ]
    (state,) = observed({"site/SMS_ComponentSummarizer": rows}).fact(ComponentStates).of("SMS_X")
    assert (state.status, state.evidence.pointer) == ("green", "line 2")
    (first,) = observed({"site/SMS_ComponentSummarizer": rows[::2]}).fact(ComponentStates).of("SMS_X")
    assert first.status == "red"


# Cloud services


@pytest.mark.parametrize(
    ("name", "deployment"),
    [
        ("x.westeurope.cloudapp.azure.com", "scale-set"),
        ("X.WestEurope.CloudApp.Azure.com.", "scale-set"),
        ("x.usgovarizona.cloudapp.usgovcloudapi.net", "scale-set"),
        ("x.cloudapp.net", "classic"),
        ("x.usgovcloudapp.net", "classic"),
        ("xcloudapp.net", ""),
        ("cloudapp.net", ""),
        ("x.cloudapp.net.evil.example", ""),
        (None, ""),
    ],
)
def test_the_suffix_shows_the_deployment_model(observed, name, deployment):
    row = {"ServiceType": "cloudproxyservice", "Fqdn": name, "DeploymentModel": 1}
    (gateway,) = observed({"site/SMS_AzureService": [row]}).fact(Gateways)
    assert gateway.deployment == deployment


def test_suffixes_are_compared_by_whole_labels():
    assert has_suffix("a.cloudapp.net", ("cloudapp.net",))
    assert not has_suffix("acloudapp.net", ("cloudapp.net",))


def test_gateways_and_distribution_points_are_told_apart(observed):
    rows = [
        {"ServiceType": "CloudDistributionPoint", "Name": "cdp"},
        {"ServiceType": "CloudProxyService", "Name": "cmg"},
    ]
    environment = observed({"site/SMS_AzureService": rows})
    assert [one.label for one in environment.fact(Gateways)] == ["CMG cmg"]
    assert [one.label for one in environment.fact(DistributionPoints)] == ["CDP cdp"]


@pytest.mark.parametrize(("state", "name"), [(0, "Ready"), ("6", "Stopped"), (None, ""), (77, "")])
def test_states_that_nobody_explains_have_no_name(observed, state, name):
    row = {"ServiceType": "CloudProxyService", "State": state}
    (gateway,) = observed({"site/SMS_AzureService": [row]}).fact(Gateways)
    assert gateway.state_name == name


# Tenants and applications


def test_the_tenant_of_an_application_is_found_by_the_number_of_its_row(observed):
    tenants = [{"ID": "1", "Name": "Contoso", "TenantID": GUID.upper()}]
    apps = [
        {"ID": 3, "ClientID": "AAAA", "TenantID": 1, "IdentifierUri": "api://x"},
        {"ID": 4, "ClientID": "BBBB", "TenantID": "2", "IdentifierUri": None},
        {"ID": 5, "ClientID": "CCCC", "TenantID": None},
    ]
    environment = observed({"site/SMS_AAD_Tenant_Ex": tenants, "site/SMS_AAD_Application_Ex": apps})
    known = environment.fact(ConfigMgrApps)
    assert [(app.client_id, app.tenant_id) for app in known] == [("aaaa", GUID), ("bbbb", None), ("cccc", None)]
    assert [app.client_id for app in known.with_uri] == ["aaaa"]
    assert [app.client_id for app in known.without_uri] == ["bbbb", "cccc"]


def test_a_guid_where_the_number_of_the_row_belongs_is_unreadable(observed):
    tenants = [{"ID": 1, "TenantID": GUID}]
    apps = [{"ClientID": "AAAA", "TenantID": GUID}]
    environment = observed({"site/SMS_AAD_Tenant_Ex": tenants, "site/SMS_AAD_Application_Ex": apps})
    with pytest.raises(Unreadable, match="line 1/TenantID"):
        environment.fact(ConfigMgrApps)


def test_tenants_that_could_not_be_read_leave_the_applications_unread(observed):
    environment = observed({"site/SMS_AAD_Application_Ex": [{"ClientID": "AAAA"}]})
    for fact in (ConfigMgrTenants, ConfigMgrApps):
        with pytest.raises(FactUnavailable, match="SMS_AAD_Tenant_Ex"):
            environment.fact(fact)


def test_a_service_of_unknown_type_is_not_cloud_attach(observed):
    rows = [{"Name": "a", "ServiceType": None}, {"Name": "b", "ServiceType": "5"}]
    services = observed({"site/SMS_Azure_CloudService": rows}).fact(AzureServices)
    assert [service.is_cloud_attach for service in services] == [False, True]


# Client settings


def settings(
    observed: Observed, *rows: dict[str, Any], assignments: Sequence[object] = (), default: object = None
) -> ClientSettings:
    """The fact of these rows."""
    observations: dict[str, object] = {
        "site/SMS_ClientSettings": list(rows),
        "site/SMS_ClientSettingsAssignment": list(assignments),
    }
    if default is not None:
        observations["site/default-client-settings"] = default
    return observed(observations, about=FULL).fact(ClientSettings)


def test_the_group_is_known_by_its_number_and_not_by_its_type(observed):
    agents = [{"@odata.type": "#AdminService.SMS_CloudAgentConfig", "AgentID": 13, "AllowCMG": False}]
    agents.append({"@odata.type": "#anything", "AgentID": "22", "AllowCMG": "True"})
    row = {"SettingsID": 1, "Name": "x", "Priority": 1, "Type": 1, "AgentConfigurations": agents}
    (one,) = settings(observed, row)
    assert one.options is not None
    assert (one.options.gateway, one.options.join, one.readable) == (True, None, True)
    assert one.evidence.pointer == "line 1/AgentConfigurations/1"


@pytest.mark.parametrize("agents", [None, []])
def test_groups_that_were_left_out_are_unknown(observed, agents):
    row = {"SettingsID": 1, "Name": "x", "Priority": 1, "Type": 1, "AgentConfigurations": agents}
    (one,) = settings(observed, row)
    assert (one.options, one.readable) == (None, False)


def test_settings_without_assignment_reach_nobody(observed):
    row = {"SettingsID": 1, "Name": "x", "Priority": "3", "Type": "1"}
    other = {"ClientSettingsID": "2", "CollectionID": "PS100021"}
    (one,) = settings(observed, row, assignments=[other])
    assert (one.collections, one.priority) == ((), 3)


@pytest.mark.parametrize("default", [{}, {"AllowCMG": None}, {"AllowCMG": ""}])
def test_default_settings_that_do_not_say_are_unknown(observed, default):
    found = settings(observed, default=default)
    assert found.default is not None
    assert found.default.options == CloudOptions()


def test_odd_settings_name_their_place(observed):
    agents = [{"AgentID": 22, "AllowCMG": "perhaps"}]
    row = {"SettingsID": 1, "Name": "x", "Priority": 1, "Type": 1, "AgentConfigurations": agents}
    with pytest.raises(Unreadable, match="line 1/AgentConfigurations/0/AllowCMG"):
        settings(observed, row)


def test_a_collection_without_count_is_unknown(observed):
    rows = [{"CollectionID": "A", "Name": None, "MemberCount": None}, {"CollectionID": "B", "MemberCount": "0"}]
    collections = observed({"site/SMS_Collection": rows}).fact(Collections)
    assert [(one.name, one.members) for one in collections.by_id.values()] == [("A", None), ("B", 0)]
    assert not collections.complete


# Co-management


def test_rules_are_known_by_their_resource_ids_in_any_order():
    xml = policy(rule("WorkloadFlags_Name", 67), rule("Other_Name", "x"), rule("AUTOENROLL_Name", "True"))
    assert policy_rules(xml, PLACE) == (True, 67)


def test_without_an_id_that_names_them_the_flags_are_in_the_third_rule():
    xml = policy(rule("AutoEnroll_Name", "false"), rule("Allow_Name", "true"), rule("X", 49), rule("Y", 3))
    assert policy_rules(xml, PLACE) == (False, 49)


def test_namespaces_and_a_declaration_of_another_encoding_do_not_matter():
    assert policy_rules("\n" + policy_xml(True, 3), PLACE) == (True, 3)


@pytest.mark.parametrize("xml", ["", "  \n"])
def test_a_lazy_column_that_was_not_read_is_unknown(xml):
    assert policy_rules(xml, PLACE) == (None, None)


def test_a_policy_without_these_rules_says_nothing():
    assert policy_rules("<DesiredConfigurationDigest/>", PLACE) == (None, None)
    assert policy_rules(policy("<Rule/>", "<Rule/>", "<Rule/>"), PLACE) == (None, None)


@pytest.mark.parametrize(
    "xml",
    [
        "<a",
        "not xml",
        "\x00",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "<a>" + "x" * 5_000_000 + "</a>",
        policy(rule("AutoEnroll_Name", "perhaps")),
        policy(rule("Workload_Name", "many")),
    ],
    ids=["cut off", "text", "nul", "entity", "external dtd", "external entity", "too long", "odd rule", "odd flags"],
)
def test_hostile_policies_are_unreadable(xml):
    with pytest.raises(Unreadable, match="SMS_ConfigurationPolicy, line 1/SDMPackageXML") as raised:
        policy_rules(xml, PLACE)
    assert len(str(raised.value)) < 400


def test_deep_nesting_is_no_trap():
    assert policy_rules("<a>" * 100_000 + "</a>" * 100_000, PLACE) == (None, None)


def co_management(
    observed: Observed,
    *policies: tuple[str, object, str | None],
    assignments: Sequence[object] = (),
    about: dict[str, Any] = FULL,
) -> CoManagement:
    """The fact of these policies: name, assigned, XML."""
    rows = [
        {"CI_ID": number, "LocalizedDisplayName": name, "IsAssigned": assigned, "SDMPackageXML": xml}
        for number, (name, assigned, xml) in enumerate(policies, 1)
    ]
    observations = {"site/SMS_ConfigurationPolicy": rows, "site/SMS_ConfigurationPolicyAssignment": list(assignments)}
    return observed(observations, about=about).fact(CoManagement)


def test_other_policies_are_none_of_co_management(observed):
    found = co_management(observed, ("Firewall", True, "<not xml"))
    assert (found.enabled, found.enrolment) == (False, "none")
    with pytest.raises(Refused):
        co_management(observed, ("Firewall", True, None), about={})


def test_without_full_access_a_missing_pilot_policy_is_unknown(observed):
    found = co_management(observed, ("CoMgmtSettingsProd", "1", policy_xml(False, 3)), about={})
    authorities = {workload.name: workload.authority for workload in found.workloads}
    assert (found.enabled, found.enrolment) == (True, "")
    assert authorities.pop("compliance") == "intune"
    assert set(authorities.values()) == {""}


def test_a_pilot_policy_that_is_not_assigned_switches_nothing(observed):
    policies = (("CoMgmtSettingsProd", True, policy_xml(False, 1)), ("CoMgmtSettingsPilotCP", 0, None))
    assert {workload.authority for workload in co_management(observed, *policies).workloads} == {"configmgr"}


def test_assignments_are_joined_by_number_however_it_is_written(observed):
    assignments = [
        {"AssignedCIs": ["2"], "TargetCollectionID": "PS100021"},
        {"AssignedCIs": None, "TargetCollectionID": "PS100022"},
        {"AssignedCIs": [9, None], "TargetCollectionID": "PS100023"},
    ]
    policies = (
        ("CoMgmtSettingsProd", True, policy_xml(False, 1)),
        ("CoMgmtSettingsPilotAutoEnroll", True, policy_xml(True, 1)),
    )
    found = co_management(observed, *policies, assignments=assignments)
    assert (found.enrolment, found.enrolment_collections) == ("pilot", ("PS100021",))
    # The second row did not say which policy it deploys.
    assert not found.deployments_known
    assert co_management(observed, *policies, assignments=assignments[:1]).deployments_known


@pytest.mark.parametrize(("flags", "unknown"), [(1, 0), (255, 0), (256, 256), (8193, 8192)])
def test_bits_above_the_eighth_are_unknown(observed, flags, unknown):
    found = co_management(observed, ("CoMgmtSettingsProd", True, policy_xml(False, flags)))
    assert found.unknown_flags == unknown


def test_counts_that_are_missing_are_unknown(observed):
    rows = [{"workload": "compliance", "assigned": 0}, {"workload": "office", "assigned": None}]
    assert observed({"graph/workload-policies": rows}).fact(IntunePolicies).assigned == {"compliance": 0}


def devices(observed: Observed, *rows: dict[str, Any]) -> CoManagedDevices:
    """The fact of these states alone."""
    return observed({"site/SMS_Client_ComanagementState": list(rows)}, about=FULL).fact(CoManagedDevices)


def test_devices_are_known_by_either_number(observed):
    state = {"ComgmtPolicyPresent": "1"}
    found = devices(observed, {**state, "ResourceID": 5, "MachineId": 6}, {**state, "MachineId": "7"})
    assert [device.name for device in found] == ["5", "7"]


@pytest.mark.parametrize(
    ("columns", "failed", "code"),
    [
        ({"EnrollmentErrorDetail": 2149056555}, True, 0x8018002B),
        ({"EnrollmentErrorDetail": "-2145910741"}, True, 0x8018002B),
        ({"EnrollmentStatusCode": 3}, False, 3),
        ({"EnrollmentStatusCode": 3, "EnrollmentErrorDetail": -2145910741}, True, 0x8018002B),
        ({}, False, None),
    ],
)
def test_the_severity_bit_of_a_code_tells_failure_from_progress(observed, columns, failed, code):
    (device,) = devices(observed, {"ResourceID": 5, "MDMEnrolled": 0, "ComgmtPolicyPresent": 1, **columns})
    assert (device.failed, device.enrolment_code, device.co_managed) == (failed, code, False)
