"""Distribution point: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.estate import contoso, contoso_2018

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="distribution-point-a-wanted-distribution-point-that-is-not-there-fails",
        story="A wanted distribution point that is not there fails.",
        estate=lambda: contoso_2018(site__distribution_point=None),
        outcomes={
            "CDP010": "fail",
            "CDP030": "blocked",
            "CDP040": "blocked",
            "CDP050": "blocked",
            "CDP060": "blocked",
            "CDP070": "blocked",
            "CDP080": "blocked",
            "CDP090": "blocked",
            "CDP100": "blocked",
        },
        subjects={"CDP010": frozenset(["CDP testintunecdp.cloudapp.net"])},
    ),
    Defect(
        name="distribution-point-one-that-thin-rights-hide-is-not-assessed",
        story="One that thin rights hide is not assessed.",
        estate=lambda: contoso_2018(site__distribution_point=None, site__full_access=False),
        outcomes={
            "AZS030": "not assessed",
            "COM050": "not assessed",
            "COM060": "not assessed",
            "COM070": "not assessed",
            "CDP010": "not assessed",
            "CDP020": "not assessed",
            "CDP030": "not assessed",
            "CDP040": "not assessed",
            "CDP050": "not assessed",
            "CDP060": "not assessed",
            "CDP070": "not assessed",
            "CDP080": "not assessed",
            "CDP090": "not assessed",
            "CDP100": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="distribution-point-each-column-is-compared-with-the-design",
        story="Each column is compared with the design.",
        estate=lambda: contoso_2018(site__distribution_point__state=6),
        outcomes={"CDP030": "fail"},
        subjects={"CDP030": frozenset(["CDP testintunecdp.cloudapp.net"])},
    ),
    Defect(
        name="distribution-point-each-column-is-compared-with-the-design-2",
        story="Each column is compared with the design.",
        estate=lambda: contoso_2018(site__distribution_point__subscription_id="00000000-0000-4000-8000-000000000099"),
        outcomes={"CDP060": "fail"},
        subjects={"CDP060": frozenset(["CDP testintunecdp.cloudapp.net"])},
    ),
    Defect(
        name="distribution-point-each-column-is-compared-with-the-design-3",
        story="Each column is compared with the design.",
        estate=lambda: contoso_2018(site__distribution_point__region="North Europe"),
        outcomes={"CDP080": "fail"},
        subjects={"CDP080": frozenset(["CDP testintunecdp.cloudapp.net"])},
    ),
    Defect(
        name="distribution-point-each-column-is-compared-with-the-design-4",
        story="Each column is compared with the design.",
        estate=lambda: contoso_2018(site__distribution_point__thumbprint="AB" * 20),
        outcomes={"CDP090": "fail"},
        subjects={"CDP090": frozenset(["CDP testintunecdp.cloudapp.net"])},
    ),
    Defect(
        name="distribution-point-each-column-is-compared-with-the-design-5",
        story="Each column is compared with the design.",
        estate=lambda: contoso_2018(site__distribution_point__service_name="cdp2.contoso.com"),
        outcomes={"CDP100": "fail"},
        subjects={"CDP100": frozenset(["CDP cdp2.contoso.com"])},
    ),
    Defect(
        name="distribution-point-another-cloud-fails",
        story="Another cloud fails.",
        estate=lambda: contoso_2018(site__distribution_point__deployment_name="testintunecdp.usgovcloudapp.net"),
        outcomes={"CDP040": "fail", "CDP100": "fail"},
        subjects={
            "CDP040": frozenset(["CDP testintunecdp.cloudapp.net"]),
            "CDP100": frozenset(["CDP testintunecdp.cloudapp.net"]),
        },
    ),
    Defect(
        name="distribution-point-another-management-certificate-fails",
        story="Another management certificate fails.",
        estate=lambda: contoso_2018(site__management_thumbprint="AB" * 20),
        outcomes={"CDP070": "fail", "CMG140": "fail"},
        subjects={
            "CDP070": frozenset(["CDP testintunecdp.cloudapp.net"]),
            "CMG140": frozenset(["CMG testintunecmg.cloudapp.net"]),
        },
    ),
    Defect(
        name="distribution-point-a-management-certificate-of-which-nothing-is-said-is-not-assessed",
        story="A management certificate of which nothing is said is not assessed.",
        estate=lambda: contoso_2018(site__management_thumbprint=None),
        outcomes={"CDP070": "not assessed", "CMG140": "not assessed"},
        subjects={},
    ),
    Defect(
        name="distribution-point-a-separate-distribution-point-is-retired-today",
        story="A separate distribution point is retired today.",
        estate=lambda: contoso(site__old_distribution_point=True),
        outcomes={"CDP020": "fail"},
        subjects={"CDP020": frozenset(["CDP cdp.contoso.com"])},
    ),
    Defect(
        name="distribution-point-a-scale-set-is-not-what-the-tutorial-makes",
        story="A scale set is not what the tutorial makes.",
        estate=lambda: contoso_2018(
            site__distribution_point__deployment_name="testintunecdp.westeurope.cloudapp.azure.com"
        ),
        outcomes={"CDP040": "fail", "CDP050": "fail", "CDP070": "not assessed", "CDP100": "fail"},
        subjects={
            "CDP040": frozenset(["CDP testintunecdp.cloudapp.net"]),
            "CDP050": frozenset(["CDP testintunecdp.cloudapp.net"]),
            "CDP100": frozenset(["CDP testintunecdp.cloudapp.net"]),
        },
    ),
    Defect(
        name="distribution-point-content-is-not-taken-for-granted",
        story="Content is not taken for granted.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True, design__gateway__serves_content="off"),
        outcomes={"CDP110": "fail"},
        subjects={"CDP110": frozenset(["CMG cmg.contoso.com"])},
    ),
    Defect(
        name="distribution-point-nothing-serves-content-where-there-is-neither",
        story="Nothing serves content where there is neither.",
        estate=lambda: contoso(design__rollout__cloud_only_devices=True, site__gateway=None),
        outcomes={
            "TLS020": "blocked",
            "CDP110": "fail",
            "CMG010": "fail",
            "CMG020": "blocked",
            "CMG030": "blocked",
            "CMG040": "blocked",
            "CMG050": "blocked",
            "CMG060": "blocked",
            "CMG070": "blocked",
            "CMG080": "blocked",
            "CMG090": "blocked",
            "CMG100": "blocked",
            "CMG110": "blocked",
            "CMG120": "blocked",
        },
        subjects={"CDP110": frozenset(["content on the internet"]), "CMG010": frozenset(["CMG cmg.contoso.com"])},
    ),
)
