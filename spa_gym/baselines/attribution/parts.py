"""Parts of a truth: its episodes by the length of the expert's plan, of the episode, by outcome and by task family.

A part is a truth of its own with fewer episodes, so that all figures, intervals and ceilings are worked out as those of
the whole. The length of an episode says little where most run into the step limit; how long a task is, is what the
expert needs for it, and this is asked of the environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import gymnasium
import numpy as np

from spa_gym.baselines.attribution.store import Truth
from spa_gym.baselines.expert_lengths import expert_lengths
from spa_gym.core.atomic import atomic_write_text
from spa_gym.core.errors import BadArgument, SpaGymError

__all__ = ["Groups", "Plans", "expert_plans", "part_of", "parts"]

Groups = Callable[[Sequence[int | None]], Mapping[str, Sequence[int]]]
"""From the expert's steps for each task to classes of tasks: `spa_gym.leaderboard.task_lengths.length_groups`, by which
the tables of success are split; it stands on a floor above this one and is handed in."""
Plans = dict[str, int | None]
"""Task -> steps of the expert's plan; None: the expert cannot solve it."""


def expert_plans(truth: Truth, cache: Path) -> tuple[Plans | None, str | None]:
    """Lengths of the expert's plans of the truth's tasks, as the final evaluation of a training counts them.

    Args:
        truth: the truth; its settings name the environment.
        cache: file that they are read from, and written to when they were not there.

    Returns:
        The lengths and None, or None and why they cannot be had here.
    """
    if cache.is_file():
        return json.loads(cache.read_text(encoding="utf-8")), None
    try:
        plans = _ask_expert(truth)
    except (SpaGymError, gymnasium.error.Error) as error:
        return None, str(error)
    atomic_write_text(cache, json.dumps(plans, indent=1) + "\n")
    return plans, None


def _ask_expert(truth: Truth) -> Plans:
    env_id, tasks = truth.settings["env_id"], list(dict.fromkeys(truth.tasks))
    lengths = expert_lengths(env_id, truth.settings["env_kwargs"], "train", tasks)
    if lengths is None:
        raise BadArgument("an environment with an expert", env_id, "leave its plans out")
    return dict(zip(tasks, lengths, strict=True))


def parts(truth: Truth, plans: Plans | None, groups: Groups) -> dict[str, list[int]]:
    """Positions of the episodes of each part, by name: `"<kind>: <class>"`.

    Args:
        truth: the truth.
        plans: see `expert_plans`; None: there is no such kind.
        groups: makes classes of the plans' lengths.

    Returns:
        Kinds `plan`, `episode` (thirds by steps; left out where one of them holds all episodes), `outcome` and
        `family`; parts without an episode are left out.
    """
    played = truth.trajectories
    made: dict[str, list[int]] = {}
    if plans is not None:
        tasks = list(plans)
        for name, members in groups(list(plans.values())).items():
            within = {tasks[i] for i in members}
            made[f"plan: {name}"] = [i for i, t in enumerate(played) if t.task_id in within]
    lengths = np.array([t.num_steps for t in played])
    low, high = (int(x) for x in np.quantile(lengths, [1 / 3, 2 / 3]))
    thirds = {
        f"episode: up to {low}": lengths <= low,
        f"episode: {low + 1} to {high}": (lengths > low) & (lengths <= high),
        f"episode: over {high}": lengths > high,
    }
    if not any(members.all() for members in thirds.values()):
        made |= {name: np.flatnonzero(members).tolist() for name, members in thirds.items()}
    for name, solved in (("success", True), ("failure", False)):
        made[f"outcome: {name}"] = [i for i, t in enumerate(played) if t.success == solved]
    for family in sorted({t.task_type for t in played}):
        made[f"family: {family}"] = [i for i, t in enumerate(played) if t.task_type == family]
    return {name: members for name, members in made.items() if members}


def part_of(truth: Truth, episodes: Sequence[int]) -> Truth:
    """A truth of some of the episodes."""
    return Truth(truth.settings, [truth.episodes[i] for i in episodes], truth.env_steps)
