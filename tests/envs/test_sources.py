"""Where tasks come from: a `data_dir` means official, in all three, and each says its source and its data's hash."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

from spa_gym.core.errors import BadArgument, DataNotFound, SpaGymError
from tests.envs.official_folders import Official, every_official


def _make(official: Official, folder: Path | str, **kwargs: Any) -> Any:
    return gym.make(official.id, data_dir=folder, **official.kwargs, **kwargs).unwrapped


@every_official
def test_a_data_dir_means_official(official: Official, tmp_path: Path) -> None:
    official.write(tmp_path)
    envs = [_make(official, tmp_path), _make(official, str(tmp_path), source="official")]
    assert [env.source for env in envs] == ["official", "official"]
    assert envs[0].data_hash and envs[0].data_hash == envs[1].data_hash
    with pytest.raises(BadArgument, match="no data_dir with source='generated'.*drop one"):
        gym.make(official.id, source="generated", data_dir=tmp_path)


@every_official
def test_generated_tasks_have_no_data(official: Official, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    official.write(tmp_path)
    monkeypatch.setenv("SPA_GYM_DATA", str(tmp_path))  # says where official data are, not that they are wanted
    env: Any = gym.make(official.id).unwrapped
    assert (env.source, env.data_hash) == ("generated", None)
    env = gym.make(official.id, source="official", **official.kwargs).unwrapped
    assert env.source == "official" and env.data_hash


@every_official
def test_other_data_have_another_hash_and_the_same_data_elsewhere_have_the_same(
    official: Official, tmp_path: Path
) -> None:
    hashes = []
    for name, patched in (("one", False), ("same", False), ("other", True)):
        official.write(tmp_path / name)
        if patched:
            pattern, old, new = official.patched
            for path in (tmp_path / name).glob(pattern):
                content = path.read_bytes()
                assert old in content
                path.write_bytes(content.replace(old, new, 1))
        hashes.append(_make(official, tmp_path / name).data_hash)
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("data_dir", [7, b"/tmp", ["/tmp"], True])
@every_official
def test_what_is_no_path_is_refused(official: Official, data_dir: Any) -> None:
    with pytest.raises(BadArgument, match="data_dir as a str or a path"):
        _make(official, data_dir)


@pytest.mark.parametrize("data_dir", ["~nosuch/x", "x" * 300, "x/" * 4000, "a\0b", "\ud800"])
@every_official
def test_what_can_be_no_folder_is_not_found(official: Official, data_dir: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataNotFound, match="data_dir = "):
        _make(official, data_dir)
    if "\0" not in data_dir and "\ud800" not in data_dir:
        monkeypatch.setenv("SPA_GYM_DATA", data_dir)
        monkeypatch.setenv("HOME", "/nowhere")
        with pytest.raises(DataNotFound, match=r"\$SPA_GYM_DATA = "):
            gym.make(official.id, source="official", **official.kwargs)


@every_official
def test_the_spec_goes_through_json_whatever_the_arguments_are(official: Official, tmp_path: Path) -> None:
    official.write(tmp_path)
    kwargs: dict[str, Any] = {**official.kwargs, "data_dir": tmp_path}
    if official.id == "SPA-WebShop-v0":
        kwargs |= {"noun_tagger": str.split, "num_products": np.int64(2)}
    for name in (official.id, official.id.replace("-v0", "-Dense-v0")):
        env = gym.make(name, **kwargs)
        again: Any = gym.make(EnvSpec.from_json(env.spec.to_json()))  # type: ignore[union-attr]
        assert again.reset(seed=2) == env.reset(seed=2) and again.spec.to_json() == env.spec.to_json()  # type: ignore[union-attr]
        assert again.spec.kwargs["data_dir"] == str(tmp_path)


ODD = (
    None,
    [],
    {},
    (),
    "x",
    "",
    7,
    -1,
    1.5,
    float("nan"),
    True,
    b"x",
    object(),
    len,
    "²",
    "\ud800",
    "a\0b",
    [1],
    {"a": 1},
    1j,
)


@pytest.mark.parametrize("own_data", [True, False])
@every_official
def test_no_argument_raises_anything_but_a_named_error(official: Official, own_data: bool, tmp_path: Path) -> None:
    official.write(tmp_path)
    make = type(gym.make(official.id).unwrapped)
    names = [name for name in inspect.signature(make).parameters if name != "render_mode"]
    refused = 0
    for name in names:
        for value in ODD:
            kwargs = {"data_dir": tmp_path, **official.kwargs} if own_data else {}
            try:
                make(**{**kwargs, name: value}).reset(seed=0)
            except (SpaGymError, gym.error.Error):
                refused += 1
    assert refused > 5 * len(names)
