"""Games written as files: they read back equal, alfworld's own loader takes them, its own expert plays them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gymnasium.error import DependencyNotInstalled

from spa_gym.commands.alfworld_write import write_games
from spa_gym.core.errors import BadArgument
from spa_gym.envs.alfworld import writer
from spa_gym.envs.alfworld.game import Game
from spa_gym.envs.alfworld.generated import generated_tasks
from spa_gym.envs.alfworld.official import official_tasks
from spa_gym.envs.alfworld.pddl import parse_game
from tests.official_data import alfworld_archive

alfworld_installed = pytest.mark.skipif(
    importlib.util.find_spec("alfworld") is None or sys.version_info >= (3, 13),
    reason='alfworld is not here: pip install "spa-gym[alfworld]" on Python < 3.13',
)
_FIELDS = [name for name in Game.__slots__ if name not in ("memo", "source")]


def _fields(game: Game) -> dict[str, object]:
    return {name: getattr(game, name) for name in _FIELDS}


@pytest.mark.parametrize("size", ["official", "small"])
def test_generated_problems_read_back_equal(size: str) -> None:
    tasks = generated_tasks(0, size, "train")
    for index in range(40):
        game = tasks[index].payload
        assert _fields(parse_game(writer.problem_text(game), game.goal_text)) == _fields(game), index


@pytest.mark.skipif(alfworld_archive() is None, reason="no official games: set SPA_GYM_DATA")
def test_official_problems_read_back_equal() -> None:
    tasks = official_tasks("valid_unseen", alfworld_archive())
    for index in range(0, len(tasks), 5):
        game = tasks[index].payload
        ours, theirs = _fields(parse_game(writer.problem_text(game), game.goal_text)), _fields(game)
        assert ours == theirs, tasks.game_files[index]


@alfworld_installed
def test_written_games_are_an_official_folder(tmp_path: Path) -> None:
    written = write_games(tmp_path, 12, "valid_seen", "small", 3)
    again = official_tasks("valid_seen", tmp_path)
    assert sorted(str(path.parent.relative_to(tmp_path)) for path in written) == list(again.game_files)
    made = {
        t.payload.receptacle_names + t.payload.object_names: t
        for t in map(generated_tasks(3, "small", "valid_seen").__getitem__, range(12))
    }
    for task in again:
        twin = made[task.payload.receptacle_names + task.payload.object_names]
        assert (task.goal, task.task_type) == (twin.goal, twin.task_type)
        assert _fields(task.payload) == _fields(twin.payload)


_SCRIPT = """
import json, sys
from alfworld.agents.environment import get_environment
from alfworld.agents.expert import HandCodedTWAgent
top = sys.argv[1]
config = {"dataset": {"data_path": top + "/train", "eval_id_data_path": "", "eval_ood_data_path": "",
                      "num_train_games": 0, "num_eval_games": 0},
          "env": {"task_types": [1, 2, 3, 4, 5, 6], "domain_randomization": False, "expert_type": "handcoded",
                  "goal_desc_human_anns_prob": 0.0},
          "general": {"training_method": "dagger"}, "dagger": {"training": {"max_nb_steps_per_episode": 100}}}
env = get_environment("AlfredTWEnv")(config, train_eval="train")
env.game_files = sorted(f for f in env.game_files if "pick_two" not in f)[:1]  # its own expert is broken for two
found = env.num_games
env = env.init_env(batch_size=1)
observation, info = env.reset()
steps, done, won = 0, False, False
while not done and steps < 100:
    observation, _, dones, info = env.step([info["extra.expert_plan"][0][0]])
    steps, done, won = steps + 1, dones[0], info["won"][0]
print(json.dumps([found, bool(won), steps]), file=sys.stderr)
"""


@alfworld_installed
def test_alfworlds_own_loader_and_expert_play_a_written_game(tmp_path: Path) -> None:
    write_games(tmp_path, 8, "train", "small")
    environment = {**os.environ, "ALFWORLD_DATA": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path / "json_2.1.1")],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    answers = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert answers, done.stderr[-2000:]
    found, won, steps = json.loads(answers[-1])
    assert (found, won) == (8, True)
    assert steps < 100


@alfworld_installed
def test_the_real_engines_rules_are_known() -> None:
    new, old = writer.alfworld_rules("2.1.2"), writer.alfworld_rules("2.1.1")
    assert "(:action help" in new[0] and "(:action help" not in old[0]
    assert "move {o} to {r}" in new[1] and "put {o} in/on {r}" in old[1]
    with pytest.raises(BadArgument, match=r"2\.1\.3"):
        writer.alfworld_rules("2.1.3")


@alfworld_installed
@pytest.mark.parametrize("sentence", ['put {__import__("os")} in bed.', "put a [mug] in bed.", 'say "hi".', "a\nb."])
def test_an_instruction_that_the_original_would_evaluate_is_refused(sentence: str) -> None:
    game = generated_tasks(0, "small", "train")[0].payload
    twin = Game(**_fields(game), memo={}, source="")
    twin.goal_text = sentence
    with pytest.raises(BadArgument, match="engine='fast'"):
        writer.game_data(twin)


def test_without_alfworld_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.alfworld_rules.cache_clear()
    monkeypatch.setattr(writer.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DependencyNotInstalled, match=r'pip install "spa-gym\[alfworld\]"'):
        write_games(tmp_path / "games", 2, "train", "small")
    assert not (tmp_path / "games").exists()


@pytest.mark.parametrize("n", [0, -1, 4001])
def test_a_number_of_games_out_of_range_is_refused(n: int, tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="from 1 to 4000"):
        write_games(tmp_path, n, "train", "small")
