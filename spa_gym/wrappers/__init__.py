"""Wrappers: credit for every step (SPA), and small ones that fit a text environment to an agent.

All are light: no torch is imported before an estimator that needs it is resolved.
"""

from __future__ import annotations

from spa_gym.wrappers.action_choice import ActionChoice
from spa_gym.wrappers.estimators import BatchedProgressEstimator, ProgressEstimator, make_estimator
from spa_gym.wrappers.grounding import GROUNDING_FORMS, grounding_form
from spa_gym.wrappers.history import HistoryObservation
from spa_gym.wrappers.progress_attribution import ProgressAttributionWrapper
from spa_gym.wrappers.react import ReActAction, parse_react
from spa_gym.wrappers.record import RecordTrajectory
from spa_gym.wrappers.vector_progress_attribution import VectorProgressAttributionWrapper

__all__ = [
    "GROUNDING_FORMS",
    "ActionChoice",
    "BatchedProgressEstimator",
    "HistoryObservation",
    "ProgressAttributionWrapper",
    "ProgressEstimator",
    "ReActAction",
    "RecordTrajectory",
    "VectorProgressAttributionWrapper",
    "grounding_form",
    "make_estimator",
    "parse_react",
]
