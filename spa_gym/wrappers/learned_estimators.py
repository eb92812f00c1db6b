"""The estimators that stand on a predictor or a trained model: ``difference`` and ``model:PATH``.

``difference`` turns any predictor of the final reward into contributions; without an argument it takes `goal_words`,
which needs no training. What lies at PATH is written and read by `spa_gym.baselines.learning`, which is imported only
when such a name is resolved: nothing here needs torch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from spa_gym.core.errors import BadArgument, DataNotFound
from spa_gym.core.extras import require_extra
from spa_gym.wrappers.estimators import ENTRY_POINT, Texts, load_object

__all__ = ["DifferenceEstimator", "PrefixPredictor", "goal_words", "load_model", "make_difference"]

PrefixPredictor = Callable[[Sequence[tuple[str, ...]]], Sequence[float]]
"""Prefixes (task text, o_0, a_1, o_1, ..., a_t, o_t) -> the expected final reward of each, in [0, 1]."""

_INFERENCE = "spa_gym.baselines.learning.estimator_inference"
_STOP_WORDS = frozenset("a an and are at for from i in into is it of on or some the to under with you your".split())


class DifferenceEstimator:
    """c_t = p_t - p_{t-1}, p a predictor of the final reward from the episode's prefix (RUDDER, ProgRM).

    Sources: RUDDER (NeurIPS 2019) differences the return predicted by a sequence model; ProgRM (2025) differences
    predicted progress. The contributions sum to p_n - p_0; ``residual=True`` pays what the predictor missed.

    Args:
        predictor: See ``PrefixPredictor``. Called once a step with the prefixes of all environments; on the first
            step of an episode with the empty prefix (task text, o_0) too. A ``world`` that it has is the estimator's.
    """

    def __init__(self, predictor: PrefixPredictor) -> None:
        self._predictor = predictor
        self.world: str | None = getattr(predictor, "world", None)
        self._prefixes: dict[int, tuple[str, ...]] = {}
        self._previous: dict[int, float] = {}

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """Starts prefixes that hold the task text only."""
        for index, task_text in zip(indices, task_texts, strict=True):
            self._prefixes[index] = (task_text,)
            self._previous.pop(index, None)

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        """p_t - p_{t-1} of each, with one call of the predictor."""
        prefixes = []
        fresh = [k for k, index in enumerate(indices) if index not in self._previous]
        for k in fresh:
            self._prefixes[indices[k]] += (observations[k],)
            prefixes.append(self._prefixes[indices[k]])
        for index, action, next_observation in zip(indices, actions, next_observations, strict=True):
            self._prefixes[index] += (action, next_observation)
            prefixes.append(self._prefixes[index])
        values = [float(value) for value in self._predictor(prefixes)]
        for k, value in zip(fresh, values, strict=False):
            self._previous[indices[k]] = value
        differences = []
        for index, value in zip(indices, values[len(fresh) :], strict=True):
            differences.append(value - self._previous[index])
            self._previous[index] = value
        return differences


def goal_words(prefixes: Sequence[tuple[str, ...]]) -> list[float]:
    """The predictor that needs no training: the share of the goal's words that the actions so far have named.

    A floor to compare a trained predictor with, nothing more: it never looks at what the actions did.
    """
    values = []
    for task_text, *texts in prefixes:
        wanted = _words(task_text)
        named = wanted & _words(" ".join(texts[1::2]))
        values.append(len(named) / len(wanted) if wanted else 0.0)
    return values


def make_difference(argument: str | None, env: Any) -> DifferenceEstimator:
    """``difference`` (``goal_words``), ``difference:PATH`` (a trained one), ``difference:package.module:object``."""
    if argument is None:
        return DifferenceEstimator(goal_words)
    if ENTRY_POINT.fullmatch(argument):
        return DifferenceEstimator(load_object(argument))
    return DifferenceEstimator(_trained(argument, "load_predictor"))


def load_model(argument: str | None, env: Any) -> Any:
    """``model:PATH``: a trained language-model estimator.

    Raises:
        BadArgument: No path was given.
        DataNotFound: There is nothing at the path.
        gymnasium.error.DependencyNotInstalled: The extra ``train`` is missing.
    """
    if argument is None:
        raise BadArgument("a path after 'model:'", "none", "pass 'model:runs/estimator', a folder that training wrote")
    return _trained(argument, "load_estimator")


def _trained(path: str, loader: str) -> Any:
    if not Path(path).exists():
        raise DataNotFound(f"a trained estimator at {path}", "nothing there", "check the path, or train one first")
    return getattr(require_extra("train", _INFERENCE, "an estimator from a checkpoint"), loader)(path)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) - _STOP_WORDS
