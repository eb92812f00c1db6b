"""An agent that fails loses its episode and no more; one that is broken is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym import cli
from spa_gym.agents import RandomAgent
from spa_gym.agents.protocol import AgentError, AgentUnusable
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import RESULT, evaluate, progress_of
from tests.test_cli import evaluate_args
from tests.toy import TOY_ID


def run(out: Path, agent: Any, **options: Any) -> RunRecord:
    options = {"num_envs": 3, "seed": 1, "progress_bar": False, **options}
    return evaluate(TOY_ID, {}, "train", agent, out_dir=out, **options)


class FailsAtThirdStep:
    """Fails in the tasks of one type at their third step."""

    def __init__(self, kind: str = "long", how: str = "raise") -> None:
        self.kind, self.how, self._inner = kind, how, RandomAgent(seed=3)

    def act(self, observations, infos):
        answers = self._inner.act(observations, infos)
        bad = [info["task_type"] == self.kind and info["episode_step"] == 2 for info in infos]
        if self.how == "raise" and any(bad):
            raise ValueError(f"context\noverflow {1000 * 'x'}")
        return [ValueError("no reply") if wrong else answer for wrong, answer in zip(bad, answers, strict=True)]


@pytest.mark.parametrize("how", ["raise", "return"])
@pytest.mark.parametrize("num_envs", [1, 4])
def test_a_failure_ends_its_episode(how: str, num_envs: int, tmp_path: Path, capsys) -> None:
    record = run(tmp_path, FailsAtThirdStep(how=how), num_envs=num_envs)
    failed = [row for row in record.tasks if "error" in row]
    assert len(record.tasks) == 6 and failed
    assert {row["task_type"] for row in failed} == {"long"}
    for row in failed:
        ends = (row["steps"], row["success"], row["score"], row["terminated"], row["truncated"])
        assert ends == (2, False, 0.0, False, False)
        assert row["error"].startswith("ValueError: ") and len(row["error"]) <= 500 and "\n" not in row["error"]
    assert capsys.readouterr().err.count("counts as unsolved") == 1
    assert record.metrics["success"]["n"] == 6
    assert RunRecord.load(tmp_path / RESULT) == record


@pytest.mark.parametrize("answer", [None, 3, ["look"], b"look"])
def test_an_answer_that_is_no_text_ends_its_episode(answer: Any, tmp_path: Path) -> None:
    def agent(observation: str, info: dict[str, Any]) -> Any:
        return answer if info["task_type"] == "long" else info["admissible_actions"][0]

    record = run(tmp_path, agent)
    assert all(("error" in row) == (row["task_type"] == "long") for row in record.tasks)
    assert all("each a str" in row["error"] for row in record.tasks if "error" in row)


def test_raise_stops_at_the_first_and_says_what_is_saved(tmp_path: Path, capsys) -> None:
    with pytest.raises(AgentError, match=r"an action in task \w+; got ValueError: context overflow x+"):
        run(tmp_path, FailsAtThirdStep(), num_envs=1, on_error="raise")
    saved = progress_of(tmp_path)
    said = capsys.readouterr().err
    assert (f"{saved} finished episodes are saved" if saved else "nothing was saved") in said
    assert len(run(tmp_path, FailsAtThirdStep(), num_envs=1).tasks) == 6


def test_the_command_line_gives_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = "tests.leaderboard.test_agent_failures"
    assert cli.main([*evaluate_args(tmp_path, f"{here}:FailsAtThirdStep"), "--on-error", "raise"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and said.count("spa-gym: expected an action in task") == 1
    assert cli.main(evaluate_args(tmp_path, f"{here}:FailsAtThirdStep")) == 0
    assert "the agent failed in " in capsys.readouterr().out


@pytest.mark.parametrize("num_envs", [1, 2, 16])
@pytest.mark.parametrize("max_tasks", [None, 2])
def test_a_broken_agent_is_told_at_once_and_leaves_nothing(
    num_envs: int, max_tasks: int | None, tmp_path: Path
) -> None:
    asked = []

    def broken(observation: str, info: dict[str, Any]) -> str:
        asked.append(info["task_id"])
        return info["admisible_actions"][0]

    with pytest.raises(AgentError, match=r"first \d episodes; got KeyError: 'admisible_actions' \(test_agent_fail"):
        run(tmp_path, broken, num_envs=num_envs, max_tasks=max_tasks)
    assert len(set(asked)) <= 6 and progress_of(tmp_path) == 0 and not (tmp_path / RESULT).exists()


def test_first_failures_are_kept_once_an_action_came(tmp_path: Path) -> None:
    def agent(observation: str, info: dict[str, Any]) -> str:
        if info["task_type"] == "short":
            raise ValueError("short")
        return info["admissible_actions"][0]

    record = run(tmp_path, agent, num_envs=1)
    assert sum("error" in row for row in record.tasks) == sum(row["task_type"] == "short" for row in record.tasks)


class FailsInLongTasks(RandomAgent):
    """Fails in the second half of the tasks, or stops everything there."""

    def __init__(self, stop: bool) -> None:
        super().__init__(seed=0)
        self._stop = stop

    def act(self, observations, infos):
        if any(info["task_type"] == "long" for info in infos):
            if self._stop:
                raise AgentUnusable("replies with an action", "20 without", "see the first reply")
            raise ValueError("long")
        return super().act(observations, infos)


def test_what_is_left_may_fail_where_the_agent_has_acted_before(tmp_path: Path, capsys) -> None:
    with pytest.raises(AgentUnusable, match="20 without"):
        run(tmp_path, FailsInLongTasks(stop=True), num_envs=1)
    assert "finished episodes are saved" in capsys.readouterr().err
    record = run(tmp_path, FailsInLongTasks(stop=False), num_envs=1)
    assert ["error" in row for row in record.tasks] == 3 * [False] + 3 * [True]


def test_an_unknown_on_error(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match="an on_error out of fail, raise"):
        run(tmp_path, RandomAgent(), on_error="ignore")
