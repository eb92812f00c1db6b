"""`spa-gym report`: tables and pictures from run records; `spa-gym reproduce`: the whole pipeline that makes them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from gymnasium.error import DependencyNotInstalled

from spa_gym.baselines.studies import STUDIES
from spa_gym.core.errors import BadArgument

__all__ = ["Report", "Reproduce"]


@dataclass
class Report:
    """Make tables (Markdown, HTML) and pictures (PNG) from folders of run records."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Folders of run records, searched with their subfolders."""
    out: Path = Path("report")
    """Where to write."""
    reference: tuple[str, ...] = ("ppo", "spa")
    """Methods that differences are taken to, a column each."""
    title: str | None = None
    """Heading of the page."""

    def run(self) -> int:
        """Write the report, show it (of several environments their common table alone) and say where it is."""
        from spa_gym.leaderboard.report import make_report

        made = make_report(self.runs, self.out, references=self.reference, title=self.title)
        text = made.markdown.read_text(encoding="utf-8")
        heading, *sections = text.split("\n## ")
        print("\n## ".join((heading, sections[0])) if sections[0].startswith("All environments") else text)
        print(f"{made.num_records} records -> {made.html}, {made.markdown}")
        return 0


@dataclass
class Reproduce:
    """From nothing to a table: imitate, train with the credit of each method, evaluate, report.

    After a stop the same command goes on where it was.
    """

    env: Annotated[tuple[str, ...], tyro.conf.arg(metavar="{" + "|".join(STUDIES) + "}")] = ()
    """Environments, one or several; none named: all of them, on one page."""
    preset: Literal["quick", "cpu", "gpu", "paper"] = "quick"
    """quick: minutes on 2 cores; cpu: the tables of the documentation; gpu: the same at scale; paper: --model on the
    official data, with the paper's settings (docs/paper_preset.md), also under `accelerate launch`."""
    model: Path | None = None
    """Folder of Llama-3.2-3B-Instruct, or another model in Hugging Face's form, for --preset paper."""
    data_dir: Path | None = None
    """Folder of the official data for --preset paper; default: $SPA_GYM_DATA."""
    method: tuple[str, ...] = ()
    """Methods, by name or as package.module:object; none named: the preset's. With --ablations: names of those."""
    seed: tuple[int, ...] = ()
    """Seeds; none named: the preset's."""
    env_steps: int | None = None
    """Environment steps of each training; default: the preset's."""
    ablations: bool = False
    """Run the ablations of SPA instead (a page of their own, beside ppo and spa)."""
    trials: bool = False
    """Run the trial runs that the methods' rates are chosen by instead."""
    out: Path = Path("runs/reproduce")
    """Folder of checkpoints, run records and report."""
    parallel: int = 0
    """Runs at once; 0: one for each core, on CUDA as many as fit (one, but for --preset gpu)."""
    dtype: str = "auto"
    """Number type of the matrix products: auto (the faster one on this machine), float32 or bfloat16."""

    def run(self) -> int:
        """Run the pipeline."""
        if self.trials and (self.ablations or self.seed):
            raise BadArgument("--trials alone", "--ablations or --seed with it", "leave these out: trials have a seed")
        paper = self.preset == "paper"
        if not paper and (self.model or self.data_dir) or paper and self.trials:
            raise BadArgument(
                "--model and --data-dir with --preset paper, --trials with another",
                f"--preset {self.preset}",
                "correct the command",
            )
        pipeline = _pipeline("tuning" if self.trials else "reproduce")
        more: dict[str, Any] = {}
        if paper:
            _pipeline("distributed").connect()
            more["studies"] = _pipeline("paper_preset").paper_studies(self.model, self.data_dir)
        title, parallel = f"spa-gym reproduce --preset {self.preset}", self.parallel or None
        if self.trials:
            runs = pipeline.try_rates(
                self.preset, self.out, self.env, self.method, self.env_steps, parallel, self.dtype
            )
            status = Report(tuple(runs), out=self.out / "report-trials", reference=(), title=f"{title} --trials").run()
            for env, rates in pipeline.chosen(runs[0]).items():
                print(f"{env}: " + ", ".join(f"{method} {rate:g}" for method, rate in rates.items()))
            return status
        runs = pipeline.reproduce(
            self.preset,
            self.out,
            self.env,
            self.method,
            self.seed,
            env_steps=self.env_steps,
            ablations=self.ablations,
            parallel=parallel,
            dtype=self.dtype,
            **more,
        )
        if paper and not _pipeline("distributed").is_main():
            return 0
        place, suffix = ("report-ablations", " --ablations") if self.ablations else ("report", "")
        return Report(tuple(runs), out=self.out / place, title=title + suffix).run()

    def interrupted(self) -> str:
        """What to say after Ctrl-C."""
        return (
            f"Stopped. Finished stages and the last checkpoint are in {self.out}; the same command goes on from there."
        )


def _pipeline(name: str) -> Any:
    """A module of the baselines, which need torch."""
    try:
        return importlib.import_module(f"spa_gym.baselines.{name}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("spa_gym"):
            raise
        raise DependencyNotInstalled(f'{error}. Run: pip install "spa-gym[train,report]"') from error
