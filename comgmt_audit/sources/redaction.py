"""Secrets taken out of text that others wrote, before it reaches an error, a log or a recording."""

from __future__ import annotations

import re
from typing import Any

_PATTERNS = (
    # RFC 6750 and RFC 4559: what follows the scheme is the credential.
    (re.compile(r"\b(Bearer|Basic|Negotiate|NTLM)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), r"\1 ***"),
    # A JSON Web Token (RFC 7519): its header begins with {" in Base-64.
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*"), "***"),
    (re.compile(r"\b((?:set-)?cookie:\s*)[^\r\n]+", re.IGNORECASE), r"\1***"),
    # OAuth 2.0 parameters (RFC 6749) and the signature of a shared access signature (Azure Storage).
    (
        re.compile(
            r"\b(client_secret|client_assertion|access_token|refresh_token|id_token|password|sig)"
            r"(\"?\s*[=:]\s*\"?)[^\s\"&,;}]+",
            re.IGNORECASE,
        ),
        r"\1\2***",
    ),
)
_TOKEN = re.compile(r'(/regtoken:)("[^"]*"?|[^\s"]+)', re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")

_EVIDENCE = (
    # As above, but so long that no word of a sentence (Negotiate authentication) is taken for a credential.
    (
        ("bearer", "basic", "negotiate", "ntlm"),
        re.compile(r"\b(Bearer|Basic|Negotiate|NTLM)\s+[A-Za-z0-9._~+/=-]{20,}", re.IGNORECASE),
        r"\1 ***",
    ),
    (("eyj",), *_PATTERNS[1]),
    (("cookie",), *_PATTERNS[2]),
    (("client_", "_token", "password", "sig"), *_PATTERNS[3]),
    (("/regtoken",), _TOKEN, r"\1***"),
)
"""What a line must have for a pattern to be worth trying, in lower case; the pattern; and what takes its place."""
_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
"""A private key in PEM (RFC 7468); one that was cut off has no end."""


def evidence(text: str) -> str:
    """A log, an output or a traceback as it came, but for secrets; lines keep their ends."""
    lower = text.lower()
    if "private key-----" in lower:
        text = _KEY.sub(r"\1***\2", text)
    present = [(signs, *rest) for signs, *rest in _EVIDENCE if any(sign in lower for sign in signs)]
    if not present:
        return text
    return "".join(_without_secrets(line, present) for line in text.splitlines(keepends=True))


def _without_secrets(line: str, present: list[Any]) -> str:
    lower = line.lower()
    for signs, pattern, replacement in present:
        if any(sign in lower for sign in signs):
            line = pattern.sub(replacement, line)
    return line


def command_line(text: str) -> str:
    """A command line without the value of ``/regtoken:``, which registers a client with the site."""
    return _TOKEN.sub(r"\1***", text)


def quoted(text: str, limit: int = 400) -> str:
    """What a server said, fit to be shown: on one line, of at most *limit* characters, without anything secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    text = _CONTROL.sub(" ", command_line(text)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
