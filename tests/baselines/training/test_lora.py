"""LoRA: only adapters are trained, checkpoints are plain models, a foreign Hugging Face folder goes all the way."""

from __future__ import annotations

from pathlib import Path

import torch

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.lora import add_lora, merged
from spa_gym.baselines.models.tiny import make_tiny
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import train
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import ppo_config, sft_config


def test_a_new_adapter_changes_nothing_and_a_merged_one_computes_the_same() -> None:
    ids = torch.arange(12)[None]
    model = make_tiny(50, hidden=32, layers=2, heads=1)
    before = model(ids).logits
    adapted = add_lora(model, rank=4)
    assert torch.allclose(adapted(ids).logits, before, atol=1e-6)
    trained = {name for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    assert trained and all("lora_" in name for name in trained)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.3)
    moved = adapted(ids).logits
    assert not torch.allclose(moved, before, atol=1e-3)
    plain = merged(adapted)
    assert not any("lora_" in name for name in plain.state_dict())
    assert torch.allclose(plain(ids).logits, moved, atol=1e-5)


def test_rank_zero_is_the_model_itself() -> None:
    model = make_tiny(50, hidden=32, layers=1, heads=1)
    assert add_lora(model, rank=0) is model and merged(model) is model


def test_imitation_and_reinforcement_with_adapters_leave_plain_checkpoints(pipeline: Pipeline, tmp_path: Path) -> None:
    start = pipeline.folder / "pretrain" / "checkpoint"
    sft(sft_config(start, tmp_path / "sft", lora_rank=2))
    train(ppo_config(tmp_path / "sft" / "checkpoint", tmp_path / "ppo", lora_rank=2))
    first = load_checkpoint(start).model.state_dict()
    for stage in ("sft", "ppo"):
        states = load_checkpoint(tmp_path / stage / "checkpoint").model.state_dict()
        assert states.keys() == first.keys()
        assert torch.equal(states["model.embed_tokens.weight"], first["model.embed_tokens.weight"])
        assert not torch.equal(states["model.layers.0.mlp.up_proj.weight"], first["model.layers.0.mlp.up_proj.weight"])


def test_a_foreign_model_and_tokenizer_go_through_imitation(pipeline: Pipeline, tmp_path: Path) -> None:
    loaded = load_checkpoint(pipeline.folder / "pretrain" / "checkpoint")
    loaded.model.save_pretrained(tmp_path / "foreign")
    tokenizer = loaded.codec.tokenizer
    tokenizer.save_pretrained(tmp_path / "foreign")
    record = sft(sft_config(tmp_path / "foreign", tmp_path / "sft", lora_rank=2))
    assert record.updates == 2
    assert load_checkpoint(tmp_path / "sft" / "checkpoint").recipe["stage"] == "sft"
