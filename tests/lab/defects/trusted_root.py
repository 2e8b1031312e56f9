"""The files of the trusted root and the issuing CA: what can be wrong with them, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso

FILE = "TrustedRootCert.cer"
ISSUING = "CA certificate Contoso Issuing CA 1"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="trusted-root-file-is-no-ca",
        story="The file of the trusted root holds a client's certificate.",
        estate=lambda: contoso(certificates__root_cer__role="client"),
        fails={"ROO010": FILE},
        unassessed={"SIT060": ()},
        blocked=("ROO020", "ROO030", "ROO040", "ROO050", "ROO060"),
    ),
    Defect(
        name="trusted-root-file-is-pem",
        story="The trusted root was exported as Base-64.",
        estate=lambda: contoso(certificates__root_cer__encoding="PEM"),
        fails={"ROO020": FILE},
    ),
    Defect(
        name="trusted-root-file-is-an-issuing-ca",
        story="The file of the trusted root holds an issuing CA's certificate.",
        estate=lambda: contoso(certificates__root_cer__role="issuing-2"),
        fails={"ROO030": FILE},
        unassessed={"SIT060": ()},
        blocked=("ROO050",),
    ),
    Defect(
        name="trusted-root-of-another-pki",
        story="The file of the trusted root holds the root of another CA than issued the clients' certificates.",
        estate=lambda: contoso(certificates__root_cer__role="public-root"),
        fails={"ROO050": ISSUING, "SIT060": "Northwind Trust Root R1 in TrustedRootCert.cer"},
    ),
    Defect(
        name="trusted-root-ended",
        story="The root CA's certificate ended yesterday.",
        estate=lambda: contoso(certificates__root__days_after=-1),
        fails={
            "AIA030": "http://pki.contoso.com/CertEnroll/CA01.corp.contoso.com_Contoso%20Root%20CA.crt (inside)",
            "CRL040": "Contoso Root CA at the CMG",
            "ROO040": "Contoso Root CA in TrustedRootCert.cer",
        },
    ),
    Defect(
        name="trusted-root-issuing-file-of-another-ca",
        story="The file of the issuing CA holds another issuing CA's certificate.",
        estate=lambda: contoso(certificates__issuing_cer__role="issuing-2"),
        fails={"ROO060": ISSUING},
    ),
    Defect(
        name="trusted-root-file-with-private-key",
        story="The file of the trusted root holds the CA's private key.",
        estate=lambda: contoso(certificates__root_cer__has_key=True),
        fails={"ROO020": FILE},
    ),
)
