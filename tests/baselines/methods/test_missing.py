"""What a method needs and does not get: each is refused by name, with what mends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spa_gym.baselines.methods.groups import GroupMethod
from spa_gym.baselines.methods.registry import METHODS, make_method
from spa_gym.baselines.seam import Batch, Method, Needs, Study
from spa_gym.baselines.training.tasks import Tasks
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.toys import ToyPlayer, episode
from tests.baselines.tiny_runs import KWARGS, ppo_config

FAILED = episode(0.0, ids=((1,), (2,), (3,)))
SOLVED = episode(1.0, ids=((1,), (2,), (3,)))


def _methods(kind: Any) -> list[str]:
    return [name for name in METHODS if kind(make_method(name))]


# -- the expert -------------------------------------------------------------------------------------------------------

DEMONSTRATED = _methods(lambda method: method.needs.demonstrated)


def test_it_is_known_who_asks_for_the_expert() -> None:
    assert set(DEMONSTRATED) == {"sft", "eto", "ipr", "stepagent-implicit", "stepagent-inverse"}


@pytest.mark.parametrize("name", DEMONSTRATED)
def test_a_training_without_demonstrations_is_refused(name: str, tmp_path: Path) -> None:
    config = ppo_config(tmp_path, tmp_path, method=name, demonstrations=0)
    with pytest.raises(BadArgument, match=rf"the method {name} draws from; got none of 0.*--demonstrations 150"):
        Tasks(config, make_method(name).needs)


@pytest.mark.parametrize("name", [name for name in DEMONSTRATED if name != "stepagent-inverse"])
def test_a_method_without_the_experts_episode_says_so(name: str, tmp_path: Path) -> None:
    method, study = make_method(name), Study("start", "toy", {}, tmp_path, 0, demonstrations=())
    with pytest.raises(BadArgument, match="demonstrations"):
        method.prepare(study)
        method.credit(Batch([FAILED]))


def test_a_task_without_the_experts_episode_says_which(tmp_path: Path) -> None:
    for name in ("sft", "eto", "ipr"):
        method = make_method(name)
        method.prepare(Study("start", "toy", {}, tmp_path, 0, demonstrations=[episode(1.0, task="another")]))
        with pytest.raises(BadArgument, match="expert's episode of task t; got demonstrations of 1 other tasks"):
            method.credit(Batch([FAILED]))


# -- groups -----------------------------------------------------------------------------------------------------------

GROUPED = _methods(lambda method: isinstance(method, GroupMethod))


def test_it_is_known_who_compares_within_groups() -> None:
    assert {"rloo", "grpo", "gigpo", "hgpo", "g2po", "graphgpo", "istar", "hcapo"} <= set(GROUPED)


@pytest.mark.parametrize("name", GROUPED)
def test_a_group_of_one_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match=r"at least 2 episodes of each task; got 1\. To mend it: pass group=8"):
        make_method(name, {"group": 1})


@pytest.mark.parametrize("name", [name for name in GROUPED if name not in ("istar", "hcapo")])
def test_a_batch_in_which_everybody_is_alone_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match=r"at least two episodes of a task in the batch; got 2 episodes of 2 tasks"):
        make_method(name).credit(Batch([FAILED, episode(1.0, task="another")]))


def test_a_batch_without_room_for_a_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadArgument, match=r"at least one group of 8; got 6 episodes.*--episodes 8"):
        Tasks(ppo_config(tmp_path, tmp_path, env_kwargs=KWARGS), Needs(group=8))


# -- players and readings ---------------------------------------------------------------------------------------------


def _ready(name: str, **found: Any) -> Method:
    """A method as `prepare` would leave it."""
    method = make_method(name)
    for key, value in found.items():
        setattr(method, key, value)
    return method


def _expert(name: str, tmp_path: Path) -> Method:
    method = make_method(name)
    method.prepare(Study("start", "toy", {}, tmp_path, 0, demonstrations=[SOLVED]))
    return method


def test_who_plays_on_needs_a_player(tmp_path: Path) -> None:
    methods = [
        make_method("vineppo"),
        make_method("rro"),
        _expert("ipr", tmp_path),
        _expert("stepagent-implicit", tmp_path),
    ]
    for method in methods:
        with pytest.raises(BadArgument, match=r"a batch with a player; got none, and the method asks for its \w+"):
            method.credit(Batch([FAILED]))


def test_who_asks_the_imitated_policy_needs_a_scorer(tmp_path: Path) -> None:
    other = episode(0.0, actions=("a0", "b1", "b2"))
    player = ToyPlayer(lambda *_: other)
    with pytest.raises(BadArgument, match=r"a batch with a scorer; got none.*Batch\(\.\.\., scorer=\.\.\.\)"):
        _expert("ipr", tmp_path).credit(Batch([FAILED], player=player))


def test_who_compares_with_the_reference_needs_readings() -> None:
    group = [FAILED, SOLVED]
    methods = [
        _ready("istar", _model=object()),
        make_method("hcapo"),
        _ready("progress-advantage", _trained=object()),
    ]
    for method in methods:
        with pytest.raises(BadArgument, match="a batch with readings; got none"):
            method.credit(Batch(group))


@pytest.mark.parametrize("name", ["spa", "rudder", "rlbr"])
def test_who_explores_needs_a_study_with_stages(name: str, tmp_path: Path) -> None:
    wanted = r"a study with stages; got none, and the method asks for its explore.*Study\(\.\.\., stages=\.\.\.\)"
    with pytest.raises(BadArgument, match=wanted):
        make_method(name).prepare(Study("start", "toy", {}, tmp_path, 0))


def test_what_is_there_is_used_and_a_copy_of_a_batch_is_a_batch() -> None:
    import copy

    batch = copy.deepcopy(Batch([FAILED], player=3))
    assert batch.player == 3
    with pytest.raises(BadArgument):
        batch.scorer.env_steps  # noqa: B018
