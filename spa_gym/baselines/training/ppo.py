"""Stage 5, `ppo`: reinforcement learning with the credit of one method, and nothing else different between methods.

    python -m spa_gym.baselines.training.ppo --start runs/sft/checkpoint --method spa --out runs/spa-0 --seed 0

Each iteration plays episodes of random training tasks at temperature 1, asks the method for the reward of every step,
and updates policy and critic. GAE runs over steps by default (an action is one decision), over action tokens by option.
The critic reads the state before the action: as a head on the policy's hidden states (no gradient goes back into them),
or as a model of its own from the same checkpoint. A truncated episode has failed: the step limit is part of the task
and the policy can count its steps, so nothing is bootstrapped unless asked for. The budget is in environment steps,
those of the method's own exploration included.
"""

from __future__ import annotations

import copy
import logging
import random
import time
from typing import Any

import gymnasium
import numpy as np
from torch import nn

from spa_gym.baselines.device import choose_device
from spa_gym.baselines.methods.seam import Study, make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.lora import add_lora, merged
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.policy_evaluation import evaluate_policy, log_final
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.training.batch import Critic, prepare
from spa_gym.baselines.training.optimizers import Optimizers, adamw
from spa_gym.baselines.training.ppo_config import PPOConfig
from spa_gym.baselines.training.resume import Resumable, finished_record, plain_settings
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.baselines.training.updates import update
from spa_gym.core.run_record import RunRecord

__all__ = ["PPOConfig", "train_ppo"]

_log = logging.getLogger(__name__)


def train_ppo(config: PPOConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    settings = plain_settings(config)
    finished = finished_record(config.out, settings)
    if finished is not None:
        return finished
    started = time.perf_counter()
    device = choose_device(config.device)
    loaded = load_checkpoint(resolve_start(config.start), device=device)
    policy, codec = loaded.model, loaded.codec
    reference = copy.deepcopy(policy).eval().requires_grad_(False)
    body = copy.deepcopy(policy) if config.critic == "model" else None
    hidden = int(policy.config.hidden_size)
    policy = add_lora(policy, config.lora_rank, seed=config.seed)
    critic = Critic(hidden, config.seed, body).to(device)
    policy_optimizer = Optimizers([adamw([p for p in policy.parameters() if p.requires_grad], config.lr)])
    critic_optimizer = Optimizers([adamw(critic.parameters(), config.critic_lr)])
    method = make_method(config.method, config.options)
    study = Study(config.start, config.env_id, config.env_kwargs, config.out, config.seed, config.device)
    spent = method.prepare(study)
    state = Resumable(
        config.out,
        settings,
        {"policy": policy, "critic": critic},
        {"policy": policy_optimizer, "critic": critic_optimizer},
    )
    fresh = {"iteration": 0, "env_steps": spent, "tokens": 0, "updates": 0, "seconds": 0.0, "curves": {}}
    position = state.load() or fresh
    iteration, env_steps, tokens, updates = (position[k] for k in ("iteration", "env_steps", "tokens", "updates"))
    tracker = Tracker(
        config.out, config.method, config.env_steps, start=env_steps, unit="envstep", curves=position["curves"]
    )
    needs_progress = bool(getattr(method, "needs_progress", False))

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
            episodes = prepare(played, credit, policy, reference, critic, codec, config, device)
            figures = update(
                episodes,
                policy,
                critic,
                policy_optimizer,
                critic_optimizer,
                codec,
                config,
                rng,
                device,
                learn_policy=iteration >= config.critic_warmup,
            )
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
            tracker.log(
                iteration,
                env_steps=env_steps,
                **batch,
                **figures,
                success_sampled=looks.get("sampled", float("nan")),
                success_greedy=looks.get("greedy", float("nan")),
            )
            tracker.advance(
                steps,
                success=f"{batch['success_batch']:.2f}",
                length=f"{batch['episode_length']:.1f}",
                kl=f"{figures['kl']:.3f}",
            )
            seconds = position["seconds"] + time.perf_counter() - started
            state.save(
                {
                    "iteration": iteration,
                    "env_steps": env_steps,
                    "tokens": tokens,
                    "updates": updates,
                    "seconds": seconds,
                    "curves": tracker.curves,
                }
            )
    finally:
        tracker.close()
    final = _final(policy, codec, config)
    record = RunRecord(
        kind="train",
        method=config.method,
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        seed=config.seed,
        settings=settings,
        env_steps=env_steps,
        tokens=tokens,
        updates=updates,
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={"exploration_env_steps": spent, **method.metrics()},
        curves=tracker.columns(),
        final=final,
    )
    recipe = {"stage": "ppo", "settings": settings, "start": loaded.recipe}
    save_checkpoint(config.out / "checkpoint", merged(policy), codec, recipe=recipe)
    record.save(config.out / "record.json")
    state.clear()
    return record


def _look(policy: nn.Module, codec: Codec, config: PPOConfig) -> dict[str, float]:
    """Success on the first tasks of `evaluate_split`, for the curve."""
    return {
        name: evaluate_policy(
            policy,
            codec,
            config.env_id,
            config.env_kwargs,
            split=config.evaluate_split,
            temperature=temperature,
            seed=config.seed,
            max_tasks=config.evaluate_tasks,
        )["success"]
        for name, temperature in (("greedy", 0.0), ("sampled", 1.0))
    }


def _final(policy: nn.Module, codec: Codec, config: PPOConfig) -> dict[str, dict[str, Any]]:
    return {
        f"{split}/{name}": evaluate_policy(
            policy,
            codec,
            config.env_id,
            config.env_kwargs,
            split=split,
            temperature=temperature,
            seed=config.seed,
            max_tasks=config.final_tasks,
        )
        for split in config.final_splits
        for name, temperature in (("greedy", 0.0), ("sampled", 1.0))
    }


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = train_ppo(tyro.cli(PPOConfig))
    log_final(record)


if __name__ == "__main__":
    main()
