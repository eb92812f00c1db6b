"""The official games: their number, order and ids, every way to keep them on a disk, and the cache."""

from __future__ import annotations

import io
import json
import logging
import pickle
import shutil
import tarfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.core.build_once import cache_folder
from spa_gym.core.errors import BadArgument, DataNotFound, TaskNotFound
from spa_gym.envs.alfworld.engine import Engine
from spa_gym.envs.alfworld.expert import expert_plan
from spa_gym.envs.alfworld.game import TASK_TYPES
from spa_gym.envs.alfworld.official import PUBLISHED, official_tasks
from tests.envs.alfworld.made_up import FOLDERS, make_folder
from tests.official_data import alfworld_archive

official_data = pytest.mark.skipif(
    alfworld_archive() is None, reason="no official games: set SPA_GYM_DATA to a folder with alfworld/ in it"
)


@official_data
@pytest.mark.parametrize("split", list(PUBLISHED))
def test_splits_are_the_released_ones(split: str, caplog: pytest.LogCaptureFixture) -> None:
    tasks = official_tasks(split, alfworld_archive())
    count, data_hash = PUBLISHED[split]
    assert (len(tasks), tasks.data_hash) == (count, data_hash)
    assert list(tasks.game_files) == sorted(tasks.game_files)
    assert all(path.startswith(f"json_2.1.1/{split}/") and path.count("/") == 3 for path in tasks.game_files)
    assert set(tasks.task_types) == set(TASK_TYPES)
    assert len({tasks[i].id for i in range(0, count, 7)}) == len(range(0, count, 7))


@official_data
def test_mix_of_task_types_is_the_released_one() -> None:
    counts = Counter(official_tasks("valid_unseen", alfworld_archive()).task_types)
    assert [counts[kind] for kind in TASK_TYPES] == [24, 18, 31, 23, 21, 17]


@official_data
@pytest.mark.parametrize("split", ["valid_seen", "valid_unseen"])
def test_expert_solves_every_game(split: str) -> None:
    for task in official_tasks(split, alfworld_archive()):
        engine = Engine(task.payload)
        for command in expert_plan(engine) or ():
            assert not engine.won and engine.act(command)[1], command
        assert engine.won, task.payload.source
        assert task.task_type == task.payload.goal.kind


@official_data
def test_environment_on_official_games() -> None:
    env = gym.make("SPA-ALFWorld-v0", source="official", split="valid_unseen", data_dir=alfworld_archive())
    observation, info = env.reset(options={"task_id": 0})
    assert observation.startswith("-= Welcome to TextWorld, ALFRED! =-\n\nYou are in the middle of a room.")
    game_file = env.unwrapped.task.payload.source  # type: ignore[attr-defined]
    assert game_file.startswith("json_2.1.1/valid_unseen/look_at_obj_in_light-AlarmClock-None-DeskLamp-308/")
    assert env.reset(options={"task_id": info["task_id"]}) == (observation, info)
    assert env.reset(options={"task_id": game_file}) == (observation, info)
    assert env.reset(seed=7)[1]["task_id"] == env.reset(seed=7)[1]["task_id"]


# What follows needs no official data: it is about three made-up games in the official layout.


def _pack(folder: Path, path: Path) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, "w:" + path.suffix[1:]) as archive:
            archive.add(folder / "json_2.1.1", "json_2.1.1")
    return path


def _ids(tasks: Any) -> list[str]:
    return [task.id for task in tasks]


@pytest.mark.parametrize("place", ["folder", "inner", "alfworld", "tar.xz", "tar.gz", "zip", "beside", "deep"])
def test_every_way_to_keep_the_games_gives_the_same_tasks(place: str, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "unpacked")
    expected = _ids(official_tasks("train", folder))
    assert len(expected) == len(FOLDERS)
    data_dir = tmp_path / "data"
    if place == "folder":
        shutil.copytree(folder, data_dir)
    elif place == "inner":
        shutil.copytree(folder, data_dir)
        data_dir /= "json_2.1.1"
    elif place == "alfworld":
        shutil.copytree(folder, data_dir / "alfworld")
    elif place in ("beside", "deep"):
        data_dir.mkdir()
        where = data_dir if place == "beside" else data_dir / "alfworld"
        where.mkdir(exist_ok=True)
        _pack(folder, where / "json_2.1.1.tar.xz")
    else:
        data_dir = _pack(folder, tmp_path / f"json_2.1.1.{place}")
    before = sorted(tmp_path.rglob("*"))
    tasks = official_tasks("train", data_dir)
    assert _ids(tasks) == expected
    assert list(tasks.game_files) == [f"json_2.1.1/train/{name}" for name in sorted(FOLDERS)]
    assert sorted(tmp_path.rglob("*")) == before  # nothing is written beside the data


@pytest.mark.parametrize("variable", ["ALFWORLD_DATA", "SPA_GYM_DATA"])
def test_environment_variables_are_read(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALFWORLD_DATA", "SPA_GYM_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(make_folder(tmp_path / "data")))
    assert len(official_tasks("train")) == len(FOLDERS)


def test_no_data_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALFWORLD_DATA", str(tmp_path))
    monkeypatch.delenv("SPA_GYM_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataNotFound) as caught:
        gym.make("SPA-ALFWorld-v0", source="official")
    for words in ("alfworld-download", "$ALFWORLD_DATA = ", "$SPA_GYM_DATA (not set)", "data_dir", str(tmp_path)):
        assert words in str(caught.value)
    with pytest.raises(DataNotFound, match="alfworld-download"):
        gym.make("SPA-ALFWorld-v0", source="official", data_dir=tmp_path / "nowhere")


def test_a_game_goes_by_the_spellings_of_its_path(tmp_path: Path) -> None:
    tasks = official_tasks("train", make_folder(tmp_path))
    path = tasks.game_files[1]
    short = path.removeprefix("json_2.1.1/")
    for spelling in (path, short, f"{path}/", f"{path}/game.tw-pddl", f"{short}/game.tw-pddl", f"/data/{path}",
                     f"/data/alfworld/{path}/game.tw-pddl", path.replace("/", "\\")):  # fmt: skip
        assert tasks.index_of(spelling) == 1
    other = short.replace("train/", "valid_seen/")
    for wrong in (other, short.removeprefix("train/"), short.rpartition("/")[0], "game.tw-pddl", "", "/", f"{path}/x"):
        with pytest.raises(TaskNotFound):
            tasks.index_of(wrong)


def test_a_split_without_games_and_an_unknown_split(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    with pytest.raises(DataNotFound, match="valid_seen"):
        official_tasks("valid_seen", folder)
    with pytest.raises(BadArgument, match="train, valid_seen, valid_unseen.*'test'"):
        official_tasks("test", folder)


def test_unknown_task(tmp_path: Path) -> None:
    tasks = official_tasks("train", make_folder(tmp_path))
    for key in ("0123456789abcdef", "json_2.1.1/train/none", len(FOLDERS), -1):
        with pytest.raises(TaskNotFound):
            tasks.find(key)
    assert tasks.index_of(tasks[1].id) == tasks.index_of(tasks.game_files[1]) == 1


def test_other_than_the_released_games_are_announced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        official_tasks("train", make_folder(tmp_path))
    assert "is not the released split" in caplog.text


def test_trials_that_the_original_skips(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    top = folder / "json_2.1.1" / "train"
    for name in ("pick_and_place_simple-movable-1", "pick_cool-AppleSliced-1"):
        shutil.copytree(top / sorted(FOLDERS)[0].split("/")[0], top / name)
    unsolvable = top / "unsolvable" / "trial_0"
    shutil.copytree(top / sorted(FOLDERS)[0], unsolvable)
    game = json.loads((unsolvable / "game.tw-pddl").read_text())
    (unsolvable / "game.tw-pddl").write_text(json.dumps({**game, "solvable": False}))
    lonely = top / "lonely" / "trial_0"
    lonely.mkdir(parents=True)
    (lonely / "traj_data.json").write_text("{}")
    assert len(official_tasks("train", folder)) == len(FOLDERS)


def test_sets_are_shared_and_travel_by_name(tmp_path: Path) -> None:
    tasks = official_tasks("train", make_folder(tmp_path))
    assert official_tasks("train", tmp_path) is tasks
    assert tasks[0] is tasks[0]
    assert pickle.loads(pickle.dumps(tasks)) is tasks


def _again(tmp_path: Path) -> Any:
    """The split as another process would open it."""
    from spa_gym.envs.alfworld.data_folder import find_data
    from spa_gym.envs.alfworld.official import OfficialTaskSet

    return OfficialTaskSet("train", find_data(tmp_path))


@pytest.fixture
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SPA_GYM_CACHE", str(home))
    return home


def test_second_opening_parses_nothing(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path)
    first = _again(tmp_path)
    assert [path.name.split("-")[0] for path in cache_folder().rglob("*.gz")] == ["train"]
    monkeypatch.setattr("spa_gym.envs.alfworld.official.parse_game", lambda *_: pytest.fail("parsed again"))
    second = _again(tmp_path)
    assert _ids(second) == _ids(first)
    assert second.data_hash == first.data_hash
    engines = Engine(first[0].payload), Engine(second[0].payload)
    assert engines[0].intro() == engines[1].intro()
    assert engines[0].admissible() == engines[1].admissible()
    assert list(own_cache.rglob("*.pkl")) == []


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "flipped", "other"])
def test_a_broken_cache_is_made_again(damage: str, tmp_path: Path, own_cache: Path) -> None:
    make_folder(tmp_path)
    expected = _ids(_again(tmp_path))
    (cache,) = own_cache.rglob("*.gz")
    whole = cache.read_bytes()
    import gzip

    broken = {
        "cut": whole[: len(whole) // 2],
        "garbage": b"not gzip at all",
        "empty": b"",
        "flipped": whole[:40] + bytes([whole[40] ^ 255]) + whole[41:],
        "other": gzip.compress(b'{"parser": "of another version"}\n[]'),
    }[damage]
    cache.write_bytes(broken)
    assert _ids(_again(tmp_path)) == expected
    assert gzip.decompress(cache.read_bytes()) == gzip.decompress(whole)


def test_a_changed_game_is_read_again(tmp_path: Path, own_cache: Path) -> None:
    folder = make_folder(tmp_path)
    first = _again(tmp_path)
    path = folder / first.game_files[0] / "game.tw-pddl"
    path.write_text(path.read_text().replace("Your task is to: ", "Your task is to: please "))
    second = _again(tmp_path)
    assert second[0].goal == f"please {first[0].goal}"
    assert second[0].id != first[0].id
    assert [t.id for t in second][1:] == [t.id for t in first][1:]


def test_without_a_writable_cache_it_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("a file where the cache folder should be")
    monkeypatch.setenv("SPA_GYM_CACHE", str(blocker))
    with caplog.at_level(logging.WARNING):
        assert len(_again(make_folder(tmp_path / "data"))) == len(FOLDERS)
    assert "not cached" in caplog.text


def test_an_archive_with_other_names_in_front(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "unpacked")
    path = tmp_path / "games.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder / "json_2.1.1", "./some/where/json_2.1.1")
        note = tarfile.TarInfo("README")
        note.size = 2
        archive.addfile(note, io.BytesIO(b"hi"))
    assert len(official_tasks("train", path)) == len(FOLDERS)
