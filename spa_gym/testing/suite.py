"""`check_text_env`: every rule of the `TextEnv` contract, checked on an environment.

Gymnasium's own checker without one warning, the keys and types of `info`, determinism by seed also between
processes, exact cloning, absurd actions, the order of calls, the expert, ground-truth progress. It takes seconds, and
needs no pytest. The first rule that is broken raises `ConformanceError`, which says what was expected and what came.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from spa_gym.core.cloning import clone, restore
from spa_gym.core.errors import ConformanceError, ResetNeeded, TaskNotFound
from spa_gym.core.spaces import Unicode
from spa_gym.core.text_env import TextEnv
from spa_gym.testing.records import (
    ABSURD_ACTIONS,
    INFO_TYPES,
    NO_TEXTS,
    PROGRESS_KEYS,
    Record,
    check_record,
    expect,
    expert_actions,
    follow,
    go_on,
    replay_expert,
    require,
    reset_record,
    same,
    same_walk,
    step_record,
    text_env,
    walk,
)

__all__ = ["check_text_env"]

MAX_STATE_BYTES = 100_000  # a cloned state is to be small: attribution keeps thousands of them
MAX_ENV_BYTES = 1_000_000  # an environment and a task travel by name, not with their data

T = TypeVar("T")


def check_text_env(
    env_or_make: gymnasium.Env[Any, Any] | Callable[[], gymnasium.Env[Any, Any]],
    *,
    seed: int = 0,
    num_tasks: int = 5,
    num_steps: int = 30,
    processes: bool = True,
) -> None:
    """Check that an environment keeps the contract.

    Args:
        env_or_make: An environment made by `gymnasium.make` (others are made from its spec), or a function that makes
            one. It is left open and untouched. Wrappers are looked through: the rules are those of the bare
            environment; cloning and the expert are checked with the wrappers.
        seed: Seed of everything random here.
        num_tasks: How many tasks of the split are played, spread over it.
        num_steps: Length of the random walks, in actions.
        processes: Compare two new Python processes with different `PYTHONHASHSEED`.

    Raises:
        ConformanceError: A rule is broken; the message names it.

    Example:
        >>> check_text_env(gymnasium.make("SPA-ALFWorld-v0", size="small"))  # doctest: +SKIP
    """
    env = env_or_make if isinstance(env_or_make, gymnasium.Env) else env_or_make()
    require(isinstance(env.unwrapped, TextEnv), "a subclass of TextEnv", type(env.unwrapped).__name__)
    suite = _Suite(_spec_of(env), seed, num_tasks, num_steps)
    suite.check_refusals()
    suite.check_spaces_and_info()
    suite.check_gymnasium()
    suite.check_tasks()
    suite.check_determinism()
    suite.check_expert()
    suite.check_cloning()
    suite.check_pickling()
    suite.check_absurd_actions()
    suite.check_admissible_actions()
    suite.check_progress()
    if processes:
        suite.check_processes()


class _Suite:
    """The rules, one method each; every method makes its own environments."""

    def __init__(self, spec: EnvSpec, seed: int, num_tasks: int, num_steps: int) -> None:
        self.spec, self.seed, self.num_steps = spec, seed, num_steps
        size = len(self.bare().tasks)
        require(size > 0, "a split with at least one task", "none")
        self.positions = sorted({round(i) for i in np.linspace(0, size - 1, min(num_tasks, size))})

    def wrapped(self) -> gymnasium.Env[Any, Any]:
        return gymnasium.make(self.spec)

    def bare(self, **kwargs: Any) -> TextEnv:
        # Not the core of a wrapped one: a wrapper may change what it wraps (turn progress on, for example).
        spec = dataclasses.replace(self.spec, additional_wrappers=(), max_episode_steps=None)
        try:
            return text_env(gymnasium.make(spec, **kwargs))
        except TypeError as error:
            raise ConformanceError(f"an environment that can be made with {kwargs}", str(error)) from error

    def rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, *key))

    def check_refusals(self) -> None:
        env = self.bare()
        expect(ResetNeeded, lambda: env.step("look"), "step before reset")
        expect(ResetNeeded, env.render, "render before reset")
        expect(ResetNeeded, env.clone_state, "clone_state before reset")
        expect(gymnasium.error.Error, lambda: env.reset(seed=-1), "reset(seed=-1)")
        for key in ("no such task", len(env.tasks), -1):
            options: dict[str, Any] = {"task_id": key}
            expect(TaskNotFound, lambda options=options: env.reset(options=options), f"reset(options={options})")

    def check_spaces_and_info(self) -> None:
        env = self.bare()
        for space in (env.action_space, env.observation_space):
            require(isinstance(space, Unicode), "Unicode as observation and action space", space)
        shown: set[str] = set(PROGRESS_KEYS) if self.spec.kwargs.get("progress") else set()
        seen: list[dict[str, Any]] = []
        for position in self.positions:
            for record in itertools.chain(self.walk_in(env, position), self.follow_expert(env, position)):
                new = not any(record[-1] is old for old in seen)
                require(new, "a new info on every reset and step", "the same dict as before")
                check_record(record, env, shown)
                seen.append(record[-1])

    def check_gymnasium(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                check_env(self.bare())
            except Exception as error:
                raise ConformanceError("to pass Gymnasium's check_env", f"{type(error).__name__}: {error}") from error
        said = [str(warning.message) for warning in caught]
        require(not said, "Gymnasium's check_env without a warning", said[:1])

    def check_tasks(self) -> None:
        env, other = self.bare(), self.bare()
        for position in self.positions:
            task = env.tasks[position]
            same(env.tasks.index_of(task.id), position, f"tasks.index_of of the id of the task at {position}")
            same(other.tasks[position].id, task.id, f"the id of task {position} in a second environment")
            by_position = env.reset(seed=self.seed, options={"task_id": position})
            same(env.reset(seed=self.seed, options={"task_id": task.id}), by_position, "reset by id, as by position,")
            same(by_position[1]["task_id"], task.id, 'info["task_id"]')
        ids = {env.tasks[position].id for position in self.positions}
        same(len(ids), len(self.positions), "the number of different ids of different tasks")

    def check_determinism(self) -> None:
        env, other = self.bare(), self.bare()
        alone = list(self.episodes(env, self.seed))
        same_walk(list(self.episodes(env, self.seed)), alone, "the same seed and actions again")
        # In turns with another environment that plays something else: they may share only what never changes.
        turns = zip(self.episodes(env, self.seed), self.episodes(other, self.seed + 1), strict=False)
        beside = [record for record, _ in turns]
        same_walk(beside, alone[: len(beside)], "the same seed and actions beside a second environment")

    def check_absurd_actions(self) -> None:
        env = self.bare()
        for position in self.positions:
            _, info = env.reset(seed=self.seed, options={"task_id": position})
            state, before = env.clone_state(), info["admissible_actions"]
            after = self.rest(env, before)
            for action in ABSURD_ACTIONS:
                env.restore_state(state)
                what = f"after the absurd action {action!r:.40}"
                _, observation, reward, terminated, _, info = step_record(env, action)
                require(observation in env.observation_space, f"an observation of the space {what}", observation)
                same(info["grounded"], False, f'info["grounded"] {what}')
                same((reward, terminated), (0.0, False), f"(reward, terminated) {what}")
                same(info["admissible_actions"], before, f"admissible_actions {what}")
                same_walk(self.rest(env, before), after, f"the same world {what}")
            env.restore_state(state)
            for action in NO_TEXTS:
                expect(TypeError, lambda action=action: env.step(action), f"step({action!r})")
            same_walk(self.rest(env, before), after, "the same world after what is no text")

    def check_admissible_actions(self) -> None:
        env, rng = self.bare(), self.rng(99)
        for position in self.positions:
            actions = self.on_the_way(env, position)[-1]["admissible_actions"]
            state = env.clone_state()
            for index in rng.permutation(len(actions))[:40]:
                env.restore_state(state)
                same(env.step(actions[index])[4]["grounded"], True, f"grounded for the admissible {actions[index]!r}")

    def check_expert(self) -> None:
        env = self.wrapped()
        for position in self.positions:
            replay_expert(env, position, seed=self.seed)
            replay_expert(env, position, seed=self.seed, lazily=True)
            same(list(itertools.islice(text_env(env).expert(), 1)), [], "what the expert says of a solved task")
            if not list(self.walk_in(text_env(env), position))[-1][3]:
                follow(text_env(env), text_env(env).expert(), f"expert of task {position} after a random walk")
                expect(ResetNeeded, lambda: text_env(env).step("look"), "step after the end")

    def check_cloning(self) -> None:
        for position in self.positions:
            env, fresh, elsewhere = self.wrapped(), self.wrapped(), self.wrapped()
            last = self.on_the_way(env, position)
            info, state = last[-1], clone(env)
            pickled = _through_pickle(state, "a state", MAX_STATE_BYTES)
            stood = restore(env, pickled)
            same(stood[0], last[1], "the observation that restore returns")
            known = [{key: some[key] for key in INFO_TYPES} for some in (stood[1], info)]
            same(known[0], known[1], "the info that restore returns")
            after = self.rest(env, info["admissible_actions"])
            elsewhere.reset(seed=self.seed + 1, options={"task_id": self.positions[0]})
            places = {"the same environment": env, "a fresh environment": fresh, "one at another task": elsewhere}
            for where, target in places.items():
                for saved in (state, pickled, state):  # again and again: what was done since must not change it
                    same(restore(target, saved), stood, f"(observation, info) restored in {where}")
                    again = self.rest(target, info["admissible_actions"])
                    same_walk(again, after, f"the episode going on from a state restored in {where}")
            self._check_ended_clone(env, position)

    def _check_ended_clone(self, env: gymnasium.Env[Any, Any], position: int) -> None:
        replay_expert(env, position, seed=self.seed)
        target = self.bare()
        _, info = target.restore_state(text_env(env).clone_state())
        same(info["success"], True, "success in the restored state of a solved task")
        expect(ResetNeeded, lambda: target.step("look"), "step in a restored state after the end")

    def check_pickling(self) -> None:
        for position in self.positions[:2]:
            env = self.wrapped()
            env.action_space.seed(self.seed)
            fresh = _through_pickle(env, "an environment", MAX_ENV_BYTES)
            walks = [list(self.walk_in(each, position, 4)) for each in (fresh, env)]
            same_walk(walks[0], walks[1], "the episode in a pickled environment")
            last = self.on_the_way(env, position)
            copies = [_through_pickle(env, "a running environment", MAX_ENV_BYTES), copy.deepcopy(env)]
            admissible = last[-1]["admissible_actions"]
            after = [*self.rest(env, admissible), env.action_space.sample()]
            for each, how in zip(copies, ("pickled", "copied"), strict=True):
                again = [*self.rest(each, admissible), each.action_space.sample()]
                same(again, after, f"the episode going on in a {how} environment")
            task = text_env(env).tasks[position]
            same(_through_pickle(task, "a task", MAX_ENV_BYTES).id, task.id, "the id of a pickled task")

    def check_progress(self) -> None:
        env, plain = self.bare(progress=True), self.bare(progress=False)
        for position in self.positions:
            walks = [list(self.follow_expert(target, position)) for target in (env, plain)]
            for record in [*walks[0], *self.walk_in(env, position)]:
                check_record(record, env, set(PROGRESS_KEYS))
                info = record[-1]
                for key in PROGRESS_KEYS:
                    right = isinstance(info[key], float) and 0.0 <= info[key] <= 1.0
                    require(right, f'info["{key}"] as a float in [0, 1]', info[key])
                same(info["progress"] == 1.0, info["success"], "that progress is 1.0 (exactly when solved)")
            for record in walks[0]:
                for key in PROGRESS_KEYS:
                    record[-1].pop(key)
            same_walk(walks[0], walks[1], "with progress=True the same episode as without")

    def check_processes(self) -> None:
        first, second = (self.transcript(hash_seed) for hash_seed in ("0", "4242"))
        for one, other in zip(second, first, strict=False):
            same(one, other, "the transcript under another PYTHONHASHSEED")
        same(len(second), len(first), "the length of the transcript under another PYTHONHASHSEED")

    # What the rules share.

    def rest(self, env: gymnasium.Env[Any, Any], admissible: tuple[str, ...]) -> list[Record]:
        """What follows from here under fixed choices, and which task the next reset draws."""
        return [*go_on(env, self.rng(99), 6, admissible), reset_record(env)]

    def episodes(self, env: gymnasium.Env[Any, Any], seed: int) -> Iterator[Record]:
        """Three tasks drawn from one seed, walked at random."""
        rng = self.rng(seed)
        for first_seed in (seed, None, None):
            yield from walk(env, rng, self.num_steps, seed=first_seed)

    def on_the_way(self, env: gymnasium.Env[Any, Any], position: int) -> Record:
        """Walk some steps into a task, fewer where they end it; return the last record."""
        for num_steps in (4, 2, 1, 0):
            last = list(self.walk_in(env, position, num_steps))[-1]
            if not (last[3] or last[4]):
                break
        return last

    def walk_in(self, env: gymnasium.Env[Any, Any], position: int, num_steps: int | None = None) -> Iterator[Record]:
        """Walk at random in a task, always the same way."""
        num_steps = self.num_steps if num_steps is None else num_steps
        return walk(env, self.rng(position), num_steps, {"task_id": position}, self.seed)

    def follow_expert(self, env: TextEnv, position: int) -> Iterator[Record]:
        """Play a task with its expert."""
        yield reset_record(env, self.seed, {"task_id": position})
        for action in expert_actions(env):
            require(env._running, "the expert to stop where the episode ends", f"{action!r} after it")
            yield step_record(env, action)

    def transcript(self, hash_seed: str) -> list[str]:
        """Three episodes and an expert's, as JSON lines from a new process."""
        order = {"spec": self.spec.to_json(), "seed": self.seed, "num_steps": self.num_steps}
        path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
        done = subprocess.run(
            [sys.executable, "-c", "from spa_gym.testing.suite import _transcribe; _transcribe()"],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
            check=False,
        )
        same(done.returncode, 0, f"the exit status of a process that plays the environment ({done.stderr[-300:]})")
        return done.stdout.splitlines()


def _transcribe() -> None:
    """Run in the process that `transcript` starts: the order on stdin, the records on stdout."""
    order = json.load(sys.stdin)
    suite = _Suite(EnvSpec.from_json(order["spec"]), order["seed"], 1, order["num_steps"])
    env = suite.bare()
    for record in itertools.chain(suite.episodes(env, suite.seed), suite.follow_expert(env, 0)):
        sys.stdout.write(json.dumps(record, default=repr) + "\n")


def _through_pickle(thing: T, what: str, most: int) -> T:
    try:
        data = pickle.dumps(thing)
        back = pickle.loads(data)
    except Exception as error:
        raise ConformanceError(f"{what} that goes through pickle", f"{type(error).__name__}: {error}") from error
    require(len(data) <= most, f"{what} of at most {most} bytes when pickled", len(data))
    return back


def _spec_of(env: gymnasium.Env[Any, Any]) -> EnvSpec:
    mend = "register the class with its entry point as a string, and make it through gymnasium.make"
    if env.spec is None:
        raise ConformanceError("an environment with a spec", "env.spec is None", mend)
    try:
        return EnvSpec.from_json(env.spec.to_json())
    except (TypeError, ValueError) as error:
        raise ConformanceError("a spec that goes through JSON", str(error), mend) from error
