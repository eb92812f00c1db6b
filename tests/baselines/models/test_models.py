"""Tiny models, heads and the lean forward: seeded, without side effects, the same function as Hugging Face's."""

from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from spa_gym.baselines.models import fast_forward
from spa_gym.baselines.models.fast_forward import features, logits_at, supports, token_logprobs
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.baselines.models.tiny import count_parameters, make_tiny, relate_name_embeddings
from tests.baselines.language import toy_codec


def loud(model):
    """Weights large enough that a mistake shows."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3.0) if parameter.dim() == 2 else parameter.add_(torch.linspace(-0.5, 0.5, len(parameter)))
    return model


def llama():
    config = LlamaConfig(
        vocab_size=90, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LlamaForCausalLM(config)


def qwen(kv_heads: int = 2):
    return make_tiny(90, hidden=64, layers=3, heads=2, kv_heads=kv_heads, max_positions=64)


def test_same_seed_same_weights_and_no_global_randomness():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second, other = qwen(), qwen(), make_tiny(90, hidden=64, layers=3, heads=2, seed=1)
    ScalarHead(64)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.model.embed_tokens.weight, other.model.embed_tokens.weight)
    assert first.lm_head.weight is first.model.embed_tokens.weight
    assert count_parameters(first) == sum(p.numel() for p in first.parameters())


@pytest.mark.parametrize(
    "sizes", [{"hidden": 64, "heads": 3}, {"hidden": 66, "heads": 22}, {"heads": 4, "kv_heads": 3}]
)
def test_sizes_that_do_not_fit(sizes):
    with pytest.raises(ValueError, match="heads"):
        make_tiny(90, **sizes)


@pytest.fixture(params=[True, False], ids=["by hand", "autograd"])
def by_hand(request, monkeypatch):
    """Both ways through the layers: on a CPU, and the one that a GPU takes."""
    if not request.param:
        monkeypatch.setattr(fast_forward, "_by_hand", lambda x, dtype: False)


@pytest.mark.parametrize("make", [lambda: qwen(2), lambda: qwen(1), llama])
def test_lean_forward_is_the_same_function(make, by_hand):
    model = loud(make())
    assert supports(model)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, 90, (3, 40), generator=generator)
    mask = torch.rand(3, 40, generator=generator) < 0.4
    mask[:, 0] = False
    logits = model(input_ids=ids).logits
    expected = torch.log_softmax(logits[:, :-1], -1).gather(2, ids[:, 1:, None])[..., 0][mask[:, 1:]]
    got = token_logprobs(model, ids, mask)
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=0)
    model.zero_grad()
    expected.square().sum().backward()
    wanted = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    got.square().sum().backward()
    for parameter, gradient in zip(model.parameters(), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("kv_heads", [1, 2])
def test_bf16_is_close(kv_heads, by_hand):
    model = qwen(kv_heads)
    ids = torch.randint(0, 90, (2, 30), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[:, 0] = False
    with torch.no_grad():
        exact, rough = token_logprobs(model, ids, mask), token_logprobs(model, ids, mask, dtype=torch.bfloat16)
    assert 0 < float((exact - rough).abs().max()) < 0.1


@pytest.mark.parametrize("make", [lambda: qwen(2), lambda: qwen(1), llama])
def test_gradients_in_bf16_are_those_in_float32(make, by_hand):
    model = loud(make())
    ids = torch.randint(1, 90, (3, 30), generator=torch.Generator().manual_seed(2))
    mask = torch.ones_like(ids, dtype=torch.bool)
    mask[:, 0] = False
    gradients = []
    for dtype in (None, torch.bfloat16):
        model.zero_grad()
        token_logprobs(model, ids, mask, dtype=dtype).mean().backward()
        gradients.append({name: parameter.grad.clone() for name, parameter in model.named_parameters()})
    for name, exact in gradients[0].items():
        rough = gradients[1][name]
        assert torch.cosine_similarity(exact.flatten(), rough.flatten(), 0) > 0.99, name
        assert 0.9 < float(rough.norm() / exact.norm()) < 1.1, name


def test_padding_on_the_right_changes_nothing(by_hand):
    model = loud(qwen())
    ids = torch.randint(0, 90, (1, 20), generator=torch.Generator().manual_seed(1))
    padded = torch.cat([ids, torch.zeros(1, 9, dtype=torch.long)], dim=1)
    torch.testing.assert_close(features(model, padded)[:, :20], features(model, ids), atol=1e-4, rtol=1e-4)


def test_other_models_fall_back():
    with torch.random.fork_rng(devices=[]):
        model = GPT2LMHeadModel(GPT2Config(vocab_size=50, n_positions=32, n_embd=16, n_layer=1, n_head=2)).eval()
    assert not supports(model)
    ids = torch.arange(12).view(1, 12)
    everywhere = torch.ones(1, 12, dtype=torch.bool)
    torch.testing.assert_close(logits_at(model, features(model, ids), everywhere)[None], model(input_ids=ids).logits)


def test_head_starts_without_an_opinion_and_learns():
    head = ScalarHead(16)
    states = torch.randn(4, 7, 16, generator=torch.Generator().manual_seed(0))
    assert head(states).shape == (4, 7)
    assert not head(states).any()
    head(states).sub(1).square().mean().backward()
    assert head.out.weight.grad is not None and head.out.weight.grad.any()


def test_related_names_start_alike():
    codec = toy_codec()
    model = make_tiny(len(codec.tokenizer), hidden=64, layers=1, heads=2)
    before = model.model.embed_tokens.weight.detach().clone()
    assert relate_name_embeddings(model, codec.tokenizer) == 3
    weight = model.model.embed_tokens.weight.detach()
    vocab = codec.tokenizer.get_vocab()
    rooms, key = [weight[vocab[f"room {i}"]] for i in (1, 2)], weight[vocab["key"]]
    assert torch.cosine_similarity(rooms[0], rooms[1], 0) > 0.25
    assert abs(torch.cosine_similarity(rooms[0], key, 0)) < 0.25
    assert torch.equal(key, before[vocab["key"]])
    assert 0.7 < float(rooms[0].std() / before.std()) < 1.4
