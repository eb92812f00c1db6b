"""`sft` by hand: the expert's episodes of what was played."""

from __future__ import annotations

from pathlib import Path

import pytest

from spa_gym.baselines.methods.experts import Experts
from spa_gym.baselines.methods.sft import Imitation
from spa_gym.baselines.seam import Batch, Span, Study
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played

EXPERTS = [played("a b c", 1.0, task="1"), played("d e", 1.0, task="2")]


def _prepared() -> Imitation:
    method = Imitation()
    study = Study("nowhere", "toy", {}, Path("nowhere"), 0, demonstrations=EXPERTS)
    assert method.needs.demonstrated and method.prepare(study) == 0
    return method


def test_sft_imitates_the_expert_once_for_each_episode() -> None:
    batch = Batch([played("x", 0.0, task="2"), played("y", 1.0, task="1"), played("z", 0.0, task="2")])
    credit = _prepared().credit(batch)
    assert credit.rewards is None and credit.advantages is None and not credit.pairs
    assert list(credit.imitation) == [Span(EXPERTS[1]), Span(EXPERTS[0]), Span(EXPERTS[1])]


def test_sft_without_the_experts_episode_is_refused() -> None:
    with pytest.raises(BadArgument, match=r"expert's episode of task 3; got demonstrations of 2 other tasks"):
        _prepared().credit(Batch([played("x", 0.0, task="3")]))
    with pytest.raises(BadArgument, match="demonstrations of 0 other tasks"):
        Imitation().credit(Batch([played("x", 0.0, task="1")]))


def test_the_first_demonstration_of_a_task_counts() -> None:
    assert Experts([*EXPERTS, played("z", 1.0, task="1")]).of("1") is EXPERTS[0]
