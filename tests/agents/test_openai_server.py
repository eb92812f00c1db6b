"""OpenAIServerAgent against a small server on this machine: the chat that it sends, retries, and errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from spa_gym.agents.openai_server import OpenAIServerAgent, parse_action
from spa_gym.agents.protocol import AgentError

Answer = Callable[[dict[str, Any], int], tuple[int, Any, dict[str, str]]]


class Server:
    """Answers by a function of (request, number of the request) and keeps what it saw."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request, number: (200, reply("Action: look"), {})
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    outer.requests.append({"path": self.path, **request})
                    outer.headers.append(dict(self.headers))
                    number = len(outer.requests)
                status, body, headers = outer.answer(request, number)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1/"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


def reply(text: str, tokens: int = 7) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": {"total_tokens": tokens}}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


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
