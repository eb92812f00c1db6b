"""The errors of the package: each says what was expected, what came, and what mends it.

A wrong order of calls (`step` before `reset`) is Gymnasium's own `ResetNeeded`, a missing extra is Gymnasium's own
`DependencyNotInstalled` (see `spa_gym.core.extras`); everything else that a user can cause derives from `SpaGymError`.
"""

from __future__ import annotations

from gymnasium.error import ResetNeeded

__all__ = [
    "BadArgument",
    "CheckpointMismatch",
    "ConformanceError",
    "DataCorrupt",
    "DataNotFound",
    "FolderInUse",
    "ParityError",
    "ResetNeeded",
    "SpaGymError",
    "TaskNotFound",
    "TrainingDiverged",
    "TrajectoryMismatch",
    "UnsolvableTask",
    "WorkerDied",
    "WriteFailed",
    "WrongType",
]


class SpaGymError(Exception):
    """Base of all errors of the package.

    Args:
        expected: What would have been right.
        got: What came instead.
        mend: What to do about it, a command where there is one.

    Example:
        >>> str(SpaGymError("a split out of train, test", "'tset'", "pass split='test'"))
        "expected a split out of train, test; got 'tset'. To mend it: pass split='test'"
    """

    def __init__(self, expected: object, got: object = None, mend: str | None = None) -> None:
        # One argument is enough because `AsyncVectorEnv` rebuilds a worker's error as `type(error)(error)`.
        if isinstance(expected, SpaGymError) and got is None and mend is None:
            expected, got, mend = expected.expected, expected.got, expected.mend
        super().__init__(expected, got, mend)
        self.expected, self.got, self.mend = expected, got, mend

    def __str__(self) -> str:
        """Return the one sentence that a user sees."""
        text = f"expected {self.expected}" if self.got is not None else str(self.expected)
        if self.got is not None:
            text += f"; got {self.got}"
        return f"{text}. To mend it: {self.mend}" if self.mend else text


class BadArgument(SpaGymError, ValueError):
    """An argument names something that does not exist: a split, a grammar, an engine, an option."""


class WrongType(SpaGymError, TypeError):
    """A value is of another type: an action that is no text, a contribution that is no number."""


class DataNotFound(SpaGymError):
    """A data folder or file that was asked for is not there."""


class DataCorrupt(SpaGymError):
    """A file is there but is truncated, altered, or not what its name says."""


class TaskNotFound(SpaGymError, LookupError):
    """No task of the set has this id or position."""


class UnsolvableTask(SpaGymError):
    """The expert finds no sequence of actions that solves the task."""


class CheckpointMismatch(SpaGymError):
    """A checkpoint has another version, another format or other shapes than the code that loads it."""


class TrajectoryMismatch(SpaGymError):
    """A trajectory file was written by another version of the format."""


class TrainingDiverged(SpaGymError, ArithmeticError):
    """A loss, gradient or credit is not finite; the weights were not touched by it."""


class WriteFailed(SpaGymError):
    """A file could not be written (a full disk, a missing permission); what was there before is untouched."""


class FolderInUse(SpaGymError):
    """Another process is writing to the folder that a run was to write to."""


class WorkerDied(SpaGymError):
    """A process that worked for this one ended before its work was done."""


class ConformanceError(SpaGymError, AssertionError):
    """An environment breaks a rule of the contract; raised by `spa_gym.testing.check_text_env`."""


class ParityError(SpaGymError, AssertionError):
    """The original and ours differ: `expected` is the original's, `got` is ours; raised by each `parity` module."""
