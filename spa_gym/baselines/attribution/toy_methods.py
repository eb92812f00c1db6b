"""The table's methods on the three small processes: their episodes as trajectories, and a table of the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spa_gym.baselines.attribution.cells import as_table
from spa_gym.baselines.attribution.readout import from_credit, refuse_silence
from spa_gym.baselines.attribution.toy_baselines import ToyScorer, toy_baselines
from spa_gym.baselines.attribution.toy_mdps import ToyEpisode, ToyMDP, sample, toy_figures, toy_mdps
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Step, Trajectory
from spa_gym.wrappers.estimators import load_object

__all__ = ["as_trajectory", "method_on_toys", "score_methods_on_toys", "toy_table"]

ToyScores = dict[str, dict[str, dict[str, dict[str, float]]]]
"""Scorer -> process -> figure -> `mean` and `error`."""


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


def method_on_toys(name: str, *, to_go: bool = False, group: int = 8, seed: int = 0) -> ToyScorer:
    """A method as a function from episodes to credits; it gets groups of so many episodes as those of one task.

    Args:
        name: a method that needs neither models nor exploration nor to play on.
        to_go: sum its credit to the episode's end, as a loss does with rewards.
        group: episodes of a task.
        seed: of its draws.

    Raises:
        BadArgument: when it is asked, it says nothing of steps.
    """
    method = make_method(name)

    def credit(_: ToyMDP, episodes: Sequence[ToyEpisode]) -> list[Any]:
        made: list[Any] = []
        form = ""
        for number, start in enumerate(range(0, len(episodes), group)):
            # Groups of one batch each: all tasks begin in the same state, which methods may pool by observation.
            played = [as_trajectory(e, f"task {number}") for e in episodes[start : start + group]]
            form, paid = from_credit(method.credit(Batch(played, number, seed)), played)
            made += paid
        refuse_silence(form, made)
        return [np.cumsum(c[::-1])[::-1] for c in made] if to_go else made

    return credit


def score_methods_on_toys(
    names: Sequence[str], *, batches: int = 30, episodes: int = 2_000, seed: int = 0
) -> ToyScores:
    """Figures of scorers over batches, the plain baselines first; rewards as they are paid, and to the episode's end.

    Args:
        names: methods, or `toys:package.module:function` from toy episodes to credits.
        batches: drawn of each process; AgentCreditBench's number.
        episodes: of a batch; AgentCreditBench's number.
        seed: of the sampling.

    Raises:
        BadArgument: fewer than one batch or episode.
    """
    if batches < 1 or episodes < 1:
        raise BadArgument("at least one batch and one episode", f"{batches}, {episodes}", "pass --batches 30")
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for batch in range(batches):
        scorers = _scorers(names, seed * batches + batch)
        for mdp in toy_mdps():
            played = sample(mdp, episodes, np.random.default_rng([seed, batch, sum(mdp.name.encode())]))
            for name, credit in scorers.items():
                figures = toy_figures(mdp, played, credit(mdp, played))
                found.setdefault(name, {}).setdefault(mdp.name, []).append(figures)
    return {name: {p: _over_batches(rows) for p, rows in by.items()} for name, by in found.items()}


def _scorers(names: Sequence[str], seed: int) -> dict[str, ToyScorer]:
    scorers = toy_baselines(seed)
    for name in names:
        kind, _, rest = name.partition(":")
        if kind == "toys":
            own: Callable[[Sequence[ToyEpisode]], Sequence[Any]] = load_object(rest)
            scorers[name] = lambda _, episodes, own=own: own(episodes)
            continue
        scorers[name] = method_on_toys(name, seed=seed)
        if _pays_rewards(name):
            scorers[f"{name} (to go)"] = method_on_toys(name, to_go=True, seed=seed)
    return scorers


def _over_batches(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean of each figure and its standard error, of the batches in which it is a number."""
    made = {}
    for figure in rows[0]:
        values = np.array([row[figure] for row in rows])
        values = values[np.isfinite(values)]
        count = len(values)
        error = float(values.std(ddof=1) / count**0.5) if count > 1 else float("nan")
        made[figure] = {"mean": float(values.mean()) if count else float("nan"), "error": error}
    return made


def _pays_rewards(name: str) -> bool:
    played = [as_trajectory(ToyEpisode(((0, "start"),), ("good",), (float(i),)), "task") for i in range(2)]
    return make_method(name).credit(Batch(played)).rewards is not None


def toy_table(scores: ToyScores, *, batches: int, episodes: int) -> str:
    """Markdown: a table for each process.

    Args:
        scores: see `score_methods_on_toys`.
        batches: they are means over so many batches.
        episodes: of so many episodes.
    """
    lines = ["# Three processes with exact advantages", ""]
    lines += [f"Mean over {batches} batches of {episodes:,} episodes each, and its standard error.", ""]
    for process, figures in next(iter(scores.values())).items():
        rows = [[name, *(_with_error(by[process][figure]) for figure in figures)] for name, by in scores.items()]
        lines += [f"## {process}", "", *as_table(["", *(f.replace("_", " ") for f in figures)], rows), ""]
    return "\n".join(lines)


def _with_error(found: dict[str, float]) -> str:
    if np.isnan(found["mean"]):
        return "-"
    return f"{found['mean']:.3f}" + ("" if np.isnan(found["error"]) else f" ± {found['error']:.3f}")
