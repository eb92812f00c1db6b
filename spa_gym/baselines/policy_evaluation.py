"""How good a policy is on a split: every task once, sampled or greedy, as a row of a run record."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import gymnasium
import torch
from torch import nn
from tqdm import tqdm

from spa_gym.baselines.distributed import is_main
from spa_gym.baselines.expert_lengths import expert_lengths
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.stage_progress import report_progress
from spa_gym.core.arguments import given_once
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory

__all__ = ["DECODINGS", "evaluate_final", "evaluate_policy", "log_final", "split_size"]

_log = logging.getLogger(__name__)

DECODINGS = {"greedy": 0.0, "sampled": 1.0}
"""Temperature of each way that a policy is looked at."""


def evaluate_policy(
    model: nn.Module,
    codec: Codec,
    env_id: str,
    env_kwargs: dict[str, Any],
    *,
    split: str,
    temperature: float,
    seed: int = 0,
    max_tasks: int | None = None,
    positions: Sequence[int] | None = None,
    num_envs: int = 64,
    dtype: torch.dtype | None = None,
    expert_steps: Sequence[int | None] | None = None,
) -> dict[str, Any]:
    """Play every task of a split once, or some of them.

    Args:
        model: the policy.
        codec: its codec.
        env_id: the environment.
        env_kwargs: its arguments without `split`.
        split: the split.
        temperature: 0 for greedy, 1 for sampled.
        seed: seed of the sampling noise.
        max_tasks: only the first tasks, for a look on the way; None plays all.
        positions: only the tasks at these positions of the split, in place of the first ones.
        num_envs: episodes played at once.
        dtype: type of the policy's weights while it plays; None: float32.
        expert_steps: steps of the expert's plan for each task (`expert_lengths`), to be kept beside the successes.

    Returns:
        `success` (share of tasks solved), `n`, `successes` (0/1 in task order), `task_types`, `task_grounded` and
        `task_steps` (executed actions and all actions of each task), `grounding` (executed actions / actions), `steps`
        (mean episode length), `score` (mean), `scores` (in task order; left out where a task is solved or not and
        nothing between, so that they are the `successes`), `expert_steps` where given, `positions` where they are not
        the first ones.

    Raises:
        BadArgument: both `max_tasks` and `positions` are given, or no task is left to play.
    """

    def make() -> gymnasium.Env[str, str]:
        return gymnasium.make(env_id, **given_once(env_kwargs, split=split))

    if positions is None:
        size = split_size(env_id, env_kwargs, split)
        tasks = list(range(size if max_tasks is None else min(max_tasks, size)))
    else:
        tasks = list(positions)
    if not tasks or (positions is not None and max_tasks is not None):
        got = f"max_tasks={max_tasks}, positions={positions}"
        raise BadArgument("max_tasks from 1, or at least one of positions, and not both", got, "leave one of them out")
    count = len(tasks)
    engine = CachedEngine(model, codec, dtype=dtype)
    with _Bar(f"evaluate {split} {'sampled' if temperature else 'greedy'}", count) as bar:
        played = engine.run(
            make,
            [EpisodeSpec(task_id=task, seed=seed) for task in tasks],
            num_envs=num_envs,
            temperature=temperature,
            seed=seed,
            progress=bar.count,
        )
    actions = sum(t.num_steps for t in played)
    scores = [round(t.score, 4) for t in played]
    partial = {"scores": scores} if any(0.0 < score < 1.0 for score in scores) else {}
    return {
        "success": sum(t.success for t in played) / count,
        "score": sum(t.score for t in played) / count,
        "n": count,
        **partial,
        "successes": [int(t.success) for t in played],
        "task_types": [t.task_type for t in played],
        **({} if expert_steps is None else {"expert_steps": [expert_steps[task] for task in tasks]}),
        **({} if tasks == list(range(count)) else {"positions": tasks}),
        "task_grounded": [sum(step.grounded for step in t.steps) for t in played],
        "task_steps": [t.num_steps for t in played],
        "grounding": sum(step.grounded for t in played for step in t.steps) / max(1, actions),
        "steps": actions / count,
        "env_steps": actions,
    }


class _Bar:
    """Progress of an evaluation: a bar once it has run for some seconds, and a report to the process that watches."""

    def __init__(self, name: str, total: int) -> None:
        self._name, self._total, self._done, self._solved = name, total, 0, 0
        self._bar = tqdm(
            total=total, desc=name, unit="task", delay=5.0, leave=False, dynamic_ncols=True, disable=not is_main()
        )

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def count(self, _: int, trajectory: Trajectory) -> None:
        """Count an episode."""
        self._done, self._solved = self._done + 1, self._solved + trajectory.success
        self._bar.update()
        report_progress(self._name, self._done, self._total, "task", f"success {self._solved / self._done:.2f}")


def split_size(env_id: str, env_kwargs: dict[str, Any], split: str) -> int:
    """Number of tasks of a split.

    Args:
        env_id: the environment.
        env_kwargs: its arguments without `split`.
        split: the split.

    Raises:
        DataNotFound: the data of the split are missing.
    """
    env = gymnasium.make(env_id, **given_once(env_kwargs, split=split))
    unwrapped: Any = env.unwrapped
    size = len(unwrapped.tasks)
    env.close()
    return size


def evaluate_final(
    model: nn.Module,
    codec: Codec,
    env_id: str,
    env_kwargs: dict[str, Any],
    *,
    splits: Sequence[str],
    seed: int,
    max_tasks: int | None,
    num_envs: int,
) -> dict[str, dict[str, Any]]:
    """Play splits in each of `DECODINGS`, as a record keeps it: `"<split>/<decoding>"` -> figures.

    Arguments as for `evaluate_policy`; the expert's steps stand beside the successes.
    """
    final: dict[str, dict[str, Any]] = {}
    for split in splits:
        lengths = expert_lengths(env_id, env_kwargs, split)
        for name, temperature in DECODINGS.items():
            final[f"{split}/{name}"] = evaluate_policy(
                model,
                codec,
                env_id,
                env_kwargs,
                split=split,
                temperature=temperature,
                seed=seed,
                max_tasks=max_tasks,
                num_envs=num_envs,
                expert_steps=lengths,
            )
    return final


def log_final(record: RunRecord) -> None:
    """Say in one line for each split and decoding of a record how the policy did."""
    for place, figures in record.final.items():
        _log.info(
            "%s: success %.3f of %d tasks, grounding %.3f",
            place,
            figures["success"],
            figures["n"],
            figures["grounding"],
        )
