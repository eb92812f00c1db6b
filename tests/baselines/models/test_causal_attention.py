"""Causal attention's own backward: what autograd says, for every block size, with and without shared heads."""

import pytest
import torch

from spa_gym.baselines.models.causal_attention import causal_attention, causal_attention_backward


@pytest.mark.parametrize("block", [1, 4, 5, 13, 128])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_gradients_are_those_of_the_softmax_written_out(block, kv_heads):
    generator = torch.Generator().manual_seed(0)

    def made(heads: int) -> torch.Tensor:
        return torch.randn(2, heads, 13, 6, generator=generator).requires_grad_()

    q, k, v, above = made(4), made(kv_heads), made(kv_heads), made(4).detach()
    shared = [x.repeat_interleave(4 // kv_heads, dim=1) for x in (k, v)]
    scores = (q @ shared[0].transpose(-1, -2)) / 6**0.5
    future = torch.ones(13, 13, dtype=torch.bool).triu(1)
    expected = torch.softmax(scores.masked_fill(future, float("-inf")), dim=-1) @ shared[1]
    expected.backward(above)

    with torch.no_grad():
        torch.testing.assert_close(causal_attention(q, k, v), expected)
        found = causal_attention_backward(above, q, k, v, block=block)
    for gradient, tensor in zip(found, (q, k, v), strict=True):
        torch.testing.assert_close(gradient, tensor.grad)


def test_what_comes_later_changes_nothing():
    generator = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(1, 2, 9, 4, generator=generator) for _ in range(3))
    before = causal_attention(q, k, v)
    for tensor in (q, k, v):
        tensor[:, :, 6:] = 50.0
    assert torch.equal(causal_attention(q, k, v)[:, :, :6], before[:, :, :6])
