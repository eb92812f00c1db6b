"""Stage 5, `train`: reinforcement learning with the credit of one method, and nothing else different between methods.

    python -m spa_gym.baselines.training.train --start runs/sft/checkpoint --method spa --out runs/spa-0 --seed 0

Each iteration plays episodes of random training tasks at temperature 1 and asks the method for the credit of every
step (`seam.py`). Rewards go through a critic and GAE, and PPO's clipped loss; advantages go to the clipped loss as they
are; preferences and imitations to `learning/preference.py`. GAE runs over steps by default (an action is one decision),
over action tokens by option. The critic reads the state before the action: as a head on the policy's hidden states (no
gradient goes back into them), or as a model of its own from the same checkpoint. A truncated episode has failed: the
step limit is part of the task and the policy can count its steps, so nothing is bootstrapped unless asked for. The
budget is in environment steps; those of the method's own exploration and continuations are included.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import nn

from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.distributed import from_main, is_main, wait
from spa_gym.baselines.learning.credit_checks import check_credit, warn_of_nothing
from spa_gym.baselines.learning.demonstrations import demonstrations
from spa_gym.baselines.learning.learner import Learner
from spa_gym.baselines.learning.readings import ModelReadings
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.lora import merged
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.policy_evaluation import DECODINGS, evaluate_final, evaluate_policy, log_final
from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.player import EnginePlayer
from spa_gym.baselines.seam import Batch, Credit, Method
from spa_gym.baselines.train_config import TrainConfig
from spa_gym.baselines.training.resume import Resumable, run_stage
from spa_gym.baselines.training.study import study_of
from spa_gym.baselines.training.tasks import Tasks
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import Trajectory

__all__ = ["TrainConfig", "train"]

_log = logging.getLogger(__name__)


def train(config: TrainConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    return run_stage(config, _train)


def _train(config: TrainConfig, settings: dict[str, Any]) -> RunRecord:
    started = time.perf_counter()
    device = choose_device(config.device, config.dtype)
    method = make_method(config.method, config.options)
    study = study_of(config, train, _demonstrated(config, method))
    spent = method.prepare(study)  # before the policy is there: a fit needs the memory of its optimiser
    started -= study.stages.borrowed_s
    loaded = load_checkpoint(resolve_start(config.start), device=device)
    learner = Learner(loaded.model, loaded.codec, config, device)
    policy, codec = learner.policy, loaded.codec
    state = Resumable(
        config.out,
        settings,
        {"policy": policy, "critic": learner.critic, **method.modules()},
        {"policy": learner.policy_optimizer, "critic": learner.critic_optimizer, **method.optimizers()},
    )
    begun = spent if config.exploration_in_budget else 0
    fresh = {"iteration": 0, "env_steps": begun, "tokens": 0, "updates": 0, "seconds": 0.0, "curves": {}, "elapsed": []}
    position = state.load() or fresh
    elapsed = position["elapsed"]
    iteration, env_steps, tokens, updates = (position[k] for k in ("iteration", "env_steps", "tokens", "updates"))
    name = config.label or config.method
    tracker = Tracker(config.out, name, config.env_steps, start=env_steps, unit="envstep", curves=position["curves"])
    readings = ModelReadings(policy, learner.reference, codec, device)
    tasks = Tasks(config, method.needs, [t.task_id for t in study.demonstrations])
    engine, scoring = CachedEngine(policy, codec), CachedEngine(learner.reference, codec)
    saved = time.perf_counter()
    try:
        while env_steps < config.env_steps:
            rng = random.Random(f"ppo/{config.seed}/{iteration}")
            noise = config.seed * 1_000_003 + iteration
            specs = tasks.draw(rng) if method.needs.plays else []
            played = engine.run(
                tasks.make_env,
                specs,
                num_envs=config.num_envs,
                temperature=1.0,
                seed=noise,
                progress=_steps_so_far(tracker),
            )
            played = [t for t in played if t.steps]
            player, scorer = (
                EnginePlayer(each, tasks.make_env, num_envs=config.num_envs, seed=config.seed, noise=2 * iteration + k)
                for k, each in ((1, engine), (2, scoring))
            )
            credit = from_main(method.credit(Batch(played, iteration, config.seed, player, readings, scorer)))
            player.close()
            scorer.close()
            check_credit(credit, played, config.method)
            continued = player.env_steps + scorer.env_steps
            figures = learner.learn(played, credit, rng, iteration=iteration)
            iteration += 1
            steps = sum(t.num_steps for t in played) + continued
            env_steps, updates = env_steps + steps, updates + int(figures.pop("updates"))
            tokens += int(figures.pop("tokens"))
            batch = _figures(played, credit, continued)
            ended = env_steps >= config.env_steps
            warn_of_nothing(config.method, iteration, updates, ended=ended)
            looks: dict[str, float] = {}
            if config.evaluate_every and (iteration % config.evaluate_every == 0 or ended):
                looks = _look(policy, codec, config)
            tracker.log(
                iteration,
                env_steps=env_steps,
                tokens=tokens,
                **batch,
                **figures,
                **credit.figures,
                success_sampled=looks.get("sampled", float("nan")),
                success_greedy=looks.get("greedy", float("nan")),
            )
            tracker.advance(
                steps,
                success=f"{batch['success_batch']:.2f}",
                length=f"{batch['episode_length']:.1f}",
                **({"kl": f"{figures['kl']:.3f}"} if "kl" in figures else {}),
            )
            elapsed.append(round(position["seconds"] + time.perf_counter() - started, 2))
            if ended or time.perf_counter() - saved >= config.save_every_s:
                saved = time.perf_counter()
                state.save(
                    {
                        "iteration": iteration,
                        "env_steps": env_steps,
                        "tokens": tokens,
                        "updates": updates,
                        "seconds": position["seconds"] + saved - started,
                        "curves": tracker.curves,
                        "elapsed": elapsed,
                    }
                )
    finally:
        tracker.close()
    final = evaluate_final(
        policy,
        codec,
        config.env_id,
        config.env_kwargs,
        splits=config.final_splits,
        seed=config.seed,
        max_tasks=config.final_tasks,
        num_envs=config.num_envs,
    )
    record = RunRecord(
        kind="train",
        method=name,
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        seed=config.seed,
        settings=settings,
        machine=describe_computing(device),
        env_steps=env_steps,
        tokens=tokens,
        updates=updates,
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={"exploration_env_steps": spent, **method.metrics()},
        curves=tracker.columns(),
        elapsed_s=elapsed,
        final=final,
    )
    recipe = {"stage": "ppo", "settings": settings, "start": loaded.recipe}
    if is_main():
        save_checkpoint(config.out / "checkpoint", merged(policy), codec, recipe=recipe)
        record.save(config.out / "record.json")
        state.clear()
    wait()
    return record


def _steps_so_far(tracker: Tracker) -> Callable[[int, Trajectory], None]:
    """Report the steps of a batch as its episodes end: a batch may take a minute."""
    steps = 0

    def count(_: int, trajectory: Trajectory) -> None:
        nonlocal steps
        steps += trajectory.num_steps
        tracker.report(steps)

    return count


def _demonstrated(config: TrainConfig, method: Method) -> Sequence[Trajectory]:
    """The expert's episodes, for a method that asks for them."""
    if not method.needs.demonstrated:
        return ()
    return demonstrations(config.env_id, config.env_kwargs, config.demonstrations)


def _figures(played: Sequence[Trajectory], credit: Credit, continued: int) -> dict[str, float]:
    """What the batch was like; `return` is the mean sum of the credit's rewards. Not a number where none was played."""
    if not played:
        names = ("success_batch", "score_batch", "episode_length", "grounding", "return")
        return {**dict.fromkeys(names, float("nan")), "continued_steps": float(continued)}
    steps = sum(t.num_steps for t in played)
    return {
        "success_batch": sum(t.success for t in played) / len(played),
        "score_batch": sum(t.score for t in played) / len(played),
        "episode_length": steps / len(played),
        "grounding": sum(s.grounded for t in played for s in t.steps) / steps,
        "return": float(np.mean([r.sum() for r in credit.rewards])) if credit.rewards is not None else float("nan"),
        "continued_steps": float(continued),
    }


def _look(policy: nn.Module, codec: Codec, config: TrainConfig) -> dict[str, float]:
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
            num_envs=config.num_envs,
        )["success"]
        for name, temperature in DECODINGS.items()
    }


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = train(tyro.cli(TrainConfig))
    log_final(record)


if __name__ == "__main__":
    main()
