"""`rft` by hand: which of the policy's episodes are imitated."""

from __future__ import annotations

import pytest

from spa_gym.baselines.methods.rft import RejectionSampling
from spa_gym.baselines.seam import Batch, Span
from spa_gym.core.errors import BadArgument
from tests.baselines.methods.tables import played

SOLVED, GRADED, FAILED = played("a b c", 1.0), played("a b d", 0.5), played("x y z", 0.0)
AGAIN, ELSEWHERE = played("a b c", 1.0), played("a b c", 1.0, task="other")


def test_rft_imitates_what_was_solved() -> None:
    method = RejectionSampling()
    assert not method.needs.demonstrated
    credit = method.credit(Batch([FAILED, SOLVED, GRADED, ELSEWHERE]))
    assert credit.advantages is None and not credit.pairs
    assert list(credit.imitation) == [Span(SOLVED), Span(ELSEWHERE)]
    assert credit.figures == {"imitated_episodes": 2.0}


def test_rft_counts_the_same_actions_on_the_same_task_once() -> None:
    batch = Batch([SOLVED, ELSEWHERE, AGAIN])
    once = RejectionSampling().credit(batch).imitation
    assert [span.trajectory for span in once] == [SOLVED, ELSEWHERE]
    assert once[0].trajectory is SOLVED
    assert len(RejectionSampling(distinct=False).credit(batch).imitation) == 3


def test_rft_takes_graded_scores_by_option() -> None:
    credit = RejectionSampling(score=0.5).credit(Batch([FAILED, GRADED, SOLVED]))
    assert [span.trajectory for span in credit.imitation] == [GRADED, SOLVED]


def test_rft_of_a_batch_without_success_teaches_nothing() -> None:
    credit = RejectionSampling().credit(Batch([FAILED, GRADED]))
    assert not credit.imitation and credit.figures == {"imitated_episodes": 0.0}


@pytest.mark.parametrize("score", [0.0, -1.0, 1.5])
def test_rft_refuses_to_imitate_failures(score: float) -> None:
    with pytest.raises(BadArgument, match="0 < score <= 1"):
        RejectionSampling(score=score)
