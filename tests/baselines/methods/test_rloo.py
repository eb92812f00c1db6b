"""`rloo`, by hand."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.methods.rloo import LeaveOneOut
from spa_gym.baselines.seam import Batch
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.toys import episode


def test_each_step_has_its_episodes_distance_to_the_others() -> None:
    scores = {"t": (1.0, 0.0, 0.5, 0.0), "u": (1.0, 1.0), "v": (1.0,)}
    batch = [episode(score, task=task) for task, group in scores.items() for score in group]
    credit = LeaveOneOut().credit(Batch(batch))
    assert credit.advantages is not None and credit.rewards is None and not credit.whiten
    expected = [5 / 6, -1 / 2, 1 / 6, -1 / 2, 0.0, 0.0, 0.0]
    for advantages, value in zip(credit.advantages, expected, strict=True):
        assert advantages.tolist() == pytest.approx([value] * 3)


def test_it_asks_for_groups_and_refuses_what_is_none() -> None:
    method = make_method("rloo", {"group": 4})
    assert method.needs.group == 4 and make_method("rloo").needs.group == 8
    with pytest.raises(BadArgument, match="at least 2 episodes"):
        LeaveOneOut(group=1)
    with pytest.raises(BadArgument, match="two episodes of a task"):
        method.credit(Batch([episode(1.0)]))
