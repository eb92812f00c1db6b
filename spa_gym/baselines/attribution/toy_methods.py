"""The table's methods on the three small processes: their episodes as trajectories, and a table of the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.attribution.readout import from_credit
from spa_gym.baselines.attribution.toy_mdps import ToyEpisode, score_on_toys, toy_baselines
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.trajectory import Step, Trajectory
from spa_gym.wrappers.estimators import load_object

__all__ = ["as_trajectory", "method_on_toys", "score_methods_on_toys", "toy_table"]

Scorer = Callable[[Sequence[ToyEpisode]], Sequence[Any]]


def as_trajectory(episode: ToyEpisode, task: str) -> Trajectory:
    """A toy's episode as a method reads it: states are observations, all of it is one task.

    Success is a return above 0.
    """
    steps = tuple(
        Step(f"step {t}: {state}", action, reward, True)
        for (t, state), action, reward in zip(episode.nodes, episode.actions, episode.rewards, strict=True)
    )
    total = sum(episode.rewards)
    return Trajectory("toy", task, "toy", "", steps, "over", True, False, total, total > 0)


def method_on_toys(name: str, *, to_go: bool = False, group: int = 8, seed: int = 0) -> Scorer:
    """A method as a function from episodes to credits; it gets groups of so many episodes as those of one task.

    Args:
        name: a method that needs neither models nor exploration nor to play on.
        to_go: sum its credit to the episode's end, as a loss does with rewards.
        group: episodes of a task.
        seed: of its draws.
    """
    method = make_method(name)

    def credit(episodes: Sequence[ToyEpisode]) -> list[Any]:
        made: list[Any] = []
        for number, start in enumerate(range(0, len(episodes), group)):
            # Groups of one batch each: all tasks begin in the same state, which methods may pool by observation.
            played = [as_trajectory(e, f"task {number}") for e in episodes[start : start + group]]
            made += from_credit(method.credit(Batch(played, number, seed)), played)[1]
        return [np.cumsum(c[::-1])[::-1] for c in made] if to_go else made

    return credit


def score_methods_on_toys(
    names: Sequence[str], *, episodes: int = 2_000, seed: int = 0
) -> dict[str, dict[str, dict[str, float]]]:
    """Scorer -> process -> figures, the plain baselines first; rewards as they are paid, and to the episode's end.

    Args:
        names: methods, or `toys:package.module:function` from toy episodes to credits.
        episodes: sampled for each process.
        seed: of the sampling.
    """
    scorers: dict[str, Scorer] = dict(toy_baselines())
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "toys":
            scorers[name] = load_object(rest)
            continue
        scorers[name] = method_on_toys(name, seed=seed)
        if _pays_rewards(name):
            scorers[f"{name} (to go)"] = method_on_toys(name, to_go=True, seed=seed)
    return {name: score_on_toys(credit, episodes=episodes, seed=seed) for name, credit in scorers.items()}


def _pays_rewards(name: str) -> bool:
    played = [as_trajectory(ToyEpisode(((0, "start"),), ("good",), (float(i),)), "task") for i in range(2)]
    return make_method(name).credit(Batch(played)).rewards is not None


def toy_table(scores: dict[str, dict[str, dict[str, float]]]) -> str:
    """Markdown: a table for each process."""
    lines: list[str] = []
    for process in next(iter(scores.values())):
        figures = list(next(iter(scores.values()))[process])
        lines += [f"## {process}", "", "| | " + " | ".join(f.replace("_", " ") for f in figures) + " |"]
        lines.append("|---|" + "---:|" * len(figures))
        for name, by_process in scores.items():
            values = [by_process[process][figure] for figure in figures]
            lines.append(f"| {name} | " + " | ".join("-" if np.isnan(v) else f"{v:.3f}" for v in values) + " |")
        lines.append("")
    return "\n".join(lines)
