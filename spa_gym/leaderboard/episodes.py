"""Playing episodes: many at once, each task exactly once, and the trajectory of each as it ends.

The tasks are a fixed list that is handed out in order to whichever slot is free, and all of it is played: "the first N
to finish" would favour short episodes (Stable-Baselines3 issue 402).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.agents.asking import answers_of, one_line
from spa_gym.agents.protocol import Agent, AgentError
from spa_gym.core.errors import BadArgument
from spa_gym.core.strict_json import replace_surrogates
from spa_gym.core.trajectory import Trajectory, TrajectoryBuilder

__all__ = ["Episode", "OnError", "begin_episode", "data_hash", "episode_seed", "make_env", "play_episodes", "row_of"]

TRUTH_KEYS = ("progress", "goal_share")
FIRST_EPISODES = 5
"""An agent that fails in all of the first ones, without an action, is broken."""
OnError = Literal["fail", "raise"]
"""What a failure of the agent does: end its episode, or raise."""


@dataclass
class Episode:
    """One episode, as it runs and after."""

    position: int
    """Position of the task in its split."""
    seed: int
    builder: TrajectoryBuilder
    error: str | None = None
    """What the agent failed with, which ended the episode."""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.builder.ended or self.error is not None

    def step(self, env: gym.Env[Any, Any], action: str) -> None:
        """Take one action."""
        action = replace_surrogates(action)  # what the environment answers is what a replay of the record gives
        self.builder.step(action, *env.step(action))

    def row(self) -> dict[str, Any]:
        """The line of this episode in a result."""
        return row_of(self.trajectory(), self.position, self.seed, self.error)

    def trajectory(self) -> Trajectory:
        """The whole episode."""
        return self.builder.finish()


def row_of(played: Trajectory, position: int, seed: int, error: str | None = None) -> dict[str, Any]:
    """The line of an episode in a result; `error` is in it only where the agent failed."""
    row = {
        "position": position,
        "task_id": played.task_id,
        "task_type": played.task_type,
        "success": played.success,
        "score": played.score,
        "steps": played.num_steps,
        "grounded": sum(step.grounded for step in played.steps),
        "terminated": played.terminated,
        "truncated": played.truncated,
        "seed": seed,
    }
    return row if error is None else {**row, "error": error}


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
    envs: Sequence[gym.Env[Any, Any]],
    agent: Agent,
    positions: Sequence[int],
    seed: int,
    *,
    on_error: OnError = "fail",
    proven: bool = False,
) -> Iterator[Episode]:
    """Play each task once, as many at a time as there are environments.

    Args:
        envs: one environment per slot, all of the same spec.
        agent: answers all running episodes in one call.
        positions: tasks to play, as positions in the split.
        seed: episodes are seeded with `episode_seed(seed, position)`.
        on_error: where the agent fails in an episode, `"fail"` ends that episode with its `error`, `"raise"` raises.
        proven: the agent has acted before. One that has not, and fails in each of the first episodes, is broken: it
            raises, so that a slip in an agent does not cost a whole evaluation.

    Yields:
        Each episode as it ends.

    Raises:
        AgentError: the agent gave another number of actions, or failed (see `on_error` and `proven`).
        AgentUnusable: the agent says that it can play no episode.
    """
    if hasattr(agent, "use_slots"):
        agent.use_slots(len(envs))  # type: ignore[attr-defined]
    if hasattr(agent, "attach"):
        agent.attach(envs)  # type: ignore[attr-defined]
    waiting = iter(positions)
    running: dict[int, Episode] = {}
    ended: list[Episode] = []

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
        answers = answers_of(agent, observations, [_agent_view(running[slot], slot) for slot in slots])
        proven = proven or any(isinstance(answer, str) for answer in answers)
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        for slot, answer in zip(slots, answers, strict=True):
            episode = running[slot]
            if isinstance(answer, str):
                episode.step(envs[slot], answer)
            elif on_error == "raise":
                expected = f"an action in task {episode.builder.info['task_id']}"
                mend = "correct the agent, or let such an episode end alone with --on-error fail"
                raise AgentError(expected, one_line(answer), mend) from answer
            else:
                episode.error = one_line(answer)
            if episode.ended:
                ended.append(episode)
                if proven:
                    yield from ended
                    ended.clear()
                start(slot)
        if not proven and (len(ended) >= FIRST_EPISODES or not running):
            expected = f"an action in one of the first {len(ended)} episodes"
            raise AgentError(expected, one_line(failures[0]), "correct the agent") from failures[0]


def _agent_view(episode: Episode, slot: int) -> dict[str, Any]:
    """The info without ground truth, with slot and step."""
    view = {name: value for name, value in episode.builder.info.items() if name not in TRUTH_KEYS}
    return {**view, "slot": slot, "episode_step": len(episode.builder.steps)}
