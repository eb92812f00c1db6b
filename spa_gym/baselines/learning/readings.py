"""`ModelReadings`: the log-probabilities that language models give to the actions of trajectories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from spa_gym.baselines.credit import Array
from spa_gym.baselines.device import compute_dtype
from spa_gym.baselines.distributed import gather, share
from spa_gym.baselines.models.fast_forward import token_logprobs
from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, collate, encode, similar_lengths
from spa_gym.core.trajectory import Trajectory

__all__ = ["ModelReadings", "action_logprobs", "tokens_before_steps", "tokens_per_step"]


def tokens_per_step(encoded: EncodedTrajectory) -> list[int]:
    """[T] number of action tokens of each step that the policy chose."""
    return [sum(encoded.action_mask[a : b + 1]) for a, b in zip(encoded.step_starts, encoded.step_ends, strict=True)]


def tokens_before_steps(encoded: EncodedTrajectory) -> list[int]:
    """[T] number of tokens before each step's action that the policy did not choose, since the action before."""
    chosen = [position for position, acted in enumerate(encoded.action_mask) if acted]
    firsts = np.cumsum([0, *tokens_per_step(encoded)[:-1]])
    return [chosen[i] - (chosen[i - 1] + 1 if i else 0) for i in firsts.tolist()]


@torch.no_grad()
def action_logprobs(
    encoded: Sequence[EncodedTrajectory],
    model: nn.Module,
    pad_id: int,
    device: torch.device,
    *,
    batch: int = 32,
) -> list[torch.Tensor]:
    """Log-probabilities (nats) of all action tokens, one tensor on the CPU for each row, rows of like length together.

    Each process reads its share.

    Args:
        encoded: the episodes.
        model: the causal language model.
        pad_id: id that fills the rows up.
        device: where to compute.
        batch: rows of a forward at most.
    """
    total, encoded = len(encoded), share(encoded)
    result = [torch.zeros(0)] * len(encoded)
    for part in similar_lengths([len(row.ids) for row in encoded], batch, device):
        rows = collate([encoded[i] for i in part], pad_id).to(device)
        flat = token_logprobs(model, rows.ids, rows.action_mask, dtype=compute_dtype(device))
        pieces = flat.cpu().split([sum(encoded[i].action_mask) for i in part])
        for i, piece in zip(part, pieces, strict=True):
            result[i] = piece.clone()
    return gather(result, total)


def _after(text: str, row: EncodedTrajectory, codec: Codec) -> EncodedTrajectory:
    """An episode's ids with an observation more in front; the episode itself is read as if that were not there."""
    first, more = len(codec.bos_ids), codec.encode_observation(text)
    return EncodedTrajectory(
        ids=[*row.ids[:first], *more, *row.ids[first:]],
        action_mask=[*row.action_mask[:first], *[False] * len(more), *row.action_mask[first:]],
        step_ends=[end + len(more) for end in row.step_ends],
        step_starts=[start + len(more) for start in row.step_starts],
    )


class ModelReadings:
    """What a method may ask of the models.

    Args:
        policy: the policy that played the batch.
        reference: the imitated policy.
        codec: their codec.
        device: where to compute.
    """

    def __init__(self, policy: nn.Module, reference: nn.Module, codec: Codec, device: torch.device) -> None:
        self.policy, self.reference, self.codec, self.device = policy, reference, codec, device

    def logprobs(
        self, trajectories: Sequence[Trajectory], model: nn.Module, *, before: Sequence[str] | None = None
    ) -> list[list[Array]]:
        """Log-probability of each action token (nats), by trajectory and step.

        Args:
            trajectories: the episodes.
            model: the causal language model.
            before: a text for each episode, read as if it had been observed before the episode began.
        """
        encoded = [encode(t, self.codec) for t in trajectories]
        if before is not None:
            encoded = [_after(text, row, self.codec) for text, row in zip(before, encoded, strict=True)]
        flat = action_logprobs(encoded, model, self.codec.pad_id, self.device)
        return [
            np.split(row.double().numpy(), np.cumsum(tokens_per_step(e))[:-1])
            for row, e in zip(flat, encoded, strict=True)
        ]
