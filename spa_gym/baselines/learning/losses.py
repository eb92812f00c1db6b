"""PPO's losses, as pure functions of log-probabilities, advantages and values."""

from __future__ import annotations

import torch

__all__ = ["clipped_policy_loss", "clipped_value_loss", "kl_estimate"]


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
    ratio = torch.exp(logprobs - old)
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
    return (torch.exp(difference) - 1.0 - difference).mean()
