"""A thousand certificates, read into the facts that checks judge."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from benchmarks.measure import Table, inside

CERTIFICATES = 1_000
A_SECOND = 2_000
_NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)

_READ = """
import sys, time, pathlib
from comgmt_audit.facts import x509
pem = pathlib.Path(sys.argv[1]).read_bytes()
start = time.process_time()
found = x509.certificates(pem, "certificate-file/many")
figures = {"cpu": time.process_time() - start, "found": len({one.fingerprint for one in found})}
"""


def certificates(table: Table, folder: Path) -> None:
    """Certificates a second."""
    path = folder / "many.pem"
    path.write_bytes(b"".join(_certificate(number).public_bytes(Encoding.PEM) for number in range(CERTIFICATES)))
    best = min((inside(_READ, str(path)) for _ in range(3)), key=lambda figures: figures["cpu"])
    if best["found"] != CERTIFICATES:
        raise RuntimeError(f"certificates were not seen: {best}")
    note = f"{CERTIFICATES / best['cpu']:,.0f} a second"
    table.add(f"{CERTIFICATES:,} certificates read", best["cpu"], CERTIFICATES / A_SECOND, "s CPU", note)


_KEY = ec.generate_private_key(ec.SECP256R1())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(number: int) -> x509.Certificate:
    host = f"pc{number:04}.corp.contoso.com"
    return (
        x509.CertificateBuilder()
        .subject_name(_name(host))
        .issuer_name(_name("Contoso Issuing CA 1"))
        .public_key(_KEY.public_key())
        .serial_number(number + 1)
        .not_valid_before(_NOW)
        .not_valid_after(_NOW + dt.timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(_KEY, hashes.SHA256())
    )
