"""Scalar heads on a language model's last hidden state: the value of a state, the contribution of a step."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["ScalarHead"]


class ScalarHead(nn.Module):
    """Norm, one hidden layer, one number; its last layer starts at zero, so that training starts from "no opinion".

    A head that starts at random sums its noise over all steps of an episode, and the first updates only undo it.

    Args:
        hidden_size: width of the model's hidden state.
        width: width of the hidden layer; ``hidden_size`` by default.
        seed: seed of the first layer.
    """

    def __init__(self, hidden_size: int, width: int | None = None, *, seed: int = 0) -> None:
        super().__init__()
        width = width or hidden_size
        self.norm = nn.RMSNorm(hidden_size, eps=1e-6)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = nn.Linear(hidden_size, width)
            self.out = nn.Linear(width, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Scores hidden states.

        Args:
            states: [..., hidden_size].

        Returns:
            [...] float32 scores.
        """
        states = states.to(self.out.weight.dtype)
        return self.out(nn.functional.silu(self.hidden(self.norm(states)))).squeeze(-1).float()
