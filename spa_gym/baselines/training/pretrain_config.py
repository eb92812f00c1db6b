"""Settings of a pretraining; the named ones are in `recipes.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spa_gym.baselines.models.view import View
from spa_gym.baselines.training.sources import Source

__all__ = ["PretrainConfig"]


@dataclass(frozen=True)
class PretrainConfig:
    """Settings of a pretraining; the defaults are the recipe `household`."""

    out: Path = Path("runs/pretrain")
    """Folder of everything that is written."""
    sources: tuple[Source, ...] = (Source(env_kwargs={"size": "small"}, explore=0.6),)
    """The mixture of transcripts."""
    tokens: float = 4e6
    """Budget, in tokens read."""
    batch_tokens: int = 2048
    """Tokens of a batch."""
    hidden: int = 128
    """Width of the model."""
    layers: int = 4
    """Layers of the model."""
    heads: int = 4
    """Attention heads."""
    vocab_size: int = 1600
    """Most tokens of the vocabulary."""
    text_episodes: int = 600
    """Half-random episodes whose texts train the tokenizer."""
    not_names: tuple[str, ...] = ()
    """Names of the environment that become no tokens of their own: they only stand in fixed phrases."""
    implied_spaces: bool = False
    """A space between two names is no token: for worlds whose texts are mostly names."""
    kinds: tuple[str, ...] = ()
    """Patterns of tokens that start alike, one a kind (`models/kindred.py`)."""
    number_line: bool = False
    """Whole numbers start on a line: for worlds where they are compared."""
    view: View = View()
    """What the policy reads of an observation; by default all of it."""
    max_positions: int = 2048
    """Longest episode, in tokens."""
    muon_lr: float = 0.02
    """Peak rate of Muon, for the matrices of the body."""
    adamw_lr: float = 4e-3
    """Peak rate of AdamW, for embeddings and norms."""
    text_weight: float = 0.1
    """Weight of a token of the observations, against 1 for a token of an imitated action."""
    longest: int = 900
    """Longest transcript, in tokens."""
    seed: int = 0
    """Seed of weights and transcripts."""
    evaluate: tuple[tuple[str, dict[str, Any]], ...] = (("valid_unseen", {"size": "small"}),)
    """Splits that the result is played on, with the environment's arguments."""
    store_dtype: str = "float32"
    """Type of the stored weights; bfloat16 halves the file."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""
    workers: int | None = None
    """Processes that play transcripts ahead; 0: this one plays. None: one for each core but one where a GPU computes,
    eight at most, and 0 where the cores do. What is read is the same."""
    save_every_s: float = 120.0
    """Seconds between two saved states."""
