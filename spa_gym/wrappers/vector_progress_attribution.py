"""The vector twin of `ProgressAttributionWrapper`: many environments, one call of the estimator a step.

Episode by episode it gives what a single wrapper around each environment would give, reward and infos alike, in all
three autoreset modes of Gymnasium:

- ``NEXT_STEP``: the step after an end resets instead of acting; it pays 0 and has no ``reward/*`` entry;
- ``SAME_STEP``: the end and the reset share a step; the last step's entries are in ``infos["final_info"]``, and its
  observation is ``infos["final_obs"]``;
- ``DISABLED``: the caller resets, all environments or those of ``options["reset_mask"]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from spa_gym.core.errors import BadArgument
from spa_gym.wrappers.credit import CreditRule, EpisodeCredit, one_each
from spa_gym.wrappers.estimators import (
    EAGER,
    BatchedProgressEstimator,
    PrivilegedEstimator,
    as_batched,
    check_estimator,
    check_world,
)

__all__ = ["VectorProgressAttributionWrapper"]

Flags = npt.NDArray[np.bool_]


class VectorProgressAttributionWrapper(VectorWrapper):  # Gymnasium before 1.4 takes no parameters here
    """Pays alpha * c_t + beta * g_t in every environment of a vector environment.

    Settings and ``info`` entries are those of `ProgressAttributionWrapper`. The step limit is inside the
    environments, so ``residual`` always sees truncation.

    Args:
        env: The vector environment, sync or async; its observations and actions are sequences of str.
        estimator: A name, a batched estimator, or a class of either form (a single-episode one is made once for each
            environment). Resolved at the first ``reset``; a model is loaded once for all environments.
        alpha: Weight of the contribution.
        beta: Weight of the grounding term.
        grounding: Form of g_t, see ``spa_gym.wrappers.grounding``.
        residual: Pay R - sum(c) on each episode's last step.

    Raises:
        BadArgument: A setting is out of range, or the vector environment does not say how it resets.
        CheckpointMismatch: The estimator was fitted to another environment.
        TypeError: ``estimator`` is no estimator.
    """

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        estimator: Any = "oracle",
        alpha: float = 1.0,
        beta: float = 0.5,
        grounding: str = "paper",
        residual: bool = False,
    ) -> None:
        check_estimator(estimator)
        check_world(estimator, env)
        super().__init__(env)
        mode = env.metadata.get("autoreset_mode")
        if not isinstance(mode, AutoresetMode):
            raise BadArgument("an AutoresetMode in metadata['autoreset_mode']", repr(mode), "set it in the vector env")
        self._mode = mode
        self._rule = CreditRule(alpha, beta, grounding, residual)
        self._named = estimator
        self._estimator: BatchedProgressEstimator | None = None
        self._privileged: PrivilegedEstimator | None = None
        self._credits = [EpisodeCredit(self._rule) for _ in range(env.num_envs)]
        self._observations: list[str] = [""] * env.num_envs
        self._ended: Flags = np.zeros(env.num_envs, dtype=np.bool_)
        if isinstance(estimator, str) and estimator.partition(":")[0] in EAGER:
            self._resolve()

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts episodes in all environments, or in those of ``options["reset_mask"]``.

        Args:
            seed: As for the vector environment: None, one int, or one for each environment.
            options: As for the vector environment.

        Raises:
            BadArgument: The estimator's name leads nowhere, or the infos lack ``grounded``.
        """
        self._resolve()
        mask = options.get("reset_mask") if options else None
        begun = range(self.num_envs) if mask is None else [int(i) for i in np.flatnonzero(mask)]
        observations, infos = self.env.reset(seed=seed, options=options)
        if "grounded" not in infos:
            raise BadArgument(
                "infos['grounded'] from the environments", "none", "use TextEnvs, or add the entry in a wrapper beneath"
            )
        self._read(begun, infos)
        self._begin(begun, observations, infos)
        return observations, self._hide(infos)

    def step(self, actions: Any) -> tuple[Any, npt.NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """Steps all environments, and pays the fused rewards, shape ``(num_envs,)``.

        Raises:
            ResetNeeded: ``reset`` was never called.
            SpaGymError: The estimator gave NaN or infinity, or no number (`WrongType`).
        """
        if self._estimator is None:
            raise ResetNeeded("expected reset() before step(). To mend it: call envs.reset() first")
        actions = tuple(actions)
        observations, env_rewards, terminations, truncations, infos = self.env.step(actions)
        infos = dict(infos)
        ended = np.logical_or(terminations, truncations)
        resets = self._ended if self._mode is AutoresetMode.NEXT_STEP else np.zeros_like(ended)
        live = [int(i) for i in np.flatnonzero(~resets)]
        split = ended if self._mode is AutoresetMode.SAME_STEP else np.zeros_like(ended)
        if split.any():
            infos["final_info"] = dict(infos["final_info"])
        sources = {i: infos["final_info"] if split[i] else infos for i in live}
        reached = {i: infos["final_obs"][i] if split[i] else observations[i] for i in live}

        for i in live:
            self._read((i,), sources[i])
        contributions = self._contributions(live, actions, reached)
        rewards = np.zeros(self.num_envs, dtype=np.float64)
        for i, contribution in zip(live, contributions, strict=True):
            grounded = bool(sources[i]["grounded"][i])
            env_reward, end = float(env_rewards[i]), bool(ended[i])
            rewards[i], parts = self._credits[i].settle(contribution, env_reward, grounded, end)
            self._add_info(sources[i], parts, i)
            self._observations[i] = reached[i]

        begun = [int(i) for i in np.flatnonzero(resets | split)]
        self._read(begun, infos)
        self._begin(begun, observations, infos)
        self._ended = ended
        return observations, rewards, terminations, truncations, self._hide(infos)

    def _resolve(self) -> None:
        if self._estimator is None:
            self._estimator = as_batched(self._named, self.env)
            self._privileged = self._estimator if isinstance(self._estimator, PrivilegedEstimator) else None

    def _contributions(self, live: list[int], actions: tuple[str, ...], reached: dict[int, str]) -> Sequence[float]:
        if not live or self._estimator is None:
            return ()
        before = [self._observations[i] for i in live]
        given = self._estimator.contributions(live, before, [actions[i] for i in live], [reached[i] for i in live])
        return one_each(given, len(live))

    def _begin(self, indices: Sequence[int], observations: Any, infos: dict[str, Any]) -> None:
        if not len(indices) or self._estimator is None:
            return
        goals = infos.get("goal")
        self._estimator.begin(list(indices), ["" if goals is None else str(goals[i]) for i in indices])
        for i in indices:
            self._observations[i] = observations[i]
            self._credits[i] = EpisodeCredit(self._rule)
            self._ended[i] = False

    def _read(self, indices: Sequence[int], infos: dict[str, Any]) -> None:
        if self._privileged is not None:
            for i in indices:
                self._privileged.read(i, infos[self._privileged.reads][i])

    def _hide(self, infos: dict[str, Any]) -> dict[str, Any]:
        """The infos without what a privileged estimator turned on for itself."""
        if self._privileged is None or not self._privileged.hides:
            return infos
        hidden = {*self._privileged.hides, *(f"_{key}" for key in self._privileged.hides)}
        shown = {key: value for key, value in infos.items() if key not in hidden}
        if "final_info" in shown:
            shown["final_info"] = {key: value for key, value in shown["final_info"].items() if key not in hidden}
        return shown
