"""`rudder`: the change of a predicted return as reward, r_t = g_t - g_(t-1) (arXiv 1806.07857, NeurIPS 2019).

g_t predicts the final reward R from the episode up to and with action t. It is fitted to R at the last step and, with
weight 0.5, at every step (the loss of the authors' demonstration code, `learning/estimator_learning.py`). g before the
first step is 0, as there, so that the first step is paid what the task alone makes expect, and the rewards sum to g_T.

Return equivalence: R - g_T is paid in even shares to all steps (`residual="even"`, as in the tutorial that the authors
link to), so that the rewards of an episode sum to R exactly; `"last"` puts it on the last step, and `"none"` leaves it,
as the demonstration code does.

Not RUDDER's: g is a causal transformer from the imitated policy instead of an LSTM, whose contribution analysis by
differences it keeps; it reads text instead of differences of states; it is fitted once to explored episodes (or
refreshed, by option) instead of all along from a lesson buffer; and Q-value estimation by the redistributed reward is
left to the critic that all methods share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from spa_gym.baselines.methods.explored import RESIDUALS, ExploredMethod, paid_out
from spa_gym.baselines.methods.groups import check_choice, check_number
from spa_gym.baselines.seam import Array

__all__ = ["PrefixDifference"]


@dataclass
class PrefixDifference(ExploredMethod):
    """Differences of a predicted return.

    Args:
        residual: where R - g_T goes: `"even"`, `"last"` or `"none"`.
        every_step: weight of the prediction at every step beside that at the last (the demonstration code's 0.5).
        tasks: see `ExploredMethod`, as all further ones.
        samples: episodes for each of them.
        epochs: epochs of the fit.
        read: where the prefix ends; `"action"` is RUDDER's (s, a)_(0:t).
        refresh: batches between two refits.
        refresh_epochs: epochs of a refit.
        refresh_lr: rate of the refits.
        name: name in tables.

    Raises:
        BadArgument: an option is none of its values.
    """

    residual: str = "even"
    every_step: float = 0.5
    name: str = "rudder"
    objective: ClassVar[str] = "prefix"

    def __post_init__(self) -> None:
        """Refuse unknown options."""
        super().__post_init__()
        check_choice("residual", self.residual, RESIDUALS)
        check_number("every_step", self.every_step, 0.0)

    @property
    def weight(self) -> float:
        """Weight of the prediction at every step."""
        return self.every_step

    def pay(self, score: float, contributions: Array) -> Array:
        """g_t - g_(t-1), and the residual."""
        return paid_out(contributions, score, self.residual)
