"""PPO's losses, as pure functions of log-probabilities, advantages and values.

Ratios of probabilities stay finite in float32 however far two policies are apart: beyond a log-ratio of 20 (where verl
clamps it) the exponential goes on as its tangent. Unlike a clamp, that keeps a gradient which leads back.
"""

from __future__ import annotations

import torch

__all__ = ["clipped_policy_loss", "clipped_value_loss", "kl_estimate"]

_MOST = 20.0


def clipped_policy_loss(
    logprobs: torch.Tensor, old: torch.Tensor, advantages: torch.Tensor, *, clip: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """PPO's surrogate (Schulman et al. 2017, eq. 7), as a loss.

    Args:
        logprobs: [N] of the tokens under the policy that is trained.
        old: [N] of the same tokens under the policy that acted.
        advantages: [N].
        clip: epsilon, how far the ratio may be from 1 before its gradient stops.

    Returns:
        Mean loss, and the share of tokens whose ratio was clipped.
    """
    ratio = _ratio(logprobs - old)
    clipped = torch.clamp(ratio, 1.0 - clip, 1.0 + clip)
    loss = -torch.minimum(ratio * advantages, clipped * advantages).mean()
    return loss, ((ratio - 1.0).abs() > clip).float().mean()


def clipped_value_loss(values: torch.Tensor, old: torch.Tensor, targets: torch.Tensor, *, clip: float) -> torch.Tensor:
    """Half the mean squared error of values [N] to targets, pessimistic about moves of more than `clip` from `old`."""
    moved = old + torch.clamp(values - old, -clip, clip)
    return 0.5 * torch.maximum((values - targets).square(), (moved - targets).square()).mean()


def kl_estimate(logprobs: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Mean KL(policy || reference) over tokens sampled from the policy, in nats: Schulman's low-variance k3 estimator.

    k3 = exp(d) - 1 - d with d = log reference - log policy; never negative, and unbiased on the policy's own samples.
    """
    difference = reference - logprobs
    return (_ratio(difference) - 1.0 - difference).mean()


def _ratio(difference: torch.Tensor) -> torch.Tensor:
    """exp(x), and from 20 on its tangent there, exp(20) * (1 + x - 20); up to 20 every bit is exp's."""
    near = difference.clamp(max=_MOST)
    return torch.exp(near) * (1.0 + (difference - near))
