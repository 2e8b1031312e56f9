"""Whether users really have a licence: for all of them, and for those who are meant to enrol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from comgmt_audit import Evidence, Findings, cannot_tell, require
from comgmt_audit.facts.licences import Gap, Licences, SubscribedSkus, gap
from comgmt_audit.facts.users import User


def licensed(
    users: Iterable[User], skus: SubscribedSkus, plans: Mapping[str, str], also: tuple[Evidence, ...] = ()
) -> Findings:
    """Has each user one of *plans*? One finding a user; what a combination of licences amounts to is worked out once.

    :param also: where it stands that these users need it.
    """
    missing: Callable[[Licences], Gap | None] = cache(lambda licences: gap(licences, skus, plans))
    expected = f"a licence with {' or '.join(sorted(set(plans.values())))}"
    for user in users:
        lack = missing(user.licences)
        if lack is None:
            yield require(user, True)
        elif not lack.known or user.enabled is None or user.guest is None:
            yield cannot_tell(
                user, "; ".join(lack.seen) + doubt(user), cure=lack.advice, evidence=(user.evidence, *also)
            )
        else:
            yield require(
                user, False, expected=expected, actual=lack.seen, advice=lack.advice, evidence=(user.evidence, *also)
            )


def doubt(user: User) -> str:
    """What was not answered that tells whether the user needs a licence, as the end of a sentence."""
    unknown = [
        name for name, value in {"accountEnabled": user.enabled, "userType": user.guest}.items() if value is None
    ]
    return f"; {' and '.join(unknown)} not answered" if unknown else ""
