"""The site's collections and how many members each has (AdminService, ``SMS_Collection``)."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct, field

from comgmt_audit.facts.admin_service import Scalar, column, integer, may_be_empty, rows, text
from comgmt_audit.facts.environment import Environment
from comgmt_audit.model import Evidence

COLLECTIONS = "site/SMS_Collection"


class _RawCollection(Struct, frozen=True, rename="pascal"):
    collection_id: str | None = field(name="CollectionID", default=None)
    name: str | None = None
    member_count: Scalar = None


class Collection(Struct, frozen=True, kw_only=True):
    """A collection. ``members`` is ``None`` where the site does not say how many it has."""

    id: str
    name: str
    members: int | None
    evidence: Evidence

    @property
    def label(self) -> str:
        """Name and id."""
        return f"collection {self.name} ({self.id})"

    @property
    def shown(self) -> str:
        """Name and id, and how many members it has."""
        number = "an unknown number of members" if self.members is None else f"{self.members or 'no'} members"
        return f"{self.name} ({self.id}) with {'1 member' if self.members == 1 else number}"

    def is_called(self, name_or_id: str) -> bool:
        """Is that its name or its id?"""
        return name_or_id.casefold() in (self.name.casefold(), self.id.casefold())


class Collections(Struct, frozen=True, kw_only=True):
    """The collections that the recorder's account sees; ``complete``: that is all of them."""

    needs: ClassVar[tuple[str, ...]] = (COLLECTIONS,)
    by_id: dict[str, Collection]
    complete: bool

    @classmethod
    def read(cls, environment: Environment) -> Collections:
        """All rows."""
        found = {}
        for row, raw in rows(environment, COLLECTIONS, _RawCollection):
            id = text(raw.collection_id)
            found[id] = Collection(
                id=id,
                name=text(raw.name) or id,
                members=integer(raw.member_count, column(row, "MemberCount")),
                evidence=column(row, "MemberCount"),
            )
        return cls(by_id=found, complete=may_be_empty(environment, COLLECTIONS))
