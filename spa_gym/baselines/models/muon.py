"""Muon: momentum whose update is orthogonalised, for the matrices of a transformer's body (Jordan et al. 2024).

Why not `torch.optim.Muon` (torch 2.9 and later): it iterates in bf16 always, one matrix at a time. On a CPU without
bf16 units that took 108 of the 151 seconds of an imitation. Here the iteration runs in the type of the other products
(`device.compute_dtype`), over all matrices of a shape at once. Steps are those of torch's up to rounding, and so is
the state, so a run can be resumed with either (`tests/baselines/models/test_muon.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from spa_gym.baselines.device import compute_dtype

__all__ = ["Muon", "orthogonalise"]

_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration, chosen for the largest slope at 0 (Jordan et al. 2024); singular values end between
0.7 and 1.2, not at 1."""
_ITERATIONS = 5
_EPS = 1e-7


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised, scaled by sqrt(max(1, rows / columns)).

    Args:
        params: matrices.
        lr: learning rate.
        momentum: weight of the past in the momentum.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step; parameters without a gradient stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
            for (rows, columns), same in by_shape.items():
                directions = orthogonalise(torch.stack([self._momentum(p, group["momentum"]) for p in same]))
                rate = group["lr"] * math.sqrt(max(1.0, rows / columns))
                for parameter, direction in zip(same, directions, strict=True):
                    parameter.add_(direction, alpha=-rate)
        return loss

    def _momentum(self, parameter: nn.Parameter, weight: float) -> torch.Tensor:
        gradient: Any = parameter.grad
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        state["momentum_buffer"].lerp_(gradient, 1 - weight)
        return gradient.lerp(state["momentum_buffer"], weight)


def orthogonalise(matrices: torch.Tensor) -> torch.Tensor:
    """Return the matrices with singular values near 1 and the same singular vectors, by Newton-Schulz iteration.

    With X scaled to norm 1, X <- a X + (b A + c A A) X where A = X X^T (Jordan et al. 2024).

    Args:
        matrices: [N, rows, columns].

    Returns:
        [N, rows, columns] in the type of the matrix products.
    """
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.to(compute_dtype(matrices.device))
    x = x.mT if tall else x  # the smaller Gram matrix
    x = x / torch.linalg.matrix_norm(x, keepdim=True).clamp(min=_EPS)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
