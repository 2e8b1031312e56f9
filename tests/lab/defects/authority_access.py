"""Authority Information Access: what can be wrong where CAs publish their own certificates, and what it changes."""

from __future__ import annotations

from tests.lab import pki
from tests.lab.certificates import Issued, IssuerFile
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018

PUBLISHED = "http://pki.contoso.com/CertEnroll/CA01.corp.contoso.com_{}.crt"
ROOT, ISSUING = PUBLISHED.format("Contoso%20Root%20CA"), PUBLISHED.format("Contoso%20Issuing%20CA%201")
PUBLIC = "http://crl.northwindtrust.example/Northwind%20Trust%20TLS%20CA%201.crt"
INSIDE = f"{ISSUING} (inside)"
IN_DIRECTORY = pki.issuer_directory_url(contoso().names, "issuing")
ANSWER = "cmg.contoso.com at http://ocsp.northwindtrust.example (outside)"
OTHER = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="authority-access-issuer-gone",
        story="The issuing CA's certificate is not where the certificates that it issued say: the server answers 404.",
        estate=lambda: contoso(certificates__issuing_crt__inside=404),
        fails={"AIA010": INSIDE},
    ),
    Defect(
        name="authority-access-issuer-gone-from-the-directory",
        story="Certificates say that their issuing CA's certificate is in the directory, and it is not.",
        estate=lambda: contoso(directory__published_intermediates=("issuing-2",)),
        fails={"AIA010": f"{IN_DIRECTORY} (inside)"},
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
    Defect(
        name="authority-access-responder-calls-the-cmg-revoked",
        story="The public CA revoked the CMG's certificate an hour ago: its responder knows, and its list not yet.",
        estate=lambda: contoso(ocsp__statuses={"gateway": "revoked"}),
        fails={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-does-not-know-the-certificate",
        story="The responder does not know the CMG's certificate.",
        estate=lambda: contoso(ocsp__statuses={"gateway": "unknown"}),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-has-no-authority",
        story="The responder says that it is not authorised for the CA of the CMG's certificate.",
        estate=lambda: contoso(ocsp__refusal="unauthorized"),
        fails={"AIA040": ANSWER},
        unassessed={"AIA050": ANSWER, "AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-gone",
        story="At the address of the responder is none: the server answers 404.",
        estate=lambda: contoso(ocsp__status=404),
        fails={"AIA040": ANSWER},
        unassessed={"AIA050": ANSWER, "AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-tries-later",
        story="The responder says that it cannot answer now.",
        estate=lambda: contoso(ocsp__refusal="try later"),
        unassessed=dict.fromkeys(("AIA040", "AIA050", "AIA060"), ANSWER),
    ),
    Defect(
        name="authority-access-responder-not-reached",
        story="The responder's server answers 503.",
        estate=lambda: contoso(ocsp__status=503),
        unassessed=dict.fromkeys(("AIA040", "AIA050", "AIA060"), ANSWER),
    ),
    Defect(
        name="authority-access-answer-ended",
        story="The responder still gives an answer that ended an hour ago.",
        estate=lambda: contoso(ocsp__days_after=-0.04),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-certificate-ended",
        story="The certificate with which the responder signs ended yesterday.",
        estate=lambda: contoso(certificates__ocsp_responder__days_after=-1),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-certificate-for-another-use",
        story="The certificate with which the responder signs is one for servers.",
        estate=lambda: contoso(certificates__ocsp_responder__usages=("serverAuth",)),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-responder-of-another-ca",
        story="The responder signs with a certificate of another CA than that of the CMG's certificate.",
        estate=lambda: contoso(certificates__ocsp_responder__issuer="issuing"),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
    Defect(
        name="authority-access-answer-about-another-certificate",
        story="The responder answers about another certificate than the one that was asked about.",
        estate=lambda: contoso(ocsp__of="ocsp-responder"),
        fails={"AIA050": ANSWER},
        unassessed={"AIA060": ANSWER},
    ),
)
