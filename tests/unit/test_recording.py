"""Recordings: what was written comes back, from a folder and from a .zip, and the same input is the same bytes."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import zipfile
from pathlib import Path, PureWindowsPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.design import Design
from comgmt_audit.errors import NotRecorded, RecordingError, Refused, Unreachable, Unreadable
from comgmt_audit.recording import Form, Manifest, Observation, Recording, RecordingWriter
from comgmt_audit.recording import reader as reading
from comgmt_audit.recording.format import FILE_NAME, FORMAT, MANIFEST, Absence, Answer, Reason, encode_manifest, seal
from tests.lab.estate import contoso
from tests.lab.estate import record as record_estate
from tests.unit.recordings import TIME, files, fill, pack, write


@pytest.fixture(params=["folder", "zip", "wrapped zip"])
def recording(request, tmp_path):
    """The same recording as a folder, as our .zip, and as a .zip that Explorer made of the folder."""
    if request.param == "zip":
        path = write(tmp_path / "r.zip")
    else:
        path = write(tmp_path / "r")
        if request.param == "wrapped zip":
            path = pack(path, tmp_path / "wrapped.zip", prefix="My recording/")
    recording = Recording.load(path)
    yield recording
    recording.close()


def test_every_form_comes_back(recording):
    assert recording.json("graph/x", dict) == {"a": [None, "ä"], "b": 1}
    assert list(recording.lines("graph/users", dict)) == [(1, {"n": 1}), (2, {"n": 2})]
    assert recording.text("host/cm01/log") == "one\r\ntwo\n"
    assert list(recording.text_lines("host/cm01/log")) == ["one\r\n", "two\n"]
    assert recording.pem("file/root") == b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def test_what_is_not_in_the_answer_comes_back(recording):
    observation = recording.observation("graph/x")
    assert (observation.about, observation.at, observation.source) == ({"page": 1}, TIME, "graph")
    assert recording.design == Design(name="Small")
    assert recording.manifest.recorded_at == TIME


@pytest.mark.parametrize(
    ("id", "error"),
    [
        ("arm/refused", Refused),
        ("arm/unreachable", Unreachable),
        ("arm/absent", Unreadable),
        ("arm/unreadable", Unreadable),
        ("arm/never-asked", NotRecorded),
    ],
)
def test_what_is_not_there_is_raised_with_a_cure(recording, id, error):
    with pytest.raises(error) as caught:
        recording.json(id, dict)
    assert caught.value.cure
    assert caught.value.observation == id


def test_only_the_source_itself_can_say_that_there_is_no_such_thing(recording):
    absent = [id for id in recording.ids("arm/") if recording.is_absent(id)]
    assert absent == ["arm/absent"]
    assert not recording.is_absent("graph/x")
    with pytest.raises(NotRecorded):
        recording.is_absent("arm/never-asked")


def test_ids_are_listed_by_prefix(recording):
    assert recording.ids("graph/") == ["graph/users", "graph/x"]
    assert recording.has("graph/x")
    assert not recording.has("graph/y")


@pytest.mark.parametrize("read", ["json", "lines"])
def test_an_answer_of_another_shape_is_unreadable_and_names_the_place(recording, read):
    id = {"json": "graph/x", "lines": "graph/users"}[read]
    with pytest.raises(Unreadable, match="line 1" if read == "lines" else r"Expected `int`"):
        list(getattr(recording, read)(id, int) or ())


def test_an_answer_of_another_form_is_unreadable(recording):
    with pytest.raises(Unreadable, match="recorded as json, and pem was expected"):
        recording.pem("graph/x")


def test_the_same_estate_is_the_same_bytes(tmp_path):
    first, second = (record_estate(contoso(), tmp_path / name) for name in ("a", "b"))
    assert files(first) == files(second)
    zips = [record_estate(contoso(), tmp_path / name).read_bytes() for name in ("a.zip", "b.zip")]
    assert zips[0] == zips[1]


def test_folder_and_zip_hold_the_same_files(tmp_path):
    folder = record_estate(contoso(), tmp_path / "r")
    with zipfile.ZipFile(record_estate(contoso(), tmp_path / "r.zip")) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files(folder)


def test_the_order_in_which_answers_come_does_not_show(tmp_path):
    for name, ids in {"a": ("x/1", "x/2"), "b": ("x/2", "x/1")}.items():
        with RecordingWriter(tmp_path / name, recorded_at=TIME, design=Design()) as writer:
            for id in ids:
                writer.json(id, {"id": id}, source="x", request="GET")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_git_is_told_not_to_convert_line_ends(tmp_path):
    assert files(write(tmp_path / "r"))[".gitattributes"] == b"* -text\n"


def test_a_manifest_shows_one_changed_line_per_changed_value(tmp_path):
    lines = (write(tmp_path / "r") / MANIFEST).read_text(encoding="utf-8").splitlines()
    assert sum('"recorded_at"' in line for line in lines) == 1
    assert len(lines) > 50


# Writing


@pytest.mark.parametrize("name", ["r", "r.zip"])
def test_an_error_inside_leaves_nothing(tmp_path, name):
    with (
        pytest.raises(ZeroDivisionError),
        RecordingWriter(tmp_path / name, recorded_at=TIME, design=Design()) as writer,
    ):
        fill(writer)
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["r", "r.zip"])
def test_an_existing_target_is_refused_and_kept(tmp_path, name):
    target = tmp_path / name
    target.mkdir()
    (target / "mine.txt").write_text("keep me")
    with pytest.raises(RecordingError, match="exists already"):
        write(target)
    assert (target / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize("name", ["r", "r.zip"])
def test_nothing_of_that_name_is_to_be_seen_before_all_of_it_is_there(tmp_path, name):
    """So a process that is killed leaves no half recording under the name."""
    with RecordingWriter(tmp_path / name, recorded_at=TIME, design=Design()) as writer:
        fill(writer)
        assert not (tmp_path / name).exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["r", "r.zip"])
def test_what_a_killed_writer_left_is_no_recording(tmp_path, name, monkeypatch):
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)  # a killed process cleans nothing up
    with (
        pytest.raises(KeyboardInterrupt),
        RecordingWriter(tmp_path / name, recorded_at=TIME, design=Design()) as writer,
    ):
        fill(writer)
        raise KeyboardInterrupt
    (rest,) = tmp_path.iterdir()
    with pytest.raises(RecordingError, match=r"has no manifest\.json"):
        Recording.load(rest)


def test_an_observation_is_recorded_once(tmp_path):
    with (
        pytest.raises(ValueError, match="graph/x was recorded twice"),
        RecordingWriter(tmp_path / "r", recorded_at=TIME, design=Design()) as writer,
    ):
        for _ in range(2):
            writer.json("graph/x", 1, source="graph", request="GET")


def test_a_large_member_is_written_as_zip64(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    with RecordingWriter(tmp_path / "r.zip", recorded_at=TIME, design=Design()) as writer:
        writer.text("log/large", "0123456789" * 200, source="log", request="read")
    recording = Recording.load(tmp_path / "r.zip")
    assert len(recording.text("log/large")) == 2000
    recording.close()


def test_memory_stays_flat_while_lines_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_CHUNK", 7)
    path = write(tmp_path / "r")
    recording = Recording.load(path)
    assert [item["n"] for _, item in recording.lines("graph/users", dict)] == [1, 2]
    assert list(recording.text_lines("host/cm01/log")) == ["one\r\n", "two\n"]


def test_a_line_without_end_is_unreadable(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE", 10)
    with RecordingWriter(tmp_path / "r", recorded_at=TIME, design=Design()) as writer:
        writer.keep("a/lines", Form.LINES, b'{"a": "' + b"x" * 20, source="a", request="GET")
        writer.text("a/text", "x" * 20, source="a", request="GET")
    recording = Recording.load(tmp_path / "r")
    with pytest.raises(Unreadable, match="a line is longer than 10 bytes"):
        list(recording.lines("a/lines", dict))
    with pytest.raises(Unreadable, match="a line is longer than 10 bytes"):
        list(recording.text_lines("a/text"))


def test_a_document_that_is_too_large_to_be_read_at_once_is_unreadable(tmp_path, monkeypatch):
    recording = Recording.load(write(tmp_path / "r"))
    monkeypatch.setattr(reading, "MAX_DOCUMENT", 5)
    with pytest.raises(Unreadable, match="are more than the 5 that are read at once"):
        recording.json("graph/x", dict)


@pytest.mark.parametrize("form", [Form.JSON, Form.LINES])
def test_json_that_is_nested_too_deeply_is_unreadable(tmp_path, form):
    with RecordingWriter(tmp_path / "r", recorded_at=TIME, design=Design()) as writer:
        writer.keep("a/deep", form, b"[" * 200_000 + b"]" * 200_000, source="a", request="GET /deep")
    recording = Recording.load(tmp_path / "r")
    with pytest.raises(Unreadable, match="GET /deep"):
        list(recording.json("a/deep", list) if form is Form.JSON else recording.lines("a/deep", list))


def test_text_that_is_not_utf_8_is_read_with_marks(tmp_path):
    with RecordingWriter(tmp_path / "r", recorded_at=TIME, design=Design()) as writer:
        writer.keep("a/t", Form.TEXT, b"caf\xe9\n", source="a", request="read")
        writer.keep("a/j", Form.JSON, b'"caf\xe9"', source="a", request="read")
    recording = Recording.load(tmp_path / "r")
    assert recording.text("a/t") == "caf\ufffd\n"
    assert list(recording.text_lines("a/t")) == ["caf\ufffd\n"]
    with pytest.raises(Unreadable):
        recording.json("a/j", str)


# Any name, any manifest

NAMES = st.text(min_size=1, max_size=200) | st.lists(
    st.sampled_from(
        ["a", "A", "a.json", "con", "nul.txt", "..", ".", "", "manifest", "ä", "x" * 150, "_a", "a.", "com1"]
    ),
    min_size=1,
    max_size=9,
).map("/".join)
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}


@given(ids=st.lists(NAMES, min_size=1, max_size=8, unique=True))
def test_any_ids_give_files_that_every_system_can_hold(ids, tmp_path_factory):
    folder = tmp_path_factory.mktemp("names") / "r"
    with RecordingWriter(folder, recorded_at=TIME, design=Design()) as writer:
        for number, id in enumerate(ids):
            writer.json(_encodable(id, number), number, source="x", request="GET")
    recording = Recording.load(folder)
    assert [recording.json(_encodable(id, number), int) for number, id in enumerate(ids)] == list(range(len(ids)))
    names = [observation.answer.file for observation in recording.manifest.observations if observation.answer]
    assert len(names) == len(ids)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert FILE_NAME.fullmatch(name)
        for part in PureWindowsPath(name).parts:
            assert part.partition(".")[0].upper() not in RESERVED
            assert not part.endswith((".", " "))


def _encodable(id: str, number: int) -> str:
    return id if not re.search("[\ud800-\udfff]", id) else f"surrogate {number}"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC))
ANSWERS = st.builds(
    Answer,
    file=st.from_regex(FILE_NAME, fullmatch=True),
    form=st.sampled_from(Form),
    size=st.integers(0, 2**40),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
)
ABSENCES = st.builds(
    Absence, reason=st.sampled_from(Reason), detail=TEXT, cure=TEXT, status=st.none() | st.integers(0, 999)
)
OBSERVATIONS = st.builds(
    Observation,
    id=TEXT,
    source=TEXT,
    request=TEXT,
    at=TIMES,
    about=st.dictionaries(TEXT, VALUES, max_size=3),
    answer=st.none() | ANSWERS,
    absence=st.none() | ABSENCES,
)
MANIFESTS = st.builds(
    Manifest,
    format=st.just(FORMAT),
    tool=TEXT,
    recorded_at=TIMES,
    design=st.dictionaries(TEXT, VALUES, max_size=3),
    observations=st.lists(OBSERVATIONS, max_size=4).map(tuple),
    partial=TEXT,
)


@given(manifest=MANIFESTS)
def test_any_manifest_comes_back_and_its_seal_agrees(manifest):
    raw = encode_manifest(manifest)
    read = msgspec.json.decode(raw, type=Manifest)
    assert msgspec.structs.replace(read, seal="") == manifest
    assert read.seal == seal(raw)


def test_a_path_that_is_not_utf_8_can_be_reported(tmp_path):
    import os

    try:
        path = write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    except OSError:
        pytest.skip("this file system has text names only")
    assert Recording.load(path).name.endswith("caf\ufffd")
