"""Optimisers: Muon for the matrices of the body, AdamW for embeddings, norms and heads, and how rates run over time.

Muon (Jordan et al. 2024) orthogonalises the momentum of a matrix; from nothing it needed half the tokens of AdamW here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from spa_gym.baselines.models.muon import Muon

__all__ = ["Optimizers", "adamw", "muon_and_adamw"]


class Optimizers:
    """Several optimisers that step together, each at its own peak rate times one common factor.

    Args:
        optimizers: the optimisers, at their peak rates.
        clip: largest norm of the gradient of all parameters together; 0 leaves it as it is.
        warmup: first steps in which the rates rise to their peaks, in equal parts. Adam's first steps have the full
            size in every parameter, however small the gradient.
    """

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer], clip: float = 1.0, warmup: int = 0) -> None:
        self.optimizers = list(optimizers)
        self.clip = clip
        self.warmup = warmup
        self._peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]

    def parameters(self) -> list[nn.Parameter]:
        """All parameters, in a fixed order."""
        return [p for optimizer in self.optimizers for group in optimizer.param_groups for p in group["params"]]

    def taken(self) -> int:
        """Steps so far, those before a checkpoint included."""
        steps = [entry["step"] for entry in self.optimizers[0].state.values() if "step" in entry]
        return int(torch.stack(steps).max()) if steps else 0  # on a GPU in one look instead of one each

    def step(self, factor: float = 1.0) -> float:
        """Take a step at `factor` times the peak rates and clear the gradients; returns the gradient's norm.

        With a norm that is not finite no step is taken: see `learning/divergence.py`.
        """
        factor *= min(1.0, (self.taken() + 1) / self.warmup) if self.warmup else 1.0
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters(), self.clip or float("inf")))
        if not math.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.zero_grad(set_to_none=True)
            return norm
        for optimizer, peaks in zip(self.optimizers, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return norm

    def state(self) -> dict[str, torch.Tensor]:
        """All moments as named tensors, for a checkpoint without pickles."""
        tensors = {}
        for i, optimizer in enumerate(self.optimizers):
            for j, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
                for key, value in optimizer.state.get(parameter, {}).items():
                    tensors[f"{i}.{j}.{key}"] = torch.as_tensor(value).detach().clone().contiguous()
        return tensors

    def load_state(self, tensors: dict[str, torch.Tensor]) -> None:
        """Go on from moments that `state` returned.

        Raises:
            ValueError: they are of other parameters.
        """
        left = dict(tensors)
        for i, optimizer in enumerate(self.optimizers):
            for j, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
                prefix = f"{i}.{j}."
                mine = {k.removeprefix(prefix): left.pop(k) for k in list(left) if k.startswith(prefix)}
                if any(value.ndim and value.shape != parameter.shape for value in mine.values()):
                    raise ValueError(f"moments of another shape than parameter {i}.{j}, {tuple(parameter.shape)}")
                # AdamW wants its count of steps on the CPU, unless it is fused.
                step_device = parameter.device if optimizer.defaults.get("fused") else "cpu"
                if mine:
                    optimizer.state[parameter] = {
                        key: value.to(step_device if key == "step" else parameter.device, copy=True)
                        for key, value in mine.items()
                    }
        if left:
            raise ValueError(f"no parameter has the moments {sorted(left)[:3]}")


def adamw(parameters: Iterable[nn.Parameter], lr: float, *, weight_decay: float = 0.0) -> torch.optim.AdamW:
    """AdamW with the betas that suit small batches; on a GPU in one kernel."""
    parameters = list(parameters)
    fused = bool(parameters) and parameters[0].device.type == "cuda"
    return torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.98), weight_decay=weight_decay, fused=fused or None)


def muon_and_adamw(model: nn.Module, *, muon_lr: float, adamw_lr: float, clip: float = 1.0) -> Optimizers:
    """Muon on the body's matrices, AdamW on the rest.

    Args:
        model: a Hugging Face causal language model.
        muon_lr: peak rate of the matrices (0.02 suits widths of 128 to 320).
        adamw_lr: peak rate of embeddings and norms.
        clip: largest norm of the gradient.
    """
    matrices, rest = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and "embed" not in name and "lm_head" not in name else rest).append(
                parameter
            )
    return Optimizers([Muon(matrices, lr=muon_lr), adamw(rest, adamw_lr)], clip)
