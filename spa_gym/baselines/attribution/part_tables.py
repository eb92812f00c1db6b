"""The tables of a scoring by part of the truth: for each kind of part what the parts are, and each scorer in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spa_gym.baselines.attribution.cells import as_cell, as_number, as_table

__all__ = ["by_part"]

_KINDS = {
    "plan": "By length of the expert's plan",
    "episode": "By length of the episode",
    "outcome": "By outcome",
    "family": "By task family",
}
_COMPACT = {"cosine": "cosine", "sign_accuracy": "sign", "leakage": "leakage", "critical_ap": "critical AP"}


def by_part(rows: Sequence[tuple[str, Mapping[str, Any]]], about: Mapping[str, Any], no_plans: str | None) -> list[str]:
    """Lines of Markdown: a section for each kind of part.

    Args:
        rows: name and `parts` of the form that is shown, for each scorer.
        about: counts, split half and ceiling of each part.
        no_plans: why the lengths of the expert's plans are not known; None: they are.
    """
    lines = [
        "Each scorer in the form that the loss sees: through GAE what pays rewards, all else as it is. Figures have "
        "their 95 % interval over the tasks of the part, where it has two or more.",
        "",
    ]
    if no_plans is not None:
        lines += [f"The lengths of the expert's plans could not be had: {no_plans}", ""]
    for kind, title in _KINDS.items():
        parts = [part for part in about if part.partition(": ")[0] == kind]
        if parts:
            lines += [f"### {title}", "", *_kind(rows, about, parts), ""]
    return lines[:-1]


def _kind(rows: Sequence[tuple[str, Mapping[str, Any]]], about: Mapping[str, Any], parts: Sequence[str]) -> list[str]:
    names = [part.partition(": ")[2] for part in parts]
    counts = [
        [n, *(f"{about[p][x]:,}" for x in ("tasks", "episodes", "steps"))] for n, p in zip(names, parts, strict=True)
    ]
    lines = as_table(["part", "tasks", "episodes", "steps"], counts)
    for figure, label in (("spearman", "Spearman"), ("gradient_cosine", "gradients")):
        if any(figure in about[part]["split_half"] for part in parts):
            found = [[name, *(as_cell(by[part].get(figure)) for part in parts)] for name, by in rows]
            for word, key in (("split half", "split_half"), ("ceiling", "ceiling")):
                if any(figure in about[part][key] for part in parts):
                    found.append([f"*{word}*", *(as_number(about[part][key].get(figure)) for part in parts)])
            lines += ["", *as_table([label, *names], found)]
    several = [[name, *(_compact(by[part]) for part in parts)] for name, by in rows]
    several.append(
        ["*split half*", *(" / ".join(as_number(about[part]["split_half"][f]) for f in _COMPACT) for part in parts)]
    )
    return [*lines, "", *as_table([" / ".join(_COMPACT.values()), *names], several)]


def _compact(figures: Mapping[str, Mapping[str, float]]) -> str:
    return " / ".join(as_number(figures[figure]["mean"]) for figure in _COMPACT)
