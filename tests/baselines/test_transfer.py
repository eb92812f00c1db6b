"""Scoring the policies of a study on official data: once each, and only those of the worlds that are asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spa_gym.baselines import transfer as transfer_module
from spa_gym.baselines.transfer import Transfer, transfer
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord


def test_policies_of_other_environments_and_seeds_and_of_no_row_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"test/greedy": {"success": 0.25}}
    for folder, env_id, seed, final in (
        ("alfworld/ppo-0", "SPA-ALFWorld-v0", 0, table),
        ("webshop/ppo-0", "SPA-WebShop-v0", 0, table),
        ("webshop/ppo-1", "SPA-WebShop-v0", 1, table),
        ("webshop/progress-advantage-1/outcome", "SPA-WebShop-v0", 1, {}),
    ):
        record = RunRecord(kind="train", method="ppo", env_id=env_id, seed=seed, final=final)
        record.save(tmp_path / folder / "record.json")
    played: list[tuple[Any, ...]] = []

    def evaluate(_model: Any, _codec: Any, env_id: str, env_kwargs: dict[str, Any], **more: Any) -> dict[str, Any]:
        played.append((env_id, env_kwargs, more["split"], more["positions"]))
        return {"success": 0.5}

    monkeypatch.setattr(transfer_module, "load_checkpoint", lambda _: SimpleNamespace(model=None, codec=None))
    monkeypatch.setattr(transfer_module, "evaluate_policy", evaluate)
    monkeypatch.setattr(transfer_module, "split_size", lambda *_: 500)
    settings = Transfer(runs=tmp_path, envs=("webshop",), seeds=(1,), max_tasks=5)
    assert transfer(settings) == transfer(settings) == {"webshop/ppo-1": 0.5}
    assert played == [("SPA-WebShop-v0", {"source": "official", "human_goals": False}, "test", [0, 100, 200, 300, 400])]
    assert "official_test/greedy" in RunRecord.load(tmp_path / "webshop" / "ppo-1" / "record.json").final
    for folder in ("alfworld/ppo-0", "webshop/ppo-0", "webshop/progress-advantage-1/outcome"):
        assert "official_test/greedy" not in RunRecord.load(tmp_path / folder / "record.json").final


def test_all_tasks_are_played_unless_fewer_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = RunRecord(kind="train", method="ppo", env_id="SPA-WebShop-v0", final={"test/greedy": {"success": 0.25}})
    record.save(tmp_path / "ppo-0" / "record.json")
    asked: list[Any] = []
    monkeypatch.setattr(transfer_module, "load_checkpoint", lambda _: SimpleNamespace(model=None, codec=None))
    monkeypatch.setattr(
        transfer_module, "evaluate_policy", lambda *_, **more: asked.append(more["positions"]) or {"success": 0.5}
    )
    transfer(Transfer(runs=tmp_path))
    assert asked == [None]
    with pytest.raises(BadArgument, match="max_tasks >= 1"):
        Transfer(max_tasks=0)


def test_a_world_that_is_none_is_refused() -> None:
    with pytest.raises(BadArgument, match="alfworld, webshop, virtualhome"):
        Transfer(envs=("garden",))
