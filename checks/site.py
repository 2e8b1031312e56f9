"""The Configuration Manager site itself. Protects every client: a site out of support or without HTTPS serves none."""

from __future__ import annotations

from comgmt_audit import (
    Baseline,
    Design,
    Evidence,
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
from comgmt_audit.facts import Now
from comgmt_audit.facts.admin_service import FULL_ACCESS_CURE
from comgmt_audit.facts.certificates import TrustedRootFiles
from comgmt_audit.facts.site import TRUSTED_ROOTS, Administrators, CommunicationSecurity, Site, Sites, TrustedRoots
from comgmt_audit.facts.site_roles import ManagementPoints

from ._listed import listed, looked_at
from ._scope import pki_clients
from ._shared import learn

family = Family(code="SIT", title="Configuration Manager site", stage=Stage.ON_PREMISES)

MASK_CURE = (
    "Look at Site Properties > Communication Security in the console; the site's answer has no usable IISSSLState."
)


@check(
    "SIT010",
    severity=Severity.HIGH,
    covers=["S07"],
    step="Prerequisites: on-premises infrastructure",
    refs=[learn("Updates and servicing: version details", "intune/configmgr/core/servers/manage/updates")],
)
def version_is_in_support(sites: Sites, baseline: Baseline, design: Design, now: Now) -> Findings:
    """Every site runs a Configuration Manager version that is in support.

    Why: A version out of support gets no fixes, and Microsoft does not help with co-management on it; cloud services
    that it relies on change without it.
    Remedy: In the console, open Administration > Updates and Servicing, download the newest current branch version,
    run its prerequisite check, and install it, on the top-tier site first.
    """
    known = {build.build: build for build in baseline.builds}
    for site in sites:
        version = known.get(site.build or 0)
        if version is None:
            yield _unlisted(site, min(known), max(known))
            continue
        soon = version.ends <= now.in_days(design.horizons.support_days).date()
        yield require(
            site,
            not soon,
            expected=f"supported for {design.horizons.support_days} days more",
            actual=f"{version.version}, supported until {version.ends}",
            severity=Severity.MEDIUM if version.ends >= now.time.date() else None,
        )


def _unlisted(site: Site, oldest: int, newest: int) -> Finding:
    """A build beyond the list is newer and in support; one before it is long out of it; between, nothing is known."""
    if site.build is None or oldest < site.build < newest:
        why = f"version {site.version or 'unknown'} is not in the baseline's list"
        return cannot_tell(site, why, cure="Compare it with Microsoft's list, and add its build to your baseline.")
    expected = f"a build of the list, from {oldest} on"
    return require(site, site.build > newest, expected=expected, actual=f"version {site.version}")


@check(
    "SIT020",
    severity=Severity.HIGH,
    step="Prerequisites: on-premises infrastructure",
    refs=[learn("Prerequisites for co-management", "intune/configmgr/comanage/overview")],
)
def declared_site_is_the_one_read(sites: Sites, design: Design) -> Findings:
    """The declared site code and site server are those of the site that was read.

    Why: Clients are told the site code on their command line; with another site's code they never find a management
    point. It also shows that the scanner looked at the wrong site.
    Remedy: Correct `site.code` and `site.server` in comgmt.toml, or name the right SMS Provider to the recorder. The
    console shows both under Administration > Site Configuration > Sites.
    """
    if not design.site.code:
        raise NotApplicable("the design names no site code")
    codes = [site.code for site in sites]
    subject = f"site {design.site.code}"
    yield listed(subject, design.site.code, codes, complete=sites.complete, evidence=looked_at(sites))
    for site in sites:
        if design.site.server and site.code.casefold() == design.site.code.casefold():
            same = site.server.casefold() == design.site.server.casefold()
            subject = f"server of {site.label}"
            yield require(subject, same, expected=design.site.server, actual=site.server, evidence=site.evidence)


@check(
    "SIT030",
    severity=Severity.CRITICAL,
    covers=["S10", "S19"],
    step="Prerequisites: on-premises infrastructure",
    refs=[learn("Enhanced HTTP", "intune/configmgr/core/plan-design/hierarchy/enhanced-http")],
)
def http_management_points_have_enhanced_http(points: ManagementPoints, security: CommunicationSecurity) -> Findings:
    """Where a management point is not HTTPS, its site has Enhanced HTTP switched on.

    Why: The CMG forwards only to management points with HTTPS, by a PKI certificate or by one that the site issues;
    plain HTTP has no certificate at all, and from version 2403 blocks the site's upgrade.
    Remedy: In the console, open Administration > Site Configuration > Sites > Properties > Communication Security, and
    select Use Configuration Manager-generated certificates for HTTP site systems; or make the management point HTTPS.
    """
    http = {point.site.casefold() for point in points if point.is_https is False}
    unclear = {point.site.casefold() for point in points if point.is_https is None}
    if not http and not unclear:
        raise NotApplicable("every management point uses HTTPS with a PKI certificate")
    for site in security:
        if site.site.casefold() not in http | unclear:
            continue
        if site.mask is None:
            yield cannot_tell(site, "the site does not say how it communicates", cure=MASK_CURE)
        elif site.site.casefold() in unclear and not (site.enhanced_http or site.https_only):
            yield cannot_tell(site, "a management point does not say whether it is HTTP or HTTPS", cure=MASK_CURE)
        else:
            on = bool(site.enhanced_http or site.https_only)
            yield require(site, on, expected="Enhanced HTTP or HTTPS only", actual=f"neither (IISSSLState {site.mask})")


@check(
    "SIT040",
    severity=Severity.MEDIUM,
    covers=["S26"],
    step="Prerequisites: permissions",
    refs=[
        learn("Role-based administration", "intune/configmgr/core/understand/fundamentals-of-role-based-administration")
    ],
)
def somebody_is_full_administrator(administrators: Administrators) -> Findings:
    """Somebody is Full Administrator over all scopes.

    Why: The co-management wizard is greyed out, and its properties are read-only, for everybody whose security scope is
    less than All.
    Remedy: In the console, open Administration > Security > Administrative Users, choose the account, and assign the
    role Full Administrator with All instances of the objects that are related to the assigned security roles.
    """
    names = [user.name for user in administrators if user.full]
    unsure = [user for user in administrators if user.full is None]
    if not names and (unsure or not administrators.complete):
        why = "roles are listed by names that may be translations, or the list may be cut short"
        yield cannot_tell("Full Administrator over all scopes", why, cure=FULL_ACCESS_CURE)
        return
    others = ", ".join(user.name for user in administrators)
    yield require(
        "Full Administrator over all scopes",
        bool(names),
        expected="at least one account",
        actual=f"none of {others}" if others else "no administrative user",
        evidence=[user.evidence for user in administrators][:10],
    )


@check(
    "SIT050",
    severity=Severity.HIGH,
    covers=["S70"],
    step="Configure the Trusted Root to be accepted for Client Communications",
    applies=pki_clients,
    refs=[
        learn(
            "Configure security: client PKI certificates",
            "intune/configmgr/core/plan-design/security/configure-security",
        )
    ],
)
def clients_use_pki_certificates(security: CommunicationSecurity) -> Findings:
    """The site uses a client's PKI certificate where there is one.

    Why: Without it, clients ignore their certificates and identify themselves with one that they signed themselves,
    which the CMG does not take: they stay out on the internet.
    Remedy: In the console, open Administration > Site Configuration > Sites > Properties > Communication Security
    (Client Computer Communication before 1906), and select Use PKI client certificate (client authentication) when
    available.
    """
    for site in security:
        uses = site.uses_pki_certificates
        if uses is None:
            yield cannot_tell(site, "the site does not say how it communicates", cure=MASK_CURE)
        else:
            yield require(
                site,
                uses,
                expected="PKI client certificates are used when available",
                actual=f"they are not used (IISSSLState {site.mask})",
            )


@check(
    "SIT060",
    severity=Severity.HIGH,
    covers=["S71"],
    step="Configure the Trusted Root to be accepted for Client Communications",
    applies=pki_clients,
    refs=[
        learn(
            "Plan for PKI certificates: trusted root certification authorities",
            "intune/configmgr/core/plan-design/security/plan-for-certificates",
        )
    ],
)
def site_trusts_the_own_root(trusted: TrustedRoots, files: TrustedRootFiles) -> Findings:
    """The site's list of trusted root certification authorities has the organisation's root.

    Why: Clients choose their certificate by this list; with a list that lacks the root, or with another root only, they
    find no certificate to identify themselves with. Where the list shows subjects only, a root of the same name counts.
    Remedy: In the console, open Administration > Site Configuration > Sites > Properties > Communication Security,
    choose Set beside Trusted Root Certification Authorities, and add the exported root (.cer).
    """
    for unseen in files.unseen:
        yield cannot_tell(unseen, unseen.why, cure=unseen.cure)
    for root in files.roots:
        held = [entry for entry in trusted if entry.is_root(root)]
        yield require(
            root,
            bool(held),
            expected=f"{root.subject_text} ({root.thumbprint})",
            actual=[entry.label for entry in trusted] or "an empty list",
            evidence=[root.evidence, Evidence(TRUSTED_ROOTS)],
        )
