"""`spa-gym report`: tables and pictures from run records; `spa-gym reproduce`: the whole pipeline that makes them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from gymnasium.error import DependencyNotInstalled

from spa_gym.baselines.studies import STUDIES

__all__ = ["Report", "Reproduce"]


@dataclass
class Report:
    """Make tables (Markdown, HTML) and pictures (PNG) from folders of run records."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of run records, searched with their subfolders."""
    out: Path = Path("report")
    """Where to write."""
    reference: str = "ppo"
    """Method that differences are taken to."""
    title: str | None = None
    """Heading of the page."""

    def run(self) -> int:
        """Write the report and say where it is."""
        from spa_gym.leaderboard.report import make_report

        made = make_report(self.runs, self.out, self.reference, self.title)
        print(made.markdown.read_text(encoding="utf-8"))
        print(f"{made.num_records} records -> {made.html}")
        return 0


@dataclass
class Reproduce:
    """From nothing to a table: imitate, fit the estimator, train with sparse and with fused reward, evaluate, report.

    After a stop the same command goes on where it was.
    """

    env: Annotated[tuple[str, ...], tyro.conf.arg(metavar="{" + "|".join(STUDIES) + "}")] = ()
    """Environments, one or several; none named: all of them, on one page."""
    preset: Literal["quick", "cpu", "gpu"] = "quick"
    """quick: minutes on 2 cores; cpu: the tables of the documentation; gpu: the same at scale."""
    out: Path = Path("runs/reproduce")
    """Folder of checkpoints, run records and report."""
    parallel: int = 0
    """Runs at once; 0: one for each core, one in all on CUDA."""

    def run(self) -> int:
        """Run the pipeline."""
        try:
            pipeline = importlib.import_module("spa_gym.baselines.reproduce")
        except ModuleNotFoundError as error:
            if error.name and error.name.startswith("spa_gym"):
                raise
            raise DependencyNotInstalled(f'{error}. Run: pip install "spa-gym[train,report]"') from error
        runs = pipeline.reproduce(self.preset, self.out, self.env, parallel=self.parallel or None)
        return Report((runs,), out=self.out / "report", title=f"spa-gym reproduce --preset {self.preset}").run()

    def interrupted(self) -> str:
        """What to say after Ctrl-C."""
        return (
            f"Stopped. Finished stages and the last checkpoint are in {self.out}; the same command goes on from there."
        )
