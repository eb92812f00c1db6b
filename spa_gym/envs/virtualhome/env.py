"""`SPA-VirtualHome-v0`: chores in a whole house, in text, over VirtualHome's graphs.

See docs/environments/virtualhome.md for observation, actions, data and what differs from the original.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

from spa_gym.core.arguments import one_of
from spa_gym.core.data_folder import source_of_tasks
from spa_gym.core.errors import BadArgument
from spa_gym.core.plan_progress import PlanProgress
from spa_gym.core.tasks import Task, TaskSet
from spa_gym.core.text_env import TextEnv
from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.explorer import Explorer
from spa_gym.envs.virtualhome.fidelity import FIDELITIES
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.names import entity_names
from spa_gym.envs.virtualhome.observation import NOTHING_HAPPENS, first_observation, observation
from spa_gym.envs.virtualhome.parser import text_of
from spa_gym.envs.virtualhome.reasons import reason_text
from spa_gym.envs.virtualhome.searcher import SearchingExpert
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.spa_observation import spa_observation
from spa_gym.envs.virtualhome.verbs import Command
from spa_gym.envs.virtualhome.words import HouseWords, words_of
from spa_gym.envs.virtualhome.world.generated import tasks_for_fidelity

__all__ = ["VirtualHomeEnv"]

_EXAMPLES = ("walk to kitchen", "grab apple", "open fridge", "put apple in fridge", "switch on light", "stand up")


def _official_tasks(split: str, data_dir: str | os.PathLike[str] | None, fidelity: str, success: str) -> TaskSet:
    from spa_gym.envs.virtualhome.official.tasks import official_tasks  # not needed where everything is generated

    return official_tasks(split, data_dir, fidelity, success == "spa")


def _spa_form(sim: Simulator, command: Command) -> str:
    return spa_observation(sim)


_OBSERVATIONS: dict[str, Callable[[Simulator, Command], str]] = {"default": observation, "spa": _spa_form}


class VirtualHomeEnv(TextEnv):
    """Walk, open, carry, switch, wash, sit, read; the reward is 1.0 when everything that was asked for holds.

    Args:
        source: `"generated"` (houses of our own, no download) or `"official"` (VirtualHome's scenes, from `data_dir`);
            None: official if `data_dir` is given, else generated.
        split: `"train"`, `"valid_seen"` or `"valid_unseen"`; official data also have `"eai"`, `"spa_seen"` and
            `"spa_unseen"`.
        size: of generated houses: `"official"` or `"small"`.
        fidelity: `"repaired"`, `"2.3.0"` (the released simulator with its defects) or `"eai"` (the three verbs mended
            that the published task files were recorded with).
        observation: `"default"` or `"spa"` (the sparser form of SPA's agents).
        success: `"goal"` (the conditions that were asked for) or `"spa"` (SPA's comparison with a recorded end; splits
            `"spa_seen"` and `"spa_unseen"` only).
        data_dir: folder of the official data; None: `$SPA_GYM_DATA`.
        world_seed: which generated world.
        progress: add ground-truth `progress` and `goal_share` to `info`.
        render_mode: None or `"ansi"`.

    Raises:
        BadArgument: an argument names something that does not exist, or has no meaning for this source.
        DataNotFound: `source="official"` without data.
        DataCorrupt: an official file is damaged.
    """

    def __init__(
        self,
        source: str | None = None,
        split: str = "train",
        size: str = "official",
        fidelity: str = "repaired",
        observation: str = "default",
        success: str = "goal",
        data_dir: str | os.PathLike[str] | None = None,
        world_seed: int = 0,
        progress: bool = False,
        render_mode: str | None = None,
    ) -> None:
        self.source = source_of_tasks(source, data_dir)
        one_of("fidelity", fidelity, FIDELITIES)
        one_of("observation", observation, _OBSERVATIONS)
        one_of("success", success, ("goal", "spa"))
        if success == "spa" and not (self.source == "official" and split.startswith("spa_")):
            raise BadArgument(
                "success='spa' with SPA's own records",
                f"source={self.source!r}, split={split!r}",
                "pass source='official', split='spa_seen', or success='goal'",
            )
        tasks: TaskSet = (
            tasks_for_fidelity(fidelity, world_seed, size, split)
            if self.source == "generated"
            else _official_tasks(split, data_dir, fidelity, success)
        )
        super().__init__(tasks, progress=progress, render_mode=render_mode, example_actions=_EXAMPLES)
        self.fidelity = fidelity
        self._observe = _OBSERVATIONS[observation]
        self._spa_success = success == "spa"
        self._sim: Simulator
        self._words: HouseWords
        self._wanted: HouseholdTask
        self._plan_progress: PlanProgress
        self._done, self._reason = 0, ""

    def _begin(self, task: Task) -> str:
        self._wanted = task.payload
        self._sim = Simulator(self._wanted.house, self.fidelity)
        self._words = words_of(self._wanted.house)
        self._plan_progress = PlanProgress()
        self._done, self._reason = 0, ""
        return first_observation(self._sim, task.goal)

    def _act(self, action: str) -> tuple[str, bool]:
        command = self._words.parser.parse(action, self._sim)
        if isinstance(command, str):
            self._reason = command
            return NOTHING_HAPPENS, False
        failure = self._sim.execute(command)
        if failure is not None:
            self._reason = reason_text(failure, self._sim.house)
            return NOTHING_HAPPENS, False
        self._reason = ""
        self._done = self._wanted.goal.note(self._done, command.verb, command.objects)
        return self._observe(self._sim, command), True

    def _score(self) -> float | None:
        return 1.0 if self._reached() else None

    def _reached(self) -> bool:
        if self._spa_success:
            from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds

            return spa_rule_holds(self._wanted.spa, self._sim.state)
        return self._wanted.goal.holds(self._sim.state, self._done)

    def _admissible(self) -> tuple[str, ...]:
        return self._words.admissible.of(self._sim)

    def _snapshot(self) -> Any:
        return self._sim.snapshot(), self._done, self._reason

    def _restore(self, snapshot: Any) -> None:
        state, self._done, self._reason = snapshot
        self._sim.restore(state)

    def _progress(self) -> float:
        """1 - remaining / D: the expert's steps from here over its steps from the start; never below 0."""
        if self._reached():
            return 1.0
        house = self._sim.house
        plan = self._plan(self._sim, self._done)
        return self._plan_progress.at(plan, lambda: self._plan(Simulator(house, self.fidelity), 0))

    def _goal_share(self) -> float:
        return self._wanted.goal.share(self._sim.state, self._done)

    @property
    def reason(self) -> str:
        """Why nothing happened at the last action; "" if something did. For people: an agent is not told."""
        return self._reason

    def expert(self) -> Iterator[str]:
        """Yield the actions of a plan with full knowledge, from the current state."""
        for command in self._plan(self._sim, self._done) or ():
            yield text_of(command, self._sim.house)

    def _plan(self, sim: Simulator, done: int) -> list[Command] | None:
        if self._spa_success:
            from spa_gym.envs.virtualhome.official.spa_plan import spa_plan

            return spa_plan(sim, self._wanted, done)
        return expert_plan(sim, self._wanted.goal, done)

    def demonstrator(self) -> SearchingExpert:
        """The searching expert for the episode that was just reset: it knows only what the agent has seen."""
        return SearchingExpert(self._observation)

    def explorer(self, rng: random.Random) -> Explorer:
        """Somebody who runs errands of their own in this episode, without regard to the task."""
        return Explorer(self._observation, rng)

    @staticmethod
    def entity_names() -> list[str]:
        """Names that occur in the texts of generated houses, for tokenizers that make each of them one token."""
        return entity_names()
