"""Locks: one holder at a time, and none after a process has died."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from spa_gym.core.lock import locked, locked_or_busy

_HOLDER = """
import sys, time
from pathlib import Path
from spa_gym.core.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_the_second_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        for _ in range(2):
            with pytest.raises(BlockingIOError), locked_or_busy(tmp_path / "lock"):
                pytest.fail("held by two")
        with locked_or_busy(tmp_path / "another"):
            pass
    with locked_or_busy(tmp_path / "lock"):
        pass
    with pytest.raises(ZeroDivisionError), locked_or_busy(tmp_path / "lock"):
        raise ZeroDivisionError
    with locked_or_busy(tmp_path / "lock"):
        pass
    assert (tmp_path / "lock").stat().st_size == 0


def test_or_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(tmp_path / "lock"):
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), locked_or_busy(path):
            pytest.fail("held by two")
    finally:
        holder.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        holder.communicate()
    with locked_or_busy(path):
        pass


def test_no_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked_or_busy(tmp_path / "missing" / "lock"):
        pytest.fail("there is no such folder")
