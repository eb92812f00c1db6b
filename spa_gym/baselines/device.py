"""Which device a stage runs on: CUDA when present, the CPU otherwise, and one line that says so."""

from __future__ import annotations

import logging

import torch

__all__ = ["choose_device"]

_log = logging.getLogger(__name__)


def choose_device(name: str = "auto") -> torch.device:
    """The device to compute on.

    Args:
        name: `"auto"` (CUDA when present), or a torch device such as `"cpu"` or `"cuda:1"`.
    """
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name
    device = torch.device(chosen)
    what = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    _log.info("computing on %s (%s), bf16 matrix products", device, what)
    return device
