"""`spa-released`: what SPA's released code computes instead of its paper, each formula an option of its own.

    r_t = (T - 1 - t) * ((R_i - mean_(j != i) R_j) + beta * g_t),     t = 0, ..., T - 1, and GAE over the token sequence

From github.com/WangHanLinHenry/SPA-RL-Agent, commit ed200874 (read, not run):

- `leave_one_out`: the estimator's contributions are overwritten by the episode's reward less the mean of the others of
  its task, the same at every step (`prm/rl_data_org.py:12-43`). A task's only episode keeps R itself.
- `multiplier`: a step's reward is multiplied by the number of steps after it (`ppo/step_ppotrainer.py:392-396`), so
  that the last action earns nothing. The code's (K - k - 1) counts a dummy turn 0, the "OK" after the instruction; its
  factor is the same for the turns that are actions.
- `grounding="string"`: g_t = 1 unless the next observation contains "Nothing happens" (`prm/rl_data_org.py:79-87`),
  ALFWorld's answer to what it cannot do; in a world that never says so, g is constant.
- `last_grounded`: the last turn always counts as grounded (ibidem).
- `gae_over="sequence"`: GAE runs over the tokens of the whole sequence, with gamma and lambda of the training for each
  of them; values and rewards are 0 on the tokens of observations, which cuts credit between turns (trl 0.10.1, its
  masked `compute_advantages`). `"tokens"` runs over those of actions alone, `"steps"` is the paper's.

With `leave_one_out` no estimator is fitted and nothing is explored: the code's is never used. What is not copied: the
"OK" turn, which has the largest multiplier and is trained; one offline file of episodes, read once, with "old"
log-probabilities of the current policy; the KL penalty as a reward on each token (here it is in the loss, as for all
methods).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spa_gym.baselines.methods.explored import ExploredMethod
from spa_gym.baselines.methods.groups import by_key, check_choice, check_number, leave_one_out
from spa_gym.baselines.seam import Array, Batch, Credit, Needs, Study
from spa_gym.core.trajectory import Trajectory

__all__ = ["NOTHING_HAPPENS", "ReleasedProgress"]

NOTHING_HAPPENS = "Nothing happens"
"""What the released code looks for in an observation, whatever the environment."""


@dataclass
class ReleasedProgress(ExploredMethod):
    """SPA's released formulas; each can be switched to what the paper says.

    Args:
        leave_one_out: reward against the other episodes of the task, in place of the contributions.
        multiplier: times the number of steps that follow.
        gae_over: `"sequence"` (released), `"tokens"` of actions alone, or `"steps"`.
        grounding: `"string"` (released) or `"executed"`, as the environment says.
        last_grounded: the last step is always grounded.
        beta: weight of the grounding (0.5 in code and paper).
        group: episodes of each task; 10 in the code (5 on WebShop), 8 here, as for all methods with groups. It is kept
            without `leave_one_out` too, so that the batches of all forms are alike.
        tasks: see `ExploredMethod`, as all further ones: for the contributions, without `leave_one_out`.
        samples: episodes for each of them.
        epochs: epochs of the fit.
        read: where a step is read.
        refresh: batches between two refits.
        refresh_epochs: epochs of a refit.
        refresh_lr: rate of the refits.
        name: name in tables.

    Raises:
        BadArgument: an option is none of its values, or a refresh of an estimator that there is not.
    """

    leave_one_out: bool = True
    multiplier: bool = True
    gae_over: str = "sequence"
    grounding: str = "string"
    last_grounded: bool = True
    beta: float = 0.5
    group: int = 8
    name: str = "spa-released"

    def __post_init__(self) -> None:
        """Refuse unknown options."""
        super().__post_init__()
        check_choice("gae_over", self.gae_over, ("sequence", "tokens", "steps"))
        check_choice("grounding", self.grounding, ("string", "executed"))
        check_number("beta", self.beta, 0.0)
        check_number("group", self.group, 2 if self.leave_one_out else 1)
        if self.leave_one_out:
            check_number("refresh with leave_one_out", self.refresh, 0, 0)

    @property
    def needs(self) -> Needs:
        """Groups of episodes of the same task."""
        return Needs(group=self.group)

    def prepare(self, study: Study) -> int:
        """Explore and fit, where contributions are used."""
        return 0 if self.leave_one_out else super().prepare(study)

    def credit(self, batch: Batch) -> Credit:
        """The released reward of each step."""
        played = batch.trajectories
        if self.leave_one_out:
            earned, figures = _against_the_others(played), {}
        else:
            earned, figures = self.contributions(batch)
        rewards = []
        for trajectory, progress in zip(played, earned, strict=True):
            reward = progress + self.beta * self._grounding(trajectory)
            following = np.arange(trajectory.num_steps - 1, -1, -1, dtype=np.float64)
            rewards.append(reward * following if self.multiplier else reward)
        return Credit(rewards=rewards, over=self.gae_over, figures=figures)

    def pay(self, score: float, contributions: Array) -> Array:
        """The contributions as they are."""
        return contributions

    def _grounding(self, trajectory: Trajectory) -> Array:
        if self.grounding == "string":
            seen = [*(step.observation for step in trajectory.steps[1:]), trajectory.final_observation]
            executed = [NOTHING_HAPPENS not in observation for observation in seen]
        else:
            executed = [step.grounded for step in trajectory.steps]
        if self.last_grounded:
            executed[-1] = True
        return np.array(executed, dtype=np.float64)


def _against_the_others(played: list[Trajectory]) -> list[Array]:
    """R_i - mean of the other R_j of the task, at every step; R_i where there are no others."""
    values = np.array([t.score for t in played])
    for group in by_key(t.task_id for t in played):
        if len(group) > 1:
            values[group] = leave_one_out(values[group].tolist())
    return [np.full(t.num_steps, value) for t, value in zip(played, values, strict=True)]
