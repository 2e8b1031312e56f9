"""Active Directory: what can be wrong with the CA, the groups and the accounts in it, and what it changes."""

from __future__ import annotations

from tests.lab import pki
from tests.lab.defects.defect import IN_USE, Defect
from tests.lab.estate import Estate, contoso, contoso_2018


def _root_of_the_same_name() -> Estate:
    """The public root takes the own root's name; the CMG's certificate below it stays a public one."""
    estate = contoso(
        certificates__public_root__common_name="Contoso Root CA",
        directory__published_roots=("public-root",),
        hosts__client__roots=None,
    )
    return estate.with_(design__pki__public_roots=[pki.fingerprint(estate, "public-root")])


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="directory-ca-on-windows-server-2008",
        story="The issuing CA runs on Windows Server 2008.",
        estate=lambda: contoso(directory__ca_system_version="6.0 (6003)"),
        fails={"DIR020": "CA Contoso Issuing CA 1"},
    ),
    Defect(
        name="directory-ca-windows-version-unknown",
        story="The computer account of the issuing CA does not say which Windows it runs.",
        estate=lambda: contoso(directory__ca_system_version=None),
        unassessed={"DIR020": "CA Contoso Issuing CA 1"},
    ),
    Defect(
        name="directory-2018-enrolment-group-missing",
        story="The group ConfigMgr IIS Servers does not exist.",
        estate=lambda: contoso_2018(directory__iis_group_exists=False),
        fails={"DIR040": "group ConfigMgr IIS Servers"},
        blocked=("DIR050", "HST090", "TPL080"),
    ),
    Defect(
        name="directory-2018-site-server-outside-enrolment-group",
        story="The site server, which requests the cloud certificates, is not in the group ConfigMgr IIS Servers.",
        estate=lambda: contoso_2018(directory__iis_members=("MP01",)),
        fails={"DIR050": "computer cm01.corp.contoso.com"},
        blocked=("HST090",),
    ),
    Defect(
        name="directory-domain-admin-missing",
        story="The domain admin that the design names does not exist.",
        estate=lambda: contoso(directory__admin_exists=False),
        fails={"DIR060": "account cmadmin"},
        blocked=("DIR070",),
    ),
    Defect(
        name="directory-domain-admin-disabled",
        story="The domain admin that the design names is disabled.",
        estate=lambda: contoso(directory__admin_control=514),
        fails={"DIR060": "account cmadmin"},
        blocked=("DIR070",),
    ),
    Defect(
        name="directory-domain-admin-state-hidden",
        story="The directory does not show whether the domain admin's account is enabled.",
        estate=lambda: contoso(directory__admin_control=None),
        unassessed={"DIR060": "account cmadmin"},
    ),
    Defect(
        name="directory-domain-admin-not-in-domain-admins",
        story="The domain admin that the design names is no member of Domain Admins.",
        estate=lambda: contoso(directory__admin_groups=()),
        fails={"DIR070": "account cmadmin"},
    ),
    Defect(
        name="directory-domain-admin-undeclared",
        story="The design names no domain admin.",
        estate=lambda: contoso(design__names__domain_admin=""),
        not_applicable=("DIR060", "DIR070"),
    ),
    Defect(
        name="directory-own-root-unpublished-and-untrusted",
        story="The own root is not published in the forest, and the sample client does not trust it.",
        estate=lambda: contoso(directory__published_roots=("public-root",), hosts__client__roots=("public-root",)),
        fails={
            "DIR030": "CA certificate Contoso Issuing CA 1",
            "HST020": "pc001.corp.contoso.com: root of Contoso Issuing CA 1",
        },
        unassessed=dict.fromkeys(
            ("CRL010", "CRL030", "CRL050", "CRL060", *IN_USE), "issuer of CA certificate Contoso Issuing CA 1"
        )
        | {"HST110": "CN=PC001.corp.contoso.com (D070BE7D) on pc001.corp.contoso.com"},
    ),
    Defect(
        name="directory-published-root-of-same-name-and-another-key",
        story="The forest publishes a root of the own root's name that has another key.",
        estate=_root_of_the_same_name,
        fails={"DIR030": "CA certificate Contoso Issuing CA 1"},
        unassessed=dict.fromkeys(
            ("CRL010", "CRL030", "CRL050", "CRL060", *IN_USE), "issuer of CA certificate Contoso Issuing CA 1"
        )
        | {
            "HST020": "pc001.corp.contoso.com",
            "HST110": "CN=PC001.corp.contoso.com (D070BE7D) on pc001.corp.contoso.com",
        },
    ),
    Defect(
        name="directory-no-enterprise-ca",
        story="No enterprise CA is published in the forest.",
        estate=lambda: contoso(directory__ca_published=False),
        fails={"DIR010": "domain corp.contoso.com"},
        unassessed=dict.fromkeys(IN_USE, "client certificates"),
        blocked=(
            "CRL010",
            "CRL030",
            "CRL050",
            "CRL060",
            "CRL070",
            "CRL080",
            "CRL090",
            "CRL100",
            "DIR020",
            "DIR030",
            "HST010",
            "HST020",
            "HST030",
            "HST040",
            "HST050",
            "HST060",
            "HST100",
            "HST110",
            "ROO050",
            "ROO060",
            "TPL010",
            "TPL020",
            "TPL030",
            "TPL050",
            "TPL070",
            "TPL080",
            "TPL090",
            "TPL100",
            "TPL110",
            "TPL130",
            "TPL210",
            "TPL220",
            "TPL240",
            "TPL250",
            "TPL260",
            "TPL270",
        ),
    ),
    Defect(
        name="directory-refused-enrolment-services",
        story="The directory refuses to show the enterprise CAs.",
        estate=lambda: contoso().refusing("directory/enrollment-services"),
        unassessed=dict.fromkeys(
            ("CRL010", "CRL030", "CRL050", "CRL060", *IN_USE), "client certificate of PC001.corp.contoso.com"
        )
        | dict.fromkeys(("CRL070", "CRL080", "CRL090", "CRL100"), ()),
        unread=(
            "DIR010",
            "DIR020",
            "DIR030",
            "HST010",
            "HST020",
            "HST030",
            "HST040",
            "HST050",
            "HST060",
            "HST100",
            "HST110",
            "TPL090",
            "TPL270",
            "ROO050",
            "ROO060",
        ),
    ),
    Defect(
        name="directory-unreachable-groups",
        story="The domain controller does not answer when it is asked for groups.",
        estate=lambda: contoso_2018().unreachable("directory/groups"),
        unread=("DIR040", "DIR050", "DIR070", "TPL070", "TPL080", "TPL100", "TPL260"),
    ),
    Defect(
        name="directory-unrecorded-computers",
        story="The computers of the directory were not recorded.",
        estate=lambda: contoso_2018().unrecorded("directory/computers"),
        unread=("DIR010", "DIR020", "DIR050", "HYB070"),
    ),
)
