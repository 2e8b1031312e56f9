"""What is named as a file is opened only where it is one, and at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from comgmt_audit import plain_file


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    with plain_file.opened(tmp_path / "file") as file:
        assert file.read() == b"x" * 100_000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.timeout(10)
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a plain file") as caught:
        plain_file.opened(tmp_path / "pipe")
    assert caught.value.filename == str(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
def test_a_device_is_none():
    with pytest.raises(OSError, match="is not a plain file"):
        plain_file.opened(Path("/dev/zero"))


def test_a_folder_and_nothing_are_none(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(OSError):  # noqa: PT011 -- each system says it in its own words
            plain_file.opened(path)
