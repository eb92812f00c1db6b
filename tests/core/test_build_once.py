"""Folders built once: whole or absent, whatever breaks, and built by one process however many ask."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa_gym.core import build_once
from spa_gym.core.build_once import MANIFEST_NAME, built_folder, cache_folder
from spa_gym.core.errors import BadArgument, DataNotFound, WriteFailed

MANIFEST = {"content_hash": "abc", "version": 1, "sizes": (1, 2)}


def writer(text: str, calls: list[Path] | None = None) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        if calls is not None:
            calls.append(folder)
        (folder / "deep").mkdir(exist_ok=True)
        (folder / "deep" / "data.bin").write_text(text)

    return build


def never(folder: Path) -> None:
    raise AssertionError("built again")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_builds_once_and_then_only_reads(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "index"
    assert built_folder(place, MANIFEST, writer("hello"), what="the index") == place
    assert (place / "deep" / "data.bin").read_text() == "hello" and names(place) == ["deep", MANIFEST_NAME]
    assert json.loads((place / MANIFEST_NAME).read_text())["built_from"]["content_hash"] == "abc"
    assert built_folder(place, MANIFEST, never, what="the index") == place
    assert names(place.parent) == [".index.lock", "index"]


def test_another_manifest_replaces_the_folder(tmp_path: Path) -> None:
    place = built_folder(tmp_path / "index", MANIFEST, writer("old"), what="the index")
    with open(place / "deep" / "data.bin") as reader:
        built_folder(place, {**MANIFEST, "version": 2}, writer("new"), what="the index")
        assert reader.read() == "old"
    assert (place / "deep" / "data.bin").read_text() == "new" and names(tmp_path) == [".index.lock", "index"]


@pytest.mark.parametrize("harm", ["truncated", "absent", "extra", "manifest cut", "manifest odd"])
def test_a_damaged_folder_is_built_anew(tmp_path: Path, harm: str) -> None:
    place = built_folder(tmp_path / "index", MANIFEST, writer("hello"), what="the index")
    data, manifest = place / "deep" / "data.bin", place / MANIFEST_NAME
    if harm == "truncated":
        data.write_text("hel")
    elif harm == "absent":
        data.unlink()
    elif harm == "extra":
        (place / "more").write_text("x")
    else:
        manifest.write_text(manifest.read_text()[:20] if harm == "manifest cut" else "[1]")
    built_folder(place, MANIFEST, writer("again"), what="the index")
    assert data.read_text() == "again" and names(place) == ["deep", MANIFEST_NAME]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DataNotFound("rows"), RuntimeError("bug")])
def test_a_build_that_breaks_off_leaves_nothing_and_keeps_the_old(tmp_path: Path, error: BaseException) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise error

    for _ in range(2):
        with pytest.raises(type(error)):
            built_folder(tmp_path / "index", MANIFEST, build, what="the index")
        assert names(tmp_path) == [".index.lock"]
    built_folder(tmp_path / "index", MANIFEST, writer("old"), what="the index")
    with pytest.raises(type(error)):
        built_folder(tmp_path / "index", {"version": 2}, build, what="the index")
    built_folder(tmp_path / "index", MANIFEST, never, what="the index")


def test_a_full_disk_in_the_middle_says_what_to_do(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "half")

    with pytest.raises(WriteFailed, match=r"build the index in .*index; got No space left.*half.*SPA_GYM_CACHE"):
        built_folder(tmp_path / "index", MANIFEST, build, what="the index")
    assert names(tmp_path) == [".index.lock"]


def test_a_disk_that_fails_while_flushing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WriteFailed, match="No space left"):
            built_folder(tmp_path / "index", MANIFEST, writer("x"), what="the index")
    assert names(tmp_path) == [".index.lock"]
    built_folder(tmp_path / "index", MANIFEST, writer("x"), what="the index")


def test_resumable_goes_on_with_what_is_there_for_the_same_manifest_only(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def build(folder: Path) -> None:
        seen.append(names(folder))
        (folder / f"run{len(seen)}").write_text("x")
        if len(seen) != 3:
            raise KeyboardInterrupt

    for version in (1, 1):
        with pytest.raises(KeyboardInterrupt):
            built_folder(tmp_path / "index", {"version": version}, build, what="the index", resumable=True)
    place = built_folder(tmp_path / "index", {"version": 1}, build, what="the index", resumable=True)
    assert seen == [[], ["run1"], ["run1", "run2"]] and names(place) == [MANIFEST_NAME, "run1", "run2", "run3"]
    with pytest.raises(KeyboardInterrupt):
        built_folder(tmp_path / "index", {"version": 2}, build, what="the index", resumable=True)
    assert seen[3] == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(WriteFailed, match=r"build the index in .*SPA_GYM_CACHE"):
        built_folder(tmp_path / "file" / "index", MANIFEST, never, what="the index")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_cache_refuses_to_build(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(WriteFailed, match="Permission denied"):
        built_folder(tmp_path / "index", MANIFEST, never, what="the index")
    tmp_path.chmod(0o755)


def test_a_read_only_cache_that_is_whole_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = built_folder(tmp_path / "index", MANIFEST, writer("hello"), what="the index")

    def read_only(*args: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:  # no mkdir, no lock file, no flush
        for name in ("open", "mkdir", "rename", "fsync"):
            patch.setattr(os, name, read_only)
        assert built_folder(place, MANIFEST, never, what="the index") == place


def test_folders_of_others_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")
    with pytest.raises(BadArgument, match="other files"):
        built_folder(tmp_path, MANIFEST, never, what="the index")
    (tmp_path / "empty").mkdir()
    built_folder(tmp_path / "empty", MANIFEST, writer("x"), what="the index")


def test_threads_build_once(tmp_path: Path) -> None:
    calls: list[Path] = []
    ask = lambda: built_folder(tmp_path / "index", MANIFEST, writer("x", calls), what="the index")  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


CHILD = """
import sys, time
from pathlib import Path
from spa_gym.core.build_once import built_folder
def build(folder):
    (folder / "half").write_text("x")
    print("building", flush=True)
    time.sleep(float(sys.argv[2]))
    (folder / "data").write_text("whole")
place = built_folder(Path(sys.argv[1]), {"version": 1}, build, what="the index")
print("ready", (place / "data").read_text(), flush=True)
"""


def child(place: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(place), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_build_once(tmp_path: Path) -> None:
    both = [child(tmp_path / "index", 0.3) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert sorted(said) == ["building\nready whole\n", "ready whole\n"]
    assert names(tmp_path) == [".index.lock", "index"]


def test_what_a_killed_process_leaves_is_ignored_and_removed(tmp_path: Path) -> None:
    process = child(tmp_path / "index", 60)
    assert process.stdout is not None and process.stdout.readline() == "building\n"
    process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    process.communicate(timeout=60)
    assert len(names(tmp_path)) == 2 and not (tmp_path / "index").exists()
    place = built_folder(tmp_path / "index", {"version": 1}, writer("mine"), what="the index")
    assert names(place) == ["deep", MANIFEST_NAME] and names(tmp_path) == [".index.lock", "index"]


def test_the_cache_folder_is_the_users_choice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("SPA_GYM_CACHE")
    assert cache_folder().name == "spa-gym"


def altered(data: Path, place: int = 2) -> None:
    """Change one byte; size and time of change of the content stay."""
    content, times = bytearray(data.read_bytes()), data.stat()
    content[place] ^= 1
    data.write_bytes(content)
    os.utime(data, ns=(times.st_atime_ns, times.st_mtime_ns))


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be another process."""
    monkeypatch.setattr(build_once, "_verified", {})


@pytest.mark.parametrize("large", [False, True])
def test_a_byte_altered_at_equal_size_is_found_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, large: bool
) -> None:
    if large:
        monkeypatch.setattr(build_once, "_SMALL_BYTES", 0)
    place = built_folder(tmp_path / "index", MANIFEST, writer("hello"), what="the index")
    for new_process in (True, False):
        if new_process:
            forget(monkeypatch)
        altered(place / "deep" / "data.bin")
        caplog.clear()
        built_folder(place, MANIFEST, writer("hello"), what="the index")
        assert (place / "deep" / "data.bin").read_text() == "hello"
        assert "the index in" in caplog.text and "deep/data.bin is not as it was written" in caplog.text
    forget(monkeypatch)
    built_folder(place, MANIFEST, never, what="the index")


@given(st.integers(0, 999), st.integers(1, 255))
@settings(max_examples=40, deadline=None)
def test_any_altered_byte_is_found(place: int, bits: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = built_folder(Path(name) / "index", MANIFEST, writer("x" * 1000), what="the index")
        data = folder / "deep" / "data.bin"
        content = bytearray(data.read_bytes())
        content[place] ^= bits
        data.write_bytes(content)
        built_folder(folder, MANIFEST, writer("x" * 1000), what="the index")
        assert data.read_text() == "x" * 1000


def test_small_folders_are_read_once_in_a_process_and_large_ones_once_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    checksum = build_once._checksum
    monkeypatch.setattr(build_once, "_checksum", lambda path: read.append(path.name) or checksum(path))
    place = built_folder(tmp_path / "index", MANIFEST, writer("hello"), what="the index")
    read.clear()
    for expected in (["data.bin"], []):
        if expected:
            forget(monkeypatch)
        built_folder(place, MANIFEST, never, what="the index")
        assert read == expected
        read.clear()
    monkeypatch.setattr(build_once, "_SMALL_BYTES", 0)
    for expected in (["data.bin"], [], []):
        forget(monkeypatch)
        built_folder(place, MANIFEST, never, what="the index")
        assert read == expected
        read.clear()
    (tmp_path / ".index.verified").write_text("[" * 9999)
    forget(monkeypatch)
    built_folder(place, MANIFEST, never, what="the index")
    assert read == ["data.bin"]


def test_a_large_folder_on_a_read_only_disk_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> None:
        raise WriteFailed("to write", "Read-only file system", "none")

    place = built_folder(tmp_path / "index", MANIFEST, writer("hello"), what="the index")
    monkeypatch.setattr(build_once, "_SMALL_BYTES", 0)
    monkeypatch.setattr(build_once, "atomic_write_text", read_only)
    forget(monkeypatch)
    assert built_folder(place, MANIFEST, never, what="the index") == place


def without_checksums(manifest: dict[str, Any]) -> Any:
    return {key: value for key, value in manifest.items() if key != "checksums"}


@pytest.mark.parametrize(
    "change",
    [
        without_checksums,
        lambda manifest: {**manifest, "checksums": {"deep/data.bin": "x"}},
        lambda manifest: {**manifest, "checksums": {}},
        lambda manifest: {**manifest, "checksums": 5},
        lambda manifest: {**manifest, "sizes": [5]},
        lambda manifest: {},
    ],
)
def test_an_older_or_odd_manifest_is_built_anew(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    place = built_folder(tmp_path / "index", MANIFEST, writer("old"), what="the index")
    manifest = place / MANIFEST_NAME
    manifest.write_text(json.dumps(change(json.loads(manifest.read_text()))))
    built_folder(place, MANIFEST, writer("new"), what="the index")
    assert (place / "deep" / "data.bin").read_text() == "new"


def test_a_deep_manifest_is_built_anew(tmp_path: Path) -> None:
    place = built_folder(tmp_path / "index", MANIFEST, writer("old"), what="the index")
    (place / MANIFEST_NAME).write_text('{"built_from": ' + "[" * 100_000 + "]" * 100_000 + "}")
    built_folder(place, MANIFEST, writer("new"), what="the index")


def test_a_cache_in_the_home_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPA_GYM_CACHE", "~nosuch/x")
    with pytest.raises(BadArgument, match=r"SPA_GYM_CACHE.*~nosuch"):
        cache_folder()
