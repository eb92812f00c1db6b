"""A perfect, a noisy and a constant scorer against a truth; forms of credit; the page and the picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from spa_gym.baselines.attribution.agreement import Limits, Sheet, ceiling, intervals
from spa_gym.baselines.attribution.parts import part_of, parts
from spa_gym.baselines.attribution.policy_features import critic_advantages, read_policy
from spa_gym.baselines.attribution.readout import as_arrays, from_credit, refuse_silence
from spa_gym.baselines.attribution.scorers import ALIASES, Scored, Scorers
from spa_gym.baselines.attribution.scoring import variants
from spa_gym.baselines.attribution.store import Truth, ValuedEpisode
from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.spa import StepwiseProgress
from spa_gym.baselines.models.tokens import collate, encode
from spa_gym.baselines.seam import Batch, Credit, Method, Pair, Span, Study
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.leaderboard.attribution_page import draw_gain, telling_episodes, training_gain, write_page
from spa_gym.leaderboard.task_lengths import length_groups
from tests.baselines.attribution.worlds import toy_truth
from tests.baselines.language import toy_codec, toy_model
from tests.baselines.methods.toys import ToyPlayer, episode


def halves_of(returns):
    return returns / 2


def one_a_step(trajectories):
    return [np.arange(t.num_steps) for t in trajectories]


def _valued(values, success=None, *, error=0.01, task="t", places=None, actions=("a0", "a1", "a2")) -> ValuedEpisode:
    t = episode(float(values[-1]), task=task, actions=actions, progress=[0.0, 0.5, 1.0])
    v = np.array(values, dtype=np.float64)
    errors = np.array([error] * (len(v) - 1) + [0.0])
    return ValuedEpisode(t, v, errors, np.stack([v, v]), np.stack([v, v]), errors, places or (f"{task}/0",) * 3)


def _truth(*episodes: ValuedEpisode) -> Truth:
    return Truth({"continuations": 64}, list(episodes), 0)


def test_the_perfect_scorer_is_perfect_and_the_constant_says_nothing() -> None:
    truth = toy_truth()
    perfect = Sheet(truth, truth.advantages).figures()
    for name in ("spearman", "kendall", "spearman_episode", "kendall_state", "spearman_state", "cosine"):
        assert perfect[name] == pytest.approx(1), name
    assert perfect["rmse"] == perfect["rmse_scaled"] == perfect["centred_rmse"] == pytest.approx(0, abs=1e-9)
    assert perfect["sign_accuracy"] == 1
    constant = Sheet(truth, [np.ones(len(a)) for a in truth.advantages]).figures()
    for name in ("spearman", "kendall", "spearman_episode", "spearman_state"):
        assert constant[name] == 0, name
    share = Sheet(truth, truth.advantages).critical.mean()
    assert constant["critical_ap"] == pytest.approx(share) and 0 < share < 1


def test_more_noise_is_worse() -> None:
    truth, rng = toy_truth(), np.random.default_rng(0)
    rows = []
    for noise in (0.0, 0.1, 1.0):
        noisy = [a + noise * rng.standard_normal(len(a)) for a in truth.advantages]
        rows.append(Sheet(truth, noisy).figures())
    for name in ("spearman", "spearman_episode", "cosine", "critical_ap", "sign_accuracy"):
        assert rows[0][name] > rows[1][name] > rows[2][name], name
    for name in ("rmse", "rmse_scaled", "pearson_distance"):
        assert rows[0][name] < rows[1][name] < rows[2][name], name


def test_figures_by_hand() -> None:
    # A = 0.5, 0, 0.3 and -0.2, 0, -0.3 in two tasks; zero below 0.05, critical from 0.2 on.
    truth = _truth(_valued([0.2, 0.7, 0.7, 1.0], task="x"), _valued([0.5, 0.3, 0.3, 0.0], task="y"))
    credits = [np.array([1.0, 1.0, 0.0]), np.array([-1.0, 0.0, -1.0])]
    sheet = Sheet(truth, credits)
    found = sheet.figures()
    assert sheet.critical.tolist() == [True, False, True, True, False, True]
    assert found["leakage"] == pytest.approx(1 / 4) and found["sign_accuracy"] == pytest.approx(3 / 4)
    assert found["sum_error"] == pytest.approx((1 + 2) / 2)
    assert found["cosine"] == pytest.approx(1.0 / (2 * np.sqrt(0.25 + 0.09 + 0.04 + 0.09)))
    # Levels of |c|: 1 (4 steps, 3 critical), 0 (2 steps, 1 critical).
    assert found["critical_ap"] == pytest.approx((3 * 3 / 4 + 4 / 6) / 4)
    assert (found["critical_precision"], found["critical_recall"]) == (3 / 4, 3 / 4)
    assert found["progress_spearman"] == pytest.approx(Sheet(truth, credits).figures()["progress_spearman"])
    assert sheet.figures(names=("leakage", "cosine")) == {name: found[name] for name in ("leakage", "cosine")}
    solved = parts(truth, None, length_groups)["outcome: success"]
    only = Sheet(part_of(truth, solved), [credits[i] for i in solved]).figures()
    assert only["leakage"] == pytest.approx(1 / 2) and only["sum_error"] == pytest.approx(1.0)


def test_states_compare_actions_and_not_episodes() -> None:
    """Two episodes took a0 from the place, one b0: their credit is averaged before it is compared."""
    places = [("p", f"q{i}", f"r{i}") for i in range(3)]
    first = _valued([0.5, 0.6, 0.6, 1.0], places=places[0])
    second = _valued([0.5, 0.6, 0.6, 0.0], places=places[1])
    third = _valued([0.5, 0.4, 0.4, 0.0], places=places[2], actions=("b0", "a1", "a2"))
    credits = [np.array([5.0, 0, 0]), np.array([-3.0, 0, 0]), np.array([0.9, 0, 0])]
    found = Sheet(_truth(first, second, third), credits).figures()
    assert found["spearman_state"] == pytest.approx(1) and found["kendall_state"] == pytest.approx(1)
    credits[2][0] = 1.1
    assert Sheet(_truth(first, second, third), credits).figures()["spearman_state"] == pytest.approx(-1)


def test_a_change_within_the_noise_is_not_critical() -> None:
    truth = _truth(_valued([0.5, 0.8, 0.8, 1.0], error=0.2))
    assert Sheet(truth, truth.advantages).critical.tolist() == [False, False, False]
    assert Sheet(truth, truth.advantages, Limits(critical=0.25, z=1.0)).critical.tolist() == [True, False, False]


def test_intervals_hold_the_figure_and_come_from_tasks() -> None:
    truth, rng = toy_truth(), np.random.default_rng(1)
    sheet = Sheet(truth, [a + 0.3 * rng.standard_normal(len(a)) for a in truth.advantages])
    found = intervals(sheet, resamples=60)
    assert found == intervals(sheet, resamples=60)
    assert found["spearman"]["low"] < found["spearman"]["mean"] < found["spearman"]["high"]
    one = [e for e in truth.episodes if e.trajectory.task_id == truth.tasks[0]]
    alone = intervals(Sheet(_truth(*one), [e.advantages + 0.1 for e in one]), resamples=5, names=("rmse",))
    assert list(alone) == ["rmse"] and alone["rmse"]["mean"] == pytest.approx(0.1)
    assert np.isnan(alone["rmse"]["low"]) and np.isnan(alone["rmse"]["high"]), "one task says nothing of others"
    doubled = sheet.figures(np.array([0, 0, 1]))
    assert doubled["spearman_episode"] != sheet.figures(np.array([0, 1]))["spearman_episode"]


def test_the_ceiling_is_that_of_the_noise() -> None:
    fine, coarse = ceiling(toy_truth()), ceiling(toy_truth(continuations=10))
    assert 1 > fine["ceiling"]["spearman"] > coarse["ceiling"]["spearman"] > 0.3
    assert fine["noise_rmse"] < coarse["noise_rmse"]
    assert fine["reliability"]["spearman"] == pytest.approx(
        2 * fine["split_half"]["spearman"] / (1 + fine["split_half"]["spearman"])
    )
    assert fine["with_sign"] + fine["without_effect"] <= fine["steps"] == toy_truth().num_steps


def test_the_gradients_of_a_resample_are_the_sums_over_its_tasks() -> None:
    truth, rng = toy_truth(), np.random.default_rng(2)
    credits = [a + rng.standard_normal(len(a)) for a in truth.advantages]
    gradients = [rng.standard_normal((len(a), 7)) for a in truth.advantages]
    sheet = Sheet(truth, credits, gradients=gradients)
    for tasks in (np.array([0, 1, 2, 3]), np.array([2, 2, 0])):
        rows = [i for task in tasks for i in np.flatnonzero(sheet.episode_task == task)]
        g, c, a = (np.concatenate([x[i] for i in rows]) for x in (gradients, credits, truth.advantages))
        left, right = c @ g, a @ g
        wanted = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
        assert sheet.figures(tasks, ("gradient_cosine",)) == {"gradient_cosine": pytest.approx(wanted)}


def test_rewards_are_judged_in_three_forms() -> None:
    truth = _truth(_valued([0.2, 0.7, 0.7, 1.0]))
    scored = Scored("x", "rewards", [np.array([1.0, 2.0, 4.0])])
    forms = variants(scored, truth, [np.eye(3)])
    assert list(forms) == ["step", "to go", "gae"] and forms["to go"][0].tolist() == [7, 6, 4]
    assert list(variants(Scored("x", "advantages", scored.credits), truth, [np.eye(3)])) == ["step"]


def test_a_critic_that_knows_the_value_leaves_the_advantage() -> None:
    rng = np.random.default_rng(0)
    states = [rng.standard_normal((6, 1)) for _ in range(60)]
    # The reward to go is 3 x; each step's reward is what makes it so.
    rewards = [3 * np.append(-np.diff(x[:, 0]), x[-1, 0]) for x in states]
    made = critic_advantages(rewards, states, [str(i) for i in range(60)], gamma=1.0, lam=0.0, ridge=1e-6)
    assert float(np.abs(np.concatenate(made)).max()) < 1e-6
    flat = critic_advantages(rewards, states, ["t"] * 60, gamma=1.0, lam=1.0, ridge=1e12)
    mean = np.mean(np.concatenate([3 * x[:, 0] for x in states]))
    assert flat[0] == pytest.approx(3 * states[0][:, 0] - mean, abs=1e-6), "a critic that learns nothing says the mean"


def test_projected_gradients_keep_the_gradients_inner_products() -> None:
    model, codec = toy_model(), toy_codec()
    trajectories = toy_truth().trajectories[:3]
    states, gradients = read_policy(model, codec, trajectories, width=4096)
    assert [len(g) for g in gradients] == [len(s) for s in states] == [t.num_steps for t in trajectories]
    rows = [encode(t, codec) for t in trajectories]
    weight = model.get_output_embeddings().weight
    hidden = model.model
    exact = []
    for row in rows:
        batch = collate([row], codec.pad_id)
        states_now = hidden(input_ids=batch.ids).last_hidden_state.detach()[0]
        for start, end in zip(row.step_starts, row.step_ends, strict=True):
            local = weight.detach().clone().requires_grad_(True)
            logits = states_now[start - 1 : end] @ local.T
            logprob = logits.log_softmax(-1).gather(1, batch.ids[0, start : end + 1, None]).sum()
            logprob.backward()
            exact.append(local.grad.flatten().double().numpy())
    flat, true = np.concatenate(gradients), np.stack(exact)
    norms = np.linalg.norm(true, axis=1)
    wanted, got = (true @ true.T) / np.outer(norms, norms), (flat @ flat.T) / np.outer(norms, norms)
    assert np.abs(wanted - got).max() < 0.15


def test_preferences_count_where_they_are_of_the_batch() -> None:
    mine, other = episode(1.0), episode(0.0, task="other")
    credit = Credit(pairs=[Pair(Span(mine, 1), Span(other))], imitation=[Span(mine, 0, 1, weight=0.5)])
    assert from_credit(credit, [mine])[1][0].tolist() == [0.5, 1, 1]
    assert from_credit(Credit(pairs=[Pair(Span(other), Span(mine, 2))]), [mine])[1][0].tolist() == [0, 0, -1]
    form, silent = from_credit(Credit(imitation=[Span(other)]), [mine])
    with pytest.raises(BadArgument, match="other actions or places only"):
        refuse_silence(form, silent)
    refuse_silence("advantages", silent)


def test_an_action_of_another_episode_counts_where_the_batch_does_the_same() -> None:
    one, two = episode(0.0), episode(0.0, actions=("a0", "b1", "a2"))
    expert = episode(1.0, actions=("a0", "a1", "x2"))
    # The expert's first action is both episodes', its second that of one, its third nobody's; b's third step is in
    # another place than the expert's.
    assert [c.tolist() for c in from_credit(Credit(imitation=[Span(expert)]), [one, two])[1]] == [
        [0.5, 1, 0],
        [0.5, 0, 0],
    ]
    made = from_credit(Credit(pairs=[Pair(Span(expert, 1), Span(two))]), [one, two])[1]
    assert [c.tolist() for c in made] == [[0, 1, 0], [-1, -1, -1]]


def test_functions_and_estimators_of_ones_own(tmp_path: Path) -> None:
    truth = toy_truth()
    scorers = Scorers(truth, tmp_path)
    here = "tests.baselines.attribution.test_agreement"
    for credit, t in zip(scorers.score(f"returns:{here}:halves_of").credits, truth.trajectories, strict=True):
        assert credit.tolist() == [t.reward / 2] * t.num_steps
    assert scorers.score(f"episodes:{here}:one_a_step").credits[0].tolist() == list(
        range(truth.trajectories[0].num_steps)
    )
    paid = scorers.score("estimator:uniform:7")
    assert paid.form == "rewards" and [len(c) for c in paid.credits] == [t.num_steps for t in truth.trajectories]
    one, two = scorers.score("noise", seed=0), scorers.score("noise", seed=1)
    assert one.credits[0].tolist() == scorers.score("noise", seed=0).credits[0].tolist() != two.credits[0].tolist()
    with pytest.raises(BadArgument, match="oracle"):
        scorers.score("estimator:oracle")
    with pytest.raises(BadArgument, match="finite"):
        as_arrays([[0.0] * (t.num_steps - 1) for t in truth.trajectories], truth.trajectories)
    with pytest.raises(BadArgument, match="episodes"):
        as_arrays([1.0], truth.trajectories)


class _Looks(Method):
    """Stops as soon as it knows where a training of its own would look."""

    name = "looks"

    def prepare(self, study: Study) -> int:
        assert study.training is not None
        raise LookupError(study.training.evaluate_split)

    def credit(self, batch: Batch) -> Credit:
        raise NotImplementedError


def test_a_training_of_the_methods_own_looks_at_a_split_that_every_world_has(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="^'?train'?$"):
        Scorers(toy_truth(), tmp_path).score("tests.baselines.attribution.test_agreement:_Looks")


def test_progress_alone_is_spa_without_grounding() -> None:
    method = make_method(*ALIASES["spa-progress"])
    assert isinstance(method, StepwiseProgress) and (method.alpha, method.beta) == (1.0, 0.0)


@pytest.mark.parametrize("name", [name for name, (method, _) in ALIASES.items() if method == "vineppo"])
def test_every_step_is_valued_where_training_bounds_the_cost(name: str) -> None:
    """Five episodes of continuations that cost more than training would spend on one of them."""
    trajectories = [episode(1.0, task=str(i)) for i in range(5)]
    player = ToyPlayer(lambda visit, before: episode(float(visit % 2)))
    player.env_steps, given = 0, player.play_on

    def dear(places, **_):
        player.env_steps += 10_000
        return given(places)

    player.play_on = dear
    made = make_method(ALIASES[name][0], ALIASES[name][1]).credit(Batch(trajectories, player=player)).advantages
    assert made is not None and [len(set(a.tolist())) > 1 for a in made] == [True] * 5


def test_the_page_shows_text_truth_and_credit(tmp_path: Path) -> None:
    first = _valued([0.2, 0.7, 0.7, 1.0], task="x")
    truth = _truth(first, _valued([0.5, 0.3, 0.3, 0.0], task="y"))
    credits = {"mine & yours": [np.array([1.0, 0.5, -2.0]), np.zeros(3)]}
    page = write_page(truth, credits, tmp_path / "page.html", episodes=[0]).read_text()
    assert "mine &amp; yours" in page and "http" not in page.replace("http-equiv", "")
    assert re.findall(r"<em>([^<]*)</em>", page) == [
        *("0.20", "+0.50", "+1.00", "0.70", "+0.00", "+0.50", "0.70", "+0.30", "-2.00"),
        "+0.50",  # ranks 3 2 1 of the credit, 3 1 2 of the truth: 1 - 6 * 2 / 24
    ]
    assert page.count('class="critical"') == 2
    assert 'class="down" style="left:0.0%;width:50.0%"' in page and 'class="up" style="left:50.0%;width:25.0%"' in page
    assert sorted(telling_episodes(truth, 2)) == [0, 1]
    write_page(toy_truth(), {"truth": toy_truth().advantages}, tmp_path / "all.html")
    with pytest.raises(BadArgument, match="episodes from 0 to 1"):
        write_page(truth, credits, tmp_path / "none.html", episodes=[2])


def test_agreement_against_gain(tmp_path: Path) -> None:
    def run(method: str, success: float, seed: int = 0) -> RunRecord:
        other = {"official_valid/greedy": {"success": 0.0}}  # added later, and no part of the table
        return RunRecord("train", method, "x", seed=seed, final={"valid/sampled": {"success": success}, **other})

    both = [run("ppo", 0.5), run("ppo", 0.6, 1), run("rloo", 0.6), run("rloo", 0.9, 1), run("rloo", 0.0, 2)]
    gain = training_gain([*both, run("spa", 0.75, 1), run("eto", 1.0, 7), RunRecord("sft", "sft", "x")])
    assert gain["ppo"] == (0.0, 0.0) and "eto" not in gain
    assert gain["spa"][0] == pytest.approx(0.15) and np.isnan(gain["spa"][1])
    assert gain["rloo"] == (pytest.approx(0.2), pytest.approx(0.1)), "differences of 0.1 and 0.3"
    agreement = {name: {"mean": x, "low": x - 0.1, "high": x + 0.1} for name, x in (("ppo", 0.1), ("spa", 0.4))}
    assert draw_gain(agreement, gain, tmp_path / "gain.png").stat().st_size > 5_000
    with pytest.raises(BadArgument, match="at least two"):
        draw_gain(agreement, {"ppo": gain["ppo"]}, tmp_path / "no.png")
    with pytest.raises(BadArgument, match="runs of ppo"):
        training_gain([run("spa", 1.0)])
