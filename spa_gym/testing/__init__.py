"""The conformance suite of the `TextEnv` contract, public: for our environments and for yours.

`check_text_env(env)` plays some episodes and checks every rule of the contract; `replay_expert(env, task_id)` checks
that a task is solved by its expert: run it over every task of every split.
"""

from __future__ import annotations

from spa_gym.testing.records import ABSURD_ACTIONS, INFO_TYPES, replay_expert
from spa_gym.testing.suite import check_text_env

__all__ = ["ABSURD_ACTIONS", "INFO_TYPES", "check_text_env", "replay_expert"]
