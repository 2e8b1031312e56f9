"""What is served on port 443: what can be wrong with it, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018
from tests.lab.tls import Serving

OLD = ("TLSv1", "TLSv1.1")

MP = "management point mp01.corp.contoso.com (inside)"
CMG_SERVICE = "CMG cmg.contoso.com"
CMG = ("CMG cmg.contoso.com (inside)", "CMG cmg.contoso.com (outside)")
CLASSIC = ("CMG testintunecmg.cloudapp.net (inside)", "CMG testintunecmg.cloudapp.net (outside)")
CDP = ("CDP testintunecdp.cloudapp.net (inside)", "CDP testintunecdp.cloudapp.net (outside)")

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="tls-cmg-serves-another-certificate",
        story="The CMG shows the management point's certificate: its own was never uploaded.",
        estate=lambda: contoso(tls__gateway__role="management-point"),
        fails=dict.fromkeys(("TLS010", "TLS020", "TLS050", "TLS060"), CMG),
    ),
    Defect(
        name="tls-2018-cdp-serves-the-certificate-of-the-cmg",
        story="The CDP was given the CMG's file.",
        estate=lambda: contoso_2018(tls__distribution_point__role="gateway"),
        fails={"TLS010": CDP, "TLS060": CDP},
    ),
    Defect(
        name="tls-inspected-inside",
        story="A proxy that inspects TLS shows a certificate of its own root to everybody inside; outside all is well.",
        estate=lambda: contoso(tls__gateway__inside_role="client", tls__gateway__role="gateway"),
        fails=dict.fromkeys(("TLS010", "TLS020", "TLS050", "TLS060"), "CMG cmg.contoso.com (inside)"),
    ),
    Defect(
        name="tls-management-point-certificate-ended",
        story="The certificate that IIS shows on the management point ended yesterday.",
        estate=lambda: contoso(certificates__management_point__days_after=-1),
        fails={"HST030": "mp01.corp.contoso.com", "TLS030": MP},
        blocked=("HST040",),
    ),
    Defect(
        name="tls-cmg-without-issuing-ca",
        story="The CMG sends its own certificate only.",
        estate=lambda: contoso(tls__gateway__after=()),
        fails={"TLS040": CMG},
    ),
    Defect(
        name="tls-management-point-without-issuing-ca",
        story="The management point has no issuing CA in its intermediate store, and sends its own certificate only.",
        estate=lambda: contoso(tls__management_point__after=()),
        fails={"TLS040": MP},
    ),
    Defect(
        name="tls-cmg-chain-out-of-order",
        story="The CMG sends the root before the issuing CA.",
        estate=lambda: contoso(tls__gateway__after=("public-root", "public-issuing")),
        fails={"TLS040": CMG},
    ),
    Defect(
        name="tls-management-point-self-signed",
        story="IIS on the management point is bound to a self-signed certificate, as the site makes one.",
        estate=lambda: contoso(tls__management_point__role="management"),
        fails={"TLS050": MP, "TLS060": MP},
    ),
    Defect(
        name="tls-management-point-bound-to-another-name",
        story="IIS on the management point is bound to the site server's certificate.",
        estate=lambda: contoso(tls__management_point__role="site-client"),
        fails={"TLS060": MP},
    ),
    Defect(
        name="tls-management-point-without-tls-1-2",
        story="TLS 1.2 was never switched on in SChannel of the management point.",
        estate=lambda: contoso(tls__management_point__protocols=OLD),
        fails={"TLS070": MP, "TLS080": MP},
    ),
    Defect(
        name="tls-2018-cmg-accepts-tls-1-0",
        story="Enforce TLS 1.2 is not ticked at the CMG.",
        estate=lambda: contoso_2018(tls__gateway__protocols=("TLSv1", "TLSv1.2")),
        fails={"TLS080": CLASSIC},
    ),
    Defect(
        name="tls-cmg-not-reached",
        story="The CMG answers from nowhere.",
        estate=lambda: contoso(
            tls__gateway=Serving(role="gateway", inside="Connection refused", outside="Connection refused")
        ),
        unassessed=dict.fromkeys(
            ("TLS010", "TLS020", "TLS030", "TLS040", "TLS050", "TLS060", "TLS070", "TLS080"), CMG_SERVICE
        ),
    ),
    Defect(
        name="tls-cmg-not-reached-outside",
        story="The CMG answers inside; from the internet its port is closed.",
        estate=lambda: contoso(tls__gateway__outside="no handshake within 30 s"),
        unassessed=dict.fromkeys(
            ("TLS010", "TLS020", "TLS030", "TLS040", "TLS050", "TLS060", "TLS070", "TLS080"), CMG_SERVICE
        ),
    ),
    Defect(
        name="tls-management-point-not-asked",
        story="The scanner ran outside, where the management point has no name.",
        estate=lambda: contoso().unrecorded("tls/inside/mp01.corp.contoso.com:443"),
        unassessed=dict.fromkeys(
            ("TLS030", "TLS040", "TLS050", "TLS060", "TLS070", "TLS080"), "management point mp01.corp.contoso.com"
        ),
    ),
)
