"""The Azure management certificate. Protects the classic CMG and CDP: with it the site creates and runs them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from comgmt_audit import Design, Family, Finding, Findings, Severity, Stage, cannot_tell, check, require
from comgmt_audit.facts import Now
from comgmt_audit.facts.certificates import CertificateFile, ManagementCertificates, UploadedManagementCertificates

from ._scope import classic
from ._shared import learn, lifetime, missing, unseen

family = Family(code="MGT", title="Azure management certificate", stage=Stage.PKI)

CERTIFICATES = learn(
    "Certificates overview for Azure Cloud Services (classic)", "azure/cloud-services/cloud-services-certs-create"
)
EXPORT = "Export the Azure management certificate (AzureManagementCert)"
SMALLEST_KEY = 2048
"""Bits of a management certificate's key (Certificates overview for Azure Cloud Services: at least 2048)."""


def _unknown(certificates: ManagementCertificates) -> Iterator[Finding]:
    """Why the certificate itself is not known: its files are missing, or locked."""
    yield from unseen(certificates.unseen)
    for file in certificates.files:
        if file.locked:
            yield cannot_tell(file, file.locked, cure="Give the password of the file when recording.")


@check("MGT010", severity=Severity.HIGH, covers=["S17"], step=EXPORT, applies=classic, refs=[CERTIFICATES])
def both_files_are_there(certificates: ManagementCertificates) -> Findings:
    """The management certificate is there as .cer and as .pfx with its private key.

    Why: The .cer is uploaded to the subscription, the .pfx goes into the wizards of the CMG and the CDP; each is of no
    use without the other.
    Remedy: In certlm.msc, Personal > Certificates, export the certificate twice: with the private key as .PFX, and
    without as DER encoded binary X.509 (.CER).
    """
    pfx = certificates.pfx
    if pfx and pfx.container == "pkcs12" and pfx.has_private_key is None:
        yield cannot_tell(pfx, pfx.locked, cure="Give the password of the file when recording; it is not kept.")
    elif pfx:
        holds = pfx.container == "pkcs12" and bool(pfx.has_private_key)
        kind = "a PFX" if pfx.container == "pkcs12" else f"no PFX ({pfx.container})"
        actual = f"{kind} {'with its' if pfx.has_private_key else 'without a'} private key"
        yield require(pfx, holds, expected="a PFX (PKCS#12) with its private key", actual=actual)
    if certificates.cer:
        kind = certificates.cer.container
        yield require(certificates.cer, kind == "certificate", expected="one certificate", actual=kind)
    yield from missing(certificates.unseen)


@check(
    "MGT020",
    severity=Severity.CRITICAL,
    covers=["S17", "S57"],
    step=EXPORT,
    applies=classic,
    after=["MGT010"],
    refs=[CERTIFICATES],
)
def both_files_are_the_same_certificate(certificates: ManagementCertificates) -> Findings:
    """The .cer and the .pfx of the management certificate are the same certificate.

    Why: Azure compares the certificate that the site shows with the one that was uploaded; a renewed one that merely
    has the same name is refused.
    Remedy: In certlm.msc > Personal > Certificates export both files again from the one certificate, and upload the
    .cer (Azure portal: Subscriptions > the subscription > Management certificates).
    """
    pfx, cer = certificates.pfx, certificates.cer
    if pfx and cer and pfx.certificates and cer.certificates:
        one, other = pfx.certificates[0].thumbprint, cer.certificates[0].thumbprint
        yield require(certificates, one == other, expected=one, actual=other, evidence=(pfx.evidence, cer.evidence))
        return
    yield from _unknown(certificates)


@check("MGT030", severity=Severity.HIGH, covers=["S58"], step=EXPORT, applies=classic, refs=[CERTIFICATES])
def the_public_file_is_der_without_a_key(certificates: ManagementCertificates) -> Findings:
    """The .cer of the management certificate is DER and has no private key.

    Why: It is handed to Azure and to whoever uploads it. With a key in it, they could act on the subscription.
    Remedy: In certlm.msc > Personal > Certificates > All Tasks > Export, export it again with No, do not export the
    private key, and DER encoded binary X.509 (.CER).
    """
    cer = certificates.cer
    if cer:
        actual = (cer.encoding, "with a private key" if cer.has_private_key else "no key")
        grave = Severity.CRITICAL if cer.has_private_key else Severity.LOW
        holds = cer.encoding == "DER" and not cer.has_private_key
        yield require(cer, holds, expected=("DER", "no key"), actual=actual, severity=grave)
        return
    yield from unseen(certificates.unseen)


@check("MGT040", severity=Severity.LOW, covers=["S56"], step=EXPORT, applies=classic, refs=[CERTIFICATES])
def it_has_the_agreed_name(certificates: ManagementCertificates, design: Design) -> Findings:
    """The management certificate has the agreed name, as its common name or as its friendly name.

    Why: It must be found again in the store, to be deleted there after the export, and when it is renewed.
    Remedy: Make it anew with the friendly name AzureManagementCert, or correct name in comgmt.toml, section
    [management_certificate].
    """
    wanted = design.management_certificate.name.casefold()
    found = certificates.certificate
    friendly = certificates.pfx.friendly_name if certificates.pfx else None
    names = [name for name in ((found.common_name if found else None), friendly) if name]
    if wanted in [name.casefold() for name in names]:
        yield require(certificates, True)
    elif found and certificates.pfx and certificates.pfx.opened:
        yield require(certificates, False, expected=design.management_certificate.name, actual=names)
    else:
        # A .cer never carries the friendly name, and a certificate made by IIS is called after its server.
        yield cannot_tell(
            certificates, "its friendly name is not known", cure="Give the .pfx and its password when recording."
        )


@check("MGT050", severity=Severity.CRITICAL, covers=["S61"], step=EXPORT, applies=classic, refs=[CERTIFICATES])
def it_is_valid(certificates: ManagementCertificates, design: Design, now: Now) -> Findings:
    """The management certificate is valid today and beyond the warning horizon.

    Why: After its end the site can neither create, change nor watch the cloud services; IIS makes such certificates
    for one year.
    Remedy: Make a new one, upload its .cer to the subscription, and choose its .pfx in the properties of the CMG and
    the CDP (Administration > Cloud Services).
    """
    found = certificates.certificate
    if found is None:
        yield from _unknown(certificates)
        return
    days = design.horizons.certificate_days
    valid = found.not_before <= now.time <= found.not_after
    yield require(
        certificates,
        valid and found.not_after - now.time > dt.timedelta(days=days),
        expected=f"valid for more than {days} days",
        actual=lifetime(found),
        severity=Severity.MEDIUM if valid else None,
    )


@check(
    "MGT060",
    severity=Severity.CRITICAL,
    covers=["S60"],
    step="Upload the Azure Management certificate to Azure",
    applies=classic,
    refs=[CERTIFICATES],
)
def it_is_uploaded(certificates: ManagementCertificates, uploaded: UploadedManagementCertificates) -> Findings:
    """The management certificate is uploaded to the subscription.

    Why: Azure lets the site act only where it finds the certificate in the subscription's list.
    Remedy: In the Azure portal open Subscriptions > the subscription > Management certificates > Upload, and choose
    AzureManagementCert.cer.
    """
    found = certificates.certificate
    if found is None:
        yield from _unknown(certificates)
        return
    yield require(
        certificates,
        found.thumbprint in uploaded.thumbprints,
        expected=found.thumbprint,
        actual=sorted(uploaded.thumbprints),
        evidence=(certificates.evidence, uploaded.evidence),
    )


@check("MGT070", severity=Severity.HIGH, tags=["beyond"], step=EXPORT, applies=classic, refs=[CERTIFICATES])
def its_key_is_what_azure_asks_for(certificates: ManagementCertificates) -> Findings:
    """The key of the management certificate is RSA of 2048 bits or more, made for key exchange.

    Why: Azure refuses a management certificate with a shorter key, or one that was made for signatures only.
    Remedy: Make it anew with a key of 2048 bits for exchange, as IIS does (Server Certificates > Create Self-Signed).
    """
    found = certificates.certificate
    if found is None:
        yield from _unknown(certificates)
        return
    long_enough = found.key_type == "RSA" and (found.key_bits or 0) >= SMALLEST_KEY
    purpose = _purpose(certificates.pfx)
    yield require(
        certificates,
        long_enough and purpose != "signature",
        expected=(f"RSA, {SMALLEST_KEY} bits or more", "exchange"),
        actual=(f"{found.key_type}, {found.key_bits} bits", purpose or "purpose not stated"),
    )


def _purpose(pfx: CertificateFile | None) -> str | None:
    return pfx.key_spec if pfx else None
