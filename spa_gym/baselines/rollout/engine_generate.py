"""The plain engine: Hugging Face ``generate`` over the whole history, for every step anew.

Slow, but it asks nothing of the model beyond ``generate``: it is what the fast engine is checked against and measured
beside. Episodes are played in groups of ``num_envs``; rows are padded on the left, as ``generate`` wants them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from spa_gym.baselines.models.tokens import Codec, history_ids
from spa_gym.baselines.rollout.episode import Episode
from spa_gym.baselines.rollout.protocol import EpisodeSpec, MakeEnv, RolloutEngine, RolloutSettings
from spa_gym.core.trajectory import Trajectory

__all__ = ["GenerateEngine"]


class GenerateEngine(RolloutEngine):
    """Plays episodes with ``model.generate``.

    Sampling noise is torch's own, seeded once per run in a fork, so that runs repeat; unlike in the cached engine it
    depends on ``num_envs``.

    Args:
        model: a Hugging Face causal language model.
        codec: its codec.
        max_length: longest episode in tokens; by default what the model's positions allow.
    """

    def __init__(self, model: nn.Module, codec: Codec, *, max_length: int | None = None) -> None:
        config: Any = model.config
        self.model: Any = model
        self.codec = codec
        self.max_length = max_length or int(config.max_position_embeddings)

    def _stream(
        self, make_env: MakeEnv, episodes: Sequence[EpisodeSpec], settings: RolloutSettings
    ) -> Iterator[tuple[int, Trajectory]]:
        envs = [make_env() for _ in range(min(settings.num_envs, len(episodes)))]
        was_training = self.model.training
        self.model.eval()
        device = next(self.model.parameters()).device
        try:
            for first in range(0, len(episodes), max(1, len(envs))):
                group = {
                    first + place: Episode(env, spec)
                    for place, (env, spec) in enumerate(zip(envs, episodes[first:], strict=False))
                }
                step = 0
                while group:
                    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
                        torch.manual_seed((settings.seed * 1_000_003 + first) * 1_000_003 + step)
                        step += 1
                        yield from self._step(group, settings)
        finally:
            self.model.train(was_training)
            for env in envs:
                env.close()

    def _step(self, group: dict[int, Episode], settings: RolloutSettings) -> Iterator[tuple[int, Trajectory]]:
        """Takes one action in every episode of the group; yields those that end."""
        codec = self.codec
        room = self.max_length - settings.max_action_tokens - 1
        prompts = {}
        for index, episode in list(group.items()):
            reader = codec.reader()
            ids = [*codec.bos_ids, *history_ids(episode.steps, codec, reader)]
            ids += [*reader.read(episode.observation), *codec.act_ids]
            if len(ids) <= room and not episode.done:
                prompts[index] = ids
            else:
                yield index, group.pop(index).finish()
        if not prompts:
            return
        width = max(map(len, prompts.values()))
        device = next(self.model.parameters()).device
        ids = torch.tensor([[codec.pad_id] * (width - len(row)) + row for row in prompts.values()], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts.values()], device=device)
        sampling = {"do_sample": False} if settings.temperature == 0 else {"do_sample": True, "top_k": 0, "top_p": 1.0}
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=settings.max_action_tokens,
                eos_token_id=codec.eoa_id,
                pad_token_id=codec.pad_id,
                output_logits=True,
                return_dict_in_generate=True,
                **sampling,
                **({"temperature": settings.temperature} if settings.temperature else {}),
            )
            logprobs = torch.stack([torch.log_softmax(logits.float(), dim=-1) for logits in out.logits], dim=1)
            tokens = out.sequences[:, width:]
            chosen = logprobs.gather(2, tokens[:, :, None])[:, :, 0].tolist()
        for index, row, values in zip(prompts, tokens.tolist(), chosen, strict=True):
            length = row.index(codec.eoa_id) + 1 if codec.eoa_id in row else len(row)
            group[index].act(codec.decode_action(row[:length]), row[:length], values[:length])
