"""Settings of a training: the same for all methods but for `method` and `options`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spa_gym.core.errors import BadArgument

__all__ = ["TrainConfig"]


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training; the same for all methods but for `method` and `options`."""

    start: str = "runs/sft/checkpoint"
    """Checkpoint of the imitated policy; also the reference of the KL term."""
    method: str = "ppo"
    """Name of the method, or package.module:object."""
    options: dict[str, Any] = field(default_factory=dict)
    """Settings of the method."""
    label: str = ""
    """Its name in the tables, where that is not the method's: an ablation, a trial."""
    demonstrations: int = 150
    """Demonstrations that a method may compare with: those that were imitated, the first tasks of `train`."""
    out: Path = Path("runs/ppo")
    """Folder of everything that is written."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small"})
    """Its arguments, without the split."""
    env_steps: int = 60_000
    """Budget in environment steps, the method's exploration included."""
    exploration_in_budget: bool = field(default=True, metadata={"later": True})
    """False: the budget is the training's alone, as in published protocols."""
    episodes: int = 96
    """Episodes of an iteration."""
    minibatch: int = 24
    """Episodes of an update."""
    rows: int = 0
    """Episodes of a forward at most, for memory; 0: half of a minibatch, on a CPU fewer (`similar_lengths`). What
    is learned is the same up to rounding."""
    save_every_s: float = 0.0
    """A state to resume from is saved after a batch when the last one is this old in seconds; 0: after every batch."""
    epochs: int = 2
    """Times that each episode is used."""
    lr: float = 1e-3
    """AdamW's rate of the policy."""
    lr_warmup: int = field(default=0, metadata={"later": True})
    """First updates of the policy in which its rate rises to `lr`, in equal parts."""
    lora_rank: int = 0
    """Rank of LoRA adapters on the policy, merged when the checkpoint is written; 0 trains all weights."""
    lora_alpha: int | None = field(default=None, metadata={"later": True})
    """Scale of the adapters; none: twice the rank."""
    critic: str = "head"
    """`head`: a head on the policy's hidden states, without a gradient into them; `model`: a model of its own."""
    critic_lr: float = 1e-3
    """AdamW's rate of the critic."""
    critic_epochs: int = field(default=0, metadata={"later": True})
    """Further passes of a head over each batch's hidden states and returns, after the updates (`critic_fit.py`)."""
    critic_warmup: int = 2
    """First iterations in which only the critic learns."""
    gamma: float = 0.99
    """Discount, per step (or token)."""
    lam: float = 0.95
    """GAE's lambda, per step (or token)."""
    gae_over: str = "steps"
    """`steps`, `tokens` (of actions) or `sequence` (those of observations too)."""
    bootstrap_truncated: bool = False
    """Take the critic's value after a truncated episode instead of 0."""
    clip: float = 0.2
    """PPO's epsilon."""
    value_clip: float = 0.5
    """How far a value may move in an update before the loss is pessimistic."""
    value_weight: float = field(default=1.0, metadata={"later": True})
    """Weight of the critic's loss."""
    kl: float = 0.02
    """Weight of KL(policy || imitated policy)."""
    entropy: float = 0.0
    """Weight of the entropy bonus."""
    evaluate_every: int = 10
    """Iterations between intermediate evaluations on the first `evaluate_tasks` tasks of `evaluate_split`; 0: none."""
    evaluate_tasks: int = 100
    """Tasks of a look."""
    evaluate_split: str = "valid_seen"
    """Split of the looks; none of `final_splits`, which are not looked at on the way."""
    final_splits: tuple[str, ...] = ("valid_unseen",)
    """Splits that the result is played on, sampled and greedy."""
    final_tasks: int | None = None
    """Only their first tasks; None plays all."""
    num_envs: int = 64
    """Episodes played at once."""
    shared: Path | None = None
    """Folder of explorations and fits that trainings have in common; none: each makes its own."""
    seed: int = 0
    """Seed of tasks, sampling and order."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""

    def __post_init__(self) -> None:
        """Refuse what would be read as something else."""
        if self.gae_over not in ("steps", "tokens", "sequence"):
            raise BadArgument("gae_over 'steps', 'tokens' or 'sequence'", repr(self.gae_over), "pass --gae-over steps")
        if self.critic not in ("head", "model"):
            raise BadArgument("critic 'head' or 'model'", repr(self.critic), "pass --critic head")
        if self.critic == "model" and self.critic_epochs:
            raise BadArgument("critic_epochs with a head", f"{self.critic_epochs} with a model", "pass --critic head")
