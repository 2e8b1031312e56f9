"""The cloud distribution point (CDP), where the design still has one. Protects content for clients on the internet."""

from __future__ import annotations

from comgmt_audit import (
    Baseline,
    Design,
    Family,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.certificates import DISTRIBUTION_POINT, CloudCertificates, ManagementCertificates
from comgmt_audit.facts.cloud_services import DistributionPoints, Gateways

from ._cloud_service import (
    as_declared,
    certificate_as_filed,
    deployed_as,
    exists,
    in_cloud,
    managed_with,
    named_as_declared,
    ready,
)
from ._scope import cloud_only_devices, distribution_point
from ._shared import learn

family = Family(code="CDP", title="Cloud distribution point", stage=Stage.AZURE_SERVICES)

STEP = "Create the CDP"
CONTENT_CURE = (
    "Look at the properties of the CMG, tab Settings, and set gateway.serves_content to on or off in comgmt.toml."
)
USE = learn(
    "Use a cloud distribution point", "intune/configmgr/core/plan-design/hierarchy/use-a-cloud-based-distribution-point"
)
REMOVED = learn(
    "Removed and deprecated features",
    "intune/configmgr/core/plan-design/changes/deprecated/removed-and-deprecated-cmfeatures",
)


@check("CDP010", severity=Severity.HIGH, covers=["S16"], step=STEP, applies=distribution_point, refs=[USE])
def distribution_point_exists(points: DistributionPoints, design: Design) -> Findings:
    """The declared cloud distribution point exists at the site.

    Why: Clients on the internet download content from it, first of all the Configuration Manager client itself.
    Remedy: Before version 2107: Administration > Cloud Services > Cloud Distribution Points > Create. From 2107 on no
    new one can be made: let the CMG serve content, and set `distribution_point.wanted = false` in comgmt.toml.
    """
    yield from exists("CDP", points.declared(design.distribution_point), design.distribution_point, points)


@check(
    "CDP020",
    severity=Severity.MEDIUM,
    covers=["S16"],
    step=STEP,
    refs=[REMOVED],
    empty="the site has no separate cloud distribution point",
)
def no_retired_distribution_point_is_left(points: DistributionPoints, baseline: Baseline) -> Findings:
    """No separate cloud distribution point is left that Microsoft has retired.

    Why: A separate cloud distribution point is out of support; its virtual machines end with Azure's classic services,
    and content with them.
    Remedy: In the properties of the CMG, tab Settings, select Allow CMG to function as a cloud distribution point and
    serve content from Azure storage; distribute the content to it, then delete the CDP.
    """
    if baseline.separate_distribution_point:
        raise NotApplicable(f"the baseline {baseline.name} still has a separate cloud distribution point")
    for point in points:
        yield require(point, False, expected="a CMG that serves content", actual="a separate CDP")


@check(
    "CDP030",
    severity=Severity.HIGH,
    covers=["S82"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_is_ready(points: DistributionPoints, design: Design) -> Findings:
    """The cloud distribution point is Ready.

    Why: In any other state it serves no content.
    Remedy: In the console, open Administration > Cloud Services > Cloud Distribution Points, choose the CDP and Start
    Service where it is stopped; else read CloudMgr.log on the server of the service connection point.
    """
    yield from ready(points.declared(design.distribution_point))


@check(
    "CDP040",
    severity=Severity.HIGH,
    covers=["S82"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_is_in_the_declared_cloud(
    points: DistributionPoints, design: Design, baseline: Baseline
) -> Findings:
    """The cloud distribution point is in the Azure environment of the design.

    Why: Tenant, subscription and service must be of the same cloud; one of another refuses the clients' tokens.
    Remedy: The environment cannot be changed: delete the CDP and create it again, or correct `rollout.cloud` in
    comgmt.toml.
    """
    yield from in_cloud(points.declared(design.distribution_point), design, baseline)


@check(
    "CDP050",
    severity=Severity.HIGH,
    covers=["S83"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_deployment_is_supported(
    points: DistributionPoints, design: Design, baseline: Baseline
) -> Findings:
    """The deployment model of the cloud distribution point is still supported.

    Why: A separate CDP exists as a cloud service (classic) only, which Microsoft has retired in today's guidance.
    Remedy: Let the CMG serve content instead (console: Administration > Cloud Services > Cloud Management Gateway >
    Properties, tab Settings), and delete the CDP.
    """
    declared = points.declared(design.distribution_point)
    yield from deployed_as(declared, baseline.deployments)


@check(
    "CDP060",
    severity=Severity.HIGH,
    covers=["S84"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_subscription_is_as_declared(points: DistributionPoints, design: Design) -> Findings:
    """The cloud distribution point runs in the declared subscription.

    Why: It is billed there, and the management certificate is uploaded there.
    Remedy: Correct `rollout.subscription_id` in comgmt.toml, or create the CDP again in the right subscription.
    """
    declared, key = design.rollout.subscription_id, "rollout.subscription_id"
    services = points.declared(design.distribution_point)
    yield from as_declared(services, declared, "SubscriptionID", lambda service: service.subscription_id, key)


@check(
    "CDP070",
    severity=Severity.HIGH,
    covers=["S85"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_uses_the_management_certificate(
    points: DistributionPoints, certificates: ManagementCertificates, design: Design
) -> Findings:
    """The cloud distribution point is managed with the declared management certificate.

    Why: The site reaches a classic service with this certificate only; with another one than the uploaded, it can
    neither start nor watch the service.
    Remedy: In the console, open Administration > Cloud Services > Azure, and choose the right .pfx in the properties of
    the subscription; or correct `management_certificate` in comgmt.toml.
    """
    yield from managed_with(points.declared(design.distribution_point), certificates)


@check(
    "CDP080", severity=Severity.LOW, covers=["S86"], step=STEP, applies=distribution_point, after=["CDP010"], refs=[USE]
)
def distribution_point_region_is_as_declared(points: DistributionPoints, design: Design) -> Findings:
    """The cloud distribution point runs in the declared region.

    Why: The region decides where content lies and how far clients are from it.
    Remedy: Correct `distribution_point.region` in comgmt.toml, or create the CDP again in the right region.
    """
    meant = design.distribution_point
    declared = points.declared(meant)
    yield from as_declared(
        declared, meant.region, "Region", lambda service: service.region, "distribution_point.region"
    )


@check(
    "CDP090",
    severity=Severity.HIGH,
    covers=["S87"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_certificate_is_the_filed_one(
    points: DistributionPoints, certificates: CloudCertificates, design: Design
) -> Findings:
    """The certificate at the cloud distribution point is the one in the declared file.

    Why: With another certificate, what was checked of the file says nothing of what clients are shown.
    Remedy: In the properties of the CDP, choose the certificate file; or correct `distribution_point.certificate_file`
    in comgmt.toml.
    """
    declared = points.declared(design.distribution_point)
    yield from certificate_as_filed(declared, certificates, DISTRIBUTION_POINT)


@check(
    "CDP100",
    severity=Severity.HIGH,
    covers=["S88"],
    step=STEP,
    applies=distribution_point,
    after=["CDP010"],
    refs=[USE],
)
def distribution_point_names_are_as_declared(points: DistributionPoints, design: Design) -> Findings:
    """Service name and deployment name of the cloud distribution point are the declared ones.

    Why: Clients ask DNS for the service name, and the certificate carries it.
    Remedy: Correct `distribution_point.service_name` and `distribution_point.deployment_name` in comgmt.toml, or create
    the CDP again with the right certificate.
    """
    yield from named_as_declared(points.declared(design.distribution_point), design.distribution_point)


@check(
    "CDP110",
    severity=Severity.HIGH,
    covers=["S55"],
    step="Cloud distribution point certificate",
    applies=cloud_only_devices,
    refs=[USE],
)
def cloud_only_devices_find_content(gateways: Gateways, points: DistributionPoints, design: Design) -> Findings:
    """Devices that are joined to Entra ID only can download the client from a CMG or CDP.

    Why: They install the Configuration Manager client over the internet; without content there, the installation waits
    for ever. Whether a CMG serves content is in no documented column, so `gateway.serves_content` must say it.
    Remedy: In the properties of the CMG, tab Settings, select Allow CMG to function as a cloud distribution point and
    serve content from Azure storage, and distribute the client package to it.
    """
    serving = [point for point in points if point.state_name == "Ready"]
    said = design.gateway.serves_content
    if serving:
        for point in serving:
            yield require(point, True)
    elif not tuple(gateways):
        yield require(
            "content on the internet", False, expected="a CMG that serves content, or a CDP", actual="neither"
        )
    for gateway in () if serving else gateways:
        if said == "unknown":
            yield cannot_tell(gateway, "nothing says whether it serves content", cure=CONTENT_CURE)
        else:
            yield require(gateway, said == "on", expected="serves content", actual="the design says it does not")
