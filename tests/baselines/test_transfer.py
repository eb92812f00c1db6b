"""Scoring the policies of a study elsewhere: once each, and only those of the environment that is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spa_gym.baselines import transfer as transfer_module
from spa_gym.baselines.transfer import Transfer, transfer
from spa_gym.core.run_record import RunRecord


def test_policies_of_other_environments_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, env_id in (("alfworld/ppo-0", "SPA-ALFWorld-v0"), ("webshop/ppo-0", "SPA-WebShop-v0")):
        RunRecord(kind="train", method="ppo", env_id=env_id, seed=3).save(tmp_path / folder / "record.json")
    played: list[tuple[str, dict[str, Any], str]] = []

    def evaluate(_model: Any, _codec: Any, env_id: str, env_kwargs: dict[str, Any], **more: Any) -> dict[str, Any]:
        played.append((env_id, env_kwargs, more["split"]))
        return {"success": 0.5}

    monkeypatch.setattr(transfer_module, "load_checkpoint", lambda _: SimpleNamespace(model=None, codec=None))
    monkeypatch.setattr(transfer_module, "evaluate_policy", evaluate)
    settings = Transfer(runs=tmp_path, env_id="SPA-WebShop-v0", split="test")
    assert transfer(settings) == transfer(settings) == {"webshop/ppo-0": 0.5}
    assert played == [("SPA-WebShop-v0", {"source": "official"}, "test")]
    assert "official_test/greedy" in RunRecord.load(tmp_path / "webshop" / "ppo-0" / "record.json").final
    assert not RunRecord.load(tmp_path / "alfworld" / "ppo-0" / "record.json").final
