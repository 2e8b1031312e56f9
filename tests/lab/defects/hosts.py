"""Servers and sample clients: what can be wrong with their certificate stores and policies, and what it changes."""

from __future__ import annotations

from tests.lab.certificates import Issued
from tests.lab.defects.defect import IN_USE, Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.hosts import Stored

CLIENT = "pc001.corp.contoso.com"
SITE_SERVER = "cm01.corp.contoso.com"
MP = "mp01.corp.contoso.com"
MP_TLS = "management point mp01.corp.contoso.com (inside)"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="hosts-group-not-yet-in-the-token",
        story="The site server was not restarted since it joined ConfigMgr IIS Servers: gpresult lacks the group.",
        estate=lambda: contoso_2018(
            hosts__site_server__groups=("Everyone", "Domain Computers", "ConfigMgr IIS Servers-old")
        ),
        fails={"HST090": SITE_SERVER},
    ),
    Defect(
        name="hosts-gpresult-not-collected",
        story="The site server's file has no output of gpresult.",
        estate=lambda: contoso_2018(hosts__site_server__gpresult=""),
        unassessed={"HST090": "host/cm01.corp.contoso.com/gpresult"},
    ),
    Defect(
        name="hosts-autoenrolment-disabled",
        story="Group Policy disables certificate autoenrolment on the sample client.",
        estate=lambda: contoso(
            hosts__client__registry={
                "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment": {"AEPolicy": 32768}
            }
        ),
        fails={"HST120": CLIENT},
    ),
    Defect(
        name="hosts-autoenrolment-without-boxes",
        story="Group Policy turns certificate autoenrolment on, with neither of its boxes ticked.",
        estate=lambda: contoso(
            hosts__client__registry={
                "HKLM\\SOFTWARE\\Policies\\Microsoft\\Cryptography\\AutoEnrollment": {"AEPolicy": 0}
            }
        ),
        unassessed={"HST120": CLIENT},
    ),
    Defect(
        name="hosts-autoenrolment-policy-absent",
        story="The sample client's registry has no policy for certificate autoenrolment.",
        estate=lambda: contoso(hosts__client__registry={}),
        unassessed={"HST120": CLIENT},
    ),
    Defect(
        name="hosts-issuing-ca-among-the-roots",
        story="Somebody put the issuing CA's certificate into the management point's trusted roots.",
        estate=lambda: contoso(hosts__management_point__roots=("root", "issuing")),
        fails={"HST130": MP},
    ),
    Defect(
        name="hosts-renewed-certificate-not-exported",
        story="The CMG's certificate was renewed on the server, and the file still has the earlier one.",
        estate=lambda: contoso(
            certificates__distribution_point=Issued(
                common_name="cmg.contoso.com", dns_names=("cmg.contoso.com",), days_before=5, usages=("serverAuth",)
            ),
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="distribution-point")),
        ),
        fails={"HST140": "CMG certificate ConfigMgrCloudMGServer.pfx"},
    ),
    Defect(
        name="hosts-client-lacks-the-own-root",
        story="The sample client does not have the own root CA among its trusted roots.",
        estate=lambda: contoso(hosts__client__roots=("public-root",)),
        fails={"HST020": "pc001.corp.contoso.com: root of Contoso Issuing CA 1"},
    ),
    Defect(
        name="hosts-management-point-without-web-certificate",
        story="The management point's store has no web server certificate.",
        estate=lambda: contoso(hosts__management_point__personal=(Stored(role="mp-client"),)),
        fails={"HST030": MP},
        blocked=("HST040",),
    ),
    Defect(
        name="hosts-web-certificate-of-another-name",
        story="The management point's web server certificate is for mp.fabrikam.com.",
        estate=lambda: contoso(certificates__management_point__common_name="mp.fabrikam.com"),
        fails={"HST040": MP, "TLS060": MP_TLS},
    ),
    Defect(
        name="hosts-2018-web-certificate-without-alternative-name",
        story="The management point's certificate names it in the subject only; the tutorial wants both places.",
        estate=lambda: contoso_2018(certificates__management_point__dns_names=()),
        fails={"HST040": MP},
    ),
    Defect(
        name="hosts-site-server-without-client-certificate",
        story="The site server has no client authentication certificate.",
        estate=lambda: contoso(hosts__site_server__personal=()),
        fails={"HST050": SITE_SERVER},
        blocked=("HST060",),
    ),
    Defect(
        name="hosts-client-key-exportable",
        story="The key of the site server's client authentication certificate can be exported.",
        estate=lambda: contoso(hosts__site_server__personal=(Stored(role="site-client", exportable=True),)),
        fails={"HST060": "CN=CM01.corp.contoso.com (9335E034) on cm01.corp.contoso.com"},
    ),
    Defect(
        name="hosts-cloud-certificate-left-in-the-store",
        story="The exportable CMG certificate was left in the site server's store after its export.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="gateway", exportable=True))
        ),
        fails={"HST070": "CN=testintunecmg.cloudapp.net (17070C5F) on cm01.corp.contoso.com"},
    ),
    Defect(
        name="hosts-management-certificate-left-in-the-store",
        story="The exportable Azure management certificate was left in the site server's store after its export.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(Stored(role="site-client"), Stored(role="management", exportable=True))
        ),
        fails={"HST080": "CN=AzureManagementCert (5860E864) on cm01.corp.contoso.com"},
    ),
    Defect(
        name="hosts-renewed-management-certificate-left-in-the-store",
        story="Another exportable certificate called AzureManagementCert is in the site server's store.",
        estate=lambda: contoso_2018(
            hosts__site_server__personal=(
                Stored(role="site-client"),
                Stored(role="client", friendly_name="AzureManagementCert", exportable=True),
            )
        ),
        fails={
            "HST060": "AzureManagementCert (D070BE7D) on cm01.corp.contoso.com",
            "HST080": "AzureManagementCert (D070BE7D) on cm01.corp.contoso.com",
        },
    ),
    Defect(
        name="hosts-client-without-certificate",
        story="The sample client has no certificate, so that no revocation list of clients is known either.",
        estate=lambda: contoso(hosts__client__personal=()),
        fails={"HST100": CLIENT},
        unassessed=dict.fromkeys(("CRL010", "CRL030", "CRL050", "CRL060", *IN_USE), "client certificates")
        | dict.fromkeys(("CRL070", "CRL080", "CRL090", "CRL100"), ()),
        blocked=("HST110",),
    ),
    Defect(
        name="hosts-client-certificate-without-key",
        story="The sample client's certificate has no private key.",
        estate=lambda: contoso(hosts__client__personal=(Stored(role="client", has_key=False),)),
        fails={"HST100": CLIENT},
        blocked=("HST110",),
    ),
    Defect(
        name="hosts-site-server-lacks-the-own-root",
        story="The site server does not have the own root CA among its trusted roots.",
        estate=lambda: contoso(hosts__site_server__roots=("public-root",)),
        fails={"HST010": "cm01.corp.contoso.com: root of Contoso Issuing CA 1"},
    ),
    Defect(
        name="hosts-2018-client-lacks-the-own-root",
        story="The sample client does not trust the own root CA, from which the CMG's certificate comes.",
        estate=lambda: contoso_2018(hosts__client__roots=("public-root",)),
        fails={"HST020": "pc001.corp.contoso.com: root of Contoso Issuing CA 1"},
    ),
    Defect(
        name="hosts-management-point-lacks-the-own-root",
        story="Windows on the management point does not trust the own root CA, although the site does.",
        estate=lambda: contoso(hosts__management_point__roots=("public-root",)),
        fails={"HST010": "mp01.corp.contoso.com: root of Contoso Issuing CA 1"},
    ),
    Defect(
        name="hosts-connection-point-without-client-certificate",
        story="The server of the CMG connection point has no client authentication certificate.",
        estate=lambda: contoso(hosts__management_point__personal=(Stored(role="management-point", exportable=True),)),
        fails={"HST050": MP},
        blocked=("HST060",),
    ),
)
