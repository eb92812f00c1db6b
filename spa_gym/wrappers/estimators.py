"""Progress estimators: what one is, how it is named by a string, how one of your own is plugged in.

An estimator says how much each step contributed to the final reward, c_t, while the episode runs: it is causal and
sees the task, the observation, the action and the observation after it. Two forms of the same thing:

- ``ProgressEstimator`` follows one episode. This is the one to write.
- ``BatchedProgressEstimator`` follows many, told apart by an index, and scores all of them in one call: a language
  model needs it, so that n environments cost one forward pass. The wrappers use this form only.

Names (``make_estimator``): ``oracle``, ``uniform`` (or ``uniform:40``), ``difference`` (or ``difference:PATH``,
``difference:package.module:object``), ``model:PATH``, ``package.module:object`` for one of your own. Unlike a live
model, a string survives ``EnvSpec.to_json()`` and costs nothing to copy.

An estimator that was fitted to one environment may say so (``FittedEstimator``) and is then refused in another.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from gymnasium.vector import VectorEnv

from spa_gym.core.errors import BadArgument
from spa_gym.wrappers.worlds import refuse_other_world, world_at

__all__ = [
    "EAGER",
    "ENTRY_POINT",
    "ESTIMATORS",
    "FITTED",
    "BatchedProgressEstimator",
    "FittedEstimator",
    "LiveEstimator",
    "OnePerEnvironment",
    "PrivilegedEstimator",
    "ProgressEstimator",
    "Texts",
    "as_batched",
    "check_estimator",
    "check_world",
    "load_object",
    "make_estimator",
]

Texts = Sequence[str]  # one for each of the environments asked about, in the same order

ESTIMATORS: dict[str, str] = {
    "oracle": "spa_gym.wrappers.plain_estimators:make_oracle",
    "uniform": "spa_gym.wrappers.plain_estimators:make_uniform",
    "difference": "spa_gym.wrappers.learned_estimators:make_difference",
    "model": "spa_gym.wrappers.learned_estimators:load_model",
}
"""Name -> entry point of a function ``(argument | None, env) -> estimator``. Add an entry to add a name."""

FITTED = frozenset({"difference", "model"})
"""Names whose argument may be the path of a checkpoint, which says what it was fitted to before it is loaded."""

EAGER = frozenset({"oracle"})
"""Names that set something up in the environment: resolved when the wrapper is made, not at the first reset."""

ENTRY_POINT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


@runtime_checkable
class ProgressEstimator(Protocol):
    """Follows one episode at a time."""

    def begin(self, task_text: str) -> None:
        """A new episode starts; ``task_text`` is its instruction (``info["goal"]``)."""
        ...

    def contribution(self, observation: str, action: str, next_observation: str) -> float:
        """c_t of the step that has just been made. Called once a step, in order."""
        ...


@runtime_checkable
class BatchedProgressEstimator(Protocol):
    """Follows many episodes at once, each under the index of its environment."""

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """New episodes start in these environments; whatever ran there is over."""
        ...

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        """c_t of one step in each of these environments, in the order of ``indices``; one forward pass for all."""
        ...


@runtime_checkable
class PrivilegedEstimator(BatchedProgressEstimator, Protocol):
    """One that is also shown an entry of the environment's ``info``: a ceiling for studies, never a fair method.

    The wrappers call ``read`` with ``info[reads]`` before ``begin`` and before ``contributions``, and take the entries
    named in ``hides`` out of every ``info`` that they hand on.
    """

    reads: str
    hides: tuple[str, ...]

    def read(self, index: int, value: float) -> None:
        """The newest value of ``info[reads]`` in this environment."""
        ...


@runtime_checkable
class FittedEstimator(Protocol):
    """One that knows which environment it was fitted to; whatever has no ``world`` is accepted in any.

    The wrappers ask when they are made, or when the name is resolved, and refuse to follow another environment.
    A predictor of ``difference`` may have the attribute too.
    """

    world: str | None
    """Id of the environment, ``"SPA-ALFWorld-v0"``; None: not known."""


class OnePerEnvironment:
    """The batched form of a ``ProgressEstimator``: one of its own for every environment, made when first needed.

    Args:
        factory: Makes a fresh single-episode estimator; its class will do.
    """

    def __init__(self, factory: Callable[[], ProgressEstimator]) -> None:
        self._factory = factory
        self._running: dict[int, ProgressEstimator] = {}

    def begin(self, indices: Sequence[int], task_texts: Sequence[str]) -> None:
        """See ``BatchedProgressEstimator.begin``."""
        for index, task_text in zip(indices, task_texts, strict=True):
            if index not in self._running:
                self._running[index] = self._factory()
            self._running[index].begin(task_text)

    def contributions(
        self, indices: Sequence[int], observations: Texts, actions: Texts, next_observations: Texts
    ) -> list[float]:
        """See ``BatchedProgressEstimator.contributions``."""
        steps = zip(indices, observations, actions, next_observations, strict=True)
        return [self._running[index].contribution(*texts) for index, *texts in steps]


class LiveEstimator:
    """Holds an estimator that was passed as an object, so that copying an ``EnvSpec`` never copies the model in it.

    ``EnvSpec.to_json()`` refuses it (a live object has no JSON form): name the estimator by a string for that.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __deepcopy__(self, memo: dict[int, Any]) -> LiveEstimator:
        """The same holder: two copies of a spec share one model."""
        return self

    def __repr__(self) -> str:
        """Names the class of what it holds."""
        return f"LiveEstimator({type(self.estimator).__name__})"


def check_estimator(estimator: Any) -> None:
    """Refuses at once what could not be resolved later, without importing or loading anything.

    Raises:
        BadArgument: A string that is neither a known name nor ``package.module:object``.
        TypeError: An object that is no estimator and makes none.
    """
    if isinstance(estimator, LiveEstimator):
        estimator = estimator.estimator
    if isinstance(estimator, str):
        if estimator.partition(":")[0] in ESTIMATORS or ENTRY_POINT.fullmatch(estimator):
            return
        close = difflib.get_close_matches(estimator.partition(":")[0], ESTIMATORS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "pass 'package.module:object' for an estimator of your own"
        raise BadArgument(
            f"an estimator out of {', '.join(ESTIMATORS)}, or package.module:object", repr(estimator), hint
        )
    if not (callable(estimator) or isinstance(estimator, ProgressEstimator | BatchedProgressEstimator)):
        raise TypeError(
            f"expected an estimator: a name, a class, or an object with begin() and contribution() or contributions(); "
            f"got {type(estimator).__name__}. See spa_gym.wrappers.estimators.ProgressEstimator."
        )


def check_world(estimator: Any, env: Any) -> None:
    """Refuses an estimator that says it was fitted to another environment, without loading any model.

    Args:
        estimator: As for ``check_estimator``; of a name, what lies at its path is asked.
        env: The environment, single or vector.

    Raises:
        CheckpointMismatch: It is another environment; the message says which, and what mends it.
    """
    if isinstance(estimator, LiveEstimator):
        estimator = estimator.estimator
    if isinstance(estimator, str):
        head, _, path = estimator.partition(":")
        refuse_other_world(world_at(path) if head in FITTED and path else None, env)
    elif isinstance(estimator, FittedEstimator):
        refuse_other_world(estimator.world, env)


def load_object(entry_point: str) -> Any:
    """Imports ``package.module:object``.

    Raises:
        BadArgument: The module or the object does not exist; the message says which.
    """
    module_name, _, path = entry_point.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for attribute in path.split("."):
            found = getattr(found, attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name == error.name or module_name.startswith(error.name + ".")):
            raise
        raise BadArgument(
            f"{entry_point!r} to name package.module:object",
            f"no module named {error.name!r}",
            "install the package, or put the folder that holds it on PYTHONPATH",
        ) from error
    except AttributeError as error:
        raise BadArgument(f"{path!r} in the module {module_name!r}", error, "check the name after the colon") from error
    return found


def make_estimator(name: str, env: Any = None) -> BatchedProgressEstimator:
    """The estimator that a string names.

    Args:
        name: See the module's docstring. The built-in names win over a top-level module that is called like one.
        env: The environment (single or vector) that it will follow: ``oracle`` and ``uniform`` need it.

    Returns:
        The batched form; a single environment has index 0.

    Raises:
        BadArgument: Unknown name, or an argument that the estimator cannot use.
        CheckpointMismatch: It was fitted to another environment than `env`.
        gymnasium.error.DependencyNotInstalled: It needs an extra that is missing.
    """
    check_estimator(name)
    head, _, argument = name.partition(":")
    if head in ESTIMATORS:
        return as_batched(load_object(ESTIMATORS[head])(argument or None, env), env)
    return as_batched(load_object(name), env)


def as_batched(estimator: Any, env: Any = None) -> BatchedProgressEstimator:
    """Whatever a user may pass, as a batched estimator.

    Args:
        estimator: A name, an estimator of either form, or its class (or a function without arguments that makes it).
        env: The environment that it will follow.

    Raises:
        TypeError: It is none of these.
        BadArgument: One live single-episode estimator for several environments.
        CheckpointMismatch: It was fitted to another environment (``FittedEstimator``).
    """
    check_estimator(estimator)
    if isinstance(estimator, LiveEstimator):
        estimator = estimator.estimator
    if isinstance(estimator, str):
        return make_estimator(estimator, env)
    check_world(estimator, env)
    if isinstance(estimator, type) or not hasattr(estimator, "begin"):
        made = estimator()
        check_world(made, env)
        if isinstance(made, BatchedProgressEstimator):
            return made
        if isinstance(made, ProgressEstimator):
            return OnePerEnvironment(estimator)
        raise TypeError(
            f"expected {estimator!r} to make an object with begin() and contribution() or contributions(); "
            f"got {type(made).__name__}. See spa_gym.wrappers.estimators.ProgressEstimator."
        )
    if isinstance(estimator, BatchedProgressEstimator):
        return estimator
    if isinstance(env, VectorEnv) and env.num_envs > 1:
        raise BadArgument(
            f"an estimator that follows {env.num_envs} environments",
            f"one live {type(estimator).__name__}, which follows one episode",
            "pass its class, its name, or a batched estimator",
        )
    return OnePerEnvironment(lambda: estimator)
