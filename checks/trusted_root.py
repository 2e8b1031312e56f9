"""The exported certificates of the own CAs. Protects the trust in every certificate that the organisation issues."""

from __future__ import annotations

import datetime as dt

from comgmt_audit import Design, Family, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import TrustedRootFiles
from comgmt_audit.facts.chains import IssuingAuthorities

from ._scope import own_ca
from ._shared import learn, lifetime, missing, unseen

family = Family(code="ROO", title="Trusted root certificates", stage=Stage.PKI)

PLAN = learn("Plan for PKI certificates", "intune/configmgr/core/plan-design/security/plan-for-certificates")
EXPORT = "Export the Trusted Root Certificate of your on-premises Microsoft Certificate Authority"


@check("ROO010", severity=Severity.HIGH, covers=["S21"], step=EXPORT, applies=own_ca, refs=[PLAN])
def files_are_there(files: TrustedRootFiles) -> Findings:
    """The declared files of the own CAs are there, and hold certificates of CAs.

    Why: The site and the CMG are given these files; a server's certificate in their place makes nobody trusted.
    Remedy: On a domain member open `certlm.msc`, export the root from Trusted Root Certification Authorities and each
    issuing CA from Intermediate Certification Authorities, as DER encoded binary X.509 (.CER). Declare the names in
    comgmt.toml: [names] root_files.
    """
    for file in files.files:
        others = [one.subject_text for one in file.certificates if not one.is_ca]
        holds = bool(file.certificates) and not others
        yield require(file, holds, expected="certificates of CAs", actual=others or file.container)
    yield from missing(files.unseen)


@check("ROO020", severity=Severity.LOW, covers=["S68"], step=EXPORT, applies=own_ca, after=["ROO010"], refs=[PLAN])
def files_are_der_without_a_key(files: TrustedRootFiles) -> Findings:
    """The exported files of the own CAs are DER, and have no private key.

    Why: The tutorial exports DER. A CA's private key must never leave the CA.
    Remedy: In certlm.msc > Trusted Root Certification Authorities > Certificates > All Tasks > Export, export the
    certificate again as DER encoded binary X.509 (.CER), without the private key.
    """
    for file in files.files:
        holds = file.encoding == "DER" and not file.has_private_key
        actual = (file.encoding, "with a private key" if file.has_private_key else "no key")
        grave = Severity.CRITICAL if file.has_private_key else None
        yield require(file, holds, expected=("DER", "no key"), actual=actual, severity=grave)
    yield from unseen(files.unseen)


@check("ROO030", severity=Severity.HIGH, covers=["S68"], step=EXPORT, applies=own_ca, after=["ROO010"], refs=[PLAN])
def a_root_is_among_them(files: TrustedRootFiles) -> Findings:
    """One of the exported certificates is a root: a CA's, and self-signed.

    Why: A list of trusted roots takes nothing but roots; with an intermediate in its place no chain ends there.
    Remedy: In certlm.msc open a certificate that the own CA issued, and export the topmost certificate of the tab
    Certification Path, not the issuing CA's.
    """
    if files.roots:
        for root in files.roots:
            yield require(root, root.is_ca, expected="a CA certificate", actual="no CA")
    elif files.files and not files.unseen:
        names = [one.subject_text for one in files.certificates]
        yield require(files.files[0], False, expected="a self-signed CA certificate", actual=names)
    yield from unseen(files.unseen)


@check("ROO040", severity=Severity.CRITICAL, covers=["S68"], step=EXPORT, applies=own_ca, after=["ROO010"], refs=[PLAN])
def they_are_valid(files: TrustedRootFiles, design: Design, now: Now) -> Findings:
    """Every exported CA certificate is valid today and beyond the warning horizon.

    Why: With the end of a CA's certificate, every certificate below it ends as well.
    Remedy: Renew the CA's certificate on the CA (`certutil -renewCert`), distribute it, and export it again.
    """
    days = design.horizons.certificate_days
    for one in files.certificates:
        valid = one.not_before <= now.time <= one.not_after
        yield require(
            one,
            valid and one.not_after - now.time > dt.timedelta(days=days),
            expected=f"valid for more than {days} days",
            actual=lifetime(one),
            severity=Severity.MEDIUM if valid else None,
        )
    yield from unseen(files.unseen)


@check(
    "ROO050",
    severity=Severity.CRITICAL,
    covers=["S69"],
    step=EXPORT,
    applies=own_ca,
    after=["DIR010", "ROO030"],
    refs=[PLAN],
)
def it_is_the_root_of_the_issuing_authorities(files: TrustedRootFiles, authorities: IssuingAuthorities) -> Findings:
    """The issuing CAs chain to a root that was exported, each link proved by its signature.

    Why: A root of the same name with another key (an earlier one, or the lab's) trusts none of the certificates in use.
    Remedy: Open a certificate in use, tab Certification Path, and export the topmost certificate from there.
    """
    exported = {root.der for root in files.roots}
    for way in authorities.paths:
        if not way[-1].self_signed:
            yield cannot_tell(way[0], f"the issuer {way[-1].issuer_text} was not seen", cure="Export its certificate.")
        elif way[-1].der not in exported and files.unseen:
            yield from unseen(files.unseen)
        else:
            actual = f"{way[-1].subject_text} (SHA-256 {way[-1].fingerprint})"
            expected = [f"{root.subject_text} (SHA-256 {root.fingerprint})" for root in files.roots]
            sides = (way[-1].evidence, *(root.evidence for root in files.roots))
            yield require(way[0], way[-1].der in exported, expected=expected, actual=actual, evidence=sides)


@check(
    "ROO060",
    severity=Severity.MEDIUM,
    covers=["S21"],
    step=EXPORT,
    applies=own_ca,
    after=["DIR010", "ROO010"],
    refs=[PLAN],
)
def every_issuing_authority_is_exported(files: TrustedRootFiles, authorities: IssuingAuthorities) -> Findings:
    """Every issuing CA, and every CA between it and the root, is among the exported files.

    Why: The CMG must be given each of them where clients have PKI certificates: it builds the chain from nothing else.
    Remedy: Export the CA named here as .CER, and add the file to comgmt.toml: [names] root_files.
    """
    exported = {one.der for one in files.certificates}
    needed = {one.der: one for way in authorities.paths for one in way if not one.self_signed}
    if files.unseen and not exported.issuperset(needed):
        yield from unseen(files.unseen)
        return
    for one in needed.values():
        yield require(one, one.der in exported, expected="an exported .cer", actual="not among the files")
