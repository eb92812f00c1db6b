"""The seam between methods and training: a method says what credit each step gets, and nothing else.

Policy, demonstrations, exploration budget, losses and evaluation are the same for all methods (`training/train.py`).
Before training a method may explore and fit something of its own (`prepare`, by `Study.stages`), and for every batch of
episodes it may let the policy play on from any step (`Batch.player`); the environment steps of both are counted against
its budget.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from spa_gym.baselines.credit import Array, Credit, Pair, Span
from spa_gym.baselines.rollout.place import Place
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory

if TYPE_CHECKING:
    from torch import nn

    from spa_gym.baselines.models.optimizers import Optimizers
    from spa_gym.baselines.train_config import TrainConfig
    from spa_gym.core.run_record import RunRecord

__all__ = [
    "Array",
    "Batch",
    "Credit",
    "Method",
    "Needs",
    "Pair",
    "Place",
    "Player",
    "Readings",
    "Span",
    "Stages",
    "Study",
]


class Player(Protocol):
    """Lets the present policy play, from the start of a task or from a place."""

    @property
    def env_steps(self) -> int:
        """Environment steps so far, without those of the histories that it began with."""
        ...

    def play(self, tasks: Sequence[int | str], *, temperature: float = 1.0) -> list[Trajectory]:
        """One episode for each task (position in the training split, or id)."""
        ...

    def play_on(
        self, places: Sequence[Place], *, temperature: float = 1.0, max_steps: int | None = None
    ) -> list[Trajectory]:
        """One episode from each place, a place being as often there as it is wanted; they begin with its history.

        With `max_steps` they are left after so many new steps, as if truncated.
        """
        ...

    def places(self, trajectory: Trajectory) -> list[Place]:
        """The place before each step, and the one after the last where the episode could go on: T or T + 1 of them.

        The actions are repeated in the environment; this is what `clone_state` would have kept and is not counted.
        """
        ...


class Readings(Protocol):
    """What language models say of a batch: the policy that played it, and the imitated one it started from."""

    policy: nn.Module
    reference: nn.Module
    codec: Any
    device: Any

    def logprobs(
        self, trajectories: Sequence[Trajectory], model: nn.Module, *, before: Sequence[str] | None = None
    ) -> list[list[Array]]:
        """Log-probability of each action token (nats), by trajectory and step.

        With `before`, each episode is read after a text of its own, as if that had been observed before it began.
        """
        ...


class _Absent:
    """Stands where a whole was made without a part; a method that asks something of it hears what is missing."""

    def __init__(self, part: str, words: str, whole: str = "Batch") -> None:
        self._part, self._words, self._whole = part, words, whole

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise BadArgument(
            f"a {self._whole.lower()} with {self._words}",
            f"none, and the method asks for its {name}",
            f"let training/train.py make the {self._whole.lower()}, or pass {self._whole}(..., {self._part}=...)",
        )


@dataclass
class Batch:
    """Episodes that the present policy has just played on training tasks, those of one task side by side.

    Args:
        trajectories: the episodes, at least one step each; none for a method that asked for none.
        iteration: number of the batch, from 0.
        seed: seed of the run; a method draws from `random.Random(f"{name}/{seed}/{iteration}")`.
        player: lets the policy play on.
        readings: what the models say.
        scorer: lets the imitated policy play on, as `player` lets the present one.
    """

    trajectories: list[Trajectory]
    iteration: int = 0
    seed: int = 0
    player: Player = cast("Player", _Absent("player", "a player"))
    readings: Readings = cast("Readings", _Absent("readings", "readings"))
    scorer: Player = cast("Player", _Absent("scorer", "a scorer"))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a method asks of the training's batches.

    Args:
        group: episodes of each task.
        episodes: most episodes of a batch, where continuations are dear; None: as the training is set.
        progress: record the ground-truth progress.
        demonstrated: draw the tasks from the demonstrated ones, of which the expert's episodes are known.
        plays: play them; without, a batch has no trajectories, and what is learned from comes through its player.
    """

    group: int = 1
    episodes: int | None = None
    progress: bool = False
    demonstrated: bool = False
    plays: bool = True


class Stages(Protocol):
    """Stages that a method may run first, with the start, the seed and the device of the training it takes part in.

    Each runs in a folder of its own and returns its record, at once where it was finished there before. `settings` are
    fields of its config that are not the defaults.
    """

    @property
    def borrowed_s(self) -> float:
        """Seconds of their work that other trainings had done already (`training/shared.py`)."""
        ...

    def explore(self, out: Path, **settings: Any) -> RunRecord:
        """The imitated policy plays training tasks; the episodes lie in `<out>/trajectories.jsonl`."""
        ...

    def fit_estimator(self, out: Path, **settings: Any) -> RunRecord:
        """A progress estimator is fitted to episodes; it lies in `<out>/checkpoint`."""
        ...

    def train(self, out: Path, **settings: Any) -> RunRecord:
        """Another policy is trained, set as this training but for `settings`; it lies in `<out>/checkpoint`."""
        ...


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
    demonstrations: Sequence[Trajectory] = field(default=())
    """The expert's episodes that the policy has imitated."""
    training: TrainConfig | None = None
    """All settings of that training."""
    stages: Stages = cast("Stages", _Absent("stages", "stages", "Study"))
    """What a method may run first (`Stages`)."""


class Method(abc.ABC):
    """A way to assign credit. Only `credit` must be written."""

    name: str = ""
    """Its name in tables."""

    @property
    def needs(self) -> Needs:
        """What it asks of its batches."""
        return Needs()

    def prepare(self, study: Study) -> int:
        """Explore and fit, if need be; returns the environment steps that it took. Called once, also on resuming."""
        del study
        return 0

    @abc.abstractmethod
    def credit(self, batch: Batch) -> Credit:
        """The credit of a batch."""

    def modules(self) -> dict[str, nn.Module]:
        """Models that it trains along, by name: their weights are part of the state that training resumes from."""
        return {}

    def optimizers(self) -> dict[str, Optimizers]:
        """Their optimisers, by name."""
        return {}

    def metrics(self) -> dict[str, Any]:
        """Figures of what it fitted and sampled, for the run record."""
        return {}
