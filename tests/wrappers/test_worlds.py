"""An estimator that was fitted to one environment is refused in another, before the first step."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from spa_gym.core.errors import CheckpointMismatch, DataNotFound
from spa_gym.wrappers import HistoryObservation, ProgressAttributionWrapper, VectorProgressAttributionWrapper
from spa_gym.wrappers.estimators import make_estimator
from spa_gym.wrappers.learned_estimators import DifferenceEstimator
from spa_gym.wrappers.worlds import same_world, world_at
from tests.toy import TOY_ID, Toy
from tests.wrappers.worlds import CountingBatch, FromTexts, make_toy

OTHER = "SPA-WebShop-v0"
REFUSED = rf"fitted to {TOY_ID}; got one that was fitted to {OTHER}.*explore --env-id {TOY_ID}.*training\.estimator "


class Batched(CountingBatch):
    """Knows its world once it is made."""

    def __init__(self, world: Any = OTHER) -> None:
        super().__init__()
        self.world = world


class Single(FromTexts):
    """Knows it as a class."""

    world: Any = OTHER


class OwnSingle(Single):
    world = TOY_ID


class Strange(Toy):
    """Another environment, made without an id."""


class Predictor:
    world = OTHER

    def __call__(self, prefixes: Any) -> list[float]:
        return [0.0] * len(prefixes)


def _vector(count: int = 2) -> SyncVectorEnv:
    return SyncVectorEnv([make_toy] * count)


WRAPPED = [
    pytest.param(make_toy, ProgressAttributionWrapper, id="single"),
    pytest.param(lambda: HistoryObservation(make_toy()), ProgressAttributionWrapper, id="wrapped"),
    pytest.param(lambda: TimeLimit(Toy(), 5), ProgressAttributionWrapper, id="nameless"),
    pytest.param(_vector, VectorProgressAttributionWrapper, id="sync"),
    pytest.param(lambda: SyncVectorEnv([Toy, Toy]), VectorProgressAttributionWrapper, id="sync, nameless"),
    pytest.param(
        partial(gymnasium.make_vec, TOY_ID, num_envs=2, vectorization_mode="sync"),
        VectorProgressAttributionWrapper,
        id="made by name",
    ),
]


@pytest.mark.parametrize(("make", "wrapper"), WRAPPED)
@pytest.mark.parametrize(
    "estimator", [Batched(), Single, DifferenceEstimator(Predictor())], ids=["batched", "class", "difference"]
)
def test_another_worlds_estimator_is_refused_when_the_wrapper_is_made(make: Any, wrapper: Any, estimator: Any) -> None:
    env = make()
    with pytest.raises(CheckpointMismatch, match=rf"fitted to (Toy|{TOY_ID}); got one that was fitted to {OTHER}\."):
        wrapper(env, estimator)
    env.close()


def test_the_error_says_what_fits_another_one() -> None:
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        ProgressAttributionWrapper(make_toy(), Batched())


@pytest.mark.parametrize(("make", "wrapper"), WRAPPED)
@pytest.mark.parametrize(
    "estimator",
    [OwnSingle, Batched(TOY_ID), Batched(None), Batched(object()), CountingBatch(), FromTexts],
    ids=["class", "batched", "not known", "not an id", "silent", "silent class"],
)
def test_its_own_worlds_is_accepted_and_one_that_does_not_know(make: Any, wrapper: Any, estimator: Any) -> None:
    env = wrapper(make(), estimator)
    env.reset(seed=0)
    env.close()


def test_other_processes_are_asked_for_their_names() -> None:
    envs = AsyncVectorEnv([make_toy, make_toy])
    try:
        with pytest.raises(CheckpointMismatch, match=REFUSED):
            VectorProgressAttributionWrapper(envs, Batched())
        VectorProgressAttributionWrapper(envs, Batched(TOY_ID)).reset(seed=0)
    finally:
        envs.close()


def test_one_strange_environment_among_others_is_enough() -> None:
    envs = SyncVectorEnv([make_toy, Strange])
    with pytest.raises(CheckpointMismatch, match=f"fitted to Strange; got one that was fitted to {TOY_ID}"):
        VectorProgressAttributionWrapper(envs, Batched(TOY_ID))


def test_a_class_that_knows_only_once_it_is_made_is_refused_at_the_first_reset() -> None:
    for make in (Batched, f"{__name__}:Batched"):
        env = ProgressAttributionWrapper(make_toy(), make)
        with pytest.raises(CheckpointMismatch, match=REFUSED):
            env.reset()


@pytest.mark.parametrize("name", ["model", "difference"])
def test_a_checkpoint_is_asked_before_it_is_loaded(name: str, tmp_path: Path) -> None:
    """There is nothing to load: what it was fitted to is all that is there."""
    (tmp_path / "spa_gym.json").write_text(json.dumps({"recipe": {"env_id": OTHER}}))
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        ProgressAttributionWrapper(make_toy(), f"{name}:{tmp_path}")
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        VectorProgressAttributionWrapper(_vector(), f"{name}:{tmp_path}")
    ProgressAttributionWrapper(gymnasium.make(OTHER), f"{name}:{tmp_path}")
    ProgressAttributionWrapper(gymnasium.make("SPA-WebShop-Dense-v0"), f"{name}:{tmp_path}")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recipe": null}', '{"recipe": {"env_id": 3}}', "\udcff"])
def test_what_cannot_be_asked_is_left_to_the_loading(text: str, tmp_path: Path) -> None:
    assert world_at(str(tmp_path / "missing")) is None
    (tmp_path / "spa_gym.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert world_at(str(tmp_path)) is None
    env = ProgressAttributionWrapper(make_toy(), f"model:{tmp_path / 'missing'}")
    with pytest.raises(DataNotFound):
        env.reset()


def test_without_an_environment_nothing_is_asked() -> None:
    assert make_estimator(f"{__name__}:Batched") is not None
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        make_estimator(f"{__name__}:Batched", make_toy())


def test_ids_of_one_entry_point_are_one_world() -> None:
    dense, plain, shop = "SPA-ALFWorld-Dense-v0", "SPA-ALFWorld-v0", "SPA-WebShop-Dense-v0"
    assert same_world(dense, plain) and same_world(plain, dense) and same_world("house", "house")
    assert same_world(plain, "ALFWorldEnv") and same_world("ALFWorldEnv", dense) and not same_world(shop, "ALFWorldEnv")
    assert not same_world(plain, shop) and not same_world(plain, "house") and not same_world("World", "ALFWorld")


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", '{"recipe": 5}', '{"recipe": {"env_id": NaN}}', '"\\ud800"'])
def test_a_checkpoint_that_cannot_be_read_says_nothing_of_its_world(tmp_path: Path, text: str) -> None:
    (tmp_path / "spa_gym.json").write_text(text)
    assert world_at(str(tmp_path)) is None
