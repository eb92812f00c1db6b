"""`rlbr`: a reward model for rewards that come in bags (Tang et al., TMLR 2025), with the episode as the only bag.

Reward r_t = c_t, where c is fitted with L = (sum_(t in bag) c_t - R_bag)^2 + w L_next, w = 1. L_next is the prediction
of the next state; here the cross entropy of the tokens of the next observation (`learning/estimator_learning.py`). With
the whole episode as the bag, which is the only reward there is, the first term is SPA's loss: what is left of the
method beside `spa` is the second term, and that nothing is paid for grounding.

Not RLBR's: a causal transformer from the imitated policy instead of three GPT-2-like layers with a bidirectional
attention over the bag on top, so that c_t depends on nothing after step t; PPO instead of SAC; text instead of vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spa_gym.baselines.methods.explored import RESIDUALS, ExploredMethod, paid_out
from spa_gym.baselines.methods.groups import check_choice, check_number
from spa_gym.baselines.seam import Array

__all__ = ["BaggedReward"]


@dataclass
class BaggedReward(ExploredMethod):
    """Rewards that sum to the bag's.

    Args:
        next_observation: weight of the prediction of the next observation (the paper's 1, of a squared error).
        residual: where R - sum(c) goes: `"none"` (the paper's), `"last"` or `"even"`.
        tasks: see `ExploredMethod`, as all further ones.
        samples: episodes for each of them.
        epochs: epochs of the fit.
        read: where a step is read.
        refresh: batches between two refits; the paper learns on from its replay buffer.
        refresh_epochs: epochs of a refit.
        refresh_lr: rate of the refits (the released reward model has 1e-4).
        name: name in tables.

    Raises:
        BadArgument: an option is none of its values.
    """

    next_observation: float = 1.0
    residual: str = "none"
    name: str = "rlbr"
    objective: ClassVar[str] = "bag"

    def __post_init__(self) -> None:
        """Refuse unknown options."""
        super().__post_init__()
        check_choice("residual", self.residual, RESIDUALS)
        check_number("next_observation", self.next_observation, 0.0)

    @property
    def weight(self) -> float:
        """Weight of the prediction of the next observation."""
        return self.next_observation

    def pay(self, score: float, contributions: Array) -> Array:
        """c_t, and the residual."""
        return paid_out(contributions, score, self.residual)
