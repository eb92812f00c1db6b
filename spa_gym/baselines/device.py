"""Which device a stage runs on: CUDA when present, the CPU otherwise, and one line that says so."""

from __future__ import annotations

import logging

import torch

from spa_gym.baselines.distributed import local_device

__all__ = ["choose_device"]

_log = logging.getLogger(__name__)


def choose_device(name: str = "auto") -> torch.device:
    """The device to compute on.

    Args:
        name: `"auto"` (CUDA when present, each process its own), or a torch device such as `"cpu"` or `"cuda:1"`.
    """
    device = torch.device(local_device() if name == "auto" else name)
    if device.type == "cuda":
        # cuDNN's attention plans every new shape anew, and here nearly every batch has one.
        torch.backends.cuda.enable_cudnn_sdp(False)
    what = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    _log.info("computing on %s (%s), bf16 matrix products", device, what)
    return device
