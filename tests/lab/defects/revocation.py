"""Revocation: what can be wrong with revocation lists and with the CAs at the CMG, and what it changes."""

from __future__ import annotations

from tests.lab import pki
from tests.lab.certificates import RevocationList
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018


def _serial(role: str) -> str:
    return f"{pki.certificate(contoso(), role).serial_number:X}"


CLIENT = "PC001.corp.contoso.com on pc001.corp.contoso.com"
URL = "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl"
DELTA = "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201+.crl"
LIST = (f"{URL} (inside)", f"{URL} (outside)")
OWN = (
    f"MP01.corp.contoso.com (serial {_serial('management-point')})",
    f"PC001.corp.contoso.com (serial {_serial('client')})",
)

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="revocation-cmg-certificate-revoked",
        story="After a renewal the public CA revoked the old certificate, and the CMG still has it.",
        estate=lambda: contoso(certificates__public_issuing_crl__revoked=(("gateway", "superseded"),)),
        fails={"CRL120": f"cmg.contoso.com (serial {_serial('gateway')})"},
    ),
    Defect(
        name="revocation-management-point-certificate-on-the-delta-list",
        story="The management point's certificate was revoked yesterday: only the delta list has it yet.",
        estate=lambda: contoso(certificates__issuing_delta__revoked=(("management-point", "keyCompromise"),)),
        fails={"CRL120": f"MP01.corp.contoso.com (serial {_serial('management-point')})"},
    ),
    Defect(
        name="revocation-issuing-ca-revoked",
        story="The root CA revoked the issuing CA: every certificate below it is worth nothing.",
        estate=lambda: contoso_2018(certificates__root_crl__revoked=(("issuing", "cACompromise"),)),
        fails={"CRL120": f"Contoso Issuing CA 1 (serial {_serial('issuing')})"},
    ),
    Defect(
        name="revocation-list-at-an-internal-name",
        story="Certificates name their lists at pki.corp.local, which the internet cannot know.",
        estate=lambda: contoso(names__crl_base="http://pki.corp.local/x"),
        fails={"CRL050": ("CA certificate Contoso Issuing CA 1", CLIENT)},
    ),
    Defect(
        name="revocation-list-gone-inside",
        story="The only list that the client's certificate names answers 404 inside.",
        estate=lambda: contoso(
            certificates__client__crl_urls=(URL,),
            certificates__issuing_crl__inside=404,
        ),
        fails={"CRL060": CLIENT},
    ),
    Defect(
        name="revocation-list-of-another-ca",
        story="At the address of the issuing CA's list lies the list of another CA.",
        estate=lambda: contoso(
            certificates__issuing_crl=RevocationList(
                issuer="issuing-2", place="issuing", number=3, days_before=2, days_after=5, publish_after=4.5
            )
        ),
        fails={"CRL070": LIST},
        unassessed={"CRL090": LIST, "CRL120": OWN},
    ),
    Defect(
        name="revocation-delta-in-place-of-the-base",
        story="At the address of the issuing CA's complete list lies its delta list.",
        estate=lambda: contoso(certificates__issuing_crl__base_number=1, certificates__issuing_crl__place="issuing"),
        fails={"CRL100": LIST},
        unassessed={"CRL120": OWN},
    ),
    Defect(
        name="revocation-2018-three-roots-uploaded",
        story="Three root CA certificates were uploaded to the CMG, which takes two.",
        estate=lambda: contoso_2018(certificates__uploaded=("root", "issuing", "public-root", "management")),
        fails={"CRL020": "root CA certificates at the CMG"},
    ),
    Defect(
        name="revocation-uploaded-ca-ended",
        story="An issuing CA's certificate that was uploaded to the CMG ended yesterday.",
        estate=lambda: contoso(
            certificates__issuing_2__days_after=-1, certificates__uploaded=("root", "issuing", "issuing-2")
        ),
        fails={"CRL040": "Contoso Issuing CA 2 at the CMG"},
    ),
    Defect(
        name="revocation-list-not-reached-outside",
        story="From outside the list's server did not answer.",
        estate=lambda: contoso().unreachable(f"crl/outside/{URL}"),
        unassessed={"CRL050": CLIENT},
    ),
    Defect(
        name="revocation-list-not-reached-inside",
        story="Inside the list's server did not answer.",
        estate=lambda: contoso().unreachable(f"crl/inside/{URL}"),
        unassessed={"CRL060": CLIENT},
    ),
    Defect(
        name="revocation-delta-not-reached",
        story="The delta list's server did not answer inside.",
        estate=lambda: contoso().unreachable(f"crl/inside/{DELTA}"),
        unassessed={"CRL090": f"{DELTA} (inside)"},
    ),
    Defect(
        name="revocation-2018-clients-check-an-unpublished-list",
        story="Clients check the revocation of site systems, and the list of the CMG's own CA is not on the internet.",
        estate=lambda: contoso_2018(site__security_mask=480),
        fails={"CRL110": "Contoso Issuing CA 1"},
    ),
    Defect(
        name="revocation-list-overdue",
        story="The issuing CA's next list is overdue; the present one has not ended yet.",
        estate=lambda: contoso(certificates__issuing_crl__publish_after=-0.1),
        fails={"CRL080": LIST},
    ),
)
