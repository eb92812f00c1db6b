"""`JsonState`: what a method remembers beside its models, saved and resumed with their weights.

What is saved of a training is the state of modules, as tensors; so such a memory is a module without parameters whose
state is the bytes of a JSON text.
"""

from __future__ import annotations

import abc
import json
from typing import Any

import torch
from torch import nn

from spa_gym.baselines.models.checkpoint_files import as_mismatch
from spa_gym.core.strict_json import parse_json

__all__ = ["JsonState"]


class JsonState(nn.Module, abc.ABC):
    """A memory that says what it holds as plain JSON values."""

    @abc.abstractmethod
    def plain(self) -> Any:
        """Everything, as JSON values."""

    @abc.abstractmethod
    def take_over(self, plain: Any) -> None:
        """Hold what `plain` gave, and nothing else; keys of dictionaries have become texts."""

    def get_extra_state(self) -> torch.Tensor:
        """Everything, as uint8."""
        return torch.frombuffer(bytearray(json.dumps(self.plain()).encode("ascii")), dtype=torch.uint8)

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Take over what `get_extra_state` gave.

        Raises:
            CheckpointMismatch: the bytes are not that.
        """
        with as_mismatch(f"the memory of {type(self).__name__} as it was saved", "remove the state to start over"):
            self.take_over(parse_json(state.cpu().numpy().tobytes()))
