"""The command: what it reads from its arguments, and what it writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import attribution
from spa_gym.baselines.attribution.truth import TruthConfig
from spa_gym.core.errors import DataNotFound
from spa_gym.core.run_record import RunRecord


def test_toys_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = ["--batches", "2", "--episodes", "40"]
    monkeypatch.setattr(sys, "argv", ["attribution", "toys", *counts, "--out", str(tmp_path)])
    attribution.main()
    written = json.loads((tmp_path / "toys.json").read_text())
    assert (written["batches"], written["episodes"]) == (2, 40)
    scores = written["scores"]
    assert list(scores["ppo"]) == ["delayed", "recovery", "horizon"]
    assert "| ppo (to go) |" in (tmp_path / "toys.md").read_text()


def test_agreement_is_drawn_against_gain_from_tables_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A reward's form is the one that the loss sees; `rloo` gains most and agrees most, in both figures."""
    scorers = {}
    for name, success, cosine in (("ppo", 0.3, 0.5), ("spa", 0.1, 0.1), ("rloo", 0.4, 0.9)):
        record = RunRecord("train", name, "SPA-ALFWorld-v0", seed=0, final={"test/sampled": {"success": success}})
        record.save(tmp_path / "study" / f"{name}-0.json")
        figures = {name: {"mean": cosine, "low": 0.0, "high": 1.0} for name in ("spearman", "gradient_cosine")}
        wrong = {name: {"mean": -cosine, "low": -1.0, "high": 0.0} for name in figures}
        paid = {"step": {"figures": wrong}, "gae": {"figures": figures}}
        scorers[name] = {"rows": {"step": {"figures": figures}} if name == "rloo" else paid}
    (tmp_path / "attribution.json").write_text(json.dumps({"scorers": scorers}))
    arguments = ["--tables", str(tmp_path), "--study", str(tmp_path / "study")]
    monkeypatch.setattr(sys, "argv", ["attribution", "gain", *arguments])
    with caplog.at_level("INFO"):
        attribution.main()
    assert caplog.text.count("rank correlation +1.00 over 3 methods") == 2
    assert {path.name for path in tmp_path.glob("*.png")} == {"gain_spearman.png", "gain_gradient_cosine.png"}


def test_a_folder_without_tables_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match="attribution.json"):
        attribution.gain(attribution.GainConfig(tables=tmp_path))


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
