"""Monte-Carlo values: how a policy's episodes end when it plays on from a step. Paid for in environment steps.

V(s) is estimated by the mean outcome of n continuations from s, as VinePPO (arXiv 2410.01679), IPR (arXiv 2406.11176)
and RRO (arXiv 2505.20737) do. All continuations that are asked for at a time are played in one call, side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spa_gym.baselines.seam import Array, Place, Player
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["values_at"]


def values_at(
    player: Player, points: Sequence[tuple[Trajectory, int]], continuations: int, *, gamma: float = 1.0
) -> Array:
    """Mean outcome of playing on after the first steps of episodes.

    A continuation that the step limit cuts off has the outcome that the environment gave it (0).

    Args:
        player: plays on; its policy is the one whose values these are.
        points: P episodes, each with the number of its steps that are kept; each was played to its end.
        continuations: how often the policy plays on from each.
        gamma: discount of a score for each new step but the first.

    Returns:
        [P] values; where all steps are kept, there is nothing to play: the episode's score.

    Raises:
        BadArgument: no continuations are asked for, or an episode has not so many steps.
    """
    if continuations < 1:
        raise BadArgument("at least one continuation", continuations, "pass continuations=1 or more")
    values = np.zeros(len(points))
    known: dict[int, list[Place]] = {}
    places: list[Place] = []
    wanted: list[int] = []
    for i, (trajectory, kept) in enumerate(points):
        if not 0 <= kept <= trajectory.num_steps:
            raise BadArgument(f"0 to {trajectory.num_steps} steps that are kept", kept, "correct the point")
        if kept == trajectory.num_steps:
            values[i] = trajectory.score
            continue
        if id(trajectory) not in known:
            known[id(trajectory)] = player.places(trajectory)
        places += [known[id(trajectory)][kept]] * continuations
        wanted.append(i)
    played = player.play_on(places) if places else []
    for j, i in enumerate(wanted):
        mine = played[j * continuations : (j + 1) * continuations]
        kept = points[i][1]
        values[i] = np.mean([t.score * gamma ** max(0, t.num_steps - kept - 1) for t in mine])
    return values
