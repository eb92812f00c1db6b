"""Transcripts and their loss: which tokens count, how much, and in which order they come."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from torch.nn import functional as F

from spa_gym.baselines.learning import imitation
from spa_gym.baselines.learning.imitation import imitation_loss, schedule, train_on
from spa_gym.baselines.learning.transcripts import Transcript, TranscriptPools, TranscriptStream, play_transcript
from spa_gym.baselines.models.checkpoint import Checkpoint, load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw, muon_and_adamw
from spa_gym.baselines.models.tokens import EncodedTrajectory
from spa_gym.baselines.training.sources import FIRST_TRAINING_WORLD, Source, TranscriptPlayer, world_texts
from tests.baselines.conftest import Pipeline


@pytest.fixture(scope="module")
def loaded(pipeline: Pipeline) -> Checkpoint:
    return load_checkpoint(pipeline.start)


def _play(loaded: Checkpoint, seed: int, **options: Any) -> Transcript:
    env = gymnasium.make("SPA-ALFWorld-v0", size="small")
    return play_transcript(env, seed, loaded.codec, random.Random(seed), **{"noise": 0.0, **options})


def _spans(transcript: Transcript) -> list[tuple[int, int]]:
    encoded = transcript.encoded
    return list(zip(encoded.step_starts, encoded.step_ends, strict=True))


def test_a_demonstration_weighs_its_actions_and_a_little_text(loaded: Checkpoint) -> None:
    transcript = _play(loaded, 0, text_weight=0.1, text_share=0.25)
    weights, mask = transcript.weights, transcript.encoded.action_mask
    assert transcript.success and len(weights) == len(transcript.encoded.ids) == len(mask)
    assert all(weight == 1.0 for weight, action in zip(weights, mask, strict=True) if action)
    text = [weight for weight, action in zip(weights, mask, strict=True) if not action]
    assert set(text) == {0.0, 0.4} and sum(text) / len(text) == pytest.approx(0.1, abs=0.05)
    for start, end in _spans(transcript):
        assert transcript.encoded.ids[end] == loaded.codec.eoa_id
        assert loaded.codec.decode_action(transcript.encoded.ids[start : end + 1]).split()[0] in (
            "go", "open", "take", "move", "clean", "heat", "cool", "use", "examine", "look",
        )  # fmt: skip


def test_slipped_in_actions_weigh_nothing(loaded: Checkpoint) -> None:
    some = none = 0
    for seed in range(8):
        transcript = _play(loaded, seed, noise=0.5)
        of_steps = [set(transcript.weights[a : b + 1]) for a, b in _spans(transcript)]
        assert all(weights in ({0.0}, {1.0}) for weights in of_steps), "an action counts as a whole or not at all"
        none += of_steps.count({0.0})
        some += of_steps.count({1.0})
    assert none / (some + none) == pytest.approx(0.5, abs=0.12)
    transcript = _play(loaded, 1, noise=1.0)
    assert all(set(transcript.weights[a : b + 1]) == {0.0} for a, b in _spans(transcript))


def test_what_is_imitated_after_a_slip_is_what_the_demonstrator_does_there(loaded: Checkpoint) -> None:
    """The steps that weigh something are those of the demonstrator, who has seen the slips."""
    env: Any = gymnasium.make("SPA-ALFWorld-v0", size="small")
    transcript = play_transcript(env, 3, loaded.codec, random.Random(3), noise=0.5)
    _, _ = env.reset(options={"task_id": 3})
    player = env.unwrapped.demonstrator()
    for start, end in _spans(transcript):
        action = loaded.codec.decode_action(transcript.encoded.ids[start : end + 1])
        if transcript.weights[start] == 1.0:
            assert player.act() == action
        player.observe(action, env.step(action)[0])


def test_all_of_the_explorers_actions_are_imitated(loaded: Checkpoint) -> None:
    transcript = _play(loaded, 2, explore=True, noise=0.9)
    assert all(set(transcript.weights[a : b + 1]) == {1.0} for a, b in _spans(transcript))


def test_the_loss_is_the_weighted_cross_entropy_of_the_next_tokens(
    loaded: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imitation, "compute_dtype", lambda device: torch.float32)
    batch = [_play(loaded, 0), _play(loaded, 1, noise=0.5)]
    loss, figures = imitation_loss(loaded.model, batch, loaded.codec.pad_id)
    total = weight = actions = count = hits = 0.0
    for transcript in batch:
        ids = torch.tensor([transcript.encoded.ids])
        logits = loaded.model(ids).logits[0, :-1].detach()
        each = F.cross_entropy(logits, ids[0, 1:], reduction="none")
        for position, value in enumerate(each.tolist(), start=1):
            total += value * transcript.weights[position]
            weight += transcript.weights[position]
            if transcript.encoded.action_mask[position] and transcript.weights[position]:
                actions, count = actions + value, count + 1
                hits += int(logits[position - 1].argmax()) == int(ids[0, position])
    assert loss.item() == pytest.approx(total / weight, rel=1e-4)
    assert figures["loss_actions"] == pytest.approx(actions / count, rel=1e-4)
    assert figures["accuracy"] == pytest.approx(hits / count)
    assert figures["tokens"] == sum(len(t.encoded.ids) for t in batch)


def test_training_lowers_the_loss(pipeline: Pipeline) -> None:
    loaded = load_checkpoint(pipeline.start)
    batch = [_play(loaded, i) for i in range(4)]
    optimizers = muon_and_adamw(loaded.model, muon_lr=0.02, adamw_lr=4e-3)
    losses = [train_on(loaded.model, iter([batch]), optimizers, loaded.codec.pad_id, 1.0)["loss"] for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


def test_rates_warm_up_and_fall() -> None:
    factors = [schedule(i / 100) for i in range(101)]
    assert factors[0] == 1e-3 and factors[1] == pytest.approx(0.5) and max(factors) == factors[2] == 1.0
    assert factors[2:] == sorted(factors[2:], reverse=True) and factors[-1] == pytest.approx(0.02)
    assert schedule(1.5) == pytest.approx(0.02)
    assert schedule(0.51, floor=0.0) == pytest.approx(0.5)


# -- the stream -------------------------------------------------------------------------------------------------------


def _fake(rng: random.Random) -> Transcript:
    length = 10 + int(rng.random() * 90)
    return Transcript(EncodedTrajectory([length] * length, [False] * length, [], []), [1.0] * length, True, 1)


def _stream(start: int = 0, seed: int = 0, limit: int = 80, read: int = 0) -> TranscriptStream:
    return TranscriptStream(TranscriptPools(_fake, seed, size=20, tokens=200, limit=limit), start=start, read=read)


def _lengths(stream: TranscriptStream, batches: int) -> list[list[int]]:
    return [[len(t.encoded.ids) for t in batch] for batch in itertools.islice(stream, batches)]


def test_batches_are_of_like_length_within_budget_and_limit() -> None:
    for batch in _lengths(_stream(), 60):
        assert max(batch) * len(batch) <= 200 or len(batch) == 1
        assert max(batch) <= 80 and batch == sorted(batch)


def test_every_transcript_of_a_pool_is_read_once() -> None:
    rng = random.Random("transcripts/0/0")
    pool = sorted(n for n in (len(_fake(rng).encoded.ids) for _ in range(20)) if n <= 80)
    stream, seen = _stream(), []
    while len(seen) < len(pool):
        seen += [len(t.encoded.ids) for t in next(stream)]
    assert sorted(seen) == pool and stream.number == 1


def test_a_stream_starts_again_at_any_batch() -> None:
    stream = _stream()
    places, batches = [], []
    while stream.number < 3:
        places.append((stream.number, stream.read))
        batches += _lengths(stream, 1)
    assert _lengths(_stream(seed=1), 5) != batches[:5] and (0, 0) == places[0] and (2, 0) in places
    for k, (number, read) in enumerate(places):
        assert _lengths(_stream(start=number, read=read), len(places) - k) == batches[k:]


def test_a_stream_passes_over_a_pool_without_batches() -> None:
    """All its transcripts were too long."""
    full = _stream()._pools
    stream = TranscriptStream(lambda number: [] if number in (0, 2) else full(number))
    batches = _lengths(stream, len(full(1)))
    assert batches == [[len(t.encoded.ids) for t in batch] for batch in reversed(full(1))]
    assert (stream.number, stream.read) == (2, 0)
    assert _lengths(stream, 1) == _lengths(_stream(start=3), 1) and (stream.number, stream.read) == (3, 1)


# -- where transcripts come from --------------------------------------------------------------------------------------


def test_a_mixture_is_drawn_by_weight_and_the_same_by_seed(loaded: Checkpoint) -> None:
    sources = [
        Source(env_kwargs={"size": "small"}, weight=3.0, worlds=2, explore=1.0),
        Source(env_kwargs={"size": "small", "grammar": "2.1.1"}, weight=1.0, worlds=0),
    ]
    player = TranscriptPlayer(sources, loaded.codec)
    made = [player(random.Random(i)) for i in range(40)]
    assert set(player._envs) == {(0, 0), (0, 1), (1, 0)}
    seeds = {key: env.unwrapped.tasks.world_seed for key, env in player._envs.items()}  # type: ignore[attr-defined]
    assert seeds == {(0, 0): FIRST_TRAINING_WORLD, (0, 1): FIRST_TRAINING_WORLD + 1, (1, 0): 0}
    again = TranscriptPlayer(sources, loaded.codec)
    assert [t.encoded.ids for t in made[:5]] == [again(random.Random(i)).encoded.ids for i in range(5)]


def test_texts_for_the_tokenizer_are_the_same_every_time() -> None:
    sources = [Source(env_kwargs={"size": "small"}, worlds=2)]
    texts = world_texts(sources, 3)
    assert texts == world_texts(sources, 3) != world_texts(sources, 3, seed=1)
    assert any("Your task is to" in text for text in texts) and any(text.startswith("go to ") for text in texts)


# -- optimisers -------------------------------------------------------------------------------------------------------


def test_matrices_go_to_muon_and_the_rest_to_adamw(loaded: Checkpoint) -> None:
    optimizers = muon_and_adamw(loaded.model, muon_lr=0.02, adamw_lr=1e-3)
    assert len(optimizers.parameters()) == len(list(loaded.model.parameters()))
    matrices, rest = (group.param_groups[0]["params"] for group in optimizers.optimizers)
    assert all(p.ndim == 2 for p in matrices)
    assert any(p is loaded.model.get_input_embeddings().weight for p in rest)


def test_a_step_clips_the_gradient_scales_the_rate_and_clears() -> None:
    weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    optimizers = Optimizers([torch.optim.SGD([weight], lr=1.0)], clip=1.0)
    (weight.square().sum() / 2).backward()
    assert optimizers.step(0.5) == pytest.approx(5.0)
    assert weight.tolist() == pytest.approx([3 - 0.5 * 0.6, 4 - 0.5 * 0.8]) and weight.grad is None
    (weight.sum()).backward()
    optimizers.step(1.0)
    assert optimizers.optimizers[0].param_groups[0]["lr"] == 1.0, "factors do not add up"


def test_moments_travel_as_tensors(tmp_path: Path) -> None:
    def make() -> tuple[torch.nn.Linear, Optimizers]:
        layer = torch.nn.Linear(4, 4, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.arange(16.0).reshape(4, 4) / 16)
        return layer, Optimizers([adamw(layer.parameters(), 0.01)])

    def step(layer: torch.nn.Linear, optimizers: Optimizers) -> None:
        layer(torch.ones(4)).square().sum().backward()
        optimizers.step()

    one, first = make()
    step(one, first)
    two, second = make()
    two.load_state_dict(one.state_dict())
    second.load_state(first.state())
    assert all(isinstance(value, torch.Tensor) for value in first.state().values())
    step(one, first)
    step(two, second)
    assert one.weight.equal(two.weight)


def test_rates_rise_in_the_first_steps_and_go_on_rising_behind_a_checkpoint() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    rates, state = [], {}
    for step in range(6):
        if step in (0, 3):  # a new process
            optimizers = Optimizers([adamw([weight], 1.0)], warmup=4)
            optimizers.load_state(state)
        weight.grad = torch.ones(1)
        optimizers.step(0.5 if step == 5 else 1.0)
        rates.append(optimizers.optimizers[0].param_groups[0]["lr"])
        state = optimizers.state()
    assert rates == [0.25, 0.5, 0.75, 1.0, 1.0, 0.5]
    assert optimizers.taken() == 6
