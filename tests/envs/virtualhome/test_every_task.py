"""The expert with full knowledge solves every task of every split of generated houses, within the step limit."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.household_task import HouseholdTask
from spa_gym.envs.virtualhome.simulator import Simulator
from spa_gym.envs.virtualhome.world.generated import generated_tasks


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "valid_seen", "valid_unseen"])
@pytest.mark.parametrize("size", ["official", "small"])
def test_every_generated_task(size: str, split: str) -> None:
    families: set[str] = set()
    for task in generated_tasks(0, size, split):
        wanted: HouseholdTask = task.payload
        sim, goal, done = Simulator(wanted.house), wanted.goal, 0
        assert 1 <= len(goal) <= 4 and not goal.holds(sim.state, 0), task
        plan = expert_plan(sim, goal)
        assert plan and 4 <= len(plan) <= 30, f"{task.goal}: {plan}"
        for command in plan:
            assert sim.execute(command) is None, f"{task.goal}: {command} was not executed"
            done = goal.note(done, command.verb, command.objects)
        assert goal.holds(sim.state, done), f"{task.goal}: not reached"
        families.add(task.task_type)
    assert len(families) >= 8
