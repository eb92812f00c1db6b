"""Which environment an estimator was fitted to, and whether it is the one that it is to follow.

What a model learned of one world's texts says nothing of another's, and nothing breaks where it is asked all the same:
the numbers that come are finite and mean nothing. So it is asked before the first step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv

from spa_gym.core.errors import CheckpointMismatch
from spa_gym.core.strict_json import parse_json_object

__all__ = ["other_world", "refuse_other_world", "same_world", "world_at"]

_META = "spa_gym.json"


def same_world(one: str, other: str) -> bool:
    """Whether two ids name the same environment: they are equal, or registered with the same entry point.

    An environment that was made without an id is named by its class, as in what is recorded of it.

    Examples:
        >>> same_world("SPA-ALFWorld-v0", "SPA-ALFWorld-Dense-v0"), same_world("SPA-ALFWorld-v0", "SPA-WebShop-v0")
        (True, False)
        >>> same_world("SPA-ALFWorld-v0", "ALFWorldEnv")
        True
    """
    if one == other:
        return True
    known = gymnasium.registry
    a, b = (str(known[each].entry_point) if each in known else each for each in (one, other))
    return a == b or a.endswith(f":{b}") or b.endswith(f":{a}")


def refuse_other_world(world: Any, env: Any) -> None:
    """Refuse an estimator of another world than the environment's.

    Args:
        world: id of the environment that it was fitted to; anything but a str: not known, and any environment will do.
        env: the environment, single or vector, wrapped or not; what does not say which it is will do as well.

    Raises:
        CheckpointMismatch: it is another one; the message says which, and how one is fitted to it.
    """
    if not isinstance(world, str) or env is None:
        return
    for found in dict.fromkeys(_ids(env)):
        if not same_world(world, found):
            raise other_world(world, found)


def other_world(world: str, found: str) -> CheckpointMismatch:
    """The error for an estimator of one world in another.

    Args:
        world: id of the environment that it was fitted to.
        found: id of the one that it met.
    """
    return CheckpointMismatch(
        f"an estimator that was fitted to {found}",
        f"one that was fitted to {world}",
        f"use it with {world}, or fit one to {found}: python -m spa_gym.baselines.training.explore --env-id {found} "
        "--start POLICY --out runs/explore, then python -m spa_gym.baselines.training.estimator --start POLICY "
        "--trajectories runs/explore/trajectories.jsonl --out runs/estimator",
    )


def world_at(argument: str) -> str | None:
    """What the checkpoint at a path says that it was fitted to, without loading it; None where it says nothing."""
    path = Path(argument) / _META
    try:
        world = parse_json_object(path.read_bytes())["recipe"]["env_id"]
    except (OSError, ValueError, LookupError, TypeError):  # whoever loads it says what is wrong with it
        return None
    return world if isinstance(world, str) else None


def _ids(env: Any) -> list[str]:
    """The id of an environment, or those of a vector environment; none where other processes hold nameless ones."""
    base = getattr(env, "unwrapped", env)
    if not isinstance(env, VectorEnv):
        return [_id(base)]
    if base.spec is not None:
        return [base.spec.id]
    if hasattr(base, "envs"):
        return [_id(each.unwrapped) for each in base.envs]
    specs = base.get_attr("spec") if hasattr(base, "get_attr") else ()
    return [spec.id for spec in specs if spec is not None]


def _id(base: Any) -> str:
    spec = getattr(base, "spec", None)
    return type(base).__name__ if spec is None else spec.id
