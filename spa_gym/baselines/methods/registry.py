"""The names of methods.

Anybody's package adds its own by the entry-point group `spa_gym.methods`:

[project.entry-points."spa_gym.methods"]
mine = "my_package.credit:Mine"
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from spa_gym.baselines.seam import Method
from spa_gym.core.errors import BadArgument

__all__ = ["ENTRY_POINTS", "METHODS", "make_method", "method_names"]

ENTRY_POINTS = "spa_gym.methods"
METHODS: dict[str, str] = {
    "ppo": "spa_gym.baselines.methods.ppo:SparseReward",
    "spa": "spa_gym.baselines.methods.spa:StepwiseProgress",
    "spa-penalty": "spa_gym.baselines.methods.spa:penalty_form",
    "oracle": "spa_gym.baselines.methods.oracle:OracleProgress",
    "rloo": "spa_gym.baselines.methods.rloo:LeaveOneOut",
    "grpo": "spa_gym.baselines.methods.grpo:GroupRelative",
    "gigpo": "spa_gym.baselines.methods.gigpo:GroupInGroup",
    "hgpo": "spa_gym.baselines.methods.hgpo:HierarchyOfGroups",
    "g2po": "spa_gym.baselines.methods.g2po:GroupGraph",
    "graphgpo": "spa_gym.baselines.methods.graphgpo:GraphDistance",
    "sft": "spa_gym.baselines.methods.sft:Imitation",
    "rft": "spa_gym.baselines.methods.rft:RejectionSampling",
    "eto": "spa_gym.baselines.methods.eto:TrajectoryPreference",
    "ipr": "spa_gym.baselines.methods.ipr:StepPreference",
    "rro": "spa_gym.baselines.methods.rro:RewardRising",
    "vineppo": "spa_gym.baselines.methods.vineppo:MonteCarloAdvantage",
    "istar": "spa_gym.baselines.methods.istar:ImplicitStepReward",
    "stepagent-implicit": "spa_gym.baselines.methods.stepagent_implicit:ExpertStepPreference",
    "stepagent-inverse": "spa_gym.baselines.methods.stepagent_inverse:ExpertDiscriminator",
    "hcapo": "spa_gym.baselines.methods.hcapo:HindsightCredit",
    "progress-advantage": "spa_gym.baselines.methods.progress_advantage:ProgressAdvantage",
    "spa-released": "spa_gym.baselines.methods.spa_released:ReleasedProgress",
    "rudder": "spa_gym.baselines.methods.rudder:PrefixDifference",
    "rlbr": "spa_gym.baselines.methods.rlbr:BaggedReward",
    "uniform": "spa_gym.baselines.methods.uniform:UniformShares",
}
"""Name -> entry point of a class or function that takes the options and makes the method."""


def method_names() -> dict[str, str]:
    """Name -> entry point of every method that is installed; ours go before others of the same name."""
    return {**{entry.name: entry.value for entry in entry_points(group=ENTRY_POINTS)}, **METHODS}


def make_method(name: str, options: dict[str, Any] | None = None) -> Method:
    """A method by its name, or `package.module:object` of one's own.

    Raises:
        BadArgument: there is no such method, or it has no such option.
    """
    names = method_names()
    entry = names.get(name, name)
    module, separator, attribute = entry.partition(":")
    if not separator or not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))):
        raise BadArgument(f"a method out of {', '.join(names)}, or package.module:object", repr(name), "pass one")
    try:
        factory: Callable[..., Method] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadArgument(
            f"a method at {entry}", f"one that cannot be imported: {error}", "correct the name, or install the package"
        ) from error
    try:
        return factory(**(options or {}))
    except TypeError as error:
        raise BadArgument(f"options of the method {name}", f"{options} ({error})", "correct the options") from error
