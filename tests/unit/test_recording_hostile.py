"""Recordings that came by mail: whatever is wrong with one, it is refused by name, and nothing is opened beside it."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comgmt_audit.errors import ComgmtError, RecordingError
from comgmt_audit.recording import Recording
from comgmt_audit.recording import reader as reading
from comgmt_audit.recording.format import FORMAT, MANIFEST, MAX_TOTAL
from tests.unit.recordings import edit_manifest, files, pack, write


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "r")


def refused(path: Path) -> RecordingError:
    with pytest.raises(RecordingError) as caught:
        Recording.load(path)
    return caught.value


def _answer(manifest, file):
    return next(o["answer"] for o in manifest["observations"] if o.get("answer", {}).get("file") == file)


# Altered


def test_an_altered_file_is_named(folder):
    path = folder / "graph" / "x.json"
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    assert "graph/x.json was cut off or altered" in refused(folder).message


@pytest.mark.parametrize("size", [0, 5])
def test_a_truncated_file_is_named_with_both_sizes(folder, size):
    path = folder / "graph" / "x.json"
    whole = path.stat().st_size
    os.truncate(path, size)
    assert f"graph/x.json was cut off or altered: {size} bytes read, {whole} recorded" in refused(folder).message


def test_a_file_that_grew_is_named(folder):
    with (folder / "graph" / "x.json").open("ab") as file:
        file.write(b" ")
    assert "graph/x.json was cut off or altered" in refused(folder).message


def test_a_missing_file_is_named(folder):
    (folder / "graph" / "users.jsonl").unlink()
    error = refused(folder)
    assert error.message.endswith("graph/users.jsonl is missing.")
    assert error.hint == "Copy the whole recording."


def test_a_missing_member_is_named(folder, tmp_path):
    (folder / "graph" / "users.jsonl").unlink()
    assert refused(pack(folder, tmp_path / "r.zip")).message.endswith("graph/users.jsonl is missing.")


def test_an_altered_manifest_is_refused_with_the_way_to_another_design(folder):
    error = refused(edit_manifest(folder, lambda m: m["design"].update(name="Other"), sealed=False))
    assert "manifest.json was altered" in error.message
    assert "recording = ..." in error.hint


def test_a_manifest_that_a_later_version_added_to_is_read(folder):
    edit_manifest(folder, lambda m: m.update(weather="fair"))
    Recording.load(folder).close()


def test_a_checkout_with_converted_line_ends_is_refused_with_the_cure(folder):
    path = folder / "graph" / "users.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "core.autocrlf" in refused(folder).hint


def test_other_alterations_do_not_blame_git(folder):
    path = folder / "graph" / "users.jsonl"
    path.write_bytes(path.read_bytes().replace(b"1", b"3"))
    assert "autocrlf" not in refused(folder).hint


# Formats


def test_a_newer_format_names_both_numbers(folder):
    error = refused(edit_manifest(folder, lambda m: m.update(format=FORMAT + 1)))
    assert f"format {FORMAT + 1}; this version reads format {FORMAT}" in error.message
    assert "later" in error.hint


def test_a_newer_format_is_named_even_if_nothing_else_can_be_understood(folder):
    (folder / MANIFEST).write_text('{"format": 99, "all": "new"}')
    assert "format 99" in refused(folder).message


@pytest.mark.parametrize("number", [0, -1])
def test_a_format_that_never_was_is_refused(folder, number):
    assert (
        f"format {number}; there is none" in refused(edit_manifest(folder, lambda m: m.update(format=number))).message
    )


# Names


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "graph/../../secret.txt",
        "/etc/passwd",
        "C:/Windows/win.ini",
        "C:\\Windows\\win.ini",
        "\\\\server\\share\\x.json",
        "graph\\x.json",
        "graph//x.json",
        "./x.json",
        "graph/.hidden",
        "x.json\x00.txt",
        "x.json\n",
        "Graph/x.json",
        "~/x.json",
        "a" * 121,
        "a/b/c/d/e/f/g.json",
        "",
    ],
)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_name_that_could_lead_out_is_refused_before_anything_is_opened(folder, tmp_path, name, form):
    (tmp_path / "secret.txt").write_text("not yours")
    edit_manifest(folder, lambda m: _answer(m, "graph/x.json").update(file=name))
    path = folder if form == "folder" else pack(folder, tmp_path / "r.zip")
    assert refused(path).message.endswith(f"names a file {name!r}, which no recording has.")


def test_a_member_beside_the_recording_is_neither_read_nor_unpacked(folder, tmp_path):
    path = pack(folder, tmp_path / "sub.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil.txt", "evil")
        archive.writestr("/evil.txt", "evil")
    before = files(tmp_path)
    Recording.load(path).close()
    assert files(tmp_path) == before


def test_one_file_for_two_answers_is_refused(folder):
    edit_manifest(folder, lambda m: _answer(m, "graph/x.json").update(_answer(m, "graph/users.jsonl")))
    assert "names graph/users.jsonl twice" in refused(folder).message


def test_one_observation_listed_twice_is_refused(folder):
    edit_manifest(folder, lambda m: m["observations"].append(m["observations"][0]))
    assert "lists an observation twice" in refused(folder).message


# Links and devices


def _link(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("no right to make links here")


def test_a_link_in_place_of_a_file_is_refused(folder, tmp_path):
    path = folder / "graph" / "x.json"
    shutil.move(path, tmp_path / "elsewhere.json")
    _link(path, tmp_path / "elsewhere.json")
    assert "x.json: is a symbolic link" in refused(folder).message


def test_a_link_in_place_of_a_folder_is_refused(folder, tmp_path):
    shutil.move(folder / "graph", tmp_path / "elsewhere")
    _link(folder / "graph", tmp_path / "elsewhere")
    assert "graph: is a symbolic link" in refused(folder).message


def test_a_link_in_place_of_the_manifest_is_refused(folder, tmp_path):
    shutil.move(folder / MANIFEST, tmp_path / "m.json")
    _link(folder / MANIFEST, tmp_path / "m.json")
    assert "manifest.json: is a symbolic link" in refused(folder).message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["graph/x.json", MANIFEST])
def test_a_named_pipe_is_refused_without_waiting_for_it(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    assert "is not a plain file" in refused(folder).message


def test_a_folder_in_place_of_a_file_is_refused(folder):
    (folder / "graph" / "x.json").unlink()
    (folder / "graph" / "x.json").mkdir()
    assert "is not a plain file" in refused(folder).message


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
def test_a_device_is_no_recording():
    assert "/dev/zero" in refused(Path("/dev/zero")).message


# Archives


def test_a_link_in_an_archive_is_refused(folder, tmp_path):
    (folder / "graph" / "x.json").unlink()
    path = pack(folder, tmp_path / "r.zip")
    link = zipfile.ZipInfo("graph/x.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "graph/x.json is a symbolic link" in refused(path).message


def test_a_zip_bomb_is_refused_before_it_grows(folder, tmp_path):
    size = 20 * 1024**2
    edit_manifest(folder, lambda m: _answer(m, "graph/x.json").update(size=size))
    (folder / "graph" / "x.json").unlink()
    path = pack(folder, tmp_path / "r.zip")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("graph/x.json", bytes(size))
    assert f"to {size} bytes: a ZIP bomb, refused" in refused(path).message


def test_a_manifest_that_is_a_zip_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, bytes(20 * 1024**2))
    assert "a ZIP bomb, refused" in refused(tmp_path / "r.zip").message


def test_a_member_that_is_larger_than_it_says_is_refused(folder, tmp_path):
    path = pack(folder, tmp_path / "r.zip")
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("graph/x.json")
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"graph/x.json"))
    data[central + 24 : central + 28] = struct.pack("<I", info.file_size - 1)
    path.write_bytes(data)
    assert "graph/x.json" in refused(path).message


def test_a_name_that_is_in_an_archive_twice_is_refused(folder, tmp_path):
    path = pack(folder, tmp_path / "r.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("graph/x.json", "{}")
    assert "holds 'graph/x.json' twice" in refused(path).message


def test_a_name_that_is_twice_among_very_many_is_refused(folder, tmp_path):
    path = pack(folder, tmp_path / "r.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for number in range(10_000):
            archive.writestr(f"other/{number}", "")
        archive.writestr("graph/x.json", "{}")
    assert "holds 'graph/x.json' twice" in refused(path).message


def test_an_encrypted_archive_is_refused_with_the_cure(folder, tmp_path):
    path = pack(folder, tmp_path / "r.zip")
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the general purpose bit flags
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 4)
    path.write_bytes(data)
    error = refused(path)
    assert error.message.endswith("manifest.json is encrypted.")
    assert error.hint.startswith("Unpack the archive")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_packed_by_a_method_without_bounds_is_refused(folder, tmp_path, method):
    error = refused(pack(folder, tmp_path / "r.zip", method=method))
    assert "another method than Deflate" in error.message
    assert error.hint.startswith("Unpack the archive")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 and so on", b"just text\n" * 100])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "r.zip"
    path.write_bytes(content)
    assert "is not a .zip archive, or it is cut off" in refused(path).message


def test_a_cut_off_archive_is_refused(folder, tmp_path):
    path = pack(folder, tmp_path / "r.zip")
    os.truncate(path, path.stat().st_size - 30)
    assert "is not a .zip archive, or it is cut off" in refused(path).message


@given(data=st.data())
def test_an_archive_with_any_bytes_changed_is_read_or_refused_and_nothing_else(tmp_path_factory, data):
    path = write(tmp_path_factory.mktemp("fuzz") / "r.zip")
    content = bytearray(path.read_bytes())
    for place, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=6)
    ):
        content[place] = byte
    path.write_bytes(content)
    try:
        Recording.load(path).close()
    except ComgmtError:
        pass


# Not a recording


def test_an_empty_folder_says_what_to_name(tmp_path):
    error = refused(tmp_path)
    assert "it has no manifest.json" in error.message
    assert "comgmt-audit record" in error.hint


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"name": "npm package"}', "", "null", '{"format": "1"}', '{"format": 1}']
)
def test_another_tools_manifest_is_refused(tmp_path, content):
    (tmp_path / MANIFEST).write_text(content)
    assert "manifest.json is not that of a recording" in refused(tmp_path).message


def test_the_folder_around_a_recording_is_not_taken_for_it(folder, tmp_path):
    assert "it has no manifest.json" in refused(tmp_path).message


def test_what_is_not_there_is_said_to_be_not_there(tmp_path):
    assert "no such file or folder" in refused(tmp_path / "nothing").message


def test_a_wrapped_archive_is_read(folder, tmp_path):
    Recording.load(pack(folder, tmp_path / "w.zip", prefix="My recording/")).close()


def test_an_archive_with_two_recordings_is_refused(folder, tmp_path):
    path = pack(folder, tmp_path / "w.zip", prefix="one/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.write(folder / MANIFEST, "two/" + MANIFEST)
    assert "it has no manifest.json" in refused(path).message


# Manifests


def test_a_huge_manifest_is_refused(folder, monkeypatch):
    monkeypatch.setattr(reading, "MAX_MANIFEST", 100)
    assert "is larger than 100 bytes: refused" in refused(folder).message


def test_a_recording_that_says_it_is_huge_is_refused(folder):
    edit_manifest(folder, lambda m: _answer(m, "graph/x.json").update(size=MAX_TOTAL + 1))
    assert f"more than {MAX_TOTAL} are refused" in refused(folder).message


def test_a_negative_size_is_refused(folder):
    edit_manifest(folder, lambda m: _answer(m, "graph/x.json").update(size=-1))
    assert "which no recording has" in refused(folder).message


@pytest.mark.parametrize("depth", [2_000, 200_000])
def test_deep_nesting_in_the_manifest_is_refused(folder, depth):
    content = (folder / MANIFEST).read_bytes()
    deep = b"[" * depth + b"]" * depth
    (folder / MANIFEST).write_bytes(content.replace(b'"page": 1', b'"page": ' + deep))
    refused(folder)


def test_a_manifest_that_is_not_utf_8_is_refused(folder):
    content = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(content.replace(b"Small", b"Sm\xe4ll"))
    assert "manifest.json" in refused(folder).message


def test_a_time_without_zone_is_refused(folder):
    error = refused(edit_manifest(folder, lambda m: m.update(recorded_at="2026-11-24T06:00:00")))
    assert "timezone" in error.message


def test_a_number_beyond_64_bits_does_not_break_the_seal(folder):
    content = msgspec.json.decode((folder / MANIFEST).read_bytes())
    content["observations"][0]["about"] = {"serial": 2**100}
    edit_manifest(folder, lambda m: m.update(content))
    Recording.load(folder).close()


def test_a_design_that_does_not_exist_is_refused_by_its_key(folder):
    edit_manifest(folder, lambda m: m["design"]["site"].update(serverr="x"))
    with pytest.raises(ComgmtError, match=r"\[site\] has no key 'serverr'"):
        Recording.load(folder)


def test_no_file_stays_open_after_a_refusal(folder, tmp_path):
    """A handle that stays open keeps a .zip from being deleted on Windows, and is a ResourceWarning here."""
    path = pack(edit_manifest(folder, lambda m: m.update(format=99)), tmp_path / "r.zip")
    refused(path)
    path.unlink()
