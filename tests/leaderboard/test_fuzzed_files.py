"""Fuzzed results, records and trajectories: `verify` and `report` answer with an exit code, never with a traceback.

A good file is mutated: keys and values deleted, replaced by odd ones, doubled; bytes cut, flipped, put in. A mutated
result may verify only if what was mutated is declared by its author and cannot be checked.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spa_gym import cli
from spa_gym.agents import RandomAgent
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import RESULT, TRAJECTORIES, evaluate

EXAMPLES = int(os.environ.get("SPA_GYM_FUZZ_EXAMPLES", "200"))
"""Of results; a report takes longer, and has a fifth of them."""
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
FUZZ = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=SLOW, derandomize=True)
RAW = {
    "@NaN": "NaN",
    "@infinite": "-Infinity",
    "@beyond": "1e999",
    "@huge": "1" + "0" * 400,
    "@digits": "9" * 5000,
    "@deep": "[" * 150 + "]" * 150,
    "@deeper": '{"a":' * 5000 + "1" + "}" * 5000,
    "@bottomless": "[" * 100_000,
}
"""What Python does not write, put into the text in place of a name."""
ODD = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 3, 2**53, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, 5e-324),
        *(
            "",
            "x",
            "0",
            "os:system",
            "../x",
            "https://x.org",
            "\ud83d",
            "\x00\x1b[2J",
            "$\\frac{x$",
            "a|b\nc",
            "z" * 5000,
        ),
        *([], {}, [None], [[]], {"a": {"b": 1}}, {"": ""}, [0] * 500, ["x", 1, None], *RAW),
    ]
).map(copy.deepcopy)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values within a value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(place for key in keys for place in places(value[key], (*path, key)))]


@st.composite
def mutated_json(draw: st.DrawFn, good: Any) -> bytes:
    """The text of a JSON value after one to three changes of its content."""
    value, doubled = copy.deepcopy({"root": good}), False
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(places(value)[1:]))
        owner = value
        for key in way:
            owner = owner[key]
        action = draw(st.sampled_from(["delete", "replace", "replace", "rename", "add", "double"]))
        if action == "delete" and way:
            del owner[last]
        elif action == "rename" and isinstance(owner, dict) and way:
            owner[draw(st.sampled_from(["split", "more", "data_dir", "", "\ud83d", "z" * 300]))] = owner.pop(last)
        elif action == "add" and isinstance(owner[last], dict):
            owner[last][draw(st.sampled_from(["split", "more", "data_dir", "error", "tokens"]))] = draw(ODD)
        elif action == "add" and isinstance(owner[last], list):
            owner[last] += owner[last][:1] or [draw(ODD)]
        elif action == "double" and isinstance(owner, dict) and way:
            owner[f"@double{last}"], doubled = draw(ODD), True
        else:
            owner[last] = draw(ODD)
        if "root" not in value:
            break
    text = json.dumps(value["root"])
    text = text.replace('"@double', '"') if doubled else text
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode()


@st.composite
def mutated_bytes(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes that are cut, flipped or interrupted by others."""
    place = draw(st.integers(0, len(good) - 1))
    action = draw(st.sampled_from(["cut", "flip", "put in", "turn round", "twice"]))
    if action == "cut":
        return good[:place]
    if action == "flip":
        return good[:place] + bytes([good[place] ^ draw(st.integers(1, 255))]) + good[place + 1 :]
    if action == "put in":
        return good[:place] + draw(st.binary(min_size=1, max_size=4)) + good[place:]
    return good[::-1] if action == "turn round" else good + good[:place]


@st.composite
def mutated_lines(draw: st.DrawFn, good: bytes) -> bytes:
    """A JSONL file of which one line is mutated, left out or doubled."""
    lines = good.splitlines()
    place = draw(st.integers(0, len(lines) - 1))
    action = draw(st.sampled_from(["json", "json", "json", "leave out", "double"]))
    if action == "json":
        lines[place] = draw(mutated_json(json.loads(lines[place])))
    else:
        lines[place : place + 1] = [lines[place]] * (0 if action == "leave out" else 2)
    return b"\n".join([*lines, b""])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small result, with progress among its arguments so that numbers are in its steps."""
    folder = tmp_path_factory.mktemp("good")
    kwargs = {"size": "small", "max_episode_steps": 4, "progress": True}
    evaluate("SPA-ALFWorld-v0", kwargs, "valid_unseen", RandomAgent(), 2, 0, folder, max_tasks=3, progress_bar=False)
    return folder


def answer(command: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """The exit code, after a check that it comes with one message."""
    code = cli.main(command)
    said = capsys.readouterr()
    assert code in (0, 1, 2), code
    if code == 2:
        assert said.err.startswith("spa-gym: ") and len(said.err.splitlines()) == 1 and not said.out, said.err
    if command[0] == "verify" and code < 2:
        assert said.out.splitlines()[-1].startswith("verified" if code == 0 else "NOT verified"), said.out
    return code


def checked_part(content: bytes) -> Any:
    """What of a result is not only declared: equal in two results that both verify."""
    record = json.loads(content)
    settings = {
        name: record["settings"].get(name) for name in ("split", "split_size", "num_tasks", "max_episode_steps")
    }
    rows = [
        {n: v for n, v in row.items() if n not in ("tokens", "seconds", "cost", "error")} for row in record["tasks"]
    ]
    names = ("env_id", "seed", "metrics", "env_steps")
    rows.sort(key=lambda row: row["position"])
    return settings, rows, {name: record[name] for name in names}


@FUZZ
@given(data=st.data())
def test_mutated_results(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: st.DataObject) -> None:
    folder = tmp_path / "result"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, folder)
    name = data.draw(st.sampled_from([RESULT, RESULT, TRAJECTORIES]))
    content = (good / name).read_bytes()
    structured = mutated_json(json.loads(content)) if name == RESULT else mutated_lines(content)
    (folder / name).write_bytes(data.draw(structured | structured | mutated_bytes(content)))
    code = answer(["verify", str(folder)], capsys)
    if code == 0:
        assert checked_part((folder / RESULT).read_bytes()) == checked_part((good / RESULT).read_bytes())


@pytest.fixture(scope="module")
def run_record() -> dict[str, Any]:
    """A training of everything that a report reads."""
    final = {"success": 0.5, "n": 2, "successes": [0, 1], "scores": [0.5, 1.0], "task_types": ["a", "b"], "score": 0.75}
    final |= {"expert_steps": [3, 5], "task_grounded": [2, 4], "task_steps": [4, 5], "positions": [0, 7]}
    record = RunRecord("train", "spa", "SPA-ALFWorld-v0", {"size": "small"}, metrics={"exploration_env_steps": 5})
    record.final = {"valid_unseen/greedy": {**final, "grounding": 0.7, "steps": 4.5}}
    record.curves = {"env_steps": [0, 5, 10], "success_sampled": [0.1, None, 0.3], "tokens": [0, 50, 100]}
    record.curves |= {"episode_length": [5.0, 4.0, 3.0], "continued_steps": [0, 1, 2]}
    record.elapsed_s = [0.0, 1.5, 3.0]
    return record.as_dict()


@settings(FUZZ, max_examples=max(1, EXAMPLES // 5))
@given(data=st.data())
def test_mutated_records(
    good: Path,
    run_record: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    data: st.DataObject,
) -> None:
    """The report of a good and a mutated training, and of a mutated evaluation; one in twenty is drawn to the end."""
    pytest.importorskip("matplotlib")
    runs = tmp_path / "runs"
    runs.mkdir(exist_ok=True)
    (runs / "ppo.json").write_text(json.dumps({**run_record, "method": "ppo"}))
    evaluation = (good / RESULT).read_bytes()
    record, name = data.draw(st.sampled_from([(run_record, "spa.json"), (json.loads(evaluation), "evaluation.json")]))
    for path in ("spa.json", "evaluation.json"):
        (runs / path).unlink(missing_ok=True)
    content = json.dumps(record).encode()
    (runs / name).write_bytes(data.draw(mutated_json(record) | mutated_json(record) | mutated_bytes(content)))
    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of matplotlib: letters that no font has, names too long for their axes
        if data.draw(st.integers(0, 19)):
            patched.setattr("matplotlib.figure.Figure.savefig", lambda self, buffer, **_: buffer.write(b"png"))
        assert answer(["report", str(runs), "--out", str(tmp_path / "report")], capsys) in (0, 2)
