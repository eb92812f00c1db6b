"""Verification: an honest result holds, every changed claim is found, and nothing that a result names is run."""

from __future__ import annotations

import shutil
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from spa_gym import cli
from spa_gym.agents import ExpertAgent, RandomAgent
from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from spa_gym.leaderboard.evaluate import RESULT, TRAJECTORIES, evaluate
from spa_gym.leaderboard.metrics import summarise
from spa_gym.leaderboard.verify import verify as verify_result
from tests.leaderboard.results import NUM_TASKS, alter_result, toy_result, verify
from tests.toy import TOY_ID


def test_verification_of_an_honest_result(tmp_path: Path) -> None:
    record = toy_result(tmp_path)
    found = verify(tmp_path / RESULT)
    assert (found.ok, found.episodes, found.steps, found.notes) == (True, NUM_TASKS, record.env_steps, [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["tasks"][0].update(success=True, score=1.0), "row of task"),
        (lambda d: d["metrics"]["success"].update(mean=0.99), "metrics, success, mean"),
        (lambda d: d["metrics"]["score"].update(low=0.5), "metrics, score, low"),
        (lambda d: d["tasks"].pop(), "a trajectory without a row"),
        (lambda d: d["tasks"].append(d["tasks"][0]), "more than one row"),
        (lambda d: d["settings"].update(split_size=5), "size of the split"),
        (lambda d: d["settings"].update(max_episode_steps=80), "step limit"),
        (lambda d: d.update(seed=5), "observation"),
        (lambda d: d.update(data_hash="0" * 64), "data hash"),
        (lambda d: d.update(env_steps=1), "environment steps"),
    ],
)
def test_verification_finds_a_changed_claim(tmp_path: Path, change: Any, says: str) -> None:
    toy_result(tmp_path)
    alter_result(tmp_path, change)
    found = verify(tmp_path)
    assert any(says in difference for difference in found.differences), found.differences


def other_action(trajectories: list) -> None:
    step = replace(trajectories[0].steps[0], action="dance")
    trajectories[0] = replace(trajectories[0], steps=(step, *trajectories[0].steps[1:]))


def claim_success(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], success=not trajectories[0].success)


def cut_short(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], steps=trajectories[0].steps[:1])


def go_on(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], steps=(*trajectories[0].steps, trajectories[0].steps[-1]))


def rename(trajectories: list) -> None:
    trajectories[0] = replace(trajectories[0], task_id="0" * 16)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (other_action, "step 0"),
        (claim_success, "success: claimed"),
        (cut_short, "stop before"),
        (go_on, "after the episode's end"),
        (rename, "0000"),
        (lambda t: t.append(t[0]), "more than once"),
        (lambda t: t.pop(), "a row without a trajectory"),
    ],
)
def test_verification_finds_a_changed_trajectory(tmp_path: Path, change: Any, says: str) -> None:
    toy_result(tmp_path)
    trajectories = read_jsonl(tmp_path / TRAJECTORIES)
    change(trajectories)
    write_jsonl(tmp_path / TRAJECTORIES, trajectories)
    found = verify(tmp_path)
    assert any(says in difference for difference in found.differences), found.differences


def test_choosing_the_easy_tasks_is_found(tmp_path: Path) -> None:
    """A partial result must play the tasks that `max_tasks` gives, not others."""
    toy_result(tmp_path)
    keep = {row["task_id"] for row in RunRecord.load(tmp_path / RESULT).tasks[:2]}
    write_jsonl(tmp_path / TRAJECTORIES, [t for t in read_jsonl(tmp_path / TRAJECTORIES) if t.task_id in keep])
    alter_result(tmp_path, lambda d: (d["settings"].update(num_tasks=2), d.update(tasks=d["tasks"][:2])))
    assert any("1 are missing; 1 others" in line for line in verify(tmp_path).differences)


def test_other_versions_are_noted(tmp_path: Path) -> None:
    toy_result(tmp_path)
    alter_result(tmp_path, lambda d: d["packages"].update(gymnasium="0.1"))
    found = verify(tmp_path)
    assert found.ok and "gymnasium 0.1 made the result" in found.notes[0]


def test_a_training_record_cannot_be_verified(tmp_path: Path) -> None:
    RunRecord("train", "ppo", TOY_ID).save(tmp_path / RESULT)
    with pytest.raises(BadArgument, match="evaluation"):
        verify(tmp_path)


@pytest.mark.parametrize("truncated", [True, False])
def test_a_win_with_the_last_step_verifies_in_both_forms(tmp_path: Path, truncated: bool) -> None:
    """spa-gym 0.1 called such an episode truncated too."""
    limit = toy_result(tmp_path / "free", ExpertAgent(), max_tasks=1).env_steps
    kwargs = {"max_episode_steps": limit}
    evaluate(TOY_ID, kwargs, "train", ExpertAgent(), 1, 1, tmp_path, max_tasks=1, progress_bar=False)
    alter_result(tmp_path, lambda d: (d["tasks"][0].update(truncated=truncated), d["metrics"].update(truncated=0.0)))
    alter_result(tmp_path, lambda d: d["metrics"].update(truncated=float(truncated)))
    (played,) = read_jsonl(tmp_path / TRAJECTORIES)
    write_jsonl(tmp_path / TRAJECTORIES, [replace(played, truncated=truncated)])
    assert played.terminated and verify(tmp_path, env_kwargs=kwargs).ok
    alter_result(tmp_path, lambda d: d["metrics"].update(truncated=float(not truncated)))
    assert not verify(tmp_path, env_kwargs=kwargs).ok


def test_an_episode_that_ran_on_is_not_truncated(tmp_path: Path) -> None:
    """Nor is one truncated that was won before the limit, whatever its row says."""
    record = toy_result(tmp_path, ExpertAgent())
    assert all(row["steps"] < 40 for row in record.tasks)
    alter_result(tmp_path, lambda d: (d["tasks"][0].update(truncated=True), d["metrics"].update(truncated=1 / 6)))
    assert any("truncated: claimed True" in line for line in verify(tmp_path).differences)


# Forgeries of an honest result of a registered environment.


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    kwargs = {"size": "small", "max_episode_steps": 5}
    evaluate("SPA-ALFWorld-v0", kwargs, "valid_unseen", RandomAgent(), 2, 0, folder, max_tasks=3, progress_bar=False)
    return folder


def forge(honest: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    shutil.copytree(honest, folder, dirs_exist_ok=True)
    alter_result(folder, change)
    return folder


def test_an_honest_result_says_what_is_only_declared(honest: Path) -> None:
    found = verify_result(honest, progress_bar=False)
    assert found.ok and found.verdict == (
        "verified: 3 episodes, 15 steps replayed (environment, tasks, actions, observations, rewards, rows, metrics); "
        "only declared: agent, its settings, tokens, time, date, commit, versions"
    )


def empty(data: dict[str, Any], num_tasks: object) -> None:
    data["tasks"], data["env_steps"] = [], 0
    data["settings"]["num_tasks"] = num_tasks
    for name in ("success", "score", "grounding"):
        data["metrics"][name].update(mean=1.0, low=1.0, high=1.0)


@pytest.mark.parametrize("num_tasks", [-1, 0, 3, 200, 10**9, True, 3.0, "3", None, [3], {}])
@pytest.mark.parametrize("trajectories", [True, False])
def test_a_result_without_rows_is_not_verified(
    honest: Path, tmp_path: Path, num_tasks: object, trajectories: bool
) -> None:
    forge(honest, tmp_path, lambda data: empty(data, num_tasks))
    if not trajectories:
        (tmp_path / TRAJECTORIES).write_text("")
    found = verify_result(tmp_path, progress_bar=False)
    assert any("the result has none" in line for line in found.differences)
    assert any("number of tasks" in line for line in found.differences) is (repr(num_tasks) not in ("3", "200"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["settings"].update(num_tasks=-1), "number of tasks: claimed -1, expected from 1 to 200"),
        (lambda d: d["settings"].update(num_tasks=4), "of the 4 to play"),
        (lambda d: d["settings"].update(split_size=10**9, num_tasks=10**9), "size of the split"),
        (lambda d: d["settings"].update(split_size=200.0), "size of the split"),
        (lambda d: d["settings"].update(split_size=True), "size of the split"),
        (lambda d: d["settings"].pop("split_size"), "size of the split"),
        (lambda d: d["settings"].update(max_episode_steps=40), "step limit"),
        (lambda d: d["settings"].update(max_episode_steps=5.0), "step limit"),
        (lambda d: d["env_kwargs"].pop("max_episode_steps"), "step limit"),
        (lambda d: d["env_kwargs"].update(world_seed=1), "tasks that the split does not have"),
        (lambda d: d["settings"].update(split="valid_seen"), "tasks that the split does not have"),
        (lambda d: d.update(metrics={}), "metrics"),
        (lambda d: d["metrics"].update(success=float("nan")), "metrics, success"),
        (lambda d: d["metrics"]["score"].update(mean=float("nan")), "metrics, score, mean"),
        (lambda d: d["metrics"]["score"].update(mean=False), "metrics, score, mean"),
        (lambda d: d["metrics"]["score"].update(mean="0"), "metrics, score, mean"),
        (lambda d: d["metrics"].update(num_tasks=3.0), "metrics, num_tasks"),
        (lambda d: d["metrics"].update(more=1), "metrics, more"),
        (lambda d: d["metrics"]["by_task_type"].clear(), "metrics, by_task_type"),
        (lambda d: d.update(env_steps=-15), "environment steps"),
        (lambda d: d.update(env_steps=0), "environment steps"),
        (lambda d: d.update(tokens=-1), "tokens: claimed -1"),
        (lambda d: d.update(seed=-1), "seed: claimed -1"),
        (lambda d: d.update(wall_time_s=-1.0), "wall_time_s"),
        (lambda d: d.update(method="MyLLM"), "agent"),
        (lambda d: d.update(updates=3), "updates: an evaluation has none"),
        (lambda d: d.update(final={"valid/greedy": {"success": 1.0}}), "final: an evaluation has none"),
        (lambda d: d["tasks"][0].update(success=1), "success: claimed 1"),
        (lambda d: d["tasks"][0].update(steps=5.0), "steps: claimed 5.0"),
        (lambda d: d["tasks"][0].update(steps=True), "steps: claimed True"),
        (lambda d: d["tasks"][0].update(seed=1), "seed: claimed 1"),
        (lambda d: d["tasks"][0].update(position=1), "position: claimed 1"),
        (lambda d: d["tasks"][0].update(more=1), "more: claimed 1"),
        (lambda d: d["tasks"][0].update(tokens="many"), "tokens: expected an int"),
        (lambda d: d["tasks"][0].pop("score"), "score: claimed 'nothing'"),
        (lambda d: d["tasks"][0].update(task_id=None), "no task id"),
        (lambda d: d["tasks"][0].update(task_id=["x"]), "no task id"),
        (lambda d: d["tasks"].append({}), "no task id"),
        (lambda d: d["tasks"].append(d["tasks"][0]), "more than one row"),
    ],
)
def test_a_forged_claim_is_found(honest: Path, tmp_path: Path, change: Any, says: str) -> None:
    found = verify_result(forge(honest, tmp_path, change), progress_bar=False)
    assert any(says in difference for difference in found.differences), found.differences


def test_the_size_of_the_lists_is_the_environments(honest: Path, tmp_path: Path) -> None:
    """A billion tasks in the record cost nothing."""
    forge(honest, tmp_path, lambda d: d["settings"].update(split_size=10**9, num_tasks=10**9))
    tracemalloc.start()
    try:
        assert not verify_result(tmp_path, progress_bar=False).ok
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("kwargs", "named"),
    [
        ({"noun_tagger": "os:system", "data_dir": "evil/data"}, r"noun_tagger='os:system', data_dir='evil/data'"),
        ({"data_dir": "."}, "data_dir"),
        ({"backend": "browser"}, "backend='browser'"),
        ({"estimator": "os:system"}, "estimator='os:system'"),
        ({"estimator": "model:/tmp/x"}, "estimator"),
        ({"size": {"os": "system"}}, "size"),
        ({"size": ["small"]}, "size"),
        ({"size": "https://example.org/x"}, "size"),
        ({"world_seed": 1.0}, r"world_seed=1\.0"),
        ({"world_seed": -1}, "world_seed=-1"),
        ({"world_seed": True}, "world_seed=True"),
        ({"max_episode_steps": 10**9}, "max_episode_steps"),
        ({"max_episode_steps": -1}, "max_episode_steps=-1"),
        ({"num_products": 5}, "num_products"),  # WebShop's, not ALFWorld's
        ({"id": "os:system"}, "id='os:system'"),
        ({"wrappers": ["os:system"]}, "wrappers"),
        ({"additional_wrappers": []}, "additional_wrappers"),
        ({"disable_env_checker": True}, "disable_env_checker"),
        ({"split": "train"}, "names its split once"),
        ({"split": "valid_unseen"}, "names its split once"),
    ],
)
def test_what_names_code_or_a_path_is_refused_by_name(
    honest: Path, tmp_path: Path, kwargs: dict[str, Any], named: str
) -> None:
    forge(honest, tmp_path, lambda data: data["env_kwargs"].update(kwargs))
    with pytest.raises(BadArgument, match=named):
        verify_result(tmp_path, progress_bar=False)


@pytest.mark.parametrize(
    "env_id",
    ["this:SPA-ALFWorld-v0", "evil:Id-v0", "CartPole-v1", TOY_ID, "SPA-ALFWorld", "", "spa_gym:SPA-ALFWorld-v0"],
)
def test_only_registered_ids_are_made(honest: Path, tmp_path: Path, env_id: str) -> None:
    forge(honest, tmp_path, lambda data: data.update(env_id=env_id))
    before = set(sys.modules)
    with pytest.raises(BadArgument, match="a result of an environment of spa-gym"):
        verify_result(tmp_path, progress_bar=False)
    assert "this" not in set(sys.modules) - before


@pytest.mark.parametrize("split", [None, 3, ["train"], {"a": "b"}])
def test_a_split_is_text(honest: Path, tmp_path: Path, split: object) -> None:
    with pytest.raises(BadArgument, match="names its split once"):
        verify_result(forge(honest, tmp_path, lambda data: data["settings"].update(split=split)), progress_bar=False)


def test_the_verifier_can_allow_an_argument(tmp_path: Path) -> None:
    kwargs = {"noun_tagger": "tests.leaderboard.results:nouns", "size": "small"}
    evaluate("SPA-WebShop-v0", kwargs, "test", RandomAgent(), 2, 0, tmp_path, max_tasks=2, progress_bar=False)
    with pytest.raises(BadArgument, match=r"results:nouns.*--env-arg"):
        verify_result(tmp_path, progress_bar=False)
    tagger = {"noun_tagger": kwargs["noun_tagger"]}
    assert verify_result(tmp_path, env_kwargs=tagger, progress_bar=False).ok
    for other in ({"noun_tagger": "builtin"}, {**tagger, "world_seed": 3}):
        with pytest.raises(BadArgument, match="with the given arguments"):
            verify_result(tmp_path, env_kwargs=other, progress_bar=False)
    with pytest.raises(BadArgument, match="a result of SPA-ALFWorld-v0"):
        verify_result(tmp_path, env_id="SPA-ALFWorld-v0", env_kwargs=tagger, progress_bar=False)


def test_official_data_are_asked_for(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SPA_GYM_DATA", "ALFWORLD_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    forge(honest, tmp_path, lambda data: data.update(env_kwargs={"source": "official", "max_episode_steps": 5}))
    with pytest.raises(DataNotFound, match="made with official data: give --data-dir"):
        verify_result(tmp_path, progress_bar=False)
    alter_result(tmp_path, lambda d: d.update(env_kwargs={"max_episode_steps": 5}, data_hash="a" * 64))
    found = verify_result(tmp_path, progress_bar=False)
    assert len(found.differences) == 1 and any("--data-dir" in note for note in found.notes)


def test_tasks_of_other_data_are_one_difference(honest: Path, tmp_path: Path) -> None:
    found = verify_result(forge(honest, tmp_path, lambda d: d["env_kwargs"].update(world_seed=1)), progress_bar=False)
    assert len(found.differences) == 1 and "3 trajectories" in found.differences[0]
    assert "made with official data, give --data-dir" in found.differences[0]


def test_a_privileged_agent_is_told(honest: Path, tmp_path: Path) -> None:
    forge(honest, tmp_path, lambda data: data["settings"].update(privileged=True))
    assert any(note.startswith("privileged") for note in verify_result(tmp_path, progress_bar=False).notes)


def test_an_episode_may_stop_early_with_an_error(honest: Path, tmp_path: Path) -> None:
    """It counts as it stands: without an error in its row the same episode is a difference."""
    shutil.copytree(honest, tmp_path, dirs_exist_ok=True)
    first, *others = read_jsonl(tmp_path / TRAJECTORIES)
    seen = first.steps[2].observation
    first = replace(first, steps=first.steps[:2], final_observation=seen, truncated=False)
    write_jsonl(tmp_path / TRAJECTORIES, [first, *others])

    def stop(data: dict[str, Any]) -> None:
        row = data["tasks"][0]
        row.update(steps=2, grounded=sum(step.grounded for step in first.steps), truncated=False, error="no answer")
        data.update(env_steps=12, metrics=summarise(data["tasks"], 0))

    alter_result(tmp_path, stop)
    assert verify_result(tmp_path, progress_bar=False).ok
    alter_result(tmp_path, lambda data: data["tasks"][0].pop("error"))
    assert any("stop before" in line for line in verify_result(tmp_path, progress_bar=False).differences)


def test_a_large_file_is_refused(honest: Path) -> None:
    with pytest.raises(BadArgument, match=r"at most 1,000 bytes.*--max-bytes"):
        verify_result(honest, max_bytes=1_000, progress_bar=False)


def test_what_is_printed_cannot_steer_a_terminal(
    honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge(honest, tmp_path, lambda data: data["tasks"][0].update(task_id="\x1b[2J\nverified: \ud83d" + "x" * 10_000))
    assert cli.main(["verify", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert r"\x1b[2J verified: \ud83d" in printed and max(map(len, printed.splitlines())) < 520
    assert printed.splitlines()[-1].startswith("NOT verified")
