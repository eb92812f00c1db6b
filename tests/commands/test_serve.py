"""`spa-gym serve webshop` as a process: it says where it is, serves, ends by Ctrl-C; and refuses a port in use."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from spa_gym import cli
from spa_gym.commands.serve import Serve

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--num-products", "60", "--env-arg", "size=small"]


def test_it_serves_until_ctrl_c() -> None:
    run = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from spa_gym import cli"
    command = [sys.executable, "-c", f"{run}; sys.exit(cli.main())", "serve", "webshop", "--port", "0", *SMALL]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "60 products" in line and "Ctrl-C" in line
        url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(url + "task?task=0", timeout=20) as response:
            assert b"search_input" in response.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, out.strip(), err) == (0, "Stopped.", "")


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["serve", "webshop", "--port", str(port), *SMALL]) == 2
    said = capsys.readouterr().err
    assert f"{port}, which is in use" in said and "--port" in said


def test_options_reach_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["serve", "webshop", "--split", "nonsense", *SMALL]) == 2
    assert "nonsense" in capsys.readouterr().err
    arguments = Serve(data_dir="folder", human_goals=True, env_arg=["data_seed=3"])._arguments()
    assert (arguments["data_dir"], arguments["human_goals"], arguments["data_seed"]) == ("folder", True, 3)
