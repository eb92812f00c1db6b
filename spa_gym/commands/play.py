"""`spa-gym play`: a person plays a task in the terminal."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass, field
from typing import Any

from spa_gym.commands.options import KeyValues, env_kwargs
from spa_gym.core.arguments import given_once
from spa_gym.core.errors import BadArgument

__all__ = ["Play"]

HELP = """Type an action, or the number of one that is listed. Other inputs:
  ?         this help
  :actions  list all possible actions
  :hint     what the expert would do now
  :goal     the instruction again
  :quit     leave (Ctrl-D and Ctrl-C do too)"""
SHOWN = 30


@dataclass
class Play:
    """Play a task yourself, in the terminal."""

    env: str = "SPA-ALFWorld-v0"
    """Id of the environment."""
    split: str = "train"
    """Split that the task comes from."""
    task: str | None = None
    """Position in the split, or id; default: drawn by the seed."""
    seed: int | None = None
    """Seed of the draw; default: another task every time."""
    env_arg: KeyValues = field(default_factory=list)
    """Argument of the environment; may be given several times."""
    data_dir: str | None = None
    """Folder of the official data."""

    def run(self) -> int:
        """Play one episode."""
        from spa_gym.leaderboard.episodes import make_env

        if self.seed is not None and self.seed < 0:
            raise BadArgument("--seed of at least 0", self.seed, "leave it out for a random task")
        env = make_env(self.env, given_once(env_kwargs(self.env_arg, self.data_dir), split=self.split))
        try:
            _play(env, self.seed, self._options())
        finally:
            env.close()
        return 0

    def _options(self) -> dict[str, Any] | None:
        if self.task is None:
            return None
        number = _number(self.task)
        return {"task_id": self.task if number is None else number}


def _number(text: str) -> int | None:
    """The number that a text is; `str.isdigit` takes "²" for one too, and `int` has a limit of its own."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _play(env: Any, seed: int | None, options: dict[str, Any] | None) -> None:
    observation, info = env.reset(seed=seed, options=options)
    print(f"Task {info['task_id']} ({info['task_type']}). Type ? for help.\n")
    steps, ended = 0, False
    try:
        _show(observation, info)
        while not ended:
            action = _ask(env, info)
            if action is None:
                break
            observation, _, terminated, truncated, info = env.step(action)
            steps, ended = steps + 1, terminated or truncated
            if not info["grounded"]:
                print("(not possible now)")
            _show(observation, info if not ended else {})
    except (EOFError, KeyboardInterrupt):
        print()
    verdict = (
        "solved" if info["success"] else "step limit" if ended and not terminated else "ended" if ended else "left"
    )
    print(f"{verdict}: score {info['score']:.2f} after {steps} step{'s' if steps != 1 else ''}")


def _ask(env: Any, info: dict[str, Any]) -> str | None:
    """The next action; None to leave."""
    actions = info["admissible_actions"]
    while True:
        try:
            typed = input("> ").strip()
        except UnicodeDecodeError:
            print("That was no text.")
            continue
        if typed == "?":
            print(HELP)
        elif typed in (":quit", ":q"):
            return None
        elif typed == ":actions":
            _list(actions, len(actions))
        elif typed == ":goal":
            print(info["goal"])
        elif typed == ":hint":
            print(next(iter(env.unwrapped.expert()), "the expert has nothing to say"))
        elif typed.isascii() and typed.isdecimal():
            number = _number(typed)
            if number is not None and 1 <= number <= len(actions):
                print(actions[number - 1])
                return actions[number - 1]
            print(f"There is no action {typed:.20}; they go from 1 to {len(actions)}.")
        elif typed:
            return typed


def _show(observation: str, info: dict[str, Any]) -> None:
    width = min(100, shutil.get_terminal_size().columns)
    print("\n".join(textwrap.fill(line, width) for line in observation.splitlines()))
    if info:
        _list(info["admissible_actions"], SHOWN)


def _list(actions: tuple[str, ...], limit: int) -> None:
    """Numbered actions in columns."""
    cells = [f"{number:>3} {action}" for number, action in enumerate(actions[:limit], start=1)]
    if cells:
        width = max(map(len, cells)) + 2
        columns = max(1, shutil.get_terminal_size().columns // width)
        rows = -(-len(cells) // columns)
        for row in range(rows):
            print("".join(cell.ljust(width) for cell in cells[row::rows]).rstrip())
    if len(actions) > limit:
        print(f"    ... {len(actions) - limit} more; :actions lists all")
