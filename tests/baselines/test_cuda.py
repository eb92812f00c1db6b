"""A GPU computes what a CPU computes. The same is tested on CPUs alone in every other file; here it is both.

SPA_GYM_TEST_DEVICE=cuda make test ARGS=tests/baselines    # all stages and methods on the GPU too
"""

from __future__ import annotations

import random
from typing import Any

import gymnasium
import pytest
import torch

import spa_gym  # noqa: F401  (registers the ids)
from spa_gym.baselines.learning.demonstrations import demonstrations
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.fast_forward import token_logprobs
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import collate, encode
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.fast_lm import FastLM
from spa_gym.baselines.rollout.protocol import EpisodeSpec

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
ENV: dict[str, Any] = {"size": "small", "max_episode_steps": 20}


def _both(name: str = "household") -> tuple[Any, Any, Any]:
    on_cpu, on_gpu = (load_checkpoint(resolve_start(name), device=device) for device in ("cpu", "cuda"))
    return on_cpu.model, on_gpu.model, on_cpu.codec


def _reads_alike(one: FastLM, other: FastLM, rows: int, words: int, close: float) -> None:
    rng = random.Random(0)
    for _ in range(8):
        numbers = rng.sample(range(rows), rng.randint(1, rows))
        chunks = [rng.choices(range(words), k=rng.choice((1, 1, 1, 4, 9, 40))) for _ in numbers]
        found = (lm(numbers, chunks).cpu() for lm in (one, other))
        torch.testing.assert_close(*found, atol=close, rtol=close)


@pytest.mark.parametrize("kernels", [True, False])
def test_rows_of_different_length_are_read_as_on_a_cpu(kernels: bool) -> None:
    on_cpu, on_gpu, codec = _both()
    gpu = FastLM(on_gpu, 40, 400, kernels=kernels)
    _reads_alike(FastLM(on_cpu, 40, 400), gpu, 40, len(codec.tokenizer), 2e-3)


def test_kernels_read_as_torch_does_in_bf16() -> None:
    _, model, codec = _both()
    torch_s, triton_s = (FastLM(model, 40, 400, torch.bfloat16, kernels=kernels) for kernels in (False, True))
    _reads_alike(torch_s, triton_s, 40, len(codec.tokenizer), 0.25)


@pytest.mark.parametrize("start", ["household", "shop", "house"])
def test_log_probabilities_and_their_gradient_are_those_of_a_cpu(start: str) -> None:
    worlds = {"household": "SPA-ALFWorld-v0", "shop": "SPA-WebShop-v0", "house": "SPA-VirtualHome-v0"}
    on_cpu, on_gpu, codec = _both(start)
    batch = collate([encode(t, codec) for t in demonstrations(worlds[start], {"size": "small"}, 8)], codec.pad_id)
    for dtype, close in ((None, 1e-3), (torch.bfloat16, 0.1)):
        found = []
        for model, device in ((on_cpu, "cpu"), (on_gpu, "cuda")):
            model.zero_grad()
            rows = batch.to(torch.device(device))
            logprobs = token_logprobs(model, rows.ids, rows.action_mask, dtype=dtype)
            (-logprobs.mean()).backward()
            gradient = torch.cat([p.grad.flatten().cpu() for p in model.parameters() if p.grad is not None])
            found.append((logprobs.detach().cpu(), gradient))
        (cpu, cpu_gradient), (gpu, gpu_gradient) = found
        assert float((cpu - gpu).abs().mean()) < close
        assert float(torch.cosine_similarity(cpu_gradient, gpu_gradient, dim=0)) > (0.9999 if dtype is None else 0.98)


def test_the_same_episodes_are_played_as_on_a_cpu() -> None:
    """Where a token's draw lies on an edge a rounding may part two episodes, which is rare."""
    on_cpu, on_gpu, codec = _both()

    def make() -> gymnasium.Env[str, str]:
        return gymnasium.make("SPA-ALFWorld-v0", split="valid_seen", **ENV)

    specs = [EpisodeSpec(task_id=i, seed=0) for i in range(60)]
    for temperature in (0.0, 1.0):
        played = [
            CachedEngine(model, codec).run(make, specs, num_envs=32, temperature=temperature, seed=0)
            for model in (on_cpu, on_gpu)
        ]
        same = [
            [step.action for step in one.steps] == [step.action for step in other.steps]
            for one, other in zip(*played, strict=True)
        ]
        assert sum(same) >= 57
