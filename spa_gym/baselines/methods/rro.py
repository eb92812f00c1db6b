"""`rro`: reward-rising optimization (Wang et al. 2025, arXiv 2505.20737): candidates until the reward rises.

The reward of a step is the mean outcome of N continuations: r(s_t, a_t) = mean_i R(tau_i | s_t, a_t). At step t the
policy samples one candidate after the other, until r(s_t, a_t^(j)) > r(s_{t-1}, a_{t-1}). This candidate is chosen, the
earlier ones that are worth less are rejected, and the exploration goes on from the chosen one:

    L = -log sigmoid(beta (log pi(a+|s_t)/pi_ref(a+|s_t) - log pi(a-|s_t)/pi_ref(a-|s_t)))

Form of both from descriptions of the paper; its N, cap and beta are not known. What comes before the first step is
ours: the value of the state itself. So is what is done at the cap, and that a reward of 1 counts as risen.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from spa_gym.baselines.methods.monte_carlo import values_at
from spa_gym.baselines.seam import Batch, Credit, Method, Needs, Pair, Place, Player, Span
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["RewardRising"]


@dataclass(slots=True)
class _Walk:
    """An exploration that stands before a step."""

    place: Place
    at: int
    """Number of the step."""
    before: float
    """Reward of the step before it."""
    last: int | None
    """Step before which the exploration ends."""
    tried: list[tuple[Trajectory, float]] = field(default_factory=list)
    """Candidates so far, each with the episode that it began, and their rewards."""


@dataclass
class RewardRising(Method):
    """Step DPO on candidates.

    Args:
        continuations: N, the candidate's own episode among them (ours, after IPR's 5).
        candidates: most candidates of a step (ours); at the cap the best of them is taken as the chosen one.
        walks: explorations of an iteration, and episodes of its batch (ours: this bounds the continuations).
        steps: steps of an exploration (ours, as well), which then begins at a step of the batch's episode drawn at
            random; None: it goes from the first step to the end, as in the paper.
        most_steps: environment steps of an iteration after which its explorations are broken off (ours): where nothing
            is ever solved no reward rises, and each step goes up to the cap. None: they are not.
        beta: of the DPO loss (ours, after IPR's).
    """

    continuations: int = 5
    candidates: int = 5
    walks: int | None = 8
    steps: int | None = 5
    most_steps: int | None = 5_000
    beta: float = 0.1
    name: str = "rro"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        counts = (self.continuations, self.candidates, self.walks, self.steps, self.most_steps)
        if any(x is not None and x < 1 for x in counts) or self.beta <= 0:
            raise BadArgument(
                "continuations, candidates, walks, steps and most_steps >= 1 (the last three or None), beta > 0",
                f"{counts}, {self.beta}",
                "correct the options",
            )

    @property
    def needs(self) -> Needs:
        """An episode for each exploration."""
        return Needs(episodes=self.walks)

    def credit(self, batch: Batch) -> Credit:
        """Pairs of single actions."""
        begun, most = batch.player.env_steps, self.most_steps
        walks = self._begin(batch)
        pairs: list[Pair] = []
        sampled = explored = risen = 0
        while walks and (most is None or batch.player.env_steps - begun < most):
            going: list[_Walk] = []
            for walk, episode, reward in self._candidates(walks, batch.player):
                walk.tried.append((episode, reward))
                sampled += 1
                rises = reward > walk.before or reward >= 1.0
                if not rises and len(walk.tried) < self.candidates:
                    going.append(walk)
                    continue
                explored, risen = explored + 1, risen + rises
                chosen, reward = walk.tried[-1] if rises else max(walk.tried, key=lambda candidate: candidate[1])
                pairs += _pairs(chosen, reward, walk)
                at = walk.at + 1
                if at < chosen.num_steps and at != walk.last:
                    going.append(_Walk(batch.player.places(chosen)[at], at, reward, walk.last))
            walks = going
        figures = {
            "step_pairs": float(len(pairs)),
            "candidates": sampled / max(1, explored),
            "risen": risen / max(1, explored),
        }
        return Credit(pairs=pairs, dpo_beta=self.beta, figures=figures)

    def _begin(self, batch: Batch) -> list[_Walk]:
        """Where the explorations begin, with the value of the state there."""
        rng = random.Random(f"{self.name}/{batch.seed}/{batch.iteration}")
        starts = [
            (trajectory, 0 if self.steps is None else int(rng.random() * trajectory.num_steps))
            for trajectory in batch.trajectories
        ]
        values = values_at(batch.player, starts, self.continuations)
        return [
            _Walk(
                batch.player.places(trajectory)[at], at, float(value), None if self.steps is None else at + self.steps
            )
            for (trajectory, at), value in zip(starts, values, strict=True)
        ]

    def _candidates(self, walks: Sequence[_Walk], player: Player) -> list[tuple[_Walk, Trajectory, float]]:
        """One more candidate for each exploration, and its reward; none where the policy had no room to act."""
        played = player.play_on([walk.place for walk in walks])
        acted = [(walk, episode) for walk, episode in zip(walks, played, strict=True) if episode.num_steps > walk.at]
        rewards = [episode.score for _, episode in acted]
        others = self.continuations - 1
        if others:
            # The episode that a candidate began is the first of its continuations.
            values = values_at(player, [(episode, walk.at + 1) for walk, episode in acted], others)
            rewards = [(first + others * float(v)) / (1 + others) for first, v in zip(rewards, values, strict=True)]
        return [(walk, episode, reward) for (walk, episode), reward in zip(acted, rewards, strict=True)]


def _pairs(chosen: Trajectory, reward: float, walk: _Walk) -> list[Pair]:
    """The chosen action over each other one that is worth less; an action that was tried again is no other one."""
    better = Span(chosen, walk.at, walk.at + 1)
    rejected: dict[str, Trajectory] = {}
    for episode, worth in walk.tried:
        action = episode.steps[walk.at].action
        if worth < reward and action != chosen.steps[walk.at].action:
            rejected.setdefault(action, episode)
    return [Pair(better, Span(episode, walk.at, walk.at + 1)) for episode in rejected.values()]
