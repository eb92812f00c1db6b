"""`TextEnv`: the contract that every environment of the package keeps, and the only place where it is written down.

An environment writes ten small hooks (`_begin`, `_act`, `_score`, ...); choosing the task, the reward, the end, the
info, cloning, and every refusal are here, once. For a wrapped environment (as `gymnasium.make` returns it) see
`clone` and `restore` in `spa_gym.core.cloning`, which carry the step limit's counter along.

The reward is sparse: 0.0 until the step on which the environment's own rule ends the task, then the task's score.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import gymnasium
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import seeding

from spa_gym.core.errors import BadArgument, ResetNeeded, SpaGymError, WrongType
from spa_gym.core.plain_arguments import plain_arguments
from spa_gym.core.spaces import Unicode
from spa_gym.core.tasks import Task, TaskSet

__all__ = ["TextEnv", "TextEnvState"]


@dataclass(frozen=True, slots=True)
class TextEnvState:
    """Everything that decides how an episode goes on; small, picklable, valid in any environment of the same spec."""

    task_id: str
    snapshot: Any
    """What the environment's own `_snapshot` returned."""
    observation: str
    grounded: bool
    score: float
    running: bool
    """The episode has not ended."""
    rng_state: Mapping[str, Any] | None
    """State of `np_random`'s bit generator; None when the environment was never seeded nor drew a number."""
    rng_seed: int | None


class TextEnv(gymnasium.Env[str, str], abc.ABC):
    """A task in words: observations and actions are `str`, the reward comes at the end.

    `reset(seed=..., options={"task_id": x})` takes a position in the split or a task's id; without it the task is
    drawn from `np_random`. `terminated` is the environment's own rule; `truncated` is always False here, the step
    limit is Gymnasium's `TimeLimit`. A text that is not understood or cannot be done changes nothing, costs a step and
    never raises; what is no text raises.

    `info` is a new flat dict on every `reset` and `step`:

    | key | type | meaning |
    |---|---|---|
    | `task_id` | str | the task's id |
    | `task_type` | str | its family |
    | `goal` | str | the instruction |
    | `admissible_actions` | tuple[str, ...] | actions that would be executed now, in a fixed order |
    | `grounded` | bool | the last action was executed (True on reset) |
    | `success` | bool | the task is solved: its score is 1.0 |
    | `score` | float | 0.0 until the task has ended by its own rule, then its score in [0, 1] |

    and with `progress=True` also `progress` (ground truth in [0, 1], 1.0 exactly when solved) and `goal_share`. There
    is no other key: nothing tells an agent the world's seed, the split or the answer. Attributes of the environment do.

    Args:
        tasks: The split.
        progress: Add ground-truth progress to `info`. Off by default: it must not leak to agents, and costs time.
        render_mode: None or "ansi" (`render()` returns the last observation).
        max_action_length: Longest action of the action space, in characters; longer ones are still survived.
        max_observation_length: Longest observation, in characters.
        example_actions: Actions of the environment's grammar, what `action_space.sample()` draws from.

    Raises:
        BadArgument: `render_mode` is unknown.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi"], "render_fps": 4}
    source: str = "generated"
    """Where the tasks come from: "generated" or "official"."""
    _spec: EnvSpec | None = None
    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the object, and remember its arguments: pickle makes it again from them."""
        env = super().__new__(cls)
        env._made_with = args, kwargs
        return env

    def __init__(
        self,
        tasks: TaskSet,
        *,
        progress: bool = False,
        render_mode: str | None = None,
        max_action_length: int = 16_384,
        max_observation_length: int = 65_536,
        example_actions: tuple[str, ...] = ("look",),
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise BadArgument(f"render_mode None or in {self.metadata['render_modes']}", f"{render_mode!r}", "pass one")
        self.tasks = tasks
        self.render_mode = render_mode
        self.action_space = Unicode(max_action_length, example_actions)
        self.observation_space = Unicode(max_observation_length)
        self._with_progress = progress
        self._task: Task | None = None
        self._task_id = self._task_type = self._goal = self._observation = ""
        self._running, self._grounded, self._final_score = False, True, 0.0

    # What an environment writes.

    @abc.abstractmethod
    def _begin(self, task: Task) -> str:
        """Set the task up from its start and return the first observation; randomness from `self.np_random` only."""

    @abc.abstractmethod
    def _act(self, action: str) -> tuple[str, bool]:
        """Do an action; return the observation and whether it was executed. Never raises, whatever the text."""

    @abc.abstractmethod
    def _score(self) -> float | None:
        """Return None while the task runs, and its score in [0, 1] once its own rule has ended it."""

    @abc.abstractmethod
    def _admissible(self) -> tuple[str, ...]:
        """Return the actions that would be executed now, in a fixed order."""

    @abc.abstractmethod
    def _snapshot(self) -> Any:
        """Return the state inside the task: picklable, small, and not changed by later actions."""

    @abc.abstractmethod
    def _restore(self, snapshot: Any) -> None:
        """Go back to a snapshot; `_begin` has been called for its task, here or in this very process before."""

    @abc.abstractmethod
    def expert(self) -> Iterator[str]:
        """Yield the actions that solve the task from the current state, with full knowledge, and stop there.

        Each of them is executed, the last one solves the task, and nothing is yielded once the task has ended.
        """

    def _progress(self) -> float:
        """Return the ground-truth progress in [0, 1]; only called with `progress=True`."""
        raise NotImplementedError(f"{type(self).__name__} has no ground-truth progress; make it with progress=False")

    def _goal_share(self) -> float:
        """Return the share of the goal that holds, in [0, 1]; only called with `progress=True`."""
        raise NotImplementedError(f"{type(self).__name__} has no ground-truth progress; make it with progress=False")

    # What Gymnasium calls.

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seed of `np_random`, a non-negative int; None goes on with the generator as it is.
            options: None, or {"task_id": x} with x a position in the split or a task's id.

        Returns:
            The first observation and the info.

        Raises:
            BadArgument: `options` is no dict, or has another key.
            TaskNotFound: There is no such task in the split.
        """
        super().reset(seed=seed)
        task = self._choose(options)
        self._running = False  # until the task is set up: it may be refused
        self._observation = self._begin(task)
        self._adopt(task)
        self._running, self._grounded, self._final_score = True, True, 0.0
        return self._observation, self._make_info(True, 0.0)

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Do one action.

        Args:
            action: Any text.

        Returns:
            Observation, reward (0.0, or the score on the last step), terminated, False, info.

        Raises:
            ResetNeeded: The episode has not begun or has ended.
            WrongType: The action is no text, which a policy of texts never sends.
        """
        if not self._running:
            raise self._reset_needed("step")
        if action.__class__ is not str:
            action = _plain_text(action)
        observation, grounded = self._act(action)
        self._observation, self._grounded = observation, grounded
        score = self._score()
        if score is None:
            return observation, 0.0, False, False, self._make_info(grounded, 0.0)
        score = self._end(score)
        return observation, score, True, False, self._make_info(grounded, score)

    def render(self) -> str | None:  # type: ignore[override]
        """Return the last observation in mode "ansi", None without a mode.

        Raises:
            ResetNeeded: No episode has begun.
        """
        if self._task is None:
            raise self._reset_needed("render")
        return self._observation if self.render_mode == "ansi" else None

    @property
    def spec(self) -> EnvSpec | None:
        """What `gymnasium.make` made the environment from, in plain values: `spec.to_json()` always works."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = spec and dataclasses.replace(spec, kwargs=plain_arguments(spec.kwargs))

    @property
    def data_hash(self) -> str | None:
        """Hash of the official data behind the tasks; None if they are generated."""
        return self.tasks.data_hash

    @property
    def task(self) -> Task:
        """The current task.

        Raises:
            ResetNeeded: No episode has begun.
        """
        if self._task is None:
            raise self._reset_needed("task")
        return self._task

    # Pickling and cloning.

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the arguments and the state of the episode: small, and it goes on alike in another process."""
        episode = None if self._task is None else self.clone_state()
        kept = {name: getattr(self, name) for name in _KEPT}
        return _remake, (type(self), *self._made_with), (kept, episode)

    def __setstate__(self, state: tuple[dict[str, Any], TextEnvState | None]) -> None:
        """Take up what `__reduce__` says beside the arguments."""
        kept, episode = state
        if episode is not None:
            self.restore_state(episode)
        for name, value in kept.items():
            setattr(self, name, value)

    def clone_state(self) -> TextEnvState:
        """Return the state of the episode, to go back to or to go on from elsewhere.

        Returns:
            A picklable state that later actions do not change. Of a wrapped environment use `clone`.

        Raises:
            ResetNeeded: No episode has begun.
        """
        if self._task is None:
            raise self._reset_needed("clone_state")
        return TextEnvState(
            task_id=self._task_id,
            snapshot=self._snapshot(),
            observation=self._observation,
            grounded=self._grounded,
            score=self._final_score,
            running=self._running,
            rng_state=None if self._np_random is None else self._np_random.bit_generator.state,
            rng_seed=self._np_random_seed,
        )

    def restore_state(self, state: TextEnvState) -> tuple[str, dict[str, Any]]:
        """Go to a state of `clone_state`, taken here or in any environment of the same spec; no reset is needed.

        Args:
            state: The state; it can be used again and again.

        Returns:
            The observation and the info that stood there, as `reset` would return them.

        Raises:
            TaskNotFound: The state belongs to a task that is not in this split.
        """
        if self._task is None or self._task_id != state.task_id:
            task = self.tasks.find(state.task_id)
            self._running = False
            self._begin(task)
            self._adopt(task)
        self._restore(state.snapshot)
        self._observation, self._grounded = state.observation, state.grounded
        self._final_score, self._running = state.score, state.running
        self._restore_rng(state)
        return state.observation, self._make_info(state.grounded, state.score)

    # Within.

    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        info: dict[str, Any] = {
            "task_id": self._task_id,
            "task_type": self._task_type,
            "goal": self._goal,
            "admissible_actions": self._admissible(),
            "grounded": grounded,
            "success": score == 1.0,
            "score": score,
        }
        if self._with_progress:
            info["progress"] = self._progress()
            info["goal_share"] = self._goal_share()
        return info

    def _choose(self, options: dict[str, Any] | None) -> Task:
        if options is not None and not isinstance(options, Mapping):
            raise BadArgument("options as a dict, or None", f"{options!r:.80}", "pass options={'task_id': 0}")
        if not options:
            return self.tasks[int(self.np_random.integers(len(self.tasks)))]
        if options.keys() != {"task_id"}:
            raise BadArgument("options with the one key 'task_id'", f"{sorted(map(str, options))}", "drop the others")
        return self.tasks.find(options["task_id"])

    def _adopt(self, task: Task) -> None:
        self._task, self._task_id, self._task_type, self._goal = task, task.id, task.task_type, task.goal

    def _end(self, score: float) -> float:
        if not 0.0 <= score <= 1.0:
            raise SpaGymError(f"a score in [0, 1] from {type(self).__name__}._score", score, "scale it there")
        self._running, self._final_score = False, float(score)
        return self._final_score

    def _restore_rng(self, state: TextEnvState) -> None:
        if state.rng_state is None:
            return
        if self._np_random is None:
            self._np_random, _ = seeding.np_random(0)
        self._np_random.bit_generator.state = state.rng_state
        self._np_random_seed = state.rng_seed

    def _reset_needed(self, call: str) -> ResetNeeded:
        if self._task is None:
            return ResetNeeded(f"expected reset() before {call}; got {call} first. To mend it: call env.reset()")
        return ResetNeeded(
            f"expected {call} while the episode runs; got it after the end of the task (or after a reset that failed). "
            "To mend it: call env.reset() to start the next episode"
        )


_KEPT = ("spec", "action_space", "observation_space", "_np_random", "_np_random_seed", "_with_progress")
"""What Gymnasium, a wrapper or the user sets after the environment was made."""


def _remake(cls: type[TextEnv], args: tuple[Any, ...], kwargs: dict[str, Any]) -> TextEnv:
    return cls(*args, **kwargs)


def _plain_text(action: object) -> str:
    if isinstance(action, str):  # numpy's
        return str(action)
    mend = "send a text, such as one of info['admissible_actions'], or wrap the environment in ActionChoice"
    raise WrongType("a text as action", f"{action!r:.80} of type {type(action).__name__}", mend)
