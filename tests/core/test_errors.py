"""Errors say expected, got, mend; they survive pickling and the way AsyncVectorEnv passes them on."""

from __future__ import annotations

import pickle

import pytest

from spa_gym.core import errors
from spa_gym.core.errors import BadArgument, ConformanceError, SpaGymError, TaskNotFound
from spa_gym.core.extras import require_extra

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SpaGymError)]


@pytest.mark.parametrize("kind", KINDS)
def test_message_and_fields_survive(kind: type[SpaGymError]) -> None:
    error = kind("a split", "'tset'", "pass split='test'")
    for other in (error, pickle.loads(pickle.dumps(error)), kind(error)):
        assert type(other) is kind
        assert str(other) == "expected a split; got 'tset'. To mend it: pass split='test'"
        assert (other.expected, other.got, other.mend) == ("a split", "'tset'", "pass split='test'")
    assert str(kind("only this")) == "only this"
    assert kind.__name__ in errors.__all__ and kind.__doc__


def test_errors_can_be_caught_as_what_python_calls_them() -> None:
    assert issubclass(BadArgument, ValueError)
    assert issubclass(TaskNotFound, LookupError)
    assert issubclass(ConformanceError, AssertionError)


def test_missing_extra_names_the_pip_line() -> None:
    from gymnasium.error import DependencyNotInstalled

    assert require_extra("train", "json").loads("1") == 1
    with pytest.raises(DependencyNotInstalled, match=r'a policy needs.*no_such_mod.*pip install "spa-gym\[train\]"'):
        require_extra("train", "no_such_mod", "a policy")
