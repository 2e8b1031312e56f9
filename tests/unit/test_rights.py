"""The rights that a recording was made with: the table is that of the sources, and refusals are counted."""

from __future__ import annotations

import datetime as dt

from comgmt_audit import recorder
from comgmt_audit.connections import Connections
from comgmt_audit.recording import Absence, Observation, Reason
from comgmt_audit.rights import RIGHTS, needed, rights
from tests.lab.names import NOW


def observed(id: str, reason: Reason | None = None) -> Observation:
    absence = Absence(reason=reason, detail="why") if reason else None
    return Observation(id=id, source=id.partition("/")[0], request="GET /", at=NOW + dt.timedelta(0), absence=absence)


def test_the_table_is_what_the_sources_say():
    theirs = {
        id: tuple((right.label, right.kind) for right in needs)
        for source in recorder.sources(Connections())
        for id, needs in source.PERMISSIONS.items()
    }
    assert theirs == RIGHTS


def test_the_longest_name_counts():
    assert needed("site/SMS_Site") == (("Read-only Analyst", "configmgr-role"),)
    assert needed("site/trusted-root-list") == (("Read the files", "host"),)
    assert len(needed("directory/certificate-templates")) == 2
    assert len(needed("directory/accounts")) == 1
    assert needed("dns/inside/cmg.contoso.com") == (("UDP and TCP 53 to the resolvers", "network"),)
    assert needed("elsewhere/x") == needed("") == ()


def test_what_was_answered_and_refused_is_counted_by_source_and_right():
    found = rights(
        [
            observed("graph/users"),
            observed("graph/group-members/1", Reason.REFUSED),
            observed("graph/groups", Reason.ABSENT),
            observed("dns/inside/a", Reason.UNREACHABLE),
        ]
    )
    assert [(one.source, one.name, one.answered, one.refused) for one in found] == [
        ("dns", "UDP and TCP 53 to the resolvers", 0, ()),
        ("graph", "GroupMember.Read.All", 1, ("graph/group-members/1",)),
        ("graph", "User.Read.All", 1, ("graph/group-members/1",)),
    ]
