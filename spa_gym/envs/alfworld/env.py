"""`SPA-ALFWorld-v0`: household tasks in a room full of receptacles, in text.

See docs/environments/alfworld.md for observation, actions, data and what differs from the original.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

from spa_gym.core.arguments import one_of
from spa_gym.core.data_folder import source_of_tasks
from spa_gym.core.plan_progress import PlanProgress
from spa_gym.core.tasks import Task, TaskSet
from spa_gym.core.text_env import TextEnv
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan, goal_share
from spa_gym.envs.alfworld.explorer import Explorer
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.lexicon import DIALECTS
from spa_gym.envs.alfworld.names import entity_names
from spa_gym.envs.alfworld.official import official_tasks
from spa_gym.envs.alfworld.searcher import SearchingExpert

__all__ = ["ALFWorldEnv"]

_EXAMPLES = ("look", "inventory", "go to countertop 1", "open fridge 1", "examine cabinet 1", "take mug 1 from shelf 1")


def _textworld(game: Game, grammar: str, list_help: bool) -> Any:
    from spa_gym.envs.alfworld.textworld_engine import TextWorldEngine

    return TextWorldEngine(game, grammar, list_help)


_ENGINES: dict[str, Callable[[Game, str, bool], Any]] = {"fast": Engine, "textworld": _textworld}


class ALFWorldEnv(TextEnv):
    """Pick, clean, heat, cool, place and look at things; the reward is 1.0 when the task is done.

    Args:
        source: `"generated"` (rooms of our own, no download) or `"official"` (the released games, from `data_dir`);
            None: official if `data_dir` is given, else generated.
        split: `"train"`, `"valid_seen"` or `"valid_unseen"`.
        size: of generated rooms: `"official"` (like the released ones) or `"small"` (6-12 receptacles).
        grammar: `"2.1.2"` (`move X to Y`, alfworld 0.4) or `"2.1.1"` (`put X in/on Y`, what ETO and SPA train on).
        engine: `"fast"` (ours) or `"textworld"` (the original, extra `alfworld`).
        data_dir: folder or archive of the official games; None: `$ALFWORLD_DATA`, then `$SPA_GYM_DATA`.
        world_seed: which generated world.
        progress: add ground-truth `progress` and `goal_share` to `info`.
        list_help: list `help` among the admissible actions (2.1.2 only; it can be typed in any case).
        render_mode: None or `"ansi"`.

    Raises:
        BadArgument: an argument names something that does not exist, or `data_dir` for generated rooms.
        DataNotFound: `source="official"` without data.
        DependencyNotInstalled: `engine="textworld"` without the extra, or on Python 3.13 and later.
    """

    def __init__(
        self,
        source: str | None = None,
        split: str = "train",
        size: str = "official",
        grammar: str = "2.1.2",
        engine: str = "fast",
        data_dir: str | os.PathLike[str] | None = None,
        world_seed: int = 0,
        progress: bool = False,
        list_help: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.source = source_of_tasks(source, data_dir)
        one_of("grammar", grammar, DIALECTS)
        one_of("engine", engine, _ENGINES)
        if engine == "textworld":
            from spa_gym.envs.alfworld.textworld_engine import require_textworld

            require_textworld()
        tasks: TaskSet = (
            official_tasks(split, data_dir) if self.source == "official" else generated_tasks(world_seed, size, split)
        )
        super().__init__(tasks, progress=progress, render_mode=render_mode, example_actions=_EXAMPLES)
        self.grammar = grammar
        self.list_help = bool(list_help)
        self._make_engine = _ENGINES[engine]
        self._engine: Any = None
        self._plan_progress = PlanProgress()

    def _begin(self, task: Task) -> str:
        self._engine = self._make_engine(task.payload, self.grammar, self.list_help)
        self._plan_progress = PlanProgress()
        return self._engine.intro()

    def _act(self, action: str) -> tuple[str, bool]:
        return self._engine.act(action)

    def _score(self) -> float | None:
        return 1.0 if self._engine.won else None

    def _admissible(self) -> tuple[str, ...]:
        return self._engine.admissible()

    def _snapshot(self) -> Any:
        return self._engine.snapshot()

    def _restore(self, snapshot: Any) -> None:
        self._engine.restore(snapshot)

    def _progress(self) -> float:
        """1 - remaining / D: the expert's steps from here over its steps from the start; never below 0."""
        engine = self._engine
        if engine.won:
            return 1.0
        return self._plan_progress.at(expert_plan(engine), lambda: expert_plan(Engine(engine.game, self.grammar)))

    def _goal_share(self) -> float:
        return goal_share(self._engine)

    def expert(self) -> Iterator[str]:
        """Yield the actions of a shortest plan with full knowledge, from the current state."""
        yield from expert_plan(self._engine) or ()

    def demonstrator(self) -> SearchingExpert:
        """The searching expert for the episode that was just reset: it knows only what the agent has seen."""
        return SearchingExpert(self._observation, self.grammar)

    def explorer(self, rng: random.Random) -> Explorer:
        """Somebody who runs errands of their own in this episode, without regard to the task."""
        return Explorer(self._observation, rng, self.grammar)

    @staticmethod
    def entity_names() -> list[str]:
        """Names that occur in the texts ("mug", "mug 1"), for tokenizers that make each of them one token."""
        return entity_names()
