"""What a record only declares: the machine, the agent's counts, and whether it had the environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.agents import ExpertAgent, RandomAgent
from spa_gym.core.machine import describe_processor
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import RESULT, evaluate
from spa_gym.leaderboard.verify import verify
from tests.toy import TOY_ID


class Counting(RandomAgent):
    """Counts a reply for each action, and breaks off after some."""

    def __init__(self, after: int | None = None) -> None:
        super().__init__(seed=0)
        self._after, self._replies = after, 7  # 7: counted before this evaluation

    def settings(self) -> dict[str, Any]:
        return {}

    def usage(self) -> dict[str, int]:
        return {"replies": self._replies, "cut": 0}

    def act(self, observations, infos):
        self._replies += len(observations)
        if self._after is not None and self._replies > self._after:
            raise KeyboardInterrupt
        return super().act(observations, infos)


def first_admissible(observation: str, info: dict[str, Any]) -> str:
    return info["admissible_actions"][0]


class OneEpisode:
    """One episode at a time, a copy for each slot."""

    def reset(self) -> None:
        pass

    def act_one(self, observation: str, info: dict[str, Any]) -> str:
        return info["admissible_actions"][0]


class Peeking(RandomAgent):
    """Calls itself random, and looks at the environments."""

    def attach(self, envs: Any) -> None:
        self._envs = envs


def run(out: Path, agent: Any) -> RunRecord:
    return evaluate(TOY_ID, {}, "train", agent, num_envs=1, out_dir=out, progress_bar=False)


def test_counts_of_all_starts_are_summed(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", Counting())
    assert whole.usage == {"replies": whole.env_steps} and RunRecord.load(tmp_path / "whole" / RESULT) == whole
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", Counting(after=7 + whole.tasks[0]["steps"] + 1))
    resumed = run(tmp_path / "stopped", Counting())
    assert resumed.usage == whole.usage, "but for the steps of the episode that was lost"


def test_an_agent_without_counts_declares_none(tmp_path: Path) -> None:
    record = run(tmp_path, RandomAgent(seed=0))
    assert record.usage == {} and record.machine == describe_processor()


def test_an_agent_with_the_environments_is_privileged(tmp_path: Path) -> None:
    cases = [
        (ExpertAgent(), True),
        (RandomAgent(seed=0), False),
        (first_admissible, False),
        (OneEpisode(), False),
        (Peeking(), True),
    ]
    for number, (agent, privileged) in enumerate(cases):
        out = tmp_path / str(number)
        assert run(out, agent).settings["privileged"] is privileged
        notes = verify(out / RESULT, env_id=TOY_ID).notes
        assert any(note.startswith("privileged") for note in notes) is privileged
