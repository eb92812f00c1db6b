"""Checkpoints: what is saved is what is loaded, a failure leaves the old one, and strange folders are refused."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from spa_gym.baselines.models import checkpoint as module
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.core.errors import BadArgument, CheckpointMismatch, DataNotFound, WriteFailed
from tests.baselines.language import toy_codec, toy_model


@pytest.fixture
def folder(tmp_path):
    return save_checkpoint(
        tmp_path / "a", toy_model(), toy_codec(), recipe={"steps": 3}, heads={"value": ScalarHead(64)}
    )


def test_round_trip(folder):
    loaded = load_checkpoint(folder)
    assert loaded.recipe == {"steps": 3}
    assert loaded.codec.layout == toy_codec().layout
    assert loaded.codec.tokenizer.get_vocab() == toy_codec().tokenizer.get_vocab()
    ids = torch.arange(20)[None]
    assert torch.equal(loaded.model(input_ids=ids).logits, toy_model()(input_ids=ids).logits)
    assert loaded.model.lm_head.weight is loaded.model.model.embed_tokens.weight
    head = ScalarHead(64, seed=9)
    head.load_state_dict(loaded.heads["value"])
    assert torch.equal(head.hidden.weight, ScalarHead(64).hidden.weight)
    assert not list(folder.parent.glob(".*")), "temporary folders must be gone"


def test_bf16_halves_the_file(folder, tmp_path):
    small = save_checkpoint(tmp_path / "b", toy_model(), toy_codec(), dtype=torch.bfloat16)
    sizes = [(f / "model.safetensors").stat().st_size for f in (small, folder)]
    assert sizes[0] < 0.55 * sizes[1]
    assert next(load_checkpoint(small).model.parameters()).dtype == torch.float32


def test_failed_write_leaves_the_old_one(folder, monkeypatch):
    def full_disk(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "save_file", full_disk)
    with pytest.raises(WriteFailed, match="No space left"):
        save_checkpoint(folder, toy_model(), toy_codec(), recipe={"steps": 4})
    assert load_checkpoint(folder).recipe == {"steps": 3}
    assert not list(folder.parent.glob(".*"))


def test_overwrites(folder):
    save_checkpoint(folder, toy_model(), toy_codec(), recipe={"steps": 4})
    loaded = load_checkpoint(folder)
    assert loaded.recipe == {"steps": 4}
    assert loaded.heads == {}


def test_killed_between_the_renames(folder):
    folder.rename(folder.with_name(f".{folder.name}.old"))
    assert load_checkpoint(folder).recipe == {"steps": 3}


def test_other_version(folder):
    meta = json.loads((folder / "spa_gym.json").read_text())
    (folder / "spa_gym.json").write_text(json.dumps({**meta, "version": 99}))
    with pytest.raises(CheckpointMismatch, match="version 1.*version 99"):
        load_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 1, "layout": {"bos": ""}}'])
def test_broken_meta(folder, text):
    (folder / "spa_gym.json").write_text(text)
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(folder)


def test_pickle_instead_of_safetensors(folder):
    (folder / "model.safetensors").unlink()
    (folder / "heads.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointMismatch, match="run code"):
        load_checkpoint(folder)
    with pytest.raises(CheckpointMismatch, match="pass the folder"):
        load_checkpoint(folder / "pytorch_model.bin")


def test_pickle_under_the_name_of_safetensors(folder):
    (folder / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(folder)


def test_cut_short(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(folder)


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_weights_that_do_not_fit(folder, change):
    states = load_file(folder / "model.safetensors")
    name = "model.layers.0.mlp.up_proj.weight"
    if change == "missing":
        del states[name]
    elif change == "extra":
        states["stranger"] = torch.zeros(1)
    else:
        states[name] = states[name][:-1].clone()
    save_file(states, folder / "model.safetensors")
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(folder)


def test_missing_folder(tmp_path):
    with pytest.raises(DataNotFound, match="nothing there"):
        load_checkpoint(tmp_path / "nowhere")


def test_any_hugging_face_folder(tmp_path):
    toy_model().save_pretrained(tmp_path)
    toy_codec().tokenizer.save_pretrained(tmp_path)
    loaded = load_checkpoint(tmp_path)
    ids = torch.arange(20)[None]
    assert torch.equal(loaded.model(input_ids=ids).logits, toy_model()(input_ids=ids).logits)
    assert loaded.recipe == {}


SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


@pytest.mark.parametrize(
    "config",
    [
        transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=400),
        transformers.LlamaConfig(**SMALL, vocab_size=400),
        transformers.MixtralConfig(**SMALL, vocab_size=400, num_local_experts=4),
        transformers.Gemma2Config(**SMALL, vocab_size=400, head_dim=16),
        transformers.BloomConfig(hidden_size=32, n_layer=2, n_head=2, vocab_size=400),
    ],
    ids=lambda config: config.model_type,
)
def test_other_architectures_pass_the_checks(tmp_path, config):
    """Names of weights that are fused or renamed when they are read, tied embeddings, no length of its own."""
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    model.save_pretrained(tmp_path)
    toy_codec().tokenizer.save_pretrained(tmp_path)
    ids = torch.arange(20)[None]
    torch.testing.assert_close(load_checkpoint(tmp_path).model(input_ids=ids).logits, model(input_ids=ids).logits)


def test_adapter_on_top(folder, tmp_path):
    peft = pytest.importorskip("peft")
    base = load_checkpoint(folder).model
    adapted = peft.get_peft_model(
        base, peft.LoraConfig(target_modules=["q_proj", "v_proj"], r=4, init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path / "lora")
    loaded = load_checkpoint(folder, adapter=tmp_path / "lora")
    ids = torch.arange(20)[None]
    torch.testing.assert_close(loaded.model(input_ids=ids).logits, adapted.eval()(input_ids=ids).logits)
    assert not torch.allclose(loaded.model(input_ids=ids).logits, toy_model()(input_ids=ids).logits)


@pytest.mark.parametrize("harm", ["a pickle beside a decoy", "settings deep", "weights cut", "nothing"])
def test_a_broken_adapter_is_a_named_error(folder, tmp_path, harm):
    peft = pytest.importorskip("peft")
    place = tmp_path / "lora"
    peft.get_peft_model(load_checkpoint(folder).model, peft.LoraConfig(target_modules=["q_proj"])).save_pretrained(
        place
    )
    weights = place / "adapter_model.safetensors"
    if harm == "a pickle beside a decoy":
        weights.rename(place / "decoy.safetensors")
        (place / "adapter_model.bin").write_bytes(pickle.dumps({"a": 1}))
    elif harm == "settings deep":
        (place / "adapter_config.json").write_text("[" * 100_000)
    elif harm == "weights cut":
        weights.write_bytes(weights.read_bytes()[:100])
    else:
        place = tmp_path / "nowhere"
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(folder, adapter=place)


def test_a_layout_for_a_checkpoint_that_has_one(folder):
    with pytest.raises(BadArgument, match="has its own"):
        load_checkpoint(folder, layout="text")
