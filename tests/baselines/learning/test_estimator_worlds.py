"""A trained estimator behind the wrappers, and as a scorer of credit: refused in another world than its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from spa_gym.baselines.attribution.scorers import Scorers
from spa_gym.baselines.attribution.store import Truth, ValuedEpisode
from spa_gym.baselines.learning.estimator_inference import ProgressModel, load_estimator, load_predictor
from spa_gym.core.errors import CheckpointMismatch
from spa_gym.wrappers import ProgressAttributionWrapper, VectorProgressAttributionWrapper
from spa_gym.wrappers.learned_estimators import DifferenceEstimator
from tests.baselines.language import toy_codec, toy_model
from tests.baselines.methods.toys import episode
from tests.toy import TOY_ID
from tests.wrappers.worlds import make_toy

ALFWORLD, WEBSHOP = "SPA-ALFWorld-v0", "SPA-WebShop-v0"
REFUSED = f"expected an estimator that was fitted to {WEBSHOP}; got one that was fitted to {ALFWORLD}. To mend it: "


def _saved(folder: Path, *, differenced: bool, world: str | None = ALFWORLD) -> Path:
    model = ProgressModel(toy_model(max_positions=2048), toy_codec(), differenced=differenced, world=world)
    return model.save(folder, {})


def _alfworld() -> gymnasium.Env[str, str]:
    return gymnasium.make(ALFWORLD, size="small")


@pytest.mark.parametrize(("name", "differenced"), [("model", False), ("difference", True)])
def test_by_name_it_is_refused_in_another_world_and_accepted_in_its_own(
    name: str, differenced: bool, tmp_path: Path
) -> None:
    spec = f"{name}:{_saved(tmp_path / 'estimator', differenced=differenced)}"
    shop = gymnasium.make(WEBSHOP)
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        ProgressAttributionWrapper(shop, spec)
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        VectorProgressAttributionWrapper(gymnasium.make_vec(WEBSHOP, num_envs=2), spec)
    env = ProgressAttributionWrapper(_alfworld(), spec)
    env.reset(seed=0)
    assert "reward/progress" in env.step("look")[4]
    envs = VectorProgressAttributionWrapper(SyncVectorEnv([_alfworld, _alfworld]), spec)
    envs.reset(seed=0)
    assert "reward/progress" in envs.step(("look", "look"))[4]


@pytest.mark.parametrize("differenced", [False, True])
def test_alive_it_is_refused_too(differenced: bool, tmp_path: Path) -> None:
    path = _saved(tmp_path / "estimator", differenced=differenced)
    alive: Any = DifferenceEstimator(load_predictor(path)) if differenced else load_estimator(path)
    assert alive.world == ALFWORLD
    with pytest.raises(CheckpointMismatch, match=REFUSED):
        ProgressAttributionWrapper(gymnasium.make(WEBSHOP), alive)


def test_one_that_does_not_know_its_world_follows_any(tmp_path: Path) -> None:
    path = _saved(tmp_path / "estimator", differenced=False, world=None)
    ProgressAttributionWrapper(make_toy(), f"model:{path}").reset(seed=0)


def test_as_a_scorer_it_is_refused_on_the_episodes_of_another_world(tmp_path: Path) -> None:
    nothing = np.zeros((2, 4))
    valued = ValuedEpisode(episode(1.0), nothing[0], nothing[0], nothing, nothing, nothing[0], ("t/0",) * 3)
    scorers = Scorers(Truth({"env_id": TOY_ID, "env_kwargs": {}, "start": ""}, [valued], 0), tmp_path)
    own = _saved(tmp_path / "own", differenced=False, world=TOY_ID)
    assert [len(c) for c in scorers.score(f"estimator:model:{own}").credits] == [3]
    for name, differenced in (("model", False), ("difference", True)):
        path = _saved(tmp_path / name, differenced=differenced)
        with pytest.raises(CheckpointMismatch, match=f"fitted to {TOY_ID}; got one that was fitted to {ALFWORLD}"):
            scorers.score(f"estimator:{name}:{path}")
