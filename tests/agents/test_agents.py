"""The protocol, the agents of the package that need no server, and the texts that name an agent."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gymnasium as gym
import pytest

from spa_gym.agents import Agent, ExpertAgent, FunctionAgent, RandomAgent, as_agent, load_agent
from spa_gym.agents.protocol import AgentError
from tests.toy import TOY_ID


class Own:
    """An agent that a user might write."""

    def __init__(self, greeting: str = "look", seed: int = -1) -> None:
        self.greeting, self.seed = greeting, seed

    def act(self, observations, infos):
        return [self.greeting for _ in observations]


INSTANCE = Own("instance")
NUMBER = 3


def plain(observation: str) -> str:
    return observation


def info(task_id: str, slot: int = 0, step: int = 0, actions: tuple[str, ...] = ("a", "b", "c", "d")) -> dict:
    return {"task_id": task_id, "slot": slot, "episode_step": step, "admissible_actions": actions}


def test_random_agent_is_uniform_and_stays_inside() -> None:
    agent, counts = RandomAgent(seed=1), dict.fromkeys("abcd", 0)
    for step in range(4000):
        counts[agent.act([""], [info("t", step=step)])[0]] += 1
    assert all(850 < count < 1150 for count in counts.values())
    assert agent.act([""], [info("t", actions=())]) == [""]


def test_random_agent_does_not_depend_on_slot_or_company() -> None:
    alone, many = RandomAgent(seed=2), RandomAgent(seed=2)
    wanted = [alone.act([""], [info("x", slot=0, step=s)])[0] for s in range(20)]
    got = [many.act(["", ""], [info("y", slot=0, step=s), info("x", slot=5, step=s)])[1] for s in range(20)]
    assert got == wanted
    assert wanted != [RandomAgent(seed=3).act([""], [info("x", step=s)])[0] for s in range(20)]


def test_random_agent_starts_anew_with_each_episode() -> None:
    agent = RandomAgent(seed=2)
    first = [agent.act([""], [info("x", step=s)])[0] for s in range(8)]
    assert [agent.act([""], [info("x", step=s)])[0] for s in range(8)] == first


def test_expert_agent_solves_two_interleaved_tasks() -> None:
    envs = [gym.make(TOY_ID), gym.make(TOY_ID)]
    agent = ExpertAgent()
    agent.attach(envs)
    states = [env.reset(seed=k, options={"task_id": k}) for k, env in enumerate(envs)]
    solved, running = [False, False], [0, 1]
    for step in range(40):
        infos = [{**states[k][1], "slot": k, "episode_step": step} for k in running]
        for k, action in zip(list(running), agent.act([states[j][0] for j in running], infos), strict=True):
            observation, _, terminated, _, after = envs[k].step(action)
            states[k], solved[k] = (observation, after), after["success"]
            if terminated:
                running.remove(k)
        if not running:
            break
    assert solved == [True, True]


def test_expert_agent_asks_again_when_its_plan_ends() -> None:
    class Short:
        unwrapped = property(lambda self: self)

        def expert(self):
            return iter(["one"])

    agent = ExpertAgent()
    agent.attach([Short()])  # type: ignore[list-item]
    assert [agent.act([""], [info("t", step=s)])[0] for s in range(3)] == ["one", "one", "one"]


def test_expert_agent_without_environments_says_what_to_do() -> None:
    with pytest.raises(AgentError, match="attach"):
        ExpertAgent().act([""], [info("t")])


def test_as_agent() -> None:
    own = Own()
    assert as_agent(own) is own and isinstance(own, Agent)
    assert as_agent(str.upper).act(["x"], [{}]) == ["X"]
    assert as_agent(lambda observation, info: info["goal"]).act(["x"], [{"goal": "g"}]) == ["g"]
    assert as_agent(lambda observation, info=None: info["goal"]).act(["x"], [{"goal": "g"}]) == ["g"]
    assert as_agent(lambda observation, style="short": style).act(["x"], [{}]) == ["short"]


@pytest.mark.parametrize("wrong", [Own, 3, "text", lambda: "x", lambda a, b, c: "x"])
def test_as_agent_refuses_what_is_none(wrong: object) -> None:
    with pytest.raises(AgentError, match="expected"):
        as_agent(wrong)  # type: ignore[arg-type]


def test_load_agent_takes_every_form() -> None:
    here = "tests.agents.test_agents"
    assert isinstance(load_agent("random", seed=4), RandomAgent)
    assert isinstance(load_agent("expert"), ExpertAgent)
    own = load_agent(f"{here}:Own", seed=4, greeting="hello")
    assert (own.act([""], [{}]), own.seed) == (["hello"], 4)  # type: ignore[attr-defined]
    assert load_agent(f"{here}:INSTANCE").act([""], [{}]) == ["instance"]
    assert isinstance(load_agent(f"{here}:plain"), FunctionAgent)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("randm", "random, expert, model:PATH"),
        ("", "random, expert"),
        ("no.such.module:Agent", "spelling"),
        ("tests.agents.test_agents:Nothing", "no such name"),
        ("tests.agents.test_agents:NUMBER", "act"),
        ("openai:some-model", "base_url"),
    ],
)
def test_load_agent_refuses_clearly(spec: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(AgentError, match=says):
        load_agent(spec)


def test_options_that_nobody_takes_are_refused() -> None:
    with pytest.raises(AgentError, match="temperature"):
        load_agent("random", temperature=3)
    with pytest.raises(AgentError, match="leave out the options"):
        load_agent("tests.agents.test_agents:plain", temperature=3)


def test_a_missing_dependency_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needs_more.py").write_text("import a_package_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AgentError, match="a_package_nobody_has.*install"):
        load_agent("needs_more:Agent")


def test_settings_are_json() -> None:
    assert json.loads(json.dumps(load_agent("random").settings())) == {"seed": 0}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "spec", [".x:y", "..:y", "a..b:C", "os.:path", ":y", "x:", "x:y.", "x:.y", "x y:z", "/tmp/x.py:Y", "1:2"]
)
def test_a_name_that_no_module_has_is_refused(spec: str) -> None:
    with pytest.raises(AgentError, match=r"package\.module:Class"):
        load_agent(spec)


def test_the_current_folder_is_searched_last_and_only_for_ones_own_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder])
    before = list(sys.path)
    (tmp_path / "colorsys.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "helper_of_mine.py").write_text("ACTION = 'look'")
    (tmp_path / "agent_of_mine.py").write_text(
        "import colorsys, helper_of_mine\nclass Mine:\n"
        "    def __init__(self):\n        import other_of_mine\n"
        "    def act(self, observations, infos):\n        return [helper_of_mine.ACTION for _ in observations]\n"
    )
    (tmp_path / "other_of_mine.py").write_text("")
    for name in ("colorsys", "helper_of_mine", "agent_of_mine", "other_of_mine"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert load_agent("agent_of_mine:Mine").act(["x"], [{}]) == ["look"]
    assert sys.path == before
    with pytest.raises(AgentError, match="check the spelling"):
        load_agent("agent_of_nobody:Mine")
    assert sys.path == before
