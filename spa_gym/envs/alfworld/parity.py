"""Playing a game in the real engine and in ours at once, and comparing everything that a player sees after each step.

Used by the parity tests and by `benchmarks/parity.py`. The walks are made to meet the quirks: half of the random
commands are other than `go to`, one in ten cannot be done, and expert walks are disturbed now and then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from spa_gym.core.errors import ParityError
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.textworld_engine import RealGame
from spa_gym.envs.alfworld.writer import game_data

__all__ = ["ParityError", "compare_game", "expert_walk", "random_walk"]

_DISTURBED = 0.25


def compare_game(
    game: Game,
    rng: random.Random,
    *,
    grammar: str = "2.1.2",
    data: dict[str, Any] | None = None,
    steps: int = 60,
    remember: bool = True,
) -> int:
    """Play a random walk and then, from the start, an expert walk in both engines; compare after every step.

    Args:
        game: The game.
        rng: Chooses the commands.
        grammar: Dialect.
        data: Content of the official game file that the real engine shall load; None: what `writer.py` makes of `game`.
        steps: Length of the random walk, and greatest length of the expert walk.
        remember: See `RealGame`.

    Returns:
        Number of steps compared.

    Raises:
        ParityError: Observation, admissible commands, or won differ.
    """
    real = RealGame(game_data(game, grammar) if data is None else data, remember=remember)
    compared = 0
    for walk in (random_walk, expert_walk):
        if compared:
            real.reset()
        ours = Engine(game, grammar, list_help=True)
        _compare("intro", real.feedback, ours.intro(), game)
        for command in walk(ours, rng, steps):
            compared += 1
            executed = real.step(command)
            reply, grounded = ours.act(command)
            _compare(f"reply to {command!r}", real.feedback, reply, game)
            _compare(f"executed {command!r}", executed, grounded, game)
            _compare(f"admissible commands after {command!r}", real.admissible, ours.admissible(), game)
            _compare(f"won after {command!r}", real.won, ours.won, game)
    return compared


def _compare(what: str, real: object, ours: object, game: Game) -> None:
    if real != ours:
        if isinstance(real, tuple) and isinstance(ours, tuple):
            real, ours = sorted(set(real) - set(ours)), sorted(set(ours) - set(real))
        raise ParityError(f"{what} in {game.source or game.goal_text}: {real!r}", repr(ours), "mend engine.py")


def random_walk(engine: Engine, rng: random.Random, steps: int) -> Iterator[str]:
    """Commands drawn one by one from those admissible in `engine`, which the caller plays them in."""
    seen: list[str] = ["", "dance", "go to", "LOOK", " look ", "take mug 1", "help"]
    for _ in range(steps):
        commands = engine.admissible()
        others = [command for command in commands if not command.startswith("go to")]
        seen += others
        draw = rng.random()
        if draw < 0.1:
            yield rng.choice(seen)
        else:
            yield rng.choice(others if draw < 0.55 else commands)


def expert_walk(engine: Engine, rng: random.Random, steps: int) -> Iterator[str]:
    """The expert's commands, one in four replaced by a random one, until the task is done."""
    for _ in range(steps):
        plan = expert_plan(engine)
        if not plan:
            return
        yield rng.choice(engine.admissible()) if rng.random() < _DISTURBED else plan[0]
