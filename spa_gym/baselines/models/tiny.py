"""A tiny causal language model from nothing: a Qwen3 configuration small enough to train on one core.

Qwen3 because it has what makes copying easy to learn: rotary positions, normalised queries and keys, tied embeddings.
Names that belong together ("apple", "apple 1", "apple 2") may start from related embeddings
(:func:`relate_name_embeddings`): otherwise that "apple 2" is an apple has to be learnt for every number anew.
"""

from __future__ import annotations

import re

import torch
from transformers import PreTrainedTokenizerBase, Qwen3Config, Qwen3ForCausalLM

__all__ = ["count_parameters", "make_tiny", "relate_name_embeddings"]


def make_tiny(
    vocab_size: int,
    *,
    hidden: int = 256,
    layers: int = 4,
    heads: int = 4,
    kv_heads: int | None = None,
    intermediate: int | None = None,
    max_positions: int = 1024,
    rope_theta: float = 10_000.0,
    pad_id: int = 0,
    bos_id: int | None = 1,
    eos_id: int | None = 3,
    seed: int = 0,
) -> Qwen3ForCausalLM:
    """Makes an untrained model; the same seed gives the same weights, and no global randomness is touched.

    Args:
        vocab_size: size of the vocabulary (``len(tokenizer)``).
        hidden: width of the residual stream.
        layers: number of layers.
        heads: number of attention heads; ``hidden / heads`` must be even and should be 32 or more.
        kv_heads: number of key-value heads; all of them by default.
        intermediate: width of the gated MLP; by default 8/3 of ``hidden``, rounded up to a multiple of 32.
        max_positions: longest sequence in tokens.
        rope_theta: base of the rotary positions.
        pad_id: id of the padding token.
        bos_id: id of the first token.
        eos_id: id that ends a generation (end of action).
        seed: seed of the weights.

    Returns:
        The model in float32, in evaluation mode, on the CPU.

    Raises:
        ValueError: sizes that do not fit each other.
    """
    if hidden % heads or (hidden // heads) % 2:
        raise ValueError(f"hidden / heads must be an even whole number, got {hidden} / {heads}; change one of them")
    if heads % (kv_heads or heads):
        raise ValueError(f"heads must be a multiple of kv_heads, got {heads} and {kv_heads}")
    config = Qwen3Config(
        vocab_size=vocab_size,
        hidden_size=hidden,
        intermediate_size=intermediate or -(-hidden * 8 // (3 * 32)) * 32,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv_heads or heads,
        head_dim=hidden // heads,
        max_position_embeddings=max_positions,
        rope_parameters={"rope_type": "default", "rope_theta": rope_theta},
        tie_word_embeddings=True,
        initializer_range=0.02,
        pad_token_id=pad_id,
        bos_token_id=bos_id,
        eos_token_id=eos_id,
        use_cache=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
    return model.eval()


@torch.no_grad()
def relate_name_embeddings(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, *, share: float = 0.8, seed: int = 0
) -> int:
    """Starts the embedding of each "type number" token from its type's and its number's embedding.

    ``e("apple 2") = sqrt(share / 2) * (e("apple") + n(2)) + sqrt(1 - share) * own``: the scale stays what it was.

    Args:
        model: a freshly made model.
        tokenizer: its tokenizer.
        share: how much of the embedding (in variance) comes from type and number.
        seed: seed of the vectors for numbers and for types without a token of their own.

    Returns:
        How many tokens were set.
    """
    weight = model.get_input_embeddings().weight  # pyright: ignore[reportCallIssue]
    generator = torch.Generator().manual_seed(seed)
    vocab = tokenizer.get_vocab()
    scale = float(weight.std())
    parts: dict[str, torch.Tensor] = {}

    def vector(key: str) -> torch.Tensor:
        if key not in parts:
            parts[key] = (
                weight[vocab[key]].clone()
                if key in vocab and not key.isdigit()
                else torch.randn(weight.shape[1], generator=generator) * scale
            )
        return parts[key]

    names = [(name, *match.groups()) for name in sorted(vocab) if (match := re.fullmatch(r"(.+) (\d+)", name))]
    for name, kind, number in names:
        own = weight[vocab[name]]
        own.mul_((1 - share) ** 0.5).add_((vector(kind) + vector(number)) * (share / 2) ** 0.5)
    return len(names)


def count_parameters(model: torch.nn.Module) -> int:
    """Returns the number of trainable weights; tied ones count once."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
