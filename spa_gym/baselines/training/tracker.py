"""What a running stage shows: a bar with the number that matters, TensorBoard, and curves for the run record."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spa_gym.baselines.distributed import is_main
from spa_gym.baselines.stage_progress import report_progress

__all__ = ["Tracker"]

_log = logging.getLogger(__name__)


class Tracker:
    """Progress bar, TensorBoard (where installed) and curves of one stage.

    Args:
        folder: where TensorBoard's files go (`<folder>/tensorboard`).
        name: shown before the bar.
        total: number of steps of the stage.
        start: step that it goes on from.
        curves: curves so far, when resuming.

    Attributes:
        curves: name -> values, as they were logged.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        total: int,
        *,
        start: int = 0,
        unit: str = "step",
        curves: dict[str, list[float]] | None = None,
    ) -> None:
        self.curves: dict[str, list[float]] = curves or {}
        self._stage, self._shown = (name, total, unit), ""
        slow = not sys.stderr.isatty()
        self._bar = tqdm(
            total=total,
            initial=start,
            desc=name,
            unit=unit,
            dynamic_ncols=True,
            mininterval=10.0 if slow else 0.2,
            disable=not is_main(),
        )
        self._writer: Any = None
        if not is_main():
            return
        try:
            from torch.utils.tensorboard import SummaryWriter

            done = self.curves.get("step") or [0]
            # What was logged after the state that a stage goes on from is logged again: once is enough.
            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=int(done[-1]) + 1)
        except ImportError:
            _log.info("tensorboard is not installed; curves go to the run record only")

    def log(self, step: int, **values: float) -> None:
        """Log values at a step; `step` itself is kept as the curve `step`, and what is missing as not a number."""
        known = len(self.curves.get("step", ()))
        given = {"step": step, **values}
        for key in {**self.curves, **given}:
            self.curves.setdefault(key, [float("nan")] * known)
            self.curves[key].append(round(float(given.get(key, float("nan"))), 6))
        if self._writer is not None:
            for key, value in values.items():
                self._writer.add_scalar(key, value, step)

    def columns(self) -> dict[str, list[float | None]]:
        """The curves for a run record, with None where a value was not a number."""
        return {key: [None if value != value else value for value in values] for key, values in self.curves.items()}

    def advance(self, steps: int = 1, **shown: Any) -> None:
        """Move the bar and show values beside it."""
        if shown:
            self._bar.set_postfix(shown, refresh=False)
        self._bar.update(steps)
        self._shown = " ".join(f"{key} {value}" for key, value in shown.items()) or self._shown
        self.report()

    def report(self, ahead: float = 0) -> None:
        """Report how far the stage is (`stage_progress.py`).

        Args:
            ahead: steps of a batch that is not finished, which the bar does not count yet.
        """
        name, total, unit = self._stage
        report_progress(name, self._bar.n + ahead, total, unit, self._shown)

    def close(self) -> None:
        """Close bar and files."""
        self._bar.close()
        if self._writer is not None:
            self._writer.close()
