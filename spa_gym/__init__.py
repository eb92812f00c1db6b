"""Text-agent environments behind Gymnasium, and credit for every step of theirs.

Importing the package registers the environment ids and nothing more: no torch, no game engine, no data is loaded
until an environment is made. The public names of the ground floor are re-exported here; the rest is imported from
where it lives (`spa_gym.wrappers`, `spa_gym.agents`, `spa_gym.testing`, `spa_gym.baselines`).

Example:
    >>> import gymnasium
    >>> import spa_gym
    >>> "SPA-ALFWorld-v0" in gymnasium.registry
    True
"""

from __future__ import annotations

from spa_gym.core.cloning import EnvState, clone, restore
from spa_gym.core.errors import (
    BadArgument,
    CheckpointMismatch,
    ConformanceError,
    DataCorrupt,
    DataNotFound,
    SpaGymError,
    TaskNotFound,
    TrajectoryMismatch,
    UnsolvableTask,
    WriteFailed,
)
from spa_gym.core.spaces import Unicode
from spa_gym.core.tasks import FixedTaskSet, Task, TaskSet
from spa_gym.core.text_env import TextEnv, TextEnvState
from spa_gym.core.trajectory import Step, Trajectory, read_jsonl, write_jsonl
from spa_gym.registration import register_envs

__version__ = "0.1.0"

__all__ = [
    "BadArgument",
    "CheckpointMismatch",
    "ConformanceError",
    "DataCorrupt",
    "DataNotFound",
    "EnvState",
    "FixedTaskSet",
    "SpaGymError",
    "Step",
    "Task",
    "TaskNotFound",
    "TaskSet",
    "TextEnv",
    "TextEnvState",
    "Trajectory",
    "TrajectoryMismatch",
    "Unicode",
    "UnsolvableTask",
    "WriteFailed",
    "__version__",
    "clone",
    "read_jsonl",
    "register_envs",
    "restore",
    "write_jsonl",
]

register_envs()
