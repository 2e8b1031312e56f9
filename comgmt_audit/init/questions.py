"""What ``comgmt-audit init`` asks: the keys without which most checks cannot be judged, and why each is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from comgmt_audit.errors import DesignError
from comgmt_audit.init import answers

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOST = re.compile(r"(?=.{1,253}\.?$)(?:[\w-]{1,63}\.)+[\w-]{2,63}\.?")
_CODE = re.compile(r"[A-Za-z0-9]{3}")
_SERVER = re.compile(r"ldaps?://\S+")
_FORMS = {
    "guid": (_GUID, "a GUID, such as 00000000-0000-0000-0000-000000000000"),
    "host": (_HOST, "a full name, such as cm01.contoso.com"),
    "code": (_CODE, "three letters or digits, such as PS1"),
    "server": (_SERVER, "an address, such as ldaps://dc01.contoso.com"),
}


class Question(Struct, frozen=True, kw_only=True):
    """A key that is asked for: why, in which form, and when; ``connects``: before a first look."""

    key: str
    why: str
    form: str = ""
    connects: bool = False
    when: Callable[[Mapping[str, Any]], bool] = lambda _: True

    def parsed(self, text: str) -> Any:
        """What was typed, as TOML has it; nothing is always allowed. Raises DesignError."""
        text = text.strip()
        pattern, words = _FORMS.get(self.form, (re.compile(".*"), ""))
        if text and not pattern.fullmatch(text):
            raise DesignError(f"{self.key}: {text!r} is not {words}.")
        return answers.parsed(self.key, text)


def _says(key: str, *values: object) -> Callable[[Mapping[str, Any]], bool]:
    return lambda given: given.get(key, answers.all_keys()[key].default) in values


_CLOUD = _says("connect.cloud.use", True)
_BY_APPLICATION = _says("connect.cloud.sign_in", "client-secret", "certificate")
_AT_HOME = _says("rollout.on_premises_domain", True)

QUESTIONS = (
    Question(key="name", why="It is the heading of every report, and tells environments apart in a history."),
    Question(key="rollout.on_premises_domain", why="Without a domain no check asks for a directory.", connects=True),
    Question(
        key="connect.directory.server",
        why="Domains, CAs, certificate templates and computers are read there; empty: the directory is not read.",
        form="server",
        connects=True,
        when=_AT_HOME,
    ),
    Question(
        key="site.server",
        why="The site's provider answers there, and its certificates and logs are judged.",
        form="host",
        connects=True,
    ),
    Question(
        key="connect.admin_service.provider",
        why="The AdminService of the site runs there; empty: on the site server.",
        form="host",
        connects=True,
    ),
    Question(
        key="connect.cloud.use", why="Tenant, licences, devices and Azure resources are read there.", connects=True
    ),
    Question(
        key="rollout.cloud",
        why="Addresses, suffixes and enrolment targets differ from cloud to cloud.",
        connects=True,
    ),
    Question(
        key="connect.cloud.sign_in",
        why="The MDM and MAM user scopes are told to a signed-in user only (device-code, browser, azure-cli).",
        connects=True,
        when=_CLOUD,
    ),
    Question(
        key="connect.cloud.tenant_id",
        why="The sign-in needs it; empty: AZURE_TENANT_ID.",
        form="guid",
        connects=True,
        when=lambda given: _CLOUD(given) and not _says("connect.cloud.sign_in", "environment")(given),
    ),
    Question(
        key="connect.cloud.client_id",
        why="`comgmt-audit permissions` says what this application must be granted.",
        form="guid",
        connects=True,
        when=lambda given: _CLOUD(given) and _BY_APPLICATION(given),
    ),
    Question(
        key="connect.cloud.secret",
        why="The secret itself is never written: only where it is.",
        connects=True,
        when=lambda given: _CLOUD(given) and _says("connect.cloud.sign_in", "client-secret")(given),
    ),
    Question(
        key="connect.cloud.certificate",
        why="The application signs in with it.",
        connects=True,
        when=lambda given: _CLOUD(given) and _says("connect.cloud.sign_in", "certificate")(given),
    ),
    Question(
        key="baseline", why="It decides what is expected: Microsoft's guidance of today, or the tutorial of 2018."
    ),
    Question(key="rollout.path", why="It decides which licences users need."),
    Question(key="rollout.enabled", why="Once it is on, devices that are not co-managed are failures."),
    Question(key="rollout.tenant_id", why="A look at the wrong tenant is noticed.", form="guid"),
    Question(key="rollout.subscription_id", why="Without it nothing of Azure is read.", form="guid", when=_CLOUD),
    Question(key="pki.cloud_certificates", why="It decides which chain and which names a certificate must have."),
    Question(key="site.code", why="A look at the wrong site is noticed.", form="code"),
    Question(key="site.communication", why="With https every management point needs a PKI certificate."),
    Question(key="site.management_point", why="Its certificate, logs and TLS are judged.", form="host"),
    Question(key="site.connection_point", why="Its certificates and its way to the internet are judged.", form="host"),
    Question(key="clients.authentication", why="With pki every client needs a certificate for client authentication."),
    Question(key="gateway.service_name", why="The certificate, DNS and TLS of the CMG are judged by it.", form="host"),
    Question(key="distribution_point.wanted", why="A separate one is retired by Microsoft, and checked where wanted."),
)
