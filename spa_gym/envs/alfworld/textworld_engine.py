"""The real engine (alfworld's rules and grammar in TextWorld) behind the interface of our own.

Observation, admissible commands and `won` come from TextWorld's `PddlEnv`; our rules run beside it only so that the
expert and the progress, which read the state, work with either engine. It needs the extra `alfworld` and Python < 3.13,
is thousands of times slower, and is here for comparison: the parity tests stand on it.

Three things of the original are contained: its translator overwrites `sys.argv`; every `PddlEnv` copies a library of
34 MB and never frees it, so that used ones are kept and played again; and it parses its constant grammar anew for every
command, which while we call it is remembered instead (the text is the same byte for byte, the tests compare).
"""

from __future__ import annotations

import contextlib
import copy
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from gymnasium.error import DependencyNotInstalled

from spa_gym.core.errors import UnsolvableTask
from spa_gym.core.extras import require_extra
from spa_gym.envs.alfworld.engine import Engine, Reply
from spa_gym.envs.alfworld.game import Game, _display_names
from spa_gym.envs.alfworld.writer import game_data

__all__ = ["RealGame", "TextWorldEngine", "require_textworld"]

_TRANSLATIONS = 8
"""Games whose translation is kept, so that starting one of them again takes milliseconds."""


def require_textworld() -> None:
    """Make sure that the real engine can run here.

    Raises:
        DependencyNotInstalled: Python is too new for TextWorld 1.7, or the extra is missing.
    """
    if sys.version_info >= (3, 13):
        raise DependencyNotInstalled(
            "expected Python 3.11 or 3.12 for engine='textworld' (TextWorld 1.7 breaks on 3.13: NameError in its "
            f"grammar); got Python {sys.version_info.major}.{sys.version_info.minor}. "
            "To mend it: use engine='fast', which gives the same texts, or another Python"
        )
    for module in ("textworld.envs.pddl", "fast_downward"):
        require_extra("alfworld", module, "engine='textworld'")


class RealGame:
    """One game in TextWorld's own engine.

    Args:
        data: Content of a `game.tw-pddl`. Its grammar is run as code: only from files that you trust.
        remember: Keep parsed grammar and translations instead of making them anew for every command.

    Attributes:
        feedback: the last reply. admissible: the admissible commands, sorted. won: whether the goal holds.
    """

    def __init__(self, data: dict[str, Any], *, remember: bool = True) -> None:
        require_textworld()
        self._calls: Callable[[], contextlib.AbstractContextManager[None]] = _contained if remember else _restoring_argv
        self._env: Any = _IDLE.pop() if _IDLE else _new_env()
        self.feedback, self.admissible, self.won = "", (), False
        try:
            with self._calls():
                self._env.load(data)
        except KeyError as error:  # how the original says that a goal cannot be reached, or that a type is missing
            raise UnsolvableTask(
                "a game whose goal can be reached", f"{error!r} from the real engine", "choose another task"
            ) from error
        # Names as alfworld's demangler gives them; importing alfworld for it would create a folder in the home.
        for identifier, name in _display_names(self._env._entity_infos).items():
            self._env._entity_infos[identifier].name = name
        self.reset()

    def reset(self) -> None:
        """Go back to the start."""
        with self._calls():
            self._take(self._env.reset())

    def step(self, command: str) -> bool:
        """Play one command; return whether it was executed."""
        executed = command.strip() in self.admissible
        with self._calls():
            self._take(self._env.step(command)[0])
        return executed

    def _take(self, state: Any) -> None:
        self.feedback = state.feedback
        self.admissible = tuple(state["admissible_commands"])
        self.won = bool(state["won"])

    def __del__(self) -> None:
        """Give the engine back: its library cannot be unloaded."""
        env = getattr(self, "_env", None)
        if env is not None:
            _IDLE.append(env)


class TextWorldEngine(Engine):
    """The real engine with the interface of `Engine`.

    Args:
        game: What is played.
        grammar: `"2.1.2"` or `"2.1.1"`.
        list_help: Whether `help` is listed among the admissible commands.

    Raises:
        DependencyNotInstalled: The real engine cannot run here.
        BadArgument: The instruction has characters that the original would evaluate.
    """

    __slots__ = ("_played", "_real")

    def __init__(self, game: Game, grammar: str = "2.1.2", list_help: bool = False) -> None:
        super().__init__(game, grammar, list_help)
        self._real = RealGame(game_data(game, grammar))
        self._played: tuple[str, ...] = ()
        self.won = self._real.won

    def intro(self) -> str:
        """The first observation."""
        return self._real.feedback

    def act(self, command: str) -> Reply:
        """Play one command: the reply, and whether it was executed."""
        executed = self._real.step(command)
        if executed:
            super().act(command)
            self._played += (command.strip(),)
        self.won = self._real.won
        return self._real.feedback, executed

    def admissible(self) -> tuple[str, ...]:
        """The commands that would be executed now, in alphabetical order."""
        commands = self._real.admissible
        return commands if self.list_help else tuple([command for command in commands if command != "help"])

    def snapshot(self) -> tuple[Any, ...]:
        """The commands executed so far: the real engine can only be brought to a state by playing."""
        return self._played

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        """Play what leads to a snapshot, from here where it can go on from here, else from the start."""
        if snapshot[: len(self._played)] != self._played:
            self._real.reset()
            super().__init__(self.game, self.lexicon.dialect.name, self.list_help)
            self._played = ()
        for command in snapshot[len(self._played) :]:
            self.act(command)
        self.won = self._real.won


_IDLE: list[Any] = []


def _new_env() -> Any:
    import textworld
    from textworld.envs.pddl import PddlEnv

    return PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True))


@contextlib.contextmanager
def _restoring_argv() -> Iterator[None]:
    argv = sys.argv
    try:
        yield
    finally:
        sys.argv = argv


@contextlib.contextmanager
def _contained() -> Iterator[None]:
    """While it lasts, TextWorld remembers what it parses and translates, and copies contexts without their contents."""
    import fast_downward
    from textworld.envs.pddl import textgen
    from textworld.logic import Rule

    replaced = [
        (textgen, "_parse_and_convert", _parser(textgen._parse_and_convert)),
        (textgen, "copy_context", _copy_context),
        (textgen.Symbol, "copy", _copy_symbol),
        (Rule, "parse_conjunctive_query", _remembered(Rule.parse_conjunctive_query)),
        (fast_downward, "pddl2sas", _translator(fast_downward.pddl2sas)),
    ]
    before = [(owner, name, owner.__dict__[name]) for owner, name, _ in replaced]
    with _restoring_argv():
        try:
            for owner, name, value in replaced:
                setattr(owner, name, value)
            yield
        finally:
            for owner, name, value in before:
                setattr(owner, name, value)


@functools.cache
def _remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.lru_cache(maxsize=4096)(function)


@functools.cache
def _parser(original: Callable[..., Any]) -> Callable[..., Any]:
    parse = functools.lru_cache(maxsize=4096)(lambda text, rule: original(text, rule_name=rule))

    def parsed(text: str, rule_name: str = "symbols", trace: bool = False) -> Any:
        return copy.deepcopy(parse(text, rule_name))

    return parsed


@functools.cache
def _translator(original: Callable[..., Any]) -> Callable[..., Any]:
    """The translation is remembered, and the second one, for replanning, is not made: nobody here replans."""
    translate = functools.lru_cache(maxsize=_TRANSLATIONS)(lambda domain, problem: original(domain, problem))

    def translated(domain: str, problem: str, verbose: bool = False, optimize: bool = False) -> Any:
        return translate(domain, problem)

    return translated


def _copy_context(context: dict[str, Any]) -> dict[str, Any]:
    return {**context, "variables": dict(context["variables"]), "mapping": dict(context["mapping"])}


def _copy_symbol(self: Any, context: dict[str, Any]) -> Any:
    copied = copy.copy(self)
    copied.context = _copy_context(context)
    return copied
