"""An evaluation never returns another agent's numbers: what a folder holds is taken up for the same evaluation only."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym import cli
from spa_gym.agents import ExpertAgent, RandomAgent
from spa_gym.agents.protocol import AgentError
from spa_gym.core.errors import BadArgument, FolderInUse
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import JOURNAL, RESULT, evaluate, progress_of
from spa_gym.leaderboard.identity import default_folder, identity_of, public_kwargs
from spa_gym.leaderboard.verify import verify
from tests.test_cli import evaluate_args, start, wait_for_episodes
from tests.toy import TOY_ID

ROOT = Path(__file__).resolve().parents[2]


def run(out: Path | None, agent: Any, **options: Any) -> RunRecord:
    return evaluate(TOY_ID, {}, "train", agent, 2, 1, out, progress_bar=False, **options)


def readme_agent() -> Any:
    """The function of the README's example."""
    code = re.search(r"## Plug in your agent\n\n```python\n(.*?)\nrecord", (ROOT / "README.md").read_text(), re.DOTALL)
    assert code is not None
    namespace: dict[str, Any] = {"__name__": "readme"}
    exec(code[1], namespace)
    return namespace["agent"]


class Model:
    """Plays well or badly, by its argument."""

    def __init__(self, model: str = "A", stop_after: int = 0) -> None:
        self.model, self._inner, self._left = model, RandomAgent(seed=ord(model[0])), stop_after

    def act(self, observations, infos):
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return self._inner.act(observations, infos)


def test_the_example_of_the_readme_with_an_improved_function(tmp_path: Path) -> None:
    def agent(observation: str, info: dict[str, Any]) -> str:
        return info["admissible_actions"][-1]

    record = run(tmp_path, readme_agent())
    assert record.method == "agent" and run(tmp_path, readme_agent()) == record
    with pytest.raises(BadArgument, match=r"agent_source.*--again"):
        run(tmp_path, agent, agent_name="agent")
    assert RunRecord.load(tmp_path / RESULT) == record
    better = run(tmp_path, agent, agent_name="agent", again=True)
    assert better.tasks != record.tasks and RunRecord.load(tmp_path / RESULT) == better


def test_a_finished_evaluation_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run(tmp_path, RandomAgent())
    assert capsys.readouterr().err == ""
    assert run(tmp_path, RandomAgent()) == record
    when = record.created[:16].replace("T", " ")
    said = f"{tmp_path} holds this evaluation already (6 tasks, {when}); --again plays it again\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("command_line", [True, False])
def test_another_argument_of_the_agent(command_line: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not command_line:
        run(tmp_path, Model("A"))
        with pytest.raises(BadArgument, match=r"agent_arguments: \{'model': 'A'\} there, \{'model': 'B'\} now"):
            run(tmp_path, Model("B"))
        return
    spec = "tests.leaderboard.test_identity:Model"
    assert cli.main([*evaluate_args(tmp_path, spec), "--agent-arg", "model=A"]) == 0
    first = RunRecord.load(tmp_path / RESULT)
    assert first.settings["agent_arguments"] == {"model": "A"}
    assert cli.main([*evaluate_args(tmp_path, spec), "--agent-arg", "model=B"]) == 2
    assert "agent_arguments: {'model': 'A'} there, {'model': 'B'} now" in capsys.readouterr().err
    assert RunRecord.load(tmp_path / RESULT) == first
    assert cli.main([*evaluate_args(tmp_path, spec), "--agent-arg", "model=B", "--again"]) == 0
    assert RunRecord.load(tmp_path / RESULT).settings["agent_arguments"] == {"model": "B"}


def test_a_stopped_evaluation_is_resumed_by_the_same_agent_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Model("A", stop_after=60))
    saved = progress_of(tmp_path)
    assert 0 < saved < 6
    journal = tmp_path / JOURNAL
    assert f"{saved} finished episodes are saved in {journal}; the same command goes on" in capsys.readouterr().err
    with pytest.raises(BadArgument, match=r"agent_arguments"):
        run(tmp_path, Model("B"))
    with pytest.raises(BadArgument, match=r"agent_source"):
        run(tmp_path, RandomAgent(), agent_name="Model")
    assert progress_of(tmp_path) == saved
    resumed = run(tmp_path, Model("A"))
    assert f"{saved} episodes are in {journal} already" in capsys.readouterr().err
    assert resumed.tasks == run(tmp_path / "whole", Model("A")).tasks


def test_again_keeps_the_old_result_until_the_new_one_is_complete(tmp_path: Path) -> None:
    first = run(tmp_path, Model("A"))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Model("B", stop_after=60), again=True)
    assert RunRecord.load(tmp_path / RESULT) == first and progress_of(tmp_path) > 0
    with pytest.raises(BadArgument, match="agent_arguments"):
        run(tmp_path, Model("A"))
    second = run(tmp_path, Model("B"))
    assert second.settings["agent_arguments"] == {"model": "B"} and not (tmp_path / JOURNAL).exists()


def test_two_at_once(tmp_path: Path) -> None:
    def agent(observation: str) -> str:
        with pytest.raises(FolderInUse, match=r"for this run alone.*--out"):
            run(tmp_path, RandomAgent())
        return "dance"

    run(tmp_path, agent, on_error="raise", max_tasks=1)


@pytest.mark.slow
def test_two_processes_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process = start(evaluate_args(tmp_path, "tests.test_cli:Slow"))
    wait_for_episodes(process, tmp_path, 1)
    assert cli.main(evaluate_args(tmp_path, "tests.test_cli:Slow")) == 2
    assert "a run that is still writing there" in capsys.readouterr().err
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert cli.main(evaluate_args(tmp_path, "tests.test_cli:Slow")) == 0


def test_the_default_folder_tells_evaluations_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    records = [run(None, Model("A")), run(None, Model("B")), run(None, Model("A"), max_tasks=2)]
    folders = {default_folder(identity_of(record)) for record in records}
    assert len(folders) == 3 and all((folder / RESULT).exists() for folder in folders)
    assert run(None, Model("A")) == records[0]


def test_a_result_of_an_older_version_is_not_taken_up(tmp_path: Path) -> None:
    run(tmp_path, RandomAgent())
    record = json.loads((tmp_path / RESULT).read_text())
    del record["settings"]["agent_source"]
    (tmp_path / RESULT).write_text(json.dumps(record))
    with pytest.raises(BadArgument, match="agent_source: None there"):
        run(tmp_path, RandomAgent())


# One fact, one place.


def test_the_split_is_given_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadArgument, match="split in one place"):
        evaluate(TOY_ID, {"split": "train"}, "valid", RandomAgent(), out_dir=tmp_path)
    assert cli.main([*evaluate_args(tmp_path), "--env-arg", "split=train"]) == 2
    assert cli.main(["play", "--env", TOY_ID, "--env-arg", "split=train"]) == 2
    assert cli.main([*evaluate_args(tmp_path), "--env-arg", "data_dir=a", "--data-dir", "b"]) == 2
    assert cli.main([*evaluate_args(tmp_path), "--agent-arg", "seed=1", "--agent-arg", "seed=2"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in said] == [
        "spa-gym: expected split in one place",
        "spa-gym: expected split in one place",
        "spa-gym: expected data_dir in one place",
        "spa-gym: expected --agent-arg seed once",
    ]
    assert not (tmp_path / RESULT).exists()


def test_the_model_behind_a_server_is_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert cli.main([*evaluate_args(tmp_path, "openai:one"), "--agent-arg", "model=two"]) == 2
    assert "multiple values for argument 'model'" in capsys.readouterr().err


def test_trainings_take_the_split_once_too() -> None:
    pytest.importorskip("torch")
    from spa_gym.baselines.expert_lengths import expert_lengths
    from spa_gym.baselines.learning.demonstrations import demonstrations
    from spa_gym.baselines.policy_evaluation import split_size

    twice = {"split": "train"}
    for call in (
        lambda: split_size(TOY_ID, twice, "train"),
        lambda: demonstrations(TOY_ID, twice, 1),
        lambda: expert_lengths(TOY_ID, twice, "train"),
    ):
        with pytest.raises(BadArgument, match="split in one place"):
            call()


# What a record holds of the environment's arguments.


def nouns(text: str) -> list[str]:
    return text.split()


class Sourced(gymnasium.Env):
    source = "official"

    def __init__(self, source: str | None = None) -> None: ...


def test_source_is_recorded_and_paths_are_not() -> None:
    kwargs = {"data_dir": Path("/home/me/data"), "size": np.int64(3), "names": ("a", "b"), "noun_tagger": nouns}
    assert public_kwargs(Sourced(), kwargs) == {
        "size": 3,
        "names": ["a", "b"],
        "noun_tagger": "tests.leaderboard.test_identity:nouns",
        "source": "official",
    }


@pytest.mark.parametrize("value", [str.split, lambda text: [text], object(), float("nan"), {1, 2}, b"x"])
def test_an_argument_that_no_record_can_hold_is_refused_by_name(value: Any) -> None:
    with pytest.raises(BadArgument, match=r"expected a noun_tagger that .*since the result names it"):
        public_kwargs(Sourced(), {"noun_tagger": value})


@pytest.mark.parametrize("value", [object(), Path("/home/me"), float("nan"), {(1, 2): 3}])
def test_settings_that_no_record_can_hold_are_refused_by_name(value: Any, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="plain values"):
        run(tmp_path, RandomAgent(), agent_arguments={"option": value})
    assert not list(tmp_path.iterdir())


def test_a_function_as_noun_tagger_is_evaluated(tmp_path: Path) -> None:
    kwargs = {"size": "small", "noun_tagger": nouns}
    record = evaluate("SPA-WebShop-v0", kwargs, "test", ExpertAgent(), 1, 0, tmp_path, 1, progress_bar=False)
    assert record.env_kwargs["noun_tagger"] == "tests.leaderboard.test_identity:nouns"


def test_texts_with_half_a_surrogate_pair_are_written(tmp_path: Path) -> None:
    def agent(observation: str) -> str:
        return "\ud83d"

    def play() -> RunRecord:
        named: dict[str, Any] = {"agent_name": "agent \ud83d", "agent_arguments": {"hint": "\udc00"}}
        where = ("SPA-ALFWorld-v0", {"size": "small"}, "train")
        return evaluate(*where, agent, 2, 0, tmp_path, 2, progress_bar=False, **named)

    first = play()
    assert first.method == "agent \ufffd" and first.settings["agent_arguments"] == {"hint": "\ufffd"}
    assert play() == first and verify(tmp_path, progress_bar=False).ok
    for path in tmp_path.iterdir():
        path.read_bytes().decode("utf-8")
