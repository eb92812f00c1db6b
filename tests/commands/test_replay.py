"""`spa-gym replay`: what it prints, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from spa_gym import cli
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, write_folder, write_tasks


def test_the_figures_and_the_failures_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_folder(tmp_path / "virtualhome")
    stuck = [ACTIVITY | {"id": f"stuck{i}", "prog": ["[OPEN] <closet> (26)"]} for i in range(5)]
    broken = ACTIVITY | {"id": "broken", "prog": ["[WALK] <sofa> (99)"]}
    missed = ACTIVITY | {"id": "missed", "goal_states": [[11, "OPEN"]]}
    path = write_tasks(tmp_path / "tasks.jsonl.gz", [ACTIVITY, EAI, *stuck, broken, missed])
    assert cli.main(["replay", str(path), "--data-dir", str(tmp_path), "--show", "3"]) == 0
    printed = capsys.readouterr().out
    for line in (
        "9 records (7 in the form 'activity', 1 in the form 'eai'), simulator 'eai'",
        "executed 3/8",
        "reached their goal 2/8",
        "refused: 1",
        "not executed: 5",
        "  stuck0, stuck1, stuck2 ... (5 in all): action 1 of 1, [OPEN] <closet> (26): you are not close to closet",
        "executed, goal missed: 1",
        "  missed: fridge.11 OPEN",
    ):
        assert f"{line}\n" in printed
    assert "  broken: expected" in printed and "no node 99" in printed
    assert cli.main(["replay", str(path), "--data-dir", str(tmp_path), "--show", "0"]) == 0
    assert "(1 reason in all; --show -1 prints them)" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path)
    assert cli.main(["replay", str(folder / "nothing.jsonl"), "--data-dir", str(folder)]) == 2
    assert "expected a file" in capsys.readouterr().err
    assert cli.main(["replay", str(folder / "eai_scene1_tasks.jsonl"), "--data-dir", str(folder / "x")]) == 2
