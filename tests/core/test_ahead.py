"""Pieces made ahead by other processes are those that would have been made here, in their order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from spa_gym.core.ahead import Ahead
from spa_gym.core.errors import BadArgument, WorkerDied
from tests.processes import alive


@dataclass(frozen=True)
class Piece:
    """Work that says who did it, or goes wrong at a number."""

    fails: int = -1
    dies: int = -1

    def __call__(self, number: int) -> tuple[int, int]:
        if number == self.fails:
            raise BadArgument("a number that is none of those", str(number), "ask for another")
        if number == self.dies:
            os._exit(3)
        time.sleep(0.05 * (number % 3 == 0))  # so that later ones are ready first
        return number * number, os.getpid()


def test_pieces_come_in_their_order_from_other_processes() -> None:
    with closing(Ahead(Piece(), workers=2)) as pieces:
        made = [pieces(number) for number in range(4, 12)]
    assert [square for square, _ in made] == [number * number for number in range(4, 12)]
    assert os.getpid() not in {process for _, process in made}


def test_an_error_of_a_piece_is_raised_where_it_is_asked_for() -> None:
    with closing(Ahead(Piece(fails=2), workers=1)) as pieces:
        assert [pieces(0)[0], pieces(1)[0]] == [0, 1]
        with pytest.raises(BadArgument, match="none of those; got 2"):
            pieces(2)
        assert pieces(3)[0] == 9


def test_a_worker_that_dies_is_reported() -> None:
    with closing(Ahead(Piece(dies=1), workers=1)) as pieces, pytest.raises(WorkerDied, match="start the same command"):
        for number in range(3):
            pieces(number)


def test_workers_there_must_be() -> None:
    with pytest.raises(BadArgument, match="at least one worker; got -1"):
        Ahead(Piece(), workers=-1)


_PARENT = """
import time
from spa_gym.core.ahead import Ahead
from tests.core.test_ahead import Piece

if __name__ == "__main__":
    print(Ahead(Piece(), workers=1)(0)[1], flush=True)
    time.sleep(600)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "parent.py").write_text(_PARENT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, str(tmp_path / "parent.py")]
    parent = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    assert alive(worker)
    parent.kill()
    parent.wait()  # not for the end of its output, which a worker that goes on would hold open
    for _ in range(300):
        if not alive(worker):
            break
        time.sleep(0.1)
    parent.stdout.close()
    assert not alive(worker)


def test_workers_end_when_closed_and_not_by_ctrl_c() -> None:
    pieces = Ahead(Piece(), workers=1)
    _, worker = pieces(0)
    os.kill(worker, signal.SIGINT)  # as a terminal's Ctrl-C does, which only whoever started them answers
    assert pieces(1) == (1, worker)
    pieces.close()
    assert not alive(worker)
