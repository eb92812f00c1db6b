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


def test_broken_lines_leave_the_good_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "virtualhome")
    odd = [r'{"id": "\ud83d", "scene": 1}', "[" * 100_000, '{"scene": NaN}', "\x00", '"text"', "null", "{", "# words"]
    odd += ['{"id": "\\u001b[31m", "scene": 1, "prog": ["[FLY]"]}', '{"scene": "\\u00b2", "prog": ["[SLEEP]"]}']
    path = write_tasks(tmp_path / "elsewhere" / "some tasks ü", [ACTIVITY, *odd, "", "  ", EAI])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.chdir(tmp_path)
    for folder in (".", "virtualhome", str(tmp_path)):  # relative or not, the folder itself or the one around it
        assert cli.main(["replay", "elsewhere/some tasks ü", "--data-dir", folder]) == 0
        printed = capsys.readouterr().out
        assert "12 records (1 in the form 'activity', 1 in the form 'eai')" in printed
        assert "executed 2/2\n" in printed and "reached their goal 2/2\n" in printed and "refused: 10\n" in printed
        assert "\x1b" not in printed


def test_a_file_of_which_nothing_can_be_replayed_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path)
    path = write_tasks(tmp_path / "words.md", ["# words", "and more"])
    assert cli.main(["replay", str(path), "--data-dir", str(folder)]) == 2
    assert "2 records (none of them usable)" in capsys.readouterr().out
    assert cli.main(["replay", str(tmp_path), "--data-dir", str(folder)]) == 2
    assert "expected a file" in capsys.readouterr().err
