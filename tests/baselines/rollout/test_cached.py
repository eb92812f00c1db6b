"""The fast engine against the truth: a full forward, `generate`, and itself."""

from __future__ import annotations

import dataclasses
import random

import pytest
import torch

from spa_gym.baselines.models.fast_forward import token_logprobs
from spa_gym.baselines.models.tokens import collate, encode
from spa_gym.baselines.rollout.engine_cached import CachedEngine, draw
from spa_gym.baselines.rollout.engine_generate import GenerateEngine
from spa_gym.baselines.rollout.fast_lm import FastLM
from spa_gym.baselines.rollout.prefixes import Prefixes, common_length
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.baselines.rollout.slot_cache import HFCachedLM
from spa_gym.core.cloning import clone
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import read_jsonl, write_jsonl
from tests.baselines.language import make_env, toy_codec, toy_model

SPECS = [EpisodeSpec(task_id=i % 6, seed=i) for i in range(14)]
BOTH = pytest.mark.parametrize("fast", [True, False], ids=["fast", "huggingface"])


def play(engine, specs=SPECS, **settings):
    return engine.run(make_env, specs, **{"num_envs": 5, "max_action_tokens": 6, "seed": 1, **settings})


def emitted(trajectories):
    return [[step.action_ids for step in trajectory.steps] for trajectory in trajectories]


@BOTH
@pytest.mark.parametrize("kv_heads", [1, 2])
@pytest.mark.parametrize("temperature", [0.0, 1.0, 0.7])
def test_logprobs_are_those_of_a_full_forward(fast, kv_heads, temperature):
    model, codec = toy_model(kv_heads), toy_codec()
    played = play(CachedEngine(model, codec, fast=fast), temperature=temperature)
    batch = collate([encode(trajectory, codec) for trajectory in played], codec.pad_id)
    with torch.no_grad():
        logits = model(input_ids=batch.ids).logits
    wanted = torch.log_softmax(logits[:, :-1], -1).gather(2, batch.ids[:, 1:, None])[..., 0][batch.action_mask[:, 1:]]
    recorded = torch.tensor([x for trajectory in played for step in trajectory.steps for x in step.logprobs])
    assert len(recorded) > 100
    assert {len(step.action_ids) for t in played for step in t.steps} > {1, 6}, "actions must be ragged"
    torch.testing.assert_close(recorded, wanted, atol=1e-4, rtol=0)


@BOTH
def test_greedy_is_generate(fast):
    model, codec = toy_model(), toy_codec()
    played = play(CachedEngine(model, codec, fast=fast), temperature=0.0)
    assert played == [
        _with_logprobs_of(mine, theirs)
        for mine, theirs in zip(played, play(GenerateEngine(model, codec), temperature=0.0), strict=True)
    ]


def _with_logprobs_of(mine, theirs):
    """`theirs`, with log-probabilities compared up to rounding and then taken from `mine`."""
    steps = []
    for a, b in zip(mine.steps, theirs.steps, strict=True):
        assert a.logprobs == pytest.approx(b.logprobs, abs=1e-3)
        steps.append(dataclasses.replace(b, logprobs=a.logprobs))
    return dataclasses.replace(theirs, steps=tuple(steps))


@BOTH
def test_repeats_and_does_not_depend_on_neighbours(fast):
    engine = CachedEngine(toy_model(), toy_codec(), fast=fast)
    first = emitted(play(engine))
    assert emitted(play(engine)) == first
    assert emitted(play(engine, num_envs=1)) == first
    assert emitted(play(engine, num_envs=99)) == first
    assert emitted(play(engine, SPECS[::-1]))[::-1] == first
    assert emitted(play(engine, SPECS[7:])) == first[7:]
    assert emitted(play(engine, seed=2)) != first


def test_no_global_randomness():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    play(CachedEngine(toy_model(), toy_codec()))
    play(GenerateEngine(toy_model(), toy_codec()), SPECS[:2])
    assert torch.equal(before, torch.get_rng_state())


def test_equal_specs_get_different_noise():
    engine = CachedEngine(toy_model(), toy_codec())
    same = emitted(play(engine, [EpisodeSpec(0, 0)] * 3))
    assert len({str(actions) for actions in same}) == 3
    samples = emitted(play(engine, [EpisodeSpec(0, 0, sample=i) for i in range(3)]))
    assert len({str(actions) for actions in samples}) == 3


def test_trajectories_are_what_happened(tmp_path):
    codec = toy_codec()
    played = play(CachedEngine(toy_model(), codec))
    for spec, trajectory in zip(SPECS, played, strict=True):
        env = make_env()
        observation, info = env.reset(seed=spec.seed, options={"task_id": spec.task_id})
        assert trajectory.task_id == info["task_id"]
        assert trajectory.env_id == "SPA-Toy-v0"
        for step in trajectory.steps:
            assert step.observation == observation
            assert step.action == codec.decode_action(step.action_ids)
            observation, reward, terminated, truncated, info = env.step(step.action)
            assert (step.reward, step.grounded) == (reward, info["grounded"])
        assert trajectory.final_observation == observation
        assert (trajectory.terminated, trajectory.truncated) == (terminated, truncated)
        assert terminated or truncated
    write_jsonl(tmp_path / "t.jsonl", played)
    assert read_jsonl(tmp_path / "t.jsonl") == played


@BOTH
def test_no_room_left_ends_as_truncated(fast):
    engine = CachedEngine(toy_model(), toy_codec(), max_length=100, fast=fast)
    played = play(engine)
    assert any(trajectory.num_steps < 6 and trajectory.truncated for trajectory in played)
    ends = [encode(trajectory, toy_codec()).step_ends[-1] for trajectory in played]
    assert 80 < max(ends) < 100, "all but the last observation must fit"
    assert emitted(play(engine, num_envs=1)) == emitted(played)


def test_first_observation_too_long():
    with pytest.raises(BadArgument, match="first observation"):
        play(CachedEngine(toy_model(), toy_codec(), max_length=12))


def test_actions_are_cut_and_the_model_reads_the_end():
    codec = toy_codec()
    played = play(CachedEngine(toy_model(), codec), max_action_tokens=1)
    lengths = [len(step.action_ids) for trajectory in played for step in trajectory.steps]
    assert set(lengths) == {1}


def test_stream_and_progress():
    engine = CachedEngine(toy_model(), toy_codec())
    seen = []
    played = play(engine, progress=lambda index, trajectory: seen.append((index, trajectory)))
    assert sorted(index for index, _ in seen) == list(range(len(SPECS)))
    assert all(played[index] is trajectory for index, trajectory in seen)
    stream = engine.stream(make_env, SPECS, num_envs=2, max_action_tokens=6, seed=1)
    index, trajectory = next(stream)
    assert emitted([trajectory]) == emitted([played[index]])
    stream.close()
    assert play(engine, []) == []


@BOTH
def test_goes_on_from_a_state(fast):
    codec = toy_codec()
    engine = CachedEngine(toy_model(), codec, fast=fast)
    whole = play(engine, SPECS[:1], temperature=0.0)[0]
    env = make_env()
    env.reset(seed=0, options={"task_id": 0})
    for step in whole.steps[:3]:
        env.step(step.action)
    spec = EpisodeSpec(0, 0, state=clone(env), history=whole.steps[:3])
    again = play(engine, [spec], temperature=0.0)[0]
    assert emitted([again]) == emitted([whole])
    assert again.final_observation == whole.final_observation
    theirs = play(GenerateEngine(toy_model(), codec), [spec], temperature=0.0)[0]
    assert emitted([theirs]) == emitted([whole])


def test_bf16_is_close():
    codec, model = toy_codec(), toy_model()
    played = play(CachedEngine(model, codec, dtype=torch.bfloat16))
    batch = collate([encode(trajectory, codec) for trajectory in played], codec.pad_id)
    with torch.no_grad():
        wanted = token_logprobs(model, batch.ids, batch.action_mask)
    recorded = torch.tensor([x for trajectory in played for step in trajectory.steps for x in step.logprobs])
    assert float((recorded - wanted).abs().mean()) < 0.2


def test_training_mode_is_put_back():
    model = toy_model()
    model.train()
    try:
        play(CachedEngine(model, toy_codec()), SPECS[:1])
        assert model.training
    finally:
        model.eval()


@pytest.mark.parametrize("settings", [{"num_envs": 0}, {"temperature": -1}, {"seed": -1}, {"max_action_tokens": 0}])
def test_bad_settings(settings):
    with pytest.raises(BadArgument):
        play(CachedEngine(toy_model(), toy_codec()), **settings)


def test_draws_follow_the_distribution():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]])).expand(6000, 3)
    uniforms = torch.rand(6000, generator=torch.Generator().manual_seed(0)).tolist()
    tokens, logprobs = draw(logits, uniforms, 1.0)
    shares = torch.bincount(torch.tensor(tokens), minlength=3) / 6000
    assert torch.allclose(shares, torch.tensor([0.5, 0.3, 0.2]), atol=0.03)
    assert logprobs[0] == pytest.approx(float(logits[0, tokens[0]]), abs=1e-5)
    sharp, recorded = draw(logits, uniforms, 0.25)
    expected = torch.tensor([0.5, 0.3, 0.2]) ** 4
    shares = torch.bincount(torch.tensor(sharp), minlength=3) / 6000
    assert torch.allclose(shares, expected / expected.sum(), atol=0.03)
    assert recorded[0] == pytest.approx(float(logits[0, sharp[0]]), abs=1e-5), "recorded at temperature 1"
    assert draw(logits[:1], [0.999999999], 0.0)[0] == [0]
    assert draw(torch.tensor([[0.0, float("-inf")]]), [0.999999999999], 1.0)[0] == [0]


def test_a_cache_gets_more_rows_and_keeps_those_it_has():
    codec, model = toy_codec(), toy_model()
    ids = [*codec.encode_observation("You are in room 1."), *codec.act_ids]
    for make in (lambda rows: FastLM(model, rows, 200), lambda rows: HFCachedLM(model, rows, 200)):
        wide, grown = make(3), make(1)
        for lm in (wide, grown):
            lm([0], [ids])
        grown.cache.widen(3)
        grown.cache.widen(2)
        assert grown.cache.lengths.tolist() == [len(ids), 0, 0]
        for rows, chunks in (([1], [ids]), ([0, 2], [ids[:1], ids])):
            torch.testing.assert_close(grown(rows, chunks), wide(rows, chunks), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_many_rows_of_different_length_read_what_each_would_alone(dtype):
    rng, model, rows = random.Random(0), toy_model(), 40
    words = toy_codec().encode_observation("You are in room 1.")
    lm, read = FastLM(model, rows, 300, dtype), [[] for _ in range(rows)]
    for _ in range(8):
        numbers = rng.sample(range(rows), rng.randint(1, rows))  # in no order, and never all of a neighbourhood
        chunks = [rng.choices(words, k=rng.choice((1, 1, 1, 4, 9, 30))) for _ in numbers]
        for number, chunk in zip(numbers, chunks, strict=True):
            read[number] += chunk
        alone = torch.cat([FastLM(model, 1, 300, dtype)([0], [read[number]]) for number in numbers])
        tolerance = 1e-5 if dtype == torch.float32 else 3e-2
        torch.testing.assert_close(lm(numbers, chunks), alone, atol=tolerance, rtol=tolerance)


def _continuations(whole, times=3):
    """Specs that go on from every step of an episode, each several times."""
    env, specs = make_env(), []
    env.reset(seed=0, options={"task_id": 0})
    for t, step in enumerate(whole.steps):
        specs += [EpisodeSpec(0, 0, sample=i, state=clone(env), history=whole.steps[:t]) for i in range(times)]
        env.step(step.action)
    return specs


@BOTH
@pytest.mark.parametrize("num_envs", [1, 4, 50])
def test_a_beginning_that_is_shared_is_read_once_and_changes_nothing(fast, num_envs):
    model, codec = toy_model(), toy_codec()
    whole = play(CachedEngine(model, codec, fast=fast), SPECS[:1])[0]
    specs = [*_continuations(whole), *SPECS, *(EpisodeSpec(3, 3, sample=i) for i in range(5))]
    apart = play(CachedEngine(model, codec, fast=fast, share=False), specs, num_envs=num_envs)
    shared = play(CachedEngine(model, codec, fast=fast), specs, num_envs=num_envs)
    assert emitted(shared) == emitted(apart)
    for one, other in zip(shared, apart, strict=True):
        for a, b in zip(one.steps, other.steps, strict=True):
            assert a.logprobs == pytest.approx(b.logprobs, abs=1e-4)


@pytest.mark.parametrize("num_envs", [1, 50])
def test_a_shared_beginning_saves_reading(num_envs, monkeypatch):
    model, codec, read = toy_model(), toy_codec(), []
    whole = play(CachedEngine(model, codec), SPECS[:1])[0]
    specs = _continuations(whole, times=4)
    forward = FastLM.__call__

    def counted(self, rows, chunks):
        read[-1] += sum(map(len, chunks))
        return forward(self, rows, chunks)

    monkeypatch.setattr(FastLM, "__call__", counted)
    for share in (False, True):
        read.append(0)
        played = play(CachedEngine(model, codec, share=share), specs, num_envs=num_envs)
    before = [sum(encode(whole, codec).step_starts[t] for t in range(whole.num_steps)) * 4, 0]
    assert read[0] - read[1] > 0.6 * before[0], "most of the histories must not be read again"
    assert len(played) == len(specs)


def test_rows_are_cut_back_copied_or_waited_for():
    prefixes = Prefixes(3)
    assert prefixes.place(0, [1, 2, 3, 4]) == (0, 0, True)
    prefixes.begin(0, [], [1, 2, 3, 4])
    assert prefixes.place(1, [1, 2, 3, 4]) == (3, 0, False), "the last id is always read"
    assert prefixes.place(1, [1, 9, 9, 9]) == (0, 1, True), "a quarter is not worth a copy"
    prefixes.begin(1, [], None)
    prefixes.read(0, [1, 2, 3, 4])
    prefixes.read(0, [5])
    assert prefixes.place(2, [1, 2, 3, 4, 6]) == (4, 0, True)
    assert prefixes.place(0, [1, 2, 3, 4, 6]) == (4, 0, True)
    prefixes.begin(1, [1, 2, 3], [4])
    assert prefixes.place(1, [1, 2, 3, 7]) == (3, 1, True), "to cut back costs nothing"
    assert Prefixes(3, share=False).place(1, [1, 2]) == (0, 1, True)


def test_common_length_is_the_plain_loops():
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        a, b = (torch.randint(0, 2, (int(n),), generator=generator).tolist() for n in torch.randint(0, 9, (2,)))
        plain = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
        assert common_length(a, b) == plain
