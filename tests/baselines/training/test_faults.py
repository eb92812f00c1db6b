"""Numbers that are none, and episodes of another world or tokenizer: stopped by name, with the last good state kept."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spa_gym.baselines.learning import imitation
from spa_gym.baselines.learning import learner as learner_module
from spa_gym.baselines.learning.batch import Critic, Episode
from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.learning.learner import Learner
from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.seam import Credit
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import CheckpointMismatch, TrainingDiverged
from spa_gym.core.trajectory import Trajectory, write_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import explored, ppo_config, sft_config


def _same_weights(a: Path, b: Path) -> bool:
    pairs = zip(load_checkpoint(a).model.parameters(), load_checkpoint(b).model.parameters(), strict=True)
    return all(x.equal(y) for x, y in pairs)


def test_a_loss_that_is_no_number_stops_the_training_and_it_goes_on_from_the_last_good_state(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(ppo_config(pipeline.start, tmp_path / "whole"))
    config, learn, tasks = ppo_config(pipeline.start, tmp_path / "broken"), Learner.learn, []

    def poisoned(
        self: Learner, played: Sequence[Trajectory], credit: Credit, rng: random.Random, *, iteration: int
    ) -> dict[str, float]:
        if iteration == 1:
            tasks.extend(t.task_id for t in played)
            credit = replace(credit, rewards=[np.full(t.num_steps, np.nan) for t in played])
        return learn(self, played, credit, rng, iteration=iteration)

    with monkeypatch.context() as patch, pytest.raises(TrainingDiverged) as caught:
        patch.setattr(Learner, "learn", poisoned)
        train(config)
    message = str(caught.value)
    assert (
        "loss = nan in a batch of 3 episodes, tasks " in message and "the state that was saved last is kept" in message
    )
    assert sum(task in message for task in set(tasks)) >= 1
    position = json.loads((config.out / "state" / "position.json").read_text())["position"]
    assert position["iteration"] == 1 and not (config.out / "record.json").exists()
    record = train(config)
    assert record.curves == whole.curves
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


def test_a_state_that_is_older_than_the_batch_before_is_kept_too(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States are saved rarely: what is kept is that of the first batch, and the error does not claim more."""
    config = ppo_config(pipeline.start, tmp_path, env_steps=140, critic_epochs=1, evaluate_every=1000)
    fit, fits = learner_module.fit_critic, 0

    def poisoned(critic: Critic, episodes: Sequence[Episode], *args: Any, **more: Any) -> float:
        nonlocal fits
        fits += 1
        if fits in (2, 4):  # of the second batch, and then, gone on from the first one's state, of the third
            episodes = [replace(episode, returns=episode.returns * float("nan")) for episode in episodes]
        return fit(critic, episodes, *args, **more)

    monkeypatch.setattr(learner_module, "fit_critic", poisoned)
    for each in (config, replace(config, save_every_s=1e6)):
        with pytest.raises(TrainingDiverged, match="critic_fit_loss = nan in a batch of 6.*saved last is kept"):
            train(each)
        state = json.loads((tmp_path / "state" / "position.json").read_text())
        assert state["position"]["iteration"] == 1
    assert fits == 4


def test_imitation_stops_too_and_names_the_batch(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, loss, count = sft_config(pipeline.folder / "pretrain" / "checkpoint", tmp_path, epochs=2), None, 0
    loss = imitation.imitation_loss

    def poisoned(*args: Any) -> Any:
        nonlocal count
        count += 1
        value, figures = loss(*args)
        return (value * float("nan") if count == 3 else value), figures

    with (
        monkeypatch.context() as patch,
        pytest.raises(TrainingDiverged, match=r"loss = nan.* in a batch of 4 episodes"),
    ):
        patch.setattr(imitation, "imitation_loss", poisoned)
        # One forward a batch, so that the third one is of the second epoch.
        patch.setattr(imitation, "similar_lengths", lambda lengths, *_: [list(range(len(lengths)))])
        sft(config)
    assert json.loads((tmp_path / "state" / "position.json").read_text())["position"]["epoch"] == 1
    assert sft(config).updates == 4


def _estimator(pipeline: Pipeline, world: str | None = "SPA-ALFWorld-v0") -> ProgressModel:
    loaded = load_checkpoint(pipeline.start)
    return ProgressModel(loaded.model, loaded.codec, world=world)


def test_an_estimator_of_another_world_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    played = explored(2)
    _estimator(pipeline, "SPA-WebShop-v0").save(tmp_path / "shop", {})
    with pytest.raises(
        CheckpointMismatch, match="episodes of SPA-ALFWorld-v0 with.*got an estimator of SPA-WebShop-v0"
    ):
        ProgressModel.load(tmp_path / "shop", device="cpu").contributions_of(played)
    for world in ("SPA-ALFWorld-v0", None):
        _estimator(pipeline, world).save(tmp_path / "right", {})
        assert len(ProgressModel.load(tmp_path / "right", device="cpu").contributions_of(played)) == 4
    mixed = [*played, replace(played[0], env_id="SPA-WebShop-v0")]
    write_jsonl(tmp_path / "mixed.jsonl", mixed)
    config = EstimatorConfig(str(pipeline.start), tmp_path / "mixed.jsonl", tmp_path / "fit", device="cpu")
    with pytest.raises(CheckpointMismatch, match="episodes of SPA-WebShop-v0"):
        fit_estimator(config)


def test_an_estimator_of_another_tokenizer_than_the_policys_is_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    model = _estimator(pipeline)
    codec = model.codec

    def emitted(trajectory: Trajectory, change: int) -> Trajectory:
        steps = [
            replace(s, action_ids=tuple(i + change for i in codec.encode_action(s.action)) + (codec.eoa_id,))
            for s in trajectory.steps
        ]
        return replace(trajectory, steps=tuple(steps))

    played = [replace(t, steps=t.steps[:1]) for t in explored(4)]
    own = [emitted(t, 0) for t in played]
    own = [t for t in own if all(codec.decode_action(s.action_ids or ()) == s.action for s in t.steps)]
    assert own and len(model.contributions_of(own)) == len(own)
    for change in (1, 1_000_000):
        other = [emitted(own[0], change)]
        with pytest.raises(
            CheckpointMismatch, match="a policy with the estimator's tokenizer; got token ids that do not"
        ):
            model.contributions_of(other)
        with pytest.raises(CheckpointMismatch, match=own[0].task_id):
            model.refuse_strangers(other)
