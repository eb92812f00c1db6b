"""From a name to the credit of every step of a truth: methods, estimators, functions, baselines.

    spa                         a method of the table, or package.module:Class of one's own
    mc-5                        five continuations of each state: what the truth does with few
    spa-progress                SPA's contributions alone
    constant, noise             what says nothing
    estimator:NAME              a progress estimator of `spa_gym.wrappers`, by name or package.module:object
    returns:package.module:f    any f(returns [N]) -> credits, one number or one array of [T] for each episode; the
                                returns of all tasks lie in one array, so what compares within a task is the next's
    episodes:package.module:f   any f(trajectories) -> one array of [T] for each; a trajectory knows its task

A method is prepared with the frozen policy as its start, sees `warmup` batches of that policy (some learn from batches
as they come), and is then asked for the credit of the truth's episodes in batches of the training's size.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from spa_gym.baselines.attribution.readout import as_arrays, from_credit, refuse_silence
from spa_gym.baselines.attribution.store import Truth
from spa_gym.baselines.device import choose_device
from spa_gym.baselines.learning.demonstrations import demonstrations
from spa_gym.baselines.learning.readings import ModelReadings
from spa_gym.baselines.learning.transcripts import play_demonstrator
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.player import EnginePlayer
from spa_gym.baselines.seam import Batch, Method
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.study import study_of
from spa_gym.baselines.training.tasks import Tasks
from spa_gym.baselines.training.train import train
from spa_gym.core.arguments import given_once
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory
from spa_gym.wrappers.estimators import load_object, make_estimator

__all__ = ["ALIASES", "Scored", "Scorers", "file_name"]

Array = npt.NDArray[np.float64]

ALIASES: dict[str, tuple[str, dict[str, Any]]] = {
    "mc-5": ("vineppo", {"continuations": 5, "most_steps": None}),
    "vineppo": ("vineppo", {"most_steps": None}),
    "ipr": ("ipr", {"prefixes": None}),
    "rro": ("rro", {"most_steps": None}),
    "spa-progress": ("spa", {"beta": 0.0}),
}
"""Name -> a method and its options: all that a method would value is valued, where training bounds what a batch may
cost; SPA's contributions without what it pays for grounding."""


@dataclass(frozen=True)
class Scored:
    """The credit of one scorer.

    Args:
        name: as it was asked for.
        form: what it pays: `"rewards"`, `"advantages"`, `"pairs"` (chosen +1, rejected -1) or `"credits"`.
        credits: one array of [T] for each episode of the truth.
        env_steps: environment steps that it took: preparing, warming up, playing on.
        seconds: wall time.
    """

    name: str
    form: str
    credits: list[Array]
    env_steps: int = 0
    seconds: float = 0.0


@dataclass
class Scorers:
    """Asks scorers for the credit of a truth.

    Args:
        truth: the truth.
        out: folder for what methods write.
        start: checkpoint of the frozen policy; None: the one that the truth names.
        warmup: batches of the frozen policy that a method sees first.
        episodes: episodes of a batch.
        device: where to compute.
        dtype: number type of the matrix products, see `device.DTYPES`.
    """

    truth: Truth
    out: Path
    start: str | None = None
    warmup: int = 0
    episodes: int = 96
    device: str = "auto"
    dtype: str = "auto"
    _loaded: Any = field(default=None, repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        """The truth's, with the start that is used."""
        return {**self.truth.settings, "start": self.start or self.truth.settings["start"]}

    @property
    def _where(self) -> torch.device:
        return choose_device(self.device, self.dtype)

    @property
    def policy(self) -> Any:
        """The frozen policy, read when first needed."""
        if self._loaded is None:
            self._loaded = load_checkpoint(resolve_start(self.settings["start"]), device=self._where)
            self._loaded.model.eval().requires_grad_(False)
        return self._loaded

    def score(self, name: str, *, seed: int = 0, options: dict[str, Any] | None = None) -> Scored:
        """The credit of a scorer.

        Args:
            name: see the module's docstring.
            seed: of what it fits and draws.
            options: of a method.

        Raises:
            BadArgument: no such scorer, it says nothing of steps, or it has not one finite number for each of them.
        """
        begun = time.perf_counter()
        kind, _, rest = name.partition(":")
        if name in ("constant", "noise"):
            rng = np.random.default_rng(seed)
            lengths = [t.num_steps for t in self.truth.trajectories]
            made = [np.ones(n) if name == "constant" else rng.standard_normal(n) for n in lengths]
            scored = Scored(name, "credits", made)
        elif kind == "estimator":
            scored = Scored(name, "rewards", self._estimate(rest))
        elif kind in ("returns", "episodes"):
            function: Callable[[Any], Any] = load_object(rest)
            given: Any = self.truth.trajectories
            if kind == "returns":
                given = np.array([t.reward for t in self.truth.trajectories])
            scored = Scored(name, "credits", as_arrays(function(given), self.truth.trajectories))
        else:
            method_name, extra = ALIASES.get(name, (name, {}))
            scored = self._ask(name, make_method(method_name, {**extra, **(options or {})}), seed)
        made = as_arrays(scored.credits, self.truth.trajectories)
        return Scored(name, scored.form, made, scored.env_steps, time.perf_counter() - begun)

    def _ask(self, name: str, method: Method, seed: int) -> Scored:
        if not getattr(method.needs, "plays", True):
            raise BadArgument("a method that says something of steps", f"{name}, which plays none", "leave it out")
        settings, out = self.settings, self.out / f"{file_name(name)}-{seed}"
        config = TrainConfig(
            start=settings["start"],
            out=out,
            env_id=settings["env_id"],
            env_kwargs=settings["env_kwargs"],
            seed=seed,
            episodes=self.episodes,
            evaluate_split="train",  # all worlds have it; looks decide nothing
            device=self.device,
            dtype=self.dtype,
        )
        study = study_of(config, train, self._demonstrations(config) if method.needs.demonstrated else ())
        spent = method.prepare(study)
        loaded = self.policy
        engine = CachedEngine(loaded.model, loaded.codec)
        readings = ModelReadings(loaded.model, loaded.model, loaded.codec, self._where)
        tasks = Tasks(config, method.needs, [t.task_id for t in study.demonstrations])
        credits: list[Array] = []
        forms: set[str] = set()
        batches = [*([None] * self.warmup), *self._batches()]
        for iteration, given in enumerate(batches):
            # The frozen policy is the acting and the imitated one; the noise of the two is apart.
            player, scorer = (
                EnginePlayer(engine, tasks.make_env, num_envs=config.num_envs, seed=seed, noise=noise)
                for noise in (1 + iteration, 1_000_000 + iteration)
            )
            played = given
            if played is None:
                specs = tasks.draw(random.Random(f"warmup/{seed}/{iteration}"))
                noise = seed * 1_000_003 + iteration
                played = [t for t in engine.run(tasks.make_env, specs, num_envs=64, seed=noise) if t.steps]
                spent += sum(t.num_steps for t in played)
            credit = method.credit(Batch(played, iteration, seed, player, readings, scorer))
            player.close()
            scorer.close()
            spent += player.env_steps + scorer.env_steps
            if given is not None:
                form, made = from_credit(credit, played)
                forms.add(form)
                credits += made
        form = " and ".join(sorted(forms))
        refuse_silence(form, credits)
        return Scored(name, form, credits, spent)

    def _batches(self) -> list[list[Trajectory]]:
        """The truth's episodes in batches of the training's size, those of one task together."""
        made: list[list[Trajectory]] = [[]]
        for place, trajectory in enumerate(self.truth.trajectories):
            new = place == 0 or self.truth.tasks[place] != self.truth.tasks[place - 1]
            if new and made[-1] and len(made[-1]) + self.truth.tasks.count(trajectory.task_id) > self.episodes:
                made.append([])
            made[-1].append(trajectory)
        return made

    def _demonstrations(self, config: TrainConfig) -> list[Trajectory]:
        """Those that were imitated, and the expert's on the truth's tasks."""
        import gymnasium

        known = demonstrations(config.env_id, config.env_kwargs, config.demonstrations)
        env = gymnasium.make(config.env_id, **given_once(config.env_kwargs, split="train"))
        missing = dict.fromkeys(task for task in self.truth.tasks if task not in {t.task_id for t in known})
        more: list[Any] = [play_demonstrator(env, task, random.Random(f"truth/{task}"))[0] for task in missing]  # type: ignore[arg-type]
        env.close()
        return [*known, *more]

    def _estimate(self, name: str) -> list[Array]:
        """A progress estimator's contributions, step by step, as its wrapper would ask for them."""
        import gymnasium

        env_kwargs = given_once(self.settings["env_kwargs"], split="train", progress=True)
        env = gymnasium.make(self.settings["env_id"], **env_kwargs)
        estimator = make_estimator(name, env)
        env.close()
        if hasattr(estimator, "reads"):
            raise BadArgument("an estimator that sees texts alone", f"{name}", "score the method oracle instead")
        made = []
        for t in self.truth.trajectories:
            estimator.begin([0], [t.goal])
            after = [*(step.observation for step in t.steps[1:]), t.final_observation]
            pairs = zip(t.steps, after, strict=True)
            made.append(np.array([estimator.contributions([0], [s.observation], [s.action], [n])[0] for s, n in pairs]))
        return made


def file_name(name: str) -> str:
    """A scorer's name as part of a path."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
