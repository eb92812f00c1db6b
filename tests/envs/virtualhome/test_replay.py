"""Replaying recorded programs: the counts on hand-made records, and on the official ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from spa_gym.core.errors import BadArgument, DataCorrupt, DataNotFound
from spa_gym.envs.virtualhome.replay import replay_file
from tests.envs.virtualhome.official.small_data import ACTIVITY, EAI, SITTER, SPA, write_folder, write_tasks
from tests.official_data import virtualhome_folder


def test_every_fate_is_counted_and_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    path = write_tasks(
        folder / "mixed.jsonl.gz",
        [
            *(ACTIVITY, EAI, SPA, SITTER),
            ACTIVITY | {"id": "stuck", "prog": ["[OPEN] <closet> (26)"]},
            ACTIVITY | {"id": "missed", "goal_states": [[11, "OPEN"]]},
            ACTIVITY | {"id": "absent", "prog": ["[OPEN] <closet> (99)"]},
            SPA | {"id": "elsewhere", "new_program_lines": ["[SLEEP]"]},
            {"id": "goalless", "scene": 1, "prog": ["[WALK] <bed> (20)"]},
            "broken",
        ],
    )
    replay = replay_file(path, folder)
    assert replay.forms == {"activity": 4, "eai": 2, "spa": 1}
    assert (replay.records, replay.replayed, replay.executed) == (10, 7, 6)
    assert (replay.with_goal, replay.reached, replay.fidelity) == (6, 4, "eai")
    assert [name for name, _ in replay.refused] == ["absent", "elsewhere", "line 10"]
    assert [(name, reason) for name, reason in replay.failed] == [
        ("stuck", "action 1 of 1, [OPEN] <closet> (26): you are not close to closet")
    ]
    assert [(name, reason) for name, reason in replay.missed] == [("missed", "fridge.11 OPEN")]
    repaired = replay_file(path, folder, "repaired")
    assert (repaired.executed, repaired.reached) == (6, 3)
    assert repaired.missed[0] == (SITTER["id"], "character.10 ON bed.20")


def test_the_scenes_are_found_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPA_GYM_DATA", raising=False)
    folder = write_folder(tmp_path / "data")
    assert replay_file(folder / "eai_scene1_tasks.jsonl").reached == 1
    assert replay_file(folder / "spa_test" / "new_seen_test.jsonl").reached == 1
    elsewhere = write_tasks(tmp_path / "x" / "y" / "tasks.jsonl", [EAI])
    with pytest.raises(DataNotFound, match="SPA_GYM_DATA"):
        replay_file(elsewhere)
    assert replay_file(elsewhere, folder).reached == 1


def test_a_file_as_a_whole_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    with pytest.raises(BadArgument):
        replay_file(folder / "eai_scene1_tasks.jsonl", folder, "perfect")
    with pytest.raises(DataNotFound):
        replay_file(folder / "nothing.jsonl", folder)
    (folder / "empty.jsonl").write_text("\n")
    with pytest.raises(DataCorrupt):
        replay_file(folder / "empty.jsonl", folder)
    (folder / "scenes.json").write_text("{")
    with pytest.raises(DataCorrupt):
        replay_file(folder / "eai_scene1_tasks.jsonl", folder)


@pytest.mark.data
def test_the_official_programs_come_out_as_recorded(tmp_path: Path) -> None:
    folder = virtualhome_folder()
    if folder is None:
        pytest.skip("no official VirtualHome data (SPA_GYM_DATA)")
    eai = replay_file(folder / "eai_scene1_tasks.jsonl.gz", folder)
    assert (eai.executed, eai.replayed, eai.reached, eai.with_goal) == (516, 518, 341, 342)
    assert not eai.refused and not eai.missed
    spa = replay_file(folder / "spa_test" / "new_seen_test.jsonl", folder)
    assert (spa.records, spa.executed, spa.reached) == (247, 25, 25)
    lines = gzip.decompress((folder / "activity_tasks.jsonl.gz").read_bytes()).splitlines()
    some = tmp_path / "some.jsonl"
    some.write_bytes(b"\n".join(lines[::25]))
    activities = replay_file(some, folder)
    assert activities.executed == activities.reached == activities.records == len(lines[::25])


@pytest.mark.slow
@pytest.mark.data
def test_all_activities_come_out_as_recorded() -> None:
    folder = virtualhome_folder()
    if folder is None:
        pytest.skip("no official VirtualHome data (SPA_GYM_DATA)")
    replay = replay_file(folder / "activity_tasks.jsonl.gz", folder)
    assert replay.executed == replay.reached == replay.with_goal == replay.records == 7355
