"""The catalogue of log lines: every entry is complete, matches its own example, and is found by the quick search."""

from __future__ import annotations

import time

import pytest

from comgmt_audit import log_catalogue, packs
from comgmt_audit.facts.log_records import Record, visit
from comgmt_audit.log_catalogue import Entry, Kind, Log

LOGS = {name: log_catalogue.log(name) for name in log_catalogue.names()}
ENTRIES = {entry.id: (name, entry) for name, log in LOGS.items() for entry in log.entries}


@pytest.mark.parametrize("name", LOGS)
def test_a_log_says_where_it_lies_and_uses_an_id_once(name):
    log = LOGS[name]
    assert name == name.lower()
    assert log.where
    assert log.folder
    assert log.entries
    assert len({entry.id for entry in log.entries}) == len(log.entries)


def test_every_entry_matches_its_example_in_any_case():
    texts = ((id, text) for id, (_, e) in ENTRIES.items() for text in (e.example, e.example.swapcase()))
    assert [id for id, text in texts if not ENTRIES[id][1].search(text)] == []


def test_every_entry_says_what_it_means_and_every_failure_what_to_do():
    assert [id for id, (_, entry) in ENTRIES.items() if not (entry.meaning and entry.source)] == []
    assert [id for id, (_, entry) in ENTRIES.items() if entry.kind is Kind.FAILURE and not entry.remedy] == []


def found(entry: Entry) -> bool:
    """The quick search finds the entry's example in a log."""
    seen: list[Record] = []
    visit([f"{entry.example}  $$<X><11-23-2026 14:00:00.000+0><thread=1>"], entry.literals, seen.append)
    return len(seen) == 1


def test_the_quick_search_finds_every_example():
    assert [id for id, (_, entry) in ENTRIES.items() if not found(entry)] == []
    assert [id for id, (_, entry) in ENTRIES.items() if any(piece != piece.lower() for piece in entry.literals)] == []


def first(log: Log, message: str) -> Entry:
    return next(entry for entry in log.entries if entry.search(message))


def test_no_entry_hides_another_of_another_kind():
    """Where two match, they say the same kind of thing: the failure of ccmsetup and its code."""
    hidden = [id for id, (name, entry) in ENTRIES.items() if first(LOGS[name], entry.example).kind is not entry.kind]
    assert hidden == []


def test_the_checks_and_excuses_that_entries_name_exist():
    checks = {check.id for check in packs.builtin()}
    assert [id for id, (_, entry) in ENTRIES.items() if not {*entry.feeds} <= checks] == []
    excuses = {entry.excused_by for _, entry in ENTRIES.values()} - {""}
    assert {ENTRIES[id][1].kind for id in excuses} == {Kind.NOISE}


def test_every_check_on_logs_has_a_success_and_a_failure_to_rest_on():
    kinds: dict[str, set[Kind]] = {}
    for _, entry in ENTRIES.values():
        for id in entry.feeds:
            kinds.setdefault(id, set()).add(entry.kind)
    checks = {check.id for check in packs.builtin() if check.id.startswith("LOG")}
    assert set(kinds) == checks - {"LOG070"}  # which rests on the lines of the user's own
    # LOG080 fails by what the line of success names.
    assert {id for id, seen in kinds.items() if Kind.FAILURE not in seen} == {"LOG080"}


@pytest.mark.parametrize(
    ("log", "message", "kind"),
    [
        ("comanagementhandler", "Device is not provisioned", Kind.PENDING),
        ("comanagementhandler", "Device Provisioned", Kind.SUCCESS),
        ("comanagementhandler", "Device is not MDM enrolled yet. All workloads are managed by SCCM.", Kind.PENDING),
        ("comanagementhandler", "Machine is already enrolled with MDM", Kind.SUCCESS),
        ("comanagementhandler", "Merged value for setting 'CoManagementSettings_AutoEnroll' is 'true'", Kind.NOISE),
        (
            "comanagementhandler",
            "MDM enrolment hasn’t been configured yet on Microsoft Entra ID, or the enrolment URL isn’t expected.",
            Kind.FAILURE,
        ),
        ("comanagementhandler", "Failed (Unknown Win32 Error code: 0x80180002b)", Kind.FAILURE),
        ("comanagementhandler", "Error 2149056555", Kind.FAILURE),
        ("ccmmessaging", "Successfully queued event on HTTP/HTTPS failure for server 'MP01'.", Kind.NOISE),
        ("ccmsetup", "Failed to connect to policy namespace. Error 0x8004100e", Kind.NOISE),
        ("sms_cloud_proxyconnector", "Filtered cert count with client auth: 0", Kind.FAILURE),
        ("sms_cloud_proxyconnector", "Filtered cert count with client auth: 10", Kind.NOISE),
        ("sms_azuread_discovery_agent", "successfully published udx for microsoft entra users", Kind.SUCCESS),
        ("sms_azuread_discovery_agent", "Successfully published UDX for Azure Active Directory groups", Kind.NOISE),
        ("cmgservice", "RequestUri: /x  RequestCount: 76  ResponseCount: 769  ResponseSize: 1", Kind.NOISE),
    ],
)
def test_lines_that_look_alike_are_told_apart(log, message, kind):
    assert first(LOGS[log], message).kind is kind


def test_a_message_broken_in_mid_word_is_still_known():
    _, entry = ENTRIES["discovery-users-published"]
    assert entry.search("Successfully published UDX for Azure Active Dire\r\nctory users")


def test_no_pattern_takes_longer_than_a_line_is_long():
    """A line that begins like a known one again and again, and never ends so, costs no more than another."""
    spent = {}
    for id, (_, entry) in ENTRIES.items():
        start = time.process_time()
        for part in (1, 2, 3):
            piece = entry.example[: max(1, len(entry.example) * part // 4)]
            entry.search(f"{piece} " * (100_000 // len(piece)))
        spent[id] = time.process_time() - start
    assert {id: round(seconds, 2) for id, seconds in spent.items() if seconds > 1} == {}
