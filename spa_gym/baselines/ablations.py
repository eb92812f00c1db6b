"""What is taken out of SPA, put in, or turned, one thing at a time: a table that a study can run row by row.

A row is a method with options; all else (start, exploration, budget, training) is as for the method itself:

    method, options = ablated("no-grounding", {"tasks": 100, "samples": 4})
    TrainConfig(method=method, options=options, ...)

Every run shows success and episode length side by side, and `sum_error`, the mean of |sum c - R| on each batch, in its
curves. The other ways to hand out the final reward (`uniform`, `rudder`, `rlbr`, `oracle`) are methods of their own.

The paper's form of the grounding may hide what else is turned (it can pay more than the task), so alpha and beta are
swept in the penalty form too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from spa_gym.core.arguments import one_of

__all__ = ["ABLATIONS", "Ablation", "ablated"]


@dataclass(frozen=True)
class Ablation:
    """One row.

    Args:
        method: name of the method.
        options: its options that are not the defaults.
        asks: what comparing it with the method itself answers.
    """

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    asks: str = ""


def _sweep(option: str, values: tuple[float, ...], form: str) -> dict[str, Ablation]:
    return {
        f"{form}-{option}-{value:g}": Ablation(
            "spa", {"grounding": form, option: value}, f"{option} at {value:g} instead of the paper's, {form} form"
        )
        for value in values
    }


_ALPHAS = (0.25, 0.5, 2.0, 4.0)
_BETAS = (0.05, 0.1, 0.25, 1.0)
_PAPER: dict[str, Any] = {
    "leave_one_out": False,
    "multiplier": False,
    "gae_over": "steps",
    "grounding": "executed",
    "last_grounded": False,
}
"""All released formulas of `spa-released` off."""
_RELEASED: dict[str, Any] = {
    "leave_one_out": True,
    "multiplier": True,
    "gae_over": "sequence",
    "grounding": "string",
    "last_grounded": True,
}
"""All of them on: its defaults."""

ABLATIONS: dict[str, Ablation] = {
    "paper": Ablation("spa", {}, "the method as published"),
    "penalty": Ablation("spa", {"grounding": "penalty"}, "a fine for what is not executed instead of a bonus"),
    "potential": Ablation("spa", {"grounding": "potential"}, "a grounding term that leaves every return alone"),
    # Without its contributions nothing tells of the task, unless the sparse reward stays.
    "no-progress": Ablation(
        "spa", {"alpha": 0.0, "residual": True}, "contributions off, the sparse reward in their place"
    ),
    "no-progress-penalty": Ablation(
        "spa", {"alpha": 0.0, "residual": True, "grounding": "penalty"}, "the same, penalty form"
    ),
    "grounding-only": Ablation("spa", {"alpha": 0.0}, "contributions off, nothing in their place"),
    "no-grounding": Ablation("spa", {"beta": 0.0}, "progress alone"),
    **_sweep("alpha", _ALPHAS, "paper"),
    **_sweep("alpha", _ALPHAS, "penalty"),
    **_sweep("beta", _BETAS, "paper"),
    **_sweep("beta", _BETAS, "penalty"),
    "read-observation": Ablation(
        "spa", {"read": "observation", "beta": 0.0}, "estimator read after the answer; against no-grounding"
    ),
    "refreshed": Ablation("spa", {"refresh": 1, "beta": 0.0}, "estimator kept on-policy; against no-grounding"),
    "residual": Ablation("spa", {"residual": True, "beta": 0.0}, "R - sum c paid at the end; against no-grounding"),
    "released": Ablation("spa-released", {}, "the released code's formulas, all of them"),
    **{
        f"released-without-{key}": Ablation("spa-released", {key: value}, f"all released formulas but {key}")
        for key, value in _PAPER.items()
    },
    "released-action-tokens": Ablation(
        "spa-released", {"gae_over": "tokens"}, "all of them, but GAE over the tokens of actions alone"
    ),
    "released-none": Ablation("spa-released", _PAPER, "none of them: the paper's form, on batches of groups"),
    **{
        f"released-only-{key}": Ablation(
            "spa-released", {**_PAPER, key: value}, f"of the released formulas {key} alone"
        )
        for key, value in _RELEASED.items()
    },
    "released-only-action-tokens": Ablation(
        "spa-released", {**_PAPER, "gae_over": "tokens"}, "GAE over the tokens of actions alone"
    ),
}
"""By name, in the order of the tables."""


def ablated(name: str, shared: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """Method and options of a row.

    Args:
        name: the row.
        shared: options of the exploration, the same for all rows.

    Raises:
        BadArgument: there is no such row.
    """
    one_of("name", name, ABLATIONS)
    row = ABLATIONS[name]
    return row.method, {**(shared or {}), **row.options}
