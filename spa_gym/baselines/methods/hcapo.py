"""`hcapo`: hindsight credit (Tan et al. 2026, arXiv 2603.08754), from the policy itself, told how the episode ended.

    pi_hind(a_t) = exp( 1/(T |a_t|) sum_j log pi(y_j | y_<j, s_t, s_final) )        T = 5        (eq. 6)
    rho_t = clip(pi_hind(a_t) / prior, 0.8, 1.2)                                                 (eq. 7)
    Q_t = rho_t G_t,   G_t = gamma^(T-t) R                                                       (eq. 5)
    A = (R - mean R)/std R + omega (Q_t - mean Q)/std Q                                          (eq. 8)

with means over the episodes, and over all steps, of a task's group; in a solved episode a negative second term is 0.
The prior stands for pi(a_t | s_t), which eq. 7 takes as the mean of pi_hind over the episode; `prior="policy"` takes
the probability without hindsight, with the same temperature and mean over tokens, which is what eq. 5 asks for. The
paper was not at hand: equations, their numbers and the mask are as others' notes report them.

The hindsight is the final observation, read as one observation more before the episode's first. The paper writes it
into the prompt of each step, which has a short history; here an episode is one text, and one forward reads all its
steps. A policy that was trained from nothing has never read such a thing: what it makes of it is to be measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.groups import (
    GroupMethod,
    check_choice,
    check_number,
    episode_advantages,
    returns_to_go,
    steps_within_tasks,
)
from spa_gym.baselines.seam import Array, Batch, Credit
from spa_gym.core.errors import BadArgument

__all__ = ["HindsightCredit"]


@dataclass
class HindsightCredit(GroupMethod):
    """HCAPO.

    Args:
        group: episodes of each task (the paper's 8).
        omega: weight of the hindsight advantage (the paper's).
        gamma: discount of the reward from a step on (the paper's).
        temperature: T (the paper's).
        low: least rho (the paper's).
        high: greatest rho (the paper's).
        prior: `"episode"` (eq. 7) or `"policy"` (eq. 5).
        smoothing: weight of a step's own Q against the next step's; 1: none, 0.5 in the paper's smoothed form.
        mask: a solved episode has no negative hindsight advantage (the paper's).
        scale: `"std"`, as the paper, or `"mean"`, not divided.
    """

    omega: float = 1.0
    gamma: float = 0.95
    temperature: float = 5.0
    low: float = 0.8
    high: float = 1.2
    prior: str = "episode"
    smoothing: float = 1.0
    mask: bool = True
    scale: str = "std"
    name = "hcapo"

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        super().__post_init__()
        check_choice("prior", self.prior, ("episode", "policy"))
        check_choice("scale", self.scale, ("std", "mean"))
        check_number("gamma", self.gamma, 0.0, 1.0)
        check_number("smoothing", self.smoothing, 0.0, 1.0)
        check_number("omega", self.omega, 0.0)
        if self.temperature <= 0 or not 0 <= self.low <= 1 <= self.high:
            raise BadArgument(
                "temperature > 0 and 0 <= low <= 1 <= high",
                f"{self.temperature}, {self.low}, {self.high}",
                "correct the options",
            )

    def credit(self, batch: Batch) -> Credit:
        """The group's advantage and the hindsight advantage; figure `clipped_ratios`: share of rho at a bound.

        Raises:
            BadArgument: no task has two episodes.
        """
        played = batch.trajectories
        ratios = self._ratios(batch)
        values = []
        for trajectory, ratio in zip(played, ratios, strict=True):
            q = np.clip(ratio, self.low, self.high) * returns_to_go(trajectory, self.gamma)
            values.append(self.smoothing * q + (1 - self.smoothing) * np.append(q[1:], q[-1:]))
        episodes = episode_advantages(played, scale=self.scale)
        advantages = []
        for episode, trajectory, hindsight in zip(
            episodes, played, steps_within_tasks(values, played, scale=self.scale), strict=True
        ):
            masked = np.maximum(hindsight, 0.0) if self.mask and trajectory.success else hindsight
            advantages.append(episode + self.omega * masked)
        flat = np.concatenate(ratios)
        clipped = float(((flat < self.low) | (flat > self.high)).mean())
        return Credit(advantages=advantages, figures={"clipped_ratios": clipped})

    def _ratios(self, batch: Batch) -> list[Array]:
        """[T] for each episode: pi_hind / prior, before clipping."""
        readings, played = batch.readings, batch.trajectories
        ends = [t.final_observation for t in played]
        told = [self._sharpened(row) for row in readings.logprobs(played, readings.policy, before=ends)]
        if self.prior == "episode":
            return [p / p.mean() for p in told]
        untold = [self._sharpened(row) for row in readings.logprobs(played, readings.policy)]
        return [p / q for p, q in zip(told, untold, strict=True)]

    def _sharpened(self, row: list[Array]) -> Array:
        """[T] exp(mean log-probability of an action's tokens / temperature)."""
        return np.exp(np.array([tokens.mean() for tokens in row]) / self.temperature)
