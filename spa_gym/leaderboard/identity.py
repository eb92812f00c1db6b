"""Which evaluation a result is: everything that its figures depend on, as plain JSON, and the folder named after it.

The journal's header and the finished record both hold it. A folder is only taken up where all of it is the same.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym

from spa_gym.agents.identity import agent_arguments, agent_name, agent_source, public_value
from spa_gym.agents.protocol import Agent, AgentError
from spa_gym.core.errors import BadArgument
from spa_gym.core.run_record import RunRecord
from spa_gym.core.strict_json import replace_surrogates
from spa_gym.leaderboard.episodes import data_hash

__all__ = ["LOCAL_KWARGS", "default_folder", "evaluation_identity", "identity_of", "public_kwargs"]

LOCAL_KWARGS = ("data_dir",)
"""Arguments that say where data lie on this machine; they are no part of a result."""
_FIELDS = ("env_id", "env_kwargs", "seed", "data_hash")
"""What the record holds in fields of its own; the rest is in its settings."""


def evaluation_identity(
    env: gym.Env[Any, Any],
    env_id: str,
    env_kwargs: Mapping[str, Any],
    agent: Agent,
    *,
    split: str,
    seed: int,
    num_tasks: int,
    trajectories: bool,
    name: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what the figures of an evaluation depend on.

    Args:
        env: The environment, made.
        env_id: Its id, as it was given.
        env_kwargs: Its arguments without the split.
        agent: The agent, before its first action.
        split: Name of the split.
        seed: Seed of the episodes.
        num_tasks: How many tasks are played.
        trajectories: Whether trajectories are written.
        name: The agent's name; default: that of its class or function.
        options: Arguments that the agent was made with, where the caller knows them.

    Raises:
        AgentError: A setting of the agent cannot be recorded.
        BadArgument: An argument of the environment cannot be recorded.
    """
    settings = agent.settings() if hasattr(agent, "settings") else {}  # type: ignore[attr-defined]
    given = {key: public_value(key, value) for key, value in (options or {}).items()}
    identity = {
        "env_id": env_id,
        "env_kwargs": public_kwargs(env, env_kwargs),
        "seed": seed,
        "data_hash": data_hash(env),
        "split": split,
        "split_size": len(env.get_wrapper_attr("tasks")),
        "num_tasks": num_tasks,
        "max_episode_steps": env.spec.max_episode_steps if env.spec else None,
        "agent": name or agent_name(agent),
        "agent_settings": settings,
        "agent_arguments": {**agent_arguments(agent), **given},
        "agent_source": agent_source(agent),
        "privileged": hasattr(agent, "attach"),  # it has the environments, and with them the expert
        "trajectories": trajectories,
    }
    try:
        text = json.dumps(identity, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise AgentError(
            "settings() and agent_arguments of plain values (texts, finite numbers, lists, dicts)",
            f"{error}",
            "leave out or convert what JSON cannot hold",
        ) from error
    return json.loads(replace_surrogates(text))


def identity_of(record: RunRecord) -> dict[str, Any]:
    """Return the identity that a record of an evaluation holds."""
    return {**record.settings, **{name: getattr(record, name) for name in _FIELDS}}


def default_folder(identity: Mapping[str, Any]) -> Path:
    """Return `results/ENV-SPLIT-AGENT-seedN-HASH`; the hash tells evaluations apart that the names do not."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:6]
    name = f"{identity['env_id']}-{identity['split']}-{identity['agent']}-seed{identity['seed']}-{digest}"
    return Path("results") / re.sub(r"[^\w.-]+", "_", name)[-200:]


def public_kwargs(env: gym.Env[Any, Any], env_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments as a record holds them: plain values, no paths of this machine, `source` always said.

    Raises:
        BadArgument: A value has no plain form.
    """
    kwargs = {name: _plain(name, value) for name, value in env_kwargs.items() if name not in LOCAL_KWARGS}
    source = getattr(env.unwrapped, "source", None)
    if source is not None and "source" in inspect.signature(type(env.unwrapped)).parameters:
        kwargs["source"] = source
    return kwargs


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if callable(value):
        return _reference(name, value)
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=lambda found: found.tolist()))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadArgument(
            f"a {name} that JSON can hold (a text, a number, a list), since the result names it",
            f"{type(value).__name__} {value!r:.80}",
            f"pass {name} as a plain value",
        ) from error


def _reference(name: str, function: Any) -> str:
    """`module:function` of a function that the verifier can import too."""
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module in (None, "__main__") or getattr(importlib.import_module(module), qualname, None) is not function:
        raise BadArgument(
            f"a {name} that can be imported, since the result names it",
            f"{function!r:.80}",
            f"define the function in a module and pass {name}='package.module:function'",
        )
    return f"{module}:{qualname}"
