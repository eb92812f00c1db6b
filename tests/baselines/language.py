"""A small language for the toy world: tokenizer, codec and an untrained model whose actions vary."""

from __future__ import annotations

import functools

import gymnasium
import torch
from transformers import Qwen3ForCausalLM

import tests.toy  # noqa: F401  (registers the toy)
from spa_gym.baselines.models.codec import Codec
from spa_gym.baselines.models.tiny import make_tiny
from spa_gym.baselines.models.tokenizer import train_tokenizer


def make_env(max_steps: int = 6) -> gymnasium.Env:
    return gymnasium.make("SPA-Toy-v0", max_episode_steps=max_steps)


def toy_texts(episodes: int = 40) -> list[str]:
    env, texts = make_env(), []
    for episode in range(episodes):
        observation, info = env.reset(seed=episode)
        texts.append(observation)
        for step in range(6):
            actions = info["admissible_actions"]
            texts.append(actions[(episode + step) % len(actions)])
            observation, _, terminated, truncated, info = env.step(texts[-1])
            texts.append(observation)
            if terminated or truncated:
                break
    return texts


@functools.cache
def toy_codec() -> Codec:
    return Codec(train_tokenizer(toy_texts(), ["room 1", "room 2", "room 3", "key", "door"], 420, min_frequency=1))


@functools.cache
def toy_model(kv_heads: int = 2, max_positions: int = 256) -> Qwen3ForCausalLM:
    """An untrained model with weights so large that its actions differ, and actions that end now and then."""
    codec = toy_codec()
    model = make_tiny(
        len(codec.tokenizer), hidden=64, layers=3, heads=2, kv_heads=kv_heads, max_positions=max_positions
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(4)
        # The end of an action is as likely as a common token, whatever was read.
        weight = model.get_input_embeddings().weight
        weight[codec.eoa_id] = weight[[5, 90, 200]].sum(0) * 1.5
    return model
