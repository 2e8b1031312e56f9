"""Dns: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.dns import Record
from tests.lab.estate import contoso, contoso_2018

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="dns-a-name-without-an-address-is-no-record-either",
        story="A name without an address is no record either.",
        estate=lambda: contoso(dns__outside={"cmg.contoso.com": Record()}),
        outcomes={"DNS010": "fail", "DNS030": "blocked", "DNS050": "blocked", "DNS060": "blocked"},
        subjects={"DNS010": frozenset(["cmg.contoso.com (outside)"])},
    ),
    Defect(
        name="dns-an-answer-of-a-wildcard-is-no-record",
        story="An answer of a wildcard is no record.",
        estate=lambda: contoso(
            dns__outside={
                "cmg.contoso.com": Record(cname="web.contoso.com"),
                "web.contoso.com": Record(addresses=("203.0.113.10",)),
            },
            dns__outside_wildcard=Record(cname="web.contoso.com"),
        ),
        outcomes={"DNS010": "fail", "DNS030": "blocked", "DNS050": "blocked", "DNS060": "blocked"},
        subjects={"DNS010": frozenset(["cmg.contoso.com (outside)"])},
    ),
    Defect(
        name="dns-a-wildcard-of-addresses-is-no-record",
        story="A wildcard of addresses is no record.",
        estate=lambda: contoso(
            dns__outside={"cmg.contoso.com": Record(addresses=("203.0.113.10",))},
            dns__outside_wildcard=Record(addresses=("203.0.113.10",)),
        ),
        outcomes={"DNS010": "fail", "DNS030": "blocked", "DNS050": "blocked", "DNS060": "blocked"},
        subjects={"DNS010": frozenset(["cmg.contoso.com (outside)"])},
    ),
    Defect(
        name="dns-the-name-of-the-distribution-point-is-judged-too",
        story="The name of the distribution point is judged too.",
        estate=lambda: contoso_2018(
            dns__inside={"testintunecdp.contoso.com": Record(cname="testintunecmg.cloudapp.net")},
            dns__outside={"testintunecdp.contoso.com": Record(cname="testintunecmg.cloudapp.net")},
        ),
        outcomes={"DNS040": "fail", "DNS050": "blocked", "DNS060": "blocked"},
        subjects={"DNS040": frozenset(["testintunecdp.contoso.com (inside)", "testintunecdp.contoso.com (outside)"])},
    ),
    Defect(
        name="dns-one-view-alone-cannot-be-compared",
        story="One view alone cannot be compared.",
        estate=lambda: contoso(design__dns={"outside": ["1.1.1.1"], "enrolment_domains": ["contoso.com"]}),
        outcomes={"DNS050": "not applicable"},
        subjects={},
    ),
    Defect(
        name="dns-a-resolver-in-trouble-is-no-absence",
        story="A resolver in trouble is no absence.",
        estate=lambda: contoso(dns__outside={"cmg.contoso.com": Record(rcode="SERVFAIL")}),
        outcomes={
            "DNS010": "not assessed",
            "DNS030": "not assessed",
            "DNS050": "not assessed",
            "DNS060": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="dns-a-name-that-was-not-asked-is-not-assessed",
        story="A name that was not asked is not assessed.",
        estate=lambda: contoso().refusing("dns/outside/cmg.contoso.com"),
        outcomes={
            "DNS010": "not assessed",
            "DNS030": "not assessed",
            "DNS050": "not assessed",
            "DNS060": "not assessed",
        },
        subjects={},
    ),
    Defect(
        name="dns-enrolment-names-are-not-wanted-everywhere",
        story="Enrolment names are not wanted everywhere.",
        estate=lambda: contoso(design__dns={"inside": ["10.0.0.10"], "outside": ["1.1.1.1"]}),
        outcomes={"DNS090": "not applicable", "DNS100": "not applicable"},
        subjects={},
    ),
    Defect(
        name="dns-case-and-dot-of-the-declared-name-do-not-matter",
        story="Case and dot of the declared name do not matter.",
        estate=lambda: contoso(design__gateway__deployment_name=f" {'contosocmg.westeurope.cloudapp.azure.com'}"),
        outcomes={"CMG130": "fail"},
        subjects={"CMG130": frozenset(["deployment name  contosocmg.westeurope.cloudapp.azure.com"])},
    ),
    Defect(
        name="dns-a-target-without-an-address-fails",
        story="A target without an address fails.",
        estate=lambda: contoso(dns__outside={"contosocmg.westeurope.cloudapp.azure.com": Record()}),
        outcomes={"DNS050": "fail", "DNS060": "fail", "DNS080": "fail"},
        subjects={
            "DNS050": frozenset(["cmg.contoso.com"]),
            "DNS060": frozenset(["cmg.contoso.com (outside)"]),
            "DNS080": frozenset(["contosocmg.westeurope.cloudapp.azure.com (outside)"]),
        },
    ),
    Defect(
        name="dns-a-government-cloud-has-suffixes-of-its-own",
        story="A government cloud has suffixes of its own.",
        estate=lambda: contoso(design__rollout__cloud="us-government"),
        outcomes={
            "DNS030": "fail",
            "DNS050": "blocked",
            "DNS060": "blocked",
            "DNS090": "fail",
            "ENR030": "fail",
            "CMG040": "fail",
        },
        subjects={
            "DNS030": frozenset(["cmg.contoso.com (inside)", "cmg.contoso.com (outside)"]),
            "DNS090": frozenset(["enterpriseenrollment.contoso.com (outside)"]),
            "ENR030": frozenset(["discoveryUrl"]),
            "CMG040": frozenset(["CMG cmg.contoso.com"]),
        },
    ),
)
