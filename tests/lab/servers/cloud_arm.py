"""Azure Resource Manager of the lab: the subscription, its providers, and the CMG's resources (``graph.md``, 11)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tests.lab import azure_resources
from tests.lab.servers.cloud_objects import Objects
from tests.lab.servers.cloud_protocol import Answer, Asked, Refusal, position, query, skip_token
from tests.lab.servers.cloud_tokens import APPLICATION, IDENTITY

VERSIONS = {
    "subscriptions": ("2022-12-01", "2021-01-01", "2020-01-01"),
    "providers": ("2025-04-01", "2021-04-01", "2020-06-01"),
    "resources": ("2025-04-01", "2021-04-01", "2020-06-01"),
    "microsoft.network": ("2025-05-01", "2023-09-01", "2020-11-01"),
    "microsoft.authorization": ("2022-04-01",),
    "microsoft.keyvault": ("2023-07-01", "2022-07-01"),
    "microsoft.storage": ("2023-01-01", "2021-09-01"),
}
"""The versions of the API that the lab knows; others are refused."""
PAGE = 2
"""Providers on a page: so few, for a list of four to have a second page."""
_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "x-ms-ratelimit-remaining-subscription-reads": "11999",
    "x-ms-request-id": "0f4a7f0e-3c1e-4f7e-9a55-0d6b1c2d3e4f",
}
_BELOW = re.compile(
    r"/subscriptions/(?P<id>[^/]+)/(?P<what>resources|providers/(?P<namespace>Microsoft\.\w+)/(?P<rest>.+))",
    re.IGNORECASE,
)
"""What is below a subscription: its resources, and what a provider offers."""
_FILTER = re.compile(r"(?P<property>name|resourceType) eq '(?P<value>[^']*)'")
_ASSIGNED = re.compile(r"atScope\(\) and assignedTo\('(?P<object>[^']*)'\)")
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
        known = VERSIONS[_versioned(asked.path.lower())]
        if version not in known:
            message = f"The api-version '{version}' is invalid. The supported versions are '{','.join(known)}'."
            raise Refusal(400, "InvalidApiVersionParameter", message)

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request. Raises Refusal."""
        posted = asked.method == "POST" and asked.path.lower().endswith("/checknameavailability")
        if asked.method not in {"GET", "HEAD"} and not posted:
            raise Refusal(405, "MethodNotAllowed", f"The HTTP method '{asked.method}' is not supported.")
        if below := _BELOW.fullmatch(asked.path):
            self._admit(below, "/providers")
            return self._below(asked, below)
        match = _PATH.fullmatch(asked.path)
        if not match:
            raise Refusal(404, "NotFound", "The lab has nothing there.")
        if match["id"] is None:
            rows = [self._objects.subscription] if self._role else []
            return _answer({"value": rows, "count": {"type": "Total", "value": len(rows)}})
        self._admit(match, "/providers" if match["providers"] else "")
        if match["providers"] is None:
            return _answer(self._objects.subscription)
        if match["namespace"] is None:
            return self._providers(asked)
        for provider in self._objects.providers:
            if provider["namespace"].lower() == match["namespace"].lower():
                return _answer(provider)
        message = f"The resource namespace '{match['namespace']}' is invalid."
        raise Refusal(404, "InvalidResourceNamespace", message)

    def _admit(self, match: re.Match[str], part: str) -> None:
        id = match["id"].lower()
        if id not in {self._objects.subscription_id.lower(), str(self._objects.subscription["subscriptionId"]).lower()}:
            raise Refusal(404, "SubscriptionNotFound", f"The subscription '{id}' could not be found.")
        if not self._role:
            action = f"Microsoft.Resources/subscriptions{part}/read"
            raise Refusal(
                403,
                "AuthorizationFailed",
                f"The client '{APPLICATION}' with object id '{IDENTITY}' does not have authorization to perform action"
                f" '{action}' over scope '/subscriptions/{id}' or the scope is invalid. If access was recently granted,"
                " please refresh your credentials.",
            )

    def _below(self, asked: Asked, match: re.Match[str]) -> Answer:
        if match["what"].lower() == "resources":
            return self._page(asked, self._filtered(asked))
        namespace, rest = match["namespace"].lower(), match["rest"].lower()
        if (namespace, rest) == ("microsoft.network", "publicipaddresses"):
            return self._page(asked, self._objects.addresses)
        if namespace == "microsoft.network" and re.fullmatch(r"locations/[a-z0-9]+/checkdnsnameavailability", rest):
            asked.options["domainNameLabel"]  # Resource Manager wants one
            return _answer({"available": self._objects.free[azure_resources.ADDRESS]})
        if (namespace, rest) == ("microsoft.authorization", "roleassignments"):
            if (found := _ASSIGNED.fullmatch(asked.options.get("$filter", ""))) and found["object"] == IDENTITY:
                return self._page(asked, self._objects.assignments)
            raise Refusal(400, "UnsupportedQuery", "The filter is not supported.")
        if rest == "checknameavailability" and asked.method == "POST":
            return self._availability(asked)
        raise Refusal(404, "NotFound", "The lab has nothing there.")

    def _filtered(self, asked: Asked) -> list[dict[str, Any]]:
        """By name or type, compared without regard to case; the state only where it is expanded."""
        found = _FILTER.fullmatch(asked.options.get("$filter", ""))
        if not found:
            raise Refusal(400, "InvalidFilterInQueryString", "The lab knows no such filter.")
        key = {"name": "name", "resourceType": "type"}[found["property"]]
        rows = [row for row in self._objects.resources if str(row[key]).lower() == found["value"].lower()]
        shown = "provisioningState" in asked.options.get("$expand", "")
        return [row if shown else {k: v for k, v in row.items() if k != "provisioningState"} for row in rows]

    def _availability(self, asked: Asked) -> Answer:
        body = msgspec.json.decode(asked.body)
        free = self._objects.free[body["type"]]
        if free is None:
            return _answer({})
        message = f"The name '{body['name']}' is already in use."
        return _answer({"nameAvailable": free} | ({} if free else {"reason": "AlreadyExists", "message": message}))

    def _providers(self, asked: Asked) -> Answer:
        return self._page(asked, self._objects.providers)

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> Answer:
        try:
            start = position(asked.options["$skiptoken"]) if "$skiptoken" in asked.options else 0
        except ValueError as error:
            raise Refusal(400, "InvalidSkipToken", "The skip token is invalid.") from error
        page: dict[str, Any] = {"value": rows[start : start + PAGE]}
        if start + PAGE < len(rows):
            onward = dict(asked.options) | {"$skiptoken": skip_token(start + PAGE)}
            page["nextLink"] = f"{self._root}{asked.path}?{query(onward)}"
        return _answer(page)


def _versioned(path: str) -> str:
    """Whose version of the API it is."""
    found = _BELOW.fullmatch(path)
    if found:
        return str(found["namespace"] or "resources")
    return "providers" if "/providers" in path else "subscriptions"


def _answer(document: Any) -> Answer:
    return Answer(body=msgspec.json.encode(document), headers=_HEADERS)
