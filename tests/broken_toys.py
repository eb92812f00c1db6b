"""Toys that each break one rule of the contract: `BROKEN` names them with a piece of the complaint they must get."""

from __future__ import annotations

import dataclasses
import random
import uuid
from typing import Any

import gymnasium
from gymnasium.spaces import Text

from spa_gym.core.tasks import FixedTaskSet, Task
from spa_gym.core.text_env import TextEnv
from tests.toy import Toy, register_toy

BROKEN: dict[str, str] = {}


def broken(complaint: str) -> Any:
    """Register a class under its own id, and remember the complaint."""

    def register(cls: type) -> type:
        env_id = f"SPA-{cls.__name__}-v0"
        register_toy(env_id, f"{__name__}:{cls.__name__}")
        BROKEN[env_id] = complaint
        return cls

    return register


@broken("gymnasium's check_env without a warning")
class OldSeedMethod(Toy):
    def seed(self, seed: int) -> None:
        """An API that Gymnasium dropped; its checker warns."""


@broken("Unicode as observation and action space")
class TextSpace(Toy):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.observation_space = Text(100)  # type: ignore[assignment]


@broken("an observation of the space on reset")
class TooLong(Toy):
    def _begin(self, task: Task) -> str:
        return super()._begin(task) + "x" * 70_000


@broken('info["admissible_actions"] of type tuple')
class ListOfActions(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        info = super()._make_info(grounded, score)
        return {**info, "admissible_actions": list(info["admissible_actions"])}


@broken("number of different admissible_actions")
class RepeatedActions(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        info = super()._make_info(grounded, score)
        return {**info, "admissible_actions": info["admissible_actions"] * 2}


@broken("a new info on every reset and step")
class SameInfo(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        self.__dict__.setdefault("kept", {}).update(super()._make_info(grounded, score))
        return self.__dict__["kept"]


@broken("a flat info")
class NestedInfo(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        return {**super()._make_info(grounded, score), "rooms": [1, 2]}


@broken("no key in info on reset that the contract does not name")
class TellsItsLayout(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        return {**super()._make_info(grounded, score), "source": f"toy/train/{self._rooms}"}


@broken("a task_id that is a hash of the task")
class NumberedTasks(Toy):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        numbered = (dataclasses.replace(task, id=f"train/{i}") for i, task in enumerate(self.tasks))
        self.tasks = FixedTaskSet("toy", "train", numbered)


@broken("the progress keys that info shows")
class LeakedProgress(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        return {**super()._make_info(grounded, score), "progress": 0.5}


@broken('info["grounded"] of type bool')
class IntGrounded(Toy):
    def _act(self, action: str) -> tuple[str, bool]:
        observation, grounded = super()._act(action)
        return observation, int(grounded)  # type: ignore[return-value]


@broken("grounded True on reset")
class UngroundedReset(Toy):
    def reset(self, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        observation, info = super().reset(**kwargs)
        return observation, {**info, "grounded": False}


@broken("truncated False")
class TruncatesItself(Toy):
    def step(self, action: str) -> Any:
        *rest, _, info = super().step(action)
        return (*rest, self._at == 1, info)


@broken("the reward")
class DenseReward(Toy):
    def step(self, action: str) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, reward + 0.1, *rest)


@broken("success (that is, score == 1.0)")
class HalfIsSuccess(Toy):
    def _make_info(self, grounded: bool, score: float) -> dict[str, Any]:
        return {**super()._make_info(grounded, score), "success": score >= 0.0}


@broken("no exception after the action")
class RaisesOnControl(Toy):
    def _act(self, action: str) -> tuple[str, bool]:
        return (str(1 / 0), False) if "\x1b" in action else super()._act(action)


@broken('info["grounded"] after the absurd action')
class ExecutesAnything(Toy):
    def _act(self, action: str) -> tuple[str, bool]:
        return super()._act(action if action else self._admissible()[0])


@broken("after the absurd action 'xxx")
class MovesWhenLost(Toy):
    def _act(self, action: str) -> tuple[str, bool]:
        observation, grounded = super()._act(action)
        if not grounded and len(action) > 5000:
            self._rooms += 2
        return observation, grounded


@broken("TypeError from step(None)")
class TakesAnyAction(Toy):
    def step(self, action: str) -> Any:
        return super().step(action if isinstance(action, str) else "")


@broken("ResetNeeded from step before reset")
class StepsBeforeReset(Toy):
    def step(self, action: str) -> Any:
        return super().step(action) if self._task else ("", 0.0, False, False, {})


@broken("ResetNeeded from step after the end")
class StepsAfterEnd(Toy):
    def step(self, action: str) -> Any:
        self._running = self._task is not None
        return super().step(action)


@broken("Error from reset(seed=-1)")
class TakesAnySeed(Toy):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        return super().reset(seed=seed and abs(seed), options=options)


@broken("TaskNotFound from reset(options={'task_id': 'no such task'})")
class TakesAnyTask(Toy):
    def _choose(self, options: dict[str, Any] | None) -> Task:
        try:
            return super()._choose(options)
        except LookupError:
            return self.tasks[0]


@broken("the id of task 0 in a second environment")
class FreshIds(Toy):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        renamed = (dataclasses.replace(task, id=uuid.uuid4().hex) for task in self.tasks)
        self.tasks = FixedTaskSet("toy", "train", renamed)


@broken("to pass gymnasium's check_env, or the same seed")
class GlobalRandom(Toy):
    def _act(self, action: str) -> tuple[str, bool]:
        observation, grounded = super()._act(action)
        return f"{observation} {random.random()}", grounded


@broken("the same seed and actions beside a second environment")
class SharedRooms(Toy):
    doors: dict[str, bool] = {}

    def _begin(self, task: Task) -> str:
        self.doors["open"] = False
        return super()._begin(task)

    def _act(self, action: str) -> tuple[str, bool]:
        self.doors["open"] ^= True
        observation, grounded = super()._act(action)
        return f"{observation} {self.doors}", grounded

    def _snapshot(self) -> Any:
        return super()._snapshot(), self.doors["open"]

    def _restore(self, snapshot: Any) -> None:
        super()._restore(snapshot[0])
        self.doors["open"] = snapshot[1]


@broken("the transcript under another PYTHONHASHSEED")
class HashOrder(Toy):
    def _admissible(self) -> tuple[str, ...]:
        return tuple({action + "" for action in super()._admissible()})


@broken("grounded for the admissible 'dance'")
class ListsTooMuch(Toy):
    def _admissible(self) -> tuple[str, ...]:
        return (*super()._admissible(), "dance") if self._result is None else ()

    def _act(self, action: str) -> tuple[str, bool]:
        return ("You are too shy.", False) if action == "dance" else super()._act(action)


@broken("the info that restore returns")
class ForgetsKey(Toy):
    def _restore(self, snapshot: Any) -> None:
        self._at, _, self._open, self._result = snapshot
        self._held = True


@broken("restored in the same environment")
class AliasedState(Toy):
    def _snapshot(self) -> Any:
        self.__dict__.setdefault("saved", [])[:] = super()._snapshot()
        return self.__dict__["saved"]

    def _act(self, action: str) -> tuple[str, bool]:
        result = super()._act(action)
        self._snapshot()
        return result


@broken("the episode going on from a state restored in")
class ForgetsRandomness(Toy):
    def clone_state(self) -> Any:
        return dataclasses.replace(super().clone_state(), rng_state=None)


@broken("a state that goes through pickle")
class StateOfFunctions(Toy):
    def _snapshot(self) -> Any:
        return (*super()._snapshot(), lambda: None)

    def _restore(self, snapshot: Any) -> None:
        super()._restore(snapshot[:4])


@broken("a state of at most 100000 bytes when pickled")
class HugeState(Toy):
    def _snapshot(self) -> Any:
        return (*super()._snapshot(), "x" * 200_000)

    def _restore(self, snapshot: Any) -> None:
        super()._restore(snapshot[:4])


@broken("an environment that goes through pickle")
class HoldsAFile(Toy):
    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle an open file")


@broken("the episode going on in a pickled environment")
class ForgetsItsEpisode(Toy):
    def __setstate__(self, state: Any) -> None:
        super().__setstate__((state[0], None))
        self.reset(options={"task_id": 0})


@broken("an environment of at most 1000000 bytes when pickled")
class CarriesItsData(Toy):
    def __reduce__(self) -> Any:
        self._made_with = (), {"split": "x" * 2_000_000}
        return super().__reduce__()

    def __init__(self, split: str = "train", **kwargs: Any) -> None:
        super().__init__(split[:5], **kwargs)


@broken("ResetNeeded from step in a restored state after the end")
class RestoresRunning(Toy):
    def restore_state(self, state: Any) -> Any:
        return super().restore_state(dataclasses.replace(state, running=True))


@broken("(terminated, success, score) after")
class ExpertGivesUp(Toy):
    def expert(self) -> Any:
        actions = list(super().expert())
        yield from actions[:-1]
        yield "give up"


@broken("grounded for action 'go right'")
class ExpertKnowsStartOnly(Toy):
    def expert(self) -> Any:
        yield from ["go right"] * (self._rooms - 1)
        yield from super().expert()


@broken("to stop where the episode ends")
class ExpertGoesPastTheEnd(Toy):
    def expert(self) -> Any:
        yield from super().expert()
        yield "go left"


@broken("what the expert says of a solved task")
class ExpertKnowsNoEnd(Toy):
    def expert(self) -> Any:
        yield from super().expert() if self._result is None else ["go out"]


@broken("an expert's plan of at most 1000 actions")
class EndlessExpert(Toy):
    def expert(self) -> Any:
        while True:
            yield "go right"


@broken("that progress is 1.0 (exactly when solved)")
class ProgressTooEarly(Toy):
    def _progress(self) -> float:
        return 1.0 if self._open else super()._progress()


@broken('info["goal_share"] as a float in [0, 1]')
class PercentProgress(Toy):
    def _goal_share(self) -> float:
        return 100 * super()._goal_share()


@broken("with progress=True the same episode as without")
class ProgressInText(Toy):
    def _look(self) -> str:
        return super()._look() + ("!" if self._with_progress else "")


@broken("an environment that can be made with {'progress': True}")
class NoProgress(Toy):
    def __init__(self, split: str = "train", render_mode: str | None = None) -> None:
        super().__init__(split, render_mode=render_mode)


@broken("a subclass of TextEnv")
class NotATextEnv(gymnasium.Env[str, str]):
    pass


class Unregistered(Toy):
    """Breaks nothing, but is made without Gymnasium."""


assert issubclass(Unregistered, TextEnv)
