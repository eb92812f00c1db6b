"""`stepagent-implicit`: which actions make pairs, what they cost, and a training that plays no episode of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.stepagent_implicit import ExpertStepPreference
from spa_gym.baselines.models.view import View
from spa_gym.baselines.seam import Batch, Credit, Study
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import BadArgument
from spa_gym.core.trajectory import Trajectory
from tests.baselines.conftest import Pipeline
from tests.baselines.methods.toys import ToyPlayer, episode
from tests.baselines.tiny_runs import ppo_config

EXPERT = episode(1.0)


def _own(visit: int, before: tuple[str, ...]) -> Trajectory:
    """At s0 and s2 the policy does something else, at s1 what the expert does; then it would play on."""
    del visit
    action = {0: "x", 1: "A1", 2: "y"}[len(before)]
    return episode(
        0.0, observations=("s0", "s1", "s2", "s3", "s4"), actions=(*before, action, *["z"] * (4 - len(before)))
    )


def _credit(demonstrations: list[Trajectory], player: Any, iteration: int = 0, **options: Any) -> Credit:
    method = ExpertStepPreference(**options)
    method.prepare(Study("", "", {}, Path(), 0, demonstrations=demonstrations))
    readings = SimpleNamespace(codec=SimpleNamespace(view=View(lower=True)))
    return method.credit(Batch([], iteration=iteration, player=player, readings=readings))


def test_pairs_are_single_actions_where_the_two_differ() -> None:
    player = ToyPlayer(_own)
    credit = _credit([EXPERT], player, beta=0.3, reference="acting")
    assert (credit.rewards, credit.advantages, list(credit.imitation)) == (None, None, [])
    got = [(p.chosen.first, p.chosen.end, p.rejected.first, p.rejected.end) for p in credit.pairs]
    assert got == [(0, 1, 0, 1), (2, 3, 2, 3)]
    assert all(p.chosen.trajectory == EXPERT for p in credit.pairs)
    rejected = [[s.action for s in p.rejected.trajectory.steps] for p in credit.pairs]
    assert rejected == [["x"], ["a0", "a1", "y"]], "after the expert's own actions"
    assert (credit.dpo_beta, credit.dpo_reference) == (0.3, "acting")
    assert credit.figures == {"agreement": pytest.approx(1 / 3), "step_pairs": 2.0}


def test_a_prefix_costs_one_step() -> None:
    player = ToyPlayer(_own)
    _credit([EXPERT, replace(EXPERT, task_id="u")], player)
    assert player.env_steps == 6 and set(player.asked) == {(), ("a0",), ("a0", "a1")}


def test_a_policy_without_room_to_act_is_passed_over() -> None:
    credit = _credit([EXPERT], ToyPlayer(lambda _, before: replace(EXPERT, steps=EXPERT.steps[: len(before)])))
    assert not credit.pairs and credit.figures["agreement"] != credit.figures["agreement"]


def test_demonstrations_are_drawn_by_seed_and_iteration() -> None:
    many = [replace(EXPERT, task_id=str(i)) for i in range(12)]

    def drawn(iteration: int) -> list[str]:
        pairs = _credit(many, ToyPlayer(_own), iteration, experts=4).pairs
        return list(dict.fromkeys(p.chosen.trajectory.task_id for p in pairs))

    assert drawn(0) == drawn(0) != drawn(1) and len(set(drawn(0))) == 4
    assert len(_credit(many, ToyPlayer(_own), experts=50).pairs) == 24, "no more than there are"


def test_what_means_nothing_is_refused() -> None:
    for options in ({"experts": 0}, {"beta": 0.0}, {"temperature": -1.0}, {"reference": "expert"}):
        with pytest.raises(BadArgument):
            make_method("stepagent-implicit", options)
    with pytest.raises(BadArgument, match="demonstrations"):
        ExpertStepPreference().prepare(Study("", "", {}, Path(), 0))
    with pytest.raises(BadArgument, match="prepare"):
        ExpertStepPreference().credit(Batch([]))


def test_a_training_plays_no_episode_of_its_own(pipeline: Pipeline, tmp_path: Path) -> None:
    config = ppo_config(
        pipeline.start,
        tmp_path,
        method="stepagent-implicit",
        options={"experts": 2},
        demonstrations=3,
        evaluate_tasks=1,
        evaluate_every=100,
        env_kwargs={"size": "small"},
        env_steps=20,
        minibatch=8,
        epochs=3,
    )
    record = train(config)
    assert record.env_steps == sum(record.curves["continued_steps"]) >= 20  # type: ignore[arg-type]
    assert set(record.curves["episode_length"]) == {None} and record.updates > 0
    losses = record.curves["dpo_loss"]
    assert losses[0] is not None and losses[0] < 0.6931, "three epochs over the same pairs"
