"""The remote engine against a small completions server of our own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spa_gym.agents.protocol import AgentError
from spa_gym.baselines.rollout.engine_server import ServerEngine, ServerError
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from tests.baselines.language import make_env


class Handler(BaseHTTPRequestHandler):
    """Answers every prompt with "go right", after as many failures as it is told."""

    requests: list[dict]
    failures: int
    answer: dict

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = type(self)
        kind.requests.append({**body, "authorization": self.headers["Authorization"], "path": self.path})
        status = 200
        if body["model"] == "unknown":
            status = 404
        elif kind.failures:
            kind.failures -= 1
            status = 503
        data = json.dumps(kind.answer if status == 200 else {"error": "no such model"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    handler = type(
        "Fresh", (Handler,), {"requests": [], "failures": 0, "answer": {"choices": [{"text": " go right\n"}]}}
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1", handler
        http.shutdown()
        thread.join()


SPECS = [EpisodeSpec(task_id=i, seed=i) for i in range(5)]


def test_plays_episodes(server):
    url, handler = server
    played = ServerEngine(url, "m", api_key="k").run(make_env, SPECS, num_envs=2, max_action_tokens=7)
    assert [t.task_id for t in played] == [make_env().unwrapped.tasks[i].id for i in range(5)]
    assert all(step.action == "go right" and step.action_ids is None for t in played for step in t.steps)
    assert all(t.truncated and t.num_steps == 6 for t in played)
    first, request = played[0], handler.requests[0]
    assert request["path"] == "/v1/completions"
    assert request["authorization"] == "Bearer k"
    assert request["max_tokens"] == 7
    assert request["stop"] == ["\n"]
    prompts = {request["prompt"] for request in handler.requests}
    one, two = first.steps[0].observation, first.steps[1].observation
    assert f"Observation: {one}\nAction:" in prompts
    assert f"Observation: {one}\nAction: go right\nObservation: {two}\nAction:" in prompts


def test_tries_again(server):
    url, handler = server
    handler.failures = 2
    assert len(ServerEngine(url, "m", backoff=0.001).run(make_env, SPECS[:1])) == 1
    assert len(handler.requests) == 8


def test_refusals_are_told_at_once(server):
    url, handler = server
    with pytest.raises(ServerError, match="404.*no such model"):
        ServerEngine(url, "unknown").run(make_env, SPECS[:1])
    assert len(handler.requests) == 1


@pytest.mark.parametrize(
    "answer", [{"text": "go right"}, {"choices": None}, {"choices": [{"text": None}]}, {"choices": [{"text": 3}]}]
)
def test_strange_answer(server, answer):
    url, handler = server
    handler.answer = answer
    with pytest.raises(ServerError, match="choices"):
        ServerEngine(url, "m").run(make_env, SPECS[:1])


def test_the_key_is_trimmed_and_not_shown(server):
    url, handler = server
    handler.answer = {"error": "wrong key sk-abcdefgh"}
    with pytest.raises(ServerError, match=r"wrong key \*\*\*"):
        ServerEngine(url, "m", api_key="sk-abcdefgh\n").run(make_env, SPECS[:1])
    assert handler.requests[0]["authorization"] == "Bearer sk-abcdefgh"
    with pytest.raises(AgentError, match="not shown"):
        ServerEngine(url, "m", api_key="two words")
    with pytest.raises(AgentError, match="user name or password"):
        ServerEngine("http://me:word@host/v1", "m")


def test_no_server():
    with pytest.raises(ServerError, match="start the server"):
        ServerEngine("http://127.0.0.1:9/v1", "m", retries=0).run(make_env, SPECS[:1])


def test_prompt_too_long_ends_as_truncated(server):
    played = ServerEngine(server[0], "m", max_characters=150).run(make_env, SPECS[:2])
    assert all(t.truncated and 0 < t.num_steps < 6 for t in played)
