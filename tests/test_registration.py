"""The ids, and how light it is to get them."""

from __future__ import annotations

import subprocess
import sys

import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

import spa_gym
from spa_gym.registration import REGISTRATIONS, register_envs

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
