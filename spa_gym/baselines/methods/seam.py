"""The seam between methods and training: a method says what credit each step gets, and nothing else.

Policy, demonstrations, exploration budget, policy loss and evaluation are the same for all methods. Before training a
method may explore and fit something of its own (`prepare`); the environment steps that this takes are counted against
its budget.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

__all__ = ["METHODS", "Credit", "Method", "Study", "make_method"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credit:
    """What a batch of trajectories earned, one array of [num_steps] for each of them.

    Exactly one of the two: `rewards` go through critic and GAE, `advantages` are used as they are.
    """

    rewards: list[npt.NDArray[np.float64]] | None = None
    advantages: list[npt.NDArray[np.float64]] | None = None


@dataclass(frozen=True)
class Study:
    """What a method may know of the training it takes part in."""

    start: str
    """Checkpoint of the imitated policy."""
    env_id: str
    """The environment."""
    env_kwargs: dict[str, Any]
    """Its arguments, without the split."""
    out: Path
    """Folder for what the method writes."""
    seed: int
    """Seed of the run."""
    device: str = "auto"
    """Where to compute."""
    exploration_tasks: int = 0
    """Training tasks to explore, from the budget; 0 leaves it to the method."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the method, by name."""


class Method(Protocol):
    """A way to assign credit."""

    name: str
    """Its name in tables. A class that reads `Step.progress` also says `needs_progress = True`."""

    def prepare(self, study: Study) -> int:
        """Explore and fit, if need be; returns the environment steps that it took. Called once, also on resuming."""
        ...

    def credit(self, trajectories: Sequence[Trajectory]) -> Credit:
        """The credit of the steps of a batch that the present policy has just played."""
        ...

    def metrics(self) -> dict[str, Any]:
        """Figures of what `prepare` made, for the run record."""
        ...


METHODS: dict[str, str] = {
    "ppo": "spa_gym.baselines.methods.ppo:SparseReward",
    "spa": "spa_gym.baselines.methods.spa:StepwiseProgress",
    "spa-penalty": "spa_gym.baselines.methods.spa:penalty_form",
    "oracle": "spa_gym.baselines.methods.oracle:OracleProgress",
}
"""Name -> entry point of a function that takes the options and makes the method."""


def make_method(name: str, options: dict[str, Any] | None = None) -> Method:
    """A method by its name, or `package.module:object` of one's own.

    Raises:
        BadArgument: there is no such method, or it has no such option.
    """
    entry = METHODS.get(name, name)
    module, separator, attribute = entry.partition(":")
    if not separator:
        raise BadArgument(f"a method out of {', '.join(METHODS)}, or package.module:object", repr(name), "pass one")
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
