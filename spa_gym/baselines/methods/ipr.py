"""`ipr`: iterative step-level process refinement (Xiong et al. 2024, arXiv 2406.11176).

    L = L_oDPO + L_sDPO + L_SFT

At a prefix of the expert's episode the policy acts and plays to the end. The reward of a step is the mean outcome of
N = 5 continuations of a scorer, the imitated policy: r(s_t, a_t) = mean_i R(tau_i | s_t, a_t). Where the policy's
episode ended worse and the expert's step has the higher reward by more than tau, what follows the prefix in the two
episodes is a pair of the step DPO. Whole episodes that ended worse than the expert's are pairs of the outcome DPO, and
the expert's episode of such a pair is imitated. The two kinds of pairs share one mean, as in the released code.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from spa_gym.baselines.methods.experts import ExpertMethod, outcome_pairs
from spa_gym.baselines.methods.monte_carlo import values_at
from spa_gym.baselines.seam import Batch, Credit, Pair, Place, Span
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["StepPreference"]


@dataclass
class StepPreference(ExpertMethod):
    """Outcome DPO, step DPO and imitation.

    Args:
        continuations: N; the paper's is 5.
        tau: by how much, and more, the expert's step must be worth more; the paper's: 0.5 on ALFWorld, 0.01 on WebShop,
            0.1 on InterCode.
        gap: by how much, and more, the policy's episode must have scored less; 0.01 in the released script.
        prefixes: prefixes of an iteration, drawn at random from those of the expert's episodes on the batch's tasks
            (ours: this bounds the continuations); None: all of them, as in the paper.
        scorer: whose continuations: `"imitated"`, as in the paper, or `"acting"`, the present policy.
        outcome: weight 1 or 0 of the outcome DPO.
        step: the same of the step DPO; without it there are no continuations.
        imitation: weight of the imitation, a mean over tokens; the released code sums over tokens.
        beta: of both DPO losses; 0.1 in the released script, 0.1 to 0.5 in the paper.
    """

    continuations: int = 5
    tau: float = 0.5
    gap: float = 0.01
    prefixes: int | None = 16
    scorer: str = "imitated"
    outcome: bool = True
    step: bool = True
    imitation: float = 1.0
    beta: float = 0.1
    name: str = "ipr"

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.scorer not in ("imitated", "acting"):
            raise BadArgument("scorer 'imitated' or 'acting'", repr(self.scorer), "pass one of them")
        few = self.continuations < 1 or (self.prefixes is not None and self.prefixes < 1)
        if few or self.beta <= 0 or min(self.tau, self.gap, self.imitation) < 0:
            raise BadArgument(
                "continuations >= 1, prefixes >= 1 or None, beta > 0, and tau, gap and imitation >= 0",
                f"{self.continuations}, {self.prefixes}, {self.beta}, {self.tau}, {self.gap}, {self.imitation}",
                "correct the options",
            )

    def credit(self, batch: Batch) -> Credit:
        """Pairs of both kinds, and what is imitated.

        Raises:
            BadArgument: a task has no expert's episode.
        """
        whole = outcome_pairs(self._experts, batch.trajectories, gap=self.gap)
        steps, compared = self._step_pairs(batch) if self.step else ([], 0)
        return Credit(
            pairs=[*(whole if self.outcome else ()), *steps],
            imitation=[Span(p.chosen.trajectory, weight=self.imitation) for p in whole] if self.imitation else (),
            dpo_beta=self.beta,
            figures={
                "outcome_pairs": float(len(whole)),
                "compared_steps": float(compared),
                "step_pairs": float(len(steps)),
            },
        )

    def _step_pairs(self, batch: Batch) -> tuple[list[Pair], int]:
        """Pairs of what follows a prefix, and how many steps were compared for them."""
        scorer = batch.scorer if self.scorer == "imitated" else batch.player
        prefixes = self._prefixes(batch)
        places: dict[str, list[Place]] = {}
        for expert, _ in prefixes:
            if expert.task_id not in places:
                places[expert.task_id] = batch.player.places(expert)
        played = batch.player.play_on([places[expert.task_id][t] for expert, t in prefixes])
        # The reward of the same action in the same state is the same: its estimates would differ by noise alone.
        compared = [
            (expert, mine, t)
            for (expert, t), mine in zip(prefixes, played, strict=True)
            if mine.num_steps > t
            and mine.steps[t].action != expert.steps[t].action
            and expert.score - mine.score > self.gap
        ]
        points = [(episode, t + 1) for expert, mine, t in compared for episode in (expert, mine)]
        rewards = values_at(scorer, points, self.continuations)
        pairs = [
            Pair(Span(expert, t), Span(mine, t))
            for (expert, mine, t), better, worse in zip(compared, rewards[::2], rewards[1::2], strict=True)
            if better - worse > self.tau
        ]
        return pairs, len(compared)

    def _prefixes(self, batch: Batch) -> list[tuple[Trajectory, int]]:
        """The expert's episodes with numbers of steps, at least one: without any it is the batch's own episodes."""
        experts = [self._experts.of(task) for task in dict.fromkeys(t.task_id for t in batch.trajectories)]
        known = [(expert, t) for expert in experts for t in range(1, expert.num_steps)]
        if self.prefixes is None or self.prefixes >= len(known):
            return known
        rng = random.Random(f"{self.name}/{batch.seed}/{batch.iteration}")
        return [known[i] for i in sorted(rng.sample(range(len(known)), self.prefixes))]
