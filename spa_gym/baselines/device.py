"""Where a stage computes, and in which number type: CUDA if present, bf16 if faster, and one line that says so.

Weights, norms and sums are float32 always; the type chosen here is that of the matrix products. A CPU without bf16
units emulates them: a product of 512x128x512 ran 60 times slower in bf16 than in float32 (AMD EPYC, Zen 3). So the
type is asked of torch, and where torch's answer does not decide, two small products are timed once.
"""

from __future__ import annotations

import functools
import logging
import time
from typing import Any

import torch

from spa_gym.baselines.distributed import local_device
from spa_gym.core.arguments import one_of
from spa_gym.core.machine import describe_processor

__all__ = ["DTYPES", "choose_device", "compute_dtype", "describe_computing", "set_compute_dtype"]

_log = logging.getLogger(__name__)

DTYPES: dict[str, torch.dtype | None] = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}
"""Values of `--dtype`; `auto` is the faster of the two on this machine."""

_chosen: torch.dtype | None = None
"""The process's own choice (`set_compute_dtype`); None: the faster one. Of the process, like torch's thread count: the
policy, its critic and its reference must read alike."""


def choose_device(name: str = "auto", dtype: str | None = None) -> torch.device:
    """Return the device to compute on, and settle the number type of the matrix products.

    Args:
        name: `"auto"` (CUDA if present, each process its own), or a torch device such as `"cpu"` or `"cuda:1"`.
        dtype: a key of `DTYPES`, for this process from now on; None keeps what was chosen before.

    Raises:
        BadArgument: `dtype` is none of these.
    """
    device = torch.device(local_device() if name == "auto" else name)
    if dtype is not None:
        set_compute_dtype(dtype)
    if device.type == "cuda":
        # cuDNN's attention plans every new shape again, and here nearly every batch has one.
        torch.backends.cuda.enable_cudnn_sdp(False)
    said = describe_computing(device)
    flags = " ".join(said["flags"]) or "no known units"
    where = said.get("gpu") or f"{said['processor']}: {flags}; {torch.get_num_threads()} threads"
    _log.info("computing on %s (%s), %s matrix products", device, where, said["dtype"])
    return device


def set_compute_dtype(name: str) -> None:
    """Settle the number type of the matrix products of this process.

    Args:
        name: a key of `DTYPES`.

    Raises:
        BadArgument: it is none of these.
    """
    global _chosen
    one_of("dtype", name, DTYPES)
    _chosen = DTYPES[name]


def compute_dtype(device: torch.device | str) -> torch.dtype:
    """Return the number type of the matrix products on a device: what was chosen, else the faster one."""
    return _chosen or fastest_dtype(torch.device(device).type)


@functools.cache
def fastest_dtype(kind: str) -> torch.dtype:
    """Return bf16 or float32, whichever has the faster matrix products.

    Args:
        kind: type of the device: `"cpu"`, `"cuda"`; any other computes in float32.
    """
    if kind == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if kind != "cpu":
        return torch.float32
    known = _cpu_has_bf16()
    if known is None:
        known = _seconds(torch.bfloat16) < 0.9 * _seconds(torch.float32)
    return torch.bfloat16 if known else torch.float32


def _cpu_has_bf16() -> bool | None:
    """Torch's answer: no without AVX-512 (x86) or bf16 instructions (ARM), yes with units for it, else undecided.

    oneDNN calls bf16 supported wherever there is AVX-512, and emulates it where that has no bf16 instructions.
    """
    if _asked(torch.ops.mkldnn, "_is_mkldnn_bf16_supported") is False:
        return False
    units = [_asked(torch.cpu, name) for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported")]
    return True if True in units else None


def _asked(module: Any, name: str) -> bool | None:
    """What one of torch's private questions answers; None in a release that has it no more."""
    try:
        return bool(getattr(module, name)())
    except (AttributeError, RuntimeError):
        return None


def _seconds(dtype: torch.dtype) -> float:
    """Time of a product 512x128x512, the fastest of five: milliseconds in all, 50 ms each where bf16 is emulated."""
    a, b = torch.ones(512, 128, dtype=dtype), torch.ones(128, 512, dtype=dtype)
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        torch.mm(a, b)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def describe_computing(device: torch.device) -> dict[str, Any]:
    """Return what a run record keeps: the processor, the device, the GPU's name if it is one, the number type."""
    gpu = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {
        **describe_processor(),
        "device": device.type,
        **gpu,
        "dtype": str(compute_dtype(device)).removeprefix("torch."),
    }
