"""Certificates: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway_pfx__protected=False),
        outcomes={"CRT040": "fail"},
        subjects={"CRT040": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-2",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__issuer="issuing"),
        outcomes={"TLS050": "fail", "CRT050": "fail"},
        subjects={
            "TLS050": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT050": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-3",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__common_name="contosocmg.westeurope.cloudapp.azure.com"),
        outcomes={"TLS060": "fail", "CRT060": "fail", "CRT130": "fail", "CRT150": "fail"},
        subjects={
            "TLS060": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT060": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT130": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT150": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-4",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__common_name="www.contoso.com"),
        outcomes={"TLS060": "fail", "CRT130": "fail", "CRT150": "fail"},
        subjects={
            "TLS060": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT130": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT150": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-5",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__dns_names=("www.contoso.com",)),
        outcomes={"TLS060": "fail", "CRT070": "fail", "CRT130": "fail"},
        subjects={
            "TLS060": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT070": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT130": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-6",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__dns_names=()),
        outcomes={"CRT070": "fail"},
        subjects={"CRT070": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-7",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__subject=(("O", "Contoso Ltd"), ("C", "DE"))),
        outcomes={"CRT080": "fail"},
        subjects={"CRT080": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-8",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__key="rsa-1024"),
        outcomes={"CRT090": "fail"},
        subjects={"CRT090": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-9",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__key="ec-p256"),
        outcomes={"CRT090": "not applicable", "CRT100": "fail"},
        subjects={"CRT100": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-10",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway_pfx__folder="D:\\Temp"),
        outcomes={"CRT170": "fail"},
        subjects={"CRT170": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-11",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__usages=("clientAuth",)),
        outcomes={"CRT180": "fail"},
        subjects={"CRT180": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-12",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__days_after=-1),
        outcomes={"TLS030": "fail", "CRT190": "fail"},
        subjects={
            "TLS030": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT190": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-gateways-certificate-fails-13",
        story="A defect of the gateways certificate fails.",
        estate=lambda: contoso(certificates__gateway__signature_hash="sha1"),
        outcomes={"CRT200": "fail"},
        subjects={"CRT200": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-file-without-a-key-blocks-what-is-said-about-the-key",
        story="A file without a key blocks what is said about the key.",
        estate=lambda: contoso(certificates__gateway_pfx__has_key=False),
        outcomes={"CRT020": "fail", "CRT100": "blocked", "CRT110": "blocked"},
        subjects={"CRT020": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-the-key-of-another-certificate-fails",
        story="The key of another certificate fails.",
        estate=lambda: contoso(certificates__gateway_pfx__key_matches=False),
        outcomes={"CRT020": "fail", "CRT100": "blocked", "CRT110": "blocked"},
        subjects={"CRT020": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-certificate-in-place-of-the-pfx-fails",
        story="A certificate in place of the pfx fails.",
        estate=lambda: contoso(certificates__gateway_pfx__container="certificate"),
        outcomes={
            "CRT010": "fail",
            "CRT020": "blocked",
            "CRT040": "blocked",
            "CRT100": "blocked",
            "CRT110": "blocked",
            "CRT220": "blocked",
            "HST140": "blocked",
        },
        subjects={"CRT010": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-path-that-is-not-whole-fails-and-leaves-the-root-unknown",
        story="A path that is not whole fails and leaves the root unknown.",
        estate=lambda: contoso(certificates__gateway_pfx__path=("gateway",)),
        outcomes={"TLS040": "not assessed", "TLS050": "not assessed", "CRT030": "fail", "CRT050": "not assessed"},
        subjects={"CRT030": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-an-issuer-of-the-right-name-with-another-key-is-no-link",
        story="An issuer of the right name with another key is no link.",
        estate=lambda: contoso(certificates__gateway__signing_key="rsa-2048"),
        outcomes={"TLS040": "fail", "TLS050": "not assessed", "CRT030": "fail", "CRT050": "not assessed"},
        subjects={
            "TLS040": frozenset(["CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"]),
            "CRT030": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-locked-file-leaves-its-certificate-unjudged",
        story="A locked file leaves its certificate unjudged.",
        estate=lambda: contoso(certificates__gateway_pfx__opened=False),
        outcomes={
            "CRL120": "not assessed",
            "TLS010": "not assessed",
            "TLS040": "not assessed",
            "TLS050": "not assessed",
            "CRT020": "not assessed",
            "CRT030": "not assessed",
            "CRT050": "not assessed",
            "CRT060": "not assessed",
            "CRT070": "not assessed",
            "CRT080": "not assessed",
            "CRT090": "not assessed",
            "CRT100": "not assessed",
            "CRT130": "not assessed",
            "CRT150": "not assessed",
            "CRT180": "not assessed",
            "CRT190": "not assessed",
            "CRT200": "not assessed",
            "CMG090": "not assessed",
            "HST140": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="certificates-a-missing-file-is-not-assessed",
        story="A missing file is not assessed.",
        estate=lambda: contoso().unrecorded("certificate-file/configmgrcloudmgserver.pfx"),
        outcomes={
            "CRL120": "not assessed",
            "TLS010": "not assessed",
            "TLS040": "not assessed",
            "TLS050": "not assessed",
            "CRT010": "not assessed",
            "CRT020": "not assessed",
            "CRT030": "not assessed",
            "CRT040": "not assessed",
            "CRT050": "not assessed",
            "CRT060": "not assessed",
            "CRT070": "not assessed",
            "CRT080": "not assessed",
            "CRT090": "not assessed",
            "CRT100": "not assessed",
            "CRT130": "not assessed",
            "CRT150": "not assessed",
            "CRT170": "not assessed",
            "CRT180": "not assessed",
            "CRT190": "not assessed",
            "CRT200": "not assessed",
            "CMG090": "not assessed",
            "HST140": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="certificates-a-copy-on-another-computer-does-not-tell-where-the-file-lies",
        story="A copy on another computer does not tell where the file lies.",
        estate=lambda: contoso(certificates__gateway_pfx__folder="/home/adele/evidence"),
        outcomes={"CRT170": "not assessed"},
        subjects={},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway_pfx__provider="Microsoft Software Key Storage Provider"),
        outcomes={"CRT100": "fail", "CRT110": "fail"},
        subjects={
            "CRT100": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT110": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-2",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(
            certificates__gateway_pfx__provider="Microsoft Enhanced Cryptographic Provider v1.0"
        ),
        outcomes={"CRT110": "fail"},
        subjects={"CRT110": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-3",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway_pfx__provider=None),
        outcomes={"CRT110": "not assessed"},
        subjects={},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-4",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway__common_name="testintunecmg.contoso.com"),
        outcomes={"TLS060": "fail", "CRT120": "fail", "CRT130": "fail", "CRT150": "fail"},
        subjects={
            "TLS060": frozenset(
                ["CMG testintunecmg.cloudapp.net (inside)", "CMG testintunecmg.cloudapp.net (outside)"]
            ),
            "CRT120": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT130": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
            "CRT150": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-5",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway__subject=(("O", "Contoso Ltd"),)),
        outcomes={"CRT160": "fail"},
        subjects={"CRT160": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-6",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway__dns_names=()),
        outcomes={"CRT070": "fail"},
        subjects={"CRT070": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-7",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__distribution_point__common_name="testintunecmg.cloudapp.net"),
        outcomes={"TLS060": "fail", "CRT130": "fail", "CRT150": "fail", "CRT210": "fail"},
        subjects={
            "TLS060": frozenset(
                ["CDP testintunecdp.cloudapp.net (inside)", "CDP testintunecdp.cloudapp.net (outside)"]
            ),
            "CRT130": frozenset(["CDP certificate ConfigMgrCloudDPServer.pfx"]),
            "CRT150": frozenset(["CDP certificate ConfigMgrCloudDPServer.pfx"]),
            "CRT210": frozenset(["CDP certificate ConfigMgrCloudDPServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-8",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__distribution_point__key="gateway"),
        outcomes={"CRT210": "fail"},
        subjects={"CRT210": frozenset(["CDP certificate ConfigMgrCloudDPServer.pfx"])},
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-9",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__distribution_point__days_after=10),
        outcomes={"TLS030": "fail", "CRT190": "fail"},
        subjects={
            "TLS030": frozenset(
                ["CDP testintunecdp.cloudapp.net (inside)", "CDP testintunecdp.cloudapp.net (outside)"]
            ),
            "CRT190": frozenset(["CDP certificate ConfigMgrCloudDPServer.pfx"]),
        },
    ),
    Defect(
        name="certificates-a-defect-of-the-tutorials-certificates-fails-10",
        story="A defect of the tutorials certificates fails.",
        estate=lambda: contoso_2018(certificates__gateway_pfx__key_encryption="PBES2/AES-256-CBC/HMAC-SHA-256"),
        outcomes={"CRT220": "fail"},
        subjects={"CRT220": frozenset(["CMG certificate ConfigMgrCloudMGServer.pfx"])},
    ),
    Defect(
        name="certificates-clients-that-connect-by-the-alias-see-another-name",
        story="Clients that connect by the alias see another name.",
        estate=lambda: contoso_2018(design__gateway__custom_domain=True),
        outcomes={"CRT130": "fail", "CRT140": "fail"},
        subjects={
            "CRT130": frozenset(
                ["CDP certificate ConfigMgrCloudDPServer.pfx", "CMG certificate ConfigMgrCloudMGServer.pfx"]
            ),
            "CRT140": frozenset(
                ["CDP certificate ConfigMgrCloudDPServer.pfx", "CMG certificate ConfigMgrCloudMGServer.pfx"]
            ),
        },
    ),
)
