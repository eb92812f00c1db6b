"""Answers of a toy player: after these actions, on this visit, these actions and this score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from spa_gym.core.trajectory import Trajectory
from tests.baselines.methods.toys import ToyPlayer, episode

__all__ = ["played", "player_of"]


def played(actions: str, score: float, *, task: str = "t") -> Trajectory:
    """The episode of the actions in a text like `"a b c"`, each before an observation that names what was done."""
    done = actions.split()
    seen = [f"after {' '.join(done[:t])}" for t in range(len(done))]
    return episode(score, task=task, observations=seen, actions=done)


def player_of(answers: Mapping[str, Sequence[tuple[str, float]]]) -> ToyPlayer:
    """A player whose n-th episode from the place after the actions of a text is the n-th of its answers."""

    def answer(visit: int, before: tuple[str, ...]) -> Trajectory:
        rest, score = answers[" ".join(before)][visit]
        return played(" ".join([*before, *rest.split()]), score)

    return ToyPlayer(answer)
