"""Killed, changed, full disk, finished: what a stage does when it is started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from spa_gym.baselines.models.checkpoint import load_checkpoint
from spa_gym.baselines.models.optimizers import Optimizers, adamw
from spa_gym.baselines.training import pretrain as pretrain_module
from spa_gym.baselines.training import resume
from spa_gym.baselines.training.estimator import EstimatorConfig, fit_estimator
from spa_gym.baselines.training.explore import ExploreConfig, explore
from spa_gym.baselines.training.pretrain import pretrain
from spa_gym.baselines.training.resume import Resumable
from spa_gym.baselines.training.sft import sft
from spa_gym.baselines.training.tracker import Tracker
from spa_gym.baselines.training.train import train
from spa_gym.core.errors import CheckpointMismatch, WriteFailed
from spa_gym.core.run_record import RunRecord
from spa_gym.core.trajectory import write_jsonl
from tests.baselines.conftest import Pipeline
from tests.baselines.tiny_runs import KWARGS, explored, ppo_config, pretrain_config, sft_config, small_pools


class _Stopped(Exception):
    """Stands for whatever ends a process."""


def _stop_after(saves: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die right after a state has been saved for the n-th time."""
    save, count = Resumable.save, 0

    def counting(self: Resumable, position: dict[str, Any]) -> None:
        nonlocal count
        save(self, position)
        count += 1
        if count == saves:
            raise _Stopped

    monkeypatch.setattr(Resumable, "save", counting)


def _same_weights(a: Path, b: Path) -> bool:
    pairs = zip(load_checkpoint(a).model.parameters(), load_checkpoint(b).model.parameters(), strict=True)
    return all(x.equal(y) for x, y in pairs)


def test_reinforcement_learning_goes_on_as_if_it_had_never_stopped(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"env_steps": 140, "entropy": 0.01}
    whole = train(ppo_config(pipeline.start, tmp_path / "whole", **settings))
    config = ppo_config(pipeline.start, tmp_path / "stopped", **settings)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(2, patch)
        train(config)
    assert json.loads((config.out / "state" / "position.json").read_text())["position"]["iteration"] == 2
    record = train(config)
    assert record.curves == whole.curves and len(whole.curves["step"]) == 4
    assert (record.env_steps, record.tokens, record.updates) == (whole.env_steps, whole.tokens, whole.updates)
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


def test_states_are_saved_as_rarely_as_asked_for(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(Resumable, "save", lambda self, position: saved.append(position["iteration"]))
    for seconds, expected in ((0.0, [1, 2, 3, 4]), (1e6, [4])):
        saved.clear()
        train(ppo_config(pipeline.start, tmp_path / f"{seconds:g}", env_steps=140, save_every_s=seconds))
        assert saved == expected, "after every batch, or when it is time, and when the budget is spent"


def test_a_run_that_ends_between_two_states_goes_on_from_the_first(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches after the state are played and learned from again, and stand once in curves and TensorBoard."""
    whole = train(ppo_config(pipeline.start, tmp_path / "whole", env_steps=140))
    config = ppo_config(pipeline.start, tmp_path / "stopped", env_steps=140)
    log, seen = Tracker.log, []

    def dying(self: Tracker, step: int, **values: float) -> None:
        log(self, step, **values)
        seen.append(step)
        if step == 3:
            raise _Stopped

    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(1, patch)
        train(config)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        patch.setattr(Tracker, "log", dying)
        train(replace(config, save_every_s=1e6))
    assert seen == [2, 3]
    assert json.loads((config.out / "state" / "position.json").read_text())["position"]["iteration"] == 1
    record = train(config)
    assert record.curves == whole.curves and len(record.elapsed_s) == len(whole.elapsed_s)
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")
    events = EventAccumulator(str(config.out / "tensorboard")).Reload().Scalars("success_batch")
    assert [event.step for event in events] == [1, 2, 3, 4]


def test_imitation_goes_on_as_if_it_had_never_stopped(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = pipeline.folder / "pretrain" / "checkpoint"
    whole = sft(sft_config(start, tmp_path / "whole", epochs=2, demonstrations=6))
    config = sft_config(start, tmp_path / "stopped", epochs=2, demonstrations=6)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(1, patch)
        sft(config)
    record = sft(config)
    assert (record.updates, record.tokens, record.curves) == (whole.updates, whole.tokens, whole.curves)
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


def test_the_estimators_fit_goes_on_as_if_it_had_never_stopped(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "played.jsonl", explored())
    config = EstimatorConfig(str(pipeline.start), tmp_path / "played.jsonl", tmp_path / "whole", epochs=3, device="cpu")
    whole = fit_estimator(config)
    config = replace(config, out=tmp_path / "stopped")
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(1, patch)
        fit_estimator(config)
    record = fit_estimator(config)
    assert record.curves == whole.curves and record.metrics == whole.metrics
    assert _same_weights(tmp_path / "whole" / "checkpoint", config.out / "checkpoint")


def test_pretraining_goes_on_from_the_middle_of_a_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pools(monkeypatch)
    config = pretrain_config(tmp_path, save_every_s=0.0)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(3, patch)
        pretrain(config)
    position = json.loads((tmp_path / "state" / "position.json").read_text())["position"]
    assert (position["updates"], position["pool"], position["read"]) == (2, 0, 2)
    asked = []
    stream = pretrain_module.TranscriptStream

    def watched(*args: Any, **kwargs: Any) -> Any:
        asked.append((kwargs["start"], kwargs["read"]))
        return stream(*args, **kwargs)

    monkeypatch.setattr(pretrain_module, "TranscriptStream", watched)
    monkeypatch.setattr(pretrain_module, "train_tokenizer", lambda *_: pytest.fail("the tokenizer is there already"))
    record = pretrain(config)
    assert asked == [(position["pool"], position["read"])]
    assert record.updates > 2 and record.tokens >= 20_000 and not (tmp_path / "state").exists()


# -- killed from outside ----------------------------------------------------------------------------------------------

_COMMANDS = {
    "ppo": "train(ppo_config(Path({start!r}), Path({out!r}), env_steps=500, evaluate_every=1000))",
    "pretrain": "small_pools(pytest.MonkeyPatch()); "
    "pretrain(pretrain_config(Path({out!r}), tokens=6e4, save_every_s=0.0))",
}
_PROGRAM = """
from pathlib import Path
import pytest, torch
torch.set_num_threads(1)
from spa_gym.baselines.training.train import train
from spa_gym.baselines.training.pretrain import pretrain
from tests.baselines.tiny_runs import ppo_config, pretrain_config, small_pools
"""


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 300
    while not condition():
        assert process.poll() is None and time.monotonic() < limit, "the stage ended, or did nothing"
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
@pytest.mark.parametrize("stage", list(_COMMANDS))
def test_kill_9_in_the_middle(stage: str, pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever it comes, nothing is missing or there twice; pretraining ends with the weights of one never stopped."""
    program = _PROGRAM + _COMMANDS[stage].format(start=str(pipeline.start), out=str(tmp_path / "run"))
    place = tmp_path / "run" / "state" / "position.json"

    def updates() -> int:
        return json.loads(place.read_text())["position"]["updates"] if place.exists() else 0

    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    try:
        _wait_for(lambda: updates() >= 4, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reached = updates()
    assert not (tmp_path / "run" / "record.json").exists() and reached >= 4
    if stage == "ppo":
        record = train(ppo_config(pipeline.start, tmp_path / "run", env_steps=500, evaluate_every=1000))
        assert record.curves["step"] == [*range(1, 15)] and record.updates == 28 and record.env_steps == 504
    else:
        small_pools(monkeypatch)
        record = pretrain(pretrain_config(tmp_path / "run", tokens=6e4, save_every_s=0.0))
        whole = pretrain(pretrain_config(tmp_path / "whole", tokens=6e4))
        assert record.updates == whole.updates > reached and record.tokens == whole.tokens >= 60_000
        assert record.curves == whole.curves
        assert _same_weights(tmp_path / "whole" / "checkpoint", tmp_path / "run" / "checkpoint")
    assert not (tmp_path / "run" / "state").exists()


# -- other settings, and finished runs --------------------------------------------------------------------------------


def test_a_state_of_other_settings_is_refused(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ppo_config(pipeline.start, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(1, patch)
        train(config)
    before = sorted(path.name for path in (tmp_path / "state").iterdir())
    with pytest.raises(CheckpointMismatch, match=r"other settings \(gamma, lr\)"):
        train(replace(config, lr=7e-4, gamma=0.9))
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == before
    train(replace(config, device="auto"))


def test_pretraining_with_other_settings_is_refused_from_the_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pools(monkeypatch)
    with monkeypatch.context() as patch, pytest.raises(_Stopped):
        _stop_after(1, patch)
        pretrain(pretrain_config(tmp_path))
    with pytest.raises(CheckpointMismatch, match="vocab_size"):
        pretrain(pretrain_config(tmp_path, vocab_size=1200))


def test_finished_runs_return_at_once_and_refuse_other_settings(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl(tmp_path / "played.jsonl", explored())
    stages: list[tuple[Callable[[Any], RunRecord], Any]] = [
        (pretrain, pretrain_config(pipeline.folder / "pretrain")),
        (sft, sft_config(pipeline.folder / "pretrain" / "checkpoint", pipeline.folder / "sft")),
        (explore, ExploreConfig(str(pipeline.start), tmp_path / "explore", env_kwargs=KWARGS, tasks=2, device="cpu")),
        (fit_estimator, EstimatorConfig(str(pipeline.start), tmp_path / "played.jsonl", tmp_path / "fit", epochs=1)),
        (train, ppo_config(pipeline.start, tmp_path / "ppo", env_steps=30)),
    ]
    records = [stage(config) for stage, config in stages]
    monkeypatch.setattr(torch, "matmul", lambda *_: pytest.fail("nothing is to be computed"))
    for (stage, config), record in zip(stages, records, strict=True):
        assert stage(config).created == record.created
        with pytest.raises(CheckpointMismatch, match=r"other settings \(seed\)"):
            stage(replace(config, seed=7))


# -- the state itself -------------------------------------------------------------------------------------------------


def _small(folder: Path, seed: int = 0) -> tuple[Resumable, nn.Linear, Optimizers]:
    torch.manual_seed(seed)
    layer = nn.Linear(3, 2)
    optimizers = Optimizers([adamw(layer.parameters(), 0.1)])
    return Resumable(folder, {"rate": 0.1}, {"layer": layer}, {"all": optimizers}), layer, optimizers


def _train(layer: nn.Linear, optimizers: Optimizers) -> None:
    layer(torch.ones(3)).square().sum().backward()
    optimizers.step()


def test_state_holds_weights_moments_and_position(tmp_path: Path) -> None:
    state, layer, optimizers = _small(tmp_path)
    _train(layer, optimizers)
    assert Resumable(tmp_path, {}, {}).load() is None
    state.save({"step": 1, "curve": [float("nan"), 1.0]})
    again, other, moments = _small(tmp_path, seed=1)
    position = again.load()
    assert position is not None and position["step"] == 1 and position["curve"][0] != position["curve"][0]
    for _ in range(2):
        _train(layer, optimizers)
        _train(other, moments)
        assert layer.weight.equal(other.weight) and layer.bias.equal(other.bias)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("I/O error: os error 28")])
def test_a_full_disk_leaves_the_state_before(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, layer, optimizers = _small(tmp_path)
    state.save({"step": 1})
    kept = layer.weight.detach().clone()
    _train(layer, optimizers)

    def full(tensors: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    with monkeypatch.context() as patch, pytest.raises(WriteFailed, match="free disk space"):
        patch.setattr(resume, "save_file", full)
        state.save({"step": 2})
    assert len(list((tmp_path / "state").iterdir())) == 2
    again, other, _ = _small(tmp_path, seed=1)
    assert again.load() == {"step": 1} and other.weight.equal(kept)
    state.save({"step": 2})
    assert again.load() == {"step": 2} and other.weight.equal(layer.weight)
    assert len(list((tmp_path / "state").iterdir())) == 2, "one generation of tensors is kept"


def test_a_disk_that_is_full_when_the_position_is_written_leaves_the_state_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, layer, optimizers = _small(tmp_path)
    state.save({"step": 1})
    kept = layer.weight.detach().clone()
    _train(layer, optimizers)

    def full(*_: object) -> None:
        raise WriteFailed("room", "none", "make room")

    with monkeypatch.context() as patch, pytest.raises(WriteFailed):
        patch.setattr(resume, "atomic_write_text", full)
        state.save({"step": 2})
    again, other, _ = _small(tmp_path, seed=1)
    assert again.load() == {"step": 1} and other.weight.equal(kept)


def test_a_full_disk_during_a_stage_ends_it_with_what_to_do(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, save, count = ppo_config(pipeline.start, tmp_path), resume.save_file, 0

    def fills_up(tensors: dict[str, torch.Tensor], path: Path) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(28, "No space left on device")
        save(tensors, path)

    monkeypatch.setattr(resume, "save_file", fills_up)
    with pytest.raises(WriteFailed, match="run the same command again"):
        train(config)
    assert train(config).curves["step"] == [1, 2]


def _edit(place: Path, **changes: Any) -> None:
    path = place / "position.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _reweigh(place: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    path = place / "tensors-1.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "empty": lambda place: (place / "position.json").write_text(""),
    "half": lambda place: (place / "position.json").write_text('{"version": 1, "gen'),
    "zeros": lambda place: (place / "position.json").write_bytes(bytes(80)),
    "a list": lambda place: (place / "position.json").write_text("[]"),
    "nothing": lambda place: (place / "position.json").write_text("{}"),
    "null": lambda place: (place / "position.json").write_text("null"),
    "deep": lambda place: (place / "position.json").write_text("[" * 100_000),
    "no text": lambda place: (place / "position.json").write_bytes(b"\xff"),
    "generation of text": lambda place: _edit(place, generation="../1"),
    "generation null": lambda place: _edit(place, generation=None),
    "generation that is gone": lambda place: _edit(place, generation=9),
    "settings of a list": lambda place: _edit(place, settings=[]),
    "position of a number": lambda place: _edit(place, position=5),
    "tensors gone": lambda place: (place / "tensors-1.safetensors").unlink(),
    "tensors empty": lambda place: (place / "tensors-1.safetensors").write_bytes(b""),
    "tensors of zeros": lambda place: (place / "tensors-1.safetensors").write_bytes(bytes(4096)),
    "a weight missing": lambda place: _reweigh(place, lambda t: t.pop("module/layer/bias")),
    "a weight more": lambda place: _reweigh(place, lambda t: t.update({"module/layer/x": torch.zeros(1)})),
    "a module more": lambda place: _reweigh(place, lambda t: t.update({"module/other/x": torch.zeros(1)})),
    "a weight of another shape": lambda place: _reweigh(
        place, lambda t: t.update({"module/layer/bias": torch.ones(9)})
    ),
    "moments of another shape": lambda place: _reweigh(
        place, lambda t: t.update({"optimizer/all/0.0.exp_avg": torch.ones(9)})
    ),
    "moments of nothing": lambda place: _reweigh(place, lambda t: t.update({"optimizer/all/7.0.step": torch.ones(1)})),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_state_is_a_named_error(tmp_path: Path, kind: str) -> None:
    state, layer, optimizers = _small(tmp_path)
    _train(layer, optimizers)
    state.save({"step": 1})
    DAMAGE[kind](tmp_path / "state")
    again, *_ = _small(tmp_path, seed=1)
    with pytest.raises(CheckpointMismatch, match=r"state.*(remove|choose another)"):
        again.load()


def test_tensors_are_on_the_disk_before_the_position_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    flush, write = resume.flush_to_disk, resume.atomic_write_text
    monkeypatch.setattr(resume, "flush_to_disk", lambda path: events.append(path.name) or flush(path))
    monkeypatch.setattr(resume, "atomic_write_text", lambda path, text: events.append(path.name) or write(path, text))
    _small(tmp_path)[0].save({"step": 1})
    assert events == ["tensors-1.safetensors", "state", tmp_path.name, "position.json"]


def test_tied_and_empty_weights_are_saved_and_found_again(tmp_path: Path) -> None:
    def made() -> nn.Module:
        module = nn.Module()
        module.a, module.b = nn.Linear(2, 2), nn.Linear(2, 2)
        module.b.weight = module.a.weight
        for name in ("none", "nothing"):
            module.register_buffer(name, torch.zeros(0))
        return module

    before, after = made(), made()
    Resumable(tmp_path, {}, {"m": before}).save({})
    assert Resumable(tmp_path, {}, {"m": after}).load() == {}
    assert all(x.equal(y) for x, y in zip(before.parameters(), after.parameters(), strict=True))


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    state, *_ = _small(tmp_path)
    state.save({"step": 1})
    path = tmp_path / "state" / "position.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 9'))
    with pytest.raises(CheckpointMismatch, match="version 9"):
        state.load()


def test_what_is_done_leaves_no_state(tmp_path: Path) -> None:
    state, *_ = _small(tmp_path)
    state.save({"step": 1})
    state.clear()
    assert state.load() is None and not (tmp_path / "state").exists()


def test_settings_are_plain_values_of_what_matters(tmp_path: Path) -> None:
    settings = resume.plain_settings(pretrain_config(tmp_path, evaluate=(("valid_seen", {"size": "small"}),)))
    assert json.loads(json.dumps(settings)) == settings
    assert not {"out", "device", "save_every_s"} & settings.keys()
    assert settings["evaluate"] == [["valid_seen", {"size": "small"}]] and settings["sources"][0]["worlds"] == 2
