"""Muon against torch's own, against the singular vectors, and that its state is torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spa_gym.baselines import device
from spa_gym.baselines.models.muon import Muon, orthogonalise

SHAPES = ((8, 8), (8, 8), (24, 8), (8, 24), (1, 5))


@pytest.fixture(params=["float32", "bfloat16"])
def dtype(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    chosen = device.DTYPES[request.param]
    monkeypatch.setattr(device, "_chosen", chosen)
    assert chosen is not None
    return chosen


def _parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def _step(optimizer: torch.optim.Optimizer, parameters: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in parameters[:-1] if seed == 1 else parameters:  # the last one has no gradient once
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon came with torch 2.9")
def test_steps_are_those_of_torch(dtype: torch.dtype) -> None:
    ours, theirs = _parameters(), _parameters()
    muon = Muon(ours, lr=0.02)
    torchs = torch.optim.Muon(theirs, lr=0.02, momentum=0.95, weight_decay=0.0)
    for seed in range(4):
        _step(muon, ours, seed)
        _step(torchs, theirs, seed)
    for mine, other in zip(ours, theirs, strict=True):
        # Torch iterates in bf16: four steps of 0.02 that are off by some parts in a hundred.
        assert torch.allclose(mine, other, atol=4 * 0.02 * 0.1), (mine - other).abs().max()
        assert torch.equal(muon.state[mine]["momentum_buffer"], torchs.state[other]["momentum_buffer"])


def test_singular_values_are_near_one_and_vectors_stay(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(3)
    for shape in ((4, 16, 16), (2, 40, 12), (2, 12, 40)):
        matrices = torch.randn(shape, generator=generator)
        found = orthogonalise(matrices)
        assert found.dtype == dtype and found.shape == matrices.shape
        u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
        inside = u.mT @ found.float() @ vh.mT
        values = inside.diagonal(dim1=-2, dim2=-1)
        assert 0.3 < float(values.min()) and float(values.max()) < 1.4
        off = inside - torch.diag_embed(values)
        assert float(off.abs().max()) < (1e-4 if dtype == torch.float32 else 0.06)


def test_a_matrix_of_zeros_stays_finite(dtype: torch.dtype) -> None:
    assert orthogonalise(torch.zeros(1, 4, 6)).eq(0).all()
