"""Tasks that nobody can solve in the chosen fidelity, or under SPA's rule, are refused by name."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.official.spa_plan import spa_plan
from spa_gym.envs.virtualhome.official.spa_rule import spa_rule_holds
from spa_gym.envs.virtualhome.official.tasks import official_tasks
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.world.families import FAMILIES
from spa_gym.envs.virtualhome.world.generated import generated_tasks, tasks_for_fidelity
from spa_gym.testing import check_text_env
from tests.envs.virtualhome.official.small_data import EAI, SPA, write_folder, write_tasks
from tests.official_data import virtualhome_folder

ID = "SPA-VirtualHome-v0"
_OFF = {"prog": ["[WALK] <bed> (20)", "[SIT] <bed> (20)", "[SLEEP]"], "goal_actions": ["SLEEP"]}
SLEEPER = EAI | _OFF | {"id": "sleeper", "goal_rels": [], "goal_states": [[10, "SITTING"]]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPA_GYM_CACHE", str(tmp_path / "cache"))
    return write_folder(tmp_path / "virtualhome")


def test_what_2_3_0_cannot_do_is_no_task_there(folder: Path) -> None:
    write_tasks(folder / "eai_scene1_tasks.jsonl", [EAI, SLEEPER])
    sources = {
        fidelity: [task.payload.source for task in official_tasks("eai", folder, fidelity)]
        for fidelity in ("repaired", "eai", "2.3.0")
    }
    assert sources["repaired"] == sources["eai"] == ["eai 7_1", "eai sleeper"]
    assert sources["2.3.0"] == ["eai 7_1"]
    ((name, reason),) = official_tasks("eai", folder, "2.3.0").refused
    assert name == "sleeper" and "neither the program nor the expert" in reason and "[SLEEP]: you are neither" in reason


@pytest.mark.parametrize("size", ["small", "official"])
def test_generated_tasks_of_2_3_0_can_be_solved_there(size: str) -> None:
    tasks, ordinary = (tasks_for_fidelity(fidelity, 0, size, "train") for fidelity in ("2.3.0", "repaired"))
    assert ordinary is generated_tasks(0, size) is tasks_for_fidelity("eai", 0, size, "train")
    assert tasks is tasks_for_fidelity("2.3.0", 0, size, "train") is not ordinary
    anew, families = 0, set()
    for i in range(150):
        task, other = tasks[i], ordinary[i]
        families.add(task.task_type)
        assert task.task_type == other.task_type
        plan = expert_plan(Simulator(task.payload.house, "2.3.0"), task.payload.goal)
        assert plan, task.goal
        unsolvable = expert_plan(Simulator(other.payload.house, "2.3.0"), other.payload.goal) is None
        assert (task.id != other.id) == unsolvable
        anew += unsolvable
    assert anew and families == set(FAMILIES)


def test_spas_rule_has_tasks_and_an_expert_of_its_own(folder: Path) -> None:
    held, _ = SPA["revised_graph"]["revised_add_edges"]
    elsewhere = {"from_id": 10, "relation_type": "CLOSE", "to_id": 26}
    far = SPA | {"id": "far", "revised_graph": SPA["revised_graph"] | {"revised_add_edges": [held, elsewhere]}}
    write_tasks(folder / "spa_test" / "new_seen_test.jsonl", [SPA, far])
    assert len(official_tasks("spa_seen", folder)) == 2, "as goals both can be reached"
    tasks = official_tasks("spa_seen", folder, spa_rule=True)
    assert [task.payload.source for task in tasks] == ["spa 12"]
    ((name, reason),) = tasks.refused
    assert name == "far" and "SPA's end" in reason
    kwargs = {"source": "official", "split": "spa_seen", "success": "spa", "data_dir": str(folder)}
    check_text_env(gym.make(ID, **kwargs, progress=True), processes=False, num_steps=10)  # type: ignore[arg-type]


@pytest.mark.data
def test_a_plan_to_spas_end_from_anywhere() -> None:
    folder = virtualhome_folder()
    if folder is None:
        pytest.skip("no official VirtualHome data (SPA_GYM_DATA)")
    for fidelity, number in (("repaired", 19), ("2.3.0", 20), ("eai", 25)):
        env: Any = gym.make(
            ID, source="official", split="spa_seen", success="spa", fidelity=fidelity, data_dir=folder
        ).unwrapped
        assert len(env.tasks) == number
        for position in range(0, number, 8):
            for steps in (0, 15):
                rng = random.Random(steps)
                _, info = env.reset(options={"task_id": position})
                for _ in range(steps):
                    if not info["success"]:
                        info = env.step(rng.choice(info["admissible_actions"]))[4]
                if not info["success"]:
                    for action in list(env.expert()):
                        assert not info["success"]
                        info = env.step(action)[4]
                assert info["success"]


def test_a_plan_where_none_is_needed_and_where_there_is_none(folder: Path) -> None:
    task = official_tasks("spa_seen", folder)[0]
    simulator = Simulator(task.payload.house)
    plan = spa_plan(simulator, task.payload)
    assert plan and simulator.state.states == Simulator(task.payload.house).state.states
    for command in plan:
        assert simulator.execute(command) is None
    assert spa_rule_holds(task.payload.spa, simulator.state) and spa_plan(simulator, task.payload) == []
