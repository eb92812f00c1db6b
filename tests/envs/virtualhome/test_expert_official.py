"""The expert on recorded goals: what the recorded program reaches, it reaches too, with no more actions."""

from __future__ import annotations

import pytest

from spa_gym.envs.virtualhome.expert import expert_plan
from spa_gym.envs.virtualhome.official.data_folder import DataFolder
from spa_gym.envs.virtualhome.official.library import Library
from spa_gym.envs.virtualhome.official.rerun import rerun
from spa_gym.envs.virtualhome.official.task_file import TaskFile
from spa_gym.envs.virtualhome.simulator import Simulator
from tests.official_data import data_root

_ROOT = data_root()
_FOLDER = _ROOT / "virtualhome" if _ROOT else None

pytestmark = pytest.mark.skipif(
    _FOLDER is None or not _FOLDER.is_dir(), reason="needs the official VirtualHome data ($SPA_GYM_DATA)"
)


@pytest.mark.parametrize(("name", "every"), [("eai_scene1_tasks.jsonl", 9), ("activity_tasks.jsonl", 97)])
@pytest.mark.parametrize("fidelity", ["repaired", "eai"])
def test_what_a_program_reaches(name: str, every: int, fidelity: str) -> None:
    assert _FOLDER is not None
    folder = DataFolder(_FOLDER)
    library, file = Library(folder), TaskFile(folder.task_file(name))
    tried = 0
    for number in file.numbers[::every]:
        prepared = library.prepare(file.read(number), file.where(number), f"{number}")
        if prepared.goal is None or not len(prepared.goal):
            continue
        run = rerun(prepared, fidelity)
        if run.stopped or run.missing:
            continue
        tried += 1
        plan = expert_plan(Simulator(prepared.house, fidelity), prepared.goal)
        assert plan is not None, prepared.record.name
        assert len(plan) <= len(prepared.program), prepared.record.name
    assert tried > 30
