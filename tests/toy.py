"""A toy world for tests: a corridor of rooms, a key in one of them, a locked door at the end.

The score is 1.0 for walking out with the door unlocked and 0.5 for giving up in the last room with the key in hand.
`Toy` keeps the whole contract; the variants that break it are in tests/test_testing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium

from spa_gym.core.tasks import FixedTaskSet, Task, content_hash
from spa_gym.core.text_env import TextEnv

TOY_ID = "SPA-Toy-v0"
ENTRY_POINT = "tests.toy:Toy"


def toy_tasks(split: str = "train", num_tasks: int = 6) -> FixedTaskSet:
    """Build corridors of growing length; no corridor is in two splits."""
    layouts = [{"rooms": 3 + i, "key": i % (3 + i), "split": split} for i in range(num_tasks)]
    kinds = ("short", "long")
    tasks = [Task(content_hash(x), kinds[x["rooms"] > 5], f"Leave a corridor of {x['rooms']}.", x) for x in layouts]
    return FixedTaskSet("toy", split, tasks)


class Toy(TextEnv):
    """Actions: go left, go right, take key, unlock door, go out, give up."""

    def __init__(self, split: str = "train", progress: bool = False, render_mode: str | None = None) -> None:
        actions = ("go left", "go right", "take key", "unlock door", "go out")
        super().__init__(toy_tasks(split), progress=progress, render_mode=render_mode, example_actions=actions)

    def _begin(self, task: Task) -> str:
        self._rooms, self._key = task.payload["rooms"], task.payload["key"]
        self._at, self._held, self._open = int(self.np_random.integers(self._rooms)), False, False
        self._result: float | None = None
        return f"{task.goal} {self._look()}"

    def _act(self, action: str) -> tuple[str, bool]:
        if action not in self._admissible():
            return "Nothing happens.", False
        if action in ("go left", "go right"):
            self._at += 1 if action == "go right" else -1
        elif action == "take key":
            self._held = True
        elif action == "unlock door":
            self._open = True
        else:
            self._result = 1.0 if action == "go out" else 0.5
        return self._look(), True

    def _look(self) -> str:
        key = " There is a key." if self._at == self._key and not self._held else ""
        return f"You are in room {self._at}.{key}{' The door is open.' if self._open else ''} 🗝"

    def _admissible(self) -> tuple[str, ...]:
        if self._result is not None:
            return ()
        last = self._at == self._rooms - 1
        moves = (("go left", self._at > 0), ("go right", not last), ("take key", self._look().find("a key") > 0))
        doors = (("unlock door", last and self._held and not self._open), ("go out", last and self._open))
        return tuple(action for action, can in (*moves, *doors, ("give up", last and self._held)) if can)

    def _score(self) -> float | None:
        return self._result

    def _progress(self) -> float:
        if self._result is not None:
            return self._result
        return (0.4 * self._held + 0.4 * self._open) * 0.99 + 0.1 * self._at / self._rooms

    def _goal_share(self) -> float:
        return 1.0 if self._result == 1.0 else 0.5 * self._held

    def _snapshot(self) -> Any:
        return (self._at, self._held, self._open, self._result)

    def _restore(self, snapshot: Any) -> None:
        self._at, self._held, self._open, self._result = snapshot

    def expert(self) -> Iterator[str]:
        if self._result is not None:
            return
        at = self._at
        if not self._held:
            yield from ["go left" if self._key < at else "go right"] * abs(at - self._key)
            yield "take key"
            at = self._key
        yield from ["go right"] * (self._rooms - 1 - at)
        if not self._open:
            yield "unlock door"
        yield "go out"


def register_toy(env_id: str = TOY_ID, entry_point: str = ENTRY_POINT, **kwargs: Any) -> None:
    """Register the toy, or a variant of it, once."""
    if env_id not in gymnasium.registry:
        options = {"max_episode_steps": 40, "order_enforce": False, "disable_env_checker": True, **kwargs}
        gymnasium.register(id=env_id, entry_point=entry_point, **options)


register_toy()
