"""Scorers against a truth: what is asked, kept and judged anew, the parts of the truth, and the tables."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from spa_gym.baselines.attribution import parts as parts_module
from spa_gym.baselines.attribution.agreement import Sheet, split_half
from spa_gym.baselines.attribution.parts import expert_plans, part_of, parts
from spa_gym.baselines.attribution.scorers import Scorers
from spa_gym.baselines.attribution.scoring import ScoreConfig, load_scores, score_all
from spa_gym.baselines.attribution.store import Truth
from spa_gym.baselines.attribution.tables import as_record, as_tables, seen_form, spread
from spa_gym.baselines.rollout.episode import Episode
from spa_gym.baselines.rollout.protocol import EpisodeSpec
from spa_gym.core.errors import BadArgument, CheckpointMismatch
from spa_gym.core.trajectory import Trajectory
from spa_gym.leaderboard.task_lengths import length_groups
from tests.baselines.attribution.worlds import KWARGS, toy_checkpoint, toy_truth


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, ScoreConfig]:
    """ppo, oracle and a method that does not exist, scored on the corridor's truth."""
    folder = tmp_path_factory.mktemp("scored")
    truth = toy_truth()
    config = ScoreConfig(
        truth=folder,
        out=folder / "out",
        start=str(toy_checkpoint(folder)),
        methods=("ppo", "oracle", "tests.baselines.methods.own:Own", "nonsense"),
        seeds=(0, 1),
        warmup=1,
        episodes=8,
        resamples=5,
        device="cpu",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spa_gym.baselines.attribution.scoring.load_truth", lambda path: truth)
        score_all(config, length_groups)
    return truth, config


def test_methods_are_scored_and_told_apart(scored: tuple[Truth, ScoreConfig]) -> None:
    truth, config = scored
    found = load_scores(config.out)
    assert set(found["scorers"]) == {"constant", "noise", "ppo", "oracle", "tests.baselines.methods.own:Own"}
    assert "nonsense" in found["errors"]
    ppo = found["scorers"]["ppo"][0]
    assert ppo["form"] == "rewards" and list(ppo["rows"]) == ["step", "to go", "gae"]
    assert ppo["credits"] == [[s.reward for s in t.steps] for t in truth.trajectories]
    assert ppo["env_steps"] > 0, "the warm-up is counted"
    oracle = found["scorers"]["oracle"][0]["rows"]["step"]["figures"]
    assert oracle["progress_spearman"]["mean"] == pytest.approx(1)
    assert oracle["spearman"]["mean"] > found["scorers"]["noise"][0]["rows"]["step"]["figures"]["spearman"]["mean"]
    assert found["scorers"]["tests.baselines.methods.own:Own"][0]["form"] == "advantages"


def test_what_is_scored_is_not_scored_again(scored, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, config = scored
    monkeypatch.setattr("spa_gym.baselines.attribution.scoring.load_truth", lambda path: truth)
    asked = []

    def score(self, name, **_):
        asked.append(name)
        raise BadArgument("nothing", "a call", "none")

    monkeypatch.setattr(Scorers, "score", score)
    score_all(config, length_groups)
    assert asked == ["nonsense", "nonsense"], "only what failed is tried again"
    monkeypatch.setattr("spa_gym.baselines.attribution.scoring.load_truth", lambda path: Truth({}, truth.episodes, 0))
    with pytest.raises(CheckpointMismatch, match="another truth"):
        score_all(config, length_groups)


def test_the_tables(scored: tuple[Truth, ScoreConfig]) -> None:
    found = load_scores(scored[1].out)
    text = as_tables(found)
    for part in ("| oracle |", "| ppo (to go) |", "*ceiling*", "### By task family", "## Not scored", "nonsense"):
        assert part in text, part
    assert (
        "| ppo (gae) |" in text.partition("## By part")[2] and "| ppo (to go) |" not in text.partition("## By part")[2]
    )
    record = as_record(found)
    assert record["scorers"]["noise"]["refits"]["deviation"]["step"]["spearman"] > 0
    assert record["scorers"]["oracle"]["refits"]["agreement"] == pytest.approx(1)
    assert "credits" not in record["scorers"]["ppo"]


def test_scores_of_an_earlier_form_are_judged_anew_from_their_credits(scored, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, config = scored
    monkeypatch.setattr("spa_gym.baselines.attribution.scoring.load_truth", lambda path: truth)
    path = config.out / "scores/oracle-0.json"
    known = json.loads(path.read_text())
    old = {k: v for k, v in known.items() if k not in ("judged", "paid_share", "rows")} | {"rows": {"step": {}}}
    path.write_text(json.dumps(old))
    monkeypatch.setattr(Scorers, "score", lambda self, name, **_: pytest.fail(name) if name == "oracle" else _refuse())
    score_all(config, length_groups)
    made = json.loads(path.read_text())
    assert (
        made["seconds"] == known["seconds"]
        and made["rows"]["gae"]["parts"].keys() == known["rows"]["gae"]["parts"].keys()
    )
    assert made["rows"]["step"]["figures"]["spearman"]["mean"] == pytest.approx(
        known["rows"]["step"]["figures"]["spearman"]["mean"], abs=0.01
    )


def _refuse() -> None:
    raise BadArgument("nothing", "a call", "none")


def test_parts_are_by_plan_and_by_episode_only_where_that_separates() -> None:
    truth = toy_truth()
    plans: dict[str, int | None] = dict(zip(dict.fromkeys(truth.tasks), (9, 3, 5, 5), strict=True))
    found = parts(truth, plans, length_groups)
    classes = {name: members for name, members in found.items() if name.startswith("plan: ")}
    assert len(classes) > 1 and sorted(i for members in classes.values() for i in members) == list(range(16))
    spans = [{plans[truth.tasks[i]] or 0 for i in members} for members in classes.values()]
    assert all(max(a) < min(b) for a, b in zip(spans, spans[1:], strict=False)), "from short to long"
    assert any(name.startswith("episode: ") for name in found)
    # All run into one limit: thirds of that say nothing.
    one = truth.trajectories[0]
    flat = Truth(truth.settings, [replace(e, trajectory=one) for e in truth.episodes], 0)
    assert not any(name.startswith("episode: ") for name in parts(flat, None, length_groups))
    assert {name.partition(": ")[0] for name in parts(flat, None, length_groups)} == {"outcome", "family"}


def test_plans_are_counted_from_where_the_environment_begins(tmp_path: Path) -> None:
    truth = toy_truth()
    plans, _ = expert_plans(truth, tmp_path / "plans.json")
    assert plans is not None
    env = gymnasium.make("SPA-Toy-v0")
    for task, count in plans.items():
        env.reset(seed=0, options={"task_id": task})
        bare: Any = env.unwrapped
        played = 0
        while bare._result is None:
            env.step(next(bare.expert()))
            played += 1
        assert played == count


def test_plans_are_asked_for_once_and_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, path = toy_truth(), tmp_path / "plans.json"
    gone = Truth({**truth.settings, "env_id": "SPA-Gone-v0"}, truth.episodes, 0)
    plans, missing = expert_plans(gone, path)
    assert plans is None and missing is not None and "Gone" in missing and not path.exists()
    first = expert_plans(truth, path)
    assert first[0] is not None and list(first[0]) == list(dict.fromkeys(truth.tasks)) and first[1] is None
    monkeypatch.setattr(parts_module, "_ask_expert", lambda truth: pytest.fail("asked again"))
    assert expert_plans(truth, path) == first


def test_a_part_is_judged_by_its_own_episodes_and_has_its_own_ceiling(scored: tuple[Truth, ScoreConfig]) -> None:
    truth, config = scored
    found = load_scores(config.out)
    members = parts(truth, None, length_groups)["outcome: failure"]
    entry = found["scorers"]["noise"][0]
    part = part_of(truth, members)
    mine = Sheet(part, [np.array(entry["credits"][i]) for i in members]).figures()["spearman"]
    shown = entry["rows"]["step"]["parts"]["outcome: failure"]["spearman"]
    assert shown["mean"] == pytest.approx(mine, abs=1e-3) and shown["low"] <= shown["high"]
    about = found["ceiling"]["parts"]["outcome: failure"]
    assert about["steps"] == part.num_steps and about["tasks"] == len(set(part.tasks))
    assert about["split_half"]["spearman"] == pytest.approx(split_half(part)["spearman"])
    half = about["split_half"]["spearman"]
    assert about["ceiling"]["spearman"] == pytest.approx((2 * half / (1 + half)) ** 0.5)
    assert f"| failure | {about['tasks']} | {about['episodes']} | {about['steps']} |" in as_tables(found)


def test_deviations_over_refits_are_of_the_form_that_the_loss_sees(scored: tuple[Truth, ScoreConfig]) -> None:
    seeds = load_scores(scored[1].out)["scorers"]["noise"]
    assert seen_form(seeds[0]) == "step" and seen_form(load_scores(scored[1].out)["scorers"]["ppo"][0]) == "gae"
    values = [seeds[k]["rows"]["step"]["figures"]["gradient_cosine"]["mean"] for k in (0, 1)]
    wanted = abs(values[0] - values[1]) / 2**0.5
    assert spread(seeds, "step", "gradient_cosine") == pytest.approx(wanted) and wanted > 0
    assert spread(seeds, "step", "made up") is None and spread({0: seeds[0]}, "step", "spearman") is None
    (line,) = [row for row in as_tables(load_scores(scored[1].out)).splitlines() if row.startswith("| noise | credits")]
    assert f"| {wanted:.2f} |" in line


def _expert_episode(task: str) -> Trajectory:
    episode = Episode(gymnasium.make("SPA-Toy-v0", **KWARGS), EpisodeSpec(task_id=task, seed=0))
    bare: Any = episode.env.unwrapped
    while episode.act(next(bare.expert())):
        pass
    return episode.finish()


def test_step_preferences_of_continuations_are_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without whole-episode pairs and imitation, only `ipr`'s steps remain, which the batch's scorer has valued."""
    truth = toy_truth()
    experts = [_expert_episode(task) for task in dict.fromkeys(truth.tasks)]
    monkeypatch.setattr(Scorers, "_demonstrations", lambda self, config: experts)
    scorers = Scorers(truth, tmp_path / "out", start=str(toy_checkpoint(tmp_path)), device="cpu")
    made = scorers.score("ipr", options={"outcome": False, "imitation": 0.0, "continuations": 1})
    assert made.form == "pairs" and made.env_steps > 0
    paid = np.concatenate(made.credits)
    assert 0 < np.mean(paid != 0) < 0.5 and paid.max() > 0, "the expert's steps, where the episodes took them"
    whole = scorers.score("ipr", options={"step": False})
    failed = [row for row, t in zip(whole.credits, truth.trajectories, strict=True) if t.score < 1]
    assert min(row.min() for row in failed) == -1, "the outcome pairs reject whole episodes"
