"""`uniform`, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from spa_gym.baselines.methods.registry import make_method
from spa_gym.baselines.seam import Batch, Study
from tests.baselines.methods.toys import episode


def test_every_step_gets_an_even_share(tmp_path: Path) -> None:
    method = make_method("uniform")
    played = [episode(0.6), episode(1.0, observations=("s",), actions=("a",)), episode(0.0)]
    credit = method.credit(Batch(played))
    assert credit.rewards is not None and credit.advantages is None
    assert [r.tolist() for r in credit.rewards] == [pytest.approx([0.2, 0.2, 0.2]), [1.0], [0.0, 0.0, 0.0]]
    assert method.prepare(Study("nowhere", "SPA-Toy-v0", {}, tmp_path, 0)) == 0 and not list(tmp_path.iterdir())
