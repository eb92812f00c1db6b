"""The ids, and how light it is to get them."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

import spa_gym
from spa_gym.registration import REGISTRATIONS, Registration, register_envs

IDS = [row.id for row in REGISTRATIONS]


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; sys.stdout.write(' '.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_import_is_light() -> None:
    loaded = modules_after("import spa_gym")
    heavy = {"torch", "textworld", "alfworld", "transformers", "scipy", "matplotlib", "jinja2", "tyro", "pytest"}
    assert "spa_gym.core.text_env" in loaded
    assert not heavy & loaded
    assert not {name for name in loaded if name.startswith(("spa_gym.envs.", "spa_gym.baselines"))}


def test_module_prefix_registers_too() -> None:
    make = "gymnasium.make('spa_gym:No-Such-v0')"
    code = f"import contextlib, gymnasium\nwith contextlib.suppress(gymnasium.error.Error): {make}"
    assert "spa_gym.registration" in modules_after(code)


@pytest.mark.parametrize("env_id", IDS)
def test_spec_goes_through_json(env_id: str) -> None:
    spec = gymnasium.spec(env_id)
    assert EnvSpec.from_json(spec.to_json()) == spec
    assert isinstance(spec.entry_point, str) and spec.max_episode_steps


def test_registering_again_changes_nothing_and_does_not_warn() -> None:
    before = {env_id: gymnasium.spec(env_id) for env_id in IDS}
    register_envs()
    assert all(gymnasium.spec(env_id) is spec for env_id, spec in before.items())


def test_unknown_id_suggests_the_right_one() -> None:
    with pytest.raises(gymnasium.error.NameNotFound, match="SPA-ALFWorld"):
        gymnasium.make("SPA-ALFWrld-v0")


def test_public_names_are_there() -> None:
    for name in spa_gym.__all__:
        assert getattr(spa_gym, name) is not None
    assert spa_gym.__all__ == sorted(spa_gym.__all__)


@pytest.mark.parametrize("row", [row for row in REGISTRATIONS if not row.wrappers], ids=lambda row: row.id)
def test_what_a_result_may_set_is_what_the_environment_takes(row: Registration) -> None:
    """All arguments but the split, the data's folder and what names code; and no value that the environment refuses."""
    module, _, name = row.entry_point.partition(":")
    arguments = inspect.signature(getattr(importlib.import_module(module), name)).parameters
    assert {*row.recordable} - {"max_episode_steps"} == {*arguments} - {"split", "data_dir"}
    for argument, parameter in arguments.items():
        if argument in row.recordable and argument != "source":  # a record says which one it was, never None
            assert row.may_record(argument, parameter.default), argument
    choices = [(argument, value) for argument, known in row.recordable.items() for value in known]
    for argument, value in choices:
        value = max(value[0], 200) if isinstance(value, range) else value
        if argument in ("human_goals", "success", "engine", "noun_tagger") or value == "official":
            continue  # these need official data or an extra
        gymnasium.make(row.id, **{"size": "small", argument: value}).close()


def test_what_a_result_may_not_set() -> None:
    webshop = next(row for row in REGISTRATIONS if row.id == "SPA-WebShop-v0")
    assert webshop.may_record("num_products", 1000) and webshop.may_record("num_products", None)
    wrong = [True, 1000.0, "1000", 0, -1, 10**9, [1000], {}, float("nan")]
    assert not any(webshop.may_record("num_products", value) for value in wrong)
    assert not any(webshop.may_record("progress", value) for value in (0, 1, "true", None))
    code = {"noun_tagger": "os:system", "data_dir": "evil", "backend": "browser", "split": "train", "id": "x:y"}
    assert not any(webshop.may_record(name, value) for name, value in code.items())
