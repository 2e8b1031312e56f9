"""Revocation: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab import pki
from tests.lab.certificates import RevocationList
from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018


def _serial(role: str) -> str:
    return f"{pki.certificate(contoso(), role).serial_number:X}"


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="revocation-the-certificate-of-the-cmg-was-revoked",
        story="After a renewal the public CA revoked the old certificate, and the CMG still has it.",
        estate=lambda: contoso(certificates__public_issuing_crl__revoked=(("gateway", "superseded"),)),
        outcomes={"CRL120": "fail"},
        subjects={"CRL120": frozenset([f"cmg.contoso.com (serial {_serial('gateway')})"])},
    ),
    Defect(
        name="revocation-the-certificate-of-the-management-point-is-on-the-delta-list",
        story="The management point's certificate was revoked yesterday: only the delta list has it yet.",
        estate=lambda: contoso(certificates__issuing_delta__revoked=(("management-point", "keyCompromise"),)),
        outcomes={"CRL120": "fail"},
        subjects={"CRL120": frozenset([f"MP01.corp.contoso.com (serial {_serial('management-point')})"])},
    ),
    Defect(
        name="revocation-the-issuing-ca-was-revoked",
        story="The root CA revoked the issuing CA: every certificate below it is worth nothing.",
        estate=lambda: contoso_2018(certificates__root_crl__revoked=(("issuing", "cACompromise"),)),
        outcomes={"CRL120": "fail"},
        subjects={"CRL120": frozenset([f"Contoso Issuing CA 1 (serial {_serial('issuing')})"])},
    ),
    Defect(
        name="revocation-an-address-that-the-internet-cannot-know-is-no-publication",
        story="An address that the internet cannot know is no publication.",
        estate=lambda: contoso(names__crl_base="http://pki.corp.local/x"),
        outcomes={"CRL050": "fail"},
        subjects={
            "CRL050": frozenset(
                ["CA certificate Contoso Issuing CA 1", "PC001.corp.contoso.com on pc001.corp.contoso.com"]
            )
        },
    ),
    Defect(
        name="revocation-an-address-without-ldap-that-fails-inside-fails",
        story="An address without ldap that fails inside fails.",
        estate=lambda: contoso(
            certificates__client__crl_urls=("http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl",),
            certificates__issuing_crl__inside=404,
        ),
        outcomes={"CRL060": "fail"},
        subjects={"CRL060": frozenset(["PC001.corp.contoso.com on pc001.corp.contoso.com"])},
    ),
    Defect(
        name="revocation-the-list-of-another-ca-at-the-address-fails",
        story="The list of another ca at the address fails.",
        estate=lambda: contoso(
            certificates__issuing_crl=RevocationList(
                issuer="issuing-2", place="issuing", number=3, days_before=2, days_after=5, publish_after=4.5
            )
        ),
        outcomes={"CRL120": "not assessed", "CRL070": "fail", "CRL090": "not applicable"},
        subjects={
            "CRL070": frozenset(
                [
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (inside)",
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (outside)",
                ]
            )
        },
    ),
    Defect(
        name="revocation-a-delta-list-at-the-address-of-the-base-fails",
        story="A delta list at the address of the base fails.",
        estate=lambda: contoso(certificates__issuing_crl__base_number=1, certificates__issuing_crl__place="issuing"),
        outcomes={"CRL120": "not assessed", "CRL100": "fail"},
        subjects={
            "CRL100": frozenset(
                [
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (inside)",
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (outside)",
                ]
            )
        },
    ),
    Defect(
        name="revocation-two-roots-and-four-subordinates-are-the-limit-of-the-tutorial",
        story="Two roots and four subordinates are the limit of the tutorial.",
        estate=lambda: contoso_2018(certificates__uploaded=("root", "issuing", "public-root", "management")),
        outcomes={"CRL020": "fail"},
        subjects={"CRL020": frozenset(["root CA certificates at the CMG"])},
    ),
    Defect(
        name="revocation-an-uploaded-ca-that-has-ended-fails",
        story="An uploaded ca that has ended fails.",
        estate=lambda: contoso(
            certificates__issuing_2__days_after=-1, certificates__uploaded=("root", "issuing", "issuing-2")
        ),
        outcomes={"CRL040": "fail"},
        subjects={"CRL040": frozenset(["Contoso Issuing CA 2 at the CMG"])},
    ),
    Defect(
        name="revocation-a-list-that-was-not-reached-from-outside-is-not-assessed",
        story="A list that was not reached from outside is not assessed.",
        estate=lambda: contoso().unreachable(
            f"crl/outside/{'http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl'}"
        ),
        outcomes={"CRL050": "not assessed"},
        subjects={},
    ),
    Defect(
        name="revocation-a-list-that-was-not-reached-from-inside-is-not-assessed",
        story="A list that was not reached from inside is not assessed.",
        estate=lambda: contoso().unreachable(
            f"crl/inside/{'http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl'}"
        ),
        outcomes={"CRL060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="revocation-a-delta-list-that-was-not-reached-is-not-assessed",
        story="A delta list that was not reached is not assessed.",
        estate=lambda: contoso().unreachable(
            f"crl/inside/{'http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201+.crl'}"
        ),
        outcomes={"CRL090": "not assessed"},
        subjects={},
    ),
    Defect(
        name="revocation-clients-that-check-site-systems-need-the-lists-of-an-own-cloud-certificate-outside",
        story="Clients that check site systems need the lists of an own cloud certificate outside.",
        estate=lambda: contoso_2018(site__security_mask=480),
        outcomes={"CRL110": "fail"},
        subjects={"CRL110": frozenset(["Contoso Issuing CA 1"])},
    ),
    Defect(
        name="revocation-a-list-that-is-late-is-a-trifle-and-one-that-ended-is-not",
        story="A list that is late is a trifle and one that ended is not.",
        estate=lambda: contoso(certificates__issuing_crl__publish_after=-0.1),
        outcomes={"CRL080": "fail"},
        subjects={
            "CRL080": frozenset(
                [
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (inside)",
                    "http://pki.contoso.com/CertEnroll/Contoso%20Issuing%20CA%201.crl (outside)",
                ]
            )
        },
    ),
)
