"""Stage 5, `ppo`: reinforcement learning with the credit of one method, and nothing else different between methods.

    python -m spa_gym.baselines.training.ppo --start runs/sft/checkpoint --method spa --out runs/spa-0 --seed 0

Each iteration plays episodes of random training tasks at temperature 1, asks the method for the reward of every step,
and updates policy and critic. GAE runs over steps by default (an action is one decision), over action tokens by option.
The critic is a model of its own, from the same checkpoint as the policy; it reads the state before the action. A
truncated episode has failed: the step limit is part of the task and the policy can count its steps, so nothing is
bootstrapped unless asked for. The budget is in environment steps, those of the method's own exploration included.
"""

from __future__ import annotations

import copy
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import nn

from spa_gym.baselines.device import choose_device
from spa_gym.baselines.methods.seam import Credit, Study, make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.fast_forward import features, logits_at, token_logprobs
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import Codec, EncodedTrajectory, collate, encode
from spa_gym.baselines.policy_evaluation import evaluate_policy
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.training.advantages import explained_variance, gae, gae_over_tokens
from spa_gym.baselines.training.imitation import compute_dtype
from spa_gym.baselines.training.losses import clipped_policy_loss, clipped_value_loss, kl_estimate
from spa_gym.baselines.training.optimizers import Optimizers, adamw
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.trajectory import Trajectory
from spa_gym.leaderboard.run_record import RunRecord

__all__ = ["PPOConfig", "train_ppo"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PPOConfig:
    """Settings of a training; the same for all methods but for `method` and `options`."""

    start: str = "runs/sft/checkpoint"
    """Checkpoint of the imitated policy; also the reference of the KL term."""
    method: str = "ppo"
    """Name of the method, or package.module:object."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the method."""
    out: Path = Path("runs/ppo")
    """Folder of everything that is written."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small"})
    """Its arguments, without the split."""
    env_steps: int = 60_000
    """Budget in environment steps, the method's exploration included."""
    episodes: int = 96
    """Episodes of an iteration."""
    minibatch: int = 24
    """Episodes of an update."""
    epochs: int = 2
    """Times that each episode is used."""
    lr: float = 3e-4
    """AdamW's rate, policy and critic."""
    critic_warmup: int = 2
    """First iterations in which only the critic learns."""
    gamma: float = 0.99
    """Discount, per step (or token)."""
    lam: float = 0.95
    """GAE's lambda, per step (or token)."""
    gae_over: str = "steps"
    """`steps` or `tokens`."""
    bootstrap_truncated: bool = False
    """Take the critic's value after a truncated episode instead of 0."""
    clip: float = 0.2
    """PPO's epsilon."""
    value_clip: float = 0.5
    """How far a value may move in an update before the loss is pessimistic."""
    kl: float = 0.02
    """Weight of KL(policy || imitated policy)."""
    entropy: float = 0.0
    """Weight of the entropy bonus."""
    evaluate_every: int = 10
    """Iterations between evaluations; each plays the first `evaluate_tasks` tasks of `valid_seen`."""
    evaluate_tasks: int = 100
    """Tasks of these evaluations."""
    final_splits: tuple[str, ...] = ("valid_unseen",)
    """Splits that the result is played on, sampled and greedy."""
    num_envs: int = 64
    """Episodes played at once."""
    seed: int = 0
    """Seed of tasks, sampling and order."""
    device: str = "auto"
    """Where to compute."""


@dataclass(slots=True)
class _Episode:
    """An episode ready for updates; arrays over its N action tokens."""

    encoded: EncodedTrajectory
    old: torch.Tensor
    reference: torch.Tensor
    values: torch.Tensor
    advantages: torch.Tensor
    targets: torch.Tensor


class _Critic(nn.Module):
    """Value of the state before each action token: its own body, and a head that starts at zero."""

    def __init__(self, body: nn.Module, hidden: int, seed: int) -> None:
        super().__init__()
        self.body, self.head = body, ScalarHead(hidden, seed=seed)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[N] values before the N masked tokens."""
        states = features(self.body, ids, dtype=compute_dtype(ids.device))
        return self.head(states[:, :-1][mask[:, 1:]])


def train_ppo(config: PPOConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    settings = {k: v for k, v in asdict(config).items() if k not in ("out", "device")}
    finished = config.out / "record.json"
    if finished.is_file():
        record = RunRecord.load(finished)
        if record.settings == settings | {"final_splits": list(config.final_splits)}:
            return record
    started = time.perf_counter()
    device = choose_device(config.device)
    loaded = load_checkpoint(resolve_start(config.start), device=device)
    policy, codec = loaded.model, loaded.codec
    reference = copy.deepcopy(policy).eval().requires_grad_(False)
    critic = _Critic(copy.deepcopy(policy), policy.config.hidden_size, config.seed).to(device)
    policy_optimizer = Optimizers([adamw(policy.parameters(), config.lr)])
    critic_optimizer = Optimizers([adamw([p for p in critic.parameters()], config.lr)])
    method = make_method(config.method, config.options)
    study = Study(config.start, config.env_id, config.env_kwargs, config.out, config.seed, config.device)
    spent = method.prepare(study)
    state = Resumable(config.out, settings, {"policy": policy, "critic": critic},
                      {"policy": policy_optimizer, "critic": critic_optimizer})  # fmt: skip
    fresh = {"iteration": 0, "env_steps": spent, "tokens": 0, "updates": 0, "seconds": 0.0, "curves": {}}
    position = state.load() or fresh
    iteration, env_steps, tokens, updates = (position[k] for k in ("iteration", "env_steps", "tokens", "updates"))
    tracker = Tracker(
        config.out, config.method, config.env_steps, start=env_steps, unit="envstep", curves=position["curves"]
    )
    needs_progress = config.method == "oracle"

    def make_env() -> gymnasium.Env[str, str]:
        return gymnasium.make(config.env_id, split="train", progress=needs_progress, **config.env_kwargs)

    env = make_env()
    unwrapped: Any = env.unwrapped
    num_tasks = len(unwrapped.tasks)
    env.close()
    engine = CachedEngine(policy, codec)
    try:
        while env_steps < config.env_steps:
            rng = random.Random(f"ppo/{config.seed}/{iteration}")
            specs = [
                EpisodeSpec(task_id=int(rng.random() * num_tasks), seed=config.seed, sample=i)
                for i in range(config.episodes)
            ]
            noise = config.seed * 1_000_003 + iteration
            played = [
                t for t in engine.run(make_env, specs, num_envs=config.num_envs, temperature=1.0, seed=noise) if t.steps
            ]
            credit = method.credit(played)
            episodes = _prepare(played, credit, policy, reference, critic, codec, config, device)
            figures = _update(episodes, policy, critic, policy_optimizer, critic_optimizer, codec, config, rng, device,
                              learn_policy=iteration >= config.critic_warmup)  # fmt: skip
            iteration += 1
            steps = sum(t.num_steps for t in played)
            env_steps, updates = env_steps + steps, updates + int(figures.pop("updates"))
            tokens += sum(len(e.encoded.ids) for e in episodes)
            batch = {
                "success_batch": sum(t.success for t in played) / len(played),
                "episode_length": steps / len(played),
                "grounding": sum(s.grounded for t in played for s in t.steps) / steps,
                "return": float(np.mean([r.sum() for r in credit.rewards]))
                if credit.rewards is not None
                else float("nan"),
            }
            ended = env_steps >= config.env_steps
            looks: dict[str, float] = {}
            if iteration % config.evaluate_every == 0 or ended:
                looks = _look(policy, codec, config)
            tracker.log(iteration, env_steps=env_steps, **batch, **figures,
                        success_sampled=looks.get("sampled", float("nan")), success_greedy=looks.get("greedy", float("nan")))  # fmt: skip
            tracker.advance(
                steps,
                success=f"{batch['success_batch']:.2f}",
                length=f"{batch['episode_length']:.1f}",
                kl=f"{figures['kl']:.3f}",
            )
            seconds = position["seconds"] + time.perf_counter() - started
            state.save({"iteration": iteration, "env_steps": env_steps, "tokens": tokens, "updates": updates,
                        "seconds": seconds, "curves": tracker.curves})  # fmt: skip
    finally:
        tracker.close()
    final = _final(policy, codec, config)
    record = RunRecord(
        kind="train", method=config.method, env_id=config.env_id, env_kwargs=config.env_kwargs, seed=config.seed,
        settings=settings | {"final_splits": list(config.final_splits)}, env_steps=env_steps, tokens=tokens, updates=updates,
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={"exploration_env_steps": spent, **method.metrics()}, curves=_without_nan(tracker.curves), final=final,
    )  # fmt: skip
    save_checkpoint(
        config.out / "checkpoint", policy, codec, recipe={"stage": "ppo", "settings": settings, "start": loaded.recipe}
    )
    record.save(finished)
    state.clear()
    return record


def _prepare(
    played: Sequence[Trajectory],
    credit: Credit,
    policy: nn.Module,
    reference: nn.Module,
    critic: _Critic,
    codec: Codec,
    config: PPOConfig,
    device: torch.device,
) -> list[_Episode]:
    """Log-probabilities, values, advantages and targets of every action token."""
    encoded = [encode(t, codec) for t in played]
    old, ref, values = [torch.zeros(0)] * len(played), [torch.zeros(0)] * len(played), [torch.zeros(0)] * len(played)
    order = sorted(range(len(played)), key=lambda i: len(encoded[i].ids))
    with torch.no_grad():
        for start in range(0, len(order), config.minibatch):
            part = order[start : start + config.minibatch]
            rows = collate([encoded[i] for i in part], codec.pad_id).to(device)
            counts = [sum(encoded[i].action_mask) for i in part]
            dtype = compute_dtype(device)
            for store, flat in (
                (old, token_logprobs(policy, rows.ids, rows.action_mask, dtype=dtype)),
                (ref, token_logprobs(reference, rows.ids, rows.action_mask, dtype=dtype)),
                (values, critic(rows.ids, rows.action_mask)),
            ):
                for i, piece in zip(part, flat.cpu().split(counts), strict=True):
                    store[i] = piece
    episodes = []
    for i, trajectory in enumerate(played):
        counts = _tokens_per_step(encoded[i])
        advantages, targets = _advantages(trajectory, i, credit, counts, values[i].double().numpy(), config)
        episodes.append(
            _Episode(
                encoded[i],
                old[i],
                ref[i],
                values[i],
                torch.from_numpy(advantages).float(),
                torch.from_numpy(targets).float(),
            )
        )
    flat = torch.cat([e.advantages for e in episodes])
    mean, deviation = flat.mean(), flat.std() + 1e-8
    for episode in episodes:
        episode.advantages = (episode.advantages - mean) / deviation
    return episodes


def _tokens_per_step(encoded: EncodedTrajectory) -> list[int]:
    return [sum(encoded.action_mask[a : b + 1]) for a, b in zip(encoded.step_starts, encoded.step_ends, strict=True)]


def _advantages(
    trajectory: Trajectory, index: int, credit: Credit, counts: list[int], values: np.ndarray, config: PPOConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Advantage and value target of each action token; over steps, the tokens of an action share its step's."""
    if credit.advantages is not None:
        spread = np.repeat(credit.advantages[index], counts)
        return spread, values
    rewards = (credit.rewards or [])[index]
    firsts = np.cumsum([0, *counts[:-1]])
    bootstrap = float(values[-1]) if config.bootstrap_truncated and trajectory.truncated else 0.0
    if config.gae_over == "tokens":
        advantages = gae_over_tokens(rewards, counts, values, gamma=config.gamma, lam=config.lam, bootstrap=bootstrap)
        return advantages, advantages + values
    by_step = values[firsts]
    advantages = gae(rewards, by_step, gamma=config.gamma, lam=config.lam, bootstrap=bootstrap)
    return np.repeat(advantages, counts), np.repeat(advantages + by_step, counts)


def _update(
    episodes: list[_Episode],
    policy: nn.Module,
    critic: _Critic,
    policy_optimizer: Optimizers,
    critic_optimizer: Optimizers,
    codec: Codec,
    config: PPOConfig,
    rng: random.Random,
    device: torch.device,
    *,
    learn_policy: bool,
) -> dict[str, float]:
    """PPO's epochs over a batch of episodes; returns mean figures and the number of updates."""
    sums: dict[str, float] = {}
    updates = 0
    for _ in range(config.epochs):
        order = list(range(len(episodes)))
        rng.shuffle(order)
        for start in range(0, len(order), config.minibatch):
            chosen = [episodes[i] for i in order[start : start + config.minibatch]]
            figures = _one_update(chosen, policy, critic, codec, config, device, learn_policy)
            if learn_policy:
                figures["grad_norm"] = policy_optimizer.step()
            critic_optimizer.step()
            updates += 1
            for key, value in figures.items():
                sums[key] = sums.get(key, 0.0) + value
    means = {key: value / updates for key, value in sums.items()}
    means["explained_variance"] = explained_variance(
        torch.cat([e.values for e in episodes]).numpy(), torch.cat([e.targets for e in episodes]).numpy()
    )
    return {**{"grad_norm": 0.0}, **means, "updates": updates}


def _one_update(
    chosen: list[_Episode],
    policy: nn.Module,
    critic: _Critic,
    codec: Codec,
    config: PPOConfig,
    device: torch.device,
    learn_policy: bool,
) -> dict[str, float]:
    """Gradients of one minibatch, read in two halves of like length so that little is padding."""
    chosen = sorted(chosen, key=lambda e: len(e.encoded.ids))
    half = -(-len(chosen) // 2)
    total = sum(len(e.old) for e in chosen)
    figures = dict.fromkeys(("policy_loss", "value_loss", "kl", "entropy", "clipped"), 0.0)
    for part in (chosen[:half], chosen[half:]):
        if not part:
            continue
        rows = collate([e.encoded for e in part], codec.pad_id).to(device)
        old, reference, values, advantages, targets = (
            torch.cat([getattr(e, name) for e in part]).to(device)
            for name in ("old", "reference", "values", "advantages", "targets")
        )
        share = len(old) / total
        value_loss = clipped_value_loss(critic(rows.ids, rows.action_mask), values, targets, clip=config.value_clip)
        (value_loss * share).backward()
        with torch.set_grad_enabled(learn_policy):
            states = features(policy, rows.ids, dtype=compute_dtype(device))
            logits = logits_at(policy, states[:, :-1], rows.action_mask[:, 1:], dtype=compute_dtype(device))
            log_p = torch.log_softmax(logits, dim=-1)
            logprobs = log_p.gather(1, rows.ids[:, 1:][rows.action_mask[:, 1:]][:, None])[:, 0]
            entropy = -(log_p.exp() * log_p).sum(-1).mean()
            policy_loss, clipped = clipped_policy_loss(logprobs, old, advantages, clip=config.clip)
            divergence = kl_estimate(logprobs, reference)
            if learn_policy:
                ((policy_loss + config.kl * divergence - config.entropy * entropy) * share).backward()
        for key, value in zip(figures, (policy_loss, value_loss, divergence, entropy, clipped), strict=True):
            figures[key] += float(value) * share
    return figures


def _look(policy: nn.Module, codec: Codec, config: PPOConfig) -> dict[str, float]:
    """Success on the first tasks of `valid_seen`, for the curve; the final splits are not looked at on the way."""
    return {
        name: evaluate_policy(policy, codec, config.env_id, config.env_kwargs, split="valid_seen", temperature=temperature,
                              seed=config.seed, max_tasks=config.evaluate_tasks)["success"]
        for name, temperature in (("greedy", 0.0), ("sampled", 1.0))
    }  # fmt: skip


def _final(policy: nn.Module, codec: Codec, config: PPOConfig) -> dict[str, dict[str, Any]]:
    return {
        f"{split}/{name}": evaluate_policy(
            policy, codec, config.env_id, config.env_kwargs, split=split, temperature=temperature, seed=config.seed
        )
        for split in config.final_splits
        for name, temperature in (("greedy", 0.0), ("sampled", 1.0))
    }


def _without_nan(curves: dict[str, list[float]]) -> dict[str, list[float | None]]:
    return {key: [None if value != value else value for value in values] for key, values in curves.items()}


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = train_ppo(tyro.cli(PPOConfig))
    for place, figures in record.final.items():
        _log.info(
            "%s: success %.3f of %d tasks, grounding %.3f",
            place,
            figures["success"],
            figures["n"],
            figures["grounding"],
        )


if __name__ == "__main__":
    main()
