"""Azure Resource Manager of the lab: the subscription and its resource providers (``graph.md``, 11)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tests.lab.servers.cloud_objects import Objects
from tests.lab.servers.cloud_protocol import Answer, Asked, Refusal, position, query, skip_token
from tests.lab.servers.cloud_tokens import APPLICATION, IDENTITY

VERSIONS = {
    "subscriptions": ("2022-12-01", "2021-01-01", "2020-01-01"),
    "providers": ("2025-04-01", "2021-04-01", "2020-06-01"),
}
"""The versions of the API that the lab knows; others are refused."""
PAGE = 2
"""Providers on a page: so few, for a list of four to have a second page."""
_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "x-ms-ratelimit-remaining-subscription-reads": "11999",
    "x-ms-request-id": "0f4a7f0e-3c1e-4f7e-9a55-0d6b1c2d3e4f",
}
_PATH = re.compile(
    r"/subscriptions(?:/(?P<id>[^/]+)(?P<providers>/providers(?:/(?P<namespace>[^/]+))?)?)?", re.IGNORECASE
)


class ResourceManager:
    """Answers requests to Resource Manager; without *role* the account sees no subscription."""

    def __init__(self, objects: Objects, root: str, *, role: bool = True) -> None:
        self._objects, self._root, self._role = objects, root, role

    @staticmethod
    def check_version(asked: Asked) -> None:
        """The version comes before everything else, the token included. Raises Refusal."""
        version = asked.options.get("api-version", "")
        if not version:
            message = "The api-version query parameter (?api-version=) is required for all requests."
            raise Refusal(400, "MissingApiVersionParameter", message)
        known = VERSIONS["providers" if "/providers" in asked.path.lower() else "subscriptions"]
        if version not in known:
            message = f"The api-version '{version}' is invalid. The supported versions are '{','.join(known)}'."
            raise Refusal(400, "InvalidApiVersionParameter", message)

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request. Raises Refusal."""
        if asked.method not in {"GET", "HEAD"}:
            raise Refusal(405, "MethodNotAllowed", f"The HTTP method '{asked.method}' is not supported.")
        match = _PATH.fullmatch(asked.path)
        if not match:
            raise Refusal(404, "NotFound", "The lab has nothing there.")
        if match["id"] is None:
            rows = [self._objects.subscription] if self._role else []
            return _answer({"value": rows, "count": {"type": "Total", "value": len(rows)}})
        self._admit(match)
        if match["providers"] is None:
            return _answer(self._objects.subscription)
        if match["namespace"] is None:
            return self._providers(asked)
        for provider in self._objects.providers:
            if provider["namespace"].lower() == match["namespace"].lower():
                return _answer(provider)
        message = f"The resource namespace '{match['namespace']}' is invalid."
        raise Refusal(404, "InvalidResourceNamespace", message)

    def _admit(self, match: re.Match[str]) -> None:
        id = match["id"].lower()
        if id not in {self._objects.subscription_id.lower(), str(self._objects.subscription["subscriptionId"]).lower()}:
            raise Refusal(404, "SubscriptionNotFound", f"The subscription '{id}' could not be found.")
        if not self._role:
            action = f"Microsoft.Resources/subscriptions{'/providers' if match['providers'] else ''}/read"
            raise Refusal(
                403,
                "AuthorizationFailed",
                f"The client '{APPLICATION}' with object id '{IDENTITY}' does not have authorization to perform action"
                f" '{action}' over scope '/subscriptions/{id}' or the scope is invalid. If access was recently granted,"
                " please refresh your credentials.",
            )

    def _providers(self, asked: Asked) -> Answer:
        try:
            start = position(asked.options["$skiptoken"]) if "$skiptoken" in asked.options else 0
        except ValueError as error:
            raise Refusal(400, "InvalidSkipToken", "The skip token is invalid.") from error
        page: dict[str, Any] = {"value": self._objects.providers[start : start + PAGE]}
        if start + PAGE < len(self._objects.providers):
            onward = dict(asked.options) | {"$skiptoken": skip_token(start + PAGE)}
            page["nextLink"] = f"{self._root}{asked.path}?{query(onward)}"
        return _answer(page)


def _answer(document: Any) -> Answer:
    return Answer(body=msgspec.json.encode(document), headers=_HEADERS)
