"""Is the credit right? Credit of every step against the Monte-Carlo advantage of the same policy.

    python benchmarks/attribution.py truth --start runs/sft/checkpoint --out runs/truth
    python benchmarks/attribution.py score --truth runs/truth --out runs/attribution --methods ppo spa oracle mc-5
    python benchmarks/attribution.py toys --methods ppo rloo grpo
    python benchmarks/attribution.py page --truth runs/truth --scores runs/attribution
    python benchmarks/attribution.py gain --tables runs/attribution --study runs/study

Dictionaries are given as JSON (`--env-kwargs '{"size": "small"}'`, `--options '{"spa": {"beta": 0.0}}'`). Truth and
scores go on where they were killed. `score` writes the tables (`attribution.md`, `attribution.json`), and with
`--study`, a folder of training runs, the pictures of agreement against gain; `gain` draws these from tables that are
there. What is measured and how: docs/attribution.md.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from tyro.constructors import ConstructorRegistry, PrimitiveConstructorSpec, PrimitiveTypeInfo

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.attribution.metrics import spearman
from spa_gym.baselines.attribution.scoring import ScoreConfig, load_scores, score_all
from spa_gym.baselines.attribution.store import load_truth
from spa_gym.baselines.attribution.tables import as_record, as_tables, first_seed, seen_form
from spa_gym.baselines.attribution.toy_methods import score_methods_on_toys, toy_table
from spa_gym.baselines.attribution.truth import TruthConfig, make_truth
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import DataNotFound
from spa_gym.core.run_record import find_records
from spa_gym.leaderboard.attribution_page import draw_gain, training_gain, write_page
from spa_gym.leaderboard.task_lengths import length_groups

_RESULTS = Path(__file__).parent / "results" / "attribution"
_SEEN = {"spearman": "Spearman with the true advantage", "gradient_cosine": "cosine with the true gradient"}
_log = logging.getLogger(__name__)
_registry = ConstructorRegistry()


@_registry.primitive_rule
def _as_json(info: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[Any] | None:
    """A dictionary is one argument."""
    if info.type_origin is not dict:
        return None
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="JSON",
        instance_from_str=lambda texts: json.loads(texts[0]),
        is_instance=lambda value: isinstance(value, dict),
        str_from_instance=lambda value: [json.dumps(value)],
    )


@dataclass(frozen=True)
class TablesConfig(ScoreConfig):
    """Settings of a scoring and of its tables."""

    tables: Path | None = None
    """Folder of the tables, the record and the picture; None: `out`."""
    study: Path | None = None
    """Folder of training runs: draws agreement against training gain."""
    reference: str = "ppo"
    """Method whose success is subtracted from the others'."""


@dataclass(frozen=True)
class ToysConfig:
    """Settings of the three small processes."""

    methods: tuple[str, ...] = ("ppo",)
    """Methods that need neither models nor exploration, or `toys:package.module:function` of one's own."""
    batches: int = 30
    """Drawn of each process; the tables give mean and standard error over them."""
    episodes: int = 2_000
    """Of a batch."""
    seed: int = 0
    """Of the sampling."""
    out: Path = _RESULTS
    """Folder of `toys.json` and `toys.md`."""


@dataclass(frozen=True)
class PageConfig:
    """Settings of the page."""

    truth: Path = Path("runs/truth")
    """The truth's folder or file."""
    scores: Path = Path("runs/attribution")
    """Folder of the scores."""
    out: Path | None = None
    """The HTML file; None: `page.html` beside the scores."""
    methods: tuple[str, ...] = ()
    """Whose credit is shown; none: everybody's that is not a baseline."""
    episodes: tuple[int, ...] = ()
    """Positions of the episodes; none: three in which much happens."""


@dataclass(frozen=True)
class GainConfig:
    """Settings of the pictures of agreement against gain."""

    tables: Path = Path("runs/attribution")
    """Folder of an `attribution.json`, and of the pictures."""
    study: Path = Path("runs/study")
    """Folder of training runs."""
    reference: str = "ppo"
    """Method whose success is subtracted from the others'."""


def score(config: TablesConfig) -> None:
    scores = score_all(config, length_groups)
    folder = config.tables or config.out
    record = as_record(scores)
    atomic_write_text(folder / "attribution.json", json.dumps(record, indent=1) + "\n")
    text = as_tables(scores)
    if config.study is not None:
        text += _draw_gains(record, folder, config.study, config.reference)
    atomic_write_text(folder / "attribution.md", text)
    _log.info("%s", text)


def gain(config: GainConfig) -> None:
    path = config.tables / "attribution.json"
    if not path.is_file():
        raise DataNotFound(f"a scoring at {path}", "nothing there", "give the --out (or --tables) of `score`")
    record = json.loads(path.read_text(encoding="utf-8"))
    _draw_gains(record, config.tables, config.study, config.reference)


def _draw_gains(record: dict[str, Any], folder: Path, study: Path, reference: str) -> str:
    """Draw the pictures, log the rank correlations; the Markdown that shows the pictures."""
    gains = training_gain([found for _, found in find_records(study)], reference)
    rows = {name: entry["rows"][seen_form(entry)] for name, entry in record["scorers"].items()}
    text = ""
    for figure, label in _SEEN.items():
        agreement = {name: row["figures"][figure] for name, row in rows.items() if figure in row["figures"]}
        draw_gain(agreement, gains, folder / f"gain_{figure}.png", label=label)
        both = [name for name in agreement if name in gains]
        columns = np.array([[agreement[name]["mean"], gains[name][0]] for name in both]).T
        _log.info("%s and gain: rank correlation %+.2f over %d methods", label, spearman(*columns), len(both))
        text += f"\n![{label} against training gain](gain_{figure}.png)\n"
    return text


def toys(config: ToysConfig) -> None:
    counts = {"batches": config.batches, "episodes": config.episodes}
    scores = score_methods_on_toys(config.methods, seed=config.seed, **counts)
    text = toy_table(scores, **counts)
    about = {**counts, "seed": config.seed, "scores": scores}
    atomic_write_text(config.out / "toys.json", json.dumps(about, indent=1) + "\n")
    atomic_write_text(config.out / "toys.md", text)
    _log.info("%s", text)


def page(config: PageConfig) -> None:
    truth, scores = load_truth(config.truth), load_scores(config.scores)
    names = config.methods or [name for name in scores["scorers"] if name not in ("constant", "noise")]
    credits: dict[str, Any] = {}
    for name in names:
        credits[name] = [np.array(row) for row in first_seed(scores["scorers"][name])["credits"]]
    path = write_page(truth, credits, config.out or config.scores / "page.html", episodes=config.episodes or None)
    _log.info("%s", path)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    config = tyro.cli(
        Annotated[TruthConfig, tyro.conf.subcommand("truth", description="Play the truth.")]
        | Annotated[TablesConfig, tyro.conf.subcommand("score", description="Score methods against a truth.")]
        | Annotated[ToysConfig, tyro.conf.subcommand("toys", description="Score methods on three small processes.")]
        | Annotated[PageConfig, tyro.conf.subcommand("page", description="Show episodes with their credit.")]
        | Annotated[GainConfig, tyro.conf.subcommand("gain", description="Draw agreement against training gain.")],
        description=__doc__,
        registry=_registry,
    )
    if isinstance(config, TruthConfig):
        record = make_truth(config)
        _log.info(
            "%s", json.dumps(record.metrics | {"seconds": round(record.wall_time_s), "env_steps": record.env_steps})
        )
    elif isinstance(config, TablesConfig):
        score(config)
    elif isinstance(config, ToysConfig):
        toys(config)
    elif isinstance(config, GainConfig):
        gain(config)
    else:
        page(config)


if __name__ == "__main__":
    main()
