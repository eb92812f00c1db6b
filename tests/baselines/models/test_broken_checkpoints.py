"""Whatever is wrong with a checkpoint's files is one named error, before memory is taken; no code in them runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from spa_gym.baselines.learning.estimator_inference import ProgressModel
from spa_gym.baselines.models import checkpoint_files
from spa_gym.baselines.models.checkpoint import load_checkpoint, save_checkpoint
from spa_gym.baselines.models.heads import ScalarHead
from spa_gym.core.errors import CheckpointMismatch, SpaGymError
from tests.baselines.language import toy_codec, toy_model
from tests.baselines.models.broken_checkpoints import BROKEN, change_json


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("good") / "a"
    return save_checkpoint(place, toy_model(), toy_codec(), heads={"value": ScalarHead(64)})


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good, tmp_path / "a"))


@pytest.mark.parametrize("kind", BROKEN)
def test_every_broken_kind_is_a_named_error(folder: Path, kind: str) -> None:
    BROKEN[kind](folder)
    with pytest.raises(SpaGymError, match=str(folder)):
        load_checkpoint(folder)


OURS = ("version", "meta", "recipe", "layout", "view", "cut", "heads")
LARGER = ("weights extra", "weights elsewhere")
"""Other programs keep more in their files, under names of their own."""
FOREIGN = [kind for kind in BROKEN if not kind.startswith((*OURS, *LARGER, "vocab_size", "num_attention_heads"))]


@pytest.mark.parametrize("kind", FOREIGN)
def test_and_in_a_folder_of_another_program(folder: Path, kind: str) -> None:
    for name in ("spa_gym.json", "heads.safetensors"):
        (folder / name).unlink()
    load_checkpoint(folder)
    BROKEN[kind](folder)
    with pytest.raises(SpaGymError, match=str(folder)):
        load_checkpoint(folder)


def test_sizes_are_compared_before_weights_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoModelForCausalLM

    def never(*_: object, **__: object) -> None:
        raise AssertionError("memory was taken")

    monkeypatch.setattr("spa_gym.baselines.models.checkpoint.load_file", never)
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", never)
    change_json(folder / "config.json", hidden_size=262_144)
    for name in ("spa_gym.json", "heads.safetensors"):
        with pytest.raises(CheckpointMismatch, match=r"262144.*64"):
            load_checkpoint(folder)
        (folder / name).unlink()


def test_text_files_have_limits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_files, "_MAX_TEXT_BYTES", 1000)
    with pytest.raises(CheckpointMismatch, match=r"tokenizer\.json of at most"):
        load_checkpoint(folder)
    monkeypatch.undo()
    monkeypatch.setattr(checkpoint_files, "_MAX_OBJECT_BYTES", 100)
    with pytest.raises(CheckpointMismatch, match="more than"):
        load_checkpoint(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    with pytest.raises(CheckpointMismatch, match="which is none"):
        load_checkpoint(folder)


CODE = """
import pathlib
pathlib.Path({mark!r}).write_text("ran")
from transformers import PretrainedConfig, PreTrainedModel
class EvilConfig(PretrainedConfig):
    model_type = "evil"
class EvilModel(PreTrainedModel):
    config_class = EvilConfig
class EvilTokenizer: ...
"""
AUTO = {
    "AutoConfig": "evil.EvilConfig",
    "AutoModelForCausalLM": "evil.EvilModel",
    "AutoTokenizer": ["evil.EvilTokenizer", None],
}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("where", ["config.json", "tokenizer_config.json"])
def test_code_of_a_checkpoint_never_runs(folder: Path, tmp_path: Path, own: bool, where: str) -> None:
    mark = tmp_path / "PWNED"
    (folder / "evil.py").write_text(CODE.format(mark=str(mark)))
    change_json(folder / where, auto_map=AUTO, tokenizer_class="EvilTokenizer")
    if where == "config.json":
        change_json(folder / where, model_type="evil")
    if not own:
        (folder / "spa_gym.json").unlink()
    command = [sys.executable, "-m", "spa_gym.cli", "evaluate", "--agent", f"model:{folder}", "--max-tasks", "1"]
    command += ["--env-arg", "size=small", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, input="y\n" * 9 + "yes\n" * 9, capture_output=True, text=True, timeout=300)
    # A tokenizer whose class is unknown is read by the general class, without the class's code.
    assert not mark.exists() and done.returncode == (2 if where == "config.json" else 0), done.stderr[-2000:]
    assert "Traceback" not in done.stderr and "[y/N]" not in done.stdout + done.stderr


@pytest.mark.parametrize("recipe", [{"read": "x"}, {"read": []}, {"env_id": 5}, {"env_id": {}}])
def test_an_estimator_with_an_odd_recipe_is_a_named_error(tmp_path: Path, recipe: dict[str, object]) -> None:
    place = save_checkpoint(tmp_path / "e", toy_model(), toy_codec(), recipe=recipe, heads={"progress": ScalarHead(64)})
    with pytest.raises(SpaGymError):
        ProgressModel.load(place, device="cpu")


def test_an_estimator_with_the_head_of_another_is_a_named_error(tmp_path: Path) -> None:
    place = save_checkpoint(tmp_path / "e", toy_model(), toy_codec(), heads={"progress": ScalarHead(32)})
    with pytest.raises(CheckpointMismatch, match="size mismatch"):
        ProgressModel.load(place, device="cpu")


_CODE_POINTS = st.characters(codec="utf-8")
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.text(_CODE_POINTS, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_CODE_POINTS, max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(["spa_gym.json", "config.json", "tokenizer.json", "tokenizer_config.json"]))
def test_a_changed_value_or_byte_loads_or_is_a_named_error(
    good: Path, folder: Path, data: st.DataObject, name: str
) -> None:
    original = (good / name).read_bytes()
    if data.draw(st.booleans()):
        content = json.loads(original)
        change_json(folder / name, **{data.draw(st.sampled_from(sorted(content))): data.draw(_VALUES)})
    else:
        place = data.draw(st.integers(0, len(original) - 1))
        (folder / name).write_bytes(original[:place] + data.draw(st.binary(max_size=3)) + original[place + 1 :])
    try:
        load_checkpoint(folder)
    except SpaGymError:
        pass
    finally:
        (folder / name).write_bytes(original)


def test_a_model_of_the_hub_is_downloaded_without_its_code(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    asked: dict[str, list[str]] = {}

    def download(name: str, **patterns: list[str]) -> str:
        asked.update(patterns)
        return str(folder)

    (folder / "spa_gym.json").unlink()
    (folder / "heads.safetensors").unlink()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    states = load_checkpoint("somebody/model").model.state_dict()
    assert set(load_file(folder / "model.safetensors")) <= set(states)
    assert not {"*.py", "*.bin", "*"} & set(asked["allow_patterns"])


def test_a_name_that_is_not_on_the_hub_is_a_named_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def absent(*_: object, **__: object) -> str:
        raise FileNotFoundError("no such repository")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", absent)
    with pytest.raises(CheckpointMismatch, match=r"somebody/model.*check the path or name"):
        load_checkpoint("somebody/model")
