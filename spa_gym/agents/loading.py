"""load_agent: from the text that a person types to an agent.

An agent of one's own may lie in the current folder. That folder is searched last, and only while such an agent is
imported and made: a `random.py` in it takes no other module's place.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from typing import Any

from spa_gym.agents.expert_agent import ExpertAgent
from spa_gym.agents.one_episode import as_agent
from spa_gym.agents.openai_server import OpenAIServerAgent
from spa_gym.agents.option_types import check_option_types
from spa_gym.agents.protocol import Agent, AgentError
from spa_gym.agents.random_agent import RandomAgent

__all__ = ["load_agent"]

MODEL_LOADER = ("spa_gym.baselines.rollout.agent", "load_agent")
FORMS = "random, expert, model:PATH, openai:MODEL or package.module:Class (or :function)"


def load_agent(spec: str, /, *, seed: int = 0, **options: Any) -> Agent:
    """Make the agent that a spec names.

    Args:
        spec: one of

            - `random`, `expert`;
            - `model:PATH`, a trained policy (needs the extra `train`);
            - `openai:MODEL`, a model behind an OpenAI-compatible server (option `base_url`);
            - `package.module:Name`, your own: a class is called with the options (and with `seed` where it takes one),
              an object with `act` is taken as it is, and so is a function observation -> action or (observation, info)
              -> action.
        seed: seed of an agent that samples.
        **options: passed to the agent's constructor.

    Raises:
        AgentError: the spec is not understood, the module or name is missing, or the agent refuses the options.

    >>> load_agent("random", seed=3).settings()
    {'seed': 3}
    """
    kind, _, rest = spec.partition(":")
    if spec == "random":
        return _construct(RandomAgent, spec, {"seed": seed, **options})
    if spec == "expert":
        return _construct(ExpertAgent, spec, options)
    if kind == "openai" and rest:
        return _construct(OpenAIServerAgent, spec, {"seed": seed, **options}, (rest,))
    if kind == "model" and rest:
        module, name = MODEL_LOADER
        return as_agent(_construct(_find(module, name, spec), spec, {"seed": seed, **options}, (rest,)))
    if all(part.isidentifier() for part in (*kind.split("."), *rest.split("."))):
        with _current_folder_last():
            return _own(_find(kind, rest, spec), spec, seed, options)
    raise AgentError(expected=f"an agent: {FORMS}", got=repr(spec), mend="for example `--agent random`")


@contextlib.contextmanager
def _current_folder_last() -> Iterator[None]:
    """Search the current folder for modules after all other places."""
    folder = os.getcwd()
    added = not {"", folder}.intersection(sys.path)
    if added:
        sys.path.append(folder)
    try:
        yield
    finally:
        if added and folder in sys.path:
            sys.path.remove(folder)


def _own(found: Any, spec: str, seed: int, options: dict[str, Any]) -> Agent:
    if inspect.isclass(found):
        if "seed" in inspect.signature(found).parameters:
            options = {"seed": seed, **options}
        return as_agent(_construct(found, spec, options))
    if options:
        raise AgentError(
            expected=f"a class behind {spec!r}, since options are given",
            got=f"{type(found).__name__} and options {sorted(options)}",
            mend="leave out the options, or name a class",
        )
    return as_agent(found)


def _find(module: str, name: str, spec: str) -> Any:
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        mend = 'install what is missing (for trained policies: pip install "spa-gym[train]")'
        if error.name and (module == error.name or module.startswith(error.name + ".")):
            mend = "check the spelling, and that the module can be imported from here (python -c 'import ...')"
        raise AgentError(expected=f"the module of the agent {spec!r}", got=str(error), mend=mend) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise AgentError(
                expected=f"a class or function {name!r} in {module}",
                got=f"no such name in {getattr(found, '__file__', module)}",
                mend=f"name one that it has: {', '.join(n for n in dir(found) if not n.startswith('_'))[:300]}",
            )
        found = getattr(found, part)
    return found


def _construct(factory: Any, spec: str, options: dict[str, Any], positional: tuple[Any, ...] = ()) -> Any:
    """Call the factory; options that it does not take become a clear message, other errors stay as they are."""
    try:
        inspect.signature(factory).bind(*positional, **options)
    except TypeError as error:
        raise AgentError(
            expected=f"options that the agent {spec!r} takes: {inspect.signature(factory)}",
            got=f"{', '.join(options) or 'none'} ({error})",  # the values may hold a key
            mend="correct --agent-arg key=value",
        ) from error
    check_option_types(factory, options, spec)
    return factory(*positional, **options)
