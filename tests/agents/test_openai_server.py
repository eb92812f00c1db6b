"""OpenAIServerAgent against a small server on this machine: the chat that it sends, retries, and errors."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spa_gym.agents import AgentUnusable, load_agent
from spa_gym.agents.json_client import MAX_ANSWER
from spa_gym.agents.openai_server import OpenAIServerAgent, parse_action
from spa_gym.agents.protocol import AgentError
from tests.agents.stub_server import Server, reply


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def agent(server: Server, **options: Any) -> OpenAIServerAgent:
    return OpenAIServerAgent("m", server.url, **{"backoff": 0.001, "timeout": 5.0, **options})


def info(slot: int = 0, step: int = 0) -> dict[str, Any]:
    return {"slot": slot, "episode_step": step, "admissible_actions": ("look", "go north")}


def test_the_episode_is_one_chat(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    player = agent(server, api_key_env="MY_KEY", temperature=0.5, extra_body={"top_p": 0.9})
    assert player.act(["A room."], [info()]) == ["look"]
    assert player.act(["Dust."], [info(step=1)]) == ["look"]
    last = server.requests[-1]
    assert [message["role"] for message in last["messages"]] == ["system", "user", "assistant", "user"]
    assert last["messages"][1]["content"] == "A room.", "only the last message lists the actions"
    assert last["messages"][3]["content"] == "Dust.\n\nPossible actions:\nlook\ngo north"
    assert (last["path"], last["model"]) == ("/v1/chat/completions", "m")
    assert (last["temperature"], last["top_p"]) == (0.5, 0.9)
    assert server.headers[-1]["Authorization"] == "Bearer secret"
    assert player.tokens == 14
    assert "secret" not in json.dumps(player.settings())


def test_no_key_no_header(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    agent(server).act(["A room."], [info()])
    assert "Authorization" not in server.headers[0]


def test_slots_keep_their_own_history(server: Server) -> None:
    server.answer = lambda request, number: (200, reply(request["messages"][-1]["content"][0]), {})
    player = agent(server, list_actions=False)
    assert player.act(["a1", "b1", "c1"], [info(0), info(1), info(2)]) == ["a", "b", "c"]
    assert player.act(["x1", "c2"], [info(0), info(2, step=1)]) == ["x", "c"]
    lengths = {request["messages"][-1]["content"]: len(request["messages"]) for request in server.requests}
    assert lengths == {"a1": 2, "b1": 2, "c1": 2, "x1": 2, "c2": 4}


def test_it_tries_again_where_that_may_help(server: Server) -> None:
    answers = [(503, b"busy", {}), (429, b"slow down", {"Retry-After": "0.01"}), (200, b"not json", {})]
    server.answer = lambda request, number: answers[number - 1] if number <= 3 else (200, reply("Action: look"), {})
    assert agent(server).act(["A room."], [info()]) == ["look"]
    assert len(server.requests) == 4


def test_it_gives_up_after_the_retries(server: Server) -> None:
    server.answer = lambda request, number: (500, b"broken", {})
    with pytest.raises(AgentError, match="HTTP 500: broken"):
        agent(server, retries=2).act(["A room."], [info()])
    assert len(server.requests) == 3


def test_a_refusal_is_not_repeated(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret")
    server.answer = lambda request, number: (404, {"error": {"message": "no model m"}}, {})
    with pytest.raises(AgentError, match="no model m") as caught:
        agent(server).act(["A room."], [info()])
    assert len(server.requests) == 1 and "very-secret" not in str(caught.value)


def test_an_answer_of_another_shape_is_refused(server: Server) -> None:
    server.answer = lambda request, number: (200, {"choices": []}, {})
    with pytest.raises(AgentError, match="without choices"):
        agent(server).act(["A room."], [info()])


def test_nobody_listens() -> None:
    with pytest.raises(AgentError, match="check that the server runs"):
        OpenAIServerAgent("m", "http://127.0.0.1:9/v1", retries=0, timeout=2).act(["x"], [info()])


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Action: go to fridge 1", "go to fridge 1"),
        ("I think: look first.\n**Action:** take mug 1", "take mug 1"),
        ("Action: a\nAction: b", "b"),
        ("<think>Action: no</think>go north", "go north"),
        ("thoughts\n\n`look`\n", "look"),
        ("", ""),
    ],
)
def test_parse_action(text: str, action: str) -> None:
    assert parse_action(text) == action


SECRET = "sk-SECRET-0123456789"


def deep(n: int) -> bytes:
    return b'{"choices": ' + b"[" * n + b"]" * n + b"}"


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"\xff\xfe", {}),
        (200, b"{", {}),
        (200, b"[]", {}),
        (200, b"null", {}),
        (200, b"", {}),
        (200, b'{"choices": NaN}', {}),
        (200, deep(100_000), {}),
        (200, b"{}", {"Content-Length": "100"}),
        (200, b"zz\r\n{}", {"Transfer-Encoding": "chunked"}),
        (0, b"this is no HTTP\r\n\r\n", {}),
        (0, b"", {}),
        (200, b"x" * (MAX_ANSWER + 1), {}),
        (200, {"choices": None}, {}),
        (200, {"choices": [None]}, {}),
        (200, {"choices": {"0": 1}}, {}),
        (200, {"choices": [{"message": None}]}, {}),
        (200, reply(3), {}),
        (200, reply({"text": "look"}), {}),
        (302, b"", {}),
        (302, b"", {"Location": "http://[bad"}),
        (307, b"", {"Location": "http://127.0.0.1:9/"}),
        (500, b"\xff", {"Content-Length": "100"}),
        (418, b"x" * 10_000, {}),
    ],
)
def test_whatever_a_server_answers_is_one_clear_error(server: Server, answer: Any) -> None:
    server.answer = lambda request, number: answer
    with pytest.raises(AgentError, match="expected .*; got ") as caught:
        agent(server, retries=1).act(["A room."], [info()])
    assert len(str(caught.value)) < 1_500


@pytest.mark.parametrize(
    "usage", [None, [], "many", {"total_tokens": "7"}, {"total_tokens": -1}, {"total_tokens": [1]}]
)
def test_odd_usage_costs_nothing(server: Server, usage: Any) -> None:
    server.answer = lambda request, number: (200, {**reply("look"), "usage": usage}, {})
    player = agent(server)
    assert player.act(["A room."], [info()]) == ["look"] and player.tokens == 0


def test_the_key_goes_to_no_other_host(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    other = Server()
    try:
        for status in (301, 302, 303, 307, 308):
            server.answer = lambda request, number, status=status: (status, b"", {"Location": other.url})
            with pytest.raises(AgentUnusable, match="base_url"):
                agent(server).act(["A room."], [info()])
    finally:
        other.close()
    assert other.headers == [] and len(server.requests) == 5


def test_the_key_is_in_no_text(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET + "\r\n")
    echoes = [
        (503, f"busy, Bearer {SECRET}".encode(), {}),
        (0, f"{SECRET} is no status line\r\n\r\n".encode(), {}),
        (401, {"error": f"{'x' * 490} {SECRET}"}, {}),
    ]
    server.answer = lambda request, number: echoes[number - 1]
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AgentUnusable, match="holds the key of this server") as caught:
        agent(server).act(["A room."], [info()])
    server.answer = lambda request, number: (200, reply(f"Action: say {SECRET}"), {})
    player = agent(server, extra_body={"api_key": "k-1", "metadata": {"note": SECRET, "x-token": "k-2"}, "top_p": 1})
    texts = [
        str(caught.value),
        repr(caught.value),
        caplog.text,
        json.dumps(player.settings()),
        repr(vars(agent(server))),
    ]
    texts += player.act(["A room."], [info()])  # type: ignore[arg-type]
    assert server.headers[-1]["Authorization"] == f"Bearer {SECRET}"
    assert not [text for text in texts if "SECRET" in text]
    assert "k-1" not in texts[3] and "k-2" not in texts[3] and '"top_p": 1' in texts[3]


@pytest.mark.parametrize("key", ["two words", "sk-\u201cquoted\u201d", "sk-a\nsk-b", "\u0448"])
def test_a_key_that_can_be_none_is_refused_unseen(server: Server, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(AgentError, match=r"\$MY_KEY") as caught:
        agent(server, api_key_env="MY_KEY")
    assert key not in str(caught.value)
    with pytest.raises(AgentError, match="name of an environment variable") as caught:
        agent(server, api_key_env=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "ftp://host/v1", "http://", "http://host:port/v1", "http://host:99999", "http://ho st/v1"]
    + [
        "http://[::1/v1",
        "http://me:PASSWORD@host/v1",
        "http://PASSWORD@host",
        "http://host/v1?key=PASSWORD",
        "http://h\u00f6st",
    ],
)
def test_an_address_that_is_none_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(AgentError, match="address of an OpenAI-compatible server") as caught:
        OpenAIServerAgent("m", url)
    assert ":PASSWORD@" not in str(caught.value) and "//PASSWORD@" not in str(caught.value)


def test_none_leaves_a_field_out(server: Server) -> None:
    extra = {"max_completion_tokens": 9, "top_p": None}
    agent(server, temperature=None, max_tokens=None, seed=None, extra_body=extra).act(["A room."], [info()])
    assert set(server.requests[0]) == {"path", "model", "messages", "max_completion_tokens"}
    agent(server).act(["A room."], [info()])
    assert server.requests[1]["max_tokens"] == 4096


@pytest.mark.parametrize("said", ["System role not supported", "Conversation roles must alternate user/assistant"])
@pytest.mark.parametrize("status", [400, 500])
def test_a_server_without_a_system_role(server: Server, said: str, status: int) -> None:
    def answer(request: dict[str, Any], number: int) -> tuple[int, Any, dict[str, str]]:
        refused = any(message["role"] == "system" for message in request["messages"])
        return (status, {"error": said}, {}) if refused else (200, reply("Action: look"), {})

    server.answer = answer
    player = agent(server, system_prompt="Play.")
    assert player.act(["A room.", "A hall."], [info(0), info(1)]) == ["look", "look"]
    asked = len(server.requests)
    assert player.act(["Dust."], [info(0, step=1)]) == ["look"]
    assert len(server.requests) == asked + 1, "the role is not tried again"
    last = server.requests[-1]["messages"]
    assert [message["role"] for message in last] == ["user", "assistant", "user"]
    assert last[0]["content"] == "Play.\n\nA room."


def test_an_empty_system_prompt_sends_none(server: Server) -> None:
    agent(server, system_prompt="").act(["A room."], [info()])
    assert [message["role"] for message in server.requests[0]["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("content", "action"),
    [
        ([{"type": "text", "text": "Action: "}, {"type": "text", "text": "look"}], "look"),
        ([{"type": "thinking", "thinking": "Action: no", "text": "no"}, {"type": "text", "text": "look"}], "look"),
        (["look"], "look"),
        ([], ""),
        ([None, 3, {"type": "image_url"}], ""),
        (None, ""),
        ("Action: say \ud83d", "say \ufffd"),
        ("Action: say \U0001f600\\ud83d", "say \U0001f600\\ud83d"),
    ],
)
def test_what_counts_as_the_text_of_a_message(server: Server, content: Any, action: str) -> None:
    server.answer = lambda request, number: (200, reply(content), {})
    got = agent(server).act(["A room."], [info()])
    assert got == [action]
    str(got[0]).encode()


def test_reasoning_is_no_action_and_what_is_odd_is_counted(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    answers = [
        {"choices": [{"message": {"content": None, "reasoning_content": "Action: no"}, "finish_reason": "length"}]},
        reply("<think>I should look", finish_reason="length"),
        reply("<think>Action: no</think>Action: look", finish_reason="stop"),
    ]
    server.answer = lambda request, number: (200, answers[min(number, 3) - 1], {})
    player = agent(server)
    assert [player.act(["A room."], [info(step=step)])[0] for step in range(4)] == [
        "",
        "<think>I should look",
        "look",
        "look",
    ]
    counted = {"replies": 4, "unparsed": 2, "empty": 1, "cut": 2, "failed": 0, "total_tokens": 21}
    assert player.usage().items() >= counted.items()
    assert caplog.text.count("raise --agent-arg max_tokens") == 1, "each is said once"
    assert [message["content"] for message in server.requests[-1]["messages"]][-2] == "Action: look"


def test_useless_replies_stop_the_run(server: Server) -> None:
    server.answer = lambda request, number: (200, reply("I am sorry, I cannot play."), {})
    player = agent(server, concurrency=1)
    with pytest.raises(AgentUnusable, match="none of 20 replies.*cannot play"):
        for step in range(40):
            player.act(["A room."], [info(step=step)])
    assert len(server.requests) == 20
    server.answer = lambda request, number: (200, reply("Action: dance"), {})
    player = agent(server)
    with pytest.raises(AgentUnusable, match="none of 20 actions was executed.*dance"):
        for step in range(40):
            player.act(["A room."], [{**info(step=step), "grounded": step == 0}])
    patient = agent(server, patience=None)
    for step in range(30):
        patient.act(["A room."], [{**info(step=step), "grounded": False}])


def test_one_good_reply_is_enough(server: Server) -> None:
    server.answer = lambda request, number: (200, reply("Action: look" if number == 5 else "Well, well."), {})
    player = agent(server)
    for step in range(30):
        player.act(["A room."], [{**info(step=step), "grounded": step == 6}])
    assert (player.usage()["replies"], player.usage()["unparsed"]) == (30, 0)


@pytest.mark.parametrize("status", [400, 500])
def test_an_overflow_ends_its_episode_alone(server: Server, status: int) -> None:
    def answer(request: dict[str, Any], number: int) -> tuple[int, Any, dict[str, str]]:
        if "long" in request["messages"][-1]["content"]:
            return status, {"error": {"message": "This model's maximum context length is 8192 tokens."}}, {}
        return 200, reply("look"), {}

    server.answer = answer
    player = agent(server)
    first, second = player.act(["A long room.", "A room."], [info(0), info(1)])
    assert isinstance(first, AgentError) and not isinstance(first, AgentUnusable) and "context overflow" in str(first)
    assert second == "look"
    for _ in range(30):
        assert isinstance(player.act(["A long room."], [info(0)])[0], AgentError), "this never stops the run"
    assert player.act(["A room."], [info(0)]) == ["look"], "the next episode in the slot begins anew"


def test_a_failure_ends_its_episode_and_many_in_a_row_end_the_run(server: Server) -> None:
    server.answer = lambda request, number: (200, reply("look"), {}) if number == 1 else (500, b"broken", {})
    player = agent(server, retries=0, patience=3)
    player.act(["A room."], [info()])
    for _ in range(2):
        (failed,) = player.act(["A room."], [info()])
        assert isinstance(failed, AgentError) and "HTTP 500" in str(failed)
    with pytest.raises(AgentUnusable, match="HTTP 500"):
        player.act(["A room."], [info()])


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Unsupported parameter: use 'max_completion_tokens'", "max_tokens=null"),
        ("temperature must be 1", "temperature=null"),
    ],
)
def test_a_refused_field_is_told_with_the_option(server: Server, said: str, advice: str) -> None:
    server.answer = lambda request, number: (400, {"error": said}, {})
    with pytest.raises(AgentError, match=advice):
        agent(server).act(["A room."], [info()])


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("list_actions", "no", "list_actions=true"),
        ("list_actions", 1, "list_actions=true"),
        ("temperature", "hot", "temperature=0.5"),
        ("max_tokens", 1.5, "max_tokens=3"),
        ("max_tokens", True, "max_tokens=3"),
        ("system_prompt", 3, "system_prompt='\"3\"'"),
        ("extra_body", "x", "extra_body="),
    ],
)
def test_options_of_another_type_are_refused(server: Server, option: str, value: Any, says: str) -> None:
    with pytest.raises(AgentError, match=option) as caught:
        load_agent("openai:m", base_url=server.url, **{option: value})
    assert says in str(caught.value)
    load_agent("openai:m", base_url=server.url, list_actions=False, temperature=1, max_tokens=None, extra_body={"a": 1})


def test_an_unknown_option_does_not_show_its_value(server: Server) -> None:
    with pytest.raises(AgentError, match="api_key") as caught:
        load_agent("openai:m", base_url=server.url, api_key=SECRET)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wait", ["hang", "retry"])
def test_ctrl_c_ends_a_run_whose_requests_hang(server: Server, wait: str, tmp_path: Path) -> None:
    """Without it the process would wait for ten minutes, the test for one."""
    release = threading.Event()

    def answer(request: dict[str, Any], number: int) -> tuple[int, Any, dict[str, str]]:
        if wait == "hang":
            release.wait(120)
        return 503, b"busy", {"Retry-After": "60"}

    server.answer = answer
    script = f"""
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from spa_gym.agents.openai_server import OpenAIServerAgent
        agent = OpenAIServerAgent("m", {server.url!r}, timeout=600, backoff=60)
        agent.act(["x"] * 4, [{{"slot": slot}} for slot in range(4)])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    try:
        assert server.arrived.wait(60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        release.set()
    assert process.returncode != 0 and said.rstrip().endswith("KeyboardInterrupt")
