"""Episodes that are left after so many steps: what asking a policy for a single action costs."""

from __future__ import annotations

import pytest

from spa_gym.baselines.rollout.engine_cached import CachedEngine
from spa_gym.baselines.rollout.engine_generate import GenerateEngine
from spa_gym.baselines.rollout.player import EnginePlayer
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.core.errors import BadArgument
from tests.baselines.language import make_env, toy_codec, toy_model

SPECS = [EpisodeSpec(task_id=i, seed=i, max_steps=1 + i % 3) for i in range(6)]
WHOLE = [EpisodeSpec(task_id=i, seed=i) for i in range(6)]


@pytest.mark.parametrize("engine", [CachedEngine, GenerateEngine])
def test_an_episode_that_is_left_is_the_beginning_of_the_whole_one(engine: type) -> None:
    player = engine(toy_model(), toy_codec())
    settings = {"num_envs": 4, "max_action_tokens": 6, "temperature": 0.0}
    left, whole = player.run(make_env, SPECS, **settings), player.run(make_env, WHOLE, **settings)
    cut = 0
    for spec, short, long in zip(SPECS, left, whole, strict=True):
        wanted = min(spec.max_steps or 0, long.num_steps)
        assert [s.action_ids for s in short.steps] == [s.action_ids for s in long.steps[:wanted]]
        if wanted < long.num_steps:
            assert short.truncated and not short.terminated
            assert short.final_observation == long.steps[wanted].observation
            cut += 1
    assert cut >= 3


def test_a_player_asks_for_one_action_at_each_place_and_counts_it() -> None:
    engine = CachedEngine(toy_model(), toy_codec())
    player = EnginePlayer(engine, make_env, num_envs=4, seed=0)
    (whole,) = player.play([2])
    spent = player.env_steps
    places = player.places(whole)
    asked = player.play_on(places, max_steps=1)
    assert [t.num_steps for t in asked] == [1 + len(place.history) for place in places]
    assert all(t.steps[:-1] == place.history for t, place in zip(asked, places, strict=True))
    assert player.env_steps - spent == len(places)
    player.close()


def test_an_episode_has_a_step_at_least() -> None:
    with pytest.raises(BadArgument, match="max_steps"):
        EpisodeSpec(task_id=0, max_steps=0)
