"""The same policies on the official data, without further training: scores are added to the run records of a study.

    python -m spa_gym.baselines.transfer --runs runs/reproduce/runs --max-tasks 200     # with SPA_GYM_DATA set

Each trained policy plays the tasks of its world's official split (`EnvStudy.official`) once, greedy and with the step
limit of the originals. With `--max-tasks` it plays tasks at even distances, for a split is sorted: of the first
50 goals of the official WebShop 41 are fashion. Its record then holds the result as
`final["official_valid_unseen/greedy"]`, and `spa-gym report` shows it as a table of its own. Scores that are there
already stay as they are.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.policy_evaluation import evaluate_policy, split_size
from spa_gym.baselines.studies import STUDIES
from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import find_records
from spa_gym.core.tasks import spread

__all__ = ["Transfer", "transfer"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Transfer:
    """Play the trained policies of a study on the official data."""

    runs: Path = Path("runs/reproduce/runs")
    """Folder of run records, each beside its checkpoint."""
    envs: tuple[str, ...] = tuple(STUDIES)
    """Studies whose policies are played; policies of others are passed over."""
    seeds: tuple[int, ...] = ()
    """Only the policies of these seeds; none: all."""
    max_tasks: int | None = None
    """Only so many tasks, at even distances over the split; none: all."""

    def __post_init__(self) -> None:
        """Refuse names of no study, and to play nothing."""
        for name in self.envs:
            one_of("envs", name, STUDIES)
        if self.max_tasks is not None and self.max_tasks < 1:
            raise BadArgument("max_tasks >= 1", str(self.max_tasks), "leave it out to play all tasks")


def transfer(settings: Transfer) -> dict[str, float]:
    """Score every trained policy that has no score there yet.

    Returns:
        Success by run, those that were there before included.

    Raises:
        DataNotFound: the runs or the official data are missing.
    """
    most = settings.max_tasks
    studies = {STUDIES[name].env_id: STUDIES[name] for name in settings.envs}
    found = [
        (path, record)
        for path, record in find_records(settings.runs)
        if record.kind == "train" and record.env_id in studies and (not settings.seeds or record.seed in settings.seeds)
        # A training that a method made for itself was played on no split, and is no row of the tables.
        if record.final
    ]
    scores: dict[str, float] = {}
    for path, record in tqdm(found, desc="official", unit="policy"):
        split, env_kwargs = studies[record.env_id].official
        name = f"official_{split}/greedy"
        if name not in record.final:
            loaded = load_checkpoint(path.parent / "checkpoint")
            record.final[name] = evaluate_policy(
                loaded.model,
                loaded.codec,
                record.env_id,
                env_kwargs,
                split=split,
                temperature=0.0,
                seed=record.seed,
                positions=None if most is None else spread(split_size(record.env_id, env_kwargs, split), most),
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
