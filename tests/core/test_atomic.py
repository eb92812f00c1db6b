"""Atomic writing: all or nothing, with the old content and a message when the disk refuses."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from spa_gym.core import atomic
from spa_gym.core.atomic import atomic_path, atomic_write_bytes, atomic_write_text
from spa_gym.core.errors import WriteFailed
from spa_gym.core.run_record import RunRecord


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_writes_and_replaces_and_makes_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    atomic_write_text(path, "one\r\nzwei ß\n")
    assert path.read_bytes() == "one\r\nzwei ß\n".encode()
    atomic_write_bytes(str(path), b"\x00two")
    assert path.read_bytes() == b"\x00two" and names(path.parent) == ["file.txt"]


def test_half_a_surrogate_pair_is_written_as_its_escape(tmp_path: Path) -> None:
    atomic_write_text(tmp_path / "any.json", json.dumps("ä \ud83d", ensure_ascii=False))
    assert (tmp_path / "any.json").read_text(encoding="utf-8") == '"ä \\ud83d"'
    RunRecord("train", "ppo \ud83d", "SPA-Toy-v0").save(tmp_path / "record.json")
    assert json.loads((tmp_path / "record.json").read_bytes())["method"] == "ppo \ud83d"


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    atomic_write_text(tmp_path / "one", "")
    (tmp_path / "two").write_text("")
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == stat.S_IMODE((tmp_path / "two").stat().st_mode)


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_full_disk_leaves_the_old_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if where != "write":
        monkeypatch.setattr(atomic.os, where, full)
    with pytest.raises(WriteFailed, match=r"model.bin; got No space left.*untouched"), atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        if where == "write":
            full()
    assert path.read_bytes() == b"old" and names(tmp_path) == ["model.bin"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_really_full_device(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(WriteFailed, match="No space left"), atomic_path(path) as temporary:
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(b"x")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_other_exceptions_pass_through(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["file"]


def test_suffix_is_kept_for_writers_that_look_at_it(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "plot.png") as temporary:
        assert temporary.suffix == ".png" and temporary.parent == tmp_path
        temporary.write_bytes(b"")


def test_kill_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    code = (
        "import os, signal; from spa_gym.core.atomic import atomic_path\n"
        f"with atomic_path({str(path)!r}) as t:\n    t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert path.read_text() == "old"
