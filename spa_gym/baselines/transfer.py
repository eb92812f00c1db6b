"""The same policies somewhere else, without further training: scores are added to the run records of a study.

    python -m spa_gym.baselines.transfer --runs runs/reproduce/runs      # on the official games, where they are

Each trained policy plays every task of the split once, greedy and with 40 steps; its record then holds the result as
`final["official_valid_unseen/greedy"]`, and `spa-gym report` shows it as a table of its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.policy_evaluation import evaluate_policy
from spa_gym.core.run_record import find_records

__all__ = ["Transfer", "transfer"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Transfer:
    """Play the trained policies of a study on another split."""

    runs: Path = Path("runs/reproduce/runs")
    """Folder of run records, each beside its checkpoint."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment; policies of others are passed over."""
    source: str = "official"
    """Its source."""
    split: str = "valid_unseen"
    """Its split."""


def transfer(settings: Transfer) -> dict[str, float]:
    """Score every trained policy that has no score there yet.

    Returns:
        Success by run, those that were there before included.

    Raises:
        DataNotFound: the runs or the official games are missing.
    """
    name = f"{settings.source}_{settings.split}/greedy"
    found = [
        (path, record)
        for path, record in find_records(settings.runs)
        if record.kind == "train" and record.env_id == settings.env_id
    ]
    scores: dict[str, float] = {}
    for path, record in tqdm(found, desc=name, unit="policy"):
        if name not in record.final:
            loaded = load_checkpoint(path.parent / "checkpoint")
            record.final[name] = evaluate_policy(
                loaded.model,
                loaded.codec,
                settings.env_id,
                {"source": settings.source},
                split=settings.split,
                temperature=0.0,
                seed=record.seed,
            )
            record.save(path)
        scores[path.parent.relative_to(settings.runs).as_posix()] = record.final[name]["success"]
    return scores


def main() -> None:
    """Run from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for run, success in transfer(tyro.cli(Transfer)).items():
        _log.info("%s: success %.3f", run, success)


if __name__ == "__main__":
    main()
