"""Where a finding compares two systems, it names the place of both: whoever mends it must know which one to look at."""

from __future__ import annotations

import pytest

from comgmt_audit.model import Outcome
from tests.lab import coverage

SIDES = {
    # The names of the CMG: certificate, site, Azure, DNS, clients.
    "CMG090": ("site/SMS_AzureService", "certificate-file/"),
    "CDP090": ("site/SMS_AzureService", "certificate-file/"),
    "DNS050": ("dns/inside/", "dns/outside/"),
    "LOG080": ("log/", "site/SMS_AzureService"),
    # Thumbprints: file, site, served, uploaded.
    "TLS010": ("tls/", "certificate-file/"),
    "TLS020": ("tls/", "site/SMS_AzureService"),
    "MGT060": ("certificate-file/", "arm/management-certificates"),
    "CMG140": ("site/SMS_AzureService", "certificate-file/"),
    "CDP070": ("site/SMS_AzureService", "certificate-file/"),
    "HST140": ("certificate-file/", "host/"),
    # Applications and the tenant: site, Entra ID, directory, clients.
    "APP110": ("site/SMS_AAD_Application_Ex", "graph/applications"),
    "COM020": ("site/SMS_ConfigurationPolicy", "site/SMS_AAD_Tenant_Ex"),
    "HYB020": ("directory/service-connection-point", "graph/organization"),
    "HYB040": ("host/", "graph/organization"),
    # The root: site, CMG, directory, chains.
    "SIT060": ("certificate-file/", "site/trusted-root-list"),
    "HST110": ("host/", "site/trusted-root-list"),
    "CRL010": ("directory/", "site/gateway-certificates"),
    "CRL030": ("directory/", "site/gateway-certificates"),
    "DIR030": ("directory/enrollment-services", "directory/certification-authorities"),
    "ROO050": ("directory/", "certificate-file/"),
    # People: pilot, MDM user scope, licences.
    "ENR060": ("graph/group-members/", "graph/mdm-policies"),
    "USR010": ("site/SMS_UserMachineRelationship", "site/SMS_R_User"),
    "USR020": ("site/SMS_UserMachineRelationship", "graph/users", "graph/mdm-policies"),
    "USR030": ("graph/users", "graph/mdm-policies"),
    "CLK010": ("site/clock", "graph/clock"),
}
"""By check, where the sides stand that it compares: ids of observations, or their beginnings."""


@pytest.mark.parametrize("id", SIDES)
def test_a_failure_names_both_sides(id, judge):
    (defect, *_) = coverage.proving(id)
    failed = [one for one in judge(defect.estate())[id].findings if one.outcome is Outcome.FAIL]
    assert failed
    for finding in failed:
        places = [place.observation for place in finding.evidence]
        assert [side for side in SIDES[id] if not any(place.startswith(side) for place in places)] == [], defect.name
