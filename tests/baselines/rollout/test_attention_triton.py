"""The kernels of a GPU against torch's operations, run by Triton's interpreter: no GPU is needed, but Triton is.

`tests/baselines/test_cuda.py` runs them as they are meant to run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from spa_gym.baselines.rollout import fast_lm

_COMPARE = """
import random
import torch
from transformers import LlamaConfig, LlamaForCausalLM
from spa_gym.baselines.models.tiny import make_tiny
from spa_gym.baselines.rollout.fast_lm import FastLM

torch.set_num_threads(1)
rng, rows = random.Random(0), 5
torch.manual_seed(0)
llama = LlamaConfig(
    vocab_size=50, hidden_size=64, intermediate_size=96, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=1,
)
models = (
    make_tiny(50, hidden=64, layers=2, heads=2, seed=0),
    make_tiny(50, hidden=96, layers=1, heads=4, kv_heads=2, seed=1),  # heads of 24, and two share a key
    LlamaForCausalLM(llama),  # without norms of queries and keys
)
for model in models:
    for dtype, close in ((torch.float32, 1e-5), (torch.float16, 1e-2)):
        torch_s, triton_s = (FastLM(model, rows, 200, dtype, kernels=kernels) for kernels in (False, True))
        for counts in ((1,), (70, 1, 3), (1, 1, 17, 2, 16), (1, 1, 1, 1, 1)):
            numbers = rng.sample(range(rows), len(counts))
            chunks = [rng.choices(range(50), k=count) for count in counts]
            expected = torch_s(numbers, chunks)
            torch.testing.assert_close(triton_s(numbers, chunks), expected, atol=close, rtol=close)
        for one, other in zip(torch_s.cache.keys, triton_s.cache.keys, strict=True):
            torch.testing.assert_close(one, other, atol=close, rtol=close)
print("the same")
"""


def _triton() -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version("triton").split(".")[:2])
    except PackageNotFoundError:
        return ()


@pytest.mark.skipif(_triton() < (3, 8), reason="needs Triton's interpreter: pip install 'triton>=3.8'")
def test_the_kernels_read_what_torch_reads() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _COMPARE],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "the same", done.stderr


@pytest.mark.parametrize("missing", [None, "triton", "gcc", "Python.h"])
def test_kernels_are_used_where_triton_can_build_them(
    missing: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ("nothing" if missing == "Python.h" else "Python.h")).touch()
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(fast_lm, "find_spec", lambda name: None if missing == name else name)
    monkeypatch.setattr(fast_lm.shutil, "which", lambda name: name if name == "gcc" != missing else None)
    monkeypatch.setattr(fast_lm.sysconfig, "get_path", lambda _: str(tmp_path))
    assert fast_lm._kernels_run.__wrapped__() is (missing is None)
    mends = {"triton": "pip install triton", "gcc": "apt-get install gcc", "Python.h": "apt-get install python3-dev"}
    assert [mend for mend in mends.values() if mend in caplog.text] == ([mends[missing]] if missing else [])
