"""`stepagent-implicit`: the expert's action over the policy's own, step by step (Deng et al. 2024, arXiv 2411.03817).

At every prefix s_t of a demonstrated episode the policy acts once. Where its action differs from the expert's,

    L = -log sigmoid(beta log pi(a*_t | s_t)/pi_ref(a*_t | s_t) - beta log pi(a_t | s_t)/pi_ref(a_t | s_t))

The form is inferred from descriptions: the paper's own equation was not at hand. The environment's reward is never
looked at, so the expert is the ceiling. No episode of its own is played: an iteration costs one environment step for
each prefix, and the batch has no trajectories.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from spa_gym.baselines.methods.groups import check_choice
from spa_gym.baselines.seam import Batch, Credit, Method, Needs, Pair, Place, Span, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["ExpertStepPreference"]


@dataclass
class ExpertStepPreference(Method):
    """StepAgent with implicit rewards.

    Args:
        experts: demonstrated episodes of an iteration, drawn without repetition; ours.
        beta: of the DPO loss; ours, as ETO's first iteration.
        reference: pi_ref, `"imitated"` or `"acting"`; the source does not say.
        temperature: at which the policy acts; ours.
    """

    experts: int = 64
    beta: float = 0.1
    reference: str = "imitated"
    temperature: float = 1.0
    name: str = "stepagent-implicit"
    _demonstrations: list[Trajectory] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        check_choice("reference", self.reference, ("imitated", "acting"))
        if self.experts < 1 or self.beta <= 0 or self.temperature < 0:
            raise BadArgument(
                "experts >= 1, beta > 0, temperature >= 0",
                f"{self.experts}, {self.beta}, {self.temperature}",
                "correct the options",
            )

    @property
    def needs(self) -> Needs:
        """The demonstrations, and no episodes."""
        return Needs(demonstrated=True, plays=False)

    def prepare(self, study: Study) -> int:
        """Take the demonstrations.

        Raises:
            BadArgument: there are none.
        """
        if not study.demonstrations:
            raise BadArgument("demonstrations of the expert", "none", "pass --demonstrations 150")
        self._demonstrations = list(study.demonstrations)
        return 0

    def credit(self, batch: Batch) -> Credit:
        """Pairs of single actions; figure `agreement`: share of the prefixes where policy and expert do the same.

        Raises:
            BadArgument: the method was not prepared.
        """
        if not self._demonstrations:
            raise BadArgument("demonstrations of the expert", "credit before prepare", "call prepare(study) first")
        rng = random.Random(f"{self.name}/{batch.seed}/{batch.iteration}")
        chosen = rng.sample(self._demonstrations, min(self.experts, len(self._demonstrations)))
        prefixes: list[tuple[Trajectory, int]] = []
        places: list[Place] = []
        for expert in chosen:
            prefixes += [(expert, t) for t in range(expert.num_steps)]
            places += batch.player.places(expert)[: expert.num_steps]
        played = batch.player.play_on(places, temperature=self.temperature, max_steps=1)
        view = batch.readings.codec.view
        pairs: list[Pair] = []
        acted = 0
        for (expert, t), own in zip(prefixes, played, strict=True):
            if own.num_steps == t:
                continue  # the policy had no room to act
            acted += 1
            if view.action(own.steps[t].action) != view.action(expert.steps[t].action):
                pairs.append(Pair(Span(expert, t, t + 1), Span(own, t, t + 1)))
        return Credit(
            pairs=pairs,
            dpo_beta=self.beta,
            dpo_reference=self.reference,
            figures={"agreement": 1.0 - len(pairs) / acted if acted else float("nan"), "step_pairs": float(len(pairs))},
        )
