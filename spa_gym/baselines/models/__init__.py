"""Tokenizer, token layout, tiny models, heads, checkpoints, optimisers and the lean forward that trains them."""

from __future__ import annotations

__all__: list[str] = []
