"""Records of logs in every form, whole and torn, cut anywhere, and at a cost that does not explode."""

from __future__ import annotations

import datetime as dt
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.facts.log_records import ROLLED_OVER, Record, records, visit
from comgmt_audit.text_encoding import decode

FIXTURES = Path(__file__).parents[1] / "fixtures" / "logs"
TRAILER = '" date="11-23-2026" component="Part" context="" type="1" thread="7" file="part.cpp:9">'


def ccm(message: str = "one", clock: str = "14:03:12.345+240", date: str = "11-23-2026") -> str:
    stamp = f'<time="{clock}" date="{date}" component="Part" context="" type="1" thread="7" file="a.cpp:9">'
    return f"<![LOG[{message}]LOG]!>{stamp}"


def server(message: str = "one  ", stamp: str = "11-23-2026 14:03:12.345+240", thread: str = "7892 (0x1ED4)") -> str:
    return f"{message}$$<SMS PART><{stamp}><thread={thread}>"


def only(text: str) -> Any:
    (record,) = records([text])
    return record


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0
) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, second, micro, dt.UTC)


def test_a_client_record():
    assert only(ccm()) == Record(
        message="one",
        line=1,
        time=utc(2026, 11, 23, 18, 3, 12, 345000),
        local=dt.datetime(2026, 11, 23, 14, 3, 12, 345000),
        component="Part",
        type=1,
        thread="7",
        file="a.cpp:9",
    )


def test_a_server_record():
    record = only(server())
    assert (record.message, record.component, record.thread, record.type) == ("one", "SMS PART", "7892", None)
    assert record.time == utc(2026, 11, 23, 18, 3, 12, 345000)


@pytest.mark.parametrize(
    ("clock", "hour"),
    [
        ("14:00:00.000+240", 18),
        ("14:00:00.000+300", 19),
        ("14:00:00.000-60", 13),
        ("14:00:00.000-330", 8),
        ("14:00:00.000+000", 14),
        ("14:00:00.000+00", 14),
        ("14:00:00.7+000", 14),
        ("14:00:00+0", 14),
    ],
)
def test_the_bias_added_to_local_time_is_utc(clock, hour):
    assert only(ccm(clock=clock)).time.hour == hour
    assert only(server(stamp=f"11-23-2026 {clock}")).time.hour == hour


def test_a_bias_can_change_the_day():
    assert only(ccm(clock="23:00:00.000+240", date="12-31-2026")).time == utc(2027, 1, 1, 3)


@pytest.mark.parametrize(
    "clock", ["14:00:00.8422964", "14:00:00.842", "14:00:00", "14:00:00.000+-480", "14:00:00.000+9999", "14:00:00.0 PM"]
)
def test_without_a_sound_bias_the_offset_is_unknown(clock):
    record = only(ccm(clock=clock))
    assert (record.time, record.local.hour) == (None, 14)


@pytest.mark.parametrize(
    ("clock", "date"),
    [
        ("not-a-time", "11-23-2026"),
        ("14:00:00.000+240", "not-a-date"),
        ("25:00:00.000+240", "11-23-2026"),
        ("14:00:00.000+240", "13-40-2026"),
        ("14:00:00.000+240", "2-30-2026"),
        ("00:00:00.000-60", "1-1-0001"),
        ("١٤:00:00.000+240", "11-23-2026"),
        ("14:00:00.000+240", "١١-23-2026"),
        ("14:00:00.000+٢٤٠", "11-23-2026"),
        ("", ""),
    ],
)
def test_an_impossible_time_is_none_and_the_record_stays(clock, date):
    record = only(ccm(clock=clock, date=date))
    assert (record.message, record.time) == ("one", None)


@pytest.mark.parametrize("date", ["2-4-2026", "02-04-2026", "2-04-2026"])
def test_dates_are_month_first_with_or_without_zeros(date):
    assert only(ccm(date=date)).local.date() == dt.date(2026, 2, 4)


@pytest.mark.parametrize(
    ("stamp", "time", "day"),
    [
        ("Fri Mar 26 10:43:41.547 1999 Eastern Standard Time", None, dt.date(1999, 3, 26)),
        ("Wed May 21 17:09:02 1997~", None, dt.date(1997, 5, 21)),
        ("Mon Nov 23 14:00:00.000 2026 Coordinated Universal Time", utc(2026, 11, 23, 14), dt.date(2026, 11, 23)),
    ],
)
def test_stamps_of_sms_1_and_2(stamp, time, day):
    record = only(server(stamp=stamp, thread="DB"))
    assert (record.time, record.local.date(), record.thread) == (time, day, "DB")


@pytest.mark.parametrize("stamp", ["Wed Mai 21 17:09:02 1997", "Wed May 21 99:09:02 1997", "May", ""])
def test_an_old_stamp_that_cannot_be_meant_is_none(stamp):
    assert only(server(stamp=stamp)).local is None


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("one~~  ", "one"),
        ("~one ", "one"),
        ("one~  ", "one"),
        ("~**ERROR: one~~at two~~at three~~  ", "**ERROR: one\nat two\nat three"),
        (r"C:\PROGRA~1\x  ", r"C:\PROGRA~1\x"),
        ("", ""),
    ],
)
def test_tildes_are_line_breaks_of_servers(written, message):
    assert only(server(written)).message == message


@pytest.mark.parametrize(
    "message",
    [
        "",
        '[a] <b> "c" ]',
        "[[x] y",
        "two\r\nlines",
        "a\n\tb <c> $$ d",
        "$$<",
        "]LOG]!>",
        "]LOG]!><time=",
        "x $$<A><B> y",
    ],
)
def test_a_client_message_is_kept_as_it_is(message):
    assert only(ccm(message)).message == message


def test_a_server_message_of_several_lines_is_one_record():
    first, second = records([server("ERROR\r\n  at a\r\n  at b~~  ") + "\r\n" + server("two  ") + "\r\n"])
    assert first.message == "ERROR\r\n  at a\r\n  at b"
    assert (second.message, second.line) == ("two", 4)


@pytest.mark.parametrize("frame", [ccm, server])
def test_two_records_on_one_line(frame):
    one, two = records([frame("one  ") + frame("two  ")])
    assert (one.message.strip(), two.message.strip(), two.line) == ("one", "two", 1)


def test_both_forms_in_one_file():
    assert [record.component for record in records([f"{ccm()}\r\n{server()}\r\n{ccm()}"])] == [
        "Part",
        "SMS PART",
        "Part",
    ]


def test_a_head_without_opener_is_torn_and_has_its_time():
    torn, whole = records([f'ail of one]LOG]!><time="14:00:00.000+000{TRAILER}\n{ccm("two")}'])
    assert (torn.torn, torn.message, torn.time) == (True, "ail of one", utc(2026, 11, 23, 14))
    assert (whole.torn, whole.message, whole.line) == (False, "two", 2)


@pytest.mark.parametrize("end", ["<![LOG[half a mess", '<![LOG[one]LOG]!><time="14:0', "half a mess"])
def test_a_tail_without_end_is_torn_and_has_no_time(end):
    whole, torn = records([f"{ccm()}\r\n{end}"])
    assert (whole.torn, torn.torn, torn.time, torn.line) == (False, True, None, 2)


def test_a_torn_record_does_not_swallow_the_next():
    one, torn, two = records([f"{ccm('one')}\n<![LOG[torn\n{ccm('two')}\n"])
    assert [one.message, torn.message, two.message] == ["one", "torn", "two"]
    assert [one.torn, torn.torn, two.torn] == [False, True, False]
    assert [one.line, torn.line, two.line] == [1, 2, 3]


def test_the_mark_of_a_roll_over_is_no_record():
    text = f"{server('one  ')}\r\n{ROLLED_OVER}\r\n"
    assert [record.message for record in records([text])] == ["one"]
    assert [record.message for record in records([text, server("two  ")])] == ["one", "two"]


def test_text_without_frames_is_one_message_a_line():
    found = list(records(["one\t19/02/2026 13:49:33\tccmsetup\t8548 (0x2164)\r\n\r\ntwo\r\n"]))
    assert [(record.line, record.torn, record.time) for record in found] == [(1, False, None), (3, False, None)]
    assert found[1].message == "two"


@pytest.mark.parametrize("text", ["", "\r\n\r\n", " ", ROLLED_OVER])
def test_nothing_is_no_record(text):
    assert list(records([text])) == []


def fixture(name: str) -> str:
    return decode((FIXTURES / name).read_bytes()).text


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.glob("*.lo*")))
@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_where_a_log_is_cut_into_pieces_does_not_matter(name, size):
    text = fixture(name)
    assert list(records(text[at : at + size] for at in range(0, len(text), size))) == list(records([text]))


@given(st.text(alphabet='<![LOG[]!>$"time=\r\n ~a', max_size=200), st.integers(1, 9))
def test_nonsense_is_read_without_error_and_no_record_is_twice(text, size):
    text += f"\n{ccm('the end')}"
    found = list(records(text[at : at + size] for at in range(0, len(text), size)))
    assert found[-1].message.endswith("the end")
    assert [record.line for record in found] == sorted(record.line for record in found)


@given(
    st.lists(
        st.sampled_from([ccm("needle a"), ccm("b"), server("c needle  "), server("needle  "), "<![LOG[torn "]),
        max_size=12,
    ),
    st.sampled_from(["\r\n", ""]),
)
def test_the_quick_search_sees_what_the_parser_sees(parts, between):
    text = between.join(part.rstrip("\r\n") for part in parts)
    seen: list[Record] = []
    span = visit([text], ["needle"], seen.append)
    everything = list(records([text]))
    assert [r for r in seen if not r.torn] == [r for r in everything if "needle" in r.message]
    timed = [record for record in everything if record.local]
    assert (span.first, span.last) == ((timed[0], timed[-1]) if timed else (None, None))


@pytest.mark.parametrize("frame", ["]LOG]!><ti", "]LOG]!><x needle>", "$$<x", "$$<>", "$$<needle"])
def test_what_only_begins_like_a_frame_hides_nothing(frame):
    seen: list[Record] = []
    visit([ccm(f"a {frame} needle b")], ["needle"], seen.append)
    assert len(seen) == 1


@pytest.mark.parametrize("before", ["", " ", "[", "]", "'", "~", "_", "=", "(", ">", "\n"])
def test_a_literal_is_found_at_the_start_of_a_word(before):
    seen: list[Record] = []
    visit([ccm(f"{before}NeeDle x")], ["needle"], seen.append)
    assert len(seen) == 1


@pytest.mark.parametrize("before", ['"', ":"])
def test_an_error_code_is_found_after_a_quote_or_a_colon(before):
    seen: list[Record] = []
    visit([ccm(f"code{before}0x87D0027E x")], ["0x87d0027e"], seen.append)
    assert len(seen) == 1


def test_places_stay_right_where_lower_case_is_longer():
    seen: list[Record] = []
    visit([ccm("İİİ one") + ccm("a Needle") + ccm("İ two")], ["needle"], seen.append)
    assert [record.message for record in seen] == ["a Needle"]


def test_without_literals_every_record_is_shown():
    seen: list[Record] = []
    visit([ccm("a") + ccm("b")], [], seen.append)
    assert [record.message for record in seen] == ["a", "b"]


HOSTILE = {
    "openers": "<![LOG[x\n" * 20_000,
    "trailers without an end": "]LOG]!><time=" * 20_000,
    "dollars": "$$<" * 60_000,
    "dollars with fields": "$$<a><b>" * 30_000,
    "literals": "needle " * 60_000,
    "one line": "x" * 2_000_000,
    "literals between openers": "<![LOG[needle $$<\n" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_logs_cost_no_more_than_their_length(text):
    """A quadratic reader takes 25 s for the first of them; the limit is generous for a slow machine."""
    started = time.process_time()
    blocks = [text[at : at + 262_144] for at in range(0, len(text), 262_144)]
    list(records(blocks))
    visit(blocks, ["needle"], lambda _: None)
    assert time.process_time() - started < 4


def test_memory_does_not_grow_with_the_log():
    block = "".join(ccm(f"line {number}") + "\r\n" for number in range(1000))
    tracemalloc.start()
    visit((block for _ in range(150)), ["needle"], lambda _: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(block)
