"""Stage 1, `pretrain`: a tiny language model learns the worlds' language from transcripts, from nothing.

    python -m spa_gym.baselines.training.pretrain --recipe household --out runs/pretrain
    python -m spa_gym.baselines.training.pretrain --recipe shop --out runs/shop
    python -m spa_gym.baselines.training.pretrain --recipe headline --out runs/headline   # needs the official games

`household` makes the checkpoint that the study of ALFWorld starts from: most of its transcripts are the explorer's, who
runs errands without regard to the stated task, so that the model knows names, doors and answers, but not how tasks are
solved. `shop` is the same for WebShop, but mostly imitates the demonstrator: what an explorer searches for cannot be
foretold, and a model that reads little else learns to copy late. `headline` imitates the searching expert at scale and
is a policy by itself. `household-large`, `shop-large` and `house-large` (11 to 12 M parameters) are made by `spa-gym
reproduce --preset gpu`. Progress, TensorBoard, a state folder for resuming (the same command goes on after a kill) and
`record.json` are written to `--out`.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from spa_gym.baselines.device import choose_device, describe_computing
from spa_gym.baselines.learning.imitation import schedule, train_on
from spa_gym.baselines.learning.transcripts import TranscriptPools, TranscriptStream
from spa_gym.baselines.models.checkpoint import save_checkpoint
from spa_gym.baselines.models.kindred import relate_kinds, relate_numbers
from spa_gym.baselines.models.optimizers import muon_and_adamw
from spa_gym.baselines.models.tiny import count_parameters, make_tiny, relate_name_embeddings
from spa_gym.baselines.models.tokenizer import train_tokenizer
from spa_gym.baselines.models.tokens import Codec
from spa_gym.baselines.policy_evaluation import evaluate_policy, log_final
from spa_gym.baselines.training.pretrain_config import PretrainConfig
from spa_gym.baselines.training.recipes import RECIPES
from spa_gym.baselines.training.resume import Resumable, run_stage
from spa_gym.baselines.training.sources import Source, TranscriptPlayer, world_texts
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.core.ahead import Ahead
from spa_gym.core.arguments import one_of
from spa_gym.core.players import playable
from spa_gym.core.run_record import RunRecord

__all__ = ["PretrainConfig", "pretrain"]

_log = logging.getLogger(__name__)


def pretrain(config: PretrainConfig) -> RunRecord:
    """Run the stage, or go on with it; returns its record at once where it was finished before."""
    return run_stage(config, _pretrain)


def _pretrain(config: PretrainConfig, settings: dict[str, Any]) -> RunRecord:
    started = time.perf_counter()
    device = choose_device(config.device, config.dtype)
    codec = _codec(config)
    model = make_tiny(
        len(codec.tokenizer),
        hidden=config.hidden,
        layers=config.layers,
        heads=config.heads,
        max_positions=config.max_positions,
        seed=config.seed,
    )
    relate_name_embeddings(model, codec.tokenizer, seed=config.seed)
    relate_kinds(model, codec.tokenizer, config.kinds, seed=config.seed + 1)
    if config.number_line:
        relate_numbers(model, codec.tokenizer, seed=config.seed + 2)
    model.to(device)  # pyright: ignore[reportArgumentType]
    _log.info("%s parameters, %s tokens in the vocabulary", f"{count_parameters(model):,}", len(codec.tokenizer))
    optimizers = muon_and_adamw(model, muon_lr=config.muon_lr, adamw_lr=config.adamw_lr)
    state = Resumable(config.out, settings, {"model": model}, {"all": optimizers})
    position = state.load()
    if position is None:
        # Written at once: with other settings the tokenizer that lies beside it must not be used.
        position = {"pool": 0, "tokens": 0.0, "updates": 0, "seconds": 0.0, "curves": {}}
        state.save(position)
    tokens, updates = position["tokens"], position["updates"]

    player = TranscriptPlayer(config.sources, codec, config.text_weight)
    pools = TranscriptPools(player, config.seed, size=_POOL, tokens=config.batch_tokens, limit=config.longest)
    workers = _workers(config, device)
    ahead = Ahead(pools, workers) if workers else None
    stream = TranscriptStream(ahead or pools, start=position["pool"], read=position.get("read", 0))
    tracker = Tracker(
        config.out, "pretrain", int(config.tokens), start=int(tokens), unit="tok", curves=position["curves"]
    )
    saved = time.perf_counter()
    recent: list[dict[str, float]] = position.get("recent", [])
    try:
        while tokens < config.tokens:
            figures = train_on(model, stream, optimizers, codec.pad_id, schedule(tokens / config.tokens), device)
            tokens, updates = tokens + figures["tokens"], updates + 1
            recent.append(figures)
            if updates % 50 == 0:
                mean = {
                    k: sum(f[k] for f in recent) / len(recent) for k in ("loss", "loss_actions", "accuracy", "norm")
                }
                tracker.log(updates, tokens=tokens, **mean)
                recent.clear()
            tracker.advance(int(figures["tokens"]), loss=f"{figures['loss_actions']:.3f}")
            if time.perf_counter() - saved > config.save_every_s:
                saved = time.perf_counter()
                state.save(
                    {
                        "pool": stream.number,
                        "read": stream.read,
                        "recent": recent,
                        "tokens": tokens,
                        "updates": updates,
                        "seconds": position["seconds"] + saved - started,
                        "curves": tracker.curves,
                    }
                )
    finally:
        tracker.close()
        if ahead is not None:
            ahead.close()

    final = {}
    for split, env_kwargs in config.evaluate:
        for name, temperature in (("greedy", 0.0), ("sampled", 1.0)):
            place = "_".join([*(f"{key}={value}" for key, value in env_kwargs.items()), split])
            env_id = config.sources[0].env_id
            final[f"{place}/{name}"] = evaluate_policy(
                model, codec, env_id, env_kwargs, split=split, temperature=temperature
            )
            _log.info("%s/%s: success %.3f", place, name, final[f"{place}/{name}"]["success"])
    record = RunRecord(
        kind="pretrain",
        method="pretrain",
        env_id=config.sources[0].env_id,
        env_kwargs=config.sources[0].env_kwargs,
        seed=config.seed,
        settings=settings,
        machine=describe_computing(device),
        tokens=int(tokens),
        updates=updates,
        wall_time_s=position["seconds"] + time.perf_counter() - started,
        metrics={"parameters": count_parameters(model), "vocabulary": len(codec.tokenizer)},
        curves=tracker.columns(),
        final=final,
    )
    recipe = {"stage": "pretrain", "settings": settings, "tokens": int(tokens), "updates": updates}
    save_checkpoint(config.out / "checkpoint", model, codec, recipe=recipe, dtype=getattr(torch, config.store_dtype))
    record.save(config.out / "record.json")
    state.clear()
    return record


_POOL = 256
"""Transcripts made at a time and sorted by length."""


def _workers(config: PretrainConfig, device: torch.device) -> int:
    """Processes that play ahead."""
    if config.workers is not None:
        return config.workers
    return 0 if device.type == "cpu" else min(8, max(0, (os.cpu_count() or 1) - 1))


def _codec(config: PretrainConfig) -> Codec:
    """The tokenizer of the mixture's texts, trained once and kept beside the state."""
    folder = config.out / "tokenizer"
    if (folder / "tokenizer.json").is_file():
        from transformers import AutoTokenizer

        return Codec(AutoTokenizer.from_pretrained(folder, trust_remote_code=False), view=config.view)
    names: list[str] = []
    for env_id in sorted({source.env_id for source in config.sources}):
        names += map(config.view.of, _entity_names(env_id, config.sources))
    names = [name for name in names if name not in config.not_names]
    texts = world_texts(config.sources, config.text_episodes, config.seed, config.view)
    tokenizer = train_tokenizer(texts, names, config.vocab_size, implied_spaces=config.implied_spaces)
    temporary = config.out / ".tmp-tokenizer"
    shutil.rmtree(temporary, ignore_errors=True)
    tokenizer.save_pretrained(temporary)
    temporary.rename(folder)
    return Codec(tokenizer, view=config.view)


def _entity_names(env_id: str, sources: Sequence[Source]) -> list[str]:
    import gymnasium

    source = next(source for source in sources if source.env_id == env_id)
    return playable(gymnasium.make(env_id, **source.env_kwargs)).entity_names()


@dataclass(frozen=True)
class Arguments:
    """Train a tiny language model from nothing."""

    recipe: str = "household"
    """One of the named recipes: household, headline, shop, house; household-large, shop-large, house-large."""
    out: Path = Path("runs/pretrain")
    """Folder of everything that is written."""
    tokens: float | None = None
    """Another budget, in tokens."""
    seed: int = 0
    """Seed of weights and transcripts."""
    device: str = "auto"
    """Where to compute."""
    dtype: str = "auto"
    """Number type of the matrix products: `auto` (the faster one here), `float32` or `bfloat16`."""
    threads: int = 0
    """Threads of torch; 0 leaves its default."""
    workers: int | None = None
    """Processes that play transcripts ahead; 0: none. Default: up to eight where a GPU computes."""


def main() -> None:
    """Run the stage from the command line."""
    import tyro

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = tyro.cli(Arguments)
    one_of("recipe", arguments.recipe, RECIPES)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    config = replace(
        RECIPES[arguments.recipe],
        out=arguments.out,
        seed=arguments.seed,
        device=arguments.device,
        dtype=arguments.dtype,
        workers=arguments.workers,
    )
    if arguments.tokens:
        config = replace(config, tokens=arguments.tokens)
    record = pretrain(config)
    log_final(record)


if __name__ == "__main__":
    main()
