"""What is served on port 443: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.tls import Serving

CMG = frozenset({"CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)"})
CLASSIC = frozenset({"CMG testintunecmg.cloudapp.net (inside)", "CMG testintunecmg.cloudapp.net (outside)"})
CDP = frozenset({"CDP testintunecdp.cloudapp.net (inside)", "CDP testintunecdp.cloudapp.net (outside)"})
MP = frozenset({"management point mp01.corp.contoso.com (inside)"})
OLD = ("TLSv1", "TLSv1.1")

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="tls-the-cmg-still-serves-another-certificate",
        story="The CMG shows the management point's certificate: its own was never uploaded.",
        estate=lambda: contoso(tls__gateway__role="management-point"),
        outcomes={"TLS010": "fail", "TLS020": "fail", "TLS050": "fail", "TLS060": "fail"},
        subjects={"TLS010": CMG, "TLS020": CMG, "TLS050": CMG, "TLS060": CMG},
    ),
    Defect(
        name="tls-the-cdp-serves-the-certificate-of-the-cmg",
        story="The CDP was given the CMG's file.",
        estate=lambda: contoso_2018(tls__distribution_point__role="gateway"),
        outcomes={"TLS010": "fail", "TLS060": "fail"},
        subjects={"TLS010": CDP, "TLS060": CDP},
    ),
    Defect(
        name="tls-a-proxy-inspects-what-is-between",
        story="A proxy that inspects TLS shows a certificate of its own root to everybody inside; outside all is well.",
        estate=lambda: contoso(tls__gateway__inside_role="client", tls__gateway__role="gateway"),
        outcomes={"TLS010": "fail", "TLS020": "fail", "TLS050": "fail", "TLS060": "fail"},
        subjects=dict.fromkeys(("TLS010", "TLS020", "TLS050", "TLS060"), frozenset({"CMG cmg.contoso.com (inside)"})),
    ),
    Defect(
        name="tls-the-management-points-certificate-has-ended",
        story="The certificate that IIS shows on the management point ended yesterday.",
        estate=lambda: contoso(certificates__management_point__days_after=-1),
        outcomes={"TLS030": "fail", "HST030": "fail", "HST040": "blocked"},
        subjects={"TLS030": MP},
    ),
    Defect(
        name="tls-the-cmg-does-not-send-its-issuing-ca",
        story="The CMG sends its own certificate only.",
        estate=lambda: contoso(tls__gateway__after=()),
        outcomes={"TLS040": "fail"},
        subjects={"TLS040": CMG},
    ),
    Defect(
        name="tls-the-management-point-does-not-send-its-issuing-ca",
        story="The management point has no issuing CA in its intermediate store, and sends its own certificate only.",
        estate=lambda: contoso(tls__management_point__after=()),
        outcomes={"TLS040": "fail"},
        subjects={"TLS040": MP},
    ),
    Defect(
        name="tls-the-chain-is-out-of-order",
        story="The CMG sends the root before the issuing CA.",
        estate=lambda: contoso(tls__gateway__after=("public-root", "public-issuing")),
        outcomes={"TLS040": "fail"},
        subjects={"TLS040": CMG},
    ),
    Defect(
        name="tls-iis-binds-a-certificate-of-itself",
        story="IIS on the management point is bound to a self-signed certificate, as the site makes one.",
        estate=lambda: contoso(tls__management_point__role="management"),
        outcomes={"TLS050": "fail", "TLS060": "fail"},
        subjects={"TLS050": MP, "TLS060": MP},
    ),
    Defect(
        name="tls-iis-binds-a-certificate-of-another-name",
        story="IIS on the management point is bound to the site server's certificate.",
        estate=lambda: contoso(tls__management_point__role="site-client"),
        outcomes={"TLS060": "fail"},
        subjects={"TLS060": MP},
    ),
    Defect(
        name="tls-the-management-point-speaks-tls-1-1-only",
        story="TLS 1.2 was never switched on in SChannel of the management point.",
        estate=lambda: contoso(tls__management_point__protocols=OLD),
        outcomes={"TLS070": "fail", "TLS080": "fail"},
        subjects={"TLS070": MP, "TLS080": MP},
    ),
    Defect(
        name="tls-the-classic-cmg-still-accepts-tls-1-0",
        story="Enforce TLS 1.2 is not ticked at the CMG.",
        estate=lambda: contoso_2018(tls__gateway__protocols=("TLSv1", "TLSv1.2")),
        outcomes={"TLS080": "fail"},
        subjects={"TLS080": CLASSIC},
    ),
    Defect(
        name="tls-a-service-that-cannot-be-reached-is-not-assessed",
        story="The CMG answers from nowhere.",
        estate=lambda: contoso(
            tls__gateway=Serving(role="gateway", inside="Connection refused", outside="Connection refused")
        ),
        outcomes=dict.fromkeys((f"TLS{number:03}" for number in range(10, 90, 10)), "not assessed"),
        subjects={},
    ),
    Defect(
        name="tls-a-cmg-that-answers-inside-only-is-not-assessed",
        story="The CMG answers inside; from the internet its port is closed.",
        estate=lambda: contoso(tls__gateway__outside="no handshake within 30 s"),
        outcomes=dict.fromkeys((f"TLS{number:03}" for number in range(10, 90, 10)), "not assessed"),
        subjects={},
    ),
    Defect(
        name="tls-a-management-point-that-was-not-asked-is-not-assessed",
        story="The scanner ran outside, where the management point has no name.",
        estate=lambda: contoso().unrecorded("tls/inside/mp01.corp.contoso.com:443"),
        outcomes=dict.fromkeys((f"TLS{number:03}" for number in range(30, 90, 10)), "not assessed"),
        subjects={},
    ),
)
