"""Secrets taken out of text that others wrote, before it reaches an error, a log or a recording."""

from __future__ import annotations

import re

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


def command_line(text: str) -> str:
    """A command line without the value of ``/regtoken:``, which registers a client with the site."""
    return _TOKEN.sub(r"\1***", text)


def quoted(text: str, limit: int = 400) -> str:
    """What a server said, fit to be shown: on one line, of at most *limit* characters, without anything secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    text = _CONTROL.sub(" ", command_line(text)).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
