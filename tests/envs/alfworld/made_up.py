"""Three generated games in the layout of the official ones, without alfworld's rules, which our engine never reads."""

from __future__ import annotations

import json
from pathlib import Path

from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.writer import problem_text

__all__ = ["FOLDERS", "make_folder"]

FOLDERS = {
    f"{task.task_type}-{i}/trial_{i}": task
    for i, task in enumerate(generated_tasks(0, "small", "train")[j] for j in range(3))
}
"""`<task>/<trial>` -> task."""

_GRAMMAR = 'grammar :: """\n {\n  "task": [\n   {\n    "rhs": "Your task is to: %s"\n   }\n  ]\n }\n""";\n'


def make_folder(top: Path) -> Path:
    """Write the games to `top/json_2.1.1/train` and return `top`."""
    for name, task in FOLDERS.items():
        folder = top / "json_2.1.1" / "train" / name
        folder.mkdir(parents=True)
        game = {"pddl_domain": "", "grammar": _GRAMMAR % task.goal, "pddl_problem": problem_text(task.payload)}
        (folder / "game.tw-pddl").write_text(json.dumps({**game, "solvable": True, "walkthrough": None}))
        (folder / "traj_data.json").write_text(json.dumps({"task_type": task.task_type, "pddl_params": {}}))
    return top
