"""Stage 2, `sft`: imitation of a stated, small number of demonstrations of the task itself.

    python -m spa_gym.baselines.training.sft --start runs/pretrain/checkpoint --out runs/sft --demonstrations 200

The demonstrations are the demonstrator's episodes on the first tasks of the training split. Writes
`<out>/checkpoint`, `<out>/record.json` and, while it runs, a state to resume from.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import torch

from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.distributed import is_main, wait
from spa_gym.baselines.learning.imitation import schedule, train_on
from spa_gym.baselines.learning.transcripts import Transcript, play_transcript
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.lora import add_lora, merged
from spa_gym.baselines.models.optimizers import Optimizers, adamw, muon_and_adamw
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tiny import count_parameters
from spa_gym.baselines.policy_evaluation import evaluate_final, log_final
from spa_gym.baselines.training.resume import Resumable, run_stage
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.arguments import given_once, one_of
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord

__all__ = ["SFTConfig", "sft"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SFTConfig:
    """Settings of an imitation."""

    start: str = "household"
    """Checkpoint to start from: a folder, a Hugging Face path, or the name of a shipped one."""
    out: Path = Path("runs/sft")
    """Folder of everything that is written."""
    env_id: str = "SPA-ALFWorld-v0"
    """The environment."""
    env_kwargs: dict[str, Any] = field(default_factory=lambda: {"size": "small"})
    """Its arguments, without the split."""
    demonstrations: int = 150
    """Number of demonstrations: the first tasks of `train`; all that are solved, where there are fewer."""
    epochs: int = 4
    """Times that each demonstration is read."""
    batch_episodes: int = 8
    """Demonstrations of a batch."""
    muon_lr: float = 0.004
    """Peak rate of Muon."""
    adamw_lr: float = 8e-4
    """Peak rate of AdamW."""
    optimizer: str = field(default="muon", metadata={"later": True})
    """`muon`: Muon on the matrices and AdamW on the rest; `adamw`: AdamW on all."""
    decay: str = field(default="linear", metadata={"later": True})
    """How the rates fall: `linear` or `cosine`."""
    warmup: float = field(default=0.02, metadata={"later": True})
    """Share of the training in which the rates rise."""
    layout: str | None = field(default=None, metadata={"later": True})
    """Delimiters for a foreign model: `text`, `text-eos`, `llama-chat`, `tiny`; none: those that suit its tokenizer."""
    context: int | None = field(default=None, metadata={"later": True})
    """Longest episode in tokens that the policy reads from now on, where the model allows more; none: the model's."""
    rows: int = 0
    """Demonstrations of a forward at most, for memory; 0: all of a batch, on a CPU fewer (`similar_lengths`). What
    is learned is the same up to rounding."""
    num_envs: int = field(default=64, metadata={"later": True})
    """Episodes of the evaluation played at once."""
    lora_rank: int = 0
    """Rank of LoRA adapters, merged when the checkpoint is written; 0 trains all weights."""
    text_weight: float = 0.05
    """Weight of a token of the observations."""
    seed: int = 0
    """Seed of the order of the demonstrations."""
    evaluate: tuple[str, ...] = ("valid_unseen",)
    """Splits that the result is played on, sampled and greedy."""
    max_eval_tasks: int | None = None
    """Only the first tasks of a split; None for all."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = field(default="auto", metadata={"later": True})
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""

    def __post_init__(self) -> None:
        """Refuse what would be read as something else."""
        one_of("optimizer", self.optimizer, ("muon", "adamw"))
        one_of("decay", self.decay, ("linear", "cosine"))


def sft(config: SFTConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    return run_stage(config, _sft)


def _sft(config: SFTConfig, settings: dict[str, Any]) -> RunRecord:
    started = time.perf_counter()
    device = choose_device(config.device, config.dtype)
    loaded = load_checkpoint(resolve_start(config.start), device=device, layout=config.layout)
    model, codec = add_lora(loaded.model, config.lora_rank, seed=config.seed), loaded.codec
    if config.context is not None:
        settled: Any = model.config
        settled.max_position_embeddings = min(config.context, settled.max_position_embeddings)
    transcripts, env_steps = _demonstrations(config, codec)
    optimizers = (
        Optimizers([adamw([p for p in model.parameters() if p.requires_grad], config.adamw_lr)])
        if config.lora_rank or config.optimizer == "adamw"
        else muon_and_adamw(model, muon_lr=config.muon_lr, adamw_lr=config.adamw_lr)
    )
    state = Resumable(config.out, settings, {"model": model}, {"all": optimizers})
    position = state.load() or {"epoch": 0, "updates": 0, "tokens": 0, "seconds": 0.0, "curves": {}}
    updates, tokens = position["updates"], position["tokens"]
    per_epoch = -(-len(transcripts) // config.batch_episodes)
    total = per_epoch * config.epochs
    tracker = Tracker(config.out, "sft", total, start=updates, curves=position["curves"])
    try:
        for epoch in range(position["epoch"], config.epochs):
            order = list(transcripts)
            random.Random(f"sft/{config.seed}/{epoch}").shuffle(order)
            groups = [order[i : i + config.batch_episodes] for i in range(0, len(order), config.batch_episodes)]
            for group in groups:
                rate = schedule(updates / total, warmup=config.warmup, decay=config.decay)
                figures = train_on(model, iter([group]), optimizers, codec.pad_id, rate, device, rows=config.rows)
                updates, tokens = updates + 1, tokens + int(figures["tokens"])
                tracker.advance(loss=f"{figures['loss_actions']:.3f}")
                if updates % 5 == 0:
                    tracker.log(updates, **{k: figures[k] for k in ("loss", "loss_actions", "accuracy", "norm")})
            seconds = position["seconds"] + time.perf_counter() - started
            done = {"epoch": epoch + 1, "updates": updates, "tokens": tokens, "seconds": seconds}
            state.save({**done, "curves": tracker.curves})
    finally:
        tracker.close()
    final = evaluate_final(
        model,
        codec,
        config.env_id,
        config.env_kwargs,
        splits=config.evaluate,
        seed=config.seed,
        max_tasks=config.max_eval_tasks,
        num_envs=config.num_envs,
    )
    record = RunRecord(
        kind="train",
        method="sft",
        env_id=config.env_id,
        env_kwargs=config.env_kwargs,
        seed=config.seed,
        settings=settings,
        machine=describe_computing(device),
        env_steps=env_steps,
        tokens=tokens,
        updates=updates,
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={"parameters": count_parameters(model)},
        curves=tracker.columns(),
        final=final,
    )
    recipe = {"stage": "sft", "settings": settings, "start": loaded.recipe}
    if is_main():
        save_checkpoint(config.out / "checkpoint", merged(model), codec, recipe=recipe)
        record.save(config.out / "record.json")
        state.clear()
    wait()
    return record


def _demonstrations(config: SFTConfig, codec: Any) -> tuple[list[Transcript], int]:
    env = gymnasium.make(config.env_id, **given_once(config.env_kwargs, split="train"))
    made: list[Transcript] = []
    task = 0
    bare: Any = env.unwrapped
    while len(made) < config.demonstrations and task < len(bare.tasks):
        rng = random.Random(f"demonstrations/{task}")
        transcript = play_transcript(env, task, codec, rng, noise=0.0, text_weight=config.text_weight)
        if transcript.success and len(transcript.encoded.ids) <= (config.context or len(transcript.encoded.ids)):
            made.append(transcript)
        task += 1
    if not made:
        raise BadArgument(
            "at least one demonstration", f"none in {task} tasks, {config.context} tokens", "allow a longer context"
        )
    return made, sum(t.num_steps for t in made)


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not torch.cuda.is_available():
        torch.set_num_threads(max(1, min(torch.get_num_threads(), 2)))
    record = sft(tyro.cli(SFTConfig))
    log_final(record)


if __name__ == "__main__":
    main()
