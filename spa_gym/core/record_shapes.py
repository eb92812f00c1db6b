"""What the nested parts of a run record hold, so that a reader of tables can rely on it.

A `RunRecord` keeps plain dicts, for training writes what it has. Here their known keys have types and ranges; further
keys are free.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from spa_gym.core.plain_data import Bounds, misfit

__all__ = ["Final", "evaluation_misfit", "final_misfit", "training_misfit"]

Share = Annotated[float, Bounds(0, 1)]
Count = Annotated[int, Bounds(0, 2**53)]
Number = Annotated[float, Bounds(-1e15, 1e15)]


class Final(TypedDict, total=False):
    """One entry of `RunRecord.final`; the lists have a place for each task, in task order."""

    success: Share
    score: Share
    grounding: Share
    steps: Annotated[float, Bounds(0, 1e9)]
    n: Count
    successes: list[Share]
    scores: list[Share]
    task_types: list[str]
    expert_steps: list[Count | None]
    task_grounded: list[Count]
    task_steps: list[Count]
    positions: list[Count] | None


class Interval(TypedDict):
    """A figure with its interval."""

    mean: Number
    low: Number
    high: Number


class _Settings(TypedDict):
    split: str
    split_size: Count
    num_tasks: Count


class _Metrics(TypedDict):
    success: Interval
    score: Interval
    grounding: Interval
    steps: Interval


class _Evaluation(TypedDict):
    settings: _Settings
    metrics: _Metrics


class _TrainingMetrics(TypedDict, total=False):
    exploration_env_steps: Number


def final_misfit(final: dict[str, Any]) -> str:
    """Return what is wrong with `RunRecord.final`, "" if nothing is."""
    if wrong := misfit(final, dict[str, Final]):
        return f"final.{wrong}"
    for name, entry in final.items():
        columns = [entry[key] for key in Final.__annotations__ if isinstance(entry.get(key), list)]
        if len({len(column) for column in columns if column}) > 1:
            return f"final.{name:.60}: lists of different lengths"
    return ""


def evaluation_misfit(settings: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Return what is wrong with the parts of an evaluation's record that a table shows, "" if nothing is."""
    return misfit({"settings": settings, "metrics": metrics}, _Evaluation)


def training_misfit(metrics: dict[str, Any]) -> str:
    """Return what is wrong with the metrics of a training that a table shows, "" if nothing is."""
    return misfit(metrics, _TrainingMetrics)
