"""Playing episodes: many at once, each task exactly once, and the trajectory of each as it ends.

The tasks are a fixed list that is handed out in order to whichever slot is free, and all of it is played: "the first N
to finish" would favour short episodes (Stable-Baselines3 issue 402).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.agents.protocol import Agent, AgentError
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory, TrajectoryBuilder

__all__ = ["Episode", "begin_episode", "data_hash", "episode_seed", "make_env", "play_episodes"]

TRUTH_KEYS = ("progress", "goal_share")


@dataclass
class Episode:
    """One episode, as it runs and after."""

    position: int
    """Position of the task in its split."""
    seed: int
    builder: TrajectoryBuilder

    @property
    def ended(self) -> bool:
        """Whether the environment has ended it."""
        return self.builder.ended

    def step(self, env: gym.Env[Any, Any], action: str) -> None:
        """Take one action."""
        self.builder.step(action, *env.step(action))

    def row(self) -> dict[str, Any]:
        """The line of this episode in a result."""
        played = self.trajectory()
        return {
            "position": self.position,
            "task_id": played.task_id,
            "task_type": played.task_type,
            "success": played.success,
            "score": played.score,
            "steps": played.num_steps,
            "grounded": sum(step.grounded for step in played.steps),
            "terminated": played.terminated,
            "truncated": played.truncated,
            "seed": self.seed,
        }

    def trajectory(self) -> Trajectory:
        """The whole episode."""
        return self.builder.finish()


def make_env(env_id: str, env_kwargs: dict[str, Any]) -> gym.Env[Any, Any]:
    """`gym.make`, with a clear message where an argument is not known to the environment.

    Raises:
        BadArgument: no such id, or the environment has no such argument.
    """
    try:
        return gym.make(env_id, disable_env_checker=True, **env_kwargs)
    except (gym.error.UnregisteredEnv, ModuleNotFoundError) as error:
        if isinstance(error, ModuleNotFoundError) and "registration via importing" not in str(error):
            raise  # not the module in `module:id`, but one that the environment itself needs
        known = ", ".join(sorted(name for name in gym.registry if name.startswith("SPA-")))
        raise BadArgument(
            f"the id of an environment ({known}, or module:id of your own)", f"{env_id!r} ({error})", "correct --env"
        ) from error
    except TypeError as error:
        if "argument" not in str(error):
            raise
        said = str(error).split(" was raised from")[0]
        raise BadArgument(
            expected=f"arguments that {env_id} takes", got=f"{env_kwargs} ({said})", mend="correct --env-arg key=value"
        ) from error


def data_hash(env: gym.Env[Any, Any]) -> str | None:
    """Hash of the data behind the environment's tasks, where the environment or its task set has a `data_hash`."""
    for owner in (env.unwrapped, getattr(env.unwrapped, "tasks", None)):
        if isinstance(found := getattr(owner, "data_hash", None), str):
            return found
    return None


def episode_seed(seed: int, position: int) -> int:
    """Seed of the environment for one task: the same whatever slot and order it is played in."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{position}".encode()).digest()[:4], "big") >> 1


def begin_episode(env: gym.Env[Any, Any], task: int | str, position: int, seed: int) -> Episode:
    """Reset the environment to one task."""
    builder = TrajectoryBuilder(env)
    builder.reset(*env.reset(seed=seed, options={"task_id": task}))
    return Episode(position, seed, builder)


def play_episodes(
    envs: Sequence[gym.Env[Any, Any]], agent: Agent, positions: Sequence[int], seed: int
) -> Iterator[Episode]:
    """Play each task once, as many at a time as there are environments.

    Args:
        envs: one environment per slot, all of the same spec.
        agent: answers all running episodes in one call.
        positions: tasks to play, as positions in the split.
        seed: episodes are seeded with `episode_seed(seed, position)`.

    Yields:
        Each episode as it ends.

    Raises:
        AgentError: the agent gave another number of actions, or something that is not text.
    """
    if hasattr(agent, "attach"):
        agent.attach(envs)  # type: ignore[attr-defined]
    waiting = iter(positions)
    running: dict[int, Episode] = {}

    def start(slot: int) -> None:
        position = next(waiting, None)
        if position is None:
            running.pop(slot, None)
        else:
            running[slot] = begin_episode(envs[slot], position, position, episode_seed(seed, position))

    for slot in range(len(envs)):
        start(slot)
    while running:
        slots = list(running)
        observations = [running[slot].builder.observation for slot in slots]
        actions = agent.act(observations, [_agent_view(running[slot], slot) for slot in slots])
        _check_actions(actions, len(slots))
        for slot, action in zip(slots, actions, strict=True):
            episode = running[slot]
            episode.step(envs[slot], action)
            if episode.ended:
                start(slot)
                yield episode


def _agent_view(episode: Episode, slot: int) -> dict[str, Any]:
    """The info without ground truth, with slot and step."""
    view = {name: value for name, value in episode.builder.info.items() if name not in TRUTH_KEYS}
    return {**view, "slot": slot, "episode_step": len(episode.builder.steps)}


def _check_actions(actions: Any, expected: int) -> None:
    if isinstance(actions, str) or not hasattr(actions, "__len__") or len(actions) != expected:
        got = f"{type(actions).__name__} {actions!r:.80}"
    else:
        wrong = [action for action in actions if not isinstance(action, str)]
        if not wrong:
            return
        got = f"an action of type {type(wrong[0]).__name__}: {wrong[0]!r:.80}"
    raise AgentError(
        expected=f"a list of {expected} actions, each a str", got=got, mend="return one str per observation from act()"
    )
