"""DNS. Protects every client on the internet: the name that it is given must lead to the organisation's own service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from comgmt_audit import (
    Baseline,
    Design,
    Family,
    Finding,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.dns import VIEWS, DnsAnswer, DnsAnswers, Status, View, is_below, same
from comgmt_audit.facts.tenant import Tenant
from comgmt_audit.facts.users import Users

from ._scope import both_resolvers, distribution_point, enabled, enrolment_domains, gateway_alias, not_enabled
from ._shared import learn

family = Family(code="DNS", title="DNS", stage=Stage.DNS)

STEP = "Create DNS CNAME records"
UNIQUE = "Verify a unique FQDN for the CMG cloudapp.net"
SETUP = learn(
    "Set up a cloud management gateway", "intune/configmgr/core/clients/manage/cmg/setup-cloud-management-gateway"
)
MODIFY = learn("Modify a CMG", "intune/configmgr/core/clients/manage/cmg/modify-cloud-management-gateway")
TAKEOVER = learn("Prevent dangling DNS entries", "azure/security/fundamentals/subdomain-takeover")


class Service(NamedTuple):
    """A cloud service as the design declares it: the name that DNS publishes, and the name in Azure."""

    title: str
    name: str
    deployment: str


@check("DNS010", severity=Severity.CRITICAL, covers=["S103"], step=STEP, refs=[SETUP])
def service_names_are_in_public_dns(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """The names of the cloud services are published in public DNS.

    Why: A client on the internet asks a public resolver; without the record it never finds the gateway.
    Remedy: In the public DNS zone of your domain (at your registrar or DNS provider), create a CNAME record whose name
    is the service name and whose target is the deployment name that the console shows in Administration > Cloud
    Services > Cloud Management Gateway.
    """
    yield from _published(design, baseline, answers, "outside")


@check("DNS020", severity=Severity.HIGH, covers=["S104"], step=STEP, refs=[SETUP])
def service_names_are_in_inside_dns(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """With certificates of the own PKI, the names of the cloud services are published in the organisation's DNS.

    Why: Clients inside and the site's own servers find the gateway by the inside DNS; a zone of your domain that is
    hosted inside hides the public record.
    Remedy: On a domain controller, open DNS Manager > Forward Lookup Zones, right-click your zone > New Alias (CNAME);
    alias name: the service's host name; target host: the deployment name in Azure, ending in a dot.
    """
    yield from _published(design, baseline, answers, "inside")


@check(
    "DNS030",
    severity=Severity.CRITICAL,
    covers=["S101"],
    step=STEP,
    refs=[SETUP, MODIFY],
    after=["DNS010", "DNS020"],
    applies=gateway_alias,
)
def gateway_name_leads_to_the_gateway(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """The CMG's CNAME leads to the CMG's service in Azure.

    Why: With another target, clients talk to nobody, or to a stranger's service. A conversion to a virtual machine
    scale set changes the deployment name, and the record stays behind. (Clients that connect by an alias see another
    name in a certificate that carries only the name in Azure: that is for the certificate checks.)
    Remedy: Edit the CNAME record of the CMG's service name: its target is the deployment name that the console shows in
    Administration > Cloud Services > Cloud Management Gateway, written with a final dot.
    """
    retired = baseline.classic_suffixes if design.gateway.deployment == "scale-set" else ()
    yield from _leads(design, baseline, answers, _gateway(design), retired)


@check(
    "DNS040",
    severity=Severity.HIGH,
    covers=["S102"],
    step=STEP,
    refs=[SETUP],
    after=["DNS010", "DNS020"],
    applies=distribution_point,
)
def distribution_point_name_leads_to_the_distribution_point(
    design: Design, baseline: Baseline, answers: DnsAnswers
) -> Findings:
    """The CDP's CNAME leads to the CDP's service in Azure.

    Why: Clients on the internet get their content, and the ConfigMgr client itself, from the name of the CDP.
    Remedy: Edit the CNAME record of the CDP's service name: its target is the name that the console shows in
    Administration > Cloud Services > Cloud Distribution Points, written with a final dot.
    """
    yield from _leads(design, baseline, answers, _distribution_point(design), ())


@check(
    "DNS050",
    severity=Severity.HIGH,
    covers=["S105"],
    step=STEP,
    refs=[SETUP],
    after=["DNS010", "DNS020", "DNS030", "DNS040"],
    applies=both_resolvers,
)
def inside_and_outside_lead_to_the_same_service(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """The names of the cloud services lead to the same service inside and outside.

    Why: A laptop that changes networks must find the same gateway; an inside zone of the same name often lacks the
    record, or keeps an old one.
    Remedy: Give the record in the inside zone the same target as in the public zone (DNS Manager > Forward Lookup
    Zones > your zone), or create it in the zone that lacks it.
    """
    for service in _published_services(design, baseline):
        outside, inside = answers.of("outside", service.name), answers.of("inside", service.name)
        agree = _same_end(outside, inside)  # that nothing is there is for DNS060
        if not agree and (unknown := _unknown(outside, inside)):
            yield unknown
            continue
        yield require(
            service.name, agree, expected=outside.seen, actual=inside.seen, evidence=[inside.evidence, outside.evidence]
        )


@check(
    "DNS060",
    severity=Severity.HIGH,
    tags=["beyond"],
    step=STEP,
    refs=[TAKEOVER],
    after=["DNS010", "DNS020", "DNS030", "DNS040"],
)
def aliases_end_at_an_address(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """What the CNAME records of the cloud services lead to exists.

    Why: A CNAME to a name in Azure that nobody has can be taken over: whoever creates a service of that name answers
    your clients under your domain.
    Remedy: Where the service is gone, delete the CNAME record now; where it moved, set the record's target to the
    deployment name that the console shows in Administration > Cloud Services.
    """
    for service in _published_services(design, baseline):
        for answer in _declared(design, answers, service.name):
            if answer.unknown:
                yield cannot_tell(answer, answer.why, cure=answer.cure)
            elif not answer.absent:
                ends = answer.status is Status.ANSWERED
                yield require(answer, ends, expected="a chain of aliases that ends at an address", actual=answer.seen)


@check("DNS070", severity=Severity.HIGH, covers=["S46", "S52"], step=UNIQUE, refs=[SETUP], applies=not_enabled)
def names_in_azure_are_free(design: Design, answers: DnsAnswers) -> Findings:
    """Before the roll-out, nobody else has the names of the cloud services in Azure.

    Why: A name that is taken cannot be deployed, and the certificate that carries it must be issued again. DNS shows
    only names that are in use: a free answer does not promise that Azure accepts the name, or its storage account.
    Remedy: Choose another deployment name: in comgmt.toml, in the certificate request and in the wizard. Where the
    service is yours already, publish its CNAME (checks DNS010 to DNS040).
    """
    for service in _services(design):
        answer = _first(design, answers, service.deployment)
        ours = [a for a in _declared(design, answers, service.name) if _reaches(a, service.deployment)]
        if not service.deployment:
            yield cannot_tell(service.title, "no deployment name is declared", cure=_DECLARE)
        elif answer.unknown:
            yield cannot_tell(answer, answer.why, cure=answer.cure)
        elif ours and answer.status is Status.ANSWERED:
            why = "the name is in use, and your own record leads to it; DNS does not say whose service it is"
            yield cannot_tell(
                answer, why, cure="See that the console lists this service (Administration > Cloud Services)."
            )
        else:
            yield require(answer, answer.absent, expected="does not exist", actual=("in use", *answer.seen))


@check(
    "DNS080",
    severity=Severity.CRITICAL,
    covers=["S46", "S52"],
    step=UNIQUE,
    refs=[TAKEOVER],
    applies=enabled,
    after=["CMG010"],
)
def names_in_azure_are_in_use(design: Design, answers: DnsAnswers) -> Findings:
    """After the roll-out, the names of the cloud services in Azure exist.

    Why: A service that is gone from DNS is gone from Azure, and its name is free for anybody. (DNS does not say whose a
    name is: that its certificate is yours is for the certificate checks.)
    Remedy: In the console, open Administration > Cloud Services and see whether the service is Ready; deploy it again
    before somebody else takes the name, or correct deployment_name in comgmt.toml.
    """
    for service in _services(design):
        answer = _first(design, answers, service.deployment)
        if not service.deployment:
            yield cannot_tell(service.title, "no deployment name is declared", cure=_DECLARE)
        elif answer.unknown:
            yield cannot_tell(answer, answer.why, cure=answer.cure)
        else:
            yield require(answer, answer.status is Status.ANSWERED, expected="an address", actual=answer.seen)


@check(
    "DNS090",
    severity=Severity.ADVICE,
    tags=["beyond"],
    refs=[
        learn("Create CNAME records for enrolment", "intune/intune-service/enrollment/windows-enrollment-create-cname")
    ],
    applies=enrolment_domains,
)
def enrolment_names_lead_to_microsoft(design: Design, baseline: Baseline, answers: DnsAnswers) -> Findings:
    """The enrolment CNAMEs of every UPN suffix lead to Microsoft's enrolment servers.

    Why: Without them a user who enrols by hand must type the server's address. Automatic enrolment does not need them.
    Remedy: In the public DNS zone of the UPN suffix, create CNAME records `enterpriseenrollment` and
    `enterpriseregistration` with the targets that the finding expects, time to live 1 hour.
    """
    targets = baseline.enrolment_targets.get(design.rollout.cloud)
    if targets is None:
        raise NotApplicable(f"Microsoft documents no enrolment names for the cloud {design.rollout.cloud}")
    for domain in design.dns.enrolment_domains:
        for host, target in targets.items():
            answer = _first(design, answers, f"{host}.{domain}")
            if answer.unknown:
                yield cannot_tell(answer, answer.why, cure=answer.cure)
            else:
                yield require(answer, _reaches(answer, target), expected=target, actual=answer.seen)


@check(
    "DNS100",
    severity=Severity.ADVICE,
    tags=["beyond"],
    refs=[
        learn("Create CNAME records for enrolment", "intune/intune-service/enrollment/windows-enrollment-create-cname")
    ],
    applies=enrolment_domains,
    empty="no enabled user signs in with a domain of the organisation's own",
)
def every_domain_of_users_has_enrolment_names(tenant: Tenant, users: Users, design: Design) -> Findings:
    """Every verified domain with which users sign in is among the domains for enrolment CNAMEs.

    Why: Users of a domain without the records must type the enrolment server's address; the domains of a merger are
    forgotten most often. Automatic enrolment does not need the records.
    Remedy: Add the domain to `dns.enrolment_domains` in comgmt.toml, and create its CNAME records; or waive this where
    no user of it enrols by hand.
    """
    used = Counter(user.name.rpartition("@")[2].lower() for user in users.in_scope)
    for domain in tenant.domains:
        name = domain.name.lower()
        if used[name] and not name.endswith((".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn")):
            yield require(
                f"domain {name}",
                any(same(name, declared) for declared in design.dns.enrolment_domains),
                expected="in dns.enrolment_domains",
                actual=f"not declared, and users sign in with it: {used[name]}",
                evidence=tenant.evidence,
            )


_DECLARE = "Declare deployment_name in comgmt.toml, as the console shows it in Administration > Cloud Services."


def _gateway(design: Design) -> Service:
    return Service("CMG", design.gateway.published_name, design.gateway.deployment_name)


def _distribution_point(design: Design) -> Service:
    service = design.distribution_point
    return Service("CDP", service.published_name, service.deployment_name)


def _services(design: Design) -> list[Service]:
    return [_gateway(design), *([_distribution_point(design)] if design.distribution_point.wanted else [])]


def _published_services(design: Design, baseline: Baseline) -> list[Service]:
    """Those with a name in the organisation's own domain. Raises NotApplicable where all have a name in Azure only."""
    named = [service for service in _services(design) if service.name]
    own = [service for service in named if not _is_azures(service.name, design, baseline)]
    if named and not own:
        raise NotApplicable("the services are reached by their names in Azure; no record of your own is needed")
    return own


def _is_azures(name: str, design: Design, baseline: Baseline) -> bool:
    return any(is_below(name, suffix) for suffix in baseline.service_suffixes.get(design.rollout.cloud, ()))


def _views(design: Design) -> list[View]:
    return [view for view in VIEWS if getattr(design.dns, view)]


def _declared(design: Design, answers: DnsAnswers, name: str) -> list[DnsAnswer]:
    """The answers of every view that has resolvers."""
    return [answers.of(view, name) for view in _views(design)]


def _first(design: Design, answers: DnsAnswers, name: str) -> DnsAnswer:
    """The answer from outside; from inside only where the design names no resolver outside."""
    return answers.of(next(iter(_views(design)), "outside"), name)


def _unknown(*answers: DnsAnswer) -> Finding | None:
    return next((cannot_tell(answer, answer.why, cure=answer.cure) for answer in answers if answer.unknown), None)


def _reaches(answer: DnsAnswer, name: str) -> bool:
    return any(same(target, name) for target in answer.targets)


def _same_end(one: DnsAnswer, other: DnsAnswer) -> bool:
    """The last names are the same, or (where a provider flattens the alias) the addresses meet."""
    ends = [answer.targets[-1] if answer.targets else answer.name for answer in (one, other)]
    return (bool(one.targets and other.targets) and same(*ends)) or bool({*one.addresses} & {*other.addresses})


def _published(design: Design, baseline: Baseline, answers: DnsAnswers, view: View) -> Iterator[Finding]:
    issuer = design.pki.cloud_certificates
    if view not in baseline.dns_views.get(issuer, VIEWS):
        raise NotApplicable(
            f"baseline {baseline.name} wants the names published "
            f"{' and '.join(baseline.dns_views[issuer])} only, with certificates of the kind {issuer!r}"
        )
    services = _published_services(design, baseline)
    if not services:
        yield cannot_tell("CMG", "no service name is declared", cure="Declare gateway.service_name in comgmt.toml.")
    for service in services:
        answer = answers.of(view, service.name)
        by_chance = answer.from_wildcard and not _reaches(answer, service.deployment)
        if answer.unknown and not answer.chain:  # an alias is published, whatever becomes of its target
            yield cannot_tell(answer, answer.why, cure=answer.cure)
            continue
        yield require(
            answer,
            not answer.absent and not by_chance,
            expected=f"a CNAME record to {service.deployment or 'the deployment name'}",
            actual=("only a wildcard", *answer.seen) if by_chance else answer.seen,
            advice="A wildcard record answers for any name of the zone: create a record of this very name."
            if by_chance
            else "",
        )


def _leads(
    design: Design, baseline: Baseline, answers: DnsAnswers, service: Service, retired: tuple[str, ...]
) -> Iterator[Finding]:
    cloud = design.rollout.cloud
    suffixes = tuple(suffix for suffix in baseline.service_suffixes.get(cloud, ()) if suffix not in retired)
    if not suffixes:
        raise NotApplicable(f"Microsoft offers no such service in the cloud {cloud}")
    if _is_azures(service.name, design, baseline):
        raise NotApplicable(f"clients reach the {service.title} by its name in Azure; no CNAME is needed")
    if not service.name:
        yield cannot_tell(service.title, "no service name is declared", cure="Declare service_name in comgmt.toml.")
        return
    for answer in _declared(design, answers, service.name):
        if answer.unknown and not _reaches(answer, service.deployment):
            yield cannot_tell(answer, answer.why, cure=answer.cure)
        elif not answer.absent:
            yield _led(answer, answers.of(answer.view, service.deployment), service.deployment, suffixes)


def _led(answer: DnsAnswer, in_azure: DnsAnswer, deployment: str, suffixes: tuple[str, ...]) -> Finding:
    """Judge where one answer leads: to the declared deployment; without one, only its suffix can be judged."""
    supported = any(is_below(target, suffix) for target in answer.targets for suffix in suffixes)
    if not deployment and supported:
        why = f"it leads to {answer.targets[-1]}, and whether that is this service is not declared"
        return cannot_tell(answer, why, cure=_DECLARE)
    flattened = not answer.chain and bool(answer.addresses) and {*answer.addresses} <= {*in_azure.addresses}
    reached = bool(deployment) and _reaches(answer, deployment)
    return require(
        answer,
        (reached and supported) or flattened,
        expected=deployment if deployment and not reached else tuple(f"a name below {suffix}" for suffix in suffixes),
        actual=answer.seen,
        advice=_mend(answer, deployment, suffixes),
    )


def _mend(answer: DnsAnswer, deployment: str, suffixes: tuple[str, ...]) -> str:
    """The exact cure of the slips that can be recognised: no final dot, an address record, a name that is gone."""
    zone = answer.name.partition(".")[2]
    meant = [target.removesuffix(f".{zone}") for target in answer.targets if is_below(target, zone)]
    if undotted := [name for name in meant if any(is_below(name, suffix) for suffix in suffixes)]:
        return (
            f"The final dot is missing: the record was saved as {undotted[0]}.{zone}. Write its target with a dot at "
            f"the end, {deployment or undotted[0]}., or without your zone's name in your DNS provider's form."
        )
    if not deployment:
        return _DECLARE
    if not answer.chain:
        return (
            f"Replace the address record by a CNAME record to {deployment}.: Azure may change the address at any time."
        )
    if answer.dangling:
        last = answer.targets[-1]
        return f"Nothing exists at {last}: whoever creates it takes over {answer.name}. Lead it to {deployment}. now."
    return f"Set the target of the CNAME record to {deployment}. (with the dot at the end)."
