"""Smoke runs of every command, and what becomes of stops, kills and mistakes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest

from spa_gym import cli
from spa_gym.agents import RandomAgent
from spa_gym.commands.options import parse_pairs
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.evaluate import JOURNAL, RESULT, progress_of
from tests.toy import TOY_ID

TOY = f"tests.toy:{TOY_ID}"
ROOT = Path(__file__).resolve().parent.parent


class Slow(RandomAgent):
    """Takes its time, so that a test can stop it."""

    def act(self, observations, infos):
        time.sleep(0.02)
        return super().act(observations, infos)


class Stopped(RandomAgent):
    """Is stopped by its user after some calls."""

    def __init__(self, seed: int = 0, after: int = 45) -> None:
        super().__init__(seed)
        self._left = after

    def act(self, observations, infos):
        self._left -= 1
        if self._left < 0:
            raise KeyboardInterrupt
        return super().act(observations, infos)


def evaluate_args(out: Path, agent: str = "random", *more: str) -> list[str]:
    return ["evaluate", "--env", TOY, "--split", "train", "--agent", agent, "--out", str(out), "--num-envs", "2", *more]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """A process of its own, which Ctrl-C reaches also where the test runs in the background of a shell."""
    run = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from spa_gym import cli"
    command = [sys.executable, "-c", f"{run}; sys.exit(cli.main())", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_episodes(process: subprocess.Popen[str], out: Path, count: int = 2) -> None:
    deadline = time.monotonic() + 60
    while progress_of(out) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no episode ended within a minute"
        time.sleep(0.01)


def rows(out: Path) -> list[dict[str, Any]]:
    return RunRecord.load(out / RESULT).tasks


def test_evaluate_and_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(evaluate_args(tmp_path, "expert")) == 0
    printed = capsys.readouterr().out
    assert "6 of 6 tasks, agent expert" in printed and "success   1.000  [0.610, 1.000]" in printed
    assert cli.main(["verify", str(tmp_path), "--env", TOY]) == 0
    assert "verified: 6 episodes" in capsys.readouterr().out
    data = json.loads((tmp_path / RESULT).read_text())
    data["tasks"][0]["score"] = 0.3
    (tmp_path / RESULT).write_text(json.dumps(data))
    assert cli.main(["verify", str(tmp_path / RESULT), "--env", TOY]) == 1
    assert "NOT verified, 1 differences" in capsys.readouterr().out


def test_evaluate_finds_an_agent_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_agent_file.py").write_text("def act(observation):\n    return 'go right'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert cli.main(evaluate_args(tmp_path / "out", "my_agent_file:act")) == 0
    assert RunRecord.load(tmp_path / "out" / RESULT).method == "my_agent_file:act"


def test_default_folder_and_public_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = evaluate_args(tmp_path)
    del arguments[arguments.index("--out") : arguments.index("--out") + 2]
    assert cli.main(arguments) == 0
    (folder,) = (tmp_path / "results").iterdir()
    assert re.fullmatch(r"tests\.toy_SPA-Toy-v0-train-random-seed0-[0-9a-f]{6}", folder.name)
    assert (folder / RESULT).exists()
    assert cli.main(arguments) == 0 and cli.main([*arguments, "--max-tasks", "2"]) == 0
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_model_agents_are_named_without_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[tuple[str, int]] = []
    module = types.ModuleType("spa_gym.baselines.rollout.agent")

    def load_agent(path: str, seed: int = 0) -> RandomAgent:
        loaded.append((path, seed))
        return RandomAgent(seed)

    module.load_agent = load_agent  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert cli.main(evaluate_args(tmp_path, "model:/home/me/runs/ppo/final", "--seed", "3")) == 0
    assert loaded == [("/home/me/runs/ppo/final", 3)]
    assert "/home/me" not in (tmp_path / RESULT).read_text()


@pytest.mark.slow
def test_kill_and_resume(tmp_path: Path) -> None:
    arguments = evaluate_args(tmp_path / "killed", "tests.test_cli:Slow")
    process = start(arguments)
    wait_for_episodes(process, tmp_path / "killed")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = progress_of(tmp_path / "killed")
    assert 2 <= done < 6 and not (tmp_path / "killed" / RESULT).exists()
    assert cli.main(arguments) == 0
    assert cli.main(evaluate_args(tmp_path / "whole")) == 0
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")
    assert cli.main(["verify", str(tmp_path / "killed"), "--env", TOY]) == 0


@pytest.mark.slow
def test_ctrl_c_of_a_process(tmp_path: Path) -> None:
    process = start(evaluate_args(tmp_path, "tests.test_cli:Slow"))
    wait_for_episodes(process, tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said and "finished episodes are saved" in said and "same command" in said


def test_ctrl_c_says_what_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(evaluate_args(tmp_path, "tests.test_cli:Stopped")) == 130
    said = capsys.readouterr().err
    assert f"{progress_of(tmp_path)} finished episodes are saved in {tmp_path / JOURNAL}" in said


def test_ctrl_c_before_anything_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--agent-arg", "seed=1", "--agent-arg", "after=0"]
    assert cli.main([*evaluate_args(tmp_path, "tests.test_cli:Stopped"), *options]) == 130
    assert "nothing was saved" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--env", "SPA-Nowhere-v0"], "SPA-ALFWorld-v0"),
        (["--env", "not an id!"], "id"),
        (["--env-arg", "colour=red"], "colour"),
        (["--env-arg", "colour"], "KEY=VALUE"),
        (["--agent", "nobody"], "random, expert"),
        (["--agent", "no.module:Here"], "spelling"),
        (["--agent-arg", "speed=3"], "--agent-arg"),
        (["--seed", "-1"], "seed >= 0"),
        (["--max-tasks", "0"], "max_tasks >= 1"),
    ],
)
def test_mistakes_give_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: list[str], says: str
) -> None:
    assert cli.main([*evaluate_args(tmp_path), *change]) == 2
    printed = capsys.readouterr()
    assert says in printed.err and "Traceback" not in printed.err and printed.out == ""
    assert not (tmp_path / RESULT).exists()


@pytest.mark.parametrize("arguments", [["verify", "nowhere"], ["report", "nowhere"], ["play", "--seed", "-1"]])
def test_mistakes_of_the_other_commands(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == 2
    assert capsys.readouterr().err.startswith("spa-gym: expected ")


@pytest.mark.parametrize(
    "arguments", [["dance"], ["evaluate"], ["evaluate", "--agent", "random", "--num-envs", "many"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_help_of_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([command, "--help"])
    assert left.value.code == 0 and command in capsys.readouterr().out


def test_a_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spa_gym.core.journal.os.fsync", full)
    assert cli.main(evaluate_args(tmp_path)) == 2
    assert "No space left on device" in capsys.readouterr().err


def play(monkeypatch: pytest.MonkeyPatch, typed: list[Any], *more: str) -> int:
    answers = iter(typed)

    def answer(prompt: str = "") -> str:
        nxt = next(answers, EOFError)
        if isinstance(nxt, str):
            return nxt
        raise nxt

    monkeypatch.setattr("builtins.input", answer)
    return cli.main(["play", "--env", TOY, "--task", "1", "--seed", "0", *more])


def test_play_to_the_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import gymnasium as gym

    env = gym.make(TOY)
    env.reset(seed=0, options={"task_id": 1})
    plan = list(env.unwrapped.expert())  # type: ignore[attr-defined]
    assert play(monkeypatch, plan) == 0
    printed = capsys.readouterr().out
    assert f"solved: score 1.00 after {len(plan)} steps" in printed
    assert "Leave a corridor of 4." in printed


def test_play_numbers_help_and_leaving(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = ["?", ":actions", ":goal", ":hint", "", "99", "1", "dance", ":quit"]
    assert play(monkeypatch, typed) == 0
    printed = capsys.readouterr().out
    assert "Ctrl-D" in printed and "There is no action 99" in printed and "(not possible now)" in printed
    assert "left: score 0.00 after 2 steps" in printed


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
def test_play_is_left_cleanly(key: type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, ["1", key]) == 0
    assert "left: score 0.00 after 1 step\n" in capsys.readouterr().out


def test_play_stops_at_the_step_limit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, ["dance"] * 50) == 0
    assert "step limit: score 0.00 after 40 steps" in capsys.readouterr().out


def test_play_an_unknown_task(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, [], "--task", "77") == 2
    assert "position from 0 to 5" in capsys.readouterr().err


DIGITS = ["²", "٣", "9" * 5000, "①", "0" * 5000 + "1", "-1", "1e3"]


@pytest.mark.parametrize("text", DIGITS)
def test_play_odd_numbers(text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, [text, ":quit"]) == 0
    assert ("There is no action" if text.isascii() and text.isdecimal() else "(not possible") in capsys.readouterr().out
    assert play(monkeypatch, [], "--task", text) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_play_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert play(monkeypatch, [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "1"]) == 0
    assert "That was no text." in capsys.readouterr().out


@pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5000, '"\\ud800"', "NaN", "[1e999]", "{"])
def test_values_that_are_no_strict_json_are_texts(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert parse_pairs([f"size={value}"], "--env-arg") == {"size": value}
    assert cli.main(["evaluate", "--agent", "random", "--split", "train", "--env-arg", f"size={value}"]) == 2


def test_a_module_in_the_current_folder_takes_no_others_place(tmp_path: Path) -> None:
    """As the installed command starts, whose own folder is first on the path and the current one nowhere."""
    for name in ("rapidfuzz", "tqdm", "spa_gym_plugins", "colorsys"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "mine.py").write_text("def act(observation):\n    return 'look'\n")
    shop = ["--env", "SPA-WebShop-v0", "--env-arg", "size=small", "--max-tasks", "1"]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from spa_gym.cli import main; sys.exit(main())"
    for agent in ("random", "mine:act"):
        command = [sys.executable, "-P", "-c", code, *evaluate_args(tmp_path / agent[:4], agent), *shop]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=_clean())
        assert done.returncode == 0 and "shadowed" not in done.stderr, done.stderr


def _clean() -> dict[str, str]:
    """The environment without a search path that begins with the current folder."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    assert cli.main(evaluate_args(tmp_path / "runs")) == 0
    assert cli.main(["report", str(tmp_path / "runs"), "--out", str(tmp_path / "report")]) == 0
    assert "| random | 6 |" in capsys.readouterr().out
    assert (tmp_path / "report" / "report.html").exists()


def test_report_of_several_environments_shows_their_common_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    final = {"test/sampled": {"success": 0.5, "n": 2, "successes": [0, 1], "grounding": 1.0, "steps": 3.0}}
    for env in ("SPA-ALFWorld-v0", "SPA-WebShop-v0"):
        RunRecord(kind="train", method="ppo", env_id=env, final=final).save(tmp_path / "runs" / f"{env}.json")
    assert cli.main(["report", str(tmp_path / "runs"), "--out", str(tmp_path / "report")]) == 0
    shown, written = capsys.readouterr().out, (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "| ppo | 0.500" in shown and "report.html" in shown and "## How to read it" not in shown
    assert "## How to read it" in written and "Cost of a run" in written


def test_reproduce_calls_the_pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")  # it writes a report
    calls: list[tuple[Any, ...]] = []

    def reproduce(preset: str, out: Path, envs: tuple[str, ...], *more: Any, **named: Any) -> list[Path]:
        calls.append((preset, out, envs, *more, *named.values()))
        final = {"valid_unseen/greedy": {"success": 0.5, "n": 2, "successes": [0, 1], "grounding": 1.0, "steps": 3.0}}
        RunRecord(kind="train", method="ppo", env_id="SPA-ALFWorld-v0", final=final).save(out / "runs" / "ppo-0.json")
        return [out / "runs"]

    module = types.ModuleType("spa_gym.baselines.reproduce")
    module.reproduce = reproduce  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert cli.main(["reproduce", "--preset", "cpu", "--out", str(tmp_path), "--parallel", "3"]) == 0
    assert cli.main(["reproduce", "--env", "alfworld", "--out", str(tmp_path)]) == 0
    part = ["--method", "ppo", "rloo", "--seed", "3", "4", "--env-steps", "2000", "--ablations"]
    assert cli.main(["reproduce", *part, "--out", str(tmp_path)]) == 0
    assert calls == [
        ("cpu", tmp_path, (), (), (), None, False, 3, "auto"),
        ("quick", tmp_path, ("alfworld",), (), (), None, False, None, "auto"),
        ("quick", tmp_path, (), ("ppo", "rloo"), (3, 4), 2000, True, None, "auto"),
    ]
    assert all((tmp_path / name / "report.html").is_file() for name in ("report", "report-ablations"))
    assert cli.main(["reproduce", "--trials", "--seed", "3", "--out", str(tmp_path)]) == 2


def test_reproduce_interrupted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def reproduce(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    module = types.ModuleType("spa_gym.baselines.reproduce")
    module.reproduce = reproduce  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert cli.main(["reproduce", "--out", str(tmp_path)]) == 130
    assert str(tmp_path) in capsys.readouterr().err


def test_pairs() -> None:
    read = parse_pairs(["a=1", "b=x=y", "c=", "d=[1, 2]", "e=True", "f=None", "g=2.1.2"], "--env-arg")
    assert read == {"a": 1, "b": "x=y", "c": "", "d": [1, 2], "e": True, "f": None, "g": "2.1.2"}
    for wrong in ("a", "=1", "a b=1"):
        with pytest.raises(BadArgument, match="KEY=VALUE"):
            parse_pairs([wrong], "--env-arg")
