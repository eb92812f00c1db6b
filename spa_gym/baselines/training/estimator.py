"""Stage 4, `estimator`: a progress estimator is fitted so that an episode's contributions sum to its final reward.

    python -m spa_gym.baselines.training.estimator --start runs/sft/checkpoint \
        --trajectories runs/explore/trajectories.jsonl --out runs/estimator

Loss by default (SPA, arXiv 2505.20732): L_PE = mean over episodes of (sum_t c_t - R)^2; those of RUDDER and RLBR are
beside it in `learning/estimator_learning.py`. The backbone starts from the imitated policy, the head from zero. Batches
are drawn over all episodes, so that they mix solved and failed ones (failures all have the same length: batches sorted
by length hold one label and do not learn); tasks of the held-out episodes are not trained on; the epoch with the least
held-out error of the sum is kept.

Reported, on the held-out episodes: R2 and AUC of sum c_t against R, mean |sum c - R|, correlation of c_t with the gain
in ground-truth progress, the share of a success's credit that falls on its last step, and the spread of c_t within an
episode, whose absence would mean that the estimator has collapsed to a constant.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.distributed import gather, is_main, share, wait
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.learning.estimator_learning import OBJECTIVES, train_step
from spa_gym.baselines.learning.imitation import schedule
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import encode
from spa_gym.baselines.training.resume import Resumable, run_stage
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.arguments import one_of
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory, read_jsonl

__all__ = ["EstimatorConfig", "auc", "fit_estimator", "score_contributions"]

_log = logging.getLogger(__name__)
_METHODS = {"sum": "spa", "prefix": "rudder", "bag": "rlbr"}


@dataclass(frozen=True)
class EstimatorConfig:
    """Settings of a fit."""

    start: str = "runs/sft/checkpoint"
    """Checkpoint of the backbone."""
    trajectories: Path = Path("runs/explore/trajectories.jsonl")
    """Explored episodes."""
    out: Path = Path("runs/estimator")
    """Folder of everything that is written."""
    objective: str = "sum"
    """`sum` (SPA), `prefix` (RUDDER) or `bag` (RLBR)."""
    weight: float | None = None
    """Weight of the objective's second term; none: the published one."""
    read: str = "action"
    """Where a step is read: at the action's end, or after the observation."""
    epochs: int = 4
    """Times that each episode is read."""
    batch_episodes: int = 32
    """Episodes of a batch."""
    rows: int = 0
    """Episodes of a forward at most; 0: half of a batch, on a CPU fewer (`tokens.similar_lengths`)."""
    lr: float = 7e-4
    """Peak rate of AdamW."""
    held_out: float = 0.15
    """Share of the tasks kept for measuring."""
    seed: int = 0
    """Seed of split and order."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""

    def __post_init__(self) -> None:
        """Refuse an unknown objective."""
        one_of("objective", self.objective, OBJECTIVES)


def fit_estimator(config: EstimatorConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    return run_stage(config, _fit_estimator)


def _fit_estimator(config: EstimatorConfig, settings: dict[str, Any]) -> RunRecord:
    started = time.perf_counter()
    device = choose_device(config.device, config.dtype)
    loaded = load_checkpoint(resolve_start(config.start), device=device)
    trajectories = [t for t in read_jsonl(config.trajectories) if t.steps]
    train, held = _split(trajectories, config)
    differenced = config.objective == "prefix"
    world = trajectories[0].env_id  # _split has seen that there are some
    model = ProgressModel(
        loaded.model, loaded.codec, read=config.read, differenced=differenced, seed=config.seed, world=world
    )
    model.refuse_strangers(trajectories)
    optimizers = Optimizers([adamw(model.parameters(), config.lr)])
    encoded = [encode(t, loaded.codec) for t in train]
    scores = [t.score for t in train]
    per_epoch = -(-len(train) // config.batch_episodes)
    total = per_epoch * config.epochs
    state = Resumable(config.out, settings, {"model": model}, {"all": optimizers})
    position = state.load() or {"epoch": 0, "updates": 0, "seconds": 0.0, "curves": {}, "best": None}
    updates, best = position["updates"], position["best"]
    tracker = Tracker(config.out, "estimator", total, start=updates, curves=position["curves"])
    try:
        for epoch in range(position["epoch"], config.epochs):
            order = list(range(len(train)))
            random.Random(f"estimator/{config.seed}/{epoch}").shuffle(order)
            model.train()
            for start in range(0, len(order), config.batch_episodes):
                chosen = order[start : start + config.batch_episodes]
                loss = train_step(
                    model,
                    optimizers,
                    [encoded[i] for i in chosen],
                    [scores[i] for i in chosen],
                    schedule(updates / total, warmup=0.1),
                    device,
                    objective=config.objective,
                    weight=config.weight,
                    tasks=[train[i].task_id for i in chosen],
                    at_once=config.rows,
                )
                updates += 1
                tracker.advance(loss=f"{loss:.3f}")
            figures = score_contributions(held, gather(_contributions(model, share(held), config), len(held)))
            tracker.log(updates, held_out_mse=figures["mse"], r2=figures["r2"], auc=figures["auc"])
            _log.info(
                "epoch %d: held-out MSE %.4f (variance %.4f), AUC %.3f",
                epoch + 1,
                figures["mse"],
                figures["variance"],
                figures["auc"],
            )
            if best is None or figures["mse"] < best["mse"]:
                best = {**figures, "epoch": epoch + 1}
                if is_main():
                    model.save(config.out / "checkpoint", {"stage": "estimator", "settings": settings})
            seconds = position["seconds"] + time.perf_counter() - started
            done = {"epoch": epoch + 1, "updates": updates, "seconds": seconds}
            state.save({**done, "curves": tracker.curves, "best": best})
    finally:
        tracker.close()
    record = RunRecord(
        kind="estimator",
        method=_METHODS[config.objective],
        env_id=trajectories[0].env_id,
        seed=config.seed,
        settings=settings,
        machine=describe_computing(device),
        updates=updates,
        tokens=config.epochs * sum(len(e.ids) for e in encoded),
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={**(best or {}), "episodes": len(train), "episodes_held_out": len(held)},
        curves=tracker.columns(),
    )
    if is_main():
        record.save(config.out / "record.json")
        state.clear()
    wait()
    return record


def _contributions(model: ProgressModel, held: Sequence[Trajectory], config: EstimatorConfig) -> list[Any]:
    return model.eval().contributions_of(held, batch=config.rows or 32)


def _split(trajectories: Sequence[Trajectory], config: EstimatorConfig) -> tuple[list[Trajectory], list[Trajectory]]:
    """Training and held-out episodes, no task in both."""
    tasks = sorted({t.task_id for t in trajectories})
    random.Random(f"estimator/split/{config.seed}").shuffle(tasks)
    apart = set(tasks[: max(1, int(len(tasks) * config.held_out))])
    held = [t for t in trajectories if t.task_id in apart]
    train = [t for t in trajectories if t.task_id not in apart]
    if not train or len({t.score for t in train}) < 2:
        raise BadArgument(
            "explored episodes of several tasks, some solved and some not",
            f"{len(train)} episodes with scores {sorted({t.score for t in train})[:3]} in {config.trajectories}",
            "explore more tasks, or with a weaker or stronger policy",
        )
    return train, held


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Probability that a random positive scores above a random negative, ties counting half; nan without both.

    Examples:
        >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
        0.75
    """
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    if y.all() or not y.any():
        return float("nan")
    difference = s[y][:, None] - s[~y][None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


def score_contributions(trajectories: Sequence[Trajectory], contributions: Sequence[Any]) -> dict[str, float]:
    """How well contributions fit final rewards and ground-truth progress; see the module's text."""
    sums = np.array([float(np.sum(c)) for c in contributions])
    rewards = np.array([t.score for t in trajectories])
    mse, variance = float(np.mean((sums - rewards) ** 2)), float(rewards.var())
    gains, credits = [], []
    for t, c in zip(trajectories, contributions, strict=True):
        progress = [step.progress for step in t.steps]
        if all(p is not None for p in progress):
            gains.append(np.diff([0.0, *[float(p or 0.0) for p in progress]]))
            credits.append(np.asarray(c))
    flat_gains = np.concatenate(gains) if gains else np.zeros(0)
    flat_credits = np.concatenate(credits) if credits else np.zeros(0)
    varied = flat_gains.size > 1 and flat_gains.std() > 0 and flat_credits.std() > 0
    won = [np.asarray(c) for t, c in zip(trajectories, contributions, strict=True) if t.success and np.sum(c) > 0]
    return {
        "mse": mse,
        "variance": variance,
        "r2": 1.0 - mse / variance if variance > 0 else float("nan"),
        "auc": auc(sums.tolist(), [t.success for t in trajectories]),
        "sum_error": float(np.mean(np.abs(sums - rewards))),
        "progress_correlation": float(np.corrcoef(flat_gains, flat_credits)[0, 1]) if varied else float("nan"),
        "credit_where_progress": float(flat_credits[flat_gains > 0].mean()) if (flat_gains > 0).any() else float("nan"),
        "credit_elsewhere": float(flat_credits[flat_gains <= 0].mean()) if (flat_gains <= 0).any() else float("nan"),
        "last_step_share": float(np.mean([c[-1] / c.sum() for c in won])) if won else float("nan"),
        "spread_within_episode": float(np.mean([np.std(c) for c in contributions])),
    }


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = fit_estimator(tyro.cli(EstimatorConfig))
    _log.info("%s", {k: round(v, 4) for k, v in record.metrics.items()})


if __name__ == "__main__":
    main()
