"""Contoso's files as real tools make them: PFX by ``openssl pkcs12``, chains and lists read back by ``openssl``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.lab import pki
from tests.lab.certificates import Pfx, pfx_roles
from tests.lab.estate import Estate

KEYS = Path(pki.__file__).parent / "keys"
_KEY_SPEC = {"exchange": ["-keyex"], "signature": ["-keysig"], None: []}
_ENCRYPTION = {
    "PBE-SHA1-3DES": "PBE-SHA1-3DES",
    "PBES2/AES-256-CBC/HMAC-SHA-256": "AES-256-CBC",
    "PBE-SHA1-RC2-40": "PBE-SHA1-RC2-40",
}


def missing() -> str:
    """Why real files cannot be made here; empty where they can."""
    return "" if shutil.which("openssl") else "the openssl command is not installed"


def openssl(*arguments: str | Path) -> str:
    """Run openssl; returns what it prints. Raises CalledProcessError."""
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def pfx(estate: Estate, name: str, file: Pfx, password: str, folder: Path) -> Path:
    """A PFX of the estate, as Windows writes it: provider name, machine key set and KeySpec in the key's bag."""
    leaf, *issuers = pfx_roles(estate, file)
    certificate, chain, target = folder / "leaf.pem", folder / "chain.pem", folder / name
    certificate.write_text(pki.pem(estate, leaf))
    chain.write_text("".join(pki.pem(estate, role) for role in issuers))
    options = [
        *(["-certfile", str(chain)] if issuers else []),
        *(["-CSP", file.provider] if file.provider else []),
        *(["-LMK"] if file.machine_key_set else []),
        *_KEY_SPEC[file.key_spec],
        *["-name", file.key_container],
        *["-keypbe", _ENCRYPTION[file.key_encryption], "-certpbe", _ENCRYPTION[file.certificate_encryption]],
        *["-macalg", file.mac.replace("-", "")],
    ]
    openssl(
        "pkcs12", "-export", "-in", certificate, "-inkey", KEYS / f"{leaf}.pem", "-passout", f"pass:{password}",
        "-out", target, *options,
    )  # fmt: skip
    return target
