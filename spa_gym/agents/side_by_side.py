"""Calls that run side by side in threads and that Ctrl-C ends at once.

`ThreadPoolExecutor` waits for its threads when the program ends: a request that hangs would hold the program for
minutes. These threads are daemons, and an Event tells those that wait for another attempt to give up.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["side_by_side"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    call: Callable[[Item, threading.Event], Result], items: Sequence[Item], workers: int
) -> list[Result | Exception]:
    """Call a function for each item.

    Args:
        call: Gets an item, and an Event that is set when nobody waits for its result any more.
        items: The items.
        workers: Most calls at once.

    Returns:
        For each item, in order, what the call returned or raised.

    >>> side_by_side(lambda item, stop: 6 // item, [2, 0], workers=2)
    [3, ZeroDivisionError('integer division or modulo by zero')]
    """
    waiting: queue.SimpleQueue[tuple[int, Item]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Result | Exception]] = queue.SimpleQueue()
    stop = threading.Event()
    for numbered in enumerate(items):
        waiting.put(numbered)

    def work() -> None:
        while not stop.is_set():
            try:
                number, item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                outcome: Result | Exception = call(item, stop)
            except Exception as error:  # it is the caller's, who waits in another thread
                outcome = error
            done.put((number, outcome))

    for _ in range(max(1, min(workers, len(items)))):
        threading.Thread(target=work, daemon=True).start()
    try:
        outcomes = dict(done.get() for _ in items)
    finally:
        stop.set()
    return [outcomes[number] for number in range(len(items))]
