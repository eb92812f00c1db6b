"""Pieces made ahead by other processes are those that would have been made here, in their order."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from dataclasses import dataclass

import pytest

from spa_gym.core.ahead import Ahead
from spa_gym.core.errors import BadArgument, WorkerDied


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


def test_workers_end_with_whoever_started_them() -> None:
    pieces = Ahead(Piece(), workers=1)
    _, worker = pieces(0)
    os.kill(worker, signal.SIGINT)  # as a terminal's Ctrl-C does, which only whoever started them answers
    assert pieces(1) == (1, worker)
    pieces.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
