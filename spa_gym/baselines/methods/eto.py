"""`eto`: exploration-based trajectory optimization (Song et al. 2024, arXiv 2403.02502, eq. 5).

    L = -log sigmoid(beta (log pi(e|u)/pi_ref(e|u) - log pi(tau|u)/pi_ref(tau|u)))

for each of the policy's episodes tau that scored less than the expert's e on the same task u; log pi is summed over the
action tokens of the episode. What step went wrong is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from spa_gym.baselines.methods.experts import ExpertMethod, outcome_pairs
from spa_gym.baselines.seam import Batch, Credit
from spa_gym.core.errors import BadArgument

__all__ = ["TrajectoryPreference"]


@dataclass
class TrajectoryPreference(ExpertMethod):
    """The expert's episode over the policy's failure.

    Args:
        beta: of the DPO loss; the released script has 0.1 in its first iteration and 0.5 in the later ones.
        reference: `"imitated"` or `"acting"`: the released script takes the policy that an iteration begins with, which
            in the first one is the imitated policy.
        gap: by how much an episode must score less, and more; the released code: 0.
        extra_steps: steps of a failure that count beyond the expert's number; None: all. The released code: 5 on
            WebShop and ScienceWorld, all on ALFWorld.
    """

    beta: float = 0.1
    reference: str = "imitated"
    gap: float = 0.0
    extra_steps: int | None = None
    name: str = "eto"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.beta <= 0 or self.gap < 0 or (self.extra_steps is not None and self.extra_steps < 0):
            raise BadArgument(
                "beta > 0, gap >= 0, extra_steps >= 0 or None",
                f"{self.beta}, {self.gap}, {self.extra_steps}",
                "correct the options",
            )
        if self.reference not in ("imitated", "acting"):
            raise BadArgument("reference 'imitated' or 'acting'", repr(self.reference), "pass one of them")

    def credit(self, batch: Batch) -> Credit:
        """Pairs of whole episodes.

        Raises:
            BadArgument: a task has no expert's episode.
        """
        pairs = outcome_pairs(self._experts, batch.trajectories, gap=self.gap, extra_steps=self.extra_steps)
        return Credit(
            pairs=pairs,
            dpo_beta=self.beta,
            dpo_reference=self.reference,
            figures={"outcome_pairs": float(len(pairs))},
        )
