"""What the models say of a batch: log-probabilities of its actions, also with something else read first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from spa_gym.baselines.learning.readings import ModelReadings, tokens_before_steps, tokens_per_step
from spa_gym.baselines.models.tokens import encode
from spa_gym.core.trajectory import Step, Trajectory
from tests.baselines.language import toy_codec, toy_model

PLAYED = [
    Trajectory(
        "SPA-Toy-v0",
        str(i),
        "",
        "",
        tuple(Step(f"You are in room {j}", f"go {word}", 0.0, True) for j, word in enumerate(words)),
        "You are in room 1",
        False,
        True,
        0.0,
        False,
    )
    for i, words in enumerate((("north", "south"), ("west", "north", "east")))
]


def _read(before: list[str] | None) -> list[list[np.ndarray]]:
    model = toy_model()
    return ModelReadings(model, model, toy_codec(), torch.device("cpu")).logprobs(PLAYED, model, before=before)


def test_there_is_one_number_for_each_token_of_each_action() -> None:
    codec = toy_codec()
    for rows in (_read(None), _read(["You see a key", "You are in room 1"])):
        for trajectory, row in zip(PLAYED, rows, strict=True):
            lengths = [len(codec.encode_action(step.action)) + 1 for step in trajectory.steps]
            assert [len(values) for values in row] == lengths and all((values < 0).all() for values in row)


def test_the_tokens_between_actions_are_those_of_observations_and_delimiters() -> None:
    codec = toy_codec()
    for trajectory in PLAYED:
        row = encode(trajectory, codec)
        gaps, counts = tokens_before_steps(row), tokens_per_step(row)
        read = [len(codec.encode_observation(step.observation)) + len(codec.act_ids) for step in trajectory.steps]
        assert gaps == [read[0] + len(codec.bos_ids), *read[1:]]
        assert sum(gaps) + sum(counts) == row.step_ends[-1] + 1
        unended = replace(row, action_mask=[m and i != row.step_ends[0] for i, m in enumerate(row.action_mask)])
        assert tokens_before_steps(unended) == [gaps[0], gaps[1] + 1, *gaps[2:]]


def test_what_is_read_first_is_read_like_an_observation_before_the_first() -> None:
    """The same as an episode whose first observation begins with that text: there is no delimiter between them here."""
    codec = toy_codec()
    text = "You are in room 2"
    joined = []
    for t in PLAYED:
        ids = [*codec.encode_observation(text), *codec.encode_observation(t.steps[0].observation)]
        joined.append((t, ids))
    got, plain = _read([text, text]), _read(None)
    for (trajectory, ids), rows, without in zip(joined, got, plain, strict=True):
        action = [*codec.encode_action(trajectory.steps[0].action), codec.eoa_id]
        whole = torch.tensor([[*codec.bos_ids, *ids, *codec.act_ids, *action]])
        with torch.no_grad():
            logprobs = torch.log_softmax(toy_model()(input_ids=whole).logits[0, :-1], -1)
        wanted = logprobs.gather(1, whole[0, 1:, None])[-len(action) :, 0]
        assert rows[0] == pytest.approx(wanted.numpy(), abs=0.3), "the readings are computed in bf16"
        assert not np.allclose(rows[0], without[0], atol=1e-3)


def test_each_episode_has_a_text_of_its_own() -> None:
    a, b = _read(["You see a key", "You are in room 1"]), _read(["You see a key", "You see a key"])
    for x, y in zip(a[0], b[0], strict=True):
        assert x == pytest.approx(y, abs=0.1)
    assert not np.allclose(np.concatenate(a[1]), np.concatenate(b[1]), atol=1e-3)
    with pytest.raises(ValueError):
        _read(["only one"])


def test_an_episode_that_saw_that_text_before_is_read_in_the_same_way_afterwards() -> None:
    """A view that shortens what was read before must not shorten the episode's own observations because of it."""
    codec = toy_codec()
    first = PLAYED[0].steps[0].observation
    shortened = replace(codec.view, repeat_words=1)
    original, codec.view = codec.view, shortened
    try:
        model = toy_model()
        readings = ModelReadings(model, model, codec, torch.device("cpu"))
        codec.encode_repeated.cache_clear()
        a = readings.logprobs(PLAYED[:1], model, before=[first])[0][0]
    finally:
        codec.view = original
        codec.encode_repeated.cache_clear()
    assert a == pytest.approx(_read([first, first])[0][0], abs=0.1)
