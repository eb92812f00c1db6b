"""Which rows the tables of a study have: methods by name, ablations of SPA, or trial runs; each refused early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from spa_gym.baselines.ablations import ABLATIONS, ablated
from spa_gym.baselines.methods.registry import make_method, method_names
from spa_gym.baselines.studies import Preset, fit_epochs
from spa_gym.core.errors import BadArgument

__all__ = ["IMITATION", "Row", "ablation_rows", "method_rows"]

IMITATION = "sft"
"""Row of the imitation that every training starts from, and name of the method that goes on with it."""
_LABELS = {IMITATION: "sft-longer"}
_LEAST_TASKS = 10
"""Tasks that are explored however small the budget is; an estimator needs held-out ones too."""


@dataclass(frozen=True)
class Row:
    """One row of a study's tables: a training run for each seed.

    Args:
        label: its name in the tables and of its folders.
        method: name of the method.
        options: the method's settings.
        changes: settings of the training that differ from the other rows'.
    """

    label: str
    method: str
    options: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Its name, fit for a folder."""
        return self.label.replace(":", ".").replace(" ", "_")


def method_rows(preset: Preset, names: Sequence[str] = (), env_steps: int | None = None) -> list[Row]:
    """A row for each method.

    Args:
        preset: the size, whose settings the methods have.
        names: methods, by name or as package.module:object; none: the preset's.
        env_steps: budget instead of the preset's; a smaller one leaves the same share of it to the exploration.

    Raises:
        BadArgument: there is no such method (all of them are named), a method has no such option, or the preset has
            settings for a method that is none.
    """
    known = method_names()
    asked = [*dict.fromkeys(names or preset.methods)]
    unknown = [name for name in (*asked, *preset.changes, *preset.options) if name not in known and ":" not in name]
    if unknown:
        raise BadArgument(
            f"methods out of {', '.join(known)}, or package.module:object",
            ", ".join(dict.fromkeys(unknown)),
            "correct the name, or install the package that has it",
        )
    rows = []
    for name in asked:
        options = _within(preset.options.get(name, {}), preset, env_steps)
        make_method(name, options)
        rows.append(Row(_LABELS.get(name, name), name, options, preset.changes.get(name, {})))
    return rows


def ablation_rows(preset: Preset, names: Sequence[str] = (), env_steps: int | None = None) -> list[Row]:
    """A row for each ablation, its exploration that of `spa`; arguments as for `method_rows`.

    Args:
        preset: the size.
        names: ablations; none: all.
        env_steps: budget instead of the preset's.

    Raises:
        BadArgument: there is no such ablation.
    """
    shared = _within(preset.options.get("spa", {}), preset, env_steps)
    rows = []
    for name in names or ABLATIONS:
        method, options = ablated(name, shared)
        rows.append(Row(name, method, options, preset.changes.get(method, {})))
    return rows


def _within(options: dict[str, Any], preset: Preset, env_steps: int | None) -> dict[str, Any]:
    """The options, with as many fewer tasks to explore as the budget is smaller, and the passes that so few need."""
    if "tasks" not in options or env_steps is None or env_steps >= preset.env_steps:
        return options
    tasks = min(options["tasks"], max(_LEAST_TASKS, options["tasks"] * env_steps // preset.env_steps))
    passes = {"epochs": max(options["epochs"], fit_epochs(tasks))} if "epochs" in options else {}
    return {**options, "tasks": tasks, **passes}
