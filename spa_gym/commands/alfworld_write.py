"""Writing generated ALFWorld games as files that alfworld itself loads.

    spa-gym alfworld-write --out games --n 100 --split valid_unseen

makes `games/json_2.1.1/valid_unseen/<task>/<trial>/{game.tw-pddl,traj_data.json}`: the folder `games` is a ready
`ALFWORLD_DATA`, for alfworld's own loader and for `source="official", data_dir="games"` here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from spa_gym.core.errors import BadArgument
from spa_gym.envs.alfworld.data_folder import DATA_VERSION
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.writer import alfworld_rules, write_game

__all__ = ["AlfworldWrite", "write_games"]


@dataclass
class AlfworldWrite:
    """Write generated ALFWorld games as files that alfworld itself loads."""

    out: Path = Path("games")
    """Folder to write to; it is then a ready ALFWORLD_DATA."""
    n: int = 100
    """Number of games."""
    split: Literal["train", "valid_seen", "valid_unseen"] = "valid_unseen"
    """Split of the generated world."""
    size: Literal["official", "small"] = "official"
    """Size of the rooms."""
    world_seed: int = 0
    """Which generated world."""

    def run(self) -> int:
        """Write the games and say where they are."""
        written = write_games(self.out, self.n, self.split, self.size, self.world_seed)
        print(f"{len(written)} games in {self.out}; play them with ALFWORLD_DATA={self.out}")
        return 0


def write_games(
    out: str | os.PathLike[str], n: int = 100, split: str = "valid_unseen", size: str = "official", world_seed: int = 0
) -> list[Path]:
    """Write the first `n` generated games of a split, each with the expert's plan as its walkthrough.

    Args:
        out: Folder; what is in it already stays, a game that is written again is replaced.
        n: How many, from 1 to the size of the split.
        split: `train`, `valid_seen` or `valid_unseen`.
        size: `official` or `small`.
        world_seed: Which generated world.

    Returns:
        Paths of the `game.tw-pddl` files.

    Raises:
        BadArgument: Unknown split or size, or a number out of range.
        DependencyNotInstalled: alfworld is not installed (a game file holds its rules and grammar).
        WriteFailed: The disk is full, or the folder cannot be written to; the games before are whole.
    """
    tasks = generated_tasks(world_seed, size, split)
    if not 0 < n <= len(tasks):
        raise BadArgument(f"a number of games from 1 to {len(tasks)}", f"{n}", f"pass n={len(tasks)}")
    alfworld_rules()  # refuse before anything is written
    top = Path(out) / DATA_VERSION / split
    written = []
    for index in tqdm(range(n), desc="writing games", unit="game", delay=1.0):
        game: Game = tasks[index].payload
        goal = game.goal
        folder = (
            top / f"{goal.kind}-{goal.object_type}-None-{goal.target_type}" / f"trial_{size}_{world_seed}_{index:05d}"
        )
        written.append(write_game(game, folder, expert_plan(Engine(game))))
    return written
