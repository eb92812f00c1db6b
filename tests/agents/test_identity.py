"""Two agents that may act differently have different identities; the same agent has the same one in every process."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.agents import RandomAgent, load_agent
from spa_gym.agents.identity import agent_arguments, agent_name, agent_source, public_value
from spa_gym.agents.one_episode import as_agent

ROOT = Path(__file__).resolve().parents[2]


def identity(agent: Any) -> tuple[Any, ...]:
    agent = as_agent(agent)
    return agent_name(agent), agent_arguments(agent), agent_source(agent)


def closure(model: Any) -> Any:
    def act(observation: str) -> str:
        return str(model)

    return act


def styled(observation: str, style: str = "plain") -> str:
    return style


class Own:
    def __init__(self, model: Any = "a") -> None:
        self.model = model

    def act(self, observations, infos):
        return [str(self.model)] * len(observations)

    def single(self, observation: str) -> str:
        return str(self.model)


class Slotted:
    __slots__ = ("model",)

    def __init__(self, model: str) -> None:
        self.model = model

    def act(self, observations, infos):
        return [self.model] * len(observations)


class Config:
    def __init__(self, model: Any) -> None:
        self.model, self.client = model, object()


def defined(source: str) -> Any:
    namespace: dict[str, Any] = {"__name__": "somewhere"}
    exec(source, namespace)
    return namespace["agent"]


README = 'def agent(observation, info):\n    return info["admissible_actions"][{}]\n'
IMPROVED = [
    (defined(README.format(0)), defined(README.format(-1))),
    (defined("TOP = 3\ndef agent(o):\n    return str(TOP)"), defined("TOP = 4\ndef agent(o):\n    return str(TOP)")),
    (
        defined("def helper():\n    return 1\ndef agent(o):\n    return helper()"),
        defined("def helper():\n    return 2\ndef agent(o):\n    return helper()"),
    ),
    (defined("agent = lambda o: 'look'"), defined("agent = lambda o: 'go'")),
    (defined("agent = lambda o: [x for x in o if x]"), defined("agent = lambda o: [x for x in o if not x]")),
    (closure("a"), closure("b")),
    (closure(Own("a").single), closure(Own("b").single)),
    (closure(np.zeros(3)), closure(np.ones(3))),
    (partial(styled, style="a"), partial(styled, style="b")),
    (Own("a"), Own("b")),
    (Own({"a": 1}), Own({"a": 2})),
    (Own(Config("a")), Own(Config("b"))),
    (Own(Config(Path("a"))), Own(Config({1, 2}))),
    (Own("a").single, Own("b").single),
    (Own(np.zeros(2)), Own(np.ones(2))),
    (Own(closure("a")), Own(closure("b"))),
    (Slotted("a"), Slotted("b")),
    (RandomAgent(seed=1), type("RandomAgent", (RandomAgent,), {"act": Own.act, "model": "x"})(seed=1)),
]


@pytest.mark.parametrize(("first", "second"), IMPROVED)
def test_other_code_or_arguments_are_another_agent(first: Any, second: Any) -> None:
    assert identity(first) == identity(first)
    assert identity(first)[1:] != identity(second)[1:]


def test_names() -> None:
    assert [agent_name(as_agent(agent)) for agent in (styled, partial(styled), Own(), RandomAgent())] == [
        "styled",
        "styled",
        "Own",
        "RandomAgent",
    ]


def test_the_file_of_the_module_counts(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import other\n\ndef agent(observation):\n    return other.HINT\n")
    (tmp_path / "other.py").write_text("HINT = 'look'\n")
    command = "from spa_gym.agents import load_agent; from spa_gym.agents.identity import agent_source as source; "
    command += "print(source(load_agent('mine:agent')), source(load_agent('random')))"

    def run(hash_seed: int) -> str:
        environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}", "PYTHONHASHSEED": str(hash_seed)}
        return subprocess.run(
            [sys.executable, "-c", command], env=environment, check=True, capture_output=True, text=True
        ).stdout

    first = run(1)
    assert run(2) == first
    with (tmp_path / "mine.py").open("a") as file:
        file.write("# improved\n")
    assert run(1) != first


def test_state_and_settings_are_no_arguments() -> None:
    agent = Own("a")
    agent._calls, agent.tokens = 3, 5  # type: ignore[attr-defined]
    assert agent_arguments(agent) == {"model": "a"}  # type: ignore[arg-type]
    assert agent_arguments(load_agent("random")) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api_key", "sk-123"),
        ("HF_TOKEN", "hf_1"),
        ("base_url", "http://10.0.0.1:8000/v1"),
        ("path", "/home/me/model"),
        ("prompt", 2000 * "x"),
        ("where", {"url": "http://10.0.0.1"}),
    ],
)
def test_keys_addresses_paths_and_long_values_are_a_hash(name: str, value: Any) -> None:
    shown = public_value(name, value)
    assert shown.startswith("sha256:") and len(shown) == 23
    assert public_value(name, f"{value}x") != shown


@pytest.mark.parametrize("value", ["gpt-4", 0.5, None, True, [1, 2], {"top_p": 0.9}])
def test_other_values_are_shown(value: Any) -> None:
    assert public_value("max_tokens", value) == value
