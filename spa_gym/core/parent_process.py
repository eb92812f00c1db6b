"""No process outlives the one that started it, in whatever way that one went (`kill -9`, no memory).

One left alone would go on to write to a folder that the next start writes to as well, or wait for work for ever.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.process
import os
import threading
from collections.abc import Callable

__all__ = ["end_with_parent"]


def end_with_parent(last_words: Callable[[], None] | None = None) -> None:
    """Watch, in a thread, the process that started this one with `multiprocessing`, and end when it is gone.

    At once and without clean-up, for the thread that works cannot be asked to stop.

    Args:
        last_words: called before.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait, args=(parent, last_words), daemon=True).start()


def _wait(parent: multiprocessing.process.BaseProcess, last_words: Callable[[], None] | None) -> None:
    parent.join()
    if last_words is not None:
        last_words()
    os._exit(1)
