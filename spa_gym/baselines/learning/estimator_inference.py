"""A trained progress estimator at work: contributions of whole trajectories, or step by step behind the wrapper.

It reads one number at each step. For SPA and RLBR that number is the step's contribution; for RUDDER it is the return
that is predicted from the prefix, and the contribution is what it gained: c_t = g_t - g_{t-1}, with g = 0 before the
first step, so that the contributions sum to the last prediction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from spa_gym.baselines.device import choose_device, compute_dtype
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.checkpoint_files import as_mismatch
from spa_gym.baselines.models.fast_forward import features
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.baselines.models.tokens import Batch, Codec, collate, encode
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.trajectory import Step, Trajectory
from spa_gym.wrappers.worlds import same_world

__all__ = ["ProgressModel", "load_estimator", "load_predictor"]

_HEAD = "progress"


class ProgressModel(nn.Module):
    """Backbone and head: one contribution c_t for each step (SPA, arXiv 2505.20732, section on the estimator).

    Args:
        model: the backbone, a causal language model.
        codec: its codec.
        read: `"action"`: the hidden state at the end of the action, before its answer is seen (the paper's); or
            `"observation"`: at the last token of the observation that follows.
        differenced: the readings are predictions of the return, and contributions their differences (RUDDER).
        seed: seed of the head.
        world: id of the environment that it is fitted to; None: not known, and episodes of any are read.

    Raises:
        BadArgument: an unknown `read`.
    """

    def __init__(
        self,
        model: nn.Module,
        codec: Codec,
        *,
        read: str = "action",
        differenced: bool = False,
        seed: int = 0,
        world: str | None = None,
    ) -> None:
        super().__init__()
        if read not in ("action", "observation"):
            raise BadArgument("read 'action' or 'observation'", repr(read), "pass read='action'")
        self.model, self.codec, self.read, self.differenced, self.world = model, codec, read, differenced, world
        self.head = ScalarHead(model.config.hidden_size, seed=seed).to(next(model.parameters()).device)  # pyright: ignore

    def positions(self, rows: Batch) -> torch.Tensor:
        """[B, S] where each step is read; -1 where there is no step."""
        ends = rows.step_ends
        if self.read == "action":
            return ends
        # The observation after step t ends before the delimiter and action of step t + 1, or with the row.
        acts = len(self.codec.act_ids)
        after = torch.cat([rows.step_starts[:, 1:] - acts - 1, torch.full_like(ends[:, :1], -2)], dim=1)
        last = (rows.lengths - 1)[:, None].expand_as(ends)
        return torch.where(ends < 0, ends, torch.where(after >= 0, after, last))

    def readings(self, states: torch.Tensor, rows: Batch) -> torch.Tensor:
        """[B, S] readings from the backbone's hidden states [B, T, hidden]; 0 where a row has no such step."""
        where = self.positions(rows)
        chosen = states.gather(1, where.clamp(min=0)[..., None].expand(-1, -1, states.shape[-1]))
        return self.head(chosen) * (where >= 0)

    def forward(self, rows: Batch) -> torch.Tensor:
        """Readings [B, S]; 0 where a row has no such step."""
        return self.readings(features(self.model, rows.ids, dtype=compute_dtype(rows.ids.device)), rows)

    def refuse_strangers(self, trajectories: Sequence[Trajectory]) -> None:
        """Refuse episodes that would be read as something else than they are.

        Args:
            trajectories: episodes; one without an `env_id` may be of any environment.

        Raises:
            CheckpointMismatch: an episode is of another environment than it was fitted to, or its token ids are of
                another tokenizer.
        """
        for trajectory in trajectories:
            if self.world is not None and trajectory.env_id and not same_world(self.world, trajectory.env_id):
                raise CheckpointMismatch(
                    f"episodes of {trajectory.env_id} with an estimator that was fitted to it",
                    f"an estimator of {self.world}",
                    f"fit one to {trajectory.env_id}: stage `estimator`",
                )
            for step in trajectory.steps:
                ids = step.action_ids
                if ids and self.codec.decode_action(ids) != step.action:
                    raise CheckpointMismatch(
                        "episodes of a policy with the estimator's tokenizer",
                        f"token ids that do not mean {step.action!r} to it, task {trajectory.task_id}",
                        "fit an estimator that starts from the policy which plays: stage `estimator`",
                    )

    @torch.no_grad()
    def readings_of(self, trajectories: Sequence[Trajectory], *, batch: int = 32) -> list[npt.NDArray[np.float64]]:
        """Readings of whole trajectories, one array of [num_steps] for each, in order; rows of like length together.

        Raises:
            CheckpointMismatch: an episode is of another environment or tokenizer than the estimator.
        """
        self.refuse_strangers(trajectories)
        device = next(self.parameters()).device
        encoded = [encode(t, self.codec) for t in trajectories]
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
        result: list[npt.NDArray[np.float64]] = [np.zeros(0)] * len(encoded)
        for start in range(0, len(order), batch):
            part = [i for i in order[start : start + batch] if trajectories[i].steps]
            if not part:
                continue
            c = self(collate([encoded[i] for i in part], self.codec.pad_id).to(device)).double().cpu().numpy()
            for row, i in zip(c, part, strict=True):
                result[i] = row[: trajectories[i].num_steps].copy()
        return result

    def contributions_of(self, trajectories: Sequence[Trajectory], *, batch: int = 32) -> list[npt.NDArray[np.float64]]:
        """c_t of whole trajectories, one array of [num_steps] for each, in order."""
        said = self.readings_of(trajectories, batch=batch)
        return [np.diff(g, prepend=0.0) for g in said] if self.differenced else said

    def save(self, path: str | os.PathLike[str], recipe: dict[str, object]) -> Path:
        """Write backbone, head and recipe as a checkpoint."""
        form = {"read": self.read, "env_id": self.world, **({"differenced": True} if self.differenced else {})}
        return save_checkpoint(path, self.model, self.codec, recipe={**recipe, **form}, heads={_HEAD: self.head})

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "auto") -> ProgressModel:
        """Read an estimator.

        Raises:
            CheckpointMismatch: the checkpoint has no progress head, or one of another shape.
        """
        loaded = load_checkpoint(path, device=choose_device(device))
        if _HEAD not in loaded.heads:
            raise CheckpointMismatch(
                f"a checkpoint with a progress head at {path}",
                f"heads {sorted(loaded.heads)}",
                "train one: stage `estimator`",
            )
        read, differenced = loaded.recipe.get("read", "action"), bool(loaded.recipe.get("differenced", False))
        world = loaded.recipe.get("env_id")
        with as_mismatch(f"an estimator at {path}, its head and recipe whole", "train it again: stage `estimator`"):
            if not isinstance(world, str | None):
                raise ValueError(f"env_id = {world!r}")
            estimator = cls(loaded.model, loaded.codec, read=read, differenced=differenced, world=world)
            estimator.head.load_state_dict(loaded.heads[_HEAD])
        return estimator.eval()


class _StepByStep:
    """`BatchedProgressEstimator` of the wrappers: keeps each episode's history and scores all rows in one forward."""

    def __init__(self, model: ProgressModel) -> None:
        self._model = model
        self.world = model.world  # its trajectories are nameless: whoever follows an environment with it asks first
        self._steps: dict[int, list[Step]] = {}

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """New episodes start in these rows; the task is part of the first observation."""
        del task_texts
        for index in indices:
            self._steps[index] = []

    def contributions(
        self,
        indices: Sequence[int],
        observations: Sequence[str],
        actions: Sequence[str],
        next_observations: Sequence[str],
    ) -> list[float]:
        """c_t of the step that each of the rows has just done."""
        played = []
        for index, before, action, after in zip(indices, observations, actions, next_observations, strict=True):
            steps = self._steps.setdefault(index, [])
            steps.append(Step(before, action, 0.0, True))
            played.append(Trajectory("", "", "", "", tuple(steps), after, False, False, 0.0, False))
        return [float(c[-1]) for c in self._model.contributions_of(played)]


class _Prefixes:
    """`PrefixPredictor` of the wrappers: the predicted return of each prefix; 0 before the first action."""

    def __init__(self, model: ProgressModel) -> None:
        self._model = model
        self.world = model.world

    def __call__(self, prefixes: Sequence[tuple[str, ...]]) -> list[float]:
        """Predictions for prefixes (task text, o_0, a_1, o_1, ..., a_t, o_t)."""
        played = []
        for _, *texts in prefixes:
            steps = tuple(Step(o, a, 0.0, True) for o, a in zip(texts[:-1:2], texts[1::2], strict=True))
            played.append(Trajectory("", "", "", "", steps, texts[-1], False, False, 0.0, False))
        return [float(g[-1]) if g.size else 0.0 for g in self._model.readings_of(played)]


def load_estimator(path: str | os.PathLike[str]) -> _StepByStep:
    """The estimator of a checkpoint, for `ProgressAttributionWrapper(env, "model:PATH")` and its vector twin."""
    return _StepByStep(ProgressModel.load(path))


def load_predictor(path: str | os.PathLike[str]) -> _Prefixes:
    """The predictor of a checkpoint, for `ProgressAttributionWrapper(env, "difference:PATH")`.

    Returns:
        Prefixes (task text, o_0, a_1, o_1, ..., a_t, o_t) -> the predicted return of each; 0 before the first action.

    Raises:
        CheckpointMismatch: the checkpoint's readings are contributions, not predictions.
    """
    model = ProgressModel.load(path)
    if not model.differenced:
        raise CheckpointMismatch(
            f"an estimator of the objective 'prefix' at {path}",
            "one whose readings are contributions",
            "use model:PATH",
        )
    return _Prefixes(model)
