"""Hosts: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.certificates import Issued
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.hosts import Stored

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="hosts-a-token-without-the-group-fails",
        story="A token without the group fails.",
        estate=lambda: contoso_2018(
            hosts__site_server__groups=("Everyone", "Domain Computers", "ConfigMgr IIS Servers-old")
        ),
        outcomes={"HST090": "fail"},
        subjects={"HST090": frozenset(["cm01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-section-that-was-not-collected-is-not-assessed",
        story="A section that was not collected is not assessed.",
        estate=lambda: contoso_2018(hosts__site_server__gpresult=""),
        outcomes={"HST090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-autoenrolment-by-policy",
        story="Autoenrolment by policy.",
        estate=lambda: contoso(
            hosts__client__registry={
                "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment": {"AEPolicy": 32768}
            }
        ),
        outcomes={"HST120": "fail"},
        subjects={"HST120": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-autoenrolment-by-policy-2",
        story="Autoenrolment by policy.",
        estate=lambda: contoso(
            hosts__client__registry={
                "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment": {"AEPolicy": 0}
            }
        ),
        outcomes={"HST120": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-no-policy-for-autoenrolment-is-no-knowledge",
        story="No policy for autoenrolment is no knowledge.",
        estate=lambda: contoso(hosts__client__registry={}),
        outcomes={"HST120": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-an-issuing-certificate-among-the-roots",
        story="Somebody put the issuing CA's certificate into the management point's trusted roots.",
        estate=lambda: contoso(hosts__management_point__roots=("root", "issuing")),
        outcomes={"HST130": "fail"},
        subjects={"HST130": frozenset(["mp01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-renewed-certificate-was-not-exported",
        story="The CMG's certificate was renewed on the server, and the file still has the earlier one.",
        estate=lambda: contoso(
            certificates__distribution_point=Issued(
                common_name="cmg.contoso.com", dns_names=("cmg.contoso.com",), days_before=5, usages=("serverAuth",)
            ),
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="distribution-point")),
        ),
        outcomes={"HST140": "fail"},
        subjects={"HST140": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="hosts-a-connection-point-of-another-tenant-fails",
        story="A connection point of another tenant fails.",
        estate=lambda: contoso(
            directory__keywords=("azureADName:contoso.com", "azureADId:11111111-0000-4000-8000-000000000001")
        ),
        outcomes={"HYB020": "fail"},
        subjects={"HYB020": frozenset(["service connection point of the forest: azureADId"])},
    ),
    Defect(
        name="hosts-a-client-that-is-not-hybrid-joined-fails",
        story="A client that is not hybrid joined fails.",
        estate=lambda: contoso(hosts__joined__entra="NO"),
        outcomes={"HYB030": "fail", "HYB040": "blocked", "HYB050": "blocked", "HYB060": "blocked"},
        subjects={"HYB030": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__entra=None),
        outcomes={"HYB030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join-2",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__tenant_id="11111111-0000-4000-8000-000000000001"),
        outcomes={"HYB040": "fail", "HYB050": "blocked"},
        subjects={"HYB040": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join-3",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__tenant_id=None),
        outcomes={"HYB040": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join-4",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__mdm_url=None),
        outcomes={"HYB050": "fail"},
        subjects={"HYB050": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join-5",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__device_authentication="FAILED. Device is either disabled or deleted"),
        outcomes={"HYB060": "fail"},
        subjects={"HYB060": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-what-a-client-says-of-its-join-6",
        story="What a client says of its join.",
        estate=lambda: contoso(hosts__joined__device_authentication="FAILED. ERROR"),
        outcomes={"HYB060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-a-text-that-is-not-of-dsregcmd-is-not-assessed",
        story="A text that is not of dsregcmd is not assessed.",
        estate=lambda: contoso(hosts__joined__text="'dsregcmd' is not recognized"),
        outcomes={
            "HYB030": "not assessed",
            "HYB040": "not assessed",
            "HYB050": "not assessed",
            "HYB060": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="hosts-a-computer-whose-certificates-were-not-read-is-not-assessed",
        story="A computer whose certificates were not read is not assessed.",
        estate=lambda: contoso(directory__client_user_certificates=None),
        outcomes={"HYB070": "not assessed"},
        subjects={},
    ),
    Defect(
        name="hosts-a-client-without-the-own-root-fails",
        story="A client without the own root fails.",
        estate=lambda: contoso(hosts__client__roots=("public-root",)),
        outcomes={"HST020": "fail"},
        subjects={"HST020": frozenset(["pc001.corp.contoso.com: root of Contoso Issuing CA 1"])},
    ),
    Defect(
        name="hosts-a-management-point-without-its-web-certificate-fails",
        story="A management point without its web certificate fails.",
        estate=lambda: contoso(hosts__management_point__personal=(Stored(role="mp-client"),)),
        outcomes={"HST030": "fail", "HST040": "blocked"},
        subjects={"HST030": frozenset(["mp01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-another-name-in-the-web-certificate-fails",
        story="Another name in the web certificate fails.",
        estate=lambda: contoso(certificates__management_point__common_name="mp.fabrikam.com"),
        outcomes={"TLS060": "fail", "HST040": "fail"},
        subjects={
            "TLS060": frozenset(["management point mp01.corp.contoso.com (inside)"]),
            "HST040": frozenset(["mp01.corp.contoso.com"]),
        },
    ),
    Defect(
        name="hosts-one-place-of-the-name-is-enough-today-and-not-for-the-tutorial",
        story="One place of the name is enough today and not for the tutorial.",
        estate=lambda: contoso(certificates__management_point__common_name="mp"),
        outcomes={"TLS060": "fail", "HST040": "fail"},
        subjects={
            "TLS060": frozenset(["management point mp01.corp.contoso.com (inside)"]),
            "HST040": frozenset(["mp01.corp.contoso.com"]),
        },
    ),
    Defect(
        name="hosts-a-server-without-a-client-certificate-fails",
        story="A server without a client certificate fails.",
        estate=lambda: contoso(hosts__site_server__personal=()),
        outcomes={"HST050": "fail", "HST060": "blocked"},
        subjects={"HST050": frozenset(["cm01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-an-exportable-client-key-fails",
        story="An exportable client key fails.",
        estate=lambda: contoso(hosts__site_server__personal=(Stored(role="site-client", exportable=True),)),
        outcomes={"HST060": "fail"},
        subjects={"HST060": frozenset(["CN=CM01.corp.contoso.com (9335E034) on cm01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-an-exportable-copy-of-a-cloud-certificate-fails",
        story="An exportable copy of a cloud certificate fails.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="gateway", exportable=True))
        ),
        outcomes={"HST070": "fail"},
        subjects={"HST070": frozenset(["CN=testintunecmg.cloudapp.net (17070C5F) on cm01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-management-certificate-that-was-left-behind-fails",
        story="A management certificate that was left behind fails.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="management", exportable=True))
        ),
        outcomes={"HST080": "fail"},
        subjects={"HST080": frozenset(["CN=AzureManagementCert (5860E864) on cm01.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-management-certificate-that-was-left-behind-fails-2",
        story="A management certificate that was left behind fails.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(
                Stored(role="site-client"),
                Stored(role="client", friendly_name="AzureManagementCert", exportable=True),
            )
        ),
        outcomes={"HST060": "fail", "HST080": "fail"},
        subjects={
            "HST060": frozenset(["AzureManagementCert (D070BE7D) on cm01.corp.contoso.com"]),
            "HST080": frozenset(["AzureManagementCert (D070BE7D) on cm01.corp.contoso.com"]),
        },
    ),
    Defect(
        name="hosts-a-client-without-a-certificate-fails",
        story="A client without a certificate fails.",
        estate=lambda: contoso(hosts__client__personal=()),
        outcomes={
            "CRL120": "not assessed",
            "HST100": "fail",
            "HST110": "blocked",
            "CRL010": "not assessed",
            "CRL030": "not assessed",
            "CRL050": "not assessed",
            "CRL060": "not assessed",
            "CRL070": "not assessed",
            "CRL080": "not assessed",
            "CRL090": "not assessed",
            "CRL100": "not assessed",
        },
        subjects={"HST100": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-client-without-a-certificate-fails-2",
        story="A client without a certificate fails.",
        estate=lambda: contoso(hosts__client__personal=(Stored(role="client", has_key=False),)),
        outcomes={"HST100": "fail", "HST110": "blocked"},
        subjects={"HST100": frozenset(["pc001.corp.contoso.com"])},
    ),
    Defect(
        name="hosts-a-computer-without-its-certificate-fails-unless-it-has-joined",
        story="A computer without its certificate fails unless it has joined.",
        estate=lambda: contoso(directory__client_user_certificates=0, hosts__joined__entra="NO"),
        outcomes={"HYB030": "fail", "HYB040": "blocked", "HYB050": "blocked", "HYB060": "blocked", "HYB070": "fail"},
        subjects={
            "HYB030": frozenset(["pc001.corp.contoso.com"]),
            "HYB070": frozenset(["computer pc001.corp.contoso.com"]),
        },
    ),
    Defect(
        name="hosts-the-site-server-lacks-the-own-root",
        story="The site server lacks the own root.",
        estate=lambda: contoso(hosts__site_server__roots=("public-root",)),
        outcomes={"HST010": "fail"},
        subjects={"HST010": frozenset(["cm01.corp.contoso.com: root of Contoso Issuing CA 1"])},
    ),
    Defect(
        name="hosts-the-forest-has-no-connection-point",
        story="The forest has no connection point.",
        estate=lambda: contoso(directory__connection_point_exists=False),
        outcomes={"HYB010": "fail", "HYB020": "blocked"},
        subjects={"HYB010": frozenset(["service connection point of the forest"])},
    ),
)
