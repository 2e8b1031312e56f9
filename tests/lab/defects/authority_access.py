"""Authority Information Access: what can be wrong where CAs publish their own certificates, and what it changes."""

from __future__ import annotations

from tests.lab.certificates import Issued, IssuerFile
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018

PUBLISHED = "http://pki.contoso.com/CertEnroll/CA01.corp.contoso.com_{}.crt"
ROOT, ISSUING = PUBLISHED.format("Contoso%20Root%20CA"), PUBLISHED.format("Contoso%20Issuing%20CA%201")
PUBLIC = "http://crl.northwindtrust.example/Northwind%20Trust%20TLS%20CA%201.crt"
INSIDE = f"{ISSUING} (inside)"
OTHER = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="authority-access-issuer-gone",
        story="The issuing CA's certificate is not where the certificates that it issued say: the server answers 404.",
        estate=lambda: contoso(certificates__issuing_crt__inside=404),
        fails={"AIA010": INSIDE},
    ),
    Defect(
        name="authority-access-2018-root-gone-outside",
        story="The root's certificate is published inside only, and the CMG's own CA names it for the internet.",
        estate=lambda: contoso_2018(certificates__root_crt__outside=404),
        fails={"AIA010": f"{ROOT} (outside)"},
    ),
    Defect(
        name="authority-access-list-in-place-of-the-certificate",
        story="At the address of the issuing CA's certificate lies its revocation list.",
        estate=lambda: contoso(certificates__issuing_crt__text=OTHER),
        fails={"AIA020": INSIDE},
        unassessed={"AIA030": INSIDE},
    ),
    Defect(
        name="authority-access-certificate-of-another-ca",
        story="At the address of the issuing CA's certificate lies that of another issuing CA.",
        estate=lambda: contoso(certificates__issuing_crt=IssuerFile(roles=("issuing-2",))),
        fails={"AIA020": INSIDE},
        unassessed={"AIA030": INSIDE},
    ),
    Defect(
        name="authority-access-bundle-without-the-issuer",
        story="At the address of the issuing CA's certificate lies a bundle with everything but it.",
        estate=lambda: contoso(certificates__issuing_crt__roles=("root", "issuing-2")),
        fails={"AIA020": INSIDE},
        unassessed={"AIA030": INSIDE},
    ),
    Defect(
        name="authority-access-issuer-before-its-renewal",
        story="The issuing CA was renewed with its key, and its older certificate, which has ended, still lies there.",
        estate=lambda: contoso(
            certificates__issuing_2=Issued(
                issuer="root",
                authority=True,
                common_name="Contoso Issuing CA 1",
                key="issuing",
                days_before=2000,
                days_after=-1,
            ),
            certificates__issuing_crt__roles=("issuing-2",),
        ),
        fails={"AIA030": INSIDE},
    ),
    Defect(
        name="authority-access-not-reached",
        story="The web server with the issuing CA's certificate answers 503.",
        estate=lambda: contoso(certificates__issuing_crt__inside=503),
        unassessed=dict.fromkeys(("AIA010", "AIA020", "AIA030"), INSIDE),
    ),
    Defect(
        name="authority-access-public-issuer-not-reached",
        story="The public CA's web server was not reached from outside.",
        estate=lambda: contoso().unreachable(f"aia/outside/{PUBLIC}"),
        unassessed=dict.fromkeys(("AIA010", "AIA020", "AIA030"), f"{PUBLIC} (outside)"),
    ),
)
