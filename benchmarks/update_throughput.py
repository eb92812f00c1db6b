"""How fast a policy learns on a CPU: the package's training forward beside Hugging Face's own in the same run.

    python benchmarks/update_throughput.py [--rows 64] [--out benchmarks/results/update_throughput.json]

The expert's episodes of a world's training split are read by the world's shipped checkpoint, grouped by length as a
training does: `update` is a gradient of the log-probabilities of their action tokens, `reading` is those
log-probabilities alone. Tokens (padding not counted) are counted per second of processor time of this process on one
thread, so that a busy machine measures the same. Each form is measured in float32 and bf16: layers with gradients
written by hand, the same through autograd (what a GPU takes), and Hugging Face's forward, which has logits at every
position. The form that `--dtype auto` takes here is marked.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

import spa_gym  # noqa: F401  (registers the environments)
from spa_gym.baselines.device import choose_device, compute_dtype, describe_computing
from spa_gym.baselines.learning.demonstrations import demonstrations
from spa_gym.baselines.models import fast_forward
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.fast_forward import token_logprobs
from spa_gym.baselines.models.shipped import resolve_start
from spa_gym.baselines.models.tiny import count_parameters
from spa_gym.baselines.models.tokens import Batch, collate, encode, similar_lengths
from spa_gym.baselines.studies import STUDIES
from spa_gym.core.atomic import atomic_write_text

_OUT = Path(__file__).parent / "results" / "update_throughput.json"
_PLAIN = "Hugging Face, float32"
_TYPES = {"float32": torch.float32, "bf16": torch.bfloat16}


def _plain(model: Any, dtype: torch.dtype | None) -> Callable[[Batch], torch.Tensor]:
    def logprobs(batch: Batch) -> torch.Tensor:
        with torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
            logits = model(input_ids=batch.ids, attention_mask=batch.ids.ne(model.config.pad_token_id)).logits
        mask = batch.action_mask[:, 1:]
        return -F.cross_entropy(logits[:, :-1][mask].float(), batch.ids[:, 1:][mask], reduction="none")

    return logprobs


def _own(model: Any, dtype: torch.dtype, *, by_hand: bool) -> Callable[[Batch], torch.Tensor]:
    def logprobs(batch: Batch) -> torch.Tensor:
        chosen, fast_forward._by_hand = fast_forward._by_hand, lambda x, dtype: by_hand
        try:
            return token_logprobs(model, batch.ids, batch.action_mask, dtype=dtype)
        finally:
            fast_forward._by_hand = chosen

    return logprobs


def _update(model: Any, logprobs: Callable[[Batch], torch.Tensor]) -> Callable[[Batch], None]:
    def update(batch: Batch) -> None:
        model.zero_grad()
        (-logprobs(batch).mean()).backward()

    return update


def _rate(work: Callable[[Batch], object], batches: list[Batch], tokens: int, repeats: int) -> float:
    """Tokens a second of processor time, best of some passes."""
    work(batches[0])
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        for batch in batches:
            work(batch)
        taken.append(time.process_time() - begun)
    return tokens / min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=64, help="episodes")
    parser.add_argument("--repeats", type=int, default=5, help="passes, of which the fastest counts")
    parser.add_argument("--out", type=Path, default=_OUT)
    args = parser.parse_args()
    torch.set_num_threads(1)
    cpu = choose_device("cpu", "auto")
    default = f"by hand, {'bf16' if compute_dtype(cpu) == torch.bfloat16 else 'float32'}"
    worlds: dict[str, Any] = {}
    for name, study in STUDIES.items():
        loaded = load_checkpoint(resolve_start(study.start))
        model, codec = loaded.model, loaded.codec
        encoded = [encode(t, codec) for t in demonstrations(study.env_id, study.env_kwargs, args.rows)]
        lengths = [len(row.ids) for row in encoded]
        tokens = sum(lengths)
        batches = [
            collate([encoded[i] for i in group], codec.pad_id) for group in similar_lengths(lengths, len(encoded), cpu)
        ]
        ways: dict[str, Callable[[Batch], torch.Tensor]] = {}
        for kind, dtype in _TYPES.items():
            ways[f"by hand, {kind}"] = _own(model, dtype, by_hand=True)
            ways[f"autograd, {kind}"] = _own(model, dtype, by_hand=False)
            ways[f"Hugging Face, {kind}"] = _plain(model, None if dtype == torch.float32 else dtype)
        rows: dict[str, dict[str, float]] = {}
        for way, logprobs in ways.items():
            rows[way] = {"update": _rate(_update(model, logprobs), batches, tokens, args.repeats)}
            with torch.no_grad():
                rows[way]["reading"] = _rate(logprobs, batches, tokens, args.repeats)
        print(f"\n{study.env_id}: {len(encoded)} episodes, {tokens} tokens, {count_parameters(model):,} parameters")
        print(f"{'tokens a second of a core':36} {'update':>9} {'reading':>9} {'x plain':>8} {'x plain':>8}")
        for way, row in rows.items():
            for job in ("update", "reading"):
                row[f"{job}_times_plain"] = row[job] / rows[_PLAIN][job]
            times = f"{row['update_times_plain']:8.2f} {row['reading_times_plain']:8.2f}"
            mark = "  <- default here" if way == default else ""
            print(f"{way:36} {row['update']:9,.0f} {row['reading']:9,.0f} {times}{mark}")
        worlds[name] = {"episodes": len(encoded), "tokens": tokens, "parameters": count_parameters(model), "ways": rows}
    record = {
        "settings": {"rows": args.rows, "repeats": args.repeats},
        "machine": {**describe_computing(cpu), "torch": torch.__version__, "threads": 1},
        "default": default,
        "worlds": worlds,
    }
    atomic_write_text(args.out, json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
