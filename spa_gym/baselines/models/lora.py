"""LoRA (Hu et al. 2021) on any causal language model: train little, save a plain model.

The adapters are merged into the weights when a checkpoint is written, so that whatever reads checkpoints (rollouts,
estimators, agents) needs to know nothing of them.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from spa_gym.core.extras import require_extra

__all__ = ["add_lora", "merged"]


def add_lora(model: nn.Module, rank: int, *, alpha: int | None = None, seed: int = 0) -> nn.Module:
    """Put low-rank adapters on all linear layers of the body; only they are trained from then on.

    Args:
        model: a Hugging Face causal language model.
        rank: rank of the adapters; 0 returns the model as it is, all of it trainable.
        alpha: their scale; None: twice the rank.
        seed: seed of the adapters.

    Raises:
        DependencyNotInstalled: peft is missing.
    """
    if not rank:
        return model
    peft: Any = require_extra("train", "peft", "LoRA adapters")
    settings = peft.LoraConfig(
        r=rank, lora_alpha=alpha or 2 * rank, lora_dropout=0.0, target_modules=_linear_layers(model)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = peft.inject_adapter_in_model(settings, model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return model


def _linear_layers(model: nn.Module) -> list[str]:
    """Last names of the body's linear layers ("q_proj", ...); the output layer is left alone."""
    names = {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    return sorted(names - {"lm_head"})


def merged(model: nn.Module) -> nn.Module:
    """The plain model that a model with adapters computes; a model without adapters itself."""
    if not any(hasattr(module, "get_base_layer") for module in model.modules()):
        return model
    model = copy.deepcopy(model)
    for name, module in list(model.named_modules()):
        if hasattr(module, "get_base_layer"):
            layer: Any = module
            layer.merge()
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, layer.get_base_layer())
    return model
