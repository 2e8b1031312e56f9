"""Each line of ``log_signatures.toml`` is known by its entry and no other, in every frame; unrelated lines by none."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from comgmt_audit import log_catalogue
from comgmt_audit.inspect_file import log
from tests.lab.logs import client_line, server_line

HERE = Path(__file__).parent
LOGS: dict[str, list[tuple[str, str]]] = tomllib.loads((HERE / "log_signatures.toml").read_text(encoding="utf-8"))
UNRELATED = (HERE / "log_unrelated.txt").read_text(encoding="utf-8").splitlines()
FRAMES = {
    "client": lambda line: client_line(1, line, "X"),
    "server": lambda line: server_line(1, line, "X"),
    "plain": lambda line: f"{line}\r\n",
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", LOGS)
def test_a_line_is_known_by_its_entry_and_by_no_other(name, frame):
    frames = ((id, line, log(Path(f"{name}.log"), FRAMES[frame](line))) for id, line in LOGS[name])
    wrong = [(line, id, seen.hits) for id, line, seen in frames if [hit.id for hit in seen.hits] != [id]]
    assert wrong == []


def test_a_whole_log_of_them_counts_each():
    for name, rows in LOGS.items():
        hours = range(len(rows), 0, -1)  # too far from each other to excuse one another
        text = "".join(client_line(ago, line, "X") for ago, (_, line) in zip(hours, rows, strict=True))
        counts = {id: sum(1 for other, _ in rows if other == id) for id, _ in rows}
        assert {hit.id: hit.count for hit in log(Path(f"{name}.log"), text).hits} == counts


def test_every_entry_of_every_log_is_shown_by_some_line():
    known = {entry.id for name in log_catalogue.names() for entry in log_catalogue.log(name).entries}
    assert {id for rows in LOGS.values() for id, _ in rows} == known
    assert set(LOGS) == set(log_catalogue.names())


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("name", [*log_catalogue.names(), "a log that nobody knows"])
def test_unrelated_lines_are_known_by_none(name, frame):
    text = "".join(FRAMES[frame](line) for line in UNRELATED)
    assert [(hit.id, hit.newest) for hit in log(Path(f"{name}.log"), text).hits] == []
    assert len(UNRELATED) > 30
