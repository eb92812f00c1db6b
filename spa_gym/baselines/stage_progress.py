"""How far the stage that this process runs has come, in a small file for the process that started it.

A run of a study is a process of its own, and its stages (exploration, fit, training, evaluation) follow each other in
it. Each of them reports here; `experiment.run_jobs` reads the file and shows one line for all runs.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from spa_gym.core.strict_json import parse_json_object

__all__ = ["StageProgress", "read_progress", "report_progress", "report_to"]

_EVERY_S = 1.0
"""Seconds between two writes."""


@dataclass(frozen=True)
class StageProgress:
    """One look at a stage."""

    stage: str
    """Its name: `sft`, `explore`, `evaluate valid_unseen`."""
    done: float
    total: float
    unit: str
    rate: float
    """Units a second since the stage began in this process; 0 while unknown."""
    shown: str = ""
    """The metric that matters, as text."""

    @property
    def share(self) -> float:
        """What is done, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def __str__(self) -> str:
        """Return it for a line of progress: `sft 40/76 steps 1.2/s 0:30 left loss 0.123`."""
        said = [f"{self.stage} {self.done:,.0f}/{self.total:,.0f} {self.unit}s"]
        if self.rate:
            minutes, seconds = divmod(round(max(0.0, self.total - self.done) / self.rate), 60)
            said += [f"{self.rate:,.3g}/s", f"{minutes}:{seconds:02} left"]
        return " ".join([*said, self.shown] if self.shown else said)


class _Reporter:
    """Where this process reports to, and since when its current stage runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stage, self._begun, self._first, self._written = "", 0.0, 0.0, 0.0

    def report(self, stage: str, done: float, total: float, unit: str, shown: str) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._begun, self._first, self._written = stage, now, done, 0.0
        if now - self._written < _EVERY_S and done < total:
            return
        self._written = now
        rate = (done - self._first) / (now - self._begun) if now > self._begun else 0.0
        text = json.dumps(asdict(StageProgress(stage, done, total, unit, rate, shown)))
        hidden = self.path.with_name(f".{self.path.name}.tmp")
        try:  # not flushed to the disk: it is worth nothing after a crash
            hidden.write_text(text, encoding="utf-8")
            os.replace(hidden, self.path)
        except OSError:  # a full disk must not end a run through its progress bar
            return


_reporter: _Reporter | None = None


def report_to(path: Path | None) -> None:
    """Let the stages of this process report to a file from now on; None: no more."""
    global _reporter
    _reporter = None if path is None else _Reporter(path)


def report_progress(stage: str, done: float, total: float, unit: str, shown: str = "") -> None:
    """Report how far a stage is, about once a second; does nothing in a process that no one watches.

    Args:
        stage: its name.
        done: units done.
        total: units in all.
        unit: what is counted, singular.
        shown: the metric that matters, as text.
    """
    if _reporter is not None:
        _reporter.report(stage, done, total, unit, shown)


def read_progress(path: Path) -> StageProgress | None:
    """Return the last report in a file; None if there is none that can be read."""
    try:
        return StageProgress(**parse_json_object(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
