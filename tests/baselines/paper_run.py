"""A program for tests: the preset `paper` on a small random Llama and a small world, on one process or several.

    accelerate launch --multi_gpu --num_processes 2 tests/baselines/paper_run.py MODEL OUT

It is `spa-gym reproduce --preset paper` with smaller numbers, and then a training with SPA on made-up exploration,
since a random model solves nothing. After every batch each process notes a digest of the weights in
`OUT/weights-RANK.txt`. All runs are in this process; those of a single one would have processes of their own.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import torch

from spa_gym import cli
from spa_gym.baselines import distributed, experiment, paper_preset, reproduce
from spa_gym.baselines.learning.learner import Learner
from spa_gym.baselines.policy_evaluation import evaluate_policy
from spa_gym.baselines.training import train as training
from tests.baselines.tiny_runs import made_up_exploration, ppo_config

SMALL = {"size": "small"}


def shrink() -> None:
    """The preset's settings at a size of seconds."""
    paper_preset._WORLDS.clear()
    paper_preset._WORLDS["alfworld"] = paper_preset._World(5, 7, 2, "valid_seen", "valid_seen", SMALL)
    paper_preset._EPISODES = 4  # type: ignore[misc]
    paper_preset._SFT.update(epochs=1, batch_episodes=3, max_eval_tasks=2, adamw_lr=1e-3)
    paper_preset._TRAINING.update(episodes=5, minibatch=3, epochs=2, rows=1, evaluate_tasks=2, lr=1e-3)
    reproduce.run_jobs = lambda jobs, **_: experiment._in_turn(jobs)
    training.evaluate_policy = lambda *given, **named: evaluate_policy(*given, **{**named, "max_tasks": 2})


def watch(out: Path) -> None:
    """Let every process write down what its weights are after each batch."""
    learn = Learner.learn

    def watched(self: Learner, *given: Any, **named: Any) -> dict[str, float]:
        figures = learn(self, *given, **named)
        digest = hashlib.sha256()
        for parameter in (*self.policy.parameters(), *self.critic.parameters()):
            digest.update(parameter.detach().numpy().tobytes())
        out.mkdir(parents=True, exist_ok=True)
        with (out / f"weights-{os.environ.get('RANK', '0')}.txt").open("a", encoding="utf-8") as file:
            file.write(digest.hexdigest() + "\n")
        return figures

    Learner.learn = watched  # type: ignore[method-assign]


def main(model: str, out: Path) -> int:
    """Run both."""
    torch.set_num_threads(1)
    shrink()
    watch(out)
    distributed.connect()
    command = ["reproduce", "--preset", "paper", "--model", model, "--method", "ppo", "--env", "alfworld"]
    code = cli.main([*command, "--out", str(out / "reproduce"), "--parallel", "1"])
    if code:
        return code
    config = ppo_config(
        out / "reproduce" / "runs" / "alfworld" / "sft-0" / "checkpoint",
        out / "spa",
        method="spa",
        options={"tasks": 8, "samples": 2, "epochs": 1, "fitting": {"batch_episodes": 5, "lr": 1e-3}},
        env_kwargs={"size": "small", "max_episode_steps": 5},
        env_steps=40,
        exploration_in_budget=False,
        episodes=5,
        lora_rank=4,
        critic_warmup=0,
    )
    if distributed.is_main():
        made_up_exploration(config, tasks=8, samples=2)
    distributed.wait()
    training.train(config)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
