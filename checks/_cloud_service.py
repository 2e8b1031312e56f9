"""What CMG and CDP have in common: each claim compares one column of the site with the design."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from comgmt_audit import Baseline, Design, Findings, NotApplicable, cannot_tell, require
from comgmt_audit import design as designs
from comgmt_audit.facts.certificates import CloudCertificates, ManagementCertificates, cloud_label
from comgmt_audit.facts.cloud_services import CloudService, DistributionPoints, Gateways, has_suffix

from ._listed import listed, looked_at

_NAME = re.compile(r"(?=.{3,24}$)[a-z](?:-?[a-z0-9])*", re.IGNORECASE)
"""Supported configurations for CMG: 3 to 24 letters, digits and single hyphens, a letter first, no hyphen last."""

UNKNOWN = "the site does not say it"
CONSOLE = "Look at the service's properties in the console (Administration > Cloud Services), and record again."


def exists(
    kind: str,
    found: Iterable[CloudService],
    meant: designs.CloudService,
    all: Gateways | DistributionPoints,
) -> Findings:
    """Judge that the service that the design means is there; a list that may be cut short proves no absence."""
    found = tuple(found)
    name = meant.service_name or meant.deployment_name
    if found:
        for service in found:
            yield require(service, True)
    elif name:
        names = [one.service_name for one in all]
        yield listed(f"{kind} {name}", name, names, complete=all.complete, evidence=looked_at(all))
    else:
        yield require(kind, False, expected="at least one", actual="none")


def named_as_declared(services: Iterable[CloudService], meant: designs.CloudService) -> Findings:
    """Compare service and deployment name with the design."""
    declared = {"ServiceCName": meant.service_name, "Fqdn": meant.deployment_name}
    if not any(declared.values()):
        raise NotApplicable("the design names neither service nor deployment")
    for service in services:
        actual = {"ServiceCName": service.service_name, "Fqdn": service.deployment_name}
        unknown = [column for column, name in declared.items() if name and not actual[column]]
        wrong = [column for column, name in declared.items() if name and plain_name(name) != plain_name(actual[column])]
        if unknown:
            yield cannot_tell(service, UNKNOWN, cure=CONSOLE, evidence=service.at(unknown[0]))
        else:
            yield require(
                service,
                not wrong,
                expected=[declared[column] for column in wrong],
                actual=[actual[column] for column in wrong],
                evidence=[service.at(column) for column in wrong],
            )


def instances(services: Iterable[CloudService], least: int) -> Findings:
    """Judge the number of virtual machines."""
    for service in services:
        place = service.at("NumberOfInstances")
        if service.instances is None:
            yield cannot_tell(service, UNKNOWN, cure=CONSOLE, evidence=place)
        else:
            enough = service.instances >= least
            count = service.instances or "none"
            yield require(
                service, enough, expected=f"at least {least} running", actual=f"instances: {count}", evidence=place
            )


def as_declared(
    services: Iterable[CloudService], declared: str, column: str, value: Callable[[CloudService], str], key: str
) -> Findings:
    """Compare one column with the design, without regard to case and blanks.

    :param key: the design's key; where it is empty, there is nothing to compare with.
    """
    if not declared:
        raise NotApplicable(f"the design does not say {key}")
    for service in services:
        actual = value(service)
        if not actual:
            yield cannot_tell(service, UNKNOWN, cure=CONSOLE, evidence=service.at(column))
        else:
            same = plain_name(actual) == plain_name(declared)
            yield require(service, same, expected=declared, actual=actual, evidence=service.at(column))


def plain_name(name: str) -> str:
    """A name without case, blanks and a last dot: ``West Europe`` is ``westeurope``."""
    return name.casefold().replace(" ", "").rstrip(".")


def ready(services: Iterable[CloudService]) -> Findings:
    """Judge the state of each; numbers that no source explains are not judged."""
    for service in services:
        if service.state_name:
            holds = service.state_name == "Ready"
            yield require(service, holds, expected="Ready", actual=service.state_name, evidence=service.at("State"))
        else:
            why = f"its state {service.state} is not a known one" if service.state is not None else UNKNOWN
            cure = "Read the state in the console: Administration > Cloud Services."
            yield cannot_tell(service, why, cure=cure, evidence=service.at("State"))


def in_cloud(services: Iterable[CloudService], design: Design, baseline: Baseline) -> Findings:
    """Judge the Azure environment by the suffix of the deployment name; the column for it is a bare number."""
    suffixes = baseline.service_suffixes.get(design.rollout.cloud, ())
    for service in services:
        if not service.deployment_name or not suffixes:
            why = UNKNOWN if suffixes else f"the baseline knows no suffix of the cloud {design.rollout.cloud}"
            yield cannot_tell(service, why, cure=CONSOLE, evidence=service.at("Fqdn"))
        else:
            yield require(
                service,
                has_suffix(service.deployment_name, suffixes),
                expected=[f"*.{suffix}" for suffix in suffixes],
                actual=service.deployment_name,
                evidence=service.at("Fqdn"),
            )


def deployed_as(services: Iterable[CloudService], models: tuple[str, ...], advice: str = "") -> Findings:
    """Judge the deployment model, which the suffix of the deployment name shows."""
    for service in services:
        if not service.deployment:
            why = f"the name {service.deployment_name or '(none)'} shows no deployment model"
            yield cannot_tell(service, why, cure=CONSOLE, evidence=service.at("Fqdn"))
        else:
            yield require(
                service,
                service.deployment in models,
                expected=models,
                actual=f"{service.deployment} ({service.deployment_name})",
                evidence=service.at("Fqdn"),
                advice=advice,
            )


def name_fits(name: str) -> bool:
    """Does the first label of a deployment name keep the rule for names?"""
    return bool(_NAME.fullmatch(name.partition(".")[0]))


def certificate_as_filed(services: Iterable[CloudService], certificates: CloudCertificates, role: str) -> Findings:
    """Compare the thumbprint at the service with that of the declared file's certificate."""
    filed = next((one for one in certificates if one.role == role), None)
    kind = cloud_label(role, "")
    missing = next((one for one in (*certificates.unseen, *certificates.locked) if one.label.startswith(kind)), None)
    for service in services:
        place = service.at("ServiceThumbprint")
        if filed is None:
            why, cure = (missing.why, missing.cure) if missing else ("no certificate file was read", CONSOLE)
            yield cannot_tell(service, why, cure=cure, evidence=place)
        elif not service.thumbprint:
            yield cannot_tell(service, UNKNOWN, cure=CONSOLE, evidence=place)
        else:
            same = service.thumbprint == filed.certificate.thumbprint
            yield require(
                service,
                same,
                expected=filed.certificate.thumbprint,
                actual=service.thumbprint,
                evidence=(place, filed.evidence),
            )


def managed_with(services: Iterable[CloudService], certificates: ManagementCertificates) -> Findings:
    """Compare the thumbprint of the management certificate at a classic service with that of the declared file."""
    for service in services:
        place = service.at("ManagementThumbprint")
        if certificates.certificate is None:
            unseen = next(iter(certificates.unseen), None)
            why, cure = (unseen.why, unseen.cure) if unseen else ("the files keep it to themselves", CONSOLE)
            yield cannot_tell(service, why, cure=cure, evidence=place)
        elif not service.management_thumbprint:
            yield cannot_tell(service, UNKNOWN, cure=CONSOLE, evidence=place)
        else:
            filed, actual = certificates.certificate.thumbprint, service.management_thumbprint
            sides = (place, certificates.certificate.evidence)
            yield require(service, actual == filed, expected=filed, actual=actual, evidence=sides)
