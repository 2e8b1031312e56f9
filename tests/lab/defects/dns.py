"""DNS: what can be wrong with the names of the cloud services and of enrolment, and what it changes."""

from __future__ import annotations

from tests.lab.defects.defect import Defect
from tests.lab.dns import GONE, Record
from tests.lab.estate import Estate, contoso, contoso_2018

CMG = "cmg.contoso.com"
DEPLOYMENT = "contosocmg.westeurope.cloudapp.azure.com"


def _leading_to(target: str, found: Record) -> Estate:
    """The CMG's alias has another target in both views, of which *found* is known."""
    zone = {CMG: Record(cname=target), target: found}
    return contoso(dns__inside=zone, dns__outside=zone)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="dns-cmg-name-without-records",
        story="The CMG's name exists in public DNS, and has neither alias nor address.",
        estate=lambda: contoso(dns__outside={"cmg.contoso.com": Record()}),
        fails={"DNS010": "cmg.contoso.com (outside)"},
        blocked=("DNS030", "DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-name-answered-by-wildcard-alias",
        story="Public DNS answers for the CMG's name by a wildcard that leads to the web server.",
        estate=lambda: contoso(
            dns__outside={
                "cmg.contoso.com": Record(cname="web.contoso.com"),
                "web.contoso.com": Record(addresses=("203.0.113.10",)),
            },
            dns__outside_wildcard=Record(cname="web.contoso.com"),
        ),
        fails={"DNS010": "cmg.contoso.com (outside)"},
        blocked=("DNS030", "DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-name-answered-by-wildcard-address",
        story="Public DNS answers for the CMG's name by a wildcard with an address of the web server.",
        estate=lambda: contoso(
            dns__outside={"cmg.contoso.com": Record(addresses=("203.0.113.10",))},
            dns__outside_wildcard=Record(addresses=("203.0.113.10",)),
        ),
        fails={"DNS010": "cmg.contoso.com (outside)"},
        blocked=("DNS030", "DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cdp-leads-to-the-cmg",
        story="The CDP's alias leads to the CMG's name in Azure.",
        estate=lambda: contoso_2018(
            dns__inside={"testintunecdp.contoso.com": Record(cname="testintunecmg.cloudapp.net")},
            dns__outside={"testintunecdp.contoso.com": Record(cname="testintunecmg.cloudapp.net")},
        ),
        fails={"DNS040": ("testintunecdp.contoso.com (inside)", "testintunecdp.contoso.com (outside)")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-no-inside-resolver-declared",
        story="The design names no resolver of the organisation's own network.",
        estate=lambda: contoso(design__dns={"outside": ["1.1.1.1"], "enrolment_domains": ["contoso.com"]}),
        not_applicable=("DNS050",),
    ),
    Defect(
        name="dns-public-resolver-fails",
        story="The public resolver answers SERVFAIL for the CMG's name.",
        estate=lambda: contoso(dns__outside={"cmg.contoso.com": Record(rcode="SERVFAIL")}),
        unassessed=dict.fromkeys(("DNS010", "DNS030", "DNS050", "DNS060"), "cmg.contoso.com (outside)"),
    ),
    Defect(
        name="dns-refused-cmg-name-outside",
        story="The public resolver refuses to answer for the CMG's name.",
        estate=lambda: contoso().refusing("dns/outside/cmg.contoso.com"),
        unassessed=dict.fromkeys(("DNS010", "DNS030", "DNS050", "DNS060"), "cmg.contoso.com (outside)"),
    ),
    Defect(
        name="dns-no-enrolment-domains-declared",
        story="The design wants no enrolment aliases for any domain.",
        estate=lambda: contoso(design__dns={"inside": ["10.0.0.10"], "outside": ["1.1.1.1"]}),
        not_applicable=("DNS090", "DNS100"),
    ),
    Defect(
        name="dns-cmg-deployment-without-address",
        story="The CMG's name in Azure has no address outside.",
        estate=lambda: contoso(dns__outside={"contosocmg.westeurope.cloudapp.azure.com": Record()}),
        fails={"DNS060": "cmg.contoso.com (outside)", "DNS080": "contosocmg.westeurope.cloudapp.azure.com (outside)"},
    ),
    Defect(
        name="dns-design-says-government-cloud",
        story="The design says the US government's cloud, and everything is in the public one.",
        estate=lambda: contoso(design__rollout__cloud="us-government"),
        fails={
            "DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)"),
            "DNS090": "enterpriseenrollment.contoso.com (outside)",
            "ENR030": "discoveryUrl",
            "CMG040": "CMG cmg.contoso.com",
        },
        unassessed={"ENR030": ("complianceUrl", "termsOfUseUrl")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-name-missing-outside",
        story="The CMG's name is not published in public DNS.",
        estate=lambda: contoso(dns__outside={CMG: GONE}),
        fails={"DNS010": "cmg.contoso.com (outside)"},
        blocked=("DNS030", "DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-name-missing-inside",
        story="The organisation's own zone hides the public record of the CMG's name.",
        estate=lambda: contoso(dns__inside={CMG: GONE}),
        fails={"DNS050": "cmg.contoso.com"},
    ),
    Defect(
        name="dns-2018-cmg-name-missing-inside",
        story="The CMG, with a certificate of the own CA, is not published in the organisation's DNS.",
        estate=lambda: contoso_2018(dns__inside={"testintunecmg.contoso.com": GONE}),
        fails={"DNS020": "testintunecmg.contoso.com (inside)"},
        blocked=("DNS030", "DNS040", "DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-leads-to-a-stranger",
        story="The CMG's alias leads to a service of somebody else in Azure.",
        estate=lambda: _leading_to("strangercmg.westeurope.cloudapp.azure.com", Record(addresses=("203.0.113.9",))),
        fails={"DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-alias-without-final-dot",
        story="The target of the CMG's alias was written without its final dot, so that the zone's name follows.",
        estate=lambda: _leading_to(f"{DEPLOYMENT}.contoso.com", GONE),
        fails={"DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-alias-left-at-cloudapp-net",
        story="The CMG moved to a scale set, and its alias still leads to the name in cloudapp.net, which is gone.",
        estate=lambda: _leading_to("contosocmg.cloudapp.net", GONE),
        fails={"DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-alias-loops",
        story="The CMG's alias leads back to itself.",
        estate=lambda: _leading_to("a.contoso.com", Record(cname=CMG)),
        fails={"DNS030": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)")},
        blocked=("DNS050", "DNS060"),
    ),
    Defect(
        name="dns-cmg-deployment-gone",
        story="The CMG's name in Azure is gone, and its alias still leads there.",
        estate=lambda: contoso(dns__inside={DEPLOYMENT: GONE}, dns__outside={DEPLOYMENT: GONE}),
        fails={
            "DNS060": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)"),
            "DNS080": "contosocmg.westeurope.cloudapp.azure.com (outside)",
        },
    ),
    Defect(
        name="dns-cmg-deployment-unanswered",
        story="The resolvers do not answer for the CMG's name in Azure in time.",
        estate=lambda: contoso(
            dns__inside={DEPLOYMENT: Record(error="timeout")}, dns__outside={DEPLOYMENT: Record(error="timeout")}
        ),
        unassessed={
            "DNS060": ("cmg.contoso.com (inside)", "cmg.contoso.com (outside)"),
            "DNS080": "contosocmg.westeurope.cloudapp.azure.com (outside)",
        },
    ),
    Defect(
        name="dns-cmg-deployment-name-taken",
        story="Before the roll-out, somebody else has the CMG's name in Azure.",
        estate=lambda: contoso(design__rollout__enabled=False, dns__inside={CMG: GONE}, dns__outside={CMG: GONE}),
        fails={"DNS010": "cmg.contoso.com (outside)", "DNS070": "contosocmg.westeurope.cloudapp.azure.com (outside)"},
        blocked=("DNS030", "DNS050", "DNS060"),
        not_applicable=("AZR020", "AZR030", "AZR070", "COM080", "DNS080", "ENR080", "ENR090", "LOG060"),
        passes=("AZR010",),
    ),
    Defect(
        name="dns-cmg-deployment-name-in-use",
        story="Before the roll-out, the CMG's name in Azure is in use, and the own alias leads there.",
        estate=lambda: contoso(design__rollout__enabled=False),
        unassessed={"DNS070": "contosocmg.westeurope.cloudapp.azure.com (outside)"},
        not_applicable=("AZR020", "AZR030", "AZR070", "COM080", "DNS080", "ENR080", "ENR090", "LOG060"),
        passes=("AZR010",),
    ),
    Defect(
        name="dns-enrolment-alias-missing",
        story="The alias enterpriseenrollment is missing in public DNS.",
        estate=lambda: contoso(dns__outside={"enterpriseenrollment.contoso.com": GONE}),
        fails={"DNS090": "enterpriseenrollment.contoso.com (outside)"},
    ),
    Defect(
        name="dns-enrolment-domain-forgotten",
        story="Users sign in with fabrikam.com, which is not among the domains with enrolment aliases.",
        estate=lambda: contoso(
            tenant__more_domains=("fabrikam.com",),
            people__overrides={"yara": {"userPrincipalName": "yara@fabrikam.com"}},
        ),
        fails={"DNS100": "domain fabrikam.com"},
    ),
)
