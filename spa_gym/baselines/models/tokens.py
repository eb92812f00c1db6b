"""One trajectory, one list of token ids: the layout that policy, estimator and PPO all read.

Every observation and every action is encoded on its own and the ids are concatenated. The ids that a policy emitted are
kept as they are (``Step.action_ids``), never decoded and encoded again: what is trained on is what was sampled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from spa_gym.baselines.models.codec import TEXT_LAYOUT, TINY_LAYOUT, Codec, Layout, Reader

if TYPE_CHECKING:
    from spa_gym.core.trajectory import Step, Trajectory

__all__ = [
    "TEXT_LAYOUT",
    "TINY_LAYOUT",
    "Batch",
    "Codec",
    "EncodedTrajectory",
    "Layout",
    "Reader",
    "collate",
    "encode",
    "history_ids",
    "similar_lengths",
]

_CPU_IDS = 1024
"""Ids of a forward on a CPU, padding included; a longer row is read alone."""


@dataclass(frozen=True, slots=True)
class EncodedTrajectory:
    """The ids of one trajectory and where its steps lie.

    Attributes:
        ids: all ids: bos, observation 0, act, action 0, eoa, observation 1, ..., last observation.
        action_mask: True on the ids that the policy chose (action and end-of-action).
        step_ends: position of each step's end-of-action id.
        step_starts: position of each step's first action id.
    """

    ids: list[int]
    action_mask: list[bool]
    step_ends: list[int]
    step_starts: list[int]


def encode(trajectory: Trajectory, codec: Codec) -> EncodedTrajectory:
    """Turns a trajectory into ids.

    Where a policy was cut off before it ended its action, the end-of-action id is still there, but unmasked: the
    policy did not choose it.

    Args:
        trajectory: the episode; ``Step.action_ids`` are used where present, else the action text is encoded.
        codec: the codec of the model that reads it.

    Returns:
        Ids, mask and positions.
    """
    ids: list[int] = list(codec.bos_ids)
    mask: list[bool] = [False] * len(ids)
    starts: list[int] = []
    ends: list[int] = []
    reader = codec.reader()
    for step in trajectory.steps:
        ids += reader.read(step.observation)
        ids += codec.act_ids
        mask += [False] * (len(ids) - len(mask))
        starts.append(len(ids))
        if step.action_ids is None:
            ids += codec.encode_action(step.action)
            ids.append(codec.eoa_id)
            mask += [True] * (len(ids) - len(mask))
        else:
            ids += step.action_ids
            mask += [True] * (len(ids) - len(mask))
            if not step.action_ids or step.action_ids[-1] != codec.eoa_id:
                ids.append(codec.eoa_id)
                mask.append(False)
        ends.append(len(ids) - 1)
    ids += reader.read(trajectory.final_observation)
    mask += [False] * (len(ids) - len(mask))
    return EncodedTrajectory(ids=ids, action_mask=mask, step_ends=ends, step_starts=starts)


def history_ids(steps: Sequence[Step], codec: Codec, reader: Reader) -> list[int]:
    """Returns the ids of past steps, as :func:`encode` lays them out, without ``bos`` and last observation.

    Args:
        steps: the steps.
        codec: the codec of the model that reads them.
        reader: reads their observations here, and can then go on with what follows them.
    """
    ids: list[int] = []
    for step in steps:
        ids += [*reader.read(step.observation), *codec.act_ids]
        ids += codec.encode_action(step.action) if step.action_ids is None else step.action_ids
        if step.action_ids is None or not step.action_ids or step.action_ids[-1] != codec.eoa_id:
            ids.append(codec.eoa_id)
    return ids


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded tensors of several trajectories (B of them, T ids, S steps at most).

    Attributes:
        ids: [B, T] int64, padded with the pad id.
        lengths: [B] int64, number of ids of each row.
        action_mask: [B, T] bool, True on ids that the policy chose.
        step_starts: [B, S] int64, padded with -1.
        step_ends: [B, S] int64, padded with -1.
    """

    ids: torch.Tensor
    lengths: torch.Tensor
    action_mask: torch.Tensor
    step_starts: torch.Tensor
    step_ends: torch.Tensor

    @property
    def attention_mask(self) -> torch.Tensor:
        """[B, T] bool, True on ids that are not padding."""
        return torch.arange(self.ids.shape[1], device=self.ids.device) < self.lengths[:, None]

    def actions(self, device: torch.device) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        """The N action ids, row by row, and where the id before each of them is: rows and positions.

        Asked of a batch on the CPU, nobody waits for a GPU to count them.

        Args:
            device: where they are needed.
        """
        row, position, chosen = torch.cat([self.action_mask.nonzero().t(), self.ids[self.action_mask][None]]).to(device)
        return (row, position - 1), chosen

    def to(self, device: torch.device | str) -> Batch:
        """Returns the batch on another device."""
        return Batch(
            self.ids.to(device),
            self.lengths.to(device),
            self.action_mask.to(device),
            self.step_starts.to(device),
            self.step_ends.to(device),
        )


def collate(rows: Sequence[EncodedTrajectory], pad_id: int, *, multiple: int = 1) -> Batch:
    """Puts trajectories into right-padded tensors.

    Args:
        rows: encoded trajectories, at least one.
        pad_id: id that fills the rows up.
        multiple: the padded length is a multiple of this.
    """
    longest = -(-max(len(row.ids) for row in rows) // multiple) * multiple
    steps = max(len(row.step_ends) for row in rows)
    return Batch(
        ids=_padded([row.ids for row in rows], longest, pad_id, torch.long),
        lengths=torch.tensor([len(row.ids) for row in rows], dtype=torch.long),
        action_mask=_padded([row.action_mask for row in rows], longest, False, torch.bool),
        step_starts=_padded([row.step_starts for row in rows], steps, -1, torch.long),
        step_ends=_padded([row.step_ends for row in rows], steps, -1, torch.long),
    )


def similar_lengths(lengths: Sequence[int], most: int, device: torch.device | str) -> list[list[int]]:
    """Return the positions of rows in groups of similar length; each group is one forward.

    On a CPU padding costs as much as ids, so a forward is small there: in the three environments 16 rows had 17 to 33 %
    more ids with their padding, 4 rows 4 to 5 %, and a smaller product is as fast per id. On a GPU each launch costs.

    Args:
        lengths: ids of each row.
        most: rows of a forward at most, for memory.
        device: where to compute.

    Example:
        >>> similar_lengths([700, 30, 690, 40], most=2, device="cpu")
        [[1, 3], [2], [0]]
    """
    room = _CPU_IDS if torch.device(device).type == "cpu" else math.inf
    groups: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        group = groups[-1] if groups else []
        if not group or len(group) == most or (len(group) + 1) * lengths[position] > room:
            groups.append([position])
        else:
            group.append(position)
    return groups


def _padded(rows: Sequence[Sequence[Any]], width: int, fill: Any, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows], dtype=dtype).reshape(len(rows), width)
