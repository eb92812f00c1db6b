"""How embeddings of tokens of one kind start: alike, so that what is learnt of one of them holds for all.

A tiny model that must learn of a thousand product ids one by one that they are ids learns to copy none of them in
reasonable time. Tokens of a kind (found by a pattern) therefore share a part of their starting vector, and numbers lie
on a line: near ones start near each other, which is what comparing a price with a limit needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch
from transformers import PreTrainedTokenizerBase

__all__ = ["relate_kinds", "relate_numbers"]

_WAVES = 6
"""Wave lengths on the line of logarithms, each half the one before; the first one spans e^14."""
_SPAN = 14.0
_FIRST_NAME = 260
"""Lower ids are specials and bytes: the digit "7" as a byte is no number."""


def relate_kinds(
    model: torch.nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    patterns: Sequence[str],
    *,
    share: float = 0.5,
    seed: int = 0,
) -> int:
    """Gives all tokens that match a pattern a common part: ``e = sqrt(share) common + sqrt(1 - share) own``.

    Args:
        model: a freshly made model.
        tokenizer: its tokenizer.
        patterns: regular expressions that match whole tokens, one a kind.
        share: how much of the embedding (in variance) is common.
        seed: seed of the common vectors.

    Returns:
        How many tokens were set.
    """
    weight = model.get_input_embeddings().weight.data  # pyright: ignore[reportCallIssue]
    generator = torch.Generator().manual_seed(seed)
    scale = float(weight.std())
    count = 0
    for pattern in patterns:
        common = torch.randn(weight.shape[1], generator=generator) * scale
        for index in _matching(tokenizer, pattern):
            weight[index].mul_((1 - share) ** 0.5).add_(common * share**0.5)
            count += 1
    return count


def relate_numbers(
    model: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, *, share: float = 0.8, seed: int = 0
) -> int:
    """Puts the tokens of whole numbers on a line: half of the share is common, half waves of the number's logarithm.

    Args:
        model: a freshly made model.
        tokenizer: its tokenizer.
        share: how much of the embedding (in variance) comes from these two.
        seed: seed of the vectors.

    Returns:
        How many tokens were set.
    """
    weight = model.get_input_embeddings().weight.data  # pyright: ignore[reportCallIssue]
    generator = torch.Generator().manual_seed(seed)
    scale = float(weight.std())
    common = torch.randn(weight.shape[1], generator=generator) * scale
    basis = torch.randn(2 * _WAVES, weight.shape[1], generator=generator) * scale / _WAVES**0.5
    tokens = tokenizer.convert_ids_to_tokens
    numbers = _matching(tokenizer, r"\d+")
    for index in numbers:
        angles = [math.log(int(str(tokens(index))) + 1) * 2 * math.pi * 2**k / _SPAN for k in range(_WAVES)]
        waves = torch.tensor([wave(angle) for angle in angles for wave in (math.sin, math.cos)])
        weight[index].mul_((1 - share) ** 0.5).add_((common + waves @ basis) * (share / 2) ** 0.5)
    return len(numbers)


def _matching(tokenizer: PreTrainedTokenizerBase, pattern: str) -> list[int]:
    """Ids of the learnt tokens that match, in order."""
    found = re.compile(pattern)
    vocab = tokenizer.get_vocab()
    return sorted(index for token, index in vocab.items() if index >= _FIRST_NAME and found.fullmatch(token))
