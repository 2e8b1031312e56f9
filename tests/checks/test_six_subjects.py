"""The six subjects that the product was asked for: in each, one defect is the only difference from *ready*.

Licences, MDM authority, certificate compatibility and export flags, CNAME resolution, CRL settings, the log line.
"""

from __future__ import annotations

import pytest

from tests.lab import people
from tests.lab.dns import Record
from tests.lab.estate import contoso, contoso_2018
from tests.lab.logs import Log

SUBJECTS = {
    "licences": (
        contoso(people__overrides={"bob": people.assigned(off=(people.PREMIUM,))}),
        {"LIC040": "fail"},
    ),
    "MDM authority": (contoso(tenant__mdm_authority="sccm"), {"TEN010": "fail"}),
    "certificate compatibility": (
        contoso_2018(directory__web__private_key_flag=0x04060010),
        {"TPL040": "fail", "TPL050": "blocked", "TPL120": "blocked"},
    ),
    "export flag of the cloud services' certificates": (
        contoso_2018(directory__web__private_key_flag=0x01010000),
        {"TPL060": "fail"},
    ),
    "export flag of the clients' certificates": (
        contoso(directory__client__private_key_flag=0x01010010),
        {"TPL250": "fail"},
    ),
    "CRL settings": (
        contoso_2018(design__gateway__verify_client_revocation="on"),
        {"CRL050": "fail"},
    ),
    "the log line": (
        contoso(logs__discovery=Log(rolled=(), current=((300, "Retrieving AAD discovery settings from database..."),
                                                        (1, "Making Graph request")))),
        {"LOG010": "fail", "LOG020": "not assessed"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_one_defect_breaks_what_it_really_breaks(changed, subject):
    estate, outcomes = SUBJECTS[subject]
    assert changed(estate) == outcomes


def test_a_cname_to_another_service_breaks_what_rests_on_it(changed):
    service, stranger = contoso().names.gateway_service, "contosocmg.northeurope.cloudapp.azure.com"
    outside = {service: Record(cname=stranger), stranger: Record(addresses=("20.50.9.9",))}
    estate = contoso(dns__outside=outside)
    assert changed(estate)["DNS030"] == "fail"
    assert set(changed(estate)) == {"DNS030", "DNS050", "DNS060"}
