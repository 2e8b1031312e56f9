"""Trusted root: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="trusted-root-one-change",
        story="One change.",
        estate=lambda: contoso(certificates__root_cer__role="client"),
        outcomes={
            "SIT060": "not assessed",
            "ROO010": "fail",
            "ROO020": "blocked",
            "ROO030": "blocked",
            "ROO040": "blocked",
            "ROO050": "blocked",
            "ROO060": "blocked",
        },
        subjects={"ROO010": frozenset(["TrustedRootCert.cer"])},
    ),
    Defect(
        name="trusted-root-one-change-2",
        story="One change.",
        estate=lambda: contoso(certificates__root_cer__encoding="PEM"),
        outcomes={"ROO020": "fail"},
        subjects={"ROO020": frozenset(["TrustedRootCert.cer"])},
    ),
    Defect(
        name="trusted-root-one-change-3",
        story="One change.",
        estate=lambda: contoso(certificates__root_cer__role="issuing-2"),
        outcomes={"SIT060": "not assessed", "ROO030": "fail", "ROO050": "blocked"},
        subjects={"ROO030": frozenset(["TrustedRootCert.cer"])},
    ),
    Defect(
        name="trusted-root-one-change-4",
        story="One change.",
        estate=lambda: contoso(certificates__root_cer__role="public-root"),
        outcomes={"SIT060": "fail", "ROO050": "fail"},
        subjects={
            "SIT060": frozenset(["Northwind Trust Root R1 in TrustedRootCert.cer"]),
            "ROO050": frozenset(["CA certificate Contoso Issuing CA 1"]),
        },
    ),
    Defect(
        name="trusted-root-one-change-5",
        story="One change.",
        estate=lambda: contoso(certificates__root__days_after=-1),
        outcomes={"CRL040": "fail", "ROO040": "fail"},
        subjects={
            "CRL040": frozenset(["Contoso Root CA at the CMG"]),
            "ROO040": frozenset(["Contoso Root CA in TrustedRootCert.cer"]),
        },
    ),
    Defect(
        name="trusted-root-one-change-6",
        story="One change.",
        estate=lambda: contoso(certificates__issuing_cer__role="issuing-2"),
        outcomes={"ROO060": "fail"},
        subjects={"ROO060": frozenset(["CA certificate Contoso Issuing CA 1"])},
    ),
    Defect(
        name="trusted-root-a-private-key-of-a-ca-is-critical",
        story="A private key of a ca is critical.",
        estate=lambda: contoso(certificates__root_cer__has_key=True),
        outcomes={"ROO020": "fail"},
        subjects={"ROO020": frozenset(["TrustedRootCert.cer"])},
    ),
)
