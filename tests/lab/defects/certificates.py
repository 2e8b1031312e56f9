"""Certificates of the cloud services: what can be wrong with them and with their files, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import IN_USE, Defect
from tests.lab.estate import contoso, contoso_2018

CMG_FILE = "CMG certificate ConfigMgrCloudMGServer.pfx"
CDP_FILE = "CDP certificate ConfigMgrCloudDPServer.pfx"
RESPONDER = ("AIA040", "AIA050", "AIA060")
PUBLIC_ISSUER = "http://crl.northwindtrust.example/Northwind%20Trust%20TLS%20CA%201.crt (outside)"
CMG_SERVED = ("CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)")
CMG_OF_2018_SERVED = ("CMG testintunecmg.cloudapp.net (inside)", "CMG testintunecmg.cloudapp.net (outside)")
CDP_OF_2018_SERVED = ("CDP testintunecdp.cloudapp.net (inside)", "CDP testintunecdp.cloudapp.net (outside)")

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="certificates-cmg-pfx-without-password",
        story="The PFX of the CMG opens without a password.",
        estate=lambda: contoso(certificates__gateway_pfx__protected=False),
        fails={"CRT040": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-issued-by-own-ca",
        story="The CMG's certificate comes from the own CA, and the design wants a public one.",
        estate=lambda: contoso(certificates__gateway__issuer="issuing"),
        fails={"CRT050": CMG_FILE, "TLS050": CMG_SERVED},
        not_applicable=RESPONDER,
    ),
    Defect(
        name="certificates-cmg-public-certificate-for-azure-domain",
        story="The CMG's public certificate is for its name in Microsoft's domain cloudapp.azure.com.",
        estate=lambda: contoso(certificates__gateway__common_name="contosocmg.westeurope.cloudapp.azure.com"),
        fails={"CRT060": CMG_FILE, "CRT130": CMG_FILE, "CRT150": CMG_FILE, "TLS060": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-certificate-for-another-name",
        story="The CMG's certificate is for www.contoso.com.",
        estate=lambda: contoso(certificates__gateway__common_name="www.contoso.com"),
        fails={"CRT130": CMG_FILE, "CRT150": CMG_FILE, "TLS060": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-san-lacks-common-name",
        story="The subject alternative name of the CMG's certificate lacks its common name.",
        estate=lambda: contoso(certificates__gateway__dns_names=("www.contoso.com",)),
        fails={"CRT070": CMG_FILE, "CRT130": CMG_FILE, "TLS060": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-public-certificate-without-san",
        story="The CMG's public certificate has no subject alternative name.",
        estate=lambda: contoso(certificates__gateway__dns_names=()),
        fails={"CRT070": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-subject-lacks-locality",
        story="The subject of the CMG's public certificate names neither locality nor state.",
        estate=lambda: contoso(certificates__gateway__subject=(("O", "Contoso Ltd"), ("C", "DE"))),
        fails={"CRT080": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-key-of-1024-bits",
        story="The CMG's certificate has an RSA key of 1024 bits.",
        estate=lambda: contoso(certificates__gateway__key="rsa-1024"),
        fails={"CRT090": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-key-elliptic-curve",
        story="The CMG's certificate has a key of an elliptic curve, which the roles do not take.",
        estate=lambda: contoso(certificates__gateway__key="ec-p256"),
        fails={"CRT100": CMG_FILE},
        not_applicable=("CRT090",),
    ),
    Defect(
        name="certificates-cmg-pfx-in-another-folder",
        story="The PFX of the CMG lies in D:\\Temp of the site server, and not in the agreed folder.",
        estate=lambda: contoso(certificates__gateway_pfx__folder="D:\\Temp"),
        fails={"CRT170": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-for-client-authentication-only",
        story="The CMG's certificate is for client authentication, and not for server authentication.",
        estate=lambda: contoso(certificates__gateway__usages=("clientAuth",)),
        fails={"CRT180": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-expired",
        story="The CMG's certificate ended yesterday.",
        estate=lambda: contoso(certificates__gateway__days_after=-1),
        fails={"CRT190": CMG_FILE, "TLS030": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-signed-with-sha1",
        story="The CMG's certificate is signed with SHA-1.",
        estate=lambda: contoso(certificates__gateway__signature_hash="sha1"),
        fails={"CRT200": CMG_FILE},
    ),
    Defect(
        name="certificates-cmg-pfx-without-private-key",
        story="The PFX of the CMG was exported without the private key.",
        estate=lambda: contoso(certificates__gateway_pfx__has_key=False),
        fails={"CRT020": CMG_FILE},
        blocked=("CRT100",),
    ),
    Defect(
        name="certificates-cmg-pfx-with-key-of-another-certificate",
        story="The private key in the PFX of the CMG belongs to another certificate.",
        estate=lambda: contoso(certificates__gateway_pfx__key_matches=False),
        fails={"CRT020": CMG_FILE},
        blocked=("CRT100",),
    ),
    Defect(
        name="certificates-cmg-cer-in-place-of-pfx",
        story="The file of the CMG is a certificate without a key, saved under the name of a PFX.",
        estate=lambda: contoso(certificates__gateway_pfx__container="certificate"),
        fails={"CRT010": CMG_FILE},
        blocked=("CRT020", "CRT040", "CRT100", "HST140"),
    ),
    Defect(
        name="certificates-cmg-pfx-without-path",
        story="The PFX of the CMG holds its certificate alone, without those of the CAs above it.",
        estate=lambda: contoso(certificates__gateway_pfx__path=("gateway",)),
        fails={"CRT030": CMG_FILE},
        unassessed={"CRT050": CMG_FILE, "TLS040": CMG_SERVED, "TLS050": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-signed-by-another-key-of-its-issuer",
        story="The CA certificate in the PFX of the CMG has the issuer's name, and not the key that signed.",
        estate=lambda: contoso(certificates__gateway__signing_key="rsa-2048"),
        fails={"CRT030": CMG_FILE, "TLS040": CMG_SERVED, "AIA020": PUBLIC_ISSUER},
        unassessed=dict.fromkeys(RESPONDER, "OCSP of cmg.contoso.com")
        | {"CRT050": CMG_FILE, "TLS050": CMG_SERVED, "AIA030": PUBLIC_ISSUER},
    ),
    Defect(
        name="certificates-cmg-pfx-not-opened",
        story="The PFX of the CMG was recorded with a password that does not open it.",
        estate=lambda: contoso(certificates__gateway_pfx__opened=False),
        unassessed=dict.fromkeys(
            (
                "CRT020",
                "CRT030",
                "CRT050",
                "CRT060",
                "CRT070",
                "CRT080",
                "CRT090",
                "CRT100",
                "CRT130",
                "CRT150",
                "CRT180",
                "CRT190",
                "CRT200",
                "HST140",
                *IN_USE,
                "TLS010",
            ),
            CMG_FILE,
        )
        | {"CMG090": "CMG cmg.contoso.com", "TLS040": CMG_SERVED, "TLS050": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-pfx-unrecorded",
        story="The PFX of the CMG was not recorded.",
        estate=lambda: contoso().unrecorded("certificate-file/configmgrcloudmgserver.pfx"),
        unassessed=dict.fromkeys(
            (
                "CRT010",
                "CRT020",
                "CRT030",
                "CRT040",
                "CRT050",
                "CRT060",
                "CRT070",
                "CRT080",
                "CRT090",
                "CRT100",
                "CRT130",
                "CRT150",
                "CRT170",
                "CRT180",
                "CRT190",
                "CRT200",
                "HST140",
                *IN_USE,
                "TLS010",
            ),
            CMG_FILE,
        )
        | {"CMG090": "CMG cmg.contoso.com", "TLS040": CMG_SERVED, "TLS050": CMG_SERVED},
    ),
    Defect(
        name="certificates-cmg-pfx-recorded-from-a-copy",
        story="The PFX of the CMG was recorded from a copy on another computer than the site server.",
        estate=lambda: contoso(certificates__gateway_pfx__read_from="/home/adele/evidence").unrecorded(
            "host/cm01.corp.contoso.com/key-files"
        ),
        unassessed={"CRT170": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cmg-key-in-ksp",
        story="The key of the tutorial's CMG certificate is held by a key storage provider (CNG).",
        estate=lambda: contoso_2018(certificates__gateway_pfx__provider="Microsoft Software Key Storage Provider"),
        fails={"CRT100": CMG_FILE, "CRT110": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cmg-key-of-unlisted-provider",
        story="The key of the tutorial's CMG certificate is held by a legacy provider that the tutorial does not name.",
        estate=lambda: contoso_2018(
            certificates__gateway_pfx__provider="Microsoft Enhanced Cryptographic Provider v1.0"
        ),
        fails={"CRT110": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cmg-key-provider-unknown",
        story="The PFX of the tutorial's CMG names no key provider.",
        estate=lambda: contoso_2018(certificates__gateway_pfx__provider=None),
        unassessed={"CRT110": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cmg-certificate-for-alias",
        story="The own CA's certificate of the CMG is for the alias in contoso.com, and not for the name in Azure.",
        estate=lambda: contoso_2018(certificates__gateway__common_name="testintunecmg.contoso.com"),
        fails={"CRT120": CMG_FILE, "CRT130": CMG_FILE, "CRT150": CMG_FILE, "TLS060": CMG_OF_2018_SERVED},
    ),
    Defect(
        name="certificates-2018-cmg-subject-with-organisation",
        story="The subject of the CMG's certificate has an organisation beside the common name.",
        estate=lambda: contoso_2018(certificates__gateway__subject=(("O", "Contoso Ltd"),)),
        fails={"CRT160": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cmg-certificate-without-san",
        story="The own CA's certificate of the CMG has no subject alternative name.",
        estate=lambda: contoso_2018(certificates__gateway__dns_names=()),
        fails={"CRT070": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-cdp-certificate-for-the-cmg-name",
        story="The CDP's certificate was requested for the CMG's name, as the tutorial's example misprints it.",
        estate=lambda: contoso_2018(certificates__distribution_point__common_name="testintunecmg.cloudapp.net"),
        fails={"CRT130": CDP_FILE, "CRT150": CDP_FILE, "CRT210": CDP_FILE, "TLS060": CDP_OF_2018_SERVED},
    ),
    Defect(
        name="certificates-2018-cdp-file-holds-the-cmg-certificate",
        story="The PFX of the CDP holds the certificate of the CMG.",
        estate=lambda: contoso_2018(certificates__distribution_point_pfx__role="gateway"),
        fails={
            "CRT130": CDP_FILE,
            "CRT150": CDP_FILE,
            "CRT210": CDP_FILE,
            "CDP090": "CDP testintunecdp.cloudapp.net",
            "TLS010": CDP_OF_2018_SERVED,
        },
    ),
    Defect(
        name="certificates-2018-cdp-ends-in-ten-days",
        story="The CDP's certificate ends in ten days.",
        estate=lambda: contoso_2018(certificates__distribution_point__days_after=10),
        fails={"CRT190": CDP_FILE, "TLS030": CDP_OF_2018_SERVED},
    ),
    Defect(
        name="certificates-2018-cmg-pfx-encrypted-with-aes-256",
        story="The PFX of the classic CMG is encrypted with AES-256, which classic cloud services do not read.",
        estate=lambda: contoso_2018(certificates__gateway_pfx__key_encryption="PBES2/AES-256-CBC/HMAC-SHA-256"),
        fails={"CRT220": CMG_FILE},
    ),
    Defect(
        name="certificates-2018-clients-connect-by-alias",
        story="Clients reach CMG and CDP by aliases in contoso.com, which their certificates do not carry.",
        estate=lambda: contoso_2018(design__gateway__custom_domain=True),
        fails={"CRT130": (CDP_FILE, CMG_FILE), "CRT140": (CDP_FILE, CMG_FILE)},
    ),
)
