"""The command: what it reads from its arguments, and what it writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import attribution
from spa_gym.baselines.attribution.truth import TruthConfig


def test_toys_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = ["--batches", "2", "--episodes", "40"]
    monkeypatch.setattr(sys, "argv", ["attribution", "toys", *counts, "--out", str(tmp_path)])
    attribution.main()
    written = json.loads((tmp_path / "toys.json").read_text())
    assert (written["batches"], written["episodes"]) == (2, 40)
    scores = written["scores"]
    assert list(scores["ppo"]) == ["delayed", "recovery", "horizon"]
    assert "| ppo (to go) |" in (tmp_path / "toys.md").read_text()


def test_dictionaries_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[TruthConfig] = []

    def stop(config: TruthConfig) -> None:
        seen.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(attribution, "make_truth", stop)
    monkeypatch.setattr(sys, "argv", ["attribution", "truth", "--env-kwargs", '{"num": [1, 2]}', "--tasks", "3"])
    with pytest.raises(KeyboardInterrupt):
        attribution.main()
    assert seen[0].env_kwargs == {"num": [1, 2]} and seen[0].tasks == 3
