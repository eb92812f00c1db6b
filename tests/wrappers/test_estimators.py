"""Names of estimators, the adapters, and what each built-in one pays, by hand."""

from __future__ import annotations

import subprocess
import sys

import pytest
from gymnasium.error import DependencyNotInstalled
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import TimeLimit

from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.wrappers import grounding_form, make_estimator
from spa_gym.wrappers.estimators import (
    ESTIMATORS,
    BatchedProgressEstimator,
    OnePerEnvironment,
    PrivilegedEstimator,
    ProgressEstimator,
    as_batched,
    load_object,
)
from spa_gym.wrappers.learned_estimators import DifferenceEstimator, goal_words
from tests.toy import Toy
from tests.wrappers.worlds import CountingBatch, FromTexts, Scripted, make_toy, reset_to_first_room


def test_protocols_tell_the_two_forms_apart():
    assert isinstance(FromTexts(), ProgressEstimator) and not isinstance(FromTexts(), BatchedProgressEstimator)
    assert isinstance(CountingBatch(), BatchedProgressEstimator) and not isinstance(CountingBatch(), ProgressEstimator)


def test_the_adapter_keeps_episodes_apart():
    batch = OnePerEnvironment(FromTexts)
    batch.begin([4, 1], ["xx", "y"])
    assert batch.contributions([1], ["o"], ["a"], ["p"]) == pytest.approx([0.001 + 0.1 + 0.01 + 0.001])
    both = batch.contributions([4, 1], ["o", "o"], ["a", "a"], ["p", "p"])
    assert both == pytest.approx([0.002 + 0.1 + 0.011, 0.001 + 0.2 + 0.011])
    batch.begin([1], ["y"])
    assert batch.contributions([1], ["o"], ["a"], ["p"]) == pytest.approx([0.112])


def test_names_of_one_s_own():
    here = "tests.wrappers.worlds"
    assert isinstance(make_estimator(f"{here}:FromTexts"), OnePerEnvironment)
    assert isinstance(make_estimator(f"{here}:CountingBatch"), CountingBatch)
    for name, message in (
        (f"{here}:Nothing", "'Nothing' in the module 'tests.wrappers.worlds'"),
        ("tests.no_such:Thing", "no module named 'tests.no_such'"),
        ("nothing", "pass 'package.module:object'"),
        ("", "an estimator out of oracle"),
    ):
        with pytest.raises(BadArgument, match=message):
            make_estimator(name)
    with pytest.raises(TypeError, match="to make an object with begin"):
        make_estimator("builtins:dict")
    with pytest.raises(TypeError, match="got int"):
        as_batched(5)


def test_a_module_that_fails_inside_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "spa_broken_estimator.py").write_text("import spa_no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="spa_no_such_dependency"):
        make_estimator("spa_broken_estimator:Thing")


def test_every_registered_entry_point_exists():
    for entry_point in ESTIMATORS.values():
        assert callable(load_object(entry_point))


def test_uniform_pays_one_over_the_limit():
    for name, env in (
        ("uniform", make_toy(8)),
        ("uniform", TimeLimit(make_toy(40), 8)),
        ("uniform:8", None),
        ("uniform", SyncVectorEnv([lambda: make_toy(8)] * 2)),
    ):
        assert make_estimator(name, env).contributions([0, 1], "ab", "cd", "ef") == [0.125, 0.125]
    for name, env, message in (
        ("uniform", Toy(), "pass 'uniform:40'"),
        ("uniform:0", None, "got '0'"),
        ("uniform:-3", None, "got '-3'"),
        ("uniform:ten", None, "got 'ten'"),
        ("oracle:3", Toy(), "drop what follows the colon"),
    ):
        with pytest.raises(BadArgument, match=message):
            make_estimator(name, env)


def test_oracle_pays_differences_of_what_it_reads():
    env = make_toy()
    oracle = make_estimator("oracle", env)
    assert isinstance(oracle, PrivilegedEstimator) and (oracle.reads, oracle.hides) == (
        "progress",
        ("progress", "goal_share"),
    )
    assert "progress" in env.reset(seed=1)[1], "it turns the truth on"
    for index, value in ((3, 0.25), (5, 0.5)):
        oracle.read(index, value)
    oracle.begin([3, 5], ["", ""])
    oracle.read(3, 1.0)
    assert oracle.contributions([3], ["o"], ["a"], ["p"]) == [0.75]
    oracle.read(5, 0.375)
    assert oracle.contributions([3, 5], ["o"] * 2, ["a"] * 2, ["p"] * 2) == [0.0, -0.125]


def test_difference_asks_once_a_step_and_for_the_empty_prefix_once():
    asked = []

    def predictor(prefixes):
        asked.append(list(prefixes))
        return [0.1 * len(prefix) for prefix in prefixes]

    estimator = DifferenceEstimator(predictor)
    estimator.begin([0, 1], ["task a", "task b"])
    assert estimator.contributions([0], ["o0"], ["a1"], ["o1"]) == pytest.approx([0.2])
    assert asked == [[("task a", "o0"), ("task a", "o0", "a1", "o1")]]
    assert estimator.contributions([0, 1], ["o1", "q0"], ["a2", "b1"], ["o2", "q1"]) == pytest.approx([0.2, 0.2])
    assert asked[1] == [("task b", "q0"), ("task a", "o0", "a1", "o1", "a2", "o2"), ("task b", "q0", "b1", "q1")]
    estimator.begin([0], ["task c"])
    estimator.contributions([0], ["o"], ["a"], ["p"])
    assert asked[2] == [("task c", "o"), ("task c", "o", "a", "p")]


def test_goal_words_reads_actions_only():
    goal = "Put a clean mug in the desk."  # content words: put, clean, mug, desk
    assert goal_words([(goal, "a mug on a desk")]) == [0.0]
    assert goal_words([(goal, "o", "take mug 1", "o")]) == [0.25]
    assert goal_words([(goal, "o", "take Mug 1", "o", "clean mug 1", "o")]) == [0.5]
    assert goal_words([("", "o", "look", "o")]) == [0.0]


def test_difference_names_a_predictor_of_one_s_own():
    estimator = make_estimator("difference:spa_gym.wrappers.learned_estimators:goal_words")
    estimator.begin([0], ["find the key"])
    assert estimator.contributions([0], ["o"], ["find it"], ["p"]) == [0.5]


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(BadArgument, match="a path after 'model:'"):
        make_estimator("model")
    for name in ("model", "difference"):
        with pytest.raises(DataNotFound, match="a trained estimator at"):
            make_estimator(f"{name}:{tmp_path / 'missing'}")


def test_a_missing_extra_says_the_pip_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "spa_gym.baselines.learning.estimator_inference", None)
    with pytest.raises(DependencyNotInstalled, match=r'pip install "spa-gym\[train\]"'):
        make_estimator(f"model:{tmp_path}")


def test_the_model_is_loaded_by_path(tmp_path, monkeypatch):
    import types

    paths = []
    fake = types.ModuleType("spa_gym.baselines.learning.estimator_inference")
    fake.load_estimator = lambda path: paths.append(path) or CountingBatch()
    fake.load_predictor = lambda path: paths.append(path) or goal_words
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    assert isinstance(make_estimator(f"model:{tmp_path}"), CountingBatch)
    assert isinstance(make_estimator(f"difference:{tmp_path}"), DifferenceEstimator)
    assert paths == [str(tmp_path)] * 2


def test_a_live_estimator_goes_from_episode_to_episode():
    script = Scripted([1.0, 2.0])
    batch = as_batched(script, make_toy())
    for _ in range(2):
        batch.begin([0], ["t"])
        assert batch.contributions([0], ["o"], ["a"], ["p"])[0] == script.values[(len(script.calls) - 1) % 2]
    assert script.begun == ["t", "t"]


@pytest.mark.parametrize(
    ("name", "values"),
    [("paper", (1.0, 0.0, 1.0, 0.0)), ("penalty", (0.0, -1.0, 0.0, -1.0)), ("potential", (0.0, -1.0, 1.0, 0.0))],
)
def test_grounding_forms(name, values):
    form = grounding_form(name)
    cases = ((True, True), (False, True), (True, False), (False, False))
    assert tuple(form(*case) for case in cases) == values


def test_the_paper_s_form_pays_for_staying_and_the_others_do_not():
    """Sum of beta * g_t over an episode that only looks around to the limit, against one that solves the task."""
    from spa_gym.wrappers import ProgressAttributionWrapper

    totals = {}
    for name in ("paper", "penalty", "potential"):
        for kind in ("wander", "solve"):
            env = ProgressAttributionWrapper(make_toy(40), "oracle", beta=0.5, grounding=name)
            reset_to_first_room(env)
            solution = iter(list(env.unwrapped.expert()))
            ended, total = False, 0.0
            while not ended:
                action = next(solution) if kind == "solve" else env.unwrapped._admissible()[0]
                _, reward, terminated, truncated, _ = env.step(action)
                total, ended = total + reward, terminated or truncated
            totals[name, kind] = total
    assert totals["paper", "wander"] > 15 > totals["paper", "solve"]
    for name in ("penalty", "potential"):
        assert totals[name, "wander"] < 0.5 < totals[name, "solve"]


def test_wrappers_import_without_torch():
    code = "import sys, spa_gym.wrappers; assert 'torch' not in sys.modules and 'textworld' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", [".x:y", "a..b:C", "os.:path", "x:y.", ":y", "x:"])
def test_a_name_that_no_module_has_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match="package.module:object"):
        make_estimator(name)
