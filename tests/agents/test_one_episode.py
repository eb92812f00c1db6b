"""Every form of an agent plays the same, or is refused before its first action with the signature that is right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spa_gym.agents.asking import answers_of, one_line
from spa_gym.agents.one_episode import as_agent
from spa_gym.agents.protocol import AgentError, AgentUnusable
from spa_gym.leaderboard.evaluate import evaluate
from tests.agents.agents_by_form import FORMS, WRONG, ActOnObservationAlone, NoCopy, Remembers, coroutine
from tests.toy import TOY_ID


def play(agent: Any, out: Path, num_envs: int = 3, **options: Any) -> list[dict[str, Any]]:
    return evaluate(TOY_ID, {}, "train", agent, num_envs, 1, out, progress_bar=False, **options).tasks


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("num_envs", [1, 3])
def test_every_form_plays_the_same(form: str, num_envs: int, tmp_path: Path) -> None:
    expected = play(FORMS["batch"](), tmp_path / "batch")
    assert play(FORMS[form](), tmp_path / form, num_envs, on_error="raise") == expected


@pytest.mark.parametrize("wrong", WRONG)
def test_another_signature_is_refused_before_the_first_action(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(AgentError, match=r"observations, infos"):
        play(wrong, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_act_of_the_observation_alone() -> None:
    agent = as_agent(ActOnObservationAlone())
    assert agent.act(["a", "b"], [{}, {}]) == ["look", "look"]


def test_an_agent_with_a_memory_that_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="--num-envs 1"):
        play(NoCopy(), tmp_path / "three")
    assert play(NoCopy(), tmp_path / "one", num_envs=1, on_error="raise")


def test_tokens_of_all_copies_are_counted(tmp_path: Path) -> None:
    record = evaluate(TOY_ID, {}, "train", Remembers(), 3, 1, tmp_path, progress_bar=False)
    assert record.tokens == record.env_steps


def test_a_coroutine_in_a_running_loop_is_refused(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(AgentError, match="asyncio.to_thread"):
            play(coroutine, tmp_path)

    asyncio.run(main())


def fails_on(bad: str) -> Callable[[str], str]:
    def act(observation: str) -> str:
        if observation == bad:
            raise KeyError(bad)
        return observation.upper()

    return act


class BatchFailsOn:
    def __init__(self, bad: str) -> None:
        self.one = fails_on(bad)

    def act(self, observations, infos):
        return [self.one(observation) for observation in observations]


async def fails_on_b(observation: str) -> str:
    return fails_on("b")(observation)


@pytest.mark.parametrize("agent", [fails_on("b"), BatchFailsOn("b"), fails_on_b])
def test_a_failure_takes_the_place_of_its_action_alone(agent: Any) -> None:
    first, second, third = answers_of(as_agent(agent), ["a", "b", "c"], [{}, {}, {}])
    assert (first, third) == ("A", "C") and isinstance(second, KeyError)


@pytest.mark.parametrize("error", [KeyboardInterrupt, AgentUnusable("enough")])
def test_what_stops_everything_is_not_taken_for_a_failure(error: Any) -> None:
    def act(observation: str) -> str:
        raise error

    for agent in (act, BatchFailsOn("b")):
        if agent is not act:
            agent.one = act
        with pytest.raises(type(error) if isinstance(error, Exception) else error):
            answers_of(as_agent(agent), ["a"], [{}])


def test_an_error_is_one_bounded_line_that_can_be_written() -> None:
    try:
        raise ValueError("two\nlines \ud83d " + 1000 * "x")
    except ValueError as error:
        said = one_line(error)
    assert said.startswith("ValueError: two lines \ufffd xxx") and len(said) == 500
    assert said.endswith(")") and "test_one_episode.py, line " in said
    said.encode()
