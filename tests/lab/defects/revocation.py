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
IN_DIRECTORY = pki.crl_directory_url(contoso().names, "issuing")
ELSEWHERE = IN_DIRECTORY.replace("ldap:///", "ldap://directory.example/")
LIST = (f"{URL} (inside)", f"{URL} (outside)")
DELTAS = (f"{DELTA} (inside)", f"{DELTA} (outside)")

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
        unassessed={"CRL090": LIST},
    ),
    Defect(
        name="revocation-delta-in-place-of-the-base",
        story="At the address of the issuing CA's complete list lies its delta list.",
        estate=lambda: contoso(certificates__issuing_crl__base_number=1, certificates__issuing_crl__place="issuing"),
        fails={"CRL100": LIST},
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
        story="Inside the list's server did not answer, and the clients' certificates name no other place.",
        estate=lambda: contoso(certificates__client__crl_urls=(URL,)).unreachable(f"crl/inside/{URL}"),
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
    Defect(
        name="revocation-no-ca-uploaded",
        story="No CA certificate was uploaded to the CMG, whose clients have certificates of the own CA.",
        estate=lambda: contoso(certificates__uploaded=()),
        fails={"CRL010": "CA certificate Contoso Root CA", "CRL030": "CA certificate Contoso Issuing CA 1"},
        not_applicable=("CRL040",),
    ),
    Defect(
        name="revocation-root-not-uploaded",
        story="The issuing CA was uploaded to the CMG, and its root was not.",
        estate=lambda: contoso(certificates__uploaded=("issuing",)),
        fails={"CRL010": "CA certificate Contoso Root CA"},
    ),
    Defect(
        name="revocation-issuing-ca-not-uploaded",
        story="The root CA was uploaded to the CMG, and the issuing CA was not.",
        estate=lambda: contoso(certificates__uploaded=("root",)),
        fails={"CRL030": "CA certificate Contoso Issuing CA 1"},
    ),
    Defect(
        name="revocation-delta-newer-than-its-base",
        story="The delta list belongs to a newer complete list than the one that is published.",
        estate=lambda: contoso(certificates__issuing_delta__base_number=408),
        fails={"CRL090": DELTAS},
    ),
    Defect(
        name="revocation-delta-refused-by-iis",
        story="IIS refuses the plus sign in the delta list's name: it answers 404 outside.",
        estate=lambda: contoso(certificates__issuing_delta__outside=404),
        fails={"CRL090": "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201+.crl (outside)"},
    ),
    Defect(
        name="revocation-client-certificate-names-ldap-only",
        story="The clients' certificates name the revocation list in the directory only, where it lies as it should.",
        estate=lambda: contoso(certificates__client__crl_urls=(IN_DIRECTORY,)),
        fails={"CRL050": CLIENT},
    ),
    Defect(
        name="revocation-list-in-another-directory",
        story="The clients' certificates name the revocation list in a directory that is not the forest's.",
        estate=lambda: contoso(certificates__client__crl_urls=(ELSEWHERE,)),
        fails={"CRL050": CLIENT},
        unassessed={
            "CRL060": CLIENT,
            "CRL090": f"{ELSEWHERE} (inside)",
            "CRL120": f"PC001.corp.contoso.com (serial {_serial('client')})",
        },
    ),
    Defect(
        name="revocation-directory-holds-no-list",
        story="The object in the directory that the clients' certificates name alone is not there.",
        estate=lambda: contoso(
            certificates__client__crl_urls=(IN_DIRECTORY,),
            certificates__issuing_ldap=None,
            certificates__issuing_delta_ldap=None,
        ),
        fails={"CRL050": CLIENT, "CRL060": CLIENT},
        unassessed={"CRL090": (), "CRL120": f"PC001.corp.contoso.com (serial {_serial('client')})"},
    ),
    Defect(
        name="revocation-list-in-the-directory-ended",
        story="The issuing CA's list in the directory ended yesterday: the CA no longer publishes there.",
        estate=lambda: contoso(certificates__issuing_ldap__days_after=-1),
        fails={"CRL080": f"{IN_DIRECTORY} (inside)"},
    ),
    Defect(
        name="revocation-list-in-the-directory-of-another-key",
        story="In the directory lies a list of the issuing CA that another key has signed.",
        estate=lambda: contoso(certificates__issuing_ldap__signing_key="rsa-2048"),
        fails={"CRL070": f"{IN_DIRECTORY} (inside)"},
        unassessed={"CRL090": f"{IN_DIRECTORY} (inside)"},
    ),
    Defect(
        name="revocation-list-in-a-directory-that-refuses",
        story="The clients' certificates name the list in the directory only, which does not show it to the scanner.",
        estate=lambda: contoso(certificates__client__crl_urls=(IN_DIRECTORY,)).refusing("directory/revocation-lists"),
        fails={"CRL050": CLIENT},
        unassessed={
            "CRL060": CLIENT,
            "CRL090": f"{IN_DIRECTORY} (inside)",
            "CRL120": f"PC001.corp.contoso.com (serial {_serial('client')})",
        },
    ),
    Defect(
        name="revocation-list-behind-a-sign-in",
        story="The list's web server inside asks whoever fetches the list to sign in.",
        estate=lambda: contoso(certificates__client__crl_urls=(URL,), certificates__issuing_crl__inside=401),
        fails={"CRL060": CLIENT},
    ),
    Defect(
        name="revocation-address-with-a-typing-error",
        story="The address of the revocation list in the clients' certificates has a typing error: it answers 404.",
        estate=lambda: contoso(
            certificates__client__crl_urls=(URL,),
            certificates__issuing_crl__inside=404,
            certificates__issuing_crl__outside=404,
        ),
        fails={"CRL050": CLIENT, "CRL060": CLIENT},
        unassessed={"CRL090": (), "CRL120": f"PC001.corp.contoso.com (serial {_serial('client')})"},
    ),
)
